//! Owns checking a folder against any ASC MHL history or legacy MHL: what is missing, extra, altered or unreadable, and how deep the
//! look was. Read-only by type, goes on after every error. Must never call a folder whole that it could not read whole.

use crate::control::Control;
use crate::meter::{Lane, Meter, Phase};
use crate::plan::VerifyDepth;
use crate::reader::spawn_named;
use crate::report::SkippedItem;
use crate::seal::{Found, is_set_aside};
use checkgate_mhl::{
    ExpectedFile, FileCheck, History, IgnoreSet, LegacyCheck, LegacyEntry, LegacyHasher, LegacyList, Manifest, MultiHasher,
    Unchained, diff,
};
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat, HashValue, Problem, RelPath};
use checkgate_volume::{Listing, Source};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

const MOST_MANIFEST_BYTES: u64 = 512 << 20;
const SMALL_BYTES: u64 = 4 << 20;
const SMALL_AT_ONCE: usize = 8;
const READ_BYTES: usize = 4 << 20;

/// What to look at, and how deep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyOptions {
    /// Whether files are read past the system's cache, through it, or only their names and sizes are compared.
    pub depth: VerifyDepth,
    /// Check every recorded format, not only the fastest.
    pub all_formats: bool,
    /// Check against this manifest or list alone, not against what lies in the folder.
    pub manifest: Option<PathBuf>,
}

/// What a folder was checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// The ASC MHL history in the folder.
    History {
        /// Manifests, oldest first, those of nested histories after their parents'.
        manifests: Vec<String>,
    },
    /// One ASC MHL manifest by itself; nothing chains it.
    Manifest {
        /// Its path.
        path: PathBuf,
    },
    /// Legacy MHL lists.
    Legacy {
        /// The lists.
        lists: Vec<String>,
    },
}

impl Basis {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::History { manifests } => format!("ASC MHL history of {} generation(s)", manifests.len()),
            Self::Manifest { path } => format!("ASC MHL manifest {}", path.display()),
            Self::Legacy { lists } => format!("legacy MHL {}", lists.join(", ")),
        }
    }
}

/// A file that is not what the manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: RelPath,
    /// As recorded, e.g. `xxh64:ef46db3751d8e999` or `5 bytes`.
    pub expected: String,
    /// As found.
    pub found: String,
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// The file or folder, as text because it may not be a legal path.
    pub path: String,
    /// What happened.
    pub problem: Problem,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The folder.
    pub root: PathBuf,
    /// What it was checked against; `None` if that is damaged.
    pub basis: Option<Basis>,
    /// Files whose content was read and compared.
    pub checked: u64,
    /// Their bytes.
    pub checked_bytes: u64,
    /// Files for which only the size could be compared.
    pub size_only: Vec<RelPath>,
    /// Expected files and folders that are not there.
    pub missing: Vec<RelPath>,
    /// Files that nothing records.
    pub extra: Vec<RelPath>,
    /// Files that are not what is recorded.
    pub mismatched: Vec<Mismatch>,
    /// What could not be read.
    pub unreadable: Vec<UnreadableFile>,
    /// Damage to the history or list itself; nothing below it can be trusted.
    pub damaged: Vec<Problem>,
    /// Oddities worth telling that are no errors.
    pub warnings: Vec<String>,
    /// Links and special files, which no manifest records.
    pub skipped: Vec<SkippedItem>,
    /// Weakest way in which a file was looked at; `None` if no file was.
    pub level: Option<EvidenceLevel>,
    /// The same in words a storage person can check.
    pub level_words: String,
    /// Somebody stopped it before the end.
    pub stopped: bool,
}

impl VerifyReport {
    /// Whether everything recorded is there, unaltered, and nothing else is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_sound() && self.extra.is_empty()
    }

    /// Whether everything recorded is there and unaltered; other files may lie beside it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.stopped
            && self.basis.is_some()
            && (self.checked > 0 || !self.size_only.is_empty())
            && self.missing.is_empty()
            && self.mismatched.is_empty()
            && self.unreadable.is_empty()
            && self.damaged.is_empty()
    }
}

/// Why a verification could not begin.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
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
    /// Neither an ASC MHL history nor a legacy MHL lies there.
    #[error("there is no ASC MHL history and no legacy MHL in {}", .0.display())]
    NoHistory(PathBuf),
    /// The given manifest cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Code of the cause.
        code: ErrorCode,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl VerifyError {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Root { code, .. } | Self::Manifest { code, .. } => *code,
            Self::NoHistory(_) => ErrorCode::NotFound,
        }
    }
}

