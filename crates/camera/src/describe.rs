//! Owns the canonical record of a clip: every source states what it says, strongest first, and nothing is dropped
//! (invariant 9, camera.md 3.3). Must never guess: a field no source mentions is absent.

use crate::complete::{clip_name_of_row, read_whole};
use crate::names::{h273_primaries, h273_transfer, implied_primaries, known_space, primaries_of};
use crate::profile::profiles;
use crate::source::{ReadError, Source};
use crate::structure::{Container, container_of};
use crate::vendor::{Statements, Strength, number_in, rate_value};
use crate::{CardEntry, CardFiles, ari, cine, dpx, exr, isobmff, mxf, r3d, riff, sony};
use checkgate_interchange::ale::{self, Ale};
use checkgate_model::{CardRecognition, Clip, ClipFile, ClipKind, ClipRecord, FieldValue, FileRole, FrameRate, RelPath, Timecode};

/// Indexes of a card, read once for all its clips.
struct Indexes {
    ales: Vec<(RelPath, Ale)>,
    media_ids: Vec<(RelPath, String)>,
}

/// The record of one clip. For all clips of a card `describe_all` reads the card's indexes only once.
#[must_use]
pub fn describe(card: &dyn CardFiles, recognition: &CardRecognition, clip: &Clip) -> ClipRecord {
    record_of(card, recognition, clip, &read_indexes(card, recognition))
}

/// The records of every clip, in the order of `recognition.clips`.
#[must_use]
pub fn describe_all(card: &dyn CardFiles, recognition: &CardRecognition) -> Vec<ClipRecord> {
    let indexes = read_indexes(card, recognition);
    recognition.clips.iter().map(|clip| record_of(card, recognition, clip, &indexes)).collect()
}

fn read_indexes(card: &dyn CardFiles, recognition: &CardRecognition) -> Indexes {
    let mut indexes = Indexes { ales: Vec::new(), media_ids: Vec::new() };
    for file in recognition.unassigned.iter().filter(|file| file.role == FileRole::Index) {
        let Some(bytes) = whole(card, file) else { continue };
        match file.path.extension().as_str() {
            "ale" => indexes.ales.extend(ale::parse(&String::from_utf8_lossy(&bytes)).ok().map(|ale| (file.path.clone(), ale))),
            "xml" => {
                let id = sony::media_profile(&bytes).and_then(|profile| profile.media_id);
                indexes.media_ids.extend(id.map(|id| (file.path.clone(), id)));
            }
            _ => {}
        }
    }
    indexes
}

fn whole(card: &dyn CardFiles, file: &ClipFile) -> Option<Vec<u8>> {
    let entry = CardEntry { path: file.path.clone(), size_bytes: file.size_bytes };
    read_whole(card, &entry, &mut 0)
}

fn record_of(card: &dyn CardFiles, recognition: &CardRecognition, clip: &Clip, indexes: &Indexes) -> ClipRecord {
    let mut said = Statements::default();
    from_names(&mut said, recognition, card.label(), clip);
    let essence = clip.essence();
    if let Some(file) = essence {
        let source_name = file.path.file_name().to_owned();
        said.say(Strength::Structure, "listing", "file.name", "", FieldValue::Text(source_name.clone()), source_name);
        if let Ok(mut reader) = card.open(&file.path) {
            let mut source = Source::new(&mut *reader, file.size_bytes);
            // What cannot be read is a finding of the structural check; the record holds what could be.
            let _ = from_container(&mut said, &mut source, file, clip);
        }
    }
    let size = i64::try_from(clip.size_bytes()).unwrap_or(i64::MAX);
    said.say(Strength::Structure, "listing", "file.size", "byte", FieldValue::Int(size), size.to_string());
    for file in clip.files.iter().filter(|file| file.role == FileRole::Sidecar && file.path.extension() == "xml") {
        let meta = whole(card, file).and_then(|bytes| sony::non_real_time_meta(&bytes));
        if let Some(meta) = meta {
            from_sony(&mut said, &meta, file.path.file_name());
        }
    }
    for (path, ale) in &indexes.ales {
        from_ale(&mut said, ale, path, clip);
    }
    for (path, id) in &indexes.media_ids {
        let folder = path.parent();
        if essence.is_some_and(|file| folder.as_ref().is_none_or(|folder| file.path.is_under(folder))) {
            said.text(Strength::Sidecar, &format!("{}: Attached mediaId", path.file_name()), "media.serial", id);
        }
    }
    complete_statements(&mut said, recognition, clip);
    said.into_record(&clip.name)
}

fn text(value: &str) -> FieldValue {
    FieldValue::Text(value.to_owned())
}

/// What names say, and the volume's label where nothing better names the roll.
fn from_names(said: &mut Statements, recognition: &CardRecognition, label: Option<&str>, clip: &Clip) {
    // Only a card of one family and without rolls of its own may be the roll its label names.
    let label = label.filter(|_| recognition.rolls.is_empty() && recognition.also_present.is_empty());
    said.say(Strength::FileName, "file name", "clip.name", "", text(&clip.name), clip.name.clone());
    let sound = clip.kind == ClipKind::Sound;
    let roll_field = if sound { "sound.roll" } else { "reel.name" };
    match (&clip.roll, label.map(str::trim).filter(|label| !label.is_empty())) {
        (Some(roll), _) => said.say(Strength::FileName, "file name", roll_field, "", text(roll), roll.clone()),
        (None, Some(label)) => said.say(Strength::Folder, "volume label", roll_field, "", text(label), label),
        (None, None) => {}
    }
    let Some(essence) = clip.essence() else { return };
    let Some((_, compiled, captures)) = profiles().claim(essence.path.as_str()) else { return };
    if let Some(index) = compiled.rule.index.as_ref().map(|template| crate::profile::fill(template, &captures)) {
        let index = index.trim_end_matches('_').to_ascii_uppercase();
        said.text(Strength::FileName, "file name", "camera.index", &index);
    }
    if let Some(id) = captures.name("id") {
        said.text(Strength::FileName, "file name", "camera.id_suffix", id.as_str());
    }
}

