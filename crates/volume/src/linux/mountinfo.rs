//! Owns reading /proc/self/mountinfo (proc_pid_mountinfo(5)). Pure: bytes in, mounts out; a line that does not parse is left out.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One line of the mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) id: u64,
    /// Major and minor number of the file system.
    pub(crate) device_number: (u32, u32),
    /// Folder of the file system that is shown here; not `/` for bind mounts.
    pub(crate) root: PathBuf,
    pub(crate) mount_point: PathBuf,
    pub(crate) read_only: bool,
    pub(crate) file_system: String,
    pub(crate) source: String,
    pub(crate) super_options: String,
}

/// All mounts, lowest first.
pub(crate) fn parse(table: &[u8]) -> Vec<Mount> {
    table.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let text = |field: &[u8]| String::from_utf8_lossy(&unescape(field)).into_owned();
    let path = |field: &[u8]| PathBuf::from(OsString::from_vec(unescape(field)));
    let id = text(fields.next()?).parse().ok()?;
    let _parent = fields.next()?;
    let number = text(fields.next()?);
    let (major, minor) = number.split_once(':')?;
    let root = path(fields.next()?);
    let mount_point = path(fields.next()?);
    let options = text(fields.next()?);
    // Optional fields end with a lone hyphen.
    fields.by_ref().find(|field| *field == b"-")?;
    let file_system = text(fields.next()?);
    let source = text(fields.next()?);
    let super_options = fields.next().map(text).unwrap_or_default();
    let says_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    Some(Mount {
        id,
        device_number: (major.parse().ok()?, minor.parse().ok()?),
        root,
        mount_point,
        read_only: says_read_only(&options) || says_read_only(&super_options),
        file_system,
        source,
        super_options,
    })
}

/// The kernel writes blank, tab, newline and backslash as `\040` and so on.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'\\'
            && let [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] = tail
        {
            out.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
            rest = &tail[3..];
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_blanks_bind_mounts_and_optional_fields() {
        let table = b"36 35 8:17 / /media/A\\040CARD ro,nosuid shared:1 master:2 - exfat /dev/sdb1 rw,uid=1000\n\
            37 35 8:2 /rushes /srv/rushes rw - ext4 /dev/sda2 rw\n";
        let mounts = parse(table);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].mount_point, PathBuf::from("/media/A CARD"));
        assert_eq!((mounts[0].device_number, mounts[0].read_only, mounts[0].file_system.as_str()), ((8, 17), true, "exfat"));
        assert_eq!(mounts[1].root, PathBuf::from("/rushes"));
        assert!(!mounts[1].read_only);
    }

    proptest! {
        #[test]
        fn no_table_makes_it_panic(table in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&table);
        }
    }
}
