//! Owns ASC Framing Decision Lists (ASC FDL 0.1 to 2.0): reads them, checks them, finds the clips they speak of, drafts one per card
//! from what the camera recorded, and writes version 2.0. A list that is read is kept whole; what version 2.0 does not know becomes
//! a custom attribute (`_name`). Never makes up a framing intent: that is the director of photography's.

mod check;
mod clips;
mod draft;
mod framing;
mod shape;
mod summary;

pub use check::{FdlFault, FdlRule};
pub use clips::{FdlMatch, FdlMatches, MatchedBy};
pub use draft::{FdlDraft, draft};
pub use framing::{FdlArea, FdlDecision, FdlFraming};
pub use summary::{CanvasSummary, DecisionSummary, FdlSummary, IntentSummary};

use crate::json::{self, ReadJsonError};
use serde_json::{Map, Value, json};

/// Version that is written.
const CURRENT: (u64, u64) = (2, 0);

/// Why a document is no list that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFdlError {
    /// Not JSON, too large, or no framing decision list.
    #[error(transparent)]
    Json(#[from] ReadJsonError),
    /// A version whose meaning is not known.
    #[error("ASC FDL {major}.{minor} is not known (0.1 to 2.0)")]
    Version {
        /// Major number.
        major: u64,
        /// Minor number.
        minor: u64,
    },
}

/// A framing decision list, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Fdl {
    /// All of it, unknown fields as they were.
    pub document: Value,
}

/// Reads a list of version 0.x, 1.x or 2.0.
pub fn parse(bytes: &[u8]) -> Result<Fdl, ReadFdlError> {
    let fdl = Fdl { document: json::read(bytes)? };
    match fdl.version() {
        Some((0 | 1, _)) | Some(CURRENT) => Ok(fdl),
        Some((major, minor)) => Err(ReadFdlError::Version { major, minor }),
        None => Err(ReadJsonError::OtherKind("ASC framing decision list: it has no version").into()),
    }
}

impl Fdl {
    /// Version the list says it has.
    #[must_use]
    pub fn version(&self) -> Option<(u64, u64)> {
        let part = |name| self.document.get("version")?.get(name)?.as_u64();
        Some((part("major")?, part("minor")?))
    }

    /// What OpenTrackIO and OMC call the link to this list.
    #[must_use]
    pub fn link(&self) -> Option<String> {
        json::text(&self.document, "uuid").map(|uuid| format!("urn:uuid:{}", uuid.to_ascii_lowercase()))
    }

    /// The list as version 2.0. Fields that 2.0 does not know, and earlier versions did not forbid, become custom attributes.
    #[must_use]
    pub fn to_current(&self) -> Self {
        let mut document = self.document.clone();
        if let Some(object) = document.as_object_mut() {
            object.insert("version".to_owned(), current_version(self.document.get("version")));
        }
        shape::make_custom(&mut document, &shape::ROOT);
        Self { document }
    }

    /// The list as text, in the version it has.
    #[must_use]
    pub fn write(&self) -> String {
        json::write(&self.document)
    }
}

/// Version 2.0, with whatever else stood there.
fn current_version(old: Option<&Value>) -> Value {
    let mut version: Map<String, Value> = old.and_then(Value::as_object).cloned().unwrap_or_default();
    version.insert("major".to_owned(), json!(CURRENT.0));
    version.insert("minor".to_owned(), json!(CURRENT.1));
    Value::Object(version)
}

/// Members of a list inside an object; nothing where there is no list.
fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Contexts with their canvases, in order.
fn canvases(document: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    list(document, "contexts").flat_map(|context| list(context, "canvases").map(move |canvas| (context, canvas)))
}

/// Width and height.
fn dimensions(value: &Value, name: &str) -> Option<(f64, f64)> {
    let size = value.get(name)?;
    Some((size.get("width")?.as_f64()?, size.get("height")?.as_f64()?))
}
