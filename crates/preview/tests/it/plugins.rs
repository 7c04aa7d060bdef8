//! A decoder plug-in built from C: what it decodes, and that no misbehaviour of it reaches further than its own picture.
#![cfg(unix)]

use checkgate_color::Engine;
use checkgate_preview::{FramePick, InputChoice, Limits, Media, Picture, Plugins, PreviewError, StillRequest, still};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const HOST: &str = env!("CARGO_BIN_EXE_checkgate-decoder-host");

/// Builds the sample with `defines`; `None` (said aloud) where there is no C compiler.
fn build(folder: &Path, name: &str, defines: &[&str]) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = folder.join(format!("{name}.{}", std::env::consts::DLL_EXTENSION));
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-I"]).arg(root.join("include"));
    command.args(defines.iter().map(|define| format!("-D{define}")));
    match command.arg(root.join("tests/plugins/sample.c")).arg("-o").arg(&library).status() {
        Ok(done) => assert!(done.success(), "the sample is built"),
        Err(error) => {
            eprintln!("SKIPPED: cc: {error}");
            return None;
        }
    }
    Some(library)
}

/// A file of the sample's format: two frames of 4 by 2, the second brighter.
fn media(folder: &Path) -> PathBuf {
    let path = folder.join("clip.cgt");
    let mut bytes = b"CGT1".to_vec();
    [4_u32, 2, 2].iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes.extend((0..24).map(|at| at * 4));
    bytes.extend((0..24).map(|at| at * 4 + 100));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn look(plugins: Plugins, path: &Path, frame: FramePick) -> Result<Picture, PreviewError> {
    let input = InputChoice::Unknown { reason: "the metadata names no transfer curve".to_owned() };
    let request = StillRequest { frame, plugins, max_width: None, ..StillRequest::new(Media::File(path.to_path_buf()), input) };
    still(checkgate_preview::Ffmpeg::find().ok().as_ref(), Engine::shared().unwrap(), &request)
}

fn limits() -> Limits {
    Limits { still: Duration::from_secs(20), memory_bytes: 512 << 20, ..Limits::default() }
}

#[test]
fn a_plugin_decodes_what_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = build(folder.path(), "sample", &[]) else { return };
    if crate::make::ffmpeg().is_none() {
        return;
    }
    let path = media(folder.path());
    assert!(look(Plugins::default(), &path, FramePick::First).is_err());
    let plugins = Plugins::at(Path::new(HOST), &[library], limits());
    let names: Vec<_> = plugins.list().into_iter().map(|plugin| (plugin.name, plugin.problem)).collect();
    assert_eq!(names, [(Some("Sample decoder 1.0".to_owned()), None)]);
    for (frame, index) in [(FramePick::First, 0), (FramePick::Last, 1), (FramePick::Middle, 1)] {
        let picture = look(plugins.clone(), &path, frame).unwrap();
        assert_eq!((picture.width, picture.height, picture.provenance.frame), (4, 2, index));
        assert_eq!(picture.provenance.input_space.as_deref(), Some("ARRI LogC4"));
        assert!(picture.provenance.colour_managed && picture.provenance.read_as.contains("plug-in Sample decoder 1.0"));
    }
    // The same values as the same codes through the engine.
    let mut codes: Vec<[f32; 3]> = (0..8).map(|pixel| [0, 1, 2].map(|part| (12 * pixel + 4 * part) as f32 / 255.0)).collect();
    let engine = Engine::shared().unwrap();
    let recipe = checkgate_color::Recipe::to_view("ARRI LogC4", &checkgate_color::OutputView::default());
    let processor = checkgate_color::ColorEngine::processor(engine, &recipe).unwrap();
    processor.apply(&mut codes);
    assert_eq!(look(plugins.clone(), &path, FramePick::First).unwrap().rgb, codes);
    assert!(matches!(look(plugins.clone(), &path, FramePick::Index(2)), Err(PreviewError::NoSuchFrame { frames: 2, .. })));

    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = look(plugins, &path, FramePick::Last).unwrap_err();
    assert!(matches!(&error, PreviewError::Damaged { reason, .. } if reason.contains("cut short")), "{error}");
}

#[test]
fn a_plugin_that_says_no_colour_makes_no_claim() {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = build(folder.path(), "plain", &["NO_COLOUR"]) else { return };
    let path = media(folder.path());
    let picture = look(Plugins::at(Path::new(HOST), &[library], limits()), &path, FramePick::First);
    if crate::make::ffmpeg().is_some() {
        let picture = picture.unwrap();
        assert!(!picture.provenance.colour_managed && picture.provenance.input_reason.contains("does not say"));
    }
}

#[test]
fn a_hostile_plugin_harms_nothing_but_its_own_picture() {
    let folder = tempfile::tempdir().unwrap();
    let Some(good) = build(folder.path(), "z-good", &[]) else { return };
    if crate::make::ffmpeg().is_none() {
        return;
    }
    let path = media(folder.path());
    let written = folder.path().join("written");
    let writes = format!("WRITES_FILES=\"{}\"", written.display());
    let linux = cfg!(target_os = "linux");
    for (define, word) in [
        ("CRASH", "crashed"),
        ("CRASH_IN_OPEN", "crashed"),
        ("HANG", "no result within"),
        ("TOO_LARGE", "outside the limit"),
        ("OTHER_ABI", "version 99"),
        ("HOG", "crashed"),
        (writes.as_str(), "crashed"),
    ] {
        // Memory and files are held by the kernel on Linux alone.
        if !linux && (define == "HOG" || define.starts_with("WRITES")) {
            continue;
        }
        let Some(bad) = build(folder.path(), "bad", &[define]) else { return };
        let hurried = Limits { still: Duration::from_secs(if define == "HANG" { 1 } else { 20 }), ..limits() };
        let started = Instant::now();
        let plugins = Plugins::at(Path::new(HOST), std::slice::from_ref(&bad), hurried);
        let error = look(plugins, &path, FramePick::First).unwrap_err().to_string();
        eprintln!("{define}: {error} ({:.1} s)", started.elapsed().as_secs_f32());
        assert!(error.contains(word) && error.contains("bad."), "{define}: {error}");
        assert!(started.elapsed() < Duration::from_secs(15), "{define}");
        // The next plug-in still has its turn.
        let both = Plugins::at(Path::new(HOST), &[bad, good.clone()], hurried);
        assert!(look(both, &path, FramePick::First).unwrap().provenance.colour_managed, "{define}");
    }
    assert!(std::fs::metadata(&written).map_or(0, |file| file.len()) == 0, "a plug-in wrote a file");
}

#[test]
fn what_is_no_plugin_is_said_and_never_needed() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join(format!("none.{}", std::env::consts::DLL_EXTENSION));
    std::fs::write(&library, b"not a library").unwrap();
    let plugins = Plugins::at(Path::new(HOST), std::slice::from_ref(&library), limits());
    let listed = plugins.list();
    assert!(listed[0].problem.as_deref().is_some_and(|problem| problem.contains("cannot be loaded")), "{listed:?}");
    let gone = Plugins::at(&folder.path().join("no-host"), &[library], limits());
    assert!(gone.list()[0].problem.is_some());
    assert!(Plugins::find(Some(folder.path())).list().len() == 1);
    assert!(Plugins::find(Some(&folder.path().join("absent"))).list().is_empty());
}
