//! Owns reading the raw picture of a DNG or CinemaDNG frame: uncompressed or lossless JPEG, a Bayer mosaic, half size, by the DNG
//! specification. A DNG whose matrices or white are missing gives a picture without a claim about its colour.

use crate::dng_color::{Matrix, Profile, apply};
use crate::error::PreviewError;
use crate::frame::Frame;
use crate::lossless_jpeg;
use crate::mosaic::{Area, Pattern, half_size, is_bayer, unpack_msb};
use checkgate_color::InputChoice;
use rayon::prelude::*;
use std::path::Path;

/// Largest file that is read, in bytes. An uncompressed frame of 12k takes 160 MB.
const MOST_FILE_BYTES: u64 = 512 << 20;
const MOST_DIRECTORIES: usize = 16;
const MOST_ENTRIES: usize = 1024;
const MOST_VALUES: usize = 1 << 17;

const COMPRESSION_NONE: u32 = 1;
const COMPRESSION_LOSSLESS_JPEG: u32 = 7;
const COLOUR_FILTER_ARRAY: u32 = 32_803;

/// The bytes with their byte order.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

/// One directory: tag, kind, count, where its values lie.
struct Directory(Vec<(u16, u16, usize, usize)>);

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, String> {
        match bytes.get(..4) {
            Some([b'I', b'I', 42, 0]) => Ok(Self { bytes, big_endian: false }),
            Some([b'M', b'M', 0, 42]) => Ok(Self { bytes, big_endian: true }),
            _ => Err("no TIFF header".to_owned()),
        }
    }

    fn short(&self, at: usize) -> Option<u16> {
        let two = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let four = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    /// A directory and where the next one is.
    fn directory(&self, at: usize) -> Option<(Directory, usize)> {
        let count = usize::from(self.short(at)?).min(MOST_ENTRIES);
        let mut entries = Vec::with_capacity(count);
        for number in 0..count {
            let at = at + 2 + 12 * number;
            let (tag, kind, count) = (self.short(at)?, self.short(at + 2)?, self.long(at + 4)? as usize);
            let width = width_of(kind);
            let place = if count.saturating_mul(width) <= 4 { at + 8 } else { self.long(at + 8)? as usize };
            entries.push((tag, kind, count, place));
        }
        Some((Directory(entries), self.long(at + 2 + 12 * count).unwrap_or(0) as usize))
    }

    /// The numbers of a tag; empty where it is absent, cut short or longer than anything a picture needs.
    fn numbers(&self, directory: &Directory, tag: u16) -> Vec<f64> {
        let Some((_, kind, count, place)) = directory.0.iter().find(|entry| entry.0 == tag).copied() else { return Vec::new() };
        let width = width_of(kind);
        if width == 0 || count > MOST_VALUES {
            return Vec::new();
        }
        let read = |at: usize| {
            Some(match kind {
                1 | 7 => f64::from(*self.bytes.get(at)?),
                3 => f64::from(self.short(at)?),
                4 | 13 => f64::from(self.long(at)?),
                5 => f64::from(self.long(at)?) / f64::from(self.long(at + 4)?),
                8 => f64::from(self.short(at)? as i16),
                9 => f64::from(self.long(at)? as i32),
                10 => f64::from(self.long(at)? as i32) / f64::from(self.long(at + 4)? as i32),
                11 => f64::from(f32::from_bits(self.long(at)?)),
                _ => return None,
            })
        };
        let numbers: Option<Vec<f64>> = (0..count).map(|number| read(place.checked_add(number * width)?)).collect();
        numbers.unwrap_or_default()
    }

    fn number(&self, directory: &Directory, tag: u16) -> Option<u32> {
        let number = *self.numbers(directory, tag).first()?;
        (number.is_finite() && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
    }

    fn triple(&self, directory: &Directory, tag: u16) -> Option<[f64; 3]> {
        self.numbers(directory, tag).try_into().ok().filter(|triple: &[f64; 3]| triple.iter().all(|part| part.is_finite()))
    }

    fn matrix(&self, directory: &Directory, tag: u16) -> Option<Matrix> {
        let nine: [f64; 9] = self.numbers(directory, tag).try_into().ok()?;
        nine.iter().all(|part| part.is_finite()).then(|| std::array::from_fn(|row| std::array::from_fn(|n| nine[3 * row + n])))
    }

    /// All directories: the chain and what hangs below each of its links.
    fn directories(&self) -> Vec<Directory> {
        let mut waiting = vec![self.long(4).unwrap_or(0) as usize];
        let (mut seen, mut found) = (Vec::new(), Vec::new());
        while let Some(at) = waiting.pop() {
            if at == 0 || seen.contains(&at) || seen.len() >= MOST_DIRECTORIES {
                continue;
            }
            seen.push(at);
            let Some((directory, next)) = self.directory(at) else { continue };
            waiting.push(next);
            waiting.extend(self.numbers(&directory, 330).into_iter().take(MOST_DIRECTORIES).map(|at| at as usize));
            found.push(directory);
        }
        found
    }
}

fn width_of(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 => 8,
        _ => 0,
    }
}

