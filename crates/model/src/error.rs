//! Owns the closed list of error codes that cross to the page, to `--json` and to exit codes. A code is added only together
//! with someone who acts on it. Nothing is ever matched by text (invariant 12).

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Not without changing something.
    Never,
    /// After the cause went away (card back in, space freed, network back).
    Later,
    /// At once.
    Now,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $retry:ident, $exit:literal, $hint:literal;)*) => {
        /// What went wrong, as a value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Retry advice.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)* }
            }

            /// Exit code of the command line: 1 differences, 2 usage, 3 source or destination failed, 4 interrupted and resumable.
            #[must_use]
            pub const fn exit_code(self) -> u8 {
                match self { $(Self::$variant => $exit,)* }
            }

            /// What is safe now and what to do next.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }
        }
    };
}

codes! {
    /// The card is gone.
    SourceGone = "source_gone", Later, 4, "Do not format the card. Put it back in and resume the job (R in the window, `checkgate resume`): it goes on where it stopped.";
    /// A file on the card cannot be read.
    SourceUnreadable = "source_unreadable", Later, 3, "Do not format the card. Try another reader or cable, then resume the job (R in the window, `checkgate resume`); every other file is copied.";
    /// The card gave other bytes the second time.
    SourceChanged = "source_changed", Later, 3, "Do not format the card. The reader, cable or card is unsound: try another reader and offload again to a new folder.";
    /// No files on the card.
    SourceEmpty = "source_empty", Never, 3, "Nothing was copied. Check that this is the right card and that it mounted whole.";
    /// The destination has no space.
    DestinationFull = "destination_full", Later, 4, "What is copied so far is kept. Free space on the destination and resume the job (R in the window, `checkgate resume`).";
    /// The destination is gone or refuses writes.
    DestinationFailed = "destination_failed", Later, 4, "The other destinations are not affected. Reconnect this one and resume the job (R in the window, `checkgate resume`).";
    /// The destination is the source, lies in it, or two destinations are one folder.
    DestinationUnsafe = "destination_unsafe", Never, 2, "Nothing was written. Choose a folder on another drive.";
    /// Something else with the same name is there already.
    DestinationOccupied = "destination_occupied", Never, 3, "Nothing was overwritten. Choose another folder, or move what is there.";
    /// What was read back differs from what was read from the card.
    CopyCorrupt = "copy_corrupt", Later, 3, "Do not format the card. The bad copy is set aside under its temporary name; resume the job (R in the window, `checkgate resume`) to write it again, and distrust this drive.";
    /// Another process works on this job or destination.
    Busy = "busy", Later, 3, "Wait for the other process, or stop it: only one may write to a destination.";
    /// Stopped by a person.
    Stopped = "stopped", Now, 4, "Resume the job (R in the window, `checkgate resume`) to go on.";
    /// No such thing.
    NotFound = "not_found", Never, 2, "Check the name; `checkgate jobs` and `checkgate volumes` list what there is.";
    /// The request makes no sense.
    BadRequest = "bad_request", Never, 2, "See `checkgate help`.";
    /// A manifest or its history is damaged or hostile.
    HistoryDamaged = "history_damaged", Never, 1, "Trust nothing below this folder until the history is explained; compare with another copy.";
    /// Media or metadata cannot be read.
    MediaUnreadable = "media_unreadable", Never, 1, "The copy is not affected. Look at the clip on the camera before the card is formatted.";
    /// An external program is missing or failed.
    ToolFailed = "tool_failed", Later, 3, "The copies are not affected. Check that ffmpeg is installed and try again.";
    /// No connection to the cloud.
    Offline = "offline", Later, 4, "Local copies are not affected. The upload goes on by itself when the network is back, or with U in the window and `checkgate upload`.";
    /// The cloud refused or answered nonsense.
    CloudRefused = "cloud_refused", Later, 3, "Local copies are not affected. The message says what the cloud objects to.";
    /// Bytes in the cloud differ from the manifest.
    CloudMismatch = "cloud_mismatch", Now, 1, "The package is quarantined in the cloud; local copies are not affected. Upload it again.";
    /// The state database cannot be used.
    StateFailed = "state_failed", Later, 3, "Media on the destinations are not affected. Check the disk that holds Checkgate's own state.";
    /// A defect of ours.
    Internal = "internal", Never, 3, "This is a defect. Media are not affected; please report it with the log.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A problem on the wire: code, what happened, what to do. Made from an operation's own error type at the edge of `app`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, ts_rs::TS)]
#[error("{summary}")]
pub struct Problem {
    /// Closed code.
    pub code: ErrorCode,
    /// One sentence, with the path or name it is about.
    pub summary: String,
    /// Causes, outermost first.
    pub details: Vec<String>,
    /// What is safe now and what to do next.
    pub hint: String,
    /// Whether trying again can help.
    pub retry: Retry,
}

impl Problem {
    /// A problem with the code's own hint.
    #[must_use]
    pub fn new(code: ErrorCode, summary: impl Into<String>) -> Self {
        Self { code, summary: summary.into(), details: Vec::new(), hint: code.hint().to_owned(), retry: code.retry() }
    }

    /// From an error value, keeping its chain of causes.
    #[must_use]
    pub fn from_error(code: ErrorCode, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut problem = Self::new(code, error.to_string());
        let mut cause = error.source();
        while let Some(source) = cause {
            problem.details.push(source.to_string());
            cause = source.source();
        }
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_what_to_do_and_has_a_documented_exit() {
        for code in ErrorCode::ALL {
            assert!(code.hint().len() > 10 && (1..=4).contains(&code.exit_code()), "{code}");
            assert_eq!(serde_json::to_value(code).expect("serialises"), code.name());
        }
    }
}
