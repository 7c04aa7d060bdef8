//! Owns ignore patterns: git's rules relative to the scope, kept from generation to generation, handed down to nested histories.

use crate::manifest::{Manifest, generation, manifests};
use crate::support::{CARD, CLIP, Stage, assert_valid, can_run, copy, create, mhl, mhl_with, put, reference};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

// I1
#[test]
fn only_the_defaults_are_left_out() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = stage.tree(
        "ours",
        &[
            (".DS_Store", "x"),
            ("Clips/.DS_Store", "x"),
            ("Clips/._a.mov", "x"),
            ("Clips/a.mov", "x"),
            ("Thumbs.db", "x"),
            (".hidden", "x"),
            (".Spotlight-V100/store", "x"),
            ("System Volume Information/x", "x"),
            ("sub/ascmhl.txt", "x"),
            ("ASCMHL/x", "x"),
            ("card_2024-01-01_000000.mhl", "a legacy list is a file like any other"),
        ],
    );
    let theirs = copy(&ours, &stage.path("theirs"));
    create(&ours, "-h xxh64");
    reference.expect(0, "create", &theirs, "-h xxh64");
    let (ours, theirs) = (generation(&ours, 1), generation(&theirs, 1));
    assert_eq!(ours.names().len(), 9, "{:?}", ours.names());
    assert_eq!(ours.comparable(), theirs.comparable());
}

// I2
#[test]
fn patterns_grow_over_generations_as_in_the_reference() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = stage.tree("ours", CARD);
    for path in ["a.txt", "b.bak", "c/d.mxf", "c/e/f.mxf", "g.log", "h"] {
        put(&ours, path, path);
    }
    let theirs = copy(&ours, &stage.path("theirs"));
    let list = stage.path("patterns");
    fs::write(&list, "*.bak\n\n# a comment\nc/d.mxf\n").unwrap();
    let list = list.to_str().unwrap().to_owned();
    let steps: [&[&str]; 4] = [
        &["-i", "a.txt"],
        &["-ii", &list, "-i", "g.log", "-i", "a.txt"],
        &["-i", "nothing/", "-i", "c/e/f.mxf", "-i", "**/nothing"],
        &[],
    ];
    let mut before: Vec<String> = Vec::new();
    for (number, step) in (1..).zip(steps) {
        mhl_with("create", &ours, &[&["-h", "xxh64"], step].concat()).expect(0);
        let (code, text) = reference.run("create", &theirs, &[&["-h", "xxh64"], step].concat());
        assert_eq!(code, 0, "{text}");
        let (ours, theirs) = (generation(&ours, number), generation(&theirs, number));
        assert_eq!(ours.patterns.iter().collect::<BTreeSet<_>>(), theirs.patterns.iter().collect::<BTreeSet<_>>(), "{number}");
        assert_eq!(ours.names(), theirs.names(), "{number}");
        assert_eq!(ours.root, theirs.root, "{number}");
        assert_eq!(ours.patterns[..before.len()], before[..], "the list only grows, at its end");
        let unique: BTreeSet<&String> = ours.patterns.iter().collect();
        assert_eq!(unique.len(), ours.patterns.len(), "{:?}", ours.patterns);
        before = ours.patterns;
    }
    assert_valid(&ours);
    mhl("verify", &ours, "").expect(0);
    mhl("diff", &ours, "").expect(0);
    reference.expect(0, "diff", &ours, "");
}

