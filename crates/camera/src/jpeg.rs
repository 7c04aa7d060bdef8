//! Owns JPEG as cameras write it (ISO/IEC 10918-1, Exif 2.32): size out of the frame header, and the Exif block, which is a TIFF of its own.

use crate::source::{Numbers, ReadError, Source};
use crate::structure::Checked;

const MAX_SEGMENTS: usize = 256;

/// What stands in front of the picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Jpeg {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bit_depth: u8,
    /// The TIFF inside the Exif block.
    pub(crate) exif: Vec<u8>,
}

pub(crate) fn read(source: &mut Source<'_>) -> Result<Jpeg, ReadError> {
    let mut jpeg = Jpeg::default();
    let mut at = 2u64;
    for _ in 0..MAX_SEGMENTS {
        let head = source.up_to(at, 4)?;
        let (Some(0xff), Some(kind), Some(length)) = (head.first().copied(), head.get(1).copied(), head.be16(2)) else { break };
        let length = u64::from(length.max(2));
        match kind {
            // Frame headers, but tables of codes and the like between them.
            0xc0..=0xcf if !matches!(kind, 0xc4 | 0xc8 | 0xcc) => {
                let frame = source.up_to(at + 4, 5)?;
                jpeg.bit_depth = frame.first().copied().unwrap_or(0);
                (jpeg.height, jpeg.width) = (frame.be16(1).map_or(0, u32::from), frame.be16(3).map_or(0, u32::from));
                break;
            }
            0xe1 if jpeg.exif.is_empty() => {
                let body = source.up_to(at + 4, length - 2)?;
                if body.get(..6) == Some(b"Exif\0\0") {
                    jpeg.exif = body[6..].to_vec();
                }
            }
            0xd9 | 0xda => break,
            _ => {}
        }
        at += 2 + length;
    }
    Ok(jpeg)
}

/// A picture that ends with its mark is whole; cameras append previews behind it, so that another end proves nothing.
pub(crate) fn check(source: &mut Source<'_>) -> Result<Checked, ReadError> {
    let tail = source.up_to(source.size().saturating_sub(2), 2)?;
    Ok(if tail == [0xff, 0xd9] { Checked::complete() } else { Checked::cannot_tell() })
}
