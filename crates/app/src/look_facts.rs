//! Owns what rules need to know of ACES Metadata Files (S-2019-001): whose look it is, which files it names, which ACES. Reads no
//! transform; that is the colour engine's. The documents are hostile input.

use crate::card_source::CardSource;
use checkgate_camera::CardFiles;
use checkgate_model::RelPath;
use checkgate_rules::LookFacts;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeSet;
use std::io::Read;

const MAX_BYTES: u64 = 4 << 20;
const MAX_FILES: usize = 2_000;

/// Facts of every look file on a card. One that cannot be read as AMF says nothing; the colour engine says why when it is used.
pub(crate) fn looks_of(card: &CardSource) -> Vec<LookFacts> {
    let present: BTreeSet<&str> = card.entries().iter().map(|entry| entry.path.as_str()).collect();
    let amf = card.entries().iter().filter(|entry| entry.path.extension() == "amf" && entry.size_bytes <= MAX_BYTES);
    amf.take(MAX_FILES)
        .filter_map(|entry| {
            let mut bytes = Vec::new();
            CardFiles::open(card, &entry.path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
            facts_of(&entry.path, &String::from_utf8_lossy(&bytes), &|path| present.contains(path.as_str()))
        })
        .collect()
}

fn facts_of(path: &RelPath, xml: &str, is_there: &dyn Fn(&RelPath) -> bool) -> Option<LookFacts> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 200_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options).ok()?;
    let root = document.root_element();
    if root.tag_name().name() != "acesMetadataFile" {
        return None;
    }
    let named = |node: &Node<'_, '_>, name: &str| node.tag_name().name() == name;
    let text = |node: Node<'_, '_>| node.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let clip_id = root.descendants().filter(|node| named(node, "clipId"));
    let clips = clip_id
        .flat_map(|node| node.children().filter(|inner| named(inner, "clipName") || named(inner, "file")))
        .filter_map(text)
        .take(100)
        .collect();
    // Files of looks and transforms; those in the clip's id are the clip.
    let files = root
        .descendants()
        .filter(|node| named(node, "file") && !node.ancestors().any(|above| named(&above, "clipId")))
        .filter_map(text);
    let missing_files = files.filter(|file| !below(path, file).is_some_and(|file| is_there(&file))).take(100).collect();
    let version = root.descendants().find(|node| named(node, "systemVersion"));
    let part = |name: &str| version.and_then(|node| node.children().find(|inner| named(inner, name))).and_then(text);
    let aces = part("majorVersion").map(|major| format!("{major}.{}", part("minorVersion").unwrap_or_else(|| "0".to_owned())));
    Some(LookFacts { path: path.to_string(), clips, missing_files, aces })
}

/// A file an AMF names, from its own folder; `None` where it points elsewhere.
fn below(amf: &RelPath, file: &str) -> Option<RelPath> {
    let file = file.strip_prefix("file://").unwrap_or(file);
    let file = file.strip_prefix("./").unwrap_or(file);
    match amf.parent() {
        Some(folder) => folder.join(file).ok(),
        None => RelPath::new(file).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMF: &str = r#"<?xml version="1.0"?>
<aces:acesMetadataFile version="2.0" xmlns:aces="urn:ampas:aces:amf:v2.0">
  <aces:clipId><aces:clipName>A003C001</aces:clipName><aces:file>A003C001.mov</aces:file></aces:clipId>
  <aces:pipeline>
    <aces:pipelineInfo><aces:systemVersion><aces:majorVersion>1</aces:majorVersion><aces:minorVersion>3</aces:minorVersion></aces:systemVersion></aces:pipelineInfo>
    <aces:lookTransform applied="false"><aces:file>looks/show.clf</aces:file></aces:lookTransform>
    <aces:lookTransform applied="false"><aces:file>/etc/passwd</aces:file></aces:lookTransform>
  </aces:pipeline>
</aces:acesMetadataFile>"#;

    #[test]
    fn a_look_says_whose_it_is_and_what_it_needs() {
        let path = RelPath::new("roll/a.amf").expect("a path");
        let facts = facts_of(&path, AMF, &|file| file.as_str() == "roll/looks/show.clf").expect("an AMF");
        assert_eq!(facts.clips, ["A003C001", "A003C001.mov"]);
        assert_eq!(facts.missing_files, ["/etc/passwd"], "a path outside of the card is never there");
        assert_eq!(facts.aces.as_deref(), Some("1.3"));
        assert_eq!(facts_of(&path, "<other/>", &|_| true), None);
        assert_eq!(facts_of(&path, "<!DOCTYPE a [<!ENTITY b 'c'>]><acesMetadataFile/>", &|_| true), None);
    }
}
