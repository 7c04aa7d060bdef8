//! Owns the ways a forged card is broken, and the finding each must lead to.

use super::{Family, ForgeError, UnknownWord, arri, write_error};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// One way to break a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// A MOV whose index is in front, cut at 60 %: players still show its full length.
    TruncatedFastStart,
    /// A MOV whose index is at the end, cut at 60 %.
    TruncatedIndexAtEnd,
    /// The camera's index names a clip whose file is gone.
    MissingIndexed,
    /// Frames missing inside a sequence.
    SequenceGap,
    /// A clip of zero bytes.
    ZeroByte,
    /// Files that an office computer leaves on a card.
    HiddenFiles,
    /// A clip of another reel in this reel's folder.
    MixedReels,
    /// Two names that differ only in case.
    CaseCollision,
}

impl Damage {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::TruncatedFastStart,
        Self::TruncatedIndexAtEnd,
        Self::MissingIndexed,
        Self::SequenceGap,
        Self::ZeroByte,
        Self::HiddenFiles,
        Self::MixedReels,
        Self::CaseCollision,
    ];

    /// The word on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TruncatedFastStart => "truncated-fast-start",
            Self::TruncatedIndexAtEnd => "truncated-index-at-end",
            Self::MissingIndexed => "missing-indexed",
            Self::SequenceGap => "sequence-gap",
            Self::ZeroByte => "zero-byte",
            Self::HiddenFiles => "hidden-files",
            Self::MixedReels => "mixed-reels",
            Self::CaseCollision => "case-collision",
        }
    }

    /// Whether a card of `family` has what this breaks.
    #[must_use]
    pub fn applies_to(self, family: Family) -> bool {
        match self {
            Self::TruncatedFastStart | Self::TruncatedIndexAtEnd | Self::ZeroByte | Self::MixedReels | Self::CaseCollision => {
                family.has(Family::ArriClassic)
            }
            Self::MissingIndexed => family.has(Family::SonyM4root),
            Self::SequenceGap => family.has(Family::Plates),
            Self::HiddenFiles => true,
        }
    }

    /// Code of the finding that this damage must lead to; none where the card is still whole.
    #[must_use]
    pub fn finding(self) -> Option<&'static str> {
        match self {
            Self::TruncatedFastStart | Self::TruncatedIndexAtEnd => Some("structure.truncated"),
            Self::MissingIndexed => Some("index.entry_missing"),
            Self::SequenceGap => Some("sequence.gap"),
            Self::ZeroByte => Some("structure.empty_file"),
            Self::HiddenFiles => None,
            Self::MixedReels => Some("roll.mixed"),
            Self::CaseCollision => Some("name.case_collision"),
        }
    }
}

impl std::str::FromStr for Damage {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|damage| damage.name() == text)
            .ok_or_else(|| UnknownWord::new(text, Self::ALL.map(Self::name).join(", ")))
    }
}

/// Breaks the card below `root`; answers the finding codes and the paths concerned.
pub(crate) fn apply(root: &Path, damage: Damage) -> Result<(Vec<String>, Vec<String>), ForgeError> {
    let clip = |number: u32| format!("{}/A003C{number:03}_261123_R1JL.mov", arri::REEL);
    let damaged: Vec<String> = match damage {
        Damage::TruncatedFastStart | Damage::TruncatedIndexAtEnd => {
            let path = clip(2);
            truncate_to(&root.join(&path), 3, 5)?;
            vec![path]
        }
        Damage::MissingIndexed => {
            let path = "PRIVATE/M4ROOT/CLIP/C0001.MP4".to_owned();
            std::fs::remove_file(root.join(&path)).map_err(write_error(&root.join(&path)))?;
            vec![path]
        }
        Damage::SequenceGap => remove_frames(root, "PLATES/NF_040_0010", 4..6)?,
        Damage::ZeroByte => {
            let path = clip(3);
            std::fs::write(root.join(&path), b"").map_err(write_error(&root.join(&path)))?;
            vec![path]
        }
        Damage::HiddenFiles => {
            let first = first_file(root)?;
            let twin = first.with_file_name(format!("._{}", first.file_name().unwrap_or_default().to_string_lossy()));
            let store = root.join(".DS_Store");
            std::fs::write(&store, b"\0\0\0\x01Bud1 synthetic").map_err(write_error(&store))?;
            std::fs::write(&twin, b"\0\x05\x16\x07\0\x02\0\0synthetic").map_err(write_error(&twin))?;
            vec![".DS_Store".to_owned(), below(root, &twin)]
        }
        Damage::MixedReels => {
            let path = format!("{}/A007C001_261124_R1JL.mov", arri::REEL);
            std::fs::copy(root.join(clip(3)), root.join(&path)).map_err(write_error(&root.join(&path)))?;
            vec![path]
        }
        Damage::CaseCollision => {
            let path = format!("{}/a003c001_261123_r1jl.MOV", arri::REEL);
            if root.join(&path).exists() {
                return Err(ForgeError::FileSystem("two names that differ only in case"));
            }
            std::fs::copy(root.join(clip(3)), root.join(&path)).map_err(write_error(&root.join(&path)))?;
            vec![path, clip(1)]
        }
    };
    Ok((damage.finding().map(str::to_owned).into_iter().collect(), damaged))
}

/// Cuts a file to `part / whole` of its length.
fn truncate_to(path: &Path, part: u64, whole: u64) -> Result<(), ForgeError> {
    let file = std::fs::OpenOptions::new().write(true).open(path).map_err(write_error(path))?;
    let length = file.metadata().map_err(write_error(path))?.len();
    file.set_len(length * part / whole).map_err(write_error(path))
}

fn remove_frames(root: &Path, folder: &str, which: std::ops::Range<usize>) -> Result<Vec<String>, ForgeError> {
    let mut frames = listing(&root.join(folder))?;
    frames.sort();
    let mut removed = Vec::new();
    for path in frames.drain(which) {
        std::fs::remove_file(&path).map_err(write_error(&path))?;
        removed.push(below(root, &path));
    }
    Ok(removed)
}

fn listing(folder: &Path) -> Result<Vec<PathBuf>, ForgeError> {
    std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(write_error(folder))
}

fn first_file(folder: &Path) -> Result<PathBuf, ForgeError> {
    let mut entries = listing(folder)?;
    entries.sort();
    for entry in entries {
        if entry.is_file() {
            return Ok(entry);
        }
        if let Ok(found) = first_file(&entry) {
            return Ok(found);
        }
    }
    Err(ForgeError::FileSystem("a file to put a hidden one beside"))
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}
