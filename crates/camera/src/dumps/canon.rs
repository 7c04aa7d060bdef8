//! Owns the two tables of Canon's metadata tool: one row for the clip, one row a frame, with rationals and a hexadecimal float.

use super::table::{Table, tell_all, tell_with};
use crate::values::{Reading, fraction, number_in, round6};
use crate::vendor::{Statements, Strength};
use checkgate_model::{FieldValue, FrameRate};

const CLIP: &[(&str, &str)] = &[
    ("UMID", "clip.uid"),
    ("ReelNumber", "reel.name"),
    ("CameraIndex", "camera.index"),
    ("Manufacturer", "camera.make"),
    ("MakerName", "camera.make"),
    ("ModelName", "camera.model"),
    ("SerialNo", "camera.serial"),
    ("SerialNumber", "camera.serial"),
    ("FirmVersion", "camera.firmware"),
    ("CreationTime", "time.recorded_at"),
    ("BitDepth", "codec.bit_depth"),
    ("SceneNumber", "slate.scene"),
    ("ShotNumber", "slate.shot"),
    ("TakeNumber", "slate.take"),
    ("LookFileName", "look.name"),
    ("AudioChannel", "audio.channels"),
    ("AudioSampleRate", "audio.sample_rate"),
    ("AudioSampleSize", "audio.bit_depth"),
    ("PlaceName", "prod.location"),
];

pub(super) fn tell_clip(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let strong = Strength::Sidecar;
    let at = |what: &str| format!("{file_name}: column {what}");
    tell_all(said, table, CLIP, file_name);
    said.value(Strength::Implied, &format!("{file_name}: Canon"), "camera.make", FieldValue::Text("Canon".to_owned()), "");
    let number = |column: &str| table.first(column).and_then(number_in).filter(|n| *n > 0.0);
    if let (Some(width), Some(height)) = (number("Width"), number("Height")) {
        let size = FieldValue::Size(width as i64, height as i64);
        said.value(strong, &at("Width, Height"), "image.width_height", size, format!("{width}x{height}"));
    }
    // A code, not a factor.
    if let Some(raw) = table.first("LensSqueezeFactor") {
        let squeeze = match raw.trim() {
            "0" => Some(FieldValue::Rational(1, 1)),
            "1" => Some(FieldValue::Rational(133, 100)),
            "2" => Some(FieldValue::Rational(2, 1)),
            "3" => Some(FieldValue::Rational(9, 5)),
            _ => None,
        };
        match squeeze {
            Some(squeeze) => said.value(strong, &at("LensSqueezeFactor"), "lens.squeeze", squeeze, raw),
            None => said.unknown(strong, &at("LensSqueezeFactor"), "lens.squeeze", "", raw),
        }
    }
    if let (Some(latitude), Some(longitude)) = (table.first("Latitude"), table.first("Longitude")) {
        said.read(strong, &at("Latitude, Longitude"), "gps", &format!("{latitude} {longitude}"), None);
    }
    tell_others(said, table, file_name);
}

/// What no table names but the general names of makers do.
fn tell_others(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    for column in table.header() {
        if !CLIP.iter().any(|(known, _)| known.eq_ignore_ascii_case(column))
            && *column != "LensSqueezeFactor"
            && *column != "Location"
        {
            let raw = table.first(column).unwrap_or("");
            said.vendor(Strength::Container, &format!("{file_name}: column {column}"), column, raw, None);
        }
    }
}

