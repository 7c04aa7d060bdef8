//! Owns the encoder child process: raw planes in on its standard input, one media file out. Matrix and range are stated, never guessed.

use super::{ForgeError, Plan, SYNTHETIC};
use crate::picture::camera_log::{CameraColour, encode};
use crate::picture::yuv::{Planes, planes_from_codes};
use crate::picture::{Scene, Shot};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;

/// The encoder: `CHECKGATE_FFMPEG`, else `ffmpeg` on the path.
pub(crate) fn ffmpeg_program() -> String {
    std::env::var("CHECKGATE_FFMPEG").unwrap_or_else(|_| "ffmpeg".to_owned())
}

/// One moving picture to make.
pub(crate) struct Movie<'a> {
    pub(crate) path: &'a Path,
    pub(crate) scene: Scene,
    pub(crate) colour: CameraColour,
    pub(crate) planes: Planes,
    pub(crate) frames: u32,
    pub(crate) rate: (u32, u32),
    pub(crate) timecode: &'a str,
    /// Encoder and muxer arguments.
    pub(crate) arguments: Vec<String>,
}

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Whether the encoder knows `name`.
pub(crate) fn has_encoder(name: &str) -> bool {
    Command::new(ffmpeg_program())
        .args(["-hide_banner", "-loglevel", "quiet", "-encoders"])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == name))
}

/// Renders, encodes and writes one clip with two channels of sound.
pub(crate) fn write_movie(plan: &Plan<'_>, movie: &Movie<'_>) -> Result<(), ForgeError> {
    let (width, height) = plan.picture_size();
    let program = ffmpeg_program();
    let rate = format!("{}/{}", movie.rate.0, movie.rate.1);
    let seconds = f64::from(movie.frames) * f64::from(movie.rate.1) / f64::from(movie.rate.0);
    let mut command = Command::new(&program);
    command
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-n", "-f", "rawvideo"])
        .args(["-pix_fmt", movie.planes.ffmpeg_name(), "-s", &format!("{width}x{height}"), "-r", &rate, "-i", "pipe:0"])
        .args(["-f", "lavfi", "-i", &format!("sine=frequency=440:beep_factor=2:sample_rate=48000:duration={seconds}")])
        .args(["-map", "0:v", "-map", "1:a", "-ac", "2", "-vf", "setparams=colorspace=bt709:range=tv"])
        .args(["-timecode", movie.timecode, "-metadata", &format!("comment={SYNTHETIC}")])
        .args(["-metadata", "creation_time=2026-11-23T14:23:07Z"])
        .args(&movie.arguments)
        .arg(movie.path);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| ForgeError::EncoderMissing { program: program.clone(), source })?;
    let mut pipe = child.stdin.take().expect("standard input was asked for");
    let shot = Shot::new(movie.scene, width, height, plan.seed);
    // A few frames wait for the encoder, so that neither side idles.
    let (sender, receiver) = sync_channel::<Vec<u8>>(2);
    let fed = std::thread::scope(|scope| {
        let feeder =
            scope.spawn(move || -> std::io::Result<()> { receiver.iter().try_for_each(|planes| pipe.write_all(&planes)) });
        for number in 0..movie.frames {
            let frame = shot.frame(number as f32 / 24.0);
            let planes = planes_from_codes(&encode(&frame, movie.colour, number), width, movie.planes);
            if sender.send(planes).is_err() {
                break;
            }
        }
        drop(sender);
        feeder.join().expect("the feeder only writes")
    });
    finish(child, movie.path, fed)
}

/// One picture as JPEG, for a camera's own thumbnail; the camera shows its log picture flat, and so does this.
pub(crate) fn write_thumbnail(plan: &Plan<'_>, path: &Path, scene: Scene, colour: CameraColour) -> Result<(), ForgeError> {
    let (width, height) = (160, 90);
    let frame = Shot::new(scene, width, height, plan.seed).frame(0.0);
    let bytes: Vec<u8> = encode(&frame, colour, 0)
        .iter()
        .flat_map(|code| code.map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8))
        .collect();
    let program = ffmpeg_program();
    let mut child = Command::new(&program)
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-n", "-f", "rawvideo", "-pix_fmt", "rgb24"])
        .args(["-s", &format!("{width}x{height}"), "-i", "pipe:0", "-frames:v", "1", "-q:v", "4", "-pix_fmt", "yuvj420p"])
        .args(["-metadata", &format!("comment={SYNTHETIC}"), "-f", "mjpeg"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| ForgeError::EncoderMissing { program, source })?;
    let mut pipe = child.stdin.take().expect("standard input was asked for");
    let fed = pipe.write_all(&bytes);
    drop(pipe);
    finish(child, path, fed)
}

fn finish(child: std::process::Child, path: &Path, fed: std::io::Result<()>) -> Result<(), ForgeError> {
    let output = child.wait_with_output().map_err(super::write_error(path))?;
    if !output.status.success() || fed.is_err() {
        let words = String::from_utf8_lossy(&output.stderr);
        let message = words.lines().last().unwrap_or("it stopped reading").to_owned();
        return Err(ForgeError::Encoder { path: path.to_owned(), message });
    }
    Ok(())
}
