//! Promises of the rules: each breach is found with its code, and nothing is found where nothing is wrong.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod table;

use checkgate_model::{Clip, ClipFile, ClipKind, ClipRecord, FieldValue, FileRole, Finding, FrameRate, RelPath, Roll, Severity};
use checkgate_rules::{
    CODES, ProfileError, ProjectFacts, RollFacts, check, explain, explanations, parse, profile, profile_names,
};
use proptest::prelude::*;

fn rel(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

/// One ARRI clip of 48 frames from `start`, on a roll.
fn add_clip(facts: &mut RollFacts, name: &str, roll: &str, start: &str, end: &str) -> usize {
    let path = rel(&format!("{roll}/{name}.mov"));
    facts.files.push((path.clone(), 10));
    facts.clips.push(Clip {
        name: name.to_owned(),
        roll: Some(roll.to_owned()),
        kind: ClipKind::Video,
        files: vec![ClipFile { path, size_bytes: 10, role: FileRole::Essence }],
        sequence: None,
    });
    let mut record = ClipRecord::new(name);
    let text = |text: &str| Some(FieldValue::Text(text.to_owned()));
    for (field, value) in [
        ("tc.start", text(start)),
        ("tc.end", text(end)),
        ("tc.rate", Some(FieldValue::Rational(24, 1))),
        ("rate.project", Some(FieldValue::Rational(24, 1))),
        ("camera.serial", text("2001")),
        ("camera.model", text("ALEXA 35")),
        ("reel.name", text(roll)),
    ] {
        record.state(field, "", value, "", "mov");
    }
    facts.records.insert(facts.clips.len() - 1, record);
    facts.clips.len() - 1
}

fn add_sound(facts: &mut RollFacts, rate: i64, bits: i64, start: &str, end: &str) {
    let at = add_clip(facts, "S12AT03", "26Y11M23", start, end);
    facts.clips[at].kind = ClipKind::Sound;
    let record = facts.records.get_mut(&at).unwrap();
    record.state("audio.sample_rate", "Hz", Some(FieldValue::Int(rate)), "", "S12AT03.WAV: fmt");
    record.state("audio.bit_depth", "bit", Some(FieldValue::Int(bits)), "", "S12AT03.WAV: iXML");
}

fn good() -> RollFacts {
    let mut facts = RollFacts {
        rolls: vec![Roll { name: "A003R1JL".to_owned(), folder: Some(rel("A003R1JL")), clips: vec![] }],
        ..RollFacts::default()
    };
    add_clip(&mut facts, "A003C001_261123_R1JL", "A003R1JL", "14:00:00:00", "14:00:02:00");
    add_clip(&mut facts, "A003C002_261123_R1JL", "A003R1JL", "14:00:02:00", "14:00:04:00");
    facts
}

fn found(facts: &RollFacts) -> Vec<Finding> {
    check(&profile("house").unwrap(), facts)
}

fn codes(facts: &RollFacts) -> Vec<String> {
    found(facts).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn a_clean_roll_has_no_finding() {
    assert_eq!(found(&good()), vec![]);
}

#[test]
fn every_shipped_profile_parses_and_every_rule_says_what_to_do() {
    for name in profile_names() {
        let profile = profile(name).unwrap_or_else(|| panic!("{name} parses"));
        assert_eq!(profile.name, name);
        assert!(profile.rules.iter().all(|rule| rule.hint.len() > 20), "{name}");
    }
    let house = profile("house").unwrap();
    for code in CODES {
        assert!(house.rule(code).is_some(), "{code} is in the house profile");
    }
    assert!(profile("nobody").is_none());
}

#[test]
fn every_code_has_a_check_and_is_explained() {
    let explained: Vec<&str> = explanations().iter().map(|one| one.code.as_str()).collect();
    for code in CODES {
        let words = explain(code).unwrap_or_else(|| panic!("{code} is not explained"));
        assert!(words.what.len() > 15 && words.why.len() > 15, "{code}");
        assert!(words.now.is_none(), "{code}: what to do now stands in the profile");
    }
    // What is no rule says itself what to do.
    for one in explanations().iter().filter(|one| !CODES.contains(&one.code.as_str())) {
        assert!(one.now.as_ref().is_some_and(|now| now.len() > 10), "{}", one.code);
    }
    let mut once = explained.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), explained.len(), "a code is explained once");
}

