//! Owns exports: the clips of a card, or of any folder, as what editing, effects and production read.

use crate::{App, clock, not_found, state_problem};
use checkgate_contract::Written;
use checkgate_interchange::{RollClip, ale, csv, fdl, omc, opentrackio, otio, roll};
use checkgate_model::{Clip, ClipRecord, ErrorCode, FrameRate, Problem};
use checkgate_volume::files;
use std::path::PathBuf;

/// An export, and what whoever takes it should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file's content.
    pub text: String,
    /// What the format could not hold, or a reader may take otherwise. Nothing is left out without a word here.
    pub notes: Vec<String>,
}

impl App {
    /// Writes the clips of a card to a file.
    pub async fn export(&self, card: &str, format: &str, path: PathBuf) -> Result<Written, Problem> {
        let exported = self.export_text(card, format).await?;
        for note in &exported.notes {
            tracing::warn!(card, format, note, "export");
        }
        files::write_atomic(&path, exported.text.as_bytes()).map_err(|error| Problem::from_error(error.code(), &error))?;
        Ok(Written { path: Some(path.to_string_lossy().into_owned()) })
    }

    /// The clips of a card as text.
    pub async fn export_text(&self, card: &str, format: &str) -> Result<Exported, Problem> {
        let row = self.catalog().card(card).await.map_err(state_problem)?.ok_or_else(|| not_found("card", card))?;
        let clips = self.catalog().clips_of(card).await.map_err(state_problem)?;
        let records: Vec<ClipRecord> = clips.into_iter().filter_map(|clip| clip.record).collect();
        if records.is_empty() {
            return Err(Problem::new(ErrorCode::BadRequest, "the clips of this card are not described yet; offload it first"));
        }
        export_records(&row.reel, &records, &row.recognition.clips, format)
    }
}

/// Records, with the files of their clips, in one of the formats. `name` is what the roll is called.
pub fn export_records(name: &str, records: &[ClipRecord], clips: &[Clip], format: &str) -> Result<Exported, Problem> {
    if records.is_empty() {
        return Err(Problem::new(ErrorCode::BadRequest, "there are no clips, so there is nothing to export"));
    }
    let roll = RollClip::pair(records, clips);
    let whole = |text| Exported { text, notes: Vec::new() };
    match format {
        "ale" => {
            let fps = roll::common_rate(records).unwrap_or(FrameRate { num: 24, den: 1 });
            let other = ale::counted_at_another_rate(records, fps);
            let text = ale::from_records(records, fps, ale::video_format(records)).write();
            Ok(Exported {
                text,
                notes: note(&other, &format!("counted at another rate than the list ({} fps)", ale::rate_text(fps))),
            })
        }
        "csv" => Ok(whole(csv::write(records))),
        "otio" => {
            let timeline = otio::timeline(name, &roll);
            let listed: Vec<String> = timeline.clips_without_length().into_iter().map(str::to_owned).collect();
            Ok(Exported {
                text: timeline.write(),
                notes: note(&listed, "of no known length or rate; listed in the metadata, not in a track"),
            })
        }
        "omc" => Ok(whole(omc::assets(&roll).write())),
        "opentrackio" => {
            let samples = opentrackio::samples(&roll, None, clock::new_id);
            let sound = roll.len() - samples.samples.len();
            let notes = if sound > 0 { vec![format!("{sound} sound clips have no sample")] } else { Vec::new() };
            Ok(Exported { text: samples.write(), notes })
        }
        "fdl" => {
            let draft = fdl::draft(&clock::new_id(), &roll);
            Ok(Exported { text: draft.fdl.write(), notes: note(&draft.left_out, "of no known size, so in no canvas") })
        }
        other => {
            let known = "ale, csv, otio, omc, opentrackio, fdl";
            Err(Problem::new(ErrorCode::BadRequest, format!("{other:?} is no export ({known})")))
        }
    }
}

/// A word on some clips; nothing where there are none.
fn note(clips: &[String], words: &str) -> Vec<String> {
    match clips.len() {
        0 => Vec::new(),
        many => {
            let more = if many > 5 { format!(" and {} more", many - 5) } else { String::new() };
            vec![format!("{words}: {}{more}", clips.iter().take(5).cloned().collect::<Vec<_>>().join(", "))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkgate_model::FieldValue;

    fn records() -> Vec<ClipRecord> {
        let clip = |name: &str, start: &str, rate: i64| {
            let mut record = ClipRecord::new(name);
            record.state("tc.start", "", Some(FieldValue::Text(start.to_owned())), start, "test");
            record.state("tc.rate", "fps", Some(FieldValue::Rational(rate, 1)), "raw", "test");
            record
        };
        vec![clip("A001C001", "01:00:00:00", 24), clip("A001C002", "01:00:10:00", 24), clip("A001C003", "01:00:20:30", 48)]
    }

    #[test]
    fn every_format_is_written_and_says_what_it_leaves_out() {
        for (format, notes) in [
            ("ale", vec!["counted at another rate than the list (24 fps): A001C003"]),
            ("csv", vec![]),
            ("otio", vec!["of no known length or rate; listed in the metadata, not in a track: A001C001, A001C002, A001C003"]),
            ("omc", vec![]),
            ("opentrackio", vec![]),
            ("fdl", vec!["of no known size, so in no canvas: A001C001, A001C002, A001C003"]),
        ] {
            let exported = export_records("A001", &records(), &[], format).expect(format);
            assert!(!exported.text.is_empty(), "{format}");
            assert_eq!(exported.notes, notes, "{format}");
        }
        assert_eq!(export_records("A001", &records(), &[], "aaf").map_err(|problem| problem.code), Err(ErrorCode::BadRequest));
        assert_eq!(export_records("A001", &[], &[], "ale").map_err(|problem| problem.code), Err(ErrorCode::BadRequest));
    }
}
