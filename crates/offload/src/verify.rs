//! Owns checking a folder against whatever manifests lie in it, ASC MHL or legacy MHL of any vendor: what is missing, extra, altered,
//! renamed or unreadable, and how deep the look was. Read-only by type, goes on after every error. Must never call a folder whole
//! that it could not read whole.

use crate::control::Control;
use crate::hash_files::{Hashed, Job, hash_files};
use crate::histories::{DamagedHistory, MOST_MANIFEST_BYTES};
use crate::memory::Memory;
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::report::SkippedItem;
use crate::seal::is_set_aside;
use crate::tree::Tree;
use checkgate_mhl::{
    Chain, ExpectedFile, FileCheck, History, HistoryWarning, IgnoreRules, IgnoreSet, Keep, LegacyCheck, LegacyEntry, LegacyList,
    Manifest, NameForm, diff, fastest, hash_bytes,
};
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat, HashValue, Problem, RelPath, Timestamp};
use checkgate_volume::{Source, SourceFile};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What to look at, and how deep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyOptions {
    /// Whether files are read past the system's cache, through it, or only their names and sizes are compared.
    pub depth: VerifyDepth,
    /// Compare names only: not even sizes.
    pub names_only: bool,
    /// Check every recorded format, not only the fastest.
    pub all_formats: bool,
    /// Check this format where it is recorded.
    pub format: Option<HashFormat>,
    /// Check against this manifest or list alone, not against what lies in the folder.
    pub manifest: Option<PathBuf>,
    /// Only the ASC MHL history in the root counts, and one that is damaged stops everything, as in an ASC MHL tool.
    pub history_only: bool,
    /// Only these files, and those below these folders.
    pub only: Vec<RelPath>,
    /// Patterns beside those in force.
    pub ignore: Vec<String>,
    /// Where an interrupted check keeps what it has proven.
    pub memory: Option<PathBuf>,
    /// Forget what an interrupted check has proven.
    pub fresh: bool,
}

/// What kind of document a folder was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasisKind {
    /// A generation of an ASC MHL history.
    Generation,
    /// One ASC MHL manifest by itself; nothing chains it.
    Manifest,
    /// A legacy MHL list.
    Legacy,
}

impl BasisKind {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Generation => "ASC MHL generation",
            Self::Manifest => "ASC MHL manifest by itself",
            Self::Legacy => "legacy MHL list",
        }
    }
}

/// A document that a folder was checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Kind.
    pub kind: BasisKind,
    /// Path, below the root where it lies there.
    pub path: String,
    /// Number of the generation.
    pub generation: Option<u32>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// With which tool.
    pub tool: String,
    /// On which machine.
    pub host_name: String,
    /// `in-place`, `transfer`, `flatten`.
    pub process: Option<&'static str>,
    /// By whom.
    pub authors: Vec<String>,
    /// What somebody wrote into it.
    pub comment: Option<String>,
    /// C4 ID of its bytes.
    pub c4: Option<String>,
    /// Files it lists.
    pub files: u64,
    /// Content and structure of the scope, by format.
    pub root_hashes: Vec<(HashFormat, String, String)>,
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

/// A recorded file that lies there under another form of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// As recorded.
    pub expected: RelPath,
    /// As found.
    pub found: RelPath,
    /// In what the names differ.
    pub form: NameForm,
    /// Whether the content is the recorded one; `None` for folders and where nothing was read.
    pub equal: Option<bool>,
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// The file or folder, as text because it may not be a legal path.
    pub path: String,
    /// What happened.
    pub problem: Problem,
}

