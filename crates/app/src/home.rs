//! Owns the layout of the state folder. Everything Checkgate keeps for itself lies here; media never do.

use checkgate_model::{ErrorCode, Problem};
use checkgate_volume::files;
use std::path::{Path, PathBuf};

/// The state folder.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Opens or creates the folder: the one given, else `CHECKGATE_HOME`, else `checkgate` in the user's data folder.
    pub(crate) fn open(given: Option<PathBuf>) -> Result<Self, Problem> {
        let root =
            given.or_else(|| std::env::var_os("CHECKGATE_HOME").map(PathBuf::from)).or_else(data_folder).ok_or_else(|| {
                Problem::new(ErrorCode::StateFailed, "no folder for Checkgate's own state is known; set CHECKGATE_HOME")
            })?;
        let home = Self { root };
        for folder in [home.root.clone(), home.locks(), home.pictures(), home.results()] {
            files::create_folder_all(&folder).map_err(|error| {
                let mut problem =
                    Problem::new(ErrorCode::StateFailed, format!("cannot create the state folder {}", folder.display()));
                problem.details.push(error.to_string());
                problem
            })?;
        }
        // It holds the cloud's token.
        checkgate_volume::place::make_private(&home.root).map_err(|error| {
            Problem::new(ErrorCode::StateFailed, format!("cannot make {} private: {error}", home.root.display()))
        })?;
        Ok(home)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("state.sqlite")
    }

    /// Previews and contact sheets, one folder per card.
    #[must_use]
    pub fn pictures(&self) -> PathBuf {
        self.root.join("pictures")
    }

    /// What came back from the cloud, one folder per card.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// The embedded cloud's own folder.
    #[must_use]
    pub fn cloud(&self) -> PathBuf {
        self.root.join("cloud")
    }

    /// The user's own policies.
    #[must_use]
    pub fn policies(&self) -> PathBuf {
        self.root.join("policies")
    }

    /// The user's own presets.
    #[must_use]
    pub fn presets(&self) -> PathBuf {
        self.root.join("presets")
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }
}

fn data_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(target_os = "macos") {
        return variable("HOME").map(|home| home.join("Library/Application Support/Checkgate"));
    }
    if cfg!(windows) {
        return variable("LOCALAPPDATA").map(|data| data.join("Checkgate"));
    }
    variable("XDG_DATA_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join("checkgate"))
}
