//! Owns baked 3D LUTs: sampling a processor on a cube, choosing the shaper by measured error, and stating that error. The fast path
//! for scrubbing and proxies. Never used for a delivered still: outside its domain it clamps, and it is an approximation.

use crate::engine::{Processor, apply_parallel};
use crate::lut_kernel::{Kernel, tetrahedral};
use serde::Serialize;

/// How input values are brought to the cube's edge, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Shaper {
    /// As they are: code values of a camera log.
    Unit,
    /// By the logarithm, for scene-linear values: the cube's edge counts stops from `offset` up to `offset + high`.
    Log {
        /// Added before the logarithm; sets where black bends. Values down to `-offset` are told apart.
        offset: f32,
        /// Highest value.
        high: f32,
    },
}

/// As the vector instructions clamp; `f32::clamp` would keep a NaN.
#[inline]
#[expect(clippy::manual_clamp, reason = "`clamp` keeps a NaN")]
fn clamp01(value: f32) -> f32 {
    value.max(0.0).min(1.0)
}

/// One is 2^0; the bits of a float count stops, straight within each.
fn stops(value: f32) -> f32 {
    (value.to_bits() as i32 - 1.0_f32.to_bits() as i32) as f32 * (1.0 / (1 << 23) as f32)
}

fn from_stops(stops: f64) -> f32 {
    f32::from_bits(((stops * f64::from(1 << 23)).round() as i32 + 1.0_f32.to_bits() as i32) as u32)
}

impl Shaper {
    /// Lowest distance from `-offset` that is told apart, as a part of the offset.
    pub(crate) const FLOOR: f32 = 1.0 / 16.0;

    /// `(low, per_stop)`: the shaped value is `(stops(value + offset) - low) * per_stop`.
    #[inline]
    pub(crate) fn line(offset: f32, high: f32) -> (f32, f32) {
        let (low, top) = (stops(offset * Self::FLOOR), stops(offset + high));
        (low, 1.0 / (top - low))
    }

    /// 0 to 1 for a value; NaN is 0. What is outside is clamped.
    #[inline]
    pub(crate) fn shape(self, value: f32) -> f32 {
        let shaped = match self {
            Self::Unit => value,
            Self::Log { offset, high } => {
                let (low, per_stop) = Self::line(offset, high);
                (stops((value + offset).max(offset * Self::FLOOR)) - low) * per_stop
            }
        };
        // NaN becomes 0: `max` keeps the number.
        clamp01(shaped)
    }

    /// The value at a place of the edge.
    fn value(self, place: f64) -> f32 {
        match self {
            Self::Unit => place as f32,
            Self::Log { offset, high } => {
                let (low, per_stop) = Self::line(offset, high);
                from_stops(place / f64::from(per_stop) + f64::from(low)) - offset
            }
        }
    }

    fn words(self) -> String {
        match self {
            Self::Unit => "no shaper".to_owned(),
            Self::Log { offset, high } => format!("log shaper {offset} to {high}"),
        }
    }
}

/// How far a LUT is from the exact conversion, in codes of 10 bits (differences times 1023), over all channels of the pixels tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LutError {
    /// Mean.
    pub mean: f32,
    /// 99 of 100 channel values are at most this far.
    pub p99: f32,
    /// Farthest.
    pub max: f32,
}

/// A cube baked from a processor.
pub struct Lut3d {
    size: usize,
    shaper: Shaper,
    /// Blue fastest; the fourth number is padding, so that a corner is one load.
    table: Vec<[f32; 4]>,
    description: String,
    kernel: Kernel,
}

impl Lut3d {
    /// The size used for proxies.
    pub const PROXY_SIZE: usize = 65;

    /// Samples `processor` on a cube of `size` (2 to 129) points a side, for camera log code values.
    #[must_use]
    pub fn bake(processor: &dyn Processor, size: usize) -> Self {
        Self::bake_shaped(processor, size, Shaper::Unit)
    }

