//! Owns one manifest: a generation of a history, or a packing list that stands alone (spec 6.4). Reading and writing of its XML
//! live in `xml_read` and `xml_write`. Never judges whether a manifest is authentic: that is the chain's part.

use crate::expected::ExpectedFile;
use crate::operation::{Author, Process};
use crate::xml::XmlError;
use crate::xml_read::KnownPaths;
use checkgate_model::{HashFormat, HashParseError, HashValue, RelPath, RelPathError, Timestamp};
use std::collections::BTreeMap;
use std::fmt;

/// What a hash says about its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// First hash of a file that no earlier generation knows.
    Original,
    /// Equal to the recorded hash, or a further format of a file that was.
    Verified,
    /// Differs from the recorded hash. Never a reference for anything.
    Failed,
}

impl Action {
    /// The word in a manifest.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }

    /// The action of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Original, Self::Verified, Self::Failed].into_iter().find(|action| action.word() == word.trim())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One digest with what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashEntry {
    /// The digest.
    pub value: HashValue,
    /// What it says; folders carry none.
    pub action: Option<Action>,
    /// When it was taken.
    pub hashed_at: Option<Timestamp>,
}

/// A foreign `metadata` element, kept as it stood so that it survives reading and writing (schema: any content). Opaque here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata(pub(crate) Box<str>);

impl Metadata {
    /// The element as XML, complete in itself: every prefix it uses is declared in it.
    #[must_use]
    pub fn as_xml(&self) -> &str {
        &self.0
    }
}

/// A file. Size and dates are informative; they never decide a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Path below the scope.
    pub path: RelPath,
    /// Size.
    pub size_bytes: Option<u64>,
    /// Creation date.
    pub created: Option<Timestamp>,
    /// Modification date.
    pub modified: Option<Timestamp>,
    /// Digests in schema order.
    pub hashes: Vec<HashEntry>,
    /// Path in the preceding generation, in the one generation that records a rename.
    pub previous_path: Option<RelPath>,
    /// What another tool keeps with it.
    pub metadata: Option<Metadata>,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// Path below the scope.
    pub path: RelPath,
    /// Creation date.
    pub created: Option<Timestamp>,
    /// Modification date.
    pub modified: Option<Timestamp>,
    /// Content hashes.
    pub content: Vec<HashEntry>,
    /// Structure hashes, in the same formats.
    pub structure: Vec<HashEntry>,
    /// Path in the preceding generation.
    pub previous_path: Option<RelPath>,
    /// What another tool keeps with it.
    pub metadata: Option<Metadata>,
}

/// A file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// `hash`.
    File(FileEntry),
    /// `directoryhash`.
    Folder(FolderEntry),
}

impl Entry {
    /// Its path.
    #[must_use]
    pub const fn path(&self) -> &RelPath {
        match self {
            Self::File(file) => &file.path,
            Self::Folder(folder) => &folder.path,
        }
    }

    /// Its path in the preceding generation.
    #[must_use]
    pub const fn previous_path(&self) -> Option<&RelPath> {
        match self {
            Self::File(file) => file.previous_path.as_ref(),
            Self::Folder(folder) => folder.previous_path.as_ref(),
        }
    }
}

/// Content and structure hashes of the scope itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootHash {
    /// Content hashes.
    pub content: Vec<HashEntry>,
    /// Structure hashes, in the same formats.
    pub structure: Vec<HashEntry>,
}

/// What a manifest says about its making.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Creator {
    /// When.
    pub created: Option<Timestamp>,
    /// On which machine.
    pub host_name: String,
    /// With which tool.
    pub tool: String,
    /// In which version.
    pub tool_version: Option<String>,
    /// By whom.
    pub authors: Vec<Author>,
    /// Where.
    pub location: Option<String>,
    /// Free words.
    pub comment: Option<String>,
}

/// The manifest of a child history that was written by the same operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestReference {
    /// Path of the manifest below this scope.
    pub path: RelPath,
    /// C4 ID of its bytes.
    pub c4: HashValue,
}

