//! Owns the views: stored rows and live numbers made into what the page and `--json` see. Holds no rules: the verdict, the states
//! and the evidence are taken as they are stored.

use crate::verdict::newest_copies;
use crate::{App, lock, not_found, queue, state_problem};
use checkgate_catalog::{CardRow, ClipRow, CopyRow, JobRow, UploadRow};
use checkgate_contract::{
    CardDetail, CardView, ClipDetail, ClipPage, ClipView, ClipsRequest, CopyState, CopyView, DestinationView, FailedFileView,
    FieldView, FileView, FindingCounts, LogLine, PresetView, ResultView, Snapshot, SourceView, StationView, UploadState,
    UploadView, VolumeView,
};
use checkgate_model::verdict::{judge, judge_local};
use checkgate_model::{ClipKind, Finding, JobState, Problem, Severity, Station, StationState, Verdict};
use checkgate_transfer::{PackageState, PackageStatus};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

const MOST_CARDS: u32 = 200;

impl App {
    /// Everything needed to draw the page.
    pub async fn snapshot(&self) -> Result<Snapshot, Problem> {
        let rev = self.rev();
        let settings = self.settings().await?;
        let mut cards = Vec::new();
        for card in self.catalog().cards(MOST_CARDS).await.map_err(state_problem)? {
            cards.push(self.card_view(&card).await?);
        }
        let volumes = tokio::task::spawn_blocking(crate::list_volumes)
            .await
            .map_err(|error| Problem::from_error(checkgate_model::ErrorCode::Internal, &error))?
            .unwrap_or_else(|problem| {
                tracing::warn!(%problem, "volumes cannot be listed");
                Vec::new()
            });
        let may_sleep = crate::lock(&self.inner.awake).refused().map(str::to_owned);
        Ok(Snapshot {
            rev,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            project: settings.project.clone(),
            volumes,
            destinations: self.destinations().await?,
            cards,
            verifications: self.verification_views().await?,
            preset: self.preset_view(&settings).await,
            queue: self.queue().await?,
            may_sleep,
            cloud: self.cloud_view().await?,
            decoder: self.decoder().map_or_else(|problem| problem.summary, |ffmpeg| format!("ffmpeg {}", ffmpeg.version())),
        })
    }

    async fn preset_view(&self, settings: &crate::Settings) -> PresetView {
        let (preset, problem) = match self.preset(&settings.preset).await {
            Ok(preset) => (preset, None),
            Err(problem) => (checkgate_model::Preset::default(), Some(problem)),
        };
        PresetView {
            name: settings.preset.clone(),
            problem,
            automatic: settings.automatic,
            names_destinations: !preset.destinations.is_empty(),
            hashes: preset.hashes.iter().map(|format| format.name().to_owned()).collect(),
            verify: preset.verify.word().to_owned(),
            source_reread: preset.source_reread,
            previews: preset.previews,
            upload: preset.upload,
        }
    }

    /// Destinations with what is true of them now.
    pub async fn destinations(&self) -> Result<Vec<DestinationView>, Problem> {
        let rows = self.catalog().destinations().await.map_err(state_problem)?;
        let speeds = self.catalog().speeds().await.map_err(state_problem)?;
        let named = self.named_by_preset().await?;
        let views = tokio::task::spawn_blocking(move || {
            rows.into_iter()
                .map(|row| {
                    let present = Path::new(&row.path).is_dir();
                    let volume = if present { checkgate_volume::volume_of(Path::new(&row.path)).ok() } else { None };
                    let device = volume.as_ref().map(queue::device_of);
                    let row_path = PathBuf::from(&row.path);
                    DestinationView {
                        id: row.id,
                        label: row.label,
                        path: row.path,
                        present,
                        free_bytes: volume.as_ref().map(|volume| volume.free_bytes),
                        write_bps: device
                            .and_then(|device| speeds.iter().find(|speed| speed.device == device))
                            .and_then(|speed| speed.write_bps),
                        device: volume.and_then(|volume| volume.device_identity),
                        in_preset: named.as_ref().map_or(row.in_preset, |paths| paths.contains(&row_path)),
                        ticked: row.in_preset,
                    }
                })
                .collect()
        });
        views.await.map_err(|error| Problem::from_error(checkgate_model::ErrorCode::Internal, &error))
    }

