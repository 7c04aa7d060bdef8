use crate::{clip, reader, record, timed, words};
use checkgate_interchange::{ReadJsonError, RollClip, otio};
use checkgate_model::{Clip, ClipKind, ClipRecord, FieldValue, FileRole, FrameRate, SequenceRange, Timecode};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A roll with drop-frame, 23.976, 47.952, a sequence with a hole, a second camera, sound, and a still without a length.
fn roll() -> (Vec<ClipRecord>, Vec<Clip>) {
    let mut second = timed("B001C001", "01:00:00:00", (25, 1), 250);
    second.state("camera.index", "", words("B"), "B", "test");
    let mut slow = timed("A003C004", "15:00:00:23", (24_000, 1001), 100);
    slow.state("rate.project", "fps", Some(FieldValue::Rational(48_000, 1001)), "raw", "test");
    let mut sound = timed("S001T01", "14:23:00;02", (30_000, 1001), 900);
    sound.state("audio.channels", "", Some(FieldValue::Int(6)), "6", "test");
    let records = vec![
        record(),
        timed("A003C002", "09:59:50;00", (30_000, 1001), 17_982),
        timed("A003C003", "01:00:00:40", (48_000, 1001), 960),
        slow,
        timed("A003C005", "00:00:00:10", (24, 1), 9),
        second,
        sound,
        ClipRecord::new("STILL01"),
    ];
    let mut sequence = clip(
        "A003C005",
        ClipKind::Sequence,
        FileRole::Frame,
        &["A003/A003C005/A003C005.0000010.ari", "A003/A003C005/A003C005.0000019.ari"],
    );
    sequence.sequence = Some(SequenceRange { first: 10, last: 19, missing: vec![14] });
    let clips = vec![
        clip(&records[0].clip, ClipKind::Video, FileRole::Essence, &["A003R1JL/A003C001 take #1.mov"]),
        clip("A003C002", ClipKind::Video, FileRole::Segment, &["A003/A003C002_001.R3D", "A003/A003C002_002.R3D"]),
        clip("A003C003", ClipKind::Video, FileRole::Essence, &["odd:name.mov"]),
        clip("A003C004", ClipKind::Video, FileRole::Essence, &["A003/A003C004.mov"]),
        sequence,
        clip("B001C001", ClipKind::Video, FileRole::Essence, &["B001/Ä.mov"]),
        clip("S001T01", ClipKind::Sound, FileRole::Essence, &["S001T01.WAV"]),
        clip("STILL01", ClipKind::Still, FileRole::Essence, &["STILL01.jpg"]),
    ];
    (records, clips)
}

fn document() -> otio::Otio {
    let (records, clips) = roll();
    otio::timeline("A003R1JL", &RollClip::pair(&records, &clips))
}

