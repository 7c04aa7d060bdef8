//! Owns MPEG transport streams (ISO/IEC 13818-1) in packets of 188 bytes, or 192 as AVCHD stores them. A stream has no index: one
//! that was cut between two packets looks whole, so that this check can never say that it is complete.

pub(crate) mod stream;

use crate::source::{ReadError, Source};
use crate::structure::{Checked, damaged, truncated};

const SYNC: u8 = 0x47;

/// Size of a packet and place of its sync byte, by the first packets.
pub(crate) fn packet(head: &[u8]) -> Option<(u64, u64)> {
    let synced = |size: usize, offset: usize| (0..4).all(|packet| head.get(packet * size + offset) == Some(&SYNC));
    match (synced(188, 0), synced(192, 4)) {
        (true, _) => Some((188, 0)),
        (_, true) => Some((192, 4)),
        _ => None,
    }
}

pub(crate) fn check(source: &mut Source<'_>, head: &[u8]) -> Result<Checked, ReadError> {
    let Some((size, offset)) = packet(head) else { return Ok(Checked::cannot_tell()) };
    let packets = source.size() / size;
    let rest = source.size() % size;
    if rest != 0 {
        return Ok(Checked::broken(truncated(format!("the file ends inside a packet: {rest} bytes of {size}"))));
    }
    for packet in [packets / 4, packets / 2, packets * 3 / 4, packets.saturating_sub(1)] {
        if source.at(packet * size + offset, 1)? != [SYNC] {
            return Ok(Checked::broken(damaged(format!("no packet begins at byte {}, where one must", packet * size))));
        }
    }
    Ok(Checked::cannot_tell())
}
