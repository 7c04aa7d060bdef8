//! Owns the sample description of a track (ISO/IEC 14496-12, 12; QuickTime File Format): codec, size, depth, shape of a pixel, sound,
//! and the timecode description.

use super::{TimecodeTrack, Track, boxes};
use crate::source::{Numbers, fixed_text};

pub(super) fn read_sample_description(content: &[u8], track: &mut Track) {
    let Some((name, entry)) = content.get(8..).and_then(|entries| boxes(entries).next()) else { return };
    track.codec = String::from_utf8_lossy(&name).trim().to_owned();
    match track.handler.as_str() {
        "vide" => {
            track.width = entry.be16(24).map_or(0, u32::from);
            track.height = entry.be16(26).map_or(0, u32::from);
            let name_len = usize::from(entry.get(42).copied().unwrap_or(0)).min(31);
            track.encoder = entry.get(43..43 + name_len).map(fixed_text).unwrap_or_default();
            track.depth = entry.be16(74).unwrap_or(0);
            for (name, body) in boxes(entry.get(78..).unwrap_or_default()) {
                if &name == b"clap" {
                    track.clean_aperture = clean_aperture(body, track.width, track.height);
                }
                let coded = matches!(body.get(..4), Some(b"nclc" | b"nclx"));
                if &name == b"colr" && coded {
                    track.colour = body.be16(4).zip(body.be16(6)).zip(body.be16(8)).map(|((p, t), m)| (p, t, m));
                }
                if &name == b"pasp" {
                    track.pixel_aspect = body.be32(0).zip(body.be32(4));
                }
                track.coded_depth = track.coded_depth.or_else(|| coded_depth(&name, body));
            }
        }
        "soun" => {
            let version = entry.be16(8).unwrap_or(0);
            if version == 2 {
                let rate = entry.be64(32).map(f64::from_bits).filter(|rate| (1.0..=1e7).contains(rate));
                track.sample_rate = rate.map_or(0, |rate| rate as u32);
                track.channels = entry.be32(40).unwrap_or(0).min(4096) as u16;
                track.bit_depth = entry.be32(48).unwrap_or(0).min(64) as u16;
            } else {
                track.channels = entry.be16(16).unwrap_or(0);
                track.bit_depth = entry.be16(18).unwrap_or(0);
                track.sample_rate = entry.be32(24).unwrap_or(0) >> 16;
            }
            // The field says 16 for the 24- and 32-bit codecs of old QuickTime; compressed sound has no depth at all.
            track.bit_depth = match &name {
                b"in24" => 24,
                b"in32" | b"fl32" => 32,
                b"fl64" => 64,
                b"raw " => 8,
                b"twos" | b"sowt" | b"lpcm" | b"NONE" => track.bit_depth,
                b"mp4a" => {
                    if let Some((channels, rate)) = aac(entry, version) {
                        track.channels = channels;
                        track.sample_rate = rate.unwrap_or(track.sample_rate);
                    }
                    0
                }
                b"ipcm" | b"fpcm" => pcm_depth(entry, version).unwrap_or(track.bit_depth),
                _ => 0,
            };
        }
        "tmcd" => {
            let flags = entry.be32(12).unwrap_or(0);
            let mut timecode = TimecodeTrack {
                drop: flags & 1 != 0,
                timescale: entry.be32(16).unwrap_or(0),
                frame_duration: entry.be32(20).unwrap_or(0),
                frames_per_second: entry.get(24).copied().unwrap_or(0),
                ..TimecodeTrack::default()
            };
            for (name, body) in boxes(entry.get(26..).unwrap_or_default()) {
                if &name == b"name" {
                    let length = usize::from(body.be16(0).unwrap_or(0));
                    timecode.reel = body.get(4..4 + length.min(body.len().saturating_sub(4))).map(fixed_text).unwrap_or_default();
                }
            }
            track.timecode = Some(timecode);
        }
        _ => {}
    }
}

/// Width, height and offset of the centre as fractions (ISO/IEC 14496-12, 12.1.4) to the corner of the part shown.
fn clean_aperture(body: &[u8], width: u32, height: u32) -> Option<[f64; 4]> {
    let part = |at: usize| {
        let (num, den) = (body.be32(at)? as i32, body.be32(at + 4)?);
        (den > 0).then(|| f64::from(num) / f64::from(den))
    };
    let (w, h, dx, dy) = (part(0)?, part(8)?, part(16)?, part(24)?);
    (w > 0.0 && h > 0.0).then(|| [(f64::from(width) - w) / 2.0 + dx, (f64::from(height) - h) / 2.0 + dy, w, h])
}