/// Whether a TIFF says that it is a DNG (tag DNGVersion).
pub(crate) fn is_dng(head: &[u8]) -> bool {
    let Ok(tiff) = Tiff::new(head) else { return false };
    let first = tiff.long(4).and_then(|at| tiff.directory(at as usize));
    first.is_some_and(|(directory, _)| directory.0.iter().any(|entry| entry.0 == 50_706))
}

/// How the samples of the mosaic lie.
struct Layout {
    width: usize,
    height: usize,
    bits: u32,
    compression: u32,
    /// Width and height of a strip or tile; where each begins and how long it is.
    piece: (usize, usize),
    pieces: Vec<(usize, usize)>,
}

impl Layout {
    fn new(tiff: &Tiff<'_>, raw: &Directory, pixels: usize) -> Result<Self, Problem> {
        let side = |tag: u16| tiff.number(raw, tag).unwrap_or(0) as usize;
        let (width, height) = (side(256), side(257));
        if width < 2 || height < 2 || width > 65_536 || height > 65_536 {
            return Err(Problem::Damaged(format!("a picture of {width} by {height} pixels")));
        }
        if width * height > pixels {
            return Err(Problem::Limit(format!("a picture of {width} by {height} pixels is larger than the limit")));
        }
        let (bits, compression) = (tiff.number(raw, 258).unwrap_or(1), tiff.number(raw, 259).unwrap_or(1));
        if !(8..=16).contains(&bits) {
            return Err(Problem::Unsupported(format!("DNG with {bits} bits")));
        }
        if tiff.number(raw, 277).unwrap_or(1) != 1 {
            return Err(Problem::Unsupported("DNG with more than one sample a pixel".to_owned()));
        }
        let name = match compression {
            COMPRESSION_NONE | COMPRESSION_LOSSLESS_JPEG => "",
            8 => " (Deflate)",
            9 => " (VC-5)",
            34_892 => " (lossy JPEG)",
            52_546 => " (JPEG XL)",
            _ => " (not known)",
        };
        if !name.is_empty() {
            return Err(Problem::Unsupported(format!("DNG compression {compression}{name}")));
        }
        let tiled = tiff.numbers(raw, 324);
        let (piece, offsets, lengths) = if tiled.is_empty() {
            let rows = side(278);
            ((width, if rows == 0 { height } else { rows.min(height) }), tiff.numbers(raw, 273), tiff.numbers(raw, 279))
        } else {
            ((side(322), side(323)), tiled, tiff.numbers(raw, 325))
        };
        if piece.0 == 0 || piece.1 == 0 || piece.0 > 65_536 || piece.1 > 65_536 {
            return Err(Problem::Damaged("tiles without a size".to_owned()));
        }
        let count = width.div_ceil(piece.0) * height.div_ceil(piece.1);
        if offsets.len() < count || lengths.len() < count {
            return Err(Problem::Damaged(format!("{count} parts of the picture are due, {} are named", offsets.len())));
        }
        let pieces = offsets.iter().zip(&lengths).take(count).map(|(at, length)| (*at as usize, *length as usize)).collect();
        Ok(Self { width, height, bits, compression, piece, pieces })
    }

    /// All samples, line by line.
    fn samples(&self, tiff: &Tiff<'_>) -> Result<Vec<u16>, Problem> {
        let mut out = vec![0_u16; self.width * self.height];
        let across = self.width.div_ceil(self.piece.0);
        let (wide, high) = self.piece;
        for (number, (at, length)) in self.pieces.iter().enumerate() {
            let (left, top) = (number % across * wide, number / across * high);
            let lines = high.min(self.height - top);
            let columns = wide.min(self.width - left);
            let bytes = at
                .checked_add(*length)
                .and_then(|end| tiff.bytes.get(*at..end))
                .ok_or_else(|| Problem::Damaged(format!("part {} of the picture lies beyond the end of the file", number + 1)))?;
            if self.compression == COMPRESSION_LOSSLESS_JPEG {
                // Components side by side and lines folded differently: the samples follow each other all the same.
                let samples = lossless_jpeg::decode(bytes, wide * high).map_err(Problem::Damaged)?;
                if samples.len() < wide * lines {
                    return Err(Problem::Damaged(format!("part {} of the picture is incomplete", number + 1)));
                }
                for line in 0..lines {
                    let to = (top + line) * self.width + left;
                    out[to..to + columns].copy_from_slice(&samples[line * wide..line * wide + columns]);
                }
                continue;
            }
            let stride = (wide * self.bits as usize).div_ceil(8);
            if bytes.len() < stride * lines {
                return Err(Problem::Damaged(format!("part {} of the picture is cut short", number + 1)));
            }
            for line in 0..lines {
                let to = (top + line) * self.width + left;
                let (from, to) = (&bytes[line * stride..(line + 1) * stride], &mut out[to..to + columns]);
                match self.bits {
                    16 => {
                        for (sample, two) in to.iter_mut().zip(from.chunks_exact(2)) {
                            let two = [two[0], two[1]];
                            *sample = if tiff.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) };
                        }
                    }
                    bits => unpack_msb(from, bits, to),
                }
            }
        }
        Ok(out)
    }
}

