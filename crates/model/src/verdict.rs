//! Owns the two verdicts: may this card go back to the camera, and may the copies on this machine's drives go? Each is computed from
//! a written policy and facts, lists every unmet condition, and never says yes where a fact is missing.

use crate::evidence::EvidenceLevel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A written policy. Policies are data: `assets/policies/` and the user's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name shown with the verdict.
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub about: String,
    /// Complete copies that reach `level`.
    pub copies: u32,
    /// Evidence each of them needs for its weakest file.
    pub level: EvidenceLevel,
    /// They must lie on this many physical devices.
    pub distinct_devices: u32,
    /// They must lie on this many kinds of media (solid state, disk, tape, share; a verified upload is one as well).
    #[serde(default)]
    pub media_kinds: u32,
    /// This many of them must be in another place: signed for as taken away, or verified in the cloud.
    #[serde(default)]
    pub elsewhere: u32,
    /// The source must have been read a second time with the same result.
    pub source_reread: bool,
    /// The manifest of each counted copy must have been written and read again.
    pub manifest_reread: bool,
    /// No finding of severity error may be open.
    pub no_open_errors: bool,
    /// The upload must be complete and verified in the cloud.
    pub uploaded: bool,
    /// Somebody must have signed that picture and sound passed the check.
    #[serde(default)]
    pub quality_checked: bool,
    /// When local copies may go. Where nothing is written, never.
    #[serde(default)]
    pub local: Option<LocalPolicy>,
}

/// When the copies on this machine's drives may go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalPolicy {
    /// The cloud must have verified every object against the offload's manifest.
    pub uploaded: bool,
    /// Somebody must have signed that the archive copy is complete and verified.
    pub archived: bool,
    /// This many copies must remain elsewhere: proven ones taken to another place, and a verified upload.
    pub copies_elsewhere: u32,
    /// Somebody must have signed that every roll of the day is there.
    pub day_complete: bool,
    /// No finding of severity error may be open.
    pub no_open_errors: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: "two device-verified copies".to_owned(),
            about: String::new(),
            copies: 2,
            level: EvidenceLevel::ReadBackDevice,
            distinct_devices: 2,
            media_kinds: 0,
            elsewhere: 0,
            source_reread: true,
            manifest_reread: true,
            no_open_errors: true,
            uploaded: false,
            quality_checked: false,
            local: Some(LocalPolicy {
                uploaded: true,
                archived: false,
                copies_elsewhere: 2,
                day_complete: true,
                no_open_errors: true,
            }),
        }
    }
}

/// What a named person can sign for, because no program can see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum SignOffKind {
    /// Picture and sound passed the check.
    Quality,
    /// The archive copy is complete and verified.
    Archived,
    /// Every roll of the day is there, across all submissions.
    DayComplete,
    /// A copy was taken to another place.
    Away,
}

impl SignOffKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Quality, Self::Archived, Self::DayComplete, Self::Away];

    /// Name in the database and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quality => "quality",
            Self::Archived => "archived",
            Self::DayComplete => "day_complete",
            Self::Away => "away",
        }
    }
}

/// A person's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct SignOff {
    /// For what.
    pub what: SignOffKind,
    /// Copy it is about, for `away`.
    pub copy: Option<String>,
    /// Who.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// In their words.
    pub note: String,
}

/// What is known about one copy. `None` means not known, which never counts in favour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyFacts {
    /// Destination as people call it.
    pub label: String,
    /// Weakest evidence over all files; `None` while the copy is incomplete.
    pub weakest: Option<EvidenceLevel>,
    /// Identity of the physical device.
    pub device: Option<String>,
    /// Kind of medium.
    #[serde(default)]
    pub media: Option<String>,
    /// Manifest written, read again and equal.
    pub manifest_reread: bool,
    /// Files that failed.
    pub failed_files: u64,
    /// Why the copy is no longer what was proven: removed, altered, or failed a later verification.
    #[serde(default)]
    pub doubt: Option<String>,
    /// Signed for as taken to another place.
    #[serde(default)]
    pub away: bool,
}

