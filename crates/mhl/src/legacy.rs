//! Owns reading legacy MHL 1.0 and 1.1 lists of any vendor and checking files against them. Liberal in encoding, order and dialect,
//! strict in paths: an entry that cannot be placed below the list's folder is kept aside and told, never dropped.

use crate::hash::MultiHasher;
use crate::text_encoding::decode;
use crate::xml::{Tree, XmlError};
use crate::xml_read::read_date;
use checkgate_model::{HashFormat, HashValue, RelPath, RelPathError, Timestamp};
use xxhash_rust::xxh32::Xxh32;

/// A hash as legacy lists carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegacyHash {
    /// `md5`, `sha1`, `xxhash64be`, and the digests that some tools write beyond the schema.
    Value(HashValue),
    /// `xxhash`: XXH32 as a decimal number.
    Xxh32(u32),
    /// `xxhash64`: XXH64 with the bytes turned round; some tools write it straight. Either way round is the same evidence.
    Xxh64EitherWay {
        /// Read as the format says, least significant byte first.
        turned: HashValue,
        /// Read straight.
        straight: HashValue,
    },
    /// `null`: only the size is known.
    Null,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyEntry {
    /// Path below the folder of the list.
    pub path: RelPath,
    /// Size.
    pub size_bytes: Option<u64>,
    /// Modification date.
    pub modified: Option<Timestamp>,
    /// Every hash that can be checked; all must hold.
    pub hashes: Vec<LegacyHash>,
    /// Names of hash elements that cannot be checked.
    pub unverifiable: Vec<String>,
}

/// An entry whose path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no path below the folder of the list")]
pub struct RefusedPath {
    /// As found.
    pub text: String,
    /// Why.
    #[source]
    pub reason: RelPathError,
}

/// A legacy list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LegacyList {
    /// `1.0` or `1.1`.
    pub version: String,
    /// Tool as it calls itself.
    pub tool: Option<String>,
    /// Machine.
    pub host_name: Option<String>,
    /// When it was begun.
    pub started: Option<Timestamp>,
    /// When it was ended.
    pub finished: Option<Timestamp>,
    /// Files in the order they stand.
    pub entries: Vec<LegacyEntry>,
    /// Entries that could not be placed: a verification with any of these is not complete.
    pub refused: Vec<RefusedPath>,
    /// Oddities worth telling.
    pub warnings: Vec<String>,
}

/// Why bytes are no legacy list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseLegacyError {
    /// Not readable XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Another kind of document; an ASC MHL manifest has version 2.0.
    #[error("the root element is {name:?} version {version:?}, not hashlist version 1.0 or 1.1")]
    WrongRoot {
        /// Root element.
        name: String,
        /// Its version.
        version: String,
    },
    /// A digest that is none.
    #[error("{path}: {text:?} is no {element}")]
    Digest {
        /// The file.
        path: String,
        /// Element name.
        element: String,
        /// As found.
        text: String,
    },
}

