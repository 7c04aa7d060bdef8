//! Owns work on single files: only they are read, only they are recorded, and never one outside the root.

use crate::manifest::{generation, manifests};
use crate::support::{CARD, CLIP, OTHER_CLIP, Stage, assert_valid, command, create, finish, mhl, put, reference};
use std::fs;

// S1
#[test]
fn one_file_is_verified() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let absolute = root.join(CLIP);
    mhl("verify", &root, &format!("-sf {CLIP}")).expect(0);
    mhl("verify", &root, &format!("-sf {}", absolute.display())).expect(0);
    put(&root, OTHER_CLIP, "altered");
    mhl("verify", &root, &format!("-sf {CLIP}")).expect(0);
    put(&root, CLIP, "altered");
    mhl("verify", &root, &format!("-sf {CLIP}")).expect(11).says(CLIP);
    mhl("verify", &root, &format!("-sf {}", absolute.display())).expect(11);
    put(&root, "unlisted.mov", "new");
    mhl("verify", &root, "-sf unlisted.mov").expect(21).says("unlisted.mov");
    mhl("verify", &root, "-sf nowhere.mov").expect(20).says("nowhere.mov");
    let mut run = command(&["mhl", "verify", root.to_str().unwrap(), "-sf", OTHER_CLIP]);
    run.current_dir(&root);
    finish(run).expect(11);
}

// S4
#[test]
fn a_single_file_is_verified_although_another_is_missing() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::remove_file(root.join(OTHER_CLIP)).unwrap();
    put(&root, "new.mov", "new");
    mhl("verify", &root, &format!("-sf {CLIP}")).expect(0);
    // The reference checks for completeness even then.
    reference.expect(10, "verify", &root, &format!("-sf {CLIP}"));
    // One that is recorded and gone is missing.
    let answer = mhl("verify", &root, &format!("-sf {OTHER_CLIP}")).says(OTHER_CLIP);
    assert!([10, 20].contains(&answer.code), "{}", answer.code);
}

// S2
#[test]
fn single_files_and_folders_are_recorded() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    put(&root, "Clips/sub/more.mov", "more");
    create(&root, "-h xxh64");
    let file = |path: &str| root.join(path).to_str().unwrap().to_owned();
    create(&root, &format!("-h xxh64 -sf {}", file(CLIP)));
    let second = generation(&root, 2);
    assert_eq!(second.names(), [CLIP].into());
    assert_eq!(second.actions(), ["verified"].into());
    assert!(second.root.is_none() && second.folders.is_empty(), "no folder digests");
    create(&root, &format!("-h xxh64 -sf {} -sf {}", file(CLIP), file("Sidecar.txt")));
    assert_eq!(generation(&root, 3).names(), [CLIP, "Sidecar.txt"].into());
    create(&root, &format!("-h xxh64 -sf {}", file("Clips")));
    assert_eq!(generation(&root, 4).names(), [CLIP, OTHER_CLIP, "Clips/sub/more.mov"].into());
    put(&root, CLIP, "altered");
    mhl("create", &root, &format!("-h xxh64 -sf {}", file(CLIP))).expect(11);
    assert_eq!(generation(&root, 5).action(CLIP, "xxh64"), "failed");
    // What is not asked for is not read, missing or not.
    fs::remove_file(root.join("Sidecar.txt")).unwrap();
    put(&root, CLIP, "abcd\n");
    create(&root, &format!("-h xxh64 -sf {}", file(CLIP)));
    assert_valid(&root);
    if let Some(mut reference) = reference() {
        reference.expect(10, "verify", &root, "");
        put(&root, "Sidecar.txt", "BLOREM ipsum dolor sit amet, consetetur sadipscing elitr.\n");
        reference.expect(0, "verify", &root, "");
        reference.expect(0, "create", &root, "-h xxh64");
    }
}

// S2
#[test]
fn single_files_start_a_history() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    for (number, path) in (1..).zip([CLIP, OTHER_CLIP, "Sidecar.txt"]) {
        create(&root, &format!("-h xxh64 -sf {}", root.join(path).display()));
        assert_eq!(generation(&root, number).names(), [path].into());
        mhl("verify", &root, "").expect(if number < 3 { 21 } else { 0 });
    }
    assert_valid(&root);
    if let Some(mut reference) = reference() {
        reference.expect(0, "verify", &root, "");
    }
    create(&root, "-h xxh64");
    assert_eq!(generation(&root, 4).actions(), ["verified"].into());
}

#[test]
fn a_file_outside_the_root_is_refused() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let outside = stage.tree("card too", CARD);
    create(&root, "-h xxh64");
    std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
    let paths = [outside.join(CLIP), root.join("../card too").join(CLIP), root.join("link").join(CLIP), root.join("..")];
    for path in &paths {
        let path = path.to_str().unwrap();
        crate::support::mhl_with("create", &root, &["-h", "xxh64", "-sf", path]).expect(2);
    }
    assert_eq!(manifests(&root).len(), 1);
    mhl("create", &root, "-sf nowhere.mov").expect(20).says("nowhere.mov");
    assert_eq!(manifests(&root).len(), 1);
    let answer = crate::support::mhl_with("verify", &root, &["-sf", paths[0].to_str().unwrap()]);
    assert!([2, 20].contains(&answer.code), "{}", answer.all());
}

#[test]
fn a_single_file_in_a_new_format_proves_the_old_one_first() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    create(&root, &format!("-h md5 -sf {}", root.join(CLIP).display()));
    let second = generation(&root, 2);
    assert_eq!((second.action(CLIP, "xxh64"), second.action(CLIP, "md5")), ("verified", "verified"));
}
