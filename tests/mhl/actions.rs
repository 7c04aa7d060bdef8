//! Owns the rule of verification: what becomes of unchanged, altered, missing and new files, generation after generation.

use crate::manifest::{generation, manifests, rewrite};
use crate::support::{CARD, CLIP, OTHER_CLIP, Stage, assert_valid, copy, create, mhl, put, reference, tool};
use std::fs;
use std::path::Path;

// A1
#[test]
fn unchanged_files_are_verified() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    for number in 1..=3 {
        create(&root, "-h xxh64");
        let expected = if number == 1 { "original" } else { "verified" };
        assert_eq!(generation(&root, number).actions(), [expected].into());
    }
    assert_eq!(generation(&root, 1).root, generation(&root, 3).root);
    assert_valid(&root);
    reference.expect(0, "verify", &root, "");
}

// A2
#[test]
fn an_altered_file_fails_and_the_generation_is_written() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, CLIP, "abce\n");
    let theirs = copy(&root, &stage.path("theirs"));
    mhl("verify", &root, "").expect(11).says(CLIP);
    assert_eq!(manifests(&root).len(), 1);
    mhl("create", &root, "-h xxh64").expect(11).says(CLIP);
    reference.expect(11, "create", &theirs, "-h xxh64");
    let second = generation(&root, 2);
    assert_eq!(second.clone().comparable(), generation(&theirs, 2).comparable());
    assert_eq!(second.action(CLIP, "xxh64"), "failed");
    assert_eq!(second.action(OTHER_CLIP, "xxh64"), "verified");
    assert_valid(&root);
    mhl("verify", &root, "").expect(11);
    reference.expect(11, "verify", &root, "");
}

// A3
#[test]
fn a_repaired_file_is_verified_again() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, CLIP, "once");
    mhl("create", &root, "-h xxh64").expect(11);
    put(&root, CLIP, "twice");
    mhl("create", &root, "-h xxh64").expect(11);
    // Unchanged since the failed generation: still not what was recorded first.
    mhl("create", &root, "-h xxh64").expect(11);
    put(&root, CLIP, "abcd\n");
    mhl("verify", &root, "").expect(0);
    create(&root, "-h xxh64");
    let actions: Vec<_> = (1..=5).map(|number| generation(&root, number).action(CLIP, "xxh64").to_owned()).collect();
    assert_eq!(actions, ["original", "failed", "failed", "failed", "verified"]);
    assert_valid(&root);
    if let Some(mut reference) = reference() {
        reference.expect(0, "verify", &root, "");
        reference.expect(0, "create", &root, "-h xxh64");
    }
}

// A5
#[test]
fn a_new_format_joins_a_good_file() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = stage.tree("ours", CARD);
    let theirs = copy(&ours, &stage.path("theirs"));
    for (number, options) in (1..).zip(["-h xxh64", "-h md5", "-h md5"]) {
        create(&ours, options);
        reference.expect(0, "create", &theirs, options);
        assert_eq!(generation(&ours, number).comparable(), generation(&theirs, number).comparable(), "{number}");
    }
    // An old and a new format together: the reference fails on its own check of what it is about to write.
    create(&ours, "-h c4,md5");
    let fourth = generation(&ours, 4);
    assert_eq!(
        (fourth.action(CLIP, "c4"), fourth.action(CLIP, "md5"), fourth.files[CLIP].hashes.len()),
        ("verified", "verified", 2)
    );
    create(&ours, "-h sha1");
    let second = generation(&ours, 2);
    assert_eq!((second.action(CLIP, "xxh64"), second.action(CLIP, "md5")), ("verified", "verified"));
    assert!(second.folders["Clips"].content.keys().eq(["md5"]), "only what was asked for gets folder digests");
    assert!(generation(&ours, 3).files[CLIP].hashes.keys().eq(["md5"]));
    // With no format in common one recorded format proves the file; which one is the tool's choice.
    let fifth = generation(&ours, 5);
    assert_eq!(fifth.actions(), ["verified"].into());
    assert_eq!((fifth.files[CLIP].hashes.len(), fifth.action(CLIP, "sha1")), (2, "verified"));
    assert_valid(&ours);
    reference.expect(0, "verify", &ours, "");
}

// A5
#[test]
fn a_new_format_is_not_recorded_for_a_bad_file() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, CLIP, "changed");
    mhl("create", &root, "-h md5").expect(11);
    let second = generation(&root, 2);
    assert!(second.files[CLIP].hashes.keys().eq(["xxh64"]), "{:?}", second.files[CLIP]);
    assert_eq!(second.action(CLIP, "xxh64"), "failed");
    assert_eq!(second.action(OTHER_CLIP, "md5"), "verified");
    assert_valid(&root);
    // The bad digest never becomes what later files are compared with.
    put(&root, CLIP, "abcd\n");
    create(&root, "-h md5");
    assert_eq!(generation(&root, 3).action(CLIP, "md5"), "verified");
    mhl("verify", &root, "--all-formats").expect(0);
}