fn from_container(said: &mut Statements, source: &mut Source<'_>, file: &ClipFile, clip: &Clip) -> Result<(), ReadError> {
    let name = file.path.file_name();
    let head = source.up_to(0, 4096)?;
    let frames = clip.files.iter().filter(|file| file.role == FileRole::Frame).count();
    if clip.kind == ClipKind::Sequence {
        let count = i64::try_from(frames).unwrap_or(i64::MAX);
        said.say(Strength::Structure, "listing", "duration.frames", "frame", FieldValue::Int(count), frames.to_string());
    }
    match container_of(&head) {
        Container::IsoBmff => from_movie(said, &isobmff::read(source)?, name),
        Container::Riff => from_wave(said, &riff::read(source)?, name),
        Container::Mxf => from_mxf(said, &mxf::facts(source)?, name),
        Container::Dpx => {
            if let Some(header) = dpx::parse(&head) {
                from_dpx(said, &header, name);
            }
        }
        Container::Exr => from_exr(said, &exr::read(source)?, name),
        Container::R3d => from_r3d(said, &r3d::directory(source)?, name),
        Container::Cine => from_cine(said, &cine::read(source, &head)?, name),
        Container::Ari => from_ari(said, &ari::parse(&head), name),
        Container::Unknown => {}
    }
    Ok(())
}

fn size_value(width: u32, height: u32) -> FieldValue {
    FieldValue::Size(i64::from(width), i64::from(height))
}

fn say_size(said: &mut Statements, source: &str, width: Option<u32>, height: Option<u32>) {
    if let (Some(width), Some(height)) = (width.filter(|n| *n > 0), height.filter(|n| *n > 0)) {
        said.say(Strength::Structure, source, "image.width_height", "px", size_value(width, height), format!("{width}x{height}"));
    }
}

fn say_int(said: &mut Statements, source: &str, field: &str, unit: &str, number: Option<i64>) {
    if let Some(number) = number.filter(|number| *number > 0) {
        said.say(Strength::Structure, source, field, unit, FieldValue::Int(number), number.to_string());
    }
}

fn say_rate(said: &mut Statements, strength: Strength, source: &str, field: &str, rate: FrameRate, raw: &str) {
    said.say(strength, source, field, "fps", rate_value(rate), raw);
}

/// Start, exclusive end, rate and drop flag from a frame count.
fn say_timecode(said: &mut Statements, source: &str, start: i64, nominal: u32, drop: bool, rate: Option<FrameRate>, frames: Option<i64>) {
    let Ok(code) = Timecode::from_frames(start, nominal, drop) else { return };
    said.say(Strength::Container, source, "tc.start", "", text(&code.to_string()), start.to_string());
    said.say(Strength::Container, source, "tc.drop_frame", "", FieldValue::Bool(drop), drop.to_string());
    if let Some(rate) = rate {
        say_rate(said, Strength::Container, source, "tc.rate", rate, &rate.to_string());
    }
    if let Some(frames) = frames {
        let end = code.offset(frames).to_string();
        said.say(Strength::Container, &format!("{source}, start and duration"), "tc.end", "", text(&end), frames.to_string());
    }
}

/// Codes of picture codecs and the names the set uses.
fn codec_name(code: &str) -> &str {
    match code {
        "ap4h" => "Apple ProRes 4444",
        "ap4x" => "Apple ProRes 4444 XQ",
        "apch" => "Apple ProRes 422 HQ",
        "apcn" => "Apple ProRes 422",
        "apcs" => "Apple ProRes 422 LT",
        "apco" => "Apple ProRes 422 Proxy",
        "aprn" => "Apple ProRes RAW",
        "aprh" => "Apple ProRes RAW HQ",
        "avc1" | "avc3" => "H.264",
        "hvc1" | "hev1" => "H.265",
        "AVdn" | "AVdh" => "Avid DNx",
        "CRAW" => "Canon RAW",
        other => other,
    }
}

fn codec_depth(code: &str) -> Option<i64> {
    // What the codec's definition fixes; 4444 carries up to 12 bits, 422 carries 10.
    Some(match code {
        "ap4h" | "ap4x" | "aprn" | "aprh" => 12,
        "apch" | "apcn" | "apcs" | "apco" => 10,
        _ => return None,
    })
}

