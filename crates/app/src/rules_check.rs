//! Owns judging by rules: what the project asks for, the facts of a card among the other cards of its project, and the findings that
//! come of them. What is judged is stored beside the card; what is only asked for is answered and not stored.

use crate::card_source::CardSource;
use crate::delivery::{self, Look};
use crate::joined::content;
use crate::look_facts::looks_of;
use crate::{App, state_problem};
use checkgate_catalog::{CardRow, ClipIndexRow};
use checkgate_contract::{FindingCounts, RuleSettingsView, RulesView};
use checkgate_model::{CardRecognition, ClipKind, ClipRecord, ErrorCode, Finding, FrameRate, Mapping, Problem};
use checkgate_rules::{KnownPicture, KnownRoll, LookFacts, ProjectFacts, RollFacts, RuleProfile, TwinBy, check};
use checkgate_volume::{Source, files};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const KEY: &str = "rules";
const MOST_PROFILE_BYTES: u64 = 1 << 20;

/// What the project asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleSettings {
    /// Name of the project: rolls are unique within it.
    pub project: String,
    /// Profile that cards are judged by.
    pub profile: String,
    /// A profile of one's own as TOML, which goes before `profile`.
    pub own: Option<String>,
    /// Rate of the project.
    pub rate: Option<FrameRate>,
    /// Camera encodings the project takes.
    pub encodings: Vec<String>,
    /// ACES version of the project.
    pub aces: Option<String>,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self { project: String::new(), profile: "house".to_owned(), own: None, rate: None, encodings: Vec::new(), aces: None }
    }
}

impl RuleSettings {
    fn profile(&self) -> Result<RuleProfile, Problem> {
        match &self.own {
            Some(text) => checkgate_rules::parse(text).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error)),
            None => shipped(&self.profile),
        }
    }
}

fn shipped(name: &str) -> Result<RuleProfile, Problem> {
    checkgate_rules::profile(name).ok_or_else(|| {
        let names = checkgate_rules::profile_names().join(", ");
        Problem::new(ErrorCode::BadRequest, format!("there is no rule profile {name:?} ({names})"))
    })
}

/// A shipped profile by name, or one of somebody's own from a file.
pub fn rule_profile(name: Option<&str>, file: Option<&Path>) -> Result<RuleProfile, Problem> {
    match (file, name) {
        (Some(file), _) => {
            let bytes =
                files::read_bounded(file, MOST_PROFILE_BYTES).map_err(|error| Problem::from_error(error.code(), &error))?;
            checkgate_rules::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| {
                let mut problem = Problem::from_error(ErrorCode::BadRequest, &error);
                problem.summary = format!("{}: {}", file.display(), problem.summary);
                problem
            })
        }
        (None, name) => shipped(name.unwrap_or("house")),
    }
}

/// What to judge, and how.
#[derive(Debug, Clone, Default)]
pub struct RulesRequest {
    /// Folder of a card, a roll or a delivery; or the reel, label or id of a known card.
    pub path: String,
    /// Shipped profile instead of the project's.
    pub profile: Option<String>,
    /// Profile from a file instead.
    pub rules: Option<PathBuf>,
    /// Folder of reference stills.
    pub stills: Option<PathBuf>,
    /// Judge it as what is handed over.
    pub delivery: bool,
    /// Read every byte and compare it with the manifests.
    pub read: bool,
}

impl App {
    /// What the project asks for.
    pub async fn rule_settings(&self) -> Result<RuleSettings, Problem> {
        Ok(self.catalog().setting(KEY).await.map_err(state_problem)?.unwrap_or_default())
    }

    /// Stores what the project asks for, and judges its cards anew.
    pub async fn store_rule_settings(&self, settings: &RuleSettings) -> Result<(), Problem> {
        settings.profile()?;
        self.catalog().set_setting(KEY, settings).await.map_err(state_problem)?;
        for card in self.catalog().cards_of_project(&settings.project).await.map_err(state_problem)? {
            self.judge_card(&card, None).await?;
            self.refresh_verdict(&card).await;
        }
        self.announce();
        Ok(())
    }

    /// The same as it is shown.
    pub async fn rule_settings_view(&self) -> Result<RuleSettingsView, Problem> {
        let settings = self.rule_settings().await?;
        let profile = settings.profile()?;
        Ok(RuleSettingsView {
            project: settings.project,
            profile: profile.name,
            profile_title: profile.title,
            own: settings.own.is_some(),
            rate: settings.rate.map(|rate| rate.to_string()),
            encodings: settings.encodings,
            aces: settings.aces,
        })
    }

