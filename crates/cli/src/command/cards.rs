//! Owns the commands that work on cards and jobs.

use super::{open, refused};
use crate::args::{Card, Offload, Resume, Watch};
use crate::output::{Output, gigabytes};
use crate::progress::Progress;
use checkgate_app::{App, JobOptions, options_of};
use checkgate_contract::{CardDetail, CardRequest, JobRequest};
use checkgate_model::{ErrorCode, JobState, Problem};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(crate) async fn offload(home: Option<PathBuf>, options: Offload, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let (name, preset) = match options.preset {
        Some(name) => (name.clone(), app.preset(&name).await?),
        None => app.used_preset().await?,
    };
    let words = options_of(&name, &preset)?.with_words(&options.hash, options.verify.map(crate::args::Depth::word))?;
    let mut job = JobOptions {
        source_reread: words.source_reread && !options.no_source_reread,
        previews: words.previews && !options.no_previews,
        priority: options.priority.unwrap_or(words.priority),
        author: options.author,
        location: options.location,
        comment: options.comment,
        ..words
    };
    job.values.extend(options.values);
    let mut destinations = Vec::new();
    if options.to.is_empty() {
        let resolved = app.destinations_of(&preset).await?;
        for missing in &resolved.missing {
            output.note(&format!("{missing} is not connected and is left out"));
        }
        for (id, level) in resolved.destinations {
            job.levels.insert(id.clone(), level);
            destinations.push(id);
        }
        if destinations.is_empty() {
            return Err(refused(format!("the preset {name} has no destination that is connected; give one with --to")));
        }
    }
    for (number, folder) in options.to.iter().chain(&options.cascade).enumerate() {
        checkgate_app::engines::volume::files::create_folder_all(folder)
            .map_err(|error| Problem::from_error(ErrorCode::DestinationFailed, &error))?;
        let Some(id) = app.add_destination(folder.clone()).await?.id else { continue };
        if let Some(step) = number.checked_sub(options.to.len()) {
            job.levels.insert(id.clone(), u8::try_from(step + 2).unwrap_or(u8::MAX));
        }
        destinations.push(id);
    }
    let card = app.add_card_folder(options.card).await?.id.ok_or_else(|| refused("the card was not recognised"))?;
    if job.levels.is_empty()
        && let Some(words) = app.cascade_hint(&card, &destinations).await?
    {
        output.note(&words);
    }
    let mut ended = run_offload(&app, &card, &destinations, job, output).await;
    if options.eject && matches!(ended, Ok(0)) {
        ended = eject_if_safe(&app, &card, output).await;
    }
    app.shutdown().await;
    ended
}

/// Lets the card go if it is safe to format; the answer is the exit code.
async fn eject_if_safe(app: &App, card: &str, output: &Output) -> Result<u8, Problem> {
    let detail = app.card(card).await?;
    if !detail.card.verdict.safe {
        output.note("the card stays mounted: it is not safe to format");
        return Ok(0);
    }
    app.eject_card(CardRequest { card: card.to_owned() }).await?;
    output.note(&format!("{} is unmounted and can be taken out", detail.card.reel));
    Ok(0)
}

/// Starts, follows and ends an offload; the answer is the exit code.
pub(crate) async fn run_offload(
    app: &App,
    card: &str,
    destinations: &[String],
    options: JobOptions,
    output: &Output,
) -> Result<u8, Problem> {
    app.check_copies(card).await?;
    let before = app.card(card).await?;
    if before.card.job_state == Some(JobState::Done) {
        let wanted: BTreeSet<String> = app
            .destinations()
            .await?
            .into_iter()
            .filter(|known| destinations.contains(&known.id))
            .map(|known| known.path)
            .collect();
        let have = |path: &String| {
            before
                .card
                .copies
                .iter()
                .any(|copy| copy.path.starts_with(path.as_str()) && copy.evidence.is_some() && copy.doubt.is_none())
        };
        if wanted.iter().all(have) {
            output.note("this card is offloaded there already; nothing to do. `checkgate verify` reads the copies again.");
            return Ok(report(&before, output));
        }
    }
    let job = app.start_offload_with(card, destinations, options).await?;
    follow(app, card, &job, output).await
}

async fn follow(app: &App, card: &str, job: &str, output: &Output) -> Result<u8, Problem> {
    let progress = Progress::follow(app, card);
    let waiting = tokio::spawn(say_what_it_waits_for(app.clone(), job.to_owned(), output.clone()));
    let stopper = app.clone();
    let stopped_job = job.to_owned();
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok()
            && let Err(problem) = stopper.stop_job(JobRequest { job: stopped_job }).await
        {
            tracing::warn!(%problem, "the job cannot be stopped");
        }
    });
    let ended = app.wait_for_job(job).await;
    interrupt.abort();
    waiting.abort();
    drop(progress);
    let ended = ended?;
    let detail = app.card(card).await?;
    let card_code = report(&detail, output);
    match (ended.state, ended.problem) {
        (JobState::Done, _) => Ok(card_code),
        (_, Some(problem)) => {
            if output.json {
                return Ok(problem.code.exit_code());
            }
            Err(problem)
        }
        (JobState::Stopped, None) => {
            output.note("paused; `checkgate resume` goes on");
            Ok(4)
        }
        (JobState::Cancelled, None) => {
            output.note("cancelled; what is proven stays, and offloading the card there again takes it up");
            Ok(4)
        }
        (state, None) => Err(Problem::new(ErrorCode::Internal, format!("the job ended as {state:?} without a reason"))),
    }
}

