//! Owns jobs: starting, stopping, resuming, and the lock that tells a running job from one whose process died.

use crate::cards::still_there;
use crate::presets::options_of;
use crate::{App, clock, not_found, settings, state_problem};
use checkgate_catalog::{CopyRow, JobRow};
use checkgate_contract::{Empty, JobRequest, MaybeId, StartOffload};
use checkgate_mhl::{Author, Operation, Process};
use checkgate_model::{ErrorCode, HashFormat, JobState, Problem, Timestamp};
use checkgate_offload::VerifyDepth;
use checkgate_volume::place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a job is asked to do; stored with it, so that a resumed job does the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobOptions {
    /// The preset it was made from.
    #[serde(default)]
    pub preset: Option<String>,
    /// Folder template below each destination.
    #[serde(default = "roll_folder")]
    pub folder: String,
    /// Values of its tokens that do not come from the card.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Hash formats of the manifest.
    pub hashes: Vec<HashFormat>,
    /// How copies are proven.
    pub verify: VerifyDepth,
    /// Read the card a second time.
    pub source_reread: bool,
    /// Render previews.
    pub previews: bool,
    /// Upload from a verified copy when the copies are proven.
    pub upload: bool,
    /// Policy of the card's verdict; the one that is set where there is none.
    #[serde(default)]
    pub policy: Option<String>,
    /// Place in the queue: higher goes first.
    #[serde(default)]
    pub priority: i32,
    /// Level of the cascade by destination id. Level 1, and what is not named, is made from the card; a later level from a proven copy
    /// of the level before.
    #[serde(default)]
    pub levels: BTreeMap<String, u8>,
    /// Author for the manifest.
    #[serde(default)]
    pub author: Option<String>,
    /// Place for the manifest.
    #[serde(default)]
    pub location: Option<String>,
    /// Comment for the manifest.
    #[serde(default)]
    pub comment: Option<String>,
}

fn roll_folder() -> String {
    "{roll}".to_owned()
}

/// What is stored with a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JobPlan {
    pub(crate) options: JobOptions,
    pub(crate) started: Timestamp,
    pub(crate) host_name: String,
}

impl JobPlan {
    pub(crate) fn operation(&self) -> Operation {
        Operation {
            started: self.started,
            host_name: self.host_name.clone(),
            tool: "Checkgate".to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            process: Process::Transfer,
            authors: self
                .options
                .author
                .iter()
                .map(|name| Author { name: name.clone(), email: None, phone: None, role: None })
                .collect(),
            location: self.options.location.clone(),
            comment: self.options.comment.clone(),
        }
    }
}

impl App {
    /// Starts the main job with the preset's options.
    pub async fn start_offload(&self, request: StartOffload) -> Result<MaybeId, Problem> {
        let (name, preset) = self.used_preset().await?;
        let mut options = options_of(&name, &preset)?;
        // Levels are the preset's, for those of its destinations that were asked for.
        let of_preset =
            if preset.destinations.is_empty() { Vec::new() } else { self.destinations_of(&preset).await?.destinations };
        options.levels = of_preset.iter().filter(|(id, _)| request.destinations.contains(id)).cloned().collect();
        let destinations = if request.destinations.is_empty() {
            of_preset.into_iter().map(|(id, _)| id).collect()
        } else {
            request.destinations
        };
        let job = self.start_offload_with(&request.card, &destinations, options).await?;
        Ok(MaybeId { id: Some(job) })
    }

