//! Faults of the card, its reader and its cable. Whatever they are, the copies hold only what was read, and the card is not called
//! copied where a file is not.

use crate::support::{BIG, SMALL, Stage, copy_of, expect, expect_proven, failed};
use checkgate_testkit::faulty::Fault;
use checkgate_testkit::torture::MixedSize;
use std::time::Duration;

/// Where a bad byte lies in the big file: past the first piece of 4 MiB, not at an edge.
const INSIDE: u64 = (4 << 20) + 54_321;

#[test]
fn a_bad_block_fails_its_file_alone_and_is_tried_again() {
    let Some(stage) = Stage::with_fuse("bad-block") else { return };
    let card = stage.card(MixedSize::Small);
    let reader = stage.faulty(&stage.path("cards"), "reader");
    let root = reader.path().join(&card.reel);
    let (one, two) = (stage.folder("one"), stage.folder("two"));
    reader.inject(Fault::ReadError { file: BIG.to_owned(), offset: INSIDE });
    let answer = stage.offload(&root, &[&one, &two], &[]);
    expect(&answer, 3);
    assert_eq!(answer.at("/card/problem/code"), "source_unreadable", "{}", answer.said());
    assert!(failed(&answer).contains(&("source_unreadable".to_owned(), BIG.to_owned())), "{}", answer.said());
    assert_eq!(answer.at("/card/verdict/safe"), false);
    for destination in [&one, &two] {
        let copy = copy_of(&answer, destination);
        assert!(copy["evidence"].is_null(), "a copy that lacks a file has no evidence: {copy}");
        stage.assert_all_but(&card, &destination.join(&card.reel), BIG);
    }
    assert!(reader.seen().struck > 0, "the fault struck");
    // The card in another reader.
    reader.heal();
    let answer = stage.resume();
    expect(&answer, 0);
    for destination in [&one, &two] {
        expect_proven(&answer, destination, "read_back_device");
        assert!(stage.judge(&card).whole(&destination.join(&card.reel)).is_empty());
    }
}

#[test]
fn reads_that_come_in_small_pieces_make_whole_copies() {
    let Some(stage) = Stage::with_fuse("short") else { return };
    let card = stage.card(MixedSize::Small);
    let reader = stage.faulty(&stage.path("cards"), "reader");
    reader.inject(Fault::ShortReads { file: String::new(), most_bytes: 5_001 });
    let one = stage.folder("one");
    let answer = stage.offload(&reader.path().join(&card.reel), &[&one], &[]);
    expect(&answer, 0);
    expect_proven(&answer, &one, "read_back_device");
    stage.assert_whole(&card, &one.join(&card.reel));
    assert!(reader.seen().struck > 100, "{:?}", reader.seen());
}

#[test]
fn a_reader_that_lies_once_is_caught_by_the_second_read() {
    let Some(stage) = Stage::with_fuse("liar") else { return };
    let card = stage.card(MixedSize::Small);
    let reader = stage.faulty(&stage.path("cards"), "reader");
    let root = reader.path().join(&card.reel);
    for (number, (file, offset)) in [(BIG, INSIDE), (SMALL, 59_999)].into_iter().enumerate() {
        reader.heal();
        reader.inject(Fault::WrongByteOnce { file: file.to_owned(), offset });
        let destination = stage.folder(&format!("one-{number}"));
        let answer = stage.offload(&root, &[&destination], &[]);
        // The first read gave what the card does not hold: the copy is equal to that, and the second read says that it is not the card.
        expect(&answer, 3);
        assert_eq!(answer.at("/card/problem/code"), "source_changed", "{}", answer.said());
        assert!(failed(&answer).iter().any(|(code, path)| code == "source_changed" && path == file), "{}", answer.said());
        assert_eq!(answer.at("/card/verdict/safe"), false);
        assert_eq!(reader.seen().struck, number as u64 + 1);
    }
}

