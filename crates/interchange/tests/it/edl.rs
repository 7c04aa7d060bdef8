use crate::{reader, timed, words};
use checkgate_interchange::edl::{self, Edl, EdlError, Transition};
use checkgate_interchange::{RollClip, otio};
use checkgate_model::{FrameRate, Timecode};
use proptest::prelude::*;
use serde_json::Value;

fn rate(num: u32, den: u32) -> FrameRate {
    FrameRate::new(num, den).unwrap()
}

const CUT: &str = "TITLE: REEL 1 v12
FCM: NON-DROP FRAME

001  A003R1JL V     C        14:23:07:11 14:23:09:11 01:00:00:00 01:00:02:00
* FROM CLIP NAME: A003C001_261123_R1JL
* SOURCE FILE: A003C001_261123_R1JL.MOV
* ASC_SOP (1.05 1.0 0.96)(0.002 0.0 -0.003)(1.0 1.0 1.02)
* ASC_SAT 0.9
* LOC: 01:00:01:00 RED     VFX 010
002  B001 A002 AA/V  C        00:00:00:00 00:00:00:00 01:00:02:00 01:00:02:00
002  A004R1JL V     D    024 09:00:00:00 09:00:04:00 01:00:02:00 01:00:04:00
M2   A004R1JL       047.952                09:00:00:00
* FROM CLIP NAME: OLD
* TO CLIP NAME: NEW
003  AX       V     W001 012 00:00:10:00 00:00:11:00 01:00:04:00 01:00:05:00
M2   AX             -024.0                 00:00:10:00
>>> SOURCE KEPT AS IT STANDS
004  BL       NONE  K B      00:00:00:00 00:00:01:00 01:00:05:00 01:00:06:00
005  A005     V     C        00:00:00:00 00:00:01:99 01:00:05:00 01:00:06:00
";

#[test]
fn events_have_what_belongs_to_them() {
    let list = edl::parse(CUT, rate(24_000, 1001)).unwrap();
    assert_eq!(list.title.as_deref(), Some("REEL 1 v12"));
    let told: Vec<_> =
        list.events.iter().map(|event| (event.number.as_str(), event.reel.as_str(), event.channels.as_str())).collect();
    assert_eq!(told, [("001", "A003R1JL", "V"), ("002", "B001 A002", "AA/V"), ("002", "A004R1JL", "V"), ("003", "AX", "V")]);
    let [first, out, dissolve, wipe] = &list.events[..] else { panic!("four") };
    assert_eq!(
        (first.clip_name(), first.source_file.as_deref()),
        (Some("A003C001_261123_R1JL"), Some("A003C001_261123_R1JL.MOV"))
    );
    assert_eq!(first.source.0, Timecode::parse("14:23:07:11", 24).unwrap());
    assert_eq!((first.source_frames(), first.record_frames()), (48, 48));
    assert_eq!(first.sop, Some([1.05, 1.0, 0.96, 0.002, 0.0, -0.003, 1.0, 1.0, 1.02]));
    assert_eq!((first.saturation, &first.notes[..]), (Some(0.9), &["* LOC: 01:00:01:00 RED     VFX 010".to_owned()][..]));
    assert_eq!((out.record_frames(), &out.transition), (0, &Transition::Cut));
    assert_eq!((&dissolve.transition, dissolve.clip_name()), (&Transition::Dissolve(24), Some("NEW")));
    let speed = dissolve.speed.unwrap();
    assert_eq!((speed.rate, speed.reverse), (FrameRate::new(48_000, 1001), false));
    assert_eq!((dissolve.source_frames(), dissolve.record_frames()), (96, 48), "twice as fast");
    assert_eq!(wipe.transition, Transition::Wipe("001".to_owned(), 12));
    assert!(wipe.speed.unwrap().reverse);
    assert_eq!(wipe.notes, [">>> SOURCE KEPT AS IT STANDS"]);
    // What cannot be read is listed with its line.
    let unread: Vec<_> = list.unread.iter().map(|line| (line.line, line.why.as_str())).collect();
    assert_eq!(
        unread,
        [(18, "no such transition (C, D, W, K), or without its length"), (19, "no such source timecode at this rate"),]
    );
}

