//! Integration tests of the test kit itself: a forger that lies would make every other test worthless.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests fail loudly, name what they skip, and read what was forged"
)]

mod card;
mod faults;
