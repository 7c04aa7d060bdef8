//! Owns the life of a package as a whole: declared, committed, asked about, results fetched.

use super::problem::Refusal;
use super::{Api, Caller, read};
use crate::keys::{check_names, quota_folder};
use crate::package::{MARKER_SCHEMA, Marker, Plan};
use crate::queue::Ticket;
use crate::results;
use crate::store::MAX_OBJECT_BYTES;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use checkgate_model::Timestamp;
use checkgate_transfer::PackageStatus;
use checkgate_transfer::wire::{ApiCode, Committed, CreatePackage, PackageCreated};
use object_store::ObjectStoreExt;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `POST /v1/packages`.
pub(super) async fn create(State(api): State<Arc<Api>>, caller: Caller, body: Bytes) -> Result<Json<PackageCreated>, Refusal> {
    let request: CreatePackage = read(&body)?;
    if request.upload.as_str().is_empty() || request.upload.as_str().len() > 200 || request.name.len() > 500 {
        return Err(Refusal::bad("the upload id must have 1 to 200 bytes, the name at most 500"));
    }
    if request.files.is_empty() {
        return Err(Refusal::bad("a package without files"));
    }
    let too_large = |message: String| Refusal::new(ApiCode::TooLarge, message);
    if request.files.len() > api.limits.files {
        return Err(too_large(format!("{} files; at most {} are allowed", request.files.len(), api.limits.files)));
    }
    if let Some(file) = request.files.iter().find(|file| file.size_bytes > MAX_OBJECT_BYTES) {
        return Err(too_large(format!("{} has {} bytes; an object may have {MAX_OBJECT_BYTES}", file.key, file.size_bytes)));
    }
    check_names(&request.files)?;
    let plan = Plan::from(request);
    let size_bytes = plan.size_bytes();
    if size_bytes > api.limits.package_bytes {
        return Err(too_large(format!("{size_bytes} bytes; a package may have {}", api.limits.package_bytes)));
    }
    let package = caller.tenant.package_for(plan.upload.as_str());
    let keys = caller.package(package.as_str())?;
    let objects = &api.store.objects;
    if let Some(known) = objects.get_json::<Plan>(&keys.plan()).await? {
        if known != plan {
            return Err(Refusal::new(
                ApiCode::Conflict,
                "this upload id already stands for another content; changed content needs a new id",
            ));
        }
        let committed = objects.head(&keys.marker()).await?.is_some();
        return Ok(Json(PackageCreated { package, committed }));
    }
    let mut used = size_bytes;
    for entry in objects.list(&quota_folder(&caller.tenant)).await? {
        let own = entry.location.parts().nth(2).is_some_and(|part| part.as_ref() == package.as_str());
        let size = entry.location.filename().and_then(|name| name.parse::<u64>().ok()).unwrap_or(0);
        used = used.saturating_add(if own { 0 } else { size });
    }
    if used > api.limits.tenant_bytes {
        return Err(too_large(format!("{used} bytes with this package; {} are allowed", api.limits.tenant_bytes)));
    }
    objects.put(&keys.quota(size_bytes), Bytes::new()).await?;
    objects.put_json(&keys.plan(), &plan).await?;
    tracing::info!(tenant = caller.tenant.as_str(), %package, files = plan.files.len(), size_bytes, "package declared");
    Ok(Json(PackageCreated { package, committed: false }))
}

/// `POST /v1/packages/{id}/commit`. Asked twice, it answers twice and pushes the work again, which the queue takes only once: a
/// crash between marker and queue heals itself.
pub(super) async fn commit(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(package): Path<String>,
) -> Result<Json<Committed>, Refusal> {
    let keys = caller.package(&package)?;
    let objects = &api.store.objects;
    let marker = match objects.get_json::<Marker>(&keys.marker()).await? {
        Some(marker) => marker,
        None => {
            let plan = objects.get_json::<Plan>(&keys.plan()).await?;
            let plan = plan.ok_or_else(|| Refusal::new(ApiCode::NotFound, "no such package"))?;
            let stored: BTreeMap<_, _> =
                objects.list(&keys.media_folder()).await?.into_iter().map(|entry| (entry.location, entry.size)).collect();
            let missing: Vec<_> =
                plan.files.iter().filter(|file| stored.get(&keys.media(&file.key)) != Some(&file.size_bytes)).collect();
            if let Some(first) = missing.first() {
                return Err(Refusal::new(
                    ApiCode::Incomplete,
                    format!("{} of {} files are not complete, first {}", missing.len(), plan.files.len(), first.key),
                ));
            }
            let marker = Marker {
                schema: MARKER_SCHEMA.to_owned(),
                package: keys.package().clone(),
                name: plan.name.clone(),
                objects: plan.files.len() as u64,
                size_bytes: plan.size_bytes(),
                input: plan.input(),
                committed: Timestamp::now(),
            };
            objects.put_json(&keys.marker(), &marker).await?;
            tracing::info!(tenant = caller.tenant.as_str(), %package, objects = marker.objects, "package committed");
            marker
        }
    };
    api.queue.push(&Ticket::verify(&keys)).await?;
    Ok(Json(Committed { package: keys.package().clone(), objects: marker.objects }))
}

/// `GET /v1/packages/{id}`.
pub(super) async fn status(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(package): Path<String>,
) -> Result<Json<PackageStatus>, Refusal> {
    let keys = caller.package(&package)?;
    let status = results::status(&api.store.objects, &keys).await?;
    status.map(Json).ok_or_else(|| Refusal::new(ApiCode::NotFound, "no such package"))
}

/// `GET /v1/packages/{id}/results/{name}`.
pub(super) async fn result(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path((package, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let keys = caller.package(&package)?;
    let absent = || Refusal::new(ApiCode::NotFound, "no such result");
    let key = results::find(&api.store.objects, &keys, &name).await?.ok_or_else(absent)?;
    let found = api.store.objects.store().get(&key).await.map_err(|_| absent())?;
    let kind = match key.extension() {
        Some("json") => "application/json",
        Some("jpg") => "image/jpeg",
        Some("mov") => "video/quicktime",
        _ => "application/octet-stream",
    };
    let length = found.meta.size;
    Ok((
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_LENGTH, length.to_string())],
        Body::from_stream(found.into_stream()),
    )
        .into_response())
}
