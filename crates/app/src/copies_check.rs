//! Owns the second look at copies after they were proven: that they are still there with the sizes that were proven, and what a later
//! verification of their folder found. A drive that is not connected is no reason for doubt; a copy that is gone from its drive is. A
//! doubt is lifted by a whole verification only.

use crate::verdict::newest_copies;
use crate::{App, clock, state_problem};
use checkgate_catalog::{CopyFileRow, CopyPlace, CopyRow};
use checkgate_contract::VerificationView;
use checkgate_model::{ErrorCode, Problem, RelPath};
use checkgate_volume::{Source, volume_of};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a copy lies, for later.
pub(crate) fn place_of(root: &Path) -> Option<CopyPlace> {
    let volume = volume_of(root).ok()?;
    let media = match (volume.network, volume.rotational) {
        (true, _) => Some("share"),
        (false, Some(true)) => Some("disk"),
        (false, Some(false)) => Some("solid state"),
        (false, None) => None,
    };
    Some(CopyPlace { volume: volume.id.to_string(), media: media.map(str::to_owned) })
}

impl App {
    /// Looks whether the sealed copies of a card are still there, file by file with their sizes, and takes the verdict back where one
    /// is not. Reads no content.
    pub async fn check_copies(&self, card: &str) -> Result<(), Problem> {
        let places = self.catalog().copy_places(card).await.map_err(state_problem)?;
        let doubts = self.catalog().copy_doubts(card).await.map_err(state_problem)?;
        let mut found = false;
        for copy in newest_copies(self.catalog().copies_of_card(card).await.map_err(state_problem)?) {
            if copy.state != "sealed" || doubts.contains_key(&copy.id) {
                continue;
            }
            let files = self.catalog().files_of_copy(&copy.id).await.map_err(state_problem)?;
            let (root, volume) = (PathBuf::from(&copy.root), places.get(&copy.id).map(|place| place.volume.clone()));
            let manifest = copy.manifest.clone();
            let looked = tokio::task::spawn_blocking(move || look(&root, volume.as_deref(), &files, manifest.as_deref()))
                .await
                .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
            if let Some(words) = looked {
                self.doubt(&copy, Some(&words)).await?;
                found = true;
            }
        }
        if found {
            self.announce();
        }
        self.refresh_verdict(card).await;
        Ok(())
    }

    /// The same for every card that has a copy and may be called safe; for the window, which stays open.
    pub(crate) async fn check_all_copies(&self) -> Result<(), Problem> {
        for card in self.catalog().cards(200).await.map_err(state_problem)? {
            if card.safe_since.is_some() {
                self.check_copies(&card.id).await?;
            }
        }
        Ok(())
    }

    /// Remembers what a verification found about copies in its folder. What differs counts against a copy; a whole verification lifts
    /// an earlier doubt.
    pub async fn note_verification(&self, folder: &Path, view: &VerificationView) -> Result<(), Problem> {
        if !matches!(view.state.as_str(), "whole" | "differences") {
            return Ok(());
        }
        let Ok(folder) = checkgate_volume::place::canonical(folder) else { return Ok(()) };
        for card in self.catalog().cards(1000).await.map_err(state_problem)? {
            let mut changed = false;
            let doubts = self.catalog().copy_doubts(&card.id).await.map_err(state_problem)?;
            for copy in newest_copies(self.catalog().copies_of_card(&card.id).await.map_err(state_problem)?) {
                let root = Path::new(&copy.root);
                let about = root.starts_with(&folder) || folder.starts_with(root);
                if !about || copy.state != "sealed" {
                    continue;
                }
                let below =
                    root.strip_prefix(&folder).map_or_else(|_| String::new(), |below| below.to_string_lossy().into_owned());
                let words = found_in(view, &below);
                let lifts =
                    words.is_none() && view.state == "whole" && root.starts_with(&folder) && doubts.contains_key(&copy.id);
                if words.is_some() || lifts {
                    self.doubt(&copy, words.as_deref()).await?;
                    changed = true;
                }
            }
            if changed {
                self.refresh_verdict(&card.id).await;
                self.announce();
            }
        }
        Ok(())
    }

    async fn doubt(&self, copy: &CopyRow, words: Option<&str>) -> Result<(), Problem> {
        let at = clock::now();
        self.catalog().set_copy_doubt(&copy.id, words, at).await.map_err(state_problem)?;
        let line = match words {
            Some(words) => format!("{}: {words}; the copy no longer counts", copy.label),
            None => format!("{}: verified whole; the copy counts again", copy.label),
        };
        self.catalog().log(&copy.card, at, &line).await.map_err(state_problem)
    }
}

/// What a verification says against what lies in `below` its folder; the whole folder where that is empty.
fn found_in(view: &VerificationView, below: &str) -> Option<String> {
    let inside = |path: &&String| below.is_empty() || path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'));
    let count = |paths: &[String]| paths.iter().filter(inside).count();
    let kinds = [
        (count(&view.missing), "missing"),
        (count(&view.mismatched), "mismatching"),
        (count(&view.unreadable), "unreadable"),
        (view.damaged.len(), "damaged manifest"),
    ];
    let said: Vec<String> = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    (!said.is_empty()).then(|| format!("a later verification found {}", said.join(", ")))
}

/// Why a copy is no longer what was proven; `None` while it is, or while its drive is not connected.
fn look(root: &Path, volume: Option<&str>, files: &[CopyFileRow], manifest: Option<&str>) -> Option<String> {
    let connected = || match volume {
        Some(volume) => volume_of(root).is_ok_and(|now| now.id.to_string() == volume),
        // An older state does not know the volume: only a folder that is there can be looked at.
        None => root.is_dir(),
    };
    if !connected() {
        return None;
    }
    if !root.is_dir() {
        return connected().then(|| "the copy was removed from its drive".to_owned());
    }
    let listing = Source::open(root).map(|source| source.walk());
    let Ok(Ok(listing)) = listing else {
        return connected().then(|| "the copy can no longer be listed".to_owned());
    };
    let there: BTreeMap<&RelPath, u64> = listing.files.iter().map(|file| (&file.path, file.size_bytes)).collect();
    let gone = files.iter().filter(|file| !there.contains_key(&file.path)).count();
    let changed = files.iter().filter(|file| there.get(&file.path).is_some_and(|size| *size != file.size_bytes)).count();
    let manifest_gone = manifest.and_then(|path| RelPath::new(path).ok()).is_some_and(|path| !there.contains_key(&path));
    let kinds =
        [(gone, "file(s) are gone"), (changed, "file(s) have another size"), (usize::from(manifest_gone), "manifest is gone")];
    let said: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    (!said.is_empty() && connected()).then(|| said.join(", "))
}
