//! Owns the bridge from a read-only source to the camera crate, and the inspection of any folder without storing anything.

use checkgate_camera::{CardEntry, CardFiles, ReadSeek};
use checkgate_model::{CardRecognition, ClipRecord, ErrorCode, Finding, Mapping, Problem, RelPath, Severity};
use checkgate_volume::{Listing, Source, SourceFile};
use std::path::Path;

/// A listed source as the camera crate wants to see it.
pub(crate) struct CardSource {
    source: Source,
    listing: Listing,
    entries: Vec<CardEntry>,
    label: Option<String>,
}

impl CardSource {
    /// Opens and lists `root`.
    pub(crate) fn open(root: &Path) -> Result<Self, Problem> {
        let source = Source::open(root).map_err(|error| Problem::from_error(error.code(), &error))?;
        let listing = source.walk().map_err(|error| Problem::from_error(error.code(), &error))?;
        Ok(Self::of(source, listing, root))
    }

    /// One file as if it lay alone on a card.
    fn open_file(file: &Path) -> Result<Self, Problem> {
        let bad_name = || Problem::new(ErrorCode::BadRequest, format!("{} has no name that can be read", file.display()));
        let name = file.file_name().and_then(|name| name.to_str()).ok_or_else(bad_name)?;
        let path = RelPath::new(name).map_err(|_| bad_name())?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let source = Source::open(folder).map_err(|error| Problem::from_error(error.code(), &error))?;
        let reader = source.open_file(&path).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
        let found = SourceFile { path, size_bytes: reader.size_bytes(), modified: reader.modified() };
        drop(reader);
        let listing = Listing { files: vec![found], ..Listing::default() };
        // The folder it lies in is no roll that anything named.
        Ok(Self { label: None, ..Self::of(source, listing, folder) })
    }

    fn of(source: Source, listing: Listing, root: &Path) -> Self {
        let entries =
            listing.files.iter().map(|file| CardEntry { path: file.path.clone(), size_bytes: file.size_bytes }).collect();
        let volume = source.volume();
        let label = if volume.mount_point == source.root() && !volume.label.is_empty() {
            Some(volume.label.clone())
        } else {
            root.file_name().map(|name| name.to_string_lossy().into_owned())
        };
        Self { source, listing, entries, label }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Recognises the card and adds what only the file system could tell.
    pub(crate) fn recognise(&self) -> CardRecognition {
        let mut recognition = checkgate_camera::recognise(self);
        for skipped in &self.listing.skipped {
            recognition.findings.push(Finding::new(
                "card.skipped",
                Severity::Warning,
                format!("{} is not a regular file ({}) and is not copied", skipped.path, skipped.reason),
                "Cameras do not write such entries. Check where the card comes from, and copy it by hand if it matters.",
            ));
        }
        for unreadable in &self.listing.unreadable {
            recognition.findings.push(Finding::new(
                "card.unreadable",
                Severity::Error,
                format!("{} cannot be listed: {}", unreadable.path, unreadable.error),
                "Do not format the card. Try another reader or cable, then inspect it again.",
            ));
        }
        recognition
    }
}

impl CardFiles for CardSource {
    fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    fn entries(&self) -> &[CardEntry] {
        &self.entries
    }

    fn empty_folders(&self) -> &[RelPath] {
        &self.listing.empty_folders
    }

    fn open(&self, path: &RelPath) -> std::io::Result<Box<dyn ReadSeek + '_>> {
        match self.source.open_file(path) {
            Ok(reader) => Ok(Box::new(reader)),
            Err(error) => Err(std::io::Error::other(error)),
        }
    }
}

/// Findings about files that should lie beside a file.
const ABOUT_OTHER_FILES: &[&str] = &[
    "index.",
    "card.folder_missing",
    "clip.audio_missing",
    "clip.continues_elsewhere",
    "clip.essence_missing",
    "clip.half_",
    "clip.segment_missing",
    "clip.sidecar_missing",
    "clip.span_gap",
    "sound.set_incomplete",
    "sequence.gap",
];

/// Recognises and describes the card, roll or single file at `root`; stores nothing, writes nothing. One record for every clip, in
/// their order, then those of clips of which only metadata is there. `mappings` is what people said about cameras.
pub fn inspect(root: &Path, mappings: &[Mapping]) -> Result<(CardRecognition, Vec<ClipRecord>), Problem> {
    let card = if root.is_file() { CardSource::open_file(root)? } else { CardSource::open(root)? };
    if card.entries.is_empty() {
        return Err(Problem::new(ErrorCode::SourceEmpty, format!("there are no files below {}", root.display())));
    }
    let mut recognition = card.recognise();
    if root.is_file() {
        // One file was asked for: what lies beside it, and is therefore not seen, is not missing.
        recognition.findings.retain(|finding| !ABOUT_OTHER_FILES.iter().any(|code| finding.code.starts_with(code)));
    }
    let mut records = crate::mapped::told(mappings, checkgate_camera::describe_all(&card, &recognition));
    let more = crate::rules_check::house_findings(&recognition, &records);
    recognition.findings.extend(more);
    recognition.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    records.extend(crate::mapped::told(mappings, checkgate_camera::describe_without_media(&card, &recognition)));
    Ok((recognition, records))
}
