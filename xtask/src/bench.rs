//! Owns the list of benchmarks. Each prints what it measured and the command that repeats it.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Benchmarks.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Copy, hash and prove a card, beside `cp`, `rsync`, `rclone copy` and `ascmhl create`.
    Offload(OffloadBench),
}

/// What `cargo xtask bench offload` takes.
#[derive(Debug, Args)]
pub(crate) struct OffloadBench {
    /// Folder to work in; needs room for the card and four copies of it. Removed afterwards.
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Size of each of the four large files in MiB.
    #[arg(long, default_value_t = 1024)]
    pub(crate) size: u64,
    /// Number of small files of 64 KiB.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) small: u64,
    /// Runs of each measurement; the best is printed, with the spread.
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// 4 × 256 MiB, 2,000 small files, one run.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print the figures as JSON as well.
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        #[cfg(target_os = "linux")]
        Bench::Offload(options) => crate::bench_offload::run(options),
        #[cfg(not(target_os = "linux"))]
        Bench::Offload(_) => anyhow::bail!("this benchmark measures with direct I/O and is written for Linux"),
    }
}
