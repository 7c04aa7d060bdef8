//! Integration tests of the test kit itself: a forger that lies would make every other test worthless.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod card;
mod faults;
