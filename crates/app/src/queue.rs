//! Owns the order of jobs: which devices each needs, whose turn it is, and what people ask of jobs that another process holds.
//!
//! A device works for as many jobs as it has slots: one for a spinning drive, a share and whatever does not say what it is, two for
//! solid state. A slot is a file lock, so that it counts between processes and is free again when its holder dies. Jobs that share no
//! device run side by side; those that do go by priority, then by place. A job gives its slots back when the card is no longer needed.

use crate::{App, clock, lock, not_found, state_problem};
use checkgate_catalog::{CopyRow, QueueRow};
use checkgate_contract::{Empty, JobRequest, MoveJob, QueueEntry};
use checkgate_model::{ErrorCode, HashFormat, JobState, Problem};
use checkgate_volume::{Volume, place};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(250);
pub(crate) const PAUSE: &str = "pause";
pub(crate) const CANCEL: &str = "cancel";

/// A device that a job reads from or writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Need {
    device: String,
    label: String,
    slots: u8,
}

impl Need {
    fn of(volume: &Volume, label: &str) -> Self {
        let device = device_of(volume);
        let solid = volume.rotational == Some(false) && !volume.network;
        Self { device, label: label.to_owned(), slots: if solid { 2 } else { 1 } }
    }
}

/// What a device is called in the state: its identity, else the volume's.
pub(crate) fn device_of(volume: &Volume) -> String {
    volume.device_identity.clone().unwrap_or_else(|| volume.id.to_string())
}

/// The devices of one job, in one order for everybody, so that no two jobs wait for each other.
fn merged(mut needs: Vec<Need>) -> Vec<Need> {
    needs.sort_by(|one, other| one.device.cmp(&other.device));
    needs.dedup_by(|one, other| one.device == other.device);
    needs
}

/// Slots that a job holds; shared with whoever learns first that they are no longer needed.
#[derive(Clone, Default)]
pub(crate) struct Slots {
    held: Arc<Mutex<Vec<place::FileLock>>>,
}

impl Slots {
    pub(crate) fn give_back(&self) {
        lock(&self.held).clear();
    }
}

/// How waiting ended.
pub(crate) enum Turn {
    Go(Slots),
    Paused,
    Cancelled,
    Closing,
}

fn parse_needs(row: &QueueRow) -> Vec<Need> {
    serde_json::from_str(&row.needs).unwrap_or_default()
}

/// The device that both need, if there is one.
fn shared<'a>(mine: &'a [Need], other: &[Need]) -> Option<&'a Need> {
    mine.iter().find(|need| other.iter().any(|theirs| theirs.device == need.device))
}

impl App {
    /// The devices of a job: the card's, and those of the copies that are made from it.
    pub(crate) async fn needs_of(&self, card_root: &Path, copies: &[CopyRow], from_card: impl Fn(&CopyRow) -> bool) -> Vec<Need> {
        let mut places = vec![(card_root.to_path_buf(), "the card".to_owned())];
        let level_one = copies.iter().filter(|copy| from_card(copy));
        places.extend(level_one.map(|copy| (PathBuf::from(&copy.root), copy.label.clone())));
        let found = tokio::task::spawn_blocking(move || {
            let need = |(root, label): &(PathBuf, String)| {
                // The roll folder may not be there yet.
                let standing = root.ancestors().find(|folder| folder.exists())?;
                checkgate_volume::volume_of(standing).ok().map(|volume| Need::of(&volume, label))
            };
            merged(places.iter().filter_map(need).collect())
        });
        found.await.unwrap_or_default()
    }

