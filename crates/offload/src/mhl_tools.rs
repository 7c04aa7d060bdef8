//! Owns what an ASC MHL tool does beside creating and verifying: directory hashes against the recorded ones, the story a history
//! tells, packing lists. Reads the tree, writes packing lists only, and those only where it is told to.

use crate::control::Control;
use crate::hash_files::{Job, hash_files};
use crate::histories::{DamagedHistory, MOST_MANIFEST_BYTES};
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::report::{Mismatch, UnreadableFile};
use crate::tree::Tree;
use crate::verify::VerifyError;
use checkgate_mhl::{
    Action, COLLECTION, Chain, ChainEntry, DirectoryHashes, FolderHashes, History, Keep, Operation, directory_hashes, hash_bytes,
    packing_list_name,
};
use checkgate_model::{ErrorCode, HashFormat, HashValue, Problem, RelPath, Timestamp};
use checkgate_volume::{Destination, DestinationError, Replace, Source};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Which directory hashes to compute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryOptions {
    /// Formats; empty means those the last generation has, else xxh128.
    pub formats: Vec<HashFormat>,
    /// Compute only; compare with nothing and need no history.
    pub calculate_only: bool,
    /// Patterns beside those in force.
    pub ignore: Vec<String>,
    /// Whether files are read past the system's cache or through it.
    pub depth: VerifyDepth,
}

/// Content and structure of a folder in one format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderPair {
    /// The folder; `None` is the root.
    pub path: Option<RelPath>,
    /// Format.
    pub format: HashFormat,
    /// As computed.
    pub found: FolderHashes,
}

/// What was computed and compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryReport {
    /// Every folder in every format, the root last.
    pub folders: Vec<FolderPair>,
    /// Pairs that were compared.
    pub compared: u64,
    /// Folders that differ from what is recorded; the path `.` is the root.
    pub differing: Vec<(String, String)>,
    /// Files that cannot be read: nothing above them can be compared.
    pub unreadable: Vec<UnreadableFile>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<DamagedHistory>,
    /// Oddities worth telling.
    pub notes: Vec<String>,
    /// Somebody stopped it.
    pub stopped: bool,
}

impl DirectoryReport {
    /// 12 where a folder differs.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if let Some(damage) = self.damaged.first() {
            damage.exit_code
        } else if self.stopped {
            4
        } else if !self.differing.is_empty() {
            12
        } else if !self.unreadable.is_empty() {
            3
        } else {
            0
        }
    }
}

