//! Owns what a card declares of itself: the camera's index, file sets of sound takes, playlists. A declared relation joins files
//! before any name is trusted further (camera.md 1.2); what is declared and not there is for `complete` to say.

use crate::CardFiles;
use crate::avchd::{self, PlayItem};
use crate::complete::{Listing, read_whole};
use crate::group::{Groups, finish};
use crate::p2::{self, P2Clip};
use crate::riff;
use crate::sony::{self, MediaProfile};
use crate::source::Source;
use checkgate_model::{ClipFile, ClipKind, FileRole, RelPath};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Everything read, so that no index is read twice.
pub(crate) struct Declared {
    /// Sony's card indexes; `None` where the file is none.
    pub(crate) media_profiles: Vec<(RelPath, Option<MediaProfile>)>,
    /// Playlists of AVCHD.
    pub(crate) playlists: Vec<(RelPath, Option<Vec<PlayItem>>)>,
    /// Clip metadata of P2.
    pub(crate) p2_clips: Vec<(RelPath, P2Clip)>,
    /// Takes of several files by their id.
    pub(crate) file_sets: Vec<FileSet>,
}

/// The files of one take that are on this card.
pub(crate) struct FileSet {
    pub(crate) total: u64,
    pub(crate) found: BTreeSet<String>,
    pub(crate) path: RelPath,
}

/// Reads what is declared and joins what belongs together.
pub(crate) fn apply(card: &dyn CardFiles, listing: &Listing<'_>, groups: &mut Groups, bytes_read: &mut u64) -> Declared {
    let mut declared =
        Declared { media_profiles: Vec::new(), playlists: Vec::new(), p2_clips: Vec::new(), file_sets: Vec::new() };
    for index in groups.unassigned.iter().filter(|file| file.role == FileRole::Index) {
        let Some(entry) = listing.get(index.path.as_str()) else { continue };
        let name = index.path.file_name().to_ascii_uppercase();
        if name == "MEDIAPRO.XML" {
            let profile = read_whole(card, entry, bytes_read).and_then(|bytes| sony::media_profile(&bytes));
            declared.media_profiles.push((index.path.clone(), profile));
        } else if name.ends_with(".MPL") {
            let list = read_whole(card, entry, bytes_read).and_then(|bytes| avchd::playlist(&bytes));
            declared.playlists.push((index.path.clone(), list));
        }
    }
    let metadata = |file: &&ClipFile| file.role == FileRole::Sidecar && is_p2_metadata(&file.path);
    for file in groups.clips.iter().flat_map(|grouped| &grouped.clip.files).filter(metadata) {
        let Some(entry) = listing.get(file.path.as_str()) else { continue };
        let clip = read_whole(card, entry, bytes_read).and_then(|bytes| p2::clip(&bytes));
        declared.p2_clips.extend(clip.map(|clip| (file.path.clone(), clip)));
    }
    join_by_index(&declared.media_profiles, groups);
    join_by_connection(&declared.p2_clips, groups);
    join_by_playlist(&declared.playlists, groups);
    declared.file_sets = join_by_file_set(card, groups, bytes_read);
    declared
}

/// A path an index names, from the index's own folder; `None` where it points outside.
pub(crate) fn beside(index: &RelPath, uri: &str) -> Option<RelPath> {
    match index.parent() {
        Some(folder) => folder.join(uri).ok(),
        None => RelPath::new(uri).ok(),
    }
}

fn key(path: &RelPath) -> String {
    path.as_str().to_ascii_lowercase()
}

