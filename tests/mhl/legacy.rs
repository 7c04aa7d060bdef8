//! Owns legacy MHL lists (mediahashlist.org 1.1): read as other tools wrote them, written as the schema asks, turned into histories.

use crate::manifest::{ABC_XXH64, generation};
use crate::support::{
    Answer, CARD, CLIP, LEGACY_SCHEMA, OTHER_CLIP, Stage, assert_schema, assert_valid, can_run, command, copy, create, finish,
    mhl, put, reference, run, samples, tool,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FIXTURES: [&str; 8] = ["generic", "machinereadable", "md5", "null", "sha1", "xxhash", "xxhash64", "xxhash64be"];

/// `checkgate verify FOLDER`, with a state folder of its own.
#[track_caller]
fn verify(stage: &Stage, root: &Path, options: &str) -> Answer {
    let mut verify = command(&["verify", root.to_str().unwrap(), "--depth", "system"]);
    verify.args(options.split_ascii_whitespace()).env("CHECKGATE_HOME", stage.path("home"));
    finish(verify).orderly()
}

/// A writable copy of a fixture.
fn fixture(stage: &Stage, name: &str, as_name: &str) -> Option<PathBuf> {
    let from = samples("legacy")?.join(format!("mhl_verify_{name}"));
    let root = copy(&from, &stage.path(as_name));
    tool("chmod", &["-R".as_ref(), "u+w".as_ref(), root.as_os_str()]);
    Some(root)
}

fn list_of(root: &Path) -> PathBuf {
    let found: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension() == Some("mhl".as_ref()))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

// L1
#[test]
fn lists_of_the_legacy_reference_tool_are_verified() {
    let stage = Stage::new();
    for name in FIXTURES {
        let Some(root) = fixture(&stage, name, name) else { return };
        let answer = verify(&stage, &root, "");
        assert_eq!(answer.code, 0, "{name}: {}", answer.all());
        let answer = mhl("verify", &root, &format!("-pl {}", list_of(&root).display()));
        assert_eq!(answer.code, 0, "{name}: {}", answer.all());
    }
}

// L2
#[test]
fn damage_is_found_with_every_digest_of_legacy_lists() {
    let stage = Stage::new();
    for name in FIXTURES {
        let Some(before) = fixture(&stage, name, name) else { return };
        let content = fs::read(before.join("file0.txt")).unwrap();
        let with = |case: &str| copy(&before, &stage.path(&format!("{name} {case}")));

        let root = with("altered");
        let mut altered = content.clone();
        altered[7] ^= 1;
        put(&root, "file0.txt", &altered);
        // A null entry is checked by size alone.
        let answer = verify(&stage, &root, "");
        assert_eq!(answer.code, i32::from(name != "null"), "{name} altered: {}", answer.all());
        assert!(name == "null" || answer.all().contains("file0.txt"));

        let root = with("shorter");
        put(&root, "file0.txt", &content[1..]);
        let answer = verify(&stage, &root, "");
        assert_eq!(answer.code, 1, "{name} shorter: {}", answer.all());
        assert!(answer.all().contains("file0.txt"));

        let root = with("removed");
        fs::remove_file(root.join("file0.txt")).unwrap();
        let answer = verify(&stage, &root, "");
        assert_eq!(answer.code, 1, "{name} removed: {}", answer.all());
        assert!(answer.all().contains("file0.txt"));

        let root = with("added");
        put(&root, "added.txt", "new");
        let answer = verify(&stage, &root, "");
        assert!(answer.all().contains("added.txt"), "{name} added: {}", answer.all());
        assert!(answer.code <= 1, "{}", answer.code);
    }
}

/// A list with entries `name`, digests as given; every file holds `abc`.
fn list(entries: &[(&str, &str)]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"1.1\">\n  <creatorinfo>\n    <name>Ann</name>\n    \
                   <tool>forge</tool>\n    <startdate>2024-02-01T10:00:00Z</startdate>\n    <finishdate>2024-02-01T10:00:00Z</finishdate>\n  \
                   </creatorinfo>\n"
        .to_owned();
    for (name, digests) in entries {
        let name = crate::manifest::escape(name);
        xml += &format!(
            "  <hash>\n    <file>{name}</file>\n    <size>3</size>\n    <lastmodificationdate>2024-02-01T10:00:00Z</lastmodificationdate>\n    \
             {digests}\n    <hashdate>2024-02-01T10:00:00Z</hashdate>\n  </hash>\n"
        );
    }
    xml + "</hashlist>\n"
}

const GOOD: &str = "<xxhash64be>44bc2cf5ad770999</xxhash64be>";
const BAD: &str = "<xxhash64be>44bc2cf5ad770998</xxhash64be>";

/// The code of a folder whose file `a.mov` holds `abc` under such a list.
fn code_of(stage: &Stage, case: &str, digests: &str) -> (i32, String) {
    let root = stage.tree(case, &[("a.mov", "abc")]);
    put(&root, "list.mhl", list(&[("a.mov", digests)]));
    let answer = verify(stage, &root, "--all-formats");
    (answer.code, answer.all())
}

// L5
#[test]
fn digests_of_every_legacy_spelling_are_understood() {
    let stage = Stage::new();
    let md5 = "<md5>900150983cd24fb0d6963f7d28e17f72</md5>";
    let sha1 = "<sha1>a9993e364706816aba3e25717850c26c9cd0d89d</sha1>";
    for (case, digests, code) in [
        ("xxhash padded", "<xxhash>0852579327</xxhash>".to_owned(), 0),
        ("xxhash not padded", "<xxhash>852579327</xxhash>".to_owned(), 0),
        ("xxhash wrong", "<xxhash>0852579328</xxhash>".to_owned(), 1),
        ("xxhash64 little-endian", "<xxhash64>990977adf52cbc44</xxhash64>".to_owned(), 0),
        // Some tools write it so: the same data.
        ("xxhash64 big-endian", format!("<xxhash64>{ABC_XXH64}</xxhash64>"), 0),
        ("xxhash64 wrong", "<xxhash64>990977adf52cbc45</xxhash64>".to_owned(), 1),
        ("xxhash64be", GOOD.to_owned(), 0),
        ("xxhash64be wrong", BAD.to_owned(), 1),
        ("upper case", "<md5>900150983CD24FB0D6963F7D28E17F72</md5>".to_owned(), 0),
        ("md5 and sha1", format!("{md5}{sha1}"), 0),
        ("first wrong", format!("{BAD}{sha1}"), 1),
        ("last wrong", format!("{sha1}{BAD}"), 1),
        ("middle wrong", format!("{md5}{BAD}{sha1}"), 1),
        ("null", "<null></null>".to_owned(), 0),
        ("null, short form", "<null/>".to_owned(), 0),
        ("unknown and good", format!("<sha256>ba7816bf</sha256>{GOOD}"), 0),
        ("unknown and wrong", format!("<sha256>ba7816bf</sha256>{BAD}"), 1),
    ] {
        let (found, text) = code_of(&stage, case, &digests);
        assert_eq!(found, code, "{case}: {text}");
    }
    let (_, text) = code_of(&stage, "big-endian note", &format!("<xxhash64>{ABC_XXH64}</xxhash64>"));
    assert!(!text.is_empty());
    // Only the size is known.
    let root = stage.tree("size", &[("a.mov", "abcd")]);
    put(&root, "list.mhl", list(&[("a.mov", "<null/>")]));
    verify(&stage, &root, "").expect(1).says("a.mov");
}

// L5
#[test]
fn an_entry_with_several_digests_is_checked_in_all_of_them() {
    let stage = Stage::new();
    let Some(root) = fixture(&stage, "multiple", "multiple") else { return };
    // The md5 of file1.txt in this list is that of file0.txt.
    verify(&stage, &root, "--all-formats").expect(1).says("file1.txt");
    for file in ["file0.txt", "file2.txt"] {
        let answer = verify(&stage, &root, "--all-formats --json").json().to_string();
        assert!(!answer.contains(&format!("\"mismatching\":[\"{file}\"")), "{answer}");
    }
}

/// Names in the encodings of their time.
const ENCODED: [(&str, &str, &[&str]); 12] = [
    ("UTF-16LE", "UTF-16", &["Köln.mov", "日本語.mov"]),
    ("UTF-16BE", "UTF-16", &["Köln.mov", "русский.mov"]),
    ("UTF-32LE", "UTF-32", &["Köln.mov", "😀.mov"]),
    ("UTF-32BE", "UTF-32", &["Köln.mov", "한국의.mov"]),
    ("EUC-JP", "EUC-JP", &["日本語.mov", "カメラ.mov"]),
    ("EUC-KR", "EUC-KR", &["한국의.mov"]),
    ("WINDOWS-1251", "windows-1251", &["русский.mov"]),
    ("ISO-8859-6", "ISO-8859-6", &["دليل.mov"]),
    ("ISO-8859-15", "ISO-8859-15", &["Umlaute äöü €.mov"]),
    ("ISO-8859-1", "ISO-8859-1", &["Umlaute äöü ß.mov"]),
    ("SHIFT_JIS", "Shift_JIS", &["日本語.mov", "ソ表.mov"]),
    ("UTF-8", "UTF-8", &["Köln.mov", "日本語.mov", "😀.mov"]),
];

// L3
#[test]
fn lists_in_the_encodings_of_their_time_name_the_same_files() {
    if !can_run("iconv", "--version") {
        return;
    }
    let stage = Stage::new();
    for (number, (encoding, declared, names)) in ENCODED.iter().enumerate() {
        let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "abc")).collect();
        let entries: Vec<(&str, &str)> = names.iter().map(|name| (*name, GOOD)).collect();
        for (end, line) in [("LF", "\n"), ("CRLF", "\r\n"), ("CR", "\r")] {
            let root = stage.tree(&format!("{number} {end}"), &files);
            let xml = list(&entries).replace("UTF-8", declared).replace('\n', line);
            let plain = stage.path("plain");
            // Two and four bytes a character need a mark of their order.
            let mark = if encoding.starts_with("UTF-16") || encoding.starts_with("UTF-32") { "\u{feff}" } else { "" };
            fs::write(&plain, format!("{mark}{xml}")).unwrap();
            let output = Command::new("iconv").args(["-f", "UTF-8", "-t", encoding]).arg(&plain).output().unwrap();
            assert!(output.status.success(), "{encoding}: {}", String::from_utf8_lossy(&output.stderr));
            fs::write(root.join("list.mhl"), output.stdout).unwrap();
            let answer = verify(&stage, &root, "");
            assert_eq!(answer.code, 0, "{encoding} {end}: {}", answer.all());
            put(&root, names[0], "abd");
            let answer = verify(&stage, &root, "");
            assert_eq!(answer.code, 1, "{encoding} {end}: {}", answer.all());
            assert!(answer.all().contains(names[0]), "{encoding} {end}: {}", answer.all());
        }
    }
}

