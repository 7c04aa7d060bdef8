//! Owns the operations of the engine over blocks, each in the order and precision of `ocio::ops`. What is not here is left to the engine.

use super::aces2::OutputTransform;
use super::math::{BLOCK, Plane, Power, atan2, each, exp, exp2, ln, log2, max, min};
use super::pq::{lin_to_pq, pq_to_lin};
use ocio::ops::cdl::{CdlOp, CdlRenderParams, CdlRenderer};
use ocio::ops::fixed_function::{FixedFunctionOp, FixedFunctionOpStyle as Style};
use ocio::ops::gamma::{GammaOp, GammaRenderer, RendererParams};
use ocio::ops::grading_rgb_curve::GradingRgbCurveOp;
use ocio::ops::log::{LogOp, LogRenderer};
use ocio::ops::lut1d::{Lut1DOp, Lut1DOpData};
use ocio::ops::matrix::{MatrixOp, MatrixRenderer};
use ocio::ops::range::{RangeOp, RangeRenderer};
use ocio::ops::{OpRc, Pixel};
use ocio::{GradingStyle, Lut1DHueAdjust, TransformDirection};
use std::sync::Arc;

/// One operation.
pub(crate) enum Step {
    /// Columns as the engine adds them; the fourth stands for an alpha of 1.
    Matrix {
        columns: [[f32; 3]; 4],
        offset: Option<[f32; 3]>,
    },
    Scale {
        scale: [f32; 3],
        offset: Option<[f32; 3]>,
    },
    Range(RangeRenderer),
    Log(LogRenderer),
    Gamma(GammaRenderer),
    Cdl(CdlRenderParams),
    Curve(Box<Pieces>),
    Aces2(Arc<OutputTransform>),
    LinToPq,
    PqToLin,
    GammaLog(Box<GammaLog>),
    Surround {
        gamma: f32,
        floor: f32,
        mirrored: bool,
        weights: [f32; 3],
    },
    Glow {
        gain: f32,
        middle: f32,
    },
    RedModifier,
    GamutCompression {
        threshold: [f32; 3],
        scale: [f32; 3],
        power: f32,
    },
    /// A table over every 16-bit float.
    HalfLut([Arc<HalfTable>; 3]),
    /// Anything else, by the engine.
    Engine(OpRc),
}

type HalfTable = [f32; 65536];

/// Most pieces of a curve.
const PIECES: usize = 32;

/// A curve in pieces: `(a * t + b) * t + c`, `t` from `start`.
pub(crate) struct Pieces {
    /// Where each piece but the first begins; those that are not used lie beyond every number.
    from: [f32; PIECES],
    used: usize,
    start: [f32; PIECES],
    a: [f32; PIECES],
    b: [f32; PIECES],
    c: [f32; PIECES],
}

impl Pieces {
    fn push(&mut self, from: f32, start: f32, [a, b, c]: [f32; 3]) {
        let at = self.used;
        (self.from[at], self.start[at], self.a[at], self.b[at], self.c[at]) = (from, start, a, b, c);
        self.used += 1;
    }
}

/// The curve of HLG: a power below, a logarithm above, mirrored.
pub(crate) struct GammaLog {
    inverse: bool,
    mirror: f32,
    brk: f32,
    power: f32,
    slope: f32,
    off: f32,
    log_slope: f32,
    log_off: f32,
    lin_slope: f32,
    lin_off: f32,
    prime_break: f32,
    prime_mirror: f32,
}

fn rgb<T: Copy>(all: &[T; 4]) -> [T; 3] {
    [all[0], all[1], all[2]]
}

