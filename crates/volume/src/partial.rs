//! Owns a file that is being written: it lies beside its final place under a temporary name until it is whole and durable
//! (invariant 5). Dropped unpublished it removes itself, unless it is to be resumed. Must never touch any other file.

use crate::destination::{DestinationError, Inner, Published};
use crate::folder::{self, Folder};
use checkgate_model::{RelPath, Timestamp};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

const PARTIAL_END: &str = ".checkgate-part";
const CORRUPT_MARK: &str = ".checkgate-corrupt";
/// No component may be longer on any file system that matters.
const LONGEST_NAME: usize = 255;
/// A file is made durable in steps of this size: a slow drive then never owes gigabytes at the end, what was written before
/// a crash is known to be on the drive, and the page cache stays free for others.
const SYNC_EVERY_BYTES: u64 = 256 << 20;
/// Space is reserved for files from this size on. For smaller ones asking costs more than it tells: the drive as a whole was measured
/// before the first byte, and a write that finds no room says so.
const RESERVE_FROM_BYTES: u64 = 1 << 20;
/// Pieces from this size on are written past the system's cache where the file system can: no copy in memory, nothing left to
/// write back when the file is made durable.
const DIRECT_FROM_BYTES: usize = 1 << 20;

/// Whether `name` is one of a temporary file.
#[must_use]
pub fn is_partial(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(PARTIAL_END)
}

/// Whether `name` is one that only this crate gives.
pub(crate) fn is_reserved(name: &str) -> bool {
    is_partial(name) || (name.starts_with('.') && name.contains(CORRUPT_MARK))
}

/// Name of the note that says which manifest is about to join a chain.
pub const APPEND_NOTE: &str = ".checkgate-append";

/// Whether `name` is one of a file or folder that only exists while something is being written: never media, never recorded.
#[must_use]
pub fn is_working_name(name: &str) -> bool {
    is_partial(name) || name == APPEND_NOTE || name == crate::destination::LOCK_NAME
}

pub(crate) fn partial_name(name: &str) -> String {
    marked(name, PARTIAL_END)
}

/// Path of the temporary file of `path`.
pub(crate) fn temporary_path(path: &RelPath) -> io::Result<RelPath> {
    beside(path, &partial_name(path.file_name()))
}

/// Another name in the folder of `path`.
pub(crate) fn beside(path: &RelPath, name: &str) -> io::Result<RelPath> {
    match path.parent() {
        Some(parent) => parent.join(name),
        None => RelPath::new(name),
    }
    .map_err(|error| io::Error::new(io::ErrorKind::InvalidFilename, error))
}

pub(crate) fn corrupt_name(name: &str, attempt: u32) -> String {
    if attempt < 2 { marked(name, CORRUPT_MARK) } else { marked(name, &format!("{CORRUPT_MARK}-{attempt}")) }
}

/// `.NAME` with a mark; a name too long for that is cut and told apart by a number made from the whole name.
fn marked(name: &str, mark: &str) -> String {
    if 1 + name.len() + mark.len() <= LONGEST_NAME {
        return format!(".{name}{mark}");
    }
    // FNV-1a: any spread will do, both names lie in one folder.
    let number =
        name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let room = LONGEST_NAME - 1 - mark.len() - 17;
    let mut end = room.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!(".{}~{number:016x}{mark}", &name[..end])
}

/// Writing past the system's cache.
#[derive(Debug)]
enum Direct {
    /// Nobody has asked yet.
    Unknown,
    /// A second handle to the same file.
    Open { file: File, align_bytes: usize },
    /// The file system cannot.
    No,
}

/// A file under its temporary name.
#[derive(Debug)]
pub struct PartialFile {
    inner: Arc<Inner>,
    folder: Arc<Folder>,
    path: RelPath,
    temporary: String,
    file: File,
    direct: Direct,
    size_bytes: u64,
    reserved: bool,
    offset: u64,
    written_bytes: u64,
    unsynced_bytes: u64,
    modified: Option<Timestamp>,
    replace: bool,
    remove_on_drop: bool,
}