/// What a verification found. Each list is sorted by path and complete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// The folder.
    pub root: PathBuf,
    /// What it was checked against; empty if all of that is damaged.
    pub basis: Vec<Basis>,
    /// Files whose content was read and compared.
    pub checked: u64,
    /// Their bytes.
    pub checked_bytes: u64,
    /// Files among them that an interrupted run had proven, and that were not read again.
    pub proven_before: u64,
    /// Files for which only the size could be compared.
    pub size_only: Vec<RelPath>,
    /// Expected files and folders that are not there.
    pub missing: Vec<RelPath>,
    /// Files that nothing records.
    pub extra: Vec<RelPath>,
    /// Files that are there under another form of their name; neither missing nor extra.
    pub renamed: Vec<Renamed>,
    /// Files that are not what is recorded.
    pub mismatched: Vec<Mismatch>,
    /// Files of which every recorded hash failed when it was taken: nothing to compare with.
    pub unproven: Vec<RelPath>,
    /// What could not be read.
    pub unreadable: Vec<UnreadableFile>,
    /// Damage to histories and lists; what they say is not trusted.
    pub damaged: Vec<DamagedHistory>,
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
    /// Whether everything recorded is there, unaltered, under its name, and nothing else is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_sound() && self.extra.is_empty() && self.renamed.is_empty()
    }

    /// Whether everything recorded is there and unaltered; other files may lie beside it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.stopped
            && !self.basis.is_empty()
            && (self.checked > 0 || !self.size_only.is_empty())
            && self.missing.is_empty()
            && self.mismatched.is_empty()
            && self.unproven.is_empty()
            && self.unreadable.is_empty()
            && self.damaged.is_empty()
            && self.renamed.iter().all(|renamed| renamed.equal != Some(false))
    }

    /// Files whose content was compared and is the recorded one.
    #[must_use]
    pub fn equal(&self) -> u64 {
        let renamed = self.renamed.iter().filter(|renamed| renamed.equal == Some(false)).count();
        self.checked.saturating_sub((self.mismatched.len() + self.unproven.len() + renamed) as u64)
    }

    fn differs(&self) -> bool {
        !self.mismatched.is_empty()
            || !self.unproven.is_empty()
            || self.renamed.iter().any(|renamed| renamed.equal == Some(false))
    }

    /// The exit code of the reference's `verify`: history damage, then 11 altered, 21 new, 20 nothing checked, 10 missing; ours are
    /// 4 stopped and 3 unreadable.
    #[must_use]
    pub fn verify_exit_code(&self) -> u8 {
        if let Some(damage) = self.damaged.first() {
            damage.exit_code
        } else if self.stopped {
            4
        } else if self.differs() {
            11
        } else if !self.extra.is_empty() || !self.renamed.is_empty() {
            21
        } else if self.checked == 0 && self.size_only.is_empty() && self.unreadable.is_empty() {
            20
        } else if !self.missing.is_empty() {
            10
        } else if !self.unreadable.is_empty() {
            3
        } else {
            0
        }
    }

    /// The exit code of the reference's `diff`: history damage, then 10 missing, 21 new.
    #[must_use]
    pub fn diff_exit_code(&self) -> u8 {
        if let Some(damage) = self.damaged.first() {
            damage.exit_code
        } else if self.stopped {
            4
        } else if !self.missing.is_empty() || !self.renamed.is_empty() {
            10
        } else if !self.extra.is_empty() {
            21
        } else if !self.unreadable.is_empty() {
            3
        } else {
            0
        }
    }

    /// What it was checked against, in words.
    #[must_use]
    pub fn basis_words(&self) -> String {
        let count = |kind| self.basis.iter().filter(|basis| basis.kind == kind).count();
        let parts: Vec<String> = [BasisKind::Generation, BasisKind::Manifest, BasisKind::Legacy]
            .into_iter()
            .map(|kind| (kind, count(kind)))
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| if count == 1 { kind.words().to_owned() } else { format!("{count} {}s", kind.words()) })
            .collect();
        if parts.is_empty() { "nothing that can be trusted".to_owned() } else { parts.join(", ") }
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
    /// A file that was asked for is not there.
    #[error("{0} is not there")]
    NotFound(RelPath),
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
            Self::NoHistory(_) | Self::NotFound(_) => ErrorCode::NotFound,
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoHistory(_) => {
                "Check the path. `checkgate mhl create` begins a history; `checkgate verify --manifest FILE` uses a list that lies elsewhere."
            }
            Self::NotFound(_) => "Check the path; it is taken from the folder that is checked.",
            Self::Root { .. } => "Check the path and that the drive is mounted.",
            Self::Manifest { .. } => "Check the path of the manifest.",
        }
    }

    /// Exit code of an ASC MHL tool: 30 no history, 20 no such file, 3 unreadable.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NoHistory(_) => 30,
            Self::NotFound(_) => 20,
            Self::Root { .. } | Self::Manifest { .. } => 3,
        }
    }
}

