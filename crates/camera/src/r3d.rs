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

/// Values of a directory by tag, and what the first block says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Directory {
    /// 1 or 2; 0 where the file is neither.
    pub(crate) version: u8,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// Frames a second of the header, as numerator and denominator.
    pub(crate) rate: Option<(u32, u32)>,
    /// Name in the header of version 1.
    pub(crate) file_name: String,
    pub(crate) texts: Vec<(u16, String)>,
    pub(crate) numbers: Vec<(u16, f64)>,
    /// Values of a mixed kind, as they stand (Cooke /i).
    pub(crate) blobs: Vec<(u16, Vec<u8>)>,
    /// The directory of the first frame.
    pub(crate) frame: Option<Box<Directory>>,
}

const MAX_ENTRIES: usize = 2048;
const MAX_DIRECTORY_BYTES: usize = 2048;

impl Directory {
    pub(crate) fn text(&self, tag: u16) -> Option<&str> {
        self.texts.iter().find(|(found, _)| *found == tag).map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    pub(crate) fn number(&self, tag: u16) -> Option<f64> {
        self.numbers.iter().find(|(found, _)| *found == tag).map(|(_, number)| *number).filter(|number| number.is_finite())
    }

    /// A number by the lower part of its tag, whatever kind it has.
    pub(crate) fn number_of(&self, id: u16) -> Option<f64> {
        self.numbers.iter().find(|(found, _)| found & 0x0fff == id).map(|(_, number)| *number).filter(|number| number.is_finite())
    }

    pub(crate) fn blob(&self, id: u16) -> Option<&[u8]> {
        self.blobs.iter().find(|(found, _)| found & 0x0fff == id).map(|(_, bytes)| bytes.as_slice())
    }

    /// Entries `length, tag, value`: the upper four bits of the tag say what the value is.
    fn read_entries(&mut self, bytes: &[u8], from: usize, end: usize) {
        let mut at = from;
        for _ in 0..MAX_ENTRIES {
            let (Some(length), Some(tag)) = (bytes.be16(at).map(usize::from), bytes.be16(at + 2)) else { break };
            if length < 4 || at + length > end.min(bytes.len()) {
                break;
            }
            let value = &bytes[at + 4..at + length];
            match tag >> 12 {
                0 | 3 => self.numbers.extend(value.first().map(|number| (tag, f64::from(*number)))),
                1 => self.texts.push((tag, fixed_text(value))),
                2 => self.numbers.extend(value.be32(0).map(|bits| (tag, f64::from(f32::from_bits(bits))))),
                4 => self.numbers.extend(value.be16(0).map(|number| (tag, f64::from(number)))),
                6 => self.numbers.extend(value.be32(0).map(|number| (tag, f64::from(number as i32)))),
                8 => self.numbers.extend(value.be32(0).map(|number| (tag, f64::from(number)))),
                _ => {}
            }
            if matches!(tag & 0x0fff, 0x39 | 0x3A) {
                self.blobs.push((tag, value.to_vec()));
            }
            at += length;
        }
    }
}

/// Reads the directory: of version 2 behind the records of 0x18 bytes from 0x44 that are counted at 0x40, of version 1 at 0x22 of the
/// second block. Where its length is not plausible, it begins at its first entry (tag 1000, fifteen bytes).
pub(crate) fn directory(source: &mut Source<'_>) -> Result<Directory, ReadError> {
    let head = source.up_to(0, 16 << 10)?;
    let mut found = Directory::default();
    let length = head.be32(0).map_or(0, u64::from);
    let (bytes, start) = match head.get(4..8) {
        Some(b"RED2") => {
            found.version = 2;
            found.width = head.be32(0x4C).filter(|n| (1..100_000).contains(n));
            found.height = head.be32(0x50).filter(|n| (1..100_000).contains(n));
            // Denominator, then a numerator of 32 bits.
            let rate = head.be16(0x56).map(u32::from).zip(head.be32(0x58));
            found.rate = rate.filter(|(den, num)| *den > 0 && *num > 0).map(|(den, num)| (num, den));
            let records = usize::from(head.get(0x40).copied().unwrap_or(0));
            (head, 0x44 + records * 0x18)
        }
        Some(b"RED1") => {
            found.version = 1;
            found.width = head.be16(0x36).map(u32::from).filter(|n| *n > 0);
            found.height = head.be16(0x3a).map(u32::from).filter(|n| *n > 0);
            // Two numbers of sixteen bits: the name begins at 0x43.
            let rate = head.be16(0x3e).zip(head.be16(0x40)).map(|(num, den)| (u32::from(num), u32::from(den)));
            found.rate = rate.filter(|(num, den)| *num > 0 && *den > 0 && num / den < 1000);
            found.file_name = head.get(0x43..0x43 + 32).map(fixed_text).unwrap_or_default();
            (source.up_to(length.min(source.size()), 16 << 10)?, 0x22)
        }
        _ => return Ok(found),
    };
    let declared = bytes.be16(start).map(usize::from).unwrap_or(0);
    let plausible = (8..MAX_DIRECTORY_BYTES * 4).contains(&declared) && start + 2 < bytes.len();
    if plausible {
        found.read_entries(&bytes, start + 2, start + 2 + declared);
    }
    if found.texts.is_empty()
        && let Some(at) = bytes.windows(4).position(|window| window == [0x00, 0x0f, 0x10, 0x00])
    {
        found.read_entries(&bytes, at, bytes.len());
    }
    // A header alone, as it is sent to be looked at, has no frame behind it.
    found.frame = frame_directory(source, length).ok().flatten().map(Box::new);
    Ok(found)
}

/// The directory of the first frame, in an `RDI` block within the first blocks: its length stands 86 bytes behind the block's header.
fn frame_directory(source: &mut Source<'_>, first: u64) -> Result<Option<Directory>, ReadError> {
    let mut at = first.next_multiple_of(ALIGNMENT);
    for _ in 0..8 {
        let head = source.up_to(at, 4096)?;
        let Some(length) = head.be32(0).map(u64::from).filter(|length| *length >= 8) else { return Ok(None) };
        if head.get(4..7) == Some(b"RDI") {
            let body = &head[8..];
            let Some(size) = body.be16(86).map(usize::from).filter(|size| *size > 4) else { return Ok(None) };
            let mut found = Directory::default();
            found.read_entries(body, 88, 88 + size);
            return Ok(Some(found));
        }
        at = at.saturating_add(length).next_multiple_of(ALIGNMENT);
    }
    Ok(None)
}
