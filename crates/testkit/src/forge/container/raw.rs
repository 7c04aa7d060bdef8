//! Owns what is neither film, MXF nor sound: R3D blocks, ARRIRAW frames, Phantom CINE, DNG, transport streams, playlists, pictures
//! of one pixel, and opaque files whose layout nobody has published.

use super::super::SYNTHETIC;
use super::{FileSpec, noise, put, put_text};

/// A mark, the sentence, noise.
pub(super) fn opaque(spec: &FileSpec, seed: u64) -> Vec<u8> {
    let noise = noise((spec.frames * spec.frame_bytes) as usize, seed);
    [spec.head.as_bytes(), b"\n", SYNTHETIC.as_bytes(), b"\n", &noise].concat()
}

fn padded(mut block: Vec<u8>) -> Vec<u8> {
    let length = block.len() as u32;
    put(&mut block, 0, &length.to_be_bytes());
    block.resize(block.len().next_multiple_of(4096), 0);
    block
}

/// REDCODE version 2 as public readers have it: header block with one record and a directory, then blocks padded to 4096 bytes.
/// Every segment's directory repeats the clip's own file name.
pub(super) fn r3d(spec: &FileSpec, path: &str, number: u32, seed: u64) -> Vec<u8> {
    let own = path.rsplit('/').next().unwrap_or(path);
    let mut head = vec![0u8; 0x44 + 0x18];
    put(&mut head, 4, b"RED2");
    head[0x40] = 1;
    let mut directory = Vec::new();
    for (tag, text) in
        [(0x1001u16, spec.start.as_str()), (0x101A, spec.reel.as_str()), (0x1056, own), (0x1076, "Synthetic (Checkgate)")]
    {
        directory.extend_from_slice(&(text.len() as u16 + 5).to_be_bytes());
        directory.extend_from_slice(&tag.to_be_bytes());
        directory.extend_from_slice(text.as_bytes());
        directory.push(0);
    }
    head.extend_from_slice(&(directory.len() as u16 + 2).to_be_bytes());
    head.extend(directory);
    head.extend_from_slice(SYNTHETIC.as_bytes());
    let mut file = padded(head);
    for frame in 0..spec.frames {
        let mut block = vec![0u8; 8];
        put(&mut block, 4, b"RDX1");
        block.extend(noise(spec.frame_bytes as usize, seed + u64::from(number * 1000 + frame)));
        file.extend(padded(block));
    }
    let mut last = vec![0u8; 64];
    put(&mut last, 4, b"RDI1");
    file.extend(padded(last));
    file
}

/// One ARRIRAW frame: 4096 bytes of header (offsets of ARRI's white paper as a public reader has them), twelve-bit photosites.
pub(super) fn ari(spec: &FileSpec, number: u32, seed: u64) -> Vec<u8> {
    let mut file = vec![0u8; 4096];
    put(&mut file, 0, b"ARRI\x12\x34\x56\x78");
    for (at, value) in [
        (0x14, spec.size.0),
        (0x18, spec.size.1),
        (0x5C, 5600),
        (0x74, 800),
        (0x170, 2001),
        (0x1AC, number),
        (0x1B0, spec.rate.0 * 1000 / spec.rate.1),
    ] {
        put(&mut file, at, &value.to_le_bytes());
    }
    for (at, room, text) in [
        (0x178, 2, &spec.name[..spec.name.len().min(1)]),
        (0x2F8, 32, &spec.product),
        (0x398, 32, "Synthetic lens"),
        (0x4F8, 8, &spec.reel),
        (0x500, 16, &spec.scene),
        (0x510, 8, &spec.take),
        (0x558, 32, "Synthetic (Checkgate)"),
        (0x698, 24, &spec.name),
    ] {
        put_text(&mut file, at, room, text);
    }
    put_text(&mut file, 0xA00, SYNTHETIC.len(), SYNTHETIC);
    let photosites = (spec.size.0 * spec.size.1) as usize;
    file.extend(noise(photosites * 12 / 8, seed + u64::from(number)));
    file
}

/// Phantom CINE (vendor's description): header, bitmap, setup, table of images, images with annotation.
pub(super) fn cine(spec: &FileSpec, seed: u64) -> Vec<u8> {
    const SETUP_BYTES: usize = 1024;
    let table_at = 44 + 40 + SETUP_BYTES;
    let mut file = vec![0u8; table_at];
    put(&mut file, 0, b"CI\x2c\0");
    put(&mut file, 6, &1u16.to_le_bytes());
    let images = if spec.unfinished { 0 } else { spec.frames };
    for (at, value) in [(12, images), (20, images), (24, 44), (28, 84), (32, table_at as u32)] {
        put(&mut file, at, &value.to_le_bytes());
    }
    for (at, value) in [(44, 40), (48, spec.size.0), (52, spec.size.1), (64, spec.frame_bytes)] {
        put(&mut file, at, &value.to_le_bytes());
    }
    put_text(&mut file, 84 + 256, 200, SYNTHETIC);
    put(&mut file, 84 + 768, &1000u32.to_le_bytes());
    let images_at = table_at + 8 * spec.frames as usize;
    let each = 8 + spec.frame_bytes as usize;
    for frame in 0..spec.frames as usize {
        file.extend_from_slice(&((images_at + frame * each) as u64).to_le_bytes());
    }
    for frame in 0..spec.frames {
        file.extend_from_slice(&8u32.to_le_bytes());
        file.extend_from_slice(&spec.frame_bytes.to_le_bytes());
        file.extend(noise(spec.frame_bytes as usize, seed + u64::from(frame)));
    }
    file
}