/// What the index calls related belongs to the clip, whatever its name.
fn join_by_index(profiles: &[(RelPath, Option<MediaProfile>)], groups: &mut Groups) {
    let mut clip_of: HashMap<String, usize> = HashMap::new();
    for (index, profile) in profiles.iter().filter_map(|(index, profile)| Some((index, profile.as_ref()?))) {
        if clip_of.is_empty() {
            for (at, grouped) in groups.clips.iter().enumerate() {
                clip_of.extend(grouped.clip.files.iter().map(|file| (key(&file.path), at)));
            }
        }
        let mut wanted: HashMap<String, usize> = HashMap::new();
        for material in &profile.materials {
            let clip = beside(index, &material.uri).and_then(|path| clip_of.get(&key(&path)).copied());
            let related = material.related.iter().filter_map(|uri| beside(index, uri));
            wanted.extend(clip.into_iter().flat_map(|clip| related.clone().map(move |path| (key(&path), clip))));
        }
        let (mut kept, mut touched) = (Vec::new(), BTreeSet::new());
        for mut file in std::mem::take(&mut groups.unassigned) {
            match wanted.get(&key(&file.path)) {
                Some(clip) => {
                    file.role = match file.path.extension().as_str() {
                        "jpg" | "jpeg" | "bmp" | "thm" => FileRole::Thumbnail,
                        "mp4" | "mxf" | "mov" => FileRole::Proxy,
                        _ => FileRole::Sidecar,
                    };
                    groups.orphans.retain(|(path, _)| *path != file.path);
                    groups.clips[*clip].clip.files.push(file);
                    touched.insert(*clip);
                }
                None => kept.push(file),
            }
        }
        groups.unassigned = kept;
        for clip in touched {
            finish(&mut groups.clips[clip]);
        }
    }
}

/// Pieces of a split recording become one clip, in the order of the playlist.
fn join_by_playlist(playlists: &[(RelPath, Option<Vec<PlayItem>>)], groups: &mut Groups) {
    for (path, items) in playlists.iter().filter_map(|(path, items)| Some((path, items.as_ref()?))) {
        // `BDMV/PLAYLIST/00000.MPL` speaks of `BDMV/STREAM`.
        let Some(root) = path.parent().and_then(|folder| folder.parent()) else { continue };
        let stream = format!("{root}/STREAM").to_ascii_lowercase();
        let mut chains: Vec<Vec<&str>> = Vec::new();
        for item in items {
            match chains.last_mut() {
                Some(chain) if item.seamless => chain.push(&item.clip),
                _ => chains.push(vec![&item.clip]),
            }
        }
        for chain in chains.iter().filter(|chain| chain.len() > 1) {
            let find = |clip: &str| {
                groups.clips.iter().position(|grouped| grouped.clip.name == clip && grouped.folder.to_ascii_lowercase() == stream)
            };
            let mut places: Vec<usize> = chain.iter().filter_map(|clip| find(clip)).collect();
            let mut once = HashSet::new();
            places.retain(|place| once.insert(*place));
            if places.len() == chain.len() {
                merge(groups, &places, Some(FileRole::Segment));
            }
        }
    }
}

/// `CONTENTS/CLIP/*.XML`.
pub(crate) fn is_p2_metadata(path: &RelPath) -> bool {
    let mut parts = path.components().rev().skip(1);
    path.extension() == "xml"
        && parts.next().is_some_and(|part| part.eq_ignore_ascii_case("CLIP"))
        && parts.next().is_some_and(|part| part.eq_ignore_ascii_case("CONTENTS"))
}

/// Pieces of one recording become one clip, from the first that is on this card to the last (`Relation/Connection` of P2).
fn join_by_connection(pieces: &[(RelPath, P2Clip)], groups: &mut Groups) {
    let find = |reference: &Option<String>| {
        let reference = reference.as_deref()?;
        pieces.iter().position(|(_, piece)| piece.is(reference))
    };
    let mut taken = HashSet::new();
    for start in 0..pieces.len() {
        if find(&pieces[start].1.previous).is_some() {
            continue;
        }
        let (mut chain, mut at) = (Vec::new(), Some(start));
        while let Some(piece) = at.filter(|piece| taken.insert(*piece)) {
            chain.push(&pieces[piece].0);
            at = find(&pieces[piece].1.next);
        }
        let clip_with =
            |path: &RelPath| groups.clips.iter().position(|grouped| grouped.clip.files.iter().any(|file| file.path == *path));
        let places: Vec<usize> = chain.iter().filter_map(|path| clip_with(path)).collect();
        let distinct: HashSet<&usize> = places.iter().collect();
        if places.len() > 1 && distinct.len() == places.len() {
            merge(groups, &places, Some(FileRole::Segment));
        }
    }
}

