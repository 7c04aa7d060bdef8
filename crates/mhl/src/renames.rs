//! Owns finding renames: which missing path has become which new one (spec 6.4.7, `previousPath`). One to one, by content; where
//! several files are equal the folder they moved with, then the name, then the order decide, and that is told. Never looks at a
//! file.

use crate::expected::{ExpectedFile, FileCheck};
use checkgate_model::{HashValue, RelPath};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A file that is not recorded, with digests that compare it with the missing ones.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// Where it is.
    pub path: &'a RelPath,
    /// Its digests, in every format that a missing file of its size has recorded.
    pub hashes: &'a [HashValue],
}

/// A path and what it was before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// As recorded.
    pub from: RelPath,
    /// As found.
    pub to: RelPath,
}

/// What was renamed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Renames {
    /// Files.
    pub files: Vec<Rename>,
    /// Folders whose recorded files all moved along, and empty ones below them.
    pub folders: Vec<Rename>,
    /// New paths whose content fits more than one missing file: the pairing is a choice, not a proof.
    pub ambiguous: Vec<RelPath>,
}

/// Pairs missing files with new ones of the same content, and missing folders with new ones that took over all their files.
/// `missing` is what is recorded and not there, files and folders; `folders` are all folders that are there; `moved` are folders
/// known to have moved, as a nested history is known by its manifests.
#[must_use]
pub fn find_renames(
    expected: &BTreeMap<RelPath, ExpectedFile>,
    missing: &[RelPath],
    new: &[NewFile<'_>],
    folders: &[RelPath],
    moved: &[Rename],
) -> Renames {
    let lost: Vec<(&RelPath, &ExpectedFile)> = missing
        .iter()
        .filter_map(|path| expected.get_key_value(path))
        .filter(|(_, record)| !record.is_dir && !record.trusted.is_empty())
        .collect();
    let mut by_value: HashMap<&HashValue, Vec<usize>> = HashMap::new();
    for (index, (_, record)) in lost.iter().enumerate() {
        for value in &record.trusted {
            by_value.entry(value).or_default().push(index);
        }
    }
    // What each new file could have been.
    let mut fits: BTreeMap<&RelPath, Vec<usize>> = BTreeMap::new();
    for file in new {
        let mut candidates: Vec<usize> = file.hashes.iter().filter_map(|value| by_value.get(value)).flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|index| matches!(lost[*index].1.check(file.hashes), FileCheck::Verified(_)));
        if !candidates.is_empty() {
            fits.insert(file.path, candidates);
        }
    }
    let mut claims: HashMap<usize, usize> = HashMap::new();
    for candidate in fits.values().flatten() {
        *claims.entry(*candidate).or_default() += 1;
    }
    let mut renames = Renames::default();
    let mut taken: HashMap<usize, &RelPath> = HashMap::new();
    // Certain pairs first; they tell which folder became which.
    let mut moved_folders: HashMap<String, BTreeMap<String, usize>> = HashMap::new();
    for (to, candidates) in &fits {
        if let [only] = candidates.as_slice()
            && claims.get(only) == Some(&1)
        {
            taken.insert(*only, to);
            let from = lost[*only].0;
            if from.file_name() == to.file_name() {
                *moved_folders.entry(folder_of(from)).or_default().entry(folder_of(to)).or_default() += 1;
            }
        } else {
            renames.ambiguous.push((*to).clone());
        }
    }
    let moved_to = |from: &RelPath, to: &RelPath| {
        moved_folders.get(&folder_of(from)).is_some_and(|targets| {
            let most = targets.values().max().copied().unwrap_or_default();
            targets.get(&folder_of(to)).is_some_and(|votes| *votes == most)
        })
    };
    let settled: HashSet<&RelPath> = taken.values().copied().collect();
    let mut open: Vec<&RelPath> = fits.keys().copied().filter(|to| !settled.contains(to)).collect();
    type Likeness<'a> = &'a dyn Fn(&RelPath, &RelPath) -> bool;
    let same_name: Likeness<'_> = &|from, to| from.file_name() == to.file_name();
    let both: Likeness<'_> = &|from, to| same_name(from, to) && moved_to(from, to);
    let same_folder: Likeness<'_> = &|from, to| folder_of(from) == folder_of(to);
    let any: Likeness<'_> = &|_, _| true;
    for alike in [both, same_name, same_folder, any] {
        open.retain(|to| {
            let candidate = fits[to].iter().find(|index| !taken.contains_key(index) && alike(lost[**index].0, to));
            candidate.is_none_or(|index| taken.insert(*index, to).is_some())
        });
    }
    renames.files = taken.into_iter().map(|(index, to)| Rename { from: lost[index].0.clone(), to: to.clone() }).collect();
    renames.files.sort();
    renames.folders = renamed_folders(expected, missing, &renames.files, folders, moved);
    renames
}

fn folder_of(path: &RelPath) -> String {
    path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default()
}