impl PartialFile {
    pub(crate) fn begin(
        inner: &Arc<Inner>,
        folder: Arc<Folder>,
        path: &RelPath,
        size_bytes: u64,
    ) -> Result<Self, DestinationError> {
        let name = path.file_name();
        if folder.facts(name.as_ref()).map_err(|error| inner.sort("look at", path, 0, error))?.is_some() {
            return Err(DestinationError::Occupied { path: inner.shown(path) });
        }
        let mut partial = Self::begin_replacing(inner, folder, path, size_bytes)?;
        partial.replace = false;
        Ok(partial)
    }

    pub(crate) fn begin_replacing(
        inner: &Arc<Inner>,
        folder: Arc<Folder>,
        path: &RelPath,
        size_bytes: u64,
    ) -> Result<Self, DestinationError> {
        let sort = |error| inner.sort("create", path, size_bytes, error);
        let temporary = partial_name(path.file_name());
        match folder.remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(sort(error)),
            _ => {}
        }
        let file = folder.create_file(&temporary).map_err(sort)?;
        let mut partial = Self::new(inner, folder, path, temporary, file, size_bytes);
        partial.replace = true;
        partial.reserve()?;
        Ok(partial)
    }

    pub(crate) fn resume(inner: &Arc<Inner>, path: &RelPath, size_bytes: u64) -> Result<Option<Self>, DestinationError> {
        let sort = |error| inner.sort("open", path, size_bytes, error);
        let (folder, name) = match inner.folder.open_parent(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound && inner.is_present() => return Ok(None),
            Err(error) => return Err(sort(error)),
        };
        if folder.facts(name.as_ref()).map_err(sort)?.is_some() {
            return Err(DestinationError::Occupied { path: inner.shown(path) });
        }
        let temporary = partial_name(name);
        let file = match folder.open_writable(&temporary) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(sort(error)),
        };
        let written_bytes = file.metadata().map_err(sort)?.len();
        let mut partial = Self::new(inner, Arc::new(folder), path, temporary, file, size_bytes);
        // What is there is worth keeping whatever happens next.
        partial.remove_on_drop = false;
        partial.written_bytes = written_bytes;
        partial.offset = written_bytes;
        partial.reserve()?;
        Ok(Some(partial))
    }

    fn new(inner: &Arc<Inner>, folder: Arc<Folder>, path: &RelPath, temporary: String, file: File, size_bytes: u64) -> Self {
        Self {
            inner: Arc::clone(inner),
            folder,
            path: path.clone(),
            temporary,
            file,
            direct: Direct::Unknown,
            size_bytes,
            reserved: false,
            offset: 0,
            written_bytes: 0,
            unsynced_bytes: 0,
            modified: None,
            replace: false,
            remove_on_drop: true,
        }
    }

    /// A drive that cannot hold the file says so before the first byte.
    fn reserve(&mut self) -> Result<(), DestinationError> {
        if self.size_bytes < RESERVE_FROM_BYTES {
            return Ok(());
        }
        let sort = |error| self.inner.sort("reserve space for", &self.path, self.size_bytes, error);
        self.reserved = folder::reserve(&self.file, self.size_bytes).map_err(sort)?;
        if !self.reserved {
            let missing_bytes = self.size_bytes.saturating_sub(self.written_bytes);
            // A share that does not tell its space answers zero for everything; then only writing can tell.
            if let Ok(space) = self.folder.space()
                && space.total_bytes > 0
                && space.free_bytes < missing_bytes
            {
                return Err(sort(io::Error::from(io::ErrorKind::StorageFull)));
            }
        }
        Ok(())
    }

    /// Final path below the destination.
    #[must_use]
    pub const fn path(&self) -> &RelPath {
        &self.path
    }

    /// Bytes in the file: the end of the furthest write.
    #[must_use]
    pub const fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Writes all of `bytes` at `offset`; answers whether everything written so far is durable, which it is every 256 MiB.
    pub fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<bool> {
        if !self.write_directly(bytes, offset).map_err(|error| self.or_gone(error))? {
            folder::write_all_at(&self.file, bytes, offset).map_err(|error| self.or_gone(error))?;
        }
        self.written_bytes = self.written_bytes.max(offset + bytes.len() as u64);
        self.unsynced_bytes += bytes.len() as u64;
        if self.unsynced_bytes < SYNC_EVERY_BYTES {
            return Ok(false);
        }
        self.file.sync_data().map_err(|error| self.or_gone(error))?;
        folder::advise_forget(&self.file, 0, 0);
        self.unsynced_bytes = 0;
        Ok(true)
    }

    /// `false` where these bytes must go through the system.
    fn write_directly(&mut self, bytes: &[u8], offset: u64) -> io::Result<bool> {
        if bytes.len() < DIRECT_FROM_BYTES {
            return Ok(false);
        }
        if matches!(self.direct, Direct::Unknown) {
            self.direct = match folder::open_direct_writer(&self.folder, &self.temporary, &self.file, &self.inner.volume) {
                Some((file, align_bytes)) => Direct::Open { file, align_bytes },
                None => Direct::No,
            };
        }
        let Direct::Open { file, align_bytes } = &self.direct else { return Ok(false) };
        let align = *align_bytes;
        let aligned = (bytes.as_ptr() as usize).is_multiple_of(align)
            && bytes.len().is_multiple_of(align)
            && offset.is_multiple_of(align as u64);
        if !aligned {
            return Ok(false);
        }
        match folder::write_all_at(file, bytes, offset) {
            Ok(()) => Ok(true),
            // Some file systems accept the flag when opening and refuse the write.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.direct = Direct::No;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Cuts the file to `size_bytes` and goes on from there: what follows is not trusted.
    pub fn truncate(&mut self, size_bytes: u64) -> Result<(), DestinationError> {
        self.file.set_len(size_bytes).map_err(|error| self.inner.sort("cut", &self.path, self.size_bytes, error))?;
        self.written_bytes = size_bytes;
        self.offset = size_bytes;
        Ok(())
    }

    /// The published file will carry this time of last modification.
    pub const fn set_modified(&mut self, modified: Timestamp) {
        self.modified = Some(modified);
    }

    /// Makes durable what is written so far.
    pub fn sync(&mut self) -> Result<(), DestinationError> {
        self.file.sync_all().map_err(|error| self.inner.sort("make durable", &self.path, self.size_bytes, error))?;
        self.unsynced_bytes = 0;
        Ok(())
    }

    /// Makes the file durable and gives it its final name, which must be free. Refuses a file that is not whole.
    pub fn publish(mut self) -> Result<Published, DestinationError> {
        self.finish_writing()?;
        self.file.sync_all().map_err(|error| self.sort("make durable", error))?;
        // Durable, so these pages are clean: a read-back must not be answered by them.
        folder::advise_forget(&self.file, 0, 0);
        give_name(&self.folder, &self.temporary, self.path.file_name(), self.replace)
            .map_err(|error| self.sort("publish", error))?;
        self.remove_on_drop = false;
        self.folder.sync().map_err(|error| self.sort("make durable", error))?;
        Ok(Published { path: self.path.clone(), size_bytes: self.size_bytes })
    }

    /// Ends writing and closes the file, to be made durable and named together with others by [`Destination::publish_all`].
    ///
    /// [`Destination::publish_all`]: crate::Destination::publish_all
    pub fn into_written(mut self) -> Result<WrittenFile, DestinationError> {
        self.finish_writing()?;
        self.remove_on_drop = false;
        Ok(WrittenFile {
            inner: Arc::clone(&self.inner),
            folder: Arc::clone(&self.folder),
            path: self.path.clone(),
            temporary: std::mem::take(&mut self.temporary),
            size_bytes: self.size_bytes,
            replace: self.replace,
            remove_on_drop: true,
        })
    }

    fn finish_writing(&self) -> Result<(), DestinationError> {
        if self.written_bytes != self.size_bytes {
            return Err(DestinationError::Incomplete {
                path: self.inner.shown(&self.path),
                expected_bytes: self.size_bytes,
                written_bytes: self.written_bytes,
            });
        }
        if let Some(modified) = self.modified {
            folder::set_modified(&self.file, modified).map_err(|error| self.sort("set the time of", error))?;
        }
        Ok(())
    }

    fn sort(&self, what: &'static str, error: io::Error) -> DestinationError {
        self.inner.sort(what, &self.path, self.size_bytes, error)
    }

    /// Leaves the file under its temporary name for a later [`crate::Destination::resume`].
    pub fn keep(mut self) {
        self.remove_on_drop = false;
    }

    /// A pulled drive answers with the same number as a bad block.
    fn or_gone(&self, error: io::Error) -> io::Error {
        if crate::io_kind(&error) != crate::IoKind::Full && !self.inner.is_present() { crate::errno::gone() } else { error }
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _durable = self.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if self.remove_on_drop {
            remove_unfinished(&self.inner, &self.folder, &self.temporary, &self.path);
        }
    }
}

/// A file that is written to its end and closed, still under its temporary name and not yet durable.
#[derive(Debug)]
pub struct WrittenFile {
    inner: Arc<Inner>,
    folder: Arc<Folder>,
    path: RelPath,
    temporary: String,
    size_bytes: u64,
    replace: bool,
    remove_on_drop: bool,
}

impl WrittenFile {
    /// Final path below the destination.
    #[must_use]
    pub const fn path(&self) -> &RelPath {
        &self.path
    }

    /// Size.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// To be called once the data is durable; the name is not until its folder is synced as well.
    pub(crate) fn give_name(&mut self) -> Result<(), DestinationError> {
        give_name(&self.folder, &self.temporary, self.path.file_name(), self.replace)
            .map_err(|error| self.sort("publish", error))?;
        self.remove_on_drop = false;
        Ok(())
    }

    pub(crate) const fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }

    pub(crate) fn sort(&self, what: &'static str, error: io::Error) -> DestinationError {
        self.inner.sort(what, &self.path, self.size_bytes, error)
    }
}

