//! Owns the arguments of `checkgate mhl`, with the spellings of the reference tool beside our own.

use crate::args::Depth;
use clap::{ArgAction, Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

const CODES: &str = "\
Exit codes, as the reference tool has them where it follows the specification:
  0   everything agrees                   20  no such file, or nothing to check
  2   the request makes no sense          21  files that are not in the history
  3   something cannot be read or written 30  there is no history
  4   interrupted                         31  a manifest was modified, or is in no chain
  10  files or folders are missing        32  the history has no chain
  11  content differs, or not valid       33  a manifest is missing
  12  directory hashes differ";

#[derive(Debug, Subcommand)]
pub(crate) enum Mhl {
    /// Hash a folder where it lies and append a generation to its history.
    #[command(
        disable_help_flag = true,
        after_help = "Examples:\n  checkgate mhl create /mnt/drive/A003R1JL -h xxh64\n  checkgate mhl create A003R1JL -h c4 --author-name 'On-set data' --comment 'day 12'\n  checkgate mhl create A003R1JL -dr                    files were renamed\n  checkgate mhl create A003R1JL -sf A003R1JL/clip.mov  this file only\n  checkgate mhl create --legacy A003R1JL -h md5        a legacy MHL list instead",
        after_long_help = CODES
    )]
    Create(Create),
    /// Check a folder against its history, a packing list, or its directory hashes. Writes nothing.
    #[command(
        disable_help_flag = true,
        after_help = "Examples:\n  checkgate mhl verify /mnt/drive/A003R1JL\n  checkgate mhl verify A003R1JL -sf A003R1JL/clip.mov\n  checkgate mhl verify A003R1JL -dh\n  checkgate mhl verify A003R1JL -pl packinglist_A003R1JL_2026-11-26_120000Z.mhl",
        after_long_help = CODES
    )]
    Verify(Verify),
    /// Compare names only: what is missing, what is new.
    #[command(after_help = "Example:\n  checkgate mhl diff /mnt/drive/A003R1JL", after_long_help = CODES)]
    Diff(Diff),
    /// Tell what a history says, or what it says about single files.
    #[command(
        after_help = "Examples:\n  checkgate mhl info /mnt/drive/A003R1JL\n  checkgate mhl info A003R1JL -sf A003R1JL/clip.mov",
        after_long_help = CODES
    )]
    Info(Info),
    /// Write a packing list: the earliest good hash of every file, from all generations.
    #[command(
        after_help = "Examples:\n  checkgate mhl flatten /mnt/drive/A003R1JL lists\n  checkgate mhl flatten A003R1JL lists --collection",
        after_long_help = CODES
    )]
    Flatten(Flatten),
    /// Turn a legacy MHL list into the first generation of an ASC MHL history, once every file agrees with it.
    #[command(
        disable_help_flag = true,
        after_help = "Examples:\n  checkgate mhl convert A003R1JL/A003R1JL_2015-03-01_101500.mhl\n  checkgate mhl convert list.mhl A003R1JL -h xxh64",
        after_long_help = CODES
    )]
    Convert(Convert),
    /// Say whether a manifest, chain, collection or legacy list is valid by its schema.
    #[command(
        after_help = "Examples:\n  checkgate mhl check A003R1JL/ascmhl/0001_A003R1JL_2026-11-26_120000Z.mhl\n  checkgate mhl check A003R1JL/ascmhl/ascmhl_chain.xml",
        after_long_help = CODES
    )]
    Check(Check),
    /// Hash single files.
    #[command(disable_help_flag = true, after_help = "Example:\n  checkgate mhl hash -h c4 clip.mov")]
    Hash(Hash),
}

