//! What the forger says a card is, and what recognition and rules say of it, must agree: for whole cards and for every damage.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod folder_card;

use checkgate_camera::{describe_all, recognise};
use checkgate_model::{CardRecognition, ClipKind, Finding, RelPath, Severity};
use checkgate_rules::{RollFacts, check, profile};
use checkgate_testkit::{CardSize, Damage, Expectation, Family, ForgeOptions, forge_card};
use folder_card::FolderCard;

struct Seen {
    expected: Expectation,
    recognition: CardRecognition,
    findings: Vec<Finding>,
    card: FolderCard,
    _folder: tempfile::TempDir,
}

fn see(family: Family, damage: Option<Damage>) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("card");
    let options = ForgeOptions { family, seed: 11, size: CardSize::Small, damage, expected_path: None };
    let expected = forge_card(&root, &options).unwrap().expected;
    let card = FolderCard::open(&root);
    let recognition = recognise(&card);
    let records = describe_all(&card, &recognition);
    let mut findings = recognition.findings.clone();
    findings.extend(check(&profile("house").unwrap(), &RollFacts::new(&recognition, &records)));
    Seen { expected, recognition, findings, card, _folder: folder }
}

#[test]
fn a_whole_card_is_recognised_as_what_was_forged() {
    let seen = see(Family::Demo, None);
    let recognition = &seen.recognition;
    assert_eq!(recognition.family, "arri-classic", "{:?}", recognition.evidence);
    assert_eq!(recognition.reel.as_deref(), Some("A003R1JL"));
    assert!(recognition.also_present.iter().any(|family| family == "sony-m4root"), "{:?}", recognition.also_present);
    assert_eq!((recognition.file_count, recognition.size_bytes), (seen.expected.file_count, seen.expected.size_bytes));
    for clip in &seen.expected.clips {
        let found = recognition.clips.iter().find(|found| found.name == clip.name);
        let found = found.unwrap_or_else(|| panic!("{} is not among {:?}", clip.name, names(recognition)));
        let kind = match found.kind {
            ClipKind::Video => "video",
            ClipKind::Sequence => "sequence",
            ClipKind::Sound => "sound",
            ClipKind::Still => "still",
        };
        assert_eq!(kind, clip.kind, "{}", clip.name);
        for file in &clip.files {
            assert!(found.files.iter().any(|found| found.path.as_str() == file), "{file} belongs to {}", clip.name);
        }
    }
    assert_eq!(recognition.clips.len(), seen.expected.clips.len(), "{:?}", names(recognition));
    let mut empty: Vec<&str> = recognition.empty_folders.iter().map(RelPath::as_str).collect();
    let mut want: Vec<&str> = seen.expected.empty_folders.iter().map(String::as_str).collect();
    empty.sort_unstable();
    want.sort_unstable();
    assert_eq!(empty, want);
    let errors: Vec<&Finding> = seen.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "a whole card has no errors: {errors:#?}");
}

fn names(recognition: &CardRecognition) -> Vec<&str> {
    recognition.clips.iter().map(|clip| clip.name.as_str()).collect()
}

#[test]
fn every_clip_is_described_as_it_was_forged() {
    let seen = see(Family::Demo, None);
    let records = describe_all(&seen.card, &seen.recognition);
    for clip in seen.expected.clips.iter().filter(|clip| clip.kind == "video") {
        let record = records.iter().find(|record| record.clip == clip.name).unwrap();
        assert_eq!(record.text("tc.start"), clip.start, "{}", clip.name);
        assert_eq!(record.text("duration.frames"), clip.duration.to_string(), "{}", clip.name);
        if let Some(reel) = &clip.reel {
            assert_eq!(&record.text("reel.name"), reel, "{}", clip.name);
        }
        let gamma = record.text("color.gamma").to_lowercase().replace(['-', ' '], "");
        let want = if clip.reel.is_some() { "logc4" } else { "slog3" };
        assert!(gamma.contains(want), "{}: {gamma}", clip.name);
    }
}

/// Every damage that a card with pictures can have, with the first such card; recipes are in `forged_families.rs`.
fn encoded_damages() -> Vec<(Damage, Family)> {
    let families = [Family::ArriClassic, Family::SonyM4root, Family::Plates, Family::Sound];
    let first = |damage: Damage| families.into_iter().find(|family| damage.applies_to(*family)).map(|family| (damage, family));
    Damage::ALL.into_iter().filter_map(first).collect()
}

#[test]
fn every_damage_is_found_and_named() {
    for (damage, family) in encoded_damages() {
        let seen = see(family, Some(damage));
        let codes: Vec<&str> = seen.findings.iter().map(|finding| finding.code.as_str()).collect();
        for want in &seen.expected.findings {
            assert!(codes.contains(&want.as_str()), "{damage:?} leads to {want}, found {codes:?}");
        }
    }
}

#[test]
fn files_an_office_computer_leaves_are_counted_and_never_called_clips() {
    let seen = see(Family::Sound, Some(Damage::HiddenFiles));
    assert_eq!(seen.recognition.file_count, seen.expected.file_count);
    assert_eq!(seen.recognition.clips.len(), seen.expected.clips.len(), "{:?}", names(&seen.recognition));
}
