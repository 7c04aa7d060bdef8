//! Owns the arguments of what is done about copies and volumes by hand: repair, compare, mount, eject.

use crate::args::Depth;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// Folder of the bad copy.
    pub(crate) copy: PathBuf,
    /// Another copy of the same roll; give it again for more, they are tried in this order.
    #[arg(long, value_name = "SIBLING", num_args = 1.., required_unless_present = "discard")]
    pub(crate) from: Vec<PathBuf>,
    /// Only say what would be done; exit code 1 if something is bad.
    #[arg(long, conflicts_with = "discard")]
    pub(crate) dry_run: bool,
    /// Remove the corrupt files that were set aside, where the file that took their place is sound.
    #[arg(long)]
    pub(crate) discard: bool,
    /// How the copy is read to find what is bad [default: device].
    #[arg(long, value_enum, value_name = "DEPTH")]
    pub(crate) depth: Option<Depth>,
    /// Author for the manifest.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,
    /// Place for the manifest.
    #[arg(long, value_name = "TEXT")]
    pub(crate) location: Option<String>,
    /// Comment for the manifest.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The card, or the copy that others are compared with.
    pub(crate) card: PathBuf,
    /// Folders to compare with it.
    #[arg(required = true)]
    pub(crate) copies: Vec<PathBuf>,
    /// Read both sides and compare the bytes, not only size, name and time.
    #[arg(long)]
    pub(crate) content: bool,
    /// How files are read with --content [default: device].
    #[arg(long, value_enum, value_name = "DEPTH", requires = "content")]
    pub(crate) depth: Option<Depth>,
}

#[derive(Debug, Args)]
pub(crate) struct Mount {
    /// Block device, e.g. /dev/sdb1.
    pub(crate) device: PathBuf,
    /// Folder to mount it on [default: what the system chooses, else a folder in /run/media].
    #[arg(long, value_name = "DIR")]
    pub(crate) at: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Eject {
    /// Mount point, label, volume id, device, or the reel of a card.
    pub(crate) volume: String,
}
