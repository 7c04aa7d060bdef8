//! The truncation matrix of camera.md 1.3: what a structural check can catch is caught, with a stable code and words that say
//! what was found. A hole of zeros inside the media needs a hash or a decode and is not claimed here.

use crate::support::{Film, codes, dpx, exr, film, mxf, probe, wave};
use checkgate_model::Severity;

#[test]
fn whole_files_are_structure_complete() {
    for (name, bytes) in [
        ("a.mov", film()),
        ("b.mov", Film { frames: 24, frame_bytes: 500, index_first: true, tags: &[] }.bytes()),
        ("c.wav", wave(4800, "", 0)),
        ("d.dpx", dpx(16, 9)),
        ("e.exr", exr(16, 9)),
        ("f.mxf", mxf(true)),
    ] {
        let report = probe(&bytes, name);
        assert_eq!((report.complete, codes(&report)), (Some(true), vec![]), "{name}");
    }
}

#[test]
fn every_cut_in_the_tail_is_caught() {
    for (name, bytes, from) in [
        ("index at end.mov", film(), 40),
        ("fast start.mov", Film { frames: 24, frame_bytes: 500, index_first: true, tags: &[] }.bytes(), 40),
        ("sound.wav", wave(4800, "", 0), 60),
        ("plate.dpx", dpx(16, 9), 2048),
        ("plate.exr", exr(16, 9), 60),
        ("op1a.mxf", mxf(true), 200),
    ] {
        for length in (from..bytes.len() - 1).step_by(37).chain([bytes.len() * 6 / 10]) {
            let report = probe(&bytes[..length], name);
            assert_eq!(report.complete, Some(false), "{name} cut to {length} of {}", bytes.len());
            assert!(
                report.findings.iter().any(|finding| finding.severity == Severity::Error && !finding.hint.is_empty()),
                "{name}"
            );
        }
    }
}

#[test]
fn codes_name_the_kind_of_damage() {
    let whole = film();
    let without_index: Vec<u8> = whole[..20 + 8 + 24 * 500 + 4].to_vec();
    assert_eq!(codes(&probe(&without_index, "a.mov")), ["structure.no_moov"]);
    let index_first = Film { frames: 24, frame_bytes: 500, index_first: true, tags: &[] }.bytes();
    assert_eq!(codes(&probe(&index_first[..index_first.len() * 6 / 10], "a.mov")), ["structure.truncated"]);
    assert_eq!(codes(&probe(&whole[..whole.len() * 3 / 10], "a.mov")), ["structure.truncated"]);
    assert_eq!(codes(&probe(&[], "a.mov")), ["structure.empty_file"]);
    assert_eq!(codes(&probe(&[0; 100_000], "a.mov")), ["structure.blank"]);
    assert_eq!(codes(&probe(b"this is no film at all", "a.mov")), ["structure.damaged"]);
    assert_eq!(codes(&probe(&mxf(false), "a.mxf")), ["structure.unfinalised"]);
    let mut unfinished = wave(4800, "", 0);
    let at = unfinished.windows(4).position(|four| four == b"data").unwrap();
    unfinished[at + 4..at + 8].copy_from_slice(&0u32.to_le_bytes());
    assert_eq!(codes(&probe(&unfinished, "a.wav")), ["structure.unfinalised"]);
}

#[test]
fn a_truncated_film_says_what_is_declared_and_what_is_there() {
    let whole = film();
    let cut = &whole[..6000];
    let report = probe(cut, "a.mov");
    assert!(
        report.findings[0].message.contains("12032") && report.findings[0].message.contains("6000"),
        "{}",
        report.findings[0].message
    );
    assert!(report.findings[0].hint.contains("Do not format"));
    assert!(!report.findings[0].overridable);
}

#[test]
fn an_open_header_with_a_footer_is_no_alarm() {
    let mut file = mxf(true);
    file[14] = 1;
    assert_eq!(probe(&file, "a.mxf").complete, Some(true));
}

#[test]
fn checks_read_the_index_and_never_the_media() {
    let film = Film { frames: 2000, frame_bytes: 5000, index_first: false, tags: &[] }.bytes();
    let report = probe(&film, "a.mov");
    assert!(report.bytes_read < 16_384, "{} bytes of {}", report.bytes_read, film.len());
    let sound = wave(2_000_000, "", 0);
    let report = probe(&sound, "a.wav");
    assert!(report.bytes_read < 16_384, "{} bytes of {}", report.bytes_read, sound.len());
}

#[test]
fn a_makers_trailer_behind_the_last_box_is_no_damage() {
    let mut file = film();
    file.extend_from_slice(&[0xEE; 900]);
    let report = probe(&file, "a.insv");
    assert_eq!((report.complete, codes(&report)), (Some(true), vec!["structure.trailing_bytes"]));
}

#[test]
fn an_mxf_may_begin_with_a_run_in() {
    let mut file = vec![0x11; 60_000];
    file.extend_from_slice(&mxf(true));
    assert_eq!(probe(&file, "a.mxf").complete, Some(true));
}
