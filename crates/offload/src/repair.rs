//! Owns mending a copy from its siblings, without the card: what the manifests record decides what is bad, sound blocks are kept, the
//! others come from a sibling, and the history tells what was done. Must never write into a file that is there, nor change
//! anything about a file that no source proves.

mod blocks;

use crate::control::Control;
use crate::hash_files::{Job, hash_files};
use crate::histories::{self, DamagedHistory, Found, Loaded};
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::report::UnreadableFile;
use crate::tree::{OpenTreeError, Tree};
use crate::verify::VerifyError;
use blocks::{Bad, Origin, Refusal};
use checkgate_mhl::{Append, ExpectedFile, FileCheck, FileRecord, Keep, MultiHasher, Operation, fastest};
use checkgate_model::{ErrorCode, Evidence, HashFormat, HashValue, Problem, RelPath, Timestamp};
use checkgate_volume::{Destination, DestinationLock, SourceFile, is_set_aside, set_aside_of};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub use blocks::KnownBlocks;

/// Names of mended files that a manifest's comment lists.
const MOST_NAMES: usize = 20;
/// What was set aside is no part of the roll, and the manifest says so.
const SET_ASIDE_PATTERN: &str = ".*.checkgate-corrupt*";

/// How a copy is to be mended.
#[derive(Debug, Clone)]
pub struct RepairOptions {
    /// Who, when, where; the comment is completed with what was done.
    pub operation: Operation,
    /// How the files of the copy are read to find the bad ones.
    pub depth: VerifyDepth,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Remove corrupt files that were set aside where the file that took their place is sound.
    pub discard: bool,
    /// Checksums of blocks as read from the card, by path.
    pub known: BTreeMap<RelPath, KnownBlocks>,
}

impl RepairOptions {
    /// Mends whatever is bad.
    #[must_use]
    pub const fn new(operation: Operation) -> Self {
        Self { operation, depth: VerifyDepth::Device, dry_run: false, discard: false, known: BTreeMap::new() }
    }
}

/// What was, or would be, done about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairAction {
    /// Bad blocks were replaced.
    Mended,
    /// The file was not there and is now.
    Restored,
    /// Nothing: no source proves it, or writing failed.
    Left,
}

/// A file that was bad or missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairedFile {
    /// Path below the copy.
    pub path: RelPath,
    /// What was done, or with a dry run would be.
    pub action: RepairAction,
    /// What was wrong.
    pub found: String,
    /// Blocks of 16 MiB in the file.
    pub blocks_total: u64,
    /// Those that came from a sibling.
    pub blocks_replaced: u64,
    /// Siblings they came from.
    pub from: Vec<PathBuf>,
    /// What was said against a sibling that was tried.
    pub refused: Vec<String>,
    /// Where the corrupt file lies now.
    pub set_aside: Option<RelPath>,
    /// How the new file was proven.
    pub evidence: Option<Evidence>,
    /// Why nothing was done.
    pub problem: Option<Problem>,
}

/// What a repair found and did. Lists are sorted by path and complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// The copy.
    pub root: PathBuf,
    /// Whose history said what the files must be.
    pub judged_by: Vec<PathBuf>,
    /// Files that were found as recorded.
    pub sound: u64,
    /// Bytes that were read to find out.
    pub checked_bytes: u64,
    /// Bad and missing files.
    pub files: Vec<RepairedFile>,
    /// Folders that were made again.
    pub folders: Vec<RelPath>,
    /// Manifests that were written.
    pub written: Vec<PathBuf>,
    /// Corrupt files that lie set aside.
    pub set_aside: Vec<RelPath>,
    /// Corrupt files that were removed because that was asked for.
    pub discarded: Vec<RelPath>,
    /// Histories of the copy that cannot be trusted: nothing was changed.
    pub damaged: Vec<DamagedHistory>,
    /// Oddities worth telling.
    pub notes: Vec<String>,
    /// Nothing was written: it was only asked what would be done.
    pub dry_run: bool,
    /// Somebody stopped it; what was mended until then is whole.
    pub stopped: bool,
}

