//! Owns what the user has set: the preset, the cloud, the words in the bar.

use crate::presets::{STANDARD, verify_of};
use crate::{App, not_found, state_problem};
use checkgate_catalog::DestinationRow;
use checkgate_contract::{CloudRequest, DestinationRequest, Empty, MaybeId, PresetView, ProjectRequest};
use checkgate_model::{ErrorCode, HashFormat, Policy, Preset, Problem};
use checkgate_offload::VerifyDepth;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything the user has set. New fields need a default, so that an older state still opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Words in the bar, e.g. production, day and unit.
    pub project: String,
    /// A mounted card runs by itself.
    pub automatic: bool,
    /// Name of the preset that is used.
    pub preset: String,
    /// Where the cloud is.
    pub cloud_url: Option<String>,
    /// Bearer token of the cloud.
    pub cloud_token: Option<String>,
    /// When a card is safe to format.
    pub policy: Policy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            project: String::new(),
            automatic: false,
            preset: STANDARD.to_owned(),
            cloud_url: None,
            cloud_token: None,
            policy: Policy::default(),
        }
    }
}

const KEY: &str = "settings";

impl App {
    /// What the user has set.
    pub async fn settings(&self) -> Result<Settings, Problem> {
        Ok(self.catalog().setting(KEY).await.map_err(state_problem)?.unwrap_or_default())
    }

    /// Stores settings.
    pub async fn store_settings(&self, settings: &Settings) -> Result<(), Problem> {
        self.catalog().set_setting(KEY, settings).await.map_err(state_problem)?;
        self.announce();
        Ok(())
    }

    /// Changes what runs by itself: the preset of that name is used from now on, and what differs from it is stored as the user's own.
    pub async fn set_preset(&self, view: PresetView) -> Result<Empty, Problem> {
        let known = self.preset(&view.name).await?;
        let mut preset = known.clone();
        preset.hashes = parse_hashes(&view.hashes)?;
        preset.verify = verify_of(parse_verify(&view.verify)?);
        preset.source_reread = view.source_reread;
        preset.previews = view.previews;
        preset.upload = view.upload;
        if preset != known {
            self.save_preset(&view.name, &preset).await?;
        }
        let mut settings = self.settings().await?;
        settings.automatic = view.automatic;
        settings.preset = view.name;
        self.store_settings(&settings).await?;
        Ok(Empty {})
    }

    /// Settings of earlier versions held what is the standard preset now: taken over once, as the user's own.
    pub(crate) async fn settings_to_preset(&self) -> Result<(), Problem> {
        #[derive(serde::Deserialize)]
        struct Earlier {
            hashes: Vec<HashFormat>,
            verify: VerifyDepth,
            source_reread: bool,
            previews: bool,
            upload: bool,
        }
        let Some(stored) = self.catalog().setting::<serde_json::Value>(KEY).await.map_err(state_problem)? else { return Ok(()) };
        if stored.get("preset").is_some() {
            return Ok(());
        }
        if let Ok(earlier) = serde_json::from_value::<Earlier>(stored) {
            let standard = self.preset(STANDARD).await?;
            let taken = Preset {
                hashes: earlier.hashes,
                verify: verify_of(earlier.verify),
                source_reread: earlier.source_reread,
                previews: earlier.previews,
                upload: earlier.upload,
                ..standard.clone()
            };
            if taken != standard {
                self.save_preset(STANDARD, &taken).await?;
            }
        }
        let settings = self.settings().await?;
        self.store_settings(&settings).await
    }

    /// Sets where the cloud is; an empty URL removes it, an empty token keeps the one that is set.
    pub async fn set_cloud(&self, request: CloudRequest) -> Result<Empty, Problem> {
        let mut settings = self.settings().await?;
        let url = request.url.trim().trim_end_matches('/');
        if url.is_empty() {
            settings.cloud_url = None;
            settings.cloud_token = None;
        } else {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                return Err(Problem::new(
                    ErrorCode::BadRequest,
                    format!("{url:?} is no URL of a cloud; it begins with https:// or http://"),
                ));
            }
            if settings.cloud_url.as_deref() != Some(url) {
                settings.cloud_token = None;
            }
            settings.cloud_url = Some(url.to_owned());
            if !request.token.trim().is_empty() {
                settings.cloud_token = Some(request.token.trim().to_owned());
            }
        }
        self.store_settings(&settings).await?;
        Ok(Empty {})
    }

    /// Sets the words in the bar.
    pub async fn set_project(&self, request: ProjectRequest) -> Result<Empty, Problem> {
        let mut settings = self.settings().await?;
        settings.project = request.project.trim().chars().take(120).collect();
        self.store_settings(&settings).await?;
        Ok(Empty {})
    }

    /// Adds a folder that copies go to.
    pub async fn add_destination(&self, path: PathBuf) -> Result<MaybeId, Problem> {
        let stored = self.remember_destination(path, true).await?;
        Ok(MaybeId { id: Some(stored.id) })
    }

    /// The same, without making it one that is ticked.
    pub(crate) async fn remember_destination(&self, path: PathBuf, in_preset: bool) -> Result<DestinationRow, Problem> {
        let path = checkgate_volume::place::canonical(&path)
            .map_err(|error| Problem::new(ErrorCode::NotFound, format!("there is no folder {}: {error}", path.display())))?;
        let text = path
            .to_str()
            .ok_or_else(|| Problem::new(ErrorCode::BadRequest, format!("the folder name {} is not UTF-8", path.display())))?;
        let volume = checkgate_volume::volume_of(&path).ok();
        let label = volume
            .filter(|volume| volume.mount_point == path && !volume.label.is_empty())
            .map(|volume| volume.label)
            .or_else(|| path.file_name().map(|name| name.to_string_lossy().into_owned()))
            .unwrap_or_else(|| text.to_owned());
        let row = DestinationRow { id: crate::clock::new_id(), label, path: text.to_owned(), in_preset };
        let stored = self.catalog().add_destination(&row, crate::clock::now()).await.map_err(state_problem)?;
        self.announce();
        Ok(stored)
    }

    /// Ticks a destination for presets that name none, or takes the tick away.
    pub async fn set_destination(&self, request: DestinationRequest) -> Result<Empty, Problem> {
        let ticked = request.ticked.unwrap_or(true);
        if !self.catalog().set_destination(&request.destination, ticked).await.map_err(state_problem)? {
            return Err(not_found("destination", &request.destination));
        }
        self.announce();
        Ok(Empty {})
    }

    /// Forgets a destination; nothing on it is touched.
    pub async fn forget_destination(&self, request: DestinationRequest) -> Result<Empty, Problem> {
        if !self.catalog().forget_destination(&request.destination).await.map_err(state_problem)? {
            return Err(not_found("destination", &request.destination));
        }
        self.announce();
        Ok(Empty {})
    }
}

/// Hash formats by name; none means xxh64.
pub(crate) fn parse_hashes(names: &[String]) -> Result<Vec<HashFormat>, Problem> {
    let mut formats = Vec::new();
    for name in names {
        let format: HashFormat = name.parse().map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    if formats.is_empty() {
        formats.push(HashFormat::Xxh64);
    }
    Ok(formats)
}

pub(crate) fn parse_verify(word: &str) -> Result<VerifyDepth, Problem> {
    match word {
        "device" => Ok(VerifyDepth::Device),
        "system" | "os" => Ok(VerifyDepth::System),
        "none" => Ok(VerifyDepth::None),
        other => Err(Problem::new(ErrorCode::BadRequest, format!("{other:?} is no way to verify (device, system, none)"))),
    }
}
