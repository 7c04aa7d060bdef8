use crate::sample::HOSTILE;
use checkgate_report::{PictureClip, PictureSheet, ReportError, picture_sheet};

fn sheet(clips: Vec<PictureClip>) -> PictureSheet {
    let dated = "2026-11-23T14:22:10Z".parse().unwrap();
    PictureSheet { title: "A003R1JL".into(), subtitle: HOSTILE.concat(), tool: "Checkgate".into(), dated, clips }
}

fn broken(name: &str) -> PictureClip {
    PictureClip { frames: Err(HOSTILE.concat().repeat(20)), lines: vec![name.to_owned(), HOSTILE.concat()] }
}

/// Whatever is in the words, the file passes the validator of PDF/A, and pages hold all clips.
#[test]
fn a_sheet_without_pictures_is_still_a_sheet() {
    for count in [0, 1, 4, 100] {
        let bytes = picture_sheet(&sheet((0..count).map(|number| broken(&number.to_string())).collect())).unwrap();
        assert!(bytes.starts_with(b"%PDF"), "{count}");
        assert_eq!(bytes, picture_sheet(&sheet((0..count).map(|number| broken(&number.to_string())).collect())).unwrap());
    }
}

#[test]
fn what_is_no_jpeg_is_refused() {
    let frame = checkgate_report::JpegPicture { width: 8, height: 8, bytes: b"not a picture".to_vec() };
    let clip = PictureClip { frames: Ok(vec![frame]), lines: Vec::new() };
    assert!(matches!(picture_sheet(&sheet(vec![clip])), Err(ReportError::Pdf(_))));
}
