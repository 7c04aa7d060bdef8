//! Owns what stands on a report beside its value: labels, explanations, columns, colours. Data only; the same for every writer.

use crate::sheet::{Kind, Mark};
use crate::value::Verdict;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    /// Its part of the width; the parts of a table add up to 1.
    pub(crate) share: f32,
}

const fn column(label: &'static str, kind: Kind, share: f32) -> Column {
    Column { label, kind, share }
}

/// Colours on white paper, as `0xRRGGBB`; every one that carries text reaches 4.5:1.
pub(crate) struct Palette {
    pub(crate) ink: u32,
    pub(crate) quiet: u32,
    pub(crate) line: u32,
    pub(crate) proven: u32,
    pub(crate) attention: u32,
    pub(crate) failed: u32,
    pub(crate) unknown: u32,
}

pub(crate) const PALETTE: Palette = Palette {
    ink: 0x1a1a1a,
    quiet: 0x5c5c5c,
    line: 0xd4d4d4,
    proven: 0x1c7a45,
    attention: 0x9a6200,
    failed: 0xb3261e,
    unknown: 0x6a6a6a,
};

impl Palette {
    pub(crate) const fn of(&self, mark: Mark) -> u32 {
        match mark {
            Mark::Proven => self.proven,
            Mark::Attention => self.attention,
            Mark::Failed => self.failed,
            Mark::Unknown => self.unknown,
        }
    }
}

/// A closed line through points of the unit square, y down.
pub(crate) type Outline = &'static [(f32, f32)];

/// The shape of a mark, filled by the even-odd rule: square with a check, triangle with a stroke, square with a cross, hollow
/// square.
pub(crate) const fn outlines(mark: Mark) -> &'static [Outline] {
    const SQUARE: Outline = &[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    match mark {
        Mark::Proven => &[SQUARE, &[(0.18, 0.52), (0.28, 0.42), (0.42, 0.56), (0.72, 0.24), (0.82, 0.34), (0.42, 0.77)]],
        Mark::Attention => &[
            &[(0.5, 0.02), (1.0, 0.98), (0.0, 0.98)],
            &[(0.44, 0.36), (0.56, 0.36), (0.56, 0.68), (0.44, 0.68)],
            &[(0.44, 0.76), (0.56, 0.76), (0.56, 0.88), (0.44, 0.88)],
        ],
        Mark::Failed => &[
            SQUARE,
            &[
                (0.3, 0.2),
                (0.5, 0.4),
                (0.7, 0.2),
                (0.8, 0.3),
                (0.6, 0.5),
                (0.8, 0.7),
                (0.7, 0.8),
                (0.5, 0.6),
                (0.3, 0.8),
                (0.2, 0.7),
                (0.4, 0.5),
                (0.2, 0.3),
            ],
        ],
        Mark::Unknown => &[SQUARE, &[(0.14, 0.14), (0.86, 0.14), (0.86, 0.86), (0.14, 0.86)]],
    }
}

/// The word of a verdict.
pub(crate) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Whole => "Whole",
        Verdict::SizesAgree => "Sizes agree, nothing was read",
        Verdict::Differences => "Differences found",
        Verdict::Damaged => "Manifests damaged",
        Verdict::Unreadable => "Not readable",
        Verdict::Stopped => "Stopped before the end",
    }
}

pub(crate) const NONE: &str = "None";
pub(crate) const END: &str = "End of the report";
pub(crate) const CONTINUED: &str = "continued";
pub(crate) const NO_DRIVE: &str = "No drive was checked. This report proves nothing.";
pub(crate) const NO_BASIS: &str = "Nothing could be found to check against.";
pub(crate) const CLOCK_SET_BACK: &str = "not known: the end lies before the beginning";

pub(crate) const TOOL: &str = "Tool";
pub(crate) const HOST: &str = "Checked on";
pub(crate) const STARTED: &str = "Started";
pub(crate) const FINISHED: &str = "Finished";
pub(crate) const TOOK: &str = "Took";
pub(crate) const VOLUME: &str = "Volume";
pub(crate) const EVIDENCE: &str = "How it was read";
pub(crate) const MANIFEST: &str = "Manifest";
pub(crate) const SAYS: &str = "Says";
pub(crate) const AUTHOR: &str = "Made by";
pub(crate) const C4: &str = "C4 identifier";

/// How code points are to be read; stands on every report, because any name may hold one.
pub(crate) const READING: &str = "How to read names";
/// It holds the characters it speaks of, which are shown as any others.
pub(crate) const READING_WORDS: &str = "A character that cannot be shown, or that would hide or move others, stands as its \
    Unicode code point: \n is a line break, \u{202e} a change of the reading direction. A space at the beginning or end of a name \
    stands so too. Sizes are decimal, times are UTC.";

