//! Owns the contact sheet: pictures on dark neutral grey, each with its lines. Grey only, so that nothing beside a picture
//! changes how its colours look.

use crate::picture::{Picture, Provenance};
use crate::resize::{fit, resize};
use crate::text::{Canvas, Weight, fitted, width_of};

const GROUND: [f32; 3] = [0.11; 3];
const WELL: [f32; 3] = [0.06; 3];
const BRIGHT: [f32; 3] = [0.92; 3];
const DIM: [f32; 3] = [0.62; 3];

const CELL_WIDTH: usize = 480;
const WELL_HEIGHT: usize = 270;
const GAP: usize = 28;
const MARGIN: usize = 40;
const HEADER: usize = 96;
const HEADING_SIZE: f32 = 19.0;
const LINE_SIZE: f32 = 15.0;
const LINE_STEP: usize = 21;

/// Most cells on one sheet; further ones go on the next.
const MOST_CELLS: usize = 400;

/// One clip on the sheet.
#[derive(Debug, Clone)]
pub struct SheetCell<'a> {
    /// The picture, or why there is none.
    pub picture: Result<&'a Picture, String>,
    /// Lines below it; the first is the clip name and stands out.
    pub lines: Vec<String>,
}

/// Lays out the cells in reading order under `title`. At most 400 cells are shown; the subtitle says how many there are.
#[must_use]
pub fn contact_sheet(cells: &[SheetCell<'_>], title: &str, subtitle: &str) -> Picture {
    let shown = &cells[..cells.len().min(MOST_CELLS)];
    let columns = match shown.len() {
        0 | 1 => 1,
        2 | 4 => 2,
        3 | 5..=9 => 3,
        10..=24 => 4,
        _ => 5,
    };
    // A title needs room, even over one picture.
    let columns_wide = columns.max(2);
    let rows = shown.len().div_ceil(columns).max(1);
    let lines = shown.iter().map(|cell| cell.lines.len().min(8)).max().unwrap_or(0);
    let cell_height = WELL_HEIGHT + 14 + lines * LINE_STEP + 8;
    let width = 2 * MARGIN + columns_wide * CELL_WIDTH + (columns_wide - 1) * GAP;
    let height = HEADER + rows * cell_height + (rows - 1) * GAP + MARGIN;
    let mut rgb = vec![GROUND; width * height];
    let mut canvas = Canvas { rgb: &mut rgb, width, height };

    let room = (width - 2 * MARGIN) as f32;
    canvas.write(&fitted(title, 28.0, Weight::Bold, room), MARGIN as f32, 24.0, 28.0, Weight::Bold, BRIGHT);
    let count = if cells.len() > MOST_CELLS {
        format!("{subtitle} (first {MOST_CELLS} of {})", cells.len())
    } else {
        subtitle.to_owned()
    };
    canvas.write(&fitted(&count, LINE_SIZE, Weight::Regular, room), MARGIN as f32, 60.0, LINE_SIZE, Weight::Regular, DIM);

    for (index, cell) in shown.iter().enumerate() {
        let x = MARGIN + index % columns * (CELL_WIDTH + GAP);
        let y = HEADER + index / columns * (cell_height + GAP);
        canvas.fill(x, y, CELL_WIDTH, WELL_HEIGHT, WELL, 1.0);
        match &cell.picture {
            Ok(picture) => place(&mut canvas, x, y, picture),
            Err(reason) => {
                let text = "no picture";
                let middle = x as f32 + (CELL_WIDTH as f32 - width_of(text, HEADING_SIZE, Weight::Bold)) / 2.0;
                canvas.write(text, middle, (y + WELL_HEIGHT / 2 - 24) as f32, HEADING_SIZE, Weight::Bold, BRIGHT);
                let reason = fitted(reason, 13.0, Weight::Regular, CELL_WIDTH as f32 - 24.0);
                let middle = x as f32 + (CELL_WIDTH as f32 - width_of(&reason, 13.0, Weight::Regular)) / 2.0;
                canvas.write(&reason, middle, (y + WELL_HEIGHT / 2 + 6) as f32, 13.0, Weight::Regular, DIM);
            }
        }
        for (number, line) in cell.lines.iter().take(8).enumerate() {
            let (size, weight, colour) =
                if number == 0 { (HEADING_SIZE, Weight::Bold, BRIGHT) } else { (LINE_SIZE, Weight::Regular, DIM) };
            let top = (y + WELL_HEIGHT + 10 + number * LINE_STEP + if number == 0 { 0 } else { 5 }) as f32;
            canvas.write(&fitted(line, size, weight, CELL_WIDTH as f32), x as f32, top, size, weight, colour);
        }
    }
    let managed = cells.iter().filter_map(|cell| cell.picture.as_ref().ok()).all(|picture| picture.provenance.colour_managed);
    Picture {
        width,
        height,
        rgb,
        provenance: Provenance { output: "contact sheet".to_owned(), colour_managed: managed, ..Provenance::default() },
    }
}

/// The picture, whole, in the middle of its well.
fn place(canvas: &mut Canvas<'_>, x: usize, y: usize, picture: &Picture) {
    let (mut width, mut height) = fit(picture.width, picture.height, 1.0, None);
    let scale = (CELL_WIDTH as f64 / width as f64).min(WELL_HEIGHT as f64 / height as f64);
    width = ((width as f64 * scale).round() as usize).clamp(1, CELL_WIDTH);
    height = ((height as f64 * scale).round() as usize).clamp(1, WELL_HEIGHT);
    if let Some(scaled) = resize(&picture.rgb, picture.width, picture.height, width, height) {
        canvas.paste(x + (CELL_WIDTH - width) / 2, y + (WELL_HEIGHT - height) / 2, width, &scaled);
    }
}
