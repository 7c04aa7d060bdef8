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
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "HashText", into = "HashText")]
pub struct HashValue(Repr);

/// A million of these are held at once, so all but the longest digest lie in place.
#[derive(Clone)]
enum Repr {
    Short(HashFormat, [u8; LONGEST_SHORT]),
    C4(Box<[u8; C4_BYTES]>),
}

const LONGEST_SHORT: usize = 20;
const C4_BYTES: usize = 64;

impl PartialEq for HashValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for HashValue {}

impl PartialOrd for HashValue {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HashValue {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.format().cmp(&other.format()).then_with(|| self.bytes().cmp(other.bytes()))
    }
}

impl std::hash::Hash for HashValue {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.format().hash(state);
        self.bytes().hash(state);
    }
}

impl fmt::Debug for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
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
        Self { format: value.format(), digest: value.to_text() }
    }
}

const C4_ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

impl HashValue {
    /// From raw digest bytes, big-endian canonical form.
    pub fn from_bytes(format: HashFormat, bytes: &[u8]) -> Result<Self, HashParseError> {
        if bytes.len() != format.digest_len() {
            return Err(HashParseError::BadDigest { format, text: format!("{} bytes", bytes.len()) });
        }
        if let Ok(long) = <[u8; C4_BYTES]>::try_from(bytes) {
            return Ok(Self(Repr::C4(Box::new(long))));
        }
        let mut short = [0; LONGEST_SHORT];
        short[..bytes.len()].copy_from_slice(bytes);
        Ok(Self(Repr::Short(format, short)))
    }

    /// From the text form of the format; hex in either case, surrounding blanks ignored.
    pub fn parse(format: HashFormat, text: &str) -> Result<Self, HashParseError> {
        let bad = || HashParseError::BadDigest { format, text: text.chars().take(100).collect() };
        let trimmed = text.trim();
        if format == HashFormat::C4 {
            return c4_decode(trimmed).map(|long| Self(Repr::C4(Box::new(long)))).ok_or_else(bad);
        }
        hex_decode(trimmed, format.digest_len()).map(|short| Self(Repr::Short(format, short))).ok_or_else(bad)
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> HashFormat {
        match &self.0 {
            Repr::Short(format, _) => *format,
            Repr::C4(_) => HashFormat::C4,
        }
    }

    /// The digest, `format().digest_len()` bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Short(format, bytes) => &bytes[..format.digest_len()],
            Repr::C4(bytes) => bytes.as_slice(),
        }
    }

    /// Lower-case hex, or the 90 characters of a C4 ID.
    #[must_use]
    pub fn to_text(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        if let Repr::C4(bytes) = &self.0 {
            return c4_encode(bytes);
        }
        let mut text = String::with_capacity(self.bytes().len() * 2);
        for byte in self.bytes() {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text
    }
}

impl fmt::Display for HashValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.format(), self.to_text())
    }
}

fn hex_decode(text: &str, len: usize) -> Option<[u8; LONGEST_SHORT]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
    let text = text.as_bytes();
    if text.len() != len * 2 || len > LONGEST_SHORT {
        return None;
    }
    let mut bytes = [0; LONGEST_SHORT];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Five digits of base 58 at a time fit a 32-bit limb.
const FIVE_DIGITS: u64 = 58 * 58 * 58 * 58 * 58;

fn c4_encode(digest: &[u8; C4_BYTES]) -> String {
    let mut limbs = [0u32; C4_BYTES / 4];
    for (limb, four) in limbs.iter_mut().zip(digest.chunks_exact(4)) {
        *limb = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
    }
    let mut text = [b'1'; 90];
    text[0] = b'c';
    text[1] = b'4';
    for five in text[2..].rchunks_mut(5) {
        let mut remainder = 0u64;
        for limb in &mut limbs {
            let value = remainder << 32 | u64::from(*limb);
            *limb = (value / FIVE_DIGITS) as u32;
            remainder = value % FIVE_DIGITS;
        }
        for slot in five.iter_mut().rev() {
            *slot = C4_ALPHABET[(remainder % 58) as usize];
            remainder /= 58;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Decoded as an integer, not as generic base 58: a leading `1` is a zero digit here, never a zero byte.
fn c4_decode(text: &str) -> Option<[u8; C4_BYTES]> {
    let digits = text.strip_prefix("c4")?.as_bytes();
    if digits.len() != 88 {
        return None;
    }
    let mut limbs = [0u32; C4_BYTES / 4];
    for digit in digits {
        let mut carry = C4_ALPHABET.iter().position(|c| c == digit)? as u64;
        for limb in limbs.iter_mut().rev() {
            let value = u64::from(*limb) * 58 + carry;
            *limb = value as u32;
            carry = value >> 32;
        }
        if carry != 0 {
            return None;
        }
    }
    let mut bytes = [0; C4_BYTES];
    for (four, limb) in bytes.chunks_exact_mut(4).zip(limbs) {
        four.copy_from_slice(&limb.to_be_bytes());
    }
    Some(bytes)
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