fn from_movie(said: &mut Statements, movie: &isobmff::Movie, name: &str) {
    let mut rate = None;
    let mut frames = None;
    if let Some(track) = movie.video() {
        let at = format!("{name}: moov/trak(vide)");
        say_size(said, &at, Some(track.width), Some(track.height));
        said.say(Strength::Structure, &at, "codec.name", "", text(codec_name(&track.codec)), track.codec.clone());
        say_int(said, &format!("{name}: codec {}", track.codec), "codec.bit_depth", "bit", codec_depth(&track.codec));
        frames = i64::try_from(track.samples).ok().filter(|frames| *frames > 0);
        say_int(said, &format!("{at}/stts"), "duration.frames", "frame", frames);
        rate = track.sample_delta.and_then(|delta| FrameRate::new(track.timescale, delta));
        if let Some(rate) = rate {
            let raw = format!("{}/{}", track.timescale, track.sample_delta.unwrap_or(1));
            say_rate(said, Strength::Structure, &format!("{at}/stts"), "rate.project", rate, &raw);
        }
        if let Some((primaries, transfer, _)) = track.colour {
            // Recorders write 1 for everything that is no HDR, log included: the weakest word there is about the curve.
            if let Some(curve) = h273_transfer(transfer).filter(|_| transfer != 1) {
                said.say(Strength::Loose, &format!("{at}/colr"), "color.gamma", "", text(curve), transfer.to_string());
            }
            if let Some(gamut) = h273_primaries(primaries).filter(|_| primaries != 1) {
                said.say(Strength::Loose, &format!("{at}/colr"), "color.primaries", "", text(gamut), primaries.to_string());
            }
        }
    }
    if let Some(timecode) = movie.timecode() {
        let at = format!("{name}: moov/trak(tmcd)");
        let own = FrameRate::new(timecode.timescale, timecode.frame_duration);
        let nominal = if timecode.frames_per_second > 0 { u32::from(timecode.frames_per_second) } else { own.map_or(0, FrameRate::nominal) };
        if let Some(start) = timecode.start_frame {
            say_timecode(said, &at, i64::from(start), nominal, timecode.drop, own.or(rate), frames);
        }
        said.text(Strength::Container, &format!("{at}/stsd/name"), "reel.name", &timecode.reel);
    }
    let sounds: Vec<&isobmff::Track> = movie.tracks.iter().filter(|track| track.handler == "soun").collect();
    if let Some(first) = sounds.first() {
        let at = format!("{name}: moov/trak(soun)");
        let channels: i64 = sounds.iter().map(|track| i64::from(track.channels)).sum();
        say_int(said, &at, "audio.channels", "", Some(channels));
        say_int(said, &at, "audio.sample_rate", "Hz", Some(i64::from(first.sample_rate)));
        // Compressed sound states 16 whatever it holds.
        if !matches!(first.codec.as_str(), "mp4a" | "ac-3" | "ec-3") {
            say_int(said, &at, "audio.bit_depth", "bit", Some(i64::from(first.bit_depth)));
        }
    }
    let nominal = rate.map(FrameRate::nominal);
    for (key, value) in &movie.tags {
        let strength = if key.starts_with("com.") && !key.starts_with("com.apple.quicktime") { Strength::Container } else { Strength::Loose };
        said.vendor(strength, &format!("{name}: {key}"), key, value, nominal);
    }
}

fn from_wave(said: &mut Statements, wave: &riff::Wave, name: &str) {
    let at = format!("{name}: fmt");
    say_int(said, &at, "audio.channels", "", Some(i64::from(wave.channels)));
    say_int(said, &at, "audio.sample_rate", "Hz", Some(i64::from(wave.sample_rate)));
    say_int(said, &at, "audio.bit_depth", "bit", Some(i64::from(wave.bit_depth)));
    let codec = match wave.format_tag {
        3 => "PCM float",
        _ => "PCM",
    };
    said.say(Strength::Structure, &at, "codec.name", "", text(codec), wave.format_tag.to_string());
    let samples = wave.sample_frames().and_then(|frames| i64::try_from(frames).ok());
    say_int(said, &format!("{name}: data"), "duration.samples", "sample", samples);
    if let Some(bext) = &wave.bext {
        let at = format!("{name}: bext");
        if let Ok(reference) = i64::try_from(bext.time_reference) {
            said.say(Strength::Container, &format!("{at}/TimeReference"), "sound.timeref", "sample", FieldValue::Int(reference), reference.to_string());
        }
        if !bext.date.is_empty() {
            let raw = format!("{} {}", bext.date, bext.time);
            let date = bext.date.replace([':', '/', '.'], "-");
            let time = bext.time.replace(['-', '.'], ":");
            said.say(Strength::Container, &at, "time.recorded_at", "", text(&format!("{date}T{time}")), raw);
        }
        said.text(Strength::Container, &format!("{at}/Originator"), "recorder.make_model", &bext.originator);
        for line in bext.description.lines() {
            let Some((key, value)) = line.trim().split_once('=') else { continue };
            // Recorders put a letter before each key (`sSCENE=`).
            let field = match key.trim_start_matches(|c: char| c.is_ascii_lowercase()) {
                "SCENE" => "slate.scene",
                "TAKE" => "slate.take",
                "TAPE" => "sound.roll",
                _ => continue,
            };
            say_slate(said, Strength::Loose, &format!("{at}/Description"), field, value.trim());
        }
    }
    if let Some(ixml) = &wave.ixml {
        from_ixml(said, ixml, wave, samples, name);
    }
}

/// Text from a recorder. Some pad take numbers with zeros: `03` and `3` are one take.
fn say_slate(said: &mut Statements, strength: Strength, source: &str, field: &str, value: &str) {
    let bare = value.trim_start_matches('0');
    if field == "slate.take" && !bare.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        said.say(strength, source, field, "", text(bare), value);
    } else {
        said.text(strength, source, field, value);
    }
}

