//! The binary `checkgate-cloud`: API, workers, or both, from the command line. Holds no logic.

use anyhow::Context;
use checkgate_cloud::api::{Api, Limits, Tokens};
use checkgate_cloud::queue::{Heartbeat, Queue, Stage};
use checkgate_cloud::store::{S3Credentials, Store};
use checkgate_cloud::worker::Worker;
use checkgate_cloud::{UpOptions, up};
use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The cloud of Checkgate: receives packages, verifies them against their manifest, inspects and renders them.
#[derive(Parser)]
#[command(name = "checkgate-cloud", version)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// API, store, queue and workers in one process, all of it below one folder.
    Up {
        /// Folder for store, queue and token.
        #[arg(long)]
        home: PathBuf,
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8787")]
        listen: SocketAddr,
        /// Another store: file:///folder or s3://bucket?endpoint=URL&region=NAME (keys from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).
        #[arg(long)]
        store: Option<String>,
        /// Another queue: sqlite:///path/jobs.db.
        #[arg(long)]
        queue: Option<String>,
        #[command(flatten)]
        heartbeat: HeartbeatArgs,
    },
    /// The API alone. Any number can run side by side on one store and queue.
    Api {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:8787")]
        listen: SocketAddr,
        /// file:///folder or s3://bucket?endpoint=URL&region=NAME.
        #[arg(long, env = "CHECKGATE_CLOUD_STORE")]
        store: String,
        /// sqlite:///path/jobs.db.
        #[arg(long, env = "CHECKGATE_CLOUD_QUEUE")]
        queue: String,
        /// File of lines `tenant token`.
        #[arg(long, env = "CHECKGATE_CLOUD_TOKENS")]
        tokens: PathBuf,
        /// File with the 64 hex digits that sign part URLs of a folder store; made if absent.
        #[arg(long, env = "CHECKGATE_CLOUD_SIGNING_KEY")]
        signing_key: PathBuf,
        /// URL at which clients reach this API, if it is not the one they connect to.
        #[arg(long)]
        public_url: Option<String>,
        /// Most bytes all packages of a tenant may have.
        #[arg(long)]
        tenant_bytes: Option<u64>,
    },
    /// A worker alone. Any number can run side by side; each can be killed at any time.
    Worker {
        /// file:///folder or s3://bucket?endpoint=URL&region=NAME.
        #[arg(long, env = "CHECKGATE_CLOUD_STORE")]
        store: String,
        /// sqlite:///path/jobs.db.
        #[arg(long, env = "CHECKGATE_CLOUD_QUEUE")]
        queue: String,
        /// Stages to work on; all if none is named.
        #[arg(long, value_delimiter = ',')]
        stages: Vec<Stage>,
        /// Folder for files of the clip in hand.
        #[arg(long)]
        work: Option<PathBuf>,
        #[command(flatten)]
        heartbeat: HeartbeatArgs,
    },
}

#[derive(Args)]
struct HeartbeatArgs {
    /// Seconds between two signs of life of a worker.
    #[arg(long, default_value_t = 5)]
    heartbeat_secs: u64,
    /// As many missing and its work is given to others.
    #[arg(long, default_value_t = 6)]
    heartbeat_missed: usize,
}

impl From<HeartbeatArgs> for Heartbeat {
    fn from(args: HeartbeatArgs) -> Self {
        Self { every: Duration::from_secs(args.heartbeat_secs.max(1)), missed: args.heartbeat_missed.max(1) }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CHECKGATE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let s3 = S3Credentials::from_environment();
    match Command::parse().what {
        What::Up { home, listen, store, queue, heartbeat } => {
            let mut options = UpOptions::new(home);
            options.listen = listen;
            options.store = store.map(|url| url.parse().with_context(|| format!("{url:?} is no URL"))).transpose()?;
            options.s3 = s3;
            options.queue = queue;
            options.heartbeat = heartbeat.into();
            let running = up(options).await?;
            say(&format!("url {}\ntoken-file {}\n", running.url(), running.token_file.display()))?;
            until_told().await;
            running.shutdown().await;
        }
        What::Api { listen, store, queue, tokens, signing_key, public_url, tenant_bytes } => {
            let store = open_store(&store, Some(&signing_key), s3.as_ref()).await?;
            let queue = Queue::open(&queue).await?;
            let defaults = Limits::default();
            let limits = Limits { tenant_bytes: tenant_bytes.unwrap_or(defaults.tenant_bytes), ..defaults };
            let api = Api::new(store, queue, Tokens::read(&tokens)?).with_public_url(public_url).with_limits(limits);
            let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
            say(&format!("url http://{}\n", listener.local_addr()?))?;
            let stop = CancellationToken::new();
            let serving = tokio::spawn(checkgate_cloud::up::serve(listener, api, stop.clone()));
            until_told().await;
            stop.cancel();
            serving.await?;
        }
        What::Worker { store, queue, stages, work, heartbeat } => {
            let store = open_store(&store, None, s3.as_ref()).await?;
            let queue = Queue::open(&queue).await?;
            let work = work.unwrap_or_else(|| std::env::temp_dir().join("checkgate-cloud-work"));
            let worker = Worker::new(store.objects, queue, work);
            let pushed = worker.reconcile().await?;
            tracing::info!(pushed, "the worker runs");
            say("working\n")?;
            let stages = if stages.is_empty() { Stage::ALL.to_vec() } else { stages };
            let stop = CancellationToken::new();
            tokio::select! {
                () = worker.run(&stages, heartbeat.into(), stop.clone()) => {}
                () = until_told() => stop.cancel(),
            }
        }
    }
    Ok(())
}

async fn open_store(url: &str, signing_key: Option<&std::path::Path>, s3: Option<&S3Credentials>) -> anyhow::Result<Store> {
    let url = url.parse().with_context(|| format!("{url:?} is no URL"))?;
    // A worker signs nothing.
    let secret = signing_key.map(checkgate_cloud::api::signing_secret).transpose()?.unwrap_or_default();
    Ok(Store::open(&url, secret, s3).await?)
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

async fn until_told() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
