//! Owns what a person may say about a camera that does not name itself, and how it is read and applied: as a maker's own words would
//! be. Must never touch what belongs to a clip, a reel or a take.

use crate::canonical::{CANONICAL_FIELDS, ValueKind, canonical};
use crate::names::{gamma, implied_primaries};
use crate::values::value_of;
use checkgate_model::{ClipRecord, Decision, FieldValue, Mapping};

/// What belongs to a camera, its mode or its lens, and so can be decided for all its clips.
const MAY_BE_MAPPED: &[&str] = &[
    "camera.index",
    "camera.make",
    "camera.model",
    "camera.serial",
    "camera.firmware",
    "recorder.make_model",
    "sensor.mode",
    "sensor.active_mm",
    "codec.name",
    "codec.bit_depth",
    "color.gamma",
    "color.primaries",
    "exposure.index",
    "image.active_area",
    "image.pixel_aspect",
    "lens.make",
    "lens.model",
    "lens.serial",
    "lens.squeeze",
    "look.name",
    "orientation.flip",
    "rate.project",
    "rate.sensor",
];

/// Names of the fields a person may decide for a camera.
#[must_use]
pub fn fields_to_map() -> &'static [&'static str] {
    MAY_BE_MAPPED
}

/// Why a decision cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// No such field.
    #[error("there is no field {0}; docs/fields.md lists them")]
    NoSuchField(String),
    /// It belongs to the clip.
    #[error("{0} belongs to a clip and not to a camera; these can be mapped: {list}", list = MAY_BE_MAPPED.join(", "))]
    NotOfACamera(String),
    /// The text is no such value.
    #[error("{text:?} is no value of {field}")]
    NoSuchValue {
        /// Field.
        field: String,
        /// What was given.
        text: String,
    },
}

/// A person's words as decisions: a curve that names its primaries as well (`S-Gamut3.Cine/S-Log3`) gives two.
pub fn decisions_of(field: &str, words: &str, why: &str) -> Result<Vec<Decision>, DecisionError> {
    let words = words.trim();
    if !CANONICAL_FIELDS.iter().any(|known| known.name == field) {
        return Err(DecisionError::NoSuchField(field.to_owned()));
    }
    if !MAY_BE_MAPPED.contains(&field) {
        return Err(DecisionError::NotOfACamera(field.to_owned()));
    }
    let wanted = canonical(field);
    let decision = |field: &str, value: FieldValue| Decision {
        field: field.to_owned(),
        value,
        unit: canonical(field).unit.to_owned(),
        why: why.to_owned(),
    };
    let value = (!words.is_empty()).then(|| value_of(wanted.kind, words, None)).flatten();
    let Some(value) = value else {
        return Err(DecisionError::NoSuchValue { field: field.to_owned(), text: words.to_owned() });
    };
    let mut decisions = vec![decision(field, value)];
    if wanted.kind == ValueKind::Gamma
        && let Some(gamut) = gamma(words).1
    {
        decisions.push(decision("color.primaries", FieldValue::Text(gamut.to_owned())));
    }
    Ok(decisions)
}

/// The record with every mapping applied that fits, a later one over an earlier one; and what follows from it.
#[must_use]
pub fn apply_mappings(mappings: &[Mapping], record: ClipRecord) -> ClipRecord {
    let mut record = Mapping::apply_all(mappings, record);
    if record.get("color.primaries").is_none()
        && let Some(FieldValue::Text(curve)) = record.get("color.gamma").cloned()
        && let Some(gamut) = implied_primaries(&curve)
    {
        // Only a decision can have brought a curve that nothing was made of yet.
        record.decide("color.primaries", "", FieldValue::Text(gamut.to_owned()), &format!("implied by {curve}"));
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn words_become_values_of_their_fields_or_are_refused() {
        let one = |field: &str, words: &str| decisions_of(field, words, "why").map(|all| all[0].value.clone());
        let text = |words: &str| FieldValue::Text(words.to_owned());
        assert_eq!(one("camera.model", " Acme X "), Ok(text("Acme X")));
        assert_eq!(one("lens.squeeze", "2x"), Ok(FieldValue::Rational(2, 1)));
        assert_eq!(one("color.gamma", "slog3"), Ok(text("S-Log3")));
        assert_eq!(one("sensor.active_mm", "36 x 24"), Ok(FieldValue::List(vec![36.0, 24.0])));
        let both = decisions_of("color.gamma", "S-Gamut3.Cine/S-Log3", "why").expect("read");
        assert_eq!((both.len(), &both[1].value), (2, &text("S-Gamut3.Cine")));
        assert_eq!(
            one("lens.squeeze", "wide").err(),
            Some(DecisionError::NoSuchValue { field: "lens.squeeze".into(), text: "wide".into() })
        );
        assert_eq!(one("camera.model", " ").map_err(|error| matches!(error, DecisionError::NoSuchValue { .. })), Err(true));
        assert_eq!(one("slate.take", "3").err(), Some(DecisionError::NotOfACamera("slate.take".into())));
        assert_eq!(one("camera.colour", "red").err(), Some(DecisionError::NoSuchField("camera.colour".into())));
    }

    #[test]
    fn every_field_that_can_be_mapped_is_canonical() {
        assert!(MAY_BE_MAPPED.iter().all(|field| canonical(field).name == *field));
    }

    #[test]
    fn a_decided_curve_brings_its_primaries_and_both_can_be_taken_back() {
        let mut record = ClipRecord::new("X");
        record.state("codec.name", "", Some(FieldValue::Text("H.264".to_owned())), "avc1", "mov");
        let mapping = Mapping {
            when: BTreeMap::from([("codec.name".to_owned(), Some(FieldValue::Text("H.264".to_owned())))]),
            decisions: decisions_of("color.gamma", "V-Log", "menu").expect("read"),
        };
        let mut told = apply_mappings(&[mapping], record.clone());
        assert_eq!((told.text("color.gamma"), told.text("color.primaries")), ("V-Log".to_owned(), "V-Gamut".to_owned()));
        told.undecide();
        assert_eq!(told, record);
    }
}
