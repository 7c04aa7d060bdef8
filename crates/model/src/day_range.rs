//! Owns stretches of a day on the clock that timecode labels show (SMPTE ST 12-1): when a clip runs, what a person asks for, and
//! whether two of them meet, over midnight and between rates. Labels are compared, not seconds of real time: recorders that are
//! jam-synced show the same label, whatever they count at.

use crate::timecode::Timecode;

/// Ticks of a second: whole for every counting base in use (24, 25, 30, 48, 50, 60, 90, 96, 100, 120 and their multiples).
pub const TICKS_PER_SECOND: i64 = 705_600_000;
/// Ticks of a day.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// Part of a day in ticks since midnight; the end is exclusive and beyond one day where the stretch runs over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayRange {
    from: i64,
    to: i64,
}

fn ticks(hours: u32, minutes: u32, seconds: u32, frames: u32, nominal: u32) -> i64 {
    let whole = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    // Frames beyond the base of this rate are the end of the second.
    let frames = i64::from(frames.min(nominal));
    whole * TICKS_PER_SECOND + frames * TICKS_PER_SECOND / i64::from(nominal.max(1))
}

fn label_ticks(code: Timecode) -> i64 {
    let (hours, minutes, seconds, frames) = code.label();
    ticks(hours, minutes, seconds, frames, code.nominal())
}

impl DayRange {
    /// From ticks since midnight; a `to` at or before `from` is taken as the next day's.
    #[must_use]
    pub fn new(from: i64, to: i64) -> Self {
        let from = from.rem_euclid(TICKS_PER_DAY);
        let to = to.rem_euclid(TICKS_PER_DAY);
        Self { from, to: if to <= from { to + TICKS_PER_DAY } else { to } }
    }

    /// From the first label to the label behind the last; an end before the start is on the next day, equal ones are a whole day.
    #[must_use]
    pub fn between(start: Timecode, end: Timecode) -> Self {
        Self::new(label_ticks(start), label_ticks(end))
    }

    /// `frames` from `start`; `None` without any. More than a day is a day.
    #[must_use]
    pub fn of_frames(start: Timecode, frames: u64) -> Option<Self> {
        if frames == 0 {
            return None;
        }
        let day = u64::from(start.nominal()) * 86_400;
        let end = if frames >= day { start } else { start.offset(i64::try_from(frames).ok()?) };
        Some(Self::between(start, end))
    }

    /// Ticks since midnight: start, and exclusive end, which is beyond a day where the stretch runs over midnight.
    #[must_use]
    pub const fn ticks(self) -> (i64, i64) {
        (self.from, self.to)
    }

    /// Whether the two meet at some time of the day.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.shared_ticks(other) > 0
    }

    /// Ticks in which both run.
    #[must_use]
    pub fn shared_ticks(self, other: Self) -> i64 {
        let shared = |by: i64| (self.to.min(other.to + by) - self.from.max(other.from + by)).max(0);
        [-TICKS_PER_DAY, 0, TICKS_PER_DAY].into_iter().map(shared).sum::<i64>().min(TICKS_PER_DAY)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Label {
    hours: u32,
    minutes: u32,
    seconds: Option<u32>,
    frames: Option<u32>,
}

/// A time of day as a person asks for it: one label, or two with a hyphen between, the second exclusive. Frames are those of the
/// clip that is asked. `14:05` is a whole minute, `14:05:10` a whole second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimecodeQuery {
    from: Label,
    to: Option<Label>,
}

impl TimecodeQuery {
    /// Reads `HH:MM`, `HH:MM:SS`, `HH:MM:SS:FF`, or two of them with `-` between; `None` if it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = match text.trim().split_once('-') {
            Some((from, to)) => (label(from)?, Some(label(to)?)),
            None => (label(text)?, None),
        };
        Some(Self { from, to })
    }

    /// The stretch this means for clips that count at `nominal`.
    #[must_use]
    pub fn at(self, nominal: u32) -> DayRange {
        let start =
            |label: Label| ticks(label.hours, label.minutes, label.seconds.unwrap_or(0), label.frames.unwrap_or(0), nominal);
        let from = start(self.from);
        let to = match (self.to, self.from.seconds, self.from.frames) {
            (Some(to), _, _) => start(to),
            (None, None, _) => from + 60 * TICKS_PER_SECOND,
            (None, Some(_), None) => from + TICKS_PER_SECOND,
            (None, Some(_), Some(_)) => from + TICKS_PER_SECOND / i64::from(nominal.max(1)),
        };
        DayRange::new(from, to)
    }
}

