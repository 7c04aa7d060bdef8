//! Promises about comparing folders.

use crate::support::{Answer, Stage};
use crate::{BLOCK, CLIP, copies, everything, flip, roll};
use serde_json::Value;
use std::path::Path;

fn compare(stage: &Stage, card: &Path, copy: &Path, more: &[&str]) -> Answer {
    let mut words = vec!["--json", "compare", card.to_str().unwrap(), copy.to_str().unwrap()];
    words.extend(more);
    stage.run(&words)
}

fn length(answer: &Answer, list: &str) -> usize {
    answer.at(&format!("/{list}")).as_array().unwrap_or_else(|| panic!("{list} is no list: {}", answer.text)).len()
}

#[test]
fn an_equal_copy_shows_every_zero_and_what_was_left_out() {
    let stage = Stage::new("equal");
    let (card, copies) = copies(&stage, 2);
    for (reference, other, more) in
        [(&card, &copies[0], &[][..]), (&copies[1], &copies[0], &[][..]), (&card, &copies[0], &["--content"][..])]
    {
        let answer = compare(&stage, reference, other, more).expect(0);
        assert_eq!((answer.at("/state"), answer.at("/equal")), (&"equal".into(), &3.into()));
        for list in ["missing", "extra", "changed", "renamed", "unreadable"] {
            assert_eq!(length(&answer, list), 0, "{list}");
        }
        let excluded = answer.at("/excluded").as_array().unwrap();
        assert!(excluded.iter().all(|item| item["reason"] == "part of a manifest history"), "{excluded:?}");
        let compared = answer.at("/compared").as_str().unwrap();
        assert_eq!(compared.contains("nothing read"), more.is_empty(), "{compared}");
    }
    let shown = stage.run(&["compare", card.to_str().unwrap(), copies[0].to_str().unwrap()]).expect(0);
    for line in ["missing      0", "extra        0", "changed      0", "renamed      0", "excluded     2", "unreadable   0"] {
        assert!(shown.text.contains(line), "{line:?} in\n{}", shown.text);
    }
}

#[test]
fn tells_missing_extra_changed_and_renamed_apart_and_writes_nothing() {
    let stage = Stage::new("apart");
    let (card, copies) = copies(&stage, 1);
    let copy = &copies[0];
    std::fs::remove_file(copy.join("empty.txt")).unwrap();
    std::fs::write(copy.join("new.txt"), "new").unwrap();
    std::fs::rename(copy.join("CLIPS/A001C002.mov"), copy.join("renamed.mov")).unwrap();
    std::fs::File::options().write(true).open(copy.join(CLIP)).unwrap().set_len(BLOCK).unwrap();
    std::os::unix::fs::symlink("new.txt", copy.join("link")).unwrap();
    let before = (everything(&card), everything(copy));
    for content in [false, true] {
        let more: &[&str] = if content { &["--content"] } else { &[] };
        let answer = compare(&stage, &card, copy, more).expect(1);
        assert_eq!(answer.at("/missing"), &serde_json::json!(["empty.txt"]));
        assert_eq!(answer.at("/extra"), &serde_json::json!(["new.txt"]));
        assert_eq!(answer.at("/changed/0/path"), CLIP);
        let by = if content { "content" } else { "size and time" };
        let renamed = serde_json::json!([{ "from": "CLIPS/A001C002.mov", "to": "renamed.mov", "by": by }]);
        assert_eq!(answer.at("/renamed"), &renamed);
        assert!(answer.at("/excluded").as_array().unwrap().iter().any(|item| item["path"] == "here: link"));
    }
    assert!(before == (everything(&card), everything(copy)));
}

#[test]
fn only_reading_finds_a_byte_that_changed_behind_size_and_time() {
    let stage = Stage::new("byte");
    let (card, copies) = copies(&stage, 1);
    flip(&copies[0].join(CLIP), 99);
    let quick = compare(&stage, &card, &copies[0], &[]).expect(0);
    assert!(quick.at("/compared").as_str().unwrap().contains("nothing read"));
    let deep = compare(&stage, &card, &copies[0], &["--content"]).expect(1);
    assert_eq!(deep.at("/changed/0/path"), CLIP);
    assert!(deep.at("/changed/0/reason").as_str().unwrap().contains("other content"));
}

#[test]
fn another_time_is_a_change_only_where_nothing_was_read() {
    let stage = Stage::new("time");
    let (card, copies) = copies(&stage, 1);
    std::fs::File::options().write(true).open(copies[0].join(CLIP)).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    let quick = compare(&stage, &card, &copies[0], &[]).expect(1);
    assert!(quick.at("/changed/0/reason").as_str().unwrap().contains("content not read"));
    let deep = compare(&stage, &card, &copies[0], &["--content"]).expect(0);
    assert_eq!(deep.at("/other_time"), 1);
}

#[test]
fn a_renamed_file_of_other_content_is_missing_and_extra() {
    let stage = Stage::new("swap");
    let card = roll(&stage, "A001");
    let copy = stage.folder("copy");
    std::process::Command::new("cp").arg("-a").arg(card.join("CLIPS")).arg(card.join("empty.txt")).arg(&copy).status().unwrap();
    std::fs::rename(copy.join("CLIPS/A001C002.mov"), copy.join("CLIPS/B.mov")).unwrap();
    flip(&copy.join("CLIPS/B.mov"), 3);
    let answer = compare(&stage, &card, &copy, &["--content"]).expect(1);
    assert_eq!((length(&answer, "renamed"), length(&answer, "missing"), length(&answer, "extra")), (0, 1, 1));
}

#[test]
fn several_copies_are_each_held_against_the_first() {
    let stage = Stage::new("several");
    let (card, copies) = copies(&stage, 2);
    std::fs::remove_file(copies[1].join("empty.txt")).unwrap();
    let words = ["--json", "compare", card.to_str().unwrap(), copies[0].to_str().unwrap(), copies[1].to_str().unwrap()];
    let answer = stage.run(&words).expect(1);
    assert_eq!((answer.at("/0/state"), answer.at("/1/state")), (&"equal".into(), &"different".into()));
    assert_eq!(answer.at("/1/missing"), &Value::Array(vec!["empty.txt".into()]));
    stage.run(&["compare", card.to_str().unwrap(), "/nowhere"]).expect(2);
}
