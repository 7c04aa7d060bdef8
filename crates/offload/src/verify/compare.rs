//! Owns holding a folder against what is recorded for it: names, sizes, contents. Goes on after every error, reads no byte twice.

use super::records::Records;
use super::{Renamed, VerifyError, VerifyOptions, VerifyReport};
use crate::control::Control;
use crate::hash_files::{Hashed, Job, hash_files};
use crate::memory::Memory;
use crate::meter::Meter;
use crate::report::{Mismatch, UnreadableFile};
use crate::tree::Tree;
use checkgate_mhl::{ExpectedFile, FileCheck, IgnoreSet, LegacyCheck, NameForm, diff, fastest, hash_bytes};
use checkgate_model::{EvidenceLevel, HashFormat, HashValue, RelPath};
use checkgate_volume::SourceFile;
use checkgate_volume::is_set_aside;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// Recorded files that are there, each with where it is: under its own name, or another form of it.
pub(super) struct Present<'a> {
    found: &'a SourceFile,
    recorded: &'a RelPath,
    /// Its place in `renamed`, if it is there under another form of its name.
    candidate: Option<usize>,
}

pub(super) fn compare_names<'a>(
    records: &'a Records,
    tree: &'a Tree,
    options: &VerifyOptions,
    report: &mut VerifyReport,
) -> Result<Vec<Present<'a>>, VerifyError> {
    let wanted = |path: &RelPath| options.only.is_empty() || options.only.iter().any(|only| path.is_under(only));
    for only in &options.only {
        let files = tree.listing.files.iter().map(|file| &file.path);
        if !files.chain(&tree.listing.folders).any(|path| path.is_under(only)) {
            return Err(VerifyError::NotFound(only.clone()));
        }
    }
    let by_path: HashMap<&RelPath, &SourceFile> = tree.listing.files.iter().map(|file| (&file.path, file)).collect();
    let mut listing: diff::Listing =
        tree.listing.files.iter().map(|file| (file.path.clone(), (file.size_bytes, false))).collect();
    listing.extend(tree.listing.folders.iter().map(|folder| (folder.clone(), (0, true))));
    let difference = diff(&records.expected, &listing, &records.rules);
    drop(listing);
    for path in difference.ignored.iter().filter(|path| wanted(path)) {
        report.warnings.push(format!("{path} is recorded and ignored by now; it was not checked"));
    }
    report.missing.extend(difference.missing.into_iter().filter(|path| wanted(path) && !tree.is_unseen(path)));
    for path in difference.kind_differs.into_iter().filter(|path| wanted(path)) {
        // What is recorded is not there; what is there is something else.
        if by_path.contains_key(&path) {
            report.extra.push(path.clone());
            report.warnings.push(format!("{path} is a file where a folder is recorded"));
        } else {
            report.warnings.push(format!("{path} is a folder where a file is recorded"));
        }
        report.missing.push(path);
    }
    let in_unknown = |path: &RelPath| records.unknown.iter().any(|scope| scope.as_ref().is_none_or(|scope| path.is_under(scope)));
    report.extra.extend(difference.extra.into_iter().filter(|path| {
        wanted(path)
            && !records.more.contains_key(path)
            && !records.lists.contains(path)
            && !records.is_ignored(path, false)
            && !in_unknown(path)
            && !is_set_aside(path.file_name())
    }));
    let mut present: Vec<Present<'a>> = Vec::new();
    for (path, record) in &records.expected {
        if !record.is_dir
            && wanted(path)
            && !records.rules.is_ignored(path, false)
            && let Some(found) = by_path.get(path)
        {
            present.push(Present { found, recorded: path, candidate: None });
        }
    }
    for (path, more) in records.more.iter().filter(|(path, _)| !records.expected.contains_key(*path) && wanted(path)) {
        match by_path.get(path) {
            Some(found) => present.push(Present { found, recorded: path, candidate: None }),
            None => {
                let folder = more.packed.iter().any(|record| record.is_dir) && tree.listing.folders.binary_search(path).is_ok();
                if !folder && !records.is_ignored(path, false) && !tree.is_unseen(path) {
                    report.missing.push(path.clone());
                }
            }
        }
    }
    // Names that differ in form only: told apart from what is really missing.
    let candidates = difference.name_form_candidates.into_iter().map(|pair| (pair.expected, pair.found, pair.form));
    let candidates: Vec<(RelPath, RelPath, NameForm)> = candidates.chain(list_candidates(records, report)).collect();
    let mut missing: HashSet<RelPath> = std::mem::take(&mut report.missing).into_iter().collect();
    let mut extra: HashSet<RelPath> = std::mem::take(&mut report.extra).into_iter().collect();
    for (expected, found, form) in candidates {
        let is_there = !by_path.contains_key(&found) || extra.contains(&found);
        if !is_there || !missing.remove(&expected) {
            continue;
        }
        extra.remove(&found);
        let recorded = records.expected.get_key_value(&expected).map(|(path, _)| path);
        let recorded = recorded.or_else(|| records.more.get_key_value(&expected).map(|(path, _)| path));
        if let (Some(found_file), Some(recorded)) = (by_path.get(&found), recorded) {
            present.push(Present { found: found_file, recorded, candidate: Some(report.renamed.len()) });
        }
        report.renamed.push(Renamed { expected, found, form, equal: None });
    }
    report.missing.extend(missing);
    report.extra.extend(extra);
    Ok(present)
}

