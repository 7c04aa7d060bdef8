//! Faults of a destination. The other copies are not touched by them, nothing bad is called verified, and when the drive is well again
//! the job goes on.

use crate::support::{BIG, Stage, copy_of, expect, expect_proven, failed, working_names};
use checkgate_model::CopyId;
use checkgate_offload::{Control, CopyPlan, Event, Meter, Outcome, Plan, VerifyDepth};
use checkgate_testkit::faulty::{Fault, FaultyMount};
use checkgate_testkit::torture::{Answer, MixedCard, MixedSize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const INSIDE: u64 = (4 << 20) + 54_321;

/// A card, a sound drive and one that fails.
struct Pair {
    stage: Stage,
    card: MixedCard,
    sound: PathBuf,
    faulty: FaultyMount,
}

impl Pair {
    fn new(name: &str) -> Option<Self> {
        let stage = Stage::with_fuse(name)?;
        let card = stage.card(MixedSize::Small);
        let (sound, backing) = (stage.folder("sound"), stage.folder("backing"));
        let faulty = stage.faulty(&backing, "failing");
        Some(Self { stage, card, sound, faulty })
    }

    fn offload(&self) -> Answer {
        self.stage.offload(&self.card.root, &[&self.sound, self.faulty.path()], &[])
    }

    fn sound_copy(&self) -> PathBuf {
        self.sound.join(&self.card.reel)
    }

    fn failing_copy(&self) -> PathBuf {
        self.faulty.path().join(&self.card.reel)
    }

    /// What the failing drive holds, read without any fault in between.
    fn on_medium(&self) -> PathBuf {
        self.faulty.backing().join(&self.card.reel)
    }

    #[track_caller]
    fn sound_is_whole(&self, answer: &Answer) {
        expect_proven(answer, &self.sound, "read_back_device");
        self.stage.assert_whole(&self.card, &self.sound_copy());
    }

    #[track_caller]
    fn goes_on(&self) {
        self.faulty.heal();
        let answer = self.stage.resume();
        expect(&answer, 0);
        expect_proven(&answer, self.faulty.path(), "read_back_system");
        self.sound_is_whole(&answer);
        let wrong = self.stage.judge(&self.card).nothing_half(&self.on_medium());
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

fn has_evidence(answer: &Answer, destination: &Path) -> bool {
    !copy_of(answer, destination)["evidence"].is_null()
}

#[test]
fn a_file_that_cannot_be_written_fails_alone() {
    let Some(pair) = Pair::new("write-error") else { return };
    pair.faulty.inject(Fault::WriteError { file: "A001C001".to_owned(), offset: INSIDE });
    let answer = pair.offload();
    expect(&answer, 4);
    assert!(failed(&answer).contains(&("destination_failed".to_owned(), BIG.to_owned())), "{}", answer.said());
    pair.sound_is_whole(&answer);
    assert!(!has_evidence(&answer, pair.faulty.path()), "{}", answer.said());
    pair.stage.assert_all_but(&pair.card, &pair.failing_copy(), BIG);
    pair.goes_on();
}

#[test]
fn a_drive_that_cannot_be_read_back_is_not_called_proven() {
    let Some(pair) = Pair::new("read-error") else { return };
    pair.faulty.inject(Fault::ReadError { file: "A001C001".to_owned(), offset: INSIDE });
    let answer = pair.offload();
    expect(&answer, 4);
    assert!(failed(&answer).iter().any(|(_, path)| path == BIG), "{}", answer.said());
    pair.sound_is_whole(&answer);
    assert!(!has_evidence(&answer, pair.faulty.path()), "{}", answer.said());
    pair.goes_on();
}

#[test]
fn a_drive_that_answers_in_small_pieces_is_read_back() {
    let Some(pair) = Pair::new("short-back") else { return };
    pair.faulty.inject(Fault::ShortReads { file: String::new(), most_bytes: 4_096 });
    let answer = pair.offload();
    expect(&answer, 0);
    expect_proven(&answer, pair.faulty.path(), "read_back_system");
    pair.stage.assert_whole(&pair.card, &pair.failing_copy());
    assert!(pair.faulty.seen().struck > 100);
}

/// Also where the pieces end at no edge of a sector or page.
#[test]
fn a_drive_that_answers_in_odd_pieces_is_read_back() {
    let Some(pair) = Pair::new("odd-back") else { return };
    pair.faulty.inject(Fault::ShortReads { file: String::new(), most_bytes: 70_001 });
    let answer = pair.offload();
    expect(&answer, 0);
    expect_proven(&answer, pair.faulty.path(), "read_back_system");
    pair.stage.assert_whole(&pair.card, &pair.failing_copy());
}

#[test]
fn a_drive_that_keeps_another_byte_is_caught_and_the_bad_copy_is_set_aside() {
    let Some(pair) = Pair::new("kept") else { return };
    pair.faulty.inject(Fault::WrongByteKept { file: "A001C001".to_owned(), offset: INSIDE });
    let answer = pair.offload();
    expect(&answer, 3);
    assert_eq!(answer.at("/card/problem/code"), "copy_corrupt", "{}", answer.said());
    assert!(failed(&answer).contains(&("copy_corrupt".to_owned(), BIG.to_owned())), "{}", answer.said());
    pair.sound_is_whole(&answer);
    assert!(!has_evidence(&answer, pair.faulty.path()));
    pair.stage.assert_all_but(&pair.card, &pair.failing_copy(), BIG);
    let aside = working_names(&pair.on_medium());
    assert!(aside.len() == 1 && aside[0].contains("checkgate-corrupt"), "{aside:?}");
    pair.goes_on();
}

/// The copy is good and the drive answered wrongly once: it is distrusted all the same, and written again.
#[test]
fn a_drive_that_lies_in_the_read_back_is_distrusted() {
    let Some(pair) = Pair::new("lies") else { return };
    pair.faulty.inject(Fault::WrongByteOnce { file: "A001C001".to_owned(), offset: INSIDE });
    let answer = pair.offload();
    expect(&answer, 3);
    assert!(failed(&answer).contains(&("copy_corrupt".to_owned(), BIG.to_owned())), "{}", answer.said());
    assert!(!has_evidence(&answer, pair.faulty.path()));
    pair.sound_is_whole(&answer);
    pair.goes_on();
}

/// The drive told that the fsync failed and lost what was written. Only writing all of it again can help: a second fsync that succeeds
/// proves nothing.
#[test]
fn a_failed_fsync_is_never_taken_back_by_a_later_one() {
    let Some(pair) = Pair::new("fsync") else { return };
    for file in ["A001C001", "frame0005"] {
        pair.faulty.inject(Fault::FsyncFailsOnce { file: file.to_owned() });
    }
    let before = pair.faulty.seen().struck;
    let answer = pair.offload();
    assert_eq!(pair.faulty.seen().struck, before + 2, "both failed once: {}", answer.said());
    pair.sound_is_whole(&answer);
    // Written again within the run, or failed: never the zeros that were left.
    pair.stage.assert_nothing_half(&pair.card, &pair.on_medium());
    if answer.code == 0 {
        expect_proven(&answer, pair.faulty.path(), "read_back_system");
    } else {
        expect(&answer, 4);
        assert!(!has_evidence(&answer, pair.faulty.path()), "{}", answer.said());
        for file in [BIG, "SMALL/frame0005.raw"] {
            assert!(failed(&answer).contains(&("destination_failed".to_owned(), file.to_owned())), "{}", answer.said());
        }
    }
    pair.goes_on();
}

/// The same where nothing is read back: the fsync is all there is.
#[test]
fn a_failed_fsync_counts_without_a_read_back_too() {
    let Some(pair) = Pair::new("fsync-none") else { return };
    pair.faulty.inject(Fault::FsyncFailsOnce { file: "A001C001".to_owned() });
    let answer =
        pair.stage.offload(&pair.card.root, &[&pair.sound, pair.faulty.path()], &["--verify", "none", "--no-source-reread"]);
    assert_ne!(pair.faulty.seen().struck, 0);
    let wrong = pair.stage.judge(&pair.card).nothing_half(&pair.on_medium());
    assert!(wrong.is_empty(), "{wrong:?}");
    if answer.code != 0 {
        expect(&answer, 4);
        assert!(!has_evidence(&answer, pair.faulty.path()), "{}", answer.said());
        pair.faulty.heal();
        expect(&pair.stage.resume(), 0);
    }
    let wrong = pair.stage.judge(&pair.card).nothing_half(&pair.on_medium());
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(std::fs::read(pair.on_medium().join(BIG)).ok().as_ref(), pair.card.content.get(BIG));
}

#[test]
fn a_drive_that_fills_up_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let Some(pair) = Pair::new("full") else { return };
    pair.faulty.inject(Fault::FullAfter { bytes: 3 << 20 });
    let answer = pair.offload();
    expect(&answer, 4);
    assert!(answer.text.contains("destination_full"), "{}", answer.said());
    pair.sound_is_whole(&answer);
    assert!(!has_evidence(&answer, pair.faulty.path()));
    pair.stage.assert_nothing_half(&pair.card, &pair.on_medium());
    // Still full: nothing gets worse.
    let answer = pair.stage.resume();
    expect(&answer, 4);
    pair.sound_is_whole(&answer);
    pair.goes_on();
    pair.stage.assert_whole(&pair.card, &pair.failing_copy());
}

#[test]
fn a_drive_that_vanishes_takes_nothing_with_it() {
    for (errno, word) in [(5, "eio"), (107, "enotconn")] {
        let Some(pair) = Pair::new(&format!("vanished-{word}")) else { return };
        pair.faulty.inject(Fault::SlowWrites { bytes_per_sec: 6 << 20 });
        let destinations = [pair.sound.clone(), pair.faulty.path().to_path_buf()];
        let arguments = checkgate_testkit::torture::Checkgate::offload(&pair.card.root, &destinations, &[]);
        let child = pair.stage.checkgate.start(&arguments).expect("starts");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while pair.faulty.seen().written_bytes < 2 << 20 {
            assert!(std::time::Instant::now() < deadline, "it never wrote");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        pair.faulty.inject(Fault::Vanished { errno });
        let answer = pair.stage.checkgate.end(child).expect("ends");
        expect(&answer, 4);
        assert_eq!(answer.at("/card/problem/code"), "destination_failed", "{}", answer.said());
        pair.sound_is_whole(&answer);
        assert!(!has_evidence(&answer, pair.faulty.path()));
        let wrong = pair.stage.judge(&pair.card).nothing_half(&pair.on_medium());
        assert!(wrong.is_empty(), "{wrong:?}");
        pair.goes_on();
        pair.stage.assert_whole(&pair.card, &pair.failing_copy());
    }
}

/// A folder on the faulty drive cannot even be looked at when the job begins.
#[test]
fn a_drive_that_is_gone_from_the_start_does_not_stop_the_others() {
    let Some(pair) = Pair::new("gone") else { return };
    std::fs::create_dir(pair.failing_copy()).expect("a folder");
    let sound = pair.stage.folder("before");
    expect(&pair.stage.offload(&pair.card.root, &[&sound, pair.faulty.path()], &[]), 0);
    pair.faulty.inject(Fault::Vanished { errno: 5 });
    let answer = pair.offload();
    assert_ne!(answer.code, 0, "{}", answer.said());
    pair.faulty.heal();
    pair.stage.assert_nothing_half(&pair.card, &pair.failing_copy());
}

#[test]
fn a_slow_drive_is_waited_for_and_proven() {
    let Some(pair) = Pair::new("slow") else { return };
    pair.faulty.inject(Fault::SlowWrites { bytes_per_sec: 5 << 20 });
    pair.faulty.inject(Fault::SlowReads { bytes_per_sec: 10 << 20 });
    let answer = pair.offload();
    expect(&answer, 0);
    expect_proven(&answer, pair.faulty.path(), "read_back_system");
    pair.sound_is_whole(&answer);
    pair.stage.assert_whole(&pair.card, &pair.failing_copy());
}

/// Without this the card would be held for as long as the slowest drive needs.
#[test]
fn a_drive_that_holds_up_the_others_is_left_behind_and_made_from_a_proven_copy() {
    let Some(stage) = Stage::with_fuse("left-behind") else { return };
    let card = stage.folder("card");
    let megabytes: Vec<u8> = (0..40_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for name in ["A001.mov", "A002.mov", "A003.mov", "A004.mov"] {
        std::fs::write(card.join(name), &megabytes).expect("the card is writable here");
    }
    let (sound, backing) = (stage.folder("sound"), stage.folder("backing"));
    let slow = stage.faulty(&backing, "slow");
    slow.inject(Fault::SlowWrites { bytes_per_sec: 16 << 20 });
    let copy = |id: &str, root: &Path| CopyPlan::from_card(CopyId(id.to_owned()), id.to_owned(), root.join("roll"));
    let plan = Plan {
        card_root: card.clone(),
        copies: vec![copy("sound", &sound), copy("slow", slow.path())],
        hashes: Vec::new(),
        verify: VerifyDepth::Device,
        source_reread: true,
        patience: Duration::from_millis(400),
        operation: crate::bit_flips::operation(),
        prior: Arc::new(Vec::new()),
        recorded_by: None,
    };
    let mut order = Vec::new();
    let report = checkgate_offload::run(&plan, &Control::new(), &Meter::new(), &mut |event| {
        match event {
            Event::LeftBehind { copy, files } => order.push(format!("{copy} left behind with {files} files")),
            Event::CardReleased => order.push("card released".to_owned()),
            Event::CopyDone { copy, .. } => order.push(format!("{copy} done")),
            _ => {}
        }
        Ok(())
    })
    .expect("the run begins");
    assert_eq!(report.outcome, Outcome::Complete, "{report:#?}");
    assert!(order[0].starts_with("slow left behind"), "{order:?}");
    assert_eq!(order.last().map(String::as_str), Some("slow done"), "{order:?}");
    assert!(order.contains(&"card released".to_owned()));
    for name in ["A001.mov", "A004.mov"] {
        assert!(std::fs::read(slow.path().join("roll").join(name)).expect("it is there") == megabytes, "{name}");
    }
}

#[test]
fn a_cascade_is_asked_for_and_goes_on_from_the_command_line() {
    let stage = Stage::new("cascade");
    let card = stage.card(MixedSize::Small);
    let (fast, second, third) = (stage.folder("fast"), stage.folder("second"), stage.folder("third"));
    let (two, three) = (second.to_string_lossy().into_owned(), third.to_string_lossy().into_owned());
    let answer = stage.offload(&card.root, &[&fast], &["--cascade", &two, "--cascade", &three]);
    expect(&answer, 0);
    for place in [&fast, &second, &third] {
        stage.assert_whole(&card, &place.join(&card.reel));
    }
}
