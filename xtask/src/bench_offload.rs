//! Owns `cargo xtask bench offload`: our copy, hash and proof beside the machine's own limit and beside what people use instead, all
//! measured in one run, each beginning with a card that is not cached and ending with everything durable.

use crate::bench::{OffloadBench, OffloadOnce};
use crate::bench_mhl::peak_memory_mb;
use crate::machine::{self, Moves};
use anyhow::{Context, Result, bail};
use checkgate_mhl::{MultiHasher, Operation, Process};
use checkgate_model::{CopyId, HashFormat, Timestamp};
use checkgate_offload::{Control, CopyPlan, Event, FileState, Meter, Outcome, Plan, PriorFile, VerifyDepth};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

/// One line of the table.
struct Line {
    what: String,
    /// Seconds of each run.
    secs: Vec<f64>,
    /// What it is held against: another line's name and its best time.
    against: Option<f64>,
    note: String,
}

impl Line {
    fn best(&self) -> f64 {
        self.secs.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

pub(crate) fn run(options: &OffloadBench) -> Result<()> {
    let (size_mib, small, tiny, runs) =
        if options.quick { (256, 2_000, 10_000, 1) } else { (options.size, options.small, options.tiny, options.runs.max(1)) };
    let root = options.dir.join(format!("offload-{}", std::process::id()));
    std::fs::create_dir_all(&root).with_context(|| root.display().to_string())?;
    let root = root.canonicalize()?;
    let done = (|| -> Result<Vec<serde_json::Value>> {
        let mut figures = Vec::new();
        if size_mib > 0 {
            figures.push(data_set(&root, &format!("4 × {size_mib} MiB"), &[size_mib << 20; 4], 1, runs, options.alone)?);
        }
        for (count, kib) in [(small, 64), (tiny, 4)] {
            if count > 0 {
                let sizes = vec![kib << 10; usize::try_from(count)?];
                figures.push(data_set(&root, &format!("{count} × {kib} KiB"), &sizes, 8, runs, options.alone)?);
            }
        }
        if !options.alone {
            hash_stage(&root)?;
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

/// The least time that this machine needs, by plain direct I/O without a hash or a name: the card is read while N copies are written, then
/// the copies are read, and the card beside them where it is read twice.
struct Floor {
    copy_secs: f64,
    back_secs: f64,
    back_and_card_secs: f64,
}

fn floor(root: &Path, card: &[PathBuf], sizes_bytes: &[u64], copies: usize, at_once: usize, runs: usize) -> Result<Floor> {
    let folders: Vec<PathBuf> = (0..copies).map(|number| root.join(format!("limit-{number}"))).collect();
    let mut best = Floor { copy_secs: f64::INFINITY, back_secs: f64::INFINITY, back_and_card_secs: f64::INFINITY };
    for _ in 0..runs {
        let copy = Moves { read: card, write: &folders, sizes_bytes, at_once };
        best.copy_secs = best.copy_secs.min(machine::secs(&copy)?);
        let mut read: Vec<PathBuf> = Vec::new();
        for folder in &folders {
            read.extend(machine::files_below(folder)?);
        }
        let at_once = at_once * copies;
        best.back_secs = best.back_secs.min(machine::secs(&Moves { read: &read, write: &[], sizes_bytes, at_once })?);
        read.extend_from_slice(card);
        let all = Moves { read: &read, write: &[], sizes_bytes, at_once: at_once / copies * (copies + 1) };
        best.back_and_card_secs = best.back_and_card_secs.min(machine::secs(&all)?);
        for folder in &folders {
            std::fs::remove_dir_all(folder)?;
        }
    }
    Ok(best)
}

fn data_set(
    root: &Path,
    words: &str,
    sizes_bytes: &[u64],
    at_once: usize,
    runs: usize,
    alone: bool,
) -> Result<serde_json::Value> {
    let card = root.join("card");
    let bytes: u64 = sizes_bytes.iter().sum();
    forge(&card, sizes_bytes)?;
    let files = machine::files_below(&card)?;
    let mut lines: Vec<Line> = Vec::new();
    let mut ours = Vec::new();
    for copies in [1, 2] {
        let floor = floor(root, &files, sizes_bytes, copies, at_once, runs)?;
        let name = if copies == 1 { "1 copy" } else { "2 copies" };
        let kinds = [
            ("read back from the device", VerifyDepth::Device, false, floor.copy_secs + floor.back_secs),
            ("the same, card read twice", VerifyDepth::Device, true, floor.copy_secs + floor.back_and_card_secs),
            ("copied, hashed, sealed", VerifyDepth::None, false, floor.copy_secs),
        ];
        for (what, verify, reread, least) in kinds {
            let mut line =
                Line { what: format!("checkgate, {name}, {what}"), secs: Vec::new(), against: Some(least), note: String::new() };
            for _ in 0..runs {
                machine::forget(&card)?;
                let (secs, note) = offload(root, &card, copies, verify, reread)?;
                line.secs.push(secs);
                line.note = note;
            }
            ours.push(line.best());
            lines.push(line);
        }
    }
    if !alone {
        let best = ours[0];
        lines.extend(others(root, &card, runs)?.into_iter().map(|line| Line { against: Some(best), ..line }));
    }
    print_table(words, bytes, &lines);
    std::fs::remove_dir_all(&card)?;
    let rows: Vec<_> = lines
        .iter()
        .map(|line| serde_json::json!({ "what": line.what, "secs": line.secs, "against_secs": line.against, "note": line.note }))
        .collect();
    Ok(serde_json::json!({ "set": words, "bytes": bytes, "rows": rows }))
}

fn print_table(words: &str, bytes: u64, lines: &[Line]) {
    #[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
    let rate = |secs: f64| bytes as f64 / 1e6 / secs;
    println!("\n{words} ({:.0} MB), card not cached, all on one device", rate(1.0));
    println!("floor = plain direct I/O: (card read ∥ N durable copies) + (N copies read [∥ card read again]); ours ÷ floor");
    println!("others: theirs ÷ ours, one copy, read back from the device");
    println!("{:<52} {:>8} {:>8} {:>8} {:>8} {:>7}  note", "", "best s", "worst s", "MB/s", "against", "ratio");
    for line in lines {
        let worst = line.secs.iter().copied().fold(0.0, f64::max);
        let (best, against) = (line.best(), line.against.unwrap_or(f64::NAN));
        println!(
            "{:<52} {best:>8.2} {worst:>8.2} {:>8.0} {against:>8.2} {:>7.2}  {}",
            line.what,
            rate(best),
            best / against,
            line.note
        );
    }
}

/// What people do instead: copy, then check.
fn others(root: &Path, card: &Path, runs: usize) -> Result<Vec<Line>> {
    let target = root.join("other");
    let (from, to) = (card.to_string_lossy().into_owned(), target.to_string_lossy().into_owned());
    let sync = format!("sync -f '{to}'");
    let mut scripts = vec![
        ("cp -a, sync", "cp", format!("cp -a '{from}' '{to}' && {sync}"), "nothing is hashed"),
        (
            "rsync -a, sync, then xxhsum",
            "rsync xxhsum",
            format!("rsync -a '{from}/' '{to}/' && {sync} && find '{to}' -type f -print0 | xargs -0 xxhsum -q > /dev/null"),
            "the copy is hashed from memory, the card never",
        ),
        (
            "rclone copy, sync, then rclone check",
            "rclone",
            format!(
                "rclone copy --config /dev/null '{from}' '{to}' && {sync} && rclone check --config /dev/null -q '{from}' '{to}'"
            ),
            "card and copy are hashed, the copy from memory",
        ),
    ];
    let ascmhl = reference_ascmhl().map(|path| path.to_string_lossy().into_owned());
    match &ascmhl {
        Some(ascmhl) => scripts.push((
            "cp -a, sync, then ascmhl create",
            "cp",
            format!("cp -a '{from}' '{to}' && {sync} && '{ascmhl}' create -h xxh64 '{to}' > /dev/null"),
            "the copy is hashed from memory, the card never",
        )),
        None => println!("ascmhl: not installed (set CHECKGATE_ASCMHL), left out"),
    }
    let mut lines = Vec::new();
    for (what, programs, script, note) in scripts {
        let missing = programs.split(' ').find(|program| !is_there(program));
        if let Some(program) = missing {
            println!("{program}: not installed, left out");
            continue;
        }
        let mut line = Line { what: what.to_owned(), secs: Vec::new(), against: None, note: note.to_owned() };
        for _ in 0..runs {
            machine::forget(card)?;
            let started = Instant::now();
            shell(&script)?;
            line.secs.push(started.elapsed().as_secs_f64());
            std::fs::remove_dir_all(&target)?;
        }
        lines.push(line);
    }
    Ok(lines)
}

fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// One offload in a process of its own; seconds, and words about it.
fn offload(root: &Path, card: &Path, copies: usize, verify: VerifyDepth, source_reread: bool) -> Result<(f64, String)> {
    let roots: Vec<PathBuf> = (1..=copies).map(|number| root.join(format!("copy-{number}")).join("A001R1AB")).collect();
    for copy_root in &roots {
        // Where the roll folder goes is there already on a real drive.
        std::fs::create_dir_all(copy_root.parent().context("a parent")?)?;
    }
    let word = match verify {
        VerifyDepth::Device => "device",
        VerifyDepth::System => "system",
        VerifyDepth::None => "none",
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("offload-once").arg(card).args(&roots).args(["--verify", word]);
    if source_reread {
        command.arg("--source-reread");
    }
    let started = Instant::now();
    let output = command.stderr(Stdio::inherit()).output()?;
    let secs = started.elapsed().as_secs_f64();
    if !output.status.success() {
        bail!("our own run failed: {}", output.status);
    }
    for number in 1..=copies {
        std::fs::remove_dir_all(root.join(format!("copy-{number}")))?;
    }
    Ok((secs, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

/// What [`offload`] starts.
pub(crate) fn once(options: &OffloadOnce) -> Result<()> {
    let formats = options.hash.split(',').map(str::parse).collect::<Result<Vec<HashFormat>, _>>()?;
    let mut plan = Plan {
        card_root: options.card.clone(),
        copies: options
            .copies
            .iter()
            .enumerate()
            .map(|(number, root)| CopyPlan::from_card(CopyId(format!("copy-{number}")), format!("copy {number}"), root.clone()))
            .collect(),
        hashes: formats,
        verify: match options.verify.as_str() {
            "device" => VerifyDepth::Device,
            "system" => VerifyDepth::System,
            _ => VerifyDepth::None,
        },
        source_reread: options.source_reread,
        patience: checkgate_offload::PATIENCE,
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
        prior: Arc::new(Vec::new()),
        recorded_by: None,
    };
    if let Some(files) = options.stop_after {
        plan.prior = Arc::new(first_run(&plan, files)?);
    }
    let mut phases = Vec::new();
    let started = Instant::now();
    let report = checkgate_offload::run(&plan, &Control::new(), &Meter::new(), &mut |event| {
        if let Event::PhaseChanged { phase } = event {
            phases.push((phase, started.elapsed().as_secs_f64()));
        }
        Ok(())
    })?;
    let secs = started.elapsed().as_secs_f64();
    if report.outcome != Outcome::Complete {
        bail!("did not complete: {:?}", report.outcome);
    }
    let spans: Vec<String> = phases
        .iter()
        .zip(phases.iter().skip(1).map(|(_, at)| *at).chain([secs]))
        .filter(|((phase, _), _)| *phase != checkgate_offload::Phase::Done)
        .map(|((phase, from), to)| format!("{} {:.2} s", phase.word(), to - from))
        .collect();
    let level = report.copies[0].weakest.map_or("not proven", |level| level.word());
    println!("{level}; {}; {:.0} MB of memory", spans.join(", "), peak_memory_mb()?);
    Ok(())
}

/// A run that is stopped, and what an application would have stored of it.
fn first_run(plan: &Plan, files: u64) -> Result<Vec<PriorFile>> {
    let control = Control::new();
    let mut prior: Vec<PriorFile> = Vec::new();
    let report = checkgate_offload::run(plan, &control, &Meter::new(), &mut |event| {
        if let Event::FileCopied { copy, path, size_bytes, modified, hashes, block_crc64 } = event {
            let state = FileState::Copied;
            prior.push(PriorFile { copy, path, size_bytes, modified, hashes, evidence: None, block_crc64, state });
            if prior.len() as u64 >= files {
                control.stop();
            }
        }
        Ok(())
    })?;
    if report.outcome != Outcome::Stopped {
        bail!("was not stopped: {:?}", report.outcome);
    }
    println!("stopped after {} files", prior.len());
    Ok(prior)
}

/// The hash stage alone, in memory: one thread for each format, and several formats at once on threads of their own.
fn hash_stage(root: &Path) -> Result<()> {
    const BYTES: usize = 1 << 30;
    let data: Vec<u8> = {
        let file = root.join("hash-me");
        forge(&file, &[BYTES as u64])?;
        std::fs::read(machine::files_below(&file)?.first().context("a file")?)?
    };
    let path = machine::files_below(&root.join("hash-me"))?.remove(0);
    let best = |run: &dyn Fn() -> Result<()>| -> Result<f64> {
        let mut best = f64::INFINITY;
        for _ in 0..3 {
            let started = Instant::now();
            run()?;
            best = best.min(started.elapsed().as_secs_f64());
        }
        Ok(best)
    };
    let ours = |formats: &[HashFormat]| {
        best(&|| {
            std::thread::scope(|scope| {
                for format in formats {
                    let data = &data;
                    scope.spawn(move || {
                        let mut hasher = MultiHasher::new(&[*format]);
                        data.chunks(4 << 20).for_each(|chunk| hasher.update(chunk));
                        std::hint::black_box(hasher.finish());
                    });
                }
            });
            Ok(())
        })
    };
    println!("\nhash stage, 1 GiB in memory");
    let xxh64 = ours(&[HashFormat::Xxh64])?;
    if is_there("xxhsum") {
        // It reads a cached file, which is part of its time; its own benchmark is taken as well.
        let file = best(&|| shell(&format!("xxhsum -q -H64 '{}' > /dev/null", path.display())))?;
        println!("xxh64: ours {xxh64:.3} s, xxhsum on the cached file {file:.3} s ({:.2} × as fast)", file / xxh64);
        let output = Command::new("xxhsum").args(["-b3", "-B4194304"]).output()?;
        let text = String::from_utf8_lossy(&output.stdout).replace('\r', "\n")
            + &String::from_utf8_lossy(&output.stderr).replace('\r', "\n");
        if let Some(line) = text.lines().rfind(|line| line.contains("XXH64") && line.contains("MB/s")) {
            #[allow(clippy::cast_precision_loss, reason = "megabytes for people")]
            let rate = BYTES as f64 / 1024.0 / 1024.0 / xxh64;
            println!("xxh64: ours {rate:.0} MiB/s beside its own benchmark:{line}");
        }
    }
    let each: Vec<(HashFormat, f64)> = [HashFormat::Md5, HashFormat::C4, HashFormat::Xxh64]
        .into_iter()
        .map(|format| Ok((format, ours(&[format])?)))
        .collect::<Result<_>>()?;
    let together = ours(&[HashFormat::Md5, HashFormat::C4, HashFormat::Xxh64])?;
    let slowest = each.iter().map(|(_, secs)| *secs).fold(0.0, f64::max);
    let words: Vec<String> = each.iter().map(|(format, secs)| format!("{} {secs:.2} s", format.name())).collect();
    println!("{}; all three at once {together:.2} s = {:.2} × the slowest", words.join(", "), together / slowest);
    Ok(())
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
    }
    shell(&format!("sync -f '{}'", card.display()))
}
