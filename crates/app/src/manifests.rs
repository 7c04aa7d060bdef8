//! Owns the use cases of an ASC MHL tool: create, verify, compare, tell, flatten. They keep no state and need none: a folder, its
//! manifests, and the person who runs them.

use crate::clock;
use crate::jobs::host_name;
use checkgate_contract::manifest_view::{
    DirectoryHashView, FolderHashView, GenerationView, HistoryView, ManifestCheckView, ManifestCreateView, PackingListView,
    PathReason, RecordedFileView, RecordedHashView, RenameView,
};
use checkgate_mhl::{
    Author, DocumentKind, LegacyList, NameForm, Operation, ParseLegacyError, ParseManifestError, Process, check_schema,
};
use checkgate_model::{ErrorCode, HashFormat, Problem, RelPath};
use checkgate_offload::{
    Control, CreateError, CreateOptions, CreateReport, DamagedHistory, DirectoryOptions, FlattenError, LegacyOptions, Meter,
    Renamed, SkippedItem, UnreadableFile, VerifyDepth, VerifyError, VerifyOptions, VerifyReport, create, create_legacy, flatten,
    history_info, verify, verify_directories,
};
use std::path::{Path, PathBuf};

/// A problem with the exit code that an ASC MHL tool gives for it.
#[derive(Debug, Clone)]
pub struct ManifestProblem {
    /// What happened.
    pub problem: Problem,
    /// Exit code.
    pub exit_code: u8,
}

impl ManifestProblem {
    fn usage(summary: impl Into<String>) -> Self {
        Self { problem: Problem::new(ErrorCode::BadRequest, summary), exit_code: 2 }
    }
}

impl From<VerifyError> for ManifestProblem {
    fn from(error: VerifyError) -> Self {
        let mut problem = Problem::from_error(error.code(), &error);
        error.hint().clone_into(&mut problem.hint);
        Self { exit_code: error.exit_code(), problem }
    }
}

impl From<CreateError> for ManifestProblem {
    fn from(error: CreateError) -> Self {
        let mut problem = Problem::from_error(error.code(), &error);
        error.hint().clone_into(&mut problem.hint);
        Self { exit_code: error.exit_code(), problem }
    }
}

/// Who runs an operation, and what they say about it.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// People.
    pub authors: Vec<Author>,
    /// Place.
    pub location: Option<String>,
    /// Free words.
    pub comment: Option<String>,
}

/// An operation of this program on this machine that begins now.
#[must_use]
pub fn operation(process: Process, said: Said) -> Operation {
    Operation {
        started: clock::now(),
        host_name: host_name(),
        tool: "Checkgate".to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        process,
        authors: said.authors,
        location: said.location,
        comment: said.comment,
    }
}

/// A path that a person wrote, seen from the root: relative to it, or to the working folder, or absolute.
pub fn below_root(root: &Path, given: &Path) -> Result<RelPath, ManifestProblem> {
    let outside = || ManifestProblem::usage(format!("{} does not lie in {}", given.display(), root.display()));
    let canonical_root = root.canonicalize().map_err(|error| ManifestProblem {
        problem: Problem::new(ErrorCode::SourceUnreadable, format!("{} cannot be read: {error}", root.display())),
        exit_code: 3,
    })?;
    let inside = |path: &Path| {
        // The last component may be a link: it is named, not followed.
        let parent = path.parent()?.canonicalize().ok()?;
        let whole = match path.file_name() {
            Some(name) => parent.join(name),
            None => path.canonicalize().ok()?,
        };
        let rest = whole.strip_prefix(&canonical_root).ok()?.to_str()?.replace(std::path::MAIN_SEPARATOR, "/");
        RelPath::new(&rest).ok()
    };
    if given.is_absolute() {
        return inside(given).ok_or_else(outside);
    }
    let below = root.join(given);
    let from_here = std::env::current_dir().map(|here| here.join(given)).unwrap_or_else(|_| given.to_path_buf());
    let there = |path: &Path| path.symlink_metadata().is_ok();
    if !there(&below) && there(&from_here) {
        return inside(&from_here).ok_or_else(outside);
    }
    match inside(&below) {
        Some(path) => Ok(path),
        // Not there at all: named as it was given, if it cannot leave the root.
        None => given.to_str().and_then(|text| RelPath::new(text.trim_start_matches("./")).ok()).ok_or_else(outside),
    }
}

