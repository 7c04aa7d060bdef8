//! Owns why a run could not begin. What goes wrong later is part of the report.

use checkgate_model::{ErrorCode, Problem};
use std::path::PathBuf;

/// The caller could not store an event. The run stops; nothing is lost.
#[derive(Debug, thiserror::Error)]
#[error("the event could not be stored: {message}")]
pub struct StoreError {
    /// What happened, in words.
    pub message: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A failure without a further cause.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }
}

/// Why a run could not begin. Nothing has been written to any destination, except that a folder may have been made.
#[derive(Debug, thiserror::Error)]
pub enum OffloadError {
    /// No copy was asked for, or two copies have one id.
    #[error("{0}")]
    BadPlan(String),
    /// The card cannot be opened or listed.
    #[error("the card at {} cannot be read", path.display())]
    Source {
        /// Card root.
        path: PathBuf,
        /// Code of the cause.
        code: ErrorCode,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No regular file on the card.
    #[error("there are no files on the card at {}", .0.display())]
    SourceEmpty(PathBuf),
    /// The destinations cannot be used as planned.
    #[error("{}", .0.iter().map(|problem| problem.summary.as_str()).collect::<Vec<_>>().join("; "))]
    Preflight(Vec<Problem>),
    /// The very first event could not be stored.
    #[error("the state of the job cannot be stored")]
    Store(#[source] StoreError),
}

impl OffloadError {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BadPlan(_) => ErrorCode::BadRequest,
            Self::Source { code, .. } => *code,
            Self::SourceEmpty(_) => ErrorCode::SourceEmpty,
            Self::Preflight(problems) => problems.first().map_or(ErrorCode::DestinationUnsafe, |problem| problem.code),
            Self::Store(_) => ErrorCode::StateFailed,
        }
    }

    /// The problem on the wire.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Preflight(problems) if problems.len() == 1 => problems[0].clone(),
            other => Problem::from_error(other.code(), other),
        }
    }
}