impl Step {
    /// The operation; `None` where it touches alpha, which blocks do not carry.
    pub(crate) fn of(op: &OpRc) -> Option<Self> {
        if let Some(matrix) = op.downcast_ref::<MatrixOp>() {
            return Self::of_matrix(matrix.renderer());
        }
        if let Some(range) = op.downcast_ref::<RangeOp>() {
            return Some(Self::Range(*range.renderer()));
        }
        if let Some(log) = op.downcast_ref::<LogOp>() {
            return Some(Self::Log(*log.renderer()));
        }
        if let Some(gamma) = op.downcast_ref::<GammaOp>() {
            return gamma.data().is_alpha_component_identity().then(|| Self::Gamma(*gamma.renderer()));
        }
        if let Some(cdl) = op.downcast_ref::<CdlOp>() {
            return Some(Self::Cdl(*CdlRenderer::new(cdl.data()).params()));
        }
        if let Some(curve) = op.downcast_ref::<GradingRgbCurveOp>() {
            return Some(master_curve(curve).map_or_else(|| Self::Engine(op.clone()), Self::Curve));
        }
        if let Some(lut) = op.downcast_ref::<Lut1DOp>() {
            return Some(half_tables(lut.data()).map_or_else(|| Self::Engine(op.clone()), Self::HalfLut));
        }
        if let Some(fixed) = op.downcast_ref::<FixedFunctionOp>() {
            return Some(Self::of_fixed(fixed).unwrap_or_else(|| Self::Engine(op.clone())));
        }
        Some(Self::Engine(op.clone()))
    }

    fn of_matrix(renderer: &MatrixRenderer) -> Option<Self> {
        let clean = |columns: &[[f32; 4]; 4]| columns[3][3] == 1.0 && (0..3).all(|column| columns[column][3] == 0.0);
        let three = |columns: &[[f32; 4]; 4]| [rgb(&columns[0]), rgb(&columns[1]), rgb(&columns[2]), rgb(&columns[3])];
        match renderer {
            MatrixRenderer::Scale { scale } => (scale[3] == 1.0).then(|| Self::Scale { scale: rgb(scale), offset: None }),
            MatrixRenderer::ScaleWithOffset { scale, offset } => {
                (scale[3] == 1.0 && offset[3] == 0.0).then(|| Self::Scale { scale: rgb(scale), offset: Some(rgb(offset)) })
            }
            MatrixRenderer::Matrix { columns } => clean(columns).then(|| Self::Matrix { columns: three(columns), offset: None }),
            MatrixRenderer::MatrixWithOffset { columns, offset } => {
                (clean(columns) && offset[3] == 0.0).then(|| Self::Matrix { columns: three(columns), offset: Some(rgb(offset)) })
            }
        }
    }

    fn of_fixed(fixed: &FixedFunctionOp) -> Option<Self> {
        let data = fixed.data();
        let param = |at: usize| data.params.get(at).copied().map(|value| value as f32);
        match data.style {
            Style::AcesOutputTransform20Fwd => super::shared_output_transform(&data.params).map(Self::Aces2),
            Style::LinToPq => Some(Self::LinToPq),
            Style::PqToLin => Some(Self::PqToLin),
            Style::LinToGammaLog => GammaLog::new(&data.params, false).map(Self::GammaLog),
            Style::GammaLogToLin => GammaLog::new(&data.params, true).map(Self::GammaLog),
            Style::AcesDarkToDim10Fwd => Some(Self::dim(0.9811)),
            Style::AcesDarkToDim10Inv => Some(Self::dim(1.019_264_091_326_062_7_f64 as f32)),
            Style::Rec2100SurroundFwd => {
                let gamma = param(0)?;
                Some(Self::Surround { gamma: gamma - 1.0, floor: 1e-4, mirrored: true, weights: [0.2627, 0.6780, 0.0593] })
            }
            Style::AcesGlow03Fwd => Some(Self::Glow { gain: 0.075, middle: 0.1 }),
            Style::AcesGlow10Fwd => Some(Self::Glow { gain: 0.05, middle: 0.08 }),
            Style::AcesRedMod10Fwd => Some(Self::RedModifier),
            Style::AcesGamutComp13Fwd => {
                let limit = [param(0)?, param(1)?, param(2)?];
                let threshold = [param(3)?, param(4)?, param(5)?];
                let power = param(6)?;
                let scale = [0, 1, 2].map(|at: usize| {
                    let (limit, threshold): (f32, f32) = (limit[at], threshold[at]);
                    (limit - threshold) / (((1.0 - threshold) / (limit - threshold)).powf(-power) - 1.0).powf(1.0 / power)
                });
                Some(Self::GamutCompression { threshold, scale, power })
            }
            _ => None,
        }
    }

