//! Owns the cloud service: the API that receives packages in parts, and the stateless workers that verify, inspect and render
//! them. Everything lasting lies in the object store and the queue; the two URLs of those are all that differs between one
//! workstation and many machines. Must never run inside the desktop except as `checkgate cloud up`.
#![allow(
    clippy::disallowed_methods,
    reason = "a service has a clock, and its folder store and work folder are its own files, never a card's or a copy's"
)]

pub mod api;
pub mod keys;
pub mod objects;
pub mod package;
pub mod queue;
pub mod results;
mod signature;
pub mod stages;
pub mod store;
pub mod up;
pub mod worker;

pub use up::{Running, UpError, UpOptions, up};
