//! Owns `checkgate mhl`: each command calls one use case and prints its answer. Exit codes are the use case's.

use super::{Stopper, refused};
use crate::args::Depth;
use crate::args_mhl::{Check, Convert, Create, Diff, Flatten, Hash, Ignoring, Info, Mhl, People, Verify};
use crate::output::{Output, gigabytes};
use checkgate_app::engines::mhl::{Author, Process};
use checkgate_app::engines::offload::{CreateOptions, DirectoryOptions, VerifyDepth, VerifyOptions, hash_file};
use checkgate_app::engines::volume::files;
use checkgate_app::manifests::{self, ManifestProblem, Said, below_root};
use checkgate_contract::manifest_view::{
    DirectoryHashView, HistoryView, ManifestCheckView, ManifestCreateView, PackingListView, PathReason, RenameView,
};
use checkgate_model::{ErrorCode, HashFormat, Problem, RelPath};
use serde::Serialize;
use std::path::{Path, PathBuf};

const MOST_PATTERN_BYTES: u64 = 16 << 20;
const MOST_MANIFEST_BYTES: u64 = 1 << 30;
/// Lines of one list on a terminal; `-v` and `--json` show all.
const MOST_SHOWN: usize = 200;

impl From<Depth> for VerifyDepth {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Device => Self::Device,
            Depth::System => Self::System,
            Depth::None => Self::None,
        }
    }
}

type Answer = Result<u8, ManifestProblem>;

pub(crate) async fn mhl(command: Mhl, verbose: bool, output: &Output) -> Result<u8, Problem> {
    let shown = Shown { output, all: verbose };
    let answer = match command {
        Mhl::Create(options) => create(options, &shown).await,
        Mhl::Verify(options) => verify(options, &shown).await,
        Mhl::Diff(options) => diff(options, &shown).await,
        Mhl::Info(options) => info(&options, &shown),
        Mhl::Flatten(options) => flatten(options, &shown),
        Mhl::Convert(options) => convert(options, &shown).await,
        Mhl::Check(options) => check(&options, &shown),
        Mhl::Hash(options) => hash(&options, &shown),
    };
    Ok(answer.unwrap_or_else(|failed| {
        output.problem(&failed.problem);
        failed.exit_code
    }))
}

fn usage(problem: Problem) -> ManifestProblem {
    ManifestProblem { problem, exit_code: 2 }
}

/// The work did not end as work does: a fault of this program, not of what was asked.
fn broke_off(error: tokio::task::JoinError) -> ManifestProblem {
    ManifestProblem { problem: Problem::from_error(ErrorCode::Internal, &error), exit_code: ErrorCode::Internal.exit_code() }
}

