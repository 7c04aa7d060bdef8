//! Conformance: the real `checkgate mhl` and `checkgate verify` on folders, with the reference tool, the schemas and git as the
//! other side. Ids in comments (`// A7`) are rows of the project's catalogue of cases. A test says `SKIPPED` where the machine
//! cannot try it.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods, clippy::type_complexity, reason = "tests")]

mod actions;
mod crash;
mod create;
mod format;
mod hashes;
mod hostile;
mod ignoring;
mod legacy;
mod manifest;
mod names;
mod nested;
mod packing;
mod reading;
mod renames;
mod scenarios;
mod single_file;
mod support;
mod tampering;
mod trees;
mod verifying;
mod volumes;