// A7
#[test]
fn a_missing_file_stays_missing() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::remove_file(root.join(CLIP)).unwrap();
    for number in 2..=3 {
        mhl("create", &root, "-h xxh64").expect(10).says(CLIP);
        let newest = generation(&root, number);
        assert!(!newest.names().contains(CLIP));
        assert_eq!(newest.actions(), ["verified"].into());
        mhl("verify", &root, "").expect(10).says(CLIP);
        mhl("diff", &root, "").expect(10).says(CLIP);
        reference.expect(10, "verify", &root, "");
    }
    assert_valid(&root);
    put(&root, CLIP, "abcd\n");
    create(&root, "-h xxh64");
    assert_eq!(generation(&root, 4).action(CLIP, "xxh64"), "verified");
}

// A8
#[test]
fn a_new_file_is_recorded_as_original() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, "Clips/new.mov", "new");
    mhl("verify", &root, "").expect(21).says("Clips/new.mov");
    mhl("diff", &root, "").expect(21).says("Clips/new.mov");
    create(&root, "-h xxh64");
    let second = generation(&root, 2);
    assert_eq!(second.action("Clips/new.mov", "xxh64"), "original");
    assert_eq!(second.action(CLIP, "xxh64"), "verified");
    mhl("verify", &root, "").expect(0);
    mhl("diff", &root, "").expect(0);
    reference.expect(0, "verify", &root, "");
    assert_valid(&root);
}

type Change = fn(&Path);

/// Situation, change, codes of diff, verify and create; and the reference's where it is wrong.
const TABLE: &[(&str, Change, [i32; 3], Option<[i32; 3]>)] = &[
    ("unchanged", |_| {}, [0, 0, 0], None),
    (
        "touched",
        |root| drop(tool("touch", &["-d".as_ref(), "2001-01-01".as_ref(), root.join(CLIP).as_os_str()])),
        [0, 0, 0],
        None,
    ),
    ("missing", |root| fs::remove_file(root.join(CLIP)).unwrap(), [10, 10, 10], None),
    ("missing folder", |root| fs::remove_dir_all(root.join("Clips")).unwrap(), [10, 10, 10], None),
    ("missing empty folder", |root| fs::remove_dir(root.join("Empty")).unwrap(), [10, 10, 10], None),
    ("new", |root| put(root, "new", "new"), [21, 21, 0], None),
    ("new below an old folder", |root| put(root, "Clips/new", "new"), [21, 21, 0], None),
    ("new empty folder", |root| put(root, "new/", ""), [0, 0, 0], None),
    ("altered", |root| put(root, CLIP, "ABCD\n"), [0, 11, 11], None),
    ("shorter", |root| put(root, CLIP, ""), [0, 11, 11], None),
    ("renamed", |root| fs::rename(root.join(CLIP), root.join("Clips/new.mov")).unwrap(), [10, 21, 10], None),
    (
        "missing and new",
        |root| {
            fs::remove_file(root.join(CLIP)).unwrap();
            put(root, "new", "new");
        },
        [10, 21, 10],
        None,
    ),
    (
        "missing, new and altered",
        |root| {
            fs::remove_file(root.join(CLIP)).unwrap();
            put(root, "new", "new");
            put(root, OTHER_CLIP, "altered");
        },
        [10, 11, 11],
        None,
    ),
    (
        "missing and altered",
        |root| {
            fs::remove_file(root.join(CLIP)).unwrap();
            put(root, OTHER_CLIP, "altered");
        },
        [10, 11, 11],
        None,
    ),
    (
        "new and altered",
        |root| {
            put(root, "new", "new");
            put(root, OTHER_CLIP, "altered");
        },
        [21, 11, 11],
        None,
    ),
    (
        "an empty folder instead of a file",
        |root| {
            fs::remove_file(root.join(CLIP)).unwrap();
            put(root, &format!("{CLIP}/"), "");
        },
        [10, 10, 10],
        Some([0, 0, 0]),
    ),
    (
        "a folder with a file instead of a file",
        |root| {
            fs::remove_file(root.join(CLIP)).unwrap();
            put(root, &format!("{CLIP}/new"), "new");
        },
        [10, 21, 10],
        Some([21, 21, 0]),
    ),
    (
        "a file instead of a folder",
        |root| {
            fs::remove_dir(root.join("Empty")).unwrap();
            put(root, "Empty", "new");
        },
        [10, 21, 10],
        Some([21, 21, 0]),
    ),
    (
        "another case of a name",
        |root| fs::rename(root.join("Sidecar.txt"), root.join("sidecar.TXT")).unwrap(),
        [10, 21, 10],
        None,
    ),
    ("decomposed", |root| fs::rename(root.join("Köln"), root.join("Ko\u{308}ln")).unwrap(), [10, 21, 10], None),
];

