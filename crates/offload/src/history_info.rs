//! Owns the story that the histories of a folder tell: who made which generation with what, and what was recorded for a file. Never
//! judges the files themselves.

use crate::histories::DamagedHistory;
use crate::tree::Tree;
use crate::verify::VerifyError;
use checkgate_mhl::{Action, History, Keep};
use checkgate_model::{HashFormat, HashValue, RelPath, Timestamp};
use std::collections::BTreeSet;
use std::path::Path;

/// What a history tells.
#[derive(Debug, Clone, Default)]
pub struct HistoryInfo {
    /// Generations of every history, each with its folder, oldest first.
    pub generations: Vec<GenerationInfo>,
    /// For each file asked for, what every generation says about it.
    pub files: Vec<FileInfo>,
    /// Histories that cannot be trusted.
    pub damaged: Vec<DamagedHistory>,
    /// Oddities worth telling.
    pub notes: Vec<String>,
}

/// One generation.
#[derive(Debug, Clone)]
pub struct GenerationInfo {
    /// Folder of its history; `None` is the root.
    pub scope: Option<RelPath>,
    /// Number.
    pub number: u32,
    /// File name of the manifest.
    pub name: String,
    /// C4 ID of its bytes.
    pub c4: String,
    /// When.
    pub created: Option<Timestamp>,
    /// Host, tool, process, people, place and words.
    pub creator: checkgate_mhl::Creator,
    /// `in-place`, `transfer` or `flatten`.
    pub process: &'static str,
    /// Files it lists.
    pub files: u64,
    /// Folders it lists.
    pub folders: u64,
    /// Hashes recorded as original, verified and failed.
    pub actions: [u64; 3],
    /// Formats of its file hashes.
    pub formats: Vec<HashFormat>,
    /// Content and structure of the scope.
    pub root_hashes: Vec<(HashFormat, String, String)>,
    /// Ignore patterns in force.
    pub ignore: Vec<String>,
}

/// What the generations say about one file.
#[derive(Debug, Clone)]
pub struct FileInfo {
    /// The file.
    pub path: RelPath,
    /// Generation, format, digest, action, size and time of each hash.
    pub hashes: Vec<FileHashInfo>,
}

/// One recorded hash.
#[derive(Debug, Clone)]
pub struct FileHashInfo {
    /// Generation.
    pub generation: u32,
    /// Path it had then.
    pub path: RelPath,
    /// Digest.
    pub value: HashValue,
    /// What it says.
    pub action: Option<Action>,
    /// When it was taken.
    pub hashed_at: Option<Timestamp>,
    /// Size that was recorded with it.
    pub size_bytes: Option<u64>,
}

/// Reads what the histories of `root` tell; with `only`, about these files.
///
/// # Errors
/// Where the folder cannot be listed, has no history, or the history does not know a file.
pub fn history_info(root: &Path, only: &[RelPath]) -> Result<HistoryInfo, VerifyError> {
    let mut tree = Tree::open(root)?;
    let (found, loaded) = tree.histories(Keep::Everything);
    if !found.has(None) {
        return Err(VerifyError::NoHistory(root.to_path_buf()));
    }
    let mut info = HistoryInfo { damaged: loaded.damaged.clone(), notes: tree.leftovers(&loaded), ..HistoryInfo::default() };
    if !info.damaged.is_empty() {
        return Ok(info);
    }
    tell(&loaded.history, None, &mut info);
    for path in only {
        let (scope, history) = match loaded.history.owner(path) {
            Some(scope) => (Some(scope.clone()), loaded.history.child(&scope)),
            None => (None, Some(&loaded.history)),
        };
        let inside = match &scope {
            Some(scope) => {
                path.as_str().strip_prefix(scope.as_str()).and_then(|rest| RelPath::new(rest.trim_start_matches('/')).ok())
            }
            None => Some(path.clone()),
        };
        let hashes = history.zip(inside).map(|(history, inside)| hashes_of(history, &inside)).unwrap_or_default();
        if hashes.is_empty() {
            return Err(VerifyError::NotFound(path.clone()));
        }
        info.files.push(FileInfo { path: path.clone(), hashes });
    }
    Ok(info)
}

fn tell(history: &History, at: Option<&RelPath>, info: &mut HistoryInfo) {
    info.notes.extend(history.warnings().iter().map(ToString::to_string));
    for generation in history.generations() {
        let manifest = &generation.manifest;
        let mut actions = [0; 3];
        let mut formats = BTreeSet::new();
        for hash in manifest.files().flat_map(|file| &file.hashes) {
            formats.insert(hash.value.format());
            actions[match hash.action {
                None | Some(Action::Original) => 0,
                Some(Action::Verified) => 1,
                Some(Action::Failed) => 2,
            }] += 1;
        }
        let root_hashes = manifest.root_hash.iter().flat_map(|root| {
            root.content
                .iter()
                .zip(&root.structure)
                .map(|(content, structure)| (content.value.format(), content.value.to_text(), structure.value.to_text()))
        });
        info.generations.push(GenerationInfo {
            scope: at.cloned(),
            number: generation.number,
            name: generation.name.clone(),
            c4: generation.c4.to_text(),
            created: manifest.creator.created,
            creator: manifest.creator.clone(),
            process: manifest.process.word(),
            files: generation.files,
            folders: generation.folders,
            actions,
            formats: formats.into_iter().collect(),
            root_hashes: root_hashes.collect(),
            ignore: manifest.ignore.clone(),
        });
    }
    for (folder, child) in history.children() {
        if let Ok(folder) = at.map_or_else(|| Ok(folder.clone()), |at| at.join(folder.as_str())) {
            tell(child, Some(&folder), info);
        }
    }
}

fn hashes_of(history: &History, path: &RelPath) -> Vec<FileHashInfo> {
    let expected = history.expected();
    let names: BTreeSet<&RelPath> = expected.get(path).map(|record| record.previous_paths.iter().collect()).unwrap_or_default();
    let mut hashes = Vec::new();
    for generation in history.generations() {
        for file in generation.manifest.files().filter(|file| file.path == *path || names.contains(&file.path)) {
            hashes.extend(file.hashes.iter().map(|hash| FileHashInfo {
                generation: generation.number,
                path: file.path.clone(),
                value: hash.value.clone(),
                action: hash.action,
                hashed_at: hash.hashed_at,
                size_bytes: file.size_bytes,
            }));
        }
    }
    hashes
}
