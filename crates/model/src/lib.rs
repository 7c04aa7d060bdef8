//! Owns the words every other crate speaks: ids, units, timecode, cards, clips, hash values, evidence, findings, verdicts,
//! job states and error codes. Must never do I/O, read a clock, draw a random number or start a thread (invariant 1).

pub mod camera_format;
pub mod card;
pub mod day_range;
pub mod error;
pub mod evidence;
pub mod finding;
pub mod hash;
pub mod id;
pub mod job;
pub mod mapping;
pub mod metadata;
pub mod naming;
pub mod path;
pub mod preset;
pub mod timecode;
pub mod verdict;

pub use camera_format::{CameraFormatCard, CameraFormatKey, camera_formats};
pub use card::{CardRecognition, Clip, ClipFile, ClipKind, Confidence, FileRole, RecognitionEvidence, Roll, SequenceRange};
pub use day_range::{DayRange, TimecodeQuery};
pub use error::{ErrorCode, Problem, Retry};
pub use evidence::{Evidence, EvidenceLevel};
pub use finding::{Finding, Override, Severity};
pub use hash::{HashFormat, HashParseError, HashValue};
pub use id::{CardId, CopyId, JobId, UploadId, VolumeId};
pub use job::{JobState, Station, StationState};
pub use mapping::{Decision, Mapping};
pub use metadata::{ClipRecord, Field, FieldState, FieldValue, FrameChange, SET_BY_PERSON, Sourced};
pub use path::{RelPath, RelPathError};
pub use preset::{Preset, PresetDestination, PresetVerify};
pub use timecode::{FrameRate, Timecode, TimecodeError, TimecodeSpan};
pub use verdict::{CardFacts, CopyFacts, LocalPolicy, Overridden, Policy, SignOff, SignOffKind, Unmet, Verdict};

/// Instants are UTC and printed as RFC 3339; the clock that makes them belongs to the caller.
pub use jiff::Timestamp;
