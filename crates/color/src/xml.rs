//! Owns reading small XML of anybody's: no DOCTYPE, no entities of its own, bounded nodes and attributes. Must never read a file.

use roxmltree::{Document, Node, ParsingOptions};

/// Most nodes of a document.
const MOST_NODES: u32 = 400_000;
/// Longest stretch from the start of a tag to the next `<`. Attributes are compared each with each by the parser, so that their
/// number in one tag must be bounded.
const LONGEST_TAG_BYTES: usize = 16 << 10;

/// Parses what is small enough; the reason where it cannot be read.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, String> {
    let long = |piece: &&str| piece.len() > LONGEST_TAG_BYTES && !piece.starts_with(['!', '?', '/']);
    if text.split('<').skip(1).any(|piece| long(&piece)) {
        return Err(format!("a tag or its text is longer than {LONGEST_TAG_BYTES} bytes"));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text.trim_start_matches('\u{feff}'), options).map_err(|error| error.to_string())
}

pub(crate) fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

pub(crate) fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    elements(node).find(|inner| inner.tag_name().name() == name)
}

/// The words of a child; empty is as good as absent.
pub(crate) fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    own_text(child(node, name)?)
}

/// The words of the element itself; empty is as good as absent.
pub(crate) fn own_text(node: Node<'_, '_>) -> Option<String> {
    node.text().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Text for an element or an attribute. Characters that XML 1.0 cannot carry are left out.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(letter),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_documents_are_refused_without_harm() {
        assert!(parse(&"<a>".repeat(1_000_000)).is_err());
        assert!(parse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").is_err());
        let attributes: String = (0..400_000).map(|number| format!(" a{number}=''")).collect();
        assert!(parse(&format!("<a{attributes}/>")).is_err());
        assert!(parse("<").is_err());
        assert!(parse(">").is_err());
        assert_eq!(escape("a<\u{0}&\"b"), "a&lt;&amp;&quot;b");
    }
}
