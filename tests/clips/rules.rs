//! `checkgate rules`: judged against profiles and the project, explained, overridden by name, never hidden.

use crate::support::{Answer, Stage, text};
use checkgate_testkit::{CardSize, Family, ForgeOptions, forge_card};
use serde_json::Value;

fn codes(answer: &Answer) -> Vec<String> {
    let findings = answer.at("/findings").as_array().cloned().unwrap_or_default();
    findings.iter().map(|finding| finding["code"].as_str().unwrap_or_default().to_owned()).collect()
}

fn finding<'a>(answer: &'a Answer, code: &str) -> &'a Value {
    let findings = answer.at("/findings").as_array().expect("findings");
    findings.iter().find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("no {code} in {}", answer.text))
}

#[test]
fn a_card_is_judged_by_the_profile_that_is_asked_for() {
    let stage = Stage::new("rules-profiles");
    let (card, _) = stage.card("A003R1JL");
    std::fs::write(card.join("notes (1).txt"), "x").unwrap();
    std::fs::write(card.join(".DS_Store"), "x").unwrap();
    let house = stage.run(&["rules", "check", "--json", text(&card)]).expect(0);
    assert_eq!(house.at("/profile"), "house");
    assert!(codes(&house).contains(&"files.system".to_owned()) && codes(&house).contains(&"capture.floor".to_owned()));
    assert_eq!(finding(&house, "name.characters")["path"], "notes (1).txt");
    std::fs::rename(card.join("notes (1).txt"), card.join("take two.txt")).unwrap();
    for (profile, refused) in [("house", false), ("footage-ingest", false), ("content-hub", true)] {
        let answer = stage.run(&["rules", "check", "--json", text(&card), "--profile", profile]).expect(0);
        assert_eq!(codes(&answer).contains(&"name.characters".to_owned()), refused, "{profile}");
    }
    // A file of one's own: harder here, off there.
    let own = stage.path("ours.toml");
    let rules = "name = \"ours\"\ntitle = \"Ours\"\nextends = \"house\"\n[[rule]]\ncode = \"files.system\"\nseverity = \"error\"\n[[rule]]\ncode = \"capture.floor\"\noff = true\n";
    std::fs::write(&own, rules).unwrap();
    let ours = stage.run(&["rules", "check", "--json", text(&card), "--rules", text(&own)]).expect(1);
    assert_eq!((ours.at("/profile"), finding(&ours, "files.system")["severity"].as_str()), (&Value::from("ours"), Some("error")));
    assert!(!codes(&ours).contains(&"capture.floor".to_owned()));
    std::fs::write(&own, "name = \"ours\"\ntitle = \"Ours\"\n[[rule]]\ncode = \"no.such\"\n").unwrap();
    let refused = stage.run(&["rules", "check", text(&card), "--rules", text(&own)]).expect(2);
    assert!(refused.errors.contains("no.such"), "{}", refused.errors);
    stage.run(&["rules", "check", text(&card), "--profile", "nobody"]).expect(2);
}

#[test]
fn every_rule_is_listed_and_explained() {
    let stage = Stage::new("rules-words");
    let list = stage.run(&["rules", "list", "--json"]).expect(0);
    let rules = list.json.as_array().expect("rules");
    assert!(rules.len() >= 40);
    for rule in rules {
        for field in ["what", "why", "now"] {
            assert!(rule[field].as_str().is_some_and(|words| words.len() > 10), "{rule}");
        }
    }
    let words = stage.run(&["rules", "explain", "roll.duplicate"]).expect(0);
    for part in ["checks", "why", "do now", "error; a named person may override it"] {
        assert!(words.text.contains(part), "{}", words.text);
    }
    // What a card's own check finds is explained as well.
    assert!(stage.run(&["rules", "explain", "clip.segment_missing"]).expect(0).text.contains("check of the card itself"));
    stage.run(&["rules", "explain", "no.such"]).expect(2);
}

