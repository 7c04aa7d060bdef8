//! Owns legacy MHL 1.0 and 1.1 lists: the values, reading lists of any vendor, checking files against them, writing strict 1.1.
//! Liberal in encoding, order and dialect when reading, strict when writing. Never opens a file.
//!
//! Source: the schema of MHL 1.1 (`MediaHashList_v1_1.xsd`). [`check_schema`](crate::check_schema) judges a list by it.

mod check;
mod read;
mod write;

pub use check::{LegacyCheck, LegacyHasher};
pub use write::{LEGACY_FORMATS, NewLegacyFile, NewLegacyList, WriteLegacyError};

use crate::xml::XmlError;
use checkgate_model::{HashFormat, HashValue, RelPath, RelPathError, Timestamp};

/// A hash as legacy lists carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegacyHash {
    /// `md5`, `sha1`, `xxhash64be`, and the digests that some tools write beyond the schema.
    Value(HashValue),
    /// `xxhash`: XXH32 as a decimal number.
    Xxh32(u32),
    /// `xxhash64`: XXH64 with the bytes turned round; some tools write it straight. Either way round is the same evidence.
    Xxh64EitherWay {
        /// Read as the format says, least significant byte first.
        turned: HashValue,
        /// Read straight.
        straight: HashValue,
    },
    /// `null`: only the size is known.
    Null,
}

impl LegacyHash {
    /// The element that carries it in a list of version 1.1; `None` where the schema has none (C4, XXH3, XXH128).
    #[must_use]
    pub const fn element(&self) -> Option<&'static str> {
        match self {
            Self::Value(value) => match value.format() {
                HashFormat::Md5 => Some("md5"),
                HashFormat::Sha1 => Some("sha1"),
                HashFormat::Xxh64 => Some("xxhash64be"),
                HashFormat::C4 | HashFormat::Xxh3 | HashFormat::Xxh128 => None,
            },
            Self::Xxh32(_) => Some("xxhash"),
            Self::Xxh64EitherWay { .. } => Some("xxhash64"),
            Self::Null => Some("null"),
        }
    }
}

impl From<HashValue> for LegacyHash {
    fn from(value: HashValue) -> Self {
        Self::Value(value)
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyEntry {
    /// Path below the folder of the list.
    pub path: RelPath,
    /// Size.
    pub size_bytes: Option<u64>,
    /// Creation date.
    pub created: Option<Timestamp>,
    /// Modification date.
    pub modified: Option<Timestamp>,
    /// Every hash that can be checked; all must hold.
    pub hashes: Vec<LegacyHash>,
    /// When the hashes were taken.
    pub hashed_at: Option<Timestamp>,
    /// Whether the file is itself a legacy list (`referencehhashlist`, with the schema's two h).
    pub is_list: bool,
    /// Names of hash elements that cannot be checked.
    pub unverifiable: Vec<String>,
}

/// An entry whose path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no path below the folder of the list")]
pub struct RefusedPath {
    /// As found.
    pub text: String,
    /// Why.
    #[source]
    pub reason: RelPathError,
}

/// A legacy list as read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LegacyList {
    /// `1.0` or `1.1`.
    pub version: String,
    /// When the list was made.
    pub created: Option<Timestamp>,
    /// Full name of whoever made it.
    pub name: Option<String>,
    /// Account name of whoever made it.
    pub user_name: Option<String>,
    /// Tool as it calls itself.
    pub tool: Option<String>,
    /// Machine.
    pub host_name: Option<String>,
    /// When it was begun.
    pub started: Option<Timestamp>,
    /// When it was ended.
    pub finished: Option<Timestamp>,
    /// Files in the order they stand.
    pub entries: Vec<LegacyEntry>,
    /// Entries that could not be placed: a verification with any of these is not complete.
    pub refused: Vec<RefusedPath>,
    /// Oddities worth telling.
    pub warnings: Vec<String>,
}

/// Why bytes are no legacy list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseLegacyError {
    /// Not readable XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Another kind of document; an ASC MHL manifest has version 2.0.
    #[error("the root element is {name:?} version {version:?}, not hashlist version 1.0 or 1.1")]
    WrongRoot {
        /// Root element.
        name: String,
        /// Its version.
        version: String,
    },
    /// A digest that is none.
    #[error("{path}: {text:?} is no {element}")]
    Digest {
        /// The file.
        path: String,
        /// Element name.
        element: String,
        /// As found.
        text: String,
    },
    /// An entry that names two files or two sizes: nobody can tell which of them its hashes belong to.
    #[error("{path}: the entry has more than one {element}")]
    Twice {
        /// The first file it names.
        path: String,
        /// Element name.
        element: &'static str,
    },
}