    fn dim(gamma: f32) -> Self {
        let weights =
            [0.272_228_716_780_914_54_f64, 0.674_081_765_811_148_4, 0.053_689_517_407_937_05].map(|weight| weight as f32);
        Self::Surround { gamma: gamma - 1.0, floor: 1e-10, mirrored: false, weights }
    }

    /// Whether the engine takes long for it.
    pub(crate) fn is_ours(&self) -> bool {
        !matches!(self, Self::Engine(_))
    }

    #[inline(always)]
    pub(super) fn apply(&self, planes: &mut [Plane; 3]) {
        match self {
            Self::Matrix { columns, offset } => matrix(columns, offset.as_ref(), planes),
            Self::Scale { scale, offset } => {
                let [red, green, blue] = planes;
                for (plane, channel) in [(red, 0), (green, 1), (blue, 2)] {
                    let by = scale[channel];
                    match offset {
                        Some(offset) => each!(plane, |value| value * by + offset[channel]),
                        None => each!(plane, |value| value * by),
                    }
                }
            }
            Self::Range(range) => {
                for plane in planes {
                    clamp(range, plane);
                }
            }
            Self::Log(log) => {
                let [red, green, blue] = planes;
                logarithm(log, 0, red);
                logarithm(log, 1, green);
                logarithm(log, 2, blue);
            }
            Self::Gamma(gamma) => {
                let [red, green, blue] = planes;
                power(gamma, 0, red);
                power(gamma, 1, green);
                power(gamma, 2, blue);
            }
            Self::Cdl(params) => cdl(params, planes),
            Self::Curve(pieces) => {
                for plane in planes {
                    curve(pieces, plane);
                }
            }
            Self::Aces2(output) => output.apply(planes),
            Self::LinToPq => {
                for plane in planes {
                    lin_to_pq(plane);
                }
            }
            Self::PqToLin => {
                for plane in planes {
                    pq_to_lin(plane);
                }
            }
            Self::GammaLog(curve) => {
                for plane in planes {
                    curve.apply(plane);
                }
            }
            Self::Surround { gamma, floor, mirrored, weights } => surround(*gamma, *floor, *mirrored, weights, planes),
            Self::Glow { gain, middle } => glow(*gain, *middle, planes),
            Self::RedModifier => red_modifier(planes),
            Self::GamutCompression { threshold, scale, power } => gamut_compression(threshold, scale, *power, planes),
            Self::HalfLut(tables) => {
                for (plane, table) in planes.iter_mut().zip(tables) {
                    half_lut(table, plane);
                }
            }
            Self::Engine(op) => by_engine(op, planes),
        }
    }
}

#[inline(never)]
fn by_engine(op: &OpRc, planes: &mut [Plane; 3]) {
    let mut pixels: [Pixel; BLOCK] = [[1.0; 4]; BLOCK];
    for (at, pixel) in pixels.iter_mut().enumerate() {
        *pixel = [planes[0][at], planes[1][at], planes[2][at], 1.0];
    }
    op.apply(&mut pixels);
    for (at, pixel) in pixels.iter().enumerate() {
        for channel in 0..3 {
            planes[channel][at] = pixel[channel];
        }
    }
}

