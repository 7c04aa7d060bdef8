//! One roll that breaks each rule about project, delivery, capture and looks, and one that does not.

use super::{add_clip, add_sound, codes, found, good, rel};
use checkgate_model::{DayRange, FieldValue, FileRole, Severity, Timecode};
use checkgate_rules::{
    DeliveredRoll, DeliveryFacts, KnownPicture, KnownRoll, LookFacts, ProjectFacts, RollFacts, Twin, TwinBy, check, profile,
};

fn set(facts: &mut RollFacts, at: usize, field: &str, value: FieldValue) {
    let record = facts.records.get_mut(&at).unwrap();
    record.fields.remove(field);
    record.state(field, "", Some(value), "", "mov");
}

fn text(words: &str) -> FieldValue {
    FieldValue::Text(words.to_owned())
}

fn code(text: &str) -> Timecode {
    Timecode::parse(text, 25).unwrap()
}

#[test]
fn a_roll_is_unique_in_its_project() {
    let known = |name: &str| ProjectFacts {
        rolls: vec![KnownRoll { name: name.to_owned(), card: "A003 of 2026-11-20".to_owned() }],
        ..ProjectFacts::default()
    };
    let facts = good().in_project(known("a003r1jl"));
    assert_eq!(codes(&facts), ["roll.duplicate"]);
    assert!(found(&facts)[0].overridable && found(&facts)[0].severity == Severity::Error);
    assert_eq!(codes(&good().in_project(known("A004R1JL"))), Vec::<String>::new());
}

#[test]
fn the_same_recording_on_another_card_is_told_from_another_one_of_that_name() {
    let twin = |by| ProjectFacts { twins: vec![Twin { clip: 1, card: "B002".to_owned(), by }], ..ProjectFacts::default() };
    for (by, code) in [
        (TwinBy::Content, "clip.on_other_card"),
        (TwinBy::ClipId, "clip.on_other_card"),
        (TwinBy::Name, "clip.same_name_elsewhere"),
    ] {
        let found = found(&good().in_project(twin(by)));
        assert_eq!((found.len(), found[0].code.as_str()), (1, code));
        assert_eq!(found[0].clip.as_deref(), Some("A003C002_261123_R1JL"));
    }
}

#[test]
fn colour_is_judged_against_the_project_or_the_rest_of_the_roll() {
    let mut facts = good();
    add_clip(&mut facts, "A003C003_261123_R1JL", "A003R1JL", "15:00:00:00", "15:00:01:00");
    for at in 0..3 {
        set(&mut facts, at, "color.gamma", text("ARRI LogC4"));
        set(&mut facts, at, "color.primaries", text("ARRI Wide Gamut 4"));
    }
    assert_eq!(codes(&facts), Vec::<String>::new());
    set(&mut facts, 2, "color.gamma", text("ARRI LogC3"));
    assert_eq!(codes(&facts), ["color.differs"]);
    let project = |encodings: &[&str]| ProjectFacts {
        encodings: encodings.iter().map(|one| (*one).to_owned()).collect(),
        ..ProjectFacts::default()
    };
    assert_eq!(codes(&facts.clone().in_project(project(&["logc4", "Log C3"]))), Vec::<String>::new(), "both are taken");
    assert_eq!(codes(&facts.in_project(project(&["S-Log3"]))).len(), 3);
}

