//! Owns drives made of image files: any file system that this machine can make and mount, over a loop device that reads and writes the
//! image directly, so that what is read from the drive past the cache comes from the image and from nowhere else. Needs root and
//! Linux. It must only ever touch image files that it was given, and unmounts them when dropped.

use crate::image::{ImageError, file_error, run};
use std::ffi::OsStr;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A file system that a drive may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// ext4, by the kernel.
    Ext4,
    /// XFS, by the kernel.
    Xfs,
    /// btrfs, by the kernel.
    Btrfs,
    /// exFAT, by the kernel where it knows it, else through FUSE.
    ExFat,
    /// NTFS, through FUSE.
    Ntfs,
}

impl FileSystem {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ext4, Self::Xfs, Self::Btrfs, Self::ExFat, Self::Ntfs];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::ExFat => "exfat",
            Self::Ntfs => "ntfs",
        }
    }

    /// What makes it, with its options.
    const fn maker(self) -> (&'static str, &'static [&'static str]) {
        match self {
            // No blocks kept for root, so that "full" means full.
            Self::Ext4 => ("mkfs.ext4", &["-q", "-F", "-b", "4096", "-m", "0"]),
            Self::Xfs => ("mkfs.xfs", &["-q", "-f"]),
            Self::Btrfs => ("mkfs.btrfs", &["-q", "-f"]),
            Self::ExFat => ("mkfs.exfat", &[]),
            Self::Ntfs => ("mkfs.ntfs", &["-q", "-F", "-f"]),
        }
    }

    /// Mounts it where the kernel does not.
    const fn through_fuse(self) -> Option<&'static str> {
        match self {
            Self::ExFat => Some("mount.exfat-fuse"),
            Self::Ntfs => Some("ntfs-3g"),
            _ => None,
        }
    }

    /// Smallest drive that holds it; the image is sparse, so that it costs nothing.
    #[must_use]
    pub const fn size_bytes(self) -> u64 {
        match self {
            Self::Xfs => 320 << 20,
            Self::Btrfs => 256 << 20,
            _ => 192 << 20,
        }
    }
}

/// A mounted drive.
#[derive(Debug)]
pub struct Drive {
    file_system: FileSystem,
    image: PathBuf,
    mount_point: PathBuf,
    device: Option<String>,
    mounted: bool,
}

fn text(arguments: &[&str]) -> Vec<std::ffi::OsString> {
    arguments.iter().map(Into::into).collect()
}

fn start(program: &str, arguments: &[std::ffi::OsString]) -> Result<String, ImageError> {
    run(program, &arguments.iter().map(std::ffi::OsString::as_os_str).collect::<Vec<&OsStr>>())
}

impl Drive {
    /// Makes the file system in the new file `image`.
    ///
    /// # Errors
    /// The program that makes it is missing or fails.
    pub fn format(file_system: FileSystem, image: &Path) -> Result<(), ImageError> {
        if let Some(parent) = image.parent() {
            std::fs::create_dir_all(parent).map_err(file_error(parent))?;
        }
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(image).map_err(file_error(image))?;
        file.set_len(file_system.size_bytes()).map_err(file_error(image))?;
        let (maker, options) = file_system.maker();
        let mut arguments = text(options);
        arguments.push(image.into());
        start(maker, &arguments).map(drop)
    }

    /// Mounts the image on the folder `mount_point`, which is made if it is missing.
    ///
    /// # Errors
    /// No right to mount, or a file system that is not known here.
    pub fn attach(file_system: FileSystem, image: &Path, mount_point: &Path) -> Result<Self, ImageError> {
        std::fs::create_dir_all(mount_point).map_err(file_error(mount_point))?;
        let mut drive =
            Self { file_system, image: image.to_owned(), mount_point: mount_point.to_owned(), device: None, mounted: false };
        let mut arguments = text(&["--find", "--show", "--direct-io=on"]);
        arguments.push(image.into());
        let device = start("losetup", &arguments)?.trim().to_owned();
        drive.device = Some(device.clone());
        let place = [device.as_ref(), mount_point.as_os_str()];
        let by_kernel = run("mount", &[&["-t".as_ref(), OsStr::new(file_system.name())], &place[..]].concat());
        match (by_kernel, file_system.through_fuse()) {
            (Ok(_), _) => {}
            (Err(_), Some(fuse)) => drop(run(fuse, &place)?),
            (Err(error), None) => return Err(error),
        }
        drive.mounted = true;
        // A drive that comes from a shop has no such folder.
        let _ = std::fs::remove_dir(mount_point.join("lost+found"));
        Ok(drive)
    }

    /// Makes and mounts one.
    ///
    /// # Errors
    /// As [`Self::format`] and [`Self::attach`].
    pub fn create(file_system: FileSystem, image: &Path, mount_point: &Path) -> Result<Self, ImageError> {
        Self::format(file_system, image)?;
        Self::attach(file_system, image, mount_point)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.mount_point
    }

    /// Its file system.
    #[must_use]
    pub const fn file_system(&self) -> FileSystem {
        self.file_system
    }

    /// Unmounts it, in order.
    ///
    /// # Errors
    /// Something on it is still open.
    pub fn eject(&mut self) -> Result<(), ImageError> {
        if self.mounted {
            run("umount", &[self.mount_point.as_os_str()])?;
            self.mounted = false;
        }
        self.detach();
        Ok(())
    }

    /// Takes it away, whatever is open on it.
    pub fn pull(&mut self) {
        if std::mem::take(&mut self.mounted) && run("umount", &[self.mount_point.as_os_str()]).is_err() {
            let _ = run("umount", &["-l".as_ref(), self.mount_point.as_os_str()]);
        }
        self.detach();
    }

    fn detach(&mut self) {
        if let Some(device) = self.device.take() {
            let _ = run("losetup", &["--detach".as_ref(), device.as_ref()]);
        }
    }

    /// Flips one bit of byte `offset` of the file that holds `content`, in the image and past every cache: neither the file system nor
    /// the kernel's copies of its pages notice. The place is found by the content, of which no two blocks may be alike. Answers how many
    /// places were changed.
    ///
    /// # Errors
    /// The image cannot be read or written, or holds the content nowhere.
    pub fn flip(&self, content: &[u8], offset: u64) -> Result<u32, ImageError> {
        const BLOCK: usize = 4096;
        let error = || file_error(&self.image);
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let block = at / BLOCK * BLOCK;
        let Some(wanted) = content.get(block..(block + BLOCK).min(content.len())).filter(|_| at < content.len()) else {
            return Err(ImageError::NotLocated { path: self.image.clone(), offset });
        };
        let image = std::fs::OpenOptions::new().read(true).write(true).open(&self.image).map_err(error())?;
        let length = image.metadata().map_err(error())?.len();
        let mut buffer = vec![0; 1 << 20];
        let (mut position, mut flipped) = (0, 0);
        while position < length {
            let now = usize::try_from(length - position).unwrap_or(usize::MAX).min(buffer.len());
            image.read_exact_at(&mut buffer[..now], position).map_err(error())?;
            for (number, found) in buffer[..now].chunks(BLOCK).enumerate() {
                if found.starts_with(wanted) {
                    let place = position + (number * BLOCK + at % BLOCK) as u64;
                    image.write_all_at(&[found[at % BLOCK] ^ 0x01], place).map_err(error())?;
                    flipped += 1;
                }
            }
            position += now as u64;
        }
        image.sync_all().map_err(error())?;
        if flipped == 0 { Err(ImageError::NotLocated { path: self.image.clone(), offset }) } else { Ok(flipped) }
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        self.pull();
    }
}
