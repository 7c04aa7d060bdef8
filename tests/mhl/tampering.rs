//! Owns the promise that a touched history is refused by every command before a file is read or anything is written.

use crate::manifest::{c4, chain, chain_path, chain_xml, entry, forge, hashlist, manifest_path, manifests};
use crate::support::{CARD, CLIP, Stage, copy, create, everything, mhl, put, reference, run};
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// A card with three generations.
fn sealed(stage: &Stage) -> std::path::PathBuf {
    let root = stage.tree("card", CARD);
    for number in 0..3 {
        // No two of them alike, whenever they are written.
        create(&root, &format!("-h xxh64 --comment {number}"));
    }
    root
}

/// Every command gives `code`, says why, and changes nothing.
#[track_caller]
fn refused(root: &Path, code: i32, case: &str) {
    let before = everything(root);
    let single = format!("-sf {CLIP}");
    for (command, options) in
        [("verify", ""), ("verify", "-dh"), ("verify", single.as_str()), ("diff", ""), ("info", ""), ("create", "")]
    {
        let answer = mhl(command, root, options);
        assert_eq!(answer.code, code, "{case}: {command} {options}: {}", answer.all());
        assert!(!answer.errors.trim().is_empty(), "{case}: {command} does not say why");
    }
    let lists = root.with_extension("lists");
    let answer = crate::support::mhl_with("flatten", root, &[lists.to_str().unwrap()]);
    assert_eq!(answer.code, code, "{case}: flatten: {}", answer.all());
    assert!(!lists.exists() || fs::read_dir(lists).unwrap().next().is_none(), "{case}: a list was written");
    assert!(everything(root) == before, "{case}: something was written");
}

// T1
#[test]
fn a_changed_manifest_is_refused() {
    let stage = Stage::new();
    let before = sealed(&stage);
    let mut theirs = reference();
    let cases: [(&str, fn(Vec<u8>) -> Vec<u8>); 6] = [
        ("flipped", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        }),
        ("cut", |bytes| bytes[..bytes.len() - 20].to_vec()),
        ("appended", |mut bytes| {
            bytes.push(b'\n');
            bytes
        }),
        ("CRLF", |bytes| String::from_utf8(bytes).unwrap().replace('\n', "\r\n").into_bytes()),
        ("empty", |_| Vec::new()),
        ("reformatted", |bytes| String::from_utf8(bytes).unwrap().replace("    ", "\t").into_bytes()),
    ];
    for (case, change) in cases {
        for number in 1..=3 {
            let root = copy(&before, &stage.path(&format!("{case} {number}")));
            let path = manifest_path(&root, number);
            fs::write(&path, change(fs::read(&path).unwrap())).unwrap();
            refused(&root, 31, case);
            if let Some(theirs) = &mut theirs {
                theirs.expect(31, "verify", &root, "");
            }
        }
    }
}

// T2
#[test]
fn a_missing_part_of_the_history_is_refused() {
    let stage = Stage::new();
    let before = sealed(&stage);
    let mut theirs = reference();
    for number in 1..=3 {
        let root = copy(&before, &stage.path(&format!("manifest {number}")));
        fs::remove_file(manifest_path(&root, number)).unwrap();
        refused(&root, 33, "manifest");
        if let Some(theirs) = &mut theirs {
            theirs.expect(33, "verify", &root, "");
        }
    }
    let root = copy(&before, &stage.path("chain"));
    fs::remove_file(chain_path(&root)).unwrap();
    refused(&root, 32, "chain");
    if let Some(theirs) = &mut theirs {
        theirs.expect(32, "verify", &root, "");
    }
    let root = copy(&before, &stage.path("emptied"));
    fs::remove_dir_all(root.join("ascmhl")).unwrap();
    fs::create_dir(root.join("ascmhl")).unwrap();
    refused(&root, 32, "emptied");
    if let Some(theirs) = &mut theirs {
        theirs.expect(32, "verify", &root, "");
    }
    let root = copy(&before, &stage.path("file"));
    fs::remove_dir_all(root.join("ascmhl")).unwrap();
    fs::write(root.join("ascmhl"), "a file").unwrap();
    for command in ["verify", "create"] {
        let answer = mhl(command, &root, "");
        assert!([3, 30, 31, 32].contains(&answer.code), "{}", answer.all());
    }
}

