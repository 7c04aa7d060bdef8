//! Hand-checked values of real files: read off their bytes with a hex dump and other programs, never with this crate.

use crate::support::{FolderCard, MemoryCard, samples};
use checkgate_camera::{describe_all, describe_without_media, recognise};
use checkgate_model::{ClipRecord, FieldState};

fn record_of(path: &str) -> Option<ClipRecord> {
    let bytes = std::fs::read(samples()?.join(path)).unwrap_or_else(|_| panic!("{path} belongs to the samples"));
    let name = path.rsplit('/').next().unwrap();
    let card = MemoryCard::new().file(name, bytes);
    let found = recognise(&card);
    let mut records = describe_all(&card, &found);
    records.extend(describe_without_media(&card, &found));
    assert_eq!(records.len(), 1, "{path}");
    records.pop()
}

type Wanted = &'static [(&'static str, &'static str)];

const FILES: &[(&str, Wanted)] = &[
    (
        "gpmf-parser/karma.mp4",
        &[
            ("camera.make", "GoPro"),
            ("camera.model", "HERO5 Black"),
            ("camera.firmware", "HD5.02.02.00.00"),
            ("lens.serial", "LAE6101112400243"),
            ("image.width_height", "854x480"),
            // Frame 2 100 244 at 30 a second: the track says 30000/1001, and 29 as its number of frames.
            ("tc.start", "19:26:48:04"),
            ("tc.end", "19:27:00:06"),
            ("codec.bit_depth", "8"),
        ],
    ),
    ("nom-exif/meta.mp4", &[("gps", "27.2939 112.6932"), ("codec.name", "H.264")]),
    ("metadata-extractor/with-gps.mp4", &[("gps", "51.4169 -0.0806")]),
    (
        "metadata-extractor/MVI_4823.AVI",
        &[
            ("image.width_height", "640x480"),
            ("codec.name", "Motion JPEG"),
            ("rate.project", "30"),
            ("duration.frames", "78"),
            ("audio.sample_rate", "44100"),
            ("time.recorded_at", "2012-09-10T20:52:00"),
            ("camera.make", "Canon"),
            ("file.writer", "CanonMVI06"),
        ],
    ),
    (
        "exiftool/M2TS.mts",
        &[
            ("codec.name", "H.264"),
            ("image.width_height", "1920x1080"),
            ("rate.project", "25"),
            ("camera.make", "Canon"),
            // A zone of one hour east, then BCD.
            ("time.recorded_at", "2008-12-31T23:16:24+01:00"),
            // 1125 lines of 28125.
            ("exposure.time", "0.04"),
            ("lens.f_stop", "2.38"),
            ("audio.channels", "2"),
            ("audio.sample_rate", "48000"),
        ],
    ),
    (
        "exiftool/DV.dv",
        &[
            ("codec.name", "DV"),
            ("image.width_height", "720x576"),
            ("rate.project", "25"),
            ("image.pixel_aspect", "64/45"),
            ("tc.start", "00:00:04:24"),
            ("time.recorded_at", "2010-02-16T21:36:28"),
            ("audio.sample_rate", "32000"),
            ("audio.bit_depth", "12"),
            ("audio.channels", "4"),
        ],
    ),
    (
        "oiio-images/checker.cin",
        &[
            ("codec.name", "Cineon"),
            ("image.width_height", "160x90"),
            ("codec.bit_depth", "10"),
            ("time.recorded_at", "2022-10-17T10:12:05+10:00"),
        ],
    ),
    (
        "format-corpus/dvcpro-pal-interlaced.mov",
        &[("codec.name", "DVCPRO"), ("image.pixel_aspect", "59/54"), ("codec.bit_depth", "8"), ("image.width_height", "720x576")],
    ),
    ("exiv2/sample_640x360.mov", &[("file.writer", "Lavf57.83.100"), ("camera.firmware", ""), ("rate.project", "30000/1001")]),
    (
        "wavinfo/sounddevices/A101_4.WAV",
        &[("tc.start", "12:40:15:00"), ("tc.user_bits", "12311804"), ("tc.rate", "24000/1001"), ("sound.roll", "18Y12M31")],
    ),
    (
        "gpr/Hero6_GOPR0024.GPR",
        &[
            ("camera.make", "GoPro"),
            ("camera.model", "HERO6 Black"),
            ("camera.firmware", "HD6.01.01.49.08"),
            ("camera.serial", "C32213DVT14025"),
            ("time.recorded_at", "2016-01-01T23:07:27"),
            ("image.width_height", "4000x3000"),
            ("codec.bit_depth", "16"),
            ("lens.f_stop", "2.8"),
            ("lens.focal_length", "3"),
            ("exposure.iso", "100"),
            // 33 7' 36.8076'' N, 117 19' 35.92596'' W, 14.287 m below the sea.
            ("gps", "33.126891 -117.3266461 -14.287"),
        ],
    ),
    (
        "exiftool/DNG.dng",
        &[
            ("camera.make", "Canon"),
            ("camera.model", "Canon EOS 350D DIGITAL"),
            ("camera.serial", "012345678"),
            ("time.recorded_at", "2005-08-03T18:59:18"),
            ("image.width_height", "3516x2328"),
            ("image.active_area", "42 14 3474 2314"),
            ("exposure.iso", "400"),
            ("exposure.time", "0.066666667"),
            ("lens.f_stop", "8"),
            ("lens.focal_length", "55"),
        ],
    ),
    (
        "tinydng/colorchart.dng",
        &[("camera.model", "Canon EOS Kiss X4"), ("codec.bit_depth", "14"), ("image.width_height", "1888x1182")],
    ),
    (
        "pycine/chart1.cine",
        &[
            ("image.width_height", "2048x1080"),
            // RealBPP of the setup block; 2775328 bytes are 1.25 a pixel, so that the 16 of the bitmap's header is not what is stored.
            ("codec.bit_depth", "10"),
            ("rate.sensor", "25"),
            // ShutterNs of the setup block: 20 000 078.
            ("exposure.time", "0.020000078"),
            ("camera.serial", "16001"),
        ],
    ),
    (
        "bmx/d10_sample.mxf",
        &[
            ("tc.start", "23:58:30:00"),
            ("rate.project", "25"),
            ("codec.name", "MPEG-2"),
            ("audio.channels", "4"),
            ("audio.sample_rate", "48000"),
            ("audio.bit_depth", "24"),
            ("clip.uid", "060A2B340101010501010D0013A3BC02529471344DA3BC0200529471344DA300"),
            ("file.writer", "OP1a Muxer"),
        ],
    ),
    (
        "regxmllib/video1.mxf",
        &[
            ("image.width_height", "1920x1080"),
            ("rate.project", "24000/1001"),
            ("codec.name", "JPEG 2000"),
            ("clip.uid", "060A2B340101010501010F20130000003D77E01599FE45450620925CF3CEE008"),
            ("file.writer_company", "OpenCube"),
        ],
    ),
    (
        "regxmllib/indirect.mxf",
        &[
            ("image.width_height", "3840x2160"),
            ("tc.start", "01:00:00:00"),
            ("rate.project", "25"),
            ("codec.name", "VC-3 (Avid DNxHD)"),
            ("file.writer_company", "Avid Technology, Inc."),
            ("reel.name", "1920x1080-red.tif"),
        ],
    ),
];

