//! Owns what the tags of DNG, CinemaDNG and Exif say (TIFF 6.0, DNG 1.7, Exif 2.32; CinemaDNG's tags C763 to C7A1).

use super::{captured, say_size, say_timecode, text};
use crate::names::is_program;
use crate::source::Numbers;
use crate::tiff::{Directories, Tag};
use crate::values::{ratio, round6};
use crate::vendor::{Statements, Strength};
use checkgate_model::{FieldValue, FrameRate, Timecode};

/// A frame of CinemaDNG or a still: its own structure, then its tags.
pub(super) fn from_dng(said: &mut Statements, found: &Directories, name: &str) {
    let at = format!("{name}: TIFF");
    let side = |id: u16| found.raw.iter().find(|tag| tag.id == id).and_then(Tag::number).map(|number| number as u32);
    say_size(said, &at, side(256), side(257));
    if let Some(version) = found.get(0xC612) {
        let words = version.bytes.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        said.value(Strength::Structure, &at, "codec.name", text("DNG"), format!("DNG {words}"));
    }
    if let Some(bits) =
        found.raw.iter().find(|tag| tag.id == 258).and_then(Tag::number).filter(|bits| (1.0..=64.0).contains(bits))
    {
        said.value(Strength::Structure, &at, "codec.bit_depth", FieldValue::Int(bits as i64), bits.to_string());
    }
    // Active area: top, left, bottom, right.
    if let Some([top, left, bottom, right]) = found.raw.iter().find(|tag| tag.id == 0xC68D).map(Tag::numbers).as_deref() {
        let area = vec![*left, *top, right - left, bottom - top];
        said.value(
            Strength::Container,
            &format!("{at}/ActiveArea"),
            "image.active_area",
            FieldValue::List(area),
            format!("{top} {left} {bottom} {right}"),
        );
    }
    from_tags(said, found, &at);
    let rate = found
        .get(0xC764)
        .and_then(Tag::rational)
        .and_then(|(num, den)| FrameRate::new(num.try_into().ok()?, den.try_into().ok()?));
    if let Some(rate) = rate {
        said.value(
            Strength::Container,
            &format!("{at}/FrameRate"),
            "rate.project",
            crate::values::rate_value(rate),
            rate.to_string(),
        );
    }
    // Eight bytes of ST 331: frames, seconds, minutes and hours in BCD, then user bits.
    if let Some(code) = found.get(0xC763).filter(|tag| tag.bytes.len() >= 8) {
        let two = |byte: u8, mask: u8| (byte & 0xf < 10).then_some(u32::from(byte >> 4 & mask) * 10 + u32::from(byte & 0xf));
        let bytes = &code.bytes;
        let drop = bytes[0] & 0x40 != 0;
        let separator = if drop { ';' } else { ':' };
        let parts = (two(bytes[3], 3), two(bytes[2], 7), two(bytes[1], 7), two(bytes[0], 3));
        if let (Some(h), Some(m), Some(s), Some(f)) = parts
            && let Ok(label) =
                Timecode::parse(&format!("{h:02}:{m:02}:{s:02}{separator}{f:02}"), rate.map_or(30, FrameRate::nominal))
        {
            let frames = match said.first("duration.frames") {
                Some(FieldValue::Int(frames)) => Some(*frames),
                _ => None,
            };
            say_timecode(
                said,
                &format!("{at}/TimeCodes"),
                i64::from(label.frames()),
                label.nominal(),
                drop,
                rate,
                frames.filter(|_| rate.is_some()),
            );
        }
        if let Some(bits) = bytes.be32(4) {
            said.value(
                Strength::Container,
                &format!("{at}/TimeCodes"),
                "tc.user_bits",
                text(&format!("{bits:08x}")),
                format!("{bits:08x}"),
            );
        }
    }
}

