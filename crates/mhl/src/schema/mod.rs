//! Owns the answer to one question: is this document valid by the published schema? `ASCMHL.xsd` for manifests,
//! `ASCMHLDirectory.xsd` for chains and collections, `MediaHashList_v1_1.xsd` for legacy lists. Never repairs, never says whether
//! a valid document is a sensible one: a schema knows nothing of digests, duplicates or climbing paths; the readers do.
//!
//! The verdict is that of XML Schema 1.0, and so that of libxml2, with these exceptions:
//!
//! * The root must be that of the asked kind. The schemas declare more elements at the top than one, so that libxml2 also takes a
//!   lone `<md5>` for a valid legacy list, and a manifest for a valid chain.
//! * ASC MHL documents must be UTF-8 (spec 6.1). A schema does not look at encodings.
//! * A DOCTYPE, more than 64 levels or attributes, more than 256 namespace declarations in force, and names that break the rules of
//!   XML namespaces are refused.
//! * `xsi:type` is followed where it names the type that the element has anyway, and below `metadata` where it names a common type
//!   of XML Schema or a type of the schema. Anything else is refused, though some other types would be legal.
//! * Numbers and years of any length are taken; libxml2 stops at 24 digits and at 63 bits. Blanks around a date and a CDATA section
//!   of blanks are taken, as the recommendation asks; libxml2 2.9 refuses both. Letters that base 64 does not have are refused;
//!   libxml2 passes over them.
//! * `xsi:schemaLocation` is never followed.

mod asc;
mod judge;
mod legacy;
mod model;
mod scan;
mod simple;

use crate::xml::XmlError;
use std::fmt;

/// Violations after which a check gives up: a document that is wrong a hundred times is wrong as a whole.
pub const MAX_VIOLATIONS: usize = 100;

/// What a document is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// An ASC MHL manifest: a generation or a packing list (`ASCMHL.xsd`).
    Manifest,
    /// An ASC MHL chain or collection (`ASCMHLDirectory.xsd`).
    Chain,
    /// A legacy list (`MediaHashList_v1_1.xsd`).
    Legacy,
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "ASC MHL manifest",
            Self::Chain => "ASC MHL chain",
            Self::Legacy => "legacy MHL list",
        })
    }
}

/// One place where a document breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {element}: {problem}")]
pub struct SchemaViolation {
    /// Line of the element, from 1, in the decoded text.
    pub line: u64,
    /// The element, e.g. `/hashlist/hashes/hash[3]/path`; `/` where there is none.
    pub element: String,
    /// What is wrong.
    #[source]
    pub problem: SchemaProblem,
}

/// What a schema can have against an element.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaProblem {
    /// Not readable XML; nothing after this was looked at.
    #[error(transparent)]
    NotXml(#[from] XmlError),
    /// ASC MHL documents are UTF-8.
    #[error("the document says that it is {0:?}, not UTF-8")]
    Encoding(String),
    /// Another kind of document.
    #[error("the root element must be {expected}")]
    WrongRoot {
        /// The root element of the kind that was asked for.
        expected: &'static str,
    },
    /// An element that does not belong there, by name, namespace, order or number.
    #[error("{found:?} does not belong here{}", or_rather(expected))]
    UnexpectedElement {
        /// The element; with its namespace where the name alone would fit.
        found: String,
        /// What may stand there.
        expected: Vec<String>,
    },
    /// An element ends before it is complete.
    #[error("it ends too early{}", or_rather(expected))]
    Incomplete {
        /// What may come next.
        expected: Vec<String>,
    },
    /// An element where only text may stand.
    #[error("{0:?} stands where only text may stand")]
    ElementInText(String),
    /// Text where only elements may stand.
    #[error("text stands where only elements may stand")]
    StrayText,
    /// The text is not what it must be.
    #[error("{text:?} is not {wanted}")]
    Text {
        /// As found, shortened.
        text: String,
        /// What it must be.
        wanted: String,
    },
    /// A required attribute is missing.
    #[error("the attribute {0:?} is missing")]
    MissingAttribute(&'static str),
    /// An attribute that does not belong there.
    #[error("the attribute {0:?} does not belong here")]
    UnexpectedAttribute(String),
    /// The value of an attribute is not what it must be.
    #[error("the attribute {name:?} is {text:?}, not {wanted}")]
    Attribute {
        /// The attribute.
        name: String,
        /// As found, shortened.
        text: String,
        /// What it must be.
        wanted: String,
    },
    /// An element in a wildcard that asks for declared elements.
    #[error("no schema known here declares the element")]
    Undeclared,
}

fn or_rather(expected: &[String]) -> String {
    if expected.is_empty() { "; nothing may".to_owned() } else { format!("; expected is {}", expected.join(" or ")) }
}

/// Whether a document is valid by its schema; if not, why, in the order of the document and at most [`MAX_VIOLATIONS`] times.
/// After a wrong element, its siblings are judged for themselves but no longer for their order.
pub fn check_schema(bytes: &[u8], kind: DocumentKind) -> Result<(), Vec<SchemaViolation>> {
    judge::document(bytes, kind)
}

#[cfg(test)]
mod tests;
