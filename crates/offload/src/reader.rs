//! Owns the one read of the card: files in the order of the listing, pieces to every lane, small files fetched a little ahead, a file
//! that an earlier run began read again from its copy as far as that is proven. Must never write, and never decide what a failure
//! means for a copy.

use crate::buffer::{PIECE_BYTES, POOL_BYTES, Piece, WAIT};
use crate::engine::{Action, Job};
use crate::hashing::{BLOCK_BYTES, BlockChecksums, Parcel};
use crate::prepare::Duty;
use checkgate_model::{ErrorCode, Problem};
use checkgate_volume::ReadBack;
use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Files up to this size are fetched whole by helpers, so that the card has several requests to work on.
const SMALL_BYTES: u64 = 1024 * 1024;
const HELPERS: usize = 8;
const AHEAD_PER_HELPER: usize = 4;
/// A destination that the others waited for during more than one part in this of a window is left behind.
const PATIENT_PART: u32 = 3;

/// Why reading a file ended early.
enum Broken {
    /// This file cannot be read.
    Failed(Problem),
    /// The card is gone; reading ends.
    Gone(Problem),
    /// Somebody asked to stop.
    Stopped,
}

type Fetched = Result<Option<Arc<Piece>>, Broken>;

/// The way to one copy: parcels in, and a second hold on its queue, to take back what a destination that hangs has not taken.
pub(crate) struct CopyLane {
    pub(crate) copy: usize,
    pub(crate) sender: Sender<Parcel>,
    pub(crate) queue: Receiver<Parcel>,
}

/// Where the pieces go.
pub(crate) struct Lanes<'a, 'p> {
    job: &'a Job<'p>,
    hashing: Vec<Sender<Parcel>>,
    copies: Vec<CopyLane>,
    /// How long the others waited for each copy since `window`.
    waited: Vec<Duration>,
    window: Instant,
    actions: Sender<Action>,
}

impl<'a, 'p> Lanes<'a, 'p> {
    pub(crate) fn new(job: &'a Job<'p>, hashing: Vec<Sender<Parcel>>, copies: Vec<CopyLane>, actions: Sender<Action>) -> Self {
        Self { job, hashing, copies, waited: vec![Duration::ZERO; job.copies.len()], window: Instant::now(), actions }
    }

    fn deliver(&mut self, parcel: &Parcel) {
        for lane in &self.hashing {
            // A lane that is gone has reported why; the others still need the bytes.
            let _ = lane.send(parcel.clone());
        }
        let (file, bytes) = match parcel {
            Parcel::Bytes { file, data, .. } => (*file, data.as_ref().map_or(0, |piece| piece.filled().len())),
            Parcel::Broken { file } => (*file, 0),
        };
        let wants = |copy: usize| self.job.copies[copy].duties[file] == Duty::Write;
        let targets: Vec<usize> = self.copies.iter().map(|lane| lane.copy).filter(|copy| wants(*copy)).collect();
        for copy in targets {
            self.job.copies[copy].owed_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            let mut waiting = parcel.clone();
            // While waiting for it, this copy or another may be left behind.
            while let Some(lane) = self.copies.iter().find(|lane| lane.copy == copy) {
                match lane.sender.send_timeout(waiting, WAIT) {
                    Ok(()) | Err(SendTimeoutError::Disconnected(_)) => break,
                    Err(SendTimeoutError::Timeout(back)) => {
                        waiting = back;
                        self.waited[copy] += WAIT;
                        self.lose_patience();
                    }
                }
            }
        }
    }

    /// A piece to fill. While memory is short, the copy that holds most of it is what the others wait for.
    fn take(&mut self, wanted: u64) -> Result<Piece, Broken> {
        let job = self.job;
        let began = Instant::now();
        let mut waits = 0_u32;
        job.pool
            .take(wanted, || {
                // The first question comes before any waiting.
                if waits > 0
                    && let Some(copy) = self.holds_up()
                {
                    self.waited[copy] += WAIT.min(began.elapsed());
                    self.lose_patience();
                }
                waits += 1;
                job.go_on()
            })
            .ok_or(Broken::Stopped)
    }

