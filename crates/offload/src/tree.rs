//! Owns the view of one folder that an operation on manifests starts from: what lies in it, which histories speak for it, and what
//! is left out with the reason why. Must never read a media file.

use crate::histories::{Found, Loaded};
use crate::report::{SkippedItem, UnreadableFile};
use checkgate_mhl::{Keep, can_record};
use checkgate_model::{ErrorCode, Problem, RelPath};
use checkgate_volume::{Listing, Source, is_working_name};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A folder that was opened and listed.
pub(crate) struct Tree {
    pub(crate) source: Source,
    pub(crate) listing: Listing,
    /// Links and special files: nothing follows or opens them.
    pub(crate) skipped: Vec<SkippedItem>,
    /// Names that no manifest can carry.
    pub(crate) unrecordable: Vec<SkippedItem>,
    pub(crate) unreadable: Vec<UnreadableFile>,
    /// Working files of an operation that was interrupted.
    pub(crate) working: Vec<RelPath>,
}

/// Why a folder could not be looked at.
pub(crate) struct OpenTreeError {
    pub(crate) path: PathBuf,
    pub(crate) code: ErrorCode,
    pub(crate) source: Box<dyn std::error::Error + Send + Sync>,
}

impl Tree {
    pub(crate) fn open(root: &Path) -> Result<Self, OpenTreeError> {
        let failed = |code, source| OpenTreeError { path: root.to_path_buf(), code, source };
        let source = Source::open(root).map_err(|error| failed(error.code(), Box::new(error)))?;
        let mut listing = source.walk().map_err(|error| failed(error.code(), Box::new(error)))?;
        let is_working = |path: &RelPath| path.components().any(is_working_name);
        let working: Vec<RelPath> =
            listing.files.iter().map(|file| &file.path).filter(|path| is_working(path)).cloned().collect();
        let mut unrecordable: Vec<SkippedItem> = Vec::new();
        let refused = |path: &RelPath| SkippedItem {
            path: path.to_string(),
            reason: "the name has a character that no manifest can carry".to_owned(),
        };
        unrecordable.extend(listing.files.iter().map(|file| &file.path).filter(|path| !can_record(path)).map(refused));
        unrecordable.extend(
            listing
                .folders
                .iter()
                .filter(|path| !can_record(path) && path.parent().is_none_or(|above| can_record(&above)))
                .map(refused),
        );
        // A note in a history is read by whoever loads it.
        listing.files.retain(|file| can_record(&file.path) && (!is_working(&file.path) || in_history(&file.path)));
        listing.folders.retain(|folder| can_record(folder) && !is_working(folder));
        let (mut skipped, mut too_deep) = (Vec::new(), Vec::new());
        for item in &listing.skipped {
            let told = SkippedItem { path: item.path.clone(), reason: item.reason.words().to_owned() };
            use checkgate_volume::SkipReason::{IllegalName, NotUtf8, OtherFileSystem, Special, Symlink, TooDeep};
            match item.reason {
                Symlink | Special | OtherFileSystem => skipped.push(told),
                NotUtf8 | IllegalName => unrecordable.push(told),
                // What lies below was not looked at: it is neither missing nor whole.
                TooDeep => too_deep.push(told),
            }
        }
        let told = |path: &str, why: &str| {
            let mut problem = Problem::new(ErrorCode::SourceUnreadable, format!("{path} cannot be read"));
            problem.details.push(why.to_owned());
            UnreadableFile { path: path.to_owned(), problem }
        };
        // A working file of somebody who writes just now comes and goes.
        let is_work = |path: &str| path.rsplit('/').next().is_some_and(is_working_name);
        let unreadable = listing
            .unreadable
            .iter()
            .filter(|unreadable| !is_work(&unreadable.path))
            .map(|unreadable| told(&unreadable.path, &unreadable.error))
            .chain(too_deep.iter().map(|item| told(&item.path, &item.reason)))
            .collect();
        Ok(Self { source, listing, skipped, unrecordable, unreadable, working })
    }

    /// Finds and loads the histories. What is recorded and there then shares the text of its path: a million of them weigh 80 MB.
    pub(crate) fn histories(&mut self, keep: Keep) -> (Found, Loaded) {
        let found = Found::look(&self.source, &self.listing);
        let loaded = found.load(&self.listing, keep);
        if keep == Keep::Records {
            let expected = loaded.history.expected();
            for file in &mut self.listing.files {
                if let Some((known, _)) = expected.get_key_value(&file.path) {
                    file.path = known.clone();
                }
            }
        }
        (found, loaded)
    }

    /// Whether `path` is, or lies below, something that could not be looked at.
    pub(crate) fn is_unseen(&self, path: &RelPath) -> bool {
        self.unreadable.iter().any(|unseen| {
            path.as_str().strip_prefix(unseen.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// What an interrupted operation left, in words.
    pub(crate) fn leftovers(&self, loaded: &Loaded) -> Vec<String> {
        let notes: BTreeSet<&RelPath> = loaded.leftovers.iter().chain(&self.working).collect();
        notes
            .into_iter()
            .map(|path| format!("{path} was left by an operation that was interrupted; it is not part of the history"))
            .collect()
    }
}

fn in_history(path: &RelPath) -> bool {
    path.parent().is_some_and(|folder| folder.file_name() == checkgate_mhl::FOLDER)
}
