use crate::support::{
    Appending as _, assert_schema_valid, forge, load, operation, path, record, seal, seal_with, temporary, walk,
};
use checkgate_mhl::{Action, AppendError, Author, Entry, History, HistoryFile, Manifest, NewGeneration, Process};
use checkgate_model::HashFormat::{C4, Md5, Xxh64};
use checkgate_model::{HashFormat, RelPath, Timestamp};
use proptest::prelude::*;
use std::fs;

fn reloaded(generations: &[&NewGeneration]) -> History {
    let files: Vec<HistoryFile> =
        generations.iter().map(|new| HistoryFile { name: new.manifest_name.clone(), bytes: new.manifest_xml.clone() }).collect();
    History::load(Some(&generations.last().unwrap().chain_xml), &files).unwrap()
}

fn actions(generation: &NewGeneration, name: &str) -> Vec<(HashFormat, Action)> {
    generation
        .outcomes
        .iter()
        .filter(|(found, _, _)| *found == path(name))
        .map(|(_, format, action)| (*format, *action))
        .collect()
}

#[test]
fn what_is_written_is_valid_by_the_schema() {
    let all = HashFormat::ALL;
    for (seed, formats) in [(1, &all[..]), (2, &[Xxh64]), (3, &[C4]), (4, &[Md5, Xxh64])] {
        let root = temporary();
        forge(root.path(), seed);
        let mut operation = operation(0, Process::Transfer);
        operation.authors = vec![Author {
            name: "A <b> & \"c\"\nd".to_owned(),
            email: Some("dit@stage.example".to_owned()),
            phone: Some("+49 'x' \u{85}".to_owned()),
            role: Some("DIT\t".to_owned()),
        }];
        operation.location = Some("Köln ]]>".to_owned());
        operation.comment = Some("line\r\nline".to_owned());
        seal_with(root.path(), formats, &operation, &["*.tmp".to_owned(), "/a b/*".to_owned()]);
        assert_schema_valid(root.path());
        let history = load(root.path()).unwrap();
        let creator = &history.generations()[0].manifest.creator;
        assert_eq!(
            (&creator.authors, &creator.location, &creator.comment),
            (&operation.authors, &operation.location, &operation.comment)
        );
    }
}

#[test]
fn nothing_is_not_recorded_and_an_empty_folder_is() {
    let empty = History::empty().append_all("R", &operation(0, Process::InPlace), &[], &[], &[]);
    assert_eq!(empty, Err(AppendError::NothingToRecord));
    let root = temporary();
    fs::create_dir(root.path().join("E")).unwrap();
    seal(root.path(), &[Xxh64], 0);
    assert_schema_valid(root.path());
    assert_eq!(load(root.path()).unwrap().expected().len(), 1);
}

#[test]
fn original_then_verified_then_failed_then_verified_again() {
    let good = record("a", b"one", &[Xxh64]);
    let bad = record("a", b"two", &[Xxh64, Md5]);
    let append = |history: &History, second: i64, file: &checkgate_mhl::FileRecord| {
        history.append_all("R", &operation(second, Process::InPlace), std::slice::from_ref(file), &[], &[]).unwrap()
    };
    let first = append(&History::empty(), 0, &good);
    assert_eq!(actions(&first, "a"), [(Xxh64, Action::Original)]);
    let second = append(&reloaded(&[&first]), 60, &bad);
    // A new format of a file that failed is not recorded: nobody knows what it belongs to.
    assert_eq!(actions(&second, "a"), [(Xxh64, Action::Failed)]);
    assert_eq!(second.failed, [path("a")]);
    let third = append(&reloaded(&[&first, &second]), 120, &record("a", b"one", &[Xxh64, Md5]));
    assert_eq!(actions(&third, "a"), [(Md5, Action::Verified), (Xxh64, Action::Verified)]);
    let history = reloaded(&[&first, &second, &third]);
    assert_eq!(history.expected()[&path("a")].trusted, record("a", b"one", &[Xxh64, Md5]).hashes);
    let fourth = append(&history, 180, &record("a", b"one", &[Md5]));
    assert_eq!((fourth.number, actions(&fourth, "a")), (4, vec![(Md5, Action::Verified)]));
    assert!(fourth.manifest_name.starts_with("0004_R_"));
}

