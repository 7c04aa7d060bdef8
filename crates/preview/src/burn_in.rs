//! Owns what is written on and under pictures of a contact sheet: a preset is data (assets/sheets), with `{field}` for what a clip
//! says. Must never invent a value: what is not known is left out.

use crate::picture::Picture;
use crate::text::{Canvas, Weight, fitted, width_of};
use serde::Deserialize;

/// Most frames of one clip on a sheet.
pub const MOST_FRAMES: usize = 12;
const MOST_LINES: usize = 8;

/// Presets that come along.
const PRESETS: [(&str, &str); 3] = [
    ("plain", include_str!("../../../assets/sheets/plain.toml")),
    ("dailies", include_str!("../../../assets/sheets/dailies.toml")),
    ("technical", include_str!("../../../assets/sheets/technical.toml")),
];

/// A corner, or the middle of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Top left.
    TopLeft,
    /// Top, in the middle.
    Top,
    /// Top right.
    TopRight,
    /// Bottom left.
    BottomLeft,
    /// Bottom, in the middle.
    Bottom,
    /// Bottom right.
    BottomRight,
}

/// Words on the picture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurnIn {
    /// Where.
    pub place: Place,
    /// What, with `{field}` for values.
    pub text: String,
}

/// What a sheet shows of each clip.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetPreset {
    /// Frames of each clip, evenly over its length; one is the middle.
    pub frames: usize,
    /// Lines under the pictures; the first stands out.
    pub lines: Vec<String>,
    /// Words on each picture.
    #[serde(default)]
    pub burn_in: Vec<BurnIn>,
}

/// Why a preset cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// Not TOML, or fields that are not known.
    #[error("the sheet preset cannot be read")]
    Toml(#[from] toml::de::Error),
    /// Frames out of bounds.
    #[error("a sheet shows 1 to {MOST_FRAMES} frames of a clip, not {0}")]
    Frames(usize),
    /// Too much to write.
    #[error("a sheet preset has at most {MOST_LINES} lines and {MOST_LINES} burn-ins")]
    Lines,
}

impl SheetPreset {
    /// Names of the presets that come along.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// The preset of this name that comes along.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
        Self::parse(text).ok()
    }

    /// Reads a preset.
    pub fn parse(text: &str) -> Result<Self, PresetError> {
        let preset: Self = toml::from_str(text)?;
        if !(1..=MOST_FRAMES).contains(&preset.frames) {
            return Err(PresetError::Frames(preset.frames));
        }
        if preset.lines.len() > MOST_LINES || preset.burn_in.len() > MOST_LINES {
            return Err(PresetError::Lines);
        }
        Ok(preset)
    }
}

/// `text` with its fields filled in by `value`; `None` where it has fields and none of them is known.
#[must_use]
pub fn fill(text: &str, value: &dyn Fn(&str) -> String) -> Option<String> {
    let (mut out, mut rest) = (String::new(), text);
    let (mut asked, mut known) = (false, false);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((field, after)) = after.split_once('}') else { break };
        let found = value(field);
        asked = true;
        known |= !found.is_empty();
        out.push_str(before);
        out.push_str(&found);
        rest = after;
    }
    out.push_str(rest);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    ((known || !asked) && !words.is_empty()).then_some(words)
}

/// Writes words on a picture, light on a dark box; several at one place stand under each other.
pub fn burn(picture: &mut Picture, words: &[(Place, String)]) {
    let (width, height) = (picture.width, picture.height);
    let size = (width as f32 / 36.0).clamp(9.0, 36.0);
    let step = size * 1.5;
    let mut used = [0_usize; 6];
    let mut canvas = Canvas { rgb: &mut picture.rgb, width, height };
    for (place, text) in words {
        let text = fitted(text, size, Weight::Regular, width as f32 - size);
        let wide = width_of(&text, size, Weight::Regular) + size * 0.6;
        let row = used[*place as usize] as f32;
        used[*place as usize] += 1;
        let top = match place {
            Place::TopLeft | Place::Top | Place::TopRight => row * step,
            _ => height as f32 - (row + 1.0) * step,
        };
        let left = match place {
            Place::TopLeft | Place::BottomLeft => 0.0,
            Place::Top | Place::Bottom => (width as f32 - wide) / 2.0,
            Place::TopRight | Place::BottomRight => width as f32 - wide,
        };
        let (left, top) = (left.max(0.0), top.max(0.0));
        canvas.fill(left as usize, top as usize, wide.ceil() as usize, step.ceil() as usize, [0.04; 3], 0.65);
        canvas.write(&text, left + size * 0.3, top + size * 0.12, size, Weight::Regular, [0.92; 3]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_that_come_along_are_whole_and_others_are_bounded() {
        for name in SheetPreset::names() {
            assert!(SheetPreset::named(name).is_some(), "{name}");
        }
        assert!(SheetPreset::named("none").is_none());
        assert!(matches!(SheetPreset::parse("frames = 0\nlines = []"), Err(PresetError::Frames(0))));
        assert!(matches!(SheetPreset::parse("frames = 1\nlines = []\ncolour = 1"), Err(PresetError::Toml(_))));
        assert!(SheetPreset::parse("frames = 1\nlines = []\nburn_in = [{ place = 'middle', text = '' }]").is_err());
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let value = |field: &str| if field == "a" { "1".to_owned() } else { String::new() };
        assert_eq!(fill("x {a}  {b}", &value).as_deref(), Some("x 1"));
        assert_eq!(fill("x {b}", &value), None);
        assert_eq!(fill("words {", &value).as_deref(), Some("words {"));
        assert_eq!(fill("", &value), None);
    }
}
