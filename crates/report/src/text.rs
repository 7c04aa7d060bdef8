//! Owns the sheet as plain text. Must never cut a name: sentences wrap, lists do not.

use crate::sheet::{Block, Fact, Kind, Sheet, Table};
use crate::shown::{number, plain};
use crate::template::NONE;

const WIDTH: usize = 80;
const LABEL: usize = 20;

pub(crate) fn write(sheet: &Sheet<'_>) -> String {
    let mut out = String::new();
    underlined(&mut out, &plain(sheet.title), '=');
    facts(&mut out, &sheet.facts);
    let mut after_facts = false;
    for block in &sheet.blocks {
        match block {
            Block::Subject { over, name, .. } => {
                let over = if over.is_empty() { String::new() } else { format!("{over}: ") };
                out.push('\n');
                underlined(&mut out, &format!("{over}{}", plain(name)), '-');
            }
            Block::Section { words, count: None } => line(&mut out, &["\n", words]),
            Block::Section { words, count: Some(count) } => line(&mut out, &["\n", words, " (", &number(*count), ")"]),
            Block::Empty { words } => line(&mut out, &["\n", words, " (0)\n  ", NONE]),
            Block::Verdict { word, summary, .. } => {
                line(&mut out, &["Verdict: ", word]);
                wrapped(&mut out, &plain(summary), "", "");
                out.push('\n');
            }
            Block::Words(words) => wrapped(&mut out, &plain(words), "  ", "  "),
            Block::Facts(list) => {
                if after_facts {
                    out.push('\n');
                }
                facts(&mut out, list);
            }
            Block::Table(table) => rows(&mut out, table),
        }
        after_facts = matches!(block, Block::Facts(_));
    }
    line(&mut out, &["\n", sheet.end]);
    out
}

fn line(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
    out.push('\n');
}

fn underlined(out: &mut String, words: &str, stroke: char) {
    line(out, &[words]);
    let strokes = words.chars().count().clamp(1, WIDTH);
    out.extend(std::iter::repeat_n(stroke, strokes));
    out.push('\n');
}

fn facts(out: &mut String, list: &[Fact<'_>]) {
    let hanging = " ".repeat(LABEL);
    for Fact { label, value, kind } in list {
        let first = format!("  {label:<width$}", width = LABEL - 2);
        match kind {
            Kind::Name => line(out, &[&first, &plain(value)]),
            _ => wrapped(out, &plain(value), &first, &hanging),
        }
    }
}

/// One row to a line where a table has one column or holds numbers; otherwise the first value, and the others under it with their
/// labels, so that recorded and found stand above each other.
fn rows(out: &mut String, table: &Table<'_>) {
    let aligned = table.columns.iter().any(|column| column.kind == Kind::Figure);
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|at| table.rows.iter().map(|row| plain(&row[at]).chars().count()).max().unwrap_or(0))
        .collect();
    let labels = table.columns.iter().skip(1).map(|column| short(column.label).chars().count()).max().unwrap_or(0) + 1;
    for row in &table.rows {
        let mut text = String::from(" ");
        for ((value, column), width) in row.iter().zip(table.columns).zip(&widths) {
            let value = plain(value);
            match (aligned, column.kind) {
                (true, Kind::Figure) => text.push_str(&format!(" {value:>width$} ")),
                (true, _) => text.push_str(&format!(" {value:<width$} ")),
                (false, _) if text.len() == 1 => text.push_str(&format!(" {value}")),
                (false, _) => text.push_str(&format!("\n      {:<labels$} {value}", format!("{}:", short(column.label)))),
            }
        }
        line(out, &[text.trim_end()]);
    }
}

/// The part of a label before its explanation.
fn short(label: &str) -> &str {
    label.split_once(':').map_or(label, |(short, _)| short)
}

fn wrapped(out: &mut String, words: &str, first: &str, hanging: &str) {
    let mut text = first.to_owned();
    let mut fill = first.chars().count();
    let mut empty = true;
    for word in words.split(' ') {
        let length = word.chars().count();
        if !empty && fill + 1 + length > WIDTH {
            line(out, &[text.trim_end()]);
            text = hanging.to_owned();
            (fill, empty) = (hanging.chars().count(), true);
        }
        if !empty {
            text.push(' ');
            fill += 1;
        }
        text.push_str(word);
        fill += length;
        empty = false;
    }
    line(out, &[text.trim_end()]);
}
