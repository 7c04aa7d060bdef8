//! Owns reading edit decision lists (CMX 3600, as Avid, Resolve and Premiere write it): events with reel, channels, transition and
//! four timecodes, the lines that belong to them (clip names, `M2` speeds, CDL), and the frame code mode. Such a list does not say
//! its rate, so it is an argument. A line that cannot be read is listed with its number, never passed over.

use checkgate_model::{FrameRate, Timecode};

/// Largest list that is read: the standard ends at 999 events, programs do not.
const MAX_BYTES: usize = 16 << 20;
const MAX_EVENTS: usize = 100_000;

/// Why a text is no edit decision list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EdlError {
    /// There is no title, no frame code mode and no event.
    #[error("no title and no event: this is no edit decision list")]
    NoList,
    /// Longer than any list.
    #[error("longer than {MAX_BYTES} bytes or {MAX_EVENTS} events")]
    TooLarge,
}

/// A list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edl {
    /// `TITLE:`.
    pub title: Option<String>,
    /// Events in order. A dissolve is two of them with one number.
    pub events: Vec<Event>,
    /// Lines before the first event that are neither title nor mode.
    pub notes: Vec<String>,
    /// Lines that look like events or speeds and cannot be read as such.
    pub unread: Vec<UnreadLine>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadLine {
    /// Number of the line, from one.
    pub line: usize,
    /// The line.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

/// How one event follows the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// `C`.
    Cut,
    /// `D`, over so many frames.
    Dissolve(u32),
    /// `W` with its code, over so many frames.
    Wipe(String, u32),
    /// `K`, `KB` or `KO`, as it stands, over so many frames.
    Key(String, u32),
}

/// Frames of the source per second; `None` is a freeze frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// How fast.
    pub rate: Option<FrameRate>,
    /// Backwards.
    pub reverse: bool,
}

/// One line of the list with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Number as it stands.
    pub number: String,
    /// Reel; `AX` is whatever has no reel, `BL` is black.
    pub reel: String,
    /// Channels as they stand: `V`, `A2`, `AA/V`, `NONE`.
    pub channels: String,
    /// How it begins.
    pub transition: Transition,
    /// Source, end exclusive.
    pub source: (Timecode, Timecode),
    /// Place in the programme, end exclusive.
    pub record: (Timecode, Timecode),
    /// `* FROM CLIP NAME:`.
    pub from_clip: Option<String>,
    /// `* TO CLIP NAME:`.
    pub to_clip: Option<String>,
    /// `* SOURCE FILE:`.
    pub source_file: Option<String>,
    /// `M2`.
    pub speed: Option<Speed>,
    /// `* ASC_SOP`: slope, offset, power.
    pub sop: Option<[f64; 9]>,
    /// `* ASC_SAT`.
    pub saturation: Option<f64>,
    /// Every other line after it, as it stands.
    pub notes: Vec<String>,
}

impl Event {
    /// Name of the clip the event shows: what a transition leads to, else where the event comes from.
    #[must_use]
    pub fn clip_name(&self) -> Option<&str> {
        let to = self.to_clip.as_deref().filter(|_| self.transition != Transition::Cut);
        to.or(self.from_clip.as_deref())
    }

    /// Length in the programme.
    #[must_use]
    pub fn record_frames(&self) -> u32 {
        length(self.record)
    }

    /// Length in the source; with a speed it differs from the programme's.
    #[must_use]
    pub fn source_frames(&self) -> u32 {
        length(self.source)
    }
}

/// Frames from the first to the second, over midnight if it is earlier.
fn length((from, to): (Timecode, Timecode)) -> u32 {
    to.offset(-i64::from(from.frames())).frames()
}

/// Reads a list whose programme runs at `rate`.
pub fn parse(text: &str, rate: FrameRate) -> Result<Edl, EdlError> {
    if text.len() > MAX_BYTES {
        return Err(EdlError::TooLarge);
    }
    let mut edl = Edl::default();
    let (mut drop, mut mode_said) = (false, false);
    let text = text.trim_start_matches('\u{feff}');
    // Old programs end lines with a return only.
    let ending = if text.contains('\n') { '\n' } else { '\r' };
    for (at, line) in text.split(ending).enumerate() {
        let line = line.trim();
        let unread = |why: &str| UnreadLine { line: at + 1, text: line.to_owned(), why: why.to_owned() };
        if line.is_empty() {
        } else if let Some(title) = after(line, "TITLE:") {
            edl.title.get_or_insert_with(|| title.to_owned());
        } else if let Some(mode) = after(line, "FCM:") {
            drop = mode.to_ascii_uppercase().starts_with("DROP");
            mode_said = true;
        } else if line.split_whitespace().next().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
            match event(line, rate, drop) {
                Ok(event) => edl.events.push(event),
                Err(why) => edl.unread.push(unread(why)),
            }
        } else if line.split_whitespace().next() == Some("M2") {
            if !speed(line, &mut edl.events) {
                edl.unread.push(unread("no speed of an event"));
            }
        } else {
            match edl.events.last_mut() {
                Some(event) => note(line, event),
                None => edl.notes.push(line.to_owned()),
            }
        }
        if edl.events.len() > MAX_EVENTS {
            return Err(EdlError::TooLarge);
        }
    }
    if edl.title.is_none() && !mode_said && edl.events.is_empty() {
        return Err(EdlError::NoList);
    }
    Ok(edl)
}