// L3
#[test]
fn the_sample_lists_in_other_encodings_are_read() {
    let stage = Stage::new();
    for (list, word) in [
        ("aux_files_2012-11-24_103236.mhl", "file"),
        ("aux_files_euc-jp_macln_Japanese_2012-12-15_180223.mhl", "ファイル"),
        ("aux_files_iso-8859-15_unixln_Umlaute_2012-12-15_174005.mhl", "ä"),
        ("aux_files_utf-16be_winln_mixed_2012-12-14_165427.mhl", "file"),
        ("aux_files_utf-8_unixln_mixed_2012-12-14_165427.mhl", "file"),
    ] {
        let Some(legacy) = samples("legacy") else { return };
        let root = stage.tree(list, &[]);
        fs::copy(legacy.join(list), root.join(list)).unwrap();
        let answer = verify(&stage, &root, "");
        assert_eq!(answer.code, 1, "all of its files are missing: {}", answer.all());
        assert!(!answer.all().contains('\u{fffd}'), "{list}: {}", answer.all());
        let _ = word;
    }
}

#[test]
fn paths_of_other_systems_and_oddities_are_understood() {
    let stage = Stage::new();
    let files = [("Clips/a.mov", "abc"), ("b.mov", "abc")];
    let good = list(&[("Clips/a.mov", GOOD), ("b.mov", GOOD)]);
    for (case, xml) in [
        ("plain", good.clone()),
        ("backslashes", list(&[("Clips\\a.mov", GOOD), ("b.mov", GOOD)])),
        ("leading slash", list(&[("/Clips/a.mov", GOOD), ("/b.mov", GOOD)])),
        ("single quotes", good.replace("version=\"1.0\" encoding=\"UTF-8\"", "version='1.0' encoding='UTF-8'")),
        ("version 1.0", good.replace("version=\"1.1\"", "version=\"1.0\"")),
        ("BOM", format!("\u{feff}{good}")),
        (
            "no creator",
            format!("{}{}", good.split_once("  <creatorinfo>").unwrap().0, good.split_once("</creatorinfo>").unwrap().1),
        ),
        ("old dates", good.replace("2024-02-01T10:00:00Z", "2012-11-24 10-32-36")),
        (
            "another order",
            good.replace("<size>3</size>", "")
                .replace("<hashdate>2024-02-01T10:00:00Z</hashdate>", "<hashdate>2024-02-01T10:00:00Z</hashdate><size>3</size>"),
        ),
        ("a list in the list", {
            let entry = "  <hash referencehhashlist=\"true\">\n    <file>b.mov</file>";
            good.replace("  <hash>\n    <file>b.mov</file>", entry)
        }),
    ] {
        let root = stage.tree(case, &files);
        put(&root, "list.mhl", &xml);
        let answer = verify(&stage, &root, "");
        assert_eq!(answer.code, 0, "{case}: {}", answer.all());
        put(&root, "Clips/a.mov", "abd");
        let answer = verify(&stage, &root, "");
        assert_eq!(answer.code, 1, "{case}: {}", answer.all());
    }
}

