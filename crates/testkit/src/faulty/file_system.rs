//! Owns the answers to the kernel: every operation goes through to the served folder, after the script was asked.

use super::nodes::Nodes;
use super::script::Script;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite,
    Request, TimeOrNow, WriteFlags,
};
use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The kernel remembers nothing: a fault strikes at once.
const NOTHING: Duration = Duration::ZERO;
const ONCE: Generation = Generation(0);

/// The served folder.
#[derive(Debug)]
pub(super) struct Served {
    backing: PathBuf,
    script: Arc<Script>,
    nodes: Mutex<Nodes>,
}

/// `?` towards the kernel.
macro_rules! or_reply {
    ($reply:ident, $result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return $reply.error(error),
        }
    };
}

fn number(error: &io::Error) -> Errno {
    Errno::from_i32(error.raw_os_error().unwrap_or(5))
}

fn io<T>(result: io::Result<T>) -> Result<T, Errno> {
    result.map_err(|error| number(&error))
}

fn time(seconds: i64, nanos: i64) -> SystemTime {
    let nanos = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    match u64::try_from(seconds) {
        Ok(seconds) => UNIX_EPOCH + Duration::from_secs(seconds) + nanos,
        Err(_) => UNIX_EPOCH - Duration::from_secs(seconds.unsigned_abs()) + nanos,
    }
}

