//! Owns what is said at the end of a run, or of one copy: computed from facts the run has seen.

use super::Engine;
use crate::meter::Phase;
use crate::report::{CopyReport, CopyState, FailedFile, OffloadReport, Outcome, SkippedItem};
use crate::seal;
use checkgate_model::{ErrorCode, EvidenceLevel, Problem, RelPath};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Engine<'_, '_> {
    /// What the manifest of a copy is made of.
    pub(super) fn contents(&self, copy: usize) -> seal::Contents {
        let facts = &self.copies[copy];
        let mut files = Vec::with_capacity(self.files.len());
        let mut weakest: Option<(EvidenceLevel, String)> = None;
        for (index, file) in self.files.iter().enumerate() {
            let (Some(fingerprint), Some(proof)) = (&file.fingerprint, &facts.evidence[index]) else { continue };
            if file.failed.is_some() || facts.failed.contains_key(&self.job.files[index].path) {
                continue;
            }
            if weakest.as_ref().is_none_or(|(level, _)| proof.level < *level) {
                weakest = Some((proof.level, proof.method.to_string()));
            }
            files.push(seal::SealedFile { file: index, fingerprint: Arc::clone(fingerprint), proven_at: proof.at });
        }
        seal::Contents { files, weakest, missing: self.failures(copy).into_iter().map(|failed| failed.path).collect() }
    }

    /// Whether this copy stands in for a card that has left.
    pub(super) fn is_giver(&self, copy: usize) -> bool {
        self.job.plan.recorded_by.as_ref() == Some(&self.job.copies[copy].plan.id)
    }

    /// Weakest evidence over all files of the card; `None` while one is missing.
    pub(super) fn weakest(&self, copy: usize) -> Option<EvidenceLevel> {
        let facts = &self.copies[copy];
        if facts.aborted.is_some() || self.card_incomplete || !self.failures(copy).is_empty() {
            return None;
        }
        let levels: Option<Vec<EvidenceLevel>> =
            facts.evidence.iter().map(|evidence| evidence.as_ref().map(|proof| proof.level)).collect();
        levels?.into_iter().min()
    }

    /// What is missing from or wrong with a copy, on its own side or on the card's.
    pub(super) fn failures(&self, copy: usize) -> Vec<FailedFile> {
        let mut failed: BTreeMap<RelPath, Problem> = self.copies[copy].failed.clone();
        for (index, file) in self.files.iter().enumerate() {
            if let Some(problem) = &file.failed {
                failed.entry(self.job.files[index].path.clone()).or_insert_with(|| problem.as_ref().clone());
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

    pub(super) fn report(mut self, skipped: Vec<SkippedItem>) -> OffloadReport {
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
        // A copy that only gave has its manifest already.
        let sealed = self.is_giver(copy) || seal.is_some_and(|seal| seal.reread_equal);
        let state = match &facts.aborted {
            Some(problem) => CopyState::Aborted(problem.clone()),
            None if !facts.done => CopyState::Unfinished,
            None if failed.is_empty() && weakest.is_some() && sealed => CopyState::Complete,
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
