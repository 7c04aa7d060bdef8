//! Trees on disk, their seals, and the tools that judge them.

use checkgate_mhl::{
    Append, AppendError, CHAIN, FOLDER, FileRecord, FolderRecord, History, HistoryError, HistoryFile, IgnoreSet, Listing,
    MultiHasher, NewGeneration, Operation, Process,
};
use checkgate_model::{HashFormat, RelPath, Timestamp};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

/// Samples of the project, or `None` with a word on stderr.
pub(crate) fn samples(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CHECKGATE_SAMPLES").map_or_else(|| project().join("../shared/samples"), PathBuf::from);
    let found = root.join(below);
    if found.exists() {
        return Some(found);
    }
    eprintln!("SKIPPED: samples missing ({})", found.display());
    None
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder whose name no pattern matches: the reference tool matches patterns against absolute paths.
pub(crate) fn temporary() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("roll").tempdir().unwrap()
}

pub(crate) fn operation(second: i64, process: Process) -> Operation {
    Operation {
        started: at(second),
        host_name: "cart-1".to_owned(),
        tool: "checkgate".to_owned(),
        tool_version: "0.1.0".to_owned(),
        process,
        authors: Vec::new(),
        location: None,
        comment: None,
    }
}

pub(crate) fn record(name: &str, bytes: &[u8], formats: &[HashFormat]) -> FileRecord {
    let mut hasher = MultiHasher::new(formats);
    hasher.update(bytes);
    FileRecord {
        path: path(name),
        size_bytes: bytes.len() as u64,
        modified: Some(at(-1000)),
        hashes: hasher.finish(),
        hashed_at: at(1),
        previous_path: None,
    }
}

/// Everything below a folder: regular files with their bytes, and folders.
pub(crate) fn walk(root: &Path) -> (BTreeMap<RelPath, Vec<u8>>, Vec<RelPath>) {
    let (mut files, mut folders) = (BTreeMap::new(), Vec::new());
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let below = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if entry.file_type().unwrap().is_dir() {
                folders.push(path(&below));
                open.push(below);
            } else {
                files.insert(path(&below), fs::read(entry.path()).unwrap());
            }
        }
    }
    folders.sort();
    (files, folders)
}

pub(crate) fn listing(root: &Path) -> Listing {
    let (files, folders) = walk(root);
    let files = files.into_iter().map(|(path, bytes)| (path, (bytes.len() as u64, false)));
    files.chain(folders.into_iter().map(|path| (path, (0, true)))).collect()
}

/// Loads the history of `root` alone.
pub(crate) fn load_one(root: &Path) -> Result<History, HistoryError> {
    let folder = root.join(FOLDER);
    if !folder.exists() {
        return Ok(History::empty());
    }
    let files: Vec<HistoryFile> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| HistoryFile { name: entry.file_name().into_string().unwrap(), bytes: fs::read(entry.path()).unwrap() })
        .collect();
    History::load(fs::read(folder.join(CHAIN)).ok().as_deref(), &files)
}

/// Loads the history of `root` with all histories nested in it.
pub(crate) fn load(root: &Path) -> Result<History, HistoryError> {
    let mut history = load_one(root)?;
    for folder in walk(root).1 {
        if let (FOLDER, Some(child)) = (folder.file_name(), folder.parent()) {
            history.add_child(&child, load_one(&root.join(child.as_str()))?)?;
        }
    }
    Ok(history)
}

/// Hashes the tree in `formats` (and what the history needs) and writes the next generation.
pub(crate) fn seal(root: &Path, formats: &[HashFormat], second: i64) -> NewGeneration {
    seal_with(root, formats, &operation(second, Process::Transfer), &[])
}

pub(crate) fn seal_with(root: &Path, formats: &[HashFormat], operation: &Operation, ignore: &[String]) -> NewGeneration {
    let history = load(root).unwrap();
    let expected = history.expected();
    let (files, folders) = walk(root);
    let records: Vec<FileRecord> = files
        .iter()
        .map(|(path, bytes)| {
            let formats = expected.get(path).map_or_else(|| formats.to_vec(), |known| known.formats_to_hash(formats));
            record(path.as_str(), bytes, &formats)
        })
        .collect();
    let name = root.file_name().unwrap().to_str().unwrap();
    let generation = history.append_all(name, operation, &records, &folders, ignore).unwrap();
    write(root, &generation);
    generation
}

pub(crate) fn write(root: &Path, generation: &NewGeneration) {
    for child in &generation.children {
        write(root, child);
    }
    let folder = generation.folder.as_ref().map_or_else(|| root.to_owned(), |folder| root.join(folder.as_str())).join(FOLDER);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(&generation.manifest_name), &generation.manifest_xml).unwrap();
    fs::write(folder.join(CHAIN), &generation.chain_xml).unwrap();
}

