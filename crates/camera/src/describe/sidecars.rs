//! Owns what a recorder or camera writes beside or into a recording for people: bext and iXML, Sony XML, ALE.

use super::{say_int, say_rate, say_timecode, text};
use crate::complete::index::clip_name_of_row;
use crate::vendor::{Statements, Strength, number_in};
use crate::{riff, sony};
use checkgate_interchange::ale::Ale;
use checkgate_model::{Clip, FieldValue, FrameRate, RelPath, Timecode};

pub(super) fn from_wave(said: &mut Statements, wave: &riff::Wave, name: &str) {
    let at = format!("{name}: fmt");
    say_int(said, &at, "audio.channels", "", Some(i64::from(wave.channels)));
    say_int(said, &at, "audio.sample_rate", "Hz", Some(i64::from(wave.sample_rate)));
    say_int(said, &at, "audio.bit_depth", "bit", Some(i64::from(wave.bit_depth)));
    let codec = match wave.format_tag {
        1 | 0xfffe => Some("PCM"),
        3 => Some("PCM float"),
        2 | 0x11 => Some("ADPCM"),
        6 => Some("A-law"),
        7 => Some("u-law"),
        0x50 | 0x55 => Some("MPEG audio"),
        0x92 => Some("AC-3"),
        0xff | 0x1600 | 0x1602 => Some("AAC"),
        _ => None,
    };
    match codec {
        Some(codec) => said.say(Strength::Structure, &at, "codec.name", "", text(codec), wave.format_tag.to_string()),
        None => said.unknown(Strength::Structure, &at, "codec.name", "", &wave.format_tag.to_string()),
    }
    let samples = wave.sample_frames().and_then(|frames| i64::try_from(frames).ok());
    say_int(said, &format!("{name}: data"), "duration.samples", "sample", samples);
    if let Some(bext) = &wave.bext {
        let at = format!("{name}: bext");
        if let Ok(reference) = i64::try_from(bext.time_reference) {
            said.say(
                Strength::Container,
                &format!("{at}/TimeReference"),
                "sound.timeref",
                "sample",
                FieldValue::Int(reference),
                reference.to_string(),
            );
        }
        // Zeros are how writers leave the field.
        if bext.date.bytes().any(|byte| matches!(byte, b'1'..=b'9')) {
            said.read(Strength::Container, &at, "time.recorded_at", &format!("{} {}", bext.date, bext.time), None);
        }
        said.text(Strength::Container, &format!("{at}/Originator"), "recorder.make_model", &bext.originator);
        for line in bext.description.lines() {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            // Recorders put a letter before each key (`sSCENE=`).
            let field = match key.trim_start_matches(|c: char| c.is_ascii_lowercase()) {
                "SCENE" => "slate.scene",
                "TAKE" => "slate.take",
                "TAPE" => "sound.roll",
                "PROJECT" => "prod.name",
                "NOTE" => "slate.note",
                "UBITS" => {
                    said.read(
                        Strength::Loose,
                        &format!("{at}/Description"),
                        "tc.user_bits",
                        value.trim().trim_start_matches('$'),
                        None,
                    );
                    continue;
                }
                _ => continue,
            };
            said.text(Strength::Loose, &format!("{at}/Description"), field, value.trim());
        }
    }
    said.text(Strength::Loose, &format!("{name}: INFO/ISFT"), "file.writer", &wave.software);
    if let Some(value) = crate::values::date(&wave.created) {
        said.otherwise(&format!("{name}: INFO/ICRD"), "time.recorded_at", text(&value), wave.created.clone());
    }
    if let Some(ixml) = &wave.ixml {
        from_ixml(said, ixml, wave, samples, name);
    }
}

