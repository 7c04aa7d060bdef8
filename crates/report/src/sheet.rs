//! Owns a document between its value and its writers: blocks in reading order. Must never know what the document is about, nor
//! how a writer shows a block.

use crate::template::Column;
use checkgate_model::Timestamp;
use std::borrow::Cow;

/// A whole document.
pub(crate) struct Sheet<'a> {
    pub(crate) title: &'a str,
    /// Made by and on; stands on every page.
    pub(crate) imprint: String,
    pub(crate) tool: &'a str,
    /// The date of the document.
    pub(crate) dated: Timestamp,
    /// Facts under the title.
    pub(crate) facts: Vec<Fact<'a>>,
    pub(crate) blocks: Vec<Block<'a>>,
    /// The last line, which proves that nothing was cut off.
    pub(crate) end: &'static str,
}

/// One thing on the sheet.
pub(crate) enum Block<'a> {
    /// A new subject; it starts a page where there are several.
    Subject {
        over: String,
        name: &'a str,
        fresh: bool,
    },
    /// A section of a subject, with the number of its rows where that says something.
    Section {
        words: &'static str,
        count: Option<u64>,
    },
    /// A section in which nothing was found.
    Empty {
        words: &'static str,
    },
    /// The one large thing.
    Verdict {
        mark: Mark,
        word: &'static str,
        summary: &'a str,
    },
    Words(Cow<'a, str>),
    Facts(Vec<Fact<'a>>),
    Table(Table<'a>),
}

/// A label and its value.
pub(crate) struct Fact<'a> {
    pub(crate) label: &'static str,
    pub(crate) value: Cow<'a, str>,
    pub(crate) kind: Kind,
}

/// What a value is, which says how it is set and where it may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sentences.
    Words,
    /// Explanations beside something else.
    Quiet,
    /// Paths, hashes and identifiers: fixed width, exact, may break anywhere.
    Name,
    /// A number, right-aligned.
    Figure,
}

/// Rows under columns.
pub(crate) struct Table<'a> {
    pub(crate) columns: &'static [Column],
    /// Whether rows carry a number, so that a page can be cited and the last row shows the count.
    pub(crate) numbered: bool,
    pub(crate) rows: Vec<Vec<Cow<'a, str>>>,
}

/// The shape that stands beside a word, so that colour never stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Proven,
    Attention,
    Failed,
    Unknown,
}
