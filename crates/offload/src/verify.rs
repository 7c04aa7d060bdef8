//! Owns checking a folder against whatever manifests lie in it, ASC MHL or legacy MHL of any vendor: what is missing, extra, altered,
//! renamed or unreadable, and how deep the look was. Read-only by type, goes on after every error. Must never call a folder whole
//! that it could not read whole.

mod compare;
mod records;

use crate::control::Control;
use crate::histories::DamagedHistory;
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::report::{Mismatch, SkippedItem, UnreadableFile};
use crate::tree::{OpenTreeError, Tree};
use checkgate_mhl::NameForm;
use checkgate_model::{ErrorCode, EvidenceLevel, HashFormat, RelPath, Timestamp};
use checkgate_volume::is_set_aside;
use compare::{compare_contents, compare_names, compare_sizes};
use records::Records;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use records::{place, unreadable_patterns};

/// What to look at, and how deep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyOptions {
    /// Whether files are read past the system's cache, through it, or only their names and sizes are compared.
    pub depth: VerifyDepth,
    /// Compare names only: not even sizes.
    pub names_only: bool,
    /// Check every recorded format, not only the fastest.
    pub all_formats: bool,
    /// Check this format where it is recorded.
    pub format: Option<HashFormat>,
    /// Check against this manifest or list alone, not against what lies in the folder.
    pub manifest: Option<PathBuf>,
    /// Only the ASC MHL history in the root counts, and one that is damaged stops everything, as in an ASC MHL tool.
    pub history_only: bool,
    /// Only these files, and those below these folders.
    pub only: Vec<RelPath>,
    /// Patterns beside those in force.
    pub ignore: Vec<String>,
    /// Where an interrupted check keeps what it has proven.
    pub memory: Option<PathBuf>,
    /// Forget what an interrupted check has proven.
    pub fresh: bool,
}

/// What kind of document a folder was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasisKind {
    /// A generation of an ASC MHL history.
    Generation,
    /// One ASC MHL manifest by itself; nothing chains it.
    Manifest,
    /// A legacy MHL list.
    Legacy,
}

impl BasisKind {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Generation => "ASC MHL generation",
            Self::Manifest => "ASC MHL manifest by itself",
            Self::Legacy => "legacy MHL list",
        }
    }
}

/// A document that a folder was checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Kind.
    pub kind: BasisKind,
    /// Path, below the root where it lies there.
    pub path: String,
    /// Number of the generation.
    pub generation: Option<u32>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// With which tool.
    pub tool: String,
    /// On which machine.
    pub host_name: String,
    /// `in-place`, `transfer`, `flatten`.
    pub process: Option<&'static str>,
    /// By whom.
    pub authors: Vec<String>,
    /// What somebody wrote into it.
    pub comment: Option<String>,
    /// C4 ID of its bytes.
    pub c4: Option<String>,
    /// Files it lists.
    pub files: u64,
    /// Content and structure of the scope, by format.
    pub root_hashes: Vec<(HashFormat, String, String)>,
}

/// A recorded file that lies there under another form of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// As recorded.
    pub expected: RelPath,
    /// As found.
    pub found: RelPath,
    /// In what the names differ.
    pub form: NameForm,
    /// Whether the content is the recorded one; `None` for folders and where nothing was read.
    pub equal: Option<bool>,
}

