//! Owns any S3-compatible store: presigned URLs for parts with the checksum in the signature, and the few requests this service
//! makes itself. Media bytes go from the client to the store and never through here.

use super::s3_xml::{completion, error_code, read_parts, upload_id};
use super::{S3Credentials, StoreError, Target};
use crate::objects::Objects;
use checkgate_transfer::Crc64;
use checkgate_transfer::wire::{PartDone, PartToSign, SignedPart, StoredPart};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use reqwest::{Method, Url};
use rusty_s3::actions::S3Action;
use rusty_s3::{Bucket, Credentials, UrlStyle};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Identity of an object of one part: it is sent as one PUT, without a multipart upload.
const SINGLE: &str = "single";
const CHECKSUM: &str = "x-amz-checksum-crc64nvme";
/// Life of the URLs this service signs for itself and uses at once.
const OWN_LIFE: Duration = Duration::from_secs(60);
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// An S3 store.
#[derive(Clone)]
pub(crate) struct S3Store {
    bucket: Bucket,
    credentials: Credentials,
    http: reqwest::Client,
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Store").field("bucket", &self.bucket.name()).finish_non_exhaustive()
    }
}

/// A finished object as its store describes it.
pub(super) struct Found {
    pub(super) size_bytes: u64,
    pub(super) crc64: Option<Crc64>,
    pub(super) etag: String,
}

impl S3Store {
    pub(super) fn open(url: &Url, credentials: &S3Credentials) -> Result<(Self, Objects), String> {
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let name = url.host_str().ok_or("no bucket")?;
        let region = query.get("region").map_or("us-east-1", String::as_str);
        let endpoint = query.get("endpoint").cloned().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let endpoint: Url = endpoint.parse().map_err(|error| format!("its endpoint: {error}"))?;
        let by_host = query.get("style").is_some_and(|style| style == "host");
        let style = if by_host { UrlStyle::VirtualHost } else { UrlStyle::Path };
        let allow_http = endpoint.scheme() == "http";
        let on_this_machine = matches!(endpoint.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let bucket =
            Bucket::new(endpoint.clone(), style, name.to_owned(), region.to_owned()).map_err(|error| error.to_string())?;
        let mut options = object_store::ClientOptions::new().with_allow_http(allow_http);
        let mut http =
            reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).redirect(reqwest::redirect::Policy::none());
        if on_this_machine {
            http = http.no_proxy();
            options = options.with_proxy_excludes("*");
        }
        let objects = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(region)
            .with_endpoint(endpoint.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(by_host)
            .with_access_key_id(&credentials.access_key)
            .with_secret_access_key(&credentials.secret_key)
            .with_client_options(options)
            .with_allow_http(allow_http)
            .build()
            .map_err(|error| error.to_string())?;
        let store = Self {
            bucket,
            credentials: Credentials::new(&credentials.access_key, &credentials.secret_key),
            http: http.build().map_err(|error| error.to_string())?,
        };
        Ok((store, Objects::new(Arc::new(objects))))
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<(u16, reqwest::header::HeaderMap, String), StoreError> {
        let unreachable = |error: reqwest::Error| StoreError::Unreachable(Box::new(error.without_url()));
        let mut request = self.http.request(method, url).timeout(Duration::from_secs(300));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let has_body = body.is_some();
        request = match body {
            Some(body) => request.header("content-type", "application/xml").body(body),
            None => request,
        };
        if !has_body {
            request = request.header("content-length", "0");
        }
        let mut response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if text.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(StoreError::Nonsense("too long".to_owned()));
            }
            text.extend_from_slice(&chunk);
        }
        Ok((status, headers, String::from_utf8_lossy(&text).into_owned()))
    }

    pub(super) async fn begin(&self, key: &Path, parts: u32) -> Result<String, StoreError> {
        if parts == 1 {
            return Ok(SINGLE.to_owned());
        }
        let mut action = self.bucket.create_multipart_upload(Some(&self.credentials), key.as_ref());
        let headers = [("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-checksum-type", "FULL_OBJECT")];
        for (name, value) in headers {
            action.headers_mut().insert(name, value);
        }
        let (status, _, text) = self.send(Method::POST, action.sign(OWN_LIFE), &headers, None).await?;
        refused("begin an upload", status, &text)?;
        upload_id(&text).ok_or_else(|| StoreError::Nonsense("no upload id".to_owned()))
    }

    pub(super) fn sign(&self, target: &Target<'_>, part: PartToSign, life: Duration) -> SignedPart {
        let checksum = part.crc64.to_base64();
        let url = if target.upload == SINGLE {
            let mut action = self.bucket.put_object(Some(&self.credentials), target.key.as_ref());
            action.headers_mut().insert(CHECKSUM, checksum.as_str());
            action.sign(life)
        } else {
            let number = u16::try_from(part.number).unwrap_or(u16::MAX);
            let mut action = self.bucket.upload_part(Some(&self.credentials), target.key.as_ref(), number, target.upload);
            action.headers_mut().insert(CHECKSUM, checksum.as_str());
            action.sign(life)
        };
        SignedPart { number: part.number, url: url.into(), headers: BTreeMap::from([(CHECKSUM.to_owned(), checksum)]) }
    }

