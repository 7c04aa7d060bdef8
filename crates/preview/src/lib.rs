//! Owns the way from a clip to a picture: decode in a limited child process (or by own readers for EXR and DPX), colour by
//! `checkgate-color`, stills, contact sheets and proxies. Must know no job. Media are hostile input: every size is checked before
//! it is allocated, every decoder runs under limits of time and bytes, and nothing is left running (invariants 10 and 11).

mod ari;
mod camera_raw;
mod child;
mod cineon;
mod decode;
mod dng;
mod dng_color;
mod dpx;
mod error;
mod exr_reader;
mod ffmpeg;
mod frame;
mod info;
mod lossless_jpeg;
mod mosaic;
mod picture;
mod plugin;
mod proxy;
mod raster;
mod resize;
mod sheet;
mod still;
mod text;

pub use checkgate_color::{InputChoice, OutputView};
pub use decode::Seek;
pub use error::{PreviewError, ToolError};
pub use ffmpeg::{Ffmpeg, Limits};
pub use info::{AudioInfo, MediaInfo, VideoInfo, media_info};
pub use picture::{Picture, Provenance};
pub use plugin::{Plugin, Plugins};
pub use proxy::{ProxyFlow, ProxyOptions, ProxyProgress, ProxyReport, proxy};
pub use sheet::{SheetCell, contact_sheet};
pub use still::{FramePick, Media, StillRequest, still};
