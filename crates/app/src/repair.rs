//! Owns the use cases round bad copies: mending one from its siblings with what this home remembers of the card, and comparing
//! folders. What was done to a known copy is written to the log of its card.

use crate::manifests::{Said, operation};
use crate::{App, clock, state_problem};
use checkgate_catalog::CopyRow;
use checkgate_contract::manifest_view::PathReason;
use checkgate_contract::repair_view::{ComparisonView, MovedView, RepairView, RepairedFileView};
use checkgate_mhl::Process;
use checkgate_model::{ErrorCode, Evidence, Problem, RelPath};
use checkgate_offload::{
    CompareOptions, Comparison, Control, KnownBlocks, Meter, RepairAction, RepairOptions, RepairReport, RepairedFile,
    VerifyDepth, compare, repair,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to mend, from what, and how.
#[derive(Debug, Clone, Default)]
pub struct RepairRequest {
    /// The bad copy.
    pub copy: PathBuf,
    /// Other copies of the same roll.
    pub siblings: Vec<PathBuf>,
    /// How the copy is read to find what is bad.
    pub depth: VerifyDepth,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Remove corrupt files that were set aside.
    pub discard: bool,
    /// Author, place and comment for the manifest.
    pub said: Said,
}

impl App {
    /// Mends a copy from its siblings. The copies this home made tell which blocks are bad.
    pub async fn repair_copy(&self, request: RepairRequest, control: Control, meter: Meter) -> Result<RepairView, Problem> {
        let rows = self.copies_at(&request).await?;
        let mut options = RepairOptions::new(operation(Process::InPlace, request.said.clone()));
        options.depth = request.depth;
        options.dry_run = request.dry_run;
        options.discard = request.discard;
        options.known = self.known_blocks(&rows).await?;
        let (copy, siblings) = (request.copy.clone(), request.siblings.clone());
        let work = tokio::task::spawn_blocking(move || repair(&copy, &siblings, &options, &control, &meter));
        let report = work
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
            .map_err(|error| Problem::from_error(error.code(), &error))?;
        if !request.dry_run {
            self.remember_repair(&request, &rows, &report).await?;
        }
        Ok(repair_view(&report))
    }

    /// Copies of this home that lie at one of the folders; the bad copy itself first.
    async fn copies_at(&self, request: &RepairRequest) -> Result<Vec<CopyRow>, Problem> {
        let roots: Vec<PathBuf> =
            std::iter::once(&request.copy).chain(&request.siblings).filter_map(|path| path.canonicalize().ok()).collect();
        let mut rows: Vec<CopyRow> = Vec::new();
        for root in &roots {
            for job in self.catalog().jobs().await.map_err(state_problem)? {
                for copy in self.catalog().copies_of_job(&job.id).await.map_err(state_problem)? {
                    if Path::new(&copy.root).canonicalize().is_ok_and(|there| there == *root)
                        && !rows.iter().any(|known| known.id == copy.id)
                    {
                        rows.push(copy);
                    }
                }
            }
        }
        Ok(rows)
    }

    async fn known_blocks(&self, rows: &[CopyRow]) -> Result<BTreeMap<RelPath, KnownBlocks>, Problem> {
        let mut known = BTreeMap::new();
        for row in rows {
            let files = self.catalog().files_of_copy(&row.id).await.map_err(state_problem)?;
            // Of a file that was only begun, neither its hashes nor all of its blocks are known.
            for file in files.into_iter().filter(|file| !file.hashes.is_empty()) {
                // Which of two rolls is meant, the recorded hash decides later.
                known.entry(file.path).or_insert(KnownBlocks {
                    size_bytes: file.size_bytes,
                    hashes: file.hashes,
                    crc64: file.block_crc64,
                });
            }
        }
        Ok(known)
    }

    async fn remember_repair(&self, request: &RepairRequest, rows: &[CopyRow], report: &RepairReport) -> Result<(), Problem> {
        let whole = request.copy.canonicalize().unwrap_or_else(|_| request.copy.clone());
        let is_here = |row: &&CopyRow| Path::new(&row.root).canonicalize().is_ok_and(|there| there == whole);
        let done: Vec<&RepairedFile> = report.files.iter().filter(|file| file.action != RepairAction::Left).collect();
        let left = report.files.len() - done.len();
        if report.files.is_empty() {
            return Ok(());
        }
        for row in rows.iter().filter(is_here) {
            let proven: Vec<(String, RelPath, Evidence)> =
                done.iter().filter_map(|file| Some((row.id.clone(), file.path.clone(), file.evidence.clone()?))).collect();
            self.catalog().prove_copy_files(&proven).await.map_err(state_problem)?;
            let line = format!("repaired {}: {} file(s) mended or restored, {left} left as they were", row.root, done.len());
            self.catalog().log(&row.card, clock::now(), &line).await.map_err(state_problem)?;
        }
        self.announce();
        Ok(())
    }
}

/// Compares folders with a reference.
///
/// # Errors
/// Where a folder cannot be opened.
pub fn compare_folders(
    reference: &Path,
    others: &[PathBuf],
    options: &CompareOptions,
    control: &Control,
    meter: &Meter,
) -> Result<Vec<ComparisonView>, Problem> {
    let found = compare(reference, others, options, control, meter).map_err(|error| {
        let mut problem = Problem::from_error(error.code(), &error);
        error.hint().clone_into(&mut problem.hint);
        problem
    })?;
    Ok(found.iter().map(|comparison| comparison_view(reference, comparison)).collect())
}

fn repair_view(report: &RepairReport) -> RepairView {
    let paths = |paths: &[RelPath]| paths.iter().map(ToString::to_string).collect();
    let shown = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    RepairView {
        path: report.root.display().to_string(),
        exit_code: report.exit_code(),
        dry_run: report.dry_run,
        stopped: report.stopped,
        judged_by: shown(&report.judged_by),
        sound: report.sound,
        checked_bytes: report.checked_bytes,
        files: report.files.iter().map(file_view).collect(),
        folders: paths(&report.folders),
        set_aside: paths(&report.set_aside),
        discarded: paths(&report.discarded),
        written: shown(&report.written),
        damaged: report.damaged.iter().map(|damage| damage.problem.summary.clone()).collect(),
        notes: report.notes.clone(),
    }
}

fn file_view(file: &RepairedFile) -> RepairedFileView {
    RepairedFileView {
        path: file.path.to_string(),
        action: match file.action {
            RepairAction::Mended => "mended",
            RepairAction::Restored => "restored",
            RepairAction::Left => "left",
        }
        .to_owned(),
        found: file.found.clone(),
        blocks_total: file.blocks_total,
        blocks_replaced: file.blocks_replaced,
        from: file.from.iter().map(|path| path.display().to_string()).collect(),
        refused: file.refused.clone(),
        set_aside: file.set_aside.as_ref().map(ToString::to_string),
        evidence: file.evidence.as_ref().map(|evidence| format!("{}: {}", evidence.level, evidence.method)),
        problem: file.problem.as_ref().map(|problem| problem.summary.clone()),
    }
}

fn comparison_view(reference: &Path, found: &Comparison) -> ComparisonView {
    let paths = |paths: &[RelPath]| paths.iter().map(ToString::to_string).collect();
    let exit_code = found.exit_code();
    ComparisonView {
        path: found.root.display().to_string(),
        reference: reference.display().to_string(),
        exit_code,
        state: match exit_code {
            0 => "equal",
            3 => "unreadable",
            4 => "stopped",
            _ => "different",
        }
        .to_owned(),
        compared: found.words.clone(),
        equal: found.equal,
        equal_bytes: found.equal_bytes,
        missing: paths(&found.missing),
        extra: paths(&found.extra),
        changed: found
            .changed
            .iter()
            .map(|changed| PathReason { path: changed.path.to_string(), reason: changed.how.clone() })
            .collect(),
        renamed: found
            .renamed
            .iter()
            .map(|moved| MovedView {
                from: moved.from.to_string(),
                to: moved.to.to_string(),
                by: if moved.proven { "content" } else { "size and time" }.to_owned(),
            })
            .collect(),
        excluded: found.excluded.iter().map(|item| PathReason { path: item.path.clone(), reason: item.reason.clone() }).collect(),
        unreadable: found
            .unreadable
            .iter()
            .map(|file| PathReason {
                path: file.path.clone(),
                reason: file.problem.details.first().unwrap_or(&file.problem.summary).clone(),
            })
            .collect(),
        other_time: found.other_time,
    }
}
