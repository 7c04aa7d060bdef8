//! Owns the Linux facts about volumes: mount table to [`Volume`]. Must never write and never wait long for a dead share.

mod attachment;
pub(crate) mod block;
pub(crate) mod mountinfo;
mod superblock;

use crate::mounts::{ListVolumesError, Volume, VolumeRole};
use block::Device;
use checkgate_model::VolumeId;
use mountinfo::Mount;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// Kernel and container furniture: nothing a person would copy from or to.
const FURNITURE: &[&str] = &[
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "tmpfs",
    "ramfs",
    "cgroup",
    "cgroup2",
    "securityfs",
    "debugfs",
    "tracefs",
    "pstore",
    "bpf",
    "mqueue",
    "hugetlbfs",
    "configfs",
    "fusectl",
    "autofs",
    "rpc_pipefs",
    "binfmt_misc",
    "nsfs",
    "efivarfs",
    "selinuxfs",
    "squashfs",
    "fuse.gvfsd-fuse",
    "fuse.portal",
    "fuse.lxcfs",
    "fuse.snapfuse",
];

/// File systems whose direct reads go to the block device and not through a cache of their own.
const DIRECT: &[&str] =
    &["ext2", "ext3", "ext4", "xfs", "vfat", "msdos", "exfat", "btrfs", "f2fs", "ntfs3", "hfsplus", "hfs", "jfs"];

/// File systems of a server.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ceph",
    "9p",
    "virtiofs",
    "afs",
    "glusterfs",
    "lustre",
    "beegfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.davfs",
];

/// Of these, the ones whose direct reads are known to pass this machine's cache.
const DIRECT_SHARE: &[&str] = &["nfs", "nfs4", "cifs", "smb3", "ceph", "lustre"];

/// How long a share may take to say how full it is.
const SHARE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

pub(crate) fn read_mounts() -> Result<Vec<Mount>, ListVolumesError> {
    let table = std::fs::read("/proc/self/mountinfo").map_err(|source| ListVolumesError::MountTable { source })?;
    Ok(mountinfo::parse(&table))
}

/// Mounts that a person could mean: uppermost per place, once per volume.
pub(crate) fn listed(mounts: Vec<Mount>) -> Vec<Mount> {
    let mut seen_places = BTreeSet::new();
    let mut uppermost: Vec<Mount> =
        mounts.into_iter().rev().filter(|mount| seen_places.insert(mount.mount_point.clone())).collect();
    uppermost.reverse();
    // The whole volume before a bind mount of a part of it; else as mounted.
    uppermost.sort_by_key(|mount| mount.root != Path::new("/"));
    let mut seen_volumes = BTreeSet::new();
    uppermost.retain(|mount| {
        !FURNITURE.contains(&mount.file_system.as_str())
            // Containers mount single files; a stat on a share that is gone would hang, so shares are taken at their word.
            && (is_network(&mount.file_system) || mount.mount_point.is_dir())
            && seen_volumes.insert((mount.device_number, is_network(&mount.file_system).then(|| mount.root.clone())))
    });
    uppermost.sort_by_key(|mount| mount.id);
    uppermost
}

pub(crate) fn mounted() -> Result<Vec<Volume>, ListVolumesError> {
    Ok(listed(read_mounts()?).iter().map(describe).collect())
}

pub(crate) fn volume_of(path: &Path) -> Result<Volume, ListVolumesError> {
    mount_of(path).map(|mount| describe(&mount))
}

/// The mount that holds `path`, which exists and has no links.
pub(crate) fn mount_of(path: &Path) -> Result<Mount, ListVolumesError> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let mounts = read_mounts()?;
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID);
    if let Ok(found) = &found
        && StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID)
        && let Some(mount) = mounts.iter().find(|mount| mount.id == found.stx_mnt_id)
    {
        return Ok(mount.clone());
    }
    // Kernels before 5.8: the last mount over the longest prefix.
    mounts
        .into_iter()
        .filter(|mount| path.starts_with(&mount.mount_point))
        .max_by_key(|mount| mount.mount_point.components().count())
        .ok_or_else(|| ListVolumesError::NotMounted { path: path.to_path_buf() })
}

pub(crate) fn device_is_present(device: u64) -> bool {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    // Major 0 is a file system without a block device of its own.
    major == 0 || !Path::new("/sys/dev/block").is_dir() || Path::new(&format!("/sys/dev/block/{major}:{minor}")).exists()
}

pub(crate) fn is_network(file_system: &str) -> bool {
    NETWORK.contains(&file_system)
}

/// Kind of the file system on a device that is not mounted, from its first bytes.
pub(crate) fn kind_on(node: &Path) -> Option<&'static str> {
    superblock::kind(node)
}

