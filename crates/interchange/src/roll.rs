//! Owns what every writer needs to know of a clip: its record beside its files, and the rate, start, length and raster that follow
//! from the record without guessing. Must never fill in what the record does not say.

use checkgate_model::{Clip, ClipKind, ClipRecord, FieldValue, FrameRate, Timecode};

/// A clip that is exported: what is known about it, and its files where they are known.
#[derive(Debug, Clone, Copy)]
pub struct RollClip<'a> {
    /// Canonical record.
    pub record: &'a ClipRecord,
    /// Files below the card root.
    pub clip: Option<&'a Clip>,
}

impl<'a> RollClip<'a> {
    /// Pairs records with the clips of a card: by position where the names agree, else by name.
    #[must_use]
    pub fn pair(records: &'a [ClipRecord], clips: &'a [Clip]) -> Vec<Self> {
        let at_place = |at: usize, record: &ClipRecord| clips.get(at).filter(|clip| clip.name == record.clip);
        records
            .iter()
            .enumerate()
            .map(|(at, record)| Self {
                record,
                clip: at_place(at, record).or_else(|| clips.iter().find(|clip| clip.name == record.clip)),
            })
            .collect()
    }

    /// The name people use.
    #[must_use]
    pub fn name(&self) -> String {
        match self.record.text("clip.name") {
            name if name.is_empty() => self.record.clip.clone(),
            name => name,
        }
    }

    /// Picture, sequence, sound or still; a record without files is sound where it has channels and no raster.
    #[must_use]
    pub fn kind(&self) -> ClipKind {
        let has = |field| self.record.get(field).is_some();
        match self.clip {
            Some(clip) => clip.kind,
            None if has("audio.channels") && !has("image.width_height") => ClipKind::Sound,
            None => ClipKind::Video,
        }
    }

    /// First essence file below the card root, divided by `/`; the bare file name where only that is known.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let file = self.clip.and_then(Clip::essence).map(|file| file.path.as_str().to_owned());
        file.or_else(|| Some(self.record.text("file.name")).filter(|name| !name.is_empty()))
    }

    /// The rate timecode counts at.
    #[must_use]
    pub fn timecode_rate(&self) -> Option<FrameRate> {
        rate(self.record, "tc.rate").or_else(|| rate(self.record, "rate.project"))
    }

    /// The rate `frames` counts at: playback for picture, timecode for sound.
    #[must_use]
    pub fn media_rate(&self) -> Option<FrameRate> {
        let playback = rate(self.record, "rate.project").filter(|_| self.kind() != ClipKind::Sound);
        playback.or_else(|| self.timecode_rate())
    }

    /// Start timecode; `None` where there is none or it does not exist at its rate.
    #[must_use]
    pub fn start(&self) -> Option<Timecode> {
        match self.record.get("tc.start")? {
            FieldValue::Text(text) => Timecode::parse(text, self.timecode_rate()?.nominal()).ok(),
            _ => None,
        }
    }

    /// Length in frames of `media_rate`. A sequence is as long as its numbers reach, missing frames among them.
    #[must_use]
    pub fn frames(&self) -> Option<i64> {
        if let Some(range) = self.clip.and_then(|clip| clip.sequence.as_ref()) {
            return i64::try_from(range.last.checked_sub(range.first)?.checked_add(1)?).ok();
        }
        int(self.record, "duration.frames").filter(|frames| *frames > 0)
    }

    /// Recorded raster.
    #[must_use]
    pub fn raster(&self) -> Option<(i64, i64)> {
        match self.record.get("image.width_height")? {
            FieldValue::Size(width, height) if *width > 0 && *height > 0 => Some((*width, *height)),
            _ => None,
        }
    }
}

/// A rational field as a rate.
pub(crate) fn rate(record: &ClipRecord, field: &str) -> Option<FrameRate> {
    let (num, den) = rational(record, field)?;
    FrameRate::new(u32::try_from(num).ok()?, u32::try_from(den).ok()?)
}

/// A rational field with a denominator.
pub(crate) fn rational(record: &ClipRecord, field: &str) -> Option<(i64, i64)> {
    match record.get(field)? {
        FieldValue::Rational(num, den) if *den != 0 => Some((*num, *den)),
        FieldValue::Int(number) => Some((*number, 1)),
        _ => None,
    }
}

/// A whole number.
pub(crate) fn int(record: &ClipRecord, field: &str) -> Option<i64> {
    match record.get(field)? {
        FieldValue::Int(number) => Some(*number),
        _ => None,
    }
}

/// A number.
pub(crate) fn number(record: &ClipRecord, field: &str) -> Option<f64> {
    match record.get(field)? {
        FieldValue::Int(number) => Some(*number as f64),
        FieldValue::Float(number) => Some(*number),
        FieldValue::Rational(num, den) if *den != 0 => Some(*num as f64 / *den as f64),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

/// A text that says something.
pub(crate) fn words(record: &ClipRecord, field: &str) -> Option<String> {
    Some(record.text(field)).filter(|text| !text.trim().is_empty())
}

/// The rate most clips have, the first of them where several are as frequent; `None` if none is known.
#[must_use]
pub fn common_rate(records: &[ClipRecord]) -> Option<FrameRate> {
    let mut rates: Vec<(FrameRate, usize)> = Vec::new();
    for record in records {
        let Some(found) = rate(record, "tc.rate").or_else(|| rate(record, "rate.project")) else { continue };
        match rates.iter_mut().find(|(known, _)| *known == found) {
            Some((_, count)) => *count += 1,
            None => rates.push((found, 1)),
        }
    }
    let most = rates.iter().map(|(_, count)| *count).max()?;
    rates.into_iter().find(|(_, count)| *count == most).map(|(rate, _)| rate)
}

/// `A001C001.0001234.ari` is a prefix, seven digits and a suffix: the number is the last run of digits before the extension.
pub(crate) fn numbered(name: &str) -> Option<(&str, &str, &str)> {
    let stem = name.rfind('.').unwrap_or(name.len());
    let from = name[..stem]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + name[at..].chars().next().map_or(1, char::len_utf8));
    (from < stem).then(|| (&name[..from], &name[from..stem], &name[stem..]))
}