fn from_ixml(said: &mut Statements, ixml: &riff::Ixml, wave: &riff::Wave, samples: Option<i64>, name: &str) {
    let at = |path: &str| format!("{name}: iXML/{path}");
    for (path, field) in [
        ("SCENE", "slate.scene"),
        ("TAKE", "slate.take"),
        ("TAPE", "sound.roll"),
        ("PROJECT", "prod.name"),
        ("NOTE", "slate.note"),
        ("FILE_UID", "clip.uid"),
        ("FILE_SET/FAMILY_UID", "sound.family_uid"),
    ] {
        if let Some(value) = ixml.get(path) {
            said.text(Strength::Sidecar, &at(path), field, value.trim());
        }
    }
    if let Some(bits) = ixml.get("UBITS") {
        said.read(Strength::Sidecar, &at("UBITS"), "tc.user_bits", bits.trim_start_matches('$'), None);
    }
    if let Some(circled) = ixml.get("CIRCLED") {
        said.say(
            Strength::Sidecar,
            &at("CIRCLED"),
            "slate.circled",
            "",
            FieldValue::Bool(circled.eq_ignore_ascii_case("true")),
            circled,
        );
    }
    for (path, field) in [("FILE_SET/TOTAL_FILES", "sound.set_total"), ("FILE_SET/FILE_SET_INDEX", "sound.set_index")] {
        if let Some(value) = ixml.get(path) {
            match value.parse::<i64>() {
                Ok(number) => said.say(Strength::Sidecar, &at(path), field, "", FieldValue::Int(number), value),
                Err(_) => said.text(Strength::Sidecar, &at(path), field, value),
            }
        }
    }
    if !ixml.track_names.is_empty() {
        let names = ixml.track_names.join(", ");
        said.say(Strength::Sidecar, &at("TRACK_LIST"), "sound.tracks", "", text(&names), names.clone());
    }
    let number = |path: &str| ixml.get(path).and_then(|text| text.parse::<u64>().ok());
    let reference = number("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO").map(|low| {
        number("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI").unwrap_or(0).min(u64::from(u32::MAX)) << 32 | low & 0xffff_ffff
    });
    if let Some(reference) = reference.and_then(|reference| i64::try_from(reference).ok()) {
        said.say(
            Strength::Sidecar,
            &at("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT"),
            "sound.timeref",
            "sample",
            FieldValue::Int(reference),
            reference.to_string(),
        );
    }
    let Some(raw_rate) = ixml.get("SPEED/TIMECODE_RATE") else { return };
    let Some(rate) = FrameRate::parse(raw_rate) else { return };
    let drop = ixml.get("SPEED/TIMECODE_FLAG").is_some_and(|flag| flag.eq_ignore_ascii_case("DF"));
    say_rate(said, Strength::Sidecar, &at("SPEED/TIMECODE_RATE"), "tc.rate", rate, raw_rate);
    let reference =
        reference.map(|reference| reference as i128).or_else(|| wave.bext.as_ref().map(|bext| i128::from(bext.time_reference)));
    let (Some(reference), true) = (reference, wave.sample_rate > 0) else { return };
    // Samples since midnight to frames since midnight, in whole numbers.
    let frames_of = |samples: i128| {
        let frames = samples * i128::from(rate.num) / (i128::from(rate.den) * i128::from(wave.sample_rate));
        i64::try_from(frames).ok()
    };
    let Some(start) = frames_of(reference) else { return };
    let duration = samples.and_then(|samples| frames_of(i128::from(samples)));
    if let Some(frames) = duration {
        said.say(
            Strength::Container,
            &at("SPEED/TIMECODE_RATE and data"),
            "duration.frames",
            "frame",
            FieldValue::Int(frames),
            format!("{} samples", samples.unwrap_or(0)),
        );
    }
    say_timecode(said, &at("SPEED, samples since midnight"), start, rate.nominal(), drop, Some(rate), duration);
}