/// The control of the test above: without the second read the lie is not noticed by anyone, and the verdict says what was left out.
#[test]
fn without_the_second_read_a_lie_goes_unnoticed_and_the_verdict_says_so() {
    let Some(stage) = Stage::with_fuse("unread") else { return };
    let card = stage.card(MixedSize::Small);
    let reader = stage.faulty(&stage.path("cards"), "reader");
    reader.inject(Fault::WrongByteOnce { file: BIG.to_owned(), offset: INSIDE });
    let one = stage.folder("one");
    let answer = stage.offload(&reader.path().join(&card.reel), &[&one], &["--no-source-reread"]);
    expect(&answer, 0);
    assert_eq!(reader.seen().struck, 1);
    let copied = std::fs::read(one.join(&card.reel).join(BIG)).expect("copied");
    assert_eq!(
        copied[usize::try_from(INSIDE).expect("small")],
        card.content[BIG][usize::try_from(INSIDE).expect("small")] ^ 0x20
    );
    assert_eq!(answer.at("/card/verdict/safe"), false);
    let unmet = answer.at("/card/verdict/unmet").as_array().cloned().unwrap_or_default();
    assert!(unmet.iter().any(|reason| reason["code"] == "verdict.source_reread"), "{unmet:?}");
}

#[test]
fn a_slow_card_is_copied_and_can_be_stopped() {
    let Some(stage) = Stage::with_fuse("slow-card") else { return };
    let card = stage.card(MixedSize::Small);
    let reader = stage.faulty(&stage.path("cards"), "reader");
    let root = reader.path().join(&card.reel);
    let one = stage.folder("one");
    reader.inject(Fault::SlowReads { bytes_per_sec: 1 << 20 });
    let arguments = checkgate_testkit::torture::Checkgate::offload(&root, std::slice::from_ref(&one), &[]);
    let child = stage.checkgate.start(&arguments).expect("starts");
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while reader.seen().read_bytes < 700_000 {
        assert!(std::time::Instant::now() < deadline, "it never read");
        std::thread::sleep(Duration::from_millis(2));
    }
    // As Ctrl-C does.
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).expect("it runs");
    let asked = std::time::Instant::now();
    let answer = stage.checkgate.end(child).expect("ends");
    assert!(asked.elapsed() < Duration::from_secs(8), "stopped after {:?}", asked.elapsed());
    expect(&answer, 4);
    stage.assert_nothing_half(&card, &one.join(&card.reel));
    reader.heal();
    let answer = stage.resume();
    expect(&answer, 0);
    stage.assert_whole(&card, &one.join(&card.reel));
}

#[test]
fn a_card_that_is_pulled_and_put_back_goes_on() {
    let Some(stage) = Stage::with_fuse("pulled-card") else { return };
    let card = stage.card(MixedSize::Small);
    let reader = stage.faulty(&stage.path("cards"), "reader");
    let root = reader.path().join(&card.reel);
    // EIO as a pulled USB reader, ENOTCONN as a share whose server died.
    for (errno, word) in [(5, "eio"), (107, "enotconn")] {
        let one = stage.folder(word);
        reader.inject(Fault::SlowReads { bytes_per_sec: 4 << 20 });
        let before = reader.seen().read_bytes;
        let arguments = checkgate_testkit::torture::Checkgate::offload(&root, std::slice::from_ref(&one), &[]);
        let child = stage.checkgate.start(&arguments).expect("starts");
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while reader.seen().read_bytes - before < 3 << 20 {
            assert!(std::time::Instant::now() < deadline, "it never read");
            std::thread::sleep(Duration::from_millis(2));
        }
        reader.inject(Fault::Vanished { errno });
        let answer = stage.checkgate.end(child).expect("ends");
        expect(&answer, 4);
        assert_eq!(answer.at("/card/problem/code"), "source_gone", "{word}: {}", answer.said());
        stage.assert_nothing_half(&card, &one.join(&card.reel));
        // While it is out, going on says that it is out.
        let answer = stage.resume();
        assert_eq!(answer.code, 4, "{word}: {}", answer.said());
        reader.heal();
        let answer = stage.resume();
        expect(&answer, 0);
        expect_proven(&answer, &one, "read_back_device");
        stage.assert_whole(&card, &one.join(&card.reel));
    }
}