enum Problem {
    Damaged(String),
    Unsupported(String),
    Limit(String),
}

/// Black, white and curve: from samples to 0 at black and 1 at white.
struct Levels {
    table: Vec<f64>,
    black: Vec<f64>,
    repeat: (usize, usize),
    rows: Vec<f64>,
    columns: Vec<f64>,
    white: f64,
}

impl Levels {
    fn new(tiff: &Tiff<'_>, raw: &Directory, bits: u32) -> Result<Self, Problem> {
        let repeat = match tiff.numbers(raw, 50_713)[..] {
            [rows, columns] => ((rows as usize).clamp(1, 64), (columns as usize).clamp(1, 64)),
            _ => (1, 1),
        };
        let mut black = tiff.numbers(raw, 50_714);
        black.resize(repeat.0 * repeat.1, black.first().copied().unwrap_or(0.0));
        let white = tiff.numbers(raw, 50_717).first().copied().unwrap_or(f64::from((1_u32 << bits) - 1));
        let most = black.iter().copied().fold(0.0, f64::max);
        if !black.iter().all(|level| level.is_finite()) || !white.is_finite() || white <= most {
            return Err(Problem::Damaged(format!("white {white} is not above black {most}")));
        }
        let (rows, columns) = (tiff.numbers(raw, 50_716), tiff.numbers(raw, 50_715));
        Ok(Self { table: tiff.numbers(raw, 50_712), black, repeat, rows, columns, white })
    }

    /// `line` and `column` within the active area.
    fn value(&self, sample: u16, line: usize, column: usize) -> f32 {
        let code = match self.table.len() {
            0 => f64::from(sample),
            length => self.table[usize::from(sample).min(length - 1)],
        };
        let repeated = self.black[line % self.repeat.0 * self.repeat.1 + column % self.repeat.1];
        let delta = |list: &[f64], at: usize| list.get(at).copied().filter(|delta| delta.is_finite()).unwrap_or(0.0);
        let black = repeated + delta(&self.rows, line) + delta(&self.columns, column);
        ((code - black) / (self.white - black).max(1.0)).min(1.0) as f32
    }
}

