//! Hashes a folder and appends a generation to its ASC MHL history: `seal_folder FOLDER`. Nested histories are left out.
#![allow(clippy::print_stdout, reason = "an example prints")]
#![allow(clippy::disallowed_methods, reason = "an example stands alone, without the crates that publish and tell the time")]

use checkgate_mhl::{
    Append, CHAIN, FOLDER, FileRecord, FolderRecord, History, HistoryFile, IgnoreSet, MultiHasher, Operation, Process,
};
use checkgate_model::{HashFormat, RelPath, Timestamp};
use std::error::Error;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).ok_or("usage: seal_folder FOLDER")?;
    let root = fs::canonicalize(argument)?;
    let name = root.file_name().and_then(|name| name.to_str()).ok_or("the folder has no name")?;

    let history = load(&root)?;
    let expected = history.expected();
    let operation = Operation {
        started: Timestamp::now(),
        host_name: "example".to_owned(),
        tool: "seal_folder".to_owned(),
        tool_version: "1".to_owned(),
        process: Process::InPlace,
        authors: Vec::new(),
        location: None,
        comment: None,
    };

    // What the patterns ignore is neither read nor listed.
    let ignore = IgnoreSet::new(&history.ignore_patterns());
    let (mut records, mut folders, mut open) = (Vec::new(), Vec::new(), vec![None]);
    while let Some(folder) = open.pop() {
        let at = folder.as_ref().map_or_else(|| root.clone(), |folder: &RelPath| root.join(folder.as_str()));
        for entry in fs::read_dir(at)? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|name| format!("{name:?} is not UTF-8"))?;
            let path = folder.as_ref().map_or_else(|| RelPath::new(&name), |folder: &RelPath| folder.join(&name))?;
            let kind = entry.file_type()?;
            if ignore.is_ignored(&path, kind.is_dir()) {
                continue;
            }
            if kind.is_dir() {
                folders.push(FolderRecord::from(path.clone()));
                open.push(Some(path));
            } else if kind.is_file() {
                // A file that is known is hashed in a format that can be compared, whatever is asked for.
                let wanted = [HashFormat::Xxh64];
                let formats = expected.get(&path).map_or_else(|| wanted.to_vec(), |known| known.formats_to_hash(&wanted));
                records.push(hash(&root, path, &formats)?);
            } else {
                println!("left out: {path} is neither file nor folder");
            }
        }
    }

    let generation = history.append(&Append::whole(name, &operation, &records, &folders))?;

    // The manifest first, the chain last: after a crash in between, the old chain still holds.
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    publish(&folder, &generation.manifest_name, &generation.manifest_xml)?;
    publish(&folder, CHAIN, &generation.chain_xml)?;
    println!("wrote {}", generation.manifest_name);
    for path in &generation.failed {
        println!("differs from what is recorded: {path}");
    }
    for path in &generation.missing {
        println!("missing: {path}");
    }
    Ok(())
}

fn load(root: &Path) -> Result<History, Box<dyn Error>> {
    let folder = root.join(FOLDER);
    if !folder.exists() {
        return Ok(History::empty());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            files.push(HistoryFile { name, bytes: fs::read(entry.path())? });
        }
    }
    let chain = files.iter().find(|file| file.name == CHAIN).map(|file| file.bytes.clone());
    Ok(History::load(chain.as_deref(), &files)?)
}

/// Reads the file once, in every format at once.
fn hash(root: &Path, path: RelPath, formats: &[HashFormat]) -> Result<FileRecord, Box<dyn Error>> {
    let mut file = File::open(root.join(path.as_str()))?;
    let modified = file.metadata()?.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    let mut hasher = MultiHasher::new(formats);
    let (mut size_bytes, mut buffer) = (0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        size_bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
    let hashes = hasher.finish();
    Ok(FileRecord { path, size_bytes, modified, hashes, hashed_at: Timestamp::now(), previous_path: None })
}

/// Never leaves half a file under its name.
fn publish(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = folder.join(format!(".{name}.tmp"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, folder.join(name))?;
    File::open(folder)?.sync_all()
}
