//! Owns reading a table of text: commas, semicolons or tabs, quotes around a cell, one header line. Bounded in cells.

use crate::canonical::{ValueKind, canonical};
use crate::values::{Reading, reading};
use crate::vendor::{Statements, Strength};
use checkgate_model::metadata::MOST_CHANGES;
use checkgate_model::{FieldValue, FrameChange};

const MAX_COLUMNS: usize = 1024;
const MAX_CELLS: usize = 4 << 20;
const MAX_ROWS: usize = 100_000;

/// A table whose cells are slices of its text.
pub(crate) struct Table<'a> {
    header: Vec<&'a str>,
    rows: Vec<Vec<&'a str>>,
    whole: bool,
}

impl<'a> Table<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
        let head = lines.next().unwrap_or("");
        let separator = ['\t', ',', ';'].into_iter().max_by_key(|c| head.matches(*c).count()).unwrap_or(',');
        let header = cells(head, separator);
        let mut left = MAX_CELLS;
        let mut rows = Vec::new();
        let mut whole = true;
        for line in lines {
            let row = cells(line, separator);
            match left.checked_sub(row.len()) {
                Some(rest) if rows.len() < MAX_ROWS => left = rest,
                _ => {
                    whole = false;
                    break;
                }
            }
            rows.push(row);
        }
        Self { header, rows, whole }
    }

    /// A table of one row out of pairs, for tools that print `key: value`.
    pub(crate) fn of_rows(header: Vec<&'a str>, rows: Vec<Vec<&'a str>>) -> Self {
        Self { header, rows, whole: true }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.header.iter().any(|column| column.eq_ignore_ascii_case(name))
    }

    pub(crate) fn header(&self) -> &[&'a str] {
        &self.header
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Rows, where all of them were read: a length may be concluded from them.
    pub(crate) fn frames(&self) -> Option<u32> {
        u32::try_from(self.rows.len()).ok().filter(|rows| self.whole && *rows > 1)
    }

    /// Column numbers of that name; some tools print one name twice.
    fn columns(&self, name: &str) -> Vec<usize> {
        let same = self.header.iter().enumerate().filter(|(_, column)| column.eq_ignore_ascii_case(name));
        same.map(|(at, _)| at).collect()
    }

    fn at(&self, row: usize, columns: &[usize]) -> Option<&'a str> {
        let row = self.rows.get(row)?;
        columns.iter().filter_map(|at| row.get(*at).copied()).find(|cell| !cell.trim().is_empty())
    }

    /// The cells of a column, one for each row.
    pub(crate) fn column(&self, name: &str) -> Vec<Option<&'a str>> {
        let columns = self.columns(name);
        if columns.is_empty() {
            return Vec::new();
        }
        (0..self.rows.len()).map(|row| self.at(row, &columns)).collect()
    }

    /// The first cell of a column that says something.
    pub(crate) fn first(&self, name: &str) -> Option<&'a str> {
        let columns = self.columns(name);
        if columns.is_empty() {
            return None;
        }
        (0..self.rows.len()).find_map(|row| self.at(row, &columns))
    }

    pub(crate) fn last(&self, name: &str) -> Option<&'a str> {
        let columns = self.columns(name);
        if columns.is_empty() {
            return None;
        }
        (0..self.rows.len()).rev().find_map(|row| self.at(row, &columns))
    }
}

fn cells(line: &str, separator: char) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in line.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if c == separator && !quoted {
            found.push(clean(&line[start..at]));
            start = at + c.len_utf8();
            if found.len() + 1 >= MAX_COLUMNS {
                break;
            }
        }
    }
    found.push(clean(&line[start..]));
    found
}

fn clean(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell)
}

/// States a column: its first value, and its changes over the rows where they differ. `read` is how this tool writes the field.
pub(crate) fn tell_with(
    said: &mut Statements,
    table: &Table<'_>,
    (field, column): (&str, &str),
    file_name: &str,
    read: &dyn Fn(usize, &str) -> Reading,
) {
    let source = format!("{file_name}: column {column}");
    let mut first = true;
    let mut changes: Vec<FrameChange> = Vec::new();
    let columns = table.columns(column);
    for row in if columns.is_empty() { 0..0 } else { 0..table.rows() } {
        let Some(raw) = table.at(row, &columns) else { continue };
        let value: Option<FieldValue> = match read(row, raw) {
            Reading::Absent => continue,
            Reading::Unknown => None,
            Reading::Value(value) => Some(value),
        };
        if first {
            match &value {
                Some(value) => said.value(Strength::Sidecar, &source, field, value.clone(), raw),
                None => said.unknown(Strength::Sidecar, &source, field, canonical(field).unit, raw),
            }
            first = false;
        }
        if changes.last().is_none_or(|last| last.value != value) {
            changes.push(FrameChange { frame: u32::try_from(row).unwrap_or(u32::MAX), value });
            if changes.len() > MOST_CHANGES {
                break;
            }
        }
    }
    if !first && table.rows() > 1 && canonical(field).may_vary {
        said.changes(field, changes);
    }
}

/// States a column as its field is commonly written.
pub(crate) fn tell(said: &mut Statements, table: &Table<'_>, field: &str, column: &str, file_name: &str) {
    let kind = canonical(field).kind;
    if let (ValueKind::Gamma | ValueKind::Text, Some(raw)) = (kind, table.first(column)) {
        let source = format!("{file_name}: column {column}");
        return said.read(Strength::Sidecar, &source, field, raw, None);
    }
    tell_with(said, table, (field, column), file_name, &|_, raw| reading(kind, raw, None));
}

/// As `tell`, for many columns.
pub(crate) fn tell_all(said: &mut Statements, table: &Table<'_>, columns: &[(&str, &str)], file_name: &str) {
    for (column, field) in columns {
        if table.has(column) {
            tell(said, table, field, column, file_name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_separators_and_the_first_of_two_columns_that_speaks_is_read() {
        let table = Table::parse("\u{feff}Lens,Name,Lens\r\n,\"a, b\",50mm\r\n\r\n,c,\r\n");
        assert_eq!(
            (table.rows(), table.first("lens"), table.first("Name"), table.last("Name")),
            (2, Some("50mm"), Some("a, b"), Some("c"))
        );
        assert!(Table::parse("").first("x").is_none());
    }
}
