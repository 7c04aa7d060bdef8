//! Owns what must survive a crash of an upload, as a port: the application keeps it in its database. The store's own list of
//! parts is the truth; the journal is what a person is shown, and a hint.

use crate::wire::PackageId;
use checkgate_model::{RelPath, UploadId};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// One part known to be in the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPart {
    /// Number, from 1.
    pub number: u32,
    /// Checksum.
    pub crc64: u64,
    /// The store's tag.
    pub etag: String,
}

/// One file as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFile {
    /// Path below the package.
    pub key: RelPath,
    /// Identity of the file's upload in the cloud.
    pub remote_upload_id: String,
    /// Size of each part but the last.
    pub part_size: u64,
    /// Parts known to be there.
    pub parts: Vec<JournalPart>,
    /// Whether the object is complete.
    pub complete: bool,
}

/// The journal failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl JournalError {
    /// From the cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Where an upload keeps its state. Every write is durable before its future ends: it is stored before it is announced.
pub trait UploadJournal: Send + Sync {
    /// What is known of an upload; empty for a new one.
    fn load<'a>(&'a self, upload: &'a UploadId) -> BoxFuture<'a, Result<Vec<JournalFile>, JournalError>>;
    /// The cloud has a package for this upload.
    fn package_created<'a>(&'a self, upload: &'a UploadId, package: &'a PackageId) -> BoxFuture<'a, Result<(), JournalError>>;
    /// A file's upload exists in the cloud, begun anew: parts known before under another id are void.
    fn file_started<'a>(
        &'a self,
        upload: &'a UploadId,
        key: &'a RelPath,
        remote_upload_id: &'a str,
        part_size: u64,
    ) -> BoxFuture<'a, Result<(), JournalError>>;
    /// The store holds a part.
    fn part_done<'a>(
        &'a self,
        upload: &'a UploadId,
        key: &'a RelPath,
        part: &'a JournalPart,
    ) -> BoxFuture<'a, Result<(), JournalError>>;
    /// The object is complete and has the file's checksum.
    fn file_complete<'a>(&'a self, upload: &'a UploadId, key: &'a RelPath) -> BoxFuture<'a, Result<(), JournalError>>;
    /// The package's marker is written.
    fn committed<'a>(&'a self, upload: &'a UploadId, package: &'a PackageId) -> BoxFuture<'a, Result<(), JournalError>>;
}

/// A journal that forgets with the process: for one-off uploads, where the store's own list is enough to resume.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<BTreeMap<UploadId, Vec<JournalFile>>>);

impl MemoryJournal {
    fn with<R>(&self, upload: &UploadId, act: impl FnOnce(&mut Vec<JournalFile>) -> R) -> R {
        let mut uploads = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act(uploads.entry(upload.clone()).or_default())
    }
}

impl UploadJournal for MemoryJournal {
    fn load<'a>(&'a self, upload: &'a UploadId) -> BoxFuture<'a, Result<Vec<JournalFile>, JournalError>> {
        Box::pin(async move { Ok(self.with(upload, |files| files.clone())) })
    }

    fn package_created<'a>(&'a self, _: &'a UploadId, _: &'a PackageId) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async { Ok(()) })
    }

    fn file_started<'a>(
        &'a self,
        upload: &'a UploadId,
        key: &'a RelPath,
        remote_upload_id: &'a str,
        part_size: u64,
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            self.with(upload, |files| {
                files.retain(|file| file.key != *key);
                files.push(JournalFile {
                    key: key.clone(),
                    remote_upload_id: remote_upload_id.to_owned(),
                    part_size,
                    parts: Vec::new(),
                    complete: false,
                });
            });
            Ok(())
        })
    }

    fn part_done<'a>(
        &'a self,
        upload: &'a UploadId,
        key: &'a RelPath,
        part: &'a JournalPart,
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            self.with(upload, |files| {
                if let Some(file) = files.iter_mut().find(|file| file.key == *key) {
                    file.parts.retain(|known| known.number != part.number);
                    file.parts.push(part.clone());
                }
            });
            Ok(())
        })
    }

    fn file_complete<'a>(&'a self, upload: &'a UploadId, key: &'a RelPath) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            self.with(upload, |files| {
                if let Some(file) = files.iter_mut().find(|file| file.key == *key) {
                    file.complete = true;
                }
            });
            Ok(())
        })
    }

    fn committed<'a>(&'a self, _: &'a UploadId, _: &'a PackageId) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async { Ok(()) })
    }
}
