//! Owns reading JSON of strangers with bounds, and taking values out of it. Numbers are kept as they were written, as far as 64 bits
//! reach; depth is bounded by the parser.

use serde_json::{Map, Value};

/// Most bytes of a document, and most values in it: one value takes some hundred bytes of memory.
const MAX_BYTES: usize = 64 << 20;
const MAX_VALUES: usize = 2_000_000;

/// Why a document is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadJsonError {
    /// Larger than any document of its kind.
    #[error("larger than any such document ({0} bytes, or more than {MAX_VALUES} values)")]
    TooLarge(usize),
    /// Not JSON, or nested too deep.
    #[error("not JSON: {0}")]
    Syntax(#[source] serde_json::Error),
    /// JSON of another kind.
    #[error("this is no {0}")]
    OtherKind(&'static str),
}

/// The document, if it is within the bounds.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, ReadJsonError> {
    serde_json::from_slice(bounded(bytes)?).map_err(ReadJsonError::Syntax)
}

/// Documents one after the other, on lines of their own or not.
pub(crate) fn read_each(bytes: &[u8]) -> Result<Vec<Value>, ReadJsonError> {
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_slice(bounded(bytes)?).into_iter() {
        documents.push(document.map_err(ReadJsonError::Syntax)?);
        if documents.len() > MAX_VALUES {
            return Err(ReadJsonError::TooLarge(bytes.len()));
        }
    }
    Ok(documents)
}

fn bounded(bytes: &[u8]) -> Result<&[u8], ReadJsonError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // Commas and opened brackets count values from above, before anything is allocated.
    let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if bytes.len() > MAX_BYTES || values > MAX_VALUES {
        return Err(ReadJsonError::TooLarge(bytes.len()));
    }
    Ok(bytes)
}

/// The document as text that people can read.
pub(crate) fn write(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("a value of strings and finite numbers is always written");
    text.push('\n');
    text
}

/// An object from pairs; pairs without a value are left out.
pub(crate) fn object<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Map<String, Value> {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A text of an object that says something.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}
