use crate::make;
use checkgate_color::{Engine, InputChoice};
use checkgate_preview::{Area, Desqueeze, Frameline, Geometry, Media, Orientation, StillRequest, still};

fn request(path: std::path::PathBuf, geometry: Geometry) -> StillRequest {
    let input = InputChoice::explicit("ARRI LogC4");
    StillRequest { geometry, max_width: Some(640), ..StillRequest::new(Media::File(path), input) }
}

#[test]
fn squeeze_orientation_crop_and_framelines_show_in_the_still() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::shared().unwrap();
    let path = make::clip(&ffmpeg, &folder.path().join("a.mov"), "ARRI LogC4", "hq", 1);
    let make = |geometry| still(Some(&ffmpeg), engine, &request(path.clone(), geometry)).unwrap();
    let plain = make(Geometry::default());
    assert_eq!((plain.width, plain.height), (640, 360));
    let wide = make(Geometry { squeeze: Some(2.0), ..Geometry::default() });
    assert_eq!((wide.width, wide.height), (640, 180));
    assert!(wide.provenance.scaled.ends_with("desqueezed by 2 (metadata)"), "{}", wide.provenance.scaled);
    let off = make(Geometry { squeeze: Some(2.0), desqueeze: Desqueeze::Off, ..Geometry::default() });
    assert_eq!((off.width, off.height), (640, 360));
    let flop = make(Geometry { orientation: Orientation::FLOP, ..Geometry::default() });
    for (x, y) in [(3, 5), (200, 100), (639, 359)] {
        let (a, b) = (plain.rgb[y * 640 + x], flop.rgb[y * 640 + 639 - x]);
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 2e-3), "{x},{y}: {a:?} {b:?}");
    }
    let area = Area { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
    let lines = vec![Frameline { label: "2.39".to_owned(), area, protection: false }];
    let framed = make(Geometry { framelines: lines.clone(), ..Geometry::default() });
    crate::chart::keep("still-framelines.png", &framed);
    // The line runs along the edge of the area and leaves the rest alone.
    let at = |x: usize, y: usize| framed.rgb[y * 640 + x];
    assert_eq!((at(160, 200), at(479, 200), at(300, 269)), ([0.9; 3], [0.9; 3], [0.9; 3]));
    assert_eq!((at(300, 180), at(20, 20)), (plain.rgb[180 * 640 + 300], plain.rgb[20 * 640 + 20]));
    let cropped = make(Geometry { crop: Some(area), ..Geometry::default() });
    assert_eq!((cropped.width, cropped.height), (640, 360));
    assert!(cropped.provenance.scaled.starts_with("not scaled") || cropped.provenance.scaled.starts_with("640x360"));
}

#[test]
fn a_file_that_asks_to_be_turned_is_turned() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Dark on the left, bright on the right.
    let frame = make::yuv444p10(&(0..128 * 72).map(|at| [if at % 128 < 64 { 0.2 } else { 0.8 }; 3]).collect::<Vec<_>>());
    let flat = make::encode(
        &ffmpeg,
        &folder.path().join("flat.mov"),
        (128, 72),
        "yuv444p10le",
        &[frame],
        &["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"],
    );
    let said = |rotate: &str| {
        let turned = folder.path().join(format!("{rotate}.mov"));
        let tag = format!("rotate={rotate}");
        let run = |arguments: &[&std::ffi::OsStr]| {
            let done = std::process::Command::new(ffmpeg.path()).args(["-v", "error", "-i"]).args(arguments).output().unwrap();
            assert!(done.status.success());
            done.stdout
        };
        let words = |text: &'static [&'static str]| text.iter().map(std::ffi::OsStr::new);
        let making = [flat.as_os_str()].into_iter().chain(words(&["-c", "copy", "-metadata:s:v:0"]));
        run(&making.chain([tag.as_ref(), turned.as_os_str()]).collect::<Vec<_>>());
        // ffmpeg itself turns the picture for the file: it is the oracle.
        let showing = words(&["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]);
        (turned.clone(), run(&[turned.as_os_str()].into_iter().chain(showing).collect::<Vec<_>>()))
    };
    for (rotate, size) in [("90", (72, 128)), ("180", (128, 72)), ("270", (72, 128))] {
        let (turned, shown) = said(rotate);
        let input = InputChoice::Unknown { reason: "test".into() };
        let request = StillRequest { max_width: None, ..StillRequest::new(Media::File(turned), input) };
        let picture = still(Some(&ffmpeg), Engine::shared().unwrap(), &request).unwrap();
        assert_eq!((picture.width, picture.height, shown.len()), (size.0, size.1, 128 * 72), "{rotate}");
        for (x, y) in [(10, 10), (60, 10), (36, 36), (60, 50)] {
            let (ours, theirs) = (picture.rgb[y * size.0 + x][1] > 0.5, shown[y * size.0 + x] > 128);
            assert_eq!(ours, theirs, "{rotate} {x},{y}");
        }
    }
}
