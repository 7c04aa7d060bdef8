use crate::record;
use checkgate_interchange::csv;
use checkgate_model::{ClipRecord, FieldValue};

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
