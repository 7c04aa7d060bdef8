//! Owns OpenTrackIO samples (SMPTE RIS-OSVP, protocol 0.9.3): what is static for a clip, its first timecode and the lens at its
//! first frame, one sample per clip and line. Tracking data is none of ours, so none is written. What OpenTrackIO has no name for
//! is, with all sources, under `custom/checkgate`. Samples that are read are kept whole.

use crate::json::{self, ReadJsonError, object};
use crate::roll::{self, RollClip, number, rational, words};
use checkgate_model::{ClipKind, FrameRate};
use serde_json::{Value, json};

/// Longest text the protocol takes, and the largest numbers of a fraction.
const LONGEST: usize = 1023;
const LARGEST: (i64, i64) = (2_147_483_647, 4_294_967_295);

/// Samples in order, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenTrackIo {
    /// All of each, unknown fields as they were.
    pub samples: Vec<Value>,
}

/// Reads samples: one after the other, on lines of their own or not.
pub fn parse(bytes: &[u8]) -> Result<OpenTrackIo, ReadJsonError> {
    let samples = json::read_each(bytes)?;
    let known = |sample: &Value| {
        ["protocol", "timing", "static", "lens", "tracker", "transforms"].iter().any(|name| sample.get(name).is_some())
    };
    if samples.is_empty() || !samples.iter().all(known) {
        return Err(ReadJsonError::OtherKind("OpenTrackIO sample"));
    }
    Ok(OpenTrackIo { samples })
}

impl OpenTrackIo {
    /// One sample a line.
    #[must_use]
    pub fn write(&self) -> String {
        self.samples.iter().map(|sample| format!("{sample}\n")).collect()
    }
}

/// A sample per clip with picture. `new_id` gives a UUID in lower case for each; `fdl` is the framing decision list that holds for
/// them (`urn:uuid:…`), if there is one.
#[must_use]
pub fn samples(clips: &[RollClip<'_>], fdl: Option<&str>, mut new_id: impl FnMut() -> String) -> OpenTrackIo {
    let pictures = clips.iter().filter(|clip| clip.kind() != ClipKind::Sound);
    OpenTrackIo { samples: pictures.map(|clip| sample(clip, fdl, &new_id())).collect() }
}

fn sample(clip: &RollClip<'_>, fdl: Option<&str>, id: &str) -> Value {
    let record = clip.record;
    let text = |field| words(record, field).filter(|text| text.len() <= LONGEST).map(Value::from);
    let above_zero = |field| number(record, field).filter(|number| *number > 0.0).map(Value::from);
    let camera = object([
        ("make", text("camera.make")),
        ("model", text("camera.model")),
        ("serialNumber", text("camera.serial")),
        ("firmwareVersion", text("camera.firmware")),
        ("label", text("camera.index")),
        ("captureFrameRate", roll::rate(record, "rate.sensor").and_then(rate)),
        ("anamorphicSqueeze", rational(record, "lens.squeeze").and_then(|(num, den)| fraction(num.into(), den.into()))),
        // The sensor's own speed where the maker states it beside the exposure index.
        (
            "isoSpeed",
            ["exposure.iso", "exposure.index"]
                .iter()
                .find_map(|field| roll::int(record, field))
                .filter(|iso| (1..=LARGEST.1).contains(iso))
                .map(Value::from),
        ),
        ("shutterAngle", number(record, "exposure.shutter_angle").filter(|angle| (0.0..=360.0).contains(angle)).map(Value::from)),
        ("fdlLink", fdl.map(Value::from)),
    ]);
    let lens = object([
        ("make", text("lens.make")),
        ("model", text("lens.model")),
        ("serialNumber", text("lens.serial")),
        ("nominalFocalLength", above_zero("lens.focal_length")),
    ]);
    let of_clip = object([("duration", duration(clip)), ("camera", some(camera)), ("lens", some(lens))]);
    let at_start = object([
        ("fStop", above_zero("lens.f_stop")),
        ("tStop", above_zero("lens.t_stop")),
        ("focusDistance", above_zero("lens.focus_distance")),
    ]);
    let slate = [words(record, "slate.scene"), words(record, "slate.take")].into_iter().flatten().collect::<Vec<_>>().join("-");
    let timing = object([("sampleRate", clip.media_rate().and_then(rate)), ("timecode", timecode(clip))]);
    let ours = object([("path", clip.path().map(Value::from)), ("record", serde_json::to_value(record).ok())]);
    Value::Object(object([
        ("static", some(of_clip)),
        (
            "tracker",
            Some(slate).filter(|slate| !slate.is_empty() && slate.len() <= LONGEST).map(|slate| json!({ "slate": slate })),
        ),
        ("timing", some(timing)),
        ("lens", some(at_start)),
        ("protocol", Some(json!({ "name": "OpenTrackIO", "version": [0, 9, 3] }))),
        ("sampleId", Some(format!("urn:uuid:{id}").into())),
        ("sourceId", words(record, "clip.uid").and_then(|uid| source(&uid)).map(Value::from)),
        ("custom", Some(json!({ "checkgate": ours }))),
    ]))
}

fn some(map: serde_json::Map<String, Value>) -> Option<Value> {
    (!map.is_empty()).then(|| map.into())
}

/// A fraction in lowest terms, if both numbers are within what the protocol takes.
fn fraction(num: i128, den: i128) -> Option<Value> {
    let (mut a, mut b) = (num, den);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let divisor = if a == 0 { return None } else { a };
    let (num, den) = (num / divisor, den / divisor);
    let fits = (1..=i128::from(LARGEST.0)).contains(&num) && (1..=i128::from(LARGEST.1)).contains(&den);
    fits.then(|| json!({ "num": num as i64, "denom": den as i64 }))
}

fn rate(rate: FrameRate) -> Option<Value> {
    fraction(rate.num.into(), rate.den.into())
}

/// Seconds as an exact fraction.
fn duration(clip: &RollClip<'_>) -> Option<Value> {
    let rate = clip.media_rate()?;
    fraction(i128::from(clip.frames()?) * i128::from(rate.den), rate.num.into())
}

/// The first timecode. The protocol counts to 120 frames a second.
fn timecode(clip: &RollClip<'_>) -> Option<Value> {
    let (start, counted) = (clip.start()?, clip.timecode_rate()?);
    let label = start.to_string();
    let parts: Vec<u32> = label.split([':', ';']).filter_map(|part| part.parse().ok()).collect();
    let [hours, minutes, seconds, frames @ 0..=119] = parts[..] else { return None };
    Some(json!({
        "hours": hours, "minutes": minutes, "seconds": seconds, "frames": frames, "frameRate": rate(counted)?, "dropFrame": start.is_drop(),
    }))
}

/// A UUID of the clip names the source; a UMID does not fit there and stays in the record.
fn source(uid: &str) -> Option<String> {
    let uid = uid.trim_start_matches("urn:uuid:").to_ascii_lowercase();
    let fits = uid.len() == 36
        && uid
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() });
    fits.then(|| format!("urn:uuid:{uid}"))
}
