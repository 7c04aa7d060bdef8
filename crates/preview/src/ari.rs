//! Owns reading uncompressed ARRIRAW frames (`.ari`, 12 bits): unpacked, half size, as the code values that were recorded. The way to a
//! colour space is SMPTE RDD 31's camera matrix, which the sources at hand do not give; so no colour is claimed (invariant 10). Layout
//! as public readers have it (header of RDD 30: magic, byte order, header size, version, size of the picture; mosaic green-red over
//! blue-green; most significant sample first in words of 32 bits); not verified on a file from a camera.

use crate::error::PreviewError;
use crate::frame::Frame;
use crate::mosaic::{Area, Pattern, half_size, unpack_12_in_words};
use checkgate_color::InputChoice;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

const HEADER_BYTES: usize = 28;
const PATTERN: Pattern = [1, 0, 2, 1];

/// Width, height and where the picture begins.
fn header(head: &[u8]) -> Result<(usize, usize, u64), String> {
    let head = head.get(..HEADER_BYTES).ok_or_else(|| format!("{} bytes are too few for an ARRIRAW header", head.len()))?;
    let long = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if !head.starts_with(b"ARRI") || long(4) != 0x7856_3412 {
        return Err("no ARRIRAW magic number".to_owned());
    }
    let (offset, version, width, height) = (long(8), long(12), long(20), long(24));
    if version != 3 {
        return Err(format!("ARRIRAW header version {version} is not known"));
    }
    let sides = [width, height];
    if sides.iter().any(|side| !(2..=65_536).contains(side) || side % 2 != 0) || !(64..=1 << 20).contains(&offset) {
        return Err(format!("an ARRIRAW picture of {width} by {height} samples from byte {offset}"));
    }
    Ok((width as usize, height as usize, u64::from(offset)))
}

/// Reads one ARRIRAW file of at most `pixels` samples.
pub(crate) fn read(path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    let failed = |source| PreviewError::Read { path: path.to_path_buf(), source };
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut head = Vec::with_capacity(HEADER_BYTES);
    Read::by_ref(&mut file).take(HEADER_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
    let (width, height, offset) = header(&head).map_err(|reason| PreviewError::damaged(path, reason))?;
    if width * height > pixels {
        let what = format!("a picture of {width} by {height} pixels is larger than the limit");
        return Err(PreviewError::Limit { path: path.to_path_buf(), what });
    }
    let need = (width * height).div_ceil(8) * 12;
    let have = size.saturating_sub(offset);
    if have < need as u64 {
        // Twelve bits a sample are the least; a smaller file holds what a recorder has packed further (HDE), or is cut short.
        let reason = format!("an uncompressed picture needs {need} bytes, {have} are there: it is cut short or compressed (HDE)");
        return Err(PreviewError::damaged(path, reason));
    }
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    let mut data = vec![0_u8; need];
    file.read_exact(&mut data).map_err(failed)?;
    let mut samples = vec![0_u16; width * height];
    unpack_12_in_words(&data, &mut samples);
    let area = Area { top: 0, left: 0, width, height };
    let (half_width, half_height, rgb) =
        half_size(area, &PATTERN, |line, column| f32::from(samples[line * width + column]) / 4095.0);
    Ok(Frame {
        width: half_width,
        height: half_height,
        rgb,
        pixel_aspect: 1.0,
        linear: false,
        own_input: Some(InputChoice::Unknown {
            reason: "ARRIRAW: the camera's matrix to a wide gamut is not known here; the mosaic's code values are shown"
                .to_owned(),
        }),
        converted: true,
        read_as: "ARRIRAW mosaic of 12 bits, half size, code values as recorded (layout not verified on a camera's file)"
            .to_owned(),
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "test files")]
mod tests {
    use super::*;

    /// A frame whose samples are `code(line, column)`.
    fn forge(width: u32, height: u32, code: impl Fn(u32, u32) -> u32) -> Vec<u8> {
        let mut out = vec![0_u8; 4096];
        out[..4].copy_from_slice(b"ARRI");
        out[4..8].copy_from_slice(&[0x12, 0x34, 0x56, 0x78]);
        for (at, value) in [(8, 4096), (12, 3), (20, width), (24, height)] {
            out[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
        }
        let bits: Vec<bool> = (0..height)
            .flat_map(|line| (0..width).map(move |column| (line, column)))
            .flat_map(|(line, column)| (0..12).rev().map(move |bit| (line, column, bit)))
            .map(|(line, column, bit)| code(line, column) >> bit & 1 == 1)
            .collect();
        for word in bits.chunks(32) {
            out.extend(word.iter().fold(0_u32, |value, bit| value << 1 | u32::from(*bit)).to_le_bytes());
        }
        out
    }

    #[test]
    fn codes_come_back_and_no_colour_is_claimed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("A001C001.0000001.ari");
        // Green 1000, red 2000, blue 3000.
        let whole = forge(16, 4, |line, column| [1000, 2000, 3000, 1000][(line % 2 * 2 + column % 2) as usize] + line);
        std::fs::write(&path, &whole).unwrap();
        let frame = read(&path, 1000).unwrap();
        assert_eq!((frame.width, frame.height), (8, 2));
        let want = [2000.0, 1000.5, 3001.0].map(|code: f32| code / 4095.0);
        assert!(frame.rgb[0].iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", frame.rgb[0]);
        assert!(
            frame.converted && matches!(&frame.own_input, Some(InputChoice::Unknown { reason }) if reason.contains("matrix"))
        );
        for (bytes, limit) in
            [(whole[..whole.len() - 1].to_vec(), 1000), (whole[..20].to_vec(), 1000), (whole.clone(), 63), (Vec::new(), 9)]
        {
            std::fs::write(&path, bytes).unwrap();
            assert!(read(&path, limit).is_err());
        }
        for (at, value) in [(4, 0_u32), (8, u32::MAX), (12, 9), (20, u32::MAX), (24, 0), (24, 3)] {
            let mut torn = whole.clone();
            torn[at..at + 4].copy_from_slice(&value.to_le_bytes());
            std::fs::write(&path, torn).unwrap();
            assert!(read(&path, usize::MAX).is_err(), "{at} {value}");
        }
    }
}
