//! Owns TIFF 6.0 and DNG: every strip and tile must lie inside the file; the tags of its directories. Must never read pixels.

use crate::source::{Numbers, ReadError, Source, fixed_text};
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

/// One entry of a directory, with its value as read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tag {
    pub(crate) id: u16,
    pub(crate) kind: u16,
    pub(crate) bytes: Vec<u8>,
    big: bool,
}

impl Tag {
    pub(crate) fn text(&self) -> Option<String> {
        // DNG writes some names as bytes.
        matches!(self.kind, 1 | 2 | 7).then(|| fixed_text(&self.bytes)).filter(|text| !text.is_empty())
    }

    /// Its numbers; rationals as fractions. At most 64.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        let (big, bytes) = (self.big, &self.bytes);
        let short = |at: usize| if big { bytes.be16(at) } else { bytes.le16(at) };
        let long = |at: usize| if big { bytes.be32(at) } else { bytes.le32(at) };
        let (width, read): (usize, Box<dyn Fn(usize) -> Option<f64> + '_>) = match self.kind {
            1 | 7 => (1, Box::new(|at| bytes.get(at).map(|b| f64::from(*b)))),
            3 => (2, Box::new(move |at| short(at).map(f64::from))),
            4 | 13 => (4, Box::new(move |at| long(at).map(f64::from))),
            5 => (8, Box::new(move |at| divided(f64::from(long(at)?), f64::from(long(at + 4)?)))),
            9 => (4, Box::new(move |at| long(at).map(|n| f64::from(n as i32)))),
            10 => (8, Box::new(move |at| divided(f64::from(long(at)? as i32), f64::from(long(at + 4)? as i32)))),
            11 => (4, Box::new(move |at| long(at).map(|bits| f64::from(f32::from_bits(bits))))),
            _ => return Vec::new(),
        };
        (0..bytes.len() / width).take(64).filter_map(|n| read(n * width)).filter(|n| n.is_finite()).collect()
    }

    /// Numerator and denominator of a rational, each as it stands.
    pub(crate) fn rational(&self) -> Option<(i64, i64)> {
        let long = |at: usize| if self.big { self.bytes.be32(at) } else { self.bytes.le32(at) };
        let (num, den) = (long(0)?, long(4)?);
        match self.kind {
            5 => Some((i64::from(num), i64::from(den))),
            10 => Some((i64::from(num as i32), i64::from(den as i32))),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        self.numbers().first().copied()
    }
}

fn divided(num: f64, den: f64) -> Option<f64> {
    (den != 0.0).then(|| num / den)
}

/// Most entries of one directory, and the largest value that is kept.
const MAX_TAGS: usize = 512;
const MAX_VALUE_BYTES: u64 = 4096;

/// Entries of the first directory, of the Exif and GPS directories, and of the largest picture below it (the raw one of a DNG).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Directories {
    pub(crate) main: Vec<Tag>,
    pub(crate) exif: Vec<Tag>,
    pub(crate) gps: Vec<Tag>,
    pub(crate) raw: Vec<Tag>,
}

impl Directories {
    /// The entry in the main or Exif directory.
    pub(crate) fn get(&self, id: u16) -> Option<&Tag> {
        [&self.main, &self.exif].into_iter().flatten().find(|tag| tag.id == id)
    }
}

/// Reads what a DNG, a CinemaDNG frame or a TIFF block of a maker says about itself.
pub(crate) fn directories(source: &mut Source<'_>) -> Result<Directories, ReadError> {
    let head = source.up_to(0, 8)?;
    let big = head.starts_with(b"MM");
    let tiff = Reader { big };
    let first = u64::from(tiff.long(&head, 4).unwrap_or(0));
    let mut found = Directories { main: tiff.entries(source, first)?, ..Directories::default() };
    let place = |tags: &[Tag], id: u16| tags.iter().find(|tag| tag.id == id).map(Tag::numbers).unwrap_or_default();
    if let Some(at) = place(&found.main, 0x8769).first() {
        found.exif = tiff.entries(source, *at as u64).unwrap_or_default();
    }
    if let Some(at) = place(&found.main, 0x8825).first() {
        found.gps = tiff.entries(source, *at as u64).unwrap_or_default();
    }
    let area = |tags: &[Tag]| {
        let side = |id: u16| tags.iter().find(|tag| tag.id == id).and_then(Tag::number).unwrap_or(0.0);
        side(256) * side(257)
    };
    for at in place(&found.main, 330).into_iter().take(MAX_DIRECTORIES) {
        let inner = tiff.entries(source, at as u64).unwrap_or_default();
        if area(&inner) > area(&found.raw) {
            found.raw = inner;
        }
    }
    if area(&found.raw) < area(&found.main) {
        found.raw = found.main.clone();
    }
    Ok(found)
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

    /// The entries of one directory; a value that is too large or lies outside the file is left out.
    fn entries(&self, source: &mut Source<'_>, at: u64) -> Result<Vec<Tag>, ReadError> {
        if at == 0 {
            return Ok(Vec::new());
        }
        let count = source.at(at, 2)?;
        let count = u64::from(self.short(&count, 0).unwrap_or(0)).min(MAX_TAGS as u64);
        let entries = source.up_to(at + 2, count * 12)?;
        let mut tags = Vec::new();
        for entry in entries.chunks_exact(12) {
            let (Some(id), Some(kind), Some(count)) = (self.short(entry, 0), self.short(entry, 2), self.long(entry, 4)) else {
                continue;
            };
            let width = match kind {
                1 | 2 | 6 | 7 => 1u64,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 => 8,
                _ => continue,
            };
            let length = u64::from(count) * width;
            if length > MAX_VALUE_BYTES {
                continue;
            }
            let bytes = if length <= 4 {
                entry.get(8..8 + length as usize).unwrap_or_default().to_vec()
            } else {
                match source.at(u64::from(self.long(entry, 8).unwrap_or(0)), length) {
                    Ok(bytes) => bytes,
                    Err(ReadError::Io(error)) => return Err(error.into()),
                    Err(_) => continue,
                }
            };
            tags.push(Tag { id, kind, bytes, big: self.big });
        }
        Ok(tags)
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