#[test]
fn a_hostile_list_is_refused_or_leads_nowhere() {
    let stage = Stage::new();
    fs::write(stage.path("outside.mov"), "abd").unwrap();
    tool("mkfifo", &[stage.path("fifo").as_os_str()]);
    let above = stage.path("fifo").to_str().unwrap().to_owned();
    for (case, xml) in [
        ("above", list(&[("../outside.mov", GOOD)])),
        ("FIFO", list(&[("../fifo", GOOD)])),
        ("absolute", list(&[(above.as_str(), GOOD)])),
        ("empty", list(&[("", GOOD)])),
        ("drive", list(&[("C:\\..\\..\\outside.mov", GOOD)])),
        ("twice", list(&[("a.mov", GOOD), ("a.mov", BAD)])),
        ("document type", list(&[("a.mov", GOOD)]).replace("?>\n", "?>\n<!DOCTYPE hashlist [<!ENTITY x 'y'>]>\n")),
        ("cut", list(&[("a.mov", GOOD)])[..300].to_owned()),
        ("encoding", list(&[("a.mov", GOOD)]).replace("UTF-8", "x-no-such-encoding")),
        ("deep", format!("<hashlist version=\"1.1\">{}", "<a>".repeat(100_000))),
    ] {
        let root = stage.tree(case, &[("a.mov", "abc")]);
        put(&root, "list.mhl", &xml);
        let answer = verify(&stage, &root, "");
        // Damaged, unreadable, or a path that is missing: never whole, never outside.
        assert!([1, 3].contains(&answer.code), "{case}: {} {}", answer.code, answer.all());
        assert!(answer.all().len() < 20_000, "{case}");
    }
}

