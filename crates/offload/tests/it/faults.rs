//! What goes wrong on set: cards pulled, drives full, drives that lie, files that cannot be read. Each is isolated, named and resumable.

use crate::loop_image::LoopImage;
use crate::support::{
    assert_mirrors, bytes, failures, forge_card, forge_small_card, history_names, plan, reference, run, run_watched, stored,
    tree, write,
};
use checkgate_model::{ErrorCode, EvidenceLevel};
use checkgate_offload::{Control, CopyState, Event, Outcome, Phase};
use std::fs;
use std::sync::Arc;

#[test]
fn a_corrupt_copy_is_noticed_and_set_aside() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let copy = temporary.path().join("one");
    let sound = temporary.path().join("two");
    let name = "A001R1AB/A001C001_261123_R1AB.mov";
    let flipped = copy.join(name);
    let (report, events) = run_watched(&plan(&card, &[copy.clone(), sound.clone()]), &Control::new(), &mut |event| {
        // A file is read back only after this is stored.
        if matches!(event, Event::FileCopied { copy, path, .. } if copy.as_str() == "copy-0" && path.as_str() == name) {
            let mut content = fs::read(&flipped).unwrap();
            content[17 * 1024 * 1024] ^= 1;
            fs::write(&flipped, content).unwrap();
        }
    });
    let report = report.unwrap();
    assert_eq!(failures(&events), [(Some("copy-0".to_owned()), name.to_owned(), ErrorCode::CopyCorrupt)]);
    assert_eq!((report.copies[0].weakest, &report.copies[0].state), (None, &CopyState::CompleteWithFailures));
    assert!(
        report.copies[0].failed[0].problem.details[0].contains(&(16 * 1024 * 1024).to_string()),
        "{:?}",
        report.copies[0].failed
    );
    assert_eq!(report.copies[1].state, CopyState::Complete);
    assert!(!flipped.exists() && copy.join("A001R1AB/.A001C001_261123_R1AB.mov.checkgate-corrupt").is_file());
    assert_mirrors(&card, &sound);
    // The next run writes it again and completes the manifest.
    let mut again = plan(&card, &[copy.clone(), sound]);
    again.prior = Arc::new(stored(&[], &events));
    let report = run(&again).0.unwrap();
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    assert_eq!(fs::read(card.join(name)).unwrap(), fs::read(copy.join(name)).unwrap());
    assert_eq!(history_names(&copy).len(), 3, "a second generation knows the file: {:?}", history_names(&copy));
    let checked =
        checkgate_offload::verify(&copy, &Default::default(), &Control::new(), &checkgate_offload::Meter::new()).unwrap();
    assert!(checked.is_whole() && checked.warnings.iter().any(|warning| warning.contains("set aside")), "{checked:#?}");
    if let Some(reference) = reference("ascmhl-debug") {
        let output = std::process::Command::new(reference).arg("verify").arg(&copy).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn a_bit_flipped_on_the_device_under_the_file_is_noticed() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    let content = bytes(77, 3 * 1024 * 1024);
    write(&card, "clip.mov", &content);
    let Some(image) = LoopImage::make(temporary.path(), "drive", 32) else { return };
    let copy = image.mount.join("roll");
    let (report, events) = run_watched(&plan(&card, &[copy]), &Control::new(), &mut |event| {
        if matches!(event, Event::FileCopied { .. }) {
            let at = image.find(&content[2 * 1024 * 1024..2 * 1024 * 1024 + 512]);
            image.flip(at + 100);
        }
    });
    assert_eq!(failures(&events), [(Some("copy-0".to_owned()), "clip.mov".to_owned(), ErrorCode::CopyCorrupt)]);
    assert_eq!(report.unwrap().copies[0].weakest, None);
}

#[test]
fn a_full_destination_does_not_stop_the_other() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_card(&card);
    let Some(image) = LoopImage::make(temporary.path(), "tiny", 8) else { return };
    let (tiny, good) = (image.mount.join("roll"), temporary.path().join("good"));
    let (report, events) = run(&plan(&card, &[tiny, good.clone()]));
    let report = report.unwrap();
    assert!(
        matches!(&report.copies[0].state, CopyState::Aborted(problem) if problem.code == ErrorCode::DestinationFull),
        "{:?}",
        report.copies[0]
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::CopyAborted { problem, .. } if problem.code == ErrorCode::DestinationFull))
    );
    assert_eq!(report.copies[1].state, CopyState::Complete);
    assert_eq!(report.outcome, Outcome::CompleteWithFailures);
    assert_mirrors(&card, &good);
}

