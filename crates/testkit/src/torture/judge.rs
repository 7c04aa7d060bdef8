//! Owns the judgement of a copy: what must hold at any moment, and what must hold at the end. It reads files itself and asks nobody
//! who may be wrong.

use super::{Checkgate, MixedCard, TortureError};
use crate::ascmhl::Reference;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Whether a path leads to or below something that is only there while something is written, or to a bad copy that was set aside.
#[must_use]
pub fn is_working_name(path: &str) -> bool {
    path.split('/').any(|name| name.starts_with('.') && name.contains(".checkgate-"))
}

/// Every file below `root` by its path, with its bytes or why it cannot be read; folders end in `/`. The history is left out.
#[must_use]
pub fn media(root: &Path) -> BTreeMap<String, Result<Vec<u8>, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if name == "ascmhl" || name == "lost+found" {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
                found.insert(format!("{name}/"), Ok(Vec::new()));
            } else {
                found.insert(name, std::fs::read(&path).map_err(|error| error.to_string()));
            }
        }
    }
    found
}

/// Manifests in the history of a copy.
#[must_use]
pub fn manifests(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root.join("ascmhl")) else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension() == Some("mhl".as_ref())).collect();
    found.sort();
    found
}

/// Compares copies with the card they are of.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The card.
    pub card: &'a MixedCard,
    /// The program, to be asked what it believes.
    pub checkgate: &'a Checkgate,
    /// The judge of manifests.
    pub reference: Option<&'a Reference>,
}

impl Judge<'_> {
    /// What must hold whenever the program was cut short: nothing under the name of media is partial or wrong.
    #[must_use]
    pub fn nothing_half(&self, copy: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, bytes) in media(copy) {
            if name.ends_with('/') || is_working_name(&name) {
                continue;
            }
            match (self.card.content.get(&name), bytes) {
                (None, _) => wrong.push(format!("{name} is no file of the card")),
                (Some(wanted), Ok(bytes)) if *wanted == bytes => {}
                (Some(wanted), Ok(bytes)) => wrong.push(format!(
                    "{name} has its final name, {} of {} bytes, and is not what the card holds",
                    bytes.len(),
                    wanted.len()
                )),
                (Some(_), Err(error)) => wrong.push(format!("{name}: {error}")),
            }
        }
        wrong
    }

    /// What the program believes of its copies must be true: a copy with evidence is whole, and so is its manifest.
    pub fn nothing_believed_wrongly(&self) -> Result<Vec<String>, TortureError> {
        let answer = self.checkgate.run(&["card", "--json", &self.card.reel])?;
        if answer.at("/code") == "not_found" {
            return Ok(Vec::new());
        }
        let Some(copies) = answer.at("/card/copies").as_array() else {
            return Ok(vec![format!("`checkgate card` cannot tell: {}", answer.said())]);
        };
        let mut wrong = Vec::new();
        for copy in copies {
            let root = PathBuf::from(copy["path"].as_str().unwrap_or_default());
            if !copy["evidence"].is_null() || copy["state"] == "sealed" {
                wrong.extend(self.whole(&root).into_iter().map(|words| format!("called {}: {words}", copy["evidence"])));
                if manifests(&root).is_empty() {
                    wrong.push(format!("called sealed without a manifest: {}", root.display()));
                }
            }
        }
        Ok(wrong)
    }

    /// Byte for byte the card, nothing more, nothing less.
    #[must_use]
    pub fn whole(&self, copy: &Path) -> Vec<String> {
        let found = media(copy);
        let mut wrong = self.nothing_half(copy);
        for name in self.card.content.keys() {
            if !found.contains_key(name) {
                wrong.push(format!("{name} is missing in {}", copy.display()));
            }
        }
        for name in found.keys().filter(|name| is_working_name(name)) {
            wrong.push(format!("{name} was left behind in {}", copy.display()));
        }
        wrong
    }

    /// One manifest, which holds.
    pub fn sealed(&self, copy: &Path, by_reference: bool) -> Result<Vec<String>, TortureError> {
        let mut wrong = Vec::new();
        let count = manifests(copy).len();
        if count != 1 {
            wrong.push(format!("{count} manifests in {}", copy.display()));
        }
        if let Ok(entries) = std::fs::read_dir(copy.join("ascmhl")) {
            for name in entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())) {
                if name != "ascmhl_chain.xml" && !name.ends_with(".mhl") {
                    wrong.push(format!("{name} was left behind in the history of {}", copy.display()));
                }
            }
        }
        let text = copy.to_string_lossy();
        let answer = self.checkgate.run(&["mhl", "verify", &text])?;
        if answer.code != 0 {
            wrong.push(format!("`checkgate mhl verify` says {}", answer.said()));
        }
        if let Some(reference) = self.reference.filter(|_| by_reference) {
            let ended = reference
                .run_debug(&["verify", &text])
                .map_err(|source| TortureError::Program { path: "ascmhl-debug".into(), source })?;
            if !ended.status.success() {
                wrong.push(format!("the reference refuses {text}: {}", String::from_utf8_lossy(&ended.stderr)));
            }
        }
        Ok(wrong)
    }
}