/// Lines given together, one case each. git is the judge.
const PATTERNS: &[&[&str]] = &[
    &["*.mov"],
    &["*.MOV"],
    &["Clips"],
    &["Clips/"],
    &["/Clips"],
    &["/Clips/"],
    &["Clips/*"],
    &["Clips/**"],
    &["Clips/a.mov"],
    &["/a.mov"],
    &["**/cache"],
    &["**/cache/"],
    &["cache/"],
    &["cache"],
    &["cache/x.tmp"],
    &["*/cache"],
    &["doc/x"],
    &["doc/x/"],
    &["doc/**/y.txt"],
    &["/doc/*/y.txt"],
    &["a/**/b"],
    &["*.t?p"],
    &["[ab].mov"],
    &["[!a].mov"],
    &["[a-c]*"],
    &["[[:upper:]]*"],
    &["\\#a"],
    &["#a"],
    &["\\!a"],
    &["!a"],
    &["*.mov", "!keep.mov"],
    &["Clips/*", "!Clips/a.mov"],
    &["Clips", "!Clips/a.mov"],
    &["*", "!*/", "!*.mov"],
    &["/*.txt"],
    &["*"],
    &["**"],
    &["/"],
    &["."],
    &["render/", "!render/"],
    &["._*"],
    &[".*"],
    &["Thumbs.db"],
    &["trailing\\ "],
    &["trailing "],
    &["trailing"],
    &[" leading"],
    &["日本*"],
    &["K\u{f6}ln/"],
    &["b\\*c"],
    &["foo**bar"],
    &["**foo"],
    &["deep/**"],
    &["**/deep/**/x"],
    &["a b"],
    &["\\a.mov"],
    &["[a.mov"],
    &["a.mov/"],
];

const FILES: &[&str] = &[
    "a.mov",
    "b.mov",
    "keep.mov",
    "A.MOV",
    "x.tmp",
    "x.tap",
    "top.txt",
    "#a",
    "!a",
    "._a.mov",
    ".hidden",
    "Thumbs.db",
    "trailing ",
    "trailing",
    " leading",
    "日本語.mov",
    "b*c",
    "bxc",
    "foo/bar",
    "fooXbar",
    "xfoo",
    "a b",
    "a.movx",
    "Clips/a.mov",
    "Clips/b.mov",
    "Clips/keep.mov",
    "Clips/cache/x.tmp",
    "Clips/sub/a.mov",
    "cache/x.tmp",
    "cache/y",
    "sub/Clips/a.mov",
    "sub/cache",
    "doc/x/y.txt",
    "doc/x/y/y.txt",
    "doc/z.txt",
    "sub/doc/x/y.txt",
    "a/b",
    "a/c/b",
    "a/c/d/b",
    "render/1.exr",
    "b/render/2.exr",
    "K\u{f6}ln/x",
    "Ko\u{308}ln/x",
    "deep/x",
    "deep/er/x",
    "top/deep/er/x",
    "a.mov.d/a.mov",
    "Upper/lower",
];

