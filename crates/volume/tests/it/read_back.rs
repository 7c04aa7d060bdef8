//! Promises about proof.

use crate::{path, pattern};
use checkgate_model::EvidenceLevel;
use checkgate_volume::{Depth, Destination, ReadBack, ReadBackError, Replace};

fn whole(mut read_back: ReadBack) -> (Vec<u8>, checkgate_volume::ReadBackProof) {
    let mut bytes = Vec::new();
    while let Some(chunk) = read_back.next_chunk().unwrap() {
        bytes.extend_from_slice(chunk);
    }
    (bytes, read_back.finish().unwrap())
}

#[test]
fn reads_every_length_back_exactly() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    for (index, length) in [0, 1, 511, 512, 4095, 4096, 4097, 1 << 20, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, (9 << 20) + 4097]
        .into_iter()
        .enumerate()
    {
        let bytes = pattern(length, index as u64 + 1);
        let name = path(&format!("{length}.bin"));
        destination.publish_bytes(&name, &bytes, Replace::Never).unwrap();
        for depth in [Depth::Device, Depth::System] {
            let (read, proof) = whole(destination.read_back(&name, depth).unwrap());
            assert!(read == bytes, "{length} bytes, {depth:?}");
            assert_eq!(proof.size_bytes(), length as u64);
        }
    }
}

#[test]
fn gives_no_proof_before_the_end_and_no_device_proof_through_the_cache() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    destination.publish_bytes(&path("A.mov"), &pattern(5 << 20, 1), Replace::Never).unwrap();
    let mut half = destination.read_back(&path("A.mov"), Depth::Device).unwrap();
    half.next_chunk().unwrap();
    assert!(matches!(half.finish(), Err(ReadBackError::NotAtEnd { .. })));
    let (_, proof) = whole(destination.read_back(&path("A.mov"), Depth::System).unwrap());
    assert_eq!(proof.level(), EvidenceLevel::ReadBackSystem);
    assert!(proof.words().contains("through the system"), "{}", proof.words());
}

#[test]
fn buffers_can_travel_between_a_reading_and_a_hashing_thread() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let bytes = pattern((13 << 20) + 77, 4);
    destination.publish_bytes(&path("A.mov"), &bytes, Replace::Never).unwrap();
    let mut read_back = destination.read_back(&path("A.mov"), Depth::Device).unwrap();
    let (full, filled) = std::sync::mpsc::sync_channel(2);
    let (empty, emptied) = std::sync::mpsc::channel();
    let hashing = std::thread::spawn(move || {
        let mut all = Vec::new();
        for buffer in filled {
            let buffer: checkgate_volume::AlignedBuffer = buffer;
            all.extend_from_slice(&buffer);
            let _ = empty.send(buffer);
        }
        all
    });
    while let Some(buffer) = read_back.take_chunk(emptied.try_recv().ok()).unwrap() {
        full.send(buffer).unwrap();
    }
    drop(full);
    assert!(hashing.join().unwrap() == bytes);
    read_back.finish().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_never_called_a_device() {
    let Ok(place) = tempfile::tempdir_in("/dev/shm") else {
        eprintln!("SKIPPED: no /dev/shm");
        return;
    };
    let destination = Destination::open(place.path()).unwrap();
    destination.publish_bytes(&path("A.mov"), b"bytes", Replace::Never).unwrap();
    let (_, proof) = whole(destination.read_back(&path("A.mov"), Depth::Device).unwrap());
    assert_eq!(proof.level(), EvidenceLevel::ReadBackSystem);
    assert!(proof.words().contains("memory"), "{}", proof.words());
    assert_eq!(destination.volume().device_identity, None);
}

