//! Owns CRC64/NVME: the checksum every S3 store can check per part and over the whole object, and that combines, so that the
//! value of a part is known from the blocks read off the card without a second read.

use crc_fast::{CrcAlgorithm, Digest, checksum_combine};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Size of the blocks whose CRC is kept while a card is read. Part sizes are multiples of it, so that part CRCs are combined
/// from block CRCs.
pub const BLOCK_BYTES: u64 = 16 * 1024 * 1024;

/// A CRC64/NVME value. On the wire it is 16 lower-case hex digits; in S3 headers the base 64 of its big-endian bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Crc64(pub u64);

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Crc64 {
    /// The CRC of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes))
    }

    /// The form of the header `x-amz-checksum-crc64nvme`.
    #[must_use]
    pub fn to_base64(self) -> String {
        let mut text = String::with_capacity(12);
        for chunk in self.0.to_be_bytes().chunks(3) {
            let mut group = [0u8; 3];
            group[..chunk.len()].copy_from_slice(chunk);
            let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
            for position in 0..4 {
                if position <= chunk.len() {
                    text.push(char::from(BASE64[(bits >> (18 - 6 * position) & 63) as usize]));
                } else {
                    text.push('=');
                }
            }
        }
        text
    }

    /// Reads the header form; `None` if it is anything else.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        let digits = text.strip_suffix('=')?.as_bytes();
        if digits.len() != 11 {
            return None;
        }
        let mut bits: u128 = 0;
        for digit in digits {
            bits = bits << 6 | BASE64.iter().position(|letter| letter == digit)? as u128;
        }
        // 11 digits are 66 bits; the last two must be zero.
        (bits & 3 == 0).then_some(Self((bits >> 2) as u64))
    }
}

impl fmt::Display for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crc64({self})")
    }
}

impl From<Crc64> for String {
    fn from(value: Crc64) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for Crc64 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("{:?} is no CRC64 (16 hex digits)", text.chars().take(40).collect::<String>()));
        }
        u64::from_str_radix(&text, 16).map(Self).map_err(|error| error.to_string())
    }
}

/// A running CRC64.
pub struct Crc64Digest(Digest);

impl Default for Crc64Digest {
    fn default() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Nvme))
    }
}

impl Crc64Digest {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The value so far.
    #[must_use]
    pub fn value(&self) -> Crc64 {
        Crc64(self.0.finalize())
    }
}

impl fmt::Debug for Crc64Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crc64Digest")
    }
}

/// The CRC of pieces that follow each other, each with its length. Empty input gives the CRC of no bytes.
#[must_use]
pub fn combine(pieces: impl IntoIterator<Item = (Crc64, u64)>) -> Crc64 {
    let mut pieces = pieces.into_iter();
    let Some((first, _)) = pieces.next() else { return Crc64::of(&[]) };
    pieces.fold(first, |before, (piece, length)| {
        if length == 0 { before } else { Crc64(checksum_combine(CrcAlgorithm::Crc64Nvme, before.0, piece.0, length)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn combining_pieces_equals_reading_the_whole(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..6)) {
            let whole: Vec<u8> = pieces.concat();
            let combined = combine(pieces.iter().map(|piece| (Crc64::of(piece), piece.len() as u64)));
            prop_assert_eq!(combined, Crc64::of(&whole));
        }

        #[test]
        fn both_text_forms_round_trip(value in any::<u64>()) {
            let crc = Crc64(value);
            prop_assert_eq!(Crc64::from_base64(&crc.to_base64()), Some(crc));
            prop_assert_eq!(Crc64::try_from(crc.to_string()), Ok(crc));
        }
    }

    #[test]
    fn is_the_crc_that_s3_means() {
        // Check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms.
        assert_eq!(Crc64::of(b"123456789"), Crc64(0xae8b_1486_0a79_9888));
        assert_eq!(Crc64(0xae8b_1486_0a79_9888).to_base64(), "rosUhgp5mIg=");
        assert!(Crc64::from_base64("rosUhgp5mIh=").is_none(), "trailing bits must be zero");
    }
}
