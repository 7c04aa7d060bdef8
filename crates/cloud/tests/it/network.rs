//! The upload against a network and a disk that misbehave.

use crate::kit::{Cloud, PART, awkward_copy, quick, send, small_parts, until};
use checkgate_model::ErrorCode;
use checkgate_transfer::{
    CloudAddress, CloudClient, MemoryJournal, UploadControl, UploadError, UploadJournal, UploadMeter, UploadOptions, upload,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_dead_cloud_is_offline_not_a_mystery() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = CloudAddress { url: format!("http://{}", listener.local_addr().unwrap()), token: None };
    drop(listener);
    let (_copy, plan) = awkward_copy(1000, "u1");
    let error = send(&address, &plan, &small_parts()).await.expect_err("nobody is there");
    assert_eq!(error.code(), ErrorCode::Offline, "{error:?}");
    assert_eq!(CloudClient::new(&address).unwrap().health().await.expect_err("nobody is there").code(), ErrorCode::Offline);
}

#[tokio::test]
async fn a_login_page_is_not_taken_for_the_cloud() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = CloudAddress { url: format!("http://{}", listener.local_addr().unwrap()), token: Some("t".to_owned()) };
    let portal = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0u8; 4096];
            let _ = stream.read(&mut request).await;
            let page = "<html>Welcome. Please log in.</html>";
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let error = CloudClient::new(&address).unwrap().health().await.expect_err("that is a page");
    assert_eq!(error.code(), ErrorCode::Offline);
    assert!(error.to_string().contains("login"), "{error}");
    portal.abort();
}

#[tokio::test]
async fn an_upload_that_waits_for_the_network_goes_on_by_itself() {
    let cloud = Cloud::folder().await;
    let proxy = cloud.proxy.as_ref().unwrap();
    let address = CloudAddress { url: format!("http://{}", proxy.address()), ..cloud.address() };
    let (_copy, plan) = awkward_copy(4 * PART as usize, "u1");
    proxy.cut_after(PART + PART / 2);
    let options = UploadOptions { wait_for_network: true, ..small_parts() };
    let (control, meter) = (UploadControl::new(), UploadMeter::default());
    let journal = MemoryJournal::default();
    let sending = upload(&address, &plan, &journal, &options, &control, &meter);
    let helping = async {
        until(Duration::from_secs(60), || async { meter.read().waiting_for_network.then_some(()) }).await;
        proxy.set_refusing(false);
    };
    let (report, ()) = tokio::join!(sending, helping);
    let report = report.expect("goes on when the network is back");
    assert!(report.parts_resent > 0, "{report:?}");
}

#[tokio::test]
async fn stopping_keeps_what_is_stored_and_the_journal_agrees_with_the_store() {
    let cloud = Cloud::folder().await;
    let (_copy, plan) = awkward_copy(6 * PART as usize, "u1");
    let options = UploadOptions { parallel: 1, limit_bytes_per_sec: Some(40 << 20), ..small_parts() };
    let (control, meter) = (Arc::new(UploadControl::new()), Arc::new(UploadMeter::default()));
    let journal = MemoryJournal::default();
    let address = cloud.address();
    let sending = upload(&address, &plan, &journal, &options, &control, &meter);
    let small = plan.files.len() as u64 - 1 - 2;
    let stopping = async {
        // The small files come first; one part of the clip more, then a person stops.
        until(Duration::from_secs(60), || async { (meter.read().parts_sent > small).then_some(()) }).await;
        control.stop();
    };
    let (stopped, ()) = tokio::join!(sending, stopping);
    assert!(matches!(stopped, Err(UploadError::Stopped)), "{stopped:?}");
    let known = journal.load(&plan.upload).await.unwrap();
    let clip = known.iter().find(|file| file.key.as_str().ends_with("A003C001.bin")).expect("the clip was begun");
    assert!(!clip.complete && !clip.parts.is_empty(), "{clip:?}");
    let report = upload(&cloud.address(), &plan, &journal, &small_parts(), &UploadControl::new(), &UploadMeter::default())
        .await
        .expect("goes on");
    assert!(report.parts_already_there as usize >= clip.parts.len() + small as usize, "{report:?}");
    let known = journal.load(&plan.upload).await.unwrap();
    assert_eq!(known.len(), plan.files.len());
    assert!(known.iter().all(|file| file.complete), "{known:?}");
}

#[tokio::test]
async fn a_copy_that_rotted_since_is_never_sent_as_the_card() {
    let cloud = Cloud::folder().await;
    let (_copy, mut plan) = awkward_copy(17 << 20, "u1");
    let clip = plan.files.iter_mut().find(|file| file.block_crc64.len() == 2).unwrap();
    // The card had other bytes in the second block than this copy has now.
    clip.block_crc64[1] ^= 1;
    let options = UploadOptions { retry: quick(), ..UploadOptions::default() };
    let error = send(&cloud.address(), &plan, &options).await.expect_err("refused");
    assert_eq!(error.code(), ErrorCode::CopyCorrupt, "{error:?}");
    assert!(error.to_string().contains("part 2"), "{error}");
}

#[tokio::test]
async fn a_file_that_changed_stops_itself_but_not_the_others() {
    let cloud = Cloud::folder().await;
    let (_copy, mut plan) = awkward_copy(1000, "u1");
    let missing = plan.files.iter().position(|file| file.key.as_str().ends_with("empty.bin")).unwrap();
    plan.files[missing].path = plan.files[missing].path.with_file_name("gone");
    let meter = UploadMeter::default();
    let error = upload(&cloud.address(), &plan, &MemoryJournal::default(), &small_parts(), &UploadControl::new(), &meter).await;
    assert_eq!(error.expect_err("one file is gone").code(), ErrorCode::SourceGone);
    assert_eq!(meter.read().files_complete, 3, "the other media went on; the manifest waits for all of them");
}
