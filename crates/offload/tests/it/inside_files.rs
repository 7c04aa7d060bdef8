//! A run goes on inside a file: from the last block that is proven to be what came from the card.

use crate::support::{assert_mirrors, bytes, failures, history_names, plan, run, run_watched, stored, write};
use checkgate_model::Timestamp;
use checkgate_offload::{BLOCK_BYTES, Control, Event, FileState, Outcome, PriorFile};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BLOCK: usize = 16 << 20;

fn part(root: &Path) -> PathBuf {
    root.join(".A001.mov.checkgate-part")
}

/// A card with one file of six blocks and a bit, and what is left of a run that was stopped in it.
fn stopped(place: &Path, roots: &[PathBuf]) -> (PathBuf, Vec<PriorFile>) {
    let card = place.join("card");
    write(&card, "A001.mov", &bytes(1, 6 * BLOCK + 12_345));
    let first = plan(&card, roots);
    let control = Control::new();
    let stopper = control.clone();
    let meter = checkgate_offload::Meter::new();
    let watched = meter.clone();
    let mut events = Vec::new();
    let report = std::thread::scope(|scope| {
        scope.spawn(move || {
            while watched.snapshot().copies.iter().all(|lane| lane.bytes_done < 3 * BLOCK_BYTES) {
                std::thread::yield_now();
            }
            stopper.stop();
        });
        checkgate_offload::run(&first, &control, &meter, &mut |event| {
            events.push(event);
            Ok(())
        })
    })
    .unwrap();
    assert_eq!(report.outcome, Outcome::Stopped);
    let prior = stored(&[], &events);
    assert!(prior.iter().any(|file| file.state == FileState::Begun && file.block_crc64.len() >= 3), "{events:?}");
    for root in roots {
        assert!(!root.join("A001.mov").exists(), "nothing half has the name of a clip");
    }
    (card, prior)
}

fn resume(card: &Path, roots: &[PathBuf], prior: Vec<PriorFile>) {
    let mut again = plan(card, roots);
    again.prior = Arc::new(prior);
    let (report, events) = run(&again);
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    assert!(failures(&events).is_empty());
    for root in roots {
        assert_mirrors(card, root);
        assert!(!part(root).exists());
        assert_eq!(history_names(root).len(), 2, "one manifest");
    }
}

#[test]
fn a_stopped_file_goes_on_at_its_last_proven_block() {
    let place = tempfile::tempdir().unwrap();
    let roots = [place.path().join("a/roll")];
    let (card, prior) = stopped(place.path(), &roots);
    let kept = fs::metadata(part(&roots[0])).unwrap();
    assert!(kept.len() >= 3 * BLOCK_BYTES);
    // The card is told apart from the leftover: with other bytes on it in the proven blocks and its old time, the run must use what
    // the card gave the first time, and the second read of the card must notice.
    let clip = card.join("A001.mov");
    let modified = fs::metadata(&clip).unwrap().modified().unwrap();
    let mut changed = fs::read(&clip).unwrap();
    let whole = changed.clone();
    changed[100] ^= 1;
    fs::write(&clip, &changed).unwrap();
    fs::File::options().write(true).open(&clip).unwrap().set_modified(modified).unwrap();
    let mut again = plan(&card, &roots);
    again.prior = Arc::new(prior);
    let (report, _) = run(&again);
    let report = report.unwrap();
    assert_eq!(report.source_reread_equal, Some(false));
    assert!(fs::read(roots[0].join("A001.mov")).unwrap() == whole, "the first blocks were not read from the card again");
}

#[test]
fn a_leftover_that_was_damaged_is_written_anew_from_the_first_bad_block() {
    let place = tempfile::tempdir().unwrap();
    for (number, at) in [5, BLOCK + 7, 2 * BLOCK + 16_000_000].into_iter().enumerate() {
        let place = place.path().join(number.to_string());
        let roots = [place.join("a/roll")];
        let (card, prior) = stopped(&place, &roots);
        let mut content = fs::read(part(&roots[0])).unwrap();
        content[at] ^= 0x10;
        fs::write(part(&roots[0]), content).unwrap();
        resume(&card, &roots, prior);
    }
}

#[test]
fn two_copies_with_unequal_leftovers_both_become_whole() {
    let place = tempfile::tempdir().unwrap();
    for (number, cut) in [0, 1, BLOCK + 5, 2 * BLOCK].into_iter().enumerate() {
        let place = place.path().join(number.to_string());
        let roots = [place.join("a/roll"), place.join("b/roll")];
        let (card, prior) = stopped(&place, &roots);
        // The slower copy may not have begun the file at all, which is one more way of being unequal.
        if cut == 0 {
            let _ = fs::remove_file(part(&roots[1]));
        } else if let Ok(file) = fs::File::options().write(true).open(part(&roots[1])) {
            file.set_len(cut as u64).unwrap();
        }
        resume(&card, &roots, prior);
    }
}

#[test]
fn a_leftover_of_a_file_that_changed_on_the_card_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    let roots = [place.path().join("a/roll")];
    let (card, mut prior) = stopped(place.path(), &roots);
    for file in &mut prior {
        file.modified = Timestamp::from_second(1_000_000_000).unwrap();
    }
    let mut again = plan(&card, &roots);
    again.prior = Arc::new(prior);
    let (report, events) = run(&again);
    assert_eq!(report.unwrap().outcome, Outcome::CompleteWithFailures);
    assert_eq!(failures(&events)[0].2, checkgate_model::ErrorCode::SourceChanged);
    assert!(!roots[0].join("A001.mov").exists());
}

#[test]
fn leftovers_of_nobody_are_gone_when_a_copy_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let card = place.path().join("card");
    write(&card, "A001.mov", &bytes(1, 1000));
    let root = place.path().join("a/roll");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join(".B002.mov.checkgate-part"), b"half").unwrap();
    let (report, events) = run_watched(&plan(&card, std::slice::from_ref(&root)), &Control::new(), &mut |_| {});
    assert_eq!(report.unwrap().outcome, Outcome::Complete);
    assert!(events.contains(&Event::CardReleased));
    assert_mirrors(&card, &root);
}
