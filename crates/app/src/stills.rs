//! Owns single pictures of a clip: stills (EXR in ACES2065-1, PNG, JPEG), scopes, and the comparison of two pictures. No stored state.

use crate::describe::{PictureSetup, still_request};
use crate::framing::{Framing, FramingOptions, number};
use crate::selected::Selected;
use checkgate_color::{Engine, InputChoice};
use checkgate_model::{Clip, ClipRecord, ErrorCode, FieldValue, Problem, Timecode};
use checkgate_preview::{
    CaptureFields, Comparison, ExrTimecode, Ffmpeg, FramePick, Picture, PreviewError, Provenance, Reading, StillRequest,
    aces_still, scopes, still,
};
use checkgate_volume::files;
use serde::Serialize;
use std::path::{Path, PathBuf};

const JPEG_QUALITY: u8 = 95;

/// Which frame of which clip, and how it is read.
#[derive(Debug, Clone, Default)]
pub struct StillOptions {
    /// Frame, from 0; the middle without.
    pub frame: Option<u64>,
    /// Input colour space against what the metadata says.
    pub input: Option<String>,
    /// Widest picture; as recorded without. Not for EXR.
    pub width: Option<usize>,
    /// Squeeze, framelines, crop, flip.
    pub framing: FramingOptions,
    /// What a person set up.
    pub setup: PictureSetup,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct MadePictures {
    /// Clip.
    pub clip: String,
    /// Files.
    pub files: Vec<PathBuf>,
    /// How they came about.
    pub provenance: Provenance,
    /// What is to be said about the framing.
    pub notes: Vec<String>,
}

pub(crate) fn engine() -> Result<&'static Engine, Problem> {
    Engine::shared().map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))
}

pub(crate) fn media_problem(error: &PreviewError) -> Problem {
    Problem::from_error(error.code(), error)
}

/// Writes one file whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    files::write_atomic(path, bytes).map_err(|error| Problem::from_error(error.code(), &error))
}

fn request(selected: &Selected, options: &StillOptions) -> Result<(Clip, ClipRecord, StillRequest, Vec<String>), Problem> {
    let (clip, record) = selected.one()?;
    let mut request = still_request(&selected.root, clip, record, &options.setup)
        .ok_or_else(|| Problem::new(ErrorCode::BadRequest, format!("{} has no picture", clip.name)))?;
    if let Some(space) = &options.input {
        request.input = InputChoice::explicit(space);
    }
    request.frame = options.frame.map_or(FramePick::Middle, FramePick::Index);
    request.max_width = options.width.map(|width| width.clamp(16, 16384));
    let (geometry, notes) = Framing::read(&options.framing)?.of(clip, record);
    request.geometry = geometry;
    Ok((clip.clone(), record.clone(), request, notes))
}

/// Writes one frame to `out`: `.exr` in ACES2065-1 (SMPTE ST 2065-4), `.png` or `.jpg` through the output transform. An existing
/// file is not overwritten.
pub fn make_still(path: &Path, out: &Path, options: &StillOptions) -> Result<MadePictures, Problem> {
    let kind = out.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    if !matches!(kind.as_str(), "exr" | "png" | "jpg" | "jpeg") {
        return Err(Problem::new(ErrorCode::BadRequest, "a still is written as .exr, .png or .jpg"));
    }
    occupied(out)?;
    let selected = Selected::open(path, &options.setup.mappings)?;
    let (clip, record, request, notes) = request(&selected, options)?;
    let decoder = Ffmpeg::find().ok();
    let (bytes, provenance) = if kind == "exr" {
        let made = aces_still(decoder.as_ref(), engine()?, &request).map_err(|error| media_problem(&error))?;
        (made.to_exr(&capture(&clip, &record, &made.provenance)), made.provenance)
    } else {
        let made = still(decoder.as_ref(), engine()?, &request).map_err(|error| media_problem(&error))?;
        let bytes = if kind == "png" { made.to_png16() } else { made.to_jpeg(JPEG_QUALITY) };
        (bytes.map_err(|error| media_problem(&error))?, made.provenance)
    };
    write(out, &bytes)?;
    Ok(MadePictures { clip: clip.name, files: vec![out.to_path_buf()], provenance, notes })
}

pub(crate) fn occupied(out: &Path) -> Result<(), Problem> {
    if files::exists(out) {
        return Err(Problem::new(ErrorCode::DestinationOccupied, format!("{} is there already", out.display())));
    }
    Ok(())
}

/// Timecode of frame `number` of a clip, where the record says start and rate.
pub(crate) fn timecode_of(record: &ClipRecord, number: u64) -> Option<(Timecode, checkgate_model::FrameRate)> {
    let rate = ["tc.rate", "rate.project"].iter().find_map(|field| checkgate_model::FrameRate::parse(&record.text(field)))?;
    let start = Timecode::parse(&record.text("tc.start"), rate.nominal()).ok()?;
    Some((start.offset(i64::try_from(number).ok()?), rate))
}

