//! Owns sources: a card, a magazine, a folder that stands for one. Read-only by type: no function here or on these types
//! writes, creates, renames or removes (invariant 2). Every file is opened below the root through handles, links refused.

use crate::errno::{self, IoKind, io_kind};
use crate::folder::{self, Folder, FolderKey};
use crate::listing::{self, Listing, WalkError};
use crate::mounts::{self, ListVolumesError, Volume};
use crate::read_back::{Depth, Origin, ReadBack};
use checkgate_model::{ErrorCode, RelPath, Timestamp, VolumeId};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pages already read are handed back to the system in steps of this size, so that one card does not evict everything else.
const FORGET_EVERY_BYTES: u64 = 16 << 20;

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenSourceError {
    /// There is no such folder.
    #[error("there is nothing at {path}", path = path.display())]
    NotFound {
        /// Asked for.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// It is a file or a device.
    #[error("{path} is not a folder", path = path.display())]
    NotAFolder {
        /// Asked for.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot open {path}", path = path.display())]
    Unreadable {
        /// Asked for.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The volume below it cannot be told.
    #[error(transparent)]
    Volume(#[from] ListVolumesError),
}

impl OpenSourceError {
    /// Code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::NotAFolder { .. } => ErrorCode::BadRequest,
            Self::Unreadable { source, .. } => errno::read_code(source),
            Self::Volume(error) => error.code(),
        }
    }
}

/// Why a file on a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadSourceError {
    /// The card is gone.
    #[error("cannot read {path}: {root} is gone", root = root.display())]
    Gone {
        /// Root of the source.
        root: PathBuf,
        /// File asked for.
        path: RelPath,
    },
    /// No such file.
    #[error("{path} is not on {root}", root = root.display())]
    NotFound {
        /// Root of the source.
        root: PathBuf,
        /// File asked for.
        path: RelPath,
    },
    /// A link or another mount lies on the way.
    #[error("{path} leads out of {root} and is not followed", root = root.display())]
    LeavesRoot {
        /// Root of the source.
        root: PathBuf,
        /// File asked for.
        path: RelPath,
    },
    /// The system or the device refused.
    #[error("cannot read {path} on {root}", root = root.display())]
    Unreadable {
        /// Root of the source.
        root: PathBuf,
        /// File asked for.
        path: RelPath,
        /// Cause.
        #[source]
        source: io::Error,
    },
}

impl ReadSourceError {
    /// Code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Gone { .. } => ErrorCode::SourceGone,
            Self::NotFound { .. } | Self::LeavesRoot { .. } | Self::Unreadable { .. } => ErrorCode::SourceUnreadable,
        }
    }
}

/// What tells one card from another as far as the volume knows; file names and camera ids are for others to add. A reader's
/// serial number is not the card's, and the volume id changes when a camera formats the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceIdentity {
    /// File-system id.
    pub volume: VolumeId,
    /// Label.
    pub label: String,
    /// File system, e.g. `exfat`.
    pub file_system: String,
    /// Capacity.
    pub total_bytes: u64,
    /// Physical device, as far as known.
    pub device_identity: Option<String>,
}

/// A source that is open for reading. Cheap to clone. While one is held the system refuses to unmount the volume.
#[derive(Debug, Clone)]
pub struct Source {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    folder: Folder,
    key: FolderKey,
    volume: Volume,
}

impl Inner {
    fn is_present(&self) -> bool {
        folder::key_at(&self.root).is_ok_and(|key| key == self.key) && mounts::device_is_present(self.key)
    }
}

impl Source {
    /// Opens the folder `root`, which may be reached through links; below it none is followed.
    pub fn open(root: &Path) -> Result<Self, OpenSourceError> {
        let sort = |source: io::Error| {
            let path = root.to_path_buf();
            match source.kind() {
                io::ErrorKind::NotFound => OpenSourceError::NotFound { path, source },
                io::ErrorKind::NotADirectory => OpenSourceError::NotAFolder { path },
                _ => OpenSourceError::Unreadable { path, source },
            }
        };
        let root = root.canonicalize().map_err(sort)?;
        let folder = Folder::open_root(&root).map_err(sort)?;
        let key = folder.key().map_err(sort)?;
        let volume = mounts::volume_of(&root)?;
        Ok(Self { inner: Arc::new(Inner { root, folder, key, volume }) })
    }

