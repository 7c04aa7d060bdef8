//! Owns MovieLabs Ontology for Media Creation as JSON (OMC-JSON 2.8). A roll is an `Asset` of type `capture.roll`, its clips are the
//! `capture.ocf` in it, in order; sound is `capture.audio`. All camera and lens values of OMC are texts without a unit: they are
//! those of the canonical record (mm, m, deg, K, fps). The record itself, with its sources and exact fractions, is in `customData`
//! of the domain `checkgate`. A document that is read is kept whole.

use crate::ale::rate_text;
use crate::json::{self, ReadJsonError, object};
use crate::roll::{self, RollClip, words};
use checkgate_model::{ClipKind, ClipRecord, FieldValue};
use serde::Deserialize;
use serde_json::{Value, json};

/// Version that is written.
const SCHEMA: &str = "https://movielabs.com/omc/json/schema/v2.8";
/// Scope of the identifiers that are ours, and domain of our custom data.
const SCOPE: &str = "checkgate";

/// A document of OMC-JSON, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Omc {
    /// All of it, unknown fields as they were.
    pub document: Value,
}

/// Reads a document: an entity, a list of entities, or an object with lists of them.
pub fn parse(bytes: &[u8]) -> Result<Omc, ReadJsonError> {
    let omc = Omc { document: json::read(bytes)? };
    let is_entity = |value: &Value| json::text(value, "entityType").is_some();
    let known = match &omc.document {
        Value::Array(entities) => entities.iter().all(is_entity) && !entities.is_empty(),
        Value::Object(lists) => is_entity(&omc.document) || lists.values().filter_map(Value::as_array).flatten().any(is_entity),
        _ => false,
    };
    if known { Ok(omc) } else { Err(ReadJsonError::OtherKind("OMC-JSON document")) }
}

impl Omc {
    /// The document as text.
    #[must_use]
    pub fn write(&self) -> String {
        json::write(&self.document)
    }

    /// The canonical records in our custom data, in order.
    #[must_use]
    pub fn records(&self) -> Vec<ClipRecord> {
        let mut found = Vec::new();
        let mut open = vec![&self.document];
        while let Some(value) = open.pop() {
            for custom in value.get("customData").and_then(Value::as_array).into_iter().flatten() {
                if json::text(custom, "domain") == Some(SCOPE)
                    && let Some(record) = custom.pointer("/value/record").and_then(|value| ClipRecord::deserialize(value).ok())
                {
                    found.push(record);
                }
            }
            match value {
                Value::Array(members) => open.extend(members.iter().rev()),
                Value::Object(fields) => {
                    let inside: Vec<&Value> =
                        fields.iter().filter(|(name, _)| *name != "customData").map(|(_, value)| value).collect();
                    open.extend(inside.into_iter().rev());
                }
                _ => {}
            }
        }
        found
    }
}

