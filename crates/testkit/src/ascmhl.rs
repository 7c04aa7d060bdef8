//! Owns running the reference implementation of ASC MHL (Python package `ascmhl`) as a child process, without a network. It is
//! the judge of what we write; it is found, never installed here.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The reference tool.
#[derive(Debug, Clone)]
pub struct Reference {
    binaries: PathBuf,
    fenced: bool,
}

impl Reference {
    /// Looks for `ascmhl` in the folder `CHECKGATE_ASCMHL` names (a virtual environment's `bin`), else in `.venv/bin` of the project.
    #[must_use]
    pub fn find() -> Option<Self> {
        let from_environment = std::env::var_os("CHECKGATE_ASCMHL").map(PathBuf::from);
        let of_project = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(|root| root.join(".venv/bin"));
        let binaries = from_environment.into_iter().chain(of_project).find(|folder| folder.join("ascmhl").is_file())?;
        Some(Self { binaries, fenced: can_fence() })
    }

    /// Runs `ascmhl` with `arguments`, in UTC, cut off from the network where the system allows it.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> std::io::Result<Output> {
        self.run_tool("ascmhl", arguments)
    }

    /// Runs `ascmhl-debug` (which has `verify`).
    pub fn run_debug<A: AsRef<OsStr>>(&self, arguments: &[A]) -> std::io::Result<Output> {
        self.run_tool("ascmhl-debug", arguments)
    }

    fn run_tool<A: AsRef<OsStr>>(&self, tool: &str, arguments: &[A]) -> std::io::Result<Output> {
        let program = self.binaries.join(tool);
        let mut command = if self.fenced {
            let mut fence = Command::new("unshare");
            fence.arg("-n").arg(&program);
            fence
        } else {
            Command::new(&program)
        };
        command.args(arguments).env("TZ", "UTC").env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).output()
    }
}

fn can_fence() -> bool {
    Command::new("unshare")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
