//! Owns destinations: folders that copies are published to. A name appears only when its bytes are whole and durable
//! (temporary name, fsync, rename without replacing, fsync of the folder: invariant 5). Must never overwrite or delete
//! media: a corrupt copy is renamed, and only our own temporary files are ever removed (invariant 2).

use crate::errno::{self, IoKind, io_kind};
use crate::folder::{self, Folder, FolderKey, Kind};
use crate::listing::{self, Listing, WalkError};
use crate::mounts::{self, ListVolumesError, Volume};
use crate::partial::{self, PartialFile, WrittenFile};
use crate::read_back::{Depth, Origin, ReadBack};
use checkgate_model::{ErrorCode, RelPath, Timestamp};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Name of the lock file, used only where a folder itself cannot be locked (NFS).
pub(crate) const LOCK_NAME: &str = ".checkgate-lock";
/// How many corrupt copies of one file are kept apart before a person has to look.
pub(crate) const MOST_CORRUPT: u32 = 1000;

/// Why something on a destination failed.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// There is no such folder or file.
    #[error("there is nothing at {path}", path = path.display())]
    NotFound {
        /// Asked for.
        path: PathBuf,
    },
    /// It is a file, a link or a device where a folder should be.
    #[error("{path} is not a folder", path = path.display())]
    NotAFolder {
        /// Asked for.
        path: PathBuf,
    },
    /// Something with this name is there already.
    #[error("{path} exists already and is not overwritten", path = path.display())]
    Occupied {
        /// The name.
        path: PathBuf,
    },
    /// The volume has no space left.
    #[error("no space left for {path} ({needed_bytes} bytes)", path = path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
        /// Its size.
        needed_bytes: u64,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The volume went away.
    #[error("{root} is gone: the volume is no longer there", root = root.display())]
    Gone {
        /// Root of the destination.
        root: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The volume takes no writes.
    #[error("{path} cannot be written: the volume is read-only", path = path.display())]
    ReadOnly {
        /// What was being written.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// Somebody else writes here.
    #[error("another process writes to {root}", root = root.display())]
    Busy {
        /// Root of the destination.
        root: PathBuf,
    },
    /// A link or another mount lies on the way.
    #[error("{path} leads out of the destination and is not followed", path = path.display())]
    LeavesRoot {
        /// Asked for.
        path: PathBuf,
    },
    /// The name is one that Checkgate gives to its own unfinished or corrupt files.
    #[error("{path} has a name that Checkgate keeps for its own temporary files", path = path.display())]
    ReservedName {
        /// Asked for.
        path: PathBuf,
    },
    /// Publishing a file that is not whole.
    #[error("{path} has {written_bytes} of {expected_bytes} bytes and is not published", path = path.display())]
    Incomplete {
        /// File.
        path: PathBuf,
        /// Bytes promised.
        expected_bytes: u64,
        /// Bytes written.
        written_bytes: u64,
    },
    /// Too large to be read into memory.
    #[error("{path} has more than {max_bytes} bytes", path = path.display())]
    TooLarge {
        /// File.
        path: PathBuf,
        /// Bound.
        max_bytes: u64,
    },
    /// The system or the device refused.
    #[error("cannot {what} {path}", path = path.display())]
    Failed {
        /// What was tried, e.g. `write`.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The volume below it cannot be told.
    #[error(transparent)]
    Volume(#[from] ListVolumesError),
}

impl DestinationError {
    /// Code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::NotAFolder { .. } | Self::Occupied { .. } | Self::ReservedName { .. } => ErrorCode::DestinationOccupied,
            Self::Full { .. } => ErrorCode::DestinationFull,
            Self::Busy { .. } => ErrorCode::Busy,
            Self::LeavesRoot { .. } => ErrorCode::DestinationUnsafe,
            Self::Gone { .. } | Self::ReadOnly { .. } | Self::Incomplete { .. } | Self::TooLarge { .. } => {
                ErrorCode::DestinationFailed
            }
            Self::Failed { source, .. } => errno::write_code(source),
            Self::Volume(error) => error.code(),
        }
    }
}

/// A regular file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExistingFile {
    /// Size.
    pub size_bytes: u64,
    /// Time of last modification.
    pub modified: Timestamp,
}