fn label(text: &str) -> Option<Label> {
    let mut parts = [None; 4];
    for (at, part) in text.trim().split([':', ';', '.']).enumerate() {
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *parts.get_mut(at)? = part.parse::<u32>().ok();
    }
    let (hours, minutes) = (parts[0]?, parts[1]?);
    let fits = hours < 24 && minutes < 60 && parts[2].is_none_or(|seconds| seconds < 60);
    fits.then_some(Label { hours, minutes, seconds: parts[2], frames: parts[3] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str, nominal: u32) -> Timecode {
        Timecode::parse(text, nominal).expect("exists")
    }

    fn range(start: &str, end: &str, nominal: u32) -> DayRange {
        DayRange::between(code(start, nominal), code(end, nominal))
    }

    #[test]
    fn stretches_meet_over_midnight_and_between_rates() {
        let night = range("23:59:50:00", "00:00:10:00", 24);
        for (other, meet) in [
            (range("00:00:00:00", "00:00:05:00", 25), true),
            (range("23:59:59:24", "00:00:00:00", 25), true),
            (range("00:00:10:00", "00:01:00:00", 25), false),
            (range("23:59:00:00", "23:59:50:00", 30), false),
            (range("23:59:00;02", "23:59:50;01", 30), true),
        ] {
            assert_eq!((night.overlaps(other), other.overlaps(night)), (meet, meet), "{other:?}");
        }
        // Frame 12 of 24 and frame 30 of 60 are the same half second.
        assert!(!range("10:00:00:00", "10:00:00:12", 24).overlaps(range("10:00:00:30", "10:00:01:00", 60)));
        assert!(range("10:00:00:00", "10:00:00:13", 24).overlaps(range("10:00:00:30", "10:00:01:00", 60)));
    }

    #[test]
    fn lengths_in_frames_follow_the_labels() {
        assert_eq!(DayRange::of_frames(code("23:59:59:00", 24), 48), Some(range("23:59:59:00", "00:00:01:00", 24)));
        assert_eq!(DayRange::of_frames(code("00:00:59;29", 30), 1), Some(range("00:00:59;29", "00:01:00;02", 30)));
        assert_eq!(DayRange::of_frames(code("10:00:00:00", 25), 0), None);
        let day = DayRange::of_frames(code("10:00:00:00", 25), u64::MAX).expect("a day");
        assert!(day.overlaps(range("09:59:59:24", "10:00:00:00", 25)));
    }

    #[test]
    fn what_people_ask_for_is_understood() {
        let clip = range("14:00:05:00", "14:00:09:00", 25);
        for (asked, meets) in [
            ("14:00", true),
            ("14:01", false),
            ("14:00:08", true),
            ("14:00:09", false),
            ("14:00:08:24", true),
            ("14:00:09:00", false),
            ("14:00:00-14:00:05", false),
            ("14:00:00:00-14:00:05:01", true),
            ("23:00-01:00", false),
            ("23:00-14:01", true),
        ] {
            assert_eq!(TimecodeQuery::parse(asked).expect(asked).at(25).overlaps(clip), meets, "{asked}");
        }
        for odd in ["", "14", "14:", "24:00", "10:60", "a:b", "10:00:00:00:00", "10:00-", "99999:00"] {
            assert_eq!(TimecodeQuery::parse(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn meeting_is_mutual(a in 0i64..TICKS_PER_DAY, b in 0i64..TICKS_PER_DAY, c in 0i64..TICKS_PER_DAY, d in 0i64..TICKS_PER_DAY) {
            let (one, two) = (DayRange::new(a, b), DayRange::new(c, d));
            prop_assert_eq!(one.shared_ticks(two), two.shared_ticks(one));
            prop_assert!(one.overlaps(one));
        }
    }
}
