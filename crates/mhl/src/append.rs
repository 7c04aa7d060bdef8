//! Owns the next generation: what is original, verified or failed (spec 5.6), directory hashes (6.5.2), ignore inheritance, order and
//! names. Builds everything in memory and refuses before a byte is given out; the caller writes manifest first, chain last.

use crate::chain::ChainEntry;
use crate::directory::{DirectoryHashes, FolderHashes, directory_hashes};
use crate::expected::ExpectedFile;
use crate::hash::hash_bytes;
use crate::history::{History, below};
use crate::ignore::{IgnoreSet, distributed, grown};
use crate::manifest::{
    Action, Creator, Entry, FileEntry, FolderEntry, HashEntry, Manifest, ManifestReference, RootHash, WriteManifestError,
};
use crate::naming::manifest_name;
use crate::operation::{AuthorError, Operation};
use crate::xml::is_representable;
use checkgate_model::{HashFormat, HashValue, RelPath, Timestamp};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What the next generation is to record.
#[derive(Debug, Clone, Copy)]
pub struct Append<'a> {
    /// Name of the root folder, for the manifest's name.
    pub folder_name: &'a str,
    /// Who, when, where, with what.
    pub operation: &'a Operation,
    /// Files with their digests.
    pub files: &'a [FileRecord],
    /// Folders, empty ones included. Those above files and folders need not be given.
    pub folders: &'a [FolderRecord],
    /// Patterns that join those in force.
    pub ignore: &'a [String],
    /// Which directory hashes are written.
    pub folder_hashes: FolderHashing<'a>,
    /// Whether the files are all there are.
    pub scope: Scope,
}

impl<'a> Append<'a> {
    /// A generation over the whole tree, with directory hashes in every format that all files have.
    #[must_use]
    pub const fn whole(
        folder_name: &'a str,
        operation: &'a Operation,
        files: &'a [FileRecord],
        folders: &'a [FolderRecord],
    ) -> Self {
        Self { folder_name, operation, files, folders, ignore: &[], folder_hashes: FolderHashing::Common, scope: Scope::Whole }
    }

    /// A generation over some files only: no directory hashes, nothing can be missing, and only the histories that own a file,
    /// and those above them, get a generation.
    #[must_use]
    pub const fn part(folder_name: &'a str, operation: &'a Operation, files: &'a [FileRecord]) -> Self {
        Self { folder_name, operation, files, folders: &[], ignore: &[], folder_hashes: FolderHashing::Skip, scope: Scope::Part }
    }
}

/// Which directory hashes a generation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FolderHashing<'a> {
    /// In every format that all files have.
    #[default]
    Common,
    /// In those of these formats that all files have.
    Formats(&'a [HashFormat]),
    /// None at all: folders are recorded without hashes.
    Skip,
}

/// Whether the files given are all there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Every file of the tree: what is recorded and not given is missing.
    #[default]
    Whole,
    /// Some files.
    Part,
}

/// A file as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Path below the root.
    pub path: RelPath,
    /// Size.
    pub size_bytes: u64,
    /// Modification date.
    pub modified: Option<Timestamp>,
    /// Digests, all from one read.
    pub hashes: Vec<HashValue>,
    /// When that read ended.
    pub hashed_at: Timestamp,
    /// Path it had in the preceding generation, where it was renamed.
    pub previous_path: Option<RelPath>,
}

/// A folder as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRecord {
    /// Path below the root.
    pub path: RelPath,
    /// Modification date.
    pub modified: Option<Timestamp>,
    /// Path it had in the preceding generation, where it was renamed.
    pub previous_path: Option<RelPath>,
}

impl From<RelPath> for FolderRecord {
    fn from(path: RelPath) -> Self {
        Self { path, modified: None, previous_path: None }
    }
}

/// A generation to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewGeneration {
    /// Folder whose history it belongs to; `None` at the root.
    pub folder: Option<RelPath>,
    /// Its number.
    pub number: u32,
    /// File name of the manifest, below `ascmhl/`.
    pub manifest_name: String,
    /// Bytes of the manifest.
    pub manifest_xml: Vec<u8>,
    /// C4 ID of the manifest's bytes.
    pub manifest_c4: HashValue,
    /// Bytes of the whole chain file.
    pub chain_xml: Vec<u8>,
    /// Content and structure of the scope in each format that has directory hashes.
    pub root_hashes: Vec<(HashFormat, FolderHashes)>,
    /// What was recorded for each file and format, children included.
    pub outcomes: Vec<(RelPath, HashFormat, Action)>,
    /// Files that differ from what is recorded.
    pub failed: Vec<RelPath>,
    /// Expected files and folders that were not given.
    pub missing: Vec<RelPath>,
    /// Given files that the patterns ignore.
    pub ignored: Vec<RelPath>,
    /// Generations of nested histories. Write these before this one.
    pub children: Vec<NewGeneration>,
}

