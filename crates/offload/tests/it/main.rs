//! What the offload engine promises, tried on real folders and, as root, on real file systems in loop images.
#![allow(clippy::unwrap_used, clippy::print_stderr, unreachable_pub, reason = "tests")]

mod faults;
mod feeding;
mod inside_files;
mod loop_image;
mod manifests;
mod resume;
mod round_trip;
mod support;
mod verify;
