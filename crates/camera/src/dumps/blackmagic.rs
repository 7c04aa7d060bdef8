//! Owns the text that the metadata tool of the Blackmagic RAW kit prints (clip, then frames), and the same keys in a film.

use super::table::{self, Table, tell_with};
use crate::values::{Reading, number_in, numbers_in, ratio};
use crate::vendor::{Statements, Strength};
use checkgate_model::FieldValue;
use std::collections::HashMap;

/// Most frames of a text; beyond them only the first values matter.
const MAX_FRAMES: usize = 100_000;
const MAX_KEYS: usize = 256;

const CLIP: &[(&str, &str)] = &[
    ("manufacturer", "camera.make"),
    ("camera_type", "camera.model"),
    ("camera_id", "camera.serial"),
    ("camera_number", "camera.index"),
    ("firmware_version", "camera.firmware"),
    ("reel_name", "reel.name"),
    ("scene", "slate.scene"),
    ("take", "slate.take"),
    ("good_take", "slate.circled"),
    ("lens_type", "lens.model"),
    ("date_recorded", "time.recorded_at"),
    ("format_frame_rate", "rate.project"),
    ("viewing_gamma", "color.gamma"),
    ("viewing_gamut", "color.primaries"),
    ("sensor_area_captured", "sensor.mode"),
    ("crop_size", "image.width_height"),
    ("multicard_volume_number", "span.index"),
    ("multicard_volume_count", "span.count"),
    ("post_3dlut_embedded_name", "look.name"),
];

pub(super) fn is_dump(head: &str) -> bool {
    let has = |wanted: &str| head.lines().any(|line| line.trim_start().starts_with(wanted));
    (has("Clip Metadata") || has("Frame 0 Metadata")) && head.contains(": ")
        || has("braw_compression_ratio:") && has("manufacturer:")
}

/// A line `key: value`.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim();
    (!key.is_empty() && key.len() < 64 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        .then(|| (key, value.trim()))
}

pub(super) fn tell(said: &mut Statements, text: &str, file_name: &str) {
    let mut clip: HashMap<&str, &str> = HashMap::new();
    let mut header: Vec<&str> = Vec::new();
    let mut rows: Vec<Vec<&str>> = Vec::new();
    let mut in_frame = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("Frame ") && trimmed.ends_with("Metadata") {
            if rows.len() >= MAX_FRAMES {
                break;
            }
            rows.push(Vec::new());
            in_frame = true;
        } else if trimmed.starts_with("Clip Metadata") {
            in_frame = false;
        } else if let Some((key, value)) = pair(line) {
            match rows.last_mut().filter(|_| in_frame) {
                Some(row) => {
                    let at = header.iter().position(|known| *known == key).or_else(|| {
                        (header.len() < MAX_KEYS).then(|| {
                            header.push(key);
                            header.len() - 1
                        })
                    });
                    if let Some(at) = at {
                        row.resize(row.len().max(at + 1), "");
                        row[at] = value;
                    }
                }
                None if clip.len() < MAX_KEYS => {
                    clip.insert(key, value);
                }
                None => {}
            }
        }
    }
    tell_clip(said, Strength::Sidecar, &|key| format!("{file_name}: {key}"), &|key| clip.get(key).copied());
    if !rows.is_empty() {
        let frames = rows.len();
        tell_frames(said, &Table::of_rows(header, rows), file_name);
        if frames > 1 && frames < MAX_FRAMES {
            let source = format!("{file_name}: frames");
            said.value(Strength::Sidecar, &source, "duration.frames", FieldValue::Int(frames as i64), format!("{frames} frames"));
        }
    }
}

