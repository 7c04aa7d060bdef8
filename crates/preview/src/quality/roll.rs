//! Owns what only shows beside the other clips of a roll: exposure and focus that fall out, defects at one place of several clips,
//! sound that only this clip lacks.

use super::{ClipQuality, Fault, median};
use checkgate_model::Severity;
use std::collections::HashMap;

/// Fewer clips are no roll to compare with.
const LEAST_CLIPS: usize = 5;

/// A clip with its name.
#[derive(Debug, Clone)]
pub struct RollClip {
    /// Name.
    pub name: String,
    /// What was measured; faults are added to it.
    pub quality: ClipQuality,
}

/// How far a value is out of the others, in their robust standard deviations, where it is more than `least` away.
fn out(values: &[(usize, f32)], at: f32, least: f32) -> Option<f32> {
    let all: Vec<f32> = values.iter().map(|(_, value)| *value).collect();
    let middle = median(&all);
    let spread = 1.4826 * median(&all.iter().map(|value| (value - middle).abs()).collect::<Vec<_>>());
    let away = at - middle;
    (away.abs() > least && away.abs() > 3.5 * spread.max(least / 3.5)).then_some(away)
}

/// Adds to each clip what shows only beside the others.
pub fn against_the_roll(clips: &mut [RollClip]) {
    exposure_and_focus(clips);
    same_defects(clips);
    lacking_sound(clips);
}

fn exposure_and_focus(clips: &mut [RollClip]) {
    let of = |value: &dyn Fn(&ClipQuality) -> Option<f32>| -> Vec<(usize, f32)> {
        clips.iter().enumerate().filter_map(|(at, clip)| Some((at, value(&clip.quality)?))).collect()
    };
    let levels = of(&|quality| quality.levels.map(|levels| levels.mean));
    let sharpness = of(&|quality| quality.sharpness);
    let mut found = Vec::new();
    if levels.len() >= LEAST_CLIPS {
        for (at, level) in &levels {
            if let Some(away) = out(&levels, *level, 0.12) {
                let way = if away > 0.0 { "brighter" } else { "darker" };
                let message = format!("the clip is {way} than the roll by {:.0} % of the code range", away.abs() * 100.0);
                let hint = "Look whether exposure or filter was meant to differ for this clip.";
                found.push((*at, Fault::new("picture.exposure_outlier", Severity::Note, Vec::new(), message, hint)));
            }
        }
    }
    if sharpness.len() >= LEAST_CLIPS {
        for (at, value) in &sharpness {
            // Only softer: more detail than usual is no fault.
            if let Some(away) = out(&sharpness, *value, 0.6).filter(|away| *away < 0.0) {
                let share = 10.0_f32.powf(away) * 100.0;
                let message = format!("the sharpest frame has {share:.0} % of the roll's fine detail");
                let hint = "Look at the focus at full size; mist, soft filters and plain walls look the same to this check.";
                found.push((*at, Fault::new("picture.focus_outlier", Severity::Note, Vec::new(), message, hint)));
            }
        }
    }
    for (at, fault) in found {
        clips[at].quality.faults.push(fault);
    }
}

/// A point at one place of two clips is the sensor's, whatever is in the picture.
fn same_defects(clips: &mut [RollClip]) {
    let mut places: HashMap<(usize, usize, u32, u32), Vec<usize>> = HashMap::new();
    for (at, clip) in clips.iter().enumerate() {
        for defect in &clip.quality.defects {
            places.entry((clip.quality.width, clip.quality.height, defect.x, defect.y)).or_default().push(at);
        }
    }
    for (at, clip) in clips.iter_mut().enumerate() {
        let size = (clip.quality.width, clip.quality.height);
        let shared: Vec<String> = clip
            .quality
            .defects
            .iter()
            .filter(|defect| !defect.certain)
            .filter(|defect| {
                places.get(&(size.0, size.1, defect.x, defect.y)).is_some_and(|clips| clips.iter().any(|other| *other != at))
            })
            .take(8)
            .map(|defect| format!("{},{}", defect.x, defect.y))
            .collect();
        if !shared.is_empty() {
            clip.quality.faults.push(Fault::new(
                "picture.defect_pixel",
                Severity::Warning,
                Vec::new(),
                format!("points stand out at the same place in other clips of the roll: {}", shared.join("; ")),
                "Tell the camera crew to calibrate the sensor (black shading), and post to paint these pixels out.",
            ));
        }
    }
}