    /// Starts the main job. A card whose latest job was cut short and asked for the same copies goes on with that job.
    pub async fn start_offload_with(&self, card: &str, destinations: &[String], options: JobOptions) -> Result<String, Problem> {
        let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let card_root =
            self.root_of(card).ok_or_else(|| Problem::new(ErrorCode::SourceGone, format!("{} is not mounted", row.reel)))?;
        let known = self.catalog().destinations().await.map_err(state_problem)?;
        self.policy_exists(options.policy.as_deref()).await?;
        let folder = self.roll_folder(&row, &options.folder, &options.values).await?;
        let mut copies = Vec::new();
        for id in destinations {
            let destination = known.iter().find(|known| known.id == *id).ok_or_else(|| not_found("destination", id))?;
            copies.push((destination.clone(), Path::new(&destination.path).join(folder.path.as_str())));
        }
        if copies.is_empty() {
            return Err(Problem::new(ErrorCode::BadRequest, "choose at least one destination"));
        }
        let earlier = self.catalog().copies_of_card(card).await.map_err(state_problem)?;
        if let Some(job) = self.catalog().latest_job_of(card).await.map_err(state_problem)? {
            let asked: Vec<String> = copies.iter().map(|(_, root)| root.to_string_lossy().into_owned()).collect();
            let same =
                self.catalog().copies_of_job(&job.id).await.map_err(state_problem)?.iter().all(|copy| asked.contains(&copy.root));
            match job.state {
                JobState::Waiting | JobState::Running if self.is_busy(&job.id) => {
                    return Err(Problem::new(ErrorCode::Busy, format!("{} is being offloaded already", row.reel)));
                }
                JobState::Stopped | JobState::Cancelled | JobState::Interrupted | JobState::Failed if same => {
                    self.resume_job(JobRequest { job: job.id.clone() }).await?;
                    return Ok(job.id);
                }
                _ => {}
            }
        }
        for (destination, root) in &copies {
            if root.starts_with(&card_root) || card_root.starts_with(root) {
                let words = format!("{} lies on the card, or the card in it", destination.label);
                return Err(Problem::new(ErrorCode::DestinationUnsafe, words));
            }
            refuse_foreign_folder(&row.reel, &destination.label, root, &earlier)?;
        }
        let job = clock::new_id();
        let plan = JobPlan { options, started: clock::now(), host_name: host_name() };
        let job_row = JobRow {
            id: job.clone(),
            card: card.to_owned(),
            state: JobState::Waiting,
            plan: serde_json::to_string(&plan).expect("a plan serialises"),
            reread_equal: None,
            problem: None,
            started_at: plan.started.to_string(),
        };
        let copy_rows: Vec<CopyRow> = copies
            .into_iter()
            .map(|(destination, root)| CopyRow {
                id: clock::new_id(),
                job: job.clone(),
                card: card.to_owned(),
                destination: destination.id,
                label: destination.label,
                root: root.to_string_lossy().into_owned(),
                state: "waiting".to_owned(),
                evidence: None,
                method: String::new(),
                proven_at: None,
                device: None,
                manifest: None,
                manifest_reread: false,
                failed_files: 0,
                bytes_total: row.recognition.size_bytes,
            })
            .collect();
        // Held before it is stored: a job without a holder counts as one whose process died.
        let guard = self.hold(&job)?;
        if let Err(error) = self.catalog().create_job(&job_row, &copy_rows).await {
            self.end(&job);
            return Err(state_problem(error));
        }
        self.launch(job.clone(), guard);
        Ok(job)
    }

    /// Goes on with a job that was stopped, interrupted or failed.
    pub async fn resume_job(&self, request: JobRequest) -> Result<Empty, Problem> {
        let job = self.catalog().job(&request.job).await.map_err(state_problem)?.ok_or_else(|| not_found("job", &request.job))?;
        if self.is_busy(&job.id) {
            return Err(Problem::new(ErrorCode::Busy, "the job is running already"));
        }
        if job.state == JobState::Done {
            return Err(Problem::new(ErrorCode::BadRequest, "the job is done; there is nothing to resume"));
        }
        if self.root_of(&job.card).is_none()
            && let Err(gone) = self.look_for_card(&job.card).await
        {
            let copies = self.catalog().copies_of_job(&job.id).await.map_err(state_problem)?;
            if self.giver_of(&job.card, &copies).await?.is_none() {
                return Err(gone);
            }
        }
        let guard = self.hold(&job.id)?;
        // What was asked of the run before is done.
        if let Err(error) = self.catalog().wish(&job.id, None).await {
            self.end(&job.id);
            return Err(state_problem(error));
        }
        // It waits from now on: whoever asks at once must not see what it was before.
        if let Err(error) = self.catalog().set_job_state(&job.id, JobState::Waiting, None, clock::now()).await {
            self.end(&job.id);
            return Err(state_problem(error));
        }
        self.launch(job.id, guard);
        Ok(Empty {})
    }

    /// Every job, newest first, with the reel of its card.
    pub async fn jobs(&self) -> Result<Vec<(JobRow, String)>, Problem> {
        let mut answer = Vec::new();
        for job in self.catalog().jobs().await.map_err(state_problem)? {
            let reel = self.catalog().card(&job.card).await.map_err(state_problem)?.map_or_else(String::new, |card| card.reel);
            answer.push((job, reel));
        }
        Ok(answer)
    }

