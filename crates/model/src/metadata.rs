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
            sources: Vec::new(),
        });
        match (&field.value, &value) {
            (None, Some(_)) => {
                field.value = value;
                field.state = FieldState::Known;
            }
            (Some(first), Some(other)) if first != other => field.state = FieldState::Conflict,
            _ => {}
        }
        field.sources.push(said);
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
}
