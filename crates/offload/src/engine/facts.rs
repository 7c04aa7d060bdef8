//! Owns what a run knows about each file and each copy. A million files fit: words that many files share are kept once.

use super::Job;
use crate::hashing::Fingerprint;
use crate::prepare::Duty;
use crate::prove::ToProve;
use crate::seal::Seal;
use checkgate_model::{Evidence, EvidenceLevel, Problem, RelPath, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a file of a copy was proven.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) level: EvidenceLevel,
    pub(super) at: Timestamp,
    pub(super) method: Arc<str>,
}

/// The few methods that occur in one run.
#[derive(Debug, Default)]
pub(crate) struct Words {
    known: BTreeSet<Arc<str>>,
}

impl Words {
    pub(crate) fn proof(&mut self, evidence: &Evidence) -> Proof {
        let method = match self.known.get(evidence.method.as_str()) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = evidence.method.as_str().into();
                self.known.insert(Arc::clone(&new));
                new
            }
        };
        Proof { level: evidence.level, at: evidence.at, method }
    }
}

/// What is known about one file of the card.
#[derive(Debug)]
pub(super) struct FileFacts {
    pub(super) fingerprint: Option<Arc<Fingerprint>>,
    /// What this run has read so far, and how many lanes are still out.
    pub(super) partial: Option<Box<Fingerprint>>,
    pub(super) lanes_out: usize,
    pub(super) failed: Option<Box<Problem>>,
    pub(super) reread_equal: Option<bool>,
}

impl FileFacts {
    pub(super) const fn new(fingerprint: Option<Arc<Fingerprint>>, lanes: usize) -> Self {
        Self { fingerprint, partial: None, lanes_out: lanes, failed: None, reread_equal: None }
    }
}

/// What is known about one copy.
#[derive(Debug, Default)]
pub(super) struct CopyFacts {
    /// Published in this run.
    pub(super) published: Vec<bool>,
    /// Published in this run from what was read of the card: what it is worth is known once that is hashed.
    pub(super) from_card: Vec<bool>,
    /// It is there and its hashes are known.
    pub(super) copied: Vec<bool>,
    pub(super) evidence: Vec<Option<Proof>>,
    pub(super) failed: BTreeMap<RelPath, Problem>,
    pub(super) aborted: Option<Problem>,
    pub(super) seal: Option<Result<Seal, Problem>>,
    pub(super) done: bool,
    /// Copies are only ever made from copies of a lower level; zero follows the card.
    pub(super) level: usize,
    /// Files that wait for a copy to be made from.
    pub(super) to_feed: BTreeSet<usize>,
    /// Files that are being made from another copy.
    pub(super) fed: BTreeSet<usize>,
    /// Proofs that wait until all is written, on a spinning drive.
    pub(super) waiting: Vec<ToProve>,
    /// The last file of which part is known to be durable, and how much.
    pub(super) durable: Option<(usize, u64)>,
    /// Files and bytes that were given to the prover.
    pub(super) proofs: (u64, u64),
    /// Since when it is to be made from another copy, because it was too slow.
    pub(super) left_behind: bool,
    pub(super) writing: bool,
    pub(super) feeding: bool,
    pub(super) proving: bool,
    pub(super) feed_closed: bool,
    pub(super) proofs_closed: bool,
    pub(super) sealing: bool,
}

impl CopyFacts {
    /// What earlier runs left, per copy.
    pub(super) fn of(job: &Job<'_>, evidence: Vec<Vec<Option<Proof>>>) -> Vec<Self> {
        let levels = levels(job);
        evidence
            .into_iter()
            .zip(job.copies.iter().zip(levels))
            .map(|(evidence, (copy, level))| Self {
                published: vec![false; job.files.len()],
                from_card: vec![false; job.files.len()],
                copied: copy.duties.iter().map(|duty| matches!(duty, Duty::Prove | Duty::Nothing)).collect(),
                evidence,
                level,
                ..Self::default()
            })
            .collect()
    }
}

/// Copies from the card have level 0, those that are left behind later 1, a cascade begins at 2.
fn levels(job: &Job<'_>) -> Vec<usize> {
    let place = |copy: usize| {
        let fed_by = job.copies[copy].plan.fed_by.as_ref()?;
        job.copies.iter().position(|other| other.plan.id == *fed_by)
    };
    (0..job.copies.len())
        .map(|copy| {
            // The plan was checked: there is no circle.
            let steps = std::iter::successors(place(copy), |giver| place(*giver)).take(job.copies.len()).count();
            if steps == 0 { 0 } else { steps + 1 }
        })
        .collect()
}
