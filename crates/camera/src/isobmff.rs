//! Owns ISO-BMFF (ISO/IEC 14496-12) and QuickTime: box walk, the sample tables that place every picture in the file, timecode
//! track, user data and metadata keys. Must never read media data, except the four bytes of a timecode sample.

mod entry;
mod fragments;

pub(crate) use entry::coded_depth;

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, HINT_KEEP, sizes, truncated, unfinalised};
use checkgate_model::{Finding, Severity};

const MAX_TOP_LEVEL_BOXES: usize = 200_000;
const MAX_DEPTH: usize = 12;
const MAX_TEXT_BYTES: usize = 64 << 10;
/// Largest first sample of a metadata track that is read.
const MAX_CAPTURE_BYTES: u64 = 1 << 20;
/// How much of a raw picture is read for the values of its frame, which stand in front.
const FRAME_HEAD_BYTES: u64 = 8 << 10;
const MAX_XML_BYTES: u64 = 4 << 20;
const MAX_PARTS: usize = 64;
/// Largest fragment header that is read, and most bytes of all of them.
const MAX_FRAGMENT_BYTES: u64 = 4 << 20;
const MAX_FRAGMENTS_BYTES: u64 = 64 << 20;
/// Brands of single pictures (ISO/IEC 23008-12), which have no film.
const STILL_BRANDS: &[&str] = &["heic", "heix", "heim", "heis", "mif1", "mif2", "avif"];
/// The box Canon keeps its cameras' own boxes in.
const CANON_UUID: [u8; 16] = [0x85, 0xc0, 0xb6, 0x87, 0x82, 0x0f, 0x11, 0xe0, 0x81, 0x11, 0xf4, 0xce, 0x46, 0x2b, 0x6a, 0x48];

/// A film without its pictures.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Movie {
    pub(crate) brand: String,
    pub(crate) has_moov: bool,
    pub(crate) media_bytes: u64,
    /// A box that is declared beyond the end of the file: name, declared end.
    pub(crate) cut_box: Option<(String, u64)>,
    /// Bytes that are no box.
    pub(crate) foreign_at: Option<u64>,
    pub(crate) fragmented: bool,
    /// The index is packed and was not unpacked.
    pub(crate) packed: bool,
    pub(crate) tracks: Vec<Track>,
    /// Name and text of user data and metadata keys, in file order.
    pub(crate) tags: Vec<(String, String)>,
    /// Seconds since 1904 of the header.
    pub(crate) created: u64,
    /// XML documents a camera put into a `meta` box.
    pub(crate) documents: Vec<Vec<u8>>,
    /// Boxes of a maker by their names: GoPro's user data, Canon's TIFF blocks.
    pub(crate) maker_boxes: Vec<([u8; 4], Vec<u8>)>,
    /// First sample of every metadata track, and the head of the first raw picture, by the code of the track.
    pub(crate) captures: Vec<(String, Vec<u8>)>,
}

/// One track.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Track {
    id: u32,
    /// Ids of the timecode tracks this one refers to.
    timecodes: Vec<u32>,
    /// The samples lie in another file.
    elsewhere: bool,
    pub(crate) handler: String,
    pub(crate) timescale: u32,
    pub(crate) duration: u64,
    pub(crate) codec: String,
    pub(crate) encoder: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u16,
    pub(crate) colour: Option<(u16, u16, u16)>,
    pub(crate) channels: u16,
    pub(crate) sample_rate: u32,
    pub(crate) bit_depth: u16,
    pub(crate) samples: u64,
    /// How long a sample lasts, where most last as long.
    pub(crate) sample_delta: Option<u32>,
    /// How long all samples last, as the table has them.
    pub(crate) ticks: u64,
    /// Samples that do not last as long as most.
    pub(crate) irregular: u64,
    /// Bits of a sample by the codec's own configuration.
    pub(crate) coded_depth: Option<u8>,
    /// Width and height of a pixel.
    pub(crate) pixel_aspect: Option<(u32, u32)>,
    pub(crate) furthest_sample_end: u64,
    pub(crate) first_chunk: Option<u64>,
    pub(crate) timecode: Option<TimecodeTrack>,
    pub(crate) first_sample_bytes: u64,
    /// Degrees the picture is to be turned by, clockwise.
    pub(crate) rotation: u16,
    /// Left, top, width, height of the part to be shown.
    pub(crate) clean_aperture: Option<[f64; 4]>,
    chunks: Vec<u64>,
    samples_per_chunk: Vec<(u32, u32)>,
    constant_sample_bytes: u32,
    sample_bytes: Vec<u32>,
}

