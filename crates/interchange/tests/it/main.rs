//! Promises of the exchange formats, and what readers that are not ours make of our files.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests fail loudly, name what they skip, and read samples themselves"
)]

mod ale;
mod csv;
mod edl;
mod fdl;
mod omc;
mod opentrackio;
mod otio;

use checkgate_model::{Clip, ClipFile, ClipKind, ClipRecord, FieldValue, FileRole, RelPath};
use checkgate_testkit::python::ReferencePython;
use std::path::{Path, PathBuf};

/// A folder or file of the samples, or a word about why the test says nothing.
fn sample(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CHECKGATE_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"), PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("SKIPPED: samples missing ({})", found.display());
    None
}

/// A Python with the packages of a reader that is not ours.
fn reader(packages: &[&str]) -> Option<ReferencePython> {
    let found = ReferencePython::find(packages);
    if found.is_none() {
        eprintln!("SKIPPED: no Python with {} (./dev setup, or CHECKGATE_PYTHON)", packages.join(", "));
    }
    found
}

fn words(text: &str) -> Option<FieldValue> {
    Some(FieldValue::Text(text.to_owned()))
}

fn record() -> ClipRecord {
    let mut record = ClipRecord::new("A003C001_261123_R1JL");
    for (field, value) in [
        ("clip.name", words("A003C001_261123_R1JL")),
        ("tc.start", words("14:23:07:11")),
        ("tc.end", words("14:23:09:11")),
        ("tc.rate", Some(FieldValue::Rational(24_000, 1001))),
        ("duration.frames", Some(FieldValue::Int(48))),
        ("reel.name", words("A003R1JL")),
        ("file.name", words("A003C001_261123_R1JL.mov")),
        ("image.width_height", Some(FieldValue::Size(1920, 1080))),
        ("audio.channels", Some(FieldValue::Int(2))),
        ("audio.sample_rate", Some(FieldValue::Int(48_000))),
        ("slate.scene", words("012A\tand more")),
        ("look.cdl", Some(FieldValue::List(vec![1.05, 1.0, 0.96, 0.002, 0.0, -0.003, 1.0, 1.0, 1.02]))),
    ] {
        record.state(field, "", value, "raw", "test");
    }
    record
}

/// A record with a start, a rate and a length, and nothing else.
fn timed(name: &str, start: &str, rate: (i64, i64), frames: i64) -> ClipRecord {
    let mut record = ClipRecord::new(name);
    record.state("tc.start", "", words(start), start, "test");
    record.state("tc.rate", "fps", Some(FieldValue::Rational(rate.0, rate.1)), "raw", "test");
    record.state("duration.frames", "frame", Some(FieldValue::Int(frames)), "raw", "test");
    record
}

/// A clip of files that all play `role`.
fn clip(name: &str, kind: ClipKind, role: FileRole, paths: &[&str]) -> Clip {
    let files = paths.iter().map(|path| ClipFile { path: RelPath::new(path).unwrap(), size_bytes: 1, role }).collect();
    Clip { name: name.to_owned(), roll: None, kind, files, sequence: None }
}

/// What the schema at `path` of the samples says about each document: nothing, or its first objection. Judged by `jsonschema`.
fn judged(schema: &str, documents: &[serde_json::Value]) -> Option<Vec<String>> {
    let schema = sample(schema)?;
    let python = reader(&["jsonschema"])?;
    let script = "
import sys, json, jsonschema
schema = json.load(open(sys.argv[1], encoding='utf-8'))
judge = jsonschema.validators.validator_for(schema)(schema)
def told(document):
    for error in judge.iter_errors(document):
        best = jsonschema.exceptions.best_match([error])
        return '%s: %s' % (best.json_path, best.message[:300])
    return ''
print(json.dumps([told(document) for document in json.load(sys.stdin)]))
";
    let input = serde_json::to_vec(documents).unwrap();
    let printed = python.run(script, &[schema.to_str().unwrap()], &input).unwrap_or_else(|error| panic!("{error}"));
    Some(serde_json::from_str(&printed).unwrap())
}

/// A picture with everything a camera tells.
fn rich() -> ClipRecord {
    let mut rich = record();
    let number = |number| Some(FieldValue::Int(number));
    let float = |number| Some(FieldValue::Float(number));
    for (field, value) in [
        ("clip.uid", words("5b4c1a9e-8a66-4b3c-9f7a-6f0e4f0d2a11")),
        ("camera.index", words("A")),
        ("camera.make", words("ARRI")),
        ("camera.model", words("ALEXA 35")),
        ("camera.serial", words("51234")),
        ("media.serial", words("CDX-1")),
        ("rate.project", Some(FieldValue::Rational(24_000, 1001))),
        ("rate.sensor", Some(FieldValue::Rational(48_000, 1001))),
        ("exposure.index", number(800)),
        ("exposure.shutter_angle", float(172.8)),
        ("wb.kelvin", number(5600)),
        ("wb.tint", float(-3.5)),
        ("lens.model", words("Signature Prime 35")),
        ("lens.focal_length", float(35.0)),
        ("lens.focus_distance", float(1.25)),
        ("lens.t_stop", float(2.8)),
        ("lens.squeeze", Some(FieldValue::Rational(13, 10))),
        ("slate.take", words("3")),
        ("slate.circled", Some(FieldValue::Bool(true))),
        ("time.recorded_at", words("2026-11-23T09:41:00+01:00")),
        ("codec.name", words("ProRes 4444 XQ")),
    ] {
        rich.state(field, "", value, "raw", "A003R1JL_AVID.ale: column");
    }
    rich.state("lens.serial", "", None, "n.a.", "A003R1JL_AVID.ale: column Lens_sn");
    rich.state("wb.kelvin", "K", Some(FieldValue::Int(5500)), "5500", "other");
    rich
}

/// Sound, where all that is known is what a recorder tells.
fn sound() -> ClipRecord {
    let mut sound = timed("S001T01", "14:23:00;02", (30_000, 1001), 900);
    for (field, value) in [("audio.channels", 6), ("audio.sample_rate", 48_000), ("audio.bit_depth", 24)] {
        sound.state(field, "", Some(FieldValue::Int(value)), "raw", "S001T01.WAV");
    }
    sound.state("sound.roll", "", words("S001"), "S001", "S001T01.WAV: iXML TAPE");
    sound
}
