//! Owns the contact sheet as PDF/A-2u on A4: pictures in a grid, each clip with its words, broken ones hatched in their place.

use super::face::{Face, Fonts};
use super::lines::line;
use super::pages::{BOTTOM, LEFT, PAGE_HEIGHT, PAGE_WIDTH, RIGHT};
use super::{Brush, FOOTER_Y, HEADER_Y, LONGEST_TITLE, RUNNING_SIZE, cut, date};
use crate::ReportError;
use crate::pictures::{JpegPicture, PictureClip, PictureSheet};
use crate::shown::plain;
use crate::template::PALETTE;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};

const GAP: f32 = 14.0;
const FIRST_TOP: f32 = 96.0;
const NEXT_TOP: f32 = 62.0;
const NAME_SIZE: f32 = 8.0;
const LINE_SIZE: f32 = 6.5;
const LINE_STEP: f32 = 8.5;
/// Between frames of one clip.
const FRAME_GAP: f32 = 2.0;
const MOST_LINES: usize = 8;
const WELL: u32 = 0xeeeeee;

/// Columns, by the most frames a clip shows.
fn columns(frames: usize) -> usize {
    match frames {
        0 | 1 => 3,
        2 => 2,
        _ => 1,
    }
}

pub(crate) fn write(sheet: &PictureSheet) -> Result<Vec<u8>, ReportError> {
    let fonts = Fonts::load().ok_or(ReportError::Font)?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_U)
        .finish()
        .map_err(|error| ReportError::Pdf(format!("{error:?}").into()))?;
    let mut document =
        Document::new_with(SerializeSettings { configuration, enable_tagging: false, ..SerializeSettings::default() });
    document.set_metadata(
        Metadata::new()
            .title(cut(&plain(&sheet.title), LONGEST_TITLE))
            .creator(cut(&plain(&sheet.tool), LONGEST_TITLE))
            .language("en".to_owned())
            .creation_date(date(sheet.dated)),
    );
    let frames = sheet.clips.iter().filter_map(|clip| clip.frames.as_ref().ok().map(Vec::len)).max().unwrap_or(1).max(1);
    let grid = Grid::new(frames, sheet.clips.iter().map(|clip| clip.lines.len().min(MOST_LINES)).max().unwrap_or(0));
    let pages = grid.pages(sheet.clips.len());
    for (number, clips) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).expect("A4 has a size");
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut brush = Brush { surface: &mut surface, fonts: &fonts, colour: None };
        running(&mut brush, sheet, number, pages.len());
        for (place, clip) in sheet.clips[clips.clone()].iter().enumerate() {
            grid.clip(&mut brush, clip, number == 0, place)?;
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| ReportError::Pdf(Box::new(error)))
}

fn running(brush: &mut Brush<'_, '_>, sheet: &PictureSheet, number: usize, pages: usize) {
    let fonts = brush.fonts;
    let width = RIGHT - LEFT;
    let of = line(fonts, &format!("page {} of {pages}", number + 1), Face::Sans, RUNNING_SIZE, PALETTE.quiet, width);
    brush.line(RIGHT - of.width, HEADER_Y, RUNNING_SIZE, &of);
    let size = if number == 0 { 16.0 } else { RUNNING_SIZE };
    let top = if number == 0 { HEADER_Y + 20.0 } else { HEADER_Y };
    let title = line(fonts, &sheet.title, Face::SansStrong, size, PALETTE.ink, width * 0.8);
    brush.line(LEFT, top, size, &title);
    if number == 0 {
        let under = line(fonts, &sheet.subtitle, Face::Sans, NAME_SIZE, PALETTE.quiet, width);
        brush.line(LEFT, top + 14.0, NAME_SIZE, &under);
    }
    brush.rectangle(LEFT, BOTTOM + 12.0, width, 0.5, PALETTE.line);
    let imprint = line(fonts, &sheet.tool, Face::Sans, RUNNING_SIZE, PALETTE.quiet, width);
    brush.line(LEFT, FOOTER_Y, RUNNING_SIZE, &imprint);
}

struct Grid {
    columns: usize,
    frames: usize,
    cell: f32,
    well: f32,
    high: f32,
}

impl Grid {
    fn new(frames: usize, lines: usize) -> Self {
        let columns = columns(frames);
        let cell = (RIGHT - LEFT - GAP * (columns - 1) as f32) / columns as f32;
        let well = (cell - FRAME_GAP * (frames - 1) as f32) / frames as f32 * 9.0 / 16.0;
        Self { columns, frames, cell, well, high: well + 6.0 + LINE_STEP * (lines as f32 + 0.5) + 8.0 }
    }

