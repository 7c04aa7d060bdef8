//! Owns writing one copy from the card: a writer thread that takes pieces in order and leaves behind what a later run can go on with.
//! Must never publish before the data is synced, never write after a gap, and never touch another copy.

use crate::engine::{Action, CopyJob, Job};
use crate::hashing::{BLOCK_BYTES, BlockChecksums, Parcel};
use crate::publish::{self, Finished};
use checkgate_model::{ErrorCode, Problem};
use checkgate_volume::PartialFile;
use crossbeam_channel::{Receiver, Sender};
use std::sync::atomic::Ordering;

/// So many failures in a row mean that the destination is at fault, not a file.
pub(crate) const FAILURES_IN_A_ROW: u32 = 3;

/// Runs the writer of one copy until the reader is done.
pub(crate) fn write_copy(job: &Job<'_>, copy: usize, inbox: &Receiver<Parcel>, actions: &Sender<Action>) {
    std::thread::scope(|scope| {
        let to_finish = publish::start(scope, job, copy, actions);
        Writer { job, copy, lane: &job.copies[copy], actions, to_finish, open: None }.run(inbox);
    });
}

/// A file in hand.
struct Open {
    file: usize,
    partial: PartialFile,
    /// Where its next bytes belong.
    next: u64,
    /// Up to here it holds what came from the card: an earlier run wrote it, and it was read again.
    trusted_to: u64,
}

struct Writer<'a, 'p> {
    job: &'a Job<'p>,
    copy: usize,
    lane: &'a CopyJob,
    actions: &'a Sender<Action>,
    to_finish: Sender<Finished>,
    open: Option<Open>,
}

impl Writer<'_, '_> {
    fn run(mut self, inbox: &Receiver<Parcel>) {
        for parcel in inbox {
            let bytes = match &parcel {
                Parcel::Bytes { data, .. } => data.as_ref().map_or(0, |piece| piece.filled().len()) as u64,
                Parcel::Broken { .. } => 0,
            };
            // What comes after being left behind may come after a gap. A copy that was given up only empties its queue.
            let goes_on = !self.lane.left_behind.load(Ordering::SeqCst)
                && !self.lane.given_up.load(Ordering::Relaxed)
                && !self.job.is_halted();
            match parcel {
                Parcel::Broken { file } if self.open.as_ref().is_some_and(|open| open.file == file) => self.open = None,
                Parcel::Bytes { file, offset, data, last, from } if goes_on => {
                    let bytes = data.as_deref().map_or(&[][..], |piece| piece.filled());
                    if let Err(problem) = self.take(file, offset, bytes, last, from) {
                        if problem.code == ErrorCode::DestinationFull {
                            self.keep();
                        }
                        self.open = None;
                        fail(self.job, self.copy, file, problem, self.actions);
                    }
                }
                _ => {}
            }
            self.lane.owed_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        self.keep();
    }

    /// Leaves a file that is not whole for a later run, as far as it can be made durable.
    fn keep(&mut self) {
        let Some(Open { file, mut partial, next, .. }) = self.open.take() else { return };
        if next < BLOCK_BYTES {
            return;
        }
        match partial.sync() {
            Ok(()) => {
                partial.keep();
                let _ = self.actions.send(Action::Durable { copy: self.copy, file, bytes: next });
            }
            Err(error) => tracing::warn!(%error, "an unfinished file cannot be kept"),
        }
    }

    fn take(&mut self, file: usize, offset: u64, bytes: &[u8], last: bool, from: Option<usize>) -> Result<(), Problem> {
        if offset == 0 {
            self.lane.lane.set_current(self.job.files[file].path.as_str());
            self.open = Some(begin(self.job, self.copy, file, from)?);
        }
        // A file whose beginning failed has been reported; the rest of its bytes is of no use.
        let Some(open) = self.open.as_mut().filter(|open| open.file == file && open.next == offset) else { return Ok(()) };
        let end = offset + bytes.len() as u64;
        if from == Some(self.copy) {
            // Read from this very file a moment ago, and equal to what came from the card.
            open.trusted_to = end;
        }
        if end > open.trusted_to && !bytes.is_empty() {
            write(&self.lane.plan.label, open, offset, bytes).map(|durable| {
                if durable {
                    let _ = self.actions.send(Action::Durable { copy: self.copy, file, bytes: end });
                }
            })?;
        }
        open.next = end;
        self.lane.lane.add_bytes(bytes.len() as u64);
        if last && let Some(open) = self.open.take() {
            publish::hand_over(self.job, self.copy, file, open.partial, &self.to_finish, self.actions);
        }
        Ok(())
    }
}

fn write(label: &str, open: &mut Open, offset: u64, bytes: &[u8]) -> Result<bool, Problem> {
    let path = open.partial.path().clone();
    if open.partial.written_bytes() > offset {
        // What an earlier run wrote from here on is not trusted.
        open.partial.truncate(offset).map_err(|error| Problem::from_error(error.code(), &error))?;
    }
    open.partial.write_all_at(bytes, offset).map_err(|error| {
        let mut problem = Problem::new(checkgate_volume::write_code(&error), format!("{label}: {path} cannot be written"));
        problem.details.push(error.to_string());
        problem
    })
}

/// Begins a file, or goes on with what an earlier run wrote of it.
fn begin(job: &Job<'_>, copy: usize, file: usize, from: Option<usize>) -> Result<Open, Problem> {
    let (lane, card_file) = (&job.copies[copy], &job.files[file]);
    let problem = |error: checkgate_volume::DestinationError| Problem::from_error(error.code(), &error);
    if let Some(blocks) = lane.leftovers.get(&file)
        && let Some(partial) = lane.destination().resume(&card_file.path, card_file.size_bytes).map_err(problem)?
    {
        // The reader reads the leftover of one copy anyway; every other is read here.
        let trusted_to = if from == Some(copy) { 0 } else { trusted_bytes(job, copy, file, blocks) };
        return Ok(Open { file, partial, next: 0, trusted_to });
    }
    let partial = lane.destination().begin(&card_file.path, card_file.size_bytes).map_err(problem)?;
    Ok(Open { file, partial, next: 0, trusted_to: 0 })
}

/// How much of a leftover is what came from the card, block by block, read from the device.
pub(crate) fn trusted_bytes(job: &Job<'_>, copy: usize, file: usize, blocks: &[u64]) -> u64 {
    let path = &job.files[file].path;
    let read = || -> Option<u64> {
        let mut leftover = job.copies[copy].destination().read_leftover(path).ok()??;
        let mut checksums = BlockChecksums::new();
        let mut spare = None;
        let mut equal = 0;
        while let Ok(Some(chunk)) = leftover.take_chunk(spare.take()) {
            checksums.update(&chunk);
            spare = Some(chunk);
            if let Some(last) = checksums.done().last() {
                if blocks.get(checksums.done().len() - 1) != Some(last) {
                    break;
                }
                equal = checksums.done().len();
            }
            if equal == blocks.len() || !job.go_on() {
                break;
            }
        }
        Some(equal as u64 * BLOCK_BYTES)
    };
    read().unwrap_or(0)
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
