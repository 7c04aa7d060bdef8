//! Bits that change on the medium after they were written and before they are read back: under the file system, past every cache. The
//! public interface of the engine is used here, because it says when a file is written and not yet read back.

use crate::support::{BIG, SMALL, Stage, program};
use checkgate_mhl::{Operation, Process};
use checkgate_model::{CopyId, ErrorCode, EvidenceLevel, HashFormat};
use checkgate_offload::{Control, CopyPlan, Event, Meter, OffloadReport, Outcome, Plan, VerifyDepth, run};
use checkgate_testkit::drive::{Drive, FileSystem};
use checkgate_testkit::torture::{MixedCard, MixedSize};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// File and byte: within a large file, its last byte, a file read in one piece, a file of one block and a byte.
const FLIPS: &[(&str, u64)] = &[
    (BIG, (4 << 20) + 4_321),
    ("CLIPS/A001C002_261126_R1AB.bin", (1 << 20) - 1),
    (SMALL, 30_000),
    ("SMALL/frame0003.raw", 4_095),
    ("SMALL/frame0004.raw", 0),
];

/// A page of a file that the kernel cannot drop while this is held, as those of a file that somebody plays or indexes.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Maps the page and looks at it: a page that somebody has mapped stays when the kernel is asked to drop it.
fn hold(path: &Path, offset: u64) -> Held {
    let script = "import mmap, sys
file = open(sys.argv[1], 'rb')
page = mmap.mmap(file.fileno(), 1, access=mmap.ACCESS_READ, offset=int(sys.argv[2]))
print(page[0], flush=True)
sys.stdin.read()";
    let mut command = Command::new("python3");
    command.args(["-c", script]).arg(path).arg((offset / 4096 * 4096).to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it was there a moment ago");
    let mut word = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut word).expect("it says when it has the page");
    assert!(!word.is_empty(), "{} cannot be mapped", path.display());
    Held(child)
}

/// Offloads to the drive and flips the bits as soon as a file is copied.
/// What a manifest says of who made it.
pub(crate) fn operation() -> Operation {
    Operation {
        started: "2026-11-26T12:00:00Z".parse().expect("a time"),
        host_name: "test".to_owned(),
        tool: "Checkgate".to_owned(),
        tool_version: "0".to_owned(),
        process: Process::Transfer,
        authors: Vec::new(),
        location: None,
        comment: None,
    }
}

fn offload(card: &MixedCard, drive: &Drive, verify: VerifyDepth, held_in_cache: bool) -> OffloadReport {
    let root = drive.path().join(&card.reel);
    let plan = Plan {
        card_root: card.root.clone(),
        copies: vec![CopyPlan::from_card(CopyId("one".to_owned()), "one".to_owned(), root.clone())],
        hashes: vec![HashFormat::Xxh64],
        verify,
        source_reread: true,
        patience: checkgate_offload::PATIENCE,
        operation: operation(),
        prior: Arc::new(Vec::new()),
        recorded_by: None,
    };
    let mut held = Vec::new();
    let mut flipped = BTreeSet::new();
    let report = run(&plan, &Control::new(), &Meter::new(), &mut |event| {
        if let Event::FileCopied { path, .. } = event {
            for (name, offset) in FLIPS.iter().filter(|(name, _)| *name == path.as_str()) {
                if held_in_cache {
                    held.push(hold(&root.join(name), *offset));
                }
                assert_eq!(drive.flip(&card.content[*name], *offset).expect("the content lies on the drive"), 1, "{name}");
                flipped.insert(*name);
            }
        }
        Ok(())
    });
    assert_eq!(flipped.len(), FLIPS.len(), "every bit was flipped before its file was read back");
    drop(held);
    report.expect("it begins")
}

