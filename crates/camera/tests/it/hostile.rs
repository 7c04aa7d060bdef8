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
    let mut dng = b"II\x2a\0\x08\0\0\0".to_vec();
    let entries = [(256u32, 8u32), (257, 8), (273, 74), (279, 128), (330, 8)];
    dng.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        dng.extend_from_slice(&(tag | 4 << 16).to_le_bytes());
        dng.extend_from_slice(&1u32.to_le_bytes());
        dng.extend_from_slice(&value.to_le_bytes());
    }
    dng.resize(74 + 128, 4);
    let packet: Vec<u8> = [0, 0, 0, 0, 0x47].into_iter().chain(std::iter::repeat_n(5, 187)).collect();
    let mut list = b"MPLS0200\0\0\0\x0c".to_vec();
    list.extend_from_slice(&[0, 0, 0, 50, 0, 0, 0, 2, 0, 0]);
    for clip in *b"01" {
        list.extend_from_slice(&[0, 11, b'0', b'0', b'0', b'0', clip, b'M', b'2', b'T', b'S', 0, 6]);
    }
    vec![
        ("i.dng", dng),
        ("j.mts", packet.repeat(12)),
        ("00000.MPL", list),
        ("0001AB.XML", P2.as_bytes().to_vec()),
        ("INDEX.XML", b"<indexFile><clip file=\"C0001V01.MXF\"/><clip file=\".MXF\"/></indexFile>".to_vec()),
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

const P2: &str = "<P2Main><ClipContent><ClipName>0001AB</ClipName><GlobalClipID>G1</GlobalClipID><Duration>12</Duration><EssenceList><Video>\
     <VideoIndex><StartByteOffset>18446744073709551615</StartByteOffset><DataSize>9</DataSize></VideoIndex></Video><Audio/></EssenceList>\
     <Relation><Connection><Next><GlobalClipID>G2</GlobalClipID></Next></Connection></Relation></ClipContent></P2Main>";

fn survive(name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let report = probe(bytes, name);
    prop_assert!(
        report.bytes_read <= 64 * bytes.len() as u64 + 65_536,
        "{name}: {} bytes read of {}",
        report.bytes_read,
        bytes.len()
    );
    let mut card = MemoryCard::new().file(name, bytes).file("C0001M01.XML", bytes).file("A001R1JL_AVID.ale", bytes);
    for path in [
        "M4ROOT/MEDIAPRO.XML",
        "M4ROOT/CLIP/C0001.MP4",
        "M4ROOT/CLIP/C0001M01.XML",
        "PROAV/INDEX.XML",
        "PROAV/CLPR/C0001/C0001V01.MXF",
        "CONTENTS/CLIP/0001AB.XML",
        "CONTENTS/VIDEO/0001AB.MXF",
        "AVCHD/BDMV/PLAYLIST/00000.MPL",
        "AVCHD/BDMV/STREAM/00000.MTS",
        "AVCHD/BDMV/STREAM/00001.MTS",
        "A106_0118G5.RDM/A106_C037_0118G5.RDC/A106_C037_0118G5_001.R3D",
        "A001_08151530_C001.braw",
        "P/A003C001_261123_R1JL.0000001.ari",
        "P/A003C001_261123_R1JL.0000002.ari",
        "P/plate.0000001.dpx",
        "P/plate.0000002.dpx",
        "S/a_1.wav",
        "S/a_2.wav",
    ] {
        card = card.file(path, bytes);
    }
    let found = recognise(&card);
    let records = describe_all(&card, &found);
    prop_assert_eq!(records.len(), found.clips.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn random_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2048), name in 0usize..13) {
        survive(seeds()[name].0, &bytes)?;
    }

    #[test]
    fn cut_and_flipped_files_are_survived(which in 0usize..13, cut in 0.0f64..1.2, flips in proptest::collection::vec((0.0f64..1.0, any::<u8>()), 0..12)) {
        let (name, mut bytes) = seeds().swap_remove(which);
        for (at, value) in flips {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        let length = ((cut * bytes.len() as f64) as usize).min(bytes.len());
        survive(name, &bytes[..length])?;
    }

    #[test]
    fn lengths_of_all_ones_are_survived(which in 0usize..13, at in 0.0f64..1.0, width in 1usize..9) {
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

/// Seeds of the fuzz targets: one honest input of each family.
fn family_seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut found: Vec<(&'static str, Vec<u8>)> = seeds()
        .into_iter()
        .filter_map(|(name, bytes)| {
            let family = match name.rsplit('.').next()?.to_ascii_lowercase().as_str() {
                "mov" => "isobmff",
                "mxf" => "mxf",
                "wav" => "riff",
                "r3d" => "r3d",
                "ari" | "cine" | "dpx" | "exr" | "dng" => "pictures",
                "xml" => "xml",
                _ => return None,
            };
            Some((family, bytes))
        })
        .collect();
    found.push(("xml", SONY.as_bytes().to_vec()));
    found.push((
        "text",
        b"Index\tMaster TC\tCamera Clip Name\tMaster TC Time Base\n0\t01:00:00:00\tA001\t24\n1\t01:00:00:01\tA001\t24\n".to_vec(),
    ));
    found.push(("text", b"Clip Metadata\nmanufacturer: X\n\nFrame 0 Metadata\niso: 800\naperture: T2.3\n".to_vec()));
    found.push(("text", b"1\n00:00:00,000 --> 00:00:00,020\n[iso: 220] [latitude: 3.4] [longitude: -3.3]\n".to_vec()));
    found
}

const SONY: &str = "<NonRealTimeMeta><LtcChangeTable tcFps=\"24\"><LtcChange value=\"19044716\" status=\"increment\"/></LtcChangeTable>\
     <Device manufacturer=\"Sony\" modelName=\"X\"/></NonRealTimeMeta>";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_family_survives_cuts_and_changes(which in 0usize..64, cut in 0.0f64..1.2, flips in proptest::collection::vec((0.0f64..1.0, any::<u8>()), 0..12)) {
        let mut all = family_seeds();
        let (family, mut bytes) = all.swap_remove(which % all.len());
        for (at, value) in flips {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        let length = ((cut * bytes.len() as f64) as usize).min(bytes.len());
        crate::probe::survive(family, &bytes[..length]);
    }

    #[test]
    fn random_bytes_of_every_family_are_survived(family in 0usize..8, bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
        crate::probe::survive(crate::probe::FAMILIES[family].0, &bytes);
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

#[test]
fn a_list_of_many_short_rows_ends_soon() {
    // Found by fuzzing: the whole list was copied for every row of it.
    let columns: Vec<String> = (0..17).map(|n| format!("C{n}")).collect();
    let mut list = format!("Heading\nFPS\t24\nColumn\nName\t{}\nData\n", columns.join("\t"));
    for row in 0..6000 {
        list.push_str(&format!("A{row}\n"));
    }
    let card = MemoryCard::new().file("A001R1JL_AVID.ale", list);
    let started = std::time::Instant::now();
    let found = recognise(&card);
    let records = checkgate_camera::describe_without_media(&card, &found);
    assert_eq!(records.len(), 6000);
    assert!(started.elapsed() < std::time::Duration::from_secs(1), "{:?}", started.elapsed());
}
