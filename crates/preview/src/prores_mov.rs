//! Owns a quick look at a QuickTime file of ProRes 422, so that a still needs one program run instead of two: what ffprobe would say about
//! its picture, from the sample tables and the head of the first frame (SMPTE RDD 36). Anything out of the ordinary is left to ffprobe.
//! Must never guess: a field that is not plain means no answer.

use crate::info::VideoInfo;
use checkgate_model::FrameRate;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Largest table of contents that is read; an hour of 60 frames a second has 5 MB.
const MOOV_BYTES: u64 = 32 << 20;
/// Most boxes that are walked at the top of a file.
const TOP_BOXES: usize = 64;

/// What ffprobe would say, or nothing.
pub(crate) fn look(path: &Path) -> Option<VideoInfo> {
    let mut file = File::open(path).ok()?;
    let moov = moov(&mut file)?;
    let mut video = None;
    for (name, body) in boxes(&moov) {
        match &name {
            b"trak" if handler(body)? == *b"vide" => {
                // Two pictures are for somebody who reads more.
                let None = video.replace(body) else { return None };
            }
            // A film in fragments keeps its tables elsewhere.
            b"mvex" => return None,
            _ => {}
        }
    }
    let track = track(video?)?;
    let head = frame_head(&mut file, &track)?;
    Some(VideoInfo {
        codec: "prores".to_owned(),
        profile: head.profile.to_owned(),
        codec_tag: String::from_utf8_lossy(&track.codec).into_owned(),
        start_secs: 0.0,
        width: track.width,
        height: track.height,
        pixel_format: "yuv422p10le".to_owned(),
        frame_rate: Some(track.rate),
        frames: Some(track.frames),
        frames_estimated: false,
        color_range: "tv".to_owned(),
        color_space: head.space.to_owned(),
        color_transfer: String::new(),
        color_primaries: String::new(),
        pixel_aspect: track.pixel_aspect,
        quarter_turns: 0,
    })
}

/// The table of contents at the top of the file.
fn moov(file: &mut File) -> Option<Vec<u8>> {
    let size = file.metadata().ok()?.len();
    let mut at = 0_u64;
    for _ in 0..TOP_BOXES {
        let mut head = [0_u8; 16];
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut head[..8]).ok()?;
        let short = u64::from(number(&head, 0)?);
        let (head_bytes, length) = match short {
            0 => (8, size.checked_sub(at)?),
            1 => {
                file.read_exact(&mut head[8..]).ok()?;
                (16, u64::from_be_bytes(head[8..].try_into().ok()?))
            }
            length => (8, length),
        };
        let end = at.checked_add(length).filter(|end| *end <= size && length >= head_bytes)?;
        if &head[4..8] == b"moov" {
            let length = length - head_bytes;
            if length > MOOV_BYTES {
                return None;
            }
            let mut body = vec![0; usize::try_from(length).ok()?];
            file.seek(SeekFrom::Start(at + head_bytes)).ok()?;
            file.read_exact(&mut body).ok()?;
            return Some(body);
        }
        at = end;
    }
    None
}

/// Boxes inside a body; a length that does not fit ends them.
fn boxes(mut body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::try_from(number(body, 0)?).ok().filter(|length| (8..=body.len()).contains(length))?;
        let name = body.get(4..8)?.try_into().ok()?;
        let (this, rest) = body.split_at(length);
        body = rest;
        Some((name, &this[8..]))
    })
}

fn find<'a>(body: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut found = boxes(body).filter(|(other, _)| other == name);
    let (_, first) = found.next()?;
    found.next().is_none().then_some(first)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn handler(track: &[u8]) -> Option<[u8; 4]> {
    find(find(track, b"mdia")?, b"hdlr")?.get(8..12)?.try_into().ok()
}

struct Track {
    codec: [u8; 4],
    width: usize,
    height: usize,
    frames: u64,
    rate: FrameRate,
    pixel_aspect: f64,
    /// Primaries, transfer, matrix of the description.
    colour: Option<[u16; 3]>,
    first_frame: u64,
}

