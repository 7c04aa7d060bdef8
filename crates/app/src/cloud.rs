//! Owns uploads: choosing a verified copy, sending it, following the cloud's work, fetching its results. An upload never reads the
//! card, and never a copy whose evidence is weaker than a read-back.

use crate::journal::CatalogJournal;
use crate::verdict::newest_copies;
use crate::{App, clock, lock, not_found, state_problem};
use checkgate_catalog::{CopyRow, UploadRow};
use checkgate_contract::{CardRequest, CloudView, Empty};
use checkgate_model::{ErrorCode, EvidenceLevel, Problem, RelPath, Timestamp, UploadId};
use checkgate_transfer::{
    CloudAddress, CloudClient, PackageFile, PackageId, PackagePlan, PackageState, PackageStatus, UploadControl, UploadError,
    UploadMeter, UploadOptions, upload,
};
use checkgate_volume::files;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const ASK_EVERY: Duration = Duration::from_millis(500);

/// What was last seen of the cloud.
#[derive(Debug, Clone, Default)]
pub(crate) struct CloudState {
    pub(crate) online: bool,
    pub(crate) offline_since: Option<Timestamp>,
}

impl App {
    /// Starts or resumes the upload of a card from a verified copy, in the background.
    pub async fn start_upload(&self, request: CardRequest) -> Result<Empty, Problem> {
        let options = UploadOptions { wait_for_network: true, ..UploadOptions::default() };
        self.launch_upload(&request.card, options).await?;
        Ok(Empty {})
    }

    /// The same with options of a person.
    pub async fn launch_upload(&self, card: &str, options: UploadOptions) -> Result<(), Problem> {
        let row = self.prepare_upload(card).await?;
        let name = format!("upload-{card}");
        if !self.begin(&name) {
            return Err(Problem::new(ErrorCode::Busy, "this card is being uploaded already"));
        }
        let (control, meter) = (Arc::new(UploadControl::new()), Arc::new(UploadMeter::default()));
        lock(&self.inner.live).add_upload(card, control.clone(), meter.clone());
        self.start_ticking();
        let (app, card) = (self.clone(), card.to_owned());
        tokio::spawn(async move {
            app.run_upload(row, &options, &control, &meter).await;
            lock(&app.inner.live).forget(&card);
            app.refresh_verdict(&card).await;
            app.end(&name);
        });
        Ok(())
    }

    /// Waits until the upload of a card no longer runs in this process.
    pub async fn wait_for_upload(&self, card: &str) -> Result<UploadRow, Problem> {
        let mut changes = self.changes();
        while self.is_busy(&format!("upload-{card}")) {
            if changes.changed().await.is_err() {
                break;
            }
        }
        self.catalog().upload_of(card).await.map_err(state_problem)?.ok_or_else(|| not_found("upload of card", card))
    }

    /// Parts of the latest upload of a card that the journal knows to be in the store.
    pub async fn stored_parts(&self, card: &str) -> Result<usize, Problem> {
        match self.catalog().upload_of(card).await.map_err(state_problem)? {
            Some(upload) => Ok(self.catalog().upload_parts(&upload.id).await.map_err(state_problem)?.len()),
            None => Ok(0),
        }
    }

    /// Stops the upload of a card after the parts in flight.
    pub async fn stop_upload(&self, request: CardRequest) -> Result<Empty, Problem> {
        if !lock(&self.inner.live).stop_upload(&request.card) {
            return Err(Problem::new(ErrorCode::BadRequest, "this card is not being uploaded here"));
        }
        Ok(Empty {})
    }

    /// The address that is set.
    pub(crate) async fn cloud_address(&self) -> Result<CloudAddress, Problem> {
        let settings = self.settings().await?;
        let url = settings
            .cloud_url
            .ok_or_else(|| Problem::new(ErrorCode::BadRequest, "no cloud is set; give its URL in the settings or with --to"))?;
        Ok(CloudAddress { url, token: settings.cloud_token })
    }

