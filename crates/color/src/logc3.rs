//! Owns the ARRI LogC3 curve at every exposure index. Two sources: the published table of "ALEXA Log C Curve: Usage in VFX" (2017,
//! SUP 3.x, scene exposure, EI 160 to 1600), and the formula the table is rounded from, with the highlight roll-off that cameras
//! record from EI 1600 on (ARRI's LogC3 IDTs for ACES, `Lib.Arri.LogC3`, EI 160 to 3200). The configurations hold EI 800 only.

/// Linear light in ARRI Wide Gamut 3, as the configurations name it.
pub const LINEAR_SPACE: &str = "Linear ARRI Wide Gamut 3";

/// Exposure index, cut, a, b, c, d, e, f.
const TABLE: [(u32, [f64; 7]); 11] = [
    (160, [0.005561, 5.555556, 0.080216, 0.269036, 0.381991, 5.842037, 0.092778]),
    (200, [0.006208, 5.555556, 0.076621, 0.266007, 0.382478, 5.776265, 0.092782]),
    (250, [0.006871, 5.555556, 0.072941, 0.262978, 0.382966, 5.710494, 0.092786]),
    (320, [0.007622, 5.555556, 0.068768, 0.259627, 0.383508, 5.637732, 0.092791]),
    (400, [0.008318, 5.555556, 0.064901, 0.256598, 0.383999, 5.571960, 0.092795]),
    (500, [0.009031, 5.555556, 0.060939, 0.253569, 0.384493, 5.506188, 0.092800]),
    (640, [0.009840, 5.555556, 0.056443, 0.250219, 0.385040, 5.433426, 0.092805]),
    (800, [0.010591, 5.555556, 0.052272, 0.247190, 0.385537, 5.367655, 0.092809]),
    (1000, [0.011361, 5.555556, 0.047996, 0.244161, 0.386036, 5.301883, 0.092814]),
    (1280, [0.012235, 5.555556, 0.043137, 0.240810, 0.386590, 5.229121, 0.092819]),
    (1600, [0.013047, 5.555556, 0.038625, 0.237781, 0.387093, 5.163350, 0.092824]),
];

/// Exposure indices that cameras can be set to.
pub const EXPOSURE_INDICES: [u32; 14] = [160, 200, 250, 320, 400, 500, 640, 800, 1000, 1280, 1600, 2000, 2560, 3200];

/// The curve at one exposure index: `linear = (10^((code - d) / c) - b) / a` above the cut, a straight line below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    cut_code: f64,
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
    /// Code value that white would have without roll-off, where it is above 1.
    unrolled_white: Option<f64>,
}

/// Code value from which highlights are rolled off.
const ROLL_FROM: f64 = 0.8;

impl Curve {
    /// The curve of the published table at `exposure_index`; `None` where ARRI publishes none.
    #[must_use]
    pub fn new(exposure_index: u32) -> Option<Self> {
        let (_, [cut, a, b, c, d, e, f]) = *TABLE.iter().find(|(index, _)| *index == exposure_index)?;
        Some(Self { cut_code: e * cut + f, a, b, c, d, e, f, unrolled_white: None })
    }

    /// The curve as cameras record it, with roll-off from EI 1600 on; `None` for an index no camera has.
    #[must_use]
    pub fn recorded(exposure_index: u32) -> Option<Self> {
        EXPOSURE_INDICES.contains(&exposure_index).then_some(())?;
        let (black, mid_grey, nominal) = (16.0 / 4095.0, 0.01, 400.0);
        let cut: f64 = 1.0 / 9.0;
        let slope = 1.0 / (cut * std::f64::consts::LN_10);
        let offset = cut.log10() - slope * cut;
        let (encoding_gain, encoding_offset) = (500.0 / 1023.0 * 0.525, 400.0 / 1023.0);
        let gain = f64::from(exposure_index) / nominal;
        let grey = mid_grey / gain;
        let c = (gain.log2() * (0.89 - 1.0) / 3.0 + 1.0) * encoding_gain;
        let (mut d, mut lift) = (encoding_offset, 0.0);
        for _ in 0..3 {
            lift = ((95.0 / 1023.0 - d) / c - offset) / slope;
            d = encoding_offset - f64::log10(1.0 + lift) * c;
        }
        let white = f64::log10((1.0 - black) / grey + lift) * c + d;
        // The signal over grey, `x / a` above, is exposure times 1 / 0.18.
        let a = 1.0 / 0.18;
        Some(Self {
            cut_code: (slope * cut + offset) * c + d,
            a,
            b: lift,
            c,
            d,
            e: slope * c * a,
            f: (slope * lift + offset) * c + d,
            unrolled_white: (white > 1.0).then_some(white),
        })
    }

