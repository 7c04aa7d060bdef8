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
    /// Most private memory of one child, in bytes; held by the kernel on Linux.
    pub memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { still: Duration::from_secs(60), stall: Duration::from_secs(60), pixels: 150_000_000, memory_bytes: 8 << 30 }
    }
}

/// An ffmpeg and its ffprobe.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    version: String,
    licence: String,
    limits: Limits,
}

/// Most memory of a program that only says its version.
const VERSION_MEMORY_BYTES: u64 = 1 << 30;

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
        let said = child::run(Command::new(path).arg("-version"), Duration::from_secs(20), VERSION_MEMORY_BYTES, 1 << 20)
            .map_err(|error| match error {
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
        let licence = licence_of(&text).to_owned();
        Ok(Self { ffmpeg: path.to_path_buf(), ffprobe, version: version.to_owned(), licence, limits: Limits::default() })
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

    /// First number of its version, e.g. 7; `None` for builds that are named otherwise (`N-119…`, `git-…`).
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        let number = self.version.trim_start_matches(['n', 'v']);
        number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    /// The licence its configuration puts it under, e.g. `GPL, version 2 or later`.
    #[must_use]
    pub fn licence(&self) -> &str {
        &self.licence
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

/// FFmpeg's LICENSE.md: `--enable-gpl` makes it GPL, `--enable-version3` version 3 of it, `--enable-nonfree` not for passing on.
fn licence_of(said: &str) -> &'static str {
    let Some(options) = said.lines().find_map(|line| line.trim().strip_prefix("configuration:")) else {
        return "not stated";
    };
    let has = |option: &str| options.split_whitespace().any(|word| word == option);
    match (has("--enable-nonfree"), has("--enable-gpl"), has("--enable-version3")) {
        (true, ..) => "nonfree: may not be passed on",
        (_, true, true) => "GPL, version 3 or later",
        (_, true, false) => "GPL, version 2 or later",
        (_, false, true) => "LGPL, version 3 or later",
        (_, false, false) => "LGPL, version 2.1 or later",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_says_the_licence() {
        for (options, licence) in [
            ("--prefix=/usr --enable-gpl --enable-libx264", "GPL, version 2 or later"),
            ("--enable-gpl --enable-version3", "GPL, version 3 or later"),
            ("--enable-shared", "LGPL, version 2.1 or later"),
            ("--enable-version3", "LGPL, version 3 or later"),
            ("--enable-gpl --enable-nonfree", "nonfree: may not be passed on"),
        ] {
            let said = format!("ffmpeg version 7.1\nbuilt with gcc 12\nconfiguration: {options}\nlibavutil 59\n");
            assert_eq!(licence_of(&said), licence);
        }
        assert_eq!(licence_of("ffmpeg version 7.1\n"), "not stated");
    }
}