/// A TIFF of one strip with the tags of a DNG (Adobe DNG 1.6): a structure, not a raw picture.
pub(super) fn dng(spec: &FileSpec, seed: u64) -> Vec<u8> {
    let (width, height) = spec.size;
    let strip = noise((width * height * 2) as usize, seed);
    let words: [(u16, &str); 2] = [(270, SYNTHETIC), (0xC614, &spec.product)];
    let longs = [(256u16, width), (257, height), (258, 16), (259, 1), (262, 32_803), (277, 1), (278, height)];
    let entries = longs.len() + words.len() + 3;
    let words_at = 8 + 2 + entries * 12 + 4;
    let strip_at = words_at + words.iter().map(|(_, text)| text.len() + 1).sum::<usize>();
    let mut rows: Vec<(u16, u16, u32, [u8; 4])> = longs.iter().map(|(tag, value)| (*tag, 4, 1, value.to_le_bytes())).collect();
    rows.push((273, 4, 1, (strip_at as u32).to_le_bytes()));
    rows.push((279, 4, 1, (strip.len() as u32).to_le_bytes()));
    rows.push((0xC612, 1, 4, [1, 4, 0, 0]));
    let mut text_at = words_at;
    for (tag, text) in words {
        rows.push((tag, 2, text.len() as u32 + 1, (text_at as u32).to_le_bytes()));
        text_at += text.len() + 1;
    }
    rows.sort_by_key(|row| row.0);
    let mut file = b"II\x2a\0\x08\0\0\0".to_vec();
    file.extend_from_slice(&(entries as u16).to_le_bytes());
    for (tag, kind, count, value) in rows {
        file.extend_from_slice(&tag.to_le_bytes());
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&count.to_le_bytes());
        file.extend_from_slice(&value);
    }
    file.extend_from_slice(&[0; 4]);
    for (_, text) in words {
        file.extend_from_slice(text.as_bytes());
        file.push(0);
    }
    file.extend(strip);
    file
}

/// Transport packets of 192 bytes as AVCHD stores them: an arrival time, then 188 bytes from the sync byte on. The first packet's
/// payload is the sentence.
pub(super) fn transport(spec: &FileSpec, seed: u64) -> Vec<u8> {
    let mut file = Vec::new();
    for packet in 0..spec.frames * 10 {
        file.extend_from_slice(&packet.to_be_bytes());
        file.extend_from_slice(&[0x47, 0x01, 0x00, 0x10]);
        let mut payload = noise(184, seed + u64::from(packet));
        if packet == 0 {
            put_text(&mut payload, 0, 184, SYNTHETIC);
        }
        file.extend(payload);
    }
    file
}

/// An MPLS playlist (as public readers have it): one play item for each clip, joined seamlessly to the one before.
pub(super) fn playlist(spec: &FileSpec) -> Vec<u8> {
    let mut items = Vec::new();
    for (place, clip) in spec.clips.iter().enumerate() {
        let mut item = vec![0u8; 20];
        put_text(&mut item, 0, 5, clip);
        put(&mut item, 5, b"M2TS");
        item[10] = if place == 0 { 1 } else { 6 };
        items.extend_from_slice(&(item.len() as u16).to_be_bytes());
        items.extend(item);
    }
    let mut file = b"MPLS0200".to_vec();
    let list_at = 40u32;
    for number in [list_at, 0, 0] {
        file.extend_from_slice(&number.to_be_bytes());
    }
    file.resize(list_at as usize, 0);
    file.extend_from_slice(&(items.len() as u32 + 6).to_be_bytes());
    file.extend_from_slice(&[0, 0]);
    file.extend_from_slice(&(spec.clips.len() as u16).to_be_bytes());
    file.extend_from_slice(&[0, 0]);
    file.extend(items);
    file.extend_from_slice(SYNTHETIC.as_bytes());
    file
}

/// A grey JPEG of one pixel with a comment.
pub(super) fn jpeg() -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8, 0xFF, 0xFE];
    file.extend_from_slice(&(SYNTHETIC.len() as u16 + 2).to_be_bytes());
    file.extend_from_slice(SYNTHETIC.as_bytes());
    file.extend_from_slice(&[0xFF, 0xDB, 0, 0x43, 0]);
    file.extend_from_slice(&[1; 64]);
    file.extend_from_slice(&[0xFF, 0xC0, 0, 0x0B, 8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    for class in [0x00, 0x10] {
        file.extend_from_slice(&[0xFF, 0xC4, 0, 0x14, class, 1]);
        file.extend_from_slice(&[0; 16]);
    }
    file.extend_from_slice(&[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0x3F, 0, 0x3F, 0xFF, 0xD9]);
    file
}

/// A bitmap of one pixel; the sentence follows the picture, inside the declared size.
pub(super) fn bmp() -> Vec<u8> {
    let size = 58 + SYNTHETIC.len() as u32;
    let mut file = b"BM".to_vec();
    for number in [size, 0, 54, 40, 1, 1, 0x0018_0001, 0, 4, 0, 0, 0, 0] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file.extend_from_slice(&[0x80, 0x80, 0x80, 0]);
    file.extend_from_slice(SYNTHETIC.as_bytes());
    file
}
