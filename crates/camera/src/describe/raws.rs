//! Owns what the headers of raw recordings say about a clip: R3D of both versions, Phantom CINE, ARRIRAW.

use super::pictures::bcd_timecode;
use super::{say_int, say_rate, say_size, say_timecode, text};
use crate::dumps::{cooke_dynamic, t_stop_of_linear_iris};
use crate::names::lens_maker;
use crate::values::{ratio, round6};
use crate::vendor::{Statements, Strength};
use crate::{ari, cine, r3d};
use checkgate_model::{FieldValue, FrameRate, Timecode};

const R3D_TEXTS: &[(u16, &str)] = &[
    (0x1019, "camera.index"),
    (0x1006, "camera.serial"),
    (0x10A0, "camera.model"),
    (0x1025, "camera.firmware"),
    (0x1032, "media.serial"),
    (0x1033, "recorder.make_model"),
    (0x1070, "lens.model"),
    (0x106E, "lens.make"),
    (0x109D, "lens.serial"),
    (0x1056, "file.original_name"),
    (0x1086, "sensor.mode"),
    (0x10AB, "look.name"),
    (0x1076, "prod.name"),
    (0x1077, "prod.director"),
    (0x1078, "prod.dop"),
    (0x107B, "prod.location"),
    (0x107C, "prod.operator"),
    (0x107D, "slate.scene"),
    (0x107E, "slate.take"),
];

pub(super) fn from_r3d(said: &mut Statements, directory: &r3d::Directory, name: &str) {
    let at = |tag: u16| format!("{name}: R3D tag {tag:04x}");
    let strong = Strength::Container;
    if directory.version == 0 {
        return;
    }
    let header = format!("{name}: R3D header, version {}", directory.version);
    say_size(said, &header, directory.width, directory.height);
    for (tag, field) in R3D_TEXTS {
        if let Some(words) = directory.text(*tag) {
            said.text(strong, &at(*tag), field, words);
        }
    }
    if !directory.file_name.is_empty() {
        said.text(strong, &header, "file.original_name", &directory.file_name);
    }
    // What the camera is called in its network; makers' own readers call it the model where nothing else is there.
    if let Some(words) = directory.text(0x1071) {
        said.otherwise(&at(0x1071), "camera.model", text(words.trim()), words);
    }
    // REDCODE of a version 2 file; what the magazine was formatted for is not it.
    match directory.text(0x10BE) {
        Some(words) => said.text(strong, &at(0x10BE), "codec.name", words),
        None => said.otherwise(&header, "codec.name", text("REDCODE RAW"), format!("RED{}", directory.version)),
    }
    // The number of the reel is what the header holds; with the letter of the camera it is the name on files and reports.
    if let Some(raw) = directory.text(0x101A) {
        let own = directory.text(0x1056).or(Some(directory.file_name.as_str())).and_then(|name| name.chars().next());
        let letter = directory.text(0x1019).and_then(|words| words.chars().next()).or(own).filter(char::is_ascii_uppercase);
        let digits = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
        match letter.filter(|_| digits) {
            Some(letter) => said.value(strong, &at(0x101A), "reel.name", text(&format!("{letter}{raw}")), raw),
            None => said.text(strong, &at(0x101A), "reel.name", raw),
        }
    }
    // Local time has no offset here; what stands beside it as "GMT" is read as that by one public reader only.
    if let (Some(day), Some(clock)) = (directory.text(0x1023), directory.text(0x1024)) {
        said.read(strong, &format!("{name}: R3D tags 1023, 1024"), "time.recorded_at", &format!("{day} {clock}"), None);
    } else if let Some(raw) = directory.text(0x1005) {
        said.read(strong, &at(0x1005), "time.recorded_at", raw, None);
    }
    let played = directory.number(0x2066).and_then(|rate| FrameRate::parse(&format!("{rate:.3}")));
    if let Some(rate) = played {
        say_rate(said, strong, &at(0x2066), "rate.project", rate, &rate.to_string());
    } else if let Some(rate) = directory.rate.and_then(|(num, den)| FrameRate::new(num, den)) {
        said.otherwise(&header, "rate.project", crate::values::rate_value(rate), rate.to_string());
    }
    // Frames in 1001 seconds.
    if let Some(thousand) = directory.number_of(0xBF).filter(|n| (1.0..10_000_000.0).contains(n))
        && let Some(rate) = FrameRate::new(thousand as u32, 1001)
    {
        say_rate(said, strong, &at(0x60BF), "rate.sensor", rate, &format!("{thousand}/1001"));
    }
    let rate = played.or_else(|| directory.rate.and_then(|(num, den)| FrameRate::new(num, den)));
    if let Some(raw) = directory.text(0x1001)
        && let Ok(code) = Timecode::parse(raw, rate.map_or(60, FrameRate::nominal))
    {
        said.value(strong, &at(0x1001), "tc.start", text(&code.to_string()), raw);
        said.value(strong, &at(0x1001), "tc.drop_frame", FieldValue::Bool(code.is_drop()), raw);
        if let Some(rate) = rate {
            say_rate(said, strong, &at(0x1001), "tc.rate", rate, &rate.to_string());
        }
    }
    let mark = said.mark();
    from_r3d_values(said, directory, &|tag| at(tag));
    if let Some(frame) = &directory.frame {
        from_r3d_values(said, frame, &|tag| format!("{name}: R3D first frame, tag {tag:04x}"));
    }
    said.of_frame(mark);
}

