//! Owns what an AMF may bring along: files below its folder, their hashes, CLF by ProcessList id. Must never open a file itself; bytes
//! come from the caller.

use super::model::Hash;
use crate::engine::guarded;
use crate::error::ColorError;
use checkgate_model::RelPath;
use ocio::fileformats::FormatRegistry;
use ocio::{GroupTransform, Interpolation, Transform};
use sha2::Digest;

/// Largest look file that is read, in bytes.
pub const LARGEST_LOOK_BYTES: usize = 256 << 20;
/// Most files that are looked through for an id.
const MOST_CANDIDATES: usize = 2000;

/// Files below the folder of an AMF.
pub trait AmfFiles {
    /// The bytes of a file; `None` where it is not there.
    fn read(&self, path: &RelPath) -> Option<Vec<u8>>;
    /// Names of CLF files that an id may mean. Without them ids cannot be resolved.
    fn transforms(&self) -> Vec<RelPath> {
        Vec::new()
    }
}

/// Files that a function brings by name; ids of CLF files are not resolved.
pub(crate) struct ByName<'a>(pub(crate) &'a dyn Fn(&RelPath) -> Option<Vec<u8>>);

impl AmfFiles for ByName<'_> {
    fn read(&self, path: &RelPath) -> Option<Vec<u8>> {
        (self.0)(path)
    }
}

/// The file whose ProcessList has this id.
pub(crate) fn by_process_list(files: &dyn AmfFiles, uuid: &str) -> Result<(RelPath, Vec<u8>), ColorError> {
    let wanted = bare(uuid);
    for path in files.transforms().into_iter().take(MOST_CANDIDATES) {
        if let Some(bytes) = files.read(&path)
            && process_list_id(&bytes).is_some_and(|id| bare(&id).eq_ignore_ascii_case(wanted))
        {
            return Ok((path, bytes));
        }
    }
    Err(ColorError::MissingFile(uuid.to_owned()))
}

fn bare(uuid: &str) -> &str {
    uuid.trim().strip_prefix("urn:uuid:").unwrap_or(uuid.trim())
}

/// `id` of the ProcessList at the head of a CLF (S-2014-006).
fn process_list_id(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(64 << 10)]);
    let tag = head.split('<').find(|tag| {
        tag.split([' ', '\t', '\r', '\n', '>']).next().is_some_and(|name| name == "ProcessList" || name.ends_with(":ProcessList"))
    })?;
    let tag = tag.split('>').next()?;
    let mut rest = tag;
    loop {
        let at = rest.find("id")?;
        let before = rest[..at].chars().next_back();
        let after = rest[at + 2..].trim_start();
        if before.is_some_and(char::is_whitespace) && after.starts_with('=') {
            let value = after[1..].trim_start();
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            return value[1..].split(quote).next().map(str::to_owned);
        }
        rest = &rest[at + 2..];
    }
}

/// Holds a file to the hash that an AMF states for it.
pub(crate) fn check_hash(name: &str, bytes: &[u8], hash: &Hash) -> Result<(), ColorError> {
    let actual: Vec<u8> = match hash.algorithm.rsplit('#').next().unwrap_or_default() {
        "sha256" => sha2::Sha256::digest(bytes).to_vec(),
        "sha1" => sha1::Sha1::digest(bytes).to_vec(),
        "md5" => md5::Md5::digest(bytes).to_vec(),
        other => {
            return Err(ColorError::BadAmf(format!("unknown hash algorithm {:?}", other.chars().take(80).collect::<String>())));
        }
    };
    let stated: String = hash.value.chars().filter(|letter| !letter.is_whitespace()).collect();
    // The schema says base64, the Academy's examples hold hexadecimal; the length tells them apart.
    let stated_bytes = if stated.len() == actual.len() * 2 { from_hex(&stated) } else { from_base64(&stated) };
    match stated_bytes {
        Some(stated) if stated == actual => Ok(()),
        Some(_) => Err(ColorError::HashMismatch(name.to_owned())),
        None => Err(ColorError::BadAmf(format!("the hash stated for {name} is neither base64 nor hexadecimal"))),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

/// The transforms in a look file (CLF, CTF, cube, CDL, …), by the name's extension.
pub(crate) fn look_transforms(name: &str, bytes: &[u8]) -> Result<GroupTransform, ColorError> {
    let bad = |reason: String| ColorError::BadLookFile { name: name.to_owned(), reason };
    if bytes.len() > LARGEST_LOOK_BYTES {
        return Err(bad(format!("{} bytes are too many", bytes.len())));
    }
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let mut said = "no format with this extension is known".to_owned();
    for format in FormatRegistry::instance().formats_for_extension(&extension) {
        let read = guarded(|| format.read(bytes, file_name, Interpolation::Default).map_err(|error| error.message().to_owned()));
        match read {
            Ok(file) if file.is_cdl_collection && file.group.transforms.len() != 1 => {
                return Err(bad("the file holds several CDLs and nothing says which".to_owned()));
            }
            // A file that names further files would be read from disk behind the caller's back.
            Ok(file) if names_files(&file.group) => return Err(bad("it refers to another file".to_owned())),
            Ok(file) => return Ok(file.group),
            Err(reason) => said = reason,
        }
    }
    Err(bad(said))
}

fn names_files(group: &GroupTransform) -> bool {
    group.transforms.iter().any(|transform| match transform {
        Transform::File(_) => true,
        Transform::Group(inner) => names_files(inner),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_in_both_spellings_are_held_and_wrong_ones_refused() {
        let hash = |algorithm: &str, value: &str| Hash {
            algorithm: format!("http://www.w3.org/2001/04/xmlenc#{algorithm}"),
            value: value.to_owned(),
        };
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(check_hash("a", b"abc", &hash("sha256", hex)), Ok(()));
        assert_eq!(check_hash("a", b"abc", &hash("sha256", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")), Ok(()));
        assert_eq!(check_hash("a", b"abc", &hash("md5", "900150983CD24FB0D6963F7D28E17F72")), Ok(()));
        assert_eq!(check_hash("a", b"abc", &hash("sha1", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")), Ok(()));
        assert_eq!(check_hash("a", b"abd", &hash("sha256", hex)), Err(ColorError::HashMismatch("a".to_owned())));
        assert!(check_hash("a", b"abc", &hash("sha256", "?")).is_err());
        assert!(check_hash("a", b"abc", &hash("crc32", hex)).is_err());
    }

    #[test]
    fn a_clf_is_found_by_the_id_of_its_process_list() {
        for head in [
            "<?xml version=\"1.0\"?>\n<!-- id=\"no\" --><ProcessList compCLFversion=\"3.0\" id=\"urn:uuid:AB\" name=\"x\">",
            "<clf:ProcessList\n id = 'ab'>",
            "<ProcessList pid=\"x\" id=\"ab\">",
        ] {
            let found = process_list_id(head.as_bytes());
            assert!(found.is_some_and(|id| bare(&id).eq_ignore_ascii_case("ab")), "{head}");
        }
        for head in ["", "<ProcessList>", "<ProcessList id", "<ProcessList id=", "<ProcessListing id=\"ab\">", "<a id=\"ab\"/>"] {
            assert_eq!(process_list_id(head.as_bytes()), None, "{head}");
        }
    }
}
