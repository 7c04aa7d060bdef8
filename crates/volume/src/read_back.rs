//! Owns reading again what was written, and what such a read proves. A proof of level "read back (device)" is built in one
//! place only, by [`ReadBack::finish`], only after the last byte was read past the operating system's cache (invariant 3).
//! Must never claim more than the path below the file allows: memory file systems, FUSE, overlays, and loop devices over a
//! cached file are answered from this machine's memory and are called "read back (system)".

use crate::aligned::{ALIGN_BYTES, AlignedBuffer};
use crate::folder::{self, Folder};
use crate::mounts::{Below, Volume};
use checkgate_model::{EvidenceLevel, RelPath};
use std::fs::File;
use std::io;

/// One read; 1 to 8 MiB make no measurable difference, 32 MiB are slower.
const CHUNK_BYTES: usize = 4 << 20;
/// Files this small may lie inside the file system's own tables (btrfs, NTFS), which are cached apart from the file.
#[cfg(target_os = "linux")]
const INLINE_BYTES: u64 = 4096;

/// How deep a read-back is asked to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Past the system's cache where possible.
    Device,
    /// Through the system: fast, and maybe answered from memory.
    System,
}

/// How a read-back reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadBackMethod {
    /// Direct I/O from the device.
    Device,
    /// Direct I/O to a network share.
    Share,
    /// Through the system, with the reason why not deeper.
    System {
        /// What was done all the same, in the words of the system's calls.
        how: &'static str,
        /// Reason, e.g. `the file system lives in memory`.
        because: String,
    },
}

/// Whose bytes are read: decides the words of the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Written by us or by an earlier run: made durable first.
    Destination,
    /// Published a moment ago by this process, and so durable already.
    Published,
    /// A card: never touched.
    Source,
}

/// What a finished read-back proves. Cannot be made outside this module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBackProof {
    level: EvidenceLevel,
    words: String,
    path: RelPath,
    size_bytes: u64,
}

impl ReadBackProof {
    /// Level.
    #[must_use]
    pub const fn level(&self) -> EvidenceLevel {
        self.level
    }

    /// How it was got, in words a storage person can check.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// File it is about.
    #[must_use]
    pub const fn path(&self) -> &RelPath {
        &self.path
    }

    /// Bytes that were read.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The reader was not taken to the end.
    #[error("{path}: only {read_bytes} of {size_bytes} bytes were read back")]
    NotAtEnd {
        /// File.
        path: RelPath,
        /// Bytes read.
        read_bytes: u64,
        /// Size of the file.
        size_bytes: u64,
    },
}

impl ReadBackError {
    /// Code on the wire.
    #[must_use]
    pub const fn code(&self) -> checkgate_model::ErrorCode {
        checkgate_model::ErrorCode::DestinationFailed
    }
}

/// A file that is being read again from start to end.
#[derive(Debug)]
pub struct ReadBack {
    file: File,
    /// The same file through the system, in case the file system refuses the first direct read.
    plain: Option<File>,
    path: RelPath,
    size_bytes: u64,
    /// Where reading began; only a read from the first byte proves anything.
    from: u64,
    offset: u64,
    method: ReadBackMethod,
    origin: Origin,
    align_bytes: usize,
    own: Option<AlignedBuffer>,
}

impl ReadBack {
    pub(crate) fn open(folder: &Folder, volume: &Volume, path: &RelPath, depth: Depth, origin: Origin) -> io::Result<Self> {
        let plain = folder.open_file(path, false)?;
        Self::of_file(plain, &|| folder.open_file(path, true), volume, path, depth, origin)
    }

    /// `plain` is open already; `direct` opens the same file once more past the cache.
    pub(crate) fn of_file(
        plain: File,
        direct: &dyn Fn() -> io::Result<File>,
        volume: &Volume,
        path: &RelPath,
        depth: Depth,
        origin: Origin,
    ) -> io::Result<Self> {
        if origin == Origin::Destination {
            // Dirty pages would be written by a later direct read, but the drive's own write cache would not be flushed.
            plain.sync_all()?;
        }
        let size_bytes = plain.metadata()?.len();
        let below = match depth {
            Depth::System => Below::Cached("a read through the system was asked for".to_owned()),
            Depth::Device => volume.below(),
        };
        let (method, file, align_bytes) = choose(&plain, direct, below, size_bytes, &volume.file_system)?;
        // Clean by now, so the system may drop what it holds; it is free not to, which is why this alone proves nothing.
        folder::advise_forget(&plain, 0, 0);
        let (file, plain) = match file {
            Some(file) => (file, Some(plain)),
            None => {
                folder::advise_sequential(&plain);
                (plain, None)
            }
        };
        Ok(Self { file, plain, path: path.clone(), size_bytes, from: 0, offset: 0, method, origin, align_bytes, own: None })
    }

