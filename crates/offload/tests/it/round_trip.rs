//! The main promise: everything arrives, named and dated as it was, proven, sealed, and accepted by the reference tool.

use crate::loop_image::LoopImage;
use crate::support::{assert_mirrors, failures, forge_card, history_names, plan, reference, run, samples, tree, write};
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat};
use checkgate_offload::{CopyState, Event, OffloadError, Outcome, VerifyDepth};
use std::fs;
use std::process::Command;

#[test]
fn two_copies_mirror_the_card_and_carry_a_manifest() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let before = tree(&card);
    let roots = [temporary.path().join("one/A001R1AB"), temporary.path().join("two/A001R1AB")];
    let (report, events) = run(&plan(&card, &roots));
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    assert_eq!((report.files, report.source_reread_equal), (7, Some(true)));
    for (root, copy) in roots.iter().zip(&report.copies) {
        assert_mirrors(&card, root);
        assert!(root.join("A001R1AB/AUDIO/EMPTY").is_dir());
        assert_eq!(copy.state, CopyState::Complete);
        assert!(copy.manifest_reread && copy.weakest >= Some(EvidenceLevel::ReadBackSystem));
        assert_eq!(history_names(root), ["0001_A001R1AB_2026-11-23_070000Z.mhl", "ascmhl_chain.xml"]);
    }
    assert!(before == tree(&card), "the card is as it was");
    let copied: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::FileCopied { path, size_bytes, block_crc64, hashes, .. } => {
                Some((path.as_str(), *size_bytes, block_crc64.len(), hashes.len()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(copied.len(), 14);
    assert!(copied.contains(&("A001R1AB/A001C001_261123_R1AB.mov", 17 * 1024 * 1024 + 1, 2, 1)));
    assert!(copied.contains(&("A001R1AB/empty.xml", 0, 0, 1)));
}

#[test]
fn the_reference_tool_accepts_what_was_sealed() {
    let Some(reference) = reference("ascmhl-debug") else { return };
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let root = temporary.path().join("A001R1AB");
    let mut plan = plan(&card, std::slice::from_ref(&root));
    plan.hashes = HashFormat::ALL.to_vec();
    assert_eq!(run(&plan).0.unwrap().outcome, Outcome::Complete);
    for arguments in [vec!["verify"], vec!["verify", "-dh"]] {
        let output = Command::new(&reference).args(&arguments).arg(&root).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    let manifest = root.join("ascmhl").join(&history_names(&root)[0]);
    match samples() {
        Some(samples) => {
            let schema = samples.join("mhl/xsd/ASCMHL.xsd");
            let output =
                Command::new(&reference).arg("xsd-schema-check").arg("-xsd").arg(&schema).arg(&manifest).output().unwrap();
            assert!(output.status.success(), "{output:?}\n{}", fs::read_to_string(&manifest).unwrap());
        }
        None => eprintln!("SKIPPED: samples missing, the schema was not checked"),
    }
    // And it notices that one byte is gone, so the acceptance above means something.
    write(&root, "index.bin", &crate::support::bytes(6, 4 * 1024 * 1024 - 1));
    assert_eq!(Command::new(&reference).arg("verify").arg(&root).output().unwrap().status.code(), Some(11));
}

#[test]
fn every_hash_format_is_computed_in_flight() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    write(&card, "abc.bin", b"abc");
    let mut plan = plan(&card, &[temporary.path().join("copy")]);
    plan.hashes = HashFormat::ALL.to_vec();
    let (report, events) = run(&plan);
    assert_eq!(report.unwrap().outcome, Outcome::Complete);
    let hashes = events
        .iter()
        .find_map(|event| if let Event::FileCopied { hashes, .. } = event { Some(hashes.clone()) } else { None })
        .unwrap();
    let texts: Vec<String> = hashes.iter().map(|hash| hash.to_text()).collect();
    assert_eq!(hashes.iter().map(|hash| hash.format()).collect::<Vec<_>>(), HashFormat::ALL);
    assert_eq!(texts[1], "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(texts[2], "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(texts[5], "44bc2cf5ad770999");
}

#[test]
fn a_history_that_came_with_the_card_is_continued() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let first = temporary.path().join("A001R1AB");
    assert_eq!(run(&plan(&card, std::slice::from_ref(&first))).0.unwrap().outcome, Outcome::Complete);
    // The first copy is now itself the card: a shuttle drive.
    let second = temporary.path().join("post/A001R1AB");
    let mut onward = plan(&first, std::slice::from_ref(&second));
    onward.operation.started = "2026-11-24T07:00:00Z".parse().unwrap();
    let report = run(&onward).0.unwrap();
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    assert_mirrors(&card, &second);
    assert_eq!(
        history_names(&second),
        ["0001_A001R1AB_2026-11-23_070000Z.mhl", "0002_A001R1AB_2026-11-24_070000Z.mhl", "ascmhl_chain.xml"]
    );
    assert_eq!(history_names(&first).len(), 2, "the source is as it was");
    assert_eq!(
        fs::read(first.join("ascmhl/0001_A001R1AB_2026-11-23_070000Z.mhl")).unwrap(),
        fs::read(second.join("ascmhl/0001_A001R1AB_2026-11-23_070000Z.mhl")).unwrap()
    );
    if let Some(reference) = reference("ascmhl-debug") {
        assert!(Command::new(reference).arg("verify").arg(&second).output().unwrap().status.success());
    }
}

#[test]
fn evidence_says_no_more_than_was_done() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    write(&card, "clip.mov", b"picture");
    for (depth, level) in [(VerifyDepth::None, EvidenceLevel::HashInFlight), (VerifyDepth::System, EvidenceLevel::ReadBackSystem)]
    {
        let mut plan = plan(&card, &[temporary.path().join(format!("{depth:?}"))]);
        plan.verify = depth;
        plan.source_reread = false;
        let report = run(&plan).0.unwrap();
        assert_eq!(report.copies[0].weakest, Some(level));
        assert_eq!(report.source_reread_equal, None);
    }
    // A real file system on a device that can be read past the cache.
    let Some(image) = LoopImage::make(temporary.path(), "drive", 16) else { return };
    let report = run(&plan(&card, &[image.mount.join("roll")])).0.unwrap();
    eprintln!("loop image on this machine: {:?}", report.copies[0].weakest);
    assert_eq!(report.outcome, Outcome::Complete);
}

#[test]
fn zero_files_are_an_error() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    fs::create_dir_all(card.join("PRIVATE/EMPTY")).unwrap();
    let copy = temporary.path().join("copy");
    let (report, events) = run(&plan(&card, std::slice::from_ref(&copy)));
    assert!(matches!(report, Err(OffloadError::SourceEmpty(_))), "{report:?}");
    assert!(events.is_empty() && !copy.exists());
}

