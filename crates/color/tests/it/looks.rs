//! Look files: CLF and others against OpenColorIO's C++ library, broken ones, show looks, and configurations of the user's own.
use crate::vectors::samples;
use checkgate_color::eval::{EvalOptions, parse_rows};
use checkgate_color::{Cdl, ColorEngine, ColorError, Engine, LookFile, OutputView, Recipe, Target, UserConfig};
use checkgate_testkit::python::ReferencePython;
use serde_json::Value;

fn look(name: &str, bytes: &[u8], space: &str) -> LookFile {
    LookFile { name: name.to_owned(), bytes: bytes.to_vec(), working_space: space.to_owned() }
}

/// The file alone.
fn through(name: &str, bytes: &[u8], pixels: &[[f32; 3]]) -> Result<Vec<[f32; 3]>, ColorError> {
    let options = EvalOptions { looks: vec![look(name, bytes, "ACES2065-1")], ..EvalOptions::default() };
    let processor = Engine::shared().unwrap().graded(&options.recipe().unwrap(), &options.looks)?;
    let mut out = pixels.to_vec();
    processor.apply(&mut out);
    Ok(out)
}

const SCRIPT: &str = r#"
import json, os, sys
import numpy as np
import PyOpenColorIO as ocio
points = np.array([[float(word) for word in line.split(",")] for line in sys.stdin if line.strip()], dtype=np.float32)
config = ocio.Config.CreateRaw()
for name in sorted(os.listdir(sys.argv[1])):
    answer = {"file": name}
    try:
        transform = ocio.FileTransform(os.path.join(sys.argv[1], name))
        cpu = config.getProcessor(transform).getOptimizedCPUProcessor(ocio.OPTIMIZATION_NONE)
        rows = points.copy()
        cpu.applyRGB(rows)
        answer["rows"] = rows.astype(float).tolist()
    except Exception as error:
        answer["why"] = str(error)[:100]
    print(json.dumps(answer))
"#;

#[test]
fn clf_files_are_accepted_refused_and_evaluated_as_by_the_oracle() {
    let Some(color) = samples() else { return };
    let mut pixels = vec![[-0.1, 0.0, 0.18], [1.0, 2.0, 0.5], [0.2, 0.4, 0.8]];
    pixels.extend((0..40).map(|step| [step as f32 / 39.0, 0.5, 1.0 - step as f32 / 39.0]));
    let folder = color.join("clf");
    let Some(python) = ReferencePython::find(&["numpy", "PyOpenColorIO"]) else {
        eprintln!("SKIPPED: no Python with numpy and PyOpenColorIO (tests/reference-requirements.txt)");
        return;
    };
    let csv: String = pixels.iter().map(|[r, g, b]| format!("{r},{g},{b}\n")).collect();
    let answers = python.run(SCRIPT, &[&folder.display().to_string()], csv.as_bytes()).unwrap();
    let (mut accepted, mut refused, mut worst) = (0, 0, 0.0_f64);
    for answer in answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let file = answer["file"].as_str().unwrap();
        let ours = through(file, &std::fs::read(folder.join(file)).unwrap(), &pixels);
        match (ours, answer.get("rows").and_then(Value::as_array)) {
            (Ok(got), Some(rows)) => {
                accepted += 1;
                for (pixel, row) in got.iter().zip(rows) {
                    for channel in 0..3 {
                        let want = row[channel].as_f64().unwrap();
                        let difference = (f64::from(pixel[channel]) - want).abs() / want.abs().max(1.0);
                        worst = worst.max(difference);
                        assert!(difference <= 1e-5, "{file}: {pixel:?} {row}");
                    }
                }
            }
            (Err(ColorError::BadLookFile { .. } | ColorError::Engine(_)), None) => refused += 1,
            (ours, theirs) => panic!("{file}: ours {ours:?}, the oracle's {theirs:?} {}", answer["why"]),
        }
    }
    eprintln!("CLF: {accepted} files evaluated alike (farthest {worst:.1e}), {refused} refused by both");
    assert!(accepted >= 30 && refused >= 30, "{accepted} {refused}");
}

