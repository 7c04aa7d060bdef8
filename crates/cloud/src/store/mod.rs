//! Owns the contract of a part store: begin, sign, list, complete. Two stores keep it, and one conformance suite holds both to it:
//! a folder behind the API's own part endpoint, and any S3-compatible store by presigned URLs. Must never see media bytes itself
//! except in the folder's own part endpoint.

pub(crate) mod folder;
mod s3;
mod s3_xml;

use crate::objects::Objects;
use checkgate_transfer::BLOCK_BYTES;
use checkgate_transfer::Crc64;
use checkgate_transfer::wire::{MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES, PartDone, PartToSign, SignedPart, StoredPart};
use folder::FolderStore;
use object_store::path::Path;
use reqwest::Url;
use s3::S3Store;
use std::path::PathBuf;
use std::time::Duration;

/// How long a part URL is good.
pub(crate) const URL_LIFE: Duration = Duration::from_secs(15 * 60);

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no store this service knows.
    #[error("{url} names no store (file:///folder or s3://bucket?endpoint=…): {reason}")]
    Url {
        /// As given, without any secret in it.
        url: String,
        /// Why.
        reason: String,
    },
    /// A file operation of the folder store.
    #[error("cannot {act} {path}", path = path.display())]
    Folder {
        /// What was tried.
        act: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The S3 store could not be reached.
    #[error("the S3 store does not answer")]
    Unreachable(#[source] Box<reqwest::Error>),
    /// The S3 store said no.
    #[error("the S3 store refused to {act}: {code} ({status})")]
    Refused {
        /// What was tried.
        act: &'static str,
        /// HTTP status.
        status: u16,
        /// Its code.
        code: String,
    },
    /// The S3 store's answer makes no sense.
    #[error("the S3 store's answer makes no sense: {0}")]
    Nonsense(String),
    /// The upload is not there any more.
    #[error("this upload is gone")]
    Gone,
    /// Parts are missing or have another size.
    #[error("part {number} is missing")]
    Incomplete {
        /// Part number.
        number: u32,
    },
    /// The bytes do not have the checksum they should.
    #[error("the checksum does not match")]
    ChecksumMismatch,
    /// The part is being written by another request.
    #[error("this part is being written by another request")]
    Busy,
    /// More or fewer bytes than granted.
    #[error("{got} bytes came for a part of {wanted}")]
    Length {
        /// Granted.
        wanted: u64,
        /// Received.
        got: u64,
    },
}

impl StoreError {
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Folder { source, .. } if matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
    }
}

/// One upload of one object: where it goes and how it is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// Key of the object.
    pub key: &'a Path,
    /// Identity of the upload in the store.
    pub upload: &'a str,
    /// Size of the object.
    pub size_bytes: u64,
    /// Size of each part but the last.
    pub part_size_bytes: u64,
}

impl Target<'_> {
    /// Number of parts; an empty object has one empty part.
    #[must_use]
    pub fn part_count(&self) -> u32 {
        part_count(self.size_bytes, self.part_size_bytes)
    }

    pub(crate) fn start(&self, number: u32) -> u64 {
        u64::from(number.saturating_sub(1)).saturating_mul(self.part_size_bytes)
    }

    pub(crate) fn length(&self, number: u32) -> u64 {
        self.size_bytes.saturating_sub(self.start(number)).min(self.part_size_bytes)
    }
}

pub(crate) fn part_count(size_bytes: u64, part_size_bytes: u64) -> u32 {
    u32::try_from(size_bytes.div_ceil(part_size_bytes.max(1)).max(1)).unwrap_or(u32::MAX)
}

/// The part size for a file: 16 MiB below 10 GiB, else 64 MiB, larger where 9,900 parts would not do; always whole blocks, so that
/// part checksums combine from those taken while the card was read. A wish is followed as far as the protocol allows.
#[must_use]
pub fn part_size_for(size_bytes: u64, wish: Option<u64>) -> u64 {
    const GIB: u64 = 1 << 30;
    let least = size_bytes.div_ceil(u64::from(MAX_PARTS) - 100);
    if let Some(wish) = wish {
        return wish.max(MIN_PART_BYTES).max(least).min(MAX_PART_BYTES);
    }
    let usual = if size_bytes < 10 * GIB { BLOCK_BYTES } else { 4 * BLOCK_BYTES };
    usual.max(least.div_ceil(BLOCK_BYTES) * BLOCK_BYTES).min(MAX_PART_BYTES)
}

/// Largest object the protocol can carry: 10,000 parts of 5 GiB.
pub(crate) const MAX_OBJECT_BYTES: u64 = MAX_PARTS as u64 * MAX_PART_BYTES;

/// Keys to an S3 store.
#[derive(Clone)]
pub struct S3Credentials {
    /// Access key.
    pub access_key: String,
    /// Secret.
    pub secret_key: String,
}

impl std::fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Credentials").finish_non_exhaustive()
    }
}