    pub(crate) async fn cloud_view(&self) -> Result<CloudView, Problem> {
        let url = self.settings().await?.cloud_url;
        let state = lock(&self.inner.cloud_state).clone();
        let words = match (&url, state.online, state.offline_since) {
            (None, ..) => "no cloud set".to_owned(),
            (Some(_), true, _) => "online".to_owned(),
            (Some(_), false, Some(since)) => {
                format!("offline since {}", since.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M"))
            }
            (Some(_), false, None) => "not asked yet".to_owned(),
        };
        Ok(CloudView { url, online: state.online, words })
    }

    fn saw_cloud(&self, online: bool) {
        let mut state = lock(&self.inner.cloud_state);
        state.offline_since = if online { None } else { state.offline_since.or_else(|| Some(clock::now())) };
        state.online = online;
    }

    /// The copy to send and the row of its upload; an upload of the same copy to the same cloud that is not over goes on.
    async fn prepare_upload(&self, card: &str) -> Result<UploadRow, Problem> {
        let address = self.cloud_address().await?;
        let copies = newest_copies(self.catalog().copies_of_card(card).await.map_err(state_problem)?);
        let copy = choose_copy(&copies).ok_or_else(|| {
            Problem::new(
                ErrorCode::BadRequest,
                "no copy of this card is connected, complete and read back; an upload is made from a verified copy only",
            )
        })?;
        if let Some(row) = self.catalog().upload_of(card).await.map_err(state_problem)?
            && row.url == address.url
            && row.copy == copy.id
            && !matches!(row.state.as_str(), "quarantined" | "failed")
        {
            return Ok(row);
        }
        let row = UploadRow {
            id: clock::new_id(),
            card: card.to_owned(),
            copy: copy.id.clone(),
            url: address.url,
            package: None,
            state: "waiting".to_owned(),
            bytes_total: copy.bytes_total,
            bytes_done: 0,
            parts_done: 0,
            status: None,
            problem: None,
        };
        self.catalog().store_upload(&row, clock::now()).await.map_err(state_problem)?;
        Ok(row)
    }

    async fn run_upload(&self, mut row: UploadRow, options: &UploadOptions, control: &UploadControl, meter: &UploadMeter) {
        row.problem = None;
        let outcome = self.try_upload(&mut row, options, control, meter).await;
        let reading = meter.read();
        if reading.bytes_total > 0 {
            (row.bytes_done, row.bytes_total) = (reading.bytes_stored, reading.bytes_total);
            row.parts_done = reading.parts_sent + reading.parts_already_there;
        }
        if let Err(problem) = outcome {
            row.state = match problem.code {
                ErrorCode::Stopped => "interrupted",
                ErrorCode::Offline => "offline",
                ErrorCode::CloudMismatch => "quarantined",
                _ => "failed",
            }
            .to_owned();
            tracing::warn!(card = %row.card, code = %problem.code, "the upload stopped: {}", problem.summary);
            row.problem = (problem.code != ErrorCode::Stopped).then_some(problem);
        }
        if let Err(error) = self.catalog().store_upload(&row, clock::now()).await {
            tracing::error!(%error, "the state of the upload cannot be stored");
        }
    }

    async fn try_upload(
        &self,
        row: &mut UploadRow,
        options: &UploadOptions,
        control: &UploadControl,
        meter: &UploadMeter,
    ) -> Result<(), Problem> {
        let address = self.cloud_address().await?;
        let plan = self.package_plan(row).await?;
        let client = CloudClient::new(&address).map_err(|error| Problem::from_error(error.code(), &error))?;
        if row.state != "processing" && row.state != "done" {
            row.state = "sending".to_owned();
            self.catalog().store_upload(row, clock::now()).await.map_err(state_problem)?;
            self.announce();
            let journal = CatalogJournal(self.catalog().clone());
            let report = upload(&address, &plan, &journal, options, control, meter).await.map_err(|error: UploadError| {
                self.saw_cloud(error.code() != ErrorCode::Offline);
                Problem::from_error(error.code(), &error)
            })?;
            self.saw_cloud(true);
            row.package = Some(report.package_id.as_str().to_owned());
            row.bytes_done = report.bytes_total;
            row.bytes_total = report.bytes_total;
            row.parts_done = report.parts_sent + report.parts_already_there;
            row.state = "processing".to_owned();
            self.catalog().store_upload(row, clock::now()).await.map_err(state_problem)?;
            let line = format!(
                "uploaded: {} parts sent, {} were there already, {} bytes sent",
                report.parts_sent, report.parts_already_there, report.bytes_sent
            );
            self.catalog().log(&row.card, clock::now(), &line).await.map_err(state_problem)?;
            self.announce();
        }
        self.follow(row, &client, control).await
    }

    /// Follows the cloud's work to its end and fetches what it made.
    async fn follow(&self, row: &mut UploadRow, client: &CloudClient, control: &UploadControl) -> Result<(), Problem> {
        let package = PackageId(row.package.clone().ok_or_else(|| Problem::new(ErrorCode::Internal, "the package has no id"))?);
        let mut last: Option<PackageStatus> = None;
        loop {
            if control.is_stopped() {
                return Err(Problem::new(ErrorCode::Stopped, "stopped while the cloud was working"));
            }
            let status = match client.package(&package).await {
                Ok(status) => status,
                Err(error) if error.code() == ErrorCode::Offline => {
                    self.saw_cloud(false);
                    return Err(Problem::from_error(ErrorCode::Offline, &error));
                }
                Err(error) => return Err(Problem::from_error(error.code(), &error)),
            };
            self.saw_cloud(true);
            if last.as_ref() != Some(&status) {
                row.status = serde_json::to_string(&status).ok();
                self.catalog().store_upload(row, clock::now()).await.map_err(state_problem)?;
                self.announce();
            }
            if status.state.is_final() {
                return self.finish(row, client, &package, &status).await;
            }
            last = Some(status);
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    async fn finish(
        &self,
        row: &mut UploadRow,
        client: &CloudClient,
        package: &PackageId,
        status: &PackageStatus,
    ) -> Result<(), Problem> {
        let folder = self.inner.home.results().join(&row.card);
        files::create_folder_all(&folder).map_err(|error| Problem::from_error(error.code(), &error))?;
        for result in &status.results {
            let Ok(name) = RelPath::new(&result.name) else {
                tracing::warn!(name = %result.name, "the cloud names a result that is no path below a folder; it is not fetched");
                continue;
            };
            let bytes =
                client.fetch_result(package, &result.name).await.map_err(|error| Problem::from_error(error.code(), &error))?;
            let path = folder.join(name.as_str());
            if let Some(parent) = path.parent() {
                files::create_folder_all(parent).map_err(|error| Problem::from_error(error.code(), &error))?;
            }
            files::write_atomic(&path, &bytes).map_err(|error| Problem::from_error(error.code(), &error))?;
        }
        match status.state {
            PackageState::Done => {
                row.state = "done".to_owned();
                let line = format!(
                    "the cloud has verified {} objects and sent {} results",
                    status.objects_verified,
                    status.results.len()
                );
                self.catalog().log(&row.card, clock::now(), &line).await.map_err(state_problem)?;
                Ok(())
            }
            PackageState::Quarantined => {
                let mut problem = Problem::new(ErrorCode::CloudMismatch, "the cloud found objects that differ from the manifest");
                problem.details = status.findings.iter().map(|finding| finding.message.clone()).take(20).collect();
                Err(problem)
            }
            _ => {
                let mut problem = Problem::new(ErrorCode::CloudRefused, "the cloud could not process the package");
                problem.details = status.findings.iter().map(|finding| finding.message.clone()).take(20).collect();
                Err(problem)
            }
        }
    }

    /// Every file of the copy as it was proven, then the manifest's history as it lies there.
    async fn package_plan(&self, row: &UploadRow) -> Result<PackagePlan, Problem> {
        let copies = self.catalog().copies_of_card(&row.card).await.map_err(state_problem)?;
        let copy = copies.iter().find(|copy| copy.id == row.copy).ok_or_else(|| not_found("copy", &row.copy))?;
        let card = self.catalog().card(&row.card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", &row.card))?;
        let root = Path::new(&copy.root);
        let mut package = Vec::new();
        for file in self.catalog().files_of_copy(&copy.id).await.map_err(state_problem)? {
            package.push(PackageFile {
                path: root.join(file.path.as_str()),
                key: file.path,
                size_bytes: file.size_bytes,
                modified: file.modified,
                hashes: file.hashes,
                block_crc64: file.block_crc64,
                manifest: false,
            });
        }
        let history = RelPath::new(checkgate_mhl::FOLDER).expect("the folder of a history is a legal name");
        let source = checkgate_volume::Source::open(root).map_err(|error| Problem::from_error(error.code(), &error))?;
        let listing = source.walk().map_err(|error| Problem::from_error(error.code(), &error))?;
        for file in listing.files.into_iter().filter(|file| file.path.is_under(&history)) {
            package.retain(|known| known.key != file.path);
            package.push(PackageFile {
                path: root.join(file.path.as_str()),
                key: file.path,
                size_bytes: file.size_bytes,
                modified: file.modified,
                hashes: Vec::new(),
                block_crc64: Vec::new(),
                manifest: true,
            });
        }
        Ok(PackagePlan { upload: UploadId(row.id.clone()), name: card.reel, files: package })
    }
}

/// The connected copy with the strongest evidence; nothing below a read-back is ever sent.
fn choose_copy(copies: &[CopyRow]) -> Option<&CopyRow> {
    copies
        .iter()
        .filter(|copy| copy.state == "sealed" && copy.manifest_reread && copy.failed_files == 0)
        .filter(|copy| copy.evidence.is_some_and(|level| level >= EvidenceLevel::ReadBackSystem))
        .filter(|copy| Path::new(&copy.root).is_dir())
        .max_by_key(|copy| copy.evidence)
}
