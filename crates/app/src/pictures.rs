//! Owns the pictures kept for the page: small JPEGs made when a card is described, larger ones made when somebody looks.

use crate::describe::{PictureSetup, picture_of};
use crate::{App, not_found, state_problem};
use checkgate_model::{Clip, ClipRecord, ErrorCode, Problem};
use checkgate_preview::{Picture, Seek, SheetCell, contact_sheet};
use checkgate_volume::files;
use std::path::Path;

const JPEG_QUALITY: u8 = 90;
const MOST_PICTURE_BYTES: u64 = 64 * 1024 * 1024;

/// Size class of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureSize {
    /// For rows and grids.
    Small,
    /// For looking at one clip.
    Large,
}

impl PictureSize {
    /// From its word in a picture URL.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "small" => Some(Self::Small),
            "large" => Some(Self::Large),
            _ => None,
        }
    }

    pub(crate) const fn width(self) -> usize {
        match self {
            Self::Small => 480,
            Self::Large => 1600,
        }
    }

    /// A thumbnail does not wait for a whole group of pictures.
    pub(crate) const fn seek(self) -> Seek {
        match self {
            Self::Small => Seek::Keyframe,
            Self::Large => Seek::Exact,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}

fn media_problem(error: &checkgate_preview::PreviewError) -> Problem {
    Problem::from_error(error.code(), error)
}

fn file_problem(error: &files::FileError) -> Problem {
    Problem::from_error(error.code(), error)
}

/// Renders the small picture of a clip and keeps it; `None` for a clip without picture.
pub(crate) fn render_clip(
    app: &App,
    folder: &Path,
    root: &Path,
    index: u32,
    clip: &Clip,
    record: &ClipRecord,
) -> Result<Option<Picture>, Problem> {
    render(app, folder, root, index, clip, record, PictureSize::Small)
}

fn render(
    app: &App,
    folder: &Path,
    root: &Path,
    index: u32,
    clip: &Clip,
    record: &ClipRecord,
    size: PictureSize,
) -> Result<Option<Picture>, Problem> {
    let engine = app.color()?;
    let decoder = app.decoder().ok();
    let setup =
        PictureSetup { overrides: app.home().input_overrides()?, plugins: app.home().plugins(), ..PictureSetup::default() };
    let made = picture_of(decoder.as_ref(), engine, root, clip, record, &setup, size);
    let Some(made) = made else { return Ok(None) };
    let picture = made.map_err(|error| media_problem(&error))?;
    let jpeg = picture.to_jpeg(JPEG_QUALITY).map_err(|error| media_problem(&error))?;
    files::create_folder_all(folder).map_err(|error| file_problem(&error))?;
    files::write_atomic(&folder.join(format!("{index}-{}.jpg", size.word())), &jpeg).map_err(|error| file_problem(&error))?;
    Ok(Some(picture))
}

/// Writes the contact sheet; false where there is nothing to show.
pub(crate) fn write_sheet(
    folder: &Path,
    cells: &[(Result<Picture, String>, Vec<String>)],
    title: &str,
    subtitle: &str,
) -> Result<bool, Problem> {
    if cells.is_empty() {
        return Ok(false);
    }
    let cells: Vec<SheetCell<'_>> = cells
        .iter()
        .map(|(picture, lines)| SheetCell { picture: picture.as_ref().map_err(Clone::clone), lines: lines.clone() })
        .collect();
    let sheet = contact_sheet(&cells, title, subtitle).to_jpeg(JPEG_QUALITY).map_err(|error| media_problem(&error))?;
    files::create_folder_all(folder).map_err(|error| file_problem(&error))?;
    files::write_atomic(&folder.join("sheet.jpg"), &sheet).map_err(|error| file_problem(&error))?;
    Ok(true)
}

/// A kept picture; a large one is made from a copy, or from the card, when it is asked for the first time.
pub(crate) async fn read(app: &App, card: &str, index: u32, size: PictureSize) -> Result<Vec<u8>, Problem> {
    let row = app.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
    let folder = app.home().pictures().join(&row.id);
    let path = folder.join(format!("{index}-{}.jpg", size.word()));
    if let Some(kept) = kept(&path)? {
        return Ok(kept);
    }
    let clip = row.recognition.clips.get(index as usize).cloned().ok_or_else(|| not_found("clip", &index.to_string()))?;
    let clips = app.catalog().clips_of(card).await.map_err(state_problem)?;
    let record = clips.into_iter().find(|clip| clip.position == index).and_then(|clip| clip.record);
    let record = record.ok_or_else(|| Problem::new(ErrorCode::NotFound, "this clip is not described yet"))?;
    let root = app.readable_root(card).await?;
    let owner = app.clone();
    tokio::task::spawn_blocking(move || render(&owner, &folder, &root, index, &clip, &record, size))
        .await
        .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))??;
    kept(&path)?.ok_or_else(|| not_found("picture of clip", &index.to_string()))
}

pub(crate) async fn read_sheet(app: &App, card: &str) -> Result<Vec<u8>, Problem> {
    let row = app.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
    kept(&app.home().pictures().join(&row.id).join("sheet.jpg"))?.ok_or_else(|| not_found("contact sheet of card", card))
}

fn kept(path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    match files::read_bounded(path, MOST_PICTURE_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(file_problem(&error)),
    }
}
