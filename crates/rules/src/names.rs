//! Owns rules about names and files. Nothing is ever renamed inside a roll: a roll is an exact copy of the card.

use crate::check::Breach;
use crate::facts::RollFacts;
use crate::profile::Rule;
use checkgate_model::{ClipFile, FileRole, RelPath};
use std::collections::{BTreeMap, BTreeSet};

/// Every path on the card once: files, the folders above them, and empty folders.
fn every_path(facts: &RollFacts) -> BTreeSet<RelPath> {
    let mut paths = BTreeSet::new();
    for path in facts.files.iter().map(|(path, _)| path).chain(&facts.empty_folders) {
        let mut next = Some(path.clone());
        while let Some(path) = next {
            next = path.parent();
            if !paths.insert(path) {
                break;
            }
        }
    }
    paths
}

fn breaches(facts: &RollFacts, what: impl Fn(&str) -> Option<String>) -> Vec<Breach> {
    every_path(facts).iter().filter_map(|path| what(path.file_name()).map(|message| Breach::of_path(message, path))).collect()
}

/// Device names Windows reserves with any extension.
pub(crate) fn reserved(facts: &RollFacts) -> Vec<Breach> {
    breaches(facts, |name| {
        let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
        let numbered = |prefix: &str| {
            stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| (b'1'..=b'9').contains(&b)))
        };
        let is_reserved =
            matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || numbered("COM") || numbered("LPT");
        is_reserved.then(|| format!("{name:?} is a device name on Windows"))
    })
}

pub(crate) fn trailing(facts: &RollFacts) -> Vec<Breach> {
    breaches(facts, |name| name.ends_with(['.', ' ']).then(|| format!("{name:?} ends with a dot or a blank")))
}

/// Path as a receiver on Windows or exFAT counts it: UTF-16 units.
pub(crate) fn length(rule: &Rule, facts: &RollFacts) -> Vec<Breach> {
    let max = rule.max.unwrap_or(255);
    every_path(facts)
        .iter()
        .filter_map(|path| {
            let units = path.as_str().encode_utf16().count() as u64;
            (units > max).then(|| Breach::of_path(format!("the path has {units} characters, {max} are the most"), path))
        })
        .collect()
}

pub(crate) fn characters(rule: &Rule, facts: &RollFacts) -> Vec<Breach> {
    let Some(offending) = rule.offending() else { return Vec::new() };
    breaches(facts, |name| {
        let found: BTreeSet<&str> = offending.find_iter(name).map(|found| found.as_str()).collect();
        let list = found.iter().map(|c| format!("{c:?}")).collect::<Vec<_>>().join(" ");
        (!found.is_empty()).then(|| format!("{name:?} contains {list}"))
    })
}

pub(crate) fn case_collision(facts: &RollFacts) -> Vec<Breach> {
    let mut by_folded: BTreeMap<String, Vec<RelPath>> = BTreeMap::new();
    for path in every_path(facts) {
        by_folded.entry(path.as_str().to_lowercase()).or_default().push(path);
    }
    by_folded
        .into_values()
        .filter(|paths| paths.len() > 1)
        .map(|paths| {
            let names = paths.iter().map(|path| format!("{:?}", path.as_str())).collect::<Vec<_>>().join(" and ");
            Breach::of_path(format!("{names} differ only in upper and lower case"), &paths[0])
        })
        .collect()
}

fn is_system(path: &RelPath) -> bool {
    path.components().any(|part| {
        part.starts_with("._")
            || [
                ".DS_Store",
                ".Spotlight-V100",
                ".Trashes",
                ".fseventsd",
                ".TemporaryItems",
                "Thumbs.db",
                "desktop.ini",
                "System Volume Information",
                "$RECYCLE.BIN",
            ]
            .iter()
            .any(|name| part.eq_ignore_ascii_case(name))
    })
}

pub(crate) fn system(facts: &RollFacts) -> Vec<Breach> {
    facts
        .files
        .iter()
        .filter(|(path, _)| is_system(path))
        .map(|(path, _)| Breach::of_path(format!("{} was written by an operating system", path.file_name()), path))
        .collect()
}

pub(crate) fn hidden(facts: &RollFacts) -> Vec<Breach> {
    let hidden = |path: &RelPath| path.components().any(|part| part.starts_with('.')) && !is_system(path);
    facts
        .files
        .iter()
        .filter(|(path, _)| hidden(path))
        .map(|(path, _)| Breach::of_path(format!("{} is hidden", path.file_name()), path))
        .collect()
}

/// One breach for all of them: cameras make folders they may never use.
pub(crate) fn empty_folders(facts: &RollFacts) -> Vec<Breach> {
    match facts.empty_folders.as_slice() {
        [] => Vec::new(),
        [path] => vec![Breach::of_path(format!("the folder {} is empty", path.as_str()), path)],
        many => {
            let more = if many.len() > 8 { format!(" and {} more", many.len() - 8) } else { String::new() };
            let list = many.iter().take(8).map(RelPath::as_str).collect::<Vec<_>>().join(", ");
            vec![Breach::of_card(format!("{} folders are empty: {list}{more}", many.len()))]
        }
    }
}

/// Picture and sound of zero bytes are an error of the structural check; here it is about everything else.
pub(crate) fn zero_bytes(facts: &RollFacts) -> Vec<Breach> {
    let essence = |file: &&ClipFile| matches!(file.role, FileRole::Essence | FileRole::Segment | FileRole::Frame);
    let essences: BTreeSet<&RelPath> =
        facts.clips.iter().flat_map(|clip| &clip.files).filter(essence).map(|file| &file.path).collect();
    facts
        .files
        .iter()
        .filter(|(path, size)| *size == 0 && !essences.contains(path))
        .map(|(path, _)| Breach::of_path(format!("{} has zero bytes", path.file_name()), path))
        .collect()
}

pub(crate) fn none(facts: &RollFacts) -> Vec<Breach> {
    if facts.files.is_empty() { vec![Breach::of_card("there is no file".to_owned())] } else { Vec::new() }
}
