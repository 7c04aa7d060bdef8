//! Owns the way from a clip to a picture: decode in a limited child process (or by own readers for EXR and DPX), colour by
//! `checkgate-color`, stills, contact sheets and proxies. Must know no job. Media are hostile input: every size is checked before
//! it is allocated, every decoder runs under limits of time and bytes, and nothing is left running (invariants 10 and 11).

mod aces_exr;
mod ari;
mod burn_in;
mod camera_raw;
mod child;
mod cineon;
mod decode;
mod delta_e;
mod dng;
mod dng_color;
mod dpx;
mod error;
mod exif;
mod exr_reader;
mod ffmpeg;
mod frame;
mod geometry;
mod info;
mod lossless_jpeg;
mod mosaic;
mod picture;
mod plugin;
mod prores_mov;
mod proxy;
pub mod quality;
mod raster;
mod resize;
pub mod scopes;
mod sheet;
mod still;
mod text;

pub use aces_exr::{AcesStill, CaptureFields, ExrTimecode, aces_still};
pub use burn_in::{BurnIn, MOST_FRAMES, Place, PresetError, SheetPreset, burn, fill};
pub use checkgate_color::{InputChoice, OutputView};
pub use decode::Seek;
pub use delta_e::{Comparison, DisplayCoding, Reading, compare, delta_e_itp};
pub use error::{PreviewError, ToolError};
pub use ffmpeg::{Ffmpeg, Limits};
pub use geometry::{Area, Desqueeze, Frameline, Geometry, Orientation};
pub use info::{AudioInfo, MediaInfo, VideoInfo, media_info};
pub use picture::{Picture, Provenance};
pub use plugin::{Plugin, Plugins};
pub use proxy::{ProxyFlow, ProxyOptions, ProxyProgress, ProxyReport, proxy};
pub use sheet::{SheetCell, contact_sheet, contact_sheet_of, strip};
pub use still::{FramePick, Measured, Media, StillRequest, frame_count, measured, still};
