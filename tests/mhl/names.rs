//! Owns names that are hard to write down, and what is no regular file.

use crate::manifest::{generation, manifests};
use crate::support::{CARD, CLIP, Stage, assert_valid, copy, create, files, mhl, put, reference};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Names an XML document can carry, all of them hard for somebody.
fn hard_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "tab\there",
        "\tfirst",
        "carriage\rreturn",
        "line\nfeed",
        "\n",
        "\r\n",
        "both\r\nends\n",
        " leading",
        "trailing ",
        "   ",
        "two  blanks",
        "\u{a0}",
        "next\u{85}line",
        "line\u{2028}separator",
        "zero\u{200b}width",
        "\u{feff}BOM",
        "right\u{202e}left",
        "\"double\" 'single' `back`",
        "a&b",
        "&amp;",
        "&#10;",
        "<tag>",
        "]]>",
        "<![CDATA[x]]>",
        "<!--x-->",
        "<?xml?>",
        "back\\slash",
        "a\\..\\b",
        "C:\\Windows",
        "colon:in:it",
        "😀👩‍👩‍👧.mov",
        "日本語.mov",
        "Köln",
        "Ko\u{308}ln",
        "ﬃ",
        "\u{1f600}\u{fe0f}",
        "-v",
        "--help",
        "-",
        "#a",
        "!a",
        "*",
        "?",
        "[a]",
        "{a}",
        "~",
        "$(reboot)",
        "%s%n",
        "...",
        "..a",
        ".hidden",
        "CON",
        "NUL",
        "dot.",
        "a.mhl",
        "\u{7f}",
        "\u{fffd}",
        "ascmhl_chain.xml",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(255));
    names.push("ü".repeat(127));
    names.push("😀".repeat(63));
    names
}

/// Every name as a file, and as a folder with a file of that name.
fn hard_tree(root: &Path, names: &[String]) {
    for name in names {
        put(root, name, name);
        put(&root.join("below"), &format!("{name}/{name}"), name);
    }
}

// P1
#[test]
fn every_name_an_xml_document_can_carry_survives() {
    let stage = Stage::new();
    let root = stage.tree("card", &[]);
    let names = hard_names();
    hard_tree(&root, &names);
    create(&root, "-h xxh64");
    assert_valid(&root);
    let first = generation(&root, 1);
    assert_eq!(first.names(), files(&root).iter().map(String::as_str).collect());
    assert_eq!(first.files.len(), names.len() * 2);
    mhl("verify", &root, "").expect(0);
    mhl("verify", &root, "-dh").expect(0);
    mhl("diff", &root, "").expect(0);
    create(&root, "-h xxh64");
    assert_eq!(generation(&root, 2).actions(), ["verified"].into());
    assert_eq!(generation(&root, 2).root, first.root);
    // Each of them can be missed and found altered.
    for name in ["\n", "carriage\rreturn", "   ", "]]>", "back\\slash", "-v"] {
        put(&root, name, "altered");
        mhl("verify", &root, "").expect(11);
        fs::remove_file(root.join(name)).unwrap();
        mhl("diff", &root, "").expect(10);
        put(&root, name, name);
    }
    mhl("verify", &root, "").expect(0);
}

// P1
#[test]
fn the_reference_reads_every_name() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", &[]);
    hard_tree(&root, &hard_names());
    create(&root, "-h xxh64");
    reference.expect(0, "verify", &root, "");
    reference.expect(0, "diff", &root, "");
    reference.expect(0, "verify", &root, "-dh");
    // It inserts blanks after some line ends when it writes: those names it cannot carry itself.
    let theirs = stage.tree("theirs", &[]);
    let names: Vec<String> = hard_names().into_iter().filter(|name| !name.contains(['\n', '\r', '\u{85}', '\u{2028}'])).collect();
    hard_tree(&theirs, &names);
    reference.expect(0, "create", &theirs, "-h xxh64");
    mhl("verify", &theirs, "").expect(0);
    create(&theirs, "-h xxh64");
    assert_eq!(generation(&theirs, 1).root, generation(&theirs, 2).root);
    reference.expect(0, "create", &theirs, "-h xxh64");
    reference.expect(0, "verify", &theirs, "");
}

