//! Owns the value of a verification report: what was checked, how, and what was found, already in words. Must never decide: the
//! verdict comes in as it is.

use checkgate_model::Timestamp;
use serde::{Deserialize, Serialize};

/// The result of checking drives against their manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationDocument {
    /// Heading and document title, e.g. `Verification report`.
    pub title: String,
    /// Tool and version.
    pub tool: String,
    /// The machine that checked.
    pub host: String,
    /// When checking began.
    pub started: Timestamp,
    /// When it ended; also the date of the document.
    pub finished: Timestamp,
    /// The drives, in the order in which they are shown.
    pub drives: Vec<DriveSection>,
}

/// One drive, folder or volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriveSection {
    /// Where it was.
    pub path: String,
    /// Label, device, serial, file system and mount mode, in words.
    pub volume: String,
    /// The result.
    pub verdict: Verdict,
    /// The result in one or two sentences.
    pub summary: String,
    /// How it was read, in words.
    pub evidence: String,
    /// What it was checked against.
    pub basis: Vec<BasisLine>,
    /// The numbers. They count everything, also where a list below holds less.
    pub counts: Counts,
    /// Hashes of the whole tree.
    pub root_hashes: Vec<RootHash>,
    /// Recorded, not there.
    pub missing: Vec<String>,
    /// There, recorded nowhere.
    pub extra: Vec<String>,
    /// There, not what is recorded.
    pub mismatching: Vec<MismatchLine>,
    /// Recorded content under another name.
    pub renamed: Vec<RenameLine>,
    /// Not readable.
    pub unreadable: Vec<ReasonLine>,
    /// Not checked, and why.
    pub skipped: Vec<ReasonLine>,
    /// Manifests or histories that are damaged.
    pub damaged: Vec<String>,
    /// What else is worth telling.
    pub notes: Vec<String>,
}

/// What became of one drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything recorded is there and unaltered, and nothing else is.
    Whole,
    /// Everything recorded is there with its size, and nothing else is; nothing was read.
    SizesAgree,
    /// What is there is not what is recorded.
    Differences,
    /// The manifests themselves are damaged.
    Damaged,
    /// The drive or a part of it could not be read.
    Unreadable,
    /// Somebody stopped it before the end.
    Stopped,
}

/// One manifest, list or generation that a drive was checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasisLine {
    /// What it is, e.g. `ASC MHL generation`.
    pub kind: String,
    /// Its file name.
    pub name: String,
    /// What it says of itself, e.g. `generation 2, 2026-11-23, in-place, xxh64`.
    pub detail: String,
    /// Who made it and with what, where it says so.
    pub author: Option<String>,
    /// C4 identifier of the manifest, where it was computed.
    pub c4: Option<String>,
}

/// The numbers of one drive. Zero is a number and is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Files whose content was read and compared.
    pub files_checked: u64,
    /// Their bytes.
    pub bytes_checked: u64,
    /// Recorded, not there.
    pub missing: u64,
    /// There, recorded nowhere.
    pub extra: u64,
    /// There, not what is recorded.
    pub mismatching: u64,
    /// Recorded content under another name.
    pub renamed: u64,
    /// Not readable.
    pub unreadable: u64,
    /// Compared by size alone.
    pub size_only: u64,
    /// Not checked.
    pub skipped: u64,
    /// Damaged manifests or histories.
    pub damaged: u64,
}

/// The hash of a whole tree: of what the files hold, and of how they are named and arranged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootHash {
    /// Hash format.
    pub format: String,
    /// Content hash.
    pub content: String,
    /// Structure hash.
    pub structure: String,
}

/// A file that is not what is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MismatchLine {
    /// The file.
    pub path: String,
    /// What is recorded, e.g. `xxh64 0123456789abcdef`.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// A file under another name than recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameLine {
    /// The recorded name.
    pub expected: String,
    /// The name that was found.
    pub found: String,
    /// How it was recognised.
    pub how: String,
}

/// A file and what is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonLine {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}
