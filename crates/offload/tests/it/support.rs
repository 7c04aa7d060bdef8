//! Owns the small card that the tests copy, plans, and what an application would store of a run.

use checkgate_mhl::{Operation, Process};
use checkgate_model::{CopyId, ErrorCode, HashFormat, RelPath, Timestamp};
use checkgate_offload::{
    Control, CopyPlan, Event, FileState, Meter, OffloadError, OffloadReport, Plan, PriorFile, StoreError, VerifyDepth,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reproducible bytes that do not compress and differ per seed.
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(len);
    out
}

pub fn write(root: &Path, path: &str, content: &[u8]) {
    let full = root.join(path);
    fs::create_dir_all(full.parent().unwrap()).unwrap();
    fs::write(&full, content).unwrap();
    // A time of its own, so that a lost time is noticed.
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + content.len() as u64 % 1000);
    fs::File::options().append(true).open(&full).unwrap().set_modified(time).unwrap();
}

/// A card with the names and sizes that break copiers.
pub fn forge_card(root: &Path) {
    write(root, "A001R1AB/A001C001_261123_R1AB.mov", &bytes(1, 17 * 1024 * 1024 + 1));
    write(root, "A001R1AB/A001C002_261123_R1AB.mov", &bytes(2, 5 * 1024 * 1024 + 3));
    write(root, "A001R1AB/ leading and trailing .mov", &bytes(3, 70_000));
    write(root, "A001R1AB/Größe-é-日本.wav", &bytes(4, 4096));
    write(root, "A001R1AB/empty.xml", b"");
    write(root, "A001R1AB/._hidden", &bytes(5, 1));
    write(root, "index.bin", &bytes(6, 4 * 1024 * 1024));
    fs::create_dir_all(root.join("A001R1AB/AUDIO/EMPTY")).unwrap();
}

pub fn forge_small_card(root: &Path) {
    write(root, "CLIP/A001C001.mov", &bytes(11, 300_000));
    write(root, "CLIP/A001C002.mov", &bytes(12, 65_536));
    write(root, "index.xml", &bytes(13, 10));
    fs::create_dir_all(root.join("EMPTY")).unwrap();
}

pub fn operation() -> Operation {
    Operation {
        started: "2026-11-23T07:00:00Z".parse().unwrap(),
        host_name: "cart-1".to_owned(),
        tool: "Checkgate".to_owned(),
        tool_version: "0.1.0".to_owned(),
        process: Process::Transfer,
        authors: Vec::new(),
        location: None,
        comment: None,
    }
}

pub fn plan(card: &Path, roots: &[PathBuf]) -> Plan {
    Plan {
        card_root: card.to_path_buf(),
        copies: roots
            .iter()
            .enumerate()
            .map(|(number, root)| CopyPlan {
                id: CopyId(format!("copy-{number}")),
                label: format!("drive {number}"),
                root: root.clone(),
                fed_by: None,
            })
            .collect(),
        hashes: vec![HashFormat::Xxh64],
        verify: VerifyDepth::Device,
        source_reread: true,
        patience: checkgate_offload::PATIENCE,
        operation: operation(),
        prior: Arc::new(Vec::new()),
        recorded_by: None,
    }
}

/// Runs to the end and keeps every event.
pub fn run(plan: &Plan) -> (Result<OffloadReport, OffloadError>, Vec<Event>) {
    run_watched(plan, &Control::new(), &mut |_| {})
}

pub fn run_watched(
    plan: &Plan,
    control: &Control,
    watch: &mut dyn FnMut(&Event),
) -> (Result<OffloadReport, OffloadError>, Vec<Event>) {
    let mut events = Vec::new();
    let report = checkgate_offload::run(plan, control, &Meter::new(), &mut |event| {
        watch(&event);
        events.push(event);
        Ok(())
    });
    (report, events)
}

