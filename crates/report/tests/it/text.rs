use crate::sample::{broken, document, whole};
use checkgate_report::{VerificationDocument, text};

#[test]
fn says_everything_that_the_value_says() {
    let drive = broken();
    let report = text(&document(vec![drive.clone()]));
    for line in drive.missing.iter().chain(&drive.damaged).chain(&drive.notes) {
        assert!(report.contains(line.as_str()), "{line}");
    }
    for line in &drive.mismatching {
        let shown = format!("  {}\n      Recorded: {}\n      Found:    {}\n", line.path, line.expected, line.found);
        assert!(report.contains(&shown), "{shown}");
    }
    for words in [
        "Verdict: Differences found",
        "Data checked       1.86 TB  Size of these files: 1,861,990,004,102 bytes",
        "End of the report",
    ] {
        assert!(report.contains(words), "{words}\n{report}");
    }
    for line in drive.basis.iter().filter_map(|line| line.c4.as_deref()) {
        assert!(report.contains(line), "{line}");
    }
}

#[test]
fn zero_is_shown_and_empty_lists_say_none() {
    let report = text(&document(vec![whole()]));
    for counted in
        ["By size only", "Damaged manifests", "Missing", "Mismatching", "Not readable", "Renamed", "Extra", "Not checked"]
    {
        assert!(
            report.lines().any(|line| line.trim_start().starts_with(counted) && line.contains(" 0  ")),
            "{counted}\n{report}"
        );
    }
    assert_eq!(report.matches("\n  None\n").count(), 8);
}

#[test]
fn a_list_that_holds_less_than_was_counted_says_so() {
    let mut drive = whole();
    drive.counts.missing = 3;
    drive.missing = vec!["A001/a.mov".to_owned()];
    drive.counts.extra = 1;
    let report = text(&document(vec![drive]));
    assert!(report.contains("Missing (3)\n  3 counted, 1 listed here\n  A001/a.mov\n"), "{report}");
    assert!(report.contains("Extra (1)\n  1 counted, 0 listed here\n"), "{report}");
}

#[test]
fn spellings_of_one_name_are_told_apart_in_words() {
    let report = text(&document(vec![broken()]));
    assert!(report.contains("(recorded composed, found decomposed)"), "{report}");
}

#[test]
fn no_drive_proves_nothing() {
    let report = text(&document(Vec::new()));
    assert!(report.contains("No drive was checked. This report proves nothing."), "{report}");
}

#[test]
fn the_value_survives_its_json() {
    let value = document(vec![whole(), broken()]);
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<VerificationDocument>(&json).unwrap(), value);
}
