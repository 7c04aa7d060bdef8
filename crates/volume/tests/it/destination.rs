//! Promises about destinations.

use crate::{path, pattern};
use checkgate_model::{ErrorCode, Timestamp};
use checkgate_volume::{Destination, DestinationError, Replace};
use std::io::Write;

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_name_appears_only_when_the_file_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::create(&place.path().join("new/roll")).unwrap();
    let root = destination.root().to_path_buf();
    let bytes = pattern(3_000_001, 1);
    let mut file = destination.begin(&path("clips/A.mov"), bytes.len() as u64).unwrap();
    assert_eq!(names(&root.join("clips")), [".A.mov.checkgate-part"]);
    file.write_all(&bytes[..1_000_000]).unwrap();
    file.write_all_at(&bytes[1_000_000..], 1_000_000).unwrap();
    let when: Timestamp = "1997-03-01T12:00:00.5Z".parse().unwrap();
    file.set_modified(when);
    assert_eq!(names(&root.join("clips")), [".A.mov.checkgate-part"]);
    let published = file.publish().unwrap();
    assert_eq!((published.path, published.size_bytes), (path("clips/A.mov"), bytes.len() as u64));
    assert_eq!(names(&root.join("clips")), ["A.mov"]);
    assert!(std::fs::read(root.join("clips/A.mov")).unwrap() == bytes);
    let existing = destination.existing(&path("clips/A.mov")).unwrap().unwrap();
    assert_eq!((existing.size_bytes, existing.modified), (bytes.len() as u64, when));
}

#[test]
fn refuses_to_publish_what_is_not_whole() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let mut file = destination.begin(&path("A.mov"), 100).unwrap();
    file.write_all(&[1; 99]).unwrap();
    assert!(matches!(file.publish(), Err(DestinationError::Incomplete { expected_bytes: 100, written_bytes: 99, .. })));
    assert!(names(place.path()).is_empty(), "an unfinished file removes itself");
}

#[test]
fn never_overwrites_a_file_that_is_there() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("A.mov"), b"first").unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let refused = destination.begin(&path("A.mov"), 5).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::DestinationOccupied);
    assert_eq!(
        destination.publish_bytes(&path("A.mov"), b"other", Replace::Never).unwrap_err().code(),
        ErrorCode::DestinationOccupied
    );

    // Also when the name is taken while the file is being written.
    let mut late = destination.begin(&path("B.mov"), 6).unwrap();
    late.write_all(b"second").unwrap();
    std::fs::write(place.path().join("B.mov"), b"first").unwrap();
    assert_eq!(late.publish().unwrap_err().code(), ErrorCode::DestinationOccupied);
    assert_eq!(std::fs::read(place.path().join("A.mov")).unwrap(), b"first");
    assert_eq!(std::fs::read(place.path().join("B.mov")).unwrap(), b"first");
    assert_eq!(names(place.path()), ["A.mov", "B.mov"]);
    assert_eq!(destination.existing(&path("C.mov")).unwrap(), None);
    assert_eq!(destination.existing(&path("no/such/C.mov")).unwrap(), None);
}

#[test]
fn replaces_a_manifest_only_when_told_to() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let chain = path("ascmhl/chain.xml");
    destination.publish_bytes(&chain, b"one", Replace::Never).unwrap();
    destination.publish_bytes(&chain, b"two", Replace::Yes).unwrap();
    assert_eq!(destination.read_bytes(&chain, 3).unwrap(), b"two");
    assert!(matches!(destination.read_bytes(&chain, 2), Err(DestinationError::TooLarge { max_bytes: 2, .. })));
    assert_eq!(names(&place.path().join("ascmhl")), ["chain.xml"]);
}

#[test]
fn leftovers_are_found_resumed_and_only_they_are_discarded() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let bytes = pattern(9_000_000, 2);
    let mut file = destination.begin(&path("clips/A.mov"), bytes.len() as u64).unwrap();
    file.write_all(&bytes[..5_000_000]).unwrap();
    file.sync().unwrap();
    file.keep();
    assert_eq!(destination.partials().unwrap(), [path("clips/.A.mov.checkgate-part")]);

    let mut file = destination.resume(&path("clips/A.mov"), bytes.len() as u64).unwrap().unwrap();
    assert_eq!(file.written_bytes(), 5_000_000);
    let mut there = destination.read_leftover(&path("clips/A.mov")).unwrap().unwrap();
    let mut read = Vec::new();
    while let Some(chunk) = there.next_chunk().unwrap() {
        read.extend_from_slice(chunk);
    }
    assert!(read == bytes[..5_000_000]);
    file.truncate(4 << 20).unwrap();
    file.write_all(&bytes[4 << 20..]).unwrap();
    file.publish().unwrap();
    assert!(std::fs::read(place.path().join("clips/A.mov")).unwrap() == bytes);
    assert!(destination.resume(&path("clips/B.mov"), 1).unwrap().is_none());

    destination.begin(&path("clips/B.mov"), 10).unwrap().keep();
    std::fs::write(place.path().join(".somebody-else"), b"x").unwrap();
    assert_eq!(destination.discard_partials().unwrap(), [path("clips/.B.mov.checkgate-part")]);
    assert_eq!(names(&place.path().join("clips")), ["A.mov"]);
    assert!(place.path().join(".somebody-else").exists());
}

