//! Owns ISO-BMFF and QuickTime (ISO/IEC 14496-12): sample tables that place every frame, a timecode track, metadata keys.

use super::super::SYNTHETIC;
use super::{FileSpec, noise};

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(body);
    bytes
}

fn numbers(list: &[u32]) -> Vec<u8> {
    list.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn four(text: &str, other: &[u8; 4]) -> [u8; 4] {
    text.as_bytes().try_into().unwrap_or(*other)
}

/// Frames of `frame_bytes` each, then the four bytes of the timecode's one sample.
pub(super) fn film(spec: &FileSpec, seed: u64) -> Vec<u8> {
    let brand = four(&spec.brand, b"qt  ");
    let ftyp = boxed(b"ftyp", &[&brand[..], &[0; 4], &brand].concat());
    let mut media = noise((spec.frames * spec.frame_bytes) as usize, seed);
    media.extend_from_slice(&spec.start_frame().unwrap_or(0).to_be_bytes());
    let mut mdat = boxed(b"mdat", &media);
    if spec.unfinished {
        // A length of zero runs to the end of the file.
        mdat[..4].fill(0);
        return [ftyp, mdat].concat();
    }
    let index_bytes = moov(spec, 0).len() as u32;
    let media_at = ftyp.len() as u32 + 8 + if spec.index_first { index_bytes } else { 0 };
    let moov = moov(spec, media_at);
    if spec.index_first { [ftyp, moov, mdat].concat() } else { [ftyp, mdat, moov].concat() }
}

fn moov(spec: &FileSpec, media_at: u32) -> Vec<u8> {
    let (scale, delta) = (spec.rate.0, spec.rate.1);
    let header = boxed(b"mvhd", &[numbers(&[0, 0, 0, scale, spec.frames * delta, 0x0001_0000]), vec![0; 76]].concat());
    let video = track(spec, b"vide", &video_entry(spec), (spec.frames, delta, spec.frame_bytes), media_at);
    let mut body = [header, video].concat();
    if spec.start_frame().is_some() {
        let at = media_at + spec.frames * spec.frame_bytes;
        body.extend(track(spec, b"tmcd", &timecode_entry(spec), (1, delta * spec.frames, 4), at));
    }
    body.extend(metadata(spec));
    boxed(b"moov", &body)
}

/// Metadata keys (QuickTime File Format, "Metadata"), the sentence among them.
fn metadata(spec: &FileSpec) -> Vec<u8> {
    let sentence = [("comment", SYNTHETIC)];
    let pairs: Vec<(&str, &str)> = spec.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain(sentence).collect();
    let mut keys = numbers(&[0, pairs.len() as u32]);
    let mut items = Vec::new();
    for (at, (key, value)) in pairs.iter().enumerate() {
        keys.extend(boxed(b"mdta", key.as_bytes()));
        let data = boxed(b"data", &[&1u32.to_be_bytes()[..], &[0; 4], value.as_bytes()].concat());
        items.extend(boxed(&(at as u32 + 1).to_be_bytes(), &data));
    }
    let handler = boxed(b"hdlr", &[&[0u8; 8][..], b"mdta", &[0; 13]].concat());
    boxed(b"meta", &[handler, boxed(b"keys", &keys), boxed(b"ilst", &items)].concat())
}

fn track(spec: &FileSpec, handler: &[u8; 4], entry: &[u8], (samples, delta, bytes): (u32, u32, u32), at: u32) -> Vec<u8> {
    let stbl = [
        boxed(b"stsd", &[numbers(&[0, 1]), entry.to_vec()].concat()),
        boxed(b"stts", &numbers(&[0, 1, samples, delta])),
        boxed(b"stsc", &numbers(&[0, 1, 1, samples, 1])),
        boxed(b"stsz", &numbers(&[0, bytes, samples])),
        boxed(b"stco", &numbers(&[0, 1, at])),
    ]
    .concat();
    let mdhd = boxed(b"mdhd", &numbers(&[0, 0, 0, spec.rate.0, samples * delta, 0]));
    let hdlr = boxed(b"hdlr", &[&[0u8; 8][..], handler, &[0; 13]].concat());
    boxed(b"trak", &boxed(b"mdia", &[mdhd, hdlr, boxed(b"minf", &boxed(b"stbl", &stbl))].concat()))
}

fn video_entry(spec: &FileSpec) -> Vec<u8> {
    let mut entry = vec![0; 78];
    super::put(&mut entry, 24, &(spec.size.0 as u16).to_be_bytes());
    super::put(&mut entry, 26, &(spec.size.1 as u16).to_be_bytes());
    let label = b"Synthetic";
    entry[42] = label.len() as u8;
    super::put(&mut entry, 43, label);
    boxed(&four(&spec.codec, b"apch"), &entry)
}

fn timecode_entry(spec: &FileSpec) -> Vec<u8> {
    let mut entry = vec![0; 26];
    entry[15] = u8::from(spec.drop_frame);
    super::put(&mut entry, 16, &spec.rate.0.to_be_bytes());
    super::put(&mut entry, 20, &spec.rate.1.to_be_bytes());
    entry[24] = spec.nominal() as u8;
    if !spec.reel.is_empty() {
        let name = [&(spec.reel.len() as u16).to_be_bytes()[..], &[0, 0], spec.reel.as_bytes()].concat();
        entry.extend(boxed(b"name", &name));
    }
    boxed(b"tmcd", &entry)
}
