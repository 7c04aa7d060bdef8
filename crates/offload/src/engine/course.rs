//! Owns what follows from what happened: which thread starts when, which file waits for which, and when a copy is through. Applies one
//! action after another; nothing here waits for anything but the next action.

use super::{Action, CopyJob, Engine, Job, Role};
use crate::copy;
use crate::event::Event;
use crate::evidence;
use crate::feed::{self, Feed};
use crate::hashing::{self, BLOCK_BYTES, Fingerprint, Hashed};
use crate::meter::Phase;
use crate::plan::VerifyDepth;
use crate::prepare::Duty;
use crate::prove::{self, Expected, ToProve};
use crate::reader::{self, CopyLane, spawn_named};
use crate::seal::{self, Seal};
use checkgate_model::{ErrorCode, Evidence, Problem};
use crossbeam_channel::{Sender, bounded};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::Scope;

/// Parcels on their way to one lane; the pool bounds their bytes.
const PARCELS_AHEAD: usize = 256;
/// Actions waiting for the actor.
const ACTIONS_AHEAD: usize = 1024;

/// Reports the end of a thread however it ends; otherwise the run would wait for it forever.
struct Ending {
    outbox: Sender<Action>,
    role: Role,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.outbox.send(Action::Ended(self.role));
    }
}

/// Halts the run when its actor is gone, which after its regular end changes nothing any more.
struct Halting<'a, 'p>(&'a Job<'p>);

impl Drop for Halting<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.halt();
        }
    }
}

type Start<'scope, 'env> = (&'scope Scope<'scope, 'env>, &'scope Sender<Action>);

impl<'a, 'p> Engine<'a, 'p> {
    /// The whole run, from the first read to the last manifest.
    pub(super) fn course(&mut self, lanes: &[hashing::LaneWork]) {
        let job = self.job;
        let order = self.order();
        job.source_lane.begin(Phase::Copying, order.len() as u64, job.bytes_of(order.iter().copied()));
        for (number, copy) in job.copies.iter().enumerate() {
            if self.copies[number].aborted.is_some() {
                continue;
            }
            let own: Vec<usize> = (0..job.files.len())
                .filter(|file| copy.duties[*file] == Duty::Write && self.files[*file].failed.is_none())
                .collect();
            copy.lane.begin(Phase::Copying, own.len() as u64, job.bytes_of(own.iter().copied()));
            if self.copies[number].level > 0 {
                self.copies[number].to_feed = own.into_iter().collect();
            }
        }
        self.phase(Phase::Copying);
        if job.is_halted() {
            return;
        }
        let (outbox, inbox) = bounded(ACTIONS_AHEAD);
        let outbox = &outbox;
        std::thread::scope(|scope| {
            // Should this thread fail, the others must not wait for it: neither for its word nor for it to listen.
            let inbox = inbox;
            let _halting = Halting(job);
            let start = (scope, outbox);
            if !order.is_empty() {
                self.start_copying(start, lanes, order);
            }
            for copy in 0..job.copies.len() {
                if self.copies[copy].aborted.is_some() {
                    continue;
                }
                self.copies[copy].proving = true;
                self.start(start, &format!("prove-{copy}"), Role::Prover(copy), move || prove::prove_copy(job, copy, outbox));
                if self.copies[copy].level > 0 {
                    self.start_feeding(start, copy);
                }
                for file in 0..job.files.len() {
                    match job.copies[copy].duties[file] {
                        _ if self.files[file].failed.is_some() => {}
                        Duty::Prove => self.copied(copy, file),
                        // The record of the copy that gives says what it must be.
                        Duty::Compare if job.plan.recorded_by.is_some() => self.queue_proof(copy, file),
                        _ => {}
                    }
                }
            }
            for copy in 0..job.copies.len() {
                self.feed_what_can_be(copy);
            }
            self.advance(start);
            while self.running > 0 {
                let action = inbox.recv().expect("this thread holds a sender");
                self.apply(action);
                self.advance(start);
            }
        });
    }

