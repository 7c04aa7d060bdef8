//! Owns renames: found by content, paired one to one, written once, followed for ever after.

use crate::manifest::{generation, manifests};
use crate::support::{CARD, CLIP, FORMATS, OTHER_CLIP, Stage, assert_valid, copy, create, mhl, put, reference};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// New path and former path of what a generation records as renamed, files and folders.
fn renamed(root: &Path, number: u32) -> BTreeMap<String, String> {
    let manifest = generation(root, number);
    let files = manifest.files.into_iter().filter_map(|(path, file)| Some((path, file.previous?)));
    files.chain(manifest.folders.into_iter().filter_map(|(path, folder)| Some((path, folder.previous?)))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(to, from)| ((*to).to_owned(), (*from).to_owned())).collect()
}

#[track_caller]
fn all_is_well(root: &Path) {
    for command in ["diff", "verify"] {
        mhl(command, root, "").expect(0);
    }
    assert_valid(root);
    if let Some(mut reference) = reference() {
        reference.expect(0, "verify", root, "");
        reference.expect(0, "diff", root, "");
        reference.expect(0, "create", &copy(root, &root.with_extension("theirs")), "");
        fs::remove_dir_all(root.with_extension("theirs")).unwrap();
    }
    let count = manifests(root).len();
    create(root, "-h xxh64");
    let number = u32::try_from(count).unwrap() + 1;
    assert_eq!(generation(root, number).actions(), ["verified"].into());
    assert!(renamed(root, number).is_empty(), "a rename is written once");
    mhl("verify", root, "").expect(0);
}

// M1
#[test]
fn a_renamed_file_is_verified_under_its_new_name() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::rename(root.join(CLIP), root.join("Clips/renamed.mov")).unwrap();
    mhl("create", &root, "-h xxh64 -dr").expect(0).says("renamed");
    let second = generation(&root, 2);
    assert_eq!(second.action("Clips/renamed.mov", "xxh64"), "verified");
    assert_eq!(renamed(&root, 2), pairs(&[("Clips/renamed.mov", CLIP)]));
    all_is_well(&root);
    put(&root, "Clips/renamed.mov", "altered");
    mhl("verify", &root, "").expect(11).says("renamed.mov");
}

// M1
#[test]
fn without_being_asked_a_rename_is_a_missing_and_a_new_file() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::rename(root.join(CLIP), root.join("Clips/renamed.mov")).unwrap();
    mhl("diff", &root, "").expect(10);
    mhl("verify", &root, "").expect(21);
    mhl("create", &root, "-h xxh64").expect(10);
    assert_eq!(generation(&root, 2).action("Clips/renamed.mov", "xxh64"), "original");
    assert!(renamed(&root, 2).is_empty());
}

// M2
#[test]
fn a_file_moved_to_another_folder_is_found() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::create_dir(root.join("Best")).unwrap();
    fs::rename(root.join(CLIP), root.join("Best/take.mov")).unwrap();
    create(&root, "-h xxh64 -dr");
    assert_eq!(renamed(&root, 2), pairs(&[("Best/take.mov", CLIP)]));
    all_is_well(&root);
}

// M2
#[test]
fn a_rename_is_found_although_another_format_is_asked_for() {
    let stage = Stage::new();
    for (from, to) in FORMATS.iter().zip(FORMATS.iter().cycle().skip(1)) {
        let root = stage.tree(&format!("{from} to {to}"), CARD);
        create(&root, &format!("-h {from}"));
        fs::rename(root.join(CLIP), root.join("renamed.mov")).unwrap();
        create(&root, &format!("-h {to} -dr"));
        assert_eq!(renamed(&root, 2), pairs(&[("renamed.mov", CLIP)]), "{from} {to}");
        let second = generation(&root, 2);
        assert_eq!(second.action("renamed.mov", from), "verified");
        assert_eq!(second.action("renamed.mov", to), "verified");
        mhl("verify", &root, "").expect(0);
        assert_valid(&root);
    }
}

