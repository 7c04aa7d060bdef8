//! Owns the camera spaces that the built-in configurations lack and AMF files name: S-Log1 and S-Log2, the Canon variants, LogC3 at
//! every exposure index, ACESproxy, REDLogFilm. Numbers are the makers' and the Academy's published ones, cited beside each. Both
//! directions; never a space that is only alike.

use crate::logc3;
use ocio::{BuiltinTransform, GroupTransform, MatrixTransform, Transform};
use std::sync::OnceLock;

/// How a space is computed.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are forty of them in all")]
pub(crate) enum Way {
    /// By a curve and a matrix of our own, to ACES2065-1.
    Own(Camera),
    /// By transforms of the engine, to ACES2065-1.
    Engine(fn() -> GroupTransform),
}

/// A space of our own.
#[derive(Clone)]
pub(crate) struct Space {
    pub(crate) name: String,
    pub(crate) family: &'static str,
    /// Transform ids to ACES2065-1.
    pub(crate) ids: Vec<String>,
    pub(crate) way: Way,
}

/// A curve, then a matrix to ACES2065-1 (rows are red, green, blue of the answer).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Camera {
    curve: Curve,
    to_ap0: [[f64; 3]; 3],
    from_ap0: [[f64; 3]; 3],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Curve {
    LogC3(logc3::Curve),
    /// S-Log1 and S-Log2: `linear = gain * (10^((x - 0.646596) / 0.432699) - 0.037584)` from code `break_code` on, a line below;
    /// `x` counts from black to white.
    SonyLog {
        black: f64,
        white: f64,
        break_code: f64,
        gain: f64,
        slope: f64,
    },
    CanonLog2,
    CanonLog3,
    /// ACESproxy in 12 bits (S-2013-001): 200 steps a stop, 1700 is 2^-2.5; clamped to the legal codes, as the engine does in 10 bits.
    AcesProxy12,
}

const SONY_A: f64 = 0.432699;
const SONY_B: f64 = 0.616596 + 0.03;
const SONY_C: f64 = 0.037584;
const SONY_BLACK: f64 = 0.030001222851889303;
/// Canon's curves count 100 % reflectance as 1; scene exposure is 0.9 of it.
const REFLECTANCE: f64 = 0.9;

impl Curve {
    fn linear(&self, code: f64) -> f64 {
        match *self {
            Self::LogC3(curve) => f64::from(curve.linear_from_code(code as f32)),
            Self::SonyLog { black, white, break_code, gain, slope } => {
                let x = (code - black) / (white - black);
                if code >= break_code { gain * (10_f64.powf((x - SONY_B) / SONY_A) - SONY_C) } else { (x - SONY_BLACK) / slope }
            }
            Self::CanonLog2 => {
                let arm = |distance: f64| (10_f64.powf(distance / 0.24136077) - 1.0) / 87.099375 * REFLECTANCE;
                if code < 0.092864125 { -arm(0.092864125 - code) } else { arm(code - 0.092864125) }
            }
            Self::AcesProxy12 => ((code * 4095.0).clamp(256.0, 3760.0) / 200.0 - 8.5 - 2.5).exp2(),
            Self::CanonLog3 => {
                let arm = |distance: f64| (10_f64.powf(distance / 0.36726845) - 1.0) / 14.98325 * REFLECTANCE;
                if code < 0.097465473 {
                    -arm(0.12783901 - code)
                } else if code <= 0.15277891 {
                    (code - 0.12512219) / 1.9754798 * REFLECTANCE
                } else {
                    arm(code - 0.12240537)
                }
            }
        }
    }

