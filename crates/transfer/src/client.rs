//! Owns the HTTP client of the cloud's API: addresses, the token, limits on what is accepted, and what a failure means. Must
//! never log a URL's query: part URLs are bearer secrets (docs/cloud-api.md).

use crate::error::ClientError;
use crate::wire::{
    ApiCode, ApiProblem, Committed, CompleteFile, CreatePackage, FileCompleted, FileOpened, Health, OpenFile, PackageCreated,
    PackageId, PackageStatus, SERVICE, SignParts, SignedPart, SignedParts,
};
use bytes::{Bytes, BytesMut};
use reqwest::{Method, Response, Url, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Largest JSON answer accepted.
const MAX_JSON_BYTES: u64 = 64 * 1024 * 1024;
/// Largest result accepted: stills, records and short proxies.
const MAX_RESULT_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Most of an error's body that is read.
const MAX_PROBLEM_BYTES: u64 = 64 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const QUESTION_TIMEOUT: Duration = Duration::from_secs(60);
/// Completing a large object can take a store minutes.
const COMPLETE_TIMEOUT: Duration = Duration::from_secs(600);

/// Where the cloud is and what opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct CloudAddress {
    /// `http://127.0.0.1:8787`, `https://cloud.example.org`.
    pub url: String,
    /// Bearer token.
    pub token: Option<String>,
}

impl std::fmt::Debug for CloudAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudAddress").field("url", &self.url).field("token", &self.token.as_ref().map(|_| "…")).finish()
    }
}

