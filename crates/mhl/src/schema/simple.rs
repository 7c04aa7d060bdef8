//! Owns the simple types of the three schemas (XML Schema part 2) and their lexical rules. Never knows where they are used.

use super::scan::{is_blank_letter, is_name_letter, starts_name};

/// A simple type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Simple {
    /// `xs:string`, and `RelativePathType`, which restricts nothing.
    String,
    /// `xs:dateTime`.
    DateTime,
    /// `xs:integer`.
    Integer,
    /// `xs:integer` of at most this many digits.
    IntegerDigits(usize),
    /// `xs:positiveInteger`.
    PositiveInteger,
    /// `xs:decimal` from 0 with at most one digit after the point.
    Version,
    /// `xs:decimal`.
    Decimal,
    /// `xs:boolean`.
    Boolean,
    /// `xs:hexBinary`, of this many bytes.
    Hex(Option<usize>),
    /// `xs:base64Binary`.
    Base64,
    /// `xs:anyURI`.
    Uri,
    /// `xs:ID`. That no two are equal is looked at where they are used.
    Id,
    /// A string out of a list.
    Words(&'static [&'static str]),
    /// `EmailAddressAttributeType`: `[^@]+@[^\.]+\..+`.
    Email,
    /// One string and no other.
    Fixed(&'static str),
}

impl Simple {
    /// Whether the text, as it stands in the document, is of this type.
    pub(super) fn accepts(self, text: &str) -> bool {
        // Types built on strings keep their blanks; all others drop those outside.
        let trimmed = text.trim_matches(is_blank_letter);
        match self {
            Self::String => true,
            Self::Words(words) => words.contains(&text),
            Self::Fixed(fixed) => text == fixed,
            Self::Email => is_email(text),
            Self::DateTime => is_date_time(trimmed),
            Self::Integer => integer(trimmed).is_some(),
            Self::IntegerDigits(most) => integer(trimmed).is_some_and(|(_, digits)| digits.len() <= most),
            Self::PositiveInteger => integer(trimmed).is_some_and(|(negative, digits)| !negative && !digits.is_empty()),
            Self::Decimal => decimal(trimmed).is_some(),
            Self::Version => decimal(trimmed)
                .is_some_and(|(negative, whole, part)| part.len() <= 1 && !(negative && !(whole.is_empty() && part.is_empty()))),
            Self::Boolean => matches!(trimmed, "true" | "false" | "1" | "0"),
            Self::Hex(bytes) => {
                trimmed.len().is_multiple_of(2)
                    && bytes.is_none_or(|bytes| trimmed.len() == 2 * bytes)
                    && trimmed.bytes().all(|digit| digit.is_ascii_hexdigit())
            }
            Self::Base64 => is_base64(trimmed),
            Self::Uri => is_uri(trimmed),
            Self::Id => is_ncname(trimmed),
        }
    }

    /// What is wanted, in plain words.
    pub(super) fn wanted(self) -> String {
        match self {
            Self::String => "text".to_owned(),
            Self::DateTime => "a date and time such as 2020-01-16T09:15:00Z".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::IntegerDigits(most) => format!("a whole number of at most {most} digits"),
            Self::PositiveInteger => "a whole number above 0".to_owned(),
            Self::Version => "a number from 0 with at most one digit after the point".to_owned(),
            Self::Decimal => "a number".to_owned(),
            Self::Boolean => "true, false, 1 or 0".to_owned(),
            Self::Hex(Some(bytes)) => format!("{} hexadecimal digits", 2 * bytes),
            Self::Hex(None) => "an even number of hexadecimal digits".to_owned(),
            Self::Base64 => "base 64".to_owned(),
            Self::Uri => "a URI".to_owned(),
            Self::Id => "a name that nothing else in the document has".to_owned(),
            Self::Words(words) => words.join(" or "),
            Self::Email => "an e-mail address".to_owned(),
            Self::Fixed("") => "nothing".to_owned(),
            Self::Fixed(fixed) => format!("{fixed:?}"),
        }
    }
}

/// Sign, and digits without leading zeros.
fn integer(text: &str) -> Option<(bool, &str)> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| (text.starts_with('-'), digits.trim_start_matches('0')))
}

/// Sign, digits before the point without leading zeros, digits after it without trailing zeros.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = whole.len() + part.len() > 0 && whole.bytes().chain(part.bytes()).all(|digit| digit.is_ascii_digit());
    plain.then(|| (text.starts_with('-'), whole.trim_start_matches('0'), part.trim_end_matches('0')))
}

/// `[^@]+@[^\.]+\..+`, where `.` is anything but a line end.
fn is_email(text: &str) -> bool {
    let Some((user, domain)) = text.split_once('@') else { return false };
    let Some((host, rest)) = domain.split_once('.') else { return false };
    !user.is_empty() && !host.is_empty() && !rest.is_empty() && !rest.contains(['\n', '\r'])
}

