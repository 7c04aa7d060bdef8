//! Owns the list of benchmarks. Each prints what it measured and the command that repeats it.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Benchmarks.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Copy, hash and prove a card, beside `rsync` and `xxhsum`, `rclone copy` and `check`, `cp` and `ascmhl create`.
    Offload(OffloadBench),
    /// Create and verify ASC MHL histories, beside `xxhsum`, `md5sum` and `ascmhl create`.
    Mhl(MhlBench),
    /// Colour: the exact path and the LUT kernel beside OpenColorIO's C++ library, on one thread and on all.
    Color(ColorBench),
    /// Thumbnails of a card of ProRes clips, beside ffmpeg decoding the same frames alone.
    Preview(PreviewBench),
}

/// What `cargo xtask bench preview` takes.
#[derive(Debug, Args)]
pub(crate) struct PreviewBench {
    /// Folder to work in; needs 1.5 GB for a hundred clips. Removed afterwards.
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Clips on the card.
    #[arg(long, default_value_t = 100)]
    pub(crate) clips: usize,
    /// Runs of each measurement; the best is printed.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// 20 clips, one run.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print the figures as JSON as well.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `cargo xtask bench color` takes.
#[derive(Debug, Args)]
pub(crate) struct ColorBench {
    /// Rounds; in each both libraries take turns. The best of each is printed, with the spread.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Pictures of 1920 x 1080, few and one round.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print the figures as JSON as well.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `cargo xtask bench mhl` takes.
#[derive(Debug, Args)]
pub(crate) struct MhlBench {
    /// Folder to work in; needs room for the files. Removed afterwards.
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Size of each of the four large files in MiB.
    #[arg(long, default_value_t = 1024)]
    pub(crate) size: u64,
    /// Number of small files of 64 KiB.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) small: u64,
    /// Number of tiny files whose history grows.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) entries: u64,
    /// Runs of each measurement; the best is printed, with the spread.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// 4 × 256 MiB, 2,000 small files, one run.
    #[arg(long)]
    pub(crate) quick: bool,
    /// A million files as well.
    #[arg(long)]
    pub(crate) million: bool,
    /// Print the figures as JSON as well.
    #[arg(long)]
    pub(crate) json: bool,
}

/// One measured operation, started by the benchmark as a process of its own.
#[derive(Debug, Args)]
pub(crate) struct MhlOnce {
    /// create, verify or diff.
    pub(crate) what: String,
    /// Folder.
    pub(crate) root: PathBuf,
    /// Hash format.
    #[arg(long)]
    pub(crate) format: String,
    /// system or device.
    #[arg(long)]
    pub(crate) depth: String,
    /// Exit code that the operation must have.
    #[arg(long, default_value_t = 0)]
    pub(crate) expect: u8,
}

/// Runs what a benchmark started.
pub(crate) fn once(options: &MhlOnce) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    return crate::bench_mhl::once(options);
    #[cfg(not(target_os = "linux"))]
    anyhow::bail!("{} is measured on Linux only", options.what)
}

/// What `cargo xtask bench offload` takes.
#[derive(Debug, Args)]
pub(crate) struct OffloadBench {
    /// Folder to work in; needs room for the card and three copies of it. Removed afterwards.
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Size of each of the four large files in MiB; 0 leaves this set out.
    #[arg(long, default_value_t = 1024)]
    pub(crate) size: u64,
    /// Number of small files of 64 KiB; 0 leaves this set out.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) small: u64,
    /// Number of tiny files of 4 KiB; 0 leaves this set out.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) tiny: u64,
    /// Runs of each measurement; the best is printed, with the spread.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// 4 × 256 MiB, 2,000 small files, 10,000 tiny ones, one run.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Our own runs and the floor only.
    #[arg(long)]
    pub(crate) alone: bool,
    /// Print the figures as JSON as well.
    #[arg(long)]
    pub(crate) json: bool,
}

/// One measured offload, started by the benchmark as a process of its own.
#[derive(Debug, Args)]
pub(crate) struct OffloadOnce {
    /// Card.
    pub(crate) card: PathBuf,
    /// Folders that become copies.
    #[arg(required = true)]
    pub(crate) copies: Vec<PathBuf>,
    /// device, system or none.
    #[arg(long, default_value = "device")]
    pub(crate) verify: String,
    /// Hash formats, comma separated.
    #[arg(long, default_value = "xxh64")]
    pub(crate) hash: String,
    /// Read the card a second time.
    #[arg(long)]
    pub(crate) source_reread: bool,
    /// Stop after so many published files, and go on in a second run of the same process.
    #[arg(long)]
    pub(crate) stop_after: Option<u64>,
}

/// Runs what a benchmark started.
pub(crate) fn offload_once(options: &OffloadOnce) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    return crate::bench_offload::once(options);
    #[cfg(not(target_os = "linux"))]
    anyhow::bail!("{} is measured on Linux only", options.card.display())
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Color(options) => crate::bench_color::run(options),
        #[cfg(target_os = "linux")]
        Bench::Preview(options) => crate::bench_preview::run(options),
        #[cfg(target_os = "linux")]
        Bench::Offload(options) => crate::bench_offload::run(options),
        #[cfg(target_os = "linux")]
        Bench::Mhl(options) => crate::bench_mhl::run(options),
        #[cfg(not(target_os = "linux"))]
        Bench::Offload(_) | Bench::Mhl(_) | Bench::Preview(_) => {
            anyhow::bail!("these benchmarks measure with the calls of Linux")
        }
    }
}
