//! Owns rules about picture: rate, colour and capture against the project, the camera, and timecode within a roll.

use crate::check::Breach;
use crate::facts::RollFacts;
use crate::profile::{Floor, Rule};
use crate::recording::{is_picture, recorded};
use crate::spans::{rate_of, running};
use checkgate_model::day_range::{TICKS_PER_DAY, TICKS_PER_SECOND};
use checkgate_model::{Clip, ClipRecord, DayRange, FieldValue};
use regex::Regex;
use std::collections::BTreeMap;

/// Clips of each roll with what they have; those without a roll are among themselves.
fn by_roll<T>(facts: &RollFacts, value: impl Fn(&ClipRecord) -> Option<T>) -> BTreeMap<Option<&str>, Vec<(&str, T)>> {
    let mut rolls: BTreeMap<Option<&str>, Vec<(&str, T)>> = BTreeMap::new();
    for (clip, record) in recorded(facts).filter(|(clip, _)| is_picture(clip)) {
        if let Some(value) = value(record) {
            rolls.entry(clip.roll.as_deref()).or_default().push((clip.name.as_str(), value));
        }
    }
    rolls
}

/// What most clips have, the first of them where several are as frequent.
fn usual<T: PartialEq + Clone>(values: &[(&str, T)]) -> Option<T> {
    let count = |wanted: &T| values.iter().filter(|(_, value)| value == wanted).count();
    let most = values.iter().map(|(_, value)| count(value)).max()?;
    values.iter().map(|(_, value)| value).find(|value| count(value) == most).cloned()
}

/// Picture clips against the project's rate, or against the rate most clips of their roll have.
pub(crate) fn rate_differs(facts: &RollFacts) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (roll, rates) in by_roll(facts, |record| rate_of(record, "rate.project")) {
        let wanted = facts.project.rate.or_else(|| roll.and_then(|_| usual(&rates)));
        let Some(wanted) = wanted else { continue };
        let whose = if facts.project.rate.is_some() { "the project runs at" } else { "the rest of the roll runs at" };
        for (clip, rate) in rates.into_iter().filter(|(_, rate)| *rate != wanted) {
            breaches.push(Breach::of_clip(format!("{clip} runs at {rate} fps, {whose} {wanted}"), clip));
        }
    }
    breaches
}

fn encoding(record: &ClipRecord) -> Option<String> {
    let parts = [record.text("color.gamma"), record.text("color.primaries")];
    let words = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" / ");
    (!words.is_empty()).then_some(words)
}

/// Letters and digits only: makers write one curve in many ways.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Curve and gamut against what the project takes, or against what most clips of the roll have.
pub(crate) fn color_differs(facts: &RollFacts) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let taken: Vec<String> =
        facts.project.encodings.iter().map(|encoding| plain(encoding)).filter(|text| !text.is_empty()).collect();
    for (roll, encodings) in by_roll(facts, encoding) {
        if taken.is_empty() {
            let Some(wanted) = roll.and_then(|_| usual(&encodings)) else { continue };
            for (clip, found) in encodings.iter().filter(|(_, found)| *found != wanted) {
                breaches.push(Breach::of_clip(format!("{clip} is {found}, the rest of the roll is {wanted}"), clip));
            }
            continue;
        }
        for (clip, found) in encodings {
            if !taken.iter().any(|taken| plain(&found).contains(taken)) {
                let wanted = facts.project.encodings.join(" or ");
                breaches.push(Breach::of_clip(format!("{clip} is {found}, the project takes {wanted}"), clip));
            }
        }
    }
    breaches
}

/// Clips below the floor, one breach for each part of it: a card of one mode is one line, not a hundred.
pub(crate) fn capture_floor(rule: &Rule, facts: &RollFacts) -> Vec<Breach> {
    let Some(floor) = &rule.floor else { return Vec::new() };
    let clips: Vec<(&Clip, &ClipRecord)> = recorded(facts).filter(|(clip, _)| is_picture(clip)).collect();
    let mut below: BTreeMap<(u8, String), Vec<&str>> = BTreeMap::new();
    for (clip, record) in &clips {
        for (order, words) in shortfalls(floor, clip, record) {
            below.entry((order, words)).or_default().push(&clip.name);
        }
    }
    below
        .into_iter()
        .map(|((_, words), names)| {
            let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
            let list = names.iter().take(4).copied().collect::<Vec<_>>().join(", ");
            let breach = Breach::of_card(format!("{} of {} clips: {words}: {list}{more}", names.len(), clips.len()));
            Breach { clip: (names.len() == 1).then(|| names[0].to_owned()), ..breach }
        })
        .collect()
}