fn from_ixml(said: &mut Statements, ixml: &riff::Ixml, wave: &riff::Wave, samples: Option<i64>, name: &str) {
    let at = |path: &str| format!("{name}: iXML/{path}");
    for (path, field) in [
        ("SCENE", "slate.scene"),
        ("TAKE", "slate.take"),
        ("TAPE", "sound.roll"),
        ("PROJECT", "prod.name"),
        ("NOTE", "slate.note"),
        ("FILE_UID", "clip.uid"),
        ("FILE_SET/FAMILY_UID", "sound.family_uid"),
    ] {
        if let Some(value) = ixml.get(path) {
            say_slate(said, Strength::Sidecar, &at(path), field, value.trim());
        }
    }
    if let Some(circled) = ixml.get("CIRCLED") {
        said.say(Strength::Sidecar, &at("CIRCLED"), "slate.circled", "", FieldValue::Bool(circled.eq_ignore_ascii_case("true")), circled);
    }
    for (path, field) in [("FILE_SET/TOTAL_FILES", "sound.set_total"), ("FILE_SET/FILE_SET_INDEX", "sound.set_index")] {
        if let Some(value) = ixml.get(path) {
            match value.parse::<i64>() {
                Ok(number) => said.say(Strength::Sidecar, &at(path), field, "", FieldValue::Int(number), value),
                Err(_) => said.text(Strength::Sidecar, &at(path), field, value),
            }
        }
    }
    if !ixml.track_names.is_empty() {
        let names = ixml.track_names.join(", ");
        said.say(Strength::Sidecar, &at("TRACK_LIST"), "sound.tracks", "", text(&names), names.clone());
    }
    let number = |path: &str| ixml.get(path).and_then(|text| text.parse::<u64>().ok());
    let reference = number("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO")
        .map(|low| number("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI").unwrap_or(0).min(u64::from(u32::MAX)) << 32 | low & 0xffff_ffff);
    if let Some(reference) = reference.and_then(|reference| i64::try_from(reference).ok()) {
        said.say(Strength::Sidecar, &at("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT"), "sound.timeref", "sample", FieldValue::Int(reference), reference.to_string());
    }
    let Some(raw_rate) = ixml.get("SPEED/TIMECODE_RATE") else { return };
    let Some(rate) = FrameRate::parse(raw_rate) else { return };
    let drop = ixml.get("SPEED/TIMECODE_FLAG").is_some_and(|flag| flag.eq_ignore_ascii_case("DF"));
    say_rate(said, Strength::Sidecar, &at("SPEED/TIMECODE_RATE"), "tc.rate", rate, raw_rate);
    let reference = reference.map(|reference| reference as i128).or_else(|| wave.bext.as_ref().map(|bext| i128::from(bext.time_reference)));
    let (Some(reference), true) = (reference, wave.sample_rate > 0) else { return };
    // Samples since midnight to frames since midnight, in whole numbers.
    let frames_of = |samples: i128| {
        let frames = samples * i128::from(rate.num) / (i128::from(rate.den) * i128::from(wave.sample_rate));
        i64::try_from(frames).ok()
    };
    let Some(start) = frames_of(reference) else { return };
    let duration = samples.and_then(|samples| frames_of(i128::from(samples)));
    if let Some(frames) = duration {
        said.say(Strength::Container, &at("SPEED/TIMECODE_RATE and data"), "duration.frames", "frame", FieldValue::Int(frames), format!("{} samples", samples.unwrap_or(0)));
    }
    say_timecode(said, &at("SPEED, samples since midnight"), start, rate.nominal(), drop, Some(rate), duration);
}

fn from_mxf(said: &mut Statements, facts: &mxf::MxfFacts, name: &str) {
    let at = format!("{name}: header metadata");
    say_size(said, &at, facts.width, facts.height);
    let rate = facts.edit_rate.and_then(|(num, den)| FrameRate::new(num, den));
    if let Some(rate) = rate {
        say_rate(said, Strength::Structure, &at, "rate.project", rate, &rate.to_string());
    }
    let frames = facts.duration_frames.filter(|frames| *frames > 0);
    say_int(said, &at, "duration.frames", "frame", frames);
    say_int(said, &at, "codec.bit_depth", "bit", facts.bit_depth.map(i64::from));
    if let (Some(start), Some(base)) = (facts.timecode_start, facts.timecode_base) {
        let base = u32::from(base);
        let own = rate.filter(|rate| rate.nominal() == base).or_else(|| FrameRate::new(base, 1));
        say_timecode(said, &format!("{at}/TimecodeComponent"), start, base, facts.timecode_drop, own, frames);
    }
    if facts.audio_channels > 0 {
        say_int(said, &at, "audio.channels", "", Some(i64::from(facts.audio_channels)));
        say_int(said, &at, "audio.sample_rate", "Hz", facts.audio_rate.map(i64::from));
        say_int(said, &at, "audio.bit_depth", "bit", facts.audio_bits.map(i64::from));
    }
    if let Some(coding) = facts.picture_coding {
        said.say(Strength::Structure, &at, "codec.name", "", text(mxf_codec(&coding)), label_text(&coding));
    }
    if let Some((curve, raw)) = facts.transfer.and_then(|label| mxf_transfer(&label).map(|curve| (curve, label_text(&label)))) {
        said.say(Strength::Container, &at, "color.gamma", "", text(curve), raw);
    }
    if let Some((gamut, raw)) = facts.primaries.and_then(|label| mxf_primaries(&label).map(|gamut| (gamut, label_text(&label)))) {
        said.say(Strength::Container, &at, "color.primaries", "", text(gamut), raw);
    }
    for (field, words) in [("file.writer", &facts.product), ("file.writer_company", &facts.company)] {
        if let Some(words) = words {
            said.text(Strength::Container, &format!("{at}/Identification"), field, words);
        }
    }
}