#[test]
fn a_roll_is_a_string_out_with_a_track_per_camera() {
    let written = document();
    let read = otio::parse(written.write().as_bytes()).unwrap();
    assert_eq!(read, written);
    let clips = read.clips();
    let placed: Vec<_> = clips.iter().map(|clip| (clip.name, clip.track)).collect();
    assert_eq!(
        placed,
        [
            ("A003C001_261123_R1JL", ("Picture", "Video")),
            ("A003C002", ("Picture", "Video")),
            ("A003C003", ("Picture", "Video")),
            ("A003C004", ("Picture", "Video")),
            ("A003C005", ("Picture", "Video")),
            ("B001C001", ("B", "Video")),
            ("S001T01", ("Sound", "Audio")),
        ]
    );
    let (records, _) = roll();
    assert!(clips.iter().zip(&records).all(|(clip, record)| clip.record().as_ref() == Some(record)), "records come back");
    assert_eq!(read.clips_without_length(), ["STILL01"], "what has no length is listed, not dropped");
    let range = clips[0].available_range.unwrap();
    assert_eq!(clips[0].source_range, Some(range));
    assert_eq!(range.start.frame_rate(), FrameRate::new(24_000, 1001));
    assert_eq!(range.start.timecode(false), Timecode::parse("14:23:07:11", 24).ok());
    assert_eq!(clips[1].available_range.unwrap().start.timecode(true), Timecode::parse("09:59:50;00", 30).ok());
    // Timecode counts at 23.976 here, frames play at 47.952.
    let slow = clips[3].available_range.unwrap();
    assert_eq!(
        (slow.start.frame_rate(), slow.duration.frame_rate()),
        (FrameRate::new(24_000, 1001), FrameRate::new(48_000, 1001))
    );
    assert_eq!(clips[0].url, Some("A003R1JL/A003C001%20take%20%231.mov"));
    assert_eq!(clips[2].url, Some("./odd:name.mov"), "a colon would make a scheme of it");
    assert_eq!(clips[5].url, Some("B001/%C3%84.mov"));
    assert_eq!(clips[0].value["metadata"]["checkgate"]["fields"]["tc.start"]["sources"][0]["source"], "test");
    let gap = &clips[4].value["metadata"]["checkgate"]["frame_numbers"];
    assert_eq!(*gap, json!({"first": 10, "last": 19, "missing": [14]}));
}

/// Opened by OpenTimelineIO, the library of the Academy Software Foundation.
#[test]
fn opentimelineio_sees_the_same_clips_ranges_and_timecodes() {
    let Some(python) = reader(&["opentimelineio"]) else { return };
    let script = "
import sys, json, opentimelineio as otio
line = otio.adapters.read_from_string(sys.stdin.buffer.read().decode('utf-8'), 'otio_json')
assert isinstance(line, otio.schema.Timeline), type(line)
drop = {'A003C002', 'S001T01'}
clips = []
for clip in line.find_clips():
    media = clip.media_reference
    there = media.available_range
    sequence = isinstance(media, otio.schema.ImageSequenceReference)
    clips.append({
        'name': clip.name, 'track': clip.parent().name, 'kind': clip.parent().kind,
        'start': otio.opentime.to_timecode(there.start_time, there.start_time.rate, clip.name in drop),
        'end': otio.opentime.to_timecode(there.end_time_exclusive(), there.start_time.rate, clip.name in drop),
        'frames': clip.duration().value, 'rate': clip.duration().rate,
        'url': [media.target_url_for_image_number(0), media.target_url_for_image_number(9), media.number_of_images_in_sequence(), media.end_frame()] if sequence else media.target_url,
        'reel': clip.metadata['checkgate']['fields'].get('reel.name', {}).get('value', {}).get('text'),
    })
print(json.dumps({
    'name': line.name, 'video': [t.name for t in line.video_tracks()], 'audio': [t.name for t in line.audio_tracks()], 'clips': clips,
    'seconds': line.duration().to_seconds(), 'again': json.loads(otio.adapters.write_to_string(line, 'otio_json')),
}))
";
    let (written, printed) = {
        let written = document().write();
        let printed = python.run(script, &[], written.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        (written, printed)
    };
    let seen: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&seen["name"], &seen["video"], &seen["audio"]),
        (&json!("A003R1JL"), &json!(["Picture", "B"]), &json!(["Sound"]))
    );
    let told: Vec<_> = seen["clips"]
        .as_array()
        .unwrap()
        .iter()
        .map(|clip| {
            let text = |name: &str| clip[name].as_str().unwrap_or_default().to_owned();
            (text("name"), text("start"), text("end"), clip["frames"].as_f64().unwrap(), clip["rate"].as_f64().unwrap())
        })
        .collect();
    let expect = |name: &str, start: &str, end: &str, frames: f64, rate: f64| {
        (name.to_owned(), start.to_owned(), end.to_owned(), frames, rate)
    };
    assert_eq!(
        told,
        [
            expect("A003C001_261123_R1JL", "14:23:07:11", "14:23:09:11", 48.0, 24_000.0 / 1001.0),
            expect("A003C002", "09:59:50;00", "10:09:50;00", 17_982.0, 30_000.0 / 1001.0),
            expect("A003C003", "01:00:00:40", "01:00:20:40", 960.0, 48_000.0 / 1001.0),
            expect("A003C004", "15:00:00:23", "15:00:03:01", 100.0, 48_000.0 / 1001.0),
            expect("A003C005", "00:00:00:10", "00:00:00:20", 10.0, 24.0),
            expect("B001C001", "01:00:00:00", "01:00:10:00", 250.0, 25.0),
            expect("S001T01", "14:23:00;02", "14:23:30;02", 900.0, 30_000.0 / 1001.0),
        ]
    );
    assert_eq!(seen["clips"][0]["reel"], "A003R1JL");
    let frames = &seen["clips"][4]["url"];
    assert_eq!(*frames, json!(["A003/A003C005/A003C005.0000010.ari", "A003/A003C005/A003C005.0000019.ari", 10, 19]));
    // What the library writes again says what we wrote.
    let again = otio::parse(seen["again"].to_string().as_bytes()).unwrap();
    let ours = otio::parse(written.as_bytes()).unwrap();
    assert_eq!(again.clips().len(), 7);
    for (theirs, ours) in again.clips().iter().zip(ours.clips()) {
        assert_eq!((theirs.available_range, theirs.url, theirs.track), (ours.available_range, ours.url, ours.track));
        assert_eq!(theirs.value["metadata"], ours.value["metadata"], "{}", ours.name);
    }
}

