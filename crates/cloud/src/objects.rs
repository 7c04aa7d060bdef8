//! Owns small reads and writes of the object store: JSON records with a size limit, existence, listings.

use bytes::Bytes;
use futures::StreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Largest record read into memory; the plan of a package with 200,000 files is about 60 MB.
const MAX_RECORD_BYTES: u64 = 256 * 1024 * 1024;

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The store failed.
    #[error("the store failed on {key}")]
    Store {
        /// Key.
        key: String,
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// A record of ours cannot be read.
    #[error("{key} is damaged: {reason}")]
    Damaged {
        /// Key.
        key: String,
        /// Why.
        reason: String,
    },
}

/// The object store as this service uses it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects(Arc<dyn ObjectStore>);

impl Objects {
    /// Over any store.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// The store itself.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.0
    }

    fn failed(key: &Path) -> impl FnOnce(object_store::Error) -> ObjectError {
        let key = key.to_string();
        move |source| ObjectError::Store { key, source }
    }

    /// Size and times; `None` if there is no such object.
    pub async fn head(&self, key: &Path) -> Result<Option<ObjectMeta>, ObjectError> {
        match self.0.head(key).await {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Self::failed(key)(error)),
        }
    }

    /// Whole object; `None` if there is none. Refuses what is larger than `limit_bytes`.
    pub async fn get(&self, key: &Path, limit_bytes: u64) -> Result<Option<Bytes>, ObjectError> {
        let found = match self.0.get(key).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Self::failed(key)(error)),
        };
        if found.meta.size > limit_bytes {
            return Err(ObjectError::Damaged { key: key.to_string(), reason: format!("{} bytes", found.meta.size) });
        }
        found.bytes().await.map(Some).map_err(Self::failed(key))
    }

    /// One record; `None` if there is none.
    pub async fn get_json<T: DeserializeOwned>(&self, key: &Path) -> Result<Option<T>, ObjectError> {
        let Some(bytes) = self.get(key, MAX_RECORD_BYTES).await? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| ObjectError::Damaged { key: key.to_string(), reason: error.to_string() })
    }

    /// Writes bytes, whole or not at all.
    pub async fn put(&self, key: &Path, bytes: Bytes) -> Result<(), ObjectError> {
        self.0.put(key, PutPayload::from_bytes(bytes)).await.map(|_| ()).map_err(Self::failed(key))
    }

    /// Writes one record.
    pub async fn put_json(&self, key: &Path, value: &(impl Serialize + Sync)) -> Result<(), ObjectError> {
        let bytes = serde_json::to_vec_pretty(value)
            .map_err(|error| ObjectError::Damaged { key: key.to_string(), reason: error.to_string() })?;
        self.put(key, Bytes::from(bytes)).await
    }

    /// Removes a record of ours; media are never removed.
    pub(crate) async fn forget(&self, key: &Path) -> Result<(), ObjectError> {
        match self.0.delete(key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Self::failed(key)(error)),
        }
    }

    /// Everything below a folder.
    pub async fn list(&self, folder: &Path) -> Result<Vec<ObjectMeta>, ObjectError> {
        let mut found = Vec::new();
        let mut listing = self.0.list(Some(folder));
        while let Some(entry) = listing.next().await {
            found.push(entry.map_err(Self::failed(folder))?);
        }
        Ok(found)
    }

    /// Names of the folders directly below `folder`, or at the top.
    pub async fn folders(&self, folder: Option<&Path>) -> Result<Vec<Path>, ObjectError> {
        let shown = folder.cloned().unwrap_or_default();
        self.0.list_with_delimiter(folder).await.map(|listing| listing.common_prefixes).map_err(Self::failed(&shown))
    }
}
