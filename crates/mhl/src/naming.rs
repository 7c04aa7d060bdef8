//! Owns the names of manifests: `NNNN_<folder>_<date>_<time>Z.mhl` (spec 6.2), and of legacy lists. Never decides which number
//! comes next.

use checkgate_model::Timestamp;

/// Longest file name that every common file system takes.
const NAME_BYTES: usize = 255;

/// Name of generation `number` of the data set in `folder`. Shortened in the folder part where it would pass 255 bytes.
#[must_use]
pub fn manifest_name(number: u32, folder: &str, started: Timestamp) -> String {
    named(&format!("{number:04}"), folder, started)
}

/// Name of a packing list of the data set in `folder`, shortened in the same way.
#[must_use]
pub fn packing_list_name(folder: &str, started: Timestamp) -> String {
    named("packinglist", folder, started)
}

fn named(first: &str, folder: &str, started: Timestamp) -> String {
    let date = started.strftime("%Y-%m-%d_%H%M%SZ").to_string();
    let part = fitted(folder, NAME_BYTES - first.len() - date.len() - "__.mhl".len());
    if part.is_empty() { format!("{first}_{date}.mhl") } else { format!("{first}_{part}_{date}.mhl") }
}

/// Name of a legacy list of the data set in `folder`: `<folder>_<date>_<time>.mhl` in UTC, as the reference tool of MHL 1.1 names
/// it. Shortened in the folder part where it would pass 255 bytes.
#[must_use]
pub fn legacy_name(folder: &str, started: Timestamp) -> String {
    let date = started.strftime("%Y-%m-%d_%H%M%S").to_string();
    let part = fitted(folder, NAME_BYTES - date.len() - "_.mhl".len());
    if part.is_empty() { format!("{date}.mhl") } else { format!("{part}_{date}.mhl") }
}

/// The folder's name as a part of a file name, in at most `room` bytes.
fn fitted(folder: &str, room: usize) -> String {
    let mut part: String = folder.chars().map(|c| if is_unfit(c) { '_' } else { c }).collect();
    while part.len() > room {
        part.pop();
    }
    part
}

/// Would leave the folder, break the XML, or not exist on exFAT and NTFS.
fn is_unfit(c: char) -> bool {
    c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{fffe}' | '\u{ffff}')
}

/// The generation number in a manifest's name: `^(\d{4,})(_.+)?$` before `.mhl`. `None` for any other name.
#[must_use]
pub fn generation_number(name: &str) -> Option<u32> {
    if name.starts_with("._") {
        return None;
    }
    let stem = name.strip_suffix(".mhl")?;
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &stem[digits..];
    if digits < 4 || !(rest.is_empty() || (rest.len() > 1 && rest.starts_with('_'))) {
        return None;
    }
    stem[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2020-01-16T09:15:00.9Z".parse().expect("a date")
    }

    #[test]
    fn numbers_grow_past_four_digits() {
        assert_eq!(manifest_name(1, "A002R2EC", at()), "0001_A002R2EC_2020-01-16_091500Z.mhl");
        assert_eq!(manifest_name(10_000, "Köln 1", at()), "10000_Köln 1_2020-01-16_091500Z.mhl");
        assert_eq!(generation_number("10000_Köln 1_2020-01-16_091500Z.mhl"), Some(10_000));
    }

    #[test]
    fn a_long_folder_name_is_shortened_at_a_character() {
        let name = manifest_name(1, &"ü".repeat(200), at());
        assert!(name.len() <= 255 && name.ends_with("ü_2020-01-16_091500Z.mhl"), "{name}");
        assert_eq!(manifest_name(2, "", at()), "0002_2020-01-16_091500Z.mhl");
    }

    #[test]
    fn legacy_names_carry_folder_and_start() {
        assert_eq!(legacy_name("A002R2EC", at()), "A002R2EC_2020-01-16_091500.mhl");
        assert_eq!(legacy_name("", at()), "2020-01-16_091500.mhl");
        assert_eq!(legacy_name("a/b:c", at()), "a_b_c_2020-01-16_091500.mhl");
        let name = legacy_name(&"ü".repeat(200), at());
        assert!(name.len() <= 255 && name.ends_with("ü_2020-01-16_091500.mhl"), "{name}");
    }

    #[test]
    fn reads_names_as_the_reference_does() {
        for (name, number) in [
            ("0002.mhl", Some(2)),
            ("0004_custom_123.mhl", Some(4)),
            ("001_a.mhl", None),
            ("0003_.mhl", None),
            ("AA_0002.mhl", None),
            ("._0001_a.mhl", None),
            ("0001_a.xml", None),
            ("99999999999_a.mhl", None),
        ] {
            assert_eq!(generation_number(name), number, "{name}");
        }
    }
}
