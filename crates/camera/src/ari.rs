//! Owns the 4096-byte ARRIRAW header (offsets as ARRI's 2020 white paper is read by a public reader, see camera.md 2.1; not
//! verified on a file from a camera). Must never guess at pixels or at the checksum, whose definition is not confirmed.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, truncated};

/// What the header says. Numbers of 0 and all ones are the camera's "not known" and absent here.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ari {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) timecode_frame_count: Option<u32>,
    /// Frames a second in thousandths.
    pub(crate) timecode_base_thousandths: Option<u32>,
    pub(crate) timecode_bcd: Option<u32>,
    /// Texts by canonical field.
    pub(crate) texts: Vec<(&'static str, String)>,
    pub(crate) white_balance_kelvin: Option<u32>,
    pub(crate) white_balance_cc: Option<f32>,
    pub(crate) exposure_index: Option<u32>,
    pub(crate) target_colour_space: Option<u32>,
    pub(crate) lens_squeeze: Option<f32>,
    pub(crate) orientation: Option<u32>,
    /// Saturation, then slope, offset and power of red, green and blue.
    pub(crate) cdl: Option<[f32; 10]>,
    pub(crate) camera_serial: Option<u32>,
    pub(crate) uuid: Option<[u8; 16]>,
    /// Thousandths of a millisecond, of a degree, of frames a second.
    pub(crate) exposure_time: Option<u32>,
    pub(crate) shutter_angle: Option<u32>,
    pub(crate) sensor_rate: Option<u32>,
    pub(crate) project_rate: Option<u32>,
    /// BCD of `YYYYMMDD` and `hhmmss..`.
    pub(crate) created: Option<(u32, u32)>,
    pub(crate) media_serial: Option<u64>,
    /// 0 inch, 1 metre.
    pub(crate) distance_unit: Option<u32>,
    /// Thousandths of the unit; thousandths of a millimetre.
    pub(crate) focus_distance: Option<u32>,
    pub(crate) focal_length: Option<u32>,
    pub(crate) lens_serial: Option<u32>,
    pub(crate) linear_iris: Option<u32>,
    /// Tenths of a degree; 4095 is unknown.
    pub(crate) tilt: Option<i32>,
    pub(crate) roll: Option<i32>,
    pub(crate) circled: Option<bool>,
}

impl Ari {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.texts.iter().find(|(known, _)| *known == field).map_or("", |(_, words)| words)
    }
}

pub(crate) const HEADER_BYTES: u64 = 4096;

pub(crate) fn parse(head: &[u8]) -> Ari {
    let text = |at: usize, len: usize| head.get(at..at + len).map(fixed_text).unwrap_or_default();
    let number = |at: usize| head.le32(at).filter(|value| *value != 0 && *value != u32::MAX);
    let float = |at: usize| head.le32(at).map(f32::from_bits).filter(|value| value.is_finite());
    let cdl: Vec<f32> = (0..10).filter_map(|n| float(0xFC + n * 4)).collect();
    Ari {
        width: number(0x14),
        height: number(0x18),
        timecode_frame_count: number(0x1AC),
        timecode_base_thousandths: number(0x1B0),
        timecode_bcd: number(0x1A8),
        texts: vec![
            ("look.name", text(0xCC, 32)),
            ("camera.id_suffix", text(0x174, 4)),
            ("camera.index", text(0x178, 2)),
            ("recorder.make_model", text(0x2A4, 32)),
            ("camera.model", text(0x2F8, 20)),
            ("lens.model", text(0x398, 32)),
            ("reel.name", text(0x4F8, 8)),
            ("slate.scene", text(0x500, 16)),
            ("slate.take", text(0x510, 8)),
            ("prod.director", text(0x518, 32)),
            ("prod.dop", text(0x538, 32)),
            ("prod.name", text(0x558, 32)),
            ("prod.company", text(0x578, 32)),
            ("clip.name", text(0x698, 24)),
            ("sound.roll", text(0x74C, 32)),
        ],
        white_balance_kelvin: number(0x5C),
        white_balance_cc: float(0x60),
        exposure_index: number(0x74),
        target_colour_space: number(0xBC),
        lens_squeeze: float(0xC4).filter(|squeeze| (0.5..=4.0).contains(squeeze)),
        orientation: head.le32(0xC8).filter(|value| *value <= 12),
        // Ones and zeros are a true grade of nothing; all zeros are a header that has none.
        cdl: <[f32; 10]>::try_from(cdl).ok().filter(|cdl| cdl.iter().any(|number| *number != 0.0)),
        camera_serial: number(0x170),
        uuid: head.get(0x2D0..0x2E0).and_then(|id| id.try_into().ok()).filter(|id: &[u8; 16]| id.iter().any(|byte| *byte != 0)),
        exposure_time: number(0x18C),
        shutter_angle: number(0x190),
        sensor_rate: number(0x1A0),
        project_rate: number(0x1A4),
        created: number(0x17C).zip(head.le32(0x180)),
        media_serial: head.le64(0x268).filter(|value| *value != 0 && *value != u64::MAX),
        distance_unit: head.le32(0x374),
        focus_distance: number(0x378),
        focal_length: number(0x37C),
        lens_serial: number(0x380),
        linear_iris: number(0x384),
        tilt: head.le32(0x45C).map(|value| value as i32),
        roll: head.le32(0x460).map(|value| value as i32),
        circled: head.le32(0x4F4).filter(|value| *value == 1).map(|_| true),
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
