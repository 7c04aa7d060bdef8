//! Owns what happens before the first byte: open the card, refuse what must be refused, lock the destinations, and decide for each
//! file of each copy what is left to do, from what earlier runs stored and from what lies there. Must never trust either alone.

use crate::buffer::{POOL_BYTES, Pool};
use crate::control::Control;
use crate::engine::{CopyJob, Job, Proof, Words};
use crate::error::OffloadError;
use crate::event::Event;
use crate::hashing::Fingerprint;
use crate::meter::{Meter, Phase};
use crate::plan::{CopyPlan, FileState, Plan, PriorFile, VerifyDepth};
use crate::prove::Proofs;
use crate::report::{FailedFile, SkippedItem};
use crate::seal::CardHistory;
use crate::work_list::WorkList;
use checkgate_model::{CopyId, ErrorCode, EvidenceLevel, HashFormat, Problem, RelPath, Timestamp};
use checkgate_volume::{Destination, DestinationError, DestinationLock, ExistingFile, Listing, Source, SourceFile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

/// exFAT and FAT keep coarse times; a copy is known again within this.
const TIME_TOLERANCE_SECS: i64 = 2;

/// What is left to do for one file of one copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Read it from the card and write it.
    Write,
    /// Something with its name and size is there, and no earlier run said so: read the card, then compare.
    Compare,
    /// Written by an earlier run; read it back.
    Prove,
    /// Proven by an earlier run.
    Nothing,
    /// It cannot be written.
    Refused,
}

/// Everything that is known before the first byte.
pub(crate) struct Prepared<'a> {
    pub(crate) job: Job<'a>,
    pub(crate) skipped: Vec<SkippedItem>,
    pub(crate) planned: Event,
    /// Per file: what earlier runs read from the card.
    pub(crate) fingerprints: Vec<Option<Arc<Fingerprint>>>,
    /// Per copy and file: what earlier runs proved.
    pub(crate) evidence: Vec<Vec<Option<Proof>>>,
    pub(crate) words: Words,
    /// Files of earlier runs that were renamed aside: copy, path, reason.
    pub(crate) set_aside: Vec<(usize, RelPath, String)>,
    /// Files that are no longer on the card, and what could not be looked at.
    pub(crate) card_failed: Vec<FailedFile>,
    /// Part of the card could not be looked at.
    pub(crate) card_incomplete: bool,
    /// Files of the card that changed since an earlier run.
    pub(crate) changed: Vec<(usize, Problem)>,
    /// Files that cannot be written: copy, file, why.
    pub(crate) refused: Vec<(usize, usize, Problem)>,
    /// Copies that cannot be made at all.
    pub(crate) aborted: Vec<(usize, Problem)>,
}

