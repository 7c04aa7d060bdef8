//! Owns grouping: one clip is many files (camera.md 1.2). Declared relations and name rules only, never modification times;
//! every file of the listing ends up in exactly one place.

use crate::CardEntry;
use crate::profile::{Compiled, FamilyKind, Profiles, fill};
use checkgate_model::{Clip, ClipFile, ClipKind, FileRole, RelPath, SequenceRange};
use std::collections::{BTreeMap, HashMap};

/// A clip while its files are being found.
pub(crate) struct Grouped {
    pub(crate) clip: Clip,
    pub(crate) family: usize,
    pub(crate) index: Option<String>,
    /// Folder of its first essence.
    pub(crate) folder: String,
    /// Frame or segment number and position in `clip.files`.
    pub(crate) numbered: Vec<(u64, usize)>,
}

/// Everything grouped.
pub(crate) struct Groups {
    pub(crate) clips: Vec<Grouped>,
    pub(crate) unassigned: Vec<ClipFile>,
    /// Companions whose clip is not on the card: path and clip name.
    pub(crate) orphans: Vec<(RelPath, String)>,
    /// For each rule that says something, the first path it claimed and how many.
    pub(crate) spoken: Vec<(usize, RelPath, u64)>,
}

type Key = (usize, String, String);

fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..slash])
}

/// Files that operating systems leave behind; they belong to no clip whatever their names resemble.
pub(crate) fn is_system_file(path: &RelPath) -> bool {
    path.components().any(|part| {
        part.starts_with("._")
            || matches!(
                part,
                ".DS_Store"
                    | ".Spotlight-V100"
                    | ".Trashes"
                    | ".fseventsd"
                    | ".TemporaryItems"
                    | ".DocumentRevisions-V100"
                    | "Thumbs.db"
                    | "desktop.ini"
                    | "System Volume Information"
                    | "$RECYCLE.BIN"
                    | "lost+found"
            )
    })
}

