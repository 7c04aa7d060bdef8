//! Owns `checkgate verify`: whatever lists lie below the paths it is given, all of them, to the end, and the whole story.

use crate::manifest::{ABC_XXH64, chain_path, entry, forge, hashlist, manifests};
use crate::support::{
    Answer, CARD, CLIP, NESTED, OTHER_CLIP, Stage, assert_valid, command, create, create_nested, everything, finish, mhl, put,
    reference,
};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// `checkgate verify PATHS… OPTIONS…`, with a state folder of its own.
#[track_caller]
fn verify(stage: &Stage, paths: &[&Path], options: &[&str]) -> Answer {
    let mut arguments: Vec<&OsStr> = vec!["verify".as_ref()];
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    arguments.extend(options.iter().map(OsStr::new));
    let mut verify = command(&arguments);
    verify.env("CHECKGATE_HOME", stage.path("home"));
    finish(verify).orderly()
}

const SYSTEM: &[&str] = &["--depth", "system"];

fn legacy(root: &Path, name: &str, digest: &str) {
    put(
        root,
        "list.mhl",
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"1.1\"><hash><file>{name}</file><size>3</size>\
             <lastmodificationdate>2024-02-01T10:00:00Z</lastmodificationdate><xxhash64be>{digest}</xxhash64be>\
             <hashdate>2024-02-01T10:00:00Z</hashdate></hash></hashlist>"
        ),
    );
}

#[test]
fn a_whole_folder_is_whole_and_nothing_is_written() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    let before = everything(&root);
    verify(&stage, &[&root], &[]).expect(0);
    verify(&stage, &[&root], SYSTEM).expect(0);
    verify(&stage, &[&root], &["--all-formats"]).expect(0);
    assert!(everything(&root) == before);
}

