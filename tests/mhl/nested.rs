//! Owns nested histories: who records what, which generations refer to which, and what damage below means above.

use crate::manifest::{c4, chain_path, forge, generation, hashlist, manifest_path, manifests, rechain, rewrite};
use crate::support::{CHILDREN, NESTED, Stage, assert_valid, copy, create, create_nested, mhl, put, reference};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn nested(stage: &Stage, name: &str) -> std::path::PathBuf {
    stage.tree(name, NESTED)
}

/// Each reference of each generation is the C4 of the manifest it names.
#[track_caller]
fn assert_references_hold(root: &Path) {
    for number in manifests(root).into_keys() {
        for (path, expected) in generation(root, number).references {
            assert_eq!(c4(&fs::read(root.join(&path)).unwrap()), expected, "{path}");
        }
    }
}

// N1
#[test]
fn each_entry_goes_to_the_closest_history() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = nested(&stage, "ours/Root");
    fs::create_dir_all(stage.path("theirs")).unwrap();
    let theirs = copy(&ours, &stage.path("theirs/Root"));
    create_nested(&ours, "-h xxh64");
    reference.create_nested(&theirs, "-h xxh64");
    for folder in ["", "A/AA", "B", "B/BB"] {
        let (ours, theirs) = (ours.join(folder), theirs.join(folder));
        let numbers: Vec<u32> = manifests(&theirs).into_keys().collect();
        assert_eq!(manifests(&ours).into_keys().collect::<Vec<_>>(), numbers, "{folder}");
        for number in numbers {
            assert_eq!(generation(&ours, number).comparable(), generation(&theirs, number).comparable(), "{folder} {number}");
        }
        assert_references_hold(&ours);
    }
    assert_valid(&ours);
    let top = generation(&ours, 1);
    assert_eq!(top.names(), ["A/A1.txt", "A/AB/AB1.txt", "Stuff.txt"].into());
    assert_eq!(top.folders.keys().map(String::as_str).collect::<BTreeSet<_>>(), ["A", "A/AA", "A/AB", "B"].into());
    assert_eq!(top.references.len(), 2);
    // One pair of digests, in the child as its root and above as a folder.
    assert_eq!(generation(&ours.join("A/AA"), 2).root.unwrap().content, top.folders["A/AA"].content);
    for command in ["verify", "diff"] {
        reference.expect(0, command, &ours, "");
        mhl(command, &theirs, "").expect(0);
        mhl(command, &ours, "").expect(0);
    }
    mhl("verify", &ours, "-dh").expect(0);
    reference.expect(0, "verify", &ours, "-dh");
    mhl("info", &ours, "").expect(0).says("A/AA").says("B/BB");
    // And on, in turns.
    reference.expect(0, "create", &ours, "-h xxh64");
    create(&theirs, "-h xxh64");
    create(&ours, "-h xxh64");
    reference.expect(0, "create", &theirs, "-h xxh64");
    assert_eq!(generation(&ours, 3).comparable(), generation(&theirs, 3).comparable());
    assert_valid(&ours);
}

#[test]
fn one_operation_writes_one_time_everywhere() {
    let stage = Stage::new();
    let root = nested(&stage, "Root");
    create_nested(&root, "-h xxh64");
    create(&root, "-h xxh64");
    let mut times = BTreeSet::new();
    for folder in ["", "A/AA", "B", "B/BB"] {
        let newest = manifests(&root.join(folder)).into_values().next_back().unwrap();
        let name = newest.file_name().unwrap().to_str().unwrap().to_owned();
        times.insert(name[name.len() - "2024-01-01_000000Z.mhl".len()..].to_owned());
    }
    assert_eq!(times.len(), 1, "{times:?}");
}

// N2
#[test]
fn a_new_format_at_the_root_reaches_the_children() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = nested(&stage, "ours/Root");
    fs::create_dir_all(stage.path("theirs")).unwrap();
    let theirs = copy(&ours, &stage.path("theirs/Root"));
    create_nested(&ours, "-h xxh64");
    reference.create_nested(&theirs, "-h xxh64");
    create(&ours, "-h md5");
    reference.expect(0, "create", &theirs, "-h md5");
    for (folder, number) in [("", 2), ("A/AA", 3), ("B", 3), ("B/BB", 4)] {
        let (ours, theirs) = (generation(&ours.join(folder), number), generation(&theirs.join(folder), number));
        assert_eq!(ours.clone().comparable(), theirs.comparable(), "{folder}");
        assert_eq!(ours.actions(), ["verified"].into());
        assert!(ours.files.values().all(|file| file.hashes.keys().eq(["md5", "xxh64"])), "{folder}");
    }
    assert_valid(&ours);
    reference.expect(0, "verify", &ours, "");
}

