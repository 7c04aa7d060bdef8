//! Owns the sheet as one HTML file: no script, nothing fetched, every value escaped. Must never put a value anywhere but into text.

use crate::sheet::{Block, Fact, Kind, Mark, Sheet, Table};
use crate::shown::{Piece, code, is_zero, number, pieces};
use crate::template::{NONE, PALETTE, outlines};
use std::fmt::Write as _;

const STYLE: &str = include_str!("report.css");

/// A stylesheet, and nothing else, may be used by the file; whatever a name might smuggle in has nowhere to go.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(crate) fn write(sheet: &Sheet<'_>) -> String {
    let mut page = Page { out: String::with_capacity(16 * 1024), subject: 0, section: 0, open: None };
    let title = escaped(sheet.title);
    let _ = write!(
        page.out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light\">\n<meta name=\"generator\" content=\"{}\">\n\
         <title>{title}</title>\n<style>\n:root {{",
        escaped(sheet.tool)
    );
    for (name, colour) in [
        ("ink", PALETTE.ink),
        ("quiet", PALETTE.quiet),
        ("line", PALETTE.line),
        ("proven", PALETTE.proven),
        ("attention", PALETTE.attention),
        ("failed", PALETTE.failed),
        ("unknown", PALETTE.unknown),
    ] {
        let _ = write!(page.out, " --{name}: #{colour:06x};");
    }
    let _ = write!(page.out, " }}\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n", rich(sheet.title));
    page.facts(&sheet.facts);
    for block in &sheet.blocks {
        page.block(block);
    }
    page.close();
    let _ = write!(page.out, "</main>\n<footer>{}. {}</footer>\n</body>\n</html>\n", sheet.end, rich(&sheet.imprint));
    page.out
}

struct Page {
    out: String,
    subject: usize,
    section: usize,
    /// The element of the open section.
    open: Option<&'static str>,
}

impl Page {
    fn block(&mut self, block: &Block<'_>) {
        match block {
            Block::Subject { over, name, fresh } => {
                self.close();
                self.subject += 1;
                let fresh = if *fresh { " fresh" } else { "" };
                let over = if over.is_empty() { String::new() } else { format!("<small>{}</small> ", escaped(over)) };
                let _ = writeln!(
                    self.out,
                    "<h2 class=\"subject{fresh}\" id=\"subject-{}\">{over}<span class=\"name\" dir=\"ltr\">{}</span></h2>",
                    self.subject,
                    rich(name)
                );
            }
            Block::Section { words, count } => {
                let count = count.map(|count| format!(" <span class=\"count\">{}</span>", number(count))).unwrap_or_default();
                self.heading(words, &count, "");
            }
            Block::Empty { words } => {
                self.heading(words, "", " class=\"empty\"");
                let _ = writeln!(self.out, "<p>{NONE}</p>");
            }
            Block::Verdict { mark, word, summary } => {
                let _ = writeln!(
                    self.out,
                    "<div class=\"verdict {}\">{}<div><p class=\"word\"><span class=\"unseen\">Verdict: </span>{word}</p>\
                     <p>{}</p></div></div>",
                    class(*mark),
                    shape(*mark),
                    rich(summary)
                );
            }
            Block::Words(words) => {
                let _ = writeln!(self.out, "<p>{}</p>", rich(words));
            }
            Block::Facts(facts) => self.facts(facts),
            Block::Table(table) => self.table(table),
        }
    }

    fn heading(&mut self, words: &str, count: &str, class: &str) {
        self.close();
        self.section += 1;
        // Levels are not skipped: before the first subject, a section stands right under the title.
        let level = if self.subject == 0 { 2 } else { 3 };
        let _ = writeln!(
            self.out,
            "<section{class} aria-labelledby=\"section-{0}\">\n<h{level} class=\"section\" id=\"section-{0}\">{1}{count}</h{level}>",
            self.section,
            escaped(words)
        );
        self.open = Some("</section>\n");
    }

    fn close(&mut self) {
        self.out.push_str(self.open.take().unwrap_or_default());
    }

    fn facts(&mut self, facts: &[Fact<'_>]) {
        self.out.push_str("<dl>\n");
        for Fact { label, value, kind } in facts {
            let _ = writeln!(self.out, "<dt>{}</dt><dd{}>{}</dd>", escaped(label), attributes(*kind, value), rich(value));
        }
        self.out.push_str("</dl>\n");
    }

    fn table(&mut self, table: &Table<'_>) {
        let numbered = if table.numbered { " class=\"numbered\"" } else { "" };
        let _ = write!(self.out, "<table{numbered} aria-labelledby=\"section-{}\">\n<thead><tr>", self.section);
        for column in table.columns {
            let _ = write!(
                self.out,
                "<th scope=\"col\"{} style=\"width:{:.0}%\">{}</th>",
                if column.kind == Kind::Figure { " class=\"figure\"" } else { "" },
                column.share * 100.0,
                escaped(column.label)
            );
        }
        self.out.push_str("</tr></thead>\n<tbody>\n");
        // What a row is about: its name, or else its first value.
        let about = table.columns.iter().position(|column| column.kind == Kind::Name).unwrap_or(0);
        for row in &table.rows {
            self.out.push_str("<tr>");
            for (at, (value, column)) in row.iter().zip(table.columns).enumerate() {
                let (element, scope) = if at == about { ("th", " scope=\"row\"") } else { ("td", "") };
                let _ = write!(self.out, "<{element}{scope}{}>{}</{element}>", attributes(column.kind, value), rich(value));
            }
            self.out.push_str("</tr>\n");
        }
        self.out.push_str("</tbody>\n</table>\n");
    }
}

/// Names read from left to right whatever they hold, and cannot reorder what stands beside them.
fn attributes(kind: Kind, value: &str) -> &'static str {
    match kind {
        Kind::Words => "",
        Kind::Quiet => " class=\"quiet\"",
        Kind::Name => " class=\"name\" dir=\"ltr\"",
        Kind::Figure if is_zero(value) => " class=\"figure zero\"",
        Kind::Figure => " class=\"figure\"",
    }
}

const fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Proven => "proven",
        Mark::Attention => "attention",
        Mark::Failed => "failed",
        Mark::Unknown => "unknown",
    }
}

fn shape(mark: Mark) -> String {
    let mut path = String::new();
    for outline in outlines(mark) {
        for (at, (x, y)) in outline.iter().enumerate() {
            let _ = write!(path, "{}{:.0} {:.0}", if at == 0 { 'M' } else { 'L' }, x * 100.0, y * 100.0);
        }
        path.push('z');
    }
    format!("<svg viewBox=\"0 0 100 100\" aria-hidden=\"true\"><path fill-rule=\"evenodd\" d=\"{path}\"/></svg>")
}

/// A value for an attribute or a place that holds text only.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(part) => escape(&mut out, part),
            Piece::Code(character) => out.push_str(&code(character)),
        }
    }
    out
}

/// A value as text, code points set apart from a name that spells one.
fn rich(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for piece in pieces(text) {
        match piece {
            Piece::Plain(part) => escape(&mut out, part),
            Piece::Code(character) => {
                let _ = write!(out, "<span class=\"code\">{}</span>", code(character));
            }
        }
    }
    out
}

fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}