/// What a verification found. Each list is sorted by path and complete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// The folder.
    pub root: PathBuf,
    /// What it was checked against; empty if all of that is damaged.
    pub basis: Vec<Basis>,
    /// Files whose content was read and compared.
    pub checked: u64,
    /// Bytes that this run read.
    pub checked_bytes: u64,
    /// Files among them that an interrupted run had proven, and that were not read again.
    pub proven_before: u64,
    /// Files for which only the size could be compared.
    pub size_only: Vec<RelPath>,
    /// Expected files and folders that are not there.
    pub missing: Vec<RelPath>,
    /// Files that nothing records.
    pub extra: Vec<RelPath>,
    /// Files that are there under another form of their name; neither missing nor extra.
    pub renamed: Vec<Renamed>,
    /// Files that are not what is recorded.
    pub mismatched: Vec<Mismatch>,
    /// Files of which every recorded hash failed when it was taken: nothing to compare with.
    pub unproven: Vec<RelPath>,
    /// What could not be read.
    pub unreadable: Vec<UnreadableFile>,
    /// Damage to histories and lists; what they say is not trusted.
    pub damaged: Vec<DamagedHistory>,
    /// Oddities worth telling that are no errors.
    pub warnings: Vec<String>,
    /// Links and special files, which no manifest records.
    pub skipped: Vec<SkippedItem>,
    /// Weakest way in which a file was looked at; `None` if no file was.
    pub level: Option<EvidenceLevel>,
    /// The same in words a storage person can check.
    pub level_words: String,
    /// Somebody stopped it before the end.
    pub stopped: bool,
}

impl VerifyReport {
    /// Whether everything recorded is there, unaltered, under its name, and nothing else is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_sound() && self.extra.is_empty() && self.renamed.is_empty()
    }

    /// Whether everything recorded is there and unaltered; other files may lie beside it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.stopped
            && !self.basis.is_empty()
            && (self.checked > 0 || !self.size_only.is_empty())
            && self.missing.is_empty()
            && self.mismatched.is_empty()
            && self.unproven.is_empty()
            && self.unreadable.is_empty()
            && self.damaged.is_empty()
            && self.renamed.iter().all(|renamed| renamed.equal != Some(false))
    }

    /// Files whose content was compared and is the recorded one.
    #[must_use]
    pub fn equal(&self) -> u64 {
        let renamed = self.renamed.iter().filter(|renamed| renamed.equal == Some(false)).count();
        self.checked.saturating_sub((self.mismatched.len() + self.unproven.len() + renamed) as u64)
    }

    fn differs(&self) -> bool {
        !self.mismatched.is_empty()
            || !self.unproven.is_empty()
            || self.renamed.iter().any(|renamed| renamed.equal == Some(false))
    }

    /// The exit code of the reference's `verify`: history damage, then 11 altered, 21 new, 20 nothing checked, 10 missing; ours are
    /// 4 stopped and 3 unreadable.
    #[must_use]
    pub fn verify_exit_code(&self) -> u8 {
        if let Some(damage) = self.damaged.first() {
            damage.exit_code
        } else if self.stopped {
            4
        } else if self.differs() {
            11
        } else if !self.extra.is_empty() || !self.renamed.is_empty() {
            21
        } else if self.checked == 0 && self.size_only.is_empty() && self.unreadable.is_empty() {
            20
        } else if !self.missing.is_empty() {
            10
        } else if !self.unreadable.is_empty() {
            3
        } else {
            0
        }
    }

    /// The exit code of the reference's `diff`: history damage, then 10 missing, 21 new.
    #[must_use]
    pub fn diff_exit_code(&self) -> u8 {
        if let Some(damage) = self.damaged.first() {
            damage.exit_code
        } else if self.stopped {
            4
        } else if !self.missing.is_empty() || !self.renamed.is_empty() {
            10
        } else if !self.extra.is_empty() {
            21
        } else if !self.unreadable.is_empty() {
            3
        } else {
            0
        }
    }

    /// What it was checked against, in words.
    #[must_use]
    pub fn basis_words(&self) -> String {
        let count = |kind| self.basis.iter().filter(|basis| basis.kind == kind).count();
        let parts: Vec<String> = [BasisKind::Generation, BasisKind::Manifest, BasisKind::Legacy]
            .into_iter()
            .map(|kind| (kind, count(kind)))
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| if count == 1 { kind.words().to_owned() } else { format!("{count} {}s", kind.words()) })
            .collect();
        if parts.is_empty() { "nothing that can be trusted".to_owned() } else { parts.join(", ") }
    }
}