    /// Size when it was opened.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Size now; another than [`Self::size_bytes`] where somebody writes to the file.
    pub fn size_now_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// How it reads.
    #[must_use]
    pub const fn method(&self) -> &ReadBackMethod {
        &self.method
    }

    /// Goes on at `offset`, a whole number of 4,096 bytes. What is left out is not proven: [`Self::finish`] then fails.
    pub fn start_at(&mut self, offset: u64) {
        debug_assert!(offset.is_multiple_of(ALIGN_BYTES as u64));
        self.from = offset;
        self.offset = offset;
    }

    /// The next bytes; `None` at the end.
    pub fn next_chunk(&mut self) -> io::Result<Option<&[u8]>> {
        let spare = self.own.take();
        self.own = self.take_chunk(spare)?;
        Ok(self.own.as_deref())
    }

    /// Like [`Self::next_chunk`], with a buffer that may cross to another thread and come back as `spare`.
    pub fn take_chunk(&mut self, spare: Option<AlignedBuffer>) -> io::Result<Option<AlignedBuffer>> {
        if self.offset >= self.size_bytes {
            return Ok(None);
        }
        // No larger than the file asks for: a card of small frames must not pay for large buffers.
        let room = usize::try_from(self.size_bytes).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let mut buffer = spare
            .filter(|spare| spare.room_bytes() >= room && spare.is_aligned(self.align_bytes))
            .unwrap_or_else(|| AlignedBuffer::with_align(room, self.align_bytes));
        Ok((self.fill(&mut buffer)? > 0).then_some(buffer))
    }

    /// Fills `buffer` as far as the file goes; zero bytes at the end. A file that has become shorter is an error.
    pub fn fill(&mut self, buffer: &mut AlignedBuffer) -> io::Result<usize> {
        let wanted = usize::try_from(self.size_bytes - self.offset).unwrap_or(usize::MAX).min(buffer.room_bytes());
        let mut filled = 0;
        while filled < wanted {
            match folder::read_at(&self.file, &mut buffer.space()[filled..], self.offset + filled as u64) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Some file systems accept the flag when opening and refuse the first read.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput && filled == 0 && self.offset == self.from => {
                    self.file = self.plain.take().ok_or(error)?;
                    self.method =
                        ReadBackMethod::System { how: SYSTEM_WORDS, because: "the file system refuses direct I/O".to_owned() };
                }
                Err(error) => return Err(error),
            }
            // Direct reads come in whole sectors except at the end of the file.
            if !filled.is_multiple_of(self.align_bytes) && !matches!(self.method, ReadBackMethod::System { .. }) {
                break;
            }
        }
        let filled = filled.min(wanted);
        self.offset += filled as u64;
        if matches!(self.method, ReadBackMethod::System { .. }) && filled > 0 {
            folder::advise_forget(&self.file, self.offset - filled as u64, filled as u64);
        }
        buffer.set_len(filled);
        Ok(filled)
    }

    /// Ends the read and says what it proves. Fails if bytes are left.
    pub fn finish(self) -> Result<ReadBackProof, ReadBackError> {
        if self.offset != self.size_bytes || self.from != 0 {
            let read_bytes = self.offset.saturating_sub(self.from);
            return Err(ReadBackError::NotAtEnd { path: self.path, read_bytes, size_bytes: self.size_bytes });
        }
        let before = if self.origin == Origin::Source { "" } else { SYNCED_WORDS };
        let (level, words) = match &self.method {
            ReadBackMethod::Device => (EvidenceLevel::ReadBackDevice, format!("{before}{DIRECT_WORDS}")),
            ReadBackMethod::Share => (
                EvidenceLevel::ReadBackShare,
                format!("{before}{DIRECT_WORDS} over the network; the server may have answered from its cache"),
            ),
            ReadBackMethod::System { how, because } => (EvidenceLevel::ReadBackSystem, format!("{before}{how}: {because}")),
        };
        Ok(ReadBackProof { level, words, path: self.path, size_bytes: self.size_bytes })
    }
}

