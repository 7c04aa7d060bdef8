//! Owns AVCHD playlists (`PLAYLIST/*.MPL`), which tie the pieces of a recording that was split: layout as public readers have it,
//! not verified on a card. Must never follow a name outside the stream folder.

use crate::source::Numbers;

const MAX_ITEMS: usize = 1000;

/// One piece as a playlist has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlayItem {
    /// Five digits, as in `STREAM/00001.MTS`.
    pub(crate) clip: String,
    /// Goes on from the piece before without a break.
    pub(crate) seamless: bool,
}

/// Reads a playlist; `None` if it is none. Items end quietly where the bytes do.
pub(crate) fn playlist(bytes: &[u8]) -> Option<Vec<PlayItem>> {
    if bytes.get(..4) != Some(b"MPLS") {
        return None;
    }
    let list = usize::try_from(bytes.be32(8)?).ok()?;
    let count = usize::from(bytes.be16(list.checked_add(6)?)?);
    let mut at = list.checked_add(10)?;
    let mut items = Vec::new();
    for _ in 0..count.min(MAX_ITEMS) {
        let Some(length) = bytes.be16(at).map(usize::from) else { break };
        let Some(item) = bytes.get(at + 2..at + 2 + length) else { break };
        let Some(name) = item.get(..5).filter(|name| name.iter().all(u8::is_ascii_digit)) else { break };
        let condition = item.get(10).copied().unwrap_or(1) & 0x0f;
        items.push(PlayItem { clip: String::from_utf8_lossy(name).into_owned(), seamless: matches!(condition, 5 | 6) });
        at += 2 + length;
    }
    Some(items)
}
