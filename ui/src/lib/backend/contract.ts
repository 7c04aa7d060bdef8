// Made by `./dev codegen` from crates/contract. Do not edit.

export type Severity = "note" | "warning" | "error";

export type EvidenceLevel = "size_only" | "hash_in_flight" | "read_back_system" | "read_back_share" | "read_back_device";

export type Confidence = "unknown" | "directory_signature" | "file_name" | "container_metadata" | "sidecar_field";

export type ClipKind = "video" | "sequence" | "sound" | "still";

export type FileRole = "essence" | "segment" | "frame" | "second_card_half" | "audio_twin" | "sidecar" | "index" | "proxy" | "thumbnail" | "report" | "look" | "support" | "unknown";

export type JobState = "waiting" | "running" | "stopped" | "cancelled" | "interrupted" | "failed" | "done";

export type Station = "mounted" | "recognised" | "copied" | "proven" | "described" | "uploaded" | "released";

export type StationState = "waiting" | "working" | "done" | "attention" | "failed" | "not_asked";

export type ErrorCode = "source_gone" | "source_unreadable" | "source_changed" | "source_empty" | "destination_full" | "destination_failed" | "destination_unsafe" | "destination_occupied" | "copy_corrupt" | "busy" | "stopped" | "not_found" | "bad_request" | "history_damaged" | "media_unreadable" | "tool_failed" | "offline" | "cloud_refused" | "cloud_mismatch" | "state_failed" | "internal";

export type Retry = "never" | "later" | "now";

export type Problem = { 
/**
 * Closed code.
 */
code: ErrorCode, 
/**
 * One sentence, with the path or name it is about.
 */
summary: string, 
/**
 * Causes, outermost first.
 */
details: Array<string>, 
/**
 * What is safe now and what to do next.
 */
hint: string, 
/**
 * Whether trying again can help.
 */
retry: Retry, };

export type Override = { 
/**
 * Name the person gave.
 */
by: string, 
/**
 * Reason the person gave.
 */
reason: string, 
/**
 * When, RFC 3339.
 */
at: string, };

export type Finding = { 
/**
 * Stable code, e.g. `structure.truncated`.
 */
code: string, 
/**
 * How bad.
 */
severity: Severity, 
/**
 * What is the case, in one sentence, with the evidence ("declares 812 MB, 401 MB present").
 */
message: string, 
/**
 * What to do now.
 */
hint: string, 
/**
 * The file or folder it is about, if one.
 */
path?: string, 
/**
 * The clip it is about, if one.
 */
clip?: string, 
/**
 * Whether a named person may override it.
 */
overridable: boolean, 
/**
 * Who overrode it, if someone did.
 */
overridden?: Override, };

export type Unmet = { 
/**
 * Stable code, e.g. `verdict.copies`.
 */
code: string, 
/**
 * What is missing, in one sentence.
 */
reason: string, };

export type Overridden = { 
/**
 * Code of the finding.
 */
code: string, 
/**
 * What was found.
 */
message: string, 
/**
 * Who overrode it, why and when.
 */
by: Override, };

export type Verdict = { 
/**
 * True only if every condition is known to be met.
 */
safe: boolean, 
/**
 * Policy it was computed from.
 */
policy: string, 
/**
 * Every unmet condition; empty exactly if `safe`.
 */
unmet: Array<Unmet>, 
/**
 * Errors that would stand in the way, had a named person not overridden them.
 */
overridden: Array<Overridden>, };

export type SignOffKind = "quality" | "archived" | "day_complete" | "away";

export type SignOff = { 
/**
 * For what.
 */
what: SignOffKind, 
/**
 * Copy it is about, for `away`.
 */
copy: string | null, 
/**
 * Who.
 */
by: string, 
/**
 * When, RFC 3339.
 */
at: string, 
/**
 * In their words.
 */
note: string, };

