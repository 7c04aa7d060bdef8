//! Owns loop-mounted ext4 images that play cards and drives, and the flip of one byte under a mounted file. Needs root and Linux;
//! `is_available` says so. It must only ever touch image files that it made.

use std::fmt;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why an image could not be made, mounted or changed.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file could not be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A system program failed.
    #[error("{program} failed: {message}")]
    Program {
        /// Which.
        program: String,
        /// Its last words.
        message: String,
    },
    /// The place of the byte on the device is not known, or does not hold what the file holds.
    #[error("cannot find byte {offset} of {} in the image", path.display())]
    NotLocated {
        /// File.
        path: PathBuf,
        /// Byte in it.
        offset: u64,
    },
}

pub(crate) fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> ImageError + use<> {
    let path = path.to_owned();
    move |source| ImageError::File { path, source }
}

pub(crate) fn run(program: &str, arguments: &[&std::ffi::OsStr]) -> Result<String, ImageError> {
    // Administrative programs are often not on a user's path.
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program)
        .args(arguments)
        .env("PATH", path)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| ImageError::Program { program: program.to_owned(), message: error.to_string() })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(ImageError::Program { program: program.to_owned(), message })
    }
}

/// Whether this process can loop-mount images; tried once for real, in a temporary folder.
#[must_use]
pub fn is_available() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| {
        if !cfg!(target_os = "linux") {
            return false;
        }
        let folder = std::env::temp_dir().join(format!("checkgate-image-{}", std::process::id()));
        let answer = CardImage::create(&folder.join("try.img"), &folder.join("mount"), "TRY", 8 << 20).is_ok();
        let _ = std::fs::remove_dir_all(&folder);
        answer
    })
}

/// A mounted image; unmounted when dropped. The image file stays.
pub struct CardImage {
    image: PathBuf,
    mount_point: PathBuf,
    mounted: bool,
}

impl fmt::Debug for CardImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardImage({} on {})", self.image.display(), self.mount_point.display())
    }
}

impl CardImage {
    /// Makes an ext4 file system of `size_bytes` in the file `image`, labelled `label`, and mounts it on the folder `mount_point`.
    pub fn create(image: &Path, mount_point: &Path, label: &str, size_bytes: u64) -> Result<Self, ImageError> {
        if let Some(parent) = image.parent() {
            std::fs::create_dir_all(parent).map_err(file_error(parent))?;
        }
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(image).map_err(file_error(image))?;
        file.set_len(size_bytes).map_err(file_error(image))?;
        drop(file);
        // ext4 labels hold 16 bytes; no blocks kept for root, so that "full" means full.
        let label: String = label.chars().take(16).collect();
        let arguments = ["-q", "-F", "-b", "4096", "-m", "0", "-L", &label];
        let mut arguments: Vec<&std::ffi::OsStr> = arguments.iter().map(std::ffi::OsStr::new).collect();
        arguments.push(image.as_os_str());
        run("mkfs.ext4", &arguments)?;
        let card = Self::attach(image, mount_point)?;
        // A camera's card has no such folder.
        let _ = std::fs::remove_dir(card.mount_point.join("lost+found"));
        card.sync()?;
        Ok(card)
    }

    /// Makes an image that holds what `folder` holds, and mounts it: the card appears whole, as a camera's does.
    pub fn from_folder(
        image: &Path,
        mount_point: &Path,
        label: &str,
        folder: &Path,
        size_bytes: u64,
    ) -> Result<Self, ImageError> {
        if let Some(parent) = image.parent() {
            std::fs::create_dir_all(parent).map_err(file_error(parent))?;
        }
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(image).map_err(file_error(image))?;
        file.set_len(size_bytes).map_err(file_error(image))?;
        drop(file);
        let label: String = label.chars().take(16).collect();
        let arguments = ["-q", "-F", "-b", "4096", "-m", "0", "-L", &label, "-d"];
        let mut arguments: Vec<&std::ffi::OsStr> = arguments.iter().map(std::ffi::OsStr::new).collect();
        arguments.extend([folder.as_os_str(), image.as_os_str()]);
        run("mkfs.ext4", &arguments)?;
        // A camera's card has no such folder.
        run("debugfs", &["-w".as_ref(), "-R".as_ref(), "rmdir lost+found".as_ref(), image.as_os_str()])?;
        Self::attach(image, mount_point)
    }

    /// Mounts an image that `create` made before.
    pub fn attach(image: &Path, mount_point: &Path) -> Result<Self, ImageError> {
        std::fs::create_dir_all(mount_point).map_err(file_error(mount_point))?;
        run("mount", &["-o".as_ref(), "loop".as_ref(), image.as_os_str(), mount_point.as_os_str()])?;
        Ok(Self { image: image.to_owned(), mount_point: mount_point.to_owned(), mounted: true })
    }

    /// The image file.
    #[must_use]
    pub fn image_path(&self) -> &Path {
        &self.image
    }

    /// The folder it is mounted on.
    #[must_use]
    pub fn mount_point(&self) -> &Path {
        &self.mount_point
    }

    /// Mounts the file system read-only or writable again, as a card's lock does.
    pub fn set_read_only(&mut self, read_only: bool) -> Result<(), ImageError> {
        let option = if read_only { "remount,ro" } else { "remount,rw" };
        run("mount", &["-o".as_ref(), option.as_ref(), self.mount_point.as_os_str()]).map(drop)
    }

    /// Takes the card out; `insert` puts it back.
    pub fn eject(&mut self) -> Result<(), ImageError> {
        if self.mounted {
            run("umount", &[self.mount_point.as_os_str()])?;
            self.mounted = false;
        }
        Ok(())
    }

