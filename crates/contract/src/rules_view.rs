//! Owns what is shown of rules: an answer to "does this keep the rules", who overrode what, and what the project asks for.

use crate::FindingCounts;
use checkgate_model::Finding;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A card, roll or delivery against a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RulesView {
    /// What was given.
    pub path: String,
    /// Reel or label.
    pub reel: String,
    /// The card, if it is known.
    pub card: Option<String>,
    /// Project it was judged in; empty where none is set.
    pub project: String,
    /// Profile.
    pub profile: String,
    /// Profile as people read it.
    pub profile_title: String,
    /// Rules of the profile.
    pub rules: u32,
    /// Clips looked at.
    pub clips: u32,
    /// Files looked at.
    pub files: u64,
    /// Rolls that are handed over, where it was judged as a delivery or is sealed.
    pub rolls: Vec<String>,
    /// Findings by severity.
    pub counts: FindingCounts,
    /// Every finding, open errors first.
    pub findings: Vec<Finding>,
}

/// One override.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OverrideView {
    /// Code of the finding.
    pub code: String,
    /// Path of the finding, for reading only.
    pub path: Option<String>,
    /// Clip of the finding.
    pub clip: Option<String>,
    /// What was found.
    pub message: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
    /// When it was taken back.
    pub withdrawn_at: Option<String>,
}

/// What the project asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleSettingsView {
    /// Name of the project; empty where none is set.
    pub project: String,
    /// Profile that cards are judged by.
    pub profile: String,
    /// Profile as people read it.
    pub profile_title: String,
    /// It is of somebody's own.
    pub own: bool,
    /// Rate of the project.
    pub rate: Option<String>,
    /// Camera encodings the project takes.
    pub encodings: Vec<String>,
    /// ACES version of the project.
    pub aces: Option<String>,
}
