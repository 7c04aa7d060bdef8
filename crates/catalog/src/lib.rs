//! Owns the state of Checkgate in SQLite and is the only crate that knows SQL. Takes the time and ids as arguments, returns
//! words of the model, and must never know an engine.
//!
//! Transactions that write begin as writers: a reader that turns writer in the middle would be refused while another writes.
//! WAL with `synchronous = FULL`: what was committed survives a power cut. Events of single files are committed in batches by
//! the caller; a batch that a crash loses is found again by hashing what lies on the destination.

mod card;
mod doubt;
mod job;
mod judgement;
mod mapping;
mod queue;
mod search;
mod upload;

pub use card::{CardRow, ClipRow, DestinationRow};
pub use doubt::CopyPlace;
pub use job::{CopyFileRow, CopyRow, FailedFileRow, JobRow, VerificationRow};
pub use judgement::{OverrideRow, SpanJoinRow};
pub use mapping::{MappingRow, read_mappings};
pub use queue::{QueueRow, SpeedRow};
pub use search::{ClipIndexRow, ClipSearch};
pub use upload::{UploadFileRow, UploadPartRow, UploadRow};

use checkgate_model::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, SqlitePool};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file cannot be opened or is no database of ours.
    #[error("cannot open the state database {path}")]
    Open {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("cannot migrate the state database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("the state database refused a statement")]
    Sql(#[from] sqlx::Error),
    /// A stored value does not parse.
    #[error("the state database holds a damaged {what}")]
    Damaged {
        /// Which value.
        what: &'static str,
        /// Cause.
        #[source]
        source: serde_json::Error,
    },
}

/// The open state database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalog {
    pool: SqlitePool,
}

impl Catalog {
    /// Opens or creates the database and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, CatalogError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(20));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(|source| CatalogError::Open { path: path.to_owned(), source })?;
        let mut migrator = sqlx::migrate!("./migrations");
        migrator.set_ignore_missing(true);
        migrator.run(&pool).await?;
        Ok(Self { pool })
    }

    /// Closes every connection; outstanding writes are complete afterwards.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A setting, or `None` if it was never set.
    pub async fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CatalogError> {
        let row = sqlx::query("select value from setting where key = ?").bind(key).fetch_optional(&self.pool).await?;
        row.map(|row| parse("setting", &row.get::<String, _>(0))).transpose()
    }

    /// Stores a setting.
    pub async fn set_setting<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<(), CatalogError> {
        sqlx::query("insert into setting (key, value) values (?, ?) on conflict (key) do update set value = excluded.value")
            .bind(key)
            .bind(text(value))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Adds a line to a card's log.
    pub async fn log(&self, card: &str, at: Timestamp, line: &str) -> Result<(), CatalogError> {
        sqlx::query("insert into log (card, at, text) values (?, ?, ?)")
            .bind(card)
            .bind(at.to_string())
            .bind(line)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A card's log, oldest first, at most the last 500 lines.
    pub async fn log_of(&self, card: &str) -> Result<Vec<(String, String)>, CatalogError> {
        let rows = sqlx::query(
            "select at, text from (select rowid, at, text from log where card = ? order by rowid desc limit 500) order by rowid",
        )
        .bind(card)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("words of the model have text keys and serialise")
}

fn parse<T: DeserializeOwned>(what: &'static str, json: &str) -> Result<T, CatalogError> {
    serde_json::from_str(json).map_err(|source| CatalogError::Damaged { what, source })
}

/// A state as it is stored: the word that `--json` shows.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("a state is a word, not {other:?}"),
    }
}

fn unword<T: DeserializeOwned>(what: &'static str, word: String) -> Result<T, CatalogError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|source| CatalogError::Damaged { what, source })
}
