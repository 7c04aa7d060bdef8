//! Owns how a maker's name and text become a canonical field and value: the table is data (`assets/cameras/fields.toml`).
//! Must never drop the raw text, nor turn an unknown into a value.

use crate::names::{gamma, is_vendor_unknown, primaries, squeezed};
use checkgate_model::{ClipRecord, FieldValue, FrameRate, Timecode};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

const FIELDS: &str = include_str!("../../../assets/cameras/fields.toml");

/// How a text becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueKind {
    #[default]
    Text,
    Int,
    Float,
    Rate,
    Ratio,
    Timecode,
    Bool,
    Gamma,
    Primaries,
    Cdl,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldEntry {
    name: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    kind: ValueKind,
    /// `technical`: the container itself knows better than a sidecar.
    #[serde(default)]
    class: String,
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct FieldFile {
    field: Vec<FieldEntry>,
}

fn table() -> &'static (Vec<FieldEntry>, HashMap<String, usize>) {
    static TABLE: OnceLock<(Vec<FieldEntry>, HashMap<String, usize>)> = OnceLock::new();
    TABLE.get_or_init(|| {
        let file: FieldFile = toml::from_str(FIELDS).expect("the shipped table of field names is parsed by this crate's tests");
        let mut by_name = HashMap::new();
        for (at, entry) in file.field.iter().enumerate() {
            for name in &entry.names {
                by_name.entry(squeezed(name)).or_insert(at);
            }
        }
        (file.field, by_name)
    })
}

/// What one source says about one field, before all are put in order of strength.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) field: String,
    pub(crate) unit: String,
    pub(crate) value: Option<FieldValue>,
    pub(crate) raw: String,
    pub(crate) source: String,
    pub(crate) strength: Strength,
}

/// Weaker ones are smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Follows from another value.
    Implied,
    /// From the name of a folder or the label of the volume.
    Folder,
    /// From the file's name.
    FileName,
    /// From general keys any program may have written.
    Loose,
    /// From the container (weaker than the camera's own sidecar for what only the camera knows).
    Container,
    /// From a sidecar or index the camera wrote.
    Sidecar,
    /// From the container, about itself: sizes, counts, codes.
    Structure,
}

/// Statements of one clip.
#[derive(Debug, Default)]
pub(crate) struct Statements(Vec<Statement>);

impl Statements {
    pub(crate) fn say(
        &mut self,
        strength: Strength,
        source: &str,
        field: &str,
        unit: &str,
        value: FieldValue,
        raw: impl Into<String>,
    ) {
        self.push(strength, source, field, unit, Some(value), raw.into());
    }

    /// Text, unless it is empty; the maker's words for "not known" become an unknown.
    pub(crate) fn text(&mut self, strength: Strength, source: &str, field: &str, text: &str) {
        let trimmed = text.trim();
        if !trimmed.is_empty() {
            // Recorders count takes as 3, 03 or 003; the raw text keeps how.
            let number = trimmed.trim_start_matches('0');
            let is_count = field == "slate.take" && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let shown = if is_count { number } else { trimmed };
            let value = (!is_vendor_unknown(trimmed)).then(|| FieldValue::Text(shown.to_owned()));
            self.push(strength, source, field, "", value, text.to_owned());
        }
    }

    pub(crate) fn unknown(&mut self, strength: Strength, source: &str, field: &str, unit: &str, raw: &str) {
        self.push(strength, source, field, unit, None, raw.to_owned());
    }

    fn push(&mut self, strength: Strength, source: &str, field: &str, unit: &str, value: Option<FieldValue>, raw: String) {
        if self.0.len() < 4096 {
            self.0.push(Statement {
                field: field.to_owned(),
                unit: unit.to_owned(),
                value,
                raw,
                source: source.to_owned(),
                strength,
            });
        }
    }

    /// A pair of a maker: `true` if its name means a canonical field. `nominal` is the counting base for timecode.
    pub(crate) fn vendor(&mut self, strength: Strength, source: &str, name: &str, raw: &str, nominal: Option<u32>) -> bool {
        let (fields, by_name) = table();
        let last_part = name.rsplit('.').next().unwrap_or(name);
        let Some(at) = by_name.get(&squeezed(name)).or_else(|| by_name.get(&squeezed(last_part))) else { return false };
        let entry = &fields[*at];
        if raw.trim().is_empty() {
            return true;
        }
        if is_vendor_unknown(raw) {
            self.unknown(strength, source, &entry.name, &entry.unit, raw);
            return true;
        }
        let strength = if entry.class == "technical" && strength == Strength::Sidecar { Strength::Container } else { strength };
        match value_of(entry.kind, raw, nominal) {
            Some(value) => {
                if entry.kind == ValueKind::Text {
                    self.text(strength, source, &entry.name, raw);
                } else if entry.kind == ValueKind::Gamma {
                    self.gamma(strength, source, raw);
                } else {
                    self.say(strength, source, &entry.name, &entry.unit, value, raw);
                }
            }
            // A text that is no such value is kept as raw and not normalised.
            None => self.unknown(strength, source, &entry.name, &entry.unit, raw),
        }
        true
    }

    /// A curve, with the primaries it may name in the same word.
    pub(crate) fn gamma(&mut self, strength: Strength, source: &str, raw: &str) {
        let (curve, gamut) = gamma(raw);
        self.say(strength, source, "color.gamma", "", FieldValue::Text(curve), raw);
        if let Some(gamut) = gamut {
            self.say(strength, source, "color.primaries", "", FieldValue::Text(gamut.to_owned()), raw);
        }
    }

