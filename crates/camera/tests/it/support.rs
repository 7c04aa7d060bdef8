//! Cards in memory and on disk, and builders for the smallest honest files of each container.

use checkgate_camera::{CardEntry, CardFiles, ReadSeek};
use checkgate_model::RelPath;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

pub(crate) fn rel(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

/// A card held in memory.
#[derive(Default)]
pub(crate) struct MemoryCard {
    label: Option<String>,
    entries: Vec<CardEntry>,
    empty_folders: Vec<RelPath>,
    files: BTreeMap<RelPath, Vec<u8>>,
}

impl MemoryCard {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn labelled(mut self, label: &str) -> Self {
        self.label = Some(label.to_owned());
        self
    }

    pub(crate) fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        self.entries.push(CardEntry { path: rel(path), size_bytes: bytes.len() as u64 });
        self.files.insert(rel(path), bytes);
        self
    }

    pub(crate) fn empty_folder(mut self, path: &str) -> Self {
        self.empty_folders.push(rel(path));
        self
    }
}

impl CardFiles for MemoryCard {
    fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
    fn entries(&self) -> &[CardEntry] {
        &self.entries
    }
    fn empty_folders(&self) -> &[RelPath] {
        &self.empty_folders
    }
    fn open(&self, path: &RelPath) -> std::io::Result<Box<dyn ReadSeek + '_>> {
        let bytes = self.files.get(path).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(bytes.as_slice())))
    }
}

/// A folder on disk.
pub(crate) struct FolderCard {
    root: PathBuf,
    entries: Vec<CardEntry>,
}

impl FolderCard {
    pub(crate) fn list(root: &Path) -> Self {
        let mut entries = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    let below = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    entries.push(CardEntry { path: rel(&below), size_bytes: entry.metadata().unwrap().len() });
                }
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Self { root: root.to_owned(), entries }
    }
}

impl CardFiles for FolderCard {
    fn label(&self) -> Option<&str> {
        None
    }
    fn entries(&self) -> &[CardEntry] {
        &self.entries
    }
    fn empty_folders(&self) -> &[RelPath] {
        &[]
    }
    fn open(&self, path: &RelPath) -> std::io::Result<Box<dyn ReadSeek + '_>> {
        Ok(Box::new(std::fs::File::open(self.root.join(path.as_str()))?))
    }
}

pub(crate) fn probe(bytes: &[u8], name: &str) -> checkgate_camera::StructureReport {
    checkgate_camera::probe_structure(&mut Cursor::new(bytes), bytes.len() as u64, name)
}

pub(crate) fn codes(report: &checkgate_camera::StructureReport) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code.as_str()).collect()
}

pub(crate) fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(body);
    bytes
}

/// What a hand-built film holds.
pub(crate) struct Film<'a> {
    pub(crate) frames: u32,
    pub(crate) frame_bytes: u32,
    pub(crate) index_first: bool,
    pub(crate) tags: &'a [(&'a str, &'a str)],
}

impl Film<'_> {
    /// ProRes 4444, 1920x1080 at 24000/1001, timecode from frame 86400, reel A003R1JL.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let ftyp = boxed(b"ftyp", b"qt  \0\0\0\0qt  ");
        let mut media = vec![0xAB; (self.frames * self.frame_bytes) as usize];
        media.extend_from_slice(&86_400u32.to_be_bytes());
        let mdat = boxed(b"mdat", &media);
        let moov_len = self.moov(0).len() as u32;
        let media_at = ftyp.len() as u32 + 8 + if self.index_first { moov_len } else { 0 };
        let moov = self.moov(media_at);
        if self.index_first { [ftyp, moov, mdat].concat() } else { [ftyp, mdat, moov].concat() }
    }

    fn moov(&self, media_at: u32) -> Vec<u8> {
        let video = self.track(b"vide", &video_entry(), self.frames, 1001, self.frame_bytes, media_at);
        let timecode =
            self.track(b"tmcd", &timecode_entry("A003R1JL"), 1, 1001 * self.frames, 4, media_at + self.frames * self.frame_bytes);
        let mut keys = vec![0; 4];
        keys.extend_from_slice(&(self.tags.len() as u32).to_be_bytes());
        let mut items = Vec::new();
        for (at, (key, value)) in self.tags.iter().enumerate() {
            keys.extend_from_slice(&boxed(b"mdta", key.as_bytes()));
            let data = boxed(b"data", &[&1u32.to_be_bytes()[..], &[0; 4], value.as_bytes()].concat());
            items.extend_from_slice(&boxed(&(at as u32 + 1).to_be_bytes(), &data));
        }
        let handler = boxed(b"hdlr", &[&[0u8; 8][..], b"mdta", &[0; 13]].concat());
        let meta = boxed(b"meta", &[handler, boxed(b"keys", &keys), boxed(b"ilst", &items)].concat());
        boxed(b"moov", &[video, timecode, meta].concat())
    }

    fn track(&self, handler: &[u8; 4], entry: &[u8], samples: u32, delta: u32, sample_bytes: u32, chunk_at: u32) -> Vec<u8> {
        let numbers = |list: &[u32]| list.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
        let stbl = [
            boxed(b"stsd", &[numbers(&[0, 1]), entry.to_vec()].concat()),
            boxed(b"stts", &numbers(&[0, 1, samples, delta])),
            boxed(b"stsc", &numbers(&[0, 1, 1, samples, 1])),
            boxed(b"stsz", &numbers(&[0, sample_bytes, samples])),
            boxed(b"stco", &numbers(&[0, 1, chunk_at])),
        ]
        .concat();
        let mdhd = boxed(b"mdhd", &numbers(&[0, 0, 0, 24_000, samples * delta, 0]));
        let hdlr = boxed(b"hdlr", &[&[0u8; 8][..], handler, &[0; 13]].concat());
        boxed(b"trak", &boxed(b"mdia", &[mdhd, hdlr, boxed(b"minf", &boxed(b"stbl", &stbl))].concat()))
    }
}

