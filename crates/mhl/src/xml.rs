//! Owns the plumbing of XML: a pull reader over hostile bytes with fixed limits, and escaping for the writer. Refuses DOCTYPE,
//! resolves no entity but the five of XML, never trims text. The XML crate's types stop here.

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;

/// No manifest is deeper than six elements; foreign `metadata` may be, within reason.
pub(crate) const MAX_DEPTH: u32 = 64;
/// Attributes of one element.
pub(crate) const MAX_ATTRIBUTES: usize = 64;
/// A million files make about 230 MB.
pub(crate) const MAX_BYTES: usize = 1 << 30;

/// Why bytes are not the XML they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not well-formed, or cut off.
    #[error("not well-formed XML at byte {at_byte}: {reason}")]
    Malformed {
        /// Position in the decoded text.
        at_byte: u64,
        /// What the reader said.
        reason: String,
    },
    /// A DOCTYPE could define entities.
    #[error("a DOCTYPE is not allowed")]
    Doctype,
    /// A named entity other than the five predefined ones.
    #[error("the entity {0:?} is not defined")]
    Entity(String),
    /// Nested too deeply.
    #[error("elements are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// Too many attributes on one element.
    #[error("an element has more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// Larger than any manifest.
    #[error("{0} bytes are too large for a manifest")]
    TooLarge(usize),
    /// The bytes are not in the encoding they declare.
    #[error("the text is not valid {0}")]
    Encoding(String),
}

/// A start tag.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    /// Name without prefix.
    pub(crate) name: String,
    /// Whether it lies in the namespace the reader was made for.
    pub(crate) in_namespace: bool,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// Value of an attribute without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

enum Token {
    Start(Element),
    Text(String),
    End,
    Eof,
}

/// Pulls elements out of a document in order. After [`child`](Self::child) gave an element, the caller must finish it with
/// `child` until `None`, with [`text`](Self::text) or with [`skip`](Self::skip).
pub(crate) struct Tree<'a> {
    reader: NsReader<&'a [u8]>,
    namespace: &'a str,
    depth: u32,
    whole: &'a str,
    /// Where the event that was read last begins.
    event_at: u64,
}

impl<'a> Tree<'a> {
    /// `namespace` empty means: any.
    pub(crate) fn new(text: &'a str, namespace: &'a str) -> Result<Self, XmlError> {
        if text.len() > MAX_BYTES {
            return Err(XmlError::TooLarge(text.len()));
        }
        if let Some(at) = first_forbidden(text) {
            let reason = "a character that XML does not allow".to_owned();
            return Err(XmlError::Malformed { at_byte: at as u64, reason });
        }
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = true;
        config.check_comments = false;
        config.trim_text(false);
        Ok(Self { reader, namespace, depth: 0, whole: text, event_at: 0 })
    }

    fn malformed(&self, reason: impl ToString) -> XmlError {
        let at = self.reader.error_position().max(self.reader.buffer_position());
        XmlError::Malformed { at_byte: at.min(self.whole.len() as u64), reason: reason.to_string() }
    }