#[cfg(target_os = "linux")]
#[test]
fn notices_a_byte_that_changed_on_the_device_while_the_cache_still_shows_the_old_one() {
    let Some(image) = crate::image::Image::new(64, "FLIP", true) else { return };
    let destination = Destination::open(&image.mount_point).unwrap();
    assert_eq!(destination.volume().read_back_limit, None, "a loop device that reads its file directly hides nothing");
    let bytes = pattern(3 << 20, 11);
    destination.publish_bytes(&path("A.mov"), &bytes, Replace::Never).unwrap();
    let cached = image.mount_point.join("A.mov");
    assert!(std::fs::read(&cached).unwrap() == bytes);
    image.flip(image.find(&bytes) + 1_500_000);

    assert!(std::fs::read(&cached).unwrap() == bytes, "the system still answers from its cache");
    let (read, proof) = whole(destination.read_back(&path("A.mov"), Depth::Device).unwrap());
    assert_eq!(proof.level(), EvidenceLevel::ReadBackDevice, "{}", proof.words());
    assert_eq!(proof.words(), "synced, then O_DIRECT read");
    let differing: Vec<usize> = (0..bytes.len()).filter(|index| read[*index] != bytes[*index]).collect();
    assert_eq!(differing, [1_500_000]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_loop_device_over_a_cached_file_is_not_called_a_device_and_shares_the_disk_below() {
    let (Some(one), Some(other)) = (crate::image::Image::new(16, "ONE", false), crate::image::Image::new(16, "OTHER", false))
    else {
        return;
    };
    let destination = Destination::open(&one.mount_point).unwrap();
    destination.publish_bytes(&path("A.mov"), b"bytes", Replace::Never).unwrap();
    let (_, proof) = whole(destination.read_back(&path("A.mov"), Depth::Device).unwrap());
    assert_eq!(proof.level(), EvidenceLevel::ReadBackSystem);
    assert!(proof.words().contains("loop device"), "{}", proof.words());
    let volumes =
        [checkgate_volume::volume_of(&one.mount_point).unwrap(), checkgate_volume::volume_of(&other.mount_point).unwrap()];
    assert!(volumes[0].virtual_device && volumes[0].device_note.as_deref().unwrap().contains("volume.img"));
    assert_ne!(volumes[0].id, volumes[1].id);
    let disk = checkgate_volume::volume_of(one.file.parent().unwrap()).unwrap();
    assert!(disk.device_identity.is_some());
    assert_eq!(volumes[0].device_identity, disk.device_identity);
    assert_eq!(volumes[1].device_identity, disk.device_identity);
}

/// Not a promise but a measurement, as below.
#[test]
#[ignore = "writes 2000 files"]
fn speed_of_small_files() {
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let bytes = pattern(256 << 10, 1);
    let names: Vec<_> = (0..2000).map(|index| path(&format!("frames/{index:07}.ari"))).collect();
    let rate = |start: std::time::Instant| 2000.0 / start.elapsed().as_secs_f64();
    let start = std::time::Instant::now();
    for name in &names {
        destination.publish_bytes(name, &bytes, Replace::Never).unwrap();
    }
    eprintln!("write and publish 256 KiB files: {:.0} files/s", rate(start));
    let start = std::time::Instant::now();
    for name in &names {
        whole(destination.read_back(name, Depth::Device).unwrap());
    }
    eprintln!("read back: {:.0} files/s", rate(start));
    let start = std::time::Instant::now();
    assert_eq!(destination.walk().unwrap().files.len(), 2000);
    eprintln!("walk: {:.0} files/s", rate(start));
}

/// Not a promise but a measurement: `cargo test -p checkgate-volume --test it -- --ignored --nocapture speed`.
#[test]
#[ignore = "takes a GiB of disk"]
fn speed_of_writing_and_reading_back() {
    use std::io::Write;
    let place = tempfile::tempdir().unwrap();
    let destination = Destination::open(place.path()).unwrap();
    let chunk = pattern(4 << 20, 1);
    let size = 1u64 << 30;
    let mib = |start: std::time::Instant| 1024.0 / start.elapsed().as_secs_f64();
    let start = std::time::Instant::now();
    let mut file = destination.begin(&path("A.mov"), size).unwrap();
    for _ in 0..size / chunk.len() as u64 {
        file.write_all(&chunk).unwrap();
    }
    file.publish().unwrap();
    eprintln!("write and publish: {:.0} MiB/s", mib(start));
    for depth in [Depth::Device, Depth::System, Depth::Device, Depth::System] {
        let start = std::time::Instant::now();
        let mut read_back = destination.read_back(&path("A.mov"), depth).unwrap();
        while read_back.next_chunk().unwrap().is_some() {}
        let proof = read_back.finish().unwrap();
        eprintln!("{depth:?}: {:.0} MiB/s ({})", mib(start), proof.words());
    }
    let source = checkgate_volume::Source::open(place.path()).unwrap();
    let start = std::time::Instant::now();
    let mut reader = source.open_file(&path("A.mov")).unwrap();
    let mut buffer = vec![0; 4 << 20];
    while std::io::Read::read(&mut reader, &mut buffer).unwrap() > 0 {}
    eprintln!("source, cached, pages dropped behind: {:.0} MiB/s", mib(start));
}