/// Files that the script writes: every kind of node and option, good and broken.
#[test]
fn every_node_and_option_of_clf_is_as_by_the_oracle() {
    let Some(python) = ReferencePython::find(&["numpy", "PyOpenColorIO"]) else {
        eprintln!("SKIPPED: no Python with numpy and PyOpenColorIO (tests/reference-requirements.txt)");
        return;
    };
    let seed = std::env::var("CHECKGATE_FRESH_SEED").unwrap_or_else(|_| "1".to_owned());
    let answers = python.run(include_str!("../oracle_clf.py"), &[&seed], b"").unwrap();
    let mut answers = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let pixels = parse_rows(answers.next().unwrap()["points"].as_str().unwrap()).unwrap();
    let (mut accepted, mut refused, mut worst, mut wrong) = (0, 0, 0.0_f32, Vec::new());
    for answer in answers {
        let name = answer["name"].as_str().unwrap();
        let ours = through("a.clf", answer["clf"].as_str().unwrap().as_bytes(), &pixels);
        match (ours, answer.get("rows").map(|rows| parse_rows(rows.as_str().unwrap()).unwrap())) {
            (Ok(got), Some(want)) => {
                accepted += 1;
                for ((input, got), want) in pixels.iter().zip(got.as_flattened().chunks(3)).zip(want.as_flattened().chunks(3)) {
                    for (got, want) in got.iter().zip(want) {
                        let same = got == want || (got.is_nan() && want.is_nan());
                        let difference = if same { 0.0 } else { (got - want).abs() / want.abs().max(1.0) };
                        if difference.is_nan() || difference > 1e-5 {
                            wrong.push(format!("{name}: {input:?} gave {got}, not {want}"));
                        } else {
                            worst = worst.max(difference);
                        }
                    }
                }
            }
            (Err(ColorError::BadLookFile { .. } | ColorError::Engine(_)), None) => refused += 1,
            (ours, theirs) => {
                let ours = ours.map(|rows| rows.len());
                wrong.push(format!("{name}: ours {ours:?}, the oracle's {:?} {}", theirs.map(|rows| rows.len()), answer["why"]));
            }
        }
    }
    eprintln!("CLF made here: {accepted} files evaluated alike (farthest {worst:.1e}), {refused} refused by both");
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
    assert!(accepted >= 300 && refused >= 150, "{accepted} {refused}");
}

#[test]
fn broken_look_files_are_errors_and_claim_no_memory() {
    let huge = "TITLE \"x\"\nLUT_3D_SIZE 2000000000\n0 0 0\n";
    let short = "LUT_3D_SIZE 33\n0 0 0\n1 1 1\n";
    let array = r#"<ProcessList compCLFversion="3.0" id="x"><LUT3D inBitDepth="32f" outBitDepth="32f"><Array dim="40000 40000 40000 3">0 0 0</Array></LUT3D></ProcessList>"#;
    let lut1d = r#"<ProcessList compCLFversion="3.0" id="x"><LUT1D inBitDepth="32f" outBitDepth="32f"><Array dim="4000000000 3">0 0 0</Array></LUT1D></ProcessList>"#;
    let deep = format!("<ProcessList compCLFversion=\"3.0\" id=\"x\">{}", "<Info>".repeat(200_000));
    for (name, bytes) in [
        ("a.cube", huge.as_bytes()),
        ("a.cube", short.as_bytes()),
        ("a.cube", b""),
        ("a.cube", b"LUT_3D_SIZE 2\n0 0 nan\n"),
        ("a.clf", array.as_bytes()),
        ("a.clf", lut1d.as_bytes()),
        ("a.clf", deep.as_bytes()),
        ("a.clf", b"<ProcessList"),
        ("a.clf", b"\xff\xfe\x00"),
        ("a.spi3d", b"SPILUT 1.0\n3 3\n100000 100000 100000\n"),
        ("a.spi1d", b"Version 1\nFrom 0 1\nLength 2000000000\nComponents 3\n{\n0 0 0\n}\n"),
        ("a.3dl", b"0 64 128\n1 2\n"),
        ("a.cdl", b"<ColorDecisionList/>"),
        ("a.ccc", b"<ColorCorrectionCollection></ColorCorrectionCollection>"),
        ("a.unknown", b"x"),
        ("", b"x"),
    ] {
        let error = through(name, bytes, &[[0.5; 3]]).err();
        assert!(matches!(error, Some(ColorError::BadLookFile { .. } | ColorError::Engine(_))), "{name}: {error:?}");
    }
}