/// Whether a small file may replace an older one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Refuse if the name is taken.
    Never,
    /// Replace in one step: a reader sees the old bytes or the new ones.
    Yes,
}

/// A file that is whole, durable and has its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Path below the destination.
    pub path: RelPath,
    /// Size.
    pub size_bytes: u64,
}

/// A folder that copies are published to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Destination {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) root: PathBuf,
    pub(crate) folder: Folder,
    pub(crate) volume: Volume,
    key: FolderKey,
    /// The folder of the last file that was begun: files come folder by folder, and each would ask for the way again.
    last_folder: Mutex<Option<(RelPath, Arc<Folder>)>>,
    syncs_together: bool,
}

impl Inner {
    pub(crate) fn is_present(&self) -> bool {
        folder::key_at(&self.root).is_ok_and(|key| key == self.key) && mounts::device_is_present(self.key)
    }

    pub(crate) fn shown(&self, path: &RelPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Sorts an I/O error into what it means here.
    pub(crate) fn sort(&self, what: &'static str, path: &RelPath, needed_bytes: u64, source: io::Error) -> DestinationError {
        let shown = self.shown(path);
        match io_kind(&source) {
            IoKind::Full => DestinationError::Full { path: shown, needed_bytes, source },
            IoKind::ReadOnly if self.is_present() => DestinationError::ReadOnly { path: shown, source },
            IoKind::Gone => DestinationError::Gone { root: self.root.clone(), source },
            _ if !self.is_present() => DestinationError::Gone { root: self.root.clone(), source },
            _ if folder::leaves_root(&source) => DestinationError::LeavesRoot { path: shown },
            _ => match source.kind() {
                io::ErrorKind::AlreadyExists => DestinationError::Occupied { path: shown },
                io::ErrorKind::NotFound => DestinationError::NotFound { path: shown },
                io::ErrorKind::NotADirectory => DestinationError::NotAFolder { path: shown },
                _ => DestinationError::Failed { what, path: shown, source },
            },
        }
    }
}

/// Held by the one writer of a destination; released when dropped, also by the system if the process dies.
#[derive(Debug)]
pub struct DestinationLock {
    /// The lock belongs to this handle.
    _held: Folder,
    lock_file: Option<(Arc<Inner>, std::fs::File)>,
}

impl Drop for DestinationLock {
    fn drop(&mut self) {
        if let Some((inner, _held)) = &self.lock_file
            && let Err(error) = inner.folder.remove_file(LOCK_NAME)
        {
            tracing::warn!(root = %inner.root.display(), %error, "cannot remove the lock file");
        }
    }
}

impl Destination {
    /// Opens the folder `root`, making it and its parents if they are missing.
    pub fn create(root: &Path) -> Result<Self, DestinationError> {
        let is_new = !root.is_dir();
        std::fs::create_dir_all(root).map_err(|source| {
            let path = root.to_path_buf();
            match io_kind(&source) {
                IoKind::Full => DestinationError::Full { path, needed_bytes: 0, source },
                IoKind::ReadOnly => DestinationError::ReadOnly { path, source },
                _ if matches!(source.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory) => {
                    DestinationError::NotAFolder { path }
                }
                _ => DestinationError::Failed { what: "create", path, source },
            }
        })?;
        if is_new && let Some(parent) = root.parent() {
            // The name of the root must outlast a power cut as those in it do.
            let synced = Folder::open_root(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
                .and_then(|folder| folder.sync());
            synced.map_err(|source| DestinationError::Failed { what: "make durable", path: root.to_path_buf(), source })?;
        }
        Self::open(root)
    }

    /// Opens the folder `root`, which must exist. It may be reached through links; below it none is followed.
    pub fn open(root: &Path) -> Result<Self, DestinationError> {
        let sort = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => DestinationError::NotFound { path: root.to_path_buf() },
            io::ErrorKind::NotADirectory => DestinationError::NotAFolder { path: root.to_path_buf() },
            _ => DestinationError::Failed { what: "open", path: root.to_path_buf(), source },
        };
        let root = root.canonicalize().map_err(sort)?;
        let folder = Folder::open_root(&root).map_err(sort)?;
        let key = folder.key().map_err(sort)?;
        let volume = mounts::volume_of(&root)?;
        let syncs_together = folder::syncs_together(&volume.file_system);
        let last_folder = Mutex::new(None);
        Ok(Self { inner: Arc::new(Inner { root, folder, volume, key, last_folder, syncs_together }) })
    }

