//! Owns the list of canonical fields: name, unit, how a maker's text becomes a value, and whether it may change from frame to
//! frame. `docs/fields.md` says what each means; the tests hold both against each other.

use serde::Deserialize;

/// How a text becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueKind {
    #[default]
    Text,
    Int,
    Float,
    Rate,
    Ratio,
    Timecode,
    Bool,
    Gamma,
    Primaries,
    Cdl,
    /// Metres out of metres, millimetres, feet or inches, as the text says; metres where it says nothing.
    Length,
    /// Millimetres, as above; millimetres where the text says nothing.
    Focal,
    /// Seconds out of seconds, milliseconds or `1/50`.
    Seconds,
    /// Stops out of a density (0.3 is one stop).
    Density,
    /// Stops out of `1/64`, a number of stops, or the word for no filter.
    Stops,
    Date,
    /// Latitude, longitude, altitude out of ISO 6709 or numbers.
    Place,
    /// Two whole numbers.
    Size,
    /// Several numbers.
    Numbers,
    /// Eight hexadecimal digits.
    Bits,
}

/// One canonical field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanonicalField {
    /// Name, e.g. `camera.model`.
    pub name: &'static str,
    /// Unit of the value, empty where none.
    pub unit: &'static str,
    /// Whether the value may change from frame to frame.
    pub may_vary: bool,
    pub(crate) kind: ValueKind,
}

const fn field(name: &'static str, unit: &'static str, kind: ValueKind, may_vary: bool) -> CanonicalField {
    CanonicalField { name, unit, may_vary, kind }
}

use ValueKind as K;

/// Every field this crate can state.
pub const CANONICAL_FIELDS: &[CanonicalField] = &[
    field("clip.name", "", K::Text, false),
    field("clip.user_name", "", K::Text, false),
    field("clip.uid", "", K::Text, false),
    field("file.name", "", K::Text, false),
    field("file.size", "byte", K::Int, false),
    field("file.original_name", "", K::Text, false),
    field("file.writer", "", K::Text, false),
    field("file.writer_company", "", K::Text, false),
    field("reel.name", "", K::Text, false),
    field("camera.index", "", K::Text, false),
    field("camera.make", "", K::Text, false),
    field("camera.model", "", K::Text, false),
    field("camera.serial", "", K::Text, false),
    field("camera.firmware", "", K::Text, false),
    field("camera.id_suffix", "", K::Text, false),
    field("camera.tilt", "deg", K::Float, true),
    field("camera.roll", "deg", K::Float, true),
    field("media.serial", "", K::Text, false),
    field("recorder.make_model", "", K::Text, false),
    field("time.recorded_at", "", K::Date, false),
    field("tc.start", "", K::Timecode, true),
    field("tc.end", "", K::Timecode, false),
    field("tc.rate", "fps", K::Rate, false),
    field("tc.drop_frame", "", K::Bool, false),
    field("tc.user_bits", "", K::Bits, true),
    field("duration.frames", "frame", K::Int, false),
    field("duration.samples", "sample", K::Int, false),
    field("rate.project", "fps", K::Rate, false),
    field("rate.sensor", "fps", K::Rate, true),
    field("image.width_height", "px", K::Size, false),
    field("image.active_area", "px", K::Numbers, false),
    field("image.pixel_aspect", "", K::Ratio, false),
    field("sensor.active_mm", "mm", K::Numbers, false),
    field("sensor.mode", "", K::Text, false),
    field("codec.name", "", K::Text, false),
    field("codec.bit_depth", "bit", K::Int, false),
    field("color.gamma", "", K::Gamma, false),
    field("color.primaries", "", K::Primaries, false),
    field("exposure.index", "ISO", K::Int, true),
    field("exposure.iso", "ISO", K::Int, true),
    field("exposure.shutter_angle", "deg", K::Float, true),
    field("exposure.time", "s", K::Seconds, true),
    field("wb.kelvin", "K", K::Int, true),
    field("wb.tint", "maker", K::Float, true),
    field("filter.nd", "stop", K::Stops, true),
    field("lens.make", "", K::Text, false),
    field("lens.model", "", K::Text, false),
    field("lens.serial", "", K::Text, false),
    field("lens.focal_length", "mm", K::Focal, true),
    field("lens.focus_distance", "m", K::Length, true),
    field("lens.t_stop", "T", K::Float, true),
    field("lens.f_stop", "f", K::Float, true),
    field("lens.squeeze", "", K::Ratio, false),
    field("lens.entrance_pupil", "m", K::Length, true),
    field("look.cdl", "", K::Cdl, true),
    field("look.saturation", "", K::Float, true),
    field("look.name", "", K::Text, false),
    field("framing.framelines", "", K::Text, false),
    field("slate.scene", "", K::Text, false),
    field("slate.take", "", K::Text, false),
    field("slate.shot", "", K::Text, false),
    field("slate.note", "", K::Text, false),
    field("slate.circled", "", K::Bool, false),
    field("prod.name", "", K::Text, false),
    field("prod.company", "", K::Text, false),
    field("prod.director", "", K::Text, false),
    field("prod.dop", "", K::Text, false),
    field("prod.operator", "", K::Text, false),
    field("prod.location", "", K::Text, false),
    field("gps", "deg, deg, m", K::Place, true),
    field("audio.channels", "", K::Int, false),
    field("audio.sample_rate", "Hz", K::Int, false),
    field("audio.bit_depth", "bit", K::Int, false),
    field("sound.roll", "", K::Text, false),
    field("sound.timeref", "sample", K::Int, false),
    field("sound.family_uid", "", K::Text, false),
    field("sound.set_index", "", K::Int, false),
    field("sound.set_total", "", K::Int, false),
    field("sound.tracks", "", K::Text, false),
    field("orientation.flip", "", K::Text, false),
    field("span.index", "", K::Int, false),
    field("span.count", "", K::Int, false),
    field("span.kind", "", K::Text, false),
    field("proxy.uri", "", K::Text, false),
];

/// The field of that name; a name this list lacks is a plain text.
pub(crate) fn canonical(name: &str) -> CanonicalField {
    CANONICAL_FIELDS.iter().find(|known| known.name == name).copied().unwrap_or(field("", "", K::Text, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_explained_and_named_once() {
        let page = include_str!("../../../docs/fields.md");
        for (at, known) in CANONICAL_FIELDS.iter().enumerate() {
            assert!(page.contains(&format!("`{}`", known.name)), "docs/fields.md explains {}", known.name);
            assert!(CANONICAL_FIELDS[..at].iter().all(|other| other.name != known.name), "{} stands twice", known.name);
        }
    }
}