#[test]
fn a_destination_that_fills_up_in_the_middle_keeps_what_is_whole_and_goes_on_later() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    for number in 0..12 {
        write(&card, &format!("CLIP/{number:02}.mov"), &bytes(number, 1024 * 1024));
    }
    let Some(image) = LoopImage::make(temporary.path(), "filling", 24) else { return };
    let (filling, good) = (image.mount.join("roll"), temporary.path().join("good"));
    let ballast = image.mount.join("ballast");
    let plan = plan(&card, &[filling.clone(), good.clone()]);
    let (report, events) = run_watched(&plan, &Control::new(), &mut |event| {
        // Somebody else fills the drive once the copying has begun.
        if *event == (Event::PhaseChanged { phase: Phase::Copying }) {
            let mut file = fs::File::create(&ballast).unwrap();
            while std::io::Write::write_all(&mut file, &bytes(1, 512 * 1024)).is_ok() {}
        }
    });
    let report = report.unwrap();
    assert!(
        matches!(&report.copies[0].state, CopyState::Aborted(problem) if problem.code == ErrorCode::DestinationFull),
        "{:?}",
        report.copies[0]
    );
    assert_eq!(report.copies[1].state, CopyState::Complete);
    for (name, content) in tree(&filling) {
        assert!(!name.contains("checkgate"), "{name} is left over");
        assert!(content.is_none() || content == tree(&card)[&name], "{name} is not whole");
    }
    fs::remove_file(&ballast).unwrap();
    let mut again = plan.clone();
    again.prior = Arc::new(stored(&[], &events));
    let report = run(&again).0.unwrap();
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    assert_mirrors(&card, &filling);
    assert_eq!((history_names(&filling).len(), history_names(&good).len()), (2, 2));
}

#[test]
fn a_destination_pulled_in_the_middle_does_not_stop_the_other() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    for number in 0..30 {
        write(&card, &format!("CLIP/{number:02}.mov"), &bytes(number, 1024 * 1024));
    }
    let Some(image) = LoopImage::make(temporary.path(), "pulled", 64) else { return };
    let (pulled, good) = (image.mount.join("roll"), temporary.path().join("good"));
    let mut done = false;
    let (report, events) = run_watched(&plan(&card, &[pulled, good.clone()]), &Control::new(), &mut |event| {
        if matches!(event, Event::FileCopied { copy, .. } if copy.as_str() == "copy-0") && !done {
            done = true;
            image.pull();
        }
    });
    let report = report.unwrap();
    assert!(
        done && matches!(&report.copies[0].state, CopyState::Aborted(problem) if problem.code == ErrorCode::DestinationFailed),
        "{:?}",
        report.copies[0]
    );
    assert_eq!((report.copies[0].weakest, &report.copies[1].state), (None, &CopyState::Complete));
    assert!(!events.iter().any(|event| matches!(event, Event::FileProven { copy, .. } if copy.as_str() == "copy-0")));
    assert_mirrors(&card, &good);
}

#[test]
fn a_card_pulled_in_the_middle_interrupts_and_goes_on_later() {
    let temporary = tempfile::tempdir().unwrap();
    let Some(image) = LoopImage::make(temporary.path(), "card", 200) else { return };
    for number in 0..80 {
        write(&image.mount, &format!("CLIP/{number:02}.mov"), &bytes(number, 2 * 1024 * 1024));
    }
    let image = image.remount_read_only().expect("it was mounted a moment ago");
    let original = tree(&image.mount);
    // Once more without anything cached.
    let image = image.remount_read_only().expect("it was mounted a moment ago");
    image.keep_content();
    let copy = temporary.path().join("copy");
    let plan = plan(&image.mount, std::slice::from_ref(&copy));
    let mut pulled = false;
    let (report, events) = run_watched(&plan, &Control::new(), &mut |event| {
        if matches!(event, Event::FileCopied { .. }) && !pulled {
            pulled = true;
            image.pull();
        }
    });
    let report = report.unwrap();
    assert!(
        matches!(&report.outcome, Outcome::Interrupted(problem) if problem.code == ErrorCode::SourceGone),
        "{:?}",
        report.outcome
    );
    assert!(history_names(&copy).is_empty(), "an unfinished copy has no manifest");
    let whole = tree(&copy).values().flatten().count();
    assert!(whole < 80, "the card was pulled in the middle");
    for (name, content) in tree(&copy) {
        assert!(content == original[&name], "{name} is not whole");
    }
    let image = image.put_back().expect("the card is back");
    let mut again = plan.clone();
    again.prior = Arc::new(stored(&[], &events));
    let report = run(&again).0.unwrap();
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    assert_mirrors(&image.mount, &copy);
}

