//! Owns reading again what was written, and what such a read proves. A proof of level "read back (device)" is built in one
//! place only, by [`ReadBack::finish`], only after the last byte was read past the operating system's cache (invariant 3).
//! Must never claim more than the path below the file allows: memory file systems, FUSE, overlays, and loop devices over a
//! cached file are answered from this machine's memory and are called "read back (system)".

use crate::folder::{self, Folder};
use crate::mounts::{Below, Volume};
use checkgate_model::{EvidenceLevel, RelPath};
use std::fmt;
use std::fs::File;
use std::io;

/// One read; 1 to 8 MiB make no measurable difference, 32 MiB are slower.
const CHUNK_BYTES: usize = 4 << 20;
/// Covers drives with 512-byte and 4-KiB sectors and the page size of x86; larger demands are read from statx(2).
const ALIGN_BYTES: usize = 4096;
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
        /// Reason, e.g. `the file system lives in memory`.
        because: String,
    },
}

/// Whose bytes are read: decides the words of the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Written by us: made durable first.
    Destination,
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

/// A buffer whose bytes start at an aligned address, as direct I/O asks. Can be handed back for the next read, so that one
/// thread reads while another hashes.
pub struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    room: usize,
    length: usize,
}

impl ReadBuffer {
    /// Room for a file of `size_bytes`, at most one chunk: a card of small frames must not pay for large buffers.
    fn new(align_bytes: usize, size_bytes: u64) -> Self {
        let room = usize::try_from(size_bytes).unwrap_or(CHUNK_BYTES).clamp(1, CHUNK_BYTES).next_multiple_of(align_bytes);
        let bytes = vec![0; room + align_bytes];
        let start = bytes.as_ptr().align_offset(align_bytes);
        debug_assert!(start < align_bytes);
        Self { bytes, start, room, length: 0 }
    }

    /// Whether a buffer that served another file serves this one.
    fn fits(&self, align_bytes: usize, size_bytes: u64) -> bool {
        self.room as u64 >= size_bytes.min(CHUNK_BYTES as u64)
            && self.room.is_multiple_of(align_bytes)
            && (self.bytes.as_ptr() as usize + self.start).is_multiple_of(align_bytes)
    }

    fn whole(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.room]
    }
}

impl std::ops::Deref for ReadBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadBuffer({} bytes)", self.length)
    }
}