/// Checks `root` against what is recorded for it.
///
/// # Errors
/// Only where the check could not begin. A damaged history is part of the report.
pub fn verify(root: &Path, options: &VerifyOptions, control: &Control, meter: &Meter) -> Result<VerifyReport, VerifyError> {
    meter.set_phase(Phase::Preparing);
    let tree = Tree::open(root).map_err(|(code, source)| VerifyError::Root { path: root.to_path_buf(), code, source })?;
    let mut report = VerifyReport { root: root.to_path_buf(), skipped: tree.skipped.clone(), ..VerifyReport::default() };
    report.unreadable.clone_from(&tree.unreadable);
    report.skipped.extend(tree.unrecordable.iter().cloned());
    report.warnings.extend(
        tree.listing
            .files
            .iter()
            .filter(|file| is_set_aside(&file.path))
            .map(|file| format!("{} was set aside as a corrupt copy; it is not part of the roll", file.path)),
    );
    let records = match &options.manifest {
        Some(path) => Records::from_one(path, &tree, options, &mut report)?,
        None => Records::from_folder(root, &tree, options, &mut report)?,
    };
    let stops = options.history_only && !report.damaged.is_empty();
    if !stops {
        let found = compare_names(&records, &tree, options, &mut report)?;
        if options.names_only {
            report.level_words = "names compared, nothing read".to_owned();
        } else if options.depth == VerifyDepth::None {
            compare_sizes(&records, &found, &mut report);
        } else {
            compare_contents(&records, &found, &tree, options, control, meter, &mut report);
        }
    }
    report.stopped = control.is_stopped();
    report.missing.sort();
    report.extra.sort();
    report.mismatched.sort_by(|a, b| a.path.cmp(&b.path));
    report.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    report.size_only.sort();
    report.unproven.sort();
    meter.set_phase(Phase::Done);
    Ok(report)
}

/// What is recorded for files beside the histories.
#[derive(Default)]
struct More {
    packed: Vec<ExpectedFile>,
    legacy: Vec<LegacyEntry>,
}

/// Everything that is recorded, and what counts as recorded or not.
struct Records {
    expected: BTreeMap<RelPath, ExpectedFile>,
    more: BTreeMap<RelPath, More>,
    rules: IgnoreRules,
    /// Rules of packing lists, for their folder.
    list_rules: Vec<(Option<RelPath>, IgnoreSet)>,
    /// Lists themselves: neither recorded nor extra.
    lists: HashSet<RelPath>,
    /// Scopes whose history is damaged: nothing in them is called extra.
    unknown: Vec<Option<RelPath>>,
}

impl Records {
    fn new(rules: IgnoreRules) -> Self {
        Self {
            expected: BTreeMap::new(),
            more: BTreeMap::new(),
            rules,
            list_rules: Vec::new(),
            lists: HashSet::new(),
            unknown: Vec::new(),
        }
    }

    fn from_folder(root: &Path, tree: &Tree, options: &VerifyOptions, report: &mut VerifyReport) -> Result<Self, VerifyError> {
        let (found, loaded) = tree.histories(Keep::Records);
        report.warnings.extend(tree.leftovers(&loaded));
        if options.history_only && !found.has(None) {
            return Err(VerifyError::NoHistory(root.to_path_buf()));
        }
        let history = loaded.history;
        let mut records = Self::new(history.ignore_rules(&options.ignore));
        report.warnings.extend(unreadable_patterns(&records.rules));
        records.unknown = loaded.damaged.iter().map(|damage| damage.scope.clone()).collect();
        report.damaged = loaded.damaged;
        describe(&history, None, report);
        records.expected = history.into_expected();
        if !options.history_only {
            let met = records.add_lists(tree, report);
            if found.is_empty() && !met {
                return Err(VerifyError::NoHistory(root.to_path_buf()));
            }
        }
        Ok(records)
    }

    /// Every list below the root that stands by itself, each for its own folder.
    fn add_lists(&mut self, tree: &Tree, report: &mut VerifyReport) -> bool {
        let mut met = false;
        let is_list = |path: &RelPath| {
            path.extension() == "mhl"
                && !path.file_name().starts_with("._")
                && path.parent().is_none_or(|folder| folder.file_name() != checkgate_mhl::FOLDER)
        };
        for file in tree.listing.files.iter().filter(|file| is_list(&file.path)) {
            met = true;
            let name = file.path.to_string();
            match read_small(&tree.source, file) {
                Ok(bytes) => match Document::read(&bytes) {
                    Ok(document) => self.add_document(&name, file.path.parent(), document, &bytes, report),
                    // An ordinary file of the history, whatever its name says.
                    Err(_) if self.expected.contains_key(&file.path) => {}
                    Err(error) => report.damaged.push(damaged_list(&name, file.path.parent(), &error)),
                },
                Err(problem) => report.unreadable.push(UnreadableFile { path: name, problem }),
            }
            self.lists.insert(file.path.clone());
            if let Some(folder) = collection_beside(&file.path) {
                self.lists.insert(folder);
            }
        }
        met
    }

