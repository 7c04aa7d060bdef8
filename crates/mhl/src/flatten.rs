//! Owns packing lists: one manifest with the earliest good hash of every file and format of a history (spec 6.6). Carries no
//! directory hashes and joins no chain; a collection file may list it with its C4 ID.

use crate::append::{creator, reference_order};
use crate::history::History;
use crate::ignore::lifted;
use crate::manifest::{Action, Entry, FileEntry, HashEntry, Manifest};
use crate::operation::{Operation, Process};
use checkgate_model::RelPath;
use std::collections::BTreeMap;

impl History {
    /// The packing list of this history and of those nested in it. Of each path and format the earliest hash that did not fail,
    /// with size and dates as recorded last; renamed files under their last name. Needs a history loaded with
    /// [`Keep::Everything`](crate::Keep::Everything).
    #[must_use]
    pub fn flatten(&self, operation: &Operation) -> Manifest {
        let mut files = BTreeMap::new();
        let mut ignore = Vec::new();
        self.gather_flat(None, &mut files, &mut ignore);
        let mut entries: Vec<Entry> =
            files.into_values().filter(|file: &FileEntry| !file.hashes.is_empty()).map(Entry::File).collect();
        entries.sort_by(|a, b| reference_order(a.path(), b.path()));
        let mut creator = creator(operation);
        creator.created = Some(operation.started);
        Manifest {
            creator,
            process: Process::Flatten,
            root_hash: None,
            ignore,
            entries,
            metadata: None,
            references: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn gather_flat(&self, at: Option<&RelPath>, files: &mut BTreeMap<RelPath, FileEntry>, ignore: &mut Vec<String>) {
        let placed = |path: &RelPath| match at {
            None => Some(path.clone()),
            Some(at) => at.join(path.as_str()).ok(),
        };
        for pattern in self.ignore_patterns() {
            let pattern = match at {
                None => pattern,
                Some(_) if crate::DEFAULT_PATTERNS.contains(&pattern.as_str()) => continue,
                Some(at) => lifted(&pattern, at),
            };
            if !ignore.contains(&pattern) {
                ignore.push(pattern);
            }
        }
        // Files that a child took over are recorded there.
        let expected = self.own_expected();
        let lies_in_child = |path: &RelPath| self.children.keys().any(|child| path.is_under(child));
        let mut now: BTreeMap<&RelPath, &RelPath> = expected.keys().map(|path| (path, path)).collect();
        for (path, record) in expected.iter() {
            now.extend(record.previous_paths.iter().map(|previous| (previous, path)));
        }
        for generation in &self.generations {
            for file in generation.manifest.files() {
                let Some(path) = now.get(&file.path).filter(|path| !lies_in_child(path)).and_then(|path| placed(path)) else {
                    continue;
                };
                let good: Vec<&HashEntry> = file.hashes.iter().filter(|hash| hash.action != Some(Action::Failed)).collect();
                let entry = files.entry(path.clone()).or_insert_with(|| FileEntry {
                    path,
                    size_bytes: None,
                    created: None,
                    modified: None,
                    hashes: Vec::new(),
                    previous_path: None,
                    metadata: None,
                });
                if !good.is_empty() {
                    entry.size_bytes = file.size_bytes.or(entry.size_bytes);
                    entry.created = file.created.or(entry.created);
                    entry.modified = file.modified.or(entry.modified);
                }
                entry.previous_path = file.previous_path.as_ref().and_then(placed).or(entry.previous_path.take());
                if file.metadata.is_some() {
                    entry.metadata.clone_from(&file.metadata);
                }
                for hash in good {
                    if !entry.hashes.iter().any(|known| known.value.format() == hash.value.format()) {
                        entry.hashes.push(hash.clone());
                    }
                }
            }
        }
        for (folder, child) in &self.children {
            if let Some(at) = placed(folder) {
                child.gather_flat(Some(&at), files, ignore);
            }
        }
    }
}