// T3
#[test]
fn a_chain_that_is_none_is_refused() {
    let stage = Stage::new();
    let before = sealed(&stage);
    let good = fs::read_to_string(chain_path(&before)).unwrap();
    for (case, bytes) in [
        ("empty", String::new()),
        ("cut", good[..good.len() / 2].to_owned()),
        ("cut at the end", good[..good.len() - 5].to_owned()),
        ("not XML", "hello".to_owned()),
        ("another root", good.replace("ascmhldirectory", "directory")),
        ("a manifest", fs::read_to_string(manifest_path(&before, 1)).unwrap()),
        ("another namespace", good.replace("DIRECTORY:v2.0", "DIRECTORY:v9.0")),
        ("no lines", chain_xml(&[])),
        ("no C4", good.replace("<c4>", "<c5>").replace("</c4>", "</c5>")),
        ("bad C4", good.replacen("<c4>c4", "<c4>c0", 1)),
        ("short C4", good.replacen("<c4>c4", "<c4>c", 1)),
        ("no path", good.replace("<path>", "<name>").replace("</path>", "</name>")),
        ("no number", good.replace(" sequencenr=\"2\"", "")),
        ("not a number", good.replace("\"2\"", "\"two\"")),
        ("a huge number", good.replace("\"2\"", "\"99999999999999999999\"")),
        ("something after", format!("{good}<more/>")),
    ] {
        let root = copy(&before, &stage.path(case));
        fs::write(chain_path(&root), bytes).unwrap();
        refused(&root, 31, case);
    }
}

// T4
#[test]
fn a_chain_that_does_not_match_the_folder_is_refused() {
    let stage = Stage::new();
    let before = sealed(&stage);
    let lines = chain(&before);
    let line = |place: usize, number: u32| (number, lines[place].1.as_str(), lines[place].2.as_str());
    for (case, lines) in [
        ("rolled back", vec![line(0, 1), line(1, 2)]),
        ("gap", vec![line(0, 1), line(1, 2), line(2, 4)]),
        ("gap in the middle", vec![line(0, 1), line(2, 3)]),
        ("from 2", vec![line(0, 2), line(1, 3), line(2, 4)]),
        ("from 0", vec![line(0, 0), line(1, 1), line(2, 2)]),
        ("number twice", vec![line(0, 1), line(1, 2), line(2, 2)]),
        ("line twice", vec![line(0, 1), line(1, 2), line(2, 3), line(2, 4)]),
        ("reordered numbers", vec![line(1, 1), line(0, 2), line(2, 3)]),
        ("another's C4", vec![line(0, 1), (2, lines[1].1.as_str(), lines[2].2.as_str()), line(2, 3)]),
    ] {
        let root = copy(&before, &stage.path(case));
        fs::write(chain_path(&root), chain_xml(&lines)).unwrap();
        refused(&root, 31, case);
    }
}

// T4
#[test]
fn a_manifest_that_is_not_in_the_chain_is_refused() {
    let stage = Stage::new();
    let before = sealed(&stage);
    for (case, name) in
        [("next", "0004_card_2024-02-01_100000Z.mhl"), ("same number", "0003_other_2024-02-01_100000Z.mhl"), ("far", "0009.mhl")]
    {
        let root = copy(&before, &stage.path(case));
        put(&root, &format!("ascmhl/{name}"), hashlist(&entry(CLIP, "original")));
        refused(&root, 31, case);
        mhl("verify", &root, "").expect(31).says(name);
    }
    // What is no manifest may lie there.
    let root = copy(&before, &stage.path("other files"));
    put(&root, "ascmhl/README.txt", "read me");
    put(&root, "ascmhl/._0001_card.mhl", "AppleDouble");
    put(&root, "ascmhl/.DS_Store", "finder");
    mhl("verify", &root, "").expect(0);
    create(&root, "-h xxh64");
}

