//! Owns finding the clips that events of an edit decision list show: by reel, clip or file name, then by source timecode. Says by what
//! each was found, tells of every clip that fits equally, and why the others were not taken.

use crate::edl::{Edl, Event};
use crate::roll::RollClip;
use checkgate_model::DayRange;
use std::collections::BTreeSet;

/// By what a clip was found, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundBy {
    /// Reel, and the source timecode lies within the clip.
    Reel,
    /// Name of clip or source file, and the source timecode lies within the clip.
    Name,
    /// A reel that was cut to eight characters, and the source timecode lies within the clip.
    ShortReel,
}

/// What an event shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventMatch {
    /// Black, or bars: no clip is looked for.
    NoClip,
    /// The clips that fit, by position. Several are ambiguous.
    Found {
        /// Positions in what was given.
        clips: Vec<usize>,
        /// By what.
        by: FoundBy,
    },
    /// None, and what comes closest.
    Missing(String),
}

impl Edl {
    /// What each event shows of `clips`.
    #[must_use]
    pub fn match_clips(&self, clips: &[RollClip<'_>]) -> Vec<EventMatch> {
        let known: Vec<Known> = clips.iter().map(Known::of).collect();
        self.events.iter().map(|event| matched(event, &known)).collect()
    }
}

/// What a clip is found by.
struct Known {
    name: String,
    reels: BTreeSet<String>,
    names: BTreeSet<String>,
    range: Option<DayRange>,
}

/// Letters and digits in small letters: programs put blanks and underscores where they like.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && (1..=4).contains(&ending.len()) => stem,
        _ => name,
    }
}

impl Known {
    fn of(clip: &RollClip<'_>) -> Self {
        let record = clip.record;
        let file = clip.path().unwrap_or_default();
        let roll = clip.clip.and_then(|clip| clip.roll.clone()).unwrap_or_default();
        let set = |texts: &[&str]| texts.iter().map(|text| plain(text)).filter(|text| !text.is_empty()).collect();
        let name = clip.name();
        Self {
            // Editing systems take the file name for the reel where the reel is not known.
            reels: set(&[&record.text("reel.name"), &roll, stem(&name), stem(&file)]),
            names: set(&[stem(&name), &record.clip, stem(&file)]),
            range: clip
                .start()
                .zip(clip.frames())
                .and_then(|(start, frames)| DayRange::of_frames(start, u64::try_from(frames).ok()?)),
            name,
        }
    }
}

/// Longest reel of a strict CMX 3600 list.
const SHORT: usize = 8;

fn matched(event: &Event, clips: &[Known]) -> EventMatch {
    let reel = plain(&event.reel);
    if matches!(reel.as_str(), "bl" | "black" | "bars") {
        return EventMatch::NoClip;
    }
    // A freeze frame has a source of one frame; nothing at all is asked as one frame.
    let frames = u64::from(event.source_frames()).max(1);
    let Some(asked) = DayRange::of_frames(event.source.0, frames) else { return EventMatch::NoClip };
    let named: Vec<String> =
        [event.clip_name(), event.source_file.as_deref()].into_iter().flatten().map(|name| plain(stem(name))).collect();
    let anonymous = matches!(reel.as_str(), "ax" | "aux" | "");
    let by_reel = |clip: &Known| !anonymous && clip.reels.contains(&reel);
    let by_name = |clip: &Known| named.iter().any(|name| !name.is_empty() && clip.names.contains(name));
    let by_short =
        |clip: &Known| reel.len() == SHORT && clip.reels.iter().any(|known| known.len() > SHORT && known.starts_with(&reel));
    // Speed changes and handles aside, what is asked for lies within the clip; where they overlap in part, the clip is too short.
    let holds = |clip: &Known| clip.range.is_some_and(|range| within(asked, range));
    let places = |test: &dyn Fn(&Known) -> bool| -> Vec<usize> {
        clips.iter().enumerate().filter(|(_, clip)| test(clip)).map(|(at, _)| at).collect()
    };
    for (by, test) in
        [(FoundBy::Reel, &by_reel as &dyn Fn(&Known) -> bool), (FoundBy::Name, &by_name), (FoundBy::ShortReel, &by_short)]
    {
        let mut found = places(&|clip| test(clip) && holds(clip));
        // A reel has many clips; where the list names one of those that fit, that is the one.
        let by_both: Vec<usize> = found.iter().copied().filter(|at| by_name(&clips[*at])).collect();
        if !by_both.is_empty() {
            found = by_both;
        }
        if !found.is_empty() {
            return EventMatch::Found { clips: found, by };
        }
    }
    EventMatch::Missing(closest(event, asked, &places(&|clip| by_reel(clip) || by_name(clip) || by_short(clip)), clips))
}

