//! Owns the primer pack (ST 377-1, 9.2): what each two-byte tag of a file means. Tags from 0x8000 on are given out by the file's writer and
//! mean nothing without it; properties the register has a tag for are read by that tag, whatever tag the writer gave them.

use crate::source::Numbers;
use std::collections::HashMap;

/// Most entries that are kept.
const MAX_ENTRIES: usize = 4096;

/// Properties with a registered tag that writers give tags of their own: the last eight bytes of the label, the registered tag.
const REGISTERED: &[([u8; 8], u16)] = &[
    ([0x04, 0x01, 0x02, 0x01, 0x01, 0x01, 0x02, 0x00], 0x3210),
    ([0x04, 0x01, 0x02, 0x01, 0x06, 0x01, 0x00, 0x00], 0x3219),
    ([0x04, 0x01, 0x06, 0x01, 0x00, 0x00, 0x00, 0x00], 0x3201),
    ([0x04, 0x01, 0x05, 0x03, 0x0a, 0x00, 0x00, 0x00], 0x3301),
    ([0x04, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00], 0x320e),
    ([0x03, 0x02, 0x01, 0x02, 0x09, 0x01, 0x00, 0x00], 0x5001),
    ([0x03, 0x02, 0x01, 0x02, 0x0a, 0x01, 0x00, 0x00], 0x5003),
];

/// Tags by what they mean.
#[derive(Debug, Default)]
pub(super) struct Primer {
    labels: HashMap<u16, [u8; 8]>,
}

impl Primer {
    /// The value of a primer pack: count, size of an entry, then tag and label of each.
    pub(super) fn read(&mut self, value: &[u8]) {
        let (Some(count), Some(size)) = (value.be32(0), value.be32(4)) else { return };
        let size = (size as usize).max(18);
        for entry in value.get(8..).unwrap_or_default().chunks_exact(size).take((count as usize).min(MAX_ENTRIES)) {
            if let (Some(tag), Some(label)) = (entry.be16(0), entry.get(10..18).and_then(|label| label.try_into().ok())) {
                self.labels.insert(tag, label);
            }
        }
    }

    /// The tag under which a property is read here: the registered one of a property that has one, else the tag as it stands.
    pub(super) fn tag(&self, tag: u16) -> u16 {
        let Some(label) = self.label(tag) else { return tag };
        REGISTERED.iter().find(|(known, _)| known == label).map_or(tag, |(_, registered)| *registered)
    }

    /// The last eight bytes of the label a tag of the writer's own stands for.
    pub(super) fn label(&self, tag: u16) -> Option<&[u8; 8]> {
        self.labels.get(&tag).filter(|_| tag >= 0x8000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_the_writers_own_means_what_the_primer_says() {
        let mut pack = vec![0, 0, 0, 2, 0, 0, 0, 18];
        pack.extend([0x80, 0x01, 0x06, 0x0e, 0x2b, 0x34, 1, 1, 1, 2, 0x04, 0x01, 0x02, 0x01, 0x01, 0x01, 0x02, 0x00]);
        pack.extend([0x3c, 0x0a, 0x06, 0x0e, 0x2b, 0x34, 1, 1, 1, 1, 0x01, 0x01, 0x15, 0x02, 0, 0, 0, 0]);
        let mut primer = Primer::default();
        primer.read(&pack);
        assert_eq!((primer.tag(0x8001), primer.tag(0x3c0a), primer.tag(0x9000)), (0x3210, 0x3c0a, 0x9000));
        // An entry that is cut, and a count beyond all bytes.
        primer.read(&[0xff; 20]);
        primer.read(&[]);
    }
}
