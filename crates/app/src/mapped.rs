//! Owns cameras that do not name themselves: what a person says about one is stored once by its camera format and holds for every card
//! and folder from then on. Must never lose what the sources said, nor what was decided before.

use crate::describe::search_words;
use crate::home::Home;
use crate::{App, card_source, clock, state_problem};
use checkgate_camera::{apply_mappings, decisions_of};
use checkgate_catalog::{CatalogError, MappingRow, read_mappings};
use checkgate_contract::{CameraMapping, CameraMappings, MapCameraRequest, MappedCamera, MappedField};
use checkgate_model::{CameraFormatKey, ClipRecord, ErrorCode, FieldValue, Mapping, Problem};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is said about a camera.
#[derive(Debug, Clone, Default)]
pub struct MapRequest {
    /// Folder or file of clips of that camera, or the reel, label or id of a known card.
    pub path: String,
    /// One clip; where all clips have one camera format, none need be named.
    pub clip: Option<String>,
    /// Only the camera of that clip's letter, not every camera of its format.
    pub letter: bool,
    /// Fields and what they are, in words.
    pub fields: Vec<(String, String)>,
    /// Who says so.
    pub by: String,
    /// How they know.
    pub note: String,
}

fn bad(message: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::BadRequest, message)
}

/// What holds, in the order it was decided.
fn holding(rows: Vec<MappingRow>) -> Vec<Mapping> {
    rows.into_iter().filter(|row| row.forgotten_at.is_none()).map(|row| row.mapping).collect()
}

/// What people said about cameras, for what needs no state: nothing is created. None where there is no state folder.
pub async fn camera_mappings(home: Option<PathBuf>) -> Result<Vec<Mapping>, Problem> {
    let Some(home) = Home::named(home) else { return Ok(Vec::new()) };
    match read_mappings(&home.database()).await {
        Ok(rows) => Ok(holding(rows)),
        // What needs no state goes on without it, and says so.
        Err(error @ CatalogError::Open { .. }) => {
            tracing::warn!(error = %error, "what people said about cameras cannot be read and is left out");
            Ok(Vec::new())
        }
        Err(error) => Err(state_problem(error)),
    }
}

/// Records as the sources made them, with what people said about their cameras.
pub(crate) fn told(mappings: &[Mapping], records: Vec<ClipRecord>) -> Vec<ClipRecord> {
    if mappings.is_empty() {
        return records;
    }
    records.into_iter().map(|record| apply_mappings(mappings, record)).collect()
}

/// The clip whose camera is meant; every clip must be of one camera format where none is named.
fn meant(records: &[ClipRecord], clip: Option<&str>) -> Result<ClipRecord, Problem> {
    if let Some(name) = clip {
        let found = records.iter().find(|record| record.clip.eq_ignore_ascii_case(name));
        return found.cloned().ok_or_else(|| Problem::new(ErrorCode::NotFound, format!("there is no clip {name} here")));
    }
    let formats = checkgate_model::camera_formats(records);
    match &formats[..] {
        [] => Err(bad("there is no picture here whose camera could be told")),
        [only] => {
            Ok(records.iter().find(|record| only.clips.contains(&record.clip)).cloned().unwrap_or_else(|| records[0].clone()))
        }
        several => {
            let list: Vec<String> = several.iter().map(|format| format!("{} ({})", format.key, format.clips[0])).collect();
            Err(bad(format!("there are several camera formats here; name a clip of the one that is meant: {}", list.join("; "))))
        }
    }
}

impl App {
    /// What people said about cameras and still holds.
    pub(crate) async fn mappings(&self) -> Result<Vec<Mapping>, Problem> {
        Ok(holding(self.catalog().mappings().await.map_err(state_problem)?))
    }

    /// Remembers what a person says about a camera, and tells every known card.
    pub async fn map_camera(&self, request: MapRequest) -> Result<MappedCamera, Problem> {
        let by = request.by.trim();
        if by.is_empty() {
            return Err(bad("say who knows this camera, with a name"));
        }
        if request.fields.is_empty() {
            let fields = checkgate_camera::fields_to_map().join(", ");
            return Err(bad(format!("say what is to be known of this camera; these can be set: {fields}")));
        }
        let why = if request.note.trim().is_empty() { by.to_owned() } else { format!("{by}: {}", request.note.trim()) };
        let mut decisions = Vec::new();
        for (field, words) in &request.fields {
            decisions
                .extend(decisions_of(field, words, &why).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?);
        }
        let mut records = self.records_to_map(&request.path).await?;
        for record in &mut records {
            record.undecide();
        }
        let record = meant(&records, request.clip.as_deref())?;
        let when = Mapping::key_of(&record, request.letter).ok_or_else(|| {
            bad(format!("{} says nothing of its camera, mode or codec: a mapping would fall on every such clip", record.clip))
        })?;
        let row = MappingRow {
            id: clock::new_id(),
            mapping: Mapping { when, decisions },
            format: CameraFormatKey::of(&record).to_string(),
            by: by.to_owned(),
            at: clock::now().to_string(),
            forgotten_at: None,
        };
        self.catalog().store_mapping(&row).await.map_err(state_problem)?;
        let fits = records.iter().filter(|record| row.mapping.fits(record)).count();
        let cards = self.map_known_cards().await?;
        Ok(MappedCamera { mapping: view_of(&row), clips: u32::try_from(fits).unwrap_or(u32::MAX), cards })
    }

