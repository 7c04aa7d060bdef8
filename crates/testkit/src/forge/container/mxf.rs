//! Owns MXF (SMPTE ST 377-1): header partition with primer, identification, timecode and descriptor sets, essence, closed footer
//! and random index pack. OP1a interleaves frames and sound; OP-Atom holds one element.

use super::super::SYNTHETIC;
use super::{FileSpec, noise};

const LABEL: [u8; 4] = [0x06, 0x0e, 0x2b, 0x34];

fn pack_key(kind: u8, status: u8) -> [u8; 16] {
    let [a, b, c, d] = LABEL;
    [a, b, c, d, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1, kind, status, 0]
}

fn klv(key: &[u8], value: &[u8]) -> Vec<u8> {
    [key, &[0x83], &(value.len() as u32).to_be_bytes()[1..], value].concat()
}

fn item(tag: u16, value: &[u8]) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat()
}

fn wide(tag: u16, text: &str) -> Vec<u8> {
    item(tag, &text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>())
}

fn set(kind: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let [a, b, c, d] = LABEL;
    klv(&[a, b, c, d, 2, 0x53, 1, 1, 0x0d, 1, 1, 1, 1, 1, kind, 0], &items.concat())
}

/// A partition pack with its operational pattern and no essence containers.
fn partition(kind: u8, status: u8, (this, previous, footer): (u64, u64, u64), header_bytes: u64, atom: bool) -> Vec<u8> {
    let mut value = vec![0, 1, 0, 3, 0, 0, 0, 1];
    for number in [this, previous, footer, header_bytes, 0] {
        value.extend_from_slice(&number.to_be_bytes());
    }
    value.extend_from_slice(&[0; 4]);
    value.extend_from_slice(&0u64.to_be_bytes());
    value.extend_from_slice(&u32::from(kind == 3).to_be_bytes());
    let [a, b, c, d] = LABEL;
    value.extend_from_slice(&[a, b, c, d, 4, 1, 1, 2, 0x0d, 1, 2, 1, if atom { 0x10 } else { 1 }, 1, 1, 0]);
    value.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 16]);
    klv(&pack_key(kind, status), &value)
}

fn header_sets(spec: &FileSpec) -> Vec<u8> {
    let (num, den) = spec.rate;
    let rate = [num.to_be_bytes(), den.to_be_bytes()].concat();
    let mut sets = vec![
        klv(&pack_key(5, 1), &[0, 0, 0, 0, 0, 0, 0, 18]),
        set(
            0x30,
            &[
                wide(0x3C01, &spec.company),
                wide(0x3C02, if spec.product.is_empty() { "Synthetic" } else { &spec.product }),
                wide(0x3C04, SYNTHETIC),
            ],
        ),
    ];
    if let Some(start) = spec.start_frame() {
        let base = spec.nominal() as u16;
        sets.push(set(
            0x14,
            &[
                item(0x1501, &u64::from(start).to_be_bytes()),
                item(0x1502, &base.to_be_bytes()),
                item(0x1503, &[u8::from(spec.drop_frame)]),
            ],
        ));
    }
    if spec.frame_bytes > 0 && spec.size.0 > 0 {
        sets.push(set(
            0x28,
            &[
                item(0x3001, &rate),
                item(0x3002, &u64::from(spec.frames).to_be_bytes()),
                item(0x3203, &spec.size.0.to_be_bytes()),
                item(0x3202, &spec.size.1.to_be_bytes()),
                item(0x3301, &10u32.to_be_bytes()),
            ],
        ));
    }
    if spec.channels > 0 {
        let sampling = [48_000u32.to_be_bytes(), 1u32.to_be_bytes()].concat();
        let channels = u32::from(spec.channels).to_be_bytes();
        sets.push(set(0x48, &[item(0x3D03, &sampling), item(0x3D07, &channels), item(0x3D01, &24u32.to_be_bytes())]));
    }
    if !spec.reel.is_empty() {
        sets.push(set(0x37, &[wide(0x4402, &spec.reel)]));
    }
    sets.concat()
}

pub(super) fn mxf(spec: &FileSpec, seed: u64, atom: bool) -> Vec<u8> {
    let [a, b, c, d] = LABEL;
    let key = [a, b, c, d, 1, 2, 1, 1, 0x0d, 1, 3, 1, 0x15, 1, 5, 1];
    let metadata = header_sets(spec);
    let essence = if atom {
        klv(&key, &noise((spec.frames * spec.frame_bytes) as usize, seed))
    } else {
        (0..spec.frames).flat_map(|frame| klv(&key, &noise(spec.frame_bytes as usize, seed + u64::from(frame)))).collect()
    };
    let header_bytes = metadata.len() as u64;
    let body_at = partition(2, 4, (0, 0, 0), 0, atom).len() as u64 + header_bytes;
    let footer_at = body_at + partition(3, 4, (0, 0, 0), 0, atom).len() as u64 + essence.len() as u64;
    let status = if spec.open_header || spec.unfinished { 1 } else { 4 };
    let footer_at = if spec.unfinished { 0 } else { footer_at };
    let mut file = partition(2, status, (0, 0, footer_at), header_bytes, atom);
    file.extend(metadata);
    file.extend(partition(3, 4, (body_at, 0, footer_at), 0, atom));
    file.extend(essence);
    if spec.unfinished {
        return file;
    }
    file.extend(partition(4, 4, (footer_at, body_at, footer_at), 0, atom));
    let mut entries = Vec::new();
    for (body, at) in [(0u32, 0), (1, body_at), (0, footer_at)] {
        entries.extend_from_slice(&body.to_be_bytes());
        entries.extend_from_slice(&at.to_be_bytes());
    }
    let length = (16 + 4 + entries.len() + 4) as u32;
    entries.extend_from_slice(&length.to_be_bytes());
    file.extend(klv(&pack_key(0x11, 1), &entries));
    file
}
