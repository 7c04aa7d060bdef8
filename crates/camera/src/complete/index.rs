//! Owns the camera's own lists of clips against the clips that are there: ALE of ARRI, MEDIAPRO of Sony, INDEX.XML of XDCAM discs,
//! playlists of AVCHD. A list can be old or wrong: what it lacks is reported, never dropped.

use super::{Listing, Recorded, check_duration, read_whole, recorded};
use crate::avchd::PlayItem;
use crate::declared::{Declared, beside};
use crate::group::{Grouped, Groups};
use crate::profile::profiles;
use crate::sony::MediaProfile;
use crate::{CardFiles, xml};
use checkgate_interchange::ale::Ale;
use checkgate_model::{ClipKind, FileRole, Finding, FrameRate, RelPath, Severity, Timecode};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(
    card: &dyn CardFiles,
    listing: &Listing<'_>,
    groups: &Groups,
    declared: &Declared,
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    for index in groups.unassigned.iter().filter(|file| file.role == FileRole::Index) {
        let Some(entry) = listing.get(index.path.as_str()) else { continue };
        let name = index.path.file_name().to_ascii_uppercase();
        let disc_index = name == "INDEX.XML";
        if !(name.ends_with(".ALE") || disc_index) {
            continue;
        }
        let Some(bytes) = read_whole(card, entry, bytes_read) else {
            findings.push(unreadable_index(&index.path, "it cannot be read"));
            continue;
        };
        if disc_index {
            check_disc_index(&index.path, &bytes, listing, groups, findings);
        } else {
            check_ale(card, &index.path, &bytes, groups, findings, bytes_read);
        }
    }
    for (path, profile) in &declared.media_profiles {
        match profile {
            Some(profile) => check_media_profile(path, profile, listing, groups, findings),
            None => findings.push(unreadable_index(path, "it is no MEDIAPRO document")),
        }
    }
    for (path, items) in &declared.playlists {
        match items {
            Some(items) => check_playlist(path, items, listing, findings),
            None => findings.push(unreadable_index(path, "it is no playlist")),
        }
    }
}

/// Every `clip` an XDCAM disc's index names has its folder and its files (camera.md 1.1, read from public readers).
fn check_disc_index(path: &RelPath, bytes: &[u8], listing: &Listing<'_>, groups: &Groups, findings: &mut Vec<Finding>) {
    let text = xml::text_of(bytes);
    let Some(document) = xml::parse(&text) else {
        findings.push(unreadable_index(path, "it is no XML"));
        return;
    };
    let files = document.descendants().filter(|node| node.is_element()).filter_map(|node| xml::attribute(node, "file"));
    let mut listed = BTreeSet::new();
    for file in files.filter(|file| file.to_ascii_uppercase().ends_with(".MXF")) {
        // Names stand without their folder, which carries the clip's name.
        let clip = file.get(..file.len().saturating_sub(7)).unwrap_or(file);
        let Some(at) = beside(path, &format!("CLPR/{clip}/{file}")) else {
            findings.push(unreadable_index(path, "an entry points outside the card"));
            continue;
        };
        if listing.get(at.as_str()).is_none() {
            findings.push(missing_clip(path, clip));
        }
        listed.insert(at.as_str().to_ascii_lowercase());
    }
    let Some(folder) = path.parent() else { return };
    for grouped in groups.clips.iter().filter(|grouped| grouped.clip.kind == ClipKind::Video) {
        let Some(essence) = grouped.clip.essence() else { continue };
        if essence.path.is_under(&folder) && !listed.contains(&essence.path.as_str().to_ascii_lowercase()) {
            findings.push(unlisted_clip(path, &grouped.clip.name));
        }
    }
}

fn check_playlist(path: &RelPath, items: &[PlayItem], listing: &Listing<'_>, findings: &mut Vec<Finding>) {
    let Some(root) = path.parent().and_then(|folder| folder.parent()) else { return };
    let mut asked = BTreeSet::new();
    for item in items.iter().filter(|item| asked.insert(&item.clip)) {
        if ["MTS", "M2TS"].iter().all(|ending| listing.get(&format!("{root}/STREAM/{}.{ending}", item.clip)).is_none()) {
            findings.push(missing_clip(path, &item.clip));
        }
    }
}

fn unreadable_index(path: &RelPath, why: &str) -> Finding {
    Finding::new(
        "index.unreadable",
        Severity::Warning,
        format!("the camera's own list of clips says nothing: {why}"),
        "Compare the number of clips with the camera or the camera report.",
    )
    .with_path(path.clone())
}

fn missing_clip(index: &RelPath, clip: &str) -> Finding {
    Finding::new(
        "index.entry_missing",
        Severity::Error,
        format!("the camera lists {clip}, no such file is on this card"),
        "Do not format this card. Look at the clip in the camera, and for it on the other cards of this roll.",
    )
    .with_path(index.clone())
    .with_clip(clip)
}

fn unlisted_clip(index: &RelPath, clip: &str) -> Finding {
    Finding::new(
        "index.unlisted",
        Severity::Warning,
        format!("{clip} is on this card but not in the camera's own list {}", index.file_name()),
        "It is copied like all others. Check that it belongs to this roll.",
    )
    .with_path(index.clone())
    .with_clip(clip)
}

