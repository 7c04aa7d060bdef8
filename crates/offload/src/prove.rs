//! Owns reading again: each copy from its device, the card a second time, both compared with what the first read gave. A bad file is
//! set aside, never deleted. Must never report equality that a finished read-back has not shown.

use crate::copy;
use crate::engine::{Action, Job};
use crate::evidence;
use crate::hashing::{BLOCK_BYTES, BlockChecksums, Fingerprint};
use crate::meter::Phase;
use crate::plan::VerifyDepth;
use crate::prepare::Duty;
use crate::reader::{gone, spawn_named};
use crate::work_list::WorkList;
use checkgate_mhl::MultiHasher;
use checkgate_model::{ErrorCode, Problem};
use checkgate_volume::{AlignedBuffer, Depth, ReadBack, ReadBackProof};
use crossbeam_channel::{Sender, bounded};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files up to this size are read back several at a time; larger ones one after another, which spinning drives need.
const SMALL_BYTES: u64 = 4 * 1024 * 1024;
const SMALL_AT_ONCE: usize = 8;
/// Chunks on their way between the reading and the hashing half of a large file.
const CHUNKS_AHEAD: usize = 3;

/// A file of the card to read again and what it must be.
pub(crate) type Expected = (usize, Arc<Fingerprint>);

/// A file of a copy to read back.
#[derive(Debug)]
pub(crate) struct ToProve {
    pub(crate) file: usize,
    pub(crate) fingerprint: Arc<Fingerprint>,
    /// This run published it, so it is durable.
    pub(crate) published: bool,
}

/// What waits to be read back on one copy.
#[derive(Debug, Default)]
pub(crate) struct Proofs {
    small: WorkList<ToProve>,
    large: WorkList<ToProve>,
}

impl Proofs {
    pub(crate) fn push(&self, size_bytes: u64, proof: ToProve) {
        if size_bytes <= SMALL_BYTES { self.small.push(proof) } else { self.large.push(proof) }
    }

    pub(crate) fn close(&self) {
        self.small.close();
        self.large.close();
    }
}

/// What reading again has shown.
enum Shown {
    Equal(ReadBackProof),
    Differs { first_block: Option<usize> },
    Stopped,
}

/// Reads back the files of one copy as they come: small ones several at a time, large ones one after another.
pub(crate) fn prove_copy(job: &Job<'_>, copy: usize, actions: &Sender<Action>) {
    let lane = &job.copies[copy];
    let one = |list: &WorkList<ToProve>| {
        while let Some(proof) = list.take(|| job.go_on()) {
            if !lane.given_up.load(Ordering::Relaxed) {
                prove_file(job, copy, &proof, actions);
            }
        }
    };
    let any_small =
        lane.duties.iter().zip(&job.files).any(|(duty, file)| *duty != Duty::Nothing && file.size_bytes <= SMALL_BYTES);
    std::thread::scope(|scope| {
        for _ in 0..if any_small { SMALL_AT_ONCE } else { 0 } {
            spawn_named(scope, "read-back", || one(&lane.proofs.small));
        }
        one(&lane.proofs.large);
    });
    give_up_if_gone(job, copy, actions);
}

/// A drive that was pulled may answer from memory, or with nothing but zeros: neither is a proof nor a corrupt copy.
fn give_up_if_gone(job: &Job<'_>, copy: usize, actions: &Sender<Action>) -> bool {
    let lane = &job.copies[copy];
    if lane.destination().is_present() {
        return false;
    }
    if !lane.given_up.swap(true, Ordering::SeqCst) {
        let problem =
            Problem::new(ErrorCode::DestinationFailed, format!("{}: {} is gone", lane.plan.label, lane.plan.root.display()));
        let _ = actions.send(Action::CopyFailed { copy, problem });
    }
    true
}