    /// What a helper fetched. A slow copy can hold the memory that the helper waits for.
    fn fetched(&mut self, inbox: &Receiver<Fetched>) -> Result<Fetched, RecvTimeoutError> {
        loop {
            match inbox.recv_timeout(WAIT) {
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(copy) = self.holds_up() {
                        self.waited[copy] += WAIT;
                        self.lose_patience();
                    }
                }
                other => return other,
            }
        }
    }

    /// The copy whose queue holds most of the memory of the run, while another is waiting.
    fn holds_up(&self) -> Option<usize> {
        let owed = |copy: usize| self.job.copies[copy].owed_bytes.load(Ordering::Relaxed);
        let slowest = self.copies.iter().map(|lane| lane.copy).max_by_key(|copy| owed(*copy))?;
        (owed(slowest) >= POOL_BYTES as u64 / 2).then_some(slowest)
    }

    /// Leaves the slowest copy behind, where the others waited for it too long and one is left that follows the card.
    fn lose_patience(&mut self) {
        let elapsed = self.window.elapsed();
        if elapsed < self.job.plan.patience {
            return;
        }
        let follows = |lane: &CopyLane| !self.job.copies[lane.copy].given_up.load(Ordering::Relaxed);
        let following = self.copies.iter().filter(|lane| follows(lane)).count();
        let slowest = (0..self.copies.len()).max_by_key(|at| self.waited[self.copies[*at].copy]);
        if let Some(at) = slowest
            && following > 1
            && self.waited[self.copies[at].copy] >= elapsed / PATIENT_PART
        {
            let CopyLane { copy, sender, queue } = self.copies.swap_remove(at);
            tracing::info!(copy = self.job.copies[copy].plan.label, "is too slow for the others and is left behind");
            // Before anything is taken back: the writer must not go on after a gap.
            self.job.copies[copy].left_behind.store(true, Ordering::SeqCst);
            drop(sender);
            while queue.try_recv().is_ok() {}
            let _ = self.actions.send(Action::LeftBehind { copy });
        }
        self.waited.fill(Duration::ZERO);
        self.window = Instant::now();
    }

    /// Whether anybody still wants what is read.
    fn any_copy(&self) -> bool {
        self.copies.iter().any(|lane| !self.job.copies[lane.copy].given_up.load(Ordering::Relaxed))
    }
}

/// Reads every file of `order` and hands its pieces to `lanes`. Returns when all is read, or at once when the run is to stop.
pub(crate) fn read_card(order: &[usize], mut lanes: Lanes<'_, '_>) {
    let job = lanes.job;
    let small: Vec<usize> = order.iter().copied().filter(|file| job.files[*file].size_bytes <= SMALL_BYTES).collect();
    std::thread::scope(|scope| {
        let mut helpers: Vec<Receiver<Fetched>> = Vec::new();
        for helper in 0..HELPERS.min(small.len()) {
            let (outbox, inbox) = bounded(AHEAD_PER_HELPER);
            let share: Vec<usize> = small.iter().copied().skip(helper).step_by(HELPERS).collect();
            helpers.push(inbox);
            spawn_named(scope, "card-ahead", move || {
                for file in share {
                    if outbox.send(fetch_small(job, file)).is_err() {
                        return;
                    }
                }
            });
        }
        let mut small_met = 0;
        for &file in order {
            if !lanes.any_copy() {
                return;
            }
            job.source_lane.set_current(job.files[file].path.as_str());
            let outcome = if job.files[file].size_bytes <= SMALL_BYTES {
                let inbox = &helpers[small_met % HELPERS];
                small_met += 1;
                match lanes.fetched(inbox) {
                    Ok(Ok(data)) => {
                        job.source_lane.add_bytes(job.files[file].size_bytes);
                        lanes.deliver(&Parcel::Bytes { file, offset: 0, data, last: true, from: None });
                        Ok(())
                    }
                    Ok(Err(broken)) => Err(broken),
                    Err(_) => Err(Broken::Stopped),
                }
            } else {
                read_large(file, &mut lanes)
            };
            match outcome {
                Ok(()) => job.source_lane.add_file(),
                Err(Broken::Failed(problem)) => {
                    lanes.deliver(&Parcel::Broken { file });
                    job.source_lane.add_file();
                    if lanes.actions.send(Action::SourceFailed { file, problem }).is_err() {
                        return;
                    }
                }
                Err(Broken::Gone(problem)) => {
                    // The engine is there for as long as any thread is; a lost message could only mean that it is gone as well.
                    let _ = lanes.actions.send(Action::SourceGone { problem });
                    return;
                }
                Err(Broken::Stopped) => return,
            }
        }
    });
}

