//! Promises about volumes: a card that is mounted here is not written to, not even its journal; a volume is let go only when nothing
//! uses it. As root with loop devices.

use crate::refusing::{Drive, Loop};
use crate::roll;
use crate::support::{Stage, wait_until};
use std::path::{Path, PathBuf};
use std::process::Command;

fn made(stage: &Stage, name: &str, make: &[&str], size_mib: u64) -> PathBuf {
    let image = stage.path(name);
    std::fs::File::create(&image).unwrap().set_len(size_mib << 20).unwrap();
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(make[0]).args(&make[1..]).arg(&image).env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{make:?}: {}", String::from_utf8_lossy(&output.stderr));
    image
}

/// An image as a card is that was pulled while the camera wrote: its journal is dirty.
fn dirty(stage: &Stage, make: &[&str], size_mib: u64) -> Option<PathBuf> {
    let image = made(stage, "clean.img", make, size_mib);
    let at = stage.folder("camera");
    let mounted = Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&at).output().unwrap();
    if !mounted.status.success() {
        eprintln!("SKIPPED: {}", String::from_utf8_lossy(&mounted.stderr).trim());
        return None;
    }
    let camera = Drive::at(at);
    for number in 0..20 {
        std::fs::write(camera.path().join(format!("clip{number}.mov")), vec![number; 100_000]).unwrap();
        std::fs::File::open(camera.path().join(format!("clip{number}.mov"))).unwrap().sync_all().unwrap();
    }
    let pulled = stage.path("pulled.img");
    std::fs::copy(&image, &pulled).unwrap();
    Some(pulled)
}

#[test]
fn a_pulled_card_is_mounted_without_a_byte_of_it_changing() {
    for (kind, make, size_mib) in [
        ("ext4", &["mkfs.ext4", "-q", "-F"][..], 64),
        ("xfs", &["mkfs.xfs", "-q", "-f"][..], 320),
        ("btrfs", &["mkfs.btrfs", "-q", "-f"][..], 160),
    ] {
        let stage = Stage::new(&format!("dirty-{kind}"));
        let Some(image) = dirty(&stage, make, size_mib) else { continue };
        let before = std::fs::read(&image).unwrap();
        let Some(device) = Loop::attach(&image) else { return };
        let at = stage.path("card");
        let answer = stage.run(&["--json", "mount", &device.0, "--at", at.to_str().unwrap()]);
        let _unmounted_at_the_end = Drive::at(at.clone());
        if answer.code != 0 {
            // btrfs with a twin of the same id mounted, or a kernel without the option.
            eprintln!("SKIPPED: {kind}: {}{}", answer.text, answer.errors);
            continue;
        }
        assert_eq!(answer.at("/read_only"), true);
        assert!(std::fs::write(at.join("new"), "x").is_err(), "{kind} is writable");
        let _ = std::fs::read_dir(&at).unwrap().count();
        let again = stage.run(&["--json", "mount", &device.0]).expect(2);
        assert!(again.at("/summary").as_str().unwrap().contains("already, read-only"), "{}", again.text);
        let ejected = stage.run(&["--json", "eject", at.to_str().unwrap()]).expect(0);
        assert_eq!(ejected.at("/mount_point"), at.to_str().unwrap());
        assert!(!is_mounted(&at));
        drop(device);
        assert!(std::fs::read(&image).unwrap() == before, "{kind}: mounting wrote to the card");
        eprintln!("{kind}: mounted dirty and read-only, image unchanged");
    }
}

fn is_mounted(at: &Path) -> bool {
    std::fs::read_to_string("/proc/self/mounts").unwrap().lines().any(|line| line.split(' ').nth(1) == at.to_str())
}

#[test]
fn what_is_no_known_device_is_not_mounted() {
    let stage = Stage::new("no-device");
    let file = stage.path("file");
    std::fs::write(&file, "text").unwrap();
    stage.run(&["mount", file.to_str().unwrap()]).expect(2);
    stage.run(&["mount", "/dev/nothing"]).expect(2);
    let blank = stage.path("blank.img");
    std::fs::File::create(&blank).unwrap().set_len(1 << 20).unwrap();
    let Some(device) = Loop::attach(&blank) else { return };
    let answer = stage.run(&["--json", "mount", &device.0]).expect(2);
    assert!(answer.at("/summary").as_str().unwrap().contains("no file system that is known"), "{}", answer.text);
}

#[test]
fn a_volume_is_let_go_only_when_nothing_uses_it() {
    let stage = Stage::new("eject");
    if !checkgate_testkit::image::is_available() {
        eprintln!("SKIPPED: needs root and loop devices");
        return;
    }
    let image = made(&stage, "drive.img", &["mkfs.ext4", "-q", "-F", "-L", "EJECTME"], 256);
    let at = stage.folder("drive");
    assert!(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&at).status().unwrap().success());
    let drive = Drive::at(at.clone());
    let card = roll(&stage, "A001");

    let mut job = stage.spawn(&["offload", card.to_str().unwrap(), "--no-previews", "--to", at.to_str().unwrap()]);
    wait_until("the first folder", || at.join("A001/CLIPS").is_dir());
    let process = i32::try_from(job.id()).unwrap();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
    signal("-STOP");
    let busy = stage.run(&["--json", "eject", at.to_str().unwrap()]);
    signal("-CONT");
    assert!(job.wait().unwrap().success());
    assert_eq!((busy.code, busy.at("/code")), (3, &"busy".into()), "{}{}", busy.text, busy.errors);
    assert!(busy.at("/summary").as_str().unwrap().contains("A001 is being copied to it"), "{}", busy.text);

    let open = std::fs::File::open(at.join("A001/empty.txt")).unwrap();
    let busy = stage.run(&["--json", "eject", "EJECTME"]).expect(3);
    assert_eq!(busy.at("/code"), "busy");
    assert!(is_mounted(&at));
    drop(open);
    stage.run(&["eject", "EJECTME"]).expect(0);
    assert!(!is_mounted(&at));
    drop(drive);
    stage.run(&["eject", "EJECTME"]).expect(2);
    stage.run(&["eject", "/"]).expect(2);
}

#[test]
fn the_list_of_volumes_says_how_each_is_mounted_and_attached() {
    let stage = Stage::new("list");
    let answer = stage.run(&["--json", "volumes"]).expect(0);
    let volumes = answer.json.as_array().unwrap();
    assert!(!volumes.is_empty());
    for volume in volumes {
        for field in
            ["read_only", "bus", "link_words", "slow_link", "model", "serial", "file_system_id", "removable", "rotational"]
        {
            assert!(volume.get(field).is_some(), "{field} is not told: {volume}");
        }
    }
    let shown = stage.run(&["volumes"]).expect(0);
    assert!(shown.text.contains("writable") || shown.text.contains("read-only"), "{}", shown.text);
}