#[test]
fn refuses_a_destination_that_is_or_lies_in_the_card_before_the_first_byte() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let before = tree(&card);
    for root in [card.clone(), card.join("copy"), card.join("A001R1AB")] {
        let (report, events) = run(&plan(&card, &[temporary.path().join("good"), root.clone()]));
        let error = report.expect_err("must be refused");
        assert_eq!(error.code(), ErrorCode::DestinationUnsafe, "{}: {error}", root.display());
        assert!(events.is_empty());
    }
    let twice = temporary.path().join("same");
    assert_eq!(run(&plan(&card, &[twice.clone(), twice])).0.expect_err("must be refused").code(), ErrorCode::DestinationUnsafe);
    assert!(before == tree(&card) && !temporary.path().join("good/index.bin").exists());
}

#[cfg(unix)]
#[test]
fn what_is_not_copied_is_listed() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    std::os::unix::fs::symlink("/etc/passwd", card.join("link")).unwrap();
    assert!(Command::new("mkfifo").arg(card.join("pipe")).status().unwrap().success());
    let copy = temporary.path().join("copy");
    let (report, events) = run(&plan(&card, std::slice::from_ref(&copy)));
    let report = report.unwrap();
    assert_eq!(report.skipped.iter().map(|item| item.path.as_str()).collect::<Vec<_>>(), ["link", "pipe"]);
    let announced = events.iter().filter(|event| matches!(event, Event::Skipped { .. })).count();
    assert_eq!(announced, 2);
    assert!(!copy.join("link").exists() && !copy.join("pipe").exists());
}

#[test]
fn nothing_is_overwritten() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let copy = temporary.path().join("copy");
    write(&copy, "A001R1AB/A001C002_261123_R1AB.mov", b"somebody else's");
    let same_size = crate::support::bytes(99, 4 * 1024 * 1024);
    write(&copy, "index.bin", &same_size);
    let (report, events) = run(&plan(&card, std::slice::from_ref(&copy)));
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::CompleteWithFailures);
    let mut failed = failures(&events);
    failed.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(
        failed,
        [
            (Some("copy-0".to_owned()), "A001R1AB/A001C002_261123_R1AB.mov".to_owned(), ErrorCode::DestinationOccupied),
            (Some("copy-0".to_owned()), "index.bin".to_owned(), ErrorCode::DestinationOccupied),
        ]
    );
    assert_eq!(report.copies[0].weakest, None);
    assert_eq!(fs::read(copy.join("A001R1AB/A001C002_261123_R1AB.mov")).unwrap(), b"somebody else's");
    assert!(fs::read(copy.join("index.bin")).unwrap() == same_size);
}