fn track(body: &[u8]) -> Option<Track> {
    let head = find(body, b"tkhd")?;
    let matrix = match head.first()? {
        0 => head.get(40..76)?,
        1 => head.get(52..88)?,
        _ => return None,
    };
    let plain: [u32; 9] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000];
    if !plain.iter().enumerate().all(|(at, wanted)| number(matrix, 4 * at) == Some(*wanted)) {
        return None;
    }
    if let Some(edits) = find(body, b"edts") {
        let list = find(edits, b"elst")?;
        // One edit of version 0 from the start, at natural speed.
        let from_start = list.first()? == &0 && number(list, 4)? == 1 && number(list, 12)? == 0 && number(list, 16)? == 0x10000;
        if !from_start {
            return None;
        }
    }
    let media = find(body, b"mdia")?;
    let media_head = find(media, b"mdhd")?;
    let timescale = match media_head.first()? {
        0 => number(media_head, 12)?,
        1 => number(media_head, 20)?,
        _ => return None,
    };
    let tables = find(find(media, b"minf")?, b"stbl")?;
    let times = find(tables, b"stts")?;
    let (runs, frames, each) = (number(times, 4)?, number(times, 8)?, number(times, 12)?);
    let sizes = find(tables, b"stsz")?;
    if runs != 1 || frames == 0 || number(sizes, 8)? != frames || each == 0 || timescale % gcd(timescale, each) != 0 {
        return None;
    }
    let by = gcd(timescale, each);
    let rate = FrameRate::new(timescale / by, each / by)?;
    let first_frame = match (find(tables, b"stco"), find(tables, b"co64")) {
        (Some(offsets), None) => u64::from(number(offsets, 8)?),
        (None, Some(offsets)) => u64::from(number(offsets, 8)?) << 32 | u64::from(number(offsets, 12)?),
        _ => return None,
    };
    let descriptions = find(tables, b"stsd")?;
    if number(descriptions, 4)? != 1 {
        return None;
    }
    let (codec, entry) = boxes(descriptions.get(8..)?).next()?;
    if !matches!(&codec, b"apco" | b"apcs" | b"apcn" | b"apch") {
        return None;
    }
    let (width, height) = (usize::from(short(entry, 24)?), usize::from(short(entry, 26)?));
    let (mut pixel_aspect, mut colour) = (1.0, None);
    for (name, extension) in boxes(entry.get(78..)?) {
        match &name {
            b"pasp" => {
                let (across, down) = (number(extension, 0)?, number(extension, 4)?);
                if across == 0 || down == 0 {
                    return None;
                }
                pixel_aspect = f64::from(across) / f64::from(down);
            }
            b"colr" => {
                if !matches!(extension.get(..4)?, b"nclc" | b"nclx") {
                    return None;
                }
                colour = Some([short(extension, 4)?, short(extension, 6)?, short(extension, 8)?]);
            }
            _ => {}
        }
    }
    let known = width > 0 && height > 0 && (0.1..=10.0).contains(&pixel_aspect);
    known.then_some(Track { codec, width, height, frames: u64::from(frames), rate, pixel_aspect, colour, first_frame })
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

struct FrameHead {
    profile: &'static str,
    space: &'static str,
}

