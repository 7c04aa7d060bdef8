//! Owns asking decoder plug-ins, which a person installed, for frames that nothing here decodes. Each question is a process of its own
//! (`checkgate-decoder-host`) under the limits of any decoder; what it answers is checked like any file. Must never load a library
//! itself, and never need one.

use crate::child::{self, ChildError};
use crate::error::PreviewError;
use crate::ffmpeg::Limits;
use crate::frame::Frame;
use checkgate_color::InputChoice;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Longest line in which a plug-in describes a file, in bytes.
const LINE_BYTES: usize = 16 * 1024;
const MOST_PLUGINS: usize = 64;

/// Plug-ins in a folder, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Plugins {
    host: Option<PathBuf>,
    libraries: Arc<[PathBuf]>,
    limits: Limits,
}

/// What is known of one plug-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plugin {
    /// The library.
    pub path: PathBuf,
    /// What it calls itself.
    pub name: Option<String>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// The line before the pixels.
#[derive(Debug, Deserialize)]
struct Told {
    #[serde(default)]
    name: String,
    #[serde(default)]
    width: usize,
    #[serde(default)]
    height: usize,
    #[serde(default)]
    frames: u64,
    #[serde(default)]
    pixel_aspect: f64,
    #[serde(default)]
    linear: bool,
    #[serde(default)]
    color_kind: u32,
    #[serde(default)]
    color_space: String,
    #[serde(default)]
    format: String,
}

/// Why one plug-in gave nothing.
enum Refusal {
    NotMine,
    Error(PreviewError),
}

impl Plugins {
    /// The plug-ins in the folder that `CHECKGATE_DECODERS` names, or else in `folder`; the host that `CHECKGATE_DECODER_HOST` names, or
    /// else the one beside the running program. None of them is needed.
    #[must_use]
    pub fn find(folder: Option<&Path>) -> Self {
        let named = |variable: &str| std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
        let folder = named("CHECKGATE_DECODERS").or_else(|| folder.map(Path::to_path_buf));
        let Some(folder) = folder else { return Self::default() };
        let host = named("CHECKGATE_DECODER_HOST").or_else(|| {
            let name = format!("checkgate-decoder-host{}", std::env::consts::EXE_SUFFIX);
            std::env::current_exe().ok().map(|program| program.with_file_name(name))
        });
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let library = |path: &PathBuf| {
            let known = path.extension().and_then(|extension| extension.to_str());
            known == Some(std::env::consts::DLL_EXTENSION) && path.is_file()
        };
        let mut libraries: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(library).take(MOST_PLUGINS).collect();
        libraries.sort();
        Self { host: host.filter(|host| host.is_file()), libraries: libraries.into(), limits: Limits::default() }
    }

    /// These plug-ins, run by the host at `host`.
    #[must_use]
    pub fn at(host: &Path, libraries: &[PathBuf], limits: Limits) -> Self {
        Self { host: Some(host.to_path_buf()), libraries: libraries.into(), limits }
    }

    /// Each plug-in with its name, or why it cannot be used.
    #[must_use]
    pub fn list(&self) -> Vec<Plugin> {
        let path = Path::new("");
        let ask = |library: &PathBuf| match self.ask(library, path, &["name"], LINE_BYTES) {
            Ok(answer) => {
                let name = serde_json::from_slice::<Told>(&answer).map(|told| told.name).unwrap_or_default();
                Plugin { path: library.clone(), name: Some(name), problem: None }
            }
            Err(Refusal::NotMine) => Plugin { path: library.clone(), name: None, problem: Some("it gave no name".to_owned()) },
            Err(Refusal::Error(error)) => Plugin { path: library.clone(), name: None, problem: Some(cause(&error)) },
        };
        self.libraries.iter().map(ask).collect()
    }

    /// A frame of `path` by the first plug-in that knows it; `None` where none does. `pick` chooses among the number of frames.
    pub(crate) fn frame(
        &self,
        path: &Path,
        pixels: usize,
        pick: impl Fn(u64) -> Result<u64, PreviewError>,
    ) -> Option<Result<(Frame, u64), PreviewError>> {
        let mut failed = None;
        for library in self.libraries.iter() {
            match self.frame_by(library, path, pixels.min(self.limits.pixels), &pick) {
                Ok(done) => return Some(Ok(done)),
                Err(Refusal::NotMine) => {}
                Err(Refusal::Error(error)) => failed = failed.or(Some(Err(error))),
            }
        }
        failed
    }

