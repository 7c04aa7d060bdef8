//! Promises about a card that comes again: nothing to do, go on, or another card with the same reel name.

use crate::support::{Stage, content};
use crate::{CLIP, roll};
use std::path::Path;

fn offload(stage: &Stage, card: &Path, drive: &Path) -> crate::support::Answer {
    stage.run(&["--json", "offload", card.to_str().unwrap(), "--no-previews", "--to", drive.to_str().unwrap()])
}

#[test]
fn the_same_card_again_is_nothing_to_do() {
    let stage = Stage::new("again");
    let (card, drive) = (roll(&stage, "A001"), stage.folder("drive"));
    offload(&stage, &card, &drive).expect(0);
    let before = crate::everything(&drive);
    let again = offload(&stage, &card, &drive).expect(0);
    assert!(again.errors.contains("nothing to do"), "{}", again.errors);
    assert!(crate::everything(&drive) == before);
}

#[test]
fn another_card_with_the_same_reel_name_is_refused_loudly() {
    let stage = Stage::new("reel");
    let (card, drive) = (roll(&stage, "first/A001"), stage.folder("drive"));
    offload(&stage, &card, &drive).expect(0);
    let before = crate::everything(&drive);
    let other = stage.folder("second/A001");
    std::fs::write(other.join("B.mov"), "of another day").unwrap();
    let answer = offload(&stage, &other, &drive).expect(3);
    assert_eq!(answer.at("/code"), "destination_occupied", "{}{}", answer.text, answer.errors);
    assert!(answer.text.contains("another card with the reel name"), "{}", answer.text);
    assert!(crate::everything(&drive) == before, "nothing was written");
    // The same card, shot on: another content is another insertion, and its copy is not written into the first.
    std::fs::write(card.join("CLIPS/A001C003.mov"), "shot after lunch").unwrap();
    let answer = offload(&stage, &card, &drive).expect(3);
    assert_eq!(answer.at("/code"), "destination_occupied", "{}{}", answer.text, answer.errors);
    assert!(crate::everything(&drive) == before);
}

#[test]
fn a_copy_that_was_cut_short_is_gone_on_with_by_the_same_command() {
    let stage = Stage::new("on");
    let (card, drive) = (roll(&stage, "A001"), stage.folder("drive"));
    let words = ["offload", card.to_str().unwrap(), "--no-previews", "--to", drive.to_str().unwrap()];
    let mut child = stage.spawn(&words);
    crate::support::wait_until("the first bytes", || drive.join("A001/CLIPS").is_dir());
    child.kill().unwrap();
    child.wait().unwrap();
    offload(&stage, &card, &drive).expect(0);
    let copied = content(&drive.join("A001"));
    assert!(copied == content(&card), "{:?}", copied.keys().collect::<Vec<_>>());
    assert!(!copied.contains_key(&format!("CLIPS/.{}.checkgate-part", CLIP.rsplit('/').next().unwrap())));
    assert_eq!(crate::support::manifests(&drive.join("A001")).len(), 1, "one manifest for the roll");
}

#[test]
fn a_second_drive_for_a_card_that_is_done_is_another_copy() {
    let stage = Stage::new("second");
    let (card, one, two) = (roll(&stage, "A001"), stage.folder("one"), stage.folder("two"));
    offload(&stage, &card, &one).expect(0);
    let before = crate::everything(&one);
    offload(&stage, &card, &two).expect(0);
    assert!(content(&two.join("A001")) == content(&card));
    assert!(crate::everything(&one) == before);
}