// M3
#[test]
fn a_folder_renamed_with_all_it_holds_is_found() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    put(&root, "Clips/sub/more.mov", "more");
    put(&root, "Clips/Empty/", "");
    create(&root, "-h xxh64");
    fs::rename(root.join("Clips"), root.join("Footage")).unwrap();
    create(&root, "-h xxh64 -dr");
    let found = renamed(&root, 2);
    for (to, from) in [
        ("Footage", "Clips"),
        ("Footage/sub", "Clips/sub"),
        ("Footage/Empty", "Clips/Empty"),
        ("Footage/sub/more.mov", "Clips/sub/more.mov"),
        (&CLIP.replace("Clips", "Footage"), CLIP),
        (&OTHER_CLIP.replace("Clips", "Footage"), OTHER_CLIP),
    ] {
        assert_eq!(found.get(to).map(String::as_str), Some(from), "{found:?}");
    }
    assert_eq!(found.len(), 6);
    all_is_well(&root);
}

// M5
#[test]
fn a_renamed_and_altered_file_is_not_taken_for_the_old_one() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::remove_file(root.join(CLIP)).unwrap();
    put(&root, "Clips/renamed.mov", "altered");
    mhl("create", &root, "-h xxh64 -dr").expect(10).says(CLIP);
    assert!(renamed(&root, 2).is_empty());
    assert_eq!(generation(&root, 2).action("Clips/renamed.mov", "xxh64"), "original");
    mhl("verify", &root, "").expect(10);
    mhl("diff", &root, "").expect(10);
}

// M7
#[test]
fn renames_written_by_the_reference_are_followed() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    put(&root, "Old/inside.mov", "inside");
    reference.expect(0, "create", &root, "-h xxh64");
    fs::rename(root.join(CLIP), root.join("Clips/renamed.mov")).unwrap();
    fs::rename(root.join("Old"), root.join("New")).unwrap();
    reference.expect(0, "create", &root, "-h xxh64 -dr");
    assert_eq!(generation(&root, 2).action("Clips/renamed.mov", "xxh64"), "original", "as the reference writes it");
    for command in ["verify", "diff"] {
        mhl(command, &root, "").expect(0);
    }
    create(&root, "-h xxh64");
    assert_eq!(generation(&root, 3).actions(), ["verified"].into());
    reference.expect(0, "verify", &root, "");
    put(&root, "New/inside.mov", "altered");
    mhl("verify", &root, "").expect(11);
}

/// The reference gives both the same former path.
#[test]
fn equal_files_are_paired_one_to_one() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "equal"), ("b.mov", "equal"), ("kept.mov", "equal"), ("other", "other")]);
    create(&root, "-h xxh64");
    fs::rename(root.join("a.mov"), root.join("x.mov")).unwrap();
    fs::rename(root.join("b.mov"), root.join("y.mov")).unwrap();
    create(&root, "-h xxh64 -dr");
    assert_eq!(renamed(&root, 2), pairs(&[("x.mov", "a.mov"), ("y.mov", "b.mov")]));
    for command in ["diff", "verify", "create"] {
        mhl(command, &root, "").expect(0);
    }
    assert_valid(&root);
}

#[test]
fn the_folder_and_the_name_decide_between_equal_files() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("A/1.mov", "equal"), ("A/2.mov", "equal"), ("B/1.mov", "equal"), ("B/2.mov", "equal")]);
    create(&root, "-h xxh64");
    fs::rename(root.join("B"), root.join("Z")).unwrap();
    fs::rename(root.join("A"), root.join("Y")).unwrap();
    create(&root, "-h xxh64 -dr");
    let found = renamed(&root, 2);
    // Whichever folder is which, files go with their folder and keep their names.
    let folder = &found["Y"];
    for name in ["1.mov", "2.mov"] {
        assert_eq!(found[&format!("Y/{name}")], format!("{folder}/{name}"), "{found:?}");
    }
    assert_ne!(found["Y"], found["Z"]);
    for command in ["diff", "verify", "create"] {
        mhl(command, &root, "").expect(0);
    }
}

