//! Made-up results that look like real ones, and the names that break reports.

use checkgate_report::{
    BasisLine, Counts, DriveSection, MismatchLine, ReasonLine, RenameLine, RootHash, Verdict, VerificationDocument,
};

/// Names that hide, rearrange, end early or look like markup.
pub(crate) const HOSTILE: [&str; 9] = [
    "A001/<script>alert(\"1\")</script>.mov",
    "A001/\"><img src=x onerror='x'>&amp;.mov",
    "A001/line\nbreak\r\u{0}\u{7}.mov",
    "A001/\u{202e}vom.exe",
    "A001/tail .mov ",
    "A001/\\u{202e}.mov",
    "A001/漢字 🎬 שלום.mov",
    "A001/Gru\u{308}ße \u{301}e\u{301}\u{302}\u{303}\u{304}.mov",
    "A001/]]>--></style></title>{{7*7}}.mov",
];

pub(crate) fn document(drives: Vec<DriveSection>) -> VerificationDocument {
    VerificationDocument {
        title: "Verification report".to_owned(),
        tool: "Checkgate 0.1.0".to_owned(),
        host: "dit-cart-2".to_owned(),
        started: "2026-11-23T13:02:11Z".parse().unwrap(),
        finished: "2026-11-23T14:05:09Z".parse().unwrap(),
        drives,
    }
}

/// A drive on which everything is as recorded.
pub(crate) fn whole() -> DriveSection {
    DriveSection {
        path: "/media/dit/NIGHTFALL_SHUTTLE_01".to_owned(),
        volume: "NIGHTFALL_SHUTTLE_01, Samsung T9 4 TB, serial S7N2NX0W812044, exFAT, mounted read-only".to_owned(),
        verdict: Verdict::Whole,
        summary: "All 4,812 recorded files are there and unaltered, and nothing else is.".to_owned(),
        evidence: "Read back (device): every file was read from the device past the operating system's cache (O_DIRECT) and its xxh64 compared with the one recorded by the camera department.".to_owned(),
        basis: vec![
            BasisLine {
                kind: "ASC MHL generation".to_owned(),
                name: "ascmhl/0001_NIGHTFALL_SHUTTLE_01_2026-11-22_190412Z.mhl".to_owned(),
                detail: "generation 1, 2026-11-22, in-place, xxh64".to_owned(),
                author: Some("Jana Møller, DIT, with Checkgate 0.1.0".to_owned()),
                c4: Some("c45oJVCPUHKKyn1YUYzMi3ts6hNEWHfDcp5NtvP1Rb6ZYvfaKHdERnTQBPgSZvMmgMmwcPB5NLkS1QDNmxHhoYXWTs".to_owned()),
            },
            BasisLine {
                kind: "ASC MHL generation".to_owned(),
                name: "ascmhl/0002_NIGHTFALL_SHUTTLE_01_2026-11-23_071530Z.mhl".to_owned(),
                detail: "generation 2, 2026-11-23, transfer, xxh64, md5".to_owned(),
                author: None,
                c4: Some("c41wLqGdTgHmQ8bHqyKSn2sPFKYB9ePNfBnqzNYNi8xRVGHHtMJPVmFJtnUWgCtZhvPWnCzS1wAQpXMvXm3RkbNfJG".to_owned()),
            },
        ],
        counts: Counts { files_checked: 4_812, bytes_checked: 1_873_204_118_774, ..Counts::default() },
        root_hashes: vec![RootHash {
            format: "xxh64".to_owned(),
            content: "f1d2d2f924e986ac".to_owned(),
            structure: "4e1243bd22c66e76".to_owned(),
        }],
        missing: Vec::new(),
        extra: Vec::new(),
        mismatching: Vec::new(),
        renamed: Vec::new(),
        unreadable: Vec::new(),
        skipped: Vec::new(),
        damaged: Vec::new(),
        notes: Vec::new(),
    }
}

/// A drive with something in every list.
pub(crate) fn broken() -> DriveSection {
    let clip = |number: u32| {
        format!("A003R1JL/ARRIRAW/A003C{number:03}_261122_R1JL/A003C{number:03}_261122_R1JL.{:07}.ari", number * 1_371)
    };
    let mismatching: Vec<MismatchLine> = (1..=6)
        .map(|number| MismatchLine {
            path: clip(number),
            expected: format!("xxh64 {:016x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(u64::from(number))),
            found: format!("xxh64 {:016x}", 0xbf58_476d_1ce4_e5b9_u64.wrapping_mul(u64::from(number))),
        })
        .collect();
    let missing: Vec<String> = (10..=21).map(clip).collect();
    let extra: Vec<String> = HOSTILE.iter().map(|name| (*name).to_owned()).collect();
    DriveSection {
        path: "/media/dit/NIGHTFALL_SHUTTLE_02/very long folder name that somebody typed on a Friday/A003R1JL_backup_of_the_backup_copy".to_owned(),
        verdict: Verdict::Differences,
        summary: "12 files are missing, 6 are not what was recorded and 1 cannot be read. Do not format the cards that this drive holds; copy the listed files again from another copy.".to_owned(),
        counts: Counts {
            files_checked: 4_788,
            bytes_checked: 1_861_990_004_102,
            missing: missing.len() as u64,
            extra: extra.len() as u64,
            mismatching: mismatching.len() as u64,
            renamed: 1,
            unreadable: 1,
            size_only: 3,
            skipped: 2,
            damaged: 1,
        },
        missing,
        extra,
        mismatching,
        renamed: vec![RenameLine {
            expected: "sound/Day 12/Zoë_boom.wav".to_owned(),
            found: "sound/Day 12/Zoe\u{308}_boom.wav".to_owned(),
            how: "same content; the name differs in its Unicode form only".to_owned(),
        }],
        unreadable: vec![ReasonLine { path: clip(30), reason: "Input/output error at byte 1,207,959,552".to_owned() }],
        skipped: vec![
            ReasonLine { path: "latest".to_owned(), reason: "a link; manifests do not record links".to_owned() },
            ReasonLine { path: ".fseventsd".to_owned(), reason: "ignored by the pattern of generation 1".to_owned() },
        ],
        damaged: vec!["ascmhl/0003_….mhl: the chain records another C4 identifier".to_owned()],
        notes: vec!["The drive reported 3 reallocated sectors.".to_owned()],
        ..whole()
    }
}
