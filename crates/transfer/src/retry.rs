//! Owns how often and after how long something is tried again: exponential back-off with jitter, bounded or for ever.

use std::time::Duration;

/// When to try again and when to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all before giving up.
    pub tries: u32,
    /// Longest first wait; each next one is twice as long.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { tries: 6, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(30) }
    }
}

impl RetryPolicy {
    /// The wait after `failures` failures, where `random` is drawn evenly from all values. Half of it is fixed, half jitter, so
    /// that many carts behind one modem do not come back in step.
    #[must_use]
    pub fn wait(&self, failures: u32, random: u32) -> Duration {
        let doubled = self.first_wait.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(20)));
        let whole = doubled.min(self.longest_wait);
        whole / 2 + whole.mul_f64(f64::from(random) / f64::from(u32::MAX) / 2.0)
    }

    /// Whether a further try is allowed after `failures` failures.
    #[must_use]
    pub const fn goes_on(&self, failures: u32) -> bool {
        failures < self.tries
    }
}

/// A random number for jitter only; its quality does not matter.
pub(crate) fn jitter() -> u32 {
    uuid::Uuid::new_v4().as_u128() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_bounded_and_never_vanish() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.wait(1, 0), Duration::from_millis(250));
        assert_eq!(policy.wait(1, u32::MAX), Duration::from_millis(500));
        assert!(policy.wait(3, 0) > policy.wait(2, 0));
        assert_eq!(policy.wait(u32::MAX, u32::MAX), policy.longest_wait);
        assert!(policy.goes_on(5) && !policy.goes_on(6));
    }
}
