//! Owns the records of a package: what was declared, the upload of each file, the marker. They lie in the object store; the
//! service itself keeps nothing.

use crate::keys::{PackageKeys, Tenant, address_of};
use crate::objects::{ObjectError, Objects};
use checkgate_model::{Timestamp, UploadId};
use checkgate_transfer::wire::{CreatePackage, DeclaredFile};
use checkgate_transfer::{Crc64, PackageId};
use serde::{Deserialize, Serialize};

/// Name of the marker's layout.
pub const MARKER_SCHEMA: &str = "checkgate.package/1";

/// `plan.json`: what the client declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The client's id.
    pub upload: UploadId,
    /// Name for people.
    pub name: String,
    /// Files; their position is their number.
    pub files: Vec<DeclaredFile>,
}

impl From<CreatePackage> for Plan {
    fn from(request: CreatePackage) -> Self {
        Self { upload: request.upload, name: request.name, files: request.files }
    }
}

impl Plan {
    /// Sum of the sizes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.size_bytes))
    }

    /// Address of the content: what the results of this package are stored under.
    #[must_use]
    pub fn input(&self) -> String {
        address_of(&self.files)
    }
}

/// `uploads/N.json`: the upload of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileUpload {
    pub(crate) upload: String,
    pub(crate) part_size_bytes: u64,
    /// Checksum of the finished object.
    pub(crate) complete: Option<Crc64>,
}

/// `package.json`: the marker. Written last; a package without it does not exist for workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// [`MARKER_SCHEMA`].
    pub schema: String,
    /// The package.
    pub package: PackageId,
    /// Name for people.
    pub name: String,
    /// Objects.
    pub objects: u64,
    /// Their size.
    pub size_bytes: u64,
    /// Address of the content.
    pub input: String,
    /// When it was written.
    pub committed: Timestamp,
}

/// Every package with a marker, of every tenant: what the queue can be rebuilt from.
pub async fn committed_packages(objects: &Objects) -> Result<Vec<PackageKeys>, ObjectError> {
    let mut found = Vec::new();
    for tenant_folder in objects.folders(None).await? {
        let Ok(tenant) = Tenant::new(tenant_folder.as_ref()) else { continue };
        for folder in objects.folders(Some(&tenant_folder)).await? {
            let Some(name) = folder.parts().next_back().map(|part| part.as_ref().to_owned()) else { continue };
            let Ok(keys) = PackageKeys::new(&tenant, &PackageId(name)) else { continue };
            if objects.head(&keys.marker()).await?.is_some() {
                found.push(keys);
            }
        }
    }
    Ok(found)
}
