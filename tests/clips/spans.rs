//! Recordings that go on on another card: open until it comes, settled then, in whatever order; and recordings that two cards hold.

use crate::support::{Answer, Stage, text};
use checkgate_testkit::{CardSize, ForgeOptions, forge_card};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn forged(stage: &Stage, name: &str, family: &str) -> PathBuf {
    let root = stage.path(name);
    let options = ForgeOptions { family: family.parse().unwrap(), size: CardSize::Small, ..ForgeOptions::default() };
    forge_card(&root, &options).unwrap();
    root
}

/// Removes every file whose path below the root satisfies the test.
fn remove(root: &Path, test: &dyn Fn(&str) -> bool) {
    let mut folders = vec![root.to_path_buf()];
    let mut removed = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if test(path.strip_prefix(root).unwrap().to_str().unwrap()) {
                std::fs::remove_file(&path).unwrap();
                removed += 1;
            }
        }
    }
    assert!(removed > 0, "something is taken off the card");
}

fn offload(stage: &Stage, card: &Path, to: &str) -> Answer {
    stage.run(&["offload", "--json", text(card), "--to", text(&stage.folder(to)), "--no-previews"]).expect(0)
}

fn about<'a>(answer: &'a Answer, clip: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let findings = answer.at("/findings").as_array().expect("findings");
    let of_clip = findings.iter().filter(|finding| finding["clip"] == clip);
    let told = of_clip.filter(|finding| {
        ["clip.segment_missing", "clip.half_elsewhere", "clip.continues_elsewhere", "clip.joined"]
            .contains(&finding["code"].as_str().unwrap())
    });
    let word = |finding: &'a Value, name: &str| finding[name].as_str().unwrap();
    told.map(|finding| (word(finding, "severity"), word(finding, "code"), word(finding, "message"))).collect()
}

/// Takes both cards in, one after the other, and sees the first open, then both settled.
fn joins(
    name: &str,
    family: &str,
    clip: [&str; 2],
    off_first: &dyn Fn(&str) -> bool,
    off_second: &dyn Fn(&str) -> bool,
    open: &str,
) {
    let stage = Stage::new(name);
    let (first, second) = (forged(&stage, "first", family), forged(&stage, "second", family));
    remove(&first, off_first);
    remove(&second, off_second);
    let alone = offload(&stage, &first, "ssd1");
    let told = about(&alone, clip[0]);
    assert_eq!(told.len(), 1, "{told:?} {}", alone.text);
    assert!(told[0].1 == open && told[0].2.ends_with("the other card has not been seen yet"), "{told:?}");
    let other = offload(&stage, &second, "ssd2");
    let settled = stage.run(&["card", "--json", text(&first)]);
    for (answer, clip) in [(&settled, clip[0]), (&other, clip[1])] {
        let told = about(answer, clip);
        assert!(told.len() == 1 && told[0].0 == "note" && told[0].1 == "clip.joined", "{told:?}");
        assert!(told[0].2.starts_with("goes on on card"), "{told:?}");
    }
    let reasons = settled.at("/card/verdict/unmet").as_array().unwrap();
    assert!(!reasons.iter().any(|unmet| unmet["code"] == "verdict.findings"), "{reasons:?}");
}

#[test]
fn pieces_with_neighbours_join_when_the_other_card_comes() {
    joins(
        "span-p2",
        "panasonic-p2",
        ["0001AB", "0002CD"],
        &|path| path.contains("/0002CD"),
        &|path| path.contains("/0001AB") || path.contains("/0003EF"),
        "clip.continues_elsewhere",
    );
}

#[test]
fn files_of_a_split_recording_join_when_the_other_card_comes() {
    let clip = "A106_C037_0118G5";
    joins(
        "span-red",
        "red",
        [clip, clip],
        &|path| path.ends_with("C037_0118G5_001.R3D") || path.ends_with("C037_0118G5_002.R3D"),
        &|path| path.ends_with("C037_0118G5_003.R3D") || path.contains("C038"),
        "clip.segment_missing",
    );
}

#[test]
fn halves_of_two_cards_join() {
    let stage = Stage::new("span-braw-names");
    let whole = forged(&stage, "whole", "blackmagic");
    let seen = stage.run(&["inspect", "--json", text(&whole)]);
    let clips = seen.at("/card/clips").as_array().unwrap();
    let second =
        clips.iter().find(|clip| clip["files"].as_array().unwrap().iter().any(|file| file["role"] == "second_card_half"));
    let clip = second.expect("a clip of two halves")["name"].as_str().unwrap().to_owned();
    joins(
        "span-braw",
        "blackmagic",
        [&clip, &clip],
        &|path| path.ends_with(&format!("{clip}.braw")),
        &|path| !path.ends_with(&format!("{clip}.braw")),
        "clip.half_elsewhere",
    );
}

#[test]
fn what_is_still_missing_stays_open() {
    let stage = Stage::new("span-gap");
    let (first, second) = (forged(&stage, "first", "red"), forged(&stage, "second", "red"));
    remove(&first, &|path| !path.ends_with("C037_0118G5_003.R3D"));
    remove(&second, &|path| !path.ends_with("C037_0118G5_001.R3D"));
    offload(&stage, &first, "ssd1");
    offload(&stage, &second, "ssd2");
    let told = stage.run(&["card", "--json", text(&first)]);
    let told = about(&told, "A106_C037_0118G5");
    assert!(told[0].0 == "error" && told[0].1 == "clip.segment_missing" && told[0].2.contains("still missing: 2"), "{told:?}");
}

#[test]
fn a_recording_on_two_cards_is_told_from_another_one_of_its_name() {
    let stage = Stage::new("twins");
    let (first, second) = (forged(&stage, "first", "canon-xf"), forged(&stage, "second", "canon-xf"));
    // Two slots write the same clips; the second card has one more file, so it is no copy of the first.
    std::fs::write(second.join("slot-b.txt"), "b").unwrap();
    offload(&stage, &first, "ssd1");
    let told = offload(&stage, &second, "ssd2");
    let findings = told.at("/findings").as_array().unwrap();
    let twins = findings.iter().filter(|finding| finding["code"] == "clip.on_other_card").count();
    assert!(twins > 0, "{}", told.text);
    assert!(!findings.iter().any(|finding| finding["code"] == "clip.same_name_elsewhere"), "{}", told.text);
    // A copy of a card that is taken for a card is no other card.
    let copy = forged(&stage, "copy", "canon-xf");
    let told = stage.run(&["rules", "check", "--json", text(&copy)]);
    let findings = told.at("/findings").as_array().unwrap();
    let from_first: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["code"] == "clip.on_other_card" && !finding["message"].as_str().unwrap().contains("second"))
        .collect();
    assert!(from_first.is_empty(), "{from_first:?}");
}
