//! The copy, hash and verify engine: one read of the card, N writers, hashes in flight, read-back from each device, a second read
//! of the card, one ASC MHL generation per copy. Owns how bytes become proven copies. Must never know tokio, SQL or the page; all
//! media I/O goes through `checkgate-volume`, all manifest text through `checkgate-mhl`.
//!
//! The state of a run lives in the events it hands to its caller, who stores each of them before it returns (invariant 4). What an
//! earlier run stored comes back as [`PriorFile`]s, and the run goes on from there.

mod append_check;
mod buffer;
mod compare;
mod control;
mod copy;
mod create;
mod create_legacy;
mod directories;
mod engine;
mod error;
mod event;
mod evidence;
mod feed;
mod hash_files;
mod hashing;
mod histories;
mod history_info;
mod memory;
mod meter;
mod packing;
mod plan;
mod prepare;
mod prove;
mod publish;
mod reader;
mod repair;
mod report;
mod seal;
mod tree;
mod verify;
mod work_list;

pub use append_check::verify_and_append;
pub use compare::{Changed, CompareOptions, Comparison, Moved, compare};
pub use control::Control;
pub use create::{CreateError, CreateOptions, CreateReport, create};
pub use create_legacy::{LegacyOptions, create_legacy};
pub use directories::{DirectoryOptions, DirectoryReport, FolderPair, verify_directories};
pub use engine::run;
pub use error::{OffloadError, StoreError};
pub use event::Event;
pub use hash_files::hash_file;
pub use hashing::BLOCK_BYTES;
pub use histories::DamagedHistory;
pub use history_info::{FileHashInfo, FileInfo, GenerationInfo, HistoryInfo, history_info};
pub use meter::{LaneSnapshot, Meter, Phase, Snapshot};
pub use packing::{FlattenError, FlattenReport, flatten};
pub use plan::{CopyPlan, Earlier, FileState, PATIENCE, Plan, PriorFile, VerifyDepth};
pub use repair::{KnownBlocks, RepairAction, RepairError, RepairOptions, RepairReport, RepairedFile, repair};
pub use report::{CopyReport, CopyState, FailedFile, Mismatch, OffloadReport, Outcome, SkippedItem, UnreadableFile};
pub use verify::{Basis, BasisKind, Renamed, VerifyError, VerifyOptions, VerifyReport, verify};

/// Name and version that stand in every [`checkgate_model::Evidence`] this crate makes.
pub const TOOL: &str = concat!("Checkgate ", env!("CARGO_PKG_VERSION"));
