//! Owns forged trees of /sys as Linux shows disks there: a reader, a SATA disk, an NVMe drive, an SD slot. Every name and number in
//! them is made up; the layout is that of the kernel's documentation (Documentation/ABI/stable/sysfs-bus-usb, testing/sysfs-ata).

use std::io;
use std::path::{Path, PathBuf};

/// Which disk.
#[derive(Debug, Clone, Copy)]
pub enum Disk {
    /// A card reader on USB.
    UsbReader {
        /// `speed`, Mbit/s.
        speed: &'static str,
        /// `version`, the USB version that the device gives.
        version: &'static str,
        /// Whether the kernel shows the Binary Object Store; it then tells of SuperSpeed.
        object_store: bool,
        /// Speed of a hub in between.
        hub: Option<&'static str>,
    },
    /// A disk on SATA.
    Sata {
        /// `sata_spd`.
        link: &'static str,
        /// Word 76 of its identity, four hex digits.
        word_76: &'static str,
    },
    /// A drive on PCIe that could do 16 GT/s with four lanes.
    Nvme {
        /// `current_link_speed`.
        speed: &'static str,
        /// `current_link_width`.
        width: &'static str,
        /// In a port on the outside.
        outside: bool,
    },
    /// A card in a slot of its own.
    Sd,
}

/// A forged tree.
#[derive(Debug)]
pub struct SysTree {
    /// What stands for /sys.
    pub sys: PathBuf,
    /// Folder of the disk.
    pub place: PathBuf,
}

/// SuperSpeed with 12, 480 and 5000 Mbit/s, after a USB 2.0 extension.
const OBJECT_STORE: &[u8] = &[
    5, 0x0f, 22, 0, 2, // header
    7, 0x10, 0x02, 0x02, 0, 0, 0, // USB 2.0 extension
    10, 0x10, 0x03, 0, 0x0e, 0, 1, 10, 0xff, 7, // SuperSpeed
];

impl SysTree {
    /// Makes the tree of one disk below `root`.
    pub fn forge(root: &Path, disk: &Disk) -> io::Result<Self> {
        let sys = root.join("sys");
        let pci = sys.join("devices/pci0000:00/0000:00:14.0");
        let put = |folder: &Path, files: &[(&str, &str)]| -> io::Result<()> {
            std::fs::create_dir_all(folder)?;
            files.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), format!("{text}\n")))
        };
        let place = match disk {
            Disk::UsbReader { speed, version, object_store, hub } => {
                let root_hub = pci.join("usb3");
                put(&root_hub, &[("idVendor", "1d6b"), ("idProduct", "0002"), ("speed", "480"), ("version", " 2.00")])?;
                let above = match hub {
                    Some(hub) => {
                        let folder = root_hub.join("3-1");
                        put(&folder, &[("idVendor", "0000"), ("idProduct", "0001"), ("speed", hub), ("version", " 2.00")])?;
                        folder.join("3-1.2")
                    }
                    None => root_hub.join("3-1"),
                };
                put(
                    &above,
                    &[
                        ("idVendor", "ffff"),
                        ("idProduct", "0003"),
                        ("serial", "SYNTHETIC0001"),
                        ("manufacturer", "Forged"),
                        ("product", "Card Reader"),
                        ("speed", speed),
                        ("version", &format!(" {version}")),
                        ("removable", "removable"),
                    ],
                )?;
                if *object_store {
                    std::fs::write(above.join("bos_descriptors"), OBJECT_STORE)?;
                }
                let scsi = above.join("1.0/host6/target6:0:0/6:0:0:0");
                let place = scsi.join("block/sdz");
                put(&scsi, &[("vendor", "Forged"), ("model", "SD Reader")])?;
                put(&place, &[("size", "125034496"), ("removable", "1")])?;
                place
            }
            Disk::Sata { link, word_76 } => {
                let port = pci.join("ata2");
                put(&port.join("link2/ata_link/link2"), &[("sata_spd", link), ("hw_sata_spd_limit", "6.0 Gbps")])?;
                let mut words = vec!["0000"; 256];
                words[76] = word_76;
                put(&port.join("link2/dev2.0/ata_device/dev2.0"), &[("id", &words.join(" "))])?;
                let scsi = port.join("host1/target1:0:0/1:0:0:0");
                put(&scsi, &[("vendor", "ATA     "), ("model", "SSD 870 SYNTHETIC")])?;
                let place = scsi.join("block/sdz");
                put(&place, &[("size", "3907029168"), ("removable", "0")])?;
                place
            }
            Disk::Nvme { speed, width, outside } => {
                let port = sys.join("devices/pci0000:00/0000:00:07.0");
                put(&port, if *outside { &[("removable", "removable")] } else { &[] })?;
                let function = port.join("0000:01:00.0");
                put(
                    &function,
                    &[
                        ("current_link_speed", speed),
                        ("current_link_width", width),
                        ("max_link_speed", "16.0 GT/s PCIe"),
                        ("max_link_width", "4"),
                        ("vendor", "0xffff"),
                    ],
                )?;
                let controller = function.join("nvme/nvme0");
                put(&controller, &[("model", "Forged NVMe"), ("serial", "SYNTHETIC0002")])?;
                let place = controller.join("nvme0n1");
                put(&place, &[("size", "3907029168"), ("removable", "0"), ("wwid", "eui.0000000000000001")])?;
                place
            }
            Disk::Sd => {
                let card = sys.join("devices/platform/forged-mmc/mmc_host/mmc0/mmc0:aaaa");
                put(&card, &[("cid", "00000000000000000000000000000000"), ("name", "FORGE"), ("serial", "0x00000001")])?;
                let place = card.join("block/mmcblk0");
                put(&place, &[("size", "125034496"), ("removable", "0")])?;
                place
            }
        };
        // As the kernel links it.
        let device = place.join("device");
        if !device.exists()
            && let Some(above) =
                place.parent().and_then(|parent| if parent.ends_with("block") { parent.parent() } else { Some(parent) })
        {
            std::os::unix::fs::symlink(above, device)?;
        }
        Ok(Self { sys, place })
    }
}