    /// The root, without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// The volume as it was when the destination was opened.
    #[must_use]
    pub fn volume(&self) -> &Volume {
        &self.inner.volume
    }

    /// Space that is free now.
    pub fn free_bytes(&self) -> Result<u64, DestinationError> {
        match self.inner.folder.space() {
            Ok(space) => Ok(space.free_bytes),
            Err(source) => Err(DestinationError::Failed { what: "measure", path: self.inner.root.clone(), source }),
        }
    }

    /// Whether the root is still the same folder on the same mount and its device is still attached.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.inner.is_present()
    }

    /// Takes the destination for one writer (invariant 4). Fails with [`ErrorCode::Busy`] if another process, or another lock
    /// of this one, holds it.
    pub fn lock(&self) -> Result<DestinationLock, DestinationError> {
        let failed = |source| DestinationError::Failed { what: "lock", path: self.inner.root.clone(), source };
        let busy = || DestinationError::Busy { root: self.inner.root.clone() };
        let held = self.inner.folder.reopen().map_err(failed)?;
        match held.try_lock().map_err(failed)? {
            Some(true) => Ok(DestinationLock { _held: held, lock_file: None }),
            Some(false) => Err(busy()),
            None => {
                let file = match held.create_file(LOCK_NAME) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => held.open_writable(LOCK_NAME),
                    other => other,
                }
                .map_err(failed)?;
                match file.try_lock() {
                    Ok(()) => Ok(DestinationLock { _held: held, lock_file: Some((Arc::clone(&self.inner), file)) }),
                    Err(std::fs::TryLockError::WouldBlock) => Err(busy()),
                    Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
                }
            }
        }
    }

    /// Makes a folder and its parents, durably. A folder that exists is fine; a file or link in its place is not.
    pub fn create_folder(&self, path: &RelPath) -> Result<(), DestinationError> {
        self.make_folder(path).map(|_| ())
    }

    fn make_folder(&self, path: &RelPath) -> Result<Folder, DestinationError> {
        let inner = &self.inner;
        match inner.folder.open_below(path) {
            Ok(folder) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(inner.sort("open", path, 0, error)),
        }
        let mut folder = inner.folder.reopen().map_err(|error| inner.sort("open", path, 0, error))?;
        for name in path.components() {
            if folder.make_folder(name).map_err(|error| inner.sort("create", path, 0, error))? {
                folder.sync().map_err(|error| inner.sort("make durable", path, 0, error))?;
            }
            folder = folder.open_child(name.as_ref()).map_err(|error| inner.sort("open", path, 0, error))?;
        }
        Ok(folder)
    }

    pub(crate) fn folder_for(&self, path: &RelPath) -> Result<Arc<Folder>, DestinationError> {
        let Some(parent) = path.parent() else {
            return self.inner.folder.reopen().map(Arc::new).map_err(|error| self.inner.sort("open", path, 0, error));
        };
        let mut last = self.inner.last_folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, folder)) = &*last
            && *known == parent
        {
            return Ok(Arc::clone(folder));
        }
        let folder = Arc::new(self.make_folder(&parent)?);
        *last = Some((parent, Arc::clone(&folder)));
        Ok(folder)
    }

    pub(crate) fn refuse_reserved(&self, path: &RelPath) -> Result<(), DestinationError> {
        if partial::is_reserved(path.file_name()) {
            return Err(DestinationError::ReservedName { path: self.inner.shown(path) });
        }
        Ok(())
    }

    /// Begins a file of `size_bytes` under its temporary name beside the final one, reserving the space where the file system
    /// can. Refuses if the final name is taken. A leftover of an earlier attempt is begun anew.
    pub fn begin(&self, path: &RelPath, size_bytes: u64) -> Result<PartialFile, DestinationError> {
        self.refuse_reserved(path)?;
        let folder = self.folder_for(path)?;
        PartialFile::begin(&self.inner, folder, path, size_bytes)
    }

    /// Whether many files can be made durable by one call, so that [`Self::publish_all`] is worth waiting for.
    #[must_use]
    pub fn syncs_together(&self) -> bool {
        self.inner.syncs_together
    }

    /// Publishes files together, in their order: one sync for all their data, then all names, then one sync for the names. Each
    /// is answered for; where a sync fails, none of them counts as published. Only where [`Self::syncs_together`] says so.
    pub fn publish_all(&self, mut files: Vec<WrittenFile>) -> Vec<Result<Published, DestinationError>> {
        let mut answers: Vec<Result<(), DestinationError>> = files.iter().map(|_| Ok(())).collect();
        let settle = |files: &[WrittenFile], answers: &mut Vec<Result<(), DestinationError>>, synced: io::Result<()>| {
            let Err(error) = synced else { return };
            for (file, answer) in files.iter().zip(answers).filter(|(_, answer)| answer.is_ok()) {
                *answer = Err(file.sort("make durable", errno::again(&error)));
            }
        };
        settle(&files, &mut answers, self.inner.folder.sync_file_system());
        for (file, answer) in files.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_ok()) {
            *answer = file.give_name();
        }
        let one_folder = files.windows(2).all(|two| Arc::ptr_eq(two[0].folder(), two[1].folder()));
        let named = match files.first() {
            Some(first) if one_folder => first.folder().sync(),
            Some(_) => self.inner.folder.sync_file_system(),
            None => Ok(()),
        };
        settle(&files, &mut answers, named);
        files
            .iter()
            .zip(answers)
            .map(|(file, answer)| answer.map(|()| Published { path: file.path().clone(), size_bytes: file.size_bytes() }))
            .collect()
    }

    /// Opens the leftover of an earlier attempt at `path` to go on with it; `None` if there is none. What it holds is as
    /// trustworthy as the drive was when the attempt ended: hash it again before going on.
    pub fn resume(&self, path: &RelPath, size_bytes: u64) -> Result<Option<PartialFile>, DestinationError> {
        self.refuse_reserved(path)?;
        PartialFile::resume(&self.inner, path, size_bytes)
    }

    /// The file at `path`; `None` if there is nothing. Anything but a regular file is an error.
    pub fn existing(&self, path: &RelPath) -> Result<Option<ExistingFile>, DestinationError> {
        let inner = &self.inner;
        let (folder, name) = match inner.folder.open_parent(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound && inner.is_present() => return Ok(None),
            Err(error) => return Err(inner.sort("look at", path, 0, error)),
        };
        match folder.facts(name.as_ref()).map_err(|error| inner.sort("look at", path, 0, error))? {
            None => Ok(None),
            Some(facts) if facts.kind == Kind::File => {
                Ok(Some(ExistingFile { size_bytes: facts.size_bytes, modified: facts.modified }))
            }
            Some(_) => Err(DestinationError::Occupied { path: inner.shown(path) }),
        }
    }

    /// Everything that lies here now, by the same rules as on a source.
    pub fn walk(&self) -> Result<Listing, WalkError> {
        let inner = &self.inner;
        if !inner.is_present() {
            return Err(WalkError::Gone { root: inner.root.clone() });
        }
        listing::walk(&inner.folder, &inner.root, &|| inner.is_present())
    }

    /// Temporary files of earlier attempts, with their temporary names.
    pub fn partials(&self) -> Result<Vec<RelPath>, DestinationError> {
        let listing = self.walk().map_err(|error| match error {
            WalkError::Gone { root } => DestinationError::Gone { root, source: errno::gone() },
            WalkError::Root { root, source } => DestinationError::Failed { what: "list", path: root, source },
        })?;
        Ok(listing.files.into_iter().map(|file| file.path).filter(|path| partial::is_partial(path.file_name())).collect())
    }

    /// Removes the temporary files of earlier attempts, and says which. To be called by the holder of the lock only.
    pub fn discard_partials(&self) -> Result<Vec<RelPath>, DestinationError> {
        let partials = self.partials()?;
        for path in &partials {
            let (folder, name) = self.inner.folder.open_parent(path).map_err(|error| self.inner.sort("open", path, 0, error))?;
            folder.remove_file(name).map_err(|error| self.inner.sort("remove", path, 0, error))?;
        }
        Ok(partials)
    }

    /// Publishes several small files as one new folder: it appears with all of them or not at all. A leftover of an earlier
    /// attempt is begun anew.
    pub fn publish_folder(&self, path: &RelPath, files: &[(&str, &[u8])]) -> Result<(), DestinationError> {
        let inner = &self.inner;
        let sort = |what, error| inner.sort(what, path, 0, error);
        self.refuse_reserved(path)?;
        let name = path.file_name();
        let temporary = partial::partial_name(name);
        let parent = self.folder_for(path)?;
        if parent.facts(name.as_ref()).map_err(|error| sort("look at", error))?.is_some() {
            return Err(DestinationError::Occupied { path: inner.shown(path) });
        }
        self.discard_in(&parent, &temporary).map_err(|error| sort("remove", error))?;
        let aside = partial::beside(path, &temporary).map_err(|error| sort("name", error))?;
        for (file, bytes) in files {
            let below = aside.join(file).map_err(|error| sort("name", io::Error::new(io::ErrorKind::InvalidFilename, error)))?;
            self.publish_bytes(&below, bytes, Replace::Never)?;
        }
        parent.rename_new(&temporary, name).map_err(|error| sort("publish", error))?;
        parent.sync().map_err(|error| sort("make durable", error))
    }

    /// Gives a file another name in its folder; that name must be free.
    pub fn rename(&self, path: &RelPath, name: &str) -> Result<(), DestinationError> {
        let sort = |error| self.inner.sort("rename", path, 0, error);
        let (folder, old) = self.inner.folder.open_parent(path).map_err(sort)?;
        folder.rename_new(old, name).map_err(sort)?;
        folder.sync().map_err(sort)
    }

    /// Removes a file of ours that only exists while something is being written ([`crate::is_working_name`]); that it is not
    /// there is fine.
    pub fn discard(&self, path: &RelPath) -> Result<(), DestinationError> {
        let sort = |error| self.inner.sort("remove", path, 0, error);
        if !partial::is_working_name(path.file_name()) {
            return Err(DestinationError::ReservedName { path: self.inner.shown(path) });
        }
        let (folder, name) = self.inner.folder.open_parent(path).map_err(sort)?;
        self.discard_in(&folder, name).map_err(sort)
    }

    /// A working file, or a working folder with the files in it.
    fn discard_in(&self, folder: &Folder, name: &str) -> io::Result<()> {
        match folder.facts(name.as_ref())? {
            None => Ok(()),
            Some(facts) if facts.kind == Kind::Folder => {
                let inside = folder.open_child(name.as_ref())?;
                for file in inside.names()? {
                    let Some(file) = file.to_str() else { continue };
                    inside.remove_file(file)?;
                }
                folder.remove_folder(name)
            }
            Some(_) => folder.remove_file(name),
        }
    }

    /// Publishes a note to ourselves under a working name, replacing an older one.
    pub fn publish_bytes_working(&self, path: &RelPath, bytes: &[u8]) -> Result<(), DestinationError> {
        if !partial::is_working_name(path.file_name()) {
            return Err(DestinationError::ReservedName { path: self.inner.shown(path) });
        }
        self.publish_bytes(path, bytes, Replace::Yes).map(|_| ())
    }

    /// Whether the system lets this process write into the root at all.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        !self.inner.volume.read_only && self.inner.folder.is_writable()
    }

    /// Publishes a small file (a manifest, a report) in one step.
    pub fn publish_bytes(&self, path: &RelPath, bytes: &[u8], replace: Replace) -> Result<Published, DestinationError> {
        self.refuse_reserved(path)?;
        let folder = self.folder_for(path)?;
        let size_bytes = bytes.len() as u64;
        let mut file = match replace {
            Replace::Never => PartialFile::begin(&self.inner, folder, path, size_bytes)?,
            Replace::Yes => PartialFile::begin_replacing(&self.inner, folder, path, size_bytes)?,
        };
        io::Write::write_all(&mut file, bytes).map_err(|error| self.inner.sort("write", path, size_bytes, error))?;
        file.publish()
    }

    /// A small file whole; fails if it has more than `max_bytes`.
    pub fn read_bytes(&self, path: &RelPath, max_bytes: u64) -> Result<Vec<u8>, DestinationError> {
        let sort = |error| self.inner.sort("read", path, 0, error);
        let file = self.inner.folder.open_file(path, false).map_err(sort)?;
        let mut bytes = Vec::new();
        file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(sort)?;
        if bytes.len() as u64 > max_bytes {
            return Err(DestinationError::TooLarge { path: self.inner.shown(path), max_bytes });
        }
        Ok(bytes)
    }

    /// Opens a file that is here, for reading through the system: for the upload and for previews, not for proof.
    pub fn open_file(&self, path: &RelPath) -> Result<std::fs::File, DestinationError> {
        self.inner.folder.open_file(path, false).map_err(|error| self.inner.sort("read", path, 0, error))
    }

    /// Reads a published file again for proof. It is made durable first.
    pub fn read_back(&self, path: &RelPath, depth: Depth) -> Result<ReadBack, DestinationError> {
        self.open_read_back(path, depth, Origin::Destination)
    }

    /// Like [`Self::read_back`] for a file that this process has published: it is durable already.
    pub fn read_back_published(&self, path: &RelPath, depth: Depth) -> Result<ReadBack, DestinationError> {
        self.open_read_back(path, depth, Origin::Published)
    }

    fn open_read_back(&self, path: &RelPath, depth: Depth, origin: Origin) -> Result<ReadBack, DestinationError> {
        ReadBack::open(&self.inner.folder, &self.inner.volume, path, depth, origin)
            .map_err(|error| self.inner.sort("read back", path, 0, error))
    }

    /// Reads the leftover of an earlier attempt at `path` from the device, to see how much of it is what it should be; `None` if
    /// there is none.
    pub fn read_leftover(&self, path: &RelPath) -> Result<Option<ReadBack>, DestinationError> {
        let temporary = partial::temporary_path(path).map_err(|error| self.inner.sort("read back", path, 0, error))?;
        match ReadBack::open(&self.inner.folder, &self.inner.volume, &temporary, Depth::Device, Origin::Destination) {
            Ok(read_back) => Ok(Some(read_back)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.inner.is_present() => Ok(None),
            Err(error) => Err(self.inner.sort("read back", path, 0, error)),
        }
    }

    /// Takes a corrupt copy out of the way: renamed to `.NAME.checkgate-corrupt`, never removed. Answers its new path.
    pub fn quarantine(&self, path: &RelPath) -> Result<RelPath, DestinationError> {
        let inner = &self.inner;
        let sort = |error| inner.sort("set aside", path, 0, error);
        let (folder, name) = inner.folder.open_parent(path).map_err(sort)?;
        for attempt in 1..=MOST_CORRUPT {
            let aside = partial::corrupt_name(name, attempt);
            match folder.rename_new(name, &aside) {
                Ok(()) => {
                    folder.sync().map_err(sort)?;
                    return partial::beside(path, &aside).map_err(sort);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(sort(error)),
            }
        }
        Err(DestinationError::Occupied { path: inner.shown(path) })
    }
}
