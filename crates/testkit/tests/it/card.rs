//! What is forged is real media with the timecode, reel and chunks it claims.

use checkgate_testkit::{CardSize, Damage, Family, ForgeError, ForgeOptions, Forged, forge_card};
use std::path::Path;
use std::process::Command;

fn small(family: Family) -> ForgeOptions {
    ForgeOptions { family, seed: 7, size: CardSize::Small, ..ForgeOptions::default() }
}

fn forged(root: &Path, options: &ForgeOptions) -> Forged {
    forge_card(root, options).unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)))
}

fn probe(path: &Path) -> serde_json::Value {
    let output = Command::new(std::env::var("CHECKGATE_FFPROBE").unwrap_or_else(|_| "ffprobe".to_owned()))
        .args(["-v", "error", "-count_frames", "-show_format", "-show_streams", "-of", "json"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn stream<'a>(probed: &'a serde_json::Value, kind: &str) -> &'a serde_json::Value {
    probed["streams"].as_array().unwrap().iter().find(|stream| stream["codec_type"] == kind).unwrap()
}

#[test]
fn every_clip_of_the_demo_card_is_what_it_claims() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("card");
    let expected_path = folder.path().join("expected.json");
    let forged = forged(&root, &ForgeOptions { expected_path: Some(expected_path.clone()), ..small(Family::Demo) });
    assert_eq!(forged.reel, "A003R1JL");
    assert!(forged.expected.size_bytes < 8_000_000, "{} bytes", forged.expected.size_bytes);
    let read: checkgate_testkit::Expectation = serde_json::from_slice(&std::fs::read(expected_path).unwrap()).unwrap();
    assert_eq!(read, forged.expected);
    for clip in &forged.expected.clips {
        for file in &clip.files {
            assert!(root.join(file).is_file(), "{file}");
        }
        if clip.kind != "video" {
            continue;
        }
        let probed = probe(&root.join(&clip.files[0]));
        let video = stream(&probed, "video");
        let text = probed.to_string();
        assert!(text.contains(&format!("\"{}\"", clip.start)), "{} starts at {}: {text}", clip.name, clip.start);
        assert_eq!(video["nb_read_frames"], clip.duration.to_string(), "{}", clip.name);
        assert_eq!(video["r_frame_rate"], format!("{}/{}", clip.rate.0, clip.rate.1));
        assert_eq!((&video["color_space"], &video["color_range"]), (&"bt709".into(), &"tv".into()), "{}", clip.name);
        assert!(text.contains("Synthetic: forged by Checkgate"), "{} says that it is synthetic", clip.name);
        if let Some(reel) = &clip.reel {
            assert!(text.contains(&format!("\"reel_name\":\"{reel}\"")), "{}: {text}", clip.name);
            assert_eq!(probed["format"]["tags"]["com.arri.camera.ColorGammaSxS"], "LOG-C4");
        }
    }
    for folder in &forged.expected.empty_folders {
        assert_eq!(std::fs::read_dir(root.join(folder)).unwrap().count(), 0, "{folder}");
    }
    let ale = std::fs::read_to_string(root.join("A003R1JL/A003R1JL_AVID.ale")).unwrap();
    assert_eq!(ale.lines().skip_while(|line| *line != "Data").skip(1).count(), 3);
    assert!(ale.contains("A003C001_261123_R1JL\tVA1A2\t14:23:07:11\t14:23:07:23\t00:00:00:12"));
}