    /// Waits until it is this job's turn. The state `Waiting` is stored already.
    pub(crate) async fn wait_turn(&self, job: &str, needs: &[Need]) -> Result<Turn, Problem> {
        loop {
            if self.is_closing() {
                return Ok(Turn::Closing);
            }
            match self.catalog().wish_of(job).await.map_err(state_problem)?.as_deref() {
                Some(CANCEL) => return Ok(Turn::Cancelled),
                Some(_) => return Ok(Turn::Paused),
                None => {}
            }
            let queue = self.catalog().queue().await.map_err(state_problem)?;
            let behind = queue.iter().take_while(|row| row.job != job).any(|row| {
                row.state == JobState::Waiting && shared(needs, &parse_needs(row)).is_some() && self.is_alive(&row.job)
            });
            if !behind && let Some(slots) = self.take_slots(needs)? {
                return Ok(Turn::Go(slots));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn take_slots(&self, needs: &[Need]) -> Result<Option<Slots>, Problem> {
        let mut held = Vec::new();
        for need in needs {
            let name = checkgate_mhl::hash_bytes(HashFormat::Xxh64, need.device.as_bytes()).to_text();
            let mut free = None;
            for slot in 0..need.slots {
                let path = self.home().locks().join(format!("device-{name}-{slot}.lock"));
                free = place::lock_file(&path).map_err(|error| Problem::from_error(ErrorCode::StateFailed, &error))?;
                if free.is_some() {
                    break;
                }
            }
            match free {
                Some(slot) => held.push(slot),
                None => return Ok(None),
            }
        }
        Ok(Some(Slots { held: Arc::new(Mutex::new(held)) }))
    }

    /// Looks, as long as it is polled, whether somebody asks for the end of a job, and then returns.
    pub(crate) async fn until_wished(&self, job: &str) {
        loop {
            match self.catalog().wish_of(job).await {
                Ok(None) => {}
                Ok(Some(_)) => return,
                Err(error) => tracing::error!(%error, job, "what is asked of the job cannot be read"),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Pauses a job, whatever process holds it; it can always be resumed.
    pub async fn stop_job(&self, request: JobRequest) -> Result<Empty, Problem> {
        self.ask_of_job(&request.job, PAUSE).await
    }

    /// Takes a job out of the queue, whatever process holds it. What is proven stays; nothing goes on by itself.
    pub async fn cancel_job(&self, request: JobRequest) -> Result<Empty, Problem> {
        self.ask_of_job(&request.job, CANCEL).await
    }

    async fn ask_of_job(&self, id: &str, wish: &str) -> Result<Empty, Problem> {
        let job = self.catalog().job(id).await.map_err(state_problem)?.ok_or_else(|| not_found("job", id))?;
        match job.state {
            JobState::Waiting | JobState::Running if self.is_alive(id) => {
                self.catalog().wish(id, Some(wish)).await.map_err(state_problem)?;
                lock(&self.inner.live).stop_job(id);
            }
            JobState::Stopped | JobState::Interrupted | JobState::Failed | JobState::Waiting | JobState::Running
                if wish == CANCEL =>
            {
                self.catalog().set_job_state(id, JobState::Cancelled, None, clock::now()).await.map_err(state_problem)?;
            }
            state => {
                let words = format!("the job is not running; its state is {}", crate::snapshot::word(&state));
                return Err(Problem::new(ErrorCode::BadRequest, words));
            }
        }
        self.announce();
        Ok(Empty {})
    }

    /// Moves a job in the queue. It takes the priority of the job whose place it takes; one that runs already keeps running.
    pub async fn move_job(&self, request: MoveJob) -> Result<Empty, Problem> {
        let queue = self.catalog().queue().await.map_err(state_problem)?;
        let mut order: Vec<(String, i32)> = queue.into_iter().map(|row| (row.job, row.priority)).collect();
        let at = order.iter().position(|(job, _)| *job == request.job).ok_or_else(|| {
            Problem::new(ErrorCode::NotFound, format!("{} is not in the queue: it neither waits nor runs", request.job))
        })?;
        let to = match request.to.as_str() {
            "first" => 0,
            "last" => order.len() - 1,
            "up" => at.saturating_sub(1),
            "down" => (at + 1).min(order.len() - 1),
            other => {
                let words = format!("{other:?} is no place in the queue (first, last, up, down)");
                return Err(Problem::new(ErrorCode::BadRequest, words));
            }
        };
        let (job, _) = order.remove(at);
        // What it now stands before must not overtake it, nor it what it stands behind.
        let priority = order.get(to).or_else(|| order.last()).map_or(0, |(_, priority)| *priority);
        order.insert(to, (job, priority));
        self.catalog().order_queue(&order).await.map_err(state_problem)?;
        self.announce();
        Ok(Empty {})
    }

    /// Sets the priority of a job: higher goes first.
    pub async fn set_priority(&self, job: &str, priority: i32) -> Result<(), Problem> {
        let queue = self.catalog().queue().await.map_err(state_problem)?;
        if !queue.iter().any(|row| row.job == job) {
            return Err(not_found("waiting or running job", job));
        }
        self.catalog().order_queue(&[(job.to_owned(), priority)]).await.map_err(state_problem)?;
        self.announce();
        Ok(())
    }

    /// A word about a cascade where it would free the card much sooner, from what the devices did in earlier jobs.
    pub async fn cascade_hint(&self, card: &str, destinations: &[String]) -> Result<Option<String>, Problem> {
        let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let known: Vec<(String, u64)> = self
            .destinations()
            .await?
            .into_iter()
            .filter(|view| destinations.contains(&view.id))
            .filter_map(|view| Some((view.label, view.write_bps.filter(|bps| *bps > 0)?)))
            .collect();
        Ok(if known.len() == destinations.len() { cascade_words(row.recognition.size_bytes, &known) } else { None })
    }

    /// What waits and runs in every process, in its order, with what each waits for.
    pub async fn queue(&self) -> Result<Vec<QueueEntry>, Problem> {
        let rows = self.catalog().queue().await.map_err(state_problem)?;
        let rows: Vec<(QueueRow, Vec<Need>)> = rows
            .into_iter()
            .filter(|row| self.is_alive(&row.job))
            .map(|row| (parse_needs(&row), row))
            .map(|(n, r)| (r, n))
            .collect();
        Ok(rows
            .iter()
            .enumerate()
            .map(|(at, (row, needs))| QueueEntry {
                job: row.job.clone(),
                card: row.card.clone(),
                reel: row.reel.clone(),
                state: row.state,
                priority: row.priority,
                here: lock(&self.inner.busy).contains(&row.job),
                words: if row.state == JobState::Running { String::new() } else { waits_for(&rows, at, needs) },
            })
            .collect())
    }
}

/// Both passes over the bytes, written and read back, at the write rate: an upper bound where reading is faster.
fn cascade_words(bytes: u64, known: &[(String, u64)]) -> Option<String> {
    let (fast, fast_bps) = known.iter().max_by_key(|(_, bps)| *bps)?;
    let (slow, slow_bps) = known.iter().min_by_key(|(_, bps)| *bps)?;
    let minutes = |bps: u64| (bytes.saturating_mul(2) / bps).div_ceil(60);
    let (with, without) = (minutes(*fast_bps), minutes(*slow_bps));
    let megabytes = |bps: u64| bps / 1_000_000;
    (*fast_bps >= slow_bps.saturating_mul(3) && without >= with + 2).then(|| {
        format!(
            "{slow} has written {} MB/s at most so far, {fast} {} MB/s: with {slow} on a later level (`--cascade`) the card is free in about {with} min instead of {without}",
            megabytes(*slow_bps),
            megabytes(*fast_bps)
        )
    })
}

/// Why a job waits, for people.
fn waits_for(rows: &[(QueueRow, Vec<Need>)], at: usize, needs: &[Need]) -> String {
    let running = rows.iter().filter(|(row, _)| row.state == JobState::Running);
    let before = rows[..at].iter().filter(|(row, _)| row.state == JobState::Waiting);
    let mut reasons = running.map(|one| (one, "is being offloaded")).chain(before.map(|one| (one, "goes first")));
    reasons
        .find_map(|((row, theirs), why)| {
            shared(needs, theirs).map(|need| format!("waits for {}: {} {why}", need.label, row.reel))
        })
        .unwrap_or_else(|| "waits for its devices".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(device: &str) -> Need {
        Need { device: device.to_owned(), label: device.to_uppercase(), slots: 1 }
    }

    fn row(job: &str, state: JobState) -> QueueRow {
        QueueRow {
            job: job.to_owned(),
            card: job.to_owned(),
            reel: job.to_uppercase(),
            state,
            priority: 0,
            place: 0,
            wish: None,
            needs: "[]".to_owned(),
        }
    }

    #[test]
    fn a_job_says_what_it_waits_for() {
        let rows = [
            (row("a", JobState::Running), vec![need("raid")]),
            (row("b", JobState::Waiting), vec![need("ssd")]),
            (row("c", JobState::Waiting), vec![need("raid"), need("ssd")]),
            (row("d", JobState::Waiting), vec![need("ssd")]),
        ];
        assert_eq!(waits_for(&rows, 2, &rows[2].1), "waits for RAID: A is being offloaded");
        assert_eq!(waits_for(&rows, 3, &rows[3].1), "waits for SSD: B goes first");
        assert_eq!(waits_for(&rows, 1, &rows[1].1), "waits for its devices");
    }

    #[test]
    fn a_cascade_is_proposed_only_where_it_pays() {
        let speeds = |slow: u64| vec![("SSD-7".to_owned(), 1_000_000_000), ("RAID-2".to_owned(), slow)];
        let words = cascade_words(600_000_000_000, &speeds(100_000_000)).expect("it pays");
        assert!(
            words.contains("RAID-2 has written 100 MB/s at most") && words.contains("about 20 min instead of 200"),
            "{words}"
        );
        assert_eq!(cascade_words(600_000_000_000, &speeds(500_000_000)), None, "not much slower");
        assert_eq!(cascade_words(1_000_000_000, &speeds(100_000_000)), None, "a minute is not worth a word");
        assert_eq!(cascade_words(600_000_000_000, &speeds(100_000_000)[..1]), None);
    }

    #[test]
    fn devices_are_named_once_and_in_one_order() {
        assert_eq!(merged(vec![need("ssd"), need("card"), need("ssd")]), [need("card"), need("ssd")]);
    }
}