    /// Judges a described card by the project's rules and stores what is found. Facts of looks are those given; without any, what
    /// was found about looks before stays.
    pub(crate) async fn judge_card(&self, card: &str, looks: Option<Vec<LookFacts>>) -> Result<(), Problem> {
        let Some(row) = self.catalog().card(card).await.map_err(state_problem)? else { return Ok(()) };
        let records = self.records(card).await?;
        let settings = self.rule_settings().await?;
        let project = self.project_facts(&settings, &row, &records).await?;
        let mut facts = RollFacts::new(&row.recognition, &records).in_project(project);
        let before = match looks {
            Some(looks) => {
                facts.looks = looks;
                Vec::new()
            }
            None => self.catalog().findings_from(card, "rules").await.map_err(state_problem)?,
        };
        let mut findings = check(&settings.profile()?, &facts);
        findings.extend(before.into_iter().filter(|finding| finding.code.starts_with("look.")));
        self.catalog().store_findings(card, "rules", &findings).await.map_err(state_problem)
    }

    /// Judges the cards anew whose findings a newly described card may change: sound that waits for picture, rolls and clips of one
    /// name.
    pub(crate) async fn judge_cards_beside(&self, card: &str) -> Result<(), Problem> {
        let Some(row) = self.catalog().card(card).await.map_err(state_problem)? else { return Ok(()) };
        let project = self.catalog().project_of(card).await.map_err(state_problem)?;
        let rolls = |row: &CardRow| -> BTreeSet<String> {
            row.recognition.rolls.iter().map(|roll| roll.name.to_ascii_lowercase()).collect()
        };
        let own = rolls(&row);
        for other in self.catalog().cards_of_project(&project).await.map_err(state_problem)? {
            let Some(beside) = self.catalog().card(&other).await.map_err(state_problem)?.filter(|beside| beside.id != row.id)
            else {
                continue;
            };
            let sound = beside.recognition.clips.iter().any(|clip| clip.kind == ClipKind::Sound);
            if sound || !own.is_disjoint(&rolls(&beside)) {
                self.judge_card(&other, None).await?;
                self.refresh_verdict(&other).await;
            }
        }
        Ok(())
    }

    /// The project as a card sees it: settings, and what other cards hold. Cards with the same files are copies of it.
    async fn project_facts(
        &self,
        settings: &RuleSettings,
        card: &CardRow,
        records: &[ClipRecord],
    ) -> Result<ProjectFacts, Problem> {
        let project = match self.catalog().card(&card.id).await.map_err(state_problem)? {
            Some(_) => self.catalog().project_of(&card.id).await.map_err(state_problem)?,
            None => settings.project.clone(),
        };
        let index = self.catalog().index_of_project(&project, "").await.map_err(state_problem)?;
        let (own, mut others): (Vec<ClipIndexRow>, Vec<ClipIndexRow>) = index.into_iter().partition(|row| row.card == card.id);
        let mut rolls = Vec::new();
        let mut copies = BTreeSet::new();
        for other in self.catalog().cards_of_project(&project).await.map_err(state_problem)? {
            let Some(row) = self.catalog().card(&other).await.map_err(state_problem)?.filter(|row| row.id != card.id) else {
                continue;
            };
            if content(&row.recognition) == content(&card.recognition) {
                copies.insert(row.id);
                continue;
            }
            let name = crate::joined::called(&row);
            rolls.extend(row.recognition.rolls.iter().map(|roll| KnownRoll { name: roll.name.clone(), card: name.clone() }));
        }
        others.retain(|row| !copies.contains(&row.card));
        let own = if own.is_empty() { index_of(card, records) } else { own };
        let twins = self.twins(card, &own, &others).await?;
        let pictures = others.iter().filter(|row| row.picture).filter_map(|row| {
            let day = (!row.day.is_empty()).then(|| row.day.clone());
            Some(KnownPicture { day, range: row.running?.1 })
        });
        let joined = self.catalog().span_joins_of(&card.id).await.map_err(state_problem)?;
        // What the camera's other slot recorded, or the card a recording goes on on, carries the roll with it.
        let slots: BTreeSet<&String> = twins.iter().filter(|twin| twin.by != TwinBy::Name).map(|twin| &twin.card).collect();
        let other_take: BTreeSet<&String> = twins.iter().filter(|twin| twin.by == TwinBy::Name).map(|twin| &twin.card).collect();
        let belongs = |roll: &KnownRoll| {
            slots.contains(&roll.card) && !other_take.contains(&roll.card)
                || joined.iter().any(|join| join.others.split(" and ").any(|card| card == roll.card))
        };
        rolls.retain(|roll| !belongs(roll));
        Ok(ProjectFacts {
            rate: settings.rate,
            encodings: settings.encodings.clone(),
            aces: settings.aces.clone(),
            rolls,
            pictures: pictures.collect(),
            twins: twins.into_iter().filter(|twin| !joined_clip(card, twin.clip, &joined)).collect(),
        })
    }

