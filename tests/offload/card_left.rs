//! The card has left; what is still to be made is made from a copy that is whole.

use crate::support::{Stage, copy_of, expect, expect_proven};
use checkgate_testkit::faulty::Fault;
use checkgate_testkit::torture::{Checkgate, MixedSize};
use std::time::{Duration, Instant};

#[test]
fn a_slow_copy_is_finished_from_a_whole_one_after_a_crash_without_the_card() {
    let Some(stage) = Stage::with_fuse("card-left") else { return };
    let card = stage.card(MixedSize::Small);
    let root = stage.path("cards").join(&card.reel);
    let (fast, slow) = (stage.folder("SSD-7"), stage.faulty(&stage.folder("drive"), "RAID-2"));
    slow.inject(Fault::SlowWrites { bytes_per_sec: 1 << 20 });
    let cascade = ["--cascade", slow.path().to_str().expect("UTF-8")];
    let mut child = stage.checkgate.start(&Checkgate::offload(&root, std::slice::from_ref(&fast), &cascade)).expect("starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = stage.checkgate.run(&["card", "--json", &card.reel]).expect("runs");
        if seen.json["card"]["copies"].is_array() && copy_of(&seen, &fast)["state"] == "sealed" {
            assert_ne!(copy_of(&seen, slow.path())["state"], "sealed");
            break;
        }
        assert!(Instant::now() < deadline, "the fast copy was not sealed: {}", seen.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    slow.heal();
    // Out of the reader, and its place is taken by another one.
    let away = stage.folder("away").join(&card.reel);
    std::fs::rename(&root, &away).expect("a card can be taken out");
    std::fs::create_dir(&root).expect("a folder can be made");

    let answer = stage.resume();
    expect(&answer, 0);
    let seen = stage.checkgate.run(&["card", "--json", &card.reel]).expect("runs");
    // A drive that a program of this machine serves is never read past that program's cache.
    expect_proven(&seen, slow.path(), "read_back_system");
    assert!(seen.at("/log").to_string().contains("made from the copy on SSD-7 (read back (device))"), "{}", seen.said());
    std::fs::remove_dir(&root).expect("it is empty");
    std::fs::rename(&away, &root).expect("put back");
    stage.assert_nothing_half(&card, &slow.path().join(&card.reel));
    let judge = stage.judge(&card);
    assert_eq!(judge.whole(&slow.path().join(&card.reel)), Vec::<String>::new());
    stage.assert_whole(&card, &fast.join(&card.reel));
    let verified = stage.checkgate.run(&["mhl", "verify", slow.path().join(&card.reel).to_str().expect("UTF-8")]).expect("runs");
    expect(&verified, 0);
}
