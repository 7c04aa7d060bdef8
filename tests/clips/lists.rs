//! `checkgate fdl` and `checkgate edl`: lists of others, and the clips they speak of.

use crate::support::{Answer, Stage, text};
use serde_json::{Value, json};
use std::path::Path;

fn samples() -> Option<std::path::PathBuf> {
    let given = std::env::var_os("CHECKGATE_SAMPLES").map(std::path::PathBuf::from);
    let path = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples"));
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: samples missing");
    None
}

#[test]
fn a_drafted_list_is_told_checked_and_matched() {
    let stage = Stage::new("fdl");
    let (card, _) = stage.card("card");
    let list = stage.path("card.fdl");
    stage.run(&["export", "fdl", text(&card), "-o", text(&list)]).expect(0);
    let info = stage.run(&["fdl", "info", "--json", text(&list)]).expect(0);
    assert_eq!((info.at("/version"), info.at("/creator")), (&json!("2.0"), &json!("Checkgate")));
    let canvases = info.at("/canvases").as_array().unwrap().len();
    assert!(canvases >= 3, "{}", info.text);
    stage.run(&["fdl", "check", text(&list)]).expect(0);
    let matched = stage.run(&["fdl", "match", "--json", text(&list), text(&card)]);
    let found = matched.at("/matches").as_array().unwrap();
    assert!(found.iter().any(|one| one["clip"] == "A003C001_261123_R1JL"), "{}", matched.text);
    // A list that is wrong says where.
    let mut broken: Value = serde_json::from_str(&std::fs::read_to_string(&list).unwrap()).unwrap();
    broken["contexts"][0]["canvases"][0]["source_canvas_id"] = json!("NOWHERE");
    std::fs::write(&list, broken.to_string()).unwrap();
    let faults = stage.run(&["fdl", "check", "--json", text(&list)]).expect(1);
    assert!(faults.json.as_array().unwrap().iter().any(|fault| fault["place"] == "NOWHERE"), "{}", faults.text);
    std::fs::write(&list, "{}").unwrap();
    stage.run(&["fdl", "info", text(&list)]).expect(2);
    stage.run(&["fdl", "info", text(&stage.path("nothing.fdl"))]);
}

#[test]
fn lists_of_the_committee_are_read_and_converted() {
    let Some(samples) = samples() else { return };
    let stage = Stage::new("fdl-samples");
    let mut read = 0;
    let mut folders = vec![samples.join("camera/fdl"), samples.join("schemas/ascfdl")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "fdl") {
                let info = stage.run(&["fdl", "info", "--json", text(&path)]);
                assert!(matches!(info.code, 0 | 2), "{}: {}", path.display(), info.errors);
                if info.code == 0 {
                    read += 1;
                    let out = stage.path("converted.fdl");
                    stage.run(&["fdl", "convert", text(&path), "-o", text(&out)]).expect(0);
                    assert_eq!(stage.run(&["fdl", "info", "--json", text(&out)]).expect(0).at("/version"), "2.0");
                }
            }
        }
    }
    assert!(read > 0, "the samples hold lists");
}

fn states(answer: &Answer) -> Vec<&str> {
    answer.at("/events").as_array().expect("events").iter().map(|event| event["state"].as_str().unwrap()).collect()
}

#[test]
fn events_of_an_edit_find_their_clips() {
    let stage = Stage::new("edl");
    let (card, _) = stage.card("card");
    let list = stage.path("cut.edl");
    let cut = "TITLE: CUT 3\nFCM: NON-DROP FRAME\n\n\
        001  A003R1JL V     C        14:23:07:12 14:23:07:20 01:00:00:00 01:00:00:08\n* FROM CLIP NAME: A003C001_261123_R1JL.MOV\n\
        002  AX       V     C        14:41:52:00 14:41:52:06 01:00:00:08 01:00:00:14\n* FROM CLIP NAME: A003C002_261123_R1JL\n\
        003  BL       V     C        00:00:00:00 00:00:00:10 01:00:00:14 01:00:01:00\n";
    std::fs::write(&list, cut).unwrap();
    let found = stage.run(&["edl", "read", "--json", text(&list), "--rate", "24", "--in", text(&card)]).expect(0);
    assert_eq!(states(&found), ["found", "found", "no_clip"]);
    assert_eq!(found.at("/events/0/clips/0/clip"), "A003C001_261123_R1JL");
    assert_eq!(
        (found.at("/events/0/words"), found.at("/events/1/words")),
        (&json!("reel and timecode"), &json!("name and timecode"))
    );
    // From what is known, without a folder; and with a cut that runs beyond its clip.
    let destination = stage.folder("ssd");
    stage.run(&["offload", text(&card), "--to", text(&destination), "--no-previews"]).expect(0);
    std::fs::write(&list, cut.replace("14:23:07:20 01:00:00:00 01:00:00:08", "14:23:09:00 01:00:00:00 01:00:01:12")).unwrap();
    let beyond = stage.run(&["edl", "read", "--json", text(&list), "--rate", "24"]).expect(1);
    assert_eq!(states(&beyond), ["missing", "found", "no_clip"]);
    assert!(beyond.at("/events/0/words").as_str().unwrap().contains("only a part"), "{}", beyond.text);
    // A line that cannot be read is said and counts.
    std::fs::write(&list, format!("{cut}004  A003R1JL V C 14:99:00:00 14:00:00:00 01:00:01:00 01:00:02:00\n")).unwrap();
    let unread = stage.run(&["edl", "read", "--json", text(&list), "--rate", "24"]).expect(1);
    assert_eq!(unread.at("/unread").as_array().unwrap().len(), 1);
    stage.run(&["edl", "read", text(&list), "--rate", "fast"]).expect(2);
    std::fs::write(&list, "nothing").unwrap();
    stage.run(&["edl", "read", text(&list), "--rate", "24"]).expect(2);
}
