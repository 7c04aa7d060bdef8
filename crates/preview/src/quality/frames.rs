//! Owns the way of every frame of a clip past the meters: luma only, one frame and the one before, whatever the clip's length.

use super::QualityRequest;
use crate::child::{Allowance, Running, keep_some};
use crate::decode::{FrameReader, checked_format, frame_file, reader_of};
use crate::error::{PreviewError, ToolError};
use crate::ffmpeg::Ffmpeg;
use crate::info::{media_info, reason};
use crate::proxy::{Children, Watchdog, decoder_command};
use crate::scopes::luma;
use crate::still::Media;
use checkgate_color::yuv::{FrameFormat, Layout, rgb_from_planes};
use rayon::prelude::*;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// A frame as luma in code values, and the one before it.
pub(crate) struct Lumas<'a> {
    pub(crate) number: u64,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) now: &'a [f32],
    pub(crate) before: Option<&'a [f32]>,
}

/// How the reading ended.
pub(crate) struct Reading {
    pub(crate) path: PathBuf,
    /// What the decoder said where it did not come to the end.
    pub(crate) broken: Option<String>,
}

pub(crate) type Each<'a> = &'a mut dyn FnMut(&Lumas<'_>) -> ControlFlow<()>;

/// Shows every frame to `each`.
pub(crate) fn each(ffmpeg: &Ffmpeg, request: &QualityRequest, each: Each<'_>) -> Result<Reading, PreviewError> {
    match &request.media {
        Media::File(path) if reader_of(path) == FrameReader::Ffmpeg => container(ffmpeg, path, request, each),
        Media::File(path) => files(ffmpeg, std::slice::from_ref(path), request, each),
        Media::Frames(paths) => files(ffmpeg, paths, request, each),
    }
}

/// Keeps the frame before.
#[derive(Default)]
struct Pair {
    number: u64,
    now: Vec<f32>,
    before: Vec<f32>,
}

impl Pair {
    /// Shows `now`, then makes it the frame before.
    fn show(&mut self, width: usize, height: usize, each: &mut dyn FnMut(&Lumas<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let before = (self.before.len() == self.now.len()).then_some(self.before.as_slice());
        let flow = each(&Lumas { number: self.number, width, height, now: &self.now, before });
        self.number += 1;
        std::mem::swap(&mut self.now, &mut self.before);
        flow
    }
}

fn files(ffmpeg: &Ffmpeg, paths: &[PathBuf], request: &QualityRequest, each: Each<'_>) -> Result<Reading, PreviewError> {
    let path = paths.first().ok_or(PreviewError::NoFrames)?;
    let mut pair = Pair::default();
    for file in paths {
        let frame = match frame_file(Ok(ffmpeg), file, ffmpeg.limits().pixels, request.range) {
            Ok(frame) => frame,
            Err(error) if pair.number > 0 => {
                return Ok(Reading { path: file.clone(), broken: Some(error.to_string()) });
            }
            Err(error) => return Err(error),
        };
        // Scene light on a scale of 16 stops, mid grey in the middle: the meters expect code values.
        let code =
            |pixel: &[f32; 3]| if frame.linear { ((luma(*pixel).max(1e-6) / 0.18).log2() + 8.0) / 16.0 } else { luma(*pixel) };
        pair.now.clear();
        pair.now.par_extend(frame.rgb.par_iter().map(code));
        if pair.show(frame.width, frame.height, each).is_break() {
            return Err(PreviewError::Stopped);
        }
    }
    Ok(Reading { path: path.clone(), broken: None })
}

/// Luma of one raw frame: the luma plane itself where there is one.
fn read_luma(bytes: &[u8], format: &FrameFormat, path: &Path, out: &mut Vec<f32>) -> Result<(), PreviewError> {
    let failed = |error| PreviewError::from_yuv(path, &error);
    let plane = FrameFormat { layout: Layout::Gray, alpha: false, ..*format };
    let rgb = match format.layout {
        Layout::Yuv444 | Layout::Yuv422 | Layout::Yuv420 | Layout::Gray => {
            let need = plane.frame_bytes().map_err(failed)?;
            rgb_from_planes(&bytes[..need.min(bytes.len())], &plane).map_err(failed)?
        }
        Layout::Gbr | Layout::PackedRgb => rgb_from_planes(bytes, format).map_err(failed)?,
    };
    out.clear();
    out.par_extend(rgb.par_iter().map(|pixel| luma(*pixel)));
    Ok(())
}

fn container(ffmpeg: &Ffmpeg, path: &Path, request: &QualityRequest, each: Each<'_>) -> Result<Reading, PreviewError> {
    let info = media_info(ffmpeg, path)?;
    let (video, format, _) = checked_format(ffmpeg, path, &info, request.range)?;
    let need = format.frame_bytes().map_err(|error| PreviewError::from_yuv(path, &error))?;
    let stated = video.frames.filter(|_| !video.frames_estimated);
    let mut decoder = Running::spawn(
        &mut decoder_command(ffmpeg, path, &video.pixel_format),
        Allowance { memory_bytes: ffmpeg.limits().memory_bytes, files: false },
    )
    .map_err(|source| PreviewError::Tool {
        path: path.to_path_buf(),
        source: ToolError::CannotStart { program: ffmpeg.path().to_path_buf(), source },
    })?;
    let mut planes = decoder.child().stdout.take().expect("stdout was asked for");
    let said = decoder.child().stderr.take().expect("stderr was asked for");
    let children = Children::default();
    children.add(decoder);
    let said = std::thread::spawn(move || keep_some(said));
    let watchdog = Watchdog::start(&children, ffmpeg.limits().stall);
    let mut pair = Pair::default();
    let mut bytes = vec![0_u8; need];
    let have = loop {
        let mut have = 0;
        while have < need {
            match planes.read(&mut bytes[have..]) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(source) => return Err(PreviewError::Read { path: path.to_path_buf(), source }),
            }
            watchdog.moved.fetch_add(1, Ordering::Relaxed);
        }
        if have < need {
            break have;
        }
        read_luma(&bytes, &format, path, &mut pair.now)?;
        if pair.show(format.width, format.height, each).is_break() {
            return Err(PreviewError::Stopped);
        }
    };
    if watchdog.fired.load(Ordering::Relaxed) {
        let what = format!("nothing moved for {} s", ffmpeg.limits().stall.as_secs_f32());
        return Err(PreviewError::Limit { path: path.to_path_buf(), what });
    }
    let said = said.join().unwrap_or_default();
    if pair.number == 0 {
        return Err(PreviewError::damaged(path, reason(&said, path)));
    }
    let short = stated.is_some_and(|frames| frames > pair.number);
    let broken = (have > 0 || short || !said.is_empty()).then(|| match stated {
        Some(frames) => format!("the file states {frames} frames; {}", reason(&said, path)),
        None => reason(&said, path),
    });
    Ok(Reading { path: path.to_path_buf(), broken })
}
