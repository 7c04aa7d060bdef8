//! Owns what a folder template is filled with for a card, and the folder it makes. A value is taken from what the clips say or from
//! what a person set; where neither knows, there is none, and the template says so.

use crate::card_source::CardSource;
use crate::{App, not_found, state_problem};
use checkgate_catalog::CardRow;
use checkgate_contract::{FolderRequest, FolderSketch};
use checkgate_model::naming::{Expanded, Template, Token, Values};
use checkgate_model::{ClipKind, ClipRecord, ErrorCode, Problem};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Tokens that only the metadata of clips can fill.
const FROM_CLIPS: &[Token] = &[
    Token::Date,
    Token::Year,
    Token::Month,
    Token::DayOfMonth,
    Token::CameraModel,
    Token::CameraFormat,
    Token::Codec,
    Token::PictureSize,
    Token::Rate,
    Token::Camera,
];

impl App {
    /// Everything known about a card that a template can ask for; what a person set goes before what the card says.
    pub(crate) async fn folder_values(
        &self,
        row: &CardRow,
        template: &Template,
        set: &BTreeMap<String, String>,
    ) -> Result<Values, Problem> {
        let mut values = Values::new();
        let wanted = template.tokens();
        let records =
            if wanted.iter().any(|token| FROM_CLIPS.contains(token)) { self.records_now(row).await? } else { Vec::new() };
        from_card(&mut values, row);
        from_clips(&mut values, &records);
        if !values.contains_key(&Token::Date) {
            put_date(&mut values, row.seen_at.get(..10).unwrap_or_default());
        }
        let project = self.rule_settings().await?.project;
        put(&mut values, Token::Project, project);
        if wanted.contains(&Token::Counter) {
            values.insert(Token::Counter, self.number_of_day(row).await?.to_string());
        }
        for (name, value) in set {
            let token: Token = name.parse().map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
            put(&mut values, token, value.clone());
        }
        Ok(values)
    }

    /// The folder of a card below a destination.
    pub(crate) async fn roll_folder(
        &self,
        row: &CardRow,
        folder: &str,
        set: &BTreeMap<String, String>,
    ) -> Result<Expanded, Problem> {
        let template = Template::parse(folder).map_err(|error| Problem::from_error(ErrorCode::BadRequest, &error))?;
        let values = self.folder_values(row, &template, set).await?;
        template.expand(&values).map_err(|error| {
            let mut problem = Problem::from_error(ErrorCode::BadRequest, &error);
            problem.hint =
                "Give the value with `--set token=value` or in the preset, or put the part in [ ] so that it may be left out."
                    .to_owned();
            problem
        })
    }

    /// The path a template makes, as far as it can be told: for a card, or with examples.
    pub async fn sketch_folder(&self, request: FolderRequest) -> Result<FolderSketch, Problem> {
        let template = match Template::parse(&request.folder) {
            Ok(template) => template,
            Err(error) => return Ok(FolderSketch { problem: Some(error.to_string()), ..FolderSketch::default() }),
        };
        let mut notes = template.notes();
        let values = match &request.card {
            Some(card) => {
                let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
                self.folder_values(&row, &template, &request.values).await?
            }
            None => {
                let mut values: Values = template.tokens().into_iter().map(|token| (token, token.example().to_owned())).collect();
                for (name, value) in &request.values {
                    let Ok(token) = name.parse::<Token>() else {
                        return Ok(FolderSketch {
                            problem: Some(format!("there is no token {{{name}}}")),
                            ..FolderSketch::default()
                        });
                    };
                    put(&mut values, token, value.clone());
                }
                values
            }
        };
        let path = template.sketch(&values);
        let problem = match template.expand(&values) {
            Ok(expanded) => {
                notes.extend(
                    expanded
                        .changed
                        .iter()
                        .map(|change| format!("{:?} becomes {:?}: every file system can hold that", change.from, change.to)),
                );
                notes
                    .extend(expanded.left_out.iter().map(|token| format!("{{{token}}} has no value here, its part is left out")));
                None
            }
            Err(error) => Some(error.to_string()),
        };
        Ok(FolderSketch { path, notes, problem })
    }

    /// What the clips of a card say: as stored, else as read now, a few kilobytes each.
    async fn records_now(&self, row: &CardRow) -> Result<Vec<ClipRecord>, Problem> {
        let stored: Vec<ClipRecord> =
            self.catalog().clips_of(&row.id).await.map_err(state_problem)?.into_iter().filter_map(|clip| clip.record).collect();
        let Some(root) = self.root_of(&row.id).filter(|_| stored.is_empty()) else { return Ok(stored) };
        let recognition = row.recognition.clone();
        let mappings = self.mappings().await?;
        let read = move |root: PathBuf| {
            let source = CardSource::open(&root)?;
            Ok::<_, Problem>(crate::mapped::told(&mappings, checkgate_camera::describe_all(&source, &recognition)))
        };
        tokio::task::spawn_blocking(move || read(root)).await.map_err(|error| Problem::from_error(ErrorCode::Internal, &error))?
    }

    /// Number of a card among those first seen on its day.
    async fn number_of_day(&self, row: &CardRow) -> Result<usize, Problem> {
        let day = row.seen_at.get(..10).unwrap_or_default().to_owned();
        let cards = self.catalog().cards(10_000).await.map_err(state_problem)?;
        Ok(1 + cards.iter().filter(|other| other.seen_at.starts_with(&day) && other.seen_at < row.seen_at).count())
    }
}

