//! Owns what moves: live jobs, uploads and verifications of this process, and the frames made from their meters. Rates are
//! averaged over five seconds; an estimate is given per device, with the read-back that still follows included.

use crate::jobs::JobOptions;
use crate::{App, clock, lock, state_problem};
use checkgate_catalog::{CopyRow, JobRow, SpeedRow};
use checkgate_contract::{CardTick, LaneTick, UiFrame};
use checkgate_model::{ErrorCode, Problem};
use checkgate_offload::{Control, LaneSnapshot, Meter, Phase, VerifyDepth};
use checkgate_transfer::{UploadControl, UploadMeter};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const FRAME_EVERY: Duration = Duration::from_millis(100);
const RATE_OVER: Duration = Duration::from_secs(5);
const MOST_LANES: usize = 26;

/// A rate averaged over the last five seconds of one phase of one lane.
#[derive(Debug, Default)]
struct Rate {
    phase: String,
    points: VecDeque<(Instant, u64)>,
}

impl Rate {
    fn add(&mut self, phase: &str, at: Instant, bytes: u64) -> u64 {
        if self.phase != phase || self.points.back().is_some_and(|(_, last)| bytes < *last) {
            phase.clone_into(&mut self.phase);
            self.points.clear();
        }
        self.points.push_back((at, bytes));
        while self.points.len() > 2 && at.duration_since(self.points[1].0) > RATE_OVER {
            self.points.pop_front();
        }
        let (first_at, first_bytes) = self.points[0];
        let elapsed = at.duration_since(first_at).as_secs_f64();
        if elapsed < 0.2 { 0 } else { ((bytes - first_bytes) as f64 / elapsed) as u64 }
    }
}

/// A lane of a job and what is known of its device.
#[derive(Debug, Clone, Default)]
struct LaneFacts {
    /// The copy it is made from; `None` means the card.
    feeder: Option<String>,
    device: Option<(String, String)>,
    /// The fastest the device has been written to.
    write_bps: Option<u64>,
}

pub(crate) struct LiveJob {
    card: String,
    verify: VerifyDepth,
    reread: bool,
    lanes: BTreeMap<String, LaneFacts>,
    control: Control,
    meter: Meter,
    measured: BTreeMap<(String, &'static str), Measured>,
}

/// Bytes that a lane moved in one phase, from when to when.
#[derive(Debug, Clone, Copy)]
struct Measured {
    first: (Instant, u64),
    last: (Instant, u64),
}

impl Measured {
    /// Bytes a second, where it went on long enough to say so.
    fn rate(&self) -> Option<u64> {
        let secs = self.last.0.duration_since(self.first.0).as_secs_f64();
        let bytes = self.last.1.saturating_sub(self.first.1);
        (secs >= 1.0 && bytes >= 256 << 20).then(|| (bytes as f64 / secs) as u64)
    }
}

struct LiveUpload {
    control: Arc<UploadControl>,
    meter: Arc<UploadMeter>,
}

/// Everything of this process that moves.
#[derive(Default)]
pub(crate) struct Live {
    jobs: BTreeMap<String, LiveJob>,
    uploads: BTreeMap<String, LiveUpload>,
    verifications: BTreeMap<String, (Control, Meter)>,
    /// Card, done, total, words.
    describing: BTreeMap<String, (u64, u64, String)>,
    rates: BTreeMap<String, Rate>,
}

impl Live {
    pub(crate) fn add_job(&mut self, job: &str, live: LiveJob) {
        self.jobs.insert(job.to_owned(), live);
    }

    pub(crate) fn stop_job(&mut self, job: &str) -> bool {
        self.jobs.get(job).map(|live| live.control.stop()).is_some()
    }

    pub(crate) fn add_upload(&mut self, card: &str, control: Arc<UploadControl>, meter: Arc<UploadMeter>) {
        self.uploads.insert(card.to_owned(), LiveUpload { control, meter });
    }

    pub(crate) fn stop_upload(&mut self, card: &str) -> bool {
        self.uploads.get(card).map(|live| live.control.stop()).is_some()
    }

    pub(crate) fn upload_meter(&self, card: &str) -> Option<Arc<UploadMeter>> {
        self.uploads.get(card).map(|live| live.meter.clone())
    }

    pub(crate) fn add_verification(&mut self, id: &str, control: Control, meter: Meter) {
        self.verifications.insert(id.to_owned(), (control, meter));
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.uploads.remove(id);
        self.verifications.remove(id);
        self.describing.remove(id);
        self.rates.retain(|key, _| !key.starts_with(id));
    }

