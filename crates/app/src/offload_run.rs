//! Owns one run of the main job: offload, then describe, then upload, each step stored before the next begins.

use crate::jobs::{JobOptions, parse_plan};
use crate::queue::{self, Slots, Turn};
use crate::store::EventStore;
use crate::{App, clock, lock, not_found, progress, state_problem};
use checkgate_catalog::{Catalog, CopyFileRow, CopyRow, JobRow};
use checkgate_model::preset::fed_by;
use checkgate_model::{CopyId, ErrorCode, JobState, Problem};
use checkgate_offload::{CopyPlan, Earlier, FileState, OffloadReport, Outcome, Plan, PriorFile, StoreError};
use std::path::PathBuf;
use std::sync::Arc;

impl App {
    /// Runs a job to its end. Every ending is stored; nothing is returned because everybody else reads the state.
    pub(crate) async fn run_job(&self, job: &str) {
        let (state, problem) = match self.try_run_job(job).await {
            Ok(ended) => ended,
            Err(problem) => {
                let resumable = problem.code.exit_code() == 4;
                (if resumable { JobState::Interrupted } else { JobState::Failed }, Some(problem))
            }
        };
        if let Err(error) = self.catalog().set_job_state(job, state, problem.as_ref(), clock::now()).await {
            tracing::error!(%error, job, "the end of the job cannot be stored");
        }
        if let Some(problem) = &problem {
            tracing::warn!(job, code = %problem.code, "{}", problem.summary);
        }
        if let Ok(Some(row)) = self.catalog().job(job).await {
            self.refresh_verdict(&row.card).await;
        }
        self.announce();
    }

    async fn try_run_job(&self, id: &str) -> Result<(JobState, Option<Problem>), Problem> {
        let job = self.catalog().job(id).await.map_err(state_problem)?.ok_or_else(|| not_found("job", id))?;
        let plan = parse_plan(&job)?;
        let making = self.making_of(&job).await?;
        let needs = self.needs_of(&making.root, &making.copies, |copy| making.level_of(&plan.options, copy) == 1).await;
        let stored = serde_json::to_string(&needs).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        self.catalog().enqueue(id, plan.options.priority, &stored).await.map_err(state_problem)?;
        self.announce();
        let awake = self.stay_awake().await;
        let slots = match self.wait_turn(id, &needs).await? {
            Turn::Go(slots) => slots,
            Turn::Paused => return Ok((JobState::Stopped, None)),
            Turn::Cancelled => return Ok((JobState::Cancelled, None)),
            Turn::Closing => return Ok((JobState::Interrupted, Some(closed()))),
        };
        self.catalog().set_job_state(id, JobState::Running, None, clock::now()).await.map_err(state_problem)?;
        self.catalog().clear_failed_files(id).await.map_err(state_problem)?;
        self.announce();
        let report = self.offload(&job, making, slots).await?;
        drop(awake);
        let mut problem = match &report.outcome {
            Outcome::Complete | Outcome::CompleteWithFailures => first_failure(&report),
            Outcome::Stopped => {
                let wish = self.catalog().wish_of(id).await.map_err(state_problem)?;
                return Ok(match wish.as_deref() {
                    Some(queue::CANCEL) => (JobState::Cancelled, None),
                    None if self.is_closing() => (JobState::Interrupted, Some(closed())),
                    _ => (JobState::Stopped, None),
                });
            }
            Outcome::Interrupted(problem) => return Ok((JobState::Interrupted, Some(problem.clone()))),
        };
        let resumable = problem.as_ref().is_some_and(|problem| problem.code.exit_code() == 4);
        self.refresh_verdict(&job.card).await;
        self.announce();
        if self.is_closing() {
            return Ok((JobState::Interrupted, Some(closed())));
        }
        if let Err(trouble) = self.describe_card(&job.card, plan.options.previews).await {
            tracing::warn!(card = %job.card, problem = %trouble, "the card could not be described");
            problem.get_or_insert(trouble);
        }
        if plan.options.upload
            && let Err(trouble) = self.start_upload(checkgate_contract::CardRequest { card: job.card.clone() }).await
        {
            tracing::warn!(card = %job.card, problem = %trouble, "the upload did not start");
        }
        let state = match &problem {
            None => JobState::Done,
            Some(_) if resumable => JobState::Interrupted,
            Some(_) => JobState::Failed,
        };
        Ok((state, problem))
    }

    /// From what, and which copies. Where the card has left, what is missing is made from a copy that is whole, every block held against
    /// what was recorded when it came from the card.
    async fn making_of(&self, job: &JobRow) -> Result<Making, Problem> {
        let copies = self.catalog().copies_of_job(&job.id).await.map_err(state_problem)?;
        if let Some(root) = self.root_of(&job.card) {
            return Ok(Making { root, copies, giver: None });
        }
        let giver = self.giver_of(&job.card, &copies).await?.ok_or_else(|| {
            Problem::new(ErrorCode::SourceGone, "the card is not mounted, and no copy of this job is whole and connected")
        })?;
        let evidence = giver.evidence.map_or("", checkgate_model::EvidenceLevel::word);
        let words = format!("the card is not mounted; what is missing is made from the copy on {} ({evidence})", giver.label);
        self.catalog().log(&job.card, clock::now(), &words).await.map_err(state_problem)?;
        let others = copies.into_iter().filter(|copy| !is_whole(copy));
        let copies = std::iter::once(giver.clone()).chain(others).collect();
        Ok(Making { root: giver.root.clone().into(), copies, giver: Some(giver) })
    }

