//! Owns what a folder must hold to agree with a history: every path ever recorded, with the hashes that may be trusted for it
//! (spec 5.6.4: original and verified are references, failed never is). Never reads a file.

use crate::manifest::{Action, Entry, Manifest};
use checkgate_model::{HashFormat, HashValue, RelPath};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A path that must exist.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpectedFile {
    /// A folder, not a file.
    pub is_dir: bool,
    /// Size as recorded with the first trusted hash. A hint: a wrong size in a manifest is no proof against a file.
    pub size_bytes: Option<u64>,
    /// The first hash of each format that did not fail, in schema order.
    pub trusted: Vec<HashValue>,
    /// Names it had before, oldest first.
    pub previous_paths: Vec<RelPath>,
    /// At least one hash of it failed when it was taken.
    pub has_failed: bool,
    /// First generation that knows it.
    pub first_generation: u32,
    /// Last generation that knows it.
    pub last_generation: u32,
}

/// Result of comparing a file with what is recorded for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileCheck {
    /// Equal in these formats.
    Verified(Vec<HashFormat>),
    /// Differs in at least one format.
    Mismatch {
        /// As recorded.
        expected: HashValue,
        /// As found.
        found: HashValue,
    },
    /// No format in common.
    NotComparable,
}

impl ExpectedFile {
    /// A file of which nothing is known but that it must exist.
    #[must_use]
    pub const fn unknown() -> Self {
        new_record(false, 0)
    }

    /// Takes in what a generation says of it.
    fn take(&mut self, entry: &Entry) {
        let Entry::File(file) = entry else { return };
        self.has_failed |= file.hashes.iter().any(|hash| hash.action == Some(Action::Failed));
        for hash in file.hashes.iter().filter(|hash| hash.action != Some(Action::Failed)) {
            if !self.trusted.iter().any(|known| known.format() == hash.value.format()) {
                if self.trusted.is_empty() {
                    self.size_bytes = file.size_bytes;
                    self.trusted.reserve_exact(1);
                }
                self.trusted.push(hash.value.clone());
            }
        }
    }

    /// Compares digests as bytes, format by format; one that differs outweighs any number that agree.
    #[must_use]
    pub fn check(&self, found: &[HashValue]) -> FileCheck {
        let mut agreed = Vec::new();
        for expected in &self.trusted {
            let Some(found) = found.iter().find(|value| value.format() == expected.format()) else { continue };
            if found != expected {
                return FileCheck::Mismatch { expected: expected.clone(), found: found.clone() };
            }
            agreed.push(expected.format());
        }
        if agreed.is_empty() { FileCheck::NotComparable } else { FileCheck::Verified(agreed) }
    }

    /// The formats to hash so that the file can be compared and the requested formats recorded: those requested, and if none of
    /// them is recorded yet, the fastest that is.
    #[must_use]
    pub fn formats_to_hash(&self, requested: &[HashFormat]) -> Vec<HashFormat> {
        let mut formats = requested.to_vec();
        if !self.trusted.iter().any(|value| requested.contains(&value.format())) {
            formats.extend(crate::hash::fastest(&self.trusted).map(HashValue::format));
        }
        formats.sort_unstable();
        formats.dedup();
        formats
    }
}

/// What generations record together, taken in one after the other.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    /// The first generation, as it stands: no path is in it twice, so nothing has to be looked up.
    first: Vec<(RelPath, ExpectedFile)>,
    // Sorted once at the end: looking up long paths that begin alike is what a tree is slow at.
    all: HashMap<RelPath, ExpectedFile>,
    began: bool,
}

impl Gathering {
    /// Takes in the next generation. A rename moves the record to the new path, unless the old path is recorded in the same
    /// generation: then the old file is still there, whatever a tool wrote.
    pub(crate) fn add(&mut self, number: u32, manifest: &Manifest) {
        if !self.began {
            self.began = true;
            self.first = Vec::with_capacity(manifest.entries.len());
            for entry in &manifest.entries {
                let mut record = new_record(matches!(entry, Entry::Folder(_)), number);
                record.take(entry);
                self.first.push((entry.path().clone(), record));
            }
            return;
        }
        let all = &mut self.all;
        all.extend(std::mem::take(&mut self.first));
        let renames = manifest.entries.iter().any(|entry| entry.previous_path().is_some());
        if renames {
            let present: HashSet<&RelPath> = manifest.entries.iter().map(Entry::path).collect();
            for entry in &manifest.entries {
                let Some(previous) = entry.previous_path() else { continue };
                if previous == entry.path() || present.contains(previous) || all.contains_key(entry.path()) {
                    continue;
                }
                if let Some(mut record) = all.remove(previous) {
                    record.previous_paths.push(previous.clone());
                    all.insert(entry.path().clone(), record);
                }
            }
        }
        for entry in &manifest.entries {
            let is_dir = matches!(entry, Entry::Folder(_));
            let record = all.entry(entry.path().clone()).or_insert_with(|| new_record(is_dir, number));
            if record.is_dir != is_dir {
                // A file took a folder's name or the other way round: what was recorded is about another thing.
                *record = new_record(is_dir, number);
            }
            record.last_generation = number;
            record.take(entry);
        }
    }

    /// Everything, by path.
    pub(crate) fn finish(self) -> BTreeMap<RelPath, ExpectedFile> {
        let sorted = |(path, mut record): (RelPath, ExpectedFile)| {
            record.trusted.sort_by_key(HashValue::format);
            (path, record)
        };
        self.first.into_iter().chain(self.all).map(sorted).collect()
    }
}

const fn new_record(is_dir: bool, number: u32) -> ExpectedFile {
    ExpectedFile {
        is_dir,
        size_bytes: None,
        trusted: Vec::new(),
        previous_paths: Vec::new(),
        has_failed: false,
        first_generation: number,
        last_generation: number,
    }
}
