//! A copy that was proven and is no longer what it was takes the verdict back; only a read of the whole copy gives it again.

use crate::support::{Answer, Stage, copy_root, text};
use std::fs;
use std::path::{Path, PathBuf};

/// One copy on whatever disk the build lies on is enough here; the point is what happens to it afterwards.
const POLICY: &str = r#"
name = "one copy"
about = "One copy, read back"
copies = 1
level = "read_back_system"
distinct_devices = 0
source_reread = true
manifest_reread = true
no_open_errors = false
uploaded = false
"#;

fn safe_copy(stage: &Stage) -> (PathBuf, String) {
    let policies = stage.folder("home/policies");
    fs::write(policies.join("own.toml"), POLICY).expect("the state folder is writable");
    stage.run(&["policies", "--use", "own"]).expect(0);
    let (card, forged) = stage.card("card");
    let drive = stage.folder("SSD-1");
    let answer = stage.run(&["offload", "--json", "--no-previews", text(&card), "--to", text(&drive)]).expect(0);
    let reel = answer.at("/card/reel").as_str().expect("a reel").to_owned();
    let copy = copy_root(&drive, &forged);
    assert_eq!(verdict(stage, &reel).at("/card/verdict/safe"), true);
    (copy, reel)
}

/// The card as it is shown, whatever its verdict.
fn verdict(stage: &Stage, reel: &str) -> Answer {
    stage.run(&["card", "--json", reel])
}

#[track_caller]
fn doubted(stage: &Stage, reel: &str, because: &str) {
    let answer = verdict(stage, reel);
    assert_eq!(answer.at("/card/verdict/safe"), false, "{}", answer.text);
    let doubt = answer.at("/card/copies/0/doubt").as_str().unwrap_or_default();
    assert!(doubt.contains(because), "{doubt:?} does not say {because:?}");
}

#[track_caller]
fn verify(stage: &Stage, copy: &Path, depth: &str, code: i32) {
    stage.run(&["verify", "--json", text(copy), "--depth", depth]).expect(code);
}

fn largest(copy: &Path) -> PathBuf {
    let mut files = Vec::new();
    let mut folders = vec![copy.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be listed").flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.into_iter().max_by_key(|file| fs::metadata(file).map_or(0, |facts| facts.len())).expect("the copy has files")
}

#[test]
fn a_file_that_is_gone_takes_the_verdict_back_until_the_copy_is_read_whole_again() {
    let stage = Stage::new("gone");
    let (copy, reel) = safe_copy(&stage);
    let victim = largest(&copy);
    let aside = stage.path("aside");
    fs::rename(&victim, &aside).expect("a file can be moved");
    doubted(&stage, &reel, "gone");
    fs::rename(&aside, &victim).expect("and moved back");
    doubted(&stage, &reel, "gone");
    verify(&stage, &copy, "none", 0);
    doubted(&stage, &reel, "gone");
    verify(&stage, &copy, "system", 0);
    assert_eq!(verdict(&stage, &reel).at("/card/verdict/safe"), true);
}

#[test]
fn a_byte_that_changed_is_found_by_verify_and_takes_the_verdict_back() {
    let stage = Stage::new("changed");
    let (copy, reel) = safe_copy(&stage);
    let victim = largest(&copy);
    let good = fs::read(&victim).expect("a copy can be read");
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(&victim, &bad).expect("a copy can be damaged");
    assert_eq!(verdict(&stage, &reel).at("/card/verdict/safe"), true, "a look at sizes cannot see it, and says no more");
    verify(&stage, &copy, "system", 1);
    doubted(&stage, &reel, "mismatching");
    verify(&stage, &copy, "none", 0);
    doubted(&stage, &reel, "mismatching");
    fs::write(&victim, &good).expect("a copy can be mended");
    verify(&stage, &copy, "system", 0);
    assert_eq!(verdict(&stage, &reel).at("/card/verdict/safe"), true);
}
