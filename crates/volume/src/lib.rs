//! The only crate that touches media files: mounts, read-only sources, atomic publishing, read-back from the device.
//! Must never know manifests, cameras or jobs. A source has no write API at all (invariant 2), the top evidence level is
//! built only by a read that went past the operating system's cache (invariant 3), and nothing that looks like media is
//! ever partial (invariant 5).

pub mod aligned;
pub mod destination;
pub mod errno;
pub mod files;
#[cfg(unix)]
mod folder;
#[cfg(not(unix))]
#[path = "folder_std.rs"]
mod folder;
#[cfg(target_os = "linux")]
mod linux;
mod listing;
mod mend;
pub mod mounting;
pub mod mounts;
pub mod partial;
pub mod place;
pub mod preflight;
pub mod read_back;
mod settle;
pub mod source;
pub mod watch;

pub use aligned::AlignedBuffer;
pub use destination::{Destination, DestinationError, DestinationLock, ExistingFile, Published, Replace};
pub use errno::{IoKind, io_kind, read_code, write_code};
pub use listing::{Listing, SkipReason, Skipped, SourceFile, Unreadable, WalkError};
pub use mend::{Mended, Piecewise, is_set_aside, set_aside_of};
pub use mounts::{ListVolumesError, Volume, VolumeRole, mounted, volume_of};
pub use partial::{APPEND_NOTE, PartialFile, WrittenFile, is_partial, is_working_name};
pub use preflight::{PreflightProblem, preflight};
pub use read_back::{Depth, ReadBack, ReadBackError, ReadBackMethod, ReadBackProof};
pub use source::{OpenSourceError, ReadSourceError, Source, SourceIdentity, SourceReader};
pub use watch::{VolumeEvent, Watch, WatchError, WatchTiming};