impl LegacyList {
    /// Reads a list in any encoding it declares.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseLegacyError> {
        let text = decode(bytes)?;
        let mut tree = Tree::new(text.trim_start_matches('\u{feff}').trim_start(), "")?;
        let root = tree.root()?;
        let version = root.attribute("version").unwrap_or_default().trim().to_owned();
        if root.name != "hashlist" || version.starts_with('2') {
            return Err(ParseLegacyError::WrongRoot { name: root.name, version });
        }
        let mut list = Self { version, ..Self::default() };
        while let Some(element) = tree.child()? {
            match element.name.as_str() {
                "creatorinfo" => list.creator(&mut tree)?,
                "hash" => list.entry(&mut tree)?,
                _ => tree.skip()?,
            }
        }
        tree.finish()?;
        let mut paths: Vec<&RelPath> = list.entries.iter().map(|entry| &entry.path).collect();
        paths.sort_unstable();
        let twice: Vec<String> = paths
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| format!("{} is listed more than once", pair[0]))
            .collect();
        list.warnings.extend(twice);
        Ok(list)
    }

    fn creator(&mut self, tree: &mut Tree<'_>) -> Result<(), XmlError> {
        while let Some(element) = tree.child()? {
            match element.name.as_str() {
                "tool" => self.tool = Some(tree.text()?.trim().to_owned()),
                "hostname" => self.host_name = Some(tree.text()?.trim().to_owned()),
                "startdate" => self.started = legacy_date(&tree.text()?),
                "finishdate" => self.finished = legacy_date(&tree.text()?),
                _ => tree.skip()?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, tree: &mut Tree<'_>) -> Result<(), ParseLegacyError> {
        let (mut file, mut size_bytes, mut modified) = (String::new(), None, None);
        let mut digests: Vec<(String, String)> = Vec::new();
        while let Some(element) = tree.child()? {
            match element.name.as_str() {
                "file" => file = tree.text()?,
                "size" => {
                    let text = tree.text()?;
                    size_bytes = text.trim().parse().ok();
                    if size_bytes.is_none() {
                        self.warnings
                            .push(format!("{file}: the size {:?} cannot be read", text.chars().take(40).collect::<String>()));
                    }
                }
                "lastmodificationdate" => modified = legacy_date(&tree.text()?),
                "creationdate" | "hashdate" => tree.skip()?,
                _ => digests.push((element.name.clone(), tree.text()?)),
            }
        }
        let (mut hashes, mut unverifiable) = (Vec::new(), Vec::new());
        for (element, text) in digests {
            let read = read_hash(&element, text.trim());
            match read {
                Some(Some(hash)) => hashes.push(hash),
                Some(None) => {
                    let text = text.chars().take(100).collect();
                    return Err(ParseLegacyError::Digest { path: file, element, text });
                }
                None => unverifiable.push(element.chars().take(60).collect()),
            }
        }
        match clean_path(&file) {
            Ok(path) => self.entries.push(LegacyEntry { path, size_bytes, modified, hashes, unverifiable }),
            Err(reason) => self.refused.push(RefusedPath { text: file.chars().take(300).collect(), reason }),
        }
        Ok(())
    }
}

/// `None`: not a hash known here. `Some(None)`: known, but the text is no such digest.
fn read_hash(element: &str, text: &str) -> Option<Option<LegacyHash>> {
    let value = |format| HashValue::parse(format, text).ok().map(LegacyHash::Value);
    Some(match element.to_ascii_lowercase().as_str() {
        "md5" => value(HashFormat::Md5),
        "sha1" => value(HashFormat::Sha1),
        "xxhash64be" | "xxh64" => value(HashFormat::Xxh64),
        "xxhash128" | "xxh128" => value(HashFormat::Xxh128),
        "xxhash3_64" | "xxh3" => value(HashFormat::Xxh3),
        "c4" => value(HashFormat::C4),
        "xxhash" => text.parse().ok().map(LegacyHash::Xxh32),
        "xxhash64" => HashValue::parse(HashFormat::Xxh64, text).ok().map(|straight| {
            let mut bytes = straight.bytes().to_vec();
            bytes.reverse();
            let turned = HashValue::from_bytes(HashFormat::Xxh64, &bytes).expect("as many bytes as before");
            LegacyHash::Xxh64EitherWay { turned, straight }
        }),
        "null" => Some(LegacyHash::Null),
        _ => return None,
    })
}

/// Windows tools write `\`, some write a leading `/` for the folder of the list. Paths on a drive, share or volume are absolute and
/// cannot be placed. A `\` beside a `/` is part of a name.
fn clean_path(text: &str) -> Result<RelPath, RelPathError> {
    let absolute = || RelPathError::Absolute(text.chars().take(300).collect());
    let mut letters = text.bytes();
    let drive = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && letters.next() == Some(b':')
        && matches!(letters.next(), Some(b'\\' | b'/'));
    if drive || text.starts_with("\\\\") || text.starts_with("//") || text.starts_with("/Volumes/") {
        return Err(absolute());
    }
    let turned = if text.contains('\\') && !text.contains('/') { text.replace('\\', "/") } else { text.to_owned() };
    let inside = turned.strip_prefix('/').or_else(|| turned.strip_prefix("./")).unwrap_or(&turned);
    RelPath::new(inside)
}

/// RFC 3339, or `2012-11-24 10-32-36` as the first tools wrote it.
fn legacy_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    read_date(text).or_else(|| {
        let (date, time) = text.split_once(' ')?;
        read_date(&format!("{date}T{}Z", time.replace('-', ":")))
    })
}

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

    #[test]
    fn paths_of_every_dialect_are_placed_or_refused() {
        for (text, placed) in [
            ("a/b.mov", Some("a/b.mov")),
            ("a\\b.mov", Some("a/b.mov")),
            ("/a/b.mov", Some("a/b.mov")),
            ("./a", Some("a")),
            ("a/b\\c", Some("a/b\\c")),
            ("/Volumes/CARD/a", None),
            ("C:\\a", None),
            ("\\\\server\\share\\a", None),
            ("..\\a", None),
            ("a/../b", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(clean_path(text).ok().as_ref().map(RelPath::as_str), placed, "{text:?}");
        }
    }

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
