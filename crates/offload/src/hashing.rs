//! Owns hashing of the bytes on their way: one lane per slow format, one for the fast ones with the block checksums. Must never
//! read a file itself.

use crate::buffer::Piece;
use checkgate_mhl::MultiHasher;
use checkgate_model::{HashFormat, HashValue};
use crossbeam_channel::Receiver;
use std::sync::Arc;

/// Length of one checksummed block: what a later upload sends as one part, so that the store checks the bytes of the card.
pub const BLOCK_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes that every hash of a lane sees before the next.
const IN_CACHE_BYTES: usize = 64 * 1024;

/// What travels from the reader to every lane, in the order of the card.
#[derive(Debug, Clone)]
pub(crate) enum Parcel {
    /// Bytes of a file. `offset` 0 begins it, `last` ends it; an empty file is one parcel without data.
    Bytes {
        /// Index of the file.
        file: usize,
        /// Position of `data`.
        offset: u64,
        /// The bytes; `None` for an empty file.
        data: Option<Arc<Piece>>,
        /// Whether the file ends here.
        last: bool,
        /// The copy whose leftover of an earlier run gave these bytes, if it was not the card.
        from: Option<usize>,
    },
    /// The card failed in the middle of this file; what has come of it is worthless.
    Broken {
        /// Index of the file.
        file: usize,
    },
}

/// What identifies the bytes of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Fingerprint {
    /// In schema order.
    pub(crate) hashes: Vec<HashValue>,
    /// CRC64/NVME of each block.
    pub(crate) blocks: Vec<u64>,
}

impl Fingerprint {
    /// The hash that costs least to compute again.
    pub(crate) fn fastest(&self) -> Option<&HashValue> {
        checkgate_mhl::fastest(&self.hashes)
    }
}

/// Whether a format runs at memory speed, so that several share one lane.
const fn is_fast(format: HashFormat) -> bool {
    matches!(format, HashFormat::Xxh3 | HashFormat::Xxh128 | HashFormat::Xxh64)
}

/// CRC64/NVME per [`BLOCK_BYTES`], whatever the length of the updates.
pub(crate) struct BlockChecksums {
    digest: crc_fast::Digest,
    in_block: u64,
    done: Vec<u64>,
}

impl BlockChecksums {
    pub(crate) fn new() -> Self {
        Self { digest: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme), in_block: 0, done: Vec::new() }
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(BLOCK_BYTES - self.in_block).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.digest.update(now);
            self.in_block += now.len() as u64;
            if self.in_block == BLOCK_BYTES {
                self.close_block();
            }
            bytes = rest;
        }
    }

    /// Checksums of the whole blocks so far.
    pub(crate) fn done(&self) -> &[u64] {
        &self.done
    }

    fn close_block(&mut self) {
        self.done.push(self.digest.finalize());
        self.digest.reset();
        self.in_block = 0;
    }

    pub(crate) fn finish(mut self) -> Vec<u64> {
        if self.in_block > 0 {
            self.close_block();
        }
        self.done
    }
}

/// What one lane computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaneWork {
    formats: Vec<HashFormat>,
    blocks: bool,
}

/// Splits formats over lanes: all fast ones and the block checksums together, each slow one alone.
pub(crate) fn lanes(formats: &[HashFormat]) -> Vec<LaneWork> {
    let (fast, slow): (Vec<_>, Vec<_>) = formats.iter().copied().partition(|format| is_fast(*format));
    let mut lanes = vec![LaneWork { formats: fast, blocks: true }];
    lanes.extend(slow.into_iter().map(|format| LaneWork { formats: vec![format], blocks: false }));
    lanes
}

/// What a lane has found.
#[derive(Debug)]
pub(crate) enum Hashed {
    /// The checksum of the next whole block of a file that goes on.
    Block(u64),
    /// This lane's part of the fingerprint of a whole file.
    File(Fingerprint),
}

/// Runs one lane until the reader is done; `report` gets what was found about which file.
pub(crate) fn run_lane(work: &LaneWork, inbox: &Receiver<Parcel>, report: impl Fn(usize, Hashed)) {
    let start = || (MultiHasher::new(&work.formats), BlockChecksums::new());
    let (mut hasher, mut blocks) = start();
    for parcel in inbox {
        match parcel {
            Parcel::Broken { .. } => (hasher, blocks) = start(),
            Parcel::Bytes { file, offset, data, last, .. } => {
                if offset == 0 {
                    (hasher, blocks) = start();
                }
                if let Some(piece) = data {
                    let known = blocks.done.len();
                    // In turn, so that the checksum finds in the cache what the hash has just read.
                    for bytes in piece.filled().chunks(IN_CACHE_BYTES) {
                        hasher.update(bytes);
                        if work.blocks {
                            blocks.update(bytes);
                        }
                    }
                    if work.blocks {
                        if !last {
                            blocks.done[known..].iter().for_each(|block| report(file, Hashed::Block(*block)));
                        }
                    }
                }
                if last {
                    report(file, Hashed::File(Fingerprint { hashes: hasher.finish(), blocks: blocks.finish() }));
                    (hasher, blocks) = start();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_checksums_do_not_depend_on_how_the_bytes_arrive() {
        let bytes: Vec<u8> = (0..BLOCK_BYTES as usize + 1000).map(|i| (i * 7 % 251) as u8).collect();
        let mut whole = BlockChecksums::new();
        whole.update(&bytes);
        let mut pieces = BlockChecksums::new();
        for piece in bytes.chunks(777_777) {
            pieces.update(piece);
        }
        let whole = whole.finish();
        assert_eq!(whole.len(), 2);
        assert_eq!(whole, pieces.finish());
        let short = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &bytes[BLOCK_BYTES as usize..]);
        assert_eq!(whole[1], short);
        assert!(BlockChecksums::new().finish().is_empty());
    }

    #[test]
    fn slow_formats_get_lanes_of_their_own() {
        let lanes = lanes(&[HashFormat::C4, HashFormat::Md5, HashFormat::Xxh3, HashFormat::Xxh64]);
        assert_eq!(lanes.len(), 3);
        assert_eq!(lanes[0], LaneWork { formats: vec![HashFormat::Xxh3, HashFormat::Xxh64], blocks: true });
    }
}
