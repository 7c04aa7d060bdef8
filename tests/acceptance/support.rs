//! Owns what every acceptance test needs: a state folder of its own, the binary, a forged card, JSON answers.

use checkgate_testkit::{CardSize, Family, ForgeOptions, Forged, forge_card};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// One test's own world: a folder on the disk of the build, so that read-back from a device is possible.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) json: Value,
    pub(crate) text: String,
    pub(crate) errors: String,
}

/// A program of this workspace, beside the test that runs.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    folder.unwrap_or_else(|| panic!("{name} is not built; `cargo build --workspace` builds it")).join(name)
}

impl Stage {
    pub(crate) fn new(name: &str) -> Self {
        let target = program("checkgate").parent().expect("a program lies in a folder").join("acceptance");
        std::fs::create_dir_all(&target).expect("the build folder is writable");
        let folder = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(target).expect("a folder can be made");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        path
    }

    /// The demo card, small.
    pub(crate) fn card(&self, name: &str) -> (PathBuf, Forged) {
        let root = self.path(name);
        let options = ForgeOptions { family: Family::Demo, seed: 7, size: CardSize::Small, damage: None, expected_path: None };
        let forged = forge_card(&root, &options).expect("a card can be forged");
        (root, forged)
    }

    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(program("checkgate"));
        command
            .env("CHECKGATE_HOME", self.path("home"))
            .env("CHECKGATE_LOG", "checkgate=info")
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Answer {
        answer(&self.command(arguments).output().expect("checkgate starts"))
    }

    pub(crate) fn spawn<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("checkgate starts")
    }
}

pub(crate) fn answer(output: &Output) -> Answer {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Answer {
        code: output.status.code().unwrap_or(-1),
        json: serde_json::from_str(&text).unwrap_or(Value::Null),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        text,
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.text, self.errors);
        self
    }

    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.json.pointer(pointer).unwrap_or(&Value::Null)
    }
}

/// Waits for something another process does; the deadline only bounds a failure.
pub(crate) fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !ready() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Every regular file below a root with its bytes, without the manifest history.
pub(crate) fn content(root: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be listed") {
            let path = entry.expect("an entry can be read").path();
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            if name == "ascmhl" || name == "lost+found" {
                continue;
            }
            if path.is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                folders.push(path);
            } else {
                found.insert(name, std::fs::read(&path).expect("a file can be read"));
            }
        }
    }
    found
}

pub(crate) fn manifests(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root.join("ascmhl")) else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension() == Some("mhl".as_ref())).collect();
    found.sort();
    found
}

/// The folder a copy of the forged card lies in.
pub(crate) fn copy_root(destination: &Path, forged: &Forged) -> PathBuf {
    destination.join(&forged.reel)
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}
