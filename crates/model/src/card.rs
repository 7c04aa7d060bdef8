//! Owns what a card is: recognition with its evidence, rolls, clips and the part each file plays. The card root is always the
//! unit of copy: nothing here ever narrows what is copied.

use crate::finding::Finding;
use crate::path::RelPath;
use serde::{Deserialize, Serialize};

/// How sure a recognition is; the variant names the strongest kind of evidence found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing known fits; the card is still copied whole.
    Unknown,
    /// Only the folder layout fits.
    DirectorySignature,
    /// File names fit the family's pattern.
    FileName,
    /// A container's own metadata names the maker.
    ContainerMetadata,
    /// A camera-written sidecar or index names it.
    SidecarField,
}

/// One reason for a recognition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecognitionEvidence {
    /// Strength.
    pub confidence: Confidence,
    /// What was seen, e.g. `A003C001_261123_R1JL.mov fits ARRI classic clip names`.
    pub what: String,
    /// Where it was seen.
    pub path: Option<RelPath>,
}

/// What the camera or recorder wrote: one clip is many files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardRecognition {
    /// Profile id, e.g. `arri-classic`, `sony-xdroot`, `sound-devices`, `unknown`.
    pub family: String,
    /// The family as people say it, e.g. `ARRI (classic naming)`.
    pub family_name: String,
    /// Confidence of the strongest evidence.
    pub confidence: Confidence,
    /// Every reason, strongest first.
    pub evidence: Vec<RecognitionEvidence>,
    /// Further families present on the same card (profile ids).
    pub also_present: Vec<String>,
    /// Reel or roll name of the card, if one is declared or agreed on by its clips.
    pub reel: Option<String>,
    /// Camera letter or index, if known.
    pub camera_index: Option<String>,
    /// Rolls found; usually one.
    pub rolls: Vec<Roll>,
    /// Clips in recording order of their names.
    pub clips: Vec<Clip>,
    /// Files no clip claims. They are copied like all others.
    pub unassigned: Vec<ClipFile>,
    /// Folders without any file below them, which a copy must keep.
    pub empty_folders: Vec<RelPath>,
    /// Regular files on the card.
    pub file_count: u64,
    /// Sum of their sizes.
    pub size_bytes: u64,
    /// Structural findings: missing, truncated, unfinalised, foreign, skipped.
    pub findings: Vec<Finding>,
    /// Bytes read to find all this out.
    pub bytes_read: u64,
}

/// One roll (magazine content) on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roll {
    /// Name, e.g. `A003R1JL`.
    pub name: String,
    /// Folder it lives in; `None` means the card root.
    pub folder: Option<RelPath>,
    /// Names of its clips.
    pub clips: Vec<String>,
}

/// What a clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum ClipKind {
    /// Moving picture in one or more container files.
    Video,
    /// One file per frame.
    Sequence,
    /// Sound only.
    Sound,
    /// A single picture.
    Still,
}

/// The part a file plays in its clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// The picture or sound itself.
    Essence,
    /// A further piece of the same recording, in order.
    Segment,
    /// One frame of a sequence.
    Frame,
    /// The half that a second card holds.
    SecondCardHalf,
    /// Sound recorded beside the picture file.
    AudioTwin,
    /// Metadata about the clip.
    Sidecar,
    /// The camera's own index of the card.
    Index,
    /// A smaller rendering made by the camera.
    Proxy,
    /// A still made by the camera.
    Thumbnail,
    /// A report or log.
    Report,
    /// A look, LUT or CDL.
    Look,
    /// Known to belong to the card, to no clip.
    Support,
    /// Not known.
    Unknown,
}

/// One file with its part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipFile {
    /// Path below the card root.
    pub path: RelPath,
    /// Size.
    pub size_bytes: u64,
    /// The part it plays.
    pub role: FileRole,
}

/// Frames of a sequence by number, both inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceRange {
    /// First frame number.
    pub first: u64,
    /// Last frame number.
    pub last: u64,
    /// Frames missing between them.
    pub missing: Vec<u64>,
}

/// One clip: everything that was recorded between start and stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clip {
    /// Name without extension or segment number.
    pub name: String,
    /// Roll it belongs to, if any.
    pub roll: Option<String>,
    /// What it is.
    pub kind: ClipKind,
    /// Its files, essence first, then in order.
    pub files: Vec<ClipFile>,
    /// Frame range of a sequence.
    pub sequence: Option<SequenceRange>,
}

impl Clip {
    /// Sum of the sizes of its files.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }

    /// The first essence, segment or frame: what a decoder opens.
    #[must_use]
    pub fn essence(&self) -> Option<&ClipFile> {
        self.files.iter().find(|file| matches!(file.role, FileRole::Essence | FileRole::Segment | FileRole::Frame))
    }
}
