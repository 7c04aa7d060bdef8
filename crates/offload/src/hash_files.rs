//! Owns reading many files of one tree for their digests: several small ones at once, large ones one per stream, slow hashes of one
//! file side by side. Goes on after every error. Must never write, and never reads a byte twice.

use crate::control::Control;
use crate::meter::{Lane, Meter, Phase};
use crate::plan::VerifyDepth;
use crate::reader::spawn_named;
use crate::report::UnreadableFile;
use checkgate_mhl::{LegacyCheck, LegacyEntry, LegacyHasher, MultiHasher};
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat, HashValue, Problem, RelPath, Timestamp};
use checkgate_volume::{Source, SourceFile, Volume};
use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Up to here a file costs more to open than to read.
const SMALL_BYTES: u64 = 4 << 20;
/// A device answers several small requests at once faster than one after the other.
const SMALL_AT_ONCE: usize = 8;
/// Fits the second-level cache of a core, so that what was copied out of the page cache is hashed from there.
const READ_BYTES: usize = 256 << 10;
/// Chunks that wait for one slow hash.
const WAITING_CHUNKS: usize = 8;

/// One file to read.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// Where.
    pub(crate) path: &'a RelPath,
    /// Size as listed.
    pub(crate) size_bytes: u64,
    /// Digests to take.
    pub(crate) formats: Cow<'a, [HashFormat]>,
    /// Entries of legacy lists to compare with.
    pub(crate) legacy: Vec<&'a LegacyEntry>,
}

/// What a read gave.
#[derive(Debug)]
pub(crate) struct Hashed {
    /// Digests in schema order.
    pub(crate) values: Vec<HashValue>,
    /// One answer for each legacy entry.
    pub(crate) legacy: Vec<LegacyCheck>,
    /// Bytes that were read.
    pub(crate) bytes: u64,
    /// How deep the look was.
    pub(crate) level: EvidenceLevel,
    /// The same in words.
    pub(crate) words: String,
}

/// Large files that are read at once from a volume: as many as there are cores, but one from a disk whose head would have to
/// travel between them. Virtual disks say that they spin and do not.
pub(crate) fn streams_for(volume: &Volume) -> usize {
    let spins = volume.rotational == Some(true)
        && !volume.virtual_device
        && volume.bus.as_deref().is_some_and(|bus| !bus.eq_ignore_ascii_case("virtio"));
    if spins { 1 } else { std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8) }
}

/// Reads every job and reports each by its place in `jobs`, in any order. A job that was stopped in the middle is not reported.
pub(crate) fn hash_files(
    source: &Source,
    jobs: &[Job<'_>],
    depth: VerifyDepth,
    control: &Control,
    meter: &Meter,
    done: &(dyn Fn(usize, Result<Hashed, Problem>) + Sync),
) {
    let lane = &meter.source();
    lane.begin(Phase::Proving, jobs.len() as u64, jobs.iter().map(|job| job.size_bytes).sum());
    meter.set_phase(Phase::Proving);
    let (small, large): (Vec<usize>, Vec<usize>) = (0..jobs.len()).partition(|at| jobs[*at].size_bytes <= SMALL_BYTES);
    let streams = streams_for(source.volume());
    for (share, threads) in [(small, SMALL_AT_ONCE.max(streams)), (large, streams)] {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads.min(share.len()) {
                spawn_named(scope, "hash", || {
                    let mut buffer = Vec::new();
                    while control.may_go_on() {
                        let Some(at) = share.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                        let job = &jobs[*at];
                        lane.set_current(job.path.as_str());
                        if let Some(outcome) = hash_one(source, job, depth, control, lane, &mut buffer).transpose() {
                            lane.add_file();
                            done(*at, outcome);
                        }
                    }
                });
            }
        });
    }
}

/// Digests of one file, and when its read ended.
pub(crate) type Digests = (Vec<HashValue>, Timestamp);