    fn code(&self, linear: f64) -> f64 {
        match *self {
            Self::LogC3(curve) => f64::from(curve.code_from_linear(linear as f32)),
            Self::SonyLog { black, white, break_code, gain, slope } => {
                let x = if linear >= self.linear(break_code) {
                    SONY_A * (linear / gain + SONY_C).log10() + SONY_B
                } else {
                    linear * slope + SONY_BLACK
                };
                x * (white - black) + black
            }
            Self::CanonLog2 => {
                let arm = |reflectance: f64| 0.24136077 * (reflectance / REFLECTANCE * 87.099375 + 1.0).log10();
                if linear < 0.0 { 0.092864125 - arm(-linear) } else { 0.092864125 + arm(linear) }
            }
            Self::AcesProxy12 => ((linear.max(f64::MIN_POSITIVE).log2() + 2.5 + 8.5) * 200.0).clamp(256.0, 3760.0) / 4095.0,
            Self::CanonLog3 => {
                let arm = |reflectance: f64| 0.36726845 * (reflectance / REFLECTANCE * 14.98325 + 1.0).log10();
                if linear < self.linear(0.097465473) {
                    0.12783901 - arm(-linear)
                } else if linear <= self.linear(0.15277891) {
                    linear / REFLECTANCE * 1.9754798 + 0.12512219
                } else {
                    0.12240537 + arm(linear)
                }
            }
        }
    }
}

impl Camera {
    fn new(curve: Curve, to_ap0: [[f64; 3]; 3]) -> Self {
        Self { curve, to_ap0, from_ap0: inverse(to_ap0) }
    }

    /// Converts in place: to ACES2065-1, or `back` from it.
    pub(crate) fn apply(&self, back: bool, rgb: &mut [[f32; 3]]) {
        for pixel in rgb {
            let wide = pixel.map(f64::from);
            let out = if back {
                multiply(&self.from_ap0, wide).map(|value| self.curve.code(value))
            } else {
                multiply(&self.to_ap0, wide.map(|value| self.curve.linear(value)))
            };
            *pixel = out.map(|value| value as f32);
        }
    }
}

fn multiply(matrix: &[[f64; 3]; 3], [r, g, b]: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * r + row[1] * g + row[2] * b)
}

fn inverse(m: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let minor = |r0: usize, c0: usize, r1: usize, c1: usize| m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
    let cofactors = [
        [minor(1, 1, 2, 2), -minor(0, 1, 2, 2), minor(0, 1, 1, 2)],
        [-minor(1, 0, 2, 2), minor(0, 0, 2, 2), -minor(0, 0, 1, 2)],
        [minor(1, 0, 2, 1), -minor(0, 0, 2, 1), minor(0, 0, 1, 1)],
    ];
    let determinant = m[0][0] * cofactors[0][0] + m[0][1] * cofactors[1][0] + m[0][2] * cofactors[2][0];
    cofactors.map(|row| row.map(|value| value / determinant))
}

/// ARRI Wide Gamut 3 to AP0 by CAT02, as the configurations have it; ARRI's IDTs carry the same rounded to six places.
const AWG3: [[f64; 3]; 3] = [
    [0.680205505106279, 0.236136601606481, 0.0836578932872398],
    [0.0854149797421404, 1.01747087860704, -0.102885858349182],
    [0.00205652166929683, -0.0625625003847921, 1.06050597871549],
];
/// AP1 to AP0 (S-2014-004).
const AP1: [[f64; 3]; 3] = [
    [0.695452241357452, 0.140678696470294, 0.163869062172254],
    [0.0447945633720377, 0.859671118456422, 0.0955343181715404],
    [-0.00552588255811354, 0.00402521030597869, 1.00150067225213],
];
/// Sony, `IDT.Sony.SLog1_SGamut_10i.a1.v1`.
const SGAMUT: [[f64; 3]; 3] =
    [[0.754338638, 0.133697046, 0.111968437], [0.021198141, 1.005410934, -0.026610548], [-0.009756991, 0.004508563, 1.005253201]];
