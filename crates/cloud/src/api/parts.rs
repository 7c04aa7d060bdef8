//! Owns the folder store's part endpoint: one PUT of exactly the bytes its URL grants. It asks for no token; the URL is the right.

use super::Api;
use super::problem::Refusal;
use crate::signature::{PartGrant, PartTerms};
use crate::store::PartStore;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use checkgate_model::Timestamp;
use checkgate_transfer::Crc64;
use checkgate_transfer::wire::ApiCode;
use futures::StreamExt;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct Terms {
    start: u64,
    length: u64,
    crc64: Crc64,
    expires: i64,
    signature: String,
}

/// Most of a refused body that is read to its end, so that the client sees the refusal instead of a broken connection.
const READ_TO_REFUSE_BYTES: u64 = 64 * 1024 * 1024;

/// `PUT /v1/parts/{upload}/{number}?…`.
pub(super) async fn receive(
    State(api): State<Arc<Api>>,
    Path((upload, number)): Path<(String, u32)>,
    terms: Result<Query<Terms>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let mut bytes = body.into_data_stream();
    let taken = take(&api, upload, number, terms.ok().map(|Query(terms)| terms), &headers, &mut bytes).await;
    match taken {
        Ok(etag) => Ok(([(header::ETAG, etag)], ()).into_response()),
        Err(refusal) => {
            let mut read = 0;
            while let Some(Ok(chunk)) = bytes.next().await {
                read += chunk.len() as u64;
                if read > READ_TO_REFUSE_BYTES {
                    break;
                }
            }
            Err(refusal)
        }
    }
}

async fn take(
    api: &Api,
    upload: String,
    number: u32,
    terms: Option<Terms>,
    headers: &HeaderMap,
    bytes: &mut BodyDataStream,
) -> Result<String, Refusal> {
    let PartStore::Folder(folder) = &api.store.parts else {
        return Err(Refusal::new(ApiCode::NotFound, "there is nothing here"));
    };
    let refused = || Refusal::new(ApiCode::UrlRefused, "this URL is not, or no longer, good");
    let Terms { start, length, crc64, expires, signature } = terms.ok_or_else(refused)?;
    let grant = PartGrant { upload, number, terms: PartTerms { start, length, crc64, expires } };
    if !folder.grants(&grant, &signature, Timestamp::now()) {
        return Err(refused());
    }
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|text| text.to_str().ok());
    if declared.and_then(|text| text.parse::<u64>().ok()).is_some_and(|declared| declared != length) {
        return Err(Refusal::bad(format!("this URL is for {length} bytes")));
    }
    Ok(folder.write(&grant, bytes).await?)
}
