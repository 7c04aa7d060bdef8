//! Rules, overrides, searching, lists of others, and recordings on several cards: the real `checkgate` binary on forged cards.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stderr, reason = "tests")]

mod cameras;
mod lists;
mod pictures;
mod rules;
mod search;
mod spans;
#[path = "../acceptance/support.rs"]
#[allow(dead_code, reason = "shared with the acceptance tests, which use all of it")]
mod support;
