use crate::{reader, record, sample, timed};
use checkgate_interchange::ale::{self, Ale, AleError};
use checkgate_model::{FieldValue, FrameRate};
use proptest::prelude::*;

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
    assert_eq!(read.cell(&read.rows[0], "ASC_SOP"), Some("(1.05 1.0 0.96)(0.002 0.0 -0.003)(1.0 1.0 1.02)"));
    assert_eq!(read.rate(), FrameRate::new(24_000, 1001));
}

#[test]
fn real_lists_are_read_and_survive_a_round_trip() {
    let Some(folder) = sample("camera/otio-ale") else { return };
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

/// Avid and Resolve read length, start and end; the three must agree whichever they take.
#[test]
fn lengths_count_as_their_starts_do() {
    let drop = timed("D001C001", "00:59:50;00", (30_000, 1001), 1_800);
    let mut high = timed("H001C001", "01:00:00:40", (48_000, 1001), 96);
    high.state("rate.sensor", "fps", Some(FieldValue::Rational(120, 1)), "120", "test");
    let list = ale::from_records(&[drop.clone(), high.clone()], FrameRate::new(30_000, 1001).unwrap(), "CUSTOM");
    let row = |at: usize, column| list.cell(&list.rows[at], column);
    assert_eq!((row(0, "End"), row(0, "Duration"), row(0, "FPS")), (Some("01:00:50;00"), Some("00:01:00;02"), Some("29.97")));
    assert_eq!((row(1, "End"), row(1, "Duration"), row(1, "FPS")), (Some("01:00:02:40"), Some("00:00:02:00"), Some("47.952")));
    assert_eq!(row(1, "Sensor_fps"), Some("120"));
    assert_eq!(ale::counted_at_another_rate(&[drop.clone(), high], FrameRate::new(30_000, 1001).unwrap()), ["H001C001"]);
    assert_eq!(ale::counted_at_another_rate(&[drop], FrameRate::new(30, 1).unwrap()), ["D001C001"], "29.97 is not 30");
}

#[test]
fn the_raster_word_is_said_only_where_all_clips_share_it() {
    let mut wide = record();
    wide.fields.remove("image.width_height");
    wide.state("image.width_height", "px", Some(FieldValue::Size(2048, 1080)), "", "test");
    assert_eq!(ale::video_format(&[record(), record()]), "1080");
    assert_eq!(ale::video_format(&[wide.clone()]), "CUSTOM");
    assert_eq!(ale::video_format(&[record(), wide]), "CUSTOM");
}

/// Read by the ALE adapter of OpenTimelineIO (`otio-ale-adapter`).
#[test]
fn the_adapter_of_opentimelineio_reads_our_lists() {
    let Some(python) = reader(&["opentimelineio", "otio_ale_adapter"]) else { return };
    let script = "
import sys, json, opentimelineio as otio
text = sys.stdin.buffer.read().decode('utf-8')
bin = otio.adapters.read_from_string(text, 'ale')
print(json.dumps([{
    'name': clip.name, 'start': clip.source_range.start_time.value, 'rate': clip.source_range.start_time.rate,
    'frames': clip.source_range.duration.value, 'url': getattr(clip.media_reference, 'target_url', None),
    'ale': dict(clip.metadata['ALE']), 'cdl': {word: list(numbers) for word, numbers in clip.metadata.get('cdl', {}).get('asc_sop', {}).items()},
} for clip in bin.find_clips()]))
";
    let read = |list: &Ale| -> serde_json::Value {
        let printed = python.run(script, &[], list.write().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&printed).unwrap()
    };

    let clips = read(&ale::from_records(&[record()], FrameRate::new(24_000, 1001).unwrap(), "1080"));
    let start = (14 * 3600 + 23 * 60 + 7) * 24 + 11;
    assert_eq!(clips[0]["name"], "A003C001_261123_R1JL");
    assert_eq!((&clips[0]["start"], &clips[0]["frames"]), (&serde_json::json!(f64::from(start)), &serde_json::json!(48.0)));
    assert_eq!(clips[0]["url"], "A003C001_261123_R1JL.mov");
    assert_eq!((&clips[0]["ale"]["Tape"], &clips[0]["ale"]["Tracks"]), (&"A003R1JL".into(), &"VA1A2".into()));
    assert_eq!(clips[0]["cdl"]["offset"], serde_json::json!([0.002, 0.0, -0.003]));

    for (start, rate, frames, from) in [
        ("00:59:50;00", (30_000, 1001), 1_800, 107_592),
        ("01:00:00:40", (48_000, 1001), 4_800, 172_840),
        ("01:00:00:00", (25, 1), 75_000, 90_000),
        ("10:00:00:00", (60_000, 1001), 7_200, 2_160_000),
    ] {
        let fps = FrameRate::new(rate.0 as u32, rate.1 as u32).unwrap();
        let clips = read(&ale::from_records(&[timed("X", start, rate, frames)], fps, "CUSTOM"));
        assert_eq!(clips[0]["frames"], serde_json::json!(frames as f64), "{start}");
        assert_eq!(clips[0]["start"], serde_json::json!(f64::from(from)), "{start}");
    }
    let mut foreign = ale::from_records(&[record()], FrameRate::new(24_000, 1001).unwrap(), "1080");
    foreign.columns.push("Vendor Thing".to_owned());
    foreign.rows[0].push("kept".to_owned());
    assert_eq!(read(&ale::parse(&foreign.write()).unwrap())[0]["ale"]["Vendor Thing"], "kept");
}

#[test]
fn one_long_row_does_not_make_all_rows_long() {
    let mut text = String::from("Heading\nFPS\t24\n\nColumn\nName\n\nData\n");
    text.push_str(&"x\t".repeat(4_000));
    text.push_str("x\n");
    text.push_str(&"y\n".repeat(100_000));
    assert_eq!(ale::parse(&text), Err(AleError::TooLarge(4_000_000)));
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
