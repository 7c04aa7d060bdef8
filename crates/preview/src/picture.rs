//! Owns the finished picture with its provenance: what went in, why, through what, to what.

use crate::error::PreviewError;
use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use serde::Serialize;

/// How a picture came about.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Provenance {
    /// Input colour space; `None` where it is not known.
    pub input_space: Option<String>,
    /// Why that space, or what is missing.
    pub input_reason: String,
    /// Output, e.g. `ACES 2.0 - SDR 100 nits (Rec.709), Rec.1886 Rec.709`.
    pub output: String,
    /// Whether the colours mean anything: false where the input space is not known.
    pub colour_managed: bool,
    /// Engine and configuration.
    pub engine: String,
    /// How the samples were read.
    pub read_as: String,
    /// The picture is the camera's own smaller rendering, because nothing here decodes the original.
    pub camera_proxy: bool,
    /// Frame, from 0.
    pub frame: u64,
    /// Where and how the picture was scaled.
    pub scaled: String,
}

impl Provenance {
    /// One line for a burn-in: `ARRI LogC4 -> ACES 2.0 - SDR 100 nits (Rec.709)`.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.input_space {
            Some(space) if self.colour_managed => format!("{space} -> {}", self.output),
            _ if self.camera_proxy => "camera's own proxy, not colour managed".to_owned(),
            _ => "not colour managed".to_owned(),
        }
    }
}

/// A picture in display code values (0 to 1, not yet rounded).
#[derive(Clone, PartialEq)]
pub struct Picture {
    /// Pixels across.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Pixels, line by line.
    pub rgb: Vec<[f32; 3]>,
    /// How it came about.
    pub provenance: Provenance,
}

impl std::fmt::Debug for Picture {
    /// Without the pixels.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("width", &self.width)
            .field("height", &self.height)
            .field("provenance", &self.provenance)
            .finish_non_exhaustive()
    }
}

impl Picture {
    /// JPEG, 8 bits, `quality` from 1 to 100.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, PreviewError> {
        let bytes: Vec<u8> = self.rgb.as_flattened().iter().map(|value| (clean(*value) * 255.0).round() as u8).collect();
        let mut out = Vec::new();
        JpegEncoder::new_with_quality(&mut out, quality.clamp(1, 100))
            .write_image(&bytes, self.width as u32, self.height as u32, image::ExtendedColorType::Rgb8)
            .map_err(PreviewError::Encode)?;
        Ok(out)
    }

    /// PNG, 16 bits.
    pub fn to_png16(&self) -> Result<Vec<u8>, PreviewError> {
        let bytes: Vec<u8> =
            self.rgb.as_flattened().iter().flat_map(|value| ((clean(*value) * 65535.0).round() as u16).to_ne_bytes()).collect();
        let mut out = Vec::new();
        PngEncoder::new(&mut out)
            .write_image(&bytes, self.width as u32, self.height as u32, image::ExtendedColorType::Rgb16)
            .map_err(PreviewError::Encode)?;
        Ok(out)
    }
}

/// Within 0 to 1; NaN is black.
fn clean(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}
