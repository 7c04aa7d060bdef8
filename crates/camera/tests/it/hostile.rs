//! Media from a card is hostile input: no panic, no allocation by an unchecked length, and an end (invariant 11).

use crate::support::{Film, MemoryCard, dpx, exr, film, ixml, mxf, probe, wave};
use checkgate_camera::{describe_all, recognise};
use proptest::prelude::*;

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let tags = [("com.arri.camera.CameraModel", "ALEXA")];
    let mut cine = vec![b'C', b'I', 0x2c, 0];
    cine.resize(400, 1);
    let mut red = 400u32.to_be_bytes().to_vec();
    red.extend_from_slice(b"RED2");
    red.resize(9000, 2);
    let mut ari = b"ARRI\x12\x34\x56\x78".to_vec();
    ari.resize(5000, 3);
    vec![
        ("a.mov", Film { frames: 3, frame_bytes: 20, index_first: true, tags: &tags }.bytes()),
        ("b.wav", wave(48, &ixml("1", "2", 3, (1, "F", "A")), 9)),
        ("c.dpx", dpx(4, 4)),
        ("d.exr", exr(4, 4)),
        ("e.mxf", mxf(true)),
        ("f.cine", cine),
        ("g.R3D", red),
        ("h.ari", ari),
    ]
}

fn survive(name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let report = probe(bytes, name);
    prop_assert!(
        report.bytes_read <= 64 * bytes.len() as u64 + 65_536,
        "{name}: {} bytes read of {}",
        report.bytes_read,
        bytes.len()
    );
    let card = MemoryCard::new().file(name, bytes).file("C0001M01.XML", bytes).file("A001R1JL_AVID.ale", bytes);
    let found = recognise(&card);
    let records = describe_all(&card, &found);
    prop_assert_eq!(records.len(), found.clips.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn random_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2048), name in 0usize..8) {
        survive(seeds()[name].0, &bytes)?;
    }

    #[test]
    fn cut_and_flipped_files_are_survived(which in 0usize..8, cut in 0.0f64..1.2, flips in proptest::collection::vec((0.0f64..1.0, any::<u8>()), 0..12)) {
        let (name, mut bytes) = seeds().swap_remove(which);
        for (at, value) in flips {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        let length = ((cut * bytes.len() as f64) as usize).min(bytes.len());
        survive(name, &bytes[..length])?;
    }

    #[test]
    fn lengths_of_all_ones_are_survived(which in 0usize..8, at in 0.0f64..1.0, width in 1usize..9) {
        let (name, mut bytes) = seeds().swap_remove(which);
        let at = (at * bytes.len() as f64) as usize;
        let end = (at + width).min(bytes.len());
        bytes[at..end].fill(0xff);
        survive(name, &bytes)?;
    }

    #[test]
    fn odd_names_are_survived(names in proptest::collection::vec("[^/\0]{1,40}", 1..8)) {
        let mut card = MemoryCard::new();
        for name in &names {
            if checkgate_model::RelPath::new(name).is_ok() {
                card = card.file(name, &film()[..40]);
            }
        }
        let files = checkgate_camera::CardFiles::entries(&card).len() as u64;
        prop_assert_eq!(recognise(&card).file_count, files);
    }
}

#[test]
fn deep_xml_and_endless_boxes_end_soon() {
    let deep = format!("<NonRealTimeMeta>{}", "<a>".repeat(200_000));
    let boxes: Vec<u8> = std::iter::repeat_n([0, 0, 0, 8, b'f', b'r', b'e', b'e'], 100_000).flatten().collect();
    let nested = (0..20_000).fold(
        Vec::new(),
        |inside: Vec<u8>, level| if level % 1000 == 0 { crate::support::boxed(b"udta", &inside) } else { inside },
    );
    let card = MemoryCard::new()
        .file("M4ROOT/CLIP/C0001.MP4", boxes)
        .file("M4ROOT/CLIP/C0001M01.XML", deep)
        .file("b.mov", crate::support::boxed(b"moov", &nested));
    let started = std::time::Instant::now();
    let found = recognise(&card);
    assert_eq!(describe_all(&card, &found).len(), 2);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
