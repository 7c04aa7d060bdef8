//! The canonical record: values, provenance, and the three states that differ.

use crate::cards::mixed_card;
use crate::support::{Film, MemoryCard, film, mxf};
use checkgate_camera::{describe, describe_all, recognise};
use checkgate_model::{ClipRecord, FieldState, FieldValue};

fn record(card: &MemoryCard, clip: &str) -> ClipRecord {
    let found = recognise(card);
    let clip = found.clips.iter().find(|known| known.name == clip).unwrap_or_else(|| panic!("{clip} is grouped"));
    describe(card, &found, clip)
}

#[test]
fn arri_clip_has_picture_from_the_film_and_slate_from_the_list() {
    let record = record(&mixed_card(), "A003C001_261123_R1JL");
    for (field, want) in [
        ("reel.name", "A003R1JL"),
        ("camera.index", "A"),
        ("camera.make", "ARRI"),
        ("camera.model", "ALEXA 35"),
        ("camera.serial", "2001"),
        ("tc.start", "01:00:00:00"),
        ("tc.end", "01:00:01:00"),
        ("tc.rate", "24000/1001"),
        ("rate.project", "24000/1001"),
        ("duration.frames", "24"),
        ("image.width_height", "1920x1080"),
        ("codec.name", "Apple ProRes 4444"),
        ("codec.bit_depth", "12"),
        ("slate.scene", "012A"),
        ("slate.take", "3"),
        ("exposure.index", "800"),
        ("wb.kelvin", "5600"),
        ("color.gamma", "ARRI LogC4"),
        ("color.primaries", "ARRI Wide Gamut 4"),
        ("audio.sample_rate", "48000"),
    ] {
        assert_eq!(record.text(field), want, "{field}");
    }
    assert_eq!(record.fields["lens.model"].state, FieldState::VendorUnknown, "n.a. is not absent");
    assert!(!record.fields.contains_key("lens.serial"), "absent is not unknown");
    let conflicts: Vec<&String> =
        record.fields.iter().filter(|(_, field)| field.state == FieldState::Conflict).map(|(name, _)| name).collect();
    assert!(conflicts.is_empty(), "{conflicts:?}");
    assert!(record.fields["tc.start"].sources.len() >= 2);
    assert!(record.fields["color.primaries"].sources[0].source.contains("implied"));
}

#[test]
fn sources_that_disagree_are_a_conflict_and_the_strongest_leads() {
    let tags = [
        ("com.arri.camera.CameraModel", "ALEXA Mini LF"),
        ("com.arri.camera.WhiteBalanceKelvin", "3200"),
        ("com.arri.camera.ColorGammaSxS", "LOG-C"),
    ];
    let film = Film { frames: 24, frame_bytes: 500, index_first: true, tags: &tags }.bytes();
    let card =
        MemoryCard::new().file("A003R1JL/A003C001_261123_R1JL.mov", film).file("A003R1JL/A003R1JL_AVID.ale", crate::cards::ALE);
    let record = record(&card, "A003C001_261123_R1JL");
    let field = &record.fields["wb.kelvin"];
    assert_eq!((field.state, field.value.clone(), field.sources.len()), (FieldState::Conflict, Some(FieldValue::Int(5600)), 2));
    assert!(field.sources[0].source.contains(".ale") && field.sources[1].source.contains("com.arri.camera.WhiteBalanceKelvin"));
    assert_eq!(record.fields["camera.model"].state, FieldState::Conflict);
}

