//! Owns reading and writing what other tools of the trade exchange: ALE and CSV. Must never know the database, do I/O or drop a
//! column it does not know.

pub mod ale;
pub mod csv;