/// Files of one take say so in their iXML (`FILE_SET`); takes of one folder that share the id are one clip.
fn join_by_file_set(card: &dyn CardFiles, groups: &mut Groups, bytes_read: &mut u64) -> Vec<FileSet> {
    let mut sets: BTreeMap<(String, String), (FileSet, BTreeSet<usize>)> = BTreeMap::new();
    for (at, grouped) in groups.clips.iter().enumerate().filter(|(_, grouped)| grouped.clip.kind == ClipKind::Sound) {
        for file in grouped.clip.files.iter().filter(|file| matches!(file.role, FileRole::Essence | FileRole::Segment)) {
            let Ok(mut reader) = card.open(&file.path) else { continue };
            let mut source = Source::new(&mut *reader, file.size_bytes);
            let wave = riff::read(&mut source);
            *bytes_read += source.bytes_read();
            let Some(ixml) = wave.ok().and_then(|wave| wave.ixml) else { continue };
            let total = ixml.get("FILE_SET/TOTAL_FILES").and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
            let Some(family) = ixml.get("FILE_SET/FAMILY_UID") else { continue };
            let index = ixml.get("FILE_SET/FILE_SET_INDEX").unwrap_or("").to_owned();
            let (set, clips) = sets
                .entry((grouped.folder.clone(), family.to_owned()))
                .or_insert_with(|| (FileSet { total, found: BTreeSet::new(), path: file.path.clone() }, BTreeSet::new()));
            // A recorder that numbers nothing still writes one file each.
            set.found.insert(if index.is_empty() { file.path.as_str().to_owned() } else { index });
            clips.insert(at);
        }
    }
    let joined: Vec<Vec<usize>> = sets
        .values()
        .filter(|(set, clips)| set.total > 1 && clips.len() > 1)
        .map(|(_, clips)| clips.iter().copied().collect())
        .collect();
    // From the last to the first, so that places stay what they were.
    let mut taken = HashSet::new();
    let mut disjoint: Vec<&Vec<usize>> = joined.iter().filter(|clips| clips.iter().all(|clip| taken.insert(*clip))).collect();
    disjoint.sort_by(|a, b| b.cmp(a));
    let mut emptied = BTreeSet::new();
    for clips in disjoint {
        absorb(groups, clips, None);
        let names: Vec<&str> = groups.clips[clips[0]].clip.files.iter().map(|file| file.path.stem()).collect();
        let name = common_start(&names).trim_end_matches(['_', '-', ' ', '.']).to_owned();
        if !name.is_empty() {
            groups.clips[clips[0]].clip.name = name;
        }
        emptied.extend(clips[1..].iter().copied());
    }
    remove(groups, &emptied);
    sets.into_values().map(|(set, _)| set).collect()
}

fn common_start<'t>(texts: &[&'t str]) -> &'t str {
    let Some(first) = texts.first() else { return "" };
    let same = |at: usize, c: char| texts.iter().all(|text| text.get(at..).is_some_and(|rest| rest.starts_with(c)));
    let end = first.char_indices().find(|(at, c)| !same(*at, *c)).map_or(first.len(), |(at, _)| at);
    &first[..end]
}

/// All files of the clips go to the first of them.
fn merge(groups: &mut Groups, clips: &[usize], role: Option<FileRole>) {
    absorb(groups, clips, role);
    remove(groups, &clips[1..].iter().copied().collect());
}

fn absorb(groups: &mut Groups, clips: &[usize], role: Option<FileRole>) {
    let Some((first, rest)) = clips.split_first() else { return };
    for (order, clip) in clips.iter().enumerate() {
        let Some(role) = role else { break };
        let grouped = &mut groups.clips[*clip];
        for (at, file) in grouped.clip.files.iter_mut().enumerate().filter(|(_, file)| file.role == FileRole::Essence) {
            file.role = role;
            grouped.numbered.push((order as u64 + 1, at));
        }
    }
    for clip in rest {
        let files = std::mem::take(&mut groups.clips[*clip].clip.files);
        let numbered = std::mem::take(&mut groups.clips[*clip].numbered);
        let before = groups.clips[*first].clip.files.len();
        groups.clips[*first].numbered.extend(numbered.into_iter().map(|(number, at)| (number, at + before)));
        groups.clips[*first].clip.files.extend(files);
    }
    finish(&mut groups.clips[*first]);
}

fn remove(groups: &mut Groups, emptied: &BTreeSet<usize>) {
    let mut at = 0;
    groups.clips.retain(|_| {
        at += 1;
        !emptied.contains(&(at - 1))
    });
}
