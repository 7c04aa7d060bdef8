//! Owns what a person once decided about a camera nobody knows, and how it is applied to a record. A pure function: where it is
//! kept is for others. Must never hide what the sources said.

use crate::metadata::{ClipRecord, FieldValue, agree};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One decision about one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Canonical name of the field (`docs/fields.md`).
    pub field: String,
    /// The value to use.
    pub value: FieldValue,
    /// Unit of the value, empty where none.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub unit: String,
    /// Why, in the person's own words; becomes the raw text of the statement.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub why: String,
}

/// Decisions about one camera, by what its recordings say of themselves.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Mapping {
    /// Fields that must all be as given for the decisions to hold, e.g. `camera.model` or `file.writer`. `None` means that the
    /// field must not be known. An empty table fits no record, so that no decision can fall on every clip by mistake.
    pub when: BTreeMap<String, Option<FieldValue>>,
    /// What to use instead.
    pub decisions: Vec<Decision>,
}

/// What tells a camera format from others in a record, besides the camera's letter: two cameras of one model are one camera here.
const FORMAT: [&str; 5] = ["camera.make", "camera.model", "sensor.mode", "codec.name", "lens.squeeze"];

impl Mapping {
    /// When decisions about the camera of this record hold: for the same camera format, and where `letter` is asked for only for the
    /// camera of that letter. The recorded size stands in for a sensor mode no source says. `None` where the record says nothing
    /// that would tell this camera from any other.
    #[must_use]
    pub fn key_of(record: &ClipRecord, letter: bool) -> Option<BTreeMap<String, Option<FieldValue>>> {
        let mut when: BTreeMap<String, Option<FieldValue>> =
            FORMAT.iter().map(|field| ((*field).to_owned(), record.get(field).cloned())).collect();
        if record.get("sensor.mode").is_none() {
            when.insert("image.width_height".to_owned(), record.get("image.width_height").cloned());
        }
        if letter {
            when.insert("camera.index".to_owned(), record.get("camera.index").cloned());
        }
        when.values().any(Option::is_some).then_some(when)
    }

    /// Whether the record is of the camera the decisions were made for.
    #[must_use]
    pub fn fits(&self, record: &ClipRecord) -> bool {
        !self.when.is_empty()
            && self.when.iter().all(|(field, wanted)| match (record.get(field), wanted) {
                (Some(value), Some(wanted)) => agree(value, wanted),
                (None, None) => true,
                _ => false,
            })
    }

    /// The record with the decisions in front, each with the source "mapped by a person"; the record itself where they do not fit.
    #[must_use]
    pub fn apply(&self, mut record: ClipRecord) -> ClipRecord {
        if self.fits(&record) {
            for decision in &self.decisions {
                record.decide(&decision.field, &decision.unit, decision.value.clone(), &decision.why);
            }
        }
        record
    }

    /// Applies every mapping that fits, in order; a later one wins.
    #[must_use]
    pub fn apply_all(mappings: &[Self], record: ClipRecord) -> ClipRecord {
        // Each is held against the record as the sources made it: one decision never makes the next one fit.
        let fitting: Vec<&Self> = mappings.iter().filter(|mapping| mapping.fits(&record)).collect();
        let mut record = record;
        for decision in fitting.into_iter().flat_map(|mapping| &mapping.decisions) {
            record.decide(&decision.field, &decision.unit, decision.value.clone(), &decision.why);
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{FieldState, SET_BY_PERSON};

    #[test]
    fn what_was_decided_once_holds_for_every_clip_of_that_camera() {
        let text = |words: &str| FieldValue::Text(words.to_owned());
        let mapping = Mapping {
            when: BTreeMap::from([("camera.make".to_owned(), Some(text("Acme"))), ("color.gamma".to_owned(), None)]),
            decisions: vec![Decision {
                field: "color.gamma".to_owned(),
                value: text("S-Log3"),
                unit: String::new(),
                why: "menu of the camera".to_owned(),
            }],
        };
        let mut acme = ClipRecord::new("X0001");
        acme.state("camera.make", "", Some(text("ACME")), "ACME", "mov");
        acme.state("color.gamma", "", None, "--", "mov");
        let told = Mapping::apply_all(std::slice::from_ref(&mapping), acme.clone());
        let field = &told.fields["color.gamma"];
        assert_eq!((field.state, field.sources.len(), field.sources[0].source.as_str()), (FieldState::Known, 2, SET_BY_PERSON));
        assert_eq!(mapping.apply(acme), told);
        let other = ClipRecord::new("Y");
        assert_eq!(mapping.apply(other.clone()), other);
        assert!(!Mapping::default().fits(&told));
        let json = serde_json::to_string(&mapping).expect("writes");
        assert_eq!(serde_json::from_str::<Mapping>(&json).expect("reads"), mapping);
    }

    #[test]
    fn a_key_is_the_camera_format_and_nothing_of_the_clip() {
        let text = |words: &str| FieldValue::Text(words.to_owned());
        let record = |letter: &str, size: i64| {
            let mut record = ClipRecord::new("X");
            for (field, value) in [("camera.index", text(letter)), ("codec.name", text("H.264")), ("clip.name", text("X"))] {
                record.state(field, "", Some(value), "raw", "mov");
            }
            record.state("image.width_height", "px", Some(FieldValue::Size(size, 1080)), "raw", "mov");
            record
        };
        let fits = |letter: bool, other: &ClipRecord| {
            let when = Mapping::key_of(&record("A", 1920), letter).expect("a key");
            Mapping { when, decisions: Vec::new() }.fits(other)
        };
        assert!(fits(false, &record("B", 1920)) && fits(true, &record("A", 1920)));
        assert!(!fits(true, &record("B", 1920)) && !fits(false, &record("A", 1280)));
        let mut named = record("A", 1920);
        named.state("camera.model", "", Some(text("FX6")), "FX6", "xml");
        assert!(!fits(false, &named), "a camera that names itself is another one");
        assert_eq!(Mapping::key_of(&ClipRecord::new("X"), false), None);
    }
}
