//! What must hold for any bytes at all. The fuzz targets and the replay of stored inputs both use this.

#![allow(unreachable_pub, reason = "the fuzz crate takes this module in")]

use checkgate_mhl::{
    Chain, DocumentKind, Entry, HashEntry, History, HistoryFile, LegacyEntry, LegacyHasher, LegacyList, Manifest, NewLegacyFile,
    NewLegacyList, SchemaProblem, check_schema, schema::MAX_VIOLATIONS,
};
use checkgate_model::Timestamp;
use std::collections::HashSet;

const KINDS: [DocumentKind; 3] = [DocumentKind::Manifest, DocumentKind::Chain, DocumentKind::Legacy];

pub fn manifest(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::parse(bytes) {
        let _ = manifest.expected();
        let _ = manifest.files().count() + manifest.folders().count();
    }
}

pub fn chain(bytes: &[u8]) {
    let _ = Chain::parse(bytes);
    let _ = History::load(Some(bytes), &[HistoryFile { name: "0001_a.mhl".to_owned(), bytes: bytes.to_vec() }]);
}

pub fn legacy(bytes: &[u8]) {
    if let Ok(list) = LegacyList::parse(bytes) {
        for entry in list.entries.iter().take(16) {
            let mut hasher = LegacyHasher::new(entry);
            hasher.update(b"abc");
            let _ = hasher.finish();
        }
    }
}

pub fn schema(bytes: &[u8]) {
    for kind in KINDS {
        if let Err(found) = check_schema(bytes, kind) {
            assert!(!found.is_empty() && found.len() <= MAX_VIOLATIONS);
            for violation in found {
                assert!(violation.line > 0 && violation.element.starts_with('/'));
                assert!(violation.to_string().len() < 20_000, "{violation:?}");
            }
        }
    }
}

pub fn round_trip(bytes: &[u8]) {
    if let Ok(read) = Manifest::parse(bytes) {
        manifest_trip(read);
    }
    if let Ok(read) = Chain::parse(bytes)
        && let Ok(written) = read.to_xml()
    {
        assert_eq!(Chain::parse(&written).as_ref(), Ok(&read));
        assert!(read.entries.is_empty() || check_schema(&written, DocumentKind::Chain).is_ok());
    }
    if let Ok(read) = LegacyList::parse(bytes) {
        legacy_trip(read);
    }
}

fn manifest_trip(mut read: Manifest) {
    let Ok(written) = read.to_xml() else { return };
    let mut again = Manifest::parse(&written).expect("what was written reads back");
    assert_eq!(again.to_xml().as_ref(), Ok(&written), "the second writing is the first");
    for manifest in [&mut read, &mut again] {
        manifest.warnings.clear();
        whole_seconds(manifest);
    }
    // A manifest read without a date is written with the beginning of time.
    if read.creator.created.is_none() {
        again.creator.created = None;
    }
    assert_eq!(read, again);
    if let Err(found) = check_schema(&written, DocumentKind::Manifest) {
        // A foreign address is passed on as it was; everything else that is written is valid.
        let address = |problem: &SchemaProblem| matches!(problem, SchemaProblem::Attribute { name, .. } if name == "email");
        assert!(found.iter().all(|violation| address(&violation.problem)), "{found:?}");
    }
}

/// What writing makes of a date.
fn written(at: &mut Option<Timestamp>) {
    let first = Timestamp::from_second(-62_135_596_800).expect("the year 1");
    *at = at
        .filter(|at| *at >= first)
        .map(|at| Timestamp::from_second(at.as_nanosecond().div_euclid(1_000_000_000) as i64).expect("it was one"));
}

fn whole_seconds(manifest: &mut Manifest) {
    let hashes = |hashes: &mut Vec<HashEntry>| hashes.iter_mut().for_each(|hash| written(&mut hash.hashed_at));
    written(&mut manifest.creator.created);
    if let Some(root) = &mut manifest.root_hash {
        hashes(&mut root.content);
        hashes(&mut root.structure);
    }
    for entry in &mut manifest.entries {
        match entry {
            Entry::File(file) => {
                written(&mut file.created);
                written(&mut file.modified);
                hashes(&mut file.hashes);
            }
            Entry::Folder(folder) => {
                written(&mut folder.created);
                written(&mut folder.modified);
                hashes(&mut folder.content);
                hashes(&mut folder.structure);
            }
        }
    }
}

fn legacy_trip(mut read: LegacyList) {
    let epoch = Timestamp::UNIX_EPOCH;
    let list = |read: &LegacyList, files: Vec<NewLegacyFile>| NewLegacyList {
        created: read.created,
        name: read.name.clone(),
        user_name: read.user_name.clone().unwrap_or_default(),
        host_name: read.host_name.clone().unwrap_or_default(),
        tool: read.tool.clone().unwrap_or_default(),
        started: read.started.unwrap_or(epoch),
        finished: read.finished.unwrap_or(epoch),
        files,
    };
    let file = |entry: &LegacyEntry| NewLegacyFile {
        path: entry.path.clone(),
        size_bytes: entry.size_bytes.unwrap_or(1),
        created: entry.created,
        modified: entry.modified.unwrap_or(epoch),
        hashes: entry.hashes.clone(),
        hashed_at: entry.hashed_at.unwrap_or(epoch),
        is_list: entry.is_list,
    };
    // What cannot be written alone cannot be written at all; the rest must come back.
    read.entries.truncate(64);
    let mut seen = HashSet::new();
    let all = std::mem::take(&mut read.entries);
    let fits = |entry: &LegacyEntry| list(&read, vec![file(entry)]).to_xml().is_ok();
    let kept: Vec<LegacyEntry> = all.into_iter().filter(|entry| seen.insert(entry.path.clone()) && fits(entry)).collect();
    let new = list(&read, kept.iter().map(file).collect());
    let Ok(written) = new.to_xml() else {
        assert!(kept.is_empty(), "each can be written, but not all together");
        return;
    };
    let again = LegacyList::parse(&written).expect("what was written reads back");
    assert!(again.refused.is_empty() && again.warnings.is_empty(), "{again:?}");
    let listed = |entries: &[LegacyEntry]| -> Vec<_> {
        entries.iter().map(|entry| (entry.path.clone(), entry.hashes.clone(), entry.is_list)).collect()
    };
    assert_eq!(listed(&kept), listed(&again.entries));
    assert_eq!(check_schema(&written, DocumentKind::Legacy).is_ok(), new.empty_files() == 0);
}
