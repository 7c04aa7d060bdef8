//! Owns making a copy from another copy that is proven: a cascade, or a destination that was too slow for the others. What is read from
//! the other copy is compared block by block with what came from the card before the new file gets its name. Must never
//! read the card, and never trust a copy for having been good before.

use crate::copy::{fail, trusted_bytes};
use crate::engine::{Action, Job};
use crate::hashing::{BLOCK_BYTES, BlockChecksums, Fingerprint};
use crate::publish;
use crate::reader::spawn_named;
use checkgate_mhl::MultiHasher;
use checkgate_model::{ErrorCode, HashValue, Problem};
use checkgate_volume::{AlignedBuffer, Depth, PartialFile, ReadBack};
use crossbeam_channel::{Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Chunks on their way between reading one copy and writing the other.
const CHUNKS_AHEAD: usize = 3;

/// A file to make, and the copy to make it from.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) file: usize,
    pub(crate) from: usize,
    pub(crate) fingerprint: Arc<Fingerprint>,
}

/// Writes the bytes at an offset.
type Writing<'a> = dyn FnMut(u64, &[u8]) -> Result<(), NotFed> + 'a;

/// Why a file was not made.
enum NotFed {
    /// Somebody asked to stop, or the copy was given up.
    Stopped,
    /// The other copy reads otherwise now, or cannot be read.
    Giver(Problem),
    /// This copy failed.
    Taker(Problem),
}

/// Makes the files that are found for one copy, until no more will come.
pub(crate) fn feed_copy(job: &Job<'_>, copy: usize, actions: &Sender<Action>) {
    let lane = &job.copies[copy];
    std::thread::scope(|scope| {
        let to_finish = publish::start(scope, job, copy, actions);
        while let Some(feed) = lane.to_feed.take(|| job.go_on()) {
            if lane.given_up.load(Ordering::Relaxed) {
                continue;
            }
            match make(job, copy, &feed, actions) {
                Ok(partial) => publish::hand_over(job, copy, feed.file, partial, &to_finish, actions),
                Err(NotFed::Stopped) => {}
                Err(NotFed::Taker(problem)) => fail(job, copy, feed.file, problem, actions),
                Err(NotFed::Giver(problem)) => {
                    let _ = actions.send(Action::FileFailed { copy: feed.from, file: feed.file, problem });
                    let _ = actions.send(Action::NotFed { copy, file: feed.file });
                }
            }
        }
    });
}

fn make(job: &Job<'_>, copy: usize, feed: &Feed, actions: &Sender<Action>) -> Result<PartialFile, NotFed> {
    let (lane, giver, card_file) = (&job.copies[copy], &job.copies[feed.from], &job.files[feed.file]);
    let path = &card_file.path;
    lane.lane.set_current(path.as_str());
    let taker = |error: checkgate_volume::DestinationError| NotFed::Taker(Problem::from_error(error.code(), &error));
    let blocks = &feed.fingerprint.blocks;
    let leftover = if blocks.len() < 2 { None } else { lane.destination().resume(path, card_file.size_bytes).map_err(taker)? };
    let (mut partial, start) = match leftover {
        Some(mut partial) => {
            // The last block is always made anew, so that something of the other copy is read.
            let start = trusted_bytes(job, copy, feed.file, &blocks[..blocks.len() - 1]);
            partial.truncate(start).map_err(taker)?;
            (partial, start)
        }
        None => (lane.destination().begin(path, card_file.size_bytes).map_err(taker)?, 0),
    };
    let mut reading = giver
        .destination()
        .read_back_published(path, Depth::Device)
        .map_err(|error| NotFed::Giver(Problem::from_error(error.code(), &error)))?;
    if reading.size_bytes() != card_file.size_bytes {
        return Err(NotFed::Giver(differs(job, feed)));
    }
    reading.start_at(start);
    lane.lane.add_bytes(start);
    let mut check = Check::new(&feed.fingerprint, start);
    let moved = pass_on(job, copy, reading, start, &mut |offset, bytes| {
        check.update(bytes);
        let durable = partial.write_all_at(bytes, offset).map_err(|error| {
            let label = &lane.plan.label;
            let mut problem = Problem::new(checkgate_volume::write_code(&error), format!("{label}: {path} cannot be written"));
            problem.details.push(error.to_string());
            NotFed::Taker(problem)
        })?;
        lane.lane.add_bytes(bytes.len() as u64);
        if durable && check.is_equal_so_far() {
            let bytes = offset + bytes.len() as u64;
            let _ = actions.send(Action::Durable { copy, file: feed.file, bytes });
        }
        Ok(())
    });
    match moved {
        Ok(()) if check.is_equal() => Ok(partial),
        Ok(()) => Err(NotFed::Giver(differs(job, feed))),
        Err(not_fed) => {
            let whole = partial.written_bytes() / BLOCK_BYTES * BLOCK_BYTES;
            if !matches!(not_fed, NotFed::Giver(_)) && whole > 0 && check.is_equal_so_far() && partial.sync().is_ok() {
                let _ = actions.send(Action::Durable { copy, file: feed.file, bytes: whole });
                partial.keep();
            }
            Err(not_fed)
        }
    }
}