fn formats(words: &[String]) -> Result<Vec<HashFormat>, ManifestProblem> {
    let mut formats: Vec<HashFormat> = Vec::new();
    for word in words {
        let format: HashFormat = word.parse().map_err(|error| usage(Problem::from_error(ErrorCode::BadRequest, &error)))?;
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    Ok(formats)
}

fn said(people: People) -> Result<Said, ManifestProblem> {
    let author = people.author_name.map(|name| Author {
        name,
        email: people.author_email,
        phone: people.author_phone,
        role: people.author_role,
    });
    if let Some(author) = &author {
        author.check().map_err(|error| usage(Problem::from_error(ErrorCode::BadRequest, &error)))?;
    }
    Ok(Said { authors: author.into_iter().collect(), location: people.location, comment: people.comment })
}

fn patterns(ignoring: Ignoring) -> Result<Vec<String>, ManifestProblem> {
    let mut patterns = ignoring.ignore;
    for file in ignoring.ignore_spec {
        let bytes = files::read_bounded(&file, MOST_PATTERN_BYTES)
            .map_err(|error| usage(Problem::from_error(ErrorCode::BadRequest, &error)))?;
        let text = String::from_utf8(bytes).map_err(|_| usage(refused(format!("{} is not UTF-8", file.display()))))?;
        patterns.extend(text.lines().map(str::to_owned));
    }
    patterns.retain(|pattern| !pattern.trim().is_empty());
    if let Some(pattern) = patterns.iter().find(|pattern| pattern.chars().any(|c| c.is_control() && c != '\t')) {
        return Err(usage(refused(format!("{pattern:?} is no pattern: it holds more than one line, or a control character"))));
    }
    Ok(patterns)
}

fn exists(root: &Path) -> Result<(), ManifestProblem> {
    if root.is_dir() { Ok(()) } else { Err(usage(refused(format!("{} is not a folder", root.display())))) }
}

fn chosen(root: &Path, paths: &[PathBuf]) -> Result<Vec<RelPath>, ManifestProblem> {
    paths.iter().map(|path| below_root(root, path)).collect()
}

async fn create(options: Create, shown: &Shown<'_>) -> Answer {
    exists(&options.root)?;
    let formats = formats(&options.hash)?;
    if options.legacy {
        return create_legacy(options, formats, shown).await;
    }
    let process = if options.process == "transfer" { Process::Transfer } else { Process::InPlace };
    let mut create = CreateOptions::new(manifests::operation(process, said(options.people)?));
    create.formats = formats;
    create.ignore = patterns(options.ignoring)?;
    create.folder_hashes = !options.no_directory_hashes;
    create.detect_renames = options.detect_renaming;
    create.only = chosen(&options.root, &options.single_file)?;
    create.depth = read_depth(options.depth)?;
    create.manifest_to = options.manifest_to;
    run_create(options.root, create, shown).await
}

fn read_depth(depth: Depth) -> Result<VerifyDepth, ManifestProblem> {
    match depth.into() {
        VerifyDepth::None => Err(usage(refused("a hash needs a read: --depth is system or device here"))),
        depth => Ok(depth),
    }
}

async fn run_create(root: PathBuf, create: CreateOptions, shown: &Shown<'_>) -> Answer {
    let stopper = Stopper::start("hashing");
    let (control, meter) = stopper.handles();
    let work = tokio::task::spawn_blocking(move || manifests::create_generation(&root, &create, &control, &meter)).await;
    stopper.end();
    let view = work.map_err(broke_off)??;
    shown.created(&view);
    Ok(view.exit_code)
}

async fn create_legacy(options: Create, formats: Vec<HashFormat>, shown: &Shown<'_>) -> Answer {
    let said = said(options.people)?;
    let ignore = patterns(options.ignoring)?;
    let depth = read_depth(options.depth)?;
    let stopper = Stopper::start("hashing");
    let (control, meter) = stopper.handles();
    let root = options.root;
    let work = tokio::task::spawn_blocking(move || {
        manifests::create_legacy_list(&root, &formats, &ignore, depth, said, &control, &meter)
    })
    .await;
    stopper.end();
    let view = work.map_err(broke_off)??;
    shown.created(&view);
    Ok(view.exit_code)
}

async fn convert(options: Convert, shown: &Shown<'_>) -> Answer {
    let root = match options.root {
        Some(root) => root,
        None => match options.list.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        },
    };
    exists(&root)?;
    let mut create = CreateOptions::new(manifests::operation(Process::InPlace, said(options.people)?));
    create.formats = formats(&options.hash)?;
    create.legacy = Some(options.list);
    run_create(root, create, shown).await
}

async fn verify(options: Verify, shown: &Shown<'_>) -> Answer {
    exists(&options.root)?;
    let formats = formats(&options.hash)?;
    let ignore = patterns(options.ignoring)?;
    let stopper_words = "verifying";
    if options.directory_hash {
        let directories =
            DirectoryOptions { formats, calculate_only: options.calculate_only, ignore, depth: read_depth(options.depth)? };
        let stopper = Stopper::start(stopper_words);
        let (control, meter) = stopper.handles();
        let root = options.root;
        let work = tokio::task::spawn_blocking(move || manifests::check_directories(&root, &directories, &control, &meter)).await;
        stopper.end();
        let view = work.map_err(broke_off)??;
        shown.directories(&view, options.calculate_only, options.root_only);
        return Ok(view.exit_code);
    }
    let verify = VerifyOptions {
        depth: options.depth.into(),
        all_formats: options.all_formats,
        format: formats.first().copied(),
        manifest: options.packing_list,
        history_only: true,
        only: chosen(&options.root, &options.single_file)?,
        ignore,
        ..VerifyOptions::default()
    };
    run_check(options.root, verify, shown).await
}

