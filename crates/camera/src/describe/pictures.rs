//! Owns what the headers of single pictures and raw recordings say about a clip: DPX, OpenEXR, R3D, CINE, ARRIRAW.

use super::{say_int, say_rate, say_size, say_timecode, text};
use crate::names::{known_space, primaries_of};
use crate::vendor::{Statements, Strength};
use crate::{ari, cine, dpx, exr, r3d};
use checkgate_model::{FieldValue, FrameRate, Timecode};

/// Timecode of DPX and EXR: eight BCD digits, the flag bits masked.
fn bcd_timecode(bits: u32, nominal: u32) -> Option<(Timecode, bool)> {
    let two = |byte: u32, mask: u32| (byte & 0xf < 10).then_some((byte >> 4 & mask) * 10 + (byte & 0xf));
    let drop = bits & 0x40 != 0;
    let separator = if drop { ';' } else { ':' };
    let (h, m, s, f) = (two(bits >> 24, 3)?, two(bits >> 16 & 0xff, 7)?, two(bits >> 8 & 0xff, 7)?, two(bits & 0xff, 3)?);
    Timecode::parse(&format!("{h:02}:{m:02}:{s:02}{separator}{f:02}"), nominal).ok().map(|code| (code, drop))
}

fn say_bcd(said: &mut Statements, source: &str, bits: Option<u32>, rate: Option<FrameRate>) {
    let Some(bits) = bits else { return };
    let frames = match said.first("duration.frames") {
        Some(FieldValue::Int(frames)) => Some(*frames),
        _ => None,
    };
    if let Some((code, drop)) = bcd_timecode(bits, rate.map_or(30, FrameRate::nominal)) {
        say_timecode(said, source, i64::from(code.frames()), code.nominal(), drop, rate, frames.filter(|_| rate.is_some()));
    }
}

pub(super) fn from_dpx(said: &mut Statements, header: &dpx::Dpx, name: &str) {
    let at = format!("{name}: DPX header");
    say_size(said, &at, header.width, header.height);
    said.say(Strength::Structure, &at, "codec.name", "", text("DPX"), "SDPX");
    say_int(said, &at, "codec.bit_depth", "bit", header.bit_depth.map(i64::from));
    let rate = header.frame_rate.and_then(|rate| FrameRate::parse(&format!("{rate:.3}")));
    if let Some(rate) = rate {
        say_rate(said, Strength::Container, &at, "rate.project", rate, &rate.to_string());
    }
    // All zero is how writers without timecode leave the field; a real midnight start needs a rate beside it.
    say_bcd(said, &at, header.timecode_bcd.filter(|bits| *bits != 0 || rate.is_some()), rate);
    for (field, words) in [
        ("prod.name", &header.project),
        ("file.writer", &header.creator),
        ("camera.model", &header.input_device),
        ("camera.serial", &header.input_serial),
        ("slate.scene", &header.slate),
    ] {
        said.text(Strength::Loose, &at, field, words);
    }
    if let Some(date) = dpx_date(&header.created) {
        said.say(Strength::Loose, &at, "time.recorded_at", "", text(&date), header.created.clone());
    }
    if let Some((curve, gamut)) = known_space(&header.description) {
        let at = format!("{at}, element description");
        said.say(Strength::Loose, &at, "color.gamma", "", text(curve), header.description.clone());
        if let Some(gamut) = gamut {
            said.say(Strength::Loose, &at, "color.primaries", "", text(gamut), header.description.clone());
        }
    }
    // ST 268-1 table 5A: 2 linear, 3 logarithmic (film), 6 to 8 video. "Logarithmic" names no curve a transform could be chosen by.
    let curve = match header.transfer {
        Some(2) => Some("linear"),
        Some(6) => Some("Rec.709"),
        _ => None,
    };
    if let (Some(curve), Some(code)) = (curve, header.transfer) {
        said.say(Strength::Loose, &format!("{at}, transfer characteristic"), "color.gamma", "", text(curve), code.to_string());
    }
}