/// Why no generation can be built. Nothing has been written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The name contains a character that XML cannot carry.
    #[error("{path:?} contains a character that a manifest cannot carry")]
    Unrepresentable {
        /// The file or folder.
        path: RelPath,
    },
    /// A word about the operation cannot be written.
    #[error(transparent)]
    Text(#[from] WriteManifestError),
    /// An author cannot be written.
    #[error(transparent)]
    Author(#[from] AuthorError),
    /// A path was given twice, or as file and folder.
    #[error("{path} was given twice")]
    Duplicate {
        /// The path.
        path: RelPath,
    },
    /// A file cannot hold another.
    #[error("{path} is a file, yet something was given below it")]
    FileAboveAnother {
        /// The file.
        path: RelPath,
    },
    /// A file without digest.
    #[error("{path} was given without a hash")]
    NoHash {
        /// The file.
        path: RelPath,
    },
    /// Two digests of one format.
    #[error("{path} was given with two {format} hashes")]
    DuplicateFormat {
        /// The file.
        path: RelPath,
        /// The format.
        format: HashFormat,
    },
    /// None of the formats given is recorded, so the file cannot be compared: hash it in a recorded format as well.
    #[error("{path} was hashed in no recorded format ({})", recorded.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "))]
    NothingToCompare {
        /// The file.
        path: RelPath,
        /// Formats that are recorded.
        recorded: Vec<HashFormat>,
    },
    /// A rename from a path that is not recorded, still exists, or is claimed twice.
    #[error("{path} cannot have been {previous} before")]
    PreviousPath {
        /// The file.
        path: RelPath,
        /// The path it is said to have had.
        previous: RelPath,
    },
    /// There is no number after this.
    #[error("the history is full")]
    Full,
    /// Neither a file nor a folder: the schema has no generation that records nothing.
    #[error("there is no file and no folder to record")]
    NothingToRecord,
}

/// A generation and which of the files and folders given went into it, here or in a child.
struct Built {
    generation: NewGeneration,
    files: Vec<usize>,
    folders: Vec<usize>,
    is_empty: bool,
}

/// Files and folders that belong to one nested history, by their place in what was given.
#[derive(Default)]
struct Inside {
    files: Vec<usize>,
    folders: Vec<usize>,
    is_there: bool,
}

impl History {
    /// Builds the next generation. Files that differ or are missing do not stop it: they are told in the result.
    pub fn append(&self, append: &Append<'_>) -> Result<NewGeneration, AppendError> {
        for author in &append.operation.authors {
            author.check()?;
        }
        check_input(append.files, append.folders)?;
        let built = self.build(append)?;
        if built.is_empty { Err(AppendError::NothingToRecord) } else { Ok(built.generation) }
    }

    fn build(&self, append: &Append<'_>) -> Result<Built, AppendError> {
        let (files, folders, operation) = (append.files, append.folders, append.operation);
        let number = self.latest_number().checked_add(1).ok_or(AppendError::Full)?;
        let mut own_extra = append.ignore.to_vec();
        let mut child_extra: BTreeMap<&RelPath, Vec<String>> = BTreeMap::new();
        for child in self.children.keys() {
            let (for_child, for_parent) = distributed(&own_extra, child);
            child_extra.insert(child, for_child);
            own_extra = for_parent;
        }
        let patterns = grown(&self.ignore_patterns(), &own_extra);
        let ignore = IgnoreSet::new(&patterns);

        // Each file and folder belongs to the nested history it lies in, or here.
        let mut inside: HashMap<&str, Inside> = self.children.keys().map(|at| (at.as_str(), Inside::default())).collect();
        let (mut kept_files, mut kept_folders, mut ignored) = (Vec::new(), Vec::new(), Vec::new());
        for (index, file) in files.iter().enumerate() {
            if ignore.is_ignored(&file.path, false) {
                ignored.push(file.path.clone());
                continue;
            }
            match owner(&file.path, &mut inside) {
                Some(child) => child.files.push(index),
                None => kept_files.push(index),
            }
        }
        for (index, folder) in folders.iter().enumerate() {
            if ignore.is_ignored(&folder.path, true) {
                continue;
            }
            if let Some(child) = inside.get_mut(folder.path.as_str()) {
                child.is_there = true;
            }
            match owner(&folder.path, &mut inside) {
                Some(child) => child.folders.push(index),
                None => kept_folders.push(index),
            }
        }
        let own_files: Vec<&FileRecord> = kept_files.iter().map(|at| &files[*at]).collect();
        let own_records: HashMap<&RelPath, &FolderRecord> =
            kept_folders.iter().map(|at| (&folders[*at].path, &folders[*at])).collect();

        let mut children = Vec::new();
        let mut absent: Vec<&RelPath> = Vec::new();
        for (at, history) in &self.children {
            let Some(own) = inside.remove(at.as_str()) else { continue };
            if own.files.is_empty() && own.folders.is_empty() && !own.is_there {
                absent.push(at);
                continue;
            }
            let records: Vec<FileRecord> = own.files.iter().filter_map(|index| moved_file(&files[*index], at)).collect();
            let below: Vec<FolderRecord> = own.folders.iter().filter_map(|index| moved_folder(&folders[*index], at)).collect();
            let built = history.build(&Append {
                folder_name: at.file_name(),
                files: &records,
                folders: &below,
                ignore: child_extra.get(at).map(Vec::as_slice).unwrap_or_default(),
                ..*append
            })?;
            kept_files.extend(built.files.iter().map(|index| own.files[*index]));
            kept_folders.extend(built.folders.iter().map(|index| own.folders[*index]));
            children.push((at, built.generation, built.is_empty));
        }

        let recorded = self.own_expected();
        let given: HashSet<&RelPath> = kept_files.iter().map(|at| &files[*at].path).collect();
        let all_files: Vec<&FileRecord> = kept_files.iter().map(|at| &files[*at]).collect();
        let all_folders: Vec<&RelPath> = kept_folders.iter().map(|at| &folders[*at].path).collect();
        let sums: Vec<DirectoryHashes> = self
            .folder_formats(&all_files, append.folder_hashes)
            .into_iter()
            .map(|format| {
                let digests = all_files.iter().filter_map(|file| Some((&file.path, value_of(file, format)?)));
                directory_hashes(format, digests, all_folders.iter().copied())
            })
            .collect();
        let summed_at = all_files.iter().map(|file| file.hashed_at).max().unwrap_or(operation.started).max(operation.started);
        let present_folders = with_parents(&all_files, &all_folders);
        drop((all_files, all_folders));

        // What this history records, in order; entries are made one at a time, on their way into the manifest.
        let mut order: Vec<Slot<'_>> = own_files.into_iter().map(Slot::File).collect();
        if append.scope == Scope::Whole {
            let nested: HashSet<&str> = children.iter().map(|(at, ..)| at.as_str()).collect();
            let own = present_folders.iter().filter(|folder| !lies_in(folder, &nested));
            order.extend(own.map(|folder| Slot::Folder(folder, own_records.get(folder).copied())));
        }
        order.sort_by(|a, b| reference_order(a.path(), b.path()));
        let renamed =
            self::renamed(
                &order,
                &recorded,
                |path, is_dir| {
                    if is_dir { present_folders.contains(path) } else { given.contains(path) }
                },
            )?;

        let mut missing: Vec<RelPath> = Vec::new();
        if append.scope == Scope::Whole {
            let gone = recorded.iter().filter(|(path, record)| {
                let here = if record.is_dir { present_folders.contains(*path) } else { given.contains(*path) };
                !here && !renamed.contains(*path) && !ignore.is_ignored(path, record.is_dir)
            });
            missing.extend(gone.map(|(path, _)| path.clone()));
            for at in absent {
                if !ignore.is_ignored(at, true) {
                    missing.extend(self.children[at].expected().keys().filter_map(|path| at.join(path.as_str()).ok()));
                }
            }
        }

        let mut references = Vec::new();
        let mut written = Vec::new();
        let (mut outcomes, mut failed) = (Vec::new(), Vec::new());
        for (at, mut generation, is_empty) in children {
            let prefixed =
                |paths: Vec<RelPath>| paths.into_iter().filter_map(|path| at.join(path.as_str()).ok()).collect::<Vec<_>>();
            outcomes.extend(
                std::mem::take(&mut generation.outcomes)
                    .into_iter()
                    .filter_map(|(path, format, action)| Some((at.join(path.as_str()).ok()?, format, action))),
            );
            failed.extend(prefixed(std::mem::take(&mut generation.failed)));
            missing.extend(prefixed(std::mem::take(&mut generation.missing)));
            ignored.extend(prefixed(std::mem::take(&mut generation.ignored)));
            if is_empty {
                continue;
            }
            if let Ok(path) = at.join(&format!("{}/{}", crate::FOLDER, generation.manifest_name)) {
                references.push(ManifestReference { path, c4: generation.manifest_c4.clone() });
            }
            written.push(placed(generation, at));
        }
        missing.sort();
        missing.dedup();

        let is_empty = order.is_empty() && references.is_empty();
        let head = Manifest {
            creator: creator(operation),
            process: operation.process,
            root_hash: (!sums.is_empty()).then(|| RootHash {
                content: sums.iter().map(|sum| plain(&sum.root.content, summed_at)).collect(),
                structure: sums.iter().map(|sum| plain(&sum.root.structure, summed_at)).collect(),
            }),
            ignore: patterns,
            entries: Vec::new(),
            metadata: None,
            references,
            warnings: Vec::new(),
        };
        let estimate = order.iter().map(Slot::estimate).sum();
        let mut entries = order.iter().map(|slot| match slot {
            Slot::Folder(folder, record) => Ok(Entry::Folder(folder_entry(folder, *record, &sums, summed_at))),
            Slot::File(file) => {
                let known = recorded.get(file.previous_path.as_ref().unwrap_or(&file.path)).filter(|record| !record.is_dir);
                let hashes = judged(file, known)?;
                if hashes.iter().any(|hash| hash.action == Some(Action::Failed)) {
                    failed.push(file.path.clone());
                }
                outcomes.extend(hashes.iter().filter_map(|hash| Some((file.path.clone(), hash.value.format(), hash.action?))));
                Ok(Entry::File(FileEntry {
                    path: file.path.clone(),
                    size_bytes: Some(file.size_bytes),
                    created: None,
                    modified: file.modified,
                    hashes,
                    previous_path: file.previous_path.clone(),
                    metadata: None,
                }))
            }
        });
        let manifest_xml = crate::xml_write::streamed::<AppendError>(&head, estimate, &mut entries)?;
        let root_hashes = sums.iter().map(|sum| (sum.root.content.format(), sum.root.clone())).collect();
        let manifest_c4 = hash_bytes(HashFormat::C4, &manifest_xml);
        let manifest_name = manifest_name(number, append.folder_name, operation.started);
        let mut chain = self.chain.clone();
        chain.entries.push(ChainEntry { sequence: number, name: manifest_name.clone(), c4: manifest_c4.clone() });
        let chain_xml = chain.to_xml()?;
        let generation = NewGeneration {
            folder: None,
            number,
            manifest_name,
            manifest_xml,
            manifest_c4,
            chain_xml,
            root_hashes,
            outcomes,
            failed,
            missing,
            ignored,
            children: written,
        };
        Ok(Built { generation, files: kept_files, folders: kept_folders, is_empty })
    }

    /// Folders are hashed in formats that every file has. A tree without files takes those asked for, or of the last generation.
    fn folder_formats(&self, files: &[&FileRecord], hashing: FolderHashing<'_>) -> Vec<HashFormat> {
        let asked = match hashing {
            FolderHashing::Skip => return Vec::new(),
            FolderHashing::Formats(formats) => Some(formats),
            FolderHashing::Common => None,
        };
        if files.is_empty() {
            if let Some(asked) = asked {
                return HashFormat::ALL.into_iter().filter(|format| asked.contains(format)).collect();
            }
            let last = self.generations.last().and_then(|generation| generation.manifest.root_hash.as_ref());
            let formats: Vec<HashFormat> =
                last.map(|root| root.content.iter().map(|hash| hash.value.format()).collect()).unwrap_or_default();
            return if formats.is_empty() { vec![HashFormat::Xxh128] } else { formats };
        }
        HashFormat::ALL
            .into_iter()
            .filter(|format| asked.is_none_or(|asked| asked.contains(format)))
            .filter(|format| files.iter().all(|file| value_of(file, *format).is_some()))
            .collect()
    }
}

/// Something a generation records.
enum Slot<'a> {
    File(&'a FileRecord),
    Folder(&'a RelPath, Option<&'a FolderRecord>),
}

impl Slot<'_> {
    const fn path(&self) -> &RelPath {
        match self {
            Self::File(file) => &file.path,
            Self::Folder(folder, _) => folder,
        }
    }

    /// About the bytes it takes in a manifest.
    fn estimate(&self) -> usize {
        match self {
            Self::File(file) => 190 + self.path().as_str().len() + file.hashes.len() * 150,
            Self::Folder(..) => 600 + self.path().as_str().len(),
        }
    }
}