/// The device is clean after a new mount; then the damage is there for everybody, and for the reference tool too.
fn damage_is_on_the_medium(stage: &Stage, card: &MixedCard, drive: &mut Drive, image: &Path) {
    drive.eject().expect("nothing is open");
    *drive = Drive::attach(drive.file_system(), image, &stage.path("drive")).expect("mounts again");
    let root = drive.path().join(&card.reel);
    for (name, offset) in FLIPS {
        let found = std::fs::read(root.join(name)).expect("ext4 and xfs keep no checksums of data");
        let differing: Vec<usize> = (0..found.len()).filter(|at| found[*at] != card.content[*name][*at]).collect();
        assert_eq!(differing, [usize::try_from(*offset).expect("small")], "{name}");
    }
    let ended = Command::new(program()).args(["mhl", "verify"]).arg(&root).output().expect("starts");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    for (name, _) in FLIPS {
        assert!(said.contains(name), "`mhl verify` names {name}: {said}");
    }
}

fn python() -> bool {
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    if !found {
        eprintln!("SKIPPED: python3 is not installed; no page is held in the cache");
    }
    found
}

fn drives(stage: &Stage, mut each: impl FnMut(FileSystem, Drive, &Path)) {
    for file_system in [FileSystem::Ext4, FileSystem::Xfs] {
        let image = stage.path(&format!("{}.img", file_system.name()));
        match Drive::create(file_system, &image, &stage.path("drive")) {
            Ok(drive) => each(file_system, drive, &image),
            Err(error) => eprintln!("SKIPPED: {} cannot be made or mounted here: {error}", file_system.name()),
        }
    }
}

#[test]
fn flipped_bits_are_all_found_from_the_device() {
    let Some(stage) = Stage::with_drives("flips") else { return };
    let card = stage.card(MixedSize::Small);
    drives(&stage, |file_system, drive, _| {
        // Held in the cache on purpose: the device is asked all the same.
        let report = offload(&card, &drive, VerifyDepth::Device, python());
        let copy = &report.copies[0];
        let found: BTreeSet<&str> = copy.failed.iter().map(|failed| failed.path.as_str()).collect();
        let wanted: BTreeSet<&str> = FLIPS.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, wanted, "{}: {report:?}", file_system.name());
        assert!(copy.failed.iter().all(|failed| failed.problem.code == ErrorCode::CopyCorrupt), "{:?}", copy.failed);
        assert_eq!((report.outcome, copy.weakest), (Outcome::CompleteWithFailures, None));
        assert!(stage.judge(&card).nothing_half(&copy.root).is_empty(), "what is bad has lost its name");
    });
}

/// The control: what a read through the system's cache would have said. Linux drops the pages of a synced file when it is asked to,
/// unless somebody uses them; then it answers from memory, and calls the copies good.
#[test]
fn a_read_through_the_cache_misses_flipped_bits() {
    let Some(stage) = Stage::with_drives("missed") else { return };
    if !python() {
        return;
    }
    let card = stage.card(MixedSize::Small);
    drives(&stage, |file_system, mut drive, image| {
        let report = offload(&card, &drive, VerifyDepth::System, true);
        assert_eq!(report.outcome, Outcome::Complete, "{}: the cache answered: {report:?}", file_system.name());
        assert_eq!(report.copies[0].weakest, Some(EvidenceLevel::ReadBackSystem), "and it is called no more than that");
        damage_is_on_the_medium(&stage, &card, &mut drive, image);
    });
}

/// btrfs has checksums of its own: it answers an error instead of wrong bytes. Either way nothing bad is called proven.
#[test]
fn a_file_system_with_checksums_fails_the_same_files() {
    let Some(stage) = Stage::with_drives("btrfs") else { return };
    let card = stage.card(MixedSize::Small);
    let drive = match Drive::create(FileSystem::Btrfs, &stage.path("btrfs.img"), &stage.path("drive")) {
        Ok(drive) => drive,
        Err(error) => {
            eprintln!("SKIPPED: btrfs cannot be made or mounted here: {error}");
            return;
        }
    };
    let report = offload(&card, &drive, VerifyDepth::Device, false);
    // So many unreadable files in a row may also mean that the drive is given up.
    assert_ne!(report.outcome, Outcome::Complete);
    assert_eq!(report.copies[0].weakest, None, "{report:?}");
}
