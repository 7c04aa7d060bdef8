//! Owns what `checkgate mhl … --json` shows. Lists are complete; zero is an empty list.

use serde::{Deserialize, Serialize};

/// A path and why it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathReason {
    /// Below the root.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// A path that was renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameView {
    /// As recorded.
    pub from: String,
    /// As found.
    pub to: String,
    /// In what the names differ, and what is known of the content.
    pub how: String,
}

/// Content and structure hash of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderHashView {
    /// The folder; `.` is the root.
    pub path: String,
    /// Format.
    pub format: String,
    /// Over the contents.
    pub content: String,
    /// Over names and contents.
    pub structure: String,
}

/// Answer of `mhl verify`, `mhl verify -pl` and `mhl diff`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManifestCheckView {
    /// The folder.
    pub path: String,
    /// Exit code.
    pub exit_code: u8,
    /// Manifests it was checked against.
    pub manifests: Vec<String>,
    /// Files whose content was compared.
    pub checked: u64,
    /// Their bytes.
    pub checked_bytes: u64,
    /// How they were read.
    pub evidence: String,
    /// Recorded and not there.
    pub missing: Vec<String>,
    /// There and not recorded.
    pub extra: Vec<String>,
    /// There under another form of their name.
    pub renamed: Vec<RenameView>,
    /// Other content than recorded.
    pub mismatching: Vec<PathReason>,
    /// Only the size could be compared.
    pub size_only: Vec<String>,
    /// Cannot be read.
    pub unreadable: Vec<PathReason>,
    /// Links, special files, names that no manifest can carry.
    pub skipped: Vec<PathReason>,
    /// Histories and lists that cannot be trusted.
    pub damaged: Vec<PathReason>,
    /// Worth telling.
    pub notes: Vec<String>,
}

/// Answer of `mhl create` and `mhl convert`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManifestCreateView {
    /// The folder.
    pub path: String,
    /// Exit code.
    pub exit_code: u8,
    /// Number of the new generation; 0 if none was written.
    pub generation: u32,
    /// Manifests that were written.
    pub written: Vec<String>,
    /// Files that were hashed.
    pub hashed: u64,
    /// Their bytes.
    pub hashed_bytes: u64,
    /// Hashes recorded as original.
    pub original: u64,
    /// Hashes recorded as verified.
    pub verified: u64,
    /// Files that differ from what is recorded.
    pub failed: Vec<String>,
    /// Recorded and not there.
    pub missing: Vec<String>,
    /// Recorded under a new name.
    pub renamed: Vec<RenameView>,
    /// Cannot be read.
    pub unreadable: Vec<PathReason>,
    /// Links and special files.
    pub skipped: Vec<PathReason>,
    /// Names that no manifest can carry.
    pub unrecordable: Vec<PathReason>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<PathReason>,
    /// Content and structure of the root.
    pub root_hashes: Vec<FolderHashView>,
    /// Worth telling.
    pub notes: Vec<String>,
}

/// Answer of `mhl verify -dh`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DirectoryHashView {
    /// The folder.
    pub path: String,
    /// Exit code.
    pub exit_code: u8,
    /// Pairs that were compared with recorded ones.
    pub compared: u64,
    /// Every folder in every format.
    pub folders: Vec<FolderHashView>,
    /// Folders that differ.
    pub differing: Vec<PathReason>,
    /// Cannot be read.
    pub unreadable: Vec<PathReason>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<PathReason>,
    /// Worth telling.
    pub notes: Vec<String>,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GenerationView {
    /// Folder of the history; `.` is the root.
    pub scope: String,
    /// Number.
    pub number: u32,
    /// File name.
    pub name: String,
    /// C4 ID.
    pub c4: String,
    /// When, in UTC.
    pub created: Option<String>,
    /// Machine.
    pub host_name: String,
    /// Tool and version.
    pub tool: String,
    /// `in-place`, `transfer` or `flatten`.
    pub process: String,
    /// People, as name, role and address.
    pub authors: Vec<String>,
    /// Place.
    pub location: Option<String>,
    /// Words.
    pub comment: Option<String>,
    /// Files it lists.
    pub files: u64,
    /// Folders it lists.
    pub folders: u64,
    /// Hashes recorded as original.
    pub original: u64,
    /// Hashes recorded as verified.
    pub verified: u64,
    /// Hashes recorded as failed.
    pub failed: u64,
    /// Formats of the file hashes.
    pub formats: Vec<String>,
    /// Content and structure of the scope.
    pub root_hashes: Vec<FolderHashView>,
    /// Ignore patterns.
    pub ignore: Vec<String>,
}

/// One recorded hash of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedHashView {
    /// Generation.
    pub generation: u32,
    /// Path it had then.
    pub path: String,
    /// Format.
    pub format: String,
    /// Digest.
    pub digest: String,
    /// `original`, `verified`, `failed`.
    pub action: Option<String>,
    /// When, in UTC.
    pub hashed_at: Option<String>,
    /// Size recorded with it.
    pub size_bytes: Option<u64>,
}

/// What is recorded for one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFileView {
    /// The file.
    pub path: String,
    /// Oldest first.
    pub hashes: Vec<RecordedHashView>,
}

/// Answer of `mhl info`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HistoryView {
    /// The folder.
    pub path: String,
    /// Exit code.
    pub exit_code: u8,
    /// Generations, those of the root first.
    pub generations: Vec<GenerationView>,
    /// Files asked for.
    pub files: Vec<RecordedFileView>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<PathReason>,
    /// Worth telling.
    pub notes: Vec<String>,
}

/// Answer of `mhl flatten`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackingListView {
    /// Exit code.
    pub exit_code: u8,
    /// The list.
    pub list: String,
    /// The collection that names it.
    pub collection: Option<String>,
    /// C4 ID of its bytes.
    pub c4: String,
    /// Files in it.
    pub files: u64,
    /// Files of which every hash failed; they are not in it.
    pub left_out: Vec<String>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<PathReason>,
}
