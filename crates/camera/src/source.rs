//! Owns bounded reading: every length is checked against the file and against a limit before a byte is allocated, every byte
//! read is counted (invariant 11).

use crate::ReadSeek;
use std::io::SeekFrom;

/// Largest single read; the sample tables of an hour of picture fit well below it.
pub(crate) const MAX_READ_BYTES: u64 = 64 << 20;
/// Most bytes one parser may read of one file.
const BUDGET_BYTES: u64 = 256 << 20;

/// Why a file could not be read as what it claims to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The medium failed.
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    /// The structure points behind the end of the file.
    #[error("{wanted_end} bytes are declared, {size} are present")]
    PastEnd {
        /// First byte behind what is declared.
        wanted_end: u64,
        /// Size of the file.
        size: u64,
    },
    /// A declared length is beyond every limit, or the budget is used up.
    #[error("a declared length is beyond every limit")]
    TooLarge,
    /// The bytes break the format's own rules.
    #[error("{0}")]
    Malformed(&'static str),
}

/// One file, read by position.
pub(crate) struct Source<'a> {
    reader: &'a mut dyn ReadSeek,
    size: u64,
    bytes_read: u64,
}

impl<'a> Source<'a> {
    pub(crate) fn new(reader: &'a mut dyn ReadSeek, size: u64) -> Self {
        Self { reader, size, bytes_read: 0 }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Exactly `len` bytes at `offset`.
    pub(crate) fn at(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, ReadError> {
        let wanted_end = offset.checked_add(len).ok_or(ReadError::TooLarge)?;
        if wanted_end > self.size {
            return Err(ReadError::PastEnd { wanted_end, size: self.size });
        }
        if len > MAX_READ_BYTES || self.bytes_read.saturating_add(len) > BUDGET_BYTES {
            return Err(ReadError::TooLarge);
        }
        self.reader.seek(SeekFrom::Start(offset))?;
        let mut bytes = vec![0u8; len as usize];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.reader.read(&mut bytes[filled..]) {
                Ok(0) => {
                    self.bytes_read += filled as u64;
                    return Err(ReadError::PastEnd { wanted_end, size: offset + filled as u64 });
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bytes_read += len;
        Ok(bytes)
    }

    /// Up to `len` bytes at `offset`, fewer at the end of the file.
    pub(crate) fn up_to(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, ReadError> {
        self.at(offset, len.min(self.size.saturating_sub(offset)))
    }
}

/// Big-endian and little-endian numbers out of a slice; `None` where it is too short.
pub(crate) trait Numbers {
    fn be16(&self, at: usize) -> Option<u16>;
    fn be32(&self, at: usize) -> Option<u32>;
    fn be64(&self, at: usize) -> Option<u64>;
    fn le16(&self, at: usize) -> Option<u16>;
    fn le32(&self, at: usize) -> Option<u32>;
    fn le64(&self, at: usize) -> Option<u64>;
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

impl Numbers for [u8] {
    fn be16(&self, at: usize) -> Option<u16> {
        take(self, at).map(u16::from_be_bytes)
    }
    fn be32(&self, at: usize) -> Option<u32> {
        take(self, at).map(u32::from_be_bytes)
    }
    fn be64(&self, at: usize) -> Option<u64> {
        take(self, at).map(u64::from_be_bytes)
    }
    fn le16(&self, at: usize) -> Option<u16> {
        take(self, at).map(u16::from_le_bytes)
    }
    fn le32(&self, at: usize) -> Option<u32> {
        take(self, at).map(u32::from_le_bytes)
    }
    fn le64(&self, at: usize) -> Option<u64> {
        take(self, at).map(u64::from_le_bytes)
    }
}

/// Text of a fixed field: up to the first NUL, trimmed; control bytes and broken UTF-8 replaced.
pub(crate) fn fixed_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]);
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect::<String>().trim().to_owned()
}
