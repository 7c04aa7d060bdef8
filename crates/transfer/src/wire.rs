//! Owns the words of the cloud's API (docs/cloud-api.md), spoken by the client here and by the service. Must hold no behaviour
//! beyond checking them.

use crate::crc::Crc64;
use checkgate_model::{Finding, HashValue, RelPath, UploadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Name the service gives itself at `/healthz`; anything else is not our cloud (a captive portal, a router's page).
pub const SERVICE: &str = "checkgate-cloud";
/// Smallest part a client may ask for; S3's own limit for all parts but the last.
pub const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;
/// Largest part.
pub const MAX_PART_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// Most parts an object may have.
pub const MAX_PARTS: u32 = 10_000;
/// Most parts signed by one request.
pub const MAX_SIGNED_PARTS: usize = 64;

/// Identity of a package in the cloud, made by the service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PackageId(pub String);

impl PackageId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for PackageId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for PackageId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// `GET /healthz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// [`SERVICE`].
    pub service: String,
    /// Version of the service.
    pub version: String,
}

/// One file as the client declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredFile {
    /// Path below the package.
    pub key: RelPath,
    /// Size.
    pub size_bytes: u64,
    /// Hashes known from the offload.
    pub hashes: Vec<HashValue>,
    /// Whether it belongs to the manifest's history.
    pub manifest: bool,
}

/// `POST /v1/packages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePackage {
    /// The client's id of this upload: the same id and content give the same package.
    pub upload: UploadId,
    /// Name shown to people.
    pub name: String,
    /// Every file.
    pub files: Vec<DeclaredFile>,
}

/// Answer to [`CreatePackage`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageCreated {
    /// The package.
    pub package: PackageId,
    /// Whether its marker is written already.
    pub committed: bool,
}

/// `POST /v1/packages/{id}/files/{n}/upload`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct OpenFile {
    /// Part size wished for; the service decides.
    pub part_size_bytes: Option<u64>,
    /// Give up the upload that is under way and begin again.
    #[serde(default)]
    pub restart: bool,
}

/// Answer to [`OpenFile`] and to `GET …/parts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOpened {
    /// Identity of the upload of this file, named in all further requests.
    pub upload: String,
    /// Size of each part but the last.
    pub part_size_bytes: u64,
    /// Number of parts; 1 for an empty file.
    pub part_count: u32,
    /// Parts the store holds.
    pub parts: Vec<StoredPart>,
    /// Checksum of the finished object; `None` while it is not complete.
    pub complete: Option<Crc64>,
}

/// One part as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPart {
    /// Number, from 1.
    pub number: u32,
    /// Size.
    pub size_bytes: u64,
    /// Checksum the store keeps, if it keeps one.
    pub crc64: Option<Crc64>,
    /// The store's tag.
    pub etag: String,
}

/// `POST …/parts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignParts {
    /// From [`FileOpened`].
    pub upload: String,
    /// At most [`MAX_SIGNED_PARTS`].
    pub parts: Vec<PartToSign>,
}

/// One part that is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartToSign {
    /// Number, from 1.
    pub number: u32,
    /// Checksum of its bytes; the URL is only good for bytes with this checksum.
    pub crc64: Crc64,
}

/// Answer to [`SignParts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedParts {
    /// In the order asked for.
    pub parts: Vec<SignedPart>,
}

/// Where and how to PUT one part. The URL is a bearer secret: never log or store it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPart {
    /// Number, from 1.
    pub number: u32,
    /// URL for one PUT.
    pub url: String,
    /// Headers that must be sent as they are.
    pub headers: BTreeMap<String, String>,
}

impl fmt::Debug for SignedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("SignedPart").field("number", &self.number).field("url", &format!("{address}?…")).finish_non_exhaustive()
    }
}

/// `POST …/complete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteFile {
    /// From [`FileOpened`].
    pub upload: String,
    /// Checksum of the whole file, as read from the card.
    pub crc64: Crc64,
    /// Every part, in order.
    pub parts: Vec<PartDone>,
}

/// One part as the client sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDone {
    /// Number, from 1.
    pub number: u32,
    /// Checksum.
    pub crc64: Crc64,
    /// The store's tag.
    pub etag: String,
}

/// Answer to [`CompleteFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCompleted {
    /// Checksum of the whole object as the store holds it.
    pub crc64: Crc64,
    /// Size of the object.
    pub size_bytes: u64,
}

/// `POST …/commit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The package.
    pub package: PackageId,
    /// Objects it holds.
    pub objects: u64,
}

/// Where a package stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageState {
    /// Parts are coming in; workers do not see it yet.
    Receiving,
    /// The marker is written; no worker has begun.
    Queued,
    /// Objects are compared with the manifest.
    Verifying,
    /// Clips are recognised and described.
    Inspecting,
    /// Stills and proxies are rendered.
    Rendering,
    /// Everything is published.
    Done,
    /// The objects differ from the manifest, or there is none. Nothing was processed.
    Quarantined,
    /// A stage failed for good.
    Failed,
}

impl PackageState {
    /// Whether nothing further will happen by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Quarantined | Self::Failed)
    }

    /// Whether every object has been found equal to the manifest.
    #[must_use]
    pub const fn is_verified(self) -> bool {
        matches!(self, Self::Inspecting | Self::Rendering | Self::Done)
    }
}

/// What a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    /// Outcome of comparing the objects with the manifest, JSON.
    Verification,
    /// Recognition of the card, JSON.
    Card,
    /// Canonical metadata record of a clip, JSON.
    Metadata,
    /// Preview picture, JPEG.
    Still,
    /// Proxy, ProRes 422 Proxy in a MOV.
    Proxy,
    /// The closing report, JSON.
    Report,
}

/// One result that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultEntry {
    /// Name to fetch it by.
    pub name: String,
    /// What it is.
    pub kind: ResultKind,
    /// The clip it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clip: Option<String>,
    /// Size.
    pub size_bytes: u64,
}

/// `GET /v1/packages/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageStatus {
    /// The package.
    pub package: PackageId,
    /// Name shown to people.
    pub name: String,
    /// Where it stands.
    pub state: PackageState,
    /// Objects compared so far.
    pub objects_verified: u64,
    /// Objects there are.
    pub objects_total: u64,
    /// Clips rendered so far.
    pub clips_rendered: u64,
    /// Clips there are; 0 until inspected.
    pub clips_total: u64,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What can be fetched.
    pub results: Vec<ResultEntry>,
}

/// Body of every answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiProblem {
    /// Stable code, listed in docs/cloud-api.md.
    pub code: ApiCode,
    /// One sentence for people.
    pub message: String,
}

/// Closed list of what the API objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiCode {
    /// No or a wrong token.
    Unauthorised,
    /// The request makes no sense.
    BadRequest,
    /// No such package, file or result.
    NotFound,
    /// The upload of this file is gone; open it again.
    UploadGone,
    /// The same upload id with another content, or a change after the marker.
    Conflict,
    /// The body does not have the checksum that was signed.
    ChecksumMismatch,
    /// The URL is no longer, or was never, good.
    UrlRefused,
    /// Too many or too large.
    TooLarge,
    /// No room left.
    Full,
    /// Parts or files are missing.
    Incomplete,
    /// The store or the queue behind the API does not answer; try again.
    Unavailable,
    /// A code of a newer service.
    #[serde(other)]
    Other,
}
