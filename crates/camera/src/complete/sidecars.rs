//! Owns what sidecars declare of their clip: Sony's NonRealTimeMeta, Panasonic's clip metadata, the file sets of sound takes.

use super::{check_duration, read_whole, recorded};
use crate::declared::{Declared, beside, is_p2_metadata};
use crate::group::{Grouped, Groups};
use crate::p2::P2Clip;
use crate::sony::{self, NonRealTimeMeta};
use crate::structure::{sizes, truncated};
use crate::{CardEntry, CardFiles};
use checkgate_model::{ClipFile, ClipKind, FileRole, Finding, RelPath, Severity};
use std::collections::HashMap;

pub(super) fn check(
    card: &dyn CardFiles,
    groups: &Groups,
    declared: &Declared,
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    check_file_sets(groups, declared, findings);
    let mut materials: HashMap<String, (&str, Option<i64>)> = HashMap::new();
    for (index, profile) in &declared.media_profiles {
        for material in profile.iter().flat_map(|profile| &profile.materials) {
            let Some(path) = beside(index, &material.uri) else { continue };
            let umid = material.umid.as_deref().unwrap_or("");
            materials.insert(path.as_str().to_ascii_lowercase(), (umid, material.duration_frames));
        }
    }
    for grouped in groups.clips.iter().filter(|grouped| grouped.clip.kind == ClipKind::Video) {
        let Some(essence) = grouped.clip.essence() else { continue };
        let listed = materials.get(&essence.path.as_str().to_ascii_lowercase()).copied();
        let mut meta = None;
        for file in grouped.clip.files.iter().filter(|file| is_clip_xml(file)) {
            let entry = CardEntry { path: file.path.clone(), size_bytes: file.size_bytes };
            let bytes = read_whole(card, &entry, bytes_read);
            meta = bytes.and_then(|bytes| sony::non_real_time_meta(&bytes)).map(|found| (file, found)).or(meta);
        }
        if listed.is_some() || meta.is_some() {
            check_sony(card, grouped, essence, listed, meta.as_ref(), findings, bytes_read);
        }
    }
    check_p2(card, groups, &declared.p2_clips, findings, bytes_read);
}

fn is_clip_xml(file: &ClipFile) -> bool {
    file.role == FileRole::Sidecar && file.path.extension() == "xml" && !is_p2_metadata(&file.path)
}

fn check_sony(
    card: &dyn CardFiles,
    grouped: &Grouped,
    essence: &ClipFile,
    listed: Option<(&str, Option<i64>)>,
    meta: Option<&(&ClipFile, NonRealTimeMeta)>,
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    let name = &grouped.clip.name;
    if let (Some((umid, _)), Some((file, meta))) = (listed, meta)
        && let Some(own) = &meta.umid
        && !umid.is_empty()
        && !own.eq_ignore_ascii_case(umid)
    {
        findings.push(
            Finding::new(
                "sidecar.other_recording",
                Severity::Error,
                format!("{} speaks of recording {own}, the camera's list of {umid}", file.path.file_name()),
                "Picture and metadata do not belong together, or the list is old. Play the clip in the camera; do not format this card before.",
            )
            .with_path(file.path.clone())
            .with_clip(name),
        );
    }
    let found = recorded(card, essence, bytes_read);
    let declared = [
        (listed.and_then(|(_, duration)| duration), "the camera's list".to_owned()),
        (
            meta.and_then(|(_, meta)| meta.duration_frames),
            meta.map_or_else(String::new, |(file, _)| file.path.file_name().to_owned()),
        ),
    ];
    // One finding a clip: list and sidecar usually agree with each other.
    findings.extend(declared.iter().find_map(|(frames, by)| check_duration(*frames, by, found, &essence.path, name)));
    if let Some((file, meta)) = meta {
        findings.extend(check_counting(meta.drop_frame, found.drop_frame, &file.path, name));
    }
}

fn check_counting(declared: Option<bool>, recorded: Option<bool>, sidecar: &RelPath, clip: &str) -> Option<Finding> {
    let (declared, recorded) = declared.zip(recorded)?;
    let word = |drop: bool| if drop { "drop-frame" } else { "non-drop" };
    (declared != recorded).then(|| {
        Finding::new(
            "clip.timecode_counting_differs",
            Severity::Warning,
            format!("{} counts {}, the recording {}", sidecar.file_name(), word(declared), word(recorded)),
            "Tell editorial which of both the camera was set to; nothing is lost.",
        )
        .with_path(sidecar.clone())
        .with_clip(clip)
    })
}

