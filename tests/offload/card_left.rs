//! The card has left; what is still to be made is made from a copy that is whole.

use crate::support::{Stage, copy_of, expect, expect_proven};
use checkgate_testkit::faulty::{Fault, FaultyMount};
use checkgate_testkit::torture::{Checkgate, MixedCard, MixedSize};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A fast copy that is sealed, a slow one that a kill cut short, and a card that has left the reader.
struct CardLeft {
    stage: Stage,
    card: MixedCard,
    root: PathBuf,
    away: PathBuf,
    fast: PathBuf,
    slow: FaultyMount,
}

impl CardLeft {
    fn new(name: &str) -> Option<Self> {
        let stage = Stage::with_fuse(name)?;
        let card = stage.card(MixedSize::Small);
        let root = stage.path("cards").join(&card.reel);
        let (fast, slow) = (stage.folder("SSD-7"), stage.faulty(&stage.folder("drive"), "RAID-2"));
        slow.inject(Fault::SlowWrites { bytes_per_sec: 1 << 20 });
        let cascade = ["--cascade", slow.path().to_str().expect("UTF-8")];
        let mut child = stage.checkgate.start(&Checkgate::offload(&root, std::slice::from_ref(&fast), &cascade)).expect("starts");
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let seen = stage.checkgate.run(&["card", "--json", &card.reel]).expect("runs");
            // The copies are there once the job is; the card is known a little earlier.
            let begun = seen.json["card"]["copies"].as_array().is_some_and(|copies| !copies.is_empty());
            if begun && copy_of(&seen, &fast)["state"] == "sealed" {
                assert_ne!(copy_of(&seen, slow.path())["state"], "sealed");
                break;
            }
            assert!(Instant::now() < deadline, "the fast copy was not sealed: {}", seen.said());
            std::thread::sleep(Duration::from_millis(50));
        }
        child.kill().expect("it runs");
        // A process ends only when the system has let go of its last write.
        slow.heal();
        child.wait().expect("it ends");
        // Out of the reader, and its place is taken by another one.
        let away = stage.folder("away").join(&card.reel);
        std::fs::rename(&root, &away).expect("a card can be taken out");
        std::fs::create_dir(&root).expect("a folder can be made");
        Some(Self { stage, card, root, away, fast, slow })
    }

    fn put_the_card_back(&self) {
        std::fs::remove_dir(&self.root).expect("it is empty");
        std::fs::rename(&self.away, &self.root).expect("put back");
    }
}

#[test]
fn a_slow_copy_is_finished_from_a_whole_one_after_a_crash_without_the_card() {
    let Some(left) = CardLeft::new("card-left") else { return };
    let CardLeft { stage, card, fast, slow, .. } = &left;
    let answer = stage.resume();
    expect(&answer, 0);
    let seen = stage.checkgate.run(&["card", "--json", &card.reel]).expect("runs");
    // A drive that a program of this machine serves is never read past that program's cache.
    expect_proven(&seen, slow.path(), "read_back_system");
    assert!(seen.at("/log").to_string().contains("made from the copy on SSD-7 (read back (device))"), "{}", seen.said());
    left.put_the_card_back();
    stage.assert_nothing_half(card, &slow.path().join(&card.reel));
    let judge = stage.judge(card);
    assert_eq!(judge.whole(&slow.path().join(&card.reel)), Vec::<String>::new());
    stage.assert_whole(card, &fast.join(&card.reel));
    let verified = stage.checkgate.run(&["mhl", "verify", slow.path().join(&card.reel).to_str().expect("UTF-8")]).expect("runs");
    expect(&verified, 0);
}

/// What others are made from is held against its own history: a byte that changed since is found, named and never passed on as whole.
#[test]
fn a_copy_that_changed_since_it_was_sealed_is_not_passed_on() {
    let Some(left) = CardLeft::new("giver-changed") else { return };
    let CardLeft { stage, card, fast, slow, .. } = &left;
    let (whole, begun) = (fast.join(&card.reel), slow.path().join(&card.reel));
    let missing: Vec<&String> = card
        .content
        .keys()
        .filter(|path| !path.ends_with('/') && !begun.join(path).exists() && whole.join(path).is_file())
        .collect();
    let changed =
        missing.iter().max_by_key(|path| std::fs::metadata(whole.join(path)).expect("there").len()).expect("it was cut short");
    let file = std::fs::OpenOptions::new().read(true).write(true).open(whole.join(changed)).expect("opens");
    let last = file.metadata().expect("there").len() - 1;
    let mut byte = [0];
    file.read_exact_at(&mut byte, last).expect("reads");
    file.write_all_at(&[byte[0] ^ 1], last).expect("writes");
    file.sync_all().expect("syncs");

    let answer = stage.resume();
    expect(&answer, 3);
    assert!(answer.said().contains(changed.as_str()), "the file is named: {}", answer.said());
    let seen = stage.checkgate.run(&["card", "--json", &card.reel]).expect("runs");
    assert_ne!(copy_of(&seen, slow.path())["state"], "sealed", "{}", seen.said());
    assert!(!begun.join(changed).exists(), "what is not what came from the card never gets the name");
    assert!(seen.at("/card/verdict").to_string().contains("SSD-7"), "the copy is no longer counted as good: {}", seen.said());

    // With the card back in the reader the same job ends well, for both copies; the changed file is kept aside.
    left.put_the_card_back();
    let answer = stage.resume();
    expect(&answer, 0);
    for copy in [&whole, &begun] {
        for (path, bytes) in card.content.iter().filter(|(path, _)| !path.ends_with('/')) {
            assert!(std::fs::read(copy.join(path)).is_ok_and(|copied| copied == *bytes), "{path}");
        }
        expect(&stage.checkgate.run(&["mhl", "verify", copy.to_str().expect("UTF-8")]).expect("runs"), 0);
    }
    let aside = std::fs::read_dir(whole.join(changed).parent().expect("a folder")).expect("lists");
    let is_aside = |name: &std::ffi::OsStr| name.to_string_lossy().contains("checkgate-corrupt");
    assert!(aside.flatten().any(|entry| is_aside(&entry.file_name())), "nothing is lost");
}
