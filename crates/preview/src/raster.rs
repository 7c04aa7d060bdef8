//! Owns reading TIFF, PNG and JPEG stills with the `image` crate, under its limits. Colour only where the file states it: a profile that
//! names sRGB, or PNG and JPEG without any, which their standards take for sRGB. Anything else stays unknown.

use crate::error::PreviewError;
use crate::frame::Frame;
use checkgate_color::InputChoice;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const SRGB: &str = "sRGB - Display";
/// Largest colour profile that is looked at, in bytes.
const MOST_PROFILE_BYTES: usize = 4 << 20;

/// The format by a file's first bytes.
pub(crate) fn format_of(head: &[u8]) -> Option<ImageFormat> {
    match head {
        [0x89, b'P', b'N', b'G', ..] => Some(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(ImageFormat::Tiff),
        _ => None,
    }
}

/// Reads one file of at most `pixels` pixels.
pub(crate) fn read(path: &Path, format: ImageFormat, pixels: usize) -> Result<Frame, PreviewError> {
    let file = std::fs::File::open(path).map_err(|source| PreviewError::Read { path: path.to_path_buf(), source })?;
    decode(BufReader::new(file), format, path, pixels)
}

/// Reads a picture that lies within a file.
pub(crate) fn read_bytes(bytes: &[u8], format: ImageFormat, path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    decode(Cursor::new(bytes), format, path, pixels)
}

fn decode(reader: impl BufRead + Seek, format: ImageFormat, path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    let unwound = catch_unwind(AssertUnwindSafe(|| decode_checked(reader, format, path, pixels)));
    unwound.unwrap_or_else(|_| Err(PreviewError::damaged(path, "the reader of stills failed")))
}

fn decode_checked(reader: impl BufRead + Seek, format: ImageFormat, path: &Path, pixels: usize) -> Result<Frame, PreviewError> {
    let failed = |error: image::ImageError| match error {
        image::ImageError::Unsupported(what) => PreviewError::Unsupported { path: path.to_path_buf(), what: what.to_string() },
        image::ImageError::Limits(what) => PreviewError::Limit { path: path.to_path_buf(), what: what.to_string() },
        other => PreviewError::damaged(path, other.to_string()),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(65_536);
    limits.max_image_height = Some(65_536);
    // Four samples of four bytes, twice: what is decoded, and what a format unpacks beside it.
    limits.max_alloc = Some((pixels as u64).saturating_mul(32).clamp(64 << 20, 8 << 30));
    let mut reader = ImageReader::with_format(reader, format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    if width.saturating_mul(height) > pixels {
        let what = format!("a picture of {width} by {height} pixels is larger than the limit");
        return Err(PreviewError::Limit { path: path.to_path_buf(), what });
    }
    let profile = decoder.icc_profile().ok().flatten();
    let kind = decoder.color_type();
    let image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    let float = matches!(kind, ColorType::Rgb32F | ColorType::Rgba32F);
    let rgb: Vec<[f32; 3]> = image.into_rgb32f().pixels().map(|pixel| pixel.0).collect();
    let name = match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        _ => "TIFF",
    };
    let bits = 8 * u32::from(kind.bytes_per_pixel()) / u32::from(kind.channel_count());
    Ok(Frame {
        width,
        height,
        rgb,
        pixel_aspect: 1.0,
        linear: float,
        own_input: Some(own_input(name, format, float, profile.as_deref())),
        converted: false,
        read_as: format!("{name}, {bits} bits{}", if float { ", float" } else { "" }),
    })
}

fn own_input(name: &str, format: ImageFormat, float: bool, profile: Option<&[u8]>) -> InputChoice {
    let display = |reason: String| InputChoice::Display { space: SRGB.to_owned(), reason };
    match profile.filter(|profile| profile.len() <= MOST_PROFILE_BYTES) {
        Some(profile) => match profile_name(profile) {
            Some(named) if named.starts_with("sRGB") => display(format!("{name} with the colour profile {named:?}")),
            Some(named) => {
                InputChoice::Unknown { reason: format!("{name} with the colour profile {named:?}, which is not known here") }
            }
            None => InputChoice::Unknown { reason: format!("{name} with a colour profile that has no name") },
        },
        None if matches!(format, ImageFormat::Png | ImageFormat::Jpeg) => {
            display(format!("{name} without a colour profile, which by its standard is sRGB"))
        }
        None if float => InputChoice::Unknown { reason: format!("{name} of float samples does not say its colour space") },
        None => InputChoice::Unknown { reason: format!("{name} does not say its colour space") },
    }
}

/// The description of an ICC profile (ICC.1:2022, 9.2.41): `desc` as text, or as the first of several languages.
fn profile_name(profile: &[u8]) -> Option<String> {
    let long = |at: usize| Some(u32::from_be_bytes(*profile.get(at..)?.first_chunk()?) as usize);
    let count = long(128)?.min(200);
    let entry = (0..count).map(|number| 132 + 12 * number).find(|at| profile.get(*at..*at + 4) == Some(b"desc"))?;
    let tag = profile.get(long(entry + 4)?..)?.get(..long(entry + 8)?)?;
    let inner = |at: usize| Some(u32::from_be_bytes(*tag.get(at..)?.first_chunk()?) as usize);
    let text = match tag.get(..4)? {
        b"desc" => String::from_utf8_lossy(tag.get(12..)?.get(..inner(8)?.min(256))?).into_owned(),
        b"mluc" => {
            let (length, at) = (inner(20)?.min(512), inner(24)?);
            let units: Vec<u16> =
                tag.get(at..)?.get(..length)?.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => return None,
    };
    Some(text.trim_end_matches('\0').chars().filter(|c| !c.is_control()).take(80).collect())
        .filter(|text: &String| !text.is_empty())
}