/// Manifest and chain rewritten together cannot be told from true ones; what the files hold still can.
#[test]
fn a_history_rewritten_with_its_chain_still_has_to_match_the_files() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc"), ("b.mov", "abd")]);
    forge(&root, &[hashlist(&format!("{}{}", entry("a.mov", "original"), entry("b.mov", "original")))]);
    mhl("verify", &root, "").expect(11).says("b.mov");
}

#[test]
fn a_chain_naming_a_file_elsewhere_is_refused_and_the_file_is_not_read() {
    let stage = Stage::new();
    let outside = stage.path("x.mhl");
    fs::write(&outside, hashlist(&entry("a.mov", "original"))).unwrap();
    let value = c4(&fs::read(&outside).unwrap());
    let fifo = stage.path("fifo.mhl");
    crate::support::tool("mkfifo", &[fifo.as_os_str()]);
    for path in [
        "../../x.mhl".to_owned(),
        "../x.mhl".to_owned(),
        outside.to_str().unwrap().to_owned(),
        // Whoever opens it waits for ever.
        "../../fifo.mhl".to_owned(),
        fifo.to_str().unwrap().to_owned(),
        "sub/../../../x.mhl".to_owned(),
        "sub/0001_x.mhl".to_owned(),
        "./0001_x.mhl".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        "..\\..\\x.mhl".to_owned(),
        "ascmhl_chain.xml".to_owned(),
        String::new(),
    ] {
        let root = stage.tree("card", &[("a.mov", "abc"), ("ascmhl/sub/0001_x.mhl", "")]);
        fs::write(chain_path(&root), chain_xml(&[(1, path.as_str(), value.as_str())])).unwrap();
        for command in ["verify", "create", "info"] {
            let answer = mhl(command, &root, "");
            assert!([31, 33].contains(&answer.code), "{path:?} {command}: {} {}", answer.code, answer.all());
        }
        assert!(manifests(&root).is_empty());
    }
}

#[test]
fn a_link_in_place_of_a_manifest_or_chain_does_not_lead_outside() {
    let stage = Stage::new();
    let before = sealed(&stage);
    let secret = stage.path("secret");
    fs::write(&secret, "the secret").unwrap();
    for (case, path) in [("chain", chain_path(&before)), ("manifest", manifest_path(&before, 2))] {
        let root = copy(&before, &stage.path(case));
        let path = root.join(path.strip_prefix(&before).unwrap());
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&secret, &path).unwrap();
        let answer = mhl("verify", &root, "");
        assert!([3, 31, 32, 33].contains(&answer.code), "{case}: {} {}", answer.code, answer.all());
        assert!(!answer.all().contains("the secret"));
        // The link is not written through either.
        mhl("create", &root, "");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "the secret");
    }
    // A folder of histories that is itself a link.
    let root = copy(&before, &stage.path("folder"));
    fs::rename(root.join("ascmhl"), stage.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(stage.path("elsewhere"), root.join("ascmhl")).unwrap();
    mhl("create", &root, "-h xxh64");
    assert_eq!(fs::read_dir(stage.path("elsewhere")).unwrap().count(), 4, "written through a link");
}

