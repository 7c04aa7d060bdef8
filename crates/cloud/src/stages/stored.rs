//! Owns a package seen as a card: the same recognition and parsers as on the workstation read it by ranges out of the object
//! store, without fetching whole files. Only for blocking threads.

use crate::keys::PackageKeys;
use crate::objects::Objects;
use bytes::Bytes;
use checkgate_camera::{CardEntry, CardFiles, ReadSeek};
use checkgate_model::RelPath;
use object_store::ObjectStoreExt;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use tokio::runtime::Handle;

/// Bytes fetched around a read: parsers jump, and then read a little.
const WINDOW_BYTES: u64 = 256 * 1024;

/// A package as a card.
pub(super) struct StoredCard {
    pub(super) objects: Objects,
    pub(super) keys: PackageKeys,
    pub(super) runtime: Handle,
    pub(super) entries: Vec<CardEntry>,
    pub(super) empty_folders: Vec<RelPath>,
    pub(super) sizes: BTreeMap<RelPath, u64>,
}

impl CardFiles for StoredCard {
    fn label(&self) -> Option<&str> {
        None
    }

    fn entries(&self) -> &[CardEntry] {
        &self.entries
    }

    fn empty_folders(&self) -> &[RelPath] {
        &self.empty_folders
    }

    fn open(&self, path: &RelPath) -> io::Result<Box<dyn ReadSeek + '_>> {
        let size_bytes = *self.sizes.get(path).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, path.to_string()))?;
        Ok(Box::new(ObjectReader {
            card: self,
            key: self.keys.media(path),
            size_bytes,
            position: 0,
            window_start: 0,
            window: Bytes::new(),
        }))
    }
}

struct ObjectReader<'a> {
    card: &'a StoredCard,
    key: object_store::path::Path,
    size_bytes: u64,
    position: u64,
    window_start: u64,
    window: Bytes,
}

impl Read for ObjectReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size_bytes || buffer.is_empty() {
            return Ok(0);
        }
        let inside = self.position.checked_sub(self.window_start).filter(|offset| *offset < self.window.len() as u64);
        let offset = match inside {
            Some(offset) => offset,
            None => {
                let end = self.position.saturating_add(WINDOW_BYTES).min(self.size_bytes);
                let range = self.position..end;
                let fetched = self.card.runtime.block_on(self.card.objects.store().get_range(&self.key, range));
                self.window = fetched.map_err(io::Error::other)?;
                self.window_start = self.position;
                if self.window.is_empty() {
                    return Ok(0);
                }
                0
            }
        };
        let available = &self.window[usize::try_from(offset).map_err(io::Error::other)?..];
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for ObjectReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a position before the start"))?;
        Ok(self.position)
    }
}
