//! Owns the way from a mount down to the physical device, through /sys: partition, mapped device, RAID member, loop file. Must
//! never guess that two things are distinct: where a serial number is missing the identity is called weak in the note.

use super::attachment::attachment;
use super::mountinfo::Mount;
use super::read_line;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Devices stacked deeper than this are a loop in the mapping, not a set-up.
const DEEPEST_STACK: usize = 8;

/// The block device below a mount.
#[derive(Debug, Clone, Default)]
pub(crate) struct Device {
    /// Kernel name of what is mounted, e.g. `sdb1`.
    pub(crate) name: String,
    /// Its node in /dev.
    pub(crate) node: PathBuf,
    pub(crate) identity: Option<String>,
    pub(crate) is_virtual: bool,
    pub(crate) note: Option<String>,
    /// What in this machine may answer a direct read from memory.
    pub(crate) cached_by: Option<String>,
    pub(crate) removable: Option<bool>,
    pub(crate) bus: Option<String>,
    pub(crate) link_speed_mbps: Option<u32>,
    pub(crate) link_words: Option<String>,
    pub(crate) link_best_mbps: Option<u32>,
    pub(crate) slow_link: Option<String>,
    pub(crate) rotational: Option<bool>,
    pub(crate) model: Option<String>,
    /// Serial number or world-wide name of the disk, or of the reader it is in.
    pub(crate) serial: Option<String>,
}

/// Finds the device of a mount; `None` if the file system has none.
pub(crate) fn device_of(mount: &Mount) -> Option<Device> {
    let number = match mount.device_number {
        // btrfs and others use a number of their own and name one of their devices as the source.
        (0, _) if mount.source.starts_with("/dev/") => {
            let device = rustix::fs::stat(mount.source.as_str()).ok()?.st_rdev;
            (rustix::fs::major(device), rustix::fs::minor(device))
        }
        (0, _) => return None,
        number => number,
    };
    look(number, 0)
}

fn look(number: (u32, u32), depth: usize) -> Option<Device> {
    let place = Path::new("/sys/dev/block").join(format!("{}:{}", number.0, number.1)).canonicalize().ok()?;
    let name = place.file_name()?.to_string_lossy().into_owned();
    // A partition lies inside its disk's folder.
    let disk_place = if place.join("partition").exists() { place.parent()?.to_path_buf() } else { place };
    let mut device = look_at_disk(&disk_place, depth)?;
    device.node = Path::new("/dev").join(name.replace('!', "/"));
    device.name = name;
    Some(device)
}

fn look_at_disk(place: &Path, depth: usize) -> Option<Device> {
    let name = place.file_name()?.to_string_lossy().into_owned();
    let size_bytes = read_line(&place.join("size")).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0).saturating_mul(512);
    let mut device = Device {
        removable: read_line(&place.join("removable")).map(|text| text == "1"),
        rotational: read_line(&place.join("queue/rotational")).map(|text| text == "1"),
        is_virtual: place.starts_with("/sys/devices/virtual"),
        ..Device::default()
    };
    if depth >= DEEPEST_STACK {
        device.cached_by = Some("devices are stacked too deep to follow".to_owned());
        return Some(device);
    }
    if name.starts_with("loop") {
        look_through_loop(place, &name, depth, &mut device);
        return Some(device);
    }
    let members = members(place);
    if !members.is_empty() {
        look_through_members(&name, &members, depth, &mut device);
        return Some(device);
    }
    if name.starts_with("ram") || name.starts_with("zram") {
        device.identity = Some(format!("memory:{name}:{size_bytes}"));
        device.note = Some("a disk in this machine's memory; it does not outlive the power".to_owned());
        device.cached_by = Some("the device is this machine's memory".to_owned());
        return Some(device);
    }
    if name.starts_with("nbd") || name.starts_with("rbd") {
        device.note = Some("a block device served over the network".to_owned());
        device.cached_by = Some("the device is served over the network and may be cached on the way".to_owned());
    }
    let attached = attachment(Path::new("/sys"), place);
    device.removable = attached.removable.or(device.removable);
    device.bus = attached.bus;
    device.link_words = attached.words;
    device.link_speed_mbps = attached.speed_mbps;
    device.link_best_mbps = attached.best_mbps;
    device.slow_link = attached.slow;
    device.model = attached.model;
    match serial(place) {
        Some(serial) => {
            device.identity = Some(format!("disk:{serial}"));
            device.serial = Some(serial);
        }
        None => {
            device.identity = Some(format!("disk:{name}:{size_bytes}"));
            if device.note.is_none() {
                device.note =
                    Some(format!("the disk tells no serial number; it is told apart by its name {name} and its size only"));
            }
        }
    }
    Some(device)
}