/// Appends with everything at once.
pub(crate) trait Appending {
    fn append_all(
        &self,
        folder_name: &str,
        operation: &Operation,
        files: &[FileRecord],
        folders: &[RelPath],
        ignore: &[String],
    ) -> Result<NewGeneration, AppendError>;
}

impl Appending for History {
    fn append_all(
        &self,
        folder_name: &str,
        operation: &Operation,
        files: &[FileRecord],
        folders: &[RelPath],
        ignore: &[String],
    ) -> Result<NewGeneration, AppendError> {
        let folders: Vec<FolderRecord> = folders.iter().cloned().map(FolderRecord::from).collect();
        self.append(&Append { ignore, ..Append::whole(folder_name, operation, files, &folders) })
    }
}

/// Whether a tool can be run at all.
fn runs(tool: &str, argument: &str) -> bool {
    Command::new(tool).arg(argument).output().is_ok_and(|output| output.status.success())
}

/// Judges every manifest and chain below `root` by the schema.
pub(crate) fn assert_schema_valid(root: &Path) {
    let Some(schemas) = samples("mhl/xsd") else { return };
    if !runs("xmllint", "--version") {
        eprintln!("SKIPPED: xmllint missing");
        return;
    }
    let mut judged = 0;
    for (file, _) in walk(root).0 {
        if file.parent().is_none_or(|folder| folder.file_name() != FOLDER) {
            continue;
        }
        let schema = if file.file_name() == CHAIN { "ASCMHLDirectory__combined.xsd" } else { "ASCMHL.xsd" };
        let output = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .arg(schemas.join(schema))
            .arg(root.join(file.as_str()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        judged += 1;
    }
    assert!(judged > 0, "nothing was judged below {}", root.display());
}

/// The reference tool, if it is installed.
pub(crate) struct Reference(PathBuf);

pub(crate) fn reference() -> Option<Reference> {
    let main = std::env::var_os("CHECKGATE_ASCMHL").map_or_else(|| project().join(".venv/bin/ascmhl"), PathBuf::from);
    if main.exists() {
        return Some(Reference(main));
    }
    eprintln!("SKIPPED: reference tool missing ({})", main.display());
    None
}

impl Reference {
    /// Runs `ascmhl` (or `ascmhl-debug` for `verify`) without network where the system allows it, and gives the exit code.
    pub(crate) fn run(&self, arguments: &[&str], root: &Path) -> (i32, String) {
        let tool = match arguments.first() {
            Some(&"verify") => self.0.with_file_name("ascmhl-debug"),
            _ => self.0.clone(),
        };
        let mut command = if Command::new("unshare").args(["-n", "true"]).status().is_ok_and(|status| status.success()) {
            let mut command = Command::new("unshare");
            command.arg("-n").arg(tool);
            command
        } else {
            Command::new(tool)
        };
        let output = command
            .arg(arguments[0])
            .arg(root)
            .args(&arguments[1..])
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(std::env::temp_dir())
            .output()
            .unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), text)
    }

    pub(crate) fn assert(&self, arguments: &[&str], root: &Path, code: i32) {
        let (found, text) = self.run(arguments, root);
        assert_eq!(found, code, "{arguments:?} said:\n{text}");
    }
}

/// A tree that names, sizes and depths make hard; the same for the same seed.
pub(crate) fn forge(root: &Path, seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let names =
        ["Clips", "A003C001", "Köln", " blank ", "a&b<c>", "it's \"q\"", "日本語", "😀", "#a", "!b", "-v", "dot.", "x;y", "Ünï"];
    let mut folders = vec![String::new()];
    for _ in 0..12 {
        let above = folders[next(folders.len() as u64) as usize].clone();
        let name = names[next(names.len() as u64) as usize];
        let folder = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
        fs::create_dir_all(root.join(&folder)).unwrap();
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    for number in 0..30u64 {
        let folder = &folders[next(folders.len() as u64) as usize];
        let name = format!("{}_{number}.mov", names[next(names.len() as u64) as usize]);
        let size = [0, 1, 5, 240, 241, 4096, 70_000][next(7) as usize];
        // Every third file repeats another's content.
        let fill = if number % 3 == 0 { 7 } else { number as u8 };
        fs::write(root.join(folder).join(name), vec![fill; size]).unwrap();
    }
    fs::write(root.join(".DS_Store"), b"finder").unwrap();
    fs::write(root.join("._hidden"), b"apple").unwrap();
}

/// Paths below `root` that the patterns leave.
pub(crate) fn counted(root: &Path, patterns: &[String]) -> Vec<RelPath> {
    let ignore = IgnoreSet::new(patterns);
    walk(root).0.into_keys().filter(|path| !ignore.is_ignored(path, false)).collect()
}
