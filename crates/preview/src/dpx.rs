//! Owns reading DPX pictures (SMPTE ST 268-1): RGB, RGBA and luma; 8, 10, 12 and 16 bits, packed or filled (A and B); both byte
//! orders. Cineon pictures lie the same way and are read here too.
//! Takes the offset the header states for the pixels; never assumes a header length (ffmpeg writes 1664 bytes, others 2048 and more).

use crate::cineon;
use crate::error::PreviewError;
use crate::frame::Frame;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

const HEADER_BYTES: usize = 820;

/// What the pixels are, as far as the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) big_endian: bool,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: usize,
    pub(crate) bits: u32,
    pub(crate) packing: u16,
    pub(crate) transfer: u8,
    pub(crate) data_offset: u64,
    pub(crate) line_padding: usize,
    /// Order of R, G, B among the components.
    pub(crate) order: [usize; 3],
}

pub(crate) fn header(bytes: &[u8]) -> Result<Header, String> {
    let head = bytes.get(..HEADER_BYTES).ok_or_else(|| format!("{} bytes are too few for a DPX header", bytes.len()))?;
    let big_endian = match &head[..4] {
        b"SDPX" => true,
        b"XPDS" => false,
        _ => return Err("no DPX magic number".to_owned()),
    };
    let word = |at: usize| {
        let four = [head[at], head[at + 1], head[at + 2], head[at + 3]];
        if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    let half = |at: usize| {
        let two = [head[at], head[at + 1]];
        if big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
    };
    let (width, height) = (word(772), word(776));
    if width == 0 || height == 0 || width > 65_536 || height > 65_536 {
        return Err(format!("a picture of {width} by {height} pixels"));
    }
    let (components, order) = match head[800] {
        6 => (1, [0, 0, 0]),
        50 => (3, [0, 1, 2]),
        51 => (4, [0, 1, 2]),
        52 => (4, [3, 2, 1]),
        other => return Err(format!("image element descriptor {other} is not supported")),
    };
    let bits = u32::from(head[803]);
    let packing = half(804);
    match (bits, packing) {
        (8 | 16, _) | (10 | 12, 0..=2) => {}
        _ => return Err(format!("{bits} bits with packing {packing} is not supported")),
    }
    if !matches!(half(806), 0 | u16::MAX) {
        return Err("run-length encoding is not supported".to_owned());
    }
    let element = word(808);
    let general = word(4);
    let data_offset = if element == 0 || element == u32::MAX { general } else { element };
    if data_offset == u32::MAX || (data_offset as usize) < HEADER_BYTES {
        return Err(format!("the picture cannot begin at byte {data_offset}"));
    }
    let line_padding = match word(812) {
        u32::MAX => 0,
        padding if padding <= 65_536 => padding as usize,
        padding => return Err(format!("{padding} bytes of line padding")),
    };
    Ok(Header {
        big_endian,
        width: width as usize,
        height: height as usize,
        components,
        bits,
        packing,
        transfer: head[801],
        data_offset: u64::from(data_offset),
        line_padding,
        order,
    })
}

impl Header {
    /// Bytes of one line, without the end-of-line padding that the header states.
    fn line_bytes(&self) -> usize {
        let samples = self.width * self.components;
        match self.bits {
            8 => samples.div_ceil(4) * 4,
            // Packed: the samples follow each other through words of 32 bits.
            10 | 12 if self.packing == 0 => (samples * self.bits as usize).div_ceil(32) * 4,
            10 => samples.div_ceil(3) * 4,
            // 12 bits filled and 16 bits: two bytes a sample.
            _ => (2 * samples).div_ceil(4) * 4,
        }
    }

    /// Code value of one sample of a line.
    fn sample(&self, line: &[u8], index: usize) -> u32 {
        match self.bits {
            8 => u32::from(line[index]),
            10 | 12 if self.packing == 0 => {
                // The first sample stands lowest; one may lie in two words.
                let (word, bit) = (index * self.bits as usize / 32, index * self.bits as usize % 32);
                let read = |word: usize| {
                    let four = line.get(4 * word..4 * word + 4).map_or([0; 4], |four| [four[0], four[1], four[2], four[3]]);
                    u64::from(if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
                };
                (((read(word) | (read(word + 1) << 32)) >> bit) & ((1 << self.bits) - 1)) as u32
            }
            10 => {
                let at = index / 3 * 4;
                let four = [line[at], line[at + 1], line[at + 2], line[at + 3]];
                let word = if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
                // The first sample stands highest; method A pads the lowest two bits, method B the highest two.
                let shift = [20, 10, 0][index % 3] + if self.packing == 1 { 2 } else { 0 };
                (word >> shift) & 0x3ff
            }
            bits => {
                let two = [line[2 * index], line[2 * index + 1]];
                let value = u32::from(if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) });
                match (bits, self.packing) {
                    (12, 1) => value >> 4,
                    (12, _) => value & 0xfff,
                    _ => value,
                }
            }
        }
    }

    /// The pixels, from exactly the bytes of the picture. Some writers do not pad 8- and 16-bit lines to 32 bits.
    pub(crate) fn pixels(&self, data: &[u8], line_bytes: usize) -> Vec<[f32; 3]> {
        let scale = 1.0 / ((1_u32 << self.bits) - 1) as f32;
        let mut rgb = Vec::with_capacity(self.width * self.height);
        for line in data.chunks_exact(line_bytes).take(self.height) {
            for column in 0..self.width {
                let at = column * self.components;
                rgb.push(self.order.map(|part| self.sample(line, at + part) as f32 * scale));
            }
        }
        rgb
    }

    fn words(&self) -> String {
        let transfer = match self.transfer {
            1 => "printing density",
            2 => "linear",
            3 => "logarithmic",
            4 => "unspecified video",
            6 => "BT.709",
            _ => "no known transfer",
        };
        format!("DPX {} bits, header says {transfer}", self.bits)
    }
}