    /// The copy with the strongest evidence that is whole, not in doubt, and connected, if another one of the job is not whole.
    pub(crate) async fn giver_of(&self, card: &str, copies: &[CopyRow]) -> Result<Option<CopyRow>, Problem> {
        if copies.iter().all(is_whole) {
            return Ok(None);
        }
        let doubts = self.catalog().copy_doubts(card).await.map_err(state_problem)?;
        let connected = |copy: &&CopyRow| std::path::Path::new(&copy.root).is_dir();
        let whole = copies.iter().filter(|copy| is_whole(copy) && !doubts.contains_key(&copy.id));
        Ok(whole.filter(connected).max_by_key(|copy| copy.evidence).cloned())
    }

    async fn offload(&self, job: &JobRow, making: Making, slots: Slots) -> Result<OffloadReport, Problem> {
        let plan = parse_plan(job)?;
        let levels: Vec<u8> = making.copies.iter().map(|copy| making.level_of(&plan.options, copy)).collect();
        let Making { root, copies, giver } = making;
        // Everything is made from the copy that gives; it stands first.
        let feeders = if giver.is_some() { fed_by_first(copies.len()) } else { fed_by(&levels) };
        let offload_plan = Plan {
            card_root: root,
            copies: copies
                .iter()
                .zip(&feeders)
                .map(|(copy, feeder)| CopyPlan {
                    id: CopyId(copy.id.clone()),
                    label: copy.label.clone(),
                    root: copy.root.clone().into(),
                    fed_by: feeder.map(|at| CopyId(copies[at].id.clone())),
                })
                .collect(),
            hashes: plan.options.hashes.clone(),
            verify: plan.options.verify,
            source_reread: plan.options.source_reread && giver.is_none(),
            patience: checkgate_offload::PATIENCE,
            operation: plan.operation(),
            prior: Arc::new(StoredFiles { catalog: self.catalog().clone(), runtime: tokio::runtime::Handle::current() }),
            recorded_by: giver.as_ref().map(|giver| CopyId(giver.id.clone())),
        };
        let (control, meter) = (checkgate_offload::Control::new(), checkgate_offload::Meter::new());
        let live = self.live_job(job, &plan.options, &copies, &feeders, control.clone(), meter.clone()).await?;
        lock(&self.inner.live).add_job(&job.id, live);
        self.start_ticking();
        let mut store = EventStore::new(self.clone(), &job.card, &job.id, copies, slots.clone());
        let (asked, stopper) = (job.id.clone(), control.clone());
        let app = self.clone();
        let ears = tokio::spawn(async move {
            app.until_wished(&asked).await;
            stopper.stop();
        });
        let ran = tokio::task::spawn_blocking(move || {
            let result = checkgate_offload::run(&offload_plan, &control, &meter, &mut |event| store.store(event));
            let flushed = store.flush();
            (result.map_err(|error| error.problem()).and_then(|report| flushed.map_err(state_problem).map(|()| report)), store)
        })
        .await;
        ears.abort();
        slots.give_back();
        self.store_speeds(&job.id).await;
        progress::forget_job(self, &job.id);
        let (result, mut store) = ran.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        if let Err(error) = tokio::task::block_in_place(|| store.flush()) {
            tracing::error!(%error, "events could not be stored");
        }
        let ended =
            result.as_ref().is_ok_and(|report| matches!(report.outcome, Outcome::Complete | Outcome::CompleteWithFailures));
        self.store_copies(store.into_copies(), result.as_ref().ok(), ended).await?;
        let report = result?;
        if let Some(giver) = &giver {
            self.doubt_giver(giver, &report).await?;
        }
        // The second read of another copy says nothing about the card.
        if giver.is_none() {
            self.catalog().set_reread(&job.id, report.source_reread_equal).await.map_err(state_problem)?;
        }
        Ok(report)
    }

    /// A copy that others are made from and that is not what it was is no longer counted as good.
    async fn doubt_giver(&self, giver: &CopyRow, report: &OffloadReport) -> Result<(), Problem> {
        let failed = report.copies.iter().find(|copy| copy.id.as_str() == giver.id).map_or(&[][..], |copy| &copy.failed);
        let Some(first) = failed.first() else { return Ok(()) };
        let more = if failed.len() > 1 { format!(", and {} more", failed.len() - 1) } else { String::new() };
        let doubt = format!("{}{more}", first.problem.summary);
        self.catalog().set_copy_doubt(&giver.id, Some(&doubt), clock::now()).await.map_err(state_problem)
    }

