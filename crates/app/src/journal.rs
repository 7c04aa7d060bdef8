//! Owns the upload journal on the state database.

use checkgate_catalog::{Catalog, UploadPartRow};
use checkgate_model::{RelPath, UploadId};
use checkgate_transfer::{JournalError, JournalFile, JournalPart, PackageId, UploadJournal};
use futures::future::BoxFuture;

/// The journal of all uploads.
pub(crate) struct CatalogJournal(pub(crate) Catalog);

type Answer<'a, T> = BoxFuture<'a, Result<T, JournalError>>;

impl UploadJournal for CatalogJournal {
    fn load<'a>(&'a self, upload: &'a UploadId) -> Answer<'a, Vec<JournalFile>> {
        Box::pin(async move {
            let files = self.0.upload_files(upload.as_str()).await.map_err(JournalError::new)?;
            let parts = self.0.upload_parts(upload.as_str()).await.map_err(JournalError::new)?;
            files
                .into_iter()
                .map(|file| {
                    Ok(JournalFile {
                        parts: parts
                            .iter()
                            .filter(|part| part.key == file.key)
                            .map(|part| JournalPart { number: part.number, crc64: part.crc64, etag: part.etag.clone() })
                            .collect(),
                        key: RelPath::new(&file.key).map_err(JournalError::new)?,
                        remote_upload_id: file.remote.unwrap_or_default(),
                        part_size: file.part_size.unwrap_or_default(),
                        complete: file.complete,
                    })
                })
                .collect()
        })
    }

    fn package_created<'a>(&'a self, upload: &'a UploadId, package: &'a PackageId) -> Answer<'a, ()> {
        Box::pin(async move { self.0.set_package(upload.as_str(), package.as_str()).await.map_err(JournalError::new) })
    }

    fn file_started<'a>(
        &'a self,
        upload: &'a UploadId,
        key: &'a RelPath,
        remote_upload_id: &'a str,
        part_size: u64,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            self.0
                .upload_file_started(upload.as_str(), key.as_str(), Some(remote_upload_id), part_size)
                .await
                .map_err(JournalError::new)
        })
    }

    fn part_done<'a>(&'a self, upload: &'a UploadId, key: &'a RelPath, part: &'a JournalPart) -> Answer<'a, ()> {
        Box::pin(async move {
            let row = UploadPartRow { key: key.to_string(), number: part.number, crc64: part.crc64, etag: part.etag.clone() };
            self.0.upload_part_done(upload.as_str(), &row).await.map_err(JournalError::new)
        })
    }

    fn file_complete<'a>(&'a self, upload: &'a UploadId, key: &'a RelPath) -> Answer<'a, ()> {
        Box::pin(async move { self.0.upload_file_complete(upload.as_str(), key.as_str()).await.map_err(JournalError::new) })
    }

    fn committed<'a>(&'a self, upload: &'a UploadId, package: &'a PackageId) -> Answer<'a, ()> {
        self.package_created(upload, package)
    }
}
