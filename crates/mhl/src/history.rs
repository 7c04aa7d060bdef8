//! Owns a history: its chained generations and the histories nested in it (spec 5 and 6.1 to 6.3). Trusts only manifests that the
//! chain lists with their C4 ID. Bytes in, values out: the caller lists and reads `ascmhl/`.

use crate::chain::{Chain, ParseChainError};
use crate::expected::{ExpectedFile, Gathering};
use crate::hash::hash_bytes;
use crate::ignore::{IgnoreRules, IgnoreSet, grown};
use crate::manifest::{Manifest, ManifestReference, ManifestWarning, ParseManifestError};
use crate::naming::generation_number;
use crate::xml_read::KnownPaths;
use checkgate_model::{HashFormat, HashValue, RelPath};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;

/// A file in `<root>/ascmhl/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryFile {
    /// File name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generation {
    /// Number, from 1.
    pub number: u32,
    /// File name of the manifest.
    pub name: String,
    /// C4 ID of its bytes.
    pub c4: HashValue,
    /// Files it lists.
    pub files: u64,
    /// Folders it lists.
    pub folders: u64,
    /// What it says. Its entries are empty where the history was loaded with [`Keep::Records`].
    pub manifest: Manifest,
}

/// What a loaded history keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Every entry of every generation.
    #[default]
    Everything,
    /// What is recorded for each path, all generations together: enough to verify and to append, in a fraction of the memory.
    Records,
}

/// What to do with manifests that the chain does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unchained {
    /// Refuse the history: somebody added a manifest or rolled the chain back.
    #[default]
    Refuse,
    /// Load without them and warn: the caller knows of a crash between manifest and chain. It must rename such a file (so that it
    /// no longer ends in `.mhl`) before it appends.
    Warn,
}

/// Something a reader should be told although the history was loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryWarning {
    /// A manifest said something odd.
    #[error("{name}: {warning}")]
    Manifest {
        /// The manifest.
        name: String,
        /// What.
        #[source]
        warning: ManifestWarning,
    },
    /// A manifest that the chain does not list was not loaded.
    #[error("{0} is not in the chain and was not loaded")]
    Unchained(String),
    /// Ends in `.mhl` but is named as no generation is.
    #[error("{0} is not named as a generation and was not loaded")]
    NotAGeneration(String),
    /// The chain lists it under a name without number.
    #[error("{0} is in the chain but not named as a generation")]
    Unnumbered(String),
    /// The last manifest of a child that this history refers to is older than the child's last: normal after the child was
    /// continued alone.
    #[error("{child} has been continued alone since generation {generation} of this history")]
    ChildAhead {
        /// Folder of the child.
        child: RelPath,
        /// Last generation here that refers to it.
        generation: u32,
    },
}

/// Why a history cannot be trusted. Nothing may be verified against it or appended to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The folder exists, the chain does not.
    #[error("the history has no chain file")]
    ChainMissing {
        /// Manifests that are there all the same.
        manifests: Vec<String>,
    },
    /// The chain cannot be read.
    #[error("the chain file cannot be read")]
    Chain(#[source] ParseChainError),
    /// The chain lists nothing.
    #[error("the chain file lists no manifest")]
    ChainEmpty,
    /// Sequence numbers must run from 1 without gap.
    #[error("the chain lists number {found} where {expected} belongs")]
    Sequence {
        /// Which number belongs there.
        expected: u32,
        /// Which stands there.
        found: u32,
    },
    /// One manifest under two numbers.
    #[error("the chain lists {0} twice")]
    ListedTwice(String),
    /// A manifest's own number is not the one the chain gives it.
    #[error("the chain lists {name} as number {sequence}")]
    Number {
        /// The manifest.
        name: String,
        /// The chain's number.
        sequence: u32,
    },
    /// A listed manifest is not there.
    #[error("{name} is listed in the chain but missing")]
    ManifestMissing {
        /// The manifest.
        name: String,
    },
    /// A listed manifest is not the one that was chained.
    #[error("{name} was modified after it was chained")]
    ManifestModified {
        /// The manifest.
        name: String,
    },
    /// A chained manifest cannot be read.
    #[error("{name} cannot be read")]
    Manifest {
        /// The manifest.
        name: String,
        /// Why.
        #[source]
        source: Box<ParseManifestError>,
    },
    /// Manifests that the chain does not list.
    #[error("not listed in the chain: {}", names.join(", "))]
    Unchained {
        /// The manifests.
        names: Vec<String>,
    },
    /// This history refers to a manifest of a child that the child does not have, or has with other bytes.
    #[error("the manifest {path} that generation {generation} refers to is missing or modified")]
    Reference {
        /// As referred to.
        path: RelPath,
        /// By which generation.
        generation: u32,
    },
    /// Two histories for one folder.
    #[error("{0} already has a history")]
    ChildTwice(RelPath),
}

