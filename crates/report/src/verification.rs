//! Owns how the result of a verification becomes a sheet. Must never leave out a list, a row or a zero, nor judge.

use crate::sheet::{Block, Fact, Kind, Mark, Sheet, Table};
use crate::shown::{elapsed, instant, number, size};
use crate::template::{self as words, COUNTED, Column};
use crate::value::{Counts, DriveSection, ReasonLine, RenameLine, Verdict, VerificationDocument};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd};

pub(crate) fn sheet(document: &VerificationDocument) -> Sheet<'_> {
    let took = elapsed(document.started, document.finished).unwrap_or_else(|| words::CLOCK_SET_BACK.to_owned());
    let mut blocks = Vec::new();
    match document.drives.as_slice() {
        [] => blocks.push(Block::Words(words::NO_DRIVE.into())),
        [only] => drive(only, String::new(), &mut blocks),
        several => {
            blocks.push(Block::Section { words: words::DRIVES, count: Some(several.len() as u64) });
            blocks.push(Block::Table(overview(several)));
            for (index, one) in several.iter().enumerate() {
                drive(one, format!("Drive {} of {}", index + 1, several.len()), &mut blocks);
            }
        }
    }
    blocks.push(Block::Section { words: words::READING, count: None });
    blocks.push(Block::Words(words::READING_WORDS.into()));
    Sheet {
        title: &document.title,
        imprint: format!("{} on {}, {}", document.tool, document.host, instant(document.finished)),
        tool: &document.tool,
        dated: document.finished,
        facts: vec![
            fact(words::TOOL, document.tool.as_str(), Kind::Words),
            fact(words::HOST, document.host.as_str(), Kind::Words),
            fact(words::STARTED, instant(document.started), Kind::Words),
            fact(words::FINISHED, instant(document.finished), Kind::Words),
            fact(words::TOOK, took, Kind::Words),
        ],
        blocks,
        end: words::END,
    }
}

fn overview(drives: &[DriveSection]) -> Table<'_> {
    let rows = drives
        .iter()
        .map(|drive| {
            vec![
                words::word(drive.verdict).into(),
                number(drive.counts.files_checked).into(),
                size(drive.counts.bytes_checked).into(),
                drive.path.as_str().into(),
            ]
        })
        .collect();
    Table { columns: words::DRIVE_COLUMNS, numbered: true, rows }
}

fn drive<'a>(drive: &'a DriveSection, over: String, blocks: &mut Vec<Block<'a>>) {
    let fresh = !over.is_empty();
    blocks.push(Block::Subject { over, name: &drive.path, fresh });
    blocks.push(Block::Verdict { mark: mark(drive), word: words::word(drive.verdict), summary: &drive.summary });
    blocks.push(Block::Facts(vec![
        fact(words::VOLUME, drive.volume.as_str(), Kind::Words),
        fact(words::EVIDENCE, drive.evidence.as_str(), Kind::Words),
    ]));
    blocks.push(Block::Section { words: words::COUNTS, count: None });
    blocks.push(Block::Table(numbers(&drive.counts)));
    basis(drive, blocks);
    let counts = &drive.counts;
    list(
        blocks,
        words::ROOT_HASHES,
        words::ROOT_COLUMNS,
        None,
        drive
            .root_hashes
            .iter()
            .map(|root| vec![root.format.as_str().into(), root.content.as_str().into(), root.structure.as_str().into()]),
    );
    list(blocks, words::DAMAGED, words::DAMAGE_COLUMNS, Some(counts.damaged), drive.damaged.iter().map(|line| alone(line)));
    list(blocks, words::MISSING, words::PATH_COLUMNS, Some(counts.missing), drive.missing.iter().map(|line| alone(line)));
    list(
        blocks,
        words::MISMATCHING,
        words::MISMATCH_COLUMNS,
        Some(counts.mismatching),
        drive
            .mismatching
            .iter()
            .map(|line| vec![line.path.as_str().into(), line.expected.as_str().into(), line.found.as_str().into()]),
    );
    let reasons = |line: &'a ReasonLine| vec![line.path.as_str().into(), line.reason.as_str().into()];
    list(blocks, words::UNREADABLE, words::REASON_COLUMNS, Some(counts.unreadable), drive.unreadable.iter().map(reasons));
    list(
        blocks,
        words::RENAMED,
        words::RENAME_COLUMNS,
        Some(counts.renamed),
        drive.renamed.iter().map(|line| vec![line.expected.as_str().into(), line.found.as_str().into(), how(line)]),
    );
    list(blocks, words::EXTRA, words::PATH_COLUMNS, Some(counts.extra), drive.extra.iter().map(|line| alone(line)));
    list(blocks, words::SKIPPED, words::REASON_COLUMNS, Some(counts.skipped), drive.skipped.iter().map(reasons));
    list(blocks, words::NOTES, words::NOTE_COLUMNS, None, drive.notes.iter().map(|line| alone(line)));
}

