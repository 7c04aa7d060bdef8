//! Owns levels of a clip: clipped highlights, blocked shadows, noise near black, banding, exposure and sharpness.

use super::frames::Lumas;
use super::{Fault, Thresholds, median, spans, words};
use checkgate_model::Severity;
use rayon::prelude::*;
use serde::Serialize;

/// Frames between two that are looked at closely.
const EVERY: u64 = 6;
/// Classes of code values from -0.1 to 1.1.
const CLASSES: usize = 1200;
const STEP: f32 = 1.2 / CLASSES as f32;
/// Length of an even run for banding, in pixels.
const BAND: usize = 16;

/// Levels of a clip in code values (0 to 1), medians over its sampled frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Levels {
    /// Mean.
    pub mean: f32,
    /// 1 of 100 pixels is darker.
    pub low: f32,
    /// 1 of 100 pixels is brighter.
    pub high: f32,
    /// Largest share of pixels at the top of the range on one frame.
    pub clipped: f32,
    /// Noise near black: standard deviation between frames at the quietest moment; `None` without dark parts.
    pub noise: Option<f32>,
    /// Share of pixels in bands with a hard step between them.
    pub banded: f32,
}

struct Sample {
    number: u64,
    mean: f32,
    low: f32,
    high: f32,
    top: f32,
    at_top: f32,
    at_black: f32,
    noise: Option<f32>,
    banded: f32,
    sharpness: Option<f32>,
}

pub(crate) struct Meter {
    black: f32,
    samples: Vec<Sample>,
}

fn class_of(value: f32) -> usize {
    (((value + 0.1) / STEP).max(0.0) as usize).min(CLASSES - 1)
}

fn value_of(class: usize) -> f32 {
    class as f32 * STEP - 0.1
}

impl Meter {
    pub(crate) const fn new(black: f32) -> Self {
        Self { black, samples: Vec::new() }
    }

