//! Owns the sheet as PDF/A-2u on A4: fonts inside, text that can be searched and copied, dates from the value. Must never read a
//! clock: the same sheet gives the same bytes.

mod face;
mod lines;
mod pages;
pub(crate) mod pictures;

use crate::ReportError;
use crate::sheet::Sheet;
use crate::shown::plain;
use crate::template::{PALETTE, outlines};
use checkgate_model::Timestamp;
use face::{Face, Fonts};
use jiff::tz::TimeZone;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings, color::rgb};
use lines::{Line, line, line_from_end};
use pages::{BOTTOM, Bookmark, LEFT, Laid, Op, PAGE_HEIGHT, PAGE_WIDTH, RIGHT};

/// Longest title and bookmark; the standard allows 32,767 bytes in a string.
const LONGEST_TITLE: usize = 1_000;
const LONGEST_BOOKMARK: usize = 200;

const RUNNING_SIZE: f32 = 7.5;
const HEADER_Y: f32 = 36.0;
const FOOTER_Y: f32 = PAGE_HEIGHT - 32.0;

pub(crate) fn write(sheet: &Sheet<'_>) -> Result<Vec<u8>, ReportError> {
    let fonts = Fonts::load().ok_or(ReportError::Font)?;
    let laid = pages::lay_out(sheet, &fonts);
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_U)
        .finish()
        .map_err(|error| ReportError::Pdf(format!("{error:?}").into()))?;
    let mut document =
        Document::new_with(SerializeSettings { configuration, enable_tagging: false, ..SerializeSettings::default() });
    document.set_metadata(
        Metadata::new()
            .title(cut(&plain(sheet.title), LONGEST_TITLE))
            .creator(cut(&plain(sheet.tool), LONGEST_TITLE))
            .language("en".to_owned())
            .creation_date(date(sheet.dated)),
    );
    document.set_outline(bookmarks(&laid.bookmarks));
    for number in 0..laid.pages.len() {
        let settings = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).expect("A4 has a size");
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut brush = Brush { surface: &mut surface, fonts: &fonts, colour: None };
        running(&mut brush, sheet, &laid, number);
        for op in &laid.pages[number].ops {
            brush.op(op);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| ReportError::Pdf(Box::new(error)))
}

/// What stands on every page: the title and what the page is about, its number, and who made the report when.
fn running(brush: &mut Brush<'_, '_>, sheet: &Sheet<'_>, laid: &Laid, number: usize) {
    let fonts = brush.fonts;
    let width = RIGHT - LEFT;
    let of = line(fonts, &format!("page {} of {}", number + 1, laid.pages.len()), Face::Sans, RUNNING_SIZE, PALETTE.quiet, width);
    let space = width - of.width - 24.0;
    brush.line(RIGHT - of.width, HEADER_Y, RUNNING_SIZE, &of);
    let title = line(fonts, sheet.title, Face::SansStrong, RUNNING_SIZE, PALETTE.ink, space * 0.6);
    brush.line(LEFT, HEADER_Y, RUNNING_SIZE, &title);
    if let Some(subject) = &laid.pages[number].subject {
        let rest = space - title.width - 12.0;
        let subject = line_from_end(fonts, subject, Face::Mono, RUNNING_SIZE, PALETTE.quiet, rest);
        brush.line(LEFT + title.width + 12.0, HEADER_Y, RUNNING_SIZE, &subject);
    }
    brush.rectangle(LEFT, HEADER_Y + 7.0, width, 0.5, PALETTE.ink);
    brush.rectangle(LEFT, BOTTOM + 12.0, width, 0.5, PALETTE.line);
    let imprint = line(fonts, &sheet.imprint, Face::Sans, RUNNING_SIZE, PALETTE.quiet, width);
    brush.line(LEFT, FOOTER_Y, RUNNING_SIZE, &imprint);
}

struct Brush<'s, 'd> {
    surface: &'s mut Surface<'d>,
    fonts: &'s Fonts,
    colour: Option<u32>,
}

impl Brush<'_, '_> {
    fn op(&mut self, op: &Op) {
        match op {
            Op::Line { x, y, size, line } => self.line(*x, *y, *size, line),
            Op::Rectangle { x, y, width, height, colour } => self.rectangle(*x, *y, *width, *height, *colour),
            Op::Mark { x, y, side, mark } => {
                self.fill(PALETTE.of(*mark));
                let mut path = PathBuilder::new();
                for outline in outlines(*mark) {
                    for (at, (across, down)) in outline.iter().enumerate() {
                        let (to_x, to_y) = (x + across * side, y + down * side);
                        if at == 0 { path.move_to(to_x, to_y) } else { path.line_to(to_x, to_y) }
                    }
                    path.close();
                }
                if let Some(path) = path.finish() {
                    self.surface.draw_path(&path);
                }
            }
        }
    }

    fn line(&mut self, x: f32, y: f32, size: f32, line: &Line) {
        let mut at = x;
        for run in &line.runs {
            self.fill(run.colour);
            let glyphs = self.fonts.glyphs(run.face, &run.text);
            self.surface.draw_glyphs(Point::from_xy(at, y), &glyphs, self.fonts.font(run.face), &run.text, size, false);
            at += run.width * size;
        }
    }

    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: u32) {
        let mut path = PathBuilder::new();
        if let Some(rectangle) = Rect::from_xywh(x, y, width, height) {
            path.push_rect(rectangle);
        }
        if let Some(path) = path.finish() {
            self.fill(colour);
            self.surface.draw_path(&path);
        }
    }

    fn fill(&mut self, colour: u32) {
        if self.colour != Some(colour) {
            let [_, red, green, blue] = colour.to_be_bytes();
            let paint = rgb::Color::new(red, green, blue).into();
            self.surface.set_fill(Some(Fill { paint, rule: FillRule::EvenOdd, ..Fill::default() }));
            self.colour = Some(colour);
        }
    }
}

fn bookmarks(found: &[Bookmark]) -> Outline {
    let mut outline = Outline::new();
    let mut open: Option<OutlineNode> = None;
    for bookmark in found {
        let destination = XyzDestination::new(bookmark.page, Point::from_xy(0.0, bookmark.y));
        let node = OutlineNode::new(cut(&bookmark.words, LONGEST_BOOKMARK), destination);
        match &mut open {
            Some(subject) if !bookmark.subject => subject.push_child(node),
            _ => {
                if let Some(done) = open.replace(node) {
                    outline.push_child(done);
                }
            }
        }
    }
    if let Some(done) = open {
        outline.push_child(done);
    }
    outline
}

fn cut(words: &str, most: usize) -> String {
    if words.chars().count() <= most { words.to_owned() } else { words.chars().take(most).chain(['…']).collect() }
}

fn date(at: Timestamp) -> DateTime {
    let at = at.to_zoned(TimeZone::UTC).datetime();
    let part = |value: i8| u8::try_from(value).unwrap_or_default();
    DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
