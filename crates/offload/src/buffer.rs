//! Owns the memory of a run: buffers bounded by bytes, shared between the hash lanes and the writers, returned on the last drop.
//! Must never grow past its bound, whatever the card holds.

use checkgate_volume::AlignedBuffer;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Largest piece that travels at once.
pub(crate) const PIECE_BYTES: usize = 4 * 1024 * 1024;
/// All pieces of a run together.
pub(crate) const POOL_BYTES: usize = 96 * 1024 * 1024;
const SMALLEST_CLASS: usize = 16 * 1024;
/// How long a taker waits before it asks again whether it may go on.
pub(crate) const WAIT: Duration = Duration::from_millis(50);

#[derive(Debug)]
struct State {
    /// Bytes handed out, by capacity.
    out: usize,
    /// Bytes in `free`.
    idle: usize,
    free: Vec<AlignedBuffer>,
}

#[derive(Debug)]
struct Inner {
    bound: usize,
    state: Mutex<State>,
    returned: Condvar,
}

/// Source of buffers.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    inner: Arc<Inner>,
}

/// A filled piece; its memory goes back to the pool when the last holder drops it.
#[derive(Debug)]
pub(crate) struct Piece {
    /// `None` only while it is dropped.
    buffer: Option<AlignedBuffer>,
    pool: Pool,
}

impl Piece {
    /// The filled part.
    pub(crate) fn filled(&self) -> &[u8] {
        self.buffer.as_deref().unwrap_or_default()
    }

    /// The buffer, to be filled.
    pub(crate) fn buffer(&mut self) -> &mut AlignedBuffer {
        self.buffer.as_mut().expect("a piece holds its buffer until it is dropped")
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let Some(buffer) = self.buffer.take() else { return };
        let mut state = self.pool.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.out -= buffer.room_bytes();
        state.idle += buffer.room_bytes();
        state.free.push(buffer);
        drop(state);
        self.pool.inner.returned.notify_one();
    }
}

impl Pool {
    /// A pool of at most `bound` bytes, at least one full piece.
    pub(crate) fn new(bound: usize) -> Self {
        let state = State { out: 0, idle: 0, free: Vec::new() };
        Self { inner: Arc::new(Inner { bound: bound.max(PIECE_BYTES), state: Mutex::new(state), returned: Condvar::new() }) }
    }

    /// A piece that holds `wanted` bytes, at most [`PIECE_BYTES`]. Waits until there is room, and asks `go_on` every [`WAIT`];
    /// `None` once that says no.
    pub(crate) fn take(&self, wanted: u64, mut go_on: impl FnMut() -> bool) -> Option<Piece> {
        let class = usize::try_from(wanted).unwrap_or(PIECE_BYTES).clamp(SMALLEST_CLASS, PIECE_BYTES).next_power_of_two();
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.out + class > self.inner.bound {
            drop(state);
            if !go_on() {
                return None;
            }
            state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.out + class > self.inner.bound {
                // A wake-up may go to another taker, and `go_on` may change without one.
                state = self.inner.returned.wait_timeout(state, WAIT).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let found = state.free.iter().rposition(|free| free.room_bytes() == class);
        let buffer = match found {
            Some(index) => {
                state.idle -= class;
                state.free.swap_remove(index)
            }
            None => {
                // Idle buffers of other sizes give way, so that the bound holds for all memory, not only for what is in use.
                while state.out + state.idle + class > self.inner.bound {
                    let Some(victim) = state.free.pop() else { break };
                    state.idle -= victim.room_bytes();
                }
                AlignedBuffer::new(class)
            }
        };
        state.out += class;
        drop(state);
        Some(Piece { buffer: Some(buffer), pool: self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_hands_out_more_than_its_bound() {
        let pool = Pool::new(2 * PIECE_BYTES);
        let first = pool.take(u64::MAX, || true).expect("room");
        let second = pool.take(PIECE_BYTES as u64, || true).expect("room");
        let mut asked = 0;
        let refused = pool.take(1, || {
            asked += 1;
            asked < 2
        });
        assert!(refused.is_none());
        drop(first);
        let mut small = pool.take(1, || true).expect("room again");
        assert_eq!(small.buffer().room_bytes(), SMALLEST_CLASS);
        let state = pool.inner.state.lock().expect("not poisoned");
        assert!(state.out + state.idle <= 2 * PIECE_BYTES);
        drop(state);
        drop(second);
    }
}
