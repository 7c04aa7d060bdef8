//! Owns the facts of what is handed over: which folders are sealed rolls, where they lie, and how their files compare with their
//! manifests. Reads names and sizes, or every byte where that is asked for. Writes nothing.

use checkgate_model::{CardRecognition, ClipRecord, ErrorCode, Problem, RelPath};
use checkgate_offload::{Control, Meter, VerifyDepth, VerifyError, VerifyOptions, verify};
use checkgate_rules::{DeliveredRoll, DeliveryFacts};
use checkgate_volume::Listing;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How what is handed over is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// Judge it as a delivery: rolls without a manifest count, and so does where they lie.
    pub(crate) as_delivery: bool,
    /// Read every byte and compare it with the manifests.
    pub(crate) read: bool,
}

/// Facts of what lies at `root`; `None` where nothing is sealed and it is not to be judged as a delivery.
pub(crate) fn facts_of(
    root: &Path,
    listing: &Listing,
    recognition: &CardRecognition,
    records: &[ClipRecord],
    look: Look,
) -> Result<Option<DeliveryFacts>, Problem> {
    let mut seals = sealed(listing);
    if look.as_delivery {
        for roll in recognition.rolls.iter().filter_map(|roll| roll.folder.clone()) {
            let above = seals.keys().flatten().any(|sealed| roll.is_under(sealed) || roll == *sealed);
            if !seals.contains_key(&None) && !above {
                seals.entry(Some(roll)).or_default();
            }
        }
        if seals.is_empty() {
            seals.entry(None).or_default();
        }
    }
    if seals.is_empty() {
        return Ok(None);
    }
    let mut rolls = Vec::new();
    for (folder, manifests) in &seals {
        let path = folder.as_ref().map_or_else(|| root.to_path_buf(), |folder| root.join(folder.as_str()));
        let inside = |path: &RelPath| folder.as_ref().is_none_or(|folder| path.is_under(folder));
        let outer = seals.keys().filter(|other| *other != folder).find(|other| match (other, folder) {
            (None, Some(_)) => true,
            (Some(outer), Some(inner)) => inner.is_under(outer),
            _ => false,
        });
        let mut roll = DeliveredRoll {
            folder: folder.clone(),
            name: path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
            at_volume_root: look.as_delivery && at_volume_root(&path),
            inside: outer.map(|outer| name_of(root, outer.as_ref())),
            manifests: manifests.iter().cloned().collect(),
            days: days_of(recognition, records, &inside),
            ..DeliveredRoll::default()
        };
        for file in listing.files.iter().filter(|file| inside(&file.path)) {
            roll.files += 1;
            roll.bytes = roll.bytes.saturating_add(file.size_bytes);
        }
        if !manifests.is_empty() {
            compare(&path, look.read, &mut roll)?;
        }
        rolls.push(roll);
    }
    Ok(Some(DeliveryFacts { rolls }))
}

fn name_of(root: &Path, folder: Option<&RelPath>) -> String {
    folder.map_or_else(
        || root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        |folder| folder.file_name().to_owned(),
    )
}

/// Folders with a manifest at their root, and what it is called: the folder above `ascmhl`, or above a legacy list.
fn sealed(listing: &Listing) -> BTreeMap<Option<RelPath>, BTreeSet<String>> {
    let mut found: BTreeMap<Option<RelPath>, BTreeSet<String>> = BTreeMap::new();
    for file in listing.files.iter().filter(|file| file.path.extension() == "mhl") {
        let Some(folder) = file.path.parent() else {
            found.entry(None).or_default().insert(file.path.file_name().to_owned());
            continue;
        };
        if folder.file_name() == "ascmhl" {
            found.entry(folder.parent()).or_default().insert("ascmhl".to_owned());
        } else {
            found.entry(Some(folder)).or_default().insert(file.path.file_name().to_owned());
        }
    }
    found
}

/// A roll that is its volume, or lies right below it.
fn at_volume_root(roll: &Path) -> bool {
    let Ok(roll) = checkgate_volume::place::canonical(roll) else { return false };
    let Ok(volume) = checkgate_volume::volume_of(&roll) else { return false };
    roll == volume.mount_point || roll.parent() == Some(volume.mount_point.as_path())
}

fn days_of(recognition: &CardRecognition, records: &[ClipRecord], inside: &dyn Fn(&RelPath) -> bool) -> BTreeSet<String> {
    if records.len() != recognition.clips.len() {
        return BTreeSet::new();
    }
    let clips = recognition.clips.iter().zip(records);
    let here = clips.filter(|(clip, _)| clip.essence().is_some_and(|file| inside(&file.path)));
    here.map(|(_, record)| record.text("time.recorded_at").chars().take(10).collect::<String>())
        .filter(|day| day.len() == 10 && day.is_ascii())
        .collect()
}

fn compare(roll: &Path, read: bool, facts: &mut DeliveredRoll) -> Result<(), Problem> {
    let options = VerifyOptions { depth: if read { VerifyDepth::System } else { VerifyDepth::None }, ..VerifyOptions::default() };
    match verify(roll, &options, &Control::new(), &Meter::new()) {
        Ok(report) => {
            facts.missing = report.missing;
            facts.extra = report.extra;
            facts.differing = report.mismatched.into_iter().map(|mismatch| mismatch.path).chain(report.unproven).collect();
            facts.unreadable = report.damaged.into_iter().map(|damaged| damaged.problem.summary).collect();
            facts.unreadable.extend(report.unreadable.into_iter().map(|file| format!("{} cannot be read", file.path)));
            Ok(())
        }
        Err(error @ VerifyError::Root { .. }) => Err(Problem::from_error(ErrorCode::SourceUnreadable, &error)),
        Err(error) => {
            facts.unreadable.push(error.to_string());
            Ok(())
        }
    }
}