#[test]
fn a_copy_beside_the_old_file_is_new_and_no_rename() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, "Clips/copy.mov", "abcd\n");
    create(&root, "-h xxh64 -dr");
    assert!(renamed(&root, 2).is_empty());
    assert_eq!(generation(&root, 2).action("Clips/copy.mov", "xxh64"), "original");
    // One old file, two new ones of its content: one takes its place, the other is new.
    fs::rename(root.join(OTHER_CLIP), root.join("first.mov")).unwrap();
    put(&root, "second.mov", "def\n");
    create(&root, "-h xxh64 -dr");
    let found = renamed(&root, 3);
    assert_eq!(found.into_values().collect::<Vec<_>>(), [OTHER_CLIP]);
    mhl("verify", &root, "").expect(0);
}

#[test]
fn a_file_renamed_again_and_again_keeps_its_history() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let names = [CLIP, "Clips/one.mov", "two.mov", "Clips/three.mov", CLIP, "four.mov"];
    for (number, step) in (2..).zip(names.windows(2)) {
        fs::rename(root.join(step[0]), root.join(step[1])).unwrap();
        mhl("diff", &root, "").expect(10);
        create(&root, "-h xxh64 -dr");
        assert_eq!(renamed(&root, number), pairs(&[(step[1], step[0])]), "{step:?}");
        assert_eq!(generation(&root, number).action(step[1], "xxh64"), "verified");
        for command in ["diff", "verify"] {
            mhl(command, &root, "").expect(0);
        }
    }
    assert_valid(&root);
    put(&root, "four.mov", "altered");
    mhl("verify", &root, "").expect(11);
}

#[test]
fn two_files_that_changed_places_are_altered_not_renamed() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::rename(root.join(CLIP), root.join("between")).unwrap();
    fs::rename(root.join(OTHER_CLIP), root.join(CLIP)).unwrap();
    fs::rename(root.join("between"), root.join(OTHER_CLIP)).unwrap();
    mhl("verify", &root, "").expect(11).says(CLIP).says(OTHER_CLIP);
    mhl("create", &root, "-h xxh64 -dr").expect(11);
    assert!(renamed(&root, 2).is_empty());
}

#[test]
fn an_old_name_may_be_used_again() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::rename(root.join(CLIP), root.join("Clips/renamed.mov")).unwrap();
    create(&root, "-h xxh64 -dr");
    put(&root, CLIP, "another take");
    mhl("verify", &root, "").expect(21);
    create(&root, "-h xxh64");
    assert_eq!(generation(&root, 3).action(CLIP, "xxh64"), "original");
    mhl("verify", &root, "").expect(0);
    put(&root, CLIP, "altered");
    mhl("verify", &root, "").expect(11).says(CLIP);
}

#[test]
fn names_of_another_unicode_form_are_renames() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("Köln.mov", "umlaut"), ("Sidecar.txt", "side")]);
    create(&root, "-h xxh64");
    fs::rename(root.join("Köln.mov"), root.join("Ko\u{308}ln.mov")).unwrap();
    create(&root, "-h xxh64 -dr");
    assert_eq!(renamed(&root, 2), pairs(&[("Ko\u{308}ln.mov", "Köln.mov")]));
    mhl("verify", &root, "").expect(0);
}

#[test]
fn an_empty_file_may_be_renamed_too() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("zero", ""), ("full", "x")]);
    create(&root, "-h xxh64");
    fs::rename(root.join("zero"), root.join("nil")).unwrap();
    create(&root, "-h xxh64 -dr");
    assert_eq!(renamed(&root, 2), pairs(&[("nil", "zero")]));
    mhl("verify", &root, "").expect(0);
}
