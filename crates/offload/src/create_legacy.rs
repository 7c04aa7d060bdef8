//! Owns writing a legacy MHL 1.1 list of a folder, for those who still ask for one. Lists every file but what legacy tools leave out;
//! folders have no place in it. Must never replace a list that is there.

use crate::control::Control;
use crate::create::{CreateError, CreateReport};
use crate::hash_files::digests;
use crate::meter::{Meter, Phase};
use crate::plan::VerifyDepth;
use crate::tree::Tree;
use checkgate_mhl::{FOLDER, IgnoreSet, LegacyHash, NewLegacyFile, NewLegacyList, WriteLegacyError, legacy_name};
use checkgate_model::{HashFormat, RelPath, Timestamp};
use checkgate_volume::Replace;
use std::path::Path;

/// What the list is to say.
#[derive(Debug, Clone)]
pub struct LegacyOptions {
    /// Formats, of those that a list can carry; empty means xxh64.
    pub formats: Vec<HashFormat>,
    /// Patterns to leave out.
    pub ignore: Vec<String>,
    /// Whether files are read past the system's cache or through it.
    pub depth: VerifyDepth,
    /// Name of whoever makes it.
    pub name: Option<String>,
    /// Account of whoever makes it.
    pub user_name: String,
    /// Machine.
    pub host_name: String,
    /// Tool with its version.
    pub tool: String,
}

/// Writes a legacy list of `root` into `root`.
///
/// # Errors
/// Where nothing could be written. Files that could not be read are part of the report, and not in the list.
pub fn create_legacy(
    root: &Path,
    options: &LegacyOptions,
    control: &Control,
    meter: &Meter,
) -> Result<CreateReport, CreateError> {
    meter.set_phase(Phase::Preparing);
    let started = Timestamp::now();
    let refused = |error: WriteLegacyError| CreateError::Refused { path: root.to_path_buf(), reason: error.to_string() };
    let formats = if options.formats.is_empty() { vec![HashFormat::Xxh64] } else { options.formats.clone() };
    if let Some(format) = formats.iter().find(|format| !checkgate_mhl::LEGACY_FORMATS.contains(format)) {
        return Err(CreateError::Refused {
            path: root.to_path_buf(),
            reason: format!("a legacy list cannot carry {format}; it can carry xxh64, md5 and sha1"),
        });
    }
    let destination = CreateError::opened(root)?;
    if !destination.is_writable() {
        return Err(CreateError::read_only(&destination));
    }
    let _lock = destination.lock()?;
    let tree = Tree::open(root)?;
    let ignore: Vec<String> =
        [".DS_Store", FOLDER].into_iter().map(str::to_owned).chain(options.ignore.iter().cloned()).collect();
    let ignore = IgnoreSet::new(&ignore);
    let is_list = |path: &RelPath| path.parent().is_none() && path.extension() == "mhl";
    let files: Vec<_> =
        tree.listing.files.iter().filter(|file| !ignore.is_ignored(&file.path, false) && !is_list(&file.path)).collect();
    let mut report = CreateReport {
        root: root.to_path_buf(),
        skipped: tree.skipped.clone(),
        unrecordable: tree.unrecordable.clone(),
        unreadable: tree.unreadable.clone(),
        ..CreateReport::default()
    };
    if files.is_empty() {
        return Err(CreateError::Nothing(root.to_path_buf()));
    }
    let (digests, unreadable) = digests(&tree.source, &files, &formats, options.depth, control, meter);
    report.unreadable.extend(unreadable);
    if control.is_stopped() {
        report.stopped = true;
        return Ok(report);
    }
    let listed: Vec<NewLegacyFile> = files
        .iter()
        .zip(digests)
        .filter_map(|(file, digests)| {
            let (values, hashed_at) = digests?;
            report.hashed += 1;
            report.hashed_bytes += file.size_bytes;
            report.original += values.len() as u64;
            Some(NewLegacyFile {
                path: file.path.clone(),
                size_bytes: file.size_bytes,
                created: None,
                modified: file.modified,
                hashes: values.into_iter().map(LegacyHash::Value).collect(),
                hashed_at,
                is_list: file.path.extension() == "mhl",
            })
        })
        .collect();
    let list = NewLegacyList {
        created: None,
        name: options.name.clone(),
        user_name: options.user_name.clone(),
        host_name: options.host_name.clone(),
        tool: options.tool.clone(),
        started,
        finished: Timestamp::now(),
        files: listed,
    };
    if list.empty_files() > 0 {
        report.notes.push(format!(
            "{} file(s) are empty: they are listed with size 0, which the schema of legacy lists does not allow",
            list.empty_files()
        ));
    }
    meter.set_phase(Phase::Sealing);
    let bytes = list.to_xml().map_err(refused)?;
    let folder = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let name = legacy_name(&folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default(), started);
    let path = RelPath::new(&name).map_err(|error| CreateError::unnamable(root, &error))?;
    destination.publish_bytes(&path, &bytes, Replace::Never)?;
    report.written.push(destination.root().join(path.as_str()));
    meter.set_phase(Phase::Done);
    Ok(report)
}
