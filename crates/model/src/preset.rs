//! Owns presets as data: where copies go, how their folders are called, how they are proven, what follows. Names destinations by
//! label or volume id, never by a drive letter or a mount path alone, which belong to whatever was plugged in last. Pure.

use crate::hash::HashFormat;
use crate::naming::{Template, TemplateError, Token, Values};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most levels of a cascade.
pub const MOST_LEVELS: u8 = 8;
/// Most destinations.
pub const MOST_DESTINATIONS: usize = 32;

/// How copies are proven, as a preset writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresetVerify {
    /// Read back from the device.
    #[default]
    Device,
    /// Read back through the system.
    System,
    /// Not read back.
    None,
}

impl PresetVerify {
    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::System => "system",
            Self::None => "none",
        }
    }

    /// From that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Device, Self::System, Self::None].into_iter().find(|verify| verify.word() == word)
    }
}

/// One destination of a preset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetDestination {
    /// Label of a volume, or of a destination that is set up on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Id of a volume, as `checkgate volumes` shows it. Stronger than the label: another drive of that name is not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// Folder on the volume; its root where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Level of the cascade: 1 is copied from the card, 2 from a proven copy of level 1, and so on.
    #[serde(default = "first_level", skip_serializing_if = "is_first_level")]
    pub level: u8,
    /// The job may begin without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

const fn first_level() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_first_level(level: &u8) -> bool {
    *level == 1
}

impl PresetDestination {
    /// As people call it.
    #[must_use]
    pub fn words(&self) -> String {
        let name = match (&self.label, &self.volume) {
            (Some(label), _) => label.clone(),
            (None, Some(volume)) => format!("volume {volume}"),
            (None, None) => "a destination without a name".to_owned(),
        };
        self.folder.as_ref().map_or_else(|| name.clone(), |folder| format!("{name}: {folder}"))
    }
}

/// What is done with a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// One line for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Folder template below each destination; see [`crate::naming`].
    #[serde(default = "roll_folder")]
    pub folder: String,
    /// Values of tokens that do not come from the card.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Hash formats of the manifest.
    #[serde(default = "one_hash")]
    pub hashes: Vec<HashFormat>,
    /// How copies are proven.
    #[serde(default)]
    pub verify: PresetVerify,
    /// Read the card a second time.
    #[serde(default = "yes")]
    pub source_reread: bool,
    /// Render previews.
    #[serde(default = "yes")]
    pub previews: bool,
    /// Upload from a verified copy.
    #[serde(default)]
    pub upload: bool,
    /// Policy of the verdict; the one that is set where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Place in the queue: higher goes first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// Where copies go. None means the destinations that are ticked in the setup.
    #[serde(default, rename = "destination", skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<PresetDestination>,
}

fn roll_folder() -> String {
    "{roll}".to_owned()
}

fn one_hash() -> Vec<HashFormat> {
    vec![HashFormat::Xxh64]
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &i32) -> bool {
    *number == 0
}

impl Default for Preset {
    fn default() -> Self {
        Self {
            about: String::new(),
            folder: roll_folder(),
            values: BTreeMap::new(),
            hashes: one_hash(),
            verify: PresetVerify::Device,
            source_reread: true,
            previews: true,
            upload: false,
            policy: None,
            priority: 0,
            destinations: Vec::new(),
        }
    }
}

/// Why a preset cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresetError {
    /// The folder template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A value for a token that does not exist.
    #[error("a value is given for {{{0}}}, which is no token; there are: {tokens}", tokens = crate::naming::token_list())]
    UnknownValue(String),
    /// A destination that says neither label nor volume.
    #[error(
        "destination {0} names neither a label nor a volume id; a drive letter or mount path alone is whatever was plugged in last"
    )]
    NamelessDestination(usize),
    /// A label that is a path.
    #[error("{0:?} is a path or a drive letter; destinations are named by the label or the id of a volume")]
    PathAsLabel(String),
    /// A folder that leaves its volume.
    #[error("the folder {0:?} leaves its volume; it is a path below it")]
    FolderOutside(String),
    /// A level without the one before, or too many.
    #[error("the cascade has a level {0} and none before it; levels count from 1 to {MOST_LEVELS}")]
    LevelGap(u8),
    /// Too many.
    #[error("{0} destinations are more than {MOST_DESTINATIONS}")]
    TooMany(usize),
    /// The same destination twice.
    #[error("{0} is named twice")]
    Twice(String),
}

