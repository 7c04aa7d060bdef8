//! Owns what `checkgate repair --json` and `checkgate compare --json` show. Lists are complete; zero is an empty list.

use crate::manifest_view::PathReason;
use serde::{Deserialize, Serialize};

/// A file that was bad or missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairedFileView {
    /// Below the copy.
    pub path: String,
    /// `mended`, `restored` or `left`; with a dry run what would be done.
    pub action: String,
    /// What was wrong.
    pub found: String,
    /// Blocks of 16 MiB in the file.
    pub blocks_total: u64,
    /// Those that came from a sibling.
    pub blocks_replaced: u64,
    /// Siblings they came from.
    pub from: Vec<String>,
    /// What was said against siblings that were tried.
    pub refused: Vec<String>,
    /// Where the corrupt file lies now, below the copy.
    pub set_aside: Option<String>,
    /// Level and method of the proof of the new file.
    pub evidence: Option<String>,
    /// Why nothing was done.
    pub problem: Option<String>,
}

/// Answer of `repair`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RepairView {
    /// The copy.
    pub path: String,
    /// Exit code.
    pub exit_code: u8,
    /// Only asked what would be done.
    pub dry_run: bool,
    /// Stopped before the end.
    pub stopped: bool,
    /// Folders whose history said what the files must be.
    pub judged_by: Vec<String>,
    /// Files that were found as recorded.
    pub sound: u64,
    /// Bytes read to find out.
    pub checked_bytes: u64,
    /// Bad and missing files.
    pub files: Vec<RepairedFileView>,
    /// Folders made again.
    pub folders: Vec<String>,
    /// Corrupt files that lie set aside.
    pub set_aside: Vec<String>,
    /// Corrupt files that were removed as asked.
    pub discarded: Vec<String>,
    /// Manifests that were written.
    pub written: Vec<String>,
    /// Histories of the copy that cannot be trusted.
    pub damaged: Vec<String>,
    /// Oddities worth telling.
    pub notes: Vec<String>,
}

/// A file under another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedView {
    /// In the reference.
    pub from: String,
    /// In the folder compared with it.
    pub to: String,
    /// How that is known: `content` or `size and time`.
    pub by: String,
}

/// One folder against the reference.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ComparisonView {
    /// The folder.
    pub path: String,
    /// What it was compared with.
    pub reference: String,
    /// Exit code.
    pub exit_code: u8,
    /// `equal`, `different`, `unreadable` or `stopped`.
    pub state: String,
    /// What was compared.
    pub compared: String,
    /// Equal files.
    pub equal: u64,
    /// Their bytes.
    pub equal_bytes: u64,
    /// In the reference and not here.
    pub missing: Vec<String>,
    /// Here and not in the reference.
    pub extra: Vec<String>,
    /// On both sides and different.
    pub changed: Vec<PathReason>,
    /// Under another name.
    pub renamed: Vec<MovedView>,
    /// Not compared, with the reason.
    pub excluded: Vec<PathReason>,
    /// Not readable.
    pub unreadable: Vec<PathReason>,
    /// Files of equal content with another time; zero where nothing was read.
    pub other_time: u64,
}
