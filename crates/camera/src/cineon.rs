//! Owns the Cineon header (version 4.5, which DPX was made of): size, depth, date, device, rate. Both byte orders.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, sizes, truncated};

/// What the header says; a field of all ones is not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cineon {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bit_depth: u8,
    pub(crate) channels: u8,
    pub(crate) created: String,
    pub(crate) device: String,
    pub(crate) device_model: String,
    pub(crate) serial: String,
    pub(crate) frame_rate: Option<f32>,
    pub(crate) slate: String,
    file_bytes: u32,
    data_offset: u32,
}

/// Whether a file begins as Cineon does.
pub(crate) fn begins(head: &[u8]) -> bool {
    matches!(head.get(..4), Some([0x80, 0x2a, 0x5f, 0xd7] | [0xd7, 0x5f, 0x2a, 0x80]))
}

pub(crate) fn parse(head: &[u8]) -> Option<Cineon> {
    let big = head.first()? == &0x80;
    let long = |at: usize| if big { head.be32(at) } else { head.le32(at) };
    let text = |at: usize, length: usize| {
        head.get(at..at + length).filter(|bytes| bytes.first() != Some(&0xff)).map(fixed_text).unwrap_or_default()
    };
    let rate = long(1072).map(f32::from_bits).filter(|rate| rate.is_finite() && (1.0..10_000.0).contains(rate));
    Some(Cineon {
        data_offset: long(4)?,
        file_bytes: long(20)?,
        channels: *head.get(193)?,
        bit_depth: *head.get(198)?,
        width: long(200)?,
        height: long(204)?,
        created: format!("{} {}", text(132, 12), text(144, 12)),
        device: text(812, 64),
        device_model: text(876, 32),
        serial: text(908, 32),
        frame_rate: rate,
        slate: text(1108, 200),
    })
}

pub(crate) fn check(source: &mut Source<'_>, head: &[u8]) -> Result<Checked, ReadError> {
    let cineon = parse(head).ok_or(ReadError::Malformed("the Cineon header is too short"))?;
    let size = source.size();
    match u64::from(cineon.file_bytes) {
        declared if declared != u64::from(u32::MAX) && declared > size => Ok(Checked::broken(truncated(sizes(declared, size)))),
        declared if declared > u64::from(cineon.data_offset) && declared != u64::from(u32::MAX) => Ok(Checked::complete()),
        _ if u64::from(cineon.data_offset) >= size => {
            Ok(Checked::broken(truncated(format!("the picture begins at byte {}, {size} are present", cineon.data_offset))))
        }
        _ => Ok(Checked::cannot_tell()),
    }
}
