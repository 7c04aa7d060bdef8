//! Faults that are forged with the real ffmpeg, and pictures without any: what the check finds and what it invents.

use crate::make;
use checkgate_color::{Engine, InputChoice};
use checkgate_preview::quality::{ClipQuality, DefectKind, QualityRequest, examine};
use checkgate_preview::{Ffmpeg, Media};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const SIZE: (usize, usize) = (320, 180);
const FRAMES: usize = 60;

/// A number that looks like noise, the same every time.
fn hash(mut value: u64) -> f32 {
    value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value ^= value >> 29;
    value = value.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((value >> 40) as f32) / (1 << 24) as f32 - 0.5
}

/// A panning shot of soft shapes with the noise of a sensor, in code values.
fn shot(frame: usize, pan: f32, noise: f32) -> Vec<[f32; 3]> {
    let (width, height) = SIZE;
    (0..width * height)
        .map(|at| {
            let (x, y) = ((at % width) as f32 + pan * frame as f32, (at / width) as f32);
            let shape = (x * 0.045).sin() * (y * 0.06).cos() * 0.16 + (x * 0.11 + y * 0.03).sin() * 0.06;
            let value = 0.42 + shape + noise * hash((frame * width * height + at) as u64);
            [value, value * 0.96, value * 0.9 + 0.02]
        })
        .collect()
}

fn take(change: impl Fn(usize, &mut Vec<[f32; 3]>)) -> Vec<Vec<[f32; 3]>> {
    (0..FRAMES)
        .map(|frame| {
            let mut picture = shot(frame, 1.5, 0.02);
            change(frame, &mut picture);
            picture
        })
        .collect()
}

const PRORES: &[&str] = &["-c:v", "prores_ks", "-profile:v", "hq", "-pix_fmt", "yuv422p10le"];
const MPEG4: &[&str] = &["-c:v", "mpeg4", "-g", "12", "-bf", "2", "-q:v", "1", "-pix_fmt", "yuv420p"];

fn clip(ffmpeg: &Ffmpeg, path: &Path, pictures: &[Vec<[f32; 3]>], options: &[&str]) -> PathBuf {
    let frames: Vec<Vec<u8>> = pictures.iter().map(|picture| make::yuv444p10(picture)).collect();
    make::encode(ffmpeg, path, SIZE, "yuv444p10le", &frames, options)
}

fn check(ffmpeg: &Ffmpeg, path: &Path) -> ClipQuality {
    let input = InputChoice::Unknown { reason: "test".into() };
    let request = QualityRequest::new(Media::File(path.to_path_buf()), input);
    examine(ffmpeg, Engine::shared().unwrap(), &request, &|_| ControlFlow::Continue(())).unwrap()
}

fn codes(found: &ClipQuality) -> BTreeSet<&'static str> {
    found.faults.iter().map(|fault| fault.code).collect()
}

