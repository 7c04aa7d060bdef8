//! Owns what cameras put into a film beside pictures: metadata tracks (Sony, GoPro, DJI, Canon), frame boxes of Blackmagic, TIFF
//! blocks of Canon, user data of GoPro, documents of Sony.

use super::{stills, text};
use crate::acquisition::{self, Maker};
use crate::canonical::ValueKind;
use crate::source::{Numbers, Source, fixed_text};
use crate::values::{date, round6};
use crate::vendor::{Statements, Strength};
use crate::{dumps, gpmf, isobmff, protobuf, sony, tiff};
use checkgate_model::{FieldValue, FrameRate};
use std::io::Cursor;

pub(super) fn from_film(said: &mut Statements, movie: &isobmff::Movie, name: &str) {
    for document in &movie.documents {
        if let Some(meta) = sony::non_real_time_meta(document) {
            super::sidecars::from_sony(said, &meta, &format!("{name}: meta/xml"));
        }
    }
    from_boxes(said, movie, name);
    for (code, bytes) in &movie.captures {
        let at = format!("{name}: track {code}, first sample");
        match code.as_str() {
            "rtmd" => from_rtmd(said, bytes, &at),
            "gpmd" => from_gpmf(said, bytes, &at),
            "djmd" => from_djmd(said, bytes, &at),
            "CTMD" => from_ctmd(said, bytes, &at),
            code if code.eq_ignore_ascii_case("cndm") => from_cndm(said, bytes, &at),
            code if code.starts_with("br") => from_bmdf(said, bytes, &at),
            _ => {}
        }
    }
    if movie.tags.iter().any(|(key, _)| key == "braw_compression_ratio" || key == "multicard_volume_count") {
        let get = |wanted: &str| movie.tags.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
        dumps::tell_blackmagic_clip(said, Strength::Container, &|key| format!("{name}: {key}"), &get);
    }
    // Cameras without a clock of their own leave zero, which is 1904; what a camera says elsewhere knows its offset as well.
    const FROM_1904_TO_1970: u64 = 2_082_844_800;
    if let Some(seconds) = movie.created.checked_sub(FROM_1904_TO_1970).and_then(|seconds| i64::try_from(seconds).ok())
        && let Ok(instant) = jiff::Timestamp::from_second(seconds)
    {
        let source = format!("{name}: moov/mvhd creation time");
        said.otherwise(&source, "time.recorded_at", text(&instant.to_string()), movie.created.to_string());
    }
    if let Some(track) = movie.video() {
        if track.rotation != 0 {
            let words = format!("rotated {}", track.rotation);
            said.value(
                Strength::Container,
                &format!("{name}: moov/trak(vide)/tkhd"),
                "orientation.flip",
                text(&words),
                words.clone(),
            );
        }
        if let Some(area) = track.clean_aperture {
            let raw = area.map(|side| side.to_string()).join(" ");
            let source = format!("{name}: moov/trak(vide)/clap");
            said.value(Strength::Container, &source, "image.active_area", FieldValue::List(area.to_vec()), raw);
        }
    }
}

