//! Jobs of several processes that want the same device: one after the other, in an order that any process can change.

use crate::support::{Stage, expect};
use checkgate_testkit::faulty::{Fault, FaultyMount};
use checkgate_testkit::torture::{Checkgate, MixedCard, MixedSize};
use serde_json::Value;
use std::process::Child;
use std::time::{Duration, Instant};

/// The queue as another process sees it: reel, state, words.
fn queue(stage: &Stage) -> Vec<(String, String, String)> {
    let answer = stage.checkgate.run(&["queue", "--json"]).expect("runs");
    expect(&answer, 0);
    let entries = answer.json.as_array().cloned().unwrap_or_else(|| panic!("no list: {}", answer.said()));
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    entries.iter().map(|entry| (word(entry, "reel"), word(entry, "state"), word(entry, "words"))).collect()
}

#[track_caller]
fn wait_until(stage: &Stage, what: &str, is_so: impl Fn(&[(String, String, String)]) -> bool) -> Vec<(String, String, String)> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = queue(stage);
        if is_so(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: {seen:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn order(seen: &[(String, String, String)]) -> Vec<&str> {
    seen.iter().map(|(reel, _, _)| reel.as_str()).collect()
}

/// Cards on readers of their own, of which the first is slow, and one drive for all copies.
struct Desk {
    stage: Stage,
    cards: Vec<MixedCard>,
    slow: FaultyMount,
    drive: FaultyMount,
}

impl Desk {
    fn new(name: &str, reels: &[&str]) -> Option<Self> {
        let stage = Stage::with_fuse(name)?;
        let folder = stage.folder("cards");
        let forge = |(reel, seed): (&&str, u64)| MixedCard::forge(&folder, reel, MixedSize::Small, true, seed).expect("forges");
        let cards = reels.iter().zip(5..).map(forge).collect();
        let slow = stage.faulty(&folder, "reader");
        slow.inject(Fault::SlowReads { bytes_per_sec: 500_000 });
        let drive = stage.faulty(&stage.folder("drive"), "ssd");
        Some(Self { stage, cards, slow, drive })
    }

    fn start(&self, at: usize) -> Child {
        let folder = if at == 0 { self.slow.path().to_path_buf() } else { self.stage.path("cards") };
        let card = folder.join(&self.cards[at].reel);
        let to = [self.drive.path().to_path_buf()];
        self.stage.checkgate.start(&Checkgate::offload(&card, &to, &[])).expect("starts")
    }

    #[track_caller]
    fn assert_whole(&self, at: usize) {
        self.stage.assert_whole(&self.cards[at], &self.drive.path().join(&self.cards[at].reel));
    }

    /// Ends a job and expects an exit code.
    #[track_caller]
    fn ends(&self, child: Child, code: i32) {
        expect(&self.stage.checkgate.end(child).expect("ends"), code);
    }
}

const REELS: [&str; 3] = ["A001R1AB", "A002R1AB", "A003R1AB"];

#[test]
fn jobs_that_share_a_device_wait_and_can_be_moved_paused_and_cancelled_from_another_process() {
    let Some(desk) = Desk::new("queue", &REELS) else { return };
    let stage = &desk.stage;
    let ask = |arguments: &[&str]| expect(&stage.checkgate.run(arguments).expect("runs"), 0);

    let first = desk.start(0);
    wait_until(stage, "the first runs", |seen| seen.iter().any(|(reel, state, _)| reel == REELS[0] && state == "running"));
    let second = desk.start(1);
    wait_until(stage, "the second waits", |seen| seen.len() == 2);
    let third = desk.start(2);
    // A job is listed a moment before it has its place.
    let seen = wait_until(stage, "the third waits", |seen| seen.len() == 3 && order(seen) == REELS);
    assert_eq!(order(&seen), REELS);
    assert_eq!([&seen[1].1, &seen[2].1], ["waiting", "waiting"]);
    assert!(seen[2].2.contains("A001R1AB is being offloaded"), "{seen:?}");

    ask(&["queue", "move", REELS[2], "up"]);
    assert_eq!(order(&queue(stage)), [REELS[0], REELS[2], REELS[1]]);
    ask(&["queue", "priority", REELS[1], "5"]);
    assert_eq!(order(&queue(stage)), [REELS[1], REELS[0], REELS[2]], "priority goes first");

    // A job that waits is cancelled at once, and does not come back by itself.
    let asked = Instant::now();
    ask(&["queue", "cancel", REELS[2]]);
    desk.ends(third, 4);
    assert!(asked.elapsed() < Duration::from_secs(5), "cancelled after {:?}", asked.elapsed());

    // One that runs is paused by somebody else, and the next goes on.
    ask(&["queue", "pause", REELS[0]]);
    desk.ends(first, 4);
    stage.assert_nothing_half(&desk.cards[0], &desk.drive.path().join(REELS[0]));
    desk.ends(second, 0);
    desk.assert_whole(1);

    desk.slow.heal();
    expect(&stage.resume(), 0);
    desk.assert_whole(0);
    assert!(!desk.drive.path().join(REELS[2]).exists(), "a cancelled job does not go on by itself");
    // Asked for again, it is done.
    desk.ends(desk.start(2), 0);
    desk.assert_whole(2);
    assert!(queue(stage).is_empty());
}

#[test]
fn a_job_whose_process_died_holds_nobody_up() {
    let Some(desk) = Desk::new("queue-died", &REELS[..2]) else { return };
    let stage = &desk.stage;
    let mut first = desk.start(0);
    wait_until(stage, "the first runs", |seen| seen.iter().any(|(_, state, _)| state == "running"));
    let second = desk.start(1);
    wait_until(stage, "the second waits", |seen| seen.len() == 2);
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    desk.ends(second, 0);
    desk.assert_whole(1);
    desk.slow.heal();
    expect(&stage.resume(), 0);
    desk.assert_whole(0);
}
