//! Owns the promise that what is written is what the schema and the specification ask for: elements, their order, names, numbers,
//! dates.

use crate::manifest::{Manifest, chain, entry, forge, generation, hashlist, manifest_path, manifests};
use crate::support::{
    ALL, CARD, CHAIN_SCHEMA, FORMATS, LEGACY_SCHEMA, MANIFEST_SCHEMA, Stage, assert_valid, command, create, everything, finish,
    mhl, mhl_with, put, reference, run, samples, schema_errors, tool,
};
use std::fs;
use std::path::Path;

fn attributes(path: &Path, element: &str, attribute: &str) -> Vec<String> {
    let xml = fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let elements = document.descendants().filter(|node| node.tag_name().name() == element);
    elements.filter_map(|node| node.attribute(attribute)).map(str::to_owned).collect()
}

fn elements(path: &Path, element: &str) -> Vec<String> {
    let xml = fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let elements = document.descendants().filter(|node| node.tag_name().name() == element);
    elements.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

// F1
#[test]
fn the_first_generation_is_valid_in_each_format() {
    let stage = Stage::new();
    for format in FORMATS {
        let root = stage.tree(format, CARD);
        put(&root, "zero", "");
        put(&root, "Empty/", "");
        create(&root, &format!("-h {format}"));
        assert_valid(&root);
        let manifest = generation(&root, 1);
        assert_eq!(manifest.process, "in-place");
        assert_eq!(manifest.patterns, [".DS_Store", "ascmhl", "ascmhl/"]);
        assert_eq!(manifest.files.len(), 4);
        assert!(manifest.files.values().all(|file| file.hashes.keys().eq([format])), "{format} only");
        assert_eq!(manifest.files["zero"].size, Some(0));
        assert_eq!(manifest.folders.len(), 2);
        assert_eq!(manifest.actions(), ["original"].into());
        assert_eq!(chain(&root).len(), 1);
    }
}

#[test]
fn a_new_history_is_written_in_xxh128() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "");
    assert!(generation(&root, 1).files.values().all(|file| file.hashes.keys().eq(["xxh128"])));
}

// F2
#[test]
fn six_formats_at_once_stand_in_the_order_of_the_schema() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64 -h xxh3,sha1 -h c4 -h md5,xxh128");
    assert_valid(&root);
    let xml = fs::read_to_string(manifest_path(&root, 1)).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let mut compared = 0;
    for parent in document.descendants().filter(|node| ["hash", "content", "structure"].contains(&node.tag_name().name())) {
        let names = parent.children().map(|node| node.tag_name().name()).filter(|name| FORMATS.contains(name));
        assert_eq!(names.collect::<Vec<_>>(), FORMATS);
        compared += 1;
    }
    // Three files; the folder and the root with two each.
    assert_eq!(compared, 3 + 4);
}

// A14
#[test]
fn a_format_asked_for_twice_is_written_once() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h md5 -h md5,md5");
    assert_valid(&root);
    assert!(generation(&root, 1).files.values().all(|file| file.hashes.keys().eq(["md5"])));
}

// F3
#[test]
fn who_and_where_survive_every_character() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let (name, role) = ("Jörg \"<&>\" O'Hara 日本", "DIT & <loader>");
    let (location, comment) = ("Stage 5, \"<München>\" & 'more'", "first line\nsecond line ]]> <!-- & -->");
    mhl_with(
        "create",
        &root,
        &[
            "--author-name",
            name,
            "--author-email",
            "dit@example.org",
            "--author-phone",
            "+49 \"89\" <1> & 2",
            "--author-role",
            role,
            "--location",
            location,
            "--comment",
            comment,
        ],
    )
    .expect(0);
    assert_valid(&root);
    let path = manifest_path(&root, 1);
    assert_eq!(elements(&path, "author"), [name]);
    assert_eq!(attributes(&path, "author", "email"), ["dit@example.org"]);
    assert_eq!(attributes(&path, "author", "phone"), ["+49 \"89\" <1> & 2"]);
    assert_eq!(attributes(&path, "author", "role"), [role]);
    assert_eq!(elements(&path, "location"), [location]);
    assert_eq!(elements(&path, "comment"), [comment]);
    // The reference spells them with underscores; both are taken.
    mhl_with(
        "create",
        &root,
        &["--author_name", "Ann", "--author_email", "a@b.cd", "--author_phone", "1", "--author_role", "DIT"],
    )
    .expect(0);
    assert_eq!(elements(&manifest_path(&root, 2), "author"), ["Ann"]);
    assert_valid(&root);
    if let Some(mut reference) = reference() {
        reference.expect(0, "verify", &root, "");
        reference.expect(0, "info", &root, "-v");
    }
}

