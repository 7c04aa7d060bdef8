use crate::{clip, judged, reader, sample, words};
use checkgate_interchange::fdl::{self, Fdl, FdlRule, MatchedBy, ReadFdlError};
use checkgate_interchange::{ReadJsonError, RollClip};
use checkgate_model::{Clip, ClipKind, ClipRecord, FieldValue, FileRole, SequenceRange};
use proptest::prelude::*;
use serde_json::{Value, json};

const UUID: &str = "6f3f1a3e-6d0b-4a54-9d1f-0f6f8f3b8c11";

/// A list with everything in it, in version 2.0.
fn list() -> Value {
    json!({
        "uuid": UUID, "version": {"major": 2, "minor": 0}, "fdl_creator": "DIT", "default_framing_intent": "I1",
        "framing_intents": [{"label": "2.39", "id": "I1", "aspect_ratio": {"width": 239, "height": 100}, "protection": 0.1}],
        "contexts": [{
            "label": "ALEXA 35 4.6K", "context_creator": "DIT",
            "canvases": [{
                "label": "Open Gate", "id": "C1", "source_canvas_id": "C1", "dimensions": {"width": 4608, "height": 3164},
                "effective_dimensions": {"width": 4600, "height": 3160}, "effective_anchor_point": {"x": 4, "y": 2},
                "anamorphic_squeeze": 1.0,
                "framing_decisions": [{
                    "id": "C1-I1", "framing_intent_id": "I1", "dimensions": {"width": 4100, "height": 1715},
                    "anchor_point": {"x": 250, "y": 724}, "protection_dimensions": {"width": 4554, "height": 1905},
                    "protection_anchor_point": {"x": 27, "y": 629},
                }],
            }],
        }],
        "canvas_templates": [{
            "id": "T1", "target_dimensions": {"width": 3840, "height": 2160}, "target_anamorphic_squeeze": 1.0,
            "fit_source": "framing_decision.dimensions", "fit_method": "width", "round": {"even": "even", "mode": "up"},
        }],
    })
}

fn read(document: &Value) -> Fdl {
    fdl::parse(document.to_string().as_bytes()).unwrap()
}

/// Recorded by an ALEXA 35, and what else a day has.
fn roll() -> (Vec<ClipRecord>, Vec<Clip>) {
    let shot = |name: &str, index: &str, model: &str, raster: (i64, i64), squeeze: Option<(i64, i64)>| {
        let mut record = ClipRecord::new(name);
        record.state("camera.index", "", words(index), index, "name");
        record.state("camera.model", "", words(model), model, "ale");
        record.state("image.width_height", "px", Some(FieldValue::Size(raster.0, raster.1)), "raw", "mov");
        if let Some((num, den)) = squeeze {
            record.state("lens.squeeze", "", Some(FieldValue::Rational(num, den)), "raw", "ale");
        }
        record
    };
    let mut sound = ClipRecord::new("S001T01");
    sound.state("audio.channels", "", Some(FieldValue::Int(2)), "2", "wav");
    let records = vec![
        shot("A001C001", "A", "ALEXA 35", (4608, 3164), None),
        shot("A001C002", "A", "ALEXA 35", (4608, 3164), None),
        shot("B001C001", "B", "VENICE", (4096, 3432), Some((2, 1))),
        shot("P001C001", "P", "Plate", (4608, 3164), Some((1, 1))),
        ClipRecord::new("A001C009"),
        sound,
    ];
    let mut plate =
        clip("P001C001", ClipKind::Sequence, FileRole::Frame, &["P001/P001C001.0001001.ari", "P001/P001C001.0001008.ari"]);
    plate.sequence = Some(SequenceRange { first: 1001, last: 1008, missing: Vec::new() });
    let clips = vec![
        clip("A001C001", ClipKind::Video, FileRole::Essence, &["A001/A001C001.mov"]),
        clip("A001C002", ClipKind::Video, FileRole::Essence, &["A001/A001C002.mov"]),
        clip("B001C001", ClipKind::Video, FileRole::Essence, &["B001/B001C001.mxf"]),
        plate,
        clip("A001C009", ClipKind::Video, FileRole::Essence, &["A001/A001C009.mov"]),
        clip("S001T01", ClipKind::Sound, FileRole::Essence, &["S001T01.wav"]),
    ];
    (records, clips)
}

fn drafted() -> fdl::FdlDraft {
    let (records, clips) = roll();
    fdl::draft(UUID, &RollClip::pair(&records, &clips))
}

