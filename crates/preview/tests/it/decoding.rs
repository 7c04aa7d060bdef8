use crate::make;
use checkgate_color::Engine;
use checkgate_preview::{
    Ffmpeg, FramePick, InputChoice, Limits, Media, Picture, PreviewError, Seek, StillRequest, media_info, still,
};
use std::path::{Path, PathBuf};

fn unknown() -> InputChoice {
    InputChoice::Unknown { reason: "the metadata names no transfer curve".to_owned() }
}

fn look(ffmpeg: Option<&Ffmpeg>, request: &StillRequest) -> Result<Picture, PreviewError> {
    still(ffmpeg, Engine::shared().unwrap(), request)
}

/// 48 frames whose grey is 5 times their number, in groups of 12.
fn long_gop(ffmpeg: &Ffmpeg, folder: &Path) -> Option<PathBuf> {
    let frames: Vec<Vec<u8>> = (0..48_u8).map(|number| [vec![number * 5; 160 * 96], vec![128; 2 * 80 * 48]].concat()).collect();
    let said = std::process::Command::new(ffmpeg.path()).args(["-hide_banner", "-encoders"]).output().unwrap();
    if !String::from_utf8_lossy(&said.stdout).contains("libx264 ") {
        eprintln!("SKIPPED: this ffmpeg has no H.264 encoder");
        return None;
    }
    let out = folder.join("long.mp4");
    let options =
        ["-c:v", "libx264", "-g", "12", "-keyint_min", "12", "-sc_threshold", "0", "-bf", "2", "-qp", "4", "-pix_fmt", "yuv420p"];
    Some(make::encode(ffmpeg, &out, (160, 96), "yuv420p", &frames, &options))
}

/// The number of a frame of `long_gop`, from its grey.
fn number(picture: &Picture) -> u64 {
    let code = picture.rgb[10][0] * 219.0 + 16.0;
    (code / 5.0).round() as u64
}

#[test]
fn first_middle_last_and_any_frame_are_the_ones_asked_for() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = long_gop(&ffmpeg, folder.path()) else { return };
    let of = |frame: FramePick, seek: Seek| {
        let request = StillRequest { frame, seek, max_width: None, ..StillRequest::new(Media::File(path.clone()), unknown()) };
        let picture = look(Some(&ffmpeg), &request).unwrap();
        assert_eq!(number(&picture), picture.provenance.frame, "{frame:?} {seek:?}");
        (picture.provenance.frame, picture.provenance.read_as)
    };
    for (frame, index) in [(FramePick::First, 0), (FramePick::Middle, 24), (FramePick::Last, 47)]
        .into_iter()
        .chain((1..48).step_by(7).map(|index| (FramePick::Index(index), index)))
    {
        assert_eq!(of(frame, Seek::Exact).0, index);
        // A thumbnail is the keyframe before, and says so.
        let (near, words) = of(frame, Seek::Keyframe);
        assert_eq!(near, index / 12 * 12, "{frame:?}");
        assert_eq!(words.contains("keyframe"), index > 0, "{words}");
    }
    // Where every frame stands for itself, the one asked for comes.
    let intra = make::clip(&ffmpeg, &folder.path().join("intra.mov"), "ARRI LogC4", "proxy", 5);
    let request =
        StillRequest { frame: FramePick::Last, seek: Seek::Keyframe, ..StillRequest::new(Media::File(intra), unknown()) };
    assert_eq!(look(Some(&ffmpeg), &request).unwrap().provenance.frame, 4);
}

#[test]
fn prores_raw_is_recognised_and_said() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|four| four == b"apch").unwrap();
    bytes[at..at + 4].copy_from_slice(b"aprn");
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(media_info(&ffmpeg, &path).unwrap().video.unwrap().codec_tag, "aprn");
    let error = look(Some(&ffmpeg), &StillRequest::new(Media::File(path), unknown())).unwrap_err();
    assert!(matches!(&error, PreviewError::Unsupported { what, .. } if what.contains("ProRes RAW (aprn")), "{error}");
    eprintln!("{error}");
}

