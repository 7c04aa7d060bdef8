//! Owns how a disk is attached, from the folders above it in /sys: bus, negotiated speed, what device and port could do, and whether
//! that is less than it should be. Reads small files and links only, needs no root. What the system does not tell stays `None`.

use super::read_line;
use std::path::Path;

/// How a disk is attached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// `USB`, `SATA`, `NVMe`, `Thunderbolt`, `SD`, `virtio`.
    pub(crate) bus: Option<String>,
    /// The link in words, e.g. `USB 3, 5 Gbit/s`.
    pub(crate) words: Option<String>,
    /// Negotiated.
    pub(crate) speed_mbps: Option<u32>,
    /// What the device could do, where it tells.
    pub(crate) best_mbps: Option<u32>,
    /// What a person should do about a link that is slower than the device.
    pub(crate) slow: Option<String>,
    pub(crate) removable: Option<bool>,
    /// Maker and model as the device tells them.
    pub(crate) model: Option<String>,
}

/// Looks at the disk whose folder is `place` below the mount of sysfs `sys`.
pub(crate) fn attachment(sys: &Path, place: &Path) -> Attachment {
    let mut found = Attachment { model: model(place), ..Attachment::default() };
    let is_nvme = place.components().any(|part| part.as_os_str() == "nvme");
    for folder in place.ancestors().take_while(|folder| folder.starts_with(sys) && *folder != sys) {
        let Some(name) = folder.file_name().map(|name| name.to_string_lossy()) else { break };
        if folder.join("idVendor").exists() {
            usb(folder, &mut found);
        } else if name.starts_with("mmc") && folder.join("cid").exists() {
            found.bus = Some("SD".to_owned());
            found.removable = Some(true);
        } else if is_ata(&name) {
            sata(folder, &mut found);
        } else if is_nvme && folder.join("current_link_speed").exists() {
            pcie(folder, &mut found);
        } else if name.starts_with("virtio") {
            found.bus = Some("virtio".to_owned());
        } else {
            continue;
        }
        return found;
    }
    if is_nvme {
        found.bus = Some("NVMe".to_owned());
    }
    found
}

