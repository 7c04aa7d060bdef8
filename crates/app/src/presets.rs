//! Owns presets as data: those that ship, the user's own in the state folder, the one that is used, and the drives their destinations
//! mean today. Must never take a drive by its letter or mount path.

use crate::jobs::JobOptions;
use crate::{App, not_found, state_problem};
use checkgate_catalog::DestinationRow;
use checkgate_contract::{Empty, PresetDetail, PresetList, PresetRequest, TokenView};
use checkgate_model::naming::{Token, Values};
use checkgate_model::preset::{PresetVerify, is_name};
use checkgate_model::{ErrorCode, Preset, Problem};
use checkgate_offload::VerifyDepth;
use checkgate_volume::{Volume, files};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SHIPPED: &[(&str, &str)] = &[
    (STANDARD, include_str!("../../../assets/presets/standard.toml")),
    ("day-folders", include_str!("../../../assets/presets/day-folders.toml")),
    ("netflix-like", include_str!("../../../assets/presets/netflix-like.toml")),
    ("fast-then-slow", include_str!("../../../assets/presets/fast-then-slow.toml")),
];
/// The one that is used where nothing was chosen.
pub(crate) const STANDARD: &str = "standard";
const LARGEST: u64 = 64 * 1024;
const MOST: usize = 1000;

/// A preset and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPreset {
    /// What it says.
    pub preset: Preset,
    /// It lies in the state folder, and can be removed.
    pub own: bool,
}

/// What the destinations of a preset are today.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resolved {
    /// Destination ids in the preset's order, with their level.
    pub destinations: Vec<(String, u8)>,
    /// Optional ones that are not connected.
    pub missing: Vec<String>,
}

/// Reads a preset; the name is for messages.
pub fn parse_preset(name: &str, text: &str) -> Result<Preset, Problem> {
    let refused = |words: String| Problem::new(ErrorCode::BadRequest, format!("the preset {name} cannot be used: {words}"));
    let preset: Preset = toml::from_str(text).map_err(|error| refused(error.to_string().trim().to_owned()))?;
    preset.check().map_err(|error| refused(error.to_string()))?;
    if preset.hashes.is_empty() {
        return Err(refused("it names no hash format".to_owned()));
    }
    Ok(preset)
}

/// Writes a preset as it lies in the state folder.
pub fn preset_text(preset: &Preset) -> Result<String, Problem> {
    toml::to_string_pretty(preset).map_err(|error| Problem::from_error(ErrorCode::Internal, &error))
}

impl App {
    /// Every preset by name: shipped ones, replaced by the user's own of the same name. One that cannot be read is named and left
    /// out, so that a slip in one file does not take the others away.
    pub async fn presets(&self) -> Result<BTreeMap<String, KnownPreset>, Problem> {
        let mut found = BTreeMap::new();
        for (name, text) in SHIPPED {
            found.insert((*name).to_owned(), KnownPreset { preset: parse_preset(name, text)?, own: false });
        }
        let folder = self.home().presets();
        if files::exists(&folder) {
            for file in files::list_names(&folder, MOST).map_err(|error| Problem::from_error(error.code(), &error))? {
                let Some(name) = file.strip_suffix(".toml").filter(|name| is_name(name)) else { continue };
                match self.read_preset(name) {
                    Ok(preset) => {
                        found.insert(name.to_owned(), KnownPreset { preset, own: true });
                    }
                    Err(problem) => tracing::warn!(%problem, "a preset is left out"),
                }
            }
        }
        Ok(found)
    }

    fn read_preset(&self, name: &str) -> Result<Preset, Problem> {
        let path = self.home().presets().join(format!("{name}.toml"));
        let bytes = files::read_bounded(&path, LARGEST).map_err(|error| Problem::from_error(error.code(), &error))?;
        let text = String::from_utf8(bytes).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
        parse_preset(name, &text)
    }

