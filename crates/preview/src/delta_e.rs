//! Owns the difference between two pictures as people see it: Delta E ITP (Recommendation ITU-R BT.2124-0), one being about the
//! smallest difference that can be seen under the most critical adaptation. Must never scale one picture to the other.

use crate::error::PreviewError;
use crate::ffmpeg::Ffmpeg;
use crate::picture::{Picture, Provenance};
use crate::still::{FramePick, Media, StillRequest, effective_input, original};
use checkgate_color::{ColorEngine, InputChoice, Recipe, apply_parallel};
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;

/// How the code values of a picture that was made for a display become light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisplayCoding {
    /// BT.709 primaries, BT.1886 with black at zero and white at 100 cd/m².
    #[default]
    Rec1886,
    /// BT.709 primaries, sRGB curve, white at 100 cd/m².
    Srgb,
    /// BT.2020 primaries, PQ (SMPTE ST 2084).
    Pq2020,
    /// P3 primaries with D65, PQ.
    PqP3,
}

impl DisplayCoding {
    /// `rec1886`, `srgb`, `pq2020` or `pq-p3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "rec1886" => Some(Self::Rec1886),
            "srgb" => Some(Self::Srgb),
            "pq2020" => Some(Self::Pq2020),
            "pq-p3" => Some(Self::PqP3),
            _ => None,
        }
    }

    /// Light in cd/m², BT.2020 primaries.
    fn light(self, code: [f32; 3]) -> [f64; 3] {
        let code = code.map(|value| if value.is_nan() { 0.0 } else { f64::from(value.clamp(0.0, 1.0)) });
        match self {
            Self::Rec1886 => times(&FROM_709, code.map(|value| 100.0 * value.powf(2.4))),
            Self::Srgb => times(
                &FROM_709,
                code.map(|value| 100.0 * if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }),
            ),
            Self::Pq2020 => code.map(pq_light),
            Self::PqP3 => times(&FROM_P3, code.map(pq_light)),
        }
    }
}

type Matrix = [[f64; 3]; 3];

/// Recommendation ITU-R BT.2087-0.
const FROM_709: Matrix = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]];
/// By the primaries of SMPTE RP 431-2 with D65.
const FROM_P3: Matrix =
    [[0.753_833, 0.198_597, 0.047_570], [0.045_744, 0.941_777, 0.012_479], [-0.001_210, 0.017_602, 0.983_608]];
/// Recommendation ITU-R BT.2100, table 7.
const LMS: Matrix = [
    [1688.0 / 4096.0, 2146.0 / 4096.0, 262.0 / 4096.0],
    [683.0 / 4096.0, 2951.0 / 4096.0, 462.0 / 4096.0],
    [99.0 / 4096.0, 309.0 / 4096.0, 3688.0 / 4096.0],
];

fn times(matrix: &Matrix, value: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * value[0] + row[1] * value[1] + row[2] * value[2])
}

const M1: f64 = 2610.0 / 16384.0;
const M2: f64 = 2523.0 / 4096.0 * 128.0;
const C1: f64 = 3424.0 / 4096.0;
const C2: f64 = 2413.0 / 4096.0 * 32.0;
const C3: f64 = 2392.0 / 4096.0 * 32.0;

/// PQ code of light in cd/m².
fn pq_code(light: f64) -> f64 {
    let power = (light.max(0.0) / 10_000.0).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// Light in cd/m² of a PQ code.
fn pq_light(code: f64) -> f64 {
    let power = code.powf(1.0 / M2);
    10_000.0 * ((power - C1).max(0.0) / (C2 - C3 * power)).powf(1.0 / M1)
}

/// I, T and P of light in cd/m² with BT.2020 primaries.
fn itp(light: [f64; 3]) -> [f64; 3] {
    let [l, m, s] = times(&LMS, light).map(pq_code);
    let ct = (6610.0 * l - 13613.0 * m + 7003.0 * s) / 4096.0;
    let cp = (17933.0 * l - 17390.0 * m - 543.0 * s) / 4096.0;
    [0.5 * l + 0.5 * m, 0.5 * ct, cp]
}

/// Delta E ITP of two colours, as light in cd/m² with BT.2020 primaries.
#[must_use]
pub fn delta_e_itp(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (itp(a), itp(b));
    720.0 * ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt()
}

/// How far two pictures are apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Pixels across.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Mean Delta E ITP.
    pub mean: f64,
    /// Not exceeded by 99 of 100 pixels.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Column and line of the largest.
    pub max_at: (usize, usize),
    /// How the first was read.
    pub a: String,
    /// How the second was read.
    pub b: String,
    /// Delta E ITP of each pixel.
    #[serde(skip)]
    pub differences: Vec<f32>,
}

