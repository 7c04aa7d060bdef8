//! Owns camera encodings as published: ARRI LogC4 / ARRI Wide Gamut 4 (ARRI LogC4 Specification, 2022), Sony S-Log3 /
//! S-Gamut3.Cine (Sony, Technical Summary for S-Gamut3.Cine/S-Log3), ACEScg and ACES2065-1 (SMPTE ST 2065-1). Encoding only: what
//! decodes a real clip is the product's colour engine, never this.

use super::{Frame, by_rows, noise};

/// A camera's picture encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraColour {
    /// ARRI LogC4 with ARRI Wide Gamut 4.
    ArriLogC4,
    /// Sony S-Log3 with S-Gamut3.Cine.
    SonySLog3Cine,
    /// Scene-linear ACEScg.
    AcesCg,
}

type Matrix = [[f64; 3]; 3];

#[allow(clippy::excessive_precision, reason = "digits as published")]
const AP0_FROM_AWG4: Matrix = [
    [0.750957362824734131, 0.144422786709757084, 0.104619850465508965],
    [0.000821837079380207, 1.007397584885003194, -0.008219421964383583],
    [-0.000499952143533471, -0.000854177231436971, 1.001354129374970370],
];
const AP0_FROM_S_GAMUT3_CINE: Matrix = [
    [0.6387886672, 0.2723514337, 0.0888598992],
    [-0.0039159061, 1.0880732308, -0.0841573249],
    [-0.0299072021, -0.0264325799, 1.0563397820],
];
const AP0_FROM_AP1: Matrix = [
    [0.6954522414, 0.1406786965, 0.1638690622],
    [0.0447945634, 0.8596711185, 0.0955343182],
    [-0.0055258826, 0.0040252103, 1.0015006723],
];
/// Rec.709 (D65) to ACEScg (ACES white) by Bradford.
const AP1_FROM_REC709: Matrix = [
    [0.6130974024, 0.3395231462, 0.0473794514],
    [0.0701937225, 0.9163538791, 0.0134523985],
    [0.0206155929, 0.1095697729, 0.8698146342],
];

fn product(a: Matrix, b: Matrix) -> Matrix {
    let mut out = [[0.0; 3]; 3];
    for (row, line) in out.iter_mut().enumerate() {
        for (column, cell) in line.iter_mut().enumerate() {
            *cell = (0..3).map(|k| a[row][k] * b[k][column]).sum();
        }
    }
    out
}

fn inverse(m: Matrix) -> Matrix {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
    let mut out = [[0.0; 3]; 3];
    for (row, line) in out.iter_mut().enumerate() {
        for (column, cell) in line.iter_mut().enumerate() {
            *cell = minor(column, row) / determinant;
        }
    }
    out
}

impl CameraColour {
    fn native_from_ap0(self) -> Matrix {
        inverse(match self {
            Self::ArriLogC4 => AP0_FROM_AWG4,
            Self::SonySLog3Cine => AP0_FROM_S_GAMUT3_CINE,
            Self::AcesCg => AP0_FROM_AP1,
        })
    }

    fn native_from_rec709(self) -> Matrix {
        product(self.native_from_ap0(), product(AP0_FROM_AP1, AP1_FROM_REC709))
    }

    /// Camera code values (0..1 over the full code range; scene-linear for ACEScg) from scene-linear ACES2065-1.
    #[must_use]
    pub fn code_from_ap0(self, ap0: [f64; 3]) -> [f32; 3] {
        apply(&self.native_from_ap0(), ap0).map(|value| self.code_from_linear(value as f32))
    }

    fn code_from_linear(self, linear: f32) -> f32 {
        match self {
            Self::ArriLogC4 => logc4_from_linear(linear),
            Self::SonySLog3Cine => slog3_from_linear(linear),
            Self::AcesCg => linear,
        }
    }
}

fn apply(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|row| m[row][0] * v[0] + m[row][1] * v[1] + m[row][2] * v[2])
}

/// LogC4 code value of a linear exposure (0.18 is mid-grey).
#[must_use]
pub fn logc4_from_linear(linear: f32) -> f32 {
    const A: f32 = (262_144.0 - 16.0) / 117.45;
    const B: f32 = (1023.0 - 95.0) / 1023.0;
    const C: f32 = 95.0 / 1023.0;
    // s and t of the specification, from its formulas.
    const S: f32 = 0.113_597_17;
    const T: f32 = -0.018_056_996;
    if linear >= T { ((A * linear + 64.0).log2() - 6.0) / 14.0 * B + C } else { (linear - T) / S }
}

/// S-Log3 code value of a linear exposure (0.18 is mid-grey).
#[must_use]
pub fn slog3_from_linear(linear: f32) -> f32 {
    if linear >= 0.011_25 {
        (420.0 + ((linear + 0.01) / 0.19).log10() * 261.5) / 1023.0
    } else {
        (linear * (171.210_3 - 95.0) / 0.011_25 + 95.0) / 1023.0
    }
}

/// A curve as a table over the bits of the value: 256 steps an octave, straight lines between them. The error of a line over
/// such a step is below 2e-7 of the code range, far below one code of any camera.
struct Curve {
    colour: CameraColour,
    codes: Vec<f32>,
}

