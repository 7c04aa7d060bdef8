//! Owns finding the clips a framing decision list speaks of: by the clip a context names (2.0), else by recorded raster and squeeze.
//! A raster proves little, so every canvas that fits is told, and so is every disagreement.

use super::{Fdl, canvases, dimensions, list};
use crate::json::text;
use crate::roll::{RollClip, number, words};
use serde_json::Value;

/// Why a canvas belongs to a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchedBy {
    /// The context names the clip, its file or its sequence.
    ClipId,
    /// Raster and squeeze fit, and the labels name the camera model or sensor mode.
    CameraFormat,
    /// Raster and, where both are known, squeeze fit.
    Raster,
}

/// A canvas of the list that belongs to a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct FdlMatch {
    /// Name of the clip.
    pub clip: String,
    /// Label of the context, or nothing.
    pub context: String,
    /// Id of the canvas.
    pub canvas: String,
    /// Why.
    pub by: MatchedBy,
    /// What list and record say differently.
    pub disagreements: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FdlMatches {
    /// Canvases with their clips, in the order of the clips. A clip with several canvases is ambiguous.
    pub matches: Vec<FdlMatch>,
    /// Clips that no canvas fits.
    pub unmatched: Vec<String>,
}

impl Fdl {
    /// The canvases that belong to `clips`: the strongest reason wins, equal ones are all told.
    #[must_use]
    pub fn match_clips(&self, clips: &[RollClip<'_>]) -> FdlMatches {
        let mut found = FdlMatches::default();
        for clip in clips {
            let candidates: Vec<FdlMatch> =
                canvases(&self.document).filter_map(|(context, canvas)| fits(context, canvas, clip)).collect();
            match candidates.iter().map(|candidate| candidate.by).min() {
                Some(best) => found.matches.extend(candidates.into_iter().filter(|candidate| candidate.by == best)),
                None => found.unmatched.push(clip.name()),
            }
        }
        found
    }
}

fn fits(context: &Value, canvas: &Value, clip: &RollClip<'_>) -> Option<FdlMatch> {
    let (id, source) = (text(canvas, "id")?, text(canvas, "source_canvas_id")?);
    // Derived canvases are what was made of the recording, not the recording.
    if id != source {
        return None;
    }
    let raster = clip.raster().map(|(width, height)| (width as f64, height as f64));
    let told = dimensions(canvas, "dimensions");
    let same_raster = raster.is_some() && raster == told;
    let squeezes = (canvas.get("anamorphic_squeeze").and_then(Value::as_f64), number(clip.record, "lens.squeeze"));
    let same_squeeze = !matches!(squeezes, (Some(told), Some(recorded)) if (told - recorded).abs() > 0.005);
    let by = match context.get("clip_id") {
        Some(clip_id) if names(clip_id, clip) => MatchedBy::ClipId,
        Some(_) => return None,
        None if !same_raster || !same_squeeze => return None,
        None if labelled(context, canvas, clip) => MatchedBy::CameraFormat,
        None => MatchedBy::Raster,
    };
    let mut disagreements = Vec::new();
    if let (Some(recorded), Some(told), false) = (raster, told, same_raster) {
        disagreements.push(format!("the canvas is {}x{}, the clip {}x{}", told.0, told.1, recorded.0, recorded.1));
    }
    if let ((Some(told), Some(recorded)), false) = (squeezes, same_squeeze) {
        disagreements.push(format!("the canvas is squeezed by {told}, the clip by {recorded}"));
    }
    let context = text(context, "label").unwrap_or_default().to_owned();
    Some(FdlMatch { clip: clip.name(), context, canvas: id.to_owned(), by, disagreements })
}

fn names(clip_id: &Value, clip: &RollClip<'_>) -> bool {
    let path = clip.path().unwrap_or_default();
    let is_file = |told: &str| {
        let told = told.replace('\\', "/");
        !path.is_empty() && (told == path || told.ends_with(&format!("/{path}")) || path.ends_with(&format!("/{told}")))
    };
    if let Some(file) = text(clip_id, "file") {
        return is_file(file);
    }
    if let Some(sequence) = clip_id.get("sequence") {
        return in_sequence(sequence, &path, clip);
    }
    text(clip_id, "clip_name").is_some_and(|name| name == clip.name() || name == clip.record.clip)
}

/// `value` is a file name in which a run of `idx` stands for the number.
fn in_sequence(sequence: &Value, path: &str, clip: &RollClip<'_>) -> bool {
    let (Some(value), Some(idx)) = (text(sequence, "value"), text(sequence, "idx").filter(|idx| !idx.is_empty())) else {
        return false;
    };
    let file = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let (value, name) = (file(value), file(path));
    let Some(from) = value.find(idx) else { return false };
    let suffix = value[from..].trim_start_matches(idx);
    let inside = name.strip_prefix(&value[..from]).and_then(|rest| rest.strip_suffix(suffix));
    let Some(first) =
        inside.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())).and_then(|digits| digits.parse().ok())
    else {
        return false;
    };
    let bound = |name| sequence.get(name).and_then(Value::as_u64);
    let range = clip.clip.and_then(|clip| clip.sequence.as_ref()).map_or((first, first), |range| (range.first, range.last));
    bound("min").is_none_or(|min| range.1 >= min) && bound("max").is_none_or(|max| range.0 <= max)
}

fn labelled(context: &Value, canvas: &Value, clip: &RollClip<'_>) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let decisions = list(canvas, "framing_decisions").filter_map(|decision| text(decision, "label"));
    let labels: Vec<String> =
        text(context, "label").into_iter().chain(text(canvas, "label")).chain(decisions).map(plain).collect();
    ["camera.model", "sensor.mode"]
        .iter()
        .filter_map(|field| words(clip.record, field).map(|text| plain(&text)))
        .any(|wanted| wanted.len() > 2 && labels.iter().any(|label| label.contains(&wanted)))
}