// F3
#[test]
fn what_the_schema_forbids_is_refused_before_anything_is_written() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    for (option, value) in [
        ("--author-email", "nobody"),
        ("--author-email", "a@b"),
        ("--author-email", "@example.org"),
        ("--comment", "a bell \u{7} rings"),
        ("--location", "\u{fffe}"),
        ("-h", "sha256"),
        ("-h", ""),
        ("--process", "flatten"),
    ] {
        mhl_with("create", &root, &["--author-name", "Ann", option, value]).expect(2);
        assert!(!root.join("ascmhl").exists(), "{option} {value:?}");
    }
}

fn is_name(name: &str, number: &str, folder: &str) -> bool {
    let Some(rest) = name.strip_prefix(&format!("{number}_{folder}_")) else { return false };
    let shape: String = rest.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00_000000Z.mhl"
}

// F4
#[test]
fn manifests_are_named_by_number_folder_and_time() {
    let stage = Stage::new();
    for folder in ["A002R2EC", " Köln 日本 & co ", "#a", "-v", "it's"] {
        let root = stage.tree(folder, CARD);
        create(&root, "-h xxh64");
        create(&root, "-h xxh64");
        create(&root, "-h xxh64");
        let names: Vec<String> = chain(&root).into_iter().map(|(_, name, _)| name).collect();
        for (name, number) in names.iter().zip(["0001", "0002", "0003"]) {
            assert!(is_name(name, number, folder), "{name:?}");
        }
        assert_valid(&root);
        if let Some(mut reference) = reference() {
            reference.expect(0, "verify", &root, "");
        }
    }
}

// F4
#[test]
fn a_long_folder_name_is_shortened_in_the_name_of_the_manifest() {
    let stage = Stage::new();
    for folder in ["x".repeat(255), "ü".repeat(127), "日".repeat(80)] {
        let root = stage.tree(&folder, CARD);
        create(&root, "-h xxh64");
        let name = chain(&root).remove(0).1;
        assert!(name.len() <= 255 && name.starts_with("0001_") && name.ends_with("Z.mhl"), "{name}");
        assert_valid(&root);
        mhl("verify", &root, "").expect(0);
        create(&root, "-h xxh64");
    }
}

// F4
#[test]
fn numbers_grow_beyond_9999() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc")]);
    let first = hashlist(&entry("a.mov", "original"));
    let later = hashlist(&entry("a.mov", "verified"));
    let all: Vec<&str> = std::iter::once(first.as_str()).chain(std::iter::repeat_n(later.as_str(), 9998)).collect();
    forge(&root, &all);
    create(&root, "-h xxh64");
    create(&root, "-h xxh64");
    let found = manifests(&root);
    assert_eq!(found.keys().next_back(), Some(&10_001));
    for number in ["10000", "10001"] {
        let name = found[&number.parse().unwrap()].file_name().unwrap().to_str().unwrap();
        assert!(is_name(name, number, "card"), "{name}");
    }
    assert_eq!(generation(&root, 10_001).actions(), ["verified"].into());
    crate::manifest::assert_chain_holds(&root);
    mhl("verify", &root, "").expect(0);
}

#[test]
fn names_of_other_tools_are_read_and_numbers_go_on() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc")]);
    forge(&root, &[hashlist(&entry("a.mov", "original"))]);
    let xml = fs::read_to_string(manifest_path(&root, 1)).unwrap();
    fs::remove_file(manifest_path(&root, 1)).unwrap();
    fs::write(root.join("ascmhl/0001.mhl"), xml).unwrap();
    fs::write(root.join("ascmhl/README.txt"), "not a manifest").unwrap();
    fs::write(root.join("ascmhl/._0001.mhl"), "AppleDouble").unwrap();
    fs::remove_file(root.join("ascmhl/._0001.mhl")).unwrap();
    crate::manifest::rechain(&root);
    fs::write(root.join("ascmhl/._0001.mhl"), "AppleDouble").unwrap();
    mhl("verify", &root, "").expect(0);
    create(&root, "-h xxh64");
    assert_eq!(chain(&root).len(), 2);
    mhl("verify", &root, "").expect(0);
}

