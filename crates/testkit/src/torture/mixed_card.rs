//! Owns a card of every kind of file that has ever made trouble: large, small, empty, deep, oddly named. No camera writes it, so that
//! nothing depends on a camera.

use super::{TortureError, file_error};
use crate::dice::Dice;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MixedSize {
    /// Names more than bytes.
    Tiny,
    /// Some MB, so that a thousand runs take minutes.
    Small,
    /// With a file of several blocks of 16 MiB.
    Large,
}

/// Names that are legal on every Unix file system.
const ODD_NAMES: &[&str] = &[
    "-rf",
    ".hidden",
    "a b  c.mov",
    "%20&amp;<x>.xml",
    "Köln.wav",
    "Ko\u{308}ln decomposed.wav",
    "日本語.mov",
    "😀.txt",
    "quote'\"`$(x).mov",
    "back\\slash.mov",
    "colon:name?.mov",
    "trailing. ",
];

/// A forged card and what it holds.
#[derive(Debug)]
pub struct MixedCard {
    /// Its root; the name is the reel.
    pub root: PathBuf,
    /// Its reel.
    pub reel: String,
    /// Every file by its path below the root; folders end in `/`.
    pub content: BTreeMap<String, Vec<u8>>,
    /// The largest file.
    pub largest: String,
}

impl MixedCard {
    /// Writes it as the folder `reel` in `folder`. With `odd_names` false every name is one that exFAT can hold.
    pub fn forge(folder: &Path, reel: &str, size: MixedSize, odd_names: bool, seed: u64) -> Result<Self, TortureError> {
        let mut dice = Dice::new(seed);
        let mut content = BTreeMap::new();
        let largest = "CLIPS/A001C001_261126_R1AB.bin".to_owned();
        let big: &[usize] = match size {
            MixedSize::Tiny => &[10_000],
            MixedSize::Small => &[(5 << 20) + 1_234, 1 << 20],
            MixedSize::Large => &[(40 << 20) + 77, (16 << 20) + 1, 16 << 20, 5 << 20, 1 << 20],
        };
        for (number, length) in big.iter().enumerate() {
            content.insert(format!("CLIPS/A001C{:03}_261126_R1AB.bin", number + 1), dice.bytes(*length));
        }
        for number in 0..12 {
            let length = [0, 1, 4_095, 4_096, 4_097, 60_000][number % 6];
            content.insert(format!("SMALL/frame{number:04}.raw"), dice.bytes(length));
        }
        content.insert("zero".to_owned(), Vec::new());
        content.insert(format!("{}deep.txt", "level/".repeat(14)), dice.bytes(100));
        content.insert(format!("{}.txt", "long".repeat(50)), dice.bytes(300));
        content.insert("EMPTY/INSIDE/".to_owned(), Vec::new());
        if odd_names {
            for name in ODD_NAMES {
                content.insert(format!("ODD/{name}"), dice.bytes(777));
            }
        }
        let root = folder.join(reel);
        for (name, bytes) in &content {
            let path = root.join(name);
            let parent = if name.ends_with('/') { path.as_path() } else { path.parent().unwrap_or(&root) };
            std::fs::create_dir_all(parent).map_err(file_error(parent))?;
            if !name.ends_with('/') {
                std::fs::write(&path, bytes).map_err(file_error(&path))?;
            }
        }
        Ok(Self { root, reel: reel.to_owned(), content, largest })
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.content.values().map(|bytes| bytes.len() as u64).sum()
    }

    /// Number of files.
    #[must_use]
    pub fn files(&self) -> usize {
        self.content.keys().filter(|name| !name.ends_with('/')).count()
    }
}
