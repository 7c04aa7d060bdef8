//! Owns the promise that the reference accepts what `create` writes, and that folder digests are its own.

use crate::manifest::generation;
use crate::support::{ALL, CARD, CLIP, FORMATS, Stage, assert_valid, copy, create, mhl, put, reference};
use crate::trees::Dice;
use std::fs;
use std::path::Path;

/// Generation 1 here, everything the reference can say about it, generation 2 there.
fn accepted(format: &str) {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("A002R2EC", CARD);
    put(&root, "zero", "");
    put(&root, "Empty/Nested/", "");
    create(&root, &format!("-h {format}"));
    reference.expect(0, "verify", &root, "");
    reference.expect(0, "diff", &root, "");
    // C3
    reference.expect(0, "verify", &root, "-dh");
    reference.expect(0, "info", &root, "-v");
    reference.expect(0, "create", &root, &format!("-h {format}"));
    let (first, second) = (generation(&root, 1), generation(&root, 2));
    assert_eq!(second.actions(), ["verified"].into());
    assert_eq!(first.folders, second.folders);
    assert_eq!(first.root, second.root);
    assert_eq!(first.names(), second.names());
    create(&root, &format!("-h {format}"));
    assert_eq!(generation(&root, 3).actions(), ["verified"].into());
    assert_valid(&root);
}

// C1
#[test]
fn the_reference_accepts_a_history_in_xxh64() {
    accepted("xxh64");
}

// C2
#[test]
fn the_reference_accepts_a_history_in_every_other_format() {
    for format in ["md5", "sha1", "xxh128", "xxh3", "c4"] {
        accepted(format);
    }
}

// C3
#[test]
fn folder_digests_are_checked_on_both_sides() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("A002R2EC", CARD);
    put(&root, "Clips/deep/er/one.mov", "one");
    reference.expect(0, "create", &root, "-h xxh64");
    mhl("verify", &root, "-dh").expect(0);
    let before = copy(&root, &stage.path("before"));
    for (path, content) in [("Clips/deep/er/one.mov", "two"), ("Clips/deep/er/new.mov", "three")] {
        put(&root, path, content);
        mhl("verify", &root, "-dh").expect(12).says("Clips/deep/er");
        reference.expect(12, "verify", &root, "-dh");
    }
    fs::remove_file(root.join("Clips/deep/er/new.mov")).unwrap();
    put(&root, "Clips/deep/er/one.mov", "one");
    mhl("verify", &root, "-dh").expect(0);
    // A rename changes the structure, not the content.
    fs::rename(root.join(CLIP), root.join("Clips/renamed.mov")).unwrap();
    mhl("verify", &root, "-dh").expect(12).says("structure");
    fs::rename(root.join("Clips/renamed.mov"), root.join(CLIP)).unwrap();
    // The reference lets a change in the root itself pass.
    put(&root, "Sidecar.txt", "changed");
    reference.expect(0, "verify", &root, "-dh");
    mhl("verify", &root, "-dh").expect(12);
    // A folder that is gone, and one that is new.
    fs::remove_dir_all(root.join("Clips/deep/er")).unwrap();
    mhl("verify", &root, "-dh").expect(12);
    put(&before, "Empty/", "");
    mhl("verify", &before, "-dh").expect(12);
}

// C3
#[test]
fn folder_digests_are_checked_in_the_format_asked_for() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h md5");
    create(&root, "-h xxh64,sha1");
    for format in ["xxh64", "sha1"] {
        mhl("verify", &root, &format!("-dh -h {format}")).expect(0);
    }
    put(&root, CLIP, "changed");
    for format in ["xxh64", "sha1"] {
        mhl("verify", &root, &format!("-dh -h {format}")).expect(12);
    }
    // A format no generation has: a message, no crash.
    let answer = mhl("verify", &root, "-dh -h c4").says("c4");
    assert!([0, 12].contains(&answer.code), "{}", answer.code);
}