    async fn store_copies(&self, copies: Vec<CopyRow>, report: Option<&OffloadReport>, ended: bool) -> Result<(), Problem> {
        for mut copy in copies {
            if let Some(done) = report.and_then(|report| report.copies.iter().find(|done| done.id.as_str() == copy.id)) {
                copy.device.clone_from(&done.device_identity);
            }
            if !ended && !matches!(copy.state.as_str(), "sealed" | "failed") {
                copy.state = "interrupted".to_owned();
            }
            self.catalog().update_copy(&copy).await.map_err(state_problem)?;
            let root = std::path::PathBuf::from(&copy.root);
            let place = tokio::task::spawn_blocking(move || crate::copies_check::place_of(&root))
                .await
                .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
            if let Some(place) = place {
                self.catalog().set_copy_place(&copy.id, &place).await.map_err(state_problem)?;
            }
            // What this run has proven again is no longer in doubt.
            if copy.state == "sealed" {
                self.catalog().set_copy_doubt(&copy.id, None, clock::now()).await.map_err(state_problem)?;
            }
        }
        Ok(())
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.inner.closing.load(std::sync::atomic::Ordering::SeqCst)
    }
}

/// What one run reads and makes.
struct Making {
    root: PathBuf,
    copies: Vec<CopyRow>,
    /// The copy that is read instead of the card.
    giver: Option<CopyRow>,
}

impl Making {
    /// Level of the cascade that a copy is on; what is made from another copy has one level.
    fn level_of(&self, options: &JobOptions, copy: &CopyRow) -> u8 {
        if self.giver.is_some() { 1 } else { options.levels.get(&copy.destination).copied().unwrap_or(1) }
    }
}

/// Complete, proven and sealed.
fn is_whole(copy: &CopyRow) -> bool {
    copy.state == "sealed" && copy.failed_files == 0 && copy.evidence.is_some()
}

fn closed() -> Problem {
    Problem::new(ErrorCode::Stopped, "Checkgate was closed before the job was done")
}

/// The problem that stands for the whole run: the worst first, so that a broken card is never hidden by a full disk.
fn first_failure(report: &OffloadReport) -> Option<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    if report.source_reread_equal == Some(false) {
        problems.push(Problem::new(ErrorCode::SourceChanged, "the card read differently the second time"));
    }
    for copy in &report.copies {
        if let checkgate_offload::CopyState::Aborted(problem) = &copy.state {
            problems.push(problem.clone());
        }
        problems.extend(copy.seal_problem.clone());
        problems.extend(copy.failed.first().map(|failed| failed.problem.clone()));
    }
    let rank = |problem: &Problem| match problem.code {
        ErrorCode::SourceChanged => 0,
        ErrorCode::SourceUnreadable => 1,
        ErrorCode::CopyCorrupt => 2,
        _ => 3,
    };
    problems.sort_by_key(rank);
    problems.into_iter().next()
}

/// What is stored of earlier runs, page by page. Asked from a thread that may wait.
#[derive(Debug)]
struct StoredFiles {
    catalog: Catalog,
    runtime: tokio::runtime::Handle,
}

/// Files a page.
const PAGE: u32 = 2000;

impl Earlier for StoredFiles {
    fn files_of<'a>(&'a self, copy: &'a CopyId) -> Box<dyn Iterator<Item = Result<PriorFile, StoreError>> + 'a> {
        let mut after = String::new();
        let mut is_last = false;
        let pages = std::iter::from_fn(move || {
            if is_last {
                return None;
            }
            let page = self.runtime.block_on(self.catalog.files_of_copy_after(copy.as_str(), &after, PAGE));
            match &page {
                Ok(rows) if rows.len() as u64 == u64::from(PAGE) => {
                    rows.last().map(|row| row.path.as_str()).unwrap_or_default().clone_into(&mut after);
                }
                _ => is_last = true,
            }
            Some(page)
        });
        Box::new(pages.flat_map(move |page| match page {
            Ok(rows) => rows.into_iter().map(|row| Ok(prior_file(copy, row))).collect::<Vec<_>>(),
            Err(error) => {
                let message = "what is stored of the copy cannot be read".to_owned();
                vec![Err(StoreError { message, source: Some(Box::new(error)) })]
            }
        }))
    }
}

fn prior_file(copy: &CopyId, row: CopyFileRow) -> PriorFile {
    PriorFile {
        copy: copy.clone(),
        path: row.path,
        size_bytes: row.size_bytes,
        modified: row.modified,
        hashes: row.hashes,
        evidence: row.evidence,
        block_crc64: row.block_crc64,
        state: match row.state.as_str() {
            "begun" => FileState::Begun,
            "copied" => FileState::Copied,
            "proven" => FileState::Proven,
            code => FileState::Failed(
                ErrorCode::ALL.iter().copied().find(|known| known.name() == code).unwrap_or(ErrorCode::Internal),
            ),
        },
    }
}

/// Every copy but the first is made from the first.
fn fed_by_first(copies: usize) -> Vec<Option<usize>> {
    (0..copies).map(|copy| (copy > 0).then_some(0)).collect()
}