async fn diff(options: Diff, shown: &Shown<'_>) -> Answer {
    exists(&options.root)?;
    let verify =
        VerifyOptions { names_only: true, history_only: true, ignore: patterns(options.ignoring)?, ..VerifyOptions::default() };
    run_check(options.root, verify, shown).await
}

async fn run_check(root: PathBuf, verify: VerifyOptions, shown: &Shown<'_>) -> Answer {
    let stopper = Stopper::start("verifying");
    let (control, meter) = stopper.handles();
    let work = tokio::task::spawn_blocking(move || manifests::check_folder(&root, &verify, &control, &meter)).await;
    stopper.end();
    let view = work.map_err(broke_off)??;
    shown.checked(&view);
    Ok(view.exit_code)
}

fn info(options: &Info, shown: &Shown<'_>) -> Answer {
    let root = match (&options.root, options.single_file.first()) {
        (Some(root), _) => root.clone(),
        (None, Some(file)) => manifests::root_above(file),
        (None, None) => PathBuf::from("."),
    };
    exists(&root)?;
    let only = chosen(&root, &options.single_file)?;
    let view = manifests::tell_history(&root, &only)?;
    shown.history(&view);
    Ok(view.exit_code)
}

fn flatten(options: Flatten, shown: &Shown<'_>) -> Answer {
    exists(&options.root)?;
    let operation = manifests::operation(Process::Flatten, said(options.people)?);
    let view = manifests::write_packing_list(&options.root, &options.destination, &operation, options.collection)?;
    shown.packing_list(&view);
    Ok(view.exit_code)
}

fn check(options: &Check, shown: &Shown<'_>) -> Answer {
    let bytes = files::read_bounded(&options.file, MOST_MANIFEST_BYTES).map_err(|error| {
        let exit_code = if error.is_not_found() { 2 } else { 3 };
        ManifestProblem { problem: Problem::from_error(error.code(), &error), exit_code }
    })?;
    let violations = manifests::judge_document(&options.file, &bytes, options.directory_file);
    let output = shown.output;
    if output.json {
        output.value(&serde_json::json!({
            "file": options.file,
            "kind": violations.kind.to_string(),
            "valid": violations.violations.is_empty(),
            "violations": violations.violations,
        }));
    } else if violations.violations.is_empty() {
        output.line(&format!("{}  {} is a valid {}", output.good("VALID"), options.file.display(), violations.kind));
    } else {
        output.line(&format!("{}  {} is no valid {}", output.bad("NOT VALID"), options.file.display(), violations.kind));
        for violation in &violations.violations {
            output.line(&format!("  {violation}"));
        }
    }
    Ok(if violations.violations.is_empty() { 0 } else { 11 })
}

fn hash(options: &Hash, shown: &Shown<'_>) -> Answer {
    let formats = formats(&options.hash)?;
    let mut code = 0;
    let mut told = Vec::new();
    for file in &options.files {
        match hash_file(file, &formats) {
            Ok(values) => {
                for format in &formats {
                    if let Some(value) = values.iter().find(|value| value.format() == *format) {
                        told.push(serde_json::json!({ "file": file, "format": format, "digest": value.to_text() }));
                        if !shown.output.json {
                            shown.output.line(&format!("{format} ({}) = {}", file.display(), value.to_text()));
                        }
                    }
                }
            }
            Err(problem) => {
                code = if file.exists() { 3 } else { 2 };
                shown.output.note(&problem.summary);
            }
        }
    }
    if shown.output.json {
        shown.output.value(&told);
    }
    Ok(code)
}

/// How answers are printed.
struct Shown<'a> {
    output: &'a Output,
    all: bool,
}

