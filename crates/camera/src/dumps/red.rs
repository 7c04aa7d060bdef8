//! Owns what REDline prints: `--printMeta 3` (one row for the clip) and `--printMeta 5` (one row a frame, with Cooke /i data).

use super::table::{Table, tell_all, tell_with};
use crate::names::is_vendor_unknown;
use crate::values::{Reading, number_in, round6};
use crate::vendor::{Statements, Strength};
use checkgate_model::{FieldValue, FrameRate, Timecode};

const COLUMNS: &[(&str, &str)] = &[
    ("Clip Name", "clip.name"),
    ("UUID", "clip.uid"),
    ("Original File Name", "file.original_name"),
    ("Camera", "camera.index"),
    ("Camera Model", "camera.model"),
    ("Camera PIN", "camera.serial"),
    ("Firmware Version", "camera.firmware"),
    ("Media Serial Number", "media.serial"),
    ("FPS", "rate.project"),
    ("Record FPS", "rate.sensor"),
    ("Total Frames", "duration.frames"),
    ("Kelvin", "wb.kelvin"),
    ("Tint", "wb.tint"),
    ("ISO", "exposure.index"),
    ("Shutter (deg)", "exposure.shutter_angle"),
    ("Camera Audio Channels", "audio.channels"),
    ("File Segments", "span.count"),
    ("Focal Length", "lens.focal_length"),
    ("Lens Brand", "lens.make"),
    ("Lens Name", "lens.model"),
    ("Lens Serial Number", "lens.serial"),
    ("REDCODE", "codec.name"),
    ("Pixel Aspect Ratio", "image.pixel_aspect"),
    ("Camera 3D LUT", "look.name"),
    ("CDL Saturation", "look.saturation"),
    ("Scene", "slate.scene"),
    ("Shot", "slate.shot"),
    ("Take", "slate.take"),
    ("Circle", "slate.circled"),
    ("Production Name", "prod.name"),
    ("Location", "prod.location"),
    ("Director Of Photography", "prod.dop"),
    ("Director", "prod.director"),
    ("Camera Operator", "prod.operator"),
];

/// Curves by REDline's number, those that name what was recorded; a number of a display curve stays a number.
fn gamma_of_code(code: &str) -> Option<&'static str> {
    Some(match code.trim() {
        "27" => "REDLogFilm",
        "33" => "Log3G12",
        "34" => "Log3G10",
        _ => return None,
    })
}

/// As `gamma_of_code`, for primaries.
fn primaries_of_code(code: &str) -> Option<&'static str> {
    (code.trim() == "25").then_some("REDWideGamutRGB")
}

