//! Owns what is recorded for a folder: by the histories in it, by packing lists and legacy lists of any vendor, or by one manifest
//! alone. Must never look at a media file.

use super::{Basis, BasisKind, VerifyError, VerifyOptions, VerifyReport};
use crate::histories::{DamagedHistory, MOST_MANIFEST_BYTES};
use crate::report::UnreadableFile;
use crate::tree::Tree;
use checkgate_mhl::{
    Chain, ExpectedFile, History, HistoryWarning, IgnoreRules, IgnoreSet, Keep, LegacyEntry, LegacyList, Manifest, hash_bytes,
};
use checkgate_model::{ErrorCode, HashFormat, Problem, RelPath};
use checkgate_volume::{Source, SourceFile};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::path::Path;

/// What is recorded for files beside the histories.
#[derive(Default)]
pub(super) struct More {
    pub(super) packed: Vec<ExpectedFile>,
    pub(super) legacy: Vec<LegacyEntry>,
}

/// Everything that is recorded, and what counts as recorded or not.
pub(super) struct Records {
    pub(super) expected: BTreeMap<RelPath, ExpectedFile>,
    pub(super) more: BTreeMap<RelPath, More>,
    pub(super) rules: IgnoreRules,
    /// Rules of packing lists, for their folder.
    list_rules: Vec<(Option<RelPath>, IgnoreSet)>,
    /// Lists themselves: neither recorded nor extra.
    pub(super) lists: HashSet<RelPath>,
    /// Scopes whose history is damaged: nothing in them is called extra.
    pub(super) unknown: Vec<Option<RelPath>>,
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

    pub(super) fn from_folder(
        root: &Path,
        tree: &mut Tree,
        options: &VerifyOptions,
        report: &mut VerifyReport,
    ) -> Result<Self, VerifyError> {
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

    /// What the lists that stand by themselves record, and nothing else.
    pub(super) fn lists(tree: &Tree, report: &mut VerifyReport) -> Self {
        let mut records = Self::new(IgnoreSet::new(&[]).into());
        records.add_lists(tree, report);
        records
    }

    /// Paths that lists record, the lists themselves among them.
    pub(super) fn listed(&self) -> BTreeSet<RelPath> {
        self.more.keys().chain(&self.lists).cloned().collect()
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

    pub(super) fn from_one(
        path: &Path,
        tree: &Tree,
        options: &VerifyOptions,
        report: &mut VerifyReport,
    ) -> Result<Self, VerifyError> {
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

    pub(super) fn is_ignored(&self, path: &RelPath, is_dir: bool) -> bool {
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
    Legacy(Box<LegacyList>),
}

impl Document {
    fn read(bytes: &[u8]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        match Manifest::parse(bytes) {
            Ok(manifest) => Ok(Self::Manifest(Box::new(manifest))),
            Err(asc) => match LegacyList::parse(bytes) {
                Ok(list) => Ok(Self::Legacy(Box::new(list))),
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
