//! Owns rules about clips and rolls: their names, their numbers, and other cards that have the same.

use crate::check::Breach;
use crate::facts::{RollFacts, Twin, TwinBy};
use crate::profile::Rule;
use checkgate_model::{Clip, ClipKind, ClipRecord, FieldState};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn recorded(facts: &RollFacts) -> impl Iterator<Item = (&Clip, &ClipRecord)> {
    facts.clips.iter().enumerate().filter_map(|(at, clip)| facts.records.get(&at).map(|record| (clip, record)))
}

pub(crate) fn is_picture(clip: &Clip) -> bool {
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

fn twins(facts: &RollFacts, which: impl Fn(&Twin) -> bool, words: impl Fn(&Twin, &str) -> String) -> Vec<Breach> {
    let chosen = facts.project.twins.iter().filter(|twin| which(twin));
    chosen
        .filter_map(|twin| Some((twin, facts.clips.get(twin.clip)?)))
        .map(|(twin, clip)| Breach::of_clip(words(twin, &clip.name), &clip.name))
        .collect()
}

/// The same recording on another card: two slots, or a copy that is taken for a card.
pub(crate) fn on_other_card(facts: &RollFacts) -> Vec<Breach> {
    twins(
        facts,
        |twin| twin.by != TwinBy::Name,
        |twin, clip| {
            let why = if twin.by == TwinBy::Content { "name, size and hash are equal" } else { "the camera gave both one id" };
            format!("{clip} is on card {} too: {why}", twin.card)
        },
    )
}

pub(crate) fn same_name_elsewhere(facts: &RollFacts) -> Vec<Breach> {
    twins(
        facts,
        |twin| twin.by == TwinBy::Name,
        |twin, clip| format!("card {} has another recording called {clip} on a roll of the same name", twin.card),
    )
}

pub(crate) fn roll_duplicate(facts: &RollFacts) -> Vec<Breach> {
    facts
        .rolls
        .iter()
        .filter_map(|roll| Some((roll, facts.project.rolls.iter().find(|known| known.name.eq_ignore_ascii_case(&roll.name))?)))
        .map(|(roll, known)| {
            let breach = Breach::of_card(format!("the project has a roll {} already, on card {}", known.name, known.card));
            Breach { path: roll.folder.clone(), ..breach }
        })
        .collect()
}

pub(crate) fn roll_name(rule: &Rule, facts: &RollFacts) -> Vec<Breach> {
    let Some(pattern) = rule.whole() else { return Vec::new() };
    facts
        .rolls
        .iter()
        .filter(|roll| !pattern.is_match(&roll.name))
        .map(|roll| {
            let breach = Breach::of_card(format!("the roll name {:?} has characters that are not taken everywhere", roll.name));
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
