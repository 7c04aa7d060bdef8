//! Owns OpenTimelineIO JSON (Timeline.1, Clip.2, ImageSequenceReference.1). A roll becomes one timeline, a string-out: every clip
//! once, in recording order, one after the other, a picture track per camera and a sound track per recorder. That is what an
//! assistant editor opens to look through a roll, and what programs that import timelines only can read. Times are the media's own
//! timecode at its real rate. The whole canonical record, with its sources, is in each clip's metadata under `checkgate`.
//!
//! A document that is read is kept whole, known or not.

use crate::json::{self, ReadJsonError};
use crate::roll::{self, RollClip};
use checkgate_model::{ClipKind, ClipRecord, FrameRate, Timecode};
use serde::Deserialize;
use serde_json::{Value, json};

/// Namespace of everything that is ours in another's metadata.
pub const NAMESPACE: &str = "checkgate";

/// A document of OpenTimelineIO.
#[derive(Debug, Clone, PartialEq)]
pub struct Otio {
    /// All of it, unknown fields and schemas as they were.
    pub document: Value,
}

/// A time as OTIO states it. The value may be a fraction, the rate is a float.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RationalTime {
    /// Count at `rate`.
    pub value: f64,
    /// Counts a second.
    pub rate: f64,
}

impl RationalTime {
    /// The rate as a fraction: 23.976023976… is 24000/1001.
    #[must_use]
    pub fn frame_rate(self) -> Option<FrameRate> {
        FrameRate::parse(&self.rate.to_string())
    }

    /// As timecode; drop-frame is not in the document and so has to be said.
    #[must_use]
    pub fn timecode(self, drop: bool) -> Option<Timecode> {
        let whole = self.value.round();
        let near = (self.value - whole).abs() < 1e-6 && whole.abs() < 1e12;
        Timecode::from_frames(if near { whole as i64 } else { return None }, self.frame_rate()?.nominal(), drop).ok()
    }
}

/// A range: start and length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeRange {
    /// First moment.
    pub start: RationalTime,
    /// Length.
    pub duration: RationalTime,
}

/// A clip of a document that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct OtioClip<'a> {
    /// Name.
    pub name: &'a str,
    /// Name and kind of its track; empty outside of tracks.
    pub track: (&'a str, &'a str),
    /// The part that is used.
    pub source_range: Option<TimeRange>,
    /// What the active media reference holds.
    pub available_range: Option<TimeRange>,
    /// Where the active media reference points; for a sequence its folder.
    pub url: Option<&'a str>,
    /// The whole clip.
    pub value: &'a Value,
}

/// Reads a document.
pub fn parse(bytes: &[u8]) -> Result<Otio, ReadJsonError> {
    let document = json::read(bytes)?;
    if json::text(&document, "OTIO_SCHEMA").is_none() {
        return Err(ReadJsonError::OtherKind("OpenTimelineIO document"));
    }
    Ok(Otio { document })
}

impl Otio {
    /// The document as text.
    #[must_use]
    pub fn write(&self) -> String {
        json::write(&self.document)
    }

    /// Every clip, in order, however deep it is nested in timelines, stacks, tracks and collections.
    #[must_use]
    pub fn clips(&self) -> Vec<OtioClip<'_>> {
        let mut found = Vec::new();
        let mut open = vec![(&self.document, ("", ""))];
        while let Some((value, mut track)) = open.pop() {
            let schema = json::text(value, "OTIO_SCHEMA").unwrap_or_default();
            let name = json::text(value, "name").unwrap_or_default();
            if schema.starts_with("Clip.") {
                found.push(clip_of(value, name, track));
            }
            if schema.starts_with("Track.") {
                track = (name, json::text(value, "kind").unwrap_or_default());
            }
            let children = value.get("children").and_then(Value::as_array).into_iter().flatten();
            let inside: Vec<&Value> = value.get("tracks").into_iter().chain(children).collect();
            open.extend(inside.into_iter().rev().map(|child| (child, track)));
        }
        found
    }

    /// Names of the clips of a roll that are listed in its metadata, not placed in a track: their length is not known.
    #[must_use]
    pub fn clips_without_length(&self) -> Vec<&str> {
        let listed = self.document.pointer("/metadata/checkgate/clips_without_length").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(|clip| json::text(clip, "name")).collect()
    }
}

impl OtioClip<'_> {
    /// The canonical record, where the clip was written by us.
    #[must_use]
    pub fn record(&self) -> Option<ClipRecord> {
        ClipRecord::deserialize(self.value.get("metadata")?.get(NAMESPACE)?).ok()
    }
}

fn clip_of<'a>(value: &'a Value, name: &'a str, track: (&'a str, &'a str)) -> OtioClip<'a> {
    let key = json::text(value, "active_media_reference_key").unwrap_or("DEFAULT_MEDIA");
    // Clip.1 has one reference, Clip.2 several by name.
    let reference = value.get("media_references").and_then(|all| all.get(key)).or_else(|| value.get("media_reference"));
    let of_reference = |name| reference.and_then(|reference| reference.get(name));
    OtioClip {
        name,
        track,
        source_range: value.get("source_range").and_then(range_of),
        available_range: of_reference("available_range").and_then(range_of),
        url: of_reference("target_url").or_else(|| of_reference("target_url_base")).and_then(Value::as_str),
        value,
    }
}

fn range_of(value: &Value) -> Option<TimeRange> {
    Some(TimeRange { start: time_of(value.get("start_time")?)?, duration: time_of(value.get("duration")?)? })
}

fn time_of(value: &Value) -> Option<RationalTime> {
    let number = |name| value.get(name).and_then(Value::as_f64);
    Some(RationalTime { value: number("value")?, rate: number("rate").filter(|rate| *rate > 0.0)? })
}

