//! Owns the OpenEXR header and its table of offsets (OpenEXR file layout): complete only if every block is listed and the last
//! one lies inside the file. Must never decode pixels.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, sizes, truncated, unfinalised};

const MAX_HEADER_BYTES: u64 = 8 << 20;
const MAX_ATTRIBUTES: usize = 4096;
const MAX_PARTS: usize = 1024;
/// Most blocks of one file: an hour of frames has fewer.
const MAX_BLOCKS: usize = 1 << 20;

/// Attributes of the first part.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Exr {
    pub(crate) multipart: bool,
    pub(crate) tiled: bool,
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) compression: u8,
    pub(crate) half: bool,
    /// Text attributes by name.
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) frames_per_second: Option<(i32, u32)>,
    pub(crate) timecode_bcd: Option<u32>,
    pub(crate) user_bits: Option<u32>,
    /// Left, top, width, height of the display window, where it is not the data window.
    pub(crate) display: Option<[i64; 4]>,
    pub(crate) chromaticities: Option<[f32; 8]>,
    /// Rationals by name.
    pub(crate) rationals: Vec<(String, (i32, u32))>,
    pub(crate) floats: Vec<(String, f32)>,
    /// How the blocks of each part lie in the file.
    parts: Vec<Layout>,
    header_end: u64,
}

/// How the blocks of a part are headed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Layout {
    tiled: bool,
    deep: bool,
}

impl Exr {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn float(&self, name: &str) -> Option<f32> {
        self.floats.iter().find(|(key, _)| key == name).map(|(_, value)| *value).filter(|value| value.is_finite())
    }
}

fn name_at(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().take(256).position(|byte| *byte == 0)?;
    Some((String::from_utf8_lossy(&rest[..end]).into_owned(), at + end + 1))
}

