//! Owns scopes over f32 pixels: waveform, parade, vectorscope, histogram, false colour, focus peaking. The counts are kept apart
//! from their drawing, so that they can be judged. Must never change what it measures.

use crate::picture::{Picture, Provenance};
use crate::text::{Canvas, Weight};
use serde::Serialize;

/// Lowest and highest level on waveforms, in code values: under black and over white are seen.
const FLOOR: f32 = -0.1;
const CEILING: f32 = 1.1;
const LEVELS: usize = 480;
const COLUMNS: usize = 960;
const VECTOR_SIDE: usize = 512;

/// BT.709 luma of code values.
#[must_use]
pub fn luma([r, g, b]: [f32; 3]) -> f32 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// How often each level occurs in each column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waveform {
    /// Columns.
    pub columns: usize,
    /// Counts, column by column, from the lowest level up; [`Waveform::level_of`] says which.
    pub counts: Vec<u32>,
}

impl Waveform {
    /// Row of a code value: 0 for -0.1, the last for 1.1; held at both ends.
    #[must_use]
    pub fn level_of(value: f32) -> usize {
        let part = ((value - FLOOR) / (CEILING - FLOOR)).clamp(0.0, 1.0);
        // NaN lands at the bottom.
        (part * (LEVELS - 1) as f32).round() as usize
    }

    /// Measures `channel` of the picture.
    #[must_use]
    pub fn measure(rgb: &[[f32; 3]], width: usize, columns: usize, channel: &dyn Fn([f32; 3]) -> f32) -> Self {
        let columns = columns.clamp(1, width.max(1));
        let mut counts = vec![0; columns * LEVELS];
        for line in rgb.chunks_exact(width.max(1)) {
            for (x, pixel) in line.iter().enumerate() {
                counts[x * columns / width * LEVELS + Self::level_of(channel(*pixel))] += 1;
            }
        }
        Self { columns, counts }
    }

    /// Lowest and highest row that occurs in a column.
    #[must_use]
    pub fn span(&self, column: usize) -> Option<(usize, usize)> {
        let counts = self.counts.get(column * LEVELS..(column + 1) * LEVELS)?;
        Some((counts.iter().position(|count| *count > 0)?, counts.iter().rposition(|count| *count > 0)?))
    }

    fn draw(&self, canvas: &mut Canvas<'_>, left: usize, colour: [f32; 3]) {
        let most = self.counts.iter().copied().max().unwrap_or(1).max(2);
        for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (x, y) = (left + at / LEVELS, LEVELS - 1 - at % LEVELS);
            let strength = 0.25 + 0.75 * (*count as f32).ln_1p() / (most as f32).ln_1p();
            canvas.fill(x, y, 1, 1, colour, strength);
        }
    }
}

const GROUND: [f32; 3] = [0.05; 3];
const LINE: [f32; 3] = [0.22; 3];
const WORDS: [f32; 3] = [0.6; 3];

fn picture(width: usize, height: usize, rgb: Vec<[f32; 3]>, what: &str) -> Picture {
    Picture { width, height, rgb, provenance: Provenance { output: what.to_owned(), ..Provenance::default() } }
}

fn graticule(canvas: &mut Canvas<'_>) {
    for percent in [0, 25, 50, 75, 100] {
        let y = LEVELS - 1 - Waveform::level_of(percent as f32 / 100.0);
        canvas.fill(0, y, canvas.width, 1, LINE, 1.0);
        canvas.write(&percent.to_string(), 2.0, y as f32 - 13.0, 11.0, Weight::Regular, WORDS);
    }
}

/// Waveform of luma, in per cent of the code range.
#[must_use]
pub fn waveform(rgb: &[[f32; 3]], width: usize) -> Picture {
    let measured = Waveform::measure(rgb, width, COLUMNS, &luma);
    let mut out = vec![GROUND; measured.columns * LEVELS];
    let mut canvas = Canvas { rgb: &mut out, width: measured.columns, height: LEVELS };
    graticule(&mut canvas);
    measured.draw(&mut canvas, 0, [0.75, 0.95, 0.75]);
    picture(measured.columns, LEVELS, out, "waveform of luma")
}

