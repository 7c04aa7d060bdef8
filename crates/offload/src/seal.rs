//! Owns the ASC MHL generation of one copy: continue the history that is there or came with the card, write manifest first and chain
//! last, read both again. Must never overwrite a manifest that the chain knows, nor seal a history that it cannot trust.

use crate::engine::Job;
use crate::hashing::Fingerprint;
use crate::plan::VerifyDepth;
use checkgate_mhl::{
    CHAIN, FOLDER, FileCheck, FileRecord, History, HistoryError, HistoryFile, HistoryWarning, IgnoreSet, NewGeneration, Unchained,
};
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat, Problem, RelPath, Timestamp};
use checkgate_volume::{Depth, Destination, Listing, Replace, Source, SourceFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

/// No manifest of a card is as large as this; one that claims to be is hostile.
const MOST_MANIFEST_BYTES: u64 = 512 << 20;
/// Names of failed files that a manifest's comment lists.
const MOST_NAMES: usize = 20;

/// Names that `checkgate-volume` gives to corrupt copies.
const SET_ASIDE_PATTERN: &str = ".*.checkgate-corrupt*";

/// Whether this is a corrupt copy that was set aside.
pub(crate) fn is_set_aside(path: &RelPath) -> bool {
    path.file_name().starts_with('.') && path.file_name().contains(".checkgate-corrupt")
}

/// A file of a copy that goes into its manifest.
pub(crate) struct SealedFile {
    pub(crate) file: usize,
    pub(crate) fingerprint: Arc<Fingerprint>,
    pub(crate) proven_at: Timestamp,
}

/// What a manifest is made of.
pub(crate) struct Contents {
    pub(crate) files: Vec<SealedFile>,
    /// Weakest evidence over `files`, with its words.
    pub(crate) weakest: Option<(EvidenceLevel, String)>,
    /// Files of the card that are not in the copy.
    pub(crate) missing: Vec<RelPath>,
}

/// A written manifest.
#[derive(Debug, Clone)]
pub(crate) struct Seal {
    pub(crate) manifest: RelPath,
    pub(crate) reread_equal: bool,
    /// Files that differ from, or are missing against, the history that came with the card.
    pub(crate) against_history: Vec<(RelPath, Problem)>,
}

/// The histories that came with the card, before anything was copied.
#[derive(Debug, Default)]
pub(crate) struct CardHistory {
    /// Chain files by their path. They are carried by the seal, because they grow; manifests are copied as all files are.
    chains: BTreeMap<RelPath, Vec<u8>>,
    history: Option<History>,
}

impl CardHistory {
    /// Reads what is there. A damaged history is copied as it stands and refuses the seal later.
    pub(crate) fn read(source: &Source, listing: &Listing) -> Self {
        let Ok(found) = Found::read(source, listing) else { return Self::default() };
        match found.load(&BTreeMap::new(), Unchained::Refuse) {
            Ok(history) => Self { chains: found.chains(), history: Some(history) },
            Err(problem) => {
                tracing::warn!(problem = %problem.summary, "the card came with a history that cannot be trusted");
                Self::default()
            }
        }
    }

    /// Whether the seal carries this file, instead of the copy.
    pub(crate) fn carries(&self, path: &RelPath) -> bool {
        self.chains.contains_key(path)
    }

    /// `requested`, and what is needed to compare each file with what is recorded for it.
    pub(crate) fn formats_to_hash(&self, files: &[SourceFile], requested: &[HashFormat]) -> Vec<HashFormat> {
        let mut formats: BTreeSet<HashFormat> = requested.iter().copied().collect();
        if let Some(history) = &self.history {
            let expected = history.expected();
            for record in files.iter().filter_map(|file| expected.get(&file.path)).filter(|record| !record.is_dir) {
                formats.extend(record.formats_to_hash(requested));
            }
        }
        formats.into_iter().collect()
    }
}

/// Histories found below a root: the folder that has `ascmhl/` (`None`: the root), and the files in it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    histories: BTreeMap<Option<RelPath>, Vec<HistoryFile>>,
}

