//! Owns what every test here needs: folders of its own, the program under test, the reference tool, schemas and samples. It must
//! never let a missing tool look like a passed test: what is absent is said on standard error.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// The six formats of ASC MHL, in the order the schema wants.
pub(crate) const FORMATS: [&str; 6] = ["c4", "md5", "sha1", "xxh128", "xxh3", "xxh64"];
/// All six at once.
pub(crate) const ALL: &str = "c4,md5,sha1,xxh128,xxh3,xxh64";
/// No command here takes longer; a test that waits longer has found a hang.
const LONGEST: Duration = Duration::from_secs(120);

/// One test's folder. Its name is one that no ignore pattern matches: the reference matches patterns against absolute paths.
pub(crate) struct Stage(tempfile::TempDir);

impl Stage {
    pub(crate) fn new() -> Self {
        Self(tempfile::Builder::new().prefix("roll").tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A folder with files (`path`, content); a path with a trailing slash is an empty folder.
    pub(crate) fn tree(&self, name: &str, entries: &[(&str, &str)]) -> PathBuf {
        let root = self.path(name);
        fs::create_dir_all(&root).unwrap();
        for (path, content) in entries {
            put(&root, path, content);
        }
        root
    }
}

/// Writes a file with the folders above it, or makes an empty folder.
pub(crate) fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let full = root.join(path);
    if path.ends_with('/') {
        fs::create_dir_all(full).unwrap();
    } else {
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, content).unwrap();
    }
}

/// The tree most rows are tried on.
pub(crate) const CARD: &[(&str, &str)] = &[
    ("Clips/A002C006_141024_R2EC.mov", "abcd\n"),
    ("Clips/A002C007_141024_R2EC.mov", "def\n"),
    ("Sidecar.txt", "BLOREM ipsum dolor sit amet, consetetur sadipscing elitr.\n"),
];
pub(crate) const CLIP: &str = "Clips/A002C006_141024_R2EC.mov";
pub(crate) const OTHER_CLIP: &str = "Clips/A002C007_141024_R2EC.mov";

/// The nested tree of the reference's own tests: a history in `A/AA`, `B` and `B/BB`, and one over all.
pub(crate) const NESTED: &[(&str, &str)] = &[
    ("Stuff.txt", "stuff\n"),
    ("A/A1.txt", "A1\n"),
    ("A/AA/AA1.txt", "AA1\n"),
    ("A/AB/AB1.txt", "AB1\n"),
    ("B/B1.txt", "B1\n"),
    ("B/BA/BA1.txt", "BA1\n"),
    ("B/BB/BB1.txt", "BB1\n"),
];
pub(crate) const CHILDREN: [&str; 3] = ["A/AA", "B/BB", "B"];

/// A copy with times, as a drive is copied.
pub(crate) fn copy(from: &Path, to: &Path) -> PathBuf {
    assert!(!to.exists(), "{} is there already", to.display());
    tool("cp", &["-a".as_ref(), from.as_os_str(), to.as_os_str()]);
    to.to_owned()
}

/// Runs a program of the system that must work.
pub(crate) fn tool(program: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a program of the system can be run; says so where it cannot.
pub(crate) fn can_run(program: &str, argument: &str) -> bool {
    let answer = Command::new(program).arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if answer.is_ok() {
        return true;
    }
    eprintln!("SKIPPED: {program} is not installed");
    false
}

/// The program under test: beside this test, or what `CHECKGATE_PROGRAM` names.
pub(crate) fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("CHECKGATE_PROGRAM") {
        return named.into();
    }
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().find(|folder| folder.join("checkgate").is_file());
    folder.unwrap_or_else(|| panic!("checkgate is not built; `cargo build --workspace` builds it")).join("checkgate")
}

/// What a command said.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) text: String,
    pub(crate) errors: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.text, self.errors);
        self
    }

    /// Everything it said.
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.text, self.errors)
    }

    #[track_caller]
    pub(crate) fn says(self, word: &str) -> Self {
        let all = self.all();
        assert!(all.to_lowercase().contains(&word.to_lowercase()), "{word:?} is not said:\n{all}");
        self
    }

    /// Ended by itself, without a panic.
    #[track_caller]
    pub(crate) fn orderly(self) -> Self {
        assert!(self.code >= 0 && self.code != 101 && !self.errors.contains("panicked"), "{}: {}", self.code, self.all());
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in:\n{}\n{}", self.text, self.errors))
    }
}

