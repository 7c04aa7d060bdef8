//! Owns writing manifests and chains as XML: UTF-8, two blanks of indent, element order of the schema. Never writes a text that
//! XML cannot carry.

use crate::chain::Chain;
use crate::manifest::{Entry, HashEntry, Manifest, Metadata, WriteManifestError};
use crate::xml::{is_representable, push_escaped};
use checkgate_model::Timestamp;
use std::borrow::Cow;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

struct Writing {
    out: String,
    depth: usize,
}

/// An attribute that may be absent, with the words for an error.
type Attribute<'a> = (&'static str, Option<&'a str>);

impl Writing {
    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    fn open(&mut self, name: &str) {
        self.indent();
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(">\n");
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.indent();
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    fn leaf(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) -> Result<(), WriteManifestError> {
        self.indent();
        self.out.push('<');
        self.out.push_str(name);
        for (attribute, value) in attributes {
            if let Some(value) = value {
                check(attribute, value)?;
                self.out.push(' ');
                self.out.push_str(attribute);
                self.out.push_str("=\"");
                push_escaped(&mut self.out, value);
                self.out.push('"');
            }
        }
        check(name, text)?;
        self.out.push('>');
        push_escaped(&mut self.out, text);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
        Ok(())
    }

    fn hashes(&mut self, hashes: &[HashEntry]) -> Result<(), WriteManifestError> {
        let mut sorted: Vec<&HashEntry> = hashes.iter().collect();
        sorted.sort_by_key(|hash| hash.value.format());
        for hash in sorted {
            let at = hash.hashed_at.and_then(date);
            let attributes = [("action", hash.action.map(|action| action.word())), ("hashdate", at.as_deref())];
            self.leaf(hash.value.format().name(), &attributes, &hash.value.to_text())?;
        }
        Ok(())
    }

    fn raw(&mut self, metadata: Option<&Metadata>) {
        if let Some(metadata) = metadata {
            self.indent();
            self.out.push_str(metadata.as_xml());
            self.out.push('\n');
        }
    }

    /// Empty containers are written as `<content/>`: a tool may record folders without hashing them.
    fn container(&mut self, name: &'static str, hashes: &[HashEntry]) -> Result<(), WriteManifestError> {
        if hashes.is_empty() {
            self.indent();
            self.out.push('<');
            self.out.push_str(name);
            self.out.push_str("/>\n");
            return Ok(());
        }
        self.open(name);
        self.hashes(hashes)?;
        self.close(name);
        Ok(())
    }
}

fn check(what: &'static str, text: &str) -> Result<(), WriteManifestError> {
    if is_representable(text) { Ok(()) } else { Err(WriteManifestError::Unrepresentable { what, text: text.to_owned() }) }
}

/// Whole seconds in UTC: `2020-01-16T09:15:00Z`. Years that `xs:dateTime` cannot write without sign are left out: a date from a
/// broken clock must not make a manifest invalid.
pub(crate) fn date(at: Timestamp) -> Option<String> {
    let text = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    (text.len() == 20 && !text.starts_with('-') && !text.starts_with("0000")).then_some(text)
}

/// About the length that comes out, from above: doubling a buffer of 300 MB would cost as much again.
fn estimate(manifest: &Manifest) -> usize {
    let hashes = |hashes: &[HashEntry]| hashes.iter().map(|hash| 100 + hash.value.bytes().len() * 2).sum::<usize>();
    let entries = manifest.entries.iter().map(|entry| match entry {
        Entry::File(file) => 170 + file.path.as_str().len() + hashes(&file.hashes),
        Entry::Folder(folder) => 260 + folder.path.as_str().len() + hashes(&folder.content) + hashes(&folder.structure),
    });
    4096 + entries.sum::<usize>()
}

pub(crate) fn manifest(manifest: &Manifest) -> Result<Vec<u8>, WriteManifestError> {
    let mut entries = manifest.entries.iter().map(|entry| Ok(Cow::Borrowed(entry)));
    written(manifest, estimate(manifest), &mut entries)
}

/// A manifest whose entries are made while it is written. `head` is all the rest of it.
pub(crate) fn streamed<E: From<WriteManifestError>>(
    head: &Manifest,
    estimate_bytes: usize,
    entries: &mut dyn Iterator<Item = Result<Entry, E>>,
) -> Result<Vec<u8>, E> {
    written(head, estimate_bytes + 4096, &mut entries.map(|entry| entry.map(Cow::Owned)))
}

fn written<'a, E: From<WriteManifestError>>(
    manifest: &Manifest,
    estimate_bytes: usize,
    entries: &mut dyn Iterator<Item = Result<Cow<'a, Entry>, E>>,
) -> Result<Vec<u8>, E> {
    let mut xml = Writing { out: String::with_capacity(estimate_bytes), depth: 0 };
    xml.out.push_str(HEAD);
    xml.out.push_str("<hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\">\n");
    xml.depth = 1;
    creator(&mut xml, manifest)?;
    process_info(&mut xml, manifest)?;
    let mut is_open = false;
    for entry in entries {
        if !is_open {
            xml.open("hashes");
            is_open = true;
        }
        write_entry(&mut xml, &*entry?)?;
    }
    if is_open {
        xml.close("hashes");
    }
    xml.raw(manifest.metadata.as_ref());
    if !manifest.references.is_empty() {
        xml.open("references");
        for reference in &manifest.references {
            xml.open("hashlistreference");
            xml.leaf("path", &[], reference.path.as_str())?;
            xml.leaf("c4", &[], &reference.c4.to_text())?;
            xml.close("hashlistreference");
        }
        xml.close("references");
    }
    xml.close("hashlist");
    Ok(xml.out.into_bytes())
}

