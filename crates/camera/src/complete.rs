//! Owns completeness (camera.md 1.3): structure of every essence, gaps in sequences and segments, what an index or a file set
//! declares against what is there. Findings are worded as evidence and say what to do now.

use crate::group::{Grouped, Groups, MAX_MISSING};
use crate::profile::profiles;
use crate::riff;
use crate::sony;
use crate::source::Source;
use crate::structure::{HINT_KEEP, probe_structure};
use crate::{CardEntry, CardFiles};
use checkgate_model::{ClipFile, ClipKind, FileRole, Finding, RelPath, Severity};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Frames of a sequence whose headers are read: ends, middle, and this many of an odd size.
const ODD_FRAMES_READ: usize = 16;
const MAX_INDEX_BYTES: u64 = 32 << 20;

/// Structure of every essence file, of proxies and sound beside it, and of a sample of each sequence.
pub(crate) fn check_files(card: &dyn CardFiles, groups: &Groups, bytes_read: &mut u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    if card.entries().is_empty() {
        findings.push(Finding::new(
            "card.no_files",
            Severity::Error,
            "there is no file on this card",
            "Check that the right card is mounted and was recorded on; nothing can be offloaded from it.",
        ));
    }
    for grouped in &groups.clips {
        for file in chosen(grouped) {
            let checked = match card.open(&file.path) {
                Ok(mut reader) => {
                    let report = probe_structure(&mut *reader, file.size_bytes, file.path.file_name());
                    *bytes_read += report.bytes_read;
                    report.findings
                }
                Err(error) => vec![Finding::new(
                    "structure.unreadable",
                    Severity::Error,
                    format!("the file cannot be opened: {error}"),
                    "Do not format this card. Try another reader and cable, then copy again.",
                )],
            };
            for mut finding in checked {
                if file.role == FileRole::Proxy && finding.severity == Severity::Error {
                    // A proxy can be made again; the recording cannot.
                    finding.severity = Severity::Warning;
                    finding.overridable = true;
                    finding.hint = "Only the camera's proxy is affected; the original is checked by itself.".to_owned();
                }
                findings.push(finding.with_path(file.path.clone()).with_clip(&grouped.clip.name));
            }
        }
    }
    findings
}

/// The files whose structure is read: all but the inner frames of a sequence, which the listing already tells a lot about.
fn chosen(grouped: &Grouped) -> Vec<&ClipFile> {
    let structural = |file: &&ClipFile| {
        matches!(
            file.role,
            FileRole::Essence | FileRole::Segment | FileRole::SecondCardHalf | FileRole::AudioTwin | FileRole::Proxy
        )
    };
    let mut files: Vec<&ClipFile> = grouped.clip.files.iter().filter(structural).collect();
    let frames: Vec<&ClipFile> = grouped.clip.files.iter().filter(|file| file.role == FileRole::Frame).collect();
    if let (Some(first), Some(last)) = (frames.first(), frames.last()) {
        let usual = usual_size(&frames);
        let mut picked: BTreeSet<&RelPath> = [&first.path, &frames[frames.len() / 2].path, &last.path].into_iter().collect();
        let odd = frames.iter().filter(|file| file.size_bytes < usual / 2).take(ODD_FRAMES_READ);
        picked.extend(odd.map(|file| &file.path));
        files.extend(frames.iter().filter(|file| picked.contains(&file.path)));
    }
    files
}

fn usual_size(frames: &[&ClipFile]) -> u64 {
    let mut sizes: Vec<u64> = frames.iter().map(|file| file.size_bytes).collect();
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or(0)
}

/// Relations between files: sequences, segments, indexes, file sets, companions without their clip.
pub(crate) fn check_groups(card: &dyn CardFiles, groups: &Groups, bytes_read: &mut u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    for grouped in &groups.clips {
        check_sequence(grouped, &mut findings);
        check_segments(grouped, &mut findings);
        check_halves(grouped, &mut findings);
    }
    for (path, clip) in &groups.orphans {
        findings.push(
            Finding::new(
                "clip.essence_missing",
                Severity::Warning,
                format!("{} belongs to clip {clip}, whose picture or sound is not on this card", path.file_name()),
                "Look on the other cards of this camera, and play the clip in the camera, before the card is formatted.",
            )
            .with_path(path.clone())
            .with_clip(clip),
        );
    }
    check_indexes(card, groups, &mut findings, bytes_read);
    check_file_sets(card, groups, &mut findings, bytes_read);
    findings
}

