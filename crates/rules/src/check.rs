//! Owns the run of a profile over facts. A rule the profile does not name is not checked; a code means the same for ever.

use crate::facts::RollFacts;
use crate::profile::{Rule, RuleProfile};
use crate::{names, recording};
use checkgate_model::{Finding, RelPath};

/// Every code a profile may name.
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
    "roll.name",
    "roll.mixed",
    "rate.differs",
    "timecode.overlap",
    "sound.sample_rate",
    "sound.bit_depth",
    "sound.no_ixml",
    "sound.no_timecode_match",
    "metadata.conflict",
];

/// Most findings of one rule; the last one counts the rest, so that ten thousand frames with one fault stay readable.
const MAX_PER_RULE: usize = 50;

/// One breach: message, and what it is about.
pub(crate) struct Breach {
    pub(crate) message: String,
    pub(crate) path: Option<RelPath>,
    pub(crate) clip: Option<String>,
}

impl Breach {
    pub(crate) fn of_card(message: String) -> Self {
        Self { message, path: None, clip: None }
    }

    pub(crate) fn of_path(message: String, path: &RelPath) -> Self {
        Self { message, path: Some(path.clone()), clip: None }
    }

    pub(crate) fn of_clip(message: String, clip: &str) -> Self {
        Self { message, path: None, clip: Some(clip.to_owned()) }
    }
}

/// Checks `facts` against `profile`; findings come worst first.
#[must_use]
pub fn check(profile: &RuleProfile, facts: &RollFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in &profile.rules {
        let breaches = match rule.code.as_str() {
            "name.reserved" => names::reserved(facts),
            "name.trailing" => names::trailing(facts),
            "name.length" => names::length(rule, facts),
            "name.characters" => names::characters(rule, facts),
            "name.case_collision" => names::case_collision(facts),
            "files.system" => names::system(facts),
            "files.hidden" => names::hidden(facts),
            "folders.empty" => names::empty_folders(facts),
            "files.zero_bytes" => names::zero_bytes(facts),
            "files.none" => names::none(facts),
            "clip.duplicate_name" => recording::duplicate_name(facts),
            "clip.number_gap" => recording::number_gap(facts),
            "roll.name" => recording::roll_name(rule, facts),
            "roll.mixed" => recording::roll_mixed(facts),
            "rate.differs" => recording::rate_differs(facts),
            "timecode.overlap" => recording::timecode_overlap(facts),
            "sound.sample_rate" => recording::sound_number(rule, facts, "audio.sample_rate", "Hz"),
            "sound.bit_depth" => recording::sound_number(rule, facts, "audio.bit_depth", "bit"),
            "sound.no_ixml" => recording::no_ixml(facts),
            "sound.no_timecode_match" => recording::no_timecode_match(facts),
            "metadata.conflict" => recording::conflicts(facts),
            _ => Vec::new(),
        };
        push(&mut findings, rule, breaches);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn push(findings: &mut Vec<Finding>, rule: &Rule, breaches: Vec<Breach>) {
    let count = breaches.len();
    for (at, breach) in breaches.into_iter().take(MAX_PER_RULE).enumerate() {
        let more = if at + 1 == MAX_PER_RULE && count > MAX_PER_RULE {
            format!(" ({} more like this)", count - MAX_PER_RULE)
        } else {
            String::new()
        };
        let mut finding = Finding::new(&rule.code, rule.severity, format!("{}{more}", breach.message), rule.hint.clone());
        finding.overridable = rule.overridable;
        finding.path = breach.path;
        finding.clip = breach.clip;
        findings.push(finding);
    }
}