    /// Scene-linear exposure (0.18 is grey) from a code value of 0 to 1.
    #[must_use]
    pub fn linear_from_code(&self, code: f32) -> f32 {
        let mut code = f64::from(code);
        if let Some(white) = self.unrolled_white
            && code > ROLL_FROM
        {
            code = unroll(code, white);
        }
        let linear = if code > self.cut_code {
            (10_f64.powf((code - self.d) / self.c) - self.b) / self.a
        } else {
            (code - self.f) / self.e
        };
        linear as f32
    }

    /// Code value from scene-linear exposure; the other way round.
    #[must_use]
    pub fn code_from_linear(&self, linear: f32) -> f32 {
        let linear = f64::from(linear);
        let signal = self.a * linear + self.b;
        let above = if signal > 0.0 { self.c * signal.log10() + self.d } else { f64::NEG_INFINITY };
        let code = if above > self.cut_code { above } else { self.e * linear + self.f };
        match self.unrolled_white {
            Some(white) if code > ROLL_FROM => roll(code, white) as f32,
            _ => code as f32,
        }
    }
}

/// The code without roll-off: a cubic Hermite curve from (0.8, 0.8) to (1, white).
fn unroll(code: f64, white: f64) -> f64 {
    let span = 1.0 - ROLL_FROM;
    let s = (code - ROLL_FROM) / span;
    let rest = 1.0 - s;
    let slope_at_white = ((white - ROLL_FROM) / span).powi(2);
    (1.0 + 2.0 * s) * rest * rest * ROLL_FROM + (3.0 - 2.0 * s) * s * s * white + span * s * rest * rest
        - span * s * s * rest * slope_at_white
}

/// The recorded code for one without roll-off, by bisection: `unroll` rises over the whole range that is searched.
fn roll(code: f64, white: f64) -> f64 {
    let (mut low, mut high) = (ROLL_FROM, 1.5);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if unroll(middle, white) < code {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The exposure index in `ARRI LogC3 (EI640)`.
#[must_use]
pub fn exposure_index(space: &str) -> Option<u32> {
    space.strip_prefix("ARRI LogC3 (EI")?.strip_suffix(')')?.parse().ok()
}

/// The curve that a space named `ARRI LogC3 (EI…)` has: the published table, and beyond it the recorded curve.
#[must_use]
pub fn named(exposure_index: u32) -> Option<Curve> {
    Curve::new(exposure_index).or_else(|| Curve::recorded(exposure_index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_is_what_the_table_was_rounded_from() {
        for (index, _) in TABLE {
            let (table, formula) = (Curve::new(index).expect("in the table"), Curve::recorded(index).expect("a camera has it"));
            for step in 0..=80 {
                let code = step as f32 / 100.0;
                let (want, got) = (table.linear_from_code(code), formula.linear_from_code(code));
                assert!((want - got).abs() < 2e-5 * want.abs().max(0.5), "EI {index} {code}: {want} {got}");
            }
        }
    }

    /// Values from ARRI's IDTs for ACES: the first and last entry of the tables in `IDT.ARRI.Alexa-v3-logC-EI1600.a1.v2`.
    #[test]
    fn highlights_are_rolled_off_as_in_the_published_transform() {
        let curve = Curve::recorded(1600).expect("a camera has it");
        assert!((f64::from(curve.linear_from_code(0.0)) + 1.797_747_561_591_2e-2).abs() < 1e-9);
        assert!((f64::from(curve.linear_from_code(1.0)) - 71.718_681_318_681).abs() < 1e-5);
        // EI 2560 stays on the formula of `IDT.ARRI.Alexa-logC-EI2560.a1.v3` below the roll-off.
        let curve = Curve::recorded(2560).expect("a camera has it");
        let by_hand = |x: f64| (10_f64.powf((x - 0.388161) / 0.231401) - 0.028727) / 5.555556;
        assert!((f64::from(curve.linear_from_code(0.7)) - by_hand(0.7)).abs() < 1e-4);
        assert!(f64::from(curve.linear_from_code(1.0)) > by_hand(1.0) * 1.4);
    }

    #[test]
    fn codes_come_back_through_the_inverse() {
        for index in EXPOSURE_INDICES {
            for curve in [named(index), Curve::recorded(index)].into_iter().flatten() {
                for step in -10..=110 {
                    let code = step as f32 / 100.0;
                    let back = curve.code_from_linear(curve.linear_from_code(code));
                    assert!((code - back).abs() < 1e-6, "EI {index}: {code} {back}");
                }
            }
        }
        assert!(Curve::recorded(1234).is_none() && named(4000).is_none());
    }
}
