//! Owns reading and writing what other tools of the trade exchange. Must never know the database, do I/O or drop a field it does
//! not know.

pub mod ale;
pub mod csv;
pub mod edl;
pub mod edl_match;
pub mod fdl;
mod json;
pub mod omc;
pub mod opentrackio;
pub mod otio;
pub mod roll;

pub use json::ReadJsonError;
pub use roll::RollClip;
