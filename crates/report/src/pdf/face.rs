//! Owns the four faces of the PDF: which glyph a character has and how wide it is. Must never draw nothing for a character: what
//! no face has is said to be absent, and the caller writes its code point.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider, charmap::Charmap};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A face. Words are set in a proportional one, names and figures in one of fixed width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Sans,
    SansStrong,
    Mono,
    MonoStrong,
}

impl Face {
    /// The face that is asked where this one lacks a character.
    const fn other(self) -> Self {
        match self {
            Self::Sans => Self::Mono,
            Self::SansStrong => Self::MonoStrong,
            Self::Mono => Self::Sans,
            Self::MonoStrong => Self::SansStrong,
        }
    }
}

struct Loaded {
    font: Font,
    characters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    units_per_em: f32,
}

/// All faces, built in.
pub(super) struct Fonts([Loaded; 4]);

const FILES: [&[u8]; 4] = [
    include_bytes!("../../../../assets/fonts/Inter-Regular.otf"),
    include_bytes!("../../../../assets/fonts/Inter-SemiBold.otf"),
    include_bytes!("../../../../assets/fonts/JetBrainsMono-Regular.ttf"),
    include_bytes!("../../../../assets/fonts/JetBrainsMono-Bold.ttf"),
];

impl Fonts {
    pub(super) fn load() -> Option<Self> {
        let load = |file: &'static [u8]| {
            let font = Font::new(file.into(), 0)?;
            let tables = FontRef::new(file).ok()?;
            let units_per_em = font.units_per_em();
            let widths = tables.glyph_metrics(Size::unscaled(), LocationRef::default());
            Some(Loaded { font, characters: tables.charmap(), widths, units_per_em })
        };
        let [sans, sans_strong, mono, mono_strong] = FILES;
        Some(Self([load(sans)?, load(sans_strong)?, load(mono)?, load(mono_strong)?]))
    }

    fn loaded(&self, face: Face) -> &Loaded {
        &self.0[face as usize]
    }

    pub(super) fn font(&self, face: Face) -> Font {
        self.loaded(face).font.clone()
    }

    /// The glyph of a character and its width in em.
    fn glyph(&self, face: Face, character: char) -> Option<(u32, f32)> {
        let loaded = self.loaded(face);
        let glyph = loaded.characters.map(character).filter(|glyph| glyph.to_u32() != 0)?;
        let width = loaded.widths.advance_width(glyph)?;
        Some((glyph.to_u32(), width / loaded.units_per_em))
    }

    /// Face and width for a cluster: a character with the marks that follow it.
    pub(super) fn find(&self, face: Face, cluster: &str) -> Option<(Face, f32)> {
        let character = composed(cluster)?;
        [face, face.other()].into_iter().find_map(|face| self.glyph(face, character).map(|(_, width)| (face, width)))
    }

    /// The glyphs of a run, every cluster of which `find` has found in this face.
    pub(super) fn glyphs(&self, face: Face, text: &str) -> Vec<KrillaGlyph> {
        let mut at = 0;
        clusters(text)
            .filter_map(|cluster| {
                let range = at..at + cluster.len();
                at = range.end;
                let (glyph, width) = self.glyph(face, composed(cluster)?)?;
                Some(KrillaGlyph::new(GlyphId::new(glyph), width, 0.0, 0.0, 0.0, range, None))
            })
            .collect()
    }
}

/// A text in clusters. Names from a Mac are decomposed, `u` and a diaeresis; they are drawn as the one letter they are, and still
/// copied as what they are.
pub(super) fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let marks =
            rest[first.len_utf8()..].chars().take_while(|next| is_combining_mark(*next)).map(char::len_utf8).sum::<usize>();
        let cluster;
        (cluster, rest) = rest.split_at(first.len_utf8() + marks);
        Some(cluster)
    })
}

/// The one character that a cluster is, if it is one.
fn composed(cluster: &str) -> Option<char> {
    let mut single = cluster.chars();
    if let (Some(character), None) = (single.next(), single.next()) {
        return Some(character);
    }
    let mut characters = cluster.nfc();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Some(character),
        _ => None,
    }
}