#[test]
fn a_roll_is_unique_in_its_project_until_a_named_person_overrides() {
    let stage = Stage::new("rules-override");
    stage.run(&["rules", "project", "--name", "NIGHTFALL", "--rate", "24"]).expect(0);
    let (first, _) = stage.card("first");
    let destination = stage.folder("ssd");
    stage.run(&["offload", text(&first), "--to", text(&destination), "--no-previews"]).expect(0);
    // Another day's card with the same roll: other content.
    let second = stage.path("second");
    let other = ForgeOptions { family: Family::Demo, seed: 8, size: CardSize::Small, ..ForgeOptions::default() };
    forge_card(&second, &other).unwrap();
    std::fs::write(second.join("A003R1JL/extra.txt"), "another day").unwrap();
    let found = stage.run(&["rules", "check", "--json", text(&second)]).expect(1);
    assert_eq!(found.at("/project"), "NIGHTFALL");
    assert!(finding(&found, "roll.duplicate")["message"].as_str().unwrap().contains("A003R1JL"));
    // The same card again, or a copy of it, is no other roll.
    let copy = destination.join("A003R1JL");
    assert!(!codes(&stage.run(&["rules", "check", "--json", text(&first)]).expect(0)).contains(&"roll.duplicate".to_owned()));
    assert!(!codes(&stage.run(&["rules", "check", "--json", text(&copy)]).expect(0)).contains(&"roll.duplicate".to_owned()));
    stage.run(&["rules", "override", text(&second), "roll.duplicate", "--by", " ", "--reason", "x"]).expect(2);
    stage.run(&["rules", "override", text(&second), "files.none", "--by", "K", "--reason", "x"]).expect(2);
    let done = stage
        .run(&["rules", "override", text(&second), "roll.duplicate", "--json", "--by", "K. Adams", "--reason", "second unit"])
        .expect(0);
    let marked = finding(&done, "roll.duplicate");
    assert_eq!(
        (marked["overridden"]["by"].as_str(), marked["overridden"]["reason"].as_str()),
        (Some("K. Adams"), Some("second unit"))
    );
    assert!(marked["overridden"]["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{marked}");
    assert_eq!(done.at("/card/verdict/overridden/0/by/by"), "K. Adams");
    let reasons = done.at("/card/verdict/unmet").as_array().unwrap();
    assert!(!reasons.iter().any(|unmet| unmet["code"] == "verdict.findings"), "it stands in the way no more: {reasons:?}");
    // Shown everywhere, hidden nowhere: the camera's roll and the recorder's.
    let checked = stage.run(&["rules", "check", "--json", text(&second)]).expect(0);
    assert_eq!(finding(&checked, "roll.duplicate")["overridden"]["by"], "K. Adams");
    assert_eq!((checked.at("/counts/errors"), checked.at("/counts/overridden")), (&Value::from(0), &Value::from(2)));
    let words = stage.run(&["card", text(&second)]);
    assert!(words.text.contains("overridden by K. Adams") && words.text.contains("roll.duplicate"), "{}", words.text);
    let listed = stage.run(&["rules", "overrides", text(&second), "--json"]).expect(0);
    assert_eq!(listed.json.as_array().unwrap().len(), 2);
    // Taken back: the finding is open again, the record of it stays.
    stage.run(&["rules", "withdraw", text(&second), "roll.duplicate"]).expect(0);
    stage.run(&["rules", "check", text(&second)]).expect(1);
    let listed = stage.run(&["rules", "overrides", text(&second), "--json"]).expect(0);
    assert!(listed.json[0]["withdrawn_at"].is_string());
    stage.run(&["rules", "withdraw", text(&second), "roll.duplicate"]).expect(2);
}

#[test]
fn the_project_asks_for_its_rate_and_its_colour() {
    let stage = Stage::new("rules-project");
    let (card, _) = stage.card("card");
    let before = stage.run(&["rules", "check", "--json", text(&card)]).expect(0);
    assert!(!codes(&before).contains(&"color.differs".to_owned()));
    stage.run(&["rules", "project", "--rate", "25", "--encoding", "S-Log3", "--aces", "2.0"]).expect(0);
    let shown = stage.run(&["rules", "project", "--json"]).expect(0);
    assert_eq!((shown.at("/rate"), shown.at("/encodings/0"), shown.at("/aces")), (&"25".into(), &"S-Log3".into(), &"2.0".into()));
    let after = stage.run(&["rules", "check", "--json", text(&card)]).expect(0);
    let rates = codes(&after).iter().filter(|code| *code == "rate.differs").count();
    assert!(rates >= 3 && codes(&after).contains(&"color.differs".to_owned()), "{:?}", codes(&after));
    stage.run(&["rules", "project", "--rate", "none", "--encoding", "none"]).expect(0);
    let none = stage.run(&["rules", "check", "--json", text(&card)]).expect(0);
    assert!(!codes(&none).contains(&"rate.differs".to_owned()));
    stage.run(&["rules", "project", "--rate", "fast"]).expect(2);
}

#[test]
fn what_is_handed_over_is_compared_with_its_manifests() {
    let stage = Stage::new("rules-delivery");
    let (card, _) = stage.card("card");
    let day = stage.folder("shuttle/20261123");
    stage.run(&["offload", text(&card), "--to", text(&day), "--no-previews"]).expect(0);
    let roll = day.join("A003R1JL");
    let whole = stage.run(&["rules", "check", "--json", text(&day), "--delivery", "--read"]);
    assert_eq!(whole.at("/rolls"), &serde_json::json!(["A003R1JL"]));
    assert!(
        !codes(&whole).iter().any(|code| code.starts_with("manifest.") || code.starts_with("upload.")),
        "{:?}",
        codes(&whole)
    );
    // A byte inside a file: found where bytes are read, and only there.
    let clip = roll.join("A003R1JL/A003C001_261123_R1JL.mov");
    let mut bytes = std::fs::read(&clip).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&clip, &bytes).unwrap();
    let lists = stage.run(&["rules", "check", "--json", text(&day), "--delivery"]);
    assert!(!codes(&lists).contains(&"manifest.hash_differs".to_owned()));
    let read = stage.run(&["rules", "check", "--json", text(&day), "--delivery", "--read"]).expect(1);
    let differs = finding(&read, "manifest.hash_differs");
    assert_eq!((differs["overridable"].as_bool(), differs["severity"].as_str()), (Some(false), Some("error")));
    // Missing, extra, and a second manifest.
    std::fs::remove_file(&clip).unwrap();
    std::fs::write(roll.join("later.txt"), "x").unwrap();
    std::fs::write(roll.join("A003R1JL.mhl"), "no XML").unwrap();
    let broken = stage.run(&["rules", "check", "--json", text(&day), "--delivery"]).expect(1);
    for code in ["manifest.file_missing", "manifest.extra_file", "manifest.several", "manifest.unreadable"] {
        assert!(codes(&broken).contains(&code.to_owned()), "{code}: {:?}", codes(&broken));
    }
    // A card as it is has no manifest: asked for in a delivery, not elsewhere.
    assert!(!codes(&stage.run(&["rules", "check", "--json", text(&card)]).expect(0)).contains(&"manifest.missing".to_owned()));
    let unsealed = stage.run(&["rules", "check", "--json", text(&card), "--delivery"]).expect(1);
    assert!(codes(&unsealed).contains(&"manifest.missing".to_owned()));
}

