//! Continuing histories where they lie, and checking drives that hold manifests of many kinds.

use crate::support::{bytes, write};
use checkgate_mhl::{HistoryError, Operation, Process};
use checkgate_model::{HashFormat, RelPath, Timestamp};
use checkgate_offload::{
    BasisKind, Control, CreateOptions, CreateReport, Meter, VerifyDepth, VerifyOptions, VerifyReport, create, flatten, verify,
    verify_and_append,
};
use std::fs;
use std::path::{Path, PathBuf};

fn operation(second: i64) -> Operation {
    Operation {
        started: Timestamp::from_second(1_790_000_000 + second).unwrap(),
        host_name: "cart".to_owned(),
        tool: "Checkgate".to_owned(),
        tool_version: "0".to_owned(),
        process: Process::InPlace,
        authors: Vec::new(),
        location: None,
        comment: None,
    }
}

fn options(second: i64) -> CreateOptions {
    let mut options = CreateOptions::new(operation(second));
    options.formats = vec![HashFormat::Xxh64];
    options
}

fn sealed(root: &Path, second: i64) -> CreateReport {
    create(root, &options(second), &Control::new(), &Meter::new()).unwrap()
}

fn checked(root: &Path, options: &VerifyOptions) -> VerifyReport {
    verify(root, options, &Control::new(), &Meter::new()).unwrap()
}

fn system() -> VerifyOptions {
    VerifyOptions { depth: VerifyDepth::System, ..VerifyOptions::default() }
}

fn manifests(root: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(root.join("ascmhl"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "mhl"))
        .collect();
    names.sort();
    names
}

#[test]
fn an_interrupted_check_goes_on_and_reads_again_what_changed() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("roll");
    for number in 0..12 {
        write(&root, &format!("clip{number:02}.mov"), &bytes(number, 5 << 20));
    }
    sealed(&root, 0);
    let memory = temporary.path().join("state/memory.jsonl");
    let remembering = VerifyOptions { memory: Some(memory.clone()), ..system() };
    // Stopped as soon as four files are done, however fast they go: nothing to wait for but the event itself.
    let (control, meter) = (Control::new(), Meter::new());
    let (stop, watched) = (control.clone(), meter.clone());
    let stopper = std::thread::spawn(move || {
        while watched.snapshot().source.files_done < 4 && watched.snapshot().phase != checkgate_offload::Phase::Done {
            std::thread::yield_now();
        }
        stop.stop();
    });
    let first = verify(&root, &remembering, &control, &meter).unwrap();
    stopper.join().unwrap();
    if !first.stopped || first.checked == 12 {
        eprintln!("SKIPPED: this machine read twelve files before it could be stopped");
        return;
    }
    assert!(first.checked >= 1 && memory.exists());
    let kept: Vec<String> = fs::read_to_string(&memory).unwrap().lines().map(str::to_owned).collect();
    assert!(kept.len() > 1, "{kept:?}");
    // One of those already proven changes its content behind our back.
    let proven = (0..12).map(|number| format!("clip{number:02}.mov")).find(|name| kept.iter().any(|line| line.contains(name)));
    let proven = proven.unwrap();
    let mut altered = fs::read(root.join(&proven)).unwrap();
    altered[1000] ^= 1;
    fs::write(root.join(&proven), altered).unwrap();
    let second = checked(&root, &remembering);
    assert_eq!(second.mismatched.iter().map(|found| found.path.as_str()).collect::<Vec<_>>(), [proven.as_str()]);
    assert_eq!(second.checked, 12);
    assert!(second.proven_before >= first.checked - 1, "{second:#?}");
    assert!(!memory.exists(), "a complete check leaves nothing to go on with");
    assert_eq!(checked(&root, &remembering).proven_before, 0);
}