fn prove_file(job: &Job<'_>, copy: usize, proof: &ToProve, actions: &Sender<Action>) {
    let ToProve { file, fingerprint, published } = proof;
    let (file, lane, path) = (*file, &job.copies[copy], &job.files[*file].path);
    let compares = lane.duties[file] == Duty::Compare;
    // Something that this job did not write is compared even where no read-back was asked for.
    let depth = if job.plan.verify == VerifyDepth::Device { Depth::Device } else { Depth::System };
    lane.lane.set_proving(path.as_str());
    let opened =
        if *published { lane.destination().read_back_published(path, depth) } else { lane.destination().read_back(path, depth) };
    let shown = match opened {
        Ok(read_back) => compare(job, &|bytes| lane.lane.add_proven_bytes(bytes), read_back, fingerprint).map_err(|error| {
            let mut problem =
                Problem::new(checkgate_volume::write_code(&error), format!("{}: {path} cannot be read back", lane.plan.label));
            problem.details.push(error.to_string());
            problem
        }),
        Err(error) => Err(Problem::from_error(error.code(), &error)),
    };
    match shown {
        Ok(Shown::Equal(proof)) => {
            lane.failures_in_a_row.store(0, Ordering::Relaxed);
            lane.lane.add_proven_file();
            if lane.given_up.load(Ordering::Relaxed) {
                return;
            }
            let _ = actions.send(Action::Proven { copy, file, evidence: evidence::from_read_back(&proof) });
        }
        Ok(Shown::Stopped) => {}
        Ok(Shown::Differs { .. }) if give_up_if_gone(job, copy, actions) => {}
        Ok(Shown::Differs { .. }) if compares => {
            lane.lane.add_proven_file();
            let problem = Problem::new(
                ErrorCode::DestinationOccupied,
                format!("{}: {path} is there already, has the same size and other content", lane.plan.label),
            );
            let _ = actions.send(Action::FileFailed { copy, file, problem });
        }
        Ok(Shown::Differs { first_block }) => {
            lane.lane.add_proven_file();
            let mut problem = Problem::new(
                ErrorCode::CopyCorrupt,
                format!("{}: {path} reads back differently from what was read from the card", lane.plan.label),
            );
            if let Some(block) = first_block {
                let first_byte = block as u64 * BLOCK_BYTES;
                problem.details.push(format!("first difference in the 16 MiB block that begins at byte {first_byte}"));
            }
            match lane.destination().quarantine(path) {
                Ok(aside) => problem.details.push(format!("the bad copy was renamed to {aside}")),
                Err(error) => problem.details.push(format!("the bad copy could not be renamed: {error}")),
            }
            let _ = actions.send(Action::FileFailed { copy, file, problem });
        }
        Err(problem) => {
            lane.lane.add_proven_file();
            copy::fail(job, copy, file, problem, actions);
        }
    }
}

/// Reads the card a second time. Reports every file.
pub(crate) fn reread_card(job: &Job<'_>, work: &[Expected], actions: &Sender<Action>) {
    job.source_lane.begin(Phase::Proving, work.len() as u64, total_bytes(job, work));
    each(job, work, &|(file, fingerprint)| {
        let path = &job.files[*file].path;
        job.source_lane.set_current(path.as_str());
        let shown = match job.source.read_again(path) {
            Ok(read_back) => compare(job, &|bytes| job.source_lane.add_bytes(bytes), read_back, fingerprint).map_err(|error| {
                let mut problem = Problem::new(
                    checkgate_volume::read_code(&error),
                    format!("{path} cannot be read from the card a second time"),
                );
                problem.details.push(error.to_string());
                problem
            }),
            Err(error) => Err(Problem::from_error(error.code(), &error)),
        };
        job.source_lane.add_file();
        let action = match shown {
            Ok(Shown::Equal(_)) => Action::Reread { file: *file, result: Ok(()) },
            Ok(Shown::Differs { .. }) => {
                let problem = Problem::new(ErrorCode::SourceChanged, format!("{path} read differently the second time"));
                Action::Reread { file: *file, result: Err(problem) }
            }
            Ok(Shown::Stopped) => return,
            Err(problem) if problem.code == ErrorCode::SourceGone || !job.source.is_present() => {
                Action::CardGoneInReread { problem: gone(job, &problem) }
            }
            Err(problem) => Action::Reread { file: *file, result: Err(problem) },
        };
        let _ = actions.send(action);
    });
}

