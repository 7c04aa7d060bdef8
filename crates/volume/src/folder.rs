//! Owns open folders on Unix: every step below a root goes through a handle, never through a path that somebody may have
//! swapped. Symbolic links are never followed and no mount below the root is entered (openat2(2) where the kernel has it,
//! one component at a time otherwise). Must never delete a folder or replace a file unless told to by name.

use checkgate_model::{RelPath, Timestamp};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    handle: OwnedFd,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Regular file.
    File,
    /// Folder.
    Folder,
    /// Symbolic link.
    Symlink,
    /// Device, socket, pipe.
    Special,
}

/// Facts about a name, without following links.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) size_bytes: u64,
    pub(crate) modified: Timestamp,
    /// Tells mounts apart: the mount's own number where the kernel gives it, else the device.
    pub(crate) mount: u64,
}

/// Device and inode: the same folder under whatever name.
pub(crate) type FolderKey = (u64, u64);

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens `path`, following links on the way: this is the root a person named.
    pub(crate) fn open_root(path: &Path) -> io::Result<Self> {
        Ok(Self { handle: rustix::fs::open(path, FOLDER, Mode::empty())? })
    }

    /// A second, independent handle to the same folder (its own lock owner).
    pub(crate) fn reopen(&self) -> io::Result<Self> {
        Ok(Self { handle: rustix::fs::openat(&self.handle, ".", FOLDER, Mode::empty())? })
    }

    /// The folder `path` below this one.
    pub(crate) fn open_below(&self, path: &RelPath) -> io::Result<Self> {
        Ok(Self { handle: self.open_path(path.as_str().as_ref(), FOLDER)? })
    }

    /// The folder `name` directly in this one.
    pub(crate) fn open_child(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self { handle: self.open_path(name, FOLDER)? })
    }

    /// The folder that holds `path`, and the last component.
    pub(crate) fn open_parent<'a>(&self, path: &'a RelPath) -> io::Result<(Self, &'a str)> {
        let folder = match path.parent() {
            Some(parent) => self.open_below(&parent)?,
            None => self.reopen()?,
        };
        Ok((folder, path.file_name()))
    }

    /// Opens a regular file for reading; never blocks on a pipe, never touches the access time where that is allowed.
    pub(crate) fn open_file(&self, path: &RelPath, past_cache: bool) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        #[cfg(target_os = "linux")]
        let flags = if past_cache { flags | OFlags::DIRECT } else { flags };
        let opened = self.open_quietly(path, flags)?;
        let file = File::from(opened);
        if !file.metadata()?.is_file() {
            return Err(Errno::INVAL.into());
        }
        #[cfg(any(target_os = "macos", target_os = "ios"))]
        if past_cache {
            rustix::fs::fcntl_nocache(&file, true)?;
        }
        #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "ios")))]
        if past_cache {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(file)
    }

    /// Reading should leave no trace on a card; the system allows that only to the owner of the file.
    fn open_quietly(&self, path: &RelPath, flags: OFlags) -> io::Result<OwnedFd> {
        #[cfg(target_os = "linux")]
        match self.open_path(path.as_str().as_ref(), flags | OFlags::NOATIME) {
            Err(error) if error.raw_os_error() == Some(Errno::PERM.raw_os_error()) => {}
            other => return other,
        }
        self.open_path(path.as_str().as_ref(), flags)
    }

    #[cfg(target_os = "linux")]
    fn open_path(&self, path: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let mut attempts = 0;
        loop {
            match rustix::fs::openat2(&self.handle, path, flags, Mode::empty(), resolve) {
                // The kernel asks for another try when a rename ran at the same moment.
                Err(Errno::AGAIN) if attempts < 16 => attempts += 1,
                // Kernels before 5.6, and containers whose filter does not know the call.
                Err(Errno::NOSYS) => return self.open_stepwise(path, flags),
                Err(Errno::PERM) if !flags.contains(OFlags::NOATIME) => return self.open_stepwise(path, flags),
                other => return Ok(other?),
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn open_path(&self, path: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
        self.open_stepwise(path, flags)
    }

    /// One component at a time, no links, no other device.
    fn open_stepwise(&self, path: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
        let device = rustix::fs::fstat(&self.handle)?.st_dev;
        let mut handle = rustix::fs::openat(&self.handle, ".", FOLDER, Mode::empty())?;
        let mut components = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(component) = components.next() {
            if component.is_empty() || component == b".." {
                return Err(Errno::XDEV.into());
            }
            let wanted = if components.peek().is_some() { FOLDER } else { flags };
            handle = rustix::fs::openat(&handle, OsStr::from_bytes(component), wanted | OFlags::NOFOLLOW, Mode::empty())?;
            if rustix::fs::fstat(&handle)?.st_dev != device {
                return Err(Errno::XDEV.into());
            }
        }
        Ok(handle)
    }

    /// Names in this folder, sorted by bytes.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_os_string());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Facts about `name` in this folder; `None` if there is no such name.
    pub(crate) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{StatxFlags, makedev, statx};
            let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
            match statx(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT, wanted) {
                Ok(found) => {
                    let has_mount = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
                    let device = makedev(found.stx_dev_major, found.stx_dev_minor);
                    return Ok(Some(Facts {
                        kind: kind_of(FileType::from_raw_mode(found.stx_mode.into())),
                        size_bytes: found.stx_size,
                        modified: timestamp(found.stx_mtime.tv_sec, i64::from(found.stx_mtime.tv_nsec)),
                        mount: if has_mount { found.stx_mnt_id } else { device },
                    }));
                }
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::NOSYS) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(Facts {
                kind: kind_of(FileType::from_raw_mode(found.st_mode)),
                size_bytes: u64::try_from(found.st_size).unwrap_or(0),
                #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
                modified: timestamp(found.st_mtime as i64, found.st_mtime_nsec as i64),
                #[allow(clippy::unnecessary_cast, reason = "the type differs between systems")]
                mount: found.st_dev as u64,
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Number of the mount this folder lies on, comparable to [`Facts::mount`].
    pub(crate) fn mount(&self) -> io::Result<u64> {
        Ok(self.facts(OsStr::new("."))?.map_or(0, |facts| facts.mount))
    }

    /// Device and inode.
    pub(crate) fn key(&self) -> io::Result<FolderKey> {
        let found = rustix::fs::fstat(&self.handle)?;
        #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
        Ok((found.st_dev as u64, found.st_ino as u64))
    }

    /// Makes `name`; false if a folder of that name is there already.
    pub(crate) fn make_folder(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::mkdirat(&self.handle, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the file `name`, which must not exist, for reading and writing.
    pub(crate) fn create_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.handle, name, flags, Mode::from_raw_mode(0o666))?))
    }

    /// Opens the existing regular file `name` for reading and writing.
    pub(crate) fn open_writable(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::openat(&self.handle, name, flags, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(Errno::INVAL.into()) }
    }

    /// Renames within this folder; fails with "exists" if `to` is taken. Never replaces.
    pub(crate) fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "macos", target_os = "ios"))]
        match rustix::fs::renameat_with(&self.handle, from, &self.handle, to, rustix::fs::RenameFlags::NOREPLACE) {
            // The file system does not know the flag (NFS, many FUSE ones), or the kernel is older than 3.15.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            other => return Ok(other?),
        }
        // A hard link refuses an existing name just as atomically.
        match rustix::fs::linkat(&self.handle, from, &self.handle, to, AtFlags::empty()) {
            Ok(()) => return Ok(rustix::fs::unlinkat(&self.handle, from, AtFlags::empty())?),
            // Shares mounted by programs answer anything where they have no hard links; a real fault shows in the rename as well.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::INVAL | Errno::IO) => {}
            Err(error) => return Err(error.into()),
        }
        // Neither exists here: look, then rename. The destination's lock keeps a second writer of ours away.
        if self.facts(to.as_ref())?.is_some() {
            return Err(Errno::EXIST.into());
        }
        Ok(rustix::fs::renameat(&self.handle, from, &self.handle, to)?)
    }

    /// Gives the file `from` a second name in this folder; fails with "exists" if `to` is taken. `Ok(false)`: this file system
    /// has no second names.
    pub(crate) fn link_new(&self, from: &str, to: &str) -> io::Result<bool> {
        match rustix::fs::linkat(&self.handle, from, &self.handle, to, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::INVAL) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames within this folder and replaces `to`.
    pub(crate) fn rename_over(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.handle, from, &self.handle, to)?)
    }

    /// Removes the file `name`.
    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Removes the folder `name`, which must be empty.
    pub(crate) fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::REMOVEDIR)?)
    }

    /// Makes everything durable that was written to the file system this folder lies on. Only where [`syncs_together`] says so.
    pub(crate) fn sync_file_system(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        return Ok(rustix::fs::syncfs(&self.handle)?);
        #[cfg(not(target_os = "linux"))]
        Err(Errno::NOSYS.into())
    }

    /// Makes names durable. Some file systems have nothing to do here and say so.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(&self.handle) {
            Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Takes the folder's lock without leaving anything behind. `Ok(None)`: this file system has no such locks.
    pub(crate) fn try_lock(&self) -> io::Result<Option<bool>> {
        match rustix::fs::flock(&self.handle, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(true)),
            Err(Errno::WOULDBLOCK) => Ok(Some(false)),
            Err(Errno::BADF | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOLCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Total, free and cluster size in bytes.
    pub(crate) fn space(&self) -> io::Result<Space> {
        Ok(space_of(rustix::fs::fstatvfs(self.handle.as_fd())?))
    }

    /// Whether the system lets this process write here.
    pub(crate) fn is_writable(&self) -> bool {
        rustix::fs::accessat(&self.handle, ".", rustix::fs::Access::WRITE_OK, AtFlags::empty()).is_ok()
    }
}

/// Whether one call can make many files of this file system durable and reports every write that failed: syncfs(2) does since Linux
/// 5.8, and these file systems flush the drive's own cache in it.
pub(crate) fn syncs_together(file_system: &str) -> bool {
    #[cfg(target_os = "linux")]
    {
        matches!(file_system, "ext4" | "xfs" | "btrfs" | "f2fs") && crate::linux::kernel_version() >= (5, 8)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file_system;
        false
    }
}

/// Room on a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) total_bytes: u64,
    pub(crate) free_bytes: u64,
    pub(crate) cluster_bytes: u64,
}