#[test]
fn codecs_are_the_ones_named_in_the_ale() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("card");
    let forged = forged(&root, &small(Family::ArriClassic));
    let profiles: Vec<(String, String)> = forged
        .expected
        .clips
        .iter()
        .map(|clip| {
            let probed = probe(&root.join(&clip.files[0]));
            let video = stream(&probed, "video");
            (video["profile"].as_str().unwrap().to_owned(), video["pix_fmt"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [("HQ", "yuv422p10le"), ("4444", "yuv444p12le"), ("HQ", "yuv422p10le")];
    for ((profile, layout), (want_profile, want_layout)) in profiles.iter().zip(expected) {
        assert!(profile.contains(want_profile), "{profile}");
        // Old decoders give 4444 as ten bit.
        assert!(layout == want_layout || layout == "yuv444p10le", "{layout}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, seed: u64| {
        let root = folder.path().join(name);
        forged(&root, &ForgeOptions { seed, ..small(Family::Plates) });
        std::fs::read(root.join("PLATES/NF_040_0010/NF_040_0010.1339200.dpx")).unwrap()
    };
    let (first, again, other) = (read("a", 1), read("b", 1), read("c", 2));
    assert!(first == again && first != other);
}

#[test]
fn plates_decode_and_carry_what_their_format_can_say() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("card");
    let forged = forged(&root, &small(Family::Plates));
    for clip in &forged.expected.clips {
        assert_eq!(clip.files.len(), 12);
        let video = &probe(&root.join(&clip.files[0]))["streams"][0];
        assert_eq!((&video["width"], &video["height"]), (&160.into(), &90.into()), "{}", clip.name);
    }
    let path = root.join(&forged.expected.clips[1].files[0]);
    let metadata = exr_header(&path);
    assert!(metadata.contains("chromaticities") && metadata.contains("Synthetic"));
}

/// Attribute names and texts stand readable in an EXR header.
fn exr_header(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes[..4], [0x76, 0x2F, 0x31, 0x01]);
    String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).into_owned()
}

#[test]
fn sound_carries_bext_and_ixml_that_agree() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("card");
    let forged = forged(&root, &small(Family::Sound));
    let clip = &forged.expected.clips[0];
    let bytes = std::fs::read(root.join(&clip.files[0])).unwrap();
    let chunks = riff_chunks(&bytes);
    assert_eq!(chunks.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["bext", "iXML", "fmt ", "data"]);
    let time_reference = u64::from_le_bytes(chunks[0].1[338..346].try_into().unwrap());
    assert_eq!(time_reference, (14 * 3600 + 23 * 60 + 5) * 48_000);
    let ixml = std::str::from_utf8(chunks[1].1).unwrap();
    for part in [
        "<SCENE>12A</SCENE>",
        "<TAKE>3</TAKE>",
        "<TRACK_COUNT>4</TRACK_COUNT>",
        "<TOTAL_FILES>1</TOTAL_FILES>",
        &format!("_LO>{time_reference}<"),
    ] {
        assert!(ixml.contains(part), "{part}");
    }
    let probed = probe(&root.join(&clip.files[0]));
    let audio = stream(&probed, "audio");
    assert_eq!(
        (&audio["codec_name"], &audio["channels"], &audio["sample_rate"]),
        (&"pcm_s24le".into(), &4.into(), &"48000".into())
    );
    assert_eq!(probed["format"]["tags"]["time_reference"], time_reference.to_string());
}

/// Every chunk of a RIFF file, which must tile it exactly.
fn riff_chunks(bytes: &[u8]) -> Vec<(String, &[u8])> {
    assert_eq!(&bytes[..4], b"RIFF");
    assert_eq!(u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize, bytes.len() - 8);
    let (mut at, mut chunks) = (12, Vec::new());
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        chunks.push((String::from_utf8_lossy(&bytes[at..at + 4]).into_owned(), &bytes[at + 8..at + 8 + length]));
        at += 8 + length + length % 2;
    }
    assert_eq!(at, bytes.len());
    chunks
}

#[test]
fn a_truncated_clip_still_looks_whole_to_a_player() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("card");
    let forged = forged(&root, &ForgeOptions { damage: Some(Damage::TruncatedFastStart), ..small(Family::ArriClassic) });
    assert_eq!(forged.expected.findings, ["structure.truncated"]);
    let bytes = std::fs::read(root.join(&forged.expected.damaged[0])).unwrap();
    let find = |id: &[u8]| bytes.windows(4).position(|window| window == id);
    assert!(find(b"moov").unwrap() < find(b"mdat").unwrap(), "the index stands in front");
    let output = Command::new("ffprobe")
        .args(["-v", "quiet", "-show_format"])
        .arg(root.join(&forged.expected.damaged[0]))
        .output()
        .unwrap();
    assert!(output.status.success(), "this is the trap: a probe is content with it");
}

#[test]
fn every_damage_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    for damage in Damage::ALL {
        let family = Family::all().into_iter().rev().find(|family| damage.applies_to(*family)).unwrap();
        let root = folder.path().join(damage.name());
        let expected = forged(&root, &ForgeOptions { damage: Some(damage), ..small(family) }).expected;
        assert!(!expected.damaged.is_empty(), "{damage:?}");
        for path in expected.damaged.iter().filter(|_| damage != Damage::CaseFolded) {
            let taken_away = matches!(damage, Damage::SequenceGap | Damage::CrossCardSpan);
            let gone = damage.name().starts_with("missing") || taken_away;
            assert_eq!(root.join(path).exists(), !gone, "{path}");
        }
        assert_eq!(damage.name().parse::<Damage>().unwrap(), damage);
    }
    let refused =
        forge_card(&folder.path().join("no"), &ForgeOptions { damage: Some(Damage::SequenceGap), ..small(Family::Sound) });
    assert!(matches!(refused, Err(ForgeError::DamageDoesNotApply { .. })));
}

#[test]
fn never_forges_over_anything() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keep.txt"), "mine").unwrap();
    assert!(matches!(forge_card(folder.path(), &small(Family::Sound)), Err(ForgeError::NotEmpty(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
