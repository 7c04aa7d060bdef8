//! Owns the views: what is shown of cards, copies, clips, findings, uploads and verdicts.

use crate::queue_view::QueueEntry;
use checkgate_model::{
    ClipKind, Confidence, ErrorCode, EvidenceLevel, FileRole, Finding, JobState, Problem, Severity, SignOff, Station,
    StationState, Verdict,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A mounted volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VolumeView {
    /// Stable id.
    pub id: String,
    /// Where it is mounted, for reading only.
    pub mount_point: String,
    /// Volume label.
    pub label: String,
    /// File system type.
    pub file_system: String,
    /// `card`, `storage`, `system`, `network` or `other`.
    pub role: String,
    /// Physical device it lies on, as far as the system tells.
    pub device: Option<String>,
    /// Bus, if known (`usb`, `nvme`, `sata`, `virtual`).
    pub bus: Option<String>,
    /// Link speed of the bus, if known.
    #[ts(optional)]
    pub link_speed_mbps: Option<u32>,
    /// The link in words, e.g. `USB 3, 5 Gbit/s`.
    #[ts(optional)]
    pub link_words: Option<String>,
    /// Speed the device could do, if it tells.
    #[ts(optional)]
    pub link_best_mbps: Option<u32>,
    /// What to do about a link that is slower than the device.
    #[ts(optional)]
    pub slow_link: Option<String>,
    /// Maker and model.
    #[ts(optional)]
    pub model: Option<String>,
    /// Serial number or world-wide name of the disk, or of the reader.
    #[ts(optional)]
    pub serial: Option<String>,
    /// The file system's own id.
    #[ts(optional)]
    pub file_system_id: Option<String>,
    /// Medium or drive can be taken out, if known.
    #[ts(optional)]
    pub removable: Option<bool>,
    /// Spinning platters, if known.
    #[ts(optional)]
    pub rotational: Option<bool>,
    /// Mounted read-only.
    pub read_only: bool,
    /// Capacity.
    pub total_bytes: u64,
    /// Free space.
    pub free_bytes: u64,
}

/// A folder that copies go to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DestinationView {
    /// Id.
    pub id: String,
    /// Name people use.
    pub label: String,
    /// Folder, for reading only.
    pub path: String,
    /// It is there now.
    pub present: bool,
    /// Free space, if present.
    pub free_bytes: Option<u64>,
    /// Physical device, as far as the system tells.
    pub device: Option<String>,
    /// The fastest it has been written to in a job, bytes a second.
    pub write_bps: Option<u64>,
    /// An offload goes to it unless other destinations are chosen: the preset names it, or names none and it is ticked.
    pub in_preset: bool,
    /// Ticked by a person, for presets that name no destinations.
    pub ticked: bool,
}

/// One station of a card's life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StationView {
    /// Which.
    pub station: Station,
    /// State.
    pub state: StationState,
    /// Words under the active station, e.g. `copy 2 of 2`.
    pub words: String,
}

/// State of one copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// Not begun.
    Waiting,
    /// Bytes are being written.
    Copying,
    /// Being read back.
    ReadingBack,
    /// Complete and sealed; see the evidence.
    Sealed,
    /// Stopped in the middle; resumable.
    Interrupted,
    /// Failed.
    Failed,
}

/// One copy of a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CopyView {
    /// Id.
    pub id: String,
    /// Destination as people call it.
    pub label: String,
    /// Folder of the copy, for reading only.
    pub path: String,
    /// State.
    pub state: CopyState,
    /// Bytes done in the present phase.
    pub bytes_done: u64,
    /// Bytes of the present phase.
    pub bytes_total: u64,
    /// Files that failed.
    pub failed_files: u64,
    /// Weakest evidence over all files, once complete.
    pub evidence: Option<EvidenceLevel>,
    /// The evidence in words.
    pub evidence_words: String,
    /// How it was got.
    pub method: String,
    /// When the last proof was complete.
    pub proven_at: Option<String>,
    /// Physical device.
    pub device: Option<String>,
    /// Manifest below the copy's root.
    pub manifest: Option<String>,
    /// The manifest was read again and is equal.
    pub manifest_reread: bool,
    /// Why the copy is no longer what was proven, if anything.
    #[serde(default)]
    #[ts(optional)]
    pub doubt: Option<String>,
}

/// Number of findings by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindingCounts {
    /// Errors.
    pub errors: u32,
    /// Warnings.
    pub warnings: u32,
    /// Notes.
    pub notes: u32,
    /// Findings a named person overrode; they count under none of the others.
    pub overridden: u32,
}

impl FindingCounts {
    /// Counts `findings`.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let open = |finding: &&Finding| finding.overridden.is_none();
        let count = |severity| findings.iter().filter(open).filter(|finding| finding.severity == severity).count() as u32;
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            overridden: findings.iter().filter(|finding| finding.overridden.is_some()).count() as u32,
        }
    }
}

