//! Owns findings: what a check found, how bad it is, and what to do now.

use crate::path::RelPath;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Note,
    /// Look at it; the job goes on.
    Warning,
    /// Wrong; the card must not be released before someone dealt with it.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Who overrode a finding, and why. It marks the finding; it never hides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Override {
    /// Name the person gave.
    pub by: String,
    /// Reason the person gave.
    pub reason: String,
    /// When, RFC 3339.
    pub at: String,
}

/// One finding. `code` is stable and documented; nothing is ever matched by `message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Finding {
    /// Stable code, e.g. `structure.truncated`.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// What is the case, in one sentence, with the evidence ("declares 812 MB, 401 MB present").
    pub message: String,
    /// What to do now.
    pub hint: String,
    /// The file or folder it is about, if one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(as = "Option<String>", optional)]
    pub path: Option<RelPath>,
    /// The clip it is about, if one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub clip: Option<String>,
    /// Whether a named person may override it.
    pub overridable: bool,
    /// Who overrode it, if someone did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub overridden: Option<Override>,
}

impl Finding {
    /// A finding about the whole card; see the `with_` functions.
    #[must_use]
    pub fn new(code: &str, severity: Severity, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity,
            message: message.into(),
            hint: hint.into(),
            path: None,
            clip: None,
            overridable: severity < Severity::Error,
            overridden: None,
        }
    }

    /// The same finding about one file.
    #[must_use]
    pub fn with_path(mut self, path: RelPath) -> Self {
        self.path = Some(path);
        self
    }

    /// The same finding about one clip.
    #[must_use]
    pub fn with_clip(mut self, clip: &str) -> Self {
        self.clip = Some(clip.to_owned());
        self
    }

    /// Whether it still stands in the way: an error nobody overrode.
    #[must_use]
    pub fn is_open_error(&self) -> bool {
        self.severity == Severity::Error && self.overridden.is_none()
    }
}
