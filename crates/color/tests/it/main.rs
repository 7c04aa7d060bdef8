//! The promises of the colour crate, held against the reference vectors.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod amf;
mod amf_oracle;
mod amf_write;
mod engine;
mod fresh;
mod hostile;
mod hostile_probe;
mod looks;
mod vectors;
mod yuv;