export type VolumeView = { 
/**
 * Stable id.
 */
id: string, 
/**
 * Where it is mounted, for reading only.
 */
mount_point: string, 
/**
 * Volume label.
 */
label: string, 
/**
 * File system type.
 */
file_system: string, 
/**
 * `card`, `storage`, `system`, `network` or `other`.
 */
role: string, 
/**
 * Physical device it lies on, as far as the system tells.
 */
device: string | null, 
/**
 * Bus, if known (`usb`, `nvme`, `sata`, `virtual`).
 */
bus: string | null, 
/**
 * Link speed of the bus, if known.
 */
link_speed_mbps?: number, 
/**
 * The link in words, e.g. `USB 3, 5 Gbit/s`.
 */
link_words?: string, 
/**
 * Speed the device could do, if it tells.
 */
link_best_mbps?: number, 
/**
 * What to do about a link that is slower than the device.
 */
slow_link?: string, 
/**
 * Maker and model.
 */
model?: string, 
/**
 * Serial number or world-wide name of the disk, or of the reader.
 */
serial?: string, 
/**
 * The file system's own id.
 */
file_system_id?: string, 
/**
 * Medium or drive can be taken out, if known.
 */
removable?: boolean, 
/**
 * Spinning platters, if known.
 */
rotational?: boolean, 
/**
 * Mounted read-only.
 */
read_only: boolean, 
/**
 * Capacity.
 */
total_bytes: number, 
/**
 * Free space.
 */
free_bytes: number, };

export type DestinationView = { 
/**
 * Id.
 */
id: string, 
/**
 * Name people use.
 */
label: string, 
/**
 * Folder, for reading only.
 */
path: string, 
/**
 * It is there now.
 */
present: boolean, 
/**
 * Free space, if present.
 */
free_bytes: number | null, 
/**
 * Physical device, as far as the system tells.
 */
device: string | null, 
/**
 * The fastest it has been written to in a job, bytes a second.
 */
write_bps: number | null, 
/**
 * An offload goes to it unless other destinations are chosen: the preset names it, or names none and it is ticked.
 */
in_preset: boolean, 
/**
 * Ticked by a person, for presets that name no destinations.
 */
ticked: boolean, };

export type StationView = { 
/**
 * Which.
 */
station: Station, 
/**
 * State.
 */
state: StationState, 
/**
 * Words under the active station, e.g. `copy 2 of 2`.
 */
words: string, };

export type CopyState = "waiting" | "copying" | "reading_back" | "sealed" | "interrupted" | "failed";

export type CopyView = { 
/**
 * Id.
 */
id: string, 
/**
 * Destination as people call it.
 */
label: string, 
/**
 * Folder of the copy, for reading only.
 */
path: string, 
/**
 * State.
 */
state: CopyState, 
/**
 * Bytes done in the present phase.
 */
bytes_done: number, 
/**
 * Bytes of the present phase.
 */
bytes_total: number, 
/**
 * Files that failed.
 */
failed_files: number, 
/**
 * Weakest evidence over all files, once complete.
 */
evidence: EvidenceLevel | null, 
/**
 * The evidence in words.
 */
evidence_words: string, 
/**
 * How it was got.
 */
method: string, 
/**
 * When the last proof was complete.
 */
proven_at: string | null, 
/**
 * Physical device.
 */
device: string | null, 
/**
 * Manifest below the copy's root.
 */
manifest: string | null, 
/**
 * The manifest was read again and is equal.
 */
manifest_reread: boolean, 
/**
 * Why the copy is no longer what was proven, if anything.
 */
doubt?: string, };

export type FindingCounts = { 
/**
 * Errors.
 */
errors: number, 
/**
 * Warnings.
 */
warnings: number, 
/**
 * Notes.
 */
notes: number, 
/**
 * Findings a named person overrode; they count under none of the others.
 */
overridden: number, };

export type UploadState = "waiting" | "sending" | "offline" | "interrupted" | "processing" | "done" | "quarantined" | "failed";

export type ResultView = { 
/**
 * Name.
 */
name: string, 
/**
 * `preview`, `proxy`, `record` or `report`.
 */
kind: string, 
/**
 * Clip it belongs to.
 */
clip: string | null, 
/**
 * Size.
 */
size_bytes: number, };

export type UploadView = { 
/**
 * Id.
 */
id: string, 
/**
 * Cloud it goes to.
 */
url: string, 
/**
 * State.
 */
state: UploadState, 
/**
 * Bytes there.
 */
bytes_done: number, 
/**
 * Bytes in all.
 */
bytes_total: number, 
/**
 * Parts sent by this and earlier runs.
 */
parts_done: number, 
/**
 * Words of the cloud's stage, e.g. `verifying 12 of 40`.
 */
cloud_words: string, 
/**
 * Objects the cloud has verified against the manifest.
 */
objects_verified: number, 
/**
 * Objects in the package.
 */
objects_total: number, 
/**
 * Results that came back.
 */
results: Array<ResultView>, 
/**
 * What went wrong, if anything.
 */
problem?: Problem, };

