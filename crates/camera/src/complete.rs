//! Owns completeness (camera.md 1.3): structure of every essence, gaps in sequences and segments, what an index or a file set
//! declares against what is there. Findings are worded as evidence and say what to do now.

mod expected;
pub(crate) mod index;
mod segments;
mod sequence;
mod sidecars;

use crate::declared::Declared;
use crate::group::{Grouped, Groups};
use crate::source::Source;
use crate::structure::{Container, container_of, probe_structure};
use crate::{CardEntry, CardFiles, isobmff, mxf};
use checkgate_model::{ClipFile, FileRole, Finding, RelPath, Severity};
use std::collections::{BTreeSet, HashMap};

/// The files of a card by path, without regard to case: cards are FAT or exFAT, and tools fold names.
pub(crate) struct Listing<'a> {
    by_path: HashMap<String, &'a CardEntry>,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(card: &'a dyn CardFiles) -> Self {
        Self { by_path: card.entries().iter().map(|entry| (entry.path.as_str().to_ascii_lowercase(), entry)).collect() }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&'a CardEntry> {
        self.by_path.get(&path.to_ascii_lowercase()).copied()
    }
}

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
pub(crate) fn check_groups(
    card: &dyn CardFiles,
    listing: &Listing<'_>,
    groups: &Groups,
    declared: &Declared,
    bytes_read: &mut u64,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    sequence::check_foreign_names(groups, &mut findings);
    for grouped in &groups.clips {
        sequence::check(card, grouped, &mut findings, bytes_read);
        segments::check(card, grouped, &mut findings, bytes_read);
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
    index::check(card, listing, groups, declared, &mut findings, bytes_read);
    sidecars::check(card, groups, declared, &mut findings, bytes_read);
    expected::check(card, listing, groups, &mut findings, bytes_read);
    findings
}

/// What a recording's own container counts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Recorded {
    frames: Option<i64>,
    drop_frame: Option<bool>,
}

/// Reads the index of a film or the header of an MXF; nothing where the container counts no frames.
fn recorded(card: &dyn CardFiles, file: &ClipFile, bytes_read: &mut u64) -> Recorded {
    let Ok(mut reader) = card.open(&file.path) else { return Recorded::default() };
    let mut source = Source::new(&mut *reader, file.size_bytes);
    let head = source.up_to(0, 64).unwrap_or_default();
    let found = match container_of(&head) {
        Container::IsoBmff => isobmff::read(&mut source).ok().map(|movie| Recorded {
            frames: movie.video().and_then(|track| i64::try_from(track.samples).ok()),
            drop_frame: movie.timecodes().first().map(|timecode| timecode.drop),
        }),
        Container::Mxf => mxf::facts(&mut source)
            .ok()
            .map(|facts| Recorded { frames: facts.duration_frames, drop_frame: facts.timecode.map(|track| track.drop) }),
        _ => None,
    };
    *bytes_read += source.bytes_read();
    found.unwrap_or_default()
}

/// The camera's own count against the recording's.
fn check_duration(declared: Option<i64>, said_by: &str, recorded: Recorded, path: &RelPath, clip: &str) -> Option<Finding> {
    let (declared, found) = declared.zip(recorded.frames)?;
    // Writers differ about the last frame of an interrupted second; a partial recording differs by far more.
    (declared.abs_diff(found) > 1).then(|| {
        Finding::new(
            "clip.duration_differs",
            Severity::Warning,
            format!("{said_by} counts {declared} frames, the recording holds {found}"),
            "Play the clip in the camera to its end before the card is formatted.",
        )
        .with_path(path.clone())
        .with_clip(clip)
    })
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