    fn from_one(path: &Path, tree: &Tree, options: &VerifyOptions, report: &mut VerifyReport) -> Result<Self, VerifyError> {
        let unreadable = |error: checkgate_volume::files::FileError| VerifyError::Manifest {
            path: path.to_path_buf(),
            code: error.code(),
            source: Box::new(error),
        };
        let bytes = checkgate_volume::files::read_bounded(path, MOST_MANIFEST_BYTES).map_err(unreadable)?;
        let name = path.display().to_string();
        let mut records = Self::new(IgnoreSet::new(&checkgate_mhl::ignore::grown(&[], &options.ignore)).into());
        if let Ok(inside) = path.canonicalize() {
            let below = inside.strip_prefix(tree.source.root()).ok().and_then(|path| RelPath::new(&path.to_string_lossy()).ok());
            records.lists.extend(below.iter().filter_map(collection_beside));
            records.lists.extend(below);
        }
        match Document::read(&bytes) {
            Ok(Document::Manifest(manifest)) => {
                check_collection(path, &bytes, report);
                report.warnings.push("one manifest by itself: nothing shows that it is the one that was written".to_owned());
                records.add_document(&name, None, Document::Manifest(manifest), &bytes, report);
                // Its files are the whole of what is expected.
                records.expected = std::mem::take(&mut records.more)
                    .into_iter()
                    .filter_map(|(path, more)| Some((path, more.packed.into_iter().next()?)))
                    .collect();
            }
            // The paths of a list are those below its own folder; where that is not below the root, below the root itself.
            Ok(list) => records.add_document(&name, place(path, &tree.source), list, &bytes, report),
            Err(error) => report.damaged.push(damaged_list(&name, None, &error)),
        }
        Ok(records)
    }

    fn add_document(&mut self, name: &str, folder: Option<RelPath>, document: Document, bytes: &[u8], report: &mut VerifyReport) {
        let placed = |path: &RelPath| folder.as_ref().map_or_else(|| Ok(path.clone()), |folder| folder.join(path.as_str()));
        let too_long = |path: &RelPath| {
            let problem = Problem::new(ErrorCode::HistoryDamaged, format!("{name}: {path} is too long a path"));
            DamagedHistory { place: name.to_owned(), scope: folder.clone(), exit_code: 31, problem }
        };
        match document {
            Document::Manifest(manifest) => {
                report.warnings.extend(manifest.warnings.iter().map(|warning| format!("{name}: {warning}")));
                report.basis.push(basis_of(BasisKind::Manifest, name.to_owned(), None, &manifest, Some(bytes)));
                for (path, record) in manifest.expected() {
                    match placed(&path) {
                        Ok(path) => self.more.entry(path).or_default().packed.push(record),
                        Err(_) => report.damaged.push(too_long(&path)),
                    }
                }
                self.list_rules.push((folder, IgnoreSet::new(&checkgate_mhl::ignore::grown(&manifest.ignore, &[]))));
            }
            Document::Legacy(list) => {
                report.warnings.extend(list.warnings.iter().map(|warning| format!("{name}: {warning}")));
                report.basis.push(Basis {
                    kind: BasisKind::Legacy,
                    path: name.to_owned(),
                    generation: None,
                    created: list.finished.or(list.started),
                    tool: list.tool.clone().unwrap_or_default(),
                    host_name: list.host_name.clone().unwrap_or_default(),
                    process: None,
                    authors: Vec::new(),
                    comment: None,
                    c4: Some(hash_bytes(HashFormat::C4, bytes).to_text()),
                    files: list.entries.len() as u64,
                    root_hashes: Vec::new(),
                });
                for refused in &list.refused {
                    report.damaged.push(damaged_list(name, folder.clone(), refused));
                }
                for entry in list.entries {
                    match placed(&entry.path) {
                        Ok(path) => {
                            let odd = entry.unverifiable.iter().map(|format| format!("{path}: {format} cannot be checked"));
                            report.warnings.extend(odd);
                            self.more.entry(path).or_default().legacy.push(entry);
                        }
                        Err(_) => report.damaged.push(too_long(&entry.path)),
                    }
                }
                // Legacy tools leave these out and never say so.
                self.list_rules.push((folder, IgnoreSet::new(&[".DS_Store".to_owned()])));
            }
        }
    }

    fn is_ignored(&self, path: &RelPath, is_dir: bool) -> bool {
        self.rules.is_ignored(path, is_dir)
            || self.list_rules.iter().any(|(folder, rules)| match folder {
                None => rules.is_ignored(path, is_dir),
                Some(folder) => path
                    .as_str()
                    .strip_prefix(folder.as_str())
                    .and_then(|rest| rest.strip_prefix('/'))
                    .and_then(|rest| RelPath::new(rest).ok())
                    .is_some_and(|rest| rules.is_ignored(&rest, is_dir)),
            })
    }
}

/// Patterns that mean nothing, cut to what a person reads.
pub(crate) fn unreadable_patterns(rules: &IgnoreRules) -> Vec<String> {
    let shown = |pattern: &str| pattern.chars().take(100).collect::<String>();
    rules.unreadable().into_iter().map(|pattern| format!("the ignore pattern {:?} cannot be read", shown(pattern))).collect()
}