/// What is recorded for one file.
enum Recorded {
    Asc(ExpectedFile),
    Legacy(LegacyEntry),
}

/// Checks `root` against what is recorded for it.
///
/// # Errors
/// Only where the check could not begin. A damaged history is part of the report.
pub fn verify(root: &Path, options: &VerifyOptions, control: &Control, meter: &Meter) -> Result<VerifyReport, VerifyError> {
    let failed = |code: ErrorCode, source: Box<dyn std::error::Error + Send + Sync>| VerifyError::Root {
        path: root.to_path_buf(),
        code,
        source,
    };
    meter.set_phase(Phase::Preparing);
    let source = Source::open(root).map_err(|error| failed(error.code(), Box::new(error)))?;
    let listing = source.walk().map_err(|error| failed(error.code(), Box::new(error)))?;
    let mut report = VerifyReport {
        root: root.to_path_buf(),
        basis: None,
        checked: 0,
        checked_bytes: 0,
        size_only: Vec::new(),
        missing: Vec::new(),
        extra: Vec::new(),
        mismatched: Vec::new(),
        unreadable: Vec::new(),
        damaged: Vec::new(),
        warnings: Vec::new(),
        skipped: listing
            .skipped
            .iter()
            .map(|skipped| SkippedItem { path: skipped.path.clone(), reason: skipped.reason.words().to_owned() })
            .collect(),
        level: None,
        level_words: String::new(),
        stopped: false,
    };
    for unreadable in &listing.unreadable {
        let mut problem = Problem::new(ErrorCode::SourceUnreadable, format!("{} cannot be read", unreadable.path));
        problem.details.push(unreadable.error.clone());
        report.unreadable.push(UnreadableFile { path: unreadable.path.clone(), problem });
    }
    report.warnings.extend(
        listing
            .files
            .iter()
            .filter(|file| is_set_aside(&file.path))
            .map(|file| format!("{} was set aside as a corrupt copy; it is not part of the roll", file.path)),
    );
    let work = match &options.manifest {
        Some(path) => from_one(path, &source, &listing, &mut report)?,
        None => from_folder(root, &source, &listing, &mut report)?,
    };
    if options.depth == VerifyDepth::None {
        compare_sizes(&work, &mut report);
    } else {
        compare_contents(&source, work, options, control, meter, &mut report);
    }
    report.stopped = control.is_stopped();
    report.mismatched.sort_by(|a, b| a.path.cmp(&b.path));
    report.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    report.size_only.sort();
    meter.set_phase(Phase::Done);
    Ok(report)
}

type Work = Vec<(RelPath, u64, Recorded)>;

fn from_folder(root: &Path, source: &Source, listing: &Listing, report: &mut VerifyReport) -> Result<Work, VerifyError> {
    match Found::read(source, listing) {
        Ok(found) if !found.is_empty() => match found.load(&BTreeMap::new(), Unchained::Refuse) {
            Ok(history) => {
                let mut manifests = Vec::new();
                name_manifests(&history, "", &mut manifests, &mut report.warnings);
                report
                    .warnings
                    .extend(history.dangling_references().iter().map(|path| format!("{path} is referred to and is not there")));
                report.basis = Some(Basis::History { manifests });
                Ok(asc_work(history.expected(), &history.ignore_patterns(), listing, report))
            }
            Err(problem) => {
                report.damaged.push(problem);
                Ok(Vec::new())
            }
        },
        Ok(_) => legacy_work(root, source, listing, report),
        Err(problem) => {
            report.damaged.push(problem);
            Ok(Vec::new())
        }
    }
}

fn name_manifests(history: &History, prefix: &str, names: &mut Vec<String>, warnings: &mut Vec<String>) {
    names.extend(history.generations().iter().map(|generation| format!("{prefix}{}/{}", checkgate_mhl::FOLDER, generation.name)));
    warnings.extend(history.warnings().iter().map(|warning| format!("{prefix}{warning}")));
    for (folder, child) in history.children() {
        name_manifests(child, &format!("{prefix}{folder}/"), names, warnings);
    }
}

