//! Owns the contact sheet: pictures on dark neutral grey, each with its lines. Grey only, so that nothing beside a picture
//! changes how its colours look.

use crate::picture::{Picture, Provenance};
use crate::resize::{fit, resize};
use crate::text::{Canvas, Weight, fitted, width_of};

const GROUND: [f32; 3] = [0.11; 3];
const WELL: [f32; 3] = [0.06; 3];
const BRIGHT: [f32; 3] = [0.92; 3];
const DIM: [f32; 3] = [0.62; 3];

const HATCH: [f32; 3] = [0.2; 3];

/// A frame of a clip that is shown by several.
const STRIP_WIDTH: usize = 320;
const STRIP_GAP: usize = 4;
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

/// Several frames of one clip side by side, as one picture for its cell.
#[must_use]
pub fn strip(frames: &[Picture]) -> Option<Picture> {
    let first = frames.first()?;
    if frames.len() == 1 {
        return Some(first.clone());
    }
    let height = (STRIP_WIDTH * 9 / 16).max(1);
    let width = frames.len() * (STRIP_WIDTH + STRIP_GAP) - STRIP_GAP;
    let mut rgb = vec![WELL; width * height];
    let mut canvas = Canvas { rgb: &mut rgb, width, height };
    for (number, frame) in frames.iter().enumerate() {
        place(&mut canvas, (number * (STRIP_WIDTH + STRIP_GAP), 0), (STRIP_WIDTH, height), frame);
    }
    let managed = frames.iter().all(|frame| frame.provenance.colour_managed);
    Some(Picture { width, height, rgb, provenance: Provenance { colour_managed: managed, ..first.provenance.clone() } })
}

/// Size of a cell's well and most columns, by frames of a clip.
fn cell_of(frames: usize) -> (usize, usize, usize) {
    match frames {
        0 | 1 => (480, 270, 5),
        many => {
            let width = many * (STRIP_WIDTH + STRIP_GAP) - STRIP_GAP;
            (width, STRIP_WIDTH * 9 / 16, (2600 / width).max(1))
        }
    }
}

/// Lays out the cells in reading order under `title`. At most 400 cells are shown; the subtitle says how many there are.
#[must_use]
pub fn contact_sheet(cells: &[SheetCell<'_>], title: &str, subtitle: &str) -> Picture {
    contact_sheet_of(cells, title, subtitle, 1)
}

/// The same with room for strips of `frames` pictures in each cell.
#[must_use]
pub fn contact_sheet_of(cells: &[SheetCell<'_>], title: &str, subtitle: &str, frames: usize) -> Picture {
    let (cell_width, well_height, most_columns) = cell_of(frames);
    let shown = &cells[..cells.len().min(MOST_CELLS)];
    let columns = match shown.len() {
        0 | 1 => 1,
        2 | 4 => 2,
        3 | 5..=9 => 3,
        10..=24 => 4,
        _ => 5,
    }
    .min(most_columns);
    // A title needs room, even over one picture.
    let columns_wide = if frames > 1 { columns } else { columns.max(2) };
    let rows = shown.len().div_ceil(columns).max(1);
    let lines = shown.iter().map(|cell| cell.lines.len().min(8)).max().unwrap_or(0);
    let cell_height = well_height + 14 + lines * LINE_STEP + 8;
    let width = 2 * MARGIN + columns_wide * cell_width + (columns_wide - 1) * GAP;
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
        let x = MARGIN + index % columns * (cell_width + GAP);
        let y = HEADER + index / columns * (cell_height + GAP);
        canvas.fill(x, y, cell_width, well_height, WELL, 1.0);
        match &cell.picture {
            Ok(picture) => place(&mut canvas, (x, y), (cell_width, well_height), picture),
            Err(reason) => {
                hatch(&mut canvas, (x, y), (cell_width, well_height));
                canvas.fill(x + 12, y + well_height / 2 - 32, cell_width - 24, 64, WELL, 1.0);
                let text = "no picture";
                let middle = x as f32 + (cell_width as f32 - width_of(text, HEADING_SIZE, Weight::Bold)) / 2.0;
                canvas.write(text, middle, (y + well_height / 2 - 24) as f32, HEADING_SIZE, Weight::Bold, BRIGHT);
                let reason = fitted(reason, 13.0, Weight::Regular, cell_width as f32 - 24.0);
                let middle = x as f32 + (cell_width as f32 - width_of(&reason, 13.0, Weight::Regular)) / 2.0;
                canvas.write(&reason, middle, (y + well_height / 2 + 6) as f32, 13.0, Weight::Regular, DIM);
            }
        }
        for (number, line) in cell.lines.iter().take(8).enumerate() {
            let (size, weight, colour) =
                if number == 0 { (HEADING_SIZE, Weight::Bold, BRIGHT) } else { (LINE_SIZE, Weight::Regular, DIM) };
            let top = (y + well_height + 10 + number * LINE_STEP + if number == 0 { 0 } else { 5 }) as f32;
            canvas.write(&fitted(line, size, weight, cell_width as f32), x as f32, top, size, weight, colour);
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

/// Diagonal lines: the place of a clip that has no picture, kept.
fn hatch(canvas: &mut Canvas<'_>, at: (usize, usize), size: (usize, usize)) {
    for line in 0..size.1 {
        for column in 0..size.0 {
            if (line + column) % 16 < 3 {
                canvas.fill(at.0 + column, at.1 + line, 1, 1, HATCH, 1.0);
            }
        }
    }
}

/// The picture, whole, in the middle of its well.
fn place(canvas: &mut Canvas<'_>, at: (usize, usize), well: (usize, usize), picture: &Picture) {
    let (mut width, mut height) = fit(picture.width, picture.height, 1.0, None);
    let scale = (well.0 as f64 / width as f64).min(well.1 as f64 / height as f64);
    width = ((width as f64 * scale).round() as usize).clamp(1, well.0);
    height = ((height as f64 * scale).round() as usize).clamp(1, well.1);
    if let Some(scaled) = resize(&picture.rgb, picture.width, picture.height, width, height) {
        canvas.paste(at.0 + (well.0 - width) / 2, at.1 + (well.1 - height) / 2, width, &scaled);
    }
}
