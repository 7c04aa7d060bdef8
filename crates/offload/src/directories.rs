//! Owns directory hashes of a folder held against the latest that its histories record (spec 6.5.2). Reads, never writes.

use crate::control::Control;
use crate::hash_files::digests;
use crate::histories::DamagedHistory;
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::report::UnreadableFile;
use crate::tree::Tree;
use crate::verify::VerifyError;
use checkgate_mhl::{DirectoryHashes, FolderHashes, History, Keep, directory_hashes};
use checkgate_model::{HashFormat, RelPath};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Which directory hashes to compute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryOptions {
    /// Formats; empty means those the last generation has, else xxh128.
    pub formats: Vec<HashFormat>,
    /// Compute only; compare with nothing and need no history.
    pub calculate_only: bool,
    /// Patterns beside those in force.
    pub ignore: Vec<String>,
    /// Whether files are read past the system's cache or through it.
    pub depth: VerifyDepth,
}

/// Content and structure of a folder in one format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderPair {
    /// The folder; `None` is the root.
    pub path: Option<RelPath>,
    /// Format.
    pub format: HashFormat,
    /// As computed.
    pub found: FolderHashes,
}

/// What was computed and compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryReport {
    /// Every folder in every format, the root last.
    pub folders: Vec<FolderPair>,
    /// Pairs that were compared.
    pub compared: u64,
    /// Folders that differ from what is recorded; the path `.` is the root.
    pub differing: Vec<(String, String)>,
    /// Files that cannot be read: nothing above them can be compared.
    pub unreadable: Vec<UnreadableFile>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<DamagedHistory>,
    /// Oddities worth telling.
    pub notes: Vec<String>,
    /// Somebody stopped it.
    pub stopped: bool,
}

impl DirectoryReport {
    /// 12 where a folder differs.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if let Some(damage) = self.damaged.first() {
            damage.exit_code
        } else if self.stopped {
            4
        } else if !self.differing.is_empty() {
            12
        } else if !self.unreadable.is_empty() {
            3
        } else {
            0
        }
    }
}

/// Computes directory hashes, and compares them with the latest that are recorded for each scope.
///
/// # Errors
/// Where the folder cannot be listed or has no history to compare with.
pub fn verify_directories(
    root: &Path,
    options: &DirectoryOptions,
    control: &Control,
    meter: &Meter,
) -> Result<DirectoryReport, VerifyError> {
    meter.set_phase(Phase::Preparing);
    let mut tree = Tree::open(root)?;
    let (found, loaded) = tree.histories(Keep::Everything);
    let mut report = DirectoryReport { damaged: loaded.damaged.clone(), ..DirectoryReport::default() };
    report.unreadable.clone_from(&tree.unreadable);
    report.notes.extend(tree.leftovers(&loaded));
    if !report.damaged.is_empty() {
        return Ok(report);
    }
    if !found.has(None) && !options.calculate_only {
        return Err(VerifyError::NoHistory(root.to_path_buf()));
    }
    let history = &loaded.history;
    let recorded = if options.calculate_only { Recorded::default() } else { Recorded::of(history) };
    let mut formats: BTreeSet<HashFormat> = options.formats.iter().copied().collect();
    if !options.calculate_only {
        for format in formats.iter().filter(|format| !recorded.formats.contains(*format)) {
            report.notes.push(format!("no directory hashes are recorded in {format}"));
        }
        formats.retain(|format| recorded.formats.contains(format));
    }
    if formats.is_empty() {
        formats = recorded.formats.clone();
    }
    if formats.is_empty() {
        if !options.calculate_only {
            report.notes.push("this history records no directory hashes: there is nothing to compare with".to_owned());
            return Ok(report);
        }
        formats.insert(HashFormat::Xxh128);
    }
    let formats: Vec<HashFormat> = formats.into_iter().collect();
    let rules = history.ignore_rules(&options.ignore);
    let files: Vec<_> = tree.listing.files.iter().filter(|file| !rules.is_ignored(&file.path, false)).collect();
    let folders: Vec<&RelPath> = tree.listing.folders.iter().filter(|folder| !rules.is_ignored(folder, true)).collect();
    let (values, unreadable) = digests(&tree.source, &files, &formats, options.depth, control, meter);
    report.unreadable.extend(unreadable);
    report.stopped = control.is_stopped();
    if report.stopped {
        return Ok(report);
    }
    for format in formats.iter().copied() {
        let found = files.iter().zip(&values).filter_map(|(file, found)| {
            let (values, _) = found.as_ref()?;
            Some((&file.path, values.iter().find(|value| value.format() == format)?))
        });
        let DirectoryHashes { root, folders } = directory_hashes(format, found, folders.iter().copied());
        for (path, found) in &folders {
            recorded.compare(Some(path), format, found, &mut report);
        }
        recorded.compare(None, format, &root, &mut report);
        report.folders.extend(folders.into_iter().map(|(path, found)| FolderPair { path: Some(path), format, found }));
        report.folders.push(FolderPair { path: None, format, found: root });
    }
    meter.set_phase(Phase::Done);
    Ok(report)
}

/// The latest recorded pairs. A nested history speaks for its own folder, beside what the one above it says.
#[derive(Debug, Default)]
struct Recorded {
    pairs: BTreeMap<(Option<RelPath>, HashFormat), Vec<FolderHashes>>,
    formats: BTreeSet<HashFormat>,
}

impl Recorded {
    fn of(history: &History) -> Self {
        let mut recorded = Self::default();
        recorded.add(history, None);
        recorded
    }

    fn add(&mut self, history: &History, at: Option<&RelPath>) {
        let latest = history.generations().iter().rev().find(|generation| {
            generation.manifest.root_hash.as_ref().is_some_and(|root| !root.content.is_empty())
                || generation.manifest.folders().any(|folder| !folder.content.is_empty())
        });
        if let Some(generation) = latest {
            let manifest = &generation.manifest;
            if let Some(root) = &manifest.root_hash {
                self.add_pairs(at.cloned(), &root.content, &root.structure);
            }
            for folder in manifest.folders() {
                let path = at.map_or_else(|| Ok(folder.path.clone()), |at| at.join(folder.path.as_str()));
                if let Ok(path) = path {
                    self.add_pairs(Some(path), &folder.content, &folder.structure);
                }
            }
        }
        for (folder, child) in history.children() {
            if let Ok(folder) = at.map_or_else(|| Ok(folder.clone()), |at| at.join(folder.as_str())) {
                self.add(child, Some(&folder));
            }
        }
    }

    fn add_pairs(&mut self, path: Option<RelPath>, content: &[checkgate_mhl::HashEntry], structure: &[checkgate_mhl::HashEntry]) {
        for content in content {
            let format = content.value.format();
            let Some(structure) = structure.iter().find(|hash| hash.value.format() == format) else { continue };
            let pair = FolderHashes { content: content.value.clone(), structure: structure.value.clone() };
            self.formats.insert(format);
            self.pairs.entry((path.clone(), format)).or_default().push(pair);
        }
    }

    fn compare(&self, path: Option<&RelPath>, format: HashFormat, found: &FolderHashes, report: &mut DirectoryReport) {
        for pair in self.pairs.get(&(path.cloned(), format)).into_iter().flatten() {
            report.compared += 1;
            let what = match (pair.content == found.content, pair.structure == found.structure) {
                (true, true) => continue,
                (true, false) => "same content, other names",
                (false, _) => "other content",
            };
            let name = path.map_or_else(|| ".".to_owned(), ToString::to_string);
            let told = (name, format!("{format}: {what}"));
            if !report.differing.contains(&told) {
                report.differing.push(told);
            }
        }
    }
}