fn video_entry() -> Vec<u8> {
    let mut entry = vec![0; 78];
    entry[24..26].copy_from_slice(&1920u16.to_be_bytes());
    entry[26..28].copy_from_slice(&1080u16.to_be_bytes());
    entry[74..76].copy_from_slice(&32u16.to_be_bytes());
    boxed(b"ap4h", &entry)
}

fn timecode_entry(reel: &str) -> Vec<u8> {
    let mut entry = vec![0; 26];
    entry[16..20].copy_from_slice(&24_000u32.to_be_bytes());
    entry[20..24].copy_from_slice(&1001u32.to_be_bytes());
    entry[24] = 24;
    let name = [&(reel.len() as u16).to_be_bytes()[..], &[0, 0], reel.as_bytes()].concat();
    entry.extend_from_slice(&boxed(b"name", &name));
    boxed(b"tmcd", &entry)
}

pub(crate) fn film() -> Vec<u8> {
    Film { frames: 24, frame_bytes: 500, index_first: false, tags: &[] }.bytes()
}

/// A poly BWF: two channels, 48 kHz, 24 bit.
pub(crate) fn wave(frames: u32, ixml: &str, time_reference: u64) -> Vec<u8> {
    let mut bext = vec![0u8; 602];
    bext[..12].copy_from_slice(b"sSCENE=12A\r\n");
    bext[256..271].copy_from_slice(b"Sound Dev: 833 ");
    bext[320..330].copy_from_slice(b"2026-11-23");
    bext[330..338].copy_from_slice(b"14:23:05");
    bext[338..346].copy_from_slice(&time_reference.to_le_bytes());
    let mut format = Vec::new();
    for part in [
        &1u16.to_le_bytes()[..],
        &2u16.to_le_bytes(),
        &48_000u32.to_le_bytes(),
        &288_000u32.to_le_bytes(),
        &6u16.to_le_bytes(),
        &24u16.to_le_bytes(),
    ] {
        format.extend_from_slice(part);
    }
    let data = vec![1u8; frames as usize * 6];
    let mut body = b"WAVE".to_vec();
    for (name, content) in [(b"bext", &bext[..]), (b"iXML", ixml.as_bytes()), (b"fmt ", &format[..]), (b"data", &data[..])] {
        if content.is_empty() {
            continue;
        }
        body.extend_from_slice(name);
        body.extend_from_slice(&(content.len() as u32).to_le_bytes());
        body.extend_from_slice(content);
        if content.len() % 2 == 1 {
            body.push(0);
        }
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(body.len() as u32).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

pub(crate) fn ixml(scene: &str, take: &str, low: u64, set: (u32, &str, &str)) -> String {
    format!(
        "<?xml version=\"1.0\"?><BWFXML><SCENE>{scene}</SCENE><TAKE>{take}</TAKE><TAPE>26Y11M23</TAPE><CIRCLED>TRUE</CIRCLED><SPEED><TIMECODE_RATE>24000/1001</TIMECODE_RATE>\
         <TIMECODE_FLAG>NDF</TIMECODE_FLAG><TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>0</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>\
         <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>{low}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED><FILE_SET><TOTAL_FILES>{}</TOTAL_FILES>\
         <FAMILY_UID>{}</FAMILY_UID><FILE_SET_INDEX>{}</FILE_SET_INDEX></FILE_SET></BWFXML>",
        set.0, set.1, set.2
    )
}

/// A DPX with a size field, 24 fps and timecode 01:00:00:00.
pub(crate) fn dpx(width: u32, height: u32) -> Vec<u8> {
    let mut file = vec![0xFFu8; 2048];
    let size = 2048 + width * height * 4;
    file[..4].copy_from_slice(b"SDPX");
    for (at, number) in [(4, 2048), (16, size), (772, width), (776, height), (1920, 0x0100_0000), (1940, 24f32.to_bits())] {
        file[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    file[800..804].copy_from_slice(&[50, 0, 0, 10]);
    file[820..852].fill(0);
    file[820..843].copy_from_slice(b"LogC4 ARRI Wide Gamut 4");
    file.resize(size as usize, 7);
    file
}

/// An OpenEXR of one uncompressed half channel with AP1 chromaticities.
pub(crate) fn exr(width: u32, height: u32) -> Vec<u8> {
    let mut file = vec![0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0];
    let mut attribute = |name: &str, kind: &str, value: &[u8]| {
        for text in [name, kind] {
            file.extend_from_slice(text.as_bytes());
            file.push(0);
        }
        file.extend_from_slice(&(value.len() as u32).to_le_bytes());
        file.extend_from_slice(value);
    };
    let window: Vec<u8> = [0, 0, width - 1, height - 1].iter().flat_map(|n: &u32| n.to_le_bytes()).collect();
    let channel = [&b"Y\0"[..], &1u32.to_le_bytes(), &[0; 4], &1u32.to_le_bytes(), &1u32.to_le_bytes(), &[0]].concat();
    attribute("channels", "chlist", &channel);
    attribute("compression", "compression", &[0]);
    attribute("dataWindow", "box2i", &window);
    let ap1: Vec<u8> =
        [0.713f32, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767].iter().flat_map(|n| n.to_le_bytes()).collect();
    attribute("chromaticities", "chromaticities", &ap1);
    attribute("framesPerSecond", "rational", &[&24u32.to_le_bytes()[..], &1u32.to_le_bytes()].concat());
    attribute("reelName", "string", b"VFX01");
    file.push(0);
    let first = file.len() as u64 + 8 * u64::from(height);
    let block = u64::from(8 + width * 2);
    for line in 0..u64::from(height) {
        file.extend_from_slice(&(first + line * block).to_le_bytes());
    }
    for line in 0..height {
        file.extend_from_slice(&line.to_le_bytes());
        file.extend_from_slice(&(width * 2).to_le_bytes());
        file.extend_from_slice(&vec![9; width as usize * 2]);
    }
    file
}

fn mxf_key(kind: u8, status: u8) -> Vec<u8> {
    vec![0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, kind, status, 0x00]
}

fn klv(key: &[u8], value: &[u8]) -> Vec<u8> {
    [key, &[0x83], &(value.len() as u32).to_be_bytes()[1..], value].concat()
}

fn partition(kind: u8, status: u8, this: u64, footer: u64, header_bytes: u64) -> Vec<u8> {
    let mut value = vec![0, 1, 0, 3, 0, 0, 0, 1];
    for number in [this, 0, footer, header_bytes, 0] {
        value.extend_from_slice(&number.to_be_bytes());
    }
    value.extend_from_slice(&[0; 40]);
    klv(&mxf_key(kind, status), &value)
}

/// An MXF: header with timecode and descriptor, essence, and, unless the recording was interrupted, footer and index pack.
pub(crate) fn mxf(finished: bool) -> Vec<u8> {
    let item = |tag: u16, value: &[u8]| [&tag.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat();
    let set = |kind: u8, items: &[Vec<u8>]| {
        let key = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x53, 0x01, 0x01, 0x0d, 0x01, 0x01, 0x01, 0x01, 0x01, kind, 0x00];
        klv(&key, &items.concat())
    };
    let metadata = [
        set(0x14, &[item(0x1501, &86_400u64.to_be_bytes()), item(0x1502, &25u16.to_be_bytes()), item(0x1503, &[0])]),
        set(
            0x28,
            &[
                item(0x3001, &[0, 0, 0, 25, 0, 0, 0, 1]),
                item(0x3002, &100u64.to_be_bytes()),
                item(0x3203, &1920u32.to_be_bytes()),
                item(0x3202, &1080u32.to_be_bytes()),
                item(0x3301, &10u32.to_be_bytes()),
            ],
        ),
    ]
    .concat();
    let essence =
        klv(&[0x06, 0x0e, 0x2b, 0x34, 0x01, 0x02, 0x01, 0x01, 0x0d, 0x01, 0x03, 0x01, 0x15, 0x01, 0x05, 0x01], &[5; 4000]);
    let header_len = partition(2, 1, 0, 0, 0).len() as u64;
    let footer_at = header_len + metadata.len() as u64 + essence.len() as u64;
    let header = partition(2, if finished { 4 } else { 1 }, 0, if finished { footer_at } else { 0 }, metadata.len() as u64);
    let mut file = [header, metadata, essence].concat();
    if finished {
        file.extend_from_slice(&partition(4, 4, footer_at, footer_at, 0));
        let key = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x11, 0x01, 0x00];
        let mut value = [&[0; 4][..], &0u64.to_be_bytes(), &[0; 4], &footer_at.to_be_bytes()].concat();
        let length = (key.len() + 4 + value.len() + 4) as u32;
        value.extend_from_slice(&length.to_be_bytes());
        file.extend_from_slice(&klv(&key, &value));
    }
    file
}

/// Folder of the samples, or `None` with a visible word.
pub(crate) fn samples() -> Option<PathBuf> {
    let root = std::env::var_os("CHECKGATE_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"), PathBuf::from);
    let camera = root.join("camera");
    if camera.is_dir() {
        Some(camera)
    } else {
        eprintln!("SKIPPED: samples missing ({})", camera.display());
        None
    }
}
