//! Owns the table of frames that Sony's viewer exports: units in the column names, the iris as full stops and tenths.

use super::table::{Table, tell_with};
use crate::canonical::canonical;
use crate::values::{Reading, number_in, reading, round6};
use crate::vendor::{Statements, Strength};
use checkgate_model::FieldValue;

/// Column without its unit, and the field it means.
const COLUMNS: &[(&str, &str)] = &[
    ("Focal Length", "lens.focal_length"),
    ("Focus Distance", "lens.focus_distance"),
    ("Camera Tilt", "camera.tilt"),
    ("Camera Roll", "camera.roll"),
    ("Tilt", "camera.tilt"),
    ("Roll", "camera.roll"),
    ("ISO", "exposure.iso"),
    ("ISO Sensitivity", "exposure.iso"),
    ("Exposure Index", "exposure.index"),
    ("Shutter Angle", "exposure.shutter_angle"),
    ("Shutter", "exposure.shutter_angle"),
    ("White Balance", "wb.kelvin"),
    ("ND Filter", "filter.nd"),
    ("ND", "filter.nd"),
    ("Lens Model", "lens.model"),
];

pub(super) fn tell_frames(said: &mut Statements, table: &Table<'_>, file_name: &str) {
    for column in table.header() {
        let (name, unit) = column.split_once('(').map_or((*column, ""), |(name, unit)| (name, unit.trim_end_matches(')')));
        let name = name.trim();
        let Some((_, field)) = COLUMNS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else { continue };
        let kind = canonical(field).kind;
        tell_with(said, table, (field, column), file_name, &|_, raw| {
            if number_in(raw).is_some() && !raw.trim().ends_with(|c: char| c.is_ascii_alphabetic()) {
                return reading(kind, &format!("{raw} {unit}"), None);
            }
            reading(kind, raw, None)
        });
    }
    for (field, letter) in [("lens.t_stop", "T"), ("lens.f_stop", "F")] {
        tell_with(said, table, (field, "Aperture"), file_name, &|_, raw| {
            let text = raw.trim();
            if !text.get(..1).is_some_and(|first| first.eq_ignore_ascii_case(letter)) {
                return Reading::Absent;
            }
            iris(text).map_or(Reading::Unknown, |stop| Reading::Value(FieldValue::Float(stop)))
        });
    }
    for column in ["Timecode", "TC", "Time Code", "LTC"] {
        if let Some(raw) = table.first(column) {
            said.read(Strength::Sidecar, &format!("{file_name}: column {column}"), "tc.start", raw, None);
            break;
        }
    }
    if let Some(frames) = table.frames() {
        let length = FieldValue::Int(i64::from(frames));
        said.value(Strength::Sidecar, &format!("{file_name}: rows"), "duration.frames", length, format!("{frames} rows"));
    }
}

/// `T 2 3/10` is two full stops and three tenths above T 1, so 2^(2.3/2); `T 2.8` is the number itself.
fn iris(text: &str) -> Option<f64> {
    let rest = text.get(1..)?.trim();
    if rest.contains('.') {
        return number_in(rest).filter(|stop| *stop > 0.0);
    }
    let mut parts = rest.split_whitespace();
    let full: f64 = parts.next()?.parse().ok()?;
    let tenths = match parts.next() {
        Some(part) => part.strip_suffix("/10")?.parse::<f64>().ok()?,
        None => 0.0,
    };
    ((0.0..=20.0).contains(&full) && (0.0..10.0).contains(&tenths)).then(|| round6(((full + tenths / 10.0) / 2.0).exp2()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_iris_is_counted_in_stops_and_tenths() {
        assert_eq!(iris("T 2"), Some(2.0));
        assert_eq!(iris("T 2 3/10"), Some(2.219_139));
        assert_eq!(iris("T 2.8"), Some(2.8));
        assert_eq!(iris("T"), None);
    }
}