impl Curve {
    const FIRST: u32 = (127 - 14) << 23;
    const LAST: u32 = (127 + 12) << 23;
    const SHIFT: u32 = 23 - 8;

    fn new(colour: CameraColour) -> Self {
        let steps = ((Self::LAST - Self::FIRST) >> Self::SHIFT) + 1;
        let codes =
            (0..=steps).map(|step| colour.code_from_linear(f32::from_bits(Self::FIRST + (step << Self::SHIFT)))).collect();
        Self { colour, codes }
    }

    fn code(&self, linear: f32) -> f32 {
        let bits = linear.to_bits();
        if !(Self::FIRST..Self::LAST).contains(&bits) {
            return self.colour.code_from_linear(linear);
        }
        let step = ((bits - Self::FIRST) >> Self::SHIFT) as usize;
        let part = (bits & ((1 << Self::SHIFT) - 1)) as f32 / (1u32 << Self::SHIFT) as f32;
        self.codes[step] + (self.codes[step + 1] - self.codes[step]) * part
    }
}

/// The frame in the camera's encoding, with a fine grain that depends on `frame_number` so that no two frames are alike.
#[must_use]
pub fn encode(frame: &Frame, colour: CameraColour, frame_number: u32) -> Vec<[f32; 3]> {
    let matrix = colour.native_from_rec709().map(|row| row.map(|cell| cell as f32));
    let curve = Curve::new(colour);
    let mut codes = vec![[0.0f32; 3]; frame.pixels.len()];
    by_rows(&mut codes, frame.width, |row, line| {
        let source = &frame.pixels[row * frame.width..][..frame.width];
        for (column, (code, pixel)) in line.iter_mut().zip(source).enumerate() {
            let grain = noise::hash(column as i32, row as i32, frame_number.wrapping_mul(2_654_435)) - 0.5;
            for (channel, value) in code.iter_mut().enumerate() {
                let m = matrix[channel];
                let linear = m[0] * pixel[0] + m[1] * pixel[1] + m[2] * pixel[2];
                let shifted = grain * [1.0, 0.8, 1.2][channel];
                *value = match colour {
                    CameraColour::AcesCg => linear * (1.0 + 0.02 * shifted),
                    _ => curve.code(linear) + 0.006 * shifted,
                };
            }
        }
    });
    codes
}

#[cfg(test)]
#[allow(clippy::excessive_precision, clippy::print_stderr, reason = "digits as published; tests name what they skip")]
mod tests {
    use super::*;

    #[test]
    fn curves_hit_their_published_points() {
        assert!((logc4_from_linear(0.18) - 0.278_395_836_5).abs() < 1e-6, "LogC4 mid-grey is code 284.8 of 1023");
        assert!((logc4_from_linear(0.0) - 95.0 / 1023.0).abs() < 1e-6);
        assert!((slog3_from_linear(0.18) - 420.0 / 1023.0).abs() < 1e-6);
        assert!((slog3_from_linear(0.9) - 598.0 / 1023.0).abs() < 1.5e-3, "90 % white is code 598");
        let (below, above) = (logc4_from_linear(-0.018_057_1), logc4_from_linear(-0.018_056_9));
        assert!((below - above).abs() < 1e-5, "the two branches meet: {below} {above}");
    }

    #[test]
    fn the_table_is_the_curve() {
        for colour in [CameraColour::ArriLogC4, CameraColour::SonySLog3Cine] {
            let curve = Curve::new(colour);
            for step in -200..4000 {
                let linear = 2f32.powf(step as f32 / 256.3) - 0.6;
                let (table, exact) = (curve.code(linear), colour.code_from_linear(linear));
                assert!((table - exact).abs() < 1e-6, "{colour:?} {linear}: {table} for {exact}");
            }
        }
    }

    /// The reference rows go from camera code to ACES2065-1; forging must be their inverse.
    #[test]
    fn encodings_invert_the_reference_input_transforms() {
        let samples = std::env::var_os("CHECKGATE_SAMPLES")
            .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"), Into::into);
        for (file, colour) in [
            ("idt_arri-logc4_to_aces2065-1.csv", CameraColour::ArriLogC4),
            ("idt_s-log3-s-gamut3-cine_to_aces2065-1.csv", CameraColour::SonySLog3Cine),
            ("idt_acescg_to_aces2065-1.csv", CameraColour::AcesCg),
        ] {
            let Ok(text) = std::fs::read_to_string(samples.join("color/vectors").join(file)) else {
                eprintln!("SKIPPED: samples missing ({file})");
                continue;
            };
            let mut rows = 0;
            for line in text.lines() {
                let numbers: Vec<f64> = line.split(',').filter_map(|cell| cell.trim().parse().ok()).collect();
                if numbers.len() < 6 {
                    continue;
                }
                let (code, ap0) = (&numbers[..3], [numbers[3], numbers[4], numbers[5]]);
                // Codes far outside the camera's range amplify the reference's own rounding.
                if code.iter().any(|c| !(0.05..=0.98).contains(c)) {
                    continue;
                }
                rows += 1;
                for (mine, want) in colour.code_from_ap0(ap0).iter().zip(code) {
                    assert!((f64::from(*mine) - want).abs() < 2e-4, "{file}: {line}: {mine} for {want}");
                }
            }
            assert!(rows > 20, "{file}: only {rows} rows compared");
        }
    }
}
