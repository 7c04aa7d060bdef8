//! Owns contact sheets on demand: one, three or more frames of each clip, words by a preset, as PNG, JPEG or PDF. No stored state.

use crate::clock;
use crate::describe::{PictureSetup, still_request};
use crate::framing::{Framing, FramingOptions};
use crate::selected::Selected;
use crate::stills::{engine, media_problem, occupied, shown, timecode_of, write};
use checkgate_color::InputChoice;
use checkgate_model::{Clip, ClipKind, ClipRecord, ErrorCode, Problem};
use checkgate_preview::{
    Ffmpeg, FramePick, Picture, PreviewError, SheetCell, SheetPreset, StillRequest, burn, contact_sheet_of, fill, still, strip,
};
use checkgate_report::{JpegPicture, PictureClip, PictureSheet};
use checkgate_volume::files;
use serde::Serialize;
use std::path::{Path, PathBuf};

const JPEG_QUALITY: u8 = 90;
const MOST_PRESET_BYTES: u64 = 1 << 20;

/// What a contact sheet shows.
#[derive(Debug, Clone, Default)]
pub struct SheetOptions {
    /// Name of a preset that comes along, or a TOML file; `plain` without.
    pub preset: Option<String>,
    /// Frames of each clip, against the preset.
    pub frames: Option<usize>,
    /// Input colour space against what the metadata says.
    pub input: Option<String>,
    /// Squeeze, framelines, crop, flip.
    pub framing: FramingOptions,
    /// What a person set up.
    pub setup: PictureSetup,
}

/// Frames of a clip, or why there are none, and the lines under them.
type Cell = (Result<Vec<Picture>, String>, Vec<String>);

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct MadeSheet {
    /// File.
    pub path: PathBuf,
    /// Clips with pictures.
    pub clips: usize,
    /// Clips that keep their place without one, and why.
    pub without: Vec<(String, String)>,
    /// What is to be said about framing.
    pub notes: Vec<String>,
}

fn preset(options: &SheetOptions) -> Result<SheetPreset, Problem> {
    let name = options.preset.as_deref().unwrap_or("plain");
    let mut preset = match SheetPreset::named(name) {
        Some(preset) => preset,
        None if name.ends_with(".toml") => {
            let bytes = files::read_bounded(Path::new(name), MOST_PRESET_BYTES)
                .map_err(|error| Problem::from_error(error.code(), &error))?;
            SheetPreset::parse(&String::from_utf8_lossy(&bytes))
                .map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?
        }
        None => {
            let known = SheetPreset::names().collect::<Vec<_>>().join(", ");
            let words = format!("there is no sheet preset {name:?}; {known}, or a .toml file");
            return Err(Problem::new(ErrorCode::BadRequest, words));
        }
    };
    if let Some(frames) = options.frames {
        if !(1..=checkgate_preview::MOST_FRAMES).contains(&frames) {
            return Err(Problem::new(ErrorCode::BadRequest, "a sheet shows 1 to 12 frames of a clip"));
        }
        preset.frames = frames;
    }
    Ok(preset)
}

/// Frame numbers of `count` frames of a clip, evenly and never the very ends, where slates and hands are.
fn picks(count: usize, frames: u64) -> Vec<u64> {
    let frames = frames.max(1);
    let at = |number: usize| (frames as f64 * (number as f64 + 0.5) / count as f64) as u64;
    (0..count).map(|number| at(number).min(frames - 1)).collect()
}

/// Writes a contact sheet of the clips of `path` to `out` (.png, .jpg or .pdf), which must not be there yet.
pub fn make_sheet(path: &Path, out: &Path, options: &SheetOptions) -> Result<MadeSheet, Problem> {
    let kind = out.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    if !matches!(kind.as_str(), "png" | "jpg" | "jpeg" | "pdf") {
        return Err(Problem::new(ErrorCode::BadRequest, "a contact sheet is written as .png, .jpg or .pdf"));
    }
    occupied(out)?;
    let preset = preset(options)?;
    let selected = Selected::open(path, &options.setup.mappings)?;
    let framing = Framing::read(&options.framing)?;
    let decoder = Ffmpeg::find().ok();
    let mut notes = Vec::new();
    let mut cells: Vec<Cell> = Vec::new();
    for (clip, record) in selected.clips() {
        let (geometry, said) = framing.of(clip, record);
        notes.extend(said);
        let request = still_request(&selected.root, clip, record, &options.setup).filter(|_| clip.kind != ClipKind::Sound).map(
            |mut request| {
                if let Some(space) = &options.input {
                    request.input = InputChoice::explicit(space);
                }
                request.geometry = geometry;
                request.max_width = Some(if preset.frames == 1 { 480 } else { 320 });
                request
            },
        );
        let frames = match request {
            Some(request) => frames_of(decoder.as_ref(), &request, clip, record, &preset)?,
            None => Err("sound, no picture".to_owned()),
        };
        let colour =
            frames.as_ref().ok().and_then(|frames| frames.first()).map_or_else(String::new, |picture| picture.provenance.line());
        let value = |field: &str| match field {
            "colour" => colour.clone(),
            "clip" => clip.name.clone(),
            other => shown(record, other),
        };
        let lines = preset.lines.iter().filter_map(|line| fill(line, &value)).collect();
        cells.push((frames, lines));
    }
    let without: Vec<(String, String)> = selected
        .clips()
        .zip(&cells)
        .filter_map(|((clip, _), (frames, _))| Some((clip.name.clone(), frames.as_ref().err()?.clone())))
        .collect();
    let title = selected.title();
    let subtitle = format!("{}, {} clips", selected.recognition.family_name, cells.len());
    let clips = cells.len() - without.len();
    let bytes = match kind.as_str() {
        "pdf" => on_paper(cells, title, subtitle)?,
        kind => on_screen(&cells, &title, &subtitle, preset.frames, kind == "png")?,
    };
    write(out, &bytes)?;
    Ok(MadeSheet { path: out.to_path_buf(), clips, without, notes })
}

