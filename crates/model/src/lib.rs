//! Owns the words every other crate speaks: ids, units, timecode, cards, clips, hash values, evidence, findings, verdicts,
//! job states and error codes. Must never do I/O, read a clock, draw a random number or start a thread (invariant 1).

pub mod card;
pub mod error;
pub mod evidence;
pub mod finding;
pub mod hash;
pub mod id;
pub mod job;
pub mod metadata;
pub mod naming;
pub mod path;
pub mod preset;
pub mod timecode;
pub mod verdict;

pub use card::{CardRecognition, Clip, ClipFile, ClipKind, Confidence, FileRole, RecognitionEvidence, Roll, SequenceRange};
pub use error::{ErrorCode, Problem, Retry};
pub use evidence::{Evidence, EvidenceLevel};
pub use finding::{Finding, Severity};
pub use hash::{HashFormat, HashParseError, HashValue};
pub use id::{CardId, CopyId, JobId, UploadId, VolumeId};
pub use job::{JobState, Station, StationState};
pub use metadata::{ClipRecord, Field, FieldState, FieldValue, Sourced};
pub use path::{RelPath, RelPathError};
pub use preset::{Preset, PresetDestination, PresetVerify};
pub use timecode::{FrameRate, Timecode, TimecodeError};
pub use verdict::{CardFacts, CopyFacts, LocalPolicy, Policy, SignOff, SignOffKind, Unmet, Verdict};

/// Instants are UTC and printed as RFC 3339; the clock that makes them belongs to the caller.
pub use jiff::Timestamp;