/// Previous paths that are given, each once, each recorded and no longer there.
fn renamed(
    order: &[Slot<'_>],
    recorded: &BTreeMap<RelPath, ExpectedFile>,
    is_there: impl Fn(&RelPath, bool) -> bool,
) -> Result<HashSet<RelPath>, AppendError> {
    let mut renamed = HashSet::new();
    for slot in order {
        let (previous, is_dir) = match slot {
            Slot::File(file) => (file.previous_path.as_ref(), false),
            Slot::Folder(_, record) => (record.and_then(|record| record.previous_path.as_ref()), true),
        };
        let Some(previous) = previous else { continue };
        let known = recorded.get(previous).is_some_and(|record| record.is_dir == is_dir) && !is_there(previous, is_dir);
        if !known || recorded.contains_key(slot.path()) || !renamed.insert(previous.clone()) {
            return Err(AppendError::PreviousPath { path: slot.path().clone(), previous: previous.clone() });
        }
    }
    Ok(renamed)
}

fn folder_entry(folder: &RelPath, record: Option<&FolderRecord>, sums: &[DirectoryHashes], summed_at: Timestamp) -> FolderEntry {
    let pair = |pick: fn(&FolderHashes) -> &HashValue| -> Vec<HashEntry> {
        sums.iter().filter_map(|sum| sum.folders.get(folder)).map(|both| plain(pick(both), summed_at)).collect()
    };
    FolderEntry {
        path: folder.clone(),
        created: None,
        modified: record.and_then(|record| record.modified),
        content: pair(|both| &both.content),
        structure: pair(|both| &both.structure),
        previous_path: record.and_then(|record| record.previous_path.clone()),
        metadata: None,
    }
}

/// The nested history that `path` lies in; its own folder does not lie in it.
fn owner<'a>(path: &RelPath, inside: &'a mut HashMap<&str, Inside>) -> Option<&'a mut Inside> {
    if inside.is_empty() {
        return None;
    }
    let text = path.as_str();
    let (slash, _) = text.match_indices('/').find(|(slash, _)| inside.contains_key(&text[..*slash]))?;
    inside.get_mut(&text[..slash])
}