impl HistoryError {
    /// The exit code that the reference tool gives for this damage: 32 without chain, 33 for a missing manifest, 31 for anything
    /// that does not agree.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::ChainMissing { .. } => 32,
            Self::ManifestMissing { .. } => 33,
            _ => 31,
        }
    }
}

/// Why a history could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError<E> {
    /// It cannot be trusted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A manifest that the chain lists cannot be read at all.
    #[error("{name} cannot be read")]
    Read {
        /// The manifest.
        name: String,
        /// Why.
        source: E,
    },
}

/// A history with those nested in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    pub(crate) chain: Chain,
    pub(crate) generations: Vec<Generation>,
    /// All generations together, where their entries were not kept.
    recorded: Option<BTreeMap<RelPath, ExpectedFile>>,
    pub(crate) children: BTreeMap<RelPath, History>,
    warnings: Vec<HistoryWarning>,
}

impl History {
    /// The history of a folder without `ascmhl/`.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Loads the content of an existing `ascmhl/` folder. Checks the chain before anything it lists is believed.
    pub fn load(chain: Option<&[u8]>, files: &[HistoryFile]) -> Result<Self, HistoryError> {
        Self::load_with(chain, files, Unchained::Refuse)
    }

    /// As [`load`](Self::load), with a choice about manifests that the chain does not list.
    pub fn load_with(chain: Option<&[u8]>, files: &[HistoryFile], unchained: Unchained) -> Result<Self, HistoryError> {
        let by_name: HashMap<&str, &HistoryFile> = files.iter().map(|file| (file.name.as_str(), file)).collect();
        let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
        let mut read = |name: &str| Ok::<_, Infallible>(by_name.get(name).map(|file| file.bytes.clone()).unwrap_or_default());
        match Self::load_from(chain, &names, unchained, Keep::Everything, &mut read) {
            Ok(history) => Ok(history),
            Err(LoadError::History(error)) => Err(error),
            Err(LoadError::Read { source, .. }) => match source {},
        }
    }

    /// As [`load_with`](Self::load_with), asking for one manifest after the other, so that only one is held as bytes. `names` are
    /// the files that lie in `ascmhl/`; `read` gives the bytes of one of them.
    pub fn load_from<E>(
        chain: Option<&[u8]>,
        names: &[String],
        unchained: Unchained,
        keep: Keep,
        read: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
    ) -> Result<Self, LoadError<E>> {
        let is_manifest = |name: &&String| name.ends_with(".mhl") && !name.starts_with("._");
        let Some(chain) = chain else {
            return Err(HistoryError::ChainMissing { manifests: names.iter().filter(is_manifest).cloned().collect() }.into());
        };
        let chain = Chain::parse(chain).map_err(HistoryError::Chain)?;
        if chain.entries.is_empty() {
            return Err(HistoryError::ChainEmpty.into());
        }
        let there: HashSet<&str> = names.iter().map(String::as_str).collect();
        let mut warnings = Vec::new();
        let mut listed = HashSet::new();
        for (entry, expected) in chain.entries.iter().zip(1..) {
            if entry.sequence != expected {
                return Err(HistoryError::Sequence { expected, found: entry.sequence }.into());
            }
            if !listed.insert(entry.name.as_str()) {
                return Err(HistoryError::ListedTwice(entry.name.clone()).into());
            }
            if !there.contains(entry.name.as_str()) {
                return Err(HistoryError::ManifestMissing { name: entry.name.clone() }.into());
            }
            match generation_number(&entry.name) {
                None => warnings.push(HistoryWarning::Unnumbered(entry.name.clone())),
                Some(number) if number != expected => {
                    return Err(HistoryError::Number { name: entry.name.clone(), sequence: expected }.into());
                }
                Some(_) => {}
            }
        }
        let mut rogue: Vec<String> = Vec::new();
        for name in names.iter().filter(is_manifest).filter(|name| !listed.contains(name.as_str())) {
            if generation_number(name).is_some() {
                rogue.push(name.clone());
            } else {
                warnings.push(HistoryWarning::NotAGeneration(name.clone()));
            }
        }
        rogue.sort();
        let mut known = KnownPaths::default();
        let mut gathering = Gathering::default();
        let mut generations = Vec::with_capacity(chain.entries.len());
        for entry in &chain.entries {
            let bytes = read(&entry.name).map_err(|source| LoadError::Read { name: entry.name.clone(), source })?;
            if hash_bytes(HashFormat::C4, &bytes) != entry.c4 {
                return Err(HistoryError::ManifestModified { name: entry.name.clone() }.into());
            }
            let mut manifest = Manifest::parse_sharing(&bytes, &mut known)
                .map_err(|source| HistoryError::Manifest { name: entry.name.clone(), source: Box::new(source) })?;
            let odd = manifest.warnings.iter();
            warnings.extend(odd.map(|warning| HistoryWarning::Manifest { name: entry.name.clone(), warning: warning.clone() }));
            drop(bytes);
            let (files, folders) = (manifest.files().count() as u64, manifest.folders().count() as u64);
            if keep == Keep::Records {
                gathering.add(entry.sequence, &manifest);
                manifest.entries = Vec::new();
            }
            let (name, c4) = (entry.name.clone(), entry.c4.clone());
            generations.push(Generation { number: entry.sequence, name, c4, files, folders, manifest });
        }
        if !rogue.is_empty() && unchained == Unchained::Refuse {
            return Err(HistoryError::Unchained { names: rogue }.into());
        }
        warnings.extend(rogue.into_iter().map(HistoryWarning::Unchained));
        drop(known);
        let recorded = (keep == Keep::Records).then(|| gathering.finish());
        Ok(Self { chain, generations, recorded, children: BTreeMap::new(), warnings })
    }