#[test]
fn folder_digests_are_only_computed_without_a_history() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    for format in ["xxh64", "c4"] {
        let theirs = reference.expect(0, "verify", &root, &format!("-dh -co -h {format}"));
        let ours = mhl("verify", &root, &format!("-dh -co -h {format}")).expect(0).text;
        let root_only = mhl("verify", &root, &format!("-dh -co -ro -h {format}")).expect(0).text;
        let digests: Vec<&str> =
            theirs.split_whitespace().filter(|word| word.len() == if format == "c4" { 90 } else { 16 }).collect();
        // Two of `Clips`, two of the root.
        assert_eq!(digests.len(), 4, "{theirs}");
        for digest in &digests {
            assert!(ours.contains(digest), "{digest} is not in\n{ours}");
        }
        assert!(
            root_only.contains(digests[2]) && root_only.contains(digests[3]) && !root_only.contains(digests[0]),
            "{root_only}"
        );
    }
    assert!(!root.join("ascmhl").exists());
}

/// The same tree in both tools, all formats at once.
fn same_folder_digests(root: &Path, stage: &Stage) {
    let Some(mut reference) = reference() else { return };
    let theirs = copy(root, &stage.path("theirs"));
    create(root, &format!("-h {ALL}"));
    let options: Vec<String> = FORMATS.iter().map(|format| format!("-h {format}")).collect();
    reference.expect(0, "create", &theirs, &options.join(" "));
    let (ours, theirs) = (generation(root, 1).comparable(), generation(&theirs, 1).comparable());
    assert_eq!(ours.root, theirs.root);
    assert_eq!(ours.folders.keys().collect::<Vec<_>>(), theirs.folders.keys().collect::<Vec<_>>());
    for (path, folder) in &ours.folders {
        assert_eq!(folder, &theirs.folders[path], "{path}");
    }
    assert_eq!(ours, theirs);
    assert_valid(root);
}

// C4
#[test]
fn folder_digests_of_every_shape_are_those_of_the_reference() {
    let stage = Stage::new();
    let root = stage.tree(
        "ours",
        &[
            ("same/a.mov", "equal"),
            ("same/b.mov", "equal"),
            ("same too/a.mov", "equal"),
            ("same too/b.mov", "equal"),
            ("Empty/", ""),
            ("Empty too/Nested/Empty/", ""),
            ("one/only", "child"),
            ("one folder/only/", ""),
            ("1/2/3/4/5/deep.mov", "deep"),
            ("1/2/3/4/5/zero", ""),
            ("Köln/ß 日本 😀.txt", "x"),
            ("Ko\u{308}ln/decomposed.txt", "x"),
            ("z", "Z"),
            ("Z", "z"),
            ("a b/ c ", "blank"),
            ("zero", ""),
            (".hidden/.file", "hidden"),
        ],
    );
    same_folder_digests(&root, &stage);
}

// C5
#[test]
fn folder_digests_of_a_thousand_random_folders_are_those_of_the_reference() {
    let stage = Stage::new();
    let root = stage.tree("ours", &[]);
    let mut dice = Dice::new(0x0c05);
    let mut folders = vec![String::new()];
    while folders.len() < 1000 {
        let above = folders[dice.below(folders.len())].clone();
        let folder = format!("{above}{}{}/", dice.name(), folders.len());
        put(&root, &folder, "");
        for _ in 0..dice.below(3) {
            put(&root, &format!("{folder}{}", dice.name()), format!("{}", dice.below(20)));
        }
        if folder.len() < 200 {
            folders.push(folder);
        }
    }
    same_folder_digests(&root, &stage);
}

// C7
#[test]
fn a_transfer_is_verified_at_the_destination_and_at_the_next_copy() {
    let stage = Stage::new();
    let root = stage.tree("first/A002R2EC", CARD);
    create(&root, "-h xxh64 --process transfer");
    assert_eq!(generation(&root, 1).process, "transfer");
    assert_valid(&root);
    fs::create_dir_all(stage.path("second")).unwrap();
    let second = copy(&root, &stage.path("second/A002R2EC"));
    let Some(mut reference) = reference() else { return };
    for root in [&root, &second] {
        reference.expect(0, "verify", root, "");
        reference.expect(0, "verify", root, "-dh");
    }
    create(&second, "-h xxh64");
    assert_eq!(generation(&second, 2).process, "in-place");
    reference.expect(0, "verify", &second, "");
    reference.expect(0, "create", &second, "-h xxh64");
}
