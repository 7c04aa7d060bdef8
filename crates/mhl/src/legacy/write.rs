//! Owns writing strict MHL 1.1: UTF-8, element order of the schema, dates in UTC, hashes that every reader of 1.1 knows. Refuses
//! what the format cannot carry before a byte is produced, and never writes a name that a reader would take for another.

use super::LegacyHash;
use super::read::clean_path;
use crate::xml::{is_representable, push_escaped};
use crate::xml_write::date;
use checkgate_model::{HashFormat, RelPath, Timestamp};
use std::collections::HashSet;

/// Formats that a list of version 1.1 can carry; the first is what everyone writes today (`xxhash64be`).
pub const LEGACY_FORMATS: [HashFormat; 3] = [HashFormat::Xxh64, HashFormat::Md5, HashFormat::Sha1];

/// A file as it is to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLegacyFile {
    /// Path below the folder of the list.
    pub path: RelPath,
    /// Size. The schema asks for a positive number: see [`NewLegacyList::empty_files`].
    pub size_bytes: u64,
    /// Creation date.
    pub created: Option<Timestamp>,
    /// Modification date; the schema requires it.
    pub modified: Timestamp,
    /// One hash or several, each format once; [`LegacyHash::Null`] alone where only the size is known.
    pub hashes: Vec<LegacyHash>,
    /// When the hashes were taken.
    pub hashed_at: Timestamp,
    /// Whether the file is itself a legacy list (`referencehhashlist`).
    pub is_list: bool,
}

/// A list to be written, of version 1.1. Every field is one that the schema asks for or allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLegacyList {
    /// When the list is made.
    pub created: Option<Timestamp>,
    /// Full name of whoever makes it.
    pub name: Option<String>,
    /// Account name of whoever makes it.
    pub user_name: String,
    /// Machine.
    pub host_name: String,
    /// Tool with its version, in one text.
    pub tool: String,
    /// When hashing began.
    pub started: Timestamp,
    /// When hashing ended.
    pub finished: Timestamp,
    /// Files in the order they are to stand.
    pub files: Vec<NewLegacyFile>,
}

/// Why a list cannot be written. Nothing has been produced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteLegacyError {
    /// The schema asks for at least one entry.
    #[error("a legacy list needs at least one file")]
    NoFiles,
    /// An entry needs a hash, or `null` to say that there is none.
    #[error("{0}: no hash is given")]
    NoHash(RelPath),
    /// The schema has no element for this format.
    #[error("{path}: a legacy list cannot carry {format} hashes")]
    Format {
        /// The file.
        path: RelPath,
        /// The format.
        format: HashFormat,
    },
    /// Two values of one format, or a `null` beside a hash.
    #[error("{path}: {element} contradicts another hash of the file")]
    Contradiction {
        /// The file.
        path: RelPath,
        /// Element name.
        element: &'static str,
    },
    /// One path twice.
    #[error("{0} is given twice")]
    Twice(RelPath),
    /// Legacy readers would take the name for another path: they split it at `\`, or see a drive letter.
    #[error("{0:?} would be read as another path")]
    Ambiguous(RelPath),
    /// XML 1.0 has no way to carry some control characters.
    #[error("{text:?} ({what}) contains a character that XML cannot carry")]
    Unrepresentable {
        /// Element name.
        what: &'static str,
        /// The value.
        text: String,
    },
    /// The year cannot be written as the schema asks.
    #[error("{at} ({what}) is no date that a list can carry")]
    Date {
        /// Element name.
        what: &'static str,
        /// The date.
        at: Timestamp,
    },
}

impl NewLegacyList {
    /// How many files are empty. The schema's `size` is a positive number, so that a list with any of these is not valid by it;
    /// such files are written with `<size>0</size>`, as the reference tool does, because a list must not leave out a file.
    #[must_use]
    pub fn empty_files(&self) -> usize {
        self.files.iter().filter(|file| file.size_bytes == 0).count()
    }

