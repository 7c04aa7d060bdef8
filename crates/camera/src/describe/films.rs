//! Owns what QuickTime, MP4 and MXF headers say about a clip. Must never guess a curve from a flag recorders set for everything.

use super::{say_int, say_rate, say_size, say_timecode, text};
use crate::acquisition::{self, Maker};
use crate::names::{h273_primaries, h273_transfer};
use crate::vendor::{Statements, Strength};
use crate::{isobmff, mxf};
use checkgate_model::{FieldValue, FrameRate};

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

pub(super) fn from_movie(said: &mut Statements, movie: &isobmff::Movie, name: &str) {
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
        let nominal = if timecode.frames_per_second > 0 {
            u32::from(timecode.frames_per_second)
        } else {
            own.map_or(0, FrameRate::nominal)
        };
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
        let strength = if key.starts_with("com.") && !key.starts_with("com.apple.quicktime") {
            Strength::Container
        } else {
            Strength::Loose
        };
        said.vendor(strength, &format!("{name}: {key}"), key, value, nominal);
    }
}

pub(super) fn from_mxf(said: &mut Statements, facts: &mxf::MxfFacts, name: &str) {
    let at = format!("{name}: header metadata");
    say_size(said, &at, facts.width, facts.height);
    let rate = facts.edit_rate.and_then(|(num, den)| FrameRate::new(num, den));
    if let Some(rate) = rate {
        say_rate(said, Strength::Structure, &at, "rate.project", rate, &rate.to_string());
    }
    let frames = facts.duration_frames.filter(|frames| *frames > 0);
    say_int(said, &at, "duration.frames", "frame", frames);
    say_int(said, &at, "codec.bit_depth", "bit", facts.bit_depth.map(i64::from));
    for (track, what) in [(facts.timecode, "TimecodeComponent"), (facts.source_timecode, "TimecodeComponent of a source package")]
    {
        let Some(track) = track else { continue };
        let base = u32::from(track.base);
        let own = rate.filter(|rate| rate.nominal() == base).or_else(|| FrameRate::new(base, 1));
        if track == facts.timecode.unwrap_or(track) {
            say_timecode(said, &format!("{at}/{what}"), track.start, base, track.drop, own, frames);
        } else if let Ok(code) = checkgate_model::Timecode::from_frames(track.start, base, track.drop) {
            said.otherwise(&format!("{at}/{what}"), "tc.start", text(&code.to_string()), track.start.to_string());
        }
    }
    if facts.audio_channels > 0 {
        say_int(said, &at, "audio.channels", "", Some(i64::from(facts.audio_channels)));
        say_int(said, &at, "audio.sample_rate", "Hz", facts.audio_rate.map(i64::from));
        say_int(said, &at, "audio.bit_depth", "bit", facts.audio_bits.map(i64::from));
    }
    if let Some(coding) = facts.picture_coding {
        said.say(Strength::Structure, &at, "codec.name", "", text(mxf_codec(&coding)), label_text(&coding));
    }
    for (tag, label) in [(0x3210, facts.transfer), (0x3219, facts.primaries)] {
        if let Some(label) = label {
            acquisition::tell_label(said, tag, &label, &at);
        }
    }
    if let Some([left, top, width, height]) = facts.displayed {
        let area = [left, top, width, height].map(f64::from).to_vec();
        said.value(
            Strength::Structure,
            &at,
            "image.active_area",
            FieldValue::List(area),
            format!("{left} {top} {width} {height}"),
        );
    }
    for (field, what, words) in [
        ("clip.uid", "MaterialPackage/PackageUID", &facts.umid),
        ("time.recorded_at", "MaterialPackage/CreationDate", &facts.created),
    ] {
        if let Some(words) = words {
            // Programs that rewrap a file give it a new package; a camera's own sidecar is heard first.
            said.otherwise(&format!("{at}/{what}"), field, text(words), words.clone());
        }
    }
    if let Some(words) = facts.clip_name.as_ref().filter(|words| words.len() < 128) {
        said.value(Strength::Loose, &format!("{at}/MaterialPackage/Name"), "clip.user_name", text(words), words.clone());
    }
    if let Some(words) = &facts.tape_name {
        said.otherwise(&format!("{at}/SourcePackage/Name"), "reel.name", text(words), words.clone());
    }
    for (key, value) in &facts.tagged {
        said.vendor(Strength::Loose, &format!("{at}/TaggedValue {key}"), key, value, rate.map(FrameRate::nominal));
    }
    if !facts.acquisition.is_empty() {
        let found = acquisition::tags(&facts.acquisition);
        // Canon and Sony write their own tags behind the same ones; the company says whose they are.
        let canon = facts.company.as_deref().is_some_and(|company| company.to_ascii_lowercase().contains("canon"));
        let maker = if canon { Maker::Canon } else { Maker::Sony };
        acquisition::tell(said, &found, maker, &format!("{name}: ANC packets of the first frame"));
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
