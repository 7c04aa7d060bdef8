//! Owns one still: pick the frame, decode, scale, colour through the exact engine. Where the input space is not known the picture
//! shows the code values as they are and says so on its face: no ACES picture is pretended (invariant 10).

use crate::camera_raw;
use crate::decode::{FrameReader, Seek, container_frame, frame_file, reader_of};
use crate::error::{PreviewError, ToolError};
use crate::exif;
use crate::ffmpeg::{Ffmpeg, Limits};
use crate::frame::Frame;
use crate::geometry::{Geometry, Orientation, draw, orient};
use crate::info::{MediaInfo, media_info};
use crate::picture::{Picture, Provenance};
use crate::plugin::Plugins;
use crate::prores_mov;
use crate::resize::{fit, resize};
use crate::text::{Canvas, Weight, width_of};
use checkgate_color::yuv::Range;
use checkgate_color::{Cdl, ColorEngine, InputChoice, OutputView, Recipe, Target, apply_parallel};
use std::path::{Path, PathBuf};

/// What is to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// A file with a picture stream (MOV, MXF, …), or one single-frame file.
    File(PathBuf),
    /// One file per frame, in order.
    Frames(Vec<PathBuf>),
}

/// Which frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FramePick {
    /// The first.
    First,
    /// The one in the middle: it shows more of a take than a slate does.
    #[default]
    Middle,
    /// The last.
    Last,
    /// A certain one, from 0.
    Index(u64),
}

/// A still to be made.
#[derive(Debug, Clone)]
pub struct StillRequest {
    /// The clip.
    pub media: Media,
    /// Its input colour space, by metadata or by hand. For EXR files `Unknown` means: what the file's chromaticities say.
    pub input: InputChoice,
    /// Which frame.
    pub frame: FramePick,
    /// The view.
    pub output: OutputView,
    /// A CDL in ACEScct before the output transform.
    pub cdl: Option<Cdl>,
    /// Coding range against the file's tags, where a person knows better.
    pub range: Option<Range>,
    /// Widest picture; `None` keeps the size.
    pub max_width: Option<usize>,
    /// How exactly the frame is found.
    pub seek: Seek,
    /// Decoders that a person installed, for what nothing here decodes.
    pub plugins: Plugins,
    /// The camera's own smaller renderings of this clip, for what nothing decodes; the picture then says that it is one.
    pub camera_proxies: Vec<PathBuf>,
    /// Orientation, desqueeze, crop and framelines.
    pub geometry: Geometry,
}

impl StillRequest {
    /// The middle frame through ACES 2.0 for Rec.709, at most 960 wide.
    #[must_use]
    pub fn new(media: Media, input: InputChoice) -> Self {
        Self {
            media,
            input,
            frame: FramePick::Middle,
            output: OutputView::default(),
            cdl: None,
            range: None,
            max_width: Some(960),
            seek: Seek::Exact,
            plugins: Plugins::default(),
            camera_proxies: Vec::new(),
            geometry: Geometry::default(),
        }
    }
}

/// The engine's name in provenance.
pub(crate) fn engine_words(output: &OutputView) -> String {
    format!("ocio 0.3.0 exact, {}", output.aces.config_name())
}

/// Makes a still. `ffmpeg` is needed for films only.
pub fn still(ffmpeg: Option<&Ffmpeg>, engine: &dyn ColorEngine, request: &StillRequest) -> Result<Picture, PreviewError> {
    let Decoded { mut frame, index, path, camera_proxy } = decode(ffmpeg, request)?;
    let input = effective_input(&request.input, &frame);
    let framelines = request.geometry.apply(&mut frame);
    let (aspect, why) = request.geometry.aspect(frame.pixel_aspect);
    let (width, height) = fit(frame.width, frame.height, aspect, request.max_width);
    let mut scaled = if (width, height) == (frame.width, frame.height) {
        "not scaled".to_owned()
    } else {
        let on = if frame.linear { "scene-linear values" } else { "code values as recorded" };
        format!("{}x{} to {width}x{height} on {on}, before colour", frame.width, frame.height)
    };
    if !why.is_empty() {
        scaled = format!("{scaled}, {why}");
    }
    let mut rgb = resize(&frame.rgb, frame.width, frame.height, width, height)
        .ok_or_else(|| PreviewError::damaged(&path, format!("no picture of {width} by {height} pixels")))?;
    let colour_managed = colour(engine, &path, &input, request, &mut rgb)?;
    draw(&framelines, &mut rgb, width, height);
    let mut picture = Picture {
        width,
        height,
        rgb,
        provenance: Provenance {
            input_space: input.space().map(str::to_owned),
            input_reason: input.reason().to_owned(),
            output: if colour_managed { request.output.label() } else { "code values as recorded".to_owned() },
            colour_managed,
            engine: if colour_managed { engine_words(&request.output) } else { "none".to_owned() },
            read_as: frame.read_as,
            camera_proxy,
            frame: index,
            scaled,
        },
    };
    if !colour_managed {
        label_unmanaged(&mut picture);
    }
    Ok(picture)
}