/// How pictures are read for a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Coding of pictures made for a display.
    pub coding: DisplayCoding,
    /// Light of the value 1 of scene-linear pictures, in cd/m².
    pub linear_white: f64,
    /// Space of scene-linear or log pictures, against what the file says.
    pub input: Option<&'a str>,
}

impl Default for Reading<'_> {
    fn default() -> Self {
        Self { coding: DisplayCoding::default(), linear_white: 100.0, input: None }
    }
}

struct Light {
    width: usize,
    height: usize,
    values: Vec<[f64; 3]>,
    words: String,
}

fn read(ffmpeg: Option<&Ffmpeg>, engine: &dyn ColorEngine, path: &Path, reading: Reading<'_>) -> Result<Light, PreviewError> {
    let input = reading.input.map_or_else(|| InputChoice::Unknown { reason: String::new() }, InputChoice::explicit);
    let request = StillRequest { frame: FramePick::First, ..StillRequest::new(Media::File(path.to_path_buf()), input) };
    let (mut frame, _, path) = original(ffmpeg, &request)?;
    let scene = match effective_input(&request.input, &frame) {
        InputChoice::Scene { space, .. } => Some(space),
        InputChoice::Unknown { reason } if frame.linear => return Err(PreviewError::UnknownInput { path, reason }),
        _ => None,
    };
    let (values, words) = if let Some(space) = scene {
        let recipe = Recipe::to_space(&space, "Linear Rec.2020");
        let processor = engine.processor(&recipe).map_err(|source| PreviewError::Color { path, source })?;
        apply_parallel(processor.as_ref(), &mut frame.rgb);
        let light = |value: f32| if value.is_nan() { 0.0 } else { f64::from(value) * reading.linear_white };
        let values = frame.rgb.par_iter().map(|pixel| pixel.map(light)).collect();
        (values, format!("{space}, 1.0 is {} cd/m²", reading.linear_white))
    } else {
        let values = frame.rgb.par_iter().map(|pixel| reading.coding.light(*pixel)).collect();
        (values, format!("{:?}, {}", reading.coding, frame.read_as))
    };
    Ok(Light { width: frame.width, height: frame.height, values, words })
}

/// Compares two pictures of one size, pixel by pixel.
pub fn compare(
    ffmpeg: Option<&Ffmpeg>,
    engine: &dyn ColorEngine,
    a: &Path,
    b: &Path,
    reading: Reading<'_>,
) -> Result<Comparison, PreviewError> {
    let (first, second) = (read(ffmpeg, engine, a, reading)?, read(ffmpeg, engine, b, reading)?);
    if (first.width, first.height) != (second.width, second.height) {
        let size = |light: &Light| format!("{}x{}", light.width, light.height);
        return Err(PreviewError::OtherSize { path: b.to_path_buf(), a: size(&first), b: size(&second) });
    }
    let differences: Vec<f32> = first.values.par_iter().zip(&second.values).map(|(a, b)| delta_e_itp(*a, *b) as f32).collect();
    let mean = differences.iter().map(|value| f64::from(*value)).sum::<f64>() / differences.len().max(1) as f64;
    let at = (0..differences.len()).max_by(|a, b| differences[*a].total_cmp(&differences[*b])).unwrap_or(0);
    let mut sorted = differences.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    // The smallest value that at least 99 of 100 do not exceed.
    let rank = (sorted.len() * 99).div_ceil(100).max(1) - 1;
    Ok(Comparison {
        width: first.width,
        height: first.height,
        mean,
        p99: f64::from(sorted[rank]),
        max: f64::from(differences[at]),
        max_at: (at % first.width, at / first.width),
        a: first.words,
        b: second.words,
        differences,
    })
}