impl Found {
    /// Reads every `ascmhl/` below a root.
    pub(crate) fn read(source: &Source, listing: &Listing) -> Result<Self, Problem> {
        let mut found = Self::default();
        for file in &listing.files {
            let Some(folder) = file.path.parent().filter(|folder| folder.file_name() == FOLDER) else { continue };
            let name = file.path.file_name();
            if name != CHAIN && !name.ends_with(".mhl") {
                continue;
            }
            if file.size_bytes > MOST_MANIFEST_BYTES {
                return Err(Problem::new(ErrorCode::HistoryDamaged, format!("{} is too large for a manifest", file.path)));
            }
            let reader = source.open_file(&file.path).map_err(|error| Problem::from_error(error.code(), &error))?;
            let mut bytes = Vec::new();
            reader.take(MOST_MANIFEST_BYTES).read_to_end(&mut bytes).map_err(|error| {
                let mut problem = Problem::new(ErrorCode::SourceUnreadable, format!("{} cannot be read", file.path));
                problem.details.push(error.to_string());
                problem
            })?;
            found.histories.entry(folder.parent()).or_default().push(HistoryFile { name: name.to_owned(), bytes });
        }
        Ok(found)
    }

    /// Whether there is none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.histories.is_empty()
    }

    fn chains(&self) -> BTreeMap<RelPath, Vec<u8>> {
        self.histories
            .iter()
            .filter_map(|(folder, files)| {
                Some((history_path(folder.as_ref(), CHAIN)?, files.iter().find(|file| file.name == CHAIN)?.bytes.clone()))
            })
            .collect()
    }

    /// The whole history with its children. `chains` stands in for chain files that are not there yet.
    pub(crate) fn load(&self, chains: &BTreeMap<RelPath, Vec<u8>>, unchained: Unchained) -> Result<History, Problem> {
        let mut root = History::empty();
        let mut children = Vec::new();
        for (folder, files) in &self.histories {
            let own = files.iter().find(|file| file.name == CHAIN).map(|file| file.bytes.as_slice());
            let standing_in = history_path(folder.as_ref(), CHAIN).and_then(|path| chains.get(&path)).map(Vec::as_slice);
            let manifests: Vec<HistoryFile> = files.iter().filter(|file| file.name != CHAIN).cloned().collect();
            let place = history_path(folder.as_ref(), "").map_or_else(|| FOLDER.to_owned(), |path| path.to_string());
            let history = match History::load_with(own.or(standing_in), &manifests, unchained) {
                Ok(history) => history,
                // A first manifest whose chain was never written: killed between the two.
                Err(HistoryError::ChainMissing { .. }) if unchained == Unchained::Warn => History::empty(),
                Err(error) => return Err(damaged(&place, &error)),
            };
            match folder {
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
    fn unchained(&self, history: &History) -> BTreeSet<RelPath> {
        let mut left = BTreeSet::new();
        for (folder, files) in &self.histories {
            let known: BTreeSet<&str> = child(history, folder.as_ref())
                .map(|history| {
                    let odd = history.warnings().iter().filter_map(|warning| match warning {
                        HistoryWarning::NotAGeneration(name) => Some(name.as_str()),
                        _ => None,
                    });
                    history.generations().iter().map(|generation| generation.name.as_str()).chain(odd).collect()
                })
                .unwrap_or_default();
            let rogue = files
                .iter()
                .filter(|file| file.name != CHAIN && !file.name.starts_with("._") && !known.contains(file.name.as_str()));
            left.extend(rogue.filter_map(|file| history_path(folder.as_ref(), &file.name)));
        }
        left
    }
}

/// The history of a folder, however deep it is nested.
fn child<'a>(history: &'a History, folder: Option<&RelPath>) -> Option<&'a History> {
    let Some(folder) = folder else { return Some(history) };
    history.children().iter().find_map(|(at, child_history)| {
        if at == folder {
            return Some(child_history);
        }
        let rest = folder.as_str().strip_prefix(at.as_str())?.strip_prefix('/')?;
        child(child_history, Some(&RelPath::new(rest).ok()?))
    })
}

