//! Owns the progress frame: at most ten a second, always small (a test holds it under 8 KB).

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Progress of one lane: a copy, the second read of the card, or an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LaneTick {
    /// Copy id, `card` for reading the card, `upload` for the cloud.
    pub id: String,
    /// Label for the device strip.
    pub label: String,
    /// Phase in words: `copying`, `reading back`, `second read`, `sealing`, `sending`.
    pub phase: String,
    /// Bytes done in this phase.
    pub bytes_done: u64,
    /// Bytes of this phase.
    pub bytes_total: u64,
    /// Averaged over five seconds.
    pub bytes_per_sec: u64,
    /// Honest estimate for this lane including what follows; `None` while unknown.
    pub eta_secs: Option<u32>,
    /// It limits the others.
    pub bottleneck: bool,
}

/// Progress of one card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CardTick {
    /// Card id.
    pub card: String,
    /// What it does now, in words.
    pub words: String,
    /// File under way, for reading only.
    pub file: String,
    /// Until the card is no longer needed, if known.
    pub card_free_secs: Option<u32>,
    /// Until everything is done, if known.
    pub eta_secs: Option<u32>,
    /// Lanes.
    pub lanes: Vec<LaneTick>,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct UiFrame {
    /// Revision of the state; when it is higher than the page's, the page fetches a snapshot.
    pub rev: u64,
    /// Cards that move, at most 12 with two lanes each, fewer with more.
    pub cards: Vec<CardTick>,
    /// Bytes a second written to all copies of all cards.
    pub bytes_per_sec: u64,
    /// Until the last of these cards is done; `None` while that of any is not known.
    pub eta_secs: Option<u32>,
    /// Verifications that move: id, done, total.
    pub verifications: Vec<(String, u64, u64)>,
}
