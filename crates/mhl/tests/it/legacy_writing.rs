//! Lists written here: valid by the schema, and the same when read back.

use crate::lint::{LEGACY, judge};
use crate::support::{at, path};
use checkgate_mhl::{
    LEGACY_FORMATS, LegacyCheck, LegacyHash, LegacyHasher, LegacyList, MultiHasher, NewLegacyFile, NewLegacyList,
    WriteLegacyError,
};
use checkgate_model::{HashFormat, RelPath};

fn file(name: &str, bytes: &[u8], formats: &[HashFormat]) -> NewLegacyFile {
    let mut hasher = MultiHasher::new(formats);
    hasher.update(bytes);
    NewLegacyFile {
        path: path(name),
        size_bytes: bytes.len() as u64,
        created: None,
        modified: at(-1000),
        hashes: hasher.finish().into_iter().map(LegacyHash::from).collect(),
        hashed_at: at(1),
        is_list: false,
    }
}

fn list(files: Vec<NewLegacyFile>) -> NewLegacyList {
    NewLegacyList {
        created: None,
        name: None,
        user_name: "dit".to_owned(),
        host_name: "cart-1".to_owned(),
        tool: "checkgate 0.1.0".to_owned(),
        started: at(0),
        finished: at(2),
        files,
    }
}

/// Names and texts that writers get wrong.
fn hard() -> NewLegacyList {
    let names = [
        " lead",
        "trail ",
        "a&b<c>\"d'",
        "]]>",
        "Köln",
        "日本語/😀",
        "tab\there",
        "cr\rlf\nin",
        "-v",
        "#a",
        "dot.",
        "x;y",
        "\u{85}\u{2028}",
    ];
    let mut files: Vec<NewLegacyFile> = names
        .iter()
        .enumerate()
        .map(|(number, name)| file(&format!("{number}/{name}"), name.as_bytes(), &LEGACY_FORMATS[..=number % 3]))
        .collect();
    files[0].created = Some(at(-2000));
    files[1].is_list = true;
    files[2].hashes = vec![LegacyHash::Null];
    files[3].hashes.push(LegacyHash::Xxh32(852));
    let old = "<hashlist version='1.1'><hash><file>a</file><xxhash64>990977adf52cbc44</xxhash64></hash></hashlist>";
    files[4].hashes.extend(LegacyList::parse(old.as_bytes()).unwrap().entries.remove(0).hashes);
    NewLegacyList {
        created: Some(at(3)),
        name: Some("Anna <DIT> & \"Co\"".to_owned()),
        user_name: "änna".to_owned(),
        ..list(files)
    }
}

#[test]
fn what_is_written_is_valid_and_reads_back_as_it_was() {
    let new = hard();
    let xml = new.to_xml().unwrap();
    let read = LegacyList::parse(&xml).unwrap();
    assert!(read.warnings.is_empty() && read.refused.is_empty(), "{read:?}");
    assert_eq!((read.version.as_str(), read.created, &read.name), ("1.1", new.created, &new.name));
    assert_eq!((read.user_name.as_ref(), read.host_name.as_ref(), read.tool.as_ref()), {
        (Some(&new.user_name), Some(&new.host_name), Some(&new.tool))
    });
    assert_eq!((read.started, read.finished), (Some(new.started), Some(new.finished)));
    assert_eq!(read.entries.len(), new.files.len());
    for (entry, file) in read.entries.iter().zip(&new.files) {
        assert_eq!((&entry.path, entry.size_bytes, entry.is_list), (&file.path, Some(file.size_bytes), file.is_list));
        assert_eq!((entry.created, entry.modified, entry.hashed_at), (file.created, Some(file.modified), Some(file.hashed_at)));
        assert_eq!(entry.hashes, file.hashes, "{}", file.path);
    }
    assert_eq!(new.empty_files(), 0);
    for verdict in judge(LEGACY, &[xml, list(vec![file("a", b"1", &[HashFormat::Xxh64])]).to_xml().unwrap()]).unwrap_or_default()
    {
        assert_eq!(verdict, Ok(()));
    }
}

