//! Owns the course of one run: threads move bytes and send what happened; this actor alone decides what it means, hands events to the
//! caller and keeps the facts the report is made of. Must never touch a file itself (steps do), nor announce what is not stored.

use crate::Control;
use crate::buffer::Pool;
use crate::copy;
use crate::error::{OffloadError, StoreError};
use crate::event::Event;
use crate::evidence;
use crate::hashing::{self, Fingerprint};
use crate::meter::{Lane, Meter, Phase};
use crate::plan::{CopyPlan, Plan, VerifyDepth};
use crate::prepare::{self, Duty, Prepared};
use crate::prove::{self, Expected};
use crate::reader::{self, spawn_named};
use crate::report::{CopyReport, CopyState, FailedFile, OffloadReport, Outcome, SkippedItem};
use crate::seal::{self, Seal};
use checkgate_model::{ErrorCode, Evidence, EvidenceLevel, HashFormat, Problem, RelPath};
use checkgate_volume::{Destination, DestinationLock, Source, SourceFile};
use crossbeam_channel::{Sender, bounded};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Parcels on their way to one lane; the pool bounds their bytes.
const PARCELS_AHEAD: usize = 256;
/// Actions waiting for the actor.
const ACTIONS_AHEAD: usize = 1024;

/// What happened, as the threads report it.
#[derive(Debug)]
pub(crate) enum Action {
    /// One hash lane has read a whole file.
    Hashed { file: usize, part: Fingerprint },
    /// A file is synced and has its name.
    Published { copy: usize, file: usize },
    /// A file failed on one copy.
    FileFailed { copy: usize, file: usize, problem: Problem },
    /// A destination failed.
    CopyFailed { copy: usize, problem: Problem },
    /// A file of the card failed.
    SourceFailed { file: usize, problem: Problem },
    /// The card is gone while it is copied.
    SourceGone { problem: Problem },
    /// A file of a copy was read back and is equal.
    Proven { copy: usize, file: usize, evidence: Evidence },
    /// All files of a copy were read back, or its reading ended.
    ProveEnded { copy: usize },
    /// A file of the card was read a second time.
    Reread { file: usize, result: Result<(), Problem> },
    /// The card is gone while it is read a second time.
    CardGoneInReread { problem: Problem },
    /// The second read ended.
    RereadEnded,
    /// The manifest of a copy is written, or could not be.
    Sealed { copy: usize, result: Result<Seal, Problem> },
}

/// One copy as all threads see it.
pub(crate) struct CopyJob {
    pub(crate) plan: CopyPlan,
    /// `None` where it could not be opened; such a copy is given up before any thread starts.
    pub(crate) destination: Option<Destination>,
    /// Held for the whole run: one writer per destination.
    pub(crate) _lock: Option<DestinationLock>,
    pub(crate) duties: Vec<Duty>,
    pub(crate) lane: Arc<Lane>,
    pub(crate) given_up: AtomicBool,
    pub(crate) failures_in_a_row: AtomicU32,
}

impl CopyJob {
    /// The opened destination.
    pub(crate) fn destination(&self) -> &Destination {
        self.destination.as_ref().expect("a copy without a destination is given up before any thread starts")
    }
}

/// What all threads of one run share.
pub(crate) struct Job<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) formats: Vec<HashFormat>,
    pub(crate) source: Source,
    pub(crate) files: Vec<SourceFile>,
    pub(crate) folders: Vec<RelPath>,
    pub(crate) card_history: seal::CardHistory,
    pub(crate) copies: Vec<CopyJob>,
    pub(crate) pool: Pool,
    pub(crate) source_lane: Arc<Lane>,
    pub(crate) control: Control,
    pub(crate) halted: AtomicBool,
}

impl Job<'_> {
    /// Asked once per chunk by every thread. Waits while paused.
    pub(crate) fn go_on(&self) -> bool {
        !self.is_halted() && self.control.may_go_on()
    }

    /// Whether the run ends now, without waiting.
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.control.is_stopped()
    }

    fn halt(&self) {
        self.halted.store(true, Ordering::SeqCst);
    }
}

