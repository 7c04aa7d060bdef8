//! Owns the check of drives that somebody hands over: many at once, one lane for each device, each against whatever manifests are
//! there, with a report to file away. Writes nothing to a drive unless a new generation is asked for.

use crate::clock;
use crate::home::Home;
use crate::jobs::host_name;
use crate::manifests::{Said, evidence_words, operation, rename_view};
use crate::tools::tool_name;
use crate::verification::view;
use checkgate_contract::VerificationView;
use checkgate_mhl::{Process, hash_bytes};
use checkgate_model::{ErrorCode, HashFormat, Problem, Timestamp};
use checkgate_offload::{
    Basis, BasisKind, Control, CreateOptions, Meter, UnreadableFile, VerifyOptions, VerifyReport, verify, verify_and_append,
};
use checkgate_report::{
    BasisLine, Counts, DriveSection, MismatchLine, ReasonLine, RenameLine, RootHash, Verdict, VerificationDocument,
};
use checkgate_volume::{Volume, volume_of};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What to check, and what to make of it.
#[derive(Debug, Clone, Default)]
pub struct DriveOptions {
    /// How.
    pub verify: VerifyOptions,
    /// Append a generation to every ASC MHL history that is found at the top.
    pub append: bool,
    /// State folder, where an interrupted check is remembered; `None` as everywhere.
    pub home: Option<PathBuf>,
}

/// One drive, as its lane shows it.
#[derive(Debug, Clone)]
pub struct DriveWatch {
    /// The folder.
    pub path: PathBuf,
    /// Its progress.
    pub meter: Meter,
}

/// What came of the drives.
#[derive(Debug, Clone)]
pub struct DriveAnswer {
    /// One view for each path, in the order given.
    pub views: Vec<VerificationView>,
    /// What could not be begun, for each path.
    pub problems: Vec<Option<Problem>>,
    /// Manifests that were written.
    pub written: Vec<PathBuf>,
    /// For the report.
    pub document: VerificationDocument,
    /// 0 whole, 1 differences, 3 something could not be read, 4 stopped.
    pub exit_code: u8,
}

/// One path with its lane.
struct Drive {
    watch: DriveWatch,
    volume: Option<Volume>,
}

type Outcome = Result<(VerifyReport, Vec<PathBuf>), Problem>;