/// User data of GoPro and the TIFF blocks of Canon.
fn from_boxes(said: &mut Statements, movie: &isobmff::Movie, name: &str) {
    let is_gopro = movie.maker_boxes.iter().any(|(box_name, _)| box_name == b"FIRM" || box_name == b"GPMF");
    for (box_name, bytes) in &movie.maker_boxes {
        let at = format!("{name}: {}", String::from_utf8_lossy(box_name));
        match box_name {
            b"FIRM" => {
                let firmware = fixed_text(bytes);
                said.text(Strength::Container, &at, "camera.firmware", &firmware);
                if let Some(model) = gopro_model(&firmware) {
                    said.otherwise(
                        &format!("{at}, implied by the firmware's name"),
                        "camera.model",
                        text(model),
                        firmware.clone(),
                    );
                }
            }
            b"LENS" => said.text(Strength::Container, &at, "lens.serial", &fixed_text(bytes)),
            b"CAME" if bytes.iter().all(|byte| *byte == 0) => {
                said.unknown(Strength::Container, &at, "camera.serial", "", "zeros")
            }
            b"CAME" => said.text(Strength::Container, &at, "camera.serial", &hex(bytes)),
            b"MUID" if bytes.iter().any(|byte| *byte != 0) => said.text(Strength::Container, &at, "clip.uid", &hex(bytes)),
            b"GPMF" => from_gpmf(said, bytes, &at),
            [b'C', b'M', b'T', _] => {
                let mut reader = Cursor::new(bytes.as_slice());
                let mut source = Source::new(&mut reader, bytes.len() as u64);
                if let Ok(mut found) = tiff::directories(&mut source) {
                    // The second block is the Exif directory, the fourth that of the place.
                    match box_name[3] {
                        b'2' => found.exif = std::mem::take(&mut found.main),
                        b'4' => found.gps = std::mem::take(&mut found.main),
                        b'3' => continue,
                        _ => {}
                    }
                    stills::from_tags(said, &found, &at);
                }
            }
            _ => {}
        }
    }
    if is_gopro {
        said.value(Strength::Implied, &format!("{name}: user data of GoPro"), "camera.make", text("GoPro"), "");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect()
}

/// Models by the beginning of their firmware's name, as the maker numbers them.
fn gopro_model(firmware: &str) -> Option<&'static str> {
    const MODELS: &[(&str, &str)] = &[
        ("HD5.02", "HERO5 Black"),
        ("HD5.03", "HERO5 Session"),
        ("HD6.01", "HERO6 Black"),
        ("HD7.01", "HERO7 Black"),
        ("HD8.01", "HERO8 Black"),
        ("HD9.01", "HERO9 Black"),
        ("H19.03", "MAX"),
        ("H21.01", "HERO10 Black"),
        ("H22.01", "HERO11 Black"),
        ("H23.01", "HERO12 Black"),
        ("H24.01", "HERO13 Black"),
    ];
    MODELS.iter().find(|(start, _)| firmware.starts_with(start)).map(|(_, model)| *model)
}

/// Sony: two bytes of header length, then sets as in RDD 18.
fn from_rtmd(said: &mut Statements, bytes: &[u8], at: &str) {
    let Some(header) = bytes.be16(0).map(usize::from).filter(|header| *header >= 2) else { return };
    acquisition::tell(said, &acquisition::tags(bytes.get(header..).unwrap_or_default()), Maker::Sony, at);
}

fn from_gpmf(said: &mut Statements, bytes: &[u8], at: &str) {
    let found = gpmf::items(bytes);
    let mark = said.mark();
    let strong = Strength::Container;
    let first = |key: &[u8; 4]| found.iter().find(|item| &item.key == key);
    for (key, field) in
        [(b"MINF", "camera.model"), (b"CASN", "camera.serial"), (b"FMWR", "camera.firmware"), (b"LINF", "lens.serial")]
    {
        if let Some(words) = first(key).and_then(gpmf::Item::text) {
            said.text(strong, &format!("{at}/{}", String::from_utf8_lossy(key)), field, &words);
        }
    }
    for item in found.iter().filter(|item| &item.key == b"DVNM") {
        // A device that is no camera, or one that only says "Camera", names no model.
        if let Some(words) = item.text().filter(|words| words.to_ascii_lowercase().contains("hero") || words.contains("MAX")) {
            said.otherwise(&format!("{at}/DVNM"), "camera.model", text(&words), words.clone());
            break;
        }
    }
    let number = |key: &[u8; 4]| {
        let item = first(key)?;
        let scale = found.iter().find(|known| &known.key == b"SCAL" && known.stream == item.stream);
        let scale = scale.and_then(|scale| scale.numbers().first().copied()).filter(|scale| *scale != 0.0).unwrap_or(1.0);
        item.numbers().first().map(|number| number / scale).filter(|number| *number > 0.0)
    };
    if let Some(time) = number(b"SHUT").filter(|time| *time < 100.0) {
        let value = FieldValue::Float((time * 1e9).round() / 1e9);
        said.value(strong, &format!("{at}/SHUT"), "exposure.time", value, time.to_string());
    }
    if let Some(iso) = number(b"ISOE") {
        said.value(strong, &format!("{at}/ISOE"), "exposure.iso", FieldValue::Int(iso.round() as i64), iso.to_string());
    }
    if let Some(kelvin) = number(b"WBAL") {
        said.value(strong, &format!("{at}/WBAL"), "wb.kelvin", FieldValue::Int(kelvin.round() as i64), kelvin.to_string());
    }
    for key in [b"GPS9", b"GPS5"] {
        let Some(item) = first(key) else { continue };
        let scales = found.iter().find(|known| &known.key == b"SCAL" && known.stream == item.stream);
        let all: Vec<f64> =
            scales.map(|scale| gpmf::Item { size: scale.value.len(), ..scale.clone() }.numbers()).unwrap_or_default();
        let fix = found.iter().find(|known| &known.key == b"GPSF" && known.stream == item.stream);
        let fixed = fix.and_then(|fix| fix.numbers().first().copied()).is_none_or(|fix| fix >= 2.0);
        let numbers: Vec<f64> = item
            .numbers()
            .iter()
            .zip(&all)
            .take(3)
            .map(|(number, scale)| if *scale == 0.0 { *number } else { number / scale })
            .collect();
        let source = format!("{at}/{}", String::from_utf8_lossy(key));
        let raw = item.numbers().iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(" ");
        if numbers.len() == 3 && fixed && numbers[0].abs() <= 90.0 && numbers[1].abs() <= 180.0 {
            said.value(strong, &source, "gps", FieldValue::List(numbers.iter().map(|n| (n * 1e7).round() / 1e7).collect()), raw);
        } else if !numbers.is_empty() {
            said.unknown(strong, &source, "gps", "deg, deg, m", &format!("{raw}, no fix"));
        }
        break;
    }
    said.of_frame(mark);
}