/// Computes directory hashes, and compares them with the latest that are recorded for each scope.
///
/// # Errors
/// Where the folder cannot be listed or has no history to compare with.
pub fn verify_directories(
    root: &Path,
    options: &DirectoryOptions,
    control: &Control,
    meter: &Meter,
) -> Result<DirectoryReport, VerifyError> {
    meter.set_phase(Phase::Preparing);
    let tree = open(root)?;
    let (found, loaded) = tree.histories(Keep::Everything);
    let mut report = DirectoryReport { damaged: loaded.damaged.clone(), ..DirectoryReport::default() };
    report.unreadable.clone_from(&tree.unreadable);
    report.notes.extend(tree.leftovers(&loaded));
    if !report.damaged.is_empty() {
        return Ok(report);
    }
    if !found.has(None) && !options.calculate_only {
        return Err(VerifyError::NoHistory(root.to_path_buf()));
    }
    let history = &loaded.history;
    let recorded = if options.calculate_only { Recorded::default() } else { Recorded::of(history) };
    let mut formats: BTreeSet<HashFormat> = options.formats.iter().copied().collect();
    if !options.calculate_only {
        for format in formats.iter().filter(|format| !recorded.formats.contains(*format)) {
            report.notes.push(format!("no directory hashes are recorded in {format}"));
        }
        formats.retain(|format| recorded.formats.contains(format));
    }
    if formats.is_empty() {
        formats = recorded.formats.clone();
    }
    if formats.is_empty() {
        if !options.calculate_only {
            report.notes.push("this history records no directory hashes: there is nothing to compare with".to_owned());
            return Ok(report);
        }
        formats.insert(HashFormat::Xxh128);
    }
    let formats: Vec<HashFormat> = formats.into_iter().collect();
    let rules = history.ignore_rules(&options.ignore);
    let files: Vec<_> = tree.listing.files.iter().filter(|file| !rules.is_ignored(&file.path, false)).collect();
    let folders: Vec<&RelPath> = tree.listing.folders.iter().filter(|folder| !rules.is_ignored(folder, true)).collect();
    let jobs: Vec<Job<'_>> = files
        .iter()
        .map(|file| Job { path: &file.path, size_bytes: file.size_bytes, formats: Cow::Borrowed(&formats), legacy: Vec::new() })
        .collect();
    let lane = meter.source();
    lane.begin(Phase::Proving, jobs.len() as u64, jobs.iter().map(|job| job.size_bytes).sum());
    meter.set_phase(Phase::Proving);
    let values: Mutex<(Vec<Vec<HashValue>>, Vec<UnreadableFile>)> = Mutex::new((vec![Vec::new(); jobs.len()], Vec::new()));
    hash_files(&tree.source, &jobs, options.depth, control, &lane, &|at, outcome| {
        let mut shared = values.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(found) => shared.0[at] = found.values,
            Err(problem) => shared.1.push(UnreadableFile { path: jobs[at].path.to_string(), problem }),
        }
    });
    let (values, unreadable) = values.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.unreadable.extend(unreadable);
    report.stopped = control.is_stopped();
    if report.stopped {
        return Ok(report);
    }
    for format in formats.iter().copied() {
        let digests = files
            .iter()
            .zip(&values)
            .filter_map(|(file, values)| Some((&file.path, values.iter().find(|value| value.format() == format)?)));
        let DirectoryHashes { root, folders } = directory_hashes(format, digests, folders.iter().copied());
        for (path, found) in &folders {
            recorded.compare(Some(path), format, found, &mut report);
        }
        recorded.compare(None, format, &root, &mut report);
        report.folders.extend(folders.into_iter().map(|(path, found)| FolderPair { path: Some(path), format, found }));
        report.folders.push(FolderPair { path: None, format, found: root });
    }
    meter.set_phase(Phase::Done);
    Ok(report)
}

fn open(root: &Path) -> Result<Tree, VerifyError> {
    Tree::open(root).map_err(|(code, source)| VerifyError::Root { path: root.to_path_buf(), code, source })
}

/// The latest recorded pairs. A nested history speaks for its own folder, beside what the one above it says.
#[derive(Debug, Default)]
struct Recorded {
    pairs: BTreeMap<(Option<RelPath>, HashFormat), Vec<FolderHashes>>,
    formats: BTreeSet<HashFormat>,
}

impl Recorded {
    fn of(history: &History) -> Self {
        let mut recorded = Self::default();
        recorded.add(history, None);
        recorded
    }

    fn add(&mut self, history: &History, at: Option<&RelPath>) {
        let latest = history.generations().iter().rev().find(|generation| {
            generation.manifest.root_hash.as_ref().is_some_and(|root| !root.content.is_empty())
                || generation.manifest.folders().any(|folder| !folder.content.is_empty())
        });
        if let Some(generation) = latest {
            let manifest = &generation.manifest;
            if let Some(root) = &manifest.root_hash {
                self.add_pairs(at.cloned(), &root.content, &root.structure);
            }
            for folder in manifest.folders() {
                let path = at.map_or_else(|| Ok(folder.path.clone()), |at| at.join(folder.path.as_str()));
                if let Ok(path) = path {
                    self.add_pairs(Some(path), &folder.content, &folder.structure);
                }
            }
        }
        for (folder, child) in history.children() {
            if let Ok(folder) = at.map_or_else(|| Ok(folder.clone()), |at| at.join(folder.as_str())) {
                self.add(child, Some(&folder));
            }
        }
    }

