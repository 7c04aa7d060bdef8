//! Owns `cargo xtask bench color`: the exact path and the LUT kernel on one thread and on all, beside OpenColorIO's C++ library (the
//! Python wheel of `tests/reference-requirements.txt`) on the same pixels, taking turns. Says where the C++ library is not there.

use crate::bench::ColorBench;
use anyhow::{Context, Result, anyhow};
use checkgate_color::{Aces, ColorEngine, Engine, Lut3d, OutputView, Processor, Recipe, Shaper, Target, apply_parallel};
use checkgate_testkit::python::ReferencePython;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;

/// Measures the C++ library; prints `{name: megapixels per second}`. Pixels come as raw floats.
const ORACLE: &str = r#"
import json, sys, time, threading
import numpy as np
import PyOpenColorIO as ocio
job = json.loads(sys.argv[1])
raw = np.frombuffer(sys.stdin.buffer.read(), dtype=np.float32)
count = job["pixels"]
smooth, noise, cube = raw[:count * 3], raw[count * 3:count * 6], raw[count * 6:]
flags = {"none": ocio.OPTIMIZATION_NONE, "default": ocio.OPTIMIZATION_DEFAULT}

def best(cpu, rgb, channels, threads):
    pixels = rgb.reshape(-1, 3)
    if channels == 4:
        pixels = np.concatenate([pixels, np.ones((len(pixels), 1), np.float32)], axis=1)
    fastest = 1e9
    for _ in range(job["repeats"]):
        work = np.ascontiguousarray(pixels).copy()
        parts = np.array_split(work, threads)
        apply = cpu.applyRGB if channels == 3 else cpu.applyRGBA
        # One thread: its own time, so that what else runs here does not count.
        clock = time.thread_time if threads == 1 else time.perf_counter
        started = clock()
        if threads == 1:
            apply(work)
        else:
            many = [threading.Thread(target=apply, args=(part,)) for part in parts]
            [one.start() for one in many]
            [one.join() for one in many]
        fastest = min(fastest, clock() - started)
    return len(pixels) / fastest / 1e6

answer = {}
for item in job["exact"]:
    config = ocio.Config.CreateFromBuiltinConfig(item["config"])
    transform = ocio.DisplayViewTransform(src=item["src"], display=item["display"], view=item["view"])
    for flag in ("none", "default"):
        cpu = config.getProcessor(transform).getOptimizedCPUProcessor(flags[flag])
        rgb = smooth[:item["pixels"] * 3]
        answer[f"{item['name']}|{flag}|1"] = best(cpu, rgb, 3, 1)
        answer[f"{item['name']}|{flag}|{job['threads']}"] = best(cpu, rgb, 3, job["threads"])
size = job["size"]
lut = ocio.Lut3DTransform(size)
lut.setData(cube)
lut.setInterpolation(ocio.INTERP_TETRAHEDRAL)
cpu = ocio.Config.CreateRaw().getProcessor(lut).getDefaultCPUProcessor()
for kind, rgb in (("smooth", smooth), ("noise", noise)):
    for channels in (3, 4):
        for threads in (1, job["threads"]):
            answer[f"lut {kind}|{channels}|{threads}"] = best(cpu, rgb, channels, threads)
print(json.dumps(answer))
"#;

/// A smooth log-encoded picture: hue sweeps through the exposure range of a camera, with a little grain.
fn smooth() -> Vec<[f32; 3]> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut grain = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 0.006
    };
    (0..WIDTH * HEIGHT)
        .map(|at| {
            let (x, y) = ((at % WIDTH) as f32 / WIDTH as f32, (at / WIDTH) as f32 / HEIGHT as f32);
            let level = 0.12 + 0.5 * x;
            let angle = y * std::f32::consts::TAU;
            let chroma = 0.06 * (x * std::f32::consts::PI).sin();
            [0.0, 2.1, 4.2].map(|turn: f32| level + chroma * (angle + turn).cos() + grain())
        })
        .collect()
}

/// Every pixel anywhere in the cube: the worst for caches.
fn noise() -> Vec<[f32; 3]> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..WIDTH * HEIGHT)
        .map(|_| {
            [(); 3].map(|()| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1 << 24) as f32
            })
        })
        .collect()
}

/// Seconds that this thread has run: what else the machine does is not in it. Elsewhere than on Unix, the clock on the wall.
#[cfg(unix)]
fn thread_secs(_start: Instant) -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(not(unix))]
fn thread_secs(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}