/// A folder was renamed if every recorded file below it now lies below one other folder in the same place.
fn renamed_folders(
    expected: &BTreeMap<RelPath, ExpectedFile>,
    missing: &[RelPath],
    files: &[Rename],
    folders: &[RelPath],
    moved: &[Rename],
) -> Vec<Rename> {
    let there: BTreeSet<&RelPath> = folders.iter().collect();
    let target: HashMap<&RelPath, &RelPath> = files.iter().chain(moved).map(|rename| (&rename.from, &rename.to)).collect();
    let known: BTreeSet<&RelPath> = moved.iter().map(|rename| &rename.from).collect();
    let is_dir = |path: &RelPath| expected.get(path).is_some_and(|record| record.is_dir);
    let is_new = |path: &RelPath| there.contains(path) && !expected.contains_key(path);
    let mut lost: Vec<&RelPath> = missing.iter().filter(|path| is_dir(path)).collect();
    lost.sort();
    let mut found: BTreeMap<&RelPath, RelPath> = BTreeMap::new();
    let mut used: BTreeSet<RelPath> = BTreeSet::new();
    for folder in &lost {
        // With the folder above it, in the same place.
        let along = folder
            .parent()
            .and_then(|above| found.get(&above).cloned())
            .and_then(|above| above.join(folder.file_name()).ok())
            .filter(|candidate| is_new(candidate));
        let mut below = expected
            .range((*folder).clone()..)
            .take_while(|(path, _)| path.as_str().starts_with(folder.as_str()))
            .filter(|(path, record)| path.is_under(folder) && (!record.is_dir || known.contains(path)))
            .peekable();
        let to = if below.peek().is_some() {
            let mut targets = below.map(|(path, _)| {
                let rest = &path.as_str()[folder.as_str().len()..];
                target.get(path).and_then(|to| to.as_str().strip_suffix(rest)).map(str::to_owned)
            });
            let first = targets.next().flatten();
            first.filter(|first| targets.all(|other| other.as_ref() == Some(first))).and_then(|to| RelPath::new(&to).ok())
        } else {
            along
        };
        if let Some(to) = to.filter(|to| is_new(to) && used.insert(to.clone())) {
            found.insert(folder, to);
        }
    }
    found.into_iter().map(|(from, to)| Rename { from: from.clone(), to }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_bytes;
    use checkgate_model::HashFormat;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).expect("a path")
    }

    fn record(content: Option<&str>) -> ExpectedFile {
        ExpectedFile {
            is_dir: content.is_none(),
            size_bytes: None,
            trusted: content.map(|text| hash_bytes(HashFormat::Xxh64, text.as_bytes())).into_iter().collect(),
            previous_paths: Vec::new(),
            has_failed: false,
            first_generation: 1,
            last_generation: 1,
        }
    }

    /// `a=1` is a file with content 1, `a/` a folder.
    fn found(before: &[&str], after: &[&str]) -> Renames {
        let split = |text: &str| match text.split_once('=') {
            Some((name, content)) => (path(name), Some(content.to_owned())),
            None => (path(text), None),
        };
        let expected: BTreeMap<RelPath, ExpectedFile> =
            before.iter().map(|text| split(text)).map(|(path, content)| (path, record(content.as_deref()))).collect();
        let now: Vec<(RelPath, Option<String>)> = after.iter().map(|text| split(text)).collect();
        let missing: Vec<RelPath> =
            expected.keys().filter(|path| !now.iter().any(|(there, _)| there == *path)).cloned().collect();
        let hashed: Vec<(RelPath, Vec<HashValue>)> = now
            .iter()
            .filter(|(path, _)| !expected.contains_key(path))
            .filter_map(|(path, content)| Some((path.clone(), vec![hash_bytes(HashFormat::Xxh64, content.as_ref()?.as_bytes())])))
            .collect();
        let new: Vec<NewFile<'_>> = hashed.iter().map(|(path, hashes)| NewFile { path, hashes }).collect();
        let folders: Vec<RelPath> = now.iter().filter(|(_, content)| content.is_none()).map(|(path, _)| path.clone()).collect();
        find_renames(&expected, &missing, &new, &folders, &[])
    }

    fn pairs(renames: &[Rename]) -> Vec<(&str, &str)> {
        renames.iter().map(|rename| (rename.from.as_str(), rename.to.as_str())).collect()
    }

    #[test]
    fn equal_files_are_paired_one_to_one_by_folder_then_name() {
        let renames = found(&["A/", "A/x=1", "A/y=1", "A/z=2"], &["B/", "B/y=1", "B/x=1", "B/z=2"]);
        assert_eq!(pairs(&renames.files), [("A/x", "B/x"), ("A/y", "B/y"), ("A/z", "B/z")]);
        assert_eq!(pairs(&renames.folders), [("A", "B")]);
        assert_eq!(renames.ambiguous.len(), 2);
    }

    #[test]
    fn more_copies_than_missing_leave_the_rest_new() {
        let renames = found(&["a=1"], &["b=1", "c=1"]);
        assert_eq!(pairs(&renames.files), [("a", "b")]);
        assert_eq!(renames.ambiguous.len(), 2);
        assert!(found(&["a=1"], &["a=1", "b=1"]).files.is_empty(), "a copy is no rename");
    }

    #[test]
    fn a_folder_that_lost_a_file_is_not_renamed() {
        let renames = found(&["A/", "A/B/", "A/B/x=1", "A/E/", "A/y=2"], &["Z/", "Z/B/", "Z/B/x=1", "Z/E/"]);
        assert_eq!(pairs(&renames.folders), [("A/B", "Z/B")]);
        let renames = found(&["A/", "A/B/", "A/B/x=1", "A/E/"], &["Z/", "Z/B/", "Z/B/x=1", "Z/E/"]);
        assert_eq!(pairs(&renames.folders), [("A", "Z"), ("A/B", "Z/B"), ("A/E", "Z/E")]);
        assert!(found(&["a=1"], &["b=2"]).files.is_empty(), "altered content is no rename");
    }
}