    /// One preset by name.
    pub async fn preset(&self, name: &str) -> Result<Preset, Problem> {
        if is_name(name) && files::exists(&self.home().presets().join(format!("{name}.toml"))) {
            return self.read_preset(name);
        }
        let shipped = SHIPPED.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let mut problem = not_found("preset", name);
            problem.hint = "`checkgate presets` lists them.".to_owned();
            problem
        })?;
        parse_preset(shipped.0, shipped.1)
    }

    /// The preset that is used, with its name. One that is gone is a problem, never silently another.
    pub async fn used_preset(&self) -> Result<(String, Preset), Problem> {
        let name = self.settings().await?.preset;
        let preset = self.preset(&name).await?;
        Ok((name, preset))
    }

    /// Stores a preset of the user's own. One of that name is replaced; a shipped one is covered, not changed.
    pub async fn save_preset(&self, name: &str, preset: &Preset) -> Result<(), Problem> {
        if !is_name(name) {
            let words = format!("{name:?} cannot be a preset's name: letters, digits, '-', '_' and spaces, at most 64");
            return Err(Problem::new(ErrorCode::BadRequest, words));
        }
        let text = preset_text(preset)?;
        // What cannot be read again is not written.
        parse_preset(name, &text)?;
        self.policy_exists(preset.policy.as_deref()).await?;
        let folder = self.home().presets();
        files::create_folder_all(&folder).map_err(|error| Problem::from_error(error.code(), &error))?;
        files::write_atomic(&folder.join(format!("{name}.toml")), text.as_bytes())
            .map_err(|error| Problem::from_error(error.code(), &error))?;
        self.show_named_destinations().await;
        self.announce();
        Ok(())
    }

    pub(crate) async fn policy_exists(&self, name: Option<&str>) -> Result<(), Problem> {
        match name {
            Some(name) if !self.policies().await?.contains_key(name) => Err(not_found("policy", name)),
            _ => Ok(()),
        }
    }

    /// Removes a preset of the user's own; a shipped one of that name is there again.
    pub async fn remove_preset(&self, name: &str) -> Result<(), Problem> {
        let path = self.home().presets().join(format!("{name}.toml"));
        if !is_name(name) || !files::exists(&path) {
            let words = format!("there is no preset {name} of your own; shipped ones stay");
            return Err(Problem::new(ErrorCode::NotFound, words));
        }
        if !is_shipped(name) && self.settings().await?.preset == name {
            let words = format!("{name} is the preset that is used; use another one first");
            return Err(Problem::new(ErrorCode::BadRequest, words));
        }
        files::remove_file(&path).map_err(|error| Problem::from_error(error.code(), &error))?;
        self.announce();
        Ok(())
    }

    /// Chooses the preset that is used.
    pub async fn use_preset(&self, name: &str) -> Result<(), Problem> {
        self.preset(name).await?;
        let mut settings = self.settings().await?;
        name.clone_into(&mut settings.preset);
        self.store_settings(&settings).await?;
        self.show_named_destinations().await;
        Ok(())
    }

    /// Everything needed to choose and edit presets.
    pub async fn preset_list(&self) -> Result<PresetList, Problem> {
        let presets = self.presets().await?;
        Ok(PresetList {
            used: self.settings().await?.preset,
            presets: presets
                .iter()
                .map(|(name, known)| PresetDetail::of(name, known.own, is_shipped(name), &known.preset))
                .collect(),
            tokens: Token::ALL
                .iter()
                .map(|token| TokenView {
                    name: token.name().to_owned(),
                    words: token.words().to_owned(),
                    example: token.example().to_owned(),
                })
                .collect(),
            policies: self.policies().await?.into_keys().collect(),
        })
    }

    /// Stores a preset as it was edited.
    pub async fn save_preset_detail(&self, detail: PresetDetail) -> Result<Empty, Problem> {
        let preset = detail.preset().map_err(|words| Problem::new(ErrorCode::BadRequest, words))?;
        self.save_preset(detail.name.trim(), &preset).await?;
        Ok(Empty {})
    }

    /// Removes one of the user's own.
    pub async fn remove_preset_named(&self, request: PresetRequest) -> Result<Empty, Problem> {
        self.remove_preset(&request.name).await?;
        Ok(Empty {})
    }

    /// Chooses the one that is used.
    pub async fn use_preset_named(&self, request: PresetRequest) -> Result<Empty, Problem> {
        self.use_preset(&request.name).await?;
        Ok(Empty {})
    }

    /// What the preset that is used asks of a job.
    pub async fn preset_options(&self) -> Result<JobOptions, Problem> {
        let (name, preset) = self.used_preset().await?;
        options_of(&name, &preset)
    }

    /// The destinations a preset means today: known ones by label, else volumes by label or id. None named means those that are
    /// ticked and connected. What is named becomes a known destination.
    pub async fn destinations_of(&self, preset: &Preset) -> Result<Resolved, Problem> {
        let mut resolved = Resolved::default();
        if preset.destinations.is_empty() {
            let ticked = self.catalog().destinations().await.map_err(state_problem)?.into_iter().filter(|row| row.in_preset);
            for row in ticked {
                if Path::new(&row.path).is_dir() {
                    resolved.destinations.push((row.id, 1));
                } else {
                    resolved.missing.push(row.label);
                }
            }
            return Ok(resolved);
        }
        for (wanted, place) in preset.destinations.iter().zip(self.places_of(preset).await?) {
            match place? {
                Some(path) => {
                    let stored = self.make_destination(path).await?;
                    resolved.destinations.push((stored.id, wanted.level));
                }
                None if wanted.optional => resolved.missing.push(wanted.words()),
                None => {
                    let mut problem = Problem::new(ErrorCode::DestinationFailed, format!("{} is not connected", wanted.words()));
                    problem.hint = "Connect it, or mark it optional in the preset.".to_owned();
                    return Err(problem);
                }
            }
        }
        Ok(resolved)
    }

    /// Where each destination that a preset names lies today, in the preset's order; `None` where it is not connected. Touches
    /// nothing.
    pub(crate) async fn places_of(&self, preset: &Preset) -> Result<Vec<Result<Option<PathBuf>, Problem>>, Problem> {
        if preset.destinations.is_empty() {
            return Ok(Vec::new());
        }
        let volumes = tokio::task::spawn_blocking(checkgate_volume::mounted)
            .await
            .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
            .map_err(|error| Problem::from_error(error.code(), &error))?;
        let known = self.catalog().destinations().await.map_err(state_problem)?;
        Ok(preset.destinations.iter().map(|wanted| place_of(wanted, &known, &volumes)).collect())
    }

    async fn make_destination(&self, path: PathBuf) -> Result<DestinationRow, Problem> {
        files::create_folder_all(&path).map_err(|error| Problem::from_error(error.code(), &error))?;
        self.remember_destination(path, false).await
    }

    /// Makes what the used preset names and what is connected known, so that a person sees it before the first card comes. One that
    /// cannot be had now is looked for again when a card is offloaded, and said then.
    pub(crate) async fn show_named_destinations(&self) {
        if let Err(problem) = self.look_for_named_destinations().await {
            tracing::warn!(%problem, "the preset's destinations could not be looked for");
        }
    }

    async fn look_for_named_destinations(&self) -> Result<(), Problem> {
        let (_, preset) = self.used_preset().await?;
        for place in self.places_of(&preset).await? {
            if let Ok(Some(path)) = place {
                self.make_destination(path).await?;
            }
        }
        Ok(())
    }
}

