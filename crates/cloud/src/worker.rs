//! Owns the order of the stages: what is pushed when a stage is done, how long a failing one waits, and when it is given up. Each
//! step is done again safely: results that are there are found, tickets that were pushed are not pushed again.

use crate::keys::PackageKeys;
use crate::objects::Objects;
use crate::package::{Marker, committed_packages};
use crate::queue::{Heartbeat, MAX_ATTEMPTS, Queue, QueueError, Stage, Ticket, Workshop, run_worker};
use crate::results::{Failure, Inspection, inspection_key, previews, report_key};
use crate::stages::{self, StageError};
use checkgate_model::{Finding, Severity};
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What a worker works with. It keeps nothing between two tickets.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The store.
    pub objects: Objects,
    /// The queue.
    pub queue: Queue,
    /// Folder for files of the clip in hand.
    pub work_folder: PathBuf,
    /// Longest wait before a failed ticket is tried again.
    pub longest_wait: Duration,
}

impl Worker {
    /// A worker.
    #[must_use]
    pub const fn new(objects: Objects, queue: Queue, work_folder: PathBuf) -> Self {
        Self { objects, queue, work_folder, longest_wait: Duration::from_secs(600) }
    }

    async fn step(&self, ticket: &Ticket) -> Result<(), StepError> {
        let keys = match ticket.keys() {
            Ok(keys) => keys,
            Err(error) => {
                tracing::error!(%error, "a ticket that names no package is dropped");
                return Ok(());
            }
        };
        match (ticket.stage, ticket.clip) {
            (Stage::Verify, _) => {
                let outcome = stages::verify(&self.objects, &keys).await?;
                if outcome.verified {
                    tracing::info!(package = %ticket.package, objects = outcome.objects_verified, "verified");
                    self.queue.push(&Ticket::inspect(&keys).in_round(ticket.round)).await?;
                } else {
                    tracing::error!(package = %ticket.package, findings = outcome.findings.len(), "the package differs from its manifest and is quarantined");
                }
            }
            (Stage::Inspect, _) => {
                let outcome = stages::inspect(&self.objects, &keys).await?;
                for clip in outcome.previews.iter().enumerate().filter_map(|(clip, input)| input.is_some().then_some(clip)) {
                    self.queue.push(&Ticket::preview(&keys, clip).in_round(ticket.round)).await?;
                }
                self.close_if_ready(&keys, ticket.round).await?;
            }
            (Stage::Preview, Some(clip)) => {
                stages::preview(&self.objects, &keys, clip, &self.work_folder).await?;
                self.close_if_ready(&keys, ticket.round).await?;
            }
            (Stage::Preview, None) => tracing::error!("a ticket for a preview of no clip is dropped"),
            (Stage::Report, _) => {
                stages::report(&self.objects, &keys).await?;
                tracing::info!(package = %ticket.package, "done");
            }
        }
        Ok(())
    }

    /// The last preview to finish sees all of them and pushes the report; if two are last at once, the queue takes one.
    async fn close_if_ready(&self, keys: &PackageKeys, round: u32) -> Result<(), StepError> {
        let objects = &self.objects;
        let Some(marker) = objects.get_json::<Marker>(&keys.marker()).await? else { return Ok(()) };
        let Some(inspection) = objects.get_json::<Inspection>(&inspection_key(keys, &marker.input)).await? else { return Ok(()) };
        if previews(objects, keys, &inspection).await?.len() >= inspection.previews.iter().flatten().count() {
            self.queue.push(&Ticket::report(keys).in_round(round)).await?;
        }
        Ok(())
    }

    async fn give_up(&self, ticket: &Ticket, reason: &str) {
        let Ok(keys) = ticket.keys() else { return };
        let message = format!("the stage {} failed {MAX_ATTEMPTS} times, last with: {reason}", ticket.stage.name());
        let finding = Finding::new(
            "cloud.stage_failed",
            Severity::Error,
            message,
            "The objects are kept. Look at the worker's log; when the cause is gone, start a worker again: it takes the package up once more.",
        );
        let failure = Failure { stage: ticket.stage.name().to_owned(), finding, round: ticket.round };
        if let Err(error) = self.objects.put_json(&keys.failed(), &failure).await {
            tracing::error!(%error, "that a stage was given up could not be written down");
        }
    }

    /// Pushes the work of every committed package that is not done: the queue can be rebuilt from the store. Work that was given up
    /// is taken up again.
    pub async fn reconcile(&self) -> Result<usize, ReconcileError> {
        let mut pushed = 0;
        for keys in committed_packages(&self.objects).await? {
            let Some(marker) = self.objects.get_json::<Marker>(&keys.marker()).await? else { continue };
            if self.objects.head(&report_key(&keys, &marker.input)).await?.is_some() {
                continue;
            }
            // Work that was given up gets another round; pushed before the failure is forgotten, so that a crash loses neither.
            let failure = self.objects.get_json::<Failure>(&keys.failed()).await?;
            let round = failure.as_ref().map_or(0, |failure| failure.round.saturating_add(1));
            self.queue.push(&Ticket::verify(&keys).in_round(round)).await?;
            if failure.is_some() {
                self.objects.forget(&keys.failed()).await?;
            }
            pushed += 1;
        }
        Ok(pushed)
    }

    /// Runs workers for `stages` until told to stop.
    pub async fn run(self, stages: &[Stage], heartbeat: Heartbeat, stop: CancellationToken) {
        let queue = self.queue.clone();
        let workshop: Arc<dyn Workshop> = Arc::new(self);
        let workers = stages.iter().map(|stage| {
            // A preview uses every core; the others wait for disk and network.
            let at_once = if *stage == Stage::Preview { 1 } else { 4 };
            run_worker(queue.clone(), *stage, Arc::clone(&workshop), at_once, heartbeat, stop.clone())
        });
        futures::future::join_all(workers).await;
    }
}

/// Why a package could not be put back into the queue.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::objects::ObjectError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("{}", .0.in_full())]
    Stage(#[from] StageError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<crate::objects::ObjectError> for StepError {
    fn from(error: crate::objects::ObjectError) -> Self {
        Self::Stage(error.into())
    }
}

impl Workshop for Worker {
    fn work(&self, ticket: Ticket, attempt: usize) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let Err(error) = self.step(&ticket).await else { return Ok(()) };
            let reason = error.to_string();
            tracing::warn!(stage = ticket.stage.name(), package = %ticket.package, attempt, %reason, "a stage failed");
            if attempt >= MAX_ATTEMPTS {
                self.give_up(&ticket, &reason).await;
            } else {
                let doubled = Duration::from_secs(1)
                    .saturating_mul(2u32.saturating_pow(u32::try_from(attempt).unwrap_or(u32::MAX).min(20)));
                tokio::time::sleep(doubled.min(self.longest_wait)).await;
            }
            Err(reason)
        })
    }
}