/// What ST 2065-4 has a name for.
fn capture(clip: &Clip, record: &ClipRecord, provenance: &Provenance) -> CaptureFields {
    let text = |field: &str| Some(record.text(field)).filter(|text| !text.is_empty());
    let value = |field: &str| number(record, field).map(|value| value as f32);
    let in_unit = |field: &str, unit: &str| {
        let known = record.fields.get(field).is_some_and(|field| field.unit == unit);
        value(field).filter(|_| known)
    };
    let timecode = timecode_of(record, provenance.frame);
    let rate = timecode.map(|(_, rate)| (rate.num, rate.den));
    CaptureFields {
        camera_make: text("camera.make"),
        camera_model: text("camera.model"),
        camera_serial: text("camera.serial"),
        camera_firmware: text("camera.firmware"),
        camera_label: text("camera.index"),
        lens_make: text("lens.make"),
        lens_model: text("lens.model"),
        lens_serial: text("lens.serial"),
        reel: text("reel.name"),
        captured: text("time.recorded_at").and_then(|time| exif_date(&time)),
        comments: Some(format!("{} frame {}: {}", clip.name, provenance.frame, provenance.read_as)),
        creator: Some(format!("Checkgate {}", env!("CARGO_PKG_VERSION"))),
        iso: value("exposure.index").or_else(|| value("exposure.iso")),
        exposure_secs: in_unit("exposure.time", "s"),
        aperture: value("lens.f_stop"),
        focal_length_mm: in_unit("lens.focal_length", "mm"),
        focus_m: in_unit("lens.focus_distance", "m"),
        rate,
        timecode: timecode.map(|(code, _)| {
            let (hours, minutes, seconds, frames) = code.label();
            ExrTimecode { hours, minutes, seconds, frames, drop: code.to_string().contains(';') }
        }),
    }
}

/// `2026-11-23T14:22:10Z` as `2026:11:23 14:22:10`.
fn exif_date(time: &str) -> Option<String> {
    let (date, clock) = (time.get(..10)?, time.get(11..19)?);
    let plain = date.bytes().chain(clock.bytes()).all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b':');
    plain.then(|| format!("{} {clock}", date.replace('-', ":")))
}

/// Writes waveform, parade, vectorscope, histogram, focus peaking and, where the input space is known, false colour into `out`.
/// Scopes show code values as recorded, so that clipping is seen where it happened.
pub fn make_scopes(path: &Path, out: &Path, options: &StillOptions) -> Result<MadePictures, Problem> {
    let selected = Selected::open(path, &options.setup.mappings)?;
    let (clip, _, request, notes) = request(&selected, options)?;
    let decoder = Ffmpeg::find().ok();
    let seen = checkgate_preview::measured(decoder.as_ref(), engine()?, &request).map_err(|error| media_problem(&error))?;
    let (rgb, width) = (&seen.code.rgb, seen.code.width);
    let mut made: Vec<(&str, Picture)> = vec![
        ("waveform", scopes::waveform(rgb, width)),
        ("parade", scopes::parade(rgb, width)),
        ("vectorscope", scopes::vectorscope(rgb)),
        ("histogram", scopes::Histogram::measure(rgb).draw()),
        ("peaking", scopes::peaking(rgb, width)),
    ];
    let mut notes = notes;
    match &seen.aces {
        Some(aces) => made.push(("false-colour", scopes::false_colour(aces, width))),
        None => notes.push(format!("no false colour: {}", seen.code.provenance.input_reason)),
    }
    files::create_folder_all(out).map_err(|error| Problem::from_error(error.code(), &error))?;
    let mut written = Vec::new();
    for (name, picture) in made {
        let file = out.join(format!("{name}.png"));
        write(&file, &picture.to_png16().map_err(|error| media_problem(&error))?)?;
        written.push(file);
    }
    Ok(MadePictures { clip: clip.name, files: written, provenance: seen.code.provenance, notes })
}

/// Compares two pictures by Delta E ITP (BT.2124) and writes the map of differences where one is asked for.
pub fn compare_pictures(a: &Path, b: &Path, map: Option<&Path>, reading: Reading<'_>) -> Result<Comparison, Problem> {
    if let Some(map) = map {
        occupied(map)?;
    }
    let decoder = Ffmpeg::find().ok();
    let found = checkgate_preview::compare(decoder.as_ref(), engine()?, a, b, reading).map_err(|error| media_problem(&error))?;
    if let Some(map) = map {
        write(map, &found.map().to_png16().map_err(|error| media_problem(&error))?)?;
    }
    Ok(found)
}

/// A field's value in a few words, for burn-ins.
pub(crate) fn shown(record: &ClipRecord, field: &str) -> String {
    match record.fields.get(field).and_then(|field| field.value.as_ref()) {
        Some(FieldValue::Rational(num, den)) if *den != 0 => {
            let text = format!("{:.3}", *num as f64 / *den as f64);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => record.text(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_those_of_the_container_and_others_are_left_out() {
        assert_eq!(exif_date("2026-11-23T14:22:10Z").as_deref(), Some("2026:11:23 14:22:10"));
        assert_eq!(
            (exif_date("yesterday"), exif_date("2026-11-23"), exif_date("2026-11-23 at noon o'clock")),
            (None, None, None)
        );
    }
}