/// And the other way: a document of the library, with what we do not know, comes back whole.
#[test]
fn documents_of_others_survive_with_what_is_not_known() {
    let foreign = br#"{"OTIO_SCHEMA":"SerializableCollection.1","metadata":{"Vendor":{"deep":[1,2.5,{"x":23.976023976023978}]}},"name":"bin",
      "children":[{"OTIO_SCHEMA":"Clip.1","name":"old","metadata":{},"unknown":true,"media_reference":{"OTIO_SCHEMA":"ExternalReference.1",
      "target_url":"file:///a.mov","available_range":{"OTIO_SCHEMA":"TimeRange.1","start_time":{"OTIO_SCHEMA":"RationalTime.1","rate":24,"value":86400},
      "duration":{"OTIO_SCHEMA":"RationalTime.1","rate":24,"value":24}}}},{"OTIO_SCHEMA":"ThingOfTomorrow.9","children":7}]}"#;
    let read = otio::parse(foreign).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read.write()).unwrap(), serde_json::from_slice::<Value>(foreign).unwrap());
    assert!(read.write().contains("23.976023976023978"), "a rate is not a digit off");
    let clips = read.clips();
    assert_eq!((clips.len(), clips[0].name, clips[0].url), (1, "old", Some("file:///a.mov")));
    assert_eq!(clips[0].available_range.unwrap().start.timecode(false).unwrap().to_string(), "01:00:00:00");
}

#[test]
fn what_is_no_timeline_is_refused() {
    assert!(matches!(otio::parse(b"{}"), Err(ReadJsonError::OtherKind(_))));
    assert!(matches!(otio::parse(b""), Err(ReadJsonError::Syntax(_))));
    assert!(matches!(otio::parse(&b"[".repeat(100_000)), Err(ReadJsonError::Syntax(_))), "depth is bounded");
    assert!(matches!(otio::parse(&b"[,".repeat(2_000_000)), Err(ReadJsonError::TooLarge(_))));
}

proptest! {
    #[test]
    fn damaged_documents_are_read_or_refused(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        let mut bytes = document().write().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut.index(4) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(read) = otio::parse(&bytes) {
            let _ = read.clips().iter().filter_map(|clip| clip.available_range?.start.timecode(false)).count();
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = otio::parse(&bytes);
    }
}
