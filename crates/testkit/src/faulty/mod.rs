//! Owns a file system that serves a folder and fails as it is told: a card with a bad block, a reader that lies, a drive that is slow,
//! full, or gone. FUSE on Linux, mounted without libfuse. It must never touch anything outside the folder it serves, and unmounts
//! itself when dropped.
//!
//! Every open is direct I/O for the kernel, so that each read and write is seen here as the program made it: a short read stays short,
//! and nothing is answered from the page cache.

mod file_system;
mod nodes;
mod script;

pub use script::{Fault, Seen};

use script::Script;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Workers of the file system: slow operations must not keep others waiting.
const WORKERS: usize = 8;

/// Whether this process can mount through FUSE; tried once for real.
#[must_use]
pub fn is_available() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("checkgate-faulty-{}", std::process::id()));
        let (backing, mount_point) = (folder.join("backing"), folder.join("mount"));
        let made = std::fs::create_dir_all(&backing).and_then(|()| std::fs::create_dir_all(&mount_point));
        let answer = made.and_then(|()| FaultyMount::new(&backing, &mount_point)).is_ok();
        let _ = std::fs::remove_dir_all(&folder);
        answer
    })
}

/// A mounted file system that serves `backing`; unmounted when dropped. What was written is in `backing` afterwards.
#[derive(Debug)]
pub struct FaultyMount {
    script: Arc<Script>,
    backing: PathBuf,
    mount_point: PathBuf,
    session: Option<fuser::BackgroundSession>,
}

impl FaultyMount {
    /// Serves the folder `backing` on the folder `mount_point`; both must exist.
    ///
    /// # Errors
    /// No `/dev/fuse`, or no right to mount.
    pub fn new(backing: &Path, mount_point: &Path) -> io::Result<Self> {
        let backing = backing.canonicalize()?;
        let mount_point = mount_point.canonicalize()?;
        let script = Arc::new(Script::default());
        let mut config = fuser::Config::default();
        config.mount_options = vec![
            fuser::MountOption::FSName("checkgate-faulty".to_owned()),
            fuser::MountOption::Subtype("faulty".to_owned()),
            fuser::MountOption::DefaultPermissions,
        ];
        config.n_threads = Some(WORKERS);
        let served = file_system::Served::new(&backing, Arc::clone(&script));
        let session = fuser::spawn_mount(served, &mount_point, &config)?;
        Ok(Self { script, backing, mount_point, session: Some(session) })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.mount_point
    }

    /// The folder it serves, without any fault in between.
    #[must_use]
    pub fn backing(&self) -> &Path {
        &self.backing
    }

    /// Adds a fault from now on.
    pub fn inject(&self, fault: Fault) {
        self.script.inject(fault);
    }

    /// Takes all faults away: the cable is in again, the drive has room.
    pub fn heal(&self) {
        self.script.heal();
    }

    /// What has happened so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.script.seen()
    }

    /// Cuts the power of a drive with a cache of its own: writes that were not followed by a finished fsync of their file are lost,
    /// each one or not by the draw of `seed`, and from now on nothing is answered. See [`Fault::VolatileCache`].
    pub fn cut_power(&self, seed: u64) {
        self.script.cut_power(seed);
    }
}

impl Drop for FaultyMount {
    fn drop(&mut self) {
        // Whatever waits inside is let go first.
        self.script.heal();
        if let Some(session) = self.session.take() {
            // A busy mount is detached from the tree; its thread ends with the last open file.
            drop(session);
        }
    }
}
