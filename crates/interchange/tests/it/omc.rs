use crate::{clip, judged, rich, sample, sound, timed};
use checkgate_interchange::{ReadJsonError, RollClip, omc};
use checkgate_model::{Clip, ClipKind, ClipRecord, FileRole, SequenceRange};
use proptest::prelude::*;
use serde_json::{Value, json};

const SCHEMA: &str = "schemas/omc/OMC-JSON-v2.8.schema.json";

fn roll() -> (Vec<ClipRecord>, Vec<Clip>) {
    let mut plate = rich();
    plate.clip = "A003C002".to_owned();
    plate.fields.get_mut("clip.name").unwrap().value = crate::words("A003C002");
    let records = vec![rich(), plate, timed("X", "01:00:00:00", (25, 1), 25), sound(), ClipRecord::new("bare")];
    let mut frames = clip("A003C002", ClipKind::Sequence, FileRole::Frame, &["A003R1JL/A003C002/A003C002.0000001.ari"]);
    frames.sequence = Some(SequenceRange { first: 1, last: 24, missing: vec![2] });
    let clips = vec![
        clip(&records[0].clip, ClipKind::Video, FileRole::Segment, &["A003R1JL/A003C001_001.mov", "A003R1JL/A003C001_002.mov"]),
        frames,
        clip("X", ClipKind::Still, FileRole::Essence, &["X"]),
        clip("S001T01", ClipKind::Sound, FileRole::Essence, &["S001T01.WAV"]),
    ];
    (records, clips)
}

fn document() -> omc::Omc {
    let (records, clips) = roll();
    omc::assets(&RollClip::pair(&records, &clips))
}

#[test]
fn a_roll_holds_its_clips_in_order_and_says_only_what_is_known() {
    let Value::Array(entities) = document().document else { panic!("a list") };
    let names: Vec<&str> = entities.iter().map(|entity| entity["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["A003R1JL", "X", "S001", "bare"]);
    let [roll, single, sound_roll, bare] = &entities[..] else { panic!("four") };
    assert_eq!(
        (&roll["assetFC"]["functionalType"], &roll["AssetSC"]["structuralType"]),
        (&json!("capture.roll"), &json!("assetGroup"))
    );
    let first = &roll["Asset"][0];
    assert_eq!(first["identifier"][0]["identifierValue"], "clip/A003R1JL/A003R1JL/A003C001_001.mov");
    assert_eq!(
        first["identifier"][1],
        json!({"identifierScope": "uuid", "identifierValue": "5b4c1a9e-8a66-4b3c-9f7a-6f0e4f0d2a11"})
    );
    let properties = &first["assetFC"]["functionalProperties"];
    let camera = &properties["cameraMetadata"];
    for (name, value) in [
        ("cameraLabel", "A"),
        ("exposureIndex", "800"),
        ("shutterAngle", "172.8"),
        ("whiteBalance", "5600"),
        ("captureRate", "47.952"),
        ("playbackRate", "23.976"),
        ("timecodeStart", "14:23:07:11"),
        ("frameWidth", "1920"),
        ("circleTake", "true"),
        ("reelName", "A003R1JL"),
    ] {
        assert_eq!(camera[name], value, "{name}");
    }
    assert!(camera.get("isoSpeed").is_none() && camera.get("fdlLink").is_none(), "what is not known is absent");
    assert_eq!(
        properties["lensMetadata"],
        json!({"lensModel": "Signature Prime 35", "focalLength": "35", "focusPosition": "1.25", "tStop": "2.8", "anamorphicSqueeze": "13/10"})
    );
    let slate = &first["Context"][0]["has"]["Slate"][0];
    assert_eq!((&slate["shootDate"], &slate["recordingFPS"]), (&json!("2026-11-23"), &json!(48_000.0 / 1001.0)));
    assert_eq!(slate["description"], "Scene: 012A\tand more, Take: 3");
    let file = &first["AssetSC"]["structuralProperties"]["fileDetails"];
    assert_eq!(*file, json!({"fileName": "A003C001_001.mov", "filePath": "A003R1JL", "fileExtension": "mov"}));
    assert_eq!(first["customData"][0]["value"]["files"][1]["path"], "A003R1JL/A003C001_002.mov");
    assert_eq!(roll["Asset"][1]["AssetSC"]["structuralType"], "digital.imageSequence");
    assert_eq!(
        (&single["assetFC"]["functionalType"], &single["AssetSC"]["structuralType"]),
        (&json!("capture.ocf"), &json!("digital.image"))
    );
    let take = &sound_roll["Asset"][0];
    assert_eq!(take["assetFC"]["functionalType"], "capture.audio");
    let properties = &take["AssetSC"]["structuralProperties"];
    assert_eq!((&properties["audioSampleRate"], &properties["audioSampleSize"]), (&json!(48), &json!(24)));
    assert!(bare.get("Context").is_none());
}

/// Judged by MovieLabs' schema of version 2.8.
#[test]
fn rolls_are_valid_by_the_schema() {
    let mut stranger = document().document;
    stranger[0]["Asset"][0]["assetFC"]["functionalProperties"]["cameraMetadata"]["vendorThing"] = json!("x");
    let Some(told) = judged(SCHEMA, &[document().document, stranger]) else { return };
    assert_eq!(told[0], "");
    assert_ne!(told[1], "", "the judge objects to what is not in the schema");
}

#[test]
fn records_and_unknown_fields_come_back() {
    let mut written = document();
    written.document[0]["vendorExtension"] = json!({"kept": [1, 2.5, null]});
    let read = omc::parse(written.write().as_bytes()).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.write(), written.write());
    let (records, _) = roll();
    assert_eq!(read.records(), records, "with every source, conflict and unknown");
    for name in ["example-Asset.json", "example-Asset-Slate.json", "example-Slate.json"] {
        let Some(path) = sample(&format!("schemas/omc/{name}")) else { return };
        let bytes = std::fs::read(path).unwrap();
        let read = omc::parse(&bytes).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&read.write()).unwrap(),
            serde_json::from_slice::<Value>(&bytes).unwrap(),
            "{name}"
        );
        assert_eq!(read.records(), []);
    }
}

#[test]
fn what_is_no_ontology_is_refused() {
    for text in ["[]", "{}", "[{\"entityType\":\"Asset\"},7]", "\"Asset\""] {
        assert!(matches!(omc::parse(text.as_bytes()), Err(ReadJsonError::OtherKind(_))), "{text}");
    }
}

proptest! {
    #[test]
    fn damaged_documents_are_read_or_refused(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = document().write().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(read) = omc::parse(&bytes) {
            let _ = read.records();
        }
    }
}