/// State of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Waits for its turn.
    Waiting,
    /// Parts are on their way.
    Sending,
    /// No network; goes on by itself.
    Offline,
    /// Stopped or its process ended; resumable.
    Interrupted,
    /// Everything is there; the cloud works on it.
    Processing,
    /// The cloud has verified, inspected and rendered it.
    Done,
    /// Bytes in the cloud differ from the manifest.
    Quarantined,
    /// Failed.
    Failed,
}

/// One package on its way to the cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct UploadView {
    /// Id.
    pub id: String,
    /// Cloud it goes to.
    pub url: String,
    /// State.
    pub state: UploadState,
    /// Bytes there.
    pub bytes_done: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// Parts sent by this and earlier runs.
    pub parts_done: u64,
    /// Words of the cloud's stage, e.g. `verifying 12 of 40`.
    pub cloud_words: String,
    /// Objects the cloud has verified against the manifest.
    pub objects_verified: u64,
    /// Objects in the package.
    pub objects_total: u64,
    /// Results that came back.
    pub results: Vec<ResultView>,
    /// What went wrong, if anything.
    #[ts(optional)]
    pub problem: Option<Problem>,
}

/// One result of the cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ResultView {
    /// Name.
    pub name: String,
    /// `preview`, `proxy`, `record` or `report`.
    pub kind: String,
    /// Clip it belongs to.
    pub clip: Option<String>,
    /// Size.
    pub size_bytes: u64,
}

/// A card in the list: everything for its row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CardView {
    /// Id.
    pub id: String,
    /// Reel name, or the volume's label where none is known.
    pub reel: String,
    /// Family as people say it.
    pub family: String,
    /// Strength of the recognition.
    pub confidence: Confidence,
    /// Camera letter, or `S` for sound; chooses the tape colour.
    pub camera_letter: Option<String>,
    /// One line of picture facts, e.g. `ALEXA 35 · ProRes 4444 · 24`.
    pub facts: String,
    /// Clips.
    pub clips: u32,
    /// Files.
    pub files: u64,
    /// Size.
    pub size_bytes: u64,
    /// When it was first seen.
    pub seen_at: String,
    /// It is mounted now.
    pub mounted: bool,
    /// Mounted so that the system can write to it.
    pub writable: bool,
    /// How it is attached, in words, while it is mounted.
    #[ts(optional)]
    pub link_words: Option<String>,
    /// What to do about a reader or port that is slower than it could be.
    #[ts(optional)]
    pub slow_link: Option<String>,
    /// The seven stations.
    pub stations: Vec<StationView>,
    /// Copies.
    pub copies: Vec<CopyView>,
    /// The latest job.
    pub job: Option<String>,
    /// Its state.
    pub job_state: Option<JobState>,
    /// Findings by severity.
    pub findings: FindingCounts,
    /// What went wrong, if anything.
    #[ts(optional)]
    pub problem: Option<Problem>,
    /// Upload, if asked for.
    #[ts(optional)]
    pub upload: Option<UploadView>,
    /// May it go back to the camera?
    pub verdict: Verdict,
    /// May the copies on this machine's drives go?
    pub local_verdict: Verdict,
    /// What named persons signed for.
    pub sign_offs: Vec<SignOff>,
    /// When the verdict became safe.
    pub safe_since: Option<String>,
}

/// A clip in the grid or table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClipView {
    /// Card it belongs to.
    pub card: String,
    /// Reel of the card.
    pub reel: String,
    /// Position on the card, also its id in picture URLs.
    pub index: u32,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: ClipKind,
    /// Size of all its files.
    pub size_bytes: u64,
    /// Files.
    pub files: u32,
    /// Start timecode, empty if unknown.
    pub tc_start: String,
    /// End timecode (exclusive), empty if unknown.
    pub tc_end: String,
    /// Duration in frames, if known.
    pub duration_frames: Option<u64>,
    /// Frame rate as text.
    pub rate: String,
    /// Camera model.
    pub camera: String,
    /// Codec.
    pub codec: String,
    /// Picture size, e.g. `4608x3164`.
    pub picture_size: String,
    /// Scene and take, if known.
    pub slate: String,
    /// Version of its picture: changes when the picture does; `None` while there is none.
    pub picture: Option<String>,
    /// How the picture was made, e.g. `ARRI LogC4 to ACES 2.0 Rec.709`, or why there is none.
    pub picture_words: String,
    /// Worst finding about it.
    pub worst: Option<Severity>,
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClipPage {
    /// Matching clips in all.
    pub total: u32,
    /// First one in `clips`.
    pub offset: u32,
    /// The clips.
    pub clips: Vec<ClipView>,
    /// Parts of the question that were not understood, in words.
    pub notes: Vec<String>,
}

/// One statement of one source about a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceView {
    /// Normalised value, if the source knows.
    pub value: Option<String>,
    /// As found.
    pub raw: String,
    /// Where.
    pub source: String,
}

