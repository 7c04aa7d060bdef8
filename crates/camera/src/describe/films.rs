//! Owns what QuickTime, MP4 and MXF headers say about a clip. Must never guess a curve from a flag recorders set for everything.

use super::{say_int, say_rate, say_size, say_timecode, text};
use crate::acquisition::{self, Maker};
use crate::names::{h273_primaries, h273_transfer, is_program, maker_in};
use crate::values::{aspect, round6};
use crate::vendor::{Statements, Strength};
use crate::{avi, isobmff, mxf};
use checkgate_model::{FieldValue, FrameRate, Timecode};

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
        "avc1" | "avc3" | "avc2" | "avc4" | "AVC1" => "H.264",
        "hvc1" | "hev1" | "dvh1" | "dvhe" | "hvc2" | "hev2" => "H.265",
        "av01" => "AV1",
        "vp08" => "VP8",
        "vp09" => "VP9",
        "AVdn" => "Avid DNxHD",
        "AVdh" => "Avid DNxHR",
        "CRAW" => "Canon RAW",
        "brst" | "brvn" | "brs2" | "brxq" | "brhq" | "brlt" => "Blackmagic RAW",
        "CFHD" => "CineForm",
        "jpeg" | "mjpa" | "mjpb" | "AVDJ" | "dmb1" => "Motion JPEG",
        "png " | "png" => "PNG",
        "mp4v" | "MP4V" | "xvid" | "divx" => "MPEG-4 Visual",
        "m1v" | "m1v1" | "mpeg" => "MPEG-1",
        "m2v1" | "mp2v" | "mpg2" => "MPEG-2",
        "dvc" | "dvcp" | "dvsd" | "dvpp" | "DVOO" | "dvpn" => match code {
            "dvpp" | "dvpn" => "DVCPRO",
            _ => "DV",
        },
        "dv5n" | "dv5p" => "DVCPRO 50",
        "dvhp" | "dvhq" | "dvh2" | "dvh3" | "dvh4" | "dvh5" | "dvh6" => "DVCPRO HD",
        "ai5p" | "ai5q" | "ai52" | "ai53" | "ai55" | "ai56" => "AVC-Intra 50",
        "ai1p" | "ai1q" | "ai12" | "ai13" | "ai15" | "ai16" => "AVC-Intra 100",
        "mjp2" => "JPEG 2000",
        "v210" | "2vuy" | "yuv2" | "v410" | "r210" | "b64a" | "raw" | "R10k" => "uncompressed",
        "SVQ1" => "Sorenson Video 1",
        "SVQ3" => "Sorenson Video 3",
        "cvid" => "Cinepak",
        "rle" => "QuickTime Animation",
        "icod" => "Apple Intermediate",
        "s263" | "h263" => "H.263",
        // XDCAM: EX and HD in four, HD422 and IMX by their beginnings; each rate and size has a letter.
        code if code.starts_with("xd5") => "XDCAM HD422",
        code if code.starts_with("xdv") || code.starts_with("xdh") => "XDCAM EX/HD",
        code if code.starts_with("hdv") => "HDV",
        code if code.starts_with("mx3") || code.starts_with("mx4") || code.starts_with("mx5") => "MPEG IMX",
        other => other,
    }
}