#[test]
fn the_capture_floor_is_said_once_for_a_card_of_one_mode() {
    let mut facts = good();
    for at in 0..2 {
        set(&mut facts, at, "image.width_height", FieldValue::Size(3840, 2160));
        set(&mut facts, at, "codec.name", text("Apple ProRes 422 HQ"));
        set(&mut facts, at, "codec.bit_depth", FieldValue::Int(10));
        set(&mut facts, at, "duration.frames", FieldValue::Int(48));
        facts.clips[at].files[0].size_bytes = 60_000_000;
    }
    assert_eq!(codes(&facts), Vec::<String>::new(), "240 Mb/s and all the rest");
    for (field, value, words) in [
        ("image.width_height", FieldValue::Size(1920, 1080), "2 of 2 clips: 1920 photosites wide"),
        ("codec.bit_depth", FieldValue::Int(8), "8 bit"),
        ("codec.name", text("H.264"), "H.264 is neither raw nor intra-frame"),
        ("codec.name", text("H.265"), "H.265 is neither raw nor intra-frame"),
        ("color.gamma", text("Rec.709"), "made for a display"),
        ("duration.frames", FieldValue::Int(480), "under 240 Mb/s"),
    ] {
        let mut below = facts.clone();
        set(&mut below, 0, field, value.clone());
        set(&mut below, 1, field, value);
        let found = found(&below);
        assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["capture.floor"], "{field}: {found:?}");
        assert!(found[0].message.contains(words), "{}", found[0].message);
    }
    for fine in ["H.264 Intra", "XAVC Intra", "AVC-Intra 100", "X-OCN XT", "ARRIRAW", "Apple ProRes RAW"] {
        set(&mut facts, 0, "codec.name", text(fine));
        assert_eq!(codes(&facts), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn a_nameless_camera_asks_for_its_name() {
    let mut facts = good();
    facts.records.get_mut(&0).unwrap().fields.remove("camera.model");
    let found = found(&facts);
    assert_eq!(found[0].code, "camera.unknown");
    assert!(found[0].message.contains("1 of 2 clips"), "{}", found[0].message);
}

#[test]
fn timecode_is_compared_over_midnight() {
    let mut facts = good();
    add_clip(&mut facts, "A003C003_261123_R1JL", "A003R1JL", "23:59:59:00", "00:00:03:00");
    add_clip(&mut facts, "A003C004_261123_R1JL", "A003R1JL", "00:00:02:00", "00:00:05:00");
    let found = found(&facts);
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["timecode.overlap"]);
    assert!(found[0].message.contains("24 frame"), "{}", found[0].message);
}

#[test]
fn a_take_of_single_channels_is_not_poly() {
    let mut facts = good();
    add_sound(&mut facts, 48_000, 24, "14:00:01:00", "14:00:03:00");
    set(&mut facts, 2, "audio.channels", FieldValue::Int(4));
    assert_eq!(codes(&facts), Vec::<String>::new());
    set(&mut facts, 2, "audio.channels", FieldValue::Int(1));
    assert_eq!(codes(&facts), Vec::<String>::new(), "a single channel is polyphonic enough");
    let mut second = facts.clips[2].files[0].clone();
    second.path = rel("26Y11M23/S12AT03_2.WAV");
    facts.files.push((second.path.clone(), 10));
    facts.clips[2].files.push(second);
    assert_eq!(codes(&facts), ["sound.not_poly"]);
}

#[test]
fn sound_is_matched_with_picture_of_other_cards_of_its_day() {
    let sound_card = || {
        let mut facts = RollFacts::default();
        add_sound(&mut facts, 48_000, 24, "14:00:01:00", "14:00:03:00");
        set(&mut facts, 0, "time.recorded_at", text("2026-11-23T14:00:01"));
        facts.rolls.clear();
        facts
    };
    let picture = |day: Option<&str>, start: &str, end: &str| KnownPicture {
        day: day.map(str::to_owned),
        range: DayRange::between(code(start), code(end)),
    };
    for (pictures, wanted) in [
        (vec![], 0),
        (vec![picture(Some("2026-11-23"), "14:00:02:24", "14:10:00:00")], 0),
        (vec![picture(None, "14:00:02:24", "14:10:00:00")], 0),
        (vec![picture(Some("2026-11-23"), "14:00:03:00", "14:10:00:00")], 1),
        (vec![picture(Some("2026-11-22"), "15:00:00:00", "15:10:00:00")], 0),
    ] {
        let facts = sound_card().in_project(ProjectFacts { pictures: pictures.clone(), ..ProjectFacts::default() });
        let count = found(&facts).iter().filter(|one| one.code == "sound.no_timecode_match").count();
        assert_eq!(count, wanted, "{pictures:?}");
    }
}

#[test]
fn looks_find_their_clip_their_file_and_their_aces() {
    let look = LookFacts {
        path: "A003R1JL/A003C001.amf".to_owned(),
        clips: vec!["A003C001_261123_R1JL.mov".to_owned()],
        missing_files: vec![],
        aces: Some("2.0.0".to_owned()),
    };
    let with = |look: LookFacts| {
        let mut facts = good();
        facts.looks = vec![look];
        facts.in_project(ProjectFacts { aces: Some("2".to_owned()), ..ProjectFacts::default() })
    };
    assert_eq!(codes(&with(look.clone())), Vec::<String>::new());
    assert_eq!(codes(&with(LookFacts { clips: vec!["B001C001".to_owned()], ..look.clone() })), ["look.clip_missing"]);
    assert_eq!(codes(&with(LookFacts { missing_files: vec!["show.clf".to_owned()], ..look.clone() })), ["look.file_missing"]);
    assert_eq!(codes(&with(LookFacts { aces: Some("1.3".to_owned()), ..look })), ["look.aces_differs"]);
    let mut stills = good();
    stills.reference_stills = Some(2);
    assert_eq!(codes(&stills), Vec::<String>::new());
    stills.reference_stills = Some(1);
    assert_eq!(codes(&stills), ["stills.count"]);
}

fn delivered() -> DeliveredRoll {
    DeliveredRoll {
        folder: Some(rel("20261123/A003R1JL")),
        name: "A003R1JL".to_owned(),
        manifests: vec!["ascmhl".to_owned()],
        files: 3,
        bytes: 1_000_000_000_000,
        days: ["2026-11-23".to_owned()].into(),
        ..DeliveredRoll::default()
    }
}

fn handing_over(rolls: Vec<DeliveredRoll>) -> RollFacts {
    RollFacts { delivery: Some(DeliveryFacts { rolls }), ..good() }
}

#[test]
fn what_is_handed_over_is_sealed_apart_and_whole() {
    assert_eq!(codes(&handing_over(vec![delivered()])), Vec::<String>::new());
    for (change, code, severity, overridable) in [
        ((|roll| roll.manifests.clear()) as fn(&mut DeliveredRoll), "manifest.missing", Severity::Error, false),
        (|roll| roll.manifests.push("A003R1JL.mhl".to_owned()), "manifest.several", Severity::Error, true),
        (|roll| roll.unreadable.push("it is no XML".to_owned()), "manifest.unreadable", Severity::Error, false),
        (|roll| roll.missing.push(rel("a.mov")), "manifest.file_missing", Severity::Error, false),
        (|roll| roll.differing.push(rel("a.mov")), "manifest.hash_differs", Severity::Error, false),
        (|roll| roll.extra.push(rel("a.txt")), "manifest.extra_file", Severity::Warning, true),
        (|roll| roll.at_volume_root = true, "roll.at_volume_root", Severity::Error, true),
        (|roll| roll.inside = Some("A002".to_owned()), "roll.nested", Severity::Error, true),
    ] {
        let mut roll = delivered();
        change(&mut roll);
        let found = found(&handing_over(vec![roll]));
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        assert_eq!((found[0].code.as_str(), found[0].severity, found[0].overridable), (code, severity, overridable));
    }
}

#[test]
fn an_upload_has_a_day_and_a_size() {
    let rolls =
        |count: usize| (0..count).map(|at| DeliveredRoll { name: format!("A{at:03}"), ..delivered() }).collect::<Vec<_>>();
    assert_eq!(codes(&handing_over(rolls(10))), Vec::<String>::new());
    let large = found(&handing_over(rolls(25)));
    assert_eq!((large.len(), large[0].code.as_str()), (1, "upload.bytes"));
    assert!(large[0].message.contains("3 uploads"), "{}", large[0].message);
    let mut many = rolls(101);
    many.iter_mut().for_each(|roll| roll.bytes = 1);
    assert_eq!(codes(&handing_over(many.clone())), ["upload.rolls"]);
    many.truncate(2);
    many[0].files = 250_000;
    many[1].days = ["2026-11-24".to_owned()].into();
    let found = found(&handing_over(many));
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["upload.days", "upload.files"]);
    assert!(found[0].message.contains("2026-11-23: A000; 2026-11-24: A001"), "{}", found[0].message);
}

#[test]
fn facts_that_are_not_known_break_nothing() {
    // No records at all: names and files only.
    let mut facts = good();
    facts.records.clear();
    for name in ["house", "content-hub", "footage-ingest"] {
        assert_eq!(check(&profile(name).unwrap(), &facts), vec![], "{name}");
    }
    assert!(facts.clips.iter().all(|clip| clip.files[0].role == FileRole::Essence));
}
