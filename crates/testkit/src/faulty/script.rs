//! Owns the faults as data and the decision whether one strikes now. Must never touch a file except to take back what a drive's cache
//! has lost.

use crate::dice::Dice;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One fault. `file` is part of the path below the mount; empty means every file. A file that is written under a temporary name keeps
/// its name as a part of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// A bad block: every read that touches the byte answers EIO.
    ReadError {
        /// Part of the path.
        file: String,
        /// The byte.
        offset: u64,
    },
    /// Every write that touches the byte answers EIO.
    WriteError {
        /// Part of the path.
        file: String,
        /// The byte.
        offset: u64,
    },
    /// A read gives no more than so many bytes at once, as pipes and some network file systems do.
    ShortReads {
        /// Part of the path.
        file: String,
        /// Most bytes of one read.
        most_bytes: u32,
    },
    /// A lying reader: the next read that touches the byte gets another one; later reads are right.
    WrongByteOnce {
        /// Part of the path.
        file: String,
        /// The byte.
        offset: u64,
    },
    /// A lying drive: what is written to the byte is kept as another one, without an error.
    WrongByteKept {
        /// Part of the path.
        file: String,
        /// The byte.
        offset: u64,
    },
    /// Reads take their time.
    SlowReads {
        /// All reads together.
        bytes_per_sec: u64,
    },
    /// Writes take their time.
    SlowWrites {
        /// All writes together.
        bytes_per_sec: u64,
    },
    /// ENOSPC once so many bytes more are written. Free space is still told as before, as on a drive that somebody else fills.
    FullAfter {
        /// Bytes that still fit.
        bytes: u64,
    },
    /// The next fsync of such a file fails with EIO, and what was written since the last one is lost: zeros, as a page that was marked
    /// clean and dropped. A second fsync answers that all is well.
    FsyncFailsOnce {
        /// Part of the path.
        file: String,
    },
    /// Everything answers this error: EIO of a pulled drive or ENOTCONN of a share.
    Vanished {
        /// Error number.
        errno: i32,
    },
    /// What is written is kept, so that [`super::FaultyMount::cut_power`] can lose it until its file was synced.
    VolatileCache,
}

/// What has happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Times that a fault struck.
    pub struck: u64,
    /// Finished fsyncs of files.
    pub fsyncs: u64,
}

/// A write that was not synced yet.
#[derive(Debug)]
struct Unsynced {
    file: Arc<File>,
    offset: u64,
    before: Vec<u8>,
    after: Vec<u8>,
    /// Length of the file before.
    length_before: u64,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    seen: Seen,
    unsynced: HashMap<u64, Vec<(u64, Unsynced)>>,
    /// Ranges written since the last fsync, by file.
    dirty: HashMap<u64, Vec<(u64, u64)>>,
    /// Order of writes over all files.
    counter: u64,
    read_until: Option<Instant>,
    write_until: Option<Instant>,
}