pub(crate) fn group(profiles: &Profiles, entries: &[CardEntry]) -> Groups {
    let mut groups = Groups { clips: Vec::new(), unassigned: Vec::new(), orphans: Vec::new(), spoken: Vec::new() };
    let mut clip_by_key: HashMap<Key, usize> = HashMap::new();
    let mut companions: Vec<(&CardEntry, FileRole, Key, Option<String>)> = Vec::new();
    let mut unclaimed: Vec<&CardEntry> = Vec::new();
    let mut spoken: BTreeMap<usize, (RelPath, u64)> = BTreeMap::new();
    let mut yielding: Vec<(usize, usize, &BTreeMap<String, FileRole>)> = Vec::new();
    for entry in entries {
        if is_system_file(&entry.path) {
            groups.unassigned.push(file(entry, FileRole::Support));
            continue;
        }
        let Some((rule_index, compiled, captures)) = profiles.claim(entry.path.as_str()) else {
            unclaimed.push(entry);
            continue;
        };
        if compiled.rule.says.is_some() {
            spoken.entry(rule_index).or_insert_with(|| (entry.path.clone(), 0)).1 += 1;
        }
        let role = compiled.role(&entry.path.extension());
        let Some(name) = captures.name("clip").map(|found| found.as_str()) else {
            groups.unassigned.push(file(entry, role));
            continue;
        };
        let root = captures.name("root").map_or_else(|| folder_of(entry.path.as_str()), |found| found.as_str());
        let shown = compiled.rule.name.as_ref().map_or_else(|| name.to_owned(), |template| fill(template, &captures));
        let common = compiled.rule.key.as_ref().map(|template| fill(template, &captures));
        let key = key_of(compiled, entry, root, common.as_deref().unwrap_or(if shown.is_empty() { name } else { &shown }));
        let Some(kind) = compiled.rule.kind else {
            companions.push((entry, role, key, compiled.rule.says.map(|_| name.to_owned())));
            continue;
        };
        let at = *clip_by_key.entry(key).or_insert_with(|| {
            groups.clips.push(Grouped {
                clip: Clip {
                    name: if shown.is_empty() { folder_name(entry).to_owned() } else { shown.clone() },
                    roll: compiled.rule.roll.as_ref().map(|template| fill(template, &captures).to_ascii_uppercase()),
                    kind,
                    files: Vec::new(),
                    sequence: None,
                },
                family: compiled.family,
                index: compiled
                    .rule
                    .index
                    .as_ref()
                    .map(|template| fill(template, &captures).to_ascii_uppercase().trim_end_matches('_').to_owned()),
                folder: folder_of(entry.path.as_str()).to_owned(),
                numbered: Vec::new(),
            });
            groups.clips.len() - 1
        });
        let grouped = &mut groups.clips[at];
        for part in ["frame", "segment"] {
            if let Some(number) = captures.name(part).and_then(|found| found.as_str().parse::<u64>().ok()) {
                grouped.numbered.push((number, grouped.clip.files.len()));
            }
        }
        if !compiled.rule.beside.is_empty() {
            yielding.push((at, grouped.clip.files.len(), &compiled.rule.beside));
        }
        grouped.clip.files.push(file(entry, role));
    }
    for (clip, place, beside) in yielding {
        let files = &mut groups.clips[clip].clip.files;
        if let Some(role) = files.iter().find_map(|file| beside.get(&file.path.extension())).copied() {
            files[place].role = role;
        }
    }
    for (rule, (path, count)) in spoken {
        groups.spoken.push((rule, path, count));
    }
    for (entry, role, key, says) in companions {
        match clip_by_key.get(&key) {
            Some(at) => groups.clips[*at].clip.files.push(file(entry, role)),
            None => {
                if let Some(name) = says {
                    groups.orphans.push((entry.path.clone(), name));
                }
                groups.unassigned.push(file(entry, role));
            }
        }
    }
    attach_by_stem(profiles, &mut groups, &unclaimed);
    attach_sound(profiles, &mut groups);
    for grouped in &mut groups.clips {
        finish(grouped);
    }
    demote_single_frames(profiles, &mut groups);
    groups.clips.sort_by(|a, b| {
        (&a.clip.roll, a.family, &a.clip.name, &a.folder).cmp(&(&b.clip.roll, b.family, &b.clip.name, &b.folder))
    });
    groups.unassigned.sort_by(|a, b| a.path.cmp(&b.path));
    groups
}

fn file(entry: &CardEntry, role: FileRole) -> ClipFile {
    ClipFile { path: entry.path.clone(), size_bytes: entry.size_bytes, role }
}

fn folder_name(entry: &CardEntry) -> &str {
    entry.path.components().rev().nth(1).unwrap_or("frames")
}

/// Frames of one name in two formats are two sequences; otherwise the extension does not divide a clip.
fn key_of(compiled: &Compiled, entry: &CardEntry, root: &str, name: &str) -> Key {
    let extension = if compiled.rule.role == FileRole::Frame { entry.path.extension() } else { String::new() };
    (compiled.family, format!("{}|{extension}", root.to_ascii_lowercase()), name.to_ascii_lowercase())
}

/// A file nobody claims joins the clip whose name it carries in the same folder.
fn attach_by_stem(profiles: &Profiles, groups: &mut Groups, unclaimed: &[&CardEntry]) {
    let mut by_stem: HashMap<(String, String), usize> = HashMap::new();
    for (at, grouped) in groups.clips.iter().enumerate() {
        by_stem.insert((grouped.folder.to_ascii_lowercase(), grouped.clip.name.to_ascii_lowercase()), at);
        if let Some(essence) = grouped.clip.files.first() {
            by_stem.insert((grouped.folder.to_ascii_lowercase(), essence.path.stem().to_ascii_lowercase()), at);
        }
    }
    for entry in unclaimed {
        let role = profiles.companion(&entry.path.extension());
        let key = (folder_of(entry.path.as_str()).to_ascii_lowercase(), entry.path.stem().to_ascii_lowercase());
        match by_stem.get(&key) {
            Some(at) if role != FileRole::Unknown => groups.clips[*at].clip.files.push(file(entry, role)),
            _ => groups.unassigned.push(file(entry, role)),
        }
    }
}