/// What is known about one copy.
#[derive(Debug, Default)]
struct CopyFacts {
    /// Published in this run, waiting for the hashes.
    published: Vec<bool>,
    copied: Vec<bool>,
    evidence: Vec<Option<Evidence>>,
    failed: BTreeMap<RelPath, Problem>,
    aborted: Option<Problem>,
    prove_ended: bool,
    seal: Option<Result<Seal, Problem>>,
    done: bool,
}

struct FileFacts {
    fingerprint: Option<Arc<Fingerprint>>,
    /// What this run has read so far, and how many lanes are still out.
    partial: Fingerprint,
    lanes_out: usize,
    failed: Option<Problem>,
    reread_equal: Option<bool>,
}

struct Engine<'a, 'p> {
    job: &'a Job<'p>,
    meter: &'a Meter,
    on_event: &'a mut dyn FnMut(Event) -> Result<(), StoreError>,
    store_failed: Option<StoreError>,
    files: Vec<FileFacts>,
    copies: Vec<CopyFacts>,
    /// Files of earlier runs that are no longer on the card, and what could not be looked at.
    card_failed: Vec<FailedFile>,
    /// Part of the card could not be looked at.
    card_incomplete: bool,
    source_gone: Option<Problem>,
    reread_ended: bool,
}

/// Runs one offload to its end.
///
/// The caller stores each event before it returns; an `Err` stops the run, which ends as [`Outcome::Interrupted`] and can go on later
/// with what was stored.
///
/// # Errors
/// Only where the run could not begin; everything later is in the report.
pub fn run(
    plan: &Plan,
    control: &Control,
    meter: &Meter,
    on_event: &mut dyn FnMut(Event) -> Result<(), StoreError>,
) -> Result<OffloadReport, OffloadError> {
    meter.set_phase(Phase::Preparing);
    let Prepared {
        job,
        skipped,
        planned,
        fingerprints,
        evidence,
        set_aside,
        card_failed,
        card_incomplete,
        changed,
        refused,
        aborted,
    } = prepare::prepare(plan, control, meter)?;
    on_event(planned).map_err(OffloadError::Store)?;
    let lanes = hashing::lanes(&job.formats);
    let files = fingerprints
        .into_iter()
        .map(|fingerprint| FileFacts {
            fingerprint,
            partial: Fingerprint::default(),
            lanes_out: lanes.len(),
            failed: None,
            reread_equal: None,
        })
        .collect();
    let copies = evidence
        .into_iter()
        .zip(&job.copies)
        .map(|(evidence, copy)| CopyFacts {
            published: vec![false; job.files.len()],
            copied: copy.duties.iter().map(|duty| matches!(duty, Duty::Prove | Duty::Nothing)).collect(),
            evidence,
            ..CopyFacts::default()
        })
        .collect();
    let mut engine = Engine {
        job: &job,
        meter,
        on_event,
        store_failed: None,
        files,
        copies,
        card_failed: Vec::new(),
        card_incomplete,
        source_gone: None,
        reread_ended: false,
    };
    for item in &skipped {
        engine.emit(Event::Skipped { path: item.path.clone(), reason: item.reason.clone() });
    }
    for failed in card_failed {
        engine.emit(Event::FileFailed { copy: None, path: failed.path.clone(), problem: failed.problem.clone() });
        engine.card_failed.push(failed);
    }
    for (copy, path, reason) in set_aside {
        engine.emit(Event::SetAside { copy: job.copies[copy].plan.id.clone(), path, reason });
    }
    for (file, problem) in changed {
        engine.apply(Action::SourceFailed { file, problem });
    }
    for (copy, file, problem) in refused {
        engine.apply(Action::FileFailed { copy, file, problem });
    }
    for (copy, problem) in aborted {
        engine.apply(Action::CopyFailed { copy, problem });
    }
    engine.copy_all(&lanes);
    engine.prove_and_seal();
    Ok(engine.report(skipped))
}

impl Engine<'_, '_> {
    /// Stores, then goes on. After the first failure nothing is announced any more.
    fn emit(&mut self, event: Event) {
        if self.store_failed.is_some() {
            return;
        }
        if let Err(error) = (self.on_event)(event) {
            tracing::warn!(%error, "an event could not be stored; the run stops");
            self.store_failed = Some(error);
            self.job.halt();
        }
    }

    fn phase(&mut self, phase: Phase) {
        self.meter.set_phase(phase);
        self.emit(Event::PhaseChanged { phase });
    }

