//! Owns rules about clips, rolls, rates, timecode and sound.

use crate::check::Breach;
use crate::facts::RollFacts;
use crate::profile::Rule;
use checkgate_model::{Clip, ClipKind, ClipRecord, FieldState, FieldValue, FrameRate, Timecode};
use std::collections::{BTreeMap, BTreeSet};

fn recorded(facts: &RollFacts) -> impl Iterator<Item = (&Clip, &ClipRecord)> {
    facts.clips.iter().enumerate().filter_map(|(at, clip)| facts.records.get(&at).map(|record| (clip, record)))
}

fn is_picture(clip: &Clip) -> bool {
    matches!(clip.kind, ClipKind::Video | ClipKind::Sequence)
}

pub(crate) fn duplicate_name(facts: &RollFacts) -> Vec<Breach> {
    let mut by_name: BTreeMap<(String, Option<&str>, ClipKindOrder), u64> = BTreeMap::new();
    for clip in &facts.clips {
        *by_name.entry((clip.name.to_lowercase(), clip.roll.as_deref(), ClipKindOrder::of(clip))).or_default() += 1;
    }
    by_name
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((name, _, _), count)| {
            let shown =
                facts.clips.iter().find(|clip| clip.name.to_lowercase() == name).map_or(name.as_str(), |clip| clip.name.as_str());
            Breach::of_clip(format!("{count} clips are called {shown}"), shown)
        })
        .collect()
}

/// Picture and sound may share a name: they are meant to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum ClipKindOrder {
    Picture,
    Sound,
    Still,
}

impl ClipKindOrder {
    fn of(clip: &Clip) -> Self {
        match clip.kind {
            ClipKind::Video | ClipKind::Sequence => Self::Picture,
            ClipKind::Sound => Self::Sound,
            ClipKind::Still => Self::Still,
        }
    }
}

/// Clip numbers `C001`… of one roll must follow each other.
pub(crate) fn number_gap(facts: &RollFacts) -> Vec<Breach> {
    let mut by_roll: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for clip in facts.clips.iter().filter(|clip| is_picture(clip)) {
        if let (Some(roll), Some(number)) = (clip.roll.as_deref(), clip_number(&clip.name)) {
            by_roll.entry(roll).or_default().insert(number);
        }
    }
    let mut breaches = Vec::new();
    for (roll, numbers) in by_roll {
        let list: Vec<u32> = numbers.into_iter().collect();
        for pair in list.windows(2).filter(|pair| pair[1] > pair[0] + 1) {
            let gap = if pair[1] == pair[0] + 2 {
                format!("clip C{:03} is", pair[0] + 1)
            } else {
                format!("clips C{:03} to C{:03} are", pair[0] + 1, pair[1] - 1)
            };
            breaches.push(Breach::of_card(format!("{gap} not on roll {roll}")));
        }
    }
    breaches
}

/// The number after the letter `C` in names like `A003C001_…` and `A001_08151530_C001`.
fn clip_number(name: &str) -> Option<u32> {
    let bytes = name.as_bytes();
    let at = bytes.windows(4).position(|window| window[0] == b'C' && window[1..].iter().all(u8::is_ascii_digit))?;
    // A clip number stands behind a reel number or an underscore, not at the start (`C0001` counts over all rolls of a camera).
    let before = at.checked_sub(1).and_then(|at| bytes.get(at))?;
    if !(before.is_ascii_digit() || *before == b'_') {
        return None;
    }
    name.get(at + 1..at + 4)?.parse().ok()
}

pub(crate) fn roll_name(rule: &Rule, facts: &RollFacts) -> Vec<Breach> {
    let Some(pattern) = rule.whole() else { return Vec::new() };
    facts
        .rolls
        .iter()
        .filter(|roll| !pattern.is_match(&roll.name))
        .map(|roll| {
            let breach = Breach::of_card(format!("the roll name {:?} does not fit", roll.name));
            Breach { path: roll.folder.clone(), ..breach }
        })
        .collect()
}

