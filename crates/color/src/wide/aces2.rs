//! Owns the ACES 2 output transform over blocks: the operations of `ocio::ops::fixed_function::aces2` in the same order and precision,
//! with every branch a choice between two values. The tables are the engine's own.

use super::math::{BLOCK, Plane, Power, atan2, each, log10, max, min, sin_cos};
use ocio::ops::fixed_function::aces2::common::{
    CAM_NL_OFFSET, COMPRESSION_THRESHOLD, CUSP_MID_BLEND, ChromaCompressParams, FOCUS_GAIN_BLEND, GamutCompressParams, J_SCALE,
    JMhParams, PI, SMOOTH_CUSPS, SharedCompressionParameters, ToneScaleParams, table,
};
use ocio::ops::fixed_function::aces2::matrix::{ACES_AP0, ACES_AP1, M33f, Primaries};
use ocio::ops::fixed_function::aces2::{
    init_chroma_compress_params, init_gamut_compress_params, init_jmh_params, init_shared_compression_params,
    init_tone_scale_params,
};

/// The forward transform for one peak luminance and one limiting gamut.
pub(crate) struct OutputTransform {
    into: JMhParams,
    out: JMhParams,
    tone: ToneScaleParams,
    shared: SharedCompressionParameters,
    chroma: ChromaCompressParams,
    gamut: GamutCompressParams,
}

impl OutputTransform {
    /// From the parameters of the fixed function: peak luminance and eight coordinates of the limiting primaries.
    pub(crate) fn new(params: &[f64]) -> Option<Self> {
        let peak = *params.first()? as f32;
        let coordinates: [f64; 8] = params.get(1..9)?.try_into().ok()?;
        let into = init_jmh_params(&ACES_AP0).ok()?;
        let out = init_jmh_params(&Primaries::from_f32(&coordinates.map(|value| value as f32))).ok()?;
        let reach = init_jmh_params(&ACES_AP1).ok()?;
        let tone = init_tone_scale_params(peak);
        let shared = init_shared_compression_params(peak, &into, &reach);
        let chroma = init_chroma_compress_params(peak, &tone);
        let gamut = init_gamut_compress_params(peak, &into, &out, &tone, &shared, &reach);
        Some(Self { into, out, tone, shared, chroma, gamut })
    }

    #[inline(always)]
    pub(super) fn apply(&self, planes: &mut [Plane; 3]) {
        // To opponent colours.
        multiply(&self.into.matrix_rgb_to_cam16_c, planes);
        for plane in planes.iter_mut() {
            compress_cone(plane);
        }
        multiply(&self.into.matrix_cone_response_to_aab, planes);
        let [achromatic, a, b] = &*planes;

        // Lightness, colourfulness and hue; without light there is none of them.
        let mut lightness = *achromatic;
        let to_lightness = Power::new(self.into.cz);
        each!(&mut lightness, |value| J_SCALE * to_lightness.of(value));
        let (mut colour, mut hue, mut cosine, mut sine) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        for at in 0..BLOCK {
            let dark = achromatic[at] <= 0.0;
            let hypot = (a[at] * a[at] + b[at] * b[at]).sqrt();
            colour[at] = if dark { 0.0 } else { hypot };
            lightness[at] = if dark { 0.0 } else { lightness[at] };
        }
        for at in 0..BLOCK {
            let degrees = 180.0 * atan2(b[at], a[at]) / PI;
            let degrees = if degrees < 0.0 { degrees + 360.0 } else { degrees };
            hue[at] = if achromatic[at] <= 0.0 { 0.0 } else { degrees };
        }
        for at in 0..BLOCK {
            (sine[at], cosine[at]) = sin_cos(PI * hue[at] / 180.0);
        }
        let toned = self.tone_scale(achromatic);
        let by_hue = self.look_up(&hue);
        self.compress_chroma(&lightness, &toned, &mut colour, &cosine, &sine, &by_hue.reach);
        let mut lightness = toned;
        self.compress_gamut(&mut lightness, &mut colour, &by_hue);

        // Back to light.
        let to_achromatic = Power::new(self.out.inv_cz);
        each!(&mut lightness, |value| to_achromatic.of(value * (1.0 / J_SCALE)));
        for at in 0..BLOCK {
            planes[0][at] = lightness[at];
            planes[1][at] = colour[at] * cosine[at];
            planes[2][at] = colour[at] * sine[at];
        }
        multiply(&self.out.matrix_aab_to_cone_response, planes);
        let expand = Power::new(1.0 / 0.42);
        for plane in planes.iter_mut() {
            for value in plane.iter_mut() {
                *value = expanded_cone(value.abs(), expand).copysign(*value);
            }
        }
        multiply(&self.out.matrix_cam16_c_to_rgb, planes);
    }