/// Sony, `IDT.Sony.SLog2_SGamut_Daylight_10i.a1.v1` (5500 K).
const SGAMUT_DAYLIGHT: [[f64; 3]; 3] = [
    [0.8764457030, 0.0145411681, 0.1090131290],
    [0.0774075345, 0.9529571767, -0.0303647111],
    [0.0573564351, -0.1151066335, 1.0577501984],
];
/// Sony, `IDT.Sony.SLog2_SGamut_Tungsten_10i.a1.v1` (3200 K and 4300 K).
const SGAMUT_TUNGSTEN: [[f64; 3]; 3] = [
    [1.0110238740, -0.1362526051, 0.1252287310],
    [0.1011994504, 0.9562196265, -0.0574190769],
    [0.0600766530, -0.1010185315, 1.0409418785],
];
/// Canon, `IDT.Canon.CanonLog2_CinemaGamut_D55.a1.v2`, and likewise the three below (version 2.0 of 2021-08-23).
const CINEMA_GAMUT_D55: [[f64; 3]; 3] = [
    [0.763064455, 0.149021161, 0.087914384],
    [0.003657457, 1.106960380, -0.110617837],
    [-0.009407794, -0.218383305, 1.227791099],
];
const CINEMA_GAMUT_TUNGSTEN: [[f64; 3]; 3] = [
    [0.817416293, 0.090755698, 0.091828009],
    [-0.035361374, 1.065690585, -0.030329211],
    [0.010390366, -0.299271107, 1.288880741],
];
const BT2020_D55: [[f64; 3]; 3] =
    [[0.678891151, 0.158868422, 0.162240427], [0.045570831, 0.860712772, 0.093716397], [-0.000485710, 0.025060196, 0.975425515]];
const BT2020_TUNGSTEN: [[f64; 3]; 3] =
    [[0.724488568, 0.115140904, 0.160370529], [0.010659276, 0.839605344, 0.149735380], [0.014560161, -0.028562057, 1.014001897]];
/// Rec. 2020 to AP0 by CAT02, as `CSC.Canon.CLog2_BT2020_to_ACES.a1.v1` computes it from the primaries.
const BT2020_CAT02: [[f64; 3]; 3] = [
    [0.6788911506326113, 0.1588684223706907, 0.1622404269966983],
    [0.04557083091689914, 0.8607127720418729, 0.09371639704122775],
    [-0.0004857103518357599, 0.02506019573626218, 0.9754255146155735],
];

const V15: &str = "urn:ampas:aces:transformId:v1.5:";
const V20: &str = "urn:ampas:aces:transformId:v2.0:";

fn sony(bits: u32, second: bool) -> Curve {
    let scale = f64::from(1_u32 << (bits - 10));
    let top = f64::from((1_u32 << bits) - 1);
    let (gain, slope) = if second { (219.0 / 155.0 * 0.9, 3.538_812_785_388_13 / 0.9) } else { (0.9, 5.0 / 0.9) };
    Curve::SonyLog { black: 64.0 * scale / top, white: 940.0 * scale / top, break_code: 90.0 * scale / top, gain, slope }
}

fn builtin(style: &str) -> GroupTransform {
    GroupTransform::from_transforms(vec![BuiltinTransform::new(style).into()])
}

/// A 3x3 matrix of the engine.
pub(crate) fn matrix(m: [[f64; 3]; 3]) -> Transform {
    let mut transform = MatrixTransform::default();
    for (row, values) in m.iter().enumerate() {
        transform.matrix[row * 4..row * 4 + 3].copy_from_slice(values);
    }
    transform.into()
}

