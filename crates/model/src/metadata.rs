//! Owns the canonical metadata record. The raw vendor text stays beside each value with its source; "absent", "vendor says
//! unknown" and "sources disagree" are three different things (invariant 9).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the record layout, written into each record.
pub const RECORD_SCHEMA: &str = "checkgate.clip/1";

/// A normalised value. Rationals stay rational; timecode and dates are text in their standard form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// Text, enumerations, timecode (`HH:MM:SS:FF`), RFC 3339 dates, UUIDs.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Numerator and denominator, e.g. frame rates and squeeze.
    Rational(i64, i64),
    /// Yes or no.
    Bool(bool),
    /// Two numbers, e.g. width and height.
    Size(i64, i64),
    /// Several numbers, e.g. CDL.
    List(Vec<f64>),
}

impl FieldValue {
    /// The value as people read it.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => format!("{number}"),
            Self::Rational(num, 1) => num.to_string(),
            Self::Rational(num, den) => format!("{num}/{den}"),
            Self::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Self::Size(width, height) => format!("{width}x{height}"),
            Self::List(numbers) => numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Whether two sources say the same. Makers differ in case, blanks, digits behind the point and offsets of one instant; that is
/// no disagreement.
#[must_use]
pub fn agree(first: &FieldValue, other: &FieldValue) -> bool {
    match (first, other) {
        (FieldValue::Int(a), FieldValue::Int(b)) => a == b,
        (FieldValue::Rational(a, b), FieldValue::Rational(c, d)) => {
            i128::from(*a) * i128::from(*d) == i128::from(*c) * i128::from(*b)
        }
        (FieldValue::Text(a), FieldValue::Text(b)) => {
            let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            plain(a) == plain(b) || same_instant(a, b)
        }
        (FieldValue::List(a), FieldValue::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(*a, *b)),
        (a, b) => match (number_of(a), number_of(b)) {
            (Some(a), Some(b)) => near(a, b),
            _ => a == b,
        },
    }
}

/// Within half a thousandth (24 and 23.976 are two rates): finer than any of these values is set or measured on a camera.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 5e-4 * a.abs().max(b.abs()) + 1e-9
}

/// Whole numbers and rationals compare exactly among themselves, and as numbers with fractions.
fn number_of(value: &FieldValue) -> Option<f64> {
    Some(match value {
        FieldValue::Float(number) => *number,
        FieldValue::Int(number) => *number as f64,
        FieldValue::Rational(num, den) if *den != 0 => *num as f64 / *den as f64,
        _ => return None,
    })
}

/// Two dates are one instant if both know their offset; a date without offset agrees with the same digits.
fn same_instant(a: &str, b: &str) -> bool {
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    if let (Some(a), Some(b)) = (instant(a), instant(b)) {
        return a.as_second() == b.as_second();
    }
    let is_date = |text: &str| text.len() >= 19 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T';
    is_date(a) && is_date(b) && a.as_bytes()[..19] == b.as_bytes()[..19]
}

/// A value that begins at a frame of the clip, counted from zero, and holds until the next change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameChange {
    /// Frame of the clip, from zero.
    pub frame: u32,
    /// The value from there on; `None` where the source says that it does not know.
    pub value: Option<FieldValue>,
}

/// Most changes kept for one field; a value that changes in every frame of a long take is cut there.
pub const MOST_CHANGES: usize = 4096;

/// The source of what a person decided.
pub const SET_BY_PERSON: &str = "mapped by a person";

/// One statement by one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sourced {
    /// Normalised value; `None` if the source says it does not know (`--`, `n.a.`, 0xFFFF, …).
    pub value: Option<FieldValue>,
    /// The text or number as found.
    pub raw: String,
    /// File and place: `A003C001.mov: moov/udta/©mak`, `A003R1JL_AVID.ale: column Camera_model`.
    pub source: String,
}

