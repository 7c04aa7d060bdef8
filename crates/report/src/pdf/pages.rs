//! Owns where everything stands on the pages: blocks in, pages of lines, rectangles and marks out. Must never leave out a row or
//! draw outside the margins: a row goes to the next page whole, and one that is taller than a page is divided by lines.

use super::face::{Face, Fonts};
use super::lines::{Breaks, Line, Setting, lines};
use crate::sheet::{Block, Fact, Kind, Mark, Sheet, Table};
use crate::shown::{is_zero, number, plain};
use crate::template::{CONTINUED, Column, NONE, PALETTE};
use std::borrow::Cow;

pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;
pub(super) const LEFT: f32 = 50.0;
pub(super) const RIGHT: f32 = PAGE_WIDTH - 50.0;
const TOP: f32 = 62.0;
pub(super) const BOTTOM: f32 = PAGE_HEIGHT - 62.0;
const WIDTH: f32 = RIGHT - LEFT;

const LEADING: f32 = 13.0;
/// Where a line's letters stand, as a part of its height; the same for every face, so that cells of a row stand on one line.
const BASELINE: f32 = 0.73;
const LABELS: f32 = 140.0;
const GUTTER: f32 = 12.0;
const ROW_SPACE: f32 = 4.0;
const HEAD_HEIGHT: f32 = 13.0;
/// Sentences are not set wider than this.
const MEASURE: f32 = 430.0;
/// A summary with more lines stands under the box of the verdict, not in it.
const MOST_BOXED: usize = 30;

const fn setting(face: Face, size: f32, colour: u32, breaks: Breaks) -> Setting {
    Setting { face, size, colour, breaks }
}

const TITLE: Setting = setting(Face::SansStrong, 22.0, PALETTE.ink, Breaks::AtSpaces);
const OVER: Setting = setting(Face::Sans, 8.0, PALETTE.quiet, Breaks::AtSpaces);
const SUBJECT: Setting = setting(Face::MonoStrong, 12.0, PALETTE.ink, Breaks::Anywhere);
const SECTION: Setting = setting(Face::SansStrong, 10.5, PALETTE.ink, Breaks::AtSpaces);
const VERDICT: Setting = setting(Face::SansStrong, 16.0, PALETTE.ink, Breaks::AtSpaces);
const WORDS: Setting = setting(Face::Sans, 9.0, PALETTE.ink, Breaks::AtSpaces);
const STRONG: Setting = setting(Face::SansStrong, 9.0, PALETTE.ink, Breaks::AtSpaces);
const QUIET: Setting = setting(Face::Sans, 9.0, PALETTE.quiet, Breaks::AtSpaces);
const COUNT: Setting = setting(Face::Sans, 10.5, PALETTE.quiet, Breaks::AtSpaces);
const NAME: Setting = setting(Face::Mono, 8.25, PALETTE.ink, Breaks::Anywhere);
const FIGURE: Setting = setting(Face::MonoStrong, 8.25, PALETTE.ink, Breaks::Anywhere);
const ZERO: Setting = setting(Face::Mono, 8.25, PALETTE.quiet, Breaks::Anywhere);
const ROW_NUMBER: Setting = setting(Face::Mono, 7.0, PALETTE.quiet, Breaks::Anywhere);
const HEAD: Setting = setting(Face::Sans, 7.5, PALETTE.quiet, Breaks::AtSpaces);

/// Something drawn.
pub(super) enum Op {
    /// A line from `x` on the baseline `y`.
    Line {
        x: f32,
        y: f32,
        size: f32,
        line: Line,
    },
    Rectangle {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        colour: u32,
    },
    Mark {
        x: f32,
        y: f32,
        side: f32,
        mark: Mark,
    },
}

#[derive(Default)]
pub(super) struct Page {
    pub(super) ops: Vec<Op>,
    /// What the page is about, for its header.
    pub(super) subject: Option<String>,
}

/// A place that the outline leads to.
pub(super) struct Bookmark {
    pub(super) words: String,
    pub(super) page: usize,
    pub(super) y: f32,
    pub(super) subject: bool,
}