export type CardView = { 
/**
 * Id.
 */
id: string, 
/**
 * Reel name, or the volume's label where none is known.
 */
reel: string, 
/**
 * Family as people say it.
 */
family: string, 
/**
 * Strength of the recognition.
 */
confidence: Confidence, 
/**
 * Camera letter, or `S` for sound; chooses the tape colour.
 */
camera_letter: string | null, 
/**
 * One line of picture facts, e.g. `ALEXA 35 · ProRes 4444 · 24`.
 */
facts: string, 
/**
 * Clips.
 */
clips: number, 
/**
 * Files.
 */
files: number, 
/**
 * Size.
 */
size_bytes: number, 
/**
 * When it was first seen.
 */
seen_at: string, 
/**
 * It is mounted now.
 */
mounted: boolean, 
/**
 * Mounted so that the system can write to it.
 */
writable: boolean, 
/**
 * How it is attached, in words, while it is mounted.
 */
link_words?: string, 
/**
 * What to do about a reader or port that is slower than it could be.
 */
slow_link?: string, 
/**
 * The seven stations.
 */
stations: Array<StationView>, 
/**
 * Copies.
 */
copies: Array<CopyView>, 
/**
 * The latest job.
 */
job: string | null, 
/**
 * Its state.
 */
job_state: JobState | null, 
/**
 * Findings by severity.
 */
findings: FindingCounts, 
/**
 * What went wrong, if anything.
 */
problem?: Problem, 
/**
 * Upload, if asked for.
 */
upload?: UploadView, 
/**
 * May it go back to the camera?
 */
verdict: Verdict, 
/**
 * May the copies on this machine's drives go?
 */
local_verdict: Verdict, 
/**
 * What named persons signed for.
 */
sign_offs: Array<SignOff>, 
/**
 * When the verdict became safe.
 */
safe_since: string | null, };

export type ClipView = { 
/**
 * Card it belongs to.
 */
card: string, 
/**
 * Reel of the card.
 */
reel: string, 
/**
 * Position on the card, also its id in picture URLs.
 */
index: number, 
/**
 * Name.
 */
name: string, 
/**
 * What it is.
 */
kind: ClipKind, 
/**
 * Size of all its files.
 */
size_bytes: number, 
/**
 * Files.
 */
files: number, 
/**
 * Start timecode, empty if unknown.
 */
tc_start: string, 
/**
 * End timecode (exclusive), empty if unknown.
 */
tc_end: string, 
/**
 * Duration in frames, if known.
 */
duration_frames: number | null, 
/**
 * Frame rate as text.
 */
rate: string, 
/**
 * Camera model.
 */
camera: string, 
/**
 * Codec.
 */
codec: string, 
/**
 * Picture size, e.g. `4608x3164`.
 */
picture_size: string, 
/**
 * Scene and take, if known.
 */
slate: string, 
/**
 * Version of its picture: changes when the picture does; `None` while there is none.
 */
picture: string | null, 
/**
 * How the picture was made, e.g. `ARRI LogC4 to ACES 2.0 Rec.709`, or why there is none.
 */
picture_words: string, 
/**
 * Worst finding about it.
 */
worst: Severity | null, };

export type ClipPage = { 
/**
 * Matching clips in all.
 */
total: number, 
/**
 * First one in `clips`.
 */
offset: number, 
/**
 * The clips.
 */
clips: Array<ClipView>, 
/**
 * Parts of the question that were not understood, in words.
 */
notes: Array<string>, };

export type SourceView = { 
/**
 * Normalised value, if the source knows.
 */
value: string | null, 
/**
 * As found.
 */
raw: string, 
/**
 * Where.
 */
source: string, };

export type FieldView = { 
/**
 * Canonical name.
 */
name: string, 
/**
 * `known`, `vendor_unknown` or `conflict`.
 */
state: string, 
/**
 * Value in use with its unit.
 */
value: string, 
/**
 * Every statement.
 */
sources: Array<SourceView>, };