impl Drop for WrittenFile {
    fn drop(&mut self) {
        if self.remove_on_drop {
            remove_unfinished(&self.inner, &self.folder, &self.temporary, &self.path);
        }
    }
}

fn give_name(folder: &Folder, temporary: &str, name: &str, replace: bool) -> io::Result<()> {
    if replace { folder.rename_over(temporary, name) } else { folder.rename_new(temporary, name) }
}

fn remove_unfinished(inner: &Inner, folder: &Folder, temporary: &str, path: &RelPath) {
    if let Err(error) = folder.remove_file(temporary) {
        tracing::warn!(path = %inner.shown(path).display(), %error, "cannot remove an unfinished file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn temporary_names_are_legal_and_known_as_such(name in "[^/\0]{1,80}", attempt in 1u32..20) {
            prop_assume!(name.len() <= 255);
            for marked in [partial_name(&name), corrupt_name(&name, attempt)] {
                prop_assert!(marked.len() <= 255 && is_reserved(&marked) && RelPath::new(&marked).is_ok());
            }
        }
    }

    #[test]
    fn two_long_names_never_share_a_temporary_name() {
        let (a, b) = (format!("{}A.mov", "x".repeat(250)), format!("{}B.mov", "x".repeat(250)));
        assert_ne!(partial_name(&a), partial_name(&b));
    }
}