    fn add_pairs(&mut self, path: Option<RelPath>, content: &[checkgate_mhl::HashEntry], structure: &[checkgate_mhl::HashEntry]) {
        for content in content {
            let format = content.value.format();
            let Some(structure) = structure.iter().find(|hash| hash.value.format() == format) else { continue };
            let pair = FolderHashes { content: content.value.clone(), structure: structure.value.clone() };
            self.formats.insert(format);
            self.pairs.entry((path.clone(), format)).or_default().push(pair);
        }
    }

    fn compare(&self, path: Option<&RelPath>, format: HashFormat, found: &FolderHashes, report: &mut DirectoryReport) {
        for pair in self.pairs.get(&(path.cloned(), format)).into_iter().flatten() {
            report.compared += 1;
            let what = match (pair.content == found.content, pair.structure == found.structure) {
                (true, true) => continue,
                (true, false) => "same content, other names",
                (false, _) => "other content",
            };
            let name = path.map_or_else(|| ".".to_owned(), ToString::to_string);
            let told = (name, format!("{format}: {what}"));
            if !report.differing.contains(&told) {
                report.differing.push(told);
            }
        }
    }
}

/// What a history tells.
#[derive(Debug, Clone, Default)]
pub struct HistoryInfo {
    /// Generations of every history, each with its folder, oldest first.
    pub generations: Vec<GenerationInfo>,
    /// For each file asked for, what every generation says about it.
    pub files: Vec<FileInfo>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<DamagedHistory>,
    /// Oddities worth telling.
    pub notes: Vec<String>,
}

/// One generation.
#[derive(Debug, Clone)]
pub struct GenerationInfo {
    /// Folder of its history; `None` is the root.
    pub scope: Option<RelPath>,
    /// Number.
    pub number: u32,
    /// File name of the manifest.
    pub name: String,
    /// C4 ID of its bytes.
    pub c4: String,
    /// When.
    pub created: Option<Timestamp>,
    /// Host, tool, process, people, place and words.
    pub creator: checkgate_mhl::Creator,
    /// `in-place`, `transfer` or `flatten`.
    pub process: &'static str,
    /// Files it lists.
    pub files: u64,
    /// Folders it lists.
    pub folders: u64,
    /// Hashes recorded as original, verified and failed.
    pub actions: [u64; 3],
    /// Formats of its file hashes.
    pub formats: Vec<HashFormat>,
    /// Content and structure of the scope.
    pub root_hashes: Vec<(HashFormat, String, String)>,
    /// Ignore patterns in force.
    pub ignore: Vec<String>,
}

/// What the generations say about one file.
#[derive(Debug, Clone)]
pub struct FileInfo {
    /// The file.
    pub path: RelPath,
    /// Generation, format, digest, action, size and time of each hash.
    pub hashes: Vec<FileHashInfo>,
}

/// One recorded hash.
#[derive(Debug, Clone)]
pub struct FileHashInfo {
    /// Generation.
    pub generation: u32,
    /// Path it had then.
    pub path: RelPath,
    /// Digest.
    pub value: HashValue,
    /// What it says.
    pub action: Option<Action>,
    /// When it was taken.
    pub hashed_at: Option<Timestamp>,
    /// Size that was recorded with it.
    pub size_bytes: Option<u64>,
}

/// Reads what the histories of `root` tell; with `only`, about these files.
///
/// # Errors
/// Where the folder cannot be listed, has no history, or the history does not know a file.
pub fn history_info(root: &Path, only: &[RelPath]) -> Result<HistoryInfo, VerifyError> {
    let tree = open(root)?;
    let (found, loaded) = tree.histories(Keep::Everything);
    if !found.has(None) {
        return Err(VerifyError::NoHistory(root.to_path_buf()));
    }
    let mut info = HistoryInfo { damaged: loaded.damaged.clone(), notes: tree.leftovers(&loaded), ..HistoryInfo::default() };
    if !info.damaged.is_empty() {
        return Ok(info);
    }
    tell(&loaded.history, None, &mut info);
    for path in only {
        let (scope, history) = match loaded.history.owner(path) {
            Some(scope) => (Some(scope.clone()), loaded.history.child(&scope)),
            None => (None, Some(&loaded.history)),
        };
        let inside = match &scope {
            Some(scope) => {
                path.as_str().strip_prefix(scope.as_str()).and_then(|rest| RelPath::new(rest.trim_start_matches('/')).ok())
            }
            None => Some(path.clone()),
        };
        let hashes = history.zip(inside).map(|(history, inside)| hashes_of(history, &inside)).unwrap_or_default();
        if hashes.is_empty() {
            return Err(VerifyError::NotFound(path.clone()));
        }
        info.files.push(FileInfo { path: path.clone(), hashes });
    }
    Ok(info)
}