/// The timecode sample description and its one sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TimecodeTrack {
    pub(crate) drop: bool,
    pub(crate) timescale: u32,
    pub(crate) frame_duration: u32,
    pub(crate) frames_per_second: u8,
    pub(crate) reel: String,
    pub(crate) start_frame: Option<u32>,
}

impl Movie {
    /// The picture that is meant: the first of those with most samples. Covers and thumbnails have one.
    pub(crate) fn video(&self) -> Option<&Track> {
        let most = self.tracks.iter().filter(|track| track.handler == "vide").map(|track| track.samples).max()?;
        self.tracks.iter().find(|track| track.handler == "vide" && track.samples == most)
    }

    /// The timecode tracks the picture refers to, else all there are: what it does not refer to was jammed beside it.
    pub(crate) fn timecodes(&self) -> Vec<&TimecodeTrack> {
        let own = self.video().map(|video| video.timecodes.as_slice()).unwrap_or_default();
        let of = |wanted: &dyn Fn(&Track) -> bool| -> Vec<&TimecodeTrack> {
            self.tracks.iter().filter(|track| wanted(track)).filter_map(|track| track.timecode.as_ref()).collect()
        };
        let referred = of(&|track| own.contains(&track.id));
        if referred.is_empty() { of(&|_| true) } else { referred }
    }
}

pub(crate) fn read(source: &mut Source<'_>) -> Result<Movie, ReadError> {
    let mut movie = Movie::default();
    let size = source.size();
    let mut at = 0u64;
    let mut defaults = Vec::new();
    let mut fragments_bytes = 0u64;
    for _ in 0..MAX_TOP_LEVEL_BOXES {
        if at >= size {
            break;
        }
        if size - at < 8 {
            movie.foreign_at = Some(at);
            break;
        }
        let header = source.up_to(at, 16)?;
        let name = header.get(4..8).unwrap_or_default().to_vec();
        if !name.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == 0xa9) {
            // Cameras pad the end of a file with zeros; anything else is no box.
            if header.iter().any(|byte| *byte != 0) {
                movie.foreign_at = Some(at);
            }
            break;
        }
        let (header_len, length) = match header.be32(0).unwrap_or(0) {
            0 => (8, size - at),
            1 => (16, header.be64(8).unwrap_or(0)),
            length => (8, u64::from(length)),
        };
        if length < header_len {
            movie.foreign_at = Some(at);
            break;
        }
        let end = at.saturating_add(length);
        match name.as_slice() {
            b"ftyp" => movie.brand = source.up_to(at + header_len, 4).map(|bytes| fixed_text(&bytes))?,
            b"mdat" => movie.media_bytes = movie.media_bytes.saturating_add(length - header_len),
            b"moof" => {
                movie.fragmented = true;
                fragments_bytes = fragments_bytes.saturating_add(length);
                if end <= size && length <= MAX_FRAGMENT_BYTES && fragments_bytes <= MAX_FRAGMENTS_BYTES {
                    let body = source.at(at + header_len, length - header_len)?;
                    fragments::read_fragment(&body, &defaults, &mut movie);
                }
            }
            b"moov" if end <= size => {
                movie.has_moov = true;
                let body = source.at(at + header_len, length - header_len)?;
                read_moov(&body, &mut movie);
                defaults = boxes(&body)
                    .find(|(name, _)| name == b"mvex")
                    .map_or_else(Vec::new, |(_, mvex)| fragments::read_defaults(mvex));
            }
            // Sony keeps its clip's document in a box of its own.
            b"meta" if end <= size && length <= MAX_XML_BYTES => {
                let body = source.at(at + header_len, length - header_len)?;
                read_meta(&body, &mut movie);
            }
            _ => {}
        }
        if end > size {
            movie.cut_box = Some((String::from_utf8_lossy(&name).into_owned(), end));
            break;
        }
        at = end;
    }
    for track in &mut movie.tracks {
        track.place_samples();
        if let (Some(timecode), Some(chunk)) = (&mut track.timecode, track.first_chunk) {
            timecode.start_frame = source.at(chunk, 4).ok().and_then(|bytes| bytes.be32(0));
        }
    }
    Ok(movie)
}

