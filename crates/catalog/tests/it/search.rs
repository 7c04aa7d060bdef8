//! Searching over everything that is known: what is found, over midnight and between rates, and how long ten thousand clips take.
#![allow(clippy::print_stderr, reason = "a measurement is told")]

use super::{at, card};
use checkgate_catalog::{Catalog, ClipIndexRow, ClipSearch, OverrideRow};
use checkgate_model::{ClipRecord, DayRange, FieldValue, Finding, Override, Severity, Timecode, TimecodeQuery};
use std::time::{Duration, Instant};

fn range(start: &str, frames: u64, nominal: u32) -> Option<(u32, DayRange)> {
    Some((nominal, DayRange::of_frames(Timecode::parse(start, nominal).expect("exists"), frames)?))
}

fn time(text: &str) -> Vec<TimecodeQuery> {
    vec![TimecodeQuery::parse(text).expect("a time")]
}

#[tokio::test]
async fn clips_are_found_by_when_they_run() {
    let folder = tempfile::tempdir().expect("folder");
    let catalog = Catalog::open(&folder.path().join("state.sqlite")).await.expect("opens");
    catalog.store_card(&card("c1", "print", &["DAY", "NIGHT", "DROP", "NONE"])).await.expect("stores");
    let row = |position, running| ClipIndexRow { card: "c1".to_owned(), position, running, ..ClipIndexRow::default() };
    let rows = [
        row(0, range("14:00:00:00", 240, 24)),
        row(1, range("23:59:55:00", 250, 25)),
        row(2, range("14:00:09;28", 60, 30)),
        row(3, None),
    ];
    catalog.store_clip_index("c1", &rows).await.expect("stores");
    for (asked, wanted) in [
        ("14:00", vec!["DAY", "DROP"]),
        ("14:00:09:23", vec!["DAY"]),
        // Frame 28 exists at 30 only; at 24 it is the end of the second, where the clip has ended.
        ("14:00:09:28", vec!["DROP"]),
        ("00:00:04:24", vec!["NIGHT"]),
        ("00:00:05:00", vec![]),
        ("23:00-01:00", vec!["NIGHT"]),
        ("14:00:10:00-23:59:55:00", vec!["DROP"]),
    ] {
        let search = ClipSearch { times: time(asked), ..ClipSearch::default() };
        let (_, found) = catalog.search_clips(&search, 0, 10).await.expect("finds");
        assert_eq!(found.iter().map(|clip| clip.name.as_str()).collect::<Vec<_>>(), wanted, "{asked}");
    }
    // Two times must both be met.
    let both = ClipSearch { times: [time("14:00:00"), time("14:00:09")].concat(), ..ClipSearch::default() };
    assert_eq!(catalog.search_clips(&both, 0, 10).await.expect("finds").0, 1);
}

