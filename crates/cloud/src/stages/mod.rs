//! Owns the stages: pure functions from objects to results, which know no queue. Input is what lies in the store, output goes to
//! an address made from the input and the tool's version, so that doing one twice changes nothing.

mod history;
mod inspect;
mod preview;
mod report;
mod stored;
mod verify;

pub use inspect::inspect;
pub use preview::preview;
pub use report::report;
pub use verify::verify;

use crate::objects::ObjectError;

/// Why a stage could not finish. All of these may pass; what is wrong with the package itself is a finding, never an error.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] ObjectError),
    /// A record that an earlier stage must have written is not there.
    #[error("{0} is not there yet")]
    NotReady(String),
    /// The worker's own disk failed.
    #[error("cannot work in {path}", path = path.display())]
    WorkFolder {
        /// The folder or file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Colour could not start.
    #[error("the colour engine does not start: {0}")]
    Color(String),
    /// A computation panicked.
    #[error("a computation ended abnormally: {0}")]
    Broken(String),
}

impl StageError {
    /// The error with its causes, outermost first, for a log or a finding.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(source) = cause {
            text.push_str(": ");
            text.push_str(&source.to_string());
            cause = source.source();
        }
        text
    }
}
