//! Owns proxies: decode, colour by a baked 65^3 LUT, ProRes 422 Proxy in a MOV with the clip's timecode, reel and sound. Published
//! under its name only when complete. ProRes because the usual H.264 encoder is GPL (docs/adr/0004-ffmpeg-child-process.md).

use crate::child::{Allowance, Running, keep_some};
use crate::decode::{Seek, checked_format, container_frame, frame_file};
use crate::error::{PreviewError, ToolError};
use crate::ffmpeg::Ffmpeg;
use crate::info::{MediaInfo, media_info, reason};
use crate::resize::{fit, resize};
use crate::still::{Media, effective_input, engine_words, recipe};
use checkgate_color::yuv::{FrameFormat, Range, rgb_from_planes, yuv422p10_from_rgb};
use checkgate_color::{Cdl, ColorEngine, InputChoice, Lut3d, OutputView, Processor, apply_parallel};
use checkgate_model::FrameRate;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a proxy is made of.
#[derive(Debug, Clone)]
pub struct ProxyOptions {
    /// The clip.
    pub media: Media,
    /// Its input colour space.
    pub input: InputChoice,
    /// The view.
    pub output: OutputView,
    /// A CDL in ACEScct before the output transform.
    pub cdl: Option<Cdl>,
    /// Coding range against the file's tags.
    pub range: Option<Range>,
    /// Widest picture.
    pub max_width: usize,
    /// Frame rate of a sequence; a file brings its own.
    pub frame_rate: Option<FrameRate>,
    /// Timecode and reel of a sequence; a file brings its own.
    pub timecode: Option<String>,
    /// See `timecode`.
    pub reel_name: Option<String>,
}

impl ProxyOptions {
    /// Rec.709 by ACES 2.0, at most 1920 wide.
    #[must_use]
    pub fn new(media: Media, input: InputChoice) -> Self {
        Self {
            media,
            input,
            output: OutputView::default(),
            cdl: None,
            range: None,
            max_width: 1920,
            frame_rate: None,
            timecode: None,
            reel_name: None,
        }
    }
}

/// How far a proxy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProxyProgress {
    /// Frames handed to the encoder.
    pub frames_done: u64,
    /// Frames expected; 0 where not known.
    pub frames_total: u64,
}

/// Whether to go on.
pub type ProxyFlow = ControlFlow<()>;

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProxyReport {
    /// Frames in the proxy.
    pub frames: u64,
    /// Its size.
    pub width: usize,
    /// See `width`.
    pub height: usize,
    /// Codec in words.
    pub codec: String,
    /// Start timecode carried over.
    pub timecode: Option<String>,
    /// Reel carried over.
    pub reel_name: Option<String>,
    /// Sound streams carried over.
    pub audio_streams: usize,
    /// Conversion in words.
    pub colour: String,
    /// How the samples were read.
    pub read_as: String,
    /// Bytes of the file.
    pub size_bytes: u64,
}

/// Where frames come from.
enum Frames {
    Container { path: PathBuf, format: FrameFormat, pixel_format: String },
    Files(Vec<PathBuf>),
}

/// Makes a proxy at `out`, which must not be there yet. `control` is called for each frame and may stop the work.
#[expect(clippy::disallowed_methods, reason = "ffmpeg writes the file; only our own partial is removed or given its name")]
pub fn proxy(
    ffmpeg: &Ffmpeg,
    engine: &dyn ColorEngine,
    options: &ProxyOptions,
    out: &Path,
    control: &dyn Fn(ProxyProgress) -> ProxyFlow,
) -> Result<ProxyReport, PreviewError> {
    if out.exists() {
        return Err(PreviewError::Occupied { path: out.to_path_buf() });
    }
    let plan = Plan::new(ffmpeg, engine, options)?;
    let partial = partial_name(out);
    // A part of an earlier attempt is ours and worth nothing.
    let _ = std::fs::remove_file(&partial);
    let made = encode(ffmpeg, &plan, options, &partial, control);
    let frames = match made {
        Ok(frames) => frames,
        Err(error) => {
            let _ = std::fs::remove_file(&partial);
            return Err(error);
        }
    };
    let failed = |source| PreviewError::Write { path: out.to_path_buf(), source };
    let file = OpenOptions::new().write(true).open(&partial).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let size_bytes = file.metadata().map_err(failed)?.len();
    drop(file);
    if out.exists() {
        let _ = std::fs::remove_file(&partial);
        return Err(PreviewError::Occupied { path: out.to_path_buf() });
    }
    std::fs::rename(&partial, out).map_err(failed)?;
    #[cfg(unix)]
    if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(ProxyReport {
        frames,
        width: plan.width,
        height: plan.height,
        codec: "ProRes 422 Proxy".to_owned(),
        timecode: plan.timecode,
        reel_name: plan.reel_name,
        audio_streams: plan.audio_streams,
        colour: plan.colour,
        read_as: plan.read_as,
        size_bytes,
    })
}