fn lies_in(path: &RelPath, nested: &HashSet<&str>) -> bool {
    let text = path.as_str();
    !nested.is_empty() && text.match_indices('/').any(|(slash, _)| nested.contains(&text[..slash]))
}

/// Whether a manifest can carry the name. Ask while the card is scanned, before hours are spent on copying it.
#[must_use]
pub fn can_record(path: &RelPath) -> bool {
    is_representable(path.as_str())
}

fn check_input(files: &[FileRecord], folders: &[FolderRecord]) -> Result<(), AppendError> {
    let paths = || files.iter().map(|file| &file.path).chain(folders.iter().map(|folder| &folder.path));
    if let Some(path) = paths().find(|path| !can_record(path)) {
        return Err(AppendError::Unrepresentable { path: path.clone() });
    }
    let mut seen = HashSet::new();
    if let Some(path) = paths().find(|path| !seen.insert(path.as_str())) {
        return Err(AppendError::Duplicate { path: path.clone() });
    }
    let above: HashSet<&str> =
        paths().flat_map(|path| path.as_str().match_indices('/').map(|(slash, _)| &path.as_str()[..slash])).collect();
    for file in files {
        if above.contains(file.path.as_str()) {
            return Err(AppendError::FileAboveAnother { path: file.path.clone() });
        }
        if file.hashes.is_empty() {
            return Err(AppendError::NoHash { path: file.path.clone() });
        }
        if let Some(format) =
            HashFormat::ALL.into_iter().find(|format| file.hashes.iter().filter(|value| value.format() == *format).count() > 1)
        {
            return Err(AppendError::DuplicateFormat { path: file.path.clone(), format });
        }
    }
    Ok(())
}

