//! Owns the clock and the ids: the one place that reads the time or draws randomness for the use cases.

use checkgate_model::Timestamp;

/// Now, to the millisecond.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// A new id; ids sort in the order they were made.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
