//! Owns the walk over a card or a copy: every file, every folder, and everything that is not copied with the reason why.
//! Nothing is skipped without being listed (invariant 6). Must never follow a link or enter another mount.

use crate::errno::{IoKind, io_kind};
use crate::folder::{Folder, Kind};
use checkgate_model::{ErrorCode, RelPath, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Folders deeper than this are listed as skipped: each level holds a handle open. No camera nests more than a handful.
const DEEPEST: usize = 256;

/// One regular file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Path below the root.
    pub path: RelPath,
    /// Size.
    pub size_bytes: u64,
    /// Time of last modification as the file system keeps it.
    pub modified: Timestamp,
}

/// Why something on a card is not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Symbolic link; its target may lie anywhere.
    Symlink,
    /// Device, socket or pipe.
    Special,
    /// The name is not UTF-8, which no manifest can hold.
    NotUtf8,
    /// Another volume is mounted here.
    OtherFileSystem,
    /// The name or path is too long or not allowed in a manifest.
    IllegalName,
    /// More than 256 folders deep.
    TooDeep,
}

impl SkipReason {
    /// The reason in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Symlink => "symbolic link",
            Self::Special => "device, socket or pipe",
            Self::NotUtf8 => "name is not UTF-8",
            Self::OtherFileSystem => "another volume is mounted here",
            Self::IllegalName => "name or path cannot be written to a manifest",
            Self::TooDeep => "more than 256 folders deep",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Something that is there and is not copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Path below the root; bytes that are no UTF-8 are shown as the replacement character.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// A folder or name the system would not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Path below the root.
    pub path: String,
    /// What the system said.
    pub error: String,
}

/// Everything below a root, each list sorted by the bytes of the path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Listing {
    /// Regular files.
    pub files: Vec<SourceFile>,
    /// Folders.
    pub folders: Vec<RelPath>,
    /// Folders in which nothing at all lies.
    pub empty_folders: Vec<RelPath>,
    /// What is not copied, and why.
    pub skipped: Vec<Skipped>,
    /// What could not be looked at. A card with such an entry is not whole.
    pub unreadable: Vec<Unreadable>,
}

impl Listing {
    /// Sum of the sizes of all files.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size_bytes))
    }
}

/// Why a walk gave no listing.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The volume went away.
    #[error("{root} is gone: the volume is no longer there", root = root.display())]
    Gone {
        /// The root.
        root: PathBuf,
    },
    /// The root itself cannot be listed.
    #[error("cannot list {root}", root = root.display())]
    Root {
        /// The root.
        root: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
}

impl WalkError {
    /// Code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Gone { .. } => ErrorCode::SourceGone,
            Self::Root { .. } => ErrorCode::SourceUnreadable,
        }
    }
}

/// Lists everything below `root`. `still_present` is asked when something cannot be read: a card that was pulled must not
/// look like a card with unreadable folders.
pub(crate) fn walk(folder: &Folder, root: &Path, still_present: &dyn Fn() -> bool) -> Result<Listing, WalkError> {
    let gone = || WalkError::Gone { root: root.to_path_buf() };
    let failed = |source: io::Error| {
        if io_kind(&source) == IoKind::Gone || !still_present() {
            gone()
        } else {
            WalkError::Root { root: root.to_path_buf(), source }
        }
    };
    let mount = folder.mount().map_err(failed)?;
    let mut walk = Walk { mount, listing: Listing::default(), gone: false };
    walk.enter(folder, None, 0).map_err(failed)?;
    if walk.gone || !still_present() {
        return Err(gone());
    }
    let mut listing = walk.listing;
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    listing.folders.sort();
    listing.empty_folders.sort();
    listing.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    listing.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

struct Walk {
    mount: u64,
    listing: Listing,
    gone: bool,
}

impl Walk {
    /// Lists one folder; an error means the folder itself cannot be listed.
    fn enter(&mut self, folder: &Folder, path: Option<&RelPath>, depth: usize) -> io::Result<()> {
        let names = folder.names()?;
        if names.is_empty()
            && let Some(path) = path
        {
            self.listing.empty_folders.push(path.clone());
        }
        for name in names {
            if self.gone {
                return Ok(());
            }
            let shown = match path {
                Some(path) => format!("{path}/{}", name.to_string_lossy()),
                None => name.to_string_lossy().into_owned(),
            };
            let facts = match folder.facts(&name) {
                Ok(Some(facts)) => facts,
                // Removed between listing and looking: it was there, so it is named.
                Ok(None) => {
                    self.unreadable(shown, &io::Error::from(io::ErrorKind::NotFound));
                    continue;
                }
                Err(error) => {
                    self.unreadable(shown, &error);
                    continue;
                }
            };
            let legal = match (name.to_str(), path) {
                (None, _) => Err(SkipReason::NotUtf8),
                (Some(name), Some(path)) => path.join(name).map_err(|_| SkipReason::IllegalName),
                (Some(name), None) => RelPath::new(name).map_err(|_| SkipReason::IllegalName),
            };
            let below = match (facts.kind, legal) {
                (Kind::Symlink, _) => Err(SkipReason::Symlink),
                (Kind::Special, _) => Err(SkipReason::Special),
                _ if facts.mount != self.mount => Err(SkipReason::OtherFileSystem),
                (Kind::Folder, _) if depth + 1 >= DEEPEST => Err(SkipReason::TooDeep),
                (_, legal) => legal,
            };
            match below {
                Err(reason) => self.listing.skipped.push(Skipped { path: shown, reason }),
                Ok(path) if facts.kind == Kind::File => {
                    self.listing.files.push(SourceFile { path, size_bytes: facts.size_bytes, modified: facts.modified });
                }
                Ok(path) => {
                    self.listing.folders.push(path.clone());
                    let entered = folder.open_child(&name).and_then(|child| self.enter(&child, Some(&path), depth + 1));
                    if let Err(error) = entered {
                        self.unreadable(shown, &error);
                    }
                }
            }
        }
        Ok(())
    }

    fn unreadable(&mut self, path: String, error: &io::Error) {
        if io_kind(error) == IoKind::Gone {
            self.gone = true;
        }
        self.listing.unreadable.push(Unreadable { path, error: error.to_string() });
    }
}
