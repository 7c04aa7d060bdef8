//! Owns the commands that work with the cloud.

use super::{open, refused};
use crate::args::{Cloud, Upload};
use crate::output::{Output, gigabytes, parse_bytes};
use crate::progress::Progress;
use checkgate_app::engines::transfer::UploadOptions;
use checkgate_contract::{CardRequest, CloudRequest};
use checkgate_model::{ErrorCode, Problem};
use std::path::PathBuf;

pub(crate) async fn upload(home: Option<PathBuf>, options: Upload, output: &Output) -> Result<u8, Problem> {
    let app = open(home).await?;
    if let Some(url) = options.to {
        let token = match (&options.token_file, std::env::var("CHECKGATE_TOKEN")) {
            (Some(file), _) => {
                let bytes = checkgate_app::engines::volume::files::read_bounded(file, 64 * 1024)
                    .map_err(|error| Problem::from_error(error.code(), &error))?;
                String::from_utf8_lossy(&bytes).trim().to_owned()
            }
            (None, Ok(token)) => token,
            (None, Err(_)) => String::new(),
        };
        app.set_cloud(CloudRequest { url, token }).await?;
    }
    let limit = match &options.limit {
        Some(text) => Some(parse_bytes(text).ok_or_else(|| refused(format!("{text:?} is no rate, e.g. 20MB")))?),
        None => None,
    };
    let card = app.find_card(&options.card).await?;
    let upload_options = UploadOptions {
        parallel: options.parallel.clamp(1, 64),
        limit_bytes_per_sec: limit,
        wait_for_network: options.wait,
        ..UploadOptions::default()
    };
    app.launch_upload(&card, upload_options).await?;
    let progress = Progress::follow(&app, &card);
    let (stopper, stopped) = (app.clone(), card.clone());
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok()
            && let Err(problem) = stopper.stop_upload(CardRequest { card: stopped }).await
        {
            tracing::warn!(%problem, "the upload cannot be stopped");
        }
    });
    let ended = app.wait_for_upload(&card).await;
    interrupt.abort();
    drop(progress);
    let row = ended?;
    let detail = app.card(&card).await?;
    if output.json {
        output.value(&detail.card.upload);
    } else if let Some(upload) = &detail.card.upload {
        let state = crate::output::word(&upload.state);
        output.line(&format!(
            "{}  {state}  {} of {}, {} parts",
            detail.card.reel,
            gigabytes(upload.bytes_done),
            gigabytes(upload.bytes_total),
            upload.parts_done
        ));
        if let Some(line) = detail.log.iter().rev().find(|line| line.text.starts_with("uploaded:")) {
            output.line(&format!("  {}", line.text));
        }
        if !upload.cloud_words.is_empty() {
            output.line(&format!("  cloud: {}", upload.cloud_words));
        }
        if !upload.results.is_empty() {
            output.line(&format!("  {} results in {}", upload.results.len(), app.home().results().join(&card).display()));
        }
    }
    app.shutdown().await;
    match row.problem {
        Some(problem) if output.json => Ok(problem.code.exit_code()),
        Some(problem) => Err(problem),
        None if row.state == "done" => Ok(0),
        None => Ok(4),
    }
}

pub(crate) async fn cloud(home: Option<PathBuf>, command: Cloud, output: &Output) -> Result<u8, Problem> {
    let Cloud::Up { listen, dir } = command;
    let dir = match dir {
        Some(dir) => dir,
        None => open(home).await?.home().cloud(),
    };
    let mut options = checkgate_cloud::UpOptions::new(dir);
    options.listen = listen;
    let running = checkgate_cloud::up(options).await.map_err(|error| Problem::from_error(error.code(), &error))?;
    if output.json {
        output.line(&serde_json::json!({ "url": running.url(), "token_file": running.token_file }).to_string());
    } else {
        output.line(&format!("cloud   {}", running.url()));
        output.line(&format!("token   {}", running.token_file.display()));
        output.note("Ctrl-C ends");
    }
    tokio::signal::ctrl_c().await.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    running.shutdown().await;
    Ok(0)
}
