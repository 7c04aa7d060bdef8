//! A run can be killed at any event, stopped and resumed; it ends in the same copies and one manifest.

use crate::support::{
    assert_mirrors, failures, forge_card, forge_small_card, history_names, plan, run, run_killed, run_watched, stored, write,
};
use checkgate_model::{CopyId, ErrorCode};
use checkgate_offload::{Control, Event, Outcome, VerifyDepth};
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

#[test]
fn killed_at_any_event_it_ends_in_the_same_copies_and_one_manifest() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_small_card(&card);
    let whole = [temporary.path().join("whole-1/roll"), temporary.path().join("whole-2/roll")];
    let (_, events) = run(&plan(&card, &whole));
    let wanted = history_names(&whole[0]);
    assert_eq!(wanted.len(), 2);
    for stored_events in 0..events.len() {
        let roots =
            [temporary.path().join(format!("{stored_events}-1/roll")), temporary.path().join(format!("{stored_events}-2/roll"))];
        let first = plan(&card, &roots);
        let (report, seen) = run_killed(&first, stored_events);
        match report {
            Ok(report) => assert!(
                matches!(&report.outcome, Outcome::Interrupted(problem) if problem.code == ErrorCode::StateFailed),
                "{report:?}"
            ),
            Err(error) => assert_eq!(error.code(), ErrorCode::StateFailed),
        }
        assert_eq!(seen.len(), stored_events, "nothing is announced after a failure to store");
        let mut again = first.clone();
        again.prior = Arc::new(stored(&[], &seen));
        let (report, after) = run(&again);
        let report = report.unwrap();
        assert_eq!(report.outcome, Outcome::Complete, "after {stored_events} events: {report:#?}");
        assert!(failures(&after).is_empty());
        for root in &roots {
            assert_mirrors(&card, root);
            assert_eq!(history_names(root), wanted, "after {stored_events} events");
        }
    }
}

#[test]
fn what_is_proven_is_not_copied_again() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let root = temporary.path().join("roll");
    let first = plan(&card, std::slice::from_ref(&root));
    let (_, events) = run(&first);
    let mut again = first.clone();
    again.prior = Arc::new(stored(&[], &events));
    let (report, events) = run(&again);
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    let worked = events.iter().filter(|event| matches!(event, Event::FileCopied { .. })).count();
    // Without a device below that can be read past the cache, the proof is asked again; the copy never is.
    assert_eq!(worked, 0);
    assert_eq!(history_names(&root).len(), 2);
}

#[test]
fn stopping_keeps_what_is_whole_and_leaves_nothing_half() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    for number in 0..30 {
        write(&card, &format!("{number:02}.mov"), &crate::support::bytes(number, 1_500_000));
    }
    let root = temporary.path().join("roll");
    let first = plan(&card, std::slice::from_ref(&root));
    let control = Control::new();
    let stopper = control.clone();
    let (report, events) = run_watched(&first, &control, &mut |event| {
        if matches!(event, Event::FileCopied { .. }) {
            stopper.stop();
        }
    });
    assert_eq!(report.unwrap().outcome, Outcome::Stopped);
    for name in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(fs::read(root.join(&name)).unwrap() == fs::read(card.join(&name)).unwrap(), "{name}");
    }
    let mut again = first.clone();
    again.prior = Arc::new(stored(&[], &events));
    assert_eq!(run(&again).0.unwrap().outcome, Outcome::Complete);
    assert_mirrors(&card, &root);
}

