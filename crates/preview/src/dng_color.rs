//! Owns the way from a DNG camera's values to ACES2065-1 by the DNG specification 1.7.1, chapter 6 ("Mapping Camera Color Space to
//! CIE XYZ Space"): one or two calibration illuminants, forward matrices where there are any. Invents no matrix: without one, or
//! without the white of the scene, there is none.

pub(crate) type Matrix = [[f64; 3]; 3];
type Triple = [f64; 3];

/// What the tags say. Matrices are XYZ to camera (`colour`), camera to XYZ at D50 (`forward`).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Profile {
    pub(crate) colour: [Option<Matrix>; 2],
    pub(crate) forward: [Option<Matrix>; 2],
    pub(crate) calibration: [Option<Matrix>; 2],
    /// EXIF light sources.
    pub(crate) illuminants: [u32; 2],
    pub(crate) analog_balance: Option<Triple>,
    pub(crate) neutral: Option<Triple>,
    pub(crate) white_xy: Option<[f64; 2]>,
}

/// Camera values (black 0, white 1) to ACES2065-1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conversion {
    pub(crate) to_aces: Matrix,
    /// Camera values of the scene's white, the largest 1: beyond it a channel is clipped and says nothing of colour.
    pub(crate) white: Triple,
    /// What it was made of, for provenance.
    pub(crate) words: String,
}

const D50: [f64; 2] = [0.345_67, 0.358_50];
/// White of ACES (SMPTE ST 2065-1, 4.1.2).
const ACES_WHITE: [f64; 2] = [0.321_68, 0.337_67];
/// XYZ to ACES2065-1: inverse of SMPTE ST 2065-1, equation 3.
const XYZ_TO_ACES: Matrix = [
    [1.049_811_017_540_058_8, 0.0, -0.000_097_484_507_631_734_9],
    [-0.495_903_023_156_735_6, 1.373_313_045_841_140_2, 0.098_240_036_068_043_34],
    [0.0, 0.0, 0.991_252_018_152_928_3],
];
/// Linear Bradford, as the DNG specification and ICC.1 annex E have it.
const BRADFORD: Matrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|column| (0..3).map(|n| a[row][n] * b[n][column]).sum()))
}

pub(crate) fn apply(matrix: &Matrix, value: Triple) -> Triple {
    matrix.map(|row| row[0] * value[0] + row[1] * value[1] + row[2] * value[2])
}

fn diagonal(value: Triple) -> Matrix {
    [[value[0], 0.0, 0.0], [0.0, value[1], 0.0], [0.0, 0.0, value[2]]]
}

fn inverse(m: &Matrix) -> Option<Matrix> {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|column| m[0][column] * minor(0, column)).sum();
    (determinant.is_finite() && determinant.abs() > 1e-9)
        .then(|| std::array::from_fn(|row| std::array::from_fn(|column| minor(column, row) / determinant)))
}

fn xyz_of([x, y]: [f64; 2]) -> Triple {
    [x / y, 1.0, (1.0 - x - y) / y]
}

fn adapt(from: [f64; 2], to: [f64; 2]) -> Option<Matrix> {
    let (a, b) = (apply(&BRADFORD, xyz_of(from)), apply(&BRADFORD, xyz_of(to)));
    let gain = diagonal(std::array::from_fn(|n| b[n] / a[n]));
    Some(times(&inverse(&BRADFORD)?, &times(&gain, &BRADFORD)))
}

/// Kelvin of an EXIF light source, as the specification asks for the interpolation.
fn kelvin_of(light: u32) -> Option<f64> {
    Some(match light {
        3 | 17 => 2856.0,
        24 => 3200.0,
        2 | 14 => 4200.0,
        18 => 4874.0,
        23 => 5003.0,
        1 | 4 | 9 | 20 => 5503.0,
        10 | 19 | 21 => 6504.0,
        11 | 22 => 7504.0,
        12 => 6400.0,
        13 => 5000.0,
        15 => 3450.0,
        _ => return None,
    })
}

/// Correlated colour temperature (McCamy 1992).
fn kelvin(xy: [f64; 2]) -> f64 {
    let n = (xy[0] - 0.3320) / (0.1858 - xy[1]);
    (((449.0 * n + 3525.0) * n + 6823.3) * n + 5520.33).clamp(1500.0, 30_000.0)
}