/// Room at `path`. May block for as long as a dead network share lets it.
pub(crate) fn space_at(path: &Path) -> io::Result<Space> {
    Ok(space_of(rustix::fs::statvfs(path)?))
}

fn space_of(found: rustix::fs::StatVfs) -> Space {
    let unit = if found.f_frsize == 0 { found.f_bsize } else { found.f_frsize };
    Space {
        total_bytes: found.f_blocks.saturating_mul(unit),
        free_bytes: found.f_bavail.saturating_mul(unit),
        cluster_bytes: unit.max(1),
    }
}

/// Device and inode of what `path` leads to.
pub(crate) fn key_at(path: &Path) -> io::Result<FolderKey> {
    let found = rustix::fs::stat(path)?;
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    Ok((found.st_dev as u64, found.st_ino as u64))
}

/// Keeps the modification time of the original.
pub(crate) fn set_modified(file: &File, modified: Timestamp) -> io::Result<()> {
    use rustix::fs::{Timespec, Timestamps, UTIME_OMIT};
    let (mut seconds, mut nanoseconds) = (modified.as_second(), modified.subsec_nanosecond());
    if nanoseconds < 0 {
        seconds -= 1;
        nanoseconds += 1_000_000_000;
    }
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT as _ },
        last_modification: Timespec { tv_sec: seconds as _, tv_nsec: nanoseconds as _ },
    };
    Ok(rustix::fs::futimens(file, &times)?)
}

