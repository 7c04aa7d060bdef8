//! Owns what a run tells its caller while it goes on. The caller stores an event before it returns; only then is it true for anybody
//! else (invariant 4).

use crate::meter::Phase;
use crate::report::SkippedItem;
use checkgate_model::{CopyId, Evidence, EvidenceLevel, HashValue, Problem, RelPath, Timestamp};

/// One fact about a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The card was listed; nothing has been written yet.
    Planned {
        /// Regular files on the card.
        files: u64,
        /// Sum of their sizes.
        bytes: u64,
        /// Every file with size and modification time.
        listing: Vec<(RelPath, u64, Timestamp)>,
        /// Folders without any file below them; they are mirrored and recorded.
        empty_folders: Vec<RelPath>,
        /// What is on the card and is not copied.
        skipped: Vec<SkippedItem>,
    },
    /// The run as a whole went on to another phase: it is proving once the card was read, whatever a copy still does.
    PhaseChanged {
        /// The new phase.
        phase: Phase,
    },
    /// A file is published under its name on one copy, its data and its name synced; the hashes are those of the bytes read from the card.
    FileCopied {
        /// The copy.
        copy: CopyId,
        /// The file.
        path: RelPath,
        /// Bytes read from the card.
        size_bytes: u64,
        /// Modification time on the card.
        modified: Timestamp,
        /// Hashes of the bytes read from the card, in schema order.
        hashes: Vec<HashValue>,
        /// CRC64/NVME per 16 MiB of the bytes read from the card; the last block may be short.
        block_crc64: Vec<u64>,
    },
    /// A large file got on: so much of it is on this copy under a temporary name, durable. A later run goes on from there.
    FileProgress {
        /// The copy.
        copy: CopyId,
        /// The file.
        path: RelPath,
        /// Size on the card.
        size_bytes: u64,
        /// Modification time on the card.
        modified: Timestamp,
        /// CRC64/NVME of each 16 MiB that are there, of the bytes read from the card.
        block_crc64: Vec<u64>,
    },
    /// A file of one copy is proven.
    FileProven {
        /// The copy.
        copy: CopyId,
        /// The file.
        path: RelPath,
        /// How.
        evidence: Evidence,
    },
    /// A file failed, on one copy or, without a copy, on the card; all others go on.
    FileFailed {
        /// The copy; `None` where the card itself is at fault.
        copy: Option<CopyId>,
        /// The file.
        path: RelPath,
        /// What happened.
        problem: Problem,
    },
    /// A file that an earlier run had published is no longer what it was; it was renamed aside and is copied again.
    SetAside {
        /// The copy.
        copy: CopyId,
        /// The file.
        path: RelPath,
        /// Why.
        reason: String,
    },
    /// A file of the card was read a second time.
    SourceReread {
        /// The file.
        path: RelPath,
        /// Whether the bytes were the same.
        equal: bool,
    },
    /// A destination is too slow for the others: the card is read on without it, and it is made from a proven copy.
    LeftBehind {
        /// The copy.
        copy: CopyId,
        /// Files that it still needs.
        files: u64,
    },
    /// This run needs the card no more: everything was read, and read again where that was asked for.
    CardReleased,
    /// Everything of a copy is written; what is not yet proven is being read back.
    CopyWritten {
        /// The copy.
        copy: CopyId,
    },
    /// A copy has its manifest.
    CopySealed {
        /// The copy.
        copy: CopyId,
        /// Manifest below the copy's root.
        manifest: RelPath,
        /// Manifest and chain were read again and were what was written.
        reread_equal: bool,
    },
    /// Everything that can be done for a copy is done.
    CopyDone {
        /// The copy.
        copy: CopyId,
        /// Weakest evidence over all files; `None` while the copy is incomplete.
        weakest: Option<EvidenceLevel>,
        /// How the weakest of what is there was got; `None` where nothing is proven.
        method: Option<String>,
        /// Files that failed.
        failed_files: u64,
    },
    /// A destination failed; the other copies go on.
    CopyAborted {
        /// The copy.
        copy: CopyId,
        /// What happened.
        problem: Problem,
    },
    /// Something on the card is not copied.
    Skipped {
        /// Where, as text, because it may not be a legal path.
        path: String,
        /// Why.
        reason: String,
    },
}