    /// Judges a folder or a known card and stores nothing.
    pub async fn check_rules(&self, request: RulesRequest) -> Result<RulesView, Problem> {
        let mut settings = self.rule_settings().await?;
        let profile = match (&request.rules, &request.profile) {
            (None, None) => settings.profile()?,
            (rules, name) => rule_profile(name.as_deref(), rules.as_deref())?,
        };
        let root = PathBuf::from(&request.path);
        let (row, records, looks, delivered, card) = if root.is_dir() {
            let look = Look { as_delivery: request.delivery, read: request.read };
            let mappings = self.mappings().await?;
            let seen = tokio::task::spawn_blocking(move || see_folder(&root, look, &mappings))
                .await
                .map_err(|error| Problem::from_error(ErrorCode::Internal, &error))??;
            let card = match self.find_card(&request.path).await {
                Ok(card) => Some(card),
                Err(_) => self.card_with_fingerprint(&seen.row.fingerprint).await?,
            };
            let mut row = seen.row;
            if let Some(card) = &card {
                row.id.clone_from(card);
            }
            (row, seen.records, seen.looks, seen.delivered, card)
        } else {
            if request.delivery || request.read {
                return Err(Problem::new(ErrorCode::BadRequest, "--delivery and --read look at a folder; give its path"));
            }
            let card = self.find_card(&request.path).await?;
            let row = self.catalog().card(&card).await.map_err(state_problem)?.ok_or_else(|| crate::not_found("card", &card))?;
            (row, self.records(&card).await?, Vec::new(), None, Some(card))
        };
        let mut facts =
            RollFacts::new(&row.recognition, &records).in_project(self.project_facts(&settings, &row, &records).await?);
        facts.looks = looks;
        facts.delivery = delivered;
        if let Some(stills) = &request.stills {
            facts.reference_stills = Some(count_stills(stills)?);
        }
        let mut findings = check(&profile, &facts);
        if let Some(card) = &card {
            let overrides = self.catalog().overrides_of(card).await.map_err(state_problem)?;
            crate::judgement::mark(&mut findings, &overrides);
            settings.project = self.catalog().project_of(card).await.map_err(state_problem)?;
        }
        findings.sort_by_key(|finding| (!finding.is_open_error(), std::cmp::Reverse(finding.severity)));
        Ok(RulesView {
            path: request.path,
            reel: row.reel,
            card,
            project: settings.project,
            profile: profile.name,
            profile_title: profile.title,
            rules: u32::try_from(profile.rules.len()).unwrap_or(u32::MAX),
            clips: u32::try_from(row.recognition.clips.len()).unwrap_or(u32::MAX),
            files: row.recognition.file_count,
            rolls: facts.delivery.map_or_else(Vec::new, |delivery| delivery.rolls.into_iter().map(|roll| roll.name).collect()),
            counts: FindingCounts::of(&findings),
            findings,
        })
    }

    async fn card_with_fingerprint(&self, fingerprint: &str) -> Result<Option<String>, Problem> {
        self.catalog().card_by_fingerprint(fingerprint).await.map_err(state_problem)
    }
}

/// Index rows of a card that is not stored.
fn index_of(card: &CardRow, records: &[ClipRecord]) -> Vec<ClipIndexRow> {
    let rows: Vec<checkgate_catalog::ClipRow> = card
        .recognition
        .clips
        .iter()
        .enumerate()
        .map(|(position, clip)| checkgate_catalog::ClipRow {
            card: card.id.clone(),
            position: u32::try_from(position).unwrap_or(u32::MAX),
            name: clip.name.clone(),
            record: records.get(position).cloned(),
            picture: None,
            picture_words: String::new(),
        })
        .collect();
    crate::search::index_rows(card, &rows)
}

