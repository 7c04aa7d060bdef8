//! Owns the queue of work: the only module that knows apalis (docs/adr/0006). A ticket names work and carries none of it; pushed
//! twice it is taken once. Work is at least once: what makes that harmless are content-addressed results, not this queue.

use crate::keys::{PackageKeys, Tenant};
use apalis::prelude::{Attempt, BackendExt, BoxDynError, Data, TaskBuilder, TaskSink, WorkerBuilder, WorkerBuilderExt};
use apalis_sqlite::{Config, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteStorage};
use checkgate_transfer::PackageId;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Tries of one ticket before it is given up. Each waits longer than the one before, so this is over an hour.
pub const MAX_ATTEMPTS: usize = 12;

/// Why the queue gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Not `sqlite://…`.
    #[error("{0:?} names no queue (sqlite:///path/jobs.db)")]
    Url(String),
    /// The database failed.
    #[error("the queue's database failed: {0}")]
    Database(String),
}

/// A class of work. Each has a queue of its own, so that pools of workers scale apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Compare the objects with the manifest.
    Verify,
    /// Recognise the card, describe its clips.
    Inspect,
    /// Render one clip.
    Preview,
    /// Close the package.
    Report,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Verify, Self::Inspect, Self::Preview, Self::Report];

    /// Name of its queue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Inspect => "inspect",
            Self::Preview => "preview",
            Self::Report => "report",
        }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.name() == text)
            .ok_or_else(|| format!("{text:?} is no stage (verify, inspect, preview, report)"))
    }
}

/// One unit of work, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Class.
    pub stage: Stage,
    /// Owner of the package.
    pub tenant: String,
    /// The package.
    pub package: PackageId,
    /// Position of the clip on its card, for previews.
    pub clip: Option<usize>,
    /// How often all of the package's work was taken up again after it had been given up.
    #[serde(default)]
    pub round: u32,
}

impl Ticket {
    fn of(stage: Stage, keys: &PackageKeys, clip: Option<usize>) -> Self {
        Self { stage, tenant: keys.tenant().as_str().to_owned(), package: keys.package().clone(), clip, round: 0 }
    }

    /// Compare a package with its manifest.
    #[must_use]
    pub fn verify(keys: &PackageKeys) -> Self {
        Self::of(Stage::Verify, keys, None)
    }

    /// Inspect a verified package.
    #[must_use]
    pub fn inspect(keys: &PackageKeys) -> Self {
        Self::of(Stage::Inspect, keys, None)
    }

    /// Render one clip.
    #[must_use]
    pub fn preview(keys: &PackageKeys, clip: usize) -> Self {
        Self::of(Stage::Preview, keys, Some(clip))
    }

    /// Close a package.
    #[must_use]
    pub fn report(keys: &PackageKeys) -> Self {
        Self::of(Stage::Report, keys, None)
    }

    /// The same work in another round.
    #[must_use]
    pub const fn in_round(mut self, round: u32) -> Self {
        self.round = round;
        self
    }

    pub(crate) fn keys(&self) -> Result<PackageKeys, crate::keys::KeyError> {
        PackageKeys::new(&Tenant::new(&self.tenant)?, &self.package)
    }

    fn idempotency_key(&self) -> String {
        let tool = match self.stage {
            Stage::Verify => crate::results::VERIFY_TOOL,
            Stage::Inspect => crate::results::INSPECT_TOOL,
            Stage::Preview => crate::results::PREVIEW_TOOL,
            Stage::Report => crate::results::REPORT_TOOL,
        };
        let clip = self.clip.map(|clip| clip.to_string()).unwrap_or_default();
        format!("{}/{}/{tool}/{clip}/{}", self.tenant, self.package, self.round)
    }
}

/// How soon a dead worker is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Between two signs of life.
    pub every: Duration,
    /// As many missing and its work is given to others.
    pub missed: usize,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { every: Duration::from_secs(5), missed: 6 }
    }
}

/// The URL of a queue in a file, whatever characters its path holds.
#[must_use]
pub fn queue_url(path: &std::path::Path) -> String {
    let path = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}")
}

/// The queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    pool: SqlitePool,
}

impl Queue {
    /// Opens `sqlite:///path` (made if absent) and brings its tables up to date. Only one process does that at a time: the others
    /// wait for its write lock.
    pub async fn open(url: &str) -> Result<Self, QueueError> {
        if !url.starts_with("sqlite:") {
            return Err(QueueError::Url(url.chars().take(100).collect()));
        }
        let database = |error: apalis_sqlite::SqlxError| QueueError::Database(error.to_string());
        let options = SqliteConnectOptions::from_str(url)
            .map_err(database)?
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(30))
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL");
        let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await.map_err(database)?;
        // Not `SqliteStorage::setup`: that turns `synchronous` off on one connection, and a job must survive a power cut.
        SqliteStorage::migrations().run(&pool).await.map_err(|error| QueueError::Database(error.to_string()))?;
        Ok(Self { pool })
    }

    /// Puts a ticket in; one that was put in before is left alone.
    pub async fn push(&self, ticket: &Ticket) -> Result<(), QueueError> {
        let mut storage = SqliteStorage::<Ticket>::new(&self.pool).with_config(Config::default().queue(ticket.stage.name()));
        let task = TaskBuilder::new(ticket.clone()).idempotency_key(ticket.idempotency_key()).max_attempts(MAX_ATTEMPTS).build();
        storage.push_task(task).await.map_err(|error| QueueError::Database(error.to_string()))
    }

    /// Closes the database, so that all of it is on the disk.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Who does the work of a ticket. `attempt` counts from 1.
pub trait Workshop: Send + Sync + 'static {
    /// Does it; an error means it is to be tried again.
    fn work(&self, ticket: Ticket, attempt: usize) -> BoxFuture<'_, Result<(), String>>;
}

/// A type of its own, so that the handler's signature holds no lifetime that could differ.
#[derive(Clone)]
struct Shared(Arc<dyn Workshop>);

async fn handle(ticket: Ticket, workshop: Data<Shared>, attempt: Attempt) -> Result<(), BoxDynError> {
    workshop.0.0.work(ticket, attempt.current() + 1).await.map_err(BoxDynError::from)
}

/// Runs one stage's worker, with at most `at_once` tickets in hand, until it is told to stop. A worker that ends because its database went away is started again.
pub async fn run_worker(
    queue: Queue,
    stage: Stage,
    workshop: Arc<dyn Workshop>,
    at_once: usize,
    heartbeat: Heartbeat,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let config = Config::default()
            .queue(stage.name())
            .batch_size(1)
            .heartbeat_interval(heartbeat.every)
            .missed_heartbeats(heartbeat.missed);
        let storage =
            SqliteStorage::<Ticket>::new(&queue.pool).with_config(config).poll_with_interval(Duration::from_millis(200));
        // A name of its own for every start: work of an earlier life is only given to others, never to the same name.
        let name = format!("{}-{}", stage.name(), uuid::Uuid::new_v4().simple());
        let worker =
            WorkerBuilder::new(name).backend(storage).concurrency(at_once).data(Shared(Arc::clone(&workshop))).build(handle);
        tokio::select! {
            ended = worker.run() => {
                let error = ended.err().map(|error| error.to_string());
                tracing::warn!(stage = stage.name(), error, "the worker ended and is started again");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = stop.cancelled() => {}
                }
            }
            () = stop.cancelled() => {}
        }
    }
}