#[test]
fn the_mode_holds_until_it_changes_and_punctuation_is_stronger() {
    let text = "FCM: DROP FRAME\r\n1 A V C 00:01:00:02 00:01:10:02 00:09:59:28 00:10:00:00\r\n\
                2 B V C 00:01:00:00 00:01:10:00 00:10:00;00 00:10:10;00\r\n\
                3 C V C 00:00:00:00 00:00:01:00 00:01:00:00 00:01:01:00\r\n\
                FCM: NON-DROP FRAME\r\n4 D V C 00:01:00:00 00:01:10:00 00:10:10:00 00:10:20:00\r\n";
    let list = edl::parse(text, rate(30_000, 1001)).unwrap();
    let told: Vec<_> = list.events.iter().map(|event| (event.source.0.to_string(), event.record.0.to_string())).collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        told,
        [pair("00:01:00;02", "00:09:59;28"), pair("00:01:00:00", "00:10:00;00"), pair("00:01:00:00", "00:10:10:00"),]
    );
    assert_eq!(list.unread.len(), 1, "00:01:00;00 does not exist in the programme");
    // Drop-frame is only for 29.97 and its multiples.
    let list = edl::parse(text, rate(25, 1)).unwrap();
    assert!(!list.events[0].source.0.is_drop());
    let mac = text.replace("\r\n", "\r");
    assert_eq!(edl::parse(&mac, rate(30_000, 1001)).unwrap().events.len(), 3);
}

#[test]
fn freeze_frames_and_speeds_find_their_event() {
    let text = "TITLE: x\n001 A V C 01:00:00:00 01:00:00:01 00:00:00:00 00:00:04:00\nM2 A 000.0 01:00:00:00\n\
                002 B V C 01:00:00:00 01:00:00:00 00:00:04:00 00:00:04:00\n002 C V D 012 01:00:00:00 01:00:01:00 00:00:04:00 00:00:05:00\n\
                M2 B 012.0 01:00:00:00\nM2 C +036.5 01:00:00:00\nM2 nonsense\n";
    let list = edl::parse(text, rate(24, 1)).unwrap();
    let speeds: Vec<_> = list.events.iter().map(|event| event.speed.map(|speed| speed.rate)).collect();
    assert_eq!(speeds, [Some(None), Some(FrameRate::new(12, 1)), Some(FrameRate::new(73, 2))]);
    assert_eq!(list.unread[0].line, 8);
    assert_eq!(list.events[0].source_frames(), 1);
    let orphan = edl::parse("TITLE: x\nM2 A 012.0 01:00:00:00\n", rate(24, 1)).unwrap();
    assert_eq!((orphan.events.len(), orphan.unread.len()), (0, 1));
}

#[test]
fn what_is_no_list_is_refused() {
    assert_eq!(edl::parse("", rate(24, 1)), Err(EdlError::NoList));
    assert_eq!(edl::parse("Heading\nFPS\t24\n", rate(24, 1)), Err(EdlError::NoList));
    let endless = "1 A V C 00:00:00:00 00:00:00:01 00:00:00:00 00:00:00:01\n".repeat(100_001);
    assert_eq!(edl::parse(&endless, rate(24, 1)), Err(EdlError::TooLarge));
}

