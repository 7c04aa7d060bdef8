//! Owns continuing the histories of a folder where it lies: hash everything, judge it against what is recorded, append a generation to
//! every history touched. Goes on after every error of a file and tells it. Must never write before everything was judged, and
//! never into a history that it cannot trust.

mod work;

use crate::control::Control;
use crate::histories::{self, DamagedHistory, Found};
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::report::{Mismatch, SkippedItem, UnreadableFile};
use crate::tree::{OpenTreeError, Tree};
use crate::verify::{place, unreadable_patterns};
use checkgate_mhl::{
    Action, AppendError, History, IgnoreRules, Keep, LegacyEntry, LegacyList, NewGeneration, Operation, Rename, Renames,
};
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat, RelPath};
use checkgate_volume::{Destination, DestinationError, DestinationLock, Replace, SourceFile};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use work::Work;

/// What the next generation of a folder is to be.
#[derive(Debug, Clone)]
pub struct CreateOptions {
    /// Formats to record; empty means the one the last generation has, else xxh128.
    pub formats: Vec<HashFormat>,
    /// Who, when, where.
    pub operation: Operation,
    /// Patterns that join those in force.
    pub ignore: Vec<String>,
    /// Write directory hashes.
    pub folder_hashes: bool,
    /// Look whether missing files are there under another name.
    pub detect_renames: bool,
    /// Only these files, and those below these folders.
    pub only: Vec<RelPath>,
    /// Whether files are read past the system's cache or through it.
    pub depth: VerifyDepth,
    /// Write the manifest into this folder and leave the tree untouched, e.g. for a read-only drive.
    pub manifest_to: Option<PathBuf>,
    /// A legacy list that the files must agree with: they become generation 1 of a new history.
    pub legacy: Option<PathBuf>,
}

