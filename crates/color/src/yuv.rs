//! Owns the way from a decoder's native planes to f32 R'G'B' and back (ITU-R BT.601, BT.709, BT.2020 non-constant luminance;
//! BT.709 left-sited chroma). Nothing is clipped: super-whites and sub-blacks carry log data. Own code because swscale's 10-bit
//! limited-range conversion is off by up to 5 codes of 1023.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How the code values are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// 16 to 235 of 8 bits ("video", "legal").
    Limited,
    /// The whole code range.
    Full,
}

/// Which luma coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matrix {
    /// ITU-R BT.601.
    Bt601,
    /// ITU-R BT.709.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

impl Matrix {
    /// Weights of red and blue in luma.
    #[must_use]
    pub const fn weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// What the planes hold and how chroma is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// Y, U, V; chroma at full resolution.
    Yuv444,
    /// Y, U, V; chroma halved across.
    Yuv422,
    /// Y, U, V; chroma halved both ways.
    Yuv420,
    /// Y only.
    Gray,
    /// Planes in the order G, B, R.
    Gbr,
    /// One plane of interleaved R, G, B (and alpha, where `alpha` is set).
    PackedRgb,
}

/// A decoder's raw frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameFormat {
    /// Pixels across.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Planes.
    pub layout: Layout,
    /// A further alpha plane (or component) follows and is skipped.
    pub alpha: bool,
    /// Significant bits, 8 to 16; above 8, two bytes a sample.
    pub bits: u32,
    /// Byte order of two-byte samples.
    pub big_endian: bool,
    /// Coding range.
    pub range: Range,
    /// Luma coefficients.
    pub matrix: Matrix,
}

/// Why a frame cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YuvError {
    /// The description makes no sense.
    #[error("no picture of {width} by {height} pixels at {bits} bits")]
    BadFormat {
        /// Width.
        width: usize,
        /// Height.
        height: usize,
        /// Bits.
        bits: u32,
    },
    /// The bytes are not one frame.
    #[error("a frame of {need} bytes is needed, {have} are there")]
    WrongSize {
        /// Expected.
        need: usize,
        /// Given.
        have: usize,
    },
}

/// Largest side; more is not a camera's picture.
const LARGEST_SIDE: usize = 32_768;

impl FrameFormat {
    fn sample_bytes(&self) -> usize {
        if self.bits > 8 { 2 } else { 1 }
    }

    fn chroma_size(&self) -> (usize, usize) {
        match self.layout {
            Layout::Yuv422 => (self.width.div_ceil(2), self.height),
            Layout::Yuv420 => (self.width.div_ceil(2), self.height.div_ceil(2)),
            _ => (self.width, self.height),
        }
    }

    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> Result<usize, YuvError> {
        let bad = YuvError::BadFormat { width: self.width, height: self.height, bits: self.bits };
        if self.width == 0
            || self.height == 0
            || self.width > LARGEST_SIDE
            || self.height > LARGEST_SIDE
            || !(8..=16).contains(&self.bits)
        {
            return Err(bad);
        }
        let luma = self.width * self.height;
        let (chroma_width, chroma_height) = self.chroma_size();
        let samples = match self.layout {
            Layout::Gray => luma,
            Layout::PackedRgb | Layout::Gbr => 3 * luma,
            _ => luma + 2 * chroma_width * chroma_height,
        } + if self.alpha { luma } else { 0 };
        Ok(samples * self.sample_bytes())
    }

    /// Luma code to 0..1 as `(code - black) * scale`.
    fn luma_scale(&self) -> (f32, f32) {
        let top = f64::from((1_u32 << self.bits) - 1);
        let step = f64::from(1_u32 << (self.bits - 8));
        match self.range {
            Range::Limited => ((16.0 * step) as f32, (1.0 / (219.0 * step)) as f32),
            Range::Full => (0.0, (1.0 / top) as f32),
        }
    }

    /// Chroma code to -0.5..0.5 as `(code - middle) * scale`.
    fn chroma_scale(&self) -> (f32, f32) {
        let top = f64::from((1_u32 << self.bits) - 1);
        let step = f64::from(1_u32 << (self.bits - 8));
        let middle = (128.0 * step) as f32;
        match self.range {
            Range::Limited => (middle, (1.0 / (224.0 * step)) as f32),
            Range::Full => (middle, (1.0 / top) as f32),
        }
    }
}

