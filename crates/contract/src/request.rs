//! Owns the requests of the page. They name things by id; a path can only be picked in a dialog that Rust opens.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A card by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CardRequest {
    /// Card.
    pub card: String,
}

/// A job by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct JobRequest {
    /// Job.
    pub job: String,
}

/// A new place in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MoveJob {
    /// Job.
    pub job: String,
    /// `first`, `last`, `up` or `down`.
    pub to: String,
}

/// A preset by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetRequest {
    /// Name.
    pub name: String,
}

/// A folder template to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FolderRequest {
    /// The template.
    pub folder: String,
    /// Values of tokens that do not come from a card.
    #[serde(default)]
    pub values: std::collections::BTreeMap<String, String>,
    /// For this card; with examples where there is none.
    #[serde(default)]
    #[ts(optional)]
    pub card: Option<String>,
}

/// A destination by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DestinationRequest {
    /// Destination.
    pub destination: String,
    /// For presets that name no destinations.
    #[serde(default)]
    #[ts(optional)]
    pub ticked: Option<bool>,
}

/// Start the main job on a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StartOffload {
    /// Card.
    pub card: String,
    /// Destination ids; at least one.
    pub destinations: Vec<String>,
}

/// Part of the clip list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClipsRequest {
    /// Only this card.
    #[ts(optional)]
    pub card: Option<String>,
    /// Words that must all occur, timecodes, and parts such as `reel:A003`, `tc:14:00-14:05`, `scene:12`, `camera:A`.
    #[serde(default)]
    pub filter: String,
    /// First row.
    pub offset: u32,
    /// Rows, at most 500.
    pub limit: u32,
}

/// One clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClipRequest {
    /// Card.
    pub card: String,
    /// Position on the card.
    pub index: u32,
}

/// Override findings of a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OverrideRequest {
    /// Card.
    pub card: String,
    /// Code of the findings.
    pub code: String,
    /// Only the one about this path.
    #[serde(default)]
    #[ts(optional)]
    pub path: Option<String>,
    /// Only the one about this clip.
    #[serde(default)]
    #[ts(optional)]
    pub clip: Option<String>,
    /// Who overrides, by name.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Take back overrides of a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WithdrawRequest {
    /// Card.
    pub card: String,
    /// Code of the findings.
    pub code: String,
}

/// A signature of a named person, or its withdrawal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SignOffRequest {
    /// Card.
    pub card: String,
    /// For what.
    pub what: checkgate_model::SignOffKind,
    /// Copy that was taken away, by id or label.
    #[serde(default)]
    #[ts(optional)]
    pub copy: Option<String>,
    /// Who signs, by name.
    pub by: String,
    /// A word about it.
    #[serde(default)]
    pub note: String,
    /// Take the signature back.
    #[serde(default)]
    pub withdraw: bool,
}

/// What to export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExportRequest {
    /// Card.
    pub card: String,
    /// `ale`, `csv`, `otio`, `omc`, `opentrackio` or `fdl`.
    pub format: String,
}

/// Where the cloud is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CloudRequest {
    /// URL; empty removes it.
    pub url: String,
    /// Bearer token; kept out of every answer.
    pub token: String,
}

/// Name of production, day and unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProjectRequest {
    /// Free text, e.g. `NIGHTFALL · Day 12 · MU`.
    pub project: String,
}

/// Nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Empty {}

/// Something with an id was made or picked; `None` where the person closed the dialog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MaybeId {
    /// Id.
    pub id: Option<String>,
}

/// Something was written to a file chosen in a dialog; `None` where the person closed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Written {
    /// Where, for reading only.
    pub path: Option<String>,
}
