//! Owns forged camera cards: what is put on them, what a tool should find on them, and the damage they can be given. Layouts as
//! makers document them; every file says in a metadata field that it is synthetic. It must never write to a folder with content.

mod arri;
mod container;
mod damage;
mod dpx;
mod family;
mod media;
mod plates;
mod recipe;
mod sony;
mod sound;

use checkgate_model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

pub use damage::{Damage, Expect};
pub use family::Family;

/// The sentence every forged file carries.
pub const SYNTHETIC: &str = "Synthetic: forged by Checkgate for tests and practice, not from a camera";

/// A word that names nothing that can be forged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not known; known: {known}")]
pub struct UnknownWord {
    word: String,
    known: String,
}

impl UnknownWord {
    pub(crate) fn new(word: &str, known: String) -> Self {
        Self { word: word.to_owned(), known }
    }
}

/// How much is forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardSize {
    /// 320 × 180, twelve frames: seconds to make, a few megabytes.
    Small,
    /// 1920 × 1080, up to two seconds a clip: something to look at.
    #[default]
    Demo,
}

/// What to forge.
#[derive(Debug, Clone, Default)]
pub struct ForgeOptions {
    /// Kind of card.
    pub family: Family,
    /// The same seed gives the same pictures, names and times.
    pub seed: u64,
    /// How much.
    pub size: CardSize,
    /// What is broken afterwards, if anything.
    pub damage: Option<Damage>,
    /// Where `expected.json` is written; never on the card itself.
    pub expected_path: Option<PathBuf>,
}

/// What a tool should say about the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Kind of card as it was asked for.
    pub family: Family,
    /// Profile a tool should name first.
    pub recognised_as: String,
    /// Further profiles on the same card.
    #[serde(default)]
    pub also_present: Vec<String>,
    /// How sure a tool can be, in the model's words; empty where it is not stated.
    #[serde(default)]
    pub confidence: String,
    /// Reel of the card where it has one.
    pub reel: Option<String>,
    /// Every clip of the whole card.
    pub clips: Vec<ExpectedClip>,
    /// Codes of the findings that the damage must lead to; empty for a whole card.
    pub findings: Vec<String>,
    /// Every finding that is right for this card as `severity code`, for cards made from a recipe: no other may be raised.
    #[serde(default)]
    pub verdict: Option<Vec<String>>,
    /// The damaged or missing paths, below the root.
    pub damaged: Vec<String>,
    /// Folders without any file.
    pub empty_folders: Vec<String>,
    /// Regular files on the card, after the damage.
    pub file_count: u64,
    /// Their sizes together, after the damage.
    pub size_bytes: u64,
}

/// One clip as it should be recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedClip {
    /// Name.
    pub name: String,
    /// `video`, `sequence` or `sound`, as in the model.
    pub kind: String,
    /// Reel it carries.
    pub reel: Option<String>,
    /// First timecode, `HH:MM:SS:FF`; empty where the files carry none.
    pub start: String,
    /// Frames per second as a fraction.
    pub rate: (u32, u32),
    /// Frames; for sound, samples.
    pub duration: u64,
    /// Its files below the root, essence first.
    pub files: Vec<String>,
    /// The part each file plays, in the model's words; empty where it is not stated.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Name of the picture's encoding, e.g. `ARRI LogC4`; none for sound.
    pub colour: Option<String>,
}

/// What was forged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forged {
    /// Reel or label for the volume.
    pub reel: String,
    /// What a tool should say about it.
    pub expected: Expectation,
}

/// Why no card was forged.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The folder has content, which is never overwritten.
    #[error("{} is not empty; forge into a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The encoder is not there.
    #[error("cannot start ffmpeg ({program}); install ffmpeg or set CHECKGATE_FFMPEG to its path")]
    EncoderMissing {
        /// What was tried.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The encoder gave up.
    #[error("ffmpeg failed on {}: {message}", path.display())]
    Encoder {
        /// What was being made.
        path: PathBuf,
        /// Its last words.
        message: String,
    },
    /// The damage asked for needs a part that this kind of card lacks.
    #[error("a {family} card has nothing to damage with {damage}; it can be broken with: {known}")]
    DamageDoesNotApply {
        /// Kind of card.
        family: &'static str,
        /// What applies.
        known: String,
        /// Damage.
        damage: &'static str,
    },
    /// The mounted file system cannot hold what was asked (case collisions need one that tells case apart).
    #[error("this file system cannot hold {0}")]
    FileSystem(&'static str),
    /// A frame could not be written as EXR.
    #[error("cannot write {}: {message}", path.display())]
    Picture {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

impl ForgeError {
    /// Code on the wire: only the encoder is a tool that failed.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotEmpty(_) | Self::DamageDoesNotApply { .. } => ErrorCode::BadRequest,
            Self::Write { .. } | Self::FileSystem(_) | Self::Picture { .. } => ErrorCode::DestinationFailed,
            Self::EncoderMissing { .. } | Self::Encoder { .. } => ErrorCode::ToolFailed,
        }
    }
}

pub(crate) fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> ForgeError {
    let path = path.to_owned();
    move |source| ForgeError::Write { path, source }
}

/// Sizes and lengths of one forging.
pub(crate) struct Plan<'a> {
    pub(crate) root: &'a Path,
    pub(crate) seed: u64,
    pub(crate) size: CardSize,
    pub(crate) faststart: bool,
    pub(crate) report: &'a mut dyn FnMut(&str),
    pub(crate) clips: Vec<ExpectedClip>,
    pub(crate) empty_folders: Vec<String>,
}

