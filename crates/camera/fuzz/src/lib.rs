//! Owns nothing but the way from the fuzz targets to what the tests assert of any bytes, so that both ask the same.

#[path = "../../tests/it/probe.rs"]
mod probe;

pub use probe::{FAMILIES, survive};
