//! Owns what is judged between frames: black, frozen and duplicate frames, flashes, steps in motion, gaps of time stamps.

use super::frames::Lumas;
use super::{Fault, Span, Thresholds, median, spans, words};
use crate::child;
use crate::error::PreviewError;
use crate::ffmpeg::{Ffmpeg, child_error};
use checkgate_model::Severity;
use rayon::prelude::*;
use std::path::Path;

/// Largest list of time stamps that is read.
const STAMP_BYTES: usize = 64 << 20;

/// Measures of each frame: 13 bytes a frame.
#[derive(Default)]
pub(crate) struct Timing {
    means: Vec<f32>,
    /// Mean change against the frame before; the first frame has none.
    changes: Vec<f32>,
    /// Share of pixels that are the same as in the frame before, to half a code of ten bits.
    same: Vec<f32>,
    black: Vec<bool>,
}

impl Timing {
    pub(crate) fn add(&mut self, frame: &Lumas<'_>, black: f32) {
        let count = frame.now.len().max(1) as f64;
        let sum: f64 = frame.now.par_iter().map(|value| f64::from(*value)).sum();
        let bright = frame.now.par_iter().filter(|value| **value > black).count();
        self.means.push((sum / count) as f32);
        self.black.push(bright as f64 <= count * 0.005);
        let change = |before: &[f32]| -> f64 {
            frame.now.par_iter().zip(before).map(|(now, before)| f64::from((now - before).abs())).sum()
        };
        self.changes.push(frame.before.map_or(f32::NAN, |before| (change(before) / count) as f32));
        let same =
            |before: &[f32]| frame.now.par_iter().zip(before).filter(|(now, before)| (**now - **before).abs() < 0.0005).count();
        self.same.push(frame.before.map_or(0.0, |before| (same(before) as f64 / count) as f32));
    }

    pub(crate) fn black_frames(&self) -> &[bool] {
        &self.black
    }

    /// Frames that repeat the one before. A codec of single frames gives the same picture again; one that codes differences goes on
    /// refining it, so there most pixels are the same and the others change much less than where the clip moves.
    fn repeats(&self) -> Vec<bool> {
        let moving: Vec<f32> = self.changes.iter().copied().filter(|change| *change > 1e-6).collect();
        let usual = median(&moving);
        let still = (0.02 * usual).clamp(1e-6, 2e-4);
        let repeat = |(change, same): (&f32, &f32)| *change <= still || (*change < 0.3 * usual && *same > 0.5);
        self.changes.iter().zip(&self.same).map(repeat).collect()
    }

    pub(crate) fn faults(&self, limits: &Thresholds) -> Vec<Fault> {
        let mut faults = Vec::new();
        let numbers = |flags: &[bool]| spans((0..).zip(flags).filter(|(_, flag)| **flag).map(|(number, _)| number));
        let black = numbers(&self.black);
        if !black.is_empty() {
            let all = black == [(0, self.black.len() as u64 - 1)];
            let message = if all { "every frame is black".to_owned() } else { format!("black frames: {}", words(&black)) };
            let hint = "Look at these frames: a lens cap, a lost signal, or a recording that broke off.";
            faults.push(Fault::new("picture.black", Severity::Warning, black, message, hint));
        }
        let still: Vec<bool> = self.repeats().iter().zip(&self.black).map(|(repeat, black)| *repeat && !black).collect();
        faults.extend(still_faults(&numbers(&still), self.means.len() as u64, limits));
        let flashes = self.flashes(limits);
        if !flashes.is_empty() {
            faults.push(Fault::new(
                "picture.flash",
                Severity::Warning,
                flashes.clone(),
                format!("the level of frames {} jumps and comes back", words(&flashes)),
                "Look at these frames: a flash gun, a light that flickers, or a damaged frame.",
            ));
        }
        let steps = self.steps(limits, &still, &flashes);
        if !steps.is_empty() {
            faults.push(Fault::new(
                "picture.step",
                Severity::Note,
                steps.clone(),
                format!(
                    "motion steps at frames {}: more changed than between the frames around, as if frames were lost",
                    words(&steps)
                ),
                "Look at these frames; a bump of the camera looks the same to this check.",
            ));
        }
        faults
    }

    /// One or two frames that leave the level and come back to it.
    fn flashes(&self, limits: &Thresholds) -> Vec<Span> {
        let means = &self.means;
        let steps: Vec<f32> = means.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        let usual = median(&steps);
        let mut found: Vec<Span> = Vec::new();
        for first in 1..means.len() {
            for length in 1..=2_usize {
                let Some(after) = means.get(first + length) else { break };
                let before = means[first - 1];
                let out = means[first..first + length].iter().map(|mean| mean - before);
                let least = out.clone().map(f32::abs).fold(f32::INFINITY, f32::min);
                let one_way = out.clone().all(|step| step > 0.0) || out.clone().all(|step| step < 0.0);
                let black = self.black[first..first + length].iter().any(|black| *black);
                if one_way && !black && least > limits.flash_level.max(8.0 * usual) && (after - before).abs() < 0.25 * least {
                    if found.last().is_none_or(|(_, last)| *last < first as u64) {
                        found.push((first as u64, (first + length - 1) as u64));
                    }
                    break;
                }
            }
        }
        found
    }