/// Two digits as a number.
fn two(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// `-?YYYY+-MM-DDThh:mm:ss(.s+)?(Z|±hh:mm)?`, without a year 0, with 24:00:00 (XML Schema 1.0 part 2, 3.2.7).
fn is_date_time(text: &str) -> bool {
    let parsed = (|| {
        let (date, time) = text.split_once('T')?;
        let (date, day) = date.rsplit_once('-')?;
        let (year, month) = date.rsplit_once('-')?;
        let year = year.strip_prefix('-').unwrap_or(year);
        let years = year.len() >= 4
            && year.bytes().all(|digit| digit.is_ascii_digit())
            && (year.len() == 4 || !year.starts_with('0'))
            && year != "0000";
        let of_400 = year.bytes().fold(0, |sum, digit| (sum * 10 + u32::from(digit.wrapping_sub(b'0'))) % 400);
        let leap = of_400.is_multiple_of(4) && (!of_400.is_multiple_of(100) || of_400 == 0);
        let days = match two(month)? {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return None,
        };
        let (clock, offset) = match time.find(['Z', '+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, ""),
        };
        let mut parts = clock.splitn(3, ':');
        let (hour, minute, second) = (two(parts.next()?)?, two(parts.next()?)?, parts.next()?);
        let (second, fraction) = second.split_once('.').map_or((second, None), |(second, part)| (second, Some(part)));
        let second = two(second)?;
        if fraction.is_some_and(|part| part.is_empty() || !part.bytes().all(|digit| digit.is_ascii_digit())) {
            return None;
        }
        let midnight = hour == 24 && minute == 0 && second == 0 && fraction.is_none_or(|part| part.bytes().all(|d| d == b'0'));
        let offset = match offset {
            "" | "Z" => true,
            shift => {
                let (hours, minutes) = shift[1..].split_once(':')?;
                let (hours, minutes) = (two(hours)?, two(minutes)?);
                !shift.starts_with('Z') && minutes < 60 && hours * 60 + minutes <= 14 * 60
            }
        };
        Some(years && (1..=days).contains(&two(day)?) && (hour < 24 || midnight) && minute < 60 && second < 60 && offset)
    })();
    parsed == Some(true)
}

fn is_base64(text: &str) -> bool {
    let letters: Vec<u8> = text.bytes().filter(|byte| !super::scan::is_blank(*byte)).collect();
    let body = letters.strip_suffix(b"==").or_else(|| letters.strip_suffix(b"=")).unwrap_or(&letters);
    // The last letter before the padding must leave the bits that are not used at 0.
    let tail: &[u8] = match letters.len() - body.len() {
        0 => return letters.len().is_multiple_of(4) && body.iter().all(|letter| is_base64_letter(*letter)),
        1 => b"AEIMQUYcgkosw048",
        _ => b"AQgw",
    };
    letters.len().is_multiple_of(4)
        && body.iter().all(|letter| is_base64_letter(*letter))
        && body.last().is_some_and(|last| tail.contains(last))
}

const fn is_base64_letter(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/')
}

fn is_ncname(text: &str) -> bool {
    text.starts_with(starts_name) && text.chars().all(is_name_letter) && !text.contains(':')
}

/// A URI reference of RFC 3986; letters that a URI must escape are let through, wrong escapes are not.
fn is_uri(text: &str) -> bool {
    let escapes = text.match_indices('%').all(|(at, _)| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let brackets = |part: &str| part.contains(['[', ']']);
    if !escapes || fragment.contains('#') || brackets(query) || brackets(fragment) {
        return false;
    }
    let first = text.split('/').next().unwrap_or_default();
    let rest = match first.split_once(':') {
        Some((scheme, _)) => {
            let legal = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
            if !legal {
                return false;
            }
            &text[scheme.len() + 1..]
        }
        None => text,
    };
    let Some(hierarchy) = rest.strip_prefix("//") else { return !brackets(rest) };
    let (authority, path) = hierarchy.split_at(hierarchy.find('/').unwrap_or(hierarchy.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let port = match host.strip_prefix('[') {
        Some(literal) => match literal.split_once(']') {
            Some((inside, after)) if !inside.is_empty() && !brackets(inside) => after,
            _ => return false,
        },
        None => host.find(':').map_or("", |at| &host[at..]),
    };
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|d| d.is_ascii_digit()));
    let name = host.strip_suffix(port).unwrap_or(host);
    port_fits && !brackets(path) && !brackets(user) && (host.starts_with('[') || !brackets(name)) && !user.contains('@')
}
