//! Owns `cargo xtask bench mhl`: creating and verifying histories beside `xxhsum`, `md5sum` and the reference `ascmhl` on the same
//! files, warm and cold, and how time and memory grow with the history. Ours runs as a process of its own, like the others.

use crate::bench::{MhlBench, MhlOnce};
use crate::bench_offload::{forge, reference_ascmhl, shell};
use crate::machine;
use anyhow::{Context, Result, bail};
use checkgate_mhl::{Operation, Process};
use checkgate_model::{HashFormat, Timestamp};
use checkgate_offload::{Control, CreateOptions, Meter, VerifyDepth, VerifyOptions};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Seconds and megabytes of one run over a folder.
type Measured<'a> = Box<dyn Fn(&Path) -> Result<(f64, f64)> + 'a>;

/// Times of one tool on one set.
struct Row {
    what: String,
    secs: Vec<f64>,
    memory_mb: f64,
}

impl Row {
    fn best(&self) -> f64 {
        self.secs.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// One tool: what it is called, and how one run goes. Answers seconds and megabytes.
type Tool<'a> = (String, Measured<'a>);

pub(crate) fn run(options: &MhlBench) -> Result<()> {
    let (size_mib, small, runs, entries) =
        if options.quick { (256, 2_000, 1, 20_000) } else { (options.size, options.small, options.runs.max(1), options.entries) };
    let root = options.dir.join(format!("mhl-{}", std::process::id()));
    std::fs::create_dir_all(&root).with_context(|| root.display().to_string())?;
    let root = root.canonicalize()?;
    let done = (|| -> Result<Vec<serde_json::Value>> {
        let mut figures = Vec::new();
        figures.extend(data_set(&root, "large", &format!("4 × {size_mib} MiB"), &[size_mib << 20; 4], runs)?);
        figures.extend(data_set(&root, "small", &format!("{small} × 64 KiB"), &vec![64 << 10; usize::try_from(small)?], runs)?);
        figures.push(growth(&root, entries)?);
        if options.million {
            figures.push(million(&root)?);
        }
        Ok(figures)
    })();
    std::fs::remove_dir_all(&root).with_context(|| root.display().to_string())?;
    let figures = done?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    }
    Ok(())
}

fn data_set(root: &Path, name: &str, words: &str, sizes_bytes: &[u64], runs: usize) -> Result<Vec<serde_json::Value>> {
    let roll = root.join(name);
    forge(&roll, sizes_bytes)?;
    let bytes: u64 = sizes_bytes.iter().sum();
    let tools = tools(&roll)?;
    let mut told = Vec::new();
    for cold in [false, true] {
        let mut rows: Vec<Row> =
            tools.iter().map(|(what, _)| Row { what: what.clone(), secs: Vec::new(), memory_mb: 0.0 }).collect();
        // Interleaved, so that whatever else the machine does meets every tool.
        for _ in 0..runs {
            for ((_, run), row) in tools.iter().zip(&mut rows) {
                if cold {
                    machine::forget(&roll)?
                } else {
                    warm(&roll)?
                }
                let (secs, memory_mb) = run(&roll)?;
                row.secs.push(secs);
                row.memory_mb = row.memory_mb.max(memory_mb);
            }
        }
        let state = if cold { "not cached" } else { "cached" };
        print_table(&format!("{words}, {state}"), bytes, &rows);
        told.push(serde_json::json!({
            "set": words, "cached": !cold, "bytes": bytes,
            "rows": rows.iter().map(|row| serde_json::json!({ "what": row.what, "secs": row.secs, "memory_mb": row.memory_mb })).collect::<Vec<_>>(),
        }));
    }
    std::fs::remove_dir_all(&roll)?;
    Ok(told)
}

