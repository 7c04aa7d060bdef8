//! Dumps of makers' tools and sidecars without media. Expected values are read off the dumps by eye and computed by hand.

use crate::support::{FolderCard, MemoryCard, samples};
use checkgate_camera::{describe_all, describe_without_media, recognise};
use checkgate_model::{ClipRecord, FieldState, FieldValue};

fn check(record: &ClipRecord, wanted: &[(&str, &str)]) {
    for (field, want) in wanted {
        assert_eq!(record.text(field), *want, "{} {field}: {:?}", record.clip, record.fields.get(*field));
    }
}

fn alone(card: &MemoryCard) -> Vec<ClipRecord> {
    describe_without_media(card, &recognise(card))
}

#[test]
fn the_arri_dump_of_a_real_clip() {
    let Some(root) = samples() else { return };
    let card = FolderCard::list(&root.join("camdkit/arri"));
    let records = describe_without_media(&card, &recognise(&card));
    let record = records.iter().find(|record| record.clip == "B001C001_180327_R1ZA").expect("the dump names its clip");
    check(
        record,
        &[
            ("clip.name", "B001C001_180327_R1ZA"),
            ("clip.uid", "e4b8a5cc-0000-4000-82e3-016200000000"),
            ("reel.name", "B001R1ZA"),
            ("camera.index", "B"),
            ("camera.make", "ARRI"),
            ("camera.model", "Alexa LF Plus W"),
            ("camera.serial", "2566"),
            ("camera.firmware", "AlexaLF_2.0:41017"),
            ("camera.id_suffix", "R1ZA"),
            ("media.serial", "X512GJ1F150083"),
            ("time.recorded_at", "2018-03-27T12:36:51+00:00"),
            ("tc.start", "13:36:49:07"),
            // 500 rows from 13:36:49:07: the last is 13:37:10:02, the first frame behind it :03.
            ("tc.end", "13:37:10:03"),
            ("duration.frames", "500"),
            ("tc.rate", "24"),
            ("tc.drop_frame", "no"),
            ("tc.user_bits", "00000000"),
            ("rate.project", "24"),
            ("rate.sensor", "24"),
            ("image.width_height", "1920x1080"),
            ("image.active_area", "0 0 1920 1080"),
            ("codec.name", "Apple ProRes 4444"),
            ("color.gamma", "ARRI LogC3"),
            ("color.primaries", "ARRI Wide Gamut 3"),
            ("exposure.index", "400"),
            ("exposure.shutter_angle", "172.8"),
            ("exposure.time", "0.02"),
            ("wb.kelvin", "3200"),
            ("wb.tint", "0"),
            ("filter.nd", "0"),
            ("lens.make", "ARRI"),
            ("lens.model", "ARRI SP40 T1.8"),
            ("lens.serial", "2"),
            ("lens.focal_length", "40"),
            ("lens.focus_distance", "4.812"),
            ("lens.squeeze", "1"),
            // 2^((2667-1000)/2000)
            ("lens.t_stop", "1.782003"),
            ("camera.roll", "-0.1"),
            ("look.cdl", "1 1 1 0 0 0 1 1 1"),
            ("look.saturation", "1"),
            ("slate.scene", "no scene name"),
            ("prod.name", "ALEXA LF Samplefootage"),
            ("prod.company", "ARRI"),
            ("prod.director", "H. Raedlein"),
            ("prod.dop", "C. Beckmerhagen"),
            ("prod.location", "ARRI Creative Space Muc"),
            ("orientation.flip", "No flip"),
        ],
    );
    for field in ["camera.tilt", "slate.take", "slate.circled", "look.name", "sound.roll", "recorder.make_model"] {
        assert_eq!(record.fields[field].state, FieldState::VendorUnknown, "{field}");
    }
    assert!(!record.fields.contains_key("gps"));
    let focus = &record.fields["lens.focus_distance"];
    assert!(focus.per_frame && focus.unit == "m");
    assert!(!record.fields["camera.model"].per_frame && record.fields["camera.model"].changes.is_empty());
    let conflicts: Vec<_> =
        record.fields.iter().filter(|(_, field)| field.state == FieldState::Conflict).map(|(name, _)| name).collect();
    assert!(conflicts.is_empty(), "{conflicts:?}");
}

