//! Owns the table of ARRI Meta Extract (one row a frame, names as its version 4.4 prints them).

use super::table::{Table, tell_all, tell_with};
use crate::canonical::ValueKind;
use crate::names::{is_vendor_unknown, lens_maker};
use crate::values::{Reading, number_in, round6, stops_of_density, value_of};
use crate::vendor::{Statements, Strength};
use checkgate_model::{FieldValue, FrameRate, Timecode};

const COLUMNS: &[(&str, &str)] = &[
    ("Camera Clip Name", "clip.name"),
    ("UUID", "clip.uid"),
    ("Reel", "reel.name"),
    ("Camera Index", "camera.index"),
    ("Camera Model", "camera.model"),
    ("Camera Serial Number", "camera.serial"),
    ("Camera SUP Name", "camera.firmware"),
    ("Camera ID", "camera.id_suffix"),
    ("Storage Media Serial Number", "media.serial"),
    ("Recorder Type", "recorder.make_model"),
    ("Master TC Drop Frame", "tc.drop_frame"),
    ("Master TC Time Base", "tc.rate"),
    ("Master TC User Info", "tc.user_bits"),
    ("Project FPS", "rate.project"),
    ("Sensor FPS", "rate.sensor"),
    ("Recording Codec", "codec.name"),
    ("Target Color Space", "color.gamma"),
    ("Exposure Index ASA", "exposure.index"),
    ("Shutter Angle", "exposure.shutter_angle"),
    ("Exposure Time", "exposure.time"),
    ("White Balance", "wb.kelvin"),
    ("White Balance CC", "wb.tint"),
    ("Lens Model", "lens.model"),
    ("Lens Serial Number", "lens.serial"),
    ("Lens Focal Length", "lens.focal_length"),
    ("Lens Squeeze", "lens.squeeze"),
    ("Camera Tilt", "camera.tilt"),
    ("Camera Roll", "camera.roll"),
    ("Look Name", "look.name"),
    ("CDL Saturation", "look.saturation"),
    ("Scene", "slate.scene"),
    ("Take", "slate.take"),
    ("Circle Take", "slate.circled"),
    ("Production", "prod.name"),
    ("Production Company", "prod.company"),
    ("Director", "prod.director"),
    ("Cinematographer", "prod.dop"),
    ("Operator", "prod.operator"),
    ("Location", "prod.location"),
    ("Sound Roll", "sound.roll"),
    ("Image Orientation", "orientation.flip"),
];

pub(super) fn tell(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let strong = Strength::Sidecar;
    let at = |what: &str| format!("{file_name}: column {what}");
    tell_all(said, table, COLUMNS, file_name);
    said.value(
        Strength::Implied,
        &format!("{file_name}: ARRI Meta Extract"),
        "camera.make",
        FieldValue::Text("ARRI".to_owned()),
        "",
    );
    let number = |column: &str| table.first(column).filter(|raw| !is_vendor_unknown(raw)).and_then(number_in);
    if let (Some(width), Some(height)) = (number("Image Width"), number("Image Height")) {
        let raw = format!("{width}x{height}");
        let size = FieldValue::Size(width as i64, height as i64);
        said.value(strong, &at("Image Width, Image Height"), "image.width_height", size, raw);
    }
    let sides = ["Active Image Left", "Active Image Top", "Active Image Width", "Active Image Height"].map(number);
    if let [Some(left), Some(top), Some(width), Some(height)] = sides {
        let area = FieldValue::List(vec![left, top, width, height]);
        said.value(strong, &at("Active Image"), "image.active_area", area, format!("{left} {top} {width} {height}"));
    }
    if let Some(lens) = table.first("Lens Model")
        && let Some(maker) = lens_maker(lens)
    {
        said.value(Strength::Implied, &at("Lens Model"), "lens.make", FieldValue::Text(maker.to_owned()), lens);
    }
    tell_focus(said, table, file_name);
    tell_with(said, table, ("lens.t_stop", "Lens Linear Iris"), file_name, &|_, raw| {
        if is_vendor_unknown(raw) {
            return Reading::Unknown;
        }
        number_in(raw).and_then(t_stop_of_linear_iris).map_or(Reading::Unknown, |stop| Reading::Value(FieldValue::Float(stop)))
    });
    let densities = table.column("ND Filter Density");
    tell_with(said, table, ("filter.nd", "ND Filter Type"), file_name, &|row, raw| {
        let density = densities.get(row).copied().flatten().filter(|raw| !is_vendor_unknown(raw)).and_then(number_in);
        match density {
            Some(density) => Reading::Value(FieldValue::Float(stops_of_density(density))),
            None => value_of(ValueKind::Stops, raw, None).map_or(Reading::Unknown, Reading::Value),
        }
    });
    tell_cdl(said, table, file_name);
    if let (Some(date), Some(time)) = (table.first("System Image Creation Date"), table.first("System Image Creation Time")) {
        let offset = table.first("System Image Timezone Offset").unwrap_or("");
        let raw = format!("{date} {time} {offset}");
        let source = at("System Image Creation Date, Time, Timezone Offset");
        said.read(strong, &source, "time.recorded_at", raw.trim(), None);
    }
    tell_framelines(said, table, file_name);
    tell_timecode(said, table, file_name);
}

