//! Owns finding clips: what a person types becomes a question, what a card holds becomes rows of the index. Must never answer a
//! question it did not understand without saying so.

use crate::{App, state_problem};
use checkgate_catalog::{CardRow, ClipIndexRow, ClipRow, ClipSearch};
use checkgate_model::{ClipKind, ClipRecord, FieldValue, FileRole, Problem, TimecodeQuery};

/// Words a question may begin a part with, and what they ask for.
pub const SEARCH_FIELDS: &[(&str, &str)] = &[
    ("reel", "how the reel or roll begins"),
    ("tc", "a timecode, or two with a hyphen between, the second exclusive"),
    ("scene", "the scene, `12*` for all that begin so"),
    ("take", "the take"),
    ("camera", "the camera letter"),
    ("model", "part of the camera model"),
    ("mode", "part of the sensor mode"),
    ("codec", "part of the codec"),
    ("squeeze", "the squeeze, such as 2 or 1.8"),
    ("day", "day of recording, YYYY-MM-DD or how it begins"),
    ("file", "part of a file name or path, or one frame of a sequence"),
];

/// A question as it was understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Question {
    pub(crate) search: ClipSearch,
    /// What was not understood, in words; those parts are left out.
    pub notes: Vec<String>,
}

/// Reads `reel:A003 tc:14:00-14:05 scene:12 night`: parts that begin with a field's name, timecodes, and free words. A part with
/// blanks stands in quotes: `model:"ALEXA 35"`.
#[must_use]
pub fn understand(text: &str) -> Question {
    let mut question = Question::default();
    for part in parts(text).into_iter().take(16) {
        let named =
            part.split_once(':').filter(|(name, _)| SEARCH_FIELDS.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)));
        match named {
            Some((name, value)) if !value.trim().is_empty() => question.ask(&name.to_ascii_lowercase(), value.trim()),
            // Still being typed.
            Some(_) => {}
            None => match TimecodeQuery::parse(&part).filter(|_| part.matches([':', ';']).count() >= 2) {
                Some(time) => question.search.times.push(time),
                None => question.search.words.push(part.to_lowercase()),
            },
        }
    }
    question
}

impl Question {
    fn ask(&mut self, field: &str, value: &str) {
        let lower = value.to_lowercase();
        let search = &mut self.search;
        match field {
            "reel" => search.reel = Some(lower),
            "scene" => search.scene = Some(lower),
            "take" => search.take = Some(take_words(value)),
            "camera" => search.letter = Some(lower),
            "model" => search.model = Some(plain(value)),
            "mode" => search.mode = Some(plain(value)),
            "codec" => search.codec = Some(plain(value)),
            "day" => search.day = Some(lower),
            "squeeze" => match value.trim_end_matches(":1").trim_end_matches(['x', 'X']).parse::<f64>() {
                Ok(number) if number.is_finite() => search.squeeze = Some(squeeze_words(number)),
                _ => self.notes.push(format!("{value:?} is no squeeze; it is a number such as 2 or 1.8")),
            },
            "file" => {
                search.frame = frame_of(&lower);
                search.file = Some(lower);
            }
            _ => match TimecodeQuery::parse(value) {
                Some(time) => search.times.push(time),
                None => self.notes.push(format!(
                    "{value:?} is no timecode; it is HH:MM, HH:MM:SS or HH:MM:SS:FF, or two of them with a hyphen between"
                )),
            },
        }
    }
}

/// Blanks divide, quotes hold together.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars().take(1000) {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !part.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            c => part.push(c),
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Letters and digits in small letters: makers write one name in many ways.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn take_words(take: &str) -> String {
    let short = take.trim().trim_start_matches('0').to_lowercase();
    if short.is_empty() && !take.trim().is_empty() { "0".to_owned() } else { short }
}

fn squeeze_words(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `a003.0001234.ari` is `a003.#.ari` and 1234.
fn frame_of(name: &str) -> Option<(String, u64)> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let stem = name.rfind('.')?;
    let from = name[..stem]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + name[at..].chars().next().map_or(1, char::len_utf8));
    let digits = name[from..stem].get(..).filter(|digits| (1..=18).contains(&digits.len()))?;
    Some((format!("{}#{}", &name[..from], &name[stem..]), digits.parse().ok()?))
}