/// What the clip's directory and that of a frame have in common.
fn from_r3d_values(said: &mut Statements, directory: &r3d::Directory, at: &dyn Fn(u16) -> String) {
    let strong = Strength::Container;
    for (id, tag, field) in [(0x0D, 0x200D, "wb.kelvin"), (0x3B, 0x403B, "exposure.index")] {
        if let Some(number) = directory.number_of(id).filter(|number| (1.0..1e6).contains(number)) {
            said.value(strong, &at(tag), field, FieldValue::Int(number.round() as i64), number.to_string());
        }
    }
    for (id, tag, field, factor) in [
        (0x6A, 0x406A, "lens.f_stop", 0.1),
        (0x6B, 0x406B, "lens.focal_length", 1.0),
        (0x6C, 0x606C, "lens.focus_distance", 0.001),
    ] {
        match directory.number_of(id) {
            Some(number) if number > 0.0 && number < 1e6 => {
                said.value(strong, &at(tag), field, FieldValue::Float(round6(number * factor)), number.to_string());
            }
            // Zero and -1: the lens told nothing.
            Some(number) => said.unknown(strong, &at(tag), field, crate::canonical::canonical(field).unit, &number.to_string()),
            None => {}
        }
    }
    // The unit is only certain where the number can be no count of milliseconds.
    if let Some(time) = directory.number_of(0x08).filter(|time| *time > 0.0 && *time < 0.5) {
        said.value(strong, &at(0x2008), "exposure.time", FieldValue::Float((time * 1e9).round() / 1e9), time.to_string());
    }
    if let Some(packet) = directory.blob(0x3A).and_then(cooke_dynamic) {
        said.value(strong, &at(0x3A), "lens.t_stop", FieldValue::Float(packet.0), "Cooke /i");
        said.value(strong, &at(0x3A), "lens.entrance_pupil", FieldValue::Float(packet.1), "Cooke /i");
    }
}

