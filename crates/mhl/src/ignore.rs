//! Owns ignore patterns: git's rules, anchored to the scope of the history (spec appendix C). Patterns meet relative paths only;
//! a name above the root can never make anything ignored. Never drops a pattern from what is recorded.

use ::ignore::gitignore::{Gitignore, GitignoreBuilder};
use checkgate_model::RelPath;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Patterns every history begins with.
pub const DEFAULT_PATTERNS: [&str; 3] = [".DS_Store", "ascmhl", "ascmhl/"];

/// A set of patterns, ready to ask.
#[derive(Debug, Clone)]
pub struct IgnoreSet {
    matcher: Matcher,
    patterns: Vec<String>,
    unreadable: Vec<String>,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// Nothing but plain names, as in the defaults: looking a component up is all there is to do. True: folders only.
    Names(HashMap<String, bool>),
    Git(Gitignore),
}

impl IgnoreSet {
    /// From pattern lines; later ones overrule earlier ones. A line that is no pattern matches nothing and is listed by
    /// [`unreadable`](Self::unreadable).
    #[must_use]
    pub fn new(patterns: &[String]) -> Self {
        if let Some(names) = plain_names(patterns) {
            return Self { matcher: Matcher::Names(names), patterns: patterns.to_vec(), unreadable: Vec::new() };
        }
        let (mut readable, mut unreadable): (Vec<&String>, Vec<&String>) =
            patterns.iter().partition(|pattern| pattern.len() <= MOST_PATTERN_BYTES);
        let matcher = matcher_of(&readable).unwrap_or_else(|| {
            // One that cannot be compiled takes none of the others with it.
            let (good, bad): (Vec<&String>, Vec<&String>) =
                readable.drain(..).partition(|pattern| matcher_of(std::slice::from_ref(pattern)).is_some());
            unreadable.extend(bad);
            matcher_of(&good).unwrap_or_else(|| {
                let defaults: Vec<String> = DEFAULT_PATTERNS.iter().map(ToString::to_string).collect();
                unreadable.extend(good.into_iter().filter(|pattern| !defaults.contains(pattern)));
                matcher_of(&defaults.iter().collect::<Vec<_>>()).unwrap_or_else(Gitignore::empty)
            })
        });
        let unreadable = unreadable.into_iter().cloned().collect();
        Self { matcher: Matcher::Git(matcher), patterns: patterns.to_vec(), unreadable }
    }

    /// Whether `path` is ignored. As in git, nothing below an ignored folder can be brought back.
    #[must_use]
    pub fn is_ignored(&self, path: &RelPath, is_dir: bool) -> bool {
        self.ignores(path.as_str(), is_dir)
    }

    fn ignores(&self, text: &str, is_dir: bool) -> bool {
        match &self.matcher {
            Matcher::Names(names) => {
                let mut parts = text.split('/').peekable();
                while let Some(part) = parts.next() {
                    let folder = is_dir || parts.peek().is_some();
                    if names.get(part).is_some_and(|folders_only| folder || !folders_only) {
                        return true;
                    }
                }
                false
            }
            Matcher::Git(matcher) => {
                let above = text.match_indices('/').any(|(slash, _)| matcher.matched(&text[..slash], true).is_ignore());
                above || matcher.matched(text, is_dir).is_ignore()
            }
        }
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

/// The longest line that is taken for a pattern.
const MOST_PATTERN_BYTES: usize = 4096;

/// `None` if one of the lines is no pattern, or all of them together are too much.
fn matcher_of(patterns: &[&String]) -> Option<Gitignore> {
    // "." keeps the matcher from cutting anything off the relative paths it is asked about.
    let mut builder = GitignoreBuilder::new(".");
    for pattern in patterns {
        builder.add_line(None, &without_posix_classes(pattern)).ok()?;
    }
    builder.build().ok()
}

/// Git knows the classes of POSIX inside brackets; the matcher does not.
fn without_posix_classes(pattern: &str) -> Cow<'_, str> {
    const CLASSES: [(&str, &str); 12] = [
        ("[:alnum:]", "A-Za-z0-9"),
        ("[:alpha:]", "A-Za-z"),
        ("[:blank:]", " \t"),
        ("[:cntrl:]", "\u{1}-\u{1f}\u{7f}"),
        ("[:digit:]", "0-9"),
        ("[:graph:]", "!-~"),
        ("[:lower:]", "a-z"),
        ("[:print:]", " -~"),
        ("[:punct:]", "!-/:-@[-`{-~"),
        ("[:space:]", " \t\n\u{b}\u{c}\r"),
        ("[:upper:]", "A-Z"),
        ("[:xdigit:]", "0-9A-Fa-f"),
    ];
    if !pattern.contains("[:") {
        return Cow::Borrowed(pattern);
    }
    Cow::Owned(CLASSES.iter().fold(pattern.to_owned(), |text, (class, range)| text.replace(class, range)))
}

/// The names, where every pattern is one; `None` as soon as one asks for git's rules.
fn plain_names(patterns: &[String]) -> Option<HashMap<String, bool>> {
    let mut names = HashMap::new();
    for pattern in patterns {
        let name = pattern.strip_suffix('/').unwrap_or(pattern);
        if name.is_empty() || name.contains(['/', '*', '?', '[', ']', '\\', '!', '#', '{', '}']) || name != name.trim() {
            return None;
        }
        let folders_only = pattern.ends_with('/');
        names.entry(name.to_owned()).and_modify(|known: &mut bool| *known &= folders_only).or_insert(folders_only);
    }
    Some(names)
}

/// The patterns of a history and of those nested in it. Those of a child count within the child only, beside its parents'.
#[derive(Debug, Clone)]
pub struct IgnoreRules {
    own: IgnoreSet,
    children: BTreeMap<RelPath, IgnoreRules>,
}

impl IgnoreRules {
    /// Rules of one scope with those of scopes nested in it.
    #[must_use]
    pub const fn new(own: IgnoreSet, children: BTreeMap<RelPath, Self>) -> Self {
        Self { own, children }
    }