fn from_one(path: &Path, source: &Source, listing: &Listing, report: &mut VerifyReport) -> Result<Work, VerifyError> {
    let bytes = checkgate_volume::files::read_bounded(path, MOST_MANIFEST_BYTES).map_err(|error| VerifyError::Manifest {
        path: path.to_path_buf(),
        code: error.code(),
        source: Box::new(error),
    })?;
    let damaged = |error: &(dyn std::error::Error + 'static)| {
        let mut problem = Problem::from_error(ErrorCode::HistoryDamaged, error);
        problem.summary = format!("{}: {}", path.display(), problem.summary);
        problem
    };
    match Manifest::parse(&bytes) {
        Ok(manifest) => {
            report.basis = Some(Basis::Manifest { path: path.to_path_buf() });
            report.warnings.extend(manifest.warnings.iter().map(ToString::to_string));
            report.warnings.push("one manifest by itself: nothing shows that it is the one that was written".to_owned());
            Ok(asc_work(manifest.expected(), &manifest.ignore, listing, report))
        }
        Err(asc) => match LegacyList::parse(&bytes) {
            Ok(list) => {
                // Its paths are those below its own folder; where that is not below the root, below the root itself.
                let folder = path
                    .canonicalize()
                    .ok()
                    .and_then(|path| Some(path.parent()?.strip_prefix(source.root()).ok()?.to_string_lossy().into_owned()));
                let folder = folder.and_then(|folder| RelPath::new(&folder).ok());
                report.basis = Some(Basis::Legacy { lists: vec![path.display().to_string()] });
                Ok(place_legacy(vec![(path.display().to_string(), folder, list)], listing, report))
            }
            Err(legacy) => {
                let is_legacy = matches!(&legacy, checkgate_mhl::ParseLegacyError::Digest { .. });
                report.damaged.push(if is_legacy { damaged(&legacy) } else { damaged(&asc) });
                Ok(Vec::new())
            }
        },
    }
}

/// Every legacy list below the root, each for its own folder.
fn legacy_work(root: &Path, source: &Source, listing: &Listing, report: &mut VerifyReport) -> Result<Work, VerifyError> {
    let mut lists = Vec::new();
    let mut met = false;
    for file in listing.files.iter().filter(|file| file.path.extension() == "mhl" && !file.path.file_name().starts_with("._")) {
        met = true;
        let mut bytes = Vec::new();
        let read = source.open_file(&file.path).map_err(|error| Problem::from_error(error.code(), &error)).and_then(|reader| {
            reader.take(MOST_MANIFEST_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(&file.path, &error))
        });
        if let Err(problem) = read {
            report.damaged.push(problem);
            continue;
        }
        match LegacyList::parse(&bytes) {
            Ok(list) => lists.push((file.path.to_string(), file.path.parent(), list)),
            Err(error) => {
                let mut problem = Problem::from_error(ErrorCode::HistoryDamaged, &error);
                problem.summary = format!("{}: {}", file.path, problem.summary);
                report.damaged.push(problem);
            }
        }
    }
    if !met {
        return Err(VerifyError::NoHistory(root.to_path_buf()));
    }
    if !lists.is_empty() {
        report.basis = Some(Basis::Legacy { lists: lists.iter().map(|(name, _, _)| name.clone()).collect() });
    }
    Ok(place_legacy(lists, listing, report))
}

fn place_legacy(lists: Vec<(String, Option<RelPath>, LegacyList)>, listing: &Listing, report: &mut VerifyReport) -> Work {
    let sizes: BTreeMap<&RelPath, u64> = listing.files.iter().map(|file| (&file.path, file.size_bytes)).collect();
    let mut work: Work = Vec::new();
    let mut listed = std::collections::BTreeSet::new();
    for (name, folder, list) in lists {
        report.warnings.extend(list.warnings.iter().map(|warning| format!("{name}: {warning}")));
        for refused in &list.refused {
            let mut problem = Problem::from_error(ErrorCode::HistoryDamaged, refused);
            problem.summary = format!("{name}: {}", problem.summary);
            report.damaged.push(problem);
        }
        for entry in list.entries {
            let placed = match &folder {
                Some(folder) => folder.join(entry.path.as_str()),
                None => Ok(entry.path.clone()),
            };
            let Ok(path) = placed else {
                report
                    .damaged
                    .push(Problem::new(ErrorCode::HistoryDamaged, format!("{name}: {} is too long a path", entry.path)));
                continue;
            };
            report.warnings.extend(entry.unverifiable.iter().map(|format| format!("{path}: {format} cannot be checked")));
            listed.insert(path.clone());
            match sizes.get(&path) {
                Some(size_bytes) => work.push((path, *size_bytes, Recorded::Legacy(entry))),
                None => report.missing.push(path),
            }
        }
    }
    let is_list = |path: &RelPath| path.extension() == "mhl";
    report.extra = listing
        .files
        .iter()
        .map(|file| &file.path)
        .filter(|path| !listed.contains(*path) && !is_list(path) && path.file_name() != ".DS_Store")
        .cloned()
        .collect();
    report.missing.sort();
    report.missing.dedup();
    work
}