pub(crate) fn prepare<'a>(plan: &'a Plan, control: &Control, meter: &Meter) -> Result<Prepared<'a>, OffloadError> {
    check(plan)?;
    let source = Source::open(&plan.card_root).map_err(|error| OffloadError::Source {
        path: plan.card_root.clone(),
        code: error.code(),
        source: Box::new(error),
    })?;
    let mut listing = source.walk().map_err(|error| OffloadError::Source {
        path: plan.card_root.clone(),
        code: error.code(),
        source: Box::new(error),
    })?;
    if listing.files.is_empty() && listing.unreadable.is_empty() {
        return Err(OffloadError::SourceEmpty(plan.card_root.clone()));
    }
    let mut aborted = refuse_unsafe(plan, &source, &listing)?;
    let recorded = recorded(plan)?;
    let mut card_history = CardHistory::read(&source, &listing);
    if let Some(recorded) = &recorded {
        card_history.keep(|manifest| recorded.contains_key(manifest));
    }
    let mut skipped: Vec<SkippedItem> = listing
        .skipped
        .iter()
        .map(|skipped| SkippedItem { path: skipped.path.clone(), reason: skipped.reason.words().to_owned() })
        .collect();
    let listed = std::mem::take(&mut listing.files);
    let files: Vec<SourceFile> = match recorded {
        None => listed.into_iter().filter(|file| !card_history.carries(&file.path)).collect(),
        Some(recorded) => recorded.into_values().collect(),
    };
    let planned = Event::Planned {
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.size_bytes).sum(),
        listing: files.iter().map(|file| (file.path.clone(), file.size_bytes, file.modified)).collect(),
        empty_folders: listing.empty_folders.clone(),
        skipped: skipped.clone(),
    };
    let card_incomplete = !listing.unreadable.is_empty();
    let mut card_failed = Vec::new();
    for unreadable in &listing.unreadable {
        let mut problem = Problem::new(ErrorCode::SourceUnreadable, format!("{} cannot be read from the card", unreadable.path));
        problem.details.push(unreadable.error.clone());
        match RelPath::new(&unreadable.path) {
            Ok(path) => card_failed.push(FailedFile { path, problem }),
            Err(_) => skipped
                .push(SkippedItem { path: unreadable.path.clone(), reason: format!("cannot be read: {}", unreadable.error) }),
        }
    }
    let lanes = meter.begin_copies(&plan.copies.iter().map(|copy| (copy.id.clone(), copy.label.clone())).collect::<Vec<_>>());
    let source_lane = meter.source();
    source_lane.begin(Phase::Preparing, 0, 0);
    let mut copies = Vec::new();
    for (number, (copy, lane)) in plan.copies.iter().zip(lanes).enumerate() {
        let already_aborted = aborted.iter().any(|(aborted, _)| *aborted == number);
        let opened = if already_aborted {
            None
        } else {
            open(copy, &listing.empty_folders).map_err(|problem| aborted.push((number, problem))).ok()
        };
        let (destination, lock) = opened.map_or((None, None), |(destination, lock)| (Some(destination), Some(lock)));
        copies.push(CopyJob {
            plan: copy.clone(),
            destination,
            _lock: lock,
            duties: Vec::new(),
            leftovers: BTreeMap::new(),
            lane,
            given_up: AtomicBool::new(false),
            failures_in_a_row: AtomicU32::new(0),
            left_behind: AtomicBool::new(false),
            owed_bytes: AtomicU64::new(0),
            to_feed: WorkList::default(),
            proofs: Proofs::default(),
        });
    }
    if aborted.len() == copies.len() {
        return Err(OffloadError::Preflight(aborted.into_iter().map(|(_, problem)| problem).collect()));
    }
    let mut formats: Vec<HashFormat> = if plan.hashes.is_empty() { vec![HashFormat::Xxh64] } else { plan.hashes.clone() };
    formats.sort();
    formats.dedup();
    let formats = card_history.formats_to_hash(&files, &formats);
    let mut decided = decide(plan, &files, &formats, &copies)?;
    let left = std::mem::take(&mut decided.duties).into_iter().zip(std::mem::take(&mut decided.leftovers));
    for (copy, (duties, leftovers)) in copies.iter_mut().zip(left) {
        copy.duties = duties;
        copy.leftovers = leftovers;
    }
    card_failed.append(&mut decided.vanished);
    Ok(Prepared {
        job: Job {
            plan,
            formats,
            source,
            files,
            folders: listing.folders,
            card_history,
            copies,
            pool: Pool::new(POOL_BYTES),
            source_lane,
            control: control.clone(),
            halted: AtomicBool::new(false),
        },
        skipped,
        planned,
        fingerprints: decided.fingerprints,
        evidence: decided.evidence,
        words: decided.words,
        set_aside: decided.set_aside,
        card_failed,
        card_incomplete,
        changed: decided.changed,
        refused: decided.refused,
        aborted,
    })
}