/// Every space of our own.
pub(crate) fn all() -> &'static [Space] {
    static ALL: OnceLock<Vec<Space>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut spaces = Vec::new();
        let mut add = |name: String, family, ids: Vec<String>, way| spaces.push(Space { name, family, ids, way });
        for index in logc3::EXPOSURE_INDICES {
            // EI 800 is the configuration's.
            if index != 800
                && let Some(curve) = logc3::named(index)
            {
                let way = Way::Own(Camera::new(Curve::LogC3(curve), AWG3));
                // The id names the curve as recorded; where the published table differs (EI 1600), it has a space of its own.
                let ids = if index == 1600 { Vec::new() } else { logc3_ids(index) };
                add(format!("ARRI LogC3 (EI{index})"), "Input/ARRI", ids, way);
            }
        }
        if let Some(curve) = logc3::Curve::recorded(1600) {
            let way = Way::Own(Camera::new(Curve::LogC3(curve), AWG3));
            add("ARRI LogC3 (EI1600, with roll-off)".to_owned(), "Input/ARRI", logc3_ids(1600), way);
        }
        for (log, second, gamut, light) in [
            ("SLog1", false, SGAMUT, ""),
            ("SLog2", true, SGAMUT_DAYLIGHT, "Daylight"),
            ("SLog2", true, SGAMUT_TUNGSTEN, "Tungsten"),
        ] {
            for bits in [10, 12] {
                let tail = if light.is_empty() { String::new() } else { format!("_{light}") };
                let stem = format!("Sony.{log}_SGamut{tail}_{bits}i");
                let ids = vec![format!("{V15}IDT.{stem}.a1.v1"), format!("{V20}CSC.{stem}_to_ACES.a2.v1")];
                let words = format!("S-Log{} S-Gamut {light}", &log[4..]);
                let way = Way::Own(Camera::new(sony(bits, second), gamut));
                add(format!("{} ({bits}-bit)", words.trim_end()), "Input/Sony", ids, way);
            }
        }
        for (number, curve) in [(2, Curve::CanonLog2), (3, Curve::CanonLog3)] {
            for (gamut, words, light, m) in [
                ("CinemaGamut", "CinemaGamut", "D55", CINEMA_GAMUT_D55),
                ("CinemaGamut", "CinemaGamut", "Tng", CINEMA_GAMUT_TUNGSTEN),
                ("BT2020", "BT.2020", "D55", BT2020_D55),
                ("BT2020", "BT.2020", "Tng", BT2020_TUNGSTEN),
            ] {
                let stem = format!("Canon.CanonLog{number}_{gamut}_{light}");
                let ids = vec![format!("{V15}IDT.{stem}.a1.v2"), format!("{V20}CSC.{stem}_to_ACES.a2.v2")];
                let light = if light == "Tng" { "Tungsten" } else { light };
                // The configuration has a CinemaGamut D55 of its own, from primaries and CAT02; this one is Canon's matrix.
                let name = match (gamut, light) {
                    ("CinemaGamut", "D55") => format!("CanonLog{number} {words} D55 (IDT v2)"),
                    _ => format!("CanonLog{number} {words} {light}"),
                };
                add(name, "Input/Canon", ids, Way::Own(Camera::new(curve, m)));
            }
            let ids = vec![format!("{V20}CSC.Canon.CLog{number}_BT2020_to_ACES.a1.v1")];
            add(format!("CanonLog{number} BT.2020"), "Input/Canon", ids, Way::Own(Camera::new(curve, BT2020_CAT02)));
        }
        let twelve = Way::Own(Camera::new(Curve::AcesProxy12, AP1));
        for (bits, way) in [(10, Way::Engine(|| builtin("ACESproxy10i_to_ACES2065-1"))), (12, twelve)] {
            let ids = vec![
                format!("{V20}CSC.Academy.ACESproxy{bits}i_to_ACES.a2.v1"),
                format!("{V15}ACEScsc.Academy.ACESproxy{bits}i_to_ACES.a1.0.3"),
            ];
            add(format!("ACESproxy ({bits}-bit)"), "ACES", ids, way);
        }
        // RED, "REDLogFilm": Cineon-type, as OpenColorIO's built-in transform has it.
        let red = Way::Engine(|| builtin("RED_REDLOGFILM-RWG_to_ACES2065-1"));
        add("REDLogFilm REDWideGamutRGB".to_owned(), "Input/RED", Vec::new(), red);
        spaces
    })
}

