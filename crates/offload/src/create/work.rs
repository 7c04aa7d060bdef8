//! Owns the middle of a creation: which digests each file needs, what they say against the records, what was renamed, and the
//! generation that follows. Never writes.

use super::{CreateError, CreateOptions, CreateReport};
use crate::control::Control;
use crate::hash_files::{Digests, Job, hash_files};
use crate::meter::Meter;
use crate::report::{Mismatch, UnreadableFile};
use crate::tree::Tree;
use checkgate_mhl::{
    Append, AppendError, ExpectedFile, FileCheck, FileRecord, FolderHashing, FolderRecord, History, IgnoreRules, LegacyCheck,
    LegacyEntry, NewFile, NewGeneration, Rename, Renames, Scope, fastest, find_renames,
};
use checkgate_model::{HashFormat, HashValue, RelPath, Timestamp};
use checkgate_volume::SourceFile;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Everything that hashing and judging need to know.
pub(super) struct Work<'a> {
    history: &'a History,
    pub(super) expected: Cow<'a, BTreeMap<RelPath, ExpectedFile>>,
    pub(super) files: Vec<&'a SourceFile>,
    folders: Vec<RelPath>,
    formats: Vec<HashFormat>,
    /// What is recorded and not there, where it matters before the generation is built: renames are looked for, or nothing is
    /// there at all.
    pub(super) missing: Vec<RelPath>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        history: &'a History,
        files: Vec<&'a SourceFile>,
        folders: Vec<RelPath>,
        formats: Vec<HashFormat>,
        rules: &IgnoreRules,
        detect_renames: bool,
    ) -> Self {
        let expected = history.expected();
        let mut missing = Vec::new();
        if detect_renames || files.is_empty() {
            let there: HashSet<&RelPath> = files.iter().map(|file| &file.path).chain(&folders).collect();
            let gone = expected.iter().filter(|(path, record)| !there.contains(path) && !rules.is_ignored(path, record.is_dir));
            missing.extend(gone.map(|(path, _)| path.clone()));
        }
        Self { history, expected, files, folders, formats, missing }
    }

    /// Digests by place in `files`; `None` where the file could not be read or does not agree with the legacy list.
    pub(super) fn hash(
        &self,
        tree: &Tree,
        options: &CreateOptions,
        list: Option<&Vec<(RelPath, LegacyEntry)>>,
        control: &Control,
        meter: &Meter,
        report: &mut CreateReport,
    ) -> Vec<Option<Digests>> {
        // A file that is new could be one that is missing: hash it in what the missing ones of its size have recorded.
        let mut lost: HashMap<Option<u64>, BTreeSet<HashFormat>> = HashMap::new();
        for record in self.missing.iter().filter_map(|path| self.expected.get(path)) {
            let format = fastest(&record.trusted).map(HashValue::format);
            lost.entry(record.size_bytes).or_default().extend(format);
        }
        let mut listed: HashMap<&RelPath, Vec<&LegacyEntry>> = HashMap::new();
        for (path, entry) in list.into_iter().flatten() {
            listed.entry(path).or_default().push(entry);
        }
        if list.is_some() {
            let there: HashSet<&RelPath> = self.files.iter().map(|file| &file.path).collect();
            report.missing.extend(listed.keys().filter(|path| !there.contains(*path)).map(|path| (*path).clone()));
        }
        let jobs: Vec<Job<'_>> = self
            .files
            .iter()
            .map(|file| {
                let known = self.expected.get(&file.path).filter(|record| !record.is_dir);
                let mut formats = Cow::Borrowed(self.formats.as_slice());
                if let Some(record) = known {
                    // Most files need nothing but what was asked for.
                    if !record.trusted.iter().any(|value| self.formats.contains(&value.format())) {
                        formats = Cow::Owned(record.formats_to_hash(&self.formats));
                    }
                } else if !lost.is_empty() {
                    let also = [Some(file.size_bytes), None].into_iter().filter_map(|size| lost.get(&size)).flatten();
                    let all: BTreeSet<HashFormat> = self.formats.iter().chain(also).copied().collect();
                    formats = Cow::Owned(all.into_iter().collect());
                }
                let legacy = listed.get(&file.path).cloned().unwrap_or_default();
                Job { path: &file.path, size_bytes: file.size_bytes, formats, legacy }
            })
            .collect();
        let hashed: Mutex<(Vec<Option<Digests>>, u64, &mut CreateReport)> = Mutex::new((vec![None; jobs.len()], 0, report));
        hash_files(&tree.source, &jobs, options.depth, control, meter, &|at, outcome| {
            let now = Timestamp::now();
            let mut shared = hashed.lock().unwrap_or_else(PoisonError::into_inner);
            let (digests, size_only, report) = &mut *shared;
            match outcome {
                Ok(found) => {
                    report.hashed += 1;
                    report.hashed_bytes += found.bytes;
                    if report.level.is_none_or(|known| found.level < known) {
                        report.level = Some(found.level);
                        report.level_words.clone_from(&found.words);
                    }
                    let recorded = self.expected.get(jobs[at].path).map(|record| record.check(&found.values));
                    if let Some(FileCheck::Mismatch { expected, found }) = recorded {
                        let path = jobs[at].path.clone();
                        report.mismatches.push(Mismatch { path, expected: expected.to_string(), found: found.to_string() });
                    }
                    let holds = |check: &LegacyCheck| matches!(check, LegacyCheck::Verified | LegacyCheck::SizeOnly);
                    if found.legacy.iter().any(|check| matches!(check, LegacyCheck::SizeOnly)) {
                        *size_only += 1;
                    }
                    if found.legacy.iter().all(holds) {
                        digests[at] = Some((found.values, now));
                    } else {
                        report.failed.push(jobs[at].path.clone());
                    }
                }
                Err(problem) => report.unreadable.push(UnreadableFile { path: jobs[at].path.to_string(), problem }),
            }
        });
        let (digests, size_only, report) = hashed.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
        if list.is_some() {
            let unlisted = self.files.iter().filter(|file| !listed.contains_key(&file.path)).count();
            if unlisted > 0 {
                report.notes.push(format!("{unlisted} file(s) are not in the list; they are recorded as new"));
            }
            if size_only > 0 {
                report.notes.push(format!(
                    "{size_only} file(s) could only be compared by size: the list has no hash of them that can be checked"
                ));
            }
        }
        digests
    }

    pub(super) fn renames(&self, hashed: &[Option<Digests>]) -> Renames {
        let new: Vec<NewFile<'_>> = self
            .files
            .iter()
            .zip(hashed)
            .filter(|(file, _)| !self.expected.contains_key(&file.path))
            .filter_map(|(file, digests)| Some(NewFile { path: &file.path, hashes: &digests.as_ref()?.0 }))
            .collect();
        let mut moved = Vec::new();
        moved_children(self.history, None, &mut moved);
        let mut renames = find_renames(&self.expected, &self.missing, &new, &self.folders, &moved);
        // A record cannot leave its history.
        let stays = |rename: &Rename| self.history.owner(&rename.from) == self.history.owner(&rename.to);
        renames.files.retain(stays);
        renames.folders.retain(stays);
        let taken: HashSet<&RelPath> = renames.files.iter().map(|rename| &rename.to).collect();
        renames.ambiguous.retain(|path| taken.contains(path));
        renames
    }

    pub(super) fn append(
        self,
        root: &Path,
        options: &CreateOptions,
        hashed: Vec<Option<Digests>>,
        renames: &Renames,
    ) -> Result<NewGeneration, CreateError> {
        let was = |renames: &[Rename]| -> HashMap<RelPath, RelPath> {
            renames.iter().map(|rename| (rename.to.clone(), rename.from.clone())).collect()
        };
        let (file_was, folder_was) = (was(&renames.files), was(&renames.folders));
        let records: Vec<FileRecord> = self
            .files
            .iter()
            .zip(hashed)
            .filter_map(|(file, digests)| {
                let (mut hashes, hashed_at) = digests?;
                let previous_path = file_was.get(&file.path).cloned();
                if previous_path.is_none() && !self.expected.contains_key(&file.path) {
                    // Taken for comparison only.
                    hashes.retain(|value| self.formats.contains(&value.format()));
                }
                let modified = Some(file.modified);
                Some(FileRecord {
                    path: file.path.clone(),
                    size_bytes: file.size_bytes,
                    modified,
                    hashes,
                    hashed_at,
                    previous_path,
                })
            })
            .collect();
        let folders: Vec<FolderRecord> = self
            .folders
            .into_iter()
            .map(|path| FolderRecord { previous_path: folder_was.get(&path).cloned(), modified: None, path })
            .collect();
        drop(self.expected);
        let name = root
            .canonicalize()
            .ok()
            .or_else(|| Some(root.to_path_buf()))
            .and_then(|root| Some(root.file_name()?.to_string_lossy().into_owned()));
        // A link keeps the name it is known by.
        let given = root.file_name().map(|name| name.to_string_lossy().into_owned());
        let folder_name = given.or(name).unwrap_or_default();
        let whole = options.only.is_empty();
        let append = Append {
            folder_name: &folder_name,
            operation: &options.operation,
            files: &records,
            folders: if whole { &folders } else { &[] },
            ignore: &options.ignore,
            folder_hashes: if whole && options.folder_hashes {
                FolderHashing::Formats(&self.formats)
            } else {
                FolderHashing::Skip
            },
            scope: if whole { Scope::Whole } else { Scope::Part },
        };
        self.history.append(&append).map_err(|error| match error {
            AppendError::NothingToRecord => CreateError::Nothing(root.to_path_buf()),
            other => CreateError::Append(other),
        })
    }
}

fn moved_children(history: &History, at: Option<&RelPath>, moved: &mut Vec<Rename>) {
    let placed = |path: &RelPath| at.map_or_else(|| Ok(path.clone()), |at| at.join(path.as_str()));
    for (from, to) in history.moved_children() {
        if let (Ok(from), Ok(to)) = (placed(&from), placed(&to)) {
            moved.push(Rename { from, to });
        }
    }
    for (folder, child) in history.children() {
        if let Ok(folder) = placed(folder) {
            moved_children(child, Some(&folder), moved);
        }
    }
}