/// Bits of a sample as the codec's own configuration states them: AVC (ISO/IEC 14496-15, 5.3.3), HEVC (8.3.3), AV1, VP9.
pub(crate) fn coded_depth(name: &[u8; 4], body: &[u8]) -> Option<u8> {
    let luma = match name {
        b"avcC" => match body.get(1)? {
            // Profiles below High have eight bits and say nothing of it.
            66 | 77 | 88 => 8,
            _ => avc_depth(body).unwrap_or(8),
        },
        b"hvcC" => 8 + (body.get(17)? & 7),
        b"av1C" => match body.get(2)? {
            flags if flags & 0x40 == 0 => 8,
            flags if flags & 0x20 != 0 => 12,
            _ => 10,
        },
        b"vpcC" => body.get(6)? >> 4,
        _ => return None,
    };
    (8..=16).contains(&luma).then_some(luma)
}

/// Behind the parameter sets of the high profiles stand chroma format, luma and chroma depth.
fn avc_depth(body: &[u8]) -> Option<u8> {
    let mut at = 6usize;
    for _ in 0..body.get(5)? & 0x1f {
        at += 2 + usize::from(body.be16(at)?);
    }
    let pictures = *body.get(at)?;
    at += 1;
    for _ in 0..pictures {
        at += 2 + usize::from(body.be16(at)?);
    }
    let (chroma, luma) = (body.get(at)?, body.get(at + 1)?);
    (chroma & 0xfc == 0xfc && luma & 0xf8 == 0xf8).then_some(8 + (luma & 7))
}

/// Channels and rate of AAC by its own configuration (ISO/IEC 14496-3, 1.6.2.1): the entry says two whatever there is.
fn aac(entry: &[u8], version: u16) -> Option<(u16, Option<u32>)> {
    const RATES: [u32; 13] = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
    let skip = match version {
        1 => 44,
        2 => 64,
        _ => 28,
    };
    let inside = entry.get(skip..)?;
    let own = |body: &'_ [u8]| boxes(body).find(|(name, _)| name == b"esds").map(|(_, body)| body.to_vec());
    // QuickTime keeps it one box deeper.
    let wave = || boxes(inside).find(|(name, _)| name == b"wave").and_then(|(_, body)| own(body));
    let description = own(inside).or_else(wave)?;
    let mut at = 4usize;
    for _ in 0..16 {
        let tag = *description.get(at)?;
        at += 1;
        let mut length = 0usize;
        for _ in 0..4 {
            let byte = *description.get(at)?;
            at += 1;
            length = length << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                break;
            }
        }
        match tag {
            // The stream's descriptor and the decoder's hold others behind what they say themselves.
            0x03 => {
                let flags = *description.get(at + 2)?;
                at += 3 + if flags & 0x80 != 0 { 2 } else { 0 } + if flags & 0x20 != 0 { 2 } else { 0 };
                if flags & 0x40 != 0 {
                    at += 1 + usize::from(*description.get(at)?);
                }
            }
            0x04 => at += 13,
            0x05 => {
                let bits = description.be16(at)?;
                let (object, rate, channels) = (bits >> 11, usize::from(bits >> 7 & 0xf), bits >> 3 & 0xf);
                // Longer codes of the object, a rate spelled out and a layout of its own are not taken apart.
                let plain = object != 31 && rate < 13 && (1..=7).contains(&channels);
                let count = if channels == 7 { 8 } else { channels };
                return plain.then(|| (count, RATES.get(rate).copied()));
            }
            _ => at = at.checked_add(length)?,
        }
    }
    None
}

/// Bits of a sample in the box for PCM (ISO/IEC 23003-5).
fn pcm_depth(entry: &[u8], version: u16) -> Option<u16> {
    let skip = if version == 1 { 44 } else { 28 };
    let found = boxes(entry.get(skip..)?).find(|(name, _)| name == b"pcmC")?;
    found.1.get(5).map(|bits| u16::from(*bits)).filter(|bits| (8..=64).contains(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_of_compressed_pictures_is_that_of_their_configuration() {
        // High 4:2:2 with one set of each kind, then chroma 2, luma and chroma 10 bits.
        let high = [1, 122, 0, 41, 0xff, 0xe1, 0, 2, 9, 9, 1, 0, 1, 7, 0xfe, 0xfa, 0xfa, 0];
        assert_eq!(coded_depth(b"avcC", &high), Some(10));
        assert_eq!(coded_depth(b"avcC", &[1, 77, 0, 41]), Some(8));
        assert_eq!(coded_depth(b"avcC", &high[..9]), Some(8), "cut before it says otherwise");
        let mut hevc = [0u8; 23];
        hevc[17] = 0xfa;
        assert_eq!(coded_depth(b"hvcC", &hevc), Some(10));
        assert_eq!((coded_depth(b"av1C", &[0x81, 0, 0x40, 0]), coded_depth(b"hvcC", &[])), (Some(10), None));
    }
}