/// Everything known about one mount.
pub(crate) fn describe(mount: &Mount) -> Volume {
    let network = is_network(&mount.file_system);
    let space = if network { share_space(&mount.mount_point) } else { crate::folder::space_at(&mount.mount_point).ok() };
    let (total_bytes, free_bytes) = space.map_or((0, 0), |space| (space.total_bytes, space.free_bytes));
    let device = if network { None } else { block::device_of(mount) };
    let names = device.as_ref().map(|device| superblock::names(&device.node, &mount.file_system)).unwrap_or_default();
    let place = mount
        .mount_point
        .file_name()
        .map_or_else(|| mount.mount_point.display().to_string(), |name| name.to_string_lossy().into_owned());
    let id = match (&names.id, &device) {
        // A FAT or exFAT serial number has 32 bits and is often copied with the card: the capacity goes with it.
        (Some(id), _) if id.len() < 32 => format!("{}:{id}:{total_bytes}", mount.file_system),
        (Some(id), _) => format!("uuid:{id}"),
        (None, Some(device)) => format!("device:{}:{total_bytes}", device.name),
        (None, None) => format!("mount:{}:{}", mount.source, mount.root.display()),
    };
    let (role, role_reason) = role_of(mount, device.as_ref(), network);
    Volume {
        id: VolumeId(id),
        mount_point: mount.mount_point.clone(),
        label: names.label.unwrap_or(place),
        file_system: mount.file_system.clone(),
        device: mount.source.clone(),
        read_only: mount.read_only,
        removable: device.as_ref().and_then(|device| device.removable),
        network,
        total_bytes,
        free_bytes,
        device_identity: if network {
            Some(share_identity(&mount.source))
        } else {
            device.as_ref().and_then(|device| device.identity.clone())
        },
        virtual_device: device.as_ref().is_some_and(|device| device.is_virtual),
        device_note: device.as_ref().and_then(|device| device.note.clone()),
        read_back_limit: read_back_limit(mount, device.as_ref()),
        bus: if network { Some("network".to_owned()) } else { device.as_ref().and_then(|device| device.bus.clone()) },
        link_speed_mbps: device.as_ref().and_then(|device| device.link_speed_mbps),
        link_words: device.as_ref().and_then(|device| device.link_words.clone()),
        link_best_mbps: device.as_ref().and_then(|device| device.link_best_mbps),
        slow_link: device.as_ref().and_then(|device| device.slow_link.clone()),
        model: device.as_ref().and_then(|device| device.model.clone()),
        serial: device.as_ref().and_then(|device| device.serial.clone()),
        file_system_id: names.id,
        rotational: device.as_ref().and_then(|device| device.rotational),
        role,
        role_reason,
    }
}

/// Why direct I/O on this mount is not shown to reach a device (or a server).
fn read_back_limit(mount: &Mount, device: Option<&Device>) -> Option<String> {
    let kind = mount.file_system.as_str();
    if is_network(kind) {
        return (!DIRECT_SHARE.contains(&kind))
            .then(|| format!("{kind} is a network share whose direct reads are not known to pass this machine's cache"));
    }
    if matches!(kind, "tmpfs" | "ramfs") {
        return Some("the file system lives in memory".to_owned());
    }
    if kind == "overlay" {
        return Some("an overlay does not show what lies below it".to_owned());
    }
    if kind.starts_with("fuse") {
        return Some(format!("{kind} is served by a program of this machine, which reads through the system's cache"));
    }
    if !DIRECT.contains(&kind) {
        return Some(format!("direct reads of {kind} are not known to pass its own cache"));
    }
    if kind == "btrfs" && mount.super_options.split(',').any(|option| option.starts_with("compress")) {
        return Some("btrfs with compression reads through the system's cache".to_owned());
    }
    match device {
        None => Some("the device below the volume cannot be told".to_owned()),
        Some(device) => device.cached_by.clone(),
    }
}

/// Two exports of one server are taken for one device: that errs on the safe side.
fn share_identity(source: &str) -> String {
    let trimmed = source.trim_start_matches('/');
    let host = trimmed.split(['/', '\\']).next().unwrap_or(trimmed);
    let host = host.split_once(":").map_or(host, |(host, _)| host);
    format!("share:{}", host.to_lowercase())
}

fn role_of(mount: &Mount, device: Option<&Device>, network: bool) -> (VolumeRole, String) {
    if network {
        return (VolumeRole::Network, format!("{} is a network file system", mount.file_system));
    }
    let place = mount.mount_point.as_path();
    if place == Path::new("/")
        || ["/boot", "/usr", "/var", "/home", "/opt", "/etc", "/nix", "/snap"].iter().any(|root| place.starts_with(root))
    {
        return (VolumeRole::System, format!("mounted at {}", place.display()));
    }
    let card_like = matches!(mount.file_system.as_str(), "exfat" | "vfat" | "msdos" | "udf" | "hfsplus");
    let Some(device) = device else {
        return (VolumeRole::Other, format!("{} without a block device", mount.file_system));
    };
    let attached = device.bus.as_deref().unwrap_or("unknown bus");
    let comes_and_goes = device.removable == Some(true) || matches!(device.bus.as_deref(), Some("USB" | "SD"));
    match (card_like, comes_and_goes) {
        (true, true) => (VolumeRole::Card, format!("{} on removable media ({attached})", mount.file_system)),
        (true, false) => (VolumeRole::Card, format!("{}, which cameras format with ({attached})", mount.file_system)),
        (false, _) if device.removable == Some(true) && mount.read_only => {
            (VolumeRole::Card, format!("read-only removable media ({attached})"))
        }
        (false, _) => (VolumeRole::Storage, format!("{} on {attached}", mount.file_system)),
    }
}