// N3
#[test]
fn damage_in_a_grandchild_is_found_from_the_root() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let before = nested(&stage, "Root");
    put(&before, "B/BB/BB2.txt", "BB2\n");
    create_nested(&before, "-h xxh64");
    let cases: [(&str, fn(&Path), [i32; 3]); 3] = [
        ("missing", |root| fs::remove_file(root.join("B/BB/BB1.txt")).unwrap(), [10, 10, 10]),
        ("altered", |root| put(root, "B/BB/BB1.txt", "altered"), [0, 11, 11]),
        ("new", |root| put(root, "B/BB/new.txt", "new"), [21, 21, 0]),
    ];
    for (case, change, codes) in cases {
        let root = copy(&before, &stage.path(case));
        change(&root);
        let theirs = copy(&root, &stage.path(&format!("{case} there")));
        for (command, code) in ["diff", "verify", "create"].into_iter().zip(codes) {
            let answer = mhl(command, &root, if command == "create" { "-h xxh64" } else { "" });
            assert_eq!(answer.code, code, "{case} {command}: {}", answer.all());
            if code != 0 {
                assert!(answer.all().contains("B/BB/"), "{case} {command}: {}", answer.all());
            }
        }
        for (command, code) in ["diff", "verify", "create"].into_iter().zip(codes) {
            reference.expect(code, command, &theirs, if command == "create" { "-h xxh64" } else { "" });
        }
        for (folder, number) in [("", 2), ("A/AA", 3), ("B", 3), ("B/BB", 4)] {
            assert_eq!(
                generation(&root.join(folder), number).comparable(),
                generation(&theirs.join(folder), number).comparable()
            );
        }
        assert_valid(&root);
    }
}

// N4
#[test]
fn a_child_may_go_on_alone() {
    let stage = Stage::new();
    let root = nested(&stage, "Root");
    create_nested(&root, "-h xxh64");
    create(&root.join("B/BB"), "-h xxh64");
    create(&root.join("A/AA"), "-h md5");
    assert_eq!(manifests(&root).len(), 1, "the parent is not touched");
    for command in ["verify", "diff", "info"] {
        mhl(command, &root, "").expect(0);
    }
    create(&root, "-h xxh64");
    assert_references_hold(&root);
    assert_references_hold(&root.join("B"));
    assert_valid(&root);
    if let Some(mut reference) = reference() {
        reference.expect(0, "verify", &root, "");
    }
}

/// What is wrong below, the code it has from the root, and that nothing was written.
#[track_caller]
fn refused(root: &Path, child: &str, codes: &[i32]) {
    let before = crate::support::everything(root);
    for command in ["verify", "diff", "info", "create"] {
        let answer = mhl(command, root, "");
        assert!(codes.contains(&answer.code), "{command} gives {}: {}", answer.code, answer.all());
        assert!(answer.all().contains(child), "{command} does not name {child}: {}", answer.all());
    }
    assert!(crate::support::everything(root) == before, "something was written");
}

// N5
#[test]
fn a_damaged_child_history_is_refused_from_the_root() {
    let stage = Stage::new();
    let before = nested(&stage, "Root");
    create_nested(&before, "-h xxh64");
    for child in CHILDREN {
        let newest = |root: &Path| manifests(&root.join(child)).into_values().next_back().unwrap();
        let mut theirs = reference();

        let root = copy(&before, &stage.path(&format!("modified {child}").replace('/', " ")));
        let manifest = newest(&root);
        fs::write(&manifest, fs::read_to_string(&manifest).unwrap().replace("in-place", "transfer")).unwrap();
        if let Some(theirs) = &mut theirs {
            theirs.expect(31, "verify", &root, "");
        }
        refused(&root, child, &[31]);

        let root = copy(&before, &stage.path(&format!("missing {child}").replace('/', " ")));
        fs::remove_file(newest(&root)).unwrap();
        if let Some(theirs) = &mut theirs {
            theirs.expect(33, "verify", &root, "");
        }
        refused(&root, child, &[33]);

        let root = copy(&before, &stage.path(&format!("no chain {child}").replace('/', " ")));
        fs::remove_file(chain_path(&root.join(child))).unwrap();
        if let Some(theirs) = &mut theirs {
            theirs.expect(32, "verify", &root, "");
        }
        refused(&root, child, &[32]);
    }
}

/// The reference lets these pass, or crashes.
#[test]
fn a_child_that_is_not_what_the_parent_refers_to_is_refused() {
    let stage = Stage::new();
    let before = nested(&stage, "Root");
    create_nested(&before, "-h xxh64");

    // Another manifest under the same name, with a chain that holds.
    let root = copy(&before, &stage.path("replaced"));
    rewrite(&root.join("A/AA"), 2, |xml| xml.replace("in-place", "transfer"));
    refused(&root, "A/AA", &[31]);

    // Rolled back: the newest manifest and its line are gone.
    let root = copy(&before, &stage.path("rolled back"));
    fs::remove_file(manifest_path(&root.join("A/AA"), 2)).unwrap();
    rechain(&root.join("A/AA"));
    refused(&root, "A/AA", &[31, 33]);

    // The whole history of a child is gone.
    for child in ["A/AA", "B"] {
        let root = copy(&before, &stage.path(&format!("vanished {child}").replace('/', " ")));
        fs::remove_dir_all(root.join(child).join("ascmhl")).unwrap();
        refused(&root, child, &[30, 31, 32, 33]);
    }
}