#[test]
fn the_redline_dumps_of_a_real_clip() {
    let Some(root) = samples() else { return };
    let card = FolderCard::list(&root.join("camdkit/red"));
    let records = describe_without_media(&card, &recognise(&card));
    assert_eq!(records.len(), 1, "{:?}", records.iter().map(|record| &record.clip).collect::<Vec<_>>());
    let record = &records[0];
    check(
        record,
        &[
            ("clip.name", "A001_C066_0303LZ"),
            ("clip.uid", "2EE4BE6E-970F-44F5-9A76-E745B8AAD967"),
            ("file.original_name", "A001_C066_0303LZ_001.R3D"),
            ("reel.name", "A001"),
            ("camera.index", "A"),
            ("camera.model", "RANGER MONSTRO 8K VV"),
            ("camera.serial", "130-27E-4B5"),
            ("camera.firmware", "7.4.1"),
            ("media.serial", "20181024AAUS08390041"),
            ("time.recorded_at", "2022-03-03T13:21:46"),
            ("tc.start", "23:17:21:08"),
            // The tool prints the last frame's own label, 23:17:21:09.
            ("tc.end", "23:17:21:10"),
            ("duration.frames", "2"),
            ("rate.project", "24"),
            ("rate.sensor", "24"),
            ("image.width_height", "4096x2160"),
            ("color.gamma", "Log3G10"),
            ("color.primaries", "REDWideGamutRGB"),
            ("wb.kelvin", "5600"),
            ("wb.tint", "0"),
            ("exposure.index", "250"),
            ("exposure.shutter_angle", "180"),
            ("lens.make", "SIGMA"),
            ("lens.model", "40mm T1.5 FF | 018"),
            ("lens.serial", "G53599764"),
            ("lens.focal_length", "40"),
            ("lens.focus_distance", "0.41"),
            ("lens.f_stop", "5.6"),
            // Cooke /i: byte 5 is 48, byte 6 is 70: (8 << 6) + 48 = 560 hundredths.
            ("lens.t_stop", "5.6"),
            // Bytes 25 and 26 are 41 and 7F: +((1 << 6) + 63) = 127 mm.
            ("lens.entrance_pupil", "0.127"),
            ("codec.name", "REDcode 8:1"),
            ("span.count", "1"),
            ("look.name", "A001_C066_0303LZ-RED_FilmBias.cube"),
            ("orientation.flip", "No flip"),
        ],
    );
    let focus = &record.fields["lens.focus_distance"];
    let values: Vec<_> = focus.changes.iter().map(|change| (change.frame, change.value.clone())).collect();
    assert_eq!(values, [(0, Some(FieldValue::Float(0.41))), (1, Some(FieldValue::Float(0.42)))]);
}

const BRAW: &str = "Clip Metadata\nmanufacturer: Blackmagic Design\ncamera_type: Blackmagic URSA Mini Pro 12K\ncamera_id: 0123-AB\n\
    camera_number: A\nreel_name: 1\nscene: 4\ntake: 2\ngood_take: true\nformat_frame_rate: 24000,1001,\ncrop_origin: 16,8,\n\
    crop_size: 12288,6480,\nbraw_compression_ratio: 8:1\nanamorphic: 2x\nanamorphic_enable: 0\nlens_type: Test 50mm\n\
    viewing_gamma: Blackmagic Design Film\nviewing_gamut: Blackmagic Design\nmulticard_volume_number: 1\nmulticard_volume_count: 2\n\
    date_recorded: 2021:07:16\nclip_number: A001_07161230_C001\n\nFrame 0 Metadata\niso: 800\nsensor_rate: 48000,1001,\n\
    white_balance_kelvin: 5600\nwhite_balance_tint: 10\nshutter_value: 180deg\naperture: T2.3\ndistance: 991mm\nfocal_length: 50mm\n\
    internal_nd: 4\n\nFrame 1 Metadata\niso: 800\nsensor_rate: 48000,1001,\naperture: T2.8\ndistance: 1000mm\nfocal_length: 50mm\n";