#[derive(Default)]
pub(super) struct Laid {
    pub(super) pages: Vec<Page>,
    pub(super) bookmarks: Vec<Bookmark>,
}

pub(super) fn lay_out(sheet: &Sheet<'_>, fonts: &Fonts) -> Laid {
    let mut laying =
        Laying { fonts, laid: Laid::default(), page: Page::default(), y: TOP, subject: None, section: "", after: After::Top };
    laying.flow(LEFT, WIDTH, sheet.title, TITLE, 28.0);
    laying.y += 8.0;
    laying.facts(&sheet.facts);
    for (index, block) in sheet.blocks.iter().enumerate() {
        laying.block(block, sheet.blocks.get(index + 1));
    }
    laying.need(40.0);
    laying.y += 20.0;
    laying.flow(LEFT, WIDTH, sheet.end, QUIET, LEADING);
    laying.turn();
    laying.laid
}

/// What stands above, which says how much space follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Top,
    Facts,
    Empty,
    Other,
}

struct Laying<'a> {
    fonts: &'a Fonts,
    laid: Laid,
    page: Page,
    y: f32,
    subject: Option<String>,
    section: &'static str,
    after: After,
}

impl Laying<'_> {
    fn block(&mut self, block: &Block<'_>, next: Option<&Block<'_>>) {
        let mut after = After::Other;
        match block {
            Block::Subject { over, name, fresh } => self.subject(over, name, *fresh),
            Block::Section { words, count } => self.section(words, *count, next),
            Block::Empty { words } => {
                self.empty(words);
                after = After::Empty;
            }
            Block::Verdict { mark, word, summary } => self.verdict(*mark, word, summary),
            Block::Words(words) => self.flow(LEFT, MEASURE, words, WORDS, LEADING),
            Block::Facts(facts) => {
                if self.after == After::Facts {
                    self.need(30.0);
                    self.rectangle(LEFT, self.y + 5.0, WIDTH, 0.4, PALETTE.line);
                    self.y += 10.0;
                }
                self.facts(facts);
                after = After::Facts;
            }
            Block::Table(table) => self.table(table),
        }
        self.after = after;
    }

    fn subject(&mut self, over: &str, name: &str, fresh: bool) {
        self.subject = Some(name.to_owned());
        self.section = "";
        if fresh {
            self.turn();
        } else {
            self.need(150.0);
            self.space(18.0);
        }
        self.page.subject = Some(name.to_owned());
        self.bookmark(plain(name), true);
        if self.y > TOP {
            self.rectangle(LEFT, self.y, WIDTH, 1.2, PALETTE.ink);
            self.y += 10.0;
        }
        if !over.is_empty() {
            self.flow(LEFT, WIDTH, over, OVER, 12.0);
        }
        self.flow(LEFT, WIDTH, name, SUBJECT, 17.0);
        self.y += 8.0;
    }

    fn verdict(&mut self, mark: Mark, word: &str, summary: &str) {
        let (inside, width) = (LEFT + 46.0, WIDTH - 60.0);
        let summary_lines = lines(self.fonts, summary, WORDS, width.min(MEASURE));
        let boxed = if summary_lines.len() <= MOST_BOXED { summary_lines.len() } else { 0 };
        let height = 42.0 + boxed as f32 * LEADING;
        self.need(height + 10.0);
        let (top, colour) = (self.y, PALETTE.of(mark));
        for (x, y, across, down) in
            [(LEFT, top, WIDTH, 0.6), (LEFT, top + height - 0.6, WIDTH, 0.6), (RIGHT - 0.6, top, 0.6, height)]
        {
            self.rectangle(x, y, across, down, PALETTE.line);
        }
        self.rectangle(LEFT, top, 5.0, height, colour);
        self.page.ops.push(Op::Mark { x: LEFT + 20.0, y: top + 13.0, side: 15.0, mark });
        self.y = top + 9.0;
        self.flow(inside, width, word, VERDICT, 23.0);
        for line in summary_lines.into_iter().take(boxed) {
            self.line(inside, WORDS, LEADING, line);
            self.y += LEADING;
        }
        self.y = top + height + 10.0;
        if boxed == 0 {
            self.flow(LEFT, MEASURE, summary, WORDS, LEADING);
            self.y += 10.0;
        }
    }

    /// A heading, on the page on which what it heads begins.
    fn section(&mut self, words: &'static str, count: Option<u64>, next: Option<&Block<'_>>) {
        let below = match next {
            Some(Block::Table(table)) => {
                HEAD_HEIGHT + table.rows.first().map_or(0.0, |row| self.tall(row, &self.places(table).1))
            }
            _ => 2.0 * LEADING,
        };
        self.need(34.0 + below.min((BOTTOM - TOP) / 2.0));
        self.space(15.0);
        self.section = words;
        self.bookmark(words.to_owned(), false);
        let heading = lines(self.fonts, words, SECTION, WIDTH).swap_remove(0);
        let beside = LEFT + heading.width + 6.0;
        self.line(LEFT, SECTION, 16.0, heading);
        if let Some(count) = count {
            let count = lines(self.fonts, &number(count), COUNT, WIDTH).swap_remove(0);
            self.line(beside, COUNT, 16.0, count);
        }
        self.y += 19.0;
    }

    /// A heading and the word that nothing is under it, on one line, so that a clean drive stays one page.
    fn empty(&mut self, words: &'static str) {
        let above = if self.after == After::Empty { 0.0 } else { 15.0 };
        self.need(above + 15.0);
        self.space(above);
        self.section = words;
        self.bookmark(words.to_owned(), false);
        let heading = lines(self.fonts, words, STRONG, LABELS).swap_remove(0);
        self.line(LEFT, STRONG, 15.0, heading);
        let none = lines(self.fonts, NONE, QUIET, WIDTH).swap_remove(0);
        self.line(LEFT + LABELS, QUIET, 15.0, none);
        self.y += 15.0;
    }

    fn facts(&mut self, facts: &[Fact<'_>]) {
        for Fact { label, value, kind } in facts {
            self.need(LEADING + 2.0);
            let label = lines(self.fonts, label, QUIET, LABELS).swap_remove(0);
            self.line(LEFT, QUIET, LEADING, label);
            self.flow(LEFT + LABELS, WIDTH - LABELS, value, set_as(*kind, value), LEADING);
            self.y += 2.0;
        }
    }

    fn table(&mut self, table: &Table<'_>) {
        let (gauge, places) = self.places(table);
        self.head(&places);
        for (index, row) in table.rows.iter().enumerate() {
            let mut cells = self.cells(row, &places);
            let tallest = cells.iter().map(Vec::len).max().unwrap_or(1);
            let height = tallest as f32 * LEADING + ROW_SPACE;
            if self.y + height > BOTTOM && height < (BOTTOM - TOP) * 0.75 {
                self.next_page(&places);
            }
            self.y += ROW_SPACE / 2.0;
            for step in 0..tallest {
                if self.y + LEADING > BOTTOM {
                    self.next_page(&places);
                }
                if step == 0 && table.numbered {
                    let shown = lines(self.fonts, &number(index as u64 + 1), ROW_NUMBER, WIDTH).swap_remove(0);
                    self.line(LEFT + gauge - shown.width, ROW_NUMBER, LEADING, shown);
                }
                for ((cell, place), value) in cells.iter_mut().zip(&places).zip(row) {
                    if let Some(line) = cell.get_mut(step).map(std::mem::take) {
                        self.line(place.start(&line), set_as(place.column.kind, value), LEADING, line);
                    }
                }
                self.y += LEADING;
            }
            self.y += ROW_SPACE / 2.0;
            self.rectangle(LEFT, self.y - 0.4, WIDTH, 0.4, PALETTE.line);
        }
        self.y += 2.0;
    }

    /// Where the row numbers end, and where the columns stand.
    fn places(&self, table: &Table<'_>) -> (f32, Vec<Place<'static>>) {
        if !table.numbered {
            return (0.0, places(table.columns, LEFT));
        }
        let widest = lines(self.fonts, &number(table.rows.len() as u64), ROW_NUMBER, WIDTH).swap_remove(0);
        let gauge = widest.width.max(12.0);
        (gauge, places(table.columns, LEFT + gauge + 10.0))
    }

    fn cells(&self, row: &[Cow<'_, str>], places: &[Place<'_>]) -> Vec<Vec<Line>> {
        row.iter()
            .zip(places)
            .map(|(value, place)| lines(self.fonts, value, set_as(place.column.kind, value), place.width))
            .collect()
    }

    fn tall(&self, row: &[Cow<'_, str>], places: &[Place<'_>]) -> f32 {
        self.cells(row, places).iter().map(Vec::len).max().unwrap_or(1) as f32 * LEADING + ROW_SPACE
    }

    fn head(&mut self, columns: &[Place<'_>]) {
        for place in columns {
            let label = lines(self.fonts, place.column.label, HEAD, place.width).swap_remove(0);
            self.line(place.start(&label), HEAD, 12.0, label);
        }
        self.y += HEAD_HEIGHT;
        self.rectangle(LEFT, self.y - 0.7, WIDTH, 0.7, PALETTE.ink);
    }

    /// The next page of a table says which list goes on and repeats its head.
    fn next_page(&mut self, columns: &[Place<'_>]) {
        self.turn();
        let heading = lines(self.fonts, self.section, SECTION, WIDTH).swap_remove(0);
        let beside = LEFT + heading.width + 6.0;
        self.line(LEFT, SECTION, 16.0, heading);
        let continued = lines(self.fonts, CONTINUED, COUNT, WIDTH).swap_remove(0);
        self.line(beside, COUNT, 16.0, continued);
        self.y += 19.0;
        self.head(columns);
    }

    /// Lines under each other, over as many pages as they need.
    fn flow(&mut self, x: f32, width: f32, text: &str, setting: Setting, leading: f32) {
        for line in lines(self.fonts, text, setting, width) {
            self.need(leading);
            self.line(x, setting, leading, line);
            self.y += leading;
        }
    }

    fn line(&mut self, x: f32, setting: Setting, leading: f32, line: Line) {
        if !line.runs.is_empty() {
            self.page.ops.push(Op::Line { x, y: self.y + leading * BASELINE, size: setting.size, line });
        }
    }

    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: u32) {
        self.page.ops.push(Op::Rectangle { x, y, width, height, colour });
    }

    fn bookmark(&mut self, words: String, subject: bool) {
        self.laid.bookmarks.push(Bookmark { words, page: self.laid.pages.len(), y: self.y, subject });
    }

    /// Space above something; a page begins without.
    fn space(&mut self, height: f32) {
        if self.y > TOP {
            self.y += height;
        }
    }

    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let next = Page { ops: Vec::new(), subject: self.subject.clone() };
        self.laid.pages.push(std::mem::replace(&mut self.page, next));
        self.y = TOP;
        self.after = After::Top;
    }
}

/// A column and where it stands.
struct Place<'a> {
    column: &'a Column,
    left: f32,
    width: f32,
}

impl Place<'_> {
    /// Where a line begins: figures end at the right.
    fn start(&self, line: &Line) -> f32 {
        match self.column.kind {
            Kind::Figure => self.left + self.width - line.width,
            _ => self.left,
        }
    }
}

fn places(columns: &'static [Column], left: f32) -> Vec<Place<'static>> {
    let mut at = left;
    let last = columns.len().saturating_sub(1);
    columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let whole = (RIGHT - left) * column.share;
            let place = Place { column, left: at, width: if index == last { whole } else { whole - GUTTER } };
            at += whole;
            place
        })
        .collect()
}

fn set_as(kind: Kind, value: &str) -> Setting {
    match kind {
        Kind::Words => WORDS,
        Kind::Quiet => QUIET,
        Kind::Name => NAME,
        Kind::Figure if is_zero(value) => ZERO,
        Kind::Figure => FIGURE,
    }
}
