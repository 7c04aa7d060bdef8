//! Owns how the API says no: a status, a code of the closed list, one sentence. What went wrong inside is logged, not told.

use crate::keys::KeyError;
use crate::objects::ObjectError;
use crate::queue::QueueError;
use crate::store::StoreError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use checkgate_transfer::wire::{ApiCode, ApiProblem};

/// A refusal.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: ApiCode,
    message: String,
}

impl Refusal {
    pub(crate) fn new(code: ApiCode, message: impl Into<String>) -> Self {
        let status = match code {
            ApiCode::Unauthorised => StatusCode::UNAUTHORIZED,
            ApiCode::BadRequest | ApiCode::ChecksumMismatch | ApiCode::Other => StatusCode::BAD_REQUEST,
            ApiCode::NotFound => StatusCode::NOT_FOUND,
            ApiCode::UploadGone => StatusCode::GONE,
            ApiCode::Conflict | ApiCode::Incomplete => StatusCode::CONFLICT,
            ApiCode::UrlRefused => StatusCode::FORBIDDEN,
            ApiCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ApiCode::Full => StatusCode::INSUFFICIENT_STORAGE,
            ApiCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(ApiCode::BadRequest, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(ApiProblem { code: self.code, message: self.message })).into_response()
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Package(_) => Self::new(ApiCode::NotFound, error.to_string()),
            _ => Self::bad(error.to_string()),
        }
    }
}

impl From<ObjectError> for Refusal {
    fn from(error: ObjectError) -> Self {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, source, "the object store failed");
        Self::new(ApiCode::Unavailable, "the store does not answer")
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        tracing::error!(%error, "the queue failed");
        Self::new(ApiCode::Unavailable, "the queue does not answer")
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.is_full() {
            return Self::new(ApiCode::Full, "the store has no room left");
        }
        match error {
            StoreError::Gone => Self::new(ApiCode::UploadGone, error.to_string()),
            StoreError::Incomplete { .. } => Self::new(ApiCode::Incomplete, error.to_string()),
            StoreError::ChecksumMismatch => Self::new(ApiCode::ChecksumMismatch, error.to_string()),
            StoreError::Length { .. } => Self::bad(error.to_string()),
            StoreError::Busy => Self::new(ApiCode::Unavailable, error.to_string()),
            other => {
                let source = std::error::Error::source(&other).map(ToString::to_string);
                tracing::error!(error = %other, source, "the part store failed");
                Self::new(ApiCode::Unavailable, "the store does not answer")
            }
        }
    }
}
