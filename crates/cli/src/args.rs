//! Owns the arguments: names, help with examples, and nothing else.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  everything that was asked for is proven
  1  a check found differences
  2  the request makes no sense; nothing was done
  3  a source, a destination or the cloud failed
  4  interrupted; `checkgate resume` goes on

State lies in CHECKGATE_HOME, else in the user's data folder. Logs go to stderr, results to stdout.";

/// Gets camera originals safely from the set to the cloud.
#[derive(Debug, Parser)]
#[command(name = "checkgate", version, about, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Arguments {
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Folder for Checkgate's own state.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Say more on stderr; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List mounted volumes: role, device, file system, bus, free space.
    #[command(after_help = "Examples:\n  checkgate volumes\n  checkgate volumes --json | jq '.[] | select(.role == \"card\")'")]
    Volumes,
    /// Mount a card read-only, without replaying its journal: nothing is written to it.
    #[command(
        after_help = "Examples:\n  checkgate mount /dev/sdb1\n  sudo checkgate mount /dev/sdb1 --at /media/A003R1JL\n\nAsks udisks, or mounts by itself as root. Linux only; elsewhere the system mounts cards, writable if it can."
    )]
    Mount(crate::args_repair::Mount),
    /// Write everything out and unmount a volume; refuses while a job uses it.
    #[command(
        after_help = "Examples:\n  checkgate eject A003R1JL\n  checkgate eject /media/A003R1JL\n\nPowers a removable drive down as well where udisks can. Exit code 3 while something uses it: it stays mounted."
    )]
    Eject(crate::args_repair::Eject),
    /// Recognise a card or roll: family, clips, metadata, findings. Writes nothing.
    #[command(
        after_help = "Examples:\n  checkgate inspect /media/A003R1JL\n  checkgate inspect /media/A003R1JL --fields\n  checkgate inspect A003C001.mov.csv --json\n\nExit code 1 if there is a finding of severity error."
    )]
    Inspect(Inspect),
    /// Copy a card to one or more destinations, prove the copies, seal them with ASC MHL, describe the clips.
    #[command(
        after_help = "Examples:\n  checkgate offload /media/A003R1JL --to /mnt/ssd --to /mnt/raid\n  checkgate offload /media/A003R1JL --to /mnt/ssd --hash xxh64,md5 --verify device\n  checkgate offload /media/A003R1JL --preset netflix-like --set day=5 --set unit=MU --to /mnt/ssd\n  checkgate offload /media/A003R1JL\n\nWithout --to, copies go where the preset says, and where it names no destination, to those that are ticked in the window.\nEach copy goes into the folder that the preset's template makes, the reel where nothing else is set. Ctrl-C stops at the next chunk; `checkgate resume` goes on."
    )]
    Offload(Offload),
    /// Go on with jobs that were stopped or interrupted.
    #[command(
        after_help = "Examples:\n  checkgate resume              every job that can go on\n  checkgate resume 0190e2b4-…   one job"
    )]
    Resume(Resume),
    /// List jobs.
    Jobs,
    /// Show a card: verdict with reasons, copies with evidence, findings, log.
    #[command(after_help = "Examples:\n  checkgate card A003R1JL\n\nExit code 0 if it is safe to format, else 1.")]
    Card(Card),
    /// What waits and runs, in whatever process: list, pause, cancel, move, prioritise.
    #[command(
        after_help = "Examples:\n  checkgate queue\n  checkgate queue pause A003R1JL\n  checkgate queue move A003R1JL first\n  checkgate queue priority A003R1JL 10\n  checkgate queue cancel --all\n\nJobs that share no device run side by side. A spinning drive, a share and a card take one job at a time, solid state two;\nthe next begins when the card before it is no longer needed. `checkgate resume` goes on with what was paused."
    )]
    Queue(crate::command::queue::Queue),
    /// Presets: where copies go, how their folders are called, how they are proven. List, show, use, save, set values, try.
    #[command(
        after_help = "Examples:\n  checkgate presets\n  checkgate presets show netflix-like --card A003R1JL\n  checkgate presets set netflix-like day=13 unit=MU episode=EP103\n  checkgate presets try '{date}_Day{day:2}_{unit}/{media_type}/[{camera_format}/]{roll}' --set day=5 --set unit=MU\n  checkgate presets save nightfall nightfall.toml\n  checkgate presets use nightfall\n\nYour own lie as TOML in `presets` in the state folder. Destinations are named by label or volume id, never by drive letter."
    )]
    Presets(crate::command::presets::Presets),
    /// List the policies of the verdict, or choose one.
    #[command(
        after_help = "Examples:\n  checkgate policies\n  checkgate policies --use netflix-like\n\nYour own lie as TOML in `policies` in the state folder."
    )]
    Policies(crate::command::policies::Policies),
    /// Sign, with a name, for what no program can see: the check of picture and sound, the archive copy, a complete day.
    #[command(
        after_help = "Examples:\n  checkgate sign-off A003R1JL quality --by 'A. Person'\n  checkgate sign-off A003R1JL away --copy SHUTTLE-1 --by 'A. Person'\n  checkgate sign-off A003R1JL quality --withdraw"
    )]
    SignOff(crate::command::policies::SignOffOptions),
    /// Verify drives against whatever manifests lie in them: ASC MHL or legacy MHL of any vendor. Writes nothing to them.
    #[command(
        after_help = "Examples:\n  checkgate verify /mnt/drive/A003R1JL\n  checkgate verify /mnt/drive1 /mnt/drive2 --report drives.pdf --report drives.json\n  checkgate verify /mnt/drive --depth system --json\n\nDrives are read side by side, one lane for each device. An interrupted check goes on where it stopped when it is\nrun again; --fresh begins anew."
    )]
    Verify(Verify),
    /// Mend a bad copy from another copy of the same roll, without the card.
    #[command(
        after_help = "Examples:\n  checkgate repair /mnt/raid/A003R1JL --from /mnt/ssd/A003R1JL\n  checkgate repair /mnt/raid/A003R1JL --from /mnt/ssd/A003R1JL --from /mnt/nas/A003R1JL --dry-run\n  checkgate repair /mnt/raid/A003R1JL --discard\n\nSound blocks are kept, the others come from a sibling; the recorded hash over the whole file decides. The corrupt file\nstays beside as .NAME.checkgate-corrupt until --discard. The history gets a generation that says what was done.\n\nExit codes: 0 the copy is whole, 1 something is still bad (or would be mended, with --dry-run), 4 stopped."
    )]
    Repair(crate::args_repair::Repair),
    /// Compare a card with its copies, or copies with each other: missing, extra, changed, renamed, excluded. Writes nothing.
    #[command(
        after_help = "Examples:\n  checkgate compare /media/A003R1JL /mnt/ssd/A003R1JL\n  checkgate compare /mnt/ssd/A003R1JL /mnt/raid/A003R1JL /mnt/nas/A003R1JL --content --json\n\nWithout --content, sizes, names and times are compared and nothing is read. Manifest histories are not compared;\n`checkgate verify` judges them.\n\nExit codes: 0 equal, 1 different, 3 something cannot be read, 4 stopped."
    )]
    Compare(crate::args_repair::Compare),
    /// An ASC MHL tool in its own right: create, verify, diff, info, flatten, convert, check, hash.
    #[command(
        subcommand,
        after_help = "Examples:\n  checkgate mhl create /mnt/drive/A003R1JL -h xxh64\n  checkgate mhl verify /mnt/drive/A003R1JL\n  checkgate mhl info /mnt/drive/A003R1JL\n\n`checkgate mhl create --help` lists the exit codes. The reference tool's options are understood as well."
    )]
    Mhl(crate::args_mhl::Mhl),
    /// Render ACES previews and a contact sheet of a card, a roll or one file.
    #[command(
        after_help = "Examples:\n  checkgate preview /mnt/ssd/A003R1JL --out previews\n  checkgate preview clip.mov --out . --input 'ARRI LogC4'\n\nThe input colour space is taken from metadata, or from --input; it is never guessed. `checkgate tools` shows what decodes here."
    )]
    Preview(Preview),
    /// What decodes pictures here: ffmpeg with its version and licence, and decoder plug-ins.
    Tools,
    /// Write one frame of a clip: EXR in ACES2065-1 (SMPTE ST 2065-4), or PNG or JPEG through the output transform.
    #[command(
        after_help = "Examples:\n  checkgate still A003C001.mov --frame 120 --out A003C001.120.exr\n  checkgate still A003C001.mov --out look.png --framelines show.fdl\n\nAn EXR needs a known scene-referred input. It keeps the recorded raster; a squeeze is written as pixel aspect."
    )]
    Still(crate::args_pictures::Still),
    /// Write a contact sheet as PNG, JPEG or PDF: one or more frames of each clip, words by a preset.
    #[command(
        after_help = "Examples:\n  checkgate sheet /mnt/ssd/A003R1JL --out A003R1JL.pdf --preset dailies\n  checkgate sheet /mnt/ssd/A003R1JL --out sheet.png --frames 3 --framelines show.fdl\n\nClips that cannot be shown keep their place, hatched, with the reason."
    )]
    Sheet(crate::args_pictures::Sheet),
    /// Write scopes of one frame: waveform, parade, vectorscope, histogram, focus peaking, false colour.
    #[command(
        after_help = "Examples:\n  checkgate scopes A003C001.mov --frame 120 --out scopes\n\nScopes show code values as recorded; false colour shows stops from mid grey and needs a known scene-referred input."
    )]
    Scopes(crate::args_pictures::Scopes),
    /// Look at every frame and hear every sample: black, frozen, dropped, flashes, clipping, defect pixels, banding, sound.
    #[command(
        after_help = "Examples:\n  checkgate qc /mnt/ssd/A003R1JL\n  checkgate qc A003C001.mov --json\n\nNothing of this keeps a card from being released; it says where a person should look. Exit code 1 if there is a finding of\nseverity warning or error."
    )]
    Qc(crate::args_pictures::Quality),
    /// Colour spaces, exact evaluation of colour transforms, and the input space of camera formats.
    #[command(subcommand)]
    Color(Color),
    /// Find clips of all known cards: by reel, timecode, scene, take, camera format, file name, or words.
    #[command(
        after_help = "Examples:\n  checkgate search --reel A003 --tc 14:00-14:05\n  checkgate search --scene '12*' --take 3 --camera A\n  checkgate search --model 'ALEXA 35' --codec prores --squeeze 2\n  checkgate search tc:23:59:50:00-00:00:10:00 night\n  checkgate search --file A003C001_261123_R1JL.0001234.ari\n\nFrames of a timecode are those of the clip's own rate. The same parts (reel:A003 tc:14:00 scene:12 camera:A …) work in the\nwindow's search field. Exit code 1 if nothing is found."
    )]
    Search(crate::args_clips::Search),
    /// Cameras that do not name themselves: say once what one is, list and forget that.
    #[command(
        subcommand,
        after_help = "Examples:\n  checkgate cameras map /media/CARD --set camera.model='X1' --set color.gamma=V-Log --by 'K. Adams'\n  checkgate cameras list\n  checkgate cameras forget 0190e2b4"
    )]
    Cameras(crate::command::cameras::Cameras),
    /// Rules: judge cards and deliveries, list and explain the rules, override findings with name and reason.
    #[command(
        subcommand,
        after_help = "Examples:\n  checkgate rules check /media/A003R1JL\n  checkgate rules explain roll.duplicate\n  checkgate rules override A003R1JL roll.duplicate --by 'K. Adams' --reason 'agreed with post'\n  checkgate rules project --name NIGHTFALL --rate 24"
    )]
    Rules(crate::args_clips::Rules),
    /// ASC framing decision lists: tell, check, find their clips, convert. `export fdl` drafts one.
    #[command(
        subcommand,
        after_help = "Examples:\n  checkgate fdl info show.fdl\n  checkgate fdl check show.fdl\n  checkgate fdl match show.fdl /mnt/ssd/A003R1JL"
    )]
    Fdl(crate::args_clips::Fdl),
    /// Edit decision lists: read, and find the clips their events show.
    #[command(subcommand, after_help = "Example:\n  checkgate edl read pull.edl --rate 24 --in /mnt/ssd/A003R1JL")]
    Edl(crate::args_clips::Edl),
    /// Write the clips of a card or folder for others: ALE, CSV, OTIO, OMC-JSON, OpenTrackIO, or a draft of an ASC FDL.
    #[command(
        after_help = "Examples:\n  checkgate export ale /mnt/ssd/A003R1JL -o A003R1JL.ale\n  checkgate export csv /mnt/ssd/A003R1JL -o -\n  checkgate export otio A003R1JL -o A003R1JL.otio\n  checkgate export omc A003R1JL -o A003R1JL.omc.json\n  checkgate export opentrackio A003R1JL -o A003R1JL.jsonl\n  checkgate export fdl A003R1JL -o A003R1JL.fdl\n\nWhat a format cannot hold is said on stderr. OTIO is a string-out with a picture track per camera; its media paths are relative to the card root. OpenTrackIO is one sample per clip and line. The FDL has a canvas per camera format and no framing decision."
    )]
    Export(Export),
    /// Upload a card from a verified copy; goes on where an earlier upload stopped.
    #[command(
        after_help = "Examples:\n  checkgate upload A003R1JL --to https://cloud.example.org --token-file token\n  checkgate upload /mnt/ssd/A003R1JL --limit 20MB\n\nThe argument is a reel, a card id, or the folder of a copy or card."
    )]
    Upload(Upload),
    /// Watch for cards and apply the preset to each, without a window.
    #[command(
        after_help = "Examples:\n  checkgate watch --to /mnt/ssd --to /mnt/raid\n  checkgate watch --folder /srv/incoming --to /mnt/ssd"
    )]
    Watch(Watch),
    /// The cloud on this machine.
    #[command(subcommand)]
    Cloud(Cloud),
    /// Forge a synthetic camera card, whole or damaged, for tests and practice.
    #[command(
        after_help = "Examples:\n  checkgate forge practice-card\n  checkgate forge practice-card-2 --family arri-classic --damage truncated-fast-start"
    )]
    Forge(Forge),
    /// The main job, end to end, on a forged card with the embedded cloud.
    #[command(after_help = "Examples:\n  checkgate demo\n  checkgate demo --dir demo --small")]
    Demo(Demo),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  checkgate completions bash > /etc/bash_completion.d/checkgate")]
    Completions {
        /// Shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Root of the card or roll, or one file: a recording, a sidecar, a dump of a maker's tool.
    pub(crate) path: PathBuf,
    /// Print every metadata field with its sources.
    #[arg(long)]
    pub(crate) fields: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Depth {
    /// Read back from the device, past the system's cache.
    Device,
    /// Read back through the system, which may answer from its cache.
    System,
    /// Do not read back.
    None,
}

impl Depth {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::System => "system",
            Self::None => "none",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Offload {
    /// Root of the card.
    pub(crate) card: PathBuf,
    /// Destination folder; give it once per copy. Without one, the preset's destinations.
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub(crate) to: Vec<PathBuf>,
    /// Preset; without one, the one that is used (`checkgate presets`).
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// A value for the folder template, e.g. day=13.
    #[arg(long = "set", value_name = "TOKEN=VALUE", value_parser = crate::command::presets::pair)]
    pub(crate) values: Vec<(String, String)>,
    /// Place in the queue: higher goes first among those that want the same device.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) priority: Option<i32>,
    /// Unmount the card when the job is done and the card is safe to format.
    #[arg(long)]
    pub(crate) eject: bool,
    /// Folder for a copy that is made from the first copy once that is proven, and each further one from the one before: the card is
    /// free as soon as the copies of `--to` are proven.
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "to")]
    pub(crate) cascade: Vec<PathBuf>,
    /// Hash formats, comma separated: c4, md5, sha1, xxh128, xxh3, xxh64.
    #[arg(long, value_delimiter = ',', value_name = "FORMATS")]
    pub(crate) hash: Vec<String>,
    /// How the copies are proven [default: device].
    #[arg(long, value_enum, value_name = "DEPTH")]
    pub(crate) verify: Option<Depth>,
    /// Do not read the card a second time.
    #[arg(long)]
    pub(crate) no_source_reread: bool,
    /// Do not render previews.
    #[arg(long)]
    pub(crate) no_previews: bool,
    /// Author for the manifest.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,
    /// Place for the manifest.
    #[arg(long, value_name = "TEXT")]
    pub(crate) location: Option<String>,
    /// Comment for the manifest.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// Job id; without one, every job that can go on.
    pub(crate) job: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Card {
    /// Reel, label or card id.
    pub(crate) card: String,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Folders with manifests somewhere in them.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// How files are read [default: device].
    #[arg(long, value_enum, value_name = "DEPTH")]
    pub(crate) depth: Option<Depth>,
    /// Check every recorded hash format, not only the fastest.
    #[arg(long)]
    pub(crate) all_formats: bool,
    /// Verify against this manifest or list alone.
    #[arg(long, value_name = "FILE", conflicts_with = "append")]
    pub(crate) manifest: Option<PathBuf>,
    /// Write a report: .txt, .json, .html or .pdf; give it again for more.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Vec<PathBuf>,
    /// Append a generation to every ASC MHL history at the top, in the same read.
    #[arg(long)]
    pub(crate) append: bool,
    /// Begin anew instead of going on with an interrupted check.
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// Card, roll or file.
    pub(crate) path: PathBuf,
    /// Folder for the pictures.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Input colour space, against what the metadata says; see `checkgate color list`.
    #[arg(long, value_name = "SPACE")]
    pub(crate) input: Option<String>,
    /// ACES version of the output.
    #[arg(long, default_value = "2.0", value_parser = ["2.0", "1.3"])]
    pub(crate) aces: String,
    /// Widest picture in pixels.
    #[arg(long, default_value_t = 1920, value_name = "PIXELS")]
    pub(crate) width: usize,
    /// 16-bit PNG instead of JPEG.
    #[arg(long)]
    pub(crate) png: bool,
    #[command(flatten)]
    pub(crate) framing: crate::args_pictures::FramingArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Color {
    /// List colour spaces, displays, views and looks.
    List {
        /// ACES version.
        #[arg(long, default_value = "2.0", value_parser = ["2.0", "1.3"])]
        aces: String,
    },
    /// Evaluate `r,g,b` rows from stdin exactly; nine digits on stdout.
    #[command(
        after_help = "Examples:\n  echo 0.278,0.278,0.278 | checkgate color eval --src 'ARRI LogC4' --dst ACES2065-1\n  echo 0.4,0.4,0.4 | checkgate color eval --src 'ARRI LogC4' --display 'Rec.1886 Rec.709 - Display' --view 'ACES 2.0 - SDR 100 nits (Rec.709)'"
    )]
    Eval {
        #[command(flatten)]
        recipe: ColorRecipe,
        /// An OCIO configuration of your own (.ocio, .ocioz); `$OCIO` means the one that variable names.
        #[arg(long, value_name = "FILE", conflicts_with = "aces")]
        config: Option<PathBuf>,
        /// The conversion an ACES Metadata File describes; files it names are read below its folder only.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["src", "dst", "display", "view", "look", "cdl", "cdl_file", "lut", "config", "aces"])]
        amf: Option<PathBuf>,
    },
    /// List the input colour spaces that are set for camera formats; pictures take them before the metadata.
    Inputs,
    /// Set the input colour space of a camera format. What is not named fits all; the narrowest wins. Pictures made from now on take it.
    #[command(
        after_help = "Example:\n  checkgate color set-input 'S-Log3 S-Gamut3.Cine' --model ILME-FX6 --note 'R. Person, camera test'"
    )]
    SetInput {
        /// Colour space; see `checkgate color list`.
        space: String,
        /// Maker, as the metadata says it.
        #[arg(long)]
        make: Option<String>,
        /// Model, as the metadata says it.
        #[arg(long)]
        model: Option<String>,
        /// A part of the codec's name.
        #[arg(long)]
        format: Option<String>,
        /// Transfer curve, as the metadata says it.
        #[arg(long)]
        gamma: Option<String>,
        /// Who chose it, or why; stands in each picture's provenance.
        #[arg(long)]
        note: String,
    },
    /// Take a set input colour space away, by its number in `inputs`.
    ForgetInput {
        /// Its number.
        number: usize,
    },
    /// Compare two pictures by Delta E ITP (ITU-R BT.2124): mean, 99th percentile, largest, and a map.
    #[command(
        after_help = "Examples:\n  checkgate color compare reference.png render.png --map differences.png\n  checkgate color compare a.exr b.exr --white 203\n\n1 is about the smallest difference that can be seen. Sizes must be equal; nothing is scaled. Exit code 1 if the mean is above --limit."
    )]
    Compare(crate::args_pictures::ComparePictures),
    /// Print the ACES Metadata File 2.0 of a conversion: it shows exactly what `eval` computes. A look file must stand beside it.
    Amf {
        #[command(flatten)]
        recipe: ColorRecipe,
        /// Name of the clip's file; without one the AMF is a template.
        #[arg(long, value_name = "NAME")]
        clip: Option<String>,
    },
}