// A9, A10, A11 and table 1.13
#[test]
fn every_situation_gives_its_code() {
    let stage = Stage::new();
    let before = stage.tree("before", CARD);
    put(&before, "Empty/", "");
    put(&before, "Köln", "umlaut");
    create(&before, "-h xxh64");
    let mut reference = reference();
    let mut wrong = Vec::new();
    for (number, (situation, change, codes, theirs)) in TABLE.iter().enumerate() {
        let root = copy(&before, &stage.path(&format!("case{number}")));
        change(&root);
        let other = copy(&root, &stage.path(&format!("other{number}")));
        let found: Vec<i32> = ["diff", "verify", "create"].map(|command| mhl(command, &root, "").code).into();
        if found != codes {
            wrong.push(format!("{situation}: {found:?} instead of {codes:?}"));
        }
        assert_valid(&root);
        if let Some(reference) = &mut reference {
            let found: Vec<i32> = ["diff", "verify", "create"].map(|command| reference.run(command, &other, &[]).0).into();
            if found != theirs.unwrap_or(*codes) {
                wrong.push(format!("{situation}: the reference gives {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// A10
#[test]
fn a_wrong_size_in_the_manifest_is_no_difference_while_the_digest_matches() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    rewrite(&root, 1, |xml| xml.replace("size=\"5\"", "size=\"6\""));
    mhl("verify", &root, "").expect(0);
    mhl("create", &root, "-h xxh64").expect(0);
    assert_eq!(generation(&root, 2).files[CLIP].size, Some(5));
}

#[test]
fn without_reading_names_and_sizes_are_compared_and_nothing_is_called_read() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, CLIP, "ABCD\n");
    mhl("verify", &root, "--depth none").expect(0).says("nothing read");
    put(&root, CLIP, "longer than before");
    mhl("verify", &root, "--depth none").expect(11).says(CLIP);
    fs::remove_file(root.join(CLIP)).unwrap();
    mhl("verify", &root, "--depth none").expect(10).says(CLIP);
}

// A11
#[test]
fn empty_folders_are_part_of_the_history() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    put(&root, "Empty/Nested/", "");
    create(&root, "-h xxh64");
    put(&root, "New/", "");
    mhl("verify", &root, "").expect(0);
    create(&root, "-h xxh64");
    assert!(generation(&root, 2).folders.contains_key("New"));
    fs::remove_dir(root.join("Empty/Nested")).unwrap();
    for command in ["diff", "verify", "create"] {
        mhl(command, &root, "").expect(10).says("Empty/Nested");
    }
}

#[test]
fn everything_wrong_is_listed_at_once() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    put(&root, "third", "3");
    create(&root, "-h xxh64");
    put(&root, CLIP, "altered");
    put(&root, "third", "altered too");
    fs::remove_file(root.join(OTHER_CLIP)).unwrap();
    put(&root, "new", "new");
    let before = copy(&root, &stage.path("before"));
    for (command, root) in [("verify", &root), ("create", &before)] {
        mhl(command, root, "").expect(11).says(CLIP).says("third").says(OTHER_CLIP);
    }
    mhl("verify", &root, "").expect(11).says("new");
}

/// Histories of other tools may hold only `verified`, or no action.
#[test]
fn verified_and_unmarked_digests_are_references_too() {
    let stage = Stage::new();
    for (name, from, to) in [("verified", "action=\"original\"", "action=\"verified\""), ("none", "action=\"original\" ", "")] {
        let root = stage.tree(name, CARD);
        create(&root, "-h xxh64");
        rewrite(&root, 1, |xml| xml.replace(from, to));
        mhl("verify", &root, "").expect(0);
        create(&root, "-h xxh64");
        assert_eq!(generation(&root, 2).actions(), ["verified"].into());
        put(&root, CLIP, "altered");
        mhl("verify", &root, "").expect(11);
    }
}

/// A failed digest that a foreign history has first is no reference.
#[test]
fn a_failed_digest_is_never_a_reference() {
    use crate::manifest::{ABC_MD5, ABC_XXH64, entry_with, forge, hashlist};
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc")]);
    let digest = |format: &str, action: &str, value: &str| {
        format!("<{format} action=\"{action}\" hashdate=\"2024-02-01T10:00:00Z\">{value}</{format}>")
    };
    forge(
        &root,
        &[
            hashlist(&entry_with("a.mov", &digest("xxh64", "failed", "0123456789abcdef"))),
            hashlist(&entry_with("a.mov", &digest("xxh64", "original", ABC_XXH64))),
            hashlist(&entry_with("a.mov", &digest("md5", "failed", "0123456789abcdef0123456789abcdef"))),
            hashlist(&entry_with("a.mov", &digest("md5", "verified", ABC_MD5))),
        ],
    );
    mhl("verify", &root, "--all-formats").expect(0);
    create(&root, "-h md5,xxh64");
    assert_eq!(generation(&root, 5).actions(), ["verified"].into());
}
