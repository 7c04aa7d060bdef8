//! Promises of recognition, completeness and description, on bytes built here, on films made by ffmpeg and on real files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests fail loudly, name what they skip, and list folders themselves"
)]

mod cards;
mod describing;
mod dumps;
mod hostile;
mod made_by_ffmpeg;
mod probe;
mod real_files;
mod real_values;
mod speed;
mod support;
mod truncation;