fn is_ata(name: &str) -> bool {
    name.strip_prefix("ata").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn model(place: &Path) -> Option<String> {
    let texts = ["device/vendor", "device/model", "device/name"].map(|file| read_line(&place.join(file)));
    let words: Vec<String> = texts
        .into_iter()
        .flatten()
        // A PCI function has its maker as a number, and SATA disks are all made by `ATA`.
        .filter(|text| !text.starts_with("0x") && text != "ATA" && text != "USB")
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn number(path: &Path) -> Option<f64> {
    read_line(path)?.parse().ok()
}

pub(crate) fn rate_words(mbps: u32) -> String {
    if mbps >= 1000 { format!("{} Gbit/s", f64::from(mbps / 100) / 10.0) } else { format!("{mbps} Mbit/s") }
}

fn usb(folder: &Path, found: &mut Attachment) {
    found.bus = Some("USB".to_owned());
    if read_line(&folder.join("removable")).as_deref() == Some("removable") {
        found.removable = Some(true);
    }
    if found.model.is_none() {
        let texts = ["manufacturer", "product"].map(|file| read_line(&folder.join(file)));
        let words: Vec<String> = texts.into_iter().flatten().collect();
        found.model = (!words.is_empty()).then(|| words.join(" "));
    }
    let Some(speed) = number(&folder.join("speed")).map(|speed| speed as u32) else { return };
    found.speed_mbps = Some(speed);
    found.words = Some(format!("{}, {}", usb_generation(speed), rate_words(speed)));
    let best = usb_best(folder, speed);
    found.best_mbps = best;
    let Some(best) = best.filter(|best| *best > speed) else { return };
    // A hub above that is no faster is the one to blame; a root hub is the port itself.
    let hub = folder.ancestors().skip(1).find(|above| above.join("idVendor").exists());
    let hub_speed = hub.and_then(|hub| number(&hub.join("speed"))).map(|speed| speed as u32);
    let is_root = hub.is_some_and(|hub| hub.file_name().is_some_and(|name| name.to_string_lossy().starts_with("usb")));
    let place = match hub_speed {
        Some(hub_speed) if hub_speed <= speed && !is_root => format!("behind a hub that runs at {}", rate_words(hub_speed)),
        _ => format!("on a {} link", usb_generation(speed)),
    };
    found.slow = Some(format!(
        "a {} device {place}: {} instead of {}; try a port and a cable marked for USB 3, without a hub",
        usb_generation(best),
        rate_words(speed),
        rate_words(best),
    ));
}

const fn usb_generation(mbps: u32) -> &'static str {
    match mbps {
        0..=12 => "USB 1",
        13..=480 => "USB 2",
        481..=20_000 => "USB 3",
        _ => "USB 4",
    }
}

/// What the device says it could do. Its Binary Object Store tells (USB 3.2, 9.6.2), where the kernel shows it (6.9 and later);
/// else the version: a SuperSpeed device that runs at high speed gives 2.1 and no other (USB 3.2, 9.2.6.6).
fn usb_best(folder: &Path, speed: u32) -> Option<u32> {
    if let Ok(bytes) = crate::files::read_some(&folder.join("bos_descriptors"), 4096)
        && let Some(best) = best_of_object_store(&bytes)
    {
        return Some(best.max(speed));
    }
    let version = read_line(&folder.join("version"))?;
    let (major, minor) = version.trim().split_once('.')?;
    match (major.trim().parse::<u32>().ok()?, minor.parse::<u32>().ok()?) {
        (2, 10) if speed <= 480 => Some(5000),
        (3.., _) if speed <= 480 => Some(5000),
        _ => Some(speed),
    }
}

/// Device capabilities: SuperSpeed (3) with the speeds supported, SuperSpeedPlus (10) with lanes of 10 Gbit/s.
fn best_of_object_store(bytes: &[u8]) -> Option<u32> {
    const HEADER_BYTES: usize = 5;
    const CAPABILITY: u8 = 0x10;
    if bytes.len() < HEADER_BYTES || bytes[1] != 0x0f {
        return None;
    }
    let mut best = None;
    let mut rest = bytes.get(usize::from(bytes[0]).max(HEADER_BYTES)..)?;
    while rest.len() >= 3 {
        let length = usize::from(rest[0]);
        if length < 3 || length > rest.len() {
            break;
        }
        let speed = match (rest[1], rest[2]) {
            (CAPABILITY, 0x03) if length >= 6 => match rest[4] {
                speeds if speeds & 0x08 != 0 => Some(5000),
                speeds if speeds & 0x04 != 0 => Some(480),
                _ => None,
            },
            (CAPABILITY, 0x0a) => Some(10_000),
            _ => None,
        };
        best = best.max(speed);
        rest = &rest[length..];
    }
    best
}

/// The port's folder is `ataN`; the link and what the disk says of itself lie below it.
fn sata(port: &Path, found: &mut Attachment) {
    found.bus = Some("SATA".to_owned());
    let below = |folder: &Path, start: &str| -> Vec<std::path::PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let named = |path: &std::path::PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start));
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(named).collect()
    };
    for link in below(port, "link") {
        let class = below(&link.join("ata_link"), "link").into_iter().next().unwrap_or_else(|| link.clone());
        let gigabits = |file: &str| {
            let text = read_line(&class.join(file))?;
            text.split_whitespace().next()?.parse::<f64>().ok().map(|speed| (speed * 1000.0) as u32)
        };
        let Some(speed) = gigabits("sata_spd") else { continue };
        found.speed_mbps = Some(speed);
        found.words = Some(format!("SATA, {}", rate_words(speed)));
        let disk = below(&link, "dev").into_iter().find_map(|device| {
            let class = below(&device.join("ata_device"), "dev").into_iter().next().unwrap_or(device);
            sata_of_identity(&read_line_long(&class.join("id"))?)
        });
        found.best_mbps = disk;
        if let Some(best) = disk.filter(|best| *best > speed) {
            found.slow = Some(format!(
                "a SATA disk for {} on a link of {}: look at the cable and the port",
                rate_words(best),
                rate_words(speed)
            ));
        }
        return;
    }
}