/// A loop device shows a file: the physical device is the one that holds the file.
fn look_through_loop(place: &Path, name: &str, depth: usize, device: &mut Device) {
    device.is_virtual = true;
    let Some(backing) = read_line(&place.join("loop/backing_file")) else {
        device.note = Some(format!("{name} shows a file that cannot be told"));
        device.cached_by = Some("the file behind the loop device cannot be told".to_owned());
        return;
    };
    device.note = Some(format!("{name} shows the file {backing}: every image on one disk shares that disk"));
    let below = super::mount_of(Path::new(&backing)).ok();
    let disk = below.as_ref().and_then(|mount| match mount.device_number {
        (0, _) => device_of(mount),
        number => look(number, depth + 1),
    });
    if let Some(disk) = &disk {
        device.identity.clone_from(&disk.identity);
        device.rotational = disk.rotational;
    }
    let direct = read_line(&place.join("loop/dio")).as_deref() == Some("1");
    device.cached_by = if direct {
        match (below, disk) {
            (Some(mount), Some(disk)) => super::read_back_limit(&mount, Some(&disk)),
            _ => Some("the disk behind the loop device cannot be told".to_owned()),
        }
    } else {
        Some("the loop device reads its file through the system's cache".to_owned())
    };
}

/// RAID, LVM, encryption: the identity is that of all members together.
fn look_through_members(name: &str, members: &[(u32, u32)], depth: usize, device: &mut Device) {
    device.is_virtual = true;
    let mut identities = BTreeSet::new();
    let mut all_known = true;
    let mut rotational = None;
    for member in members {
        match look(*member, depth + 1) {
            Some(member) => {
                match member.identity {
                    Some(identity) => identities.extend(identity.split('+').map(str::to_owned)),
                    None => all_known = false,
                }
                device.cached_by = device.cached_by.take().or(member.cached_by);
                device.bus = device.bus.take().or(member.bus);
                device.link_speed_mbps = device.link_speed_mbps.or(member.link_speed_mbps);
                device.link_words = device.link_words.take().or(member.link_words);
                device.slow_link = device.slow_link.take().or(member.slow_link);
                device.model = device.model.take().or(member.model);
                device.removable = if member.removable == Some(true) { Some(true) } else { device.removable };
                rotational = if member.rotational == Some(true) { Some(true) } else { rotational.or(member.rotational) };
            }
            None => all_known = false,
        }
    }
    device.rotational = rotational;
    let identities: Vec<String> = identities.into_iter().collect();
    device.identity = (all_known && !identities.is_empty()).then(|| identities.join("+"));
    device.note = Some(format!("{name} is made of {} device(s)", members.len()));
}

fn members(place: &Path) -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir(place.join("slaves")) else { return Vec::new() };
    let mut members: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let text = read_line(&entry.ok()?.path().join("dev"))?;
            let (major, minor) = text.split_once(':')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        })
        .collect();
    members.sort_unstable();
    members
}

/// World-wide name or serial number, whichever the disk tells. A card reader tells its own, not the card's.
fn serial(place: &Path) -> Option<String> {
    for file in ["wwid", "device/wwid", "device/cid", "device/serial", "serial"] {
        if let Some(text) = read_line(&place.join(file))
            && text.chars().any(|c| c.is_ascii_alphanumeric() && c != '0')
        {
            return Some(text.split_whitespace().collect::<Vec<_>>().join("-"));
        }
    }
    // A USB bridge without a name of its own: port-independent ids of the USB device, and the slot of a reader with several.
    let usb = place.ancestors().find(|folder| folder.join("idVendor").exists())?;
    let text = read_line(&usb.join("serial"))?;
    if !text.chars().any(|c| c.is_ascii_alphanumeric() && c != '0') {
        return None;
    }
    let vendor = read_line(&usb.join("idVendor")).unwrap_or_default();
    let product = read_line(&usb.join("idProduct")).unwrap_or_default();
    let slot = place
        .join("device")
        .canonicalize()
        .ok()
        .and_then(|scsi| scsi.file_name().map(|name| name.to_string_lossy().into_owned()));
    let unit = slot.as_deref().and_then(|address| address.rsplit(':').next()).unwrap_or("0");
    Some(format!("usb-{vendor}:{product}-{text}-{unit}"))
}
