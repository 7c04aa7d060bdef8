use crate::make;
use checkgate_color::{ColorEngine, Engine, Recipe, apply_parallel};
use checkgate_preview::{FramePick, InputChoice, Media, OutputView, PreviewError, StillRequest, still};

fn rgb_error(got: &[[f32; 3]], want: &[[f32; 3]]) -> f32 {
    got.as_flattened().iter().zip(want.as_flattened()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_dpx_sequence_that_ffmpeg_wrote_is_read_by_our_own_reader() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let size = (320, 180);
    let codes = make::encoded(&make::scene(size.0, size.1, 0.0), "ARRI LogC4");
    for (pixel_format, depth) in [("gbrp10le", 10_u32), ("gbrp12le", 12), ("rgb48le", 16), ("rgb24", 8)] {
        let top = ((1_u32 << depth) - 1) as f32;
        let quantised: Vec<[u32; 3]> =
            codes.iter().map(|pixel| pixel.map(|value| (value.clamp(0.0, 1.0) * top).round() as u32)).collect();
        let sample = |code: u32| if depth == 8 { vec![code as u8] } else { (code as u16).to_le_bytes().to_vec() };
        let frame: Vec<u8> = if pixel_format.starts_with("gbrp") {
            [1, 2, 0].into_iter().flat_map(|part| quantised.iter().flat_map(move |pixel| sample(pixel[part]))).collect()
        } else {
            quantised.iter().flat_map(|pixel| pixel.iter().flat_map(|code| sample(*code))).collect()
        };
        let pattern = folder.path().join(format!("A_{depth}_%04d.dpx"));
        make::encode(&ffmpeg, &pattern, size, pixel_format, &[frame.clone(), frame], &["-c:v", "dpx"]);
        let paths = (1..=2).map(|number| folder.path().join(format!("A_{depth}_{number:04}.dpx"))).collect();
        let request = StillRequest {
            max_width: None,
            frame: FramePick::Last,
            ..StillRequest::new(Media::Frames(paths), InputChoice::explicit("ARRI LogC4"))
        };
        let picture = still(None, engine, &request).unwrap();
        assert_eq!(picture.provenance.frame, 1);
        let mut want: Vec<[f32; 3]> = quantised.iter().map(|pixel| pixel.map(|code| code as f32 / top)).collect();
        apply_parallel(engine.processor(&Recipe::to_view("ARRI LogC4", &OutputView::rec709_sdr())).unwrap().as_ref(), &mut want);
        let error = rgb_error(&picture.rgb, &want);
        eprintln!("DPX {depth} bits by ffmpeg, 1664-byte header: largest error {error:e}");
        assert!(error < 1e-4, "{depth}: {error}");
    }
}

#[test]
fn an_exr_brings_its_own_space() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let path = folder.path().join("a.exr");
    let scene = make::scene(320, 180, 0.0);
    exr::prelude::write_rgb_file(&path, 320, 180, |x, y| {
        let [r, g, b] = scene[y * 320 + x];
        (r, g, b)
    })
    .unwrap();
    let unknown = || InputChoice::Unknown { reason: "no metadata".into() };
    let request = StillRequest { max_width: None, ..StillRequest::new(Media::File(path.clone()), unknown()) };
    let picture = still(None, engine, &request).unwrap();
    assert_eq!(picture.provenance.input_space.as_deref(), Some("Linear Rec.709 (sRGB)"));
    let by_hand = StillRequest { input: InputChoice::explicit("ACES2065-1"), ..request.clone() };
    let picture = still(None, engine, &by_hand).unwrap();
    let mut want = scene;
    apply_parallel(engine.processor(&Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr())).unwrap().as_ref(), &mut want);
    assert!(rgb_error(&picture.rgb, &want) < 1e-6);
    let small = still(None, engine, &StillRequest { max_width: Some(160), ..request }).unwrap();
    assert!(small.provenance.scaled.contains("scene-linear"));
    let none = StillRequest::new(Media::Frames(Vec::new()), unknown());
    assert!(matches!(still(None, engine, &none), Err(PreviewError::NoFrames)));
}
