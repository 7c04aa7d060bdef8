//! Owns the technical check of picture and sound of a card, roll or file: measures and findings of each clip, and against the roll.
//! It is asked for, never a condition of the verdict. No stored state.

use crate::describe::{PictureSetup, still_request};
use crate::framing::number;
use crate::selected::Selected;
use crate::stills::{engine, media_problem};
use checkgate_color::InputChoice;
use checkgate_model::{Clip, ClipRecord, ErrorCode, Finding, FrameRate, Problem, Severity};
use checkgate_preview::Ffmpeg;
use checkgate_preview::quality::{ClipQuality, QualityRequest, RollClip, against_the_roll, examine};
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::Path;

/// A clip that was checked.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedClip {
    /// Name.
    pub clip: String,
    /// Measures and faults; `None` where the clip could not be read.
    pub quality: Option<ClipQuality>,
}

/// A check.
#[derive(Debug, Clone, Serialize)]
pub struct QualityAnswer {
    /// Clips, in order.
    pub clips: Vec<CheckedClip>,
    /// What was found, in order of the clips.
    pub findings: Vec<Finding>,
}

impl QualityAnswer {
    /// Whether anything is there that a person must look at.
    #[must_use]
    pub fn worth_a_look(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity >= Severity::Warning)
    }
}

/// Looks at every frame and hears every sample of the clips of `path`. `said` is told the clip and how many of its frames are done.
pub fn check_quality(
    path: &Path,
    input: Option<&str>,
    setup: &PictureSetup,
    said: &dyn Fn(&str, u64) -> ControlFlow<()>,
) -> Result<QualityAnswer, Problem> {
    let selected = Selected::open(path, &setup.mappings)?;
    let decoder = Ffmpeg::find().map_err(|error| Problem::from_error(ErrorCode::ToolFailed, &error))?;
    let mut clips = Vec::new();
    let mut findings = Vec::new();
    for (clip, record) in selected.clips() {
        let Some(request) = request(&selected, clip, record, input, setup) else {
            clips.push((clip.name.clone(), None));
            continue;
        };
        match examine(&decoder, engine()?, &request, &|frames| said(&clip.name, frames)) {
            Ok(quality) => clips.push((clip.name.clone(), Some(quality))),
            Err(checkgate_preview::PreviewError::Stopped) => {
                return Err(Problem::new(ErrorCode::Stopped, "the check was stopped"));
            }
            Err(error) => {
                let problem = media_problem(&error);
                let words = format!("{}: picture and sound could not be checked: {}", clip.name, problem.summary);
                findings.push(Finding::new("picture.unreadable", Severity::Error, words, problem.hint).with_clip(&clip.name));
                clips.push((clip.name.clone(), None));
            }
        }
    }
    let mut roll: Vec<RollClip> =
        clips.iter().filter_map(|(name, quality)| Some(RollClip { name: name.clone(), quality: quality.clone()? })).collect();
    against_the_roll(&mut roll);
    let mut judged = roll.into_iter();
    let clips: Vec<CheckedClip> = clips
        .into_iter()
        .map(|(clip, quality)| CheckedClip { clip, quality: quality.and_then(|_| judged.next()).map(|judged| judged.quality) })
        .collect();
    for clip in &clips {
        for fault in clip.quality.iter().flat_map(|quality| &quality.faults) {
            let words = format!("{}: {}", clip.clip, fault.message);
            findings.push(Finding::new(fault.code, fault.severity, words, fault.hint).with_clip(&clip.clip));
        }
    }
    Ok(QualityAnswer { clips, findings })
}

fn request(
    selected: &Selected,
    clip: &Clip,
    record: &ClipRecord,
    input: Option<&str>,
    setup: &PictureSetup,
) -> Option<QualityRequest> {
    let still = still_request(&selected.root, clip, record, setup)?;
    if clip.kind == checkgate_model::ClipKind::Sound {
        return None;
    }
    let choice = input.map_or(still.input, InputChoice::explicit);
    let told = number(record, "audio.channels").filter(|count| *count >= 0.0).map(|count| count as u64);
    Some(QualityRequest {
        frame_rate: FrameRate::parse(&record.text("rate.project")),
        channels_told: told,
        ..QualityRequest::new(still.media, choice)
    })
}