#[test]
fn a_manifest_left_by_a_crash_is_told_and_one_put_there_is_damage() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("roll");
    write(&root, "a.mov", b"picture");
    sealed(&root, 0);
    let chain = fs::read(root.join("ascmhl/ascmhl_chain.xml")).unwrap();
    sealed(&root, 60);
    // As after a kill between manifest and chain: the chain is the older one, the note is still there.
    fs::write(root.join("ascmhl/ascmhl_chain.xml"), &chain).unwrap();
    let left = manifests(&root).pop().unwrap();
    let name = left.file_name().unwrap().to_str().unwrap().to_owned();
    let c4 = checkgate_mhl::hash_bytes(HashFormat::C4, &fs::read(&left).unwrap()).to_text();
    let rogue = checked(&root, &system());
    assert_eq!(rogue.damaged[0].exit_code, 31, "without a note somebody put it there");
    fs::write(root.join("ascmhl/.checkgate-append"), format!("{name} {c4}\n")).unwrap();
    let report = checked(&root, &system());
    assert!(report.is_whole() && report.warnings.iter().any(|note| note.contains(&name)), "{report:#?}");
    assert_eq!(report.basis.len(), 1);
    // A note that does not fit the bytes vouches for nothing.
    fs::write(&left, [fs::read(&left).unwrap(), b"\n".to_vec()].concat()).unwrap();
    assert_eq!(checked(&root, &system()).damaged[0].exit_code, 31);
    fs::write(root.join("ascmhl/.checkgate-append"), {
        let c4 = checkgate_mhl::hash_bytes(HashFormat::C4, &fs::read(&left).unwrap()).to_text();
        format!("{name} {c4}\n")
    })
    .unwrap();
    let next = sealed(&root, 120);
    assert_eq!((next.generation, next.exit_code()), (2, 0));
    assert!(root.join("ascmhl/0002.unchained-1").exists() && !root.join("ascmhl/.checkgate-append").exists());
    assert!(checked(&root, &system()).is_whole());
}

#[test]
fn a_history_appears_whole_or_not_at_all() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("roll");
    write(&root, "a.mov", b"picture");
    // What a kill while the folder was being made leaves.
    write(&root, ".ascmhl.checkgate-part/0001_roll_2026-01-01_000000Z.mhl", b"<hashlist");
    let report = sealed(&root, 0);
    assert!(report.notes.iter().any(|note| note.contains(".ascmhl.checkgate-part")), "{report:#?}");
    assert!(!root.join(".ascmhl.checkgate-part").exists());
    assert_eq!((report.hashed, manifests(&root).len()), (1, 1));
    assert!(checked(&root, &system()).is_whole());
}

#[test]
fn another_form_of_a_name_is_renamed_and_its_content_is_compared() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("roll");
    for (name, content) in [("Zu\u{308}rich.wav", "one"), ("Upper.MOV", "two"), ("gone.mov", "three")] {
        write(&root, name, content.as_bytes());
    }
    sealed(&root, 0);
    fs::rename(root.join("Zu\u{308}rich.wav"), root.join("Z\u{fc}rich.wav")).unwrap();
    fs::rename(root.join("Upper.MOV"), root.join("upper.mov")).unwrap();
    fs::write(root.join("upper.mov"), "tow").unwrap();
    fs::rename(root.join("gone.mov"), root.join("elsewhere.mov")).unwrap();
    let report = checked(&root, &system());
    let renamed: Vec<(&str, Option<bool>)> =
        report.renamed.iter().map(|renamed| (renamed.found.as_str(), renamed.equal)).collect();
    assert_eq!(renamed, [("upper.mov", Some(false)), ("Z\u{fc}rich.wav", Some(true))]);
    assert_eq!(report.missing, [RelPath::new("gone.mov").unwrap()]);
    assert_eq!(report.extra, [RelPath::new("elsewhere.mov").unwrap()]);
    assert!(!report.is_sound());
    assert_eq!((report.verify_exit_code(), report.diff_exit_code()), (11, 10));
}