/// What is known about a card.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CardFacts {
    /// Files on the card; zero is never safe.
    pub files: u64,
    /// Identity of the card's own device, so that a copy beside the source does not count.
    pub source_device: Option<String>,
    /// Second read of the source: `Some(true)` equal, `Some(false)` differed, `None` not done.
    pub source_reread_equal: Option<bool>,
    /// Findings of severity error that nobody dealt with.
    pub open_errors: u64,
    /// Findings a named person overrode: they do not stand in the way and are told with the verdict.
    #[serde(default)]
    pub overridden: Vec<Overridden>,
    /// Every copy.
    pub copies: Vec<CopyFacts>,
    /// Cloud has verified every object.
    pub uploaded: bool,
    /// Signed: picture and sound passed the check.
    #[serde(default)]
    pub quality_checked: bool,
    /// Signed: the archive copy is complete and verified.
    #[serde(default)]
    pub archived: bool,
    /// Signed: every roll of the day is there.
    #[serde(default)]
    pub day_complete: bool,
}

/// One condition that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Unmet {
    /// Stable code, e.g. `verdict.copies`.
    pub code: String,
    /// What is missing, in one sentence.
    pub reason: String,
}

/// An error that a named person overrode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Overridden {
    /// Code of the finding.
    pub code: String,
    /// What was found.
    pub message: String,
    /// Who overrode it, why and when.
    pub by: crate::finding::Override,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Verdict {
    /// True only if every condition is known to be met.
    pub safe: bool,
    /// Policy it was computed from.
    pub policy: String,
    /// Every unmet condition; empty exactly if `safe`.
    pub unmet: Vec<Unmet>,
    /// Errors that would stand in the way, had a named person not overridden them.
    #[serde(default)]
    pub overridden: Vec<Overridden>,
}

/// Copies that count for `policy`: complete, proven as asked, and not in doubt.
fn counted<'a>(policy: &Policy, facts: &'a CardFacts) -> Vec<&'a CopyFacts> {
    facts
        .copies
        .iter()
        .filter(|copy| copy.doubt.is_none() && copy.failed_files == 0)
        .filter(|copy| copy.weakest.is_some_and(|level| level >= policy.level))
        .filter(|copy| copy.manifest_reread || !policy.manifest_reread)
        .collect()
}

/// May the card go back to the camera?
#[must_use]
pub fn judge(policy: &Policy, facts: &CardFacts) -> Verdict {
    let mut unmet = Vec::new();
    let mut miss = |code: &str, reason: String| unmet.push(Unmet { code: code.to_owned(), reason });
    if facts.files == 0 {
        miss("verdict.no_files", "no file is known to be on the card".to_owned());
    }
    let counted = counted(policy, facts);
    // What is wrong with a copy is a reason only while too few others count; a lost spare does not hold back a card.
    let enough = counted.len() as u64 >= u64::from(policy.copies);
    for copy in &facts.copies {
        if copy.failed_files > 0 {
            miss("verdict.copy_failed", format!("{}: {} file(s) failed", copy.label, copy.failed_files));
        }
        match (&copy.doubt, copy.weakest) {
            (Some(doubt), _) if !enough => miss("verdict.copy_doubt", format!("{}: {doubt}", copy.label)),
            (Some(_), _) => {}
            (None, None) => miss("verdict.copy_incomplete", format!("{}: the copy is not complete", copy.label)),
            (None, Some(level)) if level < policy.level => {
                miss("verdict.evidence", format!("{}: proven only by {level}; the policy asks for {}", copy.label, policy.level))
            }
            (None, Some(_)) if policy.manifest_reread && !copy.manifest_reread => {
                miss("verdict.manifest", format!("{}: the manifest has not been written and read again", copy.label));
            }
            (None, Some(_)) => {}
        }
    }
    if !enough {
        miss("verdict.copies", format!("{} of {} copies proven by {}", counted.len(), policy.copies, policy.level));
    }
    let devices: BTreeSet<&str> = counted
        .iter()
        .filter_map(|copy| copy.device.as_deref())
        .filter(|device| facts.source_device.as_deref() != Some(*device))
        .collect();
    if (devices.len() as u64) < u64::from(policy.distinct_devices) {
        miss(
            "verdict.devices",
            format!(
                "proven copies lie on {} physical device(s) other than the card's; the policy asks for {}",
                devices.len(),
                policy.distinct_devices
            ),
        );
    }
    let mut media: BTreeSet<&str> = counted.iter().filter_map(|copy| copy.media.as_deref()).collect();
    if facts.uploaded {
        media.insert("cloud");
    }
    if (media.len() as u64) < u64::from(policy.media_kinds) {
        let known =
            if media.is_empty() { "none is known".to_owned() } else { media.iter().copied().collect::<Vec<_>>().join(", ") };
        miss(
            "verdict.media",
            format!(
                "proven copies lie on {} kind(s) of media ({known}); the policy asks for {}",
                media.len(),
                policy.media_kinds
            ),
        );
    }
    let elsewhere = elsewhere(&counted, facts);
    if elsewhere < u64::from(policy.elsewhere) {
        miss("verdict.elsewhere", format!("{elsewhere} of {} copies are in another place", policy.elsewhere));
    }
    match facts.source_reread_equal {
        Some(false) => miss("verdict.source_differs", "the card read differently the second time".to_owned()),
        None if policy.source_reread => miss("verdict.source_reread", "the card has not been read a second time".to_owned()),
        _ => {}
    }
    if policy.no_open_errors && facts.open_errors > 0 {
        miss("verdict.findings", format!("{} finding(s) of severity error are open", facts.open_errors));
    }
    if policy.uploaded && !facts.uploaded {
        miss("verdict.uploaded", "the cloud has not verified every object".to_owned());
    }
    if policy.quality_checked && !facts.quality_checked {
        miss("verdict.quality", "nobody has signed that picture and sound passed the check".to_owned());
    }
    Verdict { safe: unmet.is_empty(), policy: policy.name.clone(), unmet, overridden: facts.overridden.clone() }
}

