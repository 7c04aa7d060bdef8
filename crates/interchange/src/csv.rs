//! Owns CSV (RFC 4180): one row per clip, one column per canonical field. A value that a spreadsheet would run as a formula
//! (first character `=`, `+`, `-`, `@`, tab or return) gets an apostrophe before it, unless it is a plain number: a card's
//! metadata is hostile input, and the table is opened by people. The exact value is in the JSON record.

use checkgate_model::{ClipRecord, FieldState};
use std::collections::BTreeSet;

/// Columns that come first, where any record has them; the others follow in alphabetical order.
const FIRST: &[&str] = &[
    "reel.name",
    "camera.index",
    "tc.start",
    "tc.end",
    "duration.frames",
    "rate.project",
    "slate.scene",
    "slate.take",
    "slate.circled",
];

/// The table of `records` with every field any of them has. The last column names the fields whose sources disagree.
#[must_use]
pub fn write(records: &[ClipRecord]) -> String {
    let every: BTreeSet<&str> = records.iter().flat_map(|record| record.fields.keys().map(String::as_str)).collect();
    let mut columns: Vec<&str> = FIRST.iter().copied().filter(|name| every.contains(name)).collect();
    columns.extend(every.iter().copied().filter(|name| !FIRST.contains(name)));
    let mut text = String::new();
    let heading = |name: &&str| {
        let unit = records
            .iter()
            .filter_map(|record| record.fields.get(*name))
            .map(|field| field.unit.as_str())
            .find(|unit| !unit.is_empty());
        unit.map_or_else(|| (*name).to_owned(), |unit| format!("{name} [{unit}]"))
    };
    let names: Vec<String> =
        ["clip".to_owned()].into_iter().chain(columns.iter().map(heading)).chain(["sources disagree".to_owned()]).collect();
    push_row(&mut text, &names);
    for record in records {
        let conflicts: Vec<&str> = record
            .fields
            .iter()
            .filter(|(_, field)| field.state == FieldState::Conflict)
            .map(|(name, _)| name.as_str())
            .collect();
        let row: Vec<String> = [record.clip.clone()]
            .into_iter()
            .chain(columns.iter().map(|name| record.text(name)))
            .chain([conflicts.join(" ")])
            .collect();
        push_row(&mut text, &row);
    }
    text
}

fn push_row(text: &mut String, cells: &[String]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&quoted(&neutral(cell)));
    }
    text.push_str("\r\n");
}

fn neutral(cell: &str) -> String {
    let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if risky && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell.to_owned() }
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