/// Frames of a clip, as far as its file says; 1 where it does not.
pub fn frame_count(ffmpeg: Option<&Ffmpeg>, media: &Media) -> Result<u64, PreviewError> {
    match media {
        Media::Frames(paths) => Ok(paths.len() as u64),
        Media::File(path) if reader_of(path) != FrameReader::Ffmpeg => Ok(1),
        Media::File(path) => {
            let ffmpeg = ffmpeg.ok_or_else(|| no_ffmpeg(path))?;
            if let Some(frames) = prores_mov::look(path).and_then(|video| video.frames) {
                return Ok(frames);
            }
            Ok(media_info(ffmpeg, path)?.video.and_then(|video| video.frames).unwrap_or(1))
        }
    }
}

/// A frame as scopes see it.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Code values as recorded, turned, cropped and desqueezed as asked for.
    pub code: Picture,
    /// The same in ACES2065-1; `None` where the input is not scene-referred or not known.
    pub aces: Option<Vec<[f32; 3]>>,
}

/// A frame to be measured, not to be looked at; framelines are not drawn.
pub fn measured(ffmpeg: Option<&Ffmpeg>, engine: &dyn ColorEngine, request: &StillRequest) -> Result<Measured, PreviewError> {
    let (mut frame, index, path) = original(ffmpeg, request)?;
    let input = effective_input(&request.input, &frame);
    request.geometry.apply(&mut frame);
    let (aspect, why) = request.geometry.aspect(frame.pixel_aspect);
    let (width, height) = fit(frame.width, frame.height, aspect, request.max_width);
    let rgb = resize(&frame.rgb, frame.width, frame.height, width, height)
        .ok_or_else(|| PreviewError::damaged(&path, format!("no picture of {width} by {height} pixels")))?;
    let aces = match &input {
        InputChoice::Scene { space, .. } => {
            let recipe = Recipe::to_space(space, "ACES2065-1");
            let processor = engine.processor(&recipe).map_err(|source| PreviewError::Color { path, source })?;
            let mut aces = rgb.clone();
            apply_parallel(processor.as_ref(), &mut aces);
            Some(aces)
        }
        _ => None,
    };
    let provenance = Provenance {
        input_space: input.space().map(str::to_owned),
        input_reason: input.reason().to_owned(),
        output: "code values as recorded".to_owned(),
        colour_managed: false,
        engine: "none".to_owned(),
        read_as: frame.read_as,
        frame: index,
        scaled: why,
        camera_proxy: false,
    };
    Ok(Measured { code: Picture { width, height, rgb, provenance }, aces })
}

/// Runs the colour; false where the input is not known.
fn colour(
    engine: &dyn ColorEngine,
    path: &Path,
    input: &InputChoice,
    request: &StillRequest,
    rgb: &mut [[f32; 3]],
) -> Result<bool, PreviewError> {
    let Some(recipe) = recipe(input, &request.output, request.cdl) else { return Ok(false) };
    let processor = engine.processor(&recipe).map_err(|source| PreviewError::Color { path: path.to_path_buf(), source })?;
    apply_parallel(processor.as_ref(), rgb);
    Ok(true)
}