pub(crate) fn read(source: &mut Source<'_>) -> Result<Exr, ReadError> {
    let mut loaded = 16 << 10;
    loop {
        let bytes = source.up_to(0, loaded)?;
        match parse(&bytes) {
            Some(header) => return Ok(header),
            None if loaded >= MAX_HEADER_BYTES => return Err(ReadError::Malformed("the OpenEXR header has no end")),
            None if bytes.len() as u64 == source.size() => {
                return Err(ReadError::PastEnd { wanted_end: source.size() + 1, size: source.size() });
            }
            None => loaded *= 8,
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Exr> {
    let version = bytes.le32(4)?;
    let mut exr = Exr { multipart: version & 0x1000 != 0, tiled: version & 0x200 != 0, ..Exr::default() };
    let mut at = 8;
    let of_file = Layout { tiled: exr.tiled, deep: version & 0x800 != 0 };
    let mut layout = of_file;
    for _ in 0..MAX_ATTRIBUTES {
        let (name, after) = name_at(bytes, at)?;
        if name.is_empty() {
            exr.parts.push(layout);
            layout = of_file;
            at = after;
            // Headers of several parts stand one behind another; an empty one ends them.
            if !exr.multipart {
                exr.header_end = at as u64;
                return Some(exr);
            }
            if *bytes.get(at)? == 0 || exr.parts.len() >= MAX_PARTS {
                exr.header_end = at as u64 + 1;
                return Some(exr);
            }
            continue;
        }
        let (kind, after) = name_at(bytes, after)?;
        let length = bytes.le32(after)? as usize;
        let value = bytes.get(after + 4..(after + 4).checked_add(length)?)?;
        at = after + 4 + length;
        if (name.as_str(), kind.as_str()) == ("type", "string") {
            let words = fixed_text(&value[..value.len().min(64)]);
            layout = Layout { tiled: words.contains("tile"), deep: words.contains("deep") };
        }
        // The first part is the picture that is meant.
        if !exr.parts.is_empty() {
            continue;
        }
        match (name.as_str(), kind.as_str()) {
            ("displayWindow", "box2i") => {
                let edge = |at: usize| value.le32(at).map(|n| i64::from(n as i32));
                if let (Some(left), Some(top), Some(right), Some(bottom)) = (edge(0), edge(4), edge(8), edge(12)) {
                    exr.display = Some([left, top, right - left + 1, bottom - top + 1]);
                }
            }
            ("dataWindow", "box2i") => {
                let edge = |at: usize| value.le32(at).map(|n| i64::from(n as i32));
                if let (Some(left), Some(top), Some(right), Some(bottom)) = (edge(0), edge(4), edge(8), edge(12)) {
                    exr.width = right - left + 1;
                    exr.height = bottom - top + 1;
                }
            }
            ("compression", _) => exr.compression = value.first().copied().unwrap_or(0),
            ("channels", _) => exr.half = name_at(value, 0).and_then(|(_, after)| value.le32(after)) == Some(1),
            (_, "string") if exr.texts.len() < 1024 => exr.texts.push((name, fixed_text(&value[..value.len().min(4096)]))),
            ("framesPerSecond", "rational") => {
                exr.frames_per_second = value.le32(0).zip(value.le32(4)).map(|(n, d)| (n as i32, d))
            }
            ("timeCode", "timecode") => (exr.timecode_bcd, exr.user_bits) = (value.le32(0), value.le32(4)),
            (_, "rational") if exr.rationals.len() < 256 => {
                exr.rationals.extend(value.le32(0).zip(value.le32(4)).map(|(num, den)| (name, (num as i32, den))));
            }
            ("chromaticities", "chromaticities") => {
                let numbers: Vec<f32> = value.chunks_exact(4).filter_map(|bytes| bytes.le32(0)).map(f32::from_bits).collect();
                exr.chromaticities = numbers.try_into().ok();
            }
            (_, "float") if exr.floats.len() < 1024 => {
                if let Some(bits) = value.le32(0) {
                    exr.floats.push((name, f32::from_bits(bits)));
                }
            }
            _ => {}
        }
    }
    None
}

const fn lines_per_block(compression: u8) -> Option<i64> {
    Some(match compression {
        0..=2 => 1,
        3 | 5 => 16,
        4 | 6 | 7 | 8 => 32,
        9 => 256,
        _ => return None,
    })
}

/// The places of all blocks. Of a plain picture their number follows from its lines; of any other the table goes on until the first
/// block begins.
fn places(source: &mut Source<'_>, exr: &Exr) -> Result<Vec<u64>, ReadError> {
    let plain = !exr.multipart && !exr.tiled && exr.parts.iter().all(|part| !part.deep && !part.tiled);
    if let Some(lines) = lines_per_block(exr.compression).filter(|_| plain) {
        if exr.height <= 0 || exr.width <= 0 {
            return Err(ReadError::Malformed("the data window is empty"));
        }
        let blocks = ((exr.height + lines - 1) / lines) as u64;
        let table = source.at(exr.header_end, blocks.checked_mul(8).ok_or(ReadError::TooLarge)?)?;
        return Ok(table.chunks_exact(8).filter_map(|entry| entry.le64(0)).collect());
    }
    let mut places: Vec<u64> = Vec::new();
    let mut first = u64::MAX;
    let mut at = exr.header_end;
    // What is too short for a place in front of the first block is padding.
    while first.saturating_sub(at) >= 8 && places.len() < MAX_BLOCKS {
        let piece = source.up_to(at, (64 << 10).min(first - at))?;
        if piece.len() < 8 {
            return Err(ReadError::PastEnd { wanted_end: at + 8, size: source.size() });
        }
        for entry in piece.chunks_exact(8) {
            let Some(place) = entry.le64(0).filter(|_| at < first) else { break };
            if place != 0 {
                first = first.min(place);
            }
            places.push(place);
            at += 8;
        }
    }
    Ok(places)
}

/// Where a block ends, by its own header.
fn end_of_block(source: &mut Source<'_>, exr: &Exr, at: u64) -> Result<u64, ReadError> {
    let head = source.at(at, 48.min(source.size().saturating_sub(at)).max(8))?;
    let number = if exr.multipart { head.le32(0).unwrap_or(0) as usize } else { 0 };
    let layout = exr.parts.get(number).copied().ok_or(ReadError::Malformed("a block names a part that is not there"))?;
    let part = if exr.multipart { 4 } else { 0 };
    let coordinates = part + if layout.tiled { 16 } else { 4 };
    let short = ReadError::PastEnd { wanted_end: at + coordinates as u64 + 24, size: source.size() };
    let (payload, header) = if layout.deep {
        let Some((table, data)) = head.le64(coordinates).zip(head.le64(coordinates + 8)) else { return Err(short) };
        (table.saturating_add(data), coordinates as u64 + 24)
    } else {
        let Some(data) = head.le32(coordinates) else { return Err(short) };
        (u64::from(data), coordinates as u64 + 4)
    };
    Ok(at.saturating_add(header).saturating_add(payload))
}

pub(crate) fn check(source: &mut Source<'_>) -> Result<Checked, ReadError> {
    let exr = read(source)?;
    let places = match places(source, &exr) {
        Ok(places) => places,
        Err(ReadError::PastEnd { .. }) => {
            return Ok(Checked::broken(truncated("the file ends inside its table of blocks".to_owned())));
        }
        Err(error) => return Err(error),
    };
    let missing = places.iter().filter(|place| **place == 0).count();
    if missing > 0 {
        return Ok(Checked::broken(unfinalised(format!("{missing} of {} blocks were never written", places.len()))));
    }
    let Some(last) = places.iter().copied().max() else { return Ok(Checked::cannot_tell()) };
    if last.saturating_add(8) > source.size() {
        return Ok(Checked::broken(truncated(format!("the last block begins at byte {last}, {} are present", source.size()))));
    }
    match end_of_block(source, &exr, last) {
        Ok(end) if end > source.size() => Ok(Checked::broken(truncated(sizes(end, source.size())))),
        Err(ReadError::PastEnd { wanted_end, size }) => Ok(Checked::broken(truncated(sizes(wanted_end, size)))),
        Err(error) => Err(error),
        Ok(_) => Ok(Checked::complete()),
    }
}
