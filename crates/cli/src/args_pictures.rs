//! Owns the arguments of the commands about pictures: stills, sheets, scopes, quality, comparison; and of framing, which they share.

use clap::Args;
use std::path::PathBuf;

/// How pictures are framed.
#[derive(Debug, Clone, Args)]
pub(crate) struct FramingArgs {
    /// Anamorphic desqueeze: `auto` by metadata, `off`, or a factor such as 2.0.
    #[arg(long, default_value = "auto", value_name = "auto|off|FACTOR")]
    pub(crate) desqueeze: String,
    /// Draw the framelines of an ASC framing decision list on the clips it fits.
    #[arg(long, value_name = "FDL")]
    pub(crate) framelines: Option<PathBuf>,
    /// Show only the framing decision with this intent or label; without a value, the first.
    #[arg(long, requires = "framelines", value_name = "INTENT", num_args = 0..=1, default_missing_value = "")]
    pub(crate) crop: Option<String>,
    /// Turn the picture upside down.
    #[arg(long)]
    pub(crate) flip: bool,
    /// Exchange left and right.
    #[arg(long)]
    pub(crate) flop: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Still {
    /// A file of the clip.
    pub(crate) clip: PathBuf,
    /// Frame, from 0 [default: the middle].
    #[arg(long, value_name = "N")]
    pub(crate) frame: Option<u64>,
    /// File to write: .exr (ACES2065-1), .png or .jpg. An existing one is not overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Input colour space, against what the metadata says; see `checkgate color list`.
    #[arg(long, value_name = "SPACE")]
    pub(crate) input: Option<String>,
    /// Widest picture in pixels; not for EXR.
    #[arg(long, value_name = "PIXELS")]
    pub(crate) width: Option<usize>,
    #[command(flatten)]
    pub(crate) framing: FramingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Scopes {
    /// A file of the clip.
    pub(crate) clip: PathBuf,
    /// Frame, from 0 [default: the middle].
    #[arg(long, value_name = "N")]
    pub(crate) frame: Option<u64>,
    /// Folder for the pictures.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Input colour space, against what the metadata says.
    #[arg(long, value_name = "SPACE")]
    pub(crate) input: Option<String>,
    #[command(flatten)]
    pub(crate) framing: FramingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Sheet {
    /// Card, roll or file.
    pub(crate) path: PathBuf,
    /// File to write: .png, .jpg or .pdf. An existing one is not overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// What is written on and under the pictures: plain, dailies, technical, or a .toml file.
    #[arg(long, value_name = "PRESET")]
    pub(crate) preset: Option<String>,
    /// Frames of each clip, 1 to 12, against the preset.
    #[arg(long, value_name = "N")]
    pub(crate) frames: Option<usize>,
    /// Input colour space, against what the metadata says.
    #[arg(long, value_name = "SPACE")]
    pub(crate) input: Option<String>,
    #[command(flatten)]
    pub(crate) framing: FramingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Quality {
    /// Card, roll or file.
    pub(crate) path: PathBuf,
    /// Input colour space, against what the metadata says; it says where black lies.
    #[arg(long, value_name = "SPACE")]
    pub(crate) input: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ComparePictures {
    /// Picture, or a clip whose first frame is meant.
    pub(crate) a: PathBuf,
    /// The other.
    pub(crate) b: PathBuf,
    /// Write a map of the differences as PNG.
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Coding of pictures that were made for a display.
    #[arg(long, default_value = "rec1886", value_parser = ["rec1886", "srgb", "pq2020", "pq-p3"])]
    pub(crate) coding: String,
    /// Light of the value 1 of scene-linear pictures (EXR), in cd/m².
    #[arg(long, default_value_t = 100.0, value_name = "NITS")]
    pub(crate) white: f64,
    /// Colour space of both, where they are no pictures for a display and do not say it.
    #[arg(long, value_name = "SPACE")]
    pub(crate) input: Option<String>,
    /// Exit code 1 if the mean is above this.
    #[arg(long, value_name = "DELTA E")]
    pub(crate) limit: Option<f64>,
}