pub(super) fn tell_frames(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    let float = |number: f64| Reading::Value(FieldValue::Float(round6(number)));
    tell_with(said, table, ("wb.kelvin", "ColorTemperature"), file_name, &|_, raw| match fraction(raw) {
        Some(kelvin) if kelvin > 0.0 && kelvin < 65_535.0 => Reading::Value(FieldValue::Int(kelvin.round() as i64)),
        _ => Reading::Unknown,
    });
    tell_with(said, table, ("wb.tint", "ColorCompensation"), file_name, &|_, raw| fraction(raw).map_or(Reading::Unknown, float));
    // Ratio of light, where the camera says it (1/n or n), as stops.
    tell_with(said, table, ("filter.nd", "NDFilter"), file_name, &|_, raw| match fraction(raw)
        .filter(|n| *n > 0.0 && *n < 65_535.0)
    {
        Some(part) => float(if part < 1.0 { -part.log2() } else { part.log2() }),
        None => Reading::Unknown,
    });
    tell_with(said, table, ("lens.focal_length", "FocalLength"), file_name, &|_, raw| {
        fraction(raw).filter(|n| *n > 0.0 && *n < 65_535.0).map_or(Reading::Unknown, float)
    });
    tell_with(said, table, ("lens.focus_distance", "FocusPosition"), file_name, &|_, raw| match float_of_hex(raw)
        .filter(|n| n.is_finite() && *n > 0.0)
    {
        Some(metres) => float(f64::from(metres)),
        None => Reading::Unknown,
    });
    // Mode 1 counts the iris as f number, mode 2 as T number.
    let modes = table.column("ApertureMode");
    for (field, mode) in [("lens.f_stop", "1"), ("lens.t_stop", "2")] {
        tell_with(said, table, (field, "ApertureNumber"), file_name, &|row, raw| {
            if modes.get(row).copied().flatten().map(str::trim) != Some(mode) {
                return Reading::Absent;
            }
            fraction(raw).filter(|n| *n > 0.0 && *n < 65_535.0).map_or(Reading::Unknown, float)
        });
    }
    // The top bit is a mark of the mode, not part of the number.
    let modes = table.column("PhotographicSensitivityMode");
    tell_with(said, table, ("exposure.index", "PhotographicSensitivity"), file_name, &|row, raw| {
        if modes.get(row).copied().flatten().is_some_and(|mode| mode.trim() != "1") {
            return Reading::Absent;
        }
        let marked = f64::from(0x8000_0000u32);
        match fraction(raw).map(|n| if n >= marked { n - marked } else { n }).filter(|n| *n > 0.0 && *n < 1e7) {
            Some(iso) => Reading::Value(FieldValue::Int(iso.round() as i64)),
            None => Reading::Unknown,
        }
    });
    // Degrees as a rational (18000/100); what is below a degree is a time in seconds.
    tell_with(said, table, ("exposure.shutter_angle", "ExposureTime"), file_name, &|_, raw| match fraction(raw) {
        Some(angle) if (1.0..=360.0).contains(&angle) => float(angle),
        Some(time) if time > 0.0 && time < 1.0 => Reading::Absent,
        _ => Reading::Unknown,
    });
    tell_with(said, table, ("exposure.time", "ExposureTime"), file_name, &|_, raw| match fraction(raw) {
        Some(time) if time > 0.0 && time < 1.0 => float(time),
        _ => Reading::Absent,
    });
    if let Some(frames) = table.frames() {
        let length = FieldValue::Int(i64::from(frames));
        said.value(Strength::Sidecar, &format!("{file_name}: rows"), "duration.frames", length, format!("{frames} rows"));
    }
    for column in ["Timecode", "TimeCode"] {
        if let Some(raw) = table.first(column) {
            said.read(Strength::Sidecar, &format!("{file_name}: column {column}"), "tc.start", raw, None);
            break;
        }
    }
}

/// Duration and timescale of the clip's table with the rows of the frames' table give the rate.
pub(super) fn rate_of(duration: f64, timescale: f64, frames: usize) -> Option<FrameRate> {
    let fits = duration >= 1.0 && timescale >= 1.0 && duration < 4e9 && timescale < 4e9 && frames > 0;
    let exact = fits && (duration as u64).is_multiple_of(frames as u64);
    exact.then(|| FrameRate::new(timescale as u32, (duration as u64 / frames as u64).try_into().ok()?)).flatten()
}

/// Eight hexadecimal digits as a big-endian float.
fn float_of_hex(text: &str) -> Option<f32> {
    let digits = text.trim().trim_start_matches("0x");
    (digits.len() == 8).then(|| u32::from_str_radix(digits, 16).ok().map(f32::from_bits))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_floats_and_rates() {
        assert_eq!(float_of_hex("3f800000"), Some(1.0));
        assert_eq!(float_of_hex("zz800000"), None);
        assert_eq!(rate_of(48_048.0, 24_000.0, 48), FrameRate::new(24_000, 1001));
        assert_eq!(rate_of(48_048.0, 24_000.0, 47), None);
    }
}