/// Runs until the event number `stored` cannot be stored; answers what was stored before.
pub fn run_killed(plan: &Plan, stored: usize) -> (Result<OffloadReport, OffloadError>, Vec<Event>) {
    let mut events = Vec::new();
    let report = checkgate_offload::run(plan, &Control::new(), &Meter::new(), &mut |event| {
        if events.len() == stored {
            return Err(StoreError::new("killed by the test"));
        }
        events.push(event);
        Ok(())
    });
    (report, events)
}

/// What an application would pass to the next run.
pub fn stored(prior: &[PriorFile], events: &[Event]) -> Vec<PriorFile> {
    let mut files: BTreeMap<(CopyId, RelPath), PriorFile> =
        prior.iter().map(|file| ((file.copy.clone(), file.path.clone()), file.clone())).collect();
    for event in events {
        match event.clone() {
            Event::FileCopied { copy, path, size_bytes, modified, hashes, block_crc64 } => {
                let file = PriorFile {
                    copy: copy.clone(),
                    path: path.clone(),
                    size_bytes,
                    modified,
                    hashes,
                    evidence: None,
                    block_crc64,
                    state: FileState::Copied,
                };
                files.insert((copy, path), file);
            }
            Event::FileProgress { copy, path, size_bytes, modified, block_crc64 } => {
                let file = PriorFile {
                    copy: copy.clone(),
                    path: path.clone(),
                    size_bytes,
                    modified,
                    hashes: Vec::new(),
                    evidence: None,
                    block_crc64,
                    state: FileState::Begun,
                };
                files.insert((copy, path), file);
            }
            Event::FileProven { copy, path, evidence } => {
                let file = files.get_mut(&(copy, path)).expect("a file is copied before it is proven");
                file.evidence = Some(evidence);
                file.state = FileState::Proven;
            }
            Event::FileFailed { copy: Some(copy), path, problem } => {
                if let Some(file) = files.get_mut(&(copy, path)) {
                    file.state = FileState::Failed(problem.code);
                }
            }
            _ => {}
        }
    }
    files.into_values().collect()
}

/// Every file below a root with its bytes and whole-second time, histories apart.
pub fn tree(root: &Path) -> BTreeMap<String, Option<(Vec<u8>, Timestamp)>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if name == "ascmhl" || name == "lost+found" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                found.insert(name, None);
                folders.push(path);
            } else {
                let modified = Timestamp::try_from(entry.metadata().unwrap().modified().unwrap()).unwrap();
                found.insert(name, Some((fs::read(&path).unwrap(), Timestamp::from_second(modified.as_second()).unwrap())));
            }
        }
    }
    found
}

pub fn assert_mirrors(card: &Path, copy: &Path) {
    let (wanted, found) = (tree(card), tree(copy));
    assert_eq!(wanted.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "names at {}", copy.display());
    for (name, content) in &wanted {
        assert!(*content == found[name], "{name} differs in bytes or time at {}", copy.display());
    }
}

/// Manifests and chain of a copy.
pub fn history_names(copy: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(copy.join("ascmhl"))
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

pub fn failures(events: &[Event]) -> Vec<(Option<String>, String, ErrorCode)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::FileFailed { copy, path, problem } => {
                Some((copy.as_ref().map(ToString::to_string), path.to_string(), problem.code))
            }
            _ => None,
        })
        .collect()
}

/// The reference implementation, where it is installed.
pub fn reference(program: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var_os("CHECKGATE_ASCMHL").map(PathBuf::from);
    let found = named
        .into_iter()
        .chain([root.join(".venv/bin/ascmhl")])
        .map(|path| path.with_file_name(program))
        .find(|path| path.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: {program} is not installed (set CHECKGATE_ASCMHL)");
    }
    found
}

pub fn is_root() -> bool {
    std::process::Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The shared sample data, where it is there.
pub fn samples() -> Option<PathBuf> {
    let named = std::env::var_os("CHECKGATE_SAMPLES").map(PathBuf::from);
    Some(named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples")))
        .filter(|path| path.is_dir())
}
