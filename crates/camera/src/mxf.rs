//! Owns MXF (SMPTE ST 377-1): partition packs, random index pack, primer, and the few header sets that give timecode, edit
//! rate, picture and sound. An open header with a closed footer is normal; a missing footer is not. Must never read essence.

use crate::source::{Numbers, ReadError, Source};
use crate::structure::{Checked, sizes, truncated, unfinalised};
use std::collections::HashMap;

const PARTITION_PREFIX: [u8; 13] = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01];
const RIP_KEY_PREFIX: [u8; 14] = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x11];
const PRIMER_PREFIX: [u8; 14] = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x05];
const SET_PREFIX: [u8; 5] = [0x06, 0x0e, 0x2b, 0x34, 0x02];
const MAX_HEADER_METADATA_BYTES: u64 = 8 << 20;
const MAX_RUN_IN: usize = 65_536;

/// Where the header partition begins, if `head` holds one within the run-in ST 377-1 allows.
pub(crate) fn header_offset(head: &[u8]) -> Option<usize> {
    let limit = head.len().min(MAX_RUN_IN + PARTITION_PREFIX.len() + 1);
    head[..limit].windows(PARTITION_PREFIX.len() + 1).position(|window| {
        // The version byte differs between writers and registers.
        window[..7] == PARTITION_PREFIX[..7] && window[8..13] == PARTITION_PREFIX[8..] && window[13] == 2
    })
}

/// One partition pack.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Partition {
    pub(crate) at: u64,
    /// 2 header, 3 body, 4 footer.
    pub(crate) kind: u8,
    /// 1 open incomplete, 2 closed incomplete, 3 open complete, 4 closed complete.
    pub(crate) status: u8,
    pub(crate) footer: u64,
    pub(crate) header_bytes: u64,
    pub(crate) index_bytes: u64,
    pub(crate) body_sid: u32,
    pub(crate) pack_end: u64,
    run_in: u64,
}

/// Key and extent of a KLV.
struct Klv {
    key: [u8; 16],
    value_at: u64,
    end: u64,
}

fn klv(source: &mut Source<'_>, at: u64) -> Result<Klv, ReadError> {
    let head = source.up_to(at, 25)?;
    let key: [u8; 16] = head
        .get(..16)
        .and_then(|key| key.try_into().ok())
        .ok_or(ReadError::PastEnd { wanted_end: at + 17, size: source.size() })?;
    let first = *head.get(16).ok_or(ReadError::PastEnd { wanted_end: at + 17, size: source.size() })?;
    let (length, length_bytes) = if first < 0x80 {
        (u64::from(first), 1u64)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 8 {
            return Err(ReadError::Malformed("a KLV has no usable length"));
        }
        let digits =
            head.get(17..17 + count).ok_or(ReadError::PastEnd { wanted_end: at + 17 + count as u64, size: source.size() })?;
        (digits.iter().fold(0u64, |value, digit| value << 8 | u64::from(*digit)), 1 + count as u64)
    };
    let value_at = at + 16 + length_bytes;
    let end = value_at.checked_add(length).ok_or(ReadError::TooLarge)?;
    Ok(Klv { key, value_at, end })
}

fn is_partition(key: &[u8; 16]) -> bool {
    key[..7] == PARTITION_PREFIX[..7] && key[8..13] == PARTITION_PREFIX[8..] && (2..=4).contains(&key[13])
}

fn partition(source: &mut Source<'_>, at: u64) -> Result<Partition, ReadError> {
    let klv = klv(source, at)?;
    if !is_partition(&klv.key) {
        return Err(ReadError::Malformed("no partition begins where one is announced"));
    }
    let pack = source.at(klv.value_at, 64.min(klv.end - klv.value_at))?;
    let number = |at: usize| pack.be64(at).ok_or(ReadError::Malformed("a partition pack is too short"));
    Ok(Partition {
        at,
        kind: klv.key[13],
        status: klv.key[14],
        footer: number(24)?,
        header_bytes: number(32)?,
        index_bytes: number(40)?,
        body_sid: pack.be32(60).unwrap_or(0),
        pack_end: klv.end,
        run_in: 0,
    })
}

