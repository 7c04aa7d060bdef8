//! Owns checking one file against what a legacy list says of it, in one pass over its bytes. Never opens the file.

use super::{LegacyEntry, LegacyHash};
use crate::hash::MultiHasher;
use checkgate_model::HashFormat;
use xxhash_rust::xxh32::Xxh32;

/// What a check against a legacy entry found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegacyCheck {
    /// Every hash holds.
    Verified,
    /// The list knows only the size, or only hashes that cannot be checked; the size agrees.
    SizeOnly,
    /// The size is another.
    SizeDiffers {
        /// As listed.
        expected_bytes: u64,
        /// As read.
        found_bytes: u64,
    },
    /// A hash is another.
    Mismatch {
        /// The first format that differs.
        format: &'static str,
        /// Formats that hold all the same: where there are any, the list contradicts itself.
        holding: Vec<&'static str>,
    },
    /// Neither hash nor size to compare with.
    NotComparable,
}

/// Checks one file while it is read.
pub struct LegacyHasher<'a> {
    entry: &'a LegacyEntry,
    hasher: MultiHasher,
    xxh32: Option<Xxh32>,
    found_bytes: u64,
}

impl std::fmt::Debug for LegacyHasher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LegacyHasher").field("entry", &self.entry).field("found_bytes", &self.found_bytes).finish_non_exhaustive()
    }
}

impl<'a> LegacyHasher<'a> {
    /// Starts checking a file against `entry`, in every format the entry has.
    #[must_use]
    pub fn new(entry: &'a LegacyEntry) -> Self {
        let formats: Vec<HashFormat> = entry
            .hashes
            .iter()
            .filter_map(|hash| match hash {
                LegacyHash::Value(value) => Some(value.format()),
                LegacyHash::Xxh64EitherWay { .. } => Some(HashFormat::Xxh64),
                LegacyHash::Xxh32(_) | LegacyHash::Null => None,
            })
            .collect();
        let xxh32 = entry.hashes.iter().any(|hash| matches!(hash, LegacyHash::Xxh32(_))).then(|| Xxh32::new(0));
        Self { entry, hasher: MultiHasher::new(&formats), xxh32, found_bytes: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.found_bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        if let Some(state) = &mut self.xxh32 {
            state.update(bytes);
        }
    }

    /// The result.
    #[must_use]
    pub fn finish(self) -> LegacyCheck {
        if let Some(expected_bytes) = self.entry.size_bytes.filter(|size| *size != self.found_bytes) {
            return LegacyCheck::SizeDiffers { expected_bytes, found_bytes: self.found_bytes };
        }
        let found = self.hasher.finish();
        let xxh32 = self.xxh32.map(|state| state.digest());
        let (mut holding, mut differing) = (Vec::new(), Vec::new());
        for hash in &self.entry.hashes {
            let (format, holds) = match hash {
                LegacyHash::Null => continue,
                LegacyHash::Value(value) => (value.format().name(), found.contains(value)),
                LegacyHash::Xxh32(value) => ("xxhash", xxh32 == Some(*value)),
                LegacyHash::Xxh64EitherWay { turned, straight } => {
                    ("xxhash64", found.contains(turned) || found.contains(straight))
                }
            };
            if holds { holding.push(format) } else { differing.push(format) }
        }
        match (differing.first(), holding.is_empty(), self.entry.size_bytes) {
            (Some(format), _, _) => LegacyCheck::Mismatch { format, holding },
            (None, false, _) => LegacyCheck::Verified,
            (None, true, Some(_)) => LegacyCheck::SizeOnly,
            (None, true, None) => LegacyCheck::NotComparable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LegacyList;

    fn check(hashes: &str, size: &str, bytes: &[u8]) -> LegacyCheck {
        let text = format!("<hashlist version='1.1'><hash><file>a</file><size>{size}</size>{hashes}</hash></hashlist>");
        let list = LegacyList::parse(text.as_bytes()).expect("reads");
        let mut hasher = LegacyHasher::new(&list.entries[0]);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn every_format_of_abc_holds() {
        for hash in [
            "<md5>900150983CD24FB0D6963F7D28E17F72</md5>",
            "<sha1>a9993e364706816aba3e25717850c26c9cd0d89d</sha1>",
            "<xxhash>0852579327</xxhash>",
            "<xxhash>852579327</xxhash>",
            "<xxhash64>990977adf52cbc44</xxhash64>",
            "<xxhash64>44bc2cf5ad770999</xxhash64>",
            "<xxhash64be>44bc2cf5ad770999</xxhash64be>",
        ] {
            assert_eq!(check(hash, "3", b"abc"), LegacyCheck::Verified, "{hash}");
            assert!(matches!(check(hash, "3", b"abd"), LegacyCheck::Mismatch { .. }), "{hash}");
        }
        assert_eq!(check("<null/>", "3", b"xyz"), LegacyCheck::SizeOnly);
        assert_eq!(check("<sha256>00</sha256>", "3", b"xyz"), LegacyCheck::SizeOnly);
        assert_eq!(check("<null/>", "4", b"xyz"), LegacyCheck::SizeDiffers { expected_bytes: 4, found_bytes: 3 });
    }

    #[test]
    fn one_wrong_hash_among_several_is_a_mismatch() {
        let both = "<md5>900150983cd24fb0d6963f7d28e17f72</md5><xxhash64be>44bc2cf5ad770998</xxhash64be>";
        assert_eq!(check(both, "3", b"abc"), LegacyCheck::Mismatch { format: "xxh64", holding: vec!["md5"] });
    }
}
