//! Owns previews of any card, roll or file, without stored state: what `checkgate preview` does.

use crate::describe::{PictureSetup, still_request};
use crate::framing::{Framing, FramingOptions};
use crate::selected::Selected;
use checkgate_color::{Aces, Engine, InputChoice, OutputView};
use checkgate_model::{Clip, ClipKind, ClipRecord, ErrorCode, Problem};
use checkgate_preview::{Ffmpeg, Picture, SheetCell, contact_sheet, still};
use checkgate_volume::files;
use serde::Serialize;
use std::path::{Path, PathBuf};

const JPEG_QUALITY: u8 = 92;
const SHEET_WIDTH: usize = 480;

/// How to render.
#[derive(Debug, Clone)]
pub struct PreviewOptions {
    /// Input colour space against what the metadata says.
    pub input: Option<String>,
    /// ACES version of the output.
    pub aces: Aces,
    /// Widest picture.
    pub width: usize,
    /// 16-bit PNG instead of JPEG.
    pub png: bool,
    /// What a person set up.
    pub setup: PictureSetup,
    /// Squeeze, framelines, crop, flip.
    pub framing: FramingOptions,
}

/// One rendered clip, or why there is none.
#[derive(Debug, Clone, Serialize)]
pub struct RenderedClip {
    /// Clip.
    pub clip: String,
    /// File that was written.
    pub path: Option<PathBuf>,
    /// Input space, view and engine, or what went wrong.
    pub words: String,
    /// Whether the picture went through an ACES output transform.
    pub colour_managed: bool,
    /// What is to be said about its framing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What went wrong.
    pub problem: Option<Problem>,
}

/// Renders every clip below `path`, or the clip a single file belongs to, into `out`; says each clip to `said` when it is done.
pub fn preview_folder(
    path: &Path,
    out: &Path,
    options: &PreviewOptions,
    said: &mut dyn FnMut(&RenderedClip),
) -> Result<Vec<RenderedClip>, Problem> {
    let selected = Selected::open(path, &options.setup.mappings)?;
    let (root, recognition) = (&selected.root, &selected.recognition);
    files::create_folder_all(out).map_err(|error| Problem::from_error(error.code(), &error))?;
    let engine = Engine::shared().map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let decoder = Ffmpeg::find().ok();
    let framing = Framing::read(&options.framing)?;
    let mut rendered = Vec::new();
    let mut cells: Vec<(Result<Picture, String>, Vec<String>)> = Vec::new();
    for (clip, record) in selected.clips() {
        let lines = vec![clip.name.clone(), record.text("tc.start")];
        let done = match render(root, out, (clip, record), options, &framing, engine, decoder.as_ref()) {
            Ok(Some((file, picture, notes))) => {
                let words = picture.provenance.line();
                let colour_managed = picture.provenance.colour_managed;
                cells.push((Ok(picture), [lines, vec![words.clone()]].concat()));
                RenderedClip { clip: clip.name.clone(), path: Some(file), words, colour_managed, notes, problem: None }
            }
            Ok(None) => RenderedClip {
                clip: clip.name.clone(),
                path: None,
                words: "sound, no picture".to_owned(),
                colour_managed: false,
                notes: Vec::new(),
                problem: None,
            },
            Err(problem) => {
                cells.push((Err(problem.summary.clone()), lines));
                let words = problem.summary.clone();
                RenderedClip {
                    clip: clip.name.clone(),
                    path: None,
                    words,
                    colour_managed: false,
                    notes: Vec::new(),
                    problem: Some(problem),
                }
            }
        };
        said(&done);
        rendered.push(done);
    }
    if cells.len() > 1 {
        let small: Vec<SheetCell<'_>> = cells
            .iter()
            .map(|(picture, lines)| SheetCell { picture: picture.as_ref().map_err(Clone::clone), lines: lines.clone() })
            .collect();
        let title = selected.title();
        let sheet = contact_sheet(&small, &title, &recognition.family_name);
        let bytes = sheet.to_jpeg(JPEG_QUALITY).map_err(|error| Problem::from_error(error.code(), &error))?;
        files::write_atomic(&out.join("contact-sheet.jpg"), &bytes).map_err(|error| Problem::from_error(error.code(), &error))?;
    }
    Ok(rendered)
}

fn render(
    root: &Path,
    out: &Path,
    (clip, record): (&Clip, &ClipRecord),
    options: &PreviewOptions,
    framing: &Framing,
    engine: &Engine,
    decoder: Option<&Ffmpeg>,
) -> Result<Option<(PathBuf, Picture, Vec<String>)>, Problem> {
    if clip.kind == ClipKind::Sound {
        return Ok(None);
    }
    let Some(mut request) = still_request(root, clip, record, &options.setup) else { return Ok(None) };
    let (geometry, notes) = framing.of(clip, record);
    request.geometry = geometry;
    if let Some(space) = &options.input {
        request.input = InputChoice::explicit(space);
    }
    request.output = match options.aces {
        Aces::V2_0 => OutputView::rec709_sdr(),
        Aces::V1_3 => OutputView::rec709_sdr_aces13(),
    };
    request.max_width = Some(options.width.clamp(16, 16384));
    let picture = still(decoder, engine, &request).map_err(|error| Problem::from_error(error.code(), &error))?;
    let bytes = if options.png { picture.to_png16() } else { picture.to_jpeg(JPEG_QUALITY) };
    let bytes = bytes.map_err(|error| Problem::from_error(error.code(), &error))?;
    let name: String = clip.name.chars().map(|c| if "/\\:*?\"<>|".contains(c) || c.is_control() { '_' } else { c }).collect();
    let file = out.join(format!("{name}.{}", if options.png { "png" } else { "jpg" }));
    files::write_atomic(&file, &bytes).map_err(|error| Problem::from_error(error.code(), &error))?;
    let small = if picture.width > SHEET_WIDTH {
        request.max_width = Some(SHEET_WIDTH);
        still(decoder, engine, &request).map_err(|error| Problem::from_error(error.code(), &error))?
    } else {
        picture
    };
    Ok(Some((file, small, notes)))
}