fn set(codes: &[&'static str]) -> BTreeSet<&'static str> {
    codes.iter().copied().collect()
}

/// Name, pictures, what is to be found, and its first span.
type Forged = (&'static str, Vec<Vec<[f32; 3]>>, &'static [&'static str], Option<(u64, u64)>);

/// Each fault in an intra and a long-GOP codec: found with its frames, and nothing else is said.
#[test]
fn forged_faults_are_found_at_their_frames_and_nothing_is_invented() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |x: usize, y: usize| y * SIZE.0 + x;
    let black = |picture: &mut Vec<[f32; 3]>| picture.fill([0.0; 3]);
    let matrix: Vec<Forged> = vec![
        ("clean", take(|_, _| {}), &[], None),
        (
            "black",
            take(|frame, picture| {
                if (20..28).contains(&frame) {
                    black(picture)
                }
            }),
            &["picture.black"],
            Some((20, 27)),
        ),
        (
            "frozen",
            {
                let mut pictures = take(|_, _| {});
                for frame in 21..45 {
                    pictures[frame] = pictures[20].clone();
                }
                pictures
            },
            &["picture.frozen"],
            Some((21, 44)),
        ),
        (
            "duplicate",
            {
                let mut pictures = take(|_, _| {});
                pictures[31] = pictures[30].clone();
                pictures
            },
            &["picture.duplicate"],
            Some((31, 31)),
        ),
        (
            "flash",
            take(|frame, picture| {
                if frame == 33 {
                    picture.iter_mut().flatten().for_each(|value| *value += 0.2);
                }
            }),
            &["picture.flash"],
            Some((33, 33)),
        ),
        (
            "step",
            (0..FRAMES).map(|frame| shot(if frame < 30 { frame } else { frame + 3 }, 1.5, 0.01)).collect(),
            &["picture.step"],
            Some((30, 30)),
        ),
        (
            "clipped",
            take(|_, picture| {
                let bright = picture.iter().map(|pixel| pixel.map(|value| ((value - 0.42) * 3.0 + 0.55).min(0.94))).collect();
                *picture = bright;
            }),
            &["picture.clipped"],
            None,
        ),
        ("hot", take(|_, picture| picture[at(100, 60)] = [0.95; 3]), &["picture.defect_pixel"], Some((0, 59))),
        ("dead", take(|_, picture| picture[at(211, 121)] = [0.02; 3]), &["picture.defect_pixel"], Some((0, 59))),
    ];
    let (mut wrong, mut looked) = (Vec::new(), 0);
    for (codec, ending, options) in [("ProRes HQ", "mov", PRORES), ("MPEG-4 long GOP", "mkv", MPEG4)] {
        for (name, pictures, wanted, frames) in &matrix {
            // Eight bits at 4:2:0 smear single pixels, and quantise a slow pan; the intra codec stands for camera originals.
            let path = clip(&ffmpeg, &folder.path().join(format!("{name}.{ending}")), pictures, options);
            let found = check(&ffmpeg, &path);
            looked += 1;
            let exact = found.faults.iter().all(|fault| frames.is_none_or(|frames| fault.frames.first() == Some(&frames)));
            if codes(&found) != set(wanted) || !exact || found.frames != FRAMES as u64 {
                wrong.push(format!("{codec} {name}: {:?}", found.faults));
            }
            if codec == "ProRes HQ" && matches!(*name, "hot" | "dead") {
                let defect = found.defects.first().copied();
                let (place, kinds) = if *name == "hot" {
                    ((100, 60), [DefectKind::Hot, DefectKind::Stuck])
                } else {
                    ((211, 121), [DefectKind::Dead, DefectKind::Stuck])
                };
                assert!(
                    defect.is_some_and(|defect| (defect.x, defect.y) == place && kinds.contains(&defect.kind) && defect.certain),
                    "{name}: {defect:?}"
                );
            }
        }
    }
    eprintln!("{looked} clips, {} judged wrongly", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Moving material without a fault, of many kinds.
#[test]
fn clean_material_raises_no_alarm() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut alarms = Vec::new();
    let mut looked = 0;
    for pan in [0.0, 0.2, 0.7, 2.5, 7.0] {
        for noise in [0.004, 0.02, 0.05] {
            let pictures: Vec<_> = (0..40).map(|frame| shot(frame, pan, noise)).collect();
            let path = clip(&ffmpeg, &folder.path().join(format!("{pan}-{noise}.mov")), &pictures, PRORES);
            looked += 1;
            let found = check(&ffmpeg, &path);
            if !found.faults.is_empty() {
                alarms.push(format!("pan {pan}, noise {noise}: {:?}", found.faults));
            }
        }
    }
    // A slow fade, a bump of the camera and sensor noise that rises are no faults.
    let fade: Vec<_> = (0..60)
        .map(|frame| shot(frame, 1.0, 0.02).iter().map(|pixel| pixel.map(|value| value * (1.0 - frame as f32 / 90.0))).collect())
        .collect();
    let shake: Vec<_> = (0..60).map(|frame| shot(frame, 1.0 + ((frame * 7919) % 13) as f32 * 0.08, 0.02)).collect();
    for (name, pictures) in [("fade", fade), ("shake", shake)] {
        looked += 1;
        let found = check(&ffmpeg, &clip(&ffmpeg, &folder.path().join(format!("{name}.mov")), &pictures, PRORES));
        if !found.faults.is_empty() {
            alarms.push(format!("{name}: {:?}", found.faults));
        }
    }
    eprintln!("{looked} clean clips, {} with an alarm", alarms.len());
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

/// Defects of several strengths on moving, noisy pictures: how many are found, and whether other points are.
#[test]
fn defect_pixels_are_found_by_their_strength() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let places: Vec<(usize, usize)> = (0..20).map(|n| (17 + n * 14, 11 + (n * 37) % 150)).collect();
    for (strength, least) in [(0.15_f32, 18), (0.3, 20), (0.5, 20)] {
        for sign in [1.0_f32, -1.0] {
            let pictures = take(|_, picture| {
                for (x, y) in &places {
                    let pixel = &mut picture[y * SIZE.0 + x];
                    *pixel = pixel.map(|value| (value + sign * strength).clamp(0.0, 1.0));
                }
            });
            let found = check(&ffmpeg, &clip(&ffmpeg, &folder.path().join(format!("{strength}{sign}.mov")), &pictures, PRORES));
            let right = places
                .iter()
                .filter(|(x, y)| found.defects.iter().any(|defect| (defect.x as usize, defect.y as usize) == (*x, *y)));
            let (right, all) = (right.count(), found.defects.len());
            eprintln!("defects by {:+.2}: {right} of {} found, {} elsewhere", strength * sign, places.len(), all - right);
            assert!(right >= least && all == right, "{strength} {sign}: {right} of {all}: {:?}", found.defects);
        }
    }
}

/// A light in a locked-off shot is said to be uncertain, and never a warning.
#[test]
fn a_small_light_that_nothing_moves_behind_is_only_a_suspicion() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = (0..30)
        .map(|frame| {
            let mut picture = shot(0, 0.0, 0.0);
            for (at, pixel) in picture.iter_mut().enumerate() {
                *pixel = pixel.map(|value| value + 0.02 * hash((frame * 57_600 + at) as u64));
            }
            picture[90 * SIZE.0 + 160] = [0.9; 3];
            picture
        })
        .collect();
    let found = check(&ffmpeg, &clip(&ffmpeg, &folder.path().join("light.mov"), &pictures, PRORES));
    assert_eq!(codes(&found), set(&["picture.defect_suspect"]), "{:?}", found.faults);
}

#[test]
fn frames_that_were_left_out_and_files_that_break_off_are_told() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let dropping = [PRORES, &["-vf", "select='not(between(n,20,22))'", "-fps_mode", "passthrough"]].concat();
    let path = clip(&ffmpeg, &folder.path().join("dropped.mov"), &take(|_, _| {}), &dropping);
    let found = check(&ffmpeg, &path);
    let fault = found.faults.iter().find(|fault| fault.code == "picture.dropped").expect("the gap is told");
    assert!(fault.frames == [(20, 20)] && fault.message.contains("leave out 3 frames"), "{fault:?}");
    // A file that is cut off in its middle.
    let cutting = [PRORES, &["-movflags", "+faststart"]].concat();
    let path = clip(&ffmpeg, &folder.path().join("cut.mov"), &take(|_, _| {}), &cutting);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let found = check(&ffmpeg, &path);
    assert!(found.frames < FRAMES as u64 && codes(&found).contains("picture.undecodable"), "{:?}", found.faults);
}

fn sound(ffmpeg: &Ffmpeg, path: &Path, expression: &str, secs: f64) -> PathBuf {
    let made = std::process::Command::new(ffmpeg.path())
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=4", "-f", "lavfi", "-i"])
        .arg(format!("aevalsrc={expression}:s=48000:d={secs}"))
        .args(["-c:a", "pcm_s24le", "-c:v", "prores_ks"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
    path.to_path_buf()
}

#[test]
fn faults_of_sound_are_found_and_clean_sound_is_left_alone() {
    let Some(ffmpeg) = make::ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (sine, other) = ("0.3*sin(440*2*PI*t)", "0.25*sin(611*2*PI*t)");
    for (name, expression, secs, wanted) in [
        ("clean", format!("{sine}|{other}"), 4.0, vec![]),
        ("mono", sine.to_owned(), 4.0, vec![]),
        ("same", format!("{sine}|{sine}"), 4.0, vec![]),
        ("phase", format!("{sine}|-{sine}"), 4.0, vec!["sound.phase"]),
        ("one silent", format!("{sine}|0"), 4.0, vec!["sound.silent_channel"]),
        ("all silent", "0|0".to_owned(), 4.0, vec!["sound.silent"]),
        ("hole", format!("{sine}*(lt(t\\,1)+gt(t\\,3.5))|{other}*(lt(t\\,1)+gt(t\\,3.5))"), 4.0, vec!["sound.silence"]),
        ("clipped", format!("clip(4*{sine}\\,-1\\,1)|{other}"), 4.0, vec!["sound.clipped"]),
        ("short", format!("{sine}|{other}"), 3.0, vec!["sound.short"]),
    ] {
        let path = sound(&ffmpeg, &folder.path().join(format!("{name}.mov")), &expression, secs);
        let found = check(&ffmpeg, &path);
        let heard: Vec<&str> = found.faults.iter().map(|fault| fault.code).filter(|code| code.starts_with("sound.")).collect();
        assert_eq!(heard, wanted, "{name}: {:?}", found.faults);
    }
    let path = folder.path().join("clean.mov");
    let mut request = QualityRequest::new(Media::File(path), InputChoice::Unknown { reason: "test".into() });
    request.channels_told = Some(4);
    let found = examine(&ffmpeg, Engine::shared().unwrap(), &request, &|_| ControlFlow::Continue(())).unwrap();
    assert!(codes(&found).contains("sound.missing_channels"), "{:?}", found.faults);
    // Whoever asks may stop it.
    let stopped = examine(&ffmpeg, Engine::shared().unwrap(), &request, &|_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(checkgate_preview::PreviewError::Stopped)));
}
