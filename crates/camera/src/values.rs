//! Owns how a maker's text becomes a value in the canonical unit. A text that is no such value gives `None`, never a guess.

use crate::canonical::ValueKind;
use crate::names::{gamma, is_vendor_unknown, primaries};
use checkgate_model::{FieldValue, FrameRate, Timecode};

/// The first number in a text: `5600 K`, `180.0deg`, `T2.8`.
pub(crate) fn number_in(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit() || c == '-' || c == '.')?;
    let rest = &text[start..];
    let end = rest.char_indices().skip(1).find(|(_, c)| !(c.is_ascii_digit() || *c == '.')).map_or(rest.len(), |(at, _)| at);
    rest[..end].trim_end_matches('.').parse().ok().filter(|number: &f64| number.is_finite())
}

/// Every number of a text, in order; at most 64.
pub(crate) fn numbers_in(text: &str) -> Vec<f64> {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E')))
        .filter_map(|n| n.parse().ok())
        .filter(|n: &f64| n.is_finite())
        .take(64)
        .collect()
}

/// A number or a fraction of two, as makers write rationals (`18000/100`).
pub(crate) fn fraction(text: &str) -> Option<f64> {
    match text.trim().split_once('/') {
        Some((num, den)) => {
            let (num, den) = (num.trim().parse::<f64>().ok()?, den.trim().parse::<f64>().ok()?);
            (den != 0.0).then(|| num / den).filter(|number| number.is_finite())
        }
        None => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

pub(crate) fn value_of(kind: ValueKind, raw: &str, nominal: Option<u32>) -> Option<FieldValue> {
    let text = raw.trim();
    let lower = text.to_ascii_lowercase();
    Some(match kind {
        ValueKind::Text => FieldValue::Text(text.to_owned()),
        ValueKind::Int => {
            // `48kHz` in a field counted in Hz.
            let factor = if lower.contains("khz") { 1000.0 } else { 1.0 };
            FieldValue::Int((number_in(text).filter(|n| n.abs() < 1e12)? * factor).round() as i64)
        }
        // A timecode in the wrong column is no number.
        ValueKind::Float => FieldValue::Float(number_in(text).filter(|_| !text.contains(':'))?),
        // Blackmagic writes numerator and denominator with a comma.
        ValueKind::Rate if lower.contains(',') => match numbers_in(&lower)[..] {
            [num, den, ..] if num >= 1.0 && den >= 1.0 && num < 1e9 && den < 1e9 => {
                rate_value(FrameRate::new(num as u32, den as u32)?)
            }
            [rate] => rate_value(FrameRate::parse(&rate.to_string())?),
            _ => return None,
        },
        ValueKind::Rate => rate_value(FrameRate::parse(text).or_else(|| FrameRate::parse(&number_in(text)?.to_string()))?),
        ValueKind::Ratio => ratio(number_in(text)?)?,
        ValueKind::Timecode => FieldValue::Text(Timecode::parse(text, nominal.unwrap_or(60)).ok().map(|_| text.to_owned())?),
        ValueKind::Bool => FieldValue::Bool(match lower.as_str() {
            "yes" | "true" | "1" | "on" | "circle" | "circled" | "y" | "x" => true,
            "no" | "false" | "0" | "off" | "n" => false,
            _ => return None,
        }),
        ValueKind::Gamma => FieldValue::Text(gamma(text).0),
        ValueKind::Primaries => FieldValue::Text(primaries(text)),
        ValueKind::Cdl => {
            let numbers = numbers_in(text);
            if numbers.len() != 9 {
                return None;
            }
            FieldValue::List(numbers)
        }
        ValueKind::Length => FieldValue::Float(metres(&lower, 1.0)?),
        ValueKind::Focal => FieldValue::Float(round6(metres(&lower, 0.001)? * 1000.0)),
        ValueKind::Seconds => FieldValue::Float(if lower.contains('/') {
            let plain: String = lower.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '/')).collect();
            fraction(&plain)?
        } else if lower.ends_with("ms") {
            round6(number_in(text)? / 1000.0)
        } else {
            number_in(text)?
        }),
        ValueKind::Density => FieldValue::Float(stops_of_density(number_in(text)?)),
        ValueKind::Stops => FieldValue::Float(match lower.as_str() {
            "clear" | "no filter" | "off" => 0.0,
            _ => match lower.strip_prefix("1/") {
                Some(part) => round6(number_in(part).filter(|n| *n >= 1.0)?.log2()),
                None => number_in(text)?,
            },
        }),
        ValueKind::Date => FieldValue::Text(date(text)?),
        ValueKind::Place => FieldValue::List(place(text)?),
        ValueKind::Size => match numbers_in(&lower.replace('x', " "))[..] {
            [width, height, ..] if width >= 1.0 && height >= 1.0 && width < 1e6 && height < 1e6 => {
                FieldValue::Size(width as i64, height as i64)
            }
            _ => return None,
        },
        ValueKind::Numbers => FieldValue::List(Some(numbers_in(text)).filter(|numbers| !numbers.is_empty())?),
        ValueKind::Bits => {
            let digits: String = lower.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
            let plain = digits.strip_prefix("0x").unwrap_or(&digits);
            (plain.len() == 8 && plain.bytes().all(|b| b.is_ascii_hexdigit())).then(|| FieldValue::Text(plain.to_owned()))?
        }
    })
}

