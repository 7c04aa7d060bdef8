//! Promises of ALE and CSV.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests fail loudly, name what they skip, and read samples themselves"
)]

use checkgate_interchange::ale::{self, Ale, AleError};
use checkgate_interchange::csv;
use checkgate_model::{ClipRecord, FieldValue, FrameRate};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn samples() -> Option<PathBuf> {
    let root = std::env::var_os("CHECKGATE_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"), PathBuf::from);
    let folder = root.join("camera/otio-ale");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: samples missing ({})", folder.display());
    None
}

fn record() -> ClipRecord {
    let mut record = ClipRecord::new("A003C001_261123_R1JL");
    let text = |text: &str| Some(FieldValue::Text(text.to_owned()));
    for (field, value) in [
        ("clip.name", text("A003C001_261123_R1JL")),
        ("tc.start", text("14:23:07:11")),
        ("tc.end", text("14:23:09:11")),
        ("tc.rate", Some(FieldValue::Rational(24_000, 1001))),
        ("duration.frames", Some(FieldValue::Int(48))),
        ("reel.name", text("A003R1JL")),
        ("file.name", text("A003C001_261123_R1JL.mov")),
        ("image.width_height", Some(FieldValue::Size(1920, 1080))),
        ("audio.channels", Some(FieldValue::Int(2))),
        ("audio.sample_rate", Some(FieldValue::Int(48_000))),
        ("slate.scene", text("012A\tand more")),
        ("look.cdl", Some(FieldValue::List(vec![1.05, 1.0, 0.96, 0.002, 0.0, -0.003, 1.0, 1.0, 1.02]))),
    ] {
        record.state(field, "", value, "raw", "test");
    }
    record
}

#[test]
fn an_ale_has_what_avid_asks_for() {
    let ale = ale::from_records(&[record()], FrameRate::new(24_000, 1001).unwrap(), "1080");
    let text = ale.write();
    assert!(text.starts_with("Heading\r\nFIELD_DELIM\tTABS\r\nVIDEO_FORMAT\t1080\r\nAUDIO_FORMAT\t48khz\r\nFPS\t23.976\r\n\r\nColumn\r\nName\tTracks\tStart\tEnd\tDuration\tFPS\tTape\t"));
    assert!(
        text.contains("\r\n\r\nData\r\nA003C001_261123_R1JL\tVA1A2\t14:23:07:11\t14:23:09:11\t00:00:02:00\t23.976\tA003R1JL\t")
    );
    assert!(!text.contains("Lens_type"), "a column without a value is left out");
    let read = ale::parse(&text).unwrap();
    assert_eq!((&read.heading, &read.columns), (&ale.heading, &ale.columns));
    assert_eq!(read.cell(&read.rows[0], "scene"), Some("012A and more"), "a tab in a value never makes a cell");
    assert_eq!(read.cell(&read.rows[0], "ASC_SOP"), Some("(1.05 1 0.96)(0.002 0 -0.003)(1 1 1.02)"));
    assert_eq!(read.rate(), FrameRate::new(24_000, 1001));
}

#[test]
fn real_lists_are_read_and_survive_a_round_trip() {
    let Some(folder) = samples() else { return };
    for (name, columns, rows, fps) in [
        ("sample.ale", 129, 4, "24"),
        ("sample2.ale", 32, 2, "23.98"),
        ("sample_blanks.ale", 37, 1, "25"),
        ("sample_cdl.ale", 17, 4, "23.976"),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let read = ale::parse(&String::from_utf8_lossy(&bytes)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!read.columns.is_empty() && !read.rows.is_empty(), "{name}");
        assert!(read.rows.iter().all(|row| row.len() == read.columns.len()), "{name}");
        assert_eq!((read.columns.len(), read.rows.len(), read.heading("FPS")), (columns, rows, Some(fps)), "{name}");
        assert_eq!(ale::parse(&read.write()).unwrap(), read, "{name}");
    }
}

#[test]
fn what_is_no_ale_is_refused_with_a_reason() {
    assert_eq!(ale::parse("hello"), Err(AleError::NoHeading));
    assert_eq!(ale::parse(""), Err(AleError::NoHeading));
    assert_eq!(ale::parse("Heading\nFPS\t24\n"), Err(AleError::NoColumns));
    assert_eq!(ale::parse("Heading\nFIELD_DELIM\tCOMMAS\n"), Err(AleError::Delimiter("COMMAS".to_owned())));
    let late = "Heading\nFPS\t24\n\nColumn\n\nName\tStart\n\n\nData\n\na\t01:00:00:00\nb\n";
    let read = ale::parse(late).unwrap();
    assert_eq!(read.rows, [["a", "01:00:00:00"], ["b", ""]]);
}

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

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(Heading\n)?[\\PC\t\r\n]{0,400}") {
        if let Ok(read) = ale::parse(&text) {
            prop_assert_eq!(ale::parse(&read.write()).map(|again| again.rows.len()), Ok(read.rows.len()));
        }
    }

    #[test]
    fn cells_survive_whatever_they_hold(cells in proptest::collection::vec("[a-zA-Z0-9 =+()._-]{1,12}", 1..6)) {
        let columns = (0..cells.len()).map(|at| format!("Column{at}")).collect();
        let ale = Ale { heading: vec![("FPS".to_owned(), "24".to_owned())], columns, rows: vec![cells.iter().map(|cell| format!("x{cell}")).collect()] };
        prop_assert_eq!(ale::parse(&ale.write()), Ok(ale));
    }
}
