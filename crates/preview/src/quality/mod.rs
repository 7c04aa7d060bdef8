//! Owns the check of picture and sound of a clip for technical faults, every one with its frame numbers and the measure it rests on.
//! Must never call a matter of taste a fault, and never hold more than two frames.

mod defects;
mod frames;
mod levels;
mod roll;
mod sound;
mod time;

pub use defects::{Defect, DefectKind};
pub use levels::Levels;
pub use roll::{RollClip, against_the_roll};
pub use sound::SoundMeasures;

use crate::error::PreviewError;
use crate::ffmpeg::Ffmpeg;
use crate::info::media_info;
use crate::still::Media;
use checkgate_color::yuv::Range;
use checkgate_color::{ColorEngine, InputChoice, Recipe};
use checkgate_model::{FrameRate, Severity};
use frames::Lumas;
use serde::Serialize;
use std::ops::ControlFlow;

/// A span of frames, first and last, from 0.
pub type Span = (u64, u64);

/// Most spans told of one fault.
const MOST_SPANS: usize = 64;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// Stable code, e.g. `picture.black`.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Frames, first and last of each span, from 0; empty where the whole clip is meant.
    pub frames: Vec<Span>,
    /// What was measured, in one sentence.
    pub message: String,
    /// What to do now.
    pub hint: &'static str,
}

impl Fault {
    fn new(code: &'static str, severity: Severity, frames: Vec<Span>, message: String, hint: &'static str) -> Self {
        let mut frames = frames;
        frames.truncate(MOST_SPANS);
        Self { code, severity, frames, message, hint }
    }
}

/// Where faults begin. The defaults are this project's own and were tried on forged faults; they are no standard's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Thresholds {
    /// A frame is black if 99.5 of 100 pixels are no more than this above black, in code values (0 to 1).
    pub black_above: f32,
    /// Repeated frames from this many on are called frozen, fewer are called duplicates.
    pub frozen_frames: u64,
    /// Change of mean level that makes a flash frame, in code values.
    pub flash_level: f32,
    /// Change against its neighbours from which a step in motion is told, as a factor.
    pub jump_factor: f32,
    /// Share of pixels at the top that is told as clipped.
    pub clipped_share: f32,
    /// How far a pixel stands out of its surroundings to be a candidate for a defect, in code values.
    pub defect_contrast: f32,
    /// Frames in a row a defect must be seen in.
    pub defect_frames: u64,
    /// Sound below this is silence, in dBFS.
    pub silence_dbfs: f64,
    /// Seconds of silence from which it is told.
    pub silence_secs: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            black_above: 0.03,
            frozen_frames: 12,
            flash_level: 0.05,
            jump_factor: 1.6,
            clipped_share: 0.005,
            defect_contrast: 0.05,
            defect_frames: 5,
            silence_dbfs: -60.0,
            silence_secs: 2.0,
        }
    }
}

/// A clip to be checked.
#[derive(Debug, Clone)]
pub struct QualityRequest {
    /// The clip.
    pub media: Media,
    /// Its input colour space: says where black lies.
    pub input: InputChoice,
    /// Coding range against the file's tags.
    pub range: Option<Range>,
    /// Rate of a sequence, for words about time.
    pub frame_rate: Option<FrameRate>,
    /// Sound channels that the metadata speaks of.
    pub channels_told: Option<u64>,
    /// Where faults begin.
    pub thresholds: Thresholds,
}

impl QualityRequest {
    /// With this project's thresholds.
    #[must_use]
    pub fn new(media: Media, input: InputChoice) -> Self {
        Self { media, input, range: None, frame_rate: None, channels_told: None, thresholds: Thresholds::default() }
    }
}

/// What was measured on one clip.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct ClipQuality {
    /// Frames that were looked at; all there are.
    pub frames: u64,
    /// Pixels across.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Code value taken for black.
    pub black_code: f32,
    /// Levels and noise.
    pub levels: Option<Levels>,
    /// Sharpness of the sharpest frame that was sampled, as a decimal logarithm.
    pub sharpness: Option<f32>,
    /// Pixels that stand out on all frames.
    pub defects: Vec<Defect>,
    /// Sound, a stream each.
    pub sound: Vec<SoundMeasures>,
    /// What was found.
    pub faults: Vec<Fault>,
}

