//! Owns what the stages write and how it is found again: outcome records, content-addressed, and the list of results a client may
//! fetch. Reads the store and nothing else, so that API and workers always agree.

use crate::keys::PackageKeys;
use crate::objects::{ObjectError, Objects};
use crate::package::Marker;
use checkgate_model::{CardRecognition, ClipRecord, Finding};
use checkgate_transfer::{PackageState, PackageStatus, ResultEntry, ResultKind};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

/// Version of the comparison with the manifest. Raised whenever its outcome could differ.
pub const VERIFY_TOOL: &str = concat!("verify-1-", env!("CARGO_PKG_VERSION"));
/// Version of recognition and metadata.
pub const INSPECT_TOOL: &str = concat!("inspect-1-", env!("CARGO_PKG_VERSION"));
/// Version of stills and proxies.
pub const PREVIEW_TOOL: &str = concat!("preview-1-", env!("CARGO_PKG_VERSION"));
/// Version of the closing report.
pub const REPORT_TOOL: &str = concat!("report-1-", env!("CARGO_PKG_VERSION"));

/// Outcome of comparing a package with its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whether every object is what the manifest says, with none missing and none extra.
    pub verified: bool,
    /// Objects whose bytes were read and compared.
    pub objects_verified: u64,
    /// Objects there are.
    pub objects_total: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Outcome of inspecting a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// What the card is.
    pub card: CardRecognition,
    /// Records of its clips, in the same order.
    pub records: Vec<ClipRecord>,
    /// Address of each clip's preview, in the same order; `None` where there is no picture.
    pub previews: Vec<Option<String>>,
}

/// Outcome of rendering one clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The clip.
    pub clip: String,
    /// Files made, by their name below the outcome's folder.
    pub files: Vec<PreviewFile>,
    /// How the still came about.
    pub provenance: Option<serde_json::Value>,
    /// What could not be made, and why.
    pub findings: Vec<Finding>,
}

/// One file made for a clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewFile {
    /// Name, `still.jpg` or `proxy.mov`.
    pub name: String,
    /// What it is.
    pub kind: ResultKind,
    /// Size.
    pub size_bytes: u64,
}

/// The closing report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the package.
    pub name: String,
    /// Objects compared with the manifest.
    pub objects: u64,
    /// Clips.
    pub clips: u64,
    /// Everything any stage found.
    pub findings: Vec<Finding>,
    /// Everything that can be fetched.
    pub results: Vec<ResultEntry>,
    /// Where each of them lies.
    pub keys: Vec<String>,
}

/// `progress.json`: a hint, may be behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Progress {
    /// Objects compared so far.
    pub objects_verified: u64,
    /// Objects there are.
    pub objects_total: u64,
}

/// `failed.json`: a stage gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stage.
    pub stage: String,
    /// What a person is told.
    pub finding: Finding,
    /// The round in which it gave up.
    pub round: u32,
}

pub(crate) fn verification_key(keys: &PackageKeys, input: &str) -> Path {
    keys.out("verify", VERIFY_TOOL, input, "verification.json")
}

pub(crate) fn inspection_key(keys: &PackageKeys, input: &str) -> Path {
    keys.out("inspect", INSPECT_TOOL, input, "inspection.json")
}

pub(crate) fn record_key(keys: &PackageKeys, input: &str, clip: usize) -> Path {
    keys.out("inspect", INSPECT_TOOL, input, &format!("clip-{clip:05}.json"))
}

pub(crate) fn preview_key(keys: &PackageKeys, input: &str, name: &str) -> Path {
    keys.out("preview", PREVIEW_TOOL, input, name)
}

pub(crate) fn report_key(keys: &PackageKeys, input: &str) -> Path {
    keys.out("report", REPORT_TOOL, input, "report.json")
}

/// Previews of an inspection that are there.
pub(crate) async fn previews(
    objects: &Objects,
    keys: &PackageKeys,
    inspection: &Inspection,
) -> Result<Vec<(usize, Preview)>, ObjectError> {
    let wanted: Vec<(usize, String)> =
        inspection.previews.iter().enumerate().filter_map(|(clip, input)| input.clone().map(|input| (clip, input))).collect();
    let found: Vec<Option<(usize, Preview)>> = stream::iter(wanted)
        .map(|(clip, input)| async move {
            let preview = objects.get_json::<Preview>(&preview_key(keys, &input, "preview.json")).await?;
            Ok::<_, ObjectError>(preview.map(|preview| (clip, preview)))
        })
        .buffered(16)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// Clip names can repeat on a card; a number keeps their results apart.
fn result_name(clip: usize, name: &str, file: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).take(80).collect();
    format!("clips/{:05}-{plain}/{file}", clip + 1)
}

