//! Owns frame rates and timecode (SMPTE ST 12-1): rational rates, drop-frame arithmetic, wrap at midnight.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Frames per second as a rational, e.g. 24000/1001. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
pub struct FrameRate {
    /// Numerator, frames.
    pub num: u32,
    /// Denominator, seconds.
    pub den: u32,
}

impl FrameRate {
    /// `num/den` in lowest terms; `None` if either is zero.
    #[must_use]
    pub fn new(num: u32, den: u32) -> Option<Self> {
        if num == 0 || den == 0 {
            return None;
        }
        let divisor = gcd(num, den);
        Some(Self { num: num / divisor, den: den / divisor })
    }

    /// The counting base of timecode at this rate: 24 for 23.976, 30 for 29.97, 60 for 59.94.
    #[must_use]
    pub fn nominal(self) -> u32 {
        self.num.div_ceil(self.den)
    }

    /// Frames per second as a float, for display only.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// From decimal text as vendors write it (`23.976`, `23.98`, `24`, `24000/1001`, `29.97`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches("fps").trim();
        if let Some((num, den)) = text.split_once('/') {
            return Self::new(num.trim().parse().ok()?, den.trim().parse().ok()?);
        }
        let value: f64 = text.parse().ok()?;
        if !(0.001..=10_000.0).contains(&value) {
            return None;
        }
        let whole = value.round();
        if (value - whole).abs() < 1e-6 {
            return Self::new(whole as u32, 1);
        }
        let pulled = value.ceil() * 1000.0 / 1001.0;
        if (value - pulled).abs() < 0.0065 {
            return Self::new(value.ceil() as u32 * 1000, 1001);
        }
        Self::new((value * 1000.0).round() as u32, 1000)
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{:.3}", self.as_f64()) }
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A timecode: frames since midnight in a counting base, with the drop-frame flag. Two with different bases never compare equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timecode {
    frame: u32,
    nominal: u32,
    drop: bool,
}

/// Why a text or a number is no timecode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimecodeError {
    /// Not `HH:MM:SS:FF` (or `;` before the frames for drop-frame).
    #[error("{0:?} is no timecode (HH:MM:SS:FF)")]
    Syntax(String),
    /// A field is out of its range, or a label that drop-frame skips.
    #[error("{0:?} does not exist at this rate")]
    OutOfRange(String),
    /// Drop-frame exists for multiples of 29.97 only; the counting base must be 1 to 999.
    #[error("no timecode counts {nominal} frames a second with drop={drop}")]
    Rate {
        /// Counting base.
        nominal: u32,
        /// Drop-frame flag.
        drop: bool,
    },
}

impl Timecode {
    /// From the count of frames since midnight; wraps at 24 hours.
    pub fn from_frames(frames: i64, nominal: u32, drop: bool) -> Result<Self, TimecodeError> {
        let day = i64::from(frames_per_day(nominal, drop)?);
        Ok(Self { frame: frames.rem_euclid(day) as u32, nominal, drop })
    }

