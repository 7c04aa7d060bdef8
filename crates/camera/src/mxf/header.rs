//! Owns the header metadata of MXF (ST 377-1): primer, packages with their tracks and timecode, descriptors, identification, tagged
//! values; and the acquisition packets (ST 436) of the first frame. Follows references only as far as they lead to sets that are there.

use super::arri::{self, ArriFacts};
use super::primer::Primer;
use super::{MAX_RUN_IN, SET_PREFIX, ends, header_offset, is_partition, klv};
use crate::acquisition;
use crate::source::{Numbers, ReadError, Source};
use std::collections::HashMap;

const MAX_HEADER_METADATA_BYTES: u64 = 8 << 20;
const MAX_SETS: usize = 10_000;
/// KLVs behind the header that are looked at for the packets of the first frame, and the largest packet.
const MAX_ESSENCE_KLVS: usize = 64;
const MAX_ANC_BYTES: u64 = 256 << 10;

/// What the header sets say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MxfFacts {
    pub(crate) product: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) edit_rate: Option<(u32, u32)>,
    pub(crate) duration_frames: Option<i64>,
    pub(crate) timecode: Option<TimecodeTrack>,
    /// Timecode of a source package (a tape, a file before it), where it differs in place.
    pub(crate) source_timecode: Option<TimecodeTrack>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// Left, top, width, height of the displayed part, where it is smaller than what is stored.
    pub(crate) displayed: Option<[u32; 4]>,
    pub(crate) bit_depth: Option<u32>,
    pub(crate) picture_coding: Option<[u8; 16]>,
    pub(crate) transfer: Option<[u8; 16]>,
    pub(crate) primaries: Option<[u8; 16]>,
    pub(crate) audio_channels: u32,
    pub(crate) audio_rate: Option<u32>,
    pub(crate) audio_bits: Option<u32>,
    pub(crate) tape_name: Option<String>,
    /// Package id of the material package, hexadecimal.
    pub(crate) umid: Option<String>,
    pub(crate) clip_name: Option<String>,
    /// Creation of the material package, RFC 3339; ST 377-1 has it in UTC.
    pub(crate) created: Option<String>,
    /// Names and values people or cameras attached to the packages.
    pub(crate) tagged: Vec<(String, String)>,
    /// Sets of acquisition metadata in the first frame.
    pub(crate) acquisition: Vec<u8>,
    /// Length and edit rate of the material package's picture and sound, where its tracks say them.
    pub(crate) picture_track: Option<(i64, (u32, u32))>,
    pub(crate) sound_track: Option<(i64, (u32, u32))>,
    /// How the essence lies in the file.
    pub(crate) essence_container: Option<[u8; 16]>,
    /// Width over height of the picture as it is shown.
    pub(crate) aspect: Option<(u32, u32)>,
    /// ARRI's own sets.
    pub(crate) arri: Option<ArriFacts>,
}

/// One timecode track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimecodeTrack {
    pub(crate) start: i64,
    pub(crate) base: u16,
    pub(crate) drop: bool,
}

/// One local set: kind byte, or the label of a set of a maker's own, and its items by local tag.
pub(super) struct LocalSet<'a> {
    /// 0 for a set of a maker's own.
    kind: u8,
    /// The last eight bytes of the set's key.
    pub(super) own: [u8; 8],
    items: HashMap<u16, &'a [u8]>,
    /// Items whose tag the writer gave out, by what the primer says of it.
    pub(super) labelled: HashMap<[u8; 8], &'a [u8]>,
}

impl<'a> LocalSet<'a> {
    fn number(&self, tag: u16) -> Option<u32> {
        self.items.get(&tag).and_then(|value| match value.len() {
            1 => Some(u32::from(value[0])),
            2 => value.be16(0).map(u32::from),
            4 => value.be32(0),
            _ => None,
        })
    }

    fn long(&self, tag: u16) -> Option<i64> {
        self.items.get(&tag).and_then(|value| value.be64(0)).map(|value| value as i64)
    }

    fn rational(&self, tag: u16) -> Option<(u32, u32)> {
        let value = self.items.get(&tag)?;
        value.be32(0).zip(value.be32(4)).filter(|(num, den)| *num > 0 && *den > 0)
    }

    fn text(&self, tag: u16) -> Option<String> {
        utf16(self.items.get(&tag)?)
    }

    fn label(&self, tag: u16) -> Option<[u8; 16]> {
        self.items.get(&tag).and_then(|value| value.get(..16)).and_then(|value| value.try_into().ok())
    }