#[tokio::test]
async fn ten_thousand_clips_answer_in_under_a_tenth_of_a_second() {
    let folder = tempfile::tempdir().expect("folder");
    let catalog = Catalog::open(&folder.path().join("state.sqlite")).await.expect("opens");
    for at_card in 0..50u32 {
        let id = format!("card{at_card:02}");
        let names: Vec<String> = (0..200).map(|clip| format!("A{at_card:03}C{clip:03}_261123_R1JL")).collect();
        let texts: Vec<&str> = names.iter().map(String::as_str).collect();
        catalog.store_card(&card(&id, &id, &texts)).await.expect("stores");
        let rows: Vec<ClipIndexRow> = (0..200u32)
            .map(|position| {
                let name = names[position as usize].to_lowercase();
                ClipIndexRow {
                    card: id.clone(),
                    position,
                    reel: format!("a{at_card:03}r1jl"),
                    scene: format!("{}", position / 10),
                    take: format!("{}", position % 10),
                    letter: "a".to_owned(),
                    model: "arrialexa35".to_owned(),
                    codec: "appleprores4444".to_owned(),
                    squeeze: "1".to_owned(),
                    files: (0..6)
                        .map(|file| format!("a{at_card:03}r1jl/{name}/{name}_{file}.mxf"))
                        .collect::<Vec<_>>()
                        .join("\n"),
                    running: range(
                        &format!("{:02}:{:02}:00:00", 8 + at_card / 5, position % 60),
                        1440,
                        if at_card % 2 == 0 { 24 } else { 25 },
                    ),
                    words: format!("{name} a{at_card:03}r1jl alexa 35"),
                    name,
                    ..ClipIndexRow::default()
                }
            })
            .collect();
        catalog.store_clip_index(&id, &rows).await.expect("stores");
    }
    // Records as long as real ones, for the clips of the first page.
    let mut record = ClipRecord::new("clip");
    for field in 0..50 {
        record.state(
            &format!("field.{field}"),
            "",
            Some(FieldValue::Text("value".repeat(8))),
            "raw".repeat(8),
            "A003C001.mov: moov/udta",
        );
    }
    for position in 0..200 {
        catalog.store_record("card00", position, &record, "").await.expect("stores");
    }
    let word = |text: &str| vec![text.to_owned()];
    for (what, search, wanted) in [
        ("everything", ClipSearch::default(), 10_000),
        ("a reel", ClipSearch { reel: Some("a017".to_owned()), ..ClipSearch::default() }, 200),
        ("a timecode", ClipSearch { times: time("10:05-10:06"), ..ClipSearch::default() }, 20),
        ("scene and take", ClipSearch { scene: Some("12".to_owned()), take: Some("3".to_owned()), ..ClipSearch::default() }, 50),
        (
            "a camera format",
            ClipSearch {
                model: Some("alexa35".to_owned()),
                codec: Some("4444".to_owned()),
                squeeze: Some("1".to_owned()),
                ..ClipSearch::default()
            },
            10_000,
        ),
        ("a file", ClipSearch { file: Some("a049c199_261123_r1jl_5.mxf".to_owned()), ..ClipSearch::default() }, 1),
        ("a word", ClipSearch { words: word("a030c0"), ..ClipSearch::default() }, 100),
        ("nothing", ClipSearch { words: word("no such clip"), times: time("10:05"), ..ClipSearch::default() }, 0),
    ] {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let begin = Instant::now();
            let (total, found) = catalog.search_clips(&search, 0, 200).await.expect("finds");
            best = best.min(begin.elapsed());
            assert_eq!((total, found.len()), (wanted, 200.min(wanted as usize)), "{what}");
        }
        eprintln!("{what:<16} {:>6} of 10000 clips in {:.1} ms", wanted, best.as_secs_f64() * 1e3);
        assert!(best < Duration::from_millis(100), "{what} took {best:?}");
    }
}

#[tokio::test]
async fn what_was_overridden_is_never_forgotten() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("state.sqlite");
    let finding = Finding::new("roll.duplicate", Severity::Error, "twice", "hint").with_clip("A");
    let row = OverrideRow {
        id: "o1".to_owned(),
        card: "c1".to_owned(),
        code: finding.code.clone(),
        path: None,
        clip: finding.clip.clone(),
        message: finding.message.clone(),
        by: Override { by: "K. Adams".to_owned(), reason: "agreed".to_owned(), at: at().to_string() },
        withdrawn_at: None,
    };
    {
        let catalog = Catalog::open(&path).await.expect("opens");
        catalog.store_card(&card("c1", "print", &["A"])).await.expect("stores");
        catalog.store_override(&row).await.expect("stores");
        catalog.close().await;
    }
    let catalog = Catalog::open(&path).await.expect("opens");
    assert_eq!(catalog.overrides_of("c1").await.expect("lists"), std::slice::from_ref(&row));
    assert!(row.holds_for(&finding) && !row.holds_for(&finding.clone().with_clip("B")));
    assert_eq!(catalog.withdraw_overrides("c1", Some("other"), at()).await.expect("stores"), 0);
    assert_eq!(catalog.withdraw_overrides("c1", None, at()).await.expect("stores"), 1);
    let stored = catalog.overrides_of("c1").await.expect("lists");
    assert_eq!((stored.len(), stored[0].withdrawn_at.clone()), (1, Some(at().to_string())));
    assert!(!stored[0].holds_for(&finding));
}