fn logc3_ids(index: u32) -> Vec<String> {
    vec![format!("{V15}IDT.ARRI.Alexa-v3-logC-EI{index}.a1.v2"), format!("{V20}CSC.Arri.LogC3-EI{index}_to_ACES.a2.v1")]
}

/// A space of our own by name; case and blanks at the ends do not matter.
pub(crate) fn named(name: &str) -> Option<&'static Space> {
    let name = name.trim();
    all().iter().find(|space| space.name.eq_ignore_ascii_case(name))
}

/// A space of our own by transform id. The id of the way back (`ACES_to_X`) is found too, with `true`.
pub(crate) fn by_id(id: &str) -> Option<(&'static Space, bool)> {
    let turned = id.replacen(".ACES_to_", ".", 1);
    all().iter().find_map(|space| {
        space.ids.iter().find_map(|known| {
            if known == id {
                return Some((space, false));
            }
            let forward = known.replacen("_to_ACES.", ".", 1);
            (turned != id && forward != *known && forward == turned).then_some((space, true))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_camera_space_comes_back_through_its_inverse() {
        for space in all() {
            let Way::Own(camera) = &space.way else { continue };
            // Within the legal range: ACESproxy clamps.
            let codes: Vec<[f32; 3]> = (3..=36).map(|step| [step as f32 / 40.0, 0.3, 0.9 - step as f32 / 50.0]).collect();
            let mut pixels = codes.clone();
            camera.apply(false, &mut pixels);
            camera.apply(true, &mut pixels);
            for (code, back) in codes.iter().zip(&pixels) {
                for channel in 0..3 {
                    // The straight part of S-Log meets the curve within a rounding of its constants.
                    assert!((code[channel] - back[channel]).abs() < 3e-5, "{}: {code:?} {back:?}", space.name);
                }
            }
        }
    }

    #[test]
    fn grey_stays_grey_and_lands_where_the_makers_say() {
        let grey = |name: &str, code: f32| {
            let Some(Space { way: Way::Own(camera), .. }) = named(name) else { panic!("{name}") };
            let mut pixel = [[code; 3]];
            camera.apply(false, &mut pixel);
            assert!(pixel[0].iter().all(|value| (value - pixel[0][1]).abs() < 1e-4 * value.abs().max(1.0)), "{name} {pixel:?}");
            pixel[0][1]
        };
        // Sony, "S-Log2 white paper": 18 % grey is 10-bit code 347 and 90 % white is 582; S-Log1: 394 and 636.
        assert!((grey("S-Log2 S-Gamut Daylight (10-bit)", 347.0 / 1023.0) - 0.18).abs() < 2e-3);
        assert!((grey("S-Log2 S-Gamut Daylight (10-bit)", 582.0 / 1023.0) - 0.9).abs() < 5e-3);
        assert!((grey("S-Log1 S-Gamut (10-bit)", 394.0 / 1023.0) - 0.18).abs() < 2e-3);
        assert!((grey("S-Log1 S-Gamut (10-bit)", 636.0 / 1023.0) - 0.9).abs() < 5e-3);
        assert!((grey("ARRI LogC3 (EI3200)", 0.391) - 0.18).abs() < 2e-3);
    }

    #[test]
    fn ids_are_unique_and_found_in_both_directions() {
        let mut seen = std::collections::BTreeSet::new();
        for space in all() {
            for id in &space.ids {
                assert!(seen.insert(id.clone()), "{id} stands twice");
                assert!(by_id(id).is_some_and(|(found, back)| found.name == space.name && !back));
            }
        }
        let back = "urn:ampas:aces:transformId:v2.0:CSC.Sony.ACES_to_SLog2_SGamut_Daylight_10i.a2.v1";
        assert!(by_id(back).is_some_and(|(space, back)| back && space.name == "S-Log2 S-Gamut Daylight (10-bit)"));
        assert!(by_id("urn:ampas:aces:transformId:v1.5:IDT.Sony.SLog2_SGamut_Daylight_10i.a1.v9").is_none());
    }
}