/// Reads one DNG file whose mosaic has at most `pixels` samples.
pub(crate) fn read(path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    let failed = |source| PreviewError::Read { path: path.to_path_buf(), source };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MOST_FILE_BYTES {
        let what = format!("a DNG of {size} bytes is larger than the limit");
        return Err(PreviewError::Limit { path: path.to_path_buf(), what });
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    decode(&bytes, pixels).map_err(|problem| match problem {
        Problem::Damaged(reason) => PreviewError::damaged(path, reason),
        Problem::Unsupported(what) => PreviewError::Unsupported { path: path.to_path_buf(), what },
        Problem::Limit(what) => PreviewError::Limit { path: path.to_path_buf(), what },
    })
}

fn decode(bytes: &[u8], pixels: usize) -> Result<Frame, Problem> {
    let tiff = Tiff::new(bytes).map_err(Problem::Damaged)?;
    let directories = tiff.directories();
    let mosaic = |directory: &&Directory| tiff.number(directory, 262) == Some(COLOUR_FILTER_ARRAY);
    let area = |directory: &&Directory| {
        u64::from(tiff.number(directory, 256).unwrap_or(0)) * u64::from(tiff.number(directory, 257).unwrap_or(0))
    };
    let Some(raw) = directories.iter().filter(mosaic).max_by_key(area) else {
        return Err(Problem::Unsupported("a DNG without a mosaic".to_owned()));
    };
    let main = directories.first().unwrap_or(raw);
    let layout = Layout::new(&tiff, raw, pixels)?;
    let plane = tiff.numbers(raw, 50_710);
    let plane = if plane.is_empty() { vec![0.0, 1.0, 2.0] } else { plane };
    let pattern = tiff.numbers(raw, 33_422);
    let pattern: Option<Pattern> = pattern
        .iter()
        .map(|code| plane.iter().position(|known| known == code).map(|n| n as u8))
        .collect::<Option<Vec<u8>>>()
        .and_then(|four| four.try_into().ok());
    let even = tiff.numbers(raw, 33_421) == [2.0, 2.0];
    let Some(pattern) = pattern.filter(|pattern| is_bayer(pattern) && plane.len() == 3 && even) else {
        return Err(Problem::Unsupported("a mosaic that is not two by two of red, green, green, blue".to_owned()));
    };
    if tiff.number(raw, 50_711).unwrap_or(1) != 1 {
        return Err(Problem::Unsupported("a mosaic that is not rectangular".to_owned()));
    }
    let active = active_area(&tiff, raw, &layout);
    let levels = Levels::new(&tiff, raw, layout.bits)?;
    let samples = layout.samples(&tiff)?;
    let (width, height, mut rgb) = half_size(active, &pattern, |line, column| {
        levels.value(samples[line * layout.width + column], line - active.top, column - active.left)
    });
    let (width, height) = crop(&tiff, raw, width, height, &mut rgb);
    let profile = profile(&tiff, main);
    let exposure = tiff.numbers(main, 50_730).first().copied().filter(|stops| stops.abs() <= 10.0).unwrap_or(0.0);
    let packing = if layout.compression == COMPRESSION_NONE { "uncompressed" } else { "lossless JPEG" };
    let mut read_as = format!("DNG mosaic of {} bits, {packing}, half size", layout.bits);
    let own_input = match profile.conversion() {
        Ok(conversion) => {
            let (matrix, white, gain) = (conversion.to_aces, conversion.white, exposure.exp2());
            rgb.par_iter_mut().for_each(|pixel| {
                let camera = std::array::from_fn(|n| f64::from(pixel[n]).min(white[n]));
                *pixel = apply(&matrix, camera).map(|part| (part * gain) as f32);
            });
            read_as.push_str(&format!(", {}", conversion.words));
            if exposure != 0.0 {
                read_as.push_str(&format!(", BaselineExposure {exposure:+.2}"));
            }
            let reason = format!("made from camera values by the DNG's own {}", conversion.words);
            InputChoice::Scene { space: "ACES2065-1".to_owned(), reason }
        }
        Err(reason) => InputChoice::Unknown { reason },
    };
    let scale = tiff.numbers(raw, 50_718);
    let aspect = if let [across, down] = scale[..] { across / down } else { 1.0 };
    Ok(Frame {
        width,
        height,
        rgb,
        pixel_aspect: if (0.1..=10.0).contains(&aspect) { aspect } else { 1.0 },
        linear: true,
        own_input: Some(own_input),
        converted: true,
        read_as,
    })
}

fn active_area(tiff: &Tiff<'_>, raw: &Directory, layout: &Layout) -> Area {
    let whole = Area { top: 0, left: 0, width: layout.width, height: layout.height };
    let [top, left, bottom, right] = tiff.numbers(raw, 50_829)[..] else { return whole };
    let (top, left, bottom, right) = (top as usize, left as usize, bottom as usize, right as usize);
    if bottom > layout.height || right > layout.width || top + 2 > bottom || left + 2 > right {
        return whole;
    }
    Area { top, left, width: right - left, height: bottom - top }
}

/// Keeps what DefaultCrop shows.
fn crop(tiff: &Tiff<'_>, raw: &Directory, width: usize, height: usize, rgb: &mut Vec<[f32; 3]>) -> (usize, usize) {
    let (origin, size) = (tiff.numbers(raw, 50_719), tiff.numbers(raw, 50_720));
    let ([x, y], [wide, high]) = (&origin[..], &size[..]) else { return (width, height) };
    let half = |part: &f64| if part.is_finite() && *part >= 0.0 { (part / 2.0) as usize } else { usize::MAX };
    let (x, y, wide, high) = (half(x), half(y), half(wide), half(high));
    let fits = wide > 0 && high > 0 && x.saturating_add(wide) <= width && y.saturating_add(high) <= height;
    if !fits || (wide, high) == (width, height) {
        return (width, height);
    }
    *rgb = (y..y + high).flat_map(|line| rgb[line * width + x..line * width + x + wide].to_vec()).collect();
    (wide, high)
}

fn profile(tiff: &Tiff<'_>, main: &Directory) -> Profile {
    let matrix = |tag: u16| tiff.matrix(main, tag);
    Profile {
        colour: [matrix(50_721), matrix(50_722)],
        calibration: [matrix(50_723), matrix(50_724)],
        forward: [matrix(50_964), matrix(50_965)],
        illuminants: [tiff.number(main, 50_778).unwrap_or(0), tiff.number(main, 50_779).unwrap_or(0)],
        analog_balance: tiff.triple(main, 50_727),
        neutral: tiff.triple(main, 50_728),
        white_xy: tiff.numbers(main, 50_729).try_into().ok(),
    }
}

#[cfg(test)]
#[path = "dng_tests.rs"]
mod tests;