fn shortfalls(floor: &Floor, clip: &Clip, record: &ClipRecord) -> Vec<(u8, String)> {
    let mut found = Vec::new();
    let matches = |pattern: &Option<String>, text: &str| {
        !text.is_empty()
            && pattern.as_ref().and_then(|pattern| Regex::new(pattern).ok()).is_some_and(|regex| regex.is_match(text))
    };
    if let (Some(least), Some(FieldValue::Size(width, _))) = (floor.width, record.get("image.width_height"))
        && *width < least
    {
        found.push((0, format!("{width} photosites wide, {least} are asked for")));
    }
    let codec = record.text("codec.name");
    if matches(&floor.long_gop, &codec) && !codec.to_lowercase().contains("intra") {
        found.push((1, format!("{codec} is neither raw nor intra-frame")));
    }
    if let (Some(least), Some(FieldValue::Int(bits))) = (floor.bit_depth, record.get("codec.bit_depth"))
        && *bits < least
    {
        found.push((2, format!("{bits} bit, {least} are asked for")));
    }
    if let (Some(least), Some(rate)) = (floor.mbps_at_24, bits_at_24(clip, record))
        && rate < least.saturating_mul(1_000_000)
    {
        // Without the number found, so that clips of one mode are one line.
        found.push((3, format!("under {least} Mb/s at 24 fps")));
    }
    let gamma = record.text("color.gamma");
    if matches(&floor.display_referred, &gamma) {
        found.push((4, format!("{gamma} is made for a display, not scene-referred")));
    }
    found
}

/// Bits a second if the clip ran at 24 fps: what its frames weigh, times 24.
fn bits_at_24(clip: &Clip, record: &ClipRecord) -> Option<u64> {
    use checkgate_model::FileRole::{Essence, Frame, SecondCardHalf, Segment};
    let bytes: u64 = clip
        .files
        .iter()
        .filter(|file| matches!(file.role, Essence | Frame | SecondCardHalf | Segment))
        .fold(0, |sum, file| sum.saturating_add(file.size_bytes));
    let frames = match record.get("duration.frames") {
        Some(FieldValue::Int(frames)) if *frames > 0 => frames.unsigned_abs(),
        _ => return None,
    };
    Some((bytes / frames).saturating_mul(8 * 24))
}

/// Picture whose camera nobody named: what is asked of it has no camera format to stand on.
pub(crate) fn camera_unknown(facts: &RollFacts) -> Vec<Breach> {
    let pictures: Vec<(&Clip, &ClipRecord)> = recorded(facts).filter(|(clip, _)| is_picture(clip)).collect();
    let nameless: Vec<&str> = pictures
        .iter()
        .filter(|(_, record)| record.text("camera.model").is_empty())
        .map(|(clip, _)| clip.name.as_str())
        .collect();
    if nameless.is_empty() {
        return Vec::new();
    }
    let more = if nameless.len() > 4 { format!(" and {} more", nameless.len() - 4) } else { String::new() };
    let list = nameless.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    let breach = Breach::of_card(format!("{} of {} clips name no camera model: {list}{more}", nameless.len(), pictures.len()));
    vec![Breach { clip: (nameless.len() == 1).then(|| nameless[0].to_owned()), ..breach }]
}

/// Stretches of the day that two clips of one roll share.
pub(crate) fn timecode_overlap(facts: &RollFacts) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let stretch = |record: &ClipRecord| running(record).map(|(start, range)| (start.nominal(), range));
    for (roll, clips) in by_roll(facts, stretch) {
        let Some(roll) = roll else { continue };
        let mut sorted: Vec<(DayRange, u32, &str)> =
            clips.into_iter().map(|(clip, (nominal, range))| (range, nominal, clip)).collect();
        sorted.sort_by_key(|(range, _, clip)| (range.ticks(), *clip));
        // The clip that ends last so far is the one a later clip can meet; the one that ends last of all can reach over midnight
        // into the first ones.
        let mut furthest: Option<(DayRange, &str)> = None;
        let last = sorted.iter().map(|(range, _, clip)| (*range, *clip)).max_by_key(|(range, _)| range.ticks().1);
        for (range, nominal, clip) in &sorted {
            let before = furthest.filter(|(other, _)| range.ticks().0 < other.ticks().1);
            let night = last.filter(|(other, name)| name != clip && range.ticks().0 < other.ticks().1 - TICKS_PER_DAY);
            if let Some((other, name)) = before.or(night) {
                let frames = frames_of(range.shared_ticks(other), *nominal);
                breaches
                    .push(Breach::of_clip(format!("{clip} and {name} share timecode on roll {roll} ({frames} frame(s))"), clip));
            }
            if furthest.is_none_or(|(far, _)| range.ticks().1 > far.ticks().1) {
                furthest = Some((*range, clip));
            }
        }
    }
    breaches
}

fn frames_of(ticks: i64, nominal: u32) -> i64 {
    let per_frame = TICKS_PER_SECOND / i64::from(nominal.max(1));
    (ticks + per_frame - 1) / per_frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkgate_model::FrameRate;

    #[test]
    fn the_usual_is_the_first_of_the_most_frequent() {
        let rate = |num| FrameRate::new(num, 1);
        assert_eq!(usual(&[("a", rate(24)), ("b", rate(25)), ("c", rate(25))]), Some(rate(25)));
        assert_eq!(usual(&[("a", rate(24)), ("b", rate(25))]), Some(rate(24)));
        assert_eq!(usual::<u8>(&[]), None);
    }
}