    /// Phase one: the card is read once, every copy is written.
    fn copy_all(&mut self, lanes: &[hashing::LaneWork]) {
        let job = self.job;
        let wanted = |file: usize| {
            job.copies
                .iter()
                .any(|copy| !copy.given_up.load(Ordering::Relaxed) && matches!(copy.duties[file], Duty::Write | Duty::Compare))
        };
        let order: Vec<usize> = (0..job.files.len()).filter(|file| self.files[*file].failed.is_none() && wanted(*file)).collect();
        let bytes_of = |files: &[usize]| files.iter().map(|file| job.files[*file].size_bytes).sum::<u64>();
        job.source_lane.begin(Phase::Copying, order.len() as u64, bytes_of(&order));
        for copy in &job.copies {
            let own: Vec<usize> = order.iter().copied().filter(|file| copy.duties[*file] == Duty::Write).collect();
            if !copy.given_up.load(Ordering::Relaxed) {
                copy.lane.begin(Phase::Copying, own.len() as u64, bytes_of(&own));
            }
        }
        self.phase(Phase::Copying);
        if order.is_empty() || job.is_halted() {
            return;
        }
        let (outbox, inbox) = bounded(ACTIONS_AHEAD);
        std::thread::scope(|scope| {
            let mut senders = Vec::new();
            for (number, work) in lanes.iter().enumerate() {
                let (sender, parcels) = bounded(PARCELS_AHEAD);
                senders.push(sender);
                let outbox: Sender<Action> = outbox.clone();
                spawn_named(scope, &format!("hash-{number}"), move || {
                    hashing::run_lane(work, &parcels, |file, part| {
                        let _ = outbox.send(Action::Hashed { file, part });
                    });
                });
            }
            for copy in 0..job.copies.len() {
                if job.copies[copy].given_up.load(Ordering::Relaxed) {
                    continue;
                }
                let (sender, parcels) = bounded(PARCELS_AHEAD);
                senders.push(sender);
                let outbox = outbox.clone();
                spawn_named(scope, &format!("write-{copy}"), move || copy::write_copy(job, copy, &parcels, &outbox));
            }
            let order = &order;
            spawn_named(scope, "card-read", move || reader::read_card(job, order, &senders, &outbox));
            for action in &inbox {
                self.apply(action);
            }
        });
    }

    /// Phase two: every copy is read back while the card is read a second time; a copy that is through gets its manifest.
    fn prove_and_seal(&mut self) {
        let job = self.job;
        if job.is_halted() {
            return;
        }
        self.phase(Phase::Proving);
        let (outbox, inbox) = bounded(ACTIONS_AHEAD);
        std::thread::scope(|scope| {
            let mut running = 0_usize;
            for copy in 0..job.copies.len() {
                if self.copies[copy].aborted.is_some() {
                    continue;
                }
                let work = self.to_prove(copy);
                if job.is_halted() {
                    break;
                }
                running += 1;
                let outbox = outbox.clone();
                spawn_named(scope, &format!("prove-{copy}"), move || prove::prove_copy(job, copy, &work, &outbox));
            }
            if job.plan.source_reread && !job.is_halted() {
                let work: Vec<Expected> = self
                    .files
                    .iter()
                    .enumerate()
                    .filter(|(_, facts)| facts.failed.is_none())
                    .filter_map(|(file, facts)| Some((file, Arc::clone(facts.fingerprint.as_ref()?))))
                    .collect();
                running += 1;
                let outbox = outbox.clone();
                spawn_named(scope, "card-reread", move || prove::reread_card(job, &work, &outbox));
            } else {
                job.source_lane.set_phase(Phase::Done);
            }
            while running > 0 {
                let action = inbox.recv().expect("this thread holds a sender");
                let sealing = match &action {
                    Action::ProveEnded { copy } => {
                        running -= 1;
                        Some(*copy)
                    }
                    Action::RereadEnded | Action::Sealed { .. } => {
                        running -= 1;
                        None
                    }
                    _ => None,
                };
                self.apply(action);
                let Some(copy) = sealing else { continue };
                if job.is_halted() || self.copies[copy].aborted.is_some() {
                    continue;
                }
                let contents = self.contents(copy);
                job.copies[copy].lane.set_phase(Phase::Sealing);
                running += 1;
                let outbox = outbox.clone();
                spawn_named(scope, &format!("seal-{copy}"), move || {
                    let result = seal::seal(job, copy, contents);
                    let _ = outbox.send(Action::Sealed { copy, result });
                });
            }
        });
    }