fn total_bytes(job: &Job<'_>, work: &[Expected]) -> u64 {
    work.iter().map(|(file, _)| job.files[*file].size_bytes).sum()
}

/// Small files several at a time, then large files in order.
fn each(job: &Job<'_>, work: &[Expected], one: &(dyn Fn(&Expected) + Sync)) {
    let (small, large): (Vec<&Expected>, Vec<&Expected>) =
        work.iter().partition(|(file, _)| job.files[*file].size_bytes <= SMALL_BYTES);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..SMALL_AT_ONCE.min(small.len()) {
            spawn_named(scope, "read-back", || {
                while job.go_on() {
                    let Some(expected) = small.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    one(expected);
                }
            });
        }
    });
    for expected in large {
        if !job.go_on() {
            return;
        }
        one(expected);
    }
}

struct Comparer<'a> {
    expected: &'a Fingerprint,
    hasher: MultiHasher,
    blocks: BlockChecksums,
}

impl<'a> Comparer<'a> {
    fn new(expected: &'a Fingerprint) -> Self {
        let formats: Vec<_> = expected.fastest().map(checkgate_model::HashValue::format).into_iter().collect();
        Self { expected, hasher: MultiHasher::new(&formats), blocks: BlockChecksums::new() }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        // An earlier run may have stored no block checksums; then the hash alone decides.
        if !self.expected.blocks.is_empty() {
            self.blocks.update(bytes);
        }
    }

    /// `None` where all is equal, else the first block that is known to differ.
    fn difference(self) -> Option<Option<usize>> {
        let Self { expected, hasher, blocks } = self;
        let hashes_equal = !expected.hashes.is_empty() && hasher.finish().iter().all(|value| expected.hashes.contains(value));
        let found = blocks.finish();
        let blocks_equal = expected.blocks.is_empty() || found == expected.blocks;
        if hashes_equal && blocks_equal {
            return None;
        }
        let longest = found.len().max(expected.blocks.len());
        Some((0..longest).find(|block| found.get(*block) != expected.blocks.get(*block)).filter(|_| !expected.blocks.is_empty()))
    }
}

/// Reads to the end and compares. Large files are read and hashed by two threads.
fn compare(job: &Job<'_>, count: &(dyn Fn(u64) + Sync), mut read_back: ReadBack, expected: &Fingerprint) -> io::Result<Shown> {
    let mut comparer = Comparer::new(expected);
    if read_back.size_bytes() <= SMALL_BYTES {
        while let Some(chunk) = read_back.next_chunk()? {
            comparer.update(chunk);
            count(chunk.len() as u64);
        }
    } else {
        let (filled_out, filled_in) = bounded::<AlignedBuffer>(CHUNKS_AHEAD);
        let (spare_out, spare_in) = bounded::<AlignedBuffer>(CHUNKS_AHEAD + 2);
        let read = std::thread::scope(|scope| {
            let comparer = &mut comparer;
            spawn_named(scope, "read-back-hash", move || {
                for chunk in &filled_in {
                    comparer.update(&chunk);
                    count(chunk.len() as u64);
                    // Full only if more buffers are about than were ever made.
                    let _ = spare_out.try_send(chunk);
                }
            });
            let read = (|| -> io::Result<bool> {
                while let Some(chunk) = read_back.take_chunk(spare_in.try_recv().ok())? {
                    if !job.go_on() || filled_out.send(chunk).is_err() {
                        return Ok(false);
                    }
                }
                Ok(true)
            })();
            drop(filled_out);
            read
        });
        if !read? {
            return Ok(Shown::Stopped);
        }
    }
    if let Some(first_block) = comparer.difference() {
        return Ok(Shown::Differs { first_block });
    }
    let proof = read_back.finish().map_err(io::Error::other)?;
    Ok(Shown::Equal(proof))
}
