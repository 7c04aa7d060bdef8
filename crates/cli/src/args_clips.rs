//! Owns the arguments of the commands about rules, searching, framing and edit lists: names, help with examples, nothing else.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Judge a card, a roll, a folder of rolls or a known card against a rule profile. Writes nothing.
    #[command(
        after_help = "Examples:\n  checkgate rules check /media/A003R1JL\n  checkgate rules check A003R1JL --profile content-hub\n  checkgate rules check /mnt/shuttle/20261123 --delivery --read\n  checkgate rules check /media/A003R1JL --rules ours.toml --json\n\nWhere a roll is sealed, its files are compared with the manifest: names and sizes, or every byte with --read.\n--delivery asks for a manifest of each roll, for its place and for the limits of one upload.\nExit code 1 if an error is found that nobody overrode."
    )]
    Check(Check),
    /// List the rules of a profile: severity, who may override, limits.
    #[command(
        after_help = "Examples:\n  checkgate rules list\n  checkgate rules list --profile footage-ingest\n  checkgate rules list --profiles\n\nA profile of your own is a TOML file that names only what differs:\n\n  name = \"ours\"\n  title = \"Our house\"\n  extends = \"house\"\n\n  [[rule]]\n  code = \"folders.empty\"\n  severity = \"note\"\n\n  [[rule]]\n  code = \"capture.floor\"\n  off = true"
    )]
    List(List),
    /// Explain a code: what is checked, why it matters, what to do now.
    #[command(after_help = "Examples:\n  checkgate rules explain roll.duplicate\n  checkgate rules explain clip.segment_missing")]
    Explain(Explain),
    /// Override a finding of a known card, with your name and a reason. The finding stays and is marked.
    #[command(
        after_help = "Examples:\n  checkgate rules override A003R1JL roll.duplicate --by 'K. Adams' --reason 'second unit, agreed with post'\n  checkgate rules override /media/A003R1JL clip.number_gap --clip A003C004_261123_R1JL --by K --reason 'deleted on set'\n\nIt holds for what was found then, in those words: what is found anew has to be judged anew.\nWhat a profile calls not overridable is refused."
    )]
    Override(Override),
    /// List the overrides of a card, withdrawn ones among them.
    #[command(after_help = "Example:\n  checkgate rules overrides A003R1JL --json")]
    Overrides {
        /// Reel, label, id or folder of a known card.
        card: String,
    },
    /// Take back overrides of a card. That they were made stays recorded.
    #[command(
        after_help = "Examples:\n  checkgate rules withdraw A003R1JL roll.duplicate\n  checkgate rules withdraw A003R1JL --all"
    )]
    Withdraw {
        /// Reel, label, id or folder of a known card.
        card: String,
        /// Code of the finding.
        #[arg(required_unless_present = "all")]
        code: Option<String>,
        /// Every override of the card.
        #[arg(long, conflicts_with = "code")]
        all: bool,
    },
    /// Show or set what the project asks for: name, rate, camera encodings, ACES version, profile.
    #[command(
        after_help = "Examples:\n  checkgate rules project\n  checkgate rules project --name NIGHTFALL --rate 24 --encoding LogC4 --aces 2.0\n  checkgate rules project --profile footage-ingest\n  checkgate rules project --rules ours.toml\n  checkgate rules project --rate none --encoding none\n\nCards that are seen from now on belong to the project; rolls are unique within it. Its cards are judged anew."
    )]
    Project(Project),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Folder of a card, a roll or a delivery; or reel, label or id of a known card.
    pub(crate) path: String,
    /// Profile [default: that of the project, else house].
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Profile of your own.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    pub(crate) rules: Option<PathBuf>,
    /// Folder of reference stills, one for each clip.
    #[arg(long, value_name = "DIR")]
    pub(crate) stills: Option<PathBuf>,
    /// Judge it as what is handed over.
    #[arg(long)]
    pub(crate) delivery: bool,
    /// Read every byte and compare it with the manifests.
    #[arg(long)]
    pub(crate) read: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Profile.
    #[arg(long, value_name = "NAME", default_value = "house")]
    pub(crate) profile: String,
    /// Profile of your own.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    pub(crate) rules: Option<PathBuf>,
    /// List the profiles instead.
    #[arg(long)]
    pub(crate) profiles: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Code, as findings show it.
    pub(crate) code: String,
    /// Profile.
    #[arg(long, value_name = "NAME", default_value = "house")]
    pub(crate) profile: String,
    /// Profile of your own.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    pub(crate) rules: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Override {
    /// Reel, label, id or folder of a card.
    pub(crate) card: String,
    /// Code of the finding.
    pub(crate) code: String,
    /// Your name.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Why it may pass.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Only the finding about this path.
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// Only the finding about this clip.
    #[arg(long, value_name = "NAME")]
    pub(crate) clip: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Project {
    /// Name of the project.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Rate, e.g. 23.976, 24, 25; `none` asks for none.
    #[arg(long, value_name = "FPS")]
    pub(crate) rate: Option<String>,
    /// Camera encoding the project takes, e.g. LogC4 or 'S-Log3 / S-Gamut3.Cine'; once for each; `none` asks for none.
    #[arg(long, value_name = "CURVE")]
    pub(crate) encoding: Vec<String>,
    /// ACES version, e.g. 2.0; `none` asks for none.
    #[arg(long, value_name = "VERSION")]
    pub(crate) aces: Option<String>,
    /// Profile that cards are judged by.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Profile of your own; its content is kept.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    pub(crate) rules: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Free words, timecodes, and parts such as reel:A003 or model:"ALEXA 35"; all of them must hold.
    pub(crate) words: Vec<String>,
    /// How the reel or roll begins.
    #[arg(long)]
    pub(crate) reel: Option<String>,
    /// Timecode HH:MM, HH:MM:SS or HH:MM:SS:FF, or two with a hyphen between, the second exclusive; over midnight too.
    #[arg(long, value_name = "TC[-TC]")]
    pub(crate) tc: Vec<String>,
    /// Scene; `12*` for all that begin so.
    #[arg(long)]
    pub(crate) scene: Option<String>,
    /// Take.
    #[arg(long)]
    pub(crate) take: Option<String>,
    /// Camera letter.
    #[arg(long, value_name = "LETTER")]
    pub(crate) camera: Option<String>,
    /// Part of the camera model.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Part of the sensor mode.
    #[arg(long)]
    pub(crate) mode: Option<String>,
    /// Part of the codec.
    #[arg(long)]
    pub(crate) codec: Option<String>,
    /// Squeeze, e.g. 2 or 1.8.
    #[arg(long)]
    pub(crate) squeeze: Option<String>,
    /// Day of recording, YYYY-MM-DD or how it begins.
    #[arg(long, value_name = "DATE")]
    pub(crate) day: Option<String>,
    /// Part of a file name or path, or one frame of a sequence.
    #[arg(long, value_name = "NAME")]
    pub(crate) file: Option<String>,
    /// Only clips of this card.
    #[arg(long, value_name = "CARD")]
    pub(crate) card: Option<String>,
    /// Most clips that are listed.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) limit: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Fdl {
    /// Tell what a framing decision list says: canvases, intents, decisions.
    #[command(after_help = "Example:\n  checkgate fdl info show.fdl")]
    Info {
        /// The list.
        file: PathBuf,
    },
    /// Check a list against ASC FDL 2.0: fields, ids, areas within each other.
    #[command(after_help = "Example:\n  checkgate fdl check show.fdl --json\n\nExit code 1 if something is wrong.")]
    Check {
        /// The list.
        file: PathBuf,
    },
    /// Find the clips a list speaks of, in folders or known cards.
    #[command(
        after_help = "Examples:\n  checkgate fdl match show.fdl /mnt/ssd/A003R1JL\n  checkgate fdl match show.fdl A003R1JL B001R2AB\n\nExit code 1 if a clip has no canvas, several, or one that disagrees with it."
    )]
    Match {
        /// The list.
        file: PathBuf,
        /// Folders, or reels of known cards.
        #[arg(required = true)]
        cards: Vec<String>,
    },
    /// Write a list as version 2.0; what 2.0 does not know becomes a custom attribute.
    #[command(after_help = "Example:\n  checkgate fdl convert old.fdl -o new.fdl")]
    Convert {
        /// The list, 0.1 to 2.0.
        file: PathBuf,
        /// File to write; `-` for stdout.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Edl {
    /// Read a CMX 3600 list and find the clips its events show, in folders or known cards.
    #[command(
        after_help = "Examples:\n  checkgate edl read pull.edl --rate 24\n  checkgate edl read pull.edl --rate 23.976 --in /mnt/ssd/A003R1JL --in B001R2AB\n\nWithout --in, all known clips are looked through. A clip is found by reel, clip or file name, and must hold the whole\nsource range. Exit code 1 if a line cannot be read, or an event shows no clip or several."
    )]
    Read {
        /// The list.
        file: PathBuf,
        /// Rate of the programme: the list does not say it.
        #[arg(long, value_name = "FPS")]
        rate: String,
        /// Folder, or reel of a known card; once for each.
        #[arg(long = "in", value_name = "CARD")]
        within: Vec<String>,
    },
}
