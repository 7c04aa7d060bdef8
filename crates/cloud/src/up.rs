//! Owns the whole cloud in one process: API, folder store (or any other), SQLite queue, workers. What `checkgate cloud up` and the
//! demo start. Only two URLs differ from the cloud on many machines.

use crate::api::{Api, TokenError, Tokens};
use crate::keys::Tenant;
use crate::queue::{Heartbeat, Queue, QueueError, Stage, queue_url};
use crate::store::{S3Credentials, Store, StoreError};
use crate::worker::{ReconcileError, Worker};
use reqwest::Url;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The one tenant of the embedded cloud.
const LOCAL: &str = "local";

/// What to start.
#[derive(Debug, Clone)]
pub struct UpOptions {
    /// Folder for everything: store, queue, token. Made if absent.
    pub home: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Another store than the folder `store` in `home`.
    pub store: Option<Url>,
    /// Keys of an S3 store.
    pub s3: Option<S3Credentials>,
    /// Another queue than `jobs.db` in `home`.
    pub queue: Option<String>,
    /// Whether to run workers in this process.
    pub workers: bool,
    /// How soon a dead worker is noticed.
    pub heartbeat: Heartbeat,
    /// Life of part URLs.
    pub url_life: Duration,
}

impl UpOptions {
    /// Everything in `home`, on a free port of this machine.
    #[must_use]
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: None,
            s3: None,
            queue: None,
            workers: true,
            heartbeat: Heartbeat::default(),
            url_life: crate::store::URL_LIFE,
        }
    }
}

/// Why the cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// Its folder cannot be used.
    #[error("cannot use {path}", path = path.display())]
    Home {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process runs a cloud in this folder.
    #[error("a cloud already runs in {path}", path = path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The token or signing key.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// What was left undone could not be found.
    #[error("what was left undone could not be found")]
    Reconcile(#[from] ReconcileError),
}

impl UpError {
    /// The closed code of this error.
    #[must_use]
    pub fn code(&self) -> checkgate_model::ErrorCode {
        match self {
            Self::Busy { .. } => checkgate_model::ErrorCode::Busy,
            Self::Listen { .. } | Self::Store(StoreError::Url { .. }) | Self::Queue(QueueError::Url(_)) => {
                checkgate_model::ErrorCode::BadRequest
            }
            _ => checkgate_model::ErrorCode::StateFailed,
        }
    }
}

/// A running cloud. Dropping it stops it at once; [`Running::shutdown`] lets requests end first.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Opens it.
    pub token: String,
    /// File that holds the token, readable by its owner only.
    pub token_file: PathBuf,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    queue: Queue,
    _lock: std::fs::File,
}

impl Running {
    /// URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Address and token, as the client takes them.
    #[must_use]
    pub fn cloud_address(&self) -> checkgate_transfer::CloudAddress {
        checkgate_transfer::CloudAddress { url: self.url(), token: Some(self.token.clone()) }
    }

    /// Stops taking requests and work, waits a moment for those in hand, and closes the queue. Work that does not end in time is
    /// done again after the next start.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in &mut self.tasks {
            if tokio::time::timeout(Duration::from_secs(5), &mut *task).await.is_err() {
                task.abort();
            }
        }
        self.queue.close().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn home_error(path: &Path) -> impl FnOnce(std::io::Error) -> UpError + use<> {
    let path = path.to_path_buf();
    move |source| UpError::Home { path, source }
}

/// Takes the folder for this process.
fn lock(home: &Path) -> Result<std::fs::File, UpError> {
    let path = home.join("lock");
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(home_error(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(UpError::Busy { path: home.to_path_buf() }),
        Err(std::fs::TryLockError::Error(error)) => Err(home_error(&path)(error)),
    }
}

/// Starts the cloud. It runs until the returned value is dropped or shut down.
pub async fn up(options: UpOptions) -> Result<Running, UpError> {
    std::fs::create_dir_all(&options.home).map_err(home_error(&options.home))?;
    let home = options.home.canonicalize().map_err(home_error(&options.home))?;
    let lock = lock(&home)?;
    let token_file = home.join("token");
    let token = crate::keys::hex(&crate::api::secret_in(&token_file)?);
    let signing = crate::api::secret_in(&home.join("part-url.key"))?;
    let store_url = match options.store {
        Some(url) => url,
        None => Url::from_directory_path(home.join("store"))
            .map_err(|()| StoreError::Url { url: home.display().to_string(), reason: "not an absolute folder".to_owned() })?,
    };
    let store = Store::open(&store_url, signing, options.s3.as_ref()).await?;
    let queue = Queue::open(&options.queue.unwrap_or_else(|| queue_url(&home.join("jobs.db")))).await?;
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .map_err(|source| UpError::Listen { address: options.listen, source })?;
    let address = listener.local_addr().map_err(|source| UpError::Listen { address: options.listen, source })?;
    let tenant = Tenant::new(LOCAL).expect("a legal name");
    let api = Api::new(store.clone(), queue.clone(), Tokens::single(tenant, &token)).with_url_life(options.url_life);
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    if options.workers {
        // This process is the only one in this folder, so whatever lies here is left from one that was killed.
        let work_folder = home.join("work");
        match std::fs::remove_dir_all(&work_folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(home_error(&work_folder)(error)),
            _ => {}
        }
        let worker = Worker::new(store.objects.clone(), queue.clone(), work_folder);
        worker.reconcile().await?;
        let stop = stop.clone();
        tasks.push(tokio::spawn(async move { worker.run(&Stage::ALL, options.heartbeat, stop).await }));
    }
    tasks.push(tokio::spawn(serve(listener, api, stop.clone())));
    tracing::info!(%address, home = %home.display(), "the cloud runs");
    Ok(Running { address, token, token_file, stop, tasks, queue, _lock: lock })
}

/// Serves the API until told to stop.
pub async fn serve(listener: tokio::net::TcpListener, api: Api, stop: CancellationToken) {
    let served = axum::serve(listener, api.router()).with_graceful_shutdown(async move { stop.cancelled().await }).await;
    if let Err(error) = served {
        tracing::error!(%error, "the API ended");
    }
}