    /// As `map_camera`, of a known card.
    pub async fn map_camera_of_card(&self, request: MapCameraRequest) -> Result<MappedCamera, Problem> {
        let MapCameraRequest { card, clip, fields, by, note } = request;
        let fields = fields.into_iter().filter_map(|set| Some((set.field, set.value?)));
        let fields = fields.filter(|(_, words)| !words.trim().is_empty()).collect();
        self.map_camera(MapRequest { path: card, clip, letter: false, fields, by, note }).await
    }

    /// What holds, for the page.
    pub async fn camera_mappings_view(&self) -> Result<CameraMappings, Problem> {
        Ok(CameraMappings { mappings: self.camera_mapping_list(false).await? })
    }

    /// Every mapping, oldest first; with those that were forgotten, where they are asked for.
    pub async fn camera_mapping_list(&self, forgotten: bool) -> Result<Vec<CameraMapping>, Problem> {
        let rows = self.catalog().mappings().await.map_err(state_problem)?;
        Ok(rows.iter().filter(|row| forgotten || row.forgotten_at.is_none()).map(view_of).collect())
    }

    /// Forgets a mapping by its id, or how that begins, and tells every known card what its sources said. That it was made stays
    /// recorded.
    pub async fn forget_camera(&self, id: &str) -> Result<MappedCamera, Problem> {
        let rows = self.catalog().mappings().await.map_err(state_problem)?;
        let mut fitting = rows.iter().filter(|row| row.forgotten_at.is_none() && !id.is_empty() && row.id.starts_with(id));
        let (Some(row), None) = (fitting.next(), fitting.next()) else {
            return Err(Problem::new(
                ErrorCode::NotFound,
                format!("{id:?} is not one mapping that holds; `checkgate cameras list` lists them"),
            ));
        };
        self.catalog().forget_mapping(&row.id, clock::now()).await.map_err(state_problem)?;
        let cards = self.map_known_cards().await?;
        Ok(MappedCamera { mapping: view_of(row), clips: 0, cards })
    }

    /// The records of a folder, a file or a known card.
    async fn records_to_map(&self, path: &str) -> Result<Vec<ClipRecord>, Problem> {
        if Path::new(path).exists() {
            let path = PathBuf::from(path);
            return tokio::task::spawn_blocking(move || card_source::inspect(&path, &[]).map(|(_, records)| records))
                .await
                .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?;
        }
        let card = self.find_card(path).await?;
        let records = self.records(&card).await?;
        if records.is_empty() {
            return Err(bad("the clips of this card are not described yet; give its folder, or offload it first"));
        }
        Ok(records)
    }

    /// Tells the mappings that hold to every card that is described; names those that changed by it.
    async fn map_known_cards(&self) -> Result<Vec<String>, Problem> {
        let mappings = self.mappings().await?;
        let mut changed = BTreeSet::new();
        for row in self.catalog().cards(u32::MAX).await.map_err(state_problem)? {
            let card = row.id.clone();
            let mut touched = false;
            for clip in self.catalog().clips_of(&card).await.map_err(state_problem)? {
                let Some(before) = clip.record else { continue };
                let mut plain = before.clone();
                plain.undecide();
                let record = apply_mappings(&mappings, plain);
                if record != before {
                    let words = search_words(&row.reel, &record);
                    self.catalog().store_record(&card, clip.position, &record, &words).await.map_err(state_problem)?;
                    touched = true;
                }
            }
            if touched {
                self.index_card(&card).await?;
                self.judge_card(&card, None).await?;
                self.refresh_verdict(&card).await;
                self.catalog()
                    .log(&card, clock::now(), "what is known of its camera was changed by a person")
                    .await
                    .map_err(state_problem)?;
                changed.insert(crate::joined::called(&row));
            }
        }
        self.announce();
        Ok(changed.into_iter().collect())
    }
}

fn view_of(row: &MappingRow) -> CameraMapping {
    let words = |value: &Option<FieldValue>| value.as_ref().map(FieldValue::display);
    let when = &row.mapping.when;
    CameraMapping {
        id: row.id.clone(),
        format: row.format.clone(),
        when: when.iter().map(|(field, value)| MappedField { field: field.clone(), value: words(value) }).collect(),
        fields: row
            .mapping
            .decisions
            .iter()
            .map(|decision| MappedField { field: decision.field.clone(), value: Some(decision.value.display()) })
            .collect(),
        why: row.mapping.decisions.first().map_or_else(String::new, |decision| decision.why.clone()),
        by: row.by.clone(),
        at: row.at.clone(),
        forgotten_at: row.forgotten_at.clone(),
    }
}