/// Reads the first sample of each metadata track, and the head of a Blackmagic picture.
pub(crate) fn read_captures(source: &mut Source<'_>, movie: &mut Movie) {
    let mut found = Vec::new();
    for track in movie.tracks.iter().take(MAX_PARTS) {
        let raw_picture = track.handler == "vide" && track.codec.starts_with("br");
        let metadata = matches!(track.handler.as_str(), "meta" | "camm") && track.codec != "mebx";
        let Some(at) = track.first_chunk.filter(|_| raw_picture || metadata) else { continue };
        let most = if raw_picture { FRAME_HEAD_BYTES } else { MAX_CAPTURE_BYTES };
        if let Ok(bytes) = source.up_to(at, track.first_sample_bytes.min(most)) {
            found.push((track.codec.clone(), bytes));
        }
    }
    movie.captures = found;
}

/// The boxes of a body held in memory; stops quietly at the first one that does not fit.
pub(crate) fn boxes(body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 0usize;
    std::iter::from_fn(move || {
        let header = body.get(at..at.checked_add(8)?)?;
        let name: [u8; 4] = header[4..8].try_into().ok()?;
        let (skip, length) = match header.be32(0)? {
            0 => (8, body.len() - at),
            1 => (16, usize::try_from(body.be64(at + 8)?).ok()?),
            length => (8, length as usize),
        };
        let content = (length >= skip).then(|| body.get(at + skip..at.checked_add(length)?))??;
        at += length;
        Some((name, content))
    })
}

fn read_moov(body: &[u8], movie: &mut Movie) {
    for (name, content) in boxes(body) {
        match &name {
            b"trak" => {
                let mut track = Track::default();
                read_track(content, &mut track, movie, 0);
                movie.tracks.push(track);
            }
            b"udta" => read_user_data(content, movie, 0),
            b"meta" => read_meta(content, movie),
            b"mvhd" => {
                let wide = content.first() == Some(&1);
                movie.created = if wide { content.be64(4) } else { content.be32(4).map(u64::from) }.unwrap_or(0);
            }
            b"uuid" if content.get(..16) == Some(&CANON_UUID) => {
                for (name, content) in boxes(content.get(16..).unwrap_or_default()).filter(|(name, _)| name.starts_with(b"CMT")) {
                    push_box(movie, name, content);
                }
            }
            b"mvex" => movie.fragmented = true,
            // QuickTime of the nineties: the index compressed, or a list of other files.
            b"cmov" | b"rmra" => movie.packed = true,
            _ => {}
        }
        if movie.tracks.len() >= 256 {
            break;
        }
    }
}

fn push_box(movie: &mut Movie, name: [u8; 4], content: &[u8]) {
    if movie.maker_boxes.len() < MAX_PARTS && content.len() <= MAX_TEXT_BYTES {
        movie.maker_boxes.push((name, content.to_vec()));
    }
}