    pub(crate) fn set_describing(&mut self, card: &str, done: u64, total: u64, words: &str) {
        self.describing.insert(card.to_owned(), (done, total, words.to_owned()));
    }

    /// Words of what is being described, while it is.
    pub(crate) fn describing(&self, card: &str) -> Option<String> {
        self.describing.get(card).map(|(done, total, words)| format!("{words} {done} of {total}"))
    }

    /// Lanes of the job of a card, for views made between frames.
    pub(crate) fn copy_bytes(&self, job: &str, copy: &str) -> Option<(u64, u64)> {
        let snapshot = self.jobs.get(job)?.meter.snapshot();
        let lane = snapshot.copies.into_iter().find(|lane| lane.copy.as_ref().is_some_and(|id| id.as_str() == copy))?;
        Some((lane.bytes_done, lane.bytes_total))
    }

    pub(crate) fn stop_all(&mut self) {
        self.jobs.values().for_each(|live| live.control.stop());
        self.uploads.values().for_each(|live| live.control.stop());
        self.verifications.values().for_each(|(control, _)| control.stop());
    }

    fn is_still(&self) -> bool {
        self.jobs.is_empty() && self.uploads.is_empty() && self.verifications.is_empty() && self.describing.is_empty()
    }

    fn frame(&mut self, rev: u64) -> UiFrame {
        let at = Instant::now();
        let mut cards: BTreeMap<String, CardTick> = BTreeMap::new();
        let empty = |card: &str| CardTick {
            card: card.to_owned(),
            words: String::new(),
            file: String::new(),
            card_free_secs: None,
            eta_secs: None,
            lanes: Vec::new(),
        };
        let mut written = 0;
        for (job, live) in &mut self.jobs {
            let snapshot = live.meter.snapshot();
            let tick = cards.entry(live.card.clone()).or_insert_with(|| empty(&live.card));
            snapshot.phase.word().clone_into(&mut tick.words);
            tick.file = snapshot.source.current_file.clone().unwrap_or_default();
            let source_phase = if snapshot.source.phase == Phase::Proving { "second read" } else { snapshot.source.phase_word };
            let again = if live.reread { VerifyDepth::Device } else { VerifyDepth::None };
            tick.lanes.push(lane_tick(&mut self.rates, job, "card", &snapshot.source, source_phase, at, again));
            for lane in &snapshot.copies {
                let id = lane.copy.as_ref().map_or("copy", |copy| copy.as_str());
                tick.lanes.push(lane_tick(&mut self.rates, job, id, lane, lane.phase_word, at, live.verify));
                live.measure(id, lane, at);
            }
            mark_bottleneck(&mut tick.lanes);
            let copying = snapshot.copies.iter().zip(&tick.lanes[1..]).filter(|(lane, _)| lane.phase == Phase::Copying);
            written += copying.map(|(_, tick)| tick.bytes_per_sec).sum::<u64>();
            (tick.card_free_secs, tick.eta_secs) = live.estimates(&snapshot, &tick.lanes);
        }
        for (card, (done, total, words)) in &self.describing {
            let tick = cards.entry(card.clone()).or_insert_with(|| empty(card));
            tick.words = format!("{words} {done} of {total}");
        }
        for (card, live) in &self.uploads {
            let reading = live.meter.read();
            let tick = cards.entry(card.clone()).or_insert_with(|| empty(card));
            let phase = if reading.waiting_for_network { "waiting for the network" } else { "sending" };
            let rate = self.rates.entry(format!("{card}upload")).or_default().add(phase, at, reading.bytes_stored);
            let left = reading.bytes_total.saturating_sub(reading.bytes_stored);
            tick.lanes.push(LaneTick {
                id: "upload".to_owned(),
                label: "cloud".to_owned(),
                phase: phase.to_owned(),
                bytes_done: reading.bytes_stored,
                bytes_total: reading.bytes_total,
                bytes_per_sec: rate,
                eta_secs: seconds(left, rate),
                bottleneck: false,
            });
        }
        let verifications = self
            .verifications
            .iter()
            .map(|(id, (_, meter))| {
                let source = meter.snapshot().source;
                (id.clone(), source.bytes_done, source.bytes_total)
            })
            .collect();
        let mut lanes = 0;
        let cards: Vec<CardTick> = cards
            .into_values()
            .take_while(|tick| {
                lanes += tick.lanes.len();
                lanes <= MOST_LANES
            })
            .collect();
        let eta_secs = total_eta(&cards);
        UiFrame { rev, cards, bytes_per_sec: written, eta_secs, verifications }
    }
}

impl LiveJob {
    fn measure(&mut self, id: &str, lane: &LaneSnapshot, at: Instant) {
        let phase = match lane.phase {
            Phase::Copying => "write",
            Phase::Proving => "read",
            _ => return,
        };
        let now = (at, lane.bytes_done);
        let known = self.measured.entry((id.to_owned(), phase)).or_insert(Measured { first: now, last: now });
        if lane.bytes_done > known.last.1 {
            known.last = now;
        }
    }

