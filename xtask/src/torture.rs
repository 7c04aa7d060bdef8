//! Owns `cargo xtask torture`: what the tests do a few times, done often, with the counts printed. Ends with an error if anything
//! was wrong.

use anyhow::{Context, Result, bail};
use checkgate_testkit::torture::{KillOptions, MixedSize, kills};
#[cfg(target_os = "linux")]
use checkgate_testkit::{
    drive::FileSystem,
    torture::{PowerOptions, power},
};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to torment the offload with.
#[derive(Debug, Subcommand)]
pub(crate) enum Torture {
    /// Random SIGKILLs, each followed by going on.
    Kills(Options),
    /// Power cuts of the destination's drive at random moments, each followed by going on; on ext4, xfs and btrfs. Needs root.
    #[cfg(target_os = "linux")]
    Power(Options),
}

/// How long and where.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Offloads to begin.
    #[arg(long, default_value_t = 1000)]
    runs: u32,
    /// The same seed draws the same moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Copies of each offload.
    #[arg(long, default_value_t = 2)]
    copies: usize,
    /// A card with files of several blocks of 16 MiB, which may be gone on with in the middle.
    #[arg(long)]
    large: bool,
    /// The program to torment.
    #[arg(long, default_value = "target/release/checkgate")]
    program: PathBuf,
    /// Folder to work in, on the disk that is to be the destination.
    #[arg(long, default_value = "target/torture")]
    dir: PathBuf,
    /// Every so many runs the reference ascmhl judges the manifests as well.
    #[arg(long, default_value_t = 10)]
    reference_every: u32,
}

pub(crate) fn run(torture: &Torture) -> Result<()> {
    let started = std::time::Instant::now();
    let tell = &mut |words: &str| println!("{words}");
    let (folder, counts, failures) = match torture {
        Torture::Kills(options) => {
            let folder = prepared(options)?;
            let counts = kills(
                &KillOptions {
                    program: program(options)?,
                    folder: folder.clone(),
                    runs: options.runs,
                    seed: options.seed,
                    copies: options.copies,
                    size: size(options),
                    reference_every: options.reference_every,
                },
                tell,
            )?;
            (folder, serde_json::to_value(&counts)?, counts.failures.len())
        }
        #[cfg(target_os = "linux")]
        Torture::Power(options) => {
            let folder = prepared(options)?;
            let counts = power(
                &PowerOptions {
                    program: program(options)?,
                    folder: folder.clone(),
                    runs: options.runs,
                    seed: options.seed,
                    size: size(options),
                    file_systems: vec![FileSystem::Ext4, FileSystem::Xfs, FileSystem::Btrfs],
                },
                tell,
            )?;
            (folder, serde_json::to_value(&counts)?, counts.iter().map(|counts| counts.failures.len()).sum())
        }
    };
    println!("{}", serde_json::to_string_pretty(&counts)?);
    println!("{:.0} s", started.elapsed().as_secs_f64());
    end(&folder, failures)
}

fn size(options: &Options) -> MixedSize {
    if options.large { MixedSize::Large } else { MixedSize::Small }
}

fn program(options: &Options) -> Result<PathBuf> {
    options
        .program
        .canonicalize()
        .with_context(|| format!("{}: build it with `cargo build --release --bin checkgate`", options.program.display()))
}

fn prepared(options: &Options) -> Result<PathBuf> {
    let folder = options.dir.join(std::process::id().to_string());
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder.canonicalize()?)
}

fn end(folder: &std::path::Path, failures: usize) -> Result<()> {
    if failures > 0 {
        bail!("{failures} failures; what they left is in {}", folder.display());
    }
    std::fs::remove_dir_all(folder).with_context(|| folder.display().to_string())
}
