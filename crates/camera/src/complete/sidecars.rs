//! Owns what sidecars declare of their clip: Sony's NonRealTimeMeta, Panasonic's clip metadata, the file sets of sound takes.

use super::{Listing, check_duration, read_whole, recorded};
use crate::declared::{Declared, beside};
use crate::group::{Grouped, Groups};
use crate::p2::{self, P2Clip};
use crate::sony::{self, NonRealTimeMeta};
use crate::structure::{sizes, truncated};
use crate::{CardEntry, CardFiles};
use checkgate_model::{ClipFile, ClipKind, FileRole, Finding, RelPath, Severity};
use std::collections::{HashMap, HashSet};

pub(super) fn check(
    card: &dyn CardFiles,
    listing: &Listing<'_>,
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
    let mut p2_clips: Vec<(&Grouped, RelPath, P2Clip)> = Vec::new();
    for grouped in groups.clips.iter().filter(|grouped| grouped.clip.kind == ClipKind::Video) {
        let Some(essence) = grouped.clip.essence() else { continue };
        let listed = materials.get(&essence.path.as_str().to_ascii_lowercase()).copied();
        let mut meta = None;
        for file in grouped.clip.files.iter().filter(|file| is_clip_xml(file)) {
            let entry = CardEntry { path: file.path.clone(), size_bytes: file.size_bytes };
            let Some(bytes) = read_whole(card, &entry, bytes_read) else { continue };
            if let Some(found) = sony::non_real_time_meta(&bytes) {
                meta = Some((file, found));
            } else if let Some(found) = p2::clip(&bytes) {
                p2_clips.push((grouped, file.path.clone(), found));
            }
        }
        if listed.is_some() || meta.is_some() {
            check_sony(card, grouped, essence, listed, meta.as_ref(), findings, bytes_read);
        }
    }
    check_p2(card, listing, &p2_clips, findings, bytes_read);
}

fn is_clip_xml(file: &ClipFile) -> bool {
    file.role == FileRole::Sidecar && file.path.extension() == "xml"
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
        findings.extend(check_counting(meta.drop_frame, found.drop_frame, file, name));
    }
}

fn check_counting(declared: Option<bool>, recorded: Option<bool>, file: &ClipFile, clip: &str) -> Option<Finding> {
    let (declared, recorded) = declared.zip(recorded)?;
    let word = |drop: bool| if drop { "drop-frame" } else { "non-drop" };
    (declared != recorded).then(|| {
        Finding::new(
            "clip.timecode_counting_differs",
            Severity::Warning,
            format!("{} counts {}, the recording {}", file.path.file_name(), word(declared), word(recorded)),
            "Tell editorial which of both the camera was set to; nothing is lost.",
        )
        .with_path(file.path.clone())
        .with_clip(clip)
    })
}

fn check_p2(
    card: &dyn CardFiles,
    listing: &Listing<'_>,
    clips: &[(&Grouped, RelPath, P2Clip)],
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    let known: HashSet<&str> =
        clips.iter().flat_map(|(_, _, clip)| clip.name.iter().chain(&clip.global_id)).map(String::as_str).collect();
    for (grouped, path, clip) in clips {
        let name = &grouped.clip.name;
        let about = |finding: Finding| finding.with_path(path.clone()).with_clip(name);
        let audio = grouped.clip.files.iter().filter(|file| file.role == FileRole::AudioTwin).count();
        // Clips in one file (AVCLIP) carry their sound inside.
        let apart = grouped.clip.essence().is_some_and(|file| file.path.as_str().to_ascii_uppercase().contains("/VIDEO/"));
        if apart && audio < clip.audio_files {
            findings.push(about(Finding::new(
                "clip.audio_missing",
                Severity::Error,
                format!("the camera lists {} sound files for {name}, {audio} are on this card", clip.audio_files),
                "Do not format this card. Play the clip in the camera and listen to every channel.",
            )));
        }
        if clip.name.as_ref().is_some_and(|own| !own.eq_ignore_ascii_case(name)) {
            findings.push(about(Finding::new(
                "sidecar.other_recording",
                Severity::Error,
                format!("{} speaks of clip {}", path.file_name(), clip.name.as_deref().unwrap_or("")),
                "Picture and metadata do not belong together. Play the clip in the camera; do not format this card before.",
            )));
        }
        if let Some(essence) = grouped.clip.essence() {
            if let Some(bytes) = clip.video_bytes.filter(|bytes| *bytes > essence.size_bytes) {
                let message = format!("the camera's metadata {}", sizes(bytes, essence.size_bytes));
                findings.push(truncated(message).with_path(essence.path.clone()).with_clip(name));
            }
            let found = recorded(card, essence, bytes_read);
            findings.extend(check_duration(clip.duration_frames, path.file_name(), found, &essence.path, name));
            let sidecar = ClipFile { path: path.clone(), size_bytes: 0, role: FileRole::Sidecar };
            findings.extend(check_counting(clip.drop_frame, found.drop_frame, &sidecar, name));
        }
        let gone: Vec<&str> = clip.neighbours.iter().map(String::as_str).filter(|neighbour| !known.contains(neighbour)).collect();
        if let Some(first) = gone.first() {
            findings.push(about(Finding::new(
                "clip.continues_elsewhere",
                Severity::Warning,
                format!("{name} is a part of a longer recording; its neighbour {first} is not on this card"),
                "Offload the camera's other card as well; the recording is whole only with both.",
            )));
        }
        debug_assert!(listing.get(path.as_str()).is_some());
    }
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