/// `2026:11:23:08:00:00UTC` becomes `2026-11-23T08:00:00UTC`-like RFC 3339 text.
fn dpx_date(created: &str) -> Option<String> {
    let plain = created.get(..19)?;
    let zone = if created.get(19..20) == Some("Z") { "Z" } else { "" };
    let digits = plain.bytes().enumerate().all(|(at, byte)| {
        if matches!(at, 4 | 7 | 10 | 13 | 16) { matches!(byte, b':' | b'-' | b' ' | b'T') } else { byte.is_ascii_digit() }
    });
    digits.then(|| {
        format!(
            "{}-{}-{}T{}:{}:{}{zone}",
            &plain[..4],
            &plain[5..7],
            &plain[8..10],
            &plain[11..13],
            &plain[14..16],
            &plain[17..19]
        )
    })
}

pub(super) fn from_exr(said: &mut Statements, header: &exr::Exr, name: &str) {
    let at = format!("{name}: OpenEXR header");
    say_size(said, &at, u32::try_from(header.width).ok(), u32::try_from(header.height).ok());
    said.say(Strength::Structure, &at, "codec.name", "", text("OpenEXR"), format!("compression {}", header.compression));
    say_int(said, &at, "codec.bit_depth", "bit", Some(if header.half { 16 } else { 32 }));
    let rate = header.frames_per_second.and_then(|(num, den)| FrameRate::new(u32::try_from(num).ok()?, den));
    if let Some(rate) = rate {
        say_rate(said, Strength::Container, &format!("{at}/framesPerSecond"), "rate.project", rate, &rate.to_string());
    }
    say_bcd(said, &format!("{at}/timeCode"), header.timecode_bcd, rate);
    for (attribute, field) in [
        ("reelName", "reel.name"),
        ("cameraMake", "camera.make"),
        ("cameraModel", "camera.model"),
        ("cameraSerialNumber", "camera.serial"),
        ("cameraLabel", "camera.index"),
        ("lensMake", "lens.make"),
        ("lensModel", "lens.model"),
        ("lensSerialNumber", "lens.serial"),
    ] {
        if let Some(words) = header.text(attribute) {
            said.text(Strength::Container, &format!("{at}/{attribute}"), field, words);
        }
    }
    for (attribute, field, unit) in [
        ("nominalFocalLength", "lens.focal_length", "mm"),
        ("focus", "lens.focus_distance", "m"),
        ("aperture", "lens.f_stop", "f"),
        ("tStop", "lens.t_stop", "T"),
        ("shutterAngle", "exposure.shutter_angle", "deg"),
    ] {
        if let Some(number) = header.float(attribute) {
            said.say(
                Strength::Container,
                &format!("{at}/{attribute}"),
                field,
                unit,
                FieldValue::Float(f64::from(number)),
                number.to_string(),
            );
        }
    }
    if let Some(iso) = header.float("isoSpeed") {
        said.say(
            Strength::Container,
            &format!("{at}/isoSpeed"),
            "exposure.index",
            "ISO",
            FieldValue::Int(iso.round() as i64),
            iso.to_string(),
        );
    }
    // The format's own definition: pixels are linear light. The weakest word there is, since log pictures are stored as well.
    said.say(
        Strength::Implied,
        &format!("{name}: OpenEXR is linear by definition"),
        "color.gamma",
        "",
        text("linear"),
        "OpenEXR",
    );
    if let Some(chromaticities) = header.chromaticities {
        let raw = chromaticities.map(|number| number.to_string()).join(" ");
        match primaries_of(chromaticities) {
            Some(gamut) => {
                said.say(Strength::Container, &format!("{at}/chromaticities"), "color.primaries", "", text(gamut), raw)
            }
            None => said.unknown(Strength::Container, &format!("{at}/chromaticities"), "color.primaries", "", &raw),
        }
    }
    if let Some(space) = header.text("colorInteropID") {
        let (curve, gamut) = match space {
            "lin_ap1_scene" => ("linear", "AP1"),
            "lin_ap0_scene" => ("linear", "AP0"),
            "lin_rec709_scene" => ("linear", "Rec.709"),
            other => (other, ""),
        };
        said.say(Strength::Container, &format!("{at}/colorInteropID"), "color.gamma", "", text(curve), space);
        if !gamut.is_empty() {
            said.say(Strength::Container, &format!("{at}/colorInteropID"), "color.primaries", "", text(gamut), space);
        }
    }
}

