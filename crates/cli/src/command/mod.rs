//! Owns the commands but the demo: each calls one use case and prints its answer.

pub(crate) mod cameras;
mod cards;
mod cloud;
mod lists;
mod media;
mod mhl;
pub(crate) mod pictures;
pub(crate) mod policies;
pub(crate) mod presets;
pub(crate) mod queue;
mod repair;
mod rules;
mod stopper;
mod verify;
mod volumes;

pub(crate) use cameras::cameras;
pub(crate) use cards::{card, jobs, offload, resume, run_offload, watch};
pub(crate) use cloud::{cloud, upload};
pub(crate) use media::{color, completions, export, forge, inspect, preview, tools};

pub(crate) use lists::{edl, fdl};
pub(crate) use mhl::mhl;
pub(crate) use repair::{compare, repair};
pub(crate) use rules::{rules, search};
use stopper::Stopper;
pub(crate) use verify::verify;
pub(crate) use volumes::{eject, mount, volumes};

use checkgate_app::{App, Options};
use checkgate_model::{ErrorCode, Problem};
use std::path::PathBuf;

pub(crate) async fn open(home: Option<PathBuf>) -> Result<App, Problem> {
    App::open(Options { home }).await
}

pub(crate) fn refused(summary: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::BadRequest, summary)
}
