//! Recognition, grouping and completeness of whole cards.

use crate::support::{MemoryCard, dpx, exr, film, ixml, mxf, rel, wave};
use checkgate_camera::{CardFiles as _, recognise};
use checkgate_model::{CardRecognition, ClipKind, Confidence, FileRole, Severity};
use std::collections::BTreeSet;

pub(crate) const ALE: &str = "Heading\r\nFIELD_DELIM\tTABS\r\nVIDEO_FORMAT\t1080\r\nAUDIO_FORMAT\t48kHz\r\nFPS\t23.976\r\n\r\nColumn\r\n\
    Name\tTracks\tStart\tEnd\tDuration\tFPS\tManufacturer\tCamera_model\tCamera_sn\tReel_name\tScene\tTake\tGamma\tExposure_index\tWhite_balance\tLens_type\tAudio_sr\r\n\r\nData\r\n\
    A003C001_261123_R1JL\tVA1A2\t01:00:00:00\t01:00:01:00\t00:00:01:00\t23.976\tARRI\tALEXA 35\t2001\tA003R1JL\t012A\t3\tLOG-C4\t800\t5600\tn.a.\t48kHz\r\n";

pub(crate) const NRT: &str = r#"<?xml version="1.0"?><NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.20"><TargetMaterial umidRef="060A2B34"/>
    <Duration value="24"/><LtcChangeTable tcFps="24" halfStep="false"><LtcChange frameCount="0" value="19044716" status="increment"/>
    <LtcChange frameCount="23" value="18054716" status="end"/></LtcChangeTable><CreationDate value="2026-11-23T16:47:04+00:00"/>
    <VideoFormat><VideoFrame videoCodec="AVC_1920_1080_H422IP@L41" captureFps="23.98p" formatFps="23.98p"/><VideoLayout pixel="1920" numOfVerticalLine="1080"/></VideoFormat>
    <AudioFormat numOfChannel="2"><AudioRecPort audioCodec="LPCM24"/></AudioFormat><Device manufacturer="Sony" modelName="ILME-FX3" serialNo="5001337"/>
    <AcquisitionRecord><Group name="CameraUnitMetadataSet"><Item name="CaptureGammaEquation" value="s-log3"/><Item name="CaptureColorPrimaries" value="s-gamut3-cine"/></Group></AcquisitionRecord></NonRealTimeMeta>"#;

const MEDIAPRO: &str = r#"<MediaProfile xmlns="http://xmlns.sony.net/pro/metadata/mediaprofile"><Properties><Attached mediaId="C0DE01"/></Properties><Contents>
    <Material uri="./CLIP/C0001.MP4" dur="24" status="none"><RelevantInfo uri="./CLIP/C0001M01.XML"/></Material></Contents></MediaProfile>"#;

/// Three makers, plates, an empty folder and what an office computer leaves behind.
pub(crate) fn mixed_card() -> MemoryCard {
    let take = ixml("12A", "3", 2_486_640_000, (1, "F1", "A"));
    MemoryCard::new()
        .file("A003R1JL/A003C001_261123_R1JL.mov", film())
        .file("A003R1JL/A003R1JL_AVID.ale", ALE)
        .file("A003R1JL/A003R1JL.cdl", "<ColorDecisionList/>")
        .file("PRIVATE/M4ROOT/CLIP/C0001.MP4", film())
        .file("PRIVATE/M4ROOT/CLIP/C0001M01.XML", NRT)
        .file("PRIVATE/M4ROOT/THMBNL/C0001T01.JPG", "jpg")
        .file("PRIVATE/M4ROOT/MEDIAPRO.XML", MEDIAPRO)
        .file("PLATES/NF_040/NF_040.0086400.dpx", dpx(16, 9))
        .file("PLATES/NF_040/NF_040.0086401.dpx", dpx(16, 9))
        .file("PLATES/NF_012/NF_012.0086400.exr", exr(16, 9))
        .file("PLATES/NF_012/NF_012.0086401.exr", exr(16, 9))
        .file("SOUND/S12AT03.WAV", wave(48_000, &take, 2_486_640_000))
        .file(".DS_Store", "x")
        .file("A003R1JL/._A003C001_261123_R1JL.mov", "x")
        .file("notes.docx", "x")
        .empty_folder("A003R1JL/ARRI")
}

