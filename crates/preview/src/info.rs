//! Owns what ffprobe says about a file, as far as a picture needs it. Bounded in time and size; every number is checked.

use crate::child;
use crate::error::PreviewError;
use crate::ffmpeg::{Ffmpeg, child_error};
use checkgate_model::FrameRate;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// A picture stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VideoInfo {
    /// Codec, e.g. `prores`.
    pub codec: String,
    /// Profile as ffprobe words it, e.g. `HQ`.
    pub profile: String,
    /// The container's own name for the codec, e.g. `apch`; says what ffmpeg's name does not where it knows no decoder.
    pub codec_tag: String,
    /// Seconds at which the stream begins.
    pub start_secs: f64,
    /// Pixels across.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Native pixel format, e.g. `yuv422p10le`.
    pub pixel_format: String,
    /// Frames per second.
    pub frame_rate: Option<FrameRate>,
    /// Frames, as declared or as duration times rate; `None` if neither is known.
    pub frames: Option<u64>,
    /// Whether `frames` was counted from the duration.
    pub frames_estimated: bool,
    /// `tv`, `pc` or empty.
    pub color_range: String,
    /// `bt709`, `bt2020nc`, … or empty.
    pub color_space: String,
    /// Transfer tag, or empty. Says nothing about camera logs.
    pub color_transfer: String,
    /// Primaries tag, or empty.
    pub color_primaries: String,
    /// Width of a pixel over its height.
    pub pixel_aspect: f64,
    /// Quarter turns clockwise that the file asks a player for, 0 to 3.
    pub quarter_turns: u8,
}

/// A sound stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AudioInfo {
    /// Codec, e.g. `pcm_s24le`.
    pub codec: String,
    /// Channels.
    pub channels: u64,
    /// Samples a second.
    pub sample_rate: u64,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct MediaInfo {
    /// Container, as ffprobe names it.
    pub container: String,
    /// Duration in seconds.
    pub duration_secs: Option<f64>,
    /// The first picture stream.
    pub video: Option<VideoInfo>,
    /// Sound streams.
    pub audio: Vec<AudioInfo>,
    /// Start timecode as written, e.g. `01:00:00:00` or `01:00:00;00`.
    pub timecode: Option<String>,
    /// Reel name.
    pub reel_name: Option<String>,
}

/// Largest answer taken from ffprobe.
const ANSWER_BYTES: usize = 8 << 20;

/// Asks ffprobe about `path`.
pub fn media_info(ffmpeg: &Ffmpeg, path: &Path) -> Result<MediaInfo, PreviewError> {
    std::fs::metadata(path).map_err(|source| PreviewError::Read { path: path.to_path_buf(), source })?;
    let mut command = ffmpeg.probe_command();
    command.args(["-print_format", "json", "-show_format", "-show_streams"]);
    Ffmpeg::add_input(&mut command, path);
    let done = child::run(&mut command, ffmpeg.limits().still, ffmpeg.limits().memory_bytes, ANSWER_BYTES)
        .map_err(|error| child_error(path, ffmpeg.path(), error))?;
    if !done.status.success() {
        return Err(PreviewError::damaged(path, reason(&done.said, path)));
    }
    let answer: Value = serde_json::from_slice(&done.stdout).map_err(|error| PreviewError::damaged(path, error.to_string()))?;
    Ok(read_answer(&answer))
}

/// What ffmpeg said, without the path it repeats and the addresses it prints.
pub(crate) fn reason(said: &str, path: &Path) -> String {
    let shown = path.display().to_string();
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines() {
        let line = line.replace(&format!("file:{shown}: "), "").replace(&format!("file:{shown}"), "the file");
        let line = match line.split_once("] ") {
            Some((prefix, rest)) if prefix.starts_with('[') => rest.to_owned(),
            _ => line,
        };
        let line = if line.contains("not on whitelist") {
            "files of this kind are not opened, because they can name other files".to_owned()
        } else {
            line
        };
        if !line.is_empty() && !lines.contains(&line) && lines.len() < 4 {
            lines.push(line.chars().take(200).collect());
        }
    }
    if lines.is_empty() { "the decoder gave no reason".to_owned() } else { lines.join("; ") }
}

fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.chars().take(256).collect(),
        _ => String::new(),
    }
}

