//! Owns hash formats and values of ASC MHL v2.0 (appendix D) and their text forms, including the C4 ID of SMPTE ST 2114.
//! Values compare as bytes, never as text: third-party manifests write hex in either case.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The six formats an ASC MHL v2.0 manifest may carry, in the alphabetical order its schema requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum HashFormat {
    /// SHA-512 in base 58, SMPTE ST 2114.
    C4,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// XXH3, 128 bits, seed 0, canonical big-endian.
    Xxh128,
    /// XXH3, 64 bits, seed 0, canonical big-endian.
    Xxh3,
    /// XXH64, seed 0, canonical big-endian.
    Xxh64,
}

impl HashFormat {
    /// Every format, in schema order.
    pub const ALL: [Self; 6] = [Self::C4, Self::Md5, Self::Sha1, Self::Xxh128, Self::Xxh3, Self::Xxh64];

    /// The element name in ASC MHL, also the word on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::C4 => "c4",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Xxh128 => "xxh128",
            Self::Xxh3 => "xxh3",
            Self::Xxh64 => "xxh64",
        }
    }

    /// Digest length in bytes.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::C4 => 64,
            Self::Md5 | Self::Xxh128 => 16,
            Self::Sha1 => 20,
            Self::Xxh3 | Self::Xxh64 => 8,
        }
    }
}

impl fmt::Display for HashFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HashFormat {
    type Err = HashParseError;

    fn from_str(text: &str) -> Result<Self, HashParseError> {
        Self::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| HashParseError::UnknownFormat(text.to_owned()))
    }
}

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashParseError {
    /// Not one of the six formats.
    #[error("{0:?} is no hash format of ASC MHL (c4, md5, sha1, xxh128, xxh3, xxh64)")]
    UnknownFormat(String),
    /// The digest text does not fit the format.
    #[error("{text:?} is no {format} digest")]
    BadDigest {
        /// Format that was asked for.
        format: HashFormat,
        /// The text as found.
        text: String,
    },
}

/// A digest with its format. Serialised as `{ "format": "xxh64", "digest": "…" }`; 64-bit values never travel as numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "HashText", into = "HashText")]
pub struct HashValue {
    format: HashFormat,
    bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct HashText {
    format: HashFormat,
    digest: String,
}

impl TryFrom<HashText> for HashValue {
    type Error = HashParseError;
    fn try_from(text: HashText) -> Result<Self, HashParseError> {
        Self::parse(text.format, &text.digest)
    }
}

impl From<HashValue> for HashText {
    fn from(value: HashValue) -> Self {
        Self { format: value.format, digest: value.to_text() }
    }
}

const C4_ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

impl HashValue {
    /// From raw digest bytes, big-endian canonical form.
    pub fn from_bytes(format: HashFormat, bytes: &[u8]) -> Result<Self, HashParseError> {
        if bytes.len() == format.digest_len() {
            Ok(Self { format, bytes: bytes.to_vec() })
        } else {
            Err(HashParseError::BadDigest { format, text: format!("{} bytes", bytes.len()) })
        }
    }

    /// From the text form of the format; hex in either case, surrounding blanks ignored.
    pub fn parse(format: HashFormat, text: &str) -> Result<Self, HashParseError> {
        let bad = || HashParseError::BadDigest { format, text: text.chars().take(100).collect() };
        let trimmed = text.trim();
        let bytes = if format == HashFormat::C4 { c4_decode(trimmed) } else { hex_decode(trimmed, format.digest_len()) };
        bytes.map(|bytes| Self { format, bytes }).ok_or_else(bad)
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> HashFormat {
        self.format
    }

    /// The digest, `format().digest_len()` bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Lower-case hex, or the 90 characters of a C4 ID.
    #[must_use]
    pub fn to_text(&self) -> String {
        if self.format == HashFormat::C4 {
            return c4_encode(&self.bytes);
        }
        self.bytes.iter().fold(String::with_capacity(self.bytes.len() * 2), |mut text, byte| {
            use fmt::Write as _;
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        })
    }
}

impl fmt::Display for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.format, self.to_text())
    }
}

fn hex_decode(text: &str, len: usize) -> Option<Vec<u8>> {
    if text.len() != len * 2 || !text.is_ascii() {
        return None;
    }
    (0..len).map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()).collect()
}

fn c4_encode(digest: &[u8]) -> String {
    let mut number = digest.to_vec();
    let mut text = vec![b'1'; 90];
    text[0] = b'c';
    text[1] = b'4';
    for slot in (2..90).rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = remainder * 256 + u32::from(*byte);
            *byte = (value / 58) as u8;
            remainder = value % 58;
        }
        text[slot] = C4_ALPHABET[remainder as usize];
    }
    String::from_utf8(text).expect("the alphabet is ASCII")
}

/// Decoded as an integer, not as generic base 58: a leading `1` is a zero digit here, never a zero byte.
fn c4_decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("c4")?.as_bytes();
    if digits.len() != 88 {
        return None;
    }
    let mut number = vec![0u8; 64];
    for digit in digits {
        let mut carry = C4_ALPHABET.iter().position(|c| c == digit)? as u32;
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 58 + carry;
            *byte = (value & 0xff) as u8;
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_form_round_trips(format in 0usize..6, seed in proptest::collection::vec(any::<u8>(), 64)) {
            let format = HashFormat::ALL[format];
            let value = HashValue::from_bytes(format, &seed[..format.digest_len()]).expect("length fits");
            prop_assert_eq!(HashValue::parse(format, &value.to_text()).expect("own text parses"), value);
        }
    }

    #[test]
    fn c4_pads_small_numbers_and_refuses_overflow() {
        let zero = HashValue::from_bytes(HashFormat::C4, &[0; 64]).expect("64 bytes");
        assert_eq!(zero.to_text(), format!("c4{}", "1".repeat(88)));
        assert!(HashValue::parse(HashFormat::C4, &format!("c4{}", "z".repeat(88))).is_err());
    }

    #[test]
    fn hex_compares_as_bytes() {
        let upper = HashValue::parse(HashFormat::Xxh64, "EF46DB3751D8E999").expect("hex");
        let lower = HashValue::parse(HashFormat::Xxh64, " ef46db3751d8e999\n").expect("hex");
        assert_eq!(upper, lower);
    }
}