impl RepairReport {
    /// 0: the copy is whole now; 1: something is, or with a dry run would have been, bad; 4: stopped.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if !self.damaged.is_empty() {
            1
        } else if self.stopped {
            4
        } else {
            let left = self.files.iter().any(|file| file.action == RepairAction::Left);
            u8::from(left || (self.dry_run && !self.files.is_empty()))
        }
    }
}

/// Why a repair could not begin. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// A folder cannot be opened or listed, or no history speaks for the copy.
    #[error(transparent)]
    Look(#[from] VerifyError),
    /// The copy cannot be written to, or another process writes there.
    #[error(transparent)]
    Copy(#[from] checkgate_volume::DestinationError),
    /// A sibling is the copy itself, or one lies in the other.
    #[error("{sibling} is not another copy: {why}", sibling = sibling.display())]
    NotASibling {
        /// The folder.
        sibling: PathBuf,
        /// Why.
        why: String,
    },
    /// The copy takes no writes.
    #[error("{} cannot be written to by this account, or is mounted read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The history cannot be continued. What was mended is whole.
    #[error("the files are mended, but the history was not continued: {0}")]
    History(Box<Problem>),
}

impl From<OpenTreeError> for RepairError {
    fn from(error: OpenTreeError) -> Self {
        Self::Look(error.into())
    }
}

impl RepairError {
    /// Code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Look(error) => error.code(),
            Self::Copy(error) => error.code(),
            Self::NotASibling { .. } => ErrorCode::BadRequest,
            Self::ReadOnly(_) => ErrorCode::DestinationFailed,
            Self::History(problem) => problem.code,
        }
    }
}

/// Mends `copy` from `siblings`, which are tried in the order given.
///
/// # Errors
/// Where it could not begin, or the history could not be continued. A file that cannot be mended is part of the report.
pub fn repair(
    copy: &Path,
    siblings: &[PathBuf],
    options: &RepairOptions,
    control: &Control,
    meter: &Meter,
) -> Result<RepairReport, RepairError> {
    meter.set_phase(Phase::Preparing);
    let destination = Destination::open(copy)?;
    let _lock = if options.dry_run {
        None
    } else {
        if !destination.is_writable() {
            return Err(RepairError::ReadOnly(copy.to_path_buf()));
        }
        Some(destination.lock()?)
    };
    let mut tree = Tree::open(copy)?;
    let mut report = RepairReport { root: copy.to_path_buf(), dry_run: options.dry_run, ..RepairReport::default() };
    let (found, loaded) = tree.histories(Keep::Records);
    let _child_locks = if options.dry_run { Vec::new() } else { lock_children(&destination, &found)? };
    report.notes.extend(tree.leftovers(&loaded));
    report.damaged.clone_from(&loaded.damaged);
    if !report.damaged.is_empty() {
        report.notes.push("the copy's own history cannot be trusted; nothing was changed".to_owned());
        return Ok(report);
    }
    let mut origins = vec![Origin { root: copy.to_path_buf(), source: tree.source.clone() }];
    let mut others = Vec::new();
    for sibling in siblings {
        refuse_same(copy, sibling)?;
        let mut other = Tree::open(sibling)?;
        let (other_found, other_loaded) = other.histories(Keep::Records);
        report.notes.extend(
            other_loaded
                .damaged
                .iter()
                .map(|damage| format!("{}: its history is not believed: {}", sibling.display(), damage.problem.summary)),
        );
        let recorded = other_found.is_empty() || !other_loaded.damaged.is_empty();
        origins.push(Origin { root: sibling.clone(), source: other.source.clone() });
        others.push((sibling.clone(), (!recorded).then_some(other_loaded)));
    }
    let expected = expected(copy, &found, &loaded, &others, &mut report)?;

    let rules = loaded.history.ignore_rules(&[]);
    let files: BTreeMap<&RelPath, &SourceFile> = tree.listing.files.iter().map(|file| (&file.path, file)).collect();
    let wanted: Vec<(&RelPath, &ExpectedFile)> =
        expected.iter().filter(|(path, record)| !rules.is_ignored(path, record.is_dir) && !tree.is_unseen(path)).collect();
    let bad = find_bad(&tree, &files, &wanted, options, control, meter, &mut report);
    let mended = mend_all(&destination, &origins, &files, &bad, options, control, meter, &mut report);
    if !options.dry_run && !control.is_stopped() {
        make_folders(&destination, &tree, &wanted, &mut report)?;
        discard(&destination, &tree, &wanted, &mut report, options.discard)?;
    }
    report.stopped = control.is_stopped();
    if !mended.is_empty() {
        meter.set_phase(Phase::Sealing);
        if found.is_empty() {
            report
                .notes
                .push("the copy has no history of its own, so none was continued; `checkgate mhl create` begins one".to_owned());
        } else {
            seal(&destination, &found, &loaded, &mended, options, &mut report)?;
        }
    }
    meter.set_phase(Phase::Done);
    Ok(report)
}