/// Camera, lens, exposure and place.
pub(super) fn from_tags(said: &mut Statements, found: &Directories, at: &str) {
    let strong = Strength::Container;
    for (id, label, field) in [
        (0x010F, "Make", "camera.make"),
        (0x0110, "Model", "camera.model"),
        (0xC62F, "CameraSerialNumber", "camera.serial"),
        (0xA431, "BodySerialNumber", "camera.serial"),
        (0xC7A1, "CameraLabel", "camera.index"),
        (0xC789, "ReelName", "reel.name"),
        (0xA433, "LensMake", "lens.make"),
        (0xA434, "LensModel", "lens.model"),
        (0xA435, "LensSerialNumber", "lens.serial"),
        (0xA420, "ImageUniqueID", "clip.uid"),
    ] {
        if let Some(words) = found.get(id).and_then(Tag::text) {
            said.text(strong, &format!("{at}/{label}"), field, &words);
        }
    }
    if let Some(words) = found.get(0x0131).and_then(Tag::text) {
        let field = if is_program(&words) { "file.writer" } else { "camera.firmware" };
        said.text(strong, &format!("{at}/Software"), field, &words);
    }
    if let Some(words) = found.get(0xC614).and_then(Tag::text) {
        said.otherwise(&format!("{at}/UniqueCameraModel"), "camera.model", text(&words), words.clone());
    }
    let date = found.exif.iter().chain(&found.main).find(|tag| tag.id == 0x9003).and_then(Tag::text);
    if let Some(raw) = date.or_else(|| found.get(0x0132).and_then(Tag::text)) {
        let offset = found.get(0x9011).and_then(Tag::text).unwrap_or_default();
        let raw = format!("{raw} {offset}");
        if let Some(value) = captured::date_of(raw.trim()) {
            said.value(strong, &format!("{at}/DateTimeOriginal"), "time.recorded_at", value, raw.trim());
        }
    }
    if let Some(code) = found.get(0x0112).and_then(Tag::number) {
        // Exif 4.6.4: the turns and mirrors that bring the picture upright.
        let words = match code as u16 {
            1 => Some("No flip"),
            2 => Some("H flip"),
            3 => Some("rotated 180"),
            4 => Some("V flip"),
            5 => Some("H flip, rotated 270"),
            6 => Some("rotated 90"),
            7 => Some("H flip, rotated 90"),
            8 => Some("rotated 270"),
            _ => None,
        };
        if let Some(words) = words {
            said.value(strong, &format!("{at}/Orientation"), "orientation.flip", text(words), code.to_string());
        }
    }
    let mark = said.mark();
    for (id, label, field) in [
        (0x829A, "ExposureTime", "exposure.time"),
        (0x829D, "FNumber", "lens.f_stop"),
        (0xC772, "TStop", "lens.t_stop"),
        (0x920A, "FocalLength", "lens.focal_length"),
        (0x9206, "SubjectDistance", "lens.focus_distance"),
    ] {
        // An infinite or unknown value is written as 0 or all ones.
        if let Some(number) = found.get(id).and_then(Tag::number).filter(|number| *number > 0.0 && *number < 1e6) {
            let value = if id == 0x829A { (number * 1e9).round() / 1e9 } else { round6(number) };
            said.value(strong, &format!("{at}/{label}"), field, FieldValue::Float(value), number.to_string());
        }
    }
    if let Some(iso) = found.get(0x8827).and_then(Tag::number).filter(|iso| *iso > 0.0 && *iso < 65_535.0) {
        said.value(strong, &format!("{at}/ISOSpeedRatings"), "exposure.iso", FieldValue::Int(iso as i64), iso.to_string());
    }
    said.of_frame(mark);
    if let Some(squeeze) = found.get(0xC61E).map(Tag::numbers).filter(|scale| scale.len() == 2 && scale[1] > 0.0)
        && let Some(value) = ratio(squeeze[0] / squeeze[1])
        && (squeeze[0] / squeeze[1] - 1.0).abs() > 0.01
    {
        said.value(
            Strength::Implied,
            &format!("{at}/DefaultScale"),
            "image.pixel_aspect",
            value,
            format!("{} {}", squeeze[0], squeeze[1]),
        );
    }
    from_place(said, &found.gps, at);
}

/// Degrees, minutes and seconds with their letters.
fn from_place(said: &mut Statements, gps: &[Tag], at: &str) {
    let of = |id: u16| gps.iter().find(|tag| tag.id == id);
    let angle = |number: u16, letter: u16, negative: char| {
        let parts = of(number)?.numbers();
        let [degrees, minutes, seconds] = parts[..] else { return None };
        let value = degrees + minutes / 60.0 + seconds / 3600.0;
        let sign = if of(letter)?.text()?.starts_with(negative) { -1.0 } else { 1.0 };
        Some((sign * value * 1e7).round() / 1e7)
    };
    if let (Some(latitude), Some(longitude)) = (angle(2, 1, 'S'), angle(4, 3, 'W'))
        && latitude.abs() <= 90.0
        && longitude.abs() <= 180.0
    {
        let mut numbers = vec![latitude, longitude];
        let below = of(5).and_then(Tag::number) == Some(1.0);
        numbers.extend(of(6).and_then(Tag::number).map(|altitude| if below { -altitude } else { altitude }));
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(Strength::Container, &format!("{at}/GPS"), "gps", FieldValue::List(numbers), raw);
    }
}
