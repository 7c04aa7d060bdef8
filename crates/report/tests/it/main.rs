//! Reports as they leave the crate: nothing left out, nothing hostile let through, the same value the same bytes.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod html;
mod pdf;
mod pictures;
mod sample;
mod text;