    /// Waits until a job no longer runs in this process and returns it.
    pub async fn wait_for_job(&self, job: &str) -> Result<JobRow, Problem> {
        let mut changes = self.changes();
        while self.is_busy(job) {
            if changes.changed().await.is_err() {
                break;
            }
        }
        self.catalog().job(job).await.map_err(state_problem)?.ok_or_else(|| not_found("job", job))
    }

    /// Looks for a card on every mounted volume, by identity.
    async fn look_for_card(&self, card: &str) -> Result<(), Problem> {
        let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let known = row.clone();
        let found = tokio::task::spawn_blocking(move || crate::cards::places_of(&known).find(|root| still_there(&known, root)))
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        if let Some(root) = found
            && let Ok(noticed) = self.notice(root).await
            && noticed.card.id == card
        {
            return Ok(());
        }
        Err(Problem::new(
            ErrorCode::SourceGone,
            format!("the card {} is not mounted, or its content is not what it was", row.reel),
        ))
    }

    /// Makes this process the one that works on a job.
    fn hold(&self, job: &str) -> Result<place::FileLock, Problem> {
        if !self.begin(job) {
            return Err(Problem::new(ErrorCode::Busy, "the job is running already"));
        }
        match place::lock_file(&self.inner.home.locks().join(format!("{job}.lock"))) {
            Ok(Some(guard)) => Ok(guard),
            Ok(None) => {
                self.end(job);
                Err(Problem::new(ErrorCode::Busy, "another Checkgate works on this job"))
            }
            Err(error) => {
                self.end(job);
                Err(Problem::new(ErrorCode::StateFailed, format!("the job cannot be locked: {error}")))
            }
        }
    }

    fn launch(&self, job: String, guard: place::FileLock) {
        let app = self.clone();
        tokio::spawn(async move {
            app.run_job(&job).await;
            drop(guard);
            app.end(&job);
        });
    }

    /// A job that is stored as running, and whose lock nobody holds, died with its process.
    pub(crate) async fn mark_interrupted(&self) -> Result<(), Problem> {
        for job in self.catalog().jobs().await.map_err(state_problem)? {
            if !matches!(job.state, JobState::Running | JobState::Waiting) {
                continue;
            }
            let path = self.inner.home.locks().join(format!("{}.lock", job.id));
            if matches!(place::lock_file(&path), Ok(Some(_))) {
                let problem = Problem::new(ErrorCode::Stopped, "Checkgate ended in the middle of this job");
                self.catalog()
                    .set_job_state(&job.id, JobState::Interrupted, Some(&problem), clock::now())
                    .await
                    .map_err(state_problem)?;
                for mut copy in self.catalog().copies_of_job(&job.id).await.map_err(state_problem)? {
                    if copy.state != "sealed" && copy.state != "failed" {
                        copy.state = "interrupted".to_owned();
                        self.catalog().update_copy(&copy).await.map_err(state_problem)?;
                    }
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn parse_plan(job: &JobRow) -> Result<JobPlan, Problem> {
    serde_json::from_str(&job.plan).map_err(|error| Problem::from_error(ErrorCode::StateFailed, &error))
}

/// A folder of that name which is not a copy of this card is another card with the same reel name, or something else: refused loudly.
fn refuse_foreign_folder(reel: &str, label: &str, root: &Path, earlier: &[CopyRow]) -> Result<(), Problem> {
    let text = root.to_string_lossy();
    if earlier.iter().any(|copy| copy.root == text) {
        return Ok(());
    }
    match place::is_empty_folder(root) {
        Ok(Some(false)) => {
            let words = format!("{label} already holds a folder {} that is not a copy of this card", root.display());
            let mut problem = Problem::new(ErrorCode::DestinationOccupied, words);
            problem.details.push(format!("it may be another card with the reel name {reel}"));
            Err(problem)
        }
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::new(ErrorCode::DestinationFailed, format!("{} cannot be looked at: {error}", root.display()))),
    }
}

pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Options from words, as the command line has them.
impl JobOptions {
    /// Replaces hashes and verification by what a person wrote.
    pub fn with_words(mut self, hashes: &[String], verify: Option<&str>) -> Result<Self, Problem> {
        if !hashes.is_empty() {
            self.hashes = settings::parse_hashes(hashes)?;
        }
        if let Some(word) = verify {
            self.verify = settings::parse_verify(word)?;
        }
        Ok(self)
    }
}
