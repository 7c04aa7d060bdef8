//! Owns MXF (SMPTE ST 377-1): partition packs, random index pack and the KLVs they bracket. An open header with a closed footer is
//! normal; a missing footer is not. Must never read pictures or sound. The sets of the header are read in `mxf/header.rs`.

mod arri;
mod header;
mod primer;

pub(crate) use arri::ArriFacts;
pub(crate) use header::{MxfFacts, facts, facts_of_clip};

use crate::source::{Numbers, ReadError, Source};
use crate::structure::{Checked, sizes, truncated, unfinalised};

const PARTITION_PREFIX: [u8; 13] = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01];
const RIP_KEY_PREFIX: [u8; 14] = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x11];
const SET_PREFIX: [u8; 5] = [0x06, 0x0e, 0x2b, 0x34, 0x02];
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