    /// Lightness after the tone scale, from the achromatic response.
    #[inline(always)]
    fn tone_scale(&self, achromatic: &Plane) -> Plane {
        let (tone, into) = (&self.tone, &self.into);
        let expand = Power::new(1.0 / 0.42);
        let curve = Power::new(tone.g);
        let cone = Power::new(0.42);
        let to_lightness = Power::new(into.cz);
        let mut out = *achromatic;
        each!(&mut out, |value| expanded_cone(into.a_w_j * value, expand) / into.f_l_n);
        each!(&mut out, |y| {
            let f = tone.m_2 * curve.of(y / (y + tone.s_2));
            max(0.0, f * f / (f + tone.t_1)) * tone.n_r
        });
        each!(&mut out, |y| {
            let power = cone.of(y * into.f_l_n);
            power / (CAM_NL_OFFSET + power)
        });
        for (value, sign) in out.iter_mut().zip(achromatic) {
            *value = (J_SCALE * to_lightness.of(*value * into.inv_a_w_j)).copysign(*sign);
        }
        out
    }

    /// What the tables say for a hue.
    #[inline(always)]
    fn look_up(&self, hue: &Plane) -> ByHue {
        let gamut = &self.gamut;
        let mut out = ByHue { reach: [0.0; BLOCK], cusp_j: [0.0; BLOCK], cusp_m: [0.0; BLOCK], top: [0.0; BLOCK] };
        let [down, up] = gamut.hue_linearity_search_range;
        for (at, hue) in hue.iter().enumerate() {
            let place = table::hue_position_in_uniform_table(*hue);
            let low = place + table::FIRST_NOMINAL_INDEX;
            let reach = &self.shared.reach_m_table;
            out.reach[at] = lerp(reach[low], reach[low + 1], *hue - place as f32);
            // Hues rise through the table: the interval is found by counting those below.
            let first = (low as i32 + down).clamp(table::LOWER_WRAP_INDEX as i32, table::UPPER_WRAP_INDEX as i32 - 1) as usize;
            let last = (low as i32 + up).clamp(first as i32 + 1, table::UPPER_WRAP_INDEX as i32) as usize;
            // The engine's search looks at the uniform place first, even where that is the lower end.
            let from = if first == low { first } else { first + 1 };
            let mut high = from;
            for other in &gamut.hue_table[from..last] {
                high += usize::from(*hue > *other);
            }
            let high = high.max(1);
            let (one, two) = (gamut.hue_table[high - 1], gamut.hue_table[high]);
            let part = (*hue - one) / (two - one);
            let (lower, upper) = (&gamut.gamut_cusp_table[high - 1], &gamut.gamut_cusp_table[high]);
            out.cusp_j[at] = lerp(lower[0], upper[0], part);
            out.cusp_m[at] = lerp(lower[1], upper[1], part);
            out.top[at] = lerp(lower[2], upper[2], part);
        }
        out
    }

