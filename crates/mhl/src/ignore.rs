//! Owns ignore patterns: git's rules, anchored to the scope of the history (spec appendix C). Patterns meet relative paths only;
//! a name above the root can never make anything ignored. Never drops a pattern from what is recorded.

use ::ignore::gitignore::{Gitignore, GitignoreBuilder};
use checkgate_model::RelPath;

/// Patterns every history begins with.
pub const DEFAULT_PATTERNS: [&str; 3] = [".DS_Store", "ascmhl", "ascmhl/"];

/// A set of patterns, ready to ask.
#[derive(Debug, Clone)]
pub struct IgnoreSet {
    matcher: Gitignore,
    patterns: Vec<String>,
    unreadable: Vec<String>,
}

impl IgnoreSet {
    /// From pattern lines; later ones overrule earlier ones. A line that is no pattern matches nothing and is listed by
    /// [`unreadable`](Self::unreadable).
    #[must_use]
    pub fn new(patterns: &[String]) -> Self {
        // "." keeps the matcher from cutting anything off the relative paths it is asked about.
        let mut builder = GitignoreBuilder::new(".");
        let mut unreadable = Vec::new();
        for pattern in patterns {
            if builder.add_line(None, pattern).is_err() {
                unreadable.push(pattern.clone());
            }
        }
        let matcher = builder.build().unwrap_or_else(|_| {
            unreadable = patterns.to_vec();
            Gitignore::empty()
        });
        Self { matcher, patterns: patterns.to_vec(), unreadable }
    }

    /// Whether `path` is ignored. As in git, nothing below an ignored folder can be brought back.
    #[must_use]
    pub fn is_ignored(&self, path: &RelPath, is_dir: bool) -> bool {
        if self.matcher.is_empty() {
            return false;
        }
        let text = path.as_str();
        let above = text.match_indices('/').any(|(slash, _)| self.matcher.matched(&text[..slash], true).is_ignore());
        above || self.matcher.matched(text, is_dir).is_ignore()
    }

    /// The patterns as given.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Lines that are no patterns.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }
}

/// Inherited patterns, the defaults where they are not among them, then new ones: the list only grows, keeps its order and has no line twice (guideline).
/// Empty lines are dropped: the reference tool cannot read a history that contains one.
#[must_use]
pub fn grown(inherited: &[String], extra: &[String]) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    let defaults: Vec<String> = DEFAULT_PATTERNS.iter().map(ToString::to_string).collect();
    for pattern in inherited.iter().chain(&defaults).chain(extra) {
        let pattern = pattern.trim_end_matches(['\n', '\r']);
        if !pattern.is_empty() && !patterns.iter().any(|known| known == pattern) {
            patterns.push(pattern.to_owned());
        }
    }
    patterns
}

/// The patterns of `extra` that a child history at `child` takes over: those without a slash as they are, those anchored below
/// `child` rewritten to its own root. The second list is what the parent keeps.
#[must_use]
pub(crate) fn distributed(extra: &[String], child: &RelPath) -> (Vec<String>, Vec<String>) {
    let mut for_child = Vec::new();
    let mut for_parent = Vec::new();
    for pattern in extra {
        let (bang, body) = pattern.strip_prefix('!').map_or(("", pattern.as_str()), |body| ("!", body));
        let anchored = body.strip_suffix('/').unwrap_or(body).contains('/');
        let below = body.strip_prefix('/').unwrap_or(body).strip_prefix(child.as_str()).and_then(|rest| rest.strip_prefix('/'));
        match below {
            _ if !anchored => {
                for_child.push(pattern.clone());
                for_parent.push(pattern.clone());
            }
            Some(rest) if !rest.is_empty() => for_child.push(format!("{bang}/{rest}")),
            _ => for_parent.push(pattern.clone()),
        }
    }
    (for_child, for_parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(patterns: &[&str]) -> IgnoreSet {
        IgnoreSet::new(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn path(text: &str) -> RelPath {
        RelPath::new(text).expect("a path")
    }

    #[test]
    fn defaults_spare_everything_but_history_and_finder_files() {
        let set = set(&DEFAULT_PATTERNS);
        assert!(set.is_ignored(&path("A/.DS_Store"), false));
        assert!(set.is_ignored(&path("A/ascmhl/0001.mhl"), false));
        for kept in ["._A", "Thumbs.db", ".hidden", "A/ascmhl2", "a.mov"] {
            assert!(!set.is_ignored(&path(kept), false), "{kept}");
        }
    }

    #[test]
    fn nothing_below_an_ignored_folder_comes_back() {
        assert!(set(&["Clips/", "!Clips/a.mov"]).is_ignored(&path("Clips/a.mov"), false));
        let reopened = set(&["Clips/*", "!Clips/a.mov"]);
        assert!(!reopened.is_ignored(&path("Clips/a.mov"), false));
        assert!(reopened.is_ignored(&path("Clips/b.mov"), false));
        assert!(!reopened.is_ignored(&path("Clips"), true));
    }

    #[test]
    fn anchored_patterns_go_to_the_child_that_owns_them() {
        let extra: Vec<String> = ["*.tmp", "/A/AA/x.txt", "B/y", "!A/AA/z/"].iter().map(ToString::to_string).collect();
        let (child, parent) = distributed(&extra, &path("A/AA"));
        assert_eq!(child, ["*.tmp", "/x.txt", "!/z/"]);
        assert_eq!(parent, ["*.tmp", "B/y"]);
    }

    #[test]
    fn the_list_only_grows() {
        let once = grown(&[], &["*.tmp".to_owned(), String::new()]);
        assert_eq!(once, [".DS_Store", "ascmhl", "ascmhl/", "*.tmp"]);
        assert_eq!(grown(&once, &["ascmhl".to_owned(), "/b\n".to_owned()]).len(), 5);
    }
}
