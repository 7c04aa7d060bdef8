//! Every sample AMF against OpenColorIO's C++ library, and against published formulas where it has none.
use crate::vectors::samples;
use checkgate_color::{Engine, amf_processor};
use checkgate_testkit::python::ReferencePython;
use serde_json::Value;
use std::path::Path;

fn points() -> Vec<[f32; 3]> {
    let mut points: Vec<[f32; 3]> = (0..=62).map(|step| [step as f32 / 60.0; 3]).collect();
    for red in 0..10 {
        for green in 0..10 {
            for blue in 0..10 {
                points.push([red as f32 / 9.0, 0.05 + green as f32 / 10.0, 0.95 - blue as f32 / 10.0]);
            }
        }
    }
    points
}

/// What a folder of AMF files came to.
#[derive(Default)]
struct Outcome {
    files: usize,
    matched: Vec<String>,
    /// Resolved by us, with the oracle's reason why it cannot.
    beyond_oracle: Vec<String>,
}

/// Every AMF below `folder` by us and by the oracle. Files whose name says so must be refused.
fn hold_folder(python: &ReferencePython, folder: &Path) -> Outcome {
    let points = points();
    let csv: String = points.iter().map(|[r, g, b]| format!("{r},{g},{b}\n")).collect();
    let answers = python.run(include_str!("../oracle_amf.py"), &[&folder.display().to_string()], csv.as_bytes()).unwrap();
    let engine = Engine::shared().unwrap();
    let mut outcome = Outcome::default();
    for answer in answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let file = answer["file"].as_str().unwrap();
        outcome.files += 1;
        let path = folder.join(file);
        let beside = path.parent().unwrap();
        let xml = std::fs::read_to_string(&path).unwrap();
        let ours = amf_processor(engine, &xml, &|look| std::fs::read(Path::new(beside).join(look.as_str())).ok());
        if file.starts_with("expect-refusal") {
            assert!(ours.is_err(), "{file} is resolved");
            continue;
        }
        match (ours, answer.get("rows").and_then(Value::as_array)) {
            (Ok((processor, _)), Some(rows)) => {
                let mut pixels = points.clone();
                processor.apply(&mut pixels);
                let (mut missed, mut worst) = (0, 0.0_f64);
                for (pixel, row) in pixels.iter().zip(rows) {
                    let row: Vec<f64> = row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
                    let over = (0..3)
                        .map(|channel| {
                            let difference = (f64::from(pixel[channel]) - row[channel]).abs();
                            let allowed = 1e-5 * row[channel].abs().max(1.0) + 4.0 * row[3];
                            if difference <= allowed { 0.0 } else { difference }
                        })
                        .fold(0.0, f64::max);
                    missed += usize::from(over > 0.0);
                    worst = worst.max(over);
                }
                if missed > 0 {
                    eprintln!("{file}: {missed} of {} rows miss the rule, worst {worst:e}", rows.len());
                }
                // 0.2 % of the rows may miss the rule a little: pure powers are steep at black.
                let few = missed as f64 <= 0.002 * rows.len() as f64 && worst <= 5e-3;
                assert!(few, "{file}: {missed} of {} rows miss the rule, worst {worst:e}\n{xml}", rows.len());
                outcome.matched.push(file.to_owned());
            }
            (Err(error), None) => eprintln!("not resolved: {file}: {error}"),
            (Ok(_), None) => outcome.beyond_oracle.push(format!("{file}: {}", answer["why"])),
            (Err(error), Some(_)) => panic!("{file}: the oracle resolves it, not we: {error}\n{xml}"),
        }
    }
    outcome
}

fn oracle() -> Option<ReferencePython> {
    let python = ReferencePython::find(&["numpy", "PyOpenColorIO"]);
    if python.is_none() {
        eprintln!("SKIPPED: no Python with numpy and PyOpenColorIO (tests/reference-requirements.txt)");
    }
    python
}

#[test]
fn the_academys_examples_resolve_and_match_the_oracle() {
    let Some(color) = samples() else { return };
    let Some(python) = oracle() else { return };
    let outcome = hold_folder(&python, &color.join("amf"));
    let of_academy = outcome.matched.iter().filter(|file| file.starts_with("examples")).count();
    eprintln!(
        "AMF against the oracle: {} of {} files match, {of_academy} of the Academy's 164",
        outcome.matched.len(),
        outcome.files
    );
    assert!(outcome.beyond_oracle.is_empty(), "{:?}", outcome.beyond_oracle);
    assert!(of_academy >= 150, "{of_academy}");
}

/// Files written here: every transform id of the configurations, and steps in every order and spelling.
#[test]
fn amf_files_of_every_step_and_spelling_match_the_oracle() {
    let Some(python) = oracle() else { return };
    let seed = std::env::var("CHECKGATE_FRESH_SEED").unwrap_or_else(|_| "1".to_owned());
    let count = std::env::var("CHECKGATE_FRESH_AMFS").unwrap_or_else(|_| "60".to_owned());
    let folder = tempfile::tempdir().unwrap();
    python.run(include_str!("../forge_amf.py"), &[&folder.path().display().to_string(), &seed, &count], b"").unwrap();
    let outcome = hold_folder(&python, folder.path());
    eprintln!("AMF written here: {} of {} files match the oracle", outcome.matched.len(), outcome.files);
    for file in &outcome.beyond_oracle {
        // It has no inverse of the outputs that are put together from parts.
        assert!(file.contains("_in_XYZ-E_"), "{file}");
    }
    assert!(outcome.matched.len() >= 250, "{}", outcome.matched.len());
}
