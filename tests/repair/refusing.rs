//! Promises about what is refused before anything is changed: repairs that nothing proves, and offloads that could do harm, the latter
//! on real file systems where this machine can mount them.

use crate::support::Stage;
use crate::{BLOCK, CLIP, copies, everything, flip, repair, roll};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; unmounted when dropped.
pub(crate) struct Drive {
    at: PathBuf,
    /// Detached after it is unmounted.
    _device: Option<Loop>,
}

impl Drive {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { at: path, _device: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    pub(crate) fn text(&self) -> &str {
        self.at.to_str().unwrap()
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).stderr(std::process::Stdio::null()).status();
    }
}

/// A loop device over an image; detached when dropped.
pub(crate) struct Loop(pub(crate) String);

impl Loop {
    pub(crate) fn attach(image: &Path) -> Option<Self> {
        let output = Command::new("losetup").args(["--find", "--show"]).arg(image).output();
        match output {
            Ok(output) if output.status.success() => Some(Self(String::from_utf8_lossy(&output.stdout).trim().to_owned())),
            _ => {
                eprintln!("SKIPPED: needs root and loop devices");
                None
            }
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["-d", &self.0]).status();
    }
}

/// Makes and mounts a file system in a file; says what is missing where it cannot.
fn mounted(stage: &Stage, size_mib: u64, make: &[&str], mount: &[&str]) -> Option<Drive> {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let name = make[0];
    let (image, at) = (stage.path(&format!("{name}.img")), stage.folder(&format!("{name} drive")));
    std::fs::File::create(&image).unwrap().set_len(size_mib << 20).unwrap();
    let run = |words: &[&str], last: &[&Path]| {
        let answer = Command::new(words[0]).args(&words[1..]).args(last).env("PATH", &path).output();
        match answer {
            Ok(output) if output.status.success() => true,
            Ok(output) => {
                eprintln!("SKIPPED: {words:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
                false
            }
            Err(error) => {
                eprintln!("SKIPPED: {}: {error}", words[0]);
                false
            }
        }
    };
    if !run(make, &[&image]) {
        return None;
    }
    if mount.first().is_some_and(|program| program.ends_with("fuse")) {
        // It asks for a block device.
        let device = Loop::attach(&image)?;
        return run(mount, &[Path::new(&device.0), &at]).then(|| Drive { at, _device: Some(device) });
    }
    run(mount, &[&image, &at]).then(|| Drive::at(at))
}

pub(crate) fn exfat(stage: &Stage, size_mib: u64) -> Option<Drive> {
    let kernel = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let mount: &[&str] = if kernel.contains("\texfat") { &["mount", "-o", "loop"] } else { &["mount.exfat-fuse"] };
    mounted(stage, size_mib, &["mkfs.exfat"], mount)
}

#[test]
fn what_no_source_proves_is_left_as_it_is() {
    for with_memory in [true, false] {
        let stage = Stage::new("nobody");
        let (_, copies) = copies(&stage, 2);
        if !with_memory {
            crate::forget(&stage);
        }
        for copy in &copies {
            flip(&copy.join(CLIP), BLOCK + 5);
        }
        flip(&copies[1].join(CLIP), BLOCK + 6);
        let before = (everything(&copies[0]), everything(&copies[1]));
        let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(1);
        assert_eq!(answer.at("/files/0/action"), "left");
        assert!(answer.at("/files/0/problem").as_str().unwrap().contains("cannot be mended"), "{}", answer.text);
        assert_eq!(answer.at("/written"), &serde_json::json!([]));
        assert!(before == (everything(&copies[0]), everything(&copies[1])), "{with_memory}");
    }
}

#[test]
fn a_file_that_cannot_be_mended_keeps_no_other_from_it() {
    let stage = Stage::new("one-of-two");
    let (_, copies) = copies(&stage, 2);
    flip(&copies[0].join(CLIP), 1);
    flip(&copies[1].join(CLIP), 1);
    flip(&copies[0].join("CLIPS/A001C002.mov"), 1);
    let bad = std::fs::read(copies[0].join(CLIP)).unwrap();
    let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(1);
    let actions: Vec<&str> =
        answer.at("/files").as_array().unwrap().iter().map(|file| file["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["left", "mended"]);
    assert!(std::fs::read(copies[0].join(CLIP)).unwrap() == bad);
    let verified = stage.run(&["--json", "verify", copies[0].to_str().unwrap()]).expect(1);
    assert_eq!(verified.at("/mismatched").as_array().unwrap().len(), 1);
    assert_eq!(verified.at("/damaged"), &serde_json::json!([]));
}

#[test]
fn a_copy_is_no_sibling_of_itself_under_any_name() {
    let stage = Stage::new("itself");
    let (_, copies) = copies(&stage, 1);
    let link = stage.path("link");
    std::os::unix::fs::symlink(&copies[0], &link).unwrap();
    let before = everything(&copies[0]);
    for sibling in [copies[0].clone(), link, copies[0].join("CLIPS"), copies[0].parent().unwrap().to_path_buf()] {
        let answer = repair(&stage, &copies[0], &[&sibling], &[]);
        assert_eq!(answer.code, 2, "{}: {}{}", sibling.display(), answer.text, answer.errors);
        assert_eq!(answer.at("/code"), "bad_request");
    }
    assert!(everything(&copies[0]) == before);
    stage.run(&["repair", copies[0].to_str().unwrap()]).expect(2);
    stage.run(&["repair", "/nowhere", "--from", copies[0].to_str().unwrap()]).expect(2);
}

#[test]
fn a_history_that_cannot_be_trusted_stops_a_repair() {
    let stage = Stage::new("history");
    let (_, copies) = copies(&stage, 2);
    flip(&copies[0].join(CLIP), 1);
    let manifest = crate::support::manifests(&copies[0]).pop().unwrap();
    flip(&manifest, 300);
    let before = everything(&copies[0]);
    let answer = repair(&stage, &copies[0], &[&copies[1]], &[]).expect(1);
    assert_eq!(answer.at("/damaged").as_array().unwrap().len(), 1);
    assert!(everything(&copies[0]) == before);
}

#[test]
fn a_sibling_of_another_roll_changes_nothing() {
    let stage = Stage::new("other-roll");
    let (_, copies) = copies(&stage, 1);
    let other = stage.folder("B002");
    std::fs::write(other.join("B.mov"), "another roll").unwrap();
    let drive = stage.folder("driveB");
    stage.run(&["offload", other.to_str().unwrap(), "--no-previews", "--to", drive.to_str().unwrap()]).expect(0);
    flip(&copies[0].join(CLIP), 1);
    let before = everything(&copies[0]);
    let answer = repair(&stage, &copies[0], &[&drive.join("B002")], &[]).expect(1);
    assert_eq!(answer.at("/files/0/action"), "left");
    assert!(everything(&copies[0]) == before, "not even a file of the other roll was added");
}

/// Offloads and expects a refusal before the first byte.
#[track_caller]
fn refused(stage: &Stage, card: &Path, to: &[&Path], code: &str, words: &str) {
    let mut arguments = vec!["--json", "offload", card.to_str().unwrap(), "--no-previews", "--to"];
    arguments.extend(to.iter().map(|path| path.to_str().unwrap()));
    let answer = stage.run(&arguments);
    assert_ne!(answer.code, 0, "{}", answer.text);
    let said = format!("{}{}", answer.text, answer.errors);
    assert!(said.contains(code) && said.contains(words), "expected {code} and {words:?}:\n{said}");
    for path in to {
        let copied = crate::everything(path).into_iter().filter(|(_, bytes, _)| !bytes.is_empty()).count();
        let (path, card) = (path.canonicalize().unwrap(), card.canonicalize().unwrap());
        if !path.starts_with(&card) && !card.starts_with(&path) {
            assert_eq!(copied, 0, "{} holds bytes of the card", path.display());
        }
    }
}

fn put(card: &Path, name: &str) {
    let path = card.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, name).unwrap();
}

#[test]
fn names_that_exfat_cannot_hold_are_told_before_the_first_byte() {
    let stage = Stage::new("exfat-names");
    let Some(drive) = exfat(&stage, 64) else { return };
    for (number, name) in ["take 1: wide.wav", "what?.mov", "end.", "a|b.mov"].iter().enumerate() {
        let card = stage.folder(&format!("X{number:03}"));
        put(&card, "good.mov");
        put(&card, name);
        refused(&stage, &card, &[drive.path()], "destination_unsafe", "cannot hold these names");
    }
    let card = stage.folder("X100");
    put(&card, "Clip.mov");
    put(&card, "clip.MOV");
    refused(&stage, &card, &[drive.path()], "destination_unsafe", "tell capitals apart");
    let whole = stage.folder("X200");
    put(&whole, &format!("{}.mov", "ü".repeat(120)));
    stage.run(&["offload", whole.to_str().unwrap(), "--no-previews", "--to", drive.text()]).expect(0);
}

#[test]
fn names_longer_than_255_bytes_are_told_where_bytes_count() {
    // A card of exFAT counts UTF-16 units, a drive of ext4 bytes: 150 umlauts fit one and not the other.
    let stage = Stage::new("long-names");
    let Some(card) = exfat(&stage, 64) else { return };
    put(card.path(), "good.mov");
    put(card.path(), &format!("{}.mov", "ü".repeat(150)));
    let drive = stage.folder("drive");
    refused(&stage, card.path(), &[&drive], "destination_unsafe", "255 bytes");
}

#[test]
fn what_fat_cannot_hold_is_told_before_the_first_byte() {
    let stage = Stage::new("fat");
    let Some(drive) = mounted(&stage, 64, &["mkfs.vfat", "-F", "32"], &["mount", "-o", "loop"]) else { return };
    let card = stage.folder("F001");
    let large = std::fs::File::create(card.join("large.mxf")).unwrap();
    large.set_len(4 << 30).unwrap();
    refused(&stage, &card, &[drive.path()], "destination_unsafe", "no file of 4 GiB");
}

#[test]
fn capitals_are_looked_at_where_the_folder_ignores_them() {
    let stage = Stage::new("fold");
    let make = ["mkfs.ext4", "-q", "-F", "-O", "casefold", "-E", "encoding=utf8"];
    let Some(drive) = mounted(&stage, 64, &make, &["mount", "-o", "loop"]) else { return };
    let folded = drive.path().join("folded");
    std::fs::create_dir(&folded).unwrap();
    let marked = Command::new("chattr").arg("+F").arg(&folded).output();
    if !marked.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: this system cannot make a folder that ignores capitals");
        return;
    }
    let card = stage.folder("C001");
    put(&card, "Clip.mov");
    put(&card, "clip.MOV");
    refused(&stage, &card, &[&folded], "destination_unsafe", "tell capitals apart");
    // Beside it, on the same volume, capitals count.
    let strict = drive.path().join("strict");
    std::fs::create_dir(&strict).unwrap();
    stage.run(&["offload", card.to_str().unwrap(), "--no-previews", "--to", strict.to_str().unwrap()]).expect(0);
    // Two names for one folder there are one destination.
    let other = roll(&stage, "C002");
    refused(&stage, &other, &[&folded.join("new"), &folded.join("NEW")], "destination", "one folder");
}

#[test]
fn the_card_itself_and_what_lies_on_it_are_no_destinations() {
    let stage = Stage::new("unsafe");
    let card = roll(&stage, "A001");
    let link = stage.path("link");
    std::os::unix::fs::symlink(&card, &link).unwrap();
    let before = crate::support::content(&card);
    for destination in [card.clone(), link.clone(), link.join("CLIPS"), card.join("CLIPS")] {
        refused(&stage, &card, &[&destination], "destination_unsafe", "card");
        assert!(crate::support::content(&card) == before, "{}", destination.display());
    }
    let real = stage.folder("real");
    let same = stage.path("same");
    std::os::unix::fs::symlink(&real, &same).unwrap();
    refused(&stage, &card, &[&real, &same], "destination", "one folder");
}

#[test]
fn a_drive_without_room_is_told_before_the_first_byte() {
    let stage = Stage::new("room");
    let Some(drive) = mounted(&stage, 24, &["mkfs.ext4", "-q", "-F"], &["mount", "-o", "loop"]) else { return };
    let card = roll(&stage, "A001");
    refused(&stage, &card, &[drive.path()], "destination_full", "");
}