#[test]
fn ffmpeg_says_its_version_and_licence() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    assert!(ffmpeg.licence().contains("GPL") || ffmpeg.licence().contains("nonfree"), "{}", ffmpeg.licence());
    eprintln!("{} ({:?}), {}", ffmpeg.version(), ffmpeg.major(), ffmpeg.licence());
}

#[cfg(target_os = "linux")]
#[test]
fn a_decoder_that_takes_too_much_memory_is_stopped() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 1);
    let request = StillRequest::new(Media::File(path), InputChoice::explicit("ARRI LogC4"));
    let small = ffmpeg.clone().with_limits(Limits { memory_bytes: 4 << 20, ..Limits::default() });
    assert!(look(Some(&small), &request).is_err());
    assert!(look(Some(&ffmpeg), &request).is_ok());
}

/// A JPEG as a camera would embed it.
fn jpeg(width: usize, height: usize) -> Vec<u8> {
    let rgb = (0..width * height).map(|at| [(at % width) as f32 / width as f32, 0.5, 0.25]).collect();
    Picture { width, height, rgb, provenance: checkgate_preview::Provenance::default() }.to_jpeg(90).unwrap()
}

#[test]
fn raw_formats_are_named_and_show_the_cameras_own_picture_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let box_of = |kind: &[u8; 8]| [&24_u32.to_be_bytes()[..], kind, &[0; 12]].concat();
    for (name, head, word) in [
        ("A001_C001_0101AA_001.R3D", b"\0\0\x10\0RED2".to_vec(), "REDCODE"),
        ("A001_01010101_C001.braw", box_of(b"ftypqt  "), "Blackmagic RAW"),
        ("A_0001C001.CRM", box_of(b"ftypcrx "), "Cinema RAW Light"),
        ("DSC_0001.NEV", box_of(b"ftypniko"), "N-RAW"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, [&head[..], &[7; 5000]].concat()).unwrap();
        let request = StillRequest::new(Media::File(path.clone()), InputChoice::explicit("ARRI LogC4"));
        let error = look(None, &request).unwrap_err();
        assert!(matches!(&error, PreviewError::Unsupported { what, .. } if what.contains(word)), "{error}");

        // Two embedded pictures, one inside the other's neighbourhood, and noise that looks like the start of one.
        let embedded =
            [&head[..], &[0xff, 0xd8, 0xff, 0xe1, 0, 9], &jpeg(160, 90), &[1; 900], &jpeg(320, 180), &[2; 900]].concat();
        std::fs::write(&path, embedded).unwrap();
        let picture = look(None, &StillRequest { max_width: None, ..request.clone() }).unwrap();
        assert_eq!((picture.width, picture.height), (320, 180), "{name}");
        let provenance = &picture.provenance;
        assert!(provenance.camera_proxy && !provenance.colour_managed && provenance.input_space.is_none());
        assert!(
            provenance.read_as.contains("not decoded from the original") && provenance.read_as.contains(word),
            "{provenance:?}"
        );
        assert!(provenance.line().contains("proxy"));

        // A file that the camera recorded beside it comes first; a certain frame of the original is not to be had from it.
        let beside = folder.path().join("thumb.jpg");
        std::fs::write(&beside, jpeg(200, 100)).unwrap();
        let with = StillRequest { camera_proxies: vec![folder.path().join("gone.mp4"), beside], max_width: None, ..request };
        let picture = look(None, &with).unwrap();
        assert_eq!((picture.width, picture.provenance.camera_proxy), (200, true));
        assert!(picture.provenance.read_as.contains("thumb.jpg"));
        assert!(look(None, &StillRequest { frame: FramePick::Index(3), ..with }).is_err());
    }
}