/// Read beside OpenTimelineIO's CMX 3600 adapter (`otio-cmx3600-adapter`).
#[test]
fn the_adapter_of_opentimelineio_reads_the_same_events() {
    let Some(python) = reader(&["opentimelineio", "otio_cmx3600_adapter"]) else { return };
    let script = "
import sys, json, opentimelineio as otio
line = otio.adapters.read_from_string(sys.stdin.buffer.read().decode('utf-8'), 'cmx_3600', rate=int(sys.argv[1]) / int(sys.argv[2]))
print(json.dumps([{
    'name': clip.name, 'reel': clip.metadata['cmx_3600']['reel'], 'start': clip.source_range.start_time.value,
    'frames': clip.source_range.duration.value,
    'speed': [effect.time_scalar for effect in clip.effects],
    'from': clip.range_in_parent().start_time.value,
} for clip in line.find_clips()]))
";
    for (text, fps) in [
        (
            "TITLE: cuts\nFCM: NON-DROP FRAME\n\n001  A003R1JL V     C        14:23:07:11 14:23:09:11 01:00:00:00 01:00:02:00\n* FROM CLIP NAME: A003C001\n\
             002  A004R1JL V     C        00:59:59:00 01:00:03:00 01:00:02:00 01:00:06:00\n* FROM CLIP NAME: A004C001\n\
             003  A005R1JL V     C        10:00:00:00 10:00:02:00 01:00:06:00 01:00:07:00\nM2   A005R1JL       048.0                10:00:00:00\n* FROM CLIP NAME: A005C001\n",
            rate(24, 1),
        ),
        (
            "TITLE: drop\nFCM: DROP FRAME\n\n001  D001     V     C        00:59:50;00 01:00:00;00 01:00:00;00 01:00:10;00\n* FROM CLIP NAME: D001C001\n\
             002  D002     V     C        00:09:59;28 00:10:00;00 01:00:10;00 01:00:10;02\n* FROM CLIP NAME: D002C001\n",
            rate(30_000, 1001),
        ),
    ] {
        let printed = python
            .run(script, &[&fps.num.to_string(), &fps.den.to_string()], text.as_bytes())
            .unwrap_or_else(|error| panic!("{error}"));
        let theirs: Vec<Value> = serde_json::from_str(&printed).unwrap();
        let ours = edl::parse(text, fps).unwrap();
        assert_eq!((ours.events.len(), ours.unread.len()), (theirs.len(), 0), "{text}");
        let begin = ours.events[0].record.0.frames();
        for (event, clip) in ours.events.iter().zip(&theirs) {
            assert_eq!((event.clip_name(), Some(event.reel.as_str())), (clip["name"].as_str(), clip["reel"].as_str()));
            assert_eq!(clip["start"], f64::from(event.source.0.frames()), "{clip}");
            assert_eq!(clip["from"], f64::from(event.record.0.frames() - begin), "{clip}");
            assert_eq!(clip["frames"], f64::from(event.record_frames()), "{clip}");
            let scalar = event.speed.and_then(|speed| speed.rate).map(|rate| rate.as_f64() / fps.as_f64());
            assert_eq!(clip["speed"].as_array().unwrap().first().and_then(Value::as_f64), scalar, "{clip}");
        }
    }
}

/// A list that OpenTimelineIO wrote from our timeline.
#[test]
fn lists_that_opentimelineio_writes_are_read() {
    let Some(python) = reader(&["opentimelineio", "otio_cmx3600_adapter"]) else { return };
    let script = "
import sys, opentimelineio as otio
line = otio.adapters.read_from_string(sys.stdin.buffer.read().decode('utf-8'), 'otio_json')
sys.stdout.write(otio.adapters.write_to_string(line, 'cmx_3600', rate=24))
";
    let records: Vec<_> = [("A003C001", "14:23:07:11", 48), ("A003C002", "14:30:00:00", 240), ("A003C003", "23:59:59:00", 12)]
        .into_iter()
        .map(|(name, start, frames)| {
            let mut record = timed(name, start, (24, 1), frames);
            record.state("file.name", "", words(&format!("{name}.mov")), name, "test");
            record
        })
        .collect();
    let written = otio::timeline("A003R1JL", &RollClip::pair(&records, &[])).write();
    let text = python.run(script, &[], written.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let list = edl::parse(&text, rate(24, 1)).unwrap();
    assert_eq!((list.title.as_deref(), &list.unread[..]), (Some("A003R1JL"), &[][..]), "{text}");
    let told: Vec<_> = list
        .events
        .iter()
        .map(|event| (event.clip_name().unwrap_or_default().to_owned(), event.source.0.to_string(), event.source_frames()))
        .collect();
    let expect = |name: &str, start: &str, frames: u32| (name.to_owned(), start.to_owned(), frames);
    assert_eq!(
        told,
        [expect("A003C001", "14:23:07:11", 48), expect("A003C002", "14:30:00:00", 240), expect("A003C003", "23:59:59:00", 12)],
        "{text}"
    );
}

fn sane(list: &Edl) {
    for event in &list.events {
        let _ = (event.record_frames(), event.source_frames(), event.clip_name());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(TITLE: x\n)?([0-9]{1,4} [\\PC]{0,20} [VDCWK0-9 ]{0,8} [0-9:;. ]{0,60}\n|M2 [\\PC]{0,30}\n|\\* [\\PC]{0,30}\n|[\\PC\n\r]{0,40}){0,12}", num in 1u32..200_000, den in 1u32..1002) {
        if let Ok(list) = edl::parse(&text, FrameRate { num, den }) {
            sane(&list);
        }
    }

    #[test]
    fn damaged_lists_are_read_or_refused(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), nominal in 1u32..2_000) {
        let mut bytes = CUT.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(list) = edl::parse(&String::from_utf8_lossy(&bytes), FrameRate { num: nominal, den: 1 }) {
            sane(&list);
        }
    }
}
