//! Films that a real muxer wrote, whole and cut, where ffmpeg is there.

use crate::support::{FolderCard, codes, probe};
use checkgate_camera::{describe_all, recognise};
use std::path::Path;
use std::process::{Command, Stdio};

fn make(folder: &Path, name: &str, arguments: &str) -> Option<Vec<u8>> {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent()?).unwrap();
    let program = std::env::var("CHECKGATE_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned());
    let done = Command::new(program)
        .args("-hide_banner -loglevel error -nostdin -y -f lavfi -i testsrc2=size=192x108:rate=24:duration=1 -f lavfi -i sine=sample_rate=48000:duration=1".split(' '))
        .args(arguments.split_whitespace())
        .arg(&path)
        .stdin(Stdio::null())
        .status();
    if done.is_ok_and(|status| status.success()) {
        return Some(std::fs::read(&path).unwrap());
    }
    eprintln!("SKIPPED: ffmpeg is missing or cannot make {name}");
    None
}

#[test]
fn prores_with_reel_and_vendor_keys_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -c:a pcm_s24le -ac 2 -timecode 14:23:07:11 -metadata:s:v:0 reel_name=A003R1JL -write_tmcd 1 \
                     -movflags use_metadata_tags -metadata com.arri.camera.ColorGammaSxS=LOG-C4 -metadata com.arri.camera.CameraModel=SYNTHETIC -metadata com.arri.camera.WhiteBalanceKelvin=5600";
    let Some(_) = make(folder.path(), "A003R1JL/A003C001_261123_R1JL.mov", arguments) else { return };
    let card = FolderCard::list(folder.path());
    let found = recognise(&card);
    assert_eq!((found.family.as_str(), found.findings.len()), ("arri-classic", 0), "{:?}", found.findings);
    let record = &describe_all(&card, &found)[0];
    for (field, want) in [
        ("reel.name", "A003R1JL"),
        ("tc.start", "14:23:07:11"),
        ("tc.end", "14:23:08:11"),
        ("rate.project", "24"),
        ("duration.frames", "24"),
        ("image.width_height", "192x108"),
        ("codec.name", "Apple ProRes 4444"),
        ("audio.channels", "2"),
        ("audio.sample_rate", "48000"),
        ("audio.bit_depth", "24"),
        ("color.gamma", "ARRI LogC4"),
        ("color.primaries", "ARRI Wide Gamut 4"),
        ("camera.model", "SYNTHETIC"),
        ("wb.kelvin", "5600"),
    ] {
        assert_eq!(record.text(field), want, "{field}: {:?}", record.fields.get(field));
    }
}

#[test]
fn drop_frame_timecode_survives() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_) = make(folder.path(), "x.mov", "-r 30000/1001 -c:v prores_ks -timecode 00:00:59;29 -write_tmcd 1") else {
        return;
    };
    let card = FolderCard::list(folder.path());
    let found = recognise(&card);
    let record = &describe_all(&card, &found)[0];
    assert_eq!((record.text("tc.start"), record.text("tc.drop_frame")), ("00:00:59;29".to_owned(), "yes".to_owned()));
}

#[test]
fn films_cut_anywhere_are_caught() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("end.mov", "-c:v prores_ks -c:a pcm_s24le"),
        ("fast.mov", "-c:v prores_ks -c:a pcm_s24le -movflags +faststart"),
        ("fast.mp4", "-c:v mpeg4 -c:a aac -movflags +faststart"),
        ("op1a.mxf", "-c:v mpeg2video -c:a pcm_s16le -f mxf"),
        ("sound.wav", "-vn -c:a pcm_s24le -write_bext 1"),
        ("rf64.wav", "-vn -c:a pcm_s24le -rf64 always"),
    ] {
        let Some(bytes) = make(folder.path(), name, arguments) else { continue };
        let whole = probe(&bytes, name);
        assert_eq!((whole.complete, codes(&whole)), (Some(true), vec![]), "{name}");
        for part in 1..20 {
            let cut = probe(&bytes[..bytes.len() * part / 20], name);
            assert_eq!(cut.complete, Some(false), "{name} at {part}/20");
        }
        assert_eq!(probe(&bytes[..bytes.len() - 1], name).complete, Some(false), "{name} less one byte");
    }
}

#[test]
fn a_frame_of_exr_and_dpx_is_whole_until_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.1001.exr", "a.1001.dpx"] {
        let Some(bytes) = make(folder.path(), name, "-frames:v 1 -update 1") else { continue };
        assert_eq!(probe(&bytes, name).complete, Some(true), "{name}");
        assert_eq!(probe(&bytes[..bytes.len() - 1], name).complete, Some(false), "{name}");
        assert_eq!(probe(&bytes[..bytes.len() / 2], name).complete, Some(false), "{name}");
    }
}
