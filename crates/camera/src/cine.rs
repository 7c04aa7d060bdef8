//! Owns the Phantom CINE header and the place of its last image, which must end at the end of the file (camera.md 1.3).

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, sizes, truncated, unfinalised};

/// What the header says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cine {
    pub(crate) images: u32,
    pub(crate) width: Option<i64>,
    pub(crate) height: Option<i64>,
    pub(crate) frames_per_second: Option<u32>,
    /// Bits of a pixel as recorded.
    pub(crate) bits: Option<u16>,
    /// Seconds since 1970 of the trigger.
    pub(crate) trigger_time: Option<u32>,
    /// Microseconds of exposure.
    pub(crate) exposure_us: Option<u32>,
    /// Nanoseconds of exposure, where the camera counts them.
    pub(crate) exposure_ns: Option<u32>,
    pub(crate) firmware: Option<u32>,
    pub(crate) serial: Option<u32>,
    /// Bits of a pixel that hold the picture, where the format of the file is wider or packed.
    pub(crate) real_bits: Option<u32>,
    /// What somebody wrote about the shot.
    pub(crate) description: String,
    image_offsets_at: u64,
}

pub(crate) fn read(source: &mut Source<'_>, head: &[u8]) -> Result<Cine, ReadError> {
    let short = ReadError::Malformed("the CINE header is too short");
    let (Some(images), Some(bitmap), Some(setup), Some(offsets)) = (head.le32(20), head.le32(24), head.le32(28), head.le32(32))
    else {
        return Err(short);
    };
    let bitmap = source.up_to(u64::from(bitmap), 40)?;
    // Offsets of the setup block by the maker's description of the format; fields were only ever added behind.
    let setup = source.up_to(u64::from(setup), 8192).unwrap_or_default();
    let declared = setup.le16(142).map_or(0, usize::from);
    Ok(Cine {
        images,
        width: bitmap.le32(4).map(|n| i64::from(n as i32)),
        height: bitmap.le32(8).map(|n| i64::from(n as i32).abs()),
        frames_per_second: setup.le32(768).filter(|rate| (1..=25_000_000).contains(rate)),
        bits: bitmap.le16(14).filter(|bits| (1..=64).contains(bits)),
        // A fraction of 2^-32 s, then whole seconds.
        trigger_time: head.le32(40).filter(|seconds| *seconds > 0),
        exposure_us: setup.le32(772).filter(|us| declared >= 776 && (1..=60_000_000).contains(us)),
        exposure_ns: setup.le32(1568).filter(|ns| declared >= 1572 && (1..=4_000_000_000).contains(ns)),
        serial: setup.le32(743).filter(|serial| declared >= 747 && (1..u32::MAX).contains(serial)),
        real_bits: setup.le32(896).filter(|bits| declared >= 900 && (8..=16).contains(bits)),
        description: setup.get(1596..5692).filter(|_| declared >= 5692).map(fixed_text).unwrap_or_default(),
        firmware: setup.le32(796).filter(|firmware| declared >= 800 && *firmware > 0),
        image_offsets_at: u64::from(offsets),
    })
}

pub(crate) fn check(source: &mut Source<'_>, head: &[u8]) -> Result<Checked, ReadError> {
    let cine = read(source, head)?;
    if cine.images == 0 {
        return Ok(Checked::broken(unfinalised("the header counts no image".to_owned())));
    }
    let last_entry = cine.image_offsets_at + 8 * (u64::from(cine.images) - 1);
    let Ok(entry) = source.at(last_entry, 8) else {
        return Ok(Checked::broken(truncated("the file ends inside its table of images".to_owned())));
    };
    let image_at = entry.le64(0).unwrap_or(u64::MAX);
    let Ok(annotation) = source.at(image_at, 4) else {
        return Ok(Checked::broken(truncated(format!("the last of {} images begins behind the end of the file", cine.images))));
    };
    let annotation_size = u64::from(annotation.le32(0).unwrap_or(0)).max(8);
    let size_field = source.at(image_at + annotation_size - 4, 4)?;
    let end = image_at + annotation_size + u64::from(size_field.le32(0).unwrap_or(0));
    if end > source.size() {
        return Ok(Checked::broken(truncated(format!(
            "the last of {} images is cut: {}",
            cine.images,
            sizes(end, source.size())
        ))));
    }
    Ok(Checked::complete())
}