    /// The one reference of an item, or those of its array (count, size, ids).
    fn references(&self, tag: u16) -> Vec<[u8; 16]> {
        let Some(value) = self.items.get(&tag) else { return Vec::new() };
        let ids: &'a [u8] = if value.len() == 16 { value } else { value.get(8..).unwrap_or_default() };
        ids.chunks_exact(16).take(256).filter_map(|id| id.try_into().ok()).collect()
    }
}

pub(super) fn utf16(value: &[u8]) -> Option<String> {
    let units: Vec<u16> = value
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0)
        .take(4096)
        .collect();
    let text = String::from_utf16_lossy(&units).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

pub(super) fn sets(bytes: &[u8]) -> Vec<LocalSet<'_>> {
    let mut found: Vec<LocalSet<'_>> = Vec::new();
    let mut primer = Primer::default();
    let mut at = 0usize;
    while let Some(key) = bytes.get(at..at + 16) {
        let Some(first) = bytes.get(at + 16) else { break };
        let (length, skip) = if *first < 0x80 {
            (usize::from(*first), 17)
        } else {
            let count = usize::from(first & 0x7f).min(8);
            let Some(digits) = bytes.get(at + 17..at + 17 + count) else { break };
            let length = digits.iter().fold(0u64, |value, digit| value << 8 | u64::from(*digit));
            (usize::try_from(length).unwrap_or(usize::MAX), 17 + count)
        };
        let Some(value) = (at + skip).checked_add(length).and_then(|end| bytes.get(at + skip..end)) else { break };
        let is_set = key[..5] == SET_PREFIX && key[5] == 0x53;
        let is_registered = key[8..13] == [0x0d, 0x01, 0x01, 0x01, 0x01];
        // The class of labels that are a maker's own.
        let is_own = key[8] == 0x0e;
        if key[..5] == SET_PREFIX && key[5] == 0x05 && key[8..14] == [0x0d, 0x01, 0x02, 0x01, 0x01, 0x05] {
            primer.read(value);
        }
        if is_set && (is_registered || is_own) && found.len() < MAX_SETS {
            let mut items = HashMap::new();
            let mut labelled = HashMap::new();
            let mut inside = 0usize;
            while let (Some(tag), Some(size)) = (value.be16(inside), value.be16(inside + 2)) {
                let Some(item) = value.get(inside + 4..inside + 4 + usize::from(size)) else { break };
                items.insert(primer.tag(tag), item);
                if let Some(label) = primer.label(tag) {
                    labelled.insert(*label, item);
                }
                inside += 4 + usize::from(size);
            }
            let mut own = [0; 8];
            own.copy_from_slice(&key[8..16]);
            found.push(LocalSet { kind: if is_registered { key[14] } else { 0 }, own, items, labelled });
        }
        at += skip + length;
    }
    found
}

/// Reads the header metadata of the footer if it has any (it is the later one), else that of the header.
pub(crate) fn facts(source: &mut Source<'_>) -> Result<MxfFacts, ReadError> {
    read(source).map(|(facts, _)| facts)
}

/// As `facts`, and the acquisition packets of the first frame.
pub(crate) fn facts_of_clip(source: &mut Source<'_>) -> Result<MxfFacts, ReadError> {
    let (mut facts, essence_at) = read(source)?;
    facts.acquisition = first_packets(source, essence_at)?;
    Ok(facts)
}

/// What the sets say, and where the essence begins.
fn read(source: &mut Source<'_>) -> Result<(MxfFacts, u64), ReadError> {
    let mut head = source.up_to(0, 4096)?;
    if header_offset(&head).is_none() {
        head = source.up_to(0, (MAX_RUN_IN as u64) + 64)?;
    }
    let (header, footer) = match ends(source, &head) {
        Ok(found) => found,
        // A footer that cannot be read is the structural check's finding; the header speaks all the same.
        Err(ReadError::Io(error)) => return Err(error.into()),
        Err(_) => {
            let run_in = header_offset(&head).ok_or(ReadError::Malformed("no MXF header partition"))? as u64;
            (super::partition(source, run_in)?, None)
        }
    };
    let chosen = footer.filter(|footer| footer.header_bytes > 0).unwrap_or_else(|| header.clone());
    let metadata = source.up_to(chosen.pack_end, chosen.header_bytes.saturating_add(4096).min(MAX_HEADER_METADATA_BYTES))?;
    let behind = header.pack_end.saturating_add(header.header_bytes).saturating_add(header.index_bytes);
    Ok((read_sets(&sets(&metadata)), behind))
}