fn check_sequence(grouped: &Grouped, findings: &mut Vec<Finding>) {
    if grouped.clip.kind != ClipKind::Sequence {
        return;
    }
    let name = &grouped.clip.name;
    let mut say = |code: &str, severity, message: String, hint: &str, path: Option<&RelPath>| {
        let finding = Finding::new(code, severity, message, hint).with_clip(name);
        findings.push(match path {
            Some(path) => finding.with_path(path.clone()),
            None => finding,
        });
    };
    if let Some(range) = &grouped.clip.sequence
        && let Some(first_missing) = range.missing.first()
    {
        let count =
            if range.missing.len() >= MAX_MISSING { format!("at least {MAX_MISSING}") } else { range.missing.len().to_string() };
        say(
            "sequence.gap",
            Severity::Error,
            format!("{count} frame(s) missing between {} and {}, the first is {first_missing}", range.first, range.last),
            "Compare with the camera's own count; if the frames are not on another card, the take has a hole. Do not format this card.",
            None,
        );
    }
    for pair in grouped.numbered.windows(2) {
        if pair[0].0 == pair[1].0 {
            let path = grouped.clip.files.get(pair[1].1).map(|file| &file.path);
            say(
                "sequence.duplicate",
                Severity::Warning,
                format!("frame {} is there twice", pair[1].0),
                "Both files are copied; decide which one is the take's.",
                path,
            );
        }
    }
    let frames: Vec<&ClipFile> = grouped.clip.files.iter().filter(|file| file.role == FileRole::Frame).collect();
    let usual = usual_size(&frames);
    let constant_size = frames.first().is_some_and(|file| matches!(file.path.extension().as_str(), "dpx" | "ari" | "cin"));
    let odd: Vec<&&ClipFile> =
        if constant_size { frames.iter().filter(|file| file.size_bytes != usual).collect() } else { Vec::new() };
    if let Some(first_odd) = odd.first() {
        say(
            "sequence.size_differs",
            Severity::Error,
            format!(
                "{} of {} frames have another size than the rest ({usual} bytes), {} has {}",
                odd.len(),
                frames.len(),
                first_odd.path.file_name(),
                first_odd.size_bytes
            ),
            HINT_KEEP,
            Some(&first_odd.path),
        );
    }
    for empty in frames.iter().filter(|file| file.size_bytes == 0).take(ODD_FRAMES_READ) {
        say("structure.empty_file", Severity::Error, "the frame has zero bytes".to_owned(), HINT_KEEP, Some(&empty.path));
    }
}

fn check_segments(grouped: &Grouped, findings: &mut Vec<Finding>) {
    let is_segmented = grouped.clip.files.iter().any(|file| file.role == FileRole::Segment);
    if grouped.clip.kind != ClipKind::Video || !is_segmented {
        return;
    }
    let numbers: BTreeSet<u64> = grouped.numbered.iter().map(|(number, _)| *number).collect();
    let (Some(first), Some(last)) = (numbers.first().copied(), numbers.last().copied()) else { return };
    // Segments count from 1 in every family whose rule names them; some makers count the first as 0.
    let missing: Vec<u64> = (first.min(1)..=last.min(10_000)).filter(|number| !numbers.contains(number)).collect();
    if !missing.is_empty() {
        let list = missing.iter().take(8).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        findings.push(
            Finding::new(
                "clip.segment_missing",
                Severity::Error,
                format!("segments up to {last} are there, {} missing: {list}", missing.len()),
                "The clip may go on another card of the same camera: insert that one too. Do not format this card before.",
            )
            .with_clip(&grouped.clip.name),
        );
    }
}

fn check_halves(grouped: &Grouped, findings: &mut Vec<Finding>) {
    let half = grouped.clip.files.iter().any(|file| file.role == FileRole::SecondCardHalf);
    let whole = grouped.clip.files.iter().any(|file| file.role == FileRole::Essence);
    if half && !whole {
        findings.push(
            Finding::new(
                "clip.half_elsewhere",
                Severity::Warning,
                "this card holds every other frame of the clip",
                "Offload the camera's first card as well; the clip plays whole only with both.",
            )
            .with_clip(&grouped.clip.name),
        );
    }
}

/// Reads a small text file of the card.
pub(crate) fn read_whole(card: &dyn CardFiles, entry: &CardEntry, bytes_read: &mut u64) -> Option<Vec<u8>> {
    if entry.size_bytes > MAX_INDEX_BYTES {
        return None;
    }
    let mut reader = card.open(&entry.path).ok()?;
    let mut source = Source::new(&mut *reader, entry.size_bytes);
    let bytes = source.at(0, entry.size_bytes).ok();
    *bytes_read += source.bytes_read();
    bytes
}