/// Whether a preset of that name ships.
#[must_use]
pub fn is_shipped(name: &str) -> bool {
    SHIPPED.iter().any(|(known, _)| *known == name)
}

/// Where a destination of a preset is today; more than one place of that name is refused rather than guessed.
fn place_of(
    wanted: &checkgate_model::preset::PresetDestination,
    known: &[DestinationRow],
    volumes: &[Volume],
) -> Result<Option<PathBuf>, Problem> {
    let is_volume = |volume: &&Volume| {
        wanted.volume.as_ref().map_or_else(
            || wanted.label.as_ref().is_some_and(|label| volume.label == *label),
            |id| volume.id.as_str() == id || volume.file_system_id.as_ref() == Some(id),
        )
    };
    let mut places: Vec<PathBuf> = volumes.iter().filter(is_volume).map(|volume| volume.mount_point.clone()).collect();
    if wanted.volume.is_none()
        && let Some(label) = &wanted.label
    {
        // A destination that is set up is meant before a drive that happens to have the same label.
        let set_up: Vec<PathBuf> = known
            .iter()
            .filter(|row| row.label == *label)
            .map(|row| PathBuf::from(&row.path))
            .filter(|path| path.is_dir())
            .collect();
        if !set_up.is_empty() {
            places = set_up;
        }
    }
    places.sort();
    places.dedup();
    match places.len() {
        0 => Ok(None),
        1 => Ok(places.pop().map(|base| wanted.folder.as_ref().map_or_else(|| base.clone(), |folder| base.join(folder)))),
        _ => {
            let list: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            let mut problem =
                Problem::new(ErrorCode::BadRequest, format!("{} may be any of {}", wanted.words(), list.join(", ")));
            problem.hint = "Name it by its volume id, as `checkgate volumes` shows it.".to_owned();
            Err(problem)
        }
    }
}

