//! Owns reading manifests from XML. Liberal in order and prefixes, strict in paths and digests; never trims a path.

use crate::manifest::{
    Action, Creator, Entry, FileEntry, FolderEntry, HashEntry, Manifest, ManifestReference, ManifestWarning, Metadata,
    ParseManifestError, RootHash,
};
use crate::operation::{Author, Process};
use crate::xml::{Element, Tree, utf8};
use checkgate_model::{HashFormat, HashValue, RelPath, Timestamp};
use std::collections::HashMap;

pub(crate) const NAMESPACE: &str = "urn:ASC:MHL:v2.0";

struct Reading<'a> {
    tree: Tree<'a>,
    warnings: Vec<ManifestWarning>,
    known: &'a mut KnownPaths,
}

/// Paths that were met, each with the last document that has an entry for it. They lend their text, so that five generations of a
/// million files hold each path once.
#[derive(Debug, Default)]
pub(crate) struct KnownPaths {
    paths: HashMap<RelPath, u32>,
    document: u32,
}

pub(crate) fn manifest(bytes: &[u8], known: &mut KnownPaths) -> Result<Manifest, ParseManifestError> {
    known.document += 1;
    let mut reading = Reading { tree: Tree::new(utf8(bytes)?, NAMESPACE)?, warnings: Vec::new(), known };
    let root = reading.tree.root()?;
    if root.name != "hashlist" || !root.in_namespace {
        return Err(ParseManifestError::WrongRoot(root.name.chars().take(60).collect()));
    }
    let mut creator = None;
    let mut process = None;
    let mut root_hash = None;
    let mut ignore = Vec::new();
    let mut entries = Vec::new();
    let mut references = Vec::new();
    let mut metadata = None;
    while let Some(element) = reading.child()? {
        match element.name.as_str() {
            "creatorinfo" => creator = Some(reading.creator()?),
            "processinfo" => (process, root_hash, ignore) = reading.process_info()?,
            "hashes" => reading.entries(&mut entries)?,
            "references" => reading.references(&mut references)?,
            "metadata" => metadata = Some(reading.metadata()?),
            _ => reading.tree.skip()?,
        }
    }
    reading.tree.finish()?;
    entries.shrink_to_fit();
    if creator.is_none() {
        reading.warnings.push(ManifestWarning::Missing("creatorinfo"));
    }
    if process.is_none() {
        reading.warnings.push(ManifestWarning::Missing("process"));
    }
    Ok(Manifest {
        creator: creator.unwrap_or_default(),
        process: process.unwrap_or(Process::InPlace),
        root_hash,
        ignore,
        entries,
        metadata,
        references,
        warnings: reading.warnings,
    })
}

type ProcessInfo = (Option<Process>, Option<RootHash>, Vec<String>);