/// What is known about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldState {
    /// One value, or several sources that agree.
    Known,
    /// A source carries the field and says it is unknown.
    VendorUnknown,
    /// Sources disagree; `value` holds the one of the strongest source.
    Conflict,
}

/// One canonical field. A field no source mentions is absent from the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// State.
    pub state: FieldState,
    /// The value to use; `None` only for `VendorUnknown`.
    pub value: Option<FieldValue>,
    /// Unit of `value` as in the schema (`mm`, `K`, `deg`, `fps`), empty where none.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub unit: String,
    /// Whether the value may change from frame to frame.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub per_frame: bool,
    /// The values over the clip where a source gave them frame by frame and they differ; the first is `value`'s own source's.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<FrameChange>,
    /// Every statement, strongest source first.
    pub sources: Vec<Sourced>,
}

/// The canonical record of one clip; field names as in `docs/fields.md` (`camera.model`, `tc.start`, `reel.name`, …).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipRecord {
    /// `RECORD_SCHEMA`.
    pub schema: String,
    /// Clip name.
    pub clip: String,
    /// Fields by canonical name.
    pub fields: BTreeMap<String, Field>,
}

impl ClipRecord {
    /// An empty record.
    #[must_use]
    pub fn new(clip: &str) -> Self {
        Self { schema: RECORD_SCHEMA.to_owned(), clip: clip.to_owned(), fields: BTreeMap::new() }
    }

    /// Adds what one source says. Call with the strongest source first: a later, different value makes the field a conflict
    /// and never replaces the first.
    pub fn state(
        &mut self,
        name: &str,
        unit: &str,
        value: Option<FieldValue>,
        raw: impl Into<String>,
        source: impl Into<String>,
    ) {
        let said = Sourced { value: value.clone(), raw: raw.into(), source: source.into() };
        let field = self.fields.entry(name.to_owned()).or_insert_with(|| Field {
            state: FieldState::VendorUnknown,
            value: None,
            unit: unit.to_owned(),
            per_frame: false,
            changes: Vec::new(),
            sources: Vec::new(),
        });
        match (&field.value, &value) {
            (None, Some(_)) => {
                field.value = value;
                field.state = FieldState::Known;
            }
            (Some(first), Some(other)) if !agree(first, other) => field.state = FieldState::Conflict,
            _ => {}
        }
        field.sources.push(said);
    }

    /// Marks a field as one that may change from frame to frame, with the changes a source gave.
    pub fn per_frame(&mut self, name: &str, mut changes: Vec<FrameChange>) {
        if let Some(field) = self.fields.get_mut(name) {
            field.per_frame = true;
            changes.truncate(MOST_CHANGES);
            if field.changes.is_empty() && changes.len() > 1 {
                field.changes = changes;
            }
        }
    }

    /// What a person decided about a field: it leads, what the sources said stays beside it.
    pub fn decide(&mut self, name: &str, unit: &str, value: FieldValue, why: &str) {
        let said = Sourced { value: Some(value.clone()), raw: why.to_owned(), source: SET_BY_PERSON.to_owned() };
        let field = self.fields.entry(name.to_owned()).or_insert_with(|| Field {
            state: FieldState::Known,
            value: None,
            unit: unit.to_owned(),
            per_frame: false,
            changes: Vec::new(),
            sources: Vec::new(),
        });
        field.sources.retain(|known| known.source != SET_BY_PERSON);
        field.sources.insert(0, said);
        field.state = FieldState::Known;
        field.value = Some(value);
    }

    /// Takes back what a person decided: what the sources said stands as it did before.
    pub fn undecide(&mut self) {
        for field in self.fields.values_mut() {
            let before = field.sources.len();
            field.sources.retain(|said| said.source != SET_BY_PERSON);
            if field.sources.len() == before {
                continue;
            }
            let mut values = field.sources.iter().filter_map(|said| said.value.as_ref());
            field.value = values.next().cloned();
            field.state = match &field.value {
                None => FieldState::VendorUnknown,
                Some(first) if values.any(|other| !agree(first, other)) => FieldState::Conflict,
                Some(_) => FieldState::Known,
            };
        }
        self.fields.retain(|_, field| !field.sources.is_empty());
    }

