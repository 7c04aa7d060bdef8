//! Benchmarks, code generation and checks that belong to the workspace and never ship. Prints to people.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]
#![allow(clippy::disallowed_methods, reason = "it makes, measures and removes folders of its own")]

mod bench;
mod bench_color;
#[cfg(target_os = "linux")]
mod bench_mhl;
#[cfg(target_os = "linux")]
mod bench_offload;
#[cfg(target_os = "linux")]
mod bench_preview;
#[cfg(target_os = "linux")]
mod machine;
mod torture;

use clap::{Parser, Subcommand};

/// Tasks of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measure against the machine's own limit and against what people use today.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Kill and cut the offload at random moments, and judge what is left.
    #[command(subcommand)]
    Torture(torture::Torture),
    #[command(hide = true)]
    MhlOnce(bench::MhlOnce),
    #[command(hide = true)]
    OffloadOnce(bench::OffloadOnce),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Bench(bench) => bench::run(&bench),
        Task::Torture(torture) => torture::run(&torture),
        Task::MhlOnce(options) => bench::once(&options),
        Task::OffloadOnce(options) => bench::offload_once(&options),
    }
}
