//! Owns `cargo xtask bench preview`: thumbnails of a card of ProRes clips, beside the time ffmpeg takes to decode the same frames alone,
//! one program run a frame in both. Says how long the first thumbnail takes from nothing.

use crate::bench::PreviewBench;
use anyhow::{Context, Result, bail};
use checkgate_color::Engine;
use checkgate_preview::{Ffmpeg, FramePick, InputChoice, Media, Seek, StillRequest, still};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Different films on the card.
const FILMS: usize = 5;
const FRAMES: usize = 12;
const QUALITY: u8 = 90;

/// Seconds on the wall, and of processors in this process and its children.
#[derive(Clone, Copy)]
struct Taken {
    wall: f64,
    cpu: f64,
}

/// Ticks of this process and of the children that it has waited for, from `/proc/self/stat`, in seconds of a hundred ticks.
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    after.split_whitespace().skip(11).take(4).filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Taken> {
    let (started, cpu) = (Instant::now(), cpu_secs());
    work()?;
    Ok(Taken { wall: started.elapsed().as_secs_f64(), cpu: cpu_secs() - cpu })
}

fn best(all: &[Taken]) -> Taken {
    all.iter().copied().fold(Taken { wall: f64::INFINITY, cpu: f64::INFINITY }, |best, one| Taken {
        wall: best.wall.min(one.wall),
        cpu: best.cpu.min(one.cpu),
    })
}

/// A card of ProRes 422 HQ, 1920 x 1080, with grain.
fn forge(ffmpeg: &Ffmpeg, folder: &Path, clips: usize) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for number in 0..clips {
        let path = folder.join(format!("A001C{:03}_261127_R1AB.mov", number + 1));
        if number < FILMS {
            let source = format!("testsrc2=s=1920x1080:r=24,noise=alls=20:allf=t:all_seed={number}");
            let made = Command::new(ffmpeg.path())
                .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", &source, "-frames:v", &FRAMES.to_string()])
                .args(["-pix_fmt", "yuv422p10le", "-c:v", "prores_ks", "-profile:v", "hq"])
                .arg(&path)
                .status()?;
            if !made.success() {
                bail!("ffmpeg cannot make ProRes");
            }
        } else {
            std::fs::copy(&paths[number % FILMS], &path)?;
        }
        paths.push(path);
    }
    Ok(paths)
}

/// One frame by ffmpeg alone, its planes read and thrown away; `slices` as we ask for it.
fn decode_alone(ffmpeg: &Ffmpeg, path: &Path, slices: bool) -> Result<()> {
    let mut command = Command::new(ffmpeg.path());
    command.args(["-v", "error", "-nostdin"]);
    if slices {
        command.args(["-thread_type", "slice"]);
    }
    let at = format!("{:.6}", (FRAMES as f64 / 2.0 - 0.25) / 24.0);
    command.args(["-ss", &at, "-i"]).arg(path);
    command.args(["-map", "0:v:0", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv422p10le", "pipe:1"]);
    let done = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    if done.stdout.len() != 1920 * 1080 * 4 {
        bail!("{} was not decoded", path.display());
    }
    Ok(())
}

fn thumbnail(ffmpeg: &Ffmpeg, engine: &Engine, path: &Path) -> Result<usize> {
    let input = InputChoice::Scene { space: "ARRI LogC4".to_owned(), reason: "the benchmark".to_owned() };
    let mut request = StillRequest::new(Media::File(path.to_path_buf()), input);
    (request.frame, request.max_width, request.seek) = (FramePick::Middle, Some(480), Seek::Keyframe);
    let picture = still(Some(ffmpeg), engine, &request)?;
    Ok(picture.to_jpeg(QUALITY)?.len())
}

pub(crate) fn run(options: &PreviewBench) -> Result<()> {
    let (clips, runs) = if options.quick { (20, 1) } else { (options.clips.max(1), options.runs.max(1)) };
    std::fs::create_dir_all(&options.dir)?;
    let folder = options.dir.join("preview-card");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let paths = forge(&Ffmpeg::find().context("previews need ffmpeg")?, &folder, clips)?;

    // From nothing: the tool is found, the configuration read, the conversion built.
    let started = Instant::now();
    let ffmpeg = Ffmpeg::find()?;
    let engine = Engine::load()?;
    thumbnail(&ffmpeg, &engine, &paths[0])?;
    let first = started.elapsed().as_secs_f64();

    let (mut plain, mut slices, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        plain.push(timed(|| paths.iter().try_for_each(|path| decode_alone(&ffmpeg, path, false)))?);
        ours.push(timed(|| paths.iter().try_for_each(|path| thumbnail(&ffmpeg, &engine, path).map(drop)))?);
        slices.push(timed(|| paths.iter().try_for_each(|path| decode_alone(&ffmpeg, path, true)))?);
    }
    let _ = std::fs::remove_dir_all(&folder);
    let (plain, slices, ours) = (best(&plain), best(&slices), best(&ours));
    println!("cargo xtask bench preview --clips {clips} --runs {runs}   (ffmpeg {}, best of {runs})", ffmpeg.version());
    println!("first thumbnail from nothing: {:.0} ms\n", first * 1e3);
    println!("{:<52} {:>9} {:>9} {:>12} {:>10}", "ms a clip, one after another", "wall", "cpu", "ours / wall", "ours / cpu");
    let each = |secs: f64| secs * 1e3 / clips as f64;
    for (name, taken) in [
        ("ffmpeg decodes the frame alone", plain),
        ("ffmpeg decodes the frame alone, by slices as we ask", slices),
        ("checkgate: decoded, scaled, ACES 2.0, JPEG", ours),
    ] {
        println!(
            "{name:<52} {:>9.1} {:>9.1} {:>12.2} {:>10.2}",
            each(taken.wall),
            each(taken.cpu),
            ours.wall / taken.wall,
            ours.cpu / taken.cpu
        );
    }
    if options.json {
        let pair = |taken: Taken| json!({ "wall_ms": each(taken.wall), "cpu_ms": each(taken.cpu) });
        println!(
            "{}",
            json!({ "clips": clips, "first_ms": first * 1e3, "ffmpeg": pair(plain), "ffmpeg_slices": pair(slices), "ours": pair(ours) })
        );
    }
    Ok(())
}