/// Starts a command and waits for it, at most [`LONGEST`].
#[track_caller]
pub(crate) fn finish(mut command: Command) -> Answer {
    let shown = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (ended, end) = sync_channel(2);
    let closed = ended.clone();
    let text = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).unwrap();
        ended.send(()).unwrap();
        bytes
    });
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        err.read_to_end(&mut bytes).unwrap();
        closed.send(()).unwrap();
        bytes
    });
    for _ in 0..2 {
        if end.recv_timeout(LONGEST).is_err() {
            let _ = child.kill();
            panic!("{shown} hangs");
        }
    }
    Answer {
        code: child.wait().unwrap().code().unwrap_or(-1),
        text: String::from_utf8_lossy(&text.join().unwrap()).into_owned(),
        errors: String::from_utf8_lossy(&errors.join().unwrap()).into_owned(),
    }
}

/// `checkgate ARGUMENTS…`, with a state folder that does not exist and must not be needed by `mhl`.
pub(crate) fn command<A: AsRef<OsStr>>(arguments: &[A]) -> Command {
    let mut command = Command::new(program());
    command.env("CHECKGATE_HOME", std::env::temp_dir().join("checkgate-mhl-has-no-state")).args(arguments);
    command
}

#[track_caller]
pub(crate) fn run<A: AsRef<OsStr>>(arguments: &[A]) -> Answer {
    finish(command(arguments)).orderly()
}

/// `checkgate mhl COMMAND ROOT OPTIONS…`; options are words separated by blanks.
#[track_caller]
pub(crate) fn mhl(command: &str, root: &Path, options: &str) -> Answer {
    let mut arguments: Vec<&OsStr> = vec!["mhl".as_ref(), command.as_ref(), root.as_ref()];
    arguments.extend(options.split_ascii_whitespace().map(OsStr::new));
    run(&arguments)
}

/// The same with options as they are.
#[track_caller]
pub(crate) fn mhl_with(command: &str, root: &Path, options: &[&str]) -> Answer {
    let mut arguments: Vec<&OsStr> = vec!["mhl".as_ref(), command.as_ref(), root.as_ref()];
    arguments.extend(options.iter().map(OsStr::new));
    run(&arguments)
}

/// Appends a generation and expects success.
#[track_caller]
pub(crate) fn create(root: &Path, options: &str) {
    mhl("create", root, options).expect(0);
}

/// A history in each child of [`NESTED`], then one over all.
#[track_caller]
pub(crate) fn create_nested(root: &Path, options: &str) {
    for child in CHILDREN {
        create(&root.join(child), options);
    }
    create(root, options);
}

// ------------------------------------------------------------------------------------------------ samples, schemas

/// Samples of the project, or `None` with a word on standard error.
pub(crate) fn samples(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CHECKGATE_SAMPLES").map_or_else(|| project().join("../shared/samples"), PathBuf::from);
    let found = root.join("mhl").join(below);
    if found.exists() {
        return Some(found);
    }
    eprintln!("SKIPPED: samples are missing ({})", found.display());
    None
}

pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What xmllint says about files under one schema: nothing where all are valid.
pub(crate) fn schema_errors(schema: &str, files: &[PathBuf]) -> Option<String> {
    let schemas = samples("xsd")?;
    if !can_run("xmllint", "--version") {
        return None;
    }
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--huge", "--schema"])
        .arg(schemas.join(schema))
        .args(files)
        .output()
        .unwrap();
    Some(if output.status.success() { String::new() } else { String::from_utf8_lossy(&output.stderr).into_owned() })
}

pub(crate) const MANIFEST_SCHEMA: &str = "ASCMHL.xsd";
pub(crate) const CHAIN_SCHEMA: &str = "ASCMHLDirectory__combined.xsd";
pub(crate) const LEGACY_SCHEMA: &str = "MediaHashList_v1_1.xsd";

#[track_caller]
pub(crate) fn assert_schema(schema: &str, files: &[PathBuf]) {
    assert!(!files.is_empty(), "nothing to judge");
    if let Some(errors) = schema_errors(schema, files) {
        assert!(errors.is_empty(), "{errors}");
    }
}

