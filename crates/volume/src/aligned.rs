//! Owns memory that begins and ends where direct I/O wants it to. Bytes that are read from a card in one such buffer can be hashed and
//! written to every copy from the same memory, past the system's cache on both sides.

use std::fmt;

/// Covers drives with 512-byte and 4-KiB sectors and the page size of x86; larger demands are read from statx(2).
pub(crate) const ALIGN_BYTES: usize = 4096;

/// A buffer whose bytes start at an aligned address and whose room is a whole number of alignments.
pub struct AlignedBuffer {
    bytes: Vec<u8>,
    start: usize,
    room: usize,
    length: usize,
}

impl AlignedBuffer {
    /// Room for at least `room_bytes`, aligned to 4,096 bytes. Filled with zeros; nothing of it counts as data yet.
    #[must_use]
    pub fn new(room_bytes: usize) -> Self {
        Self::with_align(room_bytes, ALIGN_BYTES)
    }

    pub(crate) fn with_align(room_bytes: usize, align_bytes: usize) -> Self {
        let room = room_bytes.max(1).next_multiple_of(align_bytes);
        let bytes = vec![0; room + align_bytes];
        let start = bytes.as_ptr().align_offset(align_bytes);
        debug_assert!(start < align_bytes);
        Self { bytes, start, room, length: 0 }
    }

    /// Bytes it can hold.
    #[must_use]
    pub const fn room_bytes(&self) -> usize {
        self.room
    }

    /// All of its memory, to be filled.
    pub fn space(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.room]
    }

    /// Says how much of [`Self::space`] is data.
    pub fn set_len(&mut self, length_bytes: usize) {
        self.length = length_bytes.min(self.room);
    }

    /// Whether direct I/O with this alignment can use it.
    pub(crate) fn is_aligned(&self, align_bytes: usize) -> bool {
        self.room.is_multiple_of(align_bytes) && (self.bytes.as_ptr() as usize + self.start).is_multiple_of(align_bytes)
    }
}

impl std::ops::Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBuffer({} of {} bytes)", self.length, self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_where_direct_io_needs_them() {
        for align in [512, 4096, 65536] {
            for room in [0, 1, 4097, 1 << 22] {
                let mut buffer = AlignedBuffer::with_align(room, align);
                assert!(buffer.is_aligned(align) && buffer.room_bytes() >= room.max(1));
                assert_eq!(buffer.space().as_ptr() as usize % align, 0);
                assert!(buffer.is_empty());
                buffer.set_len(usize::MAX);
                assert_eq!(buffer.len(), buffer.room_bytes());
            }
        }
    }
}
