//! Owns what a run says at its end. A report is computed from facts the run has seen, never from what it was asked to do.

use checkgate_model::{CopyId, EvidenceLevel, Problem, RelPath};
use std::path::PathBuf;

/// Something on the card that is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedItem {
    /// Where, as text, because it may not be a legal path.
    pub path: String,
    /// Why, e.g. `symbolic link`.
    pub reason: String,
}

/// A file that is not what the manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: RelPath,
    /// As recorded, e.g. `xxh64:ef46db3751d8e999` or `5 bytes`.
    pub expected: String,
    /// As found.
    pub found: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} recorded, {} found", self.path, self.expected, self.found)
    }
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// The file or folder, as text because it may not be a legal path.
    pub path: String,
    /// What happened.
    pub problem: Problem,
}

/// A file that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedFile {
    /// The file.
    pub path: RelPath,
    /// What happened.
    pub problem: Problem,
}

/// Where a copy stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyState {
    /// Every file of the card is there, proven as asked, and the manifest is written and read again.
    Complete,
    /// Some files or the manifest failed; they are listed.
    CompleteWithFailures,
    /// The destination failed.
    Aborted(Problem),
    /// The run ended before this copy did.
    Unfinished,
}

/// One copy at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// Identity.
    pub id: CopyId,
    /// The destination as people call it.
    pub label: String,
    /// Where it is.
    pub root: PathBuf,
    /// Its newest manifest, below the root.
    pub manifest: Option<RelPath>,
    /// Manifest and chain were read again and were what was written.
    pub manifest_reread: bool,
    /// Why there is no manifest although there should be one.
    pub seal_problem: Option<Problem>,
    /// Weakest evidence over all files of the card; `None` while the copy is incomplete.
    pub weakest: Option<EvidenceLevel>,
    /// Files that are there.
    pub copied_files: u64,
    /// Files that failed, on the card or here.
    pub failed: Vec<FailedFile>,
    /// Identity of the physical device, if known.
    pub device_identity: Option<String>,
    /// Where it stands.
    pub state: CopyState,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every copy is complete.
    Complete,
    /// The run came to its end, with failures that are listed.
    CompleteWithFailures,
    /// Somebody stopped it; it can go on.
    Stopped,
    /// Something outside stopped it; it can go on.
    Interrupted(Problem),
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffloadReport {
    /// Regular files on the card.
    pub files: u64,
    /// Sum of their sizes.
    pub bytes: u64,
    /// The copies, in the order of the plan.
    pub copies: Vec<CopyReport>,
    /// Second read of the card: `Some(true)` all equal, `Some(false)` something differed or could not be read, `None` not done to the end.
    pub source_reread_equal: Option<bool>,
    /// Identity of the card's own device, if known.
    pub source_device: Option<String>,
    /// What is on the card and was not copied.
    pub skipped: Vec<SkippedItem>,
    /// How it ended.
    pub outcome: Outcome,
}
