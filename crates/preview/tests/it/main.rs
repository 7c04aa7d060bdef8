//! The promises of the preview crate, held on media that ffmpeg encodes here and now.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod chart;
mod decoding;
mod framing;
mod hostile;
mod make;
mod plugins;
mod proxies;
mod quality;
mod samples;
mod sequences;
mod sheets;
mod stills;