impl CreateOptions {
    /// A generation over everything.
    #[must_use]
    pub const fn new(operation: Operation) -> Self {
        Self {
            formats: Vec::new(),
            operation,
            ignore: Vec::new(),
            folder_hashes: true,
            detect_renames: false,
            only: Vec::new(),
            depth: VerifyDepth::System,
            manifest_to: None,
            legacy: None,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct CreateReport {
    /// The folder.
    pub root: PathBuf,
    /// Manifests that were written, children before parents.
    pub written: Vec<PathBuf>,
    /// Number of the root's new generation; 0 if none was written.
    pub generation: u32,
    /// Files that were hashed.
    pub hashed: u64,
    /// Their bytes.
    pub hashed_bytes: u64,
    /// Digests recorded as original.
    pub original: u64,
    /// Digests recorded as verified.
    pub verified: u64,
    /// Files that differ from what is recorded.
    pub failed: Vec<RelPath>,
    /// The same with what is recorded and what was found.
    pub mismatches: Vec<Mismatch>,
    /// Files that nothing recorded before.
    pub new_files: Vec<RelPath>,
    /// Weakest way in which a file was read.
    pub level: Option<EvidenceLevel>,
    /// The same in words.
    pub level_words: String,
    /// Recorded and not there.
    pub missing: Vec<RelPath>,
    /// Recorded under a new name.
    pub renamed: Vec<Rename>,
    /// Renamed files whose content fits more than one of the missing: a choice, not a proof.
    pub ambiguous: Vec<RelPath>,
    /// Files that cannot be read.
    pub unreadable: Vec<UnreadableFile>,
    /// Links and special files.
    pub skipped: Vec<SkippedItem>,
    /// Names that no manifest can carry.
    pub unrecordable: Vec<SkippedItem>,
    /// Histories that cannot be trusted: nothing was written.
    pub damaged: Vec<DamagedHistory>,
    /// Content and structure of the root by format, as recorded.
    pub root_hashes: Vec<(HashFormat, String, String)>,
    /// Oddities worth telling.
    pub notes: Vec<String>,
    /// Somebody stopped it: nothing was written.
    pub stopped: bool,
}

impl CreateReport {
    /// The exit code of the reference for this: 11 before 10; ours are 3 where something could not be read or recorded, 4 where it
    /// was stopped.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if let Some(damage) = self.damaged.first() {
            damage.exit_code
        } else if self.stopped {
            4
        } else if !self.failed.is_empty() {
            11
        } else if !self.missing.is_empty() {
            10
        } else if !self.unreadable.is_empty() || !self.unrecordable.is_empty() {
            3
        } else {
            0
        }
    }
}

/// Why no generation was written. Nothing has been.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The folder cannot be opened or listed.
    #[error("{path} cannot be read", path = path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Code of the cause.
        code: ErrorCode,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder cannot be written to.
    #[error("{path} cannot be written to: {reason}", path = path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
        /// Why, as far as it is known.
        reason: String,
    },
    /// Writing failed, or another program writes there.
    #[error(transparent)]
    Write(#[from] DestinationError),
    /// A file or folder that was asked for is not there, or is ignored.
    #[error("{0} is not there, or a pattern in force ignores it")]
    NotFound(RelPath),
    /// There is nothing to record.
    #[error("there is no file to record in {}", .0.display())]
    Nothing(PathBuf),
    /// No generation can be built.
    #[error(transparent)]
    Append(AppendError),
    /// What was asked for makes no sense with this list or folder.
    #[error("{path}: {reason}", path = path.display())]
    Refused {
        /// The list or folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl From<OpenTreeError> for CreateError {
    fn from(OpenTreeError { path, code, source }: OpenTreeError) -> Self {
        Self::Root { path, code, source }
    }
}

impl CreateError {
    /// The folder as something to write to.
    pub(crate) fn opened(root: &Path) -> Result<Destination, Self> {
        Destination::open(root).map_err(|error| Self::Root {
            path: root.to_path_buf(),
            code: error.code(),
            source: Box::new(error),
        })
    }

    pub(crate) fn read_only(destination: &Destination) -> Self {
        let reason = if destination.volume().read_only {
            "the file system is mounted read-only"
        } else {
            "this account may not write there"
        };
        Self::ReadOnly { path: destination.root().to_path_buf(), reason: reason.to_owned() }
    }

    pub(crate) fn unnamable(folder: &Path, error: &dyn std::fmt::Display) -> Self {
        Self::ReadOnly { path: folder.to_path_buf(), reason: error.to_string() }
    }

    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Root { .. } => "Check the path and that the drive is mounted; nothing was written.",
            Self::ReadOnly { .. } => {
                "Nothing was written. Mount it writable, or give --manifest-to DIR to write the manifest elsewhere."
            }
            Self::Write(_) => {
                "What was there before is untouched. Make sure that nothing else writes there and that there is space, then run it again."
            }
            Self::NotFound(_) => "Nothing was written. Check the path, and `checkgate mhl info -v` for the patterns in force.",
            Self::Nothing(_) => {
                "Nothing was written. Check that this is the right folder and that no pattern ignores everything."
            }
            Self::Append(_) => "Nothing was written. Correct what is named and run it again.",
            Self::Refused { .. } => "Nothing was written. Correct what is named and run it again.",
        }
    }

    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Root { code, .. } => *code,
            Self::ReadOnly { .. } => ErrorCode::DestinationFailed,
            Self::Write(error) => error.code(),
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Nothing(_) => ErrorCode::SourceEmpty,
            Self::Append(AppendError::Author(_) | AppendError::Text(_)) | Self::Refused { .. } => ErrorCode::BadRequest,
            Self::Append(_) => ErrorCode::Internal,
        }
    }

    /// Exit code: 2 usage, 3 a device failed, 20 nothing to do it with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound(_) | Self::Nothing(_) => 20,
            Self::Append(AppendError::Author(_) | AppendError::Text(_)) | Self::Refused { .. } => 2,
            Self::Root { .. } | Self::ReadOnly { .. } | Self::Write(_) | Self::Append(_) => 3,
        }
    }
}