#[test]
fn a_text_of_the_blackmagic_kit() {
    let records = alone(&MemoryCard::new().file("metadata.txt", BRAW));
    assert_eq!((records.len(), records[0].clip.as_str()), (1, "A001_07161230_C001"));
    let record = &records[0];
    check(
        record,
        &[
            ("clip.name", "A001_07161230_C001"),
            ("camera.make", "Blackmagic Design"),
            ("camera.model", "Blackmagic URSA Mini Pro 12K"),
            ("camera.serial", "0123-AB"),
            ("rate.project", "24000/1001"),
            ("rate.sensor", "48000/1001"),
            ("image.width_height", "12288x6480"),
            ("image.active_area", "16 8 12288 6480"),
            ("codec.name", "Blackmagic RAW 8:1"),
            // Switched off, so the squeeze that is set does not count.
            ("lens.squeeze", "1"),
            ("exposure.index", "800"),
            ("exposure.shutter_angle", "180"),
            ("wb.kelvin", "5600"),
            ("lens.t_stop", "2.3"),
            ("lens.focus_distance", "0.991"),
            ("lens.focal_length", "50"),
            ("filter.nd", "4"),
            ("slate.circled", "yes"),
            ("span.index", "1"),
            ("span.count", "2"),
            ("time.recorded_at", "2021-07-16"),
            ("duration.frames", "2"),
        ],
    );
    assert!(!record.fields.contains_key("lens.f_stop"));
    assert_eq!(record.fields["lens.t_stop"].changes.len(), 2);
}

#[test]
fn a_pair_of_canon_tables() {
    let card = MemoryCard::new()
        .file(
            "X_Static.csv",
            "Duration,Timescale,Width,Height,LensSqueezeFactor,ReelNumber,BitDepth\n3003,24000,8192,4320,1,A001,12\n",
        )
        .file(
            "X_Frames.csv",
            "ExposureTime,ApertureMode,ApertureNumber,FocalLength,FocusPosition,PhotographicSensitivityMode,PhotographicSensitivity,ColorTemperature\n\
             18000/100,2,280/100,35/1,40200000,1,2147484448/1,65535\n18000/100,2,280/100,35/1,40400000,1,2147484448/1,65535\n\
             18000/100,2,400/100,35/1,7f800000,1,2147484448/1,65535\n",
        );
    let records = alone(&card);
    assert_eq!(records.len(), 1);
    check(
        &records[0],
        &[
            ("rate.project", "24000/1001"),
            ("duration.frames", "3"),
            ("image.width_height", "8192x4320"),
            ("lens.squeeze", "133/100"),
            ("lens.t_stop", "2.8"),
            ("lens.focal_length", "35"),
            ("lens.focus_distance", "2.5"),
            ("exposure.index", "800"),
            ("exposure.shutter_angle", "180"),
            ("camera.make", "Canon"),
        ],
    );
    assert_eq!(records[0].fields["wb.kelvin"].state, FieldState::VendorUnknown);
    let focus = &records[0].fields["lens.focus_distance"].changes;
    assert_eq!(
        focus.iter().map(|change| change.value.clone()).collect::<Vec<_>>(),
        [Some(FieldValue::Float(2.5)), Some(FieldValue::Float(3.0)), None]
    );
}

