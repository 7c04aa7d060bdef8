//! Owns real file systems in image files, mounted through loop devices. Needs root; says so where it is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted ext4 image. Unmounted and detached when dropped.
pub struct LoopImage {
    pub image: PathBuf,
    pub mount: PathBuf,
    device: String,
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    if output.status.success() {
        return Some(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    eprintln!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    None
}

impl LoopImage {
    /// Makes, attaches and mounts an image; `None`, said on stderr, where the system does not allow it.
    pub fn make(folder: &Path, name: &str, size_mib: u64) -> Option<Self> {
        if !crate::support::is_root() {
            eprintln!("SKIPPED: loop images need root");
            return None;
        }
        let image = folder.join(format!("{name}.img"));
        fs::File::create(&image).unwrap().set_len(size_mib << 20).unwrap();
        // Every block of the file system exists in the image, so that nothing but the file system itself decides where bytes lie.
        run("mkfs.ext4", &["-q", "-F", "-m", "0", "-O", "^has_journal", image.to_str().unwrap()])?;
        Self::attach(folder, name, image, &[])
    }

    fn attach(folder: &Path, name: &str, image: PathBuf, options: &[&str]) -> Option<Self> {
        let mount = folder.join(format!("{name}.mount"));
        fs::create_dir_all(&mount).unwrap();
        // Direct I/O below, so that a direct read of the file is a read of the image and not of this machine's memory.
        let Some(device) = run("losetup", &["--find", "--show", "--direct-io=on", image.to_str().unwrap()]) else {
            eprintln!("SKIPPED: no loop device to be had");
            return None;
        };
        let made = Self { image, mount, device };
        let mut arguments = options.to_vec();
        arguments.extend([made.device.as_str(), made.mount.to_str().unwrap()]);
        if run("mount", &arguments).is_none() {
            eprintln!("SKIPPED: the image cannot be mounted");
            return None;
        }
        let _ = fs::remove_dir(made.mount.join("lost+found"));
        Some(made)
    }

    /// Mounts again read-only with nothing cached, as a card reader would.
    pub fn remount_read_only(self) -> Option<Self> {
        let (folder, image) = (self.image.parent().unwrap().to_path_buf(), self.image.clone());
        let name = image.file_stem().unwrap().to_string_lossy().into_owned();
        drop(self);
        Self::attach(&folder, &name, image, &["-o", "ro"])
    }

    /// Takes the file system and the device below it away while they are in use, as a pulled cable does.
    pub fn pull(&self) {
        // The content waits beside the image; the image itself ends, so that every read of the device fails.
        run("umount", &["-l", self.mount.to_str().unwrap()]).expect("it was mounted");
        fs::File::options().write(true).open(&self.image).unwrap().set_len(0).unwrap();
    }

    /// Keeps the content for the time after [`Self::pull`].
    pub fn keep_content(&self) {
        fs::copy(&self.image, self.image.with_extension("kept")).unwrap();
    }

    /// Puts the card back in.
    pub fn put_back(self) -> Option<Self> {
        fs::rename(self.image.with_extension("kept"), &self.image).unwrap();
        self.remount_read_only()
    }

    /// Where `needle` lies in the image.
    pub fn find(&self, needle: &[u8]) -> usize {
        let bytes = fs::read(&self.image).unwrap();
        bytes.windows(needle.len()).step_by(512).position(|window| window == needle).expect("the content is in the image") * 512
    }

    /// Flips one bit on the device, below the mounted file system.
    pub fn flip(&self, offset: usize) {
        use std::os::unix::fs::FileExt;
        let file = fs::File::options().read(true).write(true).open(&self.image).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset as u64).unwrap();
        file.write_all_at(&[byte[0] ^ 0x10], offset as u64).unwrap();
        file.sync_all().unwrap();
    }
}

impl Drop for LoopImage {
    fn drop(&mut self) {
        let mount = self.mount.to_str().unwrap();
        if run("mountpoint", &["-q", mount]).is_some() {
            run("umount", &[mount]).or_else(|| run("umount", &["-l", mount]));
        }
        run("losetup", &["--detach", &self.device]);
    }
}
