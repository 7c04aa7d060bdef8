//! Owns the verdict: may this card go back to the camera? It is computed from a written policy and facts, lists every unmet
//! condition, and never says yes where a fact is missing.

use crate::evidence::EvidenceLevel;
use serde::{Deserialize, Serialize};

/// A written policy for "safe to format".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Name shown with the verdict.
    pub name: String,
    /// Complete copies that reach `level`.
    pub copies: u32,
    /// Evidence each of them needs for its weakest file.
    pub level: EvidenceLevel,
    /// They must lie on this many physical devices.
    pub distinct_devices: u32,
    /// The source must have been read a second time with the same result.
    pub source_reread: bool,
    /// The manifest of each counted copy must have been written and read again.
    pub manifest_reread: bool,
    /// No finding of severity error may be open.
    pub no_open_errors: bool,
    /// The upload must be complete and verified in the cloud.
    pub uploaded: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: "two device-verified copies".to_owned(),
            copies: 2,
            level: EvidenceLevel::ReadBackDevice,
            distinct_devices: 2,
            source_reread: true,
            manifest_reread: true,
            no_open_errors: true,
            uploaded: false,
        }
    }
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
    /// Manifest written, read again and equal.
    pub manifest_reread: bool,
    /// Files that failed.
    pub failed_files: u64,
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

/// Computes the verdict of `policy` over `facts`.
#[must_use]
pub fn judge(policy: &Policy, facts: &CardFacts) -> Verdict {
    let mut unmet = Vec::new();
    let mut miss = |code: &str, reason: String| unmet.push(Unmet { code: code.to_owned(), reason });
    if facts.files == 0 {
        miss("verdict.no_files", "no file is known to be on the card".to_owned());
    }
    let counted: Vec<&CopyFacts> = facts
        .copies
        .iter()
        .filter(|copy| copy.failed_files == 0 && copy.weakest.is_some_and(|level| level >= policy.level))
        .filter(|copy| copy.manifest_reread || !policy.manifest_reread)
        .collect();
    for copy in &facts.copies {
        if copy.failed_files > 0 {
            miss("verdict.copy_failed", format!("{}: {} file(s) failed", copy.label, copy.failed_files));
        }
        match copy.weakest {
            None => miss("verdict.copy_incomplete", format!("{}: the copy is not complete", copy.label)),
            Some(level) if level < policy.level => {
                miss("verdict.evidence", format!("{}: proven only by {level}; the policy asks for {}", copy.label, policy.level))
            }
            Some(_) if policy.manifest_reread && !copy.manifest_reread => {
                miss("verdict.manifest", format!("{}: the manifest has not been written and read again", copy.label));
            }
            Some(_) => {}
        }
    }
    if (counted.len() as u64) < u64::from(policy.copies) {
        miss("verdict.copies", format!("{} of {} copies proven by {}", counted.len(), policy.copies, policy.level));
    }
    let devices: std::collections::BTreeSet<&str> = counted
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
            manifest_reread: true,
            failed_files: 0,
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
            uploaded: false,
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
        ] {
            let mut facts = good();
            break_one(&mut facts);
            assert!(!judge(&Policy::default(), &facts).safe, "{facts:?}");
        }
    }
}