pub(super) fn from_sony(said: &mut Statements, meta: &sony::NonRealTimeMeta, name: &str) {
    let at = |what: &str| format!("{name}: {what}");
    let strong = Strength::Sidecar;
    for (field, what, words) in [
        ("clip.uid", "TargetMaterial umidRef", &meta.umid),
        ("time.recorded_at", "CreationDate", &meta.created),
        ("camera.make", "Device manufacturer", &meta.manufacturer),
        ("camera.model", "Device modelName", &meta.model),
        ("camera.serial", "Device serialNo", &meta.serial),
        ("camera.firmware", "Element software", &meta.firmware),
        ("lens.make", "Lens manufacturer", &meta.lens_manufacturer),
        ("lens.model", "Lens modelName", &meta.lens_model),
        ("sensor.mode", "VideoFrame videoCodec", &meta.codec),
    ] {
        if let Some(words) = words {
            said.text(strong, &at(what), field, words);
        }
    }
    if let Some(words) = &meta.recorder {
        said.text(strong, &at("Device"), "recorder.make_model", words);
    }
    if let Some(codec) = &meta.codec {
        said.otherwise(&at("VideoFrame videoCodec"), "codec.name", text(codec), codec.clone());
    }
    for (field, what, raw) in [
        ("audio.sample_rate", "AudioFormat samplingRate", &meta.audio_rate),
        ("orientation.flip", "VideoLayout flip", &meta.flip),
        ("tc.user_bits", "TypicalUbit", &meta.user_bits),
    ] {
        if let Some(raw) = raw {
            said.read(if field == "audio.sample_rate" { Strength::Container } else { strong }, &at(what), field, raw, None);
        }
    }
    for (field, what, rate) in [
        ("rate.project", "VideoFrame formatFps", &meta.format_rate),
        ("rate.sensor", "VideoFrame captureFps", &meta.capture_rate),
    ] {
        if let Some(raw) = rate
            && let Some(rate) = sony::rate_of(raw)
        {
            say_rate(said, strong, &at(what), field, rate, raw);
        }
    }
    if let Some((width, height)) = meta.size {
        said.say(
            strong,
            &at("VideoLayout"),
            "image.width_height",
            "px",
            FieldValue::Size(width, height),
            format!("{width}x{height}"),
        );
    }
    if let Some(frames) = meta.duration_frames {
        said.say(strong, &at("Duration"), "duration.frames", "frame", FieldValue::Int(frames), frames.to_string());
    }
    if let Some(channels) = meta.audio_channels {
        said.say(strong, &at("AudioFormat"), "audio.channels", "", FieldValue::Int(channels), channels.to_string());
    }
    if let Some((bits, raw)) = meta.audio_codec.as_ref().and_then(|codec| number_in(codec).map(|bits| (bits, codec))) {
        said.say(strong, &at("AudioRecPort audioCodec"), "audio.bit_depth", "bit", FieldValue::Int(bits as i64), raw.clone());
    }
    for (field, code) in [("tc.start", &meta.timecode_start), ("tc.end", &meta.timecode_end)] {
        if let Some((code, raw)) = code {
            said.say(strong, &at("LtcChange"), field, "", text(code), raw.clone());
        }
    }
    if let Some(rate) = meta.timecode_rate {
        say_rate(said, strong, &at("LtcChangeTable tcFps"), "tc.rate", rate, &rate.to_string());
    }
    if let Some(drop) = meta.drop_frame {
        said.say(strong, &at("LtcChange"), "tc.drop_frame", "", FieldValue::Bool(drop), drop.to_string());
    }
    if let Some(raw) = meta.item("CaptureGammaEquation") {
        said.gamma(strong, &at("CaptureGammaEquation"), raw);
    }
    if let Some(raw) = meta.item("CaptureColorPrimaries") {
        said.primaries(strong, &at("CaptureColorPrimaries"), raw);
    }
    if let Some((angle, raw)) = meta.item("ShutterSpeedAngle").and_then(|raw| number_in(raw).map(|angle| (angle, raw))) {
        // Hundredths of a degree in this document (camera.md 2.1).
        said.say(strong, &at("ShutterSpeedAngle"), "exposure.shutter_angle", "deg", FieldValue::Float(angle / 100.0), raw);
    }
    for (item, field) in [
        ("CameraIndex", "camera.index"),
        ("Reel", "reel.name"),
        ("Scene", "slate.scene"),
        ("Take", "slate.take"),
        ("DirectorName", "prod.director"),
        ("DirectorOfPhotographyName", "prod.dop"),
        ("Production", "prod.name"),
    ] {
        if let Some(words) = meta.item(item) {
            said.text(strong, &at(&format!("Meta {item}")), field, words);
        }
    }
    for (item, field) in [
        ("Shot", "slate.shot"),
        ("Circle", "slate.circled"),
        ("Project", "prod.name"),
        ("LensAttributes", "lens.serial"),
        ("MonitoringDescriptions", "look.name"),
        ("PreCDLTransform", "look.name"),
    ] {
        if let Some(raw) = meta.item(item) {
            said.read(strong, &at(item), field, raw, None);
        }
    }
    // Hundredths.
    if let Some((raw, squeeze)) = meta.item("AnamorphicLensSqueezeRatio").and_then(|raw| number_in(raw).map(|n| (raw, n))) {
        let factor = if squeeze >= 10.0 { squeeze / 100.0 } else { squeeze };
        match crate::values::ratio(factor) {
            Some(value) => said.value(strong, &at("AnamorphicLensSqueezeRatio"), "lens.squeeze", value, raw),
            None => said.unknown(strong, &at("AnamorphicLensSqueezeRatio"), "lens.squeeze", "", raw),
        }
    }
    if let Some((raw, (num, den))) = meta.item("PixelAspectRatio").and_then(|raw| {
        let (num, den) = raw.split_once(':')?;
        Some((raw, (num.trim().parse::<u16>().ok()?, den.trim().parse::<u16>().ok().filter(|den| *den > 0)?)))
    }) && let Some(value) = crate::values::ratio(f64::from(num) / f64::from(den))
    {
        said.value(strong, &at("PixelAspectRatio"), "image.pixel_aspect", value, raw);
    }
    let marker = ["EffectiveMarkerCoverage", "EffectiveMarkerAspectRatio"].map(|item| meta.item(item));
    if marker.iter().any(Option::is_some) {
        let words = marker.into_iter().flatten().collect::<Vec<_>>().join(", aspect ");
        said.value(strong, &at("EffectiveMarker"), "framing.framelines", text(&words), words.clone());
    }
    for (item, field, unit) in [
        ("ISOSensitivity", "exposure.iso", "ISO"),
        ("ExposureIndexOfPhotoMeter", "exposure.index", "ISO"),
        ("WhiteBalance", "wb.kelvin", "K"),
    ] {
        if let Some((number, raw)) = meta.item(item).and_then(|raw| number_in(raw).map(|number| (number, raw))) {
            said.say(strong, &at(item), field, unit, FieldValue::Int(number.round() as i64), raw);
        }
    }
}

