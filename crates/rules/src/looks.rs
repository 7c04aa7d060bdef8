//! Owns rules about looks and reference stills: whether an ACES Metadata File finds its clip, its look and its ACES version.

use crate::check::Breach;
use crate::facts::{LookFacts, RollFacts};
use crate::recording::is_picture;
use std::collections::BTreeSet;

fn breach(look: &LookFacts, words: String) -> Breach {
    let path = checkgate_model::RelPath::new(&look.path).ok();
    Breach { path, ..Breach::of_card(format!("{}: {words}", look.path)) }
}

/// A name without its extension and folders, in small letters.
fn stem(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
}

pub(crate) fn clip_missing(facts: &RollFacts) -> Vec<Breach> {
    let known: BTreeSet<String> = facts
        .clips
        .iter()
        .flat_map(|clip| {
            clip.files.iter().map(|file| stem(file.path.as_str())).chain([clip.name.to_lowercase(), stem(&clip.name)])
        })
        .collect();
    let found = |name: &String| known.contains(&stem(name)) || known.contains(&name.to_lowercase());
    facts
        .looks
        .iter()
        .filter(|look| !look.clips.is_empty() && !look.clips.iter().any(found))
        .map(|look| breach(look, format!("no clip here is called {}", look.clips.join(" or "))))
        .collect()
}

pub(crate) fn file_missing(facts: &RollFacts) -> Vec<Breach> {
    let looks = facts.looks.iter();
    looks.flat_map(|look| look.missing_files.iter().map(|file| breach(look, format!("{file} is not there")))).collect()
}

pub(crate) fn aces_differs(facts: &RollFacts) -> Vec<Breach> {
    let Some(wanted) = &facts.project.aces else { return Vec::new() };
    facts
        .looks
        .iter()
        .filter_map(|look| Some((look, look.aces.as_ref().filter(|aces| !same_version(aces, wanted))?)))
        .map(|(look, aces)| breach(look, format!("made with ACES {aces}, the project is in ACES {wanted}")))
        .collect()
}

/// `1.3` and `1.3.0` are one, `2` and `2.0` as well.
fn same_version(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let mut parts = text.split('.').map(|part| part.trim().parse::<u32>().unwrap_or(0)).take(3);
        [parts.next().unwrap_or(0), parts.next().unwrap_or(0)]
    };
    parts(one) == parts(other)
}

pub(crate) fn stills_count(facts: &RollFacts) -> Vec<Breach> {
    let Some(stills) = facts.reference_stills else { return Vec::new() };
    let clips = facts.clips.iter().filter(|clip| is_picture(clip)).count() as u64;
    if stills == clips {
        return Vec::new();
    }
    vec![Breach::of_card(format!("{stills} reference stills for {clips} picture clips"))]
}
