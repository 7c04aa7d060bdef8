use crate::make;
use checkgate_color::{ColorEngine, Engine, InputChoice, Recipe, apply_parallel};
use checkgate_preview::{
    CaptureFields, ExrTimecode, FramePick, Geometry, Media, PreviewError, Reading, StillRequest, aces_still, compare, still,
};
use exr::meta::MetaData;

fn capture() -> CaptureFields {
    CaptureFields {
        camera_make: Some("ARRI".into()),
        camera_model: Some("ALEXA 35".into()),
        lens_model: Some("Prime \u{0} 50".into()),
        reel: Some("A003R1JL".into()),
        captured: Some("2026:11:23 14:22:10".into()),
        iso: Some(800.0),
        exposure_secs: Some(1.0 / 48.0),
        aperture: Some(f32::NAN),
        focal_length_mm: Some(50.0),
        rate: Some((24000, 1001)),
        timecode: Some(ExrTimecode { hours: 14, minutes: 22, seconds: 10, frames: 6, drop: false }),
        ..CaptureFields::default()
    }
}

/// Written by us, read by the `exr` crate: header by the standard, values to half a float's precision.
#[test]
fn an_aces_still_comes_back_as_it_was_written() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "4444", 2);
    let request = StillRequest {
        frame: FramePick::Index(1),
        geometry: Geometry { squeeze: Some(1.8), ..Geometry::default() },
        ..StillRequest::new(Media::File(path), InputChoice::explicit("ARRI LogC4"))
    };
    let made = aces_still(Some(&ffmpeg), engine, &request).unwrap();
    assert_eq!((made.width, made.height, made.pixel_aspect), (1280, 720, 1.8));
    let out = folder.path().join("a.exr");
    std::fs::write(&out, made.to_exr(&capture())).unwrap();
    // Left to be looked at by other readers as well.
    std::fs::copy(&out, std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("still-aces.exr")).unwrap();

    let meta = MetaData::read_from_file(&out, true).unwrap();
    let header = &meta.headers[0];
    assert_eq!(meta.headers.len(), 1);
    assert!(!meta.requirements.has_long_names && !meta.requirements.has_multiple_layers && !meta.requirements.has_deep_data);
    assert_eq!(header.compression, exr::compression::Compression::Uncompressed);
    assert_eq!(header.line_order, exr::meta::attribute::LineOrder::Increasing);
    let names: Vec<String> = header.channels.list.iter().map(|channel| channel.name.to_string()).collect();
    assert_eq!(names, ["B", "G", "R"]);
    assert!(header.channels.list.iter().all(|channel| channel.sample_type == exr::meta::attribute::SampleType::F16));
    let shared = &header.shared_attributes;
    assert_eq!(shared.pixel_aspect, 1.8);
    let primaries = shared.chromaticities.unwrap();
    assert_eq!((primaries.red.0, primaries.blue.1, primaries.white.0), (0.7347, -0.077, 0.32168));
    let name = exr::prelude::Text::from("acesImageContainerFlag");
    let flag = shared.other.get(&name).or_else(|| header.own_attributes.other.get(&name));
    assert_eq!(flag, Some(&exr::meta::attribute::AttributeValue::I32(1)));
    let code = shared.time_code.unwrap();
    assert_eq!((code.hours, code.minutes, code.seconds, code.frame), (14, 22, 10, 6));
    let own = &header.own_attributes;
    assert_eq!((own.iso_speed, own.exposure, own.aperture), (Some(800.0), Some(1.0 / 48.0), None));

    // Our own reader takes it for ACES2065-1 by its chromaticities.
    let back = StillRequest::new(Media::File(out.clone()), InputChoice::Unknown { reason: "test".into() });
    let read = aces_still(None, engine, &StillRequest { frame: FramePick::First, ..back }).unwrap();
    assert_eq!(read.provenance.input_space.as_deref(), Some("ACES2065-1"));
    let worst = made
        .rgb
        .as_flattened()
        .iter()
        .zip(read.rgb.as_flattened())
        .map(|(a, b)| (a - b).abs() / a.abs().max(1e-4))
        .fold(0.0, f32::max);
    assert!(worst < 6e-4, "{worst}");

    // And the light is that of the scene, to the codec: the grey patch of the chart.
    let scene = make::scene(1280, 720, 0.05);
    let at = (0.30 * 720.0 + 0.46 * 720.0 * 3.5 / 4.0) as usize * 1280 + (0.06 * 1280.0 + 0.36 * 1280.0 * 3.5 / 6.0) as usize;
    for (got, want) in made.rgb[at].iter().zip(scene[at]) {
        assert!((got / want - 1.0).abs() < 0.03, "{got} {want}");
    }
}