impl Comparison {
    /// The differences as a picture: black is none, blue up to 1, green up to 3, yellow up to 6, red from 10.
    #[must_use]
    pub fn map(&self) -> Picture {
        const STOPS: [(f32, [f32; 3]); 5] = [
            (0.0, [0.0, 0.0, 0.0]),
            (1.0, [0.15, 0.3, 0.75]),
            (3.0, [0.1, 0.65, 0.35]),
            (6.0, [0.95, 0.85, 0.2]),
            (10.0, [0.9, 0.15, 0.1]),
        ];
        let colour = |value: f32| {
            let above = STOPS.iter().position(|(stop, _)| *stop > value).unwrap_or(STOPS.len());
            let (Some(low), Some(high)) = (STOPS.get(above.wrapping_sub(1)), STOPS.get(above)) else { return STOPS[4].1 };
            let part = (value - low.0) / (high.0 - low.0);
            std::array::from_fn(|at| low.1[at] + (high.1[at] - low.1[at]) * part)
        };
        Picture {
            width: self.width,
            height: self.height,
            rgb: self.differences.iter().map(|value| colour(*value)).collect(),
            provenance: Provenance { output: "map of Delta E ITP".to_owned(), ..Provenance::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pq_and_itp_have_the_values_of_their_standards() {
        // SMPTE ST 2084: 100 cd/m² is 0.508078, 1000 is 0.751827, 10000 is 1.
        for (light, code) in [(100.0, 0.508_078), (1000.0, 0.751_827), (10_000.0, 1.0)] {
            assert!((pq_code(light) - code).abs() < 1e-6, "{light}: {}", pq_code(light));
            assert!((pq_light(code) - light).abs() < light * 2e-5);
        }
        // A neutral has neither T nor P.
        let [i, t, p] = itp([100.0; 3]);
        assert!((i - 0.508_078).abs() < 1e-6 && t.abs() < 1e-12 && p.abs() < 1e-12);
    }

    /// Values of the Python package colour-science 0.4 (`delta_E_ITP` over `RGB_to_ICtCp`, BT.2100-1 PQ).
    #[test]
    fn differences_are_those_of_another_implementation() {
        for (a, b, want) in [
            ([100.0; 3], [101.0; 3], 0.719_268_6),
            ([100.0, 0.0, 0.0], [90.0, 5.0, 5.0], 59.679_165),
            ([18.0; 3], [18.0, 18.0, 20.0], 4.670_047),
            ([1000.0, 500.0, 20.0], [900.0, 520.0, 25.0], 15.232_917),
        ] {
            let got = delta_e_itp(a, b);
            assert!((got - want).abs() < 1e-4 * want, "{a:?} {b:?}: {got}, not {want}");
        }
        // White is white, whatever the coding's primaries.
        for coding in [DisplayCoding::Rec1886, DisplayCoding::Srgb] {
            assert!(delta_e_itp(coding.light([1.0; 3]), [100.0; 3]) < 0.02, "{coding:?}");
        }
        assert!(delta_e_itp(DisplayCoding::PqP3.light([0.5; 3]), DisplayCoding::Pq2020.light([0.5; 3])) < 0.02);
    }

    #[test]
    fn the_map_is_black_where_nothing_differs_and_bounded_where_much_does() {
        let comparison = Comparison {
            width: 4,
            height: 1,
            mean: 0.0,
            p99: 0.0,
            max: 0.0,
            max_at: (0, 0),
            a: String::new(),
            b: String::new(),
            differences: vec![0.0, 3.0, 400.0, f32::NAN],
        };
        let map = comparison.map();
        assert_eq!((map.rgb[0], map.rgb[1], map.rgb[2]), ([0.0; 3], [0.1, 0.65, 0.35], [0.9, 0.15, 0.1]));
    }
}