    /// From `HH:MM:SS:FF`; a `;` or `.` before the frames means drop-frame.
    pub fn parse(text: &str, nominal: u32) -> Result<Self, TimecodeError> {
        let syntax = || TimecodeError::Syntax(text.chars().take(40).collect());
        let trimmed = text.trim();
        let drop = trimmed.contains([';', '.']);
        let mut parts = [0u32; 4];
        let mut count = 0;
        for part in trimmed.split([':', ';', '.']) {
            if count == 4 || part.is_empty() || part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(syntax());
            }
            parts[count] = part.parse().map_err(|_| syntax())?;
            count += 1;
        }
        if count != 4 {
            return Err(syntax());
        }
        let [hours, minutes, seconds, frames] = parts;
        let per_day = frames_per_day(nominal, drop)?;
        let dropped_per_minute = if drop { nominal / 15 } else { 0 };
        let skipped = drop && seconds == 0 && !minutes.is_multiple_of(10) && frames < dropped_per_minute;
        if hours > 23 || minutes > 59 || seconds > 59 || frames >= nominal || skipped {
            return Err(TimecodeError::OutOfRange(text.chars().take(40).collect()));
        }
        let total_minutes = hours * 60 + minutes;
        let frame = (total_minutes * 60 + seconds) * nominal + frames - dropped_per_minute * (total_minutes - total_minutes / 10);
        debug_assert!(frame < per_day);
        Ok(Self { frame, nominal, drop })
    }

    /// Frames since midnight.
    #[must_use]
    pub const fn frames(self) -> u32 {
        self.frame
    }

    /// Counting base.
    #[must_use]
    pub const fn nominal(self) -> u32 {
        self.nominal
    }

    /// Drop-frame flag.
    #[must_use]
    pub const fn is_drop(self) -> bool {
        self.drop
    }

    /// From a label that counts pairs of frames, as above 30 frames a second ST 12-1 does: `label` at half the counting base
    /// `nominal`, and whether it is the second frame of the pair.
    pub fn from_pair(label: &str, nominal: u32, second: bool) -> Result<Self, TimecodeError> {
        let half = Self::parse(label, nominal / 2)?;
        Self::from_frames(i64::from(half.frame) * 2 + i64::from(second), nominal, half.drop)
    }

    /// Frames from this timecode on to `end`, over midnight where `end` is earlier; `None` between different counts.
    #[must_use]
    pub fn frames_until(self, end: Self) -> Option<u32> {
        if (self.nominal, self.drop) != (end.nominal, end.drop) {
            return None;
        }
        let day = frames_per_day(self.nominal, self.drop).ok()?;
        Some((end.frame + day - self.frame) % day)
    }

    /// Seconds since the label 00:00:00:00 that really pass at `rate`, as numerator and denominator in lowest terms.
    /// Non-drop timecode at 23.976 runs 3.6 s an hour behind the clock.
    #[must_use]
    pub fn real_seconds(self, rate: FrameRate) -> (u64, u64) {
        let (num, den) = (u64::from(self.frame) * u64::from(rate.den), u64::from(rate.num));
        let divisor = gcd64(num, den).max(1);
        (num / divisor, den / divisor)
    }

    /// The timecode at a count of samples since midnight, e.g. of sound, counted at `rate`; the frame the sample falls into.
    pub fn at_sample(samples: u64, sample_rate: u32, rate: FrameRate, drop: bool) -> Result<Self, TimecodeError> {
        let per = i128::from(rate.den) * i128::from(sample_rate.max(1));
        let frames = i128::from(samples) * i128::from(rate.num) / per;
        Self::from_frames(i64::try_from(frames).unwrap_or(i64::MAX / 2), rate.nominal(), drop)
    }

    /// This timecode moved by `frames`, wrapping at midnight.
    #[must_use]
    pub fn offset(self, frames: i64) -> Self {
        Self::from_frames(i64::from(self.frame) + frames, self.nominal, self.drop).unwrap_or(self)
    }
}

/// A stretch of timecode: a start and a length in frames, which may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimecodeSpan {
    /// First frame.
    pub start: Timecode,
    /// Length, frames.
    pub frames: u32,
}

impl TimecodeSpan {
    /// The first frame behind the stretch.
    #[must_use]
    pub fn end(self) -> Timecode {
        self.start.offset(i64::from(self.frames))
    }

    /// Whether a frame lies in it; never between different counts.
    #[must_use]
    pub fn contains(self, code: Timecode) -> bool {
        self.start.frames_until(code).is_some_and(|frames| frames < self.frames)
    }

    /// Whether two stretches share a frame.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.frames > 0 && other.frames > 0 && (self.contains(other.start) || other.contains(self.start))
    }
}

fn gcd64(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd64(b, a % b) }
}

impl Timecode {
    /// What the label shows: hours, minutes, seconds, frames.
    #[must_use]
    pub fn label(self) -> (u32, u32, u32, u32) {
        let mut number = self.frame;
        if self.drop {
            let dropped = self.nominal / 15;
            let per_minute = self.nominal * 60 - dropped;
            let per_ten = per_minute * 10 + dropped;
            let (tens, rest) = (number / per_ten, number % per_ten);
            number += dropped * 9 * tens;
            if rest >= self.nominal * 60 {
                number += dropped * ((rest - dropped) / per_minute);
            }
        }
        let (seconds, frames) = (number / self.nominal, number % self.nominal);
        (seconds / 3600, seconds / 60 % 60, seconds % 60, frames)
    }
}

impl fmt::Display for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds, frames) = self.label();
        let separator = if self.drop { ';' } else { ':' };
        let width = if self.nominal > 100 { 3 } else { 2 };
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}{separator}{frames:0width$}")
    }
}

