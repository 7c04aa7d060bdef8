//! A card of every family, whole and with every damage it can have: what recognition, grouping and completeness say must be what
//! the recipe's author wrote by hand, no less and no more.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod folder_card;

use checkgate_camera::{CardFiles as _, describe_all, family_ids, family_seen, probe_structure, recognise};
use checkgate_model::{CardRecognition, Confidence, Finding, RelPath, Severity};
use checkgate_rules::{RollFacts, check, profile};
use checkgate_testkit::{CardSize, Damage, Expect, Expectation, Family, ForgeOptions, forge_card};
use folder_card::{FolderCard, MemoryCard};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::time::Instant;

struct Seen {
    expected: Expectation,
    recognition: CardRecognition,
    card: FolderCard,
    _folder: tempfile::TempDir,
}

fn see(family: Family, damage: Option<Damage>) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("card");
    let options = ForgeOptions { family, seed: 11, size: CardSize::Small, damage, expected_path: None };
    let forged = forge_card(&root, &options);
    let expected = forged.unwrap_or_else(|error| panic!("{} {damage:?}: {error}", family.name())).expected;
    let card = FolderCard::open(&root);
    let recognition = recognise(&card);
    Seen { expected, recognition, card, _folder: folder }
}

/// A word of the model as its data has it.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn verdict(findings: &[Finding]) -> Vec<String> {
    let mut verdict: Vec<String> = findings.iter().map(|finding| format!("{} {}", finding.severity, finding.code)).collect();
    verdict.sort();
    verdict
}

fn wanted(expected: &Expectation) -> Vec<String> {
    let mut wanted = expected.verdict.clone().unwrap();
    wanted.sort();
    wanted
}

/// Name, kind, roll, and files with their parts.
type Grouping = BTreeSet<(String, String, Option<String>, BTreeMap<String, String>)>;

fn grouping(recognition: &CardRecognition) -> Grouping {
    let clips = recognition.clips.iter().map(|clip| {
        let files = clip.files.iter().map(|file| (file.path.to_string(), word(file.role))).collect();
        (clip.name.clone(), word(clip.kind), clip.roll.clone(), files)
    });
    clips.collect()
}

fn wanted_grouping(expected: &Expectation) -> Grouping {
    let clips = expected.clips.iter().map(|clip| {
        let files = clip.files.iter().cloned().zip(clip.roles.iter().cloned()).collect();
        (clip.name.clone(), clip.kind.clone(), clip.reel.clone(), files)
    });
    clips.collect()
}