// L4
#[test]
fn a_written_list_is_valid_and_true() {
    let stage = Stage::new();
    for (options, element) in [("", "xxhash64be"), ("-h xxh64", "xxhash64be"), ("-h md5", "md5"), ("-h sha1", "sha1")] {
        let root = stage.tree(&format!("card_{element}_{}", options.len()), CARD);
        for name in ["Köln & <ß> \"q\".mov", " leading", "trailing "] {
            put(&root, name, name);
        }
        put(&root, ".DS_Store", "finder");
        put(&root, "old_2012-12-12_121212.mhl", list(&[]));
        put(&root, "Clips/inner.mhl", "a file like any other");
        create(&root, "-h xxh64");
        mhl("create", &root, &format!("--legacy {options}")).expect(0);
        let written: Vec<PathBuf> = fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension() == Some("mhl".as_ref()) && !path.to_str().unwrap().contains("old_"))
            .collect();
        assert_eq!(written.len(), 1);
        let list = &written[0];
        let name = list.file_name().unwrap().to_str().unwrap();
        let rest = name.strip_prefix(root.file_name().unwrap().to_str().unwrap()).unwrap();
        let shape: String = rest.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "_0000-00-00_000000.mhl");
        assert_schema(LEGACY_SCHEMA, std::slice::from_ref(list));
        run(&["mhl", "check", list.to_str().unwrap()]).expect(0);

        let xml = fs::read_to_string(list).unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let mut names = Vec::new();
        for entry in document.descendants().filter(|node| node.has_tag_name("hash")) {
            let text =
                |tag: &str| entry.children().find(|node| node.has_tag_name(tag)).and_then(|node| node.text()).unwrap().to_owned();
            let file = root.join(text("file"));
            assert_eq!(text("size"), fs::metadata(&file).unwrap().len().to_string());
            assert!(text("lastmodificationdate").ends_with('Z'));
            let digest = match element {
                "md5" => tool("md5sum", &["-z".as_ref(), file.as_os_str()]),
                "sha1" => tool("sha1sum", &["-z".as_ref(), file.as_os_str()]),
                _ if can_run("xxhsum", "--version") => tool("xxhsum", &["-H1".as_ref(), file.as_os_str()]),
                _ => text(element),
            };
            assert_eq!(text(element), digest.trim_start_matches('\\').split_whitespace().next().unwrap(), "{file:?}");
            names.push(text("file"));
        }
        names.sort();
        let mut expected =
            vec![" leading", CLIP, OTHER_CLIP, "Clips/inner.mhl", "Köln & <ß> \"q\".mov", "Sidecar.txt", "trailing "];
        expected.sort_unstable();
        assert_eq!(names, expected);
        mhl("verify", &root, &format!("-pl {}", list.display())).says("");
        foreign_tools_agree(list, &root);
        put(&root, CLIP, "altered");
        mhl("verify", &root, &format!("-pl {}", list.display())).expect(11).says(CLIP);
    }
    let root = stage.tree("refused", CARD);
    mhl("create", &root, "--legacy -h c4").expect(2);
    assert_eq!(fs::read_dir(&root).unwrap().count(), 2);
}

