//! Owns records of clips whose picture is not there: dumps of makers' tools in a folder of their own, and, where a folder holds no
//! clip at all, the sidecars people were sent without the media.

use super::{Indexes, from_container, sidecars, tell_sidecar};
use crate::dumps::clip_of_name;
use crate::source::Source;
use crate::vendor::Statements;
use crate::{CardFiles, describe::beside};
use checkgate_model::{CardRecognition, Clip, ClipFile, ClipKind, ClipRecord, FieldValue, FileRole};
use std::collections::BTreeMap;

/// Most clips one folder of metadata is read for.
const MAX_CLIPS: usize = 10_000;

pub(super) fn records(card: &dyn CardFiles, recognition: &CardRecognition, indexes: &Indexes) -> Vec<ClipRecord> {
    // Keys are compared without case; the name is written as first found.
    let mut clips: BTreeMap<String, (String, Statements)> = BTreeMap::new();
    let mut under = |key: String, name: &str, tell: &mut dyn FnMut(&mut Statements)| {
        if clips.len() < MAX_CLIPS || clips.contains_key(&key) {
            let (_, said) = clips.entry(key).or_insert_with(|| (name.to_owned(), Statements::default()));
            tell(said);
        }
    };
    if recognition.clips.is_empty() {
        for file in recognition.unassigned.iter() {
            let name = clip_of_name(file.path.file_name());
            under(name.to_ascii_lowercase(), &name, &mut |said| {
                tell_sidecar(said, card, file);
                tell_media(said, card, file);
            });
        }
        for (path, ale) in &indexes.ales {
            for row in 0..ale.rows.len().min(MAX_CLIPS) {
                let Some(name) = crate::complete::index::clip_name_of_row(ale, &ale.rows[row]) else { continue };
                // A list out of an edit names a clip once for every time it is used: each is a record of its own.
                let start = ale.cell(&ale.rows[row], "Start").unwrap_or_default().trim();
                let key = format!("{} {start}", name.to_ascii_lowercase());
                under(key, &name, &mut |said| sidecars::from_ale_row(said, ale, &ale.rows[row], path));
            }
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for dump in indexes.dumps.iter().filter(|dump| !recognition.clips.iter().any(|clip| dump.speaks_of(clip))) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(&dump.clip)) && names.len() < MAX_CLIPS {
            names.push(&dump.clip);
        }
    }
    for name in names {
        let dumped = indexes.dumps.iter().filter(|dump| dump.clip.eq_ignore_ascii_case(name));
        let read: Vec<_> = dumped.filter_map(|dump| dump.read(card)).collect();
        let beside_it = recognition.unassigned.iter().filter(|_| !recognition.clips.is_empty());
        let sidecars: Vec<&ClipFile> =
            beside_it.filter(|file| clip_of_name(file.path.file_name()).eq_ignore_ascii_case(name)).collect();
        under(name.to_ascii_lowercase(), name, &mut |said| {
            for file in &sidecars {
                tell_sidecar(said, card, file);
            }
            beside::from_dumps(said, &read);
        });
    }
    clips
        .into_values()
        .filter(|(_, said)| said.mark() > 0)
        .map(|(name, mut said)| {
            said.otherwise("file name", "clip.name", FieldValue::Text(name.clone()), name.clone());
            super::imply(&mut said);
            let own = match said.first("clip.name") {
                Some(FieldValue::Text(own)) => own.clone(),
                _ => name,
            };
            said.into_record(&own)
        })
        .collect()
}

/// A file that is media by its first bytes and belongs to no clip of any family: a single frame, a still.
fn tell_media(said: &mut Statements, card: &dyn CardFiles, file: &ClipFile) {
    if let Ok(mut reader) = card.open(&file.path) {
        let mut source = Source::new(&mut *reader, file.size_bytes);
        let clip = Clip { files: vec![file.clone()], ..bare(file.path.file_name()) };
        let _ = from_container(said, &mut source, file, &clip);
    }
}

fn bare(name: &str) -> Clip {
    Clip { name: name.to_owned(), roll: None, kind: ClipKind::Video, files: Vec::new(), sequence: None }
}

/// Whether a file can be a table or text of a maker's tool.
pub(super) fn may_be_dump(file: &ClipFile) -> bool {
    let media = matches!(file.role, FileRole::Essence | FileRole::Segment | FileRole::Frame | FileRole::SecondCardHalf);
    !media && matches!(file.path.extension().as_str(), "csv" | "tsv" | "txt")
}
