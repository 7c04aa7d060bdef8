//! Owns the DPX header (SMPTE ST 268-1): both byte orders, size as declared, timecode, rate, reel and device.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, damaged, sizes, truncated};

/// What the header says; a field of all ones is "not known" (ST 268-1, 5.1) and absent here.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Dpx {
    pub(crate) file_size_bytes: Option<u32>,
    pub(crate) data_offset: u32,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) bit_depth: Option<u8>,
    pub(crate) transfer: Option<u8>,
    /// Free words of the first element, which some writers use to name the colour space.
    pub(crate) description: String,
    pub(crate) created: String,
    pub(crate) creator: String,
    pub(crate) project: String,
    pub(crate) input_device: String,
    pub(crate) input_serial: String,
    pub(crate) frame_rate: Option<f32>,
    pub(crate) slate: String,
    pub(crate) timecode_bcd: Option<u32>,
    pub(crate) user_bits: Option<u32>,
    /// Film or television pixel aspect, horizontal and vertical.
    pub(crate) pixel_aspect: Option<(u32, u32)>,
    /// Frames of the sequence and place of this one (film header).
    pub(crate) sequence_frames: Option<u32>,
    /// Degrees of the shutter (film header).
    pub(crate) shutter_angle: Option<f32>,
    pub(crate) orientation: Option<u16>,
}

impl Dpx {
    /// The timecode as frames since midnight, where rate and code are known.
    pub(crate) fn frame_of_timecode(&self) -> Option<u64> {
        let code = self.timecode_bcd?;
        let nominal = self.frame_rate.map(|rate| rate.round()).filter(|rate| (1.0..=120.0).contains(rate))? as u64;
        let pair = |shift: u32| u64::from(code >> (shift + 4) & 0xf) * 10 + u64::from(code >> shift & 0xf);
        Some(((pair(24) * 60 + pair(16)) * 60 + pair(8)) * nominal + pair(0))
    }
}

pub(crate) fn parse(head: &[u8]) -> Option<Dpx> {
    let big = match head.get(..4)? {
        b"SDPX" => true,
        b"XPDS" => false,
        _ => return None,
    };
    let number = |at: usize| if big { head.be32(at) } else { head.le32(at) };
    let known = |at: usize| number(at).filter(|value| *value != u32::MAX);
    let float = |at: usize| known(at).map(f32::from_bits).filter(|value| value.is_finite() && *value > 0.0 && *value < 100_000.0);
    let byte = |at: usize| head.get(at).copied().filter(|value| *value != 0xff);
    // ASCII fields of all ones are unset as well.
    let text = |at: usize, len: usize| {
        head.get(at..at + len).filter(|bytes| bytes.first() != Some(&0xff)).map(fixed_text).unwrap_or_default()
    };
    Some(Dpx {
        file_size_bytes: known(16),
        data_offset: number(4)?,
        width: known(772),
        height: known(776),
        bit_depth: byte(803),
        transfer: byte(801),
        description: text(820, 32),
        created: text(136, 24),
        creator: text(160, 100),
        project: text(260, 200),
        input_device: text(1556, 32),
        input_serial: text(1588, 32),
        frame_rate: float(1940).or_else(|| float(1724)),
        slate: text(1764, 100),
        timecode_bcd: known(1920),
        user_bits: known(1924),
        pixel_aspect: known(1628).zip(known(1632)).filter(|(x, y)| *x > 0 && *y > 0),
        sequence_frames: known(1712).filter(|frames| *frames > 0),
        shutter_angle: float(1728).filter(|angle| *angle <= 360.0),
        orientation: if big { head.be16(768) } else { head.le16(768) }.filter(|value| (1..=7).contains(value)),
    })
}

pub(crate) fn check(source: &mut Source<'_>, head: &[u8]) -> Result<Checked, ReadError> {
    let Some(dpx) = parse(head) else { return Ok(Checked::broken(damaged("no DPX header".to_owned()))) };
    if u64::from(dpx.data_offset) >= source.size() {
        return Ok(Checked::broken(truncated(format!(
            "the picture begins at byte {}, {} are present",
            dpx.data_offset,
            source.size()
        ))));
    }
    match dpx.file_size_bytes.map(u64::from) {
        Some(declared) if declared > source.size() => Ok(Checked::broken(truncated(sizes(declared, source.size())))),
        Some(declared) if declared >= u64::from(dpx.data_offset) => Ok(Checked::complete()),
        _ => Ok(Checked::cannot_tell()),
    }
}
