//! Owns why an upload or a question to the cloud failed. URLs of parts are bearer secrets and never appear in an error.

use crate::journal::JournalError;
use crate::wire::ApiCode;
use checkgate_model::{ErrorCode, RelPath};
use std::path::PathBuf;

/// Why the cloud gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is no URL, or not http(s).
    #[error("{address:?} is no address of a cloud")]
    Address {
        /// As given.
        address: String,
    },
    /// No connection, or it broke.
    #[error("no connection to {host}")]
    Offline {
        /// Host and port.
        host: String,
        /// What the network said.
        #[source]
        source: Box<reqwest::Error>,
    },
    /// A connection exists, but nothing moves on it.
    #[error("{host} stopped answering")]
    Stalled {
        /// Host and port.
        host: String,
    },
    /// Something else than the cloud answered, as networks with a login page do.
    #[error("{host} answered with a page instead of data; the network may ask for a login")]
    NotTheCloud {
        /// Host and port.
        host: String,
    },
    /// The cloud said no.
    #[error("the cloud refused {what}: {message} ({status})")]
    Refused {
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// Code, if the answer carried one.
        code: Option<ApiCode>,
        /// Its words.
        message: String,
    },
    /// The answer makes no sense.
    #[error("the cloud's answer to {what} makes no sense: {reason}")]
    Nonsense {
        /// What was asked.
        what: String,
        /// Why.
        reason: String,
    },
    /// The answer is larger than this program accepts.
    #[error("the cloud's answer to {what} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// What was asked.
        what: String,
        /// Limit.
        limit_bytes: u64,
    },
    /// The HTTP client could not be set up.
    #[error("the network part of this program could not start")]
    Setup(#[source] Box<reqwest::Error>),
}

impl ClientError {
    /// The closed code of this error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Address { .. } => ErrorCode::BadRequest,
            Self::Offline { .. } | Self::Stalled { .. } | Self::NotTheCloud { .. } => ErrorCode::Offline,
            Self::Refused { code: Some(ApiCode::NotFound), .. } => ErrorCode::NotFound,
            Self::Refused { code: Some(ApiCode::Unavailable), .. } | Self::Refused { status: 502..=504, .. } => {
                ErrorCode::Offline
            }
            Self::Refused { .. } | Self::Nonsense { .. } | Self::TooLarge { .. } => ErrorCode::CloudRefused,
            Self::Setup(_) => ErrorCode::Internal,
        }
    }

    /// Whether the same request may be answered well a moment later.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Offline { .. } | Self::Stalled { .. } | Self::NotTheCloud { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status == 408 || (*status >= 500 && *status != 507),
            _ => false,
        }
    }

    pub(crate) fn api_code(&self) -> Option<ApiCode> {
        match self {
            Self::Refused { code, .. } => *code,
            _ => None,
        }
    }
}

/// Why an upload ended before its marker was written. What the cloud holds is kept and found again.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The plan contradicts itself.
    #[error("this cannot be uploaded: {reason}")]
    PlanInvalid {
        /// Why.
        reason: String,
    },
    /// A file of the copy cannot be read.
    #[error("cannot read {path}", path = path.display())]
    SourceUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the copy is not what it was when the copy was proven.
    #[error("{path} changed since it was verified: {change}", path = path.display())]
    SourceChanged {
        /// The file.
        path: PathBuf,
        /// What changed.
        change: String,
    },
    /// The bytes on the drive no longer have the checksum read from the card.
    #[error("{path}: {place} is not what was read from the card: this copy is damaged", path = path.display())]
    CopyDiffers {
        /// The file.
        path: PathBuf,
        /// The part or the whole file, in words.
        place: String,
    },
    /// The object in the cloud has another checksum than the file.
    #[error("{key} arrived in the cloud with another checksum")]
    ObjectDiffers {
        /// The file.
        key: RelPath,
    },
    /// The cloud gave no usable answer.
    #[error("upload of {what} stopped")]
    Cloud {
        /// What was under way.
        what: String,
        /// Why.
        #[source]
        source: ClientError,
    },
    /// The journal could not be written; nothing was announced that it does not hold.
    #[error("the upload's journal failed")]
    Journal(#[source] JournalError),
    /// Stopped by a person.
    #[error("the upload was stopped")]
    Stopped,
}

impl UploadError {
    /// The closed code of this error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::PlanInvalid { .. } => ErrorCode::BadRequest,
            Self::SourceUnreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorCode::SourceGone,
            Self::SourceUnreadable { .. } => ErrorCode::SourceUnreadable,
            Self::SourceChanged { .. } => ErrorCode::SourceChanged,
            Self::CopyDiffers { .. } => ErrorCode::CopyCorrupt,
            Self::ObjectDiffers { .. } => ErrorCode::CloudMismatch,
            Self::Cloud { source, .. } => source.code(),
            Self::Journal(_) => ErrorCode::StateFailed,
            Self::Stopped => ErrorCode::Stopped,
        }
    }
}