fn label_text(label: &[u8; 16]) -> String {
    label.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Picture coding labels of SMPTE ST 2019-4, RP 2008 and RDD 44, as far as the leading bytes tell.
fn mxf_codec(label: &[u8; 16]) -> &'static str {
    match label[8..15] {
        [0x04, 0x01, 0x02, 0x02, 0x01, sub, _] if (0x31..=0x3f).contains(&sub) => "H.264",
        [0x04, 0x01, 0x02, 0x02, 0x01, _, _] => "MPEG-2",
        [0x04, 0x01, 0x02, 0x02, 0x03, 0x01, _] => "JPEG 2000",
        [0x04, 0x01, 0x02, 0x02, 0x03, 0x06, _] => "Apple ProRes",
        [0x04, 0x01, 0x02, 0x02, 0x71, _, _] => "VC-3 (Avid DNxHD)",
        [0x04, 0x01, 0x02, 0x01, ..] => "uncompressed",
        _ => "unknown",
    }
}

fn mxf_transfer(label: &[u8; 16]) -> Option<&'static str> {
    // Group 04.01.01.01.01 of the labels register, ST 2067-21 among others.
    Some(match label[8..14] {
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x02] => "Rec.709",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x06] => "linear",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x0a] => "PQ",
        [0x04, 0x01, 0x01, 0x01, 0x01, 0x0b] => "HLG",
        _ => return None,
    })
}

fn mxf_primaries(label: &[u8; 16]) -> Option<&'static str> {
    Some(match label[8..14] {
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x03] => "Rec.709",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x04] => "Rec.2020",
        [0x04, 0x01, 0x01, 0x01, 0x03, 0x06] => "P3-D65",
        _ => return None,
    })
}

/// Timecode of DPX and EXR: eight BCD digits, the flag bits masked.
fn bcd_timecode(bits: u32, nominal: u32) -> Option<(Timecode, bool)> {
    let two = |byte: u32, mask: u32| (byte & 0xf < 10).then_some((byte >> 4 & mask) * 10 + (byte & 0xf));
    let drop = bits & 0x40 != 0;
    let separator = if drop { ';' } else { ':' };
    let (h, m, s, f) = (two(bits >> 24, 3)?, two(bits >> 16 & 0xff, 7)?, two(bits >> 8 & 0xff, 7)?, two(bits & 0xff, 3)?);
    Timecode::parse(&format!("{h:02}:{m:02}:{s:02}{separator}{f:02}"), nominal).ok().map(|code| (code, drop))
}

fn say_bcd(said: &mut Statements, source: &str, bits: Option<u32>, rate: Option<FrameRate>) {
    let Some(bits) = bits else { return };
    let frames = match said.first("duration.frames") {
        Some(FieldValue::Int(frames)) => Some(*frames),
        _ => None,
    };
    if let Some((code, drop)) = bcd_timecode(bits, rate.map_or(30, FrameRate::nominal)) {
        say_timecode(said, source, i64::from(code.frames()), code.nominal(), drop, rate, frames.filter(|_| rate.is_some()));
    }
}

fn from_dpx(said: &mut Statements, header: &dpx::Dpx, name: &str) {
    let at = format!("{name}: DPX header");
    say_size(said, &at, header.width, header.height);
    said.say(Strength::Structure, &at, "codec.name", "", text("DPX"), "SDPX");
    say_int(said, &at, "codec.bit_depth", "bit", header.bit_depth.map(i64::from));
    let rate = header.frame_rate.and_then(|rate| FrameRate::parse(&format!("{rate:.3}")));
    if let Some(rate) = rate {
        say_rate(said, Strength::Container, &at, "rate.project", rate, &rate.to_string());
    }
    // All zero is how writers without timecode leave the field; a real midnight start needs a rate beside it.
    say_bcd(said, &at, header.timecode_bcd.filter(|bits| *bits != 0 || rate.is_some()), rate);
    for (field, words) in [
        ("prod.name", &header.project),
        ("file.writer", &header.creator),
        ("camera.model", &header.input_device),
        ("camera.serial", &header.input_serial),
        ("slate.scene", &header.slate),
    ] {
        said.text(Strength::Loose, &at, field, words);
    }
    if let Some(date) = dpx_date(&header.created) {
        said.say(Strength::Loose, &at, "time.recorded_at", "", text(&date), header.created.clone());
    }
    if let Some((curve, gamut)) = known_space(&header.description) {
        let at = format!("{at}, element description");
        said.say(Strength::Loose, &at, "color.gamma", "", text(curve), header.description.clone());
        if let Some(gamut) = gamut {
            said.say(Strength::Loose, &at, "color.primaries", "", text(gamut), header.description.clone());
        }
    }
    // ST 268-1 table 5A: 2 linear, 3 logarithmic (film), 6 to 8 video. "Logarithmic" names no curve a transform could be chosen by.
    let curve = match header.transfer {
        Some(2) => Some("linear"),
        Some(6) => Some("Rec.709"),
        _ => None,
    };
    if let (Some(curve), Some(code)) = (curve, header.transfer) {
        said.say(Strength::Loose, &format!("{at}, transfer characteristic"), "color.gamma", "", text(curve), code.to_string());
    }
}

