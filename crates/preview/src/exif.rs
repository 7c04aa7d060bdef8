//! Owns finding the orientation in the head of a JPEG or TIFF file (Exif 2.32; TIFF 6.0). Reads a bounded head and believes nothing.

use crate::geometry::Orientation;
use std::io::Read;
use std::path::Path;

/// Orientation stands near the start; a file that puts it further back is shown as it lies.
const HEAD_BYTES: u64 = 256 << 10;

/// The turn a still picture's file asks for; none where it says none.
pub(crate) fn orientation(path: &Path) -> Orientation {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    if !matches!(extension.as_str(), "jpg" | "jpeg" | "tif" | "tiff" | "dng") {
        return Orientation::default();
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.ok().and_then(|_| orientation_in(&head)).and_then(Orientation::from_exif).unwrap_or_default()
}

fn orientation_in(head: &[u8]) -> Option<u16> {
    match head {
        [0xff, 0xd8, rest @ ..] => in_jpeg(rest),
        _ => in_tiff(head),
    }
}

/// Segments of a JPEG up to its picture data.
fn in_jpeg(mut rest: &[u8]) -> Option<u16> {
    loop {
        let [0xff, marker, high, low, ..] = *rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xda || length < 2 {
            return None;
        }
        let body = rest.get(4..2 + length)?;
        if marker == 0xe1
            && let Some(tiff) = body.strip_prefix(b"Exif\0\0")
        {
            return in_tiff(tiff);
        }
        rest = rest.get(2 + length..)?;
    }
}

fn in_tiff(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let pair: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let first: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let directory = usize::try_from(if big { u32::from_be_bytes(first) } else { u32::from_le_bytes(first) }).ok()?;
    let count = usize::from(short(directory)?);
    (0..count)
        .map_while(|entry| directory.checked_add(2 + 12 * entry))
        .map_while(|at| Some((at, short(at)?)))
        .find(|(_, tag)| *tag == 0x0112)
        .and_then(|(at, _)| short(at + 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiff(big: bool, value: u16) -> Vec<u8> {
        let two = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let four = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut out = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        out.extend(four(8));
        out.extend(two(2));
        for (tag, held) in [(0x0100, 640), (0x0112, value)] {
            out.extend(two(tag));
            out.extend(two(3));
            out.extend(four(1));
            out.extend(two(held));
            out.extend(two(0));
        }
        out
    }

    #[test]
    fn finds_the_tag_in_both_byte_orders_and_survives_any_cut() {
        for big in [true, false] {
            let plain = tiff(big, 6);
            assert_eq!(orientation_in(&plain), Some(6));
            let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xe1];
            jpeg.extend(u16::try_from(plain.len() + 8).unwrap().to_be_bytes());
            jpeg.extend(b"Exif\0\0");
            jpeg.extend(&plain);
            assert_eq!(orientation_in(&jpeg), Some(6));
            for cut in 0..jpeg.len() {
                let _ = orientation_in(&jpeg[..cut]);
            }
            for cut in 0..plain.len() {
                let _ = orientation_in(&plain[..cut]);
            }
        }
        assert_eq!(orientation_in(b"\xff\xd8\xff\xe1\0\0"), None);
        assert_eq!(orientation_in(b"II*\0\xff\xff\xff\xff"), None);
    }
}