/// The header partition and, where there is one, the footer.
fn ends(source: &mut Source<'_>, head: &[u8]) -> Result<(Partition, Option<Partition>), ReadError> {
    let run_in = header_offset(head).ok_or(ReadError::Malformed("no MXF header partition"))? as u64;
    let mut header = partition(source, run_in)?;
    header.run_in = run_in;
    let mut footer_at = (header.footer != 0).then(|| header.footer.saturating_add(run_in));
    if footer_at.is_none() {
        footer_at = footer_by_random_index(source)?.map(|at| at.saturating_add(run_in));
    }
    let footer = match footer_at {
        Some(at) if at < source.size() => Some(partition(source, at)?),
        _ => None,
    };
    Ok((header, footer))
}

/// The last entry of the random index pack, whose length is in the last four bytes of the file.
fn footer_by_random_index(source: &mut Source<'_>) -> Result<Option<u64>, ReadError> {
    let size = source.size();
    let Some(tail) = source.at(size.saturating_sub(4), 4)?.be32(0).map(u64::from) else { return Ok(None) };
    if !(29..=1 << 20).contains(&tail) || tail > size {
        return Ok(None);
    }
    let pack = source.at(size - tail, tail)?;
    if pack[..7] != RIP_KEY_PREFIX[..7] || pack[8..14] != RIP_KEY_PREFIX[8..] {
        return Ok(None);
    }
    // Entries of twelve bytes (body SID, offset) end before the four bytes of the length.
    let last = pack.len().saturating_sub(4 + 12);
    Ok(pack.be64(last + 4))
}

pub(crate) fn check(source: &mut Source<'_>, head: &[u8]) -> Result<Checked, ReadError> {
    let (header, footer) = ends(source, head)?;
    let size = source.size();
    if header.footer != 0 && header.footer.saturating_add(header.run_in) >= size {
        return Ok(Checked::broken(truncated(format!(
            "the footer is announced at byte {}, {size} bytes are present",
            header.footer.saturating_add(header.run_in)
        ))));
    }
    let Some(footer) = footer else {
        let status = if header.status == 1 || header.status == 3 { "open" } else { "closed" };
        return Ok(Checked::broken(unfinalised(format!("the header is {status} and no footer was written"))));
    };
    if footer.kind != 4 {
        return Ok(Checked::broken(unfinalised("no footer stands where the header announces it".to_owned())));
    }
    let metadata_end = footer.pack_end.saturating_add(footer.header_bytes).saturating_add(footer.index_bytes);
    if metadata_end > size {
        return Ok(Checked::broken(truncated(format!("the footer {}", sizes(metadata_end, size)))));
    }
    // The KLVs behind the footer pack must end with the file.
    let mut at = footer.pack_end;
    for _ in 0..10_000 {
        if at >= size {
            break;
        }
        let Ok(next) = klv(source, at) else {
            return Ok(Checked::broken(truncated(format!("the file ends inside a KLV at byte {at}"))));
        };
        if next.key[..4] != SET_PREFIX[..4] {
            // Zero padding behind the last KLV is harmless.
            return Ok(if next.key == [0; 16] { Checked::complete() } else { Checked::cannot_tell() });
        }
        if next.end > size {
            return Ok(Checked::broken(truncated(format!("the last KLV {}", sizes(next.end, size)))));
        }
        at = next.end;
    }
    Ok(Checked::complete())
}

/// What the header sets say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MxfFacts {
    pub(crate) product: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) edit_rate: Option<(u32, u32)>,
    pub(crate) duration_frames: Option<i64>,
    pub(crate) timecode_start: Option<i64>,
    pub(crate) timecode_base: Option<u16>,
    pub(crate) timecode_drop: bool,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) bit_depth: Option<u32>,
    pub(crate) picture_coding: Option<[u8; 16]>,
    pub(crate) transfer: Option<[u8; 16]>,
    pub(crate) primaries: Option<[u8; 16]>,
    pub(crate) audio_channels: u32,
    pub(crate) audio_rate: Option<u32>,
    pub(crate) audio_bits: Option<u32>,
    pub(crate) tape_name: Option<String>,
}

/// One local set: kind byte and its items by local tag.
struct LocalSet<'a> {
    kind: u8,
    items: HashMap<u16, &'a [u8]>,
}