    /// Files that must be read from the card: some copy is made from them or compared with them.
    fn order(&self) -> Vec<usize> {
        let job = self.job;
        let wants = |copy: &CopyJob, level: usize, file: usize| {
            !copy.given_up.load(Ordering::Relaxed)
                && match copy.duties[file] {
                    Duty::Write => level == 0,
                    Duty::Compare => job.plan.recorded_by.is_none(),
                    _ => false,
                }
        };
        let wanted = |file: usize| job.copies.iter().zip(&self.copies).any(|(copy, facts)| wants(copy, facts.level, file));
        (0..job.files.len()).filter(|file| self.files[*file].failed.is_none() && wanted(*file)).collect()
    }

    fn start<'scope>(&mut self, (scope, outbox): Start<'scope, '_>, name: &str, role: Role, work: impl FnOnce() + Send + 'scope)
    where
        'a: 'scope,
    {
        self.running += 1;
        let ending = Ending { outbox: outbox.clone(), role };
        spawn_named(scope, name, move || {
            let _ending = ending;
            work();
        });
    }

    fn start_copying<'scope>(&mut self, start: Start<'scope, '_>, lanes: &[hashing::LaneWork], order: Vec<usize>)
    where
        'a: 'scope,
    {
        let (job, (_, outbox)) = (self.job, start);
        let mut hashing = Vec::new();
        for (number, work) in lanes.iter().cloned().enumerate() {
            let (sender, parcels) = bounded(PARCELS_AHEAD);
            hashing.push(sender);
            self.start(start, &format!("hash-{number}"), Role::Hasher, move || {
                hashing::run_lane(&work, &parcels, |file, hashed| {
                    let _ = outbox.send(Action::Hashed { file, hashed });
                });
            });
        }
        self.hashers = lanes.len();
        let mut copies = Vec::new();
        for copy in 0..job.copies.len() {
            // A lane is there for comparing as well: the reader goes on for as long as one copy wants what it reads.
            if self.copies[copy].aborted.is_some() || self.copies[copy].level > 0 {
                continue;
            }
            let (sender, queue) = bounded(PARCELS_AHEAD);
            copies.push(CopyLane { copy, sender, queue: queue.clone() });
            self.copies[copy].writing = true;
            self.start(start, &format!("write-{copy}"), Role::Writer(copy), move || copy::write_copy(job, copy, &queue, outbox));
        }
        self.reading = true;
        self.start(start, "card-read", Role::Reader, move || {
            reader::read_card(&order, reader::Lanes::new(job, hashing, copies, outbox.clone()));
        });
    }

    fn start_feeding<'scope>(&mut self, start: Start<'scope, '_>, copy: usize)
    where
        'a: 'scope,
    {
        let (job, (_, outbox)) = (self.job, start);
        self.copies[copy].feeding = true;
        self.start(start, &format!("feed-{copy}"), Role::Feeder(copy), move || feed::feed_copy(job, copy, outbox));
    }

    /// Starts and closes what has become due.
    fn advance<'scope>(&mut self, start: Start<'scope, '_>)
    where
        'a: 'scope,
    {
        let (job, (_, outbox)) = (self.job, start);
        if !self.read && !self.reading && self.hashers == 0 {
            self.read = true;
            if !job.is_halted() {
                self.phase(Phase::Proving);
                self.reread(start);
            }
        }
        for copy in 0..job.copies.len() {
            let lane = &job.copies[copy];
            if job.is_halted() || self.copies[copy].aborted.is_some() {
                lane.to_feed.close();
                lane.proofs.close();
                continue;
            }
            let facts = &self.copies[copy];
            if facts.left_behind && !facts.writing && facts.level == 0 {
                self.catch_up(start, copy);
            }
            let facts = &mut self.copies[copy];
            if facts.feeding && self.read && !facts.feed_closed && facts.to_feed.is_empty() && facts.fed.is_empty() {
                facts.feed_closed = true;
                lane.to_feed.close();
            }
            if self.read && !facts.writing && !facts.feeding && !facts.proofs_closed {
                facts.proofs_closed = true;
                lane.lane.turn_to_proof(facts.proofs.0, facts.proofs.1);
                for proof in facts.waiting.drain(..) {
                    lane.proofs.push(job.files[proof.file].size_bytes, proof);
                }
                lane.proofs.close();
                self.emit(Event::CopyWritten { copy: lane.plan.id.clone() });
            }
            if self.copies[copy].proofs_closed && !self.copies[copy].proving && !self.copies[copy].sealing {
                self.copies[copy].sealing = true;
                if self.is_giver(copy) {
                    self.copies[copy].done = true;
                    lane.lane.set_phase(Phase::Done);
                    continue;
                }
                lane.lane.set_phase(Phase::Sealing);
                let contents = self.contents(copy);
                self.start(start, &format!("seal-{copy}"), Role::Sealer, move || {
                    let result = seal::seal(job, copy, contents);
                    let _ = outbox.send(Action::Sealed { copy, result });
                });
            }
        }
    }

    /// A copy that was left behind has written what it had taken: the rest is made from another one.
    fn catch_up<'scope>(&mut self, start: Start<'scope, '_>, copy: usize)
    where
        'a: 'scope,
    {
        let (job, facts) = (self.job, &self.copies[copy]);
        let lane = &job.copies[copy];
        let is_missing = |file: &usize| {
            lane.duties[*file] == Duty::Write
                && !facts.published[*file]
                && !facts.failed.contains_key(&job.files[*file].path)
                && self.files[*file].failed.is_none()
        };
        let missing: BTreeSet<usize> = (0..job.files.len()).filter(is_missing).collect();
        let files = missing.len() as u64;
        lane.lane.begin(Phase::Copying, files, job.bytes_of(missing.iter().copied()));
        self.copies[copy].level = 1;
        self.copies[copy].to_feed = missing;
        self.emit(Event::LeftBehind { copy: lane.plan.id.clone(), files });
        self.start_feeding(start, copy);
        self.feed_what_can_be(copy);
    }

    /// The card is read a second time, beside everything that the copies still do.
    fn reread<'scope>(&mut self, start: Start<'scope, '_>)
    where
        'a: 'scope,
    {
        let (job, (_, outbox)) = (self.job, start);
        if !job.plan.source_reread {
            job.source_lane.set_phase(Phase::Done);
            self.release_card();
            return;
        }
        let work: Vec<Expected> = self
            .files
            .iter()
            .enumerate()
            .filter(|(_, facts)| facts.failed.is_none())
            .filter_map(|(file, facts)| Some((file, Arc::clone(facts.fingerprint.as_ref()?))))
            .collect();
        self.start(start, "card-reread", Role::Rereader, move || prove::reread_card(job, &work, outbox));
    }

    /// Says that the card is needed no more. Where reading ended because no copy was left to read for, it still is.
    fn release_card(&mut self) {
        if self.files.iter().all(|facts| facts.fingerprint.is_some() || facts.failed.is_some()) {
            self.emit(Event::CardReleased);
        }
    }

    pub(super) fn apply(&mut self, action: Action) {
        let job = self.job;
        match action {
            Action::Hashed { file, hashed: Hashed::Block(checksum) } => {
                self.in_flight.entry(file).or_default().push(checksum);
                for copy in 0..self.copies.len() {
                    self.announce_progress(copy, file);
                }
            }
            Action::Hashed { file, hashed: Hashed::File(part) } => self.hashed(file, part),
            Action::Durable { copy, file, bytes } => {
                self.copies[copy].durable = Some((file, bytes));
                self.announce_progress(copy, file);
            }
            Action::Published { copy, file } => {
                let facts = &mut self.copies[copy];
                facts.published[file] = true;
                // What was made from another copy was held against the record on the way.
                facts.from_card[file] = !facts.fed.remove(&file);
                if self.files[file].failed.is_some() {
                    self.set_misread_apart(copy, file);
                }
                self.announce_copied(copy, file);
            }
            Action::FileFailed { copy, file, problem } => {
                let path = job.files[file].path.clone();
                let facts = &mut self.copies[copy];
                facts.evidence[file] = None;
                facts.to_feed.remove(&file);
                facts.fed.remove(&file);
                facts.failed.insert(path.clone(), problem.clone());
                self.emit(Event::FileFailed { copy: Some(job.copies[copy].plan.id.clone()), path, problem });
                self.look_for_others(file);
            }
            Action::NotFed { copy, file } => {
                self.copies[copy].fed.remove(&file);
                self.copies[copy].to_feed.insert(file);
                self.feed_if_possible(copy, file);
            }
            Action::CopyFailed { copy, problem } => {
                job.copies[copy].given_up.store(true, Ordering::SeqCst);
                job.copies[copy].lane.set_phase(Phase::Failed);
                self.copies[copy].aborted = Some(problem.clone());
                self.emit(Event::CopyAborted { copy: job.copies[copy].plan.id.clone(), problem });
                if self.copies.iter().all(|copy| copy.aborted.is_some()) {
                    job.halt();
                }
                self.feed_everybody();
            }
            Action::LeftBehind { copy } => self.copies[copy].left_behind = true,
            Action::SourceFailed { file, problem } => {
                self.files[file].failed = Some(Box::new(problem.clone()));
                self.in_flight.remove(&file);
                for copy in &mut self.copies {
                    copy.to_feed.remove(&file);
                }
                self.emit(Event::FileFailed { copy: None, path: job.files[file].path.clone(), problem });
            }
            Action::SourceGone { problem } => {
                job.source_lane.set_phase(Phase::Failed);
                self.source_gone = Some(problem);
                job.halt();
            }
            Action::Proven { copy, file, evidence } => self.proven(copy, file, evidence),
            Action::Reread { file, result } => {
                let path = job.files[file].path.clone();
                self.files[file].reread_equal = Some(result.is_ok());
                self.emit(Event::SourceReread { path: path.clone(), equal: result.is_ok() });
                if let Err(problem) = result {
                    self.emit(Event::FileFailed { copy: None, path, problem });
                }
            }
            // The copies do not need the card any more, so they are proven and sealed all the same.
            Action::CardGoneInReread { problem } => {
                self.source_gone.get_or_insert(problem);
            }
            Action::Sealed { copy, result } => self.sealed(copy, result),
            Action::Ended(role) => self.ended(role),
        }
    }

    fn ended(&mut self, role: Role) {
        let job = self.job;
        self.running -= 1;
        match role {
            Role::Reader => self.reading = false,
            Role::Hasher => self.hashers -= 1,
            Role::Writer(copy) => self.copies[copy].writing = false,
            Role::Feeder(copy) => self.copies[copy].feeding = false,
            Role::Rereader => {
                let gone = self.source_gone.is_some();
                self.reread_ended = !job.is_halted();
                job.source_lane.set_phase(if gone { Phase::Failed } else { Phase::Done });
                if !gone && self.reread_ended {
                    self.release_card();
                }
            }
            Role::Prover(copy) => {
                self.copies[copy].proving = false;
                self.feed_everybody();
            }
            Role::Sealer => {}
        }
    }

    fn hashed(&mut self, file: usize, part: Fingerprint) {
        let facts = &mut self.files[file];
        let read = facts.partial.get_or_insert_default();
        read.hashes.extend(part.hashes);
        read.blocks.extend(part.blocks);
        facts.lanes_out -= 1;
        if facts.lanes_out > 0 {
            return;
        }
        let mut read = facts.partial.take().map(|read| *read).unwrap_or_default();
        read.hashes.sort();
        // There may be a million of them, and most hold one hash and one block.
        read.hashes.shrink_to_fit();
        read.blocks.shrink_to_fit();
        self.in_flight.remove(&file);
        match &facts.fingerprint {
            Some(earlier) if earlier.hashes != read.hashes => {
                let path = &self.job.files[file].path;
                let problem = Problem::new(ErrorCode::SourceChanged, format!("{path} read differently from the first time"));
                self.apply(Action::SourceFailed { file, problem });
                for copy in 0..self.copies.len() {
                    self.set_misread_apart(copy, file);
                }
            }
            _ => {
                facts.fingerprint = Some(Arc::new(read));
                for copy in 0..self.copies.len() {
                    if self.job.copies[copy].duties[file] == Duty::Compare {
                        self.queue_proof(copy, file);
                    }
                    self.announce_copied(copy, file);
                }
            }
        }
    }

    /// What was written from a read that differs from an earlier one is kept, but not under the name of the file.
    fn set_misread_apart(&mut self, copy: usize, file: usize) {
        let facts = &mut self.copies[copy];
        if !facts.published[file] || !facts.from_card[file] {
            return;
        }
        facts.published[file] = false;
        let (lane, path) = (&self.job.copies[copy], &self.job.files[file].path);
        let words = format!("{}: what was read of {path} differs from the first time", lane.plan.label);
        let mut problem = Problem::new(ErrorCode::SourceChanged, words);
        problem.details.push(match lane.destination().quarantine(path) {
            Ok(aside) => format!("what was written was renamed to {aside}"),
            Err(error) => format!("what was written could not be renamed: {error}"),
        });
        self.apply(Action::FileFailed { copy, file, problem });
    }

    /// Part of a large file is worth keeping once it is durable and its checksums are known.
    fn announce_progress(&mut self, copy: usize, file: usize) {
        let Some((durable, bytes)) = self.copies[copy].durable.filter(|(durable, _)| *durable == file) else { return };
        let card_file = &self.job.files[durable];
        let blocks = usize::try_from(bytes.min(card_file.size_bytes) / BLOCK_BYTES).unwrap_or(0);
        let known = match (&self.files[file].fingerprint, self.in_flight.get(&file)) {
            (Some(fingerprint), _) => fingerprint.blocks.get(..blocks),
            (None, Some(blocks_so_far)) => blocks_so_far.get(..blocks),
            (None, None) => None,
        };
        let Some(known) = known.filter(|known| !known.is_empty()).map(<[u64]>::to_vec) else { return };
        self.copies[copy].durable = None;
        self.emit(Event::FileProgress {
            copy: self.job.copies[copy].plan.id.clone(),
            path: card_file.path.clone(),
            size_bytes: card_file.size_bytes,
            modified: card_file.modified,
            block_crc64: known,
        });
    }

    /// A file counts as copied once it has its name and every hash is known.
    fn announce_copied(&mut self, copy: usize, file: usize) {
        let facts = &mut self.copies[copy];
        let (file_facts, failed) = (&self.files[file], self.files[file].failed.is_some());
        // An earlier run may know the hashes already; what this run read still has to turn out the same.
        let is_hashed = !facts.from_card[file] || file_facts.lanes_out == 0;
        if failed || file_facts.fingerprint.is_none() || !is_hashed || !facts.published[file] || facts.copied[file] {
            return;
        }
        facts.copied[file] = true;
        self.emit_copied(copy, file);
        self.copied(copy, file);
    }

    /// A file is there with its hashes: it is read back, or counts as proven in flight where no reading back was asked for.
    fn copied(&mut self, copy: usize, file: usize) {
        if self.job.plan.verify == VerifyDepth::None {
            self.apply(Action::Proven { copy, file, evidence: evidence::from_flight() });
        } else {
            self.queue_proof(copy, file);
        }
    }

    fn queue_proof(&mut self, copy: usize, file: usize) {
        let job = self.job;
        let facts = &mut self.copies[copy];
        let Some(fingerprint) = self.files[file].fingerprint.clone() else { return };
        if facts.failed.contains_key(&job.files[file].path) {
            return;
        }
        let size_bytes = job.files[file].size_bytes;
        facts.proofs.0 += 1;
        facts.proofs.1 += size_bytes;
        let proof = ToProve { file, fingerprint, published: facts.published[file] };
        if job.copies[copy].proves_last() { facts.waiting.push(proof) } else { job.copies[copy].proofs.push(size_bytes, proof) }
    }

    fn emit_copied(&mut self, copy: usize, file: usize) {
        let Some(fingerprint) = self.files[file].fingerprint.clone() else { return };
        let card_file = &self.job.files[file];
        self.emit(Event::FileCopied {
            copy: self.job.copies[copy].plan.id.clone(),
            path: card_file.path.clone(),
            size_bytes: card_file.size_bytes,
            modified: card_file.modified,
            hashes: fingerprint.hashes.clone(),
            block_crc64: fingerprint.blocks.clone(),
        });
    }

    fn proven(&mut self, copy: usize, file: usize, evidence: Evidence) {
        if !self.copies[copy].copied[file] {
            // It lay there already, whole and equal: an earlier run was killed before it could say so.
            self.copies[copy].copied[file] = true;
            self.emit_copied(copy, file);
        }
        self.copies[copy].evidence[file] = Some(self.words.proof(&evidence));
        self.emit(Event::FileProven {
            copy: self.job.copies[copy].plan.id.clone(),
            path: self.job.files[file].path.clone(),
            evidence,
        });
        self.look_for_others(file);
    }

    /// Looks again at every copy that waits for this file.
    fn look_for_others(&mut self, file: usize) {
        for copy in 0..self.copies.len() {
            if self.copies[copy].to_feed.contains(&file) {
                self.feed_if_possible(copy, file);
            }
        }
    }

    fn feed_everybody(&mut self) {
        for copy in 0..self.copies.len() {
            self.feed_what_can_be(copy);
        }
    }

    fn feed_what_can_be(&mut self, copy: usize) {
        let waiting: Vec<usize> = self.copies[copy].to_feed.iter().copied().collect();
        for file in waiting {
            self.feed_if_possible(copy, file);
        }
    }

    /// Makes a file of a copy from another copy that is proven; fails it where none ever will be.
    fn feed_if_possible(&mut self, copy: usize, file: usize) {
        let job = self.job;
        if job.is_halted() || self.copies[copy].aborted.is_some() {
            return;
        }
        let path = &job.files[file].path;
        let could_give = |giver: usize| {
            let facts = &self.copies[giver];
            facts.level < self.copies[copy].level
                && facts.aborted.is_none()
                && !facts.failed.contains_key(path)
                && (facts.evidence[file].is_some() || facts.proving)
        };
        let chosen = job.copies[copy].plan.fed_by.as_ref();
        let chosen = chosen.and_then(|id| job.copies.iter().position(|other| other.plan.id == *id)).filter(|at| could_give(*at));
        let givers = || (0..self.copies.len()).filter(|giver| could_give(*giver));
        let giver = match chosen {
            Some(chosen) => Some(chosen),
            None => givers().find(|giver| self.copies[*giver].evidence[file].is_some()).or_else(|| givers().next()),
        };
        match giver {
            Some(from) if self.copies[from].evidence[file].is_some() => {
                let Some(fingerprint) = self.files[file].fingerprint.clone() else { return };
                self.copies[copy].to_feed.remove(&file);
                self.copies[copy].fed.insert(file);
                job.copies[copy].to_feed.push(Feed { file, from, fingerprint });
            }
            Some(_) => {}
            None => {
                let words = format!("{}: no proven copy of {path} is left to make it from", job.copies[copy].plan.label);
                self.apply(Action::FileFailed { copy, file, problem: Problem::new(ErrorCode::DestinationFailed, words) });
            }
        }
    }

    fn sealed(&mut self, copy: usize, result: Result<Seal, Problem>) {
        let id = self.job.copies[copy].plan.id.clone();
        if let Ok(seal) = &result {
            self.emit(Event::CopySealed { copy: id.clone(), manifest: seal.manifest.clone(), reread_equal: seal.reread_equal });
            for (path, problem) in &seal.against_history {
                self.copies[copy].failed.insert(path.clone(), problem.clone());
                self.emit(Event::FileFailed { copy: Some(id.clone()), path: path.clone(), problem: problem.clone() });
            }
        }
        self.copies[copy].seal = Some(result);
        self.copies[copy].done = true;
        self.job.copies[copy].lane.set_phase(Phase::Done);
        let (weakest, failed_files) = (self.weakest(copy), self.failures(copy).len() as u64);
        let proofs = self.copies[copy].evidence.iter().flatten();
        let method = proofs.min_by_key(|proof| proof.level).map(|proof| proof.method.to_string());
        self.emit(Event::CopyDone { copy: id, weakest, method, failed_files });
    }
}