/// A connection to one cloud. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CloudClient {
    through_proxy: reqwest::Client,
    direct: reqwest::Client,
    base: Url,
    token: Option<String>,
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_this_machine(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn offline(url: &Url, source: reqwest::Error) -> ClientError {
    // The error would otherwise carry the whole URL, signature and all.
    ClientError::Offline { host: host_of(url), source: Box::new(source.without_url()) }
}

impl CloudClient {
    /// A client for `address`. Does not connect.
    pub fn new(address: &CloudAddress) -> Result<Self, ClientError> {
        let bad = || ClientError::Address { address: address.url.chars().take(200).collect() };
        let mut base = Url::parse(&address.url).map_err(|_| bad())?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() || base.cannot_be_a_base() {
            return Err(bad());
        }
        base.set_query(None);
        base.set_fragment(None);
        let builder = || {
            reqwest::Client::builder()
                .user_agent(concat!("checkgate/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
        };
        let setup = |error| ClientError::Setup(Box::new(error));
        Ok(Self {
            through_proxy: builder().build().map_err(setup)?,
            direct: builder().no_proxy().build().map_err(setup)?,
            base,
            token: address.token.clone(),
        })
    }

    fn http(&self, url: &Url) -> &reqwest::Client {
        if is_this_machine(url) { &self.direct } else { &self.through_proxy }
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        method: Method,
        segments: &[&str],
        body: Option<&(impl Serialize + Sync)>,
        timeout: Duration,
    ) -> Result<A, ClientError> {
        let what = segments.join("/");
        let url = self.url(segments);
        let response = self.send(method, &url, body, timeout).await?;
        let response = accept(&what, &url, response).await?;
        let is_json =
            response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if !is_json {
            return Err(ClientError::NotTheCloud { host: host_of(&url) });
        }
        let bytes = bounded(&what, &url, response, MAX_JSON_BYTES).await?;
        serde_json::from_slice(&bytes).map_err(|error| ClientError::Nonsense { what, reason: error.to_string() })
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<&(impl Serialize + Sync)>,
        timeout: Duration,
    ) -> Result<Response, ClientError> {
        let mut request = self.http(url).request(method, url.clone()).timeout(timeout);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.map_err(|error| offline(url, error))
    }

    /// Whether the cloud is there, and which version.
    pub async fn health(&self) -> Result<Health, ClientError> {
        let health: Health = self.ask(Method::GET, &["healthz"], None::<&()>, CONNECT_TIMEOUT).await?;
        if health.service == SERVICE { Ok(health) } else { Err(ClientError::NotTheCloud { host: host_of(&self.base) }) }
    }

    /// Where a package stands.
    pub async fn package(&self, package: &PackageId) -> Result<PackageStatus, ClientError> {
        self.ask(Method::GET, &["v1", "packages", package.as_str()], None::<&()>, QUESTION_TIMEOUT).await
    }

    /// One result, held in memory; refused above 4 GiB.
    pub async fn fetch_result(&self, package: &PackageId, name: &str) -> Result<Bytes, ClientError> {
        let mut segments = vec!["v1", "packages", package.as_str(), "results"];
        segments.extend(name.split('/'));
        let url = self.url(&segments);
        let what = format!("result {name}");
        let response = self.send(Method::GET, &url, None::<&()>, COMPLETE_TIMEOUT).await?;
        bounded(&what, &url, accept(&what, &url, response).await?, MAX_RESULT_BYTES).await
    }

    pub(crate) async fn create(&self, request: &CreatePackage) -> Result<PackageCreated, ClientError> {
        self.ask(Method::POST, &["v1", "packages"], Some(request), COMPLETE_TIMEOUT).await
    }

    pub(crate) async fn open(&self, package: &PackageId, file: &str, request: &OpenFile) -> Result<FileOpened, ClientError> {
        self.ask(Method::POST, &["v1", "packages", package.as_str(), "files", file, "upload"], Some(request), QUESTION_TIMEOUT)
            .await
    }

    pub(crate) async fn sign(&self, package: &PackageId, file: &str, request: &SignParts) -> Result<SignedParts, ClientError> {
        self.ask(Method::POST, &["v1", "packages", package.as_str(), "files", file, "parts"], Some(request), QUESTION_TIMEOUT)
            .await
    }

    pub(crate) async fn complete(
        &self,
        package: &PackageId,
        file: &str,
        request: &CompleteFile,
    ) -> Result<FileCompleted, ClientError> {
        self.ask(Method::POST, &["v1", "packages", package.as_str(), "files", file, "complete"], Some(request), COMPLETE_TIMEOUT)
            .await
    }

    pub(crate) async fn commit(&self, package: &PackageId) -> Result<Committed, ClientError> {
        self.ask(Method::POST, &["v1", "packages", package.as_str(), "commit"], Some(&serde_json::json!({})), COMPLETE_TIMEOUT)
            .await
    }

    /// PUTs one part to where the cloud said. The token is not sent: the URL carries its own right, and may be another host's.
    pub(crate) async fn put(&self, part: &SignedPart, length: u64, body: reqwest::Body) -> Result<String, ClientError> {
        let what = format!("part {}", part.number);
        let nonsense = |reason: String| ClientError::Nonsense { what: what.clone(), reason };
        let url = Url::parse(&part.url).map_err(|error| nonsense(format!("its URL is none: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(nonsense("its URL is not http(s)".to_owned()));
        }
        let mut request = self.http(&url).put(url.clone()).header(header::CONTENT_LENGTH, length).body(body);
        for (name, value) in &part.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let response = request.send().await.map_err(|error| offline(&url, error))?;
        let response = accept(&what, &url, response).await?;
        let etag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        etag.ok_or_else(|| nonsense("it carries no ETag".to_owned()))
    }
}

/// The body, up to `limit_bytes`: a length that is announced is never trusted for an allocation.
async fn bounded(what: &str, url: &Url, mut response: Response, limit_bytes: u64) -> Result<Bytes, ClientError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| offline(url, error))? {
        if body.len() as u64 + chunk.len() as u64 > limit_bytes {
            return Err(ClientError::TooLarge { what: what.to_owned(), limit_bytes });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Success, or what the refusal says: our JSON, the XML of an S3 store, or a foreign page.
async fn accept(what: &str, url: &Url, response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status.is_redirection() || status.as_u16() == 511 {
        return Err(ClientError::NotTheCloud { host: host_of(url) });
    }
    let body = match bounded(what, url, response, MAX_PROBLEM_BYTES).await {
        Ok(body) => body,
        Err(ClientError::TooLarge { .. }) => Bytes::new(),
        Err(error) => return Err(error),
    };
    let refused = |code, message| ClientError::Refused { what: what.to_owned(), status: status.as_u16(), code, message };
    if let Ok(problem) = serde_json::from_slice::<ApiProblem>(&body) {
        return Err(refused(Some(problem.code), problem.message));
    }
    let text = String::from_utf8_lossy(&body);
    if let Some(code) = between(&text, "<Code>", "</Code>") {
        let message = between(&text, "<Message>", "</Message>").unwrap_or_default();
        return Err(refused(s3_code(code), format!("{code}: {}", message.chars().take(300).collect::<String>())));
    }
    Err(refused(None, status.canonical_reason().unwrap_or("no reason given").to_owned()))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let start = text.find(open)? + open.len();
    let length = text[start..].find(close)?;
    Some(&text[start..start + length])
}

/// The codes of the S3 protocol that this client acts on.
fn s3_code(code: &str) -> Option<ApiCode> {
    match code {
        "NoSuchUpload" => Some(ApiCode::UploadGone),
        "BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch" => {
            Some(ApiCode::ChecksumMismatch)
        }
        "AccessDenied" | "ExpiredToken" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed" => Some(ApiCode::UrlRefused),
        "SlowDown" | "ServiceUnavailable" | "InternalError" => Some(ApiCode::Unavailable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Result<CloudClient, ClientError> {
        CloudClient::new(&CloudAddress { url: url.to_owned(), token: Some("secret".to_owned()) })
    }

    #[test]
    fn refuses_addresses_that_are_none() {
        for bad in ["", "cloud", "file:///etc/passwd", "ftp://host/", "mailto:a@b"] {
            assert!(matches!(client(bad), Err(ClientError::Address { .. })), "{bad:?}");
        }
    }

    #[test]
    fn keeps_a_path_prefix_and_encodes_what_it_adds() {
        let client = client("https://host/base/?q=1").expect("an address");
        assert_eq!(client.url(&["v1", "a b?", "..", "c/d"]).as_str(), "https://host/base/v1/a%20b%3F/c%2Fd");
    }

    #[test]
    fn never_prints_the_token_or_a_signature() {
        let address = CloudAddress { url: "http://h".to_owned(), token: Some("secret".to_owned()) };
        let part = SignedPart { number: 1, url: "http://h/p?X-Amz-Signature=secret".to_owned(), headers: Default::default() };
        assert!(!format!("{address:?} {part:?}").contains("secret"));
    }
}