    /// Until the card is free, and until everything is done. A lane of which nothing is known makes the sum unknown: no estimate is
    /// better than one that leaves something out. `ticks` are the card's lane and then one for each copy.
    fn estimates(&self, snapshot: &checkgate_offload::Snapshot, ticks: &[LaneTick]) -> (Option<u32>, Option<u32>) {
        let left = |lane: &LaneSnapshot, tick: &LaneTick| match lane.phase {
            Phase::Done | Phase::Failed | Phase::Sealing => Some(0),
            Phase::Preparing => None,
            Phase::Copying | Phase::Proving => tick.eta_secs,
        };
        let mut by_copy: BTreeMap<&str, Option<u32>> = BTreeMap::new();
        let mut free = ticks.first().and_then(|tick| left(&snapshot.source, tick));
        let mut all = free;
        for (lane, tick) in snapshot.copies.iter().zip(ticks.iter().skip(1)) {
            let facts = self.lanes.get(&tick.id).cloned().unwrap_or_default();
            let own = match &facts.feeder {
                None => left(lane, tick),
                // A copy that waits for another one begins when that is proven.
                Some(feeder) if lane.phase == Phase::Preparing => {
                    let passes = if self.verify == VerifyDepth::None { 1 } else { 2 };
                    let bytes = if lane.bytes_total > 0 { lane.bytes_total } else { snapshot.source.bytes_total };
                    let work = facts.write_bps.and_then(|bps| seconds(bytes.saturating_mul(passes), bps));
                    let begins = by_copy.get(feeder.as_str()).copied().flatten();
                    begins.zip(work).map(|(begins, work)| begins.saturating_add(work))
                }
                Some(_) => left(lane, tick),
            };
            by_copy.insert(&tick.id, own);
            if facts.feeder.is_none() {
                free = free.zip(own).map(|(one, other)| one.max(other));
            }
            all = all.zip(own).map(|(one, other)| one.max(other));
        }
        (free, all)
    }
}

/// Until the last card is done; unknown while any of them is.
fn total_eta(cards: &[CardTick]) -> Option<u32> {
    cards
        .iter()
        .filter(|tick| tick.lanes.iter().any(|lane| lane.id == "card"))
        .map(|tick| tick.eta_secs)
        .try_fold(0, |most, eta| eta.map(|eta: u32| eta.max(most)))
        .filter(|_| !cards.is_empty())
}

fn seconds(bytes: u64, rate: u64) -> Option<u32> {
    (rate > 0).then(|| u32::try_from(bytes / rate).unwrap_or(u32::MAX))
}

fn lane_tick(
    rates: &mut BTreeMap<String, Rate>,
    job: &str,
    id: &str,
    lane: &LaneSnapshot,
    phase: &str,
    at: Instant,
    verify: VerifyDepth,
) -> LaneTick {
    let rate = rates.entry(format!("{job}{id}")).or_default().add(phase, at, lane.bytes_done);
    let mut left = lane.bytes_total.saturating_sub(lane.bytes_done);
    if lane.phase == Phase::Copying && verify != VerifyDepth::None {
        left = left.saturating_add(lane.bytes_total.saturating_sub(lane.proven_bytes));
    }
    let moving = matches!(lane.phase, Phase::Copying | Phase::Proving);
    LaneTick {
        id: id.to_owned(),
        label: lane.label.clone(),
        phase: phase.to_owned(),
        bytes_done: lane.bytes_done,
        bytes_total: lane.bytes_total,
        bytes_per_sec: rate,
        eta_secs: if moving { seconds(left, rate) } else { None },
        bottleneck: false,
    }
}

/// The lane that needs longest limits the others; with one lane there is nothing to compare.
fn mark_bottleneck(lanes: &mut [LaneTick]) {
    if lanes.len() < 2 {
        return;
    }
    let slowest = lanes.iter().enumerate().filter_map(|(at, lane)| lane.eta_secs.map(|eta| (eta, at))).max();
    if let Some((eta, at)) = slowest
        && eta > 0
    {
        lanes[at].bottleneck = true;
    }
}

impl App {
    /// A job as it is watched while it runs.
    pub(crate) async fn live_job(
        &self,
        job: &JobRow,
        options: &JobOptions,
        copies: &[CopyRow],
        feeders: &[Option<usize>],
        control: Control,
        meter: Meter,
    ) -> Result<LiveJob, Problem> {
        let speeds = self.catalog().speeds().await.map_err(state_problem)?;
        let roots: Vec<PathBuf> = copies.iter().map(|copy| PathBuf::from(&copy.root)).collect();
        let devices = tokio::task::spawn_blocking(move || {
            let device = |root: &PathBuf| {
                let standing = root.ancestors().find(|folder| folder.exists())?;
                checkgate_volume::volume_of(standing).ok().map(|volume| crate::queue::device_of(&volume))
            };
            roots.iter().map(device).collect::<Vec<_>>()
        })
        .await
        .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        let lanes = copies
            .iter()
            .zip(feeders)
            .zip(devices)
            .map(|((copy, feeder), device)| {
                let speed = speeds.iter().find(|speed| Some(&speed.device) == device.as_ref());
                let facts = LaneFacts {
                    feeder: feeder.map(|at| copies[at].id.clone()),
                    write_bps: speed.and_then(|speed| speed.write_bps),
                    device: device.map(|device| (device, copy.label.clone())),
                };
                (copy.id.clone(), facts)
            })
            .collect();
        Ok(LiveJob {
            card: job.card.clone(),
            verify: options.verify,
            reread: options.source_reread,
            lanes,
            control,
            meter,
            measured: BTreeMap::new(),
        })
    }

