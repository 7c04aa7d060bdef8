//! Owns how clips are framed in pictures: squeeze and orientation from their records, framelines from a framing decision list.

use checkgate_interchange::RollClip;
use checkgate_interchange::fdl::{self, Fdl, FdlArea, MatchedBy};
use checkgate_model::{Clip, ClipRecord, ErrorCode, FieldValue, Problem};
use checkgate_preview::{Area, Desqueeze, Frameline, Geometry, Orientation};
use checkgate_volume::files;
use std::path::{Path, PathBuf};

const MOST_FDL_BYTES: u64 = 64 << 20;

/// What is asked for beyond the metadata.
#[derive(Debug, Clone, Default)]
pub struct FramingOptions {
    /// What to do about an anamorphic squeeze.
    pub desqueeze: Desqueeze,
    /// Framing decision list whose framelines are drawn.
    pub framelines: Option<PathBuf>,
    /// Show only what the framing decision with this intent or label frames; empty for the first.
    pub crop: Option<String>,
    /// Turn upside down.
    pub flip: bool,
    /// Exchange left and right.
    pub flop: bool,
}

/// The options with their list read.
pub(crate) struct Framing {
    options: FramingOptions,
    list: Option<Fdl>,
}

impl Framing {
    pub(crate) fn read(options: &FramingOptions) -> Result<Self, Problem> {
        if options.crop.is_some() && options.framelines.is_none() {
            return Err(Problem::new(ErrorCode::BadRequest, "a crop needs a framing decision list to crop by"));
        }
        let list = options.framelines.as_deref().map(read_list).transpose()?;
        Ok(Self { options: options.clone(), list })
    }

    /// How this clip is shown, and what is to be said about it.
    pub(crate) fn of(&self, clip: &Clip, record: &ClipRecord) -> (Geometry, Vec<String>) {
        let mut geometry = Geometry { desqueeze: self.options.desqueeze, ..of_record(clip, record) };
        for (asked, orientation) in [(self.options.flip, Orientation::FLIP), (self.options.flop, Orientation::FLOP)] {
            if asked {
                geometry.orientation = geometry.orientation.then(orientation);
            }
        }
        let mut notes = Vec::new();
        if let Some(list) = &self.list {
            self.frame(list, clip, record, &mut geometry, &mut notes);
        }
        (geometry, notes)
    }

    fn frame(&self, list: &Fdl, clip: &Clip, record: &ClipRecord, geometry: &mut Geometry, notes: &mut Vec<String>) {
        let matches = list.match_clips(&[RollClip { record, clip: Some(clip) }]);
        let Some(found) = matches.matches.first() else {
            notes.push(format!("{}: no canvas of the framing decision list fits, so there are no framelines", clip.name));
            return;
        };
        if matches.matches.len() > 1 {
            let names: Vec<&str> = matches.matches.iter().map(|found| found.canvas.as_str()).collect();
            notes.push(format!("{}: several canvases fit ({}); {} is drawn", clip.name, names.join(", "), found.canvas));
        }
        if found.by == MatchedBy::Raster {
            notes.push(format!("{}: canvas {} is matched by its raster alone", clip.name, found.canvas));
        }
        notes.extend(found.disagreements.iter().map(|words| format!("{}: {words}", clip.name)));
        let Some(framing) = list.framing(&found.canvas) else { return };
        notes
            .extend(framing.left_out.iter().map(|name| format!("{}: {name} lies outside of canvas {}", clip.name, found.canvas)));
        // The list's squeeze counts where the camera says none; where both speak and differ, the disagreement was told above.
        geometry.squeeze = geometry.squeeze.or(framing.squeeze);
        if let Some(wanted) = &self.options.crop {
            let decision = framing
                .decisions
                .iter()
                .find(|decision| wanted.is_empty() || decision.intent == *wanted || decision.label == *wanted);
            match decision {
                Some(decision) => geometry.crop = Some(area(decision.area)),
                None => notes.push(format!("{}: no framing decision {wanted:?}, so the picture is not cropped", clip.name)),
            }
        }
        for decision in &framing.decisions {
            let line = |label: String, at: FdlArea, protection| Frameline { label, area: area(at), protection };
            if let Some(protection) = decision.protection {
                geometry.framelines.push(line(format!("{} protection", decision.label), protection, true));
            }
            geometry.framelines.push(line(decision.label.clone(), decision.area, false));
        }
    }
}

fn area(area: FdlArea) -> Area {
    Area { x: area.x, y: area.y, width: area.width, height: area.height }
}

fn read_list(path: &Path) -> Result<Fdl, Problem> {
    let bytes = files::read_bounded(path, MOST_FDL_BYTES).map_err(|error| Problem::from_error(error.code(), &error))?;
    fdl::parse(&bytes).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))
}

/// Squeeze and orientation by the record alone. Cameras bake a flip into recordings that players show; in frames of raw or
/// uncompressed pictures it is a flag for the reader.
pub(crate) fn of_record(clip: &Clip, record: &ClipRecord) -> Geometry {
    let squeeze = number(record, "lens.squeeze");
    let flagged = clip.essence().is_some_and(|file| {
        let name = file.path.as_str().to_ascii_lowercase();
        [".dpx", ".ari"].iter().any(|extension| name.ends_with(extension))
    });
    let orientation = flagged.then(|| Orientation::from_words(&record.text("orientation.flip"))).flatten().unwrap_or_default();
    Geometry { squeeze, orientation, ..Geometry::default() }
}

/// A field as a number.
pub(crate) fn number(record: &ClipRecord, field: &str) -> Option<f64> {
    match record.fields.get(field)?.value.as_ref()? {
        FieldValue::Float(value) => Some(*value),
        FieldValue::Int(value) => Some(*value as f64),
        FieldValue::Rational(num, den) if *den != 0 => Some(*num as f64 / *den as f64),
        _ => None,
    }
}
