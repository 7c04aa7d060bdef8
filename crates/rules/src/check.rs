//! Owns the run of a profile over facts. A rule the profile does not name is not checked; a code means the same for ever.

use crate::facts::RollFacts;
use crate::profile::{Rule, RuleProfile};
use crate::{delivery, looks, names, picture, recording, sound};
use checkgate_model::{Finding, RelPath};

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
        push(&mut findings, rule, breaches_of(rule, facts));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// The check behind a code. A test holds this list to the one of the codes.
fn breaches_of(rule: &Rule, facts: &RollFacts) -> Vec<Breach> {
    match rule.code.as_str() {
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
        "clip.on_other_card" => recording::on_other_card(facts),
        "clip.same_name_elsewhere" => recording::same_name_elsewhere(facts),
        "roll.name" => recording::roll_name(rule, facts),
        "roll.mixed" => recording::roll_mixed(facts),
        "roll.duplicate" => recording::roll_duplicate(facts),
        "roll.at_volume_root" => delivery::at_volume_root(facts),
        "roll.nested" => delivery::nested(facts),
        "manifest.missing" => delivery::manifest_missing(facts),
        "manifest.unreadable" => delivery::manifest_unreadable(facts),
        "manifest.several" => delivery::manifest_several(facts),
        "manifest.file_missing" => delivery::paths(facts, |roll| &roll.missing, "is in the manifest and not there"),
        "manifest.hash_differs" => delivery::paths(facts, |roll| &roll.differing, "is not what the manifest says"),
        "manifest.extra_file" => delivery::paths(facts, |roll| &roll.extra, "is in no manifest"),
        "rate.differs" => picture::rate_differs(facts),
        "color.differs" => picture::color_differs(facts),
        "capture.floor" => picture::capture_floor(rule, facts),
        "camera.unknown" => picture::camera_unknown(facts),
        "timecode.overlap" => picture::timecode_overlap(facts),
        "metadata.conflict" => recording::conflicts(facts),
        "sound.sample_rate" => sound::number(rule, facts, "audio.sample_rate", "Hz"),
        "sound.bit_depth" => sound::number(rule, facts, "audio.bit_depth", "bit"),
        "sound.not_poly" => sound::not_poly(facts),
        "sound.no_ixml" => sound::no_ixml(facts),
        "sound.no_timecode_match" => sound::no_timecode_match(facts),
        "look.clip_missing" => looks::clip_missing(facts),
        "look.file_missing" => looks::file_missing(facts),
        "look.aces_differs" => looks::aces_differs(facts),
        "stills.count" => looks::stills_count(facts),
        "upload.days" => delivery::too_many_days(rule, facts),
        "upload.rolls" => delivery::too_many(rule, facts, "rolls", |_| 1),
        "upload.bytes" => delivery::too_many(rule, facts, "bytes", |roll| roll.bytes),
        "upload.files" => delivery::too_many(rule, facts, "files", |roll| roll.files),
        _ => Vec::new(),
    }
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