/// What one source gives for one field at one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading {
    Absent,
    Unknown,
    Value(FieldValue),
}

/// A maker's text as a value in the field's unit; unknown where the maker says so or the text is no such value.
pub(crate) fn reading(kind: ValueKind, raw: &str, nominal: Option<u32>) -> Reading {
    if raw.trim().is_empty() {
        return Reading::Absent;
    }
    if is_vendor_unknown(raw) {
        return Reading::Unknown;
    }
    value_of(kind, raw, nominal).map_or(Reading::Unknown, Reading::Value)
}

/// A nominal density of 0.3 halves the light.
pub(crate) fn stops_of_density(density: f64) -> f64 {
    round6(density / 0.3)
}

/// Six digits behind the point: enough for every unit here, and no noise of binary fractions.
pub(crate) fn round6(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// A squeeze or aspect as a rational; the customary 1.33 stays 133/100, as the camera says.
pub(crate) fn ratio(number: f64) -> Option<FieldValue> {
    let thousandths = (number * 1000.0).round();
    if !(1.0..100_000.0).contains(&thousandths) {
        return None;
    }
    let thousandths = thousandths as i64;
    let divisor = gcd(thousandths, 1000);
    Some(FieldValue::Rational(thousandths / divisor, 1000 / divisor))
}

/// Metres, where the text names its unit by its end; `plain` is the unit of a bare number.
fn metres(lower: &str, plain: f64) -> Option<f64> {
    let number = number_in(lower)?;
    if lower.contains("inf") || number < 0.0 {
        return None;
    }
    let unit = lower.trim_end_matches(|c: char| !c.is_ascii_alphabetic() && c != '\'' && c != '"');
    let unit = unit.trim_start_matches(|c: char| !c.is_ascii_alphabetic() && c != '\'' && c != '"');
    let factor = match unit {
        "mm" => 0.001,
        "cm" => 0.01,
        "m" | "meter" | "metre" => 1.0,
        "ft" | "feet" | "'" => 0.3048,
        "in" | "inch" | "\"" => 0.0254,
        _ => plain,
    };
    Some(round6(number * factor))
}

/// RFC 3339 out of a date with or without time and offset, in the orders makers use (year first). Without offset where the text has
/// none.
pub(crate) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    let mut rest = text;
    let mut digits = |count: usize| -> Option<u32> {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        let part = rest.get(..count)?;
        let number = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())??;
        rest = &rest[count..];
        Some(number)
    };
    let (year, month, day) = (digits(4)?, digits(2)?, digits(2)?);
    if !(1970..=2999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let (Some(hours), Some(minutes)) = (digits(2), digits(2)) else { return Some(date) };
    let seconds = digits(2).unwrap_or(0);
    if hours > 23 || minutes > 59 || seconds > 60 {
        return Some(date);
    }
    // Fractions of a second are dropped: no source agrees about them with another.
    let behind = rest.trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
    let offset = offset(behind.trim()).unwrap_or_default();
    Some(format!("{date}T{hours:02}:{minutes:02}:{seconds:02}{offset}"))
}

/// `+0100`, `+01:00`, `UTC+01:00`, `Z`.
fn offset(text: &str) -> Option<String> {
    let text = text.trim_start_matches("UTC").trim_start_matches("GMT").trim();
    if text == "Z" {
        return Some("Z".to_owned());
    }
    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let digits: String = text[1..].chars().filter(char::is_ascii_digit).take(4).collect();
    let (hours, minutes) = (digits.get(..2)?, digits.get(2..4).unwrap_or("00"));
    (hours.parse::<u8>().ok()? <= 14 && minutes.parse::<u8>().ok()? < 60).then(|| format!("{sign}{hours}:{minutes}"))
}

