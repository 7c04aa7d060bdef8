//! The real binary, killed as a power cut would.

use crate::kit::{Cloud, Over, PART, awkward_copy, quick, seal, send, small_parts, until, until_final};
use checkgate_testkit::{CardSize, Family, ForgeOptions, forge_card};
use checkgate_transfer::{
    CloudAddress, CloudClient, MemoryJournal, PackageState, UploadControl, UploadMeter, UploadOptions, upload,
};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Process(Child);

impl Process {
    /// Starts the binary and waits for its first `lines` lines.
    fn start(arguments: &[&str], lines: usize) -> (Self, Vec<String>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_checkgate-cloud"))
            .args(arguments)
            .env("CHECKGATE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let said = out.lines().take(lines).map(Result::unwrap).collect();
        (Self(child), said)
    }

    /// SIGKILL: nothing is flushed, nothing is said.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_cloud(home: &Path, listen: &str) -> (Process, CloudAddress) {
    let (process, said) = Process::start(
        &["up", "--home", home.to_str().unwrap(), "--listen", listen, "--heartbeat-secs", "1", "--heartbeat-missed", "3"],
        2,
    );
    let url = said[0].strip_prefix("url ").expect("says where it listens").to_owned();
    let token_file = said[1].strip_prefix("token-file ").expect("says where the token is");
    let token = std::fs::read_to_string(token_file).unwrap();
    (process, CloudAddress { url, token: Some(token) })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_killed_in_the_middle_of_an_upload_costs_only_the_parts_in_flight() {
    let home = tempfile::tempdir().unwrap();
    let (mut process, address) = start_cloud(home.path(), "127.0.0.1:0");
    let listen = address.url.strip_prefix("http://").unwrap().to_owned();
    let (_copy, plan) = awkward_copy(12 * PART as usize, "u1");
    let options = UploadOptions {
        parallel: 2,
        limit_bytes_per_sec: Some(60 << 20),
        wait_for_network: true,
        part_size: Some(PART),
        retry: quick(),
    };
    let (control, meter) = (UploadControl::new(), UploadMeter::default());
    let journal = MemoryJournal::default();
    let sending = upload(&address, &plan, &journal, &options, &control, &meter);
    let killing = async {
        until(Duration::from_secs(60), || async { (meter.read().bytes_stored > 3 * PART).then_some(()) }).await;
        process.kill();
        let stored = meter.read().bytes_stored;
        // The port may be in use for a moment by connections that are being torn down.
        let restarted = start_cloud(home.path(), &listen);
        (stored, restarted)
    };
    let (report, (stored, (_process, _))) = tokio::join!(sending, killing);
    let report = report.expect("goes on after the API is back");
    assert!(stored < report.bytes_total, "it was killed in the middle");
    // Two parts were in flight; each may have been sent nearly whole, and tried again while nobody was there.
    assert!(report.bytes_sent <= report.bytes_total + 4 * PART, "{report:?}");
    let status = until_final(&address, &report.package_id).await;
    assert_eq!(status.state, PackageState::Done, "{status:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_the_middle_leaves_one_set_of_results() {
    let card = tempfile::tempdir().unwrap();
    let root = card.path().join("card");
    if let Err(error) =
        forge_card(&root, &ForgeOptions { family: Family::Demo, size: CardSize::Small, ..ForgeOptions::default() })
    {
        eprintln!("SKIPPED: no card could be forged ({error}), so no worker was killed while it rendered");
        return;
    }
    let plan = seal(&root, "u1");
    let cloud = Cloud::start(Over::Folder, |options| options.workers = false).await.unwrap();
    let report = send(&cloud.address(), &plan, &small_parts()).await.expect("uploads");
    let store = reqwest::Url::from_directory_path(cloud.store_folder()).unwrap().to_string();
    let queue = checkgate_cloud::queue::queue_url(&cloud.options.home.join("jobs.db"));
    let work = tempfile::tempdir().unwrap();
    let arguments = [
        "worker",
        "--store",
        &store,
        "--queue",
        &queue,
        "--work",
        work.path().to_str().unwrap(),
        "--heartbeat-secs",
        "1",
        "--heartbeat-missed",
        "3",
    ];
    let client = CloudClient::new(&cloud.address()).unwrap();
    let mut kills = 0;
    loop {
        let (mut worker, _) = Process::start(&arguments, 1);
        // A clip's folder in the work folder means that it is being rendered right now.
        let rendering = || std::fs::read_dir(work.path()).is_ok_and(|mut entries| entries.next().is_some());
        let reached = until(Duration::from_secs(120), || async {
            let state = client.package(&report.package_id).await.ok()?.state;
            (state.is_final() || rendering()).then_some(state)
        })
        .await;
        if reached.is_final() || kills == 2 {
            let status = until_final(&cloud.address(), &report.package_id).await;
            assert_eq!(status.state, PackageState::Done, "{status:#?}");
            break;
        }
        worker.kill();
        kills += 1;
        for entry in std::fs::read_dir(work.path()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
    }
    assert!(kills > 0, "the worker was never caught while it rendered");
    let status = client.package(&report.package_id).await.expect("answers");
    let names: BTreeSet<&str> = status.results.iter().map(|result| result.name.as_str()).collect();
    assert_eq!(names.len(), status.results.len(), "no result is there twice");
    let mut outcomes = Vec::new();
    let mut waiting = vec![cloud.store_folder()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => waiting.push(path),
                false => outcomes.extend(path.file_name().map(|name| name.to_string_lossy().into_owned())),
            }
        }
    }
    let count = |name: &str| outcomes.iter().filter(|found| *found == name).count();
    assert_eq!((count("verification.json"), count("inspection.json"), count("report.json")), (1, 1, 1));
    assert_eq!(count("preview.json") as u64, status.clips_total, "one outcome for each clip");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clouds_cannot_share_a_folder() {
    let cloud = Cloud::folder().await;
    let error = checkgate_cloud::up(cloud.options.clone()).await.expect_err("the folder is taken");
    assert_eq!(error.code(), checkgate_model::ErrorCode::Busy);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_can_be_lost_and_is_rebuilt_from_the_store() {
    let mut cloud = Cloud::start(Over::Folder, |options| options.workers = false).await.unwrap();
    let (_copy, plan) = awkward_copy(1000, "u1");
    let report = send(&cloud.address(), &plan, &small_parts()).await.expect("uploads");
    cloud.running.take().unwrap().shutdown().await;
    for name in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
        let _ = std::fs::remove_file(cloud.options.home.join(name));
    }
    cloud.restart(|options| options.workers = true).await;
    assert_eq!(until_final(&cloud.address(), &report.package_id).await.state, PackageState::Done);
}
