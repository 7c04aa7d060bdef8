//! Owns what a transport stream says about a clip, with the message AVCHD cameras put beside the first picture (MDPM; layout as public
//! readers have it, held against a real stream).

use super::{say_int, say_rate, say_size, say_timecode, text};
use crate::source::Numbers;
use crate::transport::stream::Stream;
use crate::values::{aspect, round6};
use crate::vendor::{Statements, Strength};
use checkgate_model::{FieldValue, FrameRate, Timecode};

pub(super) fn from_stream(said: &mut Statements, stream: &Stream, name: &str) {
    let at = format!("{name}: transport stream");
    if let Some(codec) = stream.codec {
        said.say(Strength::Structure, &format!("{at}, programme table"), "codec.name", "", text(codec), codec);
    }
    let mut rate = None;
    if let Some(picture) = &stream.picture {
        let at = format!("{at}, first picture");
        say_size(said, &at, Some(picture.width), Some(picture.height));
        say_int(said, &at, "codec.bit_depth", "bit", Some(i64::from(picture.bit_depth)));
        rate = picture.rate.and_then(|(num, den)| FrameRate::new(num, den)).filter(|rate| rate.as_f64() < 1000.0);
        if let (Some(rate), Some((num, den))) = (rate, picture.rate) {
            say_rate(said, Strength::Structure, &at, "rate.project", rate, &format!("{num}/{den}"));
        }
        if let Some((x, y)) = picture.pixel_aspect
            && let Some(value) = aspect(u64::from(x), u64::from(y))
        {
            said.value(Strength::Container, &at, "image.pixel_aspect", value, format!("{x}:{y}"));
        }
    }
    // The last picture lasts as long as the others; a stream counts no pictures.
    let frames = stream.ticks.zip(rate).map(|(ticks, rate)| {
        let frames = ticks as f64 / 90_000.0 * rate.as_f64();
        frames.round() as i64 + 1
    });
    if let Some(frames) = frames {
        let source = format!("{at}, first and last time stamp");
        let raw = format!("{} ticks of 90 kHz", stream.ticks.unwrap_or(0));
        said.value(Strength::Container, &source, "duration.frames", FieldValue::Int(frames), raw);
    }
    if let Some(codec) = stream.sound_codec {
        let at = format!("{at}, sound {codec}");
        say_int(said, &at, "audio.channels", "", Some(i64::from(stream.channels)));
        say_int(said, &at, "audio.sample_rate", "Hz", Some(i64::from(stream.sample_rate)));
        say_int(said, &at, "audio.bit_depth", "bit", Some(i64::from(stream.bit_depth)));
    }
    from_camera(said, stream, rate, frames, &format!("{name}: MDPM"));
}

fn from_camera(said: &mut Statements, stream: &Stream, rate: Option<FrameRate>, frames: Option<i64>, at: &str) {
    let of = |tag: u8| stream.camera.iter().find(|(known, _)| *known == tag).map(|(_, value)| value);
    let strong = Strength::Container;
    if let Some(code) = of(0x13)
        && let Some(rate) = rate
    {
        // Frames, seconds, minutes, hours in BCD; the bit that says "drop frame" is the second of the frames.
        let two = |byte: u8, mask: u8| (byte & 0xf < 10).then_some(u32::from(byte >> 4 & mask) * 10 + u32::from(byte & 0xf));
        let drop = code[0] & 0x40 != 0;
        let parts = (two(code[3], 3), two(code[2], 7), two(code[1], 7), two(code[0], 3));
        let separator = if drop { ';' } else { ':' };
        if let (Some(h), Some(m), Some(s), Some(f)) = parts
            && let Ok(label) = Timecode::parse(&format!("{h:02}:{m:02}:{s:02}{separator}{f:02}"), rate.nominal())
        {
            say_timecode(said, &format!("{at}/13"), i64::from(label.frames()), label.nominal(), drop, Some(rate), frames);
        }
    }
    // Zone, century, year and month; then day, hour, minute and second, all but the zone in BCD.
    if let (Some(first), Some(second)) = (of(0x18), of(0x19)) {
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let sign = if first[0] & 0x20 != 0 { '-' } else { '+' };
        let minutes = if first[0] & 1 != 0 { "30" } else { "00" };
        // All ones: the camera was not told where it is.
        let zone = if first[0] & 0x80 != 0 { String::new() } else { format!("{sign}{:02}:{minutes}", first[0] >> 1 & 0xf) };
        let raw = format!("{}{}{zone}", digits(&first[1..]), digits(second));
        if let Some(date) = crate::values::date(&raw) {
            said.value(strong, &format!("{at}/18, 19"), "time.recorded_at", text(&date), raw);
        }
    }
    if let Some(maker) = of(0xe0).and_then(|value| value.be16(0)) {
        let name = match maker {
            0x0103 => Some("Panasonic"),
            0x0108 => Some("Sony"),
            0x1011 => Some("Canon"),
            0x1104 => Some("JVC"),
            _ => None,
        };
        match name {
            Some(name) => said.value(strong, &format!("{at}/e0"), "camera.make", text(name), format!("{maker:04x}")),
            None => said.unknown(strong, &format!("{at}/e0"), "camera.make", "", &format!("{maker:04x}")),
        }
    }
    let model: Vec<u8> = (0xe4..=0xe6).filter_map(of).flatten().copied().take_while(|byte| *byte != 0).collect();
    if !model.is_empty() && model.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        said.text(strong, &format!("{at}/e4"), "camera.model", &String::from_utf8_lossy(&model));
    }
    let mark = said.mark();
    let ratio = |tag: u8| {
        let (num, den) = of(tag).and_then(|value| value.be16(0).zip(value.be16(2)))?;
        (num > 0 && num < u16::MAX && den > 0 && den < u16::MAX).then_some((num, den))
    };
    if let Some((num, den)) = ratio(0xa0) {
        let time = FieldValue::Float((f64::from(num) / f64::from(den) * 1e9).round() / 1e9);
        said.value(strong, &format!("{at}/a0"), "exposure.time", time, format!("{num}/{den}"));
    } else if let Some(line) =
        of(0x7f).and_then(|value| value.le16(2)).map(|time| time & 0x7fff).filter(|time| *time > 0 && *time < 0x7fff)
    {
        let time = FieldValue::Float((f64::from(line) / 28_125.0 * 1e9).round() / 1e9);
        said.value(strong, &format!("{at}/7f"), "exposure.time", time, format!("{line}/28125"));
    }
    if let Some((num, den)) = ratio(0xa1) {
        let stop = FieldValue::Float(round6(f64::from(num) / f64::from(den)));
        said.value(strong, &format!("{at}/a1"), "lens.f_stop", stop, format!("{num}/{den}"));
    }
    // Eighths of a stop in six bits; all ones and the value before it are "automatic" and "closed".
    if let (None, Some(step)) = (ratio(0xa1), of(0x70).map(|value| value[0]).filter(|step| *step < 0xfe)) {
        let stop = (f64::from(step & 0x3f) / 8.0).exp2();
        said.value(
            strong,
            &format!("{at}/70"),
            "lens.f_stop",
            FieldValue::Float((stop * 100.0).round() / 100.0),
            step.to_string(),
        );
    }
    said.of_frame(mark);
}