    /// Samples `processor` on a cube of `size` (2 to 129) points a side.
    #[must_use]
    pub fn bake_shaped(processor: &dyn Processor, size: usize, shaper: Shaper) -> Self {
        let size = size.clamp(2, 129);
        let edge: Vec<f32> = (0..size).map(|place| shaper.value(place as f64 / (size - 1) as f64)).collect();
        let mut points = Vec::with_capacity(size * size * size);
        for red in &edge {
            for green in &edge {
                for blue in &edge {
                    points.push([*red, *green, *blue]);
                }
            }
        }
        apply_parallel(processor, &mut points);
        // A corner that is not finite would spoil its neighbours with a weight of zero.
        let finite = |value: f32| if value.is_nan() { 0.0 } else { value.clamp(-65504.0, 65504.0) };
        let table = points
            .into_iter()
            .map(|point| {
                let [r, g, b] = point.map(finite);
                [r, g, b, 0.0]
            })
            .collect();
        let description = format!("{} (LUT {size}^3, tetrahedral, {})", processor.description(), shaper.words());
        Self { size, shaper, table, description, kernel: Kernel::best() }
    }

    /// The cube of `size` whose shaper is nearest to `processor` on the pixels in `probe` (mean of codes), with its error and those
    /// of the other shapers tried. Choose pixels like those that will come; without any, code values are taken as they are.
    #[must_use]
    pub fn choose(processor: &dyn Processor, size: usize, probe: &[[f32; 3]]) -> (Self, Vec<(Shaper, LutError)>) {
        let high = probe.as_flattened().iter().copied().filter(|value| value.is_finite()).fold(0.0_f32, f32::max);
        let mut shapers = vec![Shaper::Unit];
        // Code values do not pass 1 by much; only what does can be scene-linear.
        let top = if high <= 1.2 { 1.0 } else { high.min(65504.0) };
        shapers.extend([0.002, 0.008, 0.03, 0.12].map(|offset| Shaper::Log { offset, high: top }));
        let mut exact = probe.to_vec();
        apply_parallel(processor, &mut exact);
        let mut best: Option<(Self, LutError)> = None;
        let mut tried = Vec::new();
        for shaper in shapers {
            let lut = Self::bake_shaped(processor, size, shaper);
            let error = lut.error_against(&exact, probe);
            tried.push((shaper, error));
            if best.as_ref().is_none_or(|(_, least)| error.mean < least.mean) {
                best = Some((lut, error));
            }
            if probe.is_empty() {
                break;
            }
        }
        let (lut, _) = best.expect("at least one shaper is tried");
        (lut, tried)
    }

    /// The error on `pixels`, whose exact conversions are `exact`.
    #[must_use]
    pub fn error_against(&self, exact: &[[f32; 3]], pixels: &[[f32; 3]]) -> LutError {
        let mut got = pixels.to_vec();
        apply_parallel(self, &mut got);
        let mut codes: Vec<f32> = got
            .as_flattened()
            .iter()
            .zip(exact.as_flattened())
            .filter(|(_, want)| want.is_finite())
            .map(|(got, want)| (got - want).abs() * 1023.0)
            .collect();
        if codes.is_empty() {
            return LutError { mean: 0.0, p99: 0.0, max: 0.0 };
        }
        codes.sort_by(f32::total_cmp);
        let mean = codes.iter().map(|code| f64::from(*code)).sum::<f64>() / codes.len() as f64;
        LutError { mean: mean as f32, p99: codes[(codes.len() - 1) * 99 / 100], max: codes[codes.len() - 1] }
    }

    /// Points a side.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// How its edge is counted.
    #[must_use]
    pub fn shaper(&self) -> Shaper {
        self.shaper
    }

    /// The instructions it uses: `avx2`, `sse2`, `neon` or `scalar`.
    #[must_use]
    pub fn kernel(&self) -> &'static str {
        self.kernel.name()
    }

    /// The same LUT computed by other instructions; `None` where this machine lacks them.
    #[must_use]
    pub fn with_kernel(mut self, name: &str) -> Option<Self> {
        self.kernel = Kernel::available().into_iter().find(|kernel| kernel.name() == name)?;
        Some(self)
    }
}

impl Processor for Lut3d {
    fn apply(&self, rgb: &mut [[f32; 3]]) {
        tetrahedral(self.kernel, &self.table, self.size, self.shaper, rgb);
    }

