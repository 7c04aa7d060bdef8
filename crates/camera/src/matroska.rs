//! Owns Matroska and WebM (RFC 9559): length, picture and sound out of the elements in front, and whether the segment ends with the file.
//! Must never read a cluster.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, sizes, truncated};

const MAX_ELEMENTS: usize = 4096;
const MAX_ELEMENT_BYTES: u64 = 4 << 20;
const MAX_DEPTH: usize = 4;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TRACKS: u32 = 0x1654_ae6b;
const CLUSTER: u32 = 0x1f43_b675;

/// What the elements in front say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Matroska {
    /// Seconds.
    pub(crate) duration: Option<f64>,
    /// Nanoseconds since the beginning of 2001.
    pub(crate) date: Option<i64>,
    pub(crate) writer: String,
    pub(crate) tracks: Vec<Track>,
    /// Where the segment ends by its own length.
    end: Option<u64>,
    has_cluster: bool,
    scale: Option<u64>,
    length: Option<f64>,
}

/// One track.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Track {
    /// 1 picture, 2 sound.
    pub(crate) kind: u64,
    pub(crate) codec: String,
    /// Nanoseconds of a frame.
    pub(crate) frame_ns: Option<u64>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: u32,
    pub(crate) sample_rate: f64,
    pub(crate) bit_depth: u32,
    /// The codec's own configuration.
    pub(crate) private: Vec<u8>,
}

/// Whether a file begins as EBML does.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3])
}

/// Identifier, length where it is known, and bytes of both.
fn element(bytes: &[u8]) -> Option<(u32, Option<u64>, usize)> {
    let id_bytes = bytes.first()?.leading_zeros() as usize + 1;
    if id_bytes > 4 {
        return None;
    }
    let id = bytes.get(..id_bytes)?.iter().fold(0u32, |id, byte| id << 8 | u32::from(*byte));
    let first = *bytes.get(id_bytes)?;
    let size_bytes = first.leading_zeros() as usize + 1;
    if size_bytes > 8 {
        return None;
    }
    let rest = bytes.get(id_bytes + 1..id_bytes + size_bytes)?;
    let mask = if size_bytes == 8 { 0 } else { u64::from(first) & (0xff >> size_bytes) };
    let size = rest.iter().fold(mask, |size, byte| size << 8 | u64::from(*byte));
    let unknown = size == (1u64 << (7 * size_bytes)) - 1;
    Some((id, (!unknown).then_some(size), id_bytes + size_bytes))
}

pub(crate) fn read(source: &mut Source<'_>) -> Result<Matroska, ReadError> {
    let mut found = Matroska::default();
    let mut at = 0u64;
    for _ in 0..MAX_ELEMENTS {
        let head = source.up_to(at, 12)?;
        let Some((id, size, skip)) = element(&head) else { break };
        let inside = at + skip as u64;
        match id {
            // Its elements are walked as if they stood by themselves.
            SEGMENT => {
                found.end = size.and_then(|size| inside.checked_add(size));
                at = inside;
                continue;
            }
            CLUSTER => {
                found.has_cluster = true;
                break;
            }
            INFO | TRACKS if size.is_some_and(|size| size <= MAX_ELEMENT_BYTES) => {
                let body = source.up_to(inside, size.unwrap_or(0))?;
                inner(&body, &mut found, 0);
            }
            _ => {}
        }
        let Some(next) = size.and_then(|size| inside.checked_add(size)).filter(|next| *next < source.size()) else { break };
        at = next;
    }
    let scale = found.scale.unwrap_or(1_000_000) as f64 / 1e9;
    found.duration = found.length.map(|length| length * scale).filter(|seconds| seconds.is_finite() && *seconds > 0.0);
    Ok(found)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => bytes.be32(0).map(|bits| f64::from(f32::from_bits(bits))),
        8 => bytes.be64(0).map(f64::from_bits),
        _ => None,
    }
}

fn inner(body: &[u8], found: &mut Matroska, depth: usize) {
    let mut at = 0usize;
    for _ in 0..MAX_ELEMENTS {
        let Some((id, Some(size), skip)) = body.get(at..).and_then(element) else { break };
        let Some(end) = usize::try_from(size).ok().and_then(|size| (at + skip).checked_add(size)) else { break };
        let Some(value) = body.get(at + skip..end) else { break };
        at = end;
        match id {
            // Entries of a track, and what it says of picture and sound.
            0xae if found.tracks.len() < 64 && depth < MAX_DEPTH => {
                found.tracks.push(Track { channels: 1, ..Track::default() });
                inner(value, found, depth + 1);
            }
            0xe0 | 0xe1 if depth < MAX_DEPTH => inner(value, found, depth + 1),
            0x2a_d7b1 => found.scale = Some(number(value)).filter(|scale| *scale > 0),
            0x4489 => found.length = float(value),
            0x4461 => found.date = value.be64(0).map(|date| date as i64),
            0x5741 => found.writer = fixed_text(&value[..value.len().min(256)]),
            _ => {
                let Some(track) = found.tracks.last_mut() else { continue };
                let small = u32::try_from(number(value)).unwrap_or(0);
                match id {
                    0x83 => track.kind = number(value),
                    0x86 => track.codec = fixed_text(&value[..value.len().min(64)]),
                    0x23_e383 => track.frame_ns = Some(number(value)).filter(|ns| *ns > 0),
                    0xb0 => track.width = small,
                    0xba => track.height = small,
                    0x9f => track.channels = small,
                    0xb5 => track.sample_rate = float(value).unwrap_or(0.0),
                    0x63a2 => track.private = value[..value.len().min(4096)].to_vec(),
                    0x6264 => track.bit_depth = small,
                    _ => {}
                }
            }
        }
    }
}

pub(crate) fn check(source: &mut Source<'_>) -> Result<Checked, ReadError> {
    let found = read(source)?;
    let size = source.size();
    Ok(match found.end {
        Some(end) if end > size => Checked::broken(truncated(sizes(end, size))),
        Some(_) if found.has_cluster => Checked::complete(),
        // A length that was never filled in: a recording that was streamed, or never closed.
        _ => Checked::cannot_tell(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_every_length_are_told_apart() {
        assert_eq!(element(&[0x1a, 0x45, 0xdf, 0xa3, 0x93]), Some((0x1a45_dfa3, Some(0x13), 5)));
        assert_eq!(element(&[0xae, 0x40, 0x7f]), Some((0xae, Some(0x7f), 3)));
        assert_eq!(element(&[0xae, 0xff]), Some((0xae, None, 2)));
        assert_eq!(element(&[0xae, 0x01, 0, 0, 0, 0, 0, 0, 9]), Some((0xae, Some(9), 9)));
        assert_eq!((element(&[0x00, 0x81]), element(&[0xae, 0x00]), element(&[])), (None, None, None));
    }
}
