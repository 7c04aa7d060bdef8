//! Owns RIFF, RF64 and BW64 (EBU Tech 3285, 3306; ITU-R BS.2088): chunk walk, `fmt `, `bext`, `iXML`, `ds64`. Must never read
//! the sound itself.

use crate::source::{Numbers, ReadError, Source, fixed_text};
use crate::structure::{Checked, damaged, sizes, truncated, unfinalised};
use crate::xml;
use checkgate_model::{Finding, Severity};

const MAX_CHUNKS: usize = 4096;
const MAX_TEXT_CHUNK_BYTES: u64 = 4 << 20;
const MAX_INFO_BYTES: u64 = 64 << 10;

/// Broadcast extension (EBU Tech 3285).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bext {
    pub(crate) description: String,
    pub(crate) originator: String,
    pub(crate) originator_reference: String,
    pub(crate) date: String,
    pub(crate) time: String,
    pub(crate) time_reference: u64,
}

/// What iXML says, by the path of each element below `BWFXML` (`SPEED/TIMECODE_RATE`).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ixml {
    pub(crate) values: Vec<(String, String)>,
    pub(crate) track_names: Vec<String>,
}

impl Ixml {
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| name == path).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// A sound file without its sound.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Wave {
    pub(crate) form: String,
    pub(crate) declared_bytes: Option<u64>,
    pub(crate) format_tag: u16,
    pub(crate) channels: u16,
    pub(crate) sample_rate: u32,
    pub(crate) block_align: u16,
    pub(crate) bit_depth: u16,
    pub(crate) data_offset: Option<u64>,
    pub(crate) data_bytes: u64,
    pub(crate) furthest_chunk_end: u64,
    pub(crate) bext: Option<Bext>,
    pub(crate) ixml: Option<Ixml>,
    /// Software and date of creation of the list `INFO`.
    pub(crate) software: String,
    pub(crate) created: String,
}

impl Wave {
    /// Sample frames as the data chunk holds them.
    pub(crate) fn sample_frames(&self) -> Option<u64> {
        (self.block_align > 0).then(|| self.data_bytes / u64::from(self.block_align))
    }
}

pub(crate) fn read(source: &mut Source<'_>) -> Result<Wave, ReadError> {
    let head = source.at(0, 12)?;
    let is_64_bit = &head[..4] != b"RIFF";
    let declared32 = head.le32(4).unwrap_or(0);
    let mut wave = Wave {
        form: fixed_text(&head[8..12]),
        declared_bytes: (declared32 != u32::MAX).then(|| u64::from(declared32) + 8),
        ..Wave::default()
    };
    let mut data64 = None;
    let mut at = 12u64;
    for _ in 0..MAX_CHUNKS {
        if at + 8 > source.size() {
            break;
        }
        let header = source.at(at, 8)?;
        let (name, declared) = (&header[..4], u64::from(header.le32(4).unwrap_or(0)));
        let body = at + 8;
        let length = match name {
            b"data" if declared == u64::from(u32::MAX) => data64.unwrap_or(declared),
            _ => declared,
        };
        match name {
            b"ds64" if is_64_bit => {
                let ds64 = source.up_to(body, 28)?;
                wave.declared_bytes = ds64.le64(0).and_then(|bytes| bytes.checked_add(8));
                data64 = ds64.le64(8);
            }
            b"fmt " => {
                let format = source.up_to(body, length.min(40))?;
                wave.format_tag = format.le16(0).unwrap_or(0);
                wave.channels = format.le16(2).unwrap_or(0);
                wave.sample_rate = format.le32(4).unwrap_or(0);
                wave.block_align = format.le16(12).unwrap_or(0);
                wave.bit_depth = format.le16(14).unwrap_or(0);
                // The extensible format holds the bits that count and, in its identifier, the format itself.
                if wave.format_tag == 0xfffe {
                    wave.bit_depth = format.le16(18).filter(|bits| (1..=wave.bit_depth).contains(bits)).unwrap_or(wave.bit_depth);
                    wave.format_tag = format.le16(24).unwrap_or(0xfffe);
                }
            }
            b"LIST" if length <= MAX_INFO_BYTES => {
                let list = source.up_to(body, length)?;
                if list.starts_with(b"INFO") {
                    read_info(&list[4..], &mut wave);
                }
            }
            b"bext" => wave.bext = Some(parse_bext(&source.up_to(body, length.min(858))?)),
            b"iXML" if length <= MAX_TEXT_CHUNK_BYTES => wave.ixml = parse_ixml(&source.up_to(body, length)?),
            b"data" if wave.data_offset.is_none() => {
                wave.data_offset = Some(body);
                wave.data_bytes = length;
            }
            _ => {}
        }
        let end = body.saturating_add(length);
        wave.furthest_chunk_end = wave.furthest_chunk_end.max(end);
        // Chunks start on even bytes; some writers forget the pad, so a byte that continues with a name is not skipped.
        at = end.saturating_add(length & 1);
        if length & 1 == 1
            && source
                .up_to(end, 4)
                .is_ok_and(|next| next.len() == 4 && next.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' '))
        {
            at = end;
        }
    }
    Ok(wave)
}