fn check(plan: &Plan) -> Result<(), OffloadError> {
    if plan.copies.is_empty() {
        return Err(OffloadError::BadPlan("no destination was given".to_owned()));
    }
    let ids: BTreeSet<&CopyId> = plan.copies.iter().map(|copy| &copy.id).collect();
    if ids.len() < plan.copies.len() {
        return Err(OffloadError::BadPlan("two copies have the same id".to_owned()));
    }
    for copy in &plan.copies {
        // From copy to copy back to the card, in at most as many steps as there are copies.
        let giver = |copy: &CopyPlan| copy.fed_by.as_ref().and_then(|id| plan.copies.iter().find(|other| other.id == *id));
        let last = std::iter::successors(Some(copy), |copy| giver(copy)).take(plan.copies.len() + 1).last();
        match last {
            Some(CopyPlan { fed_by: None, .. }) => {}
            _ => {
                return Err(OffloadError::BadPlan(format!(
                    "{} is made from a copy that is not made from the card in the end",
                    copy.label
                )));
            }
        }
    }
    Ok(())
}

/// Refuses the whole run where a destination would endanger the card; gives up a single copy that has no room or takes no writes.
fn refuse_unsafe(plan: &Plan, source: &Source, listing: &Listing) -> Result<Vec<(usize, Problem)>, OffloadError> {
    let made = |copy: &&CopyPlan| plan.recorded_by.as_ref() != Some(&copy.id);
    let roots: Vec<PathBuf> = plan.copies.iter().filter(made).map(|copy| copy.root.clone()).collect();
    // Space is asked for what is still to be written somewhere.
    let opened: Vec<Option<Destination>> = roots.iter().map(|root| Destination::open(root).ok()).collect();
    let is_there = |file: &SourceFile| {
        opened.iter().all(|root| root.as_ref().is_some_and(|root| matches!(root.existing(&file.path), Ok(Some(_)))))
    };
    let left = Listing {
        files: listing.files.iter().filter(|file| !is_there(file)).cloned().collect(),
        folders: listing.folders.clone(),
        empty_folders: listing.empty_folders.clone(),
        skipped: listing.skipped.clone(),
        unreadable: listing.unreadable.clone(),
    };
    let mut aborted: Vec<(usize, Problem)> = Vec::new();
    let mut refused = Vec::new();
    for found in checkgate_volume::preflight(source, &left, &roots) {
        if !found.blocking || found.code == ErrorCode::SourceEmpty {
            tracing::debug!(code = %found.code, message = found.message, "noticed before the offload");
            continue;
        }
        let problem = Problem::new(found.code, found.message);
        let copies = plan
            .copies
            .iter()
            .enumerate()
            .filter(|(_, copy)| found.destination.as_ref() == Some(&copy.root))
            .map(|(number, _)| number);
        match found.code {
            ErrorCode::DestinationFull | ErrorCode::DestinationFailed => {
                for number in copies {
                    if !aborted.iter().any(|(aborted, _)| *aborted == number) {
                        aborted.push((number, problem.clone()));
                    }
                }
            }
            _ => refused.push(problem),
        }
    }
    if refused.is_empty() { Ok(aborted) } else { Err(OffloadError::Preflight(refused)) }
}

fn open(copy: &CopyPlan, empty_folders: &[RelPath]) -> Result<(Destination, DestinationLock), Problem> {
    let problem = |error: DestinationError| Problem::from_error(error.code(), &error);
    let destination = Destination::create(&copy.root).map_err(problem)?;
    let lock = destination.lock().map_err(problem)?;
    for folder in empty_folders {
        destination.create_folder(folder).map_err(problem)?;
    }
    Ok((destination, lock))
}

#[derive(Default)]
struct Decided {
    duties: Vec<Vec<Duty>>,
    leftovers: Vec<BTreeMap<usize, Vec<u64>>>,
    fingerprints: Vec<Option<Arc<Fingerprint>>>,
    evidence: Vec<Vec<Option<Proof>>>,
    words: Words,
    set_aside: Vec<(usize, RelPath, String)>,
    vanished: Vec<FailedFile>,
    changed: Vec<(usize, Problem)>,
    refused: Vec<(usize, usize, Problem)>,
}

