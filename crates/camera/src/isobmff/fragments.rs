//! Owns films in fragments (ISO/IEC 14496-12, 8.8): how many samples the fragments add to each track, and how long one lasts. A camera that
//! lost power has only these; a stream has nothing else.

use super::{Movie, boxes};
use crate::source::Numbers;

/// Defaults of a track for all its fragments.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Defaults {
    track: u32,
    duration: u32,
}

/// `mvex`: the defaults of each track.
pub(super) fn read_defaults(body: &[u8]) -> Vec<Defaults> {
    boxes(body)
        .filter(|(name, _)| name == b"trex")
        .take(256)
        .filter_map(|(_, content)| Some(Defaults { track: content.be32(4)?, duration: content.be32(12)? }))
        .collect()
}

/// One `moof`: adds its samples to their tracks.
pub(super) fn read_fragment(body: &[u8], defaults: &[Defaults], movie: &mut Movie) {
    for (_, content) in boxes(body).filter(|(name, _)| name == b"traf").take(256) {
        let mut track = 0u32;
        let mut duration = 0u32;
        for (name, content) in boxes(content) {
            match &name {
                b"tfhd" => {
                    let flags = content.be32(0).unwrap_or(0);
                    track = content.be32(4).unwrap_or(0);
                    let skip = [(0x1, 8), (0x2, 4)].into_iter().filter(|(bit, _)| flags & bit != 0).map(|(_, bytes)| bytes);
                    let own = (flags & 0x8 != 0).then(|| content.be32(8 + skip.sum::<usize>())).flatten();
                    let known = defaults.iter().find(|known| known.track == track).map_or(0, |known| known.duration);
                    duration = own.unwrap_or(known);
                }
                b"trun" => {
                    let flags = content.be32(0).unwrap_or(0);
                    let count = content.be32(4).unwrap_or(0);
                    let skip = [(0x1, 4), (0x4, 4)].into_iter().filter(|(bit, _)| flags & bit != 0).map(|(_, bytes)| bytes);
                    let first = (flags & 0x100 != 0).then(|| content.be32(8 + skip.sum::<usize>())).flatten();
                    if let Some(found) = movie.tracks.iter_mut().find(|known| known.id == track) {
                        found.samples = found.samples.saturating_add(u64::from(count));
                        found.sample_delta = found.sample_delta.or(Some(first.unwrap_or(duration)).filter(|delta| *delta > 0));
                    }
                }
                _ => {}
            }
        }
    }
}
