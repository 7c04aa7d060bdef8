//! Owns folders on systems without Unix calls, with the standard library alone. Says less than the Unix module and promises
//! less: links are refused by looking at every component before opening, which a program that swaps a folder in between can
//! defeat; folders cannot be made durable or locked as such. No offload has been run on such a system yet.

use checkgate_model::{RelPath, Timestamp};
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A folder, known by its path.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Symlink,
    Special,
}

/// Facts about a name, without following links.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) size_bytes: u64,
    pub(crate) modified: Timestamp,
    pub(crate) mount: u64,
}

/// Number made from the path without links: no device and inode can be had here.
pub(crate) type FolderKey = (u64, u64);

/// Room on a volume; not told by the standard library, so always zero, which callers take as "not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) total_bytes: u64,
    pub(crate) free_bytes: u64,
    pub(crate) cluster_bytes: u64,
}

impl Folder {
    pub(crate) fn open_root(path: &Path) -> io::Result<Self> {
        if !std::fs::metadata(path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path: path.to_path_buf() })
    }

    pub(crate) fn reopen(&self) -> io::Result<Self> {
        Self::open_root(&self.path)
    }

    fn below(&self, path: &RelPath) -> io::Result<PathBuf> {
        let mut whole = self.path.clone();
        for name in path.components() {
            // A name may hold what this system takes for a separator or a drive.
            if name.contains(['\\', ':']) {
                return Err(io::ErrorKind::InvalidFilename.into());
            }
            whole.push(name);
            if std::fs::symlink_metadata(&whole)?.file_type().is_symlink() {
                return Err(io::ErrorKind::CrossesDevices.into());
            }
        }
        Ok(whole)
    }

    pub(crate) fn open_below(&self, path: &RelPath) -> io::Result<Self> {
        Self::open_root(&self.below(path)?)
    }

    pub(crate) fn open_child(&self, name: &OsStr) -> io::Result<Self> {
        let whole = self.path.join(name);
        if std::fs::symlink_metadata(&whole)?.file_type().is_symlink() {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        Self::open_root(&whole)
    }

    pub(crate) fn open_parent<'a>(&self, path: &'a RelPath) -> io::Result<(Self, &'a str)> {
        let folder = match path.parent() {
            Some(parent) => self.open_below(&parent)?,
            None => self.reopen()?,
        };
        Ok((folder, path.file_name()))
    }

    pub(crate) fn open_file(&self, path: &RelPath, past_cache: bool) -> io::Result<File> {
        let path = self.below(path)?;
        let file = if past_cache { open_unbuffered(&path)? } else { File::open(path)? };
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = std::fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    pub(crate) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        match std::fs::symlink_metadata(self.path.join(name)) {
            Ok(found) => {
                let kind = match found.file_type() {
                    kind if kind.is_file() => Kind::File,
                    kind if kind.is_dir() => Kind::Folder,
                    kind if kind.is_symlink() => Kind::Symlink,
                    _ => Kind::Special,
                };
                let modified =
                    found.modified().ok().and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
                Ok(Some(Facts { kind, size_bytes: found.len(), modified, mount: 0 }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn mount(&self) -> io::Result<u64> {
        Ok(0)
    }

    pub(crate) fn key(&self) -> io::Result<FolderKey> {
        key_at(&self.path)
    }

    pub(crate) fn make_folder(&self, name: &str) -> io::Result<bool> {
        match std::fs::create_dir(self.path.join(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn create_file(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.path.join(name))
    }

    pub(crate) fn open_writable(&self, name: &str) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).open(self.path.join(name))?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    pub(crate) fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        // A hard link refuses an existing name atomically; FAT has none, and there only the destination's lock protects.
        match std::fs::hard_link(self.path.join(from), self.path.join(to)) {
            Ok(()) => return std::fs::remove_file(self.path.join(from)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        if self.facts(to.as_ref())?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    pub(crate) fn link_new(&self, from: &str, to: &str) -> io::Result<bool> {
        match std::fs::hard_link(self.path.join(from), self.path.join(to)) {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => Err(error),
            Err(_) => Ok(false),
        }
    }

    pub(crate) fn rename_over(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    pub(crate) fn remove_folder(&self, name: &str) -> io::Result<()> {
        std::fs::remove_dir(self.path.join(name))
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn sync_file_system(&self) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    pub(crate) fn try_lock(&self) -> io::Result<Option<bool>> {
        Ok(None)
    }

    pub(crate) fn space(&self) -> io::Result<Space> {
        space_at(&self.path)
    }

    pub(crate) fn is_writable(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| !found.permissions().readonly())
    }
}

pub(crate) fn space_at(path: &Path) -> io::Result<Space> {
    std::fs::metadata(path)?;
    Ok(Space { total_bytes: 0, free_bytes: 0, cluster_bytes: 4096 })
}

pub(crate) fn key_at(path: &Path) -> io::Result<FolderKey> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    path.canonicalize()?.to_string_lossy().to_lowercase().hash(&mut hasher);
    Ok((0, hasher.finish()))
}

pub(crate) fn set_modified(file: &File, modified: Timestamp) -> io::Result<()> {
    file.set_modified(modified.into())
}

pub(crate) fn reserve(_file: &File, _size_bytes: u64) -> io::Result<bool> {
    Ok(false)
}

pub(crate) fn syncs_together(_file_system: &str) -> bool {
    false
}

pub(crate) fn open_direct_writer(
    _folder: &Folder,
    _name: &str,
    _file: &File,
    _volume: &crate::mounts::Volume,
) -> Option<(File, usize)> {
    None
}

/// `FILE_FLAG_NO_BUFFERING`: reads go past the system's cache, in whole sectors from and into aligned places.
#[cfg(windows)]
fn open_unbuffered(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    const FILE_FLAG_NO_BUFFERING: u32 = 0x2000_0000;
    OpenOptions::new().read(true).custom_flags(FILE_FLAG_NO_BUFFERING).open(path)
}

#[cfg(not(windows))]
fn open_unbuffered(_path: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn advise_sequential(_file: &File) {}

pub(crate) fn advise_forget(_file: &File, _offset: u64, _length_bytes: u64) {}

pub(crate) fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.read(buffer)
}

pub(crate) fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

pub(crate) fn leaves_root(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::CrossesDevices
}
