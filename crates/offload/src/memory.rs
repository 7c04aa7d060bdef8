//! Owns what an interrupted verification has proven, so that it goes on instead of beginning again. Lies in the state folder, never
//! on the drive. Remembers equal files only: whatever differed is looked at again. Must never make a file pass that changed.

use checkgate_model::{EvidenceLevel, RelPath};
use checkgate_volume::SourceFile;
use checkgate_volume::files::{AppendLog, read_bounded, remove_file};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const MOST_BYTES: u64 = 1 << 30;
/// From here on a file is worth a call of its own.
const AT_ONCE_BYTES: u64 = 4 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    path: RelPath,
    size_bytes: u64,
    modified: String,
    level: EvidenceLevel,
    words: String,
}

/// What earlier runs of the same check proved, and a place for what this one proves.
pub(crate) struct Memory {
    path: PathBuf,
    known: HashMap<RelPath, Line>,
    log: Option<Mutex<AppendLog>>,
}

impl Memory {
    /// Opens the memory of a check. `fingerprint` names what it checks against; a memory of anything else is begun anew.
    pub(crate) fn open(path: &Path, fingerprint: &str, fresh: bool) -> Self {
        let mut known = HashMap::new();
        let bytes = if fresh { Vec::new() } else { read_bounded(path, MOST_BYTES).unwrap_or_default() };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let goes_on = lines.next() == Some(fingerprint);
        if goes_on {
            // The last line may be cut off; what does not read is not known.
            known.extend(lines.filter_map(|line| serde_json::from_str::<Line>(line).ok()).map(|line| (line.path.clone(), line)));
        } else if let Err(error) = remove_file(path) {
            tracing::warn!(%error, "an old memory of a check cannot be removed");
        }
        let log = AppendLog::open(path).and_then(|mut log| {
            if goes_on {
                log.line("")?
            } else {
                log.line(fingerprint)?
            };
            Ok(Mutex::new(log))
        });
        let log = log.inspect_err(|error| tracing::warn!(%error, "this check cannot be gone on with if it is interrupted")).ok();
        Self { path: path.to_path_buf(), known, log }
    }

    /// How the file was proven, if it was and has kept its size and time.
    pub(crate) fn proven(&self, file: &SourceFile) -> Option<(EvidenceLevel, &str)> {
        let line = self.known.get(&file.path)?;
        let same = line.size_bytes == file.size_bytes && line.modified == file.modified.to_string();
        same.then_some((line.level, line.words.as_str()))
    }

    /// Keeps that the file was equal.
    pub(crate) fn remember(&self, file: &SourceFile, level: EvidenceLevel, words: &str) {
        let Some(log) = &self.log else { return };
        let line = Line {
            path: file.path.clone(),
            size_bytes: file.size_bytes,
            modified: file.modified.to_string(),
            level,
            words: words.to_owned(),
        };
        // A crash may cost what a moment reads again, not more.
        let at_once = file.size_bytes >= AT_ONCE_BYTES;
        let written = serde_json::to_string(&line).map_err(std::io::Error::from).and_then(|line: String| {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.line(&line)?;
            if at_once { log.flush() } else { Ok(()) }
        });
        if let Err(error) = written {
            tracing::warn!(%error, "what was proven cannot be kept");
        }
    }

    /// Ends a check that was stopped: the next one goes on from here.
    pub(crate) fn keep(self) {
        if let Some(log) = self.log
            && let Err(error) = log.into_inner().unwrap_or_else(PoisonError::into_inner).finish()
        {
            tracing::warn!(%error, "what was proven cannot be kept");
        }
    }

    /// Ends a check that is complete: the next one reads everything.
    pub(crate) fn forget(self) {
        drop(self.log);
        if let Err(error) = remove_file(&self.path) {
            tracing::warn!(%error, "the memory of a check cannot be removed");
        }
    }
}