impl Preset {
    /// Everything that can be known to be wrong without looking at a drive.
    pub fn check(&self) -> Result<Template, PresetError> {
        let template = Template::parse(&self.folder)?;
        self.token_values()?;
        if self.destinations.len() > MOST_DESTINATIONS {
            return Err(PresetError::TooMany(self.destinations.len()));
        }
        for (at, one) in self.destinations.iter().enumerate() {
            let named = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.trim().is_empty());
            if !named(&one.label) && !named(&one.volume) {
                return Err(PresetError::NamelessDestination(at + 1));
            }
            if let Some(label) = &one.label {
                let drive = label.len() == 2 && label.ends_with(':');
                if label.contains(['/', '\\']) || drive {
                    return Err(PresetError::PathAsLabel(label.clone()));
                }
            }
            if let Some(folder) = &one.folder
                && (crate::RelPath::new(folder).is_err() || folder.contains(['\\', ':']))
            {
                return Err(PresetError::FolderOutside(folder.clone()));
            }
            if self.destinations[..at].iter().any(|other| other.words() == one.words()) {
                return Err(PresetError::Twice(one.words()));
            }
            let level_before = one.level == 1 || self.destinations.iter().any(|other| other.level + 1 == one.level);
            if one.level == 0 || one.level > MOST_LEVELS || !level_before {
                return Err(PresetError::LevelGap(one.level));
            }
        }
        Ok(template)
    }

    /// The values it gives to tokens.
    pub fn token_values(&self) -> Result<Values, PresetError> {
        self.values
            .iter()
            .map(|(name, value)| {
                let token: Token = name.parse().map_err(|_| PresetError::UnknownValue(name.clone()))?;
                Ok((token, value.clone()))
            })
            .collect()
    }
}

/// Which copy each copy is made from, by the levels of their destinations: level 1 from the card (`None`), a later level from the
/// copies of the level before, shared out in turn so that no drive feeds all others.
#[must_use]
pub fn fed_by(levels: &[u8]) -> Vec<Option<usize>> {
    let mut next: BTreeMap<u8, usize> = BTreeMap::new();
    levels
        .iter()
        .map(|level| {
            let before = levels.iter().copied().filter(|other| other < level).max()?;
            let feeders: Vec<usize> = (0..levels.len()).filter(|at| levels[*at] == before).collect();
            let turn = next.entry(*level).or_default();
            let feeder = feeders[*turn % feeders.len()];
            *turn += 1;
            Some(feeder)
        })
        .collect()
}

/// Whether `name` can be a preset's or policy's: it becomes a file name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b' '))
        && crate::naming::legal_name(name) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(label: &str, level: u8) -> PresetDestination {
        PresetDestination { label: Some(label.to_owned()), level, ..PresetDestination::default() }
    }

    #[test]
    fn destinations_are_never_a_path_or_a_letter() {
        for label in ["/mnt/ssd", "D:", "\\\\server\\share", "C:\\copies"] {
            let preset = Preset { destinations: vec![to(label, 1)], ..Preset::default() };
            assert!(matches!(preset.check(), Err(PresetError::PathAsLabel(_))), "{label}");
        }
        let nameless =
            Preset { destinations: vec![PresetDestination { level: 1, ..PresetDestination::default() }], ..Preset::default() };
        assert_eq!(nameless.check(), Err(PresetError::NamelessDestination(1)));
        let outside = PresetDestination { folder: Some("../x".to_owned()), ..to("SSD", 1) };
        assert!(Preset { destinations: vec![outside], ..Preset::default() }.check().is_err());
        assert!(Preset { destinations: vec![to("SSD-7", 1), to("RAID-2", 2)], ..Preset::default() }.check().is_ok());
    }

    #[test]
    fn levels_have_no_gap_and_feed_each_other() {
        let gap = Preset { destinations: vec![to("A", 1), to("B", 3)], ..Preset::default() };
        assert_eq!(gap.check(), Err(PresetError::LevelGap(3)));
        assert_eq!(fed_by(&[1, 1]), [None, None]);
        assert_eq!(fed_by(&[1, 2, 2, 3]), [None, Some(0), Some(0), Some(1)]);
        assert_eq!(fed_by(&[2, 1, 1, 2, 2]), [Some(1), None, None, Some(2), Some(1)], "level 1 shares the work");
        assert_eq!(fed_by(&[]), []);
    }

    #[test]
    fn values_are_for_tokens_that_exist() {
        let preset = Preset { values: BTreeMap::from([("unti".to_owned(), "MU".to_owned())]), ..Preset::default() };
        assert_eq!(preset.check().map(drop), Err(PresetError::UnknownValue("unti".to_owned())));
    }

    #[test]
    fn names_become_files() {
        assert!(is_name("main unit-2"));
        for bad in ["", "a/b", "..", "con", "ä", " x", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
