//! Owns the one read of the card: files in the order of the listing, pieces to every lane, small files fetched a little ahead. Must
//! never write, and never decide what a failure means for a copy.

use crate::buffer::{PIECE_BYTES, Piece, Pool};
use crate::engine::{Action, Job};
use crate::hashing::Parcel;
use checkgate_model::{ErrorCode, Problem};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::Read;
use std::sync::Arc;

/// Files up to this size are fetched whole by helpers, so that the card has several requests to work on.
const SMALL_BYTES: u64 = 1024 * 1024;
const HELPERS: usize = 4;
const AHEAD_PER_HELPER: usize = 2;

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

/// Reads every file of `order` and hands its pieces to `lanes`. Returns when all is read, or at once when the run is to stop.
pub(crate) fn read_card(job: &Job<'_>, order: &[usize], lanes: &[Sender<Parcel>], actions: &Sender<Action>) {
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
            job.source_lane.set_current(job.files[file].path.as_str());
            let outcome = if job.files[file].size_bytes <= SMALL_BYTES {
                let inbox = &helpers[small_met % HELPERS];
                small_met += 1;
                match inbox.recv() {
                    Ok(Ok(data)) => {
                        job.source_lane.add_bytes(job.files[file].size_bytes);
                        deliver(lanes, &Parcel::Bytes { file, offset: 0, data, last: true });
                        Ok(())
                    }
                    Ok(Err(broken)) => Err(broken),
                    Err(_) => Err(Broken::Stopped),
                }
            } else {
                read_large(job, file, lanes)
            };
            match outcome {
                Ok(()) => job.source_lane.add_file(),
                Err(Broken::Failed(problem)) => {
                    deliver(lanes, &Parcel::Broken { file });
                    job.source_lane.add_file();
                    if actions.send(Action::SourceFailed { file, problem }).is_err() {
                        return;
                    }
                }
                Err(Broken::Gone(problem)) => {
                    deliver(lanes, &Parcel::Broken { file });
                    // The engine is there for as long as any thread is; a lost message could only mean that it is gone as well.
                    let _ = actions.send(Action::SourceGone { problem });
                    return;
                }
                Err(Broken::Stopped) => {
                    deliver(lanes, &Parcel::Broken { file });
                    return;
                }
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

fn deliver(lanes: &[Sender<Parcel>], parcel: &Parcel) {
    for lane in lanes {
        // A lane that is gone has reported why; the others still need the bytes.
        let _ = lane.send(parcel.clone());
    }
}

fn fetch_small(job: &Job<'_>, file: usize) -> Fetched {
    if !job.go_on() {
        return Err(Broken::Stopped);
    }
    let size_bytes = job.files[file].size_bytes;
    let mut reader = open(job, file)?;
    let data = if size_bytes == 0 {
        None
    } else {
        let mut piece = job.pool.take(size_bytes, || job.go_on()).ok_or(Broken::Stopped)?;
        fill(job, file, &mut reader, &mut piece, size_bytes)?;
        Some(Arc::new(piece))
    };
    expect_end(job, file, &mut reader)?;
    Ok(data)
}

fn read_large(job: &Job<'_>, file: usize, lanes: &[Sender<Parcel>]) -> Result<(), Broken> {
    let size_bytes = job.files[file].size_bytes;
    let mut reader = open(job, file)?;
    let mut offset = 0;
    while offset < size_bytes {
        if !job.go_on() {
            return Err(Broken::Stopped);
        }
        let wanted = (size_bytes - offset).min(PIECE_BYTES as u64);
        let mut piece = take(&job.pool, job, wanted)?;
        fill(job, file, &mut reader, &mut piece, wanted)?;
        let last = offset + wanted == size_bytes;
        if last {
            expect_end(job, file, &mut reader)?;
        }
        deliver(lanes, &Parcel::Bytes { file, offset, data: Some(Arc::new(piece)), last });
        job.source_lane.add_bytes(wanted);
        offset += wanted;
    }
    Ok(())
}

fn take(pool: &Pool, job: &Job<'_>, wanted: u64) -> Result<Piece, Broken> {
    pool.take(wanted, || job.go_on()).ok_or(Broken::Stopped)
}

fn open(job: &Job<'_>, file: usize) -> Result<checkgate_volume::SourceReader, Broken> {
    job.source.open_file(&job.files[file].path).map_err(|error| {
        let code = error.code();
        sort(job, code, Problem::from_error(code, &error))
    })
}

/// Fills the first `wanted` bytes of `piece`.
fn fill(job: &Job<'_>, file: usize, reader: &mut impl Read, piece: &mut Piece, wanted: u64) -> Result<(), Broken> {
    let wanted = usize::try_from(wanted).unwrap_or(PIECE_BYTES);
    let mut filled = 0;
    while filled < wanted {
        match reader.read(&mut piece.space()[filled..wanted]) {
            Ok(0) => return Err(changed(job, file, "is shorter than it was when the card was listed")),
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(job, file, &error)),
        }
    }
    piece.set_len(wanted);
    Ok(())
}

/// A file that goes on after its listed size grew while the card was in use.
fn expect_end(job: &Job<'_>, file: usize, reader: &mut impl Read) -> Result<(), Broken> {
    match reader.read(&mut [0u8; 1]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(changed(job, file, "is longer than it was when the card was listed")),
        Err(error) => Err(unreadable(job, file, &error)),
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