/// The rolls of `clips` with their clips. Clips without a roll stand by themselves.
#[must_use]
pub fn assets(clips: &[RollClip<'_>]) -> Omc {
    let mut rolls: Vec<(Option<String>, bool, Vec<Value>)> = Vec::new();
    for clip in clips {
        let sound = clip.kind() == ClipKind::Sound;
        let roll = words(clip.record, if sound { "sound.roll" } else { "reel.name" });
        let asset = asset(clip, roll.as_deref(), sound);
        match rolls.iter_mut().find(|(name, of_sound, _)| roll.is_some() && *name == roll && *of_sound == sound) {
            Some((_, _, assets)) => assets.push(asset),
            None => rolls.push((roll, sound, vec![asset])),
        }
    }
    let mut entities = Vec::new();
    for (roll, sound, assets) in rolls {
        match roll {
            Some(name) => entities.push(group(&name, sound, assets)),
            None => entities.extend(assets),
        }
    }
    Omc { document: Value::Array(entities) }
}

fn identifier(value: &str) -> Value {
    json!({ "identifierScope": SCOPE, "identifierValue": value })
}

fn entity(kind: &str, identifiers: Vec<Value>, name: &str) -> serde_json::Map<String, Value> {
    object([
        ("schemaVersion", Some(SCHEMA.into())),
        ("entityType", Some(kind.into())),
        ("identifier", Some(identifiers.into())),
        ("name", Some(name.into())),
    ])
}

fn group(name: &str, sound: bool, assets: Vec<Value>) -> Value {
    let camera = object([("reelName", Some(name.into())), ("cameraRoll", Some(name.into()))]);
    let functional = if sound {
        json!({ "functionalType": "capture.audio" })
    } else {
        json!({ "functionalType": "capture.roll", "functionalProperties": { "cameraMetadata": camera } })
    };
    let kind = if sound { "sound-roll" } else { "roll" };
    let mut group = entity("Asset", vec![identifier(&format!("{kind}/{name}"))], name);
    let mut structure = entity("AssetSC", vec![identifier(&format!("{kind}-group/{name}"))], name);
    structure.insert("structuralType".to_owned(), "assetGroup".into());
    structure.insert("structuralProperties".to_owned(), json!({ "assetGroup": { "isOrdered": true } }));
    group.insert("AssetSC".to_owned(), structure.into());
    group.insert("assetFC".to_owned(), functional);
    group.insert("Asset".to_owned(), assets.into());
    group.into()
}

fn asset(clip: &RollClip<'_>, roll: Option<&str>, sound: bool) -> Value {
    let name = clip.name();
    // A path is unique on a card; a name may not be.
    let place = [roll, Some(clip.path().as_deref().unwrap_or(&name))].into_iter().flatten().collect::<Vec<_>>().join("/");
    let mut identifiers = vec![identifier(&format!("clip/{place}"))];
    if let Some(uid) = words(clip.record, "clip.uid") {
        identifiers.push(json!({ "identifierScope": scope_of(&uid), "identifierValue": uid }));
    }
    let mut asset = entity("Asset", identifiers, &name);
    asset.insert("AssetSC".to_owned(), structure(clip, &place, &name, sound));
    asset.insert(
        "assetFC".to_owned(),
        json!({
            "functionalType": if sound { "capture.audio" } else { "capture.ocf" },
            "functionalProperties": object([
                ("cameraMetadata", Some(camera(clip)).filter(|map| !map.is_empty()).map(Value::from)),
                ("lensMetadata", Some(texts(clip.record, LENS)).filter(|map| !map.is_empty()).map(Value::from)),
                ("recorderMetadata", words(clip.record, "media.serial").map(|serial| json!({ "storageMediaUID": serial }))),
            ]),
        }),
    );
    if let Some(slate) = slate(clip, &place) {
        asset.insert("Context".to_owned(), json!([slate]));
    }
    let files: Option<Value> = clip.clip.filter(|clip| clip.sequence.is_none()).map(|clip| json!(clip.files));
    let value = object([("record", serde_json::to_value(clip.record).ok()), ("files", files)]);
    let custom = json!([{ "domain": SCOPE, "namespace": clip.record.schema, "value": value }]);
    asset.insert("customData".to_owned(), custom);
    asset.into()
}

/// What kind of identifier a maker gave.
fn scope_of(uid: &str) -> &'static str {
    let digits = uid.trim_start_matches("urn:smpte:umid:").bytes().filter(u8::is_ascii_hexdigit).count();
    match (uid.len(), digits) {
        (36, 32) => "uuid",
        (_, 64) => "umid",
        _ => "clip.uid",
    }
}

fn structure(clip: &RollClip<'_>, place: &str, name: &str, sound: bool) -> Value {
    let kind = match clip.kind() {
        ClipKind::Sound => "digital.audio",
        ClipKind::Sequence => "digital.imageSequence",
        ClipKind::Still => "digital.image",
        ClipKind::Video => "digital.movingImage",
    };
    let details = clip.path().map(|path| {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        object([
            ("fileName", Some(file.into())),
            ("filePath", Some(folder).filter(|folder| !folder.is_empty()).map(Value::from)),
            ("fileExtension", extension.map(Value::from)),
        ])
    });
    // OMC counts in kHz and whole numbers; 44100 has no such number.
    let kilohertz = roll::int(clip.record, "audio.sample_rate").filter(|rate| sound && rate % 1000 == 0).map(|rate| rate / 1000);
    let bits = roll::int(clip.record, "audio.bit_depth").filter(|_| sound);
    let mut structure = entity("AssetSC", vec![identifier(&format!("media/{place}"))], name);
    structure.insert("structuralType".to_owned(), kind.into());
    structure.insert(
        "structuralProperties".to_owned(),
        object([
            ("fileDetails", details.map(Value::from)),
            ("codec", words(clip.record, "codec.name").map(Value::from)),
            ("audioSampleRate", kilohertz.map(Value::from)),
            ("audioSampleSize", bits.map(Value::from)),
        ])
        .into(),
    );
    structure.into()
}