/// Checks every path. Those on one device follow each other, devices go on side by side.
#[must_use]
pub fn verify_drives(watches: &[DriveWatch], options: &DriveOptions, control: &Control) -> DriveAnswer {
    let started = clock::now();
    let memories = Home::open(options.home.clone()).ok().map(|home| home.root().join("verifications"));
    let drives: Vec<Drive> =
        watches.iter().map(|watch| Drive { watch: watch.clone(), volume: volume_of(&watch.path).ok() }).collect();
    let mut lanes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, drive) in drives.iter().enumerate() {
        let device = drive.volume.as_ref().map(|volume| volume.device_identity.clone().unwrap_or_else(|| volume.device.clone()));
        // What cannot be told apart is not read at once.
        lanes.entry(device.unwrap_or_default()).or_default().push(at);
    }
    let outcomes: Mutex<BTreeMap<usize, Outcome>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for lane in lanes.values() {
            let (drives, outcomes, memories) = (&drives, &outcomes, memories.as_deref());
            scope.spawn(move || {
                for at in lane {
                    if control.is_stopped() {
                        return;
                    }
                    let outcome = one(&drives[*at], options, memories, control);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(*at, outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut answer = DriveAnswer {
        views: Vec::new(),
        problems: Vec::new(),
        written: Vec::new(),
        document: VerificationDocument {
            title: "Verification report".to_owned(),
            tool: tool_name(),
            host: host_name(),
            started,
            finished: clock::now(),
            drives: Vec::new(),
        },
        exit_code: 0,
    };
    for (at, drive) in drives.iter().enumerate() {
        let never = || Err(Problem::new(ErrorCode::Stopped, format!("{} was not begun", drive.watch.path.display())));
        let (report, code, problem) = match outcomes.remove(&at).unwrap_or_else(never) {
            Ok((report, written)) => {
                answer.written.extend(written);
                let code = match () {
                    () if report.stopped => 4,
                    () if report.is_whole() => 0,
                    () => 1,
                };
                (report, code, None)
            }
            Err(problem) => {
                let path = drive.watch.path.display().to_string();
                let report = VerifyReport {
                    root: drive.watch.path.clone(),
                    unreadable: vec![UnreadableFile { path, problem: problem.clone() }],
                    stopped: problem.code == ErrorCode::Stopped,
                    ..VerifyReport::default()
                };
                (report, problem.code.exit_code(), Some(problem))
            }
        };
        answer.exit_code = answer.exit_code.max(code);
        answer.document.drives.push(section(&report, drive.volume.as_ref()));
        answer.views.push(view("", &drive.watch.path, &report));
        answer.problems.push(problem);
    }
    answer
}

fn one(drive: &Drive, options: &DriveOptions, memories: Option<&Path>, control: &Control) -> Outcome {
    let root = &drive.watch.path;
    let failed = |error: checkgate_offload::VerifyError| {
        let mut problem = Problem::from_error(error.code(), &error);
        error.hint().clone_into(&mut problem.hint);
        problem
    };
    if options.append {
        let mut create = CreateOptions::new(operation(Process::InPlace, Said::default()));
        create.depth = options.verify.depth;
        return verify_and_append(root, &create, control, &drive.watch.meter).map_err(failed);
    }
    let mut verify_options = options.verify.clone();
    verify_options.memory = memories.map(|folder| folder.join(memory_name(root, drive.volume.as_ref())));
    verify(root, &verify_options, control, &drive.watch.meter).map(|report| (report, Vec::new())).map_err(failed)
}

/// The same folder on the same volume, wherever it is mounted, is the same check.
fn memory_name(root: &Path, volume: Option<&Volume>) -> String {
    let whole = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let text = match volume {
        Some(volume) => {
            format!("{} {}", volume.id.as_str(), whole.strip_prefix(&volume.mount_point).unwrap_or(&whole).display())
        }
        None => whole.display().to_string(),
    };
    format!("{}.jsonl", hash_bytes(HashFormat::Xxh128, text.as_bytes()).to_text())
}

fn section(report: &VerifyReport, volume: Option<&Volume>) -> DriveSection {
    let count = |length: usize| length as u64;
    let verdict = match () {
        () if report.stopped => Verdict::Stopped,
        () if !report.damaged.is_empty() => Verdict::Damaged,
        () if !report.unreadable.is_empty() => Verdict::Unreadable,
        () if report.is_whole() && report.checked == 0 => Verdict::SizesAgree,
        () if report.is_whole() => Verdict::Whole,
        () => Verdict::Differences,
    };
    let mut mismatching: Vec<MismatchLine> = report
        .mismatched
        .iter()
        .map(|found| MismatchLine { path: found.path.to_string(), expected: found.expected.clone(), found: found.found.clone() })
        .collect();
    mismatching.extend(report.unproven.iter().map(|path| MismatchLine {
        path: path.to_string(),
        expected: "nothing that can be compared: every recorded hash had failed".to_owned(),
        found: "the file".to_owned(),
    }));
    let root_hashes = report
        .basis
        .iter()
        .filter(|basis| basis.kind == BasisKind::Generation && basis.path.starts_with("ascmhl/"))
        .rfind(|basis| !basis.root_hashes.is_empty())
        .map(|basis| basis.root_hashes.clone())
        .unwrap_or_default();
    DriveSection {
        // A report is read elsewhere: a relative path would mean nothing there.
        path: report.root.canonicalize().unwrap_or_else(|_| report.root.clone()).display().to_string(),
        volume: volume.map(volume_words).unwrap_or_default(),
        verdict,
        summary: summary(report, verdict),
        evidence: evidence_words(report),
        basis: report.basis.iter().map(basis_line).collect(),
        counts: Counts {
            files_checked: report.checked,
            bytes_checked: report.checked_bytes,
            missing: count(report.missing.len()),
            extra: count(report.extra.len()),
            mismatching: count(mismatching.len()),
            renamed: count(report.renamed.len()),
            unreadable: count(report.unreadable.len()),
            size_only: count(report.size_only.len()),
            skipped: count(report.skipped.len()),
            damaged: count(report.damaged.len()),
        },
        root_hashes: root_hashes
            .into_iter()
            .map(|(format, content, structure)| RootHash { format: format.to_string(), content, structure })
            .collect(),
        missing: report.missing.iter().map(ToString::to_string).collect(),
        extra: report.extra.iter().map(ToString::to_string).collect(),
        mismatching,
        renamed: report
            .renamed
            .iter()
            .map(rename_view)
            .map(|rename| RenameLine { expected: rename.from, found: rename.to, how: rename.how })
            .collect(),
        unreadable: report
            .unreadable
            .iter()
            .map(|file| ReasonLine {
                path: file.path.clone(),
                reason: file.problem.details.first().unwrap_or(&file.problem.summary).clone(),
            })
            .collect(),
        skipped: report.skipped.iter().map(|item| ReasonLine { path: item.path.clone(), reason: item.reason.clone() }).collect(),
        damaged: report.damaged.iter().map(|damage| damage.problem.summary.clone()).collect(),
        notes: report.warnings.clone(),
    }
}

fn summary(report: &VerifyReport, verdict: Verdict) -> String {
    let checked = format!("{} of the recorded files were read and compared", report.checked);
    match verdict {
        Verdict::Whole if report.size_only.is_empty() => {
            "Everything that is recorded is there and unaltered, and nothing else is.".to_owned()
        }
        Verdict::Whole => format!(
            "Everything that is recorded is there, and nothing else is. {checked} and are unaltered; {} could be compared by size only.",
            report.size_only.len()
        ),
        Verdict::SizesAgree => {
            "Everything that is recorded is there with the size that is recorded, and nothing else is. Nothing was read."
                .to_owned()
        }
        Verdict::Differences => format!("What is there is not what is recorded. {checked}."),
        Verdict::Damaged => format!("A history or list cannot be trusted; what it says was not used. {checked}."),
        Verdict::Unreadable => format!("Something could not be read. {checked}."),
        Verdict::Stopped => format!("Stopped before the end. {checked}."),
    }
}

fn basis_line(basis: &Basis) -> BasisLine {
    let mut detail: Vec<String> = Vec::new();
    detail.extend(basis.generation.map(|number| format!("generation {number}")));
    detail.extend(basis.created.map(shown_time));
    detail.extend(basis.process.map(str::to_owned));
    detail.push(if basis.files == 1 { "1 file".to_owned() } else { format!("{} files", basis.files) });
    detail.extend(basis.comment.clone());
    let mut by: Vec<String> = basis.authors.clone();
    if !basis.tool.is_empty() {
        by.push(basis.tool.clone());
    }
    if !basis.host_name.is_empty() {
        by.push(format!("on {}", basis.host_name));
    }
    BasisLine {
        kind: basis.kind.words().to_owned(),
        name: basis.path.clone(),
        detail: detail.join(", "),
        author: (!by.is_empty()).then(|| by.join(", ")),
        c4: basis.c4.clone(),
    }
}

fn shown_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn volume_words(volume: &Volume) -> String {
    let mut parts = vec![volume.label.clone(), volume.file_system.clone()];
    parts.push(if volume.read_only { "mounted read-only" } else { "mounted writable" }.to_owned());
    parts.push(volume.device_identity.clone().unwrap_or_else(|| volume.device.clone()));
    parts.extend(volume.bus.clone());
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// The report as a file of the kind its name ends with: `txt`, `json`, `html` or `pdf`.
pub fn report_bytes(document: &VerificationDocument, path: &Path) -> Result<Vec<u8>, Problem> {
    let kind = path.extension().map(|kind| kind.to_string_lossy().to_lowercase()).unwrap_or_default();
    match kind.as_str() {
        "txt" => Ok(checkgate_report::text(document).into_bytes()),
        "html" | "htm" => Ok(checkgate_report::html(document).into_bytes()),
        "json" => serde_json::to_vec_pretty(document).map_err(|error| Problem::from_error(ErrorCode::Internal, &error)),
        "pdf" => checkgate_report::pdf(document).map_err(|error| Problem::from_error(ErrorCode::Internal, &error)),
        _ => Err(Problem::new(
            ErrorCode::BadRequest,
            format!("{} does not say what kind of report it is to be; end it in .txt, .json, .html or .pdf", path.display()),
        )),
    }
}
