//! Owns what happens before the first byte: open the card, refuse what must be refused, lock the destinations, and decide for each
//! file of each copy what is left to do, from what earlier runs stored and from what lies there. Must never trust either alone.

use crate::buffer::{POOL_BYTES, Pool};
use crate::control::Control;
use crate::engine::{CopyJob, Job};
use crate::error::OffloadError;
use crate::event::Event;
use crate::hashing::Fingerprint;
use crate::meter::{Meter, Phase};
use crate::plan::{CopyPlan, FileState, Plan, PriorFile, VerifyDepth};
use crate::prove::Proofs;
use crate::report::{FailedFile, SkippedItem};
use crate::seal::CardHistory;
use crate::work_list::WorkList;
use checkgate_model::{CopyId, ErrorCode, Evidence, EvidenceLevel, HashFormat, Problem, RelPath, Timestamp};
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
    pub(crate) evidence: Vec<Vec<Option<Evidence>>>,
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
    let listing = source.walk().map_err(|error| OffloadError::Source {
        path: plan.card_root.clone(),
        code: error.code(),
        source: Box::new(error),
    })?;
    if listing.files.is_empty() && listing.unreadable.is_empty() {
        return Err(OffloadError::SourceEmpty(plan.card_root.clone()));
    }
    let mut aborted = refuse_unsafe(plan, &source, &listing)?;
    let card_history = CardHistory::read(&source, &listing);
    let mut skipped: Vec<SkippedItem> = listing
        .skipped
        .iter()
        .map(|skipped| SkippedItem { path: skipped.path.clone(), reason: skipped.reason.words().to_owned() })
        .collect();
    let files: Vec<SourceFile> = listing.files.iter().filter(|file| !card_history.carries(&file.path)).cloned().collect();
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
    let mut decided = decide(plan, &files, &formats, &copies);
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
    let roots: Vec<PathBuf> = plan.copies.iter().map(|copy| copy.root.clone()).collect();
    // Space is asked for what is still to be written somewhere.
    let opened: Vec<Option<Destination>> = roots.iter().map(|root| Destination::open(root).ok()).collect();
    let is_there = |file: &SourceFile| {
        opened.iter().all(|root| root.as_ref().is_some_and(|root| matches!(root.existing(&file.path), Ok(Some(_)))))
    };
    let left = Listing { files: listing.files.iter().filter(|file| !is_there(file)).cloned().collect(), ..listing.clone() };
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
    evidence: Vec<Vec<Option<Evidence>>>,
    set_aside: Vec<(usize, RelPath, String)>,
    vanished: Vec<FailedFile>,
    changed: Vec<(usize, Problem)>,
    refused: Vec<(usize, usize, Problem)>,
}