impl LocalSet<'_> {
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
        let value = self.items.get(&tag)?;
        let units: Vec<u16> =
            value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).take_while(|unit| *unit != 0).collect();
        let text = String::from_utf16_lossy(&units).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn label(&self, tag: u16) -> Option<[u8; 16]> {
        self.items.get(&tag).and_then(|value| value.get(..16)).and_then(|value| value.try_into().ok())
    }
}

fn sets(bytes: &[u8]) -> Vec<LocalSet<'_>> {
    let mut found = Vec::new();
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
        let is_local_set = key[..5] == SET_PREFIX && key[5] == 0x53 && key[8..13] == [0x0d, 0x01, 0x01, 0x01, 0x01];
        if is_local_set && found.len() < 10_000 {
            let mut items = HashMap::new();
            let mut inside = 0usize;
            while let (Some(tag), Some(size)) = (value.be16(inside), value.be16(inside + 2)) {
                let Some(item) = value.get(inside + 4..inside + 4 + usize::from(size)) else { break };
                items.insert(tag, item);
                inside += 4 + usize::from(size);
            }
            found.push(LocalSet { kind: key[14], items });
        }
        at += skip + length;
    }
    found
}

/// Reads the header metadata of the footer if it has any (it is the later one), else that of the header.
pub(crate) fn facts(source: &mut Source<'_>) -> Result<MxfFacts, ReadError> {
    let mut head = source.up_to(0, 4096)?;
    if header_offset(&head).is_none() {
        head = source.up_to(0, (MAX_RUN_IN as u64) + 64)?;
    }
    let (header, footer) = ends(source, &head)?;
    let chosen = footer.filter(|footer| footer.header_bytes > 0).unwrap_or(header);
    let metadata = source.up_to(chosen.pack_end, chosen.header_bytes.saturating_add(4096).min(MAX_HEADER_METADATA_BYTES))?;
    debug_assert_eq!(PRIMER_PREFIX.len(), 14);
    let mut facts = MxfFacts::default();
    for set in sets(&metadata) {
        match set.kind {
            0x30 => {
                facts.company = facts.company.or_else(|| set.text(0x3C01));
                facts.product = facts.product.or_else(|| set.text(0x3C02));
            }
            0x14 if facts.timecode_base.is_none() => {
                facts.timecode_start = set.long(0x1501);
                facts.timecode_base = set.number(0x1502).and_then(|base| u16::try_from(base).ok());
                facts.timecode_drop = set.number(0x1503).unwrap_or(0) != 0;
            }
            // A source package without essence descriptors names the tape.
            0x37 => facts.tape_name = facts.tape_name.or_else(|| set.text(0x4402)),
            // CDCI, RGBA, MPEG video picture descriptors and what vendors derive from them.
            0x27 | 0x28 | 0x29 | 0x51 => {
                facts.edit_rate = facts.edit_rate.or_else(|| set.rational(0x3001));
                facts.duration_frames = facts.duration_frames.or_else(|| set.long(0x3002)).filter(|frames| *frames > 0);
                facts.width = facts.width.or_else(|| set.number(0x3208)).or_else(|| set.number(0x3203));
                // Separate fields store half the lines (layout 1).
                let lines = set.number(0x3207).or_else(|| set.number(0x3202));
                let fields = if set.number(0x320C) == Some(1) { 2 } else { 1 };
                facts.height = facts.height.or_else(|| lines.map(|lines| lines.saturating_mul(fields)));
                facts.bit_depth = facts.bit_depth.or_else(|| set.number(0x3301));
                facts.picture_coding = facts.picture_coding.or_else(|| set.label(0x3201));
                facts.transfer = facts.transfer.or_else(|| set.label(0x3210));
                facts.primaries = facts.primaries.or_else(|| set.label(0x3219));
            }
            0x42 | 0x47 | 0x48 => {
                facts.audio_channels = facts.audio_channels.saturating_add(set.number(0x3D07).unwrap_or(1)).min(4096);
                facts.audio_rate = facts.audio_rate.or_else(|| set.rational(0x3D03).map(|(num, den)| num / den));
                facts.audio_bits = facts.audio_bits.or_else(|| set.number(0x3D01));
            }
            _ => {}
        }
    }
    Ok(facts)
}
