//! Owns what a run is asked to do and what an earlier run of the same job already stored. Must never touch a file.

use crate::error::StoreError;
use checkgate_model::{CopyId, ErrorCode, Evidence, HashFormat, HashValue, RelPath, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How each copy is proven after it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyDepth {
    /// Read back from the device, past the operating system's cache.
    #[default]
    Device,
    /// Read back through the operating system, which may answer from its cache.
    System,
    /// Not read back; the evidence stays at the hash in flight.
    None,
}

/// One copy to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyPlan {
    /// Identity in events and in the report.
    pub id: CopyId,
    /// The destination as people call it.
    pub label: String,
    /// Folder that becomes the card's mirror; its base name is the roll folder.
    pub root: PathBuf,
    /// The copy that this one is made from, once it is proven; `None` where it is made from the card. A cascade is a chain of these:
    /// the card is free as soon as the copies that are made from it are proven.
    pub fed_by: Option<CopyId>,
}

impl CopyPlan {
    /// A copy that is made from the card.
    #[must_use]
    pub const fn from_card(id: CopyId, label: String, root: PathBuf) -> Self {
        Self { id, label, root, fed_by: None }
    }
}

/// How long others wait for a slow destination by default.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// One run of the copy, hash and verify engine.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Root of the card; always copied whole.
    pub card_root: PathBuf,
    /// Copies to make, at least one.
    pub copies: Vec<CopyPlan>,
    /// Hash formats of the manifest; empty means xxh64.
    pub hashes: Vec<HashFormat>,
    /// How each copy is proven.
    pub verify: VerifyDepth,
    /// Whether the card is read a second time and compared.
    pub source_reread: bool,
    /// A destination that holds the others up for most of this time is left behind: the card is read on without it, and it is made
    /// from a copy that is proven. At least one copy always follows the card.
    pub patience: Duration,
    /// Who, where, when and with what, for the manifest. A resumed job passes the operation of its first run again.
    pub operation: checkgate_mhl::Operation,
    /// What earlier runs of this job stored; nothing on the first run.
    pub prior: Arc<dyn Earlier>,
    /// The card has left, and `card_root` is the root of this copy, which an earlier run of this job made whole. What that run
    /// recorded is what the card had; the other copies are made from it, every block held against that record. It is not sealed again.
    pub recorded_by: Option<CopyId>,
}

/// What earlier runs of a job stored, asked for copy by copy and told file by file, so that a million of them need not be held at once.
pub trait Earlier: fmt::Debug + Send + Sync {
    /// Every file of this copy, each once.
    fn files_of<'a>(&'a self, copy: &'a CopyId) -> Box<dyn Iterator<Item = Result<PriorFile, StoreError>> + 'a>;
}

impl Earlier for Vec<PriorFile> {
    fn files_of<'a>(&'a self, copy: &'a CopyId) -> Box<dyn Iterator<Item = Result<PriorFile, StoreError>> + 'a> {
        Box::new(self.iter().filter(move |file| file.copy == *copy).cloned().map(Ok))
    }
}

/// One file of one copy, as an earlier run stored it.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorFile {
    /// Copy it belongs to.
    pub copy: CopyId,
    /// Path below the card root and below the copy's root.
    pub path: RelPath,
    /// Size on the card.
    pub size_bytes: u64,
    /// Modification time on the card.
    pub modified: Timestamp,
    /// Hashes of the bytes that were read from the card.
    pub hashes: Vec<HashValue>,
    /// Proof, where there is one.
    pub evidence: Option<Evidence>,
    /// CRC64/NVME per 16 MiB of the bytes read from the card.
    pub block_crc64: Vec<u64>,
    /// How far it got.
    pub state: FileState,
}

/// How far one file of one copy got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Begun: `block_crc64` tells how much of it is on the destination under a temporary name, and durable. There are no hashes.
    Begun,
    /// Published under its name; hashed on the way.
    Copied,
    /// Read back and equal.
    Proven,
    /// Failed; the next run tries again.
    Failed(ErrorCode),
}