#[inline(always)]
fn matrix(columns: &[[f32; 3]; 4], offset: Option<&[f32; 3]>, planes: &mut [Plane; 3]) {
    let [red, green, blue] = planes;
    let [x, y, z, w] = columns;
    let add = offset.copied().unwrap_or([0.0; 3]);
    for at in 0..BLOCK {
        let [r, g, b] = [red[at], green[at], blue[at]];
        red[at] = (x[0] * r + y[0] * g) + (z[0] * b + w[0]) + add[0];
        green[at] = (x[1] * r + y[1] * g) + (z[1] * b + w[1]) + add[1];
        blue[at] = (x[2] * r + y[2] * g) + (z[2] * b + w[2]) + add[2];
    }
}

/// As the engine clamps: what is not a number becomes the lower end, or the upper one where there is no lower.
#[inline(always)]
fn between(value: f32, low: f32, high: f32) -> f32 {
    let below = if value < high { value } else { high };
    if value > low { below } else { low }
}

#[inline(always)]
fn clamp(range: &RangeRenderer, plane: &mut Plane) {
    match *range {
        RangeRenderer::ScaleMinMax { scale, offset, lower, upper } => {
            each!(plane, |value| between(value * scale + offset, lower, upper));
        }
        RangeRenderer::MinMax { lower, upper } => each!(plane, |value| between(value, lower, upper)),
        RangeRenderer::Min { lower } => each!(plane, |value| if lower < value { value } else { lower }),
        RangeRenderer::Max { upper } => each!(plane, |value| if value < upper { value } else { upper }),
    }
}

#[inline(always)]
fn logarithm(renderer: &LogRenderer, channel: usize, plane: &mut Plane) {
    const LEAST: f32 = f32::MIN_POSITIVE;
    let c = channel;
    match renderer {
        LogRenderer::Log { scale } => each!(plane, |x| log2(max(LEAST, x)) * scale),
        LogRenderer::AntiLog { log2_base } => each!(plane, |x| exp2(x * log2_base)),
        LogRenderer::Lin2Log { m, b, klog, kb } => {
            let (m, b, klog, kb) = (m[c], b[c], klog[c], kb[c]);
            each!(plane, |x| log2(max(LEAST, x * m + b)) * klog + kb);
        }
        LogRenderer::Log2Lin { kinv, minuskb, minusb, minv } => {
            let (kinv, minuskb, minusb, minv) = (kinv[c], minuskb[c], minusb[c], minv[c]);
            each!(plane, |x| (exp2((x + minuskb) * kinv) + minusb) * minv);
        }
        LogRenderer::CameraLin2Log { m, b, klog, kb, linb, linear_slope, linear_offset } => {
            let (m, b, klog, kb) = (m[c], b[c], klog[c], kb[c]);
            let (linb, slope, offset) = (linb[c], linear_slope[c], linear_offset[c]);
            each!(plane, |x| {
                let curved = log2(max(LEAST, x * m + b)) * klog + kb;
                if x < linb { slope * x + offset } else { curved }
            });
        }
        LogRenderer::CameraLog2Lin { kinv, minuskb, minusb, minv, log_side_break, linsinv, minuslino } => {
            let (kinv, minuskb, minusb, minv) = (kinv[c], minuskb[c], minusb[c], minv[c]);
            let (brk, slope, offset) = (log_side_break[c], linsinv[c], minuslino[c]);
            each!(plane, |x| {
                let curved = (exp2((x + minuskb) * kinv) + minusb) * minv;
                if x < brk { slope * (x + offset) } else { curved }
            });
        }
    }
}

#[inline(always)]
fn power(renderer: &GammaRenderer, channel: usize, plane: &mut Plane) {
    match renderer {
        GammaRenderer::Basic { gamma } => {
            let power = Power::new(gamma[channel]);
            each!(plane, |x| power.of(max(0.0, x)));
        }
        GammaRenderer::BasicMirror { gamma } => {
            let power = Power::new(gamma[channel]);
            each!(plane, |x| power.of(x.abs()).copysign(x));
        }
        GammaRenderer::BasicPassThru { gamma } => {
            let power = Power::new(gamma[channel]);
            each!(plane, |x| {
                let curved = power.of(x);
                if x > 0.0 { curved } else { x }
            });
        }
        GammaRenderer::MoncurveFwd { params } => forward(&params[channel], false, plane),
        GammaRenderer::MoncurveMirrorFwd { params } => forward(&params[channel], true, plane),
        GammaRenderer::MoncurveRev { params } => reverse(&params[channel], false, plane),
        GammaRenderer::MoncurveMirrorRev { params } => reverse(&params[channel], true, plane),
    }
}

