//! Owns the course of one run: threads move bytes and send what happened; this actor alone decides what it means, hands events to the
//! caller and keeps the facts the report is made of. Must never touch a file itself (steps do), nor announce what is not stored.

mod course;
mod ending;
mod facts;

use crate::Control;
use crate::buffer::Pool;
use crate::error::{OffloadError, StoreError};
use crate::event::Event;
use crate::feed::Feed;
use crate::hashing::{self, Hashed};
use crate::meter::{Lane, Meter, Phase};
use crate::plan::{CopyPlan, Plan};
use crate::prepare::{self, Duty, Prepared};
use crate::prove::Proofs;
use crate::report::{FailedFile, OffloadReport};
use crate::seal::{self, Seal};
use crate::work_list::WorkList;
use checkgate_model::{Evidence, HashFormat, Problem, RelPath};
use checkgate_volume::{Destination, DestinationLock, Source, SourceFile};
use facts::{CopyFacts, FileFacts};
pub(crate) use facts::{Proof, Words};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// What happened, as the threads report it.
#[derive(Debug)]
pub(crate) enum Action {
    /// One hash lane has read a block or a whole file.
    Hashed { file: usize, hashed: Hashed },
    /// So many bytes of a file are on a copy, durable, under a temporary name.
    Durable { copy: usize, file: usize, bytes: u64 },
    /// A file is synced and has its name.
    Published { copy: usize, file: usize },
    /// A file failed on one copy.
    FileFailed { copy: usize, file: usize, problem: Problem },
    /// A destination failed.
    CopyFailed { copy: usize, problem: Problem },
    /// The card is read on without this copy.
    LeftBehind { copy: usize },
    /// The copy that a file was to be made from did not give it.
    NotFed { copy: usize, file: usize },
    /// A file of the card failed.
    SourceFailed { file: usize, problem: Problem },
    /// The card is gone while it is copied.
    SourceGone { problem: Problem },
    /// A file of a copy was read back and is equal.
    Proven { copy: usize, file: usize, evidence: Evidence },
    /// A file of the card was read a second time.
    Reread { file: usize, result: Result<(), Problem> },
    /// The card is gone while it is read a second time.
    CardGoneInReread { problem: Problem },
    /// The manifest of a copy is written, or could not be.
    Sealed { copy: usize, result: Result<Seal, Problem> },
    /// A thread is through.
    Ended(Role),
}

/// What a thread was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads the card.
    Reader,
    /// Hashes what is read.
    Hasher,
    /// Writes a copy from the card.
    Writer(usize),
    /// Makes a copy from another one.
    Feeder(usize),
    /// Reads a copy back.
    Prover(usize),
    /// Reads the card a second time.
    Rereader,
    /// Writes a manifest.
    Sealer,
}

/// One copy as all threads see it.
pub(crate) struct CopyJob {
    pub(crate) plan: CopyPlan,
    /// `None` where it could not be opened; such a copy is given up before any thread starts.
    pub(crate) destination: Option<Destination>,
    /// Held for the whole run: one writer per destination.
    pub(crate) _lock: Option<DestinationLock>,
    pub(crate) duties: Vec<Duty>,
    /// Files that an earlier run began: checksums of the blocks that were durable.
    pub(crate) leftovers: BTreeMap<usize, Vec<u64>>,
    pub(crate) lane: Arc<Lane>,
    pub(crate) given_up: AtomicBool,
    pub(crate) failures_in_a_row: AtomicU32,
    /// Too slow for the others: what it still needs is made from another copy.
    pub(crate) left_behind: AtomicBool,
    /// Bytes that wait for its writer.
    pub(crate) owed_bytes: AtomicU64,
    pub(crate) to_feed: WorkList<Feed>,
    pub(crate) proofs: Proofs,
}

impl CopyJob {
    /// The opened destination.
    pub(crate) fn destination(&self) -> &Destination {
        self.destination.as_ref().expect("a copy without a destination is given up before any thread starts")
    }

    /// A spinning drive that writes and reads at once does neither well: it is read back when all is written.
    pub(crate) fn proves_last(&self) -> bool {
        self.destination.as_ref().is_some_and(|destination| destination.volume().rotational == Some(true))
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

    fn bytes_of(&self, files: impl IntoIterator<Item = usize>) -> u64 {
        files.into_iter().map(|file| self.files[file].size_bytes).sum()
    }
}

struct Engine<'a, 'p> {
    job: &'a Job<'p>,
    meter: &'a Meter,
    on_event: &'a mut dyn FnMut(Event) -> Result<(), StoreError>,
    store_failed: Option<StoreError>,
    files: Vec<FileFacts>,
    copies: Vec<CopyFacts>,
    words: Words,
    /// Blocks so far of the files that are being read.
    in_flight: BTreeMap<usize, Vec<u64>>,
    /// Files of earlier runs that are no longer on the card, and what could not be looked at.
    card_failed: Vec<FailedFile>,
    /// Part of the card could not be looked at.
    card_incomplete: bool,
    source_gone: Option<Problem>,
    reread_ended: bool,
    reading: bool,
    hashers: usize,
    /// The card is read and every hash is known.
    read: bool,
    /// Threads that have not ended.
    running: usize,
}

/// Runs one offload to its end.
///
/// The caller stores each event before it returns; an `Err` stops the run, which ends as [`Outcome::Interrupted`] and can go on later
/// with what was stored.
///
/// [`Outcome::Interrupted`]: crate::Outcome::Interrupted
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
        words,
    } = prepare::prepare(plan, control, meter)?;
    on_event(planned).map_err(OffloadError::Store)?;
    let lanes = hashing::lanes(&job.formats);
    let files = fingerprints.into_iter().map(|fingerprint| FileFacts::new(fingerprint, lanes.len())).collect();
    let copies = CopyFacts::of(&job, evidence);
    let mut engine = Engine {
        job: &job,
        meter,
        on_event,
        store_failed: None,
        files,
        copies,
        words,
        in_flight: BTreeMap::new(),
        card_failed: Vec::new(),
        card_incomplete,
        source_gone: None,
        reread_ended: false,
        reading: false,
        hashers: 0,
        read: false,
        running: 0,
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
    engine.course(&lanes);
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
}