/// Megapixels a second, the best of `repeats`: by the time of the thread for one, by the clock for all.
fn speed(processor: &dyn Processor, pixels: &[[f32; 3]], repeats: usize, all: bool) -> f64 {
    let mut fastest = f64::INFINITY;
    for _ in 0..repeats {
        let mut work = pixels.to_vec();
        let started = Instant::now();
        let taken = if all {
            apply_parallel(processor, &mut work);
            started.elapsed().as_secs_f64()
        } else {
            let before = thread_secs(started);
            processor.apply(&mut work);
            thread_secs(started) - before
        };
        fastest = fastest.min(taken);
    }
    pixels.len() as f64 / fastest / 1e6
}

struct Exact {
    name: &'static str,
    recipe: Recipe,
    pixels: usize,
}

fn exact_jobs() -> Vec<Exact> {
    let to = |source: &str, aces, display: &str, view: &str| {
        let output = OutputView { aces, display: display.to_owned(), view: view.to_owned() };
        Recipe::to_view(source, &output)
    };
    let rec709 = "Rec.1886 Rec.709 - Display";
    vec![
        Exact {
            name: "LogC3 to ACES 2.0 Rec.709",
            recipe: to("ARRI LogC3 (EI800)", Aces::V2_0, rec709, "ACES 2.0 - SDR 100 nits (Rec.709)"),
            pixels: 400_000,
        },
        Exact {
            name: "LogC4 to ACES 2.0 PQ 1000",
            recipe: to("ARRI LogC4", Aces::V2_0, "Rec.2100-PQ - Display", "ACES 2.0 - HDR 1000 nits (P3 D65)"),
            pixels: 400_000,
        },
        Exact {
            name: "LogC3 to ACES 1.3 Rec.709",
            recipe: to("ARRI LogC3 (EI800)", Aces::V1_3, rec709, "ACES 1.0 - SDR Video"),
            pixels: 600_000,
        },
    ]
}