#[test]
fn everything_that_differs_is_told_by_kind() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    for name in ["altered.mov", "lost.mov", "Köln.mov", "Case.mov", "moved.mov"] {
        put(&root, name, name);
    }
    create(&root, "-h xxh64");
    put(&root, "altered.mov", "ALTERED.mov");
    fs::remove_file(root.join("lost.mov")).unwrap();
    put(&root, "extra.mov", "extra");
    fs::rename(root.join("Köln.mov"), root.join("Ko\u{308}ln.mov")).unwrap();
    fs::rename(root.join("Case.mov"), root.join("cASE.mov")).unwrap();
    fs::rename(root.join("moved.mov"), root.join("Clips/renamed.mov")).unwrap();
    let answer = verify(&stage, &[&root], SYSTEM).expect(1);
    for name in ["altered.mov", "lost.mov", "extra.mov", "Köln.mov", "Ko\u{308}ln.mov", "Case.mov", "cASE.mov", "renamed.mov"] {
        assert!(answer.all().contains(name), "{name} is not told of:\n{}", answer.all());
    }
    let json = verify(&stage, &[&root], &["--depth", "system", "--json"]).expect(1).json().to_string();
    for name in ["altered.mov", "lost.mov", "extra.mov", "renamed.mov"] {
        assert!(json.contains(name), "{name} is not in {json}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    verify(&stage, &[], &[]).expect(2);
    verify(&stage, &[&root], &["--no-such-option"]).expect(2);
    let answer = verify(&stage, &[&stage.path("nowhere")], &[]).says("nowhere");
    assert!([2, 3].contains(&answer.code), "{}", answer.code);
    // A folder without any list proves nothing.
    let answer = verify(&stage, &[&root], SYSTEM);
    assert!(answer.code != 0 && !answer.errors.trim().is_empty(), "{} {}", answer.code, answer.all());
}

#[test]
fn every_list_below_the_path_is_found() {
    let stage = Stage::new();
    let drive = stage.tree("drive", &[]);
    let roots = ["day 1/A001", "day 1/A002", "day 2/deep/er/A003"];
    for name in roots {
        for (path, content) in CARD {
            put(&drive.join(name), path, content);
        }
        create(&drive.join(name), "-h xxh64");
    }
    put(&drive, "legacy/a.mov", "abc");
    legacy(&drive.join("legacy"), "a.mov", ABC_XXH64);
    let source = stage.tree("packed", CARD);
    create(&source, "-h xxh64");
    for (path, content) in CARD {
        put(&drive.join("packed"), path, content);
    }
    mhl("flatten", &source, drive.join("packed").to_str().unwrap()).expect(0);
    verify(&stage, &[&drive], SYSTEM).expect(0);
    // Damage in any of them is found, and the others are still checked.
    for (path, bad) in [
        (format!("{}/{CLIP}", roots[0]), "abce\n"),
        (format!("{}/{CLIP}", roots[2]), "abce\n"),
        ("legacy/a.mov".to_owned(), "abd"),
        (format!("packed/{CLIP}"), "abce\n"),
    ] {
        let good = fs::read(drive.join(&path)).unwrap();
        put(&drive, &path, bad);
        let answer = verify(&stage, &[&drive], SYSTEM);
        assert_eq!(answer.code, 1, "{path}: {}", answer.all());
        let name = path.rsplit('/').next().unwrap();
        assert!(answer.all().contains(name), "{path}: {}", answer.all());
        put(&drive, &path, good);
    }
    verify(&stage, &[&drive], SYSTEM).expect(0);
}

#[test]
fn nested_histories_are_verified_as_one() {
    let stage = Stage::new();
    let root = stage.tree("Root", NESTED);
    create_nested(&root, "-h xxh64");
    verify(&stage, &[&root], SYSTEM).expect(0);
    put(&root, "B/BB/BB1.txt", "altered");
    verify(&stage, &[&root], SYSTEM).expect(1).says("BB1.txt");
    // From a folder within a history too: the history above it is not looked for.
    verify(&stage, &[&root.join("A/AA")], SYSTEM).expect(0);
}

#[test]
fn several_paths_are_verified_in_one_go() {
    let stage = Stage::new();
    let (one, two) = (stage.tree("one", CARD), stage.tree("two", CARD));
    create(&one, "-h xxh64");
    create(&two, "-h md5");
    verify(&stage, &[&one, &two], SYSTEM).expect(0);
    put(&two, OTHER_CLIP, "altered");
    verify(&stage, &[&one, &two], SYSTEM).expect(1).says(OTHER_CLIP);
    verify(&stage, &[&two, &one], SYSTEM).expect(1).says(OTHER_CLIP);
    // One that is gone does not keep the other from being checked.
    let answer = verify(&stage, &[&stage.path("gone"), &two], SYSTEM).says(OTHER_CLIP).says("gone");
    assert!([1, 2, 3].contains(&answer.code), "{}", answer.code);
}

#[test]
fn a_damaged_history_is_told_and_the_others_are_checked() {
    let stage = Stage::new();
    let drive = stage.tree("drive", &[]);
    for name in ["A001", "A002", "A003", "A004"] {
        for (path, content) in CARD {
            put(&drive.join(name), path, content);
        }
        create(&drive.join(name), "-h xxh64");
    }
    let manifest = manifests(&drive.join("A001"))[&1].clone();
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap().replace("in-place", "transfer")).unwrap();
    fs::remove_file(chain_path(&drive.join("A002"))).unwrap();
    put(&drive, &format!("A003/{CLIP}"), "abce\n");
    let answer = verify(&stage, &[&drive], SYSTEM);
    assert!([1, 3].contains(&answer.code), "{} {}", answer.code, answer.all());
    for name in ["A001", "A002", CLIP] {
        assert!(answer.all().contains(name), "{name}: {}", answer.all());
    }
}

