//! Owns the question "has somebody finished putting this folder here?". Pure: times and observations come as arguments, so
//! tests need no waiting. A folder is ready once its tree has files and has not changed for the settle time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What a tree looked like; any copy in progress changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TreeMark {
    pub(crate) files: u64,
    pub(crate) size_bytes: u64,
    /// Sum over the times of modification: catches a file written in place.
    pub(crate) times: u64,
}

#[derive(Debug)]
enum State {
    /// There since before watching began, or already announced.
    Known { announced: bool },
    /// Still being filled.
    Filling { mark: TreeMark, since: Instant },
}

/// Folders below one watched folder.
#[derive(Debug)]
pub(crate) struct Settling {
    settle: Duration,
    folders: BTreeMap<PathBuf, State>,
}

/// What to tell the listener.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Appeared(PathBuf),
    Gone(PathBuf),
}

impl Settling {
    /// `present` are the folders that are there already; they are not announced.
    pub(crate) fn new(settle: Duration, present: impl IntoIterator<Item = PathBuf>) -> Self {
        let folders = present.into_iter().map(|path| (path, State::Known { announced: true })).collect();
        Self { settle, folders }
    }

    /// Takes the folders that are there at `now`; `mark` is asked only for those that are not known yet.
    pub(crate) fn observe(
        &mut self,
        now: Instant,
        present: &[PathBuf],
        mark: &mut dyn FnMut(&PathBuf) -> TreeMark,
    ) -> Vec<Settled> {
        let mut told = Vec::new();
        self.folders.retain(|path, state| {
            let stays = present.contains(path);
            if !stays && matches!(state, State::Known { announced: true }) {
                told.push(Settled::Gone(path.clone()));
            }
            stays
        });
        for path in present {
            let seen = match self.folders.get(path) {
                Some(State::Known { .. }) => continue,
                Some(State::Filling { mark, since }) => Some((*mark, *since)),
                None => None,
            };
            let found = mark(path);
            let state = match seen {
                Some((mark, since))
                    if mark == found && found.files > 0 && now.saturating_duration_since(since) >= self.settle =>
                {
                    told.push(Settled::Appeared(path.clone()));
                    State::Known { announced: true }
                }
                Some((mark, since)) if mark == found => State::Filling { mark, since },
                _ => State::Filling { mark: found, since: now },
            };
            self.folders.insert(path.clone(), state);
        }
        told
    }

    /// Whether a folder is waited for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.folders.values().any(|state| matches!(state, State::Filling { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_only_when_its_tree_is_quiet_and_not_empty() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let card = PathBuf::from("/in/A003");
        let present = std::slice::from_ref(&card);
        let mut settling = Settling::new(Duration::from_secs(1), []);
        let mark = |files| TreeMark { files, size_bytes: files * 10, times: 0 };
        assert!(settling.observe(at(0), present, &mut |_| mark(0)).is_empty());
        assert!(settling.observe(at(5000), present, &mut |_| mark(0)).is_empty(), "an empty folder is no card");
        assert!(settling.observe(at(5100), present, &mut |_| mark(1)).is_empty());
        assert!(settling.observe(at(6000), present, &mut |_| mark(2)).is_empty(), "still growing");
        assert!(settling.observe(at(6900), present, &mut |_| mark(2)).is_empty(), "not quiet for long enough");
        assert!(settling.is_waiting());
        assert_eq!(settling.observe(at(7000), present, &mut |_| mark(2)), [Settled::Appeared(card.clone())]);
        assert!(!settling.is_waiting());
        assert!(settling.observe(at(9000), present, &mut |_| panic!("a known folder is not walked again")).is_empty());
        assert_eq!(settling.observe(at(9100), &[], &mut |_| mark(0)), [Settled::Gone(card)]);
    }

    #[test]
    fn what_was_there_before_is_not_announced() {
        let old = PathBuf::from("/in/old");
        let mut settling = Settling::new(Duration::ZERO, [old.clone()]);
        assert!(settling.observe(Instant::now(), std::slice::from_ref(&old), &mut |_| TreeMark::default()).is_empty());
    }
}