#[test]
fn an_empty_file_is_listed_and_the_list_says_that_it_is_not_valid() {
    let new = list(vec![file("full", b"1", &LEGACY_FORMATS), file("empty", b"", &LEGACY_FORMATS)]);
    assert_eq!(new.empty_files(), 1);
    let xml = new.to_xml().unwrap();
    let read = LegacyList::parse(&xml).unwrap();
    assert_eq!(read.entries[1].size_bytes, Some(0));
    assert_eq!(LegacyHasher::new(&read.entries[1]).finish(), LegacyCheck::Verified);
    for verdict in judge(LEGACY, &[xml]).unwrap_or_default() {
        assert!(verdict.unwrap_err().contains("positiveInteger"));
    }
}

#[test]
fn what_the_format_cannot_carry_is_refused_before_anything_is_written() {
    let one = |file: NewLegacyFile| list(vec![file]).to_xml().unwrap_err();
    assert_eq!(list(Vec::new()).to_xml(), Err(WriteLegacyError::NoFiles));
    for format in [HashFormat::C4, HashFormat::Xxh3, HashFormat::Xxh128] {
        let error = one(file("a", b"1", &[HashFormat::Md5, format]));
        assert_eq!(error, WriteLegacyError::Format { path: path("a"), format });
    }
    assert_eq!(one(file("a", b"1", &[])), WriteLegacyError::NoHash(path("a")));
    assert!(matches!(one(file("a\u{1}", b"1", &LEGACY_FORMATS)), WriteLegacyError::Unrepresentable { what: "file", .. }));
    for name in ["a\\b", "x/a\\b", "C:/a", "z:/b.mov"] {
        assert_eq!(one(file(name, b"1", &LEGACY_FORMATS)), WriteLegacyError::Ambiguous(path(name)));
    }
    let twice = list(vec![file("a", b"1", &LEGACY_FORMATS), file("a", b"2", &LEGACY_FORMATS)]);
    assert_eq!(twice.to_xml(), Err(WriteLegacyError::Twice(path("a"))));
    let mut doubled = file("a", b"1", &LEGACY_FORMATS);
    doubled.hashes.extend(file("a", b"2", &[HashFormat::Md5]).hashes);
    assert_eq!(one(doubled), WriteLegacyError::Contradiction { path: path("a"), element: "md5" });
    for hashes in [[LegacyHash::Null, LegacyHash::Xxh32(1)], [LegacyHash::Xxh32(1), LegacyHash::Null]] {
        assert!(matches!(
            one(NewLegacyFile { hashes: hashes.to_vec(), ..file("a", b"1", &[]) }),
            WriteLegacyError::Contradiction { .. }
        ));
    }
    let old = NewLegacyFile { modified: "-000044-03-15T00:00:00Z".parse().unwrap(), ..file("a", b"1", &LEGACY_FORMATS) };
    assert!(matches!(one(old), WriteLegacyError::Date { what: "lastmodificationdate", .. }));
    let mut odd = list(vec![file("a", b"1", &LEGACY_FORMATS)]);
    odd.user_name = "\u{ffff}".to_owned();
    assert!(matches!(odd.to_xml(), Err(WriteLegacyError::Unrepresentable { what: "username", .. })));
}

/// Any path that can be built is written so that it reads back, or refused.
#[test]
fn no_name_is_read_back_as_another() {
    for name in ["./a", "a/./b", "Volumes/CARD/a", "a:b", "C:a", "CC:/a", "a/C:/b", "~/a", ".a", "...", "%2e%2e/a", "a//b", " /a"]
    {
        let Ok(path) = RelPath::new(name) else { continue };
        let new = list(vec![NewLegacyFile { path: path.clone(), ..file("a", b"1", &LEGACY_FORMATS) }]);
        let read = LegacyList::parse(&new.to_xml().unwrap()).unwrap();
        assert_eq!(read.entries[0].path, path);
    }
}
