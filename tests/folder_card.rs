//! Owns a card in a folder, for tests that forge one and look at it as a volume would be looked at, and the same card in memory.
#![allow(dead_code, reason = "each test program uses its part")]

use checkgate_camera::{CardEntry, CardFiles, ReadSeek};
use checkgate_model::RelPath;
use std::path::{Path, PathBuf};

/// A card in a folder, listed as a volume would list it.
pub(crate) struct FolderCard {
    root: PathBuf,
    entries: Vec<CardEntry>,
    empty: Vec<RelPath>,
}

impl FolderCard {
    pub(crate) fn open(root: &Path) -> Self {
        let mut card = Self { root: root.to_owned(), entries: Vec::new(), empty: Vec::new() };
        card.list(root);
        card.entries.sort_by(|a, b| a.path.cmp(&b.path));
        card
    }

    fn rel(&self, path: &Path) -> RelPath {
        RelPath::new(path.strip_prefix(&self.root).unwrap().to_str().unwrap()).unwrap()
    }

    fn list(&mut self, folder: &Path) {
        let paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        if paths.is_empty() {
            self.empty.push(self.rel(folder));
        }
        for path in paths {
            if path.is_dir() {
                self.list(&path);
            } else {
                self.entries.push(CardEntry { path: self.rel(&path), size_bytes: path.metadata().unwrap().len() });
            }
        }
    }
}

impl CardFiles for FolderCard {
    fn label(&self) -> Option<&str> {
        None
    }
    fn entries(&self) -> &[CardEntry] {
        &self.entries
    }
    fn empty_folders(&self) -> &[RelPath] {
        &self.empty
    }
    fn open(&self, path: &RelPath) -> std::io::Result<Box<dyn ReadSeek + '_>> {
        Ok(Box::new(std::fs::File::open(self.root.join(path.as_str()))?))
    }
}

/// A forged card held in memory, so that its bytes can be spoilt.
pub(crate) struct MemoryCard {
    entries: Vec<CardEntry>,
    files: Vec<Vec<u8>>,
}

impl MemoryCard {
    pub(crate) fn read(card: &FolderCard) -> Self {
        let read = |entry: &CardEntry| std::fs::read(card.root.join(entry.path.as_str())).unwrap();
        Self { entries: card.entries.clone(), files: card.entries.iter().map(read).collect() }
    }

    /// The file at that place, to be changed; its listed size follows.
    pub(crate) fn change(&mut self, place: usize, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.files[place]);
        self.entries[place].size_bytes = self.files[place].len() as u64;
    }
}

impl CardFiles for MemoryCard {
    fn label(&self) -> Option<&str> {
        None
    }
    fn entries(&self) -> &[CardEntry] {
        &self.entries
    }
    fn empty_folders(&self) -> &[RelPath] {
        &[]
    }
    fn open(&self, path: &RelPath) -> std::io::Result<Box<dyn ReadSeek + '_>> {
        let place = self.entries.iter().position(|entry| entry.path == *path).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(Box::new(std::io::Cursor::new(self.files[place].as_slice())))
    }
}
