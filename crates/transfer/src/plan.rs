//! Owns what is to be uploaded: the plan, checked before the first byte moves.

use crate::crc::BLOCK_BYTES;
use crate::error::UploadError;
use crate::retry::RetryPolicy;
use crate::wire::{CreatePackage, DeclaredFile};
use checkgate_model::{HashValue, RelPath, Timestamp, UploadId};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// One file of a verified copy, on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// Path below the package.
    pub key: RelPath,
    /// Where it lies on this machine.
    pub path: PathBuf,
    /// Size when the copy was proven.
    pub size_bytes: u64,
    /// Modification time when the copy was proven; a file that changed since is not uploaded.
    pub modified: Timestamp,
    /// Hashes from the offload.
    pub hashes: Vec<HashValue>,
    /// CRC64/NVME of each 16 MiB block as read from the card. Empty: computed from this copy first, and reported.
    pub block_crc64: Vec<u64>,
    /// Whether it belongs to the manifest's history. Manifests are uploaded after all media.
    pub manifest: bool,
}

/// One package on its way to the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagePlan {
    /// Identity of this upload. A changed content needs a new one.
    pub upload: UploadId,
    /// Name shown to people.
    pub name: String,
    /// Every file.
    pub files: Vec<PackageFile>,
}

impl PackagePlan {
    /// Sum of the sizes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }

    pub(crate) fn check(&self) -> Result<(), UploadError> {
        let invalid = |reason: String| Err(UploadError::PlanInvalid { reason });
        if self.files.is_empty() {
            return invalid("it holds no files".to_owned());
        }
        let mut seen = BTreeSet::new();
        for file in &self.files {
            if !seen.insert(&file.key) {
                return invalid(format!("{} is in it twice", file.key));
            }
            let blocks = file.size_bytes.div_ceil(BLOCK_BYTES);
            if !file.block_crc64.is_empty() && file.block_crc64.len() as u64 != blocks {
                return invalid(format!("{} has {} block checksums for {blocks} blocks", file.key, file.block_crc64.len()));
            }
        }
        Ok(())
    }

    pub(crate) fn declaration(&self) -> CreatePackage {
        CreatePackage {
            upload: self.upload.clone(),
            name: self.name.clone(),
            files: self
                .files
                .iter()
                .map(|file| DeclaredFile {
                    key: file.key.clone(),
                    size_bytes: file.size_bytes,
                    hashes: file.hashes.clone(),
                    manifest: file.manifest,
                })
                .collect(),
        }
    }

    /// File numbers in the order they are sent: sidecars and other small files first, so that editorial has them early;
    /// the manifest's history after all media.
    pub(crate) fn order(&self) -> (Vec<usize>, Vec<usize>) {
        let mut numbers: Vec<usize> = (0..self.files.len()).collect();
        numbers.sort_by_key(|number| self.files[*number].size_bytes);
        numbers.into_iter().partition(|number| !self.files[*number].manifest)
    }
}

/// How to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadOptions {
    /// Parts in flight at once.
    pub parallel: usize,
    /// Most bytes a second; `None` for no limit. Can be changed later through [`crate::UploadControl`].
    pub limit_bytes_per_sec: Option<u64>,
    /// Part size to ask for; `None` lets the service decide.
    pub part_size: Option<u64>,
    /// Keep trying for as long as there is no network, instead of ending with `offline`.
    pub wait_for_network: bool,
    /// When to try again.
    pub retry: RetryPolicy,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self { parallel: 4, limit_bytes_per_sec: None, part_size: None, wait_for_network: false, retry: RetryPolicy::default() }
    }
}
