//! A card is known before the operator has let go of it: time is measured and printed, bytes are bounded.

use crate::support::{MemoryCard, dpx, film};
use checkgate_camera::{CardFiles as _, recognise};
use std::time::Instant;

#[test]
fn a_thousand_clips_are_recognised_quickly_from_few_bytes() {
    let mut card = MemoryCard::new();
    let bytes = film();
    for number in 1..=1000 {
        card = card.file(&format!("A003R1JL/A003C{number:03}_261123_R1JL.mov"), bytes.clone());
    }
    // Profiles are compiled once in a process.
    assert_eq!(recognise(&MemoryCard::new()).file_count, 0);
    let started = Instant::now();
    let found = recognise(&card);
    let elapsed = started.elapsed();
    eprintln!("1,000 clips ({} files): {elapsed:?}, {} bytes read", card.entries().len(), found.bytes_read);
    assert_eq!(found.clips.len(), 1000);
    assert!(found.bytes_read / 1000 < 8192, "{} bytes for each clip", found.bytes_read / 1000);
}

#[test]
fn a_long_sequence_is_recognised_from_its_listing() {
    let mut card = MemoryCard::new();
    let bytes = dpx(2, 2);
    for number in 0..100_000 {
        card = card.file(&format!("P/plate/plate.{number:07}.dpx"), bytes.clone());
    }
    assert_eq!(recognise(&MemoryCard::new()).file_count, 0);
    let started = Instant::now();
    let found = recognise(&card);
    let elapsed = started.elapsed();
    eprintln!("100,000 frames: {elapsed:?}, {} bytes read", found.bytes_read);
    assert_eq!((found.clips.len(), found.clips[0].files.len()), (1, 100_000));
    assert!(found.bytes_read < 256_000, "{} bytes", found.bytes_read);
}

#[test]
fn a_thousand_clips_with_index_and_sidecars_are_held_against_each_other_quickly() {
    let (film, mut card, mut materials) = (film(), MemoryCard::new(), String::new());
    for number in 1..=1000 {
        card = card
            .file(&format!("M4ROOT/CLIP/C{number:04}.MP4"), film.clone())
            .file(&format!("M4ROOT/CLIP/C{number:04}M01.XML"), crate::cards::NRT)
            .file(&format!("M4ROOT/THMBNL/C{number:04}T01.JPG"), "jpg");
        materials.push_str(&format!(
            "<Material uri=\"./CLIP/C{number:04}.MP4\" dur=\"24\" umid=\"060A2B34\" status=\"none\"><RelevantInfo uri=\"./CLIP/C{number:04}M01.XML\"/></Material>"
        ));
    }
    let index = format!("<MediaProfile><Contents>{materials}</Contents></MediaProfile>");
    let card = card.file("M4ROOT/MEDIAPRO.XML", index);
    assert_eq!(recognise(&MemoryCard::new()).file_count, 0);
    let started = Instant::now();
    let found = recognise(&card);
    eprintln!("1,000 clips of 3 files and an index: {:?}, {} bytes read", started.elapsed(), found.bytes_read);
    assert_eq!((found.clips.len(), found.findings), (1000, vec![]));
    assert!(found.bytes_read / 1000 < 12_000, "{} bytes for each clip", found.bytes_read / 1000);
}