#[test]
fn sony_document_and_table_without_media_are_one_record() {
    let xml = "<NonRealTimeMeta xmlns=\"urn:x\"><Duration value=\"2\"/><LtcChangeTable tcFps=\"24\"><LtcChange frameCount=\"0\" value=\"19044716\" \
               status=\"increment\"/></LtcChangeTable><VideoFormat><VideoFrame videoCodec=\"F55_X-OCN_XT_6K\" captureFps=\"23.98p\" \
               formatFps=\"23.98p\"/></VideoFormat><Device manufacturer=\"Sony\" modelName=\"MPC-3610\" serialNo=\"0010000\"/>\
               <AcquisitionRecord><Group name=\"CameraUnitMetadataSet\"><Item name=\"ShutterSpeedAngle\" value=\"18000\"/>\
               <Item name=\"AnamorphicLensSqueezeRatio\" value=\"200\"/></Group></AcquisitionRecord></NonRealTimeMeta>";
    let table = "Timecode,Focal Length (mm),Focus Distance (ft),Aperture\n16:47:04:19,40,10,T 2 3/10\n16:47:04:20,40,20,T 4\n";
    let card = MemoryCard::new().file("D001C005_210716AGM01.XML", xml).file("D001C005_210716AG_META.csv", table);
    let records = alone(&card);
    assert_eq!(records.len(), 1, "{:?}", records.iter().map(|record| &record.clip).collect::<Vec<_>>());
    check(
        &records[0],
        &[
            ("clip.name", "D001C005_210716AG"),
            ("camera.model", "MPC-3610"),
            ("tc.start", "16:47:04:19"),
            ("exposure.shutter_angle", "180"),
            ("lens.squeeze", "2"),
            ("lens.focal_length", "40"),
            ("lens.focus_distance", "3.048"),
            // 2^(2.3/2)
            ("lens.t_stop", "2.219139"),
            ("codec.name", "F55_X-OCN_XT_6K"),
            ("sensor.mode", "F55_X-OCN_XT_6K"),
        ],
    );
}

#[test]
fn a_dump_beside_its_clip_adds_to_the_clip() {
    let film = crate::support::Film { frames: 24, frame_bytes: 500, index_first: true, tags: &[] }.bytes();
    let dump = "Index\tMaster TC\tCamera Clip Name\tCamera Model\tMaster TC Time Base\n0\t01:00:00:00\tA003C001_261123_R1JL\tALEXA Mini\t23.976\n";
    let card = MemoryCard::new().file("A003R1JL/A003C001_261123_R1JL.mov", film).file("A003R1JL/meta.csv", dump);
    let found = recognise(&card);
    let records = describe_all(&card, &found);
    check(&records[0], &[("camera.model", "ALEXA Mini"), ("tc.start", "01:00:00:00"), ("duration.frames", "24")]);
    assert!(describe_without_media(&card, &found).is_empty());
}

#[test]
fn telemetry_of_real_drones() {
    let Some(root) = samples() else { return };
    let card = FolderCard::list(&root.join("dji-srt"));
    let records = describe_without_media(&card, &recognise(&card));
    let of = |clip: &str| records.iter().find(|record| record.clip.eq_ignore_ascii_case(clip)).expect("a record for every file");
    check(
        of("MAVIC3"),
        &[
            ("exposure.iso", "220"),
            ("exposure.time", "0.000125"),
            ("lens.f_stop", "3.2"),
            ("lens.focal_length", "24"),
            ("wb.kelvin", "5115"),
            ("gps", "3.41531 -3.3744 0.401"),
            ("time.recorded_at", "2021-12-25T12:27:52"),
        ],
    );
    check(
        of("air2s"),
        &[
            ("exposure.iso", "100"),
            ("lens.f_stop", "2.8"),
            ("lens.focal_length", "24"),
            ("gps", "41.424724 2.234156 117"),
            ("exposure.time", "0.0125"),
        ],
    );
    check(
        of("mavic_pro"),
        &[
            ("exposure.iso", "100"),
            ("lens.f_stop", "2.2"),
            ("gps", "-20.2533 149.0251"),
            ("time.recorded_at", "2017-08-05T14:11:51"),
        ],
    );
    assert!(of("MAVIC3").fields["exposure.iso"].per_frame);
}

#[test]
fn a_list_alone_gives_a_record_for_each_row() {
    let Some(root) = samples() else { return };
    let card = FolderCard::list(&root.join("otio-ale"));
    let records = describe_without_media(&card, &recognise(&card));
    let record = records.iter().find(|record| record.clip == "test_017056").expect("the first row of sample.ale");
    check(record, &[("tc.start", "01:00:00:00"), ("tc.end", "01:00:04:03"), ("duration.frames", "99")]);
}
