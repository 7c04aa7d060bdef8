//! Owns Broadcast Wave (EBU Tech 3285) with iXML 1.61: the take, the roll, and how many files the take has.

use super::super::SYNTHETIC;
use super::{FileSpec, noise, put, put_text};

const RATE: u32 = 48_000;

pub(super) fn wave(spec: &FileSpec, seed: u64) -> Vec<u8> {
    let channels = spec.channels.max(1);
    let block = channels * 3;
    let samples = spec.frames * 100;
    let reference = spec
        .start_frame()
        .map_or(0, |frame| u64::from(frame) * u64::from(RATE) * u64::from(spec.rate.1) / u64::from(spec.rate.0));
    let mut format = Vec::new();
    format.extend_from_slice(&1u16.to_le_bytes());
    format.extend_from_slice(&channels.to_le_bytes());
    format.extend_from_slice(&RATE.to_le_bytes());
    format.extend_from_slice(&(RATE * u32::from(block)).to_le_bytes());
    format.extend_from_slice(&block.to_le_bytes());
    format.extend_from_slice(&24u16.to_le_bytes());
    let data = noise(samples as usize * usize::from(block), seed);
    let mut body = b"WAVE".to_vec();
    for (id, content) in [(b"bext", bext(spec, reference)), (b"iXML", ixml(spec, reference)), (b"fmt ", format), (b"data", data)]
    {
        body.extend_from_slice(id);
        let length = if spec.unfinished && id == b"data" { u32::MAX } else { content.len() as u32 };
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&content);
        if content.len() % 2 == 1 {
            body.push(0);
        }
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(body.len() as u32).to_le_bytes());
    file.append(&mut body);
    file
}

fn bext(spec: &FileSpec, reference: u64) -> Vec<u8> {
    let mut chunk = vec![0u8; 602];
    let note = format!("sSCENE={}\r\nsTAKE={}\r\nsTAPE={}\r\nsNOTE={SYNTHETIC}", spec.scene, spec.take, spec.reel);
    put_text(&mut chunk, 0, 256, &note);
    put_text(&mut chunk, 256, 32, &spec.company);
    put_text(&mut chunk, 288, 32, "SYNTHETIC");
    put(&mut chunk, 320, b"2026-11-23");
    put_text(&mut chunk, 330, 8, &spec.start);
    put(&mut chunk, 338, &reference.to_le_bytes());
    put(&mut chunk, 346, &1u16.to_le_bytes());
    chunk.extend_from_slice(b"A=PCM,F=48000,W=24,T=Checkgate forge; synthetic\r\n");
    chunk
}

fn ixml(spec: &FileSpec, reference: u64) -> Vec<u8> {
    let set = spec.set.as_ref().map_or_else(String::new, |(total, index, family)| {
        format!(
            "<FILE_SET><TOTAL_FILES>{total}</TOTAL_FILES><FAMILY_UID>{family}</FAMILY_UID><FILE_SET_INDEX>{index}</FILE_SET_INDEX></FILE_SET>"
        )
    });
    let (num, den) = spec.rate;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML><IXML_VERSION>1.61</IXML_VERSION><SCENE>{}</SCENE><TAKE>{}</TAKE><TAPE>{}</TAPE>\
         <NOTE>{SYNTHETIC}</NOTE><SPEED><TIMECODE_RATE>{num}/{den}</TIMECODE_RATE><TIMECODE_FLAG>NDF</TIMECODE_FLAG>\
         <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>{}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>\
         <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>{}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED>{set}</BWFXML>",
        spec.scene,
        spec.take,
        spec.reel,
        reference >> 32,
        reference & 0xFFFF_FFFF
    )
    .into_bytes()
}