/// A conversion in words.
#[derive(Debug, Args)]
pub(crate) struct ColorRecipe {
    /// ACES version.
    #[arg(long, value_parser = ["2.0", "1.3"])]
    pub(crate) aces: Option<String>,
    /// Colour space of the rows.
    #[arg(long)]
    pub(crate) src: Option<String>,
    /// Colour space of the answer.
    #[arg(long, conflicts_with_all = ["display", "view"])]
    pub(crate) dst: Option<String>,
    /// Display of the answer.
    #[arg(long, requires = "view")]
    pub(crate) display: Option<String>,
    /// View on that display.
    #[arg(long, requires = "display")]
    pub(crate) view: Option<String>,
    /// Look.
    #[arg(long)]
    pub(crate) look: Option<String>,
    /// Slope, offset, power (three each) and saturation in ACEScct.
    #[arg(long, value_name = "TEN NUMBERS", conflicts_with = "cdl_file")]
    pub(crate) cdl: Option<String>,
    /// A CDL file (.cc, .ccc, .cdl), in ACEScct.
    #[arg(long, value_name = "FILE")]
    pub(crate) cdl_file: Option<PathBuf>,
    /// Which correction of the CDL file, where it holds several.
    #[arg(long, value_name = "ID", requires = "cdl_file")]
    pub(crate) cdl_id: Option<String>,
    /// A look file (CLF, cube, 3dl, spi, …) after the CDL. Without --src it is evaluated alone.
    #[arg(long, visible_alias = "clf", value_name = "FILE")]
    pub(crate) lut: Option<PathBuf>,
    /// Colour space that the look file works in.
    #[arg(long, value_name = "SPACE", requires = "lut", default_value = "ACES2065-1")]
    pub(crate) lut_space: String,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Format.
    #[arg(value_parser = ["ale", "csv", "otio", "omc", "opentrackio", "fdl"])]
    pub(crate) format: String,
    /// Folder of a card or roll, or the reel of a known card.
    pub(crate) path: PathBuf,
    /// File to write; `-` for stdout.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// Reel, card id, or the folder of a copy.
    pub(crate) card: String,
    /// URL of the cloud; remembered.
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// File with the bearer token; remembered. Also CHECKGATE_TOKEN.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Most bytes a second, e.g. 20MB.
    #[arg(long, value_name = "RATE")]
    pub(crate) limit: Option<String>,
    /// Parts in flight at once.
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub(crate) parallel: usize,
    /// Keep trying while there is no network.
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Destination folder; without one, the destinations that are set.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Vec<PathBuf>,
    /// A folder that appears in here is taken as a card, besides mounted volumes.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cloud {
    /// Run API, store, queue and worker in this process until Ctrl-C.
    #[command(
        after_help = "Examples:\n  checkgate cloud up\n  checkgate cloud up --listen 127.0.0.1:8787\n\nPrints the URL and the file that holds the bearer token."
    )]
    Up {
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
        listen: std::net::SocketAddr,
        /// Folder for store and queue [default: `cloud` in the state folder].
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// What can be forged, as the forger itself lists it.
fn forge_families() -> String {
    let lines = checkgate_testkit::Family::all().into_iter().map(|family| format!("\n  {:<18} {}", family.name(), family.what()));
    format!("Kind of card:{}", lines.collect::<String>())
}

/// How it can be broken.
fn forge_damages() -> String {
    let lines =
        checkgate_testkit::Damage::ALL.map(|damage| format!("\n  {:<22} {}", damage.name(), damage.what().trim_end_matches('.')));
    format!("What is broken afterwards; a kind of card without it says what it has:{}", lines.concat())
}

#[derive(Debug, Args)]
pub(crate) struct Forge {
    /// Folder to make; must not hold anything.
    pub(crate) out: PathBuf,
    /// Kind of card; `--help` lists them.
    #[arg(long, default_value = "demo", long_help = forge_families())]
    pub(crate) family: String,
    /// What is broken afterwards; `--help` lists it.
    #[arg(long, long_help = forge_damages())]
    pub(crate) damage: Option<String>,
    /// The same seed makes the same card.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Small pictures, seconds to make.
    #[arg(long)]
    pub(crate) small: bool,
    /// Write what a tool should find to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) expected: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for everything the demo makes.
    #[arg(long, default_value = "checkgate-demo", value_name = "DIR", overrides_with = "dir")]
    pub(crate) dir: PathBuf,
    /// Destination instead of a folder of the demo; give it twice for two copies.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Vec<PathBuf>,
    /// A smaller card.
    #[arg(long)]
    pub(crate) small: bool,
    /// Use a folder as the card even where an image could be mounted.
    #[arg(long)]
    pub(crate) no_mount: bool,
}