fn creator(xml: &mut Writing, manifest: &Manifest) -> Result<(), WriteManifestError> {
    let creator = &manifest.creator;
    xml.open("creatorinfo");
    // Required by the schema; a manifest read without one keeps the beginning of time.
    let created = creator.created.and_then(date).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned());
    xml.leaf("creationdate", &[], &created)?;
    xml.leaf("hostname", &[], &creator.host_name)?;
    xml.leaf("tool", &[("version", creator.tool_version.as_deref())], &creator.tool)?;
    for author in &creator.authors {
        let attributes =
            [("email", author.email.as_deref()), ("phone", author.phone.as_deref()), ("role", author.role.as_deref())];
        xml.leaf("author", &attributes, &author.name)?;
    }
    if let Some(location) = &creator.location {
        xml.leaf("location", &[], location)?;
    }
    if let Some(comment) = &creator.comment {
        xml.leaf("comment", &[], comment)?;
    }
    xml.close("creatorinfo");
    Ok(())
}

fn process_info(xml: &mut Writing, manifest: &Manifest) -> Result<(), WriteManifestError> {
    xml.open("processinfo");
    xml.leaf("process", &[], manifest.process.word())?;
    if let Some(root) = &manifest.root_hash {
        xml.open("roothash");
        xml.container("content", &root.content)?;
        xml.container("structure", &root.structure)?;
        xml.close("roothash");
    }
    if !manifest.ignore.is_empty() {
        xml.open("ignore");
        for pattern in &manifest.ignore {
            xml.leaf("pattern", &[], pattern)?;
        }
        xml.close("ignore");
    }
    xml.close("processinfo");
    Ok(())
}

fn write_entry(xml: &mut Writing, entry: &Entry) -> Result<(), WriteManifestError> {
    match entry {
        Entry::File(file) => {
            let size = file.size_bytes.map(|size| size.to_string());
            let (created, modified) = (file.created.and_then(date), file.modified.and_then(date));
            let attributes =
                [("size", size.as_deref()), ("creationdate", created.as_deref()), ("lastmodificationdate", modified.as_deref())];
            xml.open("hash");
            xml.leaf("path", &attributes, file.path.as_str())?;
            xml.hashes(&file.hashes)?;
            if let Some(previous) = &file.previous_path {
                xml.leaf("previousPath", &[], previous.as_str())?;
            }
            xml.raw(file.metadata.as_ref());
            xml.close("hash");
        }
        Entry::Folder(folder) => {
            let (created, modified) = (folder.created.and_then(date), folder.modified.and_then(date));
            let attributes = [("creationdate", created.as_deref()), ("lastmodificationdate", modified.as_deref())];
            xml.open("directoryhash");
            xml.leaf("path", &attributes, folder.path.as_str())?;
            xml.container("content", &folder.content)?;
            xml.container("structure", &folder.structure)?;
            if let Some(previous) = &folder.previous_path {
                xml.leaf("previousPath", &[], previous.as_str())?;
            }
            xml.raw(folder.metadata.as_ref());
            xml.close("directoryhash");
        }
    }
    Ok(())
}

pub(crate) fn chain(chain: &Chain) -> Result<Vec<u8>, WriteManifestError> {
    let mut xml = Writing { out: String::with_capacity(256 + chain.entries.len() * 256), depth: 0 };
    xml.out.push_str(HEAD);
    xml.out.push_str("<ascmhldirectory xmlns=\"urn:ASC:MHL:DIRECTORY:v2.0\">\n");
    xml.depth = 1;
    for entry in &chain.entries {
        xml.indent();
        xml.out.push_str("<hashlist sequencenr=\"");
        xml.out.push_str(&entry.sequence.to_string());
        xml.out.push_str("\">\n");
        xml.depth += 1;
        xml.leaf("path", &[], &entry.name)?;
        xml.leaf("c4", &[], &entry.c4.to_text())?;
        xml.close("hashlist");
    }
    xml.close("ascmhldirectory");
    Ok(xml.out.into_bytes())
}
