//! ASC MHL v2.0 histories and legacy MHL 1.0/1.1 lists: read, write, chain, directory hashes, difference.
//!
//! An ASC MHL history is the folder `ascmhl/` in the root of a managed data set: one manifest for each generation and a chain
//! file with the C4 ID of every manifest. This crate takes and gives bytes. It never opens a file, never reads a clock and knows
//! nothing of cameras or jobs; whoever calls it walks the tree, hashes the files and writes what comes back, in this order:
//! manifest first, chain last, each to a temporary name that is renamed into place.
//!
//! Sources: "ASC MHL Specification" v1.0 (2022) with its schema `urn:ASC:MHL:v2.0`, "Implementation Guidelines" v1.0 (2023),
//! and the schema of MHL 1.1. Where the reference tool and the specification differ, the specification is followed.
//!
//! Histories nested in the tree are taken in with [`History::add_child`]; records then go to the closest one, children are written
//! before parents, and parents refer to them. [`find_renames`] tells which missing file has become which new one,
//! [`History::flatten`] makes a packing list, foreign `metadata` survives.
//!
//! ```
//! use checkgate_mhl::{Action, Append, FileRecord, History, MultiHasher, Operation, Process};
//! use checkgate_model::{HashFormat, RelPath, Timestamp};
//!
//! let now: Timestamp = "2026-11-23T07:00:00Z".parse()?;
//! let mut hasher = MultiHasher::new(&[HashFormat::Xxh64, HashFormat::C4]);
//! hasher.update(b"abcd\n");
//! let clip = FileRecord {
//!     path: RelPath::new("Clips/A002C006_141024_R2EC.mov")?,
//!     size_bytes: 5,
//!     modified: None,
//!     hashes: hasher.finish(),
//!     hashed_at: now,
//!     previous_path: None,
//! };
//! let operation = Operation {
//!     started: now,
//!     host_name: "cart-1".to_owned(),
//!     tool: "example".to_owned(),
//!     tool_version: "1.0".to_owned(),
//!     process: Process::Transfer,
//!     authors: Vec::new(),
//!     location: None,
//!     comment: None,
//! };
//! let (files, folders) = ([clip], [RelPath::new("Clips")?.into()]);
//! let generation = History::empty().append(&Append::whole("A002R2EC", &operation, &files, &folders))?;
//! assert_eq!(generation.manifest_name, "0001_A002R2EC_2026-11-23_070000Z.mhl");
//! assert!(generation.outcomes.iter().all(|(_, _, action)| *action == Action::Original));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod append;
pub mod chain;
pub mod diff;
pub mod directory;
pub mod expected;
pub mod flatten;
pub mod hash;
pub mod history;
pub mod ignore;
pub mod legacy;
pub mod manifest;
pub mod naming;
pub mod operation;
pub mod renames;
pub mod schema;
mod text_encoding;
mod xml;
mod xml_read;
mod xml_write;

pub use self::ignore::{DEFAULT_PATTERNS, IgnoreRules, IgnoreSet, recorded_form};
pub use append::{Append, AppendError, FileRecord, FolderHashing, FolderRecord, NewGeneration, Scope, can_record};
pub use chain::{Chain, ChainEntry, ParseChainError};
pub use diff::{Difference, Listing, NameForm, NameMatch, SizeDiffers, diff};
pub use directory::{DirectoryHashes, FolderHashes, directory_hashes};
pub use expected::{ExpectedFile, FileCheck};
pub use hash::{MultiHasher, fastest, hash_bytes};
pub use history::{Generation, History, HistoryError, HistoryFile, HistoryWarning, Keep, LoadError, Unchained};
pub use legacy::{
    LEGACY_FORMATS, LegacyCheck, LegacyEntry, LegacyHash, LegacyHasher, LegacyList, NewLegacyFile, NewLegacyList,
    ParseLegacyError, WriteLegacyError,
};
pub use manifest::{
    Action, Creator, Entry, FileEntry, FolderEntry, HashEntry, Manifest, ManifestReference, ManifestWarning, Metadata,
    ParseManifestError, RootHash, WriteManifestError,
};
pub use naming::{generation_number, legacy_name, manifest_name, packing_list_name};
pub use operation::{Author, AuthorError, Operation, Process};
pub use renames::{NewFile, Rename, Renames, find_renames};
pub use schema::{DocumentKind, SchemaProblem, SchemaViolation, check_schema};
pub use xml::XmlError;

/// Name of the folder that holds a history, in the root of its data set.
pub const FOLDER: &str = "ascmhl";
/// Name of the chain file inside [`FOLDER`].
pub const CHAIN: &str = "ascmhl_chain.xml";
/// Name of the file that lists packing lists, beside them. Reads and writes as a [`Chain`].
pub const COLLECTION: &str = "ascmhl_collection.xml";
