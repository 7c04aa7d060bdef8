//! Owns recognising what only its maker's software decodes (R3D, Blackmagic RAW, Canon RAW, N-RAW), and the picture the camera left in
//! it or beside it. Must never pass such a picture off as decoded from the original.

use crate::decode::{FrameReader, Seek, container_frame, frame_file, reader_of};
use crate::error::PreviewError;
use crate::ffmpeg::Ffmpeg;
use crate::frame::Frame;
use crate::info::media_info;
use crate::raster;
use checkgate_color::InputChoice;
use image::ImageFormat;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Formats that are known and not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawFormat {
    R3d,
    Braw,
    Crm,
    NRaw,
}

impl RawFormat {
    const fn words(self) -> &'static str {
        match self {
            Self::R3d => "REDCODE RAW (R3D; only RED's software decodes it)",
            Self::Braw => "Blackmagic RAW (only Blackmagic Design's software decodes it)",
            Self::Crm => "Cinema RAW Light (CRM; only Canon's software decodes it)",
            Self::NRaw => "N-RAW (NEV; only Nikon's software and RED's decode it)",
        }
    }
}

/// By the first bytes, and the extension where the container is a common one.
pub(crate) fn recognise(head: &[u8], extension: &str) -> Option<RawFormat> {
    let boxed = |kinds: &[&[u8]]| head.get(4..8).is_some_and(|kind| kinds.contains(&kind));
    let movie = boxed(&[b"ftyp", b"wide", b"mdat", b"moov", b"free", b"skip"]);
    match extension {
        _ if boxed(&[b"RED1", b"RED2"]) => Some(RawFormat::R3d),
        _ if head.get(4..12) == Some(b"ftypcrx ") && extension == "crm" => Some(RawFormat::Crm),
        "braw" | "braw2" if movie => Some(RawFormat::Braw),
        "nev" if movie => Some(RawFormat::NRaw),
        _ => None,
    }
}

pub(crate) fn unsupported(path: &Path, format: RawFormat) -> PreviewError {
    PreviewError::Unsupported { path: path.to_path_buf(), what: format.words().to_owned() }
}

/// Bytes of a file's start in which a picture of the camera's is looked for: headers carry it before the frames.
const EMBEDDED_BYTES: u64 = 8 << 20;
const MOST_CANDIDATES: usize = 24;
/// Smallest width worth showing, largest picture that is taken, in pixels.
const LEAST_WIDTH: usize = 120;
const MOST_PIXELS: usize = 24_000_000;

/// The largest JPEG in the file's start that decodes whole; `None` where there is none.
pub(crate) fn embedded(path: &Path) -> Option<Frame> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(EMBEDDED_BYTES).read_to_end(&mut head).ok()?;
    let starts = head.windows(4).enumerate().filter(|(_, four)| {
        // After the start of a JPEG comes a table or an application's part.
        four.starts_with(&[0xff, 0xd8, 0xff]) && matches!(four[3], 0xdb | 0xc4 | 0xc0 | 0xe0..=0xef | 0xfe)
    });
    let mut best: Option<Frame> = None;
    for (at, _) in starts.take(MOST_CANDIDATES) {
        let Ok(frame) = raster::read_bytes(&head[at..], ImageFormat::Jpeg, path, MOST_PIXELS) else { continue };
        let larger = best.as_ref().is_none_or(|best| frame.width * frame.height > best.width * best.height);
        if larger && frame.width >= LEAST_WIDTH {
            best = Some(frame);
        }
    }
    best.map(|frame| as_proxy(frame, "the picture that the camera embedded in it"))
}

/// The first of the camera's own smaller renderings that decodes, at `part` (0 to 1) of its length.
pub(crate) fn beside(ffmpeg: Option<&Ffmpeg>, proxies: &[PathBuf], part: f64, pixels: usize) -> Option<(Frame, u64)> {
    proxies.iter().find_map(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (frame, index) = match reader_of(path) {
            FrameReader::Raw(_) => return None,
            FrameReader::Ffmpeg => {
                let ffmpeg = ffmpeg?;
                let info = media_info(ffmpeg, path).ok()?;
                let frames = info.video.as_ref()?.frames.unwrap_or(1);
                let index = ((frames.saturating_sub(1)) as f64 * part).round() as u64;
                container_frame(ffmpeg, path, &info, index, None, Seek::Keyframe).ok()?
            }
            _ => {
                let none = PreviewError::NoFrames;
                (frame_file(ffmpeg.ok_or(none), path, pixels, None).ok()?, 0)
            }
        };
        Some((as_proxy(frame, &format!("{name}, which the camera recorded beside it")), index))
    })
}

/// Its colour is whatever the camera made of it; no metadata of the clip speaks of that.
fn as_proxy(frame: Frame, what: &str) -> Frame {
    Frame {
        own_input: Some(InputChoice::Unknown {
            reason: format!("{what}: the camera's own rendering, whose colour it does not say"),
        }),
        converted: true,
        read_as: format!("{what}, not decoded from the original: {}", frame.read_as),
        ..frame
    }
}