pub(super) fn tell_clip(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let strong = Strength::Sidecar;
    let at = |what: &str| format!("{file_name}: column {what}");
    tell_all(said, table, COLUMNS, file_name);
    said.value(Strength::Implied, &format!("{file_name}: REDline"), "camera.make", FieldValue::Text("RED".to_owned()), "");
    let number = |column: &str| table.first(column).and_then(number_in);
    // The reel with its camera letter is what files and reports are called by; the bare number stands in another column.
    for column in ["CamReelID", "ReelID"] {
        if let Some(raw) = table.first(column) {
            said.text(strong, &at(column), "reel.name", raw);
            break;
        }
    }
    if let (Some(width), Some(height)) = (number("Frame Width"), number("Frame Height")) {
        let size = FieldValue::Size(width as i64, height as i64);
        said.value(strong, &at("Frame Width, Frame Height"), "image.width_height", size, format!("{width}x{height}"));
    }
    if let Some(raw) = table.first("Gamma Space") {
        match gamma_of_code(raw) {
            Some(curve) => said.value(strong, &at("Gamma Space"), "color.gamma", FieldValue::Text(curve.to_owned()), raw),
            None => said.unknown(strong, &at("Gamma Space"), "color.gamma", "", raw),
        }
    }
    if let Some(raw) = table.first("Color Space") {
        match primaries_of_code(raw) {
            Some(gamut) => said.value(strong, &at("Color Space"), "color.primaries", FieldValue::Text(gamut.to_owned()), raw),
            None => said.unknown(strong, &at("Color Space"), "color.primaries", "", raw),
        }
    }
    if let Some((raw, part)) =
        table.first("Shutter (1/sec)").and_then(|raw| number_in(raw).map(|part| (raw, part))).filter(|(_, n)| *n > 0.0)
    {
        said.value(strong, &at("Shutter (1/sec)"), "exposure.time", FieldValue::Float(round6(1.0 / part)), format!("1/{raw}"));
    }
    // Aperture and focus are the lens's; 0 and -1 are how the tool prints "none".
    if let Some(raw) = table.first("Aperture") {
        match number_in(raw).filter(|stop| *stop > 0.0) {
            Some(stop) => said.value(strong, &at("Aperture"), "lens.f_stop", FieldValue::Float(stop), raw),
            None => said.unknown(strong, &at("Aperture"), "lens.f_stop", "f", raw),
        }
    }
    if let Some(raw) = table.first("Focus Distance") {
        match number_in(raw).filter(|distance| *distance > 0.0) {
            Some(_) => said.read(strong, &at("Focus Distance"), "lens.focus_distance", raw, None),
            None => said.unknown(strong, &at("Focus Distance"), "lens.focus_distance", "m", raw),
        }
    }
    // A pixel aspect is a statement about pixels; that it comes of a squeezed lens is a conclusion.
    if let Some((raw, aspect)) = table.first("Pixel Aspect Ratio").and_then(|raw| number_in(raw).map(|number| (raw, number)))
        && let Some(ratio) = crate::values::ratio(aspect)
    {
        said.value(Strength::Implied, &at("Pixel Aspect Ratio"), "lens.squeeze", ratio, raw);
    }
    if let (Some(date), Some(time)) = (table.first("Date"), table.first("Timestamp")) {
        let raw = format!("{date} {}", if time.len() < 6 { format!("{time:0>6}") } else { time.to_owned() });
        said.read(strong, &at("Date, Timestamp"), "time.recorded_at", &raw, None);
    }
    tell_flip(said, table, file_name);
    tell_guide(said, table, file_name);
    tell_cdl(said, table, file_name);
    tell_timecode(said, table, file_name);
}

fn tell_flip(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let Some((h, v)) = table.first("Flip Horizontal").zip(table.first("Flip Vertical")) else { return };
    let on = |raw: &str| raw == "1" || raw.eq_ignore_ascii_case("true");
    let words = match (on(h), on(v)) {
        (false, false) => "No flip",
        (true, false) => "H flip",
        (false, true) => "V flip",
        (true, true) => "H+V flip",
    };
    let source = format!("{file_name}: columns Flip Horizontal, Flip Vertical");
    said.value(Strength::Sidecar, &source, "orientation.flip", FieldValue::Text(words.to_owned()), format!("{h} {v}"));
}

fn tell_guide(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let sides = ["Frame Guide X", "Frame Guide Y", "Frame Guide Width", "Frame Guide Height"].map(|column| table.first(column));
    if let [Some(x), Some(y), Some(width), Some(height)] = sides {
        let name = table.first("Frame Guide Name").unwrap_or("guide");
        let text = format!("{name} {x} {y} {width} {height} (parts of the picture)");
        let source = format!("{file_name}: columns Frame Guide");
        said.value(Strength::Sidecar, &source, "framing.framelines", FieldValue::Text(text.clone()), text);
    }
}

fn tell_cdl(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let mut numbers = Vec::new();
    for part in ["Slope", "Offset", "Power"] {
        for channel in ["Red", "Green", "Blue"] {
            numbers.extend(table.first(&format!("CDL {part}: {channel}")).and_then(number_in));
        }
    }
    if numbers.len() == 9 {
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(Strength::Sidecar, &format!("{file_name}: columns CDL"), "look.cdl", FieldValue::List(numbers), raw);
    }
}