/// The head of the first frame: 4:2:2 without alpha, of the size that the description says, its matrix named.
fn frame_head(file: &mut File, track: &Track) -> Option<FrameHead> {
    let mut head = [0_u8; 28];
    file.seek(SeekFrom::Start(track.first_frame)).ok()?;
    file.read_exact(&mut head).ok()?;
    let same_size = usize::from(short(&head, 16)?) == track.width && usize::from(short(&head, 18)?) == track.height;
    if &head[4..8] != b"icpf" || !same_size || head[20] & 0xc0 != 0x80 || head[25] & 0x0f != 0 {
        return None;
    }
    let matrix = head[24];
    // What the description says in other words is for ffprobe to weigh.
    if track.colour.is_some_and(|[.., of_description]| of_description != u16::from(matrix)) {
        return None;
    }
    let space = match matrix {
        1 => "bt709",
        2 => "",
        6 => "smpte170m",
        9 => "bt2020nc",
        _ => return None,
    };
    let profile = match &track.codec {
        b"apco" => "Proxy",
        b"apcs" => "LT",
        b"apcn" => "Standard",
        _ => "HQ",
    };
    Some(FrameHead { profile, space })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffmpeg::Ffmpeg;
    use crate::info::media_info;
    use std::process::Command;

    /// A film of six frames by ffmpeg, with these options for its source and its encoder.
    fn film(ffmpeg: &Ffmpeg, path: &Path, source: &str, options: &[&str]) {
        let mut command = Command::new(ffmpeg.path());
        command.args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-frames:v", "6", "-c:v", "prores_ks"]);
        assert!(command.args(options).arg(path).status().is_ok_and(|status| status.success()), "{options:?}");
    }

    #[test]
    fn the_quick_look_says_what_ffprobe_says_or_nothing() {
        let Ok(ffmpeg) = Ffmpeg::find() else {
            eprintln!("SKIPPED: there is no ffmpeg");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mov");
        let ten = ["-pix_fmt", "yuv422p10le"];
        for (source, options, answers) in [
            ("testsrc2=s=320x180:r=24", vec!["-profile:v", "hq"], true),
            ("testsrc2=s=320x180:r=24000/1001", vec!["-profile:v", "proxy"], true),
            ("testsrc2=s=320x180:r=50", vec!["-profile:v", "lt", "-timecode", "01:00:00:00"], true),
            ("testsrc2=s=322x182:r=25,setsar=4/3", vec!["-profile:v", "standard"], true),
            ("testsrc2=s=320x180:r=25,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709", vec![], true),
            ("testsrc2=s=320x180:r=25,setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=bt709", vec![], true),
            ("testsrc2=s=320x180:r=25,setparams=colorspace=smpte170m", vec!["-movflags", "+faststart"], true),
            // The description says a matrix that the frames do not.
            ("testsrc2=s=320x180:r=25", vec!["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"], false),
            ("testsrc2=s=320x180:r=25", vec!["-profile:v", "4444", "-pix_fmt", "yuv444p10le"], false),
            ("testsrc2=s=320x180:r=25", vec!["-movflags", "frag_keyframe+empty_moov"], false),
        ] {
            let mut all = options.clone();
            if !options.contains(&"-pix_fmt") {
                all.extend(ten);
            }
            let _ = std::fs::remove_file(&path);
            film(&ffmpeg, &path, source, &all);
            let found = look(&path);
            assert_eq!(found.is_some(), answers, "{source} {options:?}");
            let Some(found) = found else { continue };
            let mut wanted = media_info(&ffmpeg, &path).unwrap().video.unwrap();
            // Nothing reads these two.
            (wanted.color_transfer, wanted.color_primaries) = (String::new(), String::new());
            assert_eq!(found, wanted, "{source} {options:?}");
            // Cut and changed files give an answer or none.
            let bytes = std::fs::read(&path).unwrap();
            for cut in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
                std::fs::write(&path, &bytes[..cut]).unwrap();
                let _ = look(&path);
            }
            let start = bytes.windows(4).position(|four| four == b"moov").unwrap();
            for at in (start..(start + 2000).min(bytes.len())).step_by(3) {
                let mut changed = bytes.clone();
                changed[at] = 0xff;
                std::fs::write(&path, &changed).unwrap();
                let _ = look(&path);
            }
        }
    }

    #[test]
    fn other_files_get_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mov");
        let endless = [&8_u32.to_be_bytes()[..], b"free"].concat().repeat(1000);
        for bytes in [&b""[..], b"\0\0\0\x08moov", b"\0\0\0\0moov", b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff", &endless] {
            std::fs::write(&path, bytes).unwrap();
            assert!(look(&path).is_none());
        }
        assert!(look(&folder.path().join("none.mov")).is_none());
    }
}
