//! Owns what the headers of single pictures say about a clip: DPX and OpenEXR.

use super::{say_int, say_rate, say_size, say_timecode, text};
use crate::names::{is_program, known_space, primaries_of};
use crate::values::{rate_value, ratio, round6};
use crate::vendor::{Statements, Strength};
use crate::{dpx, exr};
use checkgate_model::{FieldValue, FrameRate, Timecode};

/// Timecode of DPX and EXR: eight BCD digits, the flag bits masked.
pub(super) fn bcd_timecode(bits: u32, nominal: u32) -> Option<(Timecode, bool)> {
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
        // Programs put their own name where a scanner would put its.
        let field = if field.starts_with("camera.") && is_program(words) { "file.writer" } else { field };
        said.text(Strength::Loose, &at, field, words);
    }
    if let Some(date) = dpx_date(&header.created) {
        said.say(Strength::Loose, &at, "time.recorded_at", "", text(&date), header.created.clone());
    }
    if let Some(bits) = header.user_bits.filter(|bits| *bits != 0) {
        said.value(Strength::Container, &at, "tc.user_bits", text(&format!("{bits:08x}")), format!("{bits:08x}"));
    }
    if let Some((x, y)) = header.pixel_aspect
        && let Some(value) = ratio(f64::from(x) / f64::from(y))
    {
        said.value(Strength::Container, &at, "image.pixel_aspect", value, format!("{x}:{y}"));
    }
    if let Some(angle) = header.shutter_angle {
        said.value(Strength::Loose, &at, "exposure.shutter_angle", FieldValue::Float(f64::from(angle)), angle.to_string());
    }
    if let Some(code) = header.orientation {
        // ST 268-1 table 2: bit 0 lines right to left, bit 1 bottom to top, bit 2 columns.
        let words = ["No flip", "H flip", "V flip", "H+V flip"][usize::from(code & 3)];
        let turned = if code & 4 != 0 { ", lines are columns" } else { "" };
        said.value(Strength::Container, &at, "orientation.flip", text(&format!("{words}{turned}")), code.to_string());
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
        ("cameraFirmwareVersion", "camera.firmware"),
        ("cameraUuid", "camera.id_suffix"),
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
        ("expTime", "exposure.time", "s"),
        ("entrancePupilOffset", "lens.entrance_pupil", "m"),
        ("cameraTintSetting", "wb.tint", "maker"),
    ] {
        if let Some(number) = header.float(attribute) {
            said.say(
                Strength::Container,
                &format!("{at}/{attribute}"),
                field,
                unit,
                FieldValue::Float(round6(f64::from(number))),
                number.to_string(),
            );
        }
    }
    if let Some(kelvin) = header.float("cameraCCTSetting").filter(|kelvin| (500.0..100_000.0).contains(kelvin)) {
        let value = FieldValue::Int(kelvin.round() as i64);
        said.value(Strength::Container, &format!("{at}/cameraCCTSetting"), "wb.kelvin", value, kelvin.to_string());
    }
    if let Some(aspect) = header.float("pixelAspectRatio")
        && let Some(value) = ratio(f64::from(aspect))
    {
        said.value(Strength::Container, &format!("{at}/pixelAspectRatio"), "image.pixel_aspect", value, aspect.to_string());
    }
    if let (Some(latitude), Some(longitude)) = (header.float("latitude"), header.float("longitude")) {
        let mut numbers = vec![round6(f64::from(latitude)), round6(f64::from(longitude))];
        numbers.extend(header.float("altitude").map(f64::from));
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(Strength::Container, &format!("{at}/latitude, longitude"), "gps", FieldValue::List(numbers), raw);
    }
    if let Some((_, (num, den))) = header.rationals.iter().find(|(name, _)| name == "captureRate")
        && let Some(rate) = u32::try_from(*num).ok().and_then(|num| FrameRate::new(num, *den))
    {
        said.value(Strength::Container, &format!("{at}/captureRate"), "rate.sensor", rate_value(rate), format!("{num}/{den}"));
    }
    if let Some(bits) = header.user_bits.filter(|_| header.timecode_bcd.is_some()) {
        said.value(
            Strength::Container,
            &format!("{at}/timeCode"),
            "tc.user_bits",
            text(&format!("{bits:08x}")),
            format!("{bits:08x}"),
        );
    }
    // The date without an offset is local; the seconds to UTC stand in an attribute of their own.
    if let Some(raw) = header.text("capDate") {
        // Seconds to add to come to UTC, so that its sign is that of the west.
        let offset =
            header.float("utcOffset").filter(|seconds| seconds.abs() <= 14.0 * 3600.0).map_or_else(String::new, |seconds| {
                let minutes = (-seconds / 60.0).round() as i32;
                format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
            });
        said.read(Strength::Loose, &format!("{at}/capDate"), "time.recorded_at", &format!("{raw}{offset}"), None);
    }
    if let Some(words) = header.text("comments") {
        said.text(Strength::Loose, &format!("{at}/comments"), "slate.note", words);
    }
    if let Some([left, top, width, height]) = header.display.filter(|[_, _, w, h]| (*w, *h) != (header.width, header.height)) {
        let area = [left, top, width, height].map(|side| side as f64).to_vec();
        let raw = format!("{left} {top} {width} {height}");
        said.value(Strength::Container, &format!("{at}/displayWindow"), "image.active_area", FieldValue::List(area), raw);
    }
    if header.text("ascFramingDecisionList").is_some() {
        let source = format!("{at}/ascFramingDecisionList");
        said.value(Strength::Container, &source, "framing.framelines", text("ASC FDL in the header"), "ascFramingDecisionList");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_openexr_has_the_offset_that_stands_beside_it() {
        for (seconds, want) in [(25_200.0, "2002-06-23T21:30:00-07:00"), (-19_800.0, "2002-06-23T21:30:00+05:30")] {
            let mut header = exr::Exr::default();
            header.texts.push(("capDate".to_owned(), "2002:06:23 21:30:00".to_owned()));
            header.floats.push(("utcOffset".to_owned(), seconds));
            let mut said = Statements::default();
            from_exr(&mut said, &header, "a.exr");
            assert_eq!(said.into_record("a").text("time.recorded_at"), want);
        }
    }
}
