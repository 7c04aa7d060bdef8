//! Every transform of the built-in configurations on rows that nobody has seen before, against OpenColorIO's C++ library, by the
//! acceptance rule of the vectors. `CHECKGATE_FRESH_ROWS` asks for more rows a transform, `CHECKGATE_FRESH_SEED` for others.
use checkgate_color::eval::{EvalOptions, parse_rows};
use checkgate_color::{ColorEngine, Engine};
use checkgate_testkit::python::ReferencePython;
use serde_json::Value;

#[derive(Default)]
struct Counts {
    identical: usize,
    missed: usize,
    unlike: usize,
}

fn setting(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

#[test]
fn every_transform_of_the_configurations_matches_the_oracle_on_fresh_rows() {
    let Some(python) = ReferencePython::find(&["numpy", "PyOpenColorIO"]) else {
        eprintln!("SKIPPED: no Python with numpy and PyOpenColorIO (tests/reference-requirements.txt)");
        return;
    };
    let (count, seed) = (setting("CHECKGATE_FRESH_ROWS", "30"), setting("CHECKGATE_FRESH_SEED", "1"));
    let answers = python.run(include_str!("../oracle_fresh.py"), &[&count, &seed], b"").unwrap();
    let engine = Engine::shared().unwrap();
    let (mut transforms, mut total, mut counts) = (0, 0, [Counts::default(), Counts::default()]);
    for answer in answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let options = EvalOptions {
            aces: text("aces"),
            source: text("src"),
            destination: text("dst"),
            display: text("display"),
            view: text("view"),
            look: text("look"),
            ..EvalOptions::default()
        };
        let name = format!("{options:?}");
        let processor = engine.processor(&options.recipe().unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (mut input, mut want, mut sens) = (Vec::new(), Vec::new(), Vec::new());
        for row in answer["rows"].as_str().unwrap().lines() {
            let (numbers, last) = row.rsplit_once(',').unwrap();
            let split = numbers.match_indices(',').nth(2).unwrap().0;
            input.extend(parse_rows(&numbers[..split]).unwrap());
            want.extend(parse_rows(&numbers[split + 1..]).unwrap());
            sens.push(last.parse::<f32>().unwrap());
        }
        transforms += 1;
        total += input.len();
        // By the library alone, and over blocks: those hold nothing that is not finite, or they would be the library's as well.
        let all: Vec<usize> = (0..input.len()).collect();
        let finite: Vec<usize> = all.iter().copied().filter(|at| input[*at].iter().all(|value| value.is_finite())).collect();
        for (by, chosen) in [("library", &all), ("blocks", &finite)] {
            let mut got: Vec<[f32; 3]> = chosen.iter().map(|at| input[*at]).collect();
            if by == "library" {
                processor.apply_by_library(&mut got);
            } else {
                processor.apply(&mut got);
            }
            let counts = &mut counts[usize::from(by == "library")];
            for (at, got) in chosen.iter().zip(&got) {
                let (input, want, sens) = (input[*at], want[*at], sens[*at]);
                counts.identical += usize::from(got.map(f32::to_bits) == want.map(f32::to_bits));
                // What no number goes into or comes out of must be survived, and be of the same kind.
                if input.iter().chain(&want).any(|value| !value.is_finite()) {
                    let kind = |value: &f32| if value.is_nan() { 2 } else { i32::from(value.is_infinite()) };
                    counts.unlike += usize::from(got.iter().map(kind).ne(want.iter().map(kind)));
                    continue;
                }
                let worst = got.iter().zip(&want).map(|(got, want)| {
                    let difference = (got - want).abs();
                    // NaN counts as a miss without bound.
                    let within = difference <= 1e-5 * want.abs().max(1.0) + 4.0 * sens;
                    if within {
                        0.0
                    } else if difference.is_nan() {
                        f32::INFINITY
                    } else {
                        difference
                    }
                });
                let worst = worst.fold(0.0, f32::max);
                if worst > 0.0 {
                    counts.missed += 1;
                    eprintln!("{name}, by {by}: {input:?} gave {got:?}, not {want:?} (sens {sens:e})");
                }
                assert!(worst <= 5e-3, "{name}, by {by}: {input:?} gave {got:?}, not {want:?}");
            }
        }
    }
    for (by, counts) in [("blocks", &counts[0]), ("library", &counts[1])] {
        let Counts { identical, missed, unlike } = counts;
        eprintln!(
            "fresh rows: {transforms} transforms, {total} rows, by {by} {identical} bit-identical, {missed} miss the rule; {unlike} with \
             numbers that are not finite become something else"
        );
        assert!(missed * 5000 <= total, "by {by}: {missed} of {total} rows miss the rule");
        assert!(*unlike == 0, "by {by}: {unlike}");
    }
    assert!(transforms >= 300, "{transforms}");
}