// N9
#[test]
fn a_removed_child_folder_is_missing() {
    let stage = Stage::new();
    let before = nested(&stage, "Root");
    create_nested(&before, "-h xxh64");
    for child in ["A/AA", "B/BB", "B"] {
        let root = copy(&before, &stage.path(&child.replace('/', " ")));
        fs::remove_dir_all(root.join(child)).unwrap();
        for command in ["diff", "verify", "create"] {
            let answer = mhl(command, &root, "");
            assert_eq!(answer.code, 10, "{child} {command}: {}", answer.all());
            assert!(answer.all().contains(child));
        }
        assert_valid(&root);
    }
}

// N9
#[test]
fn a_renamed_child_folder_is_missing_or_followed() {
    let stage = Stage::new();
    let before = nested(&stage, "Root");
    create_nested(&before, "-h xxh64");
    for (from, to) in [("A/AA", "A/AX"), ("B", "C"), ("B/BB", "B/BX")] {
        let root = copy(&before, &stage.path(&from.replace('/', " ")));
        fs::rename(root.join(from), root.join(to)).unwrap();
        let followed = copy(&root, &stage.path(&format!("followed {from}").replace('/', " ")));
        let answer = mhl("diff", &root, "");
        assert_eq!(answer.code, 10, "{from}: {}", answer.all());
        let answer = mhl("create", &root, "-h xxh64");
        assert_eq!(answer.code, 10, "{from}: {}", answer.all());
        let answer = mhl("create", &followed, "-h xxh64 -dr");
        assert_eq!(answer.code, 0, "{from}: {}", answer.all());
        assert_valid(&followed);
        for command in ["diff", "verify", "create"] {
            let answer = mhl(command, &followed, "");
            assert_eq!(answer.code, 0, "{from} {command}: {}", answer.all());
        }
        // The files of the child keep their history.
        let child = manifests(&followed.join(to)).into_keys().next_back().unwrap();
        assert_eq!(generation(&followed.join(to), child).actions(), ["verified"].into(), "{from}");
    }
}

// N10
#[test]
fn a_single_file_in_a_grandchild_touches_only_those_above_it() {
    let stage = Stage::new();
    let root = nested(&stage, "Root");
    create_nested(&root, "-h xxh64");
    let file = root.join("B/BB/BB1.txt");
    create(&root, &format!("-h xxh64 -sf {}", file.display()));
    for (folder, number) in [("", 2), ("A/AA", 2), ("B", 3), ("B/BB", 4)] {
        assert_eq!(manifests(&root.join(folder)).len(), number, "{folder}");
    }
    let newest = generation(&root.join("B/BB"), 4);
    assert_eq!(newest.names(), ["BB1.txt"].into());
    assert_eq!(newest.actions(), ["verified"].into());
    assert!(newest.root.is_none() && newest.folders.is_empty());
    for (folder, number, child) in [("B", 3, "BB/ascmhl/0004"), ("", 2, "B/ascmhl/0003")] {
        let above = generation(&root.join(folder), number);
        assert!(above.files.is_empty() && above.root.is_none(), "{folder}");
        assert!(above.references.keys().any(|path| path.starts_with(child)), "{folder}: {:?}", above.references);
    }
    // Parents hold nothing but references, and are valid all the same.
    assert_valid(&root);
    assert_references_hold(&root);
    assert_references_hold(&root.join("B"));
    mhl("verify", &root, "").expect(0);
    if let Some(mut reference) = reference() {
        reference.expect(0, "verify", &root, "");
    }
}

#[test]
fn a_reference_never_leads_outside() {
    let stage = Stage::new();
    let outside = stage.tree("outside", &[("a.mov", "abc")]);
    create(&outside, "-h xxh64");
    let target = manifest_path(&outside, 1);
    let value = c4(&fs::read(&target).unwrap());
    let name = target.file_name().unwrap().to_str().unwrap();
    for path in [format!("../outside/ascmhl/{name}"), target.to_str().unwrap().to_owned(), "../../etc/passwd".to_owned()] {
        let root = stage.tree("root", &[("a.mov", "abc")]);
        let after =
            format!("<references><hashlistreference><path>{path}</path><c4>{value}</c4></hashlistreference></references>");
        forge(&root, &[crate::manifest::hashlist_with(&crate::manifest::entry("a.mov", "original"), "", &after)]);
        let answer = mhl("verify", &root, "");
        assert_eq!(answer.code, 31, "{path}: {}", answer.all());
    }
    let _ = hashlist("");
}