#[test]
fn looks_and_stills_are_held_to_their_clips() {
    let stage = Stage::new("rules-looks");
    let (card, _) = stage.card("card");
    stage.run(&["rules", "project", "--aces", "2.0"]).expect(0);
    let amf = |clip: &str, aces: &str| {
        format!(
            "<?xml version=\"1.0\"?><aces:acesMetadataFile version=\"2.0\" xmlns:aces=\"urn:ampas:aces:amf:v2.0\"><aces:clipId><aces:clipName>{clip}</aces:clipName></aces:clipId><aces:pipeline><aces:pipelineInfo><aces:systemVersion><aces:majorVersion>{aces}</aces:majorVersion></aces:systemVersion></aces:pipelineInfo><aces:lookTransform applied=\"false\"><aces:file>show.clf</aces:file></aces:lookTransform></aces:pipeline></aces:acesMetadataFile>"
        )
    };
    let at = card.join("look.amf");
    std::fs::write(&at, amf("Z999C001", "1")).unwrap();
    let found = codes(&stage.run(&["rules", "check", "--json", text(&card)]).expect(0));
    for code in ["look.clip_missing", "look.file_missing", "look.aces_differs"] {
        assert!(found.contains(&code.to_owned()), "{code}: {found:?}");
    }
    std::fs::write(&at, amf("A003C001_261123_R1JL", "2")).unwrap();
    std::fs::write(card.join("show.clf"), "x").unwrap();
    let found = codes(&stage.run(&["rules", "check", "--json", text(&card)]).expect(0));
    assert!(!found.iter().any(|code| code.starts_with("look.")), "{found:?}");
    let stills = stage.folder("stills");
    std::fs::write(stills.join("A003C001.tif"), "x").unwrap();
    let found = stage.run(&["rules", "check", "--json", text(&card), "--stills", text(&stills)]).expect(0);
    assert!(finding(&found, "stills.count")["message"].as_str().unwrap().starts_with("1 reference stills for 6"));
}
