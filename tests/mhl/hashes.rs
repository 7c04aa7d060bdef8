//! Owns the promise that digests, and digests of folders, are the published ones.

use crate::manifest::generation;
use crate::support::{ALL, FORMATS, Stage, create, mhl, put, reference, run, samples, tool};
use std::fs;

/// Input, format and value of each line of the table of file vectors.
fn vectors() -> Option<Vec<(String, String, String)>> {
    let text = fs::read_to_string(samples("vectors.md")?).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("|'"));
    let found: Vec<_> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let input = cells[1].split('\'').nth(1).unwrap();
            (input.to_owned(), cells[2].to_owned(), cells[3].trim_matches('`').to_owned())
        })
        .collect();
    assert!(found.len() >= 22, "the table of vectors has changed");
    Some(found)
}

/// The digest `checkgate mhl hash` prints for one file.
fn hash(stage: &Stage, input: &str, format: &str) -> String {
    put(&stage.path(""), "input", input);
    let file = stage.path("input");
    let file = file.to_str().unwrap();
    let answer = run(&["mhl", "hash", "-h", format, file]).expect(0);
    let line = answer.text.trim_end().to_owned();
    let value = line.strip_prefix(&format!("{format} ({file}) = "));
    value.unwrap_or_else(|| panic!("not as the reference prints it: {line}")).to_owned()
}

// H1
#[test]
fn every_format_gives_the_published_digests() {
    let Some(vectors) = vectors() else { return };
    let stage = Stage::new();
    for (input, format, expected) in &vectors {
        assert_eq!(hash(&stage, input, format), *expected, "{format} of {input:?}");
    }
    for format in FORMATS {
        assert!(vectors.iter().filter(|(_, of, _)| of == format).count() >= 3, "{format} is not in the table");
    }
}

// H2
#[test]
fn c4_keeps_leading_zeros() {
    let Some(vectors) = vectors() else { return };
    let short: Vec<_> = vectors.iter().filter(|(_, format, value)| format == "c4" && value.starts_with("c411")).collect();
    assert!(short.len() >= 3, "no vector with leading zeros");
    let stage = Stage::new();
    for (input, _, expected) in short {
        assert_eq!(hash(&stage, input, "c4"), *expected);
        assert_eq!(expected.len(), 90);
        // Written, read again and compared: decoding keeps them too.
        let root = stage.tree(input, &[("file", input)]);
        create(&root, "-h c4");
        assert_eq!(generation(&root, 1).files["file"].hashes["c4"].1, *expected);
        mhl("verify", &root, "").expect(0);
        put(&root, "file", format!("{input} "));
        mhl("verify", &root, "").expect(11);
    }
}

// H5
#[test]
fn hash_prints_what_the_reference_prints() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    put(&stage.path(""), "Köln a & b.mov", (0..70_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>());
    let file = stage.path("Köln a & b.mov");
    for format in FORMATS {
        let theirs = reference.expect(0, "hash", &file, &format!("-h {format}"));
        let ours = run(&["mhl".as_ref(), "hash".as_ref(), "-h".as_ref(), format.as_ref(), file.as_os_str()]).expect(0).text;
        assert_eq!(ours.trim_end(), theirs.trim_end());
    }
}

#[test]
fn hash_takes_several_files_and_formats() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a", "abc"), ("b", "")]);
    let (a, b) = (root.join("a"), root.join("b"));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    let text = run(&["mhl", "hash", "-h", "md5,xxh64", "-h", "sha1", a, b]).expect(0).text;
    for line in [
        format!("md5 ({a}) = 900150983cd24fb0d6963f7d28e17f72"),
        format!("xxh64 ({a}) = 44bc2cf5ad770999"),
        format!("sha1 ({a}) = a9993e364706816aba3e25717850c26c9cd0d89d"),
        format!("md5 ({b}) = d41d8cd98f00b204e9800998ecf8427e"),
        format!("xxh64 ({b}) = ef46db3751d8e999"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
    }
    assert_eq!(text.lines().count(), 6);
}

#[test]
fn hash_of_what_is_not_there_fails() {
    let stage = Stage::new();
    let missing = stage.path("missing");
    let answer = run(&["mhl", "hash", "-h", "md5", missing.to_str().unwrap()]).says("missing");
    assert!([2, 3].contains(&answer.code), "{}", answer.code);
    run(&["mhl", "hash", "-h", "sha256", missing.to_str().unwrap()]).expect(2);
}

#[test]
fn folders_have_the_published_digests() {
    let Some(path) = samples("vectors.md") else { return };
    let stage = Stage::new();
    let root = stage.tree(
        "card",
        &[
            ("Clips/A002C006_141024_R2EC.mov", "abcd\n"),
            ("Clips/A002C007_141024_R2EC.mov", "def\n"),
            ("Clips/dup.mov", "def\n"),
            ("Empty/Nested/", ""),
            ("Köln/ß.txt", "x"),
            ("Sidecar.txt", "BLOREM ipsum dolor sit amet, consetetur sadipscing elitr.\n"),
            ("zero", ""),
            (".DS_Store", "zz"),
        ],
    );
    create(&root, &format!("-h {ALL}"));
    let manifest = generation(&root, 1);
    let mut compared = 0;
    for line in fs::read_to_string(path).unwrap().lines() {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim_matches('`')).collect();
        let [_, format, folder, content, structure, _] = cells[..] else { continue };
        if !FORMATS.contains(&format) {
            continue;
        }
        let found = if folder == "." { manifest.root.as_ref().unwrap() } else { &manifest.folders[folder] };
        assert_eq!((found.content[format].as_str(), found.structure[format].as_str()), (content, structure), "{format} {folder}");
        compared += 1;
    }
    assert_eq!(compared, 30);
    // What is only computed and printed is the same.
    for format in FORMATS {
        let text = mhl("verify", &root, &format!("-dh -co -h {format}")).expect(0).text;
        let found = manifest.root.as_ref().unwrap();
        assert!(text.contains(&found.content[format]) && text.contains(&found.structure[format]), "{text}");
        assert!(text.contains(&manifest.folders["Clips"].content[format]), "{text}");
    }
}

/// Offsets beyond 32 bits. Sparse: the file takes no room.
#[test]
#[ignore = "hashes 4 GiB three times, about 20 s"]
fn a_file_of_more_than_4_gib_is_hashed_whole() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("small", "abc")]);
    let huge = fs::OpenOptions::new().write(true).create_new(true).open(root.join("huge.mov")).unwrap();
    huge.set_len((4 << 30) + 1).unwrap();
    drop(huge);
    create(&root, "-h xxh64");
    let file = &generation(&root, 1).files["huge.mov"];
    assert_eq!(file.size, Some((4 << 30) + 1));
    if crate::support::can_run("xxhsum", "--version") {
        let expected = tool("xxhsum", &["-H1".as_ref(), root.join("huge.mov").as_os_str()]);
        assert_eq!(file.hashes["xxh64"].1, expected.split_whitespace().next().unwrap());
    }
    // The last byte counts.
    use std::os::unix::fs::FileExt as _;
    fs::OpenOptions::new().write(true).open(root.join("huge.mov")).unwrap().write_at(b"x", 4 << 30).unwrap();
    mhl("verify", &root, "").expect(11).says("huge.mov");
}