#[test]
fn dates_name_the_right_instant_in_every_season() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("summer.mov", "a"), ("winter.mov", "b")]);
    tool("touch", &["-d".as_ref(), "2024-07-03T09:46:40Z".as_ref(), root.join("summer.mov").as_os_str()]);
    tool("touch", &["-d".as_ref(), "2024-01-03T09:46:40Z".as_ref(), root.join("winter.mov").as_os_str()]);
    let mut run = command(&["mhl", "create", root.to_str().unwrap(), "-h", "xxh64"]);
    run.env("TZ", "Europe/Berlin");
    finish(run).expect(0);
    let found = attributes(&manifest_path(&root, 1), "path", "lastmodificationdate");
    let right = |date: &str, utc: &str, local: &str| {
        (date.starts_with(utc) && (date.ends_with('Z') || date.ends_with("+00:00"))) || date.starts_with(local)
    };
    assert!(found.iter().any(|date| right(date, "2024-07-03T09:46:40", "2024-07-03T11:46:40+02:00")), "{found:?}");
    assert!(found.iter().any(|date| right(date, "2024-01-03T09:46:40", "2024-01-03T10:46:40+01:00")), "{found:?}");
    assert_valid(&root);
}

#[test]
fn dates_before_1970_and_far_away_are_valid() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("old", "a"), ("far", "b")]);
    tool("touch", &["-d".as_ref(), "1960-02-03T04:05:06Z".as_ref(), root.join("old").as_os_str()]);
    tool("touch", &["-d".as_ref(), "2400-02-03T04:05:06Z".as_ref(), root.join("far").as_os_str()]);
    create(&root, "-h xxh64");
    assert_valid(&root);
    mhl("verify", &root, "").expect(0);
    assert!(fs::read_to_string(manifest_path(&root, 1)).unwrap().contains("1960-02-03T04:05:06"));
}

/// Histories travel with the files: whoever may read these may read those.
#[test]
fn manifests_and_chains_can_be_read_by_everyone_who_may() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let mut run = std::process::Command::new("sh");
    run.args(["-c", "umask 022; exec \"$0\" mhl create \"$1\""]).arg(crate::support::program()).arg(&root);
    finish(run).expect(0);
    for path in [manifest_path(&root, 1), crate::manifest::chain_path(&root)] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644, "{}", path.display());
    }
    assert_eq!(fs::metadata(root.join("ascmhl")).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(fs::read_dir(root.join("ascmhl")).unwrap().count(), 2, "something was left behind");
}

#[test]
fn a_manifest_can_be_written_elsewhere() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let before = everything(&root);
    let elsewhere = stage.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    create(&root, &format!("-h xxh64 --manifest-to {}", elsewhere.display()));
    assert!(everything(&root) == before, "the tree was written to");
    let written: Vec<_> = fs::read_dir(&elsewhere).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(is_name(written[0].file_name().unwrap().to_str().unwrap(), "0002", "card"));
    crate::support::assert_schema(MANIFEST_SCHEMA, &written);
    assert_eq!(Manifest::read(&written[0]).actions(), ["verified"].into());
    mhl("verify", &root, &format!("-pl {}", written[0].display())).expect(0);
}

#[test]
fn a_folder_of_empty_folders_gets_a_valid_generation() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("Empty/", "")]);
    create(&root, "-h xxh64");
    assert_valid(&root);
    let manifest = generation(&root, 1);
    assert!(manifest.files.is_empty());
    assert_eq!(manifest.folders["Empty"].content["xxh64"], "ef46db3751d8e999");
    // Nothing was checked, and that is said.
    mhl("verify", &root, "").expect(20);
    mhl("diff", &root, "").expect(0);
    create(&root, "-h xxh64");
    assert_valid(&root);
}

/// A manifest of nothing is none by the specification; the reference writes one that is not valid.
#[test]
fn where_nothing_is_to_record_nothing_is_written() {
    let stage = Stage::new();
    for entries in [&[][..], &[(".DS_Store", "x")]] {
        let root = stage.tree(&format!("card{}", entries.len()), entries);
        mhl("create", &root, "-h xxh64").expect(20);
        assert!(!root.join("ascmhl").exists());
    }
    let root = stage.tree("ignored", CARD);
    mhl("create", &root, "-h xxh64 -i *").expect(20);
    assert!(!root.join("ascmhl").exists());
}