#[test]
fn a_file_without_a_recorded_format_is_refused_with_the_formats_that_would_do() {
    let first =
        History::empty().append_all("R", &operation(0, Process::InPlace), &[record("a", b"", &[Xxh64, C4])], &[], &[]).unwrap();
    let history = reloaded(&[&first]);
    assert_eq!(
        history.append_all("R", &operation(1, Process::InPlace), &[record("a", b"", &[Md5])], &[], &[]),
        Err(AppendError::NothingToCompare { path: path("a"), recorded: vec![C4, Xxh64] })
    );
    assert_eq!(history.expected()[&path("a")].formats_to_hash(&[Md5]), [Md5, Xxh64]);
    assert_eq!(history.expected()[&path("a")].formats_to_hash(&[C4]), [C4]);
}

#[test]
fn missing_files_and_folders_are_told_and_stay_missing() {
    let files = [record("a", b"1", &[Xxh64]), record("D/b", b"2", &[Xxh64])];
    let first = History::empty().append_all("R", &operation(0, Process::InPlace), &files, &[path("E/F")], &[]).unwrap();
    let history = reloaded(&[&first]);
    let second = history.append_all("R", &operation(1, Process::InPlace), &files[..1], &[path("E")], &[]).unwrap();
    assert_eq!(second.missing, [path("D"), path("D/b"), path("E/F")]);
    let third =
        reloaded(&[&first, &second]).append_all("R", &operation(2, Process::InPlace), &files[..1], &[path("E")], &[]).unwrap();
    assert_eq!(third.missing, second.missing);
}

#[test]
fn recorded_then_ignored_is_neither_missing_nor_hashed() {
    let files = [record("a.mov", b"1", &[Xxh64]), record("b.tmp", b"2", &[Xxh64])];
    let first = History::empty().append_all("R", &operation(0, Process::InPlace), &files, &[], &[]).unwrap();
    let second =
        reloaded(&[&first]).append_all("R", &operation(1, Process::InPlace), &files[..1], &[], &["*.tmp".to_owned()]).unwrap();
    assert!(second.missing.is_empty());
    let third =
        reloaded(&[&first, &second]).append_all("R", &operation(2, Process::InPlace), &files, &[], &["x".to_owned()]).unwrap();
    assert_eq!(third.ignored, [path("b.tmp")]);
    let manifest = Manifest::parse(&third.manifest_xml).unwrap();
    assert_eq!(manifest.ignore, [".DS_Store", "ascmhl", "ascmhl/", "*.tmp", "x"]);
    assert_eq!(manifest.files().count(), 1);
}

#[test]
fn a_rename_is_verified_once_and_then_forgotten_as_missing() {
    let first =
        History::empty().append_all("R", &operation(0, Process::InPlace), &[record("old", b"1", &[Xxh64])], &[], &[]).unwrap();
    let mut file = record("new", b"1", &[Xxh64]);
    file.previous_path = Some(path("old"));
    let second = reloaded(&[&first]).append_all("R", &operation(1, Process::InPlace), &[file.clone()], &[], &[]).unwrap();
    assert_eq!(actions(&second, "new"), [(Xxh64, Action::Verified)]);
    assert!(second.missing.is_empty());
    let history = reloaded(&[&first, &second]);
    let expected = history.expected();
    assert_eq!(expected.keys().collect::<Vec<_>>(), [&path("new")]);
    assert_eq!(
        (expected[&path("new")].previous_paths.as_slice(), expected[&path("new")].first_generation),
        ([path("old")].as_slice(), 1)
    );
    let unknown = History::empty().append_all("R", &operation(1, Process::InPlace), &[file], &[], &[]);
    assert_eq!(unknown, Err(AppendError::PreviousPath { path: path("new"), previous: path("old") }));
}

#[test]
fn two_renames_from_one_file_do_not_lose_the_survivor() {
    // As the reference tool writes it: a surviving copy and a new one both get the same previous path.
    let first =
        History::empty().append_all("R", &operation(0, Process::InPlace), &[record("a", b"1", &[Xxh64])], &[], &[]).unwrap();
    let second = reloaded(&[&first])
        .append_all("R", &operation(1, Process::InPlace), &[record("a", b"1", &[Xxh64]), record("b", b"1", &[Xxh64])], &[], &[])
        .unwrap();
    let mut manifest = Manifest::parse(&second.manifest_xml).unwrap();
    for entry in &mut manifest.entries {
        if let Entry::File(file) = entry {
            file.previous_path = (file.path == path("b")).then(|| path("a"));
        }
    }
    let expected = manifest.expected();
    assert_eq!(expected.keys().collect::<Vec<_>>(), [&path("a"), &path("b")]);
}