    #[inline(always)]
    fn compress_chroma(&self, before: &Plane, toned: &Plane, colour: &mut Plane, cosine: &Plane, sine: &Plane, reach: &Plane) {
        let chroma = &self.chroma;
        let limit_j = self.shared.limit_j_max;
        let gamma = Power::new(self.shared.model_gamma_inv);
        let mut limits = *toned;
        each!(&mut limits, |value| gamma.of(value / limit_j));
        let mut ratios = [0.0; BLOCK];
        for at in 0..BLOCK {
            ratios[at] = gamma.of(toned[at] / before[at]);
        }
        for at in 0..BLOCK {
            let (cos1, sin1) = (cosine[at], sine[at]);
            let cos2 = 2.0 * cos1 * cos1 - 1.0;
            let sin2 = 2.0 * cos1 * sin1;
            let cos3 = 4.0 * cos1 * cos1 * cos1 - 3.0 * cos1;
            let sin3 = 3.0 * sin1 - 4.0 * sin1 * sin1 * sin1;
            let series = 11.34072 * cos1
                + 16.46899 * cos2
                + 7.88380 * cos3
                + 14.66441 * sin1
                + -6.37224 * sin2
                + 9.19364 * sin3
                + 77.12896;
            let norm = series * chroma.chroma_compress_scale;

            let share = toned[at] / limit_j;
            let rest = max(0.0, 1.0 - share);
            let limit = limits[at] * reach[at] / norm;
            let mut value = colour[at] * ratios[at];
            value /= norm;
            value = limit - toe(limit - value, limit - 0.001, rest * chroma.sat, (share * share + chroma.sat_thr).sqrt());
            value = toe(value, limit, share * chroma.compr, rest);
            value *= norm;
            colour[at] = if colour[at] != 0.0 { value } else { colour[at] };
        }
    }

    #[inline(always)]
    fn compress_gamut(&self, lightness: &mut Plane, colour: &mut Plane, by_hue: &ByHue) {
        let gamut = &self.gamut;
        let limit = self.shared.limit_j_max;
        let mut gain = [0.0; BLOCK];
        for at in 0..BLOCK {
            let threshold = lerp(by_hue.cusp_j[at], limit, FOCUS_GAIN_BLEND);
            let steeper = log10((limit - threshold) / max(0.0001, limit - lightness[at]));
            let steeper = steeper * steeper + 1.0;
            let plain = limit * gamut.focus_dist;
            gain[at] = if lightness[at] > threshold { plain * steeper } else { plain };
        }
        let (mut source, mut slope, mut at_cusp) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        for at in 0..BLOCK {
            let cusp_j = by_hue.cusp_j[at];
            let focus = lerp(cusp_j, gamut.mid_j, min(1.0, CUSP_MID_BLEND - (cusp_j / limit)));
            source[at] = intersect(lightness[at], colour[at], focus, limit, gain[at]);
            let reach = if source[at] < focus { source[at] } else { limit - source[at] };
            slope[at] = reach * (source[at] - focus) / (focus * gain[at]);
            at_cusp[at] = intersect(cusp_j, by_hue.cusp_m[at], focus, limit, gain[at]);
        }
        // Three powers: the lower hull, the upper one, and what AP1 reaches.
        let (mut lower, mut upper, mut reach) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let bottom = Power::new(gamut.lower_hull_gamma_inv);
        let model = Power::new(self.shared.model_gamma_inv);
        for at in 0..BLOCK {
            lower[at] = bottom.of(source[at] / at_cusp[at]);
        }
        for at in 0..BLOCK {
            upper[at] = super::math::pow((limit - source[at]) / (limit - at_cusp[at]), by_hue.top[at]);
        }
        for at in 0..BLOCK {
            reach[at] = model.of(source[at] / limit);
        }
        for at in 0..BLOCK {
            let (j, m, cusp_j, cusp_m) = (lightness[at], colour[at], by_hue.cusp_j[at], by_hue.cusp_m[at]);
            let low = meet(at_cusp[at] * lower[at], slope[at], cusp_j, cusp_m);
            let high = meet((limit - at_cusp[at]) * upper[at], -slope[at], limit - cusp_j, cusp_m);
            // The lesser of both, smoothed where they meet.
            let scale = SMOOTH_CUSPS * cusp_m;
            let near = max(scale - (low - high).abs(), 0.0) / scale;
            let boundary = min(low, high) - near * near * near * scale * (1.0 / 6.0);
            let beyond = meet(limit * reach[at], slope[at], limit, by_hue.reach[at]);
            let remapped = remap(m, boundary, beyond);
            let compressed = source[at] + remapped * slope[at];

            let (dark, no_colour) = (j <= 0.0, (m <= 0.0) | (j > limit));
            let flat = boundary <= 0.0;
            let kept_j = if flat { j } else { compressed };
            let kept_m = if flat { 0.0 } else { remapped };
            lightness[at] = if dark {
                0.0
            } else if no_colour {
                j
            } else {
                kept_j
            };
            colour[at] = if dark | no_colour { 0.0 } else { kept_m };
        }
    }
}