fn alone(line: &str) -> Vec<Cow<'_, str>> {
    vec![line.into()]
}

fn fact<'a>(label: &'static str, value: impl Into<Cow<'a, str>>, kind: Kind) -> Fact<'a> {
    Fact { label, value: value.into(), kind }
}

/// How a rename was recognised. Two spellings of one name look alike, so they are told apart in words.
fn how(line: &RenameLine) -> Cow<'_, str> {
    let form = |name: &str| match (is_nfc(name), is_nfd(name)) {
        (true, _) => words::COMPOSED,
        (_, true) => words::DECOMPOSED,
        _ => words::MIXED,
    };
    if line.expected == line.found || !line.expected.nfc().eq(line.found.nfc()) {
        return line.how.as_str().into();
    }
    format!("{} (recorded {}, found {})", line.how, form(&line.expected), form(&line.found)).into()
}

/// The shape beside the verdict. Differences that lost nothing, such as files beside the recorded ones, are not shown as a loss.
fn mark(drive: &DriveSection) -> Mark {
    let counts = &drive.counts;
    match drive.verdict {
        Verdict::Whole => Mark::Proven,
        Verdict::SizesAgree => Mark::Attention,
        Verdict::Differences if counts.missing + counts.mismatching + counts.unreadable + counts.damaged == 0 => Mark::Attention,
        Verdict::Differences | Verdict::Damaged | Verdict::Unreadable => Mark::Failed,
        Verdict::Stopped => Mark::Unknown,
    }
}

fn numbers(counts: &Counts) -> Table<'static> {
    let values = [
        number(counts.files_checked),
        size(counts.bytes_checked),
        number(counts.size_only),
        number(counts.damaged),
        number(counts.missing),
        number(counts.mismatching),
        number(counts.unreadable),
        number(counts.renamed),
        number(counts.extra),
        number(counts.skipped),
    ];
    let exact = format!("{}: {} bytes", COUNTED[1].1, number(counts.bytes_checked));
    let rows = COUNTED
        .iter()
        .zip(values)
        .enumerate()
        .map(|(index, ((label, meaning), value))| {
            let meaning = if index == 1 { exact.clone().into() } else { Cow::Borrowed(*meaning) };
            vec![Cow::Borrowed(*label), value.into(), meaning]
        })
        .collect();
    Table { columns: words::COUNT_COLUMNS, numbered: false, rows }
}

fn basis<'a>(drive: &'a DriveSection, blocks: &mut Vec<Block<'a>>) {
    blocks.push(Block::Section { words: words::BASIS, count: None });
    if drive.basis.is_empty() {
        blocks.push(Block::Words(words::NO_BASIS.into()));
    }
    for line in &drive.basis {
        let mut facts = vec![
            fact(words::MANIFEST, line.name.as_str(), Kind::Name),
            fact(words::SAYS, format!("{}: {}", line.kind, line.detail), Kind::Words),
        ];
        facts.extend(line.author.as_deref().map(|author| fact(words::AUTHOR, author, Kind::Words)));
        facts.extend(line.c4.as_deref().map(|c4| fact(words::C4, c4, Kind::Name)));
        blocks.push(Block::Facts(facts));
    }
}

/// A section with a table, or the word that nothing is in it. Rows of what was counted are numbered, and where a list holds another
/// number of them, that is said.
fn list<'a>(
    blocks: &mut Vec<Block<'a>>,
    words: &'static str,
    columns: &'static [Column],
    counted: Option<u64>,
    rows: impl Iterator<Item = Vec<Cow<'a, str>>>,
) {
    let rows: Vec<_> = rows.collect();
    let listed = rows.len() as u64;
    if rows.is_empty() && counted.unwrap_or(0) == 0 {
        blocks.push(Block::Empty { words });
        return;
    }
    blocks.push(Block::Section { words, count: counted });
    if let Some(counted) = counted.filter(|counted| *counted != listed) {
        blocks.push(Block::Words(format!("{} counted, {} listed here", number(counted), number(listed)).into()));
    }
    if listed > 0 {
        blocks.push(Block::Table(Table { columns, numbered: counted.is_some(), rows }));
    }
}