fn joined_clip(card: &CardRow, clip: usize, joined: &[checkgate_catalog::SpanJoinRow]) -> bool {
    card.recognition.clips.get(clip).is_some_and(|clip| joined.iter().any(|join| join.clip == clip.name))
}

struct SeenFolder {
    row: CardRow,
    records: Vec<ClipRecord>,
    looks: Vec<LookFacts>,
    delivered: Option<checkgate_rules::DeliveryFacts>,
}

fn see_folder(root: &Path, look: Look, mappings: &[Mapping]) -> Result<SeenFolder, Problem> {
    let row = crate::cards::read_card(root)?;
    let card = CardSource::open(root)?;
    let records = crate::mapped::told(mappings, checkgate_camera::describe_all(&card, &row.recognition));
    let delivered = delivery::facts_of(root, card.listing(), &row.recognition, &records, look)?;
    Ok(SeenFolder { looks: looks_of(&card), records, delivered, row: without_seals(row) })
}

/// The seal is no part of the roll: its own folder is judged by its manifest, not by the rules for names.
fn without_seals(mut row: CardRow) -> CardRow {
    row.recognition.unassigned.retain(|file| !file.path.components().any(|part| part == "ascmhl"));
    row
}

/// JPEG and TIFF files below a folder.
fn count_stills(folder: &Path) -> Result<u64, Problem> {
    let listing = Source::open(folder)
        .map_err(|error| Problem::from_error(error.code(), &error))?
        .walk()
        .map_err(|error| Problem::from_error(error.code(), &error))?;
    let stills = listing.files.iter().filter(|file| matches!(file.path.extension().as_str(), "jpg" | "jpeg" | "tif" | "tiff"));
    Ok(stills.count() as u64)
}

/// Findings of the house rules over a recognised card that is in no project.
pub(crate) fn house_findings(recognition: &CardRecognition, records: &[ClipRecord]) -> Vec<Finding> {
    checkgate_rules::profile("house").map_or_else(Vec::new, |rules| check(&rules, &RollFacts::new(recognition, records)))
}

/// One rule of a profile with its words, for lists and explanations.
#[derive(Debug, Clone, Serialize)]
pub struct RuleWords {
    /// Code.
    pub code: String,
    /// Severity in the profile; `None` for checks of the card itself.
    pub severity: Option<checkgate_model::Severity>,
    /// Whether a named person may override it.
    pub overridable: Option<bool>,
    /// What is checked.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to do now.
    pub now: String,
    /// Limits of the profile.
    pub limits: BTreeMap<String, String>,
}

/// Rules of a profile in words, in its order; then checks of the card itself, where they are asked for.
#[must_use]
pub fn rules_in_words(profile: &RuleProfile, with_card_checks: bool) -> Vec<RuleWords> {
    let mut words: Vec<RuleWords> = profile
        .rules
        .iter()
        .map(|rule| {
            let text = checkgate_rules::explain(&rule.code);
            let limit = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
            let floor = rule.floor.as_ref();
            let limits = [
                limit("max", rule.max.map(|max| max.to_string())),
                limit("value", rule.value.map(|value| value.to_string())),
                limit("allowed", rule.allowed.clone()),
                limit("forbidden", rule.forbidden.clone()),
                limit("pattern", rule.pattern.clone()),
                limit("width", floor.and_then(|floor| floor.width).map(|width| width.to_string())),
                limit("bit_depth", floor.and_then(|floor| floor.bit_depth).map(|bits| bits.to_string())),
                limit("mbps_at_24", floor.and_then(|floor| floor.mbps_at_24).map(|rate| rate.to_string())),
            ];
            RuleWords {
                code: rule.code.clone(),
                severity: Some(rule.severity),
                overridable: Some(rule.overridable),
                what: text.map_or_else(String::new, |text| text.what.clone()),
                why: text.map_or_else(String::new, |text| text.why.clone()),
                now: rule.hint.clone(),
                limits: limits.into_iter().flatten().collect(),
            }
        })
        .collect();
    if with_card_checks {
        words.extend(checkgate_rules::explanations().iter().filter_map(|text| {
            Some(RuleWords {
                code: text.code.clone(),
                severity: None,
                overridable: None,
                what: text.what.clone(),
                why: text.why.clone(),
                now: text.now.clone()?,
                limits: BTreeMap::new(),
            })
        }));
    }
    words
}