/// More than one roll in one folder by the clips' names, or more than one camera on a roll by their records.
pub(crate) fn roll_mixed(facts: &RollFacts) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut by_folder: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for clip in facts.clips.iter().filter(|clip| is_picture(clip)) {
        if let (Some(roll), Some(essence)) = (clip.roll.as_deref(), clip.essence()) {
            by_folder
                .entry(essence.path.parent().map_or_else(String::new, |folder| folder.as_str().to_owned()))
                .or_default()
                .insert(roll);
        }
    }
    for (folder, rolls) in by_folder.into_iter().filter(|(_, rolls)| rolls.len() > 1) {
        let list = rolls.into_iter().collect::<Vec<_>>().join(", ");
        let place = if folder.is_empty() { "the card".to_owned() } else { format!("the folder {folder}") };
        breaches.push(Breach::of_card(format!("{place} holds clips of several rolls: {list}")));
    }
    for (field, word) in [("camera.serial", "camera serial numbers"), ("reel.name", "reel names")] {
        let mut by_roll: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (clip, record) in recorded(facts).filter(|(clip, _)| is_picture(clip)) {
            let value = record.text(field);
            if let (Some(roll), false) = (clip.roll.as_deref(), value.is_empty()) {
                by_roll.entry(roll).or_default().insert(value);
            }
        }
        for (roll, values) in by_roll.into_iter().filter(|(_, values)| values.len() > 1) {
            let list = values.into_iter().collect::<Vec<_>>().join(", ");
            breaches.push(Breach::of_card(format!("roll {roll} holds several {word}: {list}")));
        }
    }
    breaches
}

fn rate_of(record: &ClipRecord, field: &str) -> Option<FrameRate> {
    match record.get(field) {
        Some(FieldValue::Rational(num, den)) => FrameRate::new(u32::try_from(*num).ok()?, u32::try_from(*den).ok()?),
        _ => None,
    }
}

/// Picture clips against the project's rate, or against the rate most clips of their roll have.
pub(crate) fn rate_differs(facts: &RollFacts) -> Vec<Breach> {
    let mut by_roll: BTreeMap<Option<&str>, Vec<(&str, FrameRate)>> = BTreeMap::new();
    for (clip, record) in recorded(facts).filter(|(clip, _)| is_picture(clip)) {
        if let Some(rate) = rate_of(record, "rate.project") {
            by_roll.entry(clip.roll.as_deref()).or_default().push((clip.name.as_str(), rate));
        }
    }
    let mut breaches = Vec::new();
    for (roll, rates) in by_roll {
        let wanted = facts.project_rate.or_else(|| roll.and_then(|_| usual(&rates)));
        let Some(wanted) = wanted else { continue };
        let whose = if facts.project_rate.is_some() { "the project runs at" } else { "the rest of the roll runs at" };
        for (clip, rate) in rates.into_iter().filter(|(_, rate)| *rate != wanted) {
            breaches.push(Breach::of_clip(format!("{clip} runs at {rate} fps, {whose} {wanted}"), clip));
        }
    }
    breaches
}

fn usual(rates: &[(&str, FrameRate)]) -> Option<FrameRate> {
    let count = |wanted: FrameRate| rates.iter().filter(|(_, rate)| *rate == wanted).count();
    rates.iter().map(|(_, rate)| *rate).max_by_key(|rate| count(*rate))
}

/// Frames since midnight in which a clip runs: start and exclusive end, with the counting base.
fn span(record: &ClipRecord) -> Option<(u32, u64, u64)> {
    let nominal = rate_of(record, "tc.rate").or_else(|| rate_of(record, "rate.project"))?.nominal();
    let code = |field: &str| match record.get(field) {
        Some(FieldValue::Text(text)) => Timecode::parse(text, nominal).ok(),
        _ => None,
    };
    let start = code("tc.start")?;
    let end = code("tc.end")?;
    let first = u64::from(start.frames());
    // Over midnight the end is the smaller number.
    let day = u64::from(nominal) * 86_400;
    let last = if u64::from(end.frames()) < first { u64::from(end.frames()) + day } else { u64::from(end.frames()) };
    (last > first).then_some((nominal, first, last))
}

