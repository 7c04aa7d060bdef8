//! Owns what is asked about volumes with the state at hand: where a card lies, whether a job uses a volume, letting it go.

use crate::{App, lock, not_found, state_problem};
use checkgate_contract::{CardRequest, Empty};
use checkgate_model::{ErrorCode, JobState, Problem};
use checkgate_volume::mounting::{self, Ejected};
use checkgate_volume::{Volume, place};
use std::path::{Path, PathBuf};

/// Mounts a card read-only; answers where.
///
/// # Errors
/// Where it is mounted already or the system refuses.
pub fn mount_card(device: &Path, at: Option<&Path>) -> Result<PathBuf, Problem> {
    mounting::mount_read_only(device, at).map_err(|error| Problem::from_error(error.code(), &error))
}

/// How a volume is attached, in words.
pub(crate) fn link_words(volume: &Volume) -> Option<String> {
    volume.link_words.clone().or_else(|| volume.bus.clone())
}

impl App {
    /// The volume a mounted card lies on.
    pub(crate) async fn volume_of_card(&self, card: &str) -> Option<Volume> {
        let root = self.root_of(card)?;
        tokio::task::spawn_blocking(move || checkgate_volume::volume_of(&root).ok()).await.ok()?
    }

    /// Lets the volume of a card go.
    pub async fn eject_card(&self, request: CardRequest) -> Result<Empty, Problem> {
        let row =
            self.catalog().card(&request.card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", &request.card))?;
        let volume = self.volume_of_card(&request.card).await;
        let volume = volume.ok_or_else(|| Problem::new(ErrorCode::NotFound, format!("{} is not mounted", row.reel)))?;
        self.eject(volume).await?;
        Ok(Empty {})
    }

    /// Lets a volume go that a person names by mount point, label, id, device, or the reel of a card on it.
    pub async fn eject_named(&self, words: &str) -> Result<Ejected, Problem> {
        let volumes = tokio::task::spawn_blocking(checkgate_volume::mounted)
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
            .map_err(|error| Problem::from_error(error.code(), &error))?;
        let path = place::canonical(Path::new(words)).ok();
        let named = |volume: &&Volume| {
            path.as_ref().is_some_and(|path| volume.mount_point == *path || Path::new(&volume.device) == path)
                || volume.id.as_str() == words
                || volume.label == words
        };
        let mut found: Vec<Volume> = volumes.iter().filter(named).cloned().collect();
        if found.is_empty()
            && let Ok(card) = self.find_card(words).await
        {
            found.extend(self.volume_of_card(&card).await);
        }
        match found.len() {
            0 => Err(not_found("mounted volume", words)),
            1 => self.eject(found.remove(0)).await,
            _ => {
                let places: Vec<String> = found.iter().map(|volume| volume.mount_point.display().to_string()).collect();
                let words = format!("{words} may be any of {}; name the mount point", places.join(", "));
                Err(Problem::new(ErrorCode::BadRequest, words))
            }
        }
    }

    async fn eject(&self, volume: Volume) -> Result<Ejected, Problem> {
        let at = volume.mount_point.clone();
        if at == Path::new("/") || volume.role == checkgate_volume::VolumeRole::System {
            return Err(Problem::new(ErrorCode::BadRequest, format!("{} is the system's own disk", at.display())));
        }
        if let Some(job) = self.job_on(&at).await? {
            let words = format!("{} stays mounted: {job}", at.display());
            let mut problem = Problem::new(ErrorCode::Busy, words);
            problem.hint = "Wait until the job is done, or stop it; then eject again.".to_owned();
            return Err(problem);
        }
        let ejected = tokio::task::spawn_blocking(move || mounting::eject(&volume))
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
            .map_err(|error| {
                let mut problem = Problem::from_error(error.code(), &error);
                problem.hint = "It stays mounted. Close what uses it and eject again; do not pull it.".to_owned();
                problem
            })?;
        self.forget_mount(&at);
        Ok(ejected)
    }

    /// A job that runs, here or in another process, and reads from or writes to a folder below `at`.
    async fn job_on(&self, at: &Path) -> Result<Option<String>, Problem> {
        let lies_here = |root: &Path| {
            let real = place::canonical(root).unwrap_or_else(|_| root.to_path_buf());
            real.starts_with(at) && checkgate_volume::volume_of(&real).is_ok_and(|volume| volume.mount_point == at)
        };
        for job in self.catalog().jobs().await.map_err(state_problem)? {
            if !matches!(job.state, JobState::Running | JobState::Waiting) || !self.is_alive(&job.id) {
                continue;
            }
            let Some(card) = self.catalog().card(&job.card).await.map_err(state_problem)? else { continue };
            let root = self.root_of(&card.id).unwrap_or_else(|| PathBuf::from(&card.root));
            if lies_here(&root) {
                return Ok(Some(format!("{} is being offloaded from it", card.reel)));
            }
            for copy in self.catalog().copies_of_job(&job.id).await.map_err(state_problem)? {
                if lies_here(Path::new(&copy.root)) {
                    return Ok(Some(format!("{} is being copied to it", card.reel)));
                }
            }
        }
        Ok(None)
    }

    /// Whether some process holds the job.
    pub(crate) fn is_alive(&self, job: &str) -> bool {
        lock(&self.inner.busy).contains(job)
            || !matches!(place::lock_file(&self.home().locks().join(format!("{job}.lock"))), Ok(Some(_)))
    }
}