fn number(value: &Value, key: &str) -> Option<f64> {
    let number = match value.get(key)? {
        Value::String(text) => text.parse::<f64>().ok()?,
        other => other.as_f64()?,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn ratio(text: &str) -> Option<(u32, u32)> {
    let (num, den) = text.split_once(['/', ':'])?;
    match (num.parse::<u32>().ok()?, den.parse::<u32>().ok()?) {
        (0, _) | (_, 0) => None,
        pair => Some(pair),
    }
}

fn tag(value: &Value, key: &str) -> Option<String> {
    value.get("tags").map(|tags| text(tags, key)).filter(|text| !text.is_empty())
}

/// ffprobe states the display matrix as degrees anticlockwise; only quarter turns are a camera's.
fn quarter_turns(stream: &Value) -> u8 {
    let sides = stream.get("side_data_list").and_then(Value::as_array);
    let degrees = sides.into_iter().flatten().find_map(|side| side.get("rotation").and_then(Value::as_f64)).unwrap_or(0.0);
    match degrees.round() as i64 {
        -90 | 270 => 1,
        180 | -180 => 2,
        90 | -270 => 3,
        _ => 0,
    }
}

fn read_answer(answer: &Value) -> MediaInfo {
    let none = Vec::new();
    let streams = answer.get("streams").and_then(Value::as_array).unwrap_or(&none);
    let format = answer.get("format").unwrap_or(&Value::Null);
    let kind = |stream: &&Value, kind: &str| stream.get("codec_type").and_then(Value::as_str) == Some(kind);
    let attached = |stream: &&Value| stream.pointer("/disposition/attached_pic").and_then(Value::as_u64) == Some(1);
    let duration_secs = number(format, "duration").filter(|secs| *secs > 0.0);
    let video = streams.iter().find(|stream| kind(stream, "video") && !attached(stream)).and_then(|stream| {
        let unknown = |text: String| if text == "unknown" || text == "unspecified" { String::new() } else { text };
        let rate = ratio(&text(stream, "r_frame_rate")).and_then(|(num, den)| FrameRate::new(num, den));
        let declared = number(stream, "nb_frames").filter(|frames| *frames >= 1.0).map(|frames| frames as u64);
        let counted = || {
            let secs = number(stream, "duration").filter(|secs| *secs > 0.0).or(duration_secs)?;
            let rate = rate?;
            Some(((secs * f64::from(rate.num) / f64::from(rate.den)).round() as u64).max(1))
        };
        let side = |key: &str| {
            stream.get(key).and_then(Value::as_u64).and_then(|side| usize::try_from(side).ok()).filter(|side| *side > 0)
        };
        let aspect = ratio(&text(stream, "sample_aspect_ratio")).map_or(1.0, |(num, den)| f64::from(num) / f64::from(den));
        Some(VideoInfo {
            codec: text(stream, "codec_name"),
            profile: text(stream, "profile"),
            codec_tag: text(stream, "codec_tag_string"),
            start_secs: number(stream, "start_time").unwrap_or(0.0),
            width: side("width")?,
            height: side("height")?,
            pixel_format: text(stream, "pix_fmt"),
            frame_rate: rate,
            frames: declared.or_else(counted),
            frames_estimated: declared.is_none(),
            color_range: unknown(text(stream, "color_range")),
            color_space: unknown(text(stream, "color_space")),
            color_transfer: unknown(text(stream, "color_transfer")),
            color_primaries: unknown(text(stream, "color_primaries")),
            pixel_aspect: if (0.1..=10.0).contains(&aspect) { aspect } else { 1.0 },
            quarter_turns: quarter_turns(stream),
        })
    });
    let audio = streams
        .iter()
        .filter(|stream| kind(stream, "audio"))
        .map(|stream| AudioInfo {
            codec: text(stream, "codec_name"),
            channels: stream.get("channels").and_then(Value::as_u64).unwrap_or(0),
            sample_rate: number(stream, "sample_rate").unwrap_or(0.0) as u64,
        })
        .collect();
    let first = |key: &str| streams.iter().find_map(|stream| tag(stream, key)).or_else(|| tag(format, key));
    MediaInfo {
        container: text(format, "format_name"),
        duration_secs,
        video,
        audio,
        timecode: first("timecode"),
        reel_name: first("reel_name"),
    }
}