/// A list that stands by itself.
enum Document {
    Manifest(Box<Manifest>),
    Legacy(LegacyList),
}

impl Document {
    fn read(bytes: &[u8]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        match Manifest::parse(bytes) {
            Ok(manifest) => Ok(Self::Manifest(Box::new(manifest))),
            Err(asc) => match LegacyList::parse(bytes) {
                Ok(list) => Ok(Self::Legacy(list)),
                Err(legacy @ checkgate_mhl::ParseLegacyError::WrongRoot { .. }) => match asc {
                    checkgate_mhl::ParseManifestError::WrongRoot(_) => Err(Box::new(legacy)),
                    other => Err(Box::new(other)),
                },
                Err(legacy) => Err(Box::new(legacy)),
            },
        }
    }
}

/// The folder below the root in which `path` lies.
pub(crate) fn place(path: &Path, source: &Source) -> Option<RelPath> {
    let inside = path.canonicalize().ok()?;
    let folder = inside.parent()?.strip_prefix(source.root()).ok()?.to_string_lossy().into_owned();
    RelPath::new(&folder).ok()
}

fn collection_beside(list: &RelPath) -> Option<RelPath> {
    match list.parent() {
        Some(folder) => folder.join(checkgate_mhl::COLLECTION).ok(),
        None => RelPath::new(checkgate_mhl::COLLECTION).ok(),
    }
}

/// A collection beside a packing list says which bytes it had when it was written.
fn check_collection(path: &Path, bytes: &[u8], report: &mut VerifyReport) {
    let collection = path.with_file_name(checkgate_mhl::COLLECTION);
    let Ok(text) = checkgate_volume::files::read_bounded(&collection, MOST_MANIFEST_BYTES) else { return };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut damage = |summary: String| {
        let problem = Problem::new(ErrorCode::HistoryDamaged, summary);
        report.damaged.push(DamagedHistory { place: collection.display().to_string(), scope: None, exit_code: 31, problem });
    };
    match Chain::parse(&text) {
        Ok(chain) => {
            let listed = chain.entries.iter().find(|entry| entry.name == name);
            if listed.is_some_and(|entry| entry.c4 != hash_bytes(HashFormat::C4, bytes)) {
                damage(format!("{name} was modified after it was listed in {}", checkgate_mhl::COLLECTION));
            }
        }
        Err(error) => damage(format!("{}: {error}", checkgate_mhl::COLLECTION)),
    }
}

fn damaged_list(name: &str, scope: Option<RelPath>, error: &(impl std::fmt::Display + ?Sized)) -> DamagedHistory {
    let problem = Problem::new(ErrorCode::HistoryDamaged, format!("{name}: {error}"));
    DamagedHistory { place: name.to_owned(), scope, exit_code: 31, problem }
}

fn read_small(source: &Source, file: &SourceFile) -> Result<Vec<u8>, Problem> {
    if file.size_bytes > MOST_MANIFEST_BYTES {
        return Err(Problem::new(ErrorCode::HistoryDamaged, format!("{} is too large for a manifest", file.path)));
    }
    let reader = source.open_file(&file.path).map_err(|error| Problem::from_error(error.code(), &error))?;
    let mut bytes = Vec::new();
    let read = reader.keep_cached().take(MOST_MANIFEST_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| crate::hash_files::unreadable(&file.path, &error))?;
    Ok(bytes)
}

fn describe(history: &History, at: Option<&RelPath>, report: &mut VerifyReport) {
    let prefix = at.map_or_else(String::new, |at| format!("{at}/"));
    for generation in history.generations() {
        let path = format!("{prefix}{}/{}", checkgate_mhl::FOLDER, generation.name);
        let mut basis = basis_of(BasisKind::Generation, path, Some(generation.number), &generation.manifest, None);
        basis.files = generation.files;
        basis.c4 = Some(generation.c4.to_text());
        report.basis.push(basis);
    }
    let warnings = history.warnings().iter().filter(|warning| !matches!(warning, HistoryWarning::Unchained(_)));
    report.warnings.extend(warnings.map(|warning| format!("{prefix}{warning}")));
    report
        .warnings
        .extend(history.dangling_references().iter().map(|path| format!("{prefix}{path} is referred to and is not there")));
    for (folder, child) in history.children() {
        let place = at.map_or_else(|| Ok(folder.clone()), |at| at.join(folder.as_str()));
        if let Ok(place) = place {
            describe(child, Some(&place), report);
        }
    }
}