#[test]
fn a_card_that_changed_since_the_first_run_is_a_loud_problem() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_small_card(&card);
    let root = temporary.path().join("roll");
    let first = plan(&card, std::slice::from_ref(&root));
    let (_, events) = run(&first);
    let copied = fs::read(root.join("CLIP/A001C001.mov")).unwrap();
    write(&card, "CLIP/A001C001.mov", b"recorded over");
    fs::remove_file(card.join("index.xml")).unwrap();
    let mut again = first.clone();
    again.prior = Arc::new(stored(&[], &events));
    let (report, events) = run(&again);
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::CompleteWithFailures);
    assert_eq!(report.copies[0].weakest, None);
    let mut failed = failures(&events);
    failed.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(
        failed,
        [
            (None, "CLIP/A001C001.mov".to_owned(), ErrorCode::SourceChanged),
            (None, "index.xml".to_owned(), ErrorCode::SourceChanged)
        ]
    );
    assert_eq!(fs::read(root.join("CLIP/A001C001.mov")).unwrap(), copied, "the first recording is kept");
}

#[test]
fn a_copy_that_was_altered_since_is_set_aside_and_written_again() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_small_card(&card);
    let root = temporary.path().join("roll");
    let first = plan(&card, std::slice::from_ref(&root));
    let (_, events) = run(&first);
    write(&root, "CLIP/A001C001.mov", b"cut short by a crash");
    let mut again = first.clone();
    again.prior = Arc::new(stored(&[], &events));
    let (report, events) = run(&again);
    assert_eq!(report.unwrap().outcome, Outcome::Complete);
    assert!(events.iter().any(|event| matches!(event, Event::SetAside { path, .. } if path.as_str() == "CLIP/A001C001.mov")));
    assert!(fs::read(root.join("CLIP/A001C001.mov")).unwrap() == fs::read(card.join("CLIP/A001C001.mov")).unwrap());
    assert_eq!(fs::read(root.join("CLIP/.A001C001.mov.checkgate-corrupt")).unwrap(), b"cut short by a crash");
}

#[test]
fn what_reads_differently_on_a_resume_never_gets_the_name() {
    for verify in [VerifyDepth::None, VerifyDepth::Device] {
        let temporary = tempfile::tempdir().unwrap();
        let card = temporary.path().join("card");
        forge_small_card(&card);
        let path = "CLIP/A001C001.mov";
        let roots: Vec<PathBuf> = ["first", "second", "third"].iter().map(|name| temporary.path().join(name)).collect();
        let mut first = plan(&card, &roots[..1]);
        first.verify = verify;
        let (_, events) = run(&first);
        // Another byte, the same size and time: a reader that has become unsound.
        let mut bytes = fs::read(card.join(path)).unwrap();
        let good = bytes.clone();
        bytes[0] ^= 1;
        let file = fs::OpenOptions::new().write(true).open(card.join(path)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        file.set_modified(modified).unwrap();
        let mut again = plan(&card, &roots);
        again.verify = verify;
        again.copies[2].fed_by = Some(again.copies[0].id.clone());
        again.prior = Arc::new(stored(&[], &events));
        let (report, events) = run(&again);
        assert_eq!(report.unwrap().outcome, Outcome::CompleteWithFailures, "{verify:?}");
        assert!(failures(&events).contains(&(None, path.to_owned(), ErrorCode::SourceChanged)), "{verify:?}");
        let second = CopyId("copy-1".to_owned());
        let is_proven = |event: &Event| matches!(event, Event::FileProven { copy, path: proven, .. } if *copy == second && proven.as_str() == path);
        assert!(!events.iter().any(is_proven), "{verify:?}: no proof before the bytes are compared");
        assert!(!roots[1].join(path).exists(), "{verify:?}");
        assert!(fs::read(roots[1].join("CLIP/.A001C001.mov.checkgate-corrupt")).unwrap() == bytes, "{verify:?}: nothing is lost");
        assert!(fs::read(roots[0].join(path)).unwrap() == good, "{verify:?}: the first copy stays as it is");
        // What was made from the first copy in time is good; what was not is missing.
        assert!(!roots[2].join("CLIP/.A001C001.mov.checkgate-corrupt").exists(), "{verify:?}");
        assert!(fs::read(roots[2].join(path)).map_or(true, |made| made == good), "{verify:?}");
    }
}
