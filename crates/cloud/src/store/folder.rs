//! Owns the folder store: objects as files below one folder, parts written straight to their place in a file that is renamed
//! when it is complete, so that no byte is written twice. A part counts only once its bytes are on the disk and its record is
//! written. The one place of the service that writes media bytes.

use super::{StoreError, Target};
use crate::objects::Objects;
use crate::signature::{PartGrant, PartTerms, SigningKey};
use bytes::Bytes;
use checkgate_model::Timestamp;
use checkgate_transfer::wire::{PartToSign, SignedPart, StoredPart};
use checkgate_transfer::{Crc64, Crc64Digest, combine};
use futures::{Stream, StreamExt};
use object_store::local::LocalFileSystem;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// Name that no tenant can have.
const UPLOADS: &str = ".uploads";

/// The folder store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FolderStore {
    root: PathBuf,
    key: SigningKey,
    writing: Arc<Mutex<HashSet<(String, u32)>>>,
}

impl std::fmt::Debug for FolderStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FolderStore").field("root", &self.root).finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct PartRecord {
    length: u64,
    crc64: Crc64,
}

/// Takes a part for one request; gives it back when dropped.
struct Writing<'a>(&'a FolderStore, (String, u32));

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&self.1);
    }
}

fn failed(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
    let path = path.to_path_buf();
    move |source| StoreError::Folder { act, path, source }
}

impl FolderStore {
    pub(crate) async fn open(root: &Path, secret: [u8; 32]) -> Result<(Self, Objects), StoreError> {
        let uploads = root.join(UPLOADS);
        tokio::fs::create_dir_all(&uploads).await.map_err(failed("make", &uploads))?;
        let local = LocalFileSystem::new_with_prefix(root)
            .map_err(|error| StoreError::Folder { act: "open", path: root.to_path_buf(), source: std::io::Error::other(error) })?
            .with_fsync(true);
        let root = root.canonicalize().map_err(failed("open", root))?;
        let store = Self { root, key: SigningKey::new(secret), writing: Arc::default() };
        Ok((store, Objects::new(Arc::new(local))))
    }

    fn folder_of(&self, upload: &str) -> Result<PathBuf, StoreError> {
        let legal = upload.len() == 32 && upload.bytes().all(|b| b.is_ascii_hexdigit());
        if legal { Ok(self.root.join(UPLOADS).join(upload)) } else { Err(StoreError::Gone) }
    }

    /// Where an object lies. Keys are made by [`crate::keys`]: no component is empty, `.`, `..` or a drive.
    fn object_file(&self, key: &object_store::path::Path) -> PathBuf {
        key.parts().fold(self.root.clone(), |folder, part| folder.join(part.as_ref()))
    }

    pub(super) async fn begin(&self) -> Result<String, StoreError> {
        let upload = uuid::Uuid::new_v4().simple().to_string();
        let folder = self.folder_of(&upload)?;
        tokio::fs::create_dir(&folder).await.map_err(failed("make", &folder))?;
        let data = folder.join("data");
        let file = tokio::fs::File::create(&data).await.map_err(failed("make", &data))?;
        file.sync_all().await.map_err(failed("sync", &data))?;
        sync_folder(&folder).await?;
        Ok(upload)
    }

    pub(super) fn sign(&self, target: &Target<'_>, part: PartToSign, base: &str, life: Duration) -> SignedPart {
        let expires = Timestamp::now().as_second().saturating_add(i64::try_from(life.as_secs()).unwrap_or(0));
        let terms =
            PartTerms { start: target.start(part.number), length: target.length(part.number), crc64: part.crc64, expires };
        let grant = PartGrant { upload: target.upload.to_owned(), number: part.number, terms };
        let url = format!(
            "{base}/v1/parts/{}/{}?start={}&length={}&crc64={}&expires={expires}&signature={}",
            grant.upload,
            grant.number,
            terms.start,
            terms.length,
            terms.crc64,
            self.key.sign(&grant)
        );
        SignedPart { number: part.number, url, headers: BTreeMap::new() }
    }

    /// Whether a URL was made here and is still good at `now`.
    pub(crate) fn grants(&self, grant: &PartGrant, signature: &str, now: Timestamp) -> bool {
        self.key.verify(grant, signature) && now.as_second() < grant.terms.expires
    }