#[test]
fn names_that_xml_cannot_carry_are_refused_before_anything_is_written() {
    for name in ["a\u{1}b", "\u{7f}\u{ffff}", "x\u{b}"] {
        let error = History::empty().append_all("R", &operation(0, Process::InPlace), &[record(name, b"", &[Xxh64])], &[], &[]);
        assert_eq!(error, Err(AppendError::Unrepresentable { path: path(name) }));
        assert!(!checkgate_mhl::can_record(&path(name)));
    }
    let mut told = operation(0, Process::InPlace);
    told.comment = Some("\u{0}".to_owned());
    assert!(matches!(History::empty().append_all("R", &told, &[], &[], &[]), Err(AppendError::Text(_))));
    let mut told = operation(0, Process::InPlace);
    told.authors = vec![Author { name: "A".to_owned(), email: Some("nobody".to_owned()), ..Author::default() }];
    assert!(matches!(History::empty().append_all("R", &told, &[], &[], &[]), Err(AppendError::Author(_))));
}

#[test]
fn contradictory_input_is_refused() {
    let refuse = |files: &[checkgate_mhl::FileRecord], folders: &[RelPath]| {
        History::empty().append_all("R", &operation(0, Process::InPlace), files, folders, &[]).unwrap_err()
    };
    let (a, below) = (record("a", b"", &[Xxh64]), record("a/b", b"", &[Xxh64]));
    assert_eq!(refuse(&[a.clone(), a.clone()], &[]), AppendError::Duplicate { path: path("a") });
    assert_eq!(refuse(std::slice::from_ref(&a), &[path("a")]), AppendError::Duplicate { path: path("a") });
    assert_eq!(refuse(&[a, below], &[]), AppendError::FileAboveAnother { path: path("a") });
    let mut bare = record("a", b"", &[Xxh64]);
    bare.hashes.clear();
    assert_eq!(refuse(&[bare], &[]), AppendError::NoHash { path: path("a") });
}

#[test]
fn dates_are_utc_and_impossible_ones_are_left_out() {
    let mut file = record("a", b"", &[Xxh64]);
    file.modified = Some("2026-07-11T14:00:00.25+02:00".parse().unwrap());
    let mut broken = record("b", b"", &[Xxh64]);
    broken.modified = Some(Timestamp::MIN);
    let new = History::empty().append_all("R", &operation(0, Process::InPlace), &[file, broken], &[], &[]).unwrap();
    let text = String::from_utf8(new.manifest_xml).unwrap();
    assert!(text.contains("<path size=\"0\" lastmodificationdate=\"2026-07-11T12:00:00Z\">a</path>"), "{text}");
    assert!(text.contains("<path size=\"0\">b</path>"), "{text}");
}

#[test]
fn every_generation_of_a_growing_tree_is_verified_by_the_next() {
    let root = temporary();
    forge(root.path(), 9);
    for generation in 1..=4u32 {
        fs::write(root.path().join(format!("new{generation}")), generation.to_string()).unwrap();
        let new = seal(root.path(), &[HashFormat::Xxh3], i64::from(generation) * 60);
        assert_eq!((new.number, new.failed.len(), new.missing.len()), (generation, 0, 0));
        let originals = new.outcomes.iter().filter(|(_, _, action)| *action == Action::Original).count();
        assert!(if generation == 1 { originals == new.outcomes.len() } else { originals == 1 });
    }
    let history = load(root.path()).unwrap();
    assert_eq!(history.latest_number(), 4);
    let files = walk(root.path())
        .0
        .into_iter()
        .filter(|(path, _)| !path.is_under(&RelPath::new("ascmhl").unwrap()) && path.as_str() != ".DS_Store");
    for (path, bytes) in files {
        let found = record(path.as_str(), &bytes, &[HashFormat::Xxh3]).hashes;
        assert_eq!(history.expected()[&path].check(&found), checkgate_mhl::FileCheck::Verified(vec![HashFormat::Xxh3]), "{path}");
    }
}

proptest! {
    #[test]
    fn any_name_that_can_be_written_reads_back(names in proptest::collection::btree_set("[^/\u{0}]{1,20}", 1..8), second in 0i64..1_000_000_000) {
        let files: Vec<_> = names
            .iter()
            .filter(|name| name.len() < 255 && !matches!(name.as_str(), "." | ".." | "ascmhl" | ".DS_Store"))
            .map(|name| record(name, name.as_bytes(), &[Xxh64]))
            .collect();
        match History::empty().append_all("R", &operation(second, Process::Transfer), &files, &[], &[]) {
            Ok(new) => {
                let history = reloaded(&[&new]);
                let expected = history.expected();
                prop_assert_eq!(expected.len(), files.len());
                for file in &files {
                    prop_assert_eq!(&expected[&file.path].trusted, &file.hashes);
                }
            }
            Err(AppendError::Unrepresentable { path }) => {
                let odd = path.as_str().chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
                prop_assert!(odd, "an ordinary name was refused");
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
