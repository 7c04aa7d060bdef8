//! Owns which number the kernel knows which path by, and the handles of open files.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Number of the root, by FUSE.
pub(super) const ROOT: u64 = 1;

/// A listed folder: number, kind and name of each entry.
pub(super) type Listing = Arc<Vec<(u64, fuser::FileType, OsString)>>;

/// Paths are below the served folder.
#[derive(Debug)]
pub(super) struct Nodes {
    by_number: HashMap<u64, PathBuf>,
    by_path: HashMap<PathBuf, u64>,
    files: HashMap<u64, Arc<File>>,
    listings: HashMap<u64, Listing>,
    next: u64,
}

impl Nodes {
    pub(super) fn new() -> Self {
        Self {
            by_number: HashMap::from([(ROOT, PathBuf::new())]),
            by_path: HashMap::from([(PathBuf::new(), ROOT)]),
            files: HashMap::new(),
            listings: HashMap::new(),
            next: ROOT + 1,
        }
    }

    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    pub(super) fn path(&self, number: u64) -> Option<PathBuf> {
        self.by_number.get(&number).cloned()
    }

    pub(super) fn number(&mut self, path: &Path) -> u64 {
        if let Some(number) = self.by_path.get(path) {
            return *number;
        }
        let number = self.fresh();
        self.by_number.insert(number, path.to_owned());
        self.by_path.insert(path.to_owned(), number);
        number
    }

    /// The name is gone; whoever has the file open keeps it.
    pub(super) fn forget(&mut self, path: &Path) {
        self.by_path.remove(path);
    }

    pub(super) fn renamed(&mut self, from: &Path, to: &Path) {
        self.by_path.remove(to);
        let moved: Vec<(PathBuf, u64)> = self
            .by_path
            .iter()
            .filter(|(path, _)| path.starts_with(from))
            .map(|(path, number)| (path.clone(), *number))
            .collect();
        for (path, number) in moved {
            let Ok(rest) = path.strip_prefix(from) else { continue };
            let new = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
            self.by_path.remove(&path);
            self.by_number.insert(number, new.clone());
            self.by_path.insert(new, number);
        }
    }

    pub(super) fn opened(&mut self, file: File) -> u64 {
        let handle = self.fresh();
        self.files.insert(handle, Arc::new(file));
        handle
    }

    pub(super) fn file(&self, handle: u64) -> Option<Arc<File>> {
        self.files.get(&handle).cloned()
    }

    pub(super) fn closed(&mut self, handle: u64) {
        self.files.remove(&handle);
        self.listings.remove(&handle);
    }

    pub(super) fn listed(&mut self, listing: Listing) -> u64 {
        let handle = self.fresh();
        self.listings.insert(handle, listing);
        handle
    }

    pub(super) fn listing(&self, handle: u64) -> Option<Listing> {
        self.listings.get(&handle).cloned()
    }
}
