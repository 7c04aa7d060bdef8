//! Owns the facts rules judge: what is on the card and what its records say, without any way to look further.

use checkgate_model::{CardRecognition, Clip, ClipRecord, FrameRate, RelPath, Roll};
use std::collections::BTreeMap;

/// What is known of a card or roll.
#[derive(Debug, Clone, Default)]
pub struct RollFacts {
    /// Every file with its size.
    pub files: Vec<(RelPath, u64)>,
    /// Folders without any file.
    pub empty_folders: Vec<RelPath>,
    /// Rolls.
    pub rolls: Vec<Roll>,
    /// Clips in order.
    pub clips: Vec<Clip>,
    /// Records of clips by position in `clips`.
    pub records: BTreeMap<usize, ClipRecord>,
    /// Rate of the project; without one, the rate most clips of a roll have is asked of all of them.
    pub project_rate: Option<FrameRate>,
}

impl RollFacts {
    /// Facts of a recognised card. `records` may be empty (nothing is said about metadata then) or hold one record per clip, in
    /// the order of `recognition.clips`.
    #[must_use]
    pub fn new(recognition: &CardRecognition, records: &[ClipRecord]) -> Self {
        let files = recognition.clips.iter().flat_map(|clip| &clip.files).chain(&recognition.unassigned);
        let complete = records.len() == recognition.clips.len();
        let mut facts = Self {
            files: files.map(|file| (file.path.clone(), file.size_bytes)).collect(),
            empty_folders: recognition.empty_folders.clone(),
            rolls: recognition.rolls.clone(),
            clips: recognition.clips.clone(),
            records: if complete { records.iter().cloned().enumerate().collect() } else { BTreeMap::new() },
            project_rate: None,
        };
        facts.files.sort();
        facts
    }

    /// The same facts with the project's rate.
    #[must_use]
    pub fn with_project_rate(mut self, rate: Option<FrameRate>) -> Self {
        self.project_rate = rate;
        self
    }
}
