//! What the crate promises, against vectors, sample histories, the schema, git and the reference tool.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

mod appending;
mod difference;
mod hostile;
mod ignoring;
mod inputs;
mod legacy;
mod legacy_dialects;
mod legacy_writing;
mod lint;
mod loading;
mod nesting;
mod probe;
mod reference;
mod samples;
mod schema;
mod support;
mod vectors;
