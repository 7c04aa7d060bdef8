//! Owns the ASC MHL generation of one copy: continue the history that is there or came with the card, write manifest first and chain
//! last, read both again. Must never overwrite a manifest that the chain knows, nor seal a history that it cannot trust.

use crate::engine::Job;
use crate::hashing::Fingerprint;
use crate::histories::{self, Found, history_path};
use crate::plan::VerifyDepth;
use checkgate_mhl::{Append, FileCheck, FileRecord, FolderRecord, History, Keep, NewGeneration};
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat, Problem, RelPath, Timestamp};
use checkgate_volume::{Depth, Destination, Listing, Source, SourceFile, is_set_aside};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Names of failed files that a manifest's comment lists.
const MOST_NAMES: usize = 20;

/// Names that `checkgate-volume` gives to corrupt copies.
const SET_ASIDE_PATTERN: &str = ".*.checkgate-corrupt*";

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
        let found = Found::look(source, listing);
        let loaded = found.load(listing, Keep::Records);
        match (loaded.damaged.first(), found.chains()) {
            (None, Ok(chains)) => Self { chains, history: Some(loaded.history) },
            (damage, _) => {
                let problem = damage.map(|damage| damage.problem.summary.as_str()).unwrap_or_default();
                tracing::warn!(problem, "the card came with a history that cannot be trusted");
                Self::default()
            }
        }
    }

    /// Keeps what a card had before a copy of it grew: generations whose manifests `is_of_card`.
    pub(crate) fn keep(&mut self, is_of_card: impl Fn(&RelPath) -> bool) {
        let chains = std::mem::take(&mut self.chains);
        self.chains = chains
            .into_iter()
            .filter_map(|(path, bytes)| {
                let folder = path.parent()?;
                let mut chain = checkgate_mhl::Chain::parse(&bytes).ok()?;
                chain.entries.retain(|entry| folder.join(&entry.name).is_ok_and(|manifest| is_of_card(&manifest)));
                if chain.entries.is_empty() { None } else { Some((path, chain.to_xml().ok()?)) }
            })
            .collect();
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

/// Writes the next generation of a copy, or finds that an earlier run of the same operation wrote it already.
pub(crate) fn seal(job: &Job<'_>, copy: usize, mut contents: Contents) -> Result<Seal, Problem> {
    let destination = job.copies[copy].destination();
    if contents.files.is_empty() {
        return Err(Problem::new(
            ErrorCode::DestinationFailed,
            format!("{}: there is no file to write a manifest for", job.copies[copy].plan.label),
        ));
    }
    let mirror = Source::open(destination.root()).map_err(|error| Problem::from_error(error.code(), &error))?;
    let walk = || mirror.walk().map_err(|error| Problem::from_error(error.code(), &error));
    let mut listing = walk()?;
    // Nothing is left to go on with once every file is there.
    if contents.missing.is_empty() && listing.files.iter().any(|file| checkgate_volume::is_partial(file.path.file_name())) {
        destination.discard_partials().map_err(|error| Problem::from_error(error.code(), &error))?;
        listing = walk()?;
    }
    let found = Found::look(&mirror, &listing);
    let any_set_aside = listing.files.iter().any(|file| is_set_aside(file.path.file_name()));
    // A million names: what follows asks for folders only.
    listing.files = Vec::new();
    let history = found.load_for_seal(&job.card_history.chains)?;
    let leftovers = found.unchained(&history);
    let records = records(job, &contents);
    contents.files = Vec::new();
    if let Some(manifest) = sealed_already(job, &history, &records, &leftovers) {
        let against_history = Vec::new();
        return Ok(Seal { manifest, reread_equal: true, against_history });
    }
    let mut operation = job.plan.operation.clone();
    operation.comment = Some(comment(operation.comment.as_deref(), &contents));
    // What was set aside stays for a person to look at; it is no part of the roll, and the manifest says so.
    let set_aside: Vec<String> = any_set_aside.then(|| SET_ASIDE_PATTERN.to_owned()).into_iter().collect();
    let folder_name = destination.root().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folders: Vec<FolderRecord> = job.folders.iter().cloned().map(FolderRecord::from).collect();
    let append = Append { ignore: &set_aside, ..Append::whole(&folder_name, &operation, &records, &folders) };
    let generation = history.append(&append).map_err(|error| {
        let mut problem = Problem::from_error(ErrorCode::HistoryDamaged, &error);
        problem.summary = format!("{}: no manifest can be written: {}", job.copies[copy].plan.label, problem.summary);
        problem
    })?;
    drop(records);
    let mut planned = BTreeSet::new();
    names(&generation, &mut planned);
    let own: BTreeSet<RelPath> = found.load(&listing, Keep::Records).leftovers.into_iter().chain(planned).collect();
    if let Some(rogue) = leftovers.iter().find(|path| !own.contains(*path)) {
        return Err(Problem::new(
            ErrorCode::HistoryDamaged,
            format!("{}: {rogue} is not listed in the chain", job.copies[copy].plan.label),
        ));
    }
    let writes = histories::write(destination, &generation, &|scope| found.has(scope), &leftovers)
        .map_err(|error| Problem::from_error(error.code(), &error))?;
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
    let ignore = history.ignore_rules(&[]);
    let expected = history.expected();
    let all_known = records.iter().filter(|record| !ignore.is_ignored(&record.path, false)).all(|record| {
        let known = expected.get(&record.path).map(|known| known.check(&record.hashes));
        matches!(known, Some(FileCheck::Verified(formats)) if formats.len() == record.hashes.len())
    });
    let nothing_more = expected.iter().filter(|(_, known)| !known.is_dir).count()
        == records.iter().filter(|record| !ignore.is_ignored(&record.path, false)).count();
    (all_known && nothing_more).then(|| history_path(None, &latest.name)).flatten()
}

/// Manifests that are about to be written.
fn names(generation: &NewGeneration, into: &mut BTreeSet<RelPath>) {
    into.extend(history_path(generation.folder.as_ref(), &generation.manifest_name));
    for child in &generation.children {
        names(child, into);
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