    pub(crate) fn primaries(&mut self, strength: Strength, source: &str, raw: &str) {
        self.say(strength, source, "color.primaries", "", FieldValue::Text(primaries(raw)), raw);
    }

    pub(crate) fn first(&self, field: &str) -> Option<&FieldValue> {
        self.0
            .iter()
            .filter(|said| said.field == field && said.value.is_some())
            .max_by_key(|said| said.strength)
            .and_then(|said| said.value.as_ref())
    }

    /// The record, strongest source first.
    pub(crate) fn into_record(mut self, clip: &str) -> ClipRecord {
        self.0.sort_by_key(|said| std::cmp::Reverse(said.strength));
        let mut record = ClipRecord::new(clip);
        for said in self.0 {
            // One source saying the same thing twice (a tag in two places) is one statement.
            let repeated = record
                .fields
                .get(&said.field)
                .is_some_and(|field| field.sources.iter().any(|known| known.source == said.source && known.raw == said.raw));
            if !repeated {
                record.state(&said.field, &said.unit, said.value, said.raw, said.source);
            }
        }
        record
    }
}

/// The first number in a text: `5600 K`, `180.0deg`, `T2.8`.
pub(crate) fn number_in(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit() || c == '-' || c == '.')?;
    let rest = &text[start..];
    let end = rest.char_indices().skip(1).find(|(_, c)| !(c.is_ascii_digit() || *c == '.')).map_or(rest.len(), |(at, _)| at);
    rest[..end].trim_end_matches('.').parse().ok().filter(|number: &f64| number.is_finite())
}

fn value_of(kind: ValueKind, raw: &str, nominal: Option<u32>) -> Option<FieldValue> {
    let text = raw.trim();
    Some(match kind {
        ValueKind::Text => FieldValue::Text(text.to_owned()),
        ValueKind::Int => {
            // `48kHz` in a field counted in Hz.
            let factor = if text.to_ascii_lowercase().contains("khz") { 1000.0 } else { 1.0 };
            FieldValue::Int((number_in(text).filter(|n| n.abs() < 1e12)? * factor).round() as i64)
        }
        ValueKind::Float => FieldValue::Float(number_in(text)?),
        ValueKind::Rate => rate_value(FrameRate::parse(text).or_else(|| FrameRate::parse(&number_in(text)?.to_string()))?),
        ValueKind::Ratio => {
            let number = number_in(text).filter(|n| *n > 0.0 && *n < 100.0)?;
            let thousandths = (number * 1000.0).round() as i64;
            let divisor = gcd(thousandths, 1000);
            FieldValue::Rational(thousandths / divisor, 1000 / divisor)
        }
        ValueKind::Timecode => FieldValue::Text(Timecode::parse(text, nominal.unwrap_or(60)).ok().map(|_| text.to_owned())?),
        ValueKind::Bool => FieldValue::Bool(match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" | "circle" | "circled" | "y" | "x" => true,
            "no" | "false" | "0" | "n" => false,
            _ => return None,
        }),
        ValueKind::Gamma => FieldValue::Text(gamma(text).0),
        ValueKind::Primaries => FieldValue::Text(primaries(text)),
        ValueKind::Cdl => {
            let numbers: Vec<f64> = text
                .split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | 'e' | 'E')))
                .filter_map(|n| n.parse().ok())
                .collect();
            if numbers.len() != 9 {
                return None;
            }
            FieldValue::List(numbers)
        }
    })
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

/// A rate as a field value.
pub(crate) fn rate_value(rate: FrameRate) -> FieldValue {
    FieldValue::Rational(i64::from(rate.num), i64::from(rate.den))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_parses_and_every_name_means_one_field() {
        let file: FieldFile = toml::from_str(FIELDS).expect("table parses");
        let mut seen: HashMap<String, &str> = HashMap::new();
        for entry in &file.field {
            for name in &entry.names {
                if let Some(other) = seen.insert(squeezed(name), &entry.name) {
                    assert_eq!(other, entry.name, "{name}");
                }
            }
        }
    }

    #[test]
    fn vendor_texts_become_values_and_unknowns_stay_unknown() {
        let mut said = Statements::default();
        assert!(said.vendor(Strength::Sidecar, "a.ale", "White_balance", "5600 K", None));
        assert!(said.vendor(Strength::Sidecar, "a.ale", "Lens_type", "n.a.", None));
        assert!(said.vendor(Strength::Container, "a.mov", "com.arri.camera.ColorGammaSxs", "LOG-C", None));
        assert!(!said.vendor(Strength::Container, "a.mov", "com.arri.camera.Nothing", "1", None));
        let record = said.into_record("a");
        assert_eq!(record.get("wb.kelvin"), Some(&FieldValue::Int(5600)));
        assert_eq!(record.text("color.gamma"), "ARRI LogC3");
        assert!(record.fields.contains_key("lens.model") && record.get("lens.model").is_none());
    }

    #[test]
    fn numbers_are_found_in_words() {
        for (text, want) in [("5600 K", 5600.0), ("T2.8", 2.8), ("-0.5", -0.5), ("180.0deg", 180.0)] {
            assert_eq!(number_in(text), Some(want), "{text}");
        }
        assert_eq!(number_in("none"), None);
    }
}
