//! Owns raw DV (IEC 61834, SMPTE ST 314): frames of a fixed size made of blocks of 80 bytes, whose packs carry timecode, date, aspect and
//! sound. Must never decode a picture.

use crate::source::{ReadError, Source};
use crate::structure::{Checked, truncated};

const BLOCK: usize = 80;
const SEQUENCE_BLOCKS: u64 = 150;

/// What the packs of the first frame say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Dv {
    /// 625 lines at 25, else 525 lines at 29.97.
    pub(crate) is_625: bool,
    /// 25, 50 or 100 Mb/s.
    pub(crate) megabits: u32,
    pub(crate) frames: u64,
    pub(crate) wide: Option<bool>,
    pub(crate) timecode: Option<[u8; 4]>,
    /// Year, month, day, hour, minute, second.
    pub(crate) date: Option<[u8; 6]>,
    pub(crate) sample_rate: u32,
    pub(crate) channels: u32,
    pub(crate) bit_depth: u32,
}

/// Whether a file begins with the header block of a frame.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.len() >= 8 && head[0] == 0x1f && head[1] == 0x07 && head[2] == 0 && head[3] & 0x7f == 0x3f && head[4..8] != [0; 4]
}

fn bcd(byte: u8, mask: u8) -> Option<u8> {
    let masked = byte & mask;
    (masked & 0xf < 10 && masked >> 4 < 10).then(|| (masked >> 4) * 10 + (masked & 0xf))
}

/// Packs of a block: five bytes each, in subcode behind three of its own.
fn packs(block: &[u8]) -> Vec<&[u8]> {
    match block.first().map(|byte| byte >> 5) {
        // Subcode: six groups of eight.
        Some(1) => block.get(3..51).unwrap_or_default().chunks_exact(8).filter_map(|group| group.get(3..8)).collect(),
        // Auxiliary data of the picture: fifteen packs; of sound: one.
        Some(2) => block.get(3..78).unwrap_or_default().chunks_exact(5).collect(),
        Some(3) => block.get(3..8).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn frame_bytes(is_625: bool, megabits: u32) -> u64 {
    BLOCK as u64 * SEQUENCE_BLOCKS * if is_625 { 12 } else { 10 } * u64::from(megabits / 25)
}

pub(crate) fn read(source: &mut Source<'_>) -> Result<Dv, ReadError> {
    let first = source.up_to(0, 12 * SEQUENCE_BLOCKS * BLOCK as u64)?;
    let mut dv = Dv { is_625: first.get(3).is_some_and(|byte| byte & 0x80 != 0), megabits: 25, ..Dv::default() };
    let (mut day, mut clock) = (None, None);
    for block in first.chunks_exact(BLOCK) {
        for pack in packs(block) {
            match pack[0] {
                0x13 if dv.timecode.is_none() => {
                    dv.timecode = Some([pack[1], pack[2], pack[3], pack[4]]).filter(|code| *code != [0xff; 4]);
                }
                0x50 if dv.sample_rate == 0 => {
                    dv.sample_rate = [48_000, 44_100, 32_000, 0][usize::from(pack[4] >> 3 & 3)];
                    dv.bit_depth = [16, 12, 20, 0][usize::from(pack[4] & 3)];
                    dv.channels = if pack[2] >> 5 & 3 == 0 { 2 } else { 4 };
                }
                0x60 => {
                    dv.megabits = match pack[3] & 0x1f {
                        4 => 50,
                        0x14 | 0x18 => 100,
                        _ => 25,
                    };
                }
                0x61 => dv.wide = Some(matches!(pack[2] & 7, 2 | 7)),
                0x62 if day.is_none() => {
                    let two_digits = bcd(pack[4], 0xff);
                    day = two_digits.zip(bcd(pack[3], 0x1f)).zip(bcd(pack[2], 0x3f)).map(|((y, m), d)| (y, m, d));
                }
                0x63 if clock.is_none() => {
                    clock = bcd(pack[4], 0x3f).zip(bcd(pack[3], 0x7f)).zip(bcd(pack[2], 0x7f)).map(|((h, m), s)| (h, m, s));
                }
                _ => {}
            }
        }
    }
    dv.date = day.zip(clock).map(|((y, m, d), (h, n, s))| [y, m, d, h, n, s]);
    dv.frames = source.size() / frame_bytes(dv.is_625, dv.megabits);
    Ok(dv)
}

pub(crate) fn check(source: &mut Source<'_>) -> Result<Checked, ReadError> {
    let dv = read(source)?;
    let frame = frame_bytes(dv.is_625, dv.megabits);
    let rest = source.size() % frame;
    if rest != 0 {
        return Ok(Checked::broken(truncated(format!("the file ends inside a frame: {rest} bytes of {frame}"))));
    }
    Ok(Checked::complete())
}