/// One plane of samples.
#[derive(Clone, Copy)]
struct Plane<'a> {
    bytes: &'a [u8],
    width: usize,
    wide: bool,
    big_endian: bool,
}

impl Plane<'_> {
    fn at(&self, index: usize) -> f32 {
        if self.wide {
            let pair = [self.bytes[2 * index], self.bytes[2 * index + 1]];
            f32::from(if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
        } else {
            f32::from(self.bytes[index])
        }
    }

    fn row(&self, line: usize, out: &mut [f32]) {
        for (column, value) in out.iter_mut().enumerate() {
            *value = self.at(line * self.width + column);
        }
    }
}

/// R'G'B' code values (0..1 is black to white, beyond both where the signal goes there) from one raw frame.
pub fn rgb_from_planes(frame: &[u8], format: &FrameFormat) -> Result<Vec<[f32; 3]>, YuvError> {
    let need = format.frame_bytes()?;
    if frame.len() != need {
        return Err(YuvError::WrongSize { need, have: frame.len() });
    }
    let (width, height) = (format.width, format.height);
    let bytes = format.sample_bytes();
    let plane = |start_sample: usize, plane_width: usize, lines: usize| Plane {
        bytes: &frame[start_sample * bytes..(start_sample + plane_width * lines) * bytes],
        width: plane_width,
        wide: bytes == 2,
        big_endian: format.big_endian,
    };
    let luma_samples = width * height;
    let (black, luma_scale) = format.luma_scale();
    let mut out = vec![[0.0_f32; 3]; luma_samples];
    match format.layout {
        Layout::PackedRgb => {
            let parts = if format.alpha { 4 } else { 3 };
            let all = plane(0, width * parts, height);
            out.par_chunks_mut(width).enumerate().for_each(|(line, pixels)| {
                for (column, pixel) in pixels.iter_mut().enumerate() {
                    for (part, value) in pixel.iter_mut().enumerate() {
                        *value = (all.at((line * width + column) * parts + part) - black) * luma_scale;
                    }
                }
            });
        }
        Layout::Gbr => {
            let planes = [plane(2 * luma_samples, width, height), plane(0, width, height), plane(luma_samples, width, height)];
            out.par_chunks_mut(width).enumerate().for_each(|(line, pixels)| {
                for (column, pixel) in pixels.iter_mut().enumerate() {
                    for (value, plane) in pixel.iter_mut().zip(&planes) {
                        *value = (plane.at(line * width + column) - black) * luma_scale;
                    }
                }
            });
        }
        Layout::Gray => {
            let luma = plane(0, width, height);
            out.par_chunks_mut(width).enumerate().for_each(|(line, pixels)| {
                for (column, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = [(luma.at(line * width + column) - black) * luma_scale; 3];
                }
            });
        }
        Layout::Yuv444 | Layout::Yuv422 | Layout::Yuv420 => {
            let (chroma_width, chroma_height) = format.chroma_size();
            let luma = plane(0, width, height);
            let blue = plane(luma_samples, chroma_width, chroma_height);
            let red = plane(luma_samples + chroma_width * chroma_height, chroma_width, chroma_height);
            let (middle, chroma_scale) = format.chroma_scale();
            let (red_weight, blue_weight) = format.matrix.weights();
            let green_weight = 1.0 - red_weight - blue_weight;
            let red_from = (2.0 * (1.0 - red_weight)) as f32;
            let blue_from = (2.0 * (1.0 - blue_weight)) as f32;
            let green_from_blue = (2.0 * blue_weight * (1.0 - blue_weight) / green_weight) as f32;
            let green_from_red = (2.0 * red_weight * (1.0 - red_weight) / green_weight) as f32;
            out.par_chunks_mut(width).enumerate().for_each_init(
                || (vec![0.0; chroma_width], vec![0.0; chroma_width], vec![0.0; chroma_width]),
                |(blue_row, red_row, other), (line, pixels)| {
                    chroma_line(&blue, format.layout, line, chroma_height, blue_row, other);
                    chroma_line(&red, format.layout, line, chroma_height, red_row, other);
                    for (column, pixel) in pixels.iter_mut().enumerate() {
                        let y = (luma.at(line * width + column) - black) * luma_scale;
                        let (cb, cr) = if format.layout == Layout::Yuv444 {
                            (blue_row[column], red_row[column])
                        } else {
                            // Left-sited: chroma sits on even columns; odd columns lie half way to the next.
                            let left = column / 2;
                            if column % 2 == 0 {
                                (blue_row[left], red_row[left])
                            } else {
                                let right = (left + 1).min(chroma_width - 1);
                                (0.5 * (blue_row[left] + blue_row[right]), 0.5 * (red_row[left] + red_row[right]))
                            }
                        };
                        let (cb, cr) = ((cb - middle) * chroma_scale, (cr - middle) * chroma_scale);
                        *pixel = [y + red_from * cr, y - green_from_blue * cb - green_from_red * cr, y + blue_from * cb];
                    }
                },
            );
        }
    }
    Ok(out)
}