/// Rows of a reel's ALE against the clips of its folder.
fn check_ale(
    card: &dyn CardFiles,
    path: &RelPath,
    bytes: &[u8],
    groups: &Groups,
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    let text = String::from_utf8_lossy(bytes);
    let ale = match checkgate_interchange::ale::parse(&text) {
        Ok(ale) => ale,
        Err(error) => {
            findings.push(unreadable_index(path, &error.to_string()));
            return;
        }
    };
    let folder = path.parent();
    let here: BTreeMap<String, &Grouped> = groups
        .clips
        .iter()
        .filter(|grouped| matches!(grouped.clip.kind, ClipKind::Video | ClipKind::Sequence))
        .filter(|grouped| profiles().families[grouped.family].make == "ARRI")
        .filter(|grouped| folder.as_ref().is_none_or(|folder| grouped.clip.files.iter().any(|file| file.path.is_under(folder))))
        .map(|grouped| (grouped.clip.name.to_ascii_lowercase(), grouped))
        .collect();
    let mut listed = BTreeSet::new();
    for row in &ale.rows {
        let Some(name) = clip_name_of_row(&ale, row) else { continue };
        match here.get(&name.to_ascii_lowercase()) {
            Some(grouped) => findings.extend(check_row(card, &ale, row, grouped, bytes_read)),
            None => findings.push(missing_clip(path, &name)),
        }
        listed.insert(name.to_ascii_lowercase());
    }
    for (key, grouped) in here {
        if !listed.contains(&key) {
            findings.push(unlisted_clip(path, &grouped.clip.name));
        }
    }
}

/// The row's duration against the frames that are there.
fn check_row(card: &dyn CardFiles, ale: &Ale, row: &[String], grouped: &Grouped, bytes_read: &mut u64) -> Option<Finding> {
    let essence = grouped.clip.essence()?;
    let rate = ale.cell(row, "FPS").map(str::to_owned).or_else(|| ale.heading("FPS").map(str::to_owned))?;
    let nominal = FrameRate::parse(rate.trim())?.nominal();
    let duration = Timecode::parse(ale.cell(row, "Duration")?, nominal).ok()?;
    let found = match grouped.clip.kind {
        ClipKind::Sequence => {
            let frames = grouped.clip.files.iter().filter(|file| file.role == FileRole::Frame).count();
            Recorded { frames: i64::try_from(frames).ok(), drop_frame: None }
        }
        _ => recorded(card, essence, bytes_read),
    };
    check_duration(Some(i64::from(duration.frames())), "the camera's list", found, &essence.path, &grouped.clip.name)
}

/// The clip a row is about: `Name`, else `Source File`, without extension.
pub(crate) fn clip_name_of_row(ale: &Ale, row: &[String]) -> Option<String> {
    let name = ale.cell(row, "Name").or_else(|| ale.cell(row, "Source File"))?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let known = ["mov", "mxf", "ari", "arx", "dng", "mp4"];
    Some(match name.rsplit_once('.') {
        Some((stem, extension)) if known.contains(&extension.to_ascii_lowercase().as_str()) => stem.to_owned(),
        _ => name.to_owned(),
    })
}

fn check_media_profile(
    path: &RelPath,
    profile: &MediaProfile,
    listing: &Listing<'_>,
    groups: &Groups,
    findings: &mut Vec<Finding>,
) {
    let mut listed = BTreeSet::new();
    for material in &profile.materials {
        let Some(file) = beside(path, &material.uri) else {
            findings.push(unreadable_index(path, "an entry points outside the card"));
            continue;
        };
        let key = file.as_str().to_ascii_lowercase();
        if listing.get(&key).is_none() {
            findings.push(missing_clip(path, file.stem()));
        }
        listed.insert(key);
        for related in &material.related {
            let missing = beside(path, related).is_some_and(|file| listing.get(file.as_str()).is_none());
            if missing {
                findings.push(
                    Finding::new(
                        "index.companion_missing",
                        Severity::Warning,
                        format!("the camera lists {related} for {}, it is not on this card", file.stem()),
                        "The picture itself is checked separately. Metadata, proxy or thumbnail of this clip may be lost.",
                    )
                    .with_path(path.clone())
                    .with_clip(file.stem()),
                );
            }
        }
        if !matches!(material.status.to_ascii_lowercase().as_str(), "" | "ok" | "none") {
            findings.push(
                Finding::new(
                    "clip.camera_status",
                    Severity::Warning,
                    format!("the camera marks {} as {}", file.stem(), material.status),
                    "Play the clip in the camera before the card is formatted.",
                )
                .with_path(path.clone())
                .with_clip(file.stem()),
            );
        }
    }
    let Some(folder) = path.parent() else { return };
    for grouped in groups.clips.iter().filter(|grouped| grouped.clip.kind == ClipKind::Video) {
        let Some(essence) = grouped.clip.essence() else { continue };
        if essence.path.is_under(&folder) && !listed.contains(&essence.path.as_str().to_ascii_lowercase()) {
            findings.push(unlisted_clip(path, &grouped.clip.name));
        }
    }
}
