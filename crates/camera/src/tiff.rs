//! Owns the structure of TIFF 6.0 and DNG: every strip and tile must lie inside the file. Must never read pixels.

use crate::source::{Numbers, ReadError, Source};
use crate::structure::{Checked, sizes, truncated};

/// A DNG has its thumbnail, its raw picture and a few previews.
const MAX_DIRECTORIES: usize = 10;
const MAX_PIECES: u64 = 1 << 20;

/// Directories in the order they are found, each place once.
pub(crate) fn check(source: &mut Source<'_>, head: &[u8]) -> Result<Checked, ReadError> {
    let big = head.starts_with(b"MM");
    let tiff = Reader { big };
    let mut waiting = vec![u64::from(tiff.long(head, 4).unwrap_or(0))];
    let mut seen = Vec::new();
    let mut furthest = 0u64;
    while let Some(at) = waiting.pop() {
        if at == 0 || seen.contains(&at) || seen.len() >= MAX_DIRECTORIES {
            continue;
        }
        seen.push(at);
        let Ok(count) = source.at(at, 2) else {
            return Ok(Checked::broken(truncated(format!(
                "a directory is announced at byte {at}, {} are present",
                source.size()
            ))));
        };
        let count = u64::from(tiff.short(&count, 0).unwrap_or(0));
        let entries = source.at(at + 2, count * 12)?;
        let next = source.up_to(at + 2 + count * 12, 4)?;
        waiting.extend(tiff.long(&next, 0).map(u64::from));
        let (mut offsets, mut lengths, mut inner) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries.chunks_exact(12) {
            match tiff.short(entry, 0) {
                Some(273 | 324) if offsets.is_empty() => offsets = tiff.values(source, entry)?,
                Some(279 | 325) if lengths.is_empty() => lengths = tiff.values(source, entry)?,
                Some(330) if inner.is_empty() => inner = tiff.values(source, entry)?,
                _ => {}
            }
        }
        waiting.extend(inner.into_iter().take(MAX_DIRECTORIES));
        let ends = offsets.iter().zip(&lengths).map(|(offset, length)| offset.saturating_add(*length));
        furthest = furthest.max(ends.max().unwrap_or(0));
    }
    if furthest > source.size() {
        return Ok(Checked::broken(truncated(format!("the picture {}", sizes(furthest, source.size())))));
    }
    Ok(if furthest > 0 { Checked::complete() } else { Checked::cannot_tell() })
}

struct Reader {
    big: bool,
}

impl Reader {
    fn short(&self, bytes: &[u8], at: usize) -> Option<u16> {
        if self.big { bytes.be16(at) } else { bytes.le16(at) }
    }

    fn long(&self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big { bytes.be32(at) } else { bytes.le32(at) }
    }

    /// The numbers of an entry (SHORT, LONG or IFD), which stand in the entry itself where they fit.
    fn values(&self, source: &mut Source<'_>, entry: &[u8]) -> Result<Vec<u64>, ReadError> {
        let width = match self.short(entry, 2) {
            Some(3) => 2u64,
            Some(4 | 13) => 4,
            _ => return Ok(Vec::new()),
        };
        let count = u64::from(self.long(entry, 4).unwrap_or(0));
        if count > MAX_PIECES {
            return Err(ReadError::TooLarge);
        }
        let bytes = if count * width <= 4 {
            entry.get(8..8 + (count * width) as usize).unwrap_or_default().to_vec()
        } else {
            source.at(u64::from(self.long(entry, 8).unwrap_or(0)), count * width)?
        };
        let number =
            |piece: &[u8]| if width == 2 { self.short(piece, 0).map(u64::from) } else { self.long(piece, 0).map(u64::from) };
        Ok(bytes.chunks_exact(width as usize).filter_map(number).collect())
    }
}
