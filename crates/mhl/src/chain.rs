//! Owns the chain file: the table of contents of a history, with the C4 ID of every manifest (spec 6.3). Rewritten as a whole on
//! each append. Never says whether the manifests it lists exist.

use crate::manifest::WriteManifestError;
use crate::xml::{Tree, XmlError, utf8};
use checkgate_model::{HashFormat, HashParseError, HashValue, RelPath};

const NAMESPACE: &str = "urn:ASC:MHL:DIRECTORY:v2.0";

/// One generation as the chain lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEntry {
    /// Sequence number, from 1.
    pub sequence: u32,
    /// File name of the manifest, beside the chain file.
    pub name: String,
    /// C4 ID of its bytes.
    pub c4: HashValue,
}

/// The chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// Generations in the order they stand.
    pub entries: Vec<ChainEntry>,
}

/// Why bytes are no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseChainError {
    /// Not readable XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Another kind of document.
    #[error("the root element is {0:?}, not ascmhldirectory of urn:ASC:MHL:DIRECTORY:v2.0")]
    WrongRoot(String),
    /// The path of a manifest is more than a file name.
    #[error("{0:?} is not the name of a manifest beside the chain")]
    Name(String),
    /// `sequencenr` is absent or no number.
    #[error("{0:?} is no sequence number")]
    Sequence(String),
    /// An entry without path or C4 ID.
    #[error("an entry has no {0}")]
    Missing(&'static str),
    /// A text that is no C4 ID.
    #[error("the C4 ID of {name:?} cannot be read")]
    Digest {
        /// The manifest.
        name: String,
        /// Why.
        #[source]
        source: HashParseError,
    },
}

impl Chain {
    /// Reads a chain file. Any prefix may stand for the namespace.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseChainError> {
        let mut tree = Tree::new(utf8(bytes)?, NAMESPACE)?;
        let root = tree.root()?;
        if root.name != "ascmhldirectory" || !root.in_namespace {
            return Err(ParseChainError::WrongRoot(root.name.chars().take(60).collect()));
        }
        let mut entries = Vec::new();
        while let Some(element) = tree.child()? {
            if element.name != "hashlist" || !element.in_namespace {
                tree.skip()?;
                continue;
            }
            let number = element.attribute("sequencenr").unwrap_or_default();
            let sequence = number.trim().parse().map_err(|_| ParseChainError::Sequence(number.chars().take(60).collect()))?;
            let (mut name, mut c4) = (None, None);
            while let Some(part) = tree.child()? {
                match part.name.as_str() {
                    "path" if part.in_namespace => name = Some(tree.text()?),
                    "c4" if part.in_namespace => c4 = Some(tree.text()?),
                    _ => tree.skip()?,
                }
            }
            let name = name.ok_or(ParseChainError::Missing("path"))?;
            let c4 = c4.ok_or(ParseChainError::Missing("c4"))?;
            if name.contains(['/', '\\']) || RelPath::new(&name).is_err() {
                return Err(ParseChainError::Name(name.chars().take(300).collect()));
            }
            let c4 =
                HashValue::parse(HashFormat::C4, &c4).map_err(|source| ParseChainError::Digest { name: name.clone(), source })?;
            entries.push(ChainEntry { sequence, name, c4 });
        }
        tree.finish()?;
        Ok(Self { entries })
    }

    /// Writes the chain file.
    pub fn to_xml(&self) -> Result<Vec<u8>, WriteManifestError> {
        crate::xml_write::chain(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_bytes;

    #[test]
    fn own_text_parses_and_any_prefix_will_do() {
        let chain = Chain {
            entries: vec![
                ChainEntry { sequence: 1, name: "0001_a & b.mhl".to_owned(), c4: hash_bytes(HashFormat::C4, b"61") },
                ChainEntry { sequence: 2, name: "0002.mhl".to_owned(), c4: hash_bytes(HashFormat::C4, b"288946") },
            ],
        };
        let text = String::from_utf8(chain.to_xml().expect("writes")).expect("UTF-8");
        assert_eq!(Chain::parse(text.as_bytes()), Ok(chain.clone()));
        let prefixed = text
            .replace("</", "</d:")
            .replace('<', "<d:")
            .replace("<d:/d:", "</d:")
            .replace("<d:?", "<?")
            .replace("xmlns=", "xmlns:d=");
        assert_eq!(Chain::parse(format!("\u{feff}{prefixed}").replace('\n', "\r\n").as_bytes()), Ok(chain));
    }

    #[test]
    fn a_manifest_elsewhere_is_refused() {
        let c4 = hash_bytes(HashFormat::C4, b"").to_text();
        for name in ["../0001.mhl", "/0001.mhl", "a/0001.mhl", "a\\0001.mhl", "", ".."] {
            let text = format!(
                "<ascmhldirectory xmlns='{NAMESPACE}'><hashlist sequencenr='1'><path>{name}</path><c4>{c4}</c4></hashlist></ascmhldirectory>"
            );
            assert!(matches!(Chain::parse(text.as_bytes()), Err(ParseChainError::Name(_))), "{name:?}");
        }
    }
}