#[cfg(not(any(target_os = "macos", windows)))]
const SYNCED_WORDS: &str = "synced, then ";
/// What `File::sync_all` is on these systems.
#[cfg(target_os = "macos")]
const SYNCED_WORDS: &str = "F_FULLFSYNC, then ";
#[cfg(windows)]
const SYNCED_WORDS: &str = "FlushFileBuffers, then ";

#[cfg(not(any(target_os = "macos", windows)))]
const DIRECT_WORDS: &str = "O_DIRECT read";
#[cfg(target_os = "macos")]
const DIRECT_WORDS: &str = "cached pages given up (msync MS_INVALIDATE), F_NOCACHE read";
#[cfg(all(not(target_os = "linux"), not(windows)))]
const UNCACHED_WORDS: &str = "F_NOCACHE read";
#[cfg(windows)]
const UNCACHED_WORDS: &str = DIRECT_WORDS;
#[cfg(windows)]
const DIRECT_WORDS: &str = "unbuffered read (FILE_FLAG_NO_BUFFERING)";

#[cfg(target_os = "linux")]
const SYSTEM_WORDS: &str = "clean pages dropped (POSIX_FADV_DONTNEED), read through the system";
#[cfg(not(target_os = "linux"))]
const SYSTEM_WORDS: &str = "read through the system";

/// Picks the deepest method that is honest for this file; with it the file to read from, unless that is the plain one.
#[cfg(target_os = "linux")]
fn choose(
    plain: &File,
    direct: &dyn Fn() -> io::Result<File>,
    below: Below,
    size_bytes: u64,
    file_system: &str,
) -> io::Result<(ReadBackMethod, Option<File>, usize)> {
    let system =
        |because: &str| Ok((ReadBackMethod::System { how: SYSTEM_WORDS, because: because.to_owned() }, None, ALIGN_BYTES));
    let method = match below {
        Below::Cached(because) => return system(&because),
        Below::Share => ReadBackMethod::Share,
        Below::Device => ReadBackMethod::Device,
    };
    let mut align_bytes = ALIGN_BYTES;
    match crate::linux::direct_io(plain) {
        crate::linux::DirectIo::Refused => {
            return system("the file system keeps this file in a way that direct I/O cannot read");
        }
        crate::linux::DirectIo::Compressed => {
            return system("the file system compresses this file and reads it through its cache");
        }
        crate::linux::DirectIo::Possible { align_bytes: wanted } => align_bytes = align_bytes.max(wanted),
    }
    if align_bytes > CHUNK_BYTES || !align_bytes.is_power_of_two() {
        return system("direct I/O asks for an alignment that is not supported");
    }
    if size_bytes <= INLINE_BYTES && matches!(file_system, "btrfs" | "ntfs3") {
        return system("the file is so small that the file system may keep it in its own tables");
    }
    match direct() {
        Ok(file) => Ok((method, Some(file), align_bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            system("the file system refuses direct I/O")
        }
        Err(error) => Err(error),
    }
}

/// Elsewhere the same is asked of the system by its own calls. None of it was seen at work on such a system yet, and what lies below a
/// volume is not known there, so the level stays "system"; the words say what was asked.
#[cfg(not(target_os = "linux"))]
fn choose(
    #[cfg_attr(not(target_os = "macos"), allow(unused_variables, reason = "only macOS gives pages up by file"))] plain: &File,
    direct: &dyn Fn() -> io::Result<File>,
    below: Below,
    _size_bytes: u64,
    _file_system: &str,
) -> io::Result<(ReadBackMethod, Option<File>, usize)> {
    let because = match below {
        Below::Cached(because) => because,
        Below::Share | Below::Device => "on this system it was not shown that such a read reaches the device".to_owned(),
    };
    #[cfg(target_os = "macos")]
    let given_up = folder::give_up_cached(plain).is_ok();
    #[cfg(not(target_os = "macos"))]
    let given_up = true;
    let (how, file) = match direct() {
        Ok(file) => (if given_up { DIRECT_WORDS } else { UNCACHED_WORDS }, Some(file)),
        Err(_) => (SYSTEM_WORDS, None),
    };
    Ok((ReadBackMethod::System { how, because }, file, ALIGN_BYTES))
}