fn history_path(folder: Option<&RelPath>, name: &str) -> Option<RelPath> {
    let below = if name.is_empty() { FOLDER.to_owned() } else { format!("{FOLDER}/{name}") };
    match folder {
        Some(folder) => folder.join(&below).ok(),
        None => RelPath::new(&below).ok(),
    }
}

fn damaged(place: &str, error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut problem = Problem::from_error(ErrorCode::HistoryDamaged, error);
    problem.summary = format!("{place}: {}", problem.summary);
    problem
}

/// Writes the next generation of a copy, or finds that an earlier run of the same operation wrote it already.
pub(crate) fn seal(job: &Job<'_>, copy: usize, contents: Contents) -> Result<Seal, Problem> {
    let destination = job.copies[copy].destination();
    if contents.files.is_empty() {
        return Err(Problem::new(
            ErrorCode::DestinationFailed,
            format!("{}: there is no file to write a manifest for", job.copies[copy].plan.label),
        ));
    }
    let mirror = Source::open(destination.root()).map_err(|error| Problem::from_error(error.code(), &error))?;
    let listing = mirror.walk().map_err(|error| Problem::from_error(error.code(), &error))?;
    let found = Found::read(&mirror, &listing)?;
    let history = found.load(&job.card_history.chains, Unchained::Warn)?;
    let leftovers = found.unchained(&history);
    let records = records(job, &contents);
    if let Some(manifest) = sealed_already(job, &history, &records, &leftovers) {
        let against_history = Vec::new();
        return Ok(Seal { manifest, reread_equal: true, against_history });
    }
    let mut operation = job.plan.operation.clone();
    operation.comment = Some(comment(operation.comment.as_deref(), &contents));
    // What was set aside stays for a person to look at; it is no part of the roll, and the manifest says so.
    let set_aside: Vec<String> =
        listing.files.iter().any(|file| is_set_aside(&file.path)).then(|| SET_ASIDE_PATTERN.to_owned()).into_iter().collect();
    let folder_name = destination.root().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let generation = history.append(&folder_name, &operation, &records, &job.folders, &set_aside).map_err(|error| {
        let mut problem = Problem::from_error(ErrorCode::HistoryDamaged, &error);
        problem.summary = format!("{}: no manifest can be written: {}", job.copies[copy].plan.label, problem.summary);
        problem
    })?;
    let mut writes = Vec::new();
    collect(&generation, &mut writes);
    let planned: BTreeSet<&RelPath> = writes.iter().map(|(path, _)| path).collect();
    if let Some(rogue) = leftovers.iter().find(|path| !planned.contains(path)) {
        return Err(Problem::new(
            ErrorCode::HistoryDamaged,
            format!("{}: {rogue} is not listed in the chain", job.copies[copy].plan.label),
        ));
    }
    for (path, bytes) in &writes {
        // Only a chain grows, and only a manifest that was never chained is written again.
        let replace = if path.file_name() == CHAIN || leftovers.contains(path) { Replace::Yes } else { Replace::Never };
        destination.publish_bytes(path, bytes, replace).map_err(|error| Problem::from_error(error.code(), &error))?;
    }
    let depth = if job.plan.verify == VerifyDepth::Device { Depth::Device } else { Depth::System };
    let mut reread_equal = true;
    for (path, bytes) in &writes {
        reread_equal &= reads_back(destination, path, bytes, depth)?;
    }
    let manifest = history_path(None, &generation.manifest_name)
        .ok_or_else(|| Problem::new(ErrorCode::Internal, format!("{} is no file name", generation.manifest_name)))?;
    Ok(Seal { manifest, reread_equal, against_history: against_history(&generation, &contents) })
}

fn records(job: &Job<'_>, contents: &Contents) -> Vec<FileRecord> {
    contents
        .files
        .iter()
        .map(|sealed| FileRecord {
            path: job.files[sealed.file].path.clone(),
            size_bytes: job.files[sealed.file].size_bytes,
            modified: Some(job.files[sealed.file].modified),
            hashes: sealed.fingerprint.hashes.clone(),
            hashed_at: sealed.proven_at,
            previous_path: None,
        })
        .collect()
}

