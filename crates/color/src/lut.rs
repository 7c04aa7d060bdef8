//! Owns baked 3D LUTs and the tetrahedral kernel: the fast path for proxies. Never used for a delivered still: outside the unit
//! cube it clamps, and it is an approximation whose error the tests state.

use crate::engine::{Processor, apply_parallel};

/// A cube baked from a processor; the input domain is 0 to 1 on each channel (camera log code values).
pub struct Lut3d {
    size: usize,
    table: Vec<[f32; 3]>,
    description: String,
}

impl Lut3d {
    /// The size used for proxies.
    pub const PROXY_SIZE: usize = 65;

    /// Samples `processor` on a cube of `size` (2 to 129) points a side.
    #[must_use]
    pub fn bake(processor: &dyn Processor, size: usize) -> Self {
        let size = size.clamp(2, 129);
        let step = 1.0 / (size - 1) as f32;
        let mut table = Vec::with_capacity(size * size * size);
        for red in 0..size {
            for green in 0..size {
                for blue in 0..size {
                    table.push([red as f32 * step, green as f32 * step, blue as f32 * step]);
                }
            }
        }
        apply_parallel(processor, &mut table);
        Self { size, table, description: format!("{} (LUT {size}^3, tetrahedral)", processor.description()) }
    }

    /// Points a side.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    fn sample(&self, rgb: [f32; 3]) -> [f32; 3] {
        let last = self.size - 1;
        let mut cell = [0_usize; 3];
        let mut part = [0.0_f32; 3];
        for channel in 0..3 {
            // NaN becomes 0: `max` keeps the number.
            let place = rgb[channel].max(0.0).min(1.0) * last as f32;
            cell[channel] = (place as usize).min(last - 1);
            part[channel] = place - cell[channel] as f32;
        }
        let strides = [self.size * self.size, self.size, 1];
        let base = cell[0] * strides[0] + cell[1] * strides[1] + cell[2];
        // Walk from the low corner to the high corner along the channels in falling order of their fraction.
        let mut order = [0, 1, 2];
        if part[order[0]] < part[order[1]] {
            order.swap(0, 1);
        }
        if part[order[1]] < part[order[2]] {
            order.swap(1, 2);
        }
        if part[order[0]] < part[order[1]] {
            order.swap(0, 1);
        }
        let first = base + strides[order[0]];
        let second = first + strides[order[1]];
        let third = second + strides[order[2]];
        let weights = [1.0 - part[order[0]], part[order[0]] - part[order[1]], part[order[1]] - part[order[2]], part[order[2]]];
        let corners = [&self.table[base], &self.table[first], &self.table[second], &self.table[third]];
        let mut out = [0.0; 3];
        for (weight, corner) in weights.iter().zip(corners) {
            for channel in 0..3 {
                out[channel] += weight * corner[channel];
            }
        }
        out
    }
}

impl Processor for Lut3d {
    fn apply(&self, rgb: &mut [[f32; 3]]) {
        for pixel in rgb {
            *pixel = self.sample(*pixel);
        }
    }

    fn description(&self) -> &str {
        &self.description
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let lut = Lut3d::bake(&Affine, 5);
        let mut pixels = [[-1.0, 2.0, f32::NAN], [f32::INFINITY, f32::NEG_INFINITY, 0.5]];
        lut.apply(&mut pixels);
        assert!(pixels.as_flattened().iter().all(|value| value.is_finite()), "{pixels:?}");
        assert!((pixels[0][0] - 0.35).abs() < 1e-6);
    }
}