fn differs(job: &Job<'_>, feed: &Feed) -> Problem {
    let (giver, path) = (&job.copies[feed.from].plan.label, &job.files[feed.file].path);
    Problem::new(ErrorCode::CopyCorrupt, format!("{giver}: {path} was proven and now reads otherwise"))
}

/// Reads on one thread and writes on this one.
fn pass_on(job: &Job<'_>, copy: usize, mut reading: ReadBack, start: u64, write: &mut Writing<'_>) -> Result<(), NotFed> {
    let (filled_out, filled_in) = bounded::<std::io::Result<AlignedBuffer>>(CHUNKS_AHEAD);
    let (spare_out, spare_in) = bounded::<AlignedBuffer>(CHUNKS_AHEAD + 2);
    // The closure owns the receiving end: when it gives up, the reading thread must not wait for it.
    std::thread::scope(move |scope| {
        spawn_named(scope, "feed-read", move || {
            loop {
                let chunk = match reading.take_chunk(spare_in.try_recv().ok()) {
                    Ok(None) => return,
                    Ok(Some(chunk)) => Ok(chunk),
                    Err(error) => Err(error),
                };
                let failed = chunk.is_err();
                if filled_out.send(chunk).is_err() || failed {
                    return;
                }
            }
        });
        let mut offset = start;
        for chunk in &filled_in {
            if !job.go_on() || job.copies[copy].given_up.load(Ordering::Relaxed) {
                return Err(NotFed::Stopped);
            }
            let chunk = chunk.map_err(|error| {
                let code = checkgate_volume::write_code(&error);
                let mut problem = Problem::new(code, "a copy that others are made from cannot be read");
                problem.details.push(error.to_string());
                NotFed::Giver(problem)
            })?;
            write(offset, &chunk)?;
            offset += chunk.len() as u64;
            // Full only if more buffers are about than were ever made.
            let _ = spare_out.try_send(chunk);
        }
        Ok(())
    })
}

/// Compares what comes from another copy with what came from the card.
struct Check<'a> {
    expected: &'a Fingerprint,
    blocks: BlockChecksums,
    /// Blocks that an earlier run wrote.
    skipped: usize,
    /// Only where the file is read from its first byte.
    hasher: Option<MultiHasher>,
}

impl<'a> Check<'a> {
    fn new(expected: &'a Fingerprint, start: u64) -> Self {
        let formats: Vec<_> = expected.fastest().map(HashValue::format).into_iter().collect();
        Self {
            expected,
            blocks: BlockChecksums::new(),
            skipped: usize::try_from(start / BLOCK_BYTES).unwrap_or(usize::MAX),
            hasher: (start == 0).then(|| MultiHasher::new(&formats)),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.blocks.update(bytes);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
    }

    fn is_equal_so_far(&self) -> bool {
        let rest = self.expected.blocks.get(self.skipped..).unwrap_or_default();
        rest.starts_with(self.blocks.done())
    }

    fn is_equal(&mut self) -> bool {
        let blocks = std::mem::replace(&mut self.blocks, BlockChecksums::new()).finish();
        let hashes_equal = self.hasher.take().is_none_or(|hasher| {
            !self.expected.hashes.is_empty() && hasher.finish().iter().all(|value| self.expected.hashes.contains(value))
        });
        // An earlier run may have stored no block checksums; then all was read, and the hash decides.
        let rest = self.expected.blocks.get(self.skipped..).unwrap_or_default();
        hashes_equal && (self.expected.blocks.is_empty() || rest == blocks)
    }
}
