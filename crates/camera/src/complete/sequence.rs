//! Owns frame sequences: numbers without a gap or a twin, one size, and headers that agree: geometry, clip and camera are the same
//! in every frame, and the timecode runs as the numbers do. Must never read pixels.

use super::usual_size;
use crate::group::{Grouped, Groups, MAX_MISSING};
use crate::source::Source;
use crate::structure::{Container, HINT_KEEP, container_of};
use crate::{CardFiles, ari, dpx};
use checkgate_model::{ClipFile, ClipKind, FileRole, Finding, RelPath, Severity};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Up to this many frames every header is read, beyond it this many of them, evenly spread and with both ends.
const ALL_HEADS: usize = 240;
const SOME_HEADS: usize = 64;

/// What a frame's header says of its place.
struct Head<'a> {
    file: &'a ClipFile,
    number: u64,
    /// Size, clip and camera, as one text to compare.
    identity: String,
    timecode_frame: Option<u64>,
}

/// A frame or two under another name in the folder of a long sequence.
pub(super) fn check_foreign_names(groups: &Groups, findings: &mut Vec<Finding>) {
    const FEW: usize = 2;
    let mut longest: HashMap<(&str, String), &Grouped> = HashMap::new();
    let key = |grouped: &Grouped| grouped.clip.files.first().map(|file| file.path.extension());
    for grouped in groups.clips.iter().filter(|grouped| grouped.clip.kind == ClipKind::Sequence) {
        let Some(extension) = key(grouped) else { continue };
        let known = longest.entry((&grouped.folder, extension)).or_insert(grouped);
        if known.numbered.len() < grouped.numbered.len() {
            *known = grouped;
        }
    }
    for grouped in groups.clips.iter().filter(|grouped| matches!(grouped.clip.kind, ClipKind::Sequence | ClipKind::Still)) {
        let Some(extension) = key(grouped) else { continue };
        let Some(long) = longest.get(&(grouped.folder.as_str(), extension)) else { continue };
        if grouped.numbered.len() > FEW || long.numbered.len() < 4 * (FEW + 1) || long.clip.name == grouped.clip.name {
            continue;
        }
        let Some(file) = grouped.clip.files.first() else { continue };
        findings.push(
            Finding::new(
                "sequence.foreign_frame",
                Severity::Warning,
                format!("{} lies among the frames of {}", file.path.file_name(), long.clip.name),
                "It is copied like all others. Find out which take it belongs to before the card is formatted.",
            )
            .with_path(file.path.clone())
            .with_clip(&long.clip.name),
        );
    }
}

/// Headers of frames against each other.
fn check_heads(card: &dyn CardFiles, grouped: &Grouped, frames: &[&ClipFile], findings: &mut Vec<Finding>, bytes_read: &mut u64) {
    if !frames.first().is_some_and(|file| matches!(file.path.extension().as_str(), "ari" | "dpx")) {
        return;
    }
    let heads = read_heads(card, grouped, bytes_read);
    let usual = most_common(heads.iter().map(|head| head.identity.clone()));
    let usual_offset = most_common(heads.iter().filter_map(Head::offset));
    let strays = usual_offset.map(|(usual, count)| strays(&heads, usual, count)).unwrap_or_default();
    for (place, head) in heads.iter().enumerate() {
        if usual.as_ref().is_some_and(|(identity, _)| *identity != head.identity) {
            findings.push(
                Finding::new(
                    "sequence.foreign_frame",
                    Severity::Error,
                    format!(
                        "frame {} says {}, the others say {}",
                        head.number,
                        head.identity,
                        usual.as_ref().map_or("", |(text, _)| text)
                    ),
                    "A frame of another recording stands in this one. Do not format this card; compare with the camera.",
                )
                .with_path(head.file.path.clone())
                .with_clip(&grouped.clip.name),
            );
        }
        if strays.contains(&place)
            && let Some((usual, _)) = usual_offset
        {
            findings.push(
                Finding::new(
                    "sequence.frame_misplaced",
                    Severity::Error,
                    format!(
                        "frame {} carries the timecode of frame {}",
                        head.number,
                        head.timecode_frame.unwrap_or(0).wrapping_sub(usual)
                    ),
                    "Frames changed places. Do not format this card; copy it again and compare with the camera.",
                )
                .with_path(head.file.path.clone())
                .with_clip(&grouped.clip.name),
            );
        }
    }
}

impl Head<'_> {
    /// How far the timecode runs ahead of the number.
    fn offset(&self) -> Option<u64> {
        self.timecode_frame.map(|frame| frame.wrapping_sub(self.number))
    }
}

/// Frames whose timecode does not run as the numbers do. Where all frames behind a place run differently, labels were dropped there
/// or midnight passed: that is no disorder, and neither is a writer that sets one timecode for all.
fn strays(heads: &[Head<'_>], usual: u64, count: usize) -> BTreeSet<usize> {
    let mut strays = BTreeSet::new();
    if count * 4 < heads.len() * 3 {
        return strays;
    }
    let mut at = 0;
    while at < heads.len() {
        let own = heads[at].offset();
        let run = heads[at..].iter().take_while(|head| head.offset() == own).count();
        let at_an_end = at == 0 || at + run == heads.len();
        let dropped_label = own.is_some_and(|own| matches!(own.abs_diff(usual), 2 | 4));
        if own.is_some_and(|own| own != usual) && !(at_an_end && (run > 1 || dropped_label)) {
            strays.extend(at..at + run);
        }
        at += run;
    }
    strays
}

fn read_heads<'a>(card: &dyn CardFiles, grouped: &'a Grouped, bytes_read: &mut u64) -> Vec<Head<'a>> {
    let count = grouped.numbered.len();
    let places: Vec<usize> = if count <= ALL_HEADS {
        (0..count).collect()
    } else {
        (0..SOME_HEADS).map(|step| step * (count - 1) / (SOME_HEADS - 1)).collect()
    };
    let mut heads = Vec::new();
    for (number, at) in places.into_iter().filter_map(|place| grouped.numbered.get(place)) {
        let Some(file) = grouped.clip.files.get(*at) else { continue };
        let Ok(mut reader) = card.open(&file.path) else { continue };
        let mut source = Source::new(&mut *reader, file.size_bytes);
        let head = source.up_to(0, 2048).unwrap_or_default();
        *bytes_read += source.bytes_read();
        let size = |width: Option<u32>, height: Option<u32>| format!("{}x{}", width.unwrap_or(0), height.unwrap_or(0));
        let (identity, timecode_frame) = match container_of(&head) {
            Container::Ari => {
                let ari = ari::parse(&head);
                let identity =
                    format!("{} {} {}", ari.text("clip.name"), size(ari.width, ari.height), ari.camera_serial.unwrap_or(0));
                (identity, ari.timecode_frame_count.map(u64::from))
            }
            Container::Dpx => match dpx::parse(&head) {
                Some(dpx) => (size(dpx.width, dpx.height), dpx.frame_of_timecode()),
                None => continue,
            },
            _ => continue,
        };
        heads.push(Head { file, number: *number, identity, timecode_frame });
    }
    heads
}

/// The value most of them have, and how many have it.
fn most_common<T: Hash + Eq>(values: impl Iterator<Item = T>) -> Option<(T, usize)> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count)
}

pub(super) fn check(card: &dyn CardFiles, grouped: &Grouped, findings: &mut Vec<Finding>, bytes_read: &mut u64) {
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
    check_heads(card, grouped, &frames, findings, bytes_read);
}