#[test]
fn a_draft_has_a_context_per_camera_format_and_no_decision_of_ours() {
    let draft = drafted();
    assert_eq!(draft.left_out, ["A001C009"], "a picture without a raster is told, sound is not meant");
    let document = &draft.fdl.document;
    let told: Vec<(&str, i64)> = document["contexts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|context| (context["label"].as_str().unwrap(), context["canvases"][0]["dimensions"]["width"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [("A ALEXA 35 4608x3164", 4608), ("B VENICE 4096x3432", 4096), ("P Plate 4608x3164", 4608)]);
    assert!(
        document.get("framing_intents").is_none() && document["contexts"][0]["canvases"][0].get("framing_decisions").is_none()
    );
    assert_eq!(document["contexts"][1]["canvases"][0]["anamorphic_squeeze"], 2.0);
    assert!(document["contexts"][0]["canvases"][0].get("anamorphic_squeeze").is_none(), "not known is not 1");
    assert_eq!(document["contexts"][0].get("clip_id"), None, "two clips are not one");
    assert_eq!(document["contexts"][1]["clip_id"], json!({"clip_name": "B001C001", "file": "B001/B001C001.mxf"}));
    let sequence = json!({"value": "P001/P001C001.#######.ari", "idx": "#", "min": 1001, "max": 1008});
    assert_eq!(document["contexts"][2]["clip_id"]["sequence"], sequence);
    assert_eq!(document["contexts"][0]["_checkgate"]["clips"], json!(["A001C001", "A001C002"]));
    assert_eq!(document["contexts"][1]["_checkgate"]["camera_format"]["camera.model"]["sources"][0]["source"], "ale");
    assert_eq!(draft.fdl.check(), []);
    assert_eq!(draft.fdl.link().as_deref(), Some("urn:uuid:6f3f1a3e-6d0b-4a54-9d1f-0f6f8f3b8c11"));

    // A draft finds its own clips again, and they agree.
    let (records, clips) = roll();
    let found = read(document).match_clips(&RollClip::pair(&records, &clips));
    let names: Vec<_> = found.matches.iter().map(|found| (found.clip.as_str(), found.canvas.as_str(), found.by)).collect();
    assert_eq!(
        names,
        [
            ("A001C001", "CANVAS01", MatchedBy::CameraFormat),
            ("A001C002", "CANVAS01", MatchedBy::CameraFormat),
            ("B001C001", "CANVAS02", MatchedBy::ClipId),
            ("P001C001", "CANVAS03", MatchedBy::ClipId),
        ]
    );
    assert!(found.matches.iter().all(|found| found.disagreements.is_empty()));
    assert_eq!(found.unmatched, ["A001C009", "S001T01"]);
}

#[test]
fn what_a_list_says_otherwise_than_the_camera_is_told() {
    let (records, clips) = roll();
    let clips = RollClip::pair(&records, &clips);
    let mut document = list();
    document["contexts"][0]["clip_id"] = json!({"clip_name": "B001C001", "file": "/Volumes/RAID/Day01/B001/B001C001.mxf"});
    let found = read(&document).match_clips(&clips);
    assert_eq!(found.matches.len(), 1, "a context that names a clip is for no other");
    assert_eq!(
        found.matches[0].disagreements,
        ["the canvas is 4608x3164, the clip 4096x3432", "the canvas is squeezed by 1, the clip by 2"]
    );
    // By raster and squeeze where nothing is named; a derived canvas is no recording.
    let mut document = list();
    document["contexts"][0]["label"] = json!("Camera A");
    let derived = json!({"id": "C2", "source_canvas_id": "C1", "dimensions": {"width": 4096, "height": 3432}});
    document["contexts"][0]["canvases"].as_array_mut().unwrap().push(derived);
    let found = read(&document).match_clips(&clips);
    let names: Vec<_> = found.matches.iter().map(|found| (found.clip.as_str(), found.by)).collect();
    assert_eq!(names, [("A001C001", MatchedBy::Raster), ("A001C002", MatchedBy::Raster), ("P001C001", MatchedBy::Raster)]);
}

/// The list of the committee's scenario 9 has version 0.1.
#[test]
fn an_old_list_becomes_a_valid_new_one_and_loses_nothing() {
    let Some(path) = sample("camera/fdl/Scenario-9__OriginalFDL_UsedToMakePlate.fdl") else { return };
    let old = fdl::parse(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!((old.version(), old.check()), (Some((0, 1)), Vec::new()));
    assert_eq!(fdl::parse(old.write().as_bytes()).unwrap(), old);
    let mut foreign = old.clone();
    foreign.document["camera_notes"] = json!({"lens": 32.5});
    foreign.document["_camera_notes"] = json!("ours");
    foreign.document["contexts"][0]["canvases"][0]["dimensions"]["unit"] = json!("px");
    let new = foreign.to_current();
    assert_eq!(new.version(), Some((2, 0)));
    assert_eq!(new.document["__camera_notes"]["lens"], 32.5, "a name that is taken is not taken twice");
    assert_eq!(new.document["_camera_notes"], "ours");
    assert_eq!(new.document["contexts"][0]["canvases"][0]["dimensions"]["_unit"], "px");
    assert_eq!(new.check(), []);
    if let Some(told) = judged("schemas/ascfdl/ascfdl.schema.v2.0.pyfdl.json", &[old.document, foreign.document, new.document]) {
        assert_ne!(told[0], "");
        assert_ne!(told[1], "");
        assert_eq!(told[2], "");
    }
}

/// Lists, each with one thing wrong, and the rule that finds it.
fn broken() -> Vec<(&'static str, Option<FdlRule>, Value)> {
    let canvas = "/contexts/0/canvases/0";
    let decision = "/contexts/0/canvases/0/framing_decisions/0";
    let with = |pointer: &str, value: Value| {
        let mut document = list();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
        document
    };
    let twice = |pointer: &str| {
        let mut document = list();
        let members = document.pointer_mut(pointer).unwrap().as_array_mut().unwrap();
        members.push(members[0].clone());
        document
    };
    let without = |pointer: &str, name: &str| {
        let mut document = list();
        document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
        document
    };
    let size = |width: i64, height: i64| json!({"width": width, "height": height});
    vec![
        ("whole", None, list()),
        ("custom attribute", None, with("/_dit", json!("x"))),
        ("no uuid", Some(FdlRule::Shape), without("", "uuid")),
        ("unknown field", Some(FdlRule::Shape), with("/dit", json!("x"))),
        ("id with a space", Some(FdlRule::Shape), with("/framing_intents/0/id", json!("a b"))),
        ("half a pixel", Some(FdlRule::Shape), with(&format!("{canvas}/dimensions"), json!({"width": 4608.5, "height": 3164}))),
        ("no squeeze", Some(FdlRule::Shape), with(&format!("{canvas}/anamorphic_squeeze"), json!(0))),
        ("effective without anchor", Some(FdlRule::Shape), without(canvas, "effective_anchor_point")),
        ("unknown fit", Some(FdlRule::Shape), with("/canvas_templates/0/fit_method", json!("stretch"))),
        (
            "file and sequence",
            Some(FdlRule::Shape),
            with(
                "/contexts/0/clip_id",
                json!({"clip_name": "a", "file": "b",
            "sequence": {"value": "a.#", "idx": "#", "min": 0, "max": 1}}),
            ),
        ),
        ("two canvases", Some(FdlRule::DuplicateId), twice("/contexts/0/canvases")),
        ("two intents", Some(FdlRule::DuplicateId), twice("/framing_intents")),
        ("two decisions", Some(FdlRule::DuplicateId), twice(&format!("{canvas}/framing_decisions"))),
        ("two templates", Some(FdlRule::DuplicateId), twice("/canvas_templates")),
        ("no such source", Some(FdlRule::UnresolvedId), with(&format!("{canvas}/source_canvas_id"), json!("C9"))),
        ("no such default", Some(FdlRule::UnresolvedId), with("/default_framing_intent", json!("I9"))),
        ("no such intent", Some(FdlRule::UnresolvedId), with(&format!("{decision}/framing_intent_id"), json!("I9"))),
        ("misnamed decision", Some(FdlRule::DecisionId), with(&format!("{decision}/id"), json!("C1-I9"))),
        ("effective too large", Some(FdlRule::Hierarchy), with(&format!("{canvas}/effective_dimensions"), size(4700, 3160))),
        ("decision too large", Some(FdlRule::Hierarchy), with(&format!("{decision}/dimensions"), size(4600, 1715))),
        ("protection too large", Some(FdlRule::Hierarchy), with(&format!("{decision}/protection_dimensions"), size(4604, 1905))),
        (
            "decision before protection",
            Some(FdlRule::Hierarchy),
            with(&format!("{decision}/anchor_point"), json!({"x": 20, "y": 724})),
        ),
        (
            "protection before effective",
            Some(FdlRule::Hierarchy),
            with(&format!("{decision}/protection_anchor_point"), json!({"x": 0, "y": 629})),
        ),
        (
            "decision ends outside",
            Some(FdlRule::Overhang),
            with(&format!("{decision}/anchor_point"), json!({"x": 550, "y": 724})),
        ),
    ]
}

/// Judged beside `asc-fdl`, the library of the ASC's committee.
#[test]
fn the_committees_library_objects_to_the_same_lists() {
    for (name, rule, document) in broken() {
        let rules: Vec<FdlRule> = read(&document).check().into_iter().map(|fault| fault.rule).collect();
        match rule {
            None => assert_eq!(rules, [], "{name}"),
            Some(rule) => assert!(rules.contains(&rule), "{name}: {rules:?}"),
        }
    }
    let Some(python) = reader(&["fdl"]) else { return };
    let script = "
import sys, json, fdl
def told(document):
    try:
        fdl.read_from_string(json.dumps(document), validate=True)
        return ''
    except fdl.FDLValidationError as error:
        return str(error)
print(json.dumps([told(document) for document in json.load(sys.stdin)]))
";
    let mut documents: Vec<Value> = broken().into_iter().map(|(_, _, document)| document).collect();
    documents.push(drafted().fdl.document);
    let printed = python.run(script, &[], &serde_json::to_vec(&documents).unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let told: Vec<String> = serde_json::from_str(&printed).unwrap();
    for ((name, rule, _), told) in broken().into_iter().zip(&told) {
        let ours = rule.is_some_and(|rule| rule != FdlRule::Overhang);
        assert_eq!(!told.is_empty(), ours, "{name}: {told}");
    }
    assert_eq!(told.last().map(String::as_str), Some(""), "our draft");
}

/// Judged by the schema of version 2.0.
#[test]
fn drafts_are_valid_by_the_schema() {
    let Some(told) = judged("schemas/ascfdl/ascfdl.schema.v2.0.pyfdl.json", &[drafted().fdl.document, list()]) else { return };
    assert_eq!(told, ["", ""]);
}

#[test]
fn versions_of_tomorrow_and_other_documents_are_refused() {
    let mut document = list();
    document["version"]["major"] = json!(3);
    assert!(matches!(fdl::parse(document.to_string().as_bytes()), Err(ReadFdlError::Version { major: 3, minor: 0 })));
    assert!(matches!(fdl::parse(b"{\"uuid\":1}"), Err(ReadFdlError::Json(ReadJsonError::OtherKind(_)))));
    assert!(matches!(fdl::parse(b"\xff\xfe"), Err(ReadFdlError::Json(ReadJsonError::Syntax(_)))));
}

/// Any value in any place of the list.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[\\PC]{0,40}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({"id": "C1", "x": [1]})),
        Just(json!([{"id": "C1"}, 7])),
    ]
}

proptest! {
    #[test]
    fn values_of_another_kind_are_told_and_never_panic(at in any::<prop::sample::Index>(), value in anything()) {
        let mut document = list();
        let mut places = vec![String::new()];
        let mut open = vec![(String::new(), document.clone())];
        while let Some((place, value)) = open.pop() {
            let inside: Vec<(String, Value)> = match value {
                Value::Object(object) => object.into_iter().collect(),
                Value::Array(members) => members.into_iter().enumerate().map(|(at, member)| (at.to_string(), member)).collect(),
                _ => Vec::new(),
            };
            for (name, value) in inside {
                places.push(format!("{place}/{name}"));
                open.push((format!("{place}/{name}"), value));
            }
        }
        *document.pointer_mut(&places[at.index(places.len())]).unwrap() = value;
        if let Ok(fdl) = fdl::parse(document.to_string().as_bytes()) {
            let (records, clips) = roll();
            let _ = fdl.check();
            let _ = fdl.match_clips(&RollClip::pair(&records, &clips));
            let current = fdl.to_current();
            prop_assert_eq!(fdl::parse(current.write().as_bytes()).unwrap(), current);
        }
    }

    #[test]
    fn damaged_lists_are_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = list().to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = fdl::parse(&bytes).map(|fdl| fdl.check());
        bytes.truncate(cut.index(bytes.len()));
        let _ = fdl::parse(&bytes);
    }
}
