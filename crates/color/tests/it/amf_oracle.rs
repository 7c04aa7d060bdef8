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

#[test]
fn the_academys_examples_resolve_and_match_the_oracle() {
    let Some(color) = samples() else { return };
    let Some(python) = ReferencePython::find(&["numpy", "PyOpenColorIO"]) else {
        eprintln!("SKIPPED: no Python with numpy and PyOpenColorIO (tests/reference-requirements.txt)");
        return;
    };
    let points = points();
    let csv: String = points.iter().map(|[r, g, b]| format!("{r},{g},{b}\n")).collect();
    let folder = color.join("amf");
    let answers = python.run(include_str!("../oracle_amf.py"), &[&folder.display().to_string()], csv.as_bytes()).unwrap();
    let engine = Engine::shared().unwrap();
    let (mut files, mut matched, mut academy, mut academy_matched) = (0, 0, 0, 0);
    for answer in answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let file = answer["file"].as_str().unwrap();
        let of_academy = file.starts_with("examples");
        files += 1;
        academy += usize::from(of_academy);
        let path = folder.join(file);
        let beside = path.parent().unwrap();
        let xml = std::fs::read_to_string(&path).unwrap();
        let ours = amf_processor(engine, &xml, &|look| std::fs::read(Path::new(beside).join(look.as_str())).ok());
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
                assert!(few, "{file}: {missed} of {} rows miss the rule, worst {worst:e}", rows.len());
                matched += 1;
                academy_matched += usize::from(of_academy);
            }
            (Err(error), None) => eprintln!("not resolved: {file}: {error}"),
            (Ok(_), None) => panic!("{file}: resolved, but the oracle says {}", answer["why"]),
            (Err(error), Some(_)) => panic!("{file}: the oracle resolves it, not we: {error}"),
        }
    }
    eprintln!("AMF against the oracle: {matched} of {files} files match, {academy_matched} of the Academy's {academy}");
    assert_eq!(academy, 164);
    assert!(academy_matched >= 150, "{academy_matched}");
}
