//! Owns putting a sound file in the place of a corrupt one, and reading a file piece by piece past what cannot be read. The corrupt
//! file keeps its bytes under `.NAME.checkgate-corrupt` until somebody says that it may go. Must never leave a moment in which
//! neither of the two has a name, nor write into the only bytes there are.

use crate::destination::{Destination, DestinationError, MOST_CORRUPT, Published};
use crate::partial::{self, PartialFile};
use crate::read_back::{Depth, ReadBack};
use crate::source::{ReadSourceError, Source, SourceReader};
use checkgate_model::RelPath;
use std::io::{self, Read, Seek, SeekFrom};

/// A file that took the place of a corrupt one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// The file that is there now.
    pub published: Published,
    /// Where the corrupt one lies now; `None` if there was none.
    pub set_aside: Option<RelPath>,
}

/// Whether `name` is one of a corrupt copy that was set aside.
#[must_use]
pub fn is_set_aside(name: &str) -> bool {
    partial::is_reserved(name) && !partial::is_partial(name)
}

/// Whether `aside` is where a corrupt copy of the file `path` is set aside.
#[must_use]
pub fn set_aside_of(aside: &RelPath, path: &RelPath) -> bool {
    aside.parent() == path.parent()
        && is_set_aside(aside.file_name())
        && (1..=MOST_CORRUPT).any(|attempt| partial::corrupt_name(path.file_name(), attempt) == aside.file_name())
}

impl Destination {
    /// Begins a file of `size_bytes` under its temporary name beside the final one, whether or not something has that name. To be
    /// ended by [`mend`](Self::mend).
    pub fn begin_mending(&self, path: &RelPath, size_bytes: u64) -> Result<PartialFile, DestinationError> {
        self.refuse_reserved(path)?;
        let folder = self.folder_for(path)?;
        PartialFile::begin_replacing(&self.inner, folder, path, size_bytes)
    }

    /// Makes durable what is written under the temporary name, and reads it again for proof before it takes anything's place.
    pub fn read_unpublished(&self, whole: &mut PartialFile) -> Result<ReadBack, DestinationError> {
        whole.sync()?;
        let path = whole.path();
        let temporary = partial::temporary_path(path).map_err(|error| self.inner.sort("read back", path, 0, error))?;
        self.read_back(&temporary, Depth::Device)
    }

    /// Gives a whole file its final name and keeps what had it as `.NAME.checkgate-corrupt`. Where the file system has hard links
    /// the corrupt file has both names until the new one takes its place in one step; elsewhere (FAT, exFAT) it is renamed first,
    /// and gets its name back if the new one cannot take it.
    pub fn mend(&self, mut whole: PartialFile) -> Result<Mended, DestinationError> {
        let path = whole.path().clone();
        if self.existing(&path)?.is_none() {
            return Ok(Mended { published: whole.publish()?, set_aside: None });
        }
        // Nothing is moved for a file that is not on the drive yet.
        whole.sync()?;
        let (aside, linked) = match self.second_name(&path)? {
            Some(aside) => (aside, true),
            None => (self.quarantine(&path)?, false),
        };
        match whole.publish() {
            Ok(published) => Ok(Mended { published, set_aside: Some(aside) }),
            Err(error) => {
                let undone = if linked { self.drop_second_name(&aside, &path) } else { self.rename(&aside, path.file_name()) };
                if let Err(undo) = undone {
                    tracing::warn!(path = %self.inner.shown(&aside).display(), error = %undo, "a file stays set aside");
                }
                Err(error)
            }
        }
    }

    /// Removes a corrupt copy that was set aside: a person said that it may go. Refuses any other file.
    pub fn discard_set_aside(&self, aside: &RelPath) -> Result<(), DestinationError> {
        let inner = &self.inner;
        let sort = |error| inner.sort("remove", aside, 0, error);
        if !is_set_aside(aside.file_name()) {
            return Err(DestinationError::ReservedName { path: inner.shown(aside) });
        }
        let (folder, name) = inner.folder.open_parent(aside).map_err(sort)?;
        folder.remove_file(name).map_err(sort)?;
        folder.sync().map_err(sort)
    }