/// What follows a word, compared without case.
fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let head = line.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| line[word.len()..].trim())
}

fn event(line: &str, rate: FrameRate, drop: bool) -> Result<Event, &'static str> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    if words.len() < 8 {
        return Err("an event has a number, a reel, channels, a transition and four timecodes");
    }
    let codes = words.split_off(words.len() - 4);
    let mut frames = None;
    let mut last = words.pop().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        frames = last.parse::<u32>().ok();
        last = words.pop().unwrap_or_default();
    }
    let transition = transition(last, frames).ok_or("no such transition (C, D, W, K), or without its length")?;
    let channels = words.pop().unwrap_or_default();
    let [number, reel @ ..] = &words[..] else { return Err("no number") };
    if reel.is_empty() {
        return Err("no reel");
    }
    // The mode holds for the programme; a source may have been recorded in the other one.
    let source =
        |text| timecode(text, rate, drop).or_else(|| timecode(text, rate, false)).ok_or("no such source timecode at this rate");
    let record = |text| timecode(text, rate, drop).ok_or("no such programme timecode at this rate");
    Ok(Event {
        number: (*number).to_owned(),
        reel: reel.join(" "),
        channels: channels.to_owned(),
        transition,
        source: (source(codes[0])?, source(codes[1])?),
        record: (record(codes[2])?, record(codes[3])?),
        from_clip: None,
        to_clip: None,
        source_file: None,
        speed: None,
        sop: None,
        saturation: None,
        notes: Vec::new(),
    })
}

/// Timecode by its own punctuation; colons only mean what the mode says. Drop-frame exists for 29.97 and its multiples only.
fn timecode(text: &str, rate: FrameRate, drop: bool) -> Option<Timecode> {
    let nominal = rate.nominal();
    match text.rfind(':') {
        Some(last) if drop && nominal.is_multiple_of(30) && !text.contains([';', '.']) => {
            Timecode::parse(&format!("{};{}", &text[..last], &text[last + 1..]), nominal).ok()
        }
        _ => Timecode::parse(text, nominal).ok(),
    }
}

fn transition(word: &str, frames: Option<u32>) -> Option<Transition> {
    let word = word.to_ascii_uppercase();
    match (word.as_str(), frames) {
        ("C", _) => Some(Transition::Cut),
        ("D", Some(frames)) => Some(Transition::Dissolve(frames)),
        ("K" | "KB" | "KO", frames) => Some(Transition::Key(word, frames.unwrap_or(0))),
        (_, Some(frames)) => {
            let code = word.strip_prefix('W').filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
            Some(Transition::Wipe(code.to_owned(), frames))
        }
        _ => None,
    }
}

/// `M2 REEL SPEED [ENTRY]` belongs to the last event, or to the other half of its dissolve, whichever has the reel.
fn speed(line: &str, events: &mut [Event]) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_number = |word: &&str| word.parse::<f64>().is_ok_and(|number| number.is_finite() && number.abs() < 10_000.0);
    // The entry point comes last, if at all; a reel may have spaces.
    let Some(at) = words.iter().skip(2).rposition(is_number).map(|at| at + 2) else { return false };
    let reel = words[1..at].join(" ");
    let (sign, digits) = words[at].strip_prefix('-').map_or((false, words[at].trim_start_matches('+')), |digits| (true, digits));
    let Some(last) = events.len().checked_sub(1) else { return false };
    let other = last.checked_sub(1).filter(|other| events[*other].number == events[last].number);
    let owner = [Some(last), other].into_iter().flatten().find(|at| events[*at].reel == reel && events[*at].speed.is_none());
    events[owner.unwrap_or(last)].speed = Some(Speed { rate: FrameRate::parse(digits), reverse: sign });
    true
}

fn note(line: &str, event: &mut Event) {
    let comment = line.strip_prefix('*').map_or("", str::trim);
    let said = |word| after(comment, word).filter(|text| !text.is_empty()).map(str::to_owned);
    let numbers = |text: &str| -> Vec<f64> {
        let cut = |c: char| matches!(c, '(' | ')' | ',') || c.is_whitespace();
        text.split(cut)
            .filter(|word| !word.is_empty())
            .take(10)
            .map_while(|word| word.parse().ok())
            .filter(|number: &f64| number.is_finite())
            .collect()
    };
    if let Some(name) = said("FROM CLIP NAME:") {
        event.from_clip = Some(name);
    } else if let Some(name) = said("TO CLIP NAME:") {
        event.to_clip = Some(name);
    } else if let Some(file) = said("SOURCE FILE:") {
        event.source_file = Some(file);
    } else if let Some(sop) = said("ASC_SOP").and_then(|text| <[f64; 9]>::try_from(numbers(text.trim_start_matches(':'))).ok()) {
        event.sop = Some(sop);
    } else if let Some(saturation) = said("ASC_SAT").and_then(|text| numbers(text.trim_start_matches(':')).first().copied()) {
        event.saturation = Some(saturation);
    } else {
        event.notes.push(line.to_owned());
    }
}
