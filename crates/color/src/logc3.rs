//! Owns the ARRI LogC3 curve at every exposure index (ARRI, "ALEXA Log C Curve: Usage in VFX", 2017, SUP 3.x, scene exposure).
//! The configurations hold EI 800 only.

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

/// The curve at one exposure index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    cut_code: f64,
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
}

impl Curve {
    /// The curve at `exposure_index`; `None` where ARRI publishes none.
    #[must_use]
    pub fn new(exposure_index: u32) -> Option<Self> {
        let (_, [cut, a, b, c, d, e, f]) = *TABLE.iter().find(|(index, _)| *index == exposure_index)?;
        Some(Self { cut_code: e * cut + f, a, b, c, d, e, f })
    }

    /// Scene-linear exposure (0.18 is grey) from a code value of 0 to 1.
    #[must_use]
    pub fn linear_from_code(&self, code: f32) -> f32 {
        let code = f64::from(code);
        let linear = if code > self.cut_code {
            (10_f64.powf((code - self.d) / self.c) - self.b) / self.a
        } else {
            (code - self.f) / self.e
        };
        linear as f32
    }
}

/// The exposure index in `ARRI LogC3 (EI640)`.
#[must_use]
pub fn exposure_index(space: &str) -> Option<u32> {
    space.strip_prefix("ARRI LogC3 (EI")?.strip_suffix(')')?.parse().ok()
}
