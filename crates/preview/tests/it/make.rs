//! Test media: log-encoded pictures that look like something, encoded through planes of our own making so that no converter's
//! rounding stands between the code values and the codec.

use checkgate_color::{ColorEngine, Engine, Recipe, apply_parallel};
use checkgate_preview::Ffmpeg;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) fn ffmpeg() -> Option<Ffmpeg> {
    match Ffmpeg::find() {
        Ok(ffmpeg) => Some(ffmpeg),
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

/// A ColorChecker in ACES2065-1.
pub(crate) const CHART: [[f32; 3]; 24] = [
    [0.11592, 0.08478, 0.05812],
    [0.38982, 0.29632, 0.22508],
    [0.17668, 0.19512, 0.30812],
    [0.11307, 0.13678, 0.06378],
    [0.25732, 0.23495, 0.39722],
    [0.31761, 0.46246, 0.41734],
    [0.41067, 0.23415, 0.06330],
    [0.13377, 0.12573, 0.34752],
    [0.29758, 0.12689, 0.11842],
    [0.08876, 0.05758, 0.12610],
    [0.34356, 0.43744, 0.10224],
    [0.47939, 0.36176, 0.07428],
    [0.07816, 0.06857, 0.25107],
    [0.14253, 0.24698, 0.08881],
    [0.21751, 0.07380, 0.04730],
    [0.59013, 0.54206, 0.08786],
    [0.31132, 0.13889, 0.26813],
    [0.13716, 0.22280, 0.35245],
    [0.87354, 0.87944, 0.84108],
    [0.58743, 0.59067, 0.58536],
    [0.36263, 0.36602, 0.36532],
    [0.19034, 0.19068, 0.18993],
    [0.08769, 0.08858, 0.08960],
    [0.03158, 0.03156, 0.03220],
];

/// A picture in ACES2065-1: dusk sky with a sun, hills, a lit wall with the chart, a grey ramp of 14 stops.
pub(crate) fn scene(width: usize, height: usize, shift: f32) -> Vec<[f32; 3]> {
    let mut out = Vec::with_capacity(width * height);
    for line in 0..height {
        for column in 0..width {
            let (x, y) = (column as f32 / width as f32, line as f32 / height as f32);
            let hill = 0.52 + 0.05 * (x * 9.0 + shift).sin() + 0.03 * (x * 23.0).sin();
            let near = 0.66 + 0.04 * (x * 5.0 + 1.3).sin();
            let sun = ((x - 0.78 + 0.1 * shift).powi(2) * 3.2 + (y - 0.3).powi(2)).sqrt();
            let mut pixel = if y < hill {
                let glow = 2.6 * (-y * 0.6).exp() * (-sun * 2.2).exp();
                let sky = 0.16 + 0.35 * y;
                let mut pixel = [sky * 0.75 + glow, sky * 0.9 + glow * 0.66, sky * 1.35 + glow * 0.3];
                if sun < 0.035 {
                    pixel = [38.0, 30.0, 17.0];
                }
                pixel
            } else if y < near {
                [0.030, 0.042, 0.050].map(|value| value * (1.0 + 0.4 * (x * 60.0).sin() * (y * 90.0).sin()))
            } else {
                let light = 0.9 - 0.5 * (y - near);
                [0.105 * light, 0.088 * light, 0.055 * light]
            };
            // The chart, six by four, in the lower left.
            let (cx, cy) = ((x - 0.06) / 0.36, (y - 0.30) / 0.46);
            if (0.0..1.0).contains(&cx) && (0.0..1.0).contains(&cy) {
                let (patch_x, patch_y) = (cx * 6.0, cy * 4.0);
                let inside = (0.08..0.92).contains(&patch_x.fract()) && (0.08..0.92).contains(&patch_y.fract());
                pixel = if inside { CHART[patch_y as usize * 6 + patch_x as usize] } else { [0.012; 3] };
            }
            // The ramp.
            if y > 0.88 && y < 0.96 && (0.06..0.94).contains(&x) {
                let stop = ((x - 0.06) / 0.88 * 15.0).floor() - 8.0;
                pixel = [0.18 * stop.exp2(); 3];
            }
            out.push(pixel);
        }
    }
    out
}

/// The same in a camera's code values.
pub(crate) fn encoded(scene: &[[f32; 3]], space: &str) -> Vec<[f32; 3]> {
    let mut rgb = scene.to_vec();
    let engine = Engine::shared().unwrap();
    apply_parallel(engine.processor(&Recipe::to_space("ACES2065-1", space)).unwrap().as_ref(), &mut rgb);
    rgb
}

/// Planar 4:4:4, 10 bits, limited, BT.709.
pub(crate) fn yuv444p10(rgb: &[[f32; 3]]) -> Vec<u8> {
    let mut planes = [Vec::new(), Vec::new(), Vec::new()];
    for [r, g, b] in rgb {
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let codes = [64.0 + 876.0 * y, 512.0 + 896.0 * (b - y) / 1.8556, 512.0 + 896.0 * (r - y) / 1.5748];
        for (plane, code) in planes.iter_mut().zip(codes) {
            plane.extend((code.round().clamp(4.0, 1019.0) as u16).to_le_bytes());
        }
    }
    planes.concat()
}

/// The code values after their way through ten bits.
pub(crate) fn quantised(rgb: &[[f32; 3]], width: usize, height: usize) -> Vec<[f32; 3]> {
    use checkgate_color::yuv::{FrameFormat, Layout, Matrix, Range, rgb_from_planes};
    let format = FrameFormat {
        width,
        height,
        layout: Layout::Yuv444,
        alpha: false,
        bits: 10,
        big_endian: false,
        range: Range::Limited,
        matrix: Matrix::Bt709,
    };
    rgb_from_planes(&yuv444p10(rgb), &format).unwrap()
}

/// Encodes frames of raw planes with the given ffmpeg options.
pub(crate) fn encode(
    ffmpeg: &Ffmpeg,
    out: &Path,
    size: (usize, usize),
    pixel_format: &str,
    frames: &[Vec<u8>],
    options: &[&str],
) -> PathBuf {
    let mut child = Command::new(ffmpeg.path())
        .args([
            "-v",
            "error",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            pixel_format,
            "-s",
            &format!("{}x{}", size.0, size.1),
            "-r",
            "24",
        ])
        .args(["-color_range", "tv", "-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709", "-i", "pipe:0"])
        .args(options)
        .arg(out)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for frame in frames {
        stdin.write_all(frame).unwrap();
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    out.to_path_buf()
}

/// A ProRes MOV of the scene with timecode, reel and one sound stream.
pub(crate) fn clip(ffmpeg: &Ffmpeg, out: &Path, space: &str, profile: &str, frames: usize) -> PathBuf {
    let size = (1280, 720);
    let pictures: Vec<Vec<u8>> =
        (0..frames).map(|frame| yuv444p10(&encoded(&scene(size.0, size.1, frame as f32 * 0.05), space))).collect();
    let secs = format!("{}", frames as f64 / 24.0);
    let wanted = if profile.starts_with("4444") { "yuv444p10le" } else { "yuv422p10le" };
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={secs}");
    encode(
        ffmpeg,
        out,
        size,
        "yuv444p10le",
        &pictures,
        &[
            "-f",
            "lavfi",
            "-i",
            &sound,
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-c:a",
            "pcm_s24le",
            "-c:v",
            "prores_ks",
            "-profile:v",
            profile,
            "-pix_fmt",
            wanted,
            "-color_range",
            "tv",
            "-colorspace",
            "bt709",
            "-color_trc",
            "bt709",
            "-color_primaries",
            "bt709",
            "-metadata:s:v:0",
            "reel_name=A003R1JL",
            "-timecode",
            "14:22:10:05",
            "-shortest",
        ],
    )
}
