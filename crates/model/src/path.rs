//! Owns relative paths below a card, roll or history root. Manifests and camera indexes are hostile input: a path that is
//! absolute, climbs with `..`, or is empty cannot be built (ASC MHL 1.0, RelativePathType).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Path below a root: UTF-8, `/` between components, no leading or trailing `/`, no `.` or `..`, case and blanks preserved.
/// Clones share their text: a history of a million files names each of them many times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ts_rs::TS)]
#[ts(as = "String")]
pub struct RelPath(Arc<str>);

/// Why a text is not a path below a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelPathError {
    /// Empty text or an empty component (`a//b`).
    #[error("empty path or path component in {0:?}")]
    Empty(String),
    /// Starts with `/`, a drive letter or a UNC prefix.
    #[error("absolute path {0:?}")]
    Absolute(String),
    /// Contains `.` or `..` as a component.
    #[error("path {0:?} leaves its root")]
    Escapes(String),
    /// Contains NUL.
    #[error("path {0:?} contains a NUL")]
    Nul(String),
    /// Longer than 4096 bytes, or a component longer than 255.
    #[error("path of {0} bytes is too long")]
    TooLong(usize),
}

impl RelPath {
    /// Checks `text` and keeps it as it stands. One trailing `/` is dropped (directories in some manifests).
    pub fn new(text: &str) -> Result<Self, RelPathError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.is_empty() {
            return Err(RelPathError::Empty(text.to_owned()));
        }
        if text.len() > 4096 {
            return Err(RelPathError::TooLong(text.len()));
        }
        if text.starts_with('/') {
            return Err(RelPathError::Absolute(text.to_owned()));
        }
        if text.contains('\0') {
            return Err(RelPathError::Nul(text.to_owned()));
        }
        for component in text.split('/') {
            match component {
                "" => return Err(RelPathError::Empty(text.to_owned())),
                "." | ".." => return Err(RelPathError::Escapes(text.to_owned())),
                long if long.len() > 255 => return Err(RelPathError::TooLong(long.len())),
                _ => {}
            }
        }
        Ok(Self(text.into()))
    }

    /// The path as text with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// File name without its last extension.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        match name.rfind('.') {
            Some(0) | None => name,
            Some(dot) => &name[..dot],
        }
    }

    /// Extension in lower case, without the dot; empty where there is none.
    #[must_use]
    pub fn extension(&self) -> String {
        let name = self.file_name();
        match name.rfind('.') {
            Some(0) | None => String::new(),
            Some(dot) => name[dot + 1..].to_ascii_lowercase(),
        }
    }

    /// Everything before the last component; `None` at the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind('/').map(|slash| Self(self.0[..slash].into()))
    }

    /// The components from the root down.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// This path followed by `name` (which may have several components).
    pub fn join(&self, name: &str) -> Result<Self, RelPathError> {
        Self::new(&format!("{}/{}", self.0, name))
    }

    /// Whether `self` is `folder` or lies below it.
    #[must_use]
    pub fn is_under(&self, folder: &Self) -> bool {
        self.0 == folder.0 || (self.0.starts_with(&*folder.0) && self.0.as_bytes().get(folder.0.len()) == Some(&b'/'))
    }
}

impl Serialize for RelPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_every_way_out_of_the_root() {
        for bad in ["", "/", "/a", "..", "a/../b", "./a", "a//b", "a/..", "a\0b"] {
            assert!(RelPath::new(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn keeps_blanks_and_case() {
        let path = RelPath::new(" A/ b .MOV").expect("legal");
        assert_eq!(path.as_str(), " A/ b .MOV");
        assert_eq!((path.stem(), path.extension().as_str()), (" b ", "mov"));
        assert!(path.is_under(&RelPath::new(" A").expect("legal")));
        assert!(!path.is_under(&RelPath::new(" ").expect("legal")));
    }
}