impl Shown<'_> {
    fn json<T: Serialize>(&self, view: &T) -> bool {
        if self.output.json {
            self.output.value(view);
        }
        self.output.json
    }

    fn list(&self, name: &str, lines: &[String]) {
        self.output.line(&format!("  {name:<13} {}", lines.len()));
        let most = if self.all { usize::MAX } else { MOST_SHOWN };
        for line in lines.iter().take(most) {
            self.output.line(&format!("    {}", printable(line)));
        }
        if lines.len() > most {
            self.output.line(&format!("    and {} more; -v lists them all", lines.len() - most));
        }
    }

    fn reasons(&self, name: &str, reasons: &[PathReason]) {
        let lines: Vec<String> = reasons.iter().map(|found| format!("{}: {}", found.path, found.reason)).collect();
        self.list(name, &lines);
    }

    fn renames(&self, renames: &[RenameView]) {
        let lines: Vec<String> =
            renames.iter().map(|rename| format!("{} is now {} ({})", rename.from, rename.to, rename.how)).collect();
        self.list("renamed", &lines);
    }

    /// What is wrong with histories and what could not be looked at goes to stderr as well: nothing else may be seen of it.
    fn asides(&self, damaged: &[PathReason], skipped: &[PathReason], notes: &[String]) {
        for damage in damaged {
            self.output.note(&format!("error: {}", printable(&damage.reason)));
        }
        if !damaged.is_empty() {
            self.output.note(&format!("  next: {}", ErrorCode::HistoryDamaged.hint()));
        }
        for item in skipped {
            self.output.note(&format!("skipped: {}: {}", printable(&item.path), item.reason));
        }
        for note in notes {
            self.output.note(&format!("note: {}", printable(note)));
        }
    }

    fn verdict(&self, code: u8, good: &str, path: &str) {
        let word = match code {
            0 if good == "WHOLE" => self.output.good(good),
            0 => self.output.attention(good),
            4 => self.output.attention("STOPPED"),
            10 => self.output.bad("MISSING"),
            11 => self.output.bad("ALTERED"),
            12 => self.output.bad("FOLDERS DIFFER"),
            20 => self.output.attention("NOTHING CHECKED"),
            21 => self.output.bad("NEW FILES"),
            31..=33 => self.output.bad("HISTORY DAMAGED"),
            _ => self.output.bad("NOT WHOLE"),
        };
        self.output.line(&format!("{word}  {path}"));
    }

    fn created(&self, view: &ManifestCreateView) {
        if self.json(view) {
            return;
        }
        let all: Vec<PathReason> = view.skipped.iter().chain(&view.unrecordable).cloned().collect();
        self.asides(&view.damaged, &all, &view.notes);
        self.verdict(view.exit_code, "RECORDED", &view.path);
        for manifest in &view.written {
            self.output.line(&format!("  written       {manifest}"));
        }
        self.output.line(&format!(
            "  hashed        {}, {}; {} original, {} verified hashes",
            counted(view.hashed, "file"),
            gigabytes(view.hashed_bytes),
            view.original,
            view.verified
        ));
        for root in &view.root_hashes {
            self.output.line(&format!("  root {:<8} content {}", root.format, root.content));
            self.output.line(&format!("  {:<13} structure {}", "", root.structure));
        }
        self.list("altered", &view.failed);
        self.list("missing", &view.missing);
        if !view.renamed.is_empty() {
            self.renames(&view.renamed);
        }
        self.reasons("unreadable", &view.unreadable);
        self.list("skipped", &all.iter().map(|item| item.path.clone()).collect::<Vec<_>>());
    }

    fn checked(&self, view: &ManifestCheckView) {
        if self.json(view) {
            return;
        }
        self.asides(&view.damaged, &view.skipped, &view.notes);
        // Without a read there is no proof, only agreement.
        let good = match () {
            () if view.checked > 0 => "WHOLE",
            () if view.size_only.is_empty() => "NAMES AGREE",
            () => "SIZES AGREE",
        };
        self.verdict(view.exit_code, good, &view.path);
        for manifest in &view.manifests {
            self.output.line(&format!("  manifest      {}", printable(manifest)));
        }
        self.output.line(&format!(
            "  checked       {} files, {}, {}",
            view.checked,
            gigabytes(view.checked_bytes),
            view.evidence
        ));
        self.list("missing", &view.missing);
        self.list("new", &view.extra);
        self.renames(&view.renamed);
        self.reasons("altered", &view.mismatching);
        if !view.size_only.is_empty() {
            self.list("size only", &view.size_only);
        }
        self.reasons("unreadable", &view.unreadable);
    }

    fn directories(&self, view: &DirectoryHashView, all: bool, root_only: bool) {
        if self.json(view) {
            return;
        }
        self.asides(&view.damaged, &[], &view.notes);
        if !all {
            let good = if view.compared > 0 { "WHOLE" } else { "NOTHING COMPARED" };
            self.verdict(view.exit_code, good, &view.path);
            self.output.line(&format!("  compared      {} pairs", view.compared));
            self.reasons("differing", &view.differing);
        }
        for folder in view.folders.iter().filter(|folder| folder.path == "." || ((all || self.all) && !root_only)) {
            self.output.line(&format!("  {}", printable(&folder.path)));
            self.output.line(&format!("    {} content    {}", folder.format, folder.content));
            self.output.line(&format!("    {} structure  {}", folder.format, folder.structure));
        }
        self.reasons("unreadable", &view.unreadable);
    }

    fn history(&self, view: &HistoryView) {
        if self.json(view) {
            return;
        }
        self.asides(&view.damaged, &[], &view.notes);
        if view.exit_code != 0 {
            self.verdict(view.exit_code, "", &view.path);
            return;
        }
        if !view.files.is_empty() {
            for file in &view.files {
                self.output.line(&printable(&file.path));
                for hash in &file.hashes {
                    self.output.line(&format!(
                        "  generation {:<3} {:<9} {} {}  {}{}",
                        hash.generation,
                        hash.action.as_deref().unwrap_or("no action"),
                        hash.format,
                        hash.digest,
                        hash.hashed_at.as_deref().unwrap_or("no date"),
                        if hash.path == file.path { String::new() } else { format!("  as {}", printable(&hash.path)) },
                    ));
                }
            }
            return;
        }
        for generation in &view.generations {
            let scope = if generation.scope == "." { String::new() } else { format!("{}: ", printable(&generation.scope)) };
            self.output.line(&format!("{scope}generation {}  {}", generation.number, printable(&generation.name)));
            self.output.line(&format!(
                "  {}  {}  {} on {}",
                generation.created.as_deref().unwrap_or("no date"),
                generation.process,
                printable(&generation.tool),
                printable(&generation.host_name)
            ));
            for author in &generation.authors {
                self.output.line(&format!("  by {}", printable(author)));
            }
            for words in [&generation.location, &generation.comment].into_iter().flatten() {
                self.output.line(&format!("  {}", printable(words)));
            }
            self.output.line(&format!(
                "  {}, {}, {}: {} original, {} verified, {} failed",
                counted(generation.files, "file"),
                counted(generation.folders, "folder"),
                generation.formats.join(", "),
                generation.original,
                generation.verified,
                generation.failed
            ));
            for root in &generation.root_hashes {
                self.output.line(&format!("  {} content {}", root.format, root.content));
                self.output.line(&format!("  {} structure {}", root.format, root.structure));
            }
            if self.all {
                self.output.line(&format!("  ignores {}", generation.ignore.join("  ")));
                self.output.line(&format!("  {}", generation.c4));
            }
        }
    }

    fn packing_list(&self, view: &PackingListView) {
        if self.json(view) {
            return;
        }
        self.asides(&view.damaged, &[], &[]);
        if view.exit_code != 0 {
            self.verdict(view.exit_code, "", "");
            return;
        }
        self.output.line(&format!("{}  {}", self.output.good("WRITTEN"), view.list));
        self.output.line(&format!("  {}", counted(view.files, "file")));
        self.output.line(&format!("  {}", view.c4));
        if let Some(collection) = &view.collection {
            self.output.line(&format!("  listed in {collection}"));
        }
        self.list("left out", &view.left_out);
    }
}

/// `1 file`, `2 files`.
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A name as it can be shown on one line of a terminal: control characters could rewrite what stands there.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}
