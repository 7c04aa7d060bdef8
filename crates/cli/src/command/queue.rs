//! Owns `checkgate queue`.

use super::open;
use crate::output::Output;
use checkgate_app::App;
use checkgate_contract::{JobRequest, MoveJob, QueueEntry};
use checkgate_model::{ErrorCode, JobState, Problem};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Queue {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Pause jobs, in whatever process they run; `checkgate resume` goes on at the last proven block.
    Pause(Which),
    /// Take jobs out of the queue. What is proven stays; nothing goes on by itself.
    Cancel(Which),
    /// Move a job: first, last, up or down. It takes the priority of the job whose place it takes.
    Move {
        /// Job id or reel.
        job: String,
        /// Where to.
        #[arg(value_parser = ["first", "last", "up", "down"])]
        to: String,
    },
    /// Set a job's priority: higher goes first among those that want the same device.
    Priority {
        /// Job id or reel.
        job: String,
        /// Priority; 0 is usual.
        #[arg(allow_negative_numbers = true)]
        priority: i32,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Job id or reel.
    job: Option<String>,
    /// All that wait or run.
    #[arg(long)]
    all: bool,
}

pub(crate) async fn queue(home: Option<PathBuf>, options: Queue, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    match options.what {
        None => {}
        Some(What::Pause(which)) => {
            for job in chosen(&app, which).await? {
                app.stop_job(JobRequest { job }).await?;
            }
        }
        Some(What::Cancel(which)) => {
            for job in chosen(&app, which).await? {
                app.cancel_job(JobRequest { job }).await?;
            }
        }
        Some(What::Move { job, to }) => drop(app.move_job(MoveJob { job: named(&app, &job).await?, to }).await?),
        Some(What::Priority { job, priority }) => app.set_priority(&named(&app, &job).await?, priority).await?,
    }
    show(&app.queue().await?, output);
    app.shutdown().await;
    Ok(0)
}

fn show(queue: &[QueueEntry], output: &Output) {
    if output.json {
        output.value(&queue);
    } else if queue.is_empty() {
        output.line("nothing waits and nothing runs");
    } else {
        for entry in queue {
            let state = if entry.state == JobState::Running { "runs" } else { "waits" };
            let priority = if entry.priority == 0 { String::new() } else { format!("priority {}", entry.priority) };
            output.line(format!("{}  {:<12} {state:<6} {priority:<12} {}", entry.job, entry.reel, entry.words).trim_end());
        }
    }
}

async fn chosen(app: &App, which: Which) -> Result<Vec<String>, Problem> {
    match which.job {
        Some(job) => Ok(vec![named(app, &job).await?]),
        None => Ok(app.queue().await?.into_iter().map(|entry| entry.job).collect()),
    }
}

/// A job by its id, or by the reel of the card it is about: what waits or runs before what can go on.
async fn named(app: &App, words: &str) -> Result<String, Problem> {
    let queue = app.queue().await?;
    if let Some(entry) = queue.iter().find(|entry| entry.job == words || entry.reel == words) {
        return Ok(entry.job.clone());
    }
    let jobs = app.jobs().await?;
    let found = jobs.into_iter().find(|(job, reel)| job.id == words || (reel == words && job.state != JobState::Done));
    found.map(|(job, _)| job.id).ok_or_else(|| {
        let mut problem = Problem::new(ErrorCode::NotFound, format!("there is no job {words}, and none of a card of that reel"));
        problem.hint = "`checkgate queue` lists what waits and runs, `checkgate jobs` all.".to_owned();
        problem
    })
}