fn bytes_of(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Best and worst of the rounds.
type Figures = BTreeMap<String, Vec<f64>>;

pub(crate) fn run(options: &ColorBench) -> Result<()> {
    let rounds = if options.quick { 1 } else { options.rounds.max(1) };
    let repeats = if options.quick { 2 } else { 5 };
    let threads = std::thread::available_parallelism()?.get();
    let engine = Engine::shared()?;
    let (smooth, noise) = (smooth(), noise());
    let jobs = exact_jobs();
    let base = engine.processor(&jobs[0].recipe)?;
    let lut = Lut3d::bake(base.as_ref(), Lut3d::PROXY_SIZE);
    let python = ReferencePython::find(&["numpy", "PyOpenColorIO"]);
    if python.is_none() {
        println!(
            "no Python with numpy and PyOpenColorIO (tests/reference-requirements.txt): OpenColorIO's C++ library is left out"
        );
    }
    println!(
        "cargo xtask bench color --rounds {rounds}   ({threads} threads, kernel {}, best of {rounds} rounds x {repeats})",
        lut.kernel()
    );

    let mut ours = Figures::new();
    let mut theirs = Figures::new();
    for _ in 0..rounds {
        if let Some(python) = &python {
            for (name, figure) in oracle(python, &jobs, &smooth, &noise, threads, repeats, base.as_ref())? {
                theirs.entry(name).or_default().push(figure);
            }
        }
        let mut add = |name: String, figure: f64| ours.entry(name).or_default().push(figure);
        for job in &jobs {
            let processor = engine.processor(&job.recipe)?;
            for (all, count) in [(false, 1), (true, threads)] {
                add(format!("{}|{count}", job.name), speed(processor.as_ref(), &smooth[..job.pixels], repeats, all));
            }
        }
        for (kind, pixels) in [("smooth", &smooth), ("noise", &noise)] {
            for (all, count) in [(false, 1), (true, threads)] {
                add(format!("lut {kind}|{count}"), speed(&lut, pixels, repeats * 2, all));
            }
        }
    }
    print_table(&jobs, &ours, &theirs, threads);
    let errors = lut_errors(engine, &smooth)?;
    if options.json {
        println!("{}", json!({ "ours": ours, "opencolorio": theirs, "lut_errors": errors, "threads": threads }));
    }
    Ok(())
}

fn oracle(
    python: &ReferencePython,
    jobs: &[Exact],
    smooth: &[[f32; 3]],
    noise: &[[f32; 3]],
    threads: usize,
    repeats: usize,
    baked: &dyn Processor,
) -> Result<BTreeMap<String, f64>> {
    let size = Lut3d::PROXY_SIZE;
    let step = 1.0 / (size - 1) as f32;
    let mut cube: Vec<[f32; 3]> = (0..size * size * size)
        .map(|at| [at / (size * size), at / size % size, at % size].map(|place| place as f32 * step))
        .collect();
    apply_parallel(baked, &mut cube);
    let exact: Vec<Value> = jobs
        .iter()
        .map(|job| {
            let Target::Display { display, view } = &job.recipe.target else { return Value::Null };
            json!({ "name": job.name, "config": job.recipe.aces.config_name(), "src": job.recipe.source, "display": display,
                    "view": view, "pixels": job.pixels })
        })
        .collect();
    let job = json!({ "pixels": smooth.len(), "threads": threads, "repeats": repeats, "size": size, "exact": exact });
    let mut input = bytes_of(smooth.as_flattened());
    input.extend(bytes_of(noise.as_flattened()));
    input.extend(bytes_of(cube.as_flattened()));
    let said = python.run(ORACLE, &[&job.to_string()], &input).map_err(|error| anyhow!("OpenColorIO: {error}"))?;
    serde_json::from_str(&said).context("OpenColorIO's figures")
}

fn best(figures: &Figures, name: &str) -> Option<f64> {
    figures.get(name).map(|all| all.iter().copied().fold(0.0, f64::max))
}

fn spread(figures: &Figures, name: &str) -> String {
    let Some(all) = figures.get(name) else { return String::new() };
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(0.0, f64::max);
    format!("{low:.1}-{high:.1}")
}

fn print_table(jobs: &[Exact], ours: &Figures, theirs: &Figures, threads: usize) {
    println!(
        "\n{:<28} {:>7} {:>10} {:>22} {:>22} {:>14}",
        "Mpix/s", "threads", "ours", "OCIO C++ exact", "OCIO C++ default", "ours/exact"
    );
    for job in jobs {
        for count in [1, threads] {
            let mine = format!("{}|{count}", job.name);
            let (none, default) = (format!("{}|none|{count}", job.name), format!("{}|default|{count}", job.name));
            let figure = |figures: &Figures, name: &str| {
                best(figures, name).map_or_else(|| "-".to_owned(), |value| format!("{value:.2} ({})", spread(figures, name)))
            };
            let ratio =
                best(ours, &mine).zip(best(theirs, &none)).map_or_else(|| "-".to_owned(), |(a, b)| format!("{:.2}", a / b));
            let own = best(ours, &mine).unwrap_or_default();
            println!(
                "{:<28} {count:>7} {own:>10.2} {:>22} {:>22} {ratio:>14}",
                job.name,
                figure(theirs, &none),
                figure(theirs, &default)
            );
        }
    }
    println!(
        "\n{:<28} {:>7} {:>10} {:>12} {:>12} {:>14}",
        "65^3 tetrahedral", "threads", "ours", "OCIO RGB", "OCIO RGBA", "ours/best"
    );
    for kind in ["smooth", "noise"] {
        for count in [1, threads] {
            let mine = best(ours, &format!("lut {kind}|{count}")).unwrap_or_default();
            let (three, four) = (best(theirs, &format!("lut {kind}|3|{count}")), best(theirs, &format!("lut {kind}|4|{count}")));
            let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
            let fastest = three.into_iter().chain(four).fold(0.0, f64::max);
            let ratio = if fastest > 0.0 { format!("{:.2}", mine / fastest) } else { "-".to_owned() };
            println!("{kind:<28} {count:>7} {mine:>10.1} {:>12} {:>12} {ratio:>14}", show(three), show(four));
        }
    }
}

/// The error of the cube for what proxies are made of, in 10-bit codes, on the same picture.
fn lut_errors(engine: &Engine, picture: &[[f32; 3]]) -> Result<Vec<Value>> {
    println!("\nError of the 65^3 cube against the exact path (10-bit codes, mean / p99 / max):");
    let probe: Vec<[f32; 3]> = picture.iter().step_by(37).copied().collect();
    let mut all = Vec::new();
    for job in exact_jobs() {
        let exact = engine.processor(&job.recipe)?;
        let (lut, tried) = Lut3d::choose(exact.as_ref(), Lut3d::PROXY_SIZE, &probe);
        let (_, error) = tried.iter().find(|(shaper, _)| *shaper == lut.shaper()).context("the shaper was tried")?;
        let shaper = match lut.shaper() {
            Shaper::Unit => "code values".to_owned(),
            Shaper::Log { offset, high } => format!("log, {offset} to {high}"),
        };
        println!("  {:<28} {shaper:<18} {:.3} / {:.2} / {:.2}", job.name, error.mean, error.p99, error.max);
        all.push(json!({ "name": job.name, "shaper": lut.shaper(), "error": error }));
    }
    Ok(all)
}
