//! Owns packing lists on disk: one manifest with the earliest good hash of every file, and the collection that names it. Writes where
//! it is told to, never into the history.

use crate::histories::{DamagedHistory, MOST_MANIFEST_BYTES};
use crate::tree::Tree;
use crate::verify::VerifyError;
use checkgate_mhl::{COLLECTION, Chain, ChainEntry, Keep, Operation, hash_bytes, packing_list_name};
use checkgate_model::{ErrorCode, HashFormat, Problem, RelPath};
use checkgate_volume::{Destination, DestinationError, Replace};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A packing list that was written.
#[derive(Debug, Clone, Default)]
pub struct FlattenReport {
    /// The list.
    pub list: PathBuf,
    /// The collection that names it, if one was asked for.
    pub collection: Option<PathBuf>,
    /// C4 ID of the list's bytes.
    pub c4: String,
    /// Files in it.
    pub files: u64,
    /// Files of which every hash failed: they are not in it.
    pub left_out: Vec<RelPath>,
    /// Histories that cannot be trusted: nothing was written.
    pub damaged: Vec<DamagedHistory>,
}

/// Why no packing list was written.
#[derive(Debug, thiserror::Error)]
pub enum FlattenError {
    /// The history cannot be used.
    #[error(transparent)]
    History(#[from] VerifyError),
    /// The list cannot be written.
    #[error(transparent)]
    Write(#[from] DestinationError),
    /// There is something in the history that no list can carry, or a collection that cannot be read.
    #[error("{0}")]
    Refused(String),
}

impl FlattenError {
    /// As a problem for people.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let code = match self {
            Self::History(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Refused(_) => ErrorCode::HistoryDamaged,
        };
        Problem::from_error(code, self)
    }

    /// Exit code of an ASC MHL tool.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::History(error) => error.exit_code(),
            Self::Write(_) => 3,
            Self::Refused(_) => 31,
        }
    }
}

/// Writes the packing list of the histories of `root` into `folder`, which is made if its parent exists.
///
/// # Errors
/// Where there is no history, or the list cannot be written.
pub fn flatten(root: &Path, folder: &Path, operation: &Operation, collection: bool) -> Result<FlattenReport, FlattenError> {
    let mut tree = Tree::open(root).map_err(VerifyError::from)?;
    let (found, loaded) = tree.histories(Keep::Everything);
    if !found.has(None) {
        return Err(VerifyError::NoHistory(root.to_path_buf()).into());
    }
    let mut report = FlattenReport { damaged: loaded.damaged.clone(), ..FlattenReport::default() };
    if !report.damaged.is_empty() {
        return Ok(report);
    }
    let manifest = loaded.history.flatten(operation);
    let listed: BTreeSet<&RelPath> = manifest.files().map(|file| &file.path).collect();
    report.files = listed.len() as u64;
    report.left_out = loaded
        .history
        .expected()
        .iter()
        .filter(|(path, record)| !record.is_dir && !listed.contains(path))
        .map(|(path, _)| path.clone())
        .collect();
    let bytes = manifest.to_xml().map_err(|error| FlattenError::Refused(error.to_string()))?;
    let c4 = hash_bytes(HashFormat::C4, &bytes);
    report.c4 = c4.to_text();
    let given = root.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = packing_list_name(&given.unwrap_or_default(), operation.started);
    let refused = |error: &dyn std::fmt::Display| FlattenError::Refused(error.to_string());
    let path = RelPath::new(&name).map_err(|error| refused(&error))?;
    let destination = Destination::create(folder)?;
    let _lock = destination.lock()?;
    destination.publish_bytes(&path, &bytes, Replace::Never)?;
    report.list = destination.root().join(path.as_str());
    if collection {
        let path = RelPath::new(COLLECTION).map_err(|error| refused(&error))?;
        let mut chain = match destination.existing(&path)? {
            Some(_) => {
                let text = destination.read_bytes(&path, MOST_MANIFEST_BYTES)?;
                Chain::parse(&text).map_err(|error| FlattenError::Refused(format!("{COLLECTION}: {error}")))?
            }
            None => Chain::default(),
        };
        let sequence = chain.entries.iter().map(|entry| entry.sequence).max().unwrap_or_default().saturating_add(1);
        chain.entries.push(ChainEntry { sequence, name, c4 });
        let text = chain.to_xml().map_err(|error| refused(&error))?;
        destination.publish_bytes(&path, &text, Replace::Yes)?;
        report.collection = Some(destination.root().join(COLLECTION));
    }
    Ok(report)
}