/// The manifest of an earlier run of the same operation, if it says all that this one would say.
fn sealed_already(job: &Job<'_>, history: &History, records: &[FileRecord], leftovers: &BTreeSet<RelPath>) -> Option<RelPath> {
    let latest = history.generations().last().filter(|_| leftovers.is_empty())?;
    let creator = &latest.manifest.creator;
    let operation = &job.plan.operation;
    let same_operation = creator.created.is_some_and(|created| created.as_second() == operation.started.as_second())
        && creator.host_name == operation.host_name
        && creator.tool == operation.tool
        && latest.manifest.process == operation.process;
    if !same_operation {
        return None;
    }
    let ignore = IgnoreSet::new(&history.ignore_patterns());
    let expected = history.expected();
    let all_known = records.iter().filter(|record| !ignore.is_ignored(&record.path, false)).all(|record| {
        let known = expected.get(&record.path).map(|known| known.check(&record.hashes));
        matches!(known, Some(FileCheck::Verified(formats)) if formats.len() == record.hashes.len())
    });
    let nothing_more = expected.iter().filter(|(_, known)| !known.is_dir).count()
        == records.iter().filter(|record| !ignore.is_ignored(&record.path, false)).count();
    (all_known && nothing_more).then(|| history_path(None, &latest.name)).flatten()
}

/// Children before parents, manifest before chain.
fn collect(generation: &NewGeneration, writes: &mut Vec<(RelPath, Vec<u8>)>) {
    for child in &generation.children {
        collect(child, writes);
    }
    for (name, bytes) in [(generation.manifest_name.as_str(), &generation.manifest_xml), (CHAIN, &generation.chain_xml)] {
        if let Some(path) = history_path(generation.folder.as_ref(), name) {
            writes.push((path, bytes.clone()));
        }
    }
}

fn reads_back(destination: &Destination, path: &RelPath, bytes: &[u8], depth: Depth) -> Result<bool, Problem> {
    let failed = |error: std::io::Error| {
        let mut problem = Problem::new(checkgate_volume::write_code(&error), format!("{path} cannot be read back"));
        problem.details.push(error.to_string());
        problem
    };
    let mut read_back = destination.read_back(path, depth).map_err(|error| Problem::from_error(error.code(), &error))?;
    let mut rest = bytes;
    while let Some(chunk) = read_back.next_chunk().map_err(failed)? {
        let Some((now, later)) = rest.split_at_checked(chunk.len()) else { return Ok(false) };
        if now != chunk {
            return Ok(false);
        }
        rest = later;
    }
    Ok(rest.is_empty() && read_back.finish().is_ok())
}

fn comment(given: Option<&str>, contents: &Contents) -> String {
    let mut parts: Vec<String> = given.map(str::to_owned).into_iter().collect();
    if let Some((level, method)) = &contents.weakest {
        parts.push(format!("evidence: {level}, {method}"));
    }
    if !contents.missing.is_empty() {
        let names: Vec<&str> = contents.missing.iter().take(MOST_NAMES).map(RelPath::as_str).collect();
        let more = contents.missing.len().saturating_sub(MOST_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("incomplete, failed: {}{more}", names.join(", ")));
    }
    parts.join("; ")
}

fn against_history(generation: &NewGeneration, contents: &Contents) -> Vec<(RelPath, Problem)> {
    let failed = generation.failed.iter().map(|path| {
        (
            path.clone(),
            Problem::new(
                ErrorCode::HistoryDamaged,
                format!("{path} differs from what the history that came with the card records"),
            ),
        )
    });
    let missing = generation.missing.iter().filter(|path| !contents.missing.contains(path)).map(|path| {
        (
            path.clone(),
            Problem::new(
                ErrorCode::HistoryDamaged,
                format!("{path} is recorded in the history that came with the card and is not on it"),
            ),
        )
    });
    failed.chain(missing).collect()
}