/// What a card's clips are found by.
pub(crate) fn index_rows(card: &CardRow, clips: &[ClipRow]) -> Vec<ClipIndexRow> {
    let rows = clips.iter().filter_map(|row| {
        let clip = card.recognition.clips.get(row.position as usize)?;
        let empty = ClipRecord::new(&clip.name);
        let record = row.record.as_ref().unwrap_or(&empty);
        let essence = clip.essence();
        let is_frame = |role: FileRole| role == FileRole::Frame;
        let first_frame = clip.files.iter().find(|file| is_frame(file.role));
        let names: Vec<&str> = clip
            .files
            .iter()
            .filter(|file| !is_frame(file.role))
            .map(|file| file.path.as_str())
            .take(200)
            .chain(first_frame.map(|file| file.path.as_str()))
            .collect();
        let mut reels =
            vec![record.text("reel.name"), record.text("sound.roll"), clip.roll.clone().unwrap_or_default(), card.reel.clone()];
        reels.iter_mut().for_each(|reel| *reel = reel.to_lowercase());
        reels.retain(|reel| !reel.is_empty());
        reels.sort_unstable();
        reels.dedup();
        let letter = record.text("camera.index");
        let letter = if letter.is_empty() { card.recognition.camera_index.clone().unwrap_or_default() } else { letter };
        Some(ClipIndexRow {
            card: card.id.clone(),
            position: row.position,
            seen_at: card.seen_at.clone(),
            name: clip.name.to_lowercase(),
            words: crate::describe::search_words(&card.reel, record).to_lowercase(),
            reel: reels.join("\n"),
            scene: record.text("slate.scene").trim().to_lowercase(),
            take: take_words(&record.text("slate.take")),
            letter: letter.trim().trim_end_matches('_').to_lowercase(),
            model: plain(&format!("{} {}", record.text("camera.make"), record.text("camera.model"))),
            mode: plain(&record.text("sensor.mode")),
            codec: plain(&record.text("codec.name")),
            squeeze: squeeze_of(record),
            day: record.text("time.recorded_at").chars().take(10).collect(),
            picture: matches!(clip.kind, ClipKind::Video | ClipKind::Sequence),
            uid: uid_of(record),
            essence: essence.map_or_else(String::new, |file| file.path.to_string()),
            bytes: essence.map_or(0, |file| file.size_bytes),
            files: names.join("\n").to_lowercase(),
            frames: first_frame
                .and_then(|file| frame_of(&file.path.file_name().to_lowercase()))
                .map_or_else(String::new, |(pattern, _)| pattern),
            frame_range: clip.sequence.as_ref().map(|range| (range.first, range.last)),
            running: checkgate_rules::running(record).map(|(start, range)| (start.nominal(), range)),
        })
    });
    rows.collect()
}

fn squeeze_of(record: &ClipRecord) -> String {
    match record.get("lens.squeeze") {
        Some(FieldValue::Rational(num, den)) if *den != 0 => squeeze_words(*num as f64 / *den as f64),
        Some(FieldValue::Int(number)) => squeeze_words(*number as f64),
        Some(FieldValue::Float(number)) if number.is_finite() => squeeze_words(*number),
        _ => String::new(),
    }
}

/// The camera's id; one that is all zeros is none.
fn uid_of(record: &ClipRecord) -> String {
    let uid = plain(&record.text("clip.uid"));
    if uid.chars().all(|c| c == '0') || uid.len() < 16 { String::new() } else { uid }
}

impl App {
    /// Puts the clips of a card into the index, as they are known now.
    pub(crate) async fn index_card(&self, card: &str) -> Result<(), Problem> {
        let Some(row) = self.catalog().card(card).await.map_err(state_problem)? else { return Ok(()) };
        let clips = self.catalog().clips_of(card).await.map_err(state_problem)?;
        self.catalog().store_clip_index(card, &index_rows(&row, &clips)).await.map_err(state_problem)
    }

    /// Indexes what an older program left out.
    pub(crate) async fn index_what_is_missing(&self) -> Result<(), Problem> {
        for card in self.catalog().cards_without_index().await.map_err(state_problem)? {
            self.index_card(&card).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_read_as_they_are_typed() {
        let question = understand("reel:A003 scene:12B take:03 model:\"ALEXA 35\" squeeze:2:1 night tc:14:00-14:05");
        let search = &question.search;
        assert_eq!(
            (search.reel.as_deref(), search.scene.as_deref(), search.take.as_deref()),
            (Some("a003"), Some("12b"), Some("3"))
        );
        assert_eq!((search.model.as_deref(), search.squeeze.as_deref()), (Some("alexa35"), Some("2")));
        assert_eq!((search.words.as_slice(), search.times.len(), question.notes.len()), (["night".to_owned()].as_slice(), 1, 0));
        // A timecode by itself is one; a name with a colon is a word; what is still being typed asks for nothing.
        assert_eq!(understand("14:00:05:12").search.times.len(), 1);
        assert_eq!(understand("14:00").search.words, ["14:00"]);
        assert_eq!(understand("foo:bar").search.words, ["foo:bar"]);
        assert_eq!(understand("reel:").search, ClipSearch::default());
        let odd = understand("tc:noon squeeze:wide");
        assert_eq!((odd.notes.len(), odd.search), (2, ClipSearch::default()));
    }

    proptest::proptest! {
        #[test]
        fn odd_questions_never_stop_a_search(text in "\\PC{0,60}", field in 0usize..12) {
            let name = SEARCH_FIELDS.get(field).map_or("", |(name, _)| name);
            let question = understand(&format!("{name}:{text} {text}"));
            proptest::prop_assert!(question.search.words.len() <= 16 && question.search.times.len() <= 16);
        }
    }

    #[test]
    fn frames_are_found_by_their_sequence() {
        assert_eq!(frame_of("arri/a003c001.0001234.ari"), Some(("a003c001.#.ari".to_owned(), 1234)));
        assert_eq!(frame_of("frame.exr"), None);
        assert_eq!(frame_of("noextension"), None);
        assert_eq!(frame_of(&format!("{}.dpx", "9".repeat(40))), None);
    }
}