fn tell(history: &History, at: Option<&RelPath>, info: &mut HistoryInfo) {
    info.notes.extend(history.warnings().iter().map(ToString::to_string));
    for generation in history.generations() {
        let manifest = &generation.manifest;
        let mut actions = [0; 3];
        let mut formats = BTreeSet::new();
        for hash in manifest.files().flat_map(|file| &file.hashes) {
            formats.insert(hash.value.format());
            actions[match hash.action {
                None | Some(Action::Original) => 0,
                Some(Action::Verified) => 1,
                Some(Action::Failed) => 2,
            }] += 1;
        }
        let root_hashes = manifest.root_hash.iter().flat_map(|root| {
            root.content
                .iter()
                .zip(&root.structure)
                .map(|(content, structure)| (content.value.format(), content.value.to_text(), structure.value.to_text()))
        });
        info.generations.push(GenerationInfo {
            scope: at.cloned(),
            number: generation.number,
            name: generation.name.clone(),
            c4: generation.c4.to_text(),
            created: manifest.creator.created,
            creator: manifest.creator.clone(),
            process: manifest.process.word(),
            files: generation.files,
            folders: generation.folders,
            actions,
            formats: formats.into_iter().collect(),
            root_hashes: root_hashes.collect(),
            ignore: manifest.ignore.clone(),
        });
    }
    for (folder, child) in history.children() {
        if let Ok(folder) = at.map_or_else(|| Ok(folder.clone()), |at| at.join(folder.as_str())) {
            tell(child, Some(&folder), info);
        }
    }
}

fn hashes_of(history: &History, path: &RelPath) -> Vec<FileHashInfo> {
    let expected = history.expected();
    let names: BTreeSet<&RelPath> = expected.get(path).map(|record| record.previous_paths.iter().collect()).unwrap_or_default();
    let mut hashes = Vec::new();
    for generation in history.generations() {
        for file in generation.manifest.files().filter(|file| file.path == *path || names.contains(&file.path)) {
            hashes.extend(file.hashes.iter().map(|hash| FileHashInfo {
                generation: generation.number,
                path: file.path.clone(),
                value: hash.value.clone(),
                action: hash.action,
                hashed_at: hash.hashed_at,
                size_bytes: file.size_bytes,
            }));
        }
    }
    hashes
}

/// A packing list that was written.
#[derive(Debug, Clone, Default)]
pub struct FlattenReport {
    /// The list.
    pub list: PathBuf,
    /// The collection that names it, if one was asked for.
    pub collection: Option<PathBuf>,
    /// C4 ID of the list's bytes.
    pub c4: String,
    /// Files in it.
    pub files: u64,
    /// Files of which every hash failed: they are not in it.
    pub left_out: Vec<RelPath>,
    /// Histories that cannot be trusted: nothing was written.
    pub damaged: Vec<DamagedHistory>,
}

/// Why no packing list was written.
#[derive(Debug, thiserror::Error)]
pub enum FlattenError {
    /// The history cannot be used.
    #[error(transparent)]
    History(#[from] VerifyError),
    /// The list cannot be written.
    #[error(transparent)]
    Write(#[from] DestinationError),
    /// There is something in the history that no list can carry, or a collection that cannot be read.
    #[error("{0}")]
    Refused(String),
}

impl FlattenError {
    /// As a problem for people.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let code = match self {
            Self::History(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Refused(_) => ErrorCode::HistoryDamaged,
        };
        Problem::from_error(code, self)
    }

    /// Exit code of an ASC MHL tool.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::History(error) => error.exit_code(),
            Self::Write(_) => 3,
            Self::Refused(_) => 31,
        }
    }
}

