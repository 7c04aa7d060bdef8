//! The schema's own judge: xmllint, many files a call.

use crate::support::samples;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// File names of the schemas among the samples; that of chains is the one that needs no network.
pub(crate) const MANIFEST: &str = "ASCMHL.xsd";
pub(crate) const CHAIN: &str = "ASCMHLDirectory__combined.xsd";
pub(crate) const LEGACY: &str = "MediaHashList_v1_1.xsd";

/// Whether each document is valid, and what was said of those that are not; `None` with a word on stderr where it cannot be asked.
pub(crate) fn judge(schema: &str, documents: &[Vec<u8>]) -> Option<Vec<Result<(), String>>> {
    let schema = samples("mhl/xsd")?.join(schema);
    if !Command::new("xmllint").arg("--version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: xmllint missing");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut verdicts = Vec::with_capacity(documents.len());
    for (batch, documents) in documents.chunks(200).enumerate() {
        let names: Vec<String> = (0..documents.len()).map(|number| format!("{batch}-{number}.xml")).collect();
        for (name, document) in names.iter().zip(documents) {
            std::fs::write(folder.path().join(name), document).unwrap();
        }
        verdicts.extend(judge_files(&schema, folder.path(), &names));
    }
    Some(verdicts)
}

fn judge_files(schema: &Path, folder: &Path, names: &[String]) -> Vec<Result<(), String>> {
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .args(names.iter().map(PathBuf::from))
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let mut words: HashMap<&str, String> = HashMap::new();
    let mut valid: HashMap<&str, bool> = HashMap::new();
    let mut last = "";
    for line in said.lines() {
        if let Some(name) = line.strip_suffix(" validates") {
            valid.insert(name, true);
        } else if let Some(name) = line.strip_suffix(" fails to validate") {
            valid.insert(name, false);
        } else if let Some((name, rest)) = line.split_once(':').filter(|(name, _)| name.ends_with(".xml")) {
            last = name;
            words.entry(name).or_default().push_str(rest);
        } else {
            // The message quotes a text of several lines.
            words.entry(last).or_default().push_str(line);
        }
    }
    names
        .iter()
        .map(|name| {
            let words = words.remove(name.as_str()).unwrap_or_default();
            // A file that is not well-formed gets no verdict; one that breaks the rules of namespaces gets one all the same.
            // An odd URI breaks none.
            let bound = !words.contains("namespace error") || words.contains("is not a valid URI");
            let fits = valid.get(name.as_str()) == Some(&true) && bound;
            if fits { Ok(()) } else { Err(words) }
        })
        .collect()
}
