//! What must hold for any bytes at all: the card is recognised, checked and described, nothing panics, and no more is read than
//! the file holds many times over. The fuzz targets and the tests both use this.

#![allow(unreachable_pub, reason = "the fuzz crate takes this module in")]

use checkgate_camera::{CardEntry, CardFiles, ReadSeek, describe_all, describe_without_media, probe_structure, recognise};
use checkgate_model::RelPath;
use std::io::Cursor;

/// Container families and the paths one input is laid under.
pub const FAMILIES: &[(&str, &[&str])] = &[
    ("isobmff", &["A001_08151530_C001.braw", "M4ROOT/CLIP/C0001.MP4", "a.mov", "b.CRM"]),
    ("mxf", &["XDROOT/Clip/C0001.MXF", "CONTENTS/VIDEO/0001AB.MXF"]),
    ("riff", &["S001T01.WAV"]),
    ("r3d", &["A106_0118G5.RDM/A106_C037_0118G5.RDC/A106_C037_0118G5_001.R3D"]),
    ("pictures", &["P/A003C001_261123_R1JL.0000001.ari", "f.cine", "P/plate.0001.dpx", "P/plate.0001.exr", "g.dng"]),
    (
        "xml",
        &[
            "M4ROOT/CLIP/C0001M01.XML",
            "M4ROOT/MEDIAPRO.XML",
            "CONTENTS/CLIP/0001AB.XML",
            "CONTENTS/CLIPS001/AA0001/AA0001.XML",
            "A106_0118G5.RDM/A106_C037_0118G5.RDC/A106_C037_0118G5.rmd",
            "PROAV/INDEX.XML",
        ],
    ),
    ("films", &["a.mts", "b.avi", "c.mkv", "d.dv", "DCIM/100CANON/e.JPG", "f.cin"]),
    ("text", &["dump.csv", "dump.txt", "DJI_0001.SRT", "A001R1JL_AVID.ale", "BDMV/PLAYLIST/00000.MPL"]),
];

struct OneCard<'a> {
    entries: Vec<CardEntry>,
    bytes: &'a [u8],
}

impl CardFiles for OneCard<'_> {
    fn label(&self) -> Option<&str> {
        None
    }
    fn entries(&self) -> &[CardEntry] {
        &self.entries
    }
    fn empty_folders(&self) -> &[RelPath] {
        &[]
    }
    fn open(&self, _: &RelPath) -> std::io::Result<Box<dyn ReadSeek + '_>> {
        Ok(Box::new(Cursor::new(self.bytes)))
    }
}

/// Reads everything there is to read of one file under one name.
#[allow(dead_code, reason = "what measures one file at a time needs it, the fuzz targets do not")]
pub fn read_all(path: &str, bytes: &[u8]) {
    let size_bytes = bytes.len() as u64;
    let _ = probe_structure(&mut Cursor::new(bytes), size_bytes, path);
    let entries = RelPath::new(path).into_iter().map(|path| CardEntry { path, size_bytes }).collect();
    let card = OneCard { entries, bytes };
    let found = recognise(&card);
    let _ = (describe_all(&card, &found), describe_without_media(&card, &found));
}

/// Lays the bytes under every path of a family and reads everything there is to read.
pub fn survive(family: &str, bytes: &[u8]) {
    let Some((_, paths)) = FAMILIES.iter().find(|(known, _)| *known == family) else { return };
    let size_bytes = bytes.len() as u64;
    for path in *paths {
        let report = probe_structure(&mut Cursor::new(bytes), size_bytes, path);
        assert!(report.bytes_read <= 64 * size_bytes + 65_536, "{path}: {} bytes read of {size_bytes}", report.bytes_read);
    }
    let entries = paths.iter().filter_map(|path| Some(CardEntry { path: RelPath::new(path).ok()?, size_bytes })).collect();
    let card = OneCard { entries, bytes };
    let found = recognise(&card);
    let records = describe_all(&card, &found);
    assert_eq!(records.len(), found.clips.len());
    let more = describe_without_media(&card, &found);
    for record in records.iter().chain(&more) {
        for (name, field) in &record.fields {
            assert!(!field.sources.is_empty(), "{name} has a source");
            assert!(field.changes.len() <= checkgate_model::metadata::MOST_CHANGES, "{name} changes too often");
        }
    }
}