    /// Files of a copy that must be read again. Where no read-back was asked for, what was written is "hash in flight" at once.
    fn to_prove(&mut self, copy: usize) -> Vec<Expected> {
        let job = self.job;
        let mut work = Vec::new();
        for file in 0..job.files.len() {
            let facts = &self.copies[copy];
            let Some(fingerprint) = self.files[file].fingerprint.clone().filter(|_| self.files[file].failed.is_none()) else {
                continue;
            };
            let path = &job.files[file].path;
            match job.copies[copy].duties[file] {
                Duty::Nothing | Duty::Refused => {}
                Duty::Compare => work.push((file, fingerprint)),
                Duty::Write | Duty::Prove if facts.copied[file] && !facts.failed.contains_key(path) => {
                    if job.plan.verify == VerifyDepth::None {
                        self.apply(Action::Proven { copy, file, evidence: evidence::from_flight() });
                    } else {
                        work.push((file, fingerprint));
                    }
                }
                Duty::Write | Duty::Prove => {}
            }
        }
        work
    }

    /// What the manifest of a copy is made of.
    fn contents(&self, copy: usize) -> seal::Contents {
        let facts = &self.copies[copy];
        let mut files = Vec::new();
        let mut weakest: Option<(EvidenceLevel, String)> = None;
        for (index, file) in self.files.iter().enumerate() {
            let (Some(fingerprint), Some(evidence)) = (&file.fingerprint, &facts.evidence[index]) else { continue };
            if file.failed.is_some() || facts.failed.contains_key(&self.job.files[index].path) {
                continue;
            }
            if weakest.as_ref().is_none_or(|(level, _)| evidence.level < *level) {
                weakest = Some((evidence.level, evidence.method.clone()));
            }
            files.push(seal::SealedFile { file: index, fingerprint: Arc::clone(fingerprint), proven_at: evidence.at });
        }
        seal::Contents { files, weakest, missing: self.failures(copy).into_iter().map(|failed| failed.path).collect() }
    }

    fn apply(&mut self, action: Action) {
        let job = self.job;
        match action {
            Action::Hashed { file, part } => self.hashed(file, part),
            Action::Published { copy, file } => {
                self.copies[copy].published[file] = true;
                self.announce_copied(copy, file);
            }
            Action::FileFailed { copy, file, problem } => {
                let path = job.files[file].path.clone();
                self.copies[copy].failed.insert(path.clone(), problem.clone());
                self.emit(Event::FileFailed { copy: Some(job.copies[copy].plan.id.clone()), path, problem });
            }
            Action::CopyFailed { copy, problem } => {
                job.copies[copy].given_up.store(true, Ordering::SeqCst);
                job.copies[copy].lane.set_phase(Phase::Failed);
                self.copies[copy].aborted = Some(problem.clone());
                self.emit(Event::CopyAborted { copy: job.copies[copy].plan.id.clone(), problem });
                if self.copies.iter().all(|copy| copy.aborted.is_some()) {
                    job.halt();
                }
            }
            Action::SourceFailed { file, problem } => {
                self.files[file].failed = Some(problem.clone());
                self.emit(Event::FileFailed { copy: None, path: job.files[file].path.clone(), problem });
            }
            Action::SourceGone { problem } => {
                job.source_lane.set_phase(Phase::Failed);
                self.source_gone = Some(problem);
                job.halt();
            }
            Action::Proven { copy, file, evidence } => self.proven(copy, file, evidence),
            Action::Reread { file, result } => {
                let path = job.files[file].path.clone();
                self.files[file].reread_equal = Some(result.is_ok());
                self.emit(Event::SourceReread { path: path.clone(), equal: result.is_ok() });
                if let Err(problem) = result {
                    self.emit(Event::FileFailed { copy: None, path, problem });
                }
            }
            // The copies do not need the card any more, so they are proven and sealed all the same.
            Action::CardGoneInReread { problem } => {
                self.source_gone.get_or_insert(problem);
            }
            Action::RereadEnded => {
                self.reread_ended = true;
                job.source_lane.set_phase(if self.source_gone.is_some() { Phase::Failed } else { Phase::Done });
            }
            Action::ProveEnded { copy } => self.copies[copy].prove_ended = !job.is_halted(),
            Action::Sealed { copy, result } => self.sealed(copy, result),
        }
    }

