//! Owns writing on pictures with the bundled font (JetBrains Mono, SIL OFL 1.1, assets/fonts).

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};

const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono-Bold.ttf");

/// A weight of the font.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

fn font(weight: Weight) -> FontRef<'static> {
    let bytes = match weight {
        Weight::Regular => REGULAR,
        Weight::Bold => BOLD,
    };
    FontRef::try_from_slice(bytes).expect("the bundled font is a font")
}

/// A picture to write on.
pub(crate) struct Canvas<'a> {
    pub(crate) rgb: &'a mut [[f32; 3]],
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Canvas<'_> {
    /// Fills a box.
    pub(crate) fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: [f32; 3], cover: f32) {
        for line in y..(y + height).min(self.height) {
            for column in x..(x + width).min(self.width) {
                let pixel = &mut self.rgb[line * self.width + column];
                for (value, paint) in pixel.iter_mut().zip(colour) {
                    *value = *value * (1.0 - cover) + paint * cover;
                }
            }
        }
    }

    /// Copies a picture in.
    pub(crate) fn paste(&mut self, x: usize, y: usize, width: usize, rgb: &[[f32; 3]]) {
        for (line, row) in rgb.chunks_exact(width).enumerate() {
            for (column, pixel) in row.iter().enumerate() {
                if x + column < self.width && y + line < self.height {
                    self.rgb[(y + line) * self.width + x + column] = *pixel;
                }
            }
        }
    }

    /// Writes one line with its top left corner at `x`, `y`; characters the font lacks become `?`.
    pub(crate) fn write(&mut self, text: &str, x: f32, y: f32, size: f32, weight: Weight, colour: [f32; 3]) {
        let font = font(weight);
        let scaled = font.as_scaled(PxScale::from(size));
        let baseline = y + scaled.ascent();
        let mut pen = x;
        for character in text.chars() {
            let shown = if character.is_control() || font.glyph_id(character).0 == 0 { '?' } else { character };
            let mut glyph = scaled.scaled_glyph(shown);
            glyph.position = ab_glyph::point(pen, baseline);
            pen += scaled.h_advance(glyph.id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, cover| {
                let (px, py) = (bounds.min.x as i64 + i64::from(dx), bounds.min.y as i64 + i64::from(dy));
                let (Ok(px), Ok(py)) = (usize::try_from(px), usize::try_from(py)) else { return };
                if px < self.width && py < self.height {
                    let pixel = &mut self.rgb[py * self.width + px];
                    for (value, paint) in pixel.iter_mut().zip(colour) {
                        *value = *value * (1.0 - cover) + paint * cover;
                    }
                }
            });
        }
    }
}

/// Width of one line.
pub(crate) fn width_of(text: &str, size: f32, weight: Weight) -> f32 {
    let font = font(weight);
    let scaled = font.as_scaled(PxScale::from(size));
    text.chars().map(|character| scaled.h_advance(font.glyph_id(character))).sum()
}

/// `text` cut in the middle so that it fits; the beginning and the end of a clip name both tell it apart.
pub(crate) fn fitted(text: &str, size: f32, weight: Weight, room: f32) -> String {
    let advance = width_of("0", size, weight).max(1.0);
    let count = text.chars().count();
    let fits = (room / advance) as usize;
    if count <= fits || fits < 5 {
        return text.to_owned();
    }
    let tail = (fits - 1) / 2;
    let head = fits - 1 - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}
