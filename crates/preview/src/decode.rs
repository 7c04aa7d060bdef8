//! Owns decoding one frame of a clip to f32: through ffmpeg's native planes, or by own readers where a file is one frame.

use crate::child;
use crate::error::PreviewError;
use crate::ffmpeg::{Ffmpeg, child_error};
use crate::frame::{Frame, describe};
use crate::info::{MediaInfo, VideoInfo, media_info, reason};
use crate::{dpx, exr_reader};
use checkgate_color::yuv::{FrameFormat, Range, rgb_from_planes};
use std::path::Path;

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
    let Some((format, words)) = describe(video, range) else {
        let what = format!("{} pictures as {:?}", video.codec, video.pixel_format);
        return Err(PreviewError::Unsupported { path: path.to_path_buf(), what });
    };
    Ok((video, format, words))
}

/// Decodes frame `index` (from 0) of a container file.
pub(crate) fn container_frame(
    ffmpeg: &Ffmpeg,
    path: &Path,
    info: &MediaInfo,
    index: u64,
    range: Option<Range>,
) -> Result<Frame, PreviewError> {
    let (video, format, words) = checked_format(ffmpeg, path, info, range)?;
    let need = format.frame_bytes().map_err(|error| PreviewError::from_yuv(path, &error))?;
    let mut command = ffmpeg.command();
    if index > 0 {
        let rate = video.frame_rate.ok_or_else(|| PreviewError::damaged(path, "no frame rate to seek by"))?;
        // A quarter of a frame early: rounding up to a coarse time base (MXF counts in frames) must not fall on the frame before,
        // and rounding down to a fine one must not skip the frame.
        let secs = (index as f64 - 0.25) * f64::from(rate.den) / f64::from(rate.num);
        command.args(["-ss", &format!("{secs:.6}")]);
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
    let done = child::run(&mut command, ffmpeg.limits().still, need).map_err(|error| child_error(path, ffmpeg.path(), error))?;
    if done.stdout.len() != need {
        let why = if done.stdout.is_empty() {
            reason(&done.said, path)
        } else {
            format!("the frame is incomplete; {}", reason(&done.said, path))
        };
        return Err(PreviewError::damaged(path, why));
    }
    let rgb = rgb_from_planes(&done.stdout, &format).map_err(|error| PreviewError::from_yuv(path, &error))?;
    Ok(Frame {
        width: format.width,
        height: format.height,
        rgb,
        pixel_aspect: video.pixel_aspect,
        linear: false,
        own_input: None,
        read_as: format!("{words}, decoded by ffmpeg {}", ffmpeg.version()),
    })
}

/// What reads a single-frame file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameReader {
    Exr,
    Dpx,
    Ffmpeg,
}

/// By extension; the readers check the content.
pub(crate) fn reader_of(path: &Path) -> FrameReader {
    match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("exr") => FrameReader::Exr,
        Some("dpx") => FrameReader::Dpx,
        _ => FrameReader::Ffmpeg,
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
        FrameReader::Ffmpeg => {
            let ffmpeg = ffmpeg?;
            let info = media_info(ffmpeg, path)?;
            container_frame(ffmpeg, path, &info, 0, range)
        }
    }
}