#[test]
fn an_aces_still_is_never_made_of_what_is_not_known() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 1);
    for input in [checkgate_color::input_space(None, None), checkgate_color::input_space(Some("Rec.709"), None)] {
        let refused = aces_still(Some(&ffmpeg), engine, &StillRequest::new(Media::File(path.clone()), input));
        assert!(matches!(refused, Err(PreviewError::UnknownInput { .. })), "{refused:?}");
    }
}

#[test]
fn pictures_are_compared_by_what_is_seen() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let mut rgb = make::scene(320, 180, 0.0);
    let view = Recipe::to_view("ACES2065-1", &checkgate_color::OutputView::rec709_sdr());
    apply_parallel(engine.processor(&view).unwrap().as_ref(), &mut rgb);
    let write = |name: &str, rgb: Vec<[f32; 3]>, width: usize| {
        let height = rgb.len() / width;
        let picture = checkgate_preview::Picture { width, height, rgb, provenance: checkgate_preview::Provenance::default() };
        let path = folder.path().join(name);
        std::fs::write(&path, picture.to_png16().unwrap()).unwrap();
        path
    };
    let reference = write("a.png", rgb.clone(), 320);
    let same = compare(Some(&ffmpeg), engine, &reference, &reference, Reading::default()).unwrap();
    assert_eq!((same.mean, same.p99, same.max), (0.0, 0.0, 0.0));
    // One pixel of 57 600 differs: only the largest tells.
    let mut changed = rgb.clone();
    changed[90 * 320 + 200] = [0.9, 0.1, 0.9];
    let one = compare(Some(&ffmpeg), engine, &reference, &write("b.png", changed, 320), Reading::default()).unwrap();
    assert!(one.p99 == 0.0 && one.max > 20.0 && one.max_at == (200, 90), "{} {} {:?}", one.p99, one.max, one.max_at);
    assert!((one.mean - one.max / 57_600.0).abs() < 1e-6);
    // White of 100 cd/m² against white of 90: by hand 720 times the step of PQ, whatever the picture.
    let (white, grey) = (write("w.png", vec![[1.0; 3]; 64], 8), write("g.png", vec![[0.9_f32.powf(1.0 / 2.4); 3]; 64], 8));
    let found = compare(Some(&ffmpeg), engine, &white, &grey, Reading::default()).unwrap();
    let pq = |light: f64| {
        let power = (light / 10_000.0).powf(0.159_301_757_812_5);
        ((0.835_937_5 + 18.851_562_5 * power) / (1.0 + 18.6875 * power)).powf(78.843_75)
    };
    let want = 720.0 * (pq(100.0) - pq(90.0));
    assert!((found.mean - want).abs() < 0.01 && (found.max - want).abs() < 0.01, "{} {want}", found.mean);
    let other = write("s.png", vec![[0.5; 3]; 32], 8);
    assert!(matches!(compare(Some(&ffmpeg), engine, &white, &other, Reading::default()), Err(PreviewError::OtherSize { .. })));
}