    /// Takes in the history found in the folder `at` below this root, at any depth and in any order. Manifests of it that this
    /// history refers to must be there unchanged. Without this, the files below `at` are recorded here as any others are.
    pub fn add_child(&mut self, at: &RelPath, mut child: Self) -> Result<(), HistoryError> {
        if self.children.contains_key(at) {
            return Err(HistoryError::ChildTwice(at.clone()));
        }
        if let Some((above, history)) = self.children.iter_mut().find(|(known, _)| at.is_under(known)) {
            return history.add_child(&below(at, above).expect("it lies below"), child);
        }
        let deeper: Vec<RelPath> = self.children.keys().filter(|known| known.is_under(at)).cloned().collect();
        for known in deeper {
            if let Some(history) = self.children.remove(&known) {
                child.add_child(&below(&known, at).expect("it lies below"), history)?;
            }
        }
        self.check_references(at, &child)?;
        self.children.insert(at.clone(), child);
        Ok(())
    }

    fn check_references(&mut self, at: &RelPath, child: &Self) -> Result<(), HistoryError> {
        let mut last = None;
        for generation in &self.generations {
            for reference in &generation.manifest.references {
                let Some(inside) = below(&reference.path, at) else { continue };
                let Some(name) = inside.as_str().strip_prefix("ascmhl/") else { continue };
                let known = child.generations.iter().find(|known| known.name == name);
                match known.filter(|known| known.c4 == reference.c4) {
                    Some(known) => last = Some((generation.number, known.number)),
                    None => {
                        return Err(HistoryError::Reference { path: reference.path.clone(), generation: generation.number });
                    }
                }
            }
        }
        if let Some((generation, number)) = last.filter(|(_, number)| *number < child.latest_number()) {
            debug_assert!(number < child.latest_number());
            self.warnings.push(HistoryWarning::ChildAhead { child: at.clone(), generation });
        }
        Ok(())
    }

    /// Generations, oldest first, without those of children.
    #[must_use]
    pub fn generations(&self) -> &[Generation] {
        &self.generations
    }

    /// Histories nested directly in this one, by folder.
    #[must_use]
    pub const fn children(&self) -> &BTreeMap<RelPath, Self> {
        &self.children
    }

    /// Number of the last generation; 0 without any.
    #[must_use]
    pub fn latest_number(&self) -> u32 {
        self.generations.last().map_or(0, |generation| generation.number)
    }

    /// What was odd when the history was loaded.
    #[must_use]
    pub fn warnings(&self) -> &[HistoryWarning] {
        &self.warnings
    }

    /// Ignore patterns in force: those of the last generation, the defaults among them.
    #[must_use]
    pub fn ignore_patterns(&self) -> Vec<String> {
        grown(self.generations.last().map_or(&[], |generation| generation.manifest.ignore.as_slice()), &[])
    }

    /// The patterns in force here and in nested histories, with `extra` as if they were recorded here.
    #[must_use]
    pub fn ignore_rules(&self, extra: &[String]) -> IgnoreRules {
        let patterns = grown(self.generations.last().map_or(&[], |generation| generation.manifest.ignore.as_slice()), extra);
        let children = self.children.iter().map(|(at, child)| (at.clone(), child.ignore_rules(&[]))).collect();
        IgnoreRules::new(IgnoreSet::new(&patterns), children)
    }