/// Names no manifest can carry: control characters XML forbids, noncharacters, bytes that are no UTF-8.
const IMPOSSIBLE: [&[u8]; 7] =
    [b"bell\x07", b"\x01", b"escape\x1b[31m", b"not UTF-8 \xff\xfe", b"latin \xe9", b"cut \xe2\x82", "non\u{ffff}".as_bytes()];

#[test]
fn a_name_no_manifest_can_carry_is_listed_and_the_rest_is_written() {
    let stage = Stage::new();
    for (number, name) in IMPOSSIBLE.iter().enumerate() {
        let root = stage.tree(&format!("card{number}"), CARD);
        fs::write(root.join(OsStr::from_bytes(name)), "x").unwrap();
        let folder = root.join("Clips").join(OsStr::from_bytes(&[b"folder ", *name].concat()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("inside.mov"), "x").unwrap();
        let answer = mhl("create", &root, "-h xxh64");
        assert_eq!(answer.code, 3, "{number}: {}", answer.all());
        assert!(answer.errors.contains("folder "), "{number}: {}", answer.errors);
        assert!(!answer.all().contains(['\u{7}', '\u{1b}', '\u{1}']), "{number}: control characters reach the terminal");
        assert_valid(&root);
        assert_eq!(generation(&root, 1).names(), CARD.iter().map(|(path, _)| *path).collect());
        for command in ["verify", "diff"] {
            let answer = mhl(command, &root, "");
            assert!(answer.all().contains("folder "), "{number} {command}: {}", answer.all());
            assert!(![11, 10, 31].contains(&answer.code), "{number} {command}: {}", answer.all());
        }
        // Damage comes first.
        put(&root, CLIP, "altered");
        mhl("create", &root, "-h xxh64").expect(11);
        assert_valid(&root);
    }
}

/// A socket, a FIFO, links of every kind.
fn special(root: &Path, outside: &Path) {
    symlink(outside.join("secret.mov"), root.join("link to a file outside")).unwrap();
    symlink(outside, root.join("link to a folder outside")).unwrap();
    symlink(CLIP, root.join("link to a file")).unwrap();
    symlink("Clips", root.join("link to a folder")).unwrap();
    symlink("nowhere", root.join("dangling link")).unwrap();
    symlink("looping link", root.join("looping link")).unwrap();
    symlink("..", root.join("Clips/link upwards")).unwrap();
    crate::support::tool("mkfifo", &[root.join("a FIFO").as_os_str()]);
    drop(std::os::unix::net::UnixListener::bind(root.join("a socket")).unwrap());
    let _ = std::process::Command::new("mknod").arg(root.join("a device")).args(["c", "1", "5"]).status();
}

// P4
#[test]
fn what_is_no_regular_file_is_listed_and_never_followed() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let outside = stage.tree("outside", &[("secret.mov", "secret")]);
    special(&root, &outside);
    let listed = [
        "link to a file outside",
        "link to a folder outside",
        "link to a file",
        "link to a folder",
        "dangling link",
        "looping link",
        "Clips/link upwards",
        "a FIFO",
        "a socket",
    ];
    let answer = mhl("create", &root, "-h xxh64").expect(0);
    for name in listed {
        assert!(answer.errors.contains(name), "{name} is not listed:\n{}", answer.errors);
    }
    assert!(answer.errors.contains("a device") || !root.join("a device").exists());
    let first = generation(&root, 1);
    assert_eq!(first.names(), CARD.iter().map(|(path, _)| *path).collect());
    assert_eq!(first.folders.keys().collect::<Vec<_>>(), ["Clips"]);
    assert_valid(&root);
    for command in ["verify", "diff"] {
        let answer = mhl(command, &root, "").expect(0);
        assert!(answer.errors.contains("a FIFO"), "{command}: {}", answer.errors);
    }
    mhl("verify", &root, "-dh").expect(0);
    create(&root, "-h xxh64");
    assert_eq!(generation(&root, 2).root, first.root);
}

