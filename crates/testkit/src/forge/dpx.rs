//! Owns a DPX writer: SMPTE ST 268-1, version 2.0, big-endian, one 10-bit RGB element filled into 32-bit words (method A), with
//! film and television headers for frame number and timecode.

use super::SYNTHETIC;

/// Bytes before the picture.
const HEADER_BYTES: usize = 2048;

/// What the header says besides the picture.
pub(crate) struct DpxHeader<'a> {
    pub(crate) file_name: &'a str,
    pub(crate) input_device: &'a str,
    pub(crate) frame_number: u32,
    pub(crate) frames: u32,
    pub(crate) timecode: &'a str,
    pub(crate) slate: &'a str,
}

/// The whole file for codes in 0..1.
pub(crate) fn dpx_bytes(codes: &[[f32; 3]], width: usize, header: &DpxHeader<'_>) -> Vec<u8> {
    let height = codes.len() / width.max(1);
    let mut file = vec![0xFFu8; HEADER_BYTES];
    let total = (HEADER_BYTES + codes.len() * 4) as u32;
    let text = |value: &str, room: usize| {
        let mut field = value.as_bytes()[..value.len().min(room - 1)].to_vec();
        field.resize(room, 0);
        field
    };
    let date = "2026:11:23:15:30:00Z";
    // Offsets as in the standard; what is not named stays "undefined" (all ones).
    let fields: [(usize, Vec<u8>); 37] = [
        (0, b"SDPX".to_vec()),
        (4, word(HEADER_BYTES as u32)),
        (8, text("V2.0", 8)),
        (16, word(total)),
        (20, word(1)),
        (24, word(1664)),
        (28, word(384)),
        (32, word(0)),
        (36, text(header.file_name, 100)),
        (136, text(date, 24)),
        (160, text("Checkgate forge", 100)),
        (260, text(SYNTHETIC, 200)),
        (460, text("", 200)),
        (664, vec![0; 104]),
        (768, vec![0, 0, 0, 1]),
        (772, word(width as u32)),
        (776, word(height as u32)),
        (780, word(0)),
        (784, word(0)),
        (792, word(1023)),
        // RGB; user-defined transfer and colorimetry, because the standard has no code for camera logs.
        (800, vec![50, 0, 0, 10]),
        (804, vec![0, 1, 0, 0]),
        (808, word(HEADER_BYTES as u32)),
        (812, word(0)),
        (816, word(0)),
        (820, text("LogC4 ARRI Wide Gamut 4", 32)),
        (1432, text(header.file_name, 100)),
        (1532, text(date, 24)),
        (1556, text(header.input_device, 32)),
        (1588, text("2001", 32)),
        (1664, vec![0; 48]),
        (1712, word(header.frame_number)),
        (1716, word(header.frames)),
        (1724, 24.0f32.to_be_bytes().to_vec()),
        (1732, [text("", 32), text(header.slate, 100)].concat()),
        (1920, word(packed_decimal(header.timecode))),
        (1940, 24.0f32.to_be_bytes().to_vec()),
    ];
    for (at, bytes) in fields {
        file[at..at + bytes.len()].copy_from_slice(&bytes);
    }
    for code in codes {
        let [r, g, b] = code.map(|value| (value.clamp(0.0, 1.0) * 1023.0).round() as u32);
        file.extend_from_slice(&((r << 22) | (g << 12) | (b << 2)).to_be_bytes());
    }
    file
}

/// `HH:MM:SS:FF` as eight packed decimal digits.
fn packed_decimal(timecode: &str) -> u32 {
    timecode.bytes().filter(u8::is_ascii_digit).fold(0, |packed, digit| (packed << 4) | u32::from(digit - b'0'))
}

fn word(value: u32) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}
