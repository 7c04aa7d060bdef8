//! Owns how a recorded raster becomes the picture people framed: orientation, crop, anamorphic desqueeze, framelines. Must never
//! change a pixel's value; framelines are drawn after colour, on the finished picture.

use crate::frame::Frame;
use crate::text::{Canvas, Weight, width_of};
use serde::Serialize;

/// What to do about an anamorphic squeeze.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Desqueeze {
    /// By the metadata (`lens.squeeze`) and the file's pixel aspect.
    #[default]
    Auto,
    /// Pixels as recorded, one to one.
    Off,
    /// By this factor, whatever the metadata says.
    By(f64),
}

impl Desqueeze {
    /// `auto`, `off`, or a factor from 0.25 to 4.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "off" => Some(Self::Off),
            number => number.parse().ok().filter(|factor| (0.25..=4.0).contains(factor)).map(Self::By),
        }
    }
}

/// Mirror and quarter turns, in the order: mirror left to right, then turn clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Orientation {
    /// Left and right are exchanged ("flop").
    pub mirrored: bool,
    /// Quarter turns clockwise, 0 to 3.
    pub quarters: u8,
}

impl Orientation {
    /// Upside down, left and right kept ("flip").
    pub const FLIP: Self = Self { mirrored: true, quarters: 2 };
    /// Left and right exchanged ("flop").
    pub const FLOP: Self = Self { mirrored: true, quarters: 0 };
    /// Half a turn.
    pub const HALF_TURN: Self = Self { mirrored: false, quarters: 2 };

    /// The turn that a value of the EXIF tag Orientation asks for (Exif 2.32, 4.6.4.A, tag 0x0112); `None` outside of 1 to 8.
    #[must_use]
    pub const fn from_exif(value: u16) -> Option<Self> {
        let (mirrored, quarters) = match value {
            1 => (false, 0),
            2 => (true, 0),
            3 => (false, 2),
            4 => (true, 2),
            // Transpose: the first row is the left side.
            5 => (true, 3),
            6 => (false, 1),
            // Transverse: the first row is the right side.
            7 => (true, 1),
            8 => (false, 3),
            _ => return None,
        };
        Some(Self { mirrored, quarters })
    }

    /// From the words of the canonical field `orientation.flip`; `None` for others.
    #[must_use]
    pub fn from_words(words: &str) -> Option<Self> {
        match words.to_ascii_lowercase().replace([' ', '-', '_'], "").as_str() {
            "noflip" | "none" | "normal" => Some(Self::default()),
            "hflip" | "flop" => Some(Self::FLOP),
            "vflip" | "flip" => Some(Self::FLIP),
            "h+vflip" | "hvflip" | "flipflop" | "flip+flop" => Some(Self::HALF_TURN),
            _ => None,
        }
    }

    /// This one, and `next` after it.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        // A mirror after a turn is a turn the other way after the mirror.
        let turned = if next.mirrored { 4 - self.quarters % 4 } else { self.quarters };
        Self { mirrored: self.mirrored != next.mirrored, quarters: (turned + next.quarters) % 4 }
    }

    const fn is_none(self) -> bool {
        !self.mirrored && self.quarters.is_multiple_of(4)
    }

    /// Where a point of the unit square goes.
    fn point(self, (x, y): (f64, f64)) -> (f64, f64) {
        let x = if self.mirrored { 1.0 - x } else { x };
        match self.quarters % 4 {
            1 => (1.0 - y, x),
            2 => (1.0 - x, 1.0 - y),
            3 => (y, 1.0 - x),
            _ => (x, y),
        }
    }
}