fn check_indexes(card: &dyn CardFiles, groups: &Groups, findings: &mut Vec<Finding>, bytes_read: &mut u64) {
    let by_path: HashMap<String, &CardEntry> =
        card.entries().iter().map(|entry| (entry.path.as_str().to_ascii_lowercase(), entry)).collect();
    for index in groups.unassigned.iter().filter(|file| file.role == FileRole::Index) {
        let Some(entry) = by_path.get(&index.path.as_str().to_ascii_lowercase()) else { continue };
        let name = index.path.file_name().to_ascii_uppercase();
        if !(name.ends_with(".ALE") || name == "MEDIAPRO.XML") {
            continue;
        }
        let Some(bytes) = read_whole(card, entry, bytes_read) else {
            findings.push(unreadable_index(&index.path, "it cannot be read"));
            continue;
        };
        if name.ends_with(".ALE") {
            check_ale(&index.path, &bytes, groups, findings);
        } else {
            check_media_profile(&index.path, &bytes, groups, &by_path, findings);
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
fn check_ale(path: &RelPath, bytes: &[u8], groups: &Groups, findings: &mut Vec<Finding>) {
    let text = String::from_utf8_lossy(bytes);
    let ale = match checkgate_interchange::ale::parse(&text) {
        Ok(ale) => ale,
        Err(error) => {
            findings.push(unreadable_index(path, &error.to_string()));
            return;
        }
    };
    let folder = path.parent();
    let here: BTreeMap<String, &str> = groups
        .clips
        .iter()
        .filter(|grouped| matches!(grouped.clip.kind, ClipKind::Video | ClipKind::Sequence))
        .filter(|grouped| profiles().families[grouped.family].make == "ARRI")
        .filter(|grouped| folder.as_ref().is_none_or(|folder| grouped.clip.files.iter().any(|file| file.path.is_under(folder))))
        .map(|grouped| (grouped.clip.name.to_ascii_lowercase(), grouped.clip.name.as_str()))
        .collect();
    let mut listed = BTreeSet::new();
    for row in &ale.rows {
        let Some(name) = clip_name_of_row(&ale, row) else { continue };
        if !here.contains_key(&name.to_ascii_lowercase()) {
            findings.push(missing_clip(path, &name));
        }
        listed.insert(name.to_ascii_lowercase());
    }
    for (key, name) in here {
        if !listed.contains(&key) {
            findings.push(unlisted_clip(path, name));
        }
    }
}

/// The clip a row is about: `Name`, else `Source File`, without extension.
pub(crate) fn clip_name_of_row(ale: &checkgate_interchange::ale::Ale, row: &[String]) -> Option<String> {
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
    bytes: &[u8],
    groups: &Groups,
    by_path: &HashMap<String, &CardEntry>,
    findings: &mut Vec<Finding>,
) {
    let Some(profile) = sony::media_profile(bytes) else {
        findings.push(unreadable_index(path, "it is no MEDIAPRO document"));
        return;
    };
    let below = |uri: &str| match path.parent() {
        Some(folder) => folder.join(uri).ok(),
        None => RelPath::new(uri).ok(),
    };
    let mut listed = BTreeSet::new();
    for material in &profile.materials {
        let Some(file) = below(&material.uri) else {
            findings.push(unreadable_index(path, "an entry points outside the card"));
            continue;
        };
        let key = file.as_str().to_ascii_lowercase();
        if !by_path.contains_key(&key) {
            findings.push(missing_clip(path, file.stem()));
        }
        listed.insert(key);
        for related in &material.related {
            let missing = below(related).is_some_and(|file| !by_path.contains_key(&file.as_str().to_ascii_lowercase()));
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

/// iXML declares how many files one take has.
fn check_file_sets(card: &dyn CardFiles, groups: &Groups, findings: &mut Vec<Finding>, bytes_read: &mut u64) {
    let mut sets: BTreeMap<String, (u64, BTreeSet<String>, RelPath, String)> = BTreeMap::new();
    for grouped in groups.clips.iter().filter(|grouped| grouped.clip.kind == ClipKind::Sound) {
        for file in grouped.clip.files.iter().filter(|file| file.role == FileRole::Essence) {
            let Ok(mut reader) = card.open(&file.path) else { continue };
            let mut source = Source::new(&mut *reader, file.size_bytes);
            let wave = riff::read(&mut source);
            *bytes_read += source.bytes_read();
            let Some(ixml) = wave.ok().and_then(|wave| wave.ixml) else { continue };
            let total = ixml.get("FILE_SET/TOTAL_FILES").and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
            let Some(family) = ixml.get("FILE_SET/FAMILY_UID") else { continue };
            let index = ixml.get("FILE_SET/FILE_SET_INDEX").unwrap_or("").to_owned();
            let entry = sets
                .entry(family.to_owned())
                .or_insert_with(|| (total, BTreeSet::new(), file.path.clone(), grouped.clip.name.clone()));
            // A recorder that numbers nothing still writes one file each.
            entry.1.insert(if index.is_empty() { file.path.as_str().to_owned() } else { index });
        }
    }
    for (total, found, path, clip) in sets.into_values() {
        if (found.len() as u64) < total {
            findings.push(
                Finding::new(
                    "sound.set_incomplete",
                    Severity::Error,
                    format!("the take declares {total} files, {} are on this card", found.len()),
                    "Look for the missing tracks on the recorder's other medium. Do not format this card before.",
                )
                .with_path(path)
                .with_clip(&clip),
            );
        }
    }
}