#[test]
fn a_show_look_works_in_the_space_it_was_made_for() {
    let engine = Engine::shared().unwrap();
    // A cube that swaps nothing: between two trips to ACEScct the picture stays, within the codes a cube can hold.
    let mut cube = String::from("LUT_3D_SIZE 2\n");
    for blue in 0..2 {
        for green in 0..2 {
            for red in 0..2 {
                cube.push_str(&format!("{red} {green} {blue}\n"));
            }
        }
    }
    let recipe = Recipe::to_view("ARRI LogC4", &OutputView::rec709_sdr());
    let pixels: Vec<[f32; 3]> = (0..50).map(|step| [0.3 + step as f32 / 500.0, 0.34, 0.33]).collect();
    let (mut plain, mut graded) = (pixels.clone(), pixels.clone());
    engine.processor(&recipe).unwrap().apply(&mut plain);
    let processor = engine.graded(&recipe, &[look("show.cube", cube.as_bytes(), "ACEScct")]).unwrap();
    processor.apply(&mut graded);
    for (one, other) in plain.as_flattened().iter().zip(graded.as_flattened()) {
        assert!((one - other).abs() < 2e-5, "{one} {other}");
    }
    assert!(processor.description().contains("show.cube in ACEScct"), "{}", processor.description());
    // In linear light the same cube clamps at 1: another picture.
    let mut linear = pixels.clone();
    engine.graded(&recipe, &[look("show.cube", cube.as_bytes(), "ACES2065-1")]).unwrap().apply(&mut linear);
    assert!(linear != graded);
    let error = engine.graded(&recipe, &[look("show.cube", cube.as_bytes(), "Nowhere")]).err();
    assert_eq!(error, Some(ColorError::UnknownSpace("Nowhere".into())));
}

const CONFIG: &str = "ocio_profile_version: 2\nsearch_path: luts\nroles: {default: lin, scene_linear: lin, aces_interchange: aces}\n\
displays:\n  Monitor:\n    - !<View> {name: Plain, colorspace: shown}\ncolorspaces:\n\
  - !<ColorSpace> {name: aces}\n\
  - !<ColorSpace> {name: lin, to_scene_reference: !<MatrixTransform> {matrix: [0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 1]}}\n\
  - !<ColorSpace> {name: shown, from_scene_reference: !<ExponentTransform> {value: 2, direction: inverse}}\n";

#[test]
fn a_configuration_of_the_users_own_decides_what_its_names_mean() {
    let engine = UserConfig::from_text("show.ocio", CONFIG, ".").unwrap();
    let recipe = |source: &str, target| Recipe { source: source.into(), target, ..Recipe::to_space("", "") };
    let view = Target::Display { display: "Monitor".into(), view: "Plain".into() };
    let mut pixel = [[0.5, 0.18, 0.02]];
    engine.processor(&recipe("lin", view.clone())).unwrap().apply(&mut pixel);
    for (got, linear) in pixel[0].iter().zip([0.5_f32, 0.18, 0.02]) {
        assert!((got - (linear * 0.5).sqrt()).abs() < 1e-6);
    }
    let refused = |recipe: Recipe| engine.processor(&recipe).err();
    assert_eq!(refused(recipe("ARRI LogC4", view.clone())), Some(ColorError::UnknownSpace("ARRI LogC4".into())));
    let graded = Recipe { cdl: Some(Cdl::IDENTITY), ..recipe("lin", view) };
    assert_eq!(refused(graded), Some(ColorError::UnknownSpace("ACEScct".into())));
    assert!(UserConfig::from_text("x", "no: config", ".").is_err());
    assert!(UserConfig::from_text("x", "ocio_profile_version: 99\n", ".").is_err());
    assert!(UserConfig::from_archive("does/not/exist.ocioz").is_err());
    assert_eq!(engine.list(checkgate_color::Aces::V2_0).unwrap().displays.len(), 1);
}