/// Hidden beside its destination and no media extension: nothing that looks like media is ever partial (invariant 5).
fn partial_name(out: &Path) -> PathBuf {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    out.with_file_name(format!(".{name}.checkgate-partial"))
}

/// Everything decided before the first frame.
struct Plan {
    frames: Frames,
    total: u64,
    /// The file states the count; one taken from its duration may be off.
    total_stated: bool,
    width: usize,
    height: usize,
    rate: FrameRate,
    processor: Box<dyn Processor>,
    colour: String,
    read_as: String,
    timecode: Option<String>,
    reel_name: Option<String>,
    audio_streams: usize,
}

impl Plan {
    fn new(ffmpeg: &Ffmpeg, engine: &dyn ColorEngine, options: &ProxyOptions) -> Result<Self, PreviewError> {
        let rate_missing = |path: &Path| PreviewError::damaged(path, "no frame rate");
        let (path, frames, total, size, aspect, linear, input, rate, read_as, info, probe) = match &options.media {
            Media::File(path) => {
                let info = media_info(ffmpeg, path)?;
                let (video, format, words) = checked_format(ffmpeg, path, &info, options.range)?;
                format.frame_bytes().map_err(|error| PreviewError::from_yuv(path, &error))?;
                let rate = video.frame_rate.ok_or_else(|| rate_missing(path))?;
                let (total, aspect) = (video.frames.unwrap_or(0), video.pixel_aspect);
                let frames = Frames::Container { path: path.clone(), format, pixel_format: video.pixel_format.clone() };
                let words = format!("{words}, decoded by ffmpeg {}", ffmpeg.version());
                // A middle that cannot be decoded is found when the proxy comes to it.
                let middle = container_frame(ffmpeg, path, &info, total / 2, options.range, Seek::Keyframe);
                let probe = middle.map_or_else(|_| Vec::new(), |(frame, _)| spread(&frame.rgb));
                (
                    path.clone(),
                    frames,
                    total,
                    (format.width, format.height),
                    aspect,
                    false,
                    options.input.clone(),
                    rate,
                    words,
                    Some(info),
                    probe,
                )
            }
            Media::Frames(paths) => {
                let first = paths.first().ok_or(PreviewError::NoFrames)?;
                let frame = frame_file(Ok(ffmpeg), first, ffmpeg.limits().pixels, options.range)?;
                let input = effective_input(&options.input, &frame);
                let rate = options.frame_rate.ok_or_else(|| rate_missing(first))?;
                let size = (frame.width, frame.height);
                let frames = Frames::Files(paths.clone());
                (
                    first.clone(),
                    frames,
                    paths.len() as u64,
                    size,
                    frame.pixel_aspect,
                    frame.linear,
                    input,
                    rate,
                    frame.read_as,
                    None,
                    spread(&frame.rgb),
                )
            }
        };
        let (fitted_width, fitted_height) = fit(size.0, size.1, aspect, Some(options.max_width));
        // 4:2:2 wants an even width; an even height keeps every player content.
        let (width, height) = ((fitted_width / 2 * 2).max(2), (fitted_height / 2 * 2).max(2));
        let recipe = recipe(&input, &options.output, options.cdl)
            .ok_or_else(|| PreviewError::UnknownInput { path: path.clone(), reason: input.reason().to_owned() })?;
        let exact = engine.processor(&recipe).map_err(|source| PreviewError::Color { path: path.clone(), source })?;
        let (processor, words) = cube(exact, linear, &probe);
        let colour = format!("{words}; {}", engine_words(&options.output));
        let timecode = info.as_ref().and_then(|info| info.timecode.clone()).or_else(|| options.timecode.clone());
        let reel_name = info.as_ref().and_then(|info| info.reel_name.clone()).or_else(|| options.reel_name.clone());
        let total_stated = info.as_ref().and_then(|info| info.video.as_ref()).is_none_or(|video| !video.frames_estimated);
        let audio_streams = info.as_ref().map_or(0, |info: &MediaInfo| info.audio.len());
        Ok(Self {
            frames,
            total,
            total_stated,
            width,
            height,
            rate,
            processor,
            colour,
            read_as,
            timecode,
            reel_name,
            audio_streams,
        })
    }