fn elsewhere(counted: &[&CopyFacts], facts: &CardFacts) -> u64 {
    counted.iter().filter(|copy| copy.away).count() as u64 + u64::from(facts.uploaded)
}

/// May the copies on this machine's drives go?
#[must_use]
pub fn judge_local(policy: &Policy, facts: &CardFacts) -> Verdict {
    let mut unmet = Vec::new();
    let mut miss = |code: &str, reason: String| unmet.push(Unmet { code: code.to_owned(), reason });
    if facts.files == 0 {
        miss("local.no_files", "no file is known to be on the card".to_owned());
    }
    match &policy.local {
        None => miss("local.never", "the policy does not let local copies go".to_owned()),
        Some(local) => {
            if local.uploaded && !facts.uploaded {
                miss("local.uploaded", "the cloud has not verified every object".to_owned());
            }
            if local.archived && !facts.archived {
                miss("local.archived", "nobody has signed that the archive copy is complete and verified".to_owned());
            }
            let remain = elsewhere(&counted(policy, facts), facts);
            // Whatever the policy says, the last known copy never goes.
            let wanted = u64::from(local.copies_elsewhere.max(1));
            if remain < wanted {
                miss("local.elsewhere", format!("{remain} of {wanted} copies would remain elsewhere"));
            }
            if local.day_complete && !facts.day_complete {
                miss("local.day", "nobody has signed that every roll of the day is there".to_owned());
            }
            if local.no_open_errors && facts.open_errors > 0 {
                miss("local.findings", format!("{} finding(s) of severity error are open", facts.open_errors));
            }
        }
    }
    Verdict { safe: unmet.is_empty(), policy: policy.name.clone(), unmet, overridden: facts.overridden.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(device: &str) -> CopyFacts {
        CopyFacts {
            label: device.to_owned(),
            weakest: Some(EvidenceLevel::ReadBackDevice),
            device: Some(device.to_owned()),
            media: Some("solid state".to_owned()),
            manifest_reread: true,
            failed_files: 0,
            doubt: None,
            away: false,
        }
    }

    fn good() -> CardFacts {
        CardFacts {
            files: 3,
            source_device: Some("card".to_owned()),
            source_reread_equal: Some(true),
            open_errors: 0,
            overridden: Vec::new(),
            copies: vec![copy("ssd"), copy("raid")],
            ..CardFacts::default()
        }
    }

    #[test]
    fn safe_only_when_every_condition_is_met() {
        assert!(judge(&Policy::default(), &good()).safe);
    }

    #[test]
    fn refuses_to_format_before_second_verified_copy() {
        let mut facts = good();
        facts.copies.pop();
        let verdict = judge(&Policy::default(), &facts);
        assert!(!verdict.safe && verdict.unmet.iter().any(|unmet| unmet.code == "verdict.copies"));
    }

    #[test]
    fn two_folders_on_one_drive_are_one_device() {
        let mut facts = good();
        facts.copies[1].device = Some("ssd".to_owned());
        assert_eq!(judge(&Policy::default(), &facts).unmet[0].code, "verdict.devices");
    }

    #[test]
    fn unknown_never_counts_in_favour() {
        for break_one in [
            |f: &mut CardFacts| f.files = 0,
            |f: &mut CardFacts| f.source_reread_equal = None,
            |f: &mut CardFacts| f.source_reread_equal = Some(false),
            |f: &mut CardFacts| f.open_errors = 1,
            |f: &mut CardFacts| f.copies[0].device = None,
            |f: &mut CardFacts| f.copies[0].weakest = None,
            |f: &mut CardFacts| f.copies[0].weakest = Some(EvidenceLevel::ReadBackSystem),
            |f: &mut CardFacts| f.copies[0].manifest_reread = false,
            |f: &mut CardFacts| f.copies[0].failed_files = 1,
            |f: &mut CardFacts| f.copies[0].device = Some("card".to_owned()),
            |f: &mut CardFacts| f.copies[0].doubt = Some("2 files are gone".to_owned()),
        ] {
            let mut facts = good();
            break_one(&mut facts);
            assert!(!judge(&Policy::default(), &facts).safe, "{facts:?}");
        }
    }

    #[test]
    fn a_lost_spare_does_not_hold_back_a_card_and_a_lost_copy_does() {
        let mut facts = good();
        facts.copies.push(copy("tape"));
        facts.copies[0].doubt = Some("removed".to_owned());
        assert!(judge(&Policy::default(), &facts).safe);
        facts.copies.pop();
        let codes: Vec<String> = judge(&Policy::default(), &facts).unmet.into_iter().map(|unmet| unmet.code).collect();
        assert_eq!(codes, ["verdict.copy_doubt", "verdict.copies", "verdict.devices"]);
    }

    #[test]
    fn every_further_condition_is_named_when_it_is_not_met() {
        let strict = Policy { media_kinds: 2, elsewhere: 1, uploaded: true, quality_checked: true, ..Policy::default() };
        let codes: Vec<String> = judge(&strict, &good()).unmet.into_iter().map(|unmet| unmet.code).collect();
        assert_eq!(codes, ["verdict.media", "verdict.elsewhere", "verdict.uploaded", "verdict.quality"]);
        let mut facts = good();
        facts.uploaded = true;
        facts.quality_checked = true;
        assert!(judge(&strict, &facts).safe, "a verified upload is another medium in another place");
    }

    #[test]
    fn local_copies_stay_until_everything_is_elsewhere() {
        let archive =
            LocalPolicy { uploaded: true, archived: true, copies_elsewhere: 2, day_complete: true, no_open_errors: true };
        let policy = Policy { local: Some(archive), ..Policy::default() };
        let mut facts = good();
        let codes: Vec<String> = judge_local(&policy, &facts).unmet.into_iter().map(|unmet| unmet.code).collect();
        assert_eq!(codes, ["local.uploaded", "local.archived", "local.elsewhere", "local.day"]);
        (facts.uploaded, facts.archived, facts.day_complete) = (true, true, true);
        facts.copies[0].away = true;
        assert!(judge_local(&policy, &facts).safe);
        facts.copies[0].doubt = Some("failed".to_owned());
        assert!(!judge_local(&policy, &facts).safe, "a copy in doubt does not remain");
    }

    #[test]
    fn the_last_copy_never_goes_whatever_the_policy_forgets() {
        let careless = Policy { local: Some(LocalPolicy::default()), ..Policy::default() };
        assert_eq!(judge_local(&careless, &good()).unmet[0].code, "local.elsewhere");
        assert_eq!(judge_local(&Policy { local: None, ..Policy::default() }, &good()).unmet[0].code, "local.never");
    }
}