    fn description(&self) -> &str {
        &self.description
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Affine;

    impl Processor for Affine {
        fn apply(&self, rgb: &mut [[f32; 3]]) {
            for pixel in rgb {
                let [r, g, b] = *pixel;
                *pixel = [0.5 * r + 0.25 * g + 0.1, g - b, 2.0 * b + r];
            }
        }
        fn description(&self) -> &str {
            "affine"
        }
    }

    struct Curved;

    impl Processor for Curved {
        fn apply(&self, rgb: &mut [[f32; 3]]) {
            for pixel in rgb {
                let [r, g, b] = *pixel;
                *pixel = [(r * 5.0).sin() + g, (g * b).sqrt(), (b - r * r) * 3.0];
            }
        }
        fn description(&self) -> &str {
            "curved"
        }
    }

    #[test]
    fn reproduces_an_affine_map_everywhere_in_the_cube() {
        let lut = Lut3d::bake(&Affine, 17);
        let mut pixels = Vec::new();
        for red in 0..21 {
            for green in 0..21 {
                for blue in 0..21 {
                    pixels.push([red as f32 / 20.0, green as f32 / 20.0, blue as f32 / 20.0]);
                }
            }
        }
        let mut exact = pixels.clone();
        Affine.apply(&mut exact);
        lut.apply(&mut pixels);
        for (got, want) in pixels.as_flattened().iter().zip(exact.as_flattened()) {
            assert!((got - want).abs() < 2e-6, "{got} {want}");
        }
    }

    #[test]
    fn clamps_what_lies_outside_and_survives_nan() {
        for kernel in Kernel::available() {
            for shaper in [Shaper::Unit, Shaper::Log { offset: 0.01, high: 100.0 }] {
                let lut = Lut3d::bake_shaped(&Affine, 5, shaper).with_kernel(kernel.name()).expect("it is available");
                let mut pixels = [[-1.0, 2.0, f32::NAN], [f32::INFINITY, f32::NEG_INFINITY, 0.5]].repeat(9);
                lut.apply(&mut pixels);
                assert!(pixels.as_flattened().iter().all(|value| value.is_finite()), "{} {pixels:?}", kernel.name());
                if shaper == Shaper::Unit {
                    assert!((pixels[0][0] - 0.35).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn the_log_shaper_comes_back_at_every_point_of_the_edge() {
        let shaper = Shaper::Log { offset: 0.01, high: 50.0 };
        for place in 0..=64 {
            let place = f64::from(place) / 64.0;
            assert!((f64::from(shaper.shape(shaper.value(place))) - place).abs() < 1e-5, "{place}");
        }
        assert!((shaper.value(1.0) - 50.0).abs() < 1e-3 && shaper.value(0.0) < 0.0);
    }

    #[test]
    fn scene_linear_pictures_are_given_a_log_shaper() {
        let probe: Vec<[f32; 3]> = (0..500)
            .map(|step| {
                let v = 0.01 * 1.02_f32.powi(step);
                [v, v * 0.7, v * 0.4]
            })
            .collect();
        struct Display;
        impl Processor for Display {
            fn apply(&self, rgb: &mut [[f32; 3]]) {
                for value in rgb.as_flattened_mut() {
                    *value = (value.max(0.0) / (value.max(0.0) + 1.0)).powf(1.0 / 2.4);
                }
            }
            fn description(&self) -> &str {
                "display"
            }
        }
        let (lut, tried) = Lut3d::choose(&Display, 33, &probe);
        assert!(matches!(lut.shaper(), Shaper::Log { .. }), "{tried:?}");
        let error = |wanted: Shaper| tried.iter().find(|(shaper, _)| *shaper == wanted).expect("tried").1;
        assert!(error(lut.shaper()).mean * 10.0 < error(Shaper::Unit).mean, "{tried:?}");
    }

    proptest! {
        /// Every kernel gives the same bits as the plain one, whatever the pixels.
        #[test]
        fn every_kernel_equals_the_scalar_one(
            size in 2_usize..34,
            log in any::<bool>(),
            pixels in proptest::collection::vec(prop_oneof![
                4 => [-0.2_f32..1.2, -0.2_f32..1.2, -0.2_f32..1.2],
                1 => [any::<f32>(), any::<f32>(), any::<f32>()],
                1 => (0.0_f32..1.0).prop_map(|grey| [grey; 3]),
            ], 0..70),
        ) {
            let shaper = if log { Shaper::Log { offset: 0.02, high: 20.0 } } else { Shaper::Unit };
            let bake = || Lut3d::bake_shaped(&Curved, size, shaper);
            let mut want = pixels.clone();
            bake().with_kernel("scalar").expect("always there").apply(&mut want);
            for kernel in Kernel::available() {
                let mut got = pixels.clone();
                bake().with_kernel(kernel.name()).expect("available").apply(&mut got);
                for (one, other) in got.as_flattened().iter().zip(want.as_flattened()) {
                    prop_assert_eq!(one.to_bits(), other.to_bits(), "{}", kernel.name());
                }
            }
        }
    }
}