/// What the keys of a clip mean, printed by the tool or read from the film itself.
pub(crate) fn tell_clip<'a>(
    said: &mut Statements,
    strength: Strength,
    source: &dyn Fn(&str) -> String,
    get: &dyn Fn(&str) -> Option<&'a str>,
) {
    let text = |words: &str| FieldValue::Text(words.to_owned());
    for (key, field) in CLIP {
        if let Some(raw) = get(key).filter(|raw| !raw.is_empty()) {
            said.read(strength, &source(key), field, raw, None);
        }
    }
    // A whole name, not the bare number some firmware writes.
    if let Some(raw) = get("clip_number").filter(|raw| raw.len() > 4) {
        said.text(strength, &source("clip_number"), "clip.name", raw);
    }
    if let Some(raw) = get("braw_compression_ratio").or_else(|| get("braw_codec_bitrate")).filter(|raw| !raw.is_empty()) {
        said.value(strength, &source("braw_compression_ratio"), "codec.name", text(&format!("Blackmagic RAW {raw}")), raw);
    }
    let numbers = |key: &str| get(key).map(numbers_in).filter(|numbers| numbers.len() >= 2);
    if let (Some(origin), Some(size)) = (numbers("crop_origin"), numbers("crop_size")) {
        let area = vec![origin[0], origin[1], size[0], size[1]];
        let raw = format!("{} {}", get("crop_origin").unwrap_or(""), get("crop_size").unwrap_or(""));
        said.value(strength, &source("crop_origin, crop_size"), "image.active_area", FieldValue::List(area), raw);
    }
    // The squeeze that is set counts only while it is switched on.
    if let Some(raw) = get("anamorphic_enable") {
        let on = !matches!(raw.trim(), "0" | "false" | "");
        let set = get("anamorphic").unwrap_or("");
        let raw = format!("anamorphic_enable {raw}, anamorphic {set}");
        match if on { number_in(set).and_then(ratio) } else { Some(FieldValue::Rational(1, 1)) } {
            Some(value) => said.value(strength, &source("anamorphic"), "lens.squeeze", value, raw),
            None => said.unknown(strength, &source("anamorphic"), "lens.squeeze", "", &raw),
        }
    }
    if get("multicard_volume_count").and_then(number_in).is_some_and(|count| count > 1.0) {
        let raw = get("multicard_volume_count").unwrap_or("");
        said.value(strength, &source("multicard_volume_count"), "span.kind", text("every other frame on another card"), raw);
    }
}

/// The values of the frames.
fn tell_frames(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    for (key, field) in [
        ("sensor_rate", "rate.sensor"),
        ("iso", "exposure.index"),
        ("white_balance_kelvin", "wb.kelvin"),
        ("white_balance_tint", "wb.tint"),
        ("internal_nd", "filter.nd"),
        ("focal_length", "lens.focal_length"),
        ("distance", "lens.focus_distance"),
    ] {
        if table.has(key) {
            table::tell(said, table, field, key, file_name);
        }
    }
    for (field, key, accept) in [("lens.t_stop", "aperture", ('T', 't')), ("lens.f_stop", "aperture", ('F', 'f'))] {
        tell_with(said, table, (field, key), file_name, &|_, raw| {
            if !raw.trim_start().starts_with([accept.0, accept.1]) {
                return Reading::Absent;
            }
            number_in(raw).filter(|stop| *stop > 0.0).map_or(Reading::Unknown, |stop| Reading::Value(FieldValue::Float(stop)))
        });
    }
    // `180deg`, `180°`, or a time as `1/50`.
    tell_with(said, table, ("exposure.shutter_angle", "shutter_value"), file_name, &|_, raw| {
        if raw.contains('/') {
            return Reading::Absent;
        }
        number_in(raw).map_or(Reading::Unknown, |angle| Reading::Value(FieldValue::Float(angle)))
    });
    tell_with(said, table, ("exposure.time", "shutter_value"), file_name, &|_, raw| {
        if !raw.contains('/') {
            return Reading::Absent;
        }
        crate::values::reading(crate::canonical::ValueKind::Seconds, raw, None)
    });
    for key in ["timecode", "Timecode"] {
        if let Some(raw) = table.first(key) {
            said.read(Strength::Sidecar, &format!("{file_name}: {key}"), "tc.start", raw, None);
            break;
        }
    }
}
