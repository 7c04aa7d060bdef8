//! Owns the difference between what a history expects and what a folder holds, without reading contents. Names that differ only in
//! Unicode form or case are reported beside missing and extra, never instead of them.

use crate::expected::ExpectedFile;
use crate::ignore::IgnoreRules;
use checkgate_model::RelPath;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use unicode_normalization::UnicodeNormalization as _;

/// What a folder holds: size and whether it is a folder, by path.
pub type Listing = BTreeMap<RelPath, (u64, bool)>;

/// In what two names differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameForm {
    /// Composed or decomposed characters only, as after a copy through HFS+.
    Unicode,
    /// Upper and lower case only (and perhaps Unicode form).
    Case,
}

/// A missing path and an extra one that are probably the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameMatch {
    /// As recorded.
    pub expected: RelPath,
    /// As found.
    pub found: RelPath,
    /// In what they differ.
    pub form: NameForm,
}

/// A file whose size is not the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeDiffers {
    /// The file.
    pub path: RelPath,
    /// As recorded.
    pub expected_bytes: u64,
    /// As found.
    pub found_bytes: u64,
}

/// The difference, each list in path order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Difference {
    /// Expected files and folders that are not there.
    pub missing: Vec<RelPath>,
    /// Files that no generation knows.
    pub extra: Vec<RelPath>,
    /// Folders that no generation knows; never an error by themselves.
    pub extra_folders: Vec<RelPath>,
    /// A file where a folder is expected, or the other way round.
    pub kind_differs: Vec<RelPath>,
    /// Files of another size than recorded: only reading them proves anything.
    pub size_differs: Vec<SizeDiffers>,
    /// Pairs of missing and extra that are probably one file under two names.
    pub name_form_candidates: Vec<NameMatch>,
    /// Expected paths that the patterns ignore by now; neither missing nor checked.
    pub ignored: Vec<RelPath>,
}

impl Difference {
    /// Nothing missing, nothing extra, nothing of another kind or size.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.kind_differs.is_empty() && self.size_differs.is_empty()
    }
}

/// Compares `expected` with `listing` under the patterns in force.
#[must_use]
pub fn diff(expected: &BTreeMap<RelPath, ExpectedFile>, listing: &Listing, ignore: &IgnoreRules) -> Difference {
    let mut difference = Difference::default();
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for (path, (_, is_dir)) in listing {
        if *is_dir {
            folders.insert(path.as_str());
        }
        for (slash, _) in path.as_str().match_indices('/') {
            folders.insert(&path.as_str()[..slash]);
        }
    }
    for (path, record) in expected {
        if ignore.is_ignored(path, record.is_dir) {
            difference.ignored.push(path.clone());
            continue;
        }
        let found_file = listing.get(path).filter(|(_, is_dir)| !is_dir);
        let found_folder = folders.contains(path.as_str());
        match (record.is_dir, found_file, found_folder) {
            (true, _, true) => {}
            (false, Some((found, _)), _) => {
                if let Some(size) = record.size_bytes.filter(|size| size != found) {
                    difference.size_differs.push(SizeDiffers { path: path.clone(), expected_bytes: size, found_bytes: *found });
                }
            }
            (true, Some(_), false) | (false, None, true) => difference.kind_differs.push(path.clone()),
            (_, None, false) => difference.missing.push(path.clone()),
        }
    }
    for (path, (_, is_dir)) in listing {
        if expected.contains_key(path) || ignore.is_ignored(path, *is_dir) {
            continue;
        }
        if *is_dir { difference.extra_folders.push(path.clone()) } else { difference.extra.push(path.clone()) }
    }
    difference.name_form_candidates = name_matches(expected, &difference);
    difference
}

/// Pairs only where the match is one to one; an ambiguous name is no candidate.
fn name_matches(expected: &BTreeMap<RelPath, ExpectedFile>, difference: &Difference) -> Vec<NameMatch> {
    let composed = |path: &RelPath| path.as_str().nfc().collect::<String>();
    let folded = |path: &RelPath| composed(path).to_lowercase().nfc().collect::<String>();
    let mut matches: Vec<NameMatch> = Vec::new();
    for is_dir in [false, true] {
        let missing: Vec<&RelPath> =
            difference.missing.iter().filter(|path| expected.get(*path).is_some_and(|record| record.is_dir == is_dir)).collect();
        let extra: Vec<&RelPath> = if is_dir { &difference.extra_folders } else { &difference.extra }.iter().collect();
        for (form, key) in [
            (NameForm::Unicode, &composed as &dyn Fn(&RelPath) -> String),
            (NameForm::Case, &folded as &dyn Fn(&RelPath) -> String),
        ] {
            let paired: HashSet<RelPath> = matches.iter().flat_map(|pair| [pair.expected.clone(), pair.found.clone()]).collect();
            let mut by_key: HashMap<String, (Vec<&RelPath>, Vec<&RelPath>)> = HashMap::new();
            for path in missing.iter().filter(|path| !paired.contains(**path)) {
                by_key.entry(key(path)).or_default().0.push(path);
            }
            if by_key.is_empty() {
                continue;
            }
            for path in extra.iter().filter(|path| !paired.contains(**path)) {
                if let Some(pair) = by_key.get_mut(&key(path)) {
                    pair.1.push(path);
                }
            }
            for (one, other) in by_key.into_values() {
                if let ([one], [other]) = (one.as_slice(), other.as_slice()) {
                    matches.push(NameMatch { expected: (*one).clone(), found: (*other).clone(), form });
                }
            }
        }
    }
    matches.sort_by(|a, b| a.expected.cmp(&b.expected));
    matches
}