/// Says how many frames are done; may stop the work.
pub type QualityControl<'a> = &'a dyn Fn(u64) -> ControlFlow<()>;

/// Looks at every frame and hears every sample of a clip.
pub fn examine(
    ffmpeg: &Ffmpeg,
    engine: &dyn ColorEngine,
    request: &QualityRequest,
    control: QualityControl<'_>,
) -> Result<ClipQuality, PreviewError> {
    let black = black_code(engine, &request.input);
    let mut found = ClipQuality { black_code: black, ..ClipQuality::default() };
    let limits = &request.thresholds;
    let mut timing = time::Timing::default();
    let mut levels = levels::Meter::new(black);
    let mut defects = defects::Finder::new(limits);
    let read = frames::each(ffmpeg, request, &mut |frame: &Lumas<'_>| {
        (found.width, found.height) = (frame.width, frame.height);
        timing.add(frame, black + limits.black_above);
        levels.add(frame);
        defects.add(frame);
        found.frames += 1;
        control(found.frames)
    })?;
    if found.frames == 0 {
        return Err(PreviewError::damaged(&read.path, "there are no frames"));
    }
    if let Some(words) = read.broken {
        found.faults.push(Fault::new(
            "picture.undecodable",
            Severity::Error,
            vec![(found.frames, found.frames)],
            format!("only {} frames could be decoded: {words}", found.frames),
            "Compare the file with its other copies; if they agree, ask the camera crew for the take.",
        ));
    }
    found.faults.extend(timing.faults(limits));
    found.faults.extend(levels.faults(limits, timing.black_frames()));
    found.levels = levels.levels();
    found.sharpness = levels.sharpness();
    found.defects = defects.found();
    found.faults.extend(defects::faults(&found.defects));
    if let Media::File(path) = &request.media
        && crate::decode::reader_of(path) == crate::decode::FrameReader::Ffmpeg
    {
        let info = media_info(ffmpeg, path)?;
        found.faults.extend(time::missing_stamps(ffmpeg, path)?);
        let rate = info.video.as_ref().and_then(|video| video.frame_rate);
        found.sound = sound::measure(ffmpeg, path, &info)?;
        found.faults.extend(sound::faults(&found.sound, found.frames, rate, request));
    }
    Ok(found)
}

/// Where black lies in the code values of the input; 0 where it is not known.
fn black_code(engine: &dyn ColorEngine, input: &InputChoice) -> f32 {
    let InputChoice::Scene { space, .. } = input else { return 0.0 };
    let Ok(processor) = engine.processor(&Recipe::to_space("ACES2065-1", space)) else { return 0.0 };
    let mut pixel = [[0.0_f32; 3]];
    processor.apply(&mut pixel);
    let code = pixel[0][1];
    if code.is_finite() { code.clamp(0.0, 0.3) } else { 0.0 }
}

/// Frame numbers as spans.
fn spans(numbers: impl IntoIterator<Item = u64>) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for number in numbers {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => found.push((number, number)),
        }
    }
    found
}

/// Spans as people write them: `12-40, 77`.
fn words(spans: &[Span]) -> String {
    let one = |(first, last): &Span| if first == last { first.to_string() } else { format!("{first}-{last}") };
    let shown: Vec<String> = spans.iter().take(8).map(one).collect();
    let rest = if spans.len() > 8 { format!(" and {} more", spans.len() - 8) } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

/// The middle value; 0 of nothing.
fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_spans_and_words() {
        let found = spans([1, 2, 3, 7, 9, 10]);
        assert_eq!(found, [(1, 3), (7, 7), (9, 10)]);
        assert_eq!(words(&found), "1-3, 7, 9-10");
        assert_eq!(words(&spans((0..40).map(|n| n * 2))), "0, 2, 4, 6, 8, 10, 12, 14 and 32 more");
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[])), (2.0, 0.0));
    }
}
