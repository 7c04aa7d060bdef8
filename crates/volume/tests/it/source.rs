//! Promises about sources.

use crate::{path, pattern};
use checkgate_model::ErrorCode;
use checkgate_volume::{ReadSourceError, SkipReason, Source, WalkError};
use std::io::{Read, Seek, SeekFrom};

#[test]
fn lists_every_file_and_folder_sorted_and_empty_folders_apart() {
    let card = tempfile::tempdir().unwrap();
    for folder in ["B", "A/deep", "A/empty"] {
        std::fs::create_dir_all(card.path().join(folder)).unwrap();
    }
    for (name, size) in [("B/two.mov", 2), ("A/deep/one.mov", 1), ("A.xml", 3), (".hidden", 4)] {
        std::fs::write(card.path().join(name), pattern(size, 1)).unwrap();
    }
    let listing = Source::open(card.path()).unwrap().walk().unwrap();
    let files: Vec<(&str, u64)> = listing.files.iter().map(|file| (file.path.as_str(), file.size_bytes)).collect();
    assert_eq!(files, [(".hidden", 4), ("A.xml", 3), ("A/deep/one.mov", 1), ("B/two.mov", 2)]);
    assert_eq!(listing.folders, [path("A"), path("A/deep"), path("A/empty"), path("B")]);
    assert_eq!(listing.empty_folders, [path("A/empty")]);
    assert_eq!(listing.size_bytes(), 10);
    assert!(listing.skipped.is_empty() && listing.unreadable.is_empty());
}

#[cfg(unix)]
#[test]
fn nothing_is_skipped_without_being_listed() {
    use std::os::unix::ffi::OsStrExt;
    let card = tempfile::tempdir().unwrap();
    std::fs::write(card.path().join("clip.mov"), b"x").unwrap();
    std::os::unix::fs::symlink("/etc", card.path().join("link")).unwrap();
    std::os::unix::fs::symlink("clip.mov", card.path().join("link.mov")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, card.path().join("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    std::fs::write(card.path().join(std::ffi::OsStr::from_bytes(b"bad\xff.mov")), b"x").unwrap();
    let mut deep = card.path().to_path_buf();
    for _ in 0..260 {
        deep.push("d");
    }
    std::fs::create_dir_all(&deep).unwrap();
    let listing = Source::open(card.path()).unwrap().walk().unwrap();
    let skipped: Vec<(&str, SkipReason)> =
        listing.skipped.iter().map(|skipped| (skipped.path.as_str(), skipped.reason)).collect();
    assert!(skipped.contains(&("link", SkipReason::Symlink)) && skipped.contains(&("link.mov", SkipReason::Symlink)));
    assert!(skipped.contains(&("pipe", SkipReason::Special)));
    assert!(skipped.contains(&("bad\u{fffd}.mov", SkipReason::NotUtf8)));
    assert_eq!(skipped.iter().filter(|(_, reason)| *reason == SkipReason::TooDeep).count(), 1);
    assert_eq!(skipped.len(), 5);
    assert_eq!(listing.files.len(), 1);
}

#[cfg(unix)]
#[test]
fn refuses_every_link_on_the_way_to_a_file() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), b"secret").unwrap();
    let card = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), card.path().join("folder")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), card.path().join("file")).unwrap();
    std::fs::create_dir(card.path().join("real")).unwrap();
    std::os::unix::fs::symlink("../../etc/passwd", card.path().join("real/up")).unwrap();
    let source = Source::open(card.path()).unwrap();
    for trick in ["folder/secret", "file", "real/up"] {
        assert!(matches!(source.open_file(&path(trick)), Err(ReadSourceError::LeavesRoot { .. })), "{trick}");
        assert!(source.read_again(&path(trick)).is_err(), "{trick}");
    }
    assert!(matches!(source.open_file(&path("absent")), Err(ReadSourceError::NotFound { .. })));
    assert!(source.open_file(&path("real")).is_err(), "a folder is no file");
}

#[test]
fn reads_the_same_bytes_at_once_and_again() {
    let card = tempfile::tempdir().unwrap();
    let bytes = pattern((40 << 20) + 123, 7);
    std::fs::write(card.path().join("clip.mov"), &bytes).unwrap();
    let source = Source::open(card.path()).unwrap();
    let mut reader = source.open_file(&path("clip.mov")).unwrap();
    assert_eq!(reader.size_bytes(), bytes.len() as u64);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == bytes);
    reader.seek(SeekFrom::Start(bytes.len() as u64 - 5)).unwrap();
    read.clear();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == bytes[bytes.len() - 5..]);

    let mut again = source.read_again(&path("clip.mov")).unwrap();
    read.clear();
    while let Some(chunk) = again.next_chunk().unwrap() {
        read.extend_from_slice(chunk);
    }
    assert!(read == bytes);
    assert_eq!(again.finish().unwrap().size_bytes(), bytes.len() as u64);
}

