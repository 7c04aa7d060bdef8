//! Owns tormenting the program `checkgate` from outside: kills and power cuts at random moments, each followed by going on, and the
//! judgement of what is left. Must never look into the program's state: only its answers, its exit codes and the files count.

mod judge;
mod kills;
mod mixed_card;
#[cfg(target_os = "linux")]
mod power;
mod program;

pub use judge::{Judge, is_working_name, manifests, media};
pub use kills::{KillCounts, KillOptions, kills};
pub use mixed_card::{MixedCard, MixedSize};
#[cfg(target_os = "linux")]
pub use power::{PowerCounts, PowerOptions, power};
pub use program::{Answer, Checkgate};

use std::path::{Path, PathBuf};

/// Why the torment itself could not go on; what it finds wrong with the program is in its counts.
#[derive(Debug, thiserror::Error)]
pub enum TortureError {
    /// A file of the set-up could not be used.
    #[error("cannot use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The program could not be started.
    #[error("cannot run {}", path.display())]
    Program {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A drive could not be made or mounted.
    #[error("cannot make a drive: {0}")]
    Drive(#[from] crate::image::ImageError),
    /// Without faults it does not work either.
    #[error("an undisturbed run fails: {0}")]
    Undisturbed(String),
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> TortureError {
    let path = path.to_owned();
    move |source| TortureError::File { path, source }
}
