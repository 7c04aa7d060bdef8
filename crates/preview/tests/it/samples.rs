use checkgate_color::Engine;
use checkgate_preview::{Ffmpeg, FramePick, InputChoice, Media, Picture, PreviewError, StillRequest, still};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn samples() -> Option<PathBuf> {
    let root = std::env::var_os("CHECKGATE_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"), PathBuf::from);
    // Worktrees lie one folder deeper.
    let deeper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples");
    let found = [root, deeper].into_iter().map(|root| root.join("camera")).find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no samples (set CHECKGATE_SAMPLES)");
    }
    found
}

fn look(ffmpeg: Option<&Ffmpeg>, path: &Path) -> Result<Picture, PreviewError> {
    let input = InputChoice::Unknown { reason: "nothing is said".to_owned() };
    let request = StillRequest { frame: FramePick::First, ..StillRequest::new(Media::File(path.to_path_buf()), input) };
    still(ffmpeg, Engine::shared().unwrap(), &request)
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { below(&path, found) } else { found.push(path) }
    }
}

/// Most memory this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[test]
fn every_sample_gives_a_picture_or_a_reason_in_bounded_time_and_memory() {
    let Some(folder) = samples() else { return };
    let ffmpeg = crate::make::ffmpeg();
    let mut files = Vec::new();
    below(&folder, &mut files);
    files.sort();
    let (mut pictures, mut reasons) = (0, 0);
    for path in &files {
        let began = Instant::now();
        let said = match look(ffmpeg.as_ref(), path) {
            Ok(picture) => {
                pictures += 1;
                format!("{}x{} {} | {}", picture.width, picture.height, picture.provenance.read_as, picture.provenance.line())
            }
            Err(error) => {
                reasons += 1;
                error.to_string()
            }
        };
        let shown = path.strip_prefix(&folder).unwrap().display();
        eprintln!("{shown}: {said} ({:.2} s)", began.elapsed().as_secs_f32());
        assert!(began.elapsed() < Duration::from_secs(60), "{shown}");
    }
    eprintln!("{pictures} pictures, {reasons} reasons, peak {} MB", peak() / 1_000_000);
    assert!(pictures > 0 && peak() < 1 << 30, "{} bytes", peak());
}

/// Cut at many places and with noise in it, each picture file of the samples is read or refused.
#[test]
fn torn_samples_are_read_or_refused() {
    let Some(folder) = samples() else { return };
    let mut files = Vec::new();
    below(&folder, &mut files);
    let torn = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for path in files {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
        if !matches!(extension.as_str(), "dng" | "gpr" | "dpx" | "cin" | "exr" | "jpg" | "r3d") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let to = torn.path().join(format!("a.{extension}"));
        for round in 0..24_usize {
            let mut part = bytes.clone();
            let header = part.len().min(2048);
            if round % 2 == 0 {
                part.truncate(part.len() * (round + 1) / 26);
            } else {
                for step in 0..round {
                    let at = (step * 7919 + round * 104_729) % header;
                    part[at] = (step * 37 + round * 11) as u8;
                }
            }
            std::fs::write(&to, part).unwrap();
            let began = Instant::now();
            let _ = look(None, &to);
            assert!(began.elapsed() < Duration::from_secs(30), "{} round {round}", path.display());
            tried += 1;
        }
    }
    eprintln!("{tried} torn files, peak {} MB", peak() / 1_000_000);
    assert!(tried > 0 && peak() < 3 << 30, "{} bytes", peak());
}

/// The chart of a real camera through the DNG's own matrix: greys are neutral, colours are where they belong.
#[test]
fn the_chart_of_a_real_dng_has_its_colours() {
    let Some(folder) = samples() else { return };
    let path = folder.join("tinydng/colorchart.dng");
    let picture = look(None, &path).unwrap();
    crate::chart::keep("colorchart-dng.png", &picture);
    eprintln!("{:?}", picture.provenance);
    assert_eq!(picture.provenance.input_space.as_deref(), Some("ACES2065-1"));
    assert!(picture.provenance.colour_managed && picture.provenance.read_as.contains("14 bits"));
    let patch = |x: usize, y: usize| {
        let mut sum = [0.0_f32; 3];
        for line in y - 5..y + 5 {
            for column in x - 5..x + 5 {
                sum.iter_mut().zip(picture.rgb[line * picture.width + column]).for_each(|(sum, part)| *sum += part / 100.0);
            }
        }
        sum
    };
    // Third row of the chart. The light is warmer than the white that the camera was set to.
    let row = [353, 408, 462, 517, 571, 626].map(|x| patch(x, 410));
    let [blue, green, red, yellow, magenta, cyan] = row;
    assert!(blue[2] > 1.5 * blue[0] && blue[2] > 1.5 * blue[1], "{blue:?}");
    assert!(green[1] > 1.05 * green[0] && green[1] > 2.0 * green[2], "{green:?}");
    assert!(red[0] > 2.0 * red[1] && red[0] > 2.0 * red[2], "{red:?}");
    assert!(yellow[0] > 5.0 * yellow[2] && yellow[1] > 5.0 * yellow[2], "{yellow:?}");
    assert!(magenta[0] > 1.5 * magenta[1] && magenta[2] > 1.2 * magenta[1], "{magenta:?}");
    assert!(cyan[1] > 1.3 * cyan[0] && cyan[2] > 1.3 * cyan[0], "{cyan:?}");
    // Fourth row: six greys, each darker than the one before.
    let greys = [352, 407, 461, 516, 571, 626].map(|x| patch(x, 464)[1]);
    assert!(greys.windows(2).all(|two| two[0] > two[1]), "{greys:?}");
}
