//! Owns the elementary functions of the wide path: branch-free, over blocks of numbers, so that a compiler turns each loop into vector
//! instructions. Powers, logarithms and angles are computed in 64 bits by polynomials whose error is below 1e-10 and rounded once to 32,
//! which gives the nearest 32-bit number but for about one value in a thousand. No fused operations: every machine gives the same bits.

/// Numbers that are computed together.
pub(crate) const BLOCK: usize = 128;
/// One channel, or one quantity, of a block.
pub(crate) type Plane = [f32; BLOCK];

/// The expression for every number. No closure: a function that is not inlined would be compiled for the least machine.
macro_rules! each {
    ($plane:expr, |$value:ident| $body:expr) => {
        for slot in $plane.iter_mut() {
            let $value = *slot;
            *slot = $body;
        }
    };
}
pub(crate) use each;

/// Value of a polynomial, the constant first.
#[inline(always)]
fn horner<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = coefficients[N - 1];
    for at in (0..N - 1).rev() {
        sum = sum * x + coefficients[at];
    }
    sum
}

/// Base 2 logarithm of a positive, finite, normal number; anything else gives a number that the callers replace.
#[inline(always)]
fn log2_wide(x: f64) -> f64 {
    const HALF_ROOT: u64 = 0x3fe6_a09e_667f_3bcd;
    const MANTISSA: u64 = (1 << 52) - 1;
    // 2^52, whose low bits count in ones.
    const ONES: u64 = 0x4330_0000_0000_0000;
    let bits = x.to_bits();
    // The mantissa lies between the roots of a half and of two, the exponent counts from there.
    let from_root = bits.wrapping_sub(HALF_ROOT);
    let mantissa = f64::from_bits(bits.wrapping_sub(from_root & !MANTISSA));
    let exponent = f64::from_bits((from_root.wrapping_add(1024 << 52) >> 52) | ONES) - (4_503_599_627_370_496.0 + 1024.0);
    // log2(m) = 2 / ln 2 * artanh(s)
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let series = [2.885390081789987, 0.9617966734500776, 0.5770835663758921, 0.4116737404560254, 0.34071257001092753];
    exponent + s * horner(s * s, series)
}

/// Two to the power of a number; outside of what 32 bits hold it is as good as nothing or without end. NaN gives nothing.
#[inline(always)]
fn exp2_wide(t: f64) -> f64 {
    // Added to a number below 2^51, it leaves the nearest integer in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let t = if t > -160.0 { t } else { -160.0 };
    let t = if t < 130.0 { t } else { 130.0 };
    let lifted = t + ROUND;
    let part = t - (lifted - ROUND);
    let series = [
        0.9999999999595622,
        0.6931471805568341,
        0.24022651213495422,
        0.055504109063177154,
        0.009618025613598036,
        0.0013333478480888061,
        0.00015469729140704658,
        1.5303699001378845e-05,
    ];
    f64::from_bits(horner(part, series).to_bits().wrapping_add(lifted.to_bits() << 52))
}

/// `x` to a fixed power.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Power {
    exponent: f64,
    of_zero: f32,
    of_infinity: f32,
}

impl Power {
    pub(crate) fn new(exponent: f32) -> Self {
        Self { exponent: f64::from(exponent), of_zero: 0.0_f32.powf(exponent), of_infinity: f32::INFINITY.powf(exponent) }
    }

    /// As `powf`; a finite negative number gives NaN.
    #[inline(always)]
    pub(crate) fn of(self, x: f32) -> f32 {
        let regular = exp2_wide(self.exponent * log2_wide(f64::from(x))) as f32;
        let special = if x == 0.0 {
            self.of_zero
        } else if x.is_infinite() {
            self.of_infinity
        } else {
            f32::NAN
        };
        if (x > 0.0) & (x < f32::INFINITY) { regular } else { special }
    }
}

