//! Promises about what a repair makes of a bad copy.

use crate::support::{Stage, content, manifests};
use crate::{BLOCK, CLIP, copies, everything, flip, forget, pattern, repair};
use serde_json::Value;
use std::path::Path;

fn file<'a>(answer: &'a crate::support::Answer, path: &str) -> &'a Value {
    answer.at("/files").as_array().unwrap().iter().find(|file| file["path"] == path).unwrap()
}

#[track_caller]
fn assert_sound(stage: &Stage, card: &Path, copy: &Path) {
    let mut found = content(copy);
    found.retain(|name, _| !name.contains(".checkgate-corrupt"));
    assert_eq!(found.keys().collect::<Vec<_>>(), content(card).keys().collect::<Vec<_>>());
    assert!(found == content(card), "the bytes of {} are not those of the card", copy.display());
    let verified = stage.run(&["--json", "verify", copy.to_str().unwrap()]).expect(0);
    assert_eq!(verified.at("/state"), "whole");
}

#[test]
fn mends_the_bad_block_alone_and_says_so_in_the_history() {
    let stage = Stage::new("mend");
    let (card, copies) = copies(&stage, 2);
    let before = manifests(&copies[0]).len();
    flip(&copies[0].join(CLIP), BLOCK + 5);
    let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
    let mended = file(&answer, CLIP);
    assert_eq!(
        (&mended["action"], &mended["blocks_total"], &mended["blocks_replaced"]),
        (&"mended".into(), &3.into(), &1.into())
    );
    let aside = copies[0].join("CLIPS/.A001C001.mov.checkgate-corrupt");
    assert_eq!(mended["set_aside"], "CLIPS/.A001C001.mov.checkgate-corrupt");
    let mut bad = pattern((2 * BLOCK + BLOCK / 2) as usize, 1);
    bad[(BLOCK + 5) as usize] ^= 1;
    assert!(std::fs::read(&aside).unwrap() == bad, "the corrupt file keeps its bytes");
    let written = manifests(&copies[0]);
    assert_eq!(written.len(), before + 1);
    let manifest = std::fs::read_to_string(written.last().unwrap()).unwrap();
    assert!(manifest.contains("in-place") && manifest.contains("1 of 3 blocks"), "{manifest}");
    assert!(manifest.contains(copies[1].to_str().unwrap()), "{manifest}");
    assert_eq!(
        std::fs::metadata(copies[0].join(CLIP)).unwrap().modified().unwrap(),
        std::fs::metadata(card.join(CLIP)).unwrap().modified().unwrap()
    );
    assert_sound(&stage, &card, &copies[0]);

    let again = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
    assert_eq!(again.at("/files"), &Value::Array(Vec::new()), "nothing is left to do");
    assert_eq!(manifests(&copies[0]).len(), before + 1, "and nothing to record");
    assert_eq!(again.at("/set_aside/0"), "CLIPS/.A001C001.mov.checkgate-corrupt");
    let discarded = stage.run(&["--json", "repair", copies[0].to_str().unwrap(), "--discard"]).expect(0);
    assert_eq!(discarded.at("/discarded/0"), "CLIPS/.A001C001.mov.checkgate-corrupt");
    assert!(!aside.exists());
    assert_sound(&stage, &card, &copies[0]);
}

#[test]
fn mends_without_any_memory_of_the_card_by_comparing_with_the_sibling() {
    let stage = Stage::new("strange");
    let (card, copies) = copies(&stage, 2);
    forget(&stage);
    flip(&copies[0].join(CLIP), 7);
    let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
    assert_eq!((&file(&answer, CLIP)["blocks_replaced"], &file(&answer, CLIP)["blocks_total"]), (&1.into(), &3.into()));
    assert_sound(&stage, &card, &copies[0]);
}

#[test]
fn a_sibling_that_is_bad_there_too_is_refused_and_the_next_is_tried() {
    for with_memory in [true, false] {
        let stage = Stage::new("next");
        let (card, copies) = copies(&stage, 3);
        if !with_memory {
            forget(&stage);
        }
        flip(&copies[0].join(CLIP), BLOCK + 5);
        flip(&copies[1].join(CLIP), BLOCK + 900);
        let answer = repair(&stage, &copies[0], &[&copies[1], &copies[2]], &[]).expect(0);
        let mended = file(&answer, CLIP);
        assert_eq!(mended["from"], serde_json::json!([copies[2].to_str().unwrap()]), "{with_memory}");
        assert!(mended["refused"][0].as_str().unwrap().starts_with(copies[1].to_str().unwrap()), "{mended}");
        assert_sound(&stage, &card, &copies[0]);
    }
}

#[test]
fn two_copies_that_are_bad_in_different_places_still_make_a_good_one() {
    for with_memory in [true, false] {
        let stage = Stage::new("both");
        let (card, copies) = copies(&stage, 2);
        if !with_memory {
            forget(&stage);
        }
        flip(&copies[0].join(CLIP), 5);
        flip(&copies[1].join(CLIP), 2 * BLOCK + 5);
        let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
        assert_eq!(file(&answer, CLIP)["blocks_replaced"], 1, "{with_memory}");
        assert_sound(&stage, &card, &copies[0]);
        // The other can now be mended from the first.
        repair(&stage, &copies[1], &[&copies[0]], &[]).expect(0);
        assert_sound(&stage, &card, &copies[1]);
    }
}

