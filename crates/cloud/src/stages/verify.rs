//! Owns the comparison of a package with its ASC MHL manifest: every object is streamed and hashed; anything extra, missing or
//! different quarantines the package. The manifest is the authority; what the client declared is not.

use super::StageError;
use super::history::{above, expected, history_root, listing_below, load};
use crate::keys::PackageKeys;
use crate::objects::{ObjectError, Objects};
use crate::package::{Marker, Plan};
use crate::results::{Progress, Verification, verification_key};
use checkgate_mhl::{ExpectedFile, FileCheck, MultiHasher, diff};
use checkgate_model::{Finding, HashValue, RelPath, Severity};
use futures::{StreamExt, stream};
use object_store::ObjectStoreExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes asked for at once.
const RANGE_BYTES: u64 = 8 * 1024 * 1024;
const AT_ONCE: usize = 4;
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// More findings than this of one kind are counted, not listed.
const LISTED: usize = 1000;

const AGAIN: &str = "Local copies are not affected. Upload the package again from a verified copy.";

/// Compares one package with its manifest, or returns what an earlier run found.
pub async fn verify(objects: &Objects, keys: &PackageKeys) -> Result<Verification, StageError> {
    let marker: Marker = objects.get_json(&keys.marker()).await?.ok_or_else(|| StageError::NotReady("the marker".to_owned()))?;
    let out = verification_key(keys, &marker.input);
    if let Some(known) = objects.get_json::<Verification>(&out).await? {
        return Ok(known);
    }
    let plan: Plan = objects.get_json(&keys.plan()).await?.ok_or_else(|| StageError::NotReady("the plan".to_owned()))?;
    let (histories, mut findings) = load(objects, keys, &plan).await?;
    if histories.is_empty() && findings.is_empty() {
        findings.push(Finding::new(
            "cloud.no_manifest",
            Severity::Error,
            "the package holds no ASC MHL history, so nothing says what it should contain",
            "Offload the card with Checkgate, or create a history for the copy, and upload it with its manifest.",
        ));
    }
    let mut sizes = BTreeMap::new();
    for entry in objects.list(&keys.media_folder()).await? {
        match keys.path_of(&entry.location) {
            Some(path) => drop(sizes.insert(path, entry.size)),
            None => findings
                .push(error("cloud.extra", format!("an object of an unknown name lies in the package: {}", entry.location))),
        }
    }
    let expected = expected(&histories);
    if !histories.is_empty() {
        compare_names(&histories, &sizes, &mut findings);
    }
    let to_hash: Vec<(&RelPath, u64, &ExpectedFile)> = sizes
        .iter()
        .filter_map(|(path, size)| expected.get(path).filter(|file| !file.is_dir).map(|file| (path, *size, file)))
        .collect();
    let manifests = sizes.keys().filter(|path| history_root(path).is_some()).count() as u64;
    let (objects_total, bytes_read) = (sizes.len() as u64, AtomicU64::new(0));
    let mut last_shown = None::<Instant>;
    // Boxed and by number: the future of one object would otherwise carry its lifetimes through the stream's types.
    let checks = (0..to_hash.len()).map(|number| {
        let (path, size, file) = to_hash[number];
        Box::pin(check_object(objects, keys, path, size, file, &bytes_read)) as futures::future::BoxFuture<'_, _>
    });
    let mut checks = stream::iter(checks).buffer_unordered(AT_ONCE);
    let mut ok = 0;
    while let Some(outcome) = checks.next().await {
        match outcome? {
            None => ok += 1,
            Some(finding) => findings.push(finding),
        }
        if last_shown.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY) {
            last_shown = Some(Instant::now());
            objects.put_json(&keys.progress(), &Progress { objects_verified: ok, objects_total }).await?;
        }
    }
    drop(checks);
    // A history whose chain is whole has proven its own manifests.
    let objects_verified =
        ok + if findings.iter().any(|finding| finding.code == "cloud.history_damaged") { 0 } else { manifests };
    findings.sort_by(|a, b| (&a.code, &a.path).cmp(&(&b.code, &b.path)));
    let verified = !histories.is_empty() && findings.iter().all(|finding| finding.severity < Severity::Error);
    let outcome =
        Verification { verified, objects_verified, objects_total, bytes_read: bytes_read.load(Ordering::Relaxed), findings };
    objects.put_json(&out, &outcome).await?;
    Ok(outcome)
}

