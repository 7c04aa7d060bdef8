//! Promises about noticing volumes and folders.

use checkgate_volume::{VolumeEvent, Watch, WatchTiming};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);
const EAGER: WatchTiming = WatchTiming { settle: Duration::from_millis(40), look_every: Duration::from_millis(10) };

#[test]
fn a_folder_put_into_a_watched_folder_is_told_once_it_is_quiet_and_when_it_goes() {
    let inbox = tempfile::tempdir().unwrap();
    std::fs::create_dir(inbox.path().join("old")).unwrap();
    let (watch, events) = Watch::start_with(&[inbox.path().to_path_buf()], EAGER).unwrap();
    let card = inbox.path().join("A003R1JL");
    std::fs::create_dir(&card).unwrap();
    std::fs::write(card.join("clip.mov"), b"x").unwrap();
    // Other tests mount volumes meanwhile.
    let folder_event = || loop {
        match events.recv_timeout(LONG).expect("an event comes") {
            VolumeEvent::Mounted(_) | VolumeEvent::Unmounted { .. } => {}
            event => return event,
        }
    };
    assert_eq!(folder_event(), VolumeEvent::FolderAppeared(card.clone()));
    std::fs::remove_dir_all(&card).unwrap();
    assert_eq!(folder_event(), VolumeEvent::FolderGone(card));
    drop(watch);
    assert!(events.iter().all(|event| !matches!(event, VolumeEvent::FolderAppeared(_))), "a dropped watch ends its channel");
}

#[test]
fn a_watch_stops_although_nobody_takes_its_events() {
    let inbox = tempfile::tempdir().unwrap();
    let (watch, events) = Watch::start_with(&[inbox.path().to_path_buf()], EAGER).unwrap();
    for index in 0..300 {
        let card = inbox.path().join(format!("card{index}"));
        std::fs::create_dir(&card).unwrap();
        std::fs::write(card.join("clip.mov"), b"x").unwrap();
    }
    while events.len() < 256 {
        std::thread::yield_now();
    }
    drop(watch);
}

#[test]
fn a_folder_that_is_not_there_cannot_be_watched() {
    let inbox = tempfile::tempdir().unwrap();
    assert!(Watch::start(&[inbox.path().join("absent")]).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_card_is_told_when_it_is_mounted_and_unmounted() {
    let Some(mut image) = crate::image::Image::new(16, "B007", false) else { return };
    image.unmount();
    let (_watch, events) = Watch::start(&[]).unwrap();
    image.mount().unwrap();
    let id = loop {
        match events.recv_timeout(LONG).expect("the mount is told") {
            VolumeEvent::Mounted(volume) if volume.mount_point == image.mount_point => {
                assert_eq!((volume.label.as_str(), volume.file_system.as_str()), ("B007", "ext4"));
                assert!(volume.total_bytes > 0 && !volume.read_only);
                break volume.id;
            }
            _ => {}
        }
    };
    assert!(checkgate_volume::mounted().unwrap().iter().any(|volume| volume.id == id));
    image.unmount();
    loop {
        match events.recv_timeout(LONG).expect("the unmount is told") {
            VolumeEvent::Unmounted { id: gone, mount_point } if mount_point == image.mount_point => {
                assert_eq!(gone, id);
                break;
            }
            _ => {}
        }
    }
    assert!(!checkgate_volume::mounted().unwrap().iter().any(|volume| volume.id == id));
}