/// Writes the packing list of the histories of `root` into `folder`, which is made if its parent exists.
///
/// # Errors
/// Where there is no history, or the list cannot be written.
pub fn flatten(root: &Path, folder: &Path, operation: &Operation, collection: bool) -> Result<FlattenReport, FlattenError> {
    let tree = open(root)?;
    let (found, loaded) = tree.histories(Keep::Everything);
    if !found.has(None) {
        return Err(VerifyError::NoHistory(root.to_path_buf()).into());
    }
    let mut report = FlattenReport { damaged: loaded.damaged.clone(), ..FlattenReport::default() };
    if !report.damaged.is_empty() {
        return Ok(report);
    }
    let manifest = loaded.history.flatten(operation);
    let listed: BTreeSet<&RelPath> = manifest.files().map(|file| &file.path).collect();
    report.files = listed.len() as u64;
    report.left_out = loaded
        .history
        .expected()
        .iter()
        .filter(|(path, record)| !record.is_dir && !listed.contains(path))
        .map(|(path, _)| path.clone())
        .collect();
    let bytes = manifest.to_xml().map_err(|error| FlattenError::Refused(error.to_string()))?;
    let c4 = hash_bytes(HashFormat::C4, &bytes);
    report.c4 = c4.to_text();
    let given = root.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = packing_list_name(&given.unwrap_or_default(), operation.started);
    let refused = |error: &dyn std::fmt::Display| FlattenError::Refused(error.to_string());
    let path = RelPath::new(&name).map_err(|error| refused(&error))?;
    let destination = Destination::create(folder)?;
    let _lock = destination.lock()?;
    destination.publish_bytes(&path, &bytes, Replace::Never)?;
    report.list = destination.root().join(path.as_str());
    if collection {
        let path = RelPath::new(COLLECTION).map_err(|error| refused(&error))?;
        let mut chain = match destination.existing(&path)? {
            Some(_) => {
                let text = destination.read_bytes(&path, MOST_MANIFEST_BYTES)?;
                Chain::parse(&text).map_err(|error| FlattenError::Refused(format!("{COLLECTION}: {error}")))?
            }
            None => Chain::default(),
        };
        let sequence = chain.entries.iter().map(|entry| entry.sequence).max().unwrap_or_default().saturating_add(1);
        chain.entries.push(ChainEntry { sequence, name, c4 });
        let text = chain.to_xml().map_err(|error| refused(&error))?;
        destination.publish_bytes(&path, &text, Replace::Yes)?;
        report.collection = Some(destination.root().join(COLLECTION));
    }
    Ok(report)
}

/// Digests of one file by itself.
///
/// # Errors
/// Where it cannot be read, or is no file.
pub fn hash_file(path: &Path, formats: &[HashFormat]) -> Result<Vec<HashValue>, Problem> {
    let refused = |error: &dyn std::fmt::Display| {
        Problem::new(ErrorCode::SourceUnreadable, format!("{} cannot be read: {error}", path.display()))
    };
    let whole = path.canonicalize().map_err(|error| refused(&error))?;
    let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else { return Err(refused(&"it is no file")) };
    let name = RelPath::new(&name.to_string_lossy()).map_err(|error| refused(&error))?;
    let source = Source::open(folder).map_err(|error| refused(&error))?;
    let mut reader = source.open_file(&name).map_err(|error| refused(&error))?.keep_cached();
    let mut hasher = checkgate_mhl::MultiHasher::new(formats);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(refused(&error)),
        }
    }
}

/// What a mismatch says, for people.
#[must_use]
pub fn mismatch_words(found: &Mismatch) -> String {
    format!("{}: {} recorded, {} found", found.path, found.expected, found.found)
}