/// Why a verification could not begin.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The folder cannot be opened or listed.
    #[error("{path} cannot be read", path = path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Code of the cause.
        code: ErrorCode,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Neither an ASC MHL history nor a legacy MHL lies there.
    #[error("there is no ASC MHL history and no legacy MHL in {}", .0.display())]
    NoHistory(PathBuf),
    /// A file that was asked for is not there.
    #[error("{0} is not there")]
    NotFound(RelPath),
    /// The given manifest cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Code of the cause.
        code: ErrorCode,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<OpenTreeError> for VerifyError {
    fn from(OpenTreeError { path, code, source }: OpenTreeError) -> Self {
        Self::Root { path, code, source }
    }
}

impl VerifyError {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Root { code, .. } | Self::Manifest { code, .. } => *code,
            Self::NoHistory(_) | Self::NotFound(_) => ErrorCode::NotFound,
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoHistory(_) => {
                "Check the path. `checkgate mhl create` begins a history; `checkgate verify --manifest FILE` uses a list that lies elsewhere."
            }
            Self::NotFound(_) => "Check the path; it is taken from the folder that is checked.",
            Self::Root { .. } => "Check the path and that the drive is mounted.",
            Self::Manifest { .. } => "Check the path of the manifest.",
        }
    }

    /// Exit code of an ASC MHL tool: 30 no history, 20 no such file, 3 unreadable.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NoHistory(_) => 30,
            Self::NotFound(_) => 20,
            Self::Root { .. } | Self::Manifest { .. } => 3,
        }
    }
}

/// Checks against the lists that stand by themselves, whatever histories say; answers the paths they list as well.
pub(crate) fn verify_lists(
    tree: &Tree,
    options: &VerifyOptions,
    control: &Control,
    meter: &Meter,
) -> Result<(VerifyReport, BTreeSet<RelPath>), VerifyError> {
    let mut report = VerifyReport { root: tree.source.root().to_path_buf(), ..VerifyReport::default() };
    let records = Records::lists(tree, &mut report);
    let listed = records.listed();
    if !listed.is_empty() {
        let found = compare_names(&records, tree, options, &mut report)?;
        compare_contents(&records, &found, tree, options, control, meter, &mut report);
    }
    report.extra.clear();
    Ok((report, listed))
}

/// Checks `root` against what is recorded for it.
///
/// # Errors
/// Only where the check could not begin. A damaged history is part of the report.
pub fn verify(root: &Path, options: &VerifyOptions, control: &Control, meter: &Meter) -> Result<VerifyReport, VerifyError> {
    meter.set_phase(Phase::Preparing);
    let mut tree = Tree::open(root)?;
    let mut report = VerifyReport { root: root.to_path_buf(), skipped: tree.skipped.clone(), ..VerifyReport::default() };
    report.unreadable.clone_from(&tree.unreadable);
    report.skipped.extend(tree.unrecordable.iter().cloned());
    report.warnings.extend(
        tree.listing
            .files
            .iter()
            .filter(|file| is_set_aside(file.path.file_name()))
            .map(|file| format!("{} was set aside as a corrupt copy; it is not part of the roll", file.path)),
    );
    let records = match &options.manifest {
        Some(path) => Records::from_one(path, &tree, options, &mut report)?,
        None => Records::from_folder(root, &mut tree, options, &mut report)?,
    };
    let stops = options.history_only && !report.damaged.is_empty();
    if !stops {
        let found = compare_names(&records, &tree, options, &mut report)?;
        if options.names_only {
            report.level_words = "names compared, nothing read".to_owned();
        } else if options.depth == VerifyDepth::None {
            compare_sizes(&records, &found, &mut report);
        } else {
            compare_contents(&records, &found, &tree, options, control, meter, &mut report);
        }
    }
    report.stopped = control.is_stopped();
    report.missing.sort();
    report.extra.sort();
    report.mismatched.sort_by(|a, b| a.path.cmp(&b.path));
    report.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    report.size_only.sort();
    report.unproven.sort();
    meter.set_phase(Phase::Done);
    Ok(report)
}