/// Everything that can be fetched now, with where it lies.
pub(crate) async fn index(objects: &Objects, keys: &PackageKeys, input: &str) -> Result<Vec<(ResultEntry, Path)>, ObjectError> {
    let mut all = Vec::new();
    let mut add = |name: String, kind, clip: Option<&str>, size_bytes, key| {
        all.push((ResultEntry { name, kind, clip: clip.map(str::to_owned), size_bytes }, key));
    };
    let key = verification_key(keys, input);
    if let Some(meta) = objects.head(&key).await? {
        add("verification.json".to_owned(), ResultKind::Verification, None, meta.size, key);
    }
    let key = inspection_key(keys, input);
    let Some(inspection) = objects.get_json::<Inspection>(&key).await? else { return Ok(all) };
    if let Some(meta) = objects.head(&key).await? {
        add("card.json".to_owned(), ResultKind::Card, None, meta.size, key);
    }
    let sizes: Vec<Option<u64>> = stream::iter(0..inspection.records.len())
        .map(
            |clip| async move { Ok::<_, ObjectError>(objects.head(&record_key(keys, input, clip)).await?.map(|meta| meta.size)) },
        )
        .buffered(16)
        .try_collect()
        .await?;
    for (clip, size_bytes) in sizes.into_iter().enumerate() {
        let (Some(size_bytes), Some(known)) = (size_bytes, inspection.card.clips.get(clip)) else { continue };
        add(
            result_name(clip, &known.name, "metadata.json"),
            ResultKind::Metadata,
            Some(&known.name),
            size_bytes,
            record_key(keys, input, clip),
        );
    }
    for (clip, preview) in previews(objects, keys, &inspection).await? {
        let Some(preview_input) = inspection.previews.get(clip).and_then(Option::as_deref) else { continue };
        for file in &preview.files {
            let key = preview_key(keys, preview_input, &file.name);
            add(result_name(clip, &preview.clip, &file.name), file.kind, Some(&preview.clip), file.size_bytes, key);
        }
    }
    Ok(all)
}

/// Where a package stands, from the store alone.
pub(crate) async fn status(objects: &Objects, keys: &PackageKeys) -> Result<Option<PackageStatus>, ObjectError> {
    let mut status = PackageStatus {
        package: keys.package().clone(),
        name: String::new(),
        state: PackageState::Receiving,
        objects_verified: 0,
        objects_total: 0,
        clips_rendered: 0,
        clips_total: 0,
        findings: Vec::new(),
        results: Vec::new(),
    };
    let Some(marker) = objects.get_json::<Marker>(&keys.marker()).await? else {
        let Some(plan) = objects.get_json::<crate::package::Plan>(&keys.plan()).await? else { return Ok(None) };
        (status.name, status.objects_total) = (plan.name, plan.files.len() as u64);
        return Ok(Some(status));
    };
    let input = marker.input.as_str();
    (status.name, status.objects_total, status.state) = (marker.name.clone(), marker.objects, PackageState::Queued);
    let verification = objects.get_json::<Verification>(&verification_key(keys, input)).await?;
    if let Some(verification) = &verification {
        status.objects_verified = verification.objects_verified;
        status.findings.extend(verification.findings.clone());
        status.state = if verification.verified { PackageState::Inspecting } else { PackageState::Quarantined };
    } else if let Some(progress) = objects.get_json::<Progress>(&keys.progress()).await? {
        status.objects_verified = progress.objects_verified;
        status.state = PackageState::Verifying;
    }
    if let Some(report) = objects.get_json::<Report>(&report_key(keys, input)).await? {
        status.state = PackageState::Done;
        (status.clips_total, status.clips_rendered) = (report.clips, report.clips);
        (status.findings, status.results) = (report.findings, report.results);
        let written = objects.head(&report_key(keys, input)).await?.map_or(0, |meta| meta.size);
        if let Some(own) = status.results.iter_mut().find(|entry| entry.kind == ResultKind::Report) {
            own.size_bytes = written;
        }
        return Ok(Some(status));
    }
    if let Some(inspection) = objects.get_json::<Inspection>(&inspection_key(keys, input)).await? {
        let wanted = inspection.previews.iter().flatten().count() as u64;
        (status.clips_total, status.state) = (wanted, PackageState::Rendering);
        status.clips_rendered = previews(objects, keys, &inspection).await?.len() as u64;
        status.findings.extend(inspection.card.findings.clone());
    }
    if let Some(failure) = objects.get_json::<Failure>(&keys.failed()).await? {
        status.state = PackageState::Failed;
        status.findings.push(failure.finding);
    }
    status.results = index(objects, keys, input).await?.into_iter().map(|(entry, _)| entry).collect();
    Ok(Some(status))
}

/// Where a result lies.
pub(crate) async fn find(objects: &Objects, keys: &PackageKeys, name: &str) -> Result<Option<Path>, ObjectError> {
    let Some(marker) = objects.get_json::<Marker>(&keys.marker()).await? else { return Ok(None) };
    let report_key = report_key(keys, &marker.input);
    if let Some(report) = objects.get_json::<Report>(&report_key).await? {
        if name == "report.json" {
            return Ok(Some(report_key));
        }
        let place = report.results.iter().position(|entry| entry.name == name);
        return Ok(place.and_then(|place| report.keys.get(place)).and_then(|key| Path::parse(key).ok()));
    }
    let all = index(objects, keys, &marker.input).await?;
    Ok(all.into_iter().find(|(entry, _)| entry.name == name).map(|(_, key)| key))
}
