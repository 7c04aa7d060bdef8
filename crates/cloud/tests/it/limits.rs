//! Who may do what, and how much of it.

use crate::kit::{Cloud, Raw, awkward_copy, send, small_parts};
use checkgate_cloud::api::{Api, Limits, Tokens};
use checkgate_cloud::keys::Tenant;
use checkgate_cloud::queue::Queue;
use checkgate_cloud::store::Store;
use checkgate_transfer::CloudAddress;
use checkgate_transfer::wire::ApiCode;
use serde_json::{Value, json};

fn declaration(upload: &str, keys: &[&str], size_bytes: u64) -> Value {
    let files: Vec<Value> =
        keys.iter().map(|key| json!({ "key": key, "size_bytes": size_bytes, "hashes": [], "manifest": false })).collect();
    json!({ "upload": upload, "name": "n", "files": files })
}

#[tokio::test]
async fn names_that_leave_the_package_are_refused() {
    let cloud = Cloud::folder().await;
    let raw = Raw::new(cloud.address());
    for bad in ["../x", "a/../../x", "/etc/passwd", "a//b", "", "."] {
        let (status, answer) = raw.ask("POST", "/v1/packages", declaration("u", &[bad], 1)).await;
        assert_eq!(status, 400, "{bad:?}: {answer}");
    }
    for bad in ["..%2f..%2ftoken", "%2e%2e", "0123"] {
        let (status, _) = raw.ask("GET", &format!("/v1/packages/{bad}"), Value::Null).await;
        assert_eq!(status, 404, "{bad:?}");
    }
    let (package, upload) = raw.open_one("u1", 10).await;
    for bad in ["../../token", "verification.json/../../../../../token", "..%2f..%2f..%2ftoken"] {
        let (status, _) = raw.ask("GET", &format!("/v1/packages/{package}/results/{bad}"), Value::Null).await;
        assert_eq!(status, 404, "{bad:?}");
    }
    let (status, _) = raw.ask("POST", &format!("/v1/packages/{package}/files/7/upload"), json!({})).await;
    assert_eq!(status, 404);
    let body = json!({ "upload": upload, "parts": [{ "number": 2, "crc64": "0000000000000000" }] });
    let (status, _) = raw.ask("POST", &format!("/v1/packages/{package}/files/0/parts"), body).await;
    assert_eq!(status, 400, "there is no second part");
}

#[tokio::test]
async fn without_the_token_nothing_is_said() {
    let cloud = Cloud::folder().await;
    for token in [None, Some("x".repeat(64))] {
        let raw = Raw::new(CloudAddress { token, ..cloud.address() });
        for (method, path) in [
            ("POST", "/v1/packages"),
            ("GET", "/v1/packages/0123"),
            ("POST", "/v1/packages/0123/commit"),
            ("GET", "/v1/packages/0123/results/a"),
        ] {
            let (status, answer) = raw.ask(method, path, json!({})).await;
            assert_eq!((status, &answer["code"]), (401, &json!(ApiCode::Unauthorised)), "{method} {path}");
        }
        let (status, health) = raw.ask("GET", "/healthz", Value::Null).await;
        assert_eq!((status, &health["service"]), (200, &json!("checkgate-cloud")));
    }
}

#[tokio::test]
async fn the_same_upload_id_stands_for_one_content_only() {
    let cloud = Cloud::folder().await;
    let raw = Raw::new(cloud.address());
    let (_, first) = raw.ask("POST", "/v1/packages", declaration("u", &["a"], 1)).await;
    let (status, again) = raw.ask("POST", "/v1/packages", declaration("u", &["a"], 1)).await;
    assert_eq!((status, &again["package"]), (200, &first["package"]));
    let (status, other) = raw.ask("POST", "/v1/packages", declaration("u", &["a"], 2)).await;
    assert_eq!((status, &other["code"]), (409, &json!(ApiCode::Conflict)));
}

#[tokio::test]
async fn a_committed_package_does_not_change_any_more() {
    let cloud = Cloud::folder().await;
    let (_copy, plan) = awkward_copy(1000, "u1");
    let report = send(&cloud.address(), &plan, &small_parts()).await.expect("uploads");
    let raw = Raw::new(cloud.address());
    let path = format!("/v1/packages/{}/files/0/upload", report.package_id);
    let (status, _) = raw.ask("POST", &path, json!({ "restart": true })).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn more_than_allowed_is_refused_before_a_byte_moves() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&reqwest::Url::from_directory_path(folder.path()).unwrap(), [1; 32], None).await.unwrap();
    let queue = Queue::open(&format!("sqlite://{}", folder.path().join("jobs.db").display())).await.unwrap();
    let token = "t".repeat(40);
    let limits = Limits { files: 2, package_bytes: 1000, tenant_bytes: 1500 };
    let api = Api::new(store, queue, Tokens::single(Tenant::new("one").unwrap(), &token)).with_limits(limits);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(checkgate_cloud::up::serve(listener, api, tokio_util::sync::CancellationToken::new()));
    let raw = Raw::new(CloudAddress { url, token: Some(token) });
    for (upload, files, size_bytes, wanted) in [
        ("u1", &["a", "b", "c"][..], 1, 413),
        ("u2", &["a", "b"][..], 600, 413),
        ("u3", &["a", "b"][..], u64::MAX, 413),
        ("u3", &["a"][..], 49 << 40, 413),
        ("u4", &["a"][..], 900, 200),
        ("u4", &["a"][..], 900, 200),
        ("u5", &["a"][..], 700, 413),
        ("u6", &["a"][..], 600, 200),
    ] {
        let (status, answer) = raw.ask("POST", "/v1/packages", declaration(upload, files, size_bytes)).await;
        assert_eq!(status, wanted, "{upload}: {answer}");
    }
    let (status, _) =
        raw.ask("POST", "/v1/packages", json!({ "upload": "u", "name": "n", "files": [], "padding": "x".repeat(1000) })).await;
    assert_eq!(status, 400);
    let response = raw
        .http
        .post(format!("{}/v1/packages/0123/commit", raw.address.url))
        .bearer_auth(raw.address.token.as_ref().unwrap())
        .body(vec![b' '; 5 << 20])
        .send()
        .await;
    assert!(response.is_err() || response.unwrap().status().is_client_error(), "a question of 5 MB is too long");
    serving.abort();
}
