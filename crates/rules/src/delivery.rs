//! Owns rules about what is handed over: manifests and their lists, where rolls lie, and how much goes in one upload.

use crate::check::Breach;
use crate::facts::{DeliveredRoll, RollFacts};
use crate::profile::Rule;
use checkgate_model::RelPath;
use std::collections::BTreeMap;

fn rolls(facts: &RollFacts) -> impl Iterator<Item = &DeliveredRoll> {
    facts.delivery.iter().flat_map(|delivery| &delivery.rolls)
}

fn breach(roll: &DeliveredRoll, message: String) -> Breach {
    Breach { path: roll.folder.clone(), ..Breach::of_card(message) }
}

pub(crate) fn at_volume_root(facts: &RollFacts) -> Vec<Breach> {
    let found = rolls(facts).filter(|roll| roll.at_volume_root);
    found.map(|roll| breach(roll, format!("roll {} lies at the root of its volume", roll.name))).collect()
}

pub(crate) fn nested(facts: &RollFacts) -> Vec<Breach> {
    let found = rolls(facts).filter_map(|roll| Some((roll, roll.inside.as_ref()?)));
    found.map(|(roll, outer)| breach(roll, format!("roll {} lies inside roll {outer}", roll.name))).collect()
}

pub(crate) fn manifest_missing(facts: &RollFacts) -> Vec<Breach> {
    let found = rolls(facts).filter(|roll| roll.manifests.is_empty());
    found.map(|roll| breach(roll, format!("roll {} has no manifest at its root", roll.name))).collect()
}

pub(crate) fn manifest_unreadable(facts: &RollFacts) -> Vec<Breach> {
    rolls(facts).flat_map(|roll| roll.unreadable.iter().map(|why| breach(roll, format!("roll {}: {why}", roll.name)))).collect()
}

pub(crate) fn manifest_several(facts: &RollFacts) -> Vec<Breach> {
    let found = rolls(facts).filter(|roll| roll.manifests.len() > 1);
    found
        .map(|roll| {
            breach(roll, format!("roll {} has {} manifests: {}", roll.name, roll.manifests.len(), roll.manifests.join(", ")))
        })
        .collect()
}

/// Files of one kind, each by itself. Paths are shown from the folder that was given.
pub(crate) fn paths(facts: &RollFacts, which: impl Fn(&DeliveredRoll) -> &Vec<RelPath>, words: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for roll in rolls(facts) {
        for path in which(roll) {
            let whole = match &roll.folder {
                Some(folder) => folder.join(path.as_str()).unwrap_or_else(|_| path.clone()),
                None => path.clone(),
            };
            breaches.push(Breach::of_path(format!("{} {words} (roll {})", path.file_name(), roll.name), &whole));
        }
    }
    breaches
}

/// Days with their rolls, as an offer how to split.
pub(crate) fn too_many_days(rule: &Rule, facts: &RollFacts) -> Vec<Breach> {
    let Some(max) = rule.max else { return Vec::new() };
    let mut days: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for roll in rolls(facts) {
        for day in &roll.days {
            days.entry(day).or_default().push(&roll.name);
        }
    }
    if days.len() as u64 <= max {
        return Vec::new();
    }
    let offer = days.iter().map(|(day, rolls)| format!("{day}: {}", rolls.join(", "))).collect::<Vec<_>>().join("; ");
    vec![Breach::of_card(format!("{} shoot days, {max} in one upload: split into {offer}", days.len()))]
}

pub(crate) fn too_many(rule: &Rule, facts: &RollFacts, what: &str, of: impl Fn(&DeliveredRoll) -> u64) -> Vec<Breach> {
    let Some(max) = rule.max else { return Vec::new() };
    let total = rolls(facts).fold(0u64, |sum, roll| sum.saturating_add(of(roll)));
    if total <= max {
        return Vec::new();
    }
    // Rolls in order until a part is full: what a person would do by hand.
    let (mut parts, mut filled) = (1u64, 0u64);
    for roll in rolls(facts) {
        let more = of(roll);
        if filled > 0 && filled.saturating_add(more) > max {
            parts += 1;
            filled = 0;
        }
        filled = filled.saturating_add(more);
    }
    vec![Breach::of_card(format!("{total} {what}, {max} are the most in one upload: {parts} uploads by roll would do"))]
}