export type FileView = { 
/**
 * Path below the card root, for reading only.
 */
path: string, 
/**
 * Size.
 */
size_bytes: number, 
/**
 * The part it plays.
 */
role: FileRole, };

export type ClipDetail = { 
/**
 * The row.
 */
clip: ClipView, 
/**
 * Its files.
 */
files: Array<FileView>, 
/**
 * Its canonical metadata.
 */
fields: Array<FieldView>, 
/**
 * Findings about it.
 */
findings: Array<Finding>, };

export type FailedFileView = { 
/**
 * Copy; `None` if the card itself could not be read.
 */
copy: string | null, 
/**
 * Path, for reading only.
 */
path: string, 
/**
 * What went wrong.
 */
problem: Problem, };

export type LogLine = { 
/**
 * When.
 */
at: string, 
/**
 * What.
 */
text: string, };

export type CardDetail = { 
/**
 * The row.
 */
card: CardView, 
/**
 * Why it was recognised as what it is.
 */
recognition: Array<string>, 
/**
 * Every finding, worst first.
 */
findings: Array<Finding>, 
/**
 * Files that failed.
 */
failed_files: Array<FailedFileView>, 
/**
 * What happened, oldest first.
 */
log: Array<LogLine>, 
/**
 * Version of the contact sheet, if there is one.
 */
contact_sheet: string | null, };

export type VerificationView = { 
/**
 * Id.
 */
id: string, 
/**
 * Folder, for reading only.
 */
path: string, 
/**
 * `waiting`, `running`, `whole`, `differences`, `stopped` or `failed`.
 */
state: string, 
/**
 * Bytes read.
 */
bytes_done: number, 
/**
 * Bytes in all.
 */
bytes_total: number, 
/**
 * Manifests used.
 */
manifests: Array<string>, 
/**
 * Files whose content was compared and is equal.
 */
checked: number, 
/**
 * Listed but not there.
 */
missing: Array<string>, 
/**
 * There but not listed.
 */
extra: Array<string>, 
/**
 * Content differs.
 */
mismatched: Array<string>, 
/**
 * Cannot be read.
 */
unreadable: Array<string>, 
/**
 * There under another form of their name.
 */
renamed: Array<string>, 
/**
 * Histories and lists that cannot be trusted.
 */
damaged: Array<string>, 
/**
 * Warnings.
 */
notes: Array<string>, 
/**
 * How it was read, in words.
 */
evidence_words: string, 
/**
 * What went wrong, if anything.
 */
problem?: Problem, };

export type PresetView = { 
/**
 * Name of the preset that is used.
 */
name: string, 
/**
 * Why it cannot be used.
 */
problem?: Problem, 
/**
 * Runs by itself.
 */
automatic: boolean, 
/**
 * It names its own destinations; what is ticked plays no part then.
 */
names_destinations: boolean, 
/**
 * Hash formats (`xxh64`, `md5`, …).
 */
hashes: Array<string>, 
/**
 * `device`, `system` or `none`.
 */
verify: string, 
/**
 * Read the card a second time.
 */
source_reread: boolean, 
/**
 * Render previews.
 */
previews: boolean, 
/**
 * Upload from a verified copy.
 */
upload: boolean, };

export type CloudView = { 
/**
 * URL, if one is set.
 */
url: string | null, 
/**
 * Answers now.
 */
online: boolean, 
/**
 * In words, e.g. `offline since 14:02`.
 */
words: string, };

export type LaneView = { 
/**
 * Name, e.g. `SSD-7`.
 */
label: string, 
/**
 * `card`, `copy` or `cloud`.
 */
kind: string, 
/**
 * Averaged over five seconds.
 */
bytes_per_sec: number, 
/**
 * It limits the others.
 */
bottleneck: boolean, };

export type QueueEntry = { 
/**
 * Job.
 */
job: string, 
/**
 * Card.
 */
card: string, 
/**
 * Its reel.
 */
reel: string, 
/**
 * `waiting` or `running`.
 */
state: JobState, 
/**
 * Higher goes first among those that want the same device.
 */
priority: number, 
/**
 * This process holds it; else another one does.
 */
here: boolean, 
/**
 * What it waits for; empty while it runs.
 */
words: string, };