fn read_track(body: &[u8], track: &mut Track, movie: &mut Movie, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for (name, content) in boxes(body) {
        match &name {
            b"mdia" | b"minf" | b"stbl" | b"dinf" => read_track(content, track, movie, depth + 1),
            b"tref" => {
                for (_, ids) in boxes(content).filter(|(name, _)| name == b"tmcd") {
                    track.timecodes.extend(ids.chunks_exact(4).take(16).filter_map(|id| id.be32(0)));
                }
            }
            // The first flag of a reference says that the media is in this very file.
            b"dref" => {
                let mut places = boxes(content.get(8..).unwrap_or_default());
                track.elsewhere = places.next().is_some_and(|(_, place)| place.be32(0).is_some_and(|flags| flags & 1 == 0));
            }
            b"udta" => read_user_data(content, movie, 0),
            b"meta" => read_meta(content, movie),
            b"tkhd" => {
                track.rotation = rotation(content);
                track.id = content.be32(if content.first() == Some(&1) { 20 } else { 12 }).unwrap_or(0);
            }
            b"mdhd" => {
                let wide = content.first() == Some(&1);
                track.timescale = content.be32(if wide { 20 } else { 12 }).unwrap_or(0);
                track.duration = if wide { content.be64(24).unwrap_or(0) } else { content.be32(16).map_or(0, u64::from) };
            }
            // A second handler inside `minf` describes the data, not the media.
            b"hdlr" if track.handler.is_empty() => track.handler = content.get(8..12).map(fixed_text).unwrap_or_default(),
            b"stsd" => entry::read_sample_description(content, track),
            b"stts" => read_durations(content, track),
            b"stsc" => {
                let count = content.be32(4).unwrap_or(0) as usize;
                let entries = content.get(8..).unwrap_or_default().chunks_exact(12).take(count);
                track.samples_per_chunk = entries.map(|e| (e.be32(0).unwrap_or(0), e.be32(4).unwrap_or(0))).collect();
            }
            b"stsz" => {
                track.constant_sample_bytes = content.be32(4).unwrap_or(0);
                let count = content.be32(8).unwrap_or(0) as usize;
                track.sample_bytes =
                    content.get(12..).unwrap_or_default().chunks_exact(4).take(count).filter_map(|e| e.be32(0)).collect();
            }
            b"stco" | b"co64" => {
                let count = content.be32(4).unwrap_or(0) as usize;
                let table = content.get(8..).unwrap_or_default();
                track.chunks = if &name == b"stco" {
                    table.chunks_exact(4).take(count).filter_map(|e| e.be32(0).map(u64::from)).collect()
                } else {
                    table.chunks_exact(8).take(count).filter_map(|e| e.be64(0)).collect()
                };
            }
            _ => {}
        }
    }
}

/// Counts and durations of the samples. Cameras that follow the light let a sample last a tick more or less.
fn read_durations(content: &[u8], track: &mut Track) {
    const MOST_KINDS: usize = 1024;
    let count = content.be32(4).unwrap_or(0) as usize;
    let mut kinds: Vec<(u32, u64)> = Vec::new();
    for entry in content.get(8..).unwrap_or_default().chunks_exact(8).take(count) {
        let (samples, delta) = (u64::from(entry.be32(0).unwrap_or(0)), entry.be32(4).unwrap_or(0));
        track.samples = track.samples.saturating_add(samples);
        track.ticks = track.ticks.saturating_add(samples.saturating_mul(u64::from(delta)));
        match kinds.iter().position(|(known, _)| *known == delta) {
            Some(at) => kinds[at].1 = kinds[at].1.saturating_add(samples),
            None if delta > 0 && kinds.len() < MOST_KINDS => kinds.push((delta, samples)),
            None => {}
        }
    }
    // Of equals the first.
    let most = kinds.iter().map(|(_, samples)| *samples).max();
    if let Some((delta, samples)) = kinds.into_iter().find(|(_, samples)| Some(*samples) == most) {
        track.sample_delta = Some(delta);
        track.irregular = track.samples.saturating_sub(samples);
    }
}

/// Quarter turns of the matrix of `tkhd`; anything else is no turn of a camera.
fn rotation(header: &[u8]) -> u16 {
    let matrix = if header.first() == Some(&1) { 52 } else { 40 };
    let entry = |n: usize| header.be32(matrix + n * 4).map(|bits| bits as i32 >> 16);
    match (entry(0), entry(1), entry(3), entry(4)) {
        (Some(0), Some(1), Some(-1), Some(0)) => 90,
        (Some(-1), Some(0), Some(0), Some(-1)) => 180,
        (Some(0), Some(-1), Some(1), Some(0)) => 270,
        _ => 0,
    }
}