#[test]
fn a_corrupt_copy_is_set_aside_and_never_removed() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    for bytes in [b"bad1", b"bad2"] {
        destination.publish_bytes(&path("A.mov"), bytes, Replace::Never).unwrap();
        destination.quarantine(&path("A.mov")).unwrap();
    }
    assert_eq!(names(place.path()), [".A.mov.checkgate-corrupt", ".A.mov.checkgate-corrupt-2"]);
    assert_eq!(std::fs::read(place.path().join(".A.mov.checkgate-corrupt")).unwrap(), b"bad1");
    assert!(destination.partials().unwrap().is_empty(), "evidence is no leftover");
}

#[test]
fn refuses_names_that_would_later_pass_for_its_own() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    for name in [".A.mov.checkgate-part", "x/.A.mov.checkgate-corrupt-2"] {
        assert!(matches!(destination.begin(&path(name), 1), Err(DestinationError::ReservedName { .. })), "{name}");
    }
}

#[test]
fn only_one_writer_at_a_time_and_no_trace_of_the_lock() {
    let place = tempfile::tempdir().unwrap();
    let one = Destination::open(place.path()).unwrap();
    let other = Destination::open(place.path()).unwrap();
    let lock = one.lock().unwrap();
    assert_eq!(other.lock().unwrap_err().code(), ErrorCode::Busy);
    assert_eq!(one.lock().unwrap_err().code(), ErrorCode::Busy);
    drop(lock);
    let _again = other.lock().unwrap();
    assert!(names(place.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_destination_leads_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), place.path().join("roll")).unwrap();
    let destination = Destination::open(place.path()).unwrap();
    assert_eq!(destination.begin(&path("roll/A.mov"), 1).unwrap_err().code(), ErrorCode::DestinationUnsafe);
    assert_eq!(destination.create_folder(&path("roll/sub")).unwrap_err().code(), ErrorCode::DestinationUnsafe);
    std::os::unix::fs::symlink(outside.path().join("x"), place.path().join("B.mov")).unwrap();
    assert_eq!(destination.begin(&path("B.mov"), 1).unwrap_err().code(), ErrorCode::DestinationOccupied);
    assert_eq!(destination.existing(&path("B.mov")).unwrap_err().code(), ErrorCode::DestinationOccupied);
    std::fs::write(place.path().join("file"), b"x").unwrap();
    assert_eq!(destination.begin(&path("file/A.mov"), 1).unwrap_err().code(), ErrorCode::DestinationOccupied);
    assert!(names(outside.path()).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_drive_is_known_before_the_first_byte() {
    let Some(image) = crate::image::Image::new(16, "FULL", false) else { return };
    let destination = Destination::open(&image.mount_point).unwrap();
    let free = destination.free_bytes().unwrap();
    let error = destination.begin(&path("A.mov"), free + (1 << 20)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::DestinationFull, "{error}");
    assert!(destination.partials().unwrap().is_empty());
    // And while writing, if the size was not known: what is there is kept for the resume.
    let mut file = destination.begin(&path("B.mov"), 0).unwrap();
    let chunk = pattern(1 << 20, 9);
    let error = (0..32).find_map(|index| file.write_all_at(&chunk, index << 20).err()).expect("the drive is full");
    assert_eq!(checkgate_volume::write_code(&error), ErrorCode::DestinationFull, "{error}");
    file.keep();
    assert_eq!(destination.partials().unwrap().len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_drive_that_was_pulled_is_gone() {
    let Some(mut image) = crate::image::Image::new(16, "DRIVE", false) else { return };
    let destination = Destination::open(&image.mount_point).unwrap();
    image.unmount();
    assert!(!destination.is_present());
    assert!(matches!(destination.read_back(&path("A.mov"), checkgate_volume::Depth::Device), Err(DestinationError::Gone { .. })));
    assert!(matches!(destination.partials(), Err(DestinationError::Gone { .. })));
}

#[test]
fn many_files_are_published_together_or_answered_for_one_by_one() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let written: Vec<_> = (0..50_u8)
        .map(|number| {
            let name = path(&format!("{}/{number}.bin", number / 20));
            let mut file = destination.begin(&name, 3).unwrap();
            file.write_all(&[number; 3]).unwrap();
            file.into_written().unwrap()
        })
        .collect();
    // Somebody else took a name in the meantime.
    std::fs::write(place.path().join("1/30.bin"), b"theirs").unwrap();
    let answers = destination.publish_all(written);
    assert_eq!(answers.len(), 50);
    for (number, answer) in answers.iter().enumerate() {
        match answer {
            Ok(published) => assert_eq!(published.path.as_str(), format!("{}/{number}.bin", number / 20)),
            Err(error) => assert!(number == 30 && error.code() == ErrorCode::DestinationOccupied, "{error}"),
        }
    }
    assert_eq!(std::fs::read(place.path().join("1/30.bin")).unwrap(), b"theirs", "never overwritten");
    assert_eq!(std::fs::read(place.path().join("2/49.bin")).unwrap(), [49; 3]);
    drop(answers);
    assert!(destination.partials().unwrap().is_empty(), "what could not be published is gone");
    assert!(destination.begin(&path("short.bin"), 3).unwrap().into_written().is_err(), "not whole");
}
