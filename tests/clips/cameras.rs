//! `checkgate cameras`: a camera nobody knows is named once; inspection, search and export follow, and it can be taken back.

use crate::support::{Answer, Stage, text};
use serde_json::Value;
use std::path::Path;

/// A film of a camera that says nothing of itself.
fn film(path: &Path) {
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "color=gray:size=192x108:rate=25", "-frames:v", "4", "-c:v", "mjpeg", "-y"])
        .args(["-fflags", "+bitexact", "-map_metadata", "-1"])
        .arg(path)
        .status();
    assert!(made.is_ok_and(|status| status.success()), "ffmpeg makes a film");
}

fn field<'a>(answer: &'a Answer, clip: &str, name: &str) -> &'a Value {
    let records = answer.at("/records").as_array().expect("records");
    let record = records.iter().find(|record| record["clip"] == clip).expect("the clip");
    &record["fields"][name]
}

#[test]
fn a_camera_is_named_once_and_every_answer_follows_until_it_is_forgotten() {
    let stage = Stage::new("cameras");
    let card = stage.folder("card");
    film(&card.join("X0001.mov"));
    film(&card.join("X0002.mov"));
    let other = stage.folder("other");
    film(&other.join("Y0001.mov"));
    stage.run(&["offload", text(&card), "--to", text(&stage.folder("ssd")), "--no-previews"]).expect(0);
    let before = stage.run(&["inspect", text(&card), "--json"]).expect(0);
    assert!(field(&before, "X0001", "camera.model").is_null());
    assert!(before.text.contains("camera.unknown"));

    // What cannot be meant is refused and stores nothing.
    for (arguments, word) in [
        (vec!["--set", "camera.model=X1", "--by", " "], "with a name"),
        (vec!["--set", "slate.take=3", "--by", "K"], "belongs to a clip"),
        (vec!["--set", "camera.colour=red", "--by", "K"], "no field"),
        (vec!["--set", "lens.squeeze=wide", "--by", "K"], "no value"),
        (vec!["--set", "camera.model=X1", "--by", "K", "--clip", "Z9"], "no clip Z9"),
    ] {
        let all: Vec<&str> = ["cameras", "map", text(&card)].into_iter().chain(arguments).collect();
        let refused = stage.run(&all);
        assert!(refused.code >= 2 && refused.errors.contains(word), "{word}: {} {}", refused.code, refused.errors);
    }
    assert_eq!(stage.run(&["cameras", "list", "--json"]).expect(0).json, Value::Array(Vec::new()));

    let set = [
        "--set",
        "camera.make=Acme",
        "--set",
        "camera.model=X1 Mark II",
        "--set",
        "color.gamma=V-Log",
        "--set",
        "lens.squeeze=2",
    ];
    let all: Vec<&str> = ["cameras", "map", text(&card), "--by", "K. Adams", "--note", "label on the body", "--json"]
        .into_iter()
        .chain(set)
        .collect();
    let mapped = stage.run(&all).expect(0);
    assert_eq!(
        (mapped.at("/clips").as_u64(), mapped.at("/cards").as_array().map(Vec::len)),
        (Some(2), Some(1)),
        "{}",
        mapped.text
    );
    let id = mapped.at("/mapping/id").as_str().expect("an id").to_owned();

    // Inspection of this folder and of one never seen, with the words of whoever said it.
    for (folder, clip) in [(&card, "X0002"), (&other, "Y0001")] {
        let after = stage.run(&["inspect", text(folder), "--json"]).expect(0);
        let model = field(&after, clip, "camera.model");
        assert_eq!(model["value"]["text"], "X1 Mark II");
        assert_eq!(
            (&model["sources"][0]["source"], &model["sources"][0]["raw"]),
            (&"mapped by a person".into(), &"K. Adams: label on the body".into())
        );
        assert_eq!(field(&after, clip, "color.primaries")["value"]["text"], "V-Gamut");
        assert!(!after.text.contains("camera.unknown"));
        let format = &after.at("/camera_formats")[0]["key"];
        assert_eq!((&format["model"], &format["squeeze"]), (&"X1 Mark II".into(), &"2".into()));
    }
    // Search and export of the card that was known before.
    let found = stage.run(&["search", "--model", "x1 mark", "--squeeze", "2", "--json"]).expect(0);
    assert_eq!(found.at("/total").as_u64(), Some(2));
    for source in [text(&card), "card"] {
        let list = stage.run(&["export", "ale", source, "-o", "-"]).expect(0);
        assert!(list.text.contains("X1 Mark II"), "{}", list.text);
    }
    let status = stage.run(&["card", "card", "--json"]);
    assert!(!status.text.contains("camera.unknown"), "the findings follow");

    // A second word about the same camera stands over the first; taken back, the first is there again.
    let second =
        stage.run(&["cameras", "map", text(&other), "--set", "camera.model=X1 Mark III", "--by", "L", "--json"]).expect(0);
    let second_id = second.at("/mapping/id").as_str().expect("an id").to_owned();
    let after = stage.run(&["inspect", text(&other), "--json"]).expect(0);
    assert_eq!(field(&after, "Y0001", "camera.model")["value"]["text"], "X1 Mark III");
    assert_eq!(field(&after, "Y0001", "camera.make")["value"]["text"], "Acme");
    stage.run(&["cameras", "forget", &second_id]).expect(0);
    assert_eq!(stage.run(&["search", "--model", "mark iii", "--json"]).code, 1);
    assert_eq!(stage.run(&["search", "--model", "mark ii", "--json"]).expect(0).at("/total").as_u64(), Some(2));

    stage.run(&["cameras", "forget", &id]).expect(0);
    assert!(stage.run(&["cameras", "forget", &id]).code >= 2, "it does not hold any more");
    let at_last = stage.run(&["inspect", text(&card), "--json"]).expect(0);
    assert_eq!(at_last.json["records"], before.json["records"], "as if nothing had been said");
    assert_eq!(stage.run(&["search", "--model", "x1", "--json"]).code, 1);
    assert_eq!(stage.run(&["cameras", "list", "--json"]).expect(0).json, Value::Array(Vec::new()));
    let history = stage.run(&["cameras", "list", "--all", "--json"]).expect(0);
    assert_eq!(history.json.as_array().map(Vec::len), Some(2));
    assert!(history.json.as_array().is_some_and(|all| all.iter().all(|one| one["forgotten_at"].is_string())));
}