pub(super) fn from_cine(said: &mut Statements, header: &cine::Cine, name: &str) {
    let at = format!("{name}: CINE header");
    let side = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    say_size(said, &at, side(header.width), side(header.height));
    say_int(said, &at, "duration.frames", "frame", Some(i64::from(header.images)));
    // The header of the bitmap counts sixteen for pixels that are packed into ten.
    match header.real_bits.filter(|real| header.bits.is_some_and(|bits| bits % 3 != 0 && *real <= u32::from(bits))) {
        Some(real) => {
            let raw = format!("{real} of {} (RealBPP)", header.bits.unwrap_or(0));
            said.value(Strength::Structure, &format!("{at}, SETUP"), "codec.bit_depth", FieldValue::Int(i64::from(real)), raw);
        }
        None => say_int(said, &at, "codec.bit_depth", "bit", header.bits.map(i64::from)),
    }
    said.say(Strength::Structure, &at, "codec.name", "", text("Phantom CINE"), "CI");
    if let Some(rate) = header.frames_per_second.and_then(|rate| FrameRate::new(rate, 1)) {
        say_rate(said, Strength::Container, &at, "rate.sensor", rate, &rate.to_string());
    }
    if let Some(nano) = header.exposure_ns {
        let time = FieldValue::Float(f64::from(nano) / 1e9);
        said.value(Strength::Container, &format!("{at}, SETUP"), "exposure.time", time, format!("{nano} ns"));
    } else if let Some(micro) = header.exposure_us {
        let time = FieldValue::Float(f64::from(micro) / 1e6);
        said.value(Strength::Container, &format!("{at}, SETUP"), "exposure.time", time, format!("{micro} us"));
    }
    if let Some(serial) = header.serial {
        said.text(Strength::Container, &format!("{at}, SETUP"), "camera.serial", &serial.to_string());
    }
    said.text(Strength::Container, &format!("{at}, SETUP/Description"), "slate.note", &header.description);
    if let Some(firmware) = header.firmware {
        said.text(Strength::Container, &format!("{at}, SETUP"), "camera.firmware", &firmware.to_string());
    }
    if let Some(seconds) = header.trigger_time
        && let Ok(instant) = jiff::Timestamp::from_second(i64::from(seconds))
    {
        let source = format!("{at}, trigger");
        said.value(Strength::Container, &source, "time.recorded_at", text(&instant.to_string()), seconds.to_string());
    }
}

pub(super) fn from_ari(said: &mut Statements, header: &ari::Ari, name: &str) {
    let at = format!("{name}: ARRIRAW header");
    let strong = Strength::Container;
    say_size(said, &at, header.width, header.height);
    said.say(Strength::Structure, &at, "codec.name", "", text("ARRIRAW"), "ARRI");
    for (field, words) in &header.texts {
        said.text(strong, &at, field, words);
    }
    let lens = header.text("lens.model");
    if let Some(maker) = lens_maker(lens) {
        said.value(Strength::Implied, &at, "lens.make", text(maker), lens);
    }
    let mark = said.mark();
    for (field, number) in [("wb.kelvin", header.white_balance_kelvin), ("exposure.index", header.exposure_index)] {
        if let Some(number) = number {
            said.value(strong, &at, field, FieldValue::Int(i64::from(number)), number.to_string());
        }
    }
    if let Some(tint) = header.white_balance_cc.filter(|_| header.white_balance_kelvin.is_some()) {
        said.value(strong, &at, "wb.tint", FieldValue::Float(f64::from(tint)), tint.to_string());
    }
    for (field, number, factor, unit) in [
        ("exposure.time", header.exposure_time, 1e-6, "us"),
        ("exposure.shutter_angle", header.shutter_angle, 1e-3, "thousandths of a degree"),
        ("lens.focal_length", header.focal_length, 1e-3, "um"),
    ] {
        if let Some(number) = number {
            said.value(strong, &at, field, FieldValue::Float(round6(f64::from(number) * factor)), format!("{number} {unit}"));
        }
    }
    match (header.focus_distance, header.distance_unit) {
        (Some(number), Some(1)) => {
            let metres = FieldValue::Float(round6(f64::from(number) / 1000.0));
            said.value(strong, &at, "lens.focus_distance", metres, format!("{number}, unit metre"));
        }
        (Some(number), Some(0)) => {
            let metres = FieldValue::Float(round6(f64::from(number) / 1000.0 * 0.0254));
            said.value(strong, &at, "lens.focus_distance", metres, format!("{number}, unit inch"));
        }
        (Some(number), unit) => said.unknown(strong, &at, "lens.focus_distance", "m", &format!("{number}, unit {unit:?}")),
        (None, _) => {}
    }
    if let Some(linear) = header.linear_iris {
        match t_stop_of_linear_iris(f64::from(linear)) {
            Some(stop) => said.value(strong, &at, "lens.t_stop", FieldValue::Float(stop), linear.to_string()),
            None => said.unknown(strong, &at, "lens.t_stop", "T", &(linear as i32).to_string()),
        }
    }
    // Only beside a camera that states its serial: an empty header would read as level.
    for (field, tenths) in [("camera.tilt", header.tilt), ("camera.roll", header.roll)] {
        match tenths.filter(|_| header.lens_serial.is_some() || header.linear_iris.is_some()) {
            Some(4095) => said.unknown(strong, &at, field, "deg", "409.5"),
            Some(tenths) if tenths.abs() <= 3600 => {
                said.value(strong, &at, field, FieldValue::Float(f64::from(tenths) / 10.0), tenths.to_string());
            }
            _ => {}
        }
    }
    if let Some(cdl) = header.cdl {
        let numbers: Vec<f64> = cdl.iter().map(|number| round6(f64::from(*number))).collect();
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(strong, &at, "look.saturation", FieldValue::Float(numbers[0]), raw.clone());
        said.value(strong, &at, "look.cdl", FieldValue::List(numbers[1..].to_vec()), raw);
    }
    said.of_frame(mark);
    from_ari_clip(said, header, &at);
}

