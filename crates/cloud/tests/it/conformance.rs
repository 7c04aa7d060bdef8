//! One suite for both part stores: what the contract of `store` promises, asked from outside.

use crate::kit::{Cloud, Over, PART, Raw, awkward_copy, noise, send, small_parts, until_final};
use checkgate_transfer::{Crc64, PackageState};
use std::time::Duration;

macro_rules! over_both_stores {
    ($($promise:ident),* $(,)?) => {
        mod folder {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $promise() { super::$promise(super::Over::Folder).await; })*
        }
        mod garage {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $promise() { super::$promise(super::Over::Garage).await; })*
        }
    };
}

over_both_stores!(
    bytes_that_do_not_have_the_signed_checksum_are_refused,
    an_expired_url_is_refused,
    a_tampered_url_is_refused,
    a_part_sent_twice_counts_once_and_completing_twice_is_harmless,
    an_object_with_another_checksum_than_the_card_is_refused,
    a_cut_upload_sends_only_what_is_missing,
    a_whole_package_arrives_with_awkward_names_and_is_verified,
);

async fn bytes_that_do_not_have_the_signed_checksum_are_refused(over: Over) {
    let Some(cloud) = Cloud::start(over, |_| {}).await else { return };
    let raw = Raw::new(cloud.address());
    let bytes = noise(2 * PART as usize, 3);
    let (package, upload) = raw.open_one("u1", bytes.len() as u64).await;
    let (first, second) = bytes.split_at(PART as usize);
    let signed = raw.sign(&package, &upload, 1, Crc64::of(first)).await;
    let status = raw.put(&signed, None, second).await;
    assert!((400..500).contains(&status), "{status}");
    assert!(raw.parts(&package).await.is_empty(), "a refused part must not be listed");
    assert_eq!(raw.put(&signed, None, first).await, 200, "the right bytes are taken through the same URL");
    let parts = raw.parts(&package).await;
    assert_eq!((parts.len(), &parts[0]["crc64"]), (1, &serde_json::json!(Crc64::of(first))));
}

async fn an_expired_url_is_refused(over: Over) {
    let Some(cloud) = Cloud::start(over, |options| options.url_life = Duration::ZERO).await else { return };
    let raw = Raw::new(cloud.address());
    let bytes = noise(2 * PART as usize, 4);
    let (package, upload) = raw.open_one("u1", bytes.len() as u64).await;
    let first = &bytes[..PART as usize];
    let signed = raw.sign(&package, &upload, 1, Crc64::of(first)).await;
    let status = raw.put(&signed, None, first).await;
    assert!(matches!(status, 400 | 401 | 403), "{status}");
    assert!(raw.parts(&package).await.is_empty());
}

async fn a_tampered_url_is_refused(over: Over) {
    let Some(cloud) = Cloud::start(over, |_| {}).await else { return };
    let raw = Raw::new(cloud.address());
    let bytes = noise(2 * PART as usize, 5);
    let (package, upload) = raw.open_one("u1", bytes.len() as u64).await;
    let first = &bytes[..PART as usize];
    let signed = raw.sign(&package, &upload, 1, Crc64::of(first)).await;
    let url = signed["url"].as_str().unwrap();
    let other_part = match over {
        Over::Folder => url.replace("/1?", "/2?"),
        Over::Garage => url.replace("partNumber=1", "partNumber=2"),
    };
    let last = url.chars().last().unwrap();
    let other_signature = format!("{}{}", &url[..url.len() - 1], if last == '0' { '1' } else { '0' });
    for tampered in [other_part, other_signature] {
        assert_ne!(tampered, url);
        let status = raw.put(&signed, Some(&tampered), first).await;
        assert!(matches!(status, 400 | 401 | 403), "{status}");
    }
    assert!(raw.parts(&package).await.is_empty());
}

async fn a_part_sent_twice_counts_once_and_completing_twice_is_harmless(over: Over) {
    let Some(cloud) = Cloud::start(over, |_| {}).await else { return };
    let raw = Raw::new(cloud.address());
    let bytes = noise(PART as usize + 1000, 6);
    let (package, upload) = raw.open_one("u1", bytes.len() as u64).await;
    for (slot, part) in bytes.chunks(PART as usize).enumerate() {
        let signed = raw.sign(&package, &upload, slot as u32 + 1, Crc64::of(part)).await;
        for _ in 0..2 {
            assert_eq!(raw.put(&signed, None, part).await, 200);
        }
    }
    let listed = raw.parts(&package).await;
    assert_eq!(listed.len(), 2);
    let parts: Vec<(Crc64, String)> = bytes
        .chunks(PART as usize)
        .zip(&listed)
        .map(|(part, listed)| (Crc64::of(part), listed["etag"].as_str().unwrap().to_owned()))
        .collect();
    for _ in 0..2 {
        let (status, answer) = raw.complete(&package, &upload, Crc64::of(&bytes), &parts).await;
        assert_eq!((status, &answer["crc64"]), (200, &serde_json::json!(Crc64::of(&bytes))), "{answer}");
    }
    let (status, opened) = raw.ask("POST", &format!("/v1/packages/{package}/files/0/upload"), serde_json::json!({})).await;
    assert_eq!((status, &opened["complete"]), (200, &serde_json::json!(Crc64::of(&bytes))));
}

