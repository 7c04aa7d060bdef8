//! Owns the tetrahedral interpolation of a cube (J. Kasson and others, "Performing color space conversions with three-dimensional
//! linear interpolation", 1995): a plain kernel, and the same in SSE2, AVX2 and NEON, chosen when the program runs. All give the same
//! bits. The only `unsafe` of the crate is here: vector instructions take pointers.
#![expect(unsafe_code, reason = "vector instructions take pointers; each use says why it holds")]

use crate::lut::Shaper;

/// Instructions to compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Kernel {
    /// Those of this machine, the fastest last.
    pub(crate) fn available() -> Vec<Self> {
        let mut kernels = vec![Self::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            // SSE2 is part of the architecture.
            kernels.push(Self::Sse2);
            if std::arch::is_x86_feature_detected!("avx2") {
                kernels.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            kernels.push(Self::Neon);
        }
        kernels
    }

    pub(crate) fn best() -> Self {
        Self::available().into_iter().next_back().unwrap_or(Self::Scalar)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => "sse2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
        }
    }
}

/// Where a pixel lies: four corners of the cube from the low to the high one, and their weights.
#[derive(Clone, Copy)]
struct Place {
    corners: [u32; 4],
    weights: [f32; 4],
}

/// Finds the corners: along the channels in falling order of their fraction. Branch-free.
#[inline(always)]
fn locate(size: usize, shaper: Shaper, pixel: [f32; 3]) -> Place {
    let last = (size - 1) as u32;
    let edge = last as f32;
    let strides = [(size * size) as u32, size as u32, 1];
    let scaled = pixel.map(|value| shaper.shape(value) * edge);
    let cell = scaled.map(|value| (value as u32).min(last - 1));
    let [r, g, b] = [0, 1, 2].map(|channel: usize| scaled[channel] - cell[channel] as f32);
    let base = cell[0] * strides[0] + cell[1] * strides[1] + cell[2];
    let (rg, gb, rb) = (r >= g, g >= b, r >= b);
    let largest = if rg & rb {
        strides[0]
    } else if !rg & gb {
        strides[1]
    } else {
        strides[2]
    };
    let smallest = if !rg & !rb {
        strides[0]
    } else if rg & !gb {
        strides[1]
    } else {
        strides[2]
    };
    let all = strides[0] + strides[1] + strides[2];
    let high = r.max(g).max(b);
    let low = r.min(g).min(b);
    let middle = r.min(g).max(r.max(g).min(b));
    Place {
        corners: [base, base + largest, base + all - smallest, base + all],
        weights: [1.0 - high, high - middle, middle - low, low],
    }
}