fn refuse_same(copy: &Path, sibling: &Path) -> Result<(), RepairError> {
    let refused = |why: &str| Err(RepairError::NotASibling { sibling: sibling.to_path_buf(), why: why.to_owned() });
    let why = checkgate_volume::preflight::one_folder(copy, sibling);
    why.map_or(Ok(()), |why| refused(&why))
}

/// One writer for each history below as well: somebody may work on a roll alone.
fn lock_children(destination: &Destination, found: &Found) -> Result<Vec<DestinationLock>, RepairError> {
    let scopes = found.scopes().flatten();
    Ok(scopes
        .map(|scope| Destination::open(&destination.root().join(scope.as_str()))?.lock())
        .collect::<Result<_, checkgate_volume::DestinationError>>()?)
}

/// What the files must be: as the copy's own history says, and for what it does not know, as a sibling's does that agrees with it.
fn expected(
    copy: &Path,
    found: &Found,
    loaded: &Loaded,
    others: &[(PathBuf, Option<Loaded>)],
    report: &mut RepairReport,
) -> Result<BTreeMap<RelPath, ExpectedFile>, RepairError> {
    let mut expected = BTreeMap::new();
    if !found.is_empty() {
        report.judged_by.push(copy.to_path_buf());
        expected = loaded.history.expected().into_owned();
    }
    for (sibling, loaded) in others {
        let Some(loaded) = loaded else { continue };
        let theirs = loaded.history.expected().into_owned();
        let (mut agree, mut differ) = (0u64, Vec::new());
        for (path, record) in theirs.iter().filter(|(_, record)| !record.is_dir) {
            match expected.get(path).map(|own: &ExpectedFile| own.check(&record.trusted)) {
                Some(FileCheck::Verified(_)) => agree += 1,
                Some(FileCheck::Mismatch { .. }) => differ.push(path.to_string()),
                Some(FileCheck::NotComparable) | None => {}
            }
        }
        if let Some(first) = differ.first() {
            report.notes.push(format!(
                "{}: its history records other content for {} file(s), {first} among them; the copy's own is believed",
                sibling.display(),
                differ.len()
            ));
            continue;
        }
        // Another roll shares no file with this one, and is no reason to add its files here.
        if expected.is_empty() || agree > 0 {
            report.judged_by.push(sibling.clone());
            for (path, record) in theirs {
                let own = expected.entry(path).or_insert_with(|| record.clone());
                if own.trusted.is_empty() && own.is_dir == record.is_dir {
                    *own = record;
                }
            }
        } else {
            report.notes.push(format!("{}: its history shares no file with that of the copy", sibling.display()));
        }
    }
    if expected.is_empty() {
        return Err(VerifyError::NoHistory(copy.to_path_buf()).into());
    }
    Ok(expected)
}

/// A file that is not as recorded.
struct Suspect<'a> {
    path: &'a RelPath,
    record: &'a ExpectedFile,
    size_bytes: u64,
    is_there: bool,
    found: String,
}