/// The frames of one clip with their burn-ins, or why there are none.
fn frames_of(
    decoder: Option<&Ffmpeg>,
    request: &StillRequest,
    clip: &Clip,
    record: &ClipRecord,
    preset: &SheetPreset,
) -> Result<Result<Vec<Picture>, String>, Problem> {
    let take = |pick: FramePick| {
        still(decoder, engine()?, &StillRequest { frame: pick, ..request.clone() }).map_err(|error| media_problem(&error))
    };
    // The middle first: it says how long the clip is, and whether it can be read at all.
    let length = checkgate_preview::frame_count(decoder, &request.media);
    let mut pictures = Vec::new();
    for number in length.map_or_else(|_| vec![0], |frames| picks(preset.frames, frames)) {
        match take(FramePick::Index(number)) {
            Ok(picture) => pictures.push(picture),
            // A frame near a broken end; those before are shown.
            Err(_) if !pictures.is_empty() => break,
            Err(problem) => return Ok(Err(problem.summary)),
        }
    }
    for picture in &mut pictures {
        let frame = picture.provenance.frame;
        let colour = picture.provenance.line();
        let value = |field: &str| match field {
            "frame" => frame.to_string(),
            "timecode" => timecode_of(record, frame).map_or_else(String::new, |(code, _)| code.to_string()),
            "colour" => colour.clone(),
            "clip" => clip.name.clone(),
            other => shown(record, other),
        };
        let words: Vec<_> = preset.burn_in.iter().filter_map(|one| Some((one.place, fill(&one.text, &value)?))).collect();
        burn(picture, &words);
    }
    Ok(Ok(pictures))
}

fn on_screen(cells: &[Cell], title: &str, subtitle: &str, frames: usize, png: bool) -> Result<Vec<u8>, Problem> {
    let strips: Vec<Result<Picture, String>> = cells
        .iter()
        .map(|(pictures, _)| match pictures {
            Ok(pictures) => strip(pictures).ok_or_else(|| "no frames".to_owned()),
            Err(reason) => Err(reason.clone()),
        })
        .collect();
    let shown: Vec<SheetCell<'_>> = strips
        .iter()
        .zip(cells)
        .map(|(picture, (_, lines))| SheetCell { picture: picture.as_ref().map_err(Clone::clone), lines: lines.clone() })
        .collect();
    let sheet = contact_sheet_of(&shown, title, subtitle, frames);
    let bytes = if png { sheet.to_png16() } else { sheet.to_jpeg(JPEG_QUALITY) };
    bytes.map_err(|error: PreviewError| media_problem(&error))
}

fn on_paper(cells: Vec<Cell>, title: String, subtitle: String) -> Result<Vec<u8>, Problem> {
    let jpeg = |picture: &Picture| {
        let bytes = picture.to_jpeg(JPEG_QUALITY).map_err(|error| media_problem(&error))?;
        Ok::<_, Problem>(JpegPicture { width: picture.width as u32, height: picture.height as u32, bytes })
    };
    let clips = cells
        .into_iter()
        .map(|(frames, lines)| {
            let frames = match frames {
                Ok(frames) => Ok(frames.iter().map(jpeg).collect::<Result<Vec<_>, _>>()?),
                Err(reason) => Err(reason),
            };
            Ok(PictureClip { frames, lines })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let tool = format!("Checkgate {}", env!("CARGO_PKG_VERSION"));
    checkgate_report::picture_sheet(&PictureSheet { title, subtitle, tool, dated: clock::now(), clips })
        .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_picked_evenly_and_never_past_the_end() {
        assert_eq!(picks(1, 100), [50]);
        assert_eq!(picks(3, 240), [40, 120, 200]);
        assert_eq!(picks(3, 1), [0, 0, 0]);
        assert_eq!(picks(2, 0), [0, 0]);
        assert!(picks(12, 5).iter().all(|frame| *frame < 5));
    }
}