fn frames_per_day(nominal: u32, drop: bool) -> Result<u32, TimecodeError> {
    if nominal == 0 || nominal > 999 || (drop && !nominal.is_multiple_of(30)) {
        return Err(TimecodeError::Rate { nominal, drop });
    }
    let dropped = if drop { nominal / 15 * (24 * 60 - 24 * 6) } else { 0 };
    Ok(nominal * 86_400 - dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_frame_of_the_day_round_trips(frame in 0i64..2_589_408, base in 0usize..6) {
            let (nominal, drop) = [(24, false), (25, false), (30, true), (30, false), (60, true), (48, false)][base];
            let code = Timecode::from_frames(frame, nominal, drop).expect("rate exists");
            prop_assert_eq!(Timecode::parse(&code.to_string(), nominal).expect("own text parses"), code);
        }
    }

    #[test]
    fn drop_frame_skips_the_right_labels() {
        let before = Timecode::parse("00:00:59;29", 30).expect("exists");
        assert_eq!(before.offset(1).to_string(), "00:01:00;02");
        assert_eq!(Timecode::parse("00:09:59;29", 30).expect("exists").offset(1).to_string(), "00:10:00;00");
        assert!(Timecode::parse("00:01:00;00", 30).is_err());
        assert_eq!(Timecode::parse("23:59:59;29", 30).expect("exists").offset(1).to_string(), "00:00:00;00");
    }

    #[test]
    fn rates_above_thirty_count_and_drop_as_they_must() {
        // 47.95, 59.94 and 119.88: the last frame of the day is followed by the first, and drop-frame leaves out four and eight.
        for (label, nominal, next) in [
            ("23:59:59:47", 48, "00:00:00:00"),
            ("23:59:59:95", 96, "00:00:00:00"),
            ("10:00:59;59", 60, "10:01:00;04"),
            ("10:09:59;59", 60, "10:10:00;00"),
            ("10:00:59;119", 120, "10:01:00;008"),
            ("23:59:59;119", 120, "00:00:00;000"),
            ("01:00:00:099", 100, "01:00:01:00"),
        ] {
            assert_eq!(Timecode::parse(label, nominal).expect("exists").offset(1).to_string(), next, "{label}");
        }
        assert!(Timecode::parse("10:01:00;03", 60).is_err() && Timecode::parse("00:00:00;00", 48).is_err());
        let pair = Timecode::from_pair("01:00:00:29", 60, true).expect("exists");
        assert_eq!(pair.to_string(), "01:00:00:59");
        let dropped = Timecode::from_pair("00:01:00;02", 60, false).expect("exists");
        assert_eq!((dropped.to_string().as_str(), dropped.frames()), ("00:01:00;04", 3600));
    }

    #[test]
    fn spans_pass_midnight() {
        let at = |label: &str| Timecode::parse(label, 25).expect("exists");
        let night = TimecodeSpan { start: at("23:59:50:00"), frames: 500 };
        assert_eq!(night.end().to_string(), "00:00:10:00");
        assert!(night.contains(at("00:00:09:24")) && !night.contains(at("00:00:10:00")) && !night.contains(at("12:00:00:00")));
        assert_eq!(at("23:59:59:24").frames_until(at("00:00:00:00")), Some(1));
        assert_eq!(at("00:00:00:00").frames_until(Timecode::parse("00:00:00:00", 24).expect("exists")), None);
        let morning = TimecodeSpan { start: at("00:00:09:24"), frames: 1 };
        assert!(night.overlaps(morning) && morning.overlaps(night));
        assert!(!night.overlaps(TimecodeSpan { start: at("00:00:10:00"), frames: 100 }));
    }

    #[test]
    fn real_time_is_not_what_the_label_says() {
        let rate = FrameRate::new(24_000, 1001).expect("exists");
        // An hour of labels at 23.976 lasts 3603.6 s.
        assert_eq!(Timecode::parse("01:00:00:00", 24).expect("exists").real_seconds(rate), (18_018, 5));
        let ntsc = FrameRate::new(30_000, 1001).expect("exists");
        let (num, den) = Timecode::parse("01:00:00;00", 30).expect("exists").real_seconds(ntsc);
        assert!((num as f64 / den as f64 - 3600.0).abs() < 0.004);
        assert_eq!(Timecode::at_sample(2_486_640_000, 48_000, rate, false).expect("exists").to_string(), "14:22:33:05");
    }

    #[test]
    fn vendor_rates_become_rationals() {
        for (text, num, den) in [
            ("23.976", 24000, 1001),
            ("23.98", 24000, 1001),
            ("29.97", 30000, 1001),
            ("23.97", 24000, 1001),
            ("47.952", 48000, 1001),
            ("47.95", 48000, 1001),
            ("59.94", 60000, 1001),
            ("95.904", 96000, 1001),
            ("119.88", 120_000, 1001),
            ("12.5", 25, 2),
            ("24.000", 24, 1),
            ("25", 25, 1),
            ("120", 120, 1),
        ] {
            assert_eq!(FrameRate::parse(text), FrameRate::new(num, den), "{text}");
        }
    }
}
