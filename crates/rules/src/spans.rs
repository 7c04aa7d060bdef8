//! Owns when a clip runs, from its record: the stretch of the day on the clock its timecode shows.

use checkgate_model::{ClipRecord, DayRange, FieldValue, FrameRate, Timecode};

pub(crate) fn rate_of(record: &ClipRecord, field: &str) -> Option<FrameRate> {
    match record.get(field) {
        Some(FieldValue::Rational(num, den)) => FrameRate::new(u32::try_from(*num).ok()?, u32::try_from(*den).ok()?),
        Some(FieldValue::Int(number)) => FrameRate::new(u32::try_from(*number).ok()?, 1),
        _ => None,
    }
}

/// Start, and the stretch of the day until the exclusive end: as recorded, else from the length. `None` where start, rate or
/// length are not known.
#[must_use]
pub fn running(record: &ClipRecord) -> Option<(Timecode, DayRange)> {
    let nominal = rate_of(record, "tc.rate").or_else(|| rate_of(record, "rate.project"))?.nominal();
    let code = |field: &str| match record.get(field) {
        Some(FieldValue::Text(text)) => Timecode::parse(text, nominal).ok(),
        _ => None,
    };
    let start = code("tc.start")?;
    let range = match (code("tc.end"), record.get("duration.frames")) {
        (Some(end), _) if end != start => DayRange::between(start, end),
        (_, Some(FieldValue::Int(frames))) => DayRange::of_frames(start, u64::try_from(*frames).ok()?)?,
        _ => return None,
    };
    Some((start, range))
}

/// Day of recording, `YYYY-MM-DD`, as the record says it.
pub(crate) fn day_of(record: &ClipRecord) -> Option<String> {
    let text = record.text("time.recorded_at");
    let day = text.get(..10)?;
    let digits = |at: std::ops::Range<usize>| day[at].bytes().all(|byte| byte.is_ascii_digit());
    (day.is_ascii() && digits(0..4) && digits(5..7) && digits(8..10) && &day[4..5] == "-" && &day[7..8] == "-")
        .then(|| day.to_owned())
}
