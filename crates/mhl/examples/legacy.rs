//! Checks the files of a legacy MHL list and writes a new list of those that hold: `legacy LIST`. The new one is printed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]
#![allow(clippy::disallowed_methods, reason = "an example stands alone, without the crate that tells the time")]

use checkgate_mhl::{
    DocumentKind, LEGACY_FORMATS, LegacyCheck, LegacyHash, LegacyHasher, LegacyList, MultiHasher, NewLegacyFile, NewLegacyList,
    check_schema, legacy_name,
};
use checkgate_model::Timestamp;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let file = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: legacy LIST")?);
    let folder = file.parent().ok_or("the list lies nowhere")?;
    let started = Timestamp::now();

    // Reading takes any encoding and dialect; whether the list follows its schema is another question.
    let bytes = fs::read(&file)?;
    let list = LegacyList::parse(&bytes)?;
    for violation in check_schema(&bytes, DocumentKind::Legacy).err().unwrap_or_default() {
        eprintln!("note: {violation}");
    }
    for refused in &list.refused {
        eprintln!("cannot be placed: {refused}");
    }

    let mut files = Vec::new();
    for entry in &list.entries {
        // An example may read a file whole; `LegacyHasher` takes it in pieces of any size.
        let path = folder.join(entry.path.as_str());
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("{}: {error}", entry.path);
                continue;
            }
        };
        let mut check = LegacyHasher::new(entry);
        check.update(&bytes);
        let found = check.finish();
        eprintln!("{}: {found:?}", entry.path);
        if matches!(found, LegacyCheck::Verified | LegacyCheck::SizeOnly) {
            let mut hasher = MultiHasher::new(&LEGACY_FORMATS[..1]);
            hasher.update(&bytes);
            files.push(NewLegacyFile {
                path: entry.path.clone(),
                size_bytes: bytes.len() as u64,
                created: None,
                modified: Timestamp::try_from(fs::metadata(&path)?.modified()?)?,
                hashes: hasher.finish().into_iter().map(LegacyHash::from).collect(),
                hashed_at: Timestamp::now(),
                is_list: entry.is_list,
            });
        }
    }

    let new = NewLegacyList {
        created: None,
        name: None,
        user_name: "example".to_owned(),
        host_name: "example".to_owned(),
        tool: "legacy example 1".to_owned(),
        started,
        finished: Timestamp::now(),
        files,
    };
    let xml = new.to_xml()?;
    eprintln!("this is {}:", legacy_name("example", started));
    print!("{}", String::from_utf8(xml)?);
    Ok(())
}