/// The folder with a history that is the closest above a file; the file's own where there is none.
#[must_use]
pub fn root_above(file: &Path) -> PathBuf {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    let folders = whole.ancestors().skip(1);
    let known = folders.clone().find(|folder| folder.join(checkgate_mhl::FOLDER).is_dir());
    known.or_else(|| folders.clone().next()).unwrap_or(Path::new(".")).to_path_buf()
}

/// Appends a generation, or converts a legacy list into the first one.
pub fn create_generation(
    root: &Path,
    options: &CreateOptions,
    control: &Control,
    meter: &Meter,
) -> Result<ManifestCreateView, ManifestProblem> {
    let report = create(root, options, control, meter)?;
    Ok(create_view(&report))
}

fn create_view(report: &CreateReport) -> ManifestCreateView {
    let mut notes = report.notes.clone();
    notes.extend(report.ambiguous.iter().map(|path| {
        format!("{path} has the content of more than one missing file; which of them it was is a choice, not a proof")
    }));
    if report.stopped {
        notes.push("stopped before the end; nothing was written".to_owned());
    }
    ManifestCreateView {
        path: report.root.display().to_string(),
        exit_code: report.exit_code(),
        generation: report.generation,
        written: report.written.iter().map(|path| path.display().to_string()).collect(),
        hashed: report.hashed,
        hashed_bytes: report.hashed_bytes,
        original: report.original,
        verified: report.verified,
        failed: texts(&report.failed),
        missing: texts(&report.missing),
        renamed: report
            .renamed
            .iter()
            .map(|rename| RenameView { from: rename.from.to_string(), to: rename.to.to_string(), how: "same content".to_owned() })
            .collect(),
        unreadable: unreadable(&report.unreadable),
        skipped: skipped(&report.skipped),
        unrecordable: skipped(&report.unrecordable),
        damaged: damaged(&report.damaged),
        root_hashes: pairs(".", &report.root_hashes),
        notes,
    }
}

/// Checks a folder against its history or one manifest. `names_only` in the options makes it a diff.
pub fn check_folder(
    root: &Path,
    options: &VerifyOptions,
    control: &Control,
    meter: &Meter,
) -> Result<ManifestCheckView, ManifestProblem> {
    let report = verify(root, options, control, meter)?;
    let exit_code = if options.names_only { report.diff_exit_code() } else { report.verify_exit_code() };
    Ok(check_view(root, &report, exit_code))
}

fn check_view(root: &Path, report: &VerifyReport, exit_code: u8) -> ManifestCheckView {
    let mut mismatching: Vec<PathReason> = report
        .mismatched
        .iter()
        .map(|found| PathReason {
            path: found.path.to_string(),
            reason: format!("{} recorded, {} found", found.expected, found.found),
        })
        .collect();
    mismatching.extend(report.unproven.iter().map(|path| PathReason {
        path: path.to_string(),
        reason: "every recorded hash had failed: there is nothing to compare with".to_owned(),
    }));
    ManifestCheckView {
        path: root.display().to_string(),
        exit_code,
        manifests: report.basis.iter().map(|basis| basis.path.clone()).collect(),
        checked: report.checked,
        checked_bytes: report.checked_bytes,
        evidence: evidence_words(report),
        missing: texts(&report.missing),
        extra: texts(&report.extra),
        renamed: report.renamed.iter().map(rename_view).collect(),
        mismatching,
        size_only: texts(&report.size_only),
        unreadable: unreadable(&report.unreadable),
        skipped: skipped(&report.skipped),
        damaged: damaged(&report.damaged),
        notes: report.warnings.clone(),
    }
}

pub(crate) fn evidence_words(report: &VerifyReport) -> String {
    match report.level {
        Some(level) => format!("{level} ({})", report.level_words),
        None if report.level_words.is_empty() => "nothing was read".to_owned(),
        None => report.level_words.clone(),
    }
}

