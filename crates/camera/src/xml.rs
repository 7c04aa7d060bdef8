//! Owns how XML from a card is read: no document type, no entities but the five predefined, a node limit, names without
//! namespace (vendors raise the version in their namespaces). Must never resolve anything outside the text.

use roxmltree::{Document, Node, ParsingOptions};

/// Most nodes of one document; a full Sony card index has some thousand.
const MAX_NODES: u32 = 500_000;
/// Nesting is counted before parsing, so that no parser can be driven into deep recursion.
const MAX_DEPTH: usize = 128;

/// Text of XML bytes: UTF-8 or UTF-16 by byte order mark, padding and NULs at the end cut off.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let wide = |big: bool| {
        let units: Vec<u16> = bytes[2..]
            .chunks_exact(2)
            .map(|pair| if big { u16::from_be_bytes([pair[0], pair[1]]) } else { u16::from_le_bytes([pair[0], pair[1]]) })
            .collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xFE, 0xFF, ..] => wide(true),
        [0xFF, 0xFE, ..] => wide(false),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
}

/// The document, or `None` where it is no XML, carries a document type, or is beyond the limits.
pub(crate) fn parse(text: &str) -> Option<Document<'_>> {
    if too_deep(text) {
        return None;
    }
    Document::parse_with_options(text, ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() })
        .ok()
}

fn too_deep(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate() {
        match (byte, bytes.get(at + 1)) {
            (b'<', Some(b'/')) => depth = depth.saturating_sub(1),
            (b'<', Some(b'!' | b'?')) => {}
            (b'<', _) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            (b'/', Some(b'>')) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// First child element of that local name.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

/// Its text, trimmed; `None` where absent or empty.
pub(crate) fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name).and_then(|child| child.text()).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Every element with text and every attribute below `node`, by its path of local names (`Device/ModelName`, `FrameRate@DropFrameFlag`).
pub(crate) fn flatten(node: Node<'_, '_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    flatten_into(node, "", 0, &mut found);
    found
}

const MAX_PAIRS: usize = 4096;

fn flatten_into(node: Node<'_, '_>, path: &str, depth: usize, found: &mut Vec<(String, String)>) {
    if depth > 32 {
        return;
    }
    for child in node.children().filter(Node::is_element) {
        if found.len() >= MAX_PAIRS {
            return;
        }
        let name = child.tag_name().name();
        let own = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        for attribute in child.attributes().take(64) {
            found.push((format!("{own}@{}", attribute.name()), attribute.value().trim().to_owned()));
        }
        if let Some(text) = child.text().map(str::trim).filter(|text| !text.is_empty()) {
            found.push((own.clone(), text.to_owned()));
        }
        flatten_into(child, &own, depth + 1, found);
    }
}

/// Attribute by local name.
pub(crate) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
}