#[test]
fn reports_are_written_in_every_form() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    put(&root, CLIP, "abce\n");
    put(&root, "<script>alert(1)</script> & 日本", "hostile name");
    let report = |extension: &str| stage.path(&format!("report.{extension}"));
    let reports: Vec<String> =
        ["txt", "json", "html", "pdf"].iter().map(|kind| report(kind).to_str().unwrap().to_owned()).collect();
    let mut options = vec!["--depth", "system"];
    for report in &reports {
        options.extend(["--report", report]);
    }
    verify(&stage, &[&root], &options).expect(1);
    let text = fs::read_to_string(report("txt")).unwrap();
    assert!(text.contains(CLIP) && text.contains("<script>"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(report("json")).unwrap()).unwrap();
    assert!(json.to_string().contains(CLIP));
    let html = fs::read_to_string(report("html")).unwrap();
    assert!(html.contains("A002C006_141024_R2EC.mov"), "{html}");
    assert!(!html.contains("<script>alert"), "a name became a program");
    let pdf = fs::read(report("pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 500);
    // A form nobody knows is refused before anything is read.
    verify(&stage, &[&root], &["--report", stage.path("report.docx").to_str().unwrap()]).expect(2);
    assert!(!stage.path("report.docx").exists());
}

#[test]
fn a_report_that_cannot_be_written_is_said_before_anything_is_read() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    fs::write(stage.path("file"), "x").unwrap();
    for report in [stage.path("nowhere/report.txt"), stage.path("file/report.txt")] {
        let answer = verify(&stage, &[&root], &["--depth", "system", "--report", report.to_str().unwrap()]).says("report");
        assert!([2, 3].contains(&answer.code), "{} {}", answer.code, answer.all());
        assert!(!answer.text.contains("equal"), "everything was read first:\n{}", answer.text);
    }
}

#[test]
fn a_list_beside_a_history_vouches_for_its_files_whether_or_not_one_appends() {
    let stage = Stage::new();
    let drive = stage.tree("drive", &[("A001/a.mov", "abc"), ("loose.mov", "abc")]);
    create(&drive.join("A001"), "-h xxh64");
    legacy(&drive, "loose.mov", ABC_XXH64);
    verify(&stage, &[&drive], SYSTEM).expect(0);
    verify(&stage, &[&drive], &["--depth", "system", "--append"]).expect(0);
    assert_eq!(manifests(&drive.join("A001")).len(), 2);
    put(&drive, "loose.mov", "abd");
    verify(&stage, &[&drive], SYSTEM).expect(1).says("loose.mov");
}

#[test]
fn what_is_no_file_on_a_drive_is_named_and_not_followed() {
    let stage = Stage::new();
    let drive = stage.tree("drive", &[]);
    for (path, content) in CARD {
        put(&drive.join("A001"), path, content);
    }
    create(&drive.join("A001"), "-h xxh64");
    std::os::unix::fs::symlink("..", drive.join("A001/Clips/up")).unwrap();
    std::os::unix::fs::symlink("/etc", drive.join("system")).unwrap();
    crate::support::tool("mkfifo", &[drive.join("A001/pipe").as_os_str()]);
    crate::support::tool("mkfifo", &[drive.join("list.mhl").as_os_str()]);
    let answer = verify(&stage, &[&drive], SYSTEM).expect(0);
    for name in ["A001/Clips/up", "system", "A001/pipe", "list.mhl"] {
        assert!(answer.all().contains(name), "{name}: {}", answer.all());
    }
}

#[test]
fn a_generation_is_appended_on_request() {
    let stage = Stage::new();
    let root = stage.tree("card", CARD);
    create(&root, "-h xxh64");
    verify(&stage, &[&root], &["--depth", "system", "--append"]).expect(0);
    assert_eq!(manifests(&root).len(), 2);
    let second = crate::manifest::generation(&root, 2);
    assert_eq!(second.actions(), ["verified"].into());
    assert_valid(&root);
    put(&root, CLIP, "abce\n");
    verify(&stage, &[&root], &["--depth", "system", "--append"]).expect(1);
    assert_eq!(crate::manifest::generation(&root, 3).action(CLIP, "xxh64"), "failed");
    assert_valid(&root);
    if let Some(mut reference) = reference() {
        reference.expect(11, "verify", &root, "");
    }
}

#[test]
fn one_manifest_alone_can_be_named() {
    let stage = Stage::new();
    let root = stage.tree("card", &[("a.mov", "abc"), ("b.mov", "abc")]);
    forge(&root, &[hashlist(&format!("{}{}", entry("a.mov", "original"), entry("b.mov", "original")))]);
    put(&stage.path(""), "alone.mhl", hashlist(&entry("a.mov", "original")));
    let alone = stage.path("alone.mhl");
    put(&root, "b.mov", "abd");
    verify(&stage, &[&root], SYSTEM).expect(1);
    // b.mov is not in it: at most extra, never altered.
    let answer = verify(&stage, &[&root], &["--depth", "system", "--manifest", alone.to_str().unwrap()]);
    assert!(answer.code <= 1, "{}", answer.all());
    put(&root, "a.mov", "abd");
    verify(&stage, &[&root], &["--depth", "system", "--manifest", alone.to_str().unwrap()]).expect(1).says("a.mov");
}

/// Files of 16 MiB that take no room: long enough to read that a run can be interrupted among them.
fn long_run(stage: &Stage) -> std::path::PathBuf {
    let drive = stage.tree("drive", &[]);
    for card in ["A001", "A002"] {
        for number in 10..20 {
            put(&drive, &format!("{card}/clip{number}.mov"), format!("{number}"));
            let file = fs::OpenOptions::new().write(true).open(drive.join(card).join(format!("clip{number}.mov"))).unwrap();
            file.set_len(16 << 20).unwrap();
        }
        create(&drive.join(card), "-h md5");
    }
    drive
}

/// Lines of everything a folder holds.
fn lines_in(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let lines = |path: std::path::PathBuf| {
        if path.is_dir() {
            lines_in(&path)
        } else {
            fs::read(path).map_or(0, |bytes| bytes.split(|byte| *byte == b'\n').count() - 1)
        }
    };
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).map(lines).sum()
}

