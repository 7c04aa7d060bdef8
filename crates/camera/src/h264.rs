//! Owns what the parameter sets of a coded picture say (H.264 7.3.2.1 and annex E, MPEG-2 6.2.2): size, rate, depth; and the camera's own
//! message beside the first picture of AVCHD (MDPM). Must never decode a picture.

use crate::source::Numbers;

/// Size, rate and depth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Parameters {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Frames a second.
    pub(crate) rate: Option<(u32, u32)>,
    pub(crate) bit_depth: u8,
    /// Width and height of a pixel.
    pub(crate) pixel_aspect: Option<(u32, u32)>,
    pub(crate) interlaced: bool,
}

/// What the first units say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) parameters: Option<Parameters>,
    pub(crate) camera: Vec<(u8, [u8; 4])>,
}

const MAX_UNITS: usize = 64;
const MAX_UNIT_BYTES: usize = 64 << 10;
/// Of the message a maker may write for itself (type 5).
const CAMERA_UUID: [u8; 16] = [0x17, 0xee, 0x8c, 0x60, 0xf8, 0x4d, 0x11, 0xd9, 0x8c, 0xd6, 0x08, 0x00, 0x20, 0x0c, 0x9a, 0x66];

/// Units between start codes, with the bytes that keep them apart from start codes taken out.
fn units(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 < bytes.len() && starts.len() <= MAX_UNITS {
        if bytes[at..at + 3] == [0, 0, 1] {
            starts.push(at + 3);
            at += 3;
        } else {
            at += 1;
        }
    }
    let ends = starts.iter().skip(1).map(|next| next - 3).chain([bytes.len()]);
    starts.iter().zip(ends).map(|(from, to)| unescaped(&bytes[*from..to.min(from + MAX_UNIT_BYTES)])).collect()
}

fn unescaped(unit: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for byte in unit {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        plain.push(*byte);
    }
    plain
}

/// Looks at the units in front of the first picture.
pub(crate) fn read(bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    for unit in units(bytes) {
        match unit.first().map(|byte| byte & 0x1f) {
            Some(7) if seen.parameters.is_none() => seen.parameters = sequence(&unit[1..]),
            Some(6) if seen.camera.is_empty() => seen.camera = messages(&unit[1..]),
            _ => {}
        }
    }
    seen
}

/// Messages beside a picture: type, size, content; the camera's begins with its id and `MDPM`.
fn messages(unit: &[u8]) -> Vec<(u8, [u8; 4])> {
    let mut at = 0usize;
    let number = |at: &mut usize| -> Option<usize> {
        let mut sum = 0usize;
        loop {
            let byte = *unit.get(*at)?;
            *at += 1;
            sum = sum.checked_add(usize::from(byte))?;
            if byte != 255 {
                return Some(sum);
            }
        }
    };
    for _ in 0..MAX_UNITS {
        let Some((kind, size)) = number(&mut at).and_then(|kind| Some((kind, number(&mut at)?))) else { break };
        let Some(content) = at.checked_add(size).and_then(|end| unit.get(at..end.min(unit.len()))) else { break };
        if kind == 5 && content.get(..16) == Some(&CAMERA_UUID) && content.get(16..20) == Some(b"MDPM") {
            let count = content.get(20).copied().unwrap_or(0);
            let entries = content.get(21..).unwrap_or_default().chunks_exact(5).take(usize::from(count));
            return entries.map(|entry| (entry[0], [entry[1], entry[2], entry[3], entry[4]])).collect();
        }
        at += size;
    }
    Vec::new()
}

/// Bits from the highest on, with the codes of variable length H.264 writes numbers in.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0u32;
        for _ in 0..count {
            value = value << 1 | self.bit()?;
        }
        Some(value)
    }

    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.bits(zeros)?)
    }

    fn signed(&mut self) -> Option<i32> {
        let code = i64::from(self.unsigned()?);
        i32::try_from(if code % 2 == 0 { -code / 2 } else { code / 2 + 1 }).ok()
    }
}

const MOST_SIDE: u32 = 1 << 15;

