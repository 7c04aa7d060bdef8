//! Owns checking a folder and continuing its histories in one read: every history at the top is created anew by the same engine that
//! `mhl create` uses, and what it found is told as a verification. Lists that stand by themselves are checked beside it.

use crate::control::Control;
use crate::create::{CreateError, CreateOptions, CreateReport, create};
use crate::histories::Found;
use crate::meter::Meter;
use crate::report::{Mismatch, UnreadableFile};
use crate::tree::Tree;
use crate::verify::{Basis, BasisKind, VerifyError, VerifyOptions, VerifyReport, verify_lists};
use checkgate_model::{ErrorCode, Problem, RelPath};
use std::path::{Path, PathBuf};

/// Checks `root` and appends a generation to every history that no other contains. Answers the report and the manifests written.
///
/// # Errors
/// Where the folder cannot be listed or has no history.
pub fn verify_and_append(
    root: &Path,
    options: &CreateOptions,
    control: &Control,
    meter: &Meter,
) -> Result<(VerifyReport, Vec<PathBuf>), VerifyError> {
    let tree = Tree::open(root)?;
    let found = Found::look(&tree.source, &tree.listing);
    let mut scopes: Vec<Option<RelPath>> = found.scopes().map(|scope| scope.cloned()).collect();
    if scopes.is_empty() {
        return Err(VerifyError::NoHistory(root.to_path_buf()));
    }
    let all = scopes.clone();
    scopes.retain(|scope| {
        !all.iter().any(|other| match (other, scope) {
            (None, Some(_)) => true,
            (Some(other), Some(scope)) => scope != other && scope.is_under(other),
            _ => false,
        })
    });
    let mut report = VerifyReport { root: root.to_path_buf(), skipped: tree.skipped.clone(), ..VerifyReport::default() };
    let mut written = Vec::new();
    for scope in &scopes {
        let folder = scope.as_ref().map_or_else(|| root.to_path_buf(), |scope| root.join(scope.as_str()));
        match create(&folder, options, control, meter) {
            Ok(found) => {
                written.extend(found.written.iter().cloned());
                merge(&mut report, scope.as_ref(), found);
            }
            Err(error) => {
                let place = scope.as_ref().map_or_else(|| ".".to_owned(), ToString::to_string);
                let mut problem = Problem::from_error(error.code(), &error);
                error.hint().clone_into(&mut problem.hint);
                if matches!(error, CreateError::ReadOnly { .. } | CreateError::Write(_)) {
                    problem.code = ErrorCode::DestinationFailed;
                }
                report.unreadable.push(UnreadableFile { path: place, problem });
            }
        }
        if control.is_stopped() {
            break;
        }
    }
    let covered = |path: &RelPath| scopes.iter().any(|scope| scope.as_ref().is_none_or(|scope| path.is_under(scope)));
    let lists = VerifyOptions { depth: options.depth, ..VerifyOptions::default() };
    let (found, listed) = verify_lists(&tree, &lists, control, meter)?;
    report.checked += found.checked;
    report.checked_bytes += found.checked_bytes;
    if report.level.is_none_or(|known| found.level.is_some_and(|level| level < known)) {
        report.level = found.level.or(report.level);
        report.level_words = found.level_words;
    }
    report.basis.extend(found.basis);
    report.missing.extend(found.missing);
    report.renamed.extend(found.renamed);
    report.mismatched.extend(found.mismatched);
    report.size_only.extend(found.size_only);
    report.unreadable.extend(found.unreadable);
    report.damaged.extend(found.damaged);
    report.warnings.extend(found.warnings);
    report.extra.retain(|path| !listed.contains(path));
    let outside = tree.listing.files.iter().map(|file| &file.path);
    report
        .extra
        .extend(outside.filter(|path| !covered(path) && !listed.contains(*path) && path.file_name() != ".DS_Store").cloned());
    report.stopped = control.is_stopped();
    report.missing.sort();
    report.extra.sort();
    Ok((report, written))
}

fn merge(report: &mut VerifyReport, scope: Option<&RelPath>, found: CreateReport) {
    let placed = |path: &RelPath| scope.map_or_else(|| Some(path.clone()), |scope| scope.join(path.as_str()).ok());
    let prefix = scope.map_or_else(String::new, |scope| format!("{scope}/"));
    report.checked += found.hashed.saturating_sub(found.new_files.len() as u64);
    report.checked_bytes += found.hashed_bytes;
    if let Some(level) = found.level
        && report.level.is_none_or(|known| level < known)
    {
        report.level = Some(level);
        report.level_words = found.level_words;
    }
    report.missing.extend(found.missing.iter().filter_map(placed));
    report.extra.extend(found.new_files.iter().filter_map(placed));
    report.mismatched.extend(found.mismatches.iter().filter_map(|mismatch| {
        Some(Mismatch { path: placed(&mismatch.path)?, expected: mismatch.expected.clone(), found: mismatch.found.clone() })
    }));
    report.unreadable.extend(
        found.unreadable.into_iter().map(|file| UnreadableFile { path: format!("{prefix}{}", file.path), problem: file.problem }),
    );
    report.damaged.extend(found.damaged);
    report.warnings.extend(found.notes.iter().map(|note| format!("{prefix}{note}")));
    for manifest in &found.written {
        report.basis.push(Basis {
            kind: BasisKind::Generation,
            path: manifest.strip_prefix(&report.root).unwrap_or(manifest).display().to_string(),
            generation: Some(found.generation),
            created: None,
            tool: crate::TOOL.to_owned(),
            host_name: String::new(),
            process: None,
            authors: Vec::new(),
            comment: Some("written by this check".to_owned()),
            c4: None,
            files: found.hashed,
            root_hashes: found.root_hashes.clone(),
        });
    }
}