#[test]
fn real_files_say_what_their_bytes_hold() {
    for (path, wanted) in FILES {
        let Some(record) = record_of(path) else { return };
        for (field, want) in *wanted {
            assert_eq!(record.text(field), *want, "{path} {field}: {:?}", record.fields.get(*field));
        }
    }
}

/// Entries `length, tag, value` behind a header of version 2 with one record.
fn red2(entries: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut head = vec![0u8; 0x44 + 0x18];
    head[4..8].copy_from_slice(b"RED2");
    head[0x40] = 1;
    head[0x4C..0x50].copy_from_slice(&8192u32.to_be_bytes());
    head[0x50..0x54].copy_from_slice(&4320u32.to_be_bytes());
    head[0x56..0x5C].copy_from_slice(&[0x03, 0xe9, 0, 0, 0x5d, 0xc0]);
    let mut directory = Vec::new();
    for (tag, value) in entries {
        directory.extend_from_slice(&(value.len() as u16 + 4).to_be_bytes());
        directory.extend_from_slice(&tag.to_be_bytes());
        directory.extend_from_slice(value);
    }
    head.extend_from_slice(&(directory.len() as u16).to_be_bytes());
    head.extend(directory);
    let length = head.len() as u32 + 500;
    head[..4].copy_from_slice(&length.to_be_bytes());
    head
}

