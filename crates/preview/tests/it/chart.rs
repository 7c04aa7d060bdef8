use crate::make;
use checkgate_color::{ColorEngine, Engine, Recipe, apply_parallel};
use checkgate_preview::{FramePick, InputChoice, Media, OutputView, Picture, PreviewError, StillRequest, media_info, still};

/// Where pictures are left to be looked at.
pub(crate) fn keep(name: &str, picture: &Picture) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, picture.to_png16().unwrap()).unwrap();
}

/// Mean of the middle of each chart patch and ramp step, in a picture of the scene.
fn patches(rgb: &[[f32; 3]], width: usize, height: usize) -> Vec<[f32; 3]> {
    let mut centres = Vec::new();
    for row in 0..4 {
        for column in 0..6 {
            centres.push((0.06 + 0.36 * (column as f32 + 0.5) / 6.0, 0.30 + 0.46 * (row as f32 + 0.5) / 4.0));
        }
    }
    for step in 0..15 {
        centres.push((0.06 + 0.88 * (step as f32 + 0.5) / 15.0, 0.92));
    }
    centres
        .into_iter()
        .map(|(x, y)| {
            let (cx, cy) = ((x * width as f32) as usize, (y * height as f32) as usize);
            let mut sum = [0.0_f64; 3];
            for line in cy - 3..cy + 4 {
                for column in cx - 3..cx + 4 {
                    for (total, value) in sum.iter_mut().zip(rgb[line * width + column]) {
                        *total += f64::from(value);
                    }
                }
            }
            sum.map(|total| (total / 49.0) as f32)
        })
        .collect()
}

#[test]
fn log_footage_becomes_the_reference_picture() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    for (space, profile, limit) in [
        ("ARRI LogC4", "4444", 6.0),
        ("S-Log3 S-Gamut3.Cine", "4444", 6.0),
        ("ARRI LogC4", "hq", 9.0),
        ("ARRI LogC3 (EI800)", "hq", 9.0),
    ] {
        let path = make::clip(&ffmpeg, &folder.path().join(format!("{profile}.mov")), space, profile, 2);
        let request = StillRequest {
            frame: FramePick::First,
            max_width: None,
            ..StillRequest::new(Media::File(path), InputChoice::explicit(space))
        };
        let picture = still(Some(&ffmpeg), engine, &request).unwrap();
        assert_eq!((picture.width, picture.height), (1280, 720));
        assert!(
            picture.provenance.colour_managed && picture.provenance.read_as.contains("limited range (tag), BT.709 matrix (tag)"),
            "{:?}",
            picture.provenance
        );
        // The reference: the codes that were encoded, through the exact engine.
        let mut want = make::encoded(&make::scene(1280, 720, 0.0), space);
        apply_parallel(engine.processor(&Recipe::to_view(space, &OutputView::rec709_sdr())).unwrap().as_ref(), &mut want);
        // The same codes as the ten bits of the recording hold them: what is left then is the codec alone.
        let mut held = make::quantised(&make::encoded(&make::scene(1280, 720, 0.0), space), 1280, 720);
        apply_parallel(engine.processor(&Recipe::to_view(space, &OutputView::rec709_sdr())).unwrap().as_ref(), &mut held);
        let (got, want, held) = (patches(&picture.rgb, 1280, 720), patches(&want, 1280, 720), patches(&held, 1280, 720));
        let codec = got.as_flattened().iter().zip(held.as_flattened()).map(|(a, b)| (a - b).abs() * 1023.0).fold(0.0, f32::max);
        let errors: Vec<f32> = got.as_flattened().iter().zip(want.as_flattened()).map(|(a, b)| (a - b).abs() * 1023.0).collect();
        let (mean, max) = (errors.iter().sum::<f32>() / errors.len() as f32, errors.iter().copied().fold(0.0, f32::max));
        eprintln!(
            "{space}, ProRes {profile}: 39 patches against the exact transform: mean {mean:.2}, max {max:.2} codes of 1023, of which the codec {codec:.2}"
        );
        assert!(mean < 2.0 && max < limit && codec < 3.0, "{space} {profile}: mean {mean} max {max} codec {codec}");
        keep(&format!("still-{}-{profile}.png", space.replace([' ', '.', '(', ')'], "-")), &picture);
    }
}

#[test]
fn a_thumbnail_is_scaled_before_colour_and_says_so() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 3);
    let request =
        StillRequest { max_width: Some(320), ..StillRequest::new(Media::File(path), InputChoice::explicit("ARRI LogC4")) };
    let picture = still(Some(&ffmpeg), Engine::shared().unwrap(), &request).unwrap();
    assert_eq!((picture.width, picture.height, picture.provenance.frame), (320, 180, 1));
    assert_eq!(picture.provenance.scaled, "1280x720 to 320x180 on code values as recorded, before colour");
    assert_eq!(picture.provenance.line(), "ARRI LogC4 -> ACES 2.0 - SDR 100 nits (Rec.709), Rec.1886 Rec.709");
    assert!(picture.provenance.engine.contains("studio-config-v5.0.0"));
    let jpeg = picture.to_jpeg(90).unwrap();
    assert_eq!(&jpeg[..3], [0xff, 0xd8, 0xff]);
    assert_eq!(&picture.to_png16().unwrap()[..4], b"\x89PNG");
}