    /// Pulls the card while files on it are open: it vanishes from the tree at once.
    pub fn pull(&mut self) -> Result<(), ImageError> {
        if self.mounted {
            run("umount", &["-l".as_ref(), self.mount_point.as_os_str()])?;
            self.mounted = false;
        }
        Ok(())
    }

    /// Puts an ejected card back on the same folder.
    pub fn insert(&mut self) -> Result<(), ImageError> {
        if !self.mounted {
            run("mount", &["-o".as_ref(), "loop".as_ref(), self.image.as_os_str(), self.mount_point.as_os_str()])?;
            self.mounted = true;
        }
        Ok(())
    }

    /// Flushes the mounted file system.
    pub fn sync(&self) -> Result<(), ImageError> {
        run("sync", &["-f".as_ref(), self.mount_point.as_os_str()]).map(drop)
    }

    /// Changes one byte of `path` (a file on this card) below the file system, as a failing drive would: the file's own cache, size
    /// and times do not change, and only a read from the device can notice. Afterwards the system's clean caches are dropped.
    pub fn flip_under(&self, path: &Path, offset: u64) -> Result<(), ImageError> {
        run("sync", &[path.as_os_str()])?;
        self.sync()?;
        let not_located = || ImageError::NotLocated { path: path.to_owned(), offset };
        let listing = run("filefrag", &["-b4096".as_ref(), "-e".as_ref(), path.as_os_str()])?;
        let position = position_on_device(&listing, offset).ok_or_else(not_located)?;
        let mut expected = [0u8];
        let mut file = std::fs::File::open(path).map_err(file_error(path))?;
        file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut expected)).map_err(file_error(path))?;
        let mut image = std::fs::OpenOptions::new().read(true).write(true).open(&self.image).map_err(file_error(&self.image))?;
        let mut found = [0u8];
        image.seek(SeekFrom::Start(position)).and_then(|_| image.read_exact(&mut found)).map_err(file_error(&self.image))?;
        if found != expected {
            return Err(not_located());
        }
        image
            .seek(SeekFrom::Start(position))
            .and_then(|_| image.write_all(&[found[0] ^ 0x01]))
            .and_then(|()| image.sync_all())
            .map_err(file_error(&self.image))?;
        drop(file);
        drop_caches();
        Ok(())
    }
}

impl Drop for CardImage {
    fn drop(&mut self) {
        if self.mounted && run("umount", &[self.mount_point.as_os_str()]).is_err() {
            let _ = run("umount", &["-l".as_ref(), self.mount_point.as_os_str()]);
        }
    }
}

/// Changes one byte through the file system and leaves size and modification time as they were: for machines where images cannot
/// be mounted. A cached read may notice this too.
pub fn flip_in_place(path: &Path, offset: u64) -> Result<(), ImageError> {
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path).map_err(file_error(path))?;
    let modified = file.metadata().and_then(|metadata| metadata.modified()).map_err(file_error(path))?;
    let mut byte = [0u8];
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.read_exact(&mut byte))
        .and_then(|()| file.seek(SeekFrom::Start(offset)))
        .and_then(|_| file.write_all(&[byte[0] ^ 0x01]))
        .and_then(|()| file.sync_all())
        .and_then(|()| file.set_modified(modified))
        .map_err(file_error(path))
}

/// Asks the system to forget clean cached pages; without root it does nothing.
pub fn drop_caches() {
    let _ = std::fs::write("/proc/sys/vm/drop_caches", "1");
}

/// Where byte `offset` of a file lies, from a `filefrag -b4096 -e` listing. `None` for holes and for extents not yet allocated.
fn position_on_device(listing: &str, offset: u64) -> Option<u64> {
    const BLOCK: u64 = 4096;
    let block = offset / BLOCK;
    for line in listing.lines() {
        let fields: Vec<&str> = line.split(':').map(str::trim).collect();
        if fields.len() < 4 || !fields[0].bytes().all(|b| b.is_ascii_digit()) || fields[0].is_empty() {
            continue;
        }
        let (first, last) = fields[1].split_once("..")?;
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let physical: u64 = fields[2].split_once("..")?.0.trim().parse().ok()?;
        if (first..=last).contains(&block) {
            if line.contains("delalloc") || line.contains("unwritten") || line.contains("inline") {
                return None;
            }
            return Some((physical + block - first) * BLOCK + offset % BLOCK);
        }
    }
    None
}

/// Unmounts whatever an earlier, killed run left mounted below `folder`.
pub fn release_below(folder: &Path) -> Result<(), ImageError> {
    let Ok(folder) = folder.canonicalize() else { return Ok(()) };
    let table = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    for line in table.lines() {
        if let Some(mount_point) = line.split(' ').nth(1).map(Path::new)
            && mount_point.starts_with(&folder)
        {
            run("umount", &[mount_point.as_os_str()])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_byte_in_the_second_extent() {
        let listing = "Filesystem type is: ef53\nFile size of f is 40960 (10 blocks of 4096 bytes)\n ext:     logical_offset:        physical_offset: length:   expected: flags:\n   0:        0..       3:       1000..      1003:      4:            \n   1:        4..       9:       2000..      2005:      6:       1004: last,eof\nf: 2 extents found\n";
        assert_eq!(position_on_device(listing, 5 * 4096 + 7), Some(2001 * 4096 + 7));
        assert_eq!(position_on_device(listing, 10 * 4096), None);
    }
}