#[test]
fn bad_names_are_found_and_nothing_is_renamed() {
    for (path, code) in [
        ("A003R1JL/NUL.txt", "name.reserved"),
        ("A003R1JL/com1", "name.reserved"),
        ("A003R1JL/report.", "name.trailing"),
        ("folder /a.mov", "name.trailing"),
        ("A003R1JL/na:me.mov", "name.characters"),
        ("A003R1JL/Été.mov", "name.characters"),
        ("A003R1JL/.DS_Store", "files.system"),
        ("A003R1JL/._a.mov", "files.system"),
        ("System Volume Information/x", "files.system"),
        (".hidden/x", "files.hidden"),
        ("a003c001_261123_r1jl.mov", "nothing"),
    ] {
        let mut facts = good();
        facts.files.push((rel(path), 1));
        let codes = codes(&facts);
        assert_eq!(codes.iter().any(|found| found == code), code != "nothing", "{path}: {codes:?}");
    }
    let mut long = good();
    long.files.push((rel(&format!("{}/{}", "a".repeat(200), "b".repeat(100))), 1));
    assert_eq!(codes(&long), ["name.length"]);
    let mut twins = good();
    twins.files.push((rel("A003R1JL/a003c001_261123_R1JL.MOV"), 1));
    let finding = &found(&twins)[0];
    assert_eq!((finding.code.as_str(), finding.severity), ("name.case_collision", Severity::Error));
}

#[test]
fn empty_things_are_found() {
    let mut facts = good();
    facts.empty_folders.push(rel("A003R1JL/ARRI"));
    facts.files.push((rel("A003R1JL/list.txt"), 0));
    assert_eq!(codes(&facts), ["folders.empty", "files.zero_bytes"]);
    let none = found(&RollFacts::default());
    assert_eq!((none[0].code.as_str(), none[0].overridable), ("files.none", false));
}

#[test]
fn clips_and_rolls_are_checked() {
    let mut twice = good();
    add_clip(&mut twice, "A003C002_261123_R1JL", "A003R1JL", "15:00:00:00", "15:00:01:00");
    assert_eq!(codes(&twice), ["clip.duplicate_name"]);
    let mut gap = good();
    add_clip(&mut gap, "A003C005_261123_R1JL", "A003R1JL", "15:00:00:00", "15:00:01:00");
    assert!(found(&gap)[0].message.contains("C003 to C004"), "{:?}", found(&gap));
    let mut named = good();
    named.rolls[0].name = "roll 3".to_owned();
    assert_eq!(codes(&named), ["roll.name"]);
    let mut mixed = good();
    add_clip(&mut mixed, "A007C001_261123_R1JL", "A007R1JL", "16:00:00:00", "16:00:01:00");
    assert_eq!(codes(&mixed), Vec::<String>::new(), "two rolls in two folders are two rolls");
    mixed.clips[2].files[0].path = rel("A003R1JL/A007C001_261123_R1JL.mov");
    assert_eq!(codes(&mixed), ["roll.mixed"]);
    let mut cameras = good();
    cameras.records.get_mut(&1).unwrap().fields.remove("camera.serial");
    cameras.records.get_mut(&1).unwrap().state("camera.serial", "", Some(FieldValue::Text("2002".to_owned())), "", "mov");
    assert_eq!(codes(&cameras), ["roll.mixed"]);
}

#[test]
fn rates_and_timecode_are_checked() {
    let mut facts = good();
    let at = add_clip(&mut facts, "A003C003_261123_R1JL", "A003R1JL", "14:00:03:12", "14:00:05:00");
    assert_eq!(codes(&facts), ["timecode.overlap"]);
    assert!(found(&facts)[0].message.contains("12 frame"), "{:?}", found(&facts));
    let record = facts.records.get_mut(&at).unwrap();
    record.fields.remove("rate.project");
    record.state("rate.project", "fps", Some(FieldValue::Rational(25, 1)), "", "mov");
    assert_eq!(codes(&facts), ["rate.differs", "timecode.overlap"]);
    let project = good().in_project(ProjectFacts { rate: FrameRate::new(25, 1), ..ProjectFacts::default() });
    assert_eq!(codes(&project), ["rate.differs", "rate.differs"]);
    let mut midnight = good();
    add_clip(&mut midnight, "A003C003_261123_R1JL", "A003R1JL", "23:59:59:00", "00:00:01:00");
    assert_eq!(codes(&midnight), Vec::<String>::new(), "a clip over midnight overlaps nothing");
}

