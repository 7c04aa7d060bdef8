//! Owns label and id of a file system: from /dev/disk where udev keeps it, else from the first bytes of the volume if this
//! process may read them. Every read is bounded, every offset checked: the volume is hostile input (invariant 11).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Label and id, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) label: Option<String>,
    pub(crate) id: Option<String>,
}

/// Enough for every superblock read here (btrfs' lies at 64 KiB).
const HEAD_BYTES: usize = 68 << 10;
/// Of a FAT or exFAT root folder.
const FOLDER_BYTES: usize = 32 << 10;

pub(crate) fn names(node: &Path, file_system: &str) -> Names {
    let label = link_to("/dev/disk/by-label", node);
    let id = link_to("/dev/disk/by-uuid", node);
    if label.is_some() && id.is_some() {
        return Names { label, id };
    }
    let read = File::open(node).map(|file| read_names(&file, file_system)).unwrap_or_default();
    Names { label: label.or(read.label), id: id.or(read.id).map(|id| id.to_lowercase()) }
}

/// Kind of the file system by its marks, named as mount(8) names it.
pub(crate) fn kind(node: &Path) -> Option<&'static str> {
    kind_of(&File::open(node).ok()?.read_at_most(0, HEAD_BYTES))
}

fn kind_of(head: &[u8]) -> Option<&'static str> {
    // ext4, xfs, btrfs and f2fs first: a boot sector before them may be anything.
    if slice(head, 1024 + 56, 2) == Some(&[0x53, 0xef]) {
        // Bits of the superblock (ext4, "feature set"): extents make it ext4, a journal ext3.
        let (compatible, incompatible) = (number(head, 1024 + 92, 4)?, number(head, 1024 + 96, 4)?);
        return Some(if incompatible & 0x2c0 != 0 {
            "ext4"
        } else if compatible & 0x4 != 0 {
            "ext3"
        } else {
            "ext2"
        });
    }
    match () {
        () if head.starts_with(b"XFSB") => Some("xfs"),
        () if slice(head, 0x1_0040, 8) == Some(b"_BHRfS_M") => Some("btrfs"),
        () if slice(head, 1024, 4) == Some(&[0x10, 0x20, 0xf5, 0xf2]) => Some("f2fs"),
        () if slice(head, 1024, 2) == Some(b"H+") || slice(head, 1024, 2) == Some(b"HX") => Some("hfsplus"),
        () if slice(head, 3, 8) == Some(b"EXFAT   ") => Some("exfat"),
        () if slice(head, 3, 8) == Some(b"NTFS    ") => Some("ntfs3"),
        () if slice(head, 0x8001, 5) == Some(b"BEA01") => Some("udf"),
        () if slice(head, 0x8001, 5) == Some(b"CD001") => Some("iso9660"),
        () if slice(head, 510, 2) == Some(&[0x55, 0xaa]) && [54, 82].iter().any(|at| slice(head, *at, 3) == Some(b"FAT")) => {
            Some("vfat")
        }
        () => None,
    }
}

/// The name of the link in `folder` that leads to `node`.
fn link_to(folder: &str, node: &Path) -> Option<String> {
    let node = node.canonicalize().ok()?;
    std::fs::read_dir(folder).ok()?.filter_map(Result::ok).find_map(|entry| {
        let leads_here = entry.path().canonicalize().is_ok_and(|target| target == node);
        leads_here.then(|| unescape(&entry.file_name().to_string_lossy()))
    })
}

/// udev writes special characters as `\x20`.
fn unescape(name: &str) -> String {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let coded = (byte == b'\\' && tail.first() == Some(&b'x')).then(|| tail.get(1..3)).flatten();
        match coded.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                rest = &tail[3..];
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

trait Bytes {
    fn read_at_most(&self, offset: u64, length: usize) -> Vec<u8>;
}

impl Bytes for File {
    fn read_at_most(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.read_at(&mut bytes[filled..], offset + filled as u64) {
                Ok(0) | Err(_) => break,
                Ok(count) => filled += count,
            }
        }
        bytes.truncate(filled);
        bytes
    }
}

