//! Owns work that one part of a run finds for another while both go on: the engine adds and never waits, threads take and wait. Holds
//! a number for each file, no bytes, and so needs no bound of its own.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a taker waits before it looks whether the run goes on.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// A list that several threads take from.
#[derive(Debug)]
pub(crate) struct WorkList<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

impl<T> Default for WorkList<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { waiting: VecDeque::new(), closed: false }), changed: Condvar::new() }
    }
}

impl<T> WorkList<T> {
    /// Adds work. What comes after [`Self::close`] is dropped.
    pub(crate) fn push(&self, item: T) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.closed {
            state.waiting.push_back(item);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }

    /// The next piece of work; waits for it. `None` once nothing is left and nothing more will come, or `go_on` says no.
    pub(crate) fn take(&self, go_on: impl Fn() -> bool) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !go_on() {
                return None;
            }
            if let Some(item) = state.waiting.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait_timeout(state, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_before_the_end_is_handed_out_and_nothing_after() {
        let list = WorkList::default();
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| std::iter::from_fn(|| list.take(|| true)).collect::<Vec<_>>());
            (0..100).for_each(|item| list.push(item));
            list.close();
            list.push(100);
            assert_eq!(taker.join().expect("does not panic"), (0..100).collect::<Vec<_>>());
        });
        list.push(1);
        assert_eq!(list.take(|| true), None);
        assert_eq!(WorkList::<u8>::default().take(|| false), None);
    }
}
