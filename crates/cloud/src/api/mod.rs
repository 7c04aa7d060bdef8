//! Owns the HTTP API (docs/cloud-api.md): who asks, what is allowed, and calls to store and queue. Keeps no state of its own, so
//! any number of it can run side by side.

mod files;
mod packages;
mod parts;
mod problem;
mod tokens;

pub(crate) use tokens::secret_in;
pub use tokens::{TokenError, Tokens};

/// The secret that signs part URLs of a folder store, made at the first call and kept in a file only its owner can read.
pub fn signing_secret(path: &std::path::Path) -> Result<[u8; 32], TokenError> {
    secret_in(path)
}

use crate::keys::{PackageKeys, Tenant};
use crate::queue::Queue;
use crate::store::{Store, URL_LIFE};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use axum::routing::{get, post, put};
use checkgate_transfer::PackageId;
use checkgate_transfer::wire::{ApiCode, Health, SERVICE};
use problem::Refusal;
use std::sync::Arc;
use std::time::Duration;

/// Largest body of `POST /v1/packages`.
const MAX_DECLARATION_BYTES: usize = 64 * 1024 * 1024;
/// Largest body of all other questions; a completion of 10,000 parts is about 1 MB.
const MAX_QUESTION_BYTES: usize = 4 * 1024 * 1024;

/// Bounds on what a tenant may put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files of a package.
    pub files: usize,
    /// Size of a package.
    pub package_bytes: u64,
    /// Size of all packages of a tenant.
    pub tenant_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const TIB: u64 = 1 << 40;
        Self { files: 200_000, package_bytes: 64 * TIB, tenant_bytes: 1024 * TIB }
    }
}

/// What the API works with.
#[derive(Debug, Clone)]
pub struct Api {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) limits: Limits,
    pub(crate) public_url: Option<String>,
    pub(crate) url_life: Duration,
    plans: files::Plans,
}

impl Api {
    /// An API over a store and a queue, open to the holders of `tokens`.
    #[must_use]
    pub fn new(store: Store, queue: Queue, tokens: Tokens) -> Self {
        Self {
            store,
            queue,
            tokens: Arc::new(tokens),
            limits: Limits::default(),
            public_url: None,
            url_life: URL_LIFE,
            plans: files::Plans::default(),
        }
    }

    /// With other bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reached at another URL than the one clients connect to, e.g. behind a proxy that ends TLS.
    #[must_use]
    pub fn with_public_url(mut self, url: Option<String>) -> Self {
        self.public_url = url.map(|url| url.trim_end_matches('/').to_owned());
        self
    }

    /// Part URLs that are good for another time than 15 minutes.
    #[must_use]
    pub const fn with_url_life(mut self, life: Duration) -> Self {
        self.url_life = life;
        self
    }

    /// The routes.
    pub fn router(self) -> Router {
        let part_body = DefaultBodyLimit::disable();
        Router::new()
            .route("/healthz", get(health))
            .route("/v1/packages", post(packages::create).layer(DefaultBodyLimit::max(MAX_DECLARATION_BYTES)))
            .route("/v1/packages/{package}", get(packages::status))
            .route("/v1/packages/{package}/commit", post(packages::commit))
            .route("/v1/packages/{package}/results/{*name}", get(packages::result))
            .route("/v1/packages/{package}/files/{file}/upload", post(files::open))
            .route("/v1/packages/{package}/files/{file}/parts", post(files::sign).get(files::list))
            .route("/v1/packages/{package}/files/{file}/complete", post(files::complete))
            .route("/v1/parts/{upload}/{number}", put(parts::receive).layer(part_body))
            .fallback(|| async { Refusal::new(ApiCode::NotFound, "there is nothing here") })
            .layer(DefaultBodyLimit::max(MAX_QUESTION_BYTES))
            .with_state(Arc::new(self))
    }
}

async fn health() -> axum::Json<Health> {
    axum::Json(Health { service: SERVICE.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
}

/// Who asks, and where they reached us.
pub(crate) struct Caller {
    pub(crate) tenant: Tenant,
    pub(crate) base: String,
}

impl Caller {
    pub(crate) fn package(&self, package: &str) -> Result<PackageKeys, Refusal> {
        Ok(PackageKeys::new(&self.tenant, &PackageId::from(package))?)
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let tenant = token.and_then(|token| api.tokens.tenant_of(token));
        let tenant = tenant.ok_or_else(|| Refusal::new(ApiCode::Unauthorised, "no or a wrong token"))?;
        let base = match &api.public_url {
            Some(url) => url.clone(),
            None => {
                let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
                let host = host.filter(|host| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b)));
                format!("http://{}", host.ok_or_else(|| Refusal::bad("no Host header"))?)
            }
        };
        Ok(Self { tenant, base })
    }
}

/// A body of JSON.
pub(crate) fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("the body does not fit: {error}")))
}