fn read_line_long(path: &Path) -> Option<String> {
    let bytes = crate::files::read_some(path, 8192).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Word 76 of IDENTIFY DEVICE (ACS-3, 7.12.7.36): bits 1 to 3 are the generations.
fn sata_of_identity(words: &str) -> Option<u32> {
    let word = u16::from_str_radix(words.split_whitespace().nth(76)?, 16).ok()?;
    if word == 0 || word == 0xffff {
        return None;
    }
    [(3, 6000), (2, 3000), (1, 1500)].into_iter().find(|(bit, _)| word >> bit & 1 == 1).map(|(_, speed)| speed)
}

fn pcie(folder: &Path, found: &mut Attachment) {
    // A slot that the system calls removable is a port on the outside: Thunderbolt and USB 4 carry PCIe there.
    let outside = folder.ancestors().any(|above| read_line(&above.join("removable")).as_deref() == Some("removable"));
    let bus = if outside { "Thunderbolt" } else { "NVMe" };
    found.bus = Some(bus.to_owned());
    if outside {
        found.removable = Some(true);
    }
    let lane = |which: &str| {
        let speed: f64 = read_line(&folder.join(format!("{which}_link_speed")))?.split_whitespace().next()?.parse().ok()?;
        let width: f64 = number(&folder.join(format!("{which}_link_width")))?;
        // 8b/10b coding up to 5 GT/s, 128b/130b from 8 GT/s on.
        let coding = if speed < 8.0 { 0.8 } else { 128.0 / 130.0 };
        Some((speed, width as u32, (speed * 1000.0 * coding * width) as u32))
    };
    let Some((speed, width, mbps)) = lane("current") else { return };
    found.speed_mbps = Some(mbps);
    found.words =
        Some(format!("{}PCIe {speed} GT/s x{width}, {}", if outside { "Thunderbolt or USB 4, " } else { "" }, rate_words(mbps)));
    let Some((best_speed, best_width, best)) = lane("max") else { return };
    found.best_mbps = Some(best);
    if best > mbps {
        found.slow = Some(format!(
            "a drive for PCIe {best_speed} GT/s x{best_width} on a slot that gives {speed} GT/s x{width}: {} instead of {}",
            rate_words(mbps),
            rate_words(best)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkgate_testkit::sysfs::{Disk, SysTree};
    use proptest::prelude::*;

    fn found(disk: &Disk) -> Attachment {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = SysTree::forge(folder.path(), disk).expect("forged");
        attachment(&tree.sys, &tree.place)
    }

    #[test]
    fn a_usb_3_reader_on_a_usb_2_port_is_told() {
        for object_store in [false, true] {
            let reader = found(&Disk::UsbReader { speed: "480", version: "2.10", object_store, hub: None });
            assert_eq!((reader.bus.as_deref(), reader.speed_mbps, reader.best_mbps), (Some("USB"), Some(480), Some(5000)));
            let slow = reader.slow.expect("it is slower than it could be");
            assert!(slow.contains("USB 3 device on a USB 2 link") && slow.contains("480 Mbit/s instead of 5 Gbit/s"), "{slow}");
            assert_eq!(reader.removable, Some(true));
        }
    }

    #[test]
    fn a_usb_2_hub_in_between_is_named() {
        let reader = found(&Disk::UsbReader { speed: "480", version: "2.10", object_store: true, hub: Some("480") });
        assert!(reader.slow.expect("slow").contains("behind a hub that runs at 480 Mbit/s"));
    }

    #[test]
    fn a_reader_at_its_own_speed_is_no_finding() {
        for (speed, version) in [("480", "2.00"), ("5000", "3.00"), ("10000", "3.20"), ("12", "1.10")] {
            let reader = found(&Disk::UsbReader { speed, version, object_store: false, hub: None });
            assert_eq!(reader.slow, None, "{speed} {version}");
            assert_eq!(reader.best_mbps, reader.speed_mbps);
        }
        let fast = found(&Disk::UsbReader { speed: "5000", version: "3.00", object_store: true, hub: None });
        assert_eq!((fast.slow, fast.words.as_deref()), (None, Some("USB 3, 5 Gbit/s")));
    }

    #[test]
    fn sata_disks_tell_port_and_disk_apart() {
        let disk = found(&Disk::Sata { link: "3.0 Gbps", word_76: "850e" });
        assert_eq!((disk.bus.as_deref(), disk.speed_mbps, disk.best_mbps), (Some("SATA"), Some(3000), Some(6000)));
        assert!(disk.slow.expect("slow").contains("cable"));
        let disk = found(&Disk::Sata { link: "6.0 Gbps", word_76: "850e" });
        assert_eq!((disk.slow, disk.words.as_deref()), (None, Some("SATA, 6 Gbit/s")));
        assert_eq!(disk.model.as_deref(), Some("SSD 870 SYNTHETIC"));
    }

    #[test]
    fn nvme_inside_and_through_thunderbolt() {
        let inside = found(&Disk::Nvme { speed: "8.0 GT/s PCIe", width: "4", outside: false });
        assert_eq!((inside.bus.as_deref(), inside.speed_mbps), (Some("NVMe"), Some(31_507)));
        assert!(inside.slow.expect("slow").contains("16 GT/s x4 on a slot that gives 8 GT/s x4"));
        let outside = found(&Disk::Nvme { speed: "16.0 GT/s PCIe", width: "4", outside: true });
        assert_eq!((outside.bus.as_deref(), outside.slow, outside.removable), (Some("Thunderbolt"), None, Some(true)));
    }

    #[test]
    fn an_sd_slot_is_known_and_what_is_not_told_is_left_open() {
        let card = found(&Disk::Sd);
        assert_eq!((card.bus.as_deref(), card.removable, card.speed_mbps), (Some("SD"), Some(true), None));
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(attachment(folder.path(), &folder.path().join("devices/virtual/block/loop0")), Attachment::default());
    }

    proptest! {
        #[test]
        fn no_object_store_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = best_of_object_store(&bytes);
            let mut headed = vec![5, 0x0f, 0, 0, 3];
            headed.extend(bytes);
            let _ = best_of_object_store(&headed);
        }
    }
}
