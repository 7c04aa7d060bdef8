//! Real files of real cameras and recorders: whole ones raise no alarm, broken ones do, values are checked by hand.

use crate::support::{FolderCard, codes, probe, samples};
use checkgate_camera::{Container, describe_all, recognise};
use checkgate_model::ClipRecord;

#[test]
fn whole_real_files_raise_no_alarm() {
    let Some(root) = samples() else { return };
    for (path, container) in [
        ("format-corpus/apple-prores-422-hq.mov", Container::IsoBmff),
        ("format-corpus/xdcam-hd422-720p50.mov", Container::IsoBmff),
        ("format-corpus/dvcpro-pal-interlaced.mov", Container::IsoBmff),
        ("gpmf-parser/karma.mp4", Container::IsoBmff),
        ("nom-exif/meta.mov", Container::IsoBmff),
        ("nom-exif/meta.mp4", Container::IsoBmff),
        ("metadata-extractor/with-gps.mp4", Container::IsoBmff),
        ("metadata-extractor/MVI_4823.AVI", Container::Riff),
        ("bmx/d10_sample.mxf", Container::Mxf),
        ("regxmllib/audio1.mxf", Container::Mxf),
        ("regxmllib/video1.mxf", Container::Mxf),
        ("wavinfo/sounddevices/A101_2.WAV", Container::Riff),
        ("wavinfo/cue_chunks/STE-000.wav", Container::Riff),
        ("libbw64/rect_24bit_bext.wav", Container::Riff),
        ("libbw64/rect_24bit_rf64.wav", Container::Riff),
        ("pycine/chart1.cine", Container::Cine),
        ("oiio-images/dpx_nuke_10bits_rgb.dpx", Container::Dpx),
        ("oiio-images/dpx_nuke_16bits_rgba.dpx", Container::Dpx),
        ("openexr-images/Flowers.exr", Container::Exr),
        ("openexr-images/Chromaticities_Rec709.exr", Container::Exr),
    ] {
        let Ok(bytes) = std::fs::read(root.join(path)) else { panic!("{path} belongs to the samples") };
        let report = probe(&bytes, path);
        assert_eq!((report.container, codes(&report)), (container, vec![]), "{path}");
        assert_ne!(report.complete, Some(false), "{path}");
        let cut = probe(&bytes[..bytes.len() * 6 / 10], path);
        assert_eq!(cut.complete, Some(false), "{path} cut at 60 %");
    }
}

#[test]
fn a_header_only_film_is_caught() {
    let Some(root) = samples() else { return };
    for (path, code) in [
        ("exiftool/QuickTime.mov", "structure.unfinalised"),
        ("exiftool/RIFF.wav", "structure.no_frames"),
        ("exiftool/DPX.dpx", "structure.truncated"),
    ] {
        let bytes = std::fs::read(root.join(path)).unwrap();
        assert_eq!(codes(&probe(&bytes, path)), [code], "{path}");
    }
}

fn records(folder: &std::path::Path) -> (checkgate_model::CardRecognition, Vec<ClipRecord>) {
    let card = FolderCard::list(folder);
    let found = recognise(&card);
    let records = describe_all(&card, &found);
    (found, records)
}

#[test]
fn sound_devices_take_reads_as_the_recorder_says() {
    let Some(root) = samples() else { return };
    let (found, records) = records(&root.join("wavinfo/sounddevices"));
    assert_eq!(found.family, "sound-devices");
    assert_eq!(found.rolls[0].name, "18Y12M31");
    let take = records.iter().find(|record| record.clip == "A101_2").unwrap();
    for (field, want) in [
        ("slate.scene", "A101"),
        ("slate.take", "2"),
        ("sound.roll", "18Y12M31"),
        ("sound.timeref", "2191180996"),
        ("audio.channels", "2"),
        ("audio.bit_depth", "24"),
        ("audio.sample_rate", "48000"),
        ("tc.rate", "24000/1001"),
        ("time.recorded_at", "2018-12-31T12:40:00"),
        // As the recorder maker's own sound report beside these takes lists it.
        ("tc.start", "12:40:04:00"),
        ("sound.tracks", "MKH516 A, Boom"),
    ] {
        assert_eq!(take.text(field), want, "{field}");
    }
}

#[test]
fn a_zoom_take_of_nine_files_is_one_complete_clip() {
    let Some(root) = samples() else { return };
    let (found, records) = records(&root.join("wavinfo/zoom_F8"));
    assert_eq!((found.family.as_str(), found.clips.len(), found.clips[0].files.len()), ("zoom", 1, 9));
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    // 3917280000 samples at 48 kHz are 81610 s: 22:40:10:00 at 25 fps.
    assert_eq!((records[0].text("tc.start").as_str(), records[0].text("slate.scene").as_str()), ("22:40:10:00", "Scene_1_2AG"));
}

#[test]
fn a_phantom_and_a_gopro_are_known() {
    let Some(root) = samples() else { return };
    let (found, described) = records(&root.join("pycine"));
    assert_eq!(found.family, "phantom");
    assert_eq!(
        (described[0].text("image.width_height").as_str(), described[0].text("duration.frames").as_str()),
        ("2048x1080", "1")
    );
    let (found, described) = records(&root.join("gpmf-parser"));
    assert_eq!(found.clips.len(), 1);
    assert_eq!(described[0].text("image.width_height"), "854x480", "{:?}", described[0].fields.get("image.width_height"));
}

#[test]
fn prores_of_an_editor_is_described_without_a_camera() {
    let Some(root) = samples() else { return };
    let (_, described) = records(&root.join("format-corpus"));
    let record = described.iter().find(|record| record.clip == "apple-prores-422-hq").unwrap();
    assert_eq!(record.text("codec.name"), "Apple ProRes 422 HQ");
    assert!(!record.fields.contains_key("tc.start") && !record.fields.contains_key("camera.model"));
}

#[test]
fn damaged_and_hostile_samples_end_in_time() {
    let Some(root) = samples() else { return };
    let started = std::time::Instant::now();
    let (found, described) = records(&root);
    eprintln!(
        "{} files, {} clips in {:?}, {} bytes read",
        found.file_count,
        found.clips.len(),
        started.elapsed(),
        found.bytes_read
    );
    assert_eq!(found.clips.len(), described.len());
    assert!(started.elapsed().as_secs() < 60);
}