fn decide(plan: &Plan, files: &[SourceFile], formats: &[HashFormat], copies: &[CopyJob]) -> Decided {
    let mut decided = Decided { fingerprints: vec![None; files.len()], ..Decided::default() };
    let index: BTreeMap<&RelPath, usize> = files.iter().enumerate().map(|(number, file)| (&file.path, number)).collect();
    let mut prior: Vec<BTreeMap<usize, &PriorFile>> = vec![BTreeMap::new(); copies.len()];
    let mut begun: Vec<BTreeMap<usize, Vec<u64>>> = vec![BTreeMap::new(); copies.len()];
    let mut changed: BTreeMap<usize, Problem> = BTreeMap::new();
    let mut vanished: BTreeSet<&RelPath> = BTreeSet::new();
    for known in &plan.prior {
        let Some(copy) = copies.iter().position(|copy| copy.plan.id == known.copy) else { continue };
        let Some(&file) = index.get(&known.path) else {
            vanished.insert(&known.path);
            continue;
        };
        if matches!(known.state, FileState::Failed(_)) {
            continue;
        }
        if known.size_bytes != files[file].size_bytes || !same_time(known.modified, files[file].modified) {
            changed.entry(file).or_insert_with(|| {
                Problem::new(
                    ErrorCode::SourceChanged,
                    format!("{} is not what it was when this job began: size or time on the card changed", known.path),
                )
            });
            continue;
        }
        if known.state == FileState::Begun {
            begun[copy].insert(file, known.block_crc64.clone());
            continue;
        }
        // A run that was asked for other hashes is of no use for the manifest.
        if formats.iter().all(|format| known.hashes.iter().any(|hash| hash.format() == *format)) {
            let mut hashes: Vec<_> = known.hashes.iter().filter(|hash| formats.contains(&hash.format())).cloned().collect();
            hashes.sort();
            let fingerprint = Fingerprint { hashes, blocks: known.block_crc64.clone() };
            match &decided.fingerprints[file] {
                Some(other) if other.hashes != fingerprint.hashes => {
                    changed.insert(
                        file,
                        Problem::new(
                            ErrorCode::SourceChanged,
                            format!("{} was read differently by two earlier runs", known.path),
                        ),
                    );
                }
                Some(_) => {}
                None => decided.fingerprints[file] = Some(Arc::new(fingerprint)),
            }
            prior[copy].insert(file, known);
        }
    }
    decided.vanished = vanished
        .into_iter()
        .map(|path| FailedFile {
            path: path.clone(),
            problem: Problem::new(ErrorCode::SourceChanged, format!("{path} is no longer on the card")),
        })
        .collect();
    for (number, copy) in copies.iter().enumerate() {
        let mut evidence = vec![None; files.len()];
        let mut duties = Vec::with_capacity(files.len());
        for (file, card_file) in files.iter().enumerate() {
            let Some(destination) = copy.destination.as_ref().filter(|_| !changed.contains_key(&file)) else {
                duties.push(Duty::Refused);
                continue;
            };
            let existing = match destination.existing(&card_file.path) {
                Ok(existing) => existing,
                Err(error) => {
                    decided.refused.push((number, file, Problem::from_error(error.code(), &error)));
                    duties.push(Duty::Refused);
                    continue;
                }
            };
            duties.push(match (prior[number].get(&file), existing) {
                (_, None) => Duty::Write,
                (Some(known), Some(existing)) if is_as_written(card_file, &existing) => match &known.evidence {
                    Some(proof) if known.state == FileState::Proven && suffices(proof, plan.verify) => {
                        evidence[file] = Some(proof.clone());
                        Duty::Nothing
                    }
                    _ => Duty::Prove,
                },
                (Some(_), Some(_)) => match destination.quarantine(&card_file.path) {
                    Ok(_) => {
                        decided.set_aside.push((
                            number,
                            card_file.path.clone(),
                            "its size or time is no longer what was written".to_owned(),
                        ));
                        Duty::Write
                    }
                    Err(error) => {
                        decided.refused.push((number, file, Problem::from_error(error.code(), &error)));
                        Duty::Refused
                    }
                },
                (None, Some(existing)) if existing.size_bytes == card_file.size_bytes => Duty::Compare,
                (None, Some(_)) => {
                    let summary = format!("{}: {} is there already and has another size", copy.plan.label, card_file.path);
                    decided.refused.push((number, file, Problem::new(ErrorCode::DestinationOccupied, summary)));
                    Duty::Refused
                }
            });
        }
        decided.duties.push(duties);
        decided.evidence.push(evidence);
    }
    decided.leftovers = begun;
    decided.changed = changed.into_iter().collect();
    decided
}

fn same_time(one: Timestamp, other: Timestamp) -> bool {
    (one.as_second() - other.as_second()).abs() <= TIME_TOLERANCE_SECS
}

fn is_as_written(card_file: &SourceFile, existing: &ExistingFile) -> bool {
    existing.size_bytes == card_file.size_bytes && same_time(existing.modified, card_file.modified)
}

/// Whether an earlier proof is as good as what this run would get.
fn suffices(proof: &Evidence, wanted: VerifyDepth) -> bool {
    match wanted {
        VerifyDepth::None => true,
        VerifyDepth::System => proof.level >= EvidenceLevel::ReadBackSystem,
        // A share cannot be read deeper; everything else that was answered by the system is asked again.
        VerifyDepth::Device => proof.level >= EvidenceLevel::ReadBackShare,
    }
}
