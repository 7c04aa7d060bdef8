//! Owns the five documented scenarios of the reference: the same trees give the same manifests.

use crate::manifest::{Manifest, chain, generation, rechain};
use crate::support::{CARD, Stage, assert_valid, copy, create, mhl, put, reference, samples};
use std::fs;
use std::path::{Path, PathBuf};

/// The tree of one documented output.
fn output(scenario: &str, place: &str) -> Option<PathBuf> {
    Some(samples("ascmhl-scenarios")?.join("Output").join(scenario).join(place).join("A002R2EC"))
}

/// A writable copy, with the first `generations` of its history.
fn prepared(stage: &Stage, from: &Path, place: &str, generations: u32) -> PathBuf {
    fs::create_dir_all(stage.path(place)).unwrap();
    let root = stage.path(place).join("A002R2EC");
    copy(from, &root);
    crate::support::tool("chmod", &["-R".as_ref(), "u+w".as_ref(), root.as_os_str()]);
    for (number, path) in crate::manifest::manifests(&root) {
        if number > generations {
            fs::remove_file(path).unwrap();
        }
    }
    if generations == 0 {
        fs::remove_dir_all(root.join("ascmhl")).unwrap();
    } else {
        rechain(&root);
    }
    root
}

#[track_caller]
fn assert_same(ours: &Path, theirs: &Path, number: u32) {
    assert_eq!(generation(ours, number).comparable(), generation(theirs, number).comparable());
    let numbers = |root: &Path| chain(root).into_iter().map(|(number, _, _)| number).collect::<Vec<_>>();
    assert_eq!(numbers(ours), numbers(theirs));
    assert_valid(ours);
}

// G1
#[test]
fn scenario_1_a_card_is_copied_to_a_drive() {
    let Some(documented) = output("scenario_01", "travel_01") else { return };
    let stage = Stage::new();
    let root = prepared(&stage, &documented, "travel_01", 0);
    create(&root, "-h xxh64 -v");
    assert_same(&root, &documented, 1);
}

// G2
#[test]
fn scenario_2_the_copy_is_copied() {
    let Some(documented) = output("scenario_02", "file_server") else { return };
    let stage = Stage::new();
    let root = prepared(&stage, &documented, "file_server", 1);
    create(&root, "-h xxh64");
    assert_same(&root, &documented, 2);
}

/// Both tools on copies of one tree, one step after the other; the manifests of every step are the same.
fn step_by_step(name: &str, steps: &[&dyn Fn(&Path)], options: &[(&str, i32)]) {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = stage.tree("ours/A002R2EC", CARD);
    fs::create_dir_all(stage.path("theirs")).unwrap();
    let theirs = copy(&ours, &stage.path("theirs/A002R2EC"));
    for (number, (step, (options, code))) in (1..).zip(steps.iter().zip(options)) {
        step(&ours);
        step(&theirs);
        mhl("create", &ours, options).expect(*code);
        reference.expect(*code, "create", &theirs, options);
        assert_same(&ours, &theirs, number);
        assert_eq!(generation(&ours, number).names().len(), 3, "{name}");
    }
    let code = options.last().unwrap().1;
    reference.expect(code, "verify", &ours, "");
    mhl("verify", &theirs, "").expect(code);
}

// G3
#[test]
fn scenario_3_the_server_prefers_another_format() {
    step_by_step("3", &[&|_| {}, &|_| {}, &|_| {}], &[("-h xxh64", 0), ("-h md5", 0), ("-h md5", 0)]);
}

// G4
#[test]
fn scenario_4_a_file_was_altered_on_the_way() {
    step_by_step("4", &[&|_| {}, &|root| put(root, "Sidecar.txt", "altered")], &[("-h xxh64", 0), ("-h xxh64", 11)]);
    let Some(documented) = output("scenario_04", "file_server") else { return };
    let stage = Stage::new();
    let root = prepared(&stage, &documented, "file_server", 1);
    mhl("create", &root, "-h xxh64").expect(11).says("Sidecar.txt");
    assert_same(&root, &documented, 2);
    assert_eq!(generation(&root, 2).action("Sidecar.txt", "xxh64"), "failed");
}

// G5
#[test]
fn scenario_5_two_magazines_come_together_in_one_folder() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = stage.tree("ours/Reels", &[("Summary.txt", "This is a random summary\n")]);
    for (path, content) in CARD {
        put(&ours.join("A002R2EC"), path, content);
    }
    put(&ours.join("A003R2EC"), "Clips/A003C011_141024_R2EC.mov", "vbgh\n");
    put(&ours.join("A003R2EC"), "Clips/A003C012_141024_R2EC.mov", "nmop\n");
    put(&ours.join("A003R2EC"), "Sidecar.txt", "mobi\n");
    fs::create_dir_all(stage.path("theirs")).unwrap();
    let theirs = copy(&ours, &stage.path("theirs/Reels"));
    for child in ["A002R2EC", "A003R2EC"] {
        create(&ours.join(child), "-h xxh64");
        reference.expect(0, "create", &theirs.join(child), "-h xxh64");
    }
    create(&ours, "-h xxh64");
    reference.expect(0, "create", &theirs, "-h xxh64");
    assert_same(&ours, &theirs, 1);
    for child in ["A002R2EC", "A003R2EC"] {
        assert_same(&ours.join(child), &theirs.join(child), 2);
        assert_eq!(generation(&ours.join(child), 2).actions(), ["verified"].into());
    }
    assert_eq!(generation(&ours, 1).names(), ["Summary.txt"].into());
    reference.expect(0, "verify", &ours, "");
    mhl("verify", &theirs, "").expect(0);
}

#[test]
fn the_documented_histories_are_verified() {
    let stage = Stage::new();
    for (scenario, place, code) in [
        ("scenario_01", "travel_01", 0),
        ("scenario_02", "travel_01", 0),
        ("scenario_02", "file_server", 0),
        ("scenario_04", "travel_01", 0),
        ("scenario_04", "file_server", 11),
    ] {
        let Some(root) = output(scenario, place) else { return };
        mhl("verify", &root, "").expect(code);
        mhl("diff", &root, "").expect(0);
        mhl("verify", &root, "-dh").expect(0);
        mhl("info", &root, "").expect(0);
        let path = prepared(&stage, &root, &format!("{scenario}/{place}"), 99);
        let _: Manifest = generation(&path, 1);
    }
}