fn read_info(list: &[u8], wave: &mut Wave) {
    let mut at = 0usize;
    while let (Some(name), Some(length)) = (list.get(at..at + 4), list.le32(at + 4).map(|length| length as usize)) {
        let Some(value) = at.checked_add(8).and_then(|from| list.get(from..from.checked_add(length)?)) else { break };
        match name {
            b"ISFT" => wave.software = fixed_text(value),
            b"ICRD" => wave.created = fixed_text(value),
            _ => {}
        }
        at += 8 + length + (length & 1);
    }
}

fn parse_bext(bytes: &[u8]) -> Bext {
    let text = |from: usize, to: usize| bytes.get(from..to.min(bytes.len())).map(fixed_text).unwrap_or_default();
    Bext {
        description: text(0, 256),
        originator: text(256, 288),
        originator_reference: text(288, 320),
        date: text(320, 330),
        time: text(330, 338),
        time_reference: bytes.le64(338).unwrap_or(0),
    }
}

fn parse_ixml(bytes: &[u8]) -> Option<Ixml> {
    let text = xml::text_of(bytes);
    let document = xml::parse(&text)?;
    let mut ixml = Ixml::default();
    for top in document.root_element().children().filter(|node| node.is_element()) {
        let name = top.tag_name().name();
        if name == "TRACK_LIST" {
            for track in top.children().filter(|node| node.has_tag_name("TRACK")) {
                ixml.track_names.push(xml::child_text(track, "NAME").unwrap_or_default());
            }
            continue;
        }
        if let Some(value) = top.text() {
            ixml.values.push((name.to_owned(), value.trim().to_owned()));
        }
        for child in top.children().filter(|node| node.is_element()) {
            ixml.values.push((format!("{name}/{}", child.tag_name().name()), child.text().unwrap_or("").trim().to_owned()));
        }
    }
    Some(ixml)
}

pub(crate) fn check(source: &mut Source<'_>) -> Result<Checked, ReadError> {
    let wave = read(source)?;
    let size = source.size();
    let Some(data_offset) = wave.data_offset else {
        return Ok(match wave.declared_bytes {
            Some(declared) if declared > size => Checked::broken(truncated(sizes(declared, size))),
            _ if wave.form == "WAVE" => Checked::broken(unfinalised("the file has no data chunk".to_owned())),
            Some(_) => Checked::complete(),
            None => Checked::cannot_tell(),
        });
    };
    let behind_data = size.saturating_sub(data_offset);
    if wave.data_bytes == u64::from(u32::MAX) {
        return Ok(Checked::broken(unfinalised("the length of the sound was never written".to_owned())));
    }
    if wave.data_bytes > behind_data {
        return Ok(Checked::broken(truncated(format!("the sound {}", sizes(wave.data_bytes, behind_data)))));
    }
    if wave.data_bytes == 0 && behind_data > 4096 {
        return Ok(Checked::broken(unfinalised(format!("the header counts no sound, {behind_data} bytes follow it"))));
    }
    // Some programs count the eight bytes in front as well: every chunk is there all the same.
    if wave.declared_bytes.is_some_and(|declared| declared > size.saturating_add(8)) || wave.furthest_chunk_end > size {
        let declared = wave.declared_bytes.unwrap_or(0).max(wave.furthest_chunk_end);
        return Ok(Checked::broken(truncated(sizes(declared, size))));
    }
    if wave.data_bytes == 0 && wave.form == "WAVE" {
        let hint = "Play the take on the recorder before the card is formatted; it may be a false start.";
        let finding =
            Finding::new("structure.no_frames", Severity::Warning, "the structure is complete, and holds no sound", hint);
        return Ok(Checked { complete: Some(true), findings: vec![finding] });
    }
    if wave.channels == 0 || wave.sample_rate == 0 {
        return Ok(Checked::broken(damaged("the format chunk is missing or names no channel".to_owned())));
    }
    Ok(Checked::complete())
}
