//! Owns the resumable upload engine and the client of the cloud's API: the only desktop crate with an HTTP client. Must never
//! know SQL, jobs or cameras: what is uploaded comes as a plan, what must survive a crash goes out through [`UploadJournal`].

mod client;
mod crc;
mod engine;
mod error;
mod file;
mod journal;
mod meter;
mod plan;
mod retry;
mod source;
pub mod wire;

pub use client::{CloudAddress, CloudClient};
pub use crc::{BLOCK_BYTES, Crc64, Crc64Digest, combine};
pub use engine::{UploadReport, upload};
pub use error::{ClientError, UploadError};
pub use journal::{JournalError, JournalFile, JournalPart, MemoryJournal, UploadJournal};
pub use meter::{MeterReading, UploadControl, UploadMeter};
pub use plan::{PackageFile, PackagePlan, UploadOptions};
pub use retry::RetryPolicy;
pub use wire::{Health, PackageId, PackageState, PackageStatus, ResultEntry, ResultKind};