impl Reading<'_> {
    /// The next child in our namespace; foreign ones are passed over.
    fn child(&mut self) -> Result<Option<Element>, ParseManifestError> {
        while let Some(element) = self.tree.child()? {
            if element.in_namespace {
                return Ok(Some(element));
            }
            self.tree.skip()?;
        }
        Ok(None)
    }

    fn date(&mut self, what: &'static str, text: Option<&str>) -> Option<Timestamp> {
        let text = text?;
        let date = read_date(text);
        if date.is_none() {
            self.warnings.push(ManifestWarning::Unreadable { what, text: text.chars().take(60).collect() });
        }
        date
    }

    fn creator(&mut self) -> Result<Creator, ParseManifestError> {
        let mut creator = Creator::default();
        while let Some(element) = self.child()? {
            match element.name.as_str() {
                "creationdate" => {
                    let text = self.tree.text()?;
                    creator.created = self.date("creationdate", Some(&text));
                }
                "hostname" => creator.host_name = self.tree.text()?,
                "tool" => {
                    creator.tool_version = element.attribute("version").map(str::to_owned);
                    creator.tool = self.tree.text()?;
                }
                "author" => {
                    let value = |name| element.attribute(name).map(str::to_owned);
                    let (email, phone, role) = (value("email"), value("phone"), value("role"));
                    creator.authors.push(Author { name: self.tree.text()?, email, phone, role });
                }
                "location" => creator.location = Some(self.tree.text()?),
                "comment" => creator.comment = Some(self.tree.text()?),
                _ => self.tree.skip()?,
            }
        }
        Ok(creator)
    }

    fn process_info(&mut self) -> Result<ProcessInfo, ParseManifestError> {
        let mut process = None;
        let mut root_hash = None;
        let mut ignore = Vec::new();
        while let Some(element) = self.child()? {
            match element.name.as_str() {
                "process" => {
                    let text = self.tree.text()?;
                    let known = Process::from_word(&text);
                    process = Some(known.ok_or_else(|| ParseManifestError::Process(text.chars().take(60).collect()))?);
                }
                "roothash" => {
                    let mut pair = RootHash::default();
                    while let Some(part) = self.child()? {
                        match part.name.as_str() {
                            "content" => pair.content = self.digests(".")?,
                            "structure" => pair.structure = self.digests(".")?,
                            _ => self.tree.skip()?,
                        }
                    }
                    root_hash = Some(pair);
                }
                "ignore" => {
                    while let Some(part) = self.child()? {
                        if part.name == "pattern" {
                            ignore.push(self.tree.text()?);
                        } else {
                            self.tree.skip()?;
                        }
                    }
                }
                _ => self.tree.skip()?,
            }
        }
        Ok((process, root_hash, ignore))
    }

    fn entries(&mut self, entries: &mut Vec<Entry>) -> Result<(), ParseManifestError> {
        while let Some(element) = self.child()? {
            match element.name.as_str() {
                "hash" => entries.push(Entry::File(self.file()?)),
                "directoryhash" => entries.push(Entry::Folder(self.folder()?)),
                _ => self.tree.skip()?,
            }
        }
        Ok(())
    }

    fn path(&mut self) -> Result<RelPath, ParseManifestError> {
        let text = self.tree.text()?;
        let path =
            RelPath::new(&text).map_err(|source| ParseManifestError::Path { text: text.chars().take(300).collect(), source })?;
        if let Some((known, _)) = self.known.paths.get_key_value(&path) {
            return Ok(known.clone());
        }
        self.known.paths.insert(path.clone(), 0);
        Ok(path)
    }

    /// The path of an entry, which it has once.
    fn own_path(&mut self, before: Option<&RelPath>) -> Result<RelPath, ParseManifestError> {
        let path = self.path()?;
        match before {
            Some(first) => Err(ParseManifestError::TwoPaths { first: first.clone(), second: path }),
            None => match self.known.paths.insert(path.clone(), self.known.document) {
                Some(document) if document == self.known.document => Err(ParseManifestError::DuplicatePath(path)),
                _ => Ok(path),
            },
        }
    }

    fn metadata(&mut self) -> Result<Metadata, ParseManifestError> {
        Ok(Metadata(self.tree.raw(NAMESPACE)?.into_boxed_str()))
    }

    fn file(&mut self) -> Result<FileEntry, ParseManifestError> {
        let mut path = None;
        let (mut size_bytes, mut created, mut modified, mut previous_path) = (None, None, None, None);
        let mut metadata = None;
        let mut hashes: Vec<(HashEntry, Option<String>)> = Vec::new();
        let mut unknown = Vec::new();
        while let Some(element) = self.child()? {
            match element.name.as_str() {
                "path" => {
                    if let Some(text) = element.attribute("size") {
                        size_bytes = text.trim().parse().ok();
                        if size_bytes.is_none() {
                            self.warnings
                                .push(ManifestWarning::Unreadable { what: "size", text: text.chars().take(60).collect() });
                        }
                    }
                    created = self.date("creationdate", element.attribute("creationdate"));
                    modified = self.date("lastmodificationdate", element.attribute("lastmodificationdate"));
                    path = Some(self.own_path(path.as_ref())?);
                }
                "previousPath" => previous_path = Some(self.path()?),
                "metadata" => metadata = Some(self.metadata()?),
                name => match format_of(name) {
                    Some(format) => {
                        let known = path.as_ref().map_or("", RelPath::as_str).to_owned();
                        let found = self.digest(&element, format, &known)?;
                        if hashes.iter().any(|(known, _)| known.value.format() == format) {
                            return Err(ParseManifestError::DuplicateFormat { path: known, format });
                        }
                        hashes.push(found);
                    }
                    None => {
                        unknown.push(element.name.clone());
                        self.tree.skip()?;
                    }
                },
            }
        }
        let path = path.ok_or(ParseManifestError::NoPath)?;
        for element in unknown {
            self.warnings
                .push(ManifestWarning::UnknownFormat { path: path.clone(), element: element.chars().take(60).collect() });
        }
        if hashes.is_empty() {
            self.warnings.push(ManifestWarning::NoHash(path.clone()));
        }
        for (hash, unknown_action) in &hashes {
            if let Some(action) = unknown_action {
                self.warnings
                    .push(ManifestWarning::UnknownAction { path: path.clone(), action: action.chars().take(60).collect() });
            } else if hash.action.is_none() {
                self.warnings.push(ManifestWarning::NoAction(path.clone()));
            }
        }
        let mut hashes: Vec<HashEntry> = hashes.into_iter().map(|(hash, _)| hash).collect();
        hashes.sort_by_key(|hash| hash.value.format());
        hashes.shrink_to_fit();
        Ok(FileEntry { path, size_bytes, created, modified, hashes, previous_path, metadata })
    }

    fn folder(&mut self) -> Result<FolderEntry, ParseManifestError> {
        let mut path = None;
        let (mut created, mut modified, mut previous_path, mut metadata) = (None, None, None, None);
        let (mut content, mut structure) = (Vec::new(), Vec::new());
        while let Some(element) = self.child()? {
            let known = path.as_ref().map_or("", RelPath::as_str).to_owned();
            match element.name.as_str() {
                "path" => {
                    created = self.date("creationdate", element.attribute("creationdate"));
                    modified = self.date("lastmodificationdate", element.attribute("lastmodificationdate"));
                    path = Some(self.own_path(path.as_ref())?);
                }
                "metadata" => metadata = Some(self.metadata()?),
                "content" => content = self.digests(&known)?,
                "structure" => structure = self.digests(&known)?,
                "previousPath" => previous_path = Some(self.path()?),
                _ => self.tree.skip()?,
            }
        }
        let path = path.ok_or(ParseManifestError::NoPath)?;
        Ok(FolderEntry { path, created, modified, content, structure, previous_path, metadata })
    }

    fn digests(&mut self, path: &str) -> Result<Vec<HashEntry>, ParseManifestError> {
        let mut hashes: Vec<HashEntry> = Vec::new();
        while let Some(element) = self.child()? {
            let Some(format) = format_of(&element.name) else {
                self.tree.skip()?;
                continue;
            };
            if hashes.iter().any(|known| known.value.format() == format) {
                return Err(ParseManifestError::DuplicateFormat { path: path.to_owned(), format });
            }
            let (hash, _) = self.digest(&element, format, path)?;
            hashes.push(hash);
        }
        hashes.sort_by_key(|hash| hash.value.format());
        hashes.shrink_to_fit();
        Ok(hashes)
    }

    /// A digest; the second value is an action that is none of the three. It makes the hash untrusted, as a failed one.
    fn digest(
        &mut self,
        element: &Element,
        format: HashFormat,
        path: &str,
    ) -> Result<(HashEntry, Option<String>), ParseManifestError> {
        let word = element.attribute("action");
        let action = word.map(|word| Action::from_word(word).unwrap_or(Action::Failed));
        let unknown = word.filter(|word| Action::from_word(word).is_none()).map(str::to_owned);
        let hashed_at = self.date("hashdate", element.attribute("hashdate"));
        let text = self.tree.text()?;
        let value =
            HashValue::parse(format, &text).map_err(|source| ParseManifestError::Digest { path: path.to_owned(), source })?;
        Ok((HashEntry { value, action, hashed_at }, unknown))
    }

    fn references(&mut self, references: &mut Vec<ManifestReference>) -> Result<(), ParseManifestError> {
        while let Some(element) = self.child()? {
            if element.name != "hashlistreference" {
                self.tree.skip()?;
                continue;
            }
            let (mut path, mut c4) = (None, None);
            while let Some(part) = self.child()? {
                match part.name.as_str() {
                    "path" => path = Some(self.path()?),
                    "c4" => c4 = Some(self.digest(&part, HashFormat::C4, "a referenced manifest")?.0.value),
                    _ => self.tree.skip()?,
                }
            }
            match (path, c4) {
                (Some(path), Some(c4)) => references.push(ManifestReference { path, c4 }),
                _ => return Err(ParseManifestError::NoPath),
            }
        }
        Ok(())
    }
}

/// Element names are exact: `MD5` is no format.
fn format_of(name: &str) -> Option<HashFormat> {
    HashFormat::ALL.into_iter().find(|format| format.name() == name)
}

/// `xs:dateTime`; one without offset is taken as UTC.
pub(crate) fn read_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    text.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
}