#[test]
fn several_camera_formats_want_a_clip_and_a_letter_narrows_it() {
    let stage = Stage::new("cameras-several");
    let (card, _) = stage.card("card");
    let refused = stage.run(&["cameras", "map", text(&card), "--set", "camera.model=X", "--by", "K"]);
    assert!(refused.code >= 2 && refused.errors.contains("several camera formats"), "{}", refused.errors);
    let clip = "A003C001_261123_R1JL";
    let mapped = stage
        .run(&[
            "cameras",
            "map",
            text(&card),
            "--clip",
            clip,
            "--letter",
            "--set",
            "lens.model=Rehoused 40",
            "--by",
            "K",
            "--json",
        ])
        .expect(0);
    let when = mapped.at("/mapping/when").as_array().expect("a key");
    assert!(when.iter().any(|part| part["field"] == "camera.index" && part["value"] == "A"), "{}", mapped.text);
    let after = stage.run(&["inspect", text(&card), "--json"]).expect(0);
    assert_eq!(field(&after, clip, "lens.model")["value"]["text"], "Rehoused 40");
    // What the camera said stands behind it.
    assert!(
        field(&after, clip, "lens.model")["sources"].as_array().is_some_and(|said| said.len() > 1),
        "{}",
        field(&after, clip, "lens.model")
    );
    assert!(field(&after, "C0001", "lens.model")["value"]["text"] != "Rehoused 40");
}
