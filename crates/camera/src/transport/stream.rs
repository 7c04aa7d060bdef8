//! Owns what a transport stream says of itself: its tables (ISO/IEC 13818-1, 2.4.4), time stamps, the first picture's parameters, the sync frame
//! of AC-3 (ETSI TS 102 366) and the metadata cameras put beside the first AVCHD picture. Must never read more than its ends.

use super::{SYNC, packet};
use crate::h264::{self, Parameters};
use crate::source::{Numbers, ReadError, Source};

/// How much of each end is read.
const END_BYTES: u64 = 1 << 20;
/// How much of one elementary stream is put together.
const MAX_ELEMENTARY_BYTES: usize = 512 << 10;
const MAX_STREAMS: usize = 64;

/// What is known of a stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stream {
    pub(crate) codec: Option<&'static str>,
    pub(crate) picture: Option<Parameters>,
    /// Sound by the first of its streams.
    pub(crate) sound_codec: Option<&'static str>,
    pub(crate) channels: u16,
    pub(crate) sample_rate: u32,
    pub(crate) bit_depth: u16,
    /// Tags and values of the camera (MDPM), as they stand.
    pub(crate) camera: Vec<(u8, [u8; 4])>,
    /// Ticks of 90 kHz between the first and the last picture.
    pub(crate) ticks: Option<u64>,
}

/// A packet's identifier, whether a unit begins in it, and what it carries.
fn payload(packet: &[u8]) -> Option<(u16, bool, &[u8])> {
    if packet.first() != Some(&SYNC) {
        return None;
    }
    let id = packet.be16(1)? & 0x1fff;
    let starts = packet[1] & 0x40 != 0;
    let body = match packet[3] >> 4 & 3 {
        1 => packet.get(4..)?,
        3 => packet.get(5 + usize::from(*packet.get(4)?)..)?,
        _ => return None,
    };
    Some((id, starts, body))
}

/// A table that begins in a packet: behind the pointer.
fn section(body: &[u8]) -> Option<&[u8]> {
    body.get(1 + usize::from(*body.first()?)..)
}

/// The time stamp of a packet of an elementary stream, and what follows its header.
fn elementary(body: &[u8]) -> Option<(Option<u64>, &[u8])> {
    if body.get(..3) != Some(&[0, 0, 1]) {
        return None;
    }
    let rest = body.get(9 + usize::from(*body.get(8)?)..)?;
    let stamp = (body.get(7)? & 0x80 != 0).then(|| body.get(9..14)).flatten().map(|bytes| {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|at| u64::from(bytes[at]));
        (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1
    });
    Some((stamp, rest))
}

/// Types of streams that are pictures or sound, with their names.
fn picture_codec(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x01 => "MPEG-1",
        0x02 => "MPEG-2",
        0x10 => "MPEG-4 Visual",
        0x1b | 0x20 => "H.264",
        0x24 => "H.265",
        0xea => "VC-1",
        _ => return None,
    })
}

fn sound_codec(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x03 | 0x04 => "MPEG audio",
        0x0f | 0x11 => "AAC",
        0x80 => "LPCM",
        0x81 | 0x83 => "AC-3",
        0x84 | 0x87 => "E-AC-3",
        _ => return None,
    })
}

/// Identifier and type of each stream of a programme.
fn programme(section: &[u8]) -> Vec<(u16, u8)> {
    let Some(length) = section.be16(1).map(|length| usize::from(length & 0x0fff)) else { return Vec::new() };
    // Four bytes of checksum end the section.
    let end = section.len().min((3 + length).saturating_sub(4));
    let mut at = 12 + section.be16(10).map_or(0, |length| usize::from(length & 0x0fff));
    let mut streams = Vec::new();
    while at + 5 <= end && streams.len() < MAX_STREAMS {
        let (Some(kind), Some(id), Some(more)) = (section.get(at), section.be16(at + 1), section.be16(at + 3)) else { break };
        streams.push((id & 0x1fff, *kind));
        at += 5 + usize::from(more & 0x0fff);
    }
    streams
}