/// A part of a picture, in parts of its width and height (0 to 1), from the top left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    fn oriented(self, orientation: Orientation) -> Self {
        let (ax, ay) = orientation.point((self.x, self.y));
        let (bx, by) = orientation.point((self.x + self.width, self.y + self.height));
        Self { x: ax.min(bx), y: ay.min(by), width: (ax - bx).abs(), height: (ay - by).abs() }
    }

    fn within(self, crop: Self) -> Self {
        Self {
            x: (self.x - crop.x) / crop.width,
            y: (self.y - crop.y) / crop.height,
            width: self.width / crop.width,
            height: self.height / crop.height,
        }
    }

    /// First pixel and count along one side of `whole` pixels; at least one pixel.
    fn pixels(start: f64, length: f64, whole: usize) -> (usize, usize) {
        let whole_f = whole as f64;
        let from = (start * whole_f).round().clamp(0.0, whole_f - 1.0);
        let to = ((start + length) * whole_f).round().clamp(from + 1.0, whole_f);
        (from as usize, (to - from) as usize)
    }
}

/// A frameline: what was framed for, or what is kept clean around it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frameline {
    /// What is written at its corner.
    pub label: String,
    /// Where it is on the recorded raster.
    pub area: Area,
    /// A protection area: dashed.
    pub protection: bool,
}

/// How the recorded raster is shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Geometry {
    /// What to do about a squeeze.
    pub desqueeze: Desqueeze,
    /// Squeeze by the metadata, where it says one.
    pub squeeze: Option<f64>,
    /// A turn or mirror by the metadata or by hand, on top of what the file itself asks its reader for.
    pub orientation: Orientation,
    /// The part of the recorded raster that is shown; all of it without.
    pub crop: Option<Area>,
    /// Framelines, on the recorded raster.
    pub framelines: Vec<Frameline>,
}

/// Two squeezes that differ by less are one, rounded differently: 1.33 and 4/3.
const SAME_SQUEEZE: f64 = 0.03;

impl Geometry {
    /// Width over height of a shown pixel, and why, for a file that says `pixel_aspect`.
    pub(crate) fn aspect(&self, pixel_aspect: f64) -> (f64, String) {
        let usable = self.squeeze.filter(|squeeze| (0.25..=4.0).contains(squeeze));
        match (self.desqueeze, usable) {
            (Desqueeze::Off, _) => (1.0, String::new()),
            (Desqueeze::By(factor), _) => (factor, format!("desqueezed by {factor} (by hand)")),
            (Desqueeze::Auto, Some(squeeze)) if (squeeze - 1.0).abs() > 0.005 => {
                // Some recorders write the lens's squeeze as the pixel aspect; it is not applied twice.
                let said_already = (pixel_aspect / squeeze - 1.0).abs() < SAME_SQUEEZE;
                let factor = if said_already { squeeze } else { squeeze * pixel_aspect };
                (factor, format!("desqueezed by {squeeze} (metadata)"))
            }
            (Desqueeze::Auto, _) => (pixel_aspect, String::new()),
        }
    }

