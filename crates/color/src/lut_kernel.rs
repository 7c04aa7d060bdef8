//! Owns the tetrahedral interpolation of a cube (J. Kasson and others, "Performing color space conversions with three-dimensional
//! linear interpolation", 1995): a plain kernel, and the same in SSE2, AVX2 and NEON, chosen when the program runs. All give the same
//! bits. Vector instructions take pointers, so there is `unsafe` here, as in `wide`.
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

    /// Eight pixels at a time: places in eight lanes, then per pixel four corners in one load each. No closures: they would be
    /// functions of their own, compiled for the least machine.
    #[target_feature(enable = "avx2")]
    pub(super) fn run(table: &[[f32; 4]], size: usize, shaper: Shaper, rgb: &mut [[f32; 3]]) {
        let (offset, low, per_stop) = match shaper {
            Shaper::Unit => (0.0, 0.0, 0.0),
            Shaper::Log { offset, high } => {
                let (low, per_stop) = Shaper::line(offset, high);
                (offset, low, per_stop)
            }
        };
        let logarithm = [offset, low, per_stop].map(|value| _mm256_set1_ps(value));
        let (blocks, rest) = rgb.as_chunks_mut::<8>();
        if shaper == Shaper::Unit {
            all::<false>(table, size, logarithm, blocks);
        } else {
            all::<true>(table, size, logarithm, blocks);
        }
        scalar(table, size, shaper, rest);
    }

    /// How many blocks ahead places are found.
    const AHEAD: usize = 3;

    /// A cube is larger than the nearest caches: where the picture jumps, the corners of a block are asked for some blocks before it
    /// is computed.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn all<const LOG: bool>(table: &[[f32; 4]], size: usize, logarithm: [__m256; 3], blocks: &mut [[[f32; 3]; 8]]) {
        let mut places = [const { Places { corners: [[0; 8]; 4], weights: [[0.0; 8]; 4] } }; AHEAD + 1];
        let ahead = AHEAD.min(blocks.len());
        for (block, place) in blocks[..ahead].iter().zip(&mut places) {
            locate::<LOG>(size, logarithm, block, place);
        }
        for at in 0..blocks.len() {
            if let Some(next) = blocks.get(at + AHEAD) {
                let (last, new) = ((at + AHEAD - 1) % (AHEAD + 1), (at + AHEAD) % (AHEAD + 1));
                locate::<LOG>(size, logarithm, next, &mut places[new]);
                if far(size, &places[last], &places[new]) {
                    fetch(table, &places[new]);
                }
            }
            interpolate(table, &places[at % (AHEAD + 1)], &mut blocks[at]);
        }
    }

    /// Whether a pixel lies more than about a cell from the one eight before it.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn far(size: usize, one: &Places, other: &Places) -> bool {
        // SAFETY: each load reads one array of eight, which lies on 32 bytes.
        let (one, other) =
            unsafe { (_mm256_load_si256(one.corners[0].as_ptr().cast()), _mm256_load_si256(other.corners[0].as_ptr().cast())) };
        let cell = _mm256_set1_epi32(4 * (size * size + size + 1) as i32);
        let jumps = _mm256_cmpgt_epi32(_mm256_abs_epi32(_mm256_sub_epi32(one, other)), cell);
        _mm256_movemask_epi8(jumps) != 0
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn fetch(table: &[[f32; 4]], places: &Places) {
        for place in 0..4 {
            for corner in places.corners[place] {
                // SAFETY: a hint reads nothing; the place is within the table, as for the loads.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(table.as_ptr().cast::<f32>().add(corner as usize).cast()) };
            }
        }
    }

    /// Four floats from `low` and four from `high`.
    ///
    /// # Safety
    /// Both places and three more are within the 24.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn pair(values: *const f32, low: usize, high: usize) -> __m256 {
        // SAFETY: the caller promises it.
        unsafe {
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(values.add(low))), _mm_loadu_ps(values.add(high)))
        }
    }

    /// Eight packed pixels as three vectors.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn planes(pixels: &[[f32; 3]; 8]) -> [__m256; 3] {
        let start = pixels.as_ptr().cast::<f32>();
        // SAFETY: the last load ends with float 23 of 24.
        let (first, second, third) = unsafe {
            (
                pair(start, 0, 12), // r0 g0 b0 r1 | r4 g4 b4 r5
                pair(start, 4, 16), // g1 b1 r2 g2 | g5 b5 r6 g6
                pair(start, 8, 20), // b2 r3 g3 b3 | b6 r7 g7 b7
            )
        };
        let red_green = _mm256_shuffle_ps::<0b10_01_11_10>(second, third); // r2 g2 r3 g3
        let green_blue = _mm256_shuffle_ps::<0b01_00_10_01>(first, second); // g0 b0 g1 b1
        [
            _mm256_shuffle_ps::<0b10_00_11_00>(first, red_green),
            _mm256_shuffle_ps::<0b11_01_10_00>(green_blue, red_green),
            _mm256_shuffle_ps::<0b11_00_11_01>(green_blue, third),
        ]
    }

    /// As `Shaper::shape`, in the same order of operations, times the cube's edge.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn scaled<const LOG: bool>([offset, low, per_stop]: [__m256; 3], value: __m256, edge: __m256) -> __m256 {
        let shaped = if LOG {
            let lifted = _mm256_add_ps(value, offset);
            let lifted = _mm256_max_ps(lifted, _mm256_mul_ps(offset, _mm256_set1_ps(Shaper::FLOOR)));
            let bits = _mm256_sub_epi32(_mm256_castps_si256(lifted), _mm256_set1_epi32(1.0_f32.to_bits() as i32));
            let stops = _mm256_mul_ps(_mm256_cvtepi32_ps(bits), _mm256_set1_ps(1.0 / (1 << 23) as f32));
            _mm256_mul_ps(_mm256_sub_ps(stops, low), per_stop)
        } else {
            value
        };
        // NaN becomes 0: the instruction gives its second operand then.
        let clamped = _mm256_min_ps(_mm256_max_ps(shaped, _mm256_setzero_ps()), _mm256_set1_ps(1.0));
        _mm256_mul_ps(clamped, edge)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn at_least(one: __m256, other: __m256) -> __m256i {
        _mm256_castps_si256(_mm256_cmp_ps::<_CMP_GE_OQ>(one, other))
    }

    /// Corners as offsets in floats, weights in lanes.
    #[repr(align(32))]
    struct Places {
        corners: [[u32; 8]; 4],
        weights: [[f32; 8]; 4],
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn locate<const LOG: bool>(size: usize, logarithm: [__m256; 3], pixels: &[[f32; 3]; 8], places: &mut Places) {
        let last = (size - 1) as i32;
        let edge = _mm256_set1_ps(last as f32);
        let [red, green, blue] = planes(pixels);
        let (red, green, blue) =
            (scaled::<LOG>(logarithm, red, edge), scaled::<LOG>(logarithm, green, edge), scaled::<LOG>(logarithm, blue, edge));
        let most = _mm256_set1_epi32(last - 1);
        let cell_r = _mm256_min_epi32(_mm256_cvttps_epi32(red), most);
        let cell_g = _mm256_min_epi32(_mm256_cvttps_epi32(green), most);
        let cell_b = _mm256_min_epi32(_mm256_cvttps_epi32(blue), most);
        let r = _mm256_sub_ps(red, _mm256_cvtepi32_ps(cell_r));
        let g = _mm256_sub_ps(green, _mm256_cvtepi32_ps(cell_g));
        let b = _mm256_sub_ps(blue, _mm256_cvtepi32_ps(cell_b));
        // Four floats a corner.
        let (stride_r, stride_g, stride_b) = (4 * (size * size) as i32, 4 * size as i32, 4);
        let to_r = _mm256_set1_epi32(stride_r);
        let to_g = _mm256_set1_epi32(stride_g);
        let to_b = _mm256_set1_epi32(stride_b);
        let base = _mm256_add_epi32(_mm256_mullo_epi32(cell_r, to_r), _mm256_mullo_epi32(cell_g, to_g));
        let base = _mm256_add_epi32(base, _mm256_slli_epi32::<2>(cell_b));

        let (rg, gb, rb) = (at_least(r, g), at_least(g, b), at_least(r, b));
        let largest = _mm256_blendv_epi8(to_b, to_g, _mm256_andnot_si256(rg, gb));
        let largest = _mm256_blendv_epi8(largest, to_r, _mm256_and_si256(rg, rb));
        let r_is_least = _mm256_andnot_si256(_mm256_or_si256(rg, rb), _mm256_set1_epi32(-1));
        let smallest = _mm256_blendv_epi8(to_b, to_g, _mm256_andnot_si256(gb, rg));
        let smallest = _mm256_blendv_epi8(smallest, to_r, r_is_least);
        let all = _mm256_set1_epi32(stride_r + stride_g + stride_b);
        let (rg_high, rg_low) = (_mm256_max_ps(r, g), _mm256_min_ps(r, g));
        let (high, low) = (_mm256_max_ps(rg_high, b), _mm256_min_ps(rg_low, b));
        let middle = _mm256_max_ps(rg_low, _mm256_min_ps(rg_high, b));
        let Places { corners, weights } = places;
        // SAFETY: each store fills one array of eight, which lies on 32 bytes.
        unsafe {
            _mm256_store_si256(corners[0].as_mut_ptr().cast(), base);
            _mm256_store_si256(corners[1].as_mut_ptr().cast(), _mm256_add_epi32(base, largest));
            _mm256_store_si256(corners[2].as_mut_ptr().cast(), _mm256_add_epi32(base, _mm256_sub_epi32(all, smallest)));
            _mm256_store_si256(corners[3].as_mut_ptr().cast(), _mm256_add_epi32(base, all));
            _mm256_store_ps(weights[0].as_mut_ptr(), _mm256_sub_ps(_mm256_set1_ps(1.0), high));
            _mm256_store_ps(weights[1].as_mut_ptr(), _mm256_sub_ps(high, middle));
            _mm256_store_ps(weights[2].as_mut_ptr(), _mm256_sub_ps(middle, low));
            _mm256_store_ps(weights[3].as_mut_ptr(), low);
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn interpolate(table: &[[f32; 4]], places: &Places, pixels: &mut [[f32; 3]; 8]) {
        let (floats, out) = (table.as_flattened(), pixels.as_mut_ptr().cast::<f32>());
        for pixel in 0..8 {
            let mut terms = [_mm_setzero_ps(); 4];
            for (place, term) in terms.iter_mut().enumerate() {
                let corner = places.corners[place][pixel] as usize;
                debug_assert!(corner + 4 <= floats.len());
                // SAFETY: cells are clamped to 0..=size-2 (a NaN is 0), so that every corner is within size cubed, which
                // `tetrahedral` held the table to; the load reads the four floats of that corner.
                let value = unsafe { _mm_loadu_ps(floats.as_ptr().add(corner)) };
                *term = _mm_mul_ps(_mm_set1_ps(places.weights[place][pixel]), value);
            }
            let sum = _mm_add_ps(_mm_add_ps(terms[0], terms[1]), _mm_add_ps(terms[2], terms[3]));
            // SAFETY: the fourth float is overwritten by the next pixel, so the last but one store ends with float 21 of 24; the
            // last pixel is stored as two floats and one.
            unsafe {
                if pixel < 7 {
                    _mm_storeu_ps(out.add(3 * pixel), sum);
                } else {
                    out.add(21).cast::<f64>().write_unaligned(_mm_cvtsd_f64(_mm_castps_pd(sum)));
                    _mm_store_ss(out.add(23), _mm_movehl_ps(sum, sum));
                }
            }
        }
    }
}