fn within(asked: DayRange, range: DayRange) -> bool {
    let (from, to) = asked.ticks();
    asked.shared_ticks(range) >= to - from
}

fn closest(event: &Event, asked: DayRange, candidates: &[usize], clips: &[Known]) -> String {
    let partly = candidates.iter().map(|at| &clips[*at]).find(|clip| clip.range.is_some_and(|range| range.overlaps(asked)));
    match (partly, candidates.first()) {
        (Some(clip), _) => format!("{} has only a part of {} to {}", clip.name, event.source.0, event.source.1),
        (None, Some(_)) => {
            let unknown = candidates.iter().filter(|at| clips[**at].range.is_none()).count();
            let more = if unknown > 0 { format!("; {unknown} of them without known timecode or length") } else { String::new() };
            format!("{} clip(s) of that reel or name, none runs at {}{more}", candidates.len(), event.source.0)
        }
        (None, None) => "no clip of that reel or name".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edl::parse;
    use checkgate_model::{ClipRecord, FieldValue, FrameRate};

    fn record(name: &str, reel: &str, start: &str, frames: i64, rate: i64) -> ClipRecord {
        let mut record = ClipRecord::new(name);
        let text = |text: &str| Some(FieldValue::Text(text.to_owned()));
        record.state("reel.name", "", text(reel), "", "t");
        record.state("tc.start", "", text(start), "", "t");
        record.state("tc.rate", "", Some(FieldValue::Rational(rate, 1)), "", "t");
        record.state("duration.frames", "", Some(FieldValue::Int(frames)), "", "t");
        record
    }

    fn matches(edl: &str, rate: u32, records: &[ClipRecord]) -> Vec<EventMatch> {
        let clips: Vec<RollClip<'_>> = records.iter().map(|record| RollClip { record, clip: None }).collect();
        parse(edl, FrameRate::new(rate, 1).expect("a rate")).expect("a list").match_clips(&clips)
    }

    fn found(clips: &[usize], by: FoundBy) -> EventMatch {
        EventMatch::Found { clips: clips.to_vec(), by }
    }

    #[test]
    fn events_find_their_clip_by_reel_and_timecode() {
        let records = [
            record("A003C001", "A003R1JL", "14:00:00:00", 240, 24),
            record("A003C002", "A003R1JL", "14:00:10:00", 240, 24),
            record("B001C001", "B001", "23:59:55:00", 240, 24),
        ];
        let list = "TITLE: T\nFCM: NON-DROP FRAME\n\
            001  A003R1JL V C 14:00:02:00 14:00:04:00 01:00:00:00 01:00:02:00\n\
            002  AX V C 14:00:12:00 14:00:13:00 01:00:02:00 01:00:03:00\n* FROM CLIP NAME: A003C002.MOV\n\
            003  B001 V C 23:59:58:00 00:00:02:00 01:00:03:00 01:00:07:00\n\
            004  BL V C 00:00:00:00 00:00:01:00 01:00:07:00 01:00:08:00\n\
            005  A003R1JL V C 14:00:19:00 14:00:21:00 01:00:08:00 01:00:10:00\n\
            006  A003R1JL V C 15:00:00:00 15:00:01:00 01:00:10:00 01:00:11:00\n\
            007  C001 V C 15:00:00:00 15:00:01:00 01:00:11:00 01:00:12:00\n";
        let got = matches(list, 24, &records);
        assert_eq!(got[0], found(&[0], FoundBy::Reel));
        assert_eq!(got[1], found(&[1], FoundBy::Name));
        assert_eq!(got[2], found(&[2], FoundBy::Reel), "over midnight");
        assert_eq!(got[3], EventMatch::NoClip);
        for (at, words) in [(4, "A003C002 has only a part"), (5, "2 clip(s) of that reel"), (6, "no clip of that reel")] {
            assert!(matches!(&got[at], EventMatch::Missing(why) if why.contains(words)), "{:?}", got[at]);
        }
    }

    #[test]
    fn short_reels_and_doubtful_ones_are_said() {
        let records =
            [record("A003C001", "A003R1JLX", "14:00:00:00", 240, 25), record("A003C001", "A003R1JLX", "14:00:00:00", 240, 25)];
        let list = "TITLE: T\n001  A003R1JL V C 14:00:02:00 14:00:04:00 01:00:00:00 01:00:02:00\n";
        assert_eq!(matches(list, 25, &records), [found(&[0, 1], FoundBy::ShortReel)]);
    }

    #[test]
    fn a_list_at_another_rate_finds_its_frames_by_the_clock() {
        let records = [record("A003C001", "A003", "14:00:00:00", 240, 24)];
        let list = "TITLE: T\n001  A003 V C 14:00:02:00 14:00:04:00 01:00:00:00 01:00:02:00\n";
        assert_eq!(matches(list, 25, &records), [found(&[0], FoundBy::Reel)]);
    }
}
