//! Owns packing lists: a history flattened into one manifest outside of it, and folders checked against such a list.

use crate::manifest::{Manifest, c4, manifests};
use crate::support::{
    CARD, CLIP, MANIFEST_SCHEMA, NESTED, OTHER_CLIP, Stage, assert_schema, copy, create, create_nested, everything, mhl, put,
    reference, run,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The one packing list in a folder.
#[track_caller]
fn list_in(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> = entries.filter(|path| path.extension() == Some("mhl".as_ref())).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[track_caller]
fn flatten(root: &Path, destination: &Path) -> PathBuf {
    mhl("flatten", root, destination.to_str().unwrap()).expect(0);
    let list = list_in(destination);
    assert_schema(MANIFEST_SCHEMA, std::slice::from_ref(&list));
    let manifest = Manifest::read(&list);
    assert_eq!(manifest.process, "flatten");
    assert!(manifest.folders.is_empty() && manifest.root.is_none() && manifest.references.is_empty());
    let name = list.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("packinglist_{}_2", root.file_name().unwrap().to_str().unwrap())), "{name}");
    assert!(name.ends_with('Z') || name.ends_with("Z.mhl"), "{name}");
    list
}

/// Action and digest by path and format.
fn hashes(list: &Path) -> BTreeMap<String, BTreeMap<String, (String, String)>> {
    Manifest::read(list).files.into_iter().map(|(path, file)| (path, file.hashes)).collect()
}

/// Flattens with both tools and compares what they list; gives both lists.
fn as_reference(stage: &Stage, root: &Path, name: &str) -> Option<(PathBuf, PathBuf)> {
    let mut reference = reference()?;
    let (ours, theirs) = (stage.tree(&format!("ours {name}").replace(' ', "_"), &[]), stage.tree(&format!("theirs_{name}"), &[]));
    let before = everything(root);
    let ours = flatten(root, &ours);
    assert!(everything(root) == before, "flatten changed the history");
    reference.expect(0, "flatten", root, theirs.to_str().unwrap());
    let theirs = list_in(&theirs);
    assert_eq!(hashes(&ours), hashes(&theirs));
    Some((ours, theirs))
}

// K1
#[test]
fn a_packing_list_keeps_the_earliest_good_digest_of_each_format() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    as_reference(&stage, &root, "simple");
    create(&root, "-h md5");
    as_reference(&stage, &root, "formats");
    put(&root, "late.mov", "late");
    put(&root, CLIP, "altered");
    mhl("create", &root, "-h xxh64,md5,sha1").expect(11);
    let Some((list, _)) = as_reference(&stage, &root, "failed") else { return };
    let found = hashes(&list);
    assert_eq!(found[CLIP].len(), 2, "neither the failed digest nor a new one of a failed file");
    assert_eq!(found[CLIP]["xxh64"].0, "original");
    assert_eq!(found[OTHER_CLIP].keys().collect::<Vec<_>>(), ["md5", "sha1", "xxh64"]);
    assert!(found.contains_key("late.mov"));
}

// K2
#[test]
fn a_packing_list_holds_nested_histories_under_their_folders() {
    let stage = Stage::new();
    let root = stage.tree("Root", NESTED);
    create_nested(&root, "-h xxh64");
    create(&root.join("B"), "-h md5");
    let Some((ours, _)) = as_reference(&stage, &root, "nested") else { return };
    let found = hashes(&ours);
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), {
        let mut names: Vec<&str> = NESTED.iter().map(|(path, _)| *path).collect();
        names.sort_unstable();
        names
    });
    assert_eq!(found["B/BB/BB1.txt"].len(), 2);
    mhl("verify", &root, &format!("-pl {}", ours.display())).expect(0);
}

// K4
#[test]
fn a_folder_is_verified_against_a_packing_list() {
    let stage = Stage::new();
    let original = stage.tree("card", CARD);
    put(&original, "sub/Empty/", "");
    create(&original, "-h xxh64,md5");
    let list = flatten(&original, &stage.tree("lists", &[]));
    let option = format!("-pl {}", list.display());
    let (with, without) = (stage.path("with"), stage.path("without"));
    copy(&original, &with);
    copy(&original, &without);
    fs::remove_dir_all(without.join("ascmhl")).unwrap();
    let mut theirs = reference();
    for root in [with, without] {
        let mut expect = |code: i32, word: &str| {
            mhl("verify", &root, &option).expect(code).says(word);
            if let Some(theirs) = &mut theirs {
                theirs.expect(code, "verify", &root, &option);
            }
        };
        expect(0, "");
        put(&root, CLIP, "altered");
        expect(11, CLIP);
        put(&root, "new.mov", "new");
        expect(11, "new.mov");
        put(&root, CLIP, "abcd\n");
        expect(21, "new.mov");
        fs::remove_file(root.join(OTHER_CLIP)).unwrap();
        expect(21, OTHER_CLIP);
        fs::remove_file(root.join("new.mov")).unwrap();
        expect(10, OTHER_CLIP);
        assert!(manifests(&root).len() < 2, "a check writes nothing");
    }
}

