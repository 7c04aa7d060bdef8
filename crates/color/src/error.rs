//! Owns what can go wrong when a colour transform is asked for.

/// Why a transform cannot be given. An unknown name is always an error (invariant 10).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ColorError {
    /// The configuration itself cannot be read: a defect of the build.
    #[error("the built-in {config} configuration cannot be read: {reason}")]
    Config {
        /// Which configuration.
        config: String,
        /// What the engine said.
        reason: String,
    },
    /// No colour space of that name or alias.
    #[error("unknown colour space {0:?}; `checkgate color list` lists what there is")]
    UnknownSpace(String),
    /// No display of that name.
    #[error("unknown display {0:?}; `checkgate color list` lists what there is")]
    UnknownDisplay(String),
    /// The display has no such view.
    #[error("display {display:?} has no view {view:?}; `checkgate color list` lists what there is")]
    UnknownView {
        /// Display.
        display: String,
        /// View.
        view: String,
    },
    /// No look of that name.
    #[error("unknown look {0:?}; `checkgate color list` lists what there is")]
    UnknownLook(String),
    /// The transform ids of an AMF that nothing here implements.
    #[error("unknown transform id {0}")]
    UnknownTransformId(String),
    /// The CDL makes no sense.
    #[error("bad CDL: {0}")]
    BadCdl(String),
    /// An AMF cannot be read or followed.
    #[error("AMF: {0}")]
    BadAmf(String),
    /// A look file that an AMF names is not there.
    #[error("AMF names the file {0:?}, which cannot be read")]
    MissingFile(String),
    /// A look file cannot be read.
    #[error("look file {name:?}: {reason}")]
    BadLookFile {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The engine refused or failed.
    #[error("the colour engine cannot build this transform: {0}")]
    Engine(String),
    /// A file is not the one that was named.
    #[error("{0:?} is not the file that was described: its hash differs")]
    HashMismatch(String),
    /// Nothing names it in an AMF.
    #[error("{0:?} has no transform id, so that no AMF can describe it")]
    NoTransformId(String),
}
