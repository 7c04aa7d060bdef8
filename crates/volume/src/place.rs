//! Owns small questions about places on this machine that use cases ask: the real path of a folder, whether a folder is empty, and
//! lock files that tell a living process from a dead one. Must never touch media.
#![allow(clippy::disallowed_methods, reason = "this module moves and removes folders of the program itself")]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The path without links, `.` and `..`. Fails where nothing is there.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// Whether the folder holds nothing; `None` where there is no folder.
pub fn is_empty_folder(path: &Path) -> io::Result<Option<bool>> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(Some(entries.next().is_none())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Renames on one file system, for trees of our own (forged cards); never a card's or a copy's.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Removes a tree that this program made for itself and marked as such; refuses any other.
pub fn remove_own_tree(root: &Path, marker: &str) -> io::Result<()> {
    if !root.join(marker).is_file() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the folder does not carry our mark"));
    }
    std::fs::remove_dir_all(root)
}

/// Lets only the owner look into a folder of this program's own state.
pub fn make_private(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _owner_only_by_default = folder;
    Ok(())
}

/// An exclusive lock that the system takes back when the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// Takes the lock at `path`, creating the file; `None` while another process or another part of this one holds it.
pub fn lock_file(path: &Path) -> io::Result<Option<FileLock>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(FileLock { _file: file })),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Takes the lock at `path` and waits while another process holds it; for short work only.
pub fn wait_for_lock(path: &Path) -> io::Result<FileLock> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.lock()?;
    Ok(FileLock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_not_given_twice() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("job.lock");
        let held = lock_file(&path).expect("opens").expect("free");
        assert!(lock_file(&path).expect("opens").is_none());
        drop(held);
        assert!(lock_file(&path).expect("opens").is_some());
        assert_eq!(is_empty_folder(folder.path()).expect("lists"), Some(false));
        assert_eq!(is_empty_folder(&path.join("no")).unwrap_or(None), None);
    }
}