/// Reads every recorded file and answers those that are bad, unreadable or missing.
fn find_bad<'a>(
    tree: &Tree,
    files: &BTreeMap<&RelPath, &'a SourceFile>,
    wanted: &[(&'a RelPath, &'a ExpectedFile)],
    options: &RepairOptions,
    control: &Control,
    meter: &Meter,
    report: &mut RepairReport,
) -> Vec<Suspect<'a>> {
    let mut suspects = Vec::new();
    let mut jobs = Vec::new();
    let mut of_job = Vec::new();
    for (path, record) in wanted.iter().filter(|(_, record)| !record.is_dir) {
        let Some(file) = files.get(path) else {
            let size_bytes = record.size_bytes.unwrap_or(0);
            suspects.push(Suspect { path, record, size_bytes, is_there: false, found: "it is missing".to_owned() });
            continue;
        };
        let formats: Vec<HashFormat> = fastest(&record.trusted).map(HashValue::format).into_iter().collect();
        jobs.push(Job { path, size_bytes: file.size_bytes, formats: Cow::Owned(formats), legacy: Vec::new() });
        of_job.push((*path, *record, file.size_bytes));
    }
    let results = Mutex::new((0u64, 0u64, Vec::new()));
    hash_files(&tree.source, &jobs, options.depth, control, meter, &|at, outcome| {
        let (path, record, size_bytes) = of_job[at];
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match outcome {
            Ok(hashed) => {
                results.1 += hashed.bytes;
                match record.check(&hashed.values) {
                    FileCheck::Verified(_) => {
                        results.0 += 1;
                        return;
                    }
                    FileCheck::Mismatch { expected, found } => format!("{expected} is recorded, {found} was read"),
                    FileCheck::NotComparable => "no trusted hash is recorded for it".to_owned(),
                }
            }
            Err(problem) => {
                problem.details.first().map_or_else(|| problem.summary.clone(), |why| format!("it cannot be read: {why}"))
            }
        };
        results.2.push(Suspect { path, record, size_bytes, is_there: true, found });
    });
    let (sound, bytes, bad) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.sound = sound;
    report.checked_bytes = bytes;
    suspects.extend(bad);
    suspects.sort_by(|a, b| a.path.cmp(b.path));
    report.notes.extend(
        tree.unreadable.iter().map(|UnreadableFile { path, problem }| format!("{path} cannot be looked at: {}", problem.summary)),
    );
    suspects
}

/// A file that is whole again.
struct Whole {
    path: RelPath,
    size_bytes: u64,
    modified: Option<Timestamp>,
    hashes: Vec<HashValue>,
    at: Timestamp,
}