#[inline(always)]
fn forward(curve: &RendererParams, mirrored: bool, plane: &mut Plane) {
    let power = Power::new(curve.gamma);
    each!(plane, |value| {
        let x = if mirrored { value.abs() } else { value };
        let curved = power.of(x * curve.scale + curve.offset);
        let out = if x <= curve.break_pnt { x * curve.slope } else { curved };
        if mirrored { out * 1.0_f32.copysign(value) } else { out }
    });
}

#[inline(always)]
fn reverse(curve: &RendererParams, mirrored: bool, plane: &mut Plane) {
    let power = Power::new(curve.gamma);
    each!(plane, |value| {
        let x = if mirrored { value.abs() } else { value };
        let curved = power.of(x) * curve.scale - curve.offset;
        let out = if x <= curve.break_pnt { x * curve.slope } else { curved };
        if mirrored { out * 1.0_f32.copysign(value) } else { out }
    });
}

#[inline(always)]
fn clamp_all(planes: &mut [Plane; 3]) {
    for plane in planes {
        each!(plane, |value| between(value, 0.0, 1.0));
    }
}

#[inline(always)]
fn raise(powers: &[f32; 3], planes: &mut [Plane; 3]) {
    let [red, green, blue] = planes;
    for (plane, exponent) in [(red, powers[0]), (green, powers[1]), (blue, powers[2])] {
        let power = Power::new(exponent);
        each!(plane, |value| {
            let curved = power.of(value);
            let value = if value.is_nan() { 0.0 } else { value };
            if (value < 0.0) | curved.is_nan() { value } else { curved }
        });
    }
}

#[inline(always)]
fn saturate(by: f32, planes: &mut [Plane; 3]) {
    let [red, green, blue] = planes;
    for at in 0..BLOCK {
        let [r, g, b] = [red[at], green[at], blue[at]];
        let luma = r * 0.2126 + g * 0.7152 + b * 0.0722;
        red[at] = luma + by * (r - luma);
        green[at] = luma + by * (g - luma);
        blue[at] = luma + by * (b - luma);
    }
}

#[inline(always)]
fn cdl(params: &CdlRenderParams, planes: &mut [Plane; 3]) {
    let clamps = !params.is_no_clamp;
    let CdlRenderParams { slope, offset, .. } = params;
    if params.is_reverse {
        if clamps {
            clamp_all(planes);
        }
        saturate(params.saturation, planes);
        if clamps {
            clamp_all(planes);
        }
        raise(&params.power, planes);
        for (channel, plane) in planes.iter_mut().enumerate() {
            each!(plane, |value| (value + offset[channel]) * slope[channel]);
        }
    } else {
        for (channel, plane) in planes.iter_mut().enumerate() {
            each!(plane, |value| value * slope[channel] + offset[channel]);
        }
        if clamps {
            clamp_all(planes);
        }
        raise(&params.power, planes);
        saturate(params.saturation, planes);
    }
    if clamps {
        clamp_all(planes);
    }
}

