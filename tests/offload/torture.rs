//! Kills and power cuts, in the short form.

use crate::support::{Stage, program};
use checkgate_testkit::drive::{Drive, FileSystem};
use checkgate_testkit::faulty::{Fault, FaultyMount};
use checkgate_testkit::image;
use checkgate_testkit::torture::{KillOptions, MixedSize, PowerOptions, kills, power};
use std::io::Write as _;

/// Every day other moments; what failed is named by its seed.
fn seed() -> u64 {
    std::process::id().into()
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_is_called_verified_that_is_not() {
    let stage = Stage::new("kills");
    let options = KillOptions {
        program: program(),
        folder: stage.folder("work"),
        runs: 25,
        seed: seed(),
        copies: 1,
        size: MixedSize::Small,
        reference_every: 12,
    };
    let counts = kills(&options, &mut |words| eprintln!("{words}")).expect("the set-up works");
    assert!(counts.failures.is_empty(), "{}", counts.failures.join("\n"));
    assert_eq!(counts.whole, 25);
    assert!(counts.kills >= 15, "most met a running program: {counts:?}");
}

#[test]
fn after_a_power_cut_the_job_goes_on_and_trusts_nothing_that_was_lost() {
    let Some(stage) = Stage::with_fuse("power") else { return };
    if !image::is_available() {
        eprintln!("SKIPPED: images cannot be mounted here (root, loop devices)");
        return;
    }
    for (file_system, runs) in [(FileSystem::Ext4, 2), (FileSystem::Xfs, 1), (FileSystem::Btrfs, 1)] {
        let folder = stage.folder(file_system.name());
        if let Err(error) = Drive::create(file_system, &folder.join("try.img"), &folder.join("try")) {
            eprintln!("SKIPPED: {} cannot be made or mounted here: {error}", file_system.name());
            continue;
        }
        let options = PowerOptions {
            program: program(),
            folder,
            runs,
            seed: seed(),
            size: MixedSize::Small,
            file_systems: vec![file_system],
        };
        for counts in power(&options, &mut |words| eprintln!("{words}")).expect("the set-up works") {
            assert!(counts.failures.is_empty(), "{}", counts.failures.join("\n"));
            assert_eq!((counts.whole, counts.runs), (runs, runs));
            assert!(counts.cuts > 0, "{counts:?}");
        }
    }
}

/// The control of the test above: a cut loses what is not synced, and keeps what is.
#[test]
fn a_power_cut_loses_what_was_not_synced() {
    let Some(stage) = Stage::with_fuse("control") else { return };
    let (medium, served, mount_point) = (stage.folder("medium"), stage.folder("served"), stage.folder("drive"));
    if let Err(error) = Drive::format(FileSystem::Ext4, &medium.join("disk.img")) {
        eprintln!("SKIPPED: ext4 cannot be made here: {error}");
        return;
    }
    let faulty = FaultyMount::new(&medium, &served).expect("mounts");
    faulty.inject(Fault::VolatileCache);
    let mut drive = Drive::attach(FileSystem::Ext4, &served.join("disk.img"), &mount_point).expect("mounts");
    let write = |name: &str, sync: bool| {
        let mut file = std::fs::File::create(mount_point.join(name)).expect("can be made");
        file.write_all(&[7; 100_000]).expect("can be written");
        if sync {
            file.sync_all().expect("can be synced");
            std::fs::File::open(&mount_point).and_then(|folder| folder.sync_all()).expect("a folder can be synced");
        }
    };
    for number in 0..20 {
        write(&format!("synced{number}"), true);
    }
    for number in 0..20 {
        write(&format!("unsynced{number}"), false);
    }
    faulty.cut_power(1);
    drive.pull();
    drop(drive);
    drop(faulty);
    let _drive = Drive::attach(FileSystem::Ext4, &medium.join("disk.img"), &mount_point).expect("mounts again");
    let whole = |name: &str| std::fs::read(mount_point.join(name)).is_ok_and(|bytes| bytes == [7; 100_000]);
    assert!((0..20).all(|number| whole(&format!("synced{number}"))));
    assert!((0..20).any(|number| !whole(&format!("unsynced{number}"))), "the cut lost nothing");
}