#[expect(clippy::too_many_arguments, reason = "one step of one operation")]
fn mend_all(
    destination: &Destination,
    origins: &[Origin],
    files: &BTreeMap<&RelPath, &SourceFile>,
    suspects: &[Suspect<'_>],
    options: &RepairOptions,
    control: &Control,
    meter: &Meter,
    report: &mut RepairReport,
) -> Vec<Whole> {
    let lane = meter.source();
    if !suspects.is_empty() {
        meter.set_phase(Phase::Copying);
        lane.begin(Phase::Copying, suspects.len() as u64, suspects.iter().map(|suspect| suspect.size_bytes).sum());
    }
    let mut mended = Vec::new();
    for suspect in suspects {
        if control.is_stopped() {
            break;
        }
        lane.set_current(suspect.path.as_str());
        let mut bad = Bad {
            path: suspect.path,
            record: suspect.record,
            known: options.known.get(suspect.path),
            origins,
            control,
            lane: &lane,
            refused: Vec::new(),
        };
        let mut file = RepairedFile {
            path: suspect.path.clone(),
            action: RepairAction::Left,
            found: suspect.found.clone(),
            blocks_total: 0,
            blocks_replaced: 0,
            from: Vec::new(),
            refused: Vec::new(),
            set_aside: None,
            evidence: None,
            problem: None,
        };
        let outcome = if suspect.record.trusted.is_empty() {
            Err(Problem::new(
                ErrorCode::CopyCorrupt,
                format!("{}: no trusted hash is recorded, so nothing proves it", suspect.path),
            )
            .into())
        } else {
            mend_one(destination, &mut bad, files, options.dry_run, &mut file)
        };
        file.refused = bad.refused;
        match outcome {
            Ok(whole) => {
                file.action = if suspect.is_there { RepairAction::Mended } else { RepairAction::Restored };
                mended.extend(whole);
            }
            Err(Refusal::Stopped) => break,
            Err(Refusal::Problem(problem)) => file.problem = Some(problem),
        }
        lane.add_file();
        report.files.push(file);
    }
    mended
}

fn mend_one(
    destination: &Destination,
    bad: &mut Bad<'_>,
    files: &BTreeMap<&RelPath, &SourceFile>,
    dry_run: bool,
    told: &mut RepairedFile,
) -> Result<Option<Whole>, Refusal> {
    let recipe = bad.recipe()?;
    let mut from = BTreeSet::new();
    told.blocks_total = recipe.blocks.len() as u64;
    for block in &recipe.blocks {
        if let Some(origin) = block.origins.first().filter(|origin| **origin > 0) {
            told.blocks_replaced += 1;
            from.insert(*origin);
        }
    }
    told.from = from.iter().map(|origin| bad.origins[*origin].root.clone()).collect();
    if dry_run {
        return Ok(None);
    }
    let failed = |error: checkgate_volume::DestinationError| Refusal::from(Problem::from_error(error.code(), &error));
    let mut partial = destination.begin_mending(bad.path, recipe.size_bytes).map_err(failed)?;
    let hashes = bad.assemble(&recipe, &mut partial)?;
    // The time of the card: that of the file itself, else of a sibling.
    let theirs = || {
        let open = bad.origins.iter().skip(1).find_map(|origin| origin.source.open_file(bad.path).ok());
        open.map(|file| file.modified())
    };
    let modified = files.get(bad.path).map(|file| file.modified).or_else(theirs);
    if let Some(modified) = modified {
        partial.set_modified(modified);
    }
    let mut read_back = destination.read_unpublished(&mut partial).map_err(failed)?;
    let fast = fastest(&hashes).cloned();
    let mut hasher = MultiHasher::new(&fast.iter().map(HashValue::format).collect::<Vec<_>>());
    let mut spare = None;
    loop {
        let chunk =
            read_back.take_chunk(spare).map_err(|error| Refusal::from(crate::hash_files::unreadable(bad.path, &error)))?;
        let Some(chunk) = chunk else { break };
        if !bad.control.may_go_on() {
            return Err(Refusal::Stopped);
        }
        hasher.update(&chunk);
        spare = Some(chunk);
    }
    let proof = read_back.finish().map_err(|error| Refusal::from(Problem::from_error(error.code(), &error)))?;
    if hasher.finish().into_iter().next() != fast {
        let words = format!("{} reads back other bytes than were written; nothing was changed, distrust this drive", bad.path);
        return Err(Problem::new(ErrorCode::CopyCorrupt, words).into());
    }
    let mended = destination.mend(partial).map_err(failed)?;
    told.set_aside = mended.set_aside;
    told.evidence = Some(crate::evidence::from_read_back(&proof));
    Ok(Some(Whole { path: bad.path.clone(), size_bytes: recipe.size_bytes, modified, hashes, at: Timestamp::now() }))
}

fn make_folders(
    destination: &Destination,
    tree: &Tree,
    wanted: &[(&RelPath, &ExpectedFile)],
    report: &mut RepairReport,
) -> Result<(), RepairError> {
    for (path, record) in wanted {
        if record.is_dir && tree.listing.folders.binary_search(path).is_err() {
            destination.create_folder(path)?;
            report.folders.push((*path).clone());
        }
    }
    Ok(())
}

/// Lists what lies set aside, and removes it where that is asked for and the file that took its place is sound.
fn discard(
    destination: &Destination,
    tree: &Tree,
    wanted: &[(&RelPath, &ExpectedFile)],
    report: &mut RepairReport,
    remove: bool,
) -> Result<(), RepairError> {
    let left: BTreeSet<&RelPath> =
        report.files.iter().filter(|file| file.action == RepairAction::Left).map(|file| &file.path).collect();
    let new = report.files.iter().filter_map(|file| file.set_aside.clone());
    let mut aside: Vec<RelPath> =
        tree.listing.files.iter().map(|file| &file.path).filter(|path| is_set_aside(path.file_name())).cloned().collect();
    aside.extend(new);
    aside.sort();
    aside.dedup();
    let (mut kept, mut removed) = (Vec::new(), Vec::new());
    for path in aside {
        let owner = wanted.iter().find(|(own, record)| !record.is_dir && set_aside_of(&path, own));
        if remove && owner.is_some_and(|(own, _)| !left.contains(own)) {
            destination.discard_set_aside(&path)?;
            removed.push(path);
        } else {
            kept.push(path);
        }
    }
    report.set_aside = kept;
    report.discarded = removed;
    Ok(())
}

/// Continues the histories that own a mended file, with what was done in words.
fn seal(
    destination: &Destination,
    found: &Found,
    loaded: &Loaded,
    mended: &[Whole],
    options: &RepairOptions,
    report: &mut RepairReport,
) -> Result<(), RepairError> {
    let failed = |problem: Problem| RepairError::History(Box::new(problem));
    let records: Vec<FileRecord> = mended
        .iter()
        .map(|whole| FileRecord {
            path: whole.path.clone(),
            size_bytes: whole.size_bytes,
            modified: whole.modified,
            hashes: whole.hashes.clone(),
            hashed_at: whole.at,
            previous_path: None,
        })
        .collect();
    let mut operation = options.operation.clone();
    operation.comment = Some(comment(operation.comment.as_deref(), report));
    let folder_name = destination.root().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let ignore: Vec<String> = (!report.set_aside.is_empty()).then(|| SET_ASIDE_PATTERN.to_owned()).into_iter().collect();
    let append = Append { ignore: &ignore, ..Append::part(&folder_name, &operation, &records) };
    let generation =
        loaded.history.append(&append).map_err(|error| failed(Problem::from_error(ErrorCode::HistoryDamaged, &error)))?;
    let written = histories::write(destination, &generation, &|scope| found.has(scope), &loaded.leftovers)
        .map_err(|error| failed(Problem::from_error(error.code(), &error)))?;
    for (path, bytes) in written {
        let again = destination.read_bytes(&path, bytes.len() as u64)?;
        if again != bytes {
            let words = format!("{path} reads other bytes than were written: do not trust this drive");
            return Err(failed(Problem::new(ErrorCode::CopyCorrupt, words)));
        }
        if path.file_name() != checkgate_mhl::CHAIN {
            report.written.push(destination.root().join(path.as_str()));
        }
    }
    Ok(())
}

fn comment(given: Option<&str>, report: &RepairReport) -> String {
    let done: Vec<&RepairedFile> = report.files.iter().filter(|file| file.action != RepairAction::Left).collect();
    // A manifest is read elsewhere: a relative path would mean nothing there.
    let whole = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string();
    let from: BTreeSet<String> = done.iter().flat_map(|file| &file.from).map(whole).collect();
    let names: Vec<String> = done
        .iter()
        .take(MOST_NAMES)
        .map(|file| match file.action {
            RepairAction::Restored => format!("{} (was missing)", file.path),
            _ => format!("{} ({} of {} blocks)", file.path, file.blocks_replaced, file.blocks_total),
        })
        .collect();
    let more = done.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let weakest = done.iter().filter_map(|file| file.evidence.as_ref()).min_by_key(|evidence| evidence.level);
    let evidence = weakest.map(|evidence| format!("; evidence: {}, {}", evidence.level, evidence.method)).unwrap_or_default();
    let from: Vec<String> = from.into_iter().collect();
    let words = format!("repaired from {}: {}{more}{evidence}", from.join(", "), names.join(", "));
    given.map_or_else(|| words.clone(), |given| format!("{given}; {words}"))
}