/// Every manifest and chain below `root` is valid by the schema, and every chain holds.
#[track_caller]
pub(crate) fn assert_valid(root: &Path) {
    let (mut manifests, mut chains) = (Vec::new(), Vec::new());
    for folder in folders(root).into_iter().filter(|folder| folder.ends_with("ascmhl")) {
        crate::manifest::assert_chain_holds(folder.parent().unwrap());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().and_then(OsStr::to_str) {
                Some("ascmhl_chain.xml") => chains.push(path),
                _ if path.extension() == Some("mhl".as_ref()) => manifests.push(path),
                _ => {}
            }
        }
    }
    assert_schema(MANIFEST_SCHEMA, &manifests);
    assert_schema(CHAIN_SCHEMA, &chains);
}

/// Every folder below `root`, itself included.
pub(crate) fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                found.push(entry.path());
            }
        }
    }
    found
}

/// Regular files below `root` as manifests name them, histories left out.
pub(crate) fn files(root: &Path) -> BTreeSet<String> {
    let below = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    let mut found = BTreeSet::new();
    for folder in folders(root).into_iter().filter(|folder| !below(folder).split('/').any(|part| part == "ascmhl")) {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                found.insert(below(&entry.path()));
            }
        }
    }
    found
}

/// Everything below `root` with its bytes, histories included: what a command that only reads must leave as it was.
pub(crate) fn everything(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in folders(root) {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let bytes = if entry.file_type().unwrap().is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
            found.push((entry.path(), bytes));
        }
    }
    found.sort();
    found
}

// ------------------------------------------------------------------------------------------------ the reference

/// The reference tool, kept running: each command is a process of its own, but Python starts once.
pub(crate) struct Reference(Option<Driver>);

struct Driver {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

static IDLE: Mutex<Vec<Driver>> = Mutex::new(Vec::new());

/// Whether a process can be cut off from the network here.
fn can_isolate() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let answer = Command::new("unshare").args(["-n", "true"]).stderr(Stdio::null()).status();
        answer.is_ok_and(|status| status.success())
    })
}

pub(crate) fn reference() -> Option<Reference> {
    if let Some(driver) = IDLE.lock().unwrap().pop() {
        return Some(Reference(Some(driver)));
    }
    let main = std::env::var_os("CHECKGATE_ASCMHL").map_or_else(|| project().join(".venv/bin/ascmhl"), PathBuf::from);
    let python = main.with_file_name("python");
    if !main.exists() || !python.exists() {
        eprintln!("SKIPPED: the reference tool is not installed ({})", main.display());
        return None;
    }
    let mut command = if can_isolate() {
        let mut command = Command::new("unshare");
        command.arg("-n").arg(python);
        command
    } else {
        Command::new(python)
    };
    command.args(["-c", include_str!("reference.py")]).env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let ask = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    let mut version = String::new();
    answers.read_line(&mut version).unwrap();
    if version.trim() != "1.2" {
        let _ = child.kill();
        let _ = child.wait();
        eprintln!("SKIPPED: the reference tool is not version 1.2 ({})", version.trim());
        return None;
    }
    Some(Reference(Some(Driver { child, ask, answers })))
}

impl Reference {
    /// `ascmhl COMMAND ROOT OPTIONS…` (or `ascmhl-debug`), with its exit code and all it said.
    pub(crate) fn run(&mut self, command: &str, root: &Path, options: &[&str]) -> (i32, String) {
        let driver = self.0.as_mut().unwrap();
        let name = if matches!(command, "verify" | "hash" | "xsd-schema-check") { "ascmhl-debug" } else { "ascmhl" };
        let mut arguments = vec![command, root.to_str().unwrap()];
        arguments.extend(options);
        writeln!(driver.ask, "{}", json!([name, arguments])).unwrap();
        let mut answer = String::new();
        driver.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// Options are words separated by blanks.
    #[track_caller]
    pub(crate) fn expect(&mut self, code: i32, command: &str, root: &Path, options: &str) -> String {
        let options: Vec<&str> = options.split_ascii_whitespace().collect();
        let (found, text) = self.run(command, root, &options);
        assert_eq!(found, code, "the reference's {command} {options:?} said:\n{text}");
        text
    }

    #[track_caller]
    pub(crate) fn create_nested(&mut self, root: &Path, options: &str) {
        for child in CHILDREN {
            self.expect(0, "create", &root.join(child), options);
        }
        self.expect(0, "create", root, options);
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let Some(mut driver) = self.0.take() else { return };
        if driver.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            IDLE.lock().unwrap().push(driver);
        }
    }
}
