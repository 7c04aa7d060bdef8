//! Owns how a text becomes lines of a width: sentences break at spaces, names anywhere, rather after a separator. Must never let
//! a line be wider than its place, nor lose a character.

use super::face::{Face, Fonts, clusters};
use crate::shown::{Piece, code, pieces};
use crate::template::PALETTE;

/// A stretch of one face and colour.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) face: Face,
    pub(super) colour: u32,
    pub(super) text: String,
    /// In em.
    pub(super) width: f32,
}

/// One line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// In points.
    pub(super) width: f32,
}

/// Where a text may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    AtSpaces,
    Anywhere,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) colour: u32,
    pub(super) breaks: Breaks,
}

/// What is never divided: a character with its marks, or a code point.
struct Atom<'a> {
    text: std::borrow::Cow<'a, str>,
    face: Face,
    colour: u32,
    /// In em.
    width: f32,
}

fn atoms<'a>(fonts: &Fonts, text: &'a str, face: Face, colour: u32) -> Vec<Atom<'a>> {
    let mut found = Vec::with_capacity(text.len());
    let substitute = |character: char| {
        let text = code(character);
        let width = clusters(&text).filter_map(|one| fonts.find(Face::Mono, one)).map(|(_, width)| width).sum();
        Atom { text: text.into(), face: Face::Mono, colour: PALETTE.quiet, width }
    };
    for piece in pieces(text) {
        match piece {
            Piece::Code(character) => found.push(substitute(character)),
            Piece::Plain(part) => {
                for cluster in clusters(part) {
                    if let Some((face, width)) = fonts.find(face, cluster) {
                        found.push(Atom { text: cluster.into(), face, colour, width });
                        continue;
                    }
                    // No single glyph for it: the character and each mark for itself.
                    for (at, character) in cluster.char_indices() {
                        let one = &cluster[at..at + character.len_utf8()];
                        match fonts.find(face, one).filter(|_| at == 0) {
                            Some((face, width)) => found.push(Atom { text: one.into(), face, colour, width }),
                            None => found.push(substitute(character)),
                        }
                    }
                }
            }
        }
    }
    found
}

/// The text in lines of at most `width` points; at least one.
pub(super) fn lines(fonts: &Fonts, text: &str, setting: Setting, width: f32) -> Vec<Line> {
    let Setting { face, size, colour, breaks } = setting;
    let atoms = atoms(fonts, text, face, colour);
    let most = width / size;
    let mut found = Vec::new();
    let (mut from, mut filled, mut kept, mut at) = (0, 0.0, None, 0);
    while at < atoms.len() {
        let atom = &atoms[at];
        // A space at the end of a line of sentences may hang over; it is not drawn.
        let hangs = breaks == Breaks::AtSpaces && atom.text == " ";
        if filled + atom.width > most && at > from && !hangs {
            let until = kept.filter(|kept| *kept > from).unwrap_or(at);
            found.push(set(&atoms[from..until], size, breaks));
            (from, at, filled, kept) = (until, until, 0.0, None);
            continue;
        }
        filled += atom.width;
        at += 1;
        let separates = match breaks {
            Breaks::AtSpaces => hangs,
            // Only near the end of the line, so that names still fill it.
            Breaks::Anywhere => matches!(&*atom.text, "/" | "\\" | "_" | "-" | "." | " ") && filled > most * 0.7,
        };
        if separates {
            kept = Some(at);
        }
    }
    found.push(set(&atoms[from..], size, breaks));
    found
}

fn set(atoms: &[Atom<'_>], size: f32, breaks: Breaks) -> Line {
    let mut atoms = atoms;
    while let (Breaks::AtSpaces, [rest @ .., last]) = (breaks, atoms) {
        if last.text != " " {
            break;
        }
        atoms = rest;
    }
    let mut line = Line::default();
    for atom in atoms {
        line.width += atom.width * size;
        match line.runs.last_mut().filter(|run| run.face == atom.face && run.colour == atom.colour) {
            Some(run) => {
                run.text.push_str(&atom.text);
                run.width += atom.width;
            }
            None => {
                line.runs.push(Run { face: atom.face, colour: atom.colour, text: atom.text.to_string(), width: atom.width });
            }
        }
    }
    line
}

/// One line from the beginning of the text; what does not fit is left to an ellipsis. Only for what stands in full elsewhere.
pub(super) fn line(fonts: &Fonts, text: &str, face: Face, size: f32, colour: u32, width: f32) -> Line {
    let atoms = atoms(fonts, text, face, colour);
    shortened(fonts, atoms, face, size, colour, width, false)
}

/// The same from the end, which tells paths apart.
pub(super) fn line_from_end(fonts: &Fonts, text: &str, face: Face, size: f32, colour: u32, width: f32) -> Line {
    let atoms = atoms(fonts, text, face, colour);
    shortened(fonts, atoms, face, size, colour, width, true)
}

fn shortened(fonts: &Fonts, mut atoms: Vec<Atom<'_>>, face: Face, size: f32, colour: u32, width: f32, from_end: bool) -> Line {
    let most = width / size;
    let mut filled: f32 = atoms.iter().map(|atom| atom.width).sum();
    if filled <= most {
        return set(&atoms, size, Breaks::Anywhere);
    }
    let Some((face, ellipsis)) = fonts.find(face, "…") else { return Line::default() };
    let mut dropped = 0;
    let order: Vec<usize> = if from_end { (0..atoms.len()).collect() } else { (0..atoms.len()).rev().collect() };
    for at in order {
        if filled + ellipsis <= most {
            break;
        }
        filled -= atoms[at].width;
        dropped += 1;
    }
    let atom = Atom { text: "…".into(), face, colour, width: ellipsis };
    if from_end {
        atoms.drain(..dropped);
        atoms.insert(0, atom);
    } else {
        atoms.truncate(atoms.len() - dropped);
        atoms.push(atom);
    }
    set(&atoms, size, Breaks::Anywhere)
}
