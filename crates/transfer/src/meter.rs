//! Owns what can be watched and steered while an upload runs: counters without locks, stop, pause and the bandwidth limit.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Live counters of one upload. Written by the engine, read by anyone.
#[derive(Debug, Default)]
pub struct UploadMeter {
    bytes_total: AtomicU64,
    bytes_stored: AtomicU64,
    bytes_already_there: AtomicU64,
    bytes_sent: AtomicU64,
    parts_sent: AtomicU64,
    parts_already_there: AtomicU64,
    parts_resent: AtomicU64,
    files_total: AtomicU64,
    files_complete: AtomicU64,
    waiting_for_network: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MeterReading {
    /// Bytes of the package.
    pub bytes_total: u64,
    /// Bytes the store holds, from this run and from earlier ones.
    pub bytes_stored: u64,
    /// Of these, found there when the run began.
    pub bytes_already_there: u64,
    /// Bytes handed to the network in this run, including parts that had to be sent again.
    pub bytes_sent: u64,
    /// Parts stored by this run.
    pub parts_sent: u64,
    /// Parts found in the store.
    pub parts_already_there: u64,
    /// Tries that had to be repeated.
    pub parts_resent: u64,
    /// Files of the package.
    pub files_total: u64,
    /// Files complete in the store.
    pub files_complete: u64,
    /// Whether some request waits for the network to come back.
    pub waiting_for_network: bool,
}

impl UploadMeter {
    /// The counters now.
    #[must_use]
    pub fn read(&self) -> MeterReading {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MeterReading {
            bytes_total: get(&self.bytes_total),
            bytes_stored: get(&self.bytes_stored),
            bytes_already_there: get(&self.bytes_already_there),
            bytes_sent: get(&self.bytes_sent),
            parts_sent: get(&self.parts_sent),
            parts_already_there: get(&self.parts_already_there),
            parts_resent: get(&self.parts_resent),
            files_total: get(&self.files_total),
            files_complete: get(&self.files_complete),
            waiting_for_network: get(&self.waiting_for_network) > 0,
        }
    }

    pub(crate) fn begin(&self, files: u64, bytes: u64) {
        self.files_total.store(files, Ordering::Relaxed);
        self.bytes_total.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn chunk(&self, bytes: u64) {
        self.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn part_stored(&self, bytes: u64) {
        self.bytes_stored.fetch_add(bytes, Ordering::Relaxed);
        self.parts_sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn parts_found(&self, parts: u64, bytes: u64) {
        self.bytes_stored.fetch_add(bytes, Ordering::Relaxed);
        self.bytes_already_there.fetch_add(bytes, Ordering::Relaxed);
        self.parts_already_there.fetch_add(parts, Ordering::Relaxed);
    }

    pub(crate) fn parts_lost(&self, bytes: u64) {
        self.bytes_stored.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn part_failed(&self) {
        self.parts_resent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn file_complete(&self) {
        self.files_complete.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one waiting request until the guard is dropped.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.waiting_for_network.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }
}

pub(crate) struct Waiting<'a>(&'a UploadMeter);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting_for_network.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Run,
    Paused,
    Stopped,
}

/// Steers a running upload from outside.
#[derive(Debug)]
pub struct UploadControl {
    course: watch::Sender<Course>,
    limit_bytes_per_sec: AtomicU64,
    next_free: Mutex<Option<Instant>>,
}

impl Default for UploadControl {
    fn default() -> Self {
        Self::new()
    }
}

impl UploadControl {
    /// A control whose upload runs.
    #[must_use]
    pub fn new() -> Self {
        Self { course: watch::Sender::new(Course::Run), limit_bytes_per_sec: AtomicU64::new(0), next_free: Mutex::new(None) }
    }

    /// Ends the upload at once; what the store holds is found again by the next run.
    pub fn stop(&self) {
        self.course.send_replace(Course::Stopped);
    }

    /// No new part begins; those in flight go on.
    pub fn pause(&self) {
        self.course.send_if_modified(|course| {
            *course == Course::Run && {
                *course = Course::Paused;
                true
            }
        });
    }

    /// Ends a pause.
    pub fn unpause(&self) {
        self.course.send_if_modified(|course| {
            *course == Course::Paused && {
                *course = Course::Run;
                true
            }
        });
    }

    /// Whether [`Self::stop`] was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.course.borrow() == Course::Stopped
    }

    /// Whether the upload is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        *self.course.borrow() == Course::Paused
    }

    /// Most bytes a second from now on; `None` for no limit.
    pub fn set_limit(&self, bytes_per_sec: Option<u64>) {
        self.limit_bytes_per_sec.store(bytes_per_sec.unwrap_or(0), Ordering::Relaxed);
    }

    pub(crate) async fn stopped(&self) {
        let mut course = self.course.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = course.wait_for(|course| *course == Course::Stopped).await;
    }

    pub(crate) async fn may_begin(&self) {
        let mut course = self.course.subscribe();
        let _ = course.wait_for(|course| *course != Course::Paused).await;
    }

    /// Waits until `bytes` more fit under the limit, which all connections share.
    pub(crate) async fn pace(&self, bytes: u64) {
        let limit = self.limit_bytes_per_sec.load(Ordering::Relaxed);
        if limit == 0 {
            return;
        }
        let due = {
            let mut next_free = self.next_free.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let start = next_free.unwrap_or_else(Instant::now).max(Instant::now());
            *next_free = Some(start + Duration::from_secs_f64(bytes as f64 / limit as f64));
            start
        };
        tokio::time::sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_limit_is_shared_by_all_connections() {
        let control = UploadControl::new();
        control.set_limit(Some(1000));
        let began = Instant::now();
        let send = || async {
            for _ in 0..5 {
                control.pace(500).await;
            }
        };
        tokio::join!(send(), send());
        // Ten chunks of 500 bytes at 1000 bytes a second: the tenth may begin after 4.5 s.
        assert_eq!(began.elapsed().as_millis() / 100, 45);
    }

    #[tokio::test]
    async fn a_stop_cannot_be_undone_by_unpausing() {
        let control = UploadControl::new();
        control.pause();
        assert!(control.is_paused());
        control.stop();
        control.unpause();
        assert!(control.is_stopped());
        control.stopped().await;
        control.may_begin().await;
    }
}
