//! The promises of the cloud and of the upload to it, against the folder store and, where Garage is installed, a real S3 server.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests make and damage files, and say on stderr what they skip"
)]

mod conformance;
mod kit;
mod limits;
mod network;
mod processes;
mod stages;