/// Digests of `files` in the same formats, by place; `None` where a file could not be read, which is told beside them.
pub(crate) fn digests(
    source: &Source,
    files: &[&SourceFile],
    formats: &[HashFormat],
    depth: VerifyDepth,
    control: &Control,
    meter: &Meter,
) -> (Vec<Option<Digests>>, Vec<UnreadableFile>) {
    let jobs: Vec<Job<'_>> = files
        .iter()
        .map(|file| Job { path: &file.path, size_bytes: file.size_bytes, formats: Cow::Borrowed(formats), legacy: Vec::new() })
        .collect();
    let found = Mutex::new((vec![None; jobs.len()], Vec::new()));
    hash_files(source, &jobs, depth, control, meter, &|at, outcome| {
        let now = Timestamp::now();
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(hashed) => found.0[at] = Some((hashed.values, now)),
            Err(problem) => found.1.push(UnreadableFile { path: jobs[at].path.to_string(), problem }),
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Digests of one file by itself.
///
/// # Errors
/// Where it cannot be read, or is no file.
pub fn hash_file(path: &Path, formats: &[HashFormat]) -> Result<Vec<HashValue>, Problem> {
    let refused = |error: &dyn std::fmt::Display| {
        Problem::new(ErrorCode::SourceUnreadable, format!("{} cannot be read: {error}", path.display()))
    };
    let whole = path.canonicalize().map_err(|error| refused(&error))?;
    let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else { return Err(refused(&"it is no file")) };
    let name = RelPath::new(&name.to_string_lossy()).map_err(|error| refused(&error))?;
    let source = Source::open(folder).map_err(|error| refused(&error))?;
    let mut hasher = MultiHasher::new(formats);
    let (control, mut buffer) = (Control::new(), Vec::new());
    read_whole(&source, &name, VerifyDepth::System, &control, &mut buffer, &mut |bytes| hasher.update(bytes))?;
    Ok(hasher.finish())
}

const fn is_slow(format: HashFormat) -> bool {
    matches!(format, HashFormat::C4 | HashFormat::Md5 | HashFormat::Sha1)
}

/// `None`: stopped.
fn hash_one(
    source: &Source,
    job: &Job<'_>,
    depth: VerifyDepth,
    control: &Control,
    lane: &Lane,
    buffer: &mut Vec<u8>,
) -> Result<Option<Hashed>, Problem> {
    let slow: Vec<HashFormat> = job.formats.iter().copied().filter(|format| is_slow(*format)).collect();
    let mut legacy: Vec<LegacyHasher<'_>> = job.legacy.iter().map(|entry| LegacyHasher::new(entry)).collect();
    // One slow hash costs about what the read costs; two of them deserve a core each.
    if slow.len() < 2 || job.size_bytes <= SMALL_BYTES {
        let mut hasher = MultiHasher::new(&job.formats);
        let read = read_whole(source, job.path, depth, control, buffer, &mut |bytes| {
            hasher.update(bytes);
            legacy.iter_mut().for_each(|hasher| hasher.update(bytes));
            lane.add_bytes(bytes.len() as u64);
        })?;
        return Ok(read.map(|read| read.hashed(hasher.finish(), legacy)));
    }
    let rest: Vec<HashFormat> = job.formats.iter().copied().filter(|format| !is_slow(*format)).collect();
    std::thread::scope(|scope| {
        let mut lanes = Vec::new();
        let mut results = Vec::new();
        for format in slow {
            let (outbox, inbox) = crossbeam_channel::bounded::<Arc<[u8]>>(WAITING_CHUNKS);
            let (answer, result) = crossbeam_channel::bounded(1);
            spawn_named(scope, "hash-format", move || {
                let mut hasher = MultiHasher::new(&[format]);
                for chunk in inbox {
                    hasher.update(&chunk);
                }
                let _ = answer.send(hasher.finish());
            });
            lanes.push(outbox);
            results.push(result);
        }
        let mut hasher = MultiHasher::new(&rest);
        let read = read_whole(source, job.path, depth, control, buffer, &mut |bytes| {
            let chunk: Arc<[u8]> = bytes.into();
            for lane in &lanes {
                let _ = lane.send(Arc::clone(&chunk));
            }
            hasher.update(bytes);
            legacy.iter_mut().for_each(|hasher| hasher.update(bytes));
            lane.add_bytes(bytes.len() as u64);
        });
        drop(lanes);
        let mut values = hasher.finish();
        values.extend(results.into_iter().filter_map(|result| result.recv().ok()).flatten());
        values.sort();
        Ok(read?.map(|read| read.hashed(values, legacy)))
    })
}

struct WholeRead {
    bytes: u64,
    level: EvidenceLevel,
    words: String,
}

impl WholeRead {
    fn hashed(self, values: Vec<HashValue>, legacy: Vec<LegacyHasher<'_>>) -> Hashed {
        let legacy = legacy.into_iter().map(LegacyHasher::finish).collect();
        Hashed { values, legacy, bytes: self.bytes, level: self.level, words: self.words }
    }
}

fn read_whole(
    source: &Source,
    path: &RelPath,
    depth: VerifyDepth,
    control: &Control,
    buffer: &mut Vec<u8>,
    take: &mut dyn FnMut(&[u8]),
) -> Result<Option<WholeRead>, Problem> {
    let mut total = 0;
    if depth == VerifyDepth::Device {
        let mut read_back = source.read_again(path).map_err(|error| Problem::from_error(error.code(), &error))?;
        let mut spare = None;
        while let Some(chunk) = read_back.take_chunk(spare).map_err(|error| unreadable(path, &error))? {
            if !control.may_go_on() {
                return Ok(None);
            }
            take(&chunk);
            total += chunk.len() as u64;
            spare = Some(chunk);
        }
        let proof = read_back.finish().map_err(|error| Problem::from_error(error.code(), &error))?;
        return Ok(Some(WholeRead { bytes: total, level: proof.level(), words: proof.words().to_owned() }));
    }
    // Kept in the cache: who checks a folder often works with it next.
    let mut reader = source.open_file(path).map_err(|error| Problem::from_error(error.code(), &error))?.keep_cached();
    if buffer.is_empty() {
        buffer.resize(READ_BYTES, 0);
    }
    loop {
        if !control.may_go_on() {
            return Ok(None);
        }
        match reader.read(buffer) {
            Ok(0) => break,
            Ok(count) => {
                take(&buffer[..count]);
                total += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
    let words = "read through the operating system".to_owned();
    Ok(Some(WholeRead { bytes: total, level: EvidenceLevel::ReadBackSystem, words }))
}

pub(crate) fn unreadable(path: &RelPath, error: &std::io::Error) -> Problem {
    let code: ErrorCode = checkgate_volume::read_code(error);
    let mut problem = Problem::new(code, format!("{path} cannot be read"));
    problem.details.push(error.to_string());
    problem
}
