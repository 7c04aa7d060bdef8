//! Owns the draft of a framing decision list from what cameras recorded: a context per camera format (camera, model, sensor mode,
//! codec, squeeze, raster), its canvas, and the clips it holds for. It has no framing decision: nobody has made one yet.

use super::{CURRENT, Fdl};
use crate::json::object;
use crate::roll::{RollClip, number, words};
use checkgate_model::{ClipKind, FileRole};
use serde_json::{Value, json};

/// A draft, and what it could not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct FdlDraft {
    /// The list.
    pub fdl: Fdl,
    /// Clips with picture whose raster is not known.
    pub left_out: Vec<String>,
}

/// What makes two clips one camera format; the names are those of the canonical record.
const FORMAT: &[&str] = &["camera.index", "camera.make", "camera.model", "sensor.mode", "codec.name", "lens.squeeze"];

/// A draft for the clips with picture. `uuid` names the list.
#[must_use]
pub fn draft(uuid: &str, clips: &[RollClip<'_>]) -> FdlDraft {
    type Key = (Vec<Option<String>>, (i64, i64));
    let mut formats: Vec<(Key, Vec<&RollClip<'_>>)> = Vec::new();
    let mut left_out = Vec::new();
    for clip in clips.iter().filter(|clip| clip.kind() != ClipKind::Sound) {
        let Some(raster) = clip.raster() else {
            left_out.push(clip.name());
            continue;
        };
        let key = (FORMAT.iter().map(|field| words(clip.record, field)).collect(), raster);
        match formats.iter_mut().find(|(known, _)| *known == key) {
            Some((_, clips)) => clips.push(clip),
            None => formats.push((key, vec![clip])),
        }
    }
    let contexts: Vec<Value> =
        formats.iter().enumerate().map(|(at, ((key, raster), clips))| context(at, key, *raster, clips)).collect();
    let document = json!({
        "uuid": uuid,
        "version": { "major": CURRENT.0, "minor": CURRENT.1 },
        "fdl_creator": "Checkgate",
        "contexts": contexts,
    });
    FdlDraft { fdl: Fdl { document }, left_out }
}

fn context(at: usize, key: &[Option<String>], raster: (i64, i64), clips: &[&RollClip<'_>]) -> Value {
    let size = format!("{}x{}", raster.0, raster.1);
    let label = key.iter().take(5).flatten().chain([&size]).cloned().collect::<Vec<_>>().join(" ");
    let id = format!("CANVAS{:02}", at + 1);
    let first = clips.first();
    let squeeze = first.and_then(|clip| number(clip.record, "lens.squeeze")).filter(|squeeze| *squeeze > 0.0);
    let canvas = object([
        ("label", Some(key.get(3).cloned().flatten().unwrap_or(size).into())),
        ("id", Some(id.clone().into())),
        ("source_canvas_id", Some(id.into())),
        ("dimensions", Some(json!({ "width": raster.0, "height": raster.1 }))),
        ("anamorphic_squeeze", squeeze.map(Value::from)),
    ]);
    let only = first.filter(|_| clips.len() == 1);
    let known: serde_json::Map<String, Value> = FORMAT
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), serde_json::to_value(first?.record.fields.get(*field)?).ok()?)))
        .collect();
    let names: Vec<String> = clips.iter().map(|clip| clip.name()).collect();
    Value::Object(object([
        ("label", Some(label.into())),
        ("context_creator", Some("Checkgate".into())),
        ("clip_id", only.map(|clip| clip_id(clip))),
        ("canvases", Some(json!([canvas]))),
        ("_checkgate", Some(json!({ "clips": names, "camera_format": known }))),
    ]))
}

/// A sequence by its numbers, a clip of several files by its name only.
fn clip_id(clip: &RollClip<'_>) -> Value {
    let path = clip.path();
    let sequence = clip.clip.and_then(|clip| clip.sequence.as_ref()).zip(path.as_deref()).and_then(|(range, path)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (prefix, digits, suffix) = crate::roll::numbered(name)?;
        let idx = ["#", "%", "@", "*"].into_iter().find(|idx| !path.contains(idx))?;
        let value = format!("{}{prefix}{}{suffix}", path.strip_suffix(name)?, idx.repeat(digits.len()));
        Some(json!({ "value": value, "idx": idx, "min": range.first, "max": range.last }))
    });
    let single = clip.clip.is_none_or(|clip| {
        clip.sequence.is_none()
            && clip.files.iter().filter(|file| matches!(file.role, FileRole::Essence | FileRole::Segment)).count() == 1
    });
    Value::Object(object([
        ("clip_name", Some(clip.name().into())),
        ("file", path.filter(|_| single).map(Value::from)),
        ("sequence", sequence),
    ]))
}