fn attributes(ino: u64, found: &Metadata) -> FileAttr {
    let changed = time(found.ctime(), found.ctime_nsec());
    FileAttr {
        ino: INodeNo(ino),
        size: found.len(),
        blocks: found.blocks(),
        atime: time(found.atime(), found.atime_nsec()),
        mtime: time(found.mtime(), found.mtime_nsec()),
        ctime: changed,
        crtime: changed,
        kind: FileType::from_std(found.file_type()).unwrap_or(FileType::RegularFile),
        perm: u16::try_from(found.mode() & 0o7777).unwrap_or(0o644),
        nlink: u32::try_from(found.nlink()).unwrap_or(1),
        uid: found.uid(),
        gid: found.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

impl Served {
    pub(super) fn new(backing: &Path, script: Arc<Script>) -> Self {
        Self { backing: backing.to_owned(), script, nodes: Mutex::new(Nodes::new()) }
    }

    fn nodes(&self) -> MutexGuard<'_, Nodes> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> Result<(), Errno> {
        self.script.alive().map_err(Errno::from_i32)
    }

    /// Path below the served folder, and in the real one.
    fn place(&self, ino: INodeNo) -> Result<(PathBuf, PathBuf), Errno> {
        self.alive()?;
        let path = self.nodes().path(ino.0).ok_or(Errno::ESTALE)?;
        let real = self.backing.join(&path);
        Ok((path, real))
    }

    fn child(&self, parent: INodeNo, name: &OsStr) -> Result<(PathBuf, PathBuf), Errno> {
        let (path, _) = self.place(parent)?;
        let path = path.join(name);
        let real = self.backing.join(&path);
        Ok((path, real))
    }

    fn look(&self, path: &Path, real: &Path) -> Result<FileAttr, Errno> {
        let found = io(std::fs::symlink_metadata(real))?;
        Ok(attributes(self.nodes().number(path), &found))
    }

    fn open_file(&self, fh: FileHandle) -> Result<Arc<File>, Errno> {
        self.nodes().file(fh.0).ok_or(Errno::EBADF)
    }

    fn text(&self, ino: INodeNo) -> String {
        self.nodes().path(ino.0).unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Filesystem for Served {
    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let (path, real) = or_reply!(reply, self.child(parent, name));
        let found = or_reply!(reply, self.look(&path, &real));
        reply.entry(&NOTHING, &found, ONCE);
    }

    fn getattr(&self, _req: &Request, ino: INodeNo, fh: Option<FileHandle>, reply: ReplyAttr) {
        let (_, real) = or_reply!(reply, self.place(ino));
        // A file that has lost its name is asked by its handle.
        let open = fh.and_then(|fh| self.nodes().file(fh.0));
        let found = match open {
            Some(file) => file.metadata(),
            None => std::fs::symlink_metadata(real),
        };
        let found = or_reply!(reply, io(found));
        reply.attr(&NOTHING, &attributes(ino.0, &found));
    }

    fn setattr(
        &self,
        _req: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let (_, real) = or_reply!(reply, self.place(ino));
        let open = fh.and_then(|fh| self.nodes().file(fh.0));
        let changed = (|| -> io::Result<Metadata> {
            if let Some(mode) = mode {
                std::fs::set_permissions(&real, std::fs::Permissions::from_mode(mode & 0o7777))?;
            }
            let file = match open {
                Some(file) => file,
                None if size.is_some() => Arc::new(OpenOptions::new().write(true).open(&real)?),
                None => Arc::new(File::open(&real)?),
            };
            if let Some(size) = size {
                file.set_len(size)?;
            }
            let now = SystemTime::now();
            let given = |time: TimeOrNow| match time {
                TimeOrNow::SpecificTime(time) => time,
                TimeOrNow::Now => now,
            };
            let mut times = std::fs::FileTimes::new();
            times = atime.map_or(times, |time| times.set_accessed(given(time)));
            times = mtime.map_or(times, |time| times.set_modified(given(time)));
            if atime.is_some() || mtime.is_some() {
                file.set_times(times)?;
            }
            file.metadata()
        })();
        let found = or_reply!(reply, io(changed));
        reply.attr(&NOTHING, &attributes(ino.0, &found));
    }

    fn mkdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, _mode: u32, _umask: u32, reply: ReplyEntry) {
        let (path, real) = or_reply!(reply, self.child(parent, name));
        or_reply!(reply, io(std::fs::create_dir(&real)));
        let found = or_reply!(reply, self.look(&path, &real));
        reply.entry(&NOTHING, &found, ONCE);
    }

    fn unlink(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (path, real) = or_reply!(reply, self.child(parent, name));
        or_reply!(reply, io(std::fs::remove_file(&real)));
        self.nodes().forget(&path);
        reply.ok();
    }

    fn rmdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (path, real) = or_reply!(reply, self.child(parent, name));
        or_reply!(reply, io(std::fs::remove_dir(&real)));
        self.nodes().forget(&path);
        reply.ok();
    }

    fn rename(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let (from, real_from) = or_reply!(reply, self.child(parent, name));
        let (to, real_to) = or_reply!(reply, self.child(newparent, newname));
        let flags = rustix::fs::RenameFlags::from_bits_retain(flags.bits());
        let done = rustix::fs::renameat_with(rustix::fs::CWD, &real_from, rustix::fs::CWD, &real_to, flags);
        or_reply!(reply, io(done.map_err(io::Error::from)));
        self.nodes().renamed(&from, &to);
        reply.ok();
    }

    fn open(&self, _req: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let (_, real) = or_reply!(reply, self.place(ino));
        let writes = flags.acc_mode() != fuser::OpenAccMode::O_RDONLY;
        // Reading as well: what a cut would lose is read before it is overwritten.
        let file = or_reply!(reply, io(OpenOptions::new().read(true).write(writes).open(real)));
        reply.opened(FileHandle(self.nodes().opened(file)), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn create(&self, _req: &Request, parent: INodeNo, name: &OsStr, mode: u32, _umask: u32, _flags: i32, reply: ReplyCreate) {
        let (path, real) = or_reply!(reply, self.child(parent, name));
        let file = io(OpenOptions::new().read(true).write(true).create_new(true).mode(mode & 0o7777).open(&real));
        let file = or_reply!(reply, file);
        let found = or_reply!(reply, self.look(&path, &real));
        let handle = self.nodes().opened(file);
        reply.created(&NOTHING, &found, ONCE, FileHandle(handle), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _req: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let file = or_reply!(reply, self.open_file(fh));
        let path = self.text(ino);
        // The script is asked about bytes that are there.
        let length = or_reply!(reply, io(file.metadata())).len();
        let there = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX).min(size as usize);
        let given = or_reply!(reply, self.script.before_read(&path, offset, there).map_err(Errno::from_i32));
        let mut bytes = vec![0; given];
        or_reply!(reply, io(file.read_exact_at(&mut bytes, offset)));
        self.script.after_read(&path, offset, &mut bytes);
        reply.data(&bytes);
    }

    fn write(
        &self,
        _req: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let file = or_reply!(reply, self.open_file(fh));
        let asked = self.script.before_write(&self.text(ino), offset, data);
        let (taken, kept) = or_reply!(reply, asked.map_err(Errno::from_i32));
        let bytes = kept.as_deref().unwrap_or(data);
        or_reply!(reply, io(self.script.write(ino.0, &file, offset, &bytes[..taken])));
        reply.written(u32::try_from(taken).unwrap_or(0));
    }

    fn flush(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _lock_owner: LockOwner, reply: ReplyEmpty) {
        or_reply!(reply, self.alive());
        reply.ok();
    }

    fn release(
        &self,
        _req: &Request,
        _ino: INodeNo,
        fh: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.nodes().closed(fh.0);
        reply.ok();
    }

    fn fsync(&self, _req: &Request, ino: INodeNo, fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        let file = or_reply!(reply, self.open_file(fh));
        or_reply!(reply, self.script.sync(&self.text(ino), ino.0, &file).map_err(Errno::from_i32));
        reply.ok();
    }

    fn opendir(&self, _req: &Request, ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        let (path, real) = or_reply!(reply, self.place(ino));
        let entries = or_reply!(reply, io(std::fs::read_dir(real)));
        let mut listing = vec![(ino.0, FileType::Directory, ".".into()), (ino.0, FileType::Directory, "..".into())];
        for entry in entries {
            let entry = or_reply!(reply, io(entry));
            let kind = or_reply!(reply, io(entry.file_type()));
            let number = self.nodes().number(&path.join(entry.file_name()));
            listing.push((number, FileType::from_std(kind).unwrap_or(FileType::RegularFile), entry.file_name()));
        }
        reply.opened(FileHandle(self.nodes().listed(Arc::new(listing))), FopenFlags::empty());
    }

    fn readdir(&self, _req: &Request, _ino: INodeNo, fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        or_reply!(reply, self.alive());
        let listing = or_reply!(reply, self.nodes().listing(fh.0).ok_or(Errno::EBADF));
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for (at, (number, kind, name)) in listing.iter().enumerate().skip(from) {
            if reply.add(INodeNo(*number), at as u64 + 1, *kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(&self, _req: &Request, _ino: INodeNo, fh: FileHandle, _flags: OpenFlags, reply: ReplyEmpty) {
        self.nodes().closed(fh.0);
        reply.ok();
    }

    fn fsyncdir(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        or_reply!(reply, self.alive());
        reply.ok();
    }

    fn statfs(&self, _req: &Request, ino: INodeNo, reply: ReplyStatfs) {
        let (_, real) = or_reply!(reply, self.place(ino));
        let found = or_reply!(reply, io(rustix::fs::statfs(&real).map_err(io::Error::from)));
        let small = |number: i64| u32::try_from(number).unwrap_or(4096);
        let (block, name) = (small(found.f_bsize), small(found.f_namelen));
        reply.statfs(found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree, block, name, block);
    }

    fn fallocate(&self, _req: &Request, _ino: INodeNo, fh: FileHandle, offset: u64, length: u64, mode: i32, reply: ReplyEmpty) {
        or_reply!(reply, self.alive());
        let file = or_reply!(reply, self.open_file(fh));
        if !self.script.reserves() {
            return reply.error(Errno::EOPNOTSUPP);
        }
        let flags = rustix::fs::FallocateFlags::from_bits_retain(u32::try_from(mode).unwrap_or(0));
        or_reply!(reply, io(rustix::fs::fallocate(&*file, flags, offset, length).map_err(io::Error::from)));
        reply.ok();
    }
}