/// DJI: the header of the clip is the same for all products; numbers of frame fields go by the product's own schema.
fn from_djmd(said: &mut Statements, bytes: &[u8], at: &str) {
    let strong = Strength::Container;
    let schema = protobuf::at(bytes, &[1, 1, 1]).and_then(|value| value.text().map(str::to_owned)).unwrap_or_default();
    for (path, field) in [(&[1, 1, 10][..], "camera.model"), (&[1, 1, 5], "camera.serial"), (&[1, 1, 6], "camera.firmware")] {
        if let Some(words) =
            protobuf::at(bytes, path).and_then(|value| value.text().map(str::to_owned)).filter(|words| words.len() < 128)
        {
            said.text(strong, &format!("{at}/{}", numbered(path)), field, &words);
        }
    }
    said.value(Strength::Implied, &format!("{at}: metadata of DJI"), "camera.make", text("DJI"), "");
    let mark = said.mark();
    let number = |path: &[u32]| protobuf::at(bytes, path).and_then(|value| value.number());
    let iso_field = if schema.contains("wa530") || schema.contains("eagle4") { 3 } else { 2 };
    if schema.contains("ac203") || schema.contains("ac204") || schema.contains("wa530") {
        let path = [3, 2, iso_field, 1];
        if let Some(iso) = number(&path).filter(|iso| (1.0..1e7).contains(iso)) {
            said.value(
                strong,
                &format!("{at}/{}", numbered(&path)),
                "exposure.iso",
                FieldValue::Int(iso.round() as i64),
                iso.to_string(),
            );
        }
        if let Some([num, den, ..]) = protobuf::at(bytes, &[3, 2, 4, 1]).map(|value| value.packed()).as_deref()
            && *den > 0
        {
            let time = *num as f64 / *den as f64;
            let value = FieldValue::Float((time * 1e9).round() / 1e9);
            said.value(strong, &format!("{at}/3.2.4.1"), "exposure.time", value, format!("{num}/{den}"));
        }
        if let Some(kelvin) = number(&[3, 2, 6, 1]).filter(|kelvin| (1000.0..50_000.0).contains(kelvin)) {
            said.value(strong, &format!("{at}/3.2.6.1"), "wb.kelvin", FieldValue::Int(kelvin.round() as i64), kelvin.to_string());
        }
    }
    said.of_frame(mark);
}