impl Track {
    /// Finds the first chunk and the furthest byte the sample tables point to. The length of a chunk is only added where the
    /// table states a size for each sample: for sound with a constant size the unit differs between writers.
    fn place_samples(&mut self) {
        if self.elsewhere {
            self.chunks = Vec::new();
            self.sample_bytes = Vec::new();
            return;
        }
        self.first_chunk = self.chunks.first().copied();
        let constant = u64::from(self.constant_sample_bytes);
        self.first_sample_bytes =
            if constant > 0 { constant } else { self.sample_bytes.first().map_or(0, |bytes| u64::from(*bytes)) };
        let sized = self.handler == "vide" || self.sample_bytes.len() as u64 == self.samples;
        let mut sample = 0usize;
        let mut run = 0usize;
        for (index, chunk) in self.chunks.iter().enumerate() {
            while self.samples_per_chunk.get(run + 1).is_some_and(|(first, _)| index + 1 >= *first as usize) {
                run += 1;
            }
            let per_chunk = self.samples_per_chunk.get(run).map_or(0, |(_, count)| *count as usize);
            let end = sample.saturating_add(per_chunk);
            let bytes = if !sized {
                0
            } else if self.constant_sample_bytes > 0 {
                u64::from(self.constant_sample_bytes).saturating_mul(per_chunk as u64)
            } else {
                let last = end.min(self.sample_bytes.len());
                self.sample_bytes.get(sample.min(last)..last).unwrap_or_default().iter().map(|bytes| u64::from(*bytes)).sum()
            };
            sample = end;
            self.furthest_sample_end = self.furthest_sample_end.max(chunk.saturating_add(bytes));
        }
        self.sample_bytes = Vec::new();
        self.chunks = Vec::new();
    }
}

fn push_tag(tags: &mut Vec<(String, String)>, name: String, bytes: &[u8]) {
    if tags.len() < 4096 {
        tags.push((name, fixed_text(&bytes[..bytes.len().min(MAX_TEXT_BYTES)])));
    }
}

fn box_name(name: [u8; 4]) -> String {
    name.iter().map(|byte| if *byte == 0xa9 { '©' } else { char::from(*byte) }).collect()
}

fn read_user_data(body: &[u8], movie: &mut Movie, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for (name, content) in boxes(body) {
        match &name {
            b"meta" => read_meta(content, movie),
            b"udta" => read_user_data(content, movie, depth + 1),
            b"FIRM" | b"LENS" | b"CAME" | b"MUID" | b"GPMF" => push_box(movie, name, content),
            // Canon's films of stills cameras: model, firmware.
            b"CNMN" | b"CNFV" => push_tag(&mut movie.tags, format!("udta/{}", box_name(name)), content),
            // 3GPP: version, language, text (a UTF-16 one begins with its mark).
            b"auth" | b"titl" | b"dscp" | b"cprt" => {
                if let Some(text) = content.get(6..).filter(|text| !text.starts_with(&[0xfe, 0xff])) {
                    push_tag(&mut movie.tags, format!("udta/{}", box_name(name)), text);
                }
            }
            [0xa9, ..] => {
                // QuickTime text: length, language, text; MP4 writers put a `data` box here instead.
                let length = usize::from(content.be16(0).unwrap_or(0));
                if let Some(text) = content.get(4..4 + length) {
                    push_tag(&mut movie.tags, format!("udta/{}", box_name(name)), text);
                }
            }
            _ => {}
        }
    }
}

/// `meta`: with version and flags (ISO) or without (QuickTime); keys of `mdta` number the entries of `ilst`.
fn read_meta(content: &[u8], movie: &mut Movie) {
    let body = if content.get(4..8) == Some(b"hdlr") { content } else { content.get(4..).unwrap_or_default() };
    let mut keys: Vec<String> = Vec::new();
    for (name, inside) in boxes(body) {
        if &name == b"keys" {
            keys = boxes(inside.get(8..).unwrap_or_default())
                .take(4096)
                .map(|(_, key)| fixed_text(&key[..key.len().min(256)]))
                .collect();
        }
    }
    for (name, inside) in boxes(body) {
        if &name == b"xml " && movie.documents.len() < 4 && (inside.len() as u64) < MAX_XML_BYTES {
            movie.documents.push(inside.get(4..).unwrap_or_default().to_vec());
        }
        if &name != b"ilst" {
            continue;
        }
        for (item, item_body) in boxes(inside) {
            let index = u32::from_be_bytes(item) as usize;
            let key = index
                .checked_sub(1)
                .and_then(|index| keys.get(index))
                .cloned()
                .unwrap_or_else(|| format!("ilst/{}", box_name(item)));
            for (part, data) in boxes(item_body) {
                if &part == b"data" {
                    let kind = data.be32(0).unwrap_or(0) & 0x00ff_ffff;
                    let value = data.get(8..).unwrap_or_default();
                    match typed_value(kind, value) {
                        Some(text) => push_tag(&mut movie.tags, key.clone(), text.as_bytes()),
                        None => push_tag(&mut movie.tags, key.clone(), value),
                    }
                }
            }
        }
    }
}

