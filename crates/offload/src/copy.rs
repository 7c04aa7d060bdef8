//! Owns writing one copy: a writer thread that takes pieces in order, and finishers that sync and publish several files at a time,
//! because one sync at a time would make ten thousand small files wait for ten thousand journal commits. Must never publish before
//! the data is synced, and never touch another copy.

use crate::engine::{Action, CopyJob, Job};
use crate::hashing::Parcel;
use crate::prepare::Duty;
use crate::reader::spawn_named;
use checkgate_model::{ErrorCode, Problem};
use checkgate_volume::PartialFile;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::Write;
use std::sync::atomic::Ordering;

/// Files being synced and published at one time, per destination.
const FINISHERS: usize = 8;
/// Files that wait for a finisher, per destination: open files, no memory.
const WAITING_FOR_FINISHER: usize = 24;
/// So many failures in a row mean that the destination is at fault, not a file.
pub(crate) const FAILURES_IN_A_ROW: u32 = 3;

struct Finished {
    file: usize,
    partial: PartialFile,
}

/// Runs the writer of one copy until the reader is done.
pub(crate) fn write_copy(job: &Job<'_>, copy: usize, inbox: &Receiver<Parcel>, actions: &Sender<Action>) {
    let (to_finish, finishing) = bounded::<Finished>(WAITING_FOR_FINISHER);
    std::thread::scope(|scope| {
        for _ in 0..FINISHERS {
            let (finishing, actions) = (finishing.clone(), actions.clone());
            spawn_named(scope, "copy-publish", move || {
                for finished in &finishing {
                    finish(job, copy, finished, &actions);
                }
            });
        }
        drop(finishing);
        Writer { job, copy, lane: &job.copies[copy], actions, to_finish, open: None }.run(inbox);
    });
}

struct Writer<'a, 'p> {
    job: &'a Job<'p>,
    copy: usize,
    lane: &'a CopyJob,
    actions: &'a Sender<Action>,
    to_finish: Sender<Finished>,
    open: Option<(usize, PartialFile)>,
}

impl Writer<'_, '_> {
    fn run(mut self, inbox: &Receiver<Parcel>) {
        for parcel in inbox {
            // A copy that was given up keeps taking parcels, so that the others get theirs.
            if self.lane.given_up.load(Ordering::Relaxed) || self.job.is_halted() {
                self.open = None;
                continue;
            }
            match parcel {
                Parcel::Broken { file } => {
                    if self.open.as_ref().is_some_and(|(open, _)| *open == file) {
                        self.open = None;
                    }
                }
                Parcel::Bytes { file, offset, data, last } => {
                    if self.lane.duties[file] != Duty::Write {
                        continue;
                    }
                    let bytes = data.as_deref().map_or(&[][..], |piece| piece.filled());
                    if let Err(problem) = self.take(file, offset, bytes, last) {
                        self.open = None;
                        fail(self.job, self.copy, file, problem, self.actions);
                    }
                }
            }
        }
    }

    fn take(&mut self, file: usize, offset: u64, bytes: &[u8], last: bool) -> Result<(), Problem> {
        let card_file = &self.job.files[file];
        if offset == 0 {
            self.lane.lane.set_current(card_file.path.as_str());
            let partial = self
                .lane
                .destination()
                .begin(&card_file.path, card_file.size_bytes)
                .map_err(|error| Problem::from_error(error.code(), &error))?;
            self.open = Some((file, partial));
        }
        // A file whose beginning failed has been reported; the rest of its bytes is of no use.
        let Some((_, partial)) = self.open.as_mut().filter(|(open, _)| *open == file) else { return Ok(()) };
        if !bytes.is_empty() {
            partial.write_all(bytes).map_err(|error| {
                let mut problem = Problem::new(
                    checkgate_volume::write_code(&error),
                    format!("{}: {} cannot be written", self.lane.plan.label, card_file.path),
                );
                problem.details.push(error.to_string());
                problem
            })?;
            self.lane.lane.add_bytes(bytes.len() as u64);
        }
        if last && let Some((file, partial)) = self.open.take() {
            // The finishers are there until this sender is dropped.
            let _ = self.to_finish.send(Finished { file, partial });
        }
        Ok(())
    }
}

fn finish(job: &Job<'_>, copy: usize, finished: Finished, actions: &Sender<Action>) {
    let Finished { file, mut partial } = finished;
    let lane = &job.copies[copy];
    if lane.given_up.load(Ordering::Relaxed) {
        return;
    }
    partial.set_modified(job.files[file].modified);
    // Publishing syncs the data before the name appears, and the name after it.
    match partial.publish().map_err(|error| Problem::from_error(error.code(), &error)) {
        Ok(_) => {
            lane.failures_in_a_row.store(0, Ordering::Relaxed);
            lane.lane.add_file();
            let _ = actions.send(Action::Published { copy, file });
        }
        Err(problem) => fail(job, copy, file, problem, actions),
    }
}

/// Decides between a file that failed and a destination that did.
pub(crate) fn fail(job: &Job<'_>, copy: usize, file: usize, problem: Problem, actions: &Sender<Action>) {
    let lane = &job.copies[copy];
    let in_a_row = lane.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
    let gives_up = problem.code == ErrorCode::DestinationFull
        || (problem.code == ErrorCode::DestinationFailed && (in_a_row >= FAILURES_IN_A_ROW || !lane.destination().is_present()));
    if !gives_up {
        let _ = actions.send(Action::FileFailed { copy, file, problem });
    } else if !lane.given_up.swap(true, Ordering::SeqCst) {
        let _ = actions.send(Action::CopyFailed { copy, problem });
    }
}