    fn next(&mut self) -> Result<Token, XmlError> {
        loop {
            self.event_at = self.reader.buffer_position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.malformed(error)),
            };
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(XmlError::TooDeep);
                    }
                    let (resolved, local) = self.reader.resolver().resolve_element(start.name());
                    if let ResolveResult::Unknown(prefix) = resolved {
                        return Err(self.malformed(format!("the prefix {prefix:?} is not declared")));
                    }
                    let in_namespace = self.namespace.is_empty()
                        || matches!(resolved, ResolveResult::Bound(Namespace(bound)) if bound == self.namespace);
                    let name = local.as_ref().to_owned();
                    let mut attributes: Vec<(String, String)> = Vec::new();
                    for attribute in start.attributes().with_checks(false) {
                        let attribute = attribute.map_err(|error| self.malformed(error))?;
                        if attributes.len() == MAX_ATTRIBUTES {
                            return Err(XmlError::TooManyAttributes);
                        }
                        let key: &str = attribute.key.as_ref();
                        // The formats read here know attributes without prefix only; `xmlns` binds and says nothing more.
                        if key.contains(':') || key == "xmlns" {
                            continue;
                        }
                        if attributes.iter().any(|(known, _)| known == key) {
                            return Err(self.malformed(format!("attribute {key:?} twice")));
                        }
                        let value = attribute.normalized_value(XmlVersion::default()).map_err(|error| self.malformed(error))?;
                        attributes.push((key.to_owned(), value.into_owned()));
                    }
                    return Ok(Token::Start(Element { name, in_namespace, attributes }));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::End);
                }
                Event::Text(text) => return Ok(Token::Text(text.xml10_content().into_owned())),
                Event::CData(text) => return Ok(Token::Text(text.xml10_content().into_owned())),
                Event::GeneralRef(reference) => {
                    let resolved = reference.resolve_char_ref().map_err(|error| self.malformed(error))?;
                    let text = match (resolved, reference.as_ref()) {
                        (Some(character), _) if is_forbidden(character) => {
                            return Err(self.malformed("a character that XML does not allow"));
                        }
                        (Some(character), _) => character.to_string(),
                        (None, "amp") => "&".to_owned(),
                        (None, "lt") => "<".to_owned(),
                        (None, "gt") => ">".to_owned(),
                        (None, "quot") => "\"".to_owned(),
                        (None, "apos") => "'".to_owned(),
                        (None, other) => return Err(XmlError::Entity(other.chars().take(40).collect())),
                    };
                    return Ok(Token::Text(text));
                }
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Empty(_) => return Err(self.malformed("an empty element was not expanded")),
                Event::Eof => return Ok(Token::Eof),
            }
        }
    }

    /// The document's root element.
    pub(crate) fn root(&mut self) -> Result<Element, XmlError> {
        loop {
            match self.next()? {
                Token::Start(element) => return Ok(element),
                Token::Text(text) if text.trim().is_empty() || text == "\u{feff}" => {}
                Token::Text(_) | Token::End => return Err(self.malformed("text before the root element")),
                Token::Eof => return Err(self.malformed("no root element")),
            }
        }
    }

    /// The next child of the element that is open, or `None` once it ended. Text between children is passed over.
    pub(crate) fn child(&mut self) -> Result<Option<Element>, XmlError> {
        loop {
            match self.next()? {
                Token::Start(element) => return Ok(Some(element)),
                Token::Text(_) => {}
                Token::End => return Ok(None),
                Token::Eof => return Err(self.malformed("the document ends early")),
            }
        }
    }

    /// All text of the element that is open, untrimmed; ends it. Elements inside are passed over.
    pub(crate) fn text(&mut self) -> Result<String, XmlError> {
        let mut whole = String::new();
        loop {
            match self.next()? {
                Token::Text(text) => whole.push_str(&text),
                Token::Start(_) => self.skip()?,
                Token::End => return Ok(whole),
                Token::Eof => return Err(self.malformed("the document ends early")),
            }
        }
    }

    /// Passes over the element that is open.
    pub(crate) fn skip(&mut self) -> Result<(), XmlError> {
        let outside = self.depth - 1;
        loop {
            match self.next()? {
                Token::End if self.depth == outside => return Ok(()),
                Token::Eof => return Err(self.malformed("the document ends early")),
                Token::Start(_) | Token::End | Token::Text(_) => {}
            }
        }
    }

    /// The element that `child` gave last, as it stands, with the prefixes that it takes from outside declared in it; ends it.
    /// `default` is the default namespace of the document it will be written into.
    pub(crate) fn raw(&mut self, default: &str) -> Result<String, XmlError> {
        let start = usize::try_from(self.event_at).unwrap_or(usize::MAX);
        let tag_end = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        let tag = self.whole.get(start..tag_end).ok_or_else(|| self.malformed("an element has no start"))?;
        let name_end = tag.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(tag.len());
        let rest_of_tag = &tag[name_end..];
        let mut declarations = String::new();
        let mut has_default = false;
        for (prefix, namespace) in self.reader.resolver().bindings() {
            let prefix = match prefix {
                PrefixDeclaration::Default => {
                    has_default = true;
                    if namespace.as_ref() == default {
                        continue;
                    }
                    "xmlns".to_owned()
                }
                PrefixDeclaration::Named("xml" | "xmlns") => continue,
                PrefixDeclaration::Named(name) => format!("xmlns:{name}"),
            };
            if !declares(rest_of_tag, &prefix) {
                declarations.push(' ');
                declarations.push_str(&prefix);
                declarations.push_str("=\"");
                push_escaped(&mut declarations, namespace.as_ref());
                declarations.push('"');
            }
        }
        if !has_default && !declares(rest_of_tag, "xmlns") {
            declarations.push_str(" xmlns=\"\"");
        }
        let name = tag[..name_end].to_owned();
        self.skip()?;
        let end = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        let rest = self.whole.get(start + name_end..end).ok_or_else(|| self.malformed("an element has no end"))?;
        Ok(format!("{name}{declarations}{rest}"))
    }

    /// Nothing but blanks, comments and processing instructions may follow the root element.
    pub(crate) fn finish(&mut self) -> Result<(), XmlError> {
        loop {
            match self.next()? {
                Token::Eof => return Ok(()),
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Start(_) | Token::End | Token::Text(_) => return Err(self.malformed("something follows the root element")),
            }
        }
    }
}