/// The master curve of an RGB curve in pieces, where the other three do nothing; else the engine computes it.
fn master_curve(op: &GradingRgbCurveOp) -> Option<Box<Pieces>> {
    let bare = op.style() != GradingStyle::Lin || op.bypass_lin_to_log();
    let knots = op.knots_coefs();
    let only_master = (0..3).all(|curve| knots.coefs_offsets[2 * curve + 1] == 0);
    if !bare || op.direction() != TransformDirection::Forward || knots.local_bypass || !only_master {
        return None;
    }
    let part = |of: &[f32], offset: i32, count: i32| -> Option<Vec<f32>> {
        let start = usize::try_from(offset).ok()?;
        Some(of.get(start..start + usize::try_from(count).ok()?)?.to_vec())
    };
    let coefficients = part(&knots.coefs, knots.coefs_offsets[6], knots.coefs_offsets[7])?;
    let places = part(&knots.knots, knots.knots_offsets[6], knots.knots_offsets[7])?;
    let sets = coefficients.len() / 3;
    if sets == 0 || places.len() != sets + 1 || sets + 2 > PIECES {
        return None;
    }
    let (first, last) = (places[0], places[sets]);
    let (a, b, c) = (&coefficients[..sets], &coefficients[sets..2 * sets], &coefficients[2 * sets..]);
    let nothing = [0.0; PIECES];
    let mut pieces =
        Box::new(Pieces { from: [f32::INFINITY; PIECES], used: 0, start: nothing, a: nothing, b: nothing, c: nothing });
    // Straight on below the first and above the last knot.
    pieces.push(f32::NEG_INFINITY, first, [0.0, b[0], c[0]]);
    for at in 0..sets {
        pieces.push(places[at], places[at], [a[at], b[at], c[at]]);
    }
    let t = last - places[sets - 1];
    let (end_a, end_b, end_c) = (a[sets - 1], b[sets - 1], c[sets - 1]);
    pieces.push(last, last, [0.0, 2.0 * end_a * t + end_b, (end_a * t + end_b) * t + end_c]);
    Some(pieces)
}

#[inline(always)]
fn curve(pieces: &Pieces, plane: &mut Plane) {
    let mut place = [0_u32; BLOCK];
    // The first knot itself belongs to what is below it, every other to what follows.
    let first = pieces.from[1];
    for at in 0..BLOCK {
        place[at] = u32::from(plane[at] > first);
    }
    for from in &pieces.from[2..pieces.used.min(PIECES)] {
        let from = *from;
        for at in 0..BLOCK {
            place[at] += u32::from(plane[at] >= from);
        }
    }
    for at in 0..BLOCK {
        let here = place[at] as usize % PIECES;
        let t = plane[at] - pieces.start[here];
        plane[at] = (pieces.a[here] * t + pieces.b[here]) * t + pieces.c[here];
    }
}

/// The tables of a forward LUT over 16-bit floats without hue adjustment; others are left to the engine.
fn half_tables(lut: &Lut1DOpData) -> Option<[Arc<HalfTable>; 3]> {
    let plain = lut.is_input_half_domain() && lut.hue_adjust() == Lut1DHueAdjust::None;
    let values = lut.array().values();
    if !plain || lut.direction() != TransformDirection::Forward || values.len() != 3 * 65536 {
        return None;
    }
    let table = |channel: usize| -> Option<Arc<HalfTable>> {
        let column: Vec<f32> = values.chunks_exact(3).map(|entry| sanitized(entry[channel])).collect();
        let held: Box<HalfTable> = column.into_boxed_slice().try_into().ok()?;
        Some(held.into())
    };
    let red = table(0)?;
    if lut.has_single_lut() {
        return Some([red.clone(), red.clone(), red]);
    }
    Some([red, table(1)?, table(2)?])
}

fn sanitized(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(-f32::MAX, f32::MAX) }
}

/// The value of the bits of a 16-bit float without its sign.
#[inline(always)]
fn of_half(bits: u32) -> f32 {
    let normal = f32::from_bits((bits << 13) + (112 << 23));
    let small = bits as i32 as f32 * (1.0 / 16_777_216.0);
    if bits < 1024 { small } else { normal }
}

