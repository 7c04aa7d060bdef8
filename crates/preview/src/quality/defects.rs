//! Owns dead, hot and stuck pixels: single pixels that stand out of their surroundings at one place, frame after frame. A small
//! light in a picture that does not move looks the same; where nothing moved behind a candidate, that is said and nothing more.

use super::frames::Lumas;
use super::{Fault, Thresholds};
use checkgate_model::Severity;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::HashMap;

/// Distance of the surroundings a pixel is judged by: further than demosaicing and chroma filters spread it.
const AROUND: usize = 3;
/// More candidates on one frame are texture.
const MOST_CANDIDATES: usize = 4_000;
const MOST_TRACKS: usize = 100_000;
/// Most defects that are told.
const MOST_DEFECTS: usize = 500;
/// Surroundings that changed by this much prove that the picture moved behind the pixel.
const MOVED: f32 = 0.03;

/// What a pixel does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DefectKind {
    /// Brighter than it should be.
    Hot,
    /// Darker than it should be.
    Dead,
    /// The same value whatever is behind it.
    Stuck,
}

/// A pixel that stands out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Defect {
    /// Column, from 0.
    pub x: u32,
    /// Line, from 0.
    pub y: u32,
    /// What it does.
    pub kind: DefectKind,
    /// First frame it was seen on.
    pub first: u64,
    /// Last frame it was seen on.
    pub last: u64,
    /// Frames it was seen on.
    pub seen: u64,
    /// How far it stands out, in code values, on average.
    pub contrast: f32,
    /// The picture behind it changed, so it is no light in a still picture.
    pub certain: bool,
}

#[derive(Clone, Copy)]
struct Candidate {
    x: u32,
    y: u32,
    /// Above the surroundings; negative below.
    out: f32,
    value: f32,
    around: f32,
}

struct Track {
    first: u64,
    last: u64,
    seen: u64,
    run: u64,
    longest: u64,
    out: f32,
    value: (f32, f32),
    around: (f32, f32),
}

pub(crate) struct Finder {
    contrast: f32,
    in_a_row: u64,
    frames: u64,
    tracks: HashMap<(u32, u32), Track>,
}

impl Finder {
    pub(crate) fn new(limits: &Thresholds) -> Self {
        let (contrast, in_a_row) = (limits.defect_contrast.max(0.01), limits.defect_frames.max(2));
        Self { contrast, in_a_row, frames: 0, tracks: HashMap::new() }
    }

    pub(crate) fn add(&mut self, frame: &Lumas<'_>) {
        self.frames = frame.number + 1;
        let found = candidates(frame, self.contrast);
        if found.len() > MOST_CANDIDATES {
            // The run of a true defect is not broken by a frame that cannot be judged.
            for track in self.tracks.values_mut().filter(|track| track.last + 1 == frame.number) {
                track.last = frame.number;
            }
            return;
        }
        for one in found {
            if self.tracks.len() >= MOST_TRACKS && !self.tracks.contains_key(&(one.x, one.y)) {
                continue;
            }
            let fresh = || Track {
                first: frame.number,
                last: frame.number,
                seen: 0,
                run: 0,
                longest: 0,
                out: 0.0,
                value: (one.value, one.value),
                around: (one.around, one.around),
            };
            let track = self.tracks.entry((one.x, one.y)).or_insert_with(fresh);
            // What was hot and is dead now is detail that passes.
            if track.out * one.out < 0.0 {
                *track = fresh();
            }
            track.run = if track.seen > 0 && track.last + 1 >= frame.number { track.run + 1 } else { 1 };
            track.longest = track.longest.max(track.run);
            track.last = frame.number;
            track.seen += 1;
            track.out += one.out;
            track.value = (track.value.0.min(one.value), track.value.1.max(one.value));
            track.around = (track.around.0.min(one.around), track.around.1.max(one.around));
        }
        if frame.number % 32 == 31 {
            // What passes is forgotten.
            let (now, in_a_row) = (frame.number, self.in_a_row);
            self.tracks.retain(|_, track| track.longest >= in_a_row || now - track.last < in_a_row);
        }
    }

