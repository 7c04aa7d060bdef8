//! Owns `cargo xtask bench offload`: our copy, hash and proof beside the machine's own limit and beside the tools people use, all
//! measured in one run, each beginning with a card that is not cached.

use crate::bench::OffloadBench;
use crate::machine;
use anyhow::{Context, Result, bail};
use checkgate_mhl::{Operation, Process};
use checkgate_model::{CopyId, HashFormat, Timestamp};
use checkgate_offload::{Control, CopyPlan, Meter, Outcome, Plan, VerifyDepth};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// One line of the table.
struct Line {
    what: String,
    /// Seconds of each run.
    secs: Vec<f64>,
    note: String,
}

impl Line {
    fn best(&self) -> f64 {
        self.secs.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

pub(crate) fn run(options: &OffloadBench) -> Result<()> {
    let (size_mib, small, runs) =
        if options.quick { (256, 2_000, 1) } else { (options.size, options.small, options.runs.max(1)) };
    let root = options.dir.join(format!("offload-{}", std::process::id()));
    std::fs::create_dir_all(&root).with_context(|| root.display().to_string())?;
    let root = root.canonicalize()?;
    let done = (|| -> Result<Vec<serde_json::Value>> {
        let mut figures = Vec::new();
        figures.push(data_set(&root, "large", &format!("4 × {size_mib} MiB"), &vec![size_mib << 20; 4], 1, runs)?);
        figures.push(data_set(&root, "small", &format!("{small} × 64 KiB"), &vec![64 << 10; usize::try_from(small)?], 8, runs)?);
        Ok(figures)
    })();
    std::fs::remove_dir_all(&root).with_context(|| root.display().to_string())?;
    let figures = done?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    }
    Ok(())
}

fn data_set(root: &Path, name: &str, words: &str, sizes_bytes: &[u64], threads: usize, runs: usize) -> Result<serde_json::Value> {
    let card = root.join(format!("{name}-card"));
    let bytes: u64 = sizes_bytes.iter().sum();
    forge(&card, sizes_bytes)?;
    let files = machine::files_below(&card)?;

    // The machine's own limit, at the better of one and several requests at a time.
    let mut read_secs = f64::INFINITY;
    let mut write_secs = f64::INFINITY;
    for _ in 0..runs {
        for at_once in [threads, threads.max(4)] {
            read_secs = read_secs.min(machine::direct_read_secs(&files, at_once)?);
            let folder = root.join("limit");
            write_secs = write_secs.min(machine::direct_write_secs(&folder, sizes_bytes, at_once)?);
            std::fs::remove_dir_all(&folder)?;
        }
    }
    let floor = |copies: f64| read_secs.max(copies * write_secs) + (1.0 + copies) * read_secs;

    let mut lines = Vec::new();
    for copies in [1, 2] {
        let mut line = Line {
            what: format!("checkgate, {copies} cop{}", if copies == 1 { "y" } else { "ies" }),
            secs: Vec::new(),
            note: String::new(),
        };
        for _ in 0..runs {
            machine::forget(&card)?;
            let (secs, note) = ours(root, &card, copies, VerifyDepth::Device, true)?;
            line.secs.push(secs);
            line.note = note;
        }
        lines.push(line);
    }
    let mut plain = Line { what: "checkgate, 1 copy, copy and hash only".to_owned(), secs: Vec::new(), note: String::new() };
    for _ in 0..runs {
        machine::forget(&card)?;
        let (secs, note) = ours(root, &card, 1, VerifyDepth::None, false)?;
        plain.secs.push(secs);
        plain.note = note;
    }
    lines.push(plain);
    let target = root.join("other");
    let target_text = target.to_string_lossy().into_owned();
    let card_text = card.to_string_lossy().into_owned();
    let sync = format!("sync -f '{target_text}'");
    let others = [
        ("cp -a, sync", "cp", format!("cp -a '{card_text}' '{target_text}' && {sync}")),
        ("rsync -aW, sync", "rsync", format!("rsync -aW '{card_text}/' '{target_text}/' && {sync}")),
        ("rclone copy, sync", "rclone", format!("rclone copy --config /dev/null '{card_text}' '{target_text}' && {sync}")),
    ];
    for (what, program, script) in &others {
        if let Some(line) = other(what, program, script, &card, &target, runs)? {
            lines.push(line);
        }
    }
    if let Some(ascmhl) = reference_ascmhl() {
        let mut line =
            Line { what: "ascmhl create -h xxh64 (hash only)".to_owned(), secs: Vec::new(), note: "on a cold copy".to_owned() };
        for _ in 0..runs {
            shell(&format!("cp -a '{card_text}' '{target_text}'"))?;
            machine::forget(&target)?;
            let started = Instant::now();
            shell(&format!("'{}' create -h xxh64 '{target_text}'", ascmhl.display()))?;
            line.secs.push(started.elapsed().as_secs_f64());
            std::fs::remove_dir_all(&target)?;
        }
        lines.push(line);
    } else {
        println!("ascmhl: not installed (set CHECKGATE_ASCMHL), left out");
    }
    print_table(words, bytes, read_secs, write_secs, floor(1.0), floor(2.0), &lines);
    std::fs::remove_dir_all(&card)?;
    let rows: Vec<_> =
        lines.iter().map(|line| serde_json::json!({ "what": line.what, "secs": line.secs, "note": line.note })).collect();
    Ok(serde_json::json!({
        "set": words, "bytes": bytes, "direct_read_secs": read_secs, "direct_write_secs": write_secs,
        "floor_1_copy_secs": floor(1.0), "floor_2_copies_secs": floor(2.0), "rows": rows,
    }))
}

fn print_table(words: &str, bytes: u64, read_secs: f64, write_secs: f64, floor_one: f64, floor_two: f64, lines: &[Line]) {
    #[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
    let rate = |secs: f64| bytes as f64 / 1e6 / secs;
    println!("\n{words} ({:.0} MB), card not cached", rate(1.0));
    println!("machine, direct I/O on this device: read {:.0} MB/s, durable write {:.0} MB/s", rate(read_secs), rate(write_secs));
    println!(
        "floor = max(B/R, N·B/W) + (1 + N)·B/R: card read and N writes together, then N read-backs and the second card read,"
    );
    println!("all on one device: 1 copy {floor_one:.2} s, 2 copies {floor_two:.2} s");
    println!("{:<40} {:>8} {:>8} {:>8} {:>9}  note", "", "best s", "worst s", "MB/s", "ours ÷ it");
    let ours = lines[0].best();
    println!("{:<40} {:>8.2} {:>8} {:>8.0} {:>9.2}", "floor, 1 copy", floor_one, "", rate(floor_one), ours / floor_one);
    println!(
        "{:<40} {:>8.2} {:>8} {:>8.0} {:>9.2}",
        "floor, 2 copies (against our 2 copies)",
        floor_two,
        "",
        rate(floor_two),
        lines[1].best() / floor_two
    );
    for line in lines {
        let worst = line.secs.iter().copied().fold(0.0, f64::max);
        println!(
            "{:<40} {:>8.2} {:>8.2} {:>8.0} {:>9.2}  {}",
            line.what,
            line.best(),
            worst,
            rate(line.best()),
            ours / line.best(),
            line.note
        );
    }
    let find = |start: &str| lines.iter().find(|line| line.what.starts_with(start)).map(Line::best);
    if let (Some(copy), Some(hash)) = (find("cp -a"), find("ascmhl")) {
        println!(
            "{:<40} {:>8.2} {:>8} {:>8.0} {:>9.2}  copied and hashed, one copy, card read once",
            "cp -a, sync, then ascmhl create",
            copy + hash,
            "",
            rate(copy + hash),
            ours / (copy + hash)
        );
    }
}

fn ours(root: &Path, card: &Path, copies: usize, verify: VerifyDepth, source_reread: bool) -> Result<(f64, String)> {
    let roots: Vec<PathBuf> = (1..=copies).map(|number| root.join(format!("copy-{number}")).join("A001R1AB")).collect();
    for copy_root in &roots {
        // Where the roll folder goes is there already on a real drive.
        std::fs::create_dir_all(copy_root.parent().context("a parent")?)?;
    }
    let plan = Plan {
        card_root: card.to_path_buf(),
        copies: roots
            .iter()
            .enumerate()
            .map(|(number, root)| CopyPlan {
                id: CopyId(format!("copy-{number}")),
                label: format!("copy {number}"),
                root: root.clone(),
            })
            .collect(),
        hashes: vec![HashFormat::Xxh64],
        verify,
        source_reread,
        operation: Operation {
            started: Timestamp::now(),
            host_name: "bench".to_owned(),
            tool: "Checkgate".to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            process: Process::Transfer,
            authors: Vec::new(),
            location: None,
            comment: None,
        },
        prior: Vec::new(),
    };
    let mut phases = Vec::new();
    let started = Instant::now();
    let report = checkgate_offload::run(&plan, &Control::new(), &Meter::new(), &mut |event| {
        if let checkgate_offload::Event::PhaseChanged { phase } = event {
            phases.push((phase, started.elapsed().as_secs_f64()));
        }
        Ok(())
    })?;
    let secs = started.elapsed().as_secs_f64();
    if report.outcome != Outcome::Complete {
        bail!("our own run did not complete: {report:?}");
    }
    let spans: Vec<String> = phases
        .iter()
        .zip(phases.iter().skip(1).map(|(_, at)| *at).chain([secs]))
        .filter(|((phase, _), _)| *phase != checkgate_offload::Phase::Done)
        .map(|((phase, from), to)| format!("{} {:.2} s", phase.word(), to - from))
        .collect();
    let level = report.copies[0].weakest.map_or("not proven", |level| level.word());
    for number in 1..=copies {
        std::fs::remove_dir_all(root.join(format!("copy-{number}")))?;
    }
    Ok((secs, format!("{level}; {}", spans.join(", "))))
}

fn other(what: &str, program: &str, script: &str, card: &Path, target: &Path, runs: usize) -> Result<Option<Line>> {
    if !Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status()?.success() {
        println!("{program}: not installed, left out");
        return Ok(None);
    }
    let mut line = Line { what: what.to_owned(), secs: Vec::new(), note: "no hash, no proof".to_owned() };
    for _ in 0..runs {
        machine::forget(card)?;
        let started = Instant::now();
        shell(script)?;
        line.secs.push(started.elapsed().as_secs_f64());
        std::fs::remove_dir_all(target)?;
    }
    Ok(Some(line))
}

pub(crate) fn shell(script: &str) -> Result<()> {
    let output = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{script}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

pub(crate) fn reference_ascmhl() -> Option<PathBuf> {
    let named = std::env::var_os("CHECKGATE_ASCMHL").map(PathBuf::from);
    named
        .into_iter()
        .chain([PathBuf::from(".venv/bin/ascmhl")])
        .find(|path| path.is_file())
        .and_then(|path| path.canonicalize().ok())
}

/// Incompressible, reproducible content: 100 files to a folder.
pub(crate) fn forge(card: &Path, sizes_bytes: &[u64]) -> Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0_u8; 1 << 20];
    for (number, size_bytes) in sizes_bytes.iter().enumerate() {
        let folder = card.join(format!("{:03}", number / 100));
        std::fs::create_dir_all(&folder)?;
        let mut file = std::fs::File::create(folder.join(format!("A001C{number:05}.bin")))?;
        let mut left = usize::try_from(*size_bytes)?;
        while left > 0 {
            let now = left.min(block.len());
            for word in block[..now].chunks_mut(8) {
                // xorshift64
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes()[..word.len()]);
            }
            std::io::Write::write_all(&mut file, &block[..now])?;
            left -= now;
        }
        file.sync_all()?;
    }
    Ok(())
}
