//! Owns the numbers that progress displays read while a run goes on. Writers only add to atomics; nothing here ever decides anything.

use checkgate_model::CopyId;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a run, or one lane of it, is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Phase {
    /// Looking at the card and the destinations.
    Preparing,
    /// Reading the card, writing the copies.
    Copying,
    /// Reading the copies back and the card a second time.
    Proving,
    /// Writing manifests and reading them again.
    Sealing,
    /// Nothing more to do.
    Done,
    /// Given up.
    Failed,
}

impl Phase {
    /// The word shown beside a lane.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Copying => "copying",
            Self::Proving => "reading back",
            Self::Sealing => "sealing",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Preparing,
            1 => Self::Copying,
            2 => Self::Proving,
            3 => Self::Sealing,
            4 => Self::Done,
            _ => Self::Failed,
        }
    }
}

/// One lane: the card, or one copy.
#[derive(Debug)]
pub(crate) struct Lane {
    label: String,
    copy: Option<CopyId>,
    phase: AtomicU8,
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    files_done: AtomicU64,
    files_total: AtomicU64,
    proven_bytes: AtomicU64,
    proven_files: AtomicU64,
    current: Mutex<String>,
}

impl Lane {
    fn new(label: &str, copy: Option<CopyId>) -> Arc<Self> {
        Arc::new(Self {
            label: label.to_owned(),
            copy,
            phase: AtomicU8::new(0),
            bytes_done: AtomicU64::new(0),
            bytes_total: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
            files_total: AtomicU64::new(0),
            proven_bytes: AtomicU64::new(0),
            proven_files: AtomicU64::new(0),
            current: Mutex::new(String::new()),
        })
    }

    /// Begins a phase with its own totals.
    pub(crate) fn begin(&self, phase: Phase, files: u64, bytes: u64) {
        self.bytes_done.store(0, Ordering::Relaxed);
        self.files_done.store(0, Ordering::Relaxed);
        self.files_total.store(files, Ordering::Relaxed);
        self.bytes_total.store(bytes, Ordering::Relaxed);
        self.set_phase(phase);
    }

    /// A copy is written; what it still does is being read back, which may have begun long ago.
    pub(crate) fn turn_to_proof(&self, files: u64, bytes: u64) {
        self.files_total.store(files, Ordering::Relaxed);
        self.bytes_total.store(bytes, Ordering::Relaxed);
        self.bytes_done.store(0, Ordering::Relaxed);
        self.files_done.store(0, Ordering::Relaxed);
        self.set_phase(Phase::Proving);
    }

    pub(crate) fn add_proven_bytes(&self, bytes: u64) {
        self.proven_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_proven_file(&self) {
        self.proven_files.fetch_add(1, Ordering::Relaxed);
    }

    /// The file that is read back, shown once nothing is written any more.
    pub(crate) fn set_proving(&self, name: &str) {
        if self.phase.load(Ordering::Relaxed) == Phase::Proving as u8 {
            self.set_current(name);
        }
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_file(&self) {
        self.files_done.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_current(&self, name: &str) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clear();
        current.push_str(name);
    }

    fn snapshot(&self) -> LaneSnapshot {
        let phase = Phase::from_number(self.phase.load(Ordering::Relaxed));
        let proven_bytes = self.proven_bytes.load(Ordering::Relaxed);
        LaneSnapshot {
            label: self.label.clone(),
            copy: self.copy.clone(),
            phase,
            phase_word: phase.word(),
            // While a copy is read back, only one of the two is not zero.
            bytes_done: self.bytes_done.load(Ordering::Relaxed) + if phase == Phase::Proving { proven_bytes } else { 0 },
            bytes_total: self.bytes_total.load(Ordering::Relaxed),
            proven_bytes,
            files_done: self.files_done.load(Ordering::Relaxed)
                + if phase == Phase::Proving { self.proven_files.load(Ordering::Relaxed) } else { 0 },
            files_total: self.files_total.load(Ordering::Relaxed),
            current_file: Some(self.current.lock().unwrap_or_else(PoisonError::into_inner).clone())
                .filter(|name| !name.is_empty()),
        }
    }
}

/// One lane at one moment. The byte and file counts belong to `phase`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneSnapshot {
    /// Destination as people call it; `card` for the source lane.
    pub label: String,
    /// The copy; `None` for the card.
    pub copy: Option<CopyId>,
    /// What the lane does.
    pub phase: Phase,
    /// The same as a word.
    pub phase_word: &'static str,
    /// Bytes of this phase that are done.
    pub bytes_done: u64,
    /// Bytes of this phase.
    pub bytes_total: u64,
    /// Bytes of this copy that were read back so far, in whatever phase.
    pub proven_bytes: u64,
    /// Files of this phase that are done.
    pub files_done: u64,
    /// Files of this phase.
    pub files_total: u64,
    /// File in hand.
    pub current_file: Option<String>,
}

/// All lanes at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// What the run does.
    pub phase: Phase,
    /// The card.
    pub source: LaneSnapshot,
    /// The copies, in the order of the plan.
    pub copies: Vec<LaneSnapshot>,
}

#[derive(Debug)]
struct Lanes {
    source: Arc<Lane>,
    copies: Vec<Arc<Lane>>,
}

#[derive(Debug)]
struct Inner {
    phase: AtomicU8,
    lanes: Mutex<Lanes>,
}

/// Progress of one run, readable from any thread at any time. Clones refer to the same run.
#[derive(Debug, Clone)]
pub struct Meter {
    inner: Arc<Inner>,
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl Meter {
    /// A meter for a new run.
    #[must_use]
    pub fn new() -> Self {
        let lanes = Lanes { source: Lane::new("card", None), copies: Vec::new() };
        Self { inner: Arc::new(Inner { phase: AtomicU8::new(0), lanes: Mutex::new(lanes) }) }
    }

    /// All numbers at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let lanes = self.inner.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        Snapshot {
            phase: Phase::from_number(self.inner.phase.load(Ordering::Relaxed)),
            source: lanes.source.snapshot(),
            copies: lanes.copies.iter().map(|lane| lane.snapshot()).collect(),
        }
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.inner.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn source(&self) -> Arc<Lane> {
        Arc::clone(&self.inner.lanes.lock().unwrap_or_else(PoisonError::into_inner).source)
    }

    /// Makes one lane per copy and hands them out in order.
    pub(crate) fn begin_copies(&self, copies: &[(CopyId, String)]) -> Vec<Arc<Lane>> {
        let made: Vec<_> = copies.iter().map(|(id, label)| Lane::new(label, Some(id.clone()))).collect();
        self.inner.lanes.lock().unwrap_or_else(PoisonError::into_inner).copies.clone_from(&made);
        made
    }
}
