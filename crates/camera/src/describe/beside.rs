//! Owns what further files beside a clip say: Panasonic's and Canon's clip metadata, RED's RMD, DJI's telemetry, and the dumps of
//! makers' tools. Must never trust a file made in post for the identity of a camera.

use super::text;
use crate::dumps::{self, Dump};
use crate::srt;
use crate::values::{fraction, number_in, round6};
use crate::vendor::{Statements, Strength, rate_value};
use crate::{canonical::canonical, xml};
use checkgate_model::metadata::MOST_CHANGES;
use checkgate_model::{FieldValue, FrameChange, FrameRate, Timecode};

/// Paths below `ClipContent`, as Panasonic has them; Canon's document follows the same words.
const CLIP_CONTENT: &[(&str, &str)] = &[
    ("ClipName", "clip.name"),
    ("GlobalClipID", "clip.uid"),
    ("ClipMetadata/UserClipName", "clip.user_name"),
    ("Duration", "duration.frames"),
    ("EssenceList/Video/StartBinaryGroup", "tc.user_bits"),
    ("EssenceList/Video/FrameRate@DropFrameFlag", "tc.drop_frame"),
    ("EssenceList/Audio/SamplingRate", "audio.sample_rate"),
    ("EssenceList/Audio/BitsPerSample", "audio.bit_depth"),
    ("ClipMetadata/Device/Manufacturer", "camera.make"),
    ("ClipMetadata/Device/SerialNo.", "camera.serial"),
    ("ClipMetadata/Device/SerialNo", "camera.serial"),
    ("ClipMetadata/Device/ModelName", "camera.model"),
    ("ClipMetadata/Shoot/StartDate", "time.recorded_at"),
    ("ClipMetadata/Shoot/Shooter", "prod.dop"),
    ("ClipMetadata/Shoot/Location/PlaceName", "prod.location"),
    ("ClipMetadata/Scenario/ProgramName", "prod.name"),
    ("ClipMetadata/Scenario/SceneNo.", "slate.scene"),
    ("ClipMetadata/Scenario/SceneNo", "slate.scene"),
    ("ClipMetadata/Scenario/TakeNo.", "slate.take"),
    ("ClipMetadata/Scenario/TakeNo", "slate.take"),
    ("ClipMetadata/ShotMark", "slate.circled"),
];