#[test]
fn every_frame_is_the_frame_that_was_asked_for() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let level = |frame: usize| 0.1 + 0.03 * frame as f32;
    let frames: Vec<Vec<u8>> = (0..24).map(|frame| make::yuv444p10(&vec![[level(frame); 3]; 128 * 72])).collect();
    for (name, options) in [
        ("intra.mov", vec!["-c:v", "prores_ks", "-profile:v", "hq", "-pix_fmt", "yuv422p10le"]),
        ("intra.mxf", vec!["-c:v", "dnxhd", "-profile:v", "dnxhr_hqx", "-pix_fmt", "yuv422p10le"]),
        ("long.mkv", vec!["-c:v", "mpeg4", "-g", "12", "-bf", "2", "-q:v", "1", "-pix_fmt", "yuv420p"]),
    ] {
        let size = if name.ends_with("mxf") { (256, 120) } else { (128, 72) };
        let frames = if name.ends_with("mxf") {
            (0..24).map(|frame| make::yuv444p10(&vec![[level(frame); 3]; 256 * 120])).collect()
        } else {
            frames.clone()
        };
        let path = make::encode(&ffmpeg, &folder.path().join(name), size, "yuv444p10le", &frames, &options);
        for (pick, index) in [
            (FramePick::First, 0),
            (FramePick::Index(7), 7),
            (FramePick::Middle, 12),
            (FramePick::Index(22), 22),
            (FramePick::Last, 23),
        ] {
            let input = InputChoice::Unknown { reason: "test".into() };
            let request = StillRequest { frame: pick, max_width: None, ..StillRequest::new(Media::File(path.clone()), input) };
            let picture = still(Some(&ffmpeg), engine, &request).unwrap();
            assert_eq!(picture.provenance.frame, index as u64, "{name}");
            let value = picture.rgb[10 * picture.width + 10][1];
            assert!((value - level(index)).abs() < 0.012, "{name} {pick:?}: {value}, not {}", level(index));
        }
        let request = StillRequest {
            frame: FramePick::Index(24),
            ..StillRequest::new(Media::File(path), InputChoice::explicit("ARRI LogC4"))
        };
        assert!(
            matches!(still(Some(&ffmpeg), engine, &request), Err(PreviewError::NoSuchFrame { frame: 24, frames: 24, .. })),
            "{name}"
        );
    }
}

#[test]
fn an_unknown_input_is_labelled_and_never_dressed_as_aces() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 1);
    let engine = Engine::shared().unwrap();
    let input = checkgate_color::input_space(Some("S-Log3"), None);
    let picture = still(Some(&ffmpeg), engine, &StillRequest::new(Media::File(path.clone()), input)).unwrap();
    assert!(!picture.provenance.colour_managed);
    assert_eq!(picture.provenance.line(), "not colour managed");
    assert!(picture.provenance.input_reason.contains("does not say which"));
    keep("still-unmanaged.png", &picture);
    // The label is on the picture itself: light text on a dark bar at the lower left.
    let bar = &picture.rgb[(picture.height - 28) * picture.width..][..200];
    assert!(bar.iter().any(|pixel| pixel[0] > 0.8) && bar.iter().any(|pixel| pixel[0] < 0.2));
    // A misspelt space is an error.
    let wrong = StillRequest::new(Media::File(path.clone()), InputChoice::explicit("LogC5"));
    assert!(matches!(still(Some(&ffmpeg), engine, &wrong), Err(PreviewError::Color { .. })));
    // Video that is finished already is not rendered a second time.
    let video = StillRequest {
        frame: FramePick::First,
        ..StillRequest::new(Media::File(path), checkgate_color::input_space(Some("Rec.709"), None))
    };
    let finished = still(Some(&ffmpeg), engine, &video).unwrap();
    assert!(finished.provenance.colour_managed);
    let middle = 500 * finished.width + 700;
    assert!((finished.rgb[middle][1] - picture.rgb[middle][1]).abs() < 0.01);
}

#[test]
fn media_info_tells_what_previews_need() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a b:c.mov"), "ARRI LogC4", "4444", 5);
    let info = media_info(&ffmpeg, &path).unwrap();
    let video = info.video.unwrap();
    assert_eq!((video.codec.as_str(), video.width, video.height, video.frames), ("prores", 1280, 720, Some(5)));
    assert_eq!(video.frame_rate.map(|rate| (rate.num, rate.den)), Some((24, 1)));
    assert_eq!(
        (info.timecode.as_deref(), info.reel_name.as_deref(), info.audio.len()),
        (Some("14:22:10:05"), Some("A003R1JL"), 1)
    );
}