    /// One decoded frame as the bytes the encoder is fed.
    fn convert(&self, rgb: &[[f32; 3]], from: (usize, usize), path: &Path) -> Result<Vec<u8>, PreviewError> {
        let mut scaled = resize(rgb, from.0, from.1, self.width, self.height)
            .ok_or_else(|| PreviewError::damaged(path, "the frame has no size"))?;
        apply_parallel(self.processor.as_ref(), &mut scaled);
        Ok(yuv422p10_from_rgb(&scaled, self.width))
    }
}

/// Most pixels on which the cube is chosen.
const PROBE_PIXELS: usize = 16_384;

/// Pixels spread over a frame.
fn spread(rgb: &[[f32; 3]]) -> Vec<[f32; 3]> {
    rgb.iter().copied().step_by(rgb.len().div_ceil(PROBE_PIXELS).max(1)).collect()
}

/// The cube nearest to the exact conversion on the probe, with its error in words. Linear light does not fit a cube's 0 to 1, and what
/// is brighter than the probe would be cut off; it goes the exact way.
fn cube(exact: Box<dyn Processor>, linear: bool, probe: &[[f32; 3]]) -> (Box<dyn Processor>, String) {
    if linear {
        let words = exact.description().to_owned();
        return (exact, words);
    }
    let (lut, tried) = Lut3d::choose(exact.as_ref(), Lut3d::PROXY_SIZE, probe);
    let error = tried.iter().find(|(shaper, _)| *shaper == lut.shaper()).map(|(_, error)| *error);
    let words = match error.filter(|_| !probe.is_empty()) {
        Some(error) => {
            format!(
                "{}, off the exact conversion by {:.2} codes of 1023 on average and {:.1} at most on a frame",
                lut.description(),
                error.mean,
                error.max
            )
        }
        None => lut.description().to_owned(),
    };
    (Box::new(lut), words)
}

/// The children of one proxy, killed together.
#[derive(Clone, Default)]
pub(crate) struct Children(Arc<Mutex<Vec<Running>>>);

impl Children {
    pub(crate) fn add(&self, running: Running) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(running);
    }

    fn kill(&self) {
        for running in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            running.kill();
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // The watchdog's copy must not kill what still works.
        if Arc::strong_count(&self.0) == 1 {
            self.kill();
        }
    }
}

