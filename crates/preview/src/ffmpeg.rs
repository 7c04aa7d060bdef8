//! Owns finding ffmpeg and ffprobe and the options under which they touch media (docs/adr/0004-ffmpeg-child-process.md): no
//! network, no playlists, no references out of the file, no keyboard, bounded allocation.

use crate::child::{self, ChildError};
use crate::error::{PreviewError, ToolError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Names ffmpeg's own container readers; anything that can name another file (playlists, concat scripts) is not among them.
const CONTAINERS: &str = "mov,mxf,matroska,webm,avi,mpegts,mpeg,mpegps,ogg,dv,gxf,wav,w64,aiff,rm,asf,flv,h264,hevc,mjpeg,m4v,ivf,y4m,yuv4mpegpipe,apng,image2,dpx_pipe,png_pipe,tiff_pipe,jpeg_pipe,exr_pipe,redspark,r3d,cine";

/// Limits for one decode.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest time for one still or one look at a file.
    pub still: Duration,
    /// Longest time without any progress while a proxy is made.
    pub stall: Duration,
    /// Largest picture, in pixels.
    pub pixels: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { still: Duration::from_secs(60), stall: Duration::from_secs(60), pixels: 150_000_000 }
    }
}

/// An ffmpeg and its ffprobe.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    version: String,
    limits: Limits,
}

impl Ffmpeg {
    /// The ffmpeg that `CHECKGATE_FFMPEG` names, or the first on `PATH`; ffprobe beside it, or the first on `PATH`.
    pub fn find() -> Result<Self, ToolError> {
        match std::env::var_os("CHECKGATE_FFMPEG").filter(|path| !path.is_empty()) {
            Some(path) => Self::at(Path::new(&path)),
            None => Self::at(&on_path("ffmpeg").ok_or(ToolError::NotFound { program: "ffmpeg".to_owned() })?),
        }
    }

    /// The ffmpeg at `path`.
    pub fn at(path: &Path) -> Result<Self, ToolError> {
        if !path.is_file() {
            return Err(ToolError::NotFound { program: path.display().to_string() });
        }
        let beside = path.with_file_name(executable("ffprobe"));
        let ffprobe = if beside.is_file() {
            beside
        } else {
            on_path("ffprobe").ok_or(ToolError::NotFound { program: "ffprobe".to_owned() })?
        };
        let said =
            child::run(Command::new(path).arg("-version"), Duration::from_secs(20), 1 << 20).map_err(|error| match error {
                ChildError::Start(source) | ChildError::Read(source) => {
                    ToolError::CannotStart { program: path.to_path_buf(), source }
                }
                other => ToolError::NotFfmpeg { program: path.to_path_buf(), said: format!("{other:?}") },
            })?;
        let text = String::from_utf8_lossy(&said.stdout);
        let first = text.lines().next().unwrap_or_default();
        let version = first.strip_prefix("ffmpeg version ").and_then(|rest| rest.split_whitespace().next());
        let Some(version) = version else {
            return Err(ToolError::NotFfmpeg { program: path.to_path_buf(), said: first.chars().take(80).collect() });
        };
        Ok(Self { ffmpeg: path.to_path_buf(), ffprobe, version: version.to_owned(), limits: Limits::default() })
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Version as it states it, e.g. `7.1.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.ffmpeg
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-hide_banner", "-nostdin", "-v", "error", "-max_alloc", "2147483647"]);
        command
    }

    pub(crate) fn probe_command(&self) -> Command {
        let mut command = Command::new(&self.ffprobe);
        command.args(["-hide_banner", "-v", "error", "-max_alloc", "2147483647"]);
        command
    }

    /// The options before `-i`, and the file.
    pub(crate) fn add_input(command: &mut Command, path: &Path) {
        command.args(["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS, "-i"]);
        // `file:` keeps a colon in a name from being taken for a protocol.
        let mut input = OsString::from("file:");
        input.push(path);
        command.arg(input);
    }
}

/// A child's end as an error about `path`.
pub(crate) fn child_error(path: &Path, program: &Path, error: ChildError) -> PreviewError {
    match error {
        ChildError::Start(source) => PreviewError::Tool {
            path: path.to_path_buf(),
            source: ToolError::CannotStart { program: program.to_path_buf(), source },
        },
        ChildError::Read(source) => PreviewError::Read { path: path.to_path_buf(), source },
        ChildError::TooSlow(deadline) => {
            PreviewError::Limit { path: path.to_path_buf(), what: format!("no result within {} s", deadline.as_secs_f32()) }
        }
        ChildError::TooMuch(bytes) => PreviewError::Limit {
            path: path.to_path_buf(),
            what: format!("it gave more than the {bytes} bytes that were asked for"),
        },
    }
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let name = executable(name);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}