/// Walks the KLVs of the first content package; stops at the second picture or the first packet that says something.
fn first_packets(source: &mut Source<'_>, start: u64) -> Result<Vec<u8>, ReadError> {
    let mut at = start;
    let mut pictures = 0;
    for _ in 0..MAX_ESSENCE_KLVS {
        if at >= source.size() {
            break;
        }
        let next = match klv(source, at) {
            Ok(next) if next.key[..4] == SET_PREFIX[..4] => next,
            Err(ReadError::Io(error)) => return Err(error.into()),
            _ => break,
        };
        let length = next.end - next.value_at;
        // Essence elements of the generic container: item type, count, element type, number. 17 is data.
        let is_element = next.key[4..8] == [1, 2, 1, 1] && next.key[8..12] == [0x0d, 0x01, 0x03, 0x01];
        match next.key[12] {
            0x17 if is_element && length <= MAX_ANC_BYTES => {
                let found = acquisition::from_st436(&source.up_to(next.value_at, length)?);
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            0x05 | 0x15 if is_element => {
                pictures += 1;
                if pictures > 1 {
                    break;
                }
            }
            _ if is_partition(&next.key) && next.key[13] == 4 => break,
            _ => {}
        }
        at = next.end;
    }
    Ok(Vec::new())
}

pub(super) fn read_sets(found: &[LocalSet<'_>]) -> MxfFacts {
    let mut facts = MxfFacts::default();
    let by_id: HashMap<[u8; 16], &LocalSet<'_>> = found.iter().filter_map(|set| Some((set.label(0x3C0A)?, set))).collect();
    for set in found {
        match set.kind {
            0x30 => {
                facts.company = facts.company.or_else(|| set.text(0x3C01));
                facts.product = facts.product.or_else(|| set.text(0x3C02));
                facts.version = facts.version.or_else(|| set.text(0x3C04));
            }
            0x36 => read_material_package(set, &by_id, &mut facts),
            0x37 => {
                // A source package that describes no file names the tape (or film, or what was imported).
                let described = set.references(0x4701).first().and_then(|id| by_id.get(id)).map(|set| set.kind);
                if described.is_none_or(|kind| matches!(kind, 0x2e | 0x2d | 0x4a)) {
                    facts.tape_name = facts.tape_name.or_else(|| set.text(0x4402));
                }
                facts.source_timecode = facts.source_timecode.or_else(|| timecode_of_package(set, &by_id));
            }
            // CDCI, RGBA, MPEG video picture descriptors and what vendors derive from them.
            0x27 | 0x28 | 0x29 | 0x51 => read_picture(set, &mut facts),
            0x42 | 0x47 | 0x48 => {
                facts.audio_channels = facts.audio_channels.saturating_add(set.number(0x3D07).unwrap_or(1)).min(4096);
                facts.audio_rate = facts.audio_rate.or_else(|| set.rational(0x3D03).map(|(num, den)| num / den));
                facts.audio_bits = facts.audio_bits.or_else(|| set.number(0x3D01));
            }
            0x3f if facts.tagged.len() < 256 => {
                if let (Some(name), Some(value)) =
                    (set.text(0x5001), set.items.get(&0x5003).and_then(|value| indirect_text(value)))
                {
                    facts.tagged.push((name, value));
                }
            }
            _ => {}
        }
    }
    facts.arri = arri::facts(found, &by_id);
    // Writers that leave references out still have the one timecode component.
    let any = || found.iter().find(|set| set.kind == 0x14).and_then(timecode);
    facts.timecode = facts.timecode.or_else(any);
    if facts.source_timecode == facts.timecode {
        facts.source_timecode = None;
    }
    facts
}

/// An indirect value (ST 377-1, 4.3): byte order, type label, value. Text only.
fn indirect_text(value: &[u8]) -> Option<String> {
    let body = value.get(17..)?;
    match value.first()? {
        b'B' => utf16(body),
        b'L' => {
            let units: Vec<u16> = body
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .take_while(|u| *u != 0)
                .take(4096)
                .collect();
            Some(String::from_utf16_lossy(&units).trim().to_owned()).filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

fn timecode(set: &LocalSet<'_>) -> Option<TimecodeTrack> {
    let base = set.number(0x1502).and_then(|base| u16::try_from(base).ok()).filter(|base| *base > 0)?;
    Some(TimecodeTrack { start: set.long(0x1501)?, base, drop: set.number(0x1503).unwrap_or(0) != 0 })
}

/// Package, track, sequence, component: each by reference.
fn timecode_of_package(package: &LocalSet<'_>, by_id: &HashMap<[u8; 16], &LocalSet<'_>>) -> Option<TimecodeTrack> {
    package.references(0x4403).iter().filter_map(|id| by_id.get(id)).find_map(|track| {
        track.references(0x4803).iter().filter_map(|id| by_id.get(id)).find_map(|segment| {
            let inside = segment.references(0x1001);
            let mut components = inside.iter().filter_map(|id| by_id.get(id)).copied();
            if segment.kind == 0x14 { timecode(segment) } else { components.find(|set| set.kind == 0x14).and_then(timecode) }
        })
    })
}

fn read_material_package(package: &LocalSet<'_>, by_id: &HashMap<[u8; 16], &LocalSet<'_>>, facts: &mut MxfFacts) {
    if facts.umid.is_none() {
        let id = package.items.get(&0x4401).filter(|id| id.len() == 32 && id.iter().any(|byte| *byte != 0));
        facts.umid = id.map(|id| id.iter().map(|byte| format!("{byte:02X}")).collect());
    }
    facts.clip_name = facts.clip_name.take().or_else(|| package.text(0x4402));
    facts.created = facts.created.take().or_else(|| package.items.get(&0x4405).and_then(|value| timestamp(value)));
    facts.timecode = facts.timecode.or_else(|| timecode_of_package(package, by_id));
    for track in package.references(0x4403).iter().filter_map(|id| by_id.get(id)) {
        let Some(segment) = track.references(0x4803).first().and_then(|id| by_id.get(id)) else { continue };
        let length = segment.long(0x0202).filter(|length| *length > 0).zip(track.rational(0x4B01));
        // Data definitions: picture, sound (ST 377-1 and the older ones of AAF end alike).
        match segment.label(0x0201).map(|label| label[8..13].try_into().unwrap_or([0; 5])) {
            Some([0x01, 0x03, 0x02, 0x02, 0x01]) => facts.picture_track = facts.picture_track.or(length),
            Some([0x01, 0x03, 0x02, 0x02, 0x02]) => facts.sound_track = facts.sound_track.or(length),
            _ => {}
        }
    }
}

/// Year, month, day, hour, minute, second, quarter milliseconds.
fn timestamp(value: &[u8]) -> Option<String> {
    let year = value.be16(0).filter(|year| (1970..3000).contains(year))?;
    let [month, day, hour, minute, second] = value.get(2..7)?.try_into().ok()?;
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    fits.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

fn read_picture(set: &LocalSet<'_>, facts: &mut MxfFacts) {
    facts.edit_rate = facts.edit_rate.or_else(|| set.rational(0x3001));
    facts.duration_frames = facts.duration_frames.or_else(|| set.long(0x3002)).filter(|frames| *frames > 0);
    // Separate fields store half the lines (layout 1).
    let fields = if set.number(0x320C) == Some(1) { 2 } else { 1 };
    let lines = |tag: u16| set.number(tag).map(|lines| lines.saturating_mul(fields));
    if facts.width.is_none() {
        // Displayed size (3209 by 3208), where it is given, else what is stored, which codecs round up (1088 lines).
        let stored = (set.number(0x3203), lines(0x3202));
        let shown = (set.number(0x3209).filter(|n| *n > 0), lines(0x3208).filter(|n| *n > 0));
        (facts.width, facts.height) = if let (Some(width), Some(height)) = shown { (Some(width), Some(height)) } else { stored };
        let corner = (set.number(0x320A).unwrap_or(0), lines(0x320B).unwrap_or(0));
        if let (Some(width), Some(height), true) = (shown.0, shown.1, stored.0.is_some() && shown != stored) {
            facts.displayed = Some([corner.0, corner.1, width, height]);
        }
    }
    facts.bit_depth = facts
        .bit_depth
        .or_else(|| set.number(0x3301))
        .or_else(|| set.items.get(&0x3401).and_then(|layout| depth_of_layout(layout)));
    facts.picture_coding = facts.picture_coding.or_else(|| set.label(0x3201));
    facts.essence_container = facts.essence_container.or_else(|| set.label(0x3004));
    facts.aspect = facts.aspect.or_else(|| set.rational(0x320E));
    facts.transfer = facts.transfer.or_else(|| set.label(0x3210));
    facts.primaries = facts.primaries.or_else(|| set.label(0x3219));
}

/// Pixel layout of RGBA: pairs of a component's letter and its bits.
fn depth_of_layout(layout: &[u8]) -> Option<u32> {
    layout
        .chunks_exact(2)
        .find(|pair| matches!(pair[0], b'R' | b'G' | b'B'))
        .map(|pair| u32::from(pair[1]))
        .filter(|bits| (1..=32).contains(bits))
}