/// `x` to a positive power that differs from number to number.
#[inline(always)]
pub(crate) fn pow(x: f32, exponent: f32) -> f32 {
    let regular = exp2_wide(f64::from(exponent) * log2_wide(f64::from(x))) as f32;
    let special = if x == 0.0 {
        0.0
    } else if x == f32::INFINITY {
        f32::INFINITY
    } else {
        f32::NAN
    };
    if (x > 0.0) & (x < f32::INFINITY) { regular } else { special }
}

/// Base 2 logarithm.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    scaled_log2(x, 1.0)
}

/// Natural logarithm.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    scaled_log2(x, std::f64::consts::LN_2)
}

/// Decimal logarithm.
#[inline(always)]
pub(crate) fn log10(x: f32) -> f32 {
    scaled_log2(x, std::f64::consts::LOG10_2)
}

#[inline(always)]
fn scaled_log2(x: f32, scale: f64) -> f32 {
    let regular = (log2_wide(f64::from(x)) * scale) as f32;
    let special = if x == 0.0 {
        f32::NEG_INFINITY
    } else if x == f32::INFINITY {
        f32::INFINITY
    } else {
        f32::NAN
    };
    if (x > 0.0) & (x < f32::INFINITY) { regular } else { special }
}

/// Two to the power of `x`.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    let power = exp2_wide(f64::from(x)) as f32;
    if x.is_nan() { x } else { power }
}

/// e to the power of `x`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let power = exp2_wide(f64::from(x) * std::f64::consts::LOG2_E) as f32;
    if x.is_nan() { x } else { power }
}

/// The angle of (x, y), from -pi to pi.
#[inline(always)]
pub(crate) fn atan2(y: f32, x: f32) -> f32 {
    // Both without end make an angle, too.
    let bounded = |value: f32| if f64::from(value).abs() < 1e300 { f64::from(value).abs() } else { 1e300 };
    let (wide_y, wide_x) = (bounded(y), bounded(x));
    let steep = wide_y > wide_x;
    let (low, high) = if steep { (wide_x, wide_y) } else { (wide_y, wide_x) };
    // Above tan(pi / 8) the angle is taken from pi / 4.
    let far = low > high * 0.414_213_562_373_095_03;
    let (over, under) = if far { (low - high, low + high) } else { (low, high) };
    let t = over / if under > 0.0 { under } else { 1.0 };
    let series = [
        0.9999999999992445,
        -0.33333333276912824,
        0.19999993052894713,
        -0.14285386537910186,
        0.11103456748178817,
        -0.08992552257418544,
        0.06974197428908599,
        -0.03765513507399275,
    ];
    let angle = t * horner(t * t, series) + if far { std::f64::consts::FRAC_PI_4 } else { 0.0 };
    let angle = if steep { std::f64::consts::FRAC_PI_2 - angle } else { angle };
    let angle = if x.is_sign_negative() { std::f64::consts::PI - angle } else { angle };
    let angle = (angle as f32).copysign(y);
    if x.is_nan() | y.is_nan() { f32::NAN } else { angle }
}

/// `(sin, cos)` of an angle between -10 and 10.
#[inline(always)]
pub(crate) fn sin_cos(angle: f32) -> (f32, f32) {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let x = f64::from(angle);
    let lifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let turn = lifted.to_bits();
    let part = x - (lifted - ROUND) * std::f64::consts::FRAC_PI_2;
    let square = part * part;
    let sine = part
        * horner(
            square,
            [
                0.9999999999999947,
                -0.16666666666612967,
                0.008333333323580066,
                -0.00019841263202939445,
                2.7555258846655104e-06,
                -2.4755931429145197e-08,
            ],
        );
    let cosine = horner(
        square,
        [
            0.9999999999999429,
            -0.4999999999934248,
            0.0416666665428676,
            -0.0013888880345707046,
            2.4798919429763917e-05,
            -2.7172788817718974e-07,
        ],
    );
    let odd = turn & 1 == 1;
    let (sine, cosine) = if odd { (cosine, sine) } else { (sine, cosine) };
    let sign = |value: f64, flip: u64| f64::from_bits(value.to_bits() ^ ((flip & 2) << 62)) as f32;
    (sign(sine, turn), sign(cosine, turn.wrapping_add(1)))
}