/// The rule: a file without trusted record is original in every format. Else recorded formats decide, and a new format is only
/// recorded for a file that was found equal.
fn judged(file: &FileRecord, known: Option<&ExpectedFile>) -> Result<Vec<HashEntry>, AppendError> {
    let entry =
        |value: &HashValue, action| HashEntry { value: value.clone(), action: Some(action), hashed_at: Some(file.hashed_at) };
    let mut hashes: Vec<HashEntry> = match known.filter(|record| !record.trusted.is_empty()) {
        None => file.hashes.iter().map(|value| entry(value, Action::Original)).collect(),
        Some(record) => {
            let recorded = |value: &HashValue| record.trusted.iter().find(|trusted| trusted.format() == value.format());
            if !file.hashes.iter().any(|value| recorded(value).is_some()) {
                let recorded = record.trusted.iter().map(HashValue::format).collect();
                return Err(AppendError::NothingToCompare { path: file.path.clone(), recorded });
            }
            let equal = file.hashes.iter().all(|value| recorded(value).is_none_or(|trusted| trusted == value));
            file.hashes
                .iter()
                .filter_map(|value| match recorded(value) {
                    Some(trusted) if trusted == value => Some(entry(value, Action::Verified)),
                    Some(_) => Some(entry(value, Action::Failed)),
                    None => equal.then(|| entry(value, Action::Verified)),
                })
                .collect()
        }
    };
    hashes.sort_by_key(|hash| hash.value.format());
    Ok(hashes)
}