/// Interpolates in place. `table` holds `size` cubed corners, blue fastest.
pub(crate) fn tetrahedral(kernel: Kernel, table: &[[f32; 4]], size: usize, shaper: Shaper, rgb: &mut [[f32; 3]]) {
    assert!((2..=129).contains(&size) && table.len() == size * size * size, "the table holds every corner");
    match kernel {
        Kernel::Scalar => scalar(table, size, shaper, rgb),
        #[cfg(target_arch = "x86_64")]
        Kernel::Sse2 => sse2(table, size, shaper, rgb),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Kernel::Avx2` is only made where the processor was found to have AVX2.
        Kernel::Avx2 => unsafe { avx2::run(table, size, shaper, rgb) },
        #[cfg(target_arch = "aarch64")]
        Kernel::Neon => neon(table, size, shaper, rgb),
    }
}

fn scalar(table: &[[f32; 4]], size: usize, shaper: Shaper, rgb: &mut [[f32; 3]]) {
    for pixel in rgb {
        let Place { corners, weights } = locate(size, shaper, *pixel);
        let [first, second, third, fourth] = corners.map(|corner| table[corner as usize]);
        for channel in 0..3 {
            // In this order: other kernels add the same way.
            pixel[channel] = (weights[0] * first[channel] + weights[1] * second[channel])
                + (weights[2] * third[channel] + weights[3] * fourth[channel]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn sse2(table: &[[f32; 4]], size: usize, shaper: Shaper, rgb: &mut [[f32; 3]]) {
    use std::arch::x86_64::{_mm_add_ps, _mm_loadu_ps, _mm_mul_ps, _mm_set1_ps, _mm_storeu_ps};
    for pixel in rgb {
        let Place { corners, weights } = locate(size, shaper, *pixel);
        let mut out = [0.0_f32; 4];
        // SAFETY: SSE2 is part of x86-64; every load reads the four floats of a corner that indexing found, the store writes four.
        unsafe {
            let term =
                |place: usize| _mm_mul_ps(_mm_set1_ps(weights[place]), _mm_loadu_ps(table[corners[place] as usize].as_ptr()));
            let sum = _mm_add_ps(_mm_add_ps(term(0), term(1)), _mm_add_ps(term(2), term(3)));
            _mm_storeu_ps(out.as_mut_ptr(), sum);
        }
        *pixel = [out[0], out[1], out[2]];
    }
}

#[cfg(target_arch = "aarch64")]
fn neon(table: &[[f32; 4]], size: usize, shaper: Shaper, rgb: &mut [[f32; 3]]) {
    use std::arch::aarch64::{vaddq_f32, vld1q_f32, vmulq_n_f32, vst1q_f32};
    for pixel in rgb {
        let Place { corners, weights } = locate(size, shaper, *pixel);
        let mut out = [0.0_f32; 4];
        // SAFETY: `Kernel::Neon` is only made where the processor has NEON; every load reads the four floats of a corner that
        // indexing found, the store writes four.
        unsafe {
            let term = |place: usize| vmulq_n_f32(vld1q_f32(table[corners[place] as usize].as_ptr()), weights[place]);
            let sum = vaddq_f32(vaddq_f32(term(0), term(1)), vaddq_f32(term(2), term(3)));
            vst1q_f32(out.as_mut_ptr(), sum);
        }
        *pixel = [out[0], out[1], out[2]];
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::scalar;
    use crate::lut::Shaper;
    use std::arch::x86_64::*;

    /// Eight pixels at a time: places in eight lanes, then per pixel four corners in one load each.
    #[target_feature(enable = "avx2")]
    pub(super) fn run(table: &[[f32; 4]], size: usize, shaper: Shaper, rgb: &mut [[f32; 3]]) {
        let mut chunks = rgb.chunks_exact_mut(8);
        for chunk in &mut chunks {
            block(table, size, shaper, chunk.as_flattened_mut().try_into().expect("eight pixels are 24 floats"));
        }
        scalar(table, size, shaper, chunks.into_remainder());
    }

    /// Eight packed pixels as three vectors.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn planes(values: &[f32; 24]) -> [__m256; 3] {
        // SAFETY: six loads of four floats each, the last from float 20 of 24.
        let pair = |low: usize, high: usize| unsafe {
            let start = values.as_ptr();
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(start.add(low))), _mm_loadu_ps(start.add(high)))
        };
        let first = pair(0, 12); // r0 g0 b0 r1 | r4 g4 b4 r5
        let second = pair(4, 16); // g1 b1 r2 g2 | g5 b5 r6 g6
        let third = pair(8, 20); // b2 r3 g3 b3 | b6 r7 g7 b7
        let red_green = _mm256_shuffle_ps::<0b10_01_11_10>(second, third); // r2 g2 r3 g3
        let green_blue = _mm256_shuffle_ps::<0b01_00_10_01>(first, second); // g0 b0 g1 b1
        [
            _mm256_shuffle_ps::<0b10_00_11_00>(first, red_green),
            _mm256_shuffle_ps::<0b11_01_10_00>(green_blue, red_green),
            _mm256_shuffle_ps::<0b11_00_11_01>(green_blue, third),
        ]
    }

    /// As `Shaper::shape`, in the same order of operations.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn shape(shaper: Shaper, value: __m256) -> __m256 {
        let shaped = match shaper {
            Shaper::Unit => value,
            Shaper::Log { offset, high } => {
                let (low, per_stop) = Shaper::line(offset, high);
                let lifted = _mm256_add_ps(value, _mm256_set1_ps(offset));
                let lifted = _mm256_max_ps(lifted, _mm256_set1_ps(offset * Shaper::FLOOR));
                let bits = _mm256_sub_epi32(_mm256_castps_si256(lifted), _mm256_set1_epi32(1.0_f32.to_bits() as i32));
                let stops = _mm256_mul_ps(_mm256_cvtepi32_ps(bits), _mm256_set1_ps(1.0 / (1 << 23) as f32));
                _mm256_mul_ps(_mm256_sub_ps(stops, _mm256_set1_ps(low)), _mm256_set1_ps(per_stop))
            }
        };
        // NaN becomes 0: the instruction gives its second operand then.
        _mm256_min_ps(_mm256_max_ps(shaped, _mm256_setzero_ps()), _mm256_set1_ps(1.0))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn block(table: &[[f32; 4]], size: usize, shaper: Shaper, values: &mut [f32; 24]) {
        let last = (size - 1) as i32;
        let edge = _mm256_set1_ps(last as f32);
        let scaled = planes(values).map(|plane| _mm256_mul_ps(shape(shaper, plane), edge));
        let cell = scaled.map(|value| _mm256_min_epi32(_mm256_cvttps_epi32(value), _mm256_set1_epi32(last - 1)));
        let part = |channel: usize| _mm256_sub_ps(scaled[channel], _mm256_cvtepi32_ps(cell[channel]));
        let (r, g, b) = (part(0), part(1), part(2));
        let (stride_r, stride_g) = ((size * size) as i32, size as i32);
        let times = |cell: __m256i, stride: i32| _mm256_mullo_epi32(cell, _mm256_set1_epi32(stride));
        let base = _mm256_add_epi32(_mm256_add_epi32(times(cell[0], stride_r), times(cell[1], stride_g)), cell[2]);

        let at_least = |one: __m256, other: __m256| _mm256_castps_si256(_mm256_cmp_ps::<_CMP_GE_OQ>(one, other));
        let (rg, gb, rb) = (at_least(r, g), at_least(g, b), at_least(r, b));
        let [to_r, to_g, to_b] = [stride_r, stride_g, 1].map(|stride| _mm256_set1_epi32(stride));
        let either = |no: __m256i, yes: __m256i, mask: __m256i| _mm256_blendv_epi8(no, yes, mask);
        let largest = either(either(to_b, to_g, _mm256_andnot_si256(rg, gb)), to_r, _mm256_and_si256(rg, rb));
        let r_is_least = _mm256_andnot_si256(_mm256_or_si256(rg, rb), _mm256_set1_epi32(-1));
        let smallest = either(either(to_b, to_g, _mm256_andnot_si256(gb, rg)), to_r, r_is_least);
        let all = _mm256_set1_epi32(stride_r + stride_g + 1);
        let corners = [
            base,
            _mm256_add_epi32(base, largest),
            _mm256_add_epi32(base, _mm256_sub_epi32(all, smallest)),
            _mm256_add_epi32(base, all),
        ];
        let (rg_high, rg_low) = (_mm256_max_ps(r, g), _mm256_min_ps(r, g));
        let (high, low) = (_mm256_max_ps(rg_high, b), _mm256_min_ps(rg_low, b));
        let middle = _mm256_max_ps(rg_low, _mm256_min_ps(rg_high, b));
        let weights = [_mm256_sub_ps(_mm256_set1_ps(1.0), high), _mm256_sub_ps(high, middle), _mm256_sub_ps(middle, low), low];

        let (mut at, mut by) = ([[0_u32; 8]; 4], [[0.0_f32; 8]; 4]);
        for place in 0..4 {
            // SAFETY: each store fills one array of eight.
            unsafe {
                _mm256_storeu_si256(at[place].as_mut_ptr().cast(), corners[place]);
                _mm256_storeu_ps(by[place].as_mut_ptr(), weights[place]);
            }
        }
        for pixel in 0..8 {
            let term = |place: usize| {
                let corner = at[place][pixel] as usize;
                debug_assert!(corner < table.len());
                // SAFETY: cells are clamped to 0..=size-2 (a NaN is 0), so that every corner is within size cubed, which
                // `tetrahedral` held the table to; the load reads the four floats of that corner.
                let value = unsafe { _mm_loadu_ps(table.get_unchecked(corner).as_ptr()) };
                _mm_mul_ps(_mm_set1_ps(by[place][pixel]), value)
            };
            let sum = _mm_add_ps(_mm_add_ps(term(0), term(1)), _mm_add_ps(term(2), term(3)));
            if pixel < 7 {
                // The fourth float is overwritten by the next pixel.
                // SAFETY: the store ends at float 3 * 6 + 4 = 22 of 24 at most.
                unsafe { _mm_storeu_ps(values.as_mut_ptr().add(3 * pixel), sum) };
            } else {
                let mut out = [0.0_f32; 4];
                // SAFETY: the store fills four floats.
                unsafe { _mm_storeu_ps(out.as_mut_ptr(), sum) };
                values[21..24].copy_from_slice(&out[..3]);
            }
        }
    }
}
