use crate::sample::{HOSTILE, broken, document, whole};
use checkgate_report::{Verdict, VerificationDocument, pdf};
use proptest::prelude::*;
use std::process::Command;

/// What `pdftotext` reads from the report, or nothing where it is not installed.
fn read(document: &VerificationDocument, arguments: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    std::fs::write(&path, pdf(document).unwrap()).unwrap();
    let output = match Command::new("pdftotext").args(arguments).arg(&path).arg("-").output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIPPED: pdftotext (poppler-utils) is not installed; what a PDF says was not read");
            return None;
        }
        Err(error) => panic!("pdftotext: {error}"),
    };
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn says_verdict_counts_and_every_path() {
    let mut drive = broken();
    drive.missing = (0..300).map(|number| format!("A003/A003C{number:03}_261122/Größe_Ωμέγα_Ёлка_{number:03}.ari")).collect();
    drive.counts.missing = 300;
    let counts = drive.counts;
    let Some(said) = read(&document(vec![drive.clone()]), &["-layout"]) else { return };
    assert!(said.contains("Verification report") && said.contains("Differences found"));
    for (label, value) in [
        ("Files checked", "4,788"),
        ("Data checked", "1.86 TB"),
        ("By size only", "3"),
        ("Damaged manifests", "1"),
        ("Missing", "300"),
        ("Mismatching", "6"),
        ("Not readable", "1"),
        ("Renamed", "1"),
        ("Extra", "9"),
        ("Not checked", "2"),
    ] {
        let shown = said.lines().any(|line| line.trim().strip_prefix(label).is_some_and(|rest| rest.trim().starts_with(value)));
        assert!(shown, "{label} {value} of {counts:?}\n{said}");
    }
    for path in &drive.missing {
        assert!(said.contains(path.as_str()), "{path}");
    }
    for line in &drive.mismatching {
        assert!(said.contains(&line.expected) && said.contains(&line.found), "{line:?}");
    }
    let pages = said.matches('\u{c}').count();
    for page in 1..=pages {
        assert!(said.contains(&format!("page {page} of {pages}")), "{page} of {pages}");
    }
    assert!(said.contains("continued") && said.contains("End of the report"));
}

#[test]
fn every_verdict_is_a_word() {
    for (verdict, word) in [
        (Verdict::Whole, "Whole"),
        (Verdict::SizesAgree, "Sizes agree, nothing was read"),
        (Verdict::Differences, "Differences found"),
        (Verdict::Damaged, "Manifests damaged"),
        (Verdict::Unreadable, "Not readable"),
        (Verdict::Stopped, "Stopped before the end"),
    ] {
        let mut drive = whole();
        drive.verdict = verdict;
        let Some(said) = read(&document(vec![drive]), &["-layout"]) else { return };
        assert!(said.lines().any(|line| line.trim() == word), "{word}\n{said}");
    }
}

#[test]
fn empty_lists_say_none_and_zeros_stand_there() {
    let Some(said) = read(&document(vec![whole()]), &["-layout"]) else { return };
    for list in ["Damaged manifests", "Missing", "Mismatching", "Not readable", "Renamed", "Extra", "Not checked", "Notes"] {
        let none = said.lines().any(|line| line.trim().strip_prefix(list).is_some_and(|rest| rest.trim() == "None"));
        assert!(none, "{list}\n{said}");
    }
    assert_eq!(said.lines().filter(|line| line.contains("  0  ")).count(), 8, "{said}");
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let Some(said) = read(&document(vec![broken()]), &["-layout"]) else { return };
    for shown in [
        "A001/<script>alert(\"1\")</script>.mov",
        "A001/line\\u{a}break\\u{d}\\u{0}\\u{7}.mov",
        "A001/\\u{202e}vom.exe",
        "A001/tail .mov\\u{20}",
        "A001/\\u{5c}u{202e}.mov",
        "A001/\\u{6f22}\\u{5b57} \\u{1f3ac} \\u{5e9}\\u{5dc}\\u{5d5}\\u{5dd}.mov",
        "sound/Day 12/Zoë_boom.wav",
        // From a Mac: drawn as one letter, copied as it is.
        "sound/Day 12/Zoe\u{308}_boom.wav",
    ] {
        assert!(said.contains(shown), "{shown}\n{said}");
    }
}