    pub(super) async fn head(&self, key: &Path) -> Result<Option<Found>, StoreError> {
        let mut action = self.bucket.head_object(Some(&self.credentials), key.as_ref());
        let headers = [("x-amz-checksum-mode", "ENABLED")];
        action.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
        let (status, answer, text) = self.send(Method::HEAD, action.sign(OWN_LIFE), &headers, None).await?;
        if status == 404 {
            return Ok(None);
        }
        refused("describe an object", status, &text)?;
        let text_of = |name: &str| answer.get(name).and_then(|value| value.to_str().ok());
        let size_bytes = text_of("content-length")
            .and_then(|length| length.parse().ok())
            .ok_or_else(|| StoreError::Nonsense("an object without length".to_owned()))?;
        let etag = text_of("etag").unwrap_or_default().to_owned();
        Ok(Some(Found { size_bytes, crc64: text_of(CHECKSUM).and_then(Crc64::from_base64), etag }))
    }

    pub(super) async fn parts(&self, target: &Target<'_>) -> Result<Option<Vec<StoredPart>>, StoreError> {
        if target.upload == SINGLE {
            let found = self.head(target.key).await?;
            let part =
                found.map(|found| StoredPart { number: 1, size_bytes: found.size_bytes, crc64: found.crc64, etag: found.etag });
            return Ok(Some(part.into_iter().collect()));
        }
        let mut parts = Vec::new();
        let mut marker = None;
        // 10,000 parts are ten pages; a store that never ends its list is refused.
        for _ in 0..20 {
            let mut action = self.bucket.list_parts(Some(&self.credentials), target.key.as_ref(), target.upload);
            if let Some(marker) = marker {
                action.set_part_number_marker(marker);
            }
            let (status, _, text) = self.send(Method::GET, action.sign(OWN_LIFE), &[], None).await?;
            match refused("list parts", status, &text) {
                Err(StoreError::Gone) => return Ok(None),
                other => other?,
            }
            let page = read_parts(&text).map_err(StoreError::Nonsense)?;
            parts.extend(page.parts);
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(Some(parts));
            }
        }
        Err(StoreError::Nonsense("a list of parts without end".to_owned()))
    }

    pub(super) async fn complete(&self, target: &Target<'_>, parts: &[PartDone], crc64: Crc64) -> Result<(), StoreError> {
        if target.upload == SINGLE {
            let found = self.head(target.key).await?.ok_or(StoreError::Incomplete { number: 1 })?;
            return match found.crc64 {
                _ if found.size_bytes != target.size_bytes => Err(StoreError::Incomplete { number: 1 }),
                Some(stored) if stored == crc64 => Ok(()),
                _ => Err(StoreError::ChecksumMismatch),
            };
        }
        let checksum = crc64.to_base64();
        let headers = [(CHECKSUM, checksum.as_str()), ("x-amz-checksum-type", "FULL_OBJECT")];
        let mut action = self.bucket.complete_multipart_upload(
            Some(&self.credentials),
            target.key.as_ref(),
            target.upload,
            std::iter::empty::<&str>(),
        );
        for (name, value) in headers {
            action.headers_mut().insert(name, value);
        }
        let url = action.sign(Duration::from_secs(600));
        let (status, _, text) = self.send(Method::POST, url, &headers, Some(completion(parts))).await?;
        // A completion may fail after its status line was sent.
        if let Some(code) = error_code(&text) {
            return Err(by_code("complete an object", status, code));
        }
        refused("complete an object", status, &text)?;
        match self.head(target.key).await? {
            Some(found) if found.size_bytes == target.size_bytes && found.crc64.is_none_or(|stored| stored == crc64) => Ok(()),
            _ => Err(StoreError::ChecksumMismatch),
        }
    }

    pub(super) async fn abandon(&self, key: &Path, upload: &str) -> Result<(), StoreError> {
        if upload == SINGLE {
            return Ok(());
        }
        let action = self.bucket.abort_multipart_upload(Some(&self.credentials), key.as_ref(), upload);
        let (status, _, text) = self.send(Method::DELETE, action.sign(OWN_LIFE), &[], None).await?;
        match refused("drop an upload", status, &text) {
            Err(StoreError::Gone) => Ok(()),
            other => other,
        }
    }
}

fn refused(act: &'static str, status: u16, text: &str) -> Result<(), StoreError> {
    if (200..300).contains(&status) {
        return Ok(());
    }
    Err(by_code(act, status, error_code(text).unwrap_or_else(|| "no reason given".to_owned())))
}

fn by_code(act: &'static str, status: u16, code: String) -> StoreError {
    match code.as_str() {
        "NoSuchUpload" => StoreError::Gone,
        "BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch" => StoreError::ChecksumMismatch,
        "InvalidPart" | "InvalidPartOrder" => StoreError::Incomplete { number: 0 },
        _ => StoreError::Refused { act, status, code },
    }
}