/// Numbers of the well-known types (QuickTime File Format, "Well-known types"); texts are left to the caller.
fn typed_value(kind: u32, value: &[u8]) -> Option<String> {
    Some(match (kind, value.len()) {
        (2, _) => {
            let units: Vec<u16> =
                value.chunks_exact(2).take(MAX_TEXT_BYTES / 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        (21, 1) => i64::from(value[0] as i8).to_string(),
        (21, 2) => i64::from(value.be16(0)? as i16).to_string(),
        (21 | 66 | 67, 4) => i64::from(value.be32(0)? as i32).to_string(),
        (21, 8) => (value.be64(0)? as i64).to_string(),
        (22 | 77, 4) => value.be32(0)?.to_string(),
        (22 | 75, 1) => value[0].to_string(),
        (22 | 76, 2) => value.be16(0)?.to_string(),
        (22 | 78, 8) => value.be64(0)?.to_string(),
        (23, 4) => f32::from_bits(value.be32(0)?).to_string(),
        (24, 8) => f64::from_bits(value.be64(0)?).to_string(),
        (65, 1) => i64::from(value[0] as i8).to_string(),
        (66, 2) => i64::from(value.be16(0)? as i16).to_string(),
        (74, 8) => (value.be64(0)? as i64).to_string(),
        // Point and size: two floats.
        (70 | 71, 8) => format!("{}, {}", f32::from_bits(value.be32(0)?), f32::from_bits(value.be32(4)?)),
        _ => return None,
    })
}

pub(crate) fn check(source: &mut Source<'_>) -> Result<Checked, ReadError> {
    let movie = read(source)?;
    let size = source.size();
    if let Some((name, end)) = &movie.cut_box {
        let what = if movie.has_moov {
            "the index is there, the recording is cut"
        } else {
            "the recording is cut and its index is missing"
        };
        return Ok(Checked::broken(truncated(format!("{what}: box {name} {}", sizes(*end, size)))));
    }
    if !movie.has_moov && STILL_BRANDS.contains(&movie.brand.as_str()) {
        return Ok(Checked::cannot_tell());
    }
    if !movie.has_moov {
        return Ok(Checked::broken(Finding::new(
            "structure.no_moov",
            Severity::Error,
            format!("the recording was never finished: {} bytes of media, no index (moov)", movie.media_bytes),
            format!("Put the card back into the camera, which may finish the recording. {HINT_KEEP}"),
        )));
    }
    let furthest = movie.tracks.iter().map(|track| track.furthest_sample_end).max().unwrap_or(0);
    if furthest > size {
        return Ok(Checked::broken(truncated(format!("the index points to byte {furthest}, {size} are present"))));
    }
    if movie.packed || movie.tracks.iter().any(|track| track.elsewhere) {
        return Ok(Checked::cannot_tell());
    }
    if movie.tracks.iter().all(|track| track.samples == 0) && !movie.fragmented {
        return Ok(Checked::broken(Finding::new(
            "structure.no_frames",
            Severity::Error,
            "the index lists no picture and no sound",
            HINT_KEEP,
        )));
    }
    if let Some(track) =
        movie.tracks.iter().find(|track| track.samples > 0 && track.first_chunk.is_none()).filter(|_| !movie.fragmented)
    {
        return Ok(Checked::broken(unfinalised(format!("the index counts {} samples and places none of them", track.samples))));
    }
    if let Some(at) = movie.foreign_at {
        // Some action cameras append their own data behind the last box; every picture lies before it.
        let message = format!("the structure is complete; {} bytes behind byte {at} are no part of it", size - at);
        let finding = Finding::new(
            "structure.trailing_bytes",
            Severity::Note,
            message,
            "They are copied as part of the file; nothing to do.",
        );
        return Ok(Checked { complete: Some(true), findings: vec![finding] });
    }
    Ok(Checked::complete())
}
