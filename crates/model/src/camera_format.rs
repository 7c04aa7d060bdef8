//! Owns the camera format: what a production means by "the same kind of picture" (camera letter, model, sensor mode, codec,
//! lens squeeze), and the cards that group clips by it. Must never fill a part in: what no source says is "missing".

use crate::metadata::ClipRecord;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The word for a part no source says.
pub const MISSING: &str = "missing";

/// The key a camera format is told by; a part that is not known is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CameraFormatKey {
    /// Camera letter or index (`camera.index`).
    pub camera: Option<String>,
    /// Camera model (`camera.model`).
    pub model: Option<String>,
    /// The maker's words for the mode of the sensor (`sensor.mode`), else the recorded size (`image.width_height`).
    pub sensor_mode: Option<String>,
    /// Codec (`codec.name`).
    pub codec: Option<String>,
    /// Lens squeeze (`lens.squeeze`), e.g. `1`, `4/3`, `2`.
    pub squeeze: Option<String>,
}

impl CameraFormatKey {
    /// The key of one clip.
    #[must_use]
    pub fn of(record: &ClipRecord) -> Self {
        let part = |field: &str| Some(record.text(field)).filter(|text| !text.is_empty());
        Self {
            camera: part("camera.index"),
            model: part("camera.model"),
            sensor_mode: part("sensor.mode").or_else(|| part("image.width_height")),
            codec: part("codec.name"),
            squeeze: part("lens.squeeze"),
        }
    }

    /// The five parts in order with their names; `MISSING` where one is not known.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &str); 5] {
        [
            ("camera", self.camera.as_deref().unwrap_or(MISSING)),
            ("model", self.model.as_deref().unwrap_or(MISSING)),
            ("sensor mode", self.sensor_mode.as_deref().unwrap_or(MISSING)),
            ("codec", self.codec.as_deref().unwrap_or(MISSING)),
            ("squeeze", self.squeeze.as_deref().unwrap_or(MISSING)),
        ]
    }

    /// Names of the parts no source says.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        self.parts().into_iter().filter(|(_, word)| *word == MISSING).map(|(name, _)| name).collect()
    }
}

impl fmt::Display for CameraFormatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, word)) in self.parts().into_iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            if word == MISSING {
                write!(f, "{separator}{name} {MISSING}")?;
            } else if name == "squeeze" {
                write!(f, "{separator}squeeze {word}")?;
            } else {
                write!(f, "{separator}{word}")?;
            }
        }
        Ok(())
    }
}

/// The clips of one camera format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraFormatCard {
    /// What they have in common.
    pub key: CameraFormatKey,
    /// Names of the parts of the key no source says.
    pub missing: Vec<String>,
    /// Recorded sizes among them, each once.
    pub sizes: Vec<String>,
    /// Names of the clips, in the order given.
    pub clips: Vec<String>,
}

/// Groups clips by camera format, in the order in which the formats first appear. Sound has none and is left out.
#[must_use]
pub fn camera_formats(records: &[ClipRecord]) -> Vec<CameraFormatCard> {
    let mut cards: Vec<CameraFormatCard> = Vec::new();
    for record in records.iter().filter(|record| has_picture(record)) {
        let key = CameraFormatKey::of(record);
        let at = cards.iter().position(|card| card.key == key).unwrap_or_else(|| {
            let missing = key.missing().into_iter().map(str::to_owned).collect();
            cards.push(CameraFormatCard { key, missing, sizes: Vec::new(), clips: Vec::new() });
            cards.len() - 1
        });
        let size = record.text("image.width_height");
        if !size.is_empty() && !cards[at].sizes.contains(&size) {
            cards[at].sizes.push(size);
        }
        cards[at].clips.push(record.clip.clone());
    }
    cards
}

fn has_picture(record: &ClipRecord) -> bool {
    record.get("image.width_height").is_some()
        || record.get("camera.model").is_some()
        || record.get("sensor.mode").is_some()
        || !(record.fields.contains_key("audio.channels") || record.fields.contains_key("sound.timeref"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::FieldValue;

    fn record(clip: &str, fields: &[(&str, FieldValue)]) -> ClipRecord {
        let mut record = ClipRecord::new(clip);
        for (name, value) in fields {
            record.state(name, "", Some(value.clone()), value.display(), "test");
        }
        record
    }

    #[test]
    fn clips_of_one_kind_share_a_card_and_gaps_are_named() {
        let text = |words: &str| FieldValue::Text(words.to_owned());
        let a = |name: &str| {
            record(
                name,
                &[
                    ("camera.index", text("A")),
                    ("camera.model", text("ALEXA 35")),
                    ("codec.name", text("ARRIRAW")),
                    ("image.width_height", FieldValue::Size(4608, 3164)),
                    ("lens.squeeze", FieldValue::Rational(2, 1)),
                ],
            )
        };
        let unknown = record("X", &[("codec.name", text("H.264"))]);
        let sound = record("S", &[("codec.name", text("PCM")), ("audio.channels", FieldValue::Int(2))]);
        let cards = camera_formats(&[a("A001"), unknown, a("A002"), sound]);
        assert_eq!(cards.len(), 2);
        assert_eq!((cards[0].clips.as_slice(), cards[0].missing.len()), (&["A001".to_owned(), "A002".to_owned()][..], 0));
        assert_eq!(cards[0].key.to_string(), "A, ALEXA 35, 4608x3164, ARRIRAW, squeeze 2");
        assert_eq!(cards[1].missing, ["camera", "model", "sensor mode", "squeeze"]);
        assert_eq!(cards[1].key.to_string(), "camera missing, model missing, sensor mode missing, H.264, squeeze missing");
    }
}