    /// Where the destinations lie that the used preset names; `None` where it names none, or cannot be used.
    async fn named_by_preset(&self) -> Result<Option<Vec<PathBuf>>, Problem> {
        // A preset that cannot be read is told by its own view.
        let Ok((_, preset)) = self.used_preset().await else { return Ok(None) };
        if preset.destinations.is_empty() {
            return Ok(None);
        }
        let found = self.places_of(&preset).await?.into_iter().filter_map(Result::ok).flatten();
        Ok(Some(found.map(|path| checkgate_volume::place::canonical(&path).unwrap_or(path)).collect()))
    }

    /// Everything about one card.
    pub async fn card(&self, id: &str) -> Result<CardDetail, Problem> {
        let row = self.catalog().card(id).await.map_err(state_problem)?.ok_or_else(|| not_found("card", id))?;
        let job = self.catalog().latest_job_of(id).await.map_err(state_problem)?;
        let failed_files = match &job {
            Some(job) => self.catalog().failed_files_of(&job.id).await.map_err(state_problem)?,
            None => Vec::new(),
        };
        Ok(CardDetail {
            card: self.card_view(&row).await?,
            recognition: row.recognition.evidence.iter().map(|evidence| evidence.what.clone()).collect(),
            findings: self.findings_of(id).await?,
            failed_files: failed_files
                .into_iter()
                .map(|file| FailedFileView { copy: file.copy, path: file.path, problem: file.problem })
                .collect(),
            log: self
                .catalog()
                .log_of(id)
                .await
                .map_err(state_problem)?
                .into_iter()
                .map(|(at, text)| LogLine { at, text })
                .collect(),
            contact_sheet: row.sheet,
        })
    }

