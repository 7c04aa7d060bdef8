//! What workers do with a package: right ones are processed, wrong ones quarantined, loudly.

use crate::kit::{Cloud, awkward_copy, seal, send, small_parts, until_final};
use checkgate_testkit::{CardSize, Family, ForgeOptions, forge_card};
use checkgate_transfer::{CloudClient, PackageState, ResultKind};
use std::path::{Path, PathBuf};

fn find(folder: &Path, name: &str) -> PathBuf {
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|found| found == name) {
                return path;
            }
            if path.is_dir() {
                waiting.push(path);
            }
        }
    }
    panic!("{name} is not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_a_missing_and_a_foreign_object_quarantine_the_package() {
    let mut cloud = Cloud::start(crate::kit::Over::Folder, |options| options.workers = false).await.unwrap();
    let (_copy, plan) = awkward_copy(1_000_000, "u1");
    let report = send(&cloud.address(), &plan, &small_parts()).await.expect("uploads");
    let store = cloud.store_folder();
    let clip = find(&store, "A003C001.bin");
    let mut bytes = std::fs::read(&clip).unwrap();
    bytes[777_777] ^= 1;
    std::fs::write(&clip, bytes).unwrap();
    std::fs::remove_file(find(&store, "夜 %7E.txt")).unwrap();
    std::fs::write(clip.with_file_name("stranger.bin"), b"who").unwrap();
    cloud.restart(|options| options.workers = true).await;
    let status = until_final(&cloud.address(), &report.package_id).await;
    assert_eq!(status.state, PackageState::Quarantined);
    let mut found: Vec<(&str, &str)> = status
        .findings
        .iter()
        .map(|finding| (finding.code.as_str(), finding.path.as_ref().map_or("", |path| path.as_str())))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("cloud.extra", "A003R1JL/stranger.bin"),
            ("cloud.mismatch", "A003R1JL/A003C001.bin"),
            ("cloud.missing", "A003R1JL/été/夜 ~.txt")
        ],
        "{:#?}",
        status.findings
    );
    assert!(!status.state.is_verified());
    assert!(
        status.results.iter().all(|result| result.kind == ResultKind::Verification),
        "nothing is processed: {:?}",
        status.results
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_manifest_is_not_believed() {
    let mut cloud = Cloud::start(crate::kit::Over::Folder, |options| options.workers = false).await.unwrap();
    let (_copy, plan) = awkward_copy(1000, "u1");
    let report = send(&cloud.address(), &plan, &small_parts()).await.expect("uploads");
    let manifest = plan.files.iter().find(|file| file.key.extension() == "mhl").unwrap();
    let stored = find(&cloud.store_folder(), manifest.key.file_name());
    let text = std::fs::read_to_string(&stored).unwrap();
    std::fs::write(&stored, text.replace("A003C001", "A003C009")).unwrap();
    cloud.restart(|options| options.workers = true).await;
    let status = until_final(&cloud.address(), &report.package_id).await;
    assert_eq!(status.state, PackageState::Quarantined);
    assert!(status.findings.iter().any(|finding| finding.code == "cloud.history_damaged"), "{:?}", status.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_without_manifest_is_not_processed() {
    let cloud = Cloud::folder().await;
    let (_copy, mut plan) = awkward_copy(1000, "u1");
    plan.files.retain(|file| !file.manifest);
    let report = send(&cloud.address(), &plan, &small_parts()).await.expect("uploads");
    let status = until_final(&cloud.address(), &report.package_id).await;
    assert_eq!(status.state, PackageState::Quarantined);
    assert!(status.findings.iter().any(|finding| finding.code == "cloud.no_manifest"), "{:?}", status.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_card_comes_back_with_records_stills_and_proxies() {
    let card = tempfile::tempdir().unwrap();
    let root = card.path().join("card");
    let options = ForgeOptions { family: Family::Demo, size: CardSize::Small, ..ForgeOptions::default() };
    let forged = match forge_card(&root, &options) {
        Ok(forged) => forged,
        Err(error) => {
            eprintln!("SKIPPED: no card could be forged ({error}), so no worker rendered anything");
            return;
        }
    };
    let plan = seal(&root, "u1");
    let cloud = Cloud::folder().await;
    let report = send(&cloud.address(), &plan, &small_parts()).await.expect("uploads");
    let status = until_final(&cloud.address(), &report.package_id).await;
    assert_eq!(status.state, PackageState::Done, "{status:#?}");
    let client = CloudClient::new(&cloud.address()).unwrap();
    let of = |kind| status.results.iter().filter(|result| result.kind == kind).collect::<Vec<_>>();
    let expected = forged.expected;
    assert_eq!(of(ResultKind::Metadata).len(), expected.clips.len(), "{:#?}", status.results);
    let with_picture = expected.clips.iter().filter(|clip| clip.kind != "sound").count();
    assert_eq!(of(ResultKind::Still).len(), with_picture, "{:#?} {:#?}", status.results, status.findings);
    // A sequence that names no frame rate has no proxy, and that is said.
    let without_proxy = status.findings.iter().filter(|finding| finding.code == "preview.proxy").count();
    assert_eq!(of(ResultKind::Proxy).len() + without_proxy, with_picture, "{:#?}", status.findings);
    assert!(without_proxy <= 1, "{:#?}", status.findings);
    for proxy in of(ResultKind::Proxy) {
        let mov = client.fetch_result(&report.package_id, &proxy.name).await.expect("is fetched");
        assert_eq!((mov.len() as u64, &mov[4..8]), (proxy.size_bytes, &b"ftyp"[..]), "{}", proxy.name);
    }
    for still in of(ResultKind::Still) {
        let jpeg = client.fetch_result(&report.package_id, &still.name).await.expect("is fetched");
        assert_eq!((jpeg.len() as u64, &jpeg[..3]), (still.size_bytes, &[0xff, 0xd8, 0xff][..]), "{}", still.name);
    }
    for record in of(ResultKind::Metadata) {
        let text = client.fetch_result(&report.package_id, &record.name).await.expect("is fetched");
        let record_of: checkgate_model::ClipRecord = serde_json::from_slice(&text).expect("is a record");
        assert_eq!(Some(&record_of.clip), record.clip.as_ref());
    }
    let report_text = client.fetch_result(&report.package_id, "report.json").await.expect("is fetched");
    assert!(serde_json::from_slice::<serde_json::Value>(&report_text).is_ok());
}