/// Between the 16-bit float towards zero and the next one.
#[inline(always)]
fn half_lut(table: &HalfTable, plane: &mut Plane) {
    const LARGEST: f32 = 65504.0;
    let (mut low, mut high, mut rest) = ([0_u16; BLOCK], [0_u16; BLOCK], [0.0_f32; BLOCK]);
    for at in 0..BLOCK {
        let value = plane[at];
        let size = if value.abs() < LARGEST { value.abs() } else { LARGEST };
        let normal = (size.to_bits() >> 13).wrapping_sub(112 << 10);
        let small = (size * 16_777_216.0) as i32 as u32;
        let below = if size < 6.103_515_6e-5 { small } else { normal };
        let above = if below < 0x7bff { below + 1 } else { 0x7bff };
        let (from, to) = (of_half(below), of_half(above));
        let part = (size - from) / (to - from);
        let part = if part.is_nan() { 0.0 } else { part };
        let sign = (value.to_bits() >> 16) & 0x8000;
        // The table's own entry stands for what is not a number.
        let (below, above) = if value.is_nan() { (0x7e00, 0x7e01) } else { (below, above) };
        low[at] = (below | sign) as u16;
        high[at] = (above | sign) as u16;
        rest[at] = 1.0 - part;
    }
    for at in 0..BLOCK {
        let (one, two) = (table[usize::from(low[at])], table[usize::from(high[at])]);
        plane[at] = (one - two) * rest[at] + two;
    }
}

impl GammaLog {
    fn new(params: &[f64], inverse: bool) -> Option<Box<Self>> {
        let p: [f64; 10] = params.get(..10)?.try_into().ok()?;
        let [mirror, brk, power, slope, off] = [p[0], p[1], p[2], p[3], p[4]].map(|value| value as f32);
        Some(Box::new(Self {
            inverse,
            mirror,
            brk,
            power,
            slope,
            off,
            log_slope: (p[6] / p[5].ln()) as f32,
            log_off: p[7] as f32,
            lin_slope: p[8] as f32,
            lin_off: p[9] as f32,
            prime_break: slope * (brk + off).powf(power),
            prime_mirror: slope * (mirror + off).powf(power),
        }))
    }

    #[inline(always)]
    fn apply(&self, plane: &mut Plane) {
        if self.inverse {
            let power = Power::new(1.0 / self.power);
            each!(plane, |value| {
                let mirrored = value - self.prime_mirror;
                let x = mirrored.abs() + self.prime_mirror;
                let below = power.of(x / self.slope) - self.off;
                let above = (exp((x - self.log_off) / self.log_slope) - self.lin_off) / self.lin_slope;
                (if x < self.prime_break { below } else { above }) * 1.0_f32.copysign(mirrored)
            });
        } else {
            let power = Power::new(self.power);
            each!(plane, |value| {
                let mirrored = value - self.mirror;
                let x = mirrored.abs() + self.mirror;
                let below = self.slope * power.of(x + self.off);
                let above = self.log_slope * ln(self.lin_slope * x + self.lin_off) + self.log_off;
                (if x < self.brk { below } else { above }) * 1.0_f32.copysign(mirrored)
            });
        }
    }
}

#[inline(always)]
fn surround(gamma: f32, floor: f32, mirrored: bool, weights: &[f32; 3], planes: &mut [Plane; 3]) {
    let power = Power::new(gamma);
    let [red, green, blue] = planes;
    for at in 0..BLOCK {
        let y = weights[0] * red[at] + weights[1] * green[at] + weights[2] * blue[at];
        let y = if mirrored { y.abs() } else { y };
        let gain = power.of(max(floor, y));
        red[at] *= gain;
        green[at] *= gain;
        blue[at] *= gain;
    }
}

#[inline(always)]
fn saturation_weight(red: f32, green: f32, blue: f32) -> f32 {
    let low = min(red, min(green, blue));
    let high = max(red, max(green, blue));
    (max(1e-10, high) - max(1e-10, low)) / max(1e-2, high)
}