/// `CLIP/*.XML` of P2 and the `VideoClip` document of Canon. `false` if it is neither.
pub(super) fn from_clip_xml(said: &mut Statements, bytes: &[u8], name: &str) -> bool {
    let words = xml::text_of(bytes);
    let Some(document) = xml::parse(&words) else { return false };
    let root = document.root_element();
    let canon = root.tag_name().name() == "VideoClip";
    let Some(content) = xml::child(root, "ClipContent") else { return canon };
    let pairs = xml::flatten(content);
    let at = |path: &str| format!("{name}: ClipContent/{path}");
    let get = |path: &str| pairs.iter().find(|(known, _)| known == path).map(|(_, value)| value.as_str());
    let strong = Strength::Sidecar;
    for (path, field) in CLIP_CONTENT {
        if let Some(raw) = get(path) {
            // What the container counts itself is stronger than what the document repeats.
            let strength = if field.starts_with("audio.") { Strength::Container } else { strong };
            said.read(strength, &at(path), field, raw, None);
        }
    }
    if canon && get("ClipMetadata/Device/Manufacturer").is_none() {
        said.value(Strength::Implied, &format!("{name}: VideoClip of Canon"), "camera.make", text("Canon"), "");
    }
    let unit = get("EditUnit").and_then(edit_unit);
    let rate = unit.or_else(|| get("EssenceList/Video/FrameRate").and_then(interlaced_rate));
    if let Some(rate) = rate {
        let (path, raw) = match get("EditUnit").filter(|_| unit.is_some()) {
            Some(raw) => ("EditUnit", raw),
            None => ("EssenceList/Video/FrameRate", get("EssenceList/Video/FrameRate").unwrap_or("")),
        };
        said.value(strong, &at(path), "rate.project", rate_value(rate), raw);
        said.value(strong, &at(path), "tc.rate", rate_value(rate), raw);
    }
    let drop = get("EssenceList/Video/FrameRate@DropFrameFlag").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    if let Some(raw) = get("EssenceList/Video/StartTimecode") {
        let nominal = rate.map_or(30, FrameRate::nominal);
        let label = if drop { dropping(raw) } else { raw.to_owned() };
        match Timecode::parse(&label, nominal) {
            Ok(code) => {
                said.value(strong, &at("EssenceList/Video/StartTimecode"), "tc.start", text(&code.to_string()), raw);
                if let Some(frames) = get("Duration").and_then(|raw| raw.parse::<i64>().ok()).filter(|n| (1..1 << 32).contains(n))
                {
                    let source = format!("{}, Duration", at("EssenceList/Video/StartTimecode"));
                    said.value(strong, &source, "tc.end", text(&code.offset(frames).to_string()), raw);
                }
            }
            Err(_) => said.unknown(strong, &at("EssenceList/Video/StartTimecode"), "tc.start", "", raw),
        }
    }
    if let Some(raw) = get("EssenceList/Video/Codec") {
        let class = get("EssenceList/Video/Codec@Class").map_or_else(String::new, |class| format!(" Class {class}"));
        said.otherwise(&at("EssenceList/Video/Codec"), "codec.name", text(&format!("{raw}{class}")), raw);
        said.value(strong, &at("EssenceList/Video/Codec"), "sensor.mode", text(&format!("{raw}{class}")), raw);
    }
    let sounds = content_children(&document, "Audio");
    if sounds > 0 {
        let count = FieldValue::Int(sounds as i64);
        said.value(Strength::Container, &at("EssenceList/Audio"), "audio.channels", count, format!("{sounds} entries"));
    }
    let place = |what: &str| get(&format!("ClipMetadata/Shoot/Location/{what}")).and_then(degrees);
    if let (Some(latitude), Some(longitude)) = (place("Latitude"), place("Longitude")) {
        let mut numbers = vec![latitude, longitude];
        numbers.extend(get("ClipMetadata/Shoot/Location/Altitude").and_then(number_in));
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(strong, &at("ClipMetadata/Shoot/Location"), "gps", FieldValue::List(numbers), raw);
    }
    if pairs.iter().any(|(path, _)| path.starts_with("Relation/Connection/")) {
        let offset = get("Relation/OffsetInShot").unwrap_or("");
        said.value(strong, &at("Relation"), "span.kind", text("shot over several clips"), format!("OffsetInShot {offset}"));
    }
    true
}

fn content_children(document: &roxmltree::Document<'_>, name: &str) -> usize {
    let essence = xml::child(document.root_element(), "ClipContent").and_then(|content| xml::child(content, "EssenceList"));
    essence.map_or(0, |list| list.children().filter(|node| node.is_element() && node.tag_name().name() == name).take(64).count())
}

/// `1/25`, `1001/30000`: the length of a frame in seconds.
fn edit_unit(text: &str) -> Option<FrameRate> {
    let (num, den) = text.split_once('/')?;
    FrameRate::new(den.trim().parse().ok()?, num.trim().parse().ok()?)
}

/// `59.94i` counts fields, `23.98p` frames.
fn interlaced_rate(text: &str) -> Option<FrameRate> {
    let rate = FrameRate::parse(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()))?;
    if text.ends_with(['i', 'I']) { FrameRate::new(rate.num, rate.den.checked_mul(2)?) } else { Some(rate) }
}

/// The same label with the mark of drop-frame before its frames.
fn dropping(label: &str) -> String {
    match label.rsplit_once(':') {
        Some((front, frames)) => format!("{front};{frames}"),
        None => label.to_owned(),
    }
}

