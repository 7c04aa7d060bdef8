//! What is promised about bad copies, comparing, and volumes: mended from a sibling without the card, never made worse, nothing
//! written where only looking was asked for.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod comparing;
mod mending;
mod refusing;
mod same_card;
#[path = "../acceptance/support.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the acceptance tests")]
mod support;
mod volumes;

use std::path::{Path, PathBuf};
use support::{Answer, Stage};

/// Length of a block of a repair.
pub(crate) const BLOCK: u64 = 16 << 20;

/// Bytes that repeat nowhere.
pub(crate) fn pattern(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A card that is a folder: a clip of two and a half blocks, a small one, an empty file.
pub(crate) fn roll(stage: &Stage, name: &str) -> PathBuf {
    let card = stage.folder(name);
    std::fs::create_dir(card.join("CLIPS")).unwrap();
    std::fs::write(card.join("CLIPS/A001C001.mov"), pattern((2 * BLOCK + BLOCK / 2) as usize, 1)).unwrap();
    std::fs::write(card.join("CLIPS/A001C002.mov"), pattern(70_000, 2)).unwrap();
    std::fs::write(card.join("empty.txt"), b"").unwrap();
    for file in ["CLIPS/A001C001.mov", "CLIPS/A001C002.mov", "empty.txt"] {
        let when = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        std::fs::File::options().write(true).open(card.join(file)).unwrap().set_modified(when).unwrap();
    }
    card
}

pub(crate) const CLIP: &str = "CLIPS/A001C001.mov";

/// The roll on `count` drives, each a copy with its history.
pub(crate) fn copies(stage: &Stage, count: usize) -> (PathBuf, Vec<PathBuf>) {
    let card = roll(stage, "A001");
    let drives: Vec<PathBuf> = (1..=count).map(|number| stage.folder(&format!("drive{number}"))).collect();
    let mut words: Vec<String> = vec!["offload".into(), card.to_str().unwrap().into(), "--no-previews".into(), "--to".into()];
    words.extend(drives.iter().map(|drive| drive.to_str().unwrap().to_owned()));
    stage.run(&words).expect(0);
    (card, drives.iter().map(|drive| drive.join("A001")).collect())
}

/// Changes one byte and nothing else that shows.
pub(crate) fn flip(path: &Path, offset: u64) {
    checkgate_testkit::image::flip_in_place(path, offset).unwrap();
}

/// `checkgate repair COPY --from …`
pub(crate) fn repair(stage: &Stage, copy: &Path, from: &[&Path], more: &[&str]) -> Answer {
    let mut words: Vec<&str> = vec!["--json", "repair", copy.to_str().unwrap()];
    for sibling in from {
        words.extend(["--from", sibling.to_str().unwrap()]);
    }
    words.extend(more);
    stage.run(&words)
}

/// As if this program had never seen the roll.
pub(crate) fn forget(stage: &Stage) {
    std::fs::remove_dir_all(stage.path("home")).unwrap();
}

/// Everything below a root with its bytes and times, histories included.
pub(crate) fn everything(root: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let modified = path.symlink_metadata().unwrap().modified().unwrap();
            if path.is_dir() {
                folders.push(path.clone());
                found.push((path, Vec::new(), modified));
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path, bytes, modified));
            }
        }
    }
    found.sort();
    found
}