impl Plan<'_> {
    pub(crate) fn picture_size(&self) -> (usize, usize) {
        match self.size {
            CardSize::Small => (320, 180),
            CardSize::Demo => (1920, 1080),
        }
    }

    pub(crate) fn frames(&self, demo: u32) -> u32 {
        match self.size {
            CardSize::Small => 12,
            CardSize::Demo => demo,
        }
    }

    pub(crate) fn folder(&self, relative: &str) -> Result<PathBuf, ForgeError> {
        let path = self.root.join(relative);
        std::fs::create_dir_all(&path).map_err(write_error(&path))?;
        Ok(path)
    }

    pub(crate) fn text(&self, relative: &str, content: &str) -> Result<(), ForgeError> {
        let path = self.root.join(relative);
        std::fs::write(&path, content).map_err(write_error(&path))
    }
}

/// Forges a card into `root`, which must not exist or be empty.
pub fn forge_card(root: &Path, options: &ForgeOptions) -> Result<Forged, ForgeError> {
    forge_card_with(root, options, &mut |_| {})
}

/// As [`forge_card`], telling `report` each thing before it is made.
pub fn forge_card_with(root: &Path, options: &ForgeOptions, report: &mut dyn FnMut(&str)) -> Result<Forged, ForgeError> {
    std::fs::create_dir_all(root).map_err(write_error(root))?;
    if std::fs::read_dir(root).map_err(write_error(root))?.next().is_some() {
        return Err(ForgeError::NotEmpty(root.to_owned()));
    }
    let family = options.family;
    if let Some(damage) = options.damage.filter(|damage| !damage.applies_to(family)) {
        let known: Vec<&str> = Damage::ALL.into_iter().filter(|damage| damage.applies_to(family)).map(Damage::name).collect();
        return Err(ForgeError::DamageDoesNotApply { family: family.name(), known: known.join(", "), damage: damage.name() });
    }
    let faststart = options.damage == Some(Damage::TruncatedFastStart);
    let mut plan =
        Plan { root, seed: options.seed, size: options.size, faststart, report, clips: Vec::new(), empty_folders: Vec::new() };
    forge_parts(&mut plan, family)?;
    let (clips, empty_folders) = (plan.clips, plan.empty_folders);
    let broken = match options.damage {
        Some(damage) => damage::apply(root, damage, family)?,
        None => damage::Broken::default(),
    };
    let (file_count, size_bytes) = count(root)?;
    let recipe = family.recipe();
    let reel = match family {
        Family::Demo | Family::ArriClassic => Some(arri::REEL.to_owned()),
        _ => recipe.and_then(|recipe| recipe.reel.clone()),
    };
    let whole = recipe.map(|recipe| recipe.findings.clone());
    let expected = Expectation {
        family,
        recognised_as: family.profile().to_owned(),
        also_present: recipe.map(|recipe| recipe.also_present.clone()).unwrap_or_default(),
        confidence: recipe.map(|recipe| recipe.confidence.clone()).unwrap_or_default(),
        reel: reel.clone(),
        clips,
        findings: broken.codes(),
        verdict: whole.map(|whole| whole.into_iter().chain(broken.structural()).collect()),
        damaged: broken.paths,
        empty_folders,
        file_count,
        size_bytes,
    };
    if let Some(path) = &options.expected_path {
        let mut text = serde_json::to_string_pretty(&expected).expect("plain data always becomes JSON");
        text.push('\n');
        std::fs::write(path, text).map_err(write_error(path))?;
    }
    let label = recipe.map(|recipe| recipe.label.clone());
    Ok(Forged { reel: label.or(reel).unwrap_or_else(|| family.name().to_uppercase()), expected })
}

fn forge_parts(plan: &mut Plan<'_>, family: Family) -> Result<(), ForgeError> {
    if let Some(recipe) = family.recipe() {
        return recipe::forge(plan, recipe);
    }
    if family.has(Family::ArriClassic) {
        arri::forge(plan)?;
    }
    if family.has(Family::SonyM4root) {
        sony::forge(plan)?;
    }
    if family.has(Family::Plates) {
        plates::forge(plan)?;
    }
    if family.has(Family::Sound) {
        sound::forge(plan)?;
    }
    Ok(())
}

/// Regular files below `folder` and their sizes together.
fn count(folder: &Path) -> Result<(u64, u64), ForgeError> {
    let (mut files, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder).map_err(write_error(folder))? {
        let entry = entry.map_err(write_error(folder))?;
        let metadata = entry.metadata().map_err(write_error(&entry.path()))?;
        if metadata.is_dir() {
            let (inner_files, inner_bytes) = count(&entry.path())?;
            files += inner_files;
            bytes += inner_bytes;
        } else {
            files += 1;
            bytes += metadata.len();
        }
    }
    Ok((files, bytes))
}
