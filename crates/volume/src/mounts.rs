//! Owns what is mounted: volumes, the physical device below each, and a guess at the part each plays. The guess never narrows
//! anything: every volume may be offloaded from. Must never write to a volume. On Linux the facts come from
//! /proc/self/mountinfo and /sys; elsewhere only the standard library is asked, and what it cannot tell stays `None`.

use checkgate_model::{ErrorCode, VolumeId};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The part a volume seems to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeRole {
    /// Looks like camera or recorder media.
    Card,
    /// Looks like a drive to copy to.
    Storage,
    /// The system's own disk.
    System,
    /// A network share.
    Network,
    /// None of these.
    Other,
}

/// A mounted volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// File-system id where there is one, else device and capacity.
    pub id: VolumeId,
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// Label, or the last part of the mount point where there is none.
    pub label: String,
    /// File system, e.g. `exfat`.
    pub file_system: String,
    /// Device or share as the system names it.
    pub device: String,
    /// Mounted read-only.
    pub read_only: bool,
    /// Whether medium or drive can be taken out. Some readers call themselves fixed: `Some(false)` excludes nothing.
    pub removable: Option<bool>,
    /// A network share.
    pub network: bool,
    /// Capacity; zero if the volume does not answer.
    pub total_bytes: u64,
    /// Free for this user.
    pub free_bytes: u64,
    /// Identity of the physical device; two volumes with the same text lie on one device. `None` if it cannot be told, which
    /// never counts as distinct.
    pub device_identity: Option<String>,
    /// The volume lies on something that only pretends to be a disk (loop file, RAM disk, mapped device).
    pub virtual_device: bool,
    /// What a person should know about the device, e.g. which file a loop device shows.
    pub device_note: Option<String>,
    /// Why a read-back from this volume cannot be shown to reach a device; `None` if it can.
    pub read_back_limit: Option<String>,
    /// How the device is attached, e.g. `USB`, `NVMe`.
    pub bus: Option<String>,
    /// Speed the link was negotiated at, where the system tells it.
    pub link_speed_mbps: Option<u32>,
    /// The link in words, e.g. `USB 3, 5 Gbit/s`.
    pub link_words: Option<String>,
    /// Speed the device could do, where it tells.
    pub link_best_mbps: Option<u32>,
    /// What to do about a link that is slower than the device, e.g. a USB 3 reader on a USB 2 port.
    pub slow_link: Option<String>,
    /// Maker and model of the device or reader.
    pub model: Option<String>,
    /// Serial number or world-wide name of the disk, or of the reader it is in.
    pub serial: Option<String>,
    /// The file system's own id.
    pub file_system_id: Option<String>,
    /// Whether the device has spinning platters, where the system tells it.
    pub rotational: Option<bool>,
    /// Guess at its part.
    pub role: VolumeRole,
    /// Why that guess.
    pub role_reason: String,
}

/// What lies between a file and a device, as far as it decides what a read-back proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Below {
    /// Direct I/O reaches a device.
    Device,
    /// Direct I/O reaches a server.
    Share,
    /// Something in this machine may answer from memory; the text says what.
    Cached(String),
}

impl Volume {
    pub(crate) fn below(&self) -> Below {
        match &self.read_back_limit {
            Some(because) => Below::Cached(because.clone()),
            None if self.network => Below::Share,
            None => Below::Device,
        }
    }

    /// Whether names on it ignore case.
    pub(crate) fn ignores_case(&self) -> bool {
        matches!(
            self.file_system.as_str(),
            "vfat" | "msdos" | "exfat" | "ntfs" | "ntfs3" | "fuseblk" | "hfsplus" | "hfs" | "apfs" | "cifs" | "smb3" | "smbfs"
        )
    }
}

/// Why volumes cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListVolumesError {
    /// The mount table cannot be read.
    #[error("cannot read the list of mounted volumes")]
    MountTable {
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The path leads nowhere.
    #[error("cannot look at {path}", path = path.display())]
    Path {
        /// Asked for.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// No mounted volume holds the path.
    #[error("no mounted volume holds {path}", path = path.display())]
    NotMounted {
        /// Asked for.
        path: PathBuf,
    },
}

impl ListVolumesError {
    /// Code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::MountTable { .. } => ErrorCode::Internal,
            Self::Path { .. } | Self::NotMounted { .. } => ErrorCode::NotFound,
        }
    }
}