#[test]
fn long_names_stay_between_the_margins_and_whole() {
    let mut drive = broken();
    let long = format!("A001/{}/end.mov", "WürdeNieBrechen".repeat(270));
    drive.path = format!("/media/{}", "x".repeat(400));
    drive.volume = "y".repeat(400);
    drive.summary = "z".repeat(9_000);
    drive.missing = vec![long.clone()];
    drive.mismatching[0].path = long.clone();
    drive.mismatching[0].found = "w".repeat(30_000);
    drive.notes = vec![HOSTILE[2].repeat(200)];
    drive.basis[0].name = long.clone();
    let mut document = document(vec![drive.clone(), drive]);
    document.title = "A title that somebody made much too long ".repeat(30);
    document.host = "h".repeat(500);
    let Some(boxes) = read(&document, &["-bbox"]) else { return };
    let edge = |line: &str, name: &str| -> f32 {
        let from = line.find(name).unwrap() + name.len() + 2;
        line[from..].split('"').next().unwrap().parse().unwrap()
    };
    let mut words = 0;
    for line in boxes.lines().filter(|line| line.contains("<word")) {
        assert!(edge(line, "xMin") >= 49.5 && edge(line, "xMax") <= 546.0, "{line}");
        assert!(edge(line, "yMin") >= 20.0 && edge(line, "yMax") <= 825.0, "{line}");
        words += 1;
    }
    assert!(words > 1_000);
    let said: String = read(&document, &["-raw"]).unwrap().split_whitespace().collect();
    assert!(said.contains(&long[..2_000]), "the first page of the name");
    assert!(said.matches('w').count() >= 60_000, "nothing of a value is left out");
}

#[test]
fn the_same_value_gives_the_same_bytes() {
    let value = document(vec![whole(), broken()]);
    let first = pdf(&value).unwrap();
    assert!(first == pdf(&value.clone()).unwrap());
    let mut other = value;
    other.finished = "2026-11-23T14:05:10Z".parse().unwrap();
    assert!(first != pdf(&other).unwrap());
}

#[test]
fn is_archival_and_names_itself() {
    let bytes = pdf(&document(vec![whole()])).unwrap();
    let find = |words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(bytes.starts_with(b"%PDF-1.7"));
    assert!(find("<pdfaid:part>2</pdfaid:part>") && find("<pdfaid:conformance>U</pdfaid:conformance>"));
    assert!(find("/Title(Verification report)") && find("/CreationDate(D:20261123140509Z)"));
}

#[test]
fn ten_thousand_rows_are_all_there() {
    let mut drive = broken();
    drive.missing =
        (0..10_000).map(|number| format!("A003R1JL/A003C{:03}/A003C{:03}.{number:07}.ari", number / 100, number / 100)).collect();
    drive.counts.missing = 10_000;
    let Some(said) = read(&document(vec![drive.clone()]), &["-layout"]) else { return };
    for path in &drive.missing {
        assert!(said.contains(path.as_str()), "{path}");
    }
}

#[test]
fn no_character_of_unicode_breaks_it() {
    let mut drive = whole();
    let every: Vec<char> =
        ('\u{0}'..='\u{2ffff}').step_by(1).filter(|one| u32::from(*one) < 0x3000 || u32::from(*one) % 7 == 0).collect();
    drive.extra = every.chunks(64).map(|chunk| chunk.iter().collect()).collect();
    pdf(&document(vec![drive])).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words_can_be_filed(words in proptest::collection::vec(any::<String>(), 8), second in -377_705_023_201_i64..253_402_207_200) {
        let mut drive = broken();
        drive.path.clone_from(&words[0]);
        drive.summary.clone_from(&words[1]);
        drive.missing = words.clone();
        drive.mismatching[0].path.clone_from(&words[2]);
        drive.mismatching[0].found.clone_from(&words[3]);
        drive.basis[0].c4 = Some(words[4].clone());
        let mut document = document(vec![drive.clone(), drive]);
        document.title.clone_from(&words[5]);
        document.tool.clone_from(&words[6]);
        document.host.clone_from(&words[7]);
        document.finished = checkgate_model::Timestamp::from_second(second).unwrap();
        pdf(&document).unwrap();
    }
}
