//! Owns how events of the offload engine become stored state. Facts about single files are committed in batches, facts about copies
//! and jobs at once; a batch that a crash loses is found again by hashing what lies on the destination.

use crate::queue::Slots;
use crate::{App, clock};
use checkgate_catalog::{CatalogError, CopyFileRow, CopyRow, FailedFileRow};
use checkgate_model::{Evidence, RelPath};
use checkgate_offload::{Event, Phase, StoreError};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const BATCH_FILES: usize = 512;
const BATCH_TIME: Duration = Duration::from_millis(200);

/// Stores the events of one run.
pub(crate) struct EventStore {
    app: App,
    card: String,
    job: String,
    copies: BTreeMap<String, CopyRow>,
    copied: Vec<(String, CopyFileRow)>,
    proven: Vec<(String, RelPath, Evidence)>,
    last_commit: Instant,
    slots: Slots,
    runtime: tokio::runtime::Handle,
}

impl EventStore {
    pub(crate) fn new(app: App, card: &str, job: &str, copies: Vec<CopyRow>, slots: Slots) -> Self {
        Self {
            app,
            card: card.to_owned(),
            job: job.to_owned(),
            copies: copies.into_iter().map(|copy| (copy.id.clone(), copy)).collect(),
            copied: Vec::new(),
            proven: Vec::new(),
            last_commit: Instant::now(),
            slots,
            runtime: tokio::runtime::Handle::current(),
        }
    }

    /// Stores one event. Called from the engine's thread.
    pub(crate) fn store(&mut self, event: Event) -> Result<(), StoreError> {
        self.apply(event).map_err(|error| StoreError { message: error.to_string(), source: Some(Box::new(error)) })
    }

    /// Commits what is still in the batch.
    pub(crate) fn flush(&mut self) -> Result<(), CatalogError> {
        let catalog = self.app.catalog();
        if !self.copied.is_empty() {
            self.runtime.block_on(catalog.store_copy_files(&self.copied))?;
            self.copied.clear();
        }
        if !self.proven.is_empty() {
            self.runtime.block_on(catalog.prove_copy_files(&self.proven))?;
            self.proven.clear();
        }
        self.last_commit = Instant::now();
        Ok(())
    }

    /// The copies as they stand.
    pub(crate) fn into_copies(self) -> Vec<CopyRow> {
        self.copies.into_values().collect()
    }

    fn apply(&mut self, event: Event) -> Result<(), CatalogError> {
        match event {
            Event::FileCopied { copy, path, size_bytes, modified, hashes, block_crc64 } => {
                let row =
                    CopyFileRow { path, size_bytes, modified, hashes, block_crc64, evidence: None, state: "copied".to_owned() };
                self.copied.push((copy.to_string(), row));
                return self.flush_if_due();
            }
            Event::FileProgress { copy, path, size_bytes, modified, block_crc64 } => {
                let row = CopyFileRow {
                    path,
                    size_bytes,
                    modified,
                    hashes: Vec::new(),
                    block_crc64,
                    evidence: None,
                    state: "begun".to_owned(),
                };
                self.copied.push((copy.to_string(), row));
                return self.flush_if_due();
            }
            Event::FileProven { copy, path, evidence } => {
                if let Some(row) = self.copies.get_mut(copy.as_str()) {
                    row.method.clone_from(&evidence.method);
                    row.proven_at = Some(evidence.at.to_string());
                }
                self.proven.push((copy.to_string(), path, evidence));
                return self.flush_if_due();
            }
            Event::SourceReread { equal: true, .. } => return Ok(()),
            _ => self.flush()?,
        }
        let catalog = self.app.catalog().clone();
        match event {
            Event::Planned { files, bytes, skipped, .. } => {
                for copy in self.copies.values_mut() {
                    copy.bytes_total = bytes;
                }
                self.line(&format!("offload began: {files} files, {bytes} bytes, {} skipped", skipped.len()))?;
            }
            Event::PhaseChanged { phase } => {
                if phase == Phase::Copying {
                    for copy in self.copies.values_mut().filter(|copy| !matches!(copy.state.as_str(), "failed" | "sealed")) {
                        "copying".clone_into(&mut copy.state);
                        self.runtime.block_on(catalog.update_copy(copy))?;
                    }
                }
            }
            Event::CopyWritten { copy } => self.change(copy.as_str(), |row| "reading_back".clone_into(&mut row.state))?,
            Event::FileFailed { copy, path, problem } => {
                self.line(&format!("{path}: {}", problem.summary))?;
                let row = FailedFileRow { copy: copy.map(|id| id.to_string()), path: path.to_string(), problem };
                self.runtime.block_on(catalog.store_failed_file(&self.job, &row))?;
            }
            Event::SetAside { path, reason, .. } => self.line(&format!("{path} was set aside and is copied again: {reason}"))?,
            Event::SourceReread { path, equal } => {
                if !equal {
                    self.line(&format!("{path} read differently the second time"))?;
                    self.runtime.block_on(catalog.set_reread(&self.job, Some(false)))?;
                }
            }
            Event::LeftBehind { copy, files } => {
                let label = self.copies.get(copy.as_str()).map_or_else(String::new, |row| row.label.clone());
                self.line(&format!("{label} is too slow for the others: its last {files} files are made from another copy"))?;
            }
            Event::CardReleased => {
                self.slots.give_back();
                self.line("the card is no longer needed by this offload")?;
            }
            Event::CopySealed { copy, manifest, reread_equal } => {
                self.change(copy.as_str(), |row| {
                    row.manifest = Some(manifest.to_string());
                    row.manifest_reread = reread_equal;
                })?;
            }
            Event::CopyDone { copy, weakest, method, failed_files } => {
                self.change(copy.as_str(), |row| {
                    // Until now it was that of the last file; what counts is the weakest.
                    if let Some(method) = method {
                        row.method = method;
                    }
                    row.evidence = weakest;
                    row.failed_files = failed_files;
                    row.state = if failed_files > 0 || weakest.is_none() { "failed" } else { "sealed" }.to_owned();
                })?;
            }
            Event::CopyAborted { copy, problem } => {
                let label = self.copies.get(copy.as_str()).map_or_else(String::new, |row| row.label.clone());
                self.line(&format!("{label}: {}", problem.summary))?;
                self.change(copy.as_str(), |row| {
                    row.state = "failed".to_owned();
                    row.method.clone_from(&problem.summary);
                })?;
            }
            Event::Skipped { path, reason } => self.line(&format!("{path} is not copied: {reason}"))?,
            Event::FileCopied { .. } | Event::FileProgress { .. } | Event::FileProven { .. } => {}
        }
        self.app.announce();
        Ok(())
    }

    fn change(&mut self, copy: &str, change: impl FnOnce(&mut CopyRow)) -> Result<(), CatalogError> {
        if let Some(row) = self.copies.get_mut(copy) {
            change(row);
            self.runtime.block_on(self.app.catalog().update_copy(row))?;
        }
        Ok(())
    }

    fn line(&self, text: &str) -> Result<(), CatalogError> {
        self.runtime.block_on(self.app.catalog().log(&self.card, clock::now(), text))
    }

    fn flush_if_due(&mut self) -> Result<(), CatalogError> {
        if self.copied.len() + self.proven.len() >= BATCH_FILES || self.last_commit.elapsed() >= BATCH_TIME {
            self.flush()?;
        }
        Ok(())
    }
}