/// Appends the next generation to the histories of `root`.
///
/// # Errors
/// Only where nothing could be written. A damaged history, missing and altered files are part of the report.
pub fn create(root: &Path, options: &CreateOptions, control: &Control, meter: &Meter) -> Result<CreateReport, CreateError> {
    meter.set_phase(Phase::Preparing);
    let destination = CreateError::opened(root)?;
    if options.manifest_to.is_none() && !destination.is_writable() {
        return Err(CreateError::read_only(&destination));
    }
    if let Some(folder) = options.manifest_to.as_deref().filter(|folder| lies_in(folder, destination.root())) {
        let reason = "it lies in the folder that is recorded, which --manifest-to leaves untouched".to_owned();
        return Err(CreateError::Refused { path: folder.to_path_buf(), reason });
    }
    let _lock = if options.manifest_to.is_none() { Some(destination.lock()?) } else { None };
    let mut tree = Tree::open(root)?;
    let child_locks = lock_children(&destination, &Found::look(&tree.source, &tree.listing), options)?;
    if !child_locks.is_empty() {
        // What was listed before the locks were held may have been continued since.
        tree = Tree::open(root)?;
    }
    let (found, loaded) = tree.histories(Keep::Records);
    let mut report = CreateReport {
        root: root.to_path_buf(),
        skipped: tree.skipped.clone(),
        unrecordable: tree.unrecordable.clone(),
        unreadable: tree.unreadable.clone(),
        notes: tree.leftovers(&loaded),
        damaged: loaded.damaged.clone(),
        ..CreateReport::default()
    };
    if !loaded.damaged.is_empty() {
        return Ok(report);
    }
    let history = &loaded.history;
    report.notes.extend(history.warnings().iter().filter(|warning| is_worth_telling(warning)).map(ToString::to_string));
    let list = options.legacy.as_deref().map(|path| read_legacy(path, root, &found, &tree)).transpose()?;

    let rules = history.ignore_rules(&options.ignore);
    report.notes.extend(unreadable_patterns(&rules));
    let files = chosen(&tree, &rules, options)?;
    let folders: Vec<RelPath> = tree.listing.folders.iter().filter(|folder| !rules.is_ignored(folder, true)).cloned().collect();
    let formats = formats(options, history, list.as_ref());
    let work = Work::new(history, files, folders, formats, &rules, options.detect_renames);
    let hashed = work.hash(&tree, options, list.as_ref(), control, meter, &mut report);
    if control.is_stopped() {
        report.stopped = true;
        return Ok(report);
    }
    if list.is_some() && !(report.failed.is_empty() && report.missing.is_empty() && report.unreadable.is_empty()) {
        // What the list says would be lost: the next generation would take the damaged file for a new one.
        report.failed.sort();
        report.missing.sort();
        report.notes.push("the folder does not agree with the list; nothing was written".to_owned());
        return Ok(report);
    }
    let renames = if options.detect_renames { work.renames(&hashed) } else { Renames::default() };
    let renamed_to: HashSet<&RelPath> = renames.files.iter().map(|rename| &rename.to).collect();
    report.new_files = work
        .files
        .iter()
        .map(|file| &file.path)
        .filter(|path| !work.expected.contains_key(*path) && !renamed_to.contains(path))
        .cloned()
        .collect();
    report.mismatches.sort_by(|a, b| a.path.cmp(&b.path));
    meter.set_phase(Phase::Sealing);
    let gone = work.missing.clone();
    let generation = match work.append(root, options, hashed, &renames) {
        Ok(generation) => generation,
        // Everything that is recorded is gone: there is nothing a generation could say.
        Err(CreateError::Nothing(_)) if !gone.is_empty() && options.only.is_empty() => {
            report.missing = gone;
            report.missing.retain(|path| !tree.is_unseen(path));
            report.notes.push("nothing of what is recorded is there; no generation was written".to_owned());
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    drop(gone);
    report.missing.extend(generation.missing.iter().cloned());
    let unread: HashSet<&str> = report.unreadable.iter().map(|file| file.path.as_str()).collect();
    report.missing.retain(|path| !unread.contains(path.as_str()) && !tree.is_unseen(path));
    report.failed.extend(generation.failed.iter().cloned());
    report.failed.sort();
    report.renamed = renames.files.into_iter().chain(renames.folders).collect();
    report.ambiguous = renames.ambiguous;
    for (_, _, action) in &generation.outcomes {
        match action {
            Action::Original => report.original += 1,
            Action::Verified => report.verified += 1,
            Action::Failed => {}
        }
    }
    report.generation = generation.number;
    report.root_hashes = root_hashes(&generation);
    match &options.manifest_to {
        Some(folder) => write_elsewhere(folder, &generation, &mut report)?,
        None => {
            let written = histories::write(&destination, &generation, &|scope| found.has(scope), &loaded.leftovers)?;
            for (path, bytes) in written {
                let again = destination.read_bytes(&path, bytes.len() as u64)?;
                if again != bytes {
                    report.notes.push(format!("{path} reads other bytes than were written: do not trust this drive"));
                    report.failed.push(path.clone());
                }
                if path.file_name() != checkgate_mhl::CHAIN {
                    report.written.push(destination.root().join(path.as_str()));
                }
            }
        }
    }
    drop(child_locks);
    meter.set_phase(Phase::Done);
    Ok(report)
}

/// Whether `folder`, or what is there of the way to it, lies in `root`.
fn lies_in(folder: &Path, root: &Path) -> bool {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    whole.ancestors().find_map(|there| there.canonicalize().ok()).is_some_and(|there| there.starts_with(root))
}

fn is_worth_telling(warning: &checkgate_mhl::HistoryWarning) -> bool {
    !matches!(warning, checkgate_mhl::HistoryWarning::Unchained(_))
}

/// One writer for each history below as well: somebody may work on a roll alone.
fn lock_children(destination: &Destination, found: &Found, options: &CreateOptions) -> Result<Vec<DestinationLock>, CreateError> {
    if options.manifest_to.is_some() {
        return Ok(Vec::new());
    }
    let locks = found.scopes().flatten().map(|scope| Destination::open(&destination.root().join(scope.as_str()))?.lock());
    Ok(locks.collect::<Result<_, DestinationError>>()?)
}

fn read_legacy(path: &Path, root: &Path, found: &Found, tree: &Tree) -> Result<Vec<(RelPath, LegacyEntry)>, CreateError> {
    let refuse = |reason: String| CreateError::Refused { path: path.to_path_buf(), reason };
    if !found.is_empty() {
        return Err(refuse(format!(
            "{} has an ASC MHL history already; a list becomes the first generation of a new one",
            root.display()
        )));
    }
    let bytes =
        checkgate_volume::files::read_bounded(path, histories::MOST_MANIFEST_BYTES).map_err(|error| refuse(error.to_string()))?;
    let list = LegacyList::parse(&bytes).map_err(|error| refuse(error.to_string()))?;
    if let Some(refused) = list.refused.first() {
        return Err(refuse(refused.to_string()));
    }
    let folder = place(path, &tree.source);
    let entries = list.entries.into_iter().map(|entry| {
        let placed = folder.as_ref().map_or_else(|| Ok(entry.path.clone()), |folder| folder.join(entry.path.as_str()));
        placed.map(|path| (path, entry)).map_err(|error| refuse(error.to_string()))
    });
    entries.collect()
}

/// The files to hash: all that are not ignored, or those asked for.
fn chosen<'a>(tree: &'a Tree, rules: &IgnoreRules, options: &CreateOptions) -> Result<Vec<&'a SourceFile>, CreateError> {
    let kept: Vec<&SourceFile> = tree.listing.files.iter().filter(|file| !rules.is_ignored(&file.path, false)).collect();
    if options.only.is_empty() {
        return Ok(kept);
    }
    for wanted in &options.only {
        if !kept.iter().any(|file| file.path.is_under(wanted)) {
            return Err(CreateError::NotFound(wanted.clone()));
        }
    }
    Ok(kept.into_iter().filter(|file| options.only.iter().any(|wanted| file.path.is_under(wanted))).collect())
}