#[derive(Debug, Args)]
pub(crate) struct People {
    /// Name of who runs this.
    #[arg(long, alias = "author_name", value_name = "NAME")]
    pub(crate) author_name: Option<String>,
    /// Their e-mail address.
    #[arg(long, alias = "author_email", value_name = "ADDRESS", requires = "author_name")]
    pub(crate) author_email: Option<String>,
    /// Their phone number.
    #[arg(long, alias = "author_phone", value_name = "NUMBER", requires = "author_name")]
    pub(crate) author_phone: Option<String>,
    /// Their role, e.g. DIT.
    #[arg(long, alias = "author_role", value_name = "ROLE", requires = "author_name")]
    pub(crate) author_role: Option<String>,
    /// Place.
    #[arg(long, value_name = "TEXT")]
    pub(crate) location: Option<String>,
    /// Comment.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Ignoring {
    /// Pattern to ignore, by the rules of .gitignore; give it again for more. It is recorded and stays in force.
    #[arg(short, long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(crate) ignore: Vec<String>,
    /// File with one pattern a line. Also -ii.
    #[arg(long, alias = "ignore_spec", value_name = "FILE")]
    pub(crate) ignore_spec: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Folder.
    pub(crate) root: PathBuf,
    /// Hash format: c4, md5, sha1, xxh128, xxh3, xxh64; several by comma or by giving it again [default: as before, else xxh128].
    #[arg(short = 'h', long, alias = "hash_format", value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) hash: Vec<String>,
    /// Write no directory hashes.
    #[arg(short = 'n', long, alias = "no_directory_hashes")]
    pub(crate) no_directory_hashes: bool,
    /// Look whether missing files are there under another name. Also -dr.
    #[arg(long, alias = "detect_renaming")]
    pub(crate) detect_renaming: bool,
    /// Only this file or folder; give it again for more. Also -sf.
    #[arg(long, alias = "single_file", value_name = "PATH")]
    pub(crate) single_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) ignoring: Ignoring,
    #[command(flatten)]
    pub(crate) people: People,
    /// What the manifest says of how the files came to be hashed.
    #[arg(long, default_value = "in-place", value_parser = ["in-place", "transfer"])]
    pub(crate) process: String,
    /// How files are read.
    #[arg(long, value_enum, default_value = "system", value_name = "DEPTH")]
    pub(crate) depth: Depth,
    /// Write the manifest into this folder and nothing into the tree, e.g. for a read-only drive.
    #[arg(long, value_name = "DIR", conflicts_with = "legacy")]
    pub(crate) manifest_to: Option<PathBuf>,
    /// Write a legacy MHL 1.1 list into the folder instead: md5, sha1 or xxh64 [default: xxh64].
    #[arg(long, conflicts_with_all = ["no_directory_hashes", "detect_renaming", "single_file"])]
    pub(crate) legacy: bool,
    /// Print help.
    #[arg(long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Folder.
    pub(crate) root: PathBuf,
    /// Check this format where it is recorded; with -dh, the formats to compute.
    #[arg(short = 'h', long, alias = "hash_format", value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) hash: Vec<String>,
    /// Check every recorded format, not only the fastest.
    #[arg(long, conflicts_with = "hash")]
    pub(crate) all_formats: bool,
    /// Only this file or folder; give it again for more. Also -sf.
    #[arg(long, alias = "single_file", value_name = "PATH")]
    pub(crate) single_file: Vec<PathBuf>,
    /// Compare directory hashes with the latest recorded ones. Also -dh.
    #[arg(long, alias = "directory_hash", conflicts_with_all = ["single_file", "packing_list"])]
    pub(crate) directory_hash: bool,
    /// With -dh: compute and print them, compare with nothing. Also -co.
    #[arg(long, alias = "calculate_only", requires = "directory_hash")]
    pub(crate) calculate_only: bool,
    /// With -co: print the root only. Also -ro.
    #[arg(long, alias = "root_only", requires = "directory_hash")]
    pub(crate) root_only: bool,
    /// Check against this manifest or list alone. Also -pl.
    #[arg(long, alias = "packing_list", value_name = "FILE")]
    pub(crate) packing_list: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) ignoring: Ignoring,
    /// How files are read; none compares sizes only.
    #[arg(long, value_enum, default_value = "system", value_name = "DEPTH")]
    pub(crate) depth: Depth,
    /// Print help.
    #[arg(long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// Folder.
    pub(crate) root: PathBuf,
    #[command(flatten)]
    pub(crate) ignoring: Ignoring,
}

#[derive(Debug, Args)]
pub(crate) struct Info {
    /// Folder [default: the one with a history above the file, else this one].
    pub(crate) root: Option<PathBuf>,
    /// What is recorded for this file; give it again for more. Also -sf.
    #[arg(long, alias = "single_file", value_name = "PATH")]
    pub(crate) single_file: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Flatten {
    /// Folder with the history.
    pub(crate) root: PathBuf,
    /// Folder for the list.
    pub(crate) destination: PathBuf,
    /// List its C4 ID in ascmhl_collection.xml beside it.
    #[arg(long)]
    pub(crate) collection: bool,
    #[command(flatten)]
    pub(crate) people: People,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// Legacy MHL list.
    pub(crate) list: PathBuf,
    /// Folder [default: that of the list].
    pub(crate) root: Option<PathBuf>,
    /// Hash format of the generation [default: those of the list].
    #[arg(short = 'h', long, alias = "hash_format", value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) hash: Vec<String>,
    #[command(flatten)]
    pub(crate) people: People,
    /// Print help.
    #[arg(long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// File.
    pub(crate) file: PathBuf,
    /// It is a chain or a collection, whatever its name. Also -df.
    #[arg(long, alias = "directory_file")]
    pub(crate) directory_file: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Hash {
    /// Files.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Hash format; several by comma or by giving it again.
    #[arg(short = 'h', long, alias = "hash_format", required = true, value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) hash: Vec<String>,
    /// Print help.
    #[arg(long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// Two-letter options of the reference tool, which no option parser of ours knows.
const SPELLINGS: [(&str, &str); 9] = [
    ("-dr", "--detect-renaming"),
    ("-sf", "--single-file"),
    ("-ii", "--ignore-spec"),
    ("-dh", "--directory-hash"),
    ("-co", "--calculate-only"),
    ("-ro", "--root-only"),
    ("-pl", "--packing-list"),
    ("-df", "--directory-file"),
    ("-nd", "--no-directory-hashes"),
];

/// The arguments with the reference's spellings turned into ours, behind `mhl` only and not behind `--`.
pub(crate) fn respelled(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut inside = false;
    let mut over = false;
    arguments
        .map(|argument| {
            let text = argument.to_str().unwrap_or_default();
            if !inside {
                inside = text == "mhl";
                return argument;
            }
            over |= text == "--";
            let known = SPELLINGS.iter().find(|(short, _)| *short == text).filter(|_| !over);
            known.map_or_else(|| argument.clone(), |(_, long)| OsString::from(long))
        })
        .collect()
}
