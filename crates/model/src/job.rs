//! Owns the states of a job and the seven stations of a card's life.

use serde::{Deserialize, Serialize};

/// State of one run of the main job. Stored before it is announced (invariant 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its turn or its device.
    Waiting,
    /// Runs now in some process.
    Running,
    /// Paused by a person; `resume` goes on.
    Stopped,
    /// Given up by a person: out of the queue, and nothing goes on by itself. Offloading the card there again takes up what is there.
    Cancelled,
    /// Its process ended in the middle, or a device went away; `resume` goes on.
    Interrupted,
    /// Ended with at least one failure; what is missing is listed.
    Failed,
    /// Every step is done.
    Done,
}

/// The seven stations of a card's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Station {
    /// The volume is there.
    Mounted,
    /// Family, rolls and clips are known.
    Recognised,
    /// Every copy is complete.
    Copied,
    /// Every copy is read back and sealed.
    Proven,
    /// Metadata, findings and previews are there.
    Described,
    /// The cloud has verified it.
    Uploaded,
    /// The verdict says safe to format.
    Released,
}

impl Station {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Mounted, Self::Recognised, Self::Copied, Self::Proven, Self::Described, Self::Uploaded, Self::Released];

    /// Name in the database and in `--json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mounted => "mounted",
            Self::Recognised => "recognised",
            Self::Copied => "copied",
            Self::Proven => "proven",
            Self::Described => "described",
            Self::Uploaded => "uploaded",
            Self::Released => "released",
        }
    }
}

/// State of one station for one card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum StationState {
    /// Not begun.
    Waiting,
    /// Under way.
    Working,
    /// Done.
    Done,
    /// Done or not, somebody must look.
    Attention,
    /// Failed.
    Failed,
    /// Not asked for by this preset.
    NotAsked,
}