fn put(values: &mut Values, token: Token, value: impl Into<String>) {
    let value = value.into();
    if !value.trim().is_empty() {
        values.insert(token, value);
    }
}

/// A date as `YYYY-MM-DD`.
fn put_date(values: &mut Values, date: &str) {
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return };
    if [year, month, day].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())) {
        put(values, Token::Date, format!("{year}{month}{day}"));
        put(values, Token::Year, year);
        put(values, Token::Month, month);
        put(values, Token::DayOfMonth, day);
    }
}

fn from_card(values: &mut Values, row: &CardRow) {
    let recognition = &row.recognition;
    let reel = if row.reel.trim().trim_matches('.').is_empty() { "CARD" } else { row.reel.trim() };
    put(values, Token::Roll, reel);
    put(values, Token::Reel, reel);
    put(values, Token::Label, row.label.clone());
    put(values, Token::Family, recognition.family.clone());
    put(values, Token::Camera, recognition.camera_index.clone().unwrap_or_default());
    let sound = !recognition.clips.is_empty() && recognition.clips.iter().all(|clip| clip.kind == ClipKind::Sound);
    put(values, Token::MediaType, if sound { "Sound_Media" } else { "Camera_Media" });
}

fn from_clips(values: &mut Values, records: &[ClipRecord]) {
    let most = |value: &dyn Fn(&ClipRecord) -> String| {
        let mut seen: Vec<(String, usize)> = Vec::new();
        for said in records.iter().map(value).filter(|said| !said.is_empty()) {
            match seen.iter_mut().find(|(known, _)| *known == said) {
                Some((_, count)) => *count += 1,
                None => seen.push((said, 1)),
            }
        }
        // Among equals the one that came first, so that the answer does not hang on the order of a map.
        let mut best: Option<(String, usize)> = None;
        for (said, count) in seen {
            if best.as_ref().is_none_or(|(_, known)| count > *known) {
                best = Some((said, count));
            }
        }
        best.map(|(said, _)| said).unwrap_or_default()
    };
    let field = |name: &'static str| move |record: &ClipRecord| record.text(name);
    put_date(values, &most(&|record| date_in(&record.text("time.recorded_at"))));
    put(values, Token::CameraModel, most(&field("camera.model")));
    put(values, Token::Codec, most(&field("codec.name")));
    put(values, Token::PictureSize, most(&field("image.width_height")));
    put(
        values,
        Token::Rate,
        most(&|record| {
            record.get("rate.project").or_else(|| record.get("tc.rate")).map(crate::snapshot::rate_text).unwrap_or_default()
        }),
    );
    if !values.contains_key(&Token::Camera) {
        put(values, Token::Camera, most(&field("camera.index")));
    }
    // One word per fact, so that the folder name has no spaces in it.
    let format = most(&|record| {
        let parts = ["camera.model", "codec.name", "image.width_height"].map(|name| one_word(&record.text(name)));
        let known: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if record.text("camera.model").is_empty() && record.text("codec.name").is_empty() {
            String::new()
        } else {
            known.join("_")
        }
    });
    put(values, Token::CameraFormat, format);
}

/// The date a text begins with, as `YYYY-MM-DD`: with any sign between the numbers, or none.
fn date_in(text: &str) -> String {
    let digits: String = text.trim().chars().take(10).filter(char::is_ascii_digit).take(8).collect();
    let plausible = digits.len() == 8
        && (1..=12).contains(&digits[4..6].parse().unwrap_or(0))
        && (1..=31).contains(&digits[6..].parse().unwrap_or(0));
    if plausible { format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]) } else { String::new() }
}

/// Letters, digits, `.` and `-` alone.
fn one_word(text: &str) -> String {
    text.chars().filter(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkgate_model::FieldValue;

    fn record(model: &str, codec: &str, at: &str) -> ClipRecord {
        let mut record = ClipRecord::new("c");
        for (name, value) in [("camera.model", model), ("codec.name", codec), ("time.recorded_at", at)] {
            if !value.is_empty() {
                record.state(name, "", Some(FieldValue::Text(value.to_owned())), value, "test");
            }
        }
        record
    }

    #[test]
    fn most_clips_decide_and_the_first_among_equals() {
        let mut values = Values::new();
        let records = [
            record("ALEXA 35", "ProRes 4444", "2026-11-23T23:59:00"),
            record("ALEXA 35", "ProRes 4444", "2026-11-24T00:01:00"),
            record("FX9", "", ""),
        ];
        from_clips(&mut values, &records);
        assert_eq!(values[&Token::Date], "20261123");
        assert_eq!(values[&Token::CameraModel], "ALEXA 35");
        assert_eq!(values[&Token::CameraFormat], "ALEXA35_ProRes4444");
        assert!(!values.contains_key(&Token::Rate), "what nobody says has no value");
    }

    #[test]
    fn a_date_is_found_however_it_is_written() {
        for text in ["2026-11-23T14:00:00Z", "20261123", "2026:11:23 14:00", "2026/11/23"] {
            assert_eq!(date_in(text), "2026-11-23", "{text}");
        }
        for text in ["", "23.11.26", "2026-13-01", "14:00:00:00"] {
            assert_eq!(date_in(text), "", "{text}");
        }
    }
}
