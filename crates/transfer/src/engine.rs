//! Owns one run of an upload: package, media, manifest, marker, in this order. What the store lists is the truth; a run that
//! was killed anywhere is repeated by calling [`upload`] again with the same plan.

use crate::client::{CloudAddress, CloudClient};
use crate::error::{ClientError, UploadError};
use crate::file::send_file;
use crate::journal::{JournalFile, UploadJournal};
use crate::meter::{UploadControl, UploadMeter};
use crate::plan::{PackagePlan, UploadOptions};
use crate::retry::jitter;
use crate::wire::PackageId;
use checkgate_model::RelPath;
use futures::stream::{self, StreamExt};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use tokio::sync::Semaphore;

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadReport {
    /// The package in the cloud; its marker is written.
    pub package_id: PackageId,
    /// Files of the package.
    pub files: u64,
    /// Bytes of the package.
    pub bytes_total: u64,
    /// Parts stored by this run.
    pub parts_sent: u64,
    /// Parts that were in the store when the run began.
    pub parts_already_there: u64,
    /// Tries that had to be repeated.
    pub parts_resent: u64,
    /// Bytes handed to the network by this run.
    pub bytes_sent: u64,
    /// Bytes that were in the store when the run began.
    pub bytes_already_there: u64,
    /// Files whose checksums were read from the copy because none were kept when the card was read: for these the store
    /// checked the network, but not the copy against the card.
    pub checksums_from_copy: Vec<RelPath>,
}

/// Everything the parts of one run share.
pub(crate) struct Run<'a> {
    pub(crate) client: CloudClient,
    pub(crate) package: PackageId,
    pub(crate) plan: &'a PackagePlan,
    pub(crate) journal: &'a dyn UploadJournal,
    pub(crate) known: BTreeMap<RelPath, JournalFile>,
    pub(crate) options: &'a UploadOptions,
    pub(crate) control: &'a UploadControl,
    pub(crate) meter: &'a UploadMeter,
    pub(crate) permits: Semaphore,
    pub(crate) checksums_from_copy: Mutex<Vec<RelPath>>,
}

/// Uploads the package, from wherever an earlier run stopped, up to and including its marker.
///
/// Files that cannot be read or changed do not stop the others; the marker is then not written and the first of them is
/// the error.
pub async fn upload(
    address: &CloudAddress,
    plan: &PackagePlan,
    journal: &dyn UploadJournal,
    options: &UploadOptions,
    control: &UploadControl,
    meter: &UploadMeter,
) -> Result<UploadReport, UploadError> {
    plan.check()?;
    meter.begin(plan.files.len() as u64, plan.size_bytes());
    control.set_limit(options.limit_bytes_per_sec);
    tokio::select! {
        biased;
        () = control.stopped() => Err(UploadError::Stopped),
        result = run(address, plan, journal, options, control, meter) => result,
    }
}

async fn run(
    address: &CloudAddress,
    plan: &PackagePlan,
    journal: &dyn UploadJournal,
    options: &UploadOptions,
    control: &UploadControl,
    meter: &UploadMeter,
) -> Result<UploadReport, UploadError> {
    let client = CloudClient::new(address).map_err(|source| UploadError::Cloud { what: plan.name.clone(), source })?;
    let known = journal.load(&plan.upload).await.map_err(UploadError::Journal)?;
    let declaration = plan.declaration();
    let created = again(options, meter, &plan.name, || client.create(&declaration)).await?;
    journal.package_created(&plan.upload, &created.package).await.map_err(UploadError::Journal)?;
    let run = Run {
        client,
        package: created.package,
        plan,
        journal,
        known: known.into_iter().map(|file| (file.key.clone(), file)).collect(),
        options,
        control,
        meter,
        permits: Semaphore::new(options.parallel.clamp(1, 64)),
        checksums_from_copy: Mutex::new(Vec::new()),
    };
    let (media, manifests) = plan.order();
    run.send_all(media).await?;
    run.send_all(manifests).await?;
    again(options, meter, &plan.name, || run.client.commit(&run.package)).await?;
    journal.committed(&plan.upload, &run.package).await.map_err(UploadError::Journal)?;
    let reading = meter.read();
    let mut checksums_from_copy = run.checksums_from_copy.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    checksums_from_copy.sort();
    Ok(UploadReport {
        package_id: run.package,
        files: plan.files.len() as u64,
        bytes_total: plan.size_bytes(),
        parts_sent: reading.parts_sent,
        parts_already_there: reading.parts_already_there,
        parts_resent: reading.parts_resent,
        bytes_sent: reading.bytes_sent,
        bytes_already_there: reading.bytes_already_there,
        checksums_from_copy,
    })
}

impl Run<'_> {
    async fn send_all(&self, numbers: Vec<usize>) -> Result<(), UploadError> {
        // Boxed: the future of one file is large, and many wait at once.
        let sends = numbers.into_iter().map(|number| Box::pin(send_file(self, number)) as futures::future::BoxFuture<'_, _>);
        let mut results = stream::iter(sends).buffer_unordered(self.options.parallel.clamp(1, 64));
        let mut first_bad_source = None;
        while let Some(result) = results.next().await {
            match result {
                Ok(()) => {}
                Err(
                    error @ (UploadError::SourceUnreadable { .. }
                    | UploadError::SourceChanged { .. }
                    | UploadError::CopyDiffers { .. }),
                ) => {
                    tracing::warn!(%error, "a file of the copy cannot be uploaded; the others go on");
                    first_bad_source.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        first_bad_source.map_or(Ok(()), Err)
    }
}

/// Asks until there is an answer that is not a passing failure, or until the policy gives up.
pub(crate) async fn again<A, F>(
    options: &UploadOptions,
    meter: &UploadMeter,
    what: &str,
    ask: impl Fn() -> F,
) -> Result<A, UploadError>
where
    F: Future<Output = Result<A, ClientError>>,
{
    let mut failures = 0;
    loop {
        let source = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        failures += 1;
        if !source.passes() || !may_go_on(options, failures, &source) {
            return Err(UploadError::Cloud { what: what.to_owned(), source });
        }
        rest(options, meter, failures).await;
    }
}

/// Whether a failed request may be repeated. Being offline is a state, not an error, for those who asked to wait it out.
pub(crate) fn may_go_on(options: &UploadOptions, failures: u32, error: &ClientError) -> bool {
    let offline = error.code() == checkgate_model::ErrorCode::Offline;
    options.retry.goes_on(failures) || (offline && options.wait_for_network)
}

pub(crate) async fn rest(options: &UploadOptions, meter: &UploadMeter, failures: u32) {
    let _waiting = meter.waiting();
    tokio::time::sleep(options.retry.wait(failures, jitter())).await;
}
