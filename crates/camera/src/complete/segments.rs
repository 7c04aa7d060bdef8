//! Owns recordings of several files: numbers without a gap, sizes that fit, names that are their own, halves of two cards.

use crate::group::Grouped;
use crate::source::Source;
use crate::structure::HINT_KEEP;
use crate::{CardFiles, isobmff, r3d};
use checkgate_model::{ClipFile, ClipKind, FileRole, Finding, Severity};
use std::collections::BTreeSet;

/// Directory tag of the file's original name (camera.md 2.1).
const ORIGINAL_NAME: u16 = 0x1056;

pub(super) fn check(card: &dyn CardFiles, grouped: &Grouped, findings: &mut Vec<Finding>, bytes_read: &mut u64) {
    if grouped.clip.kind != ClipKind::Video {
        return;
    }
    let segments: Vec<&ClipFile> = grouped.clip.files.iter().filter(|file| file.role == FileRole::Segment).collect();
    if !segments.is_empty() {
        check_numbers(grouped, findings);
        check_sizes(grouped, &segments, findings);
        check_own_names(card, grouped, &segments, findings, bytes_read);
    }
    check_halves(card, grouped, findings, bytes_read);
}

/// A recording is split where a file is full: every segment but the last is about as large as the largest.
fn check_sizes(grouped: &Grouped, segments: &[&ClipFile], findings: &mut Vec<Finding>) {
    // Pieces of P2 and of discs end where the operator stopped.
    let Some((_, full)) = segments.split_last().filter(|(last, _)| last.path.extension() != "mxf") else { return };
    let largest = full.iter().map(|file| file.size_bytes).max().unwrap_or(0);
    for file in full.iter().filter(|file| file.size_bytes < largest / 2) {
        findings.push(
            Finding::new(
                "clip.segment_small",
                Severity::Warning,
                format!("{} has {} bytes, its neighbours up to {largest}", file.path.file_name(), file.size_bytes),
                HINT_KEEP,
            )
            .with_path(file.path.clone())
            .with_clip(&grouped.clip.name),
        );
    }
}

/// Every R3D segment repeats its own name in its header.
fn check_own_names(
    card: &dyn CardFiles,
    grouped: &Grouped,
    segments: &[&ClipFile],
    findings: &mut Vec<Finding>,
    bytes_read: &mut u64,
) {
    for file in segments.iter().filter(|file| file.path.extension() == "r3d") {
        let Ok(mut reader) = card.open(&file.path) else { continue };
        let mut source = Source::new(&mut *reader, file.size_bytes);
        let directory = r3d::directory(&mut source);
        *bytes_read += source.bytes_read();
        let Ok(directory) = directory else { continue };
        let Some(own) = directory.text(ORIGINAL_NAME) else { continue };
        let own_stem = own.rsplit_once('.').map_or(own, |(stem, _)| stem);
        if !own_stem.eq_ignore_ascii_case(file.path.stem()) {
            findings.push(
                Finding::new(
                    "clip.segment_renamed",
                    Severity::Error,
                    format!("{} calls itself {own}", file.path.file_name()),
                    "The segments of this clip, or of another, changed places. Do not format this card; copy it again from the camera.",
                )
                .with_path(file.path.clone())
                .with_clip(&grouped.clip.name),
            );
        }
    }
}

fn check_numbers(grouped: &Grouped, findings: &mut Vec<Finding>) {
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

fn check_halves(card: &dyn CardFiles, grouped: &Grouped, findings: &mut Vec<Finding>, bytes_read: &mut u64) {
    let half = grouped.clip.files.iter().any(|file| file.role == FileRole::SecondCardHalf);
    let whole = grouped.clip.files.iter().any(|file| file.role == FileRole::Essence);
    let cards = if half == whole { 1 } else { cards_of(card, grouped, bytes_read) };
    if half && !whole || whole && !half && cards > 1 {
        let mut finding = Finding::new(
            "clip.half_elsewhere",
            Severity::Warning,
            "this card holds every other frame of the clip",
            "Offload the camera's other card as well; the clip plays whole only with both.",
        )
        .with_clip(&grouped.clip.name);
        if let Some(file) = grouped.clip.files.first() {
            finding = finding.with_path(file.path.clone());
        }
        findings.push(finding);
    }
}

/// How many cards a recording was spread over, as its own metadata has it (`multicard_volume_count` of Blackmagic RAW).
fn cards_of(card: &dyn CardFiles, grouped: &Grouped, bytes_read: &mut u64) -> u64 {
    let braw = |file: &&ClipFile| file.role == FileRole::Essence && file.path.extension() == "braw";
    let Some(file) = grouped.clip.files.iter().find(braw) else { return 1 };
    let Ok(mut reader) = card.open(&file.path) else { return 1 };
    let mut source = Source::new(&mut *reader, file.size_bytes);
    let movie = isobmff::read(&mut source);
    *bytes_read += source.bytes_read();
    let tags = movie.map(|movie| movie.tags).unwrap_or_default();
    tags.iter().find(|(key, _)| key.ends_with("multicard_volume_count")).and_then(|(_, value)| value.parse().ok()).unwrap_or(1)
}
