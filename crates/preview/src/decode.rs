//! Owns decoding one frame of a clip to f32: through ffmpeg's native planes, or by own readers where a file is one frame.

use crate::camera_raw::{self, RawFormat};
use crate::child;
use crate::error::PreviewError;
use crate::ffmpeg::{Ffmpeg, child_error};
use crate::frame::{Frame, describe};
use crate::info::{MediaInfo, VideoInfo, media_info, reason};
use crate::{ari, dng, dpx, exr_reader, raster};
use checkgate_color::yuv::{FrameFormat, Range, rgb_from_planes};
use image::ImageFormat;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How exactly a frame is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seek {
    /// The frame itself, decoded from the keyframe before it.
    #[default]
    Exact,
    /// The keyframe at or before it, where only some frames stand for themselves: a thumbnail need not wait for a whole group.
    Keyframe,
}

/// Codecs whose frames lean on others, as ffmpeg names them.
const LONG_GOP: [&str; 9] = ["h264", "hevc", "vvc", "av1", "vp9", "vp8", "mpeg4", "mpeg2video", "mpeg1video"];

/// The first ffmpeg with a decoder for ProRes RAW.
const PRORES_RAW_SINCE: u32 = 8;

/// The picture stream of `path`, checked: size within the limits, pixel format understood.
pub(crate) fn checked_format<'a>(
    ffmpeg: &Ffmpeg,
    path: &Path,
    info: &'a MediaInfo,
    range: Option<Range>,
) -> Result<(&'a VideoInfo, FrameFormat, String), PreviewError> {
    let video = info.video.as_ref().ok_or_else(|| PreviewError::damaged(path, "there is no picture stream"))?;
    if video.width.saturating_mul(video.height) > ffmpeg.limits().pixels {
        let what = format!("a picture of {} by {} pixels is larger than the limit", video.width, video.height);
        return Err(PreviewError::Limit { path: path.to_path_buf(), what });
    }
    let unsupported = |what: String| PreviewError::Unsupported { path: path.to_path_buf(), what };
    if video.codec == "prores_raw" || matches!(video.codec_tag.as_str(), "aprn" | "aprh") {
        // The mosaic of a sensor: where ffmpeg decodes it, its colour is still nobody's claim.
        let version = ffmpeg.version();
        let what = match ffmpeg.major() {
            Some(major) if major < PRORES_RAW_SINCE => {
                format!(
                    "ProRes RAW ({}; ffmpeg {version} has no decoder for it, {PRORES_RAW_SINCE} and newer have)",
                    video.codec_tag
                )
            }
            _ => format!("ProRes RAW ({}; a sensor's mosaic whose colour is not known here)", video.codec_tag),
        };
        return Err(unsupported(what));
    }
    let Some((format, words)) = describe(video, range) else {
        return Err(unsupported(if video.codec.is_empty() || video.codec == "unknown" {
            format!("the codec {:?} (ffmpeg {} has no decoder for it)", video.codec_tag, ffmpeg.version())
        } else if video.pixel_format.is_empty() {
            format!("a {} picture in which ffmpeg {} finds no pixel format", video.codec, ffmpeg.version())
        } else {
            format!("{} pictures as {:?}", video.codec, video.pixel_format)
        }));
    };
    Ok((video, format, words))
}

/// Decodes frame `index` (from 0) of a container file, or the keyframe before it; says which frame it is.
pub(crate) fn container_frame(
    ffmpeg: &Ffmpeg,
    path: &Path,
    info: &MediaInfo,
    index: u64,
    range: Option<Range>,
    seek: Seek,
) -> Result<(Frame, u64), PreviewError> {
    let (video, format, words) = checked_format(ffmpeg, path, info, range)?;
    let need = format.frame_bytes().map_err(|error| PreviewError::from_yuv(path, &error))?;
    let rate = || video.frame_rate.ok_or_else(|| PreviewError::damaged(path, "no frame rate to seek by"));
    let seconds = |frame: f64| rate().map(|rate| frame * f64::from(rate.den) / f64::from(rate.num));
    let keyframe = if seek == Seek::Keyframe && index > 0 && LONG_GOP.contains(&video.codec.as_str()) {
        keyframe_before(ffmpeg, path, video, seconds(index as f64)?)?.map(|secs| {
            let rate = video.frame_rate.map_or(1.0, |rate| f64::from(rate.num) / f64::from(rate.den));
            ((secs * rate).round() as u64).min(index)
        })
    } else {
        None
    };
    let mut command = ffmpeg.command();
    let index = match keyframe {
        Some(at) => {
            // A quarter of a frame late, so that the seek lands on this keyframe; it alone is decoded.
            command.args(["-noaccurate_seek", "-skip_frame", "nokey", "-ss", &format!("{:.6}", seconds(at as f64 + 0.25)?)]);
            at
        }
        None => {
            if index > 0 {
                // A quarter of a frame early: rounding up to a coarse time base (MXF counts in frames) must not fall on the frame
                // before, and rounding down to a fine one must not skip the frame.
                command.args(["-ss", &format!("{:.6}", seconds(index as f64 - 0.25)?)]);
            }
            index
        }
    };
    if !LONG_GOP.contains(&video.codec.as_str()) {
        // One frame gains nothing from decoding others beside it, and much from its own slices at once.
        command.args(["-thread_type", "slice"]);
    }
    command.arg("-noautorotate");
    Ffmpeg::add_input(&mut command, path);
    command.args([
        "-map",
        "0:v:0",
        "-frames:v",
        "1",
        "-an",
        "-sn",
        "-dn",
        "-f",
        "rawvideo",
        "-pix_fmt",
        &video.pixel_format,
        "pipe:1",
    ]);
    let limits = ffmpeg.limits();
    let done = child::run(&mut command, limits.still, limits.memory_bytes, need)
        .map_err(|error| child_error(path, ffmpeg.path(), error))?;
    if done.stdout.len() != need {
        let why = if done.stdout.is_empty() {
            reason(&done.said, path)
        } else {
            format!("the frame is incomplete; {}", reason(&done.said, path))
        };
        return Err(PreviewError::damaged(path, why));
    }
    let rgb = rgb_from_planes(&done.stdout, &format).map_err(|error| PreviewError::from_yuv(path, &error))?;
    let which = if keyframe.is_some() { ", the keyframe before the one asked for" } else { "" };
    let frame = Frame {
        width: format.width,
        height: format.height,
        rgb,
        pixel_aspect: video.pixel_aspect,
        linear: false,
        own_input: None,
        converted: false,
        read_as: format!("{words}, decoded by ffmpeg {}{which}", ffmpeg.version()),
    };
    Ok((frame, index))
}

