//! Owns the list of cards that can be forged: four with encoded pictures and sound, their sum, and one for each recipe.

use super::UnknownWord;
use super::recipe::{Recipe, names, recipes};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What kind of card is forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// The next four on one shuttle card with the reel of the ARRI part.
    #[default]
    Demo,
    /// `A003R1JL/A003C001_261123_R1JL.mov` with `_AVID.ale`.
    ArriClassic,
    /// `PRIVATE/M4ROOT` with clip XML and `MEDIAPRO.XML`.
    SonyM4root,
    /// A sound recorder's folder with poly BWF files.
    Sound,
    /// Frame sequences: DPX in LogC4, EXR in ACEScg.
    Plates,
    /// Structure only, from the recipe with this name.
    Card(&'static str),
}

impl Family {
    const ENCODED: [Self; 5] = [Self::Demo, Self::ArriClassic, Self::SonyM4root, Self::Sound, Self::Plates];

    /// Every kind: those with pictures first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        Self::ENCODED.into_iter().chain(Self::cards()).collect()
    }

    /// Every kind that is made from a recipe, most used first.
    pub fn cards() -> impl Iterator<Item = Self> {
        names().map(Self::Card)
    }

    /// The word on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::ArriClassic => "arri-classic",
            Self::SonyM4root => "sony-m4root",
            Self::Sound => "sound",
            Self::Plates => "plates",
            Self::Card(name) => name,
        }
    }

    /// What is imitated, in a line.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::Demo => "ARRI, Sony, plates and sound on one card, with pictures",
            Self::ArriClassic => "ARRI ProRes with list, look and report, with pictures",
            Self::SonyM4root => "Sony XAVC S with clip XML and card index, with pictures",
            Self::Sound => "Sound Devices poly takes",
            Self::Plates => "DPX and OpenEXR sequences, with pictures",
            Self::Card(_) => self.recipe().map_or("", |recipe| recipe.what.as_str()),
        }
    }

    /// Id of the camera profile that should recognise it.
    #[must_use]
    pub fn profile(self) -> &'static str {
        match self {
            Self::Demo | Self::ArriClassic => "arri-classic",
            Self::SonyM4root => "sony-m4root",
            Self::Sound => "sound-devices",
            Self::Plates => "frame-sequence",
            Self::Card(_) => self.recipe().map_or("unknown", |recipe| recipe.family.as_str()),
        }
    }

    pub(super) fn recipe(self) -> Option<&'static Recipe> {
        match self {
            Self::Card(name) => recipes().get(name),
            _ => None,
        }
    }

    pub(super) fn has(self, part: Self) -> bool {
        self == Self::Demo || self == part
    }
}

impl std::str::FromStr for Family {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let all = Self::all();
        let known = || all.iter().map(|family| family.name()).collect::<Vec<_>>().join(", ");
        all.iter().copied().find(|family| family.name() == text).ok_or_else(|| UnknownWord::new(text, known()))
    }
}

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Family {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
