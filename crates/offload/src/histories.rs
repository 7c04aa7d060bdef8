//! Owns the ASC MHL histories that lie in a tree: finding, loading and continuing them on disk. A new history appears as a whole
//! folder; a generation joins an existing one manifest first, chain last, with a note beside them while it happens, so that a
//! crash in between leaves a history that reads. Must never load a manifest that no chain lists, nor overwrite one that does.

use checkgate_mhl::{
    CHAIN, FOLDER, History, HistoryError, HistoryWarning, Keep, LoadError, NewGeneration, Unchained, hash_bytes,
};
use checkgate_model::{ErrorCode, HashFormat, Problem, RelPath};
use checkgate_volume::{APPEND_NOTE, Destination, DestinationError, Listing, Replace, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// No manifest of a card is as large as this; one that claims to be is hostile.
pub(crate) const MOST_MANIFEST_BYTES: u64 = 512 << 20;
/// A note names one manifest.
const MOST_NOTE_BYTES: u64 = 4096;

/// A history that cannot be trusted, or not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedHistory {
    /// Its folder, `ascmhl` or below.
    pub place: String,
    /// The scope it speaks for; `None`: the root.
    pub scope: Option<RelPath>,
    /// Exit code: 31 modified, 32 without chain, 33 manifest missing, 3 unreadable.
    pub exit_code: u8,
    /// What is wrong, for people.
    pub problem: Problem,
}

impl DamagedHistory {
    fn new(scope: Option<&RelPath>, error: &HistoryError) -> Self {
        let place = shown_place(scope);
        let problem = damaged(&place, error);
        Self { place, scope: scope.cloned(), exit_code: error.exit_code(), problem }
    }

    fn unreadable(scope: Option<&RelPath>, problem: Problem) -> Self {
        Self { place: shown_place(scope), scope: scope.cloned(), exit_code: ErrorCode::SourceUnreadable.exit_code(), problem }
    }
}

fn shown_place(scope: Option<&RelPath>) -> String {
    history_path(scope, "").map_or_else(|| FOLDER.to_owned(), |path| path.to_string())
}

/// Histories found below a root: the folder that has `ascmhl/` (`None`: the root), and the names in it.
#[derive(Debug)]
pub(crate) struct Found {
    source: Source,
    histories: BTreeMap<Option<RelPath>, Vec<String>>,
}

/// What could be loaded.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The root's history with all nested in it; empty where the root has none.
    pub(crate) history: History,
    /// Histories that were left out.
    pub(crate) damaged: Vec<DamagedHistory>,
    /// Manifests that an interrupted operation left unchained.
    pub(crate) leftovers: BTreeSet<RelPath>,
}

impl Found {
    /// Finds every `ascmhl/` below a root. A folder of that name inside a history is none.
    pub(crate) fn look(source: &Source, listing: &Listing) -> Self {
        let mut histories: BTreeMap<Option<RelPath>, Vec<String>> = listing
            .folders
            .iter()
            .filter(|folder| folder.file_name() == FOLDER && !in_history(folder.parent().as_ref()))
            .map(|folder| (folder.parent(), Vec::new()))
            .collect();
        for file in &listing.files {
            if let Some(folder) = file.path.parent().filter(|folder| folder.file_name() == FOLDER)
                && let Some(names) = histories.get_mut(&folder.parent())
            {
                names.push(file.path.file_name().to_owned());
            }
        }
        Self { source: source.clone(), histories }
    }