fn asc_work(
    expected: BTreeMap<RelPath, ExpectedFile>,
    patterns: &[String],
    listing: &Listing,
    report: &mut VerifyReport,
) -> Work {
    let mut found: diff::Listing = listing.files.iter().map(|file| (file.path.clone(), (file.size_bytes, false))).collect();
    found.extend(listing.folders.iter().map(|folder| (folder.clone(), (0, true))));
    let difference = diff(&expected, &found, patterns);
    report.missing = difference.missing;
    report.extra = difference.extra;
    report.warnings.extend(
        difference
            .name_form_candidates
            .iter()
            .map(|pair| format!("{} is probably {} under another form of its name", pair.found, pair.expected)),
    );
    report
        .warnings
        .extend(difference.ignored.iter().map(|path| format!("{path} is recorded and ignored by now; it was not checked")));
    for path in difference.kind_differs {
        let is_dir = expected.get(&path).is_some_and(|record| record.is_dir);
        let (wanted, is) = if is_dir { ("a folder", "a file") } else { ("a file", "a folder") };
        report.mismatched.push(Mismatch { path, expected: wanted.to_owned(), found: is.to_owned() });
    }
    let ignore = IgnoreSet::new(patterns);
    expected
        .into_iter()
        .filter(|(path, record)| !record.is_dir && !ignore.is_ignored(path, false))
        .filter_map(|(path, record)| match found.get(&path) {
            Some((size_bytes, false)) => Some((path, *size_bytes, Recorded::Asc(record))),
            _ => None,
        })
        .collect()
}

fn compare_sizes(work: &Work, report: &mut VerifyReport) {
    report.level = (!work.is_empty()).then_some(EvidenceLevel::SizeOnly);
    report.level_words = "names and sizes compared, nothing read".to_owned();
    for (path, found_bytes, recorded) in work {
        let expected_bytes = match recorded {
            Recorded::Asc(record) => record.size_bytes,
            Recorded::Legacy(entry) => entry.size_bytes,
        };
        match expected_bytes {
            Some(expected) if expected != *found_bytes => {
                report.mismatched.push(Mismatch {
                    path: path.clone(),
                    expected: format!("{expected} bytes"),
                    found: format!("{found_bytes} bytes"),
                });
            }
            Some(_) => report.size_only.push(path.clone()),
            None => report.warnings.push(format!("{path}: no size is recorded")),
        }
    }
}

/// What was found for one file.
enum Verdict {
    Equal,
    SizeOnly,
    Differs { expected: String, found: String },
}

fn compare_contents(
    source: &Source,
    work: Work,
    options: &VerifyOptions,
    control: &Control,
    meter: &Meter,
    report: &mut VerifyReport,
) {
    let lane = meter.source();
    lane.begin(Phase::Proving, work.len() as u64, work.iter().map(|(_, size, _)| size).sum());
    meter.set_phase(Phase::Proving);
    let (small, large): (Work, Work) = work.into_iter().partition(|(_, size, _)| *size <= SMALL_BYTES);
    let shared = Mutex::new(report);
    let next = AtomicUsize::new(0);
    let one = |(path, size_bytes, recorded): &(RelPath, u64, Recorded)| {
        lane.set_current(path.as_str());
        let outcome = check_file(source, path, recorded, options, control, &lane);
        lane.add_file();
        let mut report = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            // Stopped in the middle.
            Ok(None) => {}
            Ok(Some((verdict, level, words))) => {
                if report.level.is_none_or(|known| level < known) {
                    report.level = Some(level);
                    report.level_words = words;
                }
                report.checked_bytes += size_bytes;
                match verdict {
                    Verdict::Equal => report.checked += 1,
                    Verdict::SizeOnly => report.size_only.push(path.clone()),
                    Verdict::Differs { expected, found } => {
                        report.checked += 1;
                        report.mismatched.push(Mismatch { path: path.clone(), expected, found });
                    }
                }
            }
            Err(problem) => report.unreadable.push(UnreadableFile { path: path.to_string(), problem }),
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..SMALL_AT_ONCE.min(small.len()) {
            spawn_named(scope, "verify", || {
                while control.may_go_on() {
                    let Some(item) = small.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    one(item);
                }
            });
        }
    });
    for item in large.iter().take_while(|_| control.may_go_on()) {
        one(item);
    }
}