    fn hashed(&mut self, file: usize, part: Fingerprint) {
        let facts = &mut self.files[file];
        facts.partial.hashes.extend(part.hashes);
        facts.partial.blocks.extend(part.blocks);
        facts.lanes_out -= 1;
        if facts.lanes_out > 0 {
            return;
        }
        let mut read = std::mem::take(&mut facts.partial);
        read.hashes.sort();
        match &facts.fingerprint {
            Some(earlier) if earlier.hashes != read.hashes => {
                let path = &self.job.files[file].path;
                let problem = Problem::new(ErrorCode::SourceChanged, format!("{path} read differently from the first time"));
                self.apply(Action::SourceFailed { file, problem });
            }
            _ => {
                facts.fingerprint = Some(Arc::new(read));
                for copy in 0..self.copies.len() {
                    self.announce_copied(copy, file);
                }
            }
        }
    }

    /// A file counts as copied once it has its name and every hash is known.
    fn announce_copied(&mut self, copy: usize, file: usize) {
        let facts = &mut self.copies[copy];
        let whole = self.files[file].lanes_out == 0 && self.files[file].failed.is_none();
        if !whole || !facts.published[file] || facts.copied[file] {
            return;
        }
        facts.copied[file] = true;
        self.emit_copied(copy, file);
    }

    fn emit_copied(&mut self, copy: usize, file: usize) {
        let Some(fingerprint) = self.files[file].fingerprint.clone() else { return };
        let card_file = &self.job.files[file];
        self.emit(Event::FileCopied {
            copy: self.job.copies[copy].plan.id.clone(),
            path: card_file.path.clone(),
            size_bytes: card_file.size_bytes,
            modified: card_file.modified,
            hashes: fingerprint.hashes.clone(),
            block_crc64: fingerprint.blocks.clone(),
        });
    }

    fn proven(&mut self, copy: usize, file: usize, evidence: Evidence) {
        if !self.copies[copy].copied[file] {
            // It lay there already, whole and equal: an earlier run was killed before it could say so.
            self.copies[copy].copied[file] = true;
            self.emit_copied(copy, file);
        }
        self.copies[copy].evidence[file] = Some(evidence.clone());
        self.emit(Event::FileProven {
            copy: self.job.copies[copy].plan.id.clone(),
            path: self.job.files[file].path.clone(),
            evidence,
        });
    }

    fn sealed(&mut self, copy: usize, result: Result<Seal, Problem>) {
        let id = self.job.copies[copy].plan.id.clone();
        if let Ok(seal) = &result {
            self.emit(Event::CopySealed { copy: id.clone(), manifest: seal.manifest.clone(), reread_equal: seal.reread_equal });
            for (path, problem) in &seal.against_history {
                self.copies[copy].failed.insert(path.clone(), problem.clone());
                self.emit(Event::FileFailed { copy: Some(id.clone()), path: path.clone(), problem: problem.clone() });
            }
        }
        self.copies[copy].seal = Some(result);
        self.copies[copy].done = true;
        self.job.copies[copy].lane.set_phase(Phase::Done);
        let (weakest, failed_files) = (self.weakest(copy), self.failures(copy).len() as u64);
        self.emit(Event::CopyDone { copy: id, weakest, failed_files });
    }

    /// Weakest evidence over all files of the card; `None` while one is missing.
    fn weakest(&self, copy: usize) -> Option<EvidenceLevel> {
        let facts = &self.copies[copy];
        if facts.aborted.is_some() || self.card_incomplete || !self.failures(copy).is_empty() {
            return None;
        }
        let levels: Option<Vec<EvidenceLevel>> =
            facts.evidence.iter().map(|evidence| evidence.as_ref().map(|evidence| evidence.level)).collect();
        levels?.into_iter().min()
    }

