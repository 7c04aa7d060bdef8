//! Owns the sound part: a poly Broadcast Wave file, 48 kHz 24 bit, with bext (EBU Tech 3285, version 1) and iXML (1.61) chunks.

use super::{CardSize, ExpectedClip, ForgeError, Plan, SYNTHETIC, write_error};
use checkgate_model::Timecode;

const RATE: u32 = 48_000;
const TRACKS: [(&str, &str); 4] = [("MixL", "LEFT"), ("MixR", "RIGHT"), ("Boom", "BOOM"), ("Lav 1", "LAV")];
const TAPE: &str = "26Y11M23";

pub(crate) fn forge(plan: &mut Plan<'_>) -> Result<(), ForgeError> {
    plan.folder("SOUND")?;
    plan.text("SOUND/SDINFO.TXT", &format!("{SYNTHETIC}\r\nTAPE={TAPE}\r\nSAMPLERATE={RATE}\r\nBITDEPTH=24\r\n"))?;
    for (scene, take, start, circled) in [("12A", 3u32, "14:23:05:00", true), ("40", 2, "15:02:28:12", false)] {
        let seconds = match plan.size {
            CardSize::Small => 1,
            CardSize::Demo => 8,
        };
        let name = format!("S{scene}T{take:02}");
        let file = format!("SOUND/{name}.WAV");
        (plan.report)(&format!("{file}: {} tracks, 48 kHz, 24 bit", TRACKS.len()));
        let timecode = Timecode::parse(start, 24).expect("valid");
        let time_reference = u64::from(timecode.frames()) * u64::from(RATE) / 24;
        let samples = RATE * seconds;
        let bext = bext_chunk(scene, take, start, time_reference);
        let ixml = ixml_chunk(scene, take, circled, time_reference, &name, plan.seed);
        let path = plan.root.join(&file);
        std::fs::write(&path, wave(&bext, &ixml, samples, plan.seed)).map_err(write_error(&path))?;
        plan.clips.push(ExpectedClip {
            name,
            kind: "sound".to_owned(),
            reel: Some(TAPE.to_owned()),
            start: start.to_owned(),
            rate: (24, 1),
            duration: u64::from(samples),
            files: vec![file],
            roles: Vec::new(),
            colour: None,
        });
    }
    plan.folder("SOUND/FALSETAKES")?;
    plan.empty_folders.push("SOUND/FALSETAKES".to_owned());
    Ok(())
}

fn bext_chunk(scene: &str, take: u32, start: &str, time_reference: u64) -> Vec<u8> {
    let mut chunk = vec![0u8; 602];
    let mut text = |at: usize, room: usize, value: &str| {
        let kept = value.len().min(room);
        chunk[at..at + kept].copy_from_slice(&value.as_bytes()[..kept]);
    };
    let description = format!(
        "sSCENE={scene}\r\nsTAKE={take:02}\r\nsTAPE={TAPE}\r\nsSPEED=024.000-NDF\r\nsTRK1=MixL\r\nsTRK2=MixR\r\nsTRK3=Boom\r\nsTRK4=Lav 1\r\nsNOTE={SYNTHETIC}"
    );
    text(0, 256, &description);
    text(256, 32, "Checkgate forge (synthetic)");
    text(288, 32, &format!("SYNTHETIC{take:02}"));
    text(320, 10, "2026-11-23");
    text(330, 8, &start[..8]);
    chunk[338..346].copy_from_slice(&time_reference.to_le_bytes());
    chunk[346..348].copy_from_slice(&1u16.to_le_bytes());
    chunk.extend_from_slice(b"A=PCM,F=48000,W=24,M=stereo,T=Checkgate forge; synthetic\r\n");
    chunk
}

