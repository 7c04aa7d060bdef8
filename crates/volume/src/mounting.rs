//! Owns mounting a card so that nothing is written to it, and letting a volume go once everything is on it. Asks udisks where it is
//! there and this account is not root. Must never mount writable, never replay a journal, and never let go of a volume by force.

#[cfg(not(target_os = "linux"))]
use crate::mounts::Volume;
use checkgate_model::ErrorCode;
use std::io;
#[cfg(not(target_os = "linux"))]
use std::path::Path;
use std::path::PathBuf;

/// Why a volume was not mounted, or not let go.
#[derive(Debug, thiserror::Error)]
pub enum MountingError {
    /// There is no such device, or it is a file or folder.
    #[error("{device} is no block device", device = device.display())]
    NotADevice {
        /// Asked for.
        device: PathBuf,
    },
    /// It is mounted already.
    #[error("{device} is mounted on {at} already, {access}", device = device.display(), at = at.display(), access = if *read_only { "read-only" } else { "writable" })]
    Mounted {
        /// The device.
        device: PathBuf,
        /// Where.
        at: PathBuf,
        /// How.
        read_only: bool,
    },
    /// What is on it is not known, so it is not known either how to keep it from being written to.
    #[error("what lies on {device} is no file system that is known here", device = device.display())]
    Unknown {
        /// The device.
        device: PathBuf,
    },
    /// The system mounted it writable; it was unmounted again.
    #[error("the system mounted {device} writable; it was unmounted again", device = device.display())]
    Writable {
        /// The device.
        device: PathBuf,
    },
    /// Something still uses it.
    #[error("{volume} is in use", volume = volume.display())]
    Busy {
        /// Where it is mounted.
        volume: PathBuf,
    },
    /// Not everything is on the device.
    #[error("not everything could be written to {volume}", volume = volume.display())]
    NotDurable {
        /// Where it is mounted.
        volume: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// A program of the system refused, or none is there that may do it.
    #[error("cannot {what} {path}: {message}", path = path.display())]
    Refused {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Its words.
        message: String,
    },
}

impl MountingError {
    /// Code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotADevice { .. } => ErrorCode::NotFound,
            Self::Mounted { .. } | Self::Unknown { .. } => ErrorCode::BadRequest,
            Self::Busy { .. } => ErrorCode::Busy,
            Self::NotDurable { .. } => ErrorCode::DestinationFailed,
            Self::Writable { .. } | Self::Refused { .. } => ErrorCode::ToolFailed,
        }
    }
}

/// A volume that may be taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ejected {
    /// Where it was.
    pub mount_point: PathBuf,
    /// The drive was told to power down as well.
    pub powered_off: bool,
}

/// Options that keep the kernel from writing to a device of that kind, a dirty journal included; `None` for what is not known.
#[must_use]
pub fn untouched_options(file_system: &str) -> Option<&'static str> {
    Some(match file_system {
        "ext3" | "ext4" => "ro,noload",
        "xfs" => "ro,norecovery",
        "btrfs" => "ro,rescue=nologreplay",
        "f2fs" => "ro,norecovery",
        // No journal, or none that a read-only mount replays.
        "ext2" | "vfat" | "exfat" | "hfsplus" | "udf" | "iso9660" | "ntfs3" => "ro",
        _ => return None,
    })
}

#[cfg(target_os = "linux")]
pub use linux::{eject, mount_read_only};

#[cfg(target_os = "linux")]
mod linux {
    use super::{Ejected, MountingError, untouched_options};
    use crate::linux::{kind_on, read_mounts};
    use crate::mounts::Volume;
    use std::io;
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    /// Mounts `device` read-only on `at`, else where the system puts such volumes. Answers where.
    ///
    /// # Errors
    /// Where it is mounted already, not known, or the system refuses.
    pub fn mount_read_only(device: &Path, at: Option<&Path>) -> Result<PathBuf, MountingError> {
        let not_a_device = || MountingError::NotADevice { device: device.to_path_buf() };
        let device = device.canonicalize().map_err(|_| not_a_device())?;
        let facts = std::fs::metadata(&device).map_err(|_| not_a_device())?;
        if !facts.file_type().is_block_device() {
            return Err(not_a_device());
        }
        if let Some((at, read_only)) = place_of(facts.rdev()) {
            return Err(MountingError::Mounted { device, at, read_only });
        }
        let kind = kind_on(&device).ok_or_else(|| MountingError::Unknown { device: device.clone() })?;
        let options = untouched_options(kind).ok_or_else(|| MountingError::Unknown { device: device.clone() })?;
        if rustix::process::geteuid().is_root() {
            as_root(&device, kind, options, at)?;
        } else if at.is_some() {
            let message = "only root chooses the folder; leave --at out".to_owned();
            return Err(MountingError::Refused { what: "mount", path: device, message });
        } else {
            let arguments = ["mount", "--no-user-interaction", "-o", options, "-b"].map(str::as_ref);
            run("mount", "udisksctl", &arguments, &device)?;
        }
        match place_of(facts.rdev()) {
            Some((at, true)) => Ok(at),
            Some((at, false)) => {
                // Better not there than writable.
                let _ = run("unmount", "umount", &[], &at);
                Err(MountingError::Writable { device })
            }
            None => {
                let message = "it is not in the system's list of mounts afterwards".to_owned();
                Err(MountingError::Refused { what: "mount", path: device, message })
            }
        }
    }