/// Waveforms of red, green and blue beside each other.
#[must_use]
pub fn parade(rgb: &[[f32; 3]], width: usize) -> Picture {
    let measured: Vec<Waveform> =
        (0..3).map(|channel| Waveform::measure(rgb, width, COLUMNS / 3, &|pixel: [f32; 3]| pixel[channel])).collect();
    let columns = measured[0].columns;
    let mut out = vec![GROUND; columns * 3 * LEVELS];
    let mut canvas = Canvas { rgb: &mut out, width: columns * 3, height: LEVELS };
    graticule(&mut canvas);
    for (number, (one, colour)) in measured.iter().zip([[1.0, 0.35, 0.3], [0.35, 0.95, 0.4], [0.4, 0.55, 1.0]]).enumerate() {
        one.draw(&mut canvas, number * columns, colour);
    }
    picture(columns * 3, LEVELS, out, "parade of red, green and blue")
}

/// Colour difference of a pixel (BT.709): Cb to the right, Cr upwards, -0.5 to 0.5.
#[must_use]
pub fn colour_difference(pixel: [f32; 3]) -> (f32, f32) {
    let y = luma(pixel);
    ((pixel[2] - y) / 1.8556, (pixel[0] - y) / 1.5748)
}

/// Column and line of a colour difference on the vectorscope, held at its edges.
#[must_use]
pub fn vector_at((cb, cr): (f32, f32)) -> (usize, usize) {
    let place = |part: f32| (part.clamp(0.0, 1.0) * (VECTOR_SIDE - 1) as f32).round() as usize;
    (place(cb + 0.5), place(0.5 - cr))
}

/// How often each colour difference occurs, line by line.
#[must_use]
pub fn vector_counts(rgb: &[[f32; 3]]) -> Vec<u32> {
    let mut counts = vec![0_u32; VECTOR_SIDE * VECTOR_SIDE];
    for pixel in rgb {
        let (x, y) = vector_at(colour_difference(*pixel));
        counts[y * VECTOR_SIDE + x] += 1;
    }
    counts
}

/// Vectorscope with the targets of 75 per cent colour bars.
#[must_use]
pub fn vectorscope(rgb: &[[f32; 3]]) -> Picture {
    let counts = vector_counts(rgb);
    let mut out = vec![GROUND; counts.len()];
    let mut canvas = Canvas { rgb: &mut out, width: VECTOR_SIDE, height: VECTOR_SIDE };
    let middle = VECTOR_SIDE / 2;
    canvas.fill(0, middle, VECTOR_SIDE, 1, LINE, 1.0);
    canvas.fill(middle, 0, 1, VECTOR_SIDE, LINE, 1.0);
    for (name, target) in [
        ("R", [0.75, 0.0, 0.0]),
        ("Mg", [0.75, 0.0, 0.75]),
        ("B", [0.0, 0.0, 0.75]),
        ("Cy", [0.0, 0.75, 0.75]),
        ("G", [0.0, 0.75, 0.0]),
        ("Yl", [0.75, 0.75, 0.0]),
    ] {
        let (x, y) = vector_at(colour_difference(target));
        let (left, top) = (x.saturating_sub(7), y.saturating_sub(7));
        for (x, y, width, height) in [(left, top, 15, 1), (left, top + 14, 15, 1), (left, top, 1, 15), (left + 14, top, 1, 15)] {
            canvas.fill(x, y, width, height, WORDS, 1.0);
        }
        canvas.write(name, left as f32 + 18.0, top as f32, 12.0, Weight::Regular, WORDS);
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(2);
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let strength = 0.3 + 0.7 * (*count as f32).ln_1p() / (most as f32).ln_1p();
        canvas.fill(at % VECTOR_SIDE, at / VECTOR_SIDE, 1, 1, [0.75, 0.95, 0.75], strength);
    }
    picture(VECTOR_SIDE, VECTOR_SIDE, out, "vectorscope")
}

/// Counts over 256 equal classes of 0 to 1, and what lies outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// Counts of red, green, blue.
    pub counts: [Vec<u32>; 3],
    /// Values below 0.
    pub below: [u32; 3],
    /// Values above 1.
    pub above: [u32; 3],
}

impl Histogram {
    /// Measures the picture. NaN counts as below.
    #[must_use]
    pub fn measure(rgb: &[[f32; 3]]) -> Self {
        let mut found = Self { counts: std::array::from_fn(|_| vec![0; 256]), below: [0; 3], above: [0; 3] };
        for pixel in rgb {
            for (channel, value) in pixel.iter().enumerate() {
                if *value > 1.0 {
                    found.above[channel] += 1;
                } else if *value >= 0.0 {
                    found.counts[channel][((value * 256.0) as usize).min(255)] += 1;
                } else {
                    found.below[channel] += 1;
                }
            }
        }
        found
    }