#[inline(always)]
fn glow(gain: f32, middle: f32, planes: &mut [Plane; 3]) {
    let [reds, greens, blues] = planes;
    for at in 0..BLOCK {
        let (red, green, blue) = (reds[at], greens[at], blues[at]);
        let chroma = (blue * (blue - green) + green * (green - red) + red * (red - blue)).sqrt();
        let light = (blue + green + red + 1.75 * chroma) / 3.0;
        let x = (saturation_weight(red, green, blue) - 0.4) * 5.0;
        let sign = 1.0_f32.copysign(x);
        let t = max(0.0, 1.0 - 0.5 * sign * x);
        let gain = gain * ((1.0 + sign * (1.0 - t * t)) * 0.5);
        let falling = gain * (middle / light - 0.5);
        let low = if light <= middle * 2.0 / 3.0 { gain } else { falling };
        let factor = 1.0 + if light >= middle * 2.0 { 0.0 } else { low };
        (reds[at], greens[at], blues[at]) = (red * factor, green * factor, blue * factor);
    }
}

/// A piece of the quadratic B-spline of the red modifier.
#[inline(always)]
fn basis(t: f32, [a, b, c, d]: [f32; 4]) -> f32 {
    d + t * (c + t * (b + t * a))
}

/// The red modifier of ACES 1.0.
#[inline(always)]
fn red_modifier(planes: &mut [Plane; 3]) {
    const ROOT_3: f32 = 1.732_050_807_568_877_2_f64 as f32;
    // 4 over a width of 135 degrees.
    const INVERSE_WIDTH: f32 = 1.697_652_726_313_550_4_f64 as f32;
    let [reds, greens, blues] = planes;
    let mut hue = [0.0; BLOCK];
    for at in 0..BLOCK {
        let (red, green, blue) = (reds[at], greens[at], blues[at]);
        hue[at] = atan2(ROOT_3 * (green - blue), 2.0 * red - (green + blue));
    }
    for at in 0..BLOCK {
        let (red, green, blue) = (reds[at], greens[at], blues[at]);
        let knot = hue[at] * INVERSE_WIDTH + 2.0;
        let first = basis(knot, [0.25, 0.0, 0.0, 0.0]);
        let second = basis(knot - 1.0, [-0.75, 0.75, 0.75, 0.25]);
        let third = basis(knot - 2.0, [0.75, -1.5, 0.0, 1.0]);
        let fourth = basis(knot - 3.0, [-0.25, 0.75, -0.75, 0.25]);
        let low = if knot < 1.0 { first } else { second };
        let high = if knot < 3.0 { third } else { fourth };
        let weight = if knot < 2.0 { low } else { high };
        let weight = if (knot > -1.0) & (knot < 4.0) { weight } else { 0.0 };
        let moved = red + weight * saturation_weight(red, green, blue) * (0.03 - red) * (1.0 - 0.82);
        reds[at] = if weight > 0.0 { moved } else { red };
    }
}

#[inline(always)]
fn gamut_compression(threshold: &[f32; 3], scale: &[f32; 3], exponent: f32, planes: &mut [Plane; 3]) {
    let (up, down) = (Power::new(exponent), Power::new(1.0 / exponent));
    let mut achromatic = [0.0; BLOCK];
    for at in 0..BLOCK {
        achromatic[at] = max(planes[0][at], max(planes[1][at], planes[2][at]));
    }
    for (channel, plane) in planes.iter_mut().enumerate() {
        let (threshold, scale) = (threshold[channel], scale[channel]);
        for at in 0..BLOCK {
            let (value, top) = (plane[at], achromatic[at]);
            let distance = (top - value) / top.abs();
            let beyond = (distance - threshold) / scale;
            let pressed = threshold + scale * beyond / down.of(1.0 + up.of(beyond));
            let moved = top - pressed * top.abs();
            let out = if distance < threshold { value } else { moved };
            plane[at] = if top == 0.0 { 0.0 } else { out };
        }
    }
}
