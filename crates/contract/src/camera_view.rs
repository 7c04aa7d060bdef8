//! Owns what is shown of cameras that a person had to name: what was said, for which camera format, by whom.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A field and its value in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MappedField {
    /// Canonical name (`docs/fields.md`).
    pub field: String,
    /// Value; none where no source may say it.
    pub value: Option<String>,
}

/// What a person said about a camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CameraMapping {
    /// Id.
    pub id: String,
    /// The camera format it was said for, in words.
    pub format: String,
    /// What a clip's own sources must say, and not say, for it to hold.
    pub when: Vec<MappedField>,
    /// What is taken for it.
    pub fields: Vec<MappedField>,
    /// Who, and how they know, as it stands beside each value.
    pub why: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
    /// When it was forgotten.
    pub forgotten_at: Option<String>,
}

/// Everything people said about cameras that still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CameraMappings {
    /// Oldest first.
    pub mappings: Vec<CameraMapping>,
}

/// What a person says about the camera of a card's clips.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MapCameraRequest {
    /// Card.
    pub card: String,
    /// A clip of the camera that is meant, where the card holds several camera formats.
    #[serde(default)]
    #[ts(optional)]
    pub clip: Option<String>,
    /// What is to be known of it.
    pub fields: Vec<MappedField>,
    /// Who says so.
    pub by: String,
    /// How they know; may be empty.
    pub note: String,
}

/// Which mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForgetCameraRequest {
    /// Id.
    pub id: String,
}

/// A mapping that was made or forgotten, and what changed by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MappedCamera {
    /// The mapping.
    pub mapping: CameraMapping,
    /// Clips it holds for, of those that were looked at.
    pub clips: u32,
    /// Known cards whose clips changed.
    pub cards: Vec<String>,
}
