use crate::{clip, judged, rich, sample, sound, timed, words};
use checkgate_interchange::{ReadJsonError, RollClip, opentrackio};
use checkgate_model::{ClipKind, ClipRecord, FieldValue, FileRole};
use proptest::prelude::*;
use serde_json::{Value, json};

const SCHEMA: &str = "schemas/opentrackio/schema.json";
const FDL: &str = "urn:uuid:6f3f1a3e-6d0b-4a54-9d1f-0f6f8f3b8c11";

fn samples() -> opentrackio::OpenTrackIo {
    let mut fast = timed("F", "23:59:59:100", (120, 1), 1);
    fast.state("lens.squeeze", "", Some(FieldValue::Rational(-4, 0)), "raw", "test");
    fast.state("exposure.shutter_angle", "deg", Some(FieldValue::Float(900.0)), "raw", "test");
    fast.state("camera.model", "", words(&"x".repeat(2_000)), "raw", "test");
    let records = [rich(), timed("D", "01:00:00;02", (30_000, 1001), 1_800), fast, sound(), ClipRecord::new("bare")];
    let clips = [clip(&records[0].clip, ClipKind::Video, FileRole::Essence, &["A003R1JL/A003C001.mov"])];
    let mut count = 0;
    opentrackio::samples(&RollClip::pair(&records, &clips), Some(FDL), || {
        count += 1;
        format!("00000000-0000-4000-8000-{count:012}")
    })
}

#[test]
fn a_sample_has_exact_fractions_and_nothing_that_is_not_known() {
    let samples = samples().samples;
    assert_eq!(samples.len(), 4, "sound is no camera");
    let first = &samples[0];
    assert_eq!(
        first["static"],
        json!({
            "duration": {"num": 1001, "denom": 500},
            "camera": {
                "make": "ARRI", "model": "ALEXA 35", "serialNumber": "51234", "label": "A",
                "captureFrameRate": {"num": 48_000, "denom": 1001}, "anamorphicSqueeze": {"num": 13, "denom": 10},
                "isoSpeed": 800, "shutterAngle": 172.8, "fdlLink": FDL,
            },
            "lens": {"model": "Signature Prime 35", "nominalFocalLength": 35.0},
        })
    );
    assert_eq!(first["lens"], json!({"tStop": 2.8, "focusDistance": 1.25}));
    let rate = json!({"num": 24_000, "denom": 1001});
    let timecode = json!({"hours": 14, "minutes": 23, "seconds": 7, "frames": 11, "frameRate": rate, "dropFrame": false});
    assert_eq!(first["timing"], json!({"sampleRate": rate, "timecode": timecode}));
    assert_eq!(first["sourceId"], "urn:uuid:5b4c1a9e-8a66-4b3c-9f7a-6f0e4f0d2a11");
    assert_eq!(first["custom"]["checkgate"]["path"], "A003R1JL/A003C001.mov");
    assert_eq!(first["custom"]["checkgate"]["record"]["fields"]["wb.kelvin"]["state"], "conflict");
    assert_eq!(samples[1]["timing"]["timecode"]["dropFrame"], true);
    assert_eq!(samples[1]["static"]["duration"], json!({"num": 3003, "denom": 50}), "1800 frames are 60.06 seconds");
    let impossible = &samples[2]["static"]["camera"];
    assert_eq!(*impossible, json!({"fdlLink": FDL}), "what the protocol cannot hold stays in the record");
    assert_eq!(samples[2]["timing"]["timecode"]["frames"], 100);
    assert!(samples[3].get("timing").is_none());
}

/// Judged by the schema of OpenTrackIO.
#[test]
fn samples_are_valid_by_the_schema() {
    let mut documents = samples().samples;
    let mut broken = documents[0].clone();
    broken["static"]["camera"]["isoSpeed"] = json!("800");
    documents.push(broken);
    let Some(told) = judged(SCHEMA, &documents) else { return };
    assert_eq!(told[..4], ["", "", "", ""]);
    assert_ne!(told[4], "");
}

#[test]
fn samples_come_back_whole() {
    let mut written = samples();
    written.samples[1]["vendor"] = json!({"kept": 0.1});
    let text = written.write();
    assert_eq!(text.lines().count(), 4, "one a line");
    assert_eq!(opentrackio::parse(text.as_bytes()).unwrap(), written);
    for name in ["complete_static", "complete_dynamic", "recommended_static", "recommended_dynamic"] {
        let Some(path) = sample(&format!("schemas/opentrackio/examples/{name}_example.json")) else { return };
        let bytes = std::fs::read(path).unwrap();
        let read = opentrackio::parse(&bytes).unwrap();
        assert_eq!(read.samples, [serde_json::from_slice::<Value>(&bytes).unwrap()], "{name}");
        assert_eq!(opentrackio::parse(read.write().as_bytes()).unwrap(), read);
    }
}

#[test]
fn what_is_no_sample_is_refused() {
    for text in ["", "{}", "1 2 3", "{\"timing\":{}} {}", "[{\"timing\":{}}]"] {
        assert!(matches!(opentrackio::parse(text.as_bytes()), Err(ReadJsonError::OtherKind(_))), "{text}");
    }
    assert!(matches!(opentrackio::parse(b"{\"timing\":{}} {"), Err(ReadJsonError::Syntax(_))));
    assert!(matches!(opentrackio::parse(&b"0 ".repeat(2_000_002)), Err(ReadJsonError::TooLarge(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = samples().write().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = opentrackio::parse(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = opentrackio::parse(&bytes);
    }

    #[test]
    fn any_numbers_make_a_valid_sample_or_none(frames in any::<i64>(), num in any::<i64>(), den in any::<i64>(), start in "[0-9:;]{0,14}") {
        let mut record = timed("X", &start, (num, den), frames);
        record.state("lens.squeeze", "", Some(FieldValue::Rational(den, num)), "", "test");
        let clip = RollClip { record: &record, clip: None };
        let _ = opentrackio::samples(&[clip], None, String::new);
        let _ = checkgate_interchange::otio::timeline("X", &[clip]).clips().len();
        let _ = checkgate_interchange::omc::assets(&[clip]);
        let _ = checkgate_interchange::ale::from_records(std::slice::from_ref(&record), checkgate_model::FrameRate { num: 24, den: 1 }, "CUSTOM");
    }
}
