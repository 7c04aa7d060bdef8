//! Owns the memory of a run: buffers bounded by bytes, shared between the hash lanes and the writers, returned on the last drop.
//! Must never grow past its bound, whatever the card holds.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Largest piece that travels at once.
pub(crate) const PIECE_BYTES: usize = 4 * 1024 * 1024;
/// All pieces of a run together.
pub(crate) const POOL_BYTES: usize = 64 * 1024 * 1024;
const SMALLEST_CLASS: usize = 16 * 1024;

#[derive(Debug)]
struct State {
    /// Bytes handed out, by capacity.
    out: usize,
    /// Bytes in `free`.
    idle: usize,
    free: Vec<Vec<u8>>,
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
    bytes: Vec<u8>,
    len: usize,
    pool: Pool,
}

impl Piece {
    /// The filled part.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The whole memory, to be filled.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Says how much of `space` is filled.
    pub(crate) fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.bytes.len());
        self.len = len;
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut state = self.pool.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.out -= bytes.len();
        state.idle += bytes.len();
        state.free.push(bytes);
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

    /// A piece that holds `wanted` bytes, at most [`PIECE_BYTES`]. Waits until there is room; `None` once `go_on` says no.
    pub(crate) fn take(&self, wanted: u64, go_on: impl Fn() -> bool) -> Option<Piece> {
        let class = usize::try_from(wanted).unwrap_or(PIECE_BYTES).clamp(SMALLEST_CLASS, PIECE_BYTES).next_power_of_two();
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !go_on() {
                return None;
            }
            if state.out + class <= self.inner.bound {
                break;
            }
            // A wake-up may go to another taker, and `go_on` may change without one.
            state = self.inner.returned.wait_timeout(state, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner).0;
        }
        let found = state.free.iter().rposition(|free| free.len() == class);
        let bytes = match found {
            Some(index) => {
                state.idle -= class;
                state.free.swap_remove(index)
            }
            None => {
                // Idle buffers of other sizes give way, so that the bound holds for all memory, not only for what is in use.
                while state.out + state.idle + class > self.inner.bound {
                    let Some(victim) = state.free.pop() else { break };
                    state.idle -= victim.len();
                }
                vec![0; class]
            }
        };
        state.out += class;
        drop(state);
        Some(Piece { bytes, len: 0, pool: self.clone() })
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
        let asked = std::cell::Cell::new(0);
        let refused = pool.take(1, || {
            asked.set(asked.get() + 1);
            asked.get() < 2
        });
        assert!(refused.is_none());
        drop(first);
        let small = pool.take(1, || true).expect("room again");
        assert_eq!(small.bytes.len(), SMALLEST_CLASS);
        let state = pool.inner.state.lock().expect("not poisoned");
        assert!(state.out + state.idle <= 2 * PIECE_BYTES);
        drop(state);
        drop(second);
    }
}