/// The conversion for an input: an output transform for scene-referred pictures, a plain conversion between displays for those
/// that were made for a display already.
pub(crate) fn recipe(input: &InputChoice, output: &OutputView, cdl: Option<Cdl>) -> Option<Recipe> {
    match input {
        InputChoice::Unknown { .. } => None,
        InputChoice::Scene { space, .. } => Some(Recipe { cdl, ..Recipe::to_view(space, output) }),
        InputChoice::Display { space, .. } => Some(Recipe {
            source: space.clone(),
            target: Target::ColorSpace(output.display.clone()),
            look: None,
            cdl: None,
            aces: output.aces,
        }),
    }
}

pub(crate) fn effective_input(asked: &InputChoice, frame: &Frame) -> InputChoice {
    match (asked, &frame.own_input) {
        (_, Some(own)) if frame.converted => own.clone(),
        (InputChoice::Unknown { .. }, Some(own)) => own.clone(),
        _ => asked.clone(),
    }
}

fn no_ffmpeg(path: &Path) -> PreviewError {
    PreviewError::Tool { path: path.to_path_buf(), source: ToolError::NotFound { program: "ffmpeg".to_owned() } }
}

fn pick(frame: FramePick, frames: u64, path: &Path) -> Result<u64, PreviewError> {
    match frame {
        FramePick::First => Ok(0),
        FramePick::Middle => Ok(frames / 2),
        FramePick::Last => Ok(frames.saturating_sub(1)),
        FramePick::Index(index) if index < frames => Ok(index),
        FramePick::Index(frame) => Err(PreviewError::NoSuchFrame { path: path.to_path_buf(), frame, frames }),
    }
}

pub(crate) struct Decoded {
    pub(crate) frame: Frame,
    pub(crate) index: u64,
    pub(crate) path: PathBuf,
    pub(crate) camera_proxy: bool,
}

/// The frame from the original; where nothing here decodes it, by a plug-in, and at last from what the camera itself rendered.
pub(crate) fn decode(ffmpeg: Option<&Ffmpeg>, request: &StillRequest) -> Result<Decoded, PreviewError> {
    let pixels = ffmpeg.map_or_else(|| Limits::default().pixels, |ffmpeg| ffmpeg.limits().pixels);
    let error = match decode_original(ffmpeg, request, pixels) {
        Ok((mut frame, index, path)) => {
            orient(&mut frame, exif::orientation(&path));
            return Ok(Decoded { frame, index, path, camera_proxy: false });
        }
        // What is damaged may be a format that ffmpeg does not know.
        Err(error @ (PreviewError::Unsupported { .. } | PreviewError::Damaged { .. })) => error,
        Err(error) => return Err(error),
    };
    let (path, of_sequence) = match &request.media {
        Media::File(path) => (path.clone(), None),
        Media::Frames(paths) => {
            let first = paths.first().ok_or(PreviewError::NoFrames)?;
            let index = pick(request.frame, paths.len() as u64, first)?;
            (paths[index as usize].clone(), Some(index))
        }
    };
    let by_plugin = request.plugins.frame(&path, pixels, |frames| match of_sequence {
        Some(_) => Ok(0),
        None => pick(request.frame, frames, &path),
    });
    let error = match by_plugin {
        Some(Ok((frame, index))) => {
            return Ok(Decoded { frame, index: of_sequence.unwrap_or(index), path, camera_proxy: false });
        }
        Some(Err(failed)) => failed,
        None => error,
    };
    // A damaged original is said, not papered over.
    if !matches!(error, PreviewError::Unsupported { .. }) {
        return Err(error);
    }
    let part = match request.frame {
        FramePick::First | FramePick::Index(0) => 0.0,
        FramePick::Middle => 0.5,
        FramePick::Last => 1.0,
        // A certain frame of the original is not to be had from something else.
        FramePick::Index(_) => return Err(error),
    };
    let from_camera = camera_raw::beside(ffmpeg, &request.camera_proxies, part, pixels)
        .or_else(|| camera_raw::embedded(&path).map(|frame| (frame, 0)));
    match from_camera {
        Some((mut frame, index)) => {
            frame.read_as = format!("{} ({error})", frame.read_as);
            Ok(Decoded { frame, index, path, camera_proxy: true })
        }
        None => Err(error),
    }
}