/// `N35.41.20`-like, `35.6895`, `35:41:22`: degrees, minutes and seconds or a decimal number; the letter gives the sign.
fn degrees(text: &str) -> Option<f64> {
    let negative = text.contains(['S', 'W', '-']);
    let pieces: Vec<f64> = text
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter(|piece| !piece.is_empty())
        .take(3)
        .map_while(|piece| piece.parse().ok())
        .collect();
    let value = pieces.iter().enumerate().map(|(at, piece)| piece / 60f64.powi(at as i32)).sum::<f64>();
    (!pieces.is_empty() && value <= 180.0).then(|| round6(if negative { -value } else { value }))
}

/// RED's RMD: made in post or by the camera's user. Weak words about the slate, none about the camera.
pub(super) fn from_rmd(said: &mut Statements, bytes: &[u8], name: &str) {
    let words = xml::text_of(bytes);
    let Some(document) = xml::parse(&words) else { return };
    let mut found = 0;
    for node in document.descendants().filter(roxmltree::Node::is_element).take(20_000) {
        let field = match node.tag_name().name() {
            "scene" => "slate.scene",
            "take" => "slate.take",
            "shot" => "slate.shot",
            "production_name" => "prod.name",
            "director" => "prod.director",
            "director_of_photography" => "prod.dop",
            "camera_operator" => "prod.operator",
            "location" => "prod.location",
            "lens" => "lens.model",
            "focal_length" => "lens.focal_length",
            "focus_distance" => "lens.focus_distance",
            _ => continue,
        };
        let Some(value) = xml::attribute(node, "value").or_else(|| node.text()).map(str::trim) else { continue };
        said.read(Strength::Loose, &format!("{name}: {}", node.tag_name().name()), field, value, None);
        found += 1;
        if found >= 64 {
            break;
        }
    }
}

/// DJI's subtitles: exposure and place frame by frame.
pub(super) fn from_srt(said: &mut Statements, words: &str, name: &str) {
    let cues = srt::cues(words);
    let Some(first) = cues.first() else { return };
    let at = |what: &str| format!("{name}: {what}");
    let strong = Strength::Sidecar;
    said.value(Strength::Implied, &at("telemetry as DJI writes it"), "camera.make", FieldValue::Text("DJI".to_owned()), "");
    if let Some(date) = &first.date {
        said.read(strong, &at("date of the first cue"), "time.recorded_at", date, None);
    }
    if let Some(raw) = first.colour.as_deref().filter(|raw| !raw.eq_ignore_ascii_case("default")) {
        said.gamma(strong, &at("color_md"), raw);
    }
    type Part = for<'a> fn(&'a srt::Cue) -> Option<(FieldValue, String)>;
    let parts: [(&str, &str, Part); 6] = [
        ("exposure.iso", "iso", |cue| plain(cue.iso.as_deref()?, 1.0).map(|(n, raw)| (FieldValue::Int(n.round() as i64), raw))),
        ("wb.kelvin", "ct", |cue| plain(cue.kelvin.as_deref()?, 1.0).map(|(n, raw)| (FieldValue::Int(n.round() as i64), raw))),
        ("exposure.time", "shutter", |cue| {
            let raw = cue.shutter.as_deref()?;
            // A bare number is the denominator.
            let time = if raw.contains('/') { fraction(raw)? } else { 1.0 / number_in(raw).filter(|n| *n > 0.0)? };
            Some((FieldValue::Float(round9(time)), raw.to_owned()))
        }),
        ("lens.f_stop", "fnum", |cue| {
            // Some cameras count hundredths.
            let raw = cue.f_number.as_deref()?;
            let (number, raw) = plain(raw, if raw.contains('.') { 1.0 } else { 0.01 })?;
            Some((FieldValue::Float(number), raw))
        }),
        ("lens.focal_length", "focal_len, as for 35 mm film", |cue| {
            let raw = cue.focal_length.as_deref()?;
            let (number, raw) = plain(raw, if raw.contains('.') { 1.0 } else { 0.1 })?;
            Some((FieldValue::Float(number), raw))
        }),
        ("gps", "latitude, longitude, altitude", |cue| {
            let (latitude, longitude, altitude) = cue.place?;
            // A receiver without a fix counts from zero.
            let fixed = latitude != 0.0 || longitude != 0.0;
            let numbers: Vec<f64> = [Some(latitude), Some(longitude), altitude].into_iter().flatten().collect();
            let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            fixed.then_some((FieldValue::List(numbers), raw))
        }),
    ];
    for (field, what, part) in parts {
        let mut changes: Vec<FrameChange> = Vec::new();
        let mut stated = false;
        for (index, cue) in cues.iter().enumerate() {
            let Some((value, raw)) = part(cue) else { continue };
            if !stated {
                said.value(strong, &at(what), field, value.clone(), raw);
                stated = true;
            }
            if changes.last().is_none_or(|last| last.value.as_ref() != Some(&value)) {
                let frame = cue.frame.map_or(u32::try_from(index).unwrap_or(u32::MAX), |frame| frame - 1);
                changes.push(FrameChange { frame, value: Some(value) });
            }
            if changes.len() >= MOST_CHANGES {
                break;
            }
        }
        if stated && canonical(field).may_vary {
            // Cues of a second have no frame number: what they say changes, at frames nobody knows.
            let counted = first.frame.is_some();
            said.changes(field, if counted { changes } else { Vec::new() });
        }
    }
}