/// Asks a share how full it is on a thread of its own: a server that went away blocks the call for minutes. A place that has
/// not answered yet is not asked a second time.
fn share_space(place: &Path) -> Option<crate::folder::Space> {
    static ASKED: LazyLock<Mutex<BTreeSet<PathBuf>>> = LazyLock::new(|| Mutex::new(BTreeSet::new()));
    let place = place.to_path_buf();
    if !ASKED.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone()) {
        return None;
    }
    let (answer, answered) = crossbeam_channel::bounded(1);
    let asking = place.clone();
    let started = std::thread::Builder::new().name("volume-space".to_owned()).spawn(move || {
        let space = crate::folder::space_at(&asking).ok();
        ASKED.lock().unwrap_or_else(PoisonError::into_inner).remove(&asking);
        // Nobody may be listening any more.
        let _ = answer.send(space);
    });
    if let Err(error) = started {
        tracing::warn!(%error, "cannot start a thread to ask a share for its space");
        ASKED.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
        return None;
    }
    answered.recv_timeout(SHARE_ANSWERS_WITHIN).ok().flatten()
}

/// What the kernel says about direct reads of one file.
pub(crate) enum DirectIo {
    /// The kernel says that this file cannot be read directly.
    Refused,
    /// Kept compressed: direct reads fall back to cached ones.
    Compressed,
    /// Possible, or nothing is known against it.
    Possible {
        /// Alignment it asks for; 0 if not told.
        align_bytes: usize,
    },
}

/// Major and minor number of the running kernel.
pub(crate) fn kernel_version() -> (u32, u32) {
    let name = rustix::system::uname();
    let mut numbers = name.release().to_str().unwrap_or_default().split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => (0, 0),
    }
}

pub(crate) fn direct_io(file: &File) -> DirectIo {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
    let Ok(found) = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN) else {
        return DirectIo::Possible { align_bytes: 0 };
    };
    if found.stx_attributes.contains(StatxAttributes::COMPRESSED) {
        return DirectIo::Compressed;
    }
    if !StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::DIOALIGN) {
        return DirectIo::Possible { align_bytes: 0 };
    }
    if found.stx_dio_offset_align == 0 || found.stx_dio_mem_align == 0 {
        return DirectIo::Refused;
    }
    DirectIo::Possible { align_bytes: found.stx_dio_offset_align.max(found.stx_dio_mem_align) as usize }
}

/// Reads a small file of /sys or /proc, without the newline.
pub(crate) fn read_line(path: &Path) -> Option<String> {
    let text = crate::files::read_some(path, 4096).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!line.is_empty()).then(|| line.to_owned())
}

/// Opens the mount table for poll(2), which reports every change.
pub(crate) fn open_mount_table() -> io::Result<File> {
    File::open("/proc/self/mountinfo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_listed_once_and_kernel_furniture_never() {
        let table = b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
            2 1 0:5 / /proc rw - proc proc rw\n\
            3 1 8:1 /srv /tmp rw - ext4 /dev/sda1 rw\n\
            4 1 0:9 / /tmp rw - tmpfs none rw\n\
            5 1 0:40 / /usr rw - nfs4 nas:/a rw\n\
            6 1 0:40 /b /var rw - nfs4 nas:/a/b rw\n";
        let found = listed(mountinfo::parse(table));
        assert_eq!(found.iter().map(|mount| mount.id).collect::<Vec<_>>(), [1, 5, 6]);
    }

    #[test]
    fn two_exports_of_one_server_are_one_device() {
        assert_eq!(share_identity("//NAS/rushes"), share_identity("//nas/backup"));
        assert_eq!(share_identity("nas:/export/a"), "share:nas");
        assert_ne!(share_identity("nas:/export/a"), share_identity("vault:/export/a"));
    }

    #[test]
    fn memory_and_fuse_never_claim_a_device() {
        for kind in ["tmpfs", "overlay", "fuseblk", "fuse.sshfs", "zfs"] {
            let line = format!("9 1 0:99 / /x rw - {kind} none rw\n");
            let mount = mountinfo::parse(line.as_bytes()).remove(0);
            assert!(read_back_limit(&mount, None).is_some(), "{kind}");
        }
    }
}