/// Texts of OMC and the canonical fields they show.
const CAMERA: &[(&str, &str)] = &[
    ("cameraLabel", "camera.index"),
    ("cameraMake", "camera.make"),
    ("cameraModel", "camera.model"),
    ("cameraSerialNumber", "camera.serial"),
    ("cameraFirmwareVersion", "camera.firmware"),
    ("cameraUID", "camera.id_suffix"),
    ("reelName", "reel.name"),
    ("cameraRoll", "reel.name"),
    ("exposureIndex", "exposure.index"),
    ("isoSpeed", "exposure.iso"),
    ("shutterAngle", "exposure.shutter_angle"),
    ("whiteBalance", "wb.kelvin"),
    ("tint", "wb.tint"),
    ("timecodeStart", "tc.start"),
    ("timecodeEnd", "tc.end"),
];
const LENS: &[(&str, &str)] = &[
    ("lensMake", "lens.make"),
    ("lensModel", "lens.model"),
    ("lensSerialNumber", "lens.serial"),
    ("focalLength", "lens.focal_length"),
    ("focusPosition", "lens.focus_distance"),
    ("tStop", "lens.t_stop"),
    ("fStop", "lens.f_stop"),
    ("anamorphicSqueeze", "lens.squeeze"),
];

fn texts(record: &ClipRecord, names: &[(&str, &str)]) -> serde_json::Map<String, Value> {
    names.iter().filter_map(|(name, field)| Some(((*name).to_owned(), words(record, field)?.into()))).collect()
}

fn camera(clip: &RollClip<'_>) -> serde_json::Map<String, Value> {
    let mut camera = texts(clip.record, CAMERA);
    let raster = clip.raster();
    let rate = |field| roll::rate(clip.record, field).map(|rate| Value::from(rate_text(rate)));
    camera.extend(object([
        ("frameWidth", raster.map(|(width, _)| width.to_string().into())),
        ("frameHeight", raster.map(|(_, height)| height.to_string().into())),
        ("captureRate", rate("rate.sensor")),
        ("playbackRate", rate("rate.project")),
        (
            "circleTake",
            match clip.record.get("slate.circled") {
                Some(FieldValue::Bool(circled)) => Some(circled.to_string().into()),
                _ => None,
            },
        ),
    ]));
    camera
}

/// Scene and take as a slate in a production context; nothing where the record has neither.
fn slate(clip: &RollClip<'_>, place: &str) -> Option<Value> {
    let record = clip.record;
    let (scene, take) = (words(record, "slate.scene"), words(record, "slate.take"));
    let label = [&scene, &take].into_iter().flatten().cloned().collect::<Vec<_>>().join("-");
    if label.is_empty() {
        return None;
    }
    let said = [scene.map(|scene| format!("Scene: {scene}")), take.map(|take| format!("Take: {take}"))];
    let mut slate = entity("Slate", vec![identifier(&format!("slate/{place}"))], &label);
    slate.extend(object([
        ("description", Some(said.into_iter().flatten().collect::<Vec<_>>().join(", ").into())),
        ("slateUID", Some(label.clone().into())),
        ("cameraLabel", words(record, "camera.index").map(Value::from)),
        ("cameraRoll", words(record, "reel.name").map(Value::from)),
        ("soundRoll", words(record, "sound.roll").map(Value::from)),
        ("shootDate", words(record, "time.recorded_at").and_then(|time| date(&time)).map(Value::from)),
        ("recordingFPS", roll::rate(record, "rate.sensor").map(|rate| rate.as_f64().into())),
    ]));
    let mut context = entity("Context", vec![identifier(&format!("context/{place}"))], "capture.slate");
    context.insert("contextType".to_owned(), "production".into());
    context.insert("has".to_owned(), json!({ "Slate": [slate] }));
    Some(context.into())
}

/// `2026-11-23` of a date and time.
fn date(time: &str) -> Option<String> {
    let date = time.get(..10)?;
    let fits = date.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    fits.then(|| date.to_owned())
}
