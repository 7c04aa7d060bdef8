//! Owns the upload of one file: opened or found again, parts signed just in time, completed with the checksum compared.

use super::problem::Refusal;
use super::{Api, Caller, read};
use crate::keys::PackageKeys;
use crate::package::{FileUpload, Plan};
use crate::store::{Target, part_count, part_size_for};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use checkgate_transfer::Crc64;
use checkgate_transfer::wire::{
    ApiCode, CompleteFile, DeclaredFile, FileCompleted, FileOpened, MAX_SIGNED_PARTS, OpenFile, SignParts, SignedParts,
};
use object_store::path::Path as Key;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Plans of packages that are being uploaded right now: reading one of 200,000 files for every part would be waste. A plan never
/// changes once it is written, so this is no state, only memory of it.
pub(super) type Plans = Arc<Mutex<HashMap<Key, Arc<Plan>>>>;
const PLANS_KEPT: usize = 8;

async fn plan_of(api: &Api, keys: &PackageKeys) -> Result<Arc<Plan>, Refusal> {
    let key = keys.plan();
    let known = api.plans.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&key).cloned();
    if let Some(plan) = known {
        return Ok(plan);
    }
    let plan = api.store.objects.get_json::<Plan>(&key).await?;
    let plan = Arc::new(plan.ok_or_else(|| Refusal::new(ApiCode::NotFound, "no such package"))?);
    let mut plans = api.plans.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if plans.len() >= PLANS_KEPT {
        plans.clear();
    }
    plans.insert(key, Arc::clone(&plan));
    Ok(plan)
}

/// One file of one package, with all that is known of its upload.
struct FileAt {
    keys: PackageKeys,
    number: usize,
    file: DeclaredFile,
    key: Key,
}

impl FileAt {
    async fn find(api: &Api, caller: &Caller, package: &str, number: usize) -> Result<Self, Refusal> {
        let keys = caller.package(package)?;
        let plan = plan_of(api, &keys).await?;
        let file = plan.files.get(number).cloned().ok_or_else(|| Refusal::new(ApiCode::NotFound, "no such file"))?;
        let key = keys.media(&file.key);
        Ok(Self { keys, number, file, key })
    }

    async fn record(&self, api: &Api) -> Result<Option<FileUpload>, Refusal> {
        Ok(api.store.objects.get_json(&self.keys.upload(self.number)).await?)
    }

    async fn keep(&self, api: &Api, record: &FileUpload) -> Result<(), Refusal> {
        Ok(api.store.objects.put_json(&self.keys.upload(self.number), record).await?)
    }

    fn target<'a>(&'a self, record: &'a FileUpload) -> Target<'a> {
        Target {
            key: &self.key,
            upload: &record.upload,
            size_bytes: self.file.size_bytes,
            part_size_bytes: record.part_size_bytes,
        }
    }

    /// The record, if it is the upload the client means.
    async fn current(&self, api: &Api, upload: &str) -> Result<FileUpload, Refusal> {
        let record = self.record(api).await?.filter(|record| record.upload == upload);
        record.ok_or_else(|| Refusal::new(ApiCode::UploadGone, "this upload is gone"))
    }

    async fn refuse_after_commit(&self, api: &Api) -> Result<(), Refusal> {
        if api.store.objects.head(&self.keys.marker()).await?.is_some() {
            return Err(Refusal::new(ApiCode::Conflict, "the package is committed and cannot change any more"));
        }
        Ok(())
    }

    fn opened(&self, record: FileUpload, parts: Vec<checkgate_transfer::wire::StoredPart>) -> FileOpened {
        FileOpened {
            part_count: part_count(self.file.size_bytes, record.part_size_bytes),
            upload: record.upload,
            part_size_bytes: record.part_size_bytes,
            parts,
            complete: record.complete,
        }
    }

    /// Writes into the record that the object is finished, then drops what is left of its upload.
    async fn finish(&self, api: &Api, record: &mut FileUpload, crc64: Crc64) -> Result<(), Refusal> {
        record.complete = Some(crc64);
        self.keep(api, record).await?;
        if let Err(error) = api.store.abandon(&self.key, &record.upload).await {
            tracing::debug!(%error, "what is left of a finished upload stays behind");
        }
        Ok(())
    }
}