fn codes(card: &CardRecognition) -> Vec<&str> {
    card.findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[test]
fn every_file_is_in_exactly_one_place() {
    let card = mixed_card();
    let found = recognise(&card);
    let mut seen = BTreeSet::new();
    for file in found.clips.iter().flat_map(|clip| &clip.files).chain(&found.unassigned) {
        assert!(seen.insert(file.path.clone()), "{} twice", file.path);
    }
    assert_eq!(seen.len(), card.entries().len());
    assert_eq!(found.file_count as usize, seen.len());
    assert_eq!(found.empty_folders, [rel("A003R1JL/ARRI")]);
}

#[test]
fn one_card_can_hold_several_families() {
    let found = recognise(&mixed_card());
    assert_eq!(found.findings, vec![], "a whole card has no structural finding");
    let families: BTreeSet<&str> = found.also_present.iter().map(String::as_str).chain([found.family.as_str()]).collect();
    assert_eq!(families, BTreeSet::from(["arri-classic", "sony-m4root", "sound-devices", "frame-sequence"]));
    assert_eq!(found.confidence, Confidence::SidecarField);
    assert!(found.evidence[0].confidence >= found.evidence[found.evidence.len() - 1].confidence);
    let names: Vec<(&str, ClipKind)> = found.clips.iter().map(|clip| (clip.name.as_str(), clip.kind)).collect();
    for wanted in [
        ("A003C001_261123_R1JL", ClipKind::Video),
        ("C0001", ClipKind::Video),
        ("NF_040", ClipKind::Sequence),
        ("NF_012", ClipKind::Sequence),
        ("S12AT03", ClipKind::Sound),
    ] {
        assert!(names.contains(&wanted), "{wanted:?} in {names:?}");
    }
    assert_eq!(names.len(), 5);
    let rolls: Vec<(&str, Option<&str>)> =
        found.rolls.iter().map(|roll| (roll.name.as_str(), roll.folder.as_ref().map(|folder| folder.as_str()))).collect();
    assert_eq!(rolls, [("A003R1JL", Some("A003R1JL")), ("26Y11M23", Some("SOUND"))], "the main family leads");
}

#[test]
fn arri_card_is_known_by_names_and_by_its_list() {
    let card = MemoryCard::new().labelled("A003R1JL").file("A003C001_261123_R1JL.mov", film()).file("A003R1JL_AVID.ale", ALE);
    let found = recognise(&card);
    assert_eq!((found.family.as_str(), found.confidence), ("arri-classic", Confidence::SidecarField));
    assert_eq!((found.reel.as_deref(), found.camera_index.as_deref()), (Some("A003R1JL"), Some("A")));
    assert_eq!(found.rolls[0].folder, None);
    assert!(found.evidence.iter().any(|evidence| evidence.what.contains("volume label")));
}

#[test]
fn unique_marks_win_over_dcim() {
    let card = MemoryCard::new().file("DCIM/100MSDCF/DSC00001.JPG", "jpg").file("PRIVATE/M4ROOT/CLIP/C0001.MP4", film());
    let found = recognise(&card);
    assert_eq!(found.family, "sony-m4root");
    assert_eq!(found.also_present, ["camera-files"]);
    assert_eq!(found.clips.len(), 2, "the still is not skipped");
}

#[test]
fn skeleton_folders_without_clips_never_lead() {
    let card = MemoryCard::new()
        .file("PRIVATE/XDROOT/Clip/C0001.MXF", mxf(true))
        .file("PRIVATE/M4ROOT/STATUS.BIN", "x")
        .file("PRIVATE/AVCHD/BDMV/INDEX.BDM", "x");
    assert_eq!(recognise(&card).family, "sony-xdroot");
}

#[test]
fn an_unknown_card_is_listed_whole() {
    let card = MemoryCard::new().file("stuff/a.bin", "1").file("stuff/b", "2");
    let found = recognise(&card);
    assert_eq!((found.family.as_str(), found.confidence, found.unassigned.len()), ("unknown", Confidence::Unknown, 2));
    let strange = MemoryCard::new().file("x/whatever 1.mov", film());
    let found = recognise(&strange);
    assert_eq!((found.family.as_str(), found.clips.len()), ("camera-files", 1));
}

#[test]
fn zero_files_is_an_error() {
    assert_eq!(codes(&recognise(&MemoryCard::new())), ["card.no_files"]);
}

#[test]
fn apple_double_files_are_no_clips() {
    let found = recognise(&MemoryCard::new().file("A003R1JL/._A003C001_261123_R1JL.mov", "x"));
    assert!(found.clips.is_empty() && found.unassigned[0].role == FileRole::Support);
}

#[test]
fn sidecars_of_one_name_join_their_clip() {
    let card = MemoryCard::new()
        .file("A001R1JL/A001C001_261123_R1JL.mov", film())
        .file("A001R1JL/A001C001_261123_R1JL.cdl", "x")
        .file("A001R1JL/A001C001_261123_R1JL.pdf", "x");
    let found = recognise(&card);
    let roles: Vec<FileRole> = found.clips[0].files.iter().map(|file| file.role).collect();
    assert_eq!(roles, [FileRole::Essence, FileRole::Look, FileRole::Report]);
}

#[test]
fn a_clip_the_camera_lists_but_the_card_lacks_is_an_error() {
    let card = MemoryCard::new().file("A003R1JL/A003C002_261123_R1JL.mov", film()).file("A003R1JL/A003R1JL_AVID.ale", ALE);
    let found = recognise(&card);
    assert_eq!(codes(&found), ["index.entry_missing", "index.unlisted"]);
    assert_eq!((found.findings[0].severity, found.findings[0].clip.as_deref()), (Severity::Error, Some("A003C001_261123_R1JL")));
    let sony = recognise(&MemoryCard::new().file("M4ROOT/MEDIAPRO.XML", MEDIAPRO).file("M4ROOT/CLIP/C0001M01.XML", NRT));
    assert_eq!(codes(&sony), ["index.entry_missing", "clip.essence_missing"]);
    assert!(sony.findings.iter().all(|finding| finding.clip.as_deref() == Some("C0001")));
}

#[test]
fn an_index_that_points_outside_the_card_is_refused() {
    let hostile = MEDIAPRO.replace("./CLIP/C0001.MP4", "../../../etc/passwd");
    let card = MemoryCard::new().file("M4ROOT/MEDIAPRO.XML", hostile).file("M4ROOT/CLIP/C0001.MP4", film());
    assert!(codes(&recognise(&card)).contains(&"index.unreadable"));
    let entities = "<!DOCTYPE a [<!ENTITY b \"c\">]><MediaProfile>&b;</MediaProfile>";
    let card = MemoryCard::new().file("M4ROOT/MEDIAPRO.XML", entities).file("M4ROOT/CLIP/C0001.MP4", film());
    assert!(codes(&recognise(&card)).contains(&"index.unreadable"));
}

#[test]
fn gaps_twins_and_short_frames_of_a_sequence_are_found() {
    let card = MemoryCard::new()
        .file("P/a.0001.dpx", dpx(16, 9))
        .file("P/a.0002.dpx", dpx(16, 9))
        .file("P/a.0005.dpx", dpx(16, 9))
        .file("P/a.00005.dpx", dpx(16, 9))
        .file("P/a.0006.dpx", &dpx(16, 9)[..2100]);
    let found = recognise(&card);
    let range = found.clips[0].sequence.clone().unwrap();
    assert_eq!((range.first, range.last, range.missing), (1, 6, vec![3, 4]));
    let codes: BTreeSet<&str> = codes(&found).into_iter().collect();
    assert_eq!(codes, BTreeSet::from(["sequence.gap", "sequence.duplicate", "sequence.size_differs", "structure.truncated"]));
}

/// Forty frames whose timecodes count on from 01:00:00:00, moved by what `moved` says of each place.
fn plate(moved: impl Fn(u32) -> u32) -> MemoryCard {
    let mut card = MemoryCard::new();
    for frame in 0..40u32 {
        let mut bytes = dpx(4, 4);
        let counted = moved(frame);
        let bcd = |number: u32| ((number / 10) << 4) | (number % 10);
        bytes[1920..1924].copy_from_slice(&(0x0100_0000 | (bcd(counted / 24) << 8) | bcd(counted % 24)).to_be_bytes());
        card = card.file(&format!("P/a.{frame:07}.dpx"), bytes);
    }
    card
}

#[test]
fn timecode_runs_as_the_numbers_do() {
    assert_eq!(codes(&recognise(&plate(|frame| frame))), Vec::<&str>::new());
    let swapped = plate(|frame| match frame {
        7 => 8,
        8 => 7,
        other => other,
    });
    assert_eq!(codes(&recognise(&swapped)), ["sequence.frame_misplaced"; 2]);
    // Labels that were dropped at a full minute move all that follow, and one timecode for all says nothing.
    assert_eq!(codes(&recognise(&plate(|frame| if frame < 35 { frame } else { frame + 2 }))), Vec::<&str>::new());
    assert_eq!(codes(&recognise(&plate(|frame| if frame < 39 { frame } else { frame + 2 }))), Vec::<&str>::new());
    assert_eq!(codes(&recognise(&plate(|_| 0))), Vec::<&str>::new());
}

#[test]
fn a_stray_frame_number_stays_bounded() {
    let card = MemoryCard::new().file("P/a.000000001.dpx", dpx(4, 4)).file("P/a.999999999.dpx", dpx(4, 4));
    let found = recognise(&card);
    assert!(found.clips[0].sequence.as_ref().unwrap().missing.len() <= 10_000);
    assert!(found.findings[0].message.contains("at least"));
}

#[test]
fn missing_segments_and_missing_tracks_are_errors() {
    let red = MemoryCard::new()
        .file("A106_0118G5.RDM/A106_C037_0118G5.RDC/A106_C037_0118G5_001.R3D", "x")
        .file("A106_0118G5.RDM/A106_C037_0118G5.RDC/A106_C037_0118G5_003.R3D", "x");
    let found = recognise(&red);
    assert_eq!((found.family.as_str(), found.clips.len(), found.clips[0].files.len()), ("red", 1, 2));
    assert!(codes(&found).contains(&"clip.segment_missing"));
    let half = |index| wave(4800, &ixml("1", "1", 0, (2, "F", index)), 0);
    let one = MemoryCard::new().file("S/a_1.wav", half("1"));
    assert!(codes(&recognise(&one)).contains(&"sound.set_incomplete"));
    let both = MemoryCard::new().file("S/a_1.wav", half("1")).file("S/a_2.wav", half("2"));
    assert_eq!(codes(&recognise(&both)), Vec::<&str>::new());
}

#[test]
fn a_truncated_clip_is_named_with_its_file() {
    let card = MemoryCard::new().file("A001R1JL/A001C001_261123_R1JL.mov", &film()[..5000]);
    let found = recognise(&card);
    assert_eq!(codes(&found), ["structure.truncated"]);
    assert_eq!(found.findings[0].path, Some(rel("A001R1JL/A001C001_261123_R1JL.mov")));
    assert_eq!(found.findings[0].clip.as_deref(), Some("A001C001_261123_R1JL"));
}

#[test]
fn the_recorder_that_marked_a_folder_owns_its_takes() {
    let plain = wave(4800, "", 0);
    let anonymous = String::from_utf8_lossy(&plain).contains("Sound Dev");
    assert!(anonymous, "the builder names a recorder");
    let mut unnamed = plain;
    let at = unnamed.windows(9).position(|nine| nine == b"Sound Dev").unwrap();
    unnamed[at..at + 9].fill(b'x');
    let card = MemoryCard::new().file("SOUND/SDINFO.TXT", "x").file("SOUND/S001T01.WAV", unnamed);
    let found = recognise(&card);
    assert_eq!((found.family.as_str(), found.also_present.len()), ("sound-devices", 0));
}
