use crate::make;
use checkgate_color::{ColorEngine, Engine, OutputView, Recipe, apply_parallel};
use checkgate_preview::{Picture, Provenance, SheetCell, contact_sheet};

fn picture(width: usize, height: usize, shift: f32) -> Picture {
    let mut rgb = make::scene(width, height, shift);
    let processor = Engine::shared().unwrap().processor(&Recipe::to_view("ACES2065-1", &OutputView::rec709_sdr())).unwrap();
    apply_parallel(processor.as_ref(), &mut rgb);
    Picture { width, height, rgb, provenance: Provenance { colour_managed: true, ..Provenance::default() } }
}

#[test]
fn a_contact_sheet_shows_every_clip_with_its_words() {
    let pictures = [picture(960, 540, 0.0), picture(640, 640, 0.7), picture(960, 400, 1.4), picture(300, 540, 2.0)];
    let lines = |number: usize| {
        vec![
            format!("A003C{number:03}_261123_R1JL"),
            format!("14:22:{:02}:05 - 00:00:02:00 at 24 fps", 10 + number),
            "ARRI LogC4 -> ACES 2.0 - SDR 100 nits (Rec.709), Rec.1886 Rec.709".to_owned(),
        ]
    };
    let mut cells: Vec<SheetCell<'_>> = pictures
        .iter()
        .enumerate()
        .map(|(number, picture)| SheetCell { picture: Ok(picture), lines: lines(number + 1) })
        .collect();
    cells.push(SheetCell { picture: Err("A003C005.mov cannot be decoded: moov atom not found".to_owned()), lines: lines(5) });
    let sheet = contact_sheet(&cells, "A003R1JL", "5 clips - 00:01:10:00 - 23 November 2026");
    crate::chart::keep("contact-sheet.png", &sheet);
    assert!(sheet.width > 1000 && sheet.height > 600);
    // Everything beside the pictures is neutral grey.
    for corner in [0, sheet.width - 1, sheet.rgb.len() - 1] {
        let [r, g, b] = sheet.rgb[corner];
        assert!(r == g && g == b && r < 0.2);
    }
    // The well of the broken clip carries words.
    assert!(sheet.to_jpeg(90).unwrap().len() > 20_000);
    let empty = contact_sheet(&[], "", "");
    assert!(empty.width > 0 && empty.to_jpeg(80).is_ok());
    let odd = contact_sheet(
        &[SheetCell { picture: Err("\u{0}\u{7}é漢字 ".repeat(50)), lines: vec!["x".repeat(500); 20] }],
        &"t".repeat(900),
        "",
    );
    assert!(odd.to_png16().is_ok());
}