fn tools<'a>(roll: &Path) -> Result<Vec<Tool<'a>>> {
    let mut tools: Vec<Tool<'a>> = Vec::new();
    let mut add = |what: &str, run: Measured<'a>| tools.push((what.to_owned(), run));
    for format in ["xxh64", "md5"] {
        add(
            &format!("checkgate create {format}"),
            Box::new(move |roll| {
                forget_history(roll)?;
                ours("create", roll, format, "system")
            }),
        );
        // Checks the generation that the row above wrote.
        add(&format!("checkgate verify {format}"), Box::new(move |roll| ours("verify", roll, format, "system")));
        if format == "xxh64" {
            add("checkgate verify xxh64, past the cache", Box::new(move |roll| ours("verify", roll, format, "device")));
        }
    }
    let list = |program: &'static str| -> Measured<'a> {
        Box::new(move |roll| {
            forget_history(roll)?;
            timed(&format!("find '{}' -type f -print0 | xargs -0 {program} > /dev/null", roll.display()))
        })
    };
    for (what, program) in [("xxhsum xxh64", "xxhsum -q -H1"), ("md5sum", "md5sum")] {
        let name = program.split(' ').next().unwrap_or(program);
        if Command::new("sh").args(["-c", &format!("command -v {name}")]).stdout(Stdio::null()).status()?.success() {
            add(what, list(program));
        } else {
            println!("{name}: not installed, left out");
        }
    }
    match reference_ascmhl() {
        Some(ascmhl) => {
            // Where it can be, without the second it may wait for an answer from the network.
            let alone = Command::new("unshare").args(["-n", "true"]).status().is_ok_and(|status| status.success());
            let prefix = if alone { "unshare -n " } else { "" };
            for format in ["xxh64", "md5"] {
                let (ascmhl, prefix) = (ascmhl.display().to_string(), prefix.to_owned());
                add(
                    &format!("ascmhl create {format}"),
                    Box::new(move |roll| {
                        forget_history(roll)?;
                        timed(&format!("{prefix}'{ascmhl}' create -h {format} '{}'", roll.display()))
                    }),
                );
            }
        }
        None => println!("ascmhl: not installed (set CHECKGATE_ASCMHL), left out"),
    }
    forget_history(roll)?;
    Ok(tools)
}

fn forget_history(roll: &Path) -> Result<()> {
    let history = roll.join(checkgate_mhl::FOLDER);
    if history.exists() {
        std::fs::remove_dir_all(history)?;
    }
    Ok(())
}

fn warm(roll: &Path) -> Result<()> {
    shell(&format!("find '{}' -type f -print0 | xargs -0 cat > /dev/null", roll.display()))
}

fn timed(script: &str) -> Result<(f64, f64)> {
    let started = Instant::now();
    shell(script)?;
    Ok((started.elapsed().as_secs_f64(), 0.0))
}