/// ISO 6709 (`+27.2939+112.6932+012.3/`) or two or three numbers.
fn place(text: &str) -> Option<Vec<f64>> {
    let mut separated = String::with_capacity(text.len() + 4);
    for (at, c) in text.trim_end_matches('/').char_indices() {
        if at > 0 && matches!(c, '+' | '-') {
            separated.push(' ');
        }
        separated.push(c);
    }
    let numbers = numbers_in(separated.split("CRS").next().unwrap_or(""));
    let fits = matches!(numbers.len(), 2 | 3) && numbers[0].abs() <= 90.0 && numbers[1].abs() <= 180.0;
    fits.then_some(numbers)
}

/// A fraction of two whole numbers as it is, reduced; none where it is no aspect of a pixel.
pub(crate) fn aspect(num: u64, den: u64) -> Option<FieldValue> {
    let (num, den) = (i64::try_from(num).ok()?, i64::try_from(den).ok()?);
    let fits = num > 0 && den > 0 && num / den < 10 && den / num < 10;
    let divisor = gcd(num, den);
    fits.then(|| FieldValue::Rational(num / divisor, den / divisor))
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

/// A rate as a field value.
pub(crate) fn rate_value(rate: FrameRate) -> FieldValue {
    FieldValue::Rational(i64::from(rate.num), i64::from(rate.den))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_words() {
        for (text, want) in [("5600 K", 5600.0), ("T2.8", 2.8), ("-0.5", -0.5), ("180.0deg", 180.0)] {
            assert_eq!(number_in(text), Some(want), "{text}");
        }
        assert_eq!(number_in("none"), None);
    }

    #[test]
    fn units_are_read_where_they_stand() {
        let float = |kind, text| match value_of(kind, text, None) {
            Some(FieldValue::Float(number)) => Some(number),
            _ => None,
        };
        for (kind, text, want) in [
            (ValueKind::Length, "991mm", Some(0.991)),
            (ValueKind::Length, "4.812", Some(4.812)),
            (ValueKind::Length, "10 ft", Some(3.048)),
            (ValueKind::Length, "inf", None),
            (ValueKind::Length, "-1", None),
            (ValueKind::Focal, "50mm", Some(50.0)),
            (ValueKind::Focal, "40.000", Some(40.0)),
            (ValueKind::Seconds, "20.000 ms", Some(0.02)),
            (ValueKind::Seconds, "1/50", Some(0.02)),
            (ValueKind::Density, "0.6", Some(2.0)),
            (ValueKind::Stops, "1/64", Some(6.0)),
            (ValueKind::Stops, "No Filter", Some(0.0)),
            (ValueKind::Stops, "4", Some(4.0)),
        ] {
            assert_eq!(float(kind, text), want, "{text}");
        }
    }

    #[test]
    fn dates_keep_the_offset_they_have_and_get_none() {
        for (text, want) in [
            ("2018/03/27 12:36:51 UTC+00:00", Some("2018-03-27T12:36:51+00:00")),
            ("20220303 132146", Some("2022-03-03T13:21:46")),
            ("2022-08-07 13:40:40,774,808", Some("2022-08-07T13:40:40")),
            ("2017.08.05 14:11:51", Some("2017-08-05T14:11:51")),
            ("2019-02-12T15:27:12+0800", Some("2019-02-12T15:27:12+08:00")),
            ("2021-07-16T09:00:00Z", Some("2021-07-16T09:00:00Z")),
            ("2021:07:16", Some("2021-07-16")),
            ("13:40:40", None),
            ("2021-13-16", None),
        ] {
            assert_eq!(date(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn an_aspect_is_kept_as_a_fraction() {
        assert_eq!(aspect(4 * 576, 3 * 720), Some(FieldValue::Rational(16, 15)));
        assert_eq!(aspect(16 * 1080, 9 * 1920), Some(FieldValue::Rational(1, 1)));
        assert_eq!((aspect(0, 1), aspect(100, 1)), (None, None));
    }

    #[test]
    fn places_are_read_as_iso_6709_writes_them() {
        assert_eq!(place("+27.2939+112.6932/"), Some(vec![27.2939, 112.6932]));
        assert_eq!(place("+51.4169-000.0806/"), Some(vec![51.4169, -0.0806]));
        assert_eq!(place("+34.1+118.2+090.5/"), Some(vec![34.1, 118.2, 90.5]));
        assert_eq!(place("+134.1+118.2/"), None);
    }
}