/// One canonical field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FieldView {
    /// Canonical name.
    pub name: String,
    /// `known`, `vendor_unknown` or `conflict`.
    pub state: String,
    /// Value in use with its unit.
    pub value: String,
    /// Every statement.
    pub sources: Vec<SourceView>,
}

/// One file of a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FileView {
    /// Path below the card root, for reading only.
    pub path: String,
    /// Size.
    pub size_bytes: u64,
    /// The part it plays.
    pub role: FileRole,
}

/// Everything about one clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClipDetail {
    /// The row.
    pub clip: ClipView,
    /// Its files.
    pub files: Vec<FileView>,
    /// Its canonical metadata.
    pub fields: Vec<FieldView>,
    /// Findings about it.
    pub findings: Vec<Finding>,
}

/// A file that failed on one copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FailedFileView {
    /// Copy; `None` if the card itself could not be read.
    pub copy: Option<String>,
    /// Path, for reading only.
    pub path: String,
    /// What went wrong.
    pub problem: Problem,
}

/// One line of a card's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LogLine {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
}

/// Everything about one card that the row does not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CardDetail {
    /// The row.
    pub card: CardView,
    /// Why it was recognised as what it is.
    pub recognition: Vec<String>,
    /// Every finding, worst first.
    pub findings: Vec<Finding>,
    /// Files that failed.
    pub failed_files: Vec<FailedFileView>,
    /// What happened, oldest first.
    pub log: Vec<LogLine>,
    /// Version of the contact sheet, if there is one.
    pub contact_sheet: Option<String>,
}

/// A verification of a folder that somebody brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VerificationView {
    /// Id.
    pub id: String,
    /// Folder, for reading only.
    pub path: String,
    /// `waiting`, `running`, `whole`, `differences`, `stopped` or `failed`.
    pub state: String,
    /// Bytes read.
    pub bytes_done: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// Manifests used.
    pub manifests: Vec<String>,
    /// Files whose content was compared and is equal.
    pub checked: u64,
    /// Listed but not there.
    pub missing: Vec<String>,
    /// There but not listed.
    pub extra: Vec<String>,
    /// Content differs.
    pub mismatched: Vec<String>,
    /// Cannot be read.
    pub unreadable: Vec<String>,
    /// There under another form of their name.
    #[serde(default)]
    pub renamed: Vec<String>,
    /// Histories and lists that cannot be trusted.
    #[serde(default)]
    pub damaged: Vec<String>,
    /// Warnings.
    pub notes: Vec<String>,
    /// How it was read, in words.
    pub evidence_words: String,
    /// What went wrong, if anything.
    #[ts(optional)]
    pub problem: Option<Problem>,
}

/// What runs by itself when a card is mounted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetView {
    /// Name of the preset that is used.
    pub name: String,
    /// Why it cannot be used.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Runs by itself.
    pub automatic: bool,
    /// It names its own destinations; what is ticked plays no part then.
    pub names_destinations: bool,
    /// Hash formats (`xxh64`, `md5`, …).
    pub hashes: Vec<String>,
    /// `device`, `system` or `none`.
    pub verify: String,
    /// Read the card a second time.
    pub source_reread: bool,
    /// Render previews.
    pub previews: bool,
    /// Upload from a verified copy.
    pub upload: bool,
}

/// The cloud as seen from here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CloudView {
    /// URL, if one is set.
    pub url: Option<String>,
    /// Answers now.
    pub online: bool,
    /// In words, e.g. `offline since 14:02`.
    pub words: String,
}

/// A device lane at the bottom of the frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LaneView {
    /// Name, e.g. `SSD-7`.
    pub label: String,
    /// `card`, `copy` or `cloud`.
    pub kind: String,
    /// Averaged over five seconds.
    pub bytes_per_sec: u64,
    /// It limits the others.
    pub bottleneck: bool,
}

/// Everything the page needs to draw itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Snapshot {
    /// Rises with every change of state.
    pub rev: u64,
    /// Version of the application.
    pub version: String,
    /// Production, day and unit as set by the user, shown in the bar.
    pub project: String,
    /// Mounted volumes.
    pub volumes: Vec<VolumeView>,
    /// Destinations.
    pub destinations: Vec<DestinationView>,
    /// Cards, newest first.
    pub cards: Vec<CardView>,
    /// Jobs that wait or run, in their order.
    pub queue: Vec<QueueEntry>,
    /// Why the machine may go to sleep although a job runs.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_sleep: Option<String>,
    /// Verifications, newest first.
    pub verifications: Vec<VerificationView>,
    /// What runs by itself.
    pub preset: PresetView,
    /// The cloud.
    pub cloud: CloudView,
    /// ffmpeg's version line, or why there is none.
    pub decoder: String,
}

/// One code with its words, for help and tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ErrorCodeView {
    /// Code.
    pub code: ErrorCode,
    /// Hint.
    pub hint: String,
}
