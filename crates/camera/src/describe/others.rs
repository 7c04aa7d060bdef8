//! Owns what the smaller formats say about a clip: raw DV, Cineon, JPEG with Exif, Matroska.

use super::{say_int, say_rate, say_size, say_timecode, stills, text};
use crate::names::is_program;
use crate::source::{ReadError, Source};
use crate::values::{aspect, date};
use crate::vendor::{Statements, Strength};
use crate::{cineon, dv, isobmff, jpeg, matroska, tiff};
use checkgate_model::{FieldValue, FrameRate, Timecode};
use std::io::Cursor;

pub(super) fn from_dv(said: &mut Statements, dv: &dv::Dv, name: &str) {
    let at = format!("{name}: DV blocks");
    let (height, rate) = if dv.is_625 { (576, FrameRate::new(25, 1)) } else { (480, FrameRate::new(30_000, 1001)) };
    let codec = match dv.megabits {
        50 => "DVCPRO 50",
        100 => "DVCPRO HD",
        _ => "DV",
    };
    said.say(Strength::Structure, &at, "codec.name", "", text(codec), format!("{} Mb/s", dv.megabits));
    say_int(said, &format!("{name}: codec DV"), "codec.bit_depth", "bit", Some(8));
    // The sizes of 100 Mb/s differ between its modes.
    if dv.megabits < 100 {
        say_size(said, &at, Some(720), Some(height));
    }
    if let Some(rate) = rate {
        say_rate(said, Strength::Structure, &at, "rate.project", rate, if dv.is_625 { "625/50" } else { "525/60" });
    }
    let frames = i64::try_from(dv.frames).ok();
    say_int(said, &at, "duration.frames", "frame", frames);
    if let (Some(wide), true) = (dv.wide, dv.megabits < 100) {
        let (x, y) = if wide { (16u64, 9u64) } else { (4, 3) };
        if let Some(value) = aspect(x * u64::from(height), y * 720) {
            said.value(Strength::Container, &format!("{at}/61"), "image.pixel_aspect", value, format!("picture {x}:{y}"));
        }
    }
    if let (Some(code), Some(rate)) = (dv.timecode, rate) {
        let two = |byte: u8, mask: u8| (byte & 0xf < 10).then_some(u32::from(byte >> 4 & mask) * 10 + u32::from(byte & 0xf));
        // The flag means something at 29.97 only.
        let drop = code[0] & 0x40 != 0 && !dv.is_625;
        let separator = if drop { ';' } else { ':' };
        let parts = (two(code[3], 3), two(code[2], 7), two(code[1], 7), two(code[0], 3));
        if let (Some(h), Some(m), Some(s), Some(f)) = parts
            && let Ok(label) = Timecode::parse(&format!("{h:02}:{m:02}:{s:02}{separator}{f:02}"), rate.nominal())
        {
            say_timecode(
                said,
                &format!("{at}/13"),
                i64::from(label.frames()),
                label.nominal(),
                drop,
                Some(rate),
                frames.filter(|frames| *frames > 0),
            );
        }
    }
    if let Some([year, month, day, hour, minute, second]) = dv.date {
        // Two digits of the year: tapes are older than 2075.
        let century = if year >= 75 { 19 } else { 20 };
        let raw = format!("{century}{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
        if let Some(value) = date(&raw) {
            said.value(Strength::Container, &format!("{at}/62, 63"), "time.recorded_at", text(&value), raw);
        }
    }
    say_int(said, &format!("{at}/50"), "audio.sample_rate", "Hz", Some(i64::from(dv.sample_rate)));
    say_int(said, &format!("{at}/50"), "audio.channels", "", Some(i64::from(dv.channels)));
    say_int(said, &format!("{at}/50"), "audio.bit_depth", "bit", Some(i64::from(dv.bit_depth)));
}

pub(super) fn from_cineon(said: &mut Statements, header: &cineon::Cineon, name: &str) {
    let at = format!("{name}: Cineon header");
    say_size(said, &at, Some(header.width), Some(header.height));
    said.say(Strength::Structure, &at, "codec.name", "", text("Cineon"), "802a5fd7");
    say_int(said, &at, "codec.bit_depth", "bit", Some(i64::from(header.bit_depth)));
    if let Some(rate) = header.frame_rate.and_then(|rate| FrameRate::parse(&format!("{rate:.3}"))) {
        say_rate(said, Strength::Container, &at, "rate.project", rate, &rate.to_string());
    }
    let model = if header.device_model.is_empty() { &header.device } else { &header.device_model };
    for (field, words) in [("camera.model", model), ("camera.serial", &header.serial), ("slate.scene", &header.slate)] {
        // Programs put their own name where a scanner would put its.
        let field = if is_program(words) { "file.writer" } else { field };
        said.text(Strength::Loose, &at, field, words);
    }
    if let Some(value) = date(&header.created) {
        said.value(Strength::Loose, &at, "time.recorded_at", text(&value), header.created.clone());
    }
}

pub(super) fn from_jpeg(said: &mut Statements, jpeg: &jpeg::Jpeg, name: &str) {
    let at = format!("{name}: JPEG");
    say_size(said, &at, Some(jpeg.width), Some(jpeg.height));
    said.say(Strength::Structure, &at, "codec.name", "", text("JPEG"), "ffd8");
    say_int(said, &at, "codec.bit_depth", "bit", Some(i64::from(jpeg.bit_depth)));
    if !jpeg.exif.is_empty() {
        let mut reader = Cursor::new(jpeg.exif.as_slice());
        let mut source = Source::new(&mut reader, jpeg.exif.len() as u64);
        if let Ok(found) = tiff::directories(&mut source) {
            stills::from_tags(said, &found, &format!("{name}: Exif"));
        }
    }
}

pub(super) fn from_matroska(said: &mut Statements, film: &matroska::Matroska, name: &str) {
    let at = format!("{name}: Matroska");
    if let Some(track) = film.tracks.iter().find(|track| track.kind == 1) {
        let at = format!("{at} track (video)");
        say_size(said, &at, Some(track.width), Some(track.height));
        let codec = match track.codec.as_str() {
            "V_MPEG4/ISO/AVC" => "H.264",
            "V_MPEGH/ISO/HEVC" => "H.265",
            "V_AV1" => "AV1",
            "V_VP8" => "VP8",
            "V_VP9" => "VP9",
            "V_FFV1" => "FFV1",
            "V_PRORES" => "Apple ProRes",
            "V_MPEG2" => "MPEG-2",
            "V_MJPEG" => "Motion JPEG",
            "V_MPEG4/ISO/ASP" => "MPEG-4 Visual",
            "V_MS/VFW/FOURCC" if track.private.get(16..20) == Some(b"FFV1") => "FFV1",
            other => other,
        };
        let depth = match track.codec.as_str() {
            "V_MPEG4/ISO/AVC" => isobmff::coded_depth(b"avcC", &track.private),
            "V_MPEGH/ISO/HEVC" => isobmff::coded_depth(b"hvcC", &track.private),
            _ => None,
        };
        say_int(said, &at, "codec.bit_depth", "bit", depth.map(i64::from));
        if !codec.is_empty() {
            said.say(Strength::Structure, &at, "codec.name", "", text(codec), track.codec.clone());
        }
        let rate = track.frame_ns.and_then(|ns| FrameRate::parse(&format!("{:.3}", 1e9 / ns as f64)));
        if let (Some(rate), Some(ns)) = (rate, track.frame_ns) {
            say_rate(said, Strength::Structure, &at, "rate.project", rate, &format!("{ns} ns a frame"));
            if let Some(seconds) = film.duration {
                let frames = FieldValue::Int((seconds * rate.as_f64()).round() as i64);
                said.value(Strength::Container, &format!("{at} and Duration"), "duration.frames", frames, format!("{seconds} s"));
            }
        }
    }
    let sounds: Vec<&matroska::Track> = film.tracks.iter().filter(|track| track.kind == 2).collect();
    if let Some(first) = sounds.first() {
        let at = format!("{at} track (audio)");
        let channels: i64 = sounds.iter().map(|track| i64::from(track.channels)).sum();
        say_int(said, &at, "audio.channels", "", Some(channels));
        say_int(said, &at, "audio.sample_rate", "Hz", Some(first.sample_rate.clamp(0.0, 1e7) as i64));
        // Writers fill the field in for compressed sound as well, where it means nothing.
        let counted = ["A_PCM", "A_FLAC", "A_ALAC"].iter().any(|codec| first.codec.starts_with(codec));
        say_int(said, &at, "audio.bit_depth", "bit", Some(i64::from(first.bit_depth)).filter(|_| counted));
    }
    const FROM_1970_TO_2001_S: i64 = 978_307_200;
    if let Some(instant) = film.date.and_then(|ns| jiff::Timestamp::from_second(FROM_1970_TO_2001_S + ns / 1_000_000_000).ok()) {
        said.otherwise(
            &format!("{at} DateUTC"),
            "time.recorded_at",
            text(&instant.to_string()),
            film.date.unwrap_or(0).to_string(),
        );
    }
    said.text(Strength::Container, &format!("{at} WritingApp"), "file.writer", &film.writer);
}

/// Reads the format by its first bytes and says what it holds.
pub(super) fn tell(
    said: &mut Statements,
    container: crate::structure::Container,
    source: &mut Source<'_>,
    head: &[u8],
    name: &str,
) -> Result<(), ReadError> {
    use crate::structure::Container;
    match container {
        Container::Dv => from_dv(said, &dv::read(source)?, name),
        Container::Cineon => {
            if let Some(header) = cineon::parse(head) {
                from_cineon(said, &header, name);
            }
        }
        Container::Jpeg => from_jpeg(said, &jpeg::read(source)?, name),
        Container::Matroska => from_matroska(said, &matroska::read(source)?, name),
        _ => {}
    }
    Ok(())
}
