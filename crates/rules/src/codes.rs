//! Owns the codes: which there are, and what each means in words (`assets/rules/codes.toml`). A code means the same for ever.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

const TEXT: &str = include_str!("../../../assets/rules/codes.toml");

/// Every code a profile may name. The text of each is data; a test holds the two together.
pub const CODES: &[&str] = &[
    "name.reserved",
    "name.trailing",
    "name.length",
    "name.characters",
    "name.case_collision",
    "files.system",
    "files.hidden",
    "folders.empty",
    "files.zero_bytes",
    "files.none",
    "clip.duplicate_name",
    "clip.number_gap",
    "clip.on_other_card",
    "clip.same_name_elsewhere",
    "roll.name",
    "roll.mixed",
    "roll.duplicate",
    "roll.at_volume_root",
    "roll.nested",
    "manifest.missing",
    "manifest.unreadable",
    "manifest.several",
    "manifest.file_missing",
    "manifest.hash_differs",
    "manifest.extra_file",
    "rate.differs",
    "color.differs",
    "capture.floor",
    "camera.unknown",
    "timecode.overlap",
    "metadata.conflict",
    "sound.sample_rate",
    "sound.bit_depth",
    "sound.not_poly",
    "sound.no_ixml",
    "sound.no_timecode_match",
    "look.clip_missing",
    "look.file_missing",
    "look.aces_differs",
    "stills.count",
    "upload.days",
    "upload.rolls",
    "upload.bytes",
    "upload.files",
];

/// What a code means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The code.
    pub code: String,
    /// What is checked, and against what.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to do now, where no profile says so: checks of the card itself, which are not a matter of a profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

#[derive(Deserialize)]
struct File {
    code: Vec<Explanation>,
}

/// Every code in words: rules of profiles, then checks of the card itself.
#[must_use]
pub fn explanations() -> &'static [Explanation] {
    static ALL: OnceLock<Vec<Explanation>> = OnceLock::new();
    ALL.get_or_init(|| toml::from_str::<File>(TEXT).map(|file| file.code).unwrap_or_default())
}

/// One code in words.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Explanation> {
    explanations().iter().find(|one| one.code == code)
}