/// The tool's end is the last frame's own label; the canonical end is one behind it.
fn tell_timecode(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let at = |what: &str| format!("{file_name}: column {what}");
    let rate = table.first("FPS").and_then(FrameRate::parse);
    let nominal = rate.map_or(60, FrameRate::nominal);
    if let Some((raw, code)) = table.first("Abs TC").and_then(|raw| Timecode::parse(raw, nominal).ok().map(|code| (raw, code))) {
        said.value(Strength::Sidecar, &at("Abs TC"), "tc.start", FieldValue::Text(code.to_string()), raw);
        said.value(Strength::Sidecar, &at("Abs TC"), "tc.drop_frame", FieldValue::Bool(code.is_drop()), raw);
    }
    if let (Some(raw), Some(rate)) = (table.first("End Abs TC"), rate)
        && let Ok(code) = Timecode::parse(raw, rate.nominal())
    {
        said.value(Strength::Sidecar, &at("End Abs TC"), "tc.end", FieldValue::Text(code.offset(1).to_string()), raw);
    }
    if let (Some(rate), Some(raw)) = (rate, table.first("FPS")) {
        said.value(Strength::Sidecar, &at("FPS"), "tc.rate", crate::values::rate_value(rate), raw);
    }
}

pub(super) fn tell_frames(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let positive = |scale: f64| {
        move |_: usize, raw: &str| match number_in(raw).filter(|number| *number > 0.0) {
            Some(number) => Reading::Value(FieldValue::Float(round6(number * scale))),
            None => Reading::Unknown,
        }
    };
    tell_with(said, table, ("lens.f_stop", "Aperture"), file_name, &positive(1.0));
    // Millimetres; -1 is how the camera says that the lens gave none.
    tell_with(said, table, ("lens.focus_distance", "Focus Distance"), file_name, &positive(0.001));
    tell_with(said, table, ("lens.focal_length", "Focal Length"), file_name, &positive(1.0));
    for (field, part) in [("lens.t_stop", 0usize), ("lens.entrance_pupil", 1)] {
        tell_with(said, table, (field, "Cooke Metadata"), file_name, &|_, raw| {
            let bytes: Option<Vec<u8>> = raw.split('/').take(256).map(|byte| u8::from_str_radix(byte.trim(), 16).ok()).collect();
            let Some((t_stop, pupil)) = bytes.as_deref().and_then(cooke_dynamic) else { return Reading::Unknown };
            Reading::Value(FieldValue::Float(if part == 0 { t_stop } else { pupil }))
        });
    }
    // The clip's own table says more where it is there; of frames only the first label is taken.
    if let Some(raw) = table.first("Timecode").filter(|raw| !is_vendor_unknown(raw)) {
        said.read(Strength::Sidecar, &format!("{file_name}: column Timecode"), "tc.start", raw, None);
    }
}

/// T stop and entrance pupil (metres) of a Cooke /i packet of a frame: six bits to a byte, the aperture in hundredths of T in bytes 5
/// and 6, the pupil in millimetres with its sign in bytes 25 and 26.
pub(crate) fn cooke_dynamic(bytes: &[u8]) -> Option<(f64, f64)> {
    let six = |at: usize| bytes.get(at).map(|byte| u32::from(byte & 0x3f));
    let aperture = six(5)? << 6 | six(6)?;
    let (high, low) = (*bytes.get(25)?, six(26)?);
    let pupil = f64::from(u32::from(high & 0x0f) << 6 | low);
    let sign = if high & 0x20 != 0 { -1.0 } else { 1.0 };
    (aperture > 0).then(|| (f64::from(aperture) / 100.0, round6(sign * pupil / 1000.0)))
}