    fn frame_by(
        &self,
        library: &Path,
        path: &Path,
        pixels: usize,
        pick: &impl Fn(u64) -> Result<u64, PreviewError>,
    ) -> Result<(Frame, u64), Refusal> {
        let senseless = |what: &str| Refusal::Error(PreviewError::damaged(path, format!("{}: {what}", shown(library))));
        let shown_path = path.to_str().ok_or_else(|| senseless("the path is not UTF-8"))?;
        let read = |line: &[u8]| serde_json::from_slice::<Told>(line).map_err(|_| senseless("it does not describe the file"));
        let told = read(&self.ask(library, path, &["info", shown_path], LINE_BYTES)?)?;
        self.checked(&told, library, path, pixels)?;
        let index = pick(told.frames.max(1)).map_err(Refusal::Error)?;
        let room = told.width * told.height * 12;
        let wanted = (index.to_string(), pixels.to_string());
        let answer = self.ask(library, path, &["frame", shown_path, &wanted.0, &wanted.1], LINE_BYTES + room)?;
        let end = answer.iter().take(LINE_BYTES).position(|byte| *byte == b'\n').ok_or_else(|| senseless("it gave no frame"))?;
        let again = read(&answer[..end])?;
        let values = &answer[end + 1..];
        if (again.width, again.height) != (told.width, told.height) || values.len() != room {
            return Err(senseless("the frame is not of the size that it said"));
        }
        let rgb = values
            .chunks_exact(12)
            .map(|pixel| {
                std::array::from_fn(|part| {
                    let value =
                        f32::from_le_bytes([pixel[4 * part], pixel[4 * part + 1], pixel[4 * part + 2], pixel[4 * part + 3]]);
                    if value.is_finite() { value } else { 0.0 }
                })
            })
            .collect();
        let by = format!("the decoder plug-in {}", if told.name.is_empty() { shown(library) } else { plain(&told.name) });
        let reason = format!("{by} says so");
        let space = plain(&told.color_space);
        let own_input = match told.color_kind {
            1 if !space.is_empty() => InputChoice::Scene { space, reason },
            2 if !space.is_empty() => InputChoice::Display { space, reason },
            _ => InputChoice::Unknown { reason: format!("{by} does not say the colour space") },
        };
        let frame = Frame {
            width: told.width,
            height: told.height,
            rgb,
            pixel_aspect: if (0.1..=10.0).contains(&told.pixel_aspect) { told.pixel_aspect } else { 1.0 },
            linear: told.linear,
            own_input: Some(own_input),
            converted: true,
            read_as: format!("{}, decoded by {by}", plain(&told.format)),
        };
        Ok((frame, index))
    }

    fn checked(&self, told: &Told, library: &Path, path: &Path, pixels: usize) -> Result<(), Refusal> {
        let area = told.width.saturating_mul(told.height);
        if area == 0 || area > pixels {
            let what = format!("{}: a picture of {} by {} pixels is outside the limit", shown(library), told.width, told.height);
            return Err(Refusal::Error(PreviewError::Limit { path: path.to_path_buf(), what }));
        }
        Ok(())
    }

    fn ask(&self, library: &Path, path: &Path, question: &[&str], stdout_bytes: usize) -> Result<Vec<u8>, Refusal> {
        let by = shown(library);
        let damaged = |reason: String| Refusal::Error(PreviewError::damaged(path, reason));
        let limit = |what: String| Refusal::Error(PreviewError::Limit { path: path.to_path_buf(), what });
        let Some(host) = &self.host else {
            return Err(damaged(format!("{by}: checkgate-decoder-host is not beside the program, so no plug-in runs")));
        };
        let mut command = Command::new(host);
        command.arg(library).args(question);
        let done = match child::run(&mut command, self.limits.still, self.limits.memory_bytes, stdout_bytes) {
            Ok(done) => done,
            Err(ChildError::Start(error) | ChildError::Read(error)) => return Err(damaged(format!("{by}: {error}"))),
            Err(ChildError::TooSlow(deadline)) => {
                return Err(limit(format!("{by} gave no result within {} s", deadline.as_secs_f32())));
            }
            Err(ChildError::TooMuch(bytes)) => {
                return Err(limit(format!("{by} gave more than the {bytes} bytes that were asked for")));
            }
        };
        let said = plain(done.said.lines().last().unwrap_or_default());
        match done.status.code() {
            Some(0) => Ok(done.stdout),
            Some(10) => Err(Refusal::NotMine),
            Some(12) => {
                Err(Refusal::Error(PreviewError::Unsupported { path: path.to_path_buf(), what: format!("{by}: {said}; this") }))
            }
            Some(13) => Err(limit(format!("{by}: {said}"))),
            Some(11 | 14) => Err(damaged(format!("{by}: {said}"))),
            Some(code) => Err(damaged(format!("{by} ended with {code}"))),
            None => Err(damaged(format!("{by} crashed ({})", done.status))),
        }
    }
}

fn shown(library: &Path) -> String {
    library.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Words of a plug-in on one line of bounded length.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn cause(error: &PreviewError) -> String {
    match error {
        PreviewError::Damaged { reason, .. } => reason.clone(),
        PreviewError::Limit { what, .. } | PreviewError::Unsupported { what, .. } => what.clone(),
        other => other.to_string(),
    }
}