/// Something a reader should be told although the manifest was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestWarning {
    /// A hash without action counts as original.
    #[error("{0}: a hash without action is taken as original")]
    NoAction(RelPath),
    /// An unknown action counts as failed.
    #[error("{path}: the action {action:?} is not known; the hash is not trusted")]
    UnknownAction {
        /// The file.
        path: RelPath,
        /// As found.
        action: String,
    },
    /// An element that is no hash format of ASC MHL, e.g. `sha256`.
    #[error("{path}: {element:?} is no hash format of ASC MHL and cannot be checked")]
    UnknownFormat {
        /// The file.
        path: RelPath,
        /// Element name.
        element: String,
    },
    /// A file without any hash this format knows.
    #[error("{0}: no hash that can be checked")]
    NoHash(RelPath),
    /// Not a date with offset, or not a number.
    #[error("{what} {text:?} cannot be read")]
    Unreadable {
        /// Which value.
        what: &'static str,
        /// As found.
        text: String,
    },
    /// Required by the schema and absent.
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// Why bytes are no manifest that can be trusted to say what it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseManifestError {
    /// Not readable XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Another kind of document.
    #[error("the root element is {0:?}, not hashlist of urn:ASC:MHL:v2.0")]
    WrongRoot(String),
    /// A path that is absolute, climbs, or is empty.
    #[error("unsafe path {text:?}")]
    Path {
        /// As found.
        text: String,
        /// Why.
        #[source]
        source: RelPathError,
    },
    /// An entry without path.
    #[error("an entry has no path")]
    NoPath,
    /// One entry, two paths.
    #[error("one entry has two paths, {first} and {second}")]
    TwoPaths {
        /// As it stands first.
        first: RelPath,
        /// The other.
        second: RelPath,
    },
    /// Spec 6.4.9: a path stands once in a manifest.
    #[error("{0} is listed twice")]
    DuplicatePath(RelPath),
    /// One format twice in one entry.
    #[error("{path} has two {format} hashes")]
    DuplicateFormat {
        /// The entry.
        path: String,
        /// The format.
        format: HashFormat,
    },
    /// A text that is no digest.
    #[error("the digest of {path} cannot be read")]
    Digest {
        /// The entry.
        path: String,
        /// Why.
        #[source]
        source: HashParseError,
    },
    /// A process other than the three.
    #[error("the process {0:?} is not known")]
    Process(String),
}

/// Why a manifest cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteManifestError {
    /// XML 1.0 has no way to carry some control characters.
    #[error("{text:?} ({what}) contains a character that XML cannot carry")]
    Unrepresentable {
        /// Which value.
        what: &'static str,
        /// The value.
        text: String,
    },
}

/// One manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Who, where, with what.
    pub creator: Creator,
    /// Kind of operation.
    pub process: Process,
    /// Hashes of the scope itself; not written by every tool.
    pub root_hash: Option<RootHash>,
    /// Ignore patterns in force.
    pub ignore: Vec<String>,
    /// Files and folders in the order they stand.
    pub entries: Vec<Entry>,
    /// What another tool keeps with the whole.
    pub metadata: Option<Metadata>,
    /// Manifests of child histories.
    pub references: Vec<ManifestReference>,
    /// What was odd about it when it was read. Not written.
    pub warnings: Vec<ManifestWarning>,
}

impl Manifest {
    /// Reads a manifest. Any prefix may stand for the namespace; `metadata` is kept as it stands.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseManifestError> {
        crate::xml_read::manifest(bytes, &mut KnownPaths::default())
    }

    /// As [`parse`](Self::parse); paths that are in `known` share their text with it, new ones are added.
    pub(crate) fn parse_sharing(bytes: &[u8], known: &mut KnownPaths) -> Result<Self, ParseManifestError> {
        crate::xml_read::manifest(bytes, known)
    }

    /// Writes a manifest as the schema asks: UTF-8, hash formats in alphabetical order, dates in UTC, no empty `hashes`.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteManifestError> {
        crate::xml_write::manifest(self)
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::File(file) => Some(file),
            Entry::Folder(_) => None,
        })
    }

    /// The folders.
    pub fn folders(&self) -> impl Iterator<Item = &FolderEntry> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Folder(folder) => Some(folder),
            Entry::File(_) => None,
        })
    }

    /// What a folder must hold to agree with this manifest alone, as with a packing list.
    #[must_use]
    pub fn expected(&self) -> BTreeMap<RelPath, ExpectedFile> {
        let mut gathering = crate::expected::Gathering::default();
        gathering.add(1, self);
        gathering.finish()
    }
}
