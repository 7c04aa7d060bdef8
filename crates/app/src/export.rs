//! Owns exports: the records of a card, or of any folder, as ALE or CSV.

use crate::{App, not_found, state_problem};
use checkgate_contract::Written;
use checkgate_interchange::{ale, csv};
use checkgate_model::{ClipRecord, ErrorCode, FieldValue, FrameRate, Problem};
use checkgate_volume::files;
use std::path::PathBuf;

impl App {
    /// Writes the records of a card to a file.
    pub async fn export(&self, card: &str, format: &str, path: PathBuf) -> Result<Written, Problem> {
        let text = self.export_text(card, format).await?;
        files::write_atomic(&path, text.as_bytes()).map_err(|error| Problem::from_error(error.code(), &error))?;
        Ok(Written { path: Some(path.to_string_lossy().into_owned()) })
    }

    /// The records of a card as text.
    pub async fn export_text(&self, card: &str, format: &str) -> Result<String, Problem> {
        self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let clips = self.catalog().clips_of(card).await.map_err(state_problem)?;
        let records: Vec<ClipRecord> = clips.into_iter().filter_map(|clip| clip.record).collect();
        if records.is_empty() {
            return Err(Problem::new(ErrorCode::BadRequest, "the clips of this card are not described yet; offload it first"));
        }
        export_records(&records, format)
    }
}

/// Records as ALE or CSV.
pub fn export_records(records: &[ClipRecord], format: &str) -> Result<String, Problem> {
    match format {
        "ale" => Ok(ale::from_records(records, rate_of(records), &video_format(records)).write()),
        "csv" => Ok(csv::write(records)),
        other => Err(Problem::new(ErrorCode::BadRequest, format!("{other:?} is no export (ale, csv)"))),
    }
}

/// The rate most clips have: an ALE has one heading for all.
fn rate_of(records: &[ClipRecord]) -> FrameRate {
    let mut rates: Vec<(FrameRate, usize)> = Vec::new();
    for record in records {
        if let Some(FieldValue::Rational(num, den)) = record.get("tc.rate").or_else(|| record.get("rate.project"))
            && let (Ok(num), Ok(den)) = (u32::try_from(*num), u32::try_from(*den))
            && let Some(rate) = FrameRate::new(num, den)
        {
            match rates.iter_mut().find(|(known, _)| *known == rate) {
                Some((_, count)) => *count += 1,
                None => rates.push((rate, 1)),
            }
        }
    }
    rates.into_iter().max_by_key(|(_, count)| *count).map_or(FrameRate { num: 24, den: 1 }, |(rate, _)| rate)
}

/// The heading knows few formats; anything else is `CUSTOM`.
fn video_format(records: &[ClipRecord]) -> String {
    let heights: Vec<i64> = records
        .iter()
        .filter_map(|record| match record.get("image.width_height") {
            Some(FieldValue::Size(_, height)) => Some(*height),
            _ => None,
        })
        .collect();
    match heights.first() {
        Some(1080) if heights.iter().all(|height| *height == 1080) => "1080".to_owned(),
        Some(720) if heights.iter().all(|height| *height == 720) => "720".to_owned(),
        _ => "CUSTOM".to_owned(),
    }
}
