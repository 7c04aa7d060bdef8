//! Owns small, bounded file work that is not about media (state, settings, presets, profiles), so that raw `std::fs` stays in
//! this crate. Must never be used on a source: that is what [`crate::Source`] is for.
#![allow(
    clippy::disallowed_methods,
    reason = "this module publishes small files of the program itself and removes them when told to"
)]

use crate::errno;
use checkgate_model::ErrorCode;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Why file work failed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file is larger than its reader allows.
    #[error("{path} has more than {max_bytes} bytes", path = path.display())]
    TooLarge {
        /// File.
        path: PathBuf,
        /// Bound.
        max_bytes: u64,
    },
    /// The system refused.
    #[error("cannot {what} {path}", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    /// Code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge { .. } => ErrorCode::BadRequest,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorCode::NotFound,
            Self::Io { what: "read" | "list", .. } => ErrorCode::StateFailed,
            Self::Io { source, .. } => errno::write_code(source),
        }
    }

    /// Whether the cause is that nothing is there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_path_buf();
    move |source| FileError::Io { what, path, source }
}

/// The first `max_bytes` of a file; for files of the system that tell no size.
pub(crate) fn read_some(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A whole file of at most `max_bytes`.
pub fn read_bounded(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let bytes = read_some(path, max_bytes.saturating_add(1)).map_err(failed("read", path))?;
    if bytes.len() as u64 > max_bytes {
        return Err(FileError::TooLarge { path: path.to_path_buf(), max_bytes });
    }
    Ok(bytes)
}

/// Replaces or makes a file in one step: a reader sees the old bytes or the new ones, also after a crash.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let name = path.file_name().ok_or_else(|| failed("write", path)(io::Error::from(io::ErrorKind::InvalidFilename)))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        #[cfg(unix)]
        crate::folder::Folder::open_root(
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        )?
        .sync()?;
        Ok(())
    };
    write().map_err(|source| {
        // Ours, unfinished and of no use; the first error is the one that matters.
        let _ = std::fs::remove_file(&temporary);
        failed("write", path)(source)
    })
}

/// A file of the caller's own to which lines are added, e.g. what a long operation has done so far. Lines reach the system once a
/// few hundred are waiting; a crash costs those at most.
#[derive(Debug)]
pub struct AppendLog(std::io::BufWriter<File>);

impl AppendLog {
    /// Opens or makes the file, and its folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Self(std::io::BufWriter::new(OpenOptions::new().append(true).create(true).open(path)?)))
    }

    /// Adds a line.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())?;
        self.0.write_all(b"\n")
    }

    /// Hands what is waiting to the system.
    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    /// Hands everything to the device.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_all()
    }
}

/// Makes a folder and its parents.
pub fn create_folder_all(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(failed("create", path))
}

/// Names in a folder, sorted, at most `most`; names that are no UTF-8 are left out.
pub fn list_names(path: &Path, most: usize) -> Result<Vec<String>, FileError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed("list", path))?.take(most) {
        if let Ok(name) = entry.map_err(failed("list", path))?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Removes one file that belongs to the caller; that it is not there is fine.
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Whether `path` is a file or folder that exists.
#[must_use]
pub fn exists(path: &Path) -> bool {
    path.exists()
}
