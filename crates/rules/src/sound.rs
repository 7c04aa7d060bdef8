//! Owns rules about sound: what editorial needs so that takes sync by themselves (48 kHz, 24 bit, polyphonic, iXML, a timecode that
//! some picture shares).

use crate::check::Breach;
use crate::facts::RollFacts;
use crate::profile::Rule;
use crate::recording::{is_picture, recorded};
use crate::spans::{day_of, running};
use checkgate_model::{Clip, ClipKind, ClipRecord, DayRange, FieldValue, FileRole};

fn takes(facts: &RollFacts) -> impl Iterator<Item = (&Clip, &ClipRecord)> {
    recorded(facts).filter(|(clip, _)| clip.kind == ClipKind::Sound)
}

pub(crate) fn number(rule: &Rule, facts: &RollFacts, field: &str, unit: &str) -> Vec<Breach> {
    let Some(wanted) = rule.value else { return Vec::new() };
    takes(facts)
        .filter_map(|(clip, record)| match record.get(field) {
            Some(FieldValue::Int(value)) if *value != wanted => {
                Some(Breach::of_clip(format!("{} has {value} {unit}, {wanted} {unit} are asked for", clip.name), &clip.name))
            }
            _ => None,
        })
        .collect()
}

/// A take of several files with a channel each. Several files with many channels are a recording that was split where it was full.
pub(crate) fn not_poly(facts: &RollFacts) -> Vec<Breach> {
    let int = |record: &ClipRecord, field: &str| match record.get(field) {
        Some(FieldValue::Int(number)) => Some(*number),
        _ => None,
    };
    takes(facts)
        .filter_map(|(clip, record)| {
            let files = clip.files.iter().filter(|file| matches!(file.role, FileRole::Essence | FileRole::Segment)).count();
            let declared = int(record, "sound.set_total").and_then(|total| usize::try_from(total).ok()).unwrap_or(1);
            let mono = int(record, "audio.channels") == Some(1);
            let tracks = files.max(declared);
            (mono && tracks > 1).then(|| {
                Breach::of_clip(
                    format!("{} is {tracks} files of one channel each, not one polyphonic file", clip.name),
                    &clip.name,
                )
            })
        })
        .collect()
}

pub(crate) fn no_ixml(facts: &RollFacts) -> Vec<Breach> {
    let has_ixml =
        |record: &ClipRecord| record.fields.values().any(|field| field.sources.iter().any(|said| said.source.contains("iXML")));
    takes(facts)
        .filter(|(_, record)| !has_ixml(record))
        .map(|(clip, _)| Breach::of_clip(format!("{} carries no iXML", clip.name), &clip.name))
        .collect()
}

/// Takes that no picture runs with: of this card, or of the project's other cards on the same day. Silent where no picture is known
/// yet: sound often comes first.
pub(crate) fn no_timecode_match(facts: &RollFacts) -> Vec<Breach> {
    let here: Vec<(Option<String>, DayRange)> = recorded(facts)
        .filter(|(clip, _)| is_picture(clip))
        .filter_map(|(_, record)| Some((day_of(record), running(record)?.1)))
        .collect();
    let elsewhere = facts.project.pictures.iter().map(|picture| (picture.day.clone(), picture.range));
    let pictures: Vec<(Option<String>, DayRange)> = here.into_iter().chain(elsewhere).collect();
    takes(facts)
        .filter_map(|(clip, record)| Some((clip, day_of(record), running(record)?.1)))
        .filter_map(|(clip, day, range)| {
            // A day that is not known may be any.
            let same_day = |other: &Option<String>| other.is_none() || day.is_none() || *other == day;
            let mut beside = pictures.iter().filter(|(other, _)| same_day(other)).peekable();
            beside.peek()?;
            let runs = beside.any(|(_, picture)| picture.overlaps(range));
            (!runs).then(|| Breach::of_clip(format!("no picture that is known runs while {} does", clip.name), &clip.name))
        })
        .collect()
}