impl Bytes for [u8] {
    fn read_at_most(&self, offset: u64, length: usize) -> Vec<u8> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        self[start..self.len().min(start.saturating_add(length))].to_vec()
    }
}

fn read_names<B: Bytes + ?Sized>(volume: &B, file_system: &str) -> Names {
    let head = volume.read_at_most(0, HEAD_BYTES);
    match file_system {
        "ext2" | "ext3" | "ext4" if slice(&head, 1024 + 56, 2) == Some(&[0x53, 0xef]) => {
            Names { label: slice(&head, 1024 + 120, 16).and_then(text), id: slice(&head, 1024 + 104, 16).and_then(uuid) }
        }
        "xfs" if head.starts_with(b"XFSB") => {
            Names { label: slice(&head, 108, 12).and_then(text), id: slice(&head, 32, 16).and_then(uuid) }
        }
        "btrfs" if slice(&head, 0x1_0040, 8) == Some(b"_BHRfS_M") => {
            Names { label: slice(&head, 0x1_0000 + 0x12b, 256).and_then(text), id: slice(&head, 0x1_0020, 16).and_then(uuid) }
        }
        "f2fs" if slice(&head, 1024, 4) == Some(&[0x10, 0x20, 0xf5, 0xf2]) => {
            Names { label: slice(&head, 1024 + 124, 1024).and_then(utf16), id: slice(&head, 1024 + 108, 16).and_then(uuid) }
        }
        "exfat" if slice(&head, 3, 8) == Some(b"EXFAT   ") => exfat(volume, &head),
        "vfat" | "msdos" if slice(&head, 510, 2) == Some(&[0x55, 0xaa]) => fat(volume, &head),
        "ntfs" | "ntfs3" | "fuseblk" if slice(&head, 3, 8) == Some(b"NTFS    ") => {
            Names { label: None, id: number(&head, 72, 8).filter(|id| *id != 0).map(|id| format!("{id:016x}")) }
        }
        "iso9660" if slice(&head, 0x8001, 5) == Some(b"CD001") => {
            Names { label: slice(&head, 0x8028, 32).and_then(text), id: None }
        }
        _ => Names::default(),
    }
}

/// exFAT specification, 3.1 and 7.3: the label is an entry of the root folder.
fn exfat<B: Bytes + ?Sized>(volume: &B, head: &[u8]) -> Names {
    let id = serial(number(head, 100, 4));
    let label = (|| {
        let sector_shift = number(head, 108, 1).filter(|shift| (9..=12).contains(shift))?;
        let cluster_shift = number(head, 109, 1).filter(|shift| shift + sector_shift <= 25)?;
        let heap = number(head, 88, 4)?;
        let cluster = number(head, 96, 4)?.checked_sub(2)?;
        let offset = (heap << sector_shift).checked_add(cluster << (sector_shift + cluster_shift))?;
        let folder = volume.read_at_most(offset, FOLDER_BYTES.min(1 << (sector_shift + cluster_shift)));
        let entry = folder.chunks_exact(32).take_while(|entry| entry[0] != 0).find(|entry| entry[0] == 0x83)?;
        let characters = usize::from(entry[1]).min(11);
        utf16(&entry[2..2 + characters * 2])
    })();
    Names { label, id }
}

/// FAT specification 1.03, 3.1 to 3.3 and 6: the label in the root folder is the one that is kept up to date.
fn fat<B: Bytes + ?Sized>(volume: &B, head: &[u8]) -> Names {
    let found = (|| {
        let sector = number(head, 11, 2).filter(|size| matches!(size, 512 | 1024 | 2048 | 4096))?;
        let cluster = number(head, 13, 1)?.checked_mul(sector)?;
        let reserved = number(head, 14, 2)?;
        let tables = number(head, 16, 1)?;
        let short_table = number(head, 22, 2)?;
        let wide = short_table == 0;
        let table = if wide { number(head, 36, 4)? } else { short_table };
        let data = reserved.checked_add(tables.checked_mul(table)?)?.checked_mul(sector)?;
        let (serial_at, label_at) = if wide { (67, 71) } else { (39, 43) };
        let (folder_at, folder_bytes) = if wide {
            (data.checked_add(number(head, 44, 4)?.checked_sub(2)?.checked_mul(cluster)?)?, cluster)
        } else {
            (data, number(head, 17, 2)? * 32)
        };
        let folder = volume.read_at_most(folder_at, FOLDER_BYTES.min(usize::try_from(folder_bytes).ok()?));
        let label = folder
            .chunks_exact(32)
            .take_while(|entry| entry[0] != 0)
            // Attribute 0x08 alone is the label; 0x0f is a piece of a long name.
            .find(|entry| entry[0] != 0xe5 && entry[11] & 0x3f == 0x08)
            .and_then(|entry| text(&entry[..11]))
            .or_else(|| slice(head, label_at, 11).and_then(text).filter(|label| label != "NO NAME"));
        Some(Names { label, id: serial(number(head, serial_at, 4)) })
    })();
    found.unwrap_or_default()
}