/// What holds for the clip.
fn from_ari_clip(said: &mut Statements, header: &ari::Ari, at: &str) {
    let strong = Strength::Container;
    for (field, number) in [("camera.serial", header.camera_serial), ("lens.serial", header.lens_serial)] {
        if let Some(number) = number {
            said.text(strong, at, field, &number.to_string());
        }
    }
    if let Some(serial) = header.media_serial {
        said.text(strong, at, "media.serial", &serial.to_string());
    }
    if let Some(id) = header.uuid {
        // Microsoft's order: the first three groups have their bytes reversed.
        let [a, b, c, d, e, f, g, h, rest @ ..] = id;
        let tail: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
        let uuid = format!("{d:02x}{c:02x}{b:02x}{a:02x}-{f:02x}{e:02x}-{h:02x}{g:02x}-{}-{}", &tail[..4], &tail[4..]);
        said.text(strong, at, "clip.uid", &uuid);
    }
    if let Some(code) = header.target_colour_space {
        match code {
            2 => said.value(strong, at, "color.gamma", text("ARRI LogC3"), "2 (LogC, wide gamut)"),
            code => said.unknown(strong, at, "color.gamma", "", &code.to_string()),
        }
    }
    if let Some((raw, value)) = header.lens_squeeze.and_then(|squeeze| ratio(f64::from(squeeze)).map(|value| (squeeze, value))) {
        said.value(strong, at, "lens.squeeze", value, raw.to_string());
    }
    if let Some(code) = header.orientation {
        match code {
            0 => said.value(strong, at, "orientation.flip", text("No flip"), "0"),
            1 => said.value(strong, at, "orientation.flip", text("H flip"), "1"),
            12 => said.value(strong, at, "orientation.flip", text("H+V flip"), "12"),
            code => said.unknown(strong, at, "orientation.flip", "", &code.to_string()),
        }
    }
    if let Some(circled) = header.circled {
        said.value(strong, at, "slate.circled", FieldValue::Bool(circled), "1");
    }
    for (field, thousandths) in [("rate.sensor", header.sensor_rate), ("rate.project", header.project_rate)] {
        if let Some(rate) = thousandths.and_then(rate_of_thousandths) {
            say_rate(said, strong, at, field, rate, &thousandths.unwrap_or(0).to_string());
        }
    }
    if let Some((day, clock)) = header.created {
        let raw = format!("{day:08x} {:06x}", clock >> 8);
        said.read(strong, at, "time.recorded_at", &raw, None);
    }
    let rate = header.timecode_base_thousandths.and_then(rate_of_thousandths);
    let frames = match said.first("duration.frames") {
        Some(FieldValue::Int(frames)) => Some(*frames),
        _ => None,
    };
    if let (Some(rate), Some(start)) = (rate, header.timecode_frame_count) {
        // The label beside the count knows whether it drops.
        let drop = header
            .timecode_bcd
            .and_then(|bits| bcd_timecode(bits, rate.nominal()))
            .is_some_and(|(code, drop)| drop && code.frames() == start);
        say_timecode(said, at, i64::from(start), rate.nominal(), drop, Some(rate), frames);
    }
}

fn rate_of_thousandths(thousandths: u32) -> Option<FrameRate> {
    FrameRate::parse(&format!("{}.{:03}", thousandths / 1000, thousandths % 1000))
}