    /// As curves over each other.
    #[must_use]
    pub fn draw(&self) -> Picture {
        let (width, height) = (768, 320);
        let mut out = vec![GROUND; width * height];
        let mut canvas = Canvas { rgb: &mut out, width, height };
        for quarter in 1..4 {
            canvas.fill(quarter * width / 4, 0, 1, height, LINE, 1.0);
        }
        let most = self.counts.iter().flatten().copied().max().unwrap_or(1).max(1) as f32;
        for (counts, colour) in self.counts.iter().zip([[0.9, 0.3, 0.25], [0.3, 0.8, 0.35], [0.35, 0.5, 0.95]]) {
            for (class, count) in counts.iter().enumerate() {
                let high = ((*count as f32 / most).sqrt() * (height - 4) as f32).round() as usize;
                canvas.fill(class * 3, height - high, 3, high, colour, 0.45);
            }
        }
        picture(width, height, out, "histogram")
    }
}

/// A zone of exposure: stops from the mid grey of the scene (ACES 0.18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// Seven stops under and below: noise.
    Noise,
    /// Under by more than four and a half stops.
    Deep,
    /// Shown as grey.
    Shadow,
    /// Mid grey, within a quarter stop.
    MidGrey,
    /// Half a stop to one and a half over: light skin.
    Skin,
    /// Shown as grey.
    Light,
    /// Four to five and a half stops over.
    High,
    /// Five and a half stops over and above.
    Highest,
}

/// Zone of scene light (ACES2065-1).
#[must_use]
pub fn zone([r, g, b]: [f32; 3]) -> Zone {
    // Luminance of AP0 (SMPTE ST 2065-1): the second row of its matrix to XYZ.
    let stops = ((0.343_966_45 * r + 0.728_166_1 * g - 0.072_132_55 * b).max(1e-9) / 0.18).log2();
    match stops {
        below if below < -7.0 => Zone::Noise,
        below if below < -4.5 => Zone::Deep,
        below if below < -0.25 => Zone::Shadow,
        grey if grey <= 0.25 => Zone::MidGrey,
        over if (0.5..=1.5).contains(&over) => Zone::Skin,
        over if over < 4.0 => Zone::Light,
        over if over < 5.5 => Zone::High,
        _ => Zone::Highest,
    }
}

/// False colour by zones: scene light in, picture out.
#[must_use]
pub fn false_colour(aces: &[[f32; 3]], width: usize) -> Picture {
    let grey = |pixel: &[f32; 3]| {
        let stops = (luma(*pixel).max(1e-6) / 0.18).log2();
        [((stops + 7.0) / 12.5).clamp(0.0, 1.0); 3]
    };
    let rgb = aces
        .iter()
        .map(|pixel| match zone(*pixel) {
            Zone::Noise => [0.36, 0.1, 0.5],
            Zone::Deep => [0.1, 0.3, 0.8],
            Zone::Shadow | Zone::Light => grey(pixel),
            Zone::MidGrey => [0.25, 0.7, 0.25],
            Zone::Skin => [0.95, 0.6, 0.65],
            Zone::High => [0.95, 0.85, 0.2],
            Zone::Highest => [0.9, 0.15, 0.1],
        })
        .collect();
    picture(width, aces.len() / width.max(1), rgb, "false colour by stops from mid grey")
}

/// Contrast over two pixels that counts as sharp, in code values.
pub const PEAKING_LEVEL: f32 = 0.08;

/// Which pixels stand at a sharp edge: the second difference of luma, which a soft edge does not have.
#[must_use]
pub fn sharp(rgb: &[[f32; 3]], width: usize, level: f32) -> Vec<bool> {
    let (width, height) = (width.max(1), rgb.len() / width.max(1));
    let levels: Vec<f32> = rgb.iter().map(|pixel| luma(*pixel)).collect();
    let mut found = vec![false; levels.len()];
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let at = y * width + x;
            let across = (levels[at - 1] - 2.0 * levels[at] + levels[at + 1]).abs();
            let down = (levels[at - width] - 2.0 * levels[at] + levels[at + width]).abs();
            found[at] = across.max(down) > level;
        }
    }
    found
}

