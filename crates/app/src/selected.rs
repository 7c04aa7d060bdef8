//! Owns which clips a path means: all of a card or roll, or the one a file belongs to; with their records, without stored state.

use crate::card_source::CardSource;
use checkgate_model::{CardRecognition, Clip, ClipRecord, ErrorCode, Mapping, Problem, RelPath};
use checkgate_volume::place;
use std::path::{Path, PathBuf};

pub(crate) struct Selected {
    pub(crate) root: PathBuf,
    pub(crate) recognition: CardRecognition,
    records: Vec<ClipRecord>,
    only: Option<RelPath>,
}

impl Selected {
    /// Fails where there is no clip.
    pub(crate) fn open(path: &Path, mappings: &[Mapping]) -> Result<Self, Problem> {
        let path = place::canonical(path)
            .map_err(|error| Problem::new(ErrorCode::NotFound, format!("there is no {}: {error}", path.display())))?;
        let (root, only) = if path.is_dir() {
            (path.clone(), None)
        } else {
            (path.parent().map_or_else(|| path.clone(), Path::to_path_buf), path.file_name())
        };
        let only = only
            .and_then(|name| name.to_str())
            .map(RelPath::new)
            .transpose()
            .map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
        let card = CardSource::open(&root)?;
        let recognition = card.recognise();
        let records = crate::mapped::told(mappings, checkgate_camera::describe_all(&card, &recognition));
        let selected = Self { root, recognition, records, only };
        if selected.clips().next().is_none() {
            return Err(Problem::new(ErrorCode::NotFound, format!("no clip was found in {}", path.display())));
        }
        Ok(selected)
    }

    pub(crate) fn clips(&self) -> impl Iterator<Item = (&Clip, &ClipRecord)> {
        let only = self.only.as_ref();
        let wanted = move |clip: &Clip| only.is_none_or(|only| clip.files.iter().any(|file| file.path == *only));
        self.recognition.clips.iter().zip(&self.records).filter(move |(clip, _)| wanted(clip))
    }

    /// The only clip; an error where the path means several.
    pub(crate) fn one(&self) -> Result<(&Clip, &ClipRecord), Problem> {
        let mut clips = self.clips();
        match (clips.next(), clips.next()) {
            (Some(clip), None) => Ok(clip),
            _ => Err(Problem::new(ErrorCode::BadRequest, "this needs one clip; name one of its files")),
        }
    }

    /// Reel, or the folder's name.
    pub(crate) fn title(&self) -> String {
        let folder = || self.root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        self.recognition.reel.clone().unwrap_or_else(folder)
    }
}