/// `2026:11:23:08:00:00UTC` becomes `2026-11-23T08:00:00UTC`-like RFC 3339 text.
fn dpx_date(created: &str) -> Option<String> {
    let plain = created.get(..19)?;
    let zone = if created.get(19..20) == Some("Z") { "Z" } else { "" };
    let digits = plain.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7 | 10 | 13 | 16) { matches!(byte, b':' | b'-' | b' ' | b'T') } else { byte.is_ascii_digit() });
    digits.then(|| format!("{}-{}-{}T{}:{}:{}{zone}", &plain[..4], &plain[5..7], &plain[8..10], &plain[11..13], &plain[14..16], &plain[17..19]))
}

fn from_exr(said: &mut Statements, header: &exr::Exr, name: &str) {
    let at = format!("{name}: OpenEXR header");
    say_size(said, &at, u32::try_from(header.width).ok(), u32::try_from(header.height).ok());
    said.say(Strength::Structure, &at, "codec.name", "", text("OpenEXR"), format!("compression {}", header.compression));
    say_int(said, &at, "codec.bit_depth", "bit", Some(if header.half { 16 } else { 32 }));
    let rate = header.frames_per_second.and_then(|(num, den)| FrameRate::new(u32::try_from(num).ok()?, den));
    if let Some(rate) = rate {
        say_rate(said, Strength::Container, &format!("{at}/framesPerSecond"), "rate.project", rate, &rate.to_string());
    }
    say_bcd(said, &format!("{at}/timeCode"), header.timecode_bcd, rate);
    for (attribute, field) in [
        ("reelName", "reel.name"),
        ("cameraMake", "camera.make"),
        ("cameraModel", "camera.model"),
        ("cameraSerialNumber", "camera.serial"),
        ("cameraLabel", "camera.index"),
        ("lensMake", "lens.make"),
        ("lensModel", "lens.model"),
        ("lensSerialNumber", "lens.serial"),
    ] {
        if let Some(words) = header.text(attribute) {
            said.text(Strength::Container, &format!("{at}/{attribute}"), field, words);
        }
    }
    for (attribute, field, unit) in [
        ("nominalFocalLength", "lens.focal_length", "mm"),
        ("focus", "lens.focus_distance", "m"),
        ("aperture", "lens.f_stop", "f"),
        ("tStop", "lens.t_stop", "T"),
        ("shutterAngle", "exposure.shutter_angle", "deg"),
    ] {
        if let Some(number) = header.float(attribute) {
            said.say(Strength::Container, &format!("{at}/{attribute}"), field, unit, FieldValue::Float(f64::from(number)), number.to_string());
        }
    }
    if let Some(iso) = header.float("isoSpeed") {
        said.say(Strength::Container, &format!("{at}/isoSpeed"), "exposure.index", "ISO", FieldValue::Int(iso.round() as i64), iso.to_string());
    }
    // The format's own definition: pixels are linear light. The weakest word there is, since log pictures are stored as well.
    said.say(Strength::Implied, &format!("{name}: OpenEXR is linear by definition"), "color.gamma", "", text("linear"), "OpenEXR");
    if let Some(chromaticities) = header.chromaticities {
        let raw = chromaticities.map(|number| number.to_string()).join(" ");
        match primaries_of(chromaticities) {
            Some(gamut) => said.say(Strength::Container, &format!("{at}/chromaticities"), "color.primaries", "", text(gamut), raw),
            None => said.unknown(Strength::Container, &format!("{at}/chromaticities"), "color.primaries", "", &raw),
        }
    }
    if let Some(space) = header.text("colorInteropID") {
        let (curve, gamut) = match space {
            "lin_ap1_scene" => ("linear", "AP1"),
            "lin_ap0_scene" => ("linear", "AP0"),
            "lin_rec709_scene" => ("linear", "Rec.709"),
            other => (other, ""),
        };
        said.say(Strength::Container, &format!("{at}/colorInteropID"), "color.gamma", "", text(curve), space);
        if !gamut.is_empty() {
            said.say(Strength::Container, &format!("{at}/colorInteropID"), "color.primaries", "", text(gamut), space);
        }
    }
}

fn from_r3d(said: &mut Statements, directory: &r3d::Directory, name: &str) {
    for (tag, field) in [
        (0x101A, "reel.name"),
        (0x1019, "camera.index"),
        (0x1006, "camera.serial"),
        (0x10A0, "camera.model"),
        (0x1025, "camera.firmware"),
        (0x1032, "media.serial"),
        (0x1070, "lens.model"),
        (0x106E, "lens.make"),
        (0x1056, "file.original_name"),
        (0x10BE, "codec.name"),
    ] {
        if let Some(words) = directory.text(tag) {
            said.text(Strength::Container, &format!("{name}: R3D tag {tag:04x}"), field, words);
        }
    }
    for (tag, field, unit) in [(0x200D, "wb.kelvin", "K"), (0x403B, "exposure.index", "ISO")] {
        if let Some(number) = directory.number(tag).filter(|number| (1.0..1e6).contains(number)) {
            said.say(Strength::Container, &format!("{name}: R3D tag {tag:04x}"), field, unit, FieldValue::Int(number.round() as i64), number.to_string());
        }
    }
    if let Some(rate) = directory.number(0x2066).and_then(|rate| FrameRate::parse(&format!("{rate:.3}"))) {
        say_rate(said, Strength::Container, &format!("{name}: R3D tag 2066"), "rate.project", rate, &rate.to_string());
    }
}