/// The picture in grey with sharp edges in red.
#[must_use]
pub fn peaking(rgb: &[[f32; 3]], width: usize) -> Picture {
    let marks = sharp(rgb, width, PEAKING_LEVEL);
    let out =
        rgb.iter().zip(marks).map(|(pixel, sharp)| if sharp { [1.0, 0.2, 0.15] } else { [luma(*pixel) * 0.7; 3] }).collect();
    picture(width, rgb.len() / width.max(1), out, "focus peaking")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_a_diagonal_and_a_flat_field_a_line() {
        let ramp: Vec<[f32; 3]> = (0..32 * 960).map(|at| [(at % 960) as f32 / 959.0; 3]).collect();
        let measured = Waveform::measure(&ramp, 960, 960, &luma);
        for column in 0..960 {
            let level = Waveform::level_of(column as f32 / 959.0);
            let (low, high) = measured.span(column).unwrap();
            assert!(low.abs_diff(level) <= 1 && high.abs_diff(level) <= 1, "{column}: {low} {high} {level}");
        }
        assert_eq!(measured.counts.iter().sum::<u32>(), 32 * 960);
        let wild = [[f32::NAN; 3], [f32::INFINITY; 3], [-5.0; 3]];
        assert_eq!(Waveform::measure(&wild, 3, 3, &luma).counts.iter().sum::<u32>(), 3);
        assert_eq!(waveform(&ramp, 960).rgb.len(), 960 * LEVELS);
        assert_eq!(parade(&ramp, 960).width, 960);
    }

    /// 75 % bars of BT.709: Cb and Cr by hand from luma 0.2126, 0.7152, 0.0722.
    #[test]
    fn colour_bars_hit_their_targets() {
        let red = colour_difference([0.75, 0.0, 0.0]);
        assert!((red.0 + 0.085_93).abs() < 1e-4 && (red.1 - 0.375).abs() < 1e-4, "{red:?}");
        let blue = colour_difference([0.0, 0.0, 0.75]);
        assert!((blue.0 - 0.375).abs() < 1e-4 && (blue.1 + 0.034_38).abs() < 1e-4, "{blue:?}");
        let counts = vector_counts(&[[0.75, 0.0, 0.0], [0.75, 0.0, 0.0], [0.4; 3]]);
        let at = |pixel| {
            let (x, y) = vector_at(colour_difference(pixel));
            counts[y * VECTOR_SIDE + x]
        };
        assert_eq!((at([0.75, 0.0, 0.0]), at([0.2; 3]), counts.iter().sum::<u32>()), (2, 1, 3));
        assert_eq!(vectorscope(&[[0.5; 3]]).rgb.len(), VECTOR_SIDE * VECTOR_SIDE);
    }

    #[test]
    fn the_histogram_counts_every_value_once() {
        let found = Histogram::measure(&[[0.0, 0.5, 1.0], [-0.1, 1.1, f32::NAN], [1.0 / 256.0, 0.999, 0.25]]);
        assert_eq!((found.counts[0][0], found.counts[0][1], found.below[0]), (1, 1, 1));
        assert_eq!((found.counts[1][128], found.counts[1][255], found.above[1]), (1, 1, 1));
        assert_eq!((found.counts[2][255], found.counts[2][64], found.below[2]), (1, 1, 1));
        assert_eq!(found.draw().width, 768);
    }

    #[test]
    fn a_grey_ramp_in_stops_falls_into_its_zones() {
        for (stops, want) in [
            (-8.0, Zone::Noise),
            (-5.0, Zone::Deep),
            (-2.0, Zone::Shadow),
            (0.0, Zone::MidGrey),
            (0.2, Zone::MidGrey),
            (0.4, Zone::Light),
            (1.0, Zone::Skin),
            (3.0, Zone::Light),
            (4.5, Zone::High),
            (7.0, Zone::Highest),
        ] {
            assert_eq!(zone([0.18 * f32::exp2(stops); 3]), want, "{stops}");
        }
        assert_eq!((zone([f32::NAN; 3]), zone([-1.0; 3])), (Zone::Noise, Zone::Noise));
        assert_eq!(false_colour(&[[0.18; 3]; 4], 2).rgb[0], [0.25, 0.7, 0.25]);
    }

    #[test]
    fn peaking_marks_the_sharp_edge_and_not_the_soft_one() {
        let edge = |soft: f32| -> Vec<[f32; 3]> {
            (0..64 * 64).map(|at| [0.2 + 0.6 * (((at % 64) as f32 - 32.0) / soft + 0.5).clamp(0.0, 1.0); 3]).collect()
        };
        let count = |soft| sharp(&edge(soft), 64, PEAKING_LEVEL).iter().filter(|sharp| **sharp).count();
        assert!(count(1.0) >= 62 && count(16.0) == 0, "{} {}", count(1.0), count(16.0));
        assert_eq!(peaking(&edge(1.0), 64).height, 64);
    }
}