    /// Writes the list. [`LegacyList::parse`](super::LegacyList::parse) gives back what was given here; dates lose what is finer
    /// than a second, texts about the creator their outer blanks.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteLegacyError> {
        self.check()?;
        let mut xml = Lines { out: String::with_capacity(1024 + self.files.len() * 320) };
        xml.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"1.1\">\n");
        if let Some(created) = self.created {
            xml.date("  ", "creationdate", created)?;
        }
        xml.out.push_str("  <creatorinfo>\n");
        if let Some(name) = &self.name {
            xml.text("name", name)?;
        }
        xml.text("username", &self.user_name)?;
        xml.text("hostname", &self.host_name)?;
        xml.text("tool", &self.tool)?;
        xml.date("    ", "startdate", self.started)?;
        xml.date("    ", "finishdate", self.finished)?;
        xml.out.push_str("  </creatorinfo>\n");
        for file in &self.files {
            xml.file(file)?;
        }
        xml.out.push_str("</hashlist>\n");
        Ok(xml.out.into_bytes())
    }

    fn check(&self) -> Result<(), WriteLegacyError> {
        if self.files.is_empty() {
            return Err(WriteLegacyError::NoFiles);
        }
        let mut seen = HashSet::with_capacity(self.files.len());
        for file in &self.files {
            let path = &file.path;
            if !seen.insert(path) {
                return Err(WriteLegacyError::Twice(path.clone()));
            }
            if path.as_str().contains('\\') || clean_path(path.as_str()).as_ref() != Ok(path) {
                return Err(WriteLegacyError::Ambiguous(path.clone()));
            }
            if file.hashes.is_empty() {
                return Err(WriteLegacyError::NoHash(path.clone()));
            }
            let mut elements = Vec::with_capacity(file.hashes.len());
            for hash in &file.hashes {
                let element = match (hash.element(), hash) {
                    (Some(element), _) => element,
                    (None, LegacyHash::Value(value)) => {
                        return Err(WriteLegacyError::Format { path: path.clone(), format: value.format() });
                    }
                    (None, _) => continue,
                };
                let alone = element == "null" || elements.contains(&"null");
                if elements.contains(&element) || (alone && !elements.is_empty()) {
                    return Err(WriteLegacyError::Contradiction { path: path.clone(), element });
                }
                elements.push(element);
            }
        }
        Ok(())
    }
}

struct Lines {
    out: String,
}

impl Lines {
    fn leaf(&mut self, indent: &str, name: &'static str, text: &str) -> Result<(), WriteLegacyError> {
        if !is_representable(text) {
            return Err(WriteLegacyError::Unrepresentable { what: name, text: text.to_owned() });
        }
        self.out.push_str(indent);
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        push_escaped(&mut self.out, text);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
        Ok(())
    }

    fn text(&mut self, name: &'static str, text: &str) -> Result<(), WriteLegacyError> {
        self.leaf("    ", name, text)
    }

    fn date(&mut self, indent: &str, name: &'static str, at: Timestamp) -> Result<(), WriteLegacyError> {
        let text = date(at).ok_or(WriteLegacyError::Date { what: name, at })?;
        self.leaf(indent, name, &text)
    }

    fn file(&mut self, file: &NewLegacyFile) -> Result<(), WriteLegacyError> {
        self.out.push_str(if file.is_list { "  <hash referencehhashlist=\"true\">\n" } else { "  <hash>\n" });
        self.text("file", file.path.as_str())?;
        self.text("size", &file.size_bytes.to_string())?;
        if let Some(created) = file.created {
            self.date("    ", "creationdate", created)?;
        }
        self.date("    ", "lastmodificationdate", file.modified)?;
        for hash in &file.hashes {
            let Some(element) = hash.element() else { continue };
            match hash {
                LegacyHash::Value(value) => self.text(element, &value.to_text())?,
                LegacyHash::Xxh32(value) => self.text(element, &format!("{value:010}"))?,
                LegacyHash::Xxh64EitherWay { straight, .. } => self.text(element, &straight.to_text())?,
                LegacyHash::Null => self.text(element, "")?,
            }
        }
        self.date("    ", "hashdate", file.hashed_at)?;
        self.out.push_str("  </hash>\n");
        Ok(())
    }
}