struct ByHue {
    reach: Plane,
    cusp_j: Plane,
    cusp_m: Plane,
    top: Plane,
}

#[inline(always)]
fn multiply(matrix: &M33f, planes: &mut [Plane; 3]) {
    let [r, g, b] = planes;
    for at in 0..BLOCK {
        let [x, y, z] = [r[at], g[at], b[at]];
        r[at] = x * matrix[0] + y * matrix[1] + z * matrix[2];
        g[at] = x * matrix[3] + y * matrix[4] + z * matrix[5];
        b[at] = x * matrix[6] + y * matrix[7] + z * matrix[8];
    }
}

#[inline(always)]
fn compress_cone(plane: &mut Plane) {
    let cone = Power::new(0.42);
    each!(plane, |value| {
        let power = cone.of(value.abs());
        (power / (CAM_NL_OFFSET + power)).copysign(value)
    });
}

#[inline(always)]
fn expanded_cone(response: f32, expand: Power) -> f32 {
    let limited = min(response, 0.99);
    expand.of((CAM_NL_OFFSET * limited) / (1.0 - limited))
}

/// Where a line of a slope meets the boundary that goes up to `top`.
#[inline(always)]
fn meet(shifted: f32, slope: f32, top_j: f32, top_m: f32) -> f32 {
    shifted * top_m / (top_j - slope * top_m)
}

#[inline(always)]
fn lerp(a: f32, b: f32, part: f32) -> f32 {
    (b - a) * part + a
}

#[inline(always)]
fn toe(x: f32, limit: f32, k1: f32, k2: f32) -> f32 {
    let k2 = max(k2, 0.001);
    let k1 = (k1 * k1 + k2 * k2).sqrt();
    let k3 = (limit + k1) / (limit + k2);
    let minus_b = k3 * x - k1;
    let minus_ac = k2 * k3 * x;
    let bent = 0.5 * (minus_b + (minus_b * minus_b + 4.0 * minus_ac).sqrt());
    if x > limit { x } else { bent }
}

/// Where the line of compression crosses the axis of lightness.
#[inline(always)]
fn intersect(j: f32, m: f32, focus: f32, limit: f32, gain: f32) -> f32 {
    let scaled = m / gain;
    let a = scaled / focus;
    let below = j < focus;
    let b = if below { 1.0 - scaled } else { -(1.0 + scaled + limit * a) };
    let c = if below { -j } else { limit * scaled + j };
    let root = (b * b - 4.0 * a * c).sqrt();
    -2.0 * c / if below { b + root } else { b - root }
}

#[inline(always)]
fn remap(m: f32, boundary: f32, reach: f32) -> f32 {
    let proportion = max(boundary / reach, COMPRESSION_THRESHOLD);
    let threshold = proportion * boundary;
    let reach_offset = reach - threshold;
    let scale = reach_offset / ((reach_offset / (boundary - threshold)) - 1.0);
    let distance = (m - threshold) / scale;
    let moved = threshold + scale * distance / (1.0 + distance);
    if (m <= threshold) | (proportion >= 1.0) { m } else { moved }
}