/// A file that is being read again from start to end.
#[derive(Debug)]
pub struct ReadBack {
    file: File,
    path: RelPath,
    size_bytes: u64,
    offset: u64,
    ended: bool,
    method: ReadBackMethod,
    origin: Origin,
    align_bytes: usize,
    own: Option<ReadBuffer>,
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
            // Dirty pages would be written by a later direct read, but not the drive's own write cache.
            plain.sync_all()?;
        }
        let size_bytes = plain.metadata()?.len();
        let below = match depth {
            Depth::System => Below::Cached("a read through the system was asked for".to_owned()),
            Depth::Device => volume.below(),
        };
        let (method, file, align_bytes) = choose(plain, direct, below, size_bytes, &volume.file_system)?;
        if !matches!(method, ReadBackMethod::Device | ReadBackMethod::Share) {
            folder::advise_sequential(&file);
        }
        // Now clean, so the system may drop what it holds; it is free not to, which is why this alone proves nothing.
        folder::advise_forget(&file, 0, 0);
        Ok(Self { file, path: path.clone(), size_bytes, offset: 0, ended: false, method, origin, align_bytes, own: None })
    }

    /// Size when it was opened.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How it reads.
    #[must_use]
    pub const fn method(&self) -> &ReadBackMethod {
        &self.method
    }

    /// The next bytes; `None` at the end.
    pub fn next_chunk(&mut self) -> io::Result<Option<&[u8]>> {
        let spare = self.own.take();
        self.own = self.take_chunk(spare)?;
        Ok(self.own.as_deref())
    }

    /// Like [`Self::next_chunk`], with a buffer that may cross to another thread and come back as `spare`.
    pub fn take_chunk(&mut self, spare: Option<ReadBuffer>) -> io::Result<Option<ReadBuffer>> {
        if self.ended {
            return Ok(None);
        }
        let mut buffer = spare
            .filter(|spare| spare.fits(self.align_bytes, self.size_bytes))
            .unwrap_or_else(|| ReadBuffer::new(self.align_bytes, self.size_bytes));
        let mut filled = 0;
        while filled < buffer.room && self.offset + (filled as u64) < self.size_bytes {
            match folder::read_at(&self.file, &mut buffer.whole()[filled..], self.offset + filled as u64) {
                Ok(0) => {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            // Direct reads come in whole sectors except at the end of the file.
            if !filled.is_multiple_of(self.align_bytes) {
                break;
            }
        }
        self.offset += filled as u64;
        if self.offset >= self.size_bytes {
            self.ended = true;
        }
        if filled == 0 {
            return Ok(None);
        }
        if matches!(self.method, ReadBackMethod::System { .. }) {
            folder::advise_forget(&self.file, self.offset - filled as u64, filled as u64);
        }
        buffer.length = filled;
        Ok(Some(buffer))
    }

    /// Ends the read and says what it proves. Fails if bytes are left.
    pub fn finish(self) -> Result<ReadBackProof, ReadBackError> {
        if self.offset != self.size_bytes {
            return Err(ReadBackError::NotAtEnd { path: self.path, read_bytes: self.offset, size_bytes: self.size_bytes });
        }
        let before = if self.origin == Origin::Destination { "fsync, then " } else { "" };
        let (level, words) = match &self.method {
            ReadBackMethod::Device => (EvidenceLevel::ReadBackDevice, format!("{before}{DIRECT_WORDS}")),
            ReadBackMethod::Share => (
                EvidenceLevel::ReadBackShare,
                format!("{before}{DIRECT_WORDS} over the network; the server may have answered from its cache"),
            ),
            ReadBackMethod::System { because } => (
                EvidenceLevel::ReadBackSystem,
                format!("{before}clean pages dropped (POSIX_FADV_DONTNEED), read through the system: {because}"),
            ),
        };
        Ok(ReadBackProof { level, words, path: self.path, size_bytes: self.size_bytes })
    }
}

#[cfg(target_os = "linux")]
const DIRECT_WORDS: &str = "O_DIRECT read";
#[cfg(not(target_os = "linux"))]
const DIRECT_WORDS: &str = "uncached read";

/// Picks the deepest method that is honest for this file.
#[cfg(target_os = "linux")]
fn choose(
    plain: File,
    direct: &dyn Fn() -> io::Result<File>,
    below: Below,
    size_bytes: u64,
    file_system: &str,
) -> io::Result<(ReadBackMethod, File, usize)> {
    let method = match below {
        Below::Cached(because) => return Ok((ReadBackMethod::System { because }, plain, ALIGN_BYTES)),
        Below::Share => ReadBackMethod::Share,
        Below::Device => ReadBackMethod::Device,
    };
    let system = |because: &str, plain: File| Ok((ReadBackMethod::System { because: because.to_owned() }, plain, ALIGN_BYTES));
    let mut align_bytes = ALIGN_BYTES;
    match crate::linux::direct_io(&plain) {
        crate::linux::DirectIo::Refused => {
            return system("the file system keeps this file in a way that direct I/O cannot read", plain);
        }
        crate::linux::DirectIo::Compressed => {
            return system("the file system compresses this file and reads it through its cache", plain);
        }
        crate::linux::DirectIo::Possible { align_bytes: wanted } => align_bytes = align_bytes.max(wanted),
    }
    if align_bytes > CHUNK_BYTES || !align_bytes.is_power_of_two() {
        return system("direct I/O asks for an alignment that is not supported", plain);
    }
    if size_bytes <= INLINE_BYTES && matches!(file_system, "btrfs" | "ntfs3") {
        return system("the file is so small that the file system may keep it in its own tables", plain);
    }
    match direct() {
        Ok(file) => {
            folder::advise_forget(&plain, 0, 0);
            // Some file systems accept the flag when opening and refuse the first read.
            let mut probe = ReadBuffer::new(align_bytes, 1);
            if size_bytes > 0
                && folder::read_at(&file, probe.whole(), 0).is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput)
            {
                return system("the file system refuses direct I/O", plain);
            }
            Ok((method, file, align_bytes))
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            system("the file system refuses direct I/O", plain)
        }
        Err(error) => Err(error),
    }
}

/// Elsewhere the cache can be asked to step aside but not be shown to have done so: the level stays "system".
#[cfg(not(target_os = "linux"))]
fn choose(
    plain: File,
    direct: &dyn Fn() -> io::Result<File>,
    below: Below,
    _size_bytes: u64,
    _file_system: &str,
) -> io::Result<(ReadBackMethod, File, usize)> {
    let because = match below {
        Below::Cached(because) => because,
        Below::Share | Below::Device => {
            "uncached reading was asked for, which on this system does not exclude pages that are already cached".to_owned()
        }
    };
    let file = direct().unwrap_or(plain);
    Ok((ReadBackMethod::System { because }, file, ALIGN_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_where_direct_io_needs_them() {
        for align in [512, 4096, 65536] {
            for size in [0, 1, 4097, 1 << 40] {
                let mut buffer = ReadBuffer::new(align, size);
                assert_eq!(buffer.whole().as_ptr() as usize % align, 0);
                assert!(
                    buffer.whole().len().is_multiple_of(align) && buffer.whole().len() as u64 >= size.min(CHUNK_BYTES as u64)
                );
                assert!(buffer.fits(align, size));
            }
        }
        assert!(!ReadBuffer::new(4096, 100).fits(4096, 5000), "a buffer of a small file is not used for a large one");
    }
}
