//! Owns scaling on f32 pixels. The filter has no negative lobes: log-encoded edges and bright linear light must not ring.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// `rgb` scaled to `to_width` by `to_height`; `None` only where the sizes make no picture.
pub(crate) fn resize(rgb: &[[f32; 3]], width: usize, height: usize, to_width: usize, to_height: usize) -> Option<Vec<[f32; 3]>> {
    if (width, height) == (to_width, to_height) {
        return Some(rgb.to_vec());
    }
    let side = |side: usize| u32::try_from(side).ok().filter(|side| *side > 0);
    let pixels: Vec<F32x3> = rgb.iter().map(|pixel| F32x3::new(*pixel)).collect();
    let from = TypedImageRef::new(side(width)?, side(height)?, &pixels).ok()?;
    let mut to = TypedImage::<F32x3>::new(side(to_width)?, side(to_height)?);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming)).use_alpha(false);
    Resizer::new().resize_typed(&from, &mut to, &options).ok()?;
    Some(to.pixels().iter().map(|pixel| pixel.0).collect())
}

/// The size of a picture with square pixels that is at most `max_width` wide.
pub(crate) fn fit(width: usize, height: usize, pixel_aspect: f64, max_width: Option<usize>) -> (usize, usize) {
    let shown = (width as f64 * pixel_aspect).max(1.0);
    let to_width = max_width.map_or(shown, |max| shown.min(max.max(1) as f64)).round().max(1.0);
    let to_height = (height as f64 * to_width / shown).round().max(1.0);
    (to_width as usize, to_height as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_flat_field_flat_and_a_mean_a_mean() {
        let flat = vec![[0.25, -0.5, 40.0]; 64 * 32];
        for pixel in resize(&flat, 64, 32, 17, 9).unwrap() {
            for (a, b) in pixel.iter().zip([0.25, -0.5, 40.0]) {
                assert!((a - b).abs() < 1e-5 * b.abs().max(1.0));
            }
        }
        let checks: Vec<[f32; 3]> = (0..64 * 32).map(|index| [((index % 64 + index / 64) % 2) as f32; 3]).collect();
        assert!(resize(&checks, 64, 32, 8, 4).unwrap().iter().all(|pixel| (pixel[0] - 0.5).abs() < 0.02));
    }

    #[test]
    fn anamorphic_pixels_become_square() {
        assert_eq!(fit(1920, 1080, 1.0, Some(480)), (480, 270));
        assert_eq!(fit(1440, 1080, 4.0 / 3.0, None), (1920, 1080));
        assert_eq!(fit(2880, 2160, 2.0, Some(960)), (960, 360));
        assert_eq!(fit(100, 50, 1.0, Some(960)), (100, 50));
    }
}