/// Interrupts a run as soon as it has noted some files. Gives its exit code: none where it was killed.
fn interrupt(stage: &Stage, drive: &Path, signal: &str) -> Option<i32> {
    let mut verify = command(&["verify", drive.to_str().unwrap(), "--depth", "system"]);
    verify.env("CHECKGATE_HOME", stage.path("home"));
    verify.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = verify.spawn().unwrap();
    while lines_in(&stage.path("home/verifications")) < 5 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    crate::support::tool("kill", &[signal.as_ref(), child.id().to_string().as_ref()]);
    child.wait().unwrap().code()
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let stage = Stage::new();
    let drive = long_run(&stage);
    assert_eq!(interrupt(&stage, &drive, "-INT"), Some(4), "it was not interrupted");
    verify(&stage, &[&drive], SYSTEM).expect(0).says("interrupted");
    // Done: the next run is a whole one.
    let answer = verify(&stage, &[&drive], SYSTEM).expect(0);
    assert!(!answer.all().contains("interrupted"), "{}", answer.all());
    // The same after a crash.
    assert_eq!(interrupt(&stage, &drive, "-KILL"), None, "it was not killed");
    verify(&stage, &[&drive], SYSTEM).expect(0).says("interrupted");
}

#[test]
fn what_changed_since_the_interruption_is_read_again() {
    let stage = Stage::new();
    let drive = long_run(&stage);
    let (first, last) = (drive.join("A001/clip10.mov"), drive.join("A002/clip19.mov"));
    put(&drive, "A002/clip19.mov", vec![1; 16 << 20]);
    assert_eq!(interrupt(&stage, &drive, "-INT"), Some(4), "it was not interrupted");
    let good = fs::read(&first).unwrap();
    fs::write(&first, vec![2; 16 << 20]).unwrap();
    verify(&stage, &[&drive], SYSTEM).expect(1).says("clip10.mov").says("clip19.mov");
    fs::write(&first, good).unwrap();
    assert_eq!(interrupt(&stage, &drive, "-INT"), Some(4), "it was not interrupted");
    // Neither another question nor a fresh start is answered from memory.
    for options in [&["--depth", "device"][..], &["--depth", "system", "--fresh"], &["--depth", "system", "--all-formats"]] {
        let answer = verify(&stage, &[&drive], options).expect(1).says("clip19.mov");
        assert!(!answer.all().contains("interrupted"), "{options:?}: {}", answer.all());
    }
    assert!(last.exists());
}

#[test]
fn where_nothing_was_read_nothing_is_called_whole() {
    let stage = Stage::new();
    let root = stage.tree("drive", crate::support::CARD);
    create(&root, "-h xxh64");
    // The same sizes, other bytes: only a read would tell.
    put(&root, crate::support::CLIP, "ABCD\n");
    let report = stage.path("report.txt");
    let answer =
        verify(&stage, &[&root], &["--depth", "none", "--report", report.to_str().unwrap()]).expect(0).says("SIZES AGREE");
    assert!(!answer.all().contains("WHOLE"), "{}", answer.all());
    let written = fs::read_to_string(report).unwrap();
    assert!(written.contains("Sizes agree, nothing was read") && !written.contains("unaltered"), "{written}");
}