fn from_cine(said: &mut Statements, header: &cine::Cine, name: &str) {
    let at = format!("{name}: CINE header");
    let side = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    say_size(said, &at, side(header.width), side(header.height));
    say_int(said, &at, "duration.frames", "frame", Some(i64::from(header.images)));
    said.say(Strength::Structure, &at, "codec.name", "", text("Phantom CINE"), "CI");
    if let Some(rate) = header.frames_per_second.and_then(|rate| FrameRate::new(rate, 1)) {
        say_rate(said, Strength::Container, &at, "rate.sensor", rate, &rate.to_string());
    }
}

fn from_ari(said: &mut Statements, header: &ari::Ari, name: &str) {
    let at = format!("{name}: ARRIRAW header");
    say_size(said, &at, header.width, header.height);
    said.say(Strength::Structure, &at, "codec.name", "", text("ARRIRAW"), "ARRI");
    for (field, words) in [
        ("reel.name", &header.reel),
        ("camera.index", &header.camera_index),
        ("camera.model", &header.camera_model),
        ("lens.model", &header.lens_model),
        ("slate.scene", &header.scene),
        ("slate.take", &header.take),
        ("clip.name", &header.clip_name),
    ] {
        said.text(Strength::Container, &at, field, words);
    }
    for (field, unit, number) in
        [("wb.kelvin", "K", header.white_balance_kelvin), ("exposure.index", "ISO", header.exposure_index)]
    {
        if let Some(number) = number {
            said.say(Strength::Container, &at, field, unit, FieldValue::Int(i64::from(number)), number.to_string());
        }
    }
    if let Some(serial) = header.camera_serial {
        said.text(Strength::Container, &at, "camera.serial", &serial.to_string());
    }
    let rate = header.timecode_base_thousandths.and_then(|base| FrameRate::parse(&format!("{}.{:03}", base / 1000, base % 1000)));
    if let (Some(rate), Some(start)) = (rate, header.timecode_frame_count) {
        let frames = match said.first("duration.frames") {
            Some(FieldValue::Int(frames)) => Some(*frames),
            _ => None,
        };
        say_timecode(said, &at, i64::from(start), rate.nominal(), false, Some(rate), frames);
    }
}

fn from_sony(said: &mut Statements, meta: &sony::NonRealTimeMeta, name: &str) {
    let at = |what: &str| format!("{name}: {what}");
    let strong = Strength::Sidecar;
    for (field, what, words) in [
        ("clip.uid", "TargetMaterial umidRef", &meta.umid),
        ("time.recorded_at", "CreationDate", &meta.created),
        ("camera.make", "Device manufacturer", &meta.manufacturer),
        ("camera.model", "Device modelName", &meta.model),
        ("camera.serial", "Device serialNo", &meta.serial),
        ("camera.firmware", "Element software", &meta.firmware),
        ("lens.make", "Lens manufacturer", &meta.lens_manufacturer),
        ("lens.model", "Lens modelName", &meta.lens_model),
        ("sensor.mode", "VideoFrame videoCodec", &meta.codec),
    ] {
        if let Some(words) = words {
            said.text(strong, &at(what), field, words);
        }
    }
    for (field, what, rate) in [("rate.project", "VideoFrame formatFps", &meta.format_rate), ("rate.sensor", "VideoFrame captureFps", &meta.capture_rate)] {
        if let Some(raw) = rate
            && let Some(rate) = sony::rate_of(raw)
        {
            say_rate(said, strong, &at(what), field, rate, raw);
        }
    }
    if let Some((width, height)) = meta.size {
        said.say(strong, &at("VideoLayout"), "image.width_height", "px", FieldValue::Size(width, height), format!("{width}x{height}"));
    }
    if let Some(frames) = meta.duration_frames {
        said.say(strong, &at("Duration"), "duration.frames", "frame", FieldValue::Int(frames), frames.to_string());
    }
    if let Some(channels) = meta.audio_channels {
        said.say(strong, &at("AudioFormat"), "audio.channels", "", FieldValue::Int(channels), channels.to_string());
    }
    if let Some((bits, raw)) = meta.audio_codec.as_ref().and_then(|codec| number_in(codec).map(|bits| (bits, codec))) {
        said.say(strong, &at("AudioRecPort audioCodec"), "audio.bit_depth", "bit", FieldValue::Int(bits as i64), raw.clone());
    }
    for (field, code) in [("tc.start", &meta.timecode_start), ("tc.end", &meta.timecode_end)] {
        if let Some((code, raw)) = code {
            said.say(strong, &at("LtcChange"), field, "", text(code), raw.clone());
        }
    }
    if let Some(rate) = meta.timecode_rate {
        say_rate(said, strong, &at("LtcChangeTable tcFps"), "tc.rate", rate, &rate.to_string());
    }
    if let Some(drop) = meta.drop_frame {
        said.say(strong, &at("LtcChange"), "tc.drop_frame", "", FieldValue::Bool(drop), drop.to_string());
    }
    if let Some(raw) = meta.item("CaptureGammaEquation") {
        said.gamma(strong, &at("CaptureGammaEquation"), raw);
    }
    if let Some(raw) = meta.item("CaptureColorPrimaries") {
        said.primaries(strong, &at("CaptureColorPrimaries"), raw);
    }
    if let Some((angle, raw)) = meta.item("ShutterSpeedAngle").and_then(|raw| number_in(raw).map(|angle| (angle, raw))) {
        // Hundredths of a degree in this document (camera.md 2.1).
        said.say(strong, &at("ShutterSpeedAngle"), "exposure.shutter_angle", "deg", FieldValue::Float(angle / 100.0), raw);
    }
    for (item, field) in [("CameraIndex", "camera.index"), ("Reel", "reel.name"), ("Scene", "slate.scene"), ("Take", "slate.take"), ("DirectorName", "prod.director"), ("DirectorOfPhotographyName", "prod.dop"), ("Production", "prod.name")] {
        if let Some(words) = meta.item(item) {
            said.text(strong, &at(&format!("Meta {item}")), field, words);
        }
    }
    for (item, field, unit) in [("ISOSensitivity", "exposure.iso", "ISO"), ("ExposureIndexOfPhotoMeter", "exposure.index", "ISO"), ("WhiteBalance", "wb.kelvin", "K")] {
        if let Some((number, raw)) = meta.item(item).and_then(|raw| number_in(raw).map(|number| (number, raw))) {
            said.say(strong, &at(item), field, unit, FieldValue::Int(number.round() as i64), raw);
        }
    }
}

