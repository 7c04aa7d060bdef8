//! Owns what a person set up for pictures: the input colour space of a camera format, and decoder plug-ins. A file in the state folder,
//! so that it can be read, copied and kept with a show; must never guess a space.

use crate::home::Home;
use checkgate_color::{Aces, Engine, InputOverride};
use checkgate_model::{ErrorCode, Problem};
use checkgate_preview::{Ffmpeg, Plugin, Plugins};
use checkgate_volume::files;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const LARGEST_BYTES: u64 = 256 * 1024;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputFile {
    #[serde(default)]
    input: Vec<InputOverride>,
}

/// What decodes pictures on this machine.
#[derive(Debug, Clone, Serialize)]
pub struct DecodingTools {
    /// The ffmpeg.
    pub ffmpeg: Option<FfmpegTool>,
    /// Why there is none.
    pub ffmpeg_problem: Option<String>,
    /// Plug-ins, with their names or what is wrong with them.
    pub plugins: Vec<Plugin>,
    /// Where plug-ins are looked for, unless `CHECKGATE_DECODERS` names another folder.
    pub plugin_folder: Option<PathBuf>,
}

/// An ffmpeg in words.
#[derive(Debug, Clone, Serialize)]
pub struct FfmpegTool {
    /// Where it is.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
    /// The licence its configuration puts it under.
    pub licence: String,
}

fn bad(message: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::BadRequest, message.into())
}

impl Home {
    pub(crate) fn input_overrides(&self) -> Result<Vec<InputOverride>, Problem> {
        let path = self.inputs();
        let bytes = match files::read_bounded(&path, LARGEST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            Err(error) => return Err(Problem::from_error(error.code(), &error)),
        };
        let text = String::from_utf8(bytes).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
        let file: InputFile =
            toml::from_str(&text).map_err(|error| bad(format!("{} cannot be read: {}", path.display(), error.message())))?;
        Ok(file.input)
    }

    fn store_input_overrides(&self, input: Vec<InputOverride>) -> Result<(), Problem> {
        let text = toml::to_string(&InputFile { input }).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        files::create_folder_all(self.root()).map_err(|error| Problem::from_error(error.code(), &error))?;
        files::write_atomic(&self.inputs(), text.as_bytes()).map_err(|error| Problem::from_error(error.code(), &error))
    }

    pub(crate) fn plugins(&self) -> Plugins {
        Plugins::find(Some(&self.decoders()))
    }
}

fn home_of(home: Option<PathBuf>) -> Result<Home, Problem> {
    Home::named(home).ok_or_else(|| bad("no folder for Checkgate's own state is known; set CHECKGATE_HOME"))
}

/// The input colour spaces that a person set for camera formats; none where there is no state folder.
pub fn input_overrides(home: Option<PathBuf>) -> Result<Vec<InputOverride>, Problem> {
    Home::named(home).map_or_else(|| Ok(Vec::new()), |home| home.input_overrides())
}

/// Adds one; one for the same camera format is replaced. Says all there are then.
pub fn set_input_override(home: Option<PathBuf>, mut over: InputOverride) -> Result<Vec<InputOverride>, Problem> {
    if [&over.make, &over.model, &over.format, &over.gamma].into_iter().all(Option::is_none) {
        return Err(bad("an input colour space is set for a camera format: name a make, model, format or curve"));
    }
    if over.note.trim().is_empty() {
        return Err(bad("say who chose the space, or why"));
    }
    let engine = Engine::shared().map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let known = engine.space(Aces::V2_0, &over.space).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
    over.space = known.ok_or_else(|| bad(format!("there is no colour space {:?}; see `checkgate color list`", over.space)))?;
    let home = home_of(home)?;
    let mut all = home.input_overrides()?;
    let key = |over: &InputOverride| (over.make.clone(), over.model.clone(), over.format.clone(), over.gamma.clone());
    all.retain(|known| key(known) != key(&over));
    all.push(over);
    home.store_input_overrides(all.clone())?;
    Ok(all)
}

/// Takes away number `number`, from 1, of those that are listed. Says which it was.
pub fn forget_input_override(home: Option<PathBuf>, number: usize) -> Result<InputOverride, Problem> {
    let home = home_of(home)?;
    let mut all = home.input_overrides()?;
    if number == 0 || number > all.len() {
        return Err(Problem::new(ErrorCode::NotFound, format!("there is no number {number}; {} are set", all.len())));
    }
    let gone = all.remove(number - 1);
    home.store_input_overrides(all)?;
    Ok(gone)
}

/// Decoder plug-ins of the state folder, or of the folder that `CHECKGATE_DECODERS` names.
#[must_use]
pub fn decoder_plugins(home: Option<PathBuf>) -> Plugins {
    let folder = Home::named(home).map(|home| home.decoders());
    Plugins::find(folder.as_deref())
}

/// What decodes pictures on this machine.
#[must_use]
pub fn decoding_tools(home: Option<PathBuf>) -> DecodingTools {
    let found = Ffmpeg::find();
    let ffmpeg_problem = found.as_ref().err().map(ToString::to_string);
    let ffmpeg = found.ok().map(|ffmpeg| FfmpegTool {
        path: ffmpeg.path().to_path_buf(),
        version: ffmpeg.version().to_owned(),
        licence: ffmpeg.licence().to_owned(),
    });
    let plugin_folder = Home::named(home.clone()).map(|home| home.decoders());
    DecodingTools { ffmpeg, ffmpeg_problem, plugins: decoder_plugins(home).list(), plugin_folder }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(model: Option<&str>, space: &str) -> InputOverride {
        InputOverride {
            make: None,
            model: model.map(str::to_owned),
            format: None,
            gamma: None,
            space: space.to_owned(),
            note: "camera test".to_owned(),
        }
    }

    #[test]
    fn what_is_set_is_kept_replaced_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let home = || Some(folder.path().join("state"));
        assert!(input_overrides(home()).unwrap().is_empty());
        assert!(!folder.path().join("state").exists(), "asking creates nothing");
        set_input_override(home(), over(Some("FX6"), "S-Log3 S-Gamut3")).unwrap();
        set_input_override(home(), over(Some("FX3"), "S-Log3 S-Gamut3.Cine")).unwrap();
        let all = set_input_override(home(), over(Some("FX6"), "S-Log3 S-Gamut3.Cine")).unwrap();
        assert_eq!(all, [over(Some("FX3"), "S-Log3 S-Gamut3.Cine"), over(Some("FX6"), "S-Log3 S-Gamut3.Cine")]);
        assert_eq!(input_overrides(home()).unwrap(), all);
        assert_eq!(forget_input_override(home(), 1).unwrap(), all[0]);
        assert_eq!(input_overrides(home()).unwrap(), all[1..]);
        assert!(forget_input_override(home(), 2).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let home = || Some(folder.path().to_path_buf());
        assert!(set_input_override(home(), over(None, "ARRI LogC4")).is_err());
        assert!(set_input_override(home(), over(Some("X"), "No Such Space")).is_err());
        assert!(set_input_override(home(), InputOverride { note: " ".to_owned(), ..over(Some("X"), "ARRI LogC4") }).is_err());
        files::write_atomic(&folder.path().join("inputs.toml"), b"input = 3").unwrap();
        assert!(input_overrides(home()).is_err(), "a file that cannot be read is not taken for none");
    }
}