pub(super) fn from_r3d(said: &mut Statements, directory: &r3d::Directory, name: &str) {
    for (tag, field) in [
        (0x101A, "reel.name"),
        (0x1019, "camera.index"),
        (0x1006, "camera.serial"),
        (0x10A0, "camera.model"),
        (0x1025, "camera.firmware"),
        (0x1032, "media.serial"),
        (0x1070, "lens.model"),
        (0x106E, "lens.make"),
        (0x1056, "file.original_name"),
        (0x10BE, "codec.name"),
    ] {
        if let Some(words) = directory.text(tag) {
            said.text(Strength::Container, &format!("{name}: R3D tag {tag:04x}"), field, words);
        }
    }
    for (tag, field, unit) in [(0x200D, "wb.kelvin", "K"), (0x403B, "exposure.index", "ISO")] {
        if let Some(number) = directory.number(tag).filter(|number| (1.0..1e6).contains(number)) {
            said.say(
                Strength::Container,
                &format!("{name}: R3D tag {tag:04x}"),
                field,
                unit,
                FieldValue::Int(number.round() as i64),
                number.to_string(),
            );
        }
    }
    if let Some(rate) = directory.number(0x2066).and_then(|rate| FrameRate::parse(&format!("{rate:.3}"))) {
        say_rate(said, Strength::Container, &format!("{name}: R3D tag 2066"), "rate.project", rate, &rate.to_string());
    }
}

pub(super) fn from_cine(said: &mut Statements, header: &cine::Cine, name: &str) {
    let at = format!("{name}: CINE header");
    let side = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    say_size(said, &at, side(header.width), side(header.height));
    say_int(said, &at, "duration.frames", "frame", Some(i64::from(header.images)));
    said.say(Strength::Structure, &at, "codec.name", "", text("Phantom CINE"), "CI");
    if let Some(rate) = header.frames_per_second.and_then(|rate| FrameRate::new(rate, 1)) {
        say_rate(said, Strength::Container, &at, "rate.sensor", rate, &rate.to_string());
    }
}

pub(super) fn from_ari(said: &mut Statements, header: &ari::Ari, name: &str) {
    let at = format!("{name}: ARRIRAW header");
    say_size(said, &at, header.width, header.height);
    said.say(Strength::Structure, &at, "codec.name", "", text("ARRIRAW"), "ARRI");
    for (field, words) in [
        ("reel.name", &header.reel),
        ("camera.index", &header.camera_index),
        ("camera.model", &header.camera_model),
        ("lens.model", &header.lens_model),
        ("slate.scene", &header.scene),
        ("slate.take", &header.take),
        ("clip.name", &header.clip_name),
    ] {
        said.text(Strength::Container, &at, field, words);
    }
    for (field, unit, number) in
        [("wb.kelvin", "K", header.white_balance_kelvin), ("exposure.index", "ISO", header.exposure_index)]
    {
        if let Some(number) = number {
            said.say(Strength::Container, &at, field, unit, FieldValue::Int(i64::from(number)), number.to_string());
        }
    }
    if let Some(serial) = header.camera_serial {
        said.text(Strength::Container, &at, "camera.serial", &serial.to_string());
    }
    let rate = header.timecode_base_thousandths.and_then(|base| FrameRate::parse(&format!("{}.{:03}", base / 1000, base % 1000)));
    if let (Some(rate), Some(start)) = (rate, header.timecode_frame_count) {
        let frames = match said.first("duration.frames") {
            Some(FieldValue::Int(frames)) => Some(*frames),
            _ => None,
        };
        say_timecode(said, &at, i64::from(start), rate.nominal(), false, Some(rate), frames);
    }
}
