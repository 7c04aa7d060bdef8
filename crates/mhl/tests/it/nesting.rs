use crate::support::{Appending as _, assert_schema_valid, load, load_one, path, reference, seal, temporary};
use checkgate_mhl::{Action, HistoryError, HistoryWarning};
use checkgate_model::HashFormat::Xxh64;
use std::fs;
use std::path::Path;

/// Histories at `A/AA` and `B`, sealed alone; then the root.
fn nested(root: &Path) {
    for (name, text) in [("A/AA/a.mov", "1"), ("A/x.txt", "2"), ("B/BB/b.mov", "3"), ("B/y.txt", "4"), ("z.txt", "5")] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    }
    for (at, folder) in ["A/AA", "B/BB", "B"].iter().enumerate() {
        seal(&root.join(folder), &[Xxh64], at as i64 * 60);
    }
}

#[test]
fn records_go_to_the_closest_history_and_parents_refer_to_children() {
    let root = temporary();
    nested(root.path());
    let new = seal(root.path(), &[Xxh64], 600);
    let folders: Vec<String> = new.children.iter().map(|child| child.folder.as_ref().unwrap().to_string()).collect();
    assert_eq!(folders, ["A/AA", "B"]);
    assert_eq!(new.children[1].children[0].folder, Some(path("B/BB")));
    let own = load_one(root.path()).unwrap();
    let manifest = &own.generations()[0].manifest;
    let files: Vec<&str> = manifest.files().map(|file| file.path.as_str()).collect();
    let folders: Vec<&str> = manifest.folders().map(|folder| folder.path.as_str()).collect();
    assert_eq!((files, folders), (vec!["A/x.txt", "z.txt"], vec!["A/AA", "A", "B"]));
    let references: Vec<&str> = manifest.references.iter().map(|reference| reference.path.as_str()).collect();
    assert_eq!(references.len(), 2);
    assert!(references[0].starts_with("A/AA/ascmhl/0002_AA_") && references[1].starts_with("B/ascmhl/0002_B_"), "{references:?}");
    assert_schema_valid(root.path());
    let whole = load(root.path()).unwrap();
    assert_eq!(whole.expected().len(), 5 + 4, "{:?}", whole.expected().keys());
    assert!(
        new.outcomes
            .iter()
            .filter(|(path, _, _)| path.as_str().ends_with(".mov"))
            .all(|(_, _, action)| *action == Action::Verified)
    );
    let Some(tool) = reference() else { return };
    tool.assert(&["verify"], root.path(), 0);
    tool.assert(&["diff"], root.path(), 0);
    tool.assert(&["verify", "-dh"], root.path(), 0);
    tool.assert(&["create", "-h", "xxh64"], root.path(), 0);
    assert!(seal(root.path(), &[Xxh64], 1200).failed.is_empty());
}

#[test]
fn a_reference_written_history_continues_here() {
    let Some(tool) = reference() else { return };
    let root = temporary();
    for (name, text) in [("A/AA/a.mov", "1"), ("B/BB/b.mov", "3"), ("z.txt", "5")] {
        fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
        fs::write(root.path().join(name), text).unwrap();
    }
    tool.assert(&["create", "-h", "md5"], &root.path().join("B/BB"), 0);
    tool.assert(&["create", "-h", "md5"], &root.path().join("A/AA"), 0);
    tool.assert(&["create", "-h", "xxh64"], root.path(), 0);
    let new = seal(root.path(), &[Xxh64], 0);
    assert!(new.failed.is_empty() && new.missing.is_empty(), "{:?} {:?}", new.failed, new.missing);
    assert!(new.outcomes.iter().all(|(_, _, action)| *action == Action::Verified), "{:?}", new.outcomes);
    tool.assert(&["verify"], root.path(), 0);
}

#[test]
fn a_changed_missing_or_new_file_in_a_grandchild_is_told_at_the_root() {
    let root = temporary();
    nested(root.path());
    seal(root.path(), &[Xxh64], 600);
    fs::write(root.path().join("B/BB/b.mov"), "X").unwrap();
    fs::remove_file(root.path().join("A/AA/a.mov")).unwrap();
    fs::write(root.path().join("B/BB/new.mov"), "9").unwrap();
    let new = seal(root.path(), &[Xxh64], 1200);
    assert_eq!((new.failed, new.missing), (vec![path("B/BB/b.mov")], vec![path("A/AA/a.mov")]));
    assert!(new.outcomes.contains(&(path("B/BB/new.mov"), Xxh64, Action::Original)));
}

#[test]
fn a_vanished_child_is_missing_with_everything_in_it() {
    let root = temporary();
    nested(root.path());
    seal(root.path(), &[Xxh64], 600);
    let mut history = load(root.path()).unwrap();
    fs::remove_dir_all(root.path().join("A/AA")).unwrap();
    let (files, folders) = crate::support::walk(root.path());
    let records: Vec<_> = files.iter().map(|(path, bytes)| crate::support::record(path.as_str(), bytes, &[Xxh64])).collect();
    let operation = crate::support::operation(900, checkgate_mhl::Process::InPlace);
    let new = history.append_all("R", &operation, &records, &folders, &[]).unwrap();
    assert_eq!(new.missing, [path("A/AA"), path("A/AA/a.mov")]);
    history = load(root.path()).unwrap();
    assert_eq!(history.dangling_references().len(), 1);
}

#[test]
fn a_child_rolled_back_is_an_error_and_a_child_ahead_is_not() {
    let root = temporary();
    nested(root.path());
    seal(root.path(), &[Xxh64], 600);
    seal(&root.path().join("A/AA"), &[Xxh64], 700);
    let ahead = load(root.path()).unwrap();
    assert_eq!(ahead.warnings(), [HistoryWarning::ChildAhead { child: path("A/AA"), generation: 1 }]);
    fs::remove_dir_all(root.path().join("A/AA/ascmhl")).unwrap();
    seal(&root.path().join("A/AA"), &[Xxh64], 0);
    assert!(matches!(load(root.path()), Err(HistoryError::Reference { generation: 1, .. })));
}

#[test]
fn patterns_reach_the_history_that_owns_them() {
    let root = temporary();
    nested(root.path());
    for name in ["A/AA/c1.tmp", "z1.tmp", "A/AA/only.txt"] {
        fs::write(root.path().join(name), "t").unwrap();
    }
    let extra = ["*.tmp".to_owned(), "/A/AA/only.txt".to_owned()];
    let operation = crate::support::operation(600, checkgate_mhl::Process::InPlace);
    let new = crate::support::seal_with(root.path(), &[Xxh64], &operation, &extra);
    assert!(!new.outcomes.iter().any(|(path, _, _)| path.as_str().ends_with(".tmp") || path.file_name() == "only.txt"));
    let child = load_one(&root.path().join("A/AA")).unwrap();
    assert_eq!(child.ignore_patterns()[3..], ["*.tmp".to_owned(), "/only.txt".to_owned()]);
    assert_eq!(load_one(root.path()).unwrap().ignore_patterns()[3..], ["*.tmp".to_owned()]);
}