fn numbered(path: &[u32]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// Canon's timed metadata in CRM and CR3: records of little-endian length and kind.
fn from_ctmd(said: &mut Statements, bytes: &[u8], at: &str) {
    let mark = said.mark();
    let strong = Strength::Container;
    let mut place = 0usize;
    while let (Some(length), Some(kind)) = (bytes.le32(place).map(|length| length as usize), bytes.le16(place + 4)) {
        let Some(record) = place.checked_add(length).and_then(|end| bytes.get(place..end)).filter(|record| record.len() >= 12)
        else {
            break;
        };
        let body = &record[12..];
        let part = |at: usize| {
            body.le16(at).zip(body.le16(at + 2)).filter(|(_, den)| *den > 0).map(|(n, d)| f64::from(n) / f64::from(d))
        };
        match kind {
            4 => {
                if let Some(length) = part(0).filter(|length| *length > 0.0) {
                    said.value(
                        strong,
                        &format!("{at}/4"),
                        "lens.focal_length",
                        FieldValue::Float(round6(length)),
                        length.to_string(),
                    );
                }
            }
            5 => {
                if let Some(stop) = part(0).filter(|stop| *stop > 0.0) {
                    said.value(strong, &format!("{at}/5"), "lens.f_stop", FieldValue::Float(round6(stop)), stop.to_string());
                }
                if let Some(time) = part(4).filter(|time| *time > 0.0) {
                    said.value(
                        strong,
                        &format!("{at}/5"),
                        "exposure.time",
                        FieldValue::Float((time * 1e9).round() / 1e9),
                        time.to_string(),
                    );
                }
                if let Some(iso) = body.le32(8).filter(|iso| (1..10_000_000).contains(iso)) {
                    said.value(strong, &format!("{at}/5"), "exposure.iso", FieldValue::Int(i64::from(iso)), iso.to_string());
                }
            }
            0x0d => acquisition::tell(said, &acquisition::tags(body), Maker::Canon, &format!("{at}/acquisition")),
            _ => {}
        }
        place += length;
    }
    said.of_frame(mark);
}

/// Canon's metadata track in MP4: little-endian kind and length; 1 is timecode, 2 the acquisition sets.
fn from_cndm(said: &mut Statements, bytes: &[u8], at: &str) {
    let mut place = 0usize;
    while let (Some(kind), Some(length)) = (bytes.le32(place), bytes.le32(place + 4).map(|length| length as usize)) {
        let Some(body) = (place + 8).checked_add(length).and_then(|end| bytes.get(place + 8..end)) else { break };
        match kind {
            1 => {
                if let Some(bits) = body.le32(8) {
                    let value = text(&format!("{bits:08x}"));
                    said.value(Strength::Container, &format!("{at}/user bits"), "tc.user_bits", value, format!("{bits:#010x}"));
                }
            }
            2 => acquisition::tell(said, &acquisition::tags(body), Maker::Canon, &format!("{at}/acquisition")),
            _ => {}
        }
        place += 8 + length;
    }
}

/// Blackmagic: a box in front of each picture with the values of its frame.
fn from_bmdf(said: &mut Statements, bytes: &[u8], at: &str) {
    let Some((_, inside)) = isobmff::boxes(bytes).next().filter(|(name, _)| name == b"bmdf") else { return };
    let mark = said.mark();
    for (name, body) in isobmff::boxes(inside).take(256) {
        let at = format!("{at}/bmdf/{}", String::from_utf8_lossy(&name));
        let whole = body.be32(0).filter(|number| *number > 0 && *number < 10_000_000).map(i64::from);
        let real = body.be32(0).map(f32::from_bits).map(f64::from).filter(|number| number.is_finite());
        let words = fixed_text(body);
        let strong = Strength::Container;
        match &name {
            b"srte" => {
                if let Some((num, den)) = body.be32(0).zip(body.be32(4))
                    && let Some(rate) = FrameRate::new(num, den)
                {
                    said.value(strong, &at, "rate.sensor", crate::values::rate_value(rate), format!("{num}/{den}"));
                }
            }
            b"isoe" => {
                if let Some(iso) = whole {
                    said.value(strong, &at, "exposure.index", FieldValue::Int(iso), iso.to_string());
                }
            }
            b"wkel" => {
                if let Some(kelvin) = whole {
                    said.value(strong, &at, "wb.kelvin", FieldValue::Int(kelvin), kelvin.to_string());
                }
            }
            b"wtin" => {
                if let Some(tint) = body.be16(0).map(|bits| f64::from(bits as i16)) {
                    said.value(strong, &at, "wb.tint", FieldValue::Float(tint), tint.to_string());
                }
            }
            b"innd" => {
                if let Some(stops) = real.filter(|stops| *stops >= 0.0) {
                    said.value(strong, &at, "filter.nd", FieldValue::Float(round6(stops)), stops.to_string());
                }
            }
            b"shtv" if words.contains('/') => said.read(strong, &at, "exposure.time", &words, None),
            b"shtv" => said.read(strong, &at, "exposure.shutter_angle", &words, None),
            b"aptr" if words.starts_with(['T', 't']) => said.read_as(ValueKind::Float, strong, &at, "lens.t_stop", &words, None),
            b"aptr" => said.read_as(ValueKind::Float, strong, &at, "lens.f_stop", &words, None),
            b"dsnc" => said.read(strong, &at, "lens.focus_distance", &words, None),
            b"fcln" => said.read(strong, &at, "lens.focal_length", &words, None),
            _ => {}
        }
    }
    said.of_frame(mark);
}

/// The date of a maker's text, for callers of this folder.
pub(super) fn date_of(raw: &str) -> Option<FieldValue> {
    date(raw).map(FieldValue::Text)
}