    /// Clips of each page; there is always one page.
    fn pages(&self, clips: usize) -> Vec<std::ops::Range<usize>> {
        let on = |top: f32| (((BOTTOM - top) / self.high) as usize).max(1) * self.columns;
        let mut pages = Vec::new();
        let (mut start, mut top) = (0, FIRST_TOP);
        while start < clips || pages.is_empty() {
            let end = (start + on(top)).min(clips);
            pages.push(start..end);
            (start, top) = (end, NEXT_TOP);
        }
        pages
    }

    fn clip(&self, brush: &mut Brush<'_, '_>, clip: &PictureClip, first: bool, place: usize) -> Result<(), ReportError> {
        let x = LEFT + (place % self.columns) as f32 * (self.cell + GAP);
        let y = if first { FIRST_TOP } else { NEXT_TOP } + (place / self.columns) as f32 * self.high;
        match &clip.frames {
            Ok(frames) => {
                let wide = (self.cell - FRAME_GAP * (self.frames - 1) as f32) / self.frames as f32;
                for (number, frame) in frames.iter().enumerate() {
                    picture(brush, frame, (x + number as f32 * (wide + FRAME_GAP), y), (wide, self.well))?;
                }
            }
            Err(reason) => {
                hatch(brush, (x, y), (self.cell, self.well));
                let middle = y + self.well / 2.0;
                brush.rectangle(x + 8.0, middle - 14.0, self.cell - 16.0, 26.0, 0xff_ffff);
                let head = line(brush.fonts, "no picture", Face::SansStrong, NAME_SIZE, PALETTE.ink, self.cell - 24.0);
                brush.line(x + 12.0, middle - 3.0, NAME_SIZE, &head);
                let why = line(brush.fonts, reason, Face::Sans, LINE_SIZE, PALETTE.quiet, self.cell - 24.0);
                brush.line(x + 12.0, middle + 7.0, LINE_SIZE, &why);
            }
        }
        for (number, words) in clip.lines.iter().take(MOST_LINES).enumerate() {
            let (face, size, colour) =
                if number == 0 { (Face::MonoStrong, NAME_SIZE, PALETTE.ink) } else { (Face::Sans, LINE_SIZE, PALETTE.quiet) };
            let set = line(brush.fonts, words, face, size, colour, self.cell);
            brush.line(x, y + self.well + 10.0 + LINE_STEP * number as f32, size, &set);
        }
        Ok(())
    }
}

/// The picture, whole, in the middle of its well.
fn picture(brush: &mut Brush<'_, '_>, jpeg: &JpegPicture, at: (f32, f32), well: (f32, f32)) -> Result<(), ReportError> {
    brush.rectangle(at.0, at.1, well.0, well.1, WELL);
    let (width, height) = (jpeg.width.max(1) as f32, jpeg.height.max(1) as f32);
    let scale = (well.0 / width).min(well.1 / height);
    let size = Size::from_wh(width * scale, height * scale).ok_or_else(|| ReportError::Pdf("a picture without size".into()))?;
    // The standard forbids that a reader smooths pictures (ISO 19005-2, 6.2.8).
    let image = Image::from_jpeg(jpeg.bytes.clone().into(), false).map_err(|error| ReportError::Pdf(error.into()))?;
    let (x, y) = (at.0 + (well.0 - size.width()) / 2.0, at.1 + (well.1 - size.height()) / 2.0);
    brush.surface.push_transform(&Transform::from_translate(x, y));
    brush.surface.draw_image(image, size);
    brush.surface.pop();
    Ok(())
}

/// Diagonal bands, cut to the well.
fn hatch(brush: &mut Brush<'_, '_>, at: (f32, f32), size: (f32, f32)) {
    const STEP: f32 = 8.0;
    const BAND: f32 = 1.6;
    brush.rectangle(at.0, at.1, size.0, size.1, WELL);
    brush.fill(PALETTE.line);
    let mut path = PathBuilder::new();
    let mut start = STEP;
    // A band lies where x + y is between `start` and `start + BAND`.
    while start < size.0 + size.1 - BAND {
        let corner = |sum: f32, low: bool| {
            let x = if low { (sum - size.1).max(0.0) } else { sum.min(size.0) };
            (at.0 + x, at.1 + sum - x)
        };
        let corners = [corner(start, true), corner(start, false), corner(start + BAND, false), corner(start + BAND, true)];
        path.move_to(corners[0].0, corners[0].1);
        corners[1..].iter().for_each(|(x, y)| path.line_to(*x, *y));
        path.close();
        start += STEP;
    }
    if let Some(path) = path.finish() {
        brush.surface.draw_path(&path);
    }
}