/// As asked; else as the history has been kept; else what the legacy list has; else the reference's choice.
fn formats(options: &CreateOptions, history: &History, list: Option<&Vec<(RelPath, LegacyEntry)>>) -> Vec<HashFormat> {
    let mut formats: BTreeSet<HashFormat> = options.formats.iter().copied().collect();
    if formats.is_empty()
        && let Some(list) = list
    {
        let listed = list.iter().flat_map(|(_, entry)| &entry.hashes).filter_map(|hash| match hash {
            checkgate_mhl::LegacyHash::Value(value) => Some(value.format()),
            checkgate_mhl::LegacyHash::Xxh64EitherWay { .. } | checkgate_mhl::LegacyHash::Xxh32(_) => Some(HashFormat::Xxh64),
            checkgate_mhl::LegacyHash::Null => None,
        });
        formats.extend(listed);
    }
    if formats.is_empty()
        && let Some(root) = history.generations().iter().rev().find_map(|generation| generation.manifest.root_hash.as_ref())
    {
        formats.extend(root.content.iter().map(|hash| hash.value.format()));
    }
    if formats.is_empty() {
        formats.insert(HashFormat::Xxh128);
    }
    formats.into_iter().collect()
}

fn root_hashes(generation: &NewGeneration) -> Vec<(HashFormat, String, String)> {
    generation.root_hashes.iter().map(|(format, pair)| (*format, pair.content.to_text(), pair.structure.to_text())).collect()
}

/// Manifests alone, without a chain: whoever keeps them keeps their C4 IDs too.
fn write_elsewhere(folder: &Path, generation: &NewGeneration, report: &mut CreateReport) -> Result<(), CreateError> {
    let destination = Destination::create(folder)?;
    let mut open = vec![generation];
    while let Some(generation) = open.pop() {
        let name = RelPath::new(&generation.manifest_name).map_err(|error| CreateError::unnamable(folder, &error))?;
        destination.publish_bytes(&name, &generation.manifest_xml, Replace::Never)?;
        report.written.push(destination.root().join(name.as_str()));
        report.notes.push(format!("{name} has the C4 ID {}", generation.manifest_c4.to_text()));
        open.extend(&generation.children);
    }
    report.written.reverse();
    Ok(())
}
