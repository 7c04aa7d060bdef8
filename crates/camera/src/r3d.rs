//! Owns REDCODE files: block tiling and the header directory (layout as two public readers have it, camera.md 2.1). Version 1
//! files carry a footer instead; their structure is not judged here.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, sizes, truncated};

const MAX_BLOCKS: usize = 2_000_000;
const ALIGNMENT: u64 = 4096;

/// Walks the blocks; they must tile the file exactly. A block of an unknown kind ends the walk without a judgement.
pub(crate) fn check(source: &mut Source<'_>) -> Result<Checked, ReadError> {
    let size = source.size();
    let mut at = 0u64;
    let mut blocks = 0usize;
    while at < size && blocks < MAX_BLOCKS {
        let header = source.up_to(at, 8)?;
        let (Some(length), Some(kind)) = (header.be32(0).map(u64::from), header.get(4..8)) else {
            return Ok(Checked::broken(truncated(format!("the file ends inside a block header at byte {at}"))));
        };
        if !(kind.starts_with(b"R") && kind.iter().all(u8::is_ascii_alphanumeric)) || length < 8 {
            return Ok(Checked::cannot_tell());
        }
        if at + length > size {
            return Ok(Checked::broken(truncated(format!(
                "block {} {}",
                String::from_utf8_lossy(kind),
                sizes(at + length, size)
            ))));
        }
        blocks += 1;
        let end = at + length;
        at = end.next_multiple_of(ALIGNMENT).max(end);
        // The last block may end unpadded; inside its padding no writer stops.
        if size > end && size < at {
            return Ok(Checked::broken(truncated(format!(
                "the file ends inside the padding of block {} at byte {size}, where byte {at} is due",
                String::from_utf8_lossy(kind)
            ))));
        }
    }
    if blocks > 1 { Ok(Checked::complete()) } else { Ok(Checked::cannot_tell()) }
}

/// Values of the version 2 directory by tag.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Directory {
    pub(crate) texts: Vec<(u16, String)>,
    pub(crate) numbers: Vec<(u16, f64)>,
}

impl Directory {
    pub(crate) fn text(&self, tag: u16) -> Option<&str> {
        self.texts.iter().find(|(found, _)| *found == tag).map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    pub(crate) fn number(&self, tag: u16) -> Option<f64> {
        self.numbers.iter().find(|(found, _)| *found == tag).map(|(_, number)| *number)
    }
}

/// Reads the directory of a version 2 file: records of 0x18 bytes from 0x44, counted at 0x40, then `len, tag, value` entries.
pub(crate) fn directory(source: &mut Source<'_>) -> Result<Directory, ReadError> {
    let head = source.up_to(0, 16 << 10)?;
    let mut directory = Directory::default();
    if head.get(4..8) != Some(b"RED2") {
        return Ok(directory);
    }
    let records = usize::from(head.get(0x40).copied().unwrap_or(0));
    let start = 0x44 + records * 0x18;
    let Some(length) = head.be16(start).map(usize::from) else { return Ok(directory) };
    let end = (start + length).min(head.len());
    let mut at = start + 2;
    while let (Some(length), Some(tag)) = (head.be16(at).map(usize::from), head.be16(at + 2)) {
        if length < 4 || at + length > end {
            break;
        }
        let value = &head[at + 4..at + length];
        match tag >> 12 {
            1 => directory.texts.push((tag, fixed_text(value))),
            2 => directory.numbers.extend(value.be32(0).map(|bits| (tag, f64::from(f32::from_bits(bits))))),
            4 => directory.numbers.extend(value.be16(0).map(|number| (tag, f64::from(number)))),
            6 => directory.numbers.extend(value.be32(0).map(|number| (tag, f64::from(number as i32)))),
            _ => {}
        }
        at += length;
    }
    Ok(directory)
}