    /// Whether there is none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.histories.is_empty()
    }

    /// Whether the folder `scope` has an `ascmhl/`.
    pub(crate) fn has(&self, scope: Option<&RelPath>) -> bool {
        self.histories.contains_key(&scope.cloned())
    }

    /// Scopes that have a history; `None` is the root.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = Option<&RelPath>> {
        self.histories.keys().map(Option::as_ref)
    }

    fn read(&self, scope: Option<&RelPath>, name: &str, most_bytes: u64) -> Result<Vec<u8>, Problem> {
        let path = history_path(scope, name)
            .ok_or_else(|| Problem::new(ErrorCode::HistoryDamaged, format!("{name:?} is no file name")))?;
        let reader = self.source.open_file(&path).map_err(|error| Problem::from_error(error.code(), &error))?;
        if reader.size_bytes() > most_bytes {
            return Err(Problem::new(ErrorCode::HistoryDamaged, format!("{path} is too large for a manifest")));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(reader.size_bytes()).unwrap_or_default());
        reader.keep_cached().take(most_bytes).read_to_end(&mut bytes).map_err(|error| {
            let mut problem = Problem::new(ErrorCode::SourceUnreadable, format!("{path} cannot be read"));
            problem.details.push(error.to_string());
            problem
        })?;
        Ok(bytes)
    }

    /// Chain files by their path.
    pub(crate) fn chains(&self) -> Result<BTreeMap<RelPath, Vec<u8>>, Problem> {
        let mut chains = BTreeMap::new();
        for (scope, names) in &self.histories {
            if let Some(path) = history_path(scope.as_ref(), CHAIN).filter(|_| names.iter().any(|name| name == CHAIN)) {
                chains.insert(path, self.read(scope.as_ref(), CHAIN, MOST_MANIFEST_BYTES)?);
            }
        }
        Ok(chains)
    }

    fn load_one(
        &self,
        scope: Option<&RelPath>,
        names: &[String],
        standing_in: Option<&Vec<u8>>,
        keep: Keep,
    ) -> Result<History, LoadError<Problem>> {
        let own = if names.iter().any(|name| name == CHAIN) {
            let read = self.read(scope, CHAIN, MOST_MANIFEST_BYTES);
            Some(read.map_err(|source| LoadError::Read { name: CHAIN.to_owned(), source })?)
        } else {
            None
        };
        let chain = own.as_deref().or(standing_in.map(Vec::as_slice));
        let mut names = names.to_vec();
        loop {
            let read = &mut |name: &str| self.read(scope, name, MOST_MANIFEST_BYTES);
            match History::load_from(chain, &names, Unchained::Warn, keep, read) {
                // The chain is younger than the listing: somebody has just continued this history.
                Err(LoadError::History(HistoryError::ManifestMissing { name }))
                    if !names.contains(&name) && self.is_there(scope, &name) =>
                {
                    names.push(name);
                }
                other => return other,
            }
        }
    }

    fn is_there(&self, scope: Option<&RelPath>, name: &str) -> bool {
        history_path(scope, name).is_some_and(|path| self.source.open_file(&path).is_ok())
    }

    /// The whole history with its children, trusting no manifest that no chain lists. Manifests that an interrupted operation
    /// left are told apart from those that somebody put there by the note that operation wrote before.
    pub(crate) fn load(&self, listing: &Listing, keep: Keep) -> Loaded {
        let mut loaded = Loaded::default();
        let mut children = Vec::new();
        for (scope, names) in &self.histories {
            let scope = scope.as_ref();
            let noted = self.noted(scope, names);
            let history = match self.load_one(scope, names, None, keep) {
                Ok(history) => history,
                Err(LoadError::History(HistoryError::ChainMissing { manifests }))
                    if !manifests.is_empty() && manifests.iter().all(|name| noted.contains(name)) =>
                {
                    loaded.leftovers.extend(manifests.iter().filter_map(|name| history_path(scope, name)));
                    History::empty()
                }
                Err(LoadError::History(error)) => {
                    loaded.damaged.push(DamagedHistory::new(scope, &error));
                    continue;
                }
                Err(LoadError::Read { source, .. }) => {
                    loaded.damaged.push(DamagedHistory::unreadable(scope, source));
                    continue;
                }
            };
            let (left, rogue): (Vec<String>, Vec<String>) = history
                .warnings()
                .iter()
                .filter_map(|warning| match warning {
                    HistoryWarning::Unchained(name) => Some(name.clone()),
                    _ => None,
                })
                .partition(|name| noted.contains(name));
            loaded.leftovers.extend(left.iter().filter_map(|name| history_path(scope, name)));
            if !rogue.is_empty() {
                loaded.damaged.push(DamagedHistory::new(scope, &HistoryError::Unchained { names: rogue }));
                continue;
            }
            match scope {
                None => loaded.history = history,
                Some(folder) => children.push((folder.clone(), history)),
            }
        }
        for (folder, child) in children {
            if let Err(error) = loaded.history.add_child(&folder, child) {
                loaded.damaged.push(DamagedHistory::new(Some(&folder), &error));
            }
        }
        let there: BTreeSet<&RelPath> = listing.folders.iter().collect();
        let known: BTreeSet<Option<RelPath>> = loaded.damaged.iter().map(|damage| damage.scope.clone()).collect();
        vanished(&loaded.history, None, &mut |path| {
            let scope = path.parent().and_then(|history| history.parent());
            if scope.as_ref().is_some_and(|scope| there.contains(scope)) && !known.contains(&scope) {
                let error = HistoryError::ManifestMissing { name: path.to_string() };
                loaded.damaged.push(DamagedHistory::new(scope.as_ref(), &error));
            }
        });
        loaded
    }

    /// As [`load`](Self::load), for a copy that is being sealed: `chains` stand in for chain files that are not there yet, and
    /// unchained manifests are left to the caller.
    pub(crate) fn load_for_seal(&self, chains: &BTreeMap<RelPath, Vec<u8>>) -> Result<History, Problem> {
        let mut root = History::empty();
        let mut children = Vec::new();
        for (scope, names) in &self.histories {
            let standing_in = history_path(scope.as_ref(), CHAIN).and_then(|path| chains.get(&path));
            let history = match self.load_one(scope.as_ref(), names, standing_in, Keep::Records) {
                Ok(history) => history,
                // A first manifest whose chain was never written: killed between the two.
                Err(LoadError::History(HistoryError::ChainMissing { .. })) => History::empty(),
                Err(LoadError::History(error)) => return Err(damaged(&shown_place(scope.as_ref()), &error)),
                Err(LoadError::Read { source, .. }) => return Err(source),
            };
            match scope {
                None => root = history,
                Some(folder) => children.push((folder.clone(), history)),
            }
        }
        for (folder, history) in children {
            root.add_child(&folder, history).map_err(|error| damaged(folder.as_str(), &error))?;
        }
        Ok(root)
    }

    /// Manifests that no chain lists, by path.
    pub(crate) fn unchained(&self, history: &History) -> BTreeSet<RelPath> {
        let mut left = BTreeSet::new();
        for (scope, names) in &self.histories {
            let own = scope.as_ref().map_or(Some(history), |scope| history.child(scope));
            let known: BTreeSet<&str> = own
                .map(|history| {
                    let odd = history.warnings().iter().filter_map(|warning| match warning {
                        HistoryWarning::NotAGeneration(name) => Some(name.as_str()),
                        _ => None,
                    });
                    history.generations().iter().map(|generation| generation.name.as_str()).chain(odd).collect()
                })
                .unwrap_or_default();
            let rogue =
                names.iter().filter(|name| name.ends_with(".mhl") && !name.starts_with("._") && !known.contains(name.as_str()));
            left.extend(rogue.filter_map(|name| history_path(scope.as_ref(), name)));
        }
        left
    }

    /// Names of manifests that a note of ours announces with the bytes they have.
    fn noted(&self, scope: Option<&RelPath>, names: &[String]) -> BTreeSet<String> {
        if !names.iter().any(|name| name == APPEND_NOTE) {
            return BTreeSet::new();
        }
        let Ok(note) = self.read(scope, APPEND_NOTE, MOST_NOTE_BYTES) else { return BTreeSet::new() };
        let note = String::from_utf8_lossy(&note).into_owned();
        let pairs = note.lines().filter_map(|line| line.rsplit_once(' '));
        pairs
            .filter(|(name, c4)| {
                names.iter().any(|known| known == name)
                    && self
                        .read(scope, name, MOST_MANIFEST_BYTES)
                        .is_ok_and(|bytes| hash_bytes(HashFormat::C4, &bytes).to_text() == *c4)
            })
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

/// Manifests of children that are referred to and not there, at any depth.
fn vanished(history: &History, at: Option<&RelPath>, report: &mut dyn FnMut(RelPath)) {
    let placed = |path: &RelPath| at.map_or_else(|| Ok(path.clone()), |at| at.join(path.as_str()));
    for path in history.dangling_references() {
        if let Ok(path) = placed(&path) {
            report(path);
        }
    }
    for (folder, child) in history.children() {
        if let Ok(folder) = placed(folder) {
            vanished(child, Some(&folder), report);
        }
    }
}

fn in_history(folder: Option<&RelPath>) -> bool {
    folder.is_some_and(|folder| folder.components().any(|part| part == FOLDER))
}

pub(crate) fn history_path(scope: Option<&RelPath>, name: &str) -> Option<RelPath> {
    let below = if name.is_empty() { FOLDER.to_owned() } else { format!("{FOLDER}/{name}") };
    match scope {
        Some(scope) => scope.join(&below).ok(),
        None => RelPath::new(&below).ok(),
    }
}

pub(crate) fn damaged(place: &str, error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut problem = Problem::from_error(ErrorCode::HistoryDamaged, error);
    problem.summary = format!("{place}: {}", problem.summary);
    problem
}

/// Writes a generation and those of nested histories, children before parents. `leftovers` are set aside first, so that no name
/// in a history is ever used twice. Answers what was written, in order.
pub(crate) fn write<'g>(
    destination: &Destination,
    generation: &'g NewGeneration,
    has_history: &dyn Fn(Option<&RelPath>) -> bool,
    leftovers: &BTreeSet<RelPath>,
) -> Result<Vec<(RelPath, &'g [u8])>, DestinationError> {
    let mut written = Vec::new();
    for child in &generation.children {
        written.extend(write(destination, child, has_history, leftovers)?);
    }
    let scope = generation.folder.as_ref();
    let path = |name: &str| {
        history_path(scope, name).ok_or_else(|| DestinationError::ReservedName { path: destination.root().join(name) })
    };
    let (manifest, chain) = (path(&generation.manifest_name)?, path(CHAIN)?);
    if has_history(scope) {
        let note_path = path(APPEND_NOTE)?;
        // The same operation, gone on with: its manifest is there already.
        let same = leftovers.contains(&manifest)
            && destination.read_bytes(&manifest, MOST_MANIFEST_BYTES).is_ok_and(|bytes| bytes == generation.manifest_xml);
        for left in leftovers.iter().filter(|left| left.parent() == manifest.parent() && !(same && **left == manifest)) {
            set_aside(destination, left)?;
        }
        let note = format!("{} {}\n", generation.manifest_name, generation.manifest_c4.to_text());
        destination.publish_bytes_working(&note_path, note.as_bytes())?;
        if !same {
            destination.publish_bytes(&manifest, &generation.manifest_xml, Replace::Never)?;
        }
        // Only a chain grows; a manifest is never replaced.
        destination.publish_bytes(&chain, &generation.chain_xml, Replace::Yes)?;
        destination.discard(&note_path)?;
    } else {
        let files = [(generation.manifest_name.as_str(), generation.manifest_xml.as_slice()), (CHAIN, &generation.chain_xml)];
        destination.publish_folder(&path("")?, &files)?;
    }
    written.push((manifest, generation.manifest_xml.as_slice()));
    written.push((chain, generation.chain_xml.as_slice()));
    Ok(written)
}

/// Takes an unchained manifest out of the way under a name that no tool reads as a generation.
fn set_aside(destination: &Destination, left: &RelPath) -> Result<(), DestinationError> {
    let number = left.file_name().split('_').next().unwrap_or_default();
    for attempt in 1..1000 {
        let name = format!("{number}.unchained-{attempt}");
        match destination.rename(left, &name) {
            Err(DestinationError::Occupied { .. }) => {}
            other => return other,
        }
    }
    Err(DestinationError::Occupied { path: destination.root().join(left.as_str()) })
}
