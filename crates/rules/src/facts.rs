//! Owns the facts rules judge: what is on the card, what its records say, what the project asks for and what is handed over,
//! without any way to look further. A fact that is not known is absent, and no rule speaks of it.

use checkgate_model::{CardRecognition, Clip, ClipRecord, DayRange, FrameRate, RelPath, Roll};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a card or roll.
#[derive(Debug, Clone, Default)]
pub struct RollFacts {
    /// Every file with its size.
    pub files: Vec<(RelPath, u64)>,
    /// Folders without any file.
    pub empty_folders: Vec<RelPath>,
    /// Rolls.
    pub rolls: Vec<Roll>,
    /// Clips in order.
    pub clips: Vec<Clip>,
    /// Records of clips by position in `clips`.
    pub records: BTreeMap<usize, ClipRecord>,
    /// What the project asks for, and what else is in it.
    pub project: ProjectFacts,
    /// Look files on the card or beside it.
    pub looks: Vec<LookFacts>,
    /// Reference stills, where somebody said where they lie.
    pub reference_stills: Option<u64>,
    /// What is handed over, where it was asked to be judged as that.
    pub delivery: Option<DeliveryFacts>,
}

/// The project: its settings, and the cards of it that were seen before.
#[derive(Debug, Clone, Default)]
pub struct ProjectFacts {
    /// Rate of the project; without one, the rate most clips of a roll have is asked of all of them.
    pub rate: Option<FrameRate>,
    /// Camera encodings the project takes, such as `LogC4`; without any, what most clips of a roll have is asked of all of them.
    pub encodings: Vec<String>,
    /// ACES version of the project, such as `2.0`.
    pub aces: Option<String>,
    /// Rolls of other cards.
    pub rolls: Vec<KnownRoll>,
    /// When picture of other cards runs.
    pub pictures: Vec<KnownPicture>,
    /// Clips of other cards that have a name, an id or a content this card has too.
    pub twins: Vec<Twin>,
}

/// A roll that another card holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRoll {
    /// Name.
    pub name: String,
    /// The card, as people call it.
    pub card: String,
}

/// A picture clip of another card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPicture {
    /// Day of recording, `YYYY-MM-DD`, if known.
    pub day: Option<String>,
    /// When.
    pub range: DayRange,
}

/// Why two clips are thought to be one recording, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TwinBy {
    /// Name, size and hash of the essence are equal.
    Content,
    /// The camera gave both one id.
    ClipId,
    /// Name and roll are equal; the content is not, or is not known.
    Name,
}

/// A clip of this card that another card has too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Position of the clip on this card.
    pub clip: usize,
    /// The other card, as people call it.
    pub card: String,
    /// Why.
    pub by: TwinBy,
}

/// An ACES Metadata File.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookFacts {
    /// Where it lies.
    pub path: String,
    /// Names of clips and files it is for.
    pub clips: Vec<String>,
    /// Files it names that are not there.
    pub missing_files: Vec<String>,
    /// ACES version it was made with, such as `1.3`.
    pub aces: Option<String>,
}

/// What is handed over: a roll, or a folder of rolls.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFacts {
    /// The rolls.
    pub rolls: Vec<DeliveredRoll>,
}

/// One roll that is handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveredRoll {
    /// Folder; `None` where it is the folder that was given.
    pub folder: Option<RelPath>,
    /// Name of the folder: what the receiver takes as the reel.
    pub name: String,
    /// It lies at the root of its volume, or is the root itself.
    pub at_volume_root: bool,
    /// The roll around it.
    pub inside: Option<String>,
    /// Histories and lists at its root, by the name of folder or file.
    pub manifests: Vec<String>,
    /// Manifests that cannot be read or do not hold together, with the reason.
    pub unreadable: Vec<String>,
    /// Listed and not there.
    pub missing: Vec<RelPath>,
    /// There and not listed.
    pub extra: Vec<RelPath>,
    /// Read, and other than the manifest says.
    pub differing: Vec<RelPath>,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
    /// Days of recording, `YYYY-MM-DD`, as the clips say.
    pub days: BTreeSet<String>,
}

impl RollFacts {
    /// Facts of a recognised card. `records` may be empty (nothing is said about metadata then) or hold one record per clip, in
    /// the order of `recognition.clips`.
    #[must_use]
    pub fn new(recognition: &CardRecognition, records: &[ClipRecord]) -> Self {
        let files = recognition.clips.iter().flat_map(|clip| &clip.files).chain(&recognition.unassigned);
        let complete = records.len() == recognition.clips.len();
        let mut facts = Self {
            files: files.map(|file| (file.path.clone(), file.size_bytes)).collect(),
            empty_folders: recognition.empty_folders.clone(),
            rolls: recognition.rolls.clone(),
            clips: recognition.clips.clone(),
            records: if complete { records.iter().cloned().enumerate().collect() } else { BTreeMap::new() },
            ..Self::default()
        };
        facts.files.sort();
        facts
    }

    /// The same facts in a project.
    #[must_use]
    pub fn in_project(mut self, project: ProjectFacts) -> Self {
        self.project = project;
        self
    }
}