    /// Frames that changed by more than those around, once.
    fn steps(&self, limits: &Thresholds, still: &[bool], flashes: &[Span]) -> Vec<Span> {
        const AROUND: usize = 8;
        let flashed = |number: usize| flashes.iter().any(|(first, last)| (*first..=*last + 1).contains(&(number as u64)));
        let usable = |number: usize| {
            // What follows a repeated frame makes up for it.
            let resumes = number > 0 && (still[number - 1] || self.black[number - 1]);
            number > 0 && !resumes && !still[number] && !self.black[number] && !flashed(number)
        };
        let step = |number: usize| {
            if !usable(number) {
                return false;
            }
            let from = number.saturating_sub(AROUND).max(1);
            let to = (number + AROUND + 1).min(self.changes.len());
            let around: Vec<f32> = (from..to).filter(|at| *at != number && usable(*at)).map(|at| self.changes[at]).collect();
            if around.len() < AROUND {
                return false;
            }
            let usual = median(&around);
            let spread = 1.4826 * median(&around.iter().map(|change| (change - usual).abs()).collect::<Vec<_>>());
            let most = around.iter().copied().fold(0.0, f32::max);
            let here = self.changes[number];
            // A take of one frame's length beside it that moved as much is a shake, no loss.
            here > limits.jump_factor * usual && here - usual > 8.0 * spread && here > 1.25 * most && usual > 2e-4
        };
        spans((0..self.changes.len()).filter(|number| step(*number)).map(|number| number as u64))
    }
}

fn still_faults(runs: &[Span], frames: u64, limits: &Thresholds) -> Vec<Fault> {
    let length = |(first, last): &Span| last - first + 1;
    let (frozen, short): (Vec<Span>, Vec<Span>) = runs.iter().partition(|run| length(run) >= limits.frozen_frames);
    let mut faults = Vec::new();
    if !frozen.is_empty() {
        faults.push(Fault::new(
            "picture.frozen",
            Severity::Warning,
            frozen.clone(),
            format!("frames {} repeat the frame before them", words(&frozen)),
            "Look at these frames; a picture that stands still although time goes on was not recorded.",
        ));
    }
    let repeated: u64 = short.iter().map(length).sum();
    if repeated == 0 {
        return faults;
    }
    // One in six or more, evenly: the cadence of another frame rate, not a fault of the recording.
    let gaps: Vec<u64> = short.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    let even = gaps.iter().filter(|gap| gaps.iter().filter(|other| other == gap).count() * 5 >= gaps.len() * 2).count();
    if short.len() >= 8 && repeated * 6 >= frames && even * 5 >= gaps.len() * 4 {
        let message = format!("{repeated} of {frames} frames repeat the one before in an even rhythm");
        let hint = "The picture was probably brought from another frame rate; ask which rate is meant.";
        faults.push(Fault::new("picture.cadence", Severity::Note, short, message, hint));
    } else {
        let message = format!("{repeated} frames repeat the frame before them: {}", words(&short));
        let hint = "Look at these frames; recorders repeat a frame when one was lost.";
        faults.push(Fault::new("picture.duplicate", Severity::Warning, short, message, hint));
    }
    faults
}

/// Gaps between the time stamps of the picture stream.
pub(crate) fn missing_stamps(ffmpeg: &Ffmpeg, path: &Path) -> Result<Vec<Fault>, PreviewError> {
    let mut command = ffmpeg.probe_command();
    command.args(["-select_streams", "v:0", "-show_entries", "packet=pts", "-of", "csv=print_section=0"]);
    Ffmpeg::add_input(&mut command, path);
    let done = child::run(&mut command, ffmpeg.limits().still, ffmpeg.limits().memory_bytes, STAMP_BYTES)
        .map_err(|error| child_error(path, ffmpeg.path(), error))?;
    let text = String::from_utf8_lossy(&done.stdout);
    let mut stamps: Vec<i64> = text.lines().filter_map(|line| line.trim_end_matches(',').trim().parse().ok()).collect();
    stamps.sort_unstable();
    Ok(gaps(&stamps).into_iter().collect())
}

fn gaps(stamps: &[i64]) -> Option<Fault> {
    let steps: Vec<i64> = stamps.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    let usual = *sorted.get(sorted.len() / 2)?;
    if usual <= 0 {
        return None;
    }
    let lost = |step: i64| step.saturating_add(usual / 2) / usual - 1;
    let found: Vec<(u64, i64)> =
        (1..).zip(&steps).filter(|(_, step)| lost(**step) > 0).map(|(at, step)| (at, lost(*step))).collect();
    // Variable frame rates have no missing frames.
    if found.is_empty() || found.len() * 4 > steps.len() {
        return None;
    }
    let total = found.iter().fold(0_i64, |total, (_, lost)| total.saturating_add(*lost));
    let at: Vec<Span> = found.iter().map(|(at, _)| (*at, *at)).collect();
    let message = format!("the time stamps leave out {total} frames before frames {}", words(&at));
    let hint = "Frames were dropped while recording, or the file was made from another; sound may run away from picture.";
    Some(Fault::new("picture.dropped", Severity::Error, at, message, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_of_time_stamps_are_counted() {
        assert_eq!(gaps(&(0..50).map(|n| n * 512).collect::<Vec<_>>()), None);
        let missing: Vec<i64> = (0..50).filter(|n| ![20, 21, 33].contains(n)).map(|n| n * 512).collect();
        let fault = gaps(&missing).unwrap();
        assert_eq!((fault.frames, fault.severity), (vec![(20, 20), (31, 31)], Severity::Error));
        assert!(fault.message.contains("leave out 3 frames"), "{}", fault.message);
        // Rounded stamps (1001/30000 in milliseconds) are even enough; wild ones are a variable rate.
        assert_eq!(gaps(&(0..50).map(|n| n * 1001 / 30).collect::<Vec<_>>()), None);
        assert_eq!(gaps(&[0, 10, 30, 40, 60, 70, 90]), None);
        assert_eq!((gaps(&[]), gaps(&[5, 5, 5])), (None, None));
        assert!(gaps(&[i64::MIN, 0, i64::MAX]).is_none_or(|fault| !fault.message.is_empty()));
    }
}