/// Whether a start tag holds the attribute `name`.
fn declares(tag: &str, name: &str) -> bool {
    tag.match_indices(name).any(|(at, _)| {
        let before = tag[..at].chars().next_back();
        let after = tag[at + name.len()..].trim_start();
        before.is_some_and(char::is_whitespace) && after.starts_with('=')
    })
}

/// The text without a byte order mark, if it is UTF-8.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, XmlError> {
    if bytes.len() > MAX_BYTES {
        return Err(XmlError::TooLarge(bytes.len()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding("UTF-8".to_owned()))
}

/// Whether XML 1.0 can carry the text at all.
pub(crate) fn is_representable(text: &str) -> bool {
    first_forbidden(text).is_none()
}

const fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Position of the first character that XML 1.0 does not allow.
fn first_forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().find_map(|(at, byte)| {
        let forbidden = match byte {
            0..=8 | 0xb | 0xc | 0xe..=0x1f => true,
            // U+FFFE and U+FFFF begin with EF BF.
            0xef => bytes.get(at + 1) == Some(&0xbf) && matches!(bytes.get(at + 2), Some(0xbe | 0xbf)),
            _ => false,
        };
        forbidden.then_some(at)
    })
}

/// Appends `text` so that every reader gives it back unchanged, as element text and as attribute value alike: line ends and tabs
/// become character references because readers normalise them.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_text(document: &str) -> Result<String, XmlError> {
        let mut tree = Tree::new(document, "")?;
        tree.root()?;
        let text = tree.text()?;
        tree.finish()?;
        Ok(text)
    }

    #[test]
    fn escaped_text_comes_back_unchanged() {
        for text in ["  a b\t", "a\r\nb\rc\n", "<&>\"']]>", "\u{85}\u{2028}é😀", "&amp;"] {
            let mut document = String::from("<?xml version=\"1.0\"?>\n<a>");
            push_escaped(&mut document, text);
            document.push_str("</a>\n");
            assert_eq!(first_text(&document).as_deref(), Ok(text));
        }
    }

    #[test]
    fn doctype_and_entities_are_refused() {
        assert_eq!(first_text("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), Err(XmlError::Doctype));
        assert_eq!(first_text("<a>&b;</a>"), Err(XmlError::Entity("b".to_owned())));
        assert!(matches!(first_text("<a>&#0;</a>"), Err(XmlError::Malformed { .. })));
    }

    #[test]
    fn a_raw_element_is_complete_in_itself() {
        let document =
            "<m:a xmlns:m='urn:m' xmlns:o='urn:o'><m:metadata x='1'><o:b/>text &amp; <c xmlns='urn:c'/></m:metadata><m:z/></m:a>";
        let mut tree = Tree::new(document, "urn:m").expect("a tree");
        tree.root().expect("a root");
        assert_eq!(tree.child().expect("reads").expect("a child").name, "metadata");
        let raw = tree.raw("urn:m").expect("raw");
        assert!(
            raw.starts_with("<m:metadata") && raw.ends_with("x='1'><o:b/>text &amp; <c xmlns='urn:c'/></m:metadata>"),
            "{raw}"
        );
        assert!(raw.contains(" xmlns:o=\"urn:o\"") && raw.contains(" xmlns=\"\""), "{raw}");
        assert_eq!(tree.child().expect("reads").expect("a child").name, "z");
        // Written into a document of its own it reads the same.
        let again = format!("<a xmlns=\"urn:m\">{raw}</a>");
        let mut tree = Tree::new(&again, "urn:m").expect("a tree");
        tree.root().expect("a root");
        tree.child().expect("reads");
        assert_eq!(tree.raw("urn:m").expect("raw"), raw);
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(first_text(&"<a>".repeat(100_000)), Err(XmlError::TooDeep));
    }

    #[test]
    fn cut_off_documents_are_errors() {
        for cut in ["", "<a>", "<a><b></b>", "<a></a><b/>", "<a></b>", "<a>x", "x", "<a b=></a>", "<a b='1' b='2'/>"] {
            assert!(first_text(cut).is_err(), "{cut:?}");
        }
    }
}