/// Whoever opens a FIFO waits for ever.
#[test]
fn what_is_no_file_in_place_of_a_manifest_or_chain_is_refused_and_not_opened() {
    let stage = Stage::new();
    let before = sealed(&stage);
    for kind in ["fifo", "folder"] {
        for (case, name) in [("chain", "ascmhl_chain.xml".to_owned()), ("manifest", chain(&before).remove(1).1)] {
            let root = copy(&before, &stage.path(&format!("{kind} {case}")));
            let path = root.join("ascmhl").join(name);
            fs::remove_file(&path).unwrap();
            if kind == "fifo" {
                crate::support::tool("mkfifo", &[path.as_os_str()]);
            } else {
                fs::create_dir(&path).unwrap();
            }
            for command in ["verify", "diff", "info", "create"] {
                let answer = mhl(command, &root, "");
                assert!([3, 31, 32, 33].contains(&answer.code), "{kind} {case} {command}: {} {}", answer.code, answer.all());
            }
        }
        // One that the chain does not name.
        let root = copy(&before, &stage.path(&format!("{kind} beside")));
        let path = root.join("ascmhl/0009_beside.mhl");
        if kind == "fifo" {
            crate::support::tool("mkfifo", &[path.as_os_str()]);
        } else {
            fs::create_dir(&path).unwrap();
        }
        for command in ["verify", "diff", "info", "create"] {
            let answer = mhl(command, &root, "");
            assert!([0, 3, 31].contains(&answer.code), "{kind} beside {command}: {} {}", answer.code, answer.all());
        }
    }
}

// T7
#[test]
fn every_change_of_a_large_file_is_found() {
    let stage = Stage::new();
    // Sparse: 1 GiB that takes no room.
    const SIZE: u64 = 1 << 30;
    let root = stage.tree("card", &[("small", "abc")]);
    let open = || fs::OpenOptions::new().write(true).create(true).truncate(false).open(root.join("large.mov")).unwrap();
    open().set_len(SIZE).unwrap();
    create(&root, "-h xxh64");
    for at in [0, SIZE / 2 - 1, SIZE - 1] {
        open().write_at(&[1], at).unwrap();
        mhl("verify", &root, "").expect(11).says("large.mov");
        open().write_at(&[0], at).unwrap();
    }
    mhl("verify", &root, "").expect(0);
    for size in [SIZE - 1, SIZE + 1, 0] {
        open().set_len(size).unwrap();
        mhl("verify", &root, "").expect(11).says("large.mov");
    }
    open().set_len(SIZE).unwrap();
    mhl("verify", &root, "").expect(0);
}

// T7
#[test]
fn every_change_is_found_in_every_format() {
    let stage = Stage::new();
    let mut theirs = reference();
    for format in crate::support::FORMATS {
        let root = stage.tree(format, &[]);
        // Longer than one read, with an odd end.
        let bytes: Vec<u8> = (0..(3 << 20) + 13_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        put(&root, "a.mov", &bytes);
        put(&root, "b.mov", bytes.iter().rev().copied().collect::<Vec<_>>());
        create(&root, &format!("-h {format}"));
        for at in [0, 1 << 20, bytes.len() / 2, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            put(&root, "a.mov", &flipped);
            mhl("verify", &root, "").expect(11).says("a.mov");
        }
        put(&root, "a.mov", &bytes[..bytes.len() - 1]);
        mhl("verify", &root, "").expect(11);
        put(&root, "a.mov", [&bytes[..], &[0]].concat());
        mhl("verify", &root, "").expect(11);
        // Two files of one size that changed places.
        put(&root, "a.mov", bytes.iter().rev().copied().collect::<Vec<_>>());
        put(&root, "b.mov", &bytes);
        mhl("verify", &root, "").expect(11).says("a.mov").says("b.mov");
        if let Some(theirs) = &mut theirs {
            theirs.expect(11, "verify", &root, "");
        }
    }
}

#[test]
fn the_same_file_with_its_old_time_and_size_is_read_all_the_same() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let times = stage.path("times");
    crate::support::tool("touch", &["-r".as_ref(), root.join(CLIP).as_os_str(), times.as_os_str()]);
    put(&root, CLIP, "abce\n");
    crate::support::tool("touch", &["-r".as_ref(), times.as_os_str(), root.join(CLIP).as_os_str()]);
    mhl("verify", &root, "").expect(11);
    let _ = run(&["mhl", "--help"]);
}