    /// The root, without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// The volume as it was when the source was opened.
    #[must_use]
    pub fn volume(&self) -> &Volume {
        &self.inner.volume
    }

    /// What tells this card from another.
    #[must_use]
    pub fn identity(&self) -> SourceIdentity {
        let volume = &self.inner.volume;
        SourceIdentity {
            volume: volume.id.clone(),
            label: volume.label.clone(),
            file_system: volume.file_system.clone(),
            total_bytes: volume.total_bytes,
            device_identity: volume.device_identity.clone(),
        }
    }

    /// Whether the root is still the same folder on the same mount and its device is still attached.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.inner.is_present()
    }

    /// Lists everything on the source.
    pub fn walk(&self) -> Result<Listing, WalkError> {
        let inner = &self.inner;
        if !inner.is_present() {
            return Err(WalkError::Gone { root: inner.root.clone() });
        }
        listing::walk(&inner.folder, &inner.root, &|| inner.is_present())
    }

    /// Opens a file for one sequential read through the system's cache.
    pub fn open_file(&self, path: &RelPath) -> Result<SourceReader, ReadSourceError> {
        let file = self.inner.folder.open_file(path, false).map_err(|error| self.sort(path, error))?;
        let found = file.metadata().map_err(|error| self.sort(path, error))?;
        folder::advise_sequential(&file);
        let modified = found.modified().ok().and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(SourceReader {
            file,
            source: Arc::clone(&self.inner),
            size_bytes: found.len(),
            modified,
            offset: 0,
            forgotten: 0,
            forget: true,
        })
    }

    /// Opens a file for the second read that shows whether card, reader and cable give the same bytes again: past the
    /// system's cache where the file system can.
    pub fn read_again(&self, path: &RelPath) -> Result<ReadBack, ReadSourceError> {
        if !self.is_present() {
            return Err(ReadSourceError::Gone { root: self.inner.root.clone(), path: path.clone() });
        }
        ReadBack::open(&self.inner.folder, &self.inner.volume, path, Depth::Device, Origin::Source)
            .map_err(|error| self.sort(path, error))
    }

    fn sort(&self, path: &RelPath, source: io::Error) -> ReadSourceError {
        let (root, path) = (self.inner.root.clone(), path.clone());
        if io_kind(&source) == IoKind::Gone || !self.is_present() {
            ReadSourceError::Gone { root, path }
        } else if folder::leaves_root(&source) {
            ReadSourceError::LeavesRoot { root, path }
        } else if source.kind() == io::ErrorKind::NotFound {
            ReadSourceError::NotFound { root, path }
        } else {
            ReadSourceError::Unreadable { root, path, source }
        }
    }
}

/// A file on a source, open for reading. An error of its `Read` tells a vanished card from a bad block: see
/// [`crate::read_code`].
#[derive(Debug)]
pub struct SourceReader {
    file: File,
    source: Arc<Inner>,
    size_bytes: u64,
    modified: Timestamp,
    offset: u64,
    forgotten: u64,
    forget: bool,
}

impl SourceReader {
    /// Size when it was opened.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Time of last modification.
    #[must_use]
    pub const fn modified(&self) -> Timestamp {
        self.modified
    }

    /// Keeps what was read in the system's cache: for parsers that go back and forth over a header.
    #[must_use]
    pub const fn keep_cached(mut self) -> Self {
        self.forget = false;
        self
    }
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Ok(count) => {
                self.offset += count as u64;
                if self.forget
                    && (self.offset >= self.forgotten + FORGET_EVERY_BYTES || (count == 0 && self.offset > self.forgotten))
                {
                    folder::advise_forget(&self.file, self.forgotten, self.offset - self.forgotten);
                    self.forgotten = self.offset;
                }
                Ok(count)
            }
            // A pulled card answers with the same number as a bad block.
            Err(error) if error.kind() != io::ErrorKind::Interrupted && !self.source.is_present() => Err(errno::gone()),
            Err(error) => Err(error),
        }
    }
}

impl Seek for SourceReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.offset = self.file.seek(position)?;
        self.forgotten = self.offset;
        Ok(self.offset)
    }
}