/// Files and folders below `root` that git leaves.
fn left_by_git(stage: &Stage, root: &Path, lines: &[&str], paths: &BTreeSet<String>) -> BTreeSet<String> {
    let excludes = stage.path("excludes");
    let mut text = String::new();
    for line in [".DS_Store", "ascmhl", "ascmhl/"].iter().chain(lines) {
        writeln!(text, "{line}").unwrap();
    }
    fs::write(&excludes, text).unwrap();
    let mut git = Command::new("git")
        .arg("-c")
        .arg(format!("core.excludesFile={}", excludes.display()))
        .arg("-c")
        .arg("core.ignoreCase=false")
        .arg("--git-dir")
        .arg(stage.path("git"))
        .arg("--work-tree")
        .arg(root)
        .args(["check-ignore", "--no-index", "-z", "--stdin"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = git.stdin.take().unwrap();
    for path in paths {
        stdin.write_all(path.as_bytes()).unwrap();
        stdin.write_all(b"\0").unwrap();
    }
    drop(stdin);
    let output = git.wait_with_output().unwrap();
    let ignored: BTreeSet<&str> = std::str::from_utf8(&output.stdout).unwrap().split_terminator('\0').collect();
    paths.iter().filter(|path| !ignored.contains(path.as_str())).cloned().collect()
}

// I3
#[test]
fn patterns_mean_what_they_mean_to_git() {
    if !can_run("git", "--version") {
        return;
    }
    let stage = Stage::new();
    let root = stage.tree("card", &[]);
    for path in FILES {
        put(&root, path, path);
    }
    crate::support::tool("git", &["init".as_ref(), "-q".as_ref(), "--bare".as_ref(), stage.path("git").as_os_str()]);
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for path in FILES {
        paths.extend(path.match_indices('/').map(|(end, _)| path[..end].to_owned()));
        paths.insert((*path).to_owned());
    }
    let mut wrong = Vec::new();
    for lines in PATTERNS {
        let expected = left_by_git(&stage, &root, lines, &paths);
        let options: Vec<&str> = lines.iter().flat_map(|line| ["-i", line]).collect();
        // A pattern beginning with a dash would be an option; none here does.
        let answer = mhl_with("create", &root, &[&["-h", "xxh64", "-n"], &options[..]].concat());
        let found: BTreeSet<String> = if answer.code == 20 {
            BTreeSet::new()
        } else {
            let manifest = generation(&root, 1);
            fs::remove_dir_all(root.join("ascmhl")).unwrap();
            manifest.files.into_keys().chain(manifest.folders.into_keys()).collect()
        };
        if found != expected {
            let extra: Vec<_> = found.difference(&expected).collect();
            let lost: Vec<_> = expected.difference(&found).collect();
            wrong.push(format!("{lines:?}: recorded against git {extra:?}, left out against git {lost:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// I4
#[test]
fn patterns_given_once_excuse_missing_and_altered_files() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::remove_file(root.join(CLIP)).unwrap();
    put(&root, "Sidecar.txt", "altered");
    put(&root, "new.tmp", "new");
    for command in ["verify", "diff"] {
        mhl(command, &root, "-i *.mov -i Sidecar.txt -i new.tmp").expect(if command == "diff" { 0 } else { 20 });
    }
    mhl("verify", &root, "-i A002C006* -i Sidecar.txt -i *.tmp").expect(0);
    let list = stage.path("patterns");
    fs::write(&list, "A002C006*\nSidecar.txt\n*.tmp\n").unwrap();
    mhl("verify", &root, &format!("-ii {}", list.display())).expect(0);
    mhl("diff", &root, &format!("-ii {}", list.display())).expect(0);
    // Nothing of it is kept.
    mhl("verify", &root, "").expect(11);
    mhl("verify", &root, &format!("-ii {}", stage.path("missing").display())).expect(2);
}

// I5
#[test]
fn what_was_recorded_and_is_ignored_now_is_not_missing() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    create(&root, "-h xxh64 -i Sidecar.txt");
    assert!(!generation(&root, 2).names().contains("Sidecar.txt"));
    fs::remove_file(root.join("Sidecar.txt")).unwrap();
    for command in ["verify", "diff", "create"] {
        mhl(command, &root, "").expect(0);
    }
    reference.expect(0, "verify", &root, "");
    reference.expect(0, "diff", &root, "");
    create(&root, "-h xxh64");
    assert_eq!(generation(&root, 4).patterns[3..], ["Sidecar.txt"]);
    mhl("verify", &root, "-dh").expect(0);
}

/// A root and the child `child`, both with history; the codes of both tools must be the same step by step.
fn distribution(steps: &[(&str, &[&str])]) -> (Stage, Vec<[Vec<Manifest>; 2]>) {
    let stage = Stage::new();
    let mut reference = reference();
    let ours = stage.tree("ours", &[]);
    for path in
        ["p.mov", "p1", "c1", "x/p1", "child/c.mov", "child/c1", "child/c2", "child/x/c1", "child/p1", "child/x/y.tmp", "x/y.tmp"]
    {
        put(&ours, path, path);
    }
    let theirs = copy(&ours, &stage.path("theirs"));
    for (folder, options) in steps {
        mhl_with("create", &ours.join(folder), &[&["-h", "xxh64"], *options].concat()).expect(0);
        if let Some(reference) = &mut reference {
            let (code, text) = reference.run("create", &theirs.join(folder), &[&["-h", "xxh64"], *options].concat());
            assert_eq!(code, 0, "{text}");
        }
    }
    let all = |root: &Path| manifests(root).into_keys().map(|number| generation(root, number).comparable()).collect();
    let mut found = vec![[all(&ours), all(&ours.join("child"))]];
    if reference.is_some() {
        found.push([all(&theirs), all(&theirs.join("child"))]);
    }
    assert_valid(&ours);
    mhl("verify", &ours, "").expect(0);
    mhl("diff", &ours, "").expect(0);
    (stage, found)
}

#[track_caller]
fn assert_as_reference(found: &[[Vec<Manifest>; 2]]) {
    let [ours, theirs] = found else { return };
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours.patterns.iter().collect::<BTreeSet<_>>(), theirs.patterns.iter().collect::<BTreeSet<_>>());
            assert_eq!(ours.names(), theirs.names());
            assert_eq!(ours.root, theirs.root);
        }
    }
}

// I7
#[test]
fn patterns_without_a_slash_go_to_every_history() {
    let (_stage, found) = distribution(&[("child", &[]), ("", &[]), ("", &["-i", "p1", "-i", "*.tmp"])]);
    let [root, child] = &found[0];
    assert_eq!(root.last().unwrap().patterns[3..], ["p1", "*.tmp"]);
    assert_eq!(child.last().unwrap().patterns[3..], ["p1", "*.tmp"]);
    assert_eq!(child.last().unwrap().names(), ["c.mov", "c1", "c2", "x/c1"].into());
    assert_as_reference(&found);
}

// I7
#[test]
fn anchored_patterns_go_to_the_history_that_owns_the_path() {
    let (_stage, found) = distribution(&[("child", &[]), ("", &[]), ("", &["-i", "child/x/c1", "-i", "/x/p1"])]);
    let [root, child] = &found[0];
    assert!(!root.last().unwrap().patterns.iter().any(|pattern| pattern.contains("c1")), "{:?}", root.last().unwrap().patterns);
    assert_eq!(child.last().unwrap().patterns[3..], ["/x/c1"]);
    assert_eq!(root.last().unwrap().patterns[3..], ["/x/p1"]);
    assert_eq!(child.last().unwrap().names(), ["c.mov", "c1", "c2", "p1", "x/y.tmp"].into());
    assert_as_reference(&found);
}

// I7
#[test]
fn patterns_of_a_child_stay_in_the_child() {
    let (_stage, found) = distribution(&[("child", &["-i", "c1", "-i", "/c2"]), ("", &[]), ("", &["-i", "p1"])]);
    let [root, child] = &found[0];
    assert_eq!(child[0].patterns[3..], ["c1", "/c2"]);
    assert_eq!(child.last().unwrap().patterns[3..], ["c1", "/c2", "p1"]);
    assert_eq!(root[0].names(), ["c1", "p.mov", "p1", "x/p1", "x/y.tmp"].into());
    assert_eq!(root.last().unwrap().patterns[3..], ["p1"]);
    assert_as_reference(&found);
}

#[test]
fn an_ignored_child_history_is_left_alone() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a", "a"), ("child/b", "b")]);
    create(&root.join("child"), "-h xxh64");
    create(&root, "-h xxh64 -i child/");
    assert_eq!(manifests(&root.join("child")).len(), 1);
    let first = generation(&root, 1);
    assert!(first.names() == ["a"].into() && first.folders.is_empty() && first.references.is_empty());
    mhl("verify", &root, "").expect(0);
    put(&root, "child/b", "altered");
    mhl("verify", &root, "").expect(0);
    assert_valid(&root);
}

#[test]
fn a_pattern_no_manifest_can_carry_is_refused() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let answer = mhl_with("create", &root, &["-i", "bell\u{7}"]);
    assert_eq!(answer.code, 2, "{}", answer.all());
    assert!(!root.join("ascmhl").exists());
}

// I9
#[test]
fn case_counts() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("A.MOV", "1"), ("a.mov", "2"), ("Clips/B.Mov", "3")]);
    create(&root, "-h xxh64 -i *.mov -i CLIPS/");
    assert_eq!(generation(&root, 1).names(), ["A.MOV", "Clips/B.Mov"].into());
}

#[test]
fn a_root_below_a_name_that_a_pattern_matches_is_not_ignored() {
    let stage = Stage::new();
    let root = stage.tree("tmp/ascmhl/.DS_Store/card", CARD);
    create(&root, "-h xxh64 -i tmp -i card");
    assert_eq!(generation(&root, 1).names().len(), 3);
    put(&root, CLIP, "altered");
    mhl("verify", &root, "").expect(11);
}

#[test]
fn an_empty_pattern_is_harmless() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let answer = mhl_with("create", &root, &["-h", "xxh64", "-i", ""]);
    assert!([0, 2].contains(&answer.code), "{}", answer.all());
    create(&root, "-h xxh64");
    mhl("verify", &root, "").expect(0);
    assert_valid(&root);
}