/// Reads one DPX file of at most `pixels` pixels.
pub(crate) fn read(path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    let failed = |source| PreviewError::Read { path: path.to_path_buf(), source };
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut head = vec![0_u8; HEADER_BYTES.min(usize::try_from(size).unwrap_or(HEADER_BYTES))];
    file.read_exact(&mut head).map_err(failed)?;
    let cineon = matches!(head.get(..4), Some([0x80, 0x2a, 0x5f, 0xd7] | [0xd7, 0x5f, 0x2a, 0x80]));
    let header = if cineon { cineon::header(&head) } else { header(&head) };
    let header = header.map_err(|reason| PreviewError::damaged(path, reason))?;
    if header.width * header.height > pixels {
        let what = format!("a picture of {} by {} pixels is larger than the limit", header.width, header.height);
        return Err(PreviewError::Limit { path: path.to_path_buf(), what });
    }
    let have = size.saturating_sub(header.data_offset);
    let padded = header.line_bytes() + header.line_padding;
    let bare = header.width * header.components * if header.bits == 8 { 1 } else { 2 };
    let packed = header.bits == 10 || (header.bits == 12 && header.packing == 0);
    let tight = !packed && bare != header.line_bytes() && header.line_padding == 0 && have < (padded * header.height) as u64;
    let line_bytes = if tight { bare } else { padded };
    let need = line_bytes * header.height;
    if have < need as u64 {
        return Err(PreviewError::damaged(
            path,
            format!("the picture needs {need} bytes, {have} are there: the file is cut short"),
        ));
    }
    file.seek(SeekFrom::Start(header.data_offset)).map_err(failed)?;
    let mut data = vec![0_u8; need];
    file.read_exact(&mut data).map_err(failed)?;
    Ok(Frame {
        width: header.width,
        height: header.height,
        rgb: header.pixels(&data, line_bytes),
        pixel_aspect: 1.0,
        linear: false,
        own_input: None,
        converted: false,
        read_as: if cineon { "Cineon 10 bits, printing density".to_owned() } else { header.words() },
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "test files")]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A DPX with `rgb` codes, written by hand.
    pub(crate) fn forge(big_endian: bool, bits: u8, packing: u16, width: u32, height: u32, codes: &[[u32; 3]]) -> Vec<u8> {
        let mut out = vec![0_u8; 2048];
        let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        out[..4].copy_from_slice(if big_endian { b"SDPX" } else { b"XPDS" });
        out[4..8].copy_from_slice(&word(2048));
        out[772..776].copy_from_slice(&word(width));
        out[776..780].copy_from_slice(&word(height));
        out[800] = 50;
        out[803] = bits;
        out[804..806].copy_from_slice(&half(packing));
        out[808..812].copy_from_slice(&word(2048));
        for line in codes.chunks(width as usize) {
            let start = out.len();
            let (mut held, mut count) = (0_u64, 0_u32);
            for [r, g, b] in line {
                match (bits, packing) {
                    (8, _) => out.extend([*r as u8, *g as u8, *b as u8]),
                    (10 | 12, 0) => {
                        for code in [r, g, b] {
                            held |= u64::from(*code) << count;
                            count += u32::from(bits);
                            if count >= 32 {
                                out.extend(word(held as u32));
                                (held, count) = (held >> 32, count - 32);
                            }
                        }
                    }
                    (10, 1) => out.extend(word((r << 22) | (g << 12) | (b << 2))),
                    (10, _) => out.extend(word((r << 20) | (g << 10) | b)),
                    (12, 1) => [r, g, b].into_iter().for_each(|code| out.extend(half((code << 4) as u16))),
                    _ => [r, g, b].into_iter().for_each(|code| out.extend(half(*code as u16))),
                }
            }
            if count > 0 {
                out.extend(word(held as u32));
            }
            while !(out.len() - start).is_multiple_of(4) {
                out.push(0);
            }
        }
        out
    }

    #[test]
    fn every_packing_brings_back_its_codes() {
        for big_endian in [true, false] {
            for (bits, packing) in [(8_u8, 0_u16), (10, 0), (10, 1), (10, 2), (12, 0), (12, 1), (12, 2), (16, 0)] {
                let top = (1_u32 << bits) - 1;
                let codes: Vec<[u32; 3]> =
                    (0..15).map(|step| [top * step / 14, top - top * step / 14, (step * 7) % top]).collect();
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("a.dpx");
                std::fs::write(&path, forge(big_endian, bits, packing, 5, 3, &codes)).unwrap();
                let frame = read(&path, 1000).unwrap();
                for (pixel, code) in frame.rgb.iter().zip(&codes) {
                    let want = code.map(|code| code as f32 / top as f32);
                    for (a, b) in pixel.iter().zip(want) {
                        assert!((a - b).abs() < 1e-6, "{bits} {packing} {big_endian}: {pixel:?} {want:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_short_or_hostile_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.dpx");
        let good = forge(true, 10, 1, 5, 3, &[[1, 2, 3]; 15]);
        for (bytes, limit) in
            [(good[..good.len() - 1].to_vec(), 1000), (good[..100].to_vec(), 1000), (Vec::new(), 1000), (good.clone(), 14)]
        {
            std::fs::write(&path, bytes).unwrap();
            assert!(read(&path, limit).is_err());
        }
        let mut huge = good.clone();
        huge[772..780].fill(0xff);
        std::fs::write(&path, huge).unwrap();
        assert!(read(&path, usize::MAX).is_err());
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(noise in proptest::collection::vec((768_usize..820, any::<u8>()), 0..12)) {
            let mut bytes = forge(false, 10, 1, 2, 2, &[[1, 2, 3]; 4]);
            for (at, value) in noise {
                bytes[at] = value;
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.dpx");
            std::fs::write(&path, bytes).unwrap();
            let _ = read(&path, 100_000);
        }
    }
}
