//! What this crate promises about real folders, and, where the tests run as root with loop devices, about real volumes.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

#[cfg(target_os = "linux")]
mod image;

mod destination;
mod preflight;
mod read_back;
mod source;
mod watch;

use checkgate_model::RelPath;

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

/// Bytes that repeat nowhere within a few hundred MiB.
fn pattern(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