#[test]
fn every_family_is_recognised_grouped_and_complete() {
    let mut broken = Vec::new();
    for family in Family::cards() {
        let started = Instant::now();
        let seen = see(family, None);
        let (found, expected, name) = (&seen.recognition, &seen.expected, family.name());
        eprintln!(
            "{name:<20} {:>4} files {:>9} bytes, {:>7} read, {:?}",
            found.file_count,
            found.size_bytes,
            found.bytes_read,
            started.elapsed()
        );
        let mut say = |what: String| broken.push(format!("{name}: {what}"));
        if (&found.family, &found.also_present) != (&expected.recognised_as, &expected.also_present) {
            say(format!("recognised as {} and {:?}: {:#?}", found.family, found.also_present, found.evidence));
        }
        if word(found.confidence) != expected.confidence {
            say(format!("confidence {:?}: {:#?}", found.confidence, found.evidence));
        }
        if found.evidence.is_empty() || found.confidence == Confidence::Unknown {
            say("no evidence is shown".to_owned());
        }
        if found.reel != expected.reel {
            say(format!("reel {:?}, not {:?}", found.reel, expected.reel));
        }
        if grouping(found) != wanted_grouping(expected) {
            say(format!("grouped as {:#?}\nnot as {:#?}", grouping(found), wanted_grouping(expected)));
        }
        if found.clips.len() != expected.clips.len() {
            say(format!("{} clips, not {}", found.clips.len(), expected.clips.len()));
        }
        if verdict(&found.findings) != wanted(expected) {
            say(format!("whole card: {:#?}", found.findings));
        }
        if (found.file_count, found.size_bytes) != (expected.file_count, expected.size_bytes) || found.size_bytes > 5_000_000 {
            say(format!("{} files with {} bytes", found.file_count, found.size_bytes));
        }
        let mut empty: Vec<&str> = found.empty_folders.iter().map(RelPath::as_str).collect();
        empty.sort_unstable();
        let mut wanted_empty: Vec<&str> = expected.empty_folders.iter().map(String::as_str).collect();
        wanted_empty.sort_unstable();
        if empty != wanted_empty {
            say(format!("empty folders {empty:?}"));
        }
        for (clip, record) in found.clips.iter().zip(describe_all(&seen.card, found)) {
            let Some(wanted) = expected.clips.iter().find(|wanted| wanted.name == clip.name && wanted.kind == word(clip.kind))
            else {
                continue;
            };
            if record.text("tc.start") != wanted.start {
                say(format!("{} starts at {:?}, not {:?}", clip.name, record.text("tc.start"), wanted.start));
            }
            if wanted.duration > 0 && record.text("duration.frames") != wanted.duration.to_string() {
                say(format!("{} lasts {:?}, not {}", clip.name, record.text("duration.frames"), wanted.duration));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

#[test]
fn every_damage_of_every_family_is_said_as_its_author_wrote() {
    let mut broken = Vec::new();
    for family in Family::cards() {
        let whole = see(family, None);
        for damage in Damage::ALL.into_iter().filter(|damage| damage.applies_to(family)) {
            let seen = see(family, Some(damage));
            let name = format!("{} {}", family.name(), damage.name());
            let findings = &seen.recognition.findings;
            if verdict(findings) != wanted(&seen.expected) {
                broken.push(format!("{name}: wanted {:?}, found {findings:#?}", wanted(&seen.expected)));
            }
            let ruled: Vec<&String> = seen
                .expected
                .findings
                .iter()
                .filter(|code| !wanted(&seen.expected).iter().any(|said| said.ends_with(*code)))
                .collect();
            if !ruled.is_empty() {
                let records = describe_all(&seen.card, &seen.recognition);
                let rules = check(&profile("house").unwrap(), &RollFacts::new(&seen.recognition, &records));
                for code in ruled.iter().filter(|code| !rules.iter().any(|finding| finding.code == ***code)) {
                    broken.push(format!("{name}: no rule says {code}"));
                }
            }
            let quiet = wanted(&seen.expected) == wanted(&whole.expected) && ruled.is_empty();
            let promised = damage.expect() == Expect::Finding;
            if quiet == promised {
                broken.push(format!("{name}: {:?} is promised", damage.expect()));
            }
            if seen.recognition.file_count as usize != seen.card.entries().len() {
                broken.push(format!("{name}: a file is lost"));
            }
            if seen.recognition.family != whole.recognition.family {
                broken.push(format!("{name}: recognised as {}", seen.recognition.family));
            }
            if matches!(damage, Damage::HiddenFiles | Damage::CaseFolded | Damage::UnicodeNames)
                && seen.recognition.clips.len() != whole.recognition.clips.len()
            {
                broken.push(format!("{name}: {} clips", seen.recognition.clips.len()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// How a cut is known, by what the file is (camera.md 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Wherever the file ends too early.
    Anywhere,
    /// Unless it ends between two blocks or packets of this size: that needs a hash or a decoder.
    InsideBlocks(u64),
    /// Never: the layout is not published, only a hash or a decoder can tell.
    HashOrDecode,
}

fn how_a_cut_is_known(extension: &str) -> Option<Cut> {
    Some(match extension {
        "mov" | "mp4" | "braw" | "braw2" | "crm" | "insv" | "nev" | "lrf" | "lrv" => Cut::Anywhere,
        "mxf" | "wav" | "cine" | "ari" | "dng" => Cut::Anywhere,
        "r3d" => Cut::InsideBlocks(4096),
        "mts" => Cut::InsideBlocks(192),
        "krw" | "zraw" | "zax" => Cut::HashOrDecode,
        _ => return None,
    })
}

#[test]
fn the_truncation_matrix_holds_for_every_container() {
    let mut rows: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for family in Family::cards() {
        let seen = see(family, None);
        let files = seen.recognition.clips.iter().flat_map(|clip| &clip.files);
        for file in files.filter(|file| !matches!(word(file.role).as_str(), "sidecar" | "thumbnail" | "look" | "report")) {
            let extension = file.path.extension();
            let Some(cut) = how_a_cut_is_known(&extension) else {
                assert_eq!(extension, "jpg", "{} of {} has no row in the matrix", file.path, family.name());
                continue;
            };
            let mut bytes = Vec::new();
            seen.card.open(&file.path).unwrap().read_to_end(&mut bytes).unwrap();
            let (caught, cuts) = rows.entry(extension.clone()).or_default();
            // Some cuts fall between two blocks, some inside one.
            for length in (1..20).flat_map(|step| [bytes.len() * step / 20, bytes.len() * step / 20 - 1]) {
                let kept = &bytes[..length];
                let report = probe_structure(&mut std::io::Cursor::new(kept), length as u64, file.path.file_name());
                let found = report.complete == Some(false);
                let expected = match cut {
                    Cut::Anywhere => true,
                    Cut::InsideBlocks(block) => !(length as u64).is_multiple_of(block),
                    Cut::HashOrDecode => false,
                };
                assert_eq!(found, expected, "{} of {} cut to {length} of {}", file.path, family.name(), bytes.len());
                *caught += usize::from(found);
                *cuts += 1;
            }
        }
    }
    for (extension, (caught, cuts)) in rows {
        eprintln!("{extension:<6} {caught:>4} of {cuts:>4} cuts are found by structure");
    }
}

/// Findings say what is there and what to do now; none calls a file good.
#[test]
fn findings_are_evidence_with_a_next_step() {
    for family in Family::cards() {
        for damage in Damage::ALL.into_iter().filter(|damage| damage.applies_to(family) && damage.expect() == Expect::Finding) {
            for finding in see(family, Some(damage)).recognition.findings {
                let words = format!("{} {}", finding.message, finding.hint).to_lowercase();
                assert!(!finding.hint.is_empty() && finding.message.len() > 10, "{finding:?}");
                assert!(!words.contains("good") && !words.contains("success"), "{finding:?}");
                assert!(finding.severity < Severity::Error || !finding.overridable, "{finding:?}");
            }
        }
    }
}

/// Every card of every family, spoilt in a hundred ways: no panic, every file in its place, an end, and few bytes read.
#[test]
fn spoilt_cards_are_survived() {
    let mut state = 0x5EED_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for family in Family::cards() {
        let whole = see(family, None);
        for _ in 0..100 {
            let mut card = MemoryCard::read(&whole.card);
            let place = random(card.entries().len());
            card.change(place, |bytes| match random(4) {
                0 => bytes.truncate(random(bytes.len())),
                1 => {
                    let (at, length) = (random(bytes.len()), 1 + random(8));
                    bytes.iter_mut().skip(at).take(length).for_each(|byte| *byte = 0xFF);
                }
                2 => (0..8).for_each(|_| {
                    let (at, value) = (random(bytes.len().min(600)), random(256) as u8);
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = value);
                }),
                _ => {
                    let (from, to) = (random(bytes.len()), random(bytes.len()));
                    let copied: Vec<u8> = bytes.iter().skip(from).take(64).copied().collect();
                    bytes.iter_mut().skip(to).zip(copied).for_each(|(byte, copied)| *byte = copied);
                }
            });
            let size: u64 = card.entries().iter().map(|entry| entry.size_bytes).sum();
            let found = recognise(&card);
            let files = found.clips.iter().map(|clip| clip.files.len()).sum::<usize>() + found.unassigned.len();
            assert_eq!(files, card.entries().len(), "{}", family.name());
            assert_eq!(describe_all(&card, &found).len(), found.clips.len());
            assert!(found.bytes_read < 16 * size + 1_000_000, "{}: {} of {size} bytes", family.name(), found.bytes_read);
        }
    }
}

#[test]
fn every_profile_has_a_card_and_every_damage_is_had() {
    let forged: BTreeSet<&str> = Family::all().into_iter().map(Family::profile).collect();
    // What is named by what is inside has no card of its own.
    let generic = ["camera-files", "sound", "unknown"];
    let missing: Vec<&str> = family_ids().into_iter().filter(|id| !forged.contains(id) && !generic.contains(id)).collect();
    assert!(missing.is_empty(), "no card is forged for {missing:?}");
    for id in &forged {
        assert!(family_seen(id).is_some(), "{id} has a profile");
    }
    let unused: Vec<&str> = Damage::ALL
        .into_iter()
        .filter(|damage| !Family::cards().any(|family| damage.applies_to(family)))
        .map(Damage::name)
        .collect();
    assert!(unused.is_empty(), "no card can be broken with {unused:?}");
}

/// Rules have pages of their own.
fn is_rule(code: &str) -> bool {
    code.starts_with("roll.") || code.starts_with("name.")
}

#[test]
fn the_documentation_names_every_family_and_card() {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cameras.md")).unwrap();
    let proofs = |id: &str| match family_seen(id) {
        Some(checkgate_camera::Seen::RealFiles) => "real files",
        Some(checkgate_camera::Seen::VendorDumps) => "vendor dumps",
        _ => "forged only",
    };
    for id in family_ids().into_iter().filter(|id| *id != "unknown") {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{id}` |")));
        assert!(
            row.is_some_and(|row| row.contains(proofs(id))),
            "docs/cameras.md: a row for {id} that says {}: {row:?}",
            proofs(id)
        );
    }
    for family in Family::all() {
        assert!(text.contains(&format!("`{}`", family.name())), "docs/cameras.md names {}", family.name());
    }
    for (family, damage) in Family::cards().flat_map(|family| Damage::ALL.map(|damage| (family, damage))) {
        if damage.applies_to(family) && damage.expect() == Expect::Finding {
            for code in see(family, Some(damage)).expected.findings.iter().filter(|code| !is_rule(code)) {
                assert!(text.contains(&format!("`{code}`")), "docs/cameras.md explains {code}");
            }
        }
    }
    for damage in Damage::ALL {
        assert!(text.contains(&format!("| `{}` |", damage.name())), "docs/cameras.md names {}", damage.name());
    }
}

/// What the recipes' files say of a clip, read off the recipes by hand: family, clip, field, value.
const METADATA: &[(&str, &str, &str, &str)] = &[
    ("red", "A106_C037_0118G5", "reel.name", "A106"),
    ("red", "A106_C037_0118G5", "span.count", "3"),
    ("red", "A106_C037_0118G5", "camera.make", "RED"),
    ("sony-fx6", "628_1298", "camera.model", "ILME-FX6V"),
    ("sony-fx6", "628_1298", "tc.end", "10:00:00:12"),
    ("sony-fx6", "628_1298", "rate.sensor", "30000/1001"),
    ("sony-fx6", "628_1298", "media.serial", "C0DE0000000000000000000000000001"),
    ("panasonic-p2", "0001AB", "camera.model", "Synthetic"),
    ("panasonic-p2", "0001AB", "rate.project", "25"),
    ("panasonic-p2", "0001AB", "span.kind", "shot over several clips"),
    ("panasonic-p2", "0001AB", "clip.uid", "060A2B340101010501010D21130000000000000000000000000000000000B001"),
    ("blackmagic", "A001_08151530_C001", "camera.model", "URSA Mini Pro 12K (synthetic)"),
    ("blackmagic", "A001_08151542_C002", "span.index", "1"),
    ("blackmagic", "A001_08151542_C002", "span.count", "2"),
    ("blackmagic", "A001_08151530_C001", "proxy.uri", "Proxy/A001_08151530_C001.mp4"),
    ("gopro", "GX0023", "span.count", "3"),
];

#[test]
fn forged_clips_are_described_as_their_recipes_say() {
    for (family, clip, field, want) in METADATA {
        let seen = see(family.parse().unwrap(), None);
        let records = describe_all(&seen.card, &seen.recognition);
        let record = records.iter().find(|record| record.clip == *clip).unwrap_or_else(|| panic!("{family}: {clip}"));
        assert_eq!(record.text(field), *want, "{family} {clip} {field}: {:?}", record.fields.get(*field));
    }
}
