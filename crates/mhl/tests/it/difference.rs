use crate::support::{listing, load, path, seal, temporary};
use checkgate_mhl::{IgnoreSet, NameForm, NameMatch, SizeDiffers, diff};
use checkgate_model::HashFormat::Xxh64;
use std::fs;

#[test]
fn every_kind_of_difference_is_told_apart() {
    let root = temporary();
    let at = |name: &str| root.path().join(name);
    for (name, text) in [("gone", "1"), ("grown", "22"), ("D/kept", "3"), ("caf\u{e9}", "4"), ("Upper.MOV", "5"), ("turned", "6")]
    {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), text).unwrap();
    }
    fs::create_dir_all(at("Empty")).unwrap();
    seal(root.path(), &[Xxh64], 0);
    let history = load(root.path()).unwrap();
    let expected = history.expected();
    let patterns = history.ignore_rules(&[]);
    assert!(diff(&expected, &listing(root.path()), &patterns).is_clean());

    fs::remove_file(at("gone")).unwrap();
    fs::remove_dir(at("Empty")).unwrap();
    fs::write(at("grown"), "223").unwrap();
    fs::write(at("new"), "7").unwrap();
    fs::create_dir(at("NewFolder")).unwrap();
    fs::rename(at("caf\u{e9}"), at("cafe\u{301}")).unwrap();
    fs::rename(at("Upper.MOV"), at("upper.mov")).unwrap();
    fs::remove_file(at("turned")).unwrap();
    fs::create_dir(at("turned")).unwrap();
    fs::write(at(".DS_Store"), "8").unwrap();
    let found = diff(&expected, &listing(root.path()), &patterns);
    assert_eq!(found.missing, [path("Empty"), path("Upper.MOV"), path("caf\u{e9}"), path("gone")]);
    assert_eq!(found.extra, [path("cafe\u{301}"), path("new"), path("upper.mov")]);
    assert_eq!((found.extra_folders, found.kind_differs), (vec![path("NewFolder")], vec![path("turned")]));
    assert_eq!(found.size_differs, [SizeDiffers { path: path("grown"), expected_bytes: 2, found_bytes: 3 }]);
    assert_eq!(
        found.name_form_candidates,
        [
            NameMatch { expected: path("Upper.MOV"), found: path("upper.mov"), form: NameForm::Case },
            NameMatch { expected: path("caf\u{e9}"), found: path("cafe\u{301}"), form: NameForm::Unicode },
        ]
    );
    let without = diff(&expected, &listing(root.path()), &IgnoreSet::new(&["gone".to_owned(), "D/".to_owned()]).into());
    assert!(!without.missing.contains(&path("gone")));
    assert_eq!(without.ignored, [path("D"), path("D/kept"), path("gone")]);
}

#[test]
fn an_ambiguous_name_is_no_candidate() {
    let root = temporary();
    fs::write(root.path().join("Aa"), "1").unwrap();
    seal(root.path(), &[Xxh64], 0);
    let history = load(root.path()).unwrap();
    fs::remove_file(root.path().join("Aa")).unwrap();
    fs::write(root.path().join("aa"), "1").unwrap();
    fs::write(root.path().join("AA"), "1").unwrap();
    let found = diff(&history.expected(), &listing(root.path()), &history.ignore_rules(&[]));
    assert_eq!((found.missing.len(), found.extra.len(), found.name_form_candidates.len()), (1, 2, 0));
}