/// What the card had, by the record of the copy that stands in for it.
fn recorded(plan: &Plan) -> Result<Option<BTreeMap<RelPath, SourceFile>>, OffloadError> {
    let Some(copy) = &plan.recorded_by else { return Ok(None) };
    let mut recorded = BTreeMap::new();
    for known in plan.prior.files_of(copy) {
        let PriorFile { path, size_bytes, modified, state, .. } = known.map_err(OffloadError::Store)?;
        if matches!(state, FileState::Copied | FileState::Proven) {
            recorded.insert(path.clone(), SourceFile { path, size_bytes, modified });
        }
    }
    Ok(Some(recorded))
}

/// What an earlier run left of one file of one copy.
struct Known {
    proof: Option<Proof>,
    state: FileState,
}

fn decide(plan: &Plan, files: &[SourceFile], formats: &[HashFormat], copies: &[CopyJob]) -> Result<Decided, OffloadError> {
    let mut decided = Decided { fingerprints: vec![None; files.len()], ..Decided::default() };
    let index: BTreeMap<&RelPath, usize> = files.iter().enumerate().map(|(number, file)| (&file.path, number)).collect();
    let mut known: Vec<Vec<Option<Known>>> = Vec::with_capacity(copies.len());
    let mut changed: BTreeMap<usize, Problem> = BTreeMap::new();
    let mut vanished: BTreeSet<RelPath> = BTreeSet::new();
    for copy in copies {
        let mut of_copy: Vec<Option<Known>> = std::iter::repeat_with(|| None).take(files.len()).collect();
        let mut begun = BTreeMap::new();
        for prior in plan.prior.files_of(&copy.plan.id) {
            let prior = prior.map_err(OffloadError::Store)?;
            let Some(&file) = index.get(&prior.path) else {
                vanished.insert(prior.path);
                continue;
            };
            match prior.state {
                // Written by an earlier run, and found to be otherwise since.
                FileState::Failed(ErrorCode::CopyCorrupt) => {
                    of_copy[file] = Some(Known { proof: None, state: prior.state });
                    continue;
                }
                FileState::Failed(_) => continue,
                _ => {}
            }
            if prior.size_bytes != files[file].size_bytes || !same_time(prior.modified, files[file].modified) {
                changed.entry(file).or_insert_with(|| {
                    let path = &prior.path;
                    Problem::new(
                        ErrorCode::SourceChanged,
                        format!("{path} is not what it was when this job began: size or time on the card changed"),
                    )
                });
                continue;
            }
            if prior.state == FileState::Begun {
                begun.insert(file, prior.block_crc64);
                continue;
            }
            // A run that was asked for other hashes is of no use for the manifest.
            if !formats.iter().all(|format| prior.hashes.iter().any(|hash| hash.format() == *format)) {
                continue;
            }
            let proof = prior.evidence.as_ref().map(|evidence| decided.words.proof(evidence));
            of_copy[file] = Some(Known { proof, state: prior.state });
            let mut hashes: Vec<_> = prior.hashes.into_iter().filter(|hash| formats.contains(&hash.format())).collect();
            hashes.sort();
            hashes.shrink_to_fit();
            match &decided.fingerprints[file] {
                Some(other) if other.hashes != hashes => {
                    let words = format!("{} was read differently by two earlier runs", prior.path);
                    changed.insert(file, Problem::new(ErrorCode::SourceChanged, words));
                }
                Some(_) => {}
                None => {
                    let mut blocks = prior.block_crc64;
                    blocks.shrink_to_fit();
                    decided.fingerprints[file] = Some(Arc::new(Fingerprint { hashes, blocks }));
                }
            }
        }
        known.push(of_copy);
        decided.leftovers.push(begun);
    }
    decided.vanished = vanished
        .into_iter()
        .map(|path| {
            let problem = Problem::new(ErrorCode::SourceChanged, format!("{path} is no longer on the card"));
            FailedFile { path, problem }
        })
        .collect();
    for (number, (copy, known)) in copies.iter().zip(known).enumerate() {
        let mut evidence = Vec::with_capacity(files.len());
        let mut duties = Vec::with_capacity(files.len());
        for (file, known) in known.into_iter().enumerate() {
            let left = if changed.contains_key(&file) {
                Left::of(Duty::Refused)
            } else {
                left_to_do(plan, copy, &files[file], known).unwrap_or_else(|problem| {
                    decided.refused.push((number, file, problem));
                    Left::of(Duty::Refused)
                })
            };
            duties.push(left.duty);
            evidence.push(left.proof);
            decided.set_aside.extend(left.set_aside.map(|reason| (number, files[file].path.clone(), reason)));
        }
        decided.duties.push(duties);
        decided.evidence.push(evidence);
    }
    decided.changed = changed.into_iter().collect();
    Ok(decided)
}