#[test]
fn sony_clip_is_described_by_its_own_xml() {
    let record = record(&mixed_card(), "C0001");
    for (field, want) in [
        ("camera.make", "Sony"),
        ("camera.model", "ILME-FX3"),
        ("camera.serial", "5001337"),
        ("color.gamma", "S-Log3"),
        ("color.primaries", "S-Gamut3.Cine"),
        ("clip.uid", "060A2B34"),
        ("media.serial", "C0DE01"),
        ("rate.project", "24000/1001"),
        ("audio.bit_depth", "24"),
    ] {
        assert_eq!(record.text(field), want, "{field}");
    }
    let codes: Vec<&str> = record.fields["tc.start"]
        .sources
        .iter()
        .filter_map(|said| said.value.as_ref())
        .map(|value| if let FieldValue::Text(text) = value { text.as_str() } else { "" })
        .collect();
    assert_eq!(codes, ["16:47:04:19", "01:00:00:00"], "reversed digits read, sources disagree");
    assert!(
        record.fields["tc.end"].sources.iter().any(|said| said.value == Some(FieldValue::Text("16:47:05:19".to_owned()))),
        "the last frame's label becomes an exclusive end"
    );
}

#[test]
fn plates_carry_colour_rate_and_timecode() {
    let card = mixed_card();
    let dpx = record(&card, "NF_040");
    for (field, want) in [
        ("color.gamma", "ARRI LogC4"),
        ("color.primaries", "ARRI Wide Gamut 4"),
        ("duration.frames", "2"),
        ("tc.start", "01:00:00:00"),
        ("tc.end", "01:00:00:02"),
        ("codec.bit_depth", "10"),
        ("rate.project", "24"),
    ] {
        assert_eq!(dpx.text(field), want, "dpx {field}");
    }
    let exr = record(&card, "NF_012");
    for (field, want) in [
        ("color.gamma", "linear"),
        ("color.primaries", "AP1"),
        ("image.width_height", "16x9"),
        ("reel.name", "VFX01"),
        ("rate.project", "24"),
    ] {
        assert_eq!(exr.text(field), want, "exr {field}");
    }
}

#[test]
fn a_take_is_described_by_bext_and_ixml() {
    let record = record(&mixed_card(), "S12AT03");
    for (field, want) in [
        ("slate.scene", "12A"),
        ("slate.take", "3"),
        ("slate.circled", "yes"),
        ("sound.roll", "26Y11M23"),
        ("sound.timeref", "2486640000"),
        ("audio.channels", "2"),
        ("audio.sample_rate", "48000"),
        ("audio.bit_depth", "24"),
        ("tc.rate", "24000/1001"),
        ("time.recorded_at", "2026-11-23T14:23:05"),
        ("recorder.make_model", "Sound Dev: 833"),
    ] {
        assert_eq!(record.text(field), want, "{field}");
    }
    // 51805 s of real time are 1 242 077.9 frames at 24000/1001: label 14:22:33:05.
    assert_eq!(record.text("tc.start"), "14:22:33:05");
}

#[test]
fn mxf_headers_give_timecode_and_size() {
    let card = MemoryCard::new().file("XDROOT/Clip/C0001.MXF", mxf(true));
    let record = record(&card, "C0001");
    for (field, want) in [
        ("tc.start", "00:57:36:00"),
        ("tc.end", "00:57:40:00"),
        ("image.width_height", "1920x1080"),
        ("duration.frames", "100"),
        ("rate.project", "25"),
        ("codec.bit_depth", "10"),
    ] {
        assert_eq!(record.text(field), want, "{field}");
    }
}

#[test]
fn a_card_of_one_family_without_rolls_is_the_roll_its_label_names() {
    let card = MemoryCard::new().labelled("B007").file("M4ROOT/CLIP/C0001.MP4", film());
    let found = recognise(&card);
    let record = describe(&card, &found, &found.clips[0]);
    let field = &record.fields["reel.name"];
    assert!(field.sources.iter().any(|said| said.source == "volume label" && said.raw == "B007"));
}

#[test]
fn all_at_once_is_the_same_as_one_by_one() {
    let card = mixed_card();
    let found = recognise(&card);
    let one_by_one: Vec<ClipRecord> = found.clips.iter().map(|clip| describe(&card, &found, clip)).collect();
    assert_eq!(describe_all(&card, &found), one_by_one);
}