    /// Turns and crops the frame; gives the framelines as they lie on what is left.
    pub(crate) fn apply(&self, frame: &mut Frame) -> Vec<Frameline> {
        orient(frame, self.orientation);
        let crop = self.crop.map(|area| area.oriented(self.orientation)).filter(|area| area.width > 0.0 && area.height > 0.0);
        let mut shown = Area { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        if let Some(crop) = crop {
            let (x, width) = Area::pixels(crop.x, crop.width, frame.width);
            let (y, height) = Area::pixels(crop.y, crop.height, frame.height);
            let (whole_width, whole_height) = (frame.width as f64, frame.height as f64);
            shown = Area {
                x: x as f64 / whole_width,
                y: y as f64 / whole_height,
                width: width as f64 / whole_width,
                height: height as f64 / whole_height,
            };
            let lines = frame.rgb.chunks_exact(frame.width).skip(y).take(height);
            frame.rgb = lines.flat_map(|line| line[x..x + width].iter().copied()).collect();
            (frame.width, frame.height) = (width, height);
        }
        let place = |line: &Frameline| Frameline { area: line.area.oriented(self.orientation).within(shown), ..line.clone() };
        self.framelines.iter().map(place).collect()
    }
}

/// Mirrors and turns a frame in place.
pub(crate) fn orient(frame: &mut Frame, orientation: Orientation) {
    if orientation.is_none() {
        return;
    }
    let (width, height) = (frame.width, frame.height);
    let swapped = orientation.quarters % 2 == 1;
    let (to_width, to_height) = if swapped { (height, width) } else { (width, height) };
    let mut turned = Vec::with_capacity(frame.rgb.len());
    for y in 0..to_height {
        for x in 0..to_width {
            // Where this pixel comes from.
            let (from_x, from_y) = match orientation.quarters % 4 {
                1 => (y, height - 1 - x),
                2 => (width - 1 - x, height - 1 - y),
                3 => (width - 1 - y, x),
                _ => (x, y),
            };
            let from_x = if orientation.mirrored { width - 1 - from_x } else { from_x };
            turned.push(frame.rgb[from_y * width + from_x]);
        }
    }
    frame.rgb = turned;
    (frame.width, frame.height) = (to_width, to_height);
    if swapped {
        frame.pixel_aspect = 1.0 / frame.pixel_aspect;
    }
}

/// Draws framelines on a finished picture: light, with a dark edge, so that they show on anything.
pub(crate) fn draw(framelines: &[Frameline], rgb: &mut [[f32; 3]], width: usize, height: usize) {
    let thick = (width / 960).max(1);
    let size = (width as f32 / 64.0).clamp(10.0, 32.0);
    for line in framelines {
        let (x, wide) = Area::pixels(line.area.x, line.area.width, width);
        let (y, high) = Area::pixels(line.area.y, line.area.height, height);
        let (right, bottom) = (x + wide, y + high);
        for (inset, colour) in [(thick, [0.05; 3]), (0, [0.9; 3])] {
            let dash = if line.protection { 8 * thick } else { 0 };
            let mut put = |px: usize, py: usize, along: usize| {
                let off = dash > 0 && along / dash % 2 == 1;
                if !off && px < width && py < height {
                    rgb[py * width + px] = colour;
                }
            };
            for depth in inset..inset + thick {
                for px in x + depth.min(wide)..right.saturating_sub(depth) {
                    put(px, y + depth, px - x);
                    put(px, bottom.saturating_sub(1 + depth), px - x);
                }
                for py in y + depth.min(high)..bottom.saturating_sub(depth) {
                    put(x + depth, py, py - y);
                    put(right.saturating_sub(1 + depth), py, py - y);
                }
            }
        }
        let text = width_of(&line.label, size, Weight::Regular);
        if !line.label.is_empty() && text < wide as f32 {
            let mut canvas = Canvas { rgb, width, height };
            let left = x as f32 + size * 0.5;
            let top = if line.protection { bottom as f32 - size * 1.7 } else { y as f32 + size * 0.4 };
            let (box_x, box_y) = ((left - size * 0.25).max(0.0) as usize, (top - size * 0.1).max(0.0) as usize);
            canvas.fill(box_x, box_y, (text + size * 0.5) as usize, (size * 1.4) as usize, [0.05; 3], 0.6);
            canvas.write(&line.label, left, top, size, Weight::Regular, [0.9; 3]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: usize, height: usize) -> Frame {
        Frame {
            width,
            height,
            rgb: (0..width * height).map(|index| [index as f32; 3]).collect(),
            pixel_aspect: 1.0,
            linear: false,
            own_input: None,
            read_as: String::new(),
            converted: false,
        }
    }

    fn values(frame: &Frame) -> Vec<usize> {
        frame.rgb.iter().map(|pixel| pixel[0] as usize).collect()
    }

    /// 0 1 2 / 3 4 5, by the drawings of the EXIF standard.
    #[test]
    fn exif_orientations_turn_as_the_standard_draws_them() {
        for (value, size, want) in [
            (1, (3, 2), [0, 1, 2, 3, 4, 5]),
            (2, (3, 2), [2, 1, 0, 5, 4, 3]),
            (3, (3, 2), [5, 4, 3, 2, 1, 0]),
            (4, (3, 2), [3, 4, 5, 0, 1, 2]),
            (5, (2, 3), [0, 3, 1, 4, 2, 5]),
            (6, (2, 3), [3, 0, 4, 1, 5, 2]),
            (7, (2, 3), [5, 2, 4, 1, 3, 0]),
            (8, (2, 3), [2, 5, 1, 4, 0, 3]),
        ] {
            let mut picture = frame(3, 2);
            let orientation = Orientation::from_exif(value).unwrap();
            orient(&mut picture, orientation);
            assert_eq!(((picture.width, picture.height), values(&picture)), (size, want.to_vec()), "orientation {value}");
            // Areas go where pixels go: the top left pixel of the three by two.
            let area = Area { x: 0.0, y: 0.0, width: 1.0 / 3.0, height: 0.5 }.oriented(orientation);
            let (x, y) = ((area.x * size.0 as f64).round() as usize, (area.y * size.1 as f64).round() as usize);
            assert_eq!(values(&picture)[y * size.0 + x], 0, "orientation {value}");
        }
        assert_eq!((Orientation::from_exif(0), Orientation::from_exif(9)), (None, None));
    }

    #[test]
    fn one_orientation_after_another_is_one() {
        for first in 1..=8 {
            for second in 1..=8 {
                let (first, second) = (Orientation::from_exif(first).unwrap(), Orientation::from_exif(second).unwrap());
                let (mut twice, mut once) = (frame(3, 2), frame(3, 2));
                orient(&mut twice, first);
                orient(&mut twice, second);
                orient(&mut once, first.then(second));
                assert_eq!(values(&twice), values(&once), "{first:?} {second:?}");
            }
        }
    }

    #[test]
    fn a_squeeze_is_applied_once_and_only_where_it_is_known() {
        let by = |squeeze, desqueeze, aspect| Geometry { squeeze, desqueeze, ..Geometry::default() }.aspect(aspect).0;
        assert_eq!(by(Some(2.0), Desqueeze::Auto, 1.0), 2.0);
        assert_eq!(by(Some(2.0), Desqueeze::Auto, 2.0), 2.0);
        assert_eq!(by(Some(1.33), Desqueeze::Auto, 4.0 / 3.0), 1.33);
        assert_eq!(by(Some(2.0), Desqueeze::Off, 1.0), 1.0);
        assert_eq!(by(None, Desqueeze::By(1.8), 1.0), 1.8);
        assert_eq!(by(None, Desqueeze::Auto, 1.5), 1.5);
        assert_eq!(by(Some(f64::NAN), Desqueeze::Auto, 1.0), 1.0);
        assert_eq!((Desqueeze::parse("auto"), Desqueeze::parse("1.5")), (Some(Desqueeze::Auto), Some(Desqueeze::By(1.5))));
        assert_eq!((Desqueeze::parse("0"), Desqueeze::parse("NaN"), Desqueeze::parse("9")), (None, None, None));
    }

    #[test]
    fn a_crop_takes_the_framelines_along() {
        let half = Area { x: 0.25, y: 0.5, width: 0.5, height: 0.5 };
        let geometry = Geometry {
            crop: Some(half),
            framelines: vec![Frameline { label: String::new(), area: half, protection: false }],
            ..Geometry::default()
        };
        let mut picture = frame(8, 4);
        let lines = geometry.apply(&mut picture);
        assert_eq!((picture.width, picture.height, values(&picture)), (4, 2, vec![18, 19, 20, 21, 26, 27, 28, 29]));
        assert_eq!(lines[0].area, Area { x: 0.0, y: 0.0, width: 1.0, height: 1.0 });
        // Nonsense leaves at least one pixel and never panics.
        let mut picture = frame(8, 4);
        let wild = Area { x: 7.0, y: -3.0, width: f64::MAX, height: 0.1 };
        Geometry { crop: Some(wild), ..Geometry::default() }.apply(&mut picture);
        assert!(picture.width * picture.height >= 1);
    }
}