/// Says what a job waits for, once it waits longer than a moment.
async fn say_what_it_waits_for(app: App, job: String, output: Output) {
    let mut told = String::new();
    let mut every = tokio::time::interval(std::time::Duration::from_millis(500));
    every.tick().await;
    loop {
        every.tick().await;
        let Ok(queue) = app.queue().await else { return };
        match queue.into_iter().find(|entry| entry.job == job) {
            Some(entry) if entry.state == JobState::Waiting => {
                if entry.words != told {
                    output.note(&entry.words);
                    told = entry.words;
                }
            }
            _ => return,
        }
    }
}

fn report(detail: &CardDetail, output: &Output) -> u8 {
    if output.json {
        output.value(detail);
    } else {
        output.card(detail);
    }
    0
}

pub(crate) async fn resume(home: Option<PathBuf>, options: Resume, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let jobs = app.jobs().await?;
    let chosen: Vec<_> = match &options.job {
        Some(id) => jobs.into_iter().filter(|(job, _)| job.id == *id).collect(),
        None => {
            let mut seen = BTreeSet::new();
            jobs.into_iter()
                .filter(|(job, _)| {
                    seen.insert(job.card.clone())
                        && matches!(job.state, JobState::Stopped | JobState::Interrupted | JobState::Failed)
                })
                .collect()
        }
    };
    if let (Some(id), true) = (&options.job, chosen.is_empty()) {
        return Err(Problem::new(ErrorCode::NotFound, format!("there is no job {id}")));
    }
    if chosen.is_empty() {
        output.note("there is nothing to resume");
        return Ok(0);
    }
    let mut worst = 0;
    for (job, reel) in chosen {
        output.note(&format!("resuming {reel}"));
        app.resume_job(JobRequest { job: job.id.clone() }).await?;
        match follow(&app, &job.card, &job.id, output).await {
            Ok(code) => worst = worst.max(code),
            Err(problem) => {
                output.problem(&problem);
                worst = worst.max(problem.code.exit_code());
            }
        }
    }
    app.shutdown().await;
    Ok(worst)
}

pub(crate) async fn jobs(home: Option<PathBuf>, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let jobs = app.jobs().await?;
    if output.json {
        let rows: Vec<_> = jobs
            .iter()
            .map(|(job, reel)| {
                serde_json::json!({
                    "id": job.id, "card": job.card, "reel": reel, "state": job.state, "started_at": job.started_at, "problem": job.problem,
                })
            })
            .collect();
        output.value(&rows);
    } else if jobs.is_empty() {
        output.line("no jobs yet; `checkgate offload CARD --to DIR` starts one");
    } else {
        for (job, reel) in &jobs {
            let why = job.problem.as_ref().map_or_else(String::new, |problem| format!("  {}", problem.summary));
            let state = format!("{:?}", job.state).to_lowercase();
            output.line(&format!("{}  {:<12} {:<12} {}{why}", job.id, reel, state, job.started_at));
        }
    }
    app.shutdown().await;
    Ok(0)
}

pub(crate) async fn card(home: Option<PathBuf>, options: &Card, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    let id = app.find_card(&options.card).await?;
    // The verdict rests on copies that are still there.
    app.check_copies(&id).await?;
    let detail = app.card(&id).await?;
    report(&detail, output);
    app.shutdown().await;
    Ok(u8::from(!detail.card.verdict.safe))
}

pub(crate) async fn watch(home: Option<PathBuf>, options: Watch, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    for folder in &options.to {
        app.add_destination(folder.clone()).await?;
    }
    let mut settings = app.settings().await?;
    settings.automatic = true;
    app.store_settings(&settings).await?;
    let (_, preset) = app.used_preset().await?;
    if preset.destinations.is_empty() && app.destinations().await?.iter().all(|destination| !destination.in_preset) {
        return Err(refused("no destination is set; give one with --to"));
    }
    let mut changes = app.changes();
    app.start_watching(options.folder).await?;
    output.note("watching for cards; Ctrl-C ends");
    let mut told: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            changed = changes.changed() => if changed.is_err() { break },
        }
        for card in app.snapshot().await?.cards {
            let state = card.job_state.map_or_else(|| "recognised".to_owned(), |state| format!("{state:?}").to_lowercase());
            let verdict = if card.verdict.safe { "safe to format" } else { "not yet" };
            let line = format!(
                "{}  {}  {} clips, {}  {state}  {verdict}",
                card.reel,
                card.family,
                card.clips,
                gigabytes(card.size_bytes)
            );
            if told.get(&card.id) != Some(&line) {
                if output.json {
                    output.line(&serde_json::to_string(&card).unwrap_or_default());
                } else {
                    output.line(&line);
                }
                told.insert(card.id, line);
            }
        }
    }
    app.shutdown().await;
    Ok(0)
}
