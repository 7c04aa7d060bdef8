//! Owns what a family's profile expects of its cards: files that never come alone, folders that are always there, names that say
//! something by being there. The words are data; must never hold a rule of one family in code.

use super::Listing;
use crate::group::{Groups, is_system_file};
use crate::profile::{CompiledMark, Words, profiles};
use crate::source::Source;
use crate::structure::{Container, container_of};
use crate::{CardEntry, CardFiles, isobmff};
use checkgate_model::{Finding, RelPath, Severity};
use std::collections::{BTreeSet, HashMap};

pub(super) fn check(
    card: &dyn CardFiles,
    listing: &Listing<'_>,
    groups: &Groups,
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    let profiles = profiles();
    let spoken = groups.spoken.iter().map(|(rule, _, _)| profiles.rules[*rule].family);
    let present: BTreeSet<usize> = groups.clips.iter().map(|grouped| grouped.family).chain(spoken).collect();
    let clip_of: HashMap<&str, &str> = groups
        .clips
        .iter()
        .flat_map(|grouped| grouped.clip.files.iter().map(|file| (file.path.as_str(), grouped.clip.name.as_str())))
        .collect();
    let entries = || card.entries().iter().filter(|entry| !is_system_file(&entry.path));
    // What the camera's own list already missed is not said twice.
    let missed: BTreeSet<String> = findings
        .iter()
        .filter(|finding| finding.code == "index.companion_missing")
        .filter_map(|finding| finding.clip.clone())
        .collect();
    for need in profiles.needs.iter().filter(|need| present.contains(&need.family)) {
        for entry in entries() {
            let Some(captures) = need.has.captures(entry.path.as_str()) else { continue };
            if clip_of.get(entry.path.as_str()).is_some_and(|clip| missed.contains(*clip)) {
                continue;
            }
            let wanted: Vec<String> = need.wants.iter().map(|wanted| crate::profile::fill(wanted, &captures)).collect();
            if wanted.iter().all(|wanted| listing.get(wanted).is_none()) {
                let name = entry.path.file_name();
                let missing = wanted.first().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
                findings.push(said(&need.words, &format!("{name}: {} ({missing})", need.words.says), &entry.path, &clip_of));
            }
        }
    }
    for mark in profiles.marks.iter().filter(|mark| present.contains(&mark.family)) {
        let marked: Vec<&CardEntry> = entries()
            .filter(|entry| mark.path.is_match(entry.path.as_str()) && has_codec(card, mark, entry, bytes_read))
            .collect();
        if let Some(first) = marked.first() {
            let others = if marked.len() > 1 { format!(" (and {} more)", marked.len() - 1) } else { String::new() };
            let message = format!("{}{others}: {}", first.path.file_name(), mark.words.says);
            findings.push(said(&mark.words, &message, &first.path, &clip_of));
        }
    }
    for (family, root, layout) in profiles.layouts.iter().filter(|(family, _, _)| present.contains(family)) {
        let roots: BTreeSet<String> = entries()
            .filter_map(|entry| {
                root.captures(entry.path.as_str()).and_then(|found| found.get(1)).map(|found| found.as_str().to_owned())
            })
            .collect();
        for root in roots {
            let paths = card.entries().iter().map(|entry| &entry.path).chain(card.empty_folders());
            let below: BTreeSet<String> = paths
                .filter_map(|path| path.as_str().get(root.len()..).filter(|_| path.as_str().get(..root.len()) == Some(&root)))
                .filter_map(|rest| rest.strip_prefix('/'))
                .map(|rest| rest.split('/').next().unwrap_or(rest).to_ascii_uppercase())
                .collect();
            let gone: Vec<&str> = layout
                .folders
                .iter()
                .map(String::as_str)
                .filter(|folder| !below.contains(&folder.to_ascii_uppercase()))
                .collect();
            if !gone.is_empty() {
                let message =
                    format!("{root} lacks {}, which a card of {} always has", gone.join(", "), profiles.families[*family].name);
                let finding = Finding::new("card.folder_missing", Severity::Warning, message, &layout.hint);
                findings.push(match RelPath::new(&root) {
                    Ok(path) => finding.with_path(path),
                    Err(_) => finding,
                });
            }
        }
    }
}

fn said(words: &Words, message: &str, path: &RelPath, clip_of: &HashMap<&str, &str>) -> Finding {
    let finding = Finding::new(&words.code, words.severity, message, &words.hint).with_path(path.clone());
    match clip_of.get(path.as_str()) {
        Some(clip) => finding.with_clip(clip),
        None => finding,
    }
}

/// Whether the film's picture has one of the codecs a mark speaks of; every file has where none is named.
fn has_codec(card: &dyn CardFiles, mark: &CompiledMark, entry: &CardEntry, bytes_read: &mut u64) -> bool {
    if mark.codecs.is_empty() {
        return true;
    }
    let Ok(mut reader) = card.open(&entry.path) else { return false };
    let mut source = Source::new(&mut *reader, entry.size_bytes);
    let head = source.up_to(0, 16).unwrap_or_default();
    let codec = match container_of(&head) {
        Container::IsoBmff => isobmff::read(&mut source).ok().and_then(|movie| movie.video().map(|track| track.codec.clone())),
        _ => None,
    };
    *bytes_read += source.bytes_read();
    codec.is_some_and(|codec| mark.codecs.contains(&codec))
}