    pub(crate) fn add(&mut self, frame: &Lumas<'_>) {
        if frame.number % EVERY != 1 && frame.number != 0 {
            return;
        }
        let total = frame.now.len().max(1) as f32;
        let counts = frame
            .now
            .par_chunks(1 << 16)
            .map(|part| {
                let mut counts = vec![0_u32; CLASSES];
                part.iter().for_each(|value| counts[class_of(*value)] += 1);
                counts
            })
            .reduce(|| vec![0; CLASSES], |a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
        let rank = |part: f32| {
            let mut left = (total * part) as i64;
            let class = counts.iter().position(|count| {
                left -= i64::from(*count);
                left < 0
            });
            value_of(class.unwrap_or(CLASSES - 1))
        };
        let sum: f64 = frame.now.par_iter().map(|value| f64::from(*value)).sum();
        let top = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        let count_in = |from: usize, to: usize| counts[from.min(CLASSES)..to.min(CLASSES)].iter().sum::<u32>() as f32;
        // A range that is cut off piles up at its end; one that fades out does not. Codecs overshoot the end by a little.
        let peak = (top.saturating_sub(50)..=top).max_by_key(|class| counts[*class]).unwrap_or(top);
        let at_top = count_in(peak.saturating_sub(2), peak + 3);
        let below = count_in(peak.saturating_sub(24), peak.saturating_sub(4)) / 20.0 * 5.0;
        let over = count_in(peak + 3, CLASSES);
        let black = class_of(self.black + 0.002);
        self.samples.push(Sample {
            number: frame.number,
            mean: (sum / f64::from(total)) as f32,
            low: rank(0.01),
            high: rank(0.99),
            top: value_of(peak),
            at_top: if at_top > 4.0 * below && over < 0.5 * at_top { at_top / total } else { 0.0 },
            at_black: count_in(0, black + 1) / total,
            noise: frame.before.and_then(|before| noise(frame.now, before, self.black)),
            banded: banded(frame.now, frame.width),
            sharpness: sharpness(frame.now, frame.width),
        });
    }

    pub(crate) fn levels(&self) -> Option<Levels> {
        let all = |value: fn(&Sample) -> f32| median(&self.samples.iter().map(value).collect::<Vec<_>>());
        let noise = self.samples.iter().filter_map(|sample| sample.noise).filter(|noise| *noise > 0.0).min_by(f32::total_cmp);
        (!self.samples.is_empty()).then(|| Levels {
            mean: all(|sample| sample.mean),
            low: all(|sample| sample.low),
            high: all(|sample| sample.high),
            clipped: self.clipped().map(|(_, share)| share).fold(0.0, f32::max),
            noise,
            banded: all(|sample| sample.banded),
        })
    }

    pub(crate) fn sharpness(&self) -> Option<f32> {
        self.samples.iter().filter_map(|sample| sample.sharpness).max_by(f32::total_cmp)
    }

    /// Frames that end where the clip ends, with the share of pixels there. A grey that happens to be a frame's brightest is
    /// none of them, nor is anything below three quarters of the range: no camera's curve ends there.
    fn clipped(&self) -> impl Iterator<Item = (u64, f32)> {
        let top = self.samples.iter().map(|sample| sample.top).fold(0.0, f32::max);
        self.samples
            .iter()
            .filter(move |sample| sample.top > top - 0.015 && sample.top > 0.75)
            .map(|sample| (sample.number, sample.at_top))
    }

    pub(crate) fn faults(&self, limits: &Thresholds, black: &[bool]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let shown = |number: u64| !black.get(number as usize).copied().unwrap_or(false);
        let clipped: Vec<(u64, f32)> =
            self.clipped().filter(|(number, share)| *share > limits.clipped_share && shown(*number)).collect();
        let most = clipped.iter().map(|(_, share)| *share).fold(0.0, f32::max);
        if !clipped.is_empty() {
            let severity = if most >= 0.05 { Severity::Warning } else { Severity::Note };
            let at = spans(clipped.iter().map(|(number, _)| *number));
            let message = format!("highlights are clipped: up to {:.1} % of the picture, at frames {}", most * 100.0, words(&at));
            let hint = "Look whether anything that matters is in there; what is clipped cannot be brought back.";
            faults.push(Fault::new("picture.clipped", severity, at, message, hint));
        }
        let blocked: Vec<&Sample> = self.samples.iter().filter(|sample| sample.at_black > 0.2 && shown(sample.number)).collect();
        let most = blocked.iter().map(|sample| sample.at_black).fold(0.0, f32::max);
        if !blocked.is_empty() {
            let at = spans(blocked.iter().map(|sample| sample.number));
            let message = format!("up to {:.0} % of the picture lies at or below black, at frames {}", most * 100.0, words(&at));
            let hint = "Look whether the shadows are meant to be that dark; nothing is recorded in them.";
            faults.push(Fault::new("picture.blocked_shadows", Severity::Note, at, message, hint));
        }
        let Some(levels) = self.levels() else { return faults };
        if let Some(noise) = levels.noise.filter(|noise| *noise > 0.012) {
            let message = format!("noise near black is {:.1} codes of 1023 at the quietest moment", noise * 1023.0);
            let hint = "Look at the shadows: underexposed, or a high exposure index.";
            faults.push(Fault::new("picture.noise", Severity::Note, Vec::new(), message, hint));
        }
        if levels.banded > 0.12 {
            let at = spans(self.samples.iter().filter(|sample| sample.banded > 0.12).map(|sample| sample.number));
            let message =
                format!("{:.0} % of the picture lies in even bands with hard steps between them", levels.banded * 100.0);
            let hint = "Look at gradients: the picture was probably stored in 8 bits or compressed hard somewhere.";
            faults.push(Fault::new("picture.banding", Severity::Note, at, message, hint));
        }
        faults
    }
}

/// Standard deviation of one frame's noise in dark parts, from the median change between two frames.
fn noise(now: &[f32], before: &[f32], black: f32) -> Option<f32> {
    let dark: Vec<f32> = now
        .iter()
        .zip(before)
        .step_by(7)
        .filter(|(now, _)| (black - 0.02..black + 0.12).contains(*now))
        .map(|(now, before)| (now - before).abs())
        .collect();
    (dark.len() > 2000).then(|| 1.4826 * median(&dark) / std::f32::consts::SQRT_2)
}

/// Share of pixels in even runs of at least 16 that meet another such run with a step of about one code of 8 bits.
fn banded(values: &[f32], width: usize) -> f32 {
    const EVEN: f32 = 0.0016;
    const STEPS: std::ops::Range<f32> = 0.003..0.016;
    let width = width.max(1);
    let rows = values.len() / width;
    let counted: usize = (0..rows)
        .into_par_iter()
        .step_by(4)
        .map(|row| {
            let line = &values[row * width..(row + 1) * width];
            let (mut start, mut banded) = (0, 0);
            let mut last: Option<(f32, usize)> = None;
            while start < width {
                let level = line[start];
                let length = line[start..].iter().take_while(|value| (**value - level).abs() < EVEN).count();
                if length >= BAND {
                    if let Some((before, before_length)) = last
                        && STEPS.contains(&(level - before).abs())
                    {
                        banded += length + before_length;
                        last = Some((level, 0));
                    } else {
                        last = Some((level, length));
                    }
                    start += length;
                } else {
                    // An edge that a codec made soft is two pixels wide.
                    if length > 2 {
                        last = None;
                    }
                    start += length.max(1);
                }
            }
            banded
        })
        .sum();
    counted as f32 / (rows.div_ceil(4) * width).max(1) as f32
}

/// How much of the contrast is in the finest detail, in the middle of the frame; `None` where there is no contrast.
fn sharpness(values: &[f32], width: usize) -> Option<f32> {
    let width = width.max(1);
    let height = values.len() / width;
    let (rows, columns) = ((height / 5).max(1)..(height * 4 / 5).max(2), (width / 5).max(1)..(width * 4 / 5).max(2));
    if height < 16 || width < 16 {
        return None;
    }
    let (mut fine, mut sum, mut square, mut count) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for y in rows {
        for x in columns.clone() {
            let at = y * width + x;
            let value = f64::from(values[at]);
            let around = values[at - 1] + values[at + 1] + values[at - width] + values[at + width];
            fine += (4.0 * value - f64::from(around)).powi(2);
            (sum, square, count) = (sum + value, square + value * value, count + 1.0);
        }
    }
    let variance = square / count - (sum / count).powi(2);
    (variance > 1e-4).then(|| (fine / count / variance).max(1e-9).log10() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(frames: &[Vec<f32>], width: usize, black: f32) -> Meter {
        let mut meter = Meter::new(black);
        for (number, now) in frames.iter().enumerate() {
            let before = number.checked_sub(1).map(|before| frames[before].as_slice());
            meter.add(&Lumas { number: number as u64, width, height: now.len() / width, now, before });
        }
        meter
    }

    fn codes(meter: &Meter) -> Vec<&'static str> {
        meter.faults(&Thresholds::default(), &[]).iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn a_range_that_is_cut_off_is_clipped_and_one_that_fades_is_not() {
        let ramp = |top: f32| (0..640 * 90).map(|at| ((at % 640) as f32 / 639.0 * 1.2).min(top)).collect::<Vec<f32>>();
        assert_eq!(codes(&meter(&[ramp(0.92), ramp(0.92)], 640, 0.0)), ["picture.clipped"]);
        let fading: Vec<f32> = (0..640 * 90).map(|at| 0.1 + 0.8 * ((at % 640) as f32 / 639.0).powi(2)).collect();
        assert!(codes(&meter(&[fading], 640, 0.0)).is_empty());
        // A grey card is no clipping.
        assert!(codes(&meter(&[vec![0.4; 640 * 90]], 640, 0.0)).is_empty());
        assert_eq!(codes(&meter(&[vec![0.0; 640 * 90]], 640, 0.0)), ["picture.blocked_shadows"]);
    }

    #[test]
    fn a_gradient_of_eight_bits_is_banded_and_one_of_ten_is_not() {
        let gradient = |levels: f32| {
            let value = |at: usize| 0.3 + 0.1 * (at % 1280) as f32 / 1279.0;
            (0..1280 * 64).map(|at| (value(at) * levels).round() / levels).collect::<Vec<f32>>()
        };
        assert!(banded(&gradient(219.0), 1280) > 0.9);
        assert!(banded(&gradient(876.0), 1280) < 0.01);
    }

    #[test]
    fn sharpness_falls_with_blur_and_needs_contrast() {
        let picture = |soft: usize| -> Vec<f32> {
            let raw = |x: usize, y: usize| ((x * 7 + y * 13) % 11) as f32 / 11.0;
            let blurred = |at: usize| (0..soft).map(|shift| raw(at % 160 + shift, at / 160)).sum::<f32>() / soft as f32;
            (0..160 * 90).map(|at| blurred(at) + 0.3 * ((at % 160) / 40) as f32).collect()
        };
        assert!(sharpness(&picture(1), 160).unwrap() > sharpness(&picture(6), 160).unwrap() + 0.3);
        assert_eq!(sharpness(&vec![0.5; 160 * 90], 160), None);
    }
}