/// The card's index: the medium, the proxy of the clip, and the kind of camera where nothing closer to the clip names it.
pub(super) fn from_profile(said: &mut Statements, profile: &sony::MediaProfile, path: &RelPath, clip: &Clip) {
    let folder = path.parent();
    let Some(essence) = clip.essence() else { return };
    if folder.as_ref().is_some_and(|folder| !essence.path.is_under(folder)) {
        return;
    }
    let name = path.file_name();
    if let Some(id) = &profile.media_id {
        said.text(Strength::Sidecar, &format!("{name}: Attached mediaId"), "media.serial", id);
    }
    if let Some(kind) = &profile.system_kind {
        // `ILME-FX6V ver.5.000`.
        let (model, version) = kind.split_once(" ver.").map_or((kind.as_str(), None), |(model, version)| (model, Some(version)));
        let source = format!("{name}: System systemKind");
        said.otherwise(&source, "camera.model", text(model.trim()), kind.clone());
        if let Some(version) = version {
            said.otherwise(&source, "camera.firmware", text(version.trim()), kind.clone());
        }
    }
    let inside = folder.as_ref().map_or_else(
        || essence.path.as_str().to_owned(),
        |folder| essence.path.as_str().get(folder.as_str().len() + 1..).unwrap_or("").to_owned(),
    );
    if let Some(material) = profile.materials.iter().find(|material| material.uri.eq_ignore_ascii_case(&inside)) {
        let at = |what: &str| format!("{name}: Material {what}");
        if let Some(umid) = &material.umid {
            said.text(Strength::Sidecar, &at("umid"), "clip.uid", umid);
        }
        if let Some(frames) = material.duration_frames {
            said.value(Strength::Sidecar, &at("dur"), "duration.frames", FieldValue::Int(frames), frames.to_string());
        }
        if let Some(proxy) = &material.proxy {
            let below = folder.as_ref().map_or_else(|| proxy.clone(), |folder| format!("{}/{proxy}", folder.as_str()));
            said.value(Strength::Sidecar, &at("Proxy uri"), "proxy.uri", text(&below), proxy.clone());
        }
    }
}