/// Reads both ends of the stream.
pub(crate) fn read(source: &mut Source<'_>, head: &[u8]) -> Result<Stream, ReadError> {
    let Some((size, offset)) = packet(head) else { return Ok(Stream::default()) };
    let (whole, offset) = (size as usize, offset as usize);
    let front = source.up_to(0, END_BYTES)?;
    let packets = |bytes: &'_ [u8]| -> Vec<(usize, usize)> {
        (0..bytes.len() / whole).map(|number| (number * whole + offset, number * whole + whole)).collect()
    };
    let mut found = Stream::default();
    let mut table = None;
    let mut streams: Vec<(u16, u8)> = Vec::new();
    let (mut picture_id, mut sound_id) = (None, None);
    let (mut picture, mut sound) = (Vec::new(), Vec::new());
    let (mut first, mut last): (Option<u64>, Option<u64>) = (None, None);
    for (from, to) in packets(&front) {
        let Some((id, starts, body)) = front.get(from..to).and_then(payload) else { continue };
        if id == 0 && starts && table.is_none() {
            // The first programme that is not the network's.
            let list = section(body).unwrap_or_default();
            let entries = list.get(8..).unwrap_or_default().chunks_exact(4).take(MAX_STREAMS);
            table = entries.filter(|entry| entry.be16(0) != Some(0)).find_map(|entry| entry.be16(2)).map(|id| id & 0x1fff);
        } else if Some(id) == table && starts && streams.is_empty() {
            streams = section(body).map(programme).unwrap_or_default();
            let of = |named: fn(u8) -> Option<&'static str>| {
                streams.iter().find_map(|(id, kind)| named(*kind).map(|codec| (*id, codec)))
            };
            if let Some((id, codec)) = of(picture_codec) {
                (picture_id, found.codec) = (Some(id), Some(codec));
            }
            if let Some((id, codec)) = of(sound_codec) {
                (sound_id, found.sound_codec) = (Some(id), Some(codec));
            }
        } else if Some(id) == picture_id || Some(id) == sound_id {
            let into = if Some(id) == picture_id { &mut picture } else { &mut sound };
            let (stamp, rest) = if starts { elementary(body).unwrap_or((None, body)) } else { (None, body) };
            if Some(id) == picture_id {
                first = earlier(first, stamp);
                last = later(last, stamp);
            }
            if (starts || !into.is_empty()) && into.len() < MAX_ELEMENTARY_BYTES {
                into.extend_from_slice(rest);
            }
        }
    }
    if source.size() > END_BYTES {
        let from = (source.size() - END_BYTES).div_ceil(size) * size;
        let back = source.up_to(from, END_BYTES)?;
        for (from, to) in packets(&back) {
            let Some((id, true, body)) = back.get(from..to).and_then(payload) else { continue };
            if Some(id) == picture_id {
                last = later(last, elementary(body).and_then(|(stamp, _)| stamp));
            }
        }
    }
    found.ticks = first.zip(last).map(|(first, last)| last.saturating_sub(first)).filter(|ticks| *ticks > 0);
    match found.codec {
        Some("H.264") => {
            let seen = h264::read(&picture);
            (found.picture, found.camera) = (seen.parameters, seen.camera);
        }
        Some("MPEG-2" | "MPEG-1") => found.picture = h264::mpeg2_sequence(&picture),
        _ => {}
    }
    read_sound(&mut found, &sound);
    Ok(found)
}

fn earlier(known: Option<u64>, stamp: Option<u64>) -> Option<u64> {
    match (known, stamp) {
        (Some(known), Some(stamp)) => Some(known.min(stamp)),
        (known, stamp) => known.or(stamp),
    }
}

fn later(known: Option<u64>, stamp: Option<u64>) -> Option<u64> {
    match (known, stamp) {
        (Some(known), Some(stamp)) => Some(known.max(stamp)),
        (known, stamp) => known.or(stamp),
    }
}

/// The first frame of AC-3, or the header of LPCM as AVCHD and Blu-ray have it.
fn read_sound(found: &mut Stream, sound: &[u8]) {
    match found.sound_codec {
        Some("AC-3") => {
            let Some(at) = sound.windows(2).position(|pair| pair == [0x0b, 0x77]) else { return };
            let (Some(rate), Some(mode)) = (sound.get(at + 4).map(|byte| byte >> 6), sound.be16(at + 6)) else { return };
            found.sample_rate = [48_000, 44_100, 32_000, 0][usize::from(rate)];
            let acmod = mode >> 13;
            // Where there are a centre, surrounds, or stereo, fields of two bits stand between the mode and the bass.
            let mut skip = 3;
            skip += if acmod & 1 != 0 && acmod != 1 { 2 } else { 0 };
            skip += if acmod & 4 != 0 { 2 } else { 0 };
            skip += if acmod == 2 { 2 } else { 0 };
            let bass = mode >> (15 - skip) & 1;
            found.channels = [2, 1, 2, 3, 3, 4, 4, 5][usize::from(acmod)] + bass;
        }
        Some("MPEG audio") => {
            // Eleven bits of sync, version, layer; then bit rate, rate and the mode, of which three is mono.
            let head = sound.windows(4).find(|w| w[0] == 0xff && w[1] & 0xe6 > 0xe0 && w[2] >> 4 != 0xf && w[2] >> 2 & 3 != 3);
            let Some(head) = head else { return };
            let base = [44_100u32, 48_000, 32_000, 0][usize::from(head[2] >> 2 & 3)];
            found.sample_rate = base >> [2, 0, 1, 0][usize::from(head[1] >> 3 & 3)];
            found.channels = if head[3] >> 6 == 3 { 1 } else { 2 };
        }
        Some("AAC") => {
            const RATES: [u32; 13] =
                [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
            let Some(head) = sound.windows(4).find(|w| w[0] == 0xff && w[1] & 0xf6 == 0xf0) else { return };
            found.sample_rate = RATES.get(usize::from(head[2] >> 2 & 0xf)).copied().unwrap_or(0);
            let channels = u16::from(head[2] & 1) << 2 | u16::from(head[3] >> 6);
            found.channels = if channels == 7 { 8 } else { channels };
        }
        Some("LPCM") => {
            let Some(header) = sound.be16(2) else { return };
            found.channels = match header >> 12 {
                1 => 1,
                3 => 2,
                4 | 5 => 3,
                6 | 7 => 4,
                8 => 5,
                9 => 6,
                10 => 7,
                11 => 8,
                _ => 0,
            };
            found.sample_rate = match header >> 8 & 0xf {
                1 => 48_000,
                4 => 96_000,
                5 => 192_000,
                _ => 0,
            };
            found.bit_depth = [0, 16, 20, 24][usize::from(header >> 6 & 3)];
        }
        _ => {}
    }
}
