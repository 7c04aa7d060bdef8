use crate::support::{path, temporary};
use checkgate_mhl::IgnoreSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

const PATHS: [&str; 22] = [
    "a",
    "bb",
    "a.mov",
    "A.MOV",
    "Clips/a.mov",
    "Clips/b.mov",
    "Clips/sub/c.mov",
    "doc/x/y.txt",
    "doc/x.txt",
    "x/doc/z.txt",
    "tmp/a",
    "b/tmp/c",
    "file#1",
    "#a",
    "!a",
    " lead",
    "deep/a/b/c/d.txt",
    "deep/x.tmp",
    "foo[1].txt",
    "foo1.txt",
    "back\\slash",
    "Köln/ü.txt",
];

const PATTERNS: [&[&str]; 32] = [
    &["a"],
    &["/a"],
    &["a/"],
    &["*.mov"],
    &["*.MOV"],
    &["Clips/"],
    &["Clips"],
    &["Clips/*"],
    &["Clips/**"],
    &["**/a.mov"],
    &["Clips/**/c.mov"],
    &["doc/x/"],
    &["doc/x"],
    &["/doc/*.txt"],
    &["tmp"],
    &["tmp/"],
    &["/tmp"],
    &["b/tmp"],
    &["#a"],
    &["\\#a"],
    &["\\!a"],
    &["deep/**/d.txt"],
    &["*.tmp", "!deep/x.tmp"],
    &["Clips/*", "!Clips/a.mov"],
    &["Clips/", "!Clips/a.mov"],
    &["*", "!*.txt"],
    &["foo[0-9].txt"],
    &["foo\\[1\\].txt"],
    &["?"],
    &["K*"],
    &["**"],
    &["a.mov "],
];

#[test]
fn patterns_mean_what_git_takes_them_to_mean() {
    let root = temporary();
    let git = |arguments: &[&str]| {
        Command::new("git").args(arguments).current_dir(root.path()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    if !git(&["init", "-q"]).is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: git missing");
        return;
    }
    for name in PATHS {
        let file = root.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    for patterns in PATTERNS {
        fs::write(root.path().join(".gitignore"), patterns.join("\n")).unwrap();
        let mut child = Command::new("git")
            .args(["-c", "core.ignorecase=false", "check-ignore", "--no-index", "--stdin", "-z"])
            .current_dir(root.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(PATHS.join("\0").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap().stdout;
        let by_git: Vec<&str> = std::str::from_utf8(&output).unwrap().split_terminator('\0').collect();
        let set = IgnoreSet::new(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>());
        let ours: Vec<&str> = PATHS.into_iter().filter(|name| set.is_ignored(&path(name), false)).collect();
        assert_eq!(ours, by_git, "{patterns:?}");
    }
}
