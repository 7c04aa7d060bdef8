//! Copies that are made from other copies: cascades, and destinations that were too slow for the others.

use crate::support::{assert_mirrors, bytes, failures, forge_card, history_names, plan, run, run_watched, stored, write};
use checkgate_model::{CopyId, ErrorCode};
use checkgate_offload::{Control, CopyState, Event, OffloadError, Outcome, Plan, VerifyDepth};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn cascade(card: &Path, roots: &[PathBuf]) -> Plan {
    let mut plan = plan(card, roots);
    for number in 1..plan.copies.len() {
        plan.copies[number].fed_by = Some(CopyId(format!("copy-{}", number - 1)));
    }
    plan
}

fn roots(place: &Path, count: usize) -> Vec<PathBuf> {
    (0..count).map(|number| place.join(format!("{number}/roll"))).collect()
}

#[test]
fn a_cascade_of_three_levels_frees_the_card_first_and_ends_in_equal_copies() {
    for depth in [VerifyDepth::Device, VerifyDepth::None] {
        let place = tempfile::tempdir().unwrap();
        let card = place.path().join("card");
        forge_card(&card);
        write(&card, "LARGE.mov", &bytes(9, 40_000_000));
        let roots = roots(place.path(), 3);
        let mut plan = cascade(&card, &roots);
        plan.verify = depth;
        plan.source_reread = depth == VerifyDepth::Device;
        let (report, events) = run(&plan);
        let report = report.unwrap();
        assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
        for root in &roots {
            assert_mirrors(&card, root);
            assert_eq!(history_names(root).len(), 2);
        }
        let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).expect("it happened");
        let copied = |copy: &str| at(&|event| matches!(event, Event::FileCopied { copy: id, .. } if id.as_str() == copy));
        assert!(copied("copy-0") < copied("copy-1") && copied("copy-1") < copied("copy-2"));
        assert_eq!(events.iter().filter(|event| **event == Event::CardReleased).count(), 1);
        if depth == VerifyDepth::Device {
            let proven = at(&|event| matches!(event, Event::FileProven { copy, .. } if copy.as_str() == "copy-0"));
            assert!(proven < copied("copy-1"), "only proven files are passed on");
        }
    }
}

#[test]
fn a_cascade_goes_on_where_it_was_killed() {
    let place = tempfile::tempdir().unwrap();
    let card = place.path().join("card");
    forge_card(&card);
    let count = run(&cascade(&card, &roots(&place.path().join("whole"), 3))).1.len();
    for killed_at in (0..count).step_by(9) {
        let roots = roots(&place.path().join(killed_at.to_string()), 3);
        let first = cascade(&card, &roots);
        let (_, seen) = crate::support::run_killed(&first, killed_at);
        let mut again = first.clone();
        again.prior = Arc::new(stored(&[], &seen));
        let (report, after) = run(&again);
        assert_eq!(report.unwrap().outcome, Outcome::Complete, "killed at {killed_at}");
        assert!(failures(&after).is_empty());
        roots.iter().for_each(|root| assert_mirrors(&card, root));
    }
}

#[test]
fn a_plan_that_does_not_begin_at_the_card_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let card = place.path().join("card");
    forge_card(&card);
    let mut circle = plan(&card, &roots(place.path(), 2));
    circle.copies[0].fed_by = Some(CopyId("copy-1".to_owned()));
    circle.copies[1].fed_by = Some(CopyId("copy-0".to_owned()));
    assert!(matches!(run(&circle).0, Err(OffloadError::BadPlan(_))));
    let mut nobody = plan(&card, &roots(place.path(), 2));
    nobody.copies[1].fed_by = Some(CopyId("copy-7".to_owned()));
    assert!(matches!(run(&nobody).0, Err(OffloadError::BadPlan(_))));
}

#[test]
fn a_copy_that_rots_between_proof_and_passing_on_is_not_passed_on() {
    let place = tempfile::tempdir().unwrap();
    let card = place.path().join("card");
    write(&card, "A.mov", &bytes(1, 100_000));
    write(&card, "B.mov", &bytes(2, 100_000));
    let roots = roots(place.path(), 2);
    let plan = cascade(&card, &roots);
    let (mut spoilt, first) = (false, roots[0].clone());
    let (report, events) = run_watched(&plan, &Control::new(), &mut |event| {
        // Stored before it is true for anybody else, and so before it is passed on.
        if let Event::FileProven { copy, path, .. } = event
            && copy.as_str() == "copy-0"
            && path.as_str() == "B.mov"
        {
            let mut content = fs::read(first.join("B.mov")).unwrap();
            content[50_000] ^= 1;
            fs::write(first.join("B.mov"), content).unwrap();
            spoilt = true;
        }
    });
    assert!(spoilt);
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::CompleteWithFailures);
    let found = failures(&events);
    assert!(found.contains(&(Some("copy-0".to_owned()), "B.mov".to_owned(), ErrorCode::CopyCorrupt)), "{found:?}");
    assert!(!roots[1].join("B.mov").exists(), "what is not what came from the card gets no name");
    assert!(report.copies.iter().all(|copy| copy.weakest.is_none()));
}

#[test]
fn a_destination_that_fails_does_not_hold_up_what_is_made_from_the_card_nor_what_is_made_from_others() {
    let place = tempfile::tempdir().unwrap();
    let card = place.path().join("card");
    forge_card(&card);
    let mut roots = roots(place.path(), 3);
    // A file stands where the folder of the second copy belongs.
    fs::write(place.path().join("1"), b"in the way").unwrap();
    roots[2] = place.path().join("2/roll");
    let mut plan = plan(&card, &roots);
    plan.copies[2].fed_by = Some(CopyId("copy-1".to_owned()));
    plan.patience = Duration::from_millis(1);
    let (report, _) = run(&plan);
    let report = report.unwrap();
    assert!(matches!(report.copies[1].state, CopyState::Aborted(_)));
    assert_eq!(report.copies[0].state, CopyState::Complete);
    assert_eq!(report.copies[2].state, CopyState::Complete, "made from the copy that is there: {report:#?}");
    assert_mirrors(&card, &roots[2]);
}