    /// Seen often enough in a row, and on nearly every frame since it was first seen.
    pub(crate) fn found(&self) -> Vec<Defect> {
        let mut found: Vec<Defect> = self
            .tracks
            .iter()
            .filter(|(_, track)| track.longest >= self.in_a_row && track.seen * 10 >= (self.frames - track.first) * 7)
            .map(|((x, y), track)| {
                let moved = track.around.1 - track.around.0 >= MOVED;
                let kind = match track.out > 0.0 {
                    _ if moved && track.value.1 - track.value.0 < 0.01 => DefectKind::Stuck,
                    true => DefectKind::Hot,
                    false => DefectKind::Dead,
                };
                let contrast = (track.out / track.seen as f32).abs();
                let (first, last, seen) = (track.first, track.last, track.seen);
                Defect { x: *x, y: *y, kind, first, last, seen, contrast, certain: moved }
            })
            .collect();
        found.sort_by(|a, b| b.certain.cmp(&a.certain).then(b.contrast.total_cmp(&a.contrast)).then((a.y, a.x).cmp(&(b.y, b.x))));
        found.truncate(MOST_DEFECTS);
        found
    }
}

fn candidates(frame: &Lumas<'_>, contrast: f32) -> Vec<Candidate> {
    let (width, height) = (frame.width, frame.height);
    if width <= 2 * AROUND || height <= 2 * AROUND {
        return Vec::new();
    }
    let values = frame.now;
    (AROUND..height - AROUND)
        .into_par_iter()
        .flat_map_iter(|y| {
            (AROUND..width - AROUND).filter_map(move |x| {
                let at = y * width + x;
                let value = values[at];
                let (left, right) = (values[at - AROUND], values[at + AROUND]);
                // The cheap question first: nearly every pixel ends here.
                let out = if value > left.max(right) + contrast {
                    value - left.max(right)
                } else if value < left.min(right) - contrast {
                    value - left.min(right)
                } else {
                    return None;
                };
                judge(values, width, (x, y), value, out > 0.0, contrast)
            })
        })
        .collect()
}

fn judge(values: &[f32], width: usize, (x, y): (usize, usize), value: f32, hot: bool, contrast: f32) -> Option<Candidate> {
    let at = |dx: isize, dy: isize| values[(y as isize + dy) as usize * width + (x as isize + dx) as usize];
    let sign = if hot { 1.0 } else { -1.0 };
    let near = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];
    // The top of its little hill; of two equal ones the first.
    let top = near.iter().enumerate().all(|(order, (dx, dy))| {
        let difference = (value - at(*dx, *dy)) * sign;
        if order < 4 { difference > 0.0 } else { difference >= 0.0 }
    });
    if !top {
        return None;
    }
    let far = AROUND as isize;
    let ring =
        [(-far, -far), (0, -far), (far, -far), (-far, 0), (far, 0), (-far, far), (0, far), (far, far)].map(|(dx, dy)| at(dx, dy));
    let (low, high) =
        ring.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let out = if hot { value - high } else { value - low };
    // Where the surroundings are restless a pixel has to stand out further.
    (out.abs() > contrast + 0.5 * (high - low) && out * sign > 0.0).then(|| Candidate {
        x: x as u32,
        y: y as u32,
        out,
        value,
        around: ring.iter().sum::<f32>() / 8.0,
    })
}

pub(crate) fn faults(found: &[Defect]) -> Vec<Fault> {
    let of = |certain: bool| found.iter().filter(|defect| defect.certain == certain).collect::<Vec<_>>();
    let told = |defects: &[&Defect]| {
        let one = |defect: &&Defect| {
            let kind = match defect.kind {
                DefectKind::Hot => "hot",
                DefectKind::Dead => "dead",
                DefectKind::Stuck => "stuck",
            };
            format!("{kind} at {},{}", defect.x, defect.y)
        };
        let shown = defects.iter().take(8).map(one).collect::<Vec<_>>().join("; ");
        if defects.len() > 8 { format!("{shown}; and {} more", defects.len() - 8) } else { shown }
    };
    let frames = |defects: &[&Defect]| {
        let first = defects.iter().map(|defect| defect.first).min();
        first.zip(defects.iter().map(|defect| defect.last).max()).into_iter().collect()
    };
    let mut faults = Vec::new();
    let certain = of(true);
    if !certain.is_empty() {
        let message = format!("{} pixels stand out at one place while the picture moves: {}", certain.len(), told(&certain));
        let hint = "Tell the camera crew to calibrate the sensor (black shading), and post to paint these pixels out.";
        faults.push(Fault::new("picture.defect_pixel", Severity::Warning, frames(&certain), message, hint));
    }
    let unsure = of(false);
    if !unsure.is_empty() {
        let message = format!("{} points stand out at one place, but nothing moved behind them: {}", unsure.len(), told(&unsure));
        let hint = "A small light in a locked-off shot looks the same. Compare with another clip of the roll.";
        faults.push(Fault::new("picture.defect_suspect", Severity::Note, frames(&unsure), message, hint));
    }
    faults
}