/// What a preset asks of a job.
pub fn options_of(name: &str, preset: &Preset) -> Result<JobOptions, Problem> {
    let values: Values = preset.token_values().map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
    Ok(JobOptions {
        preset: Some(name.to_owned()),
        folder: preset.folder.clone(),
        values: values.into_iter().map(|(token, value)| (token.name().to_owned(), value)).collect(),
        hashes: preset.hashes.clone(),
        verify: depth_of(preset.verify),
        source_reread: preset.source_reread,
        previews: preset.previews,
        upload: preset.upload,
        policy: preset.policy.clone(),
        priority: preset.priority,
        levels: BTreeMap::new(),
        author: None,
        location: None,
        comment: None,
    })
}

/// How the engine calls it.
pub(crate) const fn depth_of(verify: PresetVerify) -> VerifyDepth {
    match verify {
        PresetVerify::Device => VerifyDepth::Device,
        PresetVerify::System => VerifyDepth::System,
        PresetVerify::None => VerifyDepth::None,
    }
}

/// How a preset calls it.
pub(crate) const fn verify_of(depth: VerifyDepth) -> PresetVerify {
    match depth {
        VerifyDepth::Device => PresetVerify::Device,
        VerifyDepth::System => PresetVerify::System,
        VerifyDepth::None => PresetVerify::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_presets_are_sound_and_the_standard_is_the_models() {
        for (name, text) in SHIPPED {
            let preset = parse_preset(name, text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
            let again = parse_preset(name, &preset_text(&preset).expect("writes")).expect("reads again");
            assert_eq!(preset, again, "{name}");
        }
        let standard = parse_preset(STANDARD, SHIPPED[0].1).expect("parses");
        assert_eq!(Preset { about: String::new(), ..standard }, Preset::default());
    }

    #[test]
    fn the_shipped_template_makes_the_published_folder() {
        let preset = parse_preset("netflix-like", SHIPPED[2].1).expect("parses");
        let template = preset.check().expect("checks");
        let values: Values = [
            ("date", "20230510"),
            ("episode", "EP103"),
            ("day", "5"),
            ("unit", "MU"),
            ("media_type", "Camera_Media"),
            ("roll", "A003R1JL"),
        ]
        .into_iter()
        .map(|(token, value)| (token.parse().expect("a token"), value.to_owned()))
        .collect();
        let path = template.expand(&values).expect("expands").path;
        assert_eq!(path.as_str(), "20230510_EP103_Day05_MU/Camera_Media/A003R1JL");
    }
}