/// The timeline of a roll. Clips whose length or rate is not known cannot stand in a track; they are listed in the metadata.
#[must_use]
pub fn timeline(name: &str, clips: &[RollClip<'_>]) -> Otio {
    let mut tracks: Vec<(&str, String, Vec<Value>)> = Vec::new();
    let mut without_length = Vec::new();
    for clip in clips {
        let sound = clip.kind() == ClipKind::Sound;
        let Some(range) = range(clip) else {
            without_length.push(json!({ "name": clip.name(), "clip": metadata(clip) }));
            continue;
        };
        let (kind, field) = if sound { ("Audio", "recorder.make_model") } else { ("Video", "camera.index") };
        let label = roll::words(clip.record, field).unwrap_or_else(|| if sound { "Sound" } else { "Picture" }.to_owned());
        let item = item(clip, &range);
        match tracks.iter_mut().find(|(of, known, _)| *of == kind && *known == label) {
            Some((_, _, items)) => items.push(item),
            None => tracks.push((kind, label, vec![item])),
        }
    }
    // Picture first, as in every editing program.
    tracks.sort_by_key(|(kind, _, _)| *kind == "Audio");
    let tracks: Vec<Value> = tracks
        .into_iter()
        .map(|(kind, label, items)| {
            json!({
                "OTIO_SCHEMA": "Track.1", "metadata": {}, "name": label, "source_range": null, "effects": [], "markers": [],
                "enabled": true, "children": items, "kind": kind,
            })
        })
        .collect();
    Otio {
        document: json!({
            "OTIO_SCHEMA": "Timeline.1",
            "metadata": { NAMESPACE: { "schema": "checkgate.otio/1", "clips_without_length": without_length } },
            "name": name,
            "global_start_time": null,
            "tracks": {
                "OTIO_SCHEMA": "Stack.1", "metadata": {}, "name": "tracks", "source_range": null, "effects": [], "markers": [],
                "enabled": true, "children": tracks,
            },
        }),
    }
}

fn item(clip: &RollClip<'_>, range: &Value) -> Value {
    json!({
        "OTIO_SCHEMA": "Clip.2",
        "metadata": { NAMESPACE: metadata(clip) },
        "name": clip.name(),
        // The same as the media's range: some programs do not look there.
        "source_range": range,
        "effects": [],
        "markers": [],
        "enabled": true,
        "media_references": { "DEFAULT_MEDIA": reference(clip, range) },
        "active_media_reference_key": "DEFAULT_MEDIA",
    })
}

/// The canonical record as it is, and the files of the clip.
fn metadata(clip: &RollClip<'_>) -> Value {
    let mut value = serde_json::to_value(clip.record).unwrap_or_default();
    if let (Some(object), Some(files)) = (value.as_object_mut(), clip.clip.map(|clip| &clip.files)) {
        // A sequence has as many files as frames; its range says them all.
        if let Some(range) = clip.clip.and_then(|clip| clip.sequence.as_ref()) {
            object.insert(
                "frame_numbers".to_owned(),
                json!({ "first": range.first, "last": range.last, "missing": range.missing }),
            );
        } else {
            object.insert("files".to_owned(), files.iter().map(|file| json!({ "path": file.path, "role": file.role })).collect());
        }
    }
    value
}

fn time(value: i64, rate: FrameRate) -> Value {
    json!({ "OTIO_SCHEMA": "RationalTime.1", "rate": rate.as_f64(), "value": value as f64 })
}

/// The media's own range: from its start timecode, or from zero where it has none, which is then absent in the metadata too.
fn range(clip: &RollClip<'_>) -> Option<Value> {
    let (frames, rate) = (clip.frames()?, clip.media_rate()?);
    let start = match (clip.start(), clip.timecode_rate()) {
        (Some(start), Some(counted)) => time(i64::from(start.frames()), counted),
        _ => time(0, rate),
    };
    Some(json!({ "OTIO_SCHEMA": "TimeRange.1", "duration": time(frames, rate), "start_time": start }))
}

fn reference(clip: &RollClip<'_>, range: &Value) -> Value {
    let Some(path) = clip.path() else {
        return json!({
            "OTIO_SCHEMA": "MissingReference.1", "metadata": {}, "name": "", "available_range": range, "available_image_bounds": null,
        });
    };
    let name = path.rsplit('/').next().unwrap_or(&path);
    let frames = clip.clip.and_then(|clip| clip.sequence.as_ref());
    if let (Some(frames), Some((prefix, number, suffix)), Some(rate)) = (frames, roll::numbered(name), clip.media_rate())
        && number.parse().is_ok_and(|number: u64| (frames.first..=frames.last).contains(&number))
    {
        return json!({
            "OTIO_SCHEMA": "ImageSequenceReference.1", "metadata": {}, "name": name, "available_range": range,
            "available_image_bounds": null, "target_url_base": url(path.strip_suffix(name).unwrap_or_default()),
            "name_prefix": url_segment(prefix), "name_suffix": url_segment(suffix), "start_frame": frames.first, "frame_step": 1, "rate": rate.as_f64(),
            "frame_zero_padding": number.len(), "missing_frame_policy": "error",
        });
    }
    json!({
        "OTIO_SCHEMA": "ExternalReference.1", "metadata": {}, "name": name, "available_range": range, "available_image_bounds": null,
        "target_url": url(&path),
    })
}

/// A path as a relative URL reference (RFC 3986 4.2): what is no path character is escaped; a first segment with a colon would be a
/// scheme.
fn url(path: &str) -> String {
    let escaped: Vec<String> = path.split('/').map(url_segment).collect();
    let relative = escaped.join("/");
    if escaped.first().is_some_and(|first| first.contains(':')) { format!("./{relative}") } else { relative }
}

fn url_segment(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
