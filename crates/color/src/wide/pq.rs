//! Owns the perceptual quantizer over blocks (SMPTE ST 2084), 1.0 being 100 nits.

use super::math::{Plane, Power, each, max};

const PQ_M1: f64 = 0.25 * 2610.0 / 4096.0;
const PQ_M2: f64 = 128.0 * 2523.0 / 4096.0;
const PQ_C2: f64 = 32.0 * 2413.0 / 4096.0;
const PQ_C3: f64 = 32.0 * 2392.0 / 4096.0;
const PQ_C1: f64 = PQ_C3 - PQ_C2 + 1.0;

#[inline(always)]
pub(super) fn lin_to_pq(plane: &mut Plane) {
    let (first, second) = (Power::new(PQ_M1 as f32), Power::new(PQ_M2 as f32));
    let (c1, c2, c3) = (PQ_C1 as f32, PQ_C2 as f32, PQ_C3 as f32);
    each!(plane, |value| {
        let y = first.of((value * 0.01).abs());
        second.of((c1 + c2 * y) / (1.0 + c3 * y)).copysign(value)
    });
}

#[inline(always)]
pub(super) fn pq_to_lin(plane: &mut Plane) {
    let (first, second) = (Power::new(1.0 / PQ_M2 as f32), Power::new(1.0 / PQ_M1 as f32));
    let (c1, c2, c3) = (PQ_C1 as f32, PQ_C2 as f32, PQ_C3 as f32);
    each!(plane, |value| {
        let x = first.of(value.abs());
        (100.0 * second.of(max(0.0, x - c1) / (c2 - c3 * x))).copysign(value)
    });
}
