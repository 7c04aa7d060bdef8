//! Owns the promise that histories of the reference and of other tools are read as they are meant.

use crate::manifest::{ABC_XXH64, entry, entry_with, forge, generation, hashlist, hashlist_with, manifest_path, rewrite};
use crate::support::{CARD, CLIP, FORMATS, OTHER_CLIP, Stage, assert_valid, create, mhl, put, reference, samples};
use std::fs;

// R1
#[test]
fn histories_of_the_reference_are_verified_in_each_format() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    for format in FORMATS {
        let root = stage.tree(format, CARD);
        put(&root, "zero", "");
        put(&root, "Empty/Nested/", "");
        reference.expect(0, "create", &root, &format!("-h {format}"));
        mhl("verify", &root, "").expect(0);
        mhl("diff", &root, "").expect(0);
        mhl("verify", &root, "-dh").expect(0);
        mhl("info", &root, "-v").expect(0);
        put(&root, CLIP, "altered");
        mhl("verify", &root, "").expect(11).says(CLIP);
        put(&root, CLIP, "abcd\n");
        create(&root, &format!("-h {format}"));
        assert_eq!(generation(&root, 2).actions(), ["verified"].into());
        assert_valid(&root);
    }
}

// R2
#[test]
fn a_history_without_folder_digests_is_verified_and_says_so() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    reference.expect(0, "create", &root, "-h xxh64 -n");
    mhl("verify", &root, "").expect(0);
    mhl("diff", &root, "").expect(0);
    mhl("verify", &root, "-dh").expect(0).says("director");
    create(&root, "-h xxh64");
    mhl("verify", &root, "-dh").expect(0);
    // The latest generation has none again; the pair before it still counts.
    create(&root, "-h xxh64 -n");
    mhl("verify", &root, "-dh").expect(0);
    put(&root, CLIP, "altered");
    mhl("verify", &root, "-dh").expect(12);
}

// R3
#[test]
fn generations_of_single_files_are_verified() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    for path in [CLIP, OTHER_CLIP, "Sidecar.txt"] {
        reference.expect(0, "create", &root, &format!("-h xxh64 -sf {}", root.join(path).display()));
    }
    mhl("verify", &root, "").expect(0);
    mhl("diff", &root, "").expect(0);
    mhl("info", &root, "").expect(0);
    put(&root, "Sidecar.txt", "altered");
    mhl("verify", &root, "").expect(11);
}

// R4
#[test]
fn a_history_of_offshoot_is_read() {
    let Some(sample) = samples("third-party-ascmhl/offshoot_24.4_sample.mhl") else { return };
    let stage = Stage::new();
    let root = stage.tree("card", &[(".hidden", "ignored by its pattern")]);
    forge(&root, &[fs::read(sample).unwrap()]);
    mhl("info", &root, "-v").expect(0).says("OffShoot");
    let names = generation(&root, 1).names().into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert!(names.len() > 5);
    for command in ["diff", "verify"] {
        let all = mhl(command, &root, "").all();
        for name in &names {
            assert!(all.contains(name), "{command} does not list {name}:\n{all}");
        }
    }
    mhl("diff", &root, "").expect(10);
    // Missing, and nothing was checked.
    let code = mhl("verify", &root, "").code;
    assert!([10, 20].contains(&code), "{code}");
    put(&root, "24Y11M14/24Y11M14A1S01T01.wav", "not the recording");
    mhl("verify", &root, "").expect(11).says("24Y11M14A1S01T01.wav");
    mhl("create", &root, "-h xxh64").expect(11);
    let second = generation(&root, 2);
    for pattern in ["ascmhl/", "ascmhl", ".*", ".DS_Store"] {
        assert!(second.patterns.iter().any(|found| found == pattern), "{pattern} is lost: {:?}", second.patterns);
    }
    assert_valid(&root);
}

#[test]
fn histories_of_other_tools_are_read() {
    let (Some(first), Some(third)) = (samples("third-party-ascmhl/0001.mhl"), samples("third-party-ascmhl/0003.mhl")) else {
        return;
    };
    let stage = Stage::new();
    let root = stage.tree("card", &[]);
    forge(&root, &[fs::read(first).unwrap(), fs::read(third).unwrap()]);
    mhl("info", &root, "").expect(0);
    mhl("diff", &root, "").expect(10).says("50MB-3f82-cab7-8049-c267");
}