#[test]
fn a_header_of_red_alone_is_read_in_its_units() {
    let text = |words: &str| [words.as_bytes(), &[0]].concat();
    let file = red2(&[
        (0x1000, text("01:00:00:00")),
        (0x1001, text("11:20:00:00")),
        (0x1006, text("102-212-CCC")),
        (0x1019, text("A")),
        (0x101A, text("106")),
        (0x1023, text("20220118")),
        (0x1024, text("112000")),
        (0x1025, text("7.4.1")),
        (0x1056, text("A106_C037_0118G5_002.R3D")),
        (0x1070, text("35mm T2.1")),
        (0x107D, text("12")),
        (0x10A0, text("EPIC")),
        (0x200D, 5600f32.to_be_bytes().to_vec()),
        (0x2066, 23.976f32.to_be_bytes().to_vec()),
        (0x403B, 800u16.to_be_bytes().to_vec()),
        (0x406A, 28u16.to_be_bytes().to_vec()),
        (0x406B, 35u16.to_be_bytes().to_vec()),
        (0x606C, (-1i32).to_be_bytes().to_vec()),
    ]);
    let card = MemoryCard::new().file("Red.r3d", file);
    let found = recognise(&card);
    let mut records = describe_all(&card, &found);
    records.extend(describe_without_media(&card, &found));
    for (field, want) in [
        ("image.width_height", "8192x4320"),
        ("rate.project", "24000/1001"),
        ("tc.start", "11:20:00:00"),
        ("camera.serial", "102-212-CCC"),
        ("camera.index", "A"),
        ("camera.model", "EPIC"),
        ("camera.firmware", "7.4.1"),
        // The number of the reel with the letter of the camera.
        ("reel.name", "A106"),
        ("time.recorded_at", "2022-01-18T11:20:00"),
        ("file.original_name", "A106_C037_0118G5_002.R3D"),
        ("wb.kelvin", "5600"),
        ("exposure.index", "800"),
        ("lens.f_stop", "2.8"),
        ("lens.focal_length", "35"),
        ("lens.model", "35mm T2.1"),
        ("slate.scene", "12"),
    ] {
        assert_eq!(records[0].text(field), want, "{field}: {:?}", records[0].fields.get(field));
    }
    assert_eq!(records[0].fields["lens.focus_distance"].state, FieldState::VendorUnknown);
}

#[test]
fn a_header_of_the_first_version_has_its_directory_in_the_second_block() {
    let mut file = vec![0u8; 512];
    file[..8].copy_from_slice(b"\0\0\x02\0RED1");
    file[0x36..0x38].copy_from_slice(&4096u16.to_be_bytes());
    file[0x3a..0x3c].copy_from_slice(&2304u16.to_be_bytes());
    file[0x3e..0x42].copy_from_slice(&[0x5d, 0xc0, 0x03, 0xe9]);
    file[0x43..0x43 + 24].copy_from_slice(b"A001_C002_0502R5_001.R3D");
    let mut block = vec![0u8; 0x22];
    let mut directory = Vec::new();
    for (tag, words) in [(0x1000u16, "01:00:00:00"), (0x1001, "13:14:15:16"), (0x101a, "001"), (0x1071, "RED ONE")] {
        directory.extend_from_slice(&(words.len() as u16 + 5).to_be_bytes());
        directory.extend_from_slice(&tag.to_be_bytes());
        directory.extend_from_slice(words.as_bytes());
        directory.push(0);
    }
    block.extend_from_slice(&(directory.len() as u16).to_be_bytes());
    block.extend(directory);
    block.resize(900, 0);
    file.extend(block);
    let card = MemoryCard::new().file("A001_C002_0502R5_001.R3D", file);
    let found = recognise(&card);
    let mut records = describe_all(&card, &found);
    records.extend(describe_without_media(&card, &found));
    for (field, want) in [
        ("image.width_height", "4096x2304"),
        ("rate.project", "24000/1001"),
        ("tc.start", "13:14:15:16"),
        ("reel.name", "A001"),
        ("camera.model", "RED ONE"),
        ("file.original_name", "A001_C002_0502R5_001.R3D"),
    ] {
        assert_eq!(records[0].text(field), want, "{field}: {:?}", records[0].fields.get(field));
    }
}

#[test]
fn a_camera_that_writes_zeros_is_unknown_and_not_absent() {
    let Some(record) = record_of("gpmf-parser/karma.mp4") else { return };
    assert_eq!(record.fields["camera.serial"].state, FieldState::VendorUnknown);
    let Some(record) = record_of("tinydng/colorchart.dng") else { return };
    assert!(record.get("lens.f_stop").is_none() && record.get("time.recorded_at").is_none());
}

#[test]
fn every_sample_is_described_within_a_second() {
    let Some(root) = samples() else { return };
    let all = FolderCard::list(&root);
    // The rules of all cards are compiled once.
    let _ = recognise(&MemoryCard::new().file("x", "x"));
    for entry in checkgate_camera::CardFiles::entries(&all) {
        let Ok(bytes) = std::fs::read(root.join(entry.path.as_str())) else { continue };
        let card = MemoryCard::new().file(entry.path.file_name(), bytes);
        let started = std::time::Instant::now();
        let found = recognise(&card);
        let records = describe_all(&card, &found);
        let more = checkgate_camera::describe_without_media(&card, &found);
        let took = started.elapsed();
        assert!(took.as_secs_f64() < 1.0, "{} took {took:?} for {} records", entry.path, records.len() + more.len());
    }
}