impl S3Credentials {
    /// From `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let get = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        Some(Self { access_key: get("AWS_ACCESS_KEY_ID")?, secret_key: get("AWS_SECRET_ACCESS_KEY")? })
    }
}

/// A store: parts come in through `parts`, everything else is read and written through `objects`.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) parts: PartStore,
    /// Finished objects and records.
    pub objects: Objects,
}

/// The two part stores.
#[derive(Debug, Clone)]
pub(crate) enum PartStore {
    Folder(FolderStore),
    S3(Box<S3Store>),
}

impl Store {
    /// Opens `file:///folder` (made if absent; `secret` signs its URLs) or `s3://bucket?endpoint=URL&region=NAME`.
    pub async fn open(url: &Url, secret: [u8; 32], credentials: Option<&S3Credentials>) -> Result<Self, StoreError> {
        let refuse = |reason: &str| StoreError::Url {
            url: format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or(""), url.path()),
            reason: reason.to_owned(),
        };
        match url.scheme() {
            "file" => {
                let root = url.to_file_path().map_err(|()| refuse("not an absolute folder"))?;
                let (folder, objects) = FolderStore::open(&root, secret).await?;
                Ok(Self { parts: PartStore::Folder(folder), objects })
            }
            "s3" => {
                let credentials = credentials.ok_or_else(|| refuse("no keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"))?;
                let (s3, objects) = S3Store::open(url, credentials).map_err(|reason| refuse(&reason))?;
                Ok(Self { parts: PartStore::S3(Box::new(s3)), objects })
            }
            _ => Err(refuse("unknown scheme")),
        }
    }

    /// Begins an upload and returns its identity.
    pub async fn begin(&self, key: &Path, size_bytes: u64, part_size_bytes: u64) -> Result<String, StoreError> {
        match &self.parts {
            PartStore::Folder(folder) => folder.begin().await,
            PartStore::S3(s3) => s3.begin(key, part_count(size_bytes, part_size_bytes)).await,
        }
    }

    /// A URL for one PUT of exactly these bytes to this part, good for 15 minutes. `base` is where this API is reached.
    #[must_use]
    pub fn sign(&self, target: &Target<'_>, part: PartToSign, base: &str, life: Duration) -> SignedPart {
        match &self.parts {
            PartStore::Folder(folder) => folder.sign(target, part, base, life),
            PartStore::S3(s3) => s3.sign(target, part, life),
        }
    }

    /// The parts the store holds; `None` if it does not know the upload (any more).
    pub async fn parts(&self, target: &Target<'_>) -> Result<Option<Vec<StoredPart>>, StoreError> {
        match &self.parts {
            PartStore::Folder(folder) => folder.parts(target).await,
            PartStore::S3(s3) => s3.parts(target).await,
        }
    }

    /// Makes the object from its parts; its checksum must be `crc64`. Doing it twice is harmless.
    pub async fn complete(&self, target: &Target<'_>, parts: &[PartDone], crc64: Crc64) -> Result<(), StoreError> {
        match &self.parts {
            PartStore::Folder(folder) => folder.complete(target, crc64).await,
            PartStore::S3(s3) => s3.complete(target, parts, crc64).await,
        }
    }

    /// Checksum of a finished object of this size, if the store keeps one.
    pub async fn finished(&self, key: &Path, size_bytes: u64) -> Result<Option<Crc64>, StoreError> {
        match &self.parts {
            // The folder's own upload record outlives the rename, so `complete` can simply be asked again.
            PartStore::Folder(_) => Ok(None),
            PartStore::S3(s3) => {
                Ok(s3.head(key).await?.filter(|found| found.size_bytes == size_bytes).and_then(|found| found.crc64))
            }
        }
    }

    /// Drops what is left of an upload. A finished object stays.
    pub async fn abandon(&self, key: &Path, upload: &str) -> Result<(), StoreError> {
        match &self.parts {
            PartStore::Folder(folder) => folder.abandon(upload).await,
            PartStore::S3(s3) => s3.abandon(key, upload).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_sizes_are_whole_blocks_and_never_too_many() {
        const TIB: u64 = 1 << 40;
        for size in [0, 1, BLOCK_BYTES, 10 << 30, TIB, 5 * TIB, 48 * TIB, MAX_OBJECT_BYTES] {
            let part = part_size_for(size, None);
            assert_eq!(part % BLOCK_BYTES, 0, "{size}");
            assert!(part_count(size, part) <= MAX_PARTS && part <= MAX_PART_BYTES, "{size}");
        }
        assert_eq!(part_size_for(4 << 30, None), BLOCK_BYTES);
        assert_eq!(part_size_for(50 << 30, None), 4 * BLOCK_BYTES);
        assert_eq!(part_size_for(100, Some(1)), MIN_PART_BYTES);
        assert!(part_count(5 * TIB, part_size_for(5 * TIB, Some(MIN_PART_BYTES))) <= MAX_PARTS);
    }
}