/// The chroma of one picture line. With 4:2:0 the samples lie between two lines, so each line is 3/4 the near and 1/4 the far one.
fn chroma_line(plane: &Plane<'_>, layout: Layout, line: usize, lines: usize, out: &mut [f32], other: &mut [f32]) {
    if layout != Layout::Yuv420 {
        plane.row(line, out);
        return;
    }
    let near = line / 2;
    let far = if line.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(lines - 1) };
    plane.row(near, out);
    plane.row(far, other);
    for (value, far) in out.iter_mut().zip(other.iter()) {
        *value = 0.75 * *value + 0.25 * far;
    }
}

/// Planar Y'CbCr 4:2:2, 10 bits, limited range, BT.709, little endian (`yuv422p10le`) from display R'G'B': what the proxy encoder
/// is fed. Chroma is filtered 1-2-1 and left-sited. Codes stay within 4..=1019, as the interface standards ask. `width` must divide
/// the pixel count.
#[must_use]
pub fn yuv422p10_from_rgb(rgb: &[[f32; 3]], width: usize) -> Vec<u8> {
    let width = width.max(1);
    let height = rgb.len() / width;
    let chroma_width = width.div_ceil(2);
    let (red_weight, blue_weight) = Matrix::Bt709.weights();
    let (red_weight, blue_weight) = (red_weight as f32, blue_weight as f32);
    let green_weight = 1.0 - red_weight - blue_weight;
    let code = |value: f32| (value.round().clamp(4.0, 1019.0) as u16).to_le_bytes();
    let mut out = vec![0_u8; 2 * (width * height + 2 * chroma_width * height)];
    let (luma_plane, chroma) = out.split_at_mut(2 * width * height);
    let (blue_plane, red_plane) = chroma.split_at_mut(2 * chroma_width * height);
    luma_plane
        .par_chunks_mut(2 * width)
        .zip(blue_plane.par_chunks_mut(2 * chroma_width))
        .zip(red_plane.par_chunks_mut(2 * chroma_width))
        .zip(rgb.par_chunks(width))
        .for_each(|(((luma_row, blue_row), red_row), pixels)| {
            let parts: Vec<(f32, f32)> = pixels
                .iter()
                .zip(luma_row.chunks_exact_mut(2))
                .map(|([r, g, b], bytes)| {
                    let y = red_weight * r + green_weight * g + blue_weight * b;
                    bytes.copy_from_slice(&code(64.0 + 876.0 * y));
                    ((b - y) / (2.0 * (1.0 - blue_weight)), (r - y) / (2.0 * (1.0 - red_weight)))
                })
                .collect();
            for (index, (blue, red)) in blue_row.chunks_exact_mut(2).zip(red_row.chunks_exact_mut(2)).enumerate() {
                let here = 2 * index;
                let (left, right) = (here.saturating_sub(1), (here + 1).min(width - 1));
                let cb = 0.25 * parts[left].0 + 0.5 * parts[here].0 + 0.25 * parts[right].0;
                let cr = 0.25 * parts[left].1 + 0.5 * parts[here].1 + 0.25 * parts[right].1;
                blue.copy_from_slice(&code(512.0 + 896.0 * cb));
                red.copy_from_slice(&code(512.0 + 896.0 * cr));
            }
        });
    out
}