    /// Remembers how fast the devices of a job were.
    pub(crate) async fn store_speeds(&self, job: &str) {
        let rows: Vec<SpeedRow> = {
            let live = lock(&self.inner.live);
            let Some(job) = live.jobs.get(job) else { return };
            let rate = |id: &str, phase: &'static str| job.measured.get(&(id.to_owned(), phase)).and_then(Measured::rate);
            job.lanes
                .iter()
                .filter_map(|(id, facts)| {
                    let (device, label) = facts.device.clone()?;
                    Some(SpeedRow { device, label, read_bps: rate(id, "read"), write_bps: rate(id, "write") })
                })
                .filter(|row| row.read_bps.is_some() || row.write_bps.is_some())
                .collect()
        };
        for row in rows {
            if let Err(error) = self.catalog().store_speed(&row, clock::now()).await {
                tracing::warn!(%error, "the speed of a device cannot be stored");
            }
        }
    }

    /// The frame of this moment.
    pub(crate) fn frame(&self) -> UiFrame {
        lock(&self.inner.live).frame(self.rev())
    }

    /// Starts the ticker; it ends by itself when nothing moves.
    pub(crate) fn start_ticking(&self) {
        if lock(&self.inner.live).is_still() || self.inner.ticking.swap(true, Ordering::SeqCst) {
            return;
        }
        let app = self.clone();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(FRAME_EVERY);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
            loop {
                every.tick().await;
                let _unheard = app.inner.frames.send(app.frame());
                if lock(&app.inner.live).is_still() {
                    app.inner.ticking.store(false, Ordering::SeqCst);
                    if lock(&app.inner.live).is_still() {
                        break;
                    }
                    app.inner.ticking.store(true, Ordering::SeqCst);
                }
            }
        });
    }
}

pub(crate) fn forget_job(app: &App, job: &str) {
    let mut live = lock(&app.inner.live);
    live.jobs.remove(job);
    live.rates.retain(|key, _| !key.starts_with(job));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_covers_five_seconds_of_one_phase() {
        let start = Instant::now();
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        let mut rate = Rate::default();
        assert_eq!(rate.add("copying", at(0), 0), 0);
        assert_eq!(rate.add("copying", at(10), 1000), 1000);
        for tenth in 11..=100 {
            rate.add("copying", at(tenth), 1000 + (tenth - 10) * 10);
        }
        assert_eq!(rate.add("copying", at(101), 1000 + 910), 100, "the fast first second is forgotten");
        assert_eq!(rate.add("reading back", at(102), 5), 0, "a new phase begins anew");
    }

    #[test]
    fn the_slowest_lane_is_named() {
        let lane = |eta| LaneTick {
            id: "x".to_owned(),
            label: "x".to_owned(),
            phase: "copying".to_owned(),
            bytes_done: 0,
            bytes_total: 0,
            bytes_per_sec: 0,
            eta_secs: Some(eta),
            bottleneck: false,
        };
        let mut lanes = vec![lane(3), lane(9)];
        mark_bottleneck(&mut lanes);
        assert!(!lanes[0].bottleneck && lanes[1].bottleneck);
    }
}
