//! Owns stills in the ACES image container (SMPTE ST 2065-4): ACES2065-1 as uncompressed half floats in OpenEXR scan lines, with
//! exactly the attributes the standard asks for and those it names for capture. Must never write a picture whose input colour space
//! is not known.

use crate::error::PreviewError;
use crate::ffmpeg::Ffmpeg;
use crate::geometry::Orientation;
use crate::picture::Provenance;
use crate::still::{StillRequest, effective_input, original};
use checkgate_color::{ColorEngine, InputChoice, Recipe, apply_parallel};
use exr::prelude::f16;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// CIE xy of the AP0 primaries and white (SMPTE ST 2065-1).
const AP0: [f32; 8] = [0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767];

/// The space of the container.
const SPACE: &str = "ACES2065-1";

/// Largest half that is finite.
const LARGEST: f32 = 65504.0;

/// Longest text of an attribute.
const MOST_TEXT: usize = 4096;

/// Timecode as OpenEXR packs it (SMPTE ST 12-1, 60-field television).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExrTimecode {
    /// Hours, 0 to 23.
    pub hours: u32,
    /// Minutes.
    pub minutes: u32,
    /// Seconds.
    pub seconds: u32,
    /// Frames.
    pub frames: u32,
    /// Drop frame.
    pub drop: bool,
}

impl ExrTimecode {
    /// Above 30 frames a second the word counts frame pairs and its field mark tells the second of a pair (ST 12-1, 12.1).
    fn packed(self, nominal: u32) -> u32 {
        let bcd = |value: u32| ((value / 10 % 10) << 4) | (value % 10);
        let (frames, second) = if nominal > 30 { (self.frames / 2, self.frames % 2) } else { (self.frames, 0) };
        (bcd(frames) & 0x3f)
            | (u32::from(self.drop) << 6)
            | ((bcd(self.seconds) & 0x7f) << 8)
            | (second << 15)
            | ((bcd(self.minutes) & 0x7f) << 16)
            | ((bcd(self.hours) & 0x3f) << 24)
    }
}

/// What is known about the capture; every field is written under the name that ST 2065-4 gives it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaptureFields {
    /// `cameraMake`.
    pub camera_make: Option<String>,
    /// `cameraModel`.
    pub camera_model: Option<String>,
    /// `cameraSerialNumber`.
    pub camera_serial: Option<String>,
    /// `cameraFirmwareVersion`.
    pub camera_firmware: Option<String>,
    /// `cameraLabel`.
    pub camera_label: Option<String>,
    /// `lensMake`.
    pub lens_make: Option<String>,
    /// `lensModel`.
    pub lens_model: Option<String>,
    /// `lensSerialNumber`.
    pub lens_serial: Option<String>,
    /// `reelName`.
    pub reel: Option<String>,
    /// `capDate`, `YYYY:MM:DD hh:mm:ss`.
    pub captured: Option<String>,
    /// `comments`.
    pub comments: Option<String>,
    /// `creator`.
    pub creator: Option<String>,
    /// `isoSpeed`.
    pub iso: Option<f32>,
    /// `expTime` in seconds.
    pub exposure_secs: Option<f32>,
    /// `aperture`, f-number.
    pub aperture: Option<f32>,
    /// `focalLength` in millimetres.
    pub focal_length_mm: Option<f32>,
    /// `focus` in metres.
    pub focus_m: Option<f32>,
    /// `framesPerSecond`.
    pub rate: Option<(u32, u32)>,
    /// `timeCode` of this frame.
    pub timecode: Option<ExrTimecode>,
}

/// A still in ACES2065-1.
#[derive(Clone, PartialEq)]
pub struct AcesStill {
    /// Pixels across.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Width of a pixel over its height, when shown.
    pub pixel_aspect: f64,
    /// ACES2065-1, linear.
    pub rgb: Vec<[f32; 3]>,
    /// How it came about.
    pub provenance: Provenance,
}