enum Checker<'a> {
    Asc(&'a ExpectedFile, MultiHasher),
    Legacy(LegacyHasher<'a>),
}

impl Checker<'_> {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Asc(_, hasher) => hasher.update(bytes),
            Self::Legacy(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Verdict {
        match self {
            Self::Asc(record, hasher) => match record.check(&hasher.finish()) {
                FileCheck::Verified(_) => Verdict::Equal,
                FileCheck::Mismatch { expected, found } => {
                    Verdict::Differs { expected: expected.to_string(), found: found.to_string() }
                }
                FileCheck::NotComparable => Verdict::SizeOnly,
            },
            Self::Legacy(hasher) => match hasher.finish() {
                LegacyCheck::Verified => Verdict::Equal,
                LegacyCheck::SizeOnly | LegacyCheck::NotComparable => Verdict::SizeOnly,
                LegacyCheck::SizeDiffers { expected_bytes, found_bytes } => {
                    Verdict::Differs { expected: format!("{expected_bytes} bytes"), found: format!("{found_bytes} bytes") }
                }
                LegacyCheck::Mismatch { format, holding } => {
                    let doubt = if holding.is_empty() {
                        String::new()
                    } else {
                        format!("; {} agrees, so the list contradicts itself", holding.join(", "))
                    };
                    Verdict::Differs { expected: format!("the listed {format}"), found: format!("another {format}{doubt}") }
                }
            },
        }
    }
}

type Checked = Option<(Verdict, EvidenceLevel, String)>;

fn check_file(
    source: &Source,
    path: &RelPath,
    recorded: &Recorded,
    options: &VerifyOptions,
    control: &Control,
    lane: &Lane,
) -> Result<Checked, Problem> {
    let mut checker = match recorded {
        Recorded::Asc(record) => {
            let fastest = || checkgate_mhl::fastest(&record.trusted).map(HashValue::format).into_iter().collect::<Vec<_>>();
            let formats: Vec<HashFormat> =
                if options.all_formats { record.trusted.iter().map(HashValue::format).collect() } else { fastest() };
            Checker::Asc(record, MultiHasher::new(&formats))
        }
        Recorded::Legacy(entry) => Checker::Legacy(LegacyHasher::new(entry)),
    };
    let (level, words) = if options.depth == VerifyDepth::Device {
        let mut read_back = source.read_again(path).map_err(|error| Problem::from_error(error.code(), &error))?;
        while let Some(chunk) = read_back.next_chunk().map_err(|error| unreadable(path, &error))? {
            if !control.may_go_on() {
                return Ok(None);
            }
            checker.update(chunk);
            lane.add_bytes(chunk.len() as u64);
        }
        let proof = read_back.finish().map_err(|error| Problem::from_error(error.code(), &error))?;
        (proof.level(), proof.words().to_owned())
    } else {
        let mut reader = source.open_file(path).map_err(|error| Problem::from_error(error.code(), &error))?;
        let room = usize::try_from(reader.size_bytes()).unwrap_or(READ_BYTES).clamp(1, READ_BYTES);
        let mut buffer = vec![0; room];
        loop {
            if !control.may_go_on() {
                return Ok(None);
            }
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    checker.update(&buffer[..count]);
                    lane.add_bytes(count as u64);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(path, &error)),
            }
        }
        (EvidenceLevel::ReadBackSystem, "read through the operating system".to_owned())
    };
    let verdict = checker.finish();
    let level = if matches!(verdict, Verdict::SizeOnly) { EvidenceLevel::SizeOnly } else { level };
    Ok(Some((verdict, level, words)))
}

fn unreadable(path: &RelPath, error: &std::io::Error) -> Problem {
    let mut problem = Problem::new(checkgate_volume::read_code(error), format!("{path} cannot be read"));
    problem.details.push(error.to_string());
    problem
}
