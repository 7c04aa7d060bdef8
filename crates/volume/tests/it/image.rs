//! A small ext4 volume in a file behind a loop device, for root only. Unmounts and detaches itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Image {
    _folder: tempfile::TempDir,
    pub(crate) file: PathBuf,
    pub(crate) mount_point: PathBuf,
    device: String,
    mounted: bool,
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

impl Image {
    /// `direct`: the loop device reads its file past the system's cache. `None`, said on stderr, where that is not possible.
    pub(crate) fn new(size_mib: u64, label: &str, direct: bool) -> Option<Self> {
        match Self::make(size_mib, label, direct) {
            Ok(image) => Some(image),
            Err(error) => {
                eprintln!("SKIPPED: needs root, mkfs.ext4 and loop devices: {error}");
                None
            }
        }
    }

    fn make(size_mib: u64, label: &str, direct: bool) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("not root".to_owned());
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = folder.path().join("volume.img");
        File::create(&file).and_then(|file| file.set_len(size_mib << 20)).map_err(|error| error.to_string())?;
        let shown = file.to_str().unwrap();
        run("mkfs.ext4", &["-q", "-F", "-m", "0", "-L", label, shown])?;
        let mut arguments = vec!["--find", "--show"];
        if direct {
            arguments.push("--direct-io=on");
        }
        arguments.push(shown);
        let device = run("losetup", &arguments)?;
        let mount_point = folder.path().join("mounted here");
        std::fs::create_dir(&mount_point).map_err(|error| error.to_string())?;
        let mut image = Self { _folder: folder, file, mount_point, device, mounted: false };
        image.mount()?;
        Ok(image)
    }

    pub(crate) fn mount(&mut self) -> Result<(), String> {
        run("mount", &[&self.device, self.mount_point.to_str().unwrap()])?;
        self.mounted = true;
        Ok(())
    }

    /// Takes the volume away even while files on it are open.
    pub(crate) fn unmount(&mut self) {
        run("umount", &["-l", self.mount_point.to_str().unwrap()]).unwrap();
        self.mounted = false;
    }

    pub(crate) fn bind(&self, from: &Path, to: &Path) -> Bind {
        run("mount", &["--bind", from.to_str().unwrap(), to.to_str().unwrap()]).unwrap();
        Bind(to.to_path_buf())
    }

    /// Where `bytes` lie in the image.
    pub(crate) fn find(&self, bytes: &[u8]) -> u64 {
        let image = std::fs::read(&self.file).unwrap();
        let needle = &bytes[..64];
        // Files begin at a block of the file system.
        (0..image.len() as u64)
            .step_by(1024)
            .find(|offset| image[*offset as usize..].starts_with(needle))
            .expect("the bytes are on the device")
    }

    /// Flips the bits of one byte of the device, underneath the mounted file system.
    pub(crate) fn flip(&self, offset: u64) {
        let file = File::options().read(true).write(true).open(&self.file).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset).unwrap();
        file.write_all_at(&[!byte[0]], offset).unwrap();
        file.sync_all().unwrap();
    }

    /// Cuts the device off behind `size_bytes`: what lies there answers with an I/O error.
    pub(crate) fn cut(&self, size_bytes: u64) {
        File::options().write(true).open(&self.file).unwrap().set_len(size_bytes).unwrap();
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.mounted {
            let _ = run("umount", &["-l", self.mount_point.to_str().unwrap()]);
        }
        let _ = run("losetup", &["-d", &self.device]);
    }
}

pub(crate) struct Bind(PathBuf);

impl Drop for Bind {
    fn drop(&mut self) {
        let _ = run("umount", &["-l", self.0.to_str().unwrap()]);
    }
}