// K5
#[test]
fn packing_lists_are_understood_on_both_sides() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    put(&root, " odd & <name> ", "x");
    create(&root, "-h xxh64");
    create(&root, "-h c4");
    let Some((ours, theirs)) = as_reference(&stage, &root, "both") else { return };
    let Some(mut reference) = reference() else { return };
    reference.expect(0, "verify", &root, &format!("-pl {}", ours.display()));
    mhl("verify", &root, &format!("-pl {}", theirs.display())).expect(0);
    mhl("verify", &root, &format!("-pl {} --all-formats", theirs.display())).expect(0);
    put(&root, "Sidecar.txt", "altered");
    reference.expect(11, "verify", &root, &format!("-pl {}", ours.display()));
    mhl("verify", &root, &format!("-pl {}", theirs.display())).expect(11);
}

/// The specification keeps former paths; the reference drops them and then misses the old name.
#[test]
fn a_packing_list_keeps_former_paths() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::rename(root.join(CLIP), root.join("renamed.mov")).unwrap();
    create(&root, "-h xxh64 -dr");
    let list = flatten(&root, &stage.tree("lists", &[]));
    let manifest = Manifest::read(&list);
    assert!(!manifest.files.contains_key(CLIP), "{:?}", manifest.names());
    assert_eq!(manifest.files["renamed.mov"].previous.as_deref(), Some(CLIP));
    assert!(manifest.files["renamed.mov"].hashes.contains_key("xxh64"));
    mhl("verify", &root, &format!("-pl {}", list.display())).expect(0);
}

#[test]
fn a_packing_list_comes_with_a_collection_on_request() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let destination = stage.tree("lists", &[]);
    mhl("flatten", &root, &format!("{} --collection --author-name Ann", destination.display())).expect(0);
    let list = list_in(&destination);
    let collection = destination.join("ascmhl_collection.xml");
    assert_schema(crate::support::CHAIN_SCHEMA, std::slice::from_ref(&collection));
    let xml = fs::read_to_string(&collection).unwrap();
    assert!(xml.contains(&c4(&fs::read(&list).unwrap())), "{xml}");
    assert!(fs::read_to_string(&list).unwrap().contains("Ann"));
    run(&["mhl", "check", "-df", collection.to_str().unwrap()]).expect(0);
    run(&["mhl", "check", list.to_str().unwrap()]).expect(0);
    mhl("verify", &root, &format!("-pl {}", list.display())).expect(0);
    // A second list joins the collection.
    let other = stage.tree("other", CARD);
    create(&other, "-h xxh64");
    mhl("flatten", &other, &format!("{} --collection", destination.display())).expect(0);
    let xml = fs::read_to_string(&collection).unwrap();
    assert_eq!(xml.matches("<c4>").count(), 2, "{xml}");
    assert_schema(crate::support::CHAIN_SCHEMA, &[collection]);
}

#[test]
fn flatten_makes_the_last_folder_and_says_what_is_wrong() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let list = flatten(&root, &stage.path("new"));
    assert!(list.is_file());
    fs::write(stage.path("file"), "x").unwrap();
    let answer = mhl("flatten", &root, stage.path("file").to_str().unwrap()).says("file");
    assert!([2, 3].contains(&answer.code), "{}", answer.code);
    let answer = mhl("verify", &root, &format!("-pl {}", stage.path("missing.mhl").display()));
    assert!([2, 3].contains(&answer.code), "{}", answer.code);
    fs::write(stage.path("broken.mhl"), "<hashlist").unwrap();
    mhl("verify", &root, &format!("-pl {}", stage.path("broken.mhl").display())).expect(31);
    // Damage stops flatten before it writes.
    fs::remove_file(crate::manifest::chain_path(&root)).unwrap();
    let destination = stage.tree("none", &[]);
    mhl("flatten", &root, destination.to_str().unwrap()).expect(32);
    assert_eq!(fs::read_dir(destination).unwrap().count(), 0);
}
