//! Owns the smallest honest file of each container a camera writes, as bytes: structure only, no encoder, no picture. Every file
//! carries the sentence that it is synthetic. Layouts as published (see `docs/cameras.md`); must never imitate a codec.

mod film;
mod mxf;
mod raw;
mod sound;

use checkgate_model::Timecode;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a recipe may say of one file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSpec {
    /// Path below the root; a run of `#` is the number of a frame or segment.
    pub(super) path: String,
    /// Which container.
    pub(super) make: Maker,
    /// First number where the path is numbered.
    #[serde(default)]
    pub(super) from: u32,
    /// How many where the path is numbered.
    #[serde(default = "one")]
    pub(super) count: u32,
    /// Content of a text, with `{synthetic}` for the sentence.
    #[serde(default)]
    text: String,
    /// First bytes of an opaque file.
    #[serde(default)]
    head: String,
    #[serde(default = "twelve")]
    frames: u32,
    /// Bytes of each frame.
    #[serde(default = "two_thousand")]
    frame_bytes: u32,
    #[serde(default)]
    start: String,
    #[serde(default = "twenty_four")]
    rate: (u32, u32),
    #[serde(default)]
    drop_frame: bool,
    #[serde(default)]
    reel: String,
    /// Picture size.
    #[serde(default = "small")]
    size: (u32, u32),
    #[serde(default)]
    codec: String,
    #[serde(default)]
    brand: String,
    /// The index of a film stands in front of its pictures.
    #[serde(default)]
    index_first: bool,
    #[serde(default)]
    channels: u16,
    /// Metadata keys of a film.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    company: String,
    #[serde(default)]
    product: String,
    /// Name of the clip or of the original file where the container carries one.
    #[serde(default)]
    name: String,
    /// The header of an MXF says that it is open, as many cameras leave it.
    #[serde(default)]
    open_header: bool,
    /// What an interrupted recording leaves: no index, no footer, no length.
    #[serde(skip)]
    pub(super) unfinished: bool,
    #[serde(default)]
    scene: String,
    #[serde(default)]
    take: String,
    /// Files the take has, place of this one, and the take's id.
    #[serde(default)]
    set: Option<(u32, String, String)>,
    /// Clips of a playlist; those behind the first go on without a break.
    #[serde(default)]
    clips: Vec<String>,
}

/// The containers that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Maker {
    #[default]
    Text,
    /// Unknown or unpublished layout: a mark, the sentence, and noise.
    Opaque,
    Film,
    Mxf,
    /// MXF with one essence element for the whole clip (OP-Atom), as P2 has.
    MxfAtom,
    R3d,
    Ari,
    Cine,
    Dng,
    Wave,
    Jpeg,
    Bmp,
    Transport,
    Playlist,
}

fn one() -> u32 {
    1
}
fn twelve() -> u32 {
    12
}
fn two_thousand() -> u32 {
    2048
}
fn twenty_four() -> (u32, u32) {
    (24, 1)
}
fn small() -> (u32, u32) {
    (64, 36)
}

impl FileSpec {
    /// Paths this entry stands for, with their numbers.
    pub(super) fn paths(&self) -> Vec<(String, u32)> {
        if !self.path.contains('#') {
            return vec![(self.path.clone(), self.from)];
        }
        (self.from..self.from + self.count).map(|number| (numbered(&self.path, number), number)).collect()
    }

    /// Bytes of the file with that number.
    pub(super) fn bytes(&self, path: &str, number: u32, seed: u64) -> Vec<u8> {
        match self.make {
            Maker::Text => self.text.replace("{synthetic}", super::SYNTHETIC).into_bytes(),
            Maker::Opaque => raw::opaque(self, seed),
            Maker::Film => film::film(self, seed),
            Maker::Mxf => mxf::mxf(self, seed, false),
            Maker::MxfAtom => mxf::mxf(self, seed, true),
            Maker::R3d => raw::r3d(self, path, number, seed),
            Maker::Ari => raw::ari(self, number, seed),
            Maker::Cine => raw::cine(self, seed),
            Maker::Dng => raw::dng(self, seed),
            Maker::Wave => sound::wave(self, seed),
            Maker::Jpeg => raw::jpeg(),
            Maker::Bmp => raw::bmp(),
            Maker::Transport => raw::transport(self, seed),
            Maker::Playlist => raw::playlist(self),
        }
    }

    /// Frames a second a label counts.
    fn nominal(&self) -> u32 {
        self.rate.0.div_ceil(self.rate.1)
    }

    fn start_frame(&self) -> Option<u32> {
        Timecode::parse(&self.start, self.nominal()).ok().map(Timecode::frames)
    }
}

/// `clip_###.R3D` and 2 give `clip_002.R3D`.
pub(super) fn numbered(pattern: &str, number: u32) -> String {
    let start = pattern.find('#').unwrap_or(pattern.len());
    let width = pattern[start..].bytes().take_while(|byte| *byte == b'#').count();
    format!("{}{number:0width$}{}", &pattern[..start], &pattern[start + width..])
}

/// Bytes that compress badly and are the same for the same seed.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Never zero, so that a hole is told from content.
        bytes.extend(state.to_le_bytes().map(|byte| byte | 1));
    }
    bytes.truncate(length);
    bytes
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Text into a fixed field, cut where it is too long.
fn put_text(bytes: &mut [u8], at: usize, room: usize, text: &str) {
    let kept = text.len().min(room);
    put(bytes, at, &text.as_bytes()[..kept]);
}