/// One valid manifest written in ways no tool here writes it.
#[test]
fn any_well_formed_spelling_of_a_manifest_is_read() {
    let stage = Stage::new();
    let plain = hashlist(&format!("{}{}", entry("Clips/a.mov", "original"), entry(" b & c ", "original")));
    let prefixed = {
        let mut xml = plain.replace("xmlns=", "xmlns:mhl=");
        for name in [
            "hashlist",
            "creatorinfo",
            "creationdate",
            "hostname",
            "tool",
            "processinfo",
            "process",
            "ignore",
            "pattern",
            "hashes",
            "hash",
            "path",
            "xxh64",
        ] {
            for (from, to) in [(">", ">"), (" ", " ")] {
                xml = xml.replace(&format!("<{name}{from}"), &format!("<mhl:{name}{to}"));
            }
            xml = xml.replace(&format!("</{name}>"), &format!("</mhl:{name}>"));
        }
        xml
    };
    let metadata = "<metadata><x:any xmlns:x=\"urn:x\"><x:path>../evil</x:path><hash/>text</x:any></metadata>";
    let cases = [
        ("plain", plain.clone()),
        ("prefix", prefixed),
        ("BOM", format!("\u{feff}{plain}")),
        ("CRLF", plain.replace('\n', "\r\n")),
        ("no declaration", plain.split_once("?>").unwrap().1.trim_start().to_owned()),
        ("single quotes", plain.replacen("version=\"1.0\" encoding=\"UTF-8\"", "version='1.0' encoding='utf-8'", 1)),
        (
            "comments and instructions",
            plain
                .replace(
                    "<hashes>",
                    "<!-- a -- comment --><?target data?><hashes><!-- another -->".replace("a -- c", "a c").as_str(),
                )
                .replace("<path size=\"3\">Clips/a", "<path size=\"3\"><!-- within -->Clips/a")
                .replace(ABC_XXH64, "44bc2cf5<!-- in a digest -->ad770999"),
        ),
        ("blanks around digests", plain.replace(ABC_XXH64, &format!("\n      {ABC_XXH64}\n    "))),
        ("CDATA", plain.replace("Clips/a.mov", "<![CDATA[Clips/a.mov]]>").replace(" b &amp; c ", " b <![CDATA[&]]> c ")),
        ("character references", plain.replace("Clips/a.mov", "Clips&#x2F;&#97;.mov")),
        ("unknown metadata", plain.replace("</hashes>", &format!("</hashes>{metadata}"))),
        ("metadata of a file", plain.replacen("</xxh64></hash>", &format!("</xxh64>{metadata}</hash>"), 1)),
        (
            "folder with a slash",
            plain.replace("</hashes>", "<directoryhash><path>Clips/</path><content/><structure/></directoryhash></hashes>"),
        ),
        ("unknown attributes", plain.replace("<xxh64 ", "<xxh64 x:y=\"1\" xmlns:x=\"urn:x\" ")),
    ];
    // R5
    for (case, xml) in cases {
        let root = stage.tree(case, &[("Clips/a.mov", "abc"), (" b & c ", "abc")]);
        forge(&root, &[&xml]);
        let answer = mhl("verify", &root, "");
        assert_eq!(answer.code, 0, "{case}: {}\n{xml}", answer.all());
        put(&root, "Clips/a.mov", "abd");
        let answer = mhl("verify", &root, "");
        assert_eq!(answer.code, 11, "{case}: {}", answer.all());
    }
}

// R5
#[test]
fn a_manifest_in_utf_16_is_read_or_refused_but_not_misread() {
    let stage = Stage::new();
    let xml = hashlist(&entry("a.mov", "original")).replace("UTF-8", "UTF-16");
    let bytes: Vec<u8> = std::iter::once(0xfeff_u16).chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let root = stage.tree("card", &[("a.mov", "abc")]);
    forge(&root, &[bytes]);
    let answer = mhl("verify", &root, "");
    assert!([0, 31].contains(&answer.code), "{}", answer.all());
}

// R7
#[test]
fn upper_case_digests_are_the_same_digests() {
    let stage = Stage::new();
    for format in ["md5", "sha1", "xxh64", "xxh3", "xxh128"] {
        let root = stage.tree(format, CARD);
        create(&root, &format!("-h {format}"));
        let digests: Vec<String> = generation(&root, 1).files.values().map(|file| file.hashes[format].1.clone()).collect();
        rewrite(&root, 1, |xml| digests.iter().fold(xml, |xml, digest| xml.replace(digest, &digest.to_uppercase())));
        mhl("verify", &root, "").expect(0);
        create(&root, &format!("-h {format}"));
        assert_eq!(generation(&root, 2).actions(), ["verified"].into());
    }
}

/// `sha256` is no format of ASC MHL; other tools write it.
#[test]
fn a_digest_that_cannot_be_checked_is_named() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc"), ("b.mov", "abc")]);
    let foreign = "<sha256 action=\"original\">ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad</sha256>";
    let known = format!("<xxh64 action=\"original\">{ABC_XXH64}</xxh64>");
    forge(&root, &[hashlist(&format!("{}{}", entry_with("a.mov", &format!("{foreign}{known}")), entry("b.mov", "original")))]);
    mhl("verify", &root, "").expect(0).says("sha256");
    put(&root, "a.mov", "abd");
    mhl("verify", &root, "").expect(11);
}

#[test]
fn sequence_of_elements_is_no_reason_to_misread() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc")]);
    let entry = format!(
        "<hash><xxh64 action=\"original\">{ABC_XXH64}</xxh64><path size=\"3\">a.mov</path></hash>{}",
        "<hash><path>b.mov</path><xxh64>0000000000000000</xxh64></hash>"
    );
    forge(&root, &[hashlist_with(&entry, "<pattern>b.mov</pattern>", "")]);
    mhl("verify", &root, "").expect(0);
}

#[test]
fn info_tells_generations_and_the_life_of_one_file() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64 --author-name Ann --location Berlin");
    create(&root, "-h md5");
    put(&root, CLIP, "altered");
    mhl("create", &root, "-h md5").expect(11);
    let text = mhl("info", &root, "").expect(0).text;
    assert!(["1", "2", "3"].iter().all(|number| text.contains(number)), "{text}");
    mhl("info", &root, "-v").expect(0).says("Ann").says("Berlin");
    let one = root.join(CLIP);
    let text = mhl("info", &root, &format!("-sf {}", one.display())).expect(0).text;
    for word in ["original", "verified", "failed", "xxh64", "md5", &generation(&root, 1).files[CLIP].hashes["xxh64"].1] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    assert!(!text.contains(OTHER_CLIP), "{text}");
    mhl("info", &root, &format!("-sf {}", root.join("nowhere.mov").display())).expect(20);
    // Without a root it is found above the file.
    crate::support::run(&["mhl", "info", "-sf", one.to_str().unwrap()]).expect(0).says("original");
    let _ = manifest_path(&root, 3);
}