    fn second_name(&self, path: &RelPath) -> Result<Option<RelPath>, DestinationError> {
        let inner = &self.inner;
        let sort = |error| inner.sort("set aside", path, 0, error);
        let (folder, name) = inner.folder.open_parent(path).map_err(sort)?;
        for attempt in 1..=MOST_CORRUPT {
            let aside = partial::corrupt_name(name, attempt);
            match folder.link_new(name, &aside) {
                Ok(true) => {
                    folder.sync().map_err(sort)?;
                    return partial::beside(path, &aside).map(Some).map_err(sort);
                }
                Ok(false) => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(sort(error)),
            }
        }
        Err(DestinationError::Occupied { path: inner.shown(path) })
    }

    /// Takes the second name away again; the file still has its own.
    fn drop_second_name(&self, aside: &RelPath, path: &RelPath) -> Result<(), DestinationError> {
        let own = self.existing(path)?;
        if own.is_none() {
            Err(DestinationError::NotFound { path: self.inner.shown(path) })
        } else {
            self.discard_set_aside(aside)
        }
    }
}

/// A file that is read in pieces at any place. A piece that cannot be read says so and keeps no other from being read.
#[derive(Debug)]
pub struct Piecewise {
    reader: SourceReader,
}

impl Piecewise {
    /// Opens a file below a source.
    pub fn open(source: &Source, path: &RelPath) -> Result<Self, ReadSourceError> {
        Ok(Self { reader: source.open_file(path)? })
    }

    /// Size when it was opened.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.reader.size_bytes()
    }

    /// Fills `buffer` from `offset` on; answers how much there was, less than asked for only at the end of the file.
    pub fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.reader.seek(SeekFrom::Start(offset))?;
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).expect("legal")
    }

    fn written(destination: &Destination, at: &str, bytes: &[u8]) -> PartialFile {
        let mut file = destination.begin_mending(&path(at), bytes.len() as u64).expect("begins");
        file.write_all_at(bytes, 0).expect("writes");
        file
    }

    #[test]
    fn the_corrupt_file_is_kept_until_it_is_discarded() {
        let folder = tempfile::tempdir().expect("a folder");
        let destination = Destination::open(folder.path()).expect("opens");
        let at = path("A/clip.mov");
        std::fs::create_dir(folder.path().join("A")).expect("a folder");
        std::fs::write(folder.path().join("A/clip.mov"), "bad").expect("writes");
        let mended = destination.mend(written(&destination, "A/clip.mov", b"good")).expect("mends");
        let aside = mended.set_aside.expect("something was there");
        assert_eq!(std::fs::read(folder.path().join("A/clip.mov")).expect("there"), b"good");
        assert_eq!(std::fs::read(folder.path().join(aside.as_str())).expect("there"), b"bad");
        assert!(set_aside_of(&aside, &at) && !set_aside_of(&aside, &path("A/clip.mo")));
        assert!(destination.discard_set_aside(&at).is_err(), "only what was set aside may go");
        destination.discard_set_aside(&aside).expect("goes");
        assert_eq!(std::fs::read_dir(folder.path().join("A")).expect("lists").count(), 1);
    }

    #[test]
    fn a_second_corrupt_file_does_not_replace_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let destination = Destination::open(folder.path()).expect("opens");
        for round in ["one", "two"] {
            std::fs::write(folder.path().join("f"), round).expect("writes");
            destination.mend(written(&destination, "f", b"good")).expect("mends");
        }
        assert_eq!(std::fs::read(folder.path().join(".f.checkgate-corrupt")).expect("there"), b"one");
        assert_eq!(std::fs::read(folder.path().join(".f.checkgate-corrupt-2")).expect("there"), b"two");
    }

    #[test]
    fn what_is_not_finished_leaves_the_corrupt_file_where_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let destination = Destination::open(folder.path()).expect("opens");
        std::fs::write(folder.path().join("f"), "bad").expect("writes");
        let mut half = destination.begin_mending(&path("f"), 4).expect("begins");
        half.write_all_at(b"go", 0).expect("writes");
        assert!(matches!(destination.mend(half), Err(DestinationError::Incomplete { .. })));
        drop(written(&destination, "f", b"good"));
        let names: Vec<_> = std::fs::read_dir(folder.path()).expect("lists").map(|e| e.expect("entry").file_name()).collect();
        assert_eq!(names, ["f"]);
        assert_eq!(std::fs::read(folder.path().join("f")).expect("there"), b"bad");
    }
}