/// What is left to do for one file of one copy.
struct Left {
    duty: Duty,
    /// Proof of an earlier run that still holds.
    proof: Option<Proof>,
    /// Why what was there was renamed.
    set_aside: Option<String>,
}

impl Left {
    const fn of(duty: Duty) -> Self {
        Self { duty, proof: None, set_aside: None }
    }
}

fn left_to_do(plan: &Plan, copy: &CopyJob, card_file: &SourceFile, known: Option<Known>) -> Result<Left, Problem> {
    let Some(destination) = &copy.destination else { return Ok(Left::of(Duty::Refused)) };
    let (label, path) = (&copy.plan.label, &card_file.path);
    let existing = destination.existing(path).map_err(|error| Problem::from_error(error.code(), &error))?;
    let gives = plan.recorded_by.as_ref() == Some(&copy.plan.id);
    match (known, existing) {
        (_, None) if gives => {
            let words = format!("{label}: {path} is no longer there, and the card has left");
            Err(Problem::new(ErrorCode::SourceGone, words))
        }
        (_, None) => Ok(Left::of(Duty::Write)),
        (Some(Known { state: FileState::Failed(_), .. }), Some(_)) if !gives => {
            destination.quarantine(path).map_err(|error| Problem::from_error(error.code(), &error))?;
            let reason = "it was found to be otherwise than what was written".to_owned();
            Ok(Left { set_aside: Some(reason), ..Left::of(Duty::Write) })
        }
        (Some(known), Some(existing)) if is_as_written(card_file, &existing) => Ok(match known.proof {
            Some(proof) if known.state == FileState::Proven && suffices(proof.level, plan.verify) => {
                Left { proof: Some(proof), ..Left::of(Duty::Nothing) }
            }
            _ => Left::of(Duty::Prove),
        }),
        // Whether it is still what it was is found by reading it.
        (Some(_), Some(existing)) if gives && existing.size_bytes == card_file.size_bytes => Ok(Left::of(Duty::Prove)),
        (Some(_), Some(_)) if gives => {
            let words = format!("{label}: {path} has another size than what was proven");
            Err(Problem::new(ErrorCode::CopyCorrupt, words))
        }
        (Some(_), Some(_)) => {
            destination.quarantine(path).map_err(|error| Problem::from_error(error.code(), &error))?;
            let reason = "its size or time is no longer what was written".to_owned();
            Ok(Left { set_aside: Some(reason), ..Left::of(Duty::Write) })
        }
        (None, Some(existing)) if existing.size_bytes == card_file.size_bytes => Ok(Left::of(Duty::Compare)),
        (None, Some(_)) => {
            let summary = format!("{label}: {path} is there already and has another size");
            Err(Problem::new(ErrorCode::DestinationOccupied, summary))
        }
    }
}

fn same_time(one: Timestamp, other: Timestamp) -> bool {
    (one.as_second() - other.as_second()).abs() <= TIME_TOLERANCE_SECS
}

fn is_as_written(card_file: &SourceFile, existing: &ExistingFile) -> bool {
    existing.size_bytes == card_file.size_bytes && same_time(existing.modified, card_file.modified)
}

/// Whether an earlier proof is as good as what this run would get.
fn suffices(level: EvidenceLevel, wanted: VerifyDepth) -> bool {
    match wanted {
        VerifyDepth::None => true,
        VerifyDepth::System => level >= EvidenceLevel::ReadBackSystem,
        // A share cannot be read deeper; everything else that was answered by the system is asked again.
        VerifyDepth::Device => level >= EvidenceLevel::ReadBackShare,
    }
}