fn from_ale(said: &mut Statements, ale: &Ale, path: &RelPath, clip: &Clip) {
    let folder = path.parent();
    let beside = clip.essence().is_some_and(|file| folder.as_ref().is_none_or(|folder| file.path.is_under(folder)));
    let row = ale.rows.iter().find(|row| clip_name_of_row(ale, row).is_some_and(|name| name.eq_ignore_ascii_case(&clip.name)));
    let (true, Some(row)) = (beside, row) else { return };
    let rate = ale.cell(row, "FPS").and_then(FrameRate::parse).or_else(|| ale.rate());
    let name = path.file_name();
    for (column, cell) in ale.columns.iter().zip(row) {
        // These three are made of two cells or of another unit, below.
        if matches!(column.as_str(), "Name" | "Duration" | "Date_camera" | "Time_camera" | "FPS") || cell.trim().is_empty() {
            continue;
        }
        said.vendor(Strength::Sidecar, &format!("{name}: column {column}"), column, cell, rate.map(FrameRate::nominal));
    }
    if let (Some(width), Some(height)) = (ale.cell(row, "Frame_width"), ale.cell(row, "Frame_height"))
        && let (Some(w), Some(h)) = (number_in(width), number_in(height))
    {
        let source = format!("{name}: columns Frame_width, Frame_height");
        said.say(Strength::Sidecar, &source, "image.width_height", "px", FieldValue::Size(w as i64, h as i64), format!("{width}x{height}"));
    }
    if let Some(date) = ale.cell(row, "Date_camera") {
        let time = ale.cell(row, "Time_camera").unwrap_or("");
        let plain: String = date.chars().filter(char::is_ascii_digit).collect();
        if plain.len() == 8 && plain.len() == date.chars().filter(char::is_ascii_alphanumeric).count() {
            let clock = if time.is_empty() { String::new() } else { format!("T{}", time.trim().replace('h', ":").replace('m', ":").trim_end_matches('s')) };
            let value = format!("{}-{}-{}{clock}", &plain[..4], &plain[4..6], &plain[6..8]);
            said.say(Strength::Sidecar, &format!("{name}: columns Date_camera, Time_camera"), "time.recorded_at", "", text(&value), format!("{date} {time}").trim().to_owned());
        }
    }
    if let (Some(raw), Some(rate)) = (ale.cell(row, "Duration"), rate)
        && let Ok(code) = Timecode::parse(raw, rate.nominal())
    {
        said.say(Strength::Sidecar, &format!("{name}: column Duration"), "duration.frames", "frame", FieldValue::Int(i64::from(code.frames())), raw);
    }
    if let Some(rate) = rate {
        let raw = ale.cell(row, "FPS").or_else(|| ale.heading("FPS")).unwrap_or("").to_owned();
        say_rate(said, Strength::Sidecar, &format!("{name}: FPS"), "tc.rate", rate, &raw);
    }
}

/// What follows from what is known: the maker a family belongs to, primaries a curve is only ever used with.
fn complete_statements(said: &mut Statements, recognition: &CardRecognition, clip: &Clip) {
    let claimed = clip.essence().and_then(|essence| profiles().claim(essence.path.as_str()));
    let family = claimed.map(|(_, compiled, _)| &profiles().families[compiled.family]).filter(|family| !family.make.is_empty());
    if let Some(family) = family
        && said.first("camera.make").is_none()
        && clip.kind != ClipKind::Sound
    {
        let source = format!("card family {} of {}", family.id, recognition.family);
        said.say(Strength::Implied, &source, "camera.make", "", text(&family.make), family.name.clone());
    }
    if said.first("color.primaries").is_none()
        && let Some(FieldValue::Text(curve)) = said.first("color.gamma").cloned()
        && let Some(gamut) = implied_primaries(&curve)
    {
        said.say(Strength::Implied, "implied by color.gamma", "color.primaries", "", text(gamut), curve);
    }
}