    /// The history that records what lies in the folder `at`, however deep it is nested; `None` if it has no history of its own.
    #[must_use]
    pub fn child(&self, at: &RelPath) -> Option<&Self> {
        self.children.iter().find_map(|(folder, history)| {
            if folder == at { Some(history) } else { below(at, folder).and_then(|rest| history.child(&rest)) }
        })
    }

    /// The folder of the history that records `path`, the closest above it; `None`: this one.
    #[must_use]
    pub fn owner(&self, path: &RelPath) -> Option<RelPath> {
        let (at, history) = self.children.iter().find(|(at, _)| below(path, at).is_some())?;
        let rest = below(path, at)?;
        match history.owner(&rest) {
            Some(deeper) => at.join(deeper.as_str()).ok(),
            None => Some(at.clone()),
        }
    }

    /// Children that were renamed with their folder: where this history knows them, and where they are. Told by the manifests
    /// it refers to, so nothing but the same history can match.
    #[must_use]
    pub fn moved_children(&self) -> Vec<(RelPath, RelPath)> {
        let mut referred: BTreeMap<RelPath, Vec<&ManifestReference>> = BTreeMap::new();
        for reference in self.generations.iter().flat_map(|generation| &generation.manifest.references) {
            if let Some(folder) = reference.path.parent().and_then(|history| history.parent()) {
                referred.entry(folder).or_default().push(reference);
            }
        }
        if referred.is_empty() || self.children.is_empty() {
            return Vec::new();
        }
        let recorded = self.own_expected();
        let mut moved = Vec::new();
        for (at, child) in self.children.iter().filter(|(at, _)| !recorded.contains_key(*at)) {
            let holds = |reference: &&ManifestReference| {
                child.generations.iter().any(|known| known.name == reference.path.file_name() && known.c4 == reference.c4)
            };
            let from = referred.iter().find(|(folder, references)| {
                !self.children.contains_key(*folder) && recorded.contains_key(*folder) && references.iter().all(holds)
            });
            if let Some(folder) = from.map(|(folder, _)| folder.clone()) {
                referred.remove(&folder);
                moved.push((folder, at.clone()));
            }
        }
        moved
    }

    /// Manifests of children that generations here refer to although no such child was added: its folder is gone or was not given.
    #[must_use]
    pub fn dangling_references(&self) -> Vec<RelPath> {
        let latest = self.generations.last().map(|generation| generation.manifest.references.as_slice()).unwrap_or_default();
        if latest.is_empty() {
            return Vec::new();
        }
        let moved: Vec<RelPath> = self.moved_children().into_iter().map(|(from, _)| from).collect();
        let known = |path: &RelPath| self.children.keys().chain(&moved).any(|child| path.is_under(child));
        latest.iter().filter(|reference| !known(&reference.path)).map(|reference| reference.path.clone()).collect()
    }

    /// Everything the tree must hold: every path ever recorded, renames followed, children included.
    #[must_use]
    pub fn expected(&self) -> Cow<'_, BTreeMap<RelPath, ExpectedFile>> {
        let own = self.own_expected();
        if self.children.is_empty() {
            return own;
        }
        let mut all = own.into_owned();
        for (folder, child) in &self.children {
            for (path, record) in child.expected().into_owned() {
                if let Ok(path) = folder.join(path.as_str()) {
                    // The closest history speaks for its files.
                    all.insert(path, record);
                }
            }
        }
        Cow::Owned(all)
    }

    /// As [`expected`](Self::expected), giving up the history.
    #[must_use]
    pub fn into_expected(mut self) -> BTreeMap<RelPath, ExpectedFile> {
        let own = if self.children.is_empty() { self.recorded.take() } else { None };
        own.unwrap_or_else(|| self.expected().into_owned())
    }

    pub(crate) fn own_expected(&self) -> Cow<'_, BTreeMap<RelPath, ExpectedFile>> {
        if let Some(recorded) = &self.recorded {
            return Cow::Borrowed(recorded);
        }
        let mut gathering = Gathering::default();
        for generation in &self.generations {
            gathering.add(generation.number, &generation.manifest);
        }
        Cow::Owned(gathering.finish())
    }
}

/// `path` as seen from `folder`, if it lies below it.
pub(crate) fn below(path: &RelPath, folder: &RelPath) -> Option<RelPath> {
    let rest = path.as_str().strip_prefix(folder.as_str())?.strip_prefix('/')?;
    RelPath::new(rest).ok()
}
