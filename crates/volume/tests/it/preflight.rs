//! Promises about what is known before the first byte.

use checkgate_model::ErrorCode;
use checkgate_volume::{PreflightProblem, Source, preflight};
use std::path::{Path, PathBuf};

fn card() -> tempfile::TempDir {
    let card = tempfile::tempdir().unwrap();
    std::fs::create_dir(card.path().join("clips")).unwrap();
    std::fs::write(card.path().join("clips/A.mov"), b"x").unwrap();
    card
}

fn blocking(card: &Path, destinations: &[PathBuf]) -> Vec<PreflightProblem> {
    let source = Source::open(card).unwrap();
    let mut problems = preflight(&source, &source.walk().unwrap(), destinations);
    problems.retain(|problem| problem.blocking);
    problems
}

fn codes(problems: &[PreflightProblem]) -> Vec<ErrorCode> {
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_sound_plan_has_nothing_against_it_and_writes_nothing() {
    let (card, drive) = (card(), tempfile::tempdir().unwrap());
    assert_eq!(blocking(card.path(), &[drive.path().join("new/roll"), drive.path().join("other")]), []);
    assert!(std::fs::read_dir(drive.path()).unwrap().next().is_none());
}

#[test]
fn copies_on_one_device_are_warned_about() {
    let (card, drive) = (card(), tempfile::tempdir().unwrap());
    let source = Source::open(card.path()).unwrap();
    let problems = preflight(&source, &source.walk().unwrap(), &[drive.path().join("a"), drive.path().join("b")]);
    if source.volume().device_identity.is_none() {
        eprintln!("SKIPPED: the device below the temporary folder cannot be told");
        return;
    }
    assert_eq!(problems.len(), 3, "each beside the card, and both on one device: {problems:?}");
    assert!(problems.iter().all(|problem| !problem.blocking));
}

#[test]
fn refuses_the_card_itself_what_lies_on_it_and_what_holds_it() {
    let card = card();
    for destination in [
        card.path().to_path_buf(),
        card.path().join("clips"),
        card.path().join("new/deep"),
        card.path().join("clips/../new"),
        card.path().parent().unwrap().to_path_buf(),
    ] {
        let problems = blocking(card.path(), std::slice::from_ref(&destination));
        assert_eq!(codes(&problems), [ErrorCode::DestinationUnsafe], "{}: {problems:?}", destination.display());
    }
}

#[cfg(unix)]
#[test]
fn sees_through_links() {
    let (card, drive) = (card(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(card.path(), drive.path().join("card")).unwrap();
    std::fs::create_dir(drive.path().join("real")).unwrap();
    std::os::unix::fs::symlink(drive.path().join("real"), drive.path().join("link")).unwrap();
    assert_eq!(codes(&blocking(card.path(), &[drive.path().join("card/new")])), [ErrorCode::DestinationUnsafe]);
    assert_eq!(
        codes(&blocking(card.path(), &[drive.path().join("real"), drive.path().join("link")])),
        [ErrorCode::DestinationUnsafe]
    );
    assert_eq!(
        codes(&blocking(card.path(), &[drive.path().join("real/new"), drive.path().join("link/new")])),
        [ErrorCode::DestinationUnsafe]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn sees_through_bind_mounts() {
    let Some(image) = crate::image::Image::new(16, "BIND", false) else { return };
    for folder in ["card/clips", "drive"] {
        std::fs::create_dir_all(image.mount_point.join(folder)).unwrap();
    }
    std::fs::write(image.mount_point.join("card/clips/A.mov"), b"x").unwrap();
    let (part, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let _part = image.bind(&image.mount_point.join("card/clips"), part.path());
    let _elsewhere = image.bind(&image.mount_point.join("drive"), elsewhere.path());
    let card = image.mount_point.join("card");
    assert_eq!(codes(&blocking(&card, &[part.path().join("new")])), [ErrorCode::DestinationUnsafe]);
    assert_eq!(
        codes(&blocking(&card, &[image.mount_point.join("drive/new"), elsewhere.path().join("new")])),
        [ErrorCode::DestinationUnsafe]
    );
}

#[test]
fn an_empty_card_a_missing_destination_and_a_file_in_its_place_are_errors() {
    let (empty, drive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(codes(&blocking(empty.path(), &[drive.path().to_path_buf()])), [ErrorCode::SourceEmpty]);
    assert_eq!(codes(&blocking(card().path(), &[])), [ErrorCode::BadRequest]);
    std::fs::write(drive.path().join("file"), b"x").unwrap();
    assert_eq!(codes(&blocking(card().path(), &[drive.path().join("file/roll")])), [ErrorCode::DestinationFailed]);
}

#[test]
fn names_of_our_own_unfinished_files_on_the_card_are_told() {
    let (card, drive) = (card(), tempfile::tempdir().unwrap());
    std::fs::write(card.path().join(".B.mov.checkgate-part"), b"x").unwrap();
    assert_eq!(codes(&blocking(card.path(), &[drive.path().to_path_buf()])), [ErrorCode::DestinationUnsafe]);
}

#[cfg(target_os = "linux")]
#[test]
fn two_copies_on_one_small_volume_are_added_up() {
    let Some(image) = crate::image::Image::new(32, "SMALL", false) else { return };
    let card = card();
    std::fs::write(card.path().join("clips/B.mov"), vec![0; 15 << 20]).unwrap();
    assert_eq!(blocking(card.path(), &[image.mount_point.join("one")]), []);
    let problems = blocking(card.path(), &[image.mount_point.join("one"), image.mount_point.join("two")]);
    assert_eq!(codes(&problems), [ErrorCode::DestinationFull, ErrorCode::DestinationFull], "{problems:?}");
}

#[test]
fn names_that_no_copy_can_hold_are_told() {
    use checkgate_volume::{Listing, SkipReason, Skipped};
    let (card, drive) = (card(), tempfile::tempdir().unwrap());
    let source = Source::open(card.path()).unwrap();
    let long = Skipped { path: format!("clips/{}.mov", "ü".repeat(200)), reason: SkipReason::IllegalName };
    let listing = Listing { skipped: vec![long], ..source.walk().unwrap() };
    let mut problems = preflight(&source, &listing, &[drive.path().join("new")]);
    problems.retain(|problem| problem.blocking);
    assert_eq!(codes(&problems), [ErrorCode::DestinationUnsafe]);
    assert!(problems[0].message.contains("255 bytes"), "{}", problems[0].message);
}

#[test]
fn two_folders_are_told_from_one_under_two_names() {
    use checkgate_volume::preflight::one_folder;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(one_folder(a.path(), b.path()), None);
    assert!(one_folder(a.path(), a.path()).is_some_and(|why| why.ends_with("are one folder")));
    assert!(one_folder(&a.path().join("in"), a.path()).is_some_and(|why| why.contains("lies in")));
    assert!(one_folder(a.path(), &a.path().join("in")).is_some_and(|why| why.contains("lies in")));
    assert_eq!(one_folder(&a.path().join("one"), &a.path().join("only")), None, "a name that begins alike is another");
}