/// Kills the children when nothing moves for `stall`.
pub(crate) struct Watchdog {
    pub(crate) moved: Arc<AtomicU64>,
    pub(crate) fired: Arc<AtomicBool>,
    stop: Option<mpsc::SyncSender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Watchdog {
    pub(crate) fn start(children: &Children, stall: Duration) -> Self {
        let (moved, fired) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (stop, stopped) = mpsc::sync_channel::<()>(1);
        let (seen, flag, children) = (Arc::clone(&moved), Arc::clone(&fired), children.clone());
        let thread = std::thread::spawn(move || {
            let (mut last, mut since) = (0, Instant::now());
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::from_millis(100)) {
                let now = seen.load(Ordering::Relaxed);
                if now != last {
                    (last, since) = (now, Instant::now());
                } else if since.elapsed() > stall {
                    flag.store(true, Ordering::Relaxed);
                    children.kill();
                    return;
                }
            }
        });
        Self { moved, fired, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn encode(
    ffmpeg: &Ffmpeg,
    plan: &Plan,
    options: &ProxyOptions,
    partial: &Path,
    control: &dyn Fn(ProxyProgress) -> ProxyFlow,
) -> Result<u64, PreviewError> {
    let source_path = match &plan.frames {
        Frames::Container { path, .. } => path.clone(),
        Frames::Files(paths) => paths.first().cloned().unwrap_or_default(),
    };
    let start_failed = |source| PreviewError::Tool {
        path: source_path.clone(),
        source: ToolError::CannotStart { program: ffmpeg.path().to_path_buf(), source },
    };
    let children = Children::default();
    let memory_bytes = ffmpeg.limits().memory_bytes;
    let mut encoder = Running::spawn(&mut encoder_command(ffmpeg, plan, partial), Allowance { memory_bytes, files: true })
        .map_err(start_failed)?;
    let mut sink = encoder.child().stdin.take().expect("stdin was asked for");
    let encoder_said = encoder.child().stderr.take().expect("stderr was asked for");
    children.add(encoder);
    let encoder_said = std::thread::spawn(move || keep_some(encoder_said));

    let mut decoded = None;
    if let Frames::Container { path, pixel_format, .. } = &plan.frames {
        let mut decoder =
            Running::spawn(&mut decoder_command(ffmpeg, path, pixel_format), Allowance { memory_bytes, files: false })
                .map_err(start_failed)?;
        let planes = decoder.child().stdout.take().expect("stdout was asked for");
        let said = decoder.child().stderr.take().expect("stderr was asked for");
        children.add(decoder);
        decoded = Some((planes, std::thread::spawn(move || keep_some(said))));
    }
    let watchdog = Watchdog::start(&children, ffmpeg.limits().stall);
    let stalled = || PreviewError::Limit {
        path: source_path.clone(),
        what: format!("nothing moved for {} s", ffmpeg.limits().stall.as_secs_f32()),
    };

    // Frames are converted while the encoder works on those before; two may wait.
    let (give, take) = mpsc::sync_channel::<Result<Vec<u8>, PreviewError>>(2);
    let worked = std::thread::scope(|scope| {
        let moved = Arc::clone(&watchdog.moved);
        scope.spawn(move || {
            let each = |result: Result<Vec<u8>, PreviewError>| {
                moved.fetch_add(1, Ordering::Relaxed);
                let last = result.is_err();
                give.send(result).is_err() || last
            };
            match (&plan.frames, decoded) {
                (Frames::Container { path, format, .. }, Some((planes, said))) => {
                    container_frames(plan, path, format, planes, said, each)
                }
                (Frames::Files(paths), _) => {
                    for path in paths {
                        let frame = frame_file(Ok(ffmpeg), path, ffmpeg.limits().pixels, options.range);
                        if each(frame.and_then(|frame| plan.convert(&frame.rgb, (frame.width, frame.height), path))) {
                            return;
                        }
                    }
                }
                (Frames::Container { .. }, None) => {}
            }
        });
        let mut done = 0_u64;
        let outcome = loop {
            let frame = match take.recv() {
                Ok(Ok(frame)) => frame,
                Ok(Err(error)) => break Err(error),
                Err(_) => break Ok(done),
            };
            if sink.write_all(&frame).is_err() {
                break Err(PreviewError::damaged(partial, "the encoder stopped"));
            }
            watchdog.moved.fetch_add(1, Ordering::Relaxed);
            done += 1;
            if control(ProxyProgress { frames_done: done, frames_total: plan.total }).is_break() {
                break Err(PreviewError::Stopped);
            }
        };
        drop(sink);
        if outcome.is_err() {
            children.kill();
        }
        drop(take);
        outcome
    });
    let frames = match worked {
        Ok(0) => Err(PreviewError::damaged(&source_path, "there are no frames")),
        other => other,
    };
    let fired = || watchdog.fired.load(Ordering::Relaxed);
    let frames = match frames {
        Err(PreviewError::Stopped) => return Err(PreviewError::Stopped),
        Err(_) if fired() => return Err(stalled()),
        Err(error) => {
            children.kill();
            let said = encoder_said.join().unwrap_or_default();
            return Err(match error {
                PreviewError::Damaged { path, reason: what } if path == partial => PreviewError::Write {
                    path: partial.to_path_buf(),
                    source: std::io::Error::other(format!("{what}: {}", reason(&said, partial))),
                },
                other => other,
            });
        }
        Ok(frames) => frames,
    };
    // The encoder writes its index now and ends.
    let said = encoder_said.join().unwrap_or_default();
    let status = {
        let mut list = children.0.lock().unwrap_or_else(PoisonError::into_inner);
        list[0].child().wait()
    };
    if fired() {
        return Err(stalled());
    }
    match status {
        Ok(status) if status.success() => Ok(frames),
        _ => Err(PreviewError::Write { path: partial.to_path_buf(), source: std::io::Error::other(reason(&said, partial)) }),
    }
}

/// Reads whole frames from the decoder until it ends; `each` says true when it wants no more.
fn container_frames(
    plan: &Plan,
    path: &Path,
    format: &FrameFormat,
    mut planes: impl Read,
    said: std::thread::JoinHandle<String>,
    each: impl Fn(Result<Vec<u8>, PreviewError>) -> bool,
) {
    let need = match format.frame_bytes() {
        Ok(need) => need,
        Err(error) => {
            each(Err(PreviewError::from_yuv(path, &error)));
            return;
        }
    };
    let mut bytes = vec![0_u8; need];
    let mut frames = 0_u64;
    loop {
        let mut have = 0;
        while have < need {
            match planes.read(&mut bytes[have..]) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(source) => {
                    each(Err(PreviewError::Read { path: path.to_path_buf(), source }));
                    return;
                }
            }
        }
        if have == need {
            frames += 1;
            let converted = rgb_from_planes(&bytes, format)
                .map_err(|error| PreviewError::from_yuv(path, &error))
                .and_then(|rgb| plan.convert(&rgb, (format.width, format.height), path));
            if each(converted) {
                return;
            }
            continue;
        }
        let said = said.join().unwrap_or_default();
        let short = plan.total_stated && plan.total > frames && frames > 0;
        if have > 0 || !said.is_empty() || short {
            let why = format!("only {frames} of {} frames could be decoded; {}", plan.total, reason(&said, path));
            each(Err(PreviewError::damaged(path, why)));
        }
        return;
    }
}

pub(crate) fn decoder_command(ffmpeg: &Ffmpeg, path: &Path, pixel_format: &str) -> std::process::Command {
    let mut command = ffmpeg.command();
    command.arg("-noautorotate");
    Ffmpeg::add_input(&mut command, path);
    command.args(["-map", "0:v:0", "-an", "-sn", "-dn", "-fps_mode", "passthrough", "-f", "rawvideo"]);
    command.args(["-pix_fmt", pixel_format, "pipe:1"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn encoder_command(ffmpeg: &Ffmpeg, plan: &Plan, partial: &Path) -> std::process::Command {
    let mut command = ffmpeg.command();
    let size = format!("{}x{}", plan.width, plan.height);
    let rate = format!("{}/{}", plan.rate.num, plan.rate.den);
    command.args(["-f", "rawvideo", "-pix_fmt", "yuv422p10le", "-s", &size, "-r", &rate]);
    command.args([
        "-color_range",
        "tv",
        "-colorspace",
        "bt709",
        "-color_trc",
        "bt709",
        "-color_primaries",
        "bt709",
        "-i",
        "pipe:0",
    ]);
    let with_sound = match &plan.frames {
        Frames::Container { path, .. } if plan.audio_streams > 0 => {
            Ffmpeg::add_input(&mut command, path);
            true
        }
        _ => false,
    };
    command.args(["-map", "0:v:0"]);
    if with_sound {
        command.args(["-map", "1:a", "-c:a", "pcm_s24le"]);
    }
    command.args([
        "-map_metadata",
        "-1",
        "-c:v",
        "prores_ks",
        "-profile:v",
        "proxy",
        "-vendor",
        "apl0",
        "-pix_fmt",
        "yuv422p10le",
    ]);
    command.args(["-color_range", "tv", "-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709"]);
    command.args(["-fflags", "+bitexact", "-flags:v", "+bitexact", "-write_tmcd", "1"]);
    if let Some(reel) = &plan.reel_name {
        command.args(["-metadata:s:v:0", &format!("reel_name={reel}")]);
    }
    if let Some(timecode) = &plan.timecode {
        command.args(["-timecode", timecode]);
    }
    command.args(["-f", "mov"]);
    let mut target = std::ffi::OsString::from("file:");
    target.push(partial);
    command.arg(target).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
