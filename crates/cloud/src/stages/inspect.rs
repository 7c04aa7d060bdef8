//! Owns the inspection of a verified package: the card is recognised and its clips described by the same crate as on the
//! workstation, out of the object store.

use super::StageError;
use super::history::{expected, load};
use super::stored::StoredCard;
use crate::keys::{PackageKeys, address_of};
use crate::objects::Objects;
use crate::package::{Marker, Plan};
use crate::results::{Inspection, inspection_key, record_key};
use checkgate_camera::{CardEntry, describe_all, recognise};
use checkgate_model::{Clip, ClipKind, ClipRecord, RelPath};
use std::collections::{BTreeMap, BTreeSet};

/// Recognises and describes one package, or returns what an earlier run found.
pub async fn inspect(objects: &Objects, keys: &PackageKeys) -> Result<Inspection, StageError> {
    let marker: Marker = objects.get_json(&keys.marker()).await?.ok_or_else(|| StageError::NotReady("the marker".to_owned()))?;
    let out = inspection_key(keys, &marker.input);
    if let Some(known) = objects.get_json::<Inspection>(&out).await? {
        return Ok(known);
    }
    let plan: Plan = objects.get_json(&keys.plan()).await?.ok_or_else(|| StageError::NotReady("the plan".to_owned()))?;
    let (histories, _) = load(objects, keys, &plan).await?;
    let files: Vec<&_> = plan.files.iter().filter(|file| !file.manifest).collect();
    let folders: Vec<RelPath> = expected(&histories).into_iter().filter(|(_, file)| file.is_dir).map(|(path, _)| path).collect();
    let mut filled = BTreeSet::new();
    for file in &files {
        let mut folder = file.key.parent();
        while let Some(path) = folder {
            folder = path.parent();
            filled.insert(path);
        }
    }
    // A folder that only holds empty folders is named by those.
    let is_leaf = |path: &RelPath| !folders.iter().any(|other| other != path && other.is_under(path));
    let card = StoredCard {
        objects: objects.clone(),
        keys: keys.clone(),
        runtime: tokio::runtime::Handle::current(),
        entries: files.iter().map(|file| CardEntry { path: file.key.clone(), size_bytes: file.size_bytes }).collect(),
        empty_folders: folders.iter().filter(|path| !filled.contains(*path) && is_leaf(path)).cloned().collect(),
        sizes: files.iter().map(|file| (file.key.clone(), file.size_bytes)).collect(),
    };
    let (recognition, records) = tokio::task::spawn_blocking(move || {
        let recognition = recognise(&card);
        let records = describe_all(&card, &recognition);
        (recognition, records)
    })
    .await
    .map_err(|join| StageError::Broken(join.to_string()))?;
    let hashes: BTreeMap<&RelPath, _> = plan.files.iter().map(|file| (&file.key, &file.hashes)).collect();
    let previews = recognition
        .clips
        .iter()
        .zip(&records)
        .map(|(clip, record)| {
            let has_picture = clip.kind != ClipKind::Sound && clip.essence().is_some();
            has_picture.then(|| preview_input(clip, record, &hashes))
        })
        .collect();
    for (clip, record) in records.iter().enumerate() {
        objects.put_json(&record_key(keys, &marker.input, clip), record).await?;
    }
    let outcome = Inspection { card: recognition, records, previews };
    objects.put_json(&out, &outcome).await?;
    Ok(outcome)
}

/// Address of everything a clip's pictures depend on.
fn preview_input<H: serde::Serialize>(clip: &Clip, record: &ClipRecord, hashes: &BTreeMap<&RelPath, &H>) -> String {
    let files: Vec<_> = clip.files.iter().map(|file| (&file.path, file.size_bytes, hashes.get(&file.path))).collect();
    address_of(&(&clip.name, clip.kind, files, record.text("color.gamma"), record.text("color.primaries")))
}