/// A sequence parameter set.
fn sequence(unit: &[u8]) -> Option<Parameters> {
    let mut bits = Bits { bytes: unit, at: 0 };
    let profile = bits.bits(8)?;
    bits.bits(16)?;
    bits.unsigned()?;
    let (mut chroma, mut depth) = (1, 8);
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        chroma = bits.unsigned()?;
        if chroma == 3 {
            bits.bit()?;
        }
        depth = 8 + bits.unsigned()?.min(8);
        bits.unsigned()?;
        bits.bit()?;
        if bits.bit()? == 1 {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.bit()? == 1 {
                    skip_scaling(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.unsigned()?;
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.bit()?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.unsigned()?.min(255) {
                bits.signed()?;
            }
        }
        _ => {}
    }
    bits.unsigned()?;
    bits.bit()?;
    let across = bits.unsigned()?.checked_add(1)?;
    let down = bits.unsigned()?.checked_add(1)?;
    let whole_frames = bits.bit()?;
    if whole_frames == 0 {
        bits.bit()?;
    }
    bits.bit()?;
    let (mut width, mut height) = (across.checked_mul(16)?, down.checked_mul(16 * (2 - whole_frames))?);
    if width > MOST_SIDE || height > MOST_SIDE {
        return None;
    }
    if bits.bit()? == 1 {
        let (unit_x, unit_y) = match chroma {
            0 | 3 => (1, 1),
            2 => (2, 1),
            _ => (2, 2),
        };
        let mut edge = || bits.unsigned().filter(|edge| *edge < MOST_SIDE);
        let (left, right, top, bottom) = (edge()?, edge()?, edge()?, edge()?);
        width = width.checked_sub((left + right) * unit_x)?;
        height = height.checked_sub((top + bottom) * unit_y * (2 - whole_frames))?;
    }
    let mut found = Parameters {
        width,
        height,
        bit_depth: u8::try_from(depth).unwrap_or(8),
        interlaced: whole_frames == 0,
        ..Parameters::default()
    };
    // What follows is wanted and not needed.
    let _ = usability(&mut bits, &mut found);
    Some(found)
}

fn skip_scaling(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// Annex E: shape of a pixel, then timing.
fn usability(bits: &mut Bits<'_>, found: &mut Parameters) -> Option<()> {
    const ASPECTS: [(u32, u32); 17] = [
        (0, 0),
        (1, 1),
        (12, 11),
        (10, 11),
        (16, 11),
        (40, 33),
        (24, 11),
        (20, 11),
        (32, 11),
        (80, 33),
        (18, 11),
        (15, 11),
        (64, 33),
        (160, 99),
        (4, 3),
        (3, 2),
        (2, 1),
    ];
    if bits.bit()? == 0 {
        return None;
    }
    if bits.bit()? == 1 {
        let number = bits.bits(8)?;
        let aspect = if number == 255 { (bits.bits(16)?, bits.bits(16)?) } else { *ASPECTS.get(number as usize)? };
        found.pixel_aspect = Some(aspect).filter(|(x, y)| *x > 0 && *y > 0);
    }
    if bits.bit()? == 1 {
        bits.bit()?;
    }
    if bits.bit()? == 1 {
        bits.bits(4)?;
        if bits.bit()? == 1 {
            bits.bits(24)?;
        }
    }
    if bits.bit()? == 1 {
        bits.unsigned()?;
        bits.unsigned()?;
    }
    if bits.bit()? == 1 {
        let (ticks, scale) = (bits.bits(32)?, bits.bits(32)?);
        // A tick is a field.
        found.rate = ticks.checked_mul(2).filter(|ticks| *ticks > 0 && scale > 0).map(|ticks| (scale, ticks));
    }
    Some(())
}

/// A sequence header of MPEG-2 or MPEG-1.
pub(crate) fn mpeg2_sequence(bytes: &[u8]) -> Option<Parameters> {
    const RATES: [(u32, u32); 9] =
        [(0, 1), (24_000, 1001), (24, 1), (25, 1), (30_000, 1001), (30, 1), (50, 1), (60_000, 1001), (60, 1)];
    let at = bytes.windows(4).position(|window| window == [0, 0, 1, 0xb3])? + 4;
    let size = bytes.be32(at)?;
    let (width, height) = (size >> 20, size >> 8 & 0xfff);
    let rate = RATES.get((size & 0xf) as usize).copied().filter(|(num, _)| *num > 0);
    // Two and three stand for the picture's own aspect, which is 4:3 or 16:9.
    let aspect = match size >> 4 & 0xf {
        1 => Some((1, 1)),
        2 => Some((4 * height, 3 * width)),
        3 => Some((16 * height, 9 * width)),
        _ => None,
    };
    (width > 0 && height > 0).then_some(Parameters { width, height, rate, bit_depth: 8, pixel_aspect: aspect, interlaced: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a Canon camera wrote them: set of parameters for 1920x1080 in fields at 25, and the message beside the first picture.
    const SET: &[u8] = &[
        0, 0, 0, 1, 0x27, 0x64, 0x00, 0x28, 0xad, 0x00, 0xec, 0x07, 0x80, 0x44, 0x7d, 0xe0, 0x22, 0x00, 0x00, 0x03, 0x00, 0x02,
        0x00, 0x00, 0x03, 0x00, 0x65, 0xd1, 0x40, 0x01, 0xe8, 0x48, 0x00, 0x3d, 0x09, 0x3e, 0xf7, 0x06, 0x8a, 0x00, 0x0f, 0x42,
        0x40, 0x01, 0xe8, 0x49, 0xf7, 0xb8, 0x14,
    ];

    #[test]
    fn size_and_rate_of_a_set_are_read() {
        let found = read(SET).parameters.expect("a set");
        assert_eq!((found.width, found.height, found.bit_depth), (1920, 1080, 8));
        assert_eq!(found.rate.map(|(num, den)| f64::from(num) / f64::from(den)), Some(25.0));
        for cut in 0..SET.len() {
            let _ = read(&SET[..cut]);
        }
    }

    #[test]
    fn a_header_of_mpeg_2_is_read() {
        let bytes = [0, 0, 1, 0xb3, 0x5a, 0x04, 0x38, 0x33, 0xff];
        let found = mpeg2_sequence(&bytes).expect("a header");
        assert_eq!((found.width, found.height, found.rate), (1440, 1080, Some((25, 1))));
        assert_eq!(found.pixel_aspect.map(|(x, y)| x * 3 == y * 4), Some(true));
    }
}
