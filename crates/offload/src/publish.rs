//! Owns the last step of every file of a copy: durable, then named, then reported. Where the file system can make many files durable at
//! once, those that wait are published together, because one sync for each would make ten thousand small files wait for ten
//! thousand journal commits. Elsewhere several are synced at a time.

use crate::copy::fail;
use crate::engine::{Action, Job};
use crate::reader::spawn_named;
use checkgate_model::Problem;
use checkgate_volume::{PartialFile, WrittenFile};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::atomic::Ordering;
use std::thread::Scope;

/// Files being synced at one time, where each is synced for itself.
const APART: usize = 8;
/// Batches being synced at one time, so that a large file does not wait for another.
const TOGETHER: usize = 2;
/// Largest batch: files, and bytes that the system may still have to write.
const BATCH_FILES: usize = 1024;
const BATCH_BYTES: u64 = 64 << 20;
/// Open files that wait to be synced one by one.
const WAITING_APART: usize = 24;

/// A file that is written to its end.
pub(crate) enum Finished {
    /// To be synced for itself.
    Alone { file: usize, partial: PartialFile },
    /// To be synced with others.
    Together { file: usize, written: WrittenFile },
}

/// Starts the threads that publish for one copy; they end when all senders are gone.
pub(crate) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    job: &'scope Job<'scope>,
    copy: usize,
    actions: &Sender<Action>,
) -> Sender<Finished> {
    let together = job.copies[copy].destination().syncs_together();
    let (threads, waiting) = if together { (TOGETHER, BATCH_FILES) } else { (APART, WAITING_APART) };
    let (outbox, inbox) = bounded::<Finished>(waiting);
    for _ in 0..threads {
        let (inbox, actions) = (inbox.clone(), actions.clone());
        spawn_named(scope, "copy-publish", move || publish(job, copy, &inbox, &actions));
    }
    outbox
}

/// Hands a written file to the publishing threads.
pub(crate) fn hand_over(
    job: &Job<'_>,
    copy: usize,
    file: usize,
    mut partial: PartialFile,
    to_finish: &Sender<Finished>,
    actions: &Sender<Action>,
) {
    partial.set_modified(job.files[file].modified);
    let finished = if job.copies[copy].destination().syncs_together() {
        match partial.into_written() {
            Ok(written) => Finished::Together { file, written },
            Err(error) => return fail(job, copy, file, Problem::from_error(error.code(), &error), actions),
        }
    } else {
        Finished::Alone { file, partial }
    };
    // The publishing threads are there until this sender is dropped.
    let _ = to_finish.send(finished);
}

fn publish(job: &Job<'_>, copy: usize, inbox: &Receiver<Finished>, actions: &Sender<Action>) {
    let lane = &job.copies[copy];
    while let Ok(first) = inbox.recv() {
        if lane.given_up.load(Ordering::Relaxed) {
            continue;
        }
        let mut files = Vec::new();
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(finished) = next.take() {
            match finished {
                Finished::Alone { file, partial } => {
                    report(job, copy, file, partial.publish().map(|_| ()), actions);
                    break;
                }
                Finished::Together { file, written } => {
                    bytes += written.size_bytes();
                    files.push(file);
                    batch.push(written);
                }
            }
            if batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
                next = inbox.try_recv().ok();
            }
        }
        if batch.is_empty() {
            continue;
        }
        for (file, answer) in files.into_iter().zip(lane.destination().publish_all(batch)) {
            report(job, copy, file, answer.map(|_| ()), actions);
        }
    }
}

fn report(
    job: &Job<'_>,
    copy: usize,
    file: usize,
    answer: Result<(), checkgate_volume::DestinationError>,
    actions: &Sender<Action>,
) {
    let lane = &job.copies[copy];
    match answer {
        Ok(()) => {
            lane.failures_in_a_row.store(0, Ordering::Relaxed);
            lane.lane.add_file();
            let _ = actions.send(Action::Published { copy, file });
        }
        Err(error) => fail(job, copy, file, Problem::from_error(error.code(), &error), actions),
    }
}