#[test]
fn stills_are_read_and_their_colour_is_only_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let rgb: Vec<[f32; 3]> = (0..64 * 32).map(|at| [(at % 64) as f32 / 63.0, (at / 64) as f32 / 31.0, 0.5]).collect();
    let picture = Picture { width: 64, height: 32, rgb: rgb.clone(), provenance: checkgate_preview::Provenance::default() };
    let codes: Vec<u16> = rgb.as_flattened().iter().map(|value| (value * 65535.0).round() as u16).collect();
    let image = image::ImageBuffer::<image::Rgb<u16>, _>::from_raw(64, 32, codes).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let tiff = folder.path().join("a.tif");
    image::DynamicImage::from(image).save(&tiff).unwrap();
    for (path, managed, by) in [
        (write("a.png", &picture.to_png16().unwrap()), true, 1e-3),
        (write("a.jpg", &picture.to_jpeg(98).unwrap()), true, 0.03),
        (tiff, false, 1e-4),
    ] {
        let request = StillRequest { max_width: None, ..StillRequest::new(Media::File(path.clone()), unknown()) };
        let got = look(None, &request).unwrap();
        assert_eq!(got.provenance.colour_managed, managed, "{:?}", got.provenance);
        // sRGB code values of a display come out as those of Rec.1886: another curve, the same primaries.
        let top = got.rgb[63];
        assert!(managed || top.iter().zip(rgb[63]).all(|(a, b)| (a - b).abs() < by), "{path:?} {top:?}");
        let bytes = std::fs::read(&path).unwrap();
        for keep in [0, 3, 20, bytes.len() / 2] {
            std::fs::write(&path, &bytes[..keep]).unwrap();
            // A cut JPEG may be shown as far as it goes; it is whole lines or an error, never a crash.
            if let Ok(picture) = look(None, &request) {
                assert_eq!(picture.rgb.len(), 64 * 32);
            }
        }
    }
}

#[test]
fn dpx_by_ffmpeg_is_read_as_ffmpeg_reads_it() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (width, height) = (34_usize, 60_usize);
    let codes: Vec<u16> = (0..3 * width * height).map(|at| (at * 631 % 65_536) as u16).collect();
    let raw: Vec<u8> = codes.iter().flat_map(|code| code.to_le_bytes()).collect();
    for (pixel_format, bits) in
        [("rgb24", 8_u32), ("gbrp10be", 10), ("gbrp12be", 12), ("gbrp12le", 12), ("rgb48be", 16), ("rgb48le", 16)]
    {
        let path = folder.path().join(format!("{pixel_format}.dpx"));
        make::encode(
            &ffmpeg,
            &path,
            (width, height),
            "rgb48le",
            std::slice::from_ref(&raw),
            &["-frames:v", "1", "-pix_fmt", pixel_format],
        );
        let request = StillRequest { max_width: None, ..StillRequest::new(Media::File(path.clone()), unknown()) };
        let ours = look(None, &request).unwrap();
        // The reference: the same file decoded by ffmpeg to 16 bits of its own.
        let out = std::process::Command::new(ffmpeg.path())
            .args(["-v", "error", "-i"])
            .arg(&path)
            .args(["-f", "rawvideo", "-pix_fmt", "rgb48le", "-"])
            .output()
            .unwrap();
        let reference: Vec<f32> =
            out.stdout.chunks_exact(2).map(|two| f32::from(u16::from_le_bytes([two[0], two[1]])) / 65_535.0).collect();
        assert_eq!(reference.len(), 3 * width * height, "{pixel_format}");
        // The label "not colour managed" covers the lower left.
        let step = 1.5 / f64::from((1_u32 << bits) - 1);
        for (place, (pixel, want)) in ours.rgb.iter().zip(reference.chunks_exact(3)).enumerate().take(width) {
            assert!(
                pixel.iter().zip(want).all(|(a, b)| f64::from((a - b).abs()) < step),
                "{pixel_format} {place}: {pixel:?} {want:?}"
            );
        }
    }
}