/// Reserves space, so that a full drive is known before the first byte. `Ok(false)`: this file system cannot.
pub(crate) fn reserve(file: &File, size_bytes: u64) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        if size_bytes == 0 {
            return Ok(true);
        }
        match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, size_bytes) {
            Ok(()) => Ok(true),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::NODEV | Errno::PERM) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, size_bytes);
        Ok(false)
    }
}

/// Tells the system that a file is read once from start to end.
pub(crate) fn advise_sequential(file: &File) {
    #[cfg(target_os = "linux")]
    {
        // Advice only: a refusal costs speed, nothing else.
        let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Sequential);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// A second handle to `file`, called `name` in `folder`, that writes past the system's cache, and the alignment it asks for. `None`
/// where the file system cannot, or where what lies below is memory or a network.
pub(crate) fn open_direct_writer(
    folder: &Folder,
    name: &str,
    file: &File,
    volume: &crate::mounts::Volume,
) -> Option<(File, usize)> {
    #[cfg(target_os = "linux")]
    {
        use crate::aligned::ALIGN_BYTES;
        if !matches!(volume.below(), crate::mounts::Below::Device) {
            return None;
        }
        let crate::linux::DirectIo::Possible { align_bytes } = crate::linux::direct_io(file) else { return None };
        let flags = OFlags::WRONLY | OFlags::DIRECT | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let direct = File::from(rustix::fs::openat(&folder.handle, name, flags, Mode::empty()).ok()?);
        // The name could have been given to another file since.
        let (one, other) = (rustix::fs::fstat(file).ok()?, rustix::fs::fstat(&direct).ok()?);
        (one.st_dev == other.st_dev && one.st_ino == other.st_ino).then_some((direct, align_bytes.max(ALIGN_BYTES)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (folder, name, file, volume);
        None
    }
}

/// Asks the system to forget its clean pages of this range; `length_bytes` zero means to the end.
pub(crate) fn advise_forget(file: &File, offset: u64, length_bytes: u64) {
    #[cfg(target_os = "linux")]
    {
        let length = std::num::NonZeroU64::new(length_bytes);
        let _ = rustix::fs::fadvise(file, offset, length, rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, offset, length_bytes);
}

/// Asks the system to write out and give up every page of `file` that it holds, so that the next read comes from below.
#[cfg(target_os = "macos")]
#[allow(unsafe_code, reason = "the system takes the wish only for a range of memory")]
pub(crate) fn give_up_cached(file: &File) -> io::Result<()> {
    use rustix::mm::{MapFlags, MsyncFlags, ProtFlags};
    let length = usize::try_from(file.metadata()?.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    if length == 0 {
        return Ok(());
    }
    // SAFETY: the system chooses the address of this new mapping, so it covers nothing that Rust knows of.
    let start = unsafe { rustix::mm::mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::SHARED, file, 0)? };
    // SAFETY: the range is the mapping made above; no reference into it exists, and nothing reads it.
    let given_up = unsafe { rustix::mm::msync(start, length, MsyncFlags::SYNC | MsyncFlags::INVALIDATE) };
    // SAFETY: as above, and it is not used after this.
    unsafe { rustix::mm::munmap(start, length)? };
    Ok(given_up?)
}

/// Reads at an offset without moving anything.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

/// Writes all of `bytes` at an offset.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Whether an open failed because a link, a mount or a climb stood in the way.
pub(crate) fn leaves_root(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw_os_error), Some(Errno::LOOP | Errno::XDEV))
}

fn kind_of(kind: FileType) -> Kind {
    match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Special,
    }
}

fn timestamp(seconds: i64, nanoseconds: i64) -> Timestamp {
    Timestamp::new(seconds, i32::try_from(nanoseconds).unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH)
}