fn plain(raw: &str, factor: f64) -> Option<(f64, String)> {
    number_in(raw).filter(|n| *n > 0.0).map(|number| (round6(number * factor), raw.to_owned()))
}

/// Nine digits: the shortest exposures are some hundred thousandths of a second.
fn round9(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}

/// Dumps of makers' tools about one clip, all together: Canon's two tables give its rate only as a pair.
pub(super) fn from_dumps(said: &mut Statements, dumped: &[(Dump, String, String)]) {
    for (dump, words, name) in dumped {
        dumps::tell(said, *dump, words, name);
    }
    let of = |wanted: Dump| dumped.iter().find(|(dump, _, _)| *dump == wanted);
    if let (Some((_, clip, name)), Some((_, frames, other))) = (of(Dump::CanonClip), of(Dump::CanonFrames))
        && let Some((rate, raw)) = dumps::canon_rate(clip, frames)
    {
        let source = format!("{name}: columns Duration, Timescale; {other}: rows");
        said.value(Strength::Sidecar, &source, "rate.project", rate_value(rate), raw.clone());
        said.value(Strength::Sidecar, &source, "tc.rate", rate_value(rate), raw);
    }
    complete_end(said);
}

/// The end of a clip whose dump gives start, rate and length.
fn complete_end(said: &mut Statements) {
    let (Some(FieldValue::Text(start)), Some(FieldValue::Int(frames)), Some(FieldValue::Rational(num, den))) =
        (said.first("tc.start").cloned(), said.first("duration.frames").cloned(), said.first("rate.project").cloned())
    else {
        return;
    };
    let rate = u32::try_from(num).ok().zip(u32::try_from(den).ok()).and_then(|(num, den)| FrameRate::new(num, den));
    if let Some(code) = rate.and_then(|rate| Timecode::parse(&start, rate.nominal()).ok()) {
        let end = code.offset(frames).to_string();
        said.otherwise("start and duration", "tc.end", text(&end), format!("{start} + {frames}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_frames_and_places() {
        assert_eq!(edit_unit("1001/30000"), FrameRate::new(30_000, 1001));
        assert_eq!(interlaced_rate("59.94i"), FrameRate::new(30_000, 1001));
        assert_eq!(interlaced_rate("23.98p"), FrameRate::new(24_000, 1001));
        assert_eq!(dropping("01:00:00:02"), "01:00:00;02");
        assert_eq!(degrees("N35:30:00"), Some(35.5));
        assert_eq!(degrees("W0.1"), Some(-0.1));
    }
}