    /// What is missing from or wrong with a copy, on its own side or on the card's.
    fn failures(&self, copy: usize) -> Vec<FailedFile> {
        let mut failed: BTreeMap<RelPath, Problem> = self.copies[copy].failed.clone();
        for (index, file) in self.files.iter().enumerate() {
            if let Some(problem) = &file.failed {
                failed.entry(self.job.files[index].path.clone()).or_insert_with(|| problem.clone());
            }
        }
        for card_failed in &self.card_failed {
            failed.entry(card_failed.path.clone()).or_insert_with(|| card_failed.problem.clone());
        }
        failed.into_iter().map(|(path, problem)| FailedFile { path, problem }).collect()
    }

    fn reread_equal(&self) -> Option<bool> {
        if !self.job.plan.source_reread {
            return None;
        }
        if self.files.iter().any(|file| file.reread_equal == Some(false)) {
            return Some(false);
        }
        let all = self.files.iter().all(|file| file.reread_equal == Some(true));
        (self.reread_ended && all).then_some(true)
    }

    fn report(mut self, skipped: Vec<SkippedItem>) -> OffloadReport {
        let job = self.job;
        let reports: Vec<CopyReport> = (0..self.copies.len()).map(|copy| self.copy_report(copy)).collect();
        let outcome = self.outcome(&reports);
        let last = if matches!(outcome, Outcome::Complete | Outcome::CompleteWithFailures) { Phase::Done } else { Phase::Failed };
        self.phase(last);
        // A state that could not be stored is never reported as the end of the job.
        let outcome = match &self.store_failed {
            Some(error) => Outcome::Interrupted(Problem::from_error(ErrorCode::StateFailed, error)),
            None => outcome,
        };
        OffloadReport {
            files: job.files.len() as u64,
            bytes: job.files.iter().map(|file| file.size_bytes).sum(),
            copies: reports,
            source_reread_equal: self.reread_equal(),
            source_device: job.source.identity().device_identity,
            skipped,
            outcome,
        }
    }

    fn copy_report(&self, copy: usize) -> CopyReport {
        let (job, facts) = (&self.job.copies[copy], &self.copies[copy]);
        let failed = self.failures(copy);
        let weakest = self.weakest(copy);
        let (seal, seal_problem) = match &facts.seal {
            Some(Ok(seal)) => (Some(seal), None),
            Some(Err(problem)) => (None, Some(problem.clone())),
            None => (None, None),
        };
        let state = match &facts.aborted {
            Some(problem) => CopyState::Aborted(problem.clone()),
            None if !facts.done => CopyState::Unfinished,
            None if failed.is_empty() && weakest.is_some() && seal.is_some_and(|seal| seal.reread_equal) => CopyState::Complete,
            None => CopyState::CompleteWithFailures,
        };
        CopyReport {
            id: job.plan.id.clone(),
            label: job.plan.label.clone(),
            root: job.plan.root.clone(),
            manifest: seal.map(|seal| seal.manifest.clone()),
            manifest_reread: seal.is_some_and(|seal| seal.reread_equal),
            seal_problem,
            weakest,
            copied_files: facts.copied.iter().filter(|copied| **copied).count() as u64,
            failed,
            device_identity: job.destination.as_ref().and_then(|destination| destination.volume().device_identity.clone()),
            state,
        }
    }

    fn outcome(&self, reports: &[CopyReport]) -> Outcome {
        if let Some(problem) = &self.source_gone {
            return Outcome::Interrupted(problem.clone());
        }
        let all_done = reports.iter().all(|report| !matches!(report.state, CopyState::Unfinished));
        let all_aborted = reports.iter().all(|report| matches!(report.state, CopyState::Aborted(_)));
        if all_aborted && let Some(CopyState::Aborted(problem)) = reports.first().map(|report| report.state.clone()) {
            return Outcome::Interrupted(problem);
        }
        let reread_open = self.job.plan.source_reread && self.reread_equal().is_none();
        if self.job.control.is_stopped() && (!all_done || reread_open) {
            return Outcome::Stopped;
        }
        let all_complete = reports.iter().all(|report| report.state == CopyState::Complete);
        let card_sound = !self.card_incomplete && (!self.job.plan.source_reread || self.reread_equal() == Some(true));
        if all_complete && card_sound { Outcome::Complete } else { Outcome::CompleteWithFailures }
    }
}