pub(crate) fn rename_view(renamed: &Renamed) -> RenameView {
    let form = match renamed.form {
        NameForm::Unicode => "other Unicode form of the same name",
        NameForm::Case => "other case of the same name",
    };
    let content = match renamed.equal {
        Some(true) => "content verified",
        Some(false) => "content differs",
        None => "content not compared",
    };
    RenameView { from: renamed.expected.to_string(), to: renamed.found.to_string(), how: format!("{form}, {content}") }
}

/// Computes and compares directory hashes.
pub fn check_directories(
    root: &Path,
    options: &DirectoryOptions,
    control: &Control,
    meter: &Meter,
) -> Result<DirectoryHashView, ManifestProblem> {
    let report = verify_directories(root, options, control, meter)?;
    Ok(DirectoryHashView {
        path: root.display().to_string(),
        exit_code: report.exit_code(),
        compared: report.compared,
        folders: report
            .folders
            .iter()
            .map(|folder| FolderHashView {
                path: folder.path.as_ref().map_or_else(|| ".".to_owned(), ToString::to_string),
                format: folder.format.to_string(),
                content: folder.found.content.to_text(),
                structure: folder.found.structure.to_text(),
            })
            .collect(),
        differing: report
            .differing
            .iter()
            .map(|(path, reason)| PathReason { path: path.clone(), reason: reason.clone() })
            .collect(),
        unreadable: unreadable(&report.unreadable),
        damaged: damaged(&report.damaged),
        notes: report.notes.clone(),
    })
}

/// Tells what the histories of a folder say.
pub fn tell_history(root: &Path, only: &[RelPath]) -> Result<HistoryView, ManifestProblem> {
    let info = history_info(root, only)?;
    Ok(HistoryView {
        path: root.display().to_string(),
        exit_code: info.damaged.first().map_or(0, |damage| damage.exit_code),
        generations: info
            .generations
            .iter()
            .map(|generation| {
                let scope = generation.scope.as_ref().map_or_else(|| ".".to_owned(), ToString::to_string);
                let creator = &generation.creator;
                let tool = match &creator.tool_version {
                    Some(version) => format!("{} {version}", creator.tool),
                    None => creator.tool.clone(),
                };
                GenerationView {
                    root_hashes: pairs(&scope, &generation.root_hashes),
                    scope,
                    number: generation.number,
                    name: generation.name.clone(),
                    c4: generation.c4.clone(),
                    created: generation.created.map(|at| at.to_string()),
                    host_name: creator.host_name.clone(),
                    tool,
                    process: generation.process.to_owned(),
                    authors: creator.authors.iter().map(author_words).collect(),
                    location: creator.location.clone(),
                    comment: creator.comment.clone(),
                    files: generation.files,
                    folders: generation.folders,
                    original: generation.actions[0],
                    verified: generation.actions[1],
                    failed: generation.actions[2],
                    formats: generation.formats.iter().map(ToString::to_string).collect(),
                    ignore: generation.ignore.clone(),
                }
            })
            .collect(),
        files: info
            .files
            .iter()
            .map(|file| RecordedFileView {
                path: file.path.to_string(),
                hashes: file
                    .hashes
                    .iter()
                    .map(|hash| RecordedHashView {
                        generation: hash.generation,
                        path: hash.path.to_string(),
                        format: hash.value.format().to_string(),
                        digest: hash.value.to_text(),
                        action: hash.action.map(|action| action.to_string()),
                        hashed_at: hash.hashed_at.map(|at| at.to_string()),
                        size_bytes: hash.size_bytes,
                    })
                    .collect(),
            })
            .collect(),
        damaged: damaged(&info.damaged),
        notes: info.notes,
    })
}

fn author_words(author: &Author) -> String {
    let more: Vec<&str> = [&author.role, &author.email, &author.phone].into_iter().filter_map(Option::as_deref).collect();
    if more.is_empty() { author.name.clone() } else { format!("{} ({})", author.name, more.join(", ")) }
}

