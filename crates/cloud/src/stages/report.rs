//! Owns the closing report: everything found, everything that can be fetched. Written once all previews are there; with it the
//! package is done.

use super::StageError;
use crate::keys::PackageKeys;
use crate::objects::Objects;
use crate::package::Marker;
use crate::results::{Inspection, Report, Verification, index, inspection_key, previews, report_key, verification_key};
use checkgate_transfer::{ResultEntry, ResultKind};

/// Closes one package, or returns what an earlier run wrote.
pub async fn report(objects: &Objects, keys: &PackageKeys) -> Result<Report, StageError> {
    let not_ready = |what: &str| StageError::NotReady(what.to_owned());
    let marker: Marker = objects.get_json(&keys.marker()).await?.ok_or_else(|| not_ready("the marker"))?;
    let out = report_key(keys, &marker.input);
    if let Some(known) = objects.get_json::<Report>(&out).await? {
        return Ok(known);
    }
    let verification: Option<Verification> = objects.get_json(&verification_key(keys, &marker.input)).await?;
    let verification = verification.ok_or_else(|| not_ready("the verification"))?;
    let inspection: Option<Inspection> = objects.get_json(&inspection_key(keys, &marker.input)).await?;
    let inspection = inspection.ok_or_else(|| not_ready("the inspection"))?;
    let made = previews(objects, keys, &inspection).await?;
    let wanted = inspection.previews.iter().flatten().count();
    if made.len() < wanted {
        return Err(StageError::NotReady(format!("{} of {wanted} previews", wanted - made.len())));
    }
    let mut findings = verification.findings;
    findings.extend(inspection.card.findings.iter().cloned());
    findings.extend(made.into_iter().flat_map(|(_, preview)| preview.findings));
    let (mut results, keys_of): (Vec<ResultEntry>, Vec<String>) =
        index(objects, keys, &marker.input).await?.into_iter().map(|(entry, key)| (entry, key.to_string())).unzip();
    // The report lists itself; its size is only known once it is written, and is filled in when it is asked for.
    results.push(ResultEntry { name: "report.json".to_owned(), kind: ResultKind::Report, clip: None, size_bytes: 0 });
    let report = Report {
        name: marker.name,
        objects: verification.objects_verified,
        clips: wanted as u64,
        findings,
        results,
        keys: keys_of,
    };
    objects.put_json(&out, &report).await?;
    Ok(report)
}