/// Share of the first of two calibrations at `xy`: linear in the inverse of the temperature.
fn first_share(profile: &Profile, xy: [f64; 2]) -> f64 {
    match profile.illuminants.map(kelvin_of) {
        [Some(first), Some(second)] if (first - second).abs() > 1.0 => {
            ((1.0 / kelvin(xy) - 1.0 / second) / (1.0 / first - 1.0 / second)).clamp(0.0, 1.0)
        }
        _ => 1.0,
    }
}

/// The matrix at a share; one alone stands for all light.
fn blend(pair: &[Option<Matrix>; 2], share: f64) -> Option<Matrix> {
    match pair {
        [Some(a), Some(b)] => {
            Some(std::array::from_fn(|row| std::array::from_fn(|column| share * a[row][column] + (1.0 - share) * b[row][column])))
        }
        [Some(one), None] | [None, Some(one)] => Some(*one),
        [None, None] => None,
    }
}

impl Profile {
    /// Analog balance and the calibration of this very camera.
    fn own(&self, share: f64) -> Matrix {
        let balance = diagonal(self.analog_balance.unwrap_or([1.0; 3]));
        times(&balance, &blend(&self.calibration, share).unwrap_or(IDENTITY))
    }

    fn xyz_to_camera(&self, xy: [f64; 2]) -> Option<Matrix> {
        let share = first_share(self, xy);
        Some(times(&self.own(share), &blend(&self.colour, share)?))
    }

    /// The white whose camera values are `neutral`: the matrix depends on the white and the white on the matrix.
    fn white_of(&self, neutral: Triple) -> Option<[f64; 2]> {
        let mut xy = D50;
        for _ in 0..30 {
            let [x, y, z] = apply(&inverse(&self.xyz_to_camera(xy)?)?, neutral);
            let sum = x + y + z;
            let next = [x / sum, y / sum];
            if !next.iter().all(|part| part.is_finite() && (0.02..0.98).contains(part)) {
                return None;
            }
            let moved = (next[0] - xy[0]).abs() + (next[1] - xy[1]).abs();
            xy = next;
            if moved < 1e-7 {
                break;
            }
        }
        Some(xy)
    }