/// Missing paths of lists that are there under another form of their name.
fn list_candidates(records: &Records, report: &VerifyReport) -> Vec<(RelPath, RelPath, NameForm)> {
    let expected: BTreeMap<RelPath, ExpectedFile> = report
        .missing
        .iter()
        .filter(|path| records.more.contains_key(*path))
        .map(|path| (path.clone(), ExpectedFile::unknown()))
        .collect();
    if expected.is_empty() {
        return Vec::new();
    }
    let listing: diff::Listing = report.extra.iter().map(|path| (path.clone(), (0, false))).collect();
    let difference = diff(&expected, &listing, &IgnoreSet::new(&[]).into());
    difference.name_form_candidates.into_iter().map(|pair| (pair.expected, pair.found, pair.form)).collect()
}

pub(super) fn compare_sizes(records: &Records, present: &[Present<'_>], report: &mut VerifyReport) {
    report.level = (!present.is_empty()).then_some(EvidenceLevel::SizeOnly);
    report.level_words = "names and sizes compared, nothing read".to_owned();
    for file in present {
        let found = file.found.size_bytes;
        let asc = records.expected.get(file.recorded).and_then(|record| record.size_bytes);
        let more = records.more.get(file.recorded);
        let listed = more.into_iter().flat_map(|more| {
            let packed = more.packed.iter().filter_map(|record| record.size_bytes);
            packed.chain(more.legacy.iter().filter_map(|entry| entry.size_bytes))
        });
        let sizes: BTreeSet<u64> = asc.into_iter().chain(listed).collect();
        match sizes.iter().find(|size| **size != found) {
            Some(size) => report.mismatched.push(Mismatch {
                path: file.found.path.clone(),
                expected: format!("{size} bytes"),
                found: format!("{found} bytes"),
            }),
            None if sizes.is_empty() => report.warnings.push(format!("{}: no size is recorded", file.found.path)),
            None => report.size_only.push(file.found.path.clone()),
        }
    }
}

/// What was found for one file.
enum Verdict {
    Equal,
    SizeOnly,
    Unproven,
    Differs { expected: String, found: String },
}

pub(super) fn compare_contents(
    records: &Records,
    present: &[Present<'_>],
    tree: &Tree,
    options: &VerifyOptions,
    control: &Control,
    meter: &Meter,
    report: &mut VerifyReport,
) {
    let fingerprint = fingerprint(report, options);
    let memory = options.memory.as_deref().map(|path| Memory::open(path, &fingerprint, options.fresh));
    let mut open: Vec<&Present<'_>> = Vec::with_capacity(present.len());
    for file in present {
        match memory.as_ref().and_then(|memory| memory.proven(file.found)) {
            Some((level, words)) if file.candidate.is_none() => {
                report.checked += 1;
                report.proven_before += 1;
                weakest(report, level, words);
            }
            _ => open.push(file),
        }
    }
    if report.proven_before > 0 {
        report.warnings.push(format!(
            "{} file(s) were proven by a check that was interrupted; they were not read again",
            report.proven_before
        ));
    }
    let jobs: Vec<Job<'_>> = open.iter().map(|file| job(records, file, options)).collect();
    let shared = Mutex::new(&mut *report);
    hash_files(&tree.source, &jobs, options.depth, control, meter, &|at, outcome| {
        let file = open[at];
        let mut report = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match outcome {
            Ok(found) => found,
            Err(problem) => {
                report.unreadable.push(UnreadableFile { path: file.found.path.to_string(), problem });
                return;
            }
        };
        let verdict = judge(records, file, &found);
        report.checked_bytes += found.bytes;
        let level = if matches!(verdict, Verdict::SizeOnly) { EvidenceLevel::SizeOnly } else { found.level };
        weakest(&mut report, level, &found.words);
        if let Some(at) = file.candidate {
            report.renamed[at].equal = match &verdict {
                Verdict::Equal => Some(true),
                Verdict::Differs { .. } => Some(false),
                Verdict::SizeOnly | Verdict::Unproven => None,
            };
        }
        match verdict {
            Verdict::Equal => {
                report.checked += 1;
                drop(report);
                if let Some(memory) = &memory {
                    memory.remember(file.found, found.level, &found.words);
                }
            }
            Verdict::SizeOnly => report.size_only.push(file.found.path.clone()),
            Verdict::Unproven => {
                report.checked += 1;
                report.unproven.push(file.found.path.clone());
            }
            Verdict::Differs { expected, found } => {
                report.checked += 1;
                if file.candidate.is_none() {
                    report.mismatched.push(Mismatch { path: file.found.path.clone(), expected, found });
                }
            }
        }
    });
    if let Some(memory) = memory {
        if control.is_stopped() { memory.keep() } else { memory.forget() }
    }
}

fn weakest(report: &mut VerifyReport, level: EvidenceLevel, words: &str) {
    if report.level.is_none_or(|known| level < known) {
        report.level = Some(level);
        words.clone_into(&mut report.level_words);
    }
}

/// What a check is about: another basis or another depth is another check.
fn fingerprint(report: &VerifyReport, options: &VerifyOptions) -> String {
    let mut text = format!("{:?} {} {:?} ", options.depth, options.all_formats, options.format);
    for basis in &report.basis {
        text.push_str(&basis.path);
        text.push(' ');
        text.push_str(basis.c4.as_deref().unwrap_or_default());
        text.push('\n');
    }
    hash_bytes(HashFormat::Xxh128, text.as_bytes()).to_text()
}

/// Which digests of a file to take: the fastest trusted one of each record, or as asked.
fn job<'a>(records: &'a Records, file: &Present<'a>, options: &VerifyOptions) -> Job<'a> {
    let more = records.more.get(file.recorded);
    let mut formats: Vec<HashFormat> = Vec::new();
    for record in records.expected.get(file.recorded).into_iter().chain(more.into_iter().flat_map(|more| &more.packed)) {
        let recorded = || record.trusted.iter().map(HashValue::format);
        match options.format.filter(|format| recorded().any(|known| known == *format)) {
            Some(format) => formats.push(format),
            None if options.all_formats => formats.extend(recorded()),
            None => formats.extend(fastest(&record.trusted).map(HashValue::format)),
        }
    }
    formats.sort_unstable();
    formats.dedup();
    let legacy = more.into_iter().flat_map(|more| &more.legacy).collect();
    Job { path: &file.found.path, size_bytes: file.found.size_bytes, formats: Cow::Owned(formats), legacy }
}

fn judge(records: &Records, file: &Present<'_>, found: &Hashed) -> Verdict {
    let more = records.more.get(file.recorded);
    let (mut equal, mut unproven) = (false, false);
    for record in records.expected.get(file.recorded).into_iter().chain(more.into_iter().flat_map(|more| &more.packed)) {
        match record.check(&found.values) {
            FileCheck::Verified(_) => equal = true,
            FileCheck::Mismatch { expected, found } => {
                return Verdict::Differs { expected: expected.to_string(), found: found.to_string() };
            }
            FileCheck::NotComparable if record.has_failed => unproven = true,
            FileCheck::NotComparable => {
                if let Some(size) = record.size_bytes.filter(|size| *size != found.bytes) {
                    return Verdict::Differs { expected: format!("{size} bytes"), found: format!("{} bytes", found.bytes) };
                }
            }
        }
    }
    for check in &found.legacy {
        match check {
            LegacyCheck::Verified => equal = true,
            LegacyCheck::SizeOnly | LegacyCheck::NotComparable => {}
            LegacyCheck::SizeDiffers { expected_bytes, found_bytes } => {
                return Verdict::Differs { expected: format!("{expected_bytes} bytes"), found: format!("{found_bytes} bytes") };
            }
            LegacyCheck::Mismatch { format, holding } => {
                let doubt = if holding.is_empty() {
                    String::new()
                } else {
                    format!("; {} agrees, so the list contradicts itself", holding.join(", "))
                };
                return Verdict::Differs { expected: format!("the listed {format}"), found: format!("another {format}{doubt}") };
            }
        }
    }
    match (equal, unproven) {
        (true, _) => Verdict::Equal,
        (false, true) => Verdict::Unproven,
        (false, false) => Verdict::SizeOnly,
    }
}