/// Each camera log through both families of mezzanine codecs, through the whole preview, read back from the 16-bit PNG: what is
/// left against the exact transform of the codes that ten bits hold is the codec.
#[test]
fn every_camera_log_survives_the_whole_way_to_a_png() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let (width, height) = (640, 360);
    let logs = [
        "ARRI LogC3 (EI800)",
        "ARRI LogC4",
        "S-Log3 S-Gamut3",
        "S-Log3 S-Gamut3.Cine",
        "Log3G10 REDWideGamutRGB",
        "CanonLog2 CinemaGamut D55",
        "CanonLog3 CinemaGamut D55",
        "V-Log V-Gamut",
        "BMDFilm WideGamut Gen5",
        "DaVinci Intermediate WideGamut",
        "D-Log D-Gamut",
        "Apple Log",
        "Apple Log 2",
    ];
    // The scene of the other tests without its moving detail, and fields of black and of white beyond every curve's end.
    let mut scene = make::scene(width, height, 0.0);
    for (x, light) in [(0, 0.0), (48, 60_000.0)] {
        for y in 0..48 {
            scene[y * width + x..y * width + x + 48].fill([light; 3]);
        }
    }
    for space in logs {
        let codes: Vec<[f32; 3]> =
            make::encoded(&scene, space).into_iter().map(|pixel| pixel.map(|value| value.clamp(0.0, 1.0))).collect();
        let mut exact = make::quantised(&codes, width, height);
        let view = Recipe::to_view(space, &checkgate_color::OutputView::rec709_sdr());
        apply_parallel(engine.processor(&view).unwrap().as_ref(), &mut exact);
        let reference = folder.path().join("reference.png");
        let whole = |rgb: Vec<[f32; 3]>| checkgate_preview::Picture {
            width,
            height,
            rgb,
            provenance: checkgate_preview::Provenance::default(),
        };
        std::fs::write(&reference, whole(exact.clone()).to_png16().unwrap()).unwrap();
        for (codec, name, options) in [
            ("ProRes 4444", "a.mov", ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuv444p10le"]),
            ("DNxHR 444", "a.mxf", ["-c:v", "dnxhd", "-profile:v", "dnxhr_444", "-pix_fmt", "yuv444p10le"]),
            ("DNxHR HQX", "b.mxf", ["-c:v", "dnxhd", "-profile:v", "dnxhr_hqx", "-pix_fmt", "yuv422p10le"]),
        ] {
            let tags = ["-color_range", "tv", "-colorspace", "bt709"];
            let options = [&options[..], &tags[..]].concat();
            let path = make::encode(
                &ffmpeg,
                &folder.path().join(name),
                (width, height),
                "yuv444p10le",
                &[make::yuv444p10(&codes)],
                &options,
            );
            let request = StillRequest {
                frame: FramePick::First,
                max_width: None,
                ..StillRequest::new(Media::File(path), InputChoice::explicit(space))
            };
            let png = folder.path().join("picture.png");
            std::fs::write(&png, still(Some(&ffmpeg), engine, &request).unwrap().to_png16().unwrap()).unwrap();
            let found = compare(Some(&ffmpeg), engine, &reference, &png, Reading::default()).unwrap();
            eprintln!("{space}, {codec}: Delta E ITP mean {:.3}, p99 {:.2}, max {:.1}", found.mean, found.p99, found.max);
            // 4:2:2 halves the chroma: at the edges of the chart's patches that alone is a large difference.
            let (mean, p99) = if codec == "DNxHR HQX" { (1.0, 20.0) } else { (0.3, 3.0) };
            assert!(found.mean < mean && found.p99 < p99, "{space} {codec}: {} {}", found.mean, found.p99);
            // Black and white, in the middle of their fields, are exact to 16 bits of what ten bits hold.
            let back = still(
                Some(&ffmpeg),
                engine,
                &StillRequest {
                    max_width: None,
                    ..StillRequest::new(Media::File(png.clone()), checkgate_color::input_space(Some("Rec.709"), None))
                },
            )
            .unwrap();
            for (x, what) in [(24, "black"), (72, "white")] {
                let at = 24 * width + x;
                let apart = back.rgb[at].iter().zip(exact[at]).map(|(a, b)| (a - b.clamp(0.0, 1.0)).abs()).fold(0.0, f32::max);
                assert!(apart < 1.0 / 4096.0, "{space} {codec}: {what} is {:?}, not {:?}", back.rgb[at], exact[at]);
            }
        }
    }
}