/// `POST …/files/{n}/upload`: finds the upload that is under way, or begins one.
pub(super) async fn open(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path((package, number)): Path<(String, usize)>,
    body: Bytes,
) -> Result<Json<FileOpened>, Refusal> {
    let request: OpenFile = read(&body)?;
    let at = FileAt::find(&api, &caller, &package, number).await?;
    let known = at.record(&api).await?;
    if let Some(mut record) = known {
        if request.restart {
            at.refuse_after_commit(&api).await?;
            if record.complete.is_none() {
                api.store.abandon(&at.key, &record.upload).await?;
            }
        } else if record.complete.is_some() {
            return Ok(Json(at.opened(record, Vec::new())));
        } else if let Some(parts) = api.store.parts(&at.target(&record)).await? {
            return Ok(Json(at.opened(record, parts)));
        } else if let Some(crc64) = api.store.finished(&at.key, at.file.size_bytes).await? {
            // Completed, and then we died before we wrote it down.
            at.finish(&api, &mut record, crc64).await?;
            return Ok(Json(at.opened(record, Vec::new())));
        }
    }
    at.refuse_after_commit(&api).await?;
    let part_size_bytes = part_size_for(at.file.size_bytes, request.part_size_bytes);
    let upload = api.store.begin(&at.key, at.file.size_bytes, part_size_bytes).await?;
    let record = FileUpload { upload, part_size_bytes, complete: None };
    at.keep(&api, &record).await?;
    Ok(Json(at.opened(record, Vec::new())))
}

/// `GET …/files/{n}/parts`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path((package, number)): Path<(String, usize)>,
) -> Result<Json<FileOpened>, Refusal> {
    let at = FileAt::find(&api, &caller, &package, number).await?;
    let record = at.record(&api).await?.ok_or_else(|| Refusal::new(ApiCode::UploadGone, "this upload is gone"))?;
    let parts = match record.complete {
        Some(_) => Vec::new(),
        None => {
            api.store.parts(&at.target(&record)).await?.ok_or_else(|| Refusal::new(ApiCode::UploadGone, "this upload is gone"))?
        }
    };
    Ok(Json(at.opened(record, parts)))
}

/// `POST …/files/{n}/parts`: URLs for the parts that are sent next.
pub(super) async fn sign(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path((package, number)): Path<(String, usize)>,
    body: Bytes,
) -> Result<Json<SignedParts>, Refusal> {
    let request: SignParts = read(&body)?;
    if request.parts.len() > MAX_SIGNED_PARTS {
        return Err(Refusal::bad(format!("at most {MAX_SIGNED_PARTS} parts are signed at once")));
    }
    let at = FileAt::find(&api, &caller, &package, number).await?;
    let record = at.current(&api, &request.upload).await?;
    if record.complete.is_some() {
        return Err(Refusal::new(ApiCode::Conflict, "this file is complete"));
    }
    at.refuse_after_commit(&api).await?;
    let target = at.target(&record);
    let count = target.part_count();
    if let Some(part) = request.parts.iter().find(|part| part.number == 0 || part.number > count) {
        return Err(Refusal::bad(format!("no part {} of {count}", part.number)));
    }
    Ok(Json(SignedParts {
        parts: request.parts.iter().map(|part| api.store.sign(&target, *part, &caller.base, api.url_life)).collect(),
    }))
}

/// `POST …/files/{n}/complete`.
pub(super) async fn complete(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path((package, number)): Path<(String, usize)>,
    body: Bytes,
) -> Result<Json<FileCompleted>, Refusal> {
    let request: CompleteFile = read(&body)?;
    let at = FileAt::find(&api, &caller, &package, number).await?;
    let mut record = at.current(&api, &request.upload).await?;
    let done = |crc64| Ok(Json(FileCompleted { crc64, size_bytes: at.file.size_bytes }));
    if let Some(crc64) = record.complete {
        return done(crc64);
    }
    let target = at.target(&record);
    let in_order = request.parts.iter().zip(1..).all(|(part, number)| part.number == number);
    if !in_order || request.parts.len() != target.part_count() as usize {
        return Err(Refusal::bad(format!("a completion names all {} parts in order", target.part_count())));
    }
    match api.store.complete(&target, &request.parts, request.crc64).await {
        Ok(()) => {}
        Err(crate::store::StoreError::Gone) => match api.store.finished(&at.key, at.file.size_bytes).await? {
            Some(crc64) if crc64 == request.crc64 => {}
            _ => return Err(crate::store::StoreError::Gone.into()),
        },
        Err(error) => return Err(error.into()),
    }
    at.finish(&api, &mut record, request.crc64).await?;
    done(request.crc64)
}
