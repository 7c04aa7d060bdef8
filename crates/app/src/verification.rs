//! Owns verifications: any folder against whatever manifests are there, without a byte written to it.

use crate::manifests::{evidence_words, rename_view};
use crate::{App, clock, lock, state_problem};
use checkgate_catalog::VerificationRow;
use checkgate_contract::{MaybeId, VerificationView};
use checkgate_model::{ErrorCode, Problem};
use checkgate_offload::{Control, Meter, VerifyOptions, VerifyReport};
use std::path::{Path, PathBuf};

const MOST_LISTED: usize = 10_000;

/// A verification as it ended.
#[derive(Debug, Clone)]
pub struct VerifyAnswer {
    /// The view.
    pub view: VerificationView,
    /// Exit code of the command line.
    pub exit_code: u8,
}

/// Verifies a folder and stores nothing.
pub fn verify_folder(root: &Path, options: &VerifyOptions, control: &Control, meter: &Meter) -> Result<VerifyAnswer, Problem> {
    let report =
        checkgate_offload::verify(root, options, control, meter).map_err(|error| Problem::from_error(error.code(), &error))?;
    let whole = report.is_whole();
    Ok(VerifyAnswer { view: view("", root, &report), exit_code: u8::from(!whole) })
}

pub(crate) fn view(id: &str, root: &Path, report: &VerifyReport) -> VerificationView {
    let mut notes = report.warnings.clone();
    notes.extend(report.skipped.iter().map(|item| format!("{} is not checked: {}", item.path, item.reason)));
    if !report.size_only.is_empty() {
        notes.push(format!("{} file(s) could only be compared by size", report.size_only.len()));
    }
    if report.stopped {
        notes.push("stopped before the end".to_owned());
    }
    let renamed =
        report.renamed.iter().map(rename_view).map(|rename| format!("{} is {}: {}", rename.from, rename.to, rename.how));
    let unproven = report.unproven.iter().map(|path| format!("{path}: every recorded hash had failed"));
    VerificationView {
        id: id.to_owned(),
        path: root.to_string_lossy().into_owned(),
        state: match () {
            () if report.stopped => "stopped",
            // Without a read there is no proof, only agreement.
            () if report.is_whole() && report.checked == 0 => "sizes_agree",
            () if report.is_whole() => "whole",
            () => "differences",
        }
        .to_owned(),
        bytes_done: report.checked_bytes,
        bytes_total: report.checked_bytes,
        manifests: report.basis.iter().map(|basis| basis.path.clone()).collect(),
        checked: report.equal(),
        missing: listed(report.missing.iter().map(ToString::to_string)),
        extra: listed(report.extra.iter().map(ToString::to_string)),
        renamed: listed(renamed),
        mismatched: listed(report.mismatched.iter().map(ToString::to_string).chain(unproven)),
        unreadable: listed(report.unreadable.iter().map(|file| format!("{}: {}", file.path, file.problem.summary))),
        damaged: listed(report.damaged.iter().map(|damage| damage.problem.summary.clone())),
        notes,
        evidence_words: evidence_words(report),
        problem: None,
    }
}

fn listed(paths: impl Iterator<Item = String>) -> Vec<String> {
    let mut shown: Vec<String> = paths.collect();
    let more = shown.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        shown.truncate(MOST_LISTED);
        shown.push(format!("and {more} more"));
    }
    shown
}

impl App {
    /// Verifies a folder in the background.
    pub async fn start_verification(&self, root: PathBuf) -> Result<MaybeId, Problem> {
        let id = clock::new_id();
        let mut waiting = VerificationView {
            id: id.clone(),
            path: root.to_string_lossy().into_owned(),
            state: "running".to_owned(),
            bytes_done: 0,
            bytes_total: 0,
            manifests: Vec::new(),
            checked: 0,
            missing: Vec::new(),
            extra: Vec::new(),
            mismatched: Vec::new(),
            unreadable: Vec::new(),
            renamed: Vec::new(),
            damaged: Vec::new(),
            notes: Vec::new(),
            evidence_words: String::new(),
            problem: None,
        };
        self.store_verification(&waiting).await?;
        self.begin(&id);
        let (control, meter) = (Control::new(), Meter::new());
        lock(&self.inner.live).add_verification(&id, control.clone(), meter.clone());
        self.start_ticking();
        self.announce();
        let (app, answer_id) = (self.clone(), id.clone());
        tokio::spawn(async move {
            let folder = root.clone();
            let work =
                tokio::task::spawn_blocking(move || verify_folder(&folder, &VerifyOptions::default(), &control, &meter)).await;
            let outcome = work.map_err(|error| Problem::from_error(ErrorCode::Internal, &error)).and_then(|outcome| outcome);
            let view = match outcome {
                Ok(answer) => VerificationView { id: id.clone(), ..answer.view },
                Err(problem) => {
                    waiting.state = "failed".to_owned();
                    waiting.problem = Some(problem);
                    waiting
                }
            };
            if let Err(problem) = app.note_verification(Path::new(&view.path), &view).await {
                tracing::error!(%problem, "what the verification found about copies cannot be stored");
            }
            if let Err(problem) = app.store_verification(&view).await {
                tracing::error!(%problem, "the verification cannot be stored");
            }
            lock(&app.inner.live).forget(&id);
            app.end(&id);
        });
        Ok(MaybeId { id: Some(answer_id) })
    }

    pub(crate) async fn verification_views(&self) -> Result<Vec<VerificationView>, Problem> {
        let rows = self.catalog().verifications().await.map_err(state_problem)?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let mut view: VerificationView = serde_json::from_str(&row.report?).ok()?;
                if view.state == "running" && !self.is_busy(&row.id) {
                    view.state = "failed".to_owned();
                    view.problem = Some(Problem::new(ErrorCode::Stopped, "Checkgate ended in the middle of this verification"));
                }
                Some(view)
            })
            .collect())
    }

    async fn store_verification(&self, view: &VerificationView) -> Result<(), Problem> {
        let row = VerificationRow {
            id: view.id.clone(),
            path: view.path.clone(),
            state: view.state.clone(),
            report: serde_json::to_string(view).ok(),
        };
        self.catalog().store_verification(&row, clock::now()).await.map_err(state_problem)
    }
}
