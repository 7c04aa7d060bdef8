use crate::make;
use checkgate_color::{ColorEngine, Engine, Recipe, apply_parallel};
use checkgate_model::FrameRate;
use checkgate_preview::{
    FramePick, InputChoice, Media, OutputView, PreviewError, ProxyOptions, StillRequest, media_info, proxy, still,
};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn a_proxy_keeps_frames_timecode_reel_sound_and_colour() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 6);
    let out = folder.path().join("a_proxy.mov");
    let options =
        ProxyOptions { max_width: 640, ..ProxyOptions::new(Media::File(path.clone()), InputChoice::explicit("ARRI LogC4")) };
    let seen = AtomicU64::new(0);
    let report = proxy(&ffmpeg, engine, &options, &out, &|progress| {
        assert_eq!(progress.frames_total, 6);
        seen.store(progress.frames_done, Ordering::Relaxed);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((report.frames, seen.load(Ordering::Relaxed), report.width, report.height), (6, 6, 640, 360));
    let info = media_info(&ffmpeg, &out).unwrap();
    let video = info.video.clone().unwrap();
    assert_eq!((video.codec.as_str(), video.profile.as_str(), video.frames), ("prores", "Proxy", Some(6)));
    assert_eq!((info.timecode.as_deref(), info.reel_name.as_deref()), (Some("14:22:10:05"), Some("A003R1JL")));
    assert_eq!((info.audio.len(), video.color_space.as_str(), video.color_transfer.as_str()), (1, "bt709", "bt709"));
    // Its picture is the reference picture, within what LUT, 4:2:2 and the codec leave.
    let finished = checkgate_color::input_space(Some("Rec.709"), None);
    let request =
        StillRequest { frame: FramePick::First, max_width: None, ..StillRequest::new(Media::File(out.clone()), finished) };
    let got = still(Some(&ffmpeg), engine, &request).unwrap();
    let reference = StillRequest {
        frame: FramePick::First,
        max_width: Some(640),
        ..StillRequest::new(Media::File(path), InputChoice::explicit("ARRI LogC4"))
    };
    let want = still(Some(&ffmpeg), engine, &reference).unwrap();
    let errors: Vec<f32> =
        got.rgb.as_flattened().iter().zip(want.rgb.as_flattened()).map(|(a, b)| (a - b).abs() * 1023.0).collect();
    let mean = errors.iter().sum::<f32>() / errors.len() as f32;
    eprintln!("proxy against exact still, whole picture: mean {mean:.2} codes of 1023");
    assert!(mean < 8.0, "{mean}");
    crate::chart::keep("proxy-frame.png", &got);
    // Nothing is overwritten.
    let again = proxy(&ffmpeg, engine, &options, &out, &|_| ControlFlow::Continue(()));
    assert!(matches!(again, Err(PreviewError::Occupied { .. })));
}

#[test]
fn a_stopped_or_damaged_proxy_leaves_nothing_behind() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 6);
    let target = tempfile::tempdir().unwrap();
    let out = target.path().join("p.mov");
    let options = |path: &std::path::Path| ProxyOptions {
        max_width: 320,
        ..ProxyOptions::new(Media::File(path.into()), InputChoice::explicit("ARRI LogC4"))
    };
    let stopped = proxy(&ffmpeg, engine, &options(&path), &out, &|progress| {
        if progress.frames_done == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(stopped, Err(PreviewError::Stopped)));
    let bytes = std::fs::read(&path).unwrap();
    let cut = folder.path().join("cut.mov");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(
        proxy(&ffmpeg, engine, &options(&cut), &out, &|_| ControlFlow::Continue(())),
        Err(PreviewError::Damaged { .. })
    ));
    let unknown = ProxyOptions::new(Media::File(path), InputChoice::Unknown { reason: "no metadata".into() });
    assert!(matches!(
        proxy(&ffmpeg, engine, &unknown, &out, &|_| ControlFlow::Continue(())),
        Err(PreviewError::UnknownInput { .. })
    ));
    let left: Vec<_> = std::fs::read_dir(target.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_sequence_becomes_a_proxy_with_the_rate_and_timecode_it_is_given() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let paths: Vec<_> = (0..3)
        .map(|number| {
            let path = folder.path().join(format!("a.{number:04}.exr"));
            let scene = make::scene(320, 180, number as f32 * 0.1);
            exr::prelude::write_rgb_file(&path, 320, 180, |x, y| {
                let [r, g, b] = scene[y * 320 + x];
                (r, g, b)
            })
            .unwrap();
            path
        })
        .collect();
    let out = folder.path().join("p.mov");
    let options = ProxyOptions {
        frame_rate: FrameRate::new(24000, 1001),
        timecode: Some("01:00:00:12".into()),
        reel_name: Some("B001".into()),
        ..ProxyOptions::new(Media::Frames(paths.clone()), InputChoice::explicit("ACES2065-1"))
    };
    let report = proxy(&ffmpeg, engine, &options, &out, &|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.frames, 3);
    let info = media_info(&ffmpeg, &out).unwrap();
    assert_eq!((info.timecode.as_deref(), info.reel_name.as_deref()), (Some("01:00:00:12"), Some("B001")));
    assert_eq!(info.video.unwrap().frame_rate, FrameRate::new(24000, 1001));
    let mut exact = make::scene(320, 180, 0.0);
    apply_parallel(engine.processor(&Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr())).unwrap().as_ref(), &mut exact);
    let finished = checkgate_color::input_space(Some("Rec.709"), None);
    let request =
        StillRequest { frame: FramePick::First, max_width: None, ..StillRequest::new(Media::File(out.clone()), finished) };
    let got = still(Some(&ffmpeg), engine, &request).unwrap();
    let mean = got.rgb.as_flattened().iter().zip(exact.as_flattened()).map(|(a, b)| (a - b).abs() * 1023.0).sum::<f32>()
        / (3.0 * exact.len() as f32);
    assert!(mean < 12.0, "{mean}");
    // A frame that is missing in the middle is an error, not a shorter proxy.
    std::fs::remove_file(&paths[1]).unwrap();
    let again = folder.path().join("q.mov");
    assert!(matches!(proxy(&ffmpeg, engine, &options, &again, &|_| ControlFlow::Continue(())), Err(PreviewError::Read { .. })));
    assert!(!again.exists());
}