/// Other implementations, where the environment names them: the legacy reference tool (`mhl`), and the checker of another vendor.
fn foreign_tools_agree(list: &Path, root: &Path) {
    for (tool, arguments) in [("CHECKGATE_MHL_TOOL", &["verify", "-f"][..]), ("CHECKGATE_SIMPLE_MHL", &["verify"])] {
        let Some(program) = std::env::var_os(tool) else {
            eprintln!("SKIPPED: {tool} names no program");
            continue;
        };
        match Command::new(&program).args(arguments).arg(list).current_dir(root).output() {
            Ok(output) => assert!(
                output.status.success(),
                "{tool}: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
            Err(_) => eprintln!("SKIPPED: {tool} is not installed"),
        }
    }
}

// L4
#[test]
fn an_empty_file_stands_in_a_written_list() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("zero", ""), ("one", "1")]);
    mhl("create", &root, "--legacy").expect(0);
    let xml = fs::read_to_string(list_of(&root)).unwrap();
    assert!(xml.contains("<size>0</size>"), "{xml}");
    verify(&stage, &root, "").expect(0);
    fs::remove_file(root.join("zero")).unwrap();
    verify(&stage, &root, "").expect(1).says("zero");
}

// L7
#[test]
fn a_legacy_list_becomes_the_first_generation() {
    let stage = Stage::new();
    for (name, formats) in
        [("md5", &["md5"][..]), ("sha1", &["sha1"]), ("xxhash64", &["xxh64"]), ("xxhash64be", &["xxh64"]), ("generic", &[])]
    {
        let Some(root) = fixture(&stage, name, name) else { return };
        let list = list_of(&root);
        run(&["mhl", "convert", list.to_str().unwrap()]).expect(0);
        let first = generation(&root, 1);
        assert_eq!(first.actions(), ["original"].into());
        for file in ["file0.txt", "file1.txt", "file2.txt"] {
            let found: Vec<&str> = first.files[file].hashes.keys().map(String::as_str).collect();
            assert!(formats.is_empty() || formats.iter().all(|format| found.contains(format)), "{name} {file}: {found:?}");
        }
        assert_valid(&root);
        mhl("verify", &root, "").expect(0);
        if let Some(mut reference) = reference() {
            reference.expect(0, "verify", &root, "");
            reference.expect(0, "create", &root, "-h xxh64");
        }
    }
}

// L7
#[test]
fn converting_proves_the_old_digests_and_adds_what_is_asked_for() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    mhl("create", &root, "--legacy -h md5").expect(0);
    let list = list_of(&root);
    let elsewhere = stage.path("list.mhl");
    fs::rename(&list, &elsewhere).unwrap();
    let convert =
        |options: &[&str]| run(&[&["mhl", "convert", elsewhere.to_str().unwrap(), root.to_str().unwrap()], options].concat());
    put(&root, CLIP, "altered");
    convert(&[]).expect(11).says(CLIP);
    fs::remove_file(root.join(CLIP)).unwrap();
    convert(&[]).expect(10).says(CLIP);
    assert!(!root.join("ascmhl").exists(), "nothing is started on bad ground");
    put(&root, CLIP, "abcd\n");
    convert(&["-h", "xxh128", "-h", "md5", "--author-name", "Ann"]).expect(0);
    let first = generation(&root, 1);
    assert!(first.files.values().all(|file| file.hashes.contains_key("xxh128") && file.hashes.contains_key("md5")));
    assert_valid(&root);
    mhl("verify", &root, "--all-formats").expect(0);
    // Only once: there is a history now.
    let again = convert(&[]);
    assert_ne!(again.code, 0, "{}", again.all());
    assert_eq!(crate::manifest::manifests(&root).len(), 1);
}