fn basis_of(kind: BasisKind, path: String, generation: Option<u32>, manifest: &Manifest, bytes: Option<&[u8]>) -> Basis {
    let creator = &manifest.creator;
    let tool = match &creator.tool_version {
        Some(version) if !version.is_empty() => format!("{} {version}", creator.tool),
        _ => creator.tool.clone(),
    };
    let root_hashes = manifest.root_hash.iter().flat_map(|root| {
        root.content.iter().filter_map(|content| {
            let structure = root.structure.iter().find(|hash| hash.value.format() == content.value.format())?;
            Some((content.value.format(), content.value.to_text(), structure.value.to_text()))
        })
    });
    Basis {
        kind,
        path,
        generation,
        created: creator.created,
        tool,
        host_name: creator.host_name.clone(),
        process: Some(manifest.process.word()),
        authors: creator.authors.iter().map(|author| author.name.clone()).collect(),
        comment: creator.comment.clone(),
        c4: bytes.map(|bytes| hash_bytes(HashFormat::C4, bytes).to_text()),
        files: manifest.files().count() as u64,
        root_hashes: root_hashes.collect(),
    }
}

/// Recorded files that are there, each with where it is: under its own name, or another form of it.
struct Present<'a> {
    found: &'a SourceFile,
    recorded: &'a RelPath,
    /// Its place in `renamed`, if it is there under another form of its name.
    candidate: Option<usize>,
}

fn compare_names<'a>(
    records: &'a Records,
    tree: &'a Tree,
    options: &VerifyOptions,
    report: &mut VerifyReport,
) -> Result<Vec<Present<'a>>, VerifyError> {
    let wanted = |path: &RelPath| options.only.is_empty() || options.only.iter().any(|only| path.is_under(only));
    for only in &options.only {
        let files = tree.listing.files.iter().map(|file| &file.path);
        if !files.chain(&tree.listing.folders).any(|path| path.is_under(only)) {
            return Err(VerifyError::NotFound(only.clone()));
        }
    }
    let by_path: HashMap<&RelPath, &SourceFile> = tree.listing.files.iter().map(|file| (&file.path, file)).collect();
    let mut listing: diff::Listing =
        tree.listing.files.iter().map(|file| (file.path.clone(), (file.size_bytes, false))).collect();
    listing.extend(tree.listing.folders.iter().map(|folder| (folder.clone(), (0, true))));
    let difference = diff(&records.expected, &listing, &records.rules);
    drop(listing);
    for path in difference.ignored.iter().filter(|path| wanted(path)) {
        report.warnings.push(format!("{path} is recorded and ignored by now; it was not checked"));
    }
    report.missing.extend(difference.missing.into_iter().filter(|path| wanted(path) && !tree.is_unseen(path)));
    for path in difference.kind_differs.into_iter().filter(|path| wanted(path)) {
        // What is recorded is not there; what is there is something else.
        if by_path.contains_key(&path) {
            report.extra.push(path.clone());
            report.warnings.push(format!("{path} is a file where a folder is recorded"));
        } else {
            report.warnings.push(format!("{path} is a folder where a file is recorded"));
        }
        report.missing.push(path);
    }
    let in_unknown = |path: &RelPath| records.unknown.iter().any(|scope| scope.as_ref().is_none_or(|scope| path.is_under(scope)));
    report.extra.extend(difference.extra.into_iter().filter(|path| {
        wanted(path)
            && !records.more.contains_key(path)
            && !records.lists.contains(path)
            && !records.is_ignored(path, false)
            && !in_unknown(path)
            && !is_set_aside(path)
    }));
    let mut present: Vec<Present<'a>> = Vec::new();
    for (path, record) in &records.expected {
        if !record.is_dir
            && wanted(path)
            && !records.rules.is_ignored(path, false)
            && let Some(found) = by_path.get(path)
        {
            present.push(Present { found, recorded: path, candidate: None });
        }
    }
    for (path, more) in records.more.iter().filter(|(path, _)| !records.expected.contains_key(*path) && wanted(path)) {
        match by_path.get(path) {
            Some(found) => present.push(Present { found, recorded: path, candidate: None }),
            None => {
                let folder = more.packed.iter().any(|record| record.is_dir) && tree.listing.folders.binary_search(path).is_ok();
                if !folder && !records.is_ignored(path, false) && !tree.is_unseen(path) {
                    report.missing.push(path.clone());
                }
            }
        }
    }
    // Names that differ in form only: told apart from what is really missing.
    let candidates = difference.name_form_candidates.into_iter().map(|pair| (pair.expected, pair.found, pair.form));
    let of_lists = list_candidates(records, report);
    for (expected, found, form) in candidates.chain(of_lists) {
        let is_file = by_path.contains_key(&found);
        let known = if is_file {
            report.missing.iter().position(|path| *path == expected).filter(|_| report.extra.contains(&found))
        } else {
            report.missing.iter().position(|path| *path == expected)
        };
        let Some(at) = known else { continue };
        report.missing.swap_remove(at);
        report.extra.retain(|path| *path != found);
        let recorded = records.expected.get_key_value(&expected).map(|(path, _)| path);
        let recorded = recorded.or_else(|| records.more.get_key_value(&expected).map(|(path, _)| path));
        if let (Some(found_file), Some(recorded)) = (by_path.get(&found), recorded) {
            present.push(Present { found: found_file, recorded, candidate: Some(report.renamed.len()) });
        }
        report.renamed.push(Renamed { expected, found, form, equal: None });
    }
    Ok(present)
}