/// The greater, as C++ has it: `a` unless it is less than `b`.
#[inline(always)]
pub(crate) fn max(a: f32, b: f32) -> f32 {
    if a < b { b } else { a }
}

/// The lesser, as C++ has it: `a` unless `b` is less.
#[inline(always)]
pub(crate) fn min(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In units of the last place; both not a number is 0.
    fn distance(got: f32, want: f32) -> u32 {
        if got == want || (got.is_nan() && want.is_nan()) {
            return 0;
        }
        let place = |value: f32| {
            let bits = value.to_bits() as i32;
            i64::from(if bits < 0 { i32::MIN - bits } else { bits })
        };
        place(got).abs_diff(place(want)).try_into().unwrap_or(u32::MAX)
    }

    /// Of every magnitude and both signs, with what is special.
    fn numbers() -> Vec<f32> {
        let mut all =
            vec![0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE, 1e-42, f32::MAX, 1.0, 65504.0];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            all.push(f32::from_bits((state >> 32) as u32));
            all.push((state >> 40) as f32 / (1 << 20) as f32 - 4.0);
        }
        all
    }

    /// Farthest in units of the last place, and the part that differs at all.
    fn compare(name: &str, pairs: impl Iterator<Item = (f32, f32)>) {
        let (mut worst, mut unlike, mut count) = (0, 0, 0);
        for (got, want) in pairs {
            let off = distance(got, want);
            worst = worst.max(off);
            unlike += usize::from(off > 0);
            count += 1;
        }
        assert!(worst <= 1, "{name}: {worst} places");
        assert!(unlike * 100 <= count, "{name}: {unlike} of {count} differ");
    }

    #[test]
    fn functions_round_as_the_exact_ones() {
        let numbers = numbers();
        for exponent in [0.42_f32, 1.0 / 0.42, 1.1386, 0.159_301_76, 78.84375, 1.0 / 78.84375, 2.4, 1.0 / 2.4, 1.0, 0.5] {
            let power = Power::new(exponent);
            let wide = |x: f32| f64::from(x).powf(f64::from(exponent)) as f32;
            // Whole powers of negative numbers are not asked for.
            let asked = numbers.iter().filter(|x| exponent.fract() != 0.0 || **x >= 0.0);
            compare(&format!("power {exponent}"), asked.map(|x| (power.of(*x), wide(*x))));
        }
        let wide = |f: fn(f64) -> f64| move |x: f32| f(f64::from(x)) as f32;
        compare("log2", numbers.iter().map(|x| (log2(*x), wide(f64::log2)(*x))));
        compare("ln", numbers.iter().map(|x| (ln(*x), wide(f64::ln)(*x))));
        compare("log10", numbers.iter().map(|x| (log10(*x), wide(f64::log10)(*x))));
        compare("exp2", numbers.iter().map(|x| (exp2(*x), wide(f64::exp2)(*x))));
        compare("exp", numbers.iter().map(|x| (exp(*x), wide(f64::exp)(*x))));
        let angles: Vec<f32> = numbers.iter().copied().filter(|x| x.abs() < 10.0).collect();
        compare("sin", angles.iter().map(|x| (sin_cos(*x).0, wide(f64::sin)(*x))));
        compare("cos", angles.iter().map(|x| (sin_cos(*x).1, wide(f64::cos)(*x))));
        let finite: Vec<f32> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
        let pairs = finite.windows(2).map(|pair| (atan2(pair[0], pair[1]), f64::from(pair[0]).atan2(f64::from(pair[1])) as f32));
        compare("atan2", pairs);
    }
}