/// ARRI's linear iris: a thousandth of a stop, 1000 is T 1 (2^((v-1000)/2000)); below 1000 and for the codes of a closed or invalid
/// iris nothing is known.
pub(crate) fn t_stop_of_linear_iris(linear: f64) -> Option<f64> {
    (1.0..=20_000.0).contains(&linear).then(|| round6(((linear - 1000.0) / 2000.0).exp2()))
}

fn tell_focus(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let units = table.column("Lens Distance Unit");
    tell_with(said, table, ("lens.focus_distance", "Lens Focus Distance"), file_name, &|row, raw| {
        if is_vendor_unknown(raw) {
            return Reading::Unknown;
        }
        let factor = match units.get(row).copied().flatten().unwrap_or("").to_ascii_lowercase().as_str() {
            "meter" | "metre" | "m" => 1.0,
            "inch" | "in" => 0.0254,
            "feet" | "foot" | "ft" => 0.3048,
            _ => return Reading::Unknown,
        };
        match number_in(raw).filter(|distance| *distance > 0.0) {
            Some(distance) => Reading::Value(FieldValue::Float(round6(distance * factor))),
            None => Reading::Unknown,
        }
    });
}

fn tell_cdl(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let mut numbers = Vec::new();
    for part in ["Slope", "Offset", "Power"] {
        for channel in ["R", "G", "B"] {
            numbers
                .extend(table.first(&format!("CDL {part} {channel}")).filter(|raw| !is_vendor_unknown(raw)).and_then(number_in));
        }
    }
    if numbers.len() == 9 {
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(Strength::Sidecar, &format!("{file_name}: columns CDL"), "look.cdl", FieldValue::List(numbers), raw);
    }
}

fn tell_framelines(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let mut lines = Vec::new();
    for line in ["1A", "1B", "1C", "2A", "2B", "2C"] {
        let part = |what: &str| table.first(&format!("Frame Line {line} {what}")).filter(|raw| !is_vendor_unknown(raw));
        if let Some(kind) = part("Type").filter(|kind| !kind.eq_ignore_ascii_case("inactive")) {
            let parts = ["Name", "Left", "Top", "Width", "Height"].map(|what| part(what).unwrap_or("?"));
            lines.push(format!("{line} {kind} {}", parts.join(" ")));
        }
    }
    if !lines.is_empty() {
        let text = lines.join("; ");
        let source = format!("{file_name}: columns Frame Line");
        said.value(Strength::Sidecar, &source, "framing.framelines", FieldValue::Text(text.clone()), text);
    }
}

/// One row a frame: the length is only what the rows count if their timecode says so too.
fn tell_timecode(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let at = |what: &str| format!("{file_name}: column {what}");
    let Some(first) = table.first("Master TC") else { return };
    let Some(rate) = table.first("Master TC Time Base").and_then(FrameRate::parse) else { return };
    let drop = table.first("Master TC Drop Frame").is_some_and(|raw| raw.eq_ignore_ascii_case("yes"));
    let code = |raw: &str| {
        let label = if drop { raw.replacen(':', "\u{0}", 2).replace(':', ";").replace('\u{0}', ":") } else { raw.to_owned() };
        Timecode::parse(&label, rate.nominal()).ok()
    };
    let Some(start) = code(first) else {
        return said.unknown(Strength::Sidecar, &at("Master TC"), "tc.start", "", first);
    };
    said.value(Strength::Sidecar, &at("Master TC"), "tc.start", FieldValue::Text(start.to_string()), first);
    if let Some((last, raw)) = table.last("Master TC").and_then(|raw| code(raw).map(|code| (code, raw)))
        && let Some(rows) = table.frames()
        && start.frames_until(last) == Some(rows - 1)
    {
        let end = last.offset(1).to_string();
        said.value(Strength::Sidecar, &format!("{}, last row", at("Master TC")), "tc.end", FieldValue::Text(end), raw);
        let length = FieldValue::Int(i64::from(rows));
        said.value(Strength::Sidecar, &format!("{file_name}: rows"), "duration.frames", length, format!("{rows} rows"));
    }
}