fn value_of(file: &FileRecord, format: HashFormat) -> Option<&HashValue> {
    file.hashes.iter().find(|value| value.format() == format)
}

fn plain(value: &HashValue, at: Timestamp) -> HashEntry {
    HashEntry { value: value.clone(), action: None, hashed_at: Some(at) }
}

fn moved_file(file: &FileRecord, root: &RelPath) -> Option<FileRecord> {
    let previous_path = file.previous_path.as_ref().and_then(|previous| below(previous, root));
    Some(FileRecord { path: below(&file.path, root)?, previous_path, ..file.clone() })
}

fn moved_folder(folder: &FolderRecord, root: &RelPath) -> Option<FolderRecord> {
    let previous_path = folder.previous_path.as_ref().and_then(|previous| below(previous, root));
    Some(FolderRecord { path: below(&folder.path, root)?, previous_path, ..folder.clone() })
}

/// A child's generation seen from the root: its folder, and those of its own children, with the way to them.
fn placed(mut generation: NewGeneration, at: &RelPath) -> NewGeneration {
    generation.folder = match &generation.folder {
        None => Some(at.clone()),
        Some(folder) => at.join(folder.as_str()).ok().or_else(|| Some(at.clone())),
    };
    generation.children = generation.children.into_iter().map(|child| placed(child, at)).collect();
    generation
}

fn with_parents(files: &[&FileRecord], folders: &[&RelPath]) -> BTreeSet<RelPath> {
    let mut all: BTreeSet<RelPath> = folders.iter().map(|folder| (*folder).clone()).collect();
    for path in files.iter().map(|file| &file.path).chain(folders.iter().copied()) {
        let mut above = path.parent();
        while let Some(folder) = above {
            above = folder.parent();
            if !all.insert(folder) {
                break;
            }
        }
    }
    all
}

pub(crate) fn creator(operation: &Operation) -> Creator {
    Creator {
        created: Some(operation.started),
        host_name: operation.host_name.clone(),
        tool: operation.tool.clone(),
        tool_version: Some(operation.tool_version.clone()),
        authors: operation.authors.clone(),
        location: operation.location.clone(),
        comment: operation.comment.clone(),
    }
}

/// The order of the reference tool: what lies in subfolders first, depth first, then the folder's own children by name.
pub(crate) fn reference_order(a: &RelPath, b: &RelPath) -> Ordering {
    let (mut left, mut right) = (a.components().peekable(), b.components().peekable());
    loop {
        let (Some(one), Some(other)) = (left.next(), right.next()) else { return a.cmp(b) };
        match (left.peek().is_some(), right.peek().is_some()) {
            (true, true) if one == other => {}
            (true, true) | (false, false) => return one.cmp(other),
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_in_the_order_of_the_reference() {
        let mut paths: Vec<RelPath> = ["Sidecar.txt", "Clips", "A.txt", "Clips/b", "Clips/a/x", "Clips/a", "B", "B/z"]
            .iter()
            .map(|text| RelPath::new(text).expect("a path"))
            .collect();
        paths.sort_by(reference_order);
        let texts: Vec<&str> = paths.iter().map(RelPath::as_str).collect();
        assert_eq!(texts, ["B/z", "Clips/a/x", "Clips/a", "Clips/b", "A.txt", "B", "Clips", "Sidecar.txt"]);
    }
}