#[test]
fn a_file_that_cannot_be_read_is_recorded_and_the_others_go_on() {
    let temporary = tempfile::tempdir().unwrap();
    let Some(image) = LoopImage::make(temporary.path(), "worn", 64) else { return };
    let names: Vec<String> = (0..6).map(|number| format!("CLIP/{number}.mov")).collect();
    for (seed, name) in names.iter().enumerate() {
        write(&image.mount, name, &bytes(seed as u64 + 500, 2 * 1024 * 1024));
    }
    let image = image.remount_read_only().expect("it was mounted a moment ago");
    // The device ends before the last megabyte of the file that lies last on it, as a worn card may.
    let (last, at) = (0..6_u64)
        .map(|seed| (seed, image.find(&bytes(seed + 500, 2 * 1024 * 1024)[1024 * 1024..1024 * 1024 + 4096])))
        .max_by_key(|(_, at)| *at)
        .unwrap();
    fs::File::options().write(true).open(&image.image).unwrap().set_len(at as u64).unwrap();
    let copy = temporary.path().join("copy");
    let (report, events) = run(&plan(&image.mount, std::slice::from_ref(&copy)));
    let report = report.unwrap();
    let broken = names[usize::try_from(last).unwrap()].clone();
    assert_eq!(failures(&events), [(None, broken.clone(), ErrorCode::SourceUnreadable)], "{report:#?}");
    assert_eq!(report.outcome, Outcome::CompleteWithFailures);
    assert_eq!((report.copies[0].copied_files, report.copies[0].weakest), (5, None));
    assert!(!copy.join(&broken).exists());
    let manifest = fs::read_to_string(copy.join("ascmhl").join(&history_names(&copy)[0])).unwrap();
    assert!(manifest.contains("incomplete, failed: ") && manifest.contains(&broken), "the manifest says what is missing");
}

#[test]
fn a_file_cut_short_while_the_card_is_read_is_not_taken_for_whole() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    write(&card, "a.mov", &bytes(1, 9 * 1024 * 1024));
    write(&card, "b.mov", &bytes(2, 1000));
    let copy = temporary.path().join("copy");
    let victim = card.join("a.mov");
    let (report, events) = run_watched(&plan(&card, std::slice::from_ref(&copy)), &Control::new(), &mut |event| {
        if matches!(event, Event::Planned { .. }) {
            fs::File::options().write(true).open(&victim).unwrap().set_len(5 * 1024 * 1024).unwrap();
        }
    });
    assert_eq!(failures(&events), [(None, "a.mov".to_owned(), ErrorCode::SourceChanged)]);
    assert!(!copy.join("a.mov").exists() && copy.join("b.mov").exists());
    assert_eq!(report.unwrap().outcome, Outcome::CompleteWithFailures);
}

#[test]
fn a_card_that_reads_differently_the_second_time_is_never_called_sound() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_small_card(&card);
    let copy = temporary.path().join("copy");
    let victim = card.join("CLIP/A001C001.mov");
    let (report, events) = run_watched(&plan(&card, &[copy]), &Control::new(), &mut |event| {
        if *event == (Event::PhaseChanged { phase: Phase::Proving }) {
            let mut content = fs::read(&victim).unwrap();
            content[5] ^= 1;
            fs::write(&victim, content).unwrap();
        }
    });
    let report = report.unwrap();
    assert_eq!(report.source_reread_equal, Some(false));
    assert_eq!(report.outcome, Outcome::CompleteWithFailures);
    assert_eq!(failures(&events), [(None, "CLIP/A001C001.mov".to_owned(), ErrorCode::SourceChanged)]);
    assert!(report.copies[0].weakest >= Some(EvidenceLevel::ReadBackSystem), "the copy itself is what was read first");
}

#[test]
fn a_busy_destination_is_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let card = temporary.path().join("card");
    forge_small_card(&card);
    let (busy, free) = (temporary.path().join("busy"), temporary.path().join("free"));
    let held = checkgate_volume::Destination::create(&busy).unwrap();
    let lock = held.lock().unwrap();
    let report = run(&plan(&card, &[busy.clone(), free.clone()])).0.unwrap();
    assert!(matches!(&report.copies[0].state, CopyState::Aborted(problem) if problem.code == ErrorCode::Busy));
    assert_eq!(report.copies[1].state, CopyState::Complete);
    assert!(tree(&busy).is_empty());
    drop(lock);
}