    /// Part of the clip list.
    pub async fn clips(&self, request: ClipsRequest) -> Result<ClipPage, Problem> {
        let limit = request.limit.clamp(1, 500);
        let mut question = crate::search::understand(&request.filter);
        question.search.card.clone_from(&request.card);
        let (total, rows) = self.catalog().search_clips(&question.search, request.offset, limit).await.map_err(state_problem)?;
        let mut clips = Vec::new();
        let mut card: Option<(CardRow, Vec<Finding>)> = None;
        for row in rows {
            if card.as_ref().is_none_or(|(known, _)| known.id != row.card) {
                let known =
                    self.catalog().card(&row.card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", &row.card))?;
                let findings = self.findings_of(&row.card).await?;
                card = Some((known, findings));
            }
            if let Some((known, findings)) = &card {
                clips.push(clip_view(known, &row, findings));
            }
        }
        Ok(ClipPage { total, offset: request.offset, clips, notes: question.notes })
    }

    /// Everything about one clip.
    pub async fn clip(&self, card: &str, index: u32) -> Result<ClipDetail, Problem> {
        let known = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let findings = self.findings_of(card).await?;
        let rows = self.catalog().clips_of(card).await.map_err(state_problem)?;
        let row = rows.into_iter().find(|row| row.position == index).ok_or_else(|| not_found("clip", &index.to_string()))?;
        let clip = known.recognition.clips.get(index as usize).ok_or_else(|| not_found("clip", &index.to_string()))?;
        let fields = row.record.iter().flat_map(|record| &record.fields).map(|(name, field)| FieldView {
            name: name.clone(),
            state: word(&field.state),
            value: match (&field.value, field.unit.as_str()) {
                (None, _) => String::new(),
                (Some(value), "") => value.display(),
                (Some(value), unit) => format!("{} {unit}", value.display()),
            },
            sources: field
                .sources
                .iter()
                .map(|said| SourceView {
                    value: said.value.as_ref().map(checkgate_model::FieldValue::display),
                    raw: said.raw.clone(),
                    source: said.source.clone(),
                })
                .collect(),
        });
        Ok(ClipDetail {
            files: clip
                .files
                .iter()
                .map(|file| FileView { path: file.path.to_string(), size_bytes: file.size_bytes, role: file.role })
                .collect(),
            fields: fields.collect(),
            findings: findings.iter().filter(|finding| finding.clip.as_deref() == Some(clip.name.as_str())).cloned().collect(),
            clip: clip_view(&known, &row, &findings),
        })
    }

    /// A card by id, by reel, by label, or by the folder of the card or of one of its copies: what a person would type.
    pub async fn find_card(&self, words: &str) -> Result<String, Problem> {
        let cards = self.catalog().cards(1000).await.map_err(state_problem)?;
        if let Ok(folder) = checkgate_volume::place::canonical(Path::new(words)) {
            let folder = folder.to_string_lossy();
            for card in &cards {
                let copies = self.catalog().copies_of_card(&card.id).await.map_err(state_problem)?;
                if card.root == folder || copies.iter().any(|copy| copy.root == folder) {
                    return Ok(card.id.clone());
                }
            }
        }
        let found = cards
            .iter()
            .find(|card| card.id == words)
            .or_else(|| cards.iter().find(|card| card.reel == words || card.label == words));
        found.map(|card| card.id.clone()).ok_or_else(|| not_found("card", words))
    }

    /// The canonical records of a card's clips, in order.
    pub async fn records(&self, card: &str) -> Result<Vec<checkgate_model::ClipRecord>, Problem> {
        let clips = self.catalog().clips_of(card).await.map_err(state_problem)?;
        Ok(clips.into_iter().filter_map(|clip| clip.record).collect())
    }

    /// Ids of the newest cards, newest first.
    pub async fn card_ids(&self) -> Result<Vec<String>, Problem> {
        Ok(self.catalog().cards(1000).await.map_err(state_problem)?.into_iter().map(|card| card.id).collect())
    }

    /// The described clips of a card with their records, in order, and what the card is called.
    pub async fn described_clips(
        &self,
        card: &str,
    ) -> Result<(String, Vec<(checkgate_model::Clip, checkgate_model::ClipRecord)>), Problem> {
        let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let rows = self.catalog().clips_of(card).await.map_err(state_problem)?;
        let clips = &row.recognition.clips;
        let pairs =
            rows.into_iter().filter_map(|known| Some((clips.get(known.position as usize)?.clone(), known.record?))).collect();
        Ok((row.reel, pairs))
    }

    /// The row of a card.
    pub async fn card_row(&self, id: &str) -> Result<CardView, Problem> {
        let row = self.catalog().card(id).await.map_err(state_problem)?.ok_or_else(|| not_found("card", id))?;
        self.card_view(&row).await
    }

    async fn card_view(&self, row: &CardRow) -> Result<CardView, Problem> {
        let job = self.catalog().latest_job_of(&row.id).await.map_err(state_problem)?;
        let copies = newest_copies(self.catalog().copies_of_card(&row.id).await.map_err(state_problem)?);
        let findings = self.findings_of(&row.id).await?;
        let upload = self.catalog().upload_of(&row.id).await.map_err(state_problem)?;
        let policy = self.policy_of(&row.id).await?;
        let volume = self.volume_of_card(&row.id).await;
        let facts = self.facts_with(row, &findings).await?;
        let verdict = judge(&policy, &facts);
        let local_verdict = judge_local(&policy, &facts);
        let doubts = self.catalog().copy_doubts(&row.id).await.map_err(state_problem)?;
        let mounted = self.root_of(&row.id).is_some();
        let counts = FindingCounts::of(&findings);
        let upload = upload.as_ref().map(|upload| self.upload_view(upload));
        let describing = lock(&self.inner.live).describing(&row.id);
        let stations = stations(row, mounted, job.as_ref(), &copies, &counts, upload.as_ref(), &verdict, describing.as_deref());
        Ok(CardView {
            id: row.id.clone(),
            reel: row.reel.clone(),
            family: row.recognition.family_name.clone(),
            confidence: row.recognition.confidence,
            camera_letter: camera_letter(row),
            facts: self.facts_line(row).await?,
            clips: u32::try_from(row.recognition.clips.len()).unwrap_or(u32::MAX),
            files: row.recognition.file_count,
            size_bytes: row.recognition.size_bytes,
            seen_at: row.seen_at.clone(),
            mounted,
            writable: volume.as_ref().map_or(row.writable, |volume| !volume.read_only),
            link_words: volume.as_ref().and_then(crate::volumes::link_words),
            slow_link: volume.and_then(|volume| volume.slow_link),
            stations,
            copies: copies.iter().map(|copy| self.copy_view(copy, job.as_ref(), doubts.get(&copy.id))).collect(),
            job: job.as_ref().map(|job| job.id.clone()),
            job_state: job.as_ref().map(|job| job.state),
            findings: counts,
            problem: job.and_then(|job| job.problem),
            upload,
            verdict,
            local_verdict,
            sign_offs: self.catalog().sign_offs(&row.id).await.map_err(state_problem)?,
            safe_since: row.safe_since.clone(),
        })
    }

    fn copy_view(&self, copy: &CopyRow, job: Option<&JobRow>, doubt: Option<&String>) -> CopyView {
        let live = job.and_then(|job| lock(&self.inner.live).copy_bytes(&job.id, &copy.id));
        let state = unword(&copy.state).unwrap_or(CopyState::Waiting);
        let (bytes_done, bytes_total) =
            live.unwrap_or((if state == CopyState::Sealed { copy.bytes_total } else { 0 }, copy.bytes_total));
        CopyView {
            id: copy.id.clone(),
            label: copy.label.clone(),
            path: copy.root.clone(),
            state,
            bytes_done,
            bytes_total,
            failed_files: copy.failed_files,
            evidence: copy.evidence,
            evidence_words: copy.evidence.map_or_else(String::new, |level| level.word().to_owned()),
            method: copy.method.clone(),
            proven_at: copy.proven_at.clone(),
            device: copy.device.clone(),
            manifest: copy.manifest.clone(),
            manifest_reread: copy.manifest_reread,
            doubt: doubt.cloned(),
        }
    }

    fn upload_view(&self, row: &UploadRow) -> UploadView {
        let status: Option<PackageStatus> = row.status.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let reading =
            lock(&self.inner.live).upload_meter(&row.card).map(|meter| meter.read()).filter(|reading| reading.bytes_total > 0);
        let cloud_words = status.as_ref().map_or_else(String::new, cloud_words);
        let mut state = unword(&row.state).unwrap_or(UploadState::Waiting);
        if reading.is_none() && state == UploadState::Sending && !self.is_busy(&format!("upload-{}", row.card)) {
            state = UploadState::Interrupted;
        }
        UploadView {
            id: row.id.clone(),
            url: row.url.clone(),
            state,
            bytes_done: reading.map_or(row.bytes_done, |reading| reading.bytes_stored),
            bytes_total: reading.map_or(row.bytes_total, |reading| reading.bytes_total),
            parts_done: reading.map_or(row.parts_done, |reading| reading.parts_sent + reading.parts_already_there),
            cloud_words,
            objects_verified: status.as_ref().map_or(0, |status| status.objects_verified),
            objects_total: status.as_ref().map_or(0, |status| status.objects_total),
            results: status.map_or_else(Vec::new, |status| {
                status
                    .results
                    .into_iter()
                    .map(|result| ResultView {
                        kind: word(&result.kind),
                        name: result.name,
                        clip: result.clip,
                        size_bytes: result.size_bytes,
                    })
                    .collect()
            }),
            problem: row.problem.clone(),
        }
    }

    /// One line of picture facts: those of the camera that most clips come from.
    async fn facts_line(&self, row: &CardRow) -> Result<String, Problem> {
        let clips = self.catalog().clips_of(&row.id).await.map_err(state_problem)?;
        let mut lines: Vec<(String, usize)> = Vec::new();
        for record in
            clips.iter().filter_map(|clip| clip.record.as_ref()).filter(|record| !record.text("camera.model").is_empty())
        {
            let rate = record.get("rate.project").or_else(|| record.get("tc.rate")).map(rate_text).unwrap_or_default();
            let parts = [record.text("camera.model"), record.text("codec.name"), record.text("image.width_height"), rate];
            let line = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
            match lines.iter_mut().find(|(known, _)| *known == line) {
                Some((_, count)) => *count += 1,
                None => lines.push((line, 1)),
            }
        }
        lines.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(lines.into_iter().next().map_or_else(|| row.recognition.family_name.clone(), |(line, _)| line))
    }
}

pub(crate) fn rate_text(value: &checkgate_model::FieldValue) -> String {
    match value {
        checkgate_model::FieldValue::Rational(num, den) => match (u32::try_from(*num), u32::try_from(*den)) {
            (Ok(num), Ok(den)) => {
                checkgate_model::FrameRate::new(num, den).map_or_else(|| value.display(), |rate| rate.to_string())
            }
            _ => value.display(),
        },
        other => other.display(),
    }
}

fn camera_letter(row: &CardRow) -> Option<String> {
    let only_sound = !row.recognition.clips.is_empty() && row.recognition.clips.iter().all(|clip| clip.kind == ClipKind::Sound);
    if only_sound {
        return Some("S".to_owned());
    }
    row.recognition
        .camera_index
        .as_ref()
        .and_then(|index| index.chars().find(char::is_ascii_alphabetic))
        .map(|c| c.to_ascii_uppercase().to_string())
}

fn cloud_words(status: &PackageStatus) -> String {
    match status.state {
        PackageState::Receiving => "receiving".to_owned(),
        PackageState::Queued => "waiting for a worker".to_owned(),
        PackageState::Verifying => format!("verifying {} of {}", status.objects_verified, status.objects_total),
        PackageState::Inspecting => "inspecting".to_owned(),
        PackageState::Rendering => format!("rendering {} of {}", status.clips_rendered, status.clips_total),
        PackageState::Done => format!("verified {} objects against the manifest", status.objects_verified),
        PackageState::Quarantined => "quarantined: objects differ from the manifest".to_owned(),
        PackageState::Failed => "failed".to_owned(),
    }
}

#[expect(clippy::too_many_arguments, reason = "one table from facts to seven stations; a struct would only rename it")]
fn stations(
    card: &CardRow,
    mounted: bool,
    job: Option<&JobRow>,
    copies: &[CopyRow],
    findings: &FindingCounts,
    upload: Option<&UploadView>,
    verdict: &Verdict,
    describing: Option<&str>,
) -> Vec<StationView> {
    let state = job.map(|job| job.state);
    let total = copies.len();
    let count = |states: &[&str]| copies.iter().filter(|copy| states.contains(&copy.state.as_str())).count();
    let (written, sealed, failed) = (count(&["reading_back", "sealed"]), count(&["sealed"]), count(&["failed"]));
    let running = matches!(state, Some(JobState::Running | JobState::Waiting));
    let held = matches!(state, Some(JobState::Stopped | JobState::Interrupted));
    let copied = match () {
        () if total == 0 => (StationState::Waiting, String::new()),
        () if failed > 0 => (StationState::Failed, format!("{failed} of {total} failed")),
        () if written == total => (StationState::Done, format!("{total} of {total}")),
        () if state == Some(JobState::Waiting) => (StationState::Waiting, "in the queue".to_owned()),
        () if running => (StationState::Working, format!("copy {} of {total}", (written + 1).min(total))),
        () if held => {
            (StationState::Attention, if state == Some(JobState::Stopped) { "paused" } else { "interrupted" }.to_owned())
        }
        () if state == Some(JobState::Cancelled) => (StationState::Waiting, "cancelled".to_owned()),
        () => (StationState::Waiting, String::new()),
    };
    let proven = match () {
        () if total == 0 || written == 0 => (StationState::Waiting, String::new()),
        () if sealed == total => {
            let weakest = copies.iter().filter_map(|copy| copy.evidence).min();
            (StationState::Done, weakest.map_or_else(String::new, |level| level.word().to_owned()))
        }
        () if failed > 0 => (StationState::Failed, format!("{sealed} of {total} proven")),
        () if running => (StationState::Working, format!("{sealed} of {total} proven")),
        () => (StationState::Attention, format!("{sealed} of {total} proven")),
    };
    let described = match describing {
        Some(words) => (StationState::Working, words.to_owned()),
        None if !card.described => (StationState::Waiting, String::new()),
        None if findings.errors > 0 => (StationState::Attention, format!("{} errors", findings.errors)),
        None => {
            (StationState::Done, if findings.warnings > 0 { format!("{} warnings", findings.warnings) } else { String::new() })
        }
    };
    let uploaded = match upload {
        None => (StationState::NotAsked, String::new()),
        Some(upload) => match upload.state {
            UploadState::Done => (StationState::Done, upload.cloud_words.clone()),
            UploadState::Failed | UploadState::Quarantined => (StationState::Failed, upload.cloud_words.clone()),
            UploadState::Interrupted | UploadState::Offline => (StationState::Attention, word(&upload.state)),
            UploadState::Waiting => (StationState::Waiting, String::new()),
            UploadState::Sending => (StationState::Working, "sending".to_owned()),
            UploadState::Processing => (StationState::Working, upload.cloud_words.clone()),
        },
    };
    let mounted = if mounted { (StationState::Done, String::new()) } else { (StationState::Waiting, "not mounted".to_owned()) };
    let recognised = (StationState::Done, word(&card.recognition.confidence).replace('_', " "));
    let released =
        if verdict.safe { (StationState::Done, verdict.policy.clone()) } else { (StationState::Waiting, String::new()) };
    Station::ALL
        .into_iter()
        .zip([mounted, recognised, copied, proven, described, uploaded, released])
        .map(|(station, (state, words))| StationView { station, state, words })
        .collect()
}

fn clip_view(card: &CardRow, row: &ClipRow, findings: &[Finding]) -> ClipView {
    let clip = card.recognition.clips.get(row.position as usize);
    let text = |name: &str| row.record.as_ref().map_or_else(String::new, |record| record.text(name));
    let scene = text("slate.scene");
    let take = text("slate.take");
    ClipView {
        card: card.id.clone(),
        reel: card.reel.clone(),
        index: row.position,
        name: row.name.clone(),
        kind: clip.map_or(ClipKind::Video, |clip| clip.kind),
        size_bytes: clip.map_or(0, checkgate_model::Clip::size_bytes),
        files: clip.map_or(0, |clip| u32::try_from(clip.files.len()).unwrap_or(u32::MAX)),
        tc_start: text("tc.start"),
        tc_end: text("tc.end"),
        duration_frames: row.record.as_ref().and_then(|record| match record.get("duration.frames") {
            Some(checkgate_model::FieldValue::Int(frames)) => u64::try_from(*frames).ok(),
            _ => None,
        }),
        rate: row
            .record
            .as_ref()
            .and_then(|record| record.get("rate.project").or_else(|| record.get("tc.rate")))
            .map(rate_text)
            .unwrap_or_default(),
        camera: text("camera.model"),
        codec: text("codec.name"),
        picture_size: text("image.width_height"),
        slate: [scene, take].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"),
        picture: row.picture.clone(),
        picture_words: row.picture_words.clone(),
        worst: worst(findings, &row.name),
    }
}

fn worst(findings: &[Finding], clip: &str) -> Option<Severity> {
    findings.iter().filter(|finding| finding.clip.as_deref() == Some(clip)).map(|finding| finding.severity).max()
}

/// The word of a state, as `--json` shows it.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn unword<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// A volume as it is shown.
pub(crate) fn volume_view(volume: checkgate_volume::Volume) -> VolumeView {
    let role = match volume.role {
        checkgate_volume::VolumeRole::Card => "card",
        checkgate_volume::VolumeRole::Storage => "storage",
        checkgate_volume::VolumeRole::System => "system",
        checkgate_volume::VolumeRole::Network => "network",
        checkgate_volume::VolumeRole::Other => "other",
    };
    VolumeView {
        id: volume.id.to_string(),
        mount_point: volume.mount_point.to_string_lossy().into_owned(),
        label: volume.label,
        file_system: volume.file_system,
        role: role.to_owned(),
        device: volume.device_identity,
        bus: volume.bus,
        link_speed_mbps: volume.link_speed_mbps,
        link_words: volume.link_words,
        link_best_mbps: volume.link_best_mbps,
        slow_link: volume.slow_link,
        model: volume.model,
        serial: volume.serial,
        file_system_id: volume.file_system_id,
        removable: volume.removable,
        rotational: volume.rotational,
        read_only: volume.read_only,
        total_bytes: volume.total_bytes,
        free_bytes: volume.free_bytes,
    }
}