export type FolderSketch = { 
/**
 * The path below a destination, as far as it can be told.
 */
path: string, 
/**
 * What a person should know although it works.
 */
notes: Array<string>, 
/**
 * Why it does not work.
 */
problem: string | null, };

export type TokenView = { 
/**
 * As it stands in the template, without braces.
 */
name: string, 
/**
 * What it stands for.
 */
words: string, 
/**
 * A value.
 */
example: string, };

export type PresetDestinationView = { 
/**
 * Label of a volume or of a destination that is set up; empty where the volume id alone counts.
 */
label: string, 
/**
 * Volume id; empty where the label is enough.
 */
volume: string, 
/**
 * Folder on it.
 */
folder: string, 
/**
 * Level of the cascade, from 1.
 */
level: number, 
/**
 * The job may begin without it.
 */
optional: boolean, };

export type PresetDetail = { 
/**
 * Name.
 */
name: string, 
/**
 * The user's own, which can be removed.
 */
own: boolean, 
/**
 * One of that name ships; it is there again when the user's own is removed.
 */
shipped: boolean, 
/**
 * One line.
 */
about: string, 
/**
 * Folder template.
 */
folder: string, 
/**
 * Values of its tokens.
 */
values: { [key in string]: string }, 
/**
 * Hash formats.
 */
hashes: Array<string>, 
/**
 * `device`, `system` or `none`.
 */
verify: string, 
/**
 * Read the card a second time.
 */
source_reread: boolean, 
/**
 * Render previews.
 */
previews: boolean, 
/**
 * Upload.
 */
upload: boolean, 
/**
 * Policy; empty for the one that is set.
 */
policy: string, 
/**
 * Place in the queue.
 */
priority: number, 
/**
 * Destinations; none means those that are ticked.
 */
destinations: Array<PresetDestinationView>, };

export type PresetList = { 
/**
 * Name of the one that is used.
 */
used: string, 
/**
 * All, by name.
 */
presets: Array<PresetDetail>, 
/**
 * What folder templates can ask for.
 */
tokens: Array<TokenView>, 
/**
 * Names of policies.
 */
policies: Array<string>, };

export type MappedField = { 
/**
 * Canonical name (`docs/fields.md`).
 */
field: string, 
/**
 * Value; none where no source may say it.
 */
value: string | null, };

export type CameraMapping = { 
/**
 * Id.
 */
id: string, 
/**
 * The camera format it was said for, in words.
 */
format: string, 
/**
 * What a clip's own sources must say, and not say, for it to hold.
 */
when: Array<MappedField>, 
/**
 * What is taken for it.
 */
fields: Array<MappedField>, 
/**
 * Who, and how they know, as it stands beside each value.
 */
why: string, 
/**
 * Who.
 */
by: string, 
/**
 * When.
 */
at: string, 
/**
 * When it was forgotten.
 */
forgotten_at: string | null, };

export type CameraMappings = { 
/**
 * Oldest first.
 */
mappings: Array<CameraMapping>, };

export type MappedCamera = { 
/**
 * The mapping.
 */
mapping: CameraMapping, 
/**
 * Clips it holds for, of those that were looked at.
 */
clips: number, 
/**
 * Known cards whose clips changed.
 */
cards: Array<string>, };

export type MapCameraRequest = { 
/**
 * Card.
 */
card: string, 
/**
 * A clip of the camera that is meant, where the card holds several camera formats.
 */
clip?: string, 
/**
 * What is to be known of it.
 */
fields: Array<MappedField>, 
/**
 * Who says so.
 */
by: string, 
/**
 * How they know; may be empty.
 */
note: string, };

export type ForgetCameraRequest = { 
/**
 * Id.
 */
id: string, };

export type Snapshot = { 
/**
 * Rises with every change of state.
 */
rev: number, 
/**
 * Version of the application.
 */
version: string, 
/**
 * Production, day and unit as set by the user, shown in the bar.
 */
project: string, 
/**
 * Mounted volumes.
 */
volumes: Array<VolumeView>, 
/**
 * Destinations.
 */
destinations: Array<DestinationView>, 
/**
 * Cards, newest first.
 */
cards: Array<CardView>, 
/**
 * Jobs that wait or run, in their order.
 */
queue: Array<QueueEntry>, 
/**
 * Why the machine may go to sleep although a job runs.
 */
may_sleep?: string, 
/**
 * Verifications, newest first.
 */
verifications: Array<VerificationView>, 
/**
 * What runs by itself.
 */
preset: PresetView, 
/**
 * The cloud.
 */
cloud: CloudView, 
/**
 * ffmpeg's version line, or why there is none.
 */
decoder: string, };