/// Seconds from the start of the stream to the keyframe at or before `secs`; `None` where the container does not say.
fn keyframe_before(ffmpeg: &Ffmpeg, path: &Path, video: &VideoInfo, secs: f64) -> Result<Option<f64>, PreviewError> {
    let mut command = ffmpeg.probe_command();
    let from = secs + video.start_secs;
    command.args(["-select_streams", "v:0", "-read_intervals", &format!("{from:.6}%+#1")]);
    command.args(["-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"]);
    Ffmpeg::add_input(&mut command, path);
    let limits = ffmpeg.limits();
    let done = child::run(&mut command, limits.still, limits.memory_bytes, 64 * 1024)
        .map_err(|error| child_error(path, ffmpeg.path(), error))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let first = said.lines().next().and_then(|line| line.split_once(','));
    Ok(first
        .filter(|(_, flags)| flags.starts_with('K'))
        .and_then(|(time, _)| time.parse::<f64>().ok())
        .map(|time| time - video.start_secs)
        .filter(|time| time.is_finite() && (0.0..=secs + 0.001).contains(time)))
}

/// What reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameReader {
    Exr,
    /// DPX and Cineon.
    Dpx,
    Dng,
    Ari,
    Raster(ImageFormat),
    /// Nothing here decodes it; `camera_raw` says what it is.
    Raw(RawFormat),
    Ffmpeg,
}

/// Bytes of a file's start that tell its reader: a TIFF names its first directory, which says whether it is a DNG.
const HEAD_BYTES: u64 = 64 * 1024;

/// By the first bytes; by extension where they cannot be read or say nothing.
pub(crate) fn reader_of(path: &Path) -> FrameReader {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).unwrap_or_default();
    let mut head = Vec::new();
    if let Ok(file) = File::open(path) {
        // What cannot be read is an error of the reader that is chosen by the name.
        let _ = file.take(HEAD_BYTES).read_to_end(&mut head);
    }
    match (head.get(..4), extension.as_str()) {
        (Some([0x76, 0x2f, 0x31, 0x01]), _) => FrameReader::Exr,
        (Some(b"SDPX" | b"XPDS" | [0x80, 0x2a, 0x5f, 0xd7] | [0xd7, 0x5f, 0x2a, 0x80]), _) => FrameReader::Dpx,
        (Some(b"ARRI"), _) => FrameReader::Ari,
        _ => match (raster::format_of(&head), camera_raw::recognise(&head, &extension), extension.as_str()) {
            (Some(ImageFormat::Tiff), ..) if dng::is_dng(&head) => FrameReader::Dng,
            // A name that says DNG and a TIFF whose first directory lies further back.
            (Some(ImageFormat::Tiff), _, "dng" | "gpr") => FrameReader::Dng,
            (Some(format), ..) => FrameReader::Raster(format),
            (_, Some(raw), _) => FrameReader::Raw(raw),
            (.., "exr") => FrameReader::Exr,
            (.., "dpx" | "cin") => FrameReader::Dpx,
            (.., "dng") => FrameReader::Dng,
            (.., "ari") => FrameReader::Ari,
            (.., "png") => FrameReader::Raster(ImageFormat::Png),
            (.., "jpg" | "jpeg") => FrameReader::Raster(ImageFormat::Jpeg),
            (.., "tif" | "tiff") => FrameReader::Raster(ImageFormat::Tiff),
            _ => FrameReader::Ffmpeg,
        },
    }
}

/// Decodes a file that holds one frame.
pub(crate) fn frame_file(
    ffmpeg: Result<&Ffmpeg, PreviewError>,
    path: &Path,
    pixels: usize,
    range: Option<Range>,
) -> Result<Frame, PreviewError> {
    match reader_of(path) {
        FrameReader::Exr => exr_reader::read(path, pixels),
        FrameReader::Dpx => dpx::read(path, pixels),
        FrameReader::Dng => dng::read(path, pixels),
        FrameReader::Ari => ari::read(path, pixels),
        FrameReader::Raster(format) => raster::read(path, format, pixels),
        FrameReader::Raw(format) => Err(camera_raw::unsupported(path, format)),
        FrameReader::Ffmpeg => {
            let ffmpeg = ffmpeg?;
            let info = media_info(ffmpeg, path)?;
            Ok(container_frame(ffmpeg, path, &info, 0, range, Seek::Exact)?.0)
        }
    }
}