/// This program again, as a process of its own that does one thing and tells its peak memory.
fn ours(what: &str, roll: &Path, format: &str, depth: &str) -> Result<(f64, f64)> {
    let program = std::env::current_exe()?;
    let started = Instant::now();
    let output = Command::new(program)
        .args(["mhl-once", what, "--format", format, "--depth", depth])
        .arg(roll)
        .stdin(Stdio::null())
        .output()?;
    let secs = started.elapsed().as_secs_f64();
    if !output.status.success() {
        bail!("{what} {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let memory = String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().context("the memory line")?;
    Ok((secs, memory))
}

/// What [`ours`] starts.
pub(crate) fn once(options: &MhlOnce) -> Result<()> {
    let format: HashFormat = options.format.parse()?;
    let depth = if options.depth == "device" { VerifyDepth::Device } else { VerifyDepth::System };
    let (control, meter) = (Control::new(), Meter::new());
    let expected = options.expect;
    let code = match options.what.as_str() {
        "create" => {
            let mut create = CreateOptions::new(Operation {
                started: Timestamp::now(),
                host_name: "bench".to_owned(),
                tool: "Checkgate".to_owned(),
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
                process: Process::InPlace,
                authors: Vec::new(),
                location: None,
                comment: None,
            });
            create.formats = vec![format];
            create.depth = depth;
            checkgate_offload::create(&options.root, &create, &control, &meter)?.exit_code()
        }
        other => {
            let verify = VerifyOptions {
                depth,
                history_only: true,
                names_only: other == "diff",
                format: Some(format),
                ..VerifyOptions::default()
            };
            let report = checkgate_offload::verify(&options.root, &verify, &control, &meter)?;
            if other == "diff" { report.diff_exit_code() } else { report.verify_exit_code() }
        }
    };
    if code != expected {
        bail!("{} answered {code} instead of {expected}", options.what);
    }
    println!("{:.1}", peak_memory_mb()?);
    Ok(())
}

pub(crate) fn peak_memory_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("VmHWM")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

fn print_table(words: &str, bytes: u64, rows: &[Row]) {
    #[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
    let rate = |secs: f64| bytes as f64 / 1e6 / secs;
    let best = |start: &str| rows.iter().find(|row| row.what.starts_with(start)).map(Row::best);
    println!("\n{words} ({:.0} MB)", rate(1.0));
    println!("{:<42} {:>8} {:>8} {:>8} {:>8}  speed against its peers", "", "best s", "worst s", "MB/s", "peak MB");
    for row in rows {
        let worst = row.secs.iter().copied().fold(0.0, f64::max);
        let memory = if row.memory_mb > 0.0 { format!("{:.0}", row.memory_mb) } else { String::new() };
        let mut against = Vec::new();
        if row.what.starts_with("checkgate") {
            let md5 = row.what.contains("md5");
            let peers = if md5 { ["md5sum", "ascmhl create md5"] } else { ["xxhsum", "ascmhl create xxh64"] };
            for peer in peers {
                if let Some(secs) = best(peer) {
                    against.push(format!("{:.2} × {peer}", secs / row.best()));
                }
            }
        }
        println!(
            "{:<42} {:>8.2} {:>8.2} {:>8.0} {:>8}  {}",
            row.what,
            row.best(),
            worst,
            rate(row.best()),
            memory,
            against.join(", ")
        );
    }
}

/// `count` tiny files with five generations, at a quarter and at full length.
fn growth(root: &Path, count: u64) -> Result<serde_json::Value> {
    println!("\nfive generations of tiny files");
    println!("{:<12} {:>12} {:>12} {:>14} {:>8}", "files", "verify s", "diff s", "create 6 s", "peak MB");
    let mut told = Vec::new();
    for count in [count / 4, count] {
        let roll = root.join("growth");
        tiny(&roll, count)?;
        for _ in 0..5 {
            ours("create", &roll, "xxh64", "system")?;
        }
        let best = |what: &str| -> Result<(f64, f64)> {
            let mut best = (f64::INFINITY, 0.0);
            for _ in 0..2 {
                let (secs, memory) = ours(what, &roll, "xxh64", "system")?;
                best = (f64::min(best.0, secs), f64::max(best.1, memory));
            }
            Ok(best)
        };
        let (verify, diff) = (best("verify")?, best("diff")?);
        let create = ours("create", &roll, "xxh64", "system")?;
        let memory = [verify.1, diff.1, create.1].into_iter().fold(0.0, f64::max);
        println!("{count:<12} {:>12.2} {:>12.2} {:>14.2} {memory:>8.0}", verify.0, diff.0, create.0);
        told.push(serde_json::json!({ "files": count, "verify_secs": verify.0, "diff_secs": diff.0, "create_secs": create.0, "memory_mb": memory }));
        std::fs::remove_dir_all(&roll)?;
    }
    let secs = |at: usize, name: &str| told[at][name].as_f64().unwrap_or(f64::NAN);
    for name in ["verify_secs", "diff_secs", "create_secs"] {
        println!("four times as many: {name} × {:.2}", secs(1, name) / secs(0, name));
    }
    Ok(serde_json::json!({ "growth": told }))
}

fn million(root: &Path) -> Result<serde_json::Value> {
    let roll = root.join("million");
    tiny(&roll, 1_000_000)?;
    println!("\n1,000,000 files");
    println!("{:<12} {:>10} {:>10}", "", "seconds", "peak MB");
    let mut told = Vec::new();
    for what in ["create", "verify", "diff", "create"] {
        let (secs, memory) = ours(what, &roll, "xxh64", "system")?;
        println!("{what:<12} {secs:>10.2} {memory:>10.0}");
        told.push(serde_json::json!({ "what": what, "secs": secs, "memory_mb": memory }));
    }
    std::fs::remove_dir_all(&roll)?;
    Ok(serde_json::json!({ "million": told }))
}

/// Files of a few bytes, 1,000 to a folder, named as a camera names them.
fn tiny(roll: &Path, count: u64) -> Result<()> {
    for number in 0..count {
        let folder = roll.join(format!("A{:03}R1JL/FRAMES", number / 1000));
        if number.is_multiple_of(1000) {
            std::fs::create_dir_all(&folder)?;
        }
        std::fs::write(folder.join(format!("A003C001_261126_R1JL.{number:07}.ari")), number.to_string())?;
    }
    Ok(())
}