#[test]
fn a_card_that_is_replaced_by_another_folder_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let card = place.path().join("card");
    std::fs::create_dir(&card).unwrap();
    std::fs::write(card.join("clip.mov"), b"x").unwrap();
    let source = Source::open(&card).unwrap();
    assert!(source.is_present());
    std::fs::rename(&card, place.path().join("old")).unwrap();
    assert!(!source.is_present());
    std::fs::create_dir(&card).unwrap();
    assert!(!source.is_present(), "another folder of the same name is not the card");
    assert!(matches!(source.walk(), Err(WalkError::Gone { .. })));
    assert_eq!(source.read_again(&path("clip.mov")).unwrap_err().code(), ErrorCode::SourceGone);
}

#[test]
fn says_why_a_path_is_no_source() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("file"), b"x").unwrap();
    assert_eq!(Source::open(&place.path().join("absent")).unwrap_err().code(), ErrorCode::NotFound);
    assert_eq!(Source::open(&place.path().join("file")).unwrap_err().code(), ErrorCode::BadRequest);
}

#[cfg(target_os = "linux")]
#[test]
fn an_unmounted_card_is_gone_and_never_an_empty_one() {
    let Some(mut image) = crate::image::Image::new(16, "A003R1JL", false) else { return };
    std::fs::write(image.mount_point.join("clip.mov"), pattern(100_000, 3)).unwrap();
    let source = Source::open(&image.mount_point).unwrap();
    assert_eq!(source.volume().label, "A003R1JL");
    assert!(source.volume().id.as_str().starts_with("uuid:"));
    image.unmount();
    assert!(!source.is_present());
    assert_eq!(source.walk().unwrap_err().code(), ErrorCode::SourceGone);
    assert_eq!(source.open_file(&path("absent")).unwrap_err().code(), ErrorCode::SourceGone);
    assert_eq!(source.read_again(&path("clip.mov")).unwrap_err().code(), ErrorCode::SourceGone);
    // Remounted it is the same volume.
    image.mount().unwrap();
    let back = Source::open(&image.mount_point).unwrap();
    assert_eq!(back.identity(), source.identity());
}

#[cfg(target_os = "linux")]
#[test]
fn a_bad_block_is_told_from_a_card_that_is_gone() {
    let Some(image) = crate::image::Image::new(64, "BAD", true) else { return };
    let bytes = pattern(8 << 20, 5);
    std::fs::write(image.mount_point.join("clip.mov"), &bytes).unwrap();
    rustix::fs::syncfs(std::fs::File::open(&image.mount_point).unwrap()).unwrap();
    let offset = image.find(&bytes);
    image.cut(offset + (4 << 20));
    let source = Source::open(&image.mount_point).unwrap();
    let mut again = source.read_again(&path("clip.mov")).unwrap();
    let error = loop {
        match again.next_chunk() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the missing half of the device was read"),
            Err(error) => break error,
        }
    };
    assert_eq!(checkgate_volume::read_code(&error), ErrorCode::SourceUnreadable, "{error}");
    assert!(again.finish().is_err(), "no proof without the end");
}

#[cfg(target_os = "linux")]
#[test]
fn another_volume_mounted_below_is_listed_and_not_entered() {
    let Some(image) = crate::image::Image::new(16, "CARD", false) else { return };
    let card = tempfile::tempdir().unwrap();
    std::fs::write(card.path().join("clip.mov"), b"x").unwrap();
    std::fs::create_dir(card.path().join("below")).unwrap();
    std::fs::write(image.mount_point.join("other.mov"), b"x").unwrap();
    let _bind = image.bind(&image.mount_point, &card.path().join("below"));
    let source = Source::open(card.path()).unwrap();
    let listing = source.walk().unwrap();
    assert_eq!(listing.files.len(), 1);
    assert_eq!((listing.skipped[0].path.as_str(), listing.skipped[0].reason), ("below", SkipReason::OtherFileSystem));
    assert!(source.open_file(&path("below/other.mov")).is_err());
}