/// Starts a named thread in a scope.
pub(crate) fn spawn_named<'scope, 'env, F>(scope: &'scope std::thread::Scope<'scope, 'env>, name: &str, work: F)
where
    F: FnOnce() + Send + 'scope,
{
    std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work).expect("the system can start a thread");
}

fn fetch_small(job: &Job<'_>, file: usize) -> Fetched {
    if !job.go_on() {
        return Err(Broken::Stopped);
    }
    let size_bytes = job.files[file].size_bytes;
    let mut reader = job.source.open_file(&job.files[file].path).map_err(|error| {
        let code = error.code();
        sort(job, code, Problem::from_error(code, &error))
    })?;
    let data = if size_bytes == 0 {
        None
    } else {
        let mut piece = job.pool.take(size_bytes, || job.go_on()).ok_or(Broken::Stopped)?;
        let wanted = usize::try_from(size_bytes).unwrap_or(PIECE_BYTES);
        let mut filled = 0;
        while filled < wanted {
            match reader.read(&mut piece.buffer().space()[filled..wanted]) {
                Ok(0) => return Err(changed(job, file, "is shorter than it was when the card was listed")),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(job, file, &error)),
            }
        }
        piece.buffer().set_len(wanted);
        Some(Arc::new(piece))
    };
    match reader.read(&mut [0u8; 1]) {
        Ok(0) => Ok(data),
        Ok(_) => Err(changed(job, file, "is longer than it was when the card was listed")),
        Err(error) => Err(unreadable(job, file, &error)),
    }
}

fn read_large(file: usize, lanes: &mut Lanes<'_, '_>) -> Result<(), Broken> {
    let job = lanes.job;
    let mut offset = read_leftover(file, lanes)?;
    let mut reader = job.source.read_again(&job.files[file].path).map_err(|error| {
        let code = error.code();
        sort(job, code, Problem::from_error(code, &error))
    })?;
    expect_size(job, file, reader.size_bytes())?;
    reader.start_at(offset);
    let size_bytes = reader.size_bytes();
    while offset < size_bytes {
        if !job.go_on() {
            return Err(Broken::Stopped);
        }
        let mut piece = lanes.take((size_bytes - offset).min(PIECE_BYTES as u64))?;
        let read = match reader.fill(piece.buffer()) {
            Ok(read) => read as u64,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(changed(job, file, "is shorter than it was when the card was listed"));
            }
            Err(error) => return Err(unreadable(job, file, &error)),
        };
        let last = offset + read == size_bytes;
        if last {
            // A file that goes on after its listed size grew while the card was in use.
            let now = reader.size_now_bytes().map_err(|error| unreadable(job, file, &error))?;
            expect_size(job, file, now)?;
        }
        lanes.deliver(&Parcel::Bytes { file, offset, data: Some(Arc::new(piece)), last, from: None });
        job.source_lane.add_bytes(read);
        offset += read;
    }
    Ok(())
}