/// Missing paths of lists that are there under another form of their name.
fn list_candidates(records: &Records, report: &VerifyReport) -> Vec<(RelPath, RelPath, NameForm)> {
    let expected: BTreeMap<RelPath, ExpectedFile> = report
        .missing
        .iter()
        .filter(|path| records.more.contains_key(*path))
        .map(|path| (path.clone(), ExpectedFile::unknown()))
        .collect();
    if expected.is_empty() {
        return Vec::new();
    }
    let listing: diff::Listing = report.extra.iter().map(|path| (path.clone(), (0, false))).collect();
    let difference = diff(&expected, &listing, &IgnoreSet::new(&[]).into());
    difference.name_form_candidates.into_iter().map(|pair| (pair.expected, pair.found, pair.form)).collect()
}

fn compare_sizes(records: &Records, present: &[Present<'_>], report: &mut VerifyReport) {
    report.level = (!present.is_empty()).then_some(EvidenceLevel::SizeOnly);
    report.level_words = "names and sizes compared, nothing read".to_owned();
    for file in present {
        let found = file.found.size_bytes;
        let asc = records.expected.get(file.recorded).and_then(|record| record.size_bytes);
        let more = records.more.get(file.recorded);
        let listed = more.into_iter().flat_map(|more| {
            let packed = more.packed.iter().filter_map(|record| record.size_bytes);
            packed.chain(more.legacy.iter().filter_map(|entry| entry.size_bytes))
        });
        let sizes: BTreeSet<u64> = asc.into_iter().chain(listed).collect();
        match sizes.iter().find(|size| **size != found) {
            Some(size) => report.mismatched.push(Mismatch {
                path: file.found.path.clone(),
                expected: format!("{size} bytes"),
                found: format!("{found} bytes"),
            }),
            None if sizes.is_empty() => report.warnings.push(format!("{}: no size is recorded", file.found.path)),
            None => report.size_only.push(file.found.path.clone()),
        }
    }
}

/// What was found for one file.
enum Verdict {
    Equal,
    SizeOnly,
    Unproven,
    Differs { expected: String, found: String },
}

fn compare_contents(
    records: &Records,
    present: &[Present<'_>],
    tree: &Tree,
    options: &VerifyOptions,
    control: &Control,
    meter: &Meter,
    report: &mut VerifyReport,
) {
    let fingerprint = fingerprint(report, options);
    let memory = options.memory.as_deref().map(|path| Memory::open(path, &fingerprint, options.fresh));
    let mut open: Vec<&Present<'_>> = Vec::with_capacity(present.len());
    for file in present {
        match memory.as_ref().and_then(|memory| memory.proven(file.found)) {
            Some((level, words)) if file.candidate.is_none() => {
                report.checked += 1;
                report.proven_before += 1;
                report.checked_bytes += file.found.size_bytes;
                weakest(report, level, words);
            }
            _ => open.push(file),
        }
    }
    if report.proven_before > 0 {
        report.warnings.push(format!(
            "{} file(s) were proven by a check that was interrupted; they were not read again",
            report.proven_before
        ));
    }
    let jobs: Vec<Job<'_>> = open.iter().map(|file| job(records, file, options)).collect();
    let lane = meter.source();
    lane.begin(Phase::Proving, jobs.len() as u64, jobs.iter().map(|job| job.size_bytes).sum());
    meter.set_phase(Phase::Proving);
    let shared = Mutex::new(&mut *report);
    hash_files(&tree.source, &jobs, options.depth, control, &lane, &|at, outcome| {
        let file = open[at];
        let mut report = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match outcome {
            Ok(found) => found,
            Err(problem) => {
                report.unreadable.push(UnreadableFile { path: file.found.path.to_string(), problem });
                return;
            }
        };
        let verdict = judge(records, file, &found);
        report.checked_bytes += found.bytes;
        let level = if matches!(verdict, Verdict::SizeOnly) { EvidenceLevel::SizeOnly } else { found.level };
        weakest(&mut report, level, &found.words);
        if let Some(at) = file.candidate {
            report.renamed[at].equal = match &verdict {
                Verdict::Equal => Some(true),
                Verdict::Differs { .. } => Some(false),
                Verdict::SizeOnly | Verdict::Unproven => None,
            };
        }
        match verdict {
            Verdict::Equal => {
                report.checked += 1;
                drop(report);
                if let Some(memory) = &memory {
                    memory.remember(file.found, found.level, &found.words);
                }
            }
            Verdict::SizeOnly => report.size_only.push(file.found.path.clone()),
            Verdict::Unproven => {
                report.checked += 1;
                report.unproven.push(file.found.path.clone());
            }
            Verdict::Differs { expected, found } => {
                report.checked += 1;
                if file.candidate.is_none() {
                    report.mismatched.push(Mismatch { path: file.found.path.clone(), expected, found });
                }
            }
        }
    });
    if let Some(memory) = memory {
        if control.is_stopped() { memory.keep() } else { memory.forget() }
    }
}

fn weakest(report: &mut VerifyReport, level: EvidenceLevel, words: &str) {
    if report.level.is_none_or(|known| level < known) {
        report.level = Some(level);
        words.clone_into(&mut report.level_words);
    }
}

/// What a check is about: another basis or another depth is another check.
fn fingerprint(report: &VerifyReport, options: &VerifyOptions) -> String {
    let mut text = format!("{:?} {} {:?} ", options.depth, options.all_formats, options.format);
    for basis in &report.basis {
        text.push_str(&basis.path);
        text.push(' ');
        text.push_str(basis.c4.as_deref().unwrap_or_default());
        text.push('\n');
    }
    hash_bytes(HashFormat::Xxh128, text.as_bytes()).to_text()
}

/// Which digests of a file to take: the fastest trusted one of each record, or as asked.
fn job<'a>(records: &'a Records, file: &Present<'a>, options: &VerifyOptions) -> Job<'a> {
    let more = records.more.get(file.recorded);
    let mut formats: Vec<HashFormat> = Vec::new();
    for record in records.expected.get(file.recorded).into_iter().chain(more.into_iter().flat_map(|more| &more.packed)) {
        let recorded = || record.trusted.iter().map(HashValue::format);
        match options.format.filter(|format| recorded().any(|known| known == *format)) {
            Some(format) => formats.push(format),
            None if options.all_formats => formats.extend(recorded()),
            None => formats.extend(fastest(&record.trusted).map(HashValue::format)),
        }
    }
    formats.sort_unstable();
    formats.dedup();
    let legacy = more.into_iter().flat_map(|more| &more.legacy).collect();
    Job { path: &file.found.path, size_bytes: file.found.size_bytes, formats: Cow::Owned(formats), legacy }
}

fn judge(records: &Records, file: &Present<'_>, found: &Hashed) -> Verdict {
    let more = records.more.get(file.recorded);
    let (mut equal, mut unproven) = (false, false);
    for record in records.expected.get(file.recorded).into_iter().chain(more.into_iter().flat_map(|more| &more.packed)) {
        match record.check(&found.values) {
            FileCheck::Verified(_) => equal = true,
            FileCheck::Mismatch { expected, found } => {
                return Verdict::Differs { expected: expected.to_string(), found: found.to_string() };
            }
            FileCheck::NotComparable if record.has_failed => unproven = true,
            FileCheck::NotComparable => {
                if let Some(size) = record.size_bytes.filter(|size| *size != found.bytes) {
                    return Verdict::Differs { expected: format!("{size} bytes"), found: format!("{} bytes", found.bytes) };
                }
            }
        }
    }
    for check in &found.legacy {
        match check {
            LegacyCheck::Verified => equal = true,
            LegacyCheck::SizeOnly | LegacyCheck::NotComparable => {}
            LegacyCheck::SizeDiffers { expected_bytes, found_bytes } => {
                return Verdict::Differs { expected: format!("{expected_bytes} bytes"), found: format!("{found_bytes} bytes") };
            }
            LegacyCheck::Mismatch { format, holding } => {
                let doubt = if holding.is_empty() {
                    String::new()
                } else {
                    format!("; {} agrees, so the list contradicts itself", holding.join(", "))
                };
                return Verdict::Differs { expected: format!("the listed {format}"), found: format!("another {format}{doubt}") };
            }
        }
    }
    match (equal, unproven) {
        (true, _) => Verdict::Equal,
        (false, true) => Verdict::Unproven,
        (false, false) => Verdict::SizeOnly,
    }
}