export type LaneTick = { 
/**
 * Copy id, `card` for reading the card, `upload` for the cloud.
 */
id: string, 
/**
 * Label for the device strip.
 */
label: string, 
/**
 * Phase in words: `copying`, `reading back`, `second read`, `sealing`, `sending`.
 */
phase: string, 
/**
 * Bytes done in this phase.
 */
bytes_done: number, 
/**
 * Bytes of this phase.
 */
bytes_total: number, 
/**
 * Averaged over five seconds.
 */
bytes_per_sec: number, 
/**
 * Honest estimate for this lane including what follows; `None` while unknown.
 */
eta_secs: number | null, 
/**
 * It limits the others.
 */
bottleneck: boolean, };

export type CardTick = { 
/**
 * Card id.
 */
card: string, 
/**
 * What it does now, in words.
 */
words: string, 
/**
 * File under way, for reading only.
 */
file: string, 
/**
 * Until the card is no longer needed, if known.
 */
card_free_secs: number | null, 
/**
 * Until everything is done, if known.
 */
eta_secs: number | null, 
/**
 * Lanes.
 */
lanes: Array<LaneTick>, };

export type UiFrame = { 
/**
 * Revision of the state; when it is higher than the page's, the page fetches a snapshot.
 */
rev: number, 
/**
 * Cards that move, at most 12 with two lanes each, fewer with more.
 */
cards: Array<CardTick>, 
/**
 * Bytes a second written to all copies of all cards.
 */
bytes_per_sec: number, 
/**
 * Until the last of these cards is done; `None` while that of any is not known.
 */
eta_secs: number | null, 
/**
 * Verifications that move: id, done, total.
 */
verifications: Array<[string, number, number]>, };

export type CardRequest = { 
/**
 * Card.
 */
card: string, };

export type JobRequest = { 
/**
 * Job.
 */
job: string, };

export type MoveJob = { 
/**
 * Job.
 */
job: string, 
/**
 * `first`, `last`, `up` or `down`.
 */
to: string, };

export type PresetRequest = { 
/**
 * Name.
 */
name: string, };

export type FolderRequest = { 
/**
 * The template.
 */
folder: string, 
/**
 * Values of tokens that do not come from a card.
 */
values: { [key in string]: string }, 
/**
 * For this card; with examples where there is none.
 */
card?: string, };

export type DestinationRequest = { 
/**
 * Destination.
 */
destination: string, 
/**
 * For presets that name no destinations.
 */
ticked?: boolean, };

export type StartOffload = { 
/**
 * Card.
 */
card: string, 
/**
 * Destination ids; at least one.
 */
destinations: Array<string>, };

export type ClipsRequest = { 
/**
 * Only this card.
 */
card?: string, 
/**
 * Words that must all occur, timecodes, and parts such as `reel:A003`, `tc:14:00-14:05`, `scene:12`, `camera:A`.
 */
filter: string, 
/**
 * First row.
 */
offset: number, 
/**
 * Rows, at most 500.
 */
limit: number, };

export type ClipRequest = { 
/**
 * Card.
 */
card: string, 
/**
 * Position on the card.
 */
index: number, };

export type OverrideRequest = { 
/**
 * Card.
 */
card: string, 
/**
 * Code of the findings.
 */
code: string, 
/**
 * Only the one about this path.
 */
path?: string, 
/**
 * Only the one about this clip.
 */
clip?: string, 
/**
 * Who overrides, by name.
 */
by: string, 
/**
 * Why.
 */
reason: string, };

export type WithdrawRequest = { 
/**
 * Card.
 */
card: string, 
/**
 * Code of the findings.
 */
code: string, };

export type SignOffRequest = { 
/**
 * Card.
 */
card: string, 
/**
 * For what.
 */
what: SignOffKind, 
/**
 * Copy that was taken away, by id or label.
 */
copy?: string, 
/**
 * Who signs, by name.
 */
by: string, 
/**
 * A word about it.
 */
note: string, 
/**
 * Take the signature back.
 */
withdraw: boolean, };

