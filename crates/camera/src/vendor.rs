//! Owns how a maker's name and text become a canonical field and value: the table is data (`assets/cameras/fields.toml`).
//! Must never drop the raw text, nor turn an unknown into a value.

use crate::canonical::{ValueKind, canonical};
use crate::names::{gamma, is_program, is_vendor_unknown, primaries, squeezed};
use crate::values::value_of;
pub(crate) use crate::values::{number_in, rate_value};
use checkgate_model::{ClipRecord, FieldValue, FrameChange};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

const FIELDS: &str = include_str!("../../../assets/cameras/fields.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldEntry {
    name: String,
    /// How the text becomes a value, where these names mean it otherwise than the field does.
    kind: Option<ValueKind>,
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
    /// The source gives this value for a frame, not for the clip.
    pub(crate) per_frame: bool,
    /// Its values over the clip, where it gave more than one.
    pub(crate) changes: Vec<FrameChange>,
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
pub(crate) struct Statements {
    said: Vec<Statement>,
    /// What counts only where nothing else names the field.
    otherwise: Vec<Statement>,
}

/// Most statements about one clip.
const MAX_STATEMENTS: usize = 4096;

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
        if self.said.len() < MAX_STATEMENTS {
            self.said.push(Statement {
                field: field.to_owned(),
                unit: unit.to_owned(),
                value,
                raw,
                source: source.to_owned(),
                strength,
                per_frame: false,
                changes: Vec::new(),
            });
        }
    }

    /// A value in the unit of its field.
    pub(crate) fn value(&mut self, strength: Strength, source: &str, field: &str, value: FieldValue, raw: impl Into<String>) {
        self.push(strength, source, field, canonical(field).unit, Some(value), raw.into());
    }

    /// A maker's text as the field wants it: a value in its unit, an unknown where the maker says so or the text is no such value,
    /// nothing where it is empty.
    pub(crate) fn read(&mut self, strength: Strength, source: &str, field: &str, raw: &str, nominal: Option<u32>) {
        self.read_as(canonical(field).kind, strength, source, field, raw, nominal);
    }

    /// As `read`, where this source writes the field in another way.
    pub(crate) fn read_as(
        &mut self,
        kind: ValueKind,
        strength: Strength,
        source: &str,
        field: &str,
        raw: &str,
        nominal: Option<u32>,
    ) {
        if raw.trim().is_empty() {
            return;
        }
        let unit = canonical(field).unit;
        if is_vendor_unknown(raw) {
            return self.unknown(strength, source, field, unit, raw);
        }
        match (kind, value_of(kind, raw, nominal)) {
            (ValueKind::Text, Some(_)) => self.text(strength, source, field, raw),
            (ValueKind::Gamma, Some(_)) => self.gamma(strength, source, raw),
            (_, Some(value)) => self.say(strength, source, field, unit, value, raw),
            // A text that is no such value is kept as raw and not normalised.
            (_, None) => self.unknown(strength, source, field, unit, raw),
        }
    }

    /// A value that is only a stopgap: it is left out as soon as any source names the field.
    pub(crate) fn otherwise(&mut self, source: &str, field: &str, value: FieldValue, raw: impl Into<String>) {
        self.value(Strength::Loose, source, field, value, raw);
        if self.otherwise.len() < MAX_STATEMENTS {
            self.otherwise.extend(self.said.pop());
        }
    }

    /// How many statements there are: what comes behind this mark can be marked as of a frame.
    pub(crate) fn mark(&self) -> usize {
        self.said.len()
    }

    /// What was said since `mark` was said of a frame.
    pub(crate) fn of_frame(&mut self, mark: usize) {
        for said in self.said.iter_mut().skip(mark) {
            said.per_frame |= canonical(&said.field).may_vary && said.field != "tc.start";
        }
    }

    /// The values over the clip of the last statement about `field`.
    pub(crate) fn changes(&mut self, field: &str, changes: Vec<FrameChange>) {
        if let Some(said) = self.said.iter_mut().rev().find(|said| said.field == field) {
            said.per_frame = true;
            said.changes = changes;
        }
    }

    /// A pair of a maker: `true` if its name means a canonical field. `nominal` is the counting base for timecode.
    pub(crate) fn vendor(&mut self, strength: Strength, source: &str, name: &str, raw: &str, nominal: Option<u32>) -> bool {
        let (fields, by_name) = table();
        let last_part = name.rsplit('.').next().unwrap_or(name);
        let Some(at) = by_name.get(&squeezed(name)).or_else(|| by_name.get(&squeezed(last_part))) else { return false };
        let entry = &fields[*at];
        // A list out of a grading program names the program where the maker belongs.
        if entry.name == "camera.make" && is_program(raw) {
            self.text(strength, source, "file.writer", raw);
            return true;
        }
        let strength = if entry.class == "technical" && strength == Strength::Sidecar { Strength::Container } else { strength };
        let kind = entry.kind.unwrap_or(canonical(&entry.name).kind);
        self.read_as(kind, strength, source, &entry.name, raw, nominal);
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
        self.said
            .iter()
            .filter(|said| said.field == field && said.value.is_some())
            .max_by_key(|said| said.strength)
            .and_then(|said| said.value.as_ref())
    }

    /// The record, strongest source first.
    pub(crate) fn into_record(mut self, clip: &str) -> ClipRecord {
        for said in std::mem::take(&mut self.otherwise) {
            if self.said.iter().all(|known| known.field != said.field || known.value.is_none()) {
                self.said.push(said);
            }
        }
        self.said.sort_by_key(|said| std::cmp::Reverse(said.strength));
        let mut record = ClipRecord::new(clip);
        for said in self.said {
            // One source saying the same thing twice (a tag in two places) is one statement.
            let repeated = record
                .fields
                .get(&said.field)
                .is_some_and(|field| field.sources.iter().any(|known| known.source == said.source && known.raw == said.raw));
            if !repeated {
                record.state(&said.field, &said.unit, said.value, said.raw, said.source);
            }
            if said.per_frame {
                record.per_frame(&said.field, said.changes);
            }
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_parses_and_every_name_means_one_field() {
        let file: FieldFile = toml::from_str(FIELDS).expect("table parses");
        let mut seen: HashMap<String, &str> = HashMap::new();
        for entry in &file.field {
            assert_eq!(canonical(&entry.name).name, entry.name, "no canonical field");
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
}
