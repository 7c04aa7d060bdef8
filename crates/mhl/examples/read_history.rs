//! Loads the ASC MHL history of a folder and says what it expects there: `read_history FOLDER`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use checkgate_mhl::{CHAIN, FOLDER, History, HistoryFile, fastest};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: read_history FOLDER")?);

    // The crate takes bytes: whoever calls it reads `ascmhl/`. Names that are not UTF-8 are no manifests.
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER))? {
        let entry = entry?;
        if let (Ok(name), true) = (entry.file_name().into_string(), entry.file_type()?.is_file()) {
            files.push(HistoryFile { name, bytes: fs::read(entry.path())? });
        }
    }
    let chain = files.iter().find(|file| file.name == CHAIN).map(|file| file.bytes.clone());

    // Nothing of a history is believed whose chain does not hold.
    let history = History::load(chain.as_deref(), &files)?;
    for warning in history.warnings() {
        println!("note: {warning}");
    }
    for generation in history.generations() {
        let creator = &generation.manifest.creator;
        println!(
            "generation {}: {} by {} on {}",
            generation.number, generation.manifest.process, creator.tool, creator.host_name
        );
    }

    // Every path ever recorded must be there; a hash that failed once is never a reference.
    for (path, expected) in history.expected().iter() {
        match fastest(&expected.trusted) {
            _ if expected.is_dir => println!("{path}/"),
            Some(hash) => println!("{path}  {hash}"),
            None => println!("{path}  no hash to compare with"),
        }
    }
    Ok(())
}
