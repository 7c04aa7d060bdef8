//! Owns finding the ASC MHL histories of a package and what they expect, all of them together.

use super::StageError;
use crate::keys::PackageKeys;
use crate::objects::Objects;
use crate::package::Plan;
use checkgate_mhl::{CHAIN, ExpectedFile, FOLDER, History, HistoryFile};
use checkgate_model::{Finding, RelPath, Severity};
use std::collections::BTreeMap;

/// Largest manifest read; one of a million frames has about 400 MB.
const MAX_MANIFEST_BYTES: u64 = 1 << 30;

/// A history with the folder it speaks for; `None` is the package's root.
pub(super) type Histories = BTreeMap<Option<RelPath>, History>;

fn below(root: Option<&RelPath>, path: &RelPath) -> Option<RelPath> {
    match root {
        None => Some(path.clone()),
        Some(root) if path.is_under(root) && path != root => RelPath::new(&path.as_str()[root.as_str().len() + 1..]).ok(),
        Some(_) => None,
    }
}

pub(super) fn above(root: Option<&RelPath>, path: &RelPath) -> RelPath {
    // A path below a root joined to it again is as legal as both were; if it became too long, it stays as it is.
    root.and_then(|root| root.join(path.as_str()).ok()).unwrap_or_else(|| path.clone())
}

/// The folder whose history a file belongs to, if it lies directly in an `ascmhl` folder.
pub(super) fn history_root(path: &RelPath) -> Option<Option<RelPath>> {
    let folder = path.parent()?;
    (folder.file_name() == FOLDER).then(|| folder.parent())
}

/// Loads every history; those nested in another become part of it. A history that cannot be trusted is a finding.
pub(super) async fn load(objects: &Objects, keys: &PackageKeys, plan: &Plan) -> Result<(Histories, Vec<Finding>), StageError> {
    let mut folders: BTreeMap<Option<RelPath>, Vec<HistoryFile>> = BTreeMap::new();
    for file in &plan.files {
        let Some(root) = history_root(&file.key) else { continue };
        if file.size_bytes > MAX_MANIFEST_BYTES {
            continue;
        }
        // A file that is not there is noticed by the comparison itself.
        let Some(bytes) = objects.get(&keys.media(&file.key), MAX_MANIFEST_BYTES).await? else { continue };
        folders.entry(root).or_default().push(HistoryFile { name: file.key.file_name().to_owned(), bytes: bytes.to_vec() });
    }
    let mut findings = Vec::new();
    let mut loaded: Vec<(Option<RelPath>, History)> = Vec::new();
    for (root, files) in folders {
        let chain = files.iter().find(|file| file.name == CHAIN).map(|file| file.bytes.clone());
        match History::load(chain.as_deref(), &files) {
            Ok(history) => loaded.push((root, history)),
            Err(error) => findings.push(damaged(root.as_ref(), &error)),
        }
    }
    // The shortest root first: `None`, then outer folders before inner ones.
    loaded.sort_by_key(|(root, _)| root.as_ref().map_or(0, |root| root.as_str().len() + 1));
    let mut histories = Histories::new();
    for (root, history) in loaded {
        let outer = histories.iter_mut().find_map(|(outer, known)| {
            let inside = root.as_ref().and_then(|root| below(outer.as_ref(), root))?;
            Some((known, inside))
        });
        match outer {
            Some((known, inside)) => {
                if let Err(error) = known.add_child(&inside, history) {
                    findings.push(damaged(root.as_ref(), &error));
                }
            }
            None => {
                histories.insert(root, history);
            }
        }
    }
    Ok((histories, findings))
}

fn damaged(root: Option<&RelPath>, error: &(dyn std::error::Error + 'static)) -> Finding {
    let shown = root.map_or_else(|| "the package".to_owned(), ToString::to_string);
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Finding::new(
        "cloud.history_damaged",
        Severity::Error,
        format!("the ASC MHL history of {shown} cannot be trusted: {error}{cause}"),
        "Compare the history on the copies with each other, and upload from one whose history is whole.",
    )
}

/// Everything the package must hold.
pub(super) fn expected(histories: &Histories) -> BTreeMap<RelPath, ExpectedFile> {
    let mut all = BTreeMap::new();
    for (root, history) in histories {
        all.extend(history.expected().into_owned().into_iter().map(|(path, file)| (above(root.as_ref(), &path), file)));
    }
    all
}

/// The part of a listing that one history speaks for, with the paths it uses.
pub(super) fn listing_below(root: Option<&RelPath>, sizes: &BTreeMap<RelPath, u64>) -> checkgate_mhl::Listing {
    sizes.iter().filter_map(|(path, size)| below(root, path).map(|path| (path, (*size, false)))).collect()
}