    /// Takes the bytes of one part. They count only if there are exactly as many as granted and their checksum is the granted one.
    pub(crate) async fn write<E>(
        &self,
        grant: &PartGrant,
        bytes: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<String, StoreError> {
        let folder = self.folder_of(&grant.upload)?;
        let slot = (grant.upload.clone(), grant.number);
        if !self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(slot.clone()) {
            return Err(StoreError::Busy);
        }
        let _writing = Writing(self, slot);
        let data = folder.join("data");
        let mut file = match tokio::fs::OpenOptions::new().write(true).open(&data).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(StoreError::Gone),
            Err(error) => return Err(failed("open", &data)(error)),
        };
        let record = folder.join(format!("{}.json", grant.number));
        match tokio::fs::remove_file(&record).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed("replace", &record)(error)),
            _ => {}
        }
        file.seek(std::io::SeekFrom::Start(grant.terms.start)).await.map_err(failed("write", &data))?;
        let mut digest = Crc64Digest::default();
        let mut got: u64 = 0;
        let mut bytes = std::pin::pin!(bytes);
        while let Some(chunk) = bytes.next().await {
            // A connection that breaks has simply sent too little.
            let Ok(chunk) = chunk else { return Err(StoreError::Length { wanted: grant.terms.length, got }) };
            got += chunk.len() as u64;
            if got > grant.terms.length {
                return Err(StoreError::Length { wanted: grant.terms.length, got });
            }
            digest.update(&chunk);
            file.write_all(&chunk).await.map_err(failed("write", &data))?;
        }
        if got != grant.terms.length {
            return Err(StoreError::Length { wanted: grant.terms.length, got });
        }
        if digest.value() != grant.terms.crc64 {
            return Err(StoreError::ChecksumMismatch);
        }
        file.flush().await.map_err(failed("write", &data))?;
        file.sync_data().await.map_err(failed("sync", &data))?;
        let text = serde_json::to_vec(&PartRecord { length: got, crc64: digest.value() }).expect("own types serialise");
        write_whole(&record, &text).await?;
        Ok(format!("\"{}\"", digest.value()))
    }

    async fn part_records(&self, folder: &Path) -> Result<Option<BTreeMap<u32, PartRecord>>, StoreError> {
        let mut listing = match tokio::fs::read_dir(folder).await {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("list", folder)(error)),
        };
        let mut records = BTreeMap::new();
        while let Some(entry) = listing.next_entry().await.map_err(failed("list", folder))? {
            let name = entry.file_name();
            let Some(number) = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|stem| stem.parse().ok())
            else {
                continue;
            };
            let path = entry.path();
            let text = tokio::fs::read(&path).await.map_err(failed("read", &path))?;
            if let Ok(record) = serde_json::from_slice(&text) {
                records.insert(number, record);
            }
        }
        Ok(Some(records))
    }

    pub(super) async fn parts(&self, target: &Target<'_>) -> Result<Option<Vec<StoredPart>>, StoreError> {
        let Ok(folder) = self.folder_of(target.upload) else { return Ok(None) };
        let records = self.part_records(&folder).await?;
        Ok(records.map(|records| {
            records
                .into_iter()
                .map(|(number, record)| StoredPart {
                    number,
                    size_bytes: record.length,
                    crc64: Some(record.crc64),
                    etag: format!("\"{}\"", record.crc64),
                })
                .collect()
        }))
    }

    pub(super) async fn complete(&self, target: &Target<'_>, crc64: Crc64) -> Result<(), StoreError> {
        let folder = self.folder_of(target.upload)?;
        let records = self.part_records(&folder).await?.ok_or(StoreError::Gone)?;
        let mut sums = Vec::with_capacity(records.len());
        for number in 1..=target.part_count() {
            let record = records.get(&number).filter(|record| record.length == target.length(number));
            let record = record.ok_or(StoreError::Incomplete { number })?;
            sums.push((record.crc64, record.length));
        }
        if combine(sums) != crc64 {
            return Err(StoreError::ChecksumMismatch);
        }
        let (data, object) = (folder.join("data"), self.object_file(target.key));
        let file = match tokio::fs::OpenOptions::new().write(true).open(&data).await {
            Ok(file) => file,
            // Renamed by an earlier call whose answer was lost.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let found = tokio::fs::metadata(&object).await.map_err(|_| StoreError::Gone)?;
                return if found.len() == target.size_bytes { Ok(()) } else { Err(StoreError::Gone) };
            }
            Err(error) => return Err(failed("open", &data)(error)),
        };
        file.set_len(target.size_bytes).await.map_err(failed("write", &data))?;
        file.sync_all().await.map_err(failed("sync", &data))?;
        drop(file);
        let parent = object.parent().unwrap_or(&self.root).to_path_buf();
        tokio::fs::create_dir_all(&parent).await.map_err(failed("make", &parent))?;
        tokio::fs::rename(&data, &object).await.map_err(failed("publish", &object))?;
        sync_folder(&parent).await
    }

    pub(super) async fn abandon(&self, upload: &str) -> Result<(), StoreError> {
        let Ok(folder) = self.folder_of(upload) else { return Ok(()) };
        match tokio::fs::remove_dir_all(&folder).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", &folder)(error)),
            _ => Ok(()),
        }
    }
}

/// Writes a small file so that after a crash it is there whole or not at all.
async fn write_whole(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("tmp");
    let mut file = tokio::fs::File::create(&temporary).await.map_err(failed("make", &temporary))?;
    file.write_all(text).await.map_err(failed("write", &temporary))?;
    file.sync_all().await.map_err(failed("sync", &temporary))?;
    drop(file);
    tokio::fs::rename(&temporary, path).await.map_err(failed("publish", path))?;
    match path.parent() {
        Some(folder) => sync_folder(folder).await,
        None => Ok(()),
    }
}

/// Makes a rename durable. Windows has no such call and needs none.
async fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    if cfg!(windows) {
        return Ok(());
    }
    let opened = tokio::fs::File::open(folder).await.map_err(failed("open", folder))?;
    opened.sync_all().await.map_err(failed("sync", folder))
}