/// Every mounted volume a person could mean: no kernel, container or memory file systems, one entry per volume.
pub fn mounted() -> Result<Vec<Volume>, ListVolumesError> {
    platform::mounted()
}

/// The volume that holds `path`, of whatever kind. A path that does not exist yet is answered by its nearest existing folder.
pub fn volume_of(path: &Path) -> Result<Volume, ListVolumesError> {
    let existing = nearest_existing(path).map_err(|source| ListVolumesError::Path { path: path.to_path_buf(), source })?;
    platform::volume_of(&existing)
}

/// Whether the block device of a folder is still attached; true where that cannot be told.
pub(crate) fn device_is_present(key: crate::folder::FolderKey) -> bool {
    platform::device_is_present(key.0)
}

/// `path` without links, or its nearest ancestor that exists.
pub(crate) fn nearest_existing(path: &Path) -> io::Result<PathBuf> {
    let mut candidate = if path.is_absolute() { path.to_path_buf() } else { std::env::current_dir()?.join(path) };
    loop {
        match candidate.canonicalize() {
            Ok(found) => return Ok(found),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                if !candidate.pop() {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(target_os = "linux")]
use crate::linux as platform;

/// What the standard library tells on systems whose own interfaces are not used yet: names and places, not devices.
#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{ListVolumesError, Volume, VolumeRole};
    use checkgate_model::VolumeId;
    use std::path::{Path, PathBuf};

    fn plain(mount_point: PathBuf) -> Volume {
        let space = crate::folder::space_at(&mount_point).ok();
        let label =
            mount_point.file_name().map_or_else(|| mount_point.display().to_string(), |name| name.to_string_lossy().into_owned());
        let (total_bytes, free_bytes) = space.map_or((0, 0), |space| (space.total_bytes, space.free_bytes));
        let is_system = mount_point.parent().is_none();
        Volume {
            id: VolumeId(format!("mount:{}:{total_bytes}", mount_point.display())),
            label,
            file_system: "unknown".to_owned(),
            device: String::new(),
            read_only: false,
            removable: None,
            network: false,
            total_bytes,
            free_bytes,
            device_identity: None,
            virtual_device: false,
            device_note: Some("the physical device is not known on this system".to_owned()),
            read_back_limit: Some("on this system it is not known what lies below the volume".to_owned()),
            bus: None,
            link_speed_mbps: None,
            link_words: None,
            link_best_mbps: None,
            slow_link: None,
            model: None,
            serial: None,
            file_system_id: None,
            rotational: None,
            role: if is_system { VolumeRole::System } else { VolumeRole::Other },
            role_reason: "only the mount point is known on this system".to_owned(),
            mount_point,
        }
    }

    #[cfg(not(windows))]
    fn roots() -> std::io::Result<Vec<PathBuf>> {
        let mut roots = vec![PathBuf::from("/")];
        match std::fs::read_dir("/Volumes") {
            Ok(entries) => {
                for entry in entries {
                    let path = entry?.path();
                    // The system's own disk appears there as a link to `/`.
                    if path.is_dir() && !path.is_symlink() {
                        roots.push(path);
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        roots.sort();
        Ok(roots)
    }

    #[cfg(windows)]
    fn roots() -> std::io::Result<Vec<PathBuf>> {
        Ok((b'A'..=b'Z').map(|letter| PathBuf::from(format!("{}:\\", char::from(letter)))).filter(|root| root.is_dir()).collect())
    }

    pub(super) fn mounted() -> Result<Vec<Volume>, ListVolumesError> {
        Ok(roots().map_err(|source| ListVolumesError::MountTable { source })?.into_iter().map(plain).collect())
    }

    pub(super) fn volume_of(path: &Path) -> Result<Volume, ListVolumesError> {
        let roots = roots().map_err(|source| ListVolumesError::MountTable { source })?;
        let root = roots.into_iter().filter(|root| path.starts_with(root)).max_by_key(|root| root.components().count());
        root.map(plain).ok_or_else(|| ListVolumesError::NotMounted { path: path.to_path_buf() })
    }

    pub(super) fn device_is_present(_device: u64) -> bool {
        true
    }
}
