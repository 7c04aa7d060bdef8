use crate::support::{Appending as _, load_one, operation, record, samples, walk};
use checkgate_mhl::{CHAIN, Entry, FOLDER, FileRecord, HashEntry, History, HistoryFile, Manifest, Process, diff};
use checkgate_model::HashFormat;
use std::fs;
use std::path::PathBuf;

/// What must be equal between two tools: everything but creator and dates.
fn essence(manifest: &Manifest) -> Vec<String> {
    let hashes = |list: &[HashEntry]| {
        list.iter()
            .map(|hash| format!("{} {}", hash.value, hash.action.map_or("", checkgate_mhl::Action::word)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut lines: Vec<String> = manifest
        .entries
        .iter()
        .map(|entry| match entry {
            Entry::File(file) => format!("{} {} {}", file.path, file.size_bytes.unwrap_or(0), hashes(&file.hashes)),
            Entry::Folder(folder) => format!("{}/ {} | {}", folder.path, hashes(&folder.content), hashes(&folder.structure)),
        })
        .collect();
    if let Some(root) = &manifest.root_hash {
        lines.push(format!(". {} | {}", hashes(&root.content), hashes(&root.structure)));
    }
    lines.extend(manifest.ignore.iter().cloned());
    lines
}

fn scenario_roots() -> Vec<PathBuf> {
    let Some(scenarios) = samples("mhl/ascmhl-scenarios/Output") else { return Vec::new() };
    [
        "scenario_01/travel_01",
        "scenario_02/travel_01",
        "scenario_02/file_server",
        "scenario_04/travel_01",
        "scenario_04/file_server",
    ]
    .iter()
    .map(|below| scenarios.join(below).join("A002R2EC"))
    .collect()
}

#[test]
fn generations_equal_those_of_the_published_scenarios() {
    for root in scenario_roots() {
        let whole = load_one(&root).unwrap();
        let last = whole.generations().last().unwrap();
        let earlier = &whole.generations()[..whole.generations().len() - 1];
        let before = if earlier.is_empty() {
            History::empty()
        } else {
            let folder = root.join(FOLDER);
            let mut chain = checkgate_mhl::Chain::parse(&fs::read(folder.join(CHAIN)).unwrap()).unwrap();
            chain.entries.truncate(earlier.len());
            let files: Vec<HistoryFile> = earlier
                .iter()
                .map(|known| HistoryFile { name: known.name.clone(), bytes: fs::read(folder.join(&known.name)).unwrap() })
                .collect();
            History::load(Some(&chain.to_xml().unwrap()), &files).unwrap()
        };
        let (files, folders) = walk(&root);
        let records: Vec<FileRecord> =
            files.iter().map(|(path, bytes)| record(path.as_str(), bytes, &[HashFormat::Xxh64])).collect();
        let ours = before.append_all("A002R2EC", &operation(0, Process::InPlace), &records, &folders, &[]).unwrap();
        let parsed = Manifest::parse(&ours.manifest_xml).unwrap();
        assert_eq!(essence(&parsed), essence(&last.manifest), "{}", root.display());
        assert_eq!(ours.number, last.number);
        let altered = root.ends_with("scenario_04/file_server/A002R2EC");
        assert_eq!(ours.failed.len(), usize::from(altered), "{}", root.display());
    }
}

#[test]
fn a_published_history_agrees_with_its_tree() {
    for root in scenario_roots() {
        let history = load_one(&root).unwrap();
        assert!(history.warnings().is_empty(), "{:?}", history.warnings());
        let difference = diff(&history.expected(), &crate::support::listing(&root), &history.ignore_rules(&[]));
        assert!(difference.missing.is_empty() && difference.extra.is_empty(), "{difference:?}");
    }
}

#[test]
fn manifests_of_other_vendors_are_read_whole() {
    let Some(folder) = samples("mhl/third-party-ascmhl") else { return };
    let read = |name: &str| Manifest::parse(&fs::read(folder.join(name)).unwrap()).unwrap();
    let offshoot = read("offshoot_24.4_sample.mhl");
    assert_eq!((offshoot.creator.tool.as_str(), offshoot.process), ("OffShoot", Process::Transfer));
    assert_eq!(offshoot.creator.authors[0].name, "John Un");
    assert!(offshoot.root_hash.is_none() && offshoot.warnings.is_empty());
    assert_eq!(offshoot.ignore, ["ascmhl/", "ascmhl", ".*", ".DS_Store"]);
    let text = fs::read_to_string(folder.join("offshoot_24.4_sample.mhl")).unwrap();
    assert_eq!(offshoot.files().count(), text.matches("<hash>").count());
    assert!(offshoot.expected().values().all(|file| file.trusted.len() == 1 && file.size_bytes.is_some()));
    let third = read("0003.mhl");
    assert!(third.warnings.is_empty(), "{:?}", third.warnings);
    assert!(third.files().all(|file| !file.hashes.is_empty()));
}

#[test]
fn a_written_manifest_reads_back_as_it_was() {
    for root in scenario_roots() {
        for generation in load_one(&root).unwrap().generations() {
            let written = generation.manifest.to_xml().unwrap();
            assert_eq!(Manifest::parse(&written).unwrap(), generation.manifest);
        }
    }
}
