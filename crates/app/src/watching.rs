//! Owns the watch: turns volumes that appear and go into cards that appear and go, and starts the preset on a new card.

use crate::{App, cards, lock, state_problem};
use checkgate_contract::StartOffload;
use checkgate_model::{ErrorCode, JobState, Problem};
use checkgate_volume::{VolumeEvent, Watch};
use std::path::PathBuf;

/// A running watch; dropping it ends the watch.
pub(crate) struct Watching {
    _watch: Watch,
}

impl App {
    /// Looks at what is mounted now and then watches for cards. `folders` are watched too: a folder that appears in one of them is
    /// taken as a card. Must be called from within a tokio runtime.
    pub async fn start_watching(&self, folders: Vec<PathBuf>) -> Result<(), Problem> {
        let (watch, events) = Watch::start(&folders).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        *lock(&self.inner.watching) = Some(Watching { _watch: watch });
        let app = self.clone();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new()
            .name("checkgate-watch".to_owned())
            .spawn(move || {
                for event in events {
                    let app = app.clone();
                    runtime.spawn(async move { app.volume_event(event).await });
                }
            })
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        let mounted = tokio::task::spawn_blocking(checkgate_volume::mounted)
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
            .map_err(|error| Problem::from_error(error.code(), &error))?;
        for volume in mounted {
            // What was mounted before is only a card if it says so itself; a drive at rest is never taken for one.
            if volume.role == checkgate_volume::VolumeRole::Card {
                self.volume_event(VolumeEvent::Mounted(volume)).await;
            }
        }
        self.look_at_copies();
        Ok(())
    }

    /// Looks in the background whether what is called safe is still there: at the start, and when a drive comes back.
    fn look_at_copies(&self) {
        let app = self.clone();
        tokio::spawn(async move {
            if let Err(problem) = app.check_all_copies().await {
                tracing::warn!(%problem, "the copies could not be looked at");
            }
        });
    }

    async fn volume_event(&self, event: VolumeEvent) {
        match event {
            VolumeEvent::Mounted(volume) => {
                let destinations = match self.destination_paths().await {
                    Ok(paths) => paths,
                    Err(problem) => return tracing::error!(%problem, "destinations cannot be read"),
                };
                if cards::may_be_card(&volume, &destinations) {
                    self.card_appeared(volume.mount_point).await;
                } else {
                    self.show_named_destinations().await;
                    self.announce();
                    self.look_at_copies();
                }
            }
            VolumeEvent::FolderAppeared(folder) => self.card_appeared(folder).await,
            VolumeEvent::Unmounted { mount_point, .. } => self.forget_mount(&mount_point),
            VolumeEvent::FolderGone(folder) => self.forget_mount(&folder),
        }
    }

    async fn card_appeared(&self, root: PathBuf) {
        let noticed = match self.notice(root.clone()).await {
            Ok(noticed) => noticed,
            Err(problem) if problem.code == ErrorCode::SourceEmpty => {
                return tracing::info!(root = %root.display(), "an empty volume appeared");
            }
            Err(problem) => return tracing::warn!(%problem, root = %root.display(), "a volume appeared and cannot be read"),
        };
        if let Err(problem) = self.run_preset(&noticed.card.id).await {
            tracing::warn!(%problem, card = %noticed.card.id, "the preset did not start");
            let line = format!("the preset did not start: {}", problem.summary);
            if let Err(error) = self.catalog().log(&noticed.card.id, crate::clock::now(), &line).await {
                tracing::error!(%error, "the log cannot be written");
            }
        }
    }

    /// Starts what runs by itself on a card, unless it has run or was begun already.
    async fn run_preset(&self, card: &str) -> Result<(), Problem> {
        let settings = self.settings().await?;
        if !settings.automatic {
            return Ok(());
        }
        match self.catalog().latest_job_of(card).await.map_err(state_problem)? {
            Some(job) if job.state == JobState::Interrupted => {
                self.resume_job(checkgate_contract::JobRequest { job: job.id }).await?;
                return Ok(());
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let (name, preset) = self.used_preset().await?;
        let resolved = self.destinations_of(&preset).await?;
        if resolved.destinations.is_empty() {
            return Err(Problem::new(ErrorCode::BadRequest, format!("no destination of the preset {name} is connected")));
        }
        let destinations = resolved.destinations.into_iter().map(|(id, _)| id).collect();
        self.start_offload(StartOffload { card: card.to_owned(), destinations }).await?;
        Ok(())
    }

    pub(crate) async fn destination_paths(&self) -> Result<Vec<PathBuf>, Problem> {
        Ok(self.catalog().destinations().await.map_err(state_problem)?.into_iter().map(|row| PathBuf::from(row.path)).collect())
    }
}