#[test]
fn a_folder_that_lost_everything_misses_everything() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::remove_dir_all(root.join("Clips")).unwrap();
    fs::remove_file(root.join("Sidecar.txt")).unwrap();
    mhl("diff", &root, "").expect(10).says("Sidecar.txt").says("Clips");
    // Missing, and nothing was checked.
    let answer = mhl("verify", &root, "").says("Sidecar.txt").says("Clips");
    assert!([10, 20].contains(&answer.code), "{}", answer.code);
    mhl("create", &root, "-h xxh64").expect(10).says("Sidecar.txt").says("Clips");
    assert_valid(&root);
    mhl("diff", &root, "").expect(10);
}

#[test]
fn folders_without_digests_are_still_named() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    put(&root, "Empty/", "");
    create(&root, "-h xxh64 -n");
    assert_valid(&root);
    let manifest = generation(&root, 1);
    assert!(manifest.root.is_none(), "{:?}", manifest.root);
    assert_eq!(manifest.folders.keys().collect::<Vec<_>>(), ["Clips", "Empty"]);
    assert!(manifest.folders.values().all(|folder| folder.content.is_empty() && folder.structure.is_empty()));
    fs::remove_dir(root.join("Empty")).unwrap();
    mhl("diff", &root, "").expect(10);
}

/// `check` judges as xmllint does, without xmllint.
#[test]
fn check_agrees_with_the_schema() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, &format!("-h {ALL} --author-name Ann --author-email a@b.cd"));
    let good = fs::read_to_string(manifest_path(&root, 1)).unwrap();
    let first = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in the manifest");
        text.replacen(from, to, 1)
    };
    let mut cases = vec![
        ("as written", good.clone()),
        ("nothing recorded", hashlist("")),
        ("empty hashes", first(&hashlist(""), "</processinfo>", "</processinfo><hashes></hashes>")),
        ("no digest", hashlist("<hash><path size=\"1\">a</path></hash>")),
        ("unknown element", first(&good, "<creatorinfo>", "<more/><creatorinfo>")),
        ("unknown format", good.replace("xxh64", "sha256")),
        ("wrong order", {
            let entry = "<hash><path>a</path><xxh64>44bc2cf5ad770999</xxh64><md5>900150983cd24fb0d6963f7d28e17f72</md5></hash>";
            hashlist(entry)
        }),
        ("bad e-mail", first(&good, "a@b.cd", "a.cd")),
        ("bad process", first(&good, "in-place", "in place")),
        ("bad action", first(&good, "original", "orginal")),
        ("bad date", first(&good, "<creationdate>2", "<creationdate>x2")),
        ("no host", first(&hashlist(&entry("a", "original")), "<hostname>cart</hostname>", "")),
        ("no process", first(&hashlist(&entry("a", "original")), "<process>in-place</process>", "")),
        ("wrong version", first(&good, "version=\"2.0\"", "version=\"3.0\"")),
        ("wrong namespace", first(&good, "urn:ASC:MHL:v2.0", "urn:ASC:MHL:v1.0")),
        ("size of a folder", hashlist("<directoryhash><path size=\"1\">a</path><content/><structure/></directoryhash>")),
        ("bad size", hashlist("<hash><path size=\"x\">a</path><xxh64>44bc2cf5ad770999</xxh64></hash>")),
        ("previous path", hashlist("<hash><path>a</path><xxh64>44bc2cf5ad770999</xxh64><previousPath>b</previousPath></hash>")),
        ("not XML", "hello".to_owned()),
        ("cut", good[..good.len() / 2].to_owned()),
        ("empty", String::new()),
    ];
    cases.push(("root element", first(&good, "<hashlist ", "<list ").replace("</hashlist>", "</list>")));
    let Some(_) = schema_errors(MANIFEST_SCHEMA, &[manifest_path(&root, 1)]) else { return };
    let mut wrong = Vec::new();
    for (case, xml) in &cases {
        let file = stage.path("case.mhl");
        fs::write(&file, xml).unwrap();
        let errors = schema_errors(MANIFEST_SCHEMA, std::slice::from_ref(&file)).unwrap();
        let expected = if errors.is_empty() { 0 } else { 11 };
        let found = run(&["mhl", "check", file.to_str().unwrap()]);
        if found.code != expected {
            wrong.push(format!("{case}: {} instead of {expected} {errors}{}", found.code, found.all()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn check_takes_chains_and_legacy_lists() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let chain = root.join("ascmhl/ascmhl_chain.xml");
    let good = fs::read_to_string(&chain).unwrap();
    for (case, xml) in [
        ("as written", good.clone()),
        ("no number", good.replace("sequencenr=\"1\"", "")),
        ("no path", good.replace("<path>", "<name>").replace("</path>", "</name>")),
        ("no line", "<ascmhldirectory xmlns=\"urn:ASC:MHL:DIRECTORY:v2.0\"/>".to_owned()),
        ("wrong namespace", good.replace("DIRECTORY", "DIR")),
    ] {
        let file = stage.path("case.xml");
        fs::write(&file, xml).unwrap();
        let Some(errors) = schema_errors(CHAIN_SCHEMA, std::slice::from_ref(&file)) else { return };
        let expected = if errors.is_empty() { 0 } else { 11 };
        let found = run(&["mhl", "check", "-df", file.to_str().unwrap()]);
        assert_eq!(found.code, expected, "{case}: {errors}{}", found.all());
    }
    run(&["mhl", "check", manifest_path(&root, 1).to_str().unwrap(), "-df"]).expect(11);
    let Some(legacy) = samples("legacy") else { return };
    for list in ["mhl_verify_md5/md5.mhl", "mhl_verify_multiple/multiple.mhl", "mhl_verify_null/null.mhl"] {
        let list = legacy.join(list);
        let Some(errors) = schema_errors(LEGACY_SCHEMA, std::slice::from_ref(&list)) else { return };
        let expected = if errors.is_empty() { 0 } else { 11 };
        let found = run(&["mhl", "check", list.to_str().unwrap()]);
        assert_eq!(found.code, expected, "{}: {errors}{}", list.display(), found.all());
    }
}

#[test]
fn answers_are_json_on_request_and_results_stay_off_standard_error() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    for command in ["create", "verify", "diff", "info"] {
        mhl(command, &root, "--json").expect(0).json();
    }
    put(&root, "new.mov", "new");
    put(&root, "Sidecar.txt", "changed");
    let answer = mhl("verify", &root, "--json").expect(11);
    let text = answer.json().to_string();
    assert!(text.contains("new.mov") && text.contains("Sidecar.txt"), "{text}");
    let text = mhl("diff", &root, "--json").expect(21).json().to_string();
    assert!(text.contains("new.mov") && !text.contains("Sidecar.txt"), "{text}");
}

#[test]
fn no_state_folder_is_needed_or_made() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let home = stage.path("home");
    for action in ["create", "verify", "diff", "info"] {
        let mut run = command(&["mhl", action, root.to_str().unwrap()]);
        run.env("CHECKGATE_HOME", &home).env("HOME", &home).env("XDG_DATA_HOME", &home);
        finish(run).expect(0);
    }
    assert!(!home.exists());
}

#[test]
fn commands_that_read_write_nothing() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, "new.mov", "new");
    let before = everything(&root);
    mhl("verify", &root, "").expect(21);
    mhl("verify", &root, "-dh").expect(12);
    mhl("verify", &root, "-dh -co").expect(0);
    mhl("diff", &root, "").expect(21);
    mhl("info", &root, "-v").expect(0);
    assert!(everything(&root) == before);
}