pub(super) fn from_ale(said: &mut Statements, ale: &Ale, path: &RelPath, clip: &Clip) {
    let folder = path.parent();
    let beside = clip.files.is_empty()
        || clip.essence().is_some_and(|file| folder.as_ref().is_none_or(|folder| file.path.is_under(folder)));
    let row = ale.rows.iter().find(|row| clip_name_of_row(ale, row).is_some_and(|name| name.eq_ignore_ascii_case(&clip.name)));
    if let (true, Some(row)) = (beside, row) {
        from_ale_row(said, ale, row, path);
    }
}

/// What one row of a list says.
pub(super) fn from_ale_row(said: &mut Statements, ale: &Ale, row: &[String], path: &RelPath) {
    let rate = ale.cell(row, "FPS").and_then(FrameRate::parse).or_else(|| ale.rate());
    let name = path.file_name();
    for (column, cell) in ale.columns.iter().zip(row) {
        // These three are made of two cells or of another unit, below.
        if matches!(column.as_str(), "Name" | "Duration" | "Date_camera" | "Time_camera" | "FPS") || cell.trim().is_empty() {
            continue;
        }
        said.vendor(Strength::Sidecar, &format!("{name}: column {column}"), column, cell, rate.map(FrameRate::nominal));
    }
    if let (Some(width), Some(height)) = (ale.cell(row, "Frame_width"), ale.cell(row, "Frame_height"))
        && let (Some(w), Some(h)) = (number_in(width), number_in(height))
    {
        let source = format!("{name}: columns Frame_width, Frame_height");
        said.say(
            Strength::Sidecar,
            &source,
            "image.width_height",
            "px",
            FieldValue::Size(w as i64, h as i64),
            format!("{width}x{height}"),
        );
    }
    if let Some(date) = ale.cell(row, "Date_camera") {
        let time = ale.cell(row, "Time_camera").unwrap_or("");
        let plain: String = date.chars().filter(char::is_ascii_digit).collect();
        if plain.len() == 8 && plain.len() == date.chars().filter(char::is_ascii_alphanumeric).count() {
            let clock = if time.is_empty() {
                String::new()
            } else {
                format!("T{}", time.trim().replace(['h', 'm'], ":").trim_end_matches('s'))
            };
            let value = format!("{}-{}-{}{clock}", &plain[..4], &plain[4..6], &plain[6..8]);
            said.say(
                Strength::Sidecar,
                &format!("{name}: columns Date_camera, Time_camera"),
                "time.recorded_at",
                "",
                text(&value),
                format!("{date} {time}").trim().to_owned(),
            );
        }
    }
    if let (Some(raw), Some(rate)) = (ale.cell(row, "Duration"), rate)
        && let Ok(code) = Timecode::parse(raw, rate.nominal())
    {
        said.say(
            Strength::Sidecar,
            &format!("{name}: column Duration"),
            "duration.frames",
            "frame",
            FieldValue::Int(i64::from(code.frames())),
            raw,
        );
    }
    if let Some(rate) = rate {
        let raw = ale.cell(row, "FPS").or_else(|| ale.heading("FPS")).unwrap_or("").to_owned();
        say_rate(said, Strength::Sidecar, &format!("{name}: FPS"), "tc.rate", rate, &raw);
    }
}
