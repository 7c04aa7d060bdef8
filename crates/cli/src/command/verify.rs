//! Owns `checkgate verify`: drives side by side, each with its bar, and the reports that are asked for.

use crate::args::{Depth, Verify};
use crate::output::Output;
use checkgate_app::engines::offload::{Control, Meter, VerifyOptions};
use checkgate_app::engines::volume::files;
use checkgate_app::{DriveOptions, DriveWatch, report_bytes, verify_drives};
use checkgate_model::{ErrorCode, Problem};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) async fn verify(home: Option<PathBuf>, options: Verify, output: &Output) -> Result<u8, Problem> {
    let kinds = ["txt", "json", "html", "htm", "pdf"];
    let is_known =
        |path: &PathBuf| path.extension().is_some_and(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)));
    // Said before hours are spent, not after.
    if let Some(report) = options.report.iter().find(|path| !is_known(path)) {
        let words = format!("{}: a report ends in .txt, .json, .html or .pdf", report.display());
        return Err(Problem::new(ErrorCode::BadRequest, words));
    }
    for report in &options.report {
        let folder = report.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() || report.is_dir() {
            let words = format!("{} cannot be written: there is no folder {}", report.display(), folder.display());
            return Err(Problem::new(ErrorCode::BadRequest, words));
        }
    }
    let verify = VerifyOptions {
        depth: options.depth.unwrap_or(Depth::Device).into(),
        all_formats: options.all_formats,
        manifest: options.manifest,
        fresh: options.fresh,
        ..VerifyOptions::default()
    };
    let state = home.clone();
    let drives = DriveOptions { verify, append: options.append, home };
    let watches: Vec<DriveWatch> = options.paths.into_iter().map(|path| DriveWatch { path, meter: Meter::new() }).collect();
    let control = Control::new();
    let stop = control.clone();
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.stop();
        }
    });
    let bars = MultiProgress::new();
    let show = tokio::spawn(show(bars.clone(), watches.clone()));
    let work = tokio::task::spawn_blocking(move || verify_drives(&watches, &drives, &control)).await;
    show.abort();
    interrupt.abort();
    if bars.clear().is_err() {
        tracing::debug!("the terminal is gone");
    }
    let answer = work.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    // The answer stands whether or not it can be remembered.
    if let Err(problem) = remember(state, &answer).await {
        tracing::warn!(%problem, "what was found about known copies cannot be stored");
    }
    if output.json {
        match answer.views.as_slice() {
            [only] => match &answer.problems[0] {
                Some(problem) => output.value(problem),
                None => output.value(only),
            },
            views => output.value(&views),
        }
    } else {
        for (view, problem) in answer.views.iter().zip(&answer.problems) {
            match problem {
                Some(problem) => output.problem(problem),
                None => output.verification(view),
            }
        }
        for manifest in &answer.written {
            output.line(&format!("  written      {}", manifest.display()));
        }
    }
    let mut exit_code = answer.exit_code;
    for path in &options.report {
        let written = report_bytes(&answer.document, path)
            .and_then(|bytes| files::write_atomic(path, &bytes).map_err(|error| Problem::from_error(error.code(), &error)));
        match written {
            Ok(()) => output.note(&format!("wrote {}", path.display())),
            // The result above stands all the same.
            Err(problem) => {
                output.note(&format!("error: {} [{}]", problem.summary, problem.code));
                exit_code = exit_code.max(3);
            }
        }
    }
    if exit_code == 4 {
        output.note("stopped; run the same command again to go on, with --fresh to begin anew");
    }
    Ok(exit_code)
}

/// What was found counts for or against the copies that lie there.
async fn remember(home: Option<PathBuf>, answer: &checkgate_app::DriveAnswer) -> Result<(), Problem> {
    let app = super::open(home).await?;
    for (view, problem) in answer.views.iter().zip(&answer.problems) {
        if problem.is_none() {
            app.note_verification(Path::new(&view.path), view).await?;
        }
    }
    app.shutdown().await;
    Ok(())
}

/// One bar for each drive.
async fn show(bars: MultiProgress, watches: Vec<DriveWatch>) {
    let style = ProgressStyle::with_template("  {msg:24!} {bar:28} {percent:>3} %  {decimal_bytes_per_sec}  {eta} left")
        .expect("the template is legal")
        .progress_chars("##-");
    let shown: Vec<ProgressBar> = watches
        .iter()
        .map(|watch| {
            let name = watch.path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.unwrap_or_else(|| watch.path.display().to_string());
            bars.add(ProgressBar::new(1).with_style(style.clone()).with_message(name))
        })
        .collect();
    let mut every = tokio::time::interval(Duration::from_millis(100));
    loop {
        every.tick().await;
        for (bar, watch) in shown.iter().zip(&watches) {
            let lane = watch.meter.snapshot().source;
            bar.set_length(lane.bytes_total.max(1));
            bar.set_position(lane.bytes_done);
        }
    }
}