/// Sound of no known recorder that lies beside a camera's picture under the same name is its twin.
fn attach_sound(profiles: &Profiles, groups: &mut Groups) {
    let key = |grouped: &Grouped| (grouped.folder.to_ascii_lowercase(), grouped.clip.name.to_ascii_lowercase());
    let pictures: HashMap<(String, String), usize> = groups
        .clips
        .iter()
        .enumerate()
        .filter(|(_, grouped)| profiles.families[grouped.family].kind == FamilyKind::Camera)
        .filter(|(_, grouped)| matches!(grouped.clip.kind, ClipKind::Video | ClipKind::Sequence))
        .map(|(at, grouped)| (key(grouped), at))
        .collect();
    let mut twins = Vec::new();
    for (at, grouped) in groups.clips.iter().enumerate().filter(|(_, grouped)| grouped.clip.kind == ClipKind::Sound) {
        let anonymous = profiles.families[grouped.family].make.is_empty() && grouped.clip.files.len() == 1;
        if let Some(picture) = pictures.get(&key(grouped)).filter(|_| anonymous) {
            twins.push((at, *picture));
        }
    }
    for (at, picture) in &twins {
        let mut files = std::mem::take(&mut groups.clips[*at].clip.files);
        files.iter_mut().for_each(|file| file.role = FileRole::AudioTwin);
        groups.clips[*picture].clip.files.append(&mut files);
    }
    groups.clips.retain(|grouped| !grouped.clip.files.is_empty());
}

/// Puts files in order (essence first, numbered ones by number) and finds the range of a sequence.
pub(crate) fn finish(grouped: &mut Grouped) {
    let numbers: HashMap<usize, u64> = grouped.numbered.iter().map(|(number, at)| (*at, *number)).collect();
    let mut order: Vec<usize> = (0..grouped.clip.files.len()).collect();
    order.sort_by_key(|at| {
        let role = grouped.clip.files[*at].role;
        let first = !matches!(role, FileRole::Essence | FileRole::Segment | FileRole::Frame);
        (first, numbers.get(at).copied().unwrap_or(0), grouped.clip.files[*at].path.clone())
    });
    let files = std::mem::take(&mut grouped.clip.files);
    let mut places: Vec<Option<ClipFile>> = files.into_iter().map(Some).collect();
    grouped.clip.files = order.iter().filter_map(|at| places[*at].take()).collect();
    grouped.numbered =
        order.iter().enumerate().filter_map(|(place, at)| numbers.get(at).map(|number| (*number, place))).collect();
    if grouped.clip.kind == ClipKind::Sequence {
        let found: Vec<u64> = grouped.numbered.iter().map(|(number, _)| *number).collect();
        if let (Some(first), Some(last)) = (found.first().copied(), found.last().copied()) {
            grouped.clip.sequence = Some(SequenceRange { first, last, missing: missing_between(&found) });
        }
    }
}

/// Numbers missing between the first and the last; at most `MAX_MISSING` are listed, since a stray frame number can open a gap of
/// hundreds of millions.
pub(crate) const MAX_MISSING: usize = 10_000;

fn missing_between(sorted: &[u64]) -> Vec<u64> {
    sorted.windows(2).flat_map(|pair| pair[0] + 1..pair[1].max(pair[0] + 1)).take(MAX_MISSING).collect()
}

/// One lone numbered picture of no known family is a still, not a sequence.
fn demote_single_frames(profiles: &Profiles, groups: &mut Groups) {
    for grouped in &mut groups.clips {
        if profiles.families[grouped.family].kind == FamilyKind::Generic
            && grouped.clip.kind == ClipKind::Sequence
            && grouped.numbered.len() == 1
        {
            grouped.clip.kind = ClipKind::Still;
            grouped.clip.sequence = None;
            if let Some(frame) = grouped.clip.files.first_mut() {
                frame.role = FileRole::Essence;
                grouped.clip.name = frame.path.stem().to_owned();
            }
        }
    }
}