    /// Whether `path` is ignored.
    #[must_use]
    pub fn is_ignored(&self, path: &RelPath, is_dir: bool) -> bool {
        self.ignores(path.as_str(), is_dir)
    }

    fn ignores(&self, text: &str, is_dir: bool) -> bool {
        if self.own.ignores(text, is_dir) {
            return true;
        }
        !self.children.is_empty()
            && self.children.iter().any(|(at, rules)| {
                text.strip_prefix(at.as_str())
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|rest| rules.ignores(rest, is_dir))
            })
    }

    /// Patterns of the scope itself.
    #[must_use]
    pub const fn own(&self) -> &IgnoreSet {
        &self.own
    }

    /// Lines that are no patterns, those of nested scopes among them.
    #[must_use]
    pub fn unreadable(&self) -> Vec<&str> {
        let below = self.children.values().flat_map(Self::unreadable);
        self.own.unreadable.iter().map(String::as_str).chain(below).collect()
    }
}

impl From<IgnoreSet> for IgnoreRules {
    fn from(own: IgnoreSet) -> Self {
        Self { own, children: BTreeMap::new() }
    }
}

/// Inherited patterns, the defaults where they are not among them, then new ones: the list only grows, keeps its order and has no line twice (guideline).
/// Empty lines are dropped: the reference tool cannot read a history that contains one.
#[must_use]
pub fn grown(inherited: &[String], extra: &[String]) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    let defaults: Vec<String> = DEFAULT_PATTERNS.iter().map(ToString::to_string).collect();
    let extra = extra.iter().map(|pattern| recorded_form(pattern));
    for pattern in inherited.iter().chain(&defaults).cloned().chain(extra) {
        let pattern = pattern.trim_end_matches(['\n', '\r']);
        if !pattern.is_empty() && !patterns.iter().any(|known| known == pattern) {
            patterns.push(pattern.to_owned());
        }
    }
    patterns
}

/// A pattern as it is recorded: one that holds a slash is anchored to the scope, so it is written with a leading one, as the
/// reference does. The meaning is the same to git.
#[must_use]
pub fn recorded_form(pattern: &str) -> String {
    let pattern = pattern.trim_end_matches(['\n', '\r']);
    let (bang, body) = pattern.strip_prefix('!').map_or(("", pattern), |body| ("!", body));
    let anchored = body.strip_suffix('/').unwrap_or(body).contains('/');
    if anchored && !body.starts_with('/') && !body.starts_with('#') { format!("{bang}/{body}") } else { pattern.to_owned() }
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
        let from_root = body.strip_prefix('/').unwrap_or(body);
        if !anchored || from_root.starts_with("**/") {
            for_child.push(pattern.clone());
            for_parent.push(pattern.clone());
            continue;
        }
        let below = from_root.strip_prefix(child.as_str()).and_then(|rest| rest.strip_prefix('/'));
        match below {
            Some(rest) if !rest.is_empty() => for_child.push(format!("{bang}/{rest}")),
            _ => {
                // One with wildcards may reach into the child and stay useful above it.
                if let Some(rest) = reaching_into(from_root, child) {
                    for_child.push(format!("{bang}/{rest}"));
                }
                for_parent.push(pattern.clone());
            }
        }
    }
    (for_child, for_parent)
}