#[test]
fn a_drive_with_manifests_of_every_kind_is_checked_in_one_go() {
    let temporary = tempfile::tempdir().unwrap();
    let drive = temporary.path().join("drive");
    let (asc, damaged, legacy, packed) = (drive.join("A001"), drive.join("A002"), drive.join("B001"), drive.join("C001"));
    write(&asc, "a.mov", b"abc");
    write(&damaged, "d.mov", b"abc");
    write(&legacy, "b.mov", b"abc");
    write(&packed, "c.mov", b"abc");
    write(&drive, "note.txt", b"stray");
    sealed(&asc, 0);
    sealed(&damaged, 0);
    fs::remove_file(damaged.join("ascmhl/ascmhl_chain.xml")).unwrap();
    write(
        &legacy,
        "list.mhl",
        b"<hashlist version=\"1.1\"><hash><file>b.mov</file><size>3</size><md5>900150983cd24fb0d6963f7d28e17f72</md5></hash></hashlist>",
    );
    sealed(&packed, 0);
    flatten(&packed, &packed, &operation(60), false).unwrap();
    fs::remove_dir_all(packed.join("ascmhl")).unwrap();
    let report = checked(&drive, &system());
    let kinds: Vec<BasisKind> = report.basis.iter().map(|basis| basis.kind).collect();
    assert_eq!(kinds, [BasisKind::Generation, BasisKind::Legacy, BasisKind::Manifest], "{report:#?}");
    assert_eq!(report.checked, 3);
    assert_eq!(report.extra, [RelPath::new("note.txt").unwrap()], "what a damaged history may know is not called extra");
    assert_eq!((report.damaged.len(), report.damaged[0].exit_code), (1, 32));
    assert!(report.missing.is_empty() && report.mismatched.is_empty());
    fs::write(legacy.join("b.mov"), "abd").unwrap();
    fs::write(packed.join("c.mov"), "abd").unwrap();
    assert_eq!(checked(&drive, &system()).mismatched.len(), 2);
}

#[test]
fn a_check_can_continue_every_history_in_the_same_read() {
    let temporary = tempfile::tempdir().unwrap();
    let drive = temporary.path().join("drive");
    for roll in ["A001", "A002"] {
        write(&drive.join(roll), "clip.mov", roll.as_bytes());
        sealed(&drive.join(roll), 0);
    }
    write(&drive, "A002/new.txt", b"new");
    fs::write(drive.join("A001/clip.mov"), "A0O1").unwrap();
    let (report, written) = verify_and_append(&drive, &options(60), &Control::new(), &Meter::new()).unwrap();
    assert_eq!(written.len(), 2);
    assert_eq!(report.mismatched[0].path.as_str(), "A001/clip.mov");
    assert_eq!(report.extra, [RelPath::new("A002/new.txt").unwrap()]);
    assert_eq!(report.checked, 2);
    assert_eq!((manifests(&drive.join("A001")).len(), manifests(&drive.join("A002")).len()), (2, 2));
}

#[test]
fn two_writers_never_share_a_history() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("roll");
    write(&root, "sub/a.mov", b"picture");
    sealed(&root.join("sub"), 0);
    let held = checkgate_volume::Destination::open(&root.join("sub")).unwrap();
    let _lock = held.lock().unwrap();
    // Somebody works on a roll inside: the whole is not touched either.
    let refused = create(&root, &options(60), &Control::new(), &Meter::new()).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), (checkgate_model::ErrorCode::Busy, 3));
    assert!(!root.join("ascmhl").exists());
}

#[test]
fn exit_codes_of_damage_are_those_of_the_reference() {
    for (error, code) in [
        (HistoryError::ChainMissing { manifests: Vec::new() }, 32),
        (HistoryError::ManifestMissing { name: "x".to_owned() }, 33),
        (HistoryError::ManifestModified { name: "x".to_owned() }, 31),
        (HistoryError::ChainEmpty, 31),
    ] {
        assert_eq!(error.exit_code(), code);
    }
}
