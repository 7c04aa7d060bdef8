use crate::{reader, record, words};
use checkgate_interchange::csv;
use checkgate_model::{ClipRecord, FieldValue};
use serde_json::json;

#[test]
fn a_table_is_quoted_and_runs_no_formula() {
    let mut first = record();
    first.state("slate.note", "", Some(FieldValue::Text("=HYPERLINK(\"http://x\",\"y\")".to_owned())), "", "card");
    first.state("wb.tint", "maker", Some(FieldValue::Float(-3.5)), "", "card");
    first.state("reel.name", "", Some(FieldValue::Text("A004R1JL".to_owned())), "", "other");
    let text = csv::write(&[first, ClipRecord::new("second, clip")]);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 4);
    assert!(
        lines[0].starts_with("clip,reel.name,tc.start,tc.end,duration.frames,slate.scene,")
            && lines[0].contains("wb.tint [maker]")
    );
    assert!(
        lines[1].contains("\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"")
            && lines[1].contains(",-3.5,")
            && lines[1].ends_with(",reel.name")
    );
    assert!(lines[2].starts_with("\"second, clip\",,"));
    let cells = |line: &str| line.split(',').count();
    assert_eq!(cells(lines[0]), cells(&lines[2].replace("\"second, clip\"", "x")));
}

/// Read by the `csv` module of Python.
#[test]
fn fields_nobody_knows_are_columns_and_come_back() {
    let Some(python) = reader(&["csv"]) else { return };
    let (odd, lines) = ("a \"quoted\", thing; ", "two\r\nlines");
    let mut first = record();
    first.state("vendor.thing_of_tomorrow", "lx", words(odd), odd, "card");
    let mut second = ClipRecord::new("A003C002");
    second.state("vendor.note", "", words(lines), lines, "card");
    second.state("wb.kelvin", "K", None, "--", "card");
    let text = csv::write(&[first, second]);
    let script = "
import sys, csv, json, io
print(json.dumps(list(csv.DictReader(io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline=''), strict=True))))
";
    let printed = python.run(script, &[], text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&printed).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["vendor.thing_of_tomorrow [lx]"], &rows[0]["vendor.note"]), (&json!(odd), &json!("")));
    assert_eq!((&rows[1]["vendor.note"], &rows[1]["clip"]), (&json!(lines), &json!("A003C002")));
    assert_eq!(rows[1]["wb.kelvin [K]"], "", "what the maker does not know is no value");
}