/// Two names that look alike and are not the same.
pub(crate) const COMPOSED: &str = "composed";
pub(crate) const DECOMPOSED: &str = "decomposed";
pub(crate) const MIXED: &str = "partly composed";

/// Headings of sections, in reading order.
pub(crate) const DRIVES: &str = "Drives";
pub(crate) const BASIS: &str = "Checked against";
pub(crate) const COUNTS: &str = "Result in numbers";
pub(crate) const ROOT_HASHES: &str = "Hashes of the whole tree";
pub(crate) const DAMAGED: &str = "Damaged manifests";
pub(crate) const MISSING: &str = "Missing";
pub(crate) const MISMATCHING: &str = "Mismatching";
pub(crate) const UNREADABLE: &str = "Not readable";
pub(crate) const RENAMED: &str = "Renamed";
pub(crate) const EXTRA: &str = "Extra";
pub(crate) const SKIPPED: &str = "Not checked";
pub(crate) const NOTES: &str = "Notes";

/// What each number counts, in the order of `verification::numbers`.
pub(crate) const COUNTED: [(&str, &str); 10] = [
    ("Files checked", "Content read and compared with what is recorded"),
    ("Data checked", "Size of these files"),
    ("By size only", "No content recorded that could be compared"),
    (DAMAGED, "Nothing that they record can be relied on"),
    (MISSING, "Recorded, but not there"),
    (MISMATCHING, "There, but not what is recorded"),
    (UNREADABLE, "There, but could not be read"),
    (RENAMED, "Recorded content under another name"),
    (EXTRA, "There, but recorded nowhere"),
    (SKIPPED, "Left out, each with its reason"),
];

pub(crate) const DRIVE_COLUMNS: &[Column] = &[
    column("Verdict", Kind::Words, 0.25),
    column("Files checked", Kind::Figure, 0.14),
    column("Data checked", Kind::Figure, 0.15),
    column("Drive", Kind::Name, 0.46),
];
pub(crate) const COUNT_COLUMNS: &[Column] =
    &[column("Counted", Kind::Words, 0.24), column("Number", Kind::Figure, 0.16), column("Meaning", Kind::Quiet, 0.6)];
pub(crate) const ROOT_COLUMNS: &[Column] = &[
    column("Format", Kind::Name, 0.14),
    column("Content: what the files hold", Kind::Name, 0.43),
    column("Structure: how they are named and arranged", Kind::Name, 0.43),
];
pub(crate) const PATH_COLUMNS: &[Column] = &[column("Path", Kind::Name, 1.0)];
pub(crate) const DAMAGE_COLUMNS: &[Column] = &[column("Damage", Kind::Words, 1.0)];
pub(crate) const NOTE_COLUMNS: &[Column] = &[column("Note", Kind::Words, 1.0)];
pub(crate) const MISMATCH_COLUMNS: &[Column] =
    &[column("Path", Kind::Name, 0.44), column("Recorded", Kind::Name, 0.28), column("Found", Kind::Name, 0.28)];
pub(crate) const RENAME_COLUMNS: &[Column] =
    &[column("Recorded name", Kind::Name, 0.37), column("Found as", Kind::Name, 0.37), column("How", Kind::Words, 0.26)];
pub(crate) const REASON_COLUMNS: &[Column] = &[column("Path", Kind::Name, 0.58), column("Reason", Kind::Words, 0.42)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_readable_on_white() {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        for colour in [PALETTE.ink, PALETTE.quiet, PALETTE.proven, PALETTE.attention, PALETTE.failed, PALETTE.unknown] {
            let [_, red, green, blue] = colour.to_be_bytes().map(channel);
            let contrast = 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
            assert!(contrast >= 4.5, "{colour:06x}: {contrast:.2}");
        }
    }

    #[test]
    fn columns_fill_the_width() {
        for columns in [
            DRIVE_COLUMNS,
            COUNT_COLUMNS,
            ROOT_COLUMNS,
            PATH_COLUMNS,
            DAMAGE_COLUMNS,
            NOTE_COLUMNS,
            MISMATCH_COLUMNS,
            RENAME_COLUMNS,
            REASON_COLUMNS,
        ] {
            let whole: f32 = columns.iter().map(|column| column.share).sum();
            assert!((whole - 1.0).abs() < 1e-6, "{columns:?}");
        }
    }
}