#[test]
fn what_makes_no_sense_is_said_and_nothing_is_done() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    let missing = stage.path("missing");
    for command in ["create", "verify", "diff", "info"] {
        mhl(command, &missing, "").expect(2);
        mhl(command, &root, "--no-such-option").expect(2);
    }
    mhl("create", &root.join("Sidecar.txt"), "").expect(2);
    run(&["mhl", "destroy"]).expect(2);
    assert!(!root.join("ascmhl").exists());
    for command in ["verify", "diff", "info"] {
        mhl(command, &root, "").expect(30);
    }
    run(&["mhl", "flatten", root.to_str().unwrap(), stage.path("").to_str().unwrap()]).expect(30);
    for arguments in [&["mhl", "--help"][..], &["mhl", "create", "--help"], &["mhl", "verify", "--help"], &["verify", "--help"]] {
        run(arguments).expect(0).says("usage");
    }
}

#[test]
fn a_relative_root_is_named_by_its_folder() {
    let stage = Stage::new();
    let root = stage.tree("A002R2EC", CARD);
    for (folder, named) in [(root.clone(), "."), (stage.path(""), "A002R2EC/"), (root.join("Clips"), "..")] {
        let mut run = command(&["mhl", "create", named, "-h", "xxh64"]);
        run.current_dir(folder);
        finish(run).expect(0);
    }
    let names: Vec<String> = chain(&root).into_iter().map(|(_, name, _)| name).collect();
    assert!(names.iter().zip(["0001", "0002", "0003"]).all(|(name, number)| is_name(name, number, "A002R2EC")), "{names:?}");
    assert_valid(&root);
    let _: Manifest = generation(&root, 3);
}