    /// The conversion, or what is missing for it.
    pub(crate) fn conversion(&self) -> Result<Conversion, String> {
        if self.colour.iter().all(Option::is_none) {
            return Err("the DNG has no colour matrix".to_owned());
        }
        let senseless = || "the colour matrices of the DNG make no sense".to_owned();
        let (neutral, xy, said) = match (self.neutral, self.white_xy) {
            (Some(neutral), _) => (neutral, self.white_of(neutral).ok_or_else(senseless)?, "AsShotNeutral"),
            (None, Some(xy)) if xy[1] > 0.02 => {
                (apply(&self.xyz_to_camera(xy).ok_or_else(senseless)?, xyz_of(xy)), xy, "AsShotWhiteXY")
            }
            _ => return Err("the DNG does not say the white of the scene".to_owned()),
        };
        let most = neutral.iter().copied().fold(0.0, f64::max);
        if !neutral.iter().all(|part| part.is_finite() && *part > 0.0) {
            return Err(senseless());
        }
        let white = neutral.map(|part| part / most);
        let share = first_share(self, xy);
        let (camera_to_d50, matrix) = match blend(&self.forward, share) {
            Some(forward) => {
                let own = inverse(&self.own(share)).ok_or_else(senseless)?;
                let gain = diagonal(apply(&own, white).map(|part| 1.0 / part));
                (times(&forward, &times(&gain, &own)), "ForwardMatrix")
            }
            None => {
                let camera_to_xyz = inverse(&self.xyz_to_camera(xy).ok_or_else(senseless)?).ok_or_else(senseless)?;
                // White comes out as 1: the specification scales it so that the largest camera value of white is full scale.
                let level = apply(&camera_to_xyz, white)[1];
                let scaled = camera_to_xyz.map(|row| row.map(|part| part / level));
                (times(&adapt(xy, D50).ok_or_else(senseless)?, &scaled), "ColorMatrix")
            }
        };
        let d50_to_aces = times(&XYZ_TO_ACES, &adapt(D50, ACES_WHITE).ok_or_else(senseless)?);
        let to_aces = times(&d50_to_aces, &camera_to_d50);
        if !to_aces.as_flattened().iter().all(|part| part.is_finite()) {
            return Err(senseless());
        }
        Ok(Conversion { to_aces, white, words: format!("{matrix} at {:.0} K from {said}", kelvin(xy)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ColorMatrix of a real camera (a DNG of a Canon 350D), for illuminants A and D65.
    fn profile() -> Profile {
        Profile {
            colour: [
                Some([[0.6159, -0.0945, -0.0745], [-0.6846, 1.3563, 0.3684], [-0.0802, 0.1086, 0.7555]]),
                Some([[0.6018, -0.0617, -0.0965], [-0.8645, 1.5881, 0.2975], [-0.1530, 0.1719, 0.7642]]),
            ],
            illuminants: [17, 21],
            ..Profile::default()
        }
    }

    fn near(a: Triple, b: Triple, by: f64) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < by)
    }

    #[test]
    fn white_becomes_the_white_of_aces() {
        for neutral in [[0.5924, 1.0, 0.5017], [0.45, 1.0, 0.7], [1.0, 0.9, 0.3]] {
            let conversion = Profile { neutral: Some(neutral), ..profile() }.conversion().unwrap();
            let white = apply(&conversion.to_aces, conversion.white);
            assert!(near(white, [1.0; 3], 2e-4), "{white:?} {}", conversion.words);
        }
    }

    #[test]
    fn a_forward_matrix_takes_white_to_d50_and_agrees_with_a_colour_matrix_at_its_own_light() {
        // A camera that sees XYZ under D50: both ways are the same then.
        let camera = [[0.7, 0.2, -0.1], [-0.4, 1.2, 0.2], [0.05, 0.1, 0.6]];
        let white = apply(&camera, xyz_of(D50));
        let colour = Profile { colour: [Some(camera), None], neutral: Some(white), ..Profile::default() };
        let most = white.iter().copied().fold(0.0, f64::max);
        let forward = times(&inverse(&camera).unwrap(), &diagonal(white));
        let with_forward = Profile { forward: [Some(forward), None], ..colour.clone() };
        let (a, b) = (colour.conversion().unwrap(), with_forward.conversion().unwrap());
        assert!(b.words.starts_with("ForwardMatrix") && a.words.starts_with("ColorMatrix"));
        for value in [[0.3, 0.2, 0.1], [1.0, 0.0, 0.0], white.map(|part| part / most)] {
            assert!(near(apply(&a.to_aces, value), apply(&b.to_aces, value), 1e-6));
        }
    }

    #[test]
    fn a_known_light_is_found_again_and_an_xy_says_the_same_as_a_neutral() {
        let d65 = [0.3127, 0.3290];
        let neutral = apply(&profile().xyz_to_camera(d65).unwrap(), xyz_of(d65));
        let found = profile().white_of(neutral).unwrap();
        assert!((found[0] - d65[0]).abs() < 1e-5 && (found[1] - d65[1]).abs() < 1e-5, "{found:?}");
        let by_neutral = Profile { neutral: Some(neutral), ..profile() }.conversion().unwrap();
        let by_xy = Profile { white_xy: Some(d65), ..profile() }.conversion().unwrap();
        assert!(near(apply(&by_neutral.to_aces, [0.2, 0.5, 0.3]), apply(&by_xy.to_aces, [0.2, 0.5, 0.3]), 1e-4));
    }

    #[test]
    fn nothing_is_invented() {
        assert!(Profile::default().conversion().is_err());
        assert!(profile().conversion().unwrap_err().contains("white"));
        assert!(Profile { neutral: Some([0.0, 1.0, 1.0]), ..profile() }.conversion().is_err());
        let singular = [[1.0, 1.0, 1.0]; 3];
        assert!(Profile { colour: [Some(singular), None], neutral: Some([1.0; 3]), ..Profile::default() }.conversion().is_err());
    }

    #[test]
    fn aces_matrix_is_the_inverse_of_the_standard_one() {
        let standard = [
            [0.952_552_395_9, 0.0, 0.000_093_678_6],
            [0.343_966_449_8, 0.728_166_096_6, -0.072_132_546_4],
            [0.0, 0.0, 1.008_825_184_4],
        ];
        let product = times(&standard, &XYZ_TO_ACES);
        assert!(product.as_flattened().iter().zip(IDENTITY.as_flattened()).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}
