//! Owns what is seen of the queue and of presets.

use checkgate_model::{HashFormat, JobState, Preset, PresetDestination, PresetVerify};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A job that waits or runs, in whatever process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QueueEntry {
    /// Job.
    pub job: String,
    /// Card.
    pub card: String,
    /// Its reel.
    pub reel: String,
    /// `waiting` or `running`.
    pub state: JobState,
    /// Higher goes first among those that want the same device.
    pub priority: i32,
    /// This process holds it; else another one does.
    pub here: bool,
    /// What it waits for; empty while it runs.
    pub words: String,
}

/// What a folder template makes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct FolderSketch {
    /// The path below a destination, as far as it can be told.
    pub path: String,
    /// What a person should know although it works.
    pub notes: Vec<String>,
    /// Why it does not work.
    pub problem: Option<String>,
}

/// Something a folder template can ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TokenView {
    /// As it stands in the template, without braces.
    pub name: String,
    /// What it stands for.
    pub words: String,
    /// A value.
    pub example: String,
}

/// A destination of a preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetDestinationView {
    /// Label of a volume or of a destination that is set up; empty where the volume id alone counts.
    pub label: String,
    /// Volume id; empty where the label is enough.
    pub volume: String,
    /// Folder on it.
    pub folder: String,
    /// Level of the cascade, from 1.
    pub level: u8,
    /// The job may begin without it.
    pub optional: bool,
}

/// A preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetDetail {
    /// Name.
    pub name: String,
    /// The user's own, which can be removed.
    pub own: bool,
    /// One of that name ships; it is there again when the user's own is removed.
    #[serde(default)]
    pub shipped: bool,
    /// One line.
    pub about: String,
    /// Folder template.
    pub folder: String,
    /// Values of its tokens.
    pub values: BTreeMap<String, String>,
    /// Hash formats.
    pub hashes: Vec<String>,
    /// `device`, `system` or `none`.
    pub verify: String,
    /// Read the card a second time.
    pub source_reread: bool,
    /// Render previews.
    pub previews: bool,
    /// Upload.
    pub upload: bool,
    /// Policy; empty for the one that is set.
    pub policy: String,
    /// Place in the queue.
    pub priority: i32,
    /// Destinations; none means those that are ticked.
    pub destinations: Vec<PresetDestinationView>,
}

/// Everything needed to choose and edit presets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetList {
    /// Name of the one that is used.
    pub used: String,
    /// All, by name.
    pub presets: Vec<PresetDetail>,
    /// What folder templates can ask for.
    pub tokens: Vec<TokenView>,
    /// Names of policies.
    pub policies: Vec<String>,
}

impl PresetDetail {
    /// As it is shown.
    #[must_use]
    pub fn of(name: &str, own: bool, shipped: bool, preset: &Preset) -> Self {
        Self {
            name: name.to_owned(),
            own,
            shipped,
            about: preset.about.clone(),
            folder: preset.folder.clone(),
            values: preset.values.clone(),
            hashes: preset.hashes.iter().map(|format| format.name().to_owned()).collect(),
            verify: preset.verify.word().to_owned(),
            source_reread: preset.source_reread,
            previews: preset.previews,
            upload: preset.upload,
            policy: preset.policy.clone().unwrap_or_default(),
            priority: preset.priority,
            destinations: preset
                .destinations
                .iter()
                .map(|one| PresetDestinationView {
                    label: one.label.clone().unwrap_or_default(),
                    volume: one.volume.clone().unwrap_or_default(),
                    folder: one.folder.clone().unwrap_or_default(),
                    level: one.level,
                    optional: one.optional,
                })
                .collect(),
        }
    }

    /// As it is stored.
    ///
    /// # Errors
    /// A hash format or a way to verify that does not exist, in words.
    pub fn preset(&self) -> Result<Preset, String> {
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        Ok(Preset {
            about: self.about.trim().to_owned(),
            folder: self.folder.trim().to_owned(),
            values: self
                .values
                .iter()
                .filter(|(_, value)| !value.trim().is_empty())
                .map(|(name, value)| (name.clone(), value.trim().to_owned()))
                .collect(),
            hashes: self
                .hashes
                .iter()
                .map(|name| name.parse::<HashFormat>().map_err(|error| error.to_string()))
                .collect::<Result<_, _>>()?,
            verify: PresetVerify::from_word(&self.verify)
                .ok_or_else(|| format!("{:?} is no way to verify (device, system, none)", self.verify))?,
            source_reread: self.source_reread,
            previews: self.previews,
            upload: self.upload,
            policy: given(&self.policy),
            priority: self.priority,
            destinations: self
                .destinations
                .iter()
                .map(|one| PresetDestination {
                    label: given(&one.label),
                    volume: given(&one.volume),
                    folder: given(&one.folder),
                    level: one.level,
                    optional: one.optional,
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_survives_being_shown() {
        let preset = Preset {
            values: BTreeMap::from([("unit".to_owned(), "MU".to_owned())]),
            policy: Some("indie".to_owned()),
            priority: -3,
            destinations: vec![PresetDestination { label: Some("SSD-7".to_owned()), level: 1, ..PresetDestination::default() }],
            ..Preset::default()
        };
        assert_eq!(PresetDetail::of("x", true, false, &preset).preset(), Ok(preset));
        let mut wrong = PresetDetail::of("x", true, false, &Preset::default());
        wrong.verify = "twice".to_owned();
        assert!(wrong.preset().is_err());
    }
}