fn codec_depth(code: &str) -> Option<i64> {
    // What the codec's definition fixes; 4444 carries up to 12 bits, 422 carries 10.
    Some(match code {
        "ap4h" | "ap4x" | "aprn" | "aprh" => 12,
        "apch" | "apcn" | "apcs" | "apco" | "v210" | "r210" | "v410" | "R10k" => 10,
        "b64a" => 16,
        "2vuy" | "yuv2" | "jpeg" | "mjpa" | "mjpb" | "mp4v" | "m2v1" | "s263" | "h263" => 8,
        code if code.starts_with("dv") && !code.starts_with("dvh1") && !code.starts_with("dvhe") => 8,
        code if code.starts_with("xd5") || code.starts_with("xdv") || code.starts_with("xdh") || code.starts_with("hdv") => 8,
        code if code.starts_with("ai5") || code.starts_with("ai1") => 10,
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
        // What the codec fixes, else what its configuration says.
        let depth = codec_depth(&track.codec).or(track.coded_depth.map(i64::from));
        say_int(said, &format!("{name}: codec {}", track.codec), "codec.bit_depth", "bit", depth);
        if let Some((x, y)) = track.pixel_aspect
            && let Some(value) = aspect(u64::from(x), u64::from(y))
        {
            said.value(Strength::Container, &format!("{at}/pasp"), "image.pixel_aspect", value, format!("{x}:{y}"));
        }
        // A raw still is a film of one picture, whose rate means nothing.
        let still = movie.brand.starts_with("crx") && track.samples <= 1;
        frames = i64::try_from(track.samples).ok().filter(|frames| *frames > 0 && !still);
        say_int(said, &format!("{at}/stts"), "duration.frames", "frame", frames);
        rate = rate_of(track).filter(|_| !still);
        if let Some(rate) = rate {
            let raw = if track.irregular == 0 {
                format!("{}/{}", track.timescale, track.sample_delta.unwrap_or(1))
            } else {
                let odd = track.irregular;
                format!("{} samples in {} ticks of {}, {odd} of another length", track.samples, track.ticks, track.timescale)
            };
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
    let timecodes = movie.timecodes();
    for (number, timecode) in timecodes.iter().enumerate() {
        // Further tracks are what was jammed beside: the start they give is heard, the picture's own leads.
        let at = if number == 0 { format!("{name}: moov/trak(tmcd)") } else { format!("{name}: moov/trak(tmcd) {}", number + 1) };
        let own = FrameRate::new(timecode.timescale, timecode.frame_duration);
        // The base is what the track's own rate rounds to: some cameras write 29 for 29.97. Where the two are far apart, two pictures
        // share a number, and the count says so.
        let stated = u32::from(timecode.frames_per_second);
        let nominal = match own.map(|rate| rate.as_f64().round() as u32) {
            Some(base) if stated == 0 || stated.abs_diff(base) <= 1 => base,
            _ => stated,
        };
        if let Some(start) = timecode.start_frame {
            if number == 0 {
                say_timecode(said, &at, i64::from(start), nominal, timecode.drop, own.or(rate), frames);
            } else if let Ok(code) = Timecode::from_frames(i64::from(start), nominal, timecode.drop) {
                said.say(Strength::Loose, &at, "tc.start", "", text(&code.to_string()), start.to_string());
            }
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
    let programs = ["swr", "too", "enc", "software", "encoder", "WritingApp"];
    for (key, value) in &movie.tags {
        // Programs that rewrote a film name themselves where a camera would name its firmware.
        if is_program(value) && programs.iter().any(|end| key.ends_with(end)) {
            said.text(Strength::Loose, &format!("{name}: {key}"), "file.writer", value);
            continue;
        }
        let strength = if key.starts_with("com.") && !key.starts_with("com.apple.quicktime") {
            Strength::Container
        } else {
            Strength::Loose
        };
        said.vendor(strength, &format!("{name}: {key}"), key, value, nominal);
    }
}

/// The rate of a track: exact where its samples last alike, else the common rate its average comes to. Cameras without a steady clock
/// average to any number, which is told as it is.
fn rate_of(track: &isobmff::Track) -> Option<FrameRate> {
    let delta = track.sample_delta?;
    let usual = FrameRate::new(track.timescale, delta)?;
    // The last sample may last longer; a film of two has no usual one.
    if track.irregular == 0 || track.irregular == 1 && track.samples > 2 {
        return Some(usual);
    }
    let average = track.samples as f64 * f64::from(track.timescale) / track.ticks.max(1) as f64;
    // Half a thousandth: 23.976 and 24 differ by one.
    let near = |rate: &FrameRate| (rate.as_f64() - average).abs() < 5e-4 * average;
    let whole = FrameRate::new(average.round().clamp(1.0, 10_000.0) as u32, 1)?;
    let pulled = FrameRate::new(whole.num * 1000, 1001)?;
    [whole, pulled].into_iter().find(near).or_else(|| FrameRate::parse(&format!("{average:.3}"))).or(Some(usual))
}

pub(super) fn from_avi(said: &mut Statements, avi: &avi::Avi, name: &str) {
    let at = format!("{name}: AVI header");
    say_size(said, &at, Some(avi.width), Some(avi.height));
    if !avi.codec.is_empty() {
        let code = avi.codec.to_ascii_lowercase();
        let codec = match code.as_str() {
            "mjpg" => "Motion JPEG",
            "h264" | "x264" | "avc1" | "davc" => "H.264",
            "hevc" | "h265" => "H.265",
            "divx" | "dx50" | "xvid" | "fmp4" | "mp4v" => "MPEG-4 Visual",
            "dvsd" | "dv25" | "dvhd" | "dvsl" => "DV",
            "dv50" => "DVCPRO 50",
            "dvh1" => "DVCPRO HD",
            "cfhd" => "CineForm",
            "avdn" => "Avid DNxHD",
            _ => avi.codec.as_str(),
        };
        said.say(Strength::Structure, &at, "codec.name", "", text(codec), avi.codec.clone());
        let depth = matches!(codec, "Motion JPEG" | "MPEG-4 Visual" | "DV" | "DVCPRO 50" | "DVCPRO HD").then_some(8);
        say_int(said, &format!("{name}: codec {}", avi.codec), "codec.bit_depth", "bit", depth);
    }
    say_int(said, &at, "duration.frames", "frame", Some(i64::from(avi.frames)));
    // Microseconds of a frame are rounded; they stand in where no stream has a rate of its own.
    let rate = avi.rate.and_then(|(num, den)| match num {
        1_000_000 => FrameRate::parse(&format!("{:.3}", 1e6 / f64::from(den))),
        _ => FrameRate::new(num, den),
    });
    if let (Some(rate), Some((num, den))) = (rate, avi.rate) {
        say_rate(said, Strength::Structure, &at, "rate.project", rate, &format!("{num}/{den}"));
    }
    say_int(said, &at, "audio.channels", "", Some(i64::from(avi.channels)));
    say_int(said, &at, "audio.sample_rate", "Hz", Some(i64::from(avi.sample_rate)));
    say_int(said, &at, "audio.bit_depth", "bit", Some(i64::from(avi.bit_depth)));
    if !avi.date.is_empty() {
        said.value(Strength::Container, &format!("{at}/IDIT"), "time.recorded_at", text(&avi.date), avi.date.clone());
    }
    said.text(Strength::Container, &format!("{at}/ISFT"), "file.writer", &avi.software);
    if let Some(maker) = maker_in(&avi.software) {
        said.value(Strength::Implied, &format!("{at}/ISFT"), "camera.make", text(maker), avi.software.clone());
    }
}

pub(super) fn from_mxf(said: &mut Statements, facts: &mxf::MxfFacts, name: &str) {
    let at = format!("{name}: header metadata");
    say_size(said, &at, facts.width, facts.height);
    let edit_rate = facts.edit_rate.or(facts.picture_track.map(|(_, rate)| rate));
    let rate = edit_rate.and_then(|(num, den)| FrameRate::new(num, den));
    if let Some(rate) = rate {
        say_rate(said, Strength::Structure, &at, "rate.project", rate, &rate.to_string());
    }
    // An open header has no length of the essence yet; the tracks may.
    let tracked = facts.picture_track.filter(|(_, rate)| Some(*rate) == edit_rate).map(|(length, _)| length);
    let frames = facts.duration_frames.or(tracked).filter(|frames| *frames > 0);
    say_int(said, &at, "duration.frames", "frame", frames);
    let fixed = facts.picture_coding.as_ref().and_then(mxf_depth);
    say_int(said, &at, "codec.bit_depth", "bit", facts.bit_depth.map(i64::from).or(fixed));
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
    if rate.is_none()
        && let Some((length, rate)) = facts.sound_track
        && facts.audio_rate.is_some_and(|samples| rate == (samples, 1))
    {
        say_int(said, &at, "duration.samples", "sample", Some(length));
    }
    let coded = facts.picture_coding.map(|label| (label, mxf_codec(&label)));
    let wrapped = facts.essence_container.map(|label| (label, mxf_container(&label)));
    match (coded, wrapped) {
        (Some((label, Some(codec))), _) | (_, Some((label, Some(codec)))) => {
            said.say(Strength::Structure, &at, "codec.name", "", text(codec), label_text(&label));
        }
        (Some((label, None)), _) => said.unknown(Strength::Structure, &at, "codec.name", "", &label_text(&label)),
        _ => {}
    }
    if let (Some((num, den)), Some(width), Some(height)) = (facts.aspect, facts.width, facts.height)
        && let Some(value) = crate::values::aspect(u64::from(num) * u64::from(height), u64::from(den) * u64::from(width))
    {
        said.value(Strength::Container, &at, "image.pixel_aspect", value, format!("picture {num}:{den}"));
    }
    if let Some(arri) = &facts.arri {
        from_arri(said, arri, facts, &at);
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

/// ARRI's own sets (RDD 54, RDD 55), and what ARRI cameras write into the identification.
fn from_arri(said: &mut Statements, arri: &mxf::ArriFacts, facts: &mxf::MxfFacts, at: &str) {
    let at = format!("{at}/RDD 55");
    let strong = Strength::Container;
    for (tag, label) in [(0x3210, arri.transfer), (0x3219, arri.primaries)] {
        if let Some(label) = label {
            acquisition::tell_label(said, tag, &label, &at);
        }
    }
    if let Some(cdl) = arri.cdl {
        let numbers: Vec<f64> = cdl.iter().map(|number| round6(f64::from(*number))).collect();
        let raw = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        said.value(strong, &at, "look.cdl", FieldValue::List(numbers), raw);
    }
    if let Some(saturation) = arri.saturation {
        said.value(strong, &at, "look.saturation", FieldValue::Float(round6(f64::from(saturation))), saturation.to_string());
    }
    if let Some(words) = &arri.look {
        said.text(strong, &at, "look.name", words);
    }
    if let (Some(pitch), Some((width, height))) = (arri.pixel_pitch_um, arri.recorded) {
        let side = |photosites: u32| round6(f64::from(photosites) * f64::from(pitch) / 1000.0);
        let raw = format!("{width}x{height} photosites of {pitch} um");
        said.value(strong, &at, "sensor.active_mm", FieldValue::List(vec![side(width), side(height)]), raw);
    }
    if arri.flip || arri.flop {
        let words = match (arri.flop, arri.flip) {
            (true, true) => "H+V flip",
            (true, false) => "H flip",
            _ => "V flip",
        };
        said.value(strong, &at, "orientation.flip", text(words), format!("flip {}, flop {}", arri.flip, arri.flop));
    }
    // Cameras name themselves in the identification; programs of others that rewrap keep the sets and write their own name there.
    let own = facts.company.as_deref().is_some_and(|company| company.to_ascii_uppercase().contains("ARRI"));
    if let (true, Some(product)) = (own, &facts.product) {
        let source = format!("{at}, Identification");
        said.otherwise(&source, "camera.make", text("ARRI"), facts.company.clone().unwrap_or_default());
        said.otherwise(&source, "camera.model", text(product), product.clone());
        if let Some(version) = &facts.version {
            said.otherwise(&source, "camera.firmware", text(version), version.clone());
        }
    }
}

/// Picture coding labels of SMPTE ST 2019-4, RP 2008, RDD 44 and RDD 54, as far as the leading bytes tell.
fn mxf_codec(label: &[u8; 16]) -> Option<&'static str> {
    Some(match label[8..16] {
        [0x04, 0x01, 0x02, 0x02, 0x01, 0x20..=0x2f, ..] => "MPEG-4 Visual",
        [0x04, 0x01, 0x02, 0x02, 0x01, 0x31..=0x3f, ..] => "H.264",
        [0x04, 0x01, 0x02, 0x02, 0x01, 0x40..=0x4f, ..] => "H.265",
        [0x04, 0x01, 0x02, 0x02, 0x01, ..] => "MPEG-2",
        [0x04, 0x01, 0x02, 0x02, 0x02, 0x01, ..] => "DV",
        [0x04, 0x01, 0x02, 0x02, 0x02, 0x02, ..] => "DVCPRO",
        [0x04, 0x01, 0x02, 0x02, 0x02, ..] => "DV",
        [0x04, 0x01, 0x02, 0x02, 0x03, 0x01, ..] => "JPEG 2000",
        [0x04, 0x01, 0x02, 0x02, 0x03, 0x06, profile, _] => match profile {
            1 => "Apple ProRes 422 Proxy",
            2 => "Apple ProRes 422 LT",
            3 => "Apple ProRes 422",
            4 => "Apple ProRes 422 HQ",
            5 => "Apple ProRes 4444",
            6 => "Apple ProRes 4444 XQ",
            _ => "Apple ProRes",
        },
        [0x04, 0x01, 0x02, 0x02, 0x03, 0x09, ..] => "FFV1",
        [0x04, 0x01, 0x02, 0x02, 0x71, ..] => "VC-3 (Avid DNxHD)",
        [0x04, 0x01, 0x02, 0x01, 0x02, 0x01, 0x02, _] => "ARRIRAW HDE",
        [0x04, 0x01, 0x02, 0x01, 0x02, 0x01, ..] => "ARRIRAW",
        [0x04, 0x01, 0x02, 0x01, ..] => "uncompressed",
        _ => return None,
    })
}

/// Containers of essence (register 0d.01.03.01.02) that hold one codec only.
fn mxf_container(label: &[u8; 16]) -> Option<&'static str> {
    Some(match label[8..16] {
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x01, ..] => "MPEG-2",
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x02, ..] => "DV",
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x0c, ..] => "JPEG 2000",
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x10, ..] => "H.264",
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x11, ..] => "VC-3 (Avid DNxHD)",
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x1c, ..] => "Apple ProRes",
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x22, 0x02, _] => "ARRIRAW HDE",
        [0x0d, 0x01, 0x03, 0x01, 0x02, 0x22, ..] => "ARRIRAW",
        _ => return None,
    })
}

/// Bits a label of ARRIRAW fixes (RDD 54).
fn mxf_depth(label: &[u8; 16]) -> Option<i64> {
    Some(match label[8..16] {
        [0x04, 0x01, 0x02, 0x01, 0x02, 0x01, 0x01, 0x03] | [0x04, 0x01, 0x02, 0x01, 0x02, 0x01, 0x02, 0x02] => 13,
        [0x04, 0x01, 0x02, 0x01, 0x02, 0x01, 0x01 | 0x02, _] => 12,
        _ => return None,
    })
}