/// Writes a packing list.
pub fn write_packing_list(
    root: &Path,
    folder: &Path,
    operation: &Operation,
    collection: bool,
) -> Result<PackingListView, ManifestProblem> {
    let report = flatten(root, folder, operation, collection)
        .map_err(|error: FlattenError| ManifestProblem { exit_code: error.exit_code(), problem: error.problem() })?;
    let shown = |path: &PathBuf| path.display().to_string();
    Ok(PackingListView {
        exit_code: report.damaged.first().map_or(0, |damage| damage.exit_code),
        list: shown(&report.list),
        collection: report.collection.as_ref().map(shown),
        c4: report.c4.clone(),
        files: report.files,
        left_out: texts(&report.left_out),
        damaged: damaged(&report.damaged),
    })
}

fn texts(paths: &[RelPath]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

fn skipped(items: &[SkippedItem]) -> Vec<PathReason> {
    items.iter().map(|item| PathReason { path: item.path.clone(), reason: item.reason.clone() }).collect()
}

fn unreadable(files: &[UnreadableFile]) -> Vec<PathReason> {
    let words = |problem: &Problem| match problem.details.first() {
        Some(detail) => detail.clone(),
        None => problem.summary.clone(),
    };
    files.iter().map(|file| PathReason { path: file.path.clone(), reason: words(&file.problem) }).collect()
}

fn damaged(histories: &[DamagedHistory]) -> Vec<PathReason> {
    let words =
        |problem: &Problem| std::iter::once(&problem.summary).chain(&problem.details).cloned().collect::<Vec<_>>().join(": ");
    histories.iter().map(|damage| PathReason { path: damage.place.clone(), reason: words(&damage.problem) }).collect()
}

fn pairs(path: &str, hashes: &[(HashFormat, String, String)]) -> Vec<FolderHashView> {
    hashes
        .iter()
        .map(|(format, content, structure)| FolderHashView {
            path: path.to_owned(),
            format: format.to_string(),
            content: content.clone(),
            structure: structure.clone(),
        })
        .collect()
}

/// What a schema check found.
#[derive(Debug, Clone)]
pub struct SchemaAnswer {
    /// Kind of document.
    pub kind: DocumentKind,
    /// What is wrong, each with its place.
    pub violations: Vec<String>,
}
/// Judges a document by its schema. What it is meant to be is taken from its name and its root element; `is_chain` says that it
/// is a chain or a collection whatever its name.
#[must_use]
pub fn judge_document(path: &Path, bytes: &[u8], is_chain: bool) -> SchemaAnswer {
    let named = path.file_name().is_some_and(|name| name == checkgate_mhl::CHAIN || name == checkgate_mhl::COLLECTION);
    let is_manifest = || !matches!(checkgate_mhl::Manifest::parse(bytes), Err(ParseManifestError::WrongRoot(_)));
    let is_legacy = || !matches!(LegacyList::parse(bytes), Err(ParseLegacyError::Xml(_) | ParseLegacyError::WrongRoot { .. }));
    let kind = match () {
        () if is_chain || named => DocumentKind::Chain,
        () if !is_manifest() && is_legacy() => DocumentKind::Legacy,
        () => DocumentKind::Manifest,
    };
    let violations = check_schema(bytes, kind).err().unwrap_or_default();
    SchemaAnswer { kind, violations: violations.iter().map(ToString::to_string).collect() }
}

/// Writes a legacy list.
pub fn create_legacy_list(
    root: &Path,
    formats: &[HashFormat],
    ignore: &[String],
    depth: VerifyDepth,
    said: Said,
    control: &Control,
    meter: &Meter,
) -> Result<ManifestCreateView, ManifestProblem> {
    let options = LegacyOptions {
        formats: formats.to_vec(),
        ignore: ignore.to_vec(),
        depth,
        name: said.authors.into_iter().next().map(|author| author.name),
        user_name: std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default(),
        host_name: host_name(),
        tool: checkgate_offload::TOOL.to_owned(),
    };
    let report = create_legacy(root, &options, control, meter)?;
    Ok(create_view(&report))
}