    /// The value in use, if known.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        self.fields.get(name).and_then(|field| field.value.as_ref())
    }

    /// The value in use as text; empty if not known.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.get(name).map(FieldValue::display).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_unknown_and_conflict_differ() {
        let mut record = ClipRecord::new("A001C001");
        record.state("wb.kelvin", "K", None, "--", "ale");
        assert_eq!(record.fields["wb.kelvin"].state, FieldState::VendorUnknown);
        record.state("wb.kelvin", "K", Some(FieldValue::Int(5600)), "5600", "mov");
        record.state("wb.kelvin", "K", Some(FieldValue::Int(3200)), "3200", "xml");
        let field = &record.fields["wb.kelvin"];
        assert_eq!((field.state, field.sources.len()), (FieldState::Conflict, 3));
        assert_eq!(record.text("wb.kelvin"), "5600");
        assert!(!record.fields.contains_key("lens.model"));
    }

    #[test]
    fn sources_agree_about_one_thing_written_twice() {
        let text = |words: &str| FieldValue::Text(words.to_owned());
        for (a, b, same) in [
            (text("Sony"), text("SONY "), true),
            (text("2022-08-07T13:40:40+02:00"), text("2022-08-07T11:40:40Z"), true),
            (text("2022-08-07T13:40:40"), text("2022-08-07T13:40:40+02:00"), true),
            (text("2022-08-07T13:40:41Z"), text("2022-08-07T13:40:40Z"), false),
            (FieldValue::Int(24), FieldValue::Int(23), false),
            (FieldValue::Int(24_000), FieldValue::Int(24_001), false),
            (FieldValue::Rational(24_000, 1001), FieldValue::Rational(24, 1), false),
            (FieldValue::Rational(48, 2), FieldValue::Rational(24, 1), true),
            (FieldValue::Float(172.8), FieldValue::Float(172.800_003), true),
            (FieldValue::Float(24.0), FieldValue::Rational(24_000, 1001), false),
            (FieldValue::Float(2.0), FieldValue::Rational(2, 1), true),
        ] {
            assert_eq!(agree(&a, &b), same, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_person_leads_and_silences_nobody() {
        let mut record = ClipRecord::new("A001C001");
        record.state("camera.model", "", Some(FieldValue::Text("X1".to_owned())), "X1", "mov");
        record.state("camera.model", "", Some(FieldValue::Text("X2".to_owned())), "X2", "xml");
        record.decide("camera.model", "", FieldValue::Text("X1 Mark II".to_owned()), "label on the body");
        let field = &record.fields["camera.model"];
        assert_eq!((field.state, field.sources.len(), field.sources[0].source.as_str()), (FieldState::Known, 3, SET_BY_PERSON));
        assert_eq!(record.text("camera.model"), "X1 Mark II");
    }

    #[test]
    fn what_a_person_decided_can_be_taken_back_without_a_trace() {
        let text = |words: &str| Some(FieldValue::Text(words.to_owned()));
        let mut record = ClipRecord::new("A001C001");
        record.state("camera.model", "", text("X1"), "X1", "mov");
        record.state("camera.model", "", text("X2"), "X2", "xml");
        record.state("lens.model", "", None, "--", "xml");
        record.state("camera.make", "", text("Acme"), "Acme", "mov");
        let before = record.clone();
        for field in ["camera.model", "lens.model", "camera.make", "color.gamma"] {
            record.decide(field, "", FieldValue::Text("Z".to_owned()), "label");
        }
        assert_eq!((record.text("color.gamma"), record.text("lens.model")), ("Z".to_owned(), "Z".to_owned()));
        record.undecide();
        assert_eq!(record, before);
    }
}
