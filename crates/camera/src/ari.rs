//! Owns the 4096-byte ARRIRAW header (offsets as ARRI's 2020 white paper is read by a public reader, see camera.md 2.1; not
//! verified on a file from a camera). Must never guess at pixels or at the checksum, whose definition is not confirmed.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, truncated};

/// What the header says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ari {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) white_balance_kelvin: Option<u32>,
    pub(crate) exposure_index: Option<u32>,
    pub(crate) camera_serial: Option<u32>,
    pub(crate) camera_index: String,
    pub(crate) camera_model: String,
    pub(crate) timecode_frame_count: Option<u32>,
    pub(crate) timecode_base_thousandths: Option<u32>,
    pub(crate) lens_model: String,
    pub(crate) reel: String,
    pub(crate) scene: String,
    pub(crate) take: String,
    pub(crate) clip_name: String,
}

pub(crate) const HEADER_BYTES: u64 = 4096;

pub(crate) fn parse(head: &[u8]) -> Ari {
    let text = |at: usize, len: usize| head.get(at..at + len).map(fixed_text).unwrap_or_default();
    // 0 and all ones are the vendor's "not known".
    let number = |at: usize| head.le32(at).filter(|value| *value != 0 && *value != u32::MAX);
    Ari {
        width: number(0x14),
        height: number(0x18),
        white_balance_kelvin: number(0x5C),
        exposure_index: number(0x74),
        camera_serial: number(0x170),
        camera_index: text(0x178, 2),
        camera_model: text(0x2F8, 32),
        timecode_frame_count: number(0x1AC),
        timecode_base_thousandths: number(0x1B0),
        lens_model: text(0x398, 32),
        reel: text(0x4F8, 8),
        scene: text(0x500, 16),
        take: text(0x510, 8),
        clip_name: text(0x698, 24),
    }
}

/// A frame holds its header and at least twelve bits for each photosite.
pub(crate) fn check(source: &mut Source<'_>, head: &[u8]) -> Result<Checked, ReadError> {
    if source.size() < HEADER_BYTES {
        return Ok(Checked::broken(truncated(format!(
            "an ARRIRAW header has {HEADER_BYTES} bytes, {} are present",
            source.size()
        ))));
    }
    let ari = parse(head);
    let (Some(width), Some(height)) = (ari.width, ari.height) else { return Ok(Checked::cannot_tell()) };
    let least = HEADER_BYTES.saturating_add(u64::from(width).saturating_mul(u64::from(height)).saturating_mul(12) / 8);
    if source.size() < least {
        return Ok(Checked::broken(truncated(format!(
            "{width}x{height} needs at least {least} bytes, {} are present",
            source.size()
        ))));
    }
    Ok(Checked::complete())
}