fn lacking_sound(clips: &mut [RollClip]) {
    let channels = |clip: &RollClip| clip.quality.sound.iter().map(|stream| stream.peak_dbfs.len()).sum::<usize>();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for clip in clips.iter() {
        *counts.entry(channels(clip)).or_default() += 1;
    }
    let usual = counts.iter().max_by_key(|(count, clips)| (**clips, **count)).map(|(count, clips)| (*count, *clips));
    let Some((usual, with)) = usual.filter(|(_, with)| *with * 3 >= clips.len() * 2 && clips.len() >= LEAST_CLIPS) else {
        return;
    };
    for clip in clips.iter_mut() {
        let here = channels(clip);
        if here < usual && !clip.quality.faults.iter().any(|fault| fault.code == "sound.missing_channels") {
            clip.quality.faults.push(Fault::new(
                "sound.missing_channels",
                Severity::Warning,
                Vec::new(),
                format!("{here} channels of sound; {with} clips of the roll have {usual}"),
                "Look whether sound was meant to be recorded with this clip; high frame rates often go without.",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::Levels;
    use crate::quality::defects::{Defect, DefectKind};

    fn clip(name: &str, mean: f32, sharpness: f32) -> RollClip {
        let levels = Levels { mean, low: 0.1, high: 0.9, clipped: 0.0, noise: None, banded: 0.0 };
        let quality = ClipQuality { levels: Some(levels), sharpness: Some(sharpness), ..ClipQuality::default() };
        RollClip { name: name.to_owned(), quality }
    }

    fn codes(clip: &RollClip) -> Vec<&'static str> {
        clip.quality.faults.iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn the_one_that_falls_out_is_told_and_the_others_are_not() {
        let mut clips: Vec<RollClip> = (0..8).map(|n| clip("a", 0.38 + 0.01 * n as f32, -1.0 + 0.05 * n as f32)).collect();
        clips.push(clip("bright", 0.8, -1.0));
        clips.push(clip("soft", 0.4, -2.2));
        against_the_roll(&mut clips);
        assert!(clips[..8].iter().all(|clip| codes(clip).is_empty()));
        assert_eq!(codes(&clips[8]), ["picture.exposure_outlier"]);
        assert_eq!(codes(&clips[9]), ["picture.focus_outlier"]);
        let mut few = vec![clip("a", 0.1, 0.0), clip("b", 0.9, -3.0)];
        against_the_roll(&mut few);
        assert!(few.iter().all(|clip| codes(clip).is_empty()));
    }

    #[test]
    fn a_point_at_one_place_of_two_clips_is_the_sensors() {
        let point = |x| Defect { x, y: 7, kind: DefectKind::Hot, first: 0, last: 9, seen: 10, contrast: 0.2, certain: false };
        let mut clips = vec![clip("a", 0.4, 0.0), clip("b", 0.4, 0.0), clip("c", 0.4, 0.0)];
        clips[0].quality.defects = vec![point(5), point(50)];
        clips[1].quality.defects = vec![point(5)];
        clips[2].quality.defects = vec![point(51)];
        against_the_roll(&mut clips);
        assert_eq!(codes(&clips[0]), ["picture.defect_pixel"]);
        assert!(clips[0].quality.faults[0].message.ends_with(": 5,7"));
        assert_eq!((codes(&clips[1]).len(), codes(&clips[2]).len()), (1, 0));
    }
}