    fn as_root(device: &Path, kind: &str, options: &str, at: Option<&Path>) -> Result<(), MountingError> {
        let at = match at {
            Some(at) => at.to_path_buf(),
            None => {
                let name = device.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Path::new("/run/media/checkgate").join(name)
            }
        };
        let refused = |error: io::Error| MountingError::Refused { what: "make", path: at.clone(), message: error.to_string() };
        std::fs::create_dir_all(&at).map_err(refused)?;
        if std::fs::read_dir(&at).map_err(refused)?.next().is_some() {
            let message = "the folder is not empty".to_owned();
            return Err(MountingError::Refused { what: "mount on", path: at, message });
        }
        let options = format!("{options},nosuid,nodev,noexec");
        let arguments = ["-t", kind, "-o", &options].map(str::as_ref);
        let mut words: Vec<&std::ffi::OsStr> = arguments.to_vec();
        words.push(device.as_os_str());
        match run("mount", "mount", &words, &at) {
            // A kernel without exFAT has the helper instead.
            Err(_) if kind == "exfat" => {
                let words = ["-o".as_ref(), "ro".as_ref(), device.as_os_str()];
                run("mount", "mount.exfat-fuse", &words, &at)
            }
            other => other,
        }
    }

    /// Where a device is mounted, and whether read-only.
    fn place_of(number: u64) -> Option<(PathBuf, bool)> {
        let number = (rustix::fs::major(number), rustix::fs::minor(number));
        let is_it = |mount: &crate::linux::mountinfo::Mount| {
            mount.device_number == number
                || (mount.source.starts_with("/dev/")
                    && rustix::fs::stat(mount.source.as_str())
                        .is_ok_and(|found| (rustix::fs::major(found.st_rdev), rustix::fs::minor(found.st_rdev)) == number))
        };
        read_mounts().ok()?.into_iter().rev().find(is_it).map(|mount| (mount.mount_point, mount.read_only))
    }

    /// Writes everything out, unmounts, and powers a removable drive down where udisks can.
    ///
    /// # Errors
    /// Where something is not on the device, something still uses the volume, or the system refuses. It stays mounted then.
    pub fn eject(volume: &Volume) -> Result<Ejected, MountingError> {
        let at = volume.mount_point.clone();
        if !volume.read_only {
            let synced = std::fs::File::open(&at).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
            synced.map_err(|source| MountingError::NotDurable { volume: at.clone(), source })?;
        }
        match rustix::mount::unmount(&at, rustix::mount::UnmountFlags::NOFOLLOW) {
            Ok(()) => {}
            Err(rustix::io::Errno::BUSY) => return Err(MountingError::Busy { volume: at }),
            Err(rustix::io::Errno::PERM) if volume.file_system.starts_with("fuse.") => {
                run("unmount", "fusermount3", &["-u".as_ref()], &at)?;
            }
            Err(rustix::io::Errno::PERM) => {
                let arguments = ["unmount", "--no-user-interaction", "-b"].map(str::as_ref);
                run("unmount", "udisksctl", &arguments, Path::new(&volume.device))?;
            }
            Err(error) => {
                return Err(MountingError::Refused { what: "unmount", path: at, message: io::Error::from(error).to_string() });
            }
        }
        let arguments = ["power-off", "--no-user-interaction", "-b"].map(str::as_ref);
        let powered_off = volume.removable == Some(true)
            && !volume.virtual_device
            && run("power off", "udisksctl", &arguments, Path::new(&volume.device)).is_ok();
        Ok(Ejected { mount_point: at, powered_off })
    }

    fn run(what: &'static str, program: &str, arguments: &[&std::ffi::OsStr], last: &Path) -> Result<(), MountingError> {
        // Administrative programs are often not on a user's path.
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let refused = |message: String| MountingError::Refused { what, path: last.to_path_buf(), message };
        let output = Command::new(program)
            .args(arguments)
            .arg(last)
            .env("PATH", path)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| refused(format!("{program}: {error}")))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(refused(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())))
        }
    }
}

/// Mounts read-only; not done on this system, which mounts cards itself.
#[cfg(not(target_os = "linux"))]
pub fn mount_read_only(device: &Path, _at: Option<&Path>) -> Result<PathBuf, MountingError> {
    let message = "Checkgate does not mount on this system; use the write-protect switch of the card".to_owned();
    Err(MountingError::Refused { what: "mount", path: device.to_path_buf(), message })
}

/// Lets a volume go; not done on this system.
#[cfg(not(target_os = "linux"))]
pub fn eject(volume: &Volume) -> Result<Ejected, MountingError> {
    let message = "Checkgate does not eject on this system; use the system's own way".to_owned();
    Err(MountingError::Refused { what: "eject", path: volume.mount_point.clone(), message })
}
