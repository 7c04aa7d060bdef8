//! Owns what can be known of a card without decoding a picture: recognition, clip grouping, completeness, container parsers over
//! `Read + Seek`, and vendor metadata as canonical records with provenance. Must never copy, decode pixels, narrow what is
//! copied, do I/O of its own or read a clock. Everything it reads is hostile input: it never panics and never allocates by an
//! unchecked length (invariants 1 and 11).

mod acquisition;
mod ari;
mod avchd;
mod avi;
mod canonical;
mod cine;
mod cineon;
mod complete;
mod declared;
mod describe;
mod dpx;
mod dumps;
mod dv;
mod exr;
mod gpmf;
mod group;
mod h264;
mod isobmff;
mod jpeg;
mod mapped;
mod matroska;
mod mxf;
mod names;
mod p2;
mod profile;
mod protobuf;
mod r3d;
mod recognise;
mod riff;
mod sony;
mod source;
pub mod spans;
mod srt;
mod structure;
mod tiff;
mod transport;
mod values;
mod vendor;
mod xml;

pub use canonical::{CANONICAL_FIELDS, CanonicalField};
pub use describe::{describe, describe_all, describe_without_media};
pub use mapped::{DecisionError, apply_mappings, decisions_of, fields_to_map};
pub use profile::{Seen, family_ids, family_name, family_seen};
pub use recognise::recognise;
pub use sony::ltc_from_sony_bcd;
pub use spans::{Span, SpanPart, SpanPiece, join_spans, span_pieces};
pub use structure::{Container, StructureReport, probe_structure};

use checkgate_model::RelPath;

/// One regular file of a card, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardEntry {
    /// Path below the card root.
    pub path: RelPath,
    /// Size as listed.
    pub size_bytes: u64,
}

/// What a container parser reads from.
pub trait ReadSeek: std::io::Read + std::io::Seek + Send {}
impl<T: std::io::Read + std::io::Seek + Send> ReadSeek for T {}

/// A card as its caller lists and opens it; the caller does the I/O.
pub trait CardFiles {
    /// Volume label, where the volume has one.
    fn label(&self) -> Option<&str>;
    /// Every regular file, hidden and system files included.
    fn entries(&self) -> &[CardEntry];
    /// Folders without any file below them.
    fn empty_folders(&self) -> &[RelPath];
    /// Opens one of `entries` for reading.
    fn open(&self, path: &RelPath) -> std::io::Result<Box<dyn ReadSeek + '_>>;
}
