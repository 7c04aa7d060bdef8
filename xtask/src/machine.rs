//! Owns what the machine itself can do: direct reads and writes of large files, durable writes and direct reads of small ones, and
//! forgetting cached pages. Measured with the plainest code there is, so that nothing of ours is in the figure.

use anyhow::{Context, Result};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CHUNK_BYTES: usize = 4 << 20;
const ALIGN_BYTES: usize = 4096;

/// Memory that begins where direct I/O wants it to.
struct Aligned {
    bytes: Vec<u8>,
    start: usize,
}

impl Aligned {
    /// No larger than the file asks for: filling memory that is not used would be measured as the machine's limit.
    fn for_file(size_bytes: u64) -> Self {
        let length = usize::try_from(size_bytes).unwrap_or(CHUNK_BYTES).clamp(1, CHUNK_BYTES).next_multiple_of(ALIGN_BYTES);
        let bytes = vec![0xa5; length + ALIGN_BYTES];
        let start = bytes.as_ptr().align_offset(ALIGN_BYTES);
        Self { bytes, start }
    }

    fn all(&mut self) -> &mut [u8] {
        let end = self.bytes.len() - ALIGN_BYTES + self.start;
        &mut self.bytes[self.start..end]
    }
}

fn direct_flags() -> Result<i32> {
    i32::try_from(OFlags::DIRECT.bits()).context("O_DIRECT")
}

/// Every regular file below `folder`.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes back and drops the cached pages of every file below `folder`.
pub(crate) fn forget(folder: &Path) -> Result<()> {
    for path in files_below(folder)? {
        let file = File::open(&path)?;
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    }
    Ok(())
}

/// Plain direct I/O: what is moved at one time.
pub(crate) struct Moves<'a> {
    /// Files to read past the cache.
    pub(crate) read: &'a [PathBuf],
    /// Folders to fill with files of `sizes_bytes`, past the cache; large ones each synced, small ones all at once. Sizes are whole multiples of 4 KiB.
    pub(crate) write: &'a [PathBuf],
    pub(crate) sizes_bytes: &'a [u64],
    /// Requests at one time, per file list and per folder.
    pub(crate) at_once: usize,
}

/// Seconds until all of it is done: everything at the same time, no byte waiting for another.
pub(crate) fn secs(moves: &Moves<'_>) -> Result<f64> {
    let flags = direct_flags()?;
    let next_read = AtomicUsize::new(0);
    let next_write: Vec<AtomicUsize> = moves.write.iter().map(|_| AtomicUsize::new(0)).collect();
    for folder in moves.write {
        std::fs::create_dir_all(folder)?;
    }
    let read = || -> Result<()> {
        while let Some(path) = moves.read.get(next_read.fetch_add(1, Ordering::Relaxed)) {
            let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
            let mut buffer = Aligned::for_file(file.metadata()?.len());
            while file.read(buffer.all())? > 0 {}
        }
        Ok(())
    };
    let write = |folder: usize| -> Result<()> {
        loop {
            let number = next_write[folder].fetch_add(1, Ordering::Relaxed);
            let Some(size_bytes) = moves.sizes_bytes.get(number) else { return Ok(()) };
            let path = moves.write[folder].join(format!("{number:06}"));
            let mut file = OpenOptions::new().write(true).create_new(true).custom_flags(flags).open(path)?;
            let mut buffer = Aligned::for_file(*size_bytes);
            let mut left = usize::try_from(*size_bytes)?;
            while left > 0 {
                let now = left.min(CHUNK_BYTES);
                file.write_all(&buffer.all()[..now])?;
                left -= now;
            }
            if !is_small(*size_bytes) {
                file.sync_all()?;
            }
        }
    };
    let started = Instant::now();
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..moves.at_once {
            workers.push(scope.spawn(read));
            workers.extend((0..moves.write.len()).map(|folder| scope.spawn(move || write(folder))));
        }
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a measuring thread panicked"))?)
    })?;
    if moves.sizes_bytes.iter().any(|size_bytes| is_small(*size_bytes)) {
        for folder in moves.write {
            rustix::fs::syncfs(File::open(folder)?)?;
        }
    }
    Ok(started.elapsed().as_secs_f64())
}

/// A file that costs more to sync than to write; these are synced all at once in the end, as we do.
const fn is_small(size_bytes: u64) -> bool {
    size_bytes < CHUNK_BYTES as u64
}