#[test]
fn missing_files_come_back_with_their_times_and_a_short_one_is_made_whole() {
    let stage = Stage::new("missing");
    let (card, copies) = copies(&stage, 2);
    std::fs::remove_dir_all(copies[0].join("CLIPS")).unwrap();
    std::fs::remove_file(copies[0].join("empty.txt")).unwrap();
    let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
    assert_eq!(answer.at("/files").as_array().unwrap().len(), 3);
    assert!(answer.at("/files").as_array().unwrap().iter().all(|file| file["action"] == "restored"));
    assert_sound(&stage, &card, &copies[0]);
    for name in ["CLIPS/A001C001.mov", "CLIPS/A001C002.mov", "empty.txt"] {
        let time = |root: &Path| std::fs::metadata(root.join(name)).unwrap().modified().unwrap();
        assert_eq!(time(&copies[0]), time(&card), "{name}");
    }
    std::fs::File::options().write(true).open(copies[0].join(CLIP)).unwrap().set_len(BLOCK + 3).unwrap();
    let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
    assert_eq!((&file(&answer, CLIP)["action"], &file(&answer, CLIP)["blocks_replaced"]), (&"mended".into(), &2.into()));
    assert_sound(&stage, &card, &copies[0]);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_changes_nothing() {
    let stage = Stage::new("dry");
    let (_, copies) = copies(&stage, 2);
    flip(&copies[0].join(CLIP), 5);
    std::fs::remove_file(copies[0].join("empty.txt")).unwrap();
    let (before, sibling) = (everything(&copies[0]), everything(&copies[1]));
    let answer = repair(&stage, &copies[0], &[&copies[1]], &["--dry-run"]).expect(1);
    assert_eq!(file(&answer, CLIP)["action"], "mended");
    assert_eq!(file(&answer, "empty.txt")["action"], "restored");
    assert!(everything(&copies[0]) == before && everything(&copies[1]) == sibling);
}

#[test]
fn killed_at_any_moment_the_copy_is_as_it_was_or_whole() {
    let stage = Stage::new("killed");
    let (card, copies) = copies(&stage, 2);
    let good = std::fs::read(card.join(CLIP)).unwrap();
    let started = std::time::Instant::now();
    flip(&copies[0].join(CLIP), BLOCK + 5);
    let bad = std::fs::read(copies[0].join(CLIP)).unwrap();
    repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
    let whole_run = started.elapsed();
    let (mut cut_short, mut finished) = (0, 0);
    for round in 0..20u32 {
        // Each round begins with the bad file alone.
        for entry in std::fs::read_dir(copies[0].join("CLIPS")).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().starts_with(".A001C001") {
                std::fs::remove_file(path).unwrap();
            }
        }
        std::fs::write(copies[0].join(CLIP), &bad).unwrap();
        let words = ["repair", copies[0].to_str().unwrap(), "--from", copies[1].to_str().unwrap(), "--depth", "system"];
        let mut child = stage.spawn(&words);
        std::thread::sleep(whole_run * (round + 1) / 20);
        let _ = child.kill();
        let ended = child.wait().unwrap();
        let now = std::fs::read(copies[0].join(CLIP)).unwrap();
        assert!(now == bad || now == good, "round {round}: the file is neither the old one nor the whole one");
        if now == good {
            finished += 1;
            let aside = std::fs::read(copies[0].join("CLIPS/.A001C001.mov.checkgate-corrupt")).unwrap();
            assert!(aside == bad, "round {round}: the corrupt bytes are kept");
        } else {
            cut_short += u32::from(!ended.success());
        }
    }
    eprintln!("killed 20 times: {cut_short} left the copy as it was, {finished} had mended it");
    assert!(cut_short > 0, "no run was interrupted");
    repair(&stage, &copies[0], &[&copies[1]], &[]).expect(0);
    repair(&stage, &copies[0], &[&copies[1]], &["--discard"]).expect(0);
    assert_sound(&stage, &card, &copies[0]);
}

#[test]
fn finds_and_mends_what_only_a_read_from_the_device_shows() {
    use checkgate_testkit::image;
    if !image::is_available() {
        eprintln!("SKIPPED: needs root and loop devices");
        return;
    }
    let stage = Stage::new("device");
    let drive = image::CardImage::create(&stage.path("drive.img"), &stage.path("mounted"), "RAID", 256 << 20).unwrap();
    let card = crate::roll(&stage, "A001");
    let other = stage.folder("other");
    stage
        .run(&[
            "offload",
            card.to_str().unwrap(),
            "--no-previews",
            "--to",
            drive.mount_point().to_str().unwrap(),
            other.to_str().unwrap(),
        ])
        .expect(0);
    let copy = drive.mount_point().join("A001");
    drive.flip_under(&copy.join(CLIP), BLOCK + 4096 * 3).unwrap();
    let answer = repair(&stage, &copy, &[&other.join("A001")], &[]).expect(0);
    assert_eq!(file(&answer, CLIP)["blocks_replaced"], 1);
    assert_sound(&stage, &card, &copy);
}

#[test]
fn mends_on_a_file_system_without_hard_links() {
    let stage = Stage::new("exfat");
    let Some(drive) = crate::refusing::exfat(&stage, 256) else { return };
    let card = crate::roll(&stage, "A001");
    let other = stage.folder("other");
    stage.run(&["offload", card.to_str().unwrap(), "--no-previews", "--to", drive.text(), other.to_str().unwrap()]).expect(0);
    let copy = drive.path().join("A001");
    flip(&copy.join(CLIP), 12);
    let answer = repair(&stage, &copy, &[&other.join("A001")], &[]).expect(0);
    assert_eq!(file(&answer, CLIP)["set_aside"], "CLIPS/.A001C001.mov.checkgate-corrupt");
    assert_sound(&stage, &card, &copy);
}