fn slice(bytes: &[u8], offset: usize, length: usize) -> Option<&[u8]> {
    bytes.get(offset..offset.checked_add(length)?)
}

fn number(bytes: &[u8], offset: usize, length: usize) -> Option<u64> {
    Some(slice(bytes, offset, length)?.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn serial(number: Option<u64>) -> Option<String> {
    number.filter(|serial| *serial != 0).map(|serial| format!("{:04x}-{:04x}", serial >> 16, serial & 0xffff))
}

fn uuid(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 16 || bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> =
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).take_while(|unit| *unit != 0).collect();
    let text = String::from_utf16_lossy(&units).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_label_that_a_camera_wrote_to_exfat() {
        let mut image = vec![0; 64 << 10];
        image[3..11].copy_from_slice(b"EXFAT   ");
        image[88..92].copy_from_slice(&32u32.to_le_bytes());
        image[96..100].copy_from_slice(&4u32.to_le_bytes());
        image[100..104].copy_from_slice(&0xdead_beefu32.to_le_bytes());
        image[108] = 9;
        image[109] = 3;
        let root = 32 * 512 + 2 * 4096;
        image[root] = 0x83;
        image[root + 1] = 4;
        for (place, unit) in "A003".encode_utf16().enumerate() {
            image[root + 2 + place * 2..][..2].copy_from_slice(&unit.to_le_bytes());
        }
        assert_eq!(
            read_names(image.as_slice(), "exfat"),
            Names { label: Some("A003".to_owned()), id: Some("dead-beef".to_owned()) }
        );
    }

    #[test]
    fn reads_the_label_from_the_root_folder_of_fat32() {
        let mut image = vec![0; 64 << 10];
        image[510..512].copy_from_slice(&[0x55, 0xaa]);
        image[11..13].copy_from_slice(&512u16.to_le_bytes());
        image[13] = 1;
        image[14..16].copy_from_slice(&32u16.to_le_bytes());
        image[16] = 2;
        image[36..40].copy_from_slice(&8u32.to_le_bytes());
        image[44..48].copy_from_slice(&2u32.to_le_bytes());
        image[67..71].copy_from_slice(&0x1234_abcdu32.to_le_bytes());
        image[71..82].copy_from_slice(b"NO NAME    ");
        let root = (32 + 16) * 512;
        image[root..root + 11].copy_from_slice(b"SOUND_ROLL1");
        image[root + 11] = 0x08;
        assert_eq!(
            read_names(image.as_slice(), "vfat"),
            Names { label: Some("SOUND_ROLL1".to_owned()), id: Some("1234-abcd".to_owned()) }
        );
    }

    proptest! {
        #[test]
        fn no_volume_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048), kind in 0usize..6) {
            let mut image = bytes;
            let (name, at, magic): (&str, usize, &[u8]) = [
                ("exfat", 3, b"EXFAT   ".as_slice()), ("vfat", 510, &[0x55, 0xaa]), ("ext4", 1080, &[0x53, 0xef]),
                ("xfs", 0, b"XFSB"), ("f2fs", 1024, &[0x10, 0x20, 0xf5, 0xf2]), ("ntfs3", 3, b"NTFS    "),
            ][kind];
            if image.len() >= at + magic.len() {
                image[at..at + magic.len()].copy_from_slice(magic);
            }
            let _ = read_names(image.as_slice(), name);
        }
    }
}
