//! Owns nothing but the way from the fuzz targets to what the tests ask of any bytes, so that both ask the same.

#[path = "../../tests/it/hostile_probe.rs"]
mod probe;

pub use probe::survive;
