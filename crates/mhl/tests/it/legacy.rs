use crate::support::{path, samples};
use checkgate_mhl::{LegacyCheck, LegacyHasher, LegacyList, ParseLegacyError};
use std::fs;
use std::path::Path;

fn check(folder: &Path, list: &LegacyList) -> Vec<LegacyCheck> {
    list.entries
        .iter()
        .map(|entry| {
            let mut hasher = LegacyHasher::new(entry);
            for piece in fs::read(folder.join(entry.path.as_str())).unwrap().chunks(100) {
                hasher.update(piece);
            }
            hasher.finish()
        })
        .collect()
}

#[test]
fn lists_of_the_legacy_reference_tool_hold() {
    let Some(root) = samples("mhl/legacy") else { return };
    let mut lists = 0;
    for name in ["md5", "sha1", "xxhash", "xxhash64", "xxhash64be", "null", "generic", "machinereadable", "multiple"] {
        let folder = root.join(format!("mhl_verify_{name}"));
        let file = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|e| e == "mhl"))
            .unwrap();
        let list = LegacyList::parse(&fs::read(&file).unwrap()).unwrap();
        assert!(list.refused.is_empty() && list.warnings.is_empty());
        let results = check(&folder, &list);
        assert!(results.len() >= 3);
        for (entry, result) in list.entries.iter().zip(results) {
            let want =
                if entry.hashes == [checkgate_mhl::LegacyHash::Null] { LegacyCheck::SizeOnly } else { LegacyCheck::Verified };
            // In this fixture the MD5 of the second and third file is that of the first. The legacy tool looks at one hash of each
            // entry and does not see it; here every hash must hold, and the result says that the others do.
            let want = match (name, entry.path.as_str()) {
                ("multiple", "file1.txt") => LegacyCheck::Mismatch { format: "md5", holding: vec!["xxh64"] },
                ("multiple", "file2.txt") => LegacyCheck::Mismatch { format: "md5", holding: vec!["sha1", "xxh64"] },
                _ => want,
            };
            assert_eq!(result, want, "{name}: {}", entry.path);
        }
        lists += 1;
    }
    assert_eq!(lists, 9);
}

#[test]
fn an_altered_byte_and_an_altered_size_are_told_apart() {
    let Some(root) = samples("mhl/legacy/mhl_verify_md5") else { return };
    let list = LegacyList::parse(&fs::read(root.join("md5.mhl")).unwrap()).unwrap();
    let mut bytes = fs::read(root.join("file0.txt")).unwrap();
    bytes[10] ^= 1;
    let run = |bytes: &[u8]| {
        let mut hasher = LegacyHasher::new(&list.entries[0]);
        hasher.update(bytes);
        hasher.finish()
    };
    assert_eq!(run(&bytes), LegacyCheck::Mismatch { format: "md5", holding: Vec::new() });
    assert_eq!(run(&bytes[1..]), LegacyCheck::SizeDiffers { expected_bytes: 555, found_bytes: 554 });
}

#[test]
fn every_encoding_and_line_end_gives_the_same_names() {
    let Some(root) = samples("mhl/legacy") else { return };
    for (file, name) in [
        ("aux_files_euc-jp_macln_Japanese_2012-12-15_180223.mhl", "日本人_dir/俳句"),
        ("aux_files_iso-8859-15_unixln_Umlaute_2012-12-15_174005.mhl", "Umlaute_und_so_weiter_dir/Kölner_Dom.avi"),
        ("aux_files_utf-16be_winln_mixed_2012-12-14_165427.mhl", "mixed_корейский_한국의_dir/CAFÉ.txt"),
        ("aux_files_utf-8_unixln_mixed_2012-12-14_165427.mhl", "mixed_корейский_한국의_dir/CAFÉ.txt"),
        ("aux_files_2012-11-24_103236.mhl", "hash-list.txt"),
    ] {
        let list = LegacyList::parse(&fs::read(root.join(file)).unwrap()).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(list.entries.iter().any(|entry| entry.path == path(name)), "{file}: {:?}", list.entries);
        assert!(
            list.entries.iter().all(|entry| entry.size_bytes == Some(277) && entry.modified.is_some() && entry.hashes.len() == 1),
            "{file}"
        );
        assert_eq!((list.version.as_str(), list.host_name.as_deref()), ("1.0", Some("ubuntu-12")));
    }
}

#[test]
fn one_list_in_four_encodings_is_one_list() {
    let text = "<?xml version=\"1.0\"?>\n<hashlist version=\"1.1\">\n<hash>\n<file>Köln/日本</file><size>3</size><null></null></hash>\n</hashlist>\n";
    let reference = LegacyList::parse(text.as_bytes()).unwrap();
    assert_eq!(reference.entries[0].path, path("Köln/日本"));
    for ends in ["\n", "\r\n", "\r"] {
        let text = text.replace('\n', ends);
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let wide: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        for bytes in [le, be, wide, text.into_bytes()] {
            assert_eq!(LegacyList::parse(&bytes).as_ref(), Ok(&reference));
        }
    }
}

#[test]
fn unplaceable_paths_are_kept_aside_never_dropped() {
    let text = "<hashlist version=\"1.1\"><hash><file>/Volumes/CARD/a</file><size>1</size><null/></hash><hash><file>..\\b</file></hash><hash><file>c</file></hash></hashlist>";
    let list = LegacyList::parse(text.as_bytes()).unwrap();
    assert_eq!((list.entries.len(), list.refused.len()), (1, 2));
    assert_eq!(list.refused[0].text, "/Volumes/CARD/a");
}

#[test]
fn an_asc_manifest_is_no_legacy_list() {
    let text = "<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"/>";
    assert!(matches!(LegacyList::parse(text.as_bytes()), Err(ParseLegacyError::WrongRoot { .. })));
    assert!(LegacyList::parse(b"<!DOCTYPE x><hashlist version='1.1'/>").is_err());
}