pub(crate) fn timecode_overlap(facts: &RollFacts) -> Vec<Breach> {
    let mut by_roll: BTreeMap<(&str, u32), Vec<(u64, u64, &str)>> = BTreeMap::new();
    for (clip, record) in recorded(facts).filter(|(clip, _)| is_picture(clip)) {
        if let (Some(roll), Some((nominal, first, last))) = (clip.roll.as_deref(), span(record)) {
            by_roll.entry((roll, nominal)).or_default().push((first, last, clip.name.as_str()));
        }
    }
    let mut breaches = Vec::new();
    for ((roll, _), mut spans) in by_roll {
        spans.sort_unstable();
        let mut furthest: Option<(u64, &str)> = None;
        for (first, last, clip) in spans {
            if let Some((end, other)) = furthest
                && first < end
            {
                breaches.push(Breach::of_clip(
                    format!("{clip} and {other} share timecode on roll {roll} ({} frame(s))", end.min(last) - first),
                    clip,
                ));
            }
            if furthest.is_none_or(|(end, _)| last > end) {
                furthest = Some((last, clip));
            }
        }
    }
    breaches
}

pub(crate) fn sound_number(rule: &Rule, facts: &RollFacts, field: &str, unit: &str) -> Vec<Breach> {
    let Some(wanted) = rule.value else { return Vec::new() };
    recorded(facts)
        .filter(|(clip, _)| clip.kind == ClipKind::Sound)
        .filter_map(|(clip, record)| match record.get(field) {
            Some(FieldValue::Int(value)) if *value != wanted => {
                Some(Breach::of_clip(format!("{} has {value} {unit}, {wanted} {unit} are asked for", clip.name), &clip.name))
            }
            _ => None,
        })
        .collect()
}

pub(crate) fn no_ixml(facts: &RollFacts) -> Vec<Breach> {
    let has_ixml =
        |record: &ClipRecord| record.fields.values().any(|field| field.sources.iter().any(|said| said.source.contains("iXML")));
    recorded(facts)
        .filter(|(clip, record)| clip.kind == ClipKind::Sound && !has_ixml(record))
        .map(|(clip, _)| Breach::of_clip(format!("{} carries no iXML", clip.name), &clip.name))
        .collect()
}

/// Seconds since midnight in which a clip runs; rates differ between picture and sound.
fn seconds(record: &ClipRecord) -> Option<(f64, f64)> {
    let (nominal, first, last) = span(record)?;
    Some((first as f64 / f64::from(nominal), last as f64 / f64::from(nominal)))
}

/// Only where the card holds both picture and sound with timecode.
pub(crate) fn no_timecode_match(facts: &RollFacts) -> Vec<Breach> {
    let pictures: Vec<(f64, f64)> =
        recorded(facts).filter(|(clip, _)| is_picture(clip)).filter_map(|(_, record)| seconds(record)).collect();
    if pictures.is_empty() {
        return Vec::new();
    }
    recorded(facts)
        .filter(|(clip, _)| clip.kind == ClipKind::Sound)
        .filter_map(|(clip, record)| seconds(record).map(|span| (clip, span)))
        .filter(|(_, (first, last))| !pictures.iter().any(|(start, end)| start < last && first < end))
        .map(|(clip, _)| Breach::of_clip(format!("no picture clip of this card runs while {} does", clip.name), &clip.name))
        .collect()
}

pub(crate) fn conflicts(facts: &RollFacts) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (clip, record) in recorded(facts) {
        for (name, field) in record.fields.iter().filter(|(_, field)| field.state == FieldState::Conflict) {
            let said = field
                .sources
                .iter()
                .filter_map(|said| said.value.as_ref().map(|value| format!("{} ({})", value.display(), said.source)))
                .take(4)
                .collect::<Vec<_>>()
                .join(", ");
            breaches.push(Breach::of_clip(format!("{}: {name} is {said}", clip.name), &clip.name));
        }
    }
    breaches
}