/// Each piece against its own files, and against the pieces before and behind it.
fn check_p2(
    card: &dyn CardFiles,
    groups: &Groups,
    pieces: &[(RelPath, P2Clip)],
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    let clip_of: HashMap<&str, &Grouped> = groups
        .clips
        .iter()
        .flat_map(|grouped| grouped.clip.files.iter().map(move |file| (file.path.as_str(), grouped)))
        .collect();
    for (path, piece) in pieces {
        let Some(grouped) = clip_of.get(path.as_str()) else { continue };
        let own = path.stem();
        let about = |finding: Finding| finding.with_path(path.clone()).with_clip(&grouped.clip.name);
        if piece.name.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(own)) {
            findings.push(about(Finding::new(
                "sidecar.other_recording",
                Severity::Error,
                format!("{} speaks of clip {}", path.file_name(), piece.name.as_deref().unwrap_or("")),
                "Picture and metadata do not belong together. Play the clip in the camera; do not format this card before.",
            )));
        }
        findings.extend(check_p2_sound(grouped, piece, own).map(about));
        let picture = |file: &&ClipFile| {
            matches!(file.role, FileRole::Essence | FileRole::Segment) && file.path.stem().eq_ignore_ascii_case(own)
        };
        if let Some(essence) = grouped.clip.files.iter().find(picture) {
            if let Some(bytes) = piece.video_bytes.filter(|bytes| *bytes > essence.size_bytes) {
                let message = format!("the camera's metadata {}", sizes(bytes, essence.size_bytes));
                findings.push(truncated(message).with_path(essence.path.clone()).with_clip(&grouped.clip.name));
            }
            let found = recorded(card, essence, bytes_read);
            findings.extend(check_duration(piece.duration_frames, path.file_name(), found, &essence.path, &grouped.clip.name));
            findings.extend(check_counting(piece.drop_frame, found.drop_frame, path, &grouped.clip.name));
        }
        let here = |reference: &&String| pieces.iter().any(|(_, other)| other.is(reference));
        if let Some(gone) = [&piece.previous, &piece.next].into_iter().flatten().find(|reference| !here(reference)) {
            findings.push(about(Finding::new(
                "clip.continues_elsewhere",
                Severity::Warning,
                format!("{own} is a part of a longer recording; its neighbour {gone} is not on this card"),
                "Offload the camera's other card as well; the recording is whole only with both.",
            )));
        }
        findings.extend(check_p2_offset(pieces, piece, own).map(about));
    }
}

fn check_p2_sound(grouped: &Grouped, piece: &P2Clip, own: &str) -> Option<Finding> {
    // Clips in one file (AVCLIP) carry their sound inside.
    let apart = |file: &ClipFile| file.path.parent().is_some_and(|folder| folder.file_name().eq_ignore_ascii_case("VIDEO"));
    if !grouped.clip.essence().is_some_and(apart) {
        return None;
    }
    let is_own = |file: &&ClipFile| file.path.stem().get(..own.len()).is_some_and(|stem| stem.eq_ignore_ascii_case(own));
    let audio = grouped.clip.files.iter().filter(|file| file.role == FileRole::AudioTwin).filter(is_own).count();
    (audio < piece.audio_files).then(|| {
        Finding::new(
            "clip.audio_missing",
            Severity::Error,
            format!("the camera lists {} sound files for {own}, {audio} are on this card", piece.audio_files),
            "Do not format this card. Play the clip in the camera and listen to every channel.",
        )
    })
}

/// A piece begins where the one before it ends.
fn check_p2_offset(pieces: &[(RelPath, P2Clip)], piece: &P2Clip, own: &str) -> Option<Finding> {
    let reference = piece.previous.as_deref()?;
    let (_, before) = pieces.iter().find(|(_, other)| other.is(reference))?;
    let due = before.offset_frames?.checked_add(before.duration_frames?)?;
    let begins = piece.offset_frames.filter(|begins| *begins != due)?;
    Some(Finding::new(
        "clip.span_gap",
        Severity::Error,
        format!("{own} begins at frame {begins} of its recording, the piece before it ends at {due}"),
        "A piece of the recording is missing or not whole. Look on the camera's other card; do not format this one before.",
    ))
}

/// iXML declares how many files one take has.
fn check_file_sets(groups: &Groups, declared: &Declared, findings: &mut Vec<Finding>) {
    for set in declared.file_sets.iter().filter(|set| (set.found.len() as u64) < set.total) {
        let clip = groups.clips.iter().find(|grouped| grouped.clip.files.iter().any(|file| file.path == set.path));
        let name = clip.map_or_else(|| set.path.stem().to_owned(), |grouped| grouped.clip.name.clone());
        findings.push(
            Finding::new(
                "sound.set_incomplete",
                Severity::Error,
                format!("the take declares {} files, {} are on this card", set.total, set.found.len()),
                "Look for the missing tracks on the recorder's other medium. Do not format this card before.",
            )
            .with_path(set.path.clone())
            .with_clip(&name),
        );
    }
}