// P4
#[test]
fn a_recorded_file_replaced_by_a_link_or_fifo_is_missing() {
    let stage = Stage::new();
    let before = stage.tree("card", CARD);
    create(&before, "-h xxh64");
    fs::write(stage.path("same.mov"), "abcd\n").unwrap();
    for kind in ["link", "fifo"] {
        let root = copy(&before, &stage.path(kind));
        fs::remove_file(root.join(CLIP)).unwrap();
        if kind == "link" {
            symlink(stage.path("same.mov"), root.join(CLIP)).unwrap();
        } else {
            crate::support::tool("mkfifo", &[root.join(CLIP).as_os_str()]);
        }
        for command in ["diff", "verify", "create"] {
            let answer = mhl(command, &root, "");
            assert_eq!(answer.code, 10, "{kind} {command}: {}", answer.all());
            assert!(answer.all().contains(CLIP));
        }
    }
    // A folder replaced by a link to the same files.
    let root = copy(&before, &stage.path("folder"));
    fs::rename(root.join("Clips"), stage.path("Clips elsewhere")).unwrap();
    symlink(stage.path("Clips elsewhere"), root.join("Clips")).unwrap();
    mhl("verify", &root, "").expect(10);
}

// P4
#[test]
fn a_root_that_is_a_link_is_worked_on_under_its_name() {
    let stage = Stage::new();
    let root = stage.tree("real", CARD);
    symlink(&root, stage.path("link")).unwrap();
    create(&stage.path("link"), "-h xxh64");
    assert_eq!(generation(&root, 1).names().len(), 3);
    let name = manifests(&root)[&1].file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("0001_link_") || name.starts_with("0001_real_"), "{name}");
    mhl("verify", &stage.path("link"), "").expect(0);
    mhl("verify", &root, "").expect(0);
    let answer = mhl("create", &stage.path("nowhere"), "");
    assert_eq!(answer.code, 2);
}

#[test]
fn a_root_whose_name_no_manifest_can_carry_is_worked_on() {
    let stage = Stage::new();
    for name in [&b"bell\x07"[..], b"latin \xe9", b"line\nfeed", b"a\\b:c"] {
        let root = stage.path("").join(OsStr::from_bytes(name));
        fs::create_dir(&root).unwrap();
        put(&root, "a.mov", "a");
        create(&root, "-h xxh64");
        crate::manifest::assert_chain_holds(&root);
        mhl("verify", &root, "").expect(0);
        create(&root, "-h xxh64");
        assert_eq!(generation(&root, 2).actions(), ["verified"].into());
    }
}

#[test]
fn very_deep_folders_are_worked_on() {
    let stage = Stage::new();
    let root = stage.tree("card", &[]);
    // Longer together than one path may be for the system (4096 bytes): made step by step.
    let name = "d".repeat(200);
    let script = format!(
        "cd \"$1\"; i=0; while [ $i -lt 25 ]; do mkdir {name} && cd -P {name} || exit 1; i=$((i+1)); done; echo deep > x"
    );
    let made = std::process::Command::new("bash").args(["-c", &script, "bash"]).arg(&root).status().unwrap();
    if made.success() {
        let answer = mhl("create", &root, "-h xxh64");
        assert!([0, 3].contains(&answer.code), "{}", answer.all());
        if answer.code == 0 {
            mhl("verify", &root, "").expect(0);
        } else {
            assert!(!answer.errors.trim().is_empty());
        }
        std::process::Command::new("rm").arg("-rf").arg(root.join(&name)).status().unwrap();
    }
    let sixty = stage.tree("sixty", &[(&format!("{}x", "a/".repeat(60)), "x")]);
    create(&sixty, "-h xxh64");
    mhl("verify", &sixty, "").expect(0);
    assert_eq!(generation(&sixty, 1).folders.len(), 60);
    // Deeper than is looked: neither missed nor passed over in silence.
    let deep = stage.tree("deepest", &[(&format!("{}x", "a/".repeat(300)), "x"), ("top", "x")]);
    if let Some(mut reference) = reference() {
        reference.expect(0, "create", &deep, "-h xxh64");
        for command in ["verify", "diff", "create"] {
            let answer = mhl(command, &deep, "");
            assert!([0, 3].contains(&answer.code), "{command}: {} {}", answer.code, answer.all());
            assert!(answer.code == 0 || answer.all().contains("folders deep"), "{command}: {}", answer.all());
        }
    }
}