impl std::fmt::Debug for AcesStill {
    /// Without the pixels.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcesStill").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

/// One frame in ACES2065-1 at the size it was recorded; `max_width`, `output` and framelines of the request are not used. A
/// squeeze stays in the pixels and is written as their aspect.
pub fn aces_still(ffmpeg: Option<&Ffmpeg>, engine: &dyn ColorEngine, request: &StillRequest) -> Result<AcesStill, PreviewError> {
    let (mut frame, index, path) = original(ffmpeg, request)?;
    let input = effective_input(&request.input, &frame);
    let space = match &input {
        InputChoice::Scene { space, .. } => space.clone(),
        InputChoice::Display { space, .. } => {
            let reason = format!("it was made for a display ({space}); scene light cannot be read back from it");
            return Err(PreviewError::UnknownInput { path, reason });
        }
        InputChoice::Unknown { reason } => return Err(PreviewError::UnknownInput { path, reason: reason.clone() }),
    };
    request.geometry.apply(&mut frame);
    let (pixel_aspect, _) = request.geometry.aspect(frame.pixel_aspect);
    let recipe = Recipe { cdl: request.cdl, ..Recipe::to_space(&space, SPACE) };
    let processor = engine.processor(&recipe).map_err(|source| PreviewError::Color { path, source })?;
    apply_parallel(processor.as_ref(), &mut frame.rgb);
    let turned = if request.geometry.orientation == Orientation::default() { "" } else { ", turned by metadata" };
    Ok(AcesStill {
        width: frame.width,
        height: frame.height,
        pixel_aspect,
        rgb: frame.rgb,
        provenance: Provenance {
            input_space: Some(space),
            input_reason: input.reason().to_owned(),
            output: SPACE.to_owned(),
            colour_managed: true,
            engine: "ocio 0.3.0 exact".to_owned(),
            read_as: frame.read_as,
            frame: index,
            scaled: format!("not scaled{turned}"),
            camera_proxy: false,
        },
    })
}

impl AcesStill {
    /// The file. Values beyond the largest half are held at it; NaN is black.
    #[must_use]
    pub fn to_exr(&self, capture: &CaptureFields) -> Vec<u8> {
        let mut out = vec![0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0];
        for (name, (kind, value)) in self.attributes(capture) {
            out.extend(name.as_bytes());
            out.push(0);
            out.extend(kind.as_bytes());
            out.push(0);
            out.extend((value.len() as u32).to_le_bytes());
            out.extend(value);
        }
        out.push(0);
        let line_bytes = self.width * 6;
        let first = out.len() + self.height * 8;
        for line in 0..self.height {
            out.extend(((first + line * (line_bytes + 8)) as u64).to_le_bytes());
        }
        let lines: Vec<Vec<u8>> = self
            .rgb
            .par_chunks(self.width.max(1))
            .map(|line| {
                // Channels in the order of their names.
                let channel = |at: usize| line.iter().flat_map(move |pixel| half(pixel[at]).to_le_bytes());
                channel(2).chain(channel(1)).chain(channel(0)).collect()
            })
            .collect();
        for (number, line) in lines.iter().enumerate() {
            out.extend((number as u32).to_le_bytes());
            out.extend((line_bytes as u32).to_le_bytes());
            out.extend(line);
        }
        out
    }

    fn attributes(&self, capture: &CaptureFields) -> BTreeMap<&'static str, (&'static str, Vec<u8>)> {
        let ints = |values: &[i32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let window = ints(&[0, 0, self.width as i32 - 1, self.height as i32 - 1]);
        let mut channels = Vec::new();
        for name in [b'B', b'G', b'R'] {
            channels.extend([name, 0]);
            // Half, linear by perception no, reserved, no subsampling.
            channels.extend(ints(&[1, 0, 1, 1]));
        }
        channels.push(0);
        let mut found = BTreeMap::from([
            ("acesImageContainerFlag", ("int", ints(&[1]))),
            ("channels", ("chlist", channels)),
            ("chromaticities", ("chromaticities", floats(&AP0))),
            ("compression", ("compression", vec![0])),
            ("dataWindow", ("box2i", window.clone())),
            ("displayWindow", ("box2i", window)),
            ("lineOrder", ("lineOrder", vec![0])),
            ("pixelAspectRatio", ("float", floats(&[self.pixel_aspect as f32]))),
            ("screenWindowCenter", ("v2f", floats(&[0.0, 0.0]))),
            ("screenWindowWidth", ("float", floats(&[1.0]))),
        ]);
        for (name, text) in [
            ("cameraMake", &capture.camera_make),
            ("cameraModel", &capture.camera_model),
            ("cameraSerialNumber", &capture.camera_serial),
            ("cameraFirmwareVersion", &capture.camera_firmware),
            ("cameraLabel", &capture.camera_label),
            ("lensMake", &capture.lens_make),
            ("lensModel", &capture.lens_model),
            ("lensSerialNumber", &capture.lens_serial),
            ("reelName", &capture.reel),
            ("capDate", &capture.captured),
            ("comments", &capture.comments),
            ("creator", &capture.creator),
        ] {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                let text: String = text.chars().filter(|c| *c != '\0').take(MOST_TEXT).collect();
                found.insert(name, ("string", text.into_bytes()));
            }
        }
        for (name, number) in [
            ("isoSpeed", capture.iso),
            ("expTime", capture.exposure_secs),
            ("aperture", capture.aperture),
            ("focalLength", capture.focal_length_mm),
            ("focus", capture.focus_m),
        ] {
            if let Some(number) = number.filter(|number| number.is_finite() && *number > 0.0) {
                found.insert(name, ("float", floats(&[number])));
            }
        }
        if let Some((num, den)) = capture.rate {
            let mut value = (num as i32).to_le_bytes().to_vec();
            value.extend(den.to_le_bytes());
            found.insert("framesPerSecond", ("rational", value));
        }
        if let Some(timecode) = capture.timecode {
            let nominal = capture.rate.map_or(24, |(num, den)| num.div_ceil(den.max(1)));
            let mut value = timecode.packed(nominal).to_le_bytes().to_vec();
            value.extend([0; 4]);
            found.insert("timeCode", ("timecode", value));
        }
        found
    }
}

fn half(value: f32) -> f16 {
    if value.is_nan() { f16::ZERO } else { f16::from_f32(value.clamp(-LARGEST, LARGEST)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timecode_is_packed_as_the_standard_says() {
        let code = ExrTimecode { hours: 14, minutes: 22, seconds: 59, frames: 23, drop: false };
        assert_eq!(code.packed(24), 0x1422_5923);
        assert_eq!(ExrTimecode { drop: true, ..code }.packed(30), 0x1422_5963);
        assert_eq!(ExrTimecode { frames: 47, ..code }.packed(48), 0x1422_d923);
    }
}
