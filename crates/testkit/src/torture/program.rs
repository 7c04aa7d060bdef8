//! Owns starting `checkgate` with a state folder of its own and reading what it answers.

use super::TortureError;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The program with the folder for its state.
#[derive(Debug, Clone)]
pub struct Checkgate {
    /// The program.
    pub program: PathBuf,
    /// Its state.
    pub home: PathBuf,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// Exit code; -1 if it was killed.
    pub code: i32,
    /// Standard output as JSON; null if it is none.
    pub json: serde_json::Value,
    /// Standard output.
    pub text: String,
    /// Standard error.
    pub errors: String,
}

impl Answer {
    fn of(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            json: serde_json::from_str(&text).unwrap_or(serde_json::Value::Null),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
            text,
        }
    }

    /// A value of the JSON; null if there is none.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &serde_json::Value {
        self.json.pointer(pointer).unwrap_or(&serde_json::Value::Null)
    }

    /// Everything it said, for a message about what went wrong.
    #[must_use]
    pub fn said(&self) -> String {
        format!("exit {}\nstdout:\n{}\nstderr:\n{}", self.code, self.text, self.errors)
    }
}

impl Checkgate {
    /// The command with `arguments`.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command.env("CHECKGATE_HOME", &self.home).env("CHECKGATE_LOG", "checkgate=info").args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Answer, TortureError> {
        let output = self.command(arguments).output().map_err(|source| self.cannot_run(source))?;
        Ok(Answer::of(&output))
    }

    /// Starts it, its words kept for [`Self::end`].
    pub fn start<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Child, TortureError> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|source| self.cannot_run(source))
    }

    /// Waits for what [`Self::start`] began.
    pub fn end(&self, child: Child) -> Result<Answer, TortureError> {
        Ok(Answer::of(&child.wait_with_output().map_err(|source| self.cannot_run(source))?))
    }

    /// The arguments of an offload without previews.
    #[must_use]
    pub fn offload(card: &Path, destinations: &[PathBuf], more: &[&str]) -> Vec<std::ffi::OsString> {
        let mut arguments: Vec<std::ffi::OsString> = vec!["offload".into(), "--json".into(), "--no-previews".into(), card.into()];
        for destination in destinations {
            arguments.extend(["--to".into(), destination.into()]);
        }
        arguments.extend(more.iter().map(Into::into));
        arguments
    }

    fn cannot_run(&self, source: std::io::Error) -> TortureError {
        TortureError::Program { path: self.program.clone(), source }
    }
}
