//! Presets: where copies go and how their folders are called, from a file.

use crate::support::{Stage, expect};
use checkgate_testkit::torture::MixedSize;
use std::path::Path;

fn save(stage: &Stage, name: &str, text: &str) -> i32 {
    let file = stage.path(&format!("{name}.toml"));
    std::fs::write(&file, text).expect("writes");
    stage.checkgate.run(&["presets", "save", name, file.to_str().expect("UTF-8")]).expect("runs").code
}

#[test]
fn a_preset_names_folders_hashes_destinations_and_levels() {
    let stage = Stage::new("preset");
    let card = stage.card(MixedSize::Small);
    let (ssd, raid) = (stage.folder("SSD-7"), stage.folder("RAID-2"));
    // Destinations are set up by a first use; the preset names them by label.
    let other = stage.folder("other-cards");
    let first = checkgate_testkit::torture::MixedCard::forge(&other, "B001R1AB", MixedSize::Small, true, 9).expect("forges");
    expect(&stage.offload(&other.join(&first.reel), &[&ssd, &raid], &[]), 0);
    let text = r#"
about = "Night unit"
folder = "NIGHTFALL_Day{day:2}_{unit}/{media_type}/[{episode}/]{roll}"
hashes = ["xxh64", "md5"]
priority = 3

[values]
unit = "SU"

[[destination]]
label = "SSD-7"

[[destination]]
label = "RAID-2"
level = 2

[[destination]]
label = "SHUTTLE-1"
optional = true
"#;
    assert_eq!(save(&stage, "night", text), 0);
    let root = stage.path("cards").join(&card.reel);
    let run = |more: &[&str]| {
        let mut arguments = vec!["offload", "--json", "--no-previews", root.to_str().expect("UTF-8"), "--preset", "night"];
        arguments.extend(more);
        stage.checkgate.run(&arguments).expect("runs")
    };
    let answer = run(&[]);
    expect(&answer, 2);
    assert!(answer.said().contains("{day}"), "what has no value is named: {}", answer.said());
    assert!(std::fs::read_dir(&ssd).expect("lists").count() == 1, "and nothing was made");
    let answer = run(&["--set", "day=5"]);
    expect(&answer, 0);
    for drive in [&ssd, &raid] {
        let copy = drive.join("NIGHTFALL_Day05_SU/Camera_Media").join(&card.reel);
        stage.assert_whole(&card, &copy);
        let manifest = checkgate_testkit::torture::manifests(&copy).pop().expect("a manifest");
        let text = std::fs::read_to_string(manifest).expect("text");
        assert!(text.contains("<md5") && text.contains("<xxh64"));
    }
    assert!(answer.errors.contains("SHUTTLE-1 is not connected"), "{}", answer.said());
    // The same again has nothing to do.
    expect(&run(&["--set", "day=5"]), 0);
}

#[test]
fn what_cannot_work_is_refused_before_it_is_stored() {
    let stage = Stage::new("preset-bad");
    for (name, text) in [
        ("token", "folder = \"{reels}\""),
        ("outside", "folder = \"../{roll}\""),
        ("letter", "[[destination]]\nlabel = \"D:\""),
        ("gap", "[[destination]]\nlabel = \"RAID\"\nlevel = 2"),
        ("policy", "policy = \"nobody\""),
        ("unknown", "colour = \"red\""),
        ("hash", "hashes = [\"crc32\"]"),
        ("none", "hashes = []"),
    ] {
        assert_ne!(save(&stage, name, text), 0, "{name}");
    }
    assert!(!stage.path("home/presets").exists() || std::fs::read_dir(stage.path("home/presets")).expect("lists").count() == 0);
    let answer = stage.checkgate.run(&["presets", "use", "nobody"]).expect("runs");
    assert_ne!(answer.code, 0);
}

#[test]
fn settings_of_an_earlier_version_become_the_standard_preset() {
    let stage = Stage::new("preset-migrates");
    expect(&stage.checkgate.run(&["presets", "--json"]).expect("runs"), 0);
    let earlier = r#"{"project":"NIGHTFALL","automatic":true,"hashes":["md5"],"verify":"system","source_reread":false,"previews":false,"upload":true,"cloud_url":null,"cloud_token":null}"#;
    set_settings(&stage.path("home/state.sqlite"), earlier);
    let answer = stage.checkgate.run(&["presets", "show", "standard", "--json"]).expect("runs");
    expect(&answer, 0);
    assert_eq!(answer.at("/hashes/0"), "md5");
    assert_eq!(answer.at("/verify"), "system");
    assert_eq!([answer.at("/source_reread"), answer.at("/previews"), answer.at("/upload")], [false, false, true]);
    assert_eq!(answer.at("/own"), true);
    // And it stays so.
    expect(&stage.checkgate.run(&["presets", "remove", "standard"]).expect("runs"), 0);
    let answer = stage.checkgate.run(&["presets", "show", "standard", "--json"]).expect("runs");
    assert_eq!(answer.at("/hashes/0"), "xxh64");
}

/// Puts settings into the state as an earlier version left them.
fn set_settings(database: &Path, json: &str) {
    let statement = format!("insert or replace into setting (key, value) values ('settings', '{json}')");
    let script = format!("import sqlite3,sys; c = sqlite3.connect(sys.argv[1]); c.execute({statement:?}); c.commit()");
    let done = std::process::Command::new("python3").args(["-c", &script]).arg(database).status().expect("python3 runs");
    assert!(done.success());
}
