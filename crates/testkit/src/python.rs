//! Owns running readers of exchange formats that are not ours (Python packages of `tests/reference-requirements.txt`) as child
//! processes, without a network. They judge what we write; they are found, never installed here.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Python that has the packages asked for.
#[derive(Debug, Clone)]
pub struct ReferencePython {
    program: PathBuf,
}

impl ReferencePython {
    /// Looks for a Python with all of `packages` (import names): `CHECKGATE_PYTHON`, else the one in `.venv` of the project.
    #[must_use]
    pub fn find(packages: &[&str]) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
        let of_project = [root.join(".venv/bin/python"), root.join(".venv/Scripts/python.exe")];
        let named = std::env::var_os("CHECKGATE_PYTHON").map(PathBuf::from);
        let script = packages.iter().map(|package| format!("import {package}\n")).collect::<String>();
        named.into_iter().chain(of_project).filter(|program| program.is_file()).map(|program| Self { program }).find(|python| {
            let started =
                python.command().arg("-c").arg(&script).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
            started.is_ok_and(|status| status.success())
        })
    }

    /// Runs `script` with `input` on its standard input and `arguments`; gives what it prints.
    ///
    /// # Errors
    /// The child's standard error, if it ends with anything but success or cannot be started.
    pub fn run(&self, script: &str, arguments: &[&str], input: &[u8]) -> Result<String, String> {
        let mut child = self
            .command()
            .arg("-c")
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut pipe = child.stdin.take().ok_or("no pipe")?;
        let output = std::thread::scope(|scope| {
            // A script that fails early closes its input; its words are in its error then.
            scope.spawn(move || drop(pipe.write_all(input)));
            child.wait_with_output()
        })
        .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("PYTHONIOENCODING", "utf-8").env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*");
        command
    }
}
