//! Owns what can go wrong between a clip and its picture.

use checkgate_color::ColorError;
use checkgate_color::yuv::YuvError;
use checkgate_model::ErrorCode;
use std::path::PathBuf;

/// Why ffmpeg cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// Not installed, or not where the setting says.
    #[error("{program} was not found (set CHECKGATE_FFMPEG to its path, or install ffmpeg)")]
    NotFound {
        /// What was looked for.
        program: String,
    },
    /// It cannot be started.
    #[error("{program} cannot be started")]
    CannotStart {
        /// Which program.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It started and did not say its version.
    #[error("{program} is not an ffmpeg: {said}")]
    NotFfmpeg {
        /// Which program.
        program: PathBuf,
        /// What it said.
        said: String,
    },
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// ffmpeg is needed and not there.
    #[error("ffmpeg is needed for {path}")]
    Tool {
        /// Which clip.
        path: PathBuf,
        /// Why it is not there.
        #[source]
        source: ToolError,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something is there already; nothing is overwritten.
    #[error("{path} is there already")]
    Occupied {
        /// Which file.
        path: PathBuf,
    },
    /// The media are damaged, truncated or not media at all.
    #[error("{path} cannot be decoded: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// A kind of picture that nothing here decodes.
    #[error("{path}: {what} is not supported")]
    Unsupported {
        /// Which file.
        path: PathBuf,
        /// What it holds.
        what: String,
    },
    /// A limit was reached and the decoder was stopped.
    #[error("{path}: the decoder was stopped: {what}")]
    Limit {
        /// Which file.
        path: PathBuf,
        /// Which limit.
        what: String,
    },
    /// The frame that was asked for is not there.
    #[error("{path} has no frame {frame}; it has {frames}")]
    NoSuchFrame {
        /// Which clip.
        path: PathBuf,
        /// Asked for, from 0.
        frame: u64,
        /// Present.
        frames: u64,
    },
    /// No frames at all.
    #[error("the sequence has no frames")]
    NoFrames,
    /// The colour transform cannot be built.
    #[error("{path}")]
    Color {
        /// Which clip.
        path: PathBuf,
        /// Why.
        #[source]
        source: ColorError,
    },
    /// A proxy is only made where the input space is known.
    #[error("{path}: the input colour space is not known: {reason}")]
    UnknownInput {
        /// Which clip.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Pictures of two sizes are not compared.
    #[error("{path} has {b} pixels, the picture it is compared with {a}; nothing is scaled")]
    OtherSize {
        /// The second picture.
        path: PathBuf,
        /// Size of the first, `width x height`.
        a: String,
        /// Size of the second.
        b: String,
    },
    /// Encoding the picture failed.
    #[error("the picture cannot be encoded")]
    Encode(#[source] image::ImageError),
    /// Stopped by the caller.
    #[error("stopped")]
    Stopped,
}

impl PreviewError {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Tool { .. } => ErrorCode::ToolFailed,
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorCode::NotFound,
            Self::Read { .. } | Self::Damaged { .. } | Self::Unsupported { .. } | Self::Limit { .. } => {
                ErrorCode::MediaUnreadable
            }
            Self::Write { .. } => ErrorCode::DestinationFailed,
            Self::Occupied { .. } => ErrorCode::DestinationOccupied,
            Self::NoSuchFrame { .. }
            | Self::NoFrames
            | Self::Color { .. }
            | Self::UnknownInput { .. }
            | Self::OtherSize { .. } => ErrorCode::BadRequest,
            Self::Encode(_) => ErrorCode::Internal,
            Self::Stopped => ErrorCode::Stopped,
        }
    }

    pub(crate) fn damaged(path: &std::path::Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), reason: reason.into() }
    }

    pub(crate) fn from_yuv(path: &std::path::Path, error: &YuvError) -> Self {
        Self::damaged(path, error.to_string())
    }
}