export type ExportRequest = { 
/**
 * Card.
 */
card: string, 
/**
 * `ale`, `csv`, `otio`, `omc`, `opentrackio` or `fdl`.
 */
format: string, };

export type CloudRequest = { 
/**
 * URL; empty removes it.
 */
url: string, 
/**
 * Bearer token; kept out of every answer.
 */
token: string, };

export type ProjectRequest = { 
/**
 * Free text, e.g. `NIGHTFALL · Day 12 · MU`.
 */
project: string, };

export type Empty = Record<symbol, never>;

export type MaybeId = { 
/**
 * Id.
 */
id: string | null, };

export type Written = { 
/**
 * Where, for reading only.
 */
path: string | null, };

export interface Commands {
  /** Everything needed to draw the page. */
  get_snapshot: { req: Empty; res: Snapshot };
  /** Everything about one card. */
  get_card: { req: CardRequest; res: CardDetail };
  /** Part of the clip list. */
  get_clips: { req: ClipsRequest; res: ClipPage };
  /** Everything about one clip. */
  get_clip: { req: ClipRequest; res: ClipDetail };
  /** Opens a dialog for a folder that is to be treated as a card. */
  pick_card: { req: Empty; res: MaybeId };
  /** Opens a dialog for a destination. */
  pick_destination: { req: Empty; res: MaybeId };
  /** Puts a destination into the preset or takes it out. */
  set_destination: { req: DestinationRequest; res: Empty };
  /** Forgets a destination; nothing on it is touched. */
  forget_destination: { req: DestinationRequest; res: Empty };
  /** Starts the main job. */
  start_offload: { req: StartOffload; res: MaybeId };
  /** Pauses a job, whatever process holds it; it can always be resumed. */
  stop_job: { req: JobRequest; res: Empty };
  /** Takes a job out of the queue; what is proven stays, and nothing goes on by itself. */
  cancel_job: { req: JobRequest; res: Empty };
  /** Moves a job in the queue. */
  move_job: { req: MoveJob; res: Empty };
  /** Every preset, and what is needed to edit one. */
  get_presets: { req: Empty; res: PresetList };
  /** Stores a preset as the user's own. */
  save_preset: { req: PresetDetail; res: Empty };
  /** Removes a preset of the user's own. */
  remove_preset: { req: PresetRequest; res: Empty };
  /** Chooses the preset that is used. */
  use_preset: { req: PresetRequest; res: Empty };
  /** The folder that a template makes. */
  sketch_folder: { req: FolderRequest; res: FolderSketch };
  /** Writes everything out and unmounts the volume a card is on, unless something still uses it. */
  eject_card: { req: CardRequest; res: Empty };
  /** Goes on with a job. */
  resume_job: { req: JobRequest; res: Empty };
  /** Starts or resumes the upload of a card from a verified copy. */
  start_upload: { req: CardRequest; res: Empty };
  /** Stops the upload of a card; it can always be resumed. */
  stop_upload: { req: CardRequest; res: Empty };
  /** Opens a dialog for a folder and verifies it against whatever manifests are there. */
  pick_verification: { req: Empty; res: MaybeId };
  /** Overrides findings of a card, with a name and a reason. */
  override_finding: { req: OverrideRequest; res: Empty };
  /** Takes back overrides of a card. */
  withdraw_override: { req: WithdrawRequest; res: Empty };
  /** Signs for what no program can see, or takes that back. */
  sign_off: { req: SignOffRequest; res: Empty };
  /** What people said about cameras that do not name themselves. */
  get_camera_mappings: { req: Empty; res: CameraMappings };
  /** Remembers what a camera is that does not name itself, for every card of its format. */
  map_camera: { req: MapCameraRequest; res: MappedCamera };
  /** Forgets what was said about a camera; that it was said stays recorded. */
  forget_camera: { req: ForgetCameraRequest; res: MappedCamera };
  /** Opens a dialog and writes an ALE or CSV. */
  export: { req: ExportRequest; res: Written };
  /** Changes what runs by itself. */
  set_preset: { req: PresetView; res: Empty };
  /** Sets where the cloud is. */
  set_cloud: { req: CloudRequest; res: Empty };
  /** Sets the words in the bar. */
  set_project: { req: ProjectRequest; res: Empty };
}