fn ixml_chunk(scene: &str, take: u32, circled: bool, time_reference: u64, name: &str, seed: u64) -> Vec<u8> {
    let mut tracks = String::new();
    for (index, (track, function)) in TRACKS.iter().enumerate() {
        let number = index + 1;
        tracks.push_str(&format!(
            "    <TRACK>\n      <CHANNEL_INDEX>{number}</CHANNEL_INDEX>\n      <INTERLEAVE_INDEX>{number}</INTERLEAVE_INDEX>\n      <NAME>{track}</NAME>\n      <FUNCTION>{function}</FUNCTION>\n    </TRACK>\n"
        ));
    }
    let circled = if circled { "TRUE" } else { "FALSE" };
    let (high, low) = (time_reference >> 32, time_reference & 0xFFFF_FFFF);
    let family = format!("CG{:08X}{take:04}", seed as u32);
    let count = TRACKS.len();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<BWFXML>
  <IXML_VERSION>1.61</IXML_VERSION>
  <PROJECT>Nightfall</PROJECT>
  <SCENE>{scene}</SCENE>
  <TAKE>{take}</TAKE>
  <TAPE>{TAPE}</TAPE>
  <CIRCLED>{circled}</CIRCLED>
  <WILD_TRACK>FALSE</WILD_TRACK>
  <NO_GOOD>FALSE</NO_GOOD>
  <FILE_UID>{family}-{name}</FILE_UID>
  <NOTE>{SYNTHETIC}</NOTE>
  <UBITS>00000000</UBITS>
  <SPEED>
    <NOTE></NOTE>
    <MASTER_SPEED>24/1</MASTER_SPEED>
    <CURRENT_SPEED>24/1</CURRENT_SPEED>
    <TIMECODE_RATE>24/1</TIMECODE_RATE>
    <TIMECODE_FLAG>NDF</TIMECODE_FLAG>
    <FILE_SAMPLE_RATE>{RATE}</FILE_SAMPLE_RATE>
    <AUDIO_BIT_DEPTH>24</AUDIO_BIT_DEPTH>
    <DIGITIZER_SAMPLE_RATE>{RATE}</DIGITIZER_SAMPLE_RATE>
    <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>{high}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>
    <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>{low}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>
    <TIMESTAMP_SAMPLE_RATE>{RATE}</TIMESTAMP_SAMPLE_RATE>
  </SPEED>
  <HISTORY>
    <ORIGINAL_FILENAME>{name}.WAV</ORIGINAL_FILENAME>
  </HISTORY>
  <FILE_SET>
    <TOTAL_FILES>1</TOTAL_FILES>
    <FAMILY_UID>{family}</FAMILY_UID>
    <FAMILY_NAME>{name}</FAMILY_NAME>
    <FILE_SET_INDEX>A</FILE_SET_INDEX>
  </FILE_SET>
  <TRACK_LIST>
    <TRACK_COUNT>{count}</TRACK_COUNT>
{tracks}  </TRACK_LIST>
</BWFXML>
"#
    )
    .into_bytes()
}

fn wave(bext: &[u8], ixml: &[u8], samples: u32, seed: u64) -> Vec<u8> {
    let channels = TRACKS.len() as u16;
    let block = channels * 3;
    let mut format = Vec::new();
    format.extend_from_slice(&1u16.to_le_bytes());
    format.extend_from_slice(&channels.to_le_bytes());
    format.extend_from_slice(&RATE.to_le_bytes());
    format.extend_from_slice(&(RATE * u32::from(block)).to_le_bytes());
    format.extend_from_slice(&block.to_le_bytes());
    format.extend_from_slice(&24u16.to_le_bytes());
    let mut data = Vec::with_capacity(samples as usize * usize::from(block));
    let mut noise = (seed as u32) | 1;
    for sample in 0..samples {
        let time = sample as f32 / RATE as f32;
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = (noise >> 8) as f32 / 16_777_216.0 - 0.5;
        let syllable = (0.5 + 0.5 * (time * 21.0).sin()) * (0.6 + 0.4 * (time * 3.1).sin());
        let voice =
            ((time * 138.0 * std::f32::consts::TAU).sin() + 0.5 * (time * 276.0 * std::f32::consts::TAU).sin()) * 0.11 * syllable;
        let water = hiss * 0.03;
        for value in [voice * 0.8 + water, voice * 0.7 - water, voice + hiss * 0.006, voice * 1.1 + hiss * 0.012] {
            data.extend_from_slice(&((value * 8_388_607.0) as i32).to_le_bytes()[..3]);
        }
    }
    let mut body = b"WAVE".to_vec();
    for (id, content) in [(b"bext", bext), (b"iXML", ixml), (b"fmt ", &format[..]), (b"data", &data[..])] {
        body.extend_from_slice(id);
        body.extend_from_slice(&(content.len() as u32).to_le_bytes());
        body.extend_from_slice(content);
        if content.len() % 2 == 1 {
            body.push(0);
        }
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(body.len() as u32).to_le_bytes());
    file.append(&mut body);
    file
}