#[test]
fn sound_is_checked_against_the_house() {
    let mut facts = good();
    add_sound(&mut facts, 44_100, 16, "14:00:01:00", "14:00:03:00");
    let mut codes = codes(&facts);
    codes.sort();
    assert_eq!(codes, ["sound.bit_depth", "sound.sample_rate"]);
    let mut elsewhere = good();
    add_sound(&mut elsewhere, 48_000, 24, "19:00:00:00", "19:00:03:00");
    assert_eq!(self::codes(&elsewhere), ["sound.no_timecode_match"]);
}

#[test]
fn sources_that_disagree_are_shown_with_both_values() {
    let mut facts = good();
    facts.records.get_mut(&0).unwrap().state("reel.name", "", Some(FieldValue::Text("A004".to_owned())), "A004", "ale");
    let found = found(&facts);
    assert_eq!((found.len(), found[0].code.as_str()), (1, "metadata.conflict"));
    assert!(found[0].message.contains("A003R1JL (mov)") && found[0].message.contains("A004 (ale)"), "{}", found[0].message);
}

#[test]
fn profiles_differ_in_what_they_allow() {
    let mut facts = good();
    facts.files.push((rel("A003R1JL/take two+a.mov"), 1));
    let by = |name: &str| check(&profile(name).unwrap(), &facts).len();
    assert_eq!((by("house"), by("content-hub"), by("footage-ingest")), (1, 1, 0));
    facts.files.last_mut().unwrap().0 = rel("A003R1JL/take two.mov");
    let by = |name: &str| check(&profile(name).unwrap(), &facts).len();
    assert_eq!((by("house"), by("content-hub"), by("footage-ingest")), (0, 1, 0));
    facts.files.last_mut().unwrap().0 = rel("A003R1JL/take(2).mov");
    let by = |name: &str| check(&profile(name).unwrap(), &facts).len();
    assert_eq!((by("house"), by("content-hub"), by("footage-ingest")), (1, 1, 1));
}

#[test]
fn a_fault_of_ten_thousand_files_stays_readable() {
    let mut facts = good();
    facts.files.extend((0..10_000).map(|at| (rel(&format!("P/a:{at:05}.dpx")), 1)));
    let found = found(&facts);
    assert_eq!(found.len(), 50);
    assert!(found[49].message.contains("9950 more"));
}

#[test]
fn a_profile_of_ones_own_is_checked_when_it_is_read() {
    let own = "name = \"mine\"\ntitle = \"Mine\"\nextends = \"house\"\n[[rule]]\ncode = \"files.hidden\"\nseverity = \"error\"\noverridable = false\nhint = \"Ask.\"\n";
    assert_eq!(parse(own).unwrap().rule("files.hidden").unwrap().severity, Severity::Error);
    assert!(matches!(parse(&own.replace("files.hidden", "files.secret")), Err(ProfileError::UnknownCode(_))));
    assert!(matches!(parse(&own.replace("\"house\"", "\"nobody\"")), Err(ProfileError::UnknownBase(_))));
    // What builds on another profile names only what differs, or takes a rule out.
    let brief = "name = \"mine\"\ntitle = \"Mine\"\nextends = \"house\"\n[[rule]]\ncode = \"upload.rolls\"\nmax = 20\n[[rule]]\ncode = \"capture.floor\"\noff = true\n";
    let read = parse(brief).unwrap();
    assert_eq!(read.rule("upload.rolls").map(|rule| (rule.max, rule.severity)), Some((Some(20), Severity::Warning)));
    assert!(read.rule("capture.floor").is_none());
    assert!(matches!(parse(&brief.replace("extends = \"house\"\n", "")), Err(ProfileError::Incomplete { what: "severity", .. })));
    assert!(matches!(parse(&format!("{own}pattern = \"(\"\n")), Err(ProfileError::Pattern { .. })));
}

proptest! {
    #[test]
    fn odd_names_never_stop_a_check(names in proptest::collection::vec("[^/\0]{1,40}", 0..12)) {
        let mut facts = good();
        for name in names {
            if let Ok(path) = RelPath::new(&name) {
                facts.files.push((path, 0));
            }
        }
        for name in profile_names() {
            let found = check(&profile(name).unwrap(), &facts);
            prop_assert!(found.iter().all(|finding| CODES.contains(&finding.code.as_str())));
        }
    }
}
