//! Owns reading legacy lists. An entry that cannot be placed below the list's folder is kept aside and told, never dropped.

use super::{LegacyEntry, LegacyHash, LegacyList, ParseLegacyError, RefusedPath};
use crate::text_encoding::decode;
use crate::xml::{Element, Tree, XmlError};
use crate::xml_read::read_date;
use checkgate_model::{HashFormat, HashValue, RelPath, RelPathError, Timestamp};

impl LegacyList {
    /// Reads a list in any encoding it declares.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseLegacyError> {
        let text = decode(bytes)?;
        let mut tree = Tree::new(text.trim_start_matches('\u{feff}').trim_start(), "")?;
        let root = tree.root()?;
        let version = root.attribute("version").unwrap_or_default().trim().chars().take(20).collect::<String>();
        if root.name != "hashlist" || version.starts_with('2') {
            return Err(ParseLegacyError::WrongRoot { name: root.name.chars().take(60).collect(), version });
        }
        let mut list = Self { version, ..Self::default() };
        if !matches!(list.version.as_str(), "1.0" | "1.1") {
            list.warnings.push(format!("the list says version {:?}, not 1.0 or 1.1", list.version));
        }
        while let Some(element) = tree.child()? {
            match element.name.as_str() {
                "creationdate" => list.created = legacy_date(&tree.text()?),
                "creatorinfo" => list.creator(&mut tree)?,
                "hash" => list.entry(&element, &mut tree)?,
                "Signature" => {
                    list.warnings.push("the list is signed; the signature was not checked".to_owned());
                    tree.skip()?;
                }
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
                "name" => self.name = Some(tree.text()?.trim().to_owned()),
                "username" => self.user_name = Some(tree.text()?.trim().to_owned()),
                "tool" => self.tool = Some(tree.text()?.trim().to_owned()),
                "hostname" => self.host_name = Some(tree.text()?.trim().to_owned()),
                "startdate" => self.started = legacy_date(&tree.text()?),
                "finishdate" => self.finished = legacy_date(&tree.text()?),
                _ => tree.skip()?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, hash: &Element, tree: &mut Tree<'_>) -> Result<(), ParseLegacyError> {
        let is_list = hash.attribute("referencehhashlist").is_some_and(|text| matches!(text.trim(), "true" | "1"));
        let (mut file, mut size): (Option<String>, Option<String>) = (None, None);
        let (mut created, mut modified, mut hashed_at) = (None, None, None);
        let mut digests: Vec<(String, String)> = Vec::new();
        while let Some(element) = tree.child()? {
            let text = tree.text()?;
            let (known, name) = match element.name.as_str() {
                "file" => (&mut file, "file"),
                "size" => (&mut size, "size"),
                "creationdate" => {
                    created = legacy_date(&text);
                    continue;
                }
                "lastmodificationdate" => {
                    modified = legacy_date(&text);
                    continue;
                }
                "hashdate" => {
                    hashed_at = legacy_date(&text);
                    continue;
                }
                _ => {
                    digests.push((element.name, text));
                    continue;
                }
            };
            if known.replace(text).is_some() {
                return Err(ParseLegacyError::Twice { path: shown(&file.unwrap_or_default()), element: name });
            }
        }
        let file = file.unwrap_or_default();
        let size_bytes = size.as_deref().and_then(|text| text.trim().parse().ok());
        if let (Some(text), None) = (&size, size_bytes) {
            self.warnings.push(format!(
                "{}: the size {:?} cannot be read",
                shown(&file),
                text.chars().take(40).collect::<String>()
            ));
        }
        let (mut hashes, mut unverifiable) = (Vec::new(), Vec::new());
        for (element, text) in digests {
            match read_hash(&element, text.trim()) {
                Some(Some(hash)) => hashes.push(hash),
                Some(None) => {
                    let text = text.chars().take(100).collect();
                    return Err(ParseLegacyError::Digest { path: shown(&file), element, text });
                }
                None => unverifiable.push(element.chars().take(60).collect()),
            }
        }
        match clean_path(&file) {
            Ok(path) => {
                self.entries.push(LegacyEntry { path, size_bytes, created, modified, hashes, hashed_at, is_list, unverifiable })
            }
            Err(reason) => self.refused.push(RefusedPath { text: shown(&file), reason }),
        }
        Ok(())
    }
}

/// As much of a name as a message can take.
fn shown(text: &str) -> String {
    text.chars().take(300).collect()
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
pub(super) fn clean_path(text: &str) -> Result<RelPath, RelPathError> {
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
}