/// What is left of an anchored pattern below `child`, where its first components match the way there.
fn reaching_into(pattern: &str, child: &RelPath) -> Option<String> {
    let depth = child.components().count();
    let parts: Vec<&str> = pattern.splitn(depth + 1, '/').collect();
    let (way, rest) = (parts.get(..depth)?, parts.get(depth).filter(|rest| !rest.is_empty())?);
    if way.contains(&"**") {
        return Some(format!("**/{rest}"));
    }
    let way = IgnoreSet::new(&[format!("/{}", way.join("/"))]);
    way.ignores(child.as_str(), true).then(|| (*rest).to_owned())
}

/// The pattern of a scope at `folder`, written for the scope above it.
#[must_use]
pub(crate) fn lifted(pattern: &str, folder: &RelPath) -> String {
    let (bang, body) = pattern.strip_prefix('!').map_or(("", pattern), |body| ("!", body));
    if body.strip_suffix('/').unwrap_or(body).contains('/') {
        format!("{bang}/{folder}/{}", body.strip_prefix('/').unwrap_or(body))
    } else {
        format!("{bang}/{folder}/**/{body}")
    }
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
        let extra: Vec<String> = ["/A/*/x.txt", "/**/y", "/B/*/x"].iter().map(ToString::to_string).collect();
        let (child, parent) = distributed(&extra, &path("A/AA"));
        assert_eq!(child, ["/x.txt", "/**/y"]);
        assert_eq!(parent, extra);
    }

    #[test]
    fn plain_names_and_git_rules_agree() {
        let plain = set(&DEFAULT_PATTERNS);
        let git = set(&[".DS_Store", "ascmhl", "ascmhl/", "!nothing"]);
        for (text, is_dir) in
            [("ascmhl", false), ("ascmhl", true), ("a/ascmhl/b", false), ("a/.DS_Store", true), ("ascmhlx", false), ("a", true)]
        {
            assert_eq!(plain.is_ignored(&path(text), is_dir), git.is_ignored(&path(text), is_dir), "{text}");
        }
        assert!(!set(&["x/"]).is_ignored(&path("a/x"), false) && set(&["x/"]).is_ignored(&path("a/x/y"), false));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_takes_none_with_it() {
        let long = "a*".repeat(1 << 20);
        let set = set(&[".DS_Store", "ascmhl", "ascmhl/", &long, "*.tmp"]);
        assert_eq!(set.unreadable(), [long]);
        assert!(set.is_ignored(&path("ascmhl/x"), false) && set.is_ignored(&path("x.tmp"), false));
        assert!(!set.is_ignored(&path("aaa"), false));
    }

    #[test]
    fn posix_classes_mean_what_they_mean_to_git() {
        let set = set(&["[[:upper:]]*", "![[:punct:]]x"]);
        assert!(set.is_ignored(&path("Abc"), false) && !set.is_ignored(&path("abc"), false));
    }

    #[test]
    fn a_childs_rules_count_within_the_child_only() {
        let children = BTreeMap::from([(path("A"), IgnoreRules::from(set(&["*.tmp"])))]);
        let rules = IgnoreRules::new(set(&["b"]), children);
        assert!(rules.is_ignored(&path("A/x.tmp"), false) && rules.is_ignored(&path("A/b"), false));
        assert!(!rules.is_ignored(&path("x.tmp"), false) && !rules.is_ignored(&path("AB/x.tmp"), false));
    }

    #[test]
    fn patterns_with_a_slash_are_recorded_anchored() {
        for (given, recorded) in [
            ("a/b", "/a/b"),
            ("!a/b", "!/a/b"),
            ("**/x", "/**/x"),
            ("x/", "x/"),
            ("*.mov", "*.mov"),
            ("/a", "/a"),
            ("a/b/\n", "/a/b/"),
        ] {
            assert_eq!(recorded_form(given), recorded);
        }
        assert_eq!(lifted("x/", &path("A/B")), "/A/B/**/x/");
        assert_eq!(lifted("!/x", &path("A")), "!/A/x");
    }

    #[test]
    fn the_list_only_grows() {
        let once = grown(&[], &["*.tmp".to_owned(), String::new()]);
        assert_eq!(once, [".DS_Store", "ascmhl", "ascmhl/", "*.tmp"]);
        assert_eq!(grown(&once, &["ascmhl".to_owned(), "/b\n".to_owned()]).len(), 5);
    }
}