async fn an_object_with_another_checksum_than_the_card_is_refused(over: Over) {
    let Some(cloud) = Cloud::start(over, |_| {}).await else { return };
    let raw = Raw::new(cloud.address());
    let bytes = noise(PART as usize + 1000, 7);
    let (package, upload) = raw.open_one("u1", bytes.len() as u64).await;
    let chunks: Vec<&[u8]> = bytes.chunks(PART as usize).collect();
    let signed = raw.sign(&package, &upload, 1, Crc64::of(chunks[0])).await;
    assert_eq!(raw.put(&signed, None, chunks[0]).await, 200);
    let etag = raw.parts(&package).await[0]["etag"].as_str().unwrap().to_owned();
    let parts = vec![(Crc64::of(chunks[0]), etag.clone()), (Crc64::of(chunks[1]), etag)];
    let (status, answer) = raw.complete(&package, &upload, Crc64::of(&bytes), &parts).await;
    assert!((400..500).contains(&status), "a part is missing: {status} {answer}");
    let signed = raw.sign(&package, &upload, 2, Crc64::of(chunks[1])).await;
    assert_eq!(raw.put(&signed, None, chunks[1]).await, 200);
    let etags = raw.parts(&package).await;
    let parts: Vec<(Crc64, String)> =
        chunks.iter().zip(&etags).map(|(part, listed)| (Crc64::of(part), listed["etag"].as_str().unwrap().to_owned())).collect();
    let (status, answer) = raw.complete(&package, &upload, Crc64::of(b"another card"), &parts).await;
    assert!((400..500).contains(&status), "the whole has another checksum: {status} {answer}");
    let (status, _) = raw.ask("POST", &format!("/v1/packages/{package}/commit"), serde_json::json!({})).await;
    assert_eq!(status, 409, "an incomplete package has no marker");
}

async fn a_cut_upload_sends_only_what_is_missing(over: Over) {
    let Some(cloud) = Cloud::start(over, |_| {}).await else { return };
    let size = 5 * PART as usize + 777;
    let (_copy, plan) = awkward_copy(size, "u1");
    let proxy = cloud.proxy.as_ref().unwrap();
    let address = cloud.address_through_proxy(over);
    proxy.cut_after(2 * PART + PART / 2);
    let mut options = small_parts();
    options.parallel = 2;
    let cut = send(&address, &plan, &options).await.expect_err("the network went away");
    assert_eq!(cut.code(), checkgate_model::ErrorCode::Offline, "{cut:?}");
    proxy.set_refusing(false);
    let before = proxy.sent_bytes();
    let report = send(&address, &plan, &options).await.expect("goes on");
    let all = 6 + plan.files.len() as u64 - 1;
    assert_eq!(report.parts_sent + report.parts_already_there, all, "{report:?}");
    assert!(report.bytes_already_there >= PART, "a whole part of the clip was there: {report:?}");
    assert_eq!(report.bytes_already_there + report.bytes_sent, report.bytes_total, "nothing is sent twice: {report:?}");
    assert!(proxy.sent_bytes() - before < report.bytes_sent + PART, "and the wire agrees");
    let again = send(&address, &plan, &options).await.expect("a finished upload is found finished");
    assert_eq!((again.parts_sent, again.bytes_sent), (0, 0));
    assert_eq!(again.package_id, report.package_id);
}

async fn a_whole_package_arrives_with_awkward_names_and_is_verified(over: Over) {
    let Some(cloud) = Cloud::start(over, |_| {}).await else { return };
    let (_copy, plan) = awkward_copy(17 << 20, "u1");
    let options = checkgate_transfer::UploadOptions { retry: crate::kit::quick(), ..Default::default() };
    let report = send(&cloud.address(), &plan, &options).await.expect("uploads");
    assert!(report.checksums_from_copy.is_empty(), "checksums come from the card: {report:?}");
    let status = until_final(&cloud.address(), &report.package_id).await;
    assert_eq!(status.state, PackageState::Done, "{status:#?}");
    assert_eq!((status.objects_verified, status.objects_total), (plan.files.len() as u64, plan.files.len() as u64));
    assert!(status.findings.iter().all(|finding| !finding.code.starts_with("cloud.")), "{:?}", status.findings);
}