/// The faults of one mount.
#[derive(Debug, Default)]
pub(crate) struct Script {
    state: Mutex<State>,
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn fits(file: &str, path: &str) -> bool {
    path.contains(file)
}

fn touches(at: u64, offset: u64, length: usize) -> bool {
    (offset..offset.saturating_add(length as u64)).contains(&at)
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn inject(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    pub(crate) fn heal(&self) {
        self.lock().faults.clear();
    }

    pub(crate) fn seen(&self) -> Seen {
        self.lock().seen
    }

    /// Whether anything answers at all.
    pub(crate) fn alive(&self) -> Result<(), i32> {
        let mut state = self.lock();
        let gone = state.faults.iter().find_map(|fault| if let Fault::Vanished { errno } = fault { Some(*errno) } else { None });
        match gone {
            Some(errno) => {
                state.seen.struck += 1;
                Err(errno)
            }
            None => Ok(()),
        }
    }

    /// Before a read: how many bytes of it are given.
    pub(crate) fn before_read(&self, path: &str, offset: u64, length: usize) -> Result<usize, i32> {
        self.alive()?;
        let mut state = self.lock();
        let mut given = length;
        for fault in &state.faults {
            match fault {
                Fault::ReadError { file, offset: at } if fits(file, path) && touches(*at, offset, length) => {
                    // What lies before the bad block is read, as a drive does.
                    let before = usize::try_from(at - offset).unwrap_or(0) / 4096 * 4096;
                    if before == 0 {
                        state.seen.struck += 1;
                        return Err(EIO);
                    }
                    given = given.min(before);
                }
                Fault::ShortReads { file, most_bytes } if fits(file, path) => {
                    given = given.min(usize::try_from(*most_bytes).unwrap_or(length).max(1));
                }
                _ => {}
            }
        }
        if given < length {
            state.seen.struck += 1;
        }
        let rate = state
            .faults
            .iter()
            .find_map(|fault| if let Fault::SlowReads { bytes_per_sec } = fault { Some(*bytes_per_sec) } else { None });
        let wait = rate.map(|rate| pace(&mut state.read_until, rate, given));
        drop(state);
        wait.into_iter().for_each(std::thread::sleep);
        Ok(given)
    }

    /// After a read: the lie, and the count.
    pub(crate) fn after_read(&self, path: &str, offset: u64, bytes: &mut [u8]) {
        let mut state = self.lock();
        state.seen.read_bytes += bytes.len() as u64;
        let lie = state.faults.iter().position(
            |fault| matches!(fault, Fault::WrongByteOnce { file, offset: at } if fits(file, path) && touches(*at, offset, bytes.len())),
        );
        if let Some(Fault::WrongByteOnce { offset: at, .. }) = lie.map(|lie| state.faults.remove(lie)) {
            bytes[usize::try_from(at - offset).unwrap_or(0)] ^= 0x20;
            state.seen.struck += 1;
        }
    }

    /// Before a write of the file `ino`: how many bytes of it are taken, and the bytes that are kept instead, if others.
    pub(crate) fn before_write(&self, path: &str, offset: u64, bytes: &[u8]) -> Result<(usize, Option<Vec<u8>>), i32> {
        self.alive()?;
        let mut state = self.lock();
        let mut taken = bytes.len();
        let mut kept = None;
        let mut struck = 0;
        for fault in &mut state.faults {
            match fault {
                Fault::WriteError { file, offset: at } if fits(file, path) && touches(*at, offset, bytes.len()) => {
                    state.seen.struck += 1;
                    return Err(EIO);
                }
                Fault::FullAfter { bytes: left } => {
                    if *left == 0 && !bytes.is_empty() {
                        state.seen.struck += 1;
                        return Err(ENOSPC);
                    }
                    taken = taken.min(usize::try_from(*left).unwrap_or(taken));
                    *left -= taken as u64;
                }
                Fault::WrongByteKept { file, offset: at } if fits(file, path) && touches(*at, offset, bytes.len()) => {
                    let mut other = bytes.to_vec();
                    other[usize::try_from(*at - offset).unwrap_or(0)] ^= 0x20;
                    kept = Some(other);
                    struck += 1;
                }
                _ => {}
            }
        }
        state.seen.struck += struck;
        let rate = state
            .faults
            .iter()
            .find_map(|fault| if let Fault::SlowWrites { bytes_per_sec } = fault { Some(*bytes_per_sec) } else { None });
        let wait = rate.map(|rate| pace(&mut state.write_until, rate, taken));
        drop(state);
        wait.into_iter().for_each(std::thread::sleep);
        Ok((taken, kept))
    }

    /// Whether space may be reserved: not on a drive that will be full.
    pub(crate) fn reserves(&self) -> bool {
        !self.lock().faults.iter().any(|fault| matches!(fault, Fault::FullAfter { .. }))
    }

    /// Writes, and keeps what a cut would lose. The state is locked meanwhile: a cut falls between two writes.
    pub(crate) fn write(&self, ino: u64, file: &Arc<File>, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        let mut state = self.lock();
        // A cut that came while this write waited.
        if let Some(Fault::Vanished { errno }) = state.faults.iter().find(|fault| matches!(fault, Fault::Vanished { .. })) {
            return Err(std::io::Error::from_raw_os_error(*errno));
        }
        if state.faults.contains(&Fault::VolatileCache) {
            let length_before = file.metadata()?.len();
            let there = usize::try_from(length_before.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes.len());
            let mut before = vec![0; there];
            file.read_exact_at(&mut before, offset)?;
            state.counter += 1;
            let number = state.counter;
            let record = Unsynced { file: Arc::clone(file), offset, before, after: bytes.to_vec(), length_before };
            state.unsynced.entry(ino).or_default().push((number, record));
        }
        file.write_all_at(bytes, offset)?;
        state.seen.written_bytes += bytes.len() as u64;
        state.dirty.entry(ino).or_default().push((offset, bytes.len() as u64));
        Ok(())
    }

    /// An fsync of the file `ino`.
    pub(crate) fn sync(&self, path: &str, ino: u64, file: &File) -> Result<(), i32> {
        self.alive()?;
        let mut state = self.lock();
        let dirty = state.dirty.remove(&ino).unwrap_or_default();
        let fails = state.faults.iter().position(|fault| matches!(fault, Fault::FsyncFailsOnce { file } if fits(file, path)));
        if let Some(fails) = fails {
            state.faults.remove(fails);
            state.seen.struck += 1;
            for (offset, length) in dirty {
                let zeros = vec![0; usize::try_from(length).unwrap_or(0)];
                if file.write_all_at(&zeros, offset).is_err() {
                    break;
                }
            }
            return Err(EIO);
        }
        state.unsynced.remove(&ino);
        state.seen.fsyncs += 1;
        Ok(())
    }

    /// See [`super::FaultyMount::cut_power`].
    pub(crate) fn cut_power(&self, seed: u64) {
        let mut state = self.lock();
        let mut dice = Dice::new(seed);
        let mut records: Vec<(u64, Unsynced)> = state.unsynced.drain().flat_map(|(_, records)| records).collect();
        records.sort_by_key(|(number, _)| *number);
        // Back to what was synced, then the writes that made it to the medium, in their order.
        for (_, record) in records.iter().rev() {
            let _ = record.file.write_all_at(&record.before, record.offset);
            let _ = record.file.set_len(record.length_before);
        }
        let share = dice.below(101);
        for (_, record) in &records {
            if dice.below(100) < share {
                let _ = record.file.write_all_at(&record.after, record.offset);
            }
        }
        state.faults.push(Fault::Vanished { errno: EIO });
    }
}

/// How long to wait so that all together keep to the rate.
fn pace(until: &mut Option<Instant>, bytes_per_sec: u64, bytes: usize) -> Duration {
    let now = Instant::now();
    let from = until.filter(|until| *until > now).unwrap_or(now);
    let end = from + Duration::from_secs_f64(bytes as f64 / bytes_per_sec.max(1) as f64);
    *until = Some(end);
    end - now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_data() {
        let text = "fault = \"read_error\"\nfile = \"A001C001\"\noffset = 4096\n";
        let fault: Fault = toml::from_str(text).unwrap();
        assert_eq!(fault, Fault::ReadError { file: "A001C001".to_owned(), offset: 4096 });
        assert_eq!(toml::to_string(&fault).unwrap(), text);
    }

    #[test]
    fn a_cut_loses_only_what_was_not_synced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        std::fs::write(&path, [1; 100]).unwrap();
        for seed in 0..50 {
            let script = Script::default();
            script.inject(Fault::VolatileCache);
            let file = Arc::new(File::options().read(true).write(true).open(&path).unwrap());
            file.set_len(100).unwrap();
            script.write(7, &file, 0, &[2; 10]).unwrap();
            script.sync("disk", 7, &file).unwrap();
            script.write(7, &file, 5, &[3; 10]).unwrap();
            script.write(7, &file, 12, &[4; 100]).unwrap();
            script.cut_power(seed);
            let left = std::fs::read(&path).unwrap();
            assert_eq!(left[..5], [2; 5], "what was synced stays");
            assert!(left.len() == 100 || left.len() == 112, "{}", left.len());
            assert!(script.write(7, &file, 0, &[9]).is_err() && script.alive().is_err());
            std::fs::write(&path, [1; 100]).unwrap();
        }
    }
}
