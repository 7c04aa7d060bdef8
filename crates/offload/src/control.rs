//! Owns stopping, pausing and going on. Every thread asks once per chunk; nothing is ever killed from outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

#[derive(Debug, Default)]
struct Inner {
    stopped: AtomicBool,
    paused: Mutex<bool>,
    changed: Condvar,
}

/// A handle to stop, pause or resume one run. Clones refer to the same run.
#[derive(Debug, Clone, Default)]
pub struct Control {
    inner: Arc<Inner>,
}

impl Control {
    /// A control for a new run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to stop after the chunks in hand. Cannot be taken back.
    pub fn stop(&self) {
        self.inner.stopped.store(true, Ordering::SeqCst);
        self.resume();
    }

    /// Whether somebody asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.inner.stopped.load(Ordering::Relaxed)
    }

    /// Holds reading and writing after the chunks in hand.
    pub fn pause(&self) {
        *self.inner.paused.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Goes on after a pause.
    pub fn resume(&self) {
        *self.inner.paused.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.inner.changed.notify_all();
    }

    /// Whether the run is held.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        *self.inner.paused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while paused. `false` once the run is to stop.
    pub(crate) fn may_go_on(&self) -> bool {
        let mut paused = self.inner.paused.lock().unwrap_or_else(PoisonError::into_inner);
        while *paused && !self.is_stopped() {
            paused = self.inner.changed.wait(paused).unwrap_or_else(PoisonError::into_inner);
        }
        !self.is_stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_wakes_a_paused_run() {
        let control = Control::new();
        control.pause();
        let other = control.clone();
        let waiter = std::thread::spawn(move || other.may_go_on());
        control.stop();
        assert!(!waiter.join().expect("does not panic"));
    }
}