/// Hands on what an earlier run wrote of this file, read from the device of the copy that has most of it, as far as each block is what
/// came from the card then. Answers where the card goes on: at least one byte is always read from it.
fn read_leftover(file: usize, lanes: &mut Lanes<'_, '_>) -> Result<u64, Broken> {
    let job = lanes.job;
    let begun = |copy: &usize| {
        let copy = &job.copies[*copy];
        let blocks = copy.leftovers.get(&file).filter(|_| copy.duties[file] == Duty::Write)?;
        (!copy.given_up.load(Ordering::Relaxed)).then_some(blocks)
    };
    let following: Vec<usize> = lanes.copies.iter().map(|lane| lane.copy).collect();
    let Some((copy, blocks)) =
        following.iter().filter_map(|copy| Some((*copy, begun(copy)?))).max_by_key(|(_, blocks)| blocks.len())
    else {
        return Ok(0);
    };
    let path = &job.files[file].path;
    let mut leftover = match job.copies[copy].destination().read_leftover(path) {
        Ok(Some(leftover)) => leftover,
        Ok(None) => return Ok(0),
        Err(error) => {
            tracing::warn!(%path, %error, "what an earlier run wrote cannot be read; the card is read from the start");
            return Ok(0);
        }
    };
    let mut offset = 0;
    for block in blocks {
        if offset + BLOCK_BYTES >= job.files[file].size_bytes || offset + BLOCK_BYTES > leftover.size_bytes() {
            break;
        }
        let Some(pieces) = one_block(lanes, &mut leftover, *block)? else { break };
        for piece in pieces {
            let length = piece.filled().len() as u64;
            lanes.deliver(&Parcel::Bytes { file, offset, data: Some(Arc::new(piece)), last: false, from: Some(copy) });
            job.source_lane.add_bytes(length);
            offset += length;
        }
    }
    Ok(offset)
}

/// The next block, if it is what it was.
fn one_block(lanes: &mut Lanes<'_, '_>, leftover: &mut ReadBack, expected: u64) -> Result<Option<Vec<Piece>>, Broken> {
    let mut pieces = Vec::new();
    let mut checksum = BlockChecksums::new();
    let mut read_bytes = 0;
    while read_bytes < BLOCK_BYTES {
        if !lanes.job.go_on() {
            return Err(Broken::Stopped);
        }
        let mut piece = lanes.take(PIECE_BYTES as u64)?;
        // An error here only means that the card is read instead.
        let Ok(read) = leftover.fill(piece.buffer()) else { return Ok(None) };
        if read == 0 {
            return Ok(None);
        }
        checksum.update(piece.filled());
        read_bytes += read as u64;
        pieces.push(piece);
    }
    Ok((read_bytes == BLOCK_BYTES && checksum.finish() == [expected]).then_some(pieces))
}

fn expect_size(job: &Job<'_>, file: usize, size_bytes: u64) -> Result<(), Broken> {
    match size_bytes.cmp(&job.files[file].size_bytes) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(changed(job, file, "is shorter than it was when the card was listed")),
        std::cmp::Ordering::Greater => Err(changed(job, file, "is longer than it was when the card was listed")),
    }
}

fn changed(job: &Job<'_>, file: usize, how: &str) -> Broken {
    sort(job, ErrorCode::SourceChanged, Problem::new(ErrorCode::SourceChanged, format!("{} {how}", job.files[file].path)))
}

fn unreadable(job: &Job<'_>, file: usize, error: &std::io::Error) -> Broken {
    let code = checkgate_volume::read_code(error);
    let mut problem = Problem::new(code, format!("{} cannot be read from the card", job.files[file].path));
    problem.details.push(error.to_string());
    sort(job, code, problem)
}

/// A card that went away fails in many ways; only asking whether it is still there tells it from a bad file.
fn sort(job: &Job<'_>, code: ErrorCode, problem: Problem) -> Broken {
    if code == ErrorCode::SourceGone || !job.source.is_present() {
        Broken::Gone(gone(job, &problem))
    } else {
        Broken::Failed(problem)
    }
}

/// The problem of a card that is no longer there.
pub(crate) fn gone(job: &Job<'_>, cause: &Problem) -> Problem {
    let mut problem = Problem::new(ErrorCode::SourceGone, format!("the card at {} is gone", job.plan.card_root.display()));
    problem.details.push(cause.summary.clone());
    problem.details.extend(cause.details.iter().cloned());
    problem
}