/// The frame as it was recorded: for measuring and for handing on, where the camera's own smaller picture will not do.
pub(crate) fn original(ffmpeg: Option<&Ffmpeg>, request: &StillRequest) -> Result<(Frame, u64, PathBuf), PreviewError> {
    let Decoded { frame, index, path, camera_proxy } = decode(ffmpeg, request)?;
    if camera_proxy {
        return Err(PreviewError::Unsupported {
            path,
            what: "the original, of which there is only the camera's own smaller picture,".to_owned(),
        });
    }
    Ok((frame, index, path))
}

fn decode_original(
    ffmpeg: Option<&Ffmpeg>,
    request: &StillRequest,
    pixels: usize,
) -> Result<(Frame, u64, PathBuf), PreviewError> {
    match &request.media {
        Media::Frames(paths) => {
            let first = paths.first().ok_or(PreviewError::NoFrames)?;
            let index = pick(request.frame, paths.len() as u64, first)?;
            let path = &paths[index as usize];
            let frame = frame_file(ffmpeg.ok_or_else(|| no_ffmpeg(path)), path, pixels, request.range)?;
            Ok((frame, index, path.clone()))
        }
        Media::File(path) => match reader_of(path) {
            FrameReader::Raw(format) => Err(camera_raw::unsupported(path, format)),
            FrameReader::Ffmpeg => film_frame(ffmpeg, path, request),
            _ => {
                let index = pick(request.frame, 1, path)?;
                Ok((frame_file(Err(no_ffmpeg(path)), path, pixels, request.range)?, index, path.clone()))
            }
        },
    }
}

/// How far before its estimated end a film's last frame is looked for.
const LAST_FRAME_TRIES: u64 = 3;

fn film_frame(ffmpeg: Option<&Ffmpeg>, path: &Path, request: &StillRequest) -> Result<(Frame, u64, PathBuf), PreviewError> {
    let ffmpeg = ffmpeg.ok_or_else(|| no_ffmpeg(path))?;
    if let Some(video) = prores_mov::look(path) {
        let made = frame_of(ffmpeg, path, &MediaInfo { video: Some(video), ..MediaInfo::default() }, request);
        // Where the quick look was not enough, ffprobe says more.
        if !matches!(made, Err(PreviewError::Damaged { .. } | PreviewError::Unsupported { .. })) {
            return made;
        }
    }
    frame_of(ffmpeg, path, &media_info(ffmpeg, path)?, request)
}

fn frame_of(
    ffmpeg: &Ffmpeg,
    path: &Path,
    info: &MediaInfo,
    request: &StillRequest,
) -> Result<(Frame, u64, PathBuf), PreviewError> {
    let video = info.video.as_ref().ok_or_else(|| PreviewError::damaged(path, "there is no picture stream"))?;
    let turn = Orientation { mirrored: false, quarters: video.quarter_turns };
    let mut index = pick(request.frame, video.frames.unwrap_or(1), path)?;
    // A count from the duration may be some too many; the last frame is the last that is there.
    let mut tries = if video.frames_estimated && request.frame == FramePick::Last { LAST_FRAME_TRIES } else { 0 };
    loop {
        match container_frame(ffmpeg, path, info, index, request.range, request.seek) {
            Ok((mut frame, index)) => {
                orient(&mut frame, turn);
                return Ok((frame, index, path.to_path_buf()));
            }
            Err(PreviewError::Damaged { .. }) if tries > 0 && index > 0 => (index, tries) = (index - 1, tries - 1),
            Err(error) => return Err(error),
        }
    }
}

/// Nobody may take this picture for a graded one.
fn label_unmanaged(picture: &mut Picture) {
    let size = (picture.width as f32 / 32.0).clamp(11.0, 40.0);
    let text = if picture.provenance.camera_proxy { "camera's own proxy, not colour managed" } else { "not colour managed" };
    let (pad, wide) = (size * 0.5, width_of(text, size, Weight::Bold));
    let high = (size * 1.6) as usize;
    let top = picture.height.saturating_sub(high);
    let (width, height) = (picture.width, picture.height);
    let mut canvas = Canvas { rgb: &mut picture.rgb, width, height };
    canvas.fill(0, top, (wide + 2.0 * pad) as usize, high, [0.05; 3], 0.85);
    canvas.write(text, pad, top as f32 + size * 0.15, size, Weight::Bold, [0.92; 3]);
}
