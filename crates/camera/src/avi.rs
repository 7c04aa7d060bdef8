//! Owns AVI (RIFF `AVI `, with the extension OpenDML): the header lists, which say picture, sound, length, and what the camera wrote of
//! itself. Must never read pictures. Where the chunks end is checked with those of WAV.

use crate::source::{Numbers, ReadError, Source, fixed_text};

/// Largest header list that is read.
const MAX_LIST_BYTES: u64 = 1 << 20;
const MAX_CHUNKS: usize = 4096;
const MAX_DEPTH: usize = 4;

/// What the headers say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Avi {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Four letters of the codec.
    pub(crate) codec: String,
    /// Frames of `rate` in `scale` seconds.
    pub(crate) rate: Option<(u32, u32)>,
    pub(crate) frames: u32,
    pub(crate) channels: u32,
    pub(crate) sample_rate: u32,
    pub(crate) bit_depth: u16,
    pub(crate) software: String,
    /// As the camera writes it: `Mon Sep 10 20:52:00 2012`, `2012-09-10 20:52:00`.
    pub(crate) date: String,
}

/// Reads the lists in front of the pictures.
pub(crate) fn read(source: &mut Source<'_>) -> Result<Avi, ReadError> {
    let mut avi = Avi::default();
    let mut at = 12u64;
    for _ in 0..MAX_CHUNKS {
        if at + 12 > source.size() {
            break;
        }
        let head = source.at(at, 12)?;
        let length = u64::from(head.le32(4).unwrap_or(0));
        match (&head[..4], &head[8..12]) {
            (b"LIST", b"movi") if avi.width > 0 && !avi.date.is_empty() => break,
            (b"LIST", b"hdrl" | b"INFO") if length <= MAX_LIST_BYTES => {
                let body = source.up_to(at + 12, length.saturating_sub(4))?;
                read_list(&body, &mut avi, 0);
            }
            (b"IDIT", _) => avi.date = date(&source.up_to(at + 8, length.min(64))?),
            _ => {}
        }
        at = at.saturating_add(8).saturating_add(length).saturating_add(length & 1);
    }
    Ok(avi)
}

fn chunks(body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 0usize;
    std::iter::from_fn(move || {
        let name = body.get(at..at.checked_add(4)?)?;
        let length = body.le32(at + 4)? as usize;
        let content = body.get(at + 8..at.checked_add(8)?.checked_add(length)?)?;
        at += 8 + length + (length & 1);
        Some((name, content))
    })
    .take(MAX_CHUNKS)
}

fn read_list(body: &[u8], avi: &mut Avi, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    // `strl` holds the header of a stream, then its format.
    let mut stream = Vec::new();
    for (name, content) in chunks(body) {
        match name {
            b"LIST" => read_list(content.get(4..).unwrap_or_default(), avi, depth + 1),
            b"avih" => {
                let micro = content.le32(0).filter(|micro| *micro > 0);
                avi.rate = avi.rate.or(micro.map(|micro| (1_000_000, micro)));
                avi.frames = avi.frames.max(content.le32(16).unwrap_or(0));
                (avi.width, avi.height) = (content.le32(32).unwrap_or(0), content.le32(36).unwrap_or(0));
            }
            b"dmlh" => avi.frames = avi.frames.max(content.le32(0).unwrap_or(0)),
            b"strh" => {
                stream = content.get(..4).unwrap_or_default().to_vec();
                if stream == b"vids" {
                    let (scale, rate) = (content.le32(20).unwrap_or(0), content.le32(24).unwrap_or(0));
                    if scale > 0 && rate > 0 {
                        avi.rate = Some((rate, scale));
                    }
                    avi.codec = content.get(4..8).map(fixed_text).unwrap_or_default();
                }
            }
            b"strf" if stream == b"vids" => {
                let (width, height) = (content.le32(4).unwrap_or(0), content.le32(8).unwrap_or(0));
                // Upside down where the height is negative.
                (avi.width, avi.height) = (width, (height as i32).unsigned_abs());
                if let Some(code) = content.get(16..20).filter(|code| code.iter().all(u8::is_ascii_graphic)) {
                    avi.codec = fixed_text(code);
                }
            }
            b"strf" if stream == b"auds" => {
                avi.channels = avi.channels.saturating_add(u32::from(content.le16(2).unwrap_or(0)));
                if avi.sample_rate == 0 {
                    avi.sample_rate = content.le32(4).unwrap_or(0);
                    // PCM, floats, or the format that names either; anything else is compressed.
                    let pcm = matches!(content.le16(0), Some(1 | 3 | 0xfffe));
                    avi.bit_depth = content.le16(14).filter(|_| pcm).unwrap_or(0);
                }
            }
            b"ISFT" => avi.software = fixed_text(content),
            b"IDIT" | b"ICRD" if avi.date.is_empty() => avi.date = date(content),
            _ => {}
        }
    }
}

/// RFC 3339 out of the two ways cameras write a date; empty where it is neither.
fn date(bytes: &[u8]) -> String {
    let text = fixed_text(bytes);
    let parts: Vec<&str> = text.split_whitespace().collect();
    if let [_, month, day, clock, year] = parts[..] {
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month));
        if let (Some(month), Ok(day), Ok(year)) = (month, day.parse::<u8>(), year.parse::<u16>()) {
            let plain = format!("{year:04}-{:02}-{day:02} {clock}", month + 1);
            return crate::values::date(&plain).unwrap_or_default();
        }
    }
    crate::values::date(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_cameras_write_them() {
        for (text, want) in [
            ("MON SEP 10 20:52:00 2012\n", "2012-09-10T20:52:00"),
            ("Sat Jan  1 00:09:07 2005", "2005-01-01T00:09:07"),
            ("2012-09-10 20:52:00", "2012-09-10T20:52:00"),
            ("2004/02/01/ 10:05", "2004-02-01T10:05:00"),
            ("yesterday", ""),
        ] {
            assert_eq!(date(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn lists_within_lists_end() {
        let mut body = Vec::new();
        for _ in 0..64 {
            let mut outer = b"LIST".to_vec();
            outer.extend((body.len() as u32 + 4).to_le_bytes());
            outer.extend(b"hdrl");
            outer.extend(&body);
            body = outer;
        }
        let mut avi = Avi::default();
        read_list(&body, &mut avi, 0);
        assert_eq!(avi, Avi::default());
    }
}