fn error(code: &str, message: String) -> Finding {
    Finding::new(code, Severity::Error, message, AGAIN)
}

fn compare_names(histories: &super::history::Histories, sizes: &BTreeMap<RelPath, u64>, findings: &mut Vec<Finding>) {
    let mut claimed = BTreeSet::new();
    let mut add = |code: &str, listed: Vec<(RelPath, String)>| {
        let hidden = listed.len().saturating_sub(LISTED);
        for (path, message) in listed.into_iter().take(LISTED) {
            findings.push(error(code, message).with_path(path));
        }
        if hidden > 0 {
            findings.push(error(code, format!("and {hidden} more of this kind")));
        }
    };
    for (root, history) in histories {
        let root = root.as_ref();
        let listing = listing_below(root, sizes);
        claimed.extend(listing.keys().map(|path| above(root, path)));
        let wanted = history.expected();
        let found = diff(&wanted, &listing, &history.ignore_rules(&[]));
        let is_dir = |path: &RelPath| wanted.get(path).is_some_and(|file| file.is_dir);
        // The object store has no empty folders: a folder is missing only if something below it is, and that is said by itself.
        let missing = found.missing.iter().filter(|path| !is_dir(path));
        add(
            "cloud.missing",
            missing.map(|path| (above(root, path), format!("{path} is in the manifest but not in the package"))).collect(),
        );
        let extra = found.extra.iter().filter(|path| history_root(path).is_none());
        add(
            "cloud.extra",
            extra.map(|path| (above(root, path), format!("{path} is in the package but in no manifest"))).collect(),
        );
        add(
            "cloud.kind",
            found
                .kind_differs
                .iter()
                .map(|path| {
                    (above(root, path), format!("{path} is a folder where the manifest has a file, or the other way round"))
                })
                .collect(),
        );
        let sizes_differ = found.size_differs.iter();
        add(
            "cloud.size",
            sizes_differ
                .map(|file| {
                    (
                        above(root, &file.path),
                        format!("{} has {} bytes; the manifest says {}", file.path, file.found_bytes, file.expected_bytes),
                    )
                })
                .collect(),
        );
    }
    let unclaimed = sizes.keys().filter(|path| !claimed.contains(*path));
    add("cloud.extra", unclaimed.map(|path| (path.clone(), format!("{path} lies outside of every manifest's folder"))).collect());
}

/// Streams one object and compares its hash. `None` means equal.
async fn check_object(
    objects: &Objects,
    keys: &PackageKeys,
    path: &RelPath,
    size_bytes: u64,
    file: &ExpectedFile,
    bytes_read: &AtomicU64,
) -> Result<Option<Finding>, StageError> {
    let formats = file.formats_to_hash(&[]);
    let mut hasher = MultiHasher::new(&formats);
    let key = keys.media(path);
    let mut offset = 0;
    while offset < size_bytes {
        let end = (offset + RANGE_BYTES).min(size_bytes);
        let bytes = objects
            .store()
            .get_range(&key, offset..end)
            .await
            .map_err(|source| ObjectError::Store { key: key.to_string(), source })?;
        if bytes.is_empty() {
            return Ok(Some(
                error("cloud.mismatch", format!("{path} ends after {offset} of {size_bytes} bytes")).with_path(path.clone()),
            ));
        }
        hasher.update(&bytes);
        offset += bytes.len() as u64;
        bytes_read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }
    let found: Vec<HashValue> = hasher.finish();
    let finding = match file.check(&found) {
        FileCheck::Verified(_) => None,
        FileCheck::Mismatch { expected, found } => {
            Some(error("cloud.mismatch", format!("{path}: the manifest says {expected}, the object is {found}")))
        }
        FileCheck::NotComparable => {
            Some(error("cloud.not_comparable", format!("the manifest holds no hash for {path} that can be trusted")))
        }
    };
    Ok(finding.map(|finding| finding.with_path(path.clone())))
}
