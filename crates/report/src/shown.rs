//! Owns how hostile and exact things are written for the eye: characters that would hide or rearrange others, numbers, sizes,
//! instants. Must never drop a character: what cannot be shown stands as `\u{202e}`.

use checkgate_model::Timestamp;
use unicode_normalization::char::is_combining_mark;

/// Marks on one base that are shown as they are. Vietnamese needs two, vowelled Hebrew three; a tower of them would cover the
/// lines above it.
const MOST_MARKS: usize = 3;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Shown as it is.
    Plain(&'a str),
    /// Shown by its code point.
    Code(char),
}

/// The text in parts. A backslash that could be read as the beginning of a code point is itself shown as one, so that no two
/// texts are shown alike.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (first, last) = (0, text.char_indices().next_back().map_or(0, |(at, _)| at));
    let mut found = Vec::new();
    let (mut from, mut marks, mut based) = (0, 0, false);
    for (at, character) in text.char_indices() {
        let mark = is_combining_mark(character);
        marks = if mark { marks + 1 } else { 0 };
        let hidden = hides(character)
            || (mark && (!based || marks > MOST_MARKS))
            || (character == ' ' && (at == first || at == last))
            || (character == '\\' && text[at..].starts_with("\\u{"));
        if hidden {
            if from < at {
                found.push(Piece::Plain(&text[from..at]));
            }
            found.push(Piece::Code(character));
            from = at + character.len_utf8();
        }
        based = if mark { based && !hidden } else { !hidden && !matches!(character, '/' | ' ') };
    }
    if from < text.len() {
        found.push(Piece::Plain(&text[from..]));
    }
    found
}

/// `\u{202e}`
pub(crate) fn code(character: char) -> String {
    character.escape_unicode().to_string()
}

/// The text as one string, with code points in place.
pub(crate) fn plain(text: &str) -> String {
    pieces(text).into_iter().fold(String::with_capacity(text.len()), |mut line, piece| {
        match piece {
            Piece::Plain(part) => line.push_str(part),
            Piece::Code(character) => line.extend(character.escape_unicode()),
        }
        line
    })
}

/// Whether a character moves, hides or imitates others: controls, directions, invisible characters, spaces other than the space,
/// and code points that no font agrees on.
fn hides(character: char) -> bool {
    if character.is_control() || (character.is_whitespace() && character != ' ') {
        return true;
    }
    let point = u32::from(character);
    point & 0xfffe == 0xfffe
        || matches!(point,
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e
            | 0x2060..=0x206f | 0x2800 | 0x3164 | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
            | 0xfff0..=0xfffc | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff | 0xf0000..=0x10_ffff)
}

/// `1,234,567`
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `812 GB`, to three figures and decimal, as drives are sold.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let (mut value, mut unit) = (bytes as f64 / 1e3, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    let places = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.places$} {}", UNITS[unit])
}

/// Whether a number or size says that there is nothing; it is shown all the same, more quietly.
pub(crate) fn is_zero(shown: &str) -> bool {
    shown.split(' ').next() == Some("0")
}

/// `2026-11-23 14:05:09 UTC`
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `1 h 02 min 33 s`; `None` where the end lies before the beginning, as after a clock was set back.
pub(crate) fn elapsed(from: Timestamp, to: Timestamp) -> Option<String> {
    let seconds = to.as_second().checked_sub(from.as_second()).filter(|seconds| *seconds >= 0)?;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds:02} s"),
        _ => format!("{hours} h {minutes:02} min {seconds:02} s"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_moves_is_shown_by_its_code_point() {
        assert_eq!(plain("a\nb\tc\r"), "a\\u{a}b\\u{9}c\\u{d}");
        assert_eq!(plain("\u{202e}vom.exe"), "\\u{202e}vom.exe");
        assert_eq!(plain("a\u{a0}b\u{200b}c\u{feff}"), "a\\u{a0}b\\u{200b}c\\u{feff}");
        assert_eq!(plain("colon\u{f022}"), "colon\\u{f022}");
        assert_eq!(plain("Grüße/Ω/Ж/漢 字.mov"), "Grüße/Ω/Ж/漢 字.mov");
    }

    #[test]
    fn no_two_names_are_shown_alike() {
        assert_ne!(plain("\\u{202e}"), plain("\u{202e}"));
        assert_eq!(plain("C:\\users"), "C:\\users");
        assert_ne!(plain("clip.mov "), plain("clip.mov"));
        assert_ne!(plain(" clip.mov"), plain("clip.mov"));
    }

    #[test]
    fn towers_of_marks_do_not_cover_other_lines() {
        assert_eq!(plain("e\u{302}\u{301}"), "e\u{302}\u{301}");
        let tower = format!("a{}", "\u{301}".repeat(5));
        assert_eq!(plain(&tower), "a\u{301}\u{301}\u{301}\\u{301}\\u{301}");
        assert_eq!(plain("a/\u{301} \u{301}"), "a/\\u{301} \\u{301}");
    }

    #[test]
    fn numbers_and_sizes_are_decimal() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 999, 1_000, 999_499, 999_500, 1_234_567, 99_950_000_000].map(size),
            ["0 bytes", "999 bytes", "1.00 kB", "999 kB", "1.00 MB", "1.23 MB", "100 GB"]
        );
        assert_eq!(size(u64::MAX), "18.4 EB");
    }

    #[test]
    fn a_clock_set_back_gives_no_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(elapsed(at(0), at(3_753)).as_deref(), Some("1 h 02 min 33 s"));
        assert_eq!(elapsed(at(0), at(65)).as_deref(), Some("1 min 05 s"));
        assert_eq!(elapsed(at(5), at(4)), None);
    }
}
